package core_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// How a transcript writes things.

var (
	reasonNames  = map[wire.Reason]string{wire.Join: "join", wire.Ring: "ring", wire.Chord: "chord", wire.Heal: "heal"}
	modeNames    = map[wire.Mode]string{wire.Lazy: "lazy", wire.Eager: "eager", wire.Mute: "mute"}
	changeNames  = map[core.ChangeKind]string{core.Added: "added", core.Updated: "updated", core.Refreshed: "refreshed", core.Deleted: "deleted", core.Expired: "expired"}
	refusalNames = map[wire.Refusal]string{
		wire.Busy: "busy", wire.OtherCluster: "another cluster", wire.Version: "version", wire.Self: "itself", wire.DuplicateLink: "second link",
		wire.DuplicateNode: "duplicate node", wire.Corrupt: "corrupt", wire.Misbehaved: "misbehaved", wire.Leaving: "leaving",
	}
	eventNames = map[core.EventKind]string{
		core.LinkUp: "link up:", core.LinkDown: "link down:", core.DialFailed: "dial failed:", core.PeerRefused: "refuses", core.PeerRefusedUs: "is refused by",
		core.PeerRedirected: "redirects", core.RedirectedUs: "is redirected by", core.ClusterAdopted: "cluster adopted", core.InfoRefused: "info refused, of",
		core.IncarnationRaised: "takes the next life of", core.ClockAhead: "clock ahead:", core.ClockCorrected: "clock corrected", core.NoSeeds: "no seeds",
		core.LimitHit: "limit hit by", core.Suspecting: "suspects", core.Refuting: "refutes the suspicion of",
	}
)

// origin writes a life of a node: 2, 2' for its second, 2” for its third.
func (s *stage) origin(node, inc uint64) string {
	name := strconv.FormatUint(node, 10)
	switch n := s.lives[core.Origin{Node: node, Incarnation: inc}]; n {
	case 0:
		return name + "?"
	default:
		return name + strings.Repeat("'", n-1)
	}
}

// record writes what stands under a key, and as which write of whom.
func (s *stage) record(r *core.Record) string {
	return fmt.Sprintf("%s %s#%d", content(&r.Body), s.origin(r.Node, r.Incarnation), r.Seq)
}

// content writes a key and its value; a descriptor is its key. The stamp in the key of a suspicion is left out.
func content(b *wire.Body) string {
	key := b.Key
	if p := strings.Split(key, ":"); p[0] == "suspect" {
		key = p[0] + ":" + p[1]
	}
	switch {
	case b.State == wire.Tombstone:
		return key + " (tombstone)"
	case b.State == wire.Skeleton:
		return key + " (skeleton)"
	case strings.Contains(key, ":"):
		return key
	}
	return key + "=" + b.Value
}

func (s *stage) event(e core.Event) string {
	text := eventNames[e.Kind]
	if e.Node != 0 {
		text += " " + strconv.FormatUint(e.Node, 10)
	} else if e.Addr.Address != "" {
		text += " " + e.Addr.Address
	}
	if e.Refusal != 0 {
		text += ": " + refusalNames[e.Refusal]
	}
	if e.Offset != 0 {
		text += " by " + time.Duration(e.Offset).Round(time.Millisecond).String()
	}
	return text
}

// frame writes the sections of a frame that are not hidden. Its sender is known to be at that end of the link.
func (s *stage) frame(f *wire.Frame, link, side int) string {
	var all []string
	section := func(name, format string, args ...any) {
		if slices.Contains(s.hidden, name) {
			return
		}
		text := fmt.Sprintf(format, args...)
		if text != "" {
			text = " " + text
		}
		all = append(all, name+text)
	}
	for _, o := range f.Origins {
		s.declared[calling{link, side, o.NodeID}] = o.Incarnation
		if o.Sponsor != 0 {
			section("Origin", "%s sponsor=%d", s.origin(o.NodeID, o.Incarnation), o.Sponsor)
		}
	}
	of := func(node, inc uint64) string {
		if inc == 0 {
			inc = s.declared[calling{link, side, node}]
		}
		return s.origin(node, inc)
	}
	if h := f.Hello; h != nil {
		section("Hello", "%s", s.hello(f.NodeID, h))
	}
	for i := range f.Infos {
		in := &f.Infos[i]
		claim := ""
		if r, ok := in.Claim(); ok {
			claim = fmt.Sprintf(" (%d,%d]%s", r.From, r.To, ifTrue(r.Repair, " repair"))
		}
		section("Info", "%s %s#%d%s hops=%d", content(&in.Body), of(in.Node, in.Incarnation), in.Seq, claim, in.Hops)
	}
	for _, x := range f.Standins {
		section("Standin", "%s for %s#%d", x.Key, of(x.NodeID, x.Incarnation), x.Seq)
	}
	for _, r := range f.Ranges {
		section("Range", "%s (%d,%d]%s", of(r.NodeID, r.Incarnation), r.From, r.To, ifTrue(r.Repair, " repair"))
	}
	for _, a := range f.Adverts {
		section("Advert", "%s to=%d hops=%d%s", of(a.NodeID, a.Incarnation), a.To, a.Hops, ifTrue(a.Pull, " pull"))
	}
	for _, p := range f.Prunes {
		section("Prune", "%s %s", of(p.NodeID, p.Incarnation), modeNames[p.Mode])
	}
	for _, g := range f.Grafts {
		section("Graft", "%s from=%d", of(g.NodeID, g.Incarnation), g.From)
	}
	if len(f.Marks) > 0 || f.MarksEnd {
		var marks []string
		for _, m := range f.Marks {
			marks = append(marks, fmt.Sprintf("%s#%d", of(m.NodeID, m.Incarnation), m.Seq))
		}
		section("Marks", "%s%s", strings.Join(marks, " "), ifTrue(!f.MarksEnd, " ..."))
	}
	if p := f.Ping; p != nil {
		kind := ""
		switch {
		case p.Ask:
			kind = "asks"
		case p.ID != 0:
			kind = "answers" + ifTrue(p.Same, " same")
		case p.Digest != s.nodes[s.conns[link].ends[1-side].node].core.Digest():
			kind = "differs"
		}
		section("Ping", "%s", kind)
	}
	if b := f.Bye; b != nil {
		section("Bye", "%s%s", refusalNames[b.Reason], members(" try", b.Alternates))
	}
	return strings.Join(all, ", ")
}

func (s *stage) hello(node uint64, h *wire.Hello) string {
	text := reasonNames[h.Reason]
	switch h.Verdict {
	case wire.Admitted:
		text = "admitted"
	case wire.Redirected:
		text = "redirected" + members(" to", h.Alternates)
	case wire.Refused:
		text = "refused: " + refusalNames[h.Refusal]
	}
	if o := s.origin(node, h.Incarnation); strings.Contains(o, "'") {
		text += " as " + o
	}
	return text
}

func members(before string, ms []wire.Member) string {
	if len(ms) == 0 {
		return ""
	}
	for _, m := range ms {
		before += " " + strconv.FormatUint(m.NodeID, 10)
	}
	return before
}

func ifTrue(is bool, text string) string {
	if is {
		return text
	}
	return ""
}
