package gossiptest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/gossiptest/fault"
	"github.com/grapevine-go/grapevine/gossiptest/gossipfake"
	"github.com/grapevine-go/grapevine/transport"
)

// wrapAll is h with everything wrapped.
func wrapAll(h gossiptest.TransportHarness, prepare func(*gossiptest.Weather)) gossiptest.TransportHarness {
	make := h.New
	h.New = func(t *testing.T, n int) []transport.Transport {
		w := gossiptest.NewWeather(nil)
		ts := make(t, n)
		for i := range ts {
			ts[i] = gossiptest.Wrap(ts[i], w)
			t.Cleanup(func() { ts[i].Close() })
		}
		prepare(w)
		return ts
	}
	return h
}

func passAll(*gossiptest.Packet) gossiptest.Verdict { return gossiptest.Verdict{} }

func TestWrapKeepsTheContract(t *testing.T) {
	delayed := harness(0)
	delayed.MaxFrame = 0 // what is delayed is not found to be too large in time
	for _, c := range []struct {
		name    string
		harness gossiptest.TransportHarness
		prepare func(w *gossiptest.Weather)
	}{
		{name: "calm", harness: harness(0), prepare: func(*gossiptest.Weather) {}},
		{name: "another transport", harness: baseHarness(nil), prepare: func(*gossiptest.Weather) {}},
		{name: "a rule", harness: delayed, prepare: func(w *gossiptest.Weather) { w.Rule(passAll) }},
		{name: "latency", harness: delayed, prepare: func(w *gossiptest.Weather) { w.Network(gossiptest.NetworkModel{}) }},
		{name: "loss", harness: delayed, prepare: func(w *gossiptest.Weather) {
			w.Network(gossiptest.NetworkModel{Loss: 0.3, Jitter: 0.9})
			w.Begin(fault.Fault{Kind: fault.Bandwidth, Nodes: []int{0}, Amount: 1 << 30})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := wrapAll(c.harness, c.prepare)
			h.Timeout = 24 * time.Hour
			for _, tc := range gossiptest.TransportCases(h) {
				t.Run(tc.Name, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						if err := tc.Run(t, h); err != nil {
							t.Error(err)
						}
					})
				})
			}
		})
	}
	t.Run("real time", func(t *testing.T) {
		gossiptest.TestTransport(t, wrapAll(harness(0), func(*gossiptest.Weather) {}))
	})
}

// stormy is a link between two nodes of a Weather, in a bubble.
type stormy struct {
	w         *gossiptest.Weather
	ts        []transport.Transport
	near, far transport.Link
}

func inWeather(t *testing.T, model *gossiptest.NetworkModel, f func(t *testing.T, s *stormy)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := gossiptest.NewNetwork(nil, nil)
		s := &stormy{w: gossiptest.NewWeather(&gossiptest.WeatherOptions{Seed: 7})}
		if model != nil {
			s.w.Network(*model)
		}
		for range 2 {
			tr := gossiptest.Wrap(n.Listen(""), s.w)
			defer tr.Close()
			s.ts = append(s.ts, tr)
		}
		s.near, s.far = connect(t, s.ts[0], s.ts[1])
		f(t, s)
	})
}

// listen has what a link receives noted, with the time.
func listen(l transport.Link, notes *[]string) {
	begin := time.Now()
	go func() {
		for {
			frame, err := l.Recv()
			if err != nil {
				*notes = append(*notes, fmt.Sprintf("end at %v", time.Since(begin)))
				return
			}
			*notes = append(*notes, fmt.Sprintf("%s at %v", frame, time.Since(begin).Round(time.Microsecond)))
		}
	}()
}

