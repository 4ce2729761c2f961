package picture

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/sim"
)

// network is one in which node 3 has written until its tree has grown, and node 7 has crashed.
func network(t *testing.T, nodes int) *sim.Sim {
	t.Helper()
	s := sim.New(sim.Options{Nodes: nodes, Seed: 4})
	s.StartAll(10 * time.Millisecond)
	s.RunFor(5 * time.Second)
	for range 8 {
		if err := s.Add(3, "update/3", []byte("x"), 0); err != nil {
			t.Fatal(err)
		}
		s.RunFor(time.Second)
	}
	s.Crash(7)
	s.RunFor(20 * time.Second)
	return s
}

func TestOverlay(t *testing.T) {
	s := network(t, 30)
	if got := Origin(s); got != 3 {
		t.Errorf("the origin is %d, want 3, who has written", got)
	}
	var out, again bytes.Buffer
	if err := errors.Join(Overlay(&out, s, 3), Overlay(&again, network(t, 30), 3)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out.Bytes(), again.Bytes()) {
		t.Error("the same network is drawn in two ways")
	}
	count := map[string]int{}
	for d := xml.NewDecoder(&out); ; {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok {
			count[e.Name.Local]++
			for _, a := range e.Attr {
				if a.Name.Local == "class" {
					for _, class := range strings.Fields(a.Value) {
						count[e.Name.Local+"."+class]++
					}
				}
			}
		}
	}
	links := 0
	for i := range 30 {
		links += len(s.Links(i))
	}
	want := map[string]int{"circle": 30, "circle.node": 30, "circle.down": 1, "circle.origin": 1, "path": links / 2, "path.link": links / 2, "path.tree": 28, "text.number": 29}
	for name, n := range want {
		if count[name] != n {
			t.Errorf("%d times %s, want %d", count[name], name, n)
		}
	}
}

// An origin has to run, and one that wrote something of its own is better than others.
func TestOrigin(t *testing.T) {
	s := sim.New(sim.Options{Nodes: 3, Seed: 1, Sentinel: 10 * time.Second})
	s.Start(1, 2)
	s.RunFor(time.Minute)
	if got := Origin(s); got != 1 {
		t.Errorf("the origin is %d, want 1: 0 does not run, and nobody has written", got)
	}
	if err := s.Add(2, "k", nil, 0); err != nil {
		t.Fatal(err)
	}
	if got := Origin(s); got != 2 {
		t.Errorf("the origin is %d, want 2, who has written", got)
	}
	s.Crash(2)
	if got := Origin(s); got != 1 {
		t.Errorf("the origin is %d, want 1: 2 has crashed", got)
	}
}

func TestLimits(t *testing.T) {
	if err := Overlay(io.Discard, sim.New(sim.Options{Nodes: MaxOverlay + 1}), 0); err == nil || !strings.Contains(err.Error(), "at most 2000") {
		t.Errorf("Overlay of too many = %v, want an error that says how many", err)
	}
	for _, n := range []int{MinFilm - 1, MaxFilm + 1} {
		if _, err := Record(Options{Nodes: n}); err == nil || !strings.Contains(err.Error(), "5 to 100") {
			t.Errorf("Record of %d = %v, want an error that says how many", n, err)
		}
	}
}

// readFilm returns what a page has to play.
func readFilm(t *testing.T, page string) *Film {
	t.Helper()
	_, data, ok := strings.Cut(page, `<script id="film" type="application/json">`)
	data, _, end := strings.Cut(data, "</script>")
	f := &Film{}
	if err := json.Unmarshal([]byte(data), f); err != nil || !ok || !end {
		t.Fatalf("the page has no film: %v", err)
	}
	return f
}

