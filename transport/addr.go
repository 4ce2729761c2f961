package transport

import (
	"errors"
	"fmt"
	"net"
	"strings"
)

// Addr is the address of a node: a network, such as "tcp" or "unix", and an address in it, such as "10.0.0.1:7946",
// "[::1]:7946" or "/run/node.sock".
//
// An Addr is opaque to everybody but the transports that dial it: nobody resolves, completes or normalises it. Two are
// equal (==) if both their strings are, so an Addr can be the key of a map; "localhost:1" and "127.0.0.1:1" are
// different Addrs. The zero Addr is no address. Addr is a [net.Addr], and a text as long as it has both parts: it can
// be an attribute in a log, a value in JSON, and a flag by [flag.TextVar].
type Addr struct{ network, address string }

var _ net.Addr = Addr{}

// MakeAddr returns the Addr with the given network and address. It checks neither: an unknown network or a malformed
// address shows when it is dialled, and a network that is no name, or an empty address, when it becomes a text.
func MakeAddr(network, address string) Addr { return Addr{network, address} }

// ParseAddr is the inverse of [Addr.MarshalText]: it parses "network:address", where a network is a letter and then
// letters, digits, '+', '-' and '.'. It is meant for text that an Addr became, not for what people write:
// "localhost:7946" is address 7946 in a network called localhost. For people there is resolver.Parse.
func ParseAddr(text string) (Addr, error) {
	network, address, ok := strings.Cut(text, ":")
	a := Addr{network, address}
	if !ok {
		return Addr{}, fmt.Errorf("parse address %q: no network", text)
	}
	if err := a.check(); err != nil {
		return Addr{}, fmt.Errorf("parse address %q: %w", text, err)
	}
	return a, nil
}

// Network returns the network, "tcp" for example.
func (a Addr) Network() string { return a.network }

// String returns the address alone, "10.0.0.1:7946" for example.
func (a Addr) String() string { return a.address }

// IsZero reports whether a is the zero Addr.
func (a Addr) IsZero() bool { return a == Addr{} }

// MarshalText returns "network:address", and nothing for the zero Addr. Its error says that a network is no name (see
// [ParseAddr]) or that an address is empty.
func (a Addr) MarshalText() ([]byte, error) {
	if a.IsZero() {
		return nil, nil
	}
	if err := a.check(); err != nil {
		return nil, fmt.Errorf("marshal address %q of network %q: %w", a.address, a.network, err)
	}
	return []byte(a.network + ":" + a.address), nil
}

// UnmarshalText sets a to what [ParseAddr] makes of text, and to the zero Addr if text is empty. It leaves a as it is
// if it returns an error.
func (a *Addr) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*a = Addr{}
		return nil
	}
	b, err := ParseAddr(string(text))
	if err != nil {
		return err
	}
	*a = b
	return nil
}

// check reports whether a can become a text and be parsed again.
func (a Addr) check() error {
	for i, c := range []byte(a.network) {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		other := '0' <= c && c <= '9' || c == '+' || c == '-' || c == '.'
		if !letter && (i == 0 || !other) {
			return fmt.Errorf("network %q is no name", a.network)
		}
	}
	switch {
	case a.network == "":
		return errors.New("no network")
	case a.address == "":
		return errors.New("no address")
	}
	return nil
}
