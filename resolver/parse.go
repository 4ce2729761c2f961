package resolver

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"unicode"

	"github.com/grapevine-go/grapevine/transport"
)

// ErrKind is wrapped by the error of [Parse] for a resolver of a kind that it does not know.
var ErrKind = errors.New("resolver: unknown kind")

// Parse returns the resolver that spec describes: "kind=address", or an address alone, which is of kind tcp.
//
//	10.0.0.1:7946           a TCP address; the host is a name or an IP address, the port a number
//	tcp=[2001:db8::1]:7946  the same with its kind
//	unix=/run/node.sock     the path of a unix socket; "@name" for an abstract one
//
// Both kinds answer with that one address, as it was written: nothing is looked up, neither by Parse nor by Resolve, so
// it is the dial that finds the IP addresses of a name, anew each time. An empty host is the machine itself, as it is
// for [net.Dial].
//
// The error says what is wrong and quotes spec. It wraps [ErrKind] if the kind is not one of the above. More than one
// "=" is an error, as are an empty address and, for tcp, a missing port.
func Parse(spec string) (Resolver, error) {
	addr, err := parse(spec)
	if err != nil {
		return nil, fmt.Errorf("parse resolver %q: %w", spec, err)
	}
	return Static(addr), nil
}

func parse(spec string) (transport.Addr, error) {
	kind, address, ok := strings.Cut(spec, "=")
	if !ok {
		kind, address = "tcp", spec
	}
	switch {
	case strings.Contains(address, "="):
		return transport.Addr{}, errors.New(`more than one "="`)
	case address == "":
		return transport.Addr{}, errors.New("empty address")
	}
	switch kind {
	case "tcp":
		if err := checkTCP(address); err != nil {
			return transport.Addr{}, err
		}
	case "unix":
	default:
		return transport.Addr{}, fmt.Errorf("%w %q, known are tcp and unix", ErrKind, kind)
	}
	return transport.MakeAddr(kind, address), nil
}

// checkTCP checks the form of "host:port" without looking anything up.
func checkTCP(address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		var form *net.AddrError
		if errors.As(err, &form) {
			return errors.New(form.Err) // the address is in the message already
		}
		return err
	}
	if strings.ContainsFunc(host, unicode.IsSpace) {
		return fmt.Errorf("space in host %q", host)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("port %q is not a number from 1 to 65535", port)
	}
	return nil
}