func TestWrapFaults(t *testing.T) {
	for _, c := range []struct {
		name  string
		model *gossiptest.NetworkModel
		do    func(t *testing.T, s *stormy)
		near  []string // what comes in there within 10 s
		far   []string
	}{
		{name: "none", do: func(t *testing.T, s *stormy) {
			send(t, s.near, "a")
			send(t, s.far, "b")
		}, near: []string{"b at 0s"}, far: []string{"a at 0s"}},
		{name: "latency", model: &gossiptest.NetworkModel{Latency: 50 * time.Millisecond, Jitter: -1}, do: func(t *testing.T, s *stormy) {
			send(t, s.near, "a")
			send(t, s.far, "b")
		}, near: []string{"b at 100ms"}, far: []string{"a at 50ms"}}, // the link gets there together with a
		{name: "slow", model: &gossiptest.NetworkModel{Latency: 50 * time.Millisecond, Jitter: -1}, do: func(t *testing.T, s *stormy) {
			end := s.w.Begin(fault.Fault{Kind: fault.Slow, Nodes: []int{1}, Amount: 4})
			send(t, s.near, "a")
			end()
			time.Sleep(time.Second)
			send(t, s.near, "b")
		}, far: []string{"a at 200ms", "b at 1.05s"}},
		{name: "a rule delays", do: func(t *testing.T, s *stormy) {
			remove := s.w.Rule(func(p *gossiptest.Packet) (v gossiptest.Verdict) {
				if p.From == 0 && p.To == 1 && string(p.Frame) == "a" {
					v.Late = time.Second
				}
				return v
			})
			send(t, s.near, "a")
			send(t, s.near, "b") // not before a
			time.Sleep(2 * time.Second)
			remove()
			send(t, s.near, "a")
		}, far: []string{"a at 1s", "b at 1s", "a at 2s"}},
		{name: "a rule that is removed", do: func(t *testing.T, s *stormy) {
			remove := s.w.Rule(func(p *gossiptest.Packet) gossiptest.Verdict { return gossiptest.Verdict{Late: time.Second} })
			send(t, s.near, "a")
			send(t, s.far, "c")
			synctest.Wait() // it has come, and is delayed here
			remove()
			send(t, s.near, "b") // not before a
			send(t, s.far, "d")
		}, near: []string{"c at 1s", "d at 1s"}, far: []string{"a at 1s", "b at 1s"}},
		{name: "a rule drops", do: func(t *testing.T, s *stormy) {
			s.w.Rule(func(p *gossiptest.Packet) gossiptest.Verdict { return gossiptest.Verdict{Drop: p.From == 1} })
			send(t, s.near, "a")
			send(t, s.far, "b")
		}, far: []string{"a at 0s"}},
		{name: "partition", do: func(t *testing.T, s *stormy) {
			s.w.Faults(fault.Fault{Kind: fault.Partition, At: time.Second, For: 3 * time.Second, Nodes: []int{1}})
			send(t, s.near, "a")
			time.Sleep(2 * time.Second)
			send(t, s.near, "b")
		}, near: []string{"end at 4s"}, far: []string{"a at 0s", "end at 4s"}},
		{name: "a partition that nothing notices", do: func(t *testing.T, s *stormy) {
			s.w.Faults(fault.Fault{Kind: fault.Partition, At: time.Second, For: 3 * time.Second, Nodes: []int{1}})
			time.Sleep(5 * time.Second)
			send(t, s.near, "b")
		}, far: []string{"b at 5s"}},
		{name: "partition of what is on its way", model: &gossiptest.NetworkModel{Latency: 500 * time.Millisecond, Jitter: -1}, do: func(t *testing.T, s *stormy) {
			send(t, s.near, "a")
			send(t, s.far, "b")
			time.Sleep(400 * time.Millisecond)
			end := s.w.Begin(fault.Fault{Kind: fault.Partition, Nodes: []int{0}})
			time.Sleep(200 * time.Millisecond)
			end()
		}, near: []string{"end at 1.1s"}, far: []string{"end at 1.1s"}},
		{name: "one way", do: func(t *testing.T, s *stormy) {
			end := s.w.Begin(fault.Fault{Kind: fault.OneWay, Nodes: []int{1}, To: []int{0}})
			send(t, s.near, "a")
			send(t, s.far, "b")
			time.Sleep(time.Second)
			end()
		}, near: []string{"end at 1s"}, far: []string{"a at 0s", "end at 1s"}},
		{name: "faults that overlap", do: func(t *testing.T, s *stormy) {
			one := s.w.Begin(fault.Fault{Kind: fault.Partition, Nodes: []int{0}})
			two := s.w.Begin(fault.Fault{Kind: fault.Partition, Nodes: []int{0}})
			send(t, s.near, "a")
			time.Sleep(time.Second)
			one()
			one() // once is enough
			time.Sleep(time.Second)
			two()
		}, near: []string{"end at 2s"}, far: []string{"end at 2s"}},
		{name: "bandwidth", do: func(t *testing.T, s *stormy) {
			s.w.Begin(fault.Fault{Kind: fault.Bandwidth, Nodes: []int{0}, Amount: 2})
			send(t, s.near, "a")
			send(t, s.near, "b")
			send(t, s.far, "c")
		}, near: []string{"c at 1s"}, far: []string{"a at 500ms", "b at 1s"}},
		{name: "a partition does not flap", do: func(t *testing.T, s *stormy) {
			end := s.w.Begin(fault.Fault{Kind: fault.Partition, Nodes: []int{0}, Every: time.Second})
			time.Sleep(1500 * time.Millisecond)
			send(t, s.near, "a")
			time.Sleep(time.Second)
			end()
		}, near: []string{"end at 2.5s"}, far: []string{"end at 2.5s"}},
		{name: "duplicates", do: func(t *testing.T, s *stormy) {
			s.w.Begin(fault.Fault{Kind: fault.Duplicate, Amount: 1})
			send(t, s.near, "a")
			send(t, s.far, "b")
		}, near: []string{"b at 0s", "b at 0s"}, far: []string{"a at 0s", "a at 0s"}},
		{name: "out of order", model: &gossiptest.NetworkModel{Latency: time.Second, Jitter: -1}, do: func(t *testing.T, s *stormy) {
			end := s.w.Begin(fault.Fault{Kind: fault.Reorder, Amount: 1})
			send(t, s.near, "a")
			end()
			send(t, s.near, "b")
		}, far: []string{"b at 1s", "a at 2s"}},
		{name: "flapping", do: func(t *testing.T, s *stormy) {
			end := s.w.Begin(fault.Fault{Kind: fault.Flap, Nodes: []int{0}, Every: time.Second})
			defer end()
			time.Sleep(1500 * time.Millisecond)
			send(t, s.near, "a")
			time.Sleep(time.Second)
			send(t, s.near, "b")
			time.Sleep(time.Second)
		}, near: []string{"end at 3s"}, far: []string{"a at 1.5s", "end at 3s"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWeather(t, c.model, func(t *testing.T, s *stormy) {
				var near, far []string
				listen(s.near, &near)
				listen(s.far, &far)
				c.do(t, s)
				time.Sleep(10 * time.Second)
				synctest.Wait()
				if !slices.Equal(near, c.near) || !slices.Equal(far, c.far) {
					t.Errorf("near: %q, want %q\nfar: %q, want %q", near, c.near, far, c.far)
				}
			})
		})
	}
}

