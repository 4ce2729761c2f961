// Command cluster runs a gossip network of real nodes on gRPC over loopback, all in this process, and shows what it
// does: the nodes find each other, an info travels to all of them, and if some are killed the rest recover.
//
//	go run ./examples/cluster
//	go run ./examples/cluster -nodes 50 -for 30s -kill 5 -json
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"
)

// options are the flags.
type options struct {
	nodes int
	kill  int
	life  time.Duration // 0: until interrupted
	json  bool
	still time.Duration // no flag: how long no link must change before links are drawn
}

// report is what -json prints.
type report struct {
	Nodes         int     `json:"nodes"`
	Converged     bool    `json:"converged"`       // every node knew every node
	ConvergeMS    float64 `json:"converge_ms"`     // after the first was started
	Links         int     `json:"links"`           // of all nodes, each counted once
	UpdateMS      float64 `json:"update_ms"`       // until an info had reached every node
	UpdateHopsMax int     `json:"update_hops_max"` // links it crossed, at most
	UpdateCopies  float64 `json:"update_copies"`   // times it was received, per node that had to
	Killed        int     `json:"killed"`
	Recovered     bool    `json:"recovered"`  // the survivors hear each other and keep no link to the dead
	RecoverMS     float64 `json:"recover_ms"` // after the kill
}

func main() {
	opts, err := parse(os.Args[1:], os.Stderr)
	if err != nil {
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, opts, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}

func parse(args []string, errOut io.Writer) (options, error) {
	o := options{still: 300 * time.Millisecond}
	flags := flag.NewFlagSet("cluster", flag.ContinueOnError)
	flags.SetOutput(errOut)
	flags.IntVar(&o.nodes, "nodes", 5, "how many nodes to run")
	flags.IntVar(&o.kill, "kill", 0, "once they have converged, close the sockets of `n` of them without a goodbye")
	flags.DurationVar(&o.life, "for", 0, "stop after this time; 0 runs until interrupted")
	flags.BoolVar(&o.json, "json", false, "print the figures as one JSON object, on the last line of standard output")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	var err error
	switch {
	case flags.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case o.nodes < 1:
		err = fmt.Errorf("-nodes %d: at least one", o.nodes)
	case o.kill < 0 || o.kill >= o.nodes:
		err = fmt.Errorf("-kill %d of %d nodes: at least one has to survive", o.kill, o.nodes)
	case o.life < 0:
		err = fmt.Errorf("-for %v: negative", o.life)
	}
	if err != nil {
		fmt.Fprintln(errOut, "cluster:", err)
	}
	return o, err
}

// run runs a cluster and reports on it: in words, or with -json in figures on out and in words on errOut.
func run(ctx context.Context, o options, out, errOut io.Writer) error {
	words := out
	if o.json {
		words = errOut
	}
	if o.life > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.life)
		defer cancel()
	}
	c, err := newCluster(o.nodes, o.still, words)
	if err != nil {
		return err
	}
	rep := report{Nodes: o.nodes}
	err = show(ctx, c, o, &rep)
	if err == nil {
		if o.life == 0 {
			fmt.Fprintln(words, "\nrunning until interrupted (Ctrl-C)")
		}
		<-ctx.Done()
	}
	err = errors.Join(err, c.stop())
	if o.json {
		line, jerr := json.Marshal(rep)
		if jerr != nil {
			return jerr
		}
		fmt.Fprintf(out, "%s\n", line)
	}
	return err
}

// show lets the cluster do what it has to show, act by act.
func show(ctx context.Context, c *cluster, o options, rep *report) error {
	if err := c.converge(ctx, rep); err != nil {
		return err
	}
	c.settle(ctx)
	c.drawLinks(rep)
	if err := c.update(ctx, rep); err != nil {
		return err
	}
	if o.kill == 0 {
		rep.Recovered = true // nothing to recover from
		return nil
	}
	return c.killAndRecover(ctx, o.kill, rep)
}
