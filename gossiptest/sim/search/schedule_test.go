package search_test

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/fault"
	"github.com/grapevine-go/grapevine/gossiptest/sim/search"
)

// Every generated schedule is what Generate says it is.
func TestGenerate(t *testing.T) {
	all, some := 0, 0 // with two parents
	for seed := range uint64(300) {
		s := search.Generate(seed)
		switch {
		case s.Doubled == s.Nodes:
			all++
		case s.Doubled > 0:
			some++
		}
		kinds := map[fault.Kind]bool{}
		for i, f := range s.Faults {
			kinds[f.Kind] = true
			if i > 0 && !slices.ContainsFunc(s.Faults[:i], func(b fault.Fault) bool { return b.At <= f.At && b.At+b.For >= f.At }) {
				t.Errorf("seed %d: %v begins when no other fault lasts", seed, &f)
			}
		}
		if s.Nodes != 20 || s.For != time.Minute || len(s.Writes) != 100 || len(s.Faults) < 8 || len(kinds) < 4 {
			t.Errorf("seed %d: %d nodes, %v, %d writes, %d faults of %d kinds", seed, s.Nodes, s.For, len(s.Writes), len(s.Faults), len(kinds))
		}
		if kinds[fault.Datagrams] && seed%2 == 1 {
			t.Errorf("seed %d is odd, and loses datagrams", seed)
		}
		writers := map[string]map[int]bool{}
		deletes, forever, brief := 0, 0, 0
		for _, w := range s.Writes {
			if writers[w.Key] == nil {
				writers[w.Key] = map[int]bool{}
			}
			writers[w.Key][w.Node] = true
			switch {
			case w.Delete:
				deletes++
			case w.TTL == 0:
				forever++
			case w.At+w.TTL < s.For:
				brief++
			}
		}
		several := 0
		for _, nodes := range writers {
			if len(nodes) > 1 {
				several++
			}
		}
		if len(writers) != 30 || several < 10 || deletes < 5 || forever < 5 || brief < 5 {
			t.Errorf("seed %d: %d keys, %d with several writers, %d deletes, %d writes for ever, %d that expire", seed, len(writers), several, deletes, forever, brief)
		}
	}
	if min(all, some) < 20 || max(all, some) > 60 {
		t.Errorf("in %d schedules of 300 all nodes have two parents, in %d some; want an eighth each", all, some)
	}
	if a, b := search.Generate(1), search.Generate(2); reflect.DeepEqual(a.Faults, b.Faults) || reflect.DeepEqual(a.Writes, b.Writes) {
		t.Error("seeds 1 and 2 make the same")
	}
}

func TestText(t *testing.T) {
	for seed := range uint64(100) {
		want := search.Generate(seed)
		if seed == 0 {
			want.Sentinel, want.MaxTTL, want.Doubled = time.Second, time.Hour, 7
		}
		got, err := search.Parse(want.String())
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("Parse of\n%v= %+v, %v", &want, &got, err)
		}
	}
	const text = `
# two nodes
seed 7
nodes 2
for 10s
oneway at 1s for 2.5s nodes 0 to 1
loss at 2s for 1m0s amount 0.25

write at 3s node 1 key k ttl 0s
delete at 4s node 0 key k
`
	want := search.Schedule{
		Seed: 7, Nodes: 2, For: 10 * time.Second,
		Faults: []fault.Fault{
			{Kind: fault.OneWay, At: time.Second, For: 2500 * time.Millisecond, Nodes: []int{0}, To: []int{1}},
			{Kind: fault.Loss, At: 2 * time.Second, For: time.Minute, Amount: 0.25},
		},
		Writes: []search.Write{{At: 3 * time.Second, Node: 1, Key: "k"}, {At: 4 * time.Second, Key: "k", Delete: true}},
	}
	got, err := search.Parse(text)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("Parse = %+v, %v, want %+v", got, err, want)
	}
	lines := slices.DeleteFunc(strings.Split(text, "\n"), func(l string) bool { return l == "" || l[0] == '#' })
	if s := strings.TrimSpace(want.String()); s != strings.Join(lines, "\n") {
		t.Errorf("String = %q, want %q", s, lines)
	}
}

