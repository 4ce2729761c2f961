package measure

import (
	"bufio"
	"encoding/json"
	"io"
	"strconv"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/sim"
)

// eventLog writes events as lines of JSON.
type eventLog struct {
	w   *bufio.Writer
	buf []byte
	err error
}

func newEventLog(w io.Writer) *eventLog { return &eventLog{w: bufio.NewWriterSize(w, 1<<16)} }

// write writes an event.
func (l *eventLog) write(e sim.Event) { l.line(AppendEvent(l.buf[:0], e)) }

// phase writes that something new begins.
func (l *eventLog) phase(at time.Duration, name string) {
	b := strconv.AppendInt(append(l.buf[:0], `{"at":`...), int64(at), 10)
	b = appendString(append(b, `,"kind":"phase","text":`...), name)
	l.line(append(b, '}'))
}

func (l *eventLog) line(b []byte) {
	l.buf = append(b, '\n')
	if _, err := l.w.Write(l.buf); err != nil && l.err == nil {
		l.err = err
	}
}

// close writes what is left, and returns the first error there was.
func (l *eventLog) close() error {
	if err := l.w.Flush(); l.err == nil {
		l.err = err
	}
	return l.err
}

// AppendEvent appends an event to b as one object of JSON without a line break: at in nanoseconds, kind and node, and of
// the others, with the names of the fields of [sim.Event] in lower case, those that are not their zero value. Parts are a string.
func AppendEvent(b []byte, e sim.Event) []byte {
	b = strconv.AppendInt(append(b, `{"at":`...), int64(e.At), 10)
	b = append(append(append(b, `,"kind":"`...), e.Kind.String()...), '"')
	b = strconv.AppendInt(append(b, `,"node":`...), int64(e.Node), 10)
	if e.Peer >= 0 {
		b = strconv.AppendInt(append(b, `,"peer":`...), int64(e.Peer), 10)
	}
	for _, f := range []struct {
		name  string
		value int
	}{
		{`,"link":`, e.Link}, {`,"bytes":`, e.Bytes}, {`,"control":`, e.Control}, {`,"write":`, e.Write}, {`,"hops":`, e.Hops},
	} {
		if f.value != 0 {
			b = strconv.AppendInt(append(b, f.name...), int64(f.value), 10)
		}
	}
	if e.Parts != 0 {
		b = append(append(append(b, `,"parts":"`...), e.Parts.String()...), '"')
	}
	for i, w := range e.Writes {
		if i == 0 {
			b = append(b, `,"writes":[`...)
		} else {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(w), 10)
		if i == len(e.Writes)-1 {
			b = append(b, ']')
		}
	}
	if e.Key != "" {
		b = appendString(append(b, `,"key":`...), e.Key)
	}
	if e.Text != "" {
		b = appendString(append(b, `,"text":`...), e.Text)
	}
	return append(b, '}')
}

func appendString(b []byte, s string) []byte {
	q, err := json.Marshal(s)
	if err != nil {
		return append(b, `""`...) // no string has an error
	}
	return append(b, q...)
}
