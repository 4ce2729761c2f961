package gossiptest

import (
	"encoding/xml"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/fault"
	"github.com/grapevine-go/grapevine/internal/serial"
)

// draw writes a picture of the last frames of a run, and returns its path. "" means that go test was not asked to keep artifacts, or that there is nothing
// to draw.
func (r *runner) draw(o outcome) string {
	asked := flag.Lookup("test.artifacts")
	if asked == nil || asked.Value.String() != "true" {
		return ""
	}
	picture := spaceTime(o)
	if picture == "" {
		return ""
	}
	path := filepath.Join(r.t.ArtifactDir(), "frames.svg")
	if os.WriteFile(path, []byte(picture), 0o666) != nil {
		return ""
	}
	return path
}

// Measures of a picture, in pixels.
const (
	wide   = 1200
	left   = 60
	right  = 20
	top    = 70
	lane   = 44
	bottom = 60
)

// spaceTime draws the latest frames of a run: a line for each host, time from left to right, and an arrow for each frame, which ends in a cross if
// it was lost. Faults are shaded where they are.
func spaceTime(o outcome) string {
	passes := o.history.all()
	if len(passes) == 0 || o.hosts == 0 {
		return ""
	}
	p := plot{from: passes[0].At, to: passes[len(passes)-1].At, hosts: o.hosts}
	p.to = max(p.to, p.from+time.Millisecond)
	p.head(o)
	for i := range o.schedule {
		p.fault(&o.schedule[i])
	}
	for h := range o.hosts {
		p.line("lane", left, p.y(h), wide-right, p.y(h))
		p.text("name", left-10, p.y(h)+4, serial.Name(h))
	}
	p.axis()
	sent := map[frameID]time.Duration{}
	for _, f := range passes {
		id := identify(f)
		if f.Fate == "sent" {
			sent[id] = f.At
			continue
		}
		begin, ok := sent[id]
		if !ok {
			begin = p.from
		}
		p.frame(f, begin)
	}
	p.b.WriteString("</svg>\n")
	return p.b.String()
}

// frameID tells a frame from others: those of a link share no memory.
type frameID struct {
	link, from int
	first      *byte
}

func identify(p serial.Pass) frameID {
	id := frameID{link: p.Link, from: p.From}
	if len(p.Frame) > 0 {
		id.first = &p.Frame[0]
	}
	return id
}

// plot is a picture that is being drawn.
type plot struct {
	b        strings.Builder
	from, to time.Duration
	hosts    int
}

func (p *plot) x(at time.Duration) float64 {
	part := float64(at-p.from) / float64(p.to-p.from)
	return left + (wide-left-right)*min(max(part, 0), 1)
}

func (p *plot) y(host int) float64 { return float64(top + lane/2 + host*lane) }

func (p *plot) height() int { return top + p.hosts*lane + bottom }

// head begins the picture.
func (p *plot) head(o outcome) {
	fmt.Fprintf(&p.b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="ui-sans-serif, system-ui, sans-serif" font-size="12">
<style>
svg { background: #fff; color: #222 }
.lane { stroke: #bbb } .tick { stroke: #ddd } .name { text-anchor: end; font-weight: 600 } .small { fill: #666 } .mid { text-anchor: middle; fill: #666 } .last { text-anchor: end; fill: #666 }
.recv { stroke: #2563a8; fill: none; marker-end: url(#arrow) } .lost { stroke: #c2410c; fill: none; stroke-dasharray: 4 3 } .cross { stroke: #c2410c; stroke-width: 2 }
.down { fill: #c2410c; fill-opacity: .18 } .cut { fill: #b7950b; fill-opacity: .16 } .other { fill: #6b7280; fill-opacity: .14 }
text { fill: #222 }
</style>
<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="#2563a8"/></marker></defs>
`, wide, p.height(), wide, p.height())
	what := "no failure"
	if len(o.failures) > 0 {
		what, _, _ = strings.Cut(o.failures[0].text, "\n")
	}
	p.text("title", left, 24, what)
	p.text("small", left, 44, fmt.Sprintf("the last frames of the run, from %v to %v; hover for what is in them", p.from.Round(time.Microsecond), p.to.Round(time.Microsecond)))
	y := float64(p.height() - 14)
	for i, entry := range []struct{ class, text string }{{"recv", "received"}, {"lost", "lost"}} {
		x := float64(left + i*130)
		p.line(entry.class, x, y-4, x+30, y-4)
		p.text("small", x+38, y, entry.text)
	}
	for i, entry := range []struct{ class, text string }{{"down", "down"}, {"cut", "cut off"}, {"other", "another fault"}} {
		x := float64(left + 280 + i*130)
		fmt.Fprintf(&p.b, `<rect class="%s" x="%.1f" y="%.1f" width="30" height="12"/>`+"\n", entry.class, x, y-10)
		p.text("small", x+38, y, entry.text)
	}
}

// axis draws the time.
func (p *plot) axis() {
	const ticks = 8
	y := float64(top + p.hosts*lane)
	for i := range ticks + 1 {
		at := p.from + (p.to-p.from)*time.Duration(i)/ticks
		p.line("tick", p.x(at), top, p.x(at), y)
		class := "mid"
		if i == ticks {
			class = "last"
		}
		p.text(class, p.x(at), y+16, millis(at))
	}
}

// fault shades where a fault was.
func (p *plot) fault(f *fault.Fault) {
	if f.End() < p.from || f.At > p.to {
		return
	}
	class := "other"
	switch f.Kind {
	case fault.Crash, fault.Wipe, fault.Restart, fault.Silence, fault.Pause:
		class = "down"
	case fault.Partition, fault.OneWay, fault.Flap:
		class = "cut"
	}
	for h := range p.hosts {
		if len(f.Nodes) > 0 && !slices.Contains(f.Nodes, h) {
			continue
		}
		x := p.x(f.At)
		fmt.Fprintf(&p.b, `<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%d"><title>%s</title></rect>`+"\n",
			class, x, p.y(h)-lane/2+2, max(p.x(f.End())-x, 3), lane-4, escape(f.String()))
	}
}

// frame draws a frame.
func (p *plot) frame(f serial.Pass, begin time.Duration) {
	x1, y1, x2, y2 := p.x(begin), p.y(f.From), p.x(f.At), p.y(f.To)
	class := "recv"
	if f.Fate != "recv" {
		class = "lost"
		x2, y2 = (x1+x2)/2, (y1+y2)/2 // it did not get there
	}
	fmt.Fprintf(&p.b, `<g><title>%s</title>`, escape(strings.TrimSpace(describe(f))))
	p.line(class, x1, y1, x2, y2)
	if class == "lost" {
		p.line("cross", x2-4, y2-4, x2+4, y2+4)
		p.line("cross", x2-4, y2+4, x2+4, y2-4)
	}
	p.b.WriteString("</g>\n")
}

func (p *plot) line(class string, x1, y1, x2, y2 float64) {
	fmt.Fprintf(&p.b, `<line class="%s" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`+"\n", class, x1, y1, x2, y2)
}

func (p *plot) text(class string, x, y float64, text string) {
	fmt.Fprintf(&p.b, `<text class="%s" x="%.1f" y="%.1f">%s</text>`+"\n", class, x, y, escape(text))
}

func escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // writes to memory
	return b.String()
}
