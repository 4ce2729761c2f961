package fault

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Fault is something that goes wrong for a time. Nodes are numbered from 0.
type Fault struct {
	Kind   Kind          // what goes wrong, and which of the other fields say more
	At     time.Duration // from when on, since the start of the network
	For    time.Duration // how long
	Nodes  []int         // to which
	To     []int         // and which others
	Every  time.Duration // how often
	Amount float64       // how much
}

// End returns when the fault is over.
func (f *Fault) End() time.Duration { return f.At + f.For }

// Concerns reports whether the fault is about the node.
func (f *Fault) Concerns(node int) bool { return slices.Contains(f.Nodes, node) }

// Check returns an error that says what of the fault makes no sense in a network of so many nodes.
func (f *Fault) Check(nodes int) error {
	if !f.Kind.valid() {
		return fmt.Errorf("fault: no kind %d", uint8(f.Kind))
	}
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	s := &specs[f.Kind]
	if f.At < 0 || f.For < 0 {
		wrong("a negative time")
	}
	if s.instant && f.For != 0 {
		wrong("for %v, want 0", f.For)
	}
	if s.nodes && len(f.Nodes) == 0 {
		wrong("no nodes")
	}
	if s.to && len(f.To) == 0 {
		wrong("no nodes in to")
	}
	if s.every && f.Every <= 0 {
		wrong("every %v, want more than 0", f.Every)
	}
	for _, n := range slices.Concat(f.Nodes, f.To) {
		if n < 0 || n >= nodes {
			wrong("node %d, want 0 to %d", n, nodes-1)
		}
	}
	if s.max != 0 && !(f.Amount >= s.min && f.Amount <= s.max) {
		wrong("amount %v, want %v to %v", f.Amount, s.min, s.max)
	}
	if len(errs) > 0 {
		return fmt.Errorf("fault: %v: %w", f, errors.Join(errs...))
	}
	return nil
}

// String returns the fault as one line of text, which [Parse] reads:
//
//	partition at 16.63s for 2.98s nodes 0,2
func (f Fault) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v at %v for %v", f.Kind, f.At, f.For)
	if len(f.Nodes) > 0 {
		b.WriteString(" nodes " + list(f.Nodes))
	}
	if len(f.To) > 0 {
		b.WriteString(" to " + list(f.To))
	}
	if f.Every != 0 {
		fmt.Fprintf(&b, " every %v", f.Every)
	}
	if f.Amount != 0 {
		fmt.Fprintf(&b, " amount %v", f.Amount)
	}
	return b.String()
}

func list(nodes []int) string {
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(nodes), "[]"), " ", ",")
}

// GoString returns the fault as a literal of Go, for %#v.
func (f Fault) GoString() string {
	var b strings.Builder
	fmt.Fprintf(&b, "fault.Fault{Kind: fault.%s, At: %s", f.Kind.ident(), literal(f.At))
	if f.For != 0 {
		b.WriteString(", For: " + literal(f.For))
	}
	if len(f.Nodes) > 0 {
		fmt.Fprintf(&b, ", Nodes: %#v", f.Nodes)
	}
	if len(f.To) > 0 {
		fmt.Fprintf(&b, ", To: %#v", f.To)
	}
	if f.Every != 0 {
		b.WriteString(", Every: " + literal(f.Every))
	}
	if f.Amount != 0 {
		b.WriteString(", Amount: " + strconv.FormatFloat(f.Amount, 'g', -1, 64))
	}
	return b.String() + "}"
}

// ident returns the name of the constant.
func (k Kind) ident() string {
	if k == OneWay {
		return "OneWay"
	}
	var b strings.Builder
	for part := range strings.SplitSeq(k.String(), "-") {
		b.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return b.String()
}

// literal returns d as an expression of Go, in the largest unit that it is a multiple of.
func literal(d time.Duration) string {
	for _, u := range []struct {
		d    time.Duration
		name string
	}{{time.Hour, "Hour"}, {time.Minute, "Minute"}, {time.Second, "Second"}, {time.Millisecond, "Millisecond"}, {time.Microsecond, "Microsecond"}} {
		if d != 0 && d%u.d == 0 {
			return fmt.Sprintf("%d*time.%s", d/u.d, u.name)
		}
	}
	return strconv.FormatInt(int64(d), 10)
}

// inJSON is the form of a Fault in JSON: durations as text.
type inJSON struct {
	Kind   Kind    `json:"kind"`
	At     string  `json:"at"`
	For    string  `json:"for"`
	Nodes  []int   `json:"nodes,omitempty"`
	To     []int   `json:"to,omitempty"`
	Every  string  `json:"every,omitempty"`
	Amount float64 `json:"amount,omitempty"`
}

// MarshalJSON returns the fault as an object with its fields, in lower case; durations are written as those of package time.
func (f Fault) MarshalJSON() ([]byte, error) {
	j := inJSON{Kind: f.Kind, At: f.At.String(), For: f.For.String(), Nodes: f.Nodes, To: f.To, Amount: f.Amount}
	if f.Every != 0 {
		j.Every = f.Every.String()
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (f *Fault) UnmarshalJSON(data []byte) error {
	var j inJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return err
	}
	next := Fault{Kind: j.Kind, Nodes: j.Nodes, To: j.To, Amount: j.Amount}
	for _, d := range []struct {
		name, text string
		to         *time.Duration
	}{{"at", j.At, &next.At}, {"for", j.For, &next.For}, {"every", j.Every, &next.Every}} {
		if d.text == "" {
			continue
		}
		var err error
		if *d.to, err = time.ParseDuration(d.text); err != nil {
			return fmt.Errorf("fault: %s: %w", d.name, err)
		}
	}
	*f = next
	return nil
}
