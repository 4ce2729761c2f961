package gossiptest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/internal/serial"
)

// streamer is an application that sends a numbered frame to each other host every 10 ms, and takes note of what comes. Links that end
// are dialled again.
type streamer struct {
	h    *Host
	size int // of a frame, in bytes
	log  *streams
}

// streams is what streamers have sent and got.
type streams struct {
	mu   sync.Mutex
	sent map[way][]sending
	got  []arrival               // in order
	down map[way][]time.Duration // when links that were dialled have ended
}

type way struct{ from, to int }

// sending is a frame that was sent: the n-th of its way.
type sending struct {
	at   time.Duration
	took time.Duration // Send
}

type arrival struct {
	way
	n  int
	at time.Duration
}

const (
	streamTick    = 10 * time.Millisecond
	streamLatency = 25 * time.Millisecond
)

func newStreams() *streams {
	return &streams{sent: map[way][]sending{}, down: map[way][]time.Duration{}}
}

func (a *streamer) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	tr := a.h.Transport()
	defer tr.Close()
	wg.Go(func() {
		for {
			l, err := tr.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer l.Close()
				for {
					frame, err := l.Recv()
					if err != nil {
						return
					}
					g := arrival{at: a.h.Sim().Now()}
					if _, err := fmt.Sscan(string(frame), &g.from, &g.to, &g.n); err != nil {
						a.h.Sim().Error(err)
					}
					a.log.mu.Lock()
					a.log.got = append(a.log.got, g)
					a.log.mu.Unlock()
				}
			})
		}
	})
	for to := range a.h.Sim().world.Len() {
		if to != a.h.Index() {
			wg.Go(func() { a.stream(ctx, way{a.h.Index(), to}) })
		}
	}
	<-ctx.Done()
	return nil
}

// stream sends to one host until ctx ends.
func (a *streamer) stream(ctx context.Context, w way) {
	for ctx.Err() == nil {
		dial, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
		l, err := a.h.Transport().Dial(dial, serial.Addr(w.to))
		cancel()
		if err != nil {
			select {
			case <-ctx.Done():
			case <-time.After(50 * time.Millisecond):
			}
			continue
		}
		over := make(chan struct{})
		go func() {
			_, _ = l.Recv() // nothing comes but the end
			close(over)
		}()
		tick := time.NewTicker(streamTick)
		for err == nil {
			select {
			case <-ctx.Done():
				err = ctx.Err()
			case <-over:
				err = context.Canceled
			case <-tick.C:
				a.log.mu.Lock()
				n := len(a.log.sent[w])
				a.log.sent[w] = append(a.log.sent[w], sending{at: a.h.Sim().Now()})
				a.log.mu.Unlock()
				frame := fmt.Append(nil, w.from, w.to, n, " ")
				frame = append(frame, make([]byte, max(a.size-len(frame), 0))...)
				err = l.Send(frame)
				a.log.mu.Lock()
				s := &a.log.sent[w][n]
				s.took = a.h.Sim().Now() - s.at
				a.log.mu.Unlock()
			}
		}
		tick.Stop()
		_ = l.Close()
		<-over
		a.log.mu.Lock()
		a.log.down[w] = append(a.log.down[w], a.h.Sim().Now())
		a.log.mu.Unlock()
	}
}

// flow is what became of the frames that were sent one way in some time.
type flow struct {
	sent, got   int
	twice       int             // came more than once
	behind      int             // came behind one that was sent later
	delays      []time.Duration // of those that came, for the first time, in the order in which they were sent
	late        int             // of them, more than one latency
	took        time.Duration   // the longest Send
	down        int             // links that ended meanwhile
	first, last time.Duration   // when some came
	whole, none int             // stretches of 50 ms all of whose frames were late, and none
}

// over returns what became of what was sent from a time to another.
func (s *streams) over(w way, from, to time.Duration) (t flow) {
	s.mu.Lock()
	defer s.mu.Unlock()
	came := map[int]time.Duration{}
	highest := -1
	for _, g := range s.got {
		if g.way != w {
			continue
		}
		at := s.sent[w][g.n].at
		_, again := came[g.n]
		if at >= from && at < to {
			switch {
			case again:
				t.twice++
			case g.n < highest:
				t.behind++
			}
			if t.first == 0 {
				t.first = g.at
			}
			t.last = g.at
		}
		if !again {
			came[g.n] = g.at
		}
		highest = max(highest, g.n)
	}
	late := map[time.Duration][2]int{}
	for n, x := range s.sent[w] {
		if x.at < from || x.at >= to {
			continue
		}
		t.sent++
		t.took = max(t.took, x.took)
		at, ok := came[n]
		if !ok {
			continue
		}
		t.got++
		t.delays = append(t.delays, at-x.at)
		stretch := late[x.at/(50*time.Millisecond)]
		if at-x.at > streamLatency {
			t.late++
			stretch[1]++
		} else {
			stretch[0]++
		}
		late[x.at/(50*time.Millisecond)] = stretch
	}
	for _, n := range late {
		if n[0] == 0 {
			t.whole++
		} else if n[1] == 0 {
			t.none++
		}
	}
	for _, at := range s.down[w] {
		if at >= from && at < to {
			t.down++
		}
	}
	return t
}

// clean reports whether everything came at once and in order.
func (t flow) clean() bool {
	return t.got == t.sent && t.sent > 0 && t.twice+t.behind+t.late+t.down == 0 && t.took == 0 && slices.Max(t.delays) == streamLatency
}

func (t flow) String() string {
	worst := time.Duration(0)
	if len(t.delays) > 0 {
		worst = slices.Max(t.delays)
	}
	return fmt.Sprintf("of %d frames %d came, from %v to %v: %d twice, %d out of order, %d late, by %v at most; a Send took %v, %d links ended; %d stretches late, %d not",
		t.sent, t.got, t.first, t.last, t.twice, t.behind, t.late, worst, t.took, t.down, t.whole, t.none)
}
