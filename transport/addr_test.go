package transport_test

import (
	"encoding/json"
	"net"
	"testing"

	"github.com/grapevine-go/grapevine/transport"
)

func TestAddrText(t *testing.T) {
	for _, c := range []struct {
		text             string
		network, address string
	}{
		{text: "tcp:10.0.0.1:7946", network: "tcp", address: "10.0.0.1:7946"},
		{text: "tcp:[2001:db8::1]:7946", network: "tcp", address: "[2001:db8::1]:7946"},
		{text: "tcp6:[fe80::1%eth0]:7946", network: "tcp6", address: "[fe80::1%eth0]:7946"},
		{text: "tcp:db.example:7946", network: "tcp", address: "db.example:7946"},
		{text: "unix:/run/node.sock", network: "unix", address: "/run/node.sock"},
		{text: "unix:/a b/c:d\n", network: "unix", address: "/a b/c:d\n"},
		{text: "unix:@abstract", network: "unix", address: "@abstract"},
		{text: "quic+v2.x-y:host:1", network: "quic+v2.x-y", address: "host:1"},
		{text: "mem::", network: "mem", address: ":"},
		{text: "mem:\xff", network: "mem", address: "\xff"},
	} {
		t.Run(c.text, func(t *testing.T) {
			want := transport.MakeAddr(c.network, c.address)
			got, err := transport.ParseAddr(c.text)
			if err != nil || got != want {
				t.Errorf("ParseAddr(%q) = %#v, %v, want %#v", c.text, got, err, want)
			}
			text, err := want.MarshalText()
			if err != nil || string(text) != c.text {
				t.Errorf("%#v.MarshalText() = %q, %v, want %q", want, text, err, c.text)
			}
			if got.Network() != c.network || got.String() != c.address {
				t.Errorf("ParseAddr(%q) is %q in %q, want %q in %q", c.text, got.String(), got.Network(), c.address, c.network)
			}
		})
	}
}

func TestParseAddrErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{text: "", want: `parse address "": no network`},
		{text: "tcp", want: `parse address "tcp": no network`},
		{text: ":", want: `parse address ":": no network`},
		{text: ":7946", want: `parse address ":7946": no network`},
		{text: "tcp:", want: `parse address "tcp:": no address`},
		{text: "10.0.0.1:7946", want: `parse address "10.0.0.1:7946": network "10.0.0.1" is no name`},
		{text: "[::1]:7946", want: `parse address "[::1]:7946": network "[" is no name`},
		{text: "a b:c", want: `parse address "a b:c": network "a b" is no name`},
	} {
		a, err := transport.ParseAddr(c.text)
		if err == nil || err.Error() != c.want || !a.IsZero() {
			t.Errorf("ParseAddr(%q) = %#v, %v, want the zero Addr, %s", c.text, a, err, c.want)
		}
	}
}

func TestMarshalTextErrors(t *testing.T) {
	for _, a := range []transport.Addr{
		transport.MakeAddr("", "host:1"),
		transport.MakeAddr("tcp", ""),
		transport.MakeAddr("a:b", "c"),
		transport.MakeAddr("7", "c"),
	} {
		if text, err := a.MarshalText(); err == nil {
			t.Errorf("%#v.MarshalText() = %q, want an error", a, text)
		}
	}
}

func TestUnmarshalTextKeepsOnError(t *testing.T) {
	want := transport.MakeAddr("tcp", "host:1")
	got := want
	if err := got.UnmarshalText([]byte("7:host")); err == nil || got != want {
		t.Errorf("after UnmarshalText of rubbish, which returned %v: %#v, want %#v", err, got, want)
	}
}

func TestAddrJSON(t *testing.T) {
	type node struct {
		Addr  transport.Addr
		Peers map[transport.Addr]int
	}
	for _, want := range []node{
		{},
		{
			Addr:  transport.MakeAddr("tcp", "[::1]:1"),
			Peers: map[transport.Addr]int{transport.MakeAddr("unix", "/a"): 1, transport.MakeAddr("tcp", "b:2"): 2},
		},
	} {
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		got := node{Addr: transport.MakeAddr("old", "value")}
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if got.Addr != want.Addr || len(got.Peers) != len(want.Peers) {
			t.Errorf("%s became %v, want %v", text, got, want)
		}
		for a, n := range want.Peers {
			if got.Peers[a] != n {
				t.Errorf("%s: Peers[%v] = %d, want %d", text, a, got.Peers[a], n)
			}
		}
	}
}

func TestAddrIsNetAddr(t *testing.T) {
	a := transport.MakeAddr("tcp", "[::1]:7946")
	var n net.Addr = a
	if n.Network() != "tcp" || n.String() != "[::1]:7946" || n != net.Addr(transport.MakeAddr("tcp", "[::1]:7946")) {
		t.Errorf("as a net.Addr: %q in %q, want [::1]:7946 in tcp, equal to another one", n.String(), n.Network())
	}
	if a.IsZero() || !(transport.Addr{}).IsZero() {
		t.Errorf("IsZero: %v for %#v, %v for the zero Addr, want false, true", a.IsZero(), a, transport.Addr{}.IsZero())
	}
}

func FuzzParseAddr(f *testing.F) {
	for _, text := range []string{"", ":", "tcp:10.0.0.1:7946", "unix:/run/node.sock", "tcp:[::1]:1", "7:1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := transport.ParseAddr(text)
		if err != nil {
			return
		}
		back, err := a.MarshalText()
		if err != nil || string(back) != text {
			t.Errorf("ParseAddr(%q) = %#v, which is the text %q, %v", text, a, back, err)
		}
	})
}
