package serial

import (
	"cmp"
	"context"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/grapevine-go/grapevine/internal/simnet"
)

// call is a call that is blocked.
type call struct {
	done chan struct{}
	over bool
	err  error
	end  *simnet.ID // of a dial: where to say which link it is

	stream bool // of a dial: it is one for a stream
}

func newCall() *call { return &call{done: make(chan struct{})} }

// finish ends a call, the first time. mu is held.
func (c *call) finish(err error) {
	if !c.over {
		if c.over = true; err != nil {
			c.err = err
		}
		close(c.done)
	}
}

// tie is what calls have in common that could not be told apart: their goroutines can.
type tie struct {
	class simnet.Class
	key   uint64
}

// turn is a call that has not had its turn.
type turn struct {
	*call
	f     func(*call) (over bool)
	asked chan struct{} // closed when there is a tie
	who   uint64        // number of its goroutine; 0: nobody has asked yet
	nth   uint64        // number of the turn, among those of the run; 0: it has not come
}

// turn blocks until it is the turn of a call, whose effect is f, and then, if f returns false, until the call is finished. The end of
// ctx finishes it, at a turn of its own; if it comes before that of the call, the call has no effect.
//
// Calls of several goroutines that have one name, and whose number is 0, come in the order in which the goroutines were started. Other
// calls of one name and number there is never more than one of.
func (r *Run) turn(ctx context.Context, c simnet.Class, name string, n uint64, f func(*call) (over bool)) error {
	t := &turn{call: newCall(), f: f}
	if ctx.Done() != nil {
		defer context.AfterFunc(ctx, func() {
			r.w.lock()
			defer r.w.unlock()
			switch {
			case r.dead:
			case t.nth == 0:
				t.err = ctx.Err()
			default:
				r.task(0, simnet.Leave, "end of "+name, n|t.nth<<32, func() { t.finish(ctx.Err()) })
			}
		})()
	}
	r.w.lock()
	switch {
	case r.dead:
		t.finish(errDead)
	case n != 0:
		r.wait(t.call)
		r.task(0, c, name, n, func() { r.take(t) })
	default:
		r.wait(t.call)
		t.asked = make(chan struct{})
		same := tie{c, simnet.NameKey(name, 0)}
		r.ties[same] = append(r.ties[same], t)
		r.enter(same, name)
	}
	r.w.unlock()
	select {
	case <-t.done:
	case <-t.asked:
		who, _ := strconv.ParseUint(goroutine(), 10, 64)
		r.w.lock()
		t.who = who
		r.w.unlock()
		<-t.done
	}
	return t.err
}

// enter gives one of the calls of a tie a place among the tasks. mu is held.
func (r *Run) enter(same tie, name string) {
	r.task(0, same.class, name, 0, func() {
		calls := r.ties[same]
		if len(calls) > 1 && slices.ContainsFunc(calls, func(t *turn) bool { return t.who == 0 }) {
			for _, t := range calls {
				if t.who == 0 {
					close(t.asked)
				}
			}
			r.enter(same, name) // when they have answered
			return
		}
		first := slices.MinFunc(calls, func(a, b *turn) int { return cmp.Compare(a.who, b.who) })
		if left := slices.DeleteFunc(calls, func(t *turn) bool { return t == first }); len(left) > 0 {
			r.ties[same] = left
		} else {
			delete(r.ties, same)
		}
		r.take(first)
	})
}

// take has a call take its turn. mu is held.
func (r *Run) take(t *turn) {
	r.turns++
	t.nth = r.turns
	if t.err != nil || t.f(t.call) { // err: its context has ended meanwhile
		t.finish(nil)
	}
}

// ready blocks until something is there: at once if f says so, which then has its turn, else until the call is finished.
func (r *Run) ready(name string, n uint64, f func(*call) (there bool)) error {
	k := newCall()
	r.w.lock()
	switch {
	case r.dead:
		k.finish(errDead)
	case f(k):
		r.task(0, simnet.Leave, name, n, func() { k.finish(nil) })
		fallthrough
	default:
		r.wait(k)
	}
	r.w.unlock()
	<-k.done
	return k.err
}

// wait remembers a call, to be finished if the run dies. mu is held.
func (r *Run) wait(k *call) {
	if len(r.waiting) >= 32 && len(r.waiting) == cap(r.waiting) {
		left := r.waiting[:0]
		for _, c := range r.waiting {
			if !c.over {
				left = append(left, c)
			}
		}
		clear(r.waiting[len(left):])
		r.waiting = left
	}
	r.waiting = append(r.waiting, k)
}

// goroutine returns the number of the calling goroutine.
func goroutine() string {
	var buf [32]byte
	fields := strings.Fields(string(buf[:runtime.Stack(buf[:], false)]))
	return fields[1]
}
