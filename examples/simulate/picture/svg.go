package picture

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/sim"
)

// MaxOverlay is how many nodes [Overlay] draws at most.
const MaxOverlay = 2000

const (
	svgWidth  = 760
	svgHeight = 800
	svgRing   = 310.0 // radius
	svgLabels = 60    // so many nodes have a number beside them at most
)

// hopColors are for nodes 0, 1, 2, ... links away from the origin; the last is for all that are farther. They can be seen on
// white and on black.
var hopColors = [...]string{"#f0e442", "#7ad151", "#22a884", "#3a8bc2", "#7a68d0", "#c05bb0"}

// Overlay draws the network as it is now, as an SVG: a circle for each node, in the order of the ring, a path for each link,
// and of these the tree of one node's infos in colour, by how many links an info has crossed. Same Sim, same bytes.
func Overlay(w io.Writer, s *sim.Sim, origin int) error {
	if s.Len() > MaxOverlay {
		return fmt.Errorf("picture: %d nodes, and at most %d can be drawn", s.Len(), MaxOverlay)
	}
	b := bufio.NewWriter(w)
	d := drawing{b: b, s: s, origin: origin, tree: treeOf(s, origin), places: ringPlaces(s, svgRing), links: links(s)}
	d.head()
	d.drawLinks()
	d.drawNodes()
	d.legend()
	fmt.Fprintln(b, `</svg>`)
	return b.Flush()
}

type drawing struct {
	b      *bufio.Writer
	s      *sim.Sim
	origin int
	tree
	places []point
	links  []pair
}