// TestWrapCloseUnblocksSend closes a link behind a cut that a Send has begun before.
func TestWrapCloseUnblocksSend(t *testing.T) {
	inWeather(t, nil, func(t *testing.T, s *stormy) {
		over := false
		go func() {
			for s.near.Send([]byte("a")) == nil {
			}
			over = true
		}()
		synctest.Wait()
		s.w.Begin(fault.Fault{Kind: fault.Partition, Nodes: []int{0}})
		s.near.Close()
		synctest.Wait()
		if !over {
			t.Error("Send still blocks")
		}
	})
}

// TestWrapSeed has the fate of frames follow from the seed, and what becomes of some not change that of others.
func TestWrapSeed(t *testing.T) {
	run := func(seed uint64, calm int, drop string) (got []string) {
		synctest.Test(t, func(t *testing.T) {
			n := gossiptest.NewNetwork(nil, nil)
			w := gossiptest.NewWeather(&gossiptest.WeatherOptions{Seed: seed})
			a, b := gossiptest.Wrap(n.Listen(""), w), gossiptest.Wrap(n.Listen(""), w)
			defer a.Close()
			defer b.Close()
			near, far := connect(t, a, b)
			listen(far, &got)
			for i := range 20 {
				if i == calm {
					w.Begin(fault.Fault{Kind: fault.Datagrams, Amount: 0.5})
					w.Rule(func(p *gossiptest.Packet) gossiptest.Verdict {
						return gossiptest.Verdict{Drop: string(p.Frame) == drop}
					})
				}
				send(t, near, fmt.Sprint(i))
				time.Sleep(time.Second)
			}
			synctest.Wait()
			got = slices.Clone(got)
		})
		return got
	}
	first := run(1, 0, "")
	if len(first) < 4 || len(first) > 16 {
		t.Errorf("%d of 20 frames came, each of which is lost with a probability of 0.5", len(first))
	}
	if again := run(1, 0, ""); !slices.Equal(first, again) {
		t.Errorf("a seed gives %q, and then %q", first, again)
	}
	if slices.Equal(first, run(2, 0, "")) {
		t.Errorf("two seeds give %q", first)
	}
	which, _, _ := strings.Cut(first[1], " ")
	if got, want := run(1, 0, which), slices.Delete(slices.Clone(first), 1, 2); !slices.Equal(got, want) {
		t.Errorf("without frame %s comes %q, want %q", which, got, want)
	}
	later := func(s []string) []string { // those from the tenth on
		return slices.DeleteFunc(slices.Clone(s), func(note string) bool { return strings.Index(note, " ") < 2 })
	}
	if got, want := later(run(1, 10, "")), later(first); !slices.Equal(got, want) || len(got) == 0 {
		t.Errorf("after ten frames with no fault comes %q, want %q", got, want)
	}
}

