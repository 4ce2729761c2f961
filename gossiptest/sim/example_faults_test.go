package sim_test

import (
	"fmt"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/sim"
)

// A network that loses one frame in twenty is cut in two, both halves write, and it finds together again.
func Example_faults() {
	s := sim.New(sim.Options{Nodes: 20, Seed: 3, DatagramLoss: 0.05})
	s.StartAll(10 * time.Millisecond)
	s.RunFor(10 * time.Second)

	s.Partition([]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
	for _, node := range []int{0, 19} {
		if err := s.Add(node, fmt.Sprint("seen by ", node), []byte("yes"), 0); err != nil {
			fmt.Println(err)
		}
	}
	s.RunFor(30 * time.Second)
	_, near := s.Get(9, "seen by 0")
	_, far := s.Get(10, "seen by 0")
	fmt.Println("cut:", near, far)

	s.Heal()
	if err := s.RunUntil(s.Converged, 10*time.Second); err != nil {
		fmt.Println(err) // says the seed, and what differs where
	}
	_, near = s.Get(9, "seen by 19")
	_, far = s.Get(10, "seen by 0")
	fmt.Println("healed:", near, far, s.Err())
	// Output:
	// cut: true false
	// healed: true true <nil>
}

// Every step of every node can be looked at: here, who is the first to have an info, and from whom its next ones will come.
func ExampleSim_Observe() {
	s := sim.New(sim.Options{Nodes: 10, Seed: 1})
	s.StartAll(0)
	s.RunFor(time.Second)

	const writer = 4
	first := -1
	s.Observe(func(st sim.Step) {
		for _, e := range st.Changed {
			if e.Key == "motto" && st.Node != writer && first < 0 {
				first = st.Node
			}
		}
	})
	if err := s.Add(writer, "motto", []byte("pass it on"), 0); err != nil {
		fmt.Println(err)
	}
	s.RunFor(time.Second)
	s.Origins(first, func(o sim.Origin) bool {
		if o.Node == writer {
			fmt.Printf("the first covers write %d, and has it from the writer: %t\n", o.Covered, o.Parent == writer)
		}
		return true
	})
	// Output: the first covers write 2, and has it from the writer: true
}

// A log of the frames that carry one info through a network of three.
func ExampleOptions_events() {
	log := false
	s := sim.New(sim.Options{Nodes: 3, Seed: 1, Jitter: -1, OnEvent: func(e sim.Event) {
		if log && e.Kind == sim.FrameReceived {
			fmt.Printf("%v n%d received %v from n%d\n", e.At, e.Node, e.Parts, e.Peer)
		}
	}})
	s.StartAll(0)
	s.RunFor(10 * time.Second)
	for range 8 { // until the tree has grown
		if err := s.Add(2, "load", []byte("0.7"), 0); err != nil {
			fmt.Println(err)
		}
		s.RunFor(100 * time.Millisecond)
	}
	log = true
	if err := s.Add(2, "load", []byte("0.8"), 0); err != nil {
		fmt.Println(err)
	}
	s.RunFor(20 * time.Millisecond)
	// Output:
	// 10.81s n0 received infos from n2
	// 10.81s n1 received infos from n2
}
