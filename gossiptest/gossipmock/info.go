package gossipmock

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/golang/mock/gomock"

	"github.com/grapevine-go/grapevine/gossip"
)

// info is what matchers look at.
type info struct {
	parts   part
	key     string
	value   []byte
	ttl     time.Duration
	hops    int
	origin  gossip.NodeID
	deleted bool
}

// part is which of its fields an info has.
type part uint8

const (
	keyPart part = 1 << iota
	valuePart
	restPart
)

func (i *info) has(p part) bool { return i.parts&p != 0 }

// all reports whether all facts hold.
func (i *info) all(facts []gomock.Matcher) bool {
	for _, f := range facts {
		if !f.Matches(i) {
			return false
		}
	}
	return true
}

// String returns a form for people: `order/1 = "paid" (node 3, hops 1, no end)`.
func (i *info) String() string {
	var text []string
	if i.has(keyPart) {
		text = append(text, i.key)
	}
	if i.has(valuePart) && !i.deleted && !(i.parts == keyPart|valuePart) {
		if i.has(keyPart) {
			text = append(text, "=")
		}
		text = append(text, quote(i.value))
	}
	if i.has(restPart) {
		end := lifetime(i.ttl)
		if i.deleted {
			end = "deleted"
		}
		text = append(text, fmt.Sprintf("(node %d, hops %d, %s)", i.origin, i.hops, end))
	}
	return strings.Join(text, " ")
}

// infoOf returns what x says of an info, and whether it says anything.
func infoOf(x any) (*info, bool) {
	switch x := x.(type) {
	case *info:
		return x, true
	case string:
		return &info{parts: keyPart | valuePart, key: x, value: []byte(x)}, true
	case []byte:
		return &info{parts: valuePart, value: x}, true
	case gossip.Info:
		return ofInfo(x), true
	case gossip.Event:
		i := ofInfo(x.Info)
		i.parts |= keyPart
		i.key, i.deleted = x.Key, x.Kind == gossip.Deleted
		return i, true
	}
	v := reflect.ValueOf(x)
	if v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
		switch v.Interface().(type) {
		case gossip.Info, gossip.Event:
			return infoOf(v.Interface())
		}
	}
	if v.Kind() == reflect.Struct { // a KeyEvent, of whatever type
		if e := v.FieldByName("Event"); e.IsValid() && e.CanInterface() {
			if event, ok := e.Interface().(gossip.Event); ok {
				return infoOf(event)
			}
		}
	}
	return nil, false
}

func ofInfo(x gossip.Info) *info {
	return &info{parts: valuePart | restPart, value: x.Value, ttl: x.TTL, hops: x.Hops, origin: x.NodeID}
}