func TestDoubled(t *testing.T) {
	s := search.Schedule{Nodes: 9, Doubled: 7}
	if parents := s.Options().Parents; parents(0) != 2 || parents(6) != 2 || parents(7) != 1 {
		t.Errorf("nodes 0, 6 and 7 have %d, %d and %d parents, want 2, 2 and 1", parents(0), parents(6), parents(7))
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct{ text, want string }{
		{"", "0 nodes"},
		{"nodes 10001", "10001 nodes"},
		{"nodes 2\nfor -1s", "none negative"},
		{"nodes 2\nfor 25h", "up to 24h"},
		{"nodes two", "line 1: nodes:"},
		{"nodes 2\ndoubled 3", "3 of 2 nodes doubled"},
		{"nodes 2\ndoubled -1", "-1 of 2 nodes doubled"},
		{"nodes 2\nearthquake 1s", "line 2: earthquake: no such thing"},
		{"nodes 2\ncrash at 1s for", `line 2: "for" has no value`},
		{"nodes 2\ncrash at 1s for 1s nodes 0,x", "line 2: nodes:"},
		{"nodes 2\ncrash at 1s for 1s ttl 2s", "line 2: ttl: no such thing"},
		{"nodes 2\ncrash at 1s for 1s nodes 2", "crash at 1s for 1s nodes 2: node 2, want 0 to 1"},
		{"nodes 2\noneway at 1s for 1s nodes 0 to -1", "node -1"},
		{"nodes 2\ncrash at -1s for 1s nodes 1", "a negative time"},
		{"nodes 2\nloss at 1s for 1s amount 0.95", "amount 0.95"},
		{"nodes 2\ndatagrams at 1s for 1s amount 1.1", "amount 1.1"},
		{"nodes 2\nslow at 1s for 1s nodes 1", "amount 0"},
		{"nodes 2\nslow at 1s for 1s nodes 1 amount NaN", "amount NaN"},
		{"nodes 2\nclock at 1s for 1s nodes 1 amount 1e9", "amount 1e+09"},
		{"nodes 2\npause at 1s for 1s nodes 1", "no fault of a sim.Sim"},
		{"nodes 2\nwrite at 1s node 2 key k", "out of range"},
		{"nodes 2\nwrite at 1s node 1", "out of range"},
		{"nodes 2\nwrite at 1s node 1 key k ttl -1s", "out of range"},
		{"nodes 2\ndelete at 1s node 1 key k ttl 1s", "line 2: ttl: no such thing"},
	}
	for _, tt := range tests {
		if _, err := search.Parse(tt.text); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Parse(%q): %v, want an error that says %q", tt.text, err, tt.want)
		}
	}
	if _, err := search.Run(search.Schedule{}); err == nil {
		t.Error("an empty schedule runs")
	}
}

func TestFromBytes(t *testing.T) {
	kinds := map[fault.Kind]bool{}
	doubled := map[int]bool{}
	writes := 0
	for i := range 256 {
		data := []byte{byte(i), byte(i), byte(i), 3, byte(i), 50, byte(255 - i), 1}
		s := search.FromBytes(data)
		if n := len(s.Faults) + len(s.Writes); n != 1 {
			t.Fatalf("%d faults and writes of %v, want 1", n, data)
		}
		for _, f := range s.Faults {
			kinds[f.Kind] = true
		}
		writes += len(s.Writes)
		doubled[3*s.Doubled/s.Nodes] = true
		if _, err := search.Parse(s.String()); err != nil {
			t.Errorf("FromBytes(%v) makes no sense: %v", data, err)
		}
	}
	if len(kinds) != 10 || writes == 0 || !doubled[0] || !doubled[3] || len(doubled) < 3 {
		t.Errorf("%d kinds of faults, %d writes, and thirds of nodes with two parents %v, want all", len(kinds), writes, doubled)
	}
	long := search.FromBytes(make([]byte, 1000))
	if got := cmp.Or(len(long.Faults)+len(long.Writes), -1); got != 40 {
		t.Errorf("%d faults and writes of many bytes, want 40", got)
	}
}
