package resolver_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/grapevine-go/grapevine/resolver"
	"github.com/grapevine-go/grapevine/transport"
)

func TestStatic(t *testing.T) {
	a, b := transport.MakeAddr("tcp", "a:1"), transport.MakeAddr("unix", "/b")
	for _, c := range []struct {
		name  string
		addrs []transport.Addr
	}{
		{name: "nobody", addrs: nil},
		{name: "one", addrs: []transport.Addr{a}},
		{name: "two", addrs: []transport.Addr{b, a}},
	} {
		t.Run(c.name, func(t *testing.T) {
			given := slices.Clone(c.addrs)
			r := resolver.Static(given...)
			clear(given)
			for range 2 { // the second answer does not notice what was done to the first
				got, err := r.Resolve(t.Context())
				if err != nil || !slices.Equal(got, c.addrs) {
					t.Fatalf("Resolve() = %v, %v, want %v", got, err, c.addrs)
				}
				clear(got)
			}
		})
	}
}

func TestFunc(t *testing.T) {
	want := errors.New("no answer")
	var got context.Context
	f := resolver.Func(func(ctx context.Context) ([]transport.Addr, error) {
		got = ctx
		return nil, want
	})
	if addrs, err := f.Resolve(t.Context()); addrs != nil || err != want || got != t.Context() {
		t.Errorf("Resolve() = %v, %v with context %v, want nil, %v with that of the call", addrs, err, got, want)
	}
}

func TestParse(t *testing.T) {
	for _, c := range []struct{ spec, network, address string }{
		{spec: "10.0.0.1:7946", network: "tcp", address: "10.0.0.1:7946"},
		{spec: "tcp=10.0.0.1:7946", network: "tcp", address: "10.0.0.1:7946"},
		{spec: "never-resolved.invalid:1", network: "tcp", address: "never-resolved.invalid:1"},
		{spec: "[::1]:65535", network: "tcp", address: "[::1]:65535"},
		{spec: "tcp=[fe80::1%eth0]:1", network: "tcp", address: "[fe80::1%eth0]:1"},
		{spec: ":7946", network: "tcp", address: ":7946"},
		{spec: "unix=/run/node.sock", network: "unix", address: "/run/node.sock"},
		{spec: "unix=a b:c", network: "unix", address: "a b:c"},
		{spec: "unix=@abstract", network: "unix", address: "@abstract"},
	} {
		r, err := resolver.Parse(c.spec)
		if err != nil {
			t.Errorf("Parse(%q): %v", c.spec, err)
			continue
		}
		want := []transport.Addr{transport.MakeAddr(c.network, c.address)}
		if got, err := r.Resolve(t.Context()); err != nil || !slices.Equal(got, want) {
			t.Errorf("Parse(%q).Resolve() = %#v, %v, want %#v", c.spec, got, err, want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for _, c := range []struct {
		spec, want string
		kind       bool // the error wraps ErrKind
	}{
		{spec: "", want: "empty address"},
		{spec: "tcp=", want: "empty address"},
		{spec: "unix=", want: "empty address"},
		{spec: "a=b=c", want: `more than one "="`},
		{spec: "lb=", want: "empty address"},
		{spec: "tcp=b=c:1", want: `more than one "="`},
		{spec: "unix=/a=b", want: `more than one "="`},
		{spec: "=host:1", want: `kind ""`, kind: true},
		{spec: "TCP=host:1", want: `kind "TCP"`, kind: true},
		{spec: "tcp =host:1", want: `kind "tcp "`, kind: true},
		{spec: "lb=host:1", want: `kind "lb"`, kind: true},
		{spec: "http-lb=host:1", want: `kind "http-lb"`, kind: true},
		{spec: "dns=host:1", want: `kind "dns"`, kind: true},
		{spec: "srv=_gossip._tcp.example", want: `kind "srv"`, kind: true},
		{spec: "file=/etc/peers", want: `kind "file"`, kind: true},
		{spec: "host", want: "missing port in address"},
		{spec: "tcp=::1", want: "too many colons in address"},
		{spec: "[::1]", want: "missing port in address"},
		{spec: "host:", want: `port "" is not a number`},
		{spec: "host:0", want: `port "0" is not a number from 1`},
		{spec: "host:65536", want: `port "65536" is not a number`},
		{spec: "host:-1", want: `port "-1" is not a number`},
		{spec: "host:http", want: `port "http" is not a number`},
		{spec: " host:1", want: `space in host " host"`},
		{spec: "http://host:80", want: "too many colons in address"},
	} {
		r, err := resolver.Parse(c.spec)
		if err == nil {
			t.Errorf("Parse(%q) = %v, want an error with %q", c.spec, r, c.want)
			continue
		}
		if r != nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, resolver.ErrKind) != c.kind {
			t.Errorf("Parse(%q) = %v, %v (ErrKind: %v), want nil, an error with %q (ErrKind: %v)",
				c.spec, r, err, errors.Is(err, resolver.ErrKind), c.want, c.kind)
		}
	}
}
