package grpctransport_test

import (
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/grapevine-go/grapevine/transport"
	"github.com/grapevine-go/grapevine/transport/grpctransport"
)

// TestOptions lists what Listen and Register refuse.
func TestOptions(t *testing.T) {
	tls := newAuthority(t).mutual(t, "node", "")
	for _, tt := range []struct {
		name    string
		address string
		opts    *grpctransport.Options
		want    string // "" if it is fine
	}{
		{"nothing", "127.0.0.1:0", nil, ""},
		{"all for listening", "", &grpctransport.Options{
			Advertise: transport.MakeAddr("tcp", "node-1:7946"), Listener: newMemory(), MaxFrame: 65536,
			ServerCredentials: tls.ServerCredentials, DialCredentials: tls.DialCredentials,
		}, ""},
		{"plaintext one way, and meant", "127.0.0.1:0", &grpctransport.Options{
			ServerCredentials: insecure.NewCredentials(), DialCredentials: tls.DialCredentials,
		}, ""},
		{"any interface, advertised", ":0", &grpctransport.Options{Advertise: transport.MakeAddr("tcp", "node-1:7946")}, ""},
		{"any interface", "0.0.0.0:0", nil, "Advertise is needed"},
		{"no address", "", nil, "neither an address nor a Listener"},
		{"no port", "127.0.0.1", nil, "missing port"},
		{"address and listener", "127.0.0.1:0", &grpctransport.Options{Listener: newMemory()}, "both an address and a Listener"},
		{"plaintext one way", "127.0.0.1:0", &grpctransport.Options{ServerCredentials: tls.ServerCredentials}, "only one of DialCredentials and ServerCredentials"},
		{"small frames", "127.0.0.1:0", &grpctransport.Options{MaxFrame: 65535}, "MaxFrame 65535 is less than 65536"},
		{"all problems", "127.0.0.1:0", &grpctransport.Options{MaxFrame: -1, Listener: newMemory()}, "MaxFrame -1 is less than 65536\nboth an address"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n, err := grpctransport.Listen(tt.address, tt.opts)
			if err == nil {
				n.Close()
			}
			checkError(t, err, tt.want)
		})
	}
}

// TestRegisterOptions lists what Register refuses.
func TestRegisterOptions(t *testing.T) {
	here := transport.MakeAddr("tcp", "node-1:7946")
	tls := newAuthority(t).mutual(t, "node", "")
	for _, tt := range []struct {
		name      string
		server    grpc.ServiceRegistrar
		advertise transport.Addr
		opts      *grpctransport.Options
		want      string
	}{
		{"nothing", grpc.NewServer(), here, nil, ""},
		{"all for registering", grpc.NewServer(), here, &grpctransport.Options{MaxFrame: 65536, DialCredentials: tls.DialCredentials}, ""},
		{"no server, no address", nil, transport.Addr{}, nil, "nil server\nno address to advertise"},
		{"small frames", grpc.NewServer(), here, &grpctransport.Options{MaxFrame: 1}, "MaxFrame 1 is less than 65536"},
		{"all for listening", grpc.NewServer(), here, &grpctransport.Options{
			Advertise: here, Listener: newMemory(), ServerCredentials: tls.ServerCredentials,
			ServerOptions: []grpc.ServerOption{grpc.MaxRecvMsgSize(1)},
		}, "Advertise is for Listen\nServerCredentials is for Listen\nServerOptions is for Listen\nListener is for Listen"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n, err := grpctransport.Register(tt.server, tt.advertise, tt.opts)
			if err == nil {
				n.Close()
			}
			checkError(t, err, tt.want)
		})
	}
}

func checkError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil && want != "" || err != nil && (want == "" || !strings.Contains(err.Error(), want)) {
		t.Errorf("got error %v, want %q", err, want)
	}
}
