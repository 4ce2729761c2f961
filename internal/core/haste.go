package core

// haste is what a node knows of pushes of settled origins that are late. As long as some are, waiting for one costs more than asking in vain.
type haste struct {
	by           originID // whose push was late last
	until, other int64    // Mono until when that counts, and until when the last late push of another origin does
	usual        int64    // how late pushes usually are: one in ten is later
}

// hurriedPings is for how many ping periods one late push counts.
const hurriedPings = 3

// hurried reports whether a push has been late a short time ago. Such a node advertises earlier. Where distances differ, lateness says nothing: there
// is a path for each. Whoever finds that they do measures, and tells the others by that.
func (c *Core) hurried() bool {
	return c.now.Mono < c.haste.until && !c.scale.told
}

// hurriedFor reports whether that was a push of another origin than o. Then the node waits by how late pushes usually are. Where no frames are lost, one origin's pushes
// are late after its tree has changed, and would be again.
func (c *Core) hurriedFor(o *origin) bool {
	return c.hurried() && (c.haste.by != o.id || c.now.Mono < c.haste.other)
}

// overdue takes in that what a settled origin wrote last is pushed by its parent, or by who was that until it was late.
func (c *Core) overdue(o *origin) {
	if o.updates < settledUpdates || o.wantSince == 0 || c.now.Mono-max(o.wantSince, o.pushed) <= c.cfg.Timers.Graft/2 {
		return
	}
	h := &c.haste
	if h.by != o.id {
		h.by, h.other = o.id, h.until
	}
	h.until = c.now.Mono + hurriedPings*c.cfg.Timers.Ping
}

// push takes in a push of a settled origin, d behind its first advert; 0: before it. One that is later than usual doubles what is, and each other one
// takes a thirteenth off: so one in ten is later (p log 2 = (1-p) log 13/12), if as many are late at all.
func (h *haste) push(d, graft int64) {
	if d > h.usual {
		h.usual = min(2*h.usual, 10*graft)
	} else {
		h.usual = max(h.usual-h.usual/13, graft/16)
	}
}
