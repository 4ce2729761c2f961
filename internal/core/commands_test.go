package core_test

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/grapevine-go/grapevine/internal/core"
)

// play carries out the commands of a paragraph, and returns what followed.
func (s *stage) play(file string, line int, commands string) string {
	s.t.Helper()
	s.out.Reset()
	s.quiet = false
	for text := range strings.Lines(commands) {
		s.at = fmt.Sprintf("%s:%d", file, line)
		line++
		if words := strings.Fields(text); len(words) > 0 && !strings.HasPrefix(text, "#") {
			s.command(words[0], words[1:])
		}
	}
	if s.world != nil {
		for _, err := range s.check() {
			s.t.Errorf("%s: %v", s.at, err)
		}
	}
	return s.out.String()
}

// command carries out one. What it does not understand ends the test.
func (s *stage) command(name string, args []string) {
	s.t.Helper()
	if s.world == nil && name != "nodes" {
		s.t.Fatalf("%s: %s: a transcript begins with the number of nodes", s.at, name)
	}
	plain, options := []string{}, map[string]string{}
	for _, a := range args {
		if k, v, ok := strings.Cut(a, "="); ok {
			options[k] = v
		} else {
			plain = append(plain, a)
		}
	}
	rest := strings.Join(plain[min(1, len(plain)):], " ")
	switch name {
	case "nodes":
		s.setUp(s.number(args[0]), options)
	case "dials":
		s.dialable = map[[2]int]bool{}
		for _, p := range plain {
			a, b, _ := strings.Cut(p, "-")
			s.dialable[pairOf(s.id(a), s.id(b))] = true
		}
	case "start":
		for _, id := range s.ids(plain) {
			s.begin(id, options["seed"])
		}
	case "write":
		s.input(func() { s.reply(s.add(s.id(plain[0]), plain[1], plain[2], s.duration(options["ttl"]))) })
	case "delete":
		s.input(func() { s.reply(s.remove(s.id(plain[0]), plain[1])) })
	case "quiet":
		s.quiet = true
	case "run":
		for _, h := range plain[1:] {
			s.hidden = append(s.hidden, strings.TrimPrefix(h, "-"))
		}
		s.pass(s.duration(plain[0]))
		s.hidden = nil
	case "lose":
		s.lose[[2]int{s.id(plain[0]), s.id(plain[1])}]++
	case "delay":
		s.delays[[2]int{s.id(plain[0]), s.id(plain[1])}] = s.duration(plain[2])
	case "cut":
		s.input(func() { s.sever(s.id(plain[0]), s.id(plain[1])) })
	case "partition":
		s.side = map[int]int{}
		for i, part := range strings.Split(strings.Join(plain, " "), "|") {
			for _, id := range s.ids(strings.Fields(part)) {
				s.side[id] = i
			}
		}
	case "heal":
		s.side = nil
	case "crash":
		id := s.id(plain[0])
		s.stored[id] = s.nodes[id].stored
		if rest == "silently" {
			s.input(func() { s.crashSilently(id) })
		} else {
			s.input(func() { s.crash(id) })
		}
	case "restart":
		id := s.id(plain[0])
		if s.nodes[id].up || rest != "empty" && rest != "stored" {
			s.t.Fatalf("%s: only what has crashed restarts, empty or stored", s.at)
		}
		if rest == "stored" {
			s.nodes[id].stored = s.stored[id]
		}
		s.begin(id, "")
	case "clock":
		s.nodes[s.id(plain[0])].skew = s.duration(plain[1])
	case "links":
		s.listLinks()
	case "tree":
		s.tree(s.id(plain[0]))
	case "show":
		for _, id := range s.ids(plain) {
			s.show(id)
		}
	case "agree":
		s.agree()
	default:
		s.t.Fatalf("%s: %s: there is no such command", s.at, name)
	}
}

func (s *stage) setUp(n int, options map[string]string) {
	s.world = newWorld(n, func(c *core.Config) {
		if v := options["maxpeers"]; v != "" {
			c.MaxPeers = s.number(v)
		}
		if v := options["parents"]; v != "" {
			c.Parents = s.number(v)
		}
		if c.Sentinel = s.duration(options["sentinel"]); c.Sentinel != 0 {
			c.ClusterLife, c.Resolvers = 24*hour, 1
		}
	})
	s.handDials = true
	s.noted = make([]noted, n+1)
}

// begin starts a node, which gossips its descriptor.
func (s *stage) begin(id int, seeds string) {
	if seeds != "" {
		s.nodes[id].seeds = nil
		for _, seed := range s.ids(strings.Split(seeds, ",")) {
			s.nodes[id].seeds = append(s.nodes[id].seeds, addrOf(uint64(seed)))
		}
	}
	s.input(func() { s.world.start(id) })
	s.input(func() { s.reply(s.describe(id)) })
}

// reply notes a command that was not done.
func (s *stage) reply(p core.Problem) {
	if p != core.OK {
		s.say("problem %d", p)
	}
}

func (s *stage) number(text string) int {
	s.t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		s.t.Fatalf("%s: %v", s.at, err)
	}
	return n
}

// id reads the ID of a node.
func (s *stage) id(text string) int {
	s.t.Helper()
	n := s.number(text)
	if n < 1 || n >= len(s.nodes) {
		s.t.Fatalf("%s: there is no node %d", s.at, n)
	}
	return n
}

func (s *stage) ids(texts []string) []int {
	s.t.Helper()
	var ids []int
	for _, text := range texts {
		ids = append(ids, s.id(text))
	}
	return ids
}

// duration reads one; nothing is 0.
func (s *stage) duration(text string) int64 {
	s.t.Helper()
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		s.t.Fatalf("%s: %v", s.at, err)
	}
	return int64(d)
}
