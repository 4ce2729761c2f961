package transport

import (
	"fmt"
	"net"
	"strings"
)

// Addr is an address of a node: comparable, and opaque to everybody but the transport that made it.
// The zero Addr is no address.
type Addr struct{ network, address string }

var _ net.Addr = Addr{}

// MakeAddr returns the Addr with the given network ("tcp", "unix", …) and address.
func MakeAddr(network, address string) Addr { return Addr{network, address} }

// ParseAddr is the inverse of [Addr.MarshalText]: it parses "network:address".
func ParseAddr(text string) (Addr, error) {
	network, address, ok := strings.Cut(text, ":")
	if !ok || network == "" {
		return Addr{}, fmt.Errorf("parse address %q: no network", text)
	}
	return Addr{network, address}, nil
}

// Network returns the network, "tcp" for example.
func (a Addr) Network() string { return a.network }

// String returns the address alone, "10.0.0.1:7946" for example.
func (a Addr) String() string { return a.address }

// IsZero reports whether a is the zero Addr.
func (a Addr) IsZero() bool { return a == Addr{} }

// MarshalText returns "network:address".
func (a Addr) MarshalText() ([]byte, error) { return []byte(a.network + ":" + a.address), nil }

// UnmarshalText sets a to what [ParseAddr] makes of text.
func (a *Addr) UnmarshalText(text []byte) (err error) { *a, err = ParseAddr(string(text)); return err }