// TestWrapOnAClock has frames arrive while a manual clock is moved.
func TestWrapOnAClock(t *testing.T) {
	clk := gossiptest.NewClock(time.Time{})
	n := gossiptest.NewNetwork(clk, nil)
	w := gossiptest.NewWeather(&gossiptest.WeatherOptions{Clock: clk})
	a, b := gossiptest.Wrap(n.Listen(""), w), gossiptest.Wrap(n.Listen(""), w)
	defer a.Close()
	defer b.Close()
	near, far := connect(t, a, b)
	w.Faults(fault.Fault{Kind: fault.Partition, At: time.Second, For: time.Second, Nodes: []int{0}})
	send(t, near, "a")
	receive(t, far, "a")
	clk.Advance(time.Second)
	send(t, near, "b")
	clk.Advance(time.Second)
	if _, err := far.Recv(); !errors.Is(err, transport.ErrClosed) {
		t.Errorf("Recv() after the partition: %v, want ErrClosed", err)
	}
	if got := clk.Pending(); got != 0 {
		t.Errorf("%d timers are set when all is over, want none", got)
	}
}

func TestWeatherRefuses(t *testing.T) {
	w := gossiptest.NewWeather(nil)
	n := gossiptest.NewNetwork(nil, nil)
	tr := gossiptest.Wrap(n.Listen(""), w)
	defer tr.Close()
	for _, f := range []fault.Fault{
		{Kind: fault.Partition, For: time.Second, Nodes: []int{1}},
		{Kind: fault.Crash, For: time.Second, Nodes: []int{0}},
		{Kind: fault.Loss, For: time.Second, Amount: 0.1},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%v is taken", &f)
				}
			}()
			w.Faults(f)
		}()
	}
	w.Rule(passAll)
	w.Begin(fault.Fault{Kind: fault.Partition, Nodes: []int{0}})
	w.Faults(fault.Fault{Kind: fault.Flap, At: time.Hour, For: time.Second, Nodes: []int{0}, Every: time.Second})
	for _, want := range []string{"weather of seed 0 at ", ", 1 nodes, 1 rules\n", "\n  now: partition at ", "\n    flap at 1h0m0s for 1s nodes 0 every 1s\n"} {
		if got := w.String(); !strings.Contains(got, want) {
			t.Errorf("String() = %q, want %q in it", got, want)
		}
	}
}

// TestWrapUnderGossip cuts off one of three nodes, which learns afterwards what was written meanwhile.
func TestWrapUnderGossip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, w := gossiptest.NewNetwork(nil, nil), gossiptest.NewWeather(nil)
		var nodes []*gossiptest.Node
		for range 3 {
			nodes = append(nodes, gossiptest.NewNode(t, &gossiptest.NodeOptions{Network: n, Configure: func(cfg *gossip.Config) {
				cfg.Transport = gossiptest.Wrap(cfg.Transport, w)
			}}))
		}
		time.Sleep(5 * time.Second)
		heal := w.Begin(fault.Fault{Kind: fault.Partition, Nodes: []int{2}})
		time.Sleep(time.Second)
		if err := nodes[0].AddInfo("k", []byte("v"), 0); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		if _, err := nodes[1].GetInfo("k"); err != nil {
			t.Errorf("on the same side: %v", err)
		}
		if _, err := nodes[2].GetInfo("k"); err == nil {
			t.Error("the node that is cut off knows of it")
		}
		heal()
		time.Sleep(10 * time.Second)
		if _, err := nodes[2].GetInfo("k"); err != nil {
			t.Errorf("after the partition: %v", err)
		}
	})
}

// A link whose far end has gone says so with Send, though Recv has not heard of it: what was sent before is still to be received.
func TestWrapSendAfterEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := gossiptest.NewWeather(nil)
		w.Rule(passAll)
		gone := fmt.Errorf("send: %w", transport.ErrClosed)
		inner := &gossipfake.Link{SendFunc: func([]byte) error { return gone }}
		tr := gossiptest.Wrap(&gossipfake.Transport{DialFunc: func(context.Context, transport.Addr) (transport.Link, error) { return inner, nil }}, w)
		defer tr.Close()
		far := transport.MakeAddr("fake", "far")
		defer gossiptest.Wrap(&gossipfake.Transport{AddrFunc: func() transport.Addr { return far }}, w).Close()
		l, err := tr.Dial(t.Context(), far)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			err = l.Send([]byte("a"))
			synctest.Wait()
		}
		if !errors.Is(err, gone) {
			t.Errorf("Send: %v, want %v", err, gone)
		}
	})
}
