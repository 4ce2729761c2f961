package gossip_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/gossiptest"
)

type load struct {
	CPU  float64
	Name string
}

func TestKey(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		g := start(t, config(net, 1))
		key := gossip.NewKey("load", gossip.JSON[load](), &gossip.KeyOptions{TTL: time.Minute})
		seven := key.For("7")
		if got, want := seven.String(), "load:7"; got != want {
			t.Errorf("For(7) = %q, want %q", got, want)
		}
		if got, want := key.String(), "load"; got != want {
			t.Errorf("after For, the key is %q, want %q", got, want)
		}
		if _, err := seven.Value(g); !errors.Is(err, gossip.ErrNotFound) {
			t.Errorf("Value of nothing = %v, want ErrNotFound", err)
		}
		want := load{CPU: 0.5, Name: "a"}
		if err := seven.Set(g, want); err != nil {
			t.Fatal(err)
		}
		for range 2 { // before and after the node has taken it in
			if got, err := seven.Value(g); err != nil || got != want {
				t.Errorf("Value = %+v, %v, want %+v", got, err, want)
			}
			pass(0)
		}
		for _, info := range g.Infos("load:7") {
			if info.TTL != time.Minute {
				t.Errorf("TTL = %v, want 1m", info.TTL)
			}
		}
		if err := seven.Delete(g); err != nil {
			t.Fatal(err)
		}
		if _, err := seven.Value(g); !errors.Is(err, gossip.ErrNotFound) {
			t.Errorf("Value after Delete = %v, want ErrNotFound", err)
		}
	})
}

func TestKeyProto(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		g := start(t, config(net, 1))
		key := gossip.NewKey("node", gossip.Proto[*gossippb.NodeDescriptor](), nil)
		want := &gossippb.NodeDescriptor{NodeId: 9}
		if err := key.For("9").Set(g, want); err != nil {
			t.Fatal(err)
		}
		got, err := key.For("9").Value(g)
		if err != nil || !proto.Equal(got, want) {
			t.Errorf("Value = %v, %v, want %v", got, err, want)
		}
	})
}

// TestKeyDoesNotDecode has another node write what is no value: the error says where and who, and the bytes stay readable.
func TestKeyDoesNotDecode(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		a, b := start(t, config(net, 1)), start(t, config(net, 2))
		pass(time.Second)
		key := gossip.NewKey("load", gossip.JSON[load](), &gossip.KeyOptions{MaxSize: 30})
		for _, tt := range []struct {
			val  string
			want error // nil: any
		}{
			{val: "{"},
			{val: `{"Name":"` + strings.Repeat("x", 30) + `"}`, want: gossip.ErrTooLarge},
		} {
			mustAdd(t, a, "load", tt.val)
			pass(time.Second)
			_, err := key.Value(b)
			var bad *gossip.DecodeError
			if !errors.As(err, &bad) || bad.Key != "load" || bad.NodeID != 1 || tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("Value of %q = %v, want a DecodeError of load and node 1 that wraps %v", tt.val, err, tt.want)
			}
			if err != nil && (!strings.Contains(err.Error(), `"load"`) || !strings.Contains(err.Error(), "node 1")) {
				t.Errorf("error %q names not both key and node", err)
			}
			wantInfo(t, b, "load", tt.val)
		}
	})
}

