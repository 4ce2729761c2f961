package core_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// stage is the world of a transcript: one in which time passes, with a note of everything that happens in it.
type stage struct {
	*world
	t      testing.TB
	at     string // file and line, for complaints
	out    strings.Builder
	quiet  bool     // only answers are noted
	hidden []string // names of sections that are left out

	dialable map[[2]int]bool  // who finds whom; nil: everybody everybody
	delays   map[[2]int]int64 // of frames, where it is not oneWay
	lose     map[[2]int]int   // how many of the next frames are lost
	side     map[int]int      // of a partition; nil: there is none
	due      [][2][]int64     // when what is on its way arrives, by link and end
	stored   map[int]uint64   // incarnations of crashed nodes
	lives    map[core.Origin]int
	declared map[calling]uint64
	noted    []noted // how much of what the nodes have put out is in the note
}

type noted struct{ changes, events, dials, lives int }

// calling is what a link's end says of a node when it says no incarnation.
type calling struct {
	link, side int
	node       uint64
}

// oneWay is how long a frame takes: one latency, as the protocol reckons.
const oneWay = 10 * ms

func newStage(t testing.TB) *stage {
	return &stage{
		t: t, delays: map[[2]int]int64{}, lose: map[[2]int]int{}, stored: map[int]uint64{}, lives: map[core.Origin]int{}, declared: map[calling]uint64{},
	}
}

// input gives a node something to do, and notes what comes of it.
func (s *stage) input(do func()) {
	do()
	for s.dial() {
	}
	s.note()
	for len(s.due) < len(s.conns) {
		s.due = append(s.due, [2][]int64{})
	}
	for k := range s.conns {
		for side := range 2 {
			e, to := &s.conns[k].ends[side], &s.conns[k].ends[1-side]
			n := len(e.out)
			if e.fin && to.up {
				n++
			}
			due := s.due[k][side]
			for at := s.now + s.delay(e.node, to.node); len(due) < n; {
				if len(due) > 0 {
					at = max(at, due[len(due)-1])
				}
				due = append(due, at)
			}
			s.due[k][side] = due[:n]
		}
	}
}

// dial answers the dials that nobody has looked at yet. One of a node that cannot be found is never answered.
func (s *stage) dial() bool {
	more := false
	for i := 1; i < len(s.nodes); i++ {
		for n := &s.nodes[i]; s.noted[i].dials < len(n.dials); more = true {
			d := n.dials[s.noted[i].dials]
			s.noted[i].dials++
			to := 0
			for j := range s.nodes {
				if s.nodes[j].cfg.Addr == d.Addr {
					to = j
				}
			}
			switch {
			case s.dialable != nil && !s.dialable[pairOf(i, to)] || !n.up:
			case s.apart(i, to):
				s.do(i, core.Input{Kind: core.InDialFailed, Dial: d.ID})
			default:
				s.connect(i, d)
				s.drain()
			}
		}
	}
	return more
}

func pairOf(a, b int) [2]int { return [2]int{min(a, b), max(a, b)} }

// apart reports whether a partition lies between two nodes.
func (s *stage) apart(a, b int) bool { return s.side != nil && s.side[a] != s.side[b] }

func (s *stage) delay(from, to int) int64 {
	if d, ok := s.delays[[2]int{from, to}]; ok {
		return d
	}
	return oneWay
}

// note writes down what the nodes have put out.
func (s *stage) note() {
	for i := 1; i < len(s.nodes); i++ {
		n, seen := &s.nodes[i], &s.noted[i]
		if n.up {
			if o := (core.Origin{Node: uint64(i), Incarnation: n.core.Incarnation()}); o.Incarnation != 0 && s.lives[o] == 0 {
				seen.lives++
				s.lives[o] = seen.lives
			}
		}
		for ; seen.events < len(n.events); seen.events++ {
			s.say("  %d: %s", i, s.event(n.events[seen.events]))
		}
		for ; seen.changes < len(n.changes); seen.changes++ {
			if c := n.changes[seen.changes]; c.Kind != core.Moved {
				s.say("  %d: %s %s", i, changeNames[c.Kind], s.record(c.Record))
			}
		}
	}
}

// say notes something that happened.
func (s *stage) say(format string, args ...any) {
	if !s.quiet {
		s.answer(format, args...)
	}
}

// answer notes what was asked for.
func (s *stage) answer(format string, args ...any) { fmt.Fprintf(&s.out, format+"\n", args...) }

