package simnet

import "time"

// ID names a link at one of its hosts, in one of the host's runs: from 1 upwards.
type ID uint32

// host is a machine of the network. All but its links outlives a crash.
type host struct {
	id     int32
	boots  uint32 // runs so far; tells what belongs to the current one
	group  int32  // of a partition
	out    cutSet // one-way cuts that it is before
	in     cutSet // one-way cuts that it is behind
	clock  clock
	slow   float64 // latencies of all that it sends and gets are times as long, if it is not 0
	up     bool
	silent bool // not to be heard and hearing nothing
	refs   []ref
	last   ID // given out

	paused bool
	stash  []event // what happens to it later
	rate   float64 // bytes a second that leave it; 0: no matter
	free   int64   // when what it has sent so far has left it

	dials uint32 // in all runs
	next  int64  // the time given to Wake, by its clock
	armed int64  // earliest event of it; 0: none
}

// ref is how a host knows a link.
type ref struct {
	id   ID
	link int32
	side uint8
}

func (h *host) ref(id ID) (ref, bool) {
	for i := len(h.refs) - 1; i >= 0; i-- {
		if h.refs[i].id == id {
			return h.refs[i], true
		}
	}
	return ref{}, false
}

// Boot begins a run of a host that is not up.
func (n *Net) Boot(host int) {
	h := &n.hosts[host]
	h.boots++
	h.up, h.silent, h.last = true, false, 0
}

// Boots returns the number of runs that the host has begun.
func (n *Net) Boots(host int) int { return int(n.hosts[host].boots) }

// Up reports whether the host runs: booted, and neither crashed nor silent.
func (n *Net) Up(host int) bool { return n.hosts[host].up }

// StartAll has each host that is not up then started at a random instant between now and within from now.
func (n *Net) StartAll(within time.Duration) {
	for i := range n.hosts {
		at := n.now
		if within > 0 {
			at += Below(Hash(n.opts.Seed, saltStart, uint64(i)), int64(within)+1)
		}
		n.at(newEvent(at, evStart, int32(i), 0, 0, -1))
	}
}

// Crash ends the run of a host that is up. Its peers see their links end; the driver hears nothing more of that run.
func (n *Net) Crash(host int) {
	h := &n.hosts[host]
	for _, r := range h.refs {
		n.hangUp(r.link, r.side, false)
		n.lay(r.link, r.side)
	}
	h.halt()
}

// Silence ends the run of a host, if it is up, and nobody is told; dials to it are not answered, until Speak or the next run.
func (n *Net) Silence(host int) {
	h := &n.hosts[host]
	h.silent = true
	for _, r := range h.refs {
		n.lay(r.link, r.side)
	}
	h.halt()
}

// Speak ends the silence of a host that is down: dials to it are refused from now on.
func (n *Net) Speak(host int) { n.hosts[host].silent = false }

// halt ends a run. The links are the caller's.
func (h *host) halt() { h.up, h.refs, h.next, h.armed = false, nil, 0, 0 }

// Links calls f for each open link of the host.
func (n *Net) Links(host int, f func(ID)) {
	for _, r := range n.hosts[host].refs {
		f(r.id)
	}
}

// Way returns the link as its host sees it, and false if the host has none of that name.
func (n *Net) Way(host int, l ID) (Way, bool) {
	r, ok := n.hosts[host].ref(l)
	if !ok {
		return Way{}, false
	}
	return n.links[r.link].way(r.side), true
}

// Flag has the Watcher told when the link ends.
func (n *Net) Flag(host int, l ID) {
	if r, ok := n.hosts[host].ref(l); ok {
		n.links[r.link].ends[r.side].flag = true
	}
}

// Mono returns what the host's monotonic clock shows.
func (n *Net) Mono(host int) int64 { return n.hosts[host].clock.now(n.now) }

// Offset returns by how much the host's wall clock is ahead of its monotonic one, the time since New being that of the wall.
func (n *Net) Offset(host int) int64 { return n.hosts[host].clock.offset }

// When returns the instant at which the host's monotonic clock shows mono or more.
func (n *Net) When(host int, mono int64) time.Duration {
	return time.Duration(n.hosts[host].clock.when(mono))
}

// Wake has the driver's Deadline called when the host's monotonic clock shows mono or more. It takes the place of the call before;
// 0 means never.
func (n *Net) Wake(host int, mono int64) {
	h := &n.hosts[host]
	h.next = mono
	n.arm(h)
}

// arm sees to it that there is an event at the host's deadline or before. Events that turn out to be too early or one too many do
// nothing.
func (n *Net) arm(h *host) {
	if h.next == 0 {
		return
	}
	if at := max(h.clock.when(h.next), n.now); h.armed == 0 || at < h.armed {
		h.armed = at
		n.at(newEvent(at, evDeadline, h.id, 0, 0, -1))
	}
}

func (n *Net) deadline(h *host, at int64) {
	if at != h.armed {
		return
	}
	h.armed = 0
	if h.next != 0 && h.next <= h.clock.now(at) {
		h.next = 0
		n.opts.Driver.Deadline(int(h.id))
		return
	}
	n.arm(h)
}
