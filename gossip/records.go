package gossip

import (
	"cmp"
	"hash/maphash"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// records holds the live infos for readers, by key. Only the loop writes; readers wait for nobody.
//
// It is a hash table of pointers, since a record has its key: measured against sync.Map, writing takes less than half
// the time and no allocation. The shards bound how much is moved at once when one of them grows.
type records struct {
	seed   maphash.Seed
	shards [shards]shard
}

const (
	shards    = 1 << shardBits
	shardBits = 4
	smallest  = 8 // slots of a table
)

// shard is a table with open addressing, at most half full.
type shard struct {
	table atomic.Pointer[table]
	live  int // records
	used  int // slots that are not nil: records, and what removed ones have left
}

type table struct{ slots []atomic.Pointer[core.Record] }

// removed stands where a record was, so that those behind it are found. No info has the empty key.
func removed() *core.Record { return &core.Record{} }

func newRecords() *records { return &records{seed: maphash.MakeSeed()} }

func (r *records) find(key string) (s *shard, hash uint64) {
	hash = maphash.String(r.seed, key)
	return &r.shards[hash%shards], hash >> shardBits
}

// get returns the record of key, nil if there is none.
func (r *records) get(key string) *core.Record {
	if key == "" {
		return nil
	}
	s, hash := r.find(key)
	if t := s.table.Load(); t != nil {
		_, rec := t.slot(hash, key)
		return rec
	}
	return nil
}

// slot returns the slot of key and its record, or a slot to put it, and nil.
func (t *table) slot(hash uint64, key string) (*atomic.Pointer[core.Record], *core.Record) {
	for i, mask := hash, uint64(len(t.slots)-1); ; i++ {
		p := &t.slots[i&mask]
		if rec := p.Load(); rec == nil || rec.Key == key {
			return p, rec
		}
	}
}

// set puts rec in the place of the one with its key.
func (r *records) set(rec *core.Record) {
	s, hash := r.find(rec.Key)
	t := s.table.Load()
	if t == nil || 2*s.used >= len(t.slots) {
		t = s.grow(r.seed)
	}
	p, old := t.slot(hash, rec.Key)
	p.Store(rec)
	if old == nil {
		s.live++
		s.used++
	}
}

// grow moves the records of a shard to a new table, with room for as many again.
func (s *shard) grow(seed maphash.Seed) *table {
	size := smallest
	for size <= 3*s.live {
		size *= 2
	}
	t := &table{slots: make([]atomic.Pointer[core.Record], size)}
	if old := s.table.Load(); old != nil {
		for i := range old.slots {
			if rec := old.slots[i].Load(); rec != nil && rec.Key != "" {
				p, _ := t.slot(maphash.String(seed, rec.Key)>>shardBits, rec.Key)
				p.Store(rec)
			}
		}
	}
	s.used = s.live
	s.table.Store(t)
	return t
}

// remove forgets the record of key.
func (r *records) remove(key string) {
	s, hash := r.find(key)
	t := s.table.Load()
	if t == nil {
		return
	}
	if p, rec := t.slot(hash, key); rec != nil {
		p.Store(removed())
		s.live--
	}
}

// each calls f for each record, in no order. Of those set or removed meanwhile, it may see some.
func (r *records) each(f func(*core.Record)) {
	for i := range r.shards {
		t := r.shards[i].table.Load()
		if t == nil {
			continue
		}
		for j := range t.slots {
			if rec := t.slots[j].Load(); rec != nil && rec.Key != "" {
				f(rec)
			}
		}
	}
}

// pick returns the live records whose keys are wanted, by key: of each key one, the newest that it has seen.
func (r *records) pick(now int64, wanted func(key string) bool) []*core.Record {
	var recs []*core.Record
	r.each(func(rec *core.Record) {
		if live(rec, now) && wanted(rec.Key) {
			recs = append(recs, rec)
		}
	})
	slices.SortFunc(recs, func(a, b *core.Record) int { return cmp.Or(strings.Compare(a.Key, b.Key), order(b, a)) })
	// A key that was removed and set again meanwhile may stand in two places.
	return slices.CompactFunc(recs, func(a, b *core.Record) bool { return a.Key == b.Key })
}

// live reports whether readers may see rec, which may be nil.
func live(rec *core.Record, now int64) bool {
	return rec != nil && rec.State == wire.Live && now < rec.Expires
}
