package picture

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/sim"
)

// director has the network do what is to be seen.
type director struct {
	film    *Film
	s       *sim.Sim
	rec     recorder
	onScene func(*sim.Sim, *Scene)
	writes  int // so far
}

// layout fills in what no scene changes.
func (d *director) layout() {
	f := d.film
	for p := sim.Hello; p <= sim.Bye; p <<= 1 {
		f.Parts = append(f.Parts, p.String())
	}
	f.Left = make([]bool, f.Nodes)
	for _, i := range rand.New(rand.NewPCG(f.Seed, 0x66696c6d)).Perm(f.Nodes)[:f.Nodes/2] {
		f.Left[i] = true
	}
	for _, p := range ringPlaces(d.s, 1) {
		f.Ring = append(f.Ring, place(p))
	}
	for _, p := range twoCircles(d.s, f.Left, 0.44, 0.56) {
		f.Halves = append(f.Halves, place(p))
	}
}

func place(p point) Place {
	round := func(v float64) float64 { return float64(int(v*10_000+10_001)-10_001) / 10_000 }
	return Place{round(p.X), round(p.Y)}
}

// l returns n latencies.
func (d *director) l(n float64) time.Duration { return time.Duration(n * float64(d.s.Latency())) }

// begin begins a scene whose time 0 is from now by lead, which then passes.
func (d *director) begin(s *Scene, lead time.Duration) {
	s.Zero = (d.s.Now() + lead).Microseconds()
	s.From = -lead.Microseconds()
	d.film.Scenes = append(d.film.Scenes, s)
	d.rec.begin(s)
	d.s.RunFor(lead)
}

// end ends the scene now.
func (d *director) end() {
	s := d.rec.scene
	d.rec.end(d.s.Now().Microseconds() - s.Zero)
	slices.SortStableFunc(s.Notes, func(a, b Note) int { return cmp.Compare(a.At, b.At) })
	if d.onScene != nil {
		d.onScene(d.s, s)
	}
}

// note says what happens, at a time of the scene.
func (d *director) note(at int, format string, args ...any) {
	d.rec.scene.Notes = append(d.rec.scene.Notes, Note{int64(at), fmt.Sprintf(format, args...)})
}

// write has a node write an update, to be watched under the name if there is a scene.
func (d *director) write(node int, name string) error {
	d.writes++
	key := "update/" + strconv.Itoa(node)
	if err := d.s.Add(node, key, []byte(strconv.Itoa(d.writes)), 0); err != nil {
		return err
	}
	if s := d.rec.scene; s != nil {
		u, _ := d.s.Update(key)
		s.Updates = append(s.Updates, Update{node, d.s.Now().Microseconds() - s.Zero, name, u.N})
		d.note(d.rec.micro(d.s.Now()), "node %d writes %s", node, name)
	}
	return nil
}

// warmUp has nodes write until their trees have grown.
func (d *director) warmUp(nodes ...int) error {
	for range 8 {
		for _, node := range nodes {
			if err := d.write(node, ""); err != nil {
				return err
			}
			d.s.RunFor(d.l(30))
		}
	}
	return nil
}

// assemble is the scene in which all nodes start.
func (d *director) assemble() error {
	d.begin(&Scene{
		Name: "Assembling", Play: 20e6,
		About: "All nodes start within one L. Each knows the addresses of three others and asks one of them to be let in, which passes it on if it is " +
			"full. Along these links each hears of all others. Then the ring and the chords are linked.",
	}, 0)
	d.s.StartAll(d.s.Latency())
	all := func() bool { return d.s.Count(d.film.Nodes-1) == d.film.Nodes && d.s.Converged() }
	if err := d.s.RunUntil(all, time.Minute); err != nil {
		return err
	}
	s := d.rec.scene
	d.note(0, "the nodes start")
	known, first := make([]int, d.film.Nodes), true
	last := 0
	for _, l := range s.Learned {
		if known[l[1]]++; known[l[1]] == d.film.Nodes-1 && first {
			d.note(l[2], "node %d is the first to know all", l[1])
			first = false
		}
		last = max(last, l[2])
	}
	d.note(last, "all know all")
	d.s.RunFor(d.l(20))
	d.end()
	d.s.RunFor(time.Minute)
	return nil
}

// spread is the scene of one update.
func (d *director) spread() error {
	origin := d.s.Ring()[0]
	if err := d.warmUp(origin); err != nil {
		return err
	}
	d.begin(&Scene{
		Name: "An update spreads", Play: 14e6,
		About: "A minute later. The node at the top has written before, so its tree has grown: each node gets the info once, from its parent. " +
			"Adverts on a few other links say who could help if that fails.",
	}, d.l(0.5))
	if err := d.write(origin, "an update"); err != nil {
		return err
	}
	d.s.RunFor(d.l(9))
	d.hops(0)
	d.end()
	return nil
}

// hops notes how an update comes farther and farther.
func (d *director) hops(update int) {
	var count []int
	var last []int
	for _, l := range d.rec.scene.Learned {
		if l[0] != update {
			continue
		}
		for len(count) <= l[3] {
			count, last = append(count, 0), append(last, 0)
		}
		count[l[3]]++
		last[l[3]] = max(last[l[3]], l[2])
	}
	for h, n := range count {
		if n > 0 {
			d.note(last[h], "%s %s have it", plural(n, "node"), plural(h, "hop")+" away")
		}
	}
}