func TestKeyErrors(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		g := start(t, config(net, 1))
		codec := gossip.JSON[string]()
		boom := errors.New("boom")
		bad := gossip.Codec[string]{Encode: func(string) ([]byte, error) { return nil, boom }, Decode: codec.Decode}
		for _, tt := range []struct {
			name string
			key  gossip.Key[string]
			val  string
			want error
		}{
			{name: "cap", key: gossip.NewKey("k", codec, &gossip.KeyOptions{MaxSize: 4}), val: "abc", want: gossip.ErrTooLarge},
			{name: "at the cap", key: gossip.NewKey("k", codec, &gossip.KeyOptions{MaxSize: 4}), val: "ab"},
			{name: "limit", key: gossip.NewKey("k", codec, nil), val: strings.Repeat("x", 1<<20), want: gossip.ErrTooLarge},
			{name: "codec", key: gossip.NewKey("k", bad, nil), want: boom},
			{name: "no name", key: gossip.NewKey("", codec, nil), want: gossip.ErrBadKey},
			{name: "no codec", key: gossip.NewKey("k", gossip.Codec[string]{}, nil), want: gossip.ErrConfig},
			{name: "zero Key", want: gossip.ErrConfig},
			{name: "negative TTL", key: gossip.NewKey("k", codec, &gossip.KeyOptions{TTL: -1}), want: gossip.ErrConfig},
			{name: "negative MaxSize", key: gossip.NewKey("k", codec, &gossip.KeyOptions{MaxSize: -1}), want: gossip.ErrConfig},
		} {
			if err := tt.key.Set(g, tt.val); !errors.Is(err, tt.want) {
				t.Errorf("%s: Set = %v, want %v", tt.name, err, tt.want)
			}
			if tt.want != gossip.ErrConfig && tt.want != gossip.ErrBadKey {
				continue
			}
			_, valueErr := tt.key.Value(g)
			_, waitErr := tt.key.WaitFor(t.Context(), g, nil)
			_, watchErr := tt.key.Watch(t.Context(), g, nil)
			_, familyErr := tt.key.WatchFamily(t.Context(), g, nil)
			for use, err := range map[string]error{
				"Value": valueErr, "WaitFor": waitErr, "Watch": watchErr, "WatchFamily": familyErr, "Delete": tt.key.Delete(g),
			} {
				if !errors.Is(err, tt.want) {
					t.Errorf("%s: %s = %v, want %v", tt.name, use, err, tt.want)
				}
			}
		}
	})
}

func TestKeyWaitFor(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		a, b := start(t, config(net, 1)), start(t, config(net, 2))
		key := gossip.NewKey("load", gossip.JSON[load](), nil)
		pass(time.Second)
		mustAdd(t, a, "load", "no JSON")
		pass(100 * time.Millisecond)

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var bad *gossip.DecodeError
		if v, err := key.WaitFor(ctx, b, nil); !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &bad) || bad.NodeID != 1 || v != (load{}) {
			t.Errorf("WaitFor what does not decode = %+v, %v, want DeadlineExceeded and a DecodeError", v, err)
		}

		var asked []float64
		go func() {
			for _, cpu := range []float64{0.1, 0.9, 0.2} {
				if err := key.Set(a, load{CPU: cpu}); err != nil {
					t.Error(err)
				}
				pass(100 * time.Millisecond)
			}
		}()
		v, err := key.WaitFor(t.Context(), b, func(v load) bool {
			asked = append(asked, v.CPU)
			return v.CPU > 0.5
		})
		if err != nil || v.CPU != 0.9 || !slices.Equal(asked, []float64{0.1, 0.9}) {
			t.Errorf("WaitFor = %+v, %v, after %v", v, err, asked)
		}
		pass(time.Second)
		if v, err := key.WaitFor(t.Context(), b, nil); err != nil || v.CPU != 0.2 {
			t.Errorf("WaitFor any = %+v, %v", v, err)
		}
	})
}

func TestKeyWatch(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		g := start(t, config(net, 1))
		key := gossip.NewKey("n", gossip.JSON[int](), nil)
		for _, k := range []gossip.Key[int]{key, key.For("1"), key.For("2")} {
			if err := k.Set(g, 7); err != nil {
				t.Fatal(err)
			}
		}
		mustAdd(t, g, "n0", "1")
		mustAdd(t, g, "n:2", "bad")
		one, err := key.Watch(t.Context(), g, nil)
		if err != nil {
			t.Fatal(err)
		}
		for e := range one {
			if e.Key != "n" || e.Err != nil {
				t.Errorf("event of %q, %v, want n alone", e.Key, e.Err)
			}
			if e.Kind == gossip.Deleted {
				break
			}
			if e.Value != 7 {
				t.Errorf("Value = %d, want 7", e.Value)
			}
			if err := key.Delete(g); err != nil {
				t.Fatal(err)
			}
		}
		family, err := key.WatchFamily(t.Context(), g, nil)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for e := range family {
			n++
			var bad *gossip.DecodeError
			switch {
			case e.Key == "n:1" && e.Value == 7 && e.Err == nil:
			case e.Key == "n:2" && e.Value == 0 && errors.As(e.Err, &bad) && string(e.Info.Value) == "bad":
			default:
				t.Errorf("event of %q with %d, %v", e.Key, e.Value, e.Err)
			}
			if n == 2 {
				break
			}
		}
	})
}
