package gossiptest_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/transport"
)

// addrs returns the addresses of endpoints with names of one letter.
func addrs(names string) []transport.Addr {
	var list []transport.Addr
	for _, name := range strings.Split(names, "") {
		list = append(list, transport.MakeAddr("mem", name))
	}
	return list
}

// reach returns the pairs of endpoints that reach each other by a dial, "ab" for the one from a to b, sorted.
func reach(n *gossiptest.Network, transports []transport.Transport) string {
	var pairs []string
	for _, from := range transports {
		for _, to := range transports {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			if _, err := from.Dial(ctx, to.Addr()); err == nil && from != to {
				pairs = append(pairs, from.Addr().String()+to.Addr().String())
			}
			cancel()
		}
	}
	return strings.Join(pairs, " ")
}

func TestPartitionGroups(t *testing.T) {
	const all = "ab ac ad ba bc bd ca cb cd da db dc"
	tests := []struct {
		name string
		cut  func(n *gossiptest.Network)
		want string
	}{
		{name: "none", cut: func(n *gossiptest.Network) {}, want: all},
		{name: "two groups", cut: func(n *gossiptest.Network) { n.Partition(addrs("ab"), addrs("cd")) }, want: "ab ba cd dc"},
		{name: "one group and the rest", cut: func(n *gossiptest.Network) { n.Partition(addrs("a")) }, want: "bc bd cb cd db dc"},
		{name: "three groups and the rest", cut: func(n *gossiptest.Network) { n.Partition(addrs("a"), addrs("b")) }, want: "cd dc"},
		{name: "in two groups", cut: func(n *gossiptest.Network) { n.Partition(addrs("ab"), addrs("bcd")) }, want: "ab ba bc bd cb cd db dc"},
		{
			name: "replaced",
			cut: func(n *gossiptest.Network) {
				n.Partition(addrs("ab"), addrs("cd"))
				n.Partition(addrs("abc"), addrs("d"))
			},
			want: "ab ac ba bc ca cb",
		},
		{
			name: "replaced by none",
			cut: func(n *gossiptest.Network) {
				n.Partition(addrs("ab"), addrs("cd"))
				n.Partition()
			},
			want: all,
		},
		{
			name: "one way: neither a dial nor its answer goes through",
			cut:  func(n *gossiptest.Network) { n.OneWay(addrs("a")[0], addrs("b")[0]) },
			want: "ac ad bc bd ca cb cd da db dc",
		},
		{
			name: "one way, and a partition",
			cut: func(n *gossiptest.Network) {
				n.OneWay(addrs("a")[0], addrs("b")[0])
				n.Partition(addrs("abc"), addrs("d"))
			},
			want: "ac bc ca cb",
		},
		{
			name: "healed",
			cut: func(n *gossiptest.Network) {
				n.Partition(addrs("ab"), addrs("cd"))
				n.OneWay(addrs("a")[0], addrs("b")[0])
				n.Heal()
			},
			want: all,
		},
		{name: "silence", cut: func(n *gossiptest.Network) { n.Silence(addrs("a")[0]) }, want: "bc bd cb cd db dc"},
		{name: "crash", cut: func(n *gossiptest.Network) { n.Crash(addrs("a")[0]) }, want: "bc bd cb cd db dc"},
		{name: "of nobody", cut: func(n *gossiptest.Network) { n.Crash(addrs("x")[0]); n.Silence(addrs("x")[0]) }, want: all},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := gossiptest.NewNetwork(nil, nil)
				var transports []transport.Transport
				for _, addr := range addrs("abcd") {
					transports = append(transports, n.Listen(addr.String()))
				}
				test.cut(n)
				if got := reach(n, transports); got != test.want {
					t.Errorf("reached:\n%s, want:\n%s", got, test.want)
				}
			})
		})
	}
}

// TestPartitionHoldsBack has frames, the end of a link and dials wait for Heal, and then arrive in order.
func TestPartitionHoldsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const latency = 10 * time.Millisecond
		n := gossiptest.NewNetwork(nil, &gossiptest.NetworkOptions{Latency: latency})
		a, b := n.Listen("a"), n.Listen("b")
		defer a.Close()
		defer b.Close()
		near, far := connect(t, a, b)
		send(t, near, "on its way")
		time.Sleep(latency / 2)
		n.Partition(addrs("a"), addrs("b"))
		send(t, near, "held")
		time.Sleep(time.Hour)
		near2 := make(chan transport.Link, 1)
		go func() {
			l, err := a.Dial(t.Context(), b.Addr())
			if err != nil {
				t.Error(err)
			}
			near2 <- l
		}()
		synctest.Wait()
		send(t, near, "later")
		near.Close()
		received := make(chan string)
		go func() {
			for {
				frame, err := far.Recv()
				if err != nil {
					close(received)
					return
				}
				received <- string(frame)
			}
		}()
		synctest.Wait()
		select {
		case frame := <-received:
			t.Errorf("%q came through the partition", frame)
		default:
		}
		n.Heal()
		if got := elapsed(func() {
			var got []string
			for frame := range received {
				got = append(got, frame)
			}
			if want := []string{"on its way", "held", "later"}; !slices.Equal(got, want) {
				t.Errorf("received %q, want %q", got, want)
			}
		}); got != latency {
			t.Errorf("what was held back arrived %v after Heal, want %v", got, latency)
		}
		if got := elapsed(func() { <-near2 }); got != latency {
			t.Errorf("Dial returned %v after it arrived, want %v", got, latency)
		}
	})
}

