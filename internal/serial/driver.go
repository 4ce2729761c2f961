package serial

import (
	"github.com/grapevine-go/grapevine/internal/simnet"
)

// driver has the network end the calls that wait for it. World.mu is held when its methods are called.
type driver World

func (d *driver) run(host int) *Run { return d.hosts[host].run }

func (d *driver) conn(host int, id simnet.ID) *conn { return d.hosts[host].run.net.conns[id] }

func (d *driver) Start(host int)    {}
func (d *driver) Deadline(host int) {}

func (d *driver) Dialed(host int, dial uint64, id simnet.ID) {
	r := d.run(host)
	k := r.net.dials[dial]
	delete(r.net.dials, dial)
	c := r.open(id)
	if k.over || r.net.closed { // whoever dialled has given up
		c.shut()
		return
	}
	if k.stream {
		d.net.Stream(host, id)
		c.flow(0)
	}
	*k.end = id
	k.finish(nil)
}

func (d *driver) DialFailed(host int, dial uint64) {
	r := d.run(host)
	k := r.net.dials[dial]
	delete(r.net.dials, dial)
	k.finish(errFailed)
}

func (d *driver) Accepted(host int, id simnet.ID) {
	r := d.run(host)
	c := r.open(id)
	way, _ := d.net.Way(host, id)
	if r.net.closed || way.Stream != r.net.listens { // nobody is there for what it carries
		c.shut()
		return
	}
	if way.Stream {
		c.flow(1)
	}
	r.net.backlog = append(r.net.backlog, c)
	if k := r.net.accept; k != nil {
		r.net.accept = nil
		k.finish(nil)
	}
	if takers := r.net.takers; len(takers) > 0 {
		r.net.takers = takers[1:]
		takers[0].finish(nil)
	}
}

func (d *driver) Frame(host int, id simnet.ID, frame []byte) {
	c := d.conn(host, id)
	if d.opts.OnPass != nil {
		way, _ := d.net.Way(host, id)
		d.opts.OnPass(Pass{At: d.net.Now(), From: way.To, To: host, Link: way.Link, Frame: frame, Stream: way.Stream, Fate: "recv"})
	}
	c.inbox = append(c.inbox, frame)
	if c.stream != nil {
		c.stream.changed.Broadcast()
	}
	if k := c.recv; k != nil {
		c.recv = nil
		k.finish(nil)
	}
}

func (d *driver) Sent(host int, id simnet.ID) {
	c := d.conn(host, id)
	if c.stream != nil {
		c.stream.sent()
	}
	if k := c.send; k != nil {
		c.send = nil
		k.finish(nil)
	}
}

func (d *driver) Down(host int, id simnet.ID, broken bool) {
	c := d.conn(host, id)
	delete(d.run(host).net.conns, id)
	c.broken = broken
	c.down()
}

// transmit puts a frame on a link, if the rules let it pass. mu is held.
func (w *World) transmit(c *conn, frame []byte) {
	host := c.run.host.id
	var v Verdict
	if w.opts.Rule != nil {
		way, _ := w.net.Way(host, c.id)
		v = w.opts.Rule(&Packet{From: host, To: way.To, Frame: frame})
	}
	w.net.SendLate(host, c.id, frame, v.Late, v.Drop)
}

// watcher has the World told what becomes of frames. World.mu is held when its methods are called.
type watcher World

func (w *watcher) pass(way simnet.Way, frame []byte, fate string) {
	w.opts.OnPass(Pass{At: w.net.Now(), From: way.From, To: way.To, Link: way.Link, Frame: frame, Stream: way.Stream, Fate: fate})
}

func (w *watcher) FrameSent(way simnet.Way, frame []byte) { w.pass(way, frame, "sent") }
func (w *watcher) FrameLost(way simnet.Way, frame []byte, why simnet.Why) {
	w.pass(way, frame, why.String())
}
func (w *watcher) LinkDown(simnet.Way) {}
