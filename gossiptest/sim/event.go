package sim

import (
	"fmt"
	"time"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/simnet"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// EventKind says what happened.
type EventKind uint8

// The kinds of an [Event], and what it says besides At, Node and Kind.
const (
	NodeUp        EventKind = iota // the node starts
	NodeDown                       // it crashes, or falls silent: Text is "crash" or "silence"
	LinkUp                         // it has admitted Link to Peer
	LinkDown                       // an admitted Link to Peer has ended, while the node goes on
	FrameSent                      // to Peer over Link: Bytes
	FrameReceived                  // from Peer over Link: Bytes, Control, Parts, Writes; Text is "ping" if that is all there is
	FrameLost                      // on its way to Peer over Link, for good: Bytes
	InfoWritten                    // Write, Key; Text is "delete" if it is a deletion
	InfoLearned                    // Write, which is Peer's, Key, Hops
	Remark                         // the node has something to tell its operator: Text, and Key or Peer if it is about one
)

// String returns the name of k, in lower case.
func (k EventKind) String() string {
	if int(k) < len(eventKinds) {
		return eventKinds[k]
	}
	return fmt.Sprintf("EventKind(%d)", uint8(k))
}

var eventKinds = [...]string{
	NodeUp: "node up", NodeDown: "node down", LinkUp: "link up", LinkDown: "link down",
	FrameSent: "sent", FrameReceived: "received", FrameLost: "lost",
	InfoWritten: "written", InfoLearned: "learned", Remark: "remark",
}

// Event is something that happened in a Sim.
type Event struct {
	At      time.Duration // since New
	Kind    EventKind     // what happened
	Node    int           // to which it happened
	Peer    int           // the other node; -1: none
	Link    int           // it is the n-th of the Sim; 0: none
	Bytes   int           // of a frame
	Control int           // bytes of it as in [Stats]
	Parts   Parts         // what is in a frame
	Writes  []int         // of the infos in a frame, one each, 0 if it is unknown; they hold during the call
	Write   int           // of an info: it is the n-th of the Sim, as in [Update]
	Hops    int           // links the info crossed
	Key     string        // of the info
	Text    string        // as Kind says
}

// log has OnEvent told.
func (s *Sim) log(e Event) {
	e.At = s.Now()
	s.opts.OnEvent(e)
}

// logLife tells of a node that starts, or ends.
func (s *Sim) logLife(n *node, k EventKind, text string) {
	if s.opts.OnEvent != nil {
		s.log(Event{Kind: k, Node: int(n.id), Peer: -1, Text: text})
	}
}

// logFrame tells what becomes of a frame, as seen from one end of its link.
func (s *Sim) logFrame(k EventKind, w simnet.Way, bytes int) {
	if s.opts.OnEvent != nil {
		s.log(Event{Kind: k, Node: w.From, Peer: w.To, Link: w.Link, Bytes: bytes})
	}
}

// logArrival tells of a frame that has come to an end of its link.
func (s *Sim) logArrival(f *wire.Frame, host int, l simnet.ID, bytes int) {
	if s.opts.OnEvent == nil {
		return
	}
	s.writes = s.writes[:0]
	for i := range f.Infos {
		number := 0
		if w := s.known.find(&f.Infos[i].Body); w != nil {
			number = w.N
		}
		s.writes = append(s.writes, number)
	}
	w, _ := s.net.Way(host, l)
	e := Event{
		Kind: FrameReceived, Node: host, Peer: w.To, Link: w.Link,
		Bytes: bytes, Control: control(f, bytes), Parts: partsOf(f), Writes: s.writes,
	}
	if ping(f) {
		e.Text = "ping"
	}
	s.log(e)
}

// logUpdate tells of a write, or that the node has taken it in.
func (s *Sim) logUpdate(k EventKind, n *node, u *Update, hops int) {
	if s.opts.OnEvent == nil {
		return
	}
	e := Event{Kind: k, Node: int(n.id), Peer: -1, Write: u.N, Key: u.Key, Hops: hops}
	if k == InfoLearned {
		e.Peer = u.Node
	} else if u.Deleted {
		e.Text = "delete"
	}
	s.log(e)
}

// logRemarks tells of what a core tells its operator.
func (s *Sim) logRemarks(n *node, events []core.Event) {
	if s.opts.OnEvent == nil {
		return
	}
	for i := range events {
		c := &events[i]
		e := Event{Node: int(n.id), Peer: -1}
		if w, ok := s.net.Way(int(n.id), simnet.ID(c.Link)); ok {
			e.Link, e.Peer = w.Link, w.To
			if c.Kind == core.LinkUp {
				s.net.Flag(int(n.id), simnet.ID(c.Link))
			}
		}
		switch c.Kind {
		case core.LinkUp:
			e.Kind = LinkUp
		case core.LinkDown:
			continue // told where the link ends
		default:
			e.Kind, e.Text = Remark, remark(c.Kind)
			if c.Kind == core.InfoRefused {
				e.Key = c.Text
			}
			if e.Peer < 0 && c.Node != 0 && c.Node <= uint64(len(s.nodes)) {
				e.Peer = int(c.Node) - 1
			}
		}
		s.log(e)
	}
}

func remark(k core.EventKind) string {
	if int(k) < len(remarks) && remarks[k] != "" {
		return remarks[k]
	}
	return fmt.Sprintf("event %d", k)
}

var remarks = [...]string{
	core.DialFailed: "dial failed", core.PeerRefused: "refused", core.PeerRefusedUs: "was refused",
	core.PeerRedirected: "redirected", core.RedirectedUs: "was redirected", core.ClusterAdopted: "cluster adopted",
	core.InfoRefused: "info refused", core.IncarnationRaised: "incarnation raised", core.ClockAhead: "clock ahead",
	core.ClockCorrected: "clock corrected", core.NoSeeds: "no seeds", core.LimitHit: "limit hit", core.Suspecting: "suspecting", core.Refuting: "refuting",
}
