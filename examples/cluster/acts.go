package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
)

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// converge waits until every node knows every node.
func (c *cluster) converge(ctx context.Context, rep *report) error {
	fmt.Fprintf(c.words, "starting %d nodes; each is told of the first %d\n", len(c.nodes), min(seeds, len(c.nodes)))
	h, end, err := c.listenFor(gossip.MakePrefixPattern(gossip.KeyNodeIDPrefix), c.nodes)
	if err != nil {
		return err
	}
	defer end()
	shown := -1
	err = c.until(ctx, func() bool {
		complete, known := 0, 0
		for _, n := range c.nodes {
			k := h.count(n)
			known += k
			if k == len(c.nodes) {
				complete++
			}
		}
		if step := 4 * known / (len(c.nodes) * len(c.nodes)); step > shown {
			shown = step
			fmt.Fprintf(c.words, "  %7.1f ms: %d of %d nodes know everybody, on average %.1f\n", ms(time.Since(c.started)),
				complete, len(c.nodes), float64(known)/float64(len(c.nodes)))
		}
		return complete == len(c.nodes)
	})
	if err != nil {
		return fmt.Errorf("not converged: %w", err)
	}
	rep.Converged, rep.ConvergeMS = true, ms(time.Since(c.started))
	return nil
}

// drawLinks shows who is linked to whom.
func (c *cluster) drawLinks(rep *report) {
	fmt.Fprintln(c.words, "\nlinks (> dialled, < accepted)")
	for _, n := range c.alive() {
		out, in := n.gossip.Outgoing(), n.gossip.Incoming()
		rep.Links += len(out)
		fmt.Fprintf(c.words, "  node %3d  > %-30s < %s\n", n.id, list(out), list(in))
	}
}

func list(ids []gossip.NodeID) string { return strings.Trim(fmt.Sprint(ids), "[]") }

// update writes an info at the last node and follows it to all others.
func (c *cluster) update(ctx context.Context, rep *report) error {
	const key = "greeting"
	from := c.nodes[len(c.nodes)-1]
	h, end, err := c.listenFor("^"+key+"$", c.nodes)
	if err != nil {
		return err
	}
	defer end()
	for _, n := range c.nodes {
		k := key
		n.copies.key.Store(&k)
	}
	start := time.Now()
	if err := from.gossip.AddInfo(key, []byte("hello"), time.Minute); err != nil {
		return err
	}
	err = c.until(ctx, func() bool {
		return !slices.ContainsFunc(c.nodes, func(n *node) bool { _, ok := h.at(n, key); return !ok })
	})
	if err != nil {
		return fmt.Errorf("the update did not reach everybody: %w", err)
	}
	c.settle(ctx) // a second copy comes late, if it comes
	fmt.Fprintf(c.words, "\nnode %d writes %q; who learned it when\n", from.id, key)
	byTime := slices.Clone(c.nodes)
	slices.SortFunc(byTime, func(a, b *node) int {
		ta, _ := h.at(a, key)
		tb, _ := h.at(b, key)
		return cmp.Or(ta.Compare(tb), cmp.Compare(a.id, b.id))
	})
	copies := int64(0)
	for _, n := range byTime {
		t, _ := h.at(n, key)
		hops := 0
		for _, info := range n.gossip.Infos(key) {
			hops = info.Hops
		}
		rep.UpdateMS, rep.UpdateHopsMax = ms(t.Sub(start)), max(rep.UpdateHopsMax, hops)
		copies += n.copies.n.Load()
		fmt.Fprintf(c.words, "  node %3d  %7.2f ms  %d hops\n", n.id, ms(t.Sub(start)), hops)
	}
	rep.UpdateCopies = float64(copies) / float64(max(1, len(c.nodes)-1))
	return nil
}

// killAndRecover kills some nodes, and waits until the others hear each other again and have no link to the dead.
func (c *cluster) killAndRecover(ctx context.Context, kill int, rep *report) error {
	var dead []gossip.NodeID
	start := time.Now()
	for i := range kill { // spread over the IDs: seeds die too
		n := c.nodes[(1+i*len(c.nodes)/kill)%len(c.nodes)]
		n.kill()
		dead = append(dead, n.id)
	}
	rep.Killed = len(dead)
	fmt.Fprintf(c.words, "\nkilled without a goodbye: %s\n", list(dead))
	alive := c.alive()
	h, end, err := c.listenFor(gossip.MakePrefixPattern("alive"), alive)
	if err != nil {
		return err
	}
	defer end()
	for _, n := range alive {
		if err := n.gossip.AddInfo(gossip.MakeKey("alive", fmt.Sprint(n.id)), nil, time.Minute); err != nil {
			return err
		}
	}
	haunted := func(n *node) bool {
		return slices.ContainsFunc(n.links(), func(id gossip.NodeID) bool { return slices.Contains(dead, id) })
	}
	deaf, free := -1, -1
	err = c.until(ctx, func() bool {
		d, f := 0, 0
		for _, n := range alive {
			if h.count(n) < len(alive) {
				d++
			}
			if !haunted(n) {
				f++
			}
		}
		if d != deaf || f != free {
			deaf, free = d, f
			fmt.Fprintf(c.words, "  %7.1f ms: %d of %d survivors hear all others, %d have no dead link\n", ms(time.Since(start)),
				len(alive)-d, len(alive), f)
		}
		return d == 0 && f == len(alive)
	})
	if err != nil {
		return fmt.Errorf("not recovered: %w", err)
	}
	rep.Recovered, rep.RecoverMS = true, ms(time.Since(start))
	return nil
}
