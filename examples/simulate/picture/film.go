// Package picture shows what happens in a simulated network: as a drawing of its links and of one tree, or as a page that
// plays how it assembles, spreads updates, and heals.
package picture

import (
	"errors"
	"fmt"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/sim"
)

// Options say which network [Record] plays with. Latency, Jitter and MaxPeers are as in sim.Options.
type Options struct {
	Nodes    int           // how many there are: MinFilm to MaxFilm
	Seed     uint64        // of all randomness
	Latency  time.Duration // one way
	Jitter   float64       // of the latency
	Dial     float64       // latencies that a dial costs besides its first frames
	MaxPeers int           // cap of a node's links, dialled and accepted each

	event func(sim.Event)        // also told of each event
	scene func(*sim.Sim, *Scene) // told of each scene when it has been recorded
}

// Bounds of [Options.Nodes].
const (
	MinFilm = 5   // fewer have nothing to show
	MaxFilm = 100 // more cannot be told apart on a screen
)

// Film is what a page shows. All times are in microseconds.
type Film struct {
	Nodes   int      `json:"nodes"`       // how many there are
	Seed    uint64   `json:"seed,string"` // of the network
	Latency int64    `json:"latency"`     // one way, in the mean
	Ring    []Place  `json:"ring"`        // of each node, with all on one circle of radius 1 around 0, 0
	Halves  []Place  `json:"two"`         // and with those of the left half and the others on circles of radius 0.44 beside one another
	Left    []bool   `json:"left"`        // whether each node is in the left half, when the network is cut
	Parts   []string `json:"parts"`       // names of the bits of what is in a frame, the lowest first
	Scenes  []*Scene `json:"scenes"`      // what happens, one after another
}

// Place is a point: x to the right, y down.
type Place [2]float64

// Scene is a part of a film. Its times count from an instant of its own: that of an update, of a crash, of a cut.
type Scene struct {
	Name    string   `json:"name"`    // a headline
	About   string   `json:"about"`   // what is to be seen, in a sentence or two
	From    int64    `json:"from"`    // when it begins
	To      int64    `json:"to"`      // when it ends
	Zero    int64    `json:"zero"`    // when its time 0 is, since the network's start
	Play    int64    `json:"play"`    // how long it should take to play
	Split   bool     `json:"split"`   // the nodes are in Halves, not in the Ring
	Cut     [2]int64 `json:"cut"`     // from when to when the halves are cut off from each other, if it is not twice the same
	Updates []Update `json:"updates"` // whose spreading is to be seen; none: that of all descriptors
	Learned [][4]int `json:"learned"` // index of the update, or -1 for a descriptor; node, when, and over how many links
	Up      [][2]int `json:"up"`      // node and when: it starts
	Down    [][2]int `json:"down"`    // it crashes
	Links   [][4]int `json:"links"`   // two nodes, from when to when
	Frames  [][5]int `json:"frames"`  // from, to, when sent, when received or lost, what is in it; -1: lost. Those with nothing but a ping are left out, and those on their way at the end
	Notes   []Note   `json:"notes"`   // in order
}

// Update is one that a node writes.
type Update struct {
	Node  int    `json:"node"` // that writes
	At    int64  `json:"at"`   // when it does
	Name  string `json:"name"` // for people
	write int    // its number
}

// Note says what happens.
type Note struct {
	At   int64  `json:"at"`   // when it does
	Text string `json:"text"` // a few words
}

// Record simulates a network and films it: same options, same film.
func Record(o Options) (*Film, error) {
	if o.Nodes < MinFilm || o.Nodes > MaxFilm {
		return nil, fmt.Errorf("picture: %d nodes, and a page shows %d to %d", o.Nodes, MinFilm, MaxFilm)
	}
	if o.Latency == 0 {
		o.Latency = 10 * time.Millisecond
	}
	d := &director{film: &Film{Nodes: o.Nodes, Seed: o.Seed, Latency: o.Latency.Microseconds()}, rec: recorder{opened: map[int]int{}, flying: map[way][]int{}}}
	d.onScene = o.scene
	d.s = sim.New(sim.Options{
		Nodes: o.Nodes, Seed: o.Seed, Latency: o.Latency, Jitter: o.Jitter, MaxPeers: o.MaxPeers,
		DialLatency: time.Duration(o.Dial * float64(o.Latency)), Sentinel: 10 * time.Second,
		OnEvent: func(e sim.Event) {
			d.rec.event(e)
			if o.event != nil {
				o.event(e)
			}
		},
	})
	d.layout()
	for _, scene := range []func() error{d.assemble, d.spread, d.crash, d.cut, d.heal} {
		if err := errors.Join(scene(), d.s.Err()); err != nil {
			return nil, fmt.Errorf("picture: %w", err)
		}
	}
	return d.film, nil
}
