package gossiptest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/fault"
)

// failing runs body as Run does, with a test that takes note of the failure instead.
func failing(t *testing.T, body func(*Sim)) (text string) {
	t.Helper()
	r := &runner{
		t: t, name: "TestOfUser", body: body, env: env{runs: defaultRuns, shrink: true, save: true}, dir: filepath.Join(t.TempDir(), "kept"), patience: hangLimit,
		fail: func(s string) { text += s },
	}
	r.all()
	return text
}

func buggy(s *Sim) {
	c := NewCluster(s, 5, newOrders(5))
	s.Network(NetworkModel{Latency: 10 * time.Millisecond, Jitter: 0.8, Loss: 0.02})
	s.Chaos(fault.Chaos{Count: 12, Kinds: []fault.Kind{fault.Partition, fault.OneWay, fault.Crash, fault.Pause}})
	for i := range 10 {
		s.At(time.Duration(i)*2*time.Second, func() { c.App(i%5).Put(fmt.Sprint("order/", i), "paid") })
	}
	s.RunFor(30 * time.Second)
	c.Converged(10*time.Second, func(o *orders) any { return o.Snapshot() })
}

// A failure has all its parts, and is the same every time but for what it took.
func TestFailureExplainsItself(t *testing.T) {
	text := failing(t, buggy)
	for _, part := range []string{
		`^seed \d+ \(run 1 of 10\), \d+ steps, trace [0-9a-f]{16}\n`,
		`not converged 10s after the last fault: 2 different states on 5 hosts`,
		`n0 n1 n4 agree\n`,
		`n2 n3: - is what they show, \+ is n2\n`,
		`- \t"order/6": "paid",\n`,
		`the last 6 of \d+ frames to n2:\n`,
		`ms  recv  n\d -> n2  "order/9=paid"\n`,
		`the fewest faults with which it fails \(1 of 12 are left, \d+ replays in `,
		`\n    oneway at 11.84s for 2.48s nodes 2,3 to 0,1,4\n`,
		`s\.Faults\(fault\.Fault\{Kind: fault\.OneWay, At: 11840\*time\.Millisecond, For: 2480\*time\.Millisecond, Nodes: \[\]int\{2, 3\}, To: \[\]int\{0, 1, 4\}\}\)`,
		`replay: GOSSIPTEST_SEED=\d+ go test -run '\^TestOfUser\$' \.`,
		`kept, and tried first from now on: .*TestOfUser-[0-9a-f]{16}\.json\n`,
	} {
		if !regexp.MustCompile(part).MatchString(text) {
			t.Errorf("no %s in\n%s", part, text)
		}
	}
	vary := regexp.MustCompile(`replays in .*\)|from now on: .*`)
	if again := failing(t, buggy); vary.ReplaceAllString(again, "") != vary.ReplaceAllString(text, "") {
		t.Errorf("the second time:\n%s\nthe first time:\n%s", again, text)
	}
}

// A failure that was kept is tried first, until it passes.
func TestKeptFailure(t *testing.T) {
	var texts []string
	runs, bug := 0, true
	r := &runner{
		t: t, name: "TestOfUser", env: env{runs: 3, shrink: true, save: true}, dir: filepath.Join(t.TempDir(), "kept"), patience: hangLimit,
		body: func(s *Sim) {
			runs++
			s.Faults(fault.Fault{Kind: fault.Loss, At: time.Second, For: time.Second, Amount: 0.1})
			s.RunFor(3 * time.Second)
			if bug && len(s.schedule) > 0 {
				s.Errorf("bug")
			}
		},
		fail: func(s string) { texts = append(texts, s) },
	}
	r.all()
	files, _ := filepath.Glob(filepath.Join(r.dir, "*"))
	if len(texts) != 1 || len(files) != 1 {
		t.Fatalf("failures %q, files %q; want one each", texts, files)
	}
	texts, runs = nil, 0
	r.all()
	if len(texts) != 1 || runs != 1 || !strings.Contains(texts[0], files[0]+" still fails") || !strings.Contains(texts[0], "loss at 1s for ") ||
		!strings.Contains(texts[0], "s.Faults(fault.Fault{Kind: fault.Loss, At: 1*time.Second, ") || !strings.Contains(texts[0], "replay: go test -run '^TestOfUser$' .") {
		t.Errorf("the second time: %d runs, %q", runs, texts)
	}
	texts, runs, bug = nil, 0, false
	r.all()
	if len(texts) != 0 || runs != 5 { // the one that was kept, and three, the first of them twice
		t.Errorf("when the bug is mended: %d runs, %q", runs, texts)
	}
	if err := os.WriteFile(files[0], []byte("{"), 0o666); err != nil {
		t.Fatal(err)
	}
	r.all()
	if len(texts) != 1 || !strings.Contains(texts[0], files[0]) {
		t.Errorf("with a file that makes no sense: %q", texts)
	}
}

// A failure of a test whose name means something to regular expressions, shells or file systems is found again.
func TestKeptFailureOfOddName(t *testing.T) {
	var texts []string
	r := &runner{
		t: t, name: "TestOfUser/a+b[1]*", env: env{runs: 1, save: true}, dir: filepath.Join(t.TempDir(), "kept"), patience: hangLimit,
		body: func(s *Sim) { s.Errorf("bug") }, fail: func(s string) { texts = append(texts, s) },
	}
	r.all()
	r.all()
	if len(texts) != 2 || !strings.Contains(texts[1], " still fails: ") {
		t.Fatalf("failures %q, want one, and that it still fails", texts)
	}
	_, run, _ := strings.Cut(texts[0], "-run '")
	run, _, _ = strings.Cut(run, "'")
	for i, part := range strings.Split(run, "/") { // as go test does
		if name := strings.Split(r.name, "/")[i]; !regexp.MustCompile(part).MatchString(name) {
			t.Errorf("-run %s does not match %s", run, r.name)
		}
	}
}