func TestPage(t *testing.T) {
	for _, nodes := range []int{MinFilm, 10, 40} {
		var events []sim.Event
		ends := map[*Scene][]pair{}
		record := func() (*Film, string) {
			events = nil
			f, err := Record(Options{
				Nodes: nodes, Seed: 2, event: func(e sim.Event) { events = append(events, e) },
				scene: func(s *sim.Sim, scene *Scene) { ends[scene] = links(s) },
			})
			var page bytes.Buffer
			if err = errors.Join(err, Page(&page, f)); err != nil {
				t.Fatal(err)
			}
			return f, page.String()
		}
		_, before := record()
		film, page := record()
		if page != before {
			t.Error("the same options give two pages")
		}
		for _, text := range []string{"http:", "https:", "src=", "href=", "@import", "url("} {
			if strings.Contains(page, text) {
				t.Errorf("the page contains %q", text)
			}
		}
		got := readFilm(t, page)
		if len(got.Scenes) != 5 || len(got.Ring) != nodes || len(got.Halves) != nodes {
			t.Fatalf("%d scenes, %d and %d places, want 5 and one a node", len(got.Scenes), len(got.Ring), len(got.Halves))
		}
		for i, s := range got.Scenes {
			compare(t, s, events, film.Scenes[i])
			if alive := linksAt(s, s.To); !slices.Equal(alive, ends[film.Scenes[i]]) {
				t.Errorf("%d nodes, %s: in the end there are the links %v, want %v", nodes, s.Name, alive, ends[film.Scenes[i]])
			}
		}
	}
}

func linksAt(s *Scene, at int64) []pair {
	var alive []pair
	for _, l := range s.Links {
		if l[2] <= int(at) && l[3] > int(at) {
			alive = append(alive, pair{min(l[0], l[1]), max(l[0], l[1])})
		}
	}
	slices.SortFunc(alive, func(x, y pair) int { return slices.Compare([]int{x.a, x.b}, []int{y.a, y.b}) })
	return slices.Compact(alive)
}

// compare holds a scene of a page against the events of the Sim.
func compare(t *testing.T, s *Scene, events []sim.Event, recorded *Scene) {
	t.Helper()
	type frame struct{ from, to, sent, got, parts int }
	sent, came := map[frame]int{}, map[frame]int{}
	var learned, ups, downs [][4]int
	arrivals := 0
	for _, e := range events {
		at := int(e.At.Microseconds() - s.Zero)
		if at < int(s.From) || at > int(s.To) {
			continue
		}
		switch e.Kind {
		case sim.FrameSent:
			sent[frame{from: e.Node, to: e.Peer, sent: at}]++
		case sim.FrameReceived:
			came[frame{from: e.Peer, to: e.Node, got: at, parts: int(e.Parts)}]++
			if e.Parts != sim.Ping && at > int(s.From)+20_000 {
				arrivals++
			}
		case sim.FrameLost:
			came[frame{from: e.Node, to: e.Peer, got: at, parts: -1}]++
		case sim.InfoLearned:
			update := slices.IndexFunc(recorded.Updates, func(u Update) bool { return u.write == e.Write })
			if update >= 0 || len(s.Updates) == 0 && strings.HasPrefix(e.Key, "node:") {
				learned = append(learned, [4]int{update, e.Node, at, e.Hops})
			}
		case sim.NodeUp:
			ups = append(ups, [4]int{e.Node, at})
		case sim.NodeDown:
			downs = append(downs, [4]int{e.Node, at})
		}
	}
	for _, f := range s.Frames {
		a, b := frame{from: f[0], to: f[1], sent: f[2]}, frame{from: f[0], to: f[1], got: f[3], parts: f[4]}
		if sent[a]--; sent[a] < 0 {
			t.Errorf("%s: a frame %v that was not sent", s.Name, f)
		}
		if came[b]--; came[b] < 0 {
			t.Errorf("%s: a frame %v that did not come, or not with that", s.Name, f)
		}
		if f[4] >= 0 && f[3] > int(s.From)+20_000 {
			arrivals--
		}
	}
	if arrivals != 0 {
		t.Errorf("%s: %d more frames came than the page has", s.Name, arrivals)
	}
	late := slices.DeleteFunc(slices.Clone(s.Learned), func(l [4]int) bool { return l[2] < int(s.From) }) // those of the scene before
	if !slices.Equal(late, learned) {
		t.Errorf("%s: learned is\n%v, want\n%v", s.Name, late, learned)
	}
	if len(s.Up) != len(ups) || len(s.Down) != len(downs) {
		t.Errorf("%s: %v up and %v down, want %v and %v", s.Name, s.Up, s.Down, ups, downs)
	}
	if len(s.Updates) > 0 && len(s.Learned) == 0 || len(s.Frames) == 0 || len(s.Notes) < 2 || !slices.IsSortedFunc(s.Notes, func(a, b Note) int { return int(a.At - b.At) }) {
		t.Errorf("%s: %d learned, %d frames, notes %v: want more, in order", s.Name, len(s.Learned), len(s.Frames), s.Notes)
	}
}

