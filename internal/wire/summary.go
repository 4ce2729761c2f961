package wire

import "strconv"

// Summary names what is in a frame besides its infos, for people: "hello", "2 adverts".
func (f *Frame) Summary() (parts []string) {
	if f.Hello != nil {
		parts = append(parts, "hello")
	}
	for _, part := range []struct {
		n    int
		name string
	}{{len(f.Adverts), "advert"}, {len(f.Grafts), "graft"}, {len(f.Prunes), "prune"}, {len(f.Marks), "mark"}} {
		switch {
		case part.n == 1:
			parts = append(parts, "1 "+part.name)
		case part.n > 1:
			parts = append(parts, strconv.Itoa(part.n)+" "+part.name+"s")
		}
	}
	if f.Bye != nil {
		parts = append(parts, "bye")
	}
	if f.Ping != nil {
		parts = append(parts, "ping")
	}
	return parts
}