// TestPartitionTwice holds the first of two frames back for longer than the second one: nothing may overtake it.
func TestPartitionTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := gossiptest.NewNetwork(nil, &gossiptest.NetworkOptions{Latency: 10 * time.Second})
		a, b := n.Listen("a"), n.Listen("b")
		defer a.Close()
		defer b.Close()
		near, far := connect(t, a, b)
		cut := func(after, length time.Duration) {
			time.Sleep(after)
			n.OneWay(a.Addr(), b.Addr())
			time.Sleep(length)
			n.Heal()
		}
		send(t, near, "1") // due at 10 s
		cut(5*time.Second, time.Second)
		send(t, near, "2")                // due at 16 s
		cut(3*time.Second, 2*time.Second) // "1" is held back at 10 s, now due at 21 s
		send(t, near, "3")
		if got := elapsed(func() { receive(t, far, "1", "2", "3") }); got != 10*time.Second {
			t.Errorf("the frames took %v after the second cut, want 10s", got)
		}
	})
}

// TestPartitionDialGivesUp leaves no link behind at an end that cannot be told.
func TestPartitionDialGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := gossiptest.NewNetwork(nil, nil)
		a, b := n.Listen("a"), n.Listen("b")
		defer a.Close()
		defer b.Close()
		n.OneWay(b.Addr(), a.Addr())
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if got := elapsed(func() {
			if _, err := a.Dial(ctx, b.Addr()); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Dial whose answer is held back: %v, want context.DeadlineExceeded", err)
			}
		}); got != time.Minute {
			t.Errorf("Dial gave up after %v, want %v", got, time.Minute)
		}
		far, err := b.Accept()
		if err != nil {
			t.Fatal(err)
		}
		expectEnd(t, far, "EOF")
		n.OneWay(a.Addr(), b.Addr())
		ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := a.Dial(ctx, b.Addr()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Dial that is held back: %v, want context.DeadlineExceeded", err)
		}
		n.Heal()
		accepted := false
		go func() {
			_, err := b.Accept()
			accepted = err == nil
		}()
		synctest.Wait()
		if accepted {
			t.Error("a dial that was given up has opened a link after Heal")
		}
	})
}

func TestOneWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := gossiptest.NewNetwork(nil, nil)
		a, b := n.Listen("a"), n.Listen("b")
		defer a.Close()
		defer b.Close()
		near, far := connect(t, a, b)
		n.OneWay(a.Addr(), b.Addr())
		send(t, near, "held")
		send(t, far, "through")
		receive(t, near, "through")
		n.SetLatency(time.Second)
		n.Heal()
		if got := elapsed(func() { receive(t, far, "held") }); got != time.Second {
			t.Errorf("the frame arrived %v after Heal, want %v", got, time.Second)
		}
	})
}

func TestCrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const latency = 10 * time.Millisecond
		n := gossiptest.NewNetwork(nil, &gossiptest.NetworkOptions{Latency: latency})
		a, b := n.Listen("a"), n.Listen("b")
		defer b.Close()
		near, far := connect(t, a, b)
		send(t, near, "arrived")
		time.Sleep(latency)
		send(t, near, "on its way")
		send(t, far, "to nobody")
		n.Crash(a.Addr())
		n.Crash(a.Addr())
		expectEnd(t, near, "closed")
		if _, err := a.Accept(); !errors.Is(err, transport.ErrClosed) {
			t.Errorf("Accept after a crash: %v, want ErrClosed", err)
		}
		if _, err := a.Dial(t.Context(), b.Addr()); !errors.Is(err, transport.ErrClosed) {
			t.Errorf("Dial after a crash: %v, want ErrClosed", err)
		}
		receive(t, far, "arrived")
		if got := elapsed(func() { expectEnd(t, far, "connection reset") }); got != latency {
			t.Errorf("the far end heard of the crash after %v, want %v", got, latency)
		}

		again := n.Listen("a")
		defer again.Close()
		if err := a.Close(); err != nil { // of the one that crashed
			t.Errorf("Close after a crash = %v", err)
		}
		near, far = connect(t, b, again)
		send(t, near, "welcome")
		receive(t, far, "welcome")
	})
}