// crash is the scene in which a node of a tree dies before it has passed an update on.
func (d *director) crash() error {
	origin := d.s.Ring()[0]
	children := make([]int, d.film.Nodes)
	t := treeOf(d.s, origin)
	for i, p := range t.parent {
		if p >= 0 && p != origin && i != origin {
			children[p]++
		}
	}
	dies := 0
	for i, n := range children {
		if n > children[dies] {
			dies = i
		}
	}
	if dies == origin { // everybody has infos from the origin
		dies = d.s.Ring()[1]
	}
	d.begin(&Scene{
		Name: "A node dies", Play: 18e6,
		About: "An inner node of the tree crashes just as the update comes there. The nodes below it ask a neighbour from which they had an advert: a graft, " +
			"which is answered with what is missing and makes that neighbour the new parent.",
	}, d.l(0.5))
	if err := d.write(origin, "an update"); err != nil {
		return err
	}
	at := d.l(float64(max(t.hops[dies], 1)) - 0.5)
	d.s.RunFor(at)
	d.s.Crash(dies)
	d.note(int(at.Microseconds()), "node %d crashes, from which %s had infos", dies, plural(children[dies], "node"))
	d.s.RunFor(d.l(16) - at)
	s := d.rec.scene
	grafts := 0
	for _, f := range s.Frames {
		if f[4] > 0 && f[4]&int(sim.Grafts) != 0 {
			if grafts++; grafts == 1 {
				d.note(f[2], "the first graft: node %d asks node %d", f[0], f[1])
			}
		}
	}
	last := [4]int{}
	for _, l := range s.Learned {
		if l[2] >= last[2] {
			last = l
		}
	}
	d.note(last[2], "node %d is the last survivor to have it", last[1])
	d.end()
	d.s.RunFor(time.Second)
	d.s.Restart(dies)
	d.s.RunFor(30 * time.Second)
	return nil
}

// halves returns a node of each half.
func (d *director) halves() (left, right int) {
	return slices.Index(d.film.Left, true), slices.Index(d.film.Left, false)
}

// cut is the scene in which two halves are cut off from each other.
func (d *director) cut() error {
	left, right := d.halves()
	if err := d.warmUp(left, right); err != nil {
		return err
	}
	d.begin(&Scene{
		Name: "Cut in two", Play: 18e6, Split: true, Cut: [2]int64{0, never},
		About: "Nothing comes from the left half to the right any more, nor back. Links across are ended after three seconds without a frame. Each half closes its ring. " +
			"Meanwhile one node of each half writes.",
	}, 500*time.Millisecond)
	var half []int
	for i, is := range d.film.Left {
		if is {
			half = append(half, i)
		}
	}
	d.s.Partition(half)
	d.note(0, "the network is cut: %d nodes and %d", len(half), d.film.Nodes-len(half))
	d.s.RunFor(time.Second)
	for i, node := range []int{left, right} {
		if err := d.write(node, string(rune('A'+i))); err != nil {
			return err
		}
		d.s.RunFor(500 * time.Millisecond)
	}
	d.s.RunFor(5 * time.Second)
	s := d.rec.scene
	for i, u := range s.Updates {
		n, last := 0, 0
		for _, l := range s.Learned {
			if l[0] == i {
				n, last = n+1, max(last, l[2])
			}
		}
		d.note(last, "%s of that half have %s", plural(n+1, "node"), u.Name)
	}
	first, end := never, 0
	for _, l := range d.rec.links {
		if at := l[3] - int(s.Zero); d.film.Left[l[0]] != d.film.Left[l[1]] && at >= 0 && l[3] != never {
			first, end = min(first, at), max(end, at)
		}
	}
	if first != never {
		d.note(first, "the first link across is given up")
		d.note(end, "the last link across is given up")
	}
	d.end()
	return nil
}

// heal is the scene in which the halves find together.
func (d *director) heal() error {
	before := d.film.Scenes[len(d.film.Scenes)-1]
	cut := d.s.Now()
	d.s.RunFor(12*time.Second - d.l(20))
	s := &Scene{
		Name: "Healing", Play: 20e6, Split: true, Updates: slices.Clone(before.Updates), Learned: slices.Clone(before.Learned),
		About: "Each half has kept greeting members that it has lost, about ten a second: so they meet. On the first links across they compare what they " +
			"have, and what one half lacks spreads there along its trees.",
	}
	d.begin(s, d.l(20))
	s.Cut = [2]int64{s.From, 0}
	for i := range s.Updates { // of the scene before
		s.Updates[i].At += before.Zero - s.Zero
	}
	for i := range s.Learned {
		s.Learned[i][2] += int(before.Zero - s.Zero)
	}
	d.s.Heal()
	d.note(0, "the cut heals, %v after it was made", (d.s.Now() - cut + 7*time.Second).Round(time.Second))
	if err := d.s.RunUntil(d.s.Converged, 10*time.Second); err != nil {
		return err
	}
	d.s.RunFor(d.l(30))
	for _, l := range d.rec.links {
		if at := l[2] - int(s.Zero); at >= 0 && d.film.Left[l[0]] != d.film.Left[l[1]] {
			d.note(at, "the first link across: node %d and node %d", l[0], l[1])
			break
		}
	}
	for i, u := range s.Updates {
		last := 0
		for _, l := range s.Learned {
			if l[0] == i {
				last = max(last, l[2])
			}
		}
		d.note(last, "all have %s", u.Name)
	}
	d.end()
	return nil
}
