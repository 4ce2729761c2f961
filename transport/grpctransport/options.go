package grpctransport

import (
	"context"
	"errors"
	"fmt"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/grapevine-go/grapevine/transport"
)

// minMaxFrame is the least limit of a frame that a transport may have.
const minMaxFrame = 64 << 10

// DefaultMaxFrame is the limit of a frame in bytes where [Options] sets none. It is gRPC's default limit of a
// received message, 4 MiB, less 4 KiB for whatever a proxy on the way counts in.
const DefaultMaxFrame = 4<<20 - 4<<10

// Options are the optional parts of a [Transport]. The zero value, or a nil *Options, is ready to use: plaintext, to
// and from whoever is there. Neither [Listen] nor [Register] keeps or changes the caller's Options.
type Options struct {
	// MaxFrame is the limit of a frame in bytes, both ways: at least 65,536; zero means DefaultMaxFrame.
	// A Send of more returns transport.ErrFrameTooLarge and leaves the link up; a peer that sends more loses the link,
	// so give all nodes of a network the same. It is the message limit of dialled streams and of an own server.
	// An embedder's server has a limit of its own, 4 MiB unless grpc.MaxRecvMsgSize raised it: whoever
	// sets MaxFrame higher than that must raise it too, or large frames end the links that carry them.
	MaxFrame int

	// DialCredentials secure the links this node dials: credentials.NewTLS(…), for example. Nil means plaintext.
	// The name that TLS verifies is the host of the dialled address ("localhost" for a Unix socket), unless the
	// credentials name another.
	DialCredentials credentials.TransportCredentials

	// DialOptions are applied after this package's own, to the grpc.ClientConn of each dialled link: interceptors,
	// per-call credentials, keepalive.
	DialOptions []grpc.DialOption

	// Dialer opens the connection under a dialled link; ctx ends when the attempt does. Nil means net.Dialer, which
	// knows the networks "tcp" and "unix" and, unlike gRPC left alone, asks no HTTP proxy.
	Dialer func(ctx context.Context, to transport.Addr) (net.Conn, error)

	// The rest is for Listen. Register refuses it: there, the embedder's server decides.

	// Advertise is the address that Addr returns and peers dial. The zero Addr means the address listened on,
	// which then must be one that can be dialled: not "0.0.0.0:7946" or ":7946".
	Advertise transport.Addr

	// ServerCredentials secure the links this node accepts. Nil means plaintext. To secure only one of the two
	// directions is most often a mistake and an error; insecure.NewCredentials() says that it is meant.
	ServerCredentials credentials.TransportCredentials

	// ServerOptions are applied to the own server after this package's own, save for the codec and the message
	// limit, which come last.
	ServerOptions []grpc.ServerOption

	// Listener is where the own server accepts connections, in place of an address, which must be "" then. It belongs
	// to the Transport, which closes it.
	Listener net.Listener
}

// orDefault returns a copy of o with its defaults filled in.
func (o *Options) orDefault() Options {
	var c Options
	if o != nil {
		c = *o
	}
	if c.MaxFrame == 0 {
		c.MaxFrame = DefaultMaxFrame
	}
	if c.DialCredentials == nil {
		c.DialCredentials = insecure.NewCredentials()
	}
	if c.ServerCredentials == nil {
		c.ServerCredentials = insecure.NewCredentials()
	}
	if c.Dialer == nil {
		c.Dialer = func(ctx context.Context, to transport.Addr) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, to.Network(), to.String())
		}
	}
	return c
}

// checkListen returns all that is wrong with o for Listen.
func (o *Options) checkListen(address string) error {
	if o == nil {
		o = new(Options)
	}
	var errs []error
	if err := o.checkMaxFrame(); err != nil {
		errs = append(errs, err)
	}
	if o.Listener == nil && address == "" {
		errs = append(errs, errors.New("neither an address nor a Listener"))
	}
	if o.Listener != nil && address != "" {
		errs = append(errs, errors.New("both an address and a Listener"))
	}
	if (o.DialCredentials == nil) != (o.ServerCredentials == nil) {
		errs = append(errs, errors.New("only one of DialCredentials and ServerCredentials"))
	}
	return errors.Join(errs...)
}

// checkRegister returns all that is wrong with o for Register.
func (o *Options) checkRegister() error {
	if o == nil {
		return nil
	}
	var errs []error
	if err := o.checkMaxFrame(); err != nil {
		errs = append(errs, err)
	}
	for _, field := range []struct {
		name string
		set  bool
	}{
		{"Advertise", !o.Advertise.IsZero()},
		{"ServerCredentials", o.ServerCredentials != nil},
		{"ServerOptions", len(o.ServerOptions) > 0},
		{"Listener", o.Listener != nil},
	} {
		if field.set {
			errs = append(errs, fmt.Errorf("%s is for Listen", field.name))
		}
	}
	return errors.Join(errs...)
}

func (o *Options) checkMaxFrame() error {
	if o.MaxFrame != 0 && o.MaxFrame < minMaxFrame {
		return fmt.Errorf("MaxFrame %d is less than %d", o.MaxFrame, minMaxFrame)
	}
	return nil
}