func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := gossiptest.NewNetwork(nil, nil)
		a, b := n.Listen("a"), n.Listen("b")
		defer b.Close()
		near, far := connect(t, a, b)
		n.Silence(a.Addr())
		send(t, near, "leaves not")
		send(t, far, "arrives not")
		var ended []string
		listen := func(name string, l transport.Link) {
			_, err := l.Recv()
			ended = append(ended, fmt.Sprint(name, errors.Is(err, transport.ErrClosed)))
		}
		go listen("near", near)
		go listen("far", far)
		time.Sleep(time.Hour)
		n.Heal()
		synctest.Wait()
		if len(ended) > 0 {
			t.Errorf("ends %v received something although one is silent", ended)
		}
		dialed := make(chan error, 1)
		go func() {
			_, err := b.Dial(t.Context(), a.Addr())
			dialed <- err
		}()
		synctest.Wait()
		a.Close() // of which nobody hears
		time.Sleep(time.Hour)
		synctest.Wait()
		if want := []string{"neartrue"}; !slices.Equal(ended, want) {
			t.Errorf("ends %v saw the end of the link, want %v", ended, want)
		}
		select {
		case err := <-dialed:
			t.Errorf("Dial of a silent endpoint returned %v", err)
		default:
		}
		again := n.Listen("a")
		defer again.Close()
		if err := <-dialed; err != nil {
			t.Errorf("Dial, once another endpoint listens: %v", err)
		}
		far.Close()
	})
}

// TestNetworkChaos has endpoints that send and redial all the time, under random faults: what arrives over each link
// has to be what was sent over it, from the first frame on without gaps, and once the network is healed everything
// must be reachable.
func TestNetworkChaos(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { chaos(t, rand.New(rand.NewPCG(seed, 1))) })
		})
	}
}

func chaos(t *testing.T, r *rand.Rand) {
	const size, steps = 5, 60
	n := gossiptest.NewNetwork(nil, &gossiptest.NetworkOptions{Latency: 5 * time.Millisecond})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var wg sync.WaitGroup
	all := addrs("abcde")
	var transports [size]transport.Transport
	start := func(i int) {
		tr := n.Listen(all[i].String())
		transports[i] = tr
		wg.Go(func() { accept(t, tr, &wg) })
		for j := range all {
			if j != i {
				wg.Go(func() { redial(ctx, tr, all[j]) })
			}
		}
	}
	for i := range all {
		start(i)
	}
	for range steps {
		time.Sleep(time.Duration(r.IntN(20)) * time.Millisecond)
		i, j := r.IntN(size), r.IntN(size)
		switch r.IntN(6) {
		case 0:
			n.Partition(all[:i], all[i:max(i, j)])
		case 1:
			n.OneWay(all[i], all[j])
		case 2:
			n.SetLink(all[i], all[j], gossiptest.LinkOptions{Latency: time.Duration(r.IntN(30)) * time.Millisecond})
		case 3:
			if r.IntN(2) == 0 {
				n.Silence(all[i])
				time.Sleep(50 * time.Millisecond)
				transports[i].Close()
			}
			n.Crash(all[i])
			start(i)
		default:
			n.Heal()
		}
	}
	n.Heal()
	time.Sleep(time.Second)
	synctest.Wait()
	for i, tr := range transports {
		for _, addr := range slices.Concat(all[:i], all[i+1:]) {
			dial, cancel := context.WithTimeout(ctx, time.Second)
			l, err := tr.Dial(dial, addr)
			if err != nil {
				t.Errorf("after all faults were healed: %v", err)
			} else {
				l.Close()
			}
			cancel()
		}
	}
	if s := n.Stats(); s.Frames < steps || s.Links < steps {
		t.Errorf("hardly anything happened: %+v", s)
	}
	stop()
	for _, tr := range transports {
		tr.Close()
	}
	wg.Wait()
}

// accept checks what arrives over each link that tr accepts.
func accept(t *testing.T, tr transport.Transport, wg *sync.WaitGroup) {
	for {
		l, err := tr.Accept()
		if err != nil {
			return
		}
		wg.Go(func() {
			for want := 0; ; want++ {
				frame, err := l.Recv()
				if err != nil {
					l.Close()
					return
				}
				if got := string(frame); got != fmt.Sprint(want) {
					t.Errorf("%v received %s from %v, want %d", tr.Addr(), got, l.Peer().Addr, want)
				}
			}
		})
	}
}

// redial opens links and sends numbered frames over them, until tr is closed.
func redial(ctx context.Context, tr transport.Transport, to transport.Addr) {
	for round := 1; ; round++ {
		dial, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
		l, err := tr.Dial(dial, to)
		cancel()
		if errors.Is(err, transport.ErrClosed) || ctx.Err() != nil {
			return
		}
		if err != nil {
			time.Sleep(time.Millisecond)
			continue
		}
		for i := range 10 * round {
			if l.Send(fmt.Append(nil, i)) != nil {
				break
			}
			time.Sleep(time.Millisecond)
		}
		l.Close()
	}
}