// pass lets time go by: what is on its way arrives, deadlines come.
func (s *stage) pass(d int64) {
	for end := s.now + d; ; {
		at, link, side := s.first()
		next := end + 1
		who := 0
		for i := range s.nodes {
			if n := &s.nodes[i]; n.up && n.next != 0 && max(n.next, s.now) < next {
				next, who = max(n.next, s.now), i
			}
		}
		if min(at, next) > end {
			s.now = end
			return
		}
		if t := max(min(at, next), s.now); t > s.now {
			s.now, s.steps = t, 0
		}
		if at <= next {
			s.arrive(link, side)
		} else {
			s.input(func() { s.do(who, core.Input{Kind: core.InDeadline}) })
		}
	}
}

// first returns what arrives next and when: over which link, sent by which end.
func (s *stage) first() (at int64, link, side int) {
	at = 1 << 62
	for k := range s.due {
		for e := range 2 {
			from, to := s.conns[k].ends[e].node, s.conns[k].ends[1-e].node
			if due := s.due[k][e]; len(due) > 0 && max(due[0], s.now) < at && !s.apart(from, to) {
				at, link, side = max(due[0], s.now), k, e
			}
		}
	}
	return at, link, side
}

// arrive takes the next thing off a link.
func (s *stage) arrive(link, side int) {
	s.due[link][side] = s.due[link][side][1:]
	from, to := &s.conns[link].ends[side], &s.conns[link].ends[1-side]
	way := fmt.Sprintf("%d->%d ", from.node, to.node)
	switch {
	case !to.up:
	case len(from.out) == 0:
		s.say("%send of the link", way)
	default:
		f, err := decode(from.out[0])
		if err != nil {
			s.t.Fatalf("%s: a frame from %d to %d is none: %v", s.at, from.node, to.node, err)
		}
		text := s.frame(f, link, side)
		if pair := [2]int{from.node, to.node}; s.lose[pair] > 0 {
			s.lose[pair]--
			from.out = from.out[1:]
			s.say("%slost: %s", way, text)
			return
		}
		if text != "" {
			s.say("%s%s", way, text)
		}
	}
	s.input(func() { s.deliver(link, side) })
}

// crashSilently ends a node without a word: no link ends.
func (s *stage) crashSilently(i int) {
	for k := range s.conns {
		for e := range 2 {
			if end := &s.conns[k].ends[e]; end.node == i {
				end.up, end.out = false, nil
			}
		}
	}
	s.crash(i)
}

// tree says how the updates of a node run: whom each node has them from, and to whom it pushes them.
func (s *stage) tree(root int) {
	o := core.Origin{Node: uint64(root), Incarnation: s.nodes[root].core.Incarnation()}
	for i := 1; i < len(s.nodes); i++ {
		if !s.nodes[i].up {
			continue
		}
		from, to := "", ""
		for j := 1; j < len(s.nodes); j++ {
			l := s.linkOf(i, j)
			if l == 0 {
				continue
			}
			switch l {
			case s.nodes[i].core.Parent(o):
				from = " from " + strconv.Itoa(j) + from
			case s.nodes[i].core.Second(o):
				from += " and " + strconv.Itoa(j)
			}
			if s.nodes[i].core.Mode(l, o) == wire.Eager {
				to += " " + strconv.Itoa(j)
			}
		}
		if to != "" {
			to = " pushes to" + to
		}
		s.answer("%d:%s%s", i, from, to)
	}
}

// listLinks says who is linked with whom, who dialled, and what for.
func (s *stage) listLinks() {
	for i := 1; i < len(s.nodes); i++ {
		if !s.nodes[i].up {
			continue
		}
		for _, l := range s.nodes[i].core.Links() {
			if l.Admitted && l.Dialed {
				s.answer("%d-%d %s", i, l.Node, reasonNames[l.Reason])
			}
		}
	}
}

// show says what a node holds, besides descriptors.
func (s *stage) show(i int) {
	for _, k := range s.nodes[i].core.Keys() {
		if r := s.nodes[i].core.Record(k); r.State != wire.Skeleton && !strings.HasPrefix(k, "node:") {
			s.answer("%d: %s", i, s.record(r))
		}
	}
}

// agree says whether all running nodes show the same infos.
func (s *stage) agree() {
	first, who := 0, ""
	for i := 1; i < len(s.nodes); i++ {
		switch {
		case !s.nodes[i].up:
			continue
		case first == 0:
			first = i
		default:
			if d := s.differ(first, i); d != "" {
				s.answer("%s", d)
			}
		}
		who += strconv.Itoa(i) + " "
	}
	s.answer("%sagree", who)
}
