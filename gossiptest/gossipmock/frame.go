package gossipmock

import (
	"fmt"
	"strings"
	"time"

	"github.com/golang/mock/gomock"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// Frame matches the bytes of a frame of gossip that carries an info of which all facts hold, as [Info] has them; without facts, any frame.
// It is for the argument of transport.Link.Send.
//
// It pins down what is sent, and not when: how infos are put together in frames, and how often each is sent, is nobody's promise. Use it
// with AnyTimes, or to tell one frame from the others.
func Frame(facts ...gomock.Matcher) gomock.Matcher { return frameMatcher{facts: facts} }

// Handshake matches the bytes of a frame of gossip that begins a link: it says who is there, and asks to be let in or answers that.
func Handshake() gomock.Matcher { return frameMatcher{hello: true} }

type frameMatcher struct {
	hello bool
	facts []gomock.Matcher
}

// Matches reports whether x is such a frame.
func (m frameMatcher) Matches(x any) bool {
	f, ok := decode(x)
	if !ok || m.hello && f.Hello == nil {
		return false
	}
	if len(m.facts) == 0 {
		return true
	}
	for _, i := range carried(f) {
		if i.all(m.facts) {
			return true
		}
	}
	return false
}

// String says what is wanted.
func (m frameMatcher) String() string {
	switch {
	case m.hello:
		return "is a frame of gossip that begins a link"
	case len(m.facts) > 0:
		return "is a frame of gossip that carries an info" + with(m.facts)
	}
	return "is a frame of gossip"
}

// Got says what came instead.
func (m frameMatcher) Got(x any) string {
	f, ok := decode(x)
	if !ok {
		return got(x)
	}
	var parts []string
	for _, i := range carried(f) {
		parts = append(parts, i.String())
	}
	parts = append(parts, f.Summary()...)
	if len(parts) == 0 {
		parts = []string{"neither infos nor anything else that has a name"}
	}
	return fmt.Sprintf("a frame of gossip, %d bytes: %s", f.Size, strings.Join(parts, "; "))
}

// decode returns the frame that x is the bytes of.
func decode(x any) (*wire.Frame, bool) {
	raw, ok := x.([]byte)
	if !ok || len(raw) == 0 {
		return nil, false
	}
	f, err := wire.Decode(raw, wire.Limits{Frame: len(raw), Key: len(raw), Value: len(raw), Items: len(raw)})
	return f, err == nil
}

// carried returns the infos of a frame; of what has expired, there is none.
func carried(f *wire.Frame) (infos []*info) {
	for k := range f.Infos {
		i := &f.Infos[k]
		if i.State == wire.Skeleton {
			continue
		}
		infos = append(infos, &info{
			parts: keyPart | valuePart | restPart, key: i.Key, value: []byte(i.Value), ttl: time.Duration(i.TTL),
			hops: int(i.Hops), origin: gossip.NodeID(i.Node), deleted: i.State == wire.Tombstone,
		})
	}
	return infos
}
