package sim

import (
	"fmt"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/simnet"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// driver has the network drive the nodes of a Sim.
type driver struct{ *Sim }

var (
	_ simnet.Driver  = driver{}
	_ simnet.Watcher = driver{}
)

func (d driver) node(host int) *node { return &d.nodes[host] }

func (d driver) Start(host int) { d.boot(d.node(host)) }

func (d driver) Deadline(host int) { d.step(d.node(host), core.Input{Kind: core.InDeadline}) }

func (d driver) Dialed(host int, dial uint64, l simnet.ID) {
	d.step(d.node(host), core.Input{Kind: core.InDialed, Dial: core.DialID(dial), Link: core.LinkID(l)})
}

func (d driver) DialFailed(host int, dial uint64) {
	d.step(d.node(host), core.Input{Kind: core.InDialFailed, Dial: core.DialID(dial)})
}

func (d driver) Accepted(host int, l simnet.ID) {
	d.step(d.node(host), core.Input{Kind: core.InAccepted, Link: core.LinkID(l)})
}

func (d driver) Frame(host int, l simnet.ID, frame []byte) {
	f, err := wire.Decode(frame, limits())
	if err != nil {
		w, _ := d.net.Way(host, l)
		d.fail(fmt.Errorf("n%d takes %d bytes from n%d: %w", host, len(frame), w.To, err))
		return
	}
	d.stats.frame(f, len(frame))
	d.known.copies(f)
	d.logArrival(f, host, l, len(frame))
	d.stepRaw(d.node(host), core.Input{Kind: core.InFrame, Link: core.LinkID(l), Frame: f}, frame)
}

func (d driver) Sent(host int, l simnet.ID) {
	d.step(d.node(host), core.Input{Kind: core.InSent, Link: core.LinkID(l)})
}

func (d driver) Down(host int, l simnet.ID, _ bool) {
	d.step(d.node(host), core.Input{Kind: core.InDown, Link: core.LinkID(l)})
}

func (d driver) FrameSent(w simnet.Way, frame []byte) { d.logFrame(FrameSent, w, len(frame)) }
func (d driver) LinkDown(w simnet.Way)                { d.logFrame(LinkDown, w, 0) }

func (d driver) FrameLost(w simnet.Way, frame []byte, _ simnet.Why) {
	d.logFrame(FrameLost, w, len(frame))
}
