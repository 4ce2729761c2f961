package gossiptest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/grapevine-go/grapevine/internal/serial"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// history is what became of the latest frames.
type history struct {
	last [drawn]serial.Pass // all, in a ring
	n    int                // so many in all
	to   map[int]*toHost
}

// drawn is how many steps of frames a picture shows, at most.
const drawn = 400

// toHost is what became of the latest frames to one host.
type toHost struct {
	last [200]serial.Pass // in a ring
	n    int
}

// told is how many of them a failure tells of.
const told = 6

// note takes in what became of a frame.
func (h *history) note(p serial.Pass) {
	h.last[h.n%len(h.last)] = p
	h.n++
	if p.Fate == "sent" {
		return
	}
	t := h.to[p.To]
	if t == nil {
		if h.to == nil {
			h.to = make(map[int]*toHost)
		}
		t = &toHost{}
		h.to[p.To] = t
	}
	t.last[t.n%len(t.last)] = p
	t.n++
}

// all returns what is remembered, the oldest first.
func (h *history) all() []serial.Pass { return ring(h.last[:], h.n) }

func ring(last []serial.Pass, n int) []serial.Pass {
	if n <= len(last) {
		return last[:n]
	}
	i := n % len(last)
	return append(append([]serial.Pass(nil), last[i:]...), last[:i]...)
}

// usage is what hosts have sent.
type usage struct{ frames, bytes uint64 }

// pass takes in what became of a frame. The World is locked.
func (s *Sim) pass(p serial.Pass) {
	s.passes.note(p)
	if p.Fate == "sent" {
		u := s.bytes[p.From]
		if u == nil {
			u = &usage{}
			s.bytes[p.From] = u
		}
		u.frames++
		u.bytes += uint64(len(p.Frame))
	}
}

// deliveries describes the latest frames to a host, those left aside in which there is nothing to learn, and says which these are.
func (s *Sim) deliveries(host int) (lines []string, n int, aside string) {
	s.world.Locked(func() {
		t := s.passes.to[host]
		if t == nil {
			return
		}
		n = t.n
		last := ring(t.last[:], t.n)
		if news := slices.DeleteFunc(slices.Clone(last), onlyPing); len(news) > 0 && len(news) < len(last) {
			last, aside = news, ", pings aside"
		}
		for _, p := range last[max(len(last)-told, 0):] {
			lines = append(lines, describe(p))
		}
	})
	return lines, n, aside
}

// onlyPing reports whether a frame of gossip has arrived that has nothing in it but a ping.
func onlyPing(p serial.Pass) bool { return p.Fate == "recv" && content(p) == "ping" }

// describe returns a line about a frame: when, what became of it, from where, and what is in it.
func describe(p serial.Pass) string {
	what, why := p.Fate, ""
	if what != "recv" {
		what, why = "drop", " ("+p.Fate+")"
	}
	return fmt.Sprintf("%12s  %s  %s -> %s  %s%s", millis(p.At), what, serial.Name(p.From), serial.Name(p.To), content(p), why)
}

// millis returns a time in milliseconds, with three digits behind the point.
func millis(d time.Duration) string {
	return strconv.FormatFloat(float64(d.Microseconds())/1000, 'f', 3, 64) + "ms"
}

// content says what is in a frame: in one of gossip's, the keys of the infos and how much there is besides; of any other, its beginning;
// of some bytes of a connection, how many.
func content(p serial.Pass) string {
	raw := p.Frame
	if p.Stream {
		return fmt.Sprintf("%d bytes", len(raw))
	}
	const shown = 40
	if f, err := wire.Decode(raw, wire.Limits{Frame: len(raw), Key: len(raw), Value: len(raw), Items: len(raw)}); err == nil && len(raw) > 0 {
		return gossipContent(f, len(raw))
	}
	if len(raw) > shown {
		return fmt.Sprintf("%q... (%d bytes)", raw[:shown], len(raw))
	}
	return fmt.Sprintf("%q", raw)
}

func gossipContent(f *wire.Frame, size int) string {
	const shown = 3
	var keys []string
	for i := range f.Infos[:min(shown, len(f.Infos))] {
		keys = append(keys, f.Infos[i].Key)
	}
	if n := len(f.Infos) - shown; n > 0 {
		keys = append(keys, fmt.Sprintf("%d more infos", n))
	}
	parts := f.Summary()
	if f.Hello != nil { // it comes first
		parts = slices.Concat(parts[:1], keys, parts[1:])
	} else {
		parts = append(keys, parts...)
	}
	if len(parts) == 0 {
		return fmt.Sprintf("%d bytes", size)
	}
	return strings.Join(parts, ", ")
}
