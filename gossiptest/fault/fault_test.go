package fault_test

import (
	"encoding/json"
	"fmt"
	"go/parser"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/fault"
)

// everything returns a schedule with each kind, as Chaos makes them.
func everything(seed uint64) fault.Schedule {
	return fault.Chaos{Count: 40, Kinds: fault.Kinds()}.Schedule(7, seed)
}

// A schedule survives text and JSON.
func TestForms(t *testing.T) {
	for seed := range uint64(50) {
		want := everything(seed)
		got, err := fault.Parse("# a comment\n\n" + want.String())
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d: Parse(String) = %v, %v, want\n%v", seed, got, err, want)
		}
		data, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var back fault.Schedule
		if err := json.Unmarshal(data, &back); err != nil || !reflect.DeepEqual(back, want) {
			t.Fatalf("seed %d: of JSON %s: %v, %v, want\n%v", seed, data, back, err, want)
		}
		if _, err := parser.ParseExpr(want.GoString()); err != nil {
			t.Fatalf("seed %d: %v is no expression of Go: %v", seed, want.GoString(), err)
		}
	}
}

func TestLiteral(t *testing.T) {
	s := fault.Schedule{
		{Kind: fault.Crash, At: 16630 * time.Millisecond, For: 3 * time.Second, Nodes: []int{2}},
		{Kind: fault.OneWay, At: 0, For: 90 * time.Second, Nodes: []int{0}, To: []int{1, 2}},
		{Kind: fault.ResolverSlow, At: 2 * time.Hour, For: 7, Amount: 0.5},
		{Kind: fault.Flap, At: time.Second, For: time.Minute, Nodes: []int{1}, Every: 250 * time.Microsecond},
	}
	const want = `fault.Schedule{
	{Kind: fault.Crash, At: 16630*time.Millisecond, For: 3*time.Second, Nodes: []int{2}},
	{Kind: fault.OneWay, At: 0, For: 90*time.Second, Nodes: []int{0}, To: []int{1, 2}},
	{Kind: fault.ResolverSlow, At: 2*time.Hour, For: 7, Amount: 0.5},
	{Kind: fault.Flap, At: 1*time.Second, For: 1*time.Minute, Nodes: []int{1}, Every: 250*time.Microsecond},
}`
	if got := fmt.Sprintf("%#v", s); got != want {
		t.Errorf("%%#v:\n%s\nwant\n%s", got, want)
	}
}

// A fault reads the same by value and by address.
func TestFaultByValue(t *testing.T) {
	f := fault.Fault{Kind: fault.Crash, At: time.Second, For: time.Minute, Nodes: []int{1, 2}}
	const want = "crash at 1s for 1m0s nodes 1,2"
	if got := fmt.Sprint(f); got != want {
		t.Errorf("Sprint of a Fault: %q, want %q", got, want)
	}
	if got := fmt.Sprint(&f); got != want {
		t.Errorf("Sprint of a *Fault: %q, want %q", got, want)
	}
}

// Every kind has a constant of the name that its literal uses.
func TestIdentifiers(t *testing.T) {
	idents := map[fault.Kind]string{
		fault.Partition: "Partition", fault.OneWay: "OneWay", fault.Flap: "Flap", fault.Slow: "Slow", fault.Loss: "Loss",
		fault.Burst: "Burst", fault.Bandwidth: "Bandwidth", fault.Crash: "Crash", fault.Wipe: "Wipe", fault.Restart: "Restart",
		fault.Silence: "Silence", fault.Pause: "Pause", fault.Clock: "Clock", fault.Drift: "Drift", fault.Datagrams: "Datagrams",
		fault.Duplicate: "Duplicate", fault.Reorder: "Reorder", fault.ResolverEmpty: "ResolverEmpty", fault.ResolverStale: "ResolverStale",
		fault.ResolverSlow: "ResolverSlow", fault.ResolverError: "ResolverError", fault.ResolverFlap: "ResolverFlap", fault.StoreError: "StoreError",
		fault.StoreSlow: "StoreSlow", fault.StoreTorn: "StoreTorn", fault.StoreLost: "StoreLost",
	}
	if len(fault.Kinds()) != len(idents) {
		t.Errorf("%d kinds, want %d", len(fault.Kinds()), len(idents))
	}
	for _, k := range fault.Kinds() {
		f := fault.Fault{Kind: k}
		if want := "Kind: fault." + idents[k] + ","; !strings.Contains(f.GoString(), want) {
			t.Errorf("literal of %v is %s, want %s in it", k, f.GoString(), want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"flood at 1s", `line 1: fault: no kind "flood"`},
		{"crash at 1s\ncrash at", `line 2: "at" has no value`},
		{"crash at soon", `line 1: at: time: invalid duration "soon"`},
		{"crash nodes 1,x", `line 1: nodes: strconv.Atoi`},
		{"crash why not", `line 1: why: no such thing`},
	} {
		if _, err := fault.Parse(tt.text); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Parse(%q): %v, want %q in it", tt.text, err, tt.want)
		}
	}
	var f fault.Fault
	if err := json.Unmarshal([]byte(`{"kind":"crash","at":"soon"}`), &f); err == nil || !strings.Contains(err.Error(), "at: ") {
		t.Errorf("of JSON with a bad time: %v", err)
	}
	if err := json.Unmarshal([]byte(`{"kind":"flood"}`), &f); err == nil || !strings.Contains(err.Error(), "flood") {
		t.Errorf("of JSON with no kind: %v", err)
	}
}

func TestCheck(t *testing.T) {
	one := []int{1}
	for _, tt := range []struct {
		f    fault.Fault
		want string // empty: it is good
	}{
		{fault.Fault{Kind: fault.Crash, Nodes: one}, ""},
		{fault.Fault{Kind: fault.Crash}, "no nodes"},
		{fault.Fault{Kind: fault.StoreError}, ""},
		{fault.Fault{Kind: fault.OneWay, Nodes: one}, "no nodes in to"},
		{fault.Fault{Kind: fault.OneWay, Nodes: one, To: []int{3}}, "node 3, want 0 to 2"},
		{fault.Fault{Kind: fault.Silence, Nodes: []int{-1}}, "node -1"},
		{fault.Fault{Kind: fault.Restart, Nodes: one, For: 1}, "for 1ns, want 0"},
		{fault.Fault{Kind: fault.Flap, Nodes: one}, "every 0s"},
		{fault.Fault{Kind: fault.ResolverFlap}, "every 0s"},
		{fault.Fault{Kind: fault.Loss, Amount: 0.95}, "amount 0.95, want 0 to 0.9"},
		{fault.Fault{Kind: fault.Slow, Nodes: one}, "amount 0, want 1 to 1000"},
		{fault.Fault{Kind: fault.Partition, Nodes: one, At: -1}, "a negative time"},
		{fault.Fault{Kind: 200}, "no kind 200"},
	} {
		err := tt.f.Check(3)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("Check of %v: %v, want %q", &tt.f, err, tt.want)
		}
	}
}
