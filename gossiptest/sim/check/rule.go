package check

import (
	"fmt"
	"time"
)

// Rule is something that the protocol promises.
type Rule uint8

// The rules.
const (
	Merge        Rule = iota + 1 // what a node has under a key is one of its writes, as it was written
	Coverage                     // a node has whatever it claims to have, or newer writes of the same keys
	Order                        // what a node has under a key is never replaced by an older write
	Lifetime                     // an info lives as long as its writer said, on clocks that are not fast or slow
	Equal                        // nodes that can reach each other have the same, once nothing is under way
	Copies                       // an update comes to each other node once, on links that have carried some before
	Trees                        // the nodes from which an origin's writes come form no circle, once nothing is under way
	Bounds                       // a node has at most so many links, and no queue is longer than the list of origins
	Incarnations                 // no two writes of a node have the same number, and a restarted node outranks its earlier runs
	Survival                     // what a flood would have kept is there
)

var rules = [...]string{
	Merge: "merge", Coverage: "coverage", Order: "order", Lifetime: "lifetime", Equal: "equal", Copies: "copies", Trees: "trees",
	Bounds: "bounds", Incarnations: "incarnations", Survival: "survival",
}

// String returns the name of r, in lower case.
func (r Rule) String() string {
	if r > 0 && int(r) < len(rules) {
		return rules[r]
	}
	return fmt.Sprintf("Rule(%d)", uint8(r))
}

// Violation is an error: a rule was broken.
type Violation struct {
	Rule Rule          // that was broken
	Seed uint64        // of the Sim
	At   time.Duration // when it was noticed, since the Sim's start
	Text string        // what is wrong
}

// Error returns all that v says.
func (v *Violation) Error() string {
	return fmt.Sprintf("check: seed %d, at %v: %v: %s", v.Seed, v.At, v.Rule, v.Text)
}
