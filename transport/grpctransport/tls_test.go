package grpctransport_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc/credentials"

	"github.com/grapevine-go/grapevine/transport"
	"github.com/grapevine-go/grapevine/transport/grpctransport"
)

// authority issues certificates that are good for 127.0.0.1 and localhost.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{pool: x509.NewCertPool()}
	a.cert, a.key = a.issue(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	})
	a.pool.AddCert(a.cert)
	return a
}

// issue signs what is in template; the authority's own certificate is the first.
func (a *authority) issue(t testing.TB, template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}

// mutual returns options for mutual TLS with a certificate for name and, if it is not "", the URI uri.
func (a *authority) mutual(t testing.TB, name, uri string) *grpctransport.Options {
	t.Helper()
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: name},
		DNSNames:    []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	if uri != "" {
		u, err := url.Parse(uri)
		if err != nil {
			t.Fatal(err)
		}
		template.URIs = []*url.URL{u}
	}
	cert, key := a.issue(t, template)
	pair := []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}}
	return &grpctransport.Options{
		DialCredentials:   credentials.NewTLS(&tls.Config{Certificates: pair, RootCAs: a.pool}),
		ServerCredentials: credentials.NewTLS(&tls.Config{Certificates: pair, ClientCAs: a.pool, ClientAuth: tls.RequireAndVerifyClientCert}),
	}
}

// TestIdentity has two nodes with certificates see each other's names, from both ends.
func TestIdentity(t *testing.T) {
	a := newAuthority(t)
	one := listen(t, a.mutual(t, "node-1", "spiffe://example.org/node/1"))
	two := listen(t, a.mutual(t, "node-2", ""))
	plain := listen(t, nil)
	socket, err := grpctransport.Listen("unix:"+filepath.Join(t.TempDir(), "node 3"), a.mutual(t, "node-3", ""))
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	for _, tt := range []struct {
		name              string
		from, to          *grpctransport.Transport
		dialled, accepted string
	}{
		{"a URI before a name", one, two, "node-2", "spiffe://example.org/node/1"},
		{"a name", two, one, "spiffe://example.org/node/1", "node-2"},
		{"over a socket", socket, socket, "node-3", "node-3"},
		{"nobody", plain, plain, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dialled, accepted := connect(t, tt.from, tt.to)
			if got := dialled.Peer(); got.Identity != tt.dialled || got.Addr != tt.to.Addr() {
				t.Errorf("dialler's Peer = %+v, want %q at %s", got, tt.dialled, tt.to.Addr())
			}
			if got := accepted.Peer(); got.Identity != tt.accepted || got.Addr.Network() != tt.to.Addr().Network() {
				t.Errorf("acceptor's Peer = %+v, want %q over %s", got, tt.accepted, tt.to.Addr().Network())
			}
		})
	}
}

// TestUnverifiedIdentity has a client show a certificate that the server asks for and does not verify.
func TestUnverifiedIdentity(t *testing.T) {
	a := newAuthority(t)
	opts := a.mutual(t, "node", "")
	cert, key := a.issue(t, &x509.Certificate{DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	opts.ServerCredentials = credentials.NewTLS(&tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}},
		ClientAuth:   tls.RequireAnyClientCert,
	})
	n := listen(t, opts)
	if _, accepted := connect(t, n, n); accepted.Peer().Identity != "" {
		t.Errorf("Identity = %q, want none", accepted.Peer().Identity)
	}
}

// TestStrangers has nodes that do not belong together dial each other: none gets a link.
func TestStrangers(t *testing.T) {
	n := listen(t, newAuthority(t).mutual(t, "node", ""))
	for _, tt := range []struct {
		name string
		opts *grpctransport.Options
	}{
		{"another authority", newAuthority(t).mutual(t, "stranger", "")},
		{"plaintext", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			stranger := listen(t, tt.opts)
			for _, way := range [][2]transport.Transport{{stranger, n}, {n, stranger}} {
				if l, err := way[0].Dial(t.Context(), way[1].Addr()); err == nil {
					t.Errorf("Dial of %s: got a link with %+v", way[1].Addr(), l.Peer())
					l.Close()
				}
			}
		})
	}
}
