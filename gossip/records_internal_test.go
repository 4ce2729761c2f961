package gossip

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
)

func TestRecordsAgainstMap(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	r, want := newRecords(), map[string]*core.Record{}
	for range 100_000 {
		key := fmt.Sprint(rng.IntN(1 + rng.IntN(5000)))
		if rng.IntN(3) == 0 {
			r.remove(key)
			delete(want, key)
		} else {
			rec := record(key, rng.Int64())
			r.set(rec)
			want[key] = rec
		}
		key = fmt.Sprint(rng.IntN(5000))
		if got := r.get(key); got != want[key] {
			t.Fatalf("get(%q) = %v, want %v", key, got, want[key])
		}
	}
	n := 0
	r.each(func(rec *core.Record) {
		n++
		if want[rec.Key] != rec {
			t.Errorf("each yields %q, which is not there", rec.Key)
		}
	})
	if n != len(want) {
		t.Errorf("each yields %d records, want %d", n, len(want))
	}
	if r.get("") != nil {
		t.Error("there is a record without a key")
	}
	slots := 0
	for i := range r.shards {
		slots += len(r.shards[i].table.Load().slots)
	}
	if slots > 8*len(want)+shards*smallest {
		t.Errorf("%d records take %d slots", len(want), slots)
	}
}

func TestRecordsKeepOneKeyWhileOthersMove(t *testing.T) {
	r := newRecords()
	r.set(record("here", 0))
	var readers sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		readers.Go(func() {
			for last := int64(0); ; {
				select {
				case <-stop:
					return
				default:
				}
				rec := r.get("here")
				if rec == nil || rec.Stamp.Wall < last {
					t.Errorf("get = %v after %d", rec, last)
					return
				}
				last = rec.Stamp.Wall
				if rec := r.get("never"); rec != nil {
					t.Errorf("get of what was never there = %v", rec)
					return
				}
			}
		})
	}
	for i := range int64(50_000) {
		r.set(record("here", i))
		r.set(record(fmt.Sprint(i), i))
		if i >= 100 {
			r.remove(fmt.Sprint(i - 100))
		}
	}
	close(stop)
	readers.Wait()
}

// TestPickOfAKeySetAgain removes a key and sets it again while pick looks on: it moves to another slot, behind the first.
func TestPickOfAKeySetAgain(t *testing.T) {
	for range 100 { // hashes differ from table to table
		r := newRecords()
		old, again := record("k", 1), record("k", 2)
		old.Expires, again.Expires = math.MaxInt64, math.MaxInt64
		r.set(old)
		seen := 0
		got := r.pick(0, func(string) bool {
			if seen++; seen == 1 {
				r.remove("k")
				r.set(again)
			}
			return true
		})
		if seen == 1 && (len(got) != 1 || got[0] != old) || seen == 2 && (len(got) != 1 || got[0] != again) {
			t.Fatalf("pick of a key that it saw %d times = %v, want the newest", seen, got)
		}
	}
}

func TestPickIsSortedAndLive(t *testing.T) {
	r := newRecords()
	for i := range 100 {
		rec := record(fmt.Sprintf("k%02d", i), 1)
		rec.Expires = int64(i)
		r.set(rec)
	}
	forever := record("k", 1)
	forever.Expires = math.MaxInt64
	r.set(forever)
	got := r.pick(97, func(key string) bool { return key != "k99" })
	if len(got) != 2 || got[0] != forever || got[1].Key != "k98" {
		t.Errorf("pick = %v, want k and k98", got)
	}
}

// TestGoneIsForgotten: of an info that is deleted or has expired, readers' memory keeps nothing.
func TestGoneIsForgotten(t *testing.T) {
	l := &loop{g: &Gossip{records: newRecords()}}
	for _, kind := range []core.ChangeKind{core.Deleted, core.Expired} {
		l.publish([]core.Change{{Kind: core.Added, Record: record("k", 1)}})
		if l.g.records.get("k") == nil {
			t.Error("what was added is not there")
		}
		if l.publish([]core.Change{{Kind: kind, Record: record("k", 2)}}); l.g.records.get("k") != nil {
			t.Errorf("after a change of kind %d it is still there", kind)
		}
	}
}