// A page says that a film is of its options, and nothing it says can be taken for code.
func TestPageTitle(t *testing.T) {
	f := &Film{Nodes: 12, Seed: 99, Latency: 5000, Scenes: []*Scene{{Name: "</script><script>"}}}
	var page bytes.Buffer
	if err := Page(&page, f); err != nil {
		t.Fatal(err)
	}
	if got := page.String(); !strings.Contains(got, "<title>Grapevine: 12 nodes, seed 99, L = 5ms</title>") || strings.Contains(got, "</script><script>\"") {
		t.Errorf("the page is %.300s", got)
	}
	if got := readFilm(t, page.String()); !reflect.DeepEqual(got, f) {
		t.Errorf("the page has %+v, want %+v", got, f)
	}
}

// The halves of a cut know of each other's update when it has healed, and not before.
func TestScenes(t *testing.T) {
	f, err := Record(Options{Nodes: 20, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	cut, heal := f.Scenes[3], f.Scenes[4]
	for _, l := range cut.Learned {
		if f.Left[l[1]] != f.Left[cut.Updates[l[0]].Node] {
			t.Errorf("node %d has the other half's update %d us after the cut", l[1], l[2])
		}
	}
	if n := len(cut.Learned); n != 18 {
		t.Errorf("%d nodes have their half's update, want 18 and the two that write", n)
	}
	if n := len(heal.Learned); n != 38 || heal.Cut[1] != 0 || heal.Learned[18][2] <= 0 {
		t.Errorf("%d have learned in the end, the first of the other half at %v, want 38, after the cut that ends at %d", n, heal.Learned[18], heal.Cut[1])
	}
	grafts := 0
	for _, fr := range f.Scenes[2].Frames {
		if fr[4] >= 0 && fr[4]&int(sim.Grafts) != 0 {
			grafts++
		}
	}
	if len(f.Scenes[2].Down) != 1 || grafts == 0 || len(f.Scenes[2].Learned) != 18 {
		t.Errorf("%v crashed, %d grafts, %d learned, want 1, some, 18", f.Scenes[2].Down, grafts, len(f.Scenes[2].Learned))
	}
}

// A frame may be lost when it is sent, while others are on their way, or where it would have arrived.
func TestRecorderLost(t *testing.T) {
	r := recorder{opened: map[int]int{}, flying: map[way][]int{}}
	s := &Scene{}
	r.begin(s)
	event := func(at time.Duration, k sim.EventKind, node, peer int, p sim.Parts) {
		r.event(sim.Event{At: at * time.Microsecond, Kind: k, Node: node, Peer: peer, Link: 1, Parts: p})
	}
	event(1, sim.FrameSent, 0, 1, 0)
	event(2, sim.FrameSent, 0, 1, 0)
	event(2, sim.FrameLost, 0, 1, 0)
	event(3, sim.FrameReceived, 1, 0, sim.Infos)
	event(4, sim.FrameSent, 0, 1, 0)
	event(5, sim.FrameSent, 0, 1, 0)
	event(5, sim.FrameSent, 1, 0, 0)
	event(6, sim.FrameLost, 0, 1, 0)
	r.end(7)
	want := [][5]int{{0, 1, 1, 3, int(sim.Infos)}, {0, 1, 2, 2, -1}, {0, 1, 4, 6, -1}}
	if !slices.Equal(s.Frames, want) {
		t.Errorf("the frames are %v, want %v", s.Frames, want)
	}
}
