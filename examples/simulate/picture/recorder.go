package picture

import (
	"slices"
	"strings"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/sim"
)

// recorder takes down what happens in a Sim. It knows the links at any time; all else, it notes in a scene.
type recorder struct {
	links  [][4]int      // as in Scene, since the beginning and with the Sim's times
	opened map[int]int   // number of a link to its index in links
	flying map[way][]int // frames on their way, as indices of the scene's; -1: sent before it began
	sent   way           // whence the last frame was sent, if nothing has happened since

	scene *Scene
}

// way is one direction of a link.
type way struct{ link, from int }

// never is when a link ends that has not ended.
const never = 1 << 53

// micro returns a time in the scene.
func (r *recorder) micro(at time.Duration) int { return int(at.Microseconds() - r.scene.Zero) }

// begin begins a scene.
func (r *recorder) begin(s *Scene) {
	r.scene = s
	s.Links, s.Frames, s.Up, s.Down = [][4]int{}, [][5]int{}, [][2]int{}, [][2]int{} // in JSON, none is [], not null
	if s.Updates == nil {
		s.Updates, s.Learned = []Update{}, [][4]int{}
	}
	for w, frames := range r.flying {
		r.flying[w] = slices.Repeat([]int{-1}, len(frames))
	}
}

// end ends the scene at a time since its Zero.
func (r *recorder) end(to int64) {
	s := r.scene
	s.To = to
	for _, l := range r.links {
		if from, until := max(l[2]-int(s.Zero), int(s.From)), l[3]-int(s.Zero); until > int(s.From) {
			s.Links = append(s.Links, [4]int{l[0], l[1], from, min(until, int(to)+1)})
		}
	}
	s.Frames = slices.DeleteFunc(s.Frames, func(f [5]int) bool { return f[3] == never || f[4] == int(sim.Ping) })
	r.scene = nil
}

// event takes note of an event.
func (r *recorder) event(e sim.Event) {
	last := r.sent
	r.sent = way{}
	at := int(e.At.Microseconds())
	switch e.Kind {
	case sim.LinkUp:
		if _, ok := r.opened[e.Link]; !ok {
			r.opened[e.Link] = len(r.links)
			r.links = append(r.links, [4]int{e.Node, e.Peer, at, never})
		}
	case sim.LinkDown:
		if l := &r.links[r.opened[e.Link]]; l[3] == never {
			l[3] = at
		}
	case sim.NodeDown:
		for i := range r.links {
			if l := &r.links[i]; l[3] == never && (l[0] == e.Node || l[1] == e.Node) {
				l[3] = at
			}
		}
		if r.scene != nil {
			r.scene.Down = append(r.scene.Down, [2]int{e.Node, r.micro(e.At)})
		}
	case sim.NodeUp:
		if r.scene != nil {
			r.scene.Up = append(r.scene.Up, [2]int{e.Node, r.micro(e.At)})
		}
	case sim.FrameSent:
		r.sent = way{e.Link, e.Node}
		r.frameSent(e)
	case sim.FrameReceived:
		r.frameEnds(way{e.Link, e.Peer}, false, e.At, int(e.Parts))
	case sim.FrameLost: // when it was sent, or when it would have arrived: then it is the first one on its way
		w := way{e.Link, e.Node}
		r.frameEnds(w, w == last, e.At, -1)
	case sim.InfoLearned:
		r.learned(e)
	}
}

func (r *recorder) frameSent(e sim.Event) {
	w, i := way{e.Link, e.Node}, -1
	if r.scene != nil {
		i = len(r.scene.Frames)
		r.scene.Frames = append(r.scene.Frames, [5]int{e.Node, e.Peer, r.micro(e.At), never, 0})
	}
	r.flying[w] = append(r.flying[w], i)
}

// frameEnds takes note that a frame is not on its way any more: the last one that was sent there, or the first.
func (r *recorder) frameEnds(w way, newest bool, at time.Duration, parts int) {
	frames := r.flying[w]
	k := 0
	if newest {
		k = len(frames) - 1
	}
	i := frames[k]
	r.flying[w] = slices.Delete(frames, k, k+1)
	if i >= 0 && r.scene != nil {
		f := &r.scene.Frames[i]
		f[3], f[4] = r.micro(at), parts
	}
}

func (r *recorder) learned(e sim.Event) {
	if r.scene == nil {
		return
	}
	update := slices.IndexFunc(r.scene.Updates, func(u Update) bool { return u.write == e.Write })
	if update >= 0 || len(r.scene.Updates) == 0 && strings.HasPrefix(e.Key, "node:") {
		r.scene.Learned = append(r.scene.Learned, [4]int{update, e.Node, r.micro(e.At), e.Hops})
	}
}