// What a run says when something is wrong with the test, or with what it tests.
func TestFailures(t *testing.T) {
	for name, tt := range map[string]struct {
		body func(s *Sim)
		want string
	}{
		"error and on": {func(s *Sim) { s.Errorf("first"); s.Error("second") }, "at 0s: first\n  at 0s: second\n"},
		"fail now":     {func(s *Sim) { s.Errorf("one"); s.FailNow(); s.Errorf("two") }, "at 0s: one\n  replay"},
		"fatal":        {func(s *Sim) { s.Fatalf("one %d", 1); s.Errorf("two") }, "at 0s: one 1\n  replay"},
		"fatal on a host": {func(s *Sim) {
			NewCluster(s, 2, newMember)
			s.At(time.Second, func() { s.Fatalf("over") })
			s.RunFor(time.Hour)
			s.Errorf("an hour later")
		}, "at 1s: over\n  replay"},
		"a cleanup that is fatal": {func(s *Sim) {
			s.Cleanup(func() { s.Errorf("two") })
			s.Cleanup(func() { s.Fatal("one") })
		}, "at 0s: one\n  at 0s: two\n"},
		"a cleanup that panics": {func(s *Sim) {
			s.Cleanup(func() { s.Errorf("two") })
			s.Cleanup(func() { panic("one") })
		}, "at 0s: a function given to Cleanup panics: one\n"},
		"log":       {func(s *Sim) { s.Logf("seen"); s.Fail() }, "log: 0s: seen\n"},
		"no faults": {func(s *Sim) { NewCluster(s, 2, newMember); s.Chaos(fault.Chaos{}); s.RunFor(time.Second); s.Fail() }, "it fails without any fault\n"},
		"always": {func(s *Sim) {
			n := 0
			s.Always("less than 5", func() error { n++; return when(n >= 5) })
			s.RunFor(time.Second)
		}, "at 40ms: less than 5: it is so"},
		"never": {func(s *Sim) {
			s.Never("later than 50ms", func() (bool, any) { return s.Now() > 50*time.Millisecond, s.Now() })
			s.RunFor(time.Second)
		}, "never later than 50ms: it is so: 60ms"},
		"eventually": {func(s *Sim) {
			s.Eventually(time.Second, "true", func() error { return fmt.Errorf("at %v", s.Now()) })
		}, "at 1s: true: not within 1s: at 1s"},
		"budget": {func(s *Sim) {
			c := NewCluster(s, 3, newMember)
			s.RunFor(time.Second)
			s.Budget("an info", Usage{Frames: 1}, func() { _ = c.App(0).AddInfo("k", nil, 0); s.RunFor(100 * time.Millisecond) })
		}, "an info: "},
		"an app that ends with an error": {func(s *Sim) {
			NewCluster(s, 1, func(*Host) fails { return fails{} })
			s.RunFor(time.Second)
		}, "n0: Run: no luck"},
		"no end": {func(s *Sim) {
			var again func()
			n := 0
			again = func() {
				if n++; n == 30_000 {
					s.Fatalf("nobody has stopped it")
				}
				s.At(s.Now(), again)
			}
			s.At(0, again)
			s.RunFor(time.Second)
		}, "events without end at one instant\n"},
		"a wait for nothing": {func(s *Sim) {
			select {
			case <-make(chan struct{}):
			case <-time.After(10 * 24 * time.Hour):
				s.Errorf("nobody has stopped it")
			}
		}, "nothing happens for a day, and the test waits\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if text := failing(t, tt.body); !strings.Contains(text, tt.want) {
				t.Errorf("no %q in\n%s", tt.want, text)
			}
		})
	}
}

func when(holds bool) error {
	if holds {
		return errors.New("it is so")
	}
	return nil
}

// fails is an application that does.
type fails struct{}

func (fails) Run(context.Context) error {
	return errors.New("no luck")
}

// Rules see every frame, drop and delay some, and are asked no more once they are removed.
func TestRule(t *testing.T) {
	Run(t, func(s *Sim) {
		c := NewCluster(s, 3, newMember)
		s.RunFor(2 * time.Second)
		seen := map[int]int{}
		remove := s.Rule(func(p *Packet) Verdict {
			seen[p.From]++
			if p.To == 2 {
				return Verdict{Drop: true}
			}
			return Verdict{Late: 50 * time.Millisecond}
		})
		if err := c.App(0).AddInfo("order/1", []byte("paid"), 0); err != nil {
			s.Fatal(err)
		}
		s.RunFor(30 * time.Millisecond)
		if n := len(c.App(1).infos()); n != 0 {
			s.Errorf("n1 has %d infos after 30ms, want 0", n)
		}
		s.RunFor(70 * time.Millisecond)
		if a, b := len(c.App(1).infos()), len(c.App(2).infos()); a != 1 || b != 0 {
			s.Errorf("n1 has %d infos and n2 %d, want 1 and 0", a, b)
		}
		remove()
		was := maps.Clone(seen)
		c.Converged(10*time.Second, func(m member) any { return m.infos() })
		if len(seen) == 0 || !maps.Equal(seen, was) {
			s.Errorf("the rule saw %v, and then %v", was, seen)
		}
	})
}
