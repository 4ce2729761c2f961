package gossip_test

import (
	"regexp"
	"testing"

	"github.com/grapevine-go/grapevine/gossip"
)

// TestKeyNames: the names of the keys are the same for all programs that share a network.
func TestKeyNames(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{gossip.KeyClusterID, "cluster-id"},
		{gossip.KeyStorePrefix, "store"},
		{gossip.KeyNodeIDPrefix, "node"},
		{gossip.KeySuspectPrefix, "suspect"},
		{gossip.KeySentinel, "sentinel"},
		{gossip.KeyFirstRangeDescriptor, "first-range"},
		{gossip.KeySystemConfig, "system-db"},
	} {
		if tt.got != tt.want {
			t.Errorf("got name %q, want %q", tt.got, tt.want)
		}
	}
}

func TestMakeKey(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{gossip.MakeKey(), ""},
		{gossip.MakeKey("a"), "a"},
		{gossip.MakeKey("a", "b", "c"), "a:b:c"},
		{gossip.MakeKey("a", ""), "a:"},
		{gossip.MakeNodeIDKey(7), "node:7"},
		{gossip.MakeNodeIDKey(1<<64 - 1), "node:18446744073709551615"},
		{gossip.MakeStoreKey(3), "store:3"},
	} {
		if tt.got != tt.want {
			t.Errorf("got key %q, want %q", tt.got, tt.want)
		}
	}
}

func TestMakePrefixPattern(t *testing.T) {
	for _, tt := range []struct {
		prefix string
		key    string
		want   bool
	}{
		{prefix: "store", key: "store:1", want: true},
		{prefix: "store", key: "store:1:2", want: true},
		{prefix: "store", key: "store:", want: true},
		{prefix: "store", key: "store:a\nb", want: true},
		{prefix: "store", key: "store", want: false},
		{prefix: "store", key: "stores:1", want: false},
		{prefix: "store", key: "mystore:1", want: false},
		{prefix: "store", key: "a\nstore:1", want: false},
		{prefix: "a.c", key: "a.c:1", want: true},
		{prefix: "a.c", key: "abc:1", want: false},
		{prefix: "", key: ":1", want: true},
		{prefix: "", key: "1", want: false},
	} {
		if got := regexp.MustCompile(gossip.MakePrefixPattern(tt.prefix)).MatchString(tt.key); got != tt.want {
			t.Errorf("MakePrefixPattern(%q) matches %q: %v, want %v", tt.prefix, tt.key, got, tt.want)
		}
	}
}
