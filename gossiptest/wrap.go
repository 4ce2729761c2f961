package gossiptest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/grapevine-go/grapevine/internal/simnet"
	"github.com/grapevine-go/grapevine/transport"
)

// Wrap returns tr with what goes wrong in w. It keeps the contract of package transport as tr does, unless w says otherwise, with two exceptions: a
// frame that is delayed and turns out to be too large ends its link; and what w holds back when a link is closed is lost.
// Its Close closes tr, which is not for anybody else to use or to close any more.
//
//	w := gossiptest.NewWeather(nil)
//	a, b := gossiptest.Wrap(listen(t), w), gossiptest.Wrap(listen(t), w)
//	heal := w.Begin(fault.Fault{Kind: fault.Partition, Nodes: []int{0}})
//	...
//	heal()
func Wrap(tr transport.Transport, w *Weather) transport.Transport {
	w.lock()
	defer w.unlock()
	addr := tr.Addr()
	node, ok := w.nodes[addr]
	if !ok {
		node = len(w.nodes)
		w.nodes[addr] = node
		w.net.Grow(1)
		w.net.Boot(node)
		w.apply()
	}
	return &wrapped{Transport: tr, w: w, node: node, closing: make(chan struct{})}
}

// wrapped is a transport, Weather.mu guarding its fields.
type wrapped struct {
	transport.Transport
	w       *Weather
	node    int
	closed  bool
	closing chan struct{}
	links   []*wrappedLink // dialled from here, and not closed
}

// wrappedDial is a dial that has not got through the network.
type wrappedDial struct {
	from *wrapped
	to   int
	done chan struct{}
	link *wrappedLink // nil: nobody answers
	over bool         // nobody waits for it
}

var errNoAnswer = errors.New("nobody answers")

func (t *wrapped) Dial(ctx context.Context, to transport.Addr) (transport.Link, error) {
	w := t.w
	w.lock()
	node, ok := w.nodes[to]
	if !ok || t.closed {
		w.unlock()
		return t.Transport.Dial(ctx, to)
	}
	d := &wrappedDial{from: t, to: node, done: make(chan struct{})}
	w.dialed++
	w.dials[w.dialed] = d
	w.net.Dial(t.node, w.dialed, node)
	w.unlock()
	var err error
	select {
	case <-d.done:
		if d.link == nil {
			err = errNoAnswer
		}
	case <-ctx.Done():
		err = ctx.Err()
	case <-t.closing:
		err = transport.ErrClosed
	}
	if err != nil {
		w.lock()
		d.over = true
		if d.link != nil {
			d.link.close()
		}
		w.unlock()
		return nil, fmt.Errorf("dial %s from %s: %w", to, t.Addr(), err)
	}
	inner, err := t.Transport.Dial(ctx, to)
	w.lock()
	defer w.unlock()
	if err == nil && t.closed {
		err = fmt.Errorf("dial %s from %s: %w", to, t.Addr(), transport.ErrClosed)
		w.later = append(w.later, func() { _ = inner.Close() }) // what could not be released is its own matter
	}
	if err != nil {
		d.link.close()
		return nil, err
	}
	d.link.begin(inner)
	return d.link, nil
}

func (t *wrapped) Close() error {
	w := t.w
	w.lock()
	if !t.closed {
		t.closed = true
		close(t.closing)
		for _, l := range slices.Clone(t.links) {
			l.close()
		}
	}
	w.unlock()
	return t.Transport.Close()
}

// endOf names an end of a link of the network.
type endOf struct {
	host int
	id   simnet.ID
}

// weatherDriver is told of what happens in the network of a Weather, with mu held.
type weatherDriver Weather

func (d *weatherDriver) Start(int)    {}
func (d *weatherDriver) Deadline(int) {}

// number returns the number of the link with an end.
func (d *weatherDriver) number(host int, id simnet.ID) int {
	way, _ := d.net.Way(host, id)
	return way.Link
}

func (d *weatherDriver) Dialed(host int, dial uint64, id simnet.ID) {
	k := d.dials[dial]
	delete(d.dials, dial)
	l := newWrappedLink(k, id)
	l.number = d.number(host, id)
	d.ends[endOf{host, id}], d.links[l.number] = l, l
	k.link = l
	if k.over {
		l.close()
		return
	}
	close(k.done)
}

func (d *weatherDriver) DialFailed(host int, dial uint64) {
	close(d.dials[dial].done)
	delete(d.dials, dial)
}

func (d *weatherDriver) Accepted(host int, id simnet.ID) {
	l := d.links[d.number(host, id)]
	d.ends[endOf{host, id}] = l
	l.in.id, l.open = id, true
	l.changed.Broadcast()
}

func (d *weatherDriver) Frame(host int, id simnet.ID, frame []byte) {
	if l := d.ends[endOf{host, id}]; l.isNear(host, id) {
		l.took(&l.in)
		l.arrived(frame)
	} else {
		l.leaves(frame)
	}
}

func (d *weatherDriver) Sent(host int, id simnet.ID) {
	l := d.ends[endOf{host, id}]
	l.path(host, id).busy = false
	l.changed.Broadcast()
}

func (d *weatherDriver) Down(host int, id simnet.ID, _ bool) {
	l := d.ends[endOf{host, id}]
	delete(d.ends, endOf{host, id})
	if l.isNear(host, id) {
		l.downHere()
	} else {
		l.downThere()
	}
}

func (d *weatherDriver) FrameSent(simnet.Way, []byte) {}

func (d *weatherDriver) FrameLost(way simnet.Way, _ []byte, _ simnet.Why) {
	if l := d.links[way.Link]; l != nil {
		l.lost(way.From)
	}
}

func (d *weatherDriver) LinkDown(simnet.Way) {}