func (d *drawing) head() {
	fmt.Fprintf(d.b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="%d %d %d %d" width="%d" height="%d" role="img">
<title>%d nodes, and the tree of node %d</title>
<style>
svg { font: 13px system-ui, sans-serif; --paper: #fff; --ink: #24292f; --soft: #6e7781; --line: #b6bec8 }
@media (prefers-color-scheme: dark) { svg { --paper: #0d1117; --ink: #e6edf3; --soft: #9198a1; --line: #454c55 } }
.paper { fill: var(--paper) } text { fill: var(--ink) } .soft, .number { fill: var(--soft) } .number { font-size: 10px }
.head { font-size: 17px; font-weight: 600 } .link { fill: none; stroke: var(--line); stroke-width: 1; opacity: .6 }
.node { stroke: var(--ink); stroke-width: 1 } .down { fill: none; stroke: var(--soft); stroke-dasharray: 2 2 } .apart { fill: var(--paper) }
.tree { stroke-width: 2; opacity: 1 } .origin { stroke-width: 2.5 }
`, -svgWidth/2, -svgHeight/2-10, svgWidth, svgHeight, svgWidth, svgHeight, d.s.Len(), d.origin)
	for i, c := range hopColors {
		fmt.Fprintf(d.b, ".h%d { fill: %s } .tree.h%d { fill: none; stroke: %s }\n", i, c, i, c)
	}
	fmt.Fprintf(d.b, "</style>\n<rect class=\"paper\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>\n", -svgWidth/2, -svgHeight/2-10, svgWidth, svgHeight)
}

// class returns the class of what is so many hops from the origin.
func class(hops int) string {
	if hops < 0 {
		return "apart"
	}
	return fmt.Sprintf("h%d", min(hops, len(hopColors)-1))
}

// drawLinks draws the links, those of the tree above the others.
func (d *drawing) drawLinks() {
	for _, inTree := range []bool{false, true} {
		for _, l := range d.links {
			child, ok := d.edge(l)
			if ok != inTree {
				continue
			}
			a, b := d.places[l.a], d.places[l.b]
			c, name := bend(a, b, svgRing), "link"
			if ok {
				name += " tree " + class(d.hops[child])
			}
			fmt.Fprintf(d.b, "<path class=\"%s\" d=\"M%.1f %.1fQ%.1f %.1f %.1f %.1f\"/>\n", name, a.X, a.Y, c.X, c.Y, b.X, b.Y)
		}
	}
}

// edge returns which end of a link has infos over it, if one has.
func (d *drawing) edge(l pair) (child int, ok bool) {
	for _, e := range []pair{{l.a, l.b}, {l.b, l.a}} {
		if d.parent[e.a] == e.b && d.hops[e.a] >= 0 {
			return e.a, true
		}
	}
	return 0, false
}

func (d *drawing) drawNodes() {
	radius := max(2.5, min(8, 500/float64(d.s.Len())))
	for i, p := range d.places {
		name, r := "node "+class(d.hops[i]), radius
		switch {
		case !d.s.Running(i):
			name = "node down"
		case i == d.origin:
			name, r = name+" origin", radius+4
		}
		fmt.Fprintf(d.b, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"><title>node %d%s</title></circle>\n", name, p.X, p.Y, r, i, d.about(i))
	}
	for i, p := range d.places {
		if d.s.Len() <= svgLabels || i == d.origin {
			at, name := p.scaled(1+(radius+13)/svgRing), "number"
			if i == d.origin {
				at, name = p.scaled(1+(radius+18)/svgRing), "origin"
			}
			fmt.Fprintf(d.b, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" dominant-baseline=\"central\">%d</text>\n", name, at.X, at.Y, i)
		}
	}
}

// about says what there is to say of a node.
func (d *drawing) about(i int) string {
	switch {
	case !d.s.Running(i):
		return ", down"
	case i == d.origin:
		return ", the origin"
	case d.hops[i] < 0:
		return ", not in the tree"
	}
	return fmt.Sprintf(", %d from the origin, by node %d", d.hops[i], d.parent[i])
}

// legend says what is to be seen.
func (d *drawing) legend() {
	running, most, apart := 0, 0, 0
	count := make([]int, len(hopColors))
	for i, h := range d.hops {
		switch {
		case !d.s.Running(i):
			continue
		case h < 0:
			apart++
		default:
			count[min(h, len(hopColors)-1)]++
		}
		running++
		most = max(most, h)
	}
	left, top := -svgWidth/2+20, -svgHeight/2+20
	fmt.Fprintf(d.b, "<text class=\"head\" x=\"%d\" y=\"%d\">%d nodes, %d links, and the tree of node %d</text>\n", left, top, running, len(d.links), d.origin)
	text := fmt.Sprintf("seed %d, L = %v, at %v. In the order of the ring; %s", d.s.Seed(), d.s.Latency(), d.s.Now().Round(time.Millisecond), plural(most, "hop"))
	if down := d.s.Len() - running; down > 0 {
		text += fmt.Sprintf(". %d down (dashed)", down)
	}
	if apart > 0 {
		text += fmt.Sprintf(". %d not in the tree (empty)", apart)
	}
	fmt.Fprintf(d.b, "<text class=\"soft\" x=\"%d\" y=\"%d\">%s</text>\n", left, top+21, text)
	y := svgHeight/2 - 32
	x := left
	for i, n := range count {
		if n == 0 {
			continue
		}
		label := plural(i, "hop")
		switch {
		case i == 0:
			label = "origin"
		case i == len(hopColors)-1 && slices.Max(d.hops) > i:
			label += " or more"
		}
		label += fmt.Sprintf(": %d", n)
		fmt.Fprintf(d.b, "<rect class=\"node %s\" x=\"%d\" y=\"%d\" width=\"12\" height=\"12\" rx=\"6\"/><text x=\"%d\" y=\"%d\">%s</text>\n", class(i), x, y-10, x+18, y, label)
		x += 34 + 8*len(label)
	}
	fmt.Fprintf(d.b, "<line class=\"link\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/><text x=\"%d\" y=\"%d\">other link</text>\n", x, y-4, x+18, y-4, x+24, y)
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
