package wire

import (
	"fmt"
	"unicode/utf8"
)

const (
	// MaxText is the most bytes of a cluster ID, and of a network or address, in a frame.
	MaxText = 1 << 10

	// MaxSeq is the most that an origin writes: one info each microsecond for nine years.
	MaxSeq = 1 << 48

	// MaxHops is the most hops that count: more are read as that many, so that whoever adds some need not fear an overflow.
	MaxHops = 1 << 20

	// MaxPlaces is the most places of a cursor.
	MaxPlaces = 8

	// MaxExtra is the most bytes of an info besides its key and value: for fields which this version does not know
	// and passes on.
	MaxExtra = 4 << 10
)

// Decode reads a frame: the bytes of a Request or a Response. It checks everything that can be checked without
// knowing the link: after an error, which wraps [ErrMalformed], [ErrTooLarge] or [ErrChecksum], nothing of the frame is known.
//
// Fields that it does not know are skipped, and kept where they are in an Info, which other nodes are told. The
// memory it takes is proportional to the frame, and limited before it is taken. Decode keeps no part of b.
func Decode(b []byte, lim Limits) (*Frame, error) {
	if len(b) > lim.Frame {
		return nil, tooLarge("bytes of a frame", len(b), lim.Frame)
	}
	counts, err := count(b, lim)
	if err != nil {
		return nil, err
	}
	d := decoder{lim: lim, frame: counts.frame()}
	d.frame.Size = len(b)
	d.keys.init(counts[numberOf(frameDelta)])
	r := reader{b: b}
	for r.next() {
		if err := d.field(&r); err != nil {
			return nil, fmt.Errorf("field %d at byte %d: %w", r.tag>>3, r.from, err)
		}
	}
	if x := d.frame.Exchange; x != nil && x.zero() {
		d.frame.Exchange = nil // fields that are written and zero are no fields
	}
	return d.frame, r.err
}

// counts are how often the fields of a frame occur, by number.
type counts [32]int

func numberOf(tag uint64) int { return int(tag >> 3) }

// count walks over the fields of a frame, so that Decode makes slices of the right size, and fails where there are
// too many of one.
func count(b []byte, lim Limits) (counts, error) {
	var n counts
	r := reader{b: b}
	for r.next() {
		number := numberOf(r.tag)
		if r.tag&7 != typeBytes || number >= len(n) {
			continue
		}
		n[number]++
		switch r.tag {
		case frameAddr, frameHello, framePing, frameBye, frameCluster, frameCursor:
			if n[number] > 1 {
				return n, malformed("field %d at byte %d occurs twice", number, r.from)
			}
		case frameDelta:
			if int(r.v) < minEntry {
				return n, malformed("info at byte %d has %d bytes", r.from, int(r.v))
			}
		case frameAdverts, frameOrigins:
			n[number] += countTriples(r.bytes()) - 1
			if n[number] > lim.Items {
				return n, tooLarge(fmt.Sprintf("entries of field %d", number), n[number], lim.Items)
			}
		case frameRange, frameStandin, framePrune, frameGraft, frameMark:
			if n[number] > lim.Items {
				return n, tooLarge(fmt.Sprintf("entries of field %d", number), n[number], lim.Items)
			}
		}
	}
	return n, r.err
}

// frame returns a frame with room for what was counted.
func (n *counts) frame() *Frame {
	return &Frame{
		Origins:  room[Origin](n, frameOrigins),
		Infos:    room[Info](n, frameDelta),
		Ranges:   room[Range](n, frameRange),
		Standins: room[Standin](n, frameStandin),
		Adverts:  room[Advert](n, frameAdverts),
		Prunes:   room[Prune](n, framePrune),
		Grafts:   room[Graft](n, frameGraft),
		Marks:    room[Mark](n, frameMark),
	}
}

func room[T any](n *counts, tag uint64) []T {
	if k := n[numberOf(tag)]; k > 0 {
		return make([]T, 0, k)
	}
	return nil
}

// decoder builds one frame.
type decoder struct {
	lim   Limits
	frame *Frame
	keys  keySet
}

// field takes in the field that r stands on.
func (d *decoder) field(r *reader) error {
	f := d.frame
	switch r.tag {
	case frameNodeID:
		f.NodeID = r.v
		return nil
	case frameAddr:
		return decodeAddr(r.bytes(), &f.Addr)
	case frameDelta:
		return d.info(r.bytes())
	case frameHello:
		f.Hello = new(Hello)
		return d.hello(r.bytes(), f.Hello)
	case frameOrigins:
		return decodeOrigins(&f.Origins, r.bytes())
	case frameRange:
		return add(&f.Ranges, r.bytes(), decodeRange)
	case frameStandin:
		return add(&f.Standins, r.bytes(), d.standin)
	case frameAdverts:
		return decodeAdverts(&f.Adverts, r.bytes())
	case framePrune:
		return add(&f.Prunes, r.bytes(), decodePrune)
	case frameGraft:
		return add(&f.Grafts, r.bytes(), decodeGraft)
	case frameMark:
		return add(&f.Marks, r.bytes(), decodeMark)
	case framePing:
		f.Ping = new(Ping)
		return decodePing(r.bytes(), f.Ping)
	case frameBye:
		f.Bye = new(Bye)
		return d.bye(r.bytes(), f.Bye)
	case frameMarksEnd:
		f.MarksEnd = r.v != 0
	case frameMaxSeq, frameCluster, frameCursor, frameLife:
		if f.Exchange == nil {
			f.Exchange = new(Exchange)
		}
		return decodeExchange(r, f.Exchange)
	}
	return nil
}

// add decodes one more element of a slice that has room for it.
func add[T any](s *[]T, p []byte, decode func([]byte, *T) error) error {
	*s = (*s)[:len(*s)+1]
	return decode(p, &(*s)[len(*s)-1])
}

// key returns the key in p.
func (d *decoder) key(p []byte) (string, error) {
	if err := d.checkKey(p); err != nil {
		return "", err
	}
	return string(p), nil
}

func (d *decoder) checkKey(p []byte) error {
	switch {
	case len(p) == 0:
		return malformed("no key")
	case len(p) > d.lim.Key:
		return tooLarge("bytes of a key", len(p), d.lim.Key)
	case !utf8.Valid(p):
		return malformed("key %q is not UTF-8", p)
	}
	return nil
}

// text returns the cluster ID, network or address in p.
func text(p []byte) (string, error) {
	switch {
	case len(p) > MaxText:
		return "", tooLarge("bytes of a text", len(p), MaxText)
	case !utf8.Valid(p):
		return "", malformed("text %q is not UTF-8", p)
	}
	return string(p), nil
}
