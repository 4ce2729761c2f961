package gossipmock

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/golang/mock/gomock"
	"google.golang.org/protobuf/proto"

	"github.com/grapevine-go/grapevine/gossip"
)

// Key matches an info under that key: an event, an info of a frame, and a bare key, which is a string.
func Key(key string) gomock.Matcher {
	return fact{"key " + strconv.Quote(key), func(i *info) bool { return i.has(keyPart) && i.key == key }}
}

// KeyMatches matches an info whose key the regular expression matches, as gossip.Gossip.RegisterCallback has it; the values are those of
// [Key]. It panics if pattern is no regular expression.
func KeyMatches(pattern string) gomock.Matcher {
	re := regexp.MustCompile(pattern)
	return fact{fmt.Sprintf("a key that matches %q", pattern), func(i *info) bool { return i.has(keyPart) && re.MatchString(i.key) }}
}

// Value matches an info with that value, and a bare value, which is a []byte or a string. want is a []byte, a string, a proto.Message,
// which matches any encoding of a message that is equal, or a gomock.Matcher that is asked about the []byte. Value panics if it is
// something else. What is deleted has no value.
func Value(want any) gomock.Matcher {
	text, equal := "", (func([]byte) bool)(nil)
	switch want := want.(type) {
	case []byte:
		return Value(string(want))
	case string:
		text, equal = strconv.Quote(want), func(got []byte) bool { return string(got) == want }
	case gomock.Matcher:
		text, equal = "that "+want.String(), func(got []byte) bool { return want.Matches(got) }
	case proto.Message:
		text, equal = fmt.Sprintf("%T{%v}", want, want), func(got []byte) bool {
			m := want.ProtoReflect().New().Interface()
			return proto.Unmarshal(got, m) == nil && proto.Equal(m, want)
		}
	default:
		panic(fmt.Sprintf("gossipmock: Value of a %T", want))
	}
	return fact{"value " + text, func(i *info) bool { return i.has(valuePart) && !i.deleted && equal(i.value) }}
}

// TTL matches an info that was written with that lifetime; 0 stands for ever.
func TTL(ttl time.Duration) gomock.Matcher {
	return fact{lifetime(ttl), func(i *info) bool { return i.has(restPart) && !i.deleted && i.ttl == ttl }}
}

// Hops matches an info that has crossed that number of links. In a frame, the link that it is about to cross counts.
func Hops(n int) gomock.Matcher {
	return fact{"hops " + strconv.Itoa(n), func(i *info) bool { return i.has(restPart) && i.hops == n }}
}

// Origin matches an info that the node with that ID has written.
func Origin(id gossip.NodeID) gomock.Matcher {
	return fact{fmt.Sprintf("node %d", id), func(i *info) bool { return i.has(restPart) && i.origin == id }}
}

// Deleted matches what is left of an info that was deleted: an event of that kind, and the deletion in a frame.
func Deleted() gomock.Matcher {
	return fact{"deleted", func(i *info) bool { return i.has(restPart) && i.deleted }}
}

// Info matches an info of which all facts hold: [Key], [KeyMatches], [Value], [TTL], [Hops], [Origin], [Deleted], or what gomock.Not,
// gomock.All and the like make of them. Each of these is a matcher by itself, too; Info has the better messages for several.
//
// They match a gossip.Info, which has no key, a gossip.Event or gossip.KeyEvent, and pointers to these. A fact about something that a
// value does not have does not hold.
func Info(facts ...gomock.Matcher) gomock.Matcher { return infoMatcher(facts) }

type infoMatcher []gomock.Matcher

// Matches reports whether x is an info of which all facts hold.
func (m infoMatcher) Matches(x any) bool {
	i, ok := infoOf(x)
	return ok && i.all(m)
}

// String says what is wanted.
func (m infoMatcher) String() string { return "is an info" + with(m) }

// Got says what came instead.
func (m infoMatcher) Got(x any) string { return got(x) }

// with lists facts.
func with(facts []gomock.Matcher) string {
	var list []string
	for _, f := range facts {
		if own, ok := f.(fact); ok {
			list = append(list, own.text)
		} else {
			list = append(list, "what "+f.String())
		}
	}
	if len(list) == 0 {
		return ""
	}
	return " with " + strings.Join(list, ", ")
}

// fact is something that holds of an info or does not.
type fact struct {
	text  string
	holds func(*info) bool
}

// Matches reports whether x is an info of which the fact holds.
func (f fact) Matches(x any) bool {
	i, ok := infoOf(x)
	return ok && f.holds(i)
}

// String says what is wanted.
func (f fact) String() string { return "has " + f.text }

// Got says what came instead.
func (f fact) Got(x any) string { return got(x) }

// got describes what came.
func got(x any) string {
	if i, ok := infoOf(x); ok {
		return fmt.Sprintf("%v (%T)", i, x)
	}
	return fmt.Sprintf("%v (%T)", x, x)
}

// lifetime describes a TTL.
func lifetime(ttl time.Duration) string {
	if ttl == 0 {
		return "no end"
	}
	return "lifetime " + ttl.String()
}

// quote returns a value for people: text as it is, anything else in hex, and a long one in part.
func quote(value []byte) string {
	const shown = 40
	more := ""
	if len(value) > shown {
		value, more = value[:shown], fmt.Sprintf("... (%d bytes)", len(value))
	}
	if bytes.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r == '\uFFFD' }) {
		return fmt.Sprintf("%x", value) + more
	}
	return strconv.Quote(string(value)) + more
}
