package core

import (
	"cmp"
	"iter"
	"slices"
	"sort"
)

// ring is the members by place, in parts: cores that begin from the same base share the parts they have not changed.
type ring struct {
	parts []*arc
	n     int
}

// arc is a part of a ring, never empty. A shared one is nobody's to change, and neither are its members.
type arc struct {
	members []*member
	shared  bool
}

// longestArc is how many members a part has before it is made two.
const longestArc = 128

// share returns the same ring, all of it shared, for a core of its own. The parts of r must be shared already.
func (r *ring) share() ring { return ring{parts: slices.Clone(r.parts), n: r.n} }

// at returns the i-th member.
func (r *ring) at(i int) *member {
	for _, p := range r.parts {
		if i < len(p.members) {
			return p.members[i]
		}
		i -= len(p.members)
	}
	return nil
}

// from iterates over all members, beginning with the i-th.
func (r *ring) from(i int) iter.Seq[*member] {
	return func(yield func(*member) bool) {
		k, before := 0, 0 // the part that the i-th is in, and members before that
		for k < len(r.parts) && i >= before+len(r.parts[k].members) {
			before += len(r.parts[k].members)
			k++
		}
		if k == len(r.parts) {
			k, before, i = 0, 0, 0
		}
		for range r.n {
			p := r.parts[k]
			if !yield(p.members[i-before]) {
				return
			}
			if i++; i-before == len(p.members) {
				if k, before = k+1, i; k == len(r.parts) {
					k, before, i = 0, 0, 0
				}
			}
		}
	}
}

// all iterates over all members.
func (r *ring) all() iter.Seq[*member] { return r.from(0) }

// find returns where a node is or belongs: the part, and the place in it.
func (r *ring) find(pos, node uint64) (part, i int, ok bool) {
	reaches := func(m *member) bool { return cmp.Or(cmp.Compare(m.pos, pos), cmp.Compare(m.node, node)) >= 0 }
	part = sort.Search(len(r.parts), func(k int) bool {
		ms := r.parts[k].members
		return reaches(ms[len(ms)-1])
	})
	if part == len(r.parts) {
		if part == 0 {
			return 0, 0, false
		}
		part--
		return part, len(r.parts[part].members), false
	}
	ms := r.parts[part].members
	i = sort.Search(len(ms), func(k int) bool { return reaches(ms[k]) })
	return part, i, ms[i].node == node
}

// behind returns the place of the first member at or behind a node.
func (r *ring) behind(node uint64) int {
	part, i, _ := r.find(ringPos(node), node)
	for _, p := range r.parts[:part] {
		i += len(p.members)
	}
	return i
}

// member returns a node's, nil if it is none. It is not to be changed; see edit.
func (r *ring) member(node uint64) *member {
	if part, i, ok := r.find(ringPos(node), node); ok {
		return r.parts[part].members[i]
	}
	return nil
}

// own makes a part this ring's to change.
func (r *ring) own(part int) *arc {
	p := r.parts[part]
	if p.shared {
		p = &arc{members: slices.Clone(p.members)}
		r.parts[part] = p
	}
	return p
}

// edit returns a member that may be changed, in the place of m.
func (r *ring) edit(m *member) *member {
	if !m.shared {
		return m
	}
	part, i, _ := r.find(m.pos, m.node)
	own := *m
	own.shared = false
	r.own(part).members[i] = &own
	return &own
}

// insert puts m, which is not there, in its place.
func (r *ring) insert(m *member) {
	r.n++
	if len(r.parts) == 0 {
		r.parts = append(r.parts, &arc{members: []*member{m}})
		return
	}
	part, i, _ := r.find(m.pos, m.node)
	p := r.own(part)
	p.members = slices.Insert(p.members, i, m)
	if half := len(p.members) / 2; 2*half >= longestArc {
		r.parts = slices.Insert(r.parts, part+1, &arc{members: slices.Clone(p.members[half:])})
		p.members = slices.Delete(p.members, half, len(p.members))
	}
}

// remove takes m, which is there, out.
func (r *ring) remove(m *member) {
	r.n--
	part, i, _ := r.find(m.pos, m.node)
	p := r.own(part)
	if p.members = slices.Delete(p.members, i, i+1); len(p.members) == 0 {
		r.parts = slices.Delete(r.parts, part, part+1)
	}
}
