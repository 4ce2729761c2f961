// Command simulate measures what the gossip protocol costs and how fast it is, in a simulated network: settled, from a
// cold start, or with a fault. The nodes are the real ones, without sockets; time is virtual.
//
//	go run ./examples/simulate -nodes 1000
//	go run ./examples/simulate -nodes 10 -kill 1 -trials 200 -json
//	go run ./examples/simulate -nodes 40 -svg overlay.svg -html play.html
//	go run ./examples/simulate -h
//
// With -svg, the last network is drawn as it is when it has been measured: its links, and the tree along which the infos of
// one node spread. With -html, a network of the same nodes, seed, latency, jitter, dials and links plays a few scenes, and a
// page shows them in a browser: which frame goes where and what is in it, which node has what and when.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"

	"github.com/grapevine-go/grapevine/examples/simulate/picture"
	"github.com/grapevine-go/grapevine/gossiptest/sim"
	"github.com/grapevine-go/grapevine/gossiptest/sim/measure"
)

// options are the flags.
type options struct {
	measure.Options
	json   bool
	events string // file; "": none
	svg    string // file; "": none
	html   string // file; "": none
}

func main() {
	o, err := parse(os.Args[1:], os.Stderr)
	if err != nil {
		os.Exit(2)
	}
	if err := run(o, os.Stdout, os.Stderr, isTerminal(os.Stderr)); err != nil {
		fmt.Fprintln(os.Stderr, "simulate:", err)
		os.Exit(1)
	}
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func parse(args []string, errOut io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("simulate", flag.ContinueOnError)
	f.SetOutput(errOut)
	f.IntVar(&o.Nodes, "nodes", 100, "how many nodes there are")
	f.Uint64Var(&o.Seed, "seed", 1, "of all randomness; each further trial has the next one")
	f.IntVar(&o.Trials, "trials", 1, "how many networks to measure")
	f.IntVar(&o.Updates, "updates", 0, "how many updates to measure, of as many nodes; 0 is 20, with -kill 2")
	f.DurationVar(&o.Latency, "latency", 0, "one way; 0 is 10ms")
	f.Float64Var(&o.Jitter, "jitter", 0, "`fraction` of the latency by which each frame's is off at most; 0 is 0.1, negative none")
	f.Float64Var(&o.Dial, "dial", 0, "`latencies` that a dial costs besides its first frames: 2 is a handshake")
	f.IntVar(&o.MaxPeers, "maxpeers", 10, "cap of a node's links, dialled and accepted each")
	f.IntVar(&o.Zones, "zones", 1, "how many zones the nodes are in: a tenth of the latency within, three between")
	f.Float64Var(&o.Loss, "loss", 0, "`share` of frames that are lost and sent again, once the network has settled; with -cold from the beginning")
	f.BoolVar(&o.Datagram, "datagram", false, "what is lost is not sent again")
	f.DurationVar(&o.Virtual, "virtual", 0, "how long -churn and -rate last; 0 is 30s and 10s")
	f.BoolVar(&o.Cold, "cold", false, "measure the cold start only")
	f.IntVar(&o.Kill, "kill", 0, "crash `n` nodes at once, while half of the updates are under way; the others are written then")
	f.BoolVar(&o.Silent, "silent", false, "with -kill: they fall silent instead, which nobody is told")
	f.BoolVar(&o.Restart, "restart", false, "with -kill: they start again after 2s; with -join: who joins was a member, and has crashed")
	f.Float64Var(&o.Churn, "churn", 0, "`share` of the nodes that crash each second, and come back empty after 2s")
	f.DurationVar(&o.Partition, "partition", 0, "how long two halves are cut off from each other")
	f.DurationVar(&o.Skew, "skew", 0, "by how much one node's clock is wrong: ahead, and in a second run behind")
	f.Float64Var(&o.Rate, "rate", 0, "updates that each node writes each second")
	f.IntVar(&o.Join, "join", 0, "have `n` nodes join, one after another")
	f.StringVar(&o.Sponsor, "sponsor", "", "have -updates nodes join and write their first info, while the node they joined through is `known or dead`")
	f.BoolVar(&o.Placed, "placed", false, "place the network, with the links that the protocol wants, instead of having it assemble itself")
	f.IntVar(&o.Eager, "eager", 1, "`links` that each node gets the infos of a node on at once: 1, or 2, for whom a second copy is worth less delay where frames are lost")
	f.BoolVar(&o.json, "json", false, "print the figures as one JSON object, on the last line of standard output")
	f.StringVar(&o.events, "events", "", "write every event to this `file`, one JSON object a line")
	f.StringVar(&o.svg, "svg", "", "draw the network as it is at the end, and the tree of the node that wrote last, to this `file`")
	f.StringVar(&o.html, "html", "", "write a page to this `file` that plays how such a network assembles, spreads updates, loses a node, is cut in two and heals: 5 to 100 nodes")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		err := fmt.Errorf("unexpected argument %q", f.Arg(0))
		fmt.Fprintln(errOut, "simulate:", err)
		return o, err
	}
	return o, nil
}

// run measures and prints the figures: in words, or with -json as one object on out. On a terminal, errOut shows how
// far it is.
func run(o options, out, errOut io.Writer, terminal bool) (err error) {
	if o.events != "" {
		file, ferr := os.Create(o.events)
		if ferr != nil {
			return ferr
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		o.Events = file
	}
	if o.html != "" {
		if err := film(o); err != nil {
			return err
		}
	}
	if o.svg != "" {
		o.Done = func(s *sim.Sim) { err = errors.Join(err, draw(o.svg, s)) }
	}
	if terminal {
		o.Progress = func(trial int, what string) {
			const width = 20
			done := width * trial / max(o.Trials, 1)
			fmt.Fprintf(errOut, "\r\x1b[K[%s%s] trial %d of %d: %s", strings.Repeat("#", done), strings.Repeat(".", width-done), trial+1, o.Trials, what)
		}
		defer fmt.Fprint(errOut, "\r\x1b[K")
	}
	res, failed := measure.Run(o.Options)
	if err := errors.Join(failed, err); err != nil {
		return err
	}
	line, err := json.Marshal(res)
	if err != nil {
		return err
	}
	if o.json {
		_, err = fmt.Fprintf(out, "%s\n", line)
		return err
	}
	v := reflect.ValueOf(res)
	for i := range v.NumField() {
		fmt.Fprintf(out, "%-30s %v\n", v.Type().Field(i).Tag.Get("json"), v.Field(i))
	}
	return nil
}

// draw writes the picture of a network to a file.
func draw(name string, s *sim.Sim) error {
	return create(name, func(w io.Writer) error { return picture.Overlay(w, s, picture.Origin(s)) })
}

// film writes the page.
func film(o options) error {
	f, err := picture.Record(picture.Options{
		Nodes: o.Nodes, Seed: o.Seed, Latency: o.Latency, Jitter: o.Jitter, Dial: o.Dial, MaxPeers: o.MaxPeers,
	})
	if err != nil {
		return err
	}
	return create(o.html, func(w io.Writer) error { return picture.Page(w, f) })
}

// create makes a file of what f writes.
func create(name string, f func(io.Writer) error) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(f(file), file.Close())
}
