package wire

import (
	"fmt"
	"hash/crc32"
	"hash/maphash"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// minEntry is the least that an entry of the delta can have: a key, a node and a seq.
const minEntry = 3 + 2 + 2 + 3

// parsedInfo is what a walk over the fields of an Info finds.
type parsedInfo struct {
	value    []byte // the Value message; nil: none
	valueAt  int    // where it begins behind the stable fields before it
	stable   int    // where the last of the stable fields ends
	hops     int    // bytes of the fields between stable ones that change per hop
	raw      []byte // raw_bytes
	rawAt    int    // where they begin in the Value message
	checksum uint32
	summed   bool // there is a checksum
}

// info adds an entry of the delta to the frame.
func (d *decoder) info(entry []byte) error {
	var key, message []byte
	r := reader{b: entry}
	for r.next() {
		switch {
		case r.tag == entryKey && key == nil:
			key = r.bytes()
		case r.tag == entryInfo && message == nil:
			message = r.bytes()
		case r.tag == entryKey, r.tag == entryInfo:
			return malformed("entry with two keys or infos")
		}
	}
	if r.err != nil {
		return r.err
	}
	if err := d.checkKey(key); err != nil {
		return err
	}
	infos := d.frame.Infos
	info := &infos[:len(infos)+1][len(infos)]
	var f parsedInfo
	err := d.parseInfo(message, info, &f)
	if err == nil {
		err = f.verify(key, info)
	}
	if err != nil {
		return fmt.Errorf("info of key %q: %w", key, err)
	}
	info.cut(key, message, &f)
	d.frame.Infos = infos[:len(infos)+1]
	if !d.keys.add(d.frame.Infos) {
		return malformed("key %q occurs twice", key)
	}
	return nil
}

// parseInfo reads the fields of an Info into all of info but what [Body.cut] sets.
func (d *decoder) parseInfo(message []byte, info *Info, f *parsedInfo) error {
	hops := 0 // bytes of fields that change per hop
	r := reader{b: message}
	for r.next() {
		switch r.tag {
		case infoHops:
			info.Hops = hops32(r.v)
			hops += r.at - r.from
			continue
		case infoIncarnation:
			info.Incarnation = r.v
			hops += r.at - r.from
			continue
		case infoAge:
			info.Age = int64(r.v)
			hops += r.at - r.from
			continue
		case infoClaims:
			info.Claims = r.v >> 1
			info.Repair = r.v&1 != 0 && info.Claims > 0
			hops += r.at - r.from
			continue
		case infoTTLStamp:
			hops += r.at - r.from
			continue
		case infoValue:
			if f.value != nil {
				return malformed("two values")
			}
			f.value = r.bytes()
			f.valueAt = r.content() - hops
			if err := f.parseValue(&info.Body); err != nil {
				return err
			}
		case infoNodeID:
			info.Node = r.v
		case infoSeq:
			info.Seq = r.v
		case infoTTL:
			info.TTL = int64(r.v)
		case infoKeep:
			info.Keep = int64(r.v)
		case infoState:
			info.State = State(r.v)
		case infoAgain:
			info.Again = r.v != 0
		default:
			if n := r.tag >> 3; n <= infoNodeID>>3 || n >= infoIncarnation>>3 && n <= infoClaims>>3 {
				return wrongType(r.tag)
			}
		}
		f.stable = r.at
		f.hops = hops
	}
	if r.err != nil {
		return r.err
	}
	if info.Claims > info.Seq {
		return malformed("claim of %d writes up to the %d-th", info.Claims, info.Seq)
	}
	if len(f.raw) > d.lim.Value {
		return tooLarge("bytes of a value", len(f.raw), d.lim.Value)
	}
	if n := f.stable - f.hops - len(f.raw); n > MaxExtra {
		return tooLarge("other bytes of an info", n, MaxExtra)
	}
	return nil
}

// parseValue reads the fields of f.value.
func (f *parsedInfo) parseValue(body *Body) error {
	var timed bool
	r := reader{b: f.value}
	for r.next() {
		switch r.tag {
		case valueRawBytes:
			f.raw, f.rawAt = r.bytes(), r.content()
		case valueChecksum:
			f.checksum, f.summed = uint32(r.v), true
		case valueTimestamp:
			if timed {
				return malformed("two timestamps")
			}
			timed = true
			if err := parseTimestamp(r.bytes(), &body.Stamp); err != nil {
				return err
			}
		case valueTag:
			body.Tag = int32(r.v)
		default:
			if n := r.tag >> 3; n == valueRawBytes>>3 || n >= valueChecksum>>3 && n <= valueTag>>3 {
				return wrongType(r.tag)
			}
		}
	}
	return r.err
}

func parseTimestamp(p []byte, s *Stamp) error {
	r := reader{b: p}
	for r.next() {
		switch r.tag {
		case timestampWall:
			s.Wall = int64(r.v)
		case timestampLogical:
			s.Logical = int32(r.v)
		default:
			if r.tag>>3 <= timestampLogical>>3 {
				return wrongType(r.tag)
			}
		}
	}
	return r.err
}

// wrongType returns the error of a known field with another wire type. Elsewhere that is skipped as an unknown
// field; in what is passed on, it would stop decoders that are stricter.
func wrongType(tag uint64) error {
	return malformed("field %d with wire type %d", tag>>3, tag&7)
}

// verify checks what the fields say together.
func (f *parsedInfo) verify(key []byte, info *Info) error {
	switch {
	case info.Node == 0:
		return malformed("no node ID")
	case info.Seq == 0:
		return malformed("no seq")
	case info.TTL < 0:
		return malformed("ttl %d", info.TTL)
	case info.Keep < 0:
		return malformed("keep %d", info.Keep)
	case info.Age < 0:
		return malformed("age %d", info.Age)
	case info.State != Live && len(f.raw) > 0:
		return malformed("value with state %d", info.State)
	case info.State == Live && !f.summed:
		return fmt.Errorf("%w: none", ErrChecksum)
	}
	if f.summed {
		sum := crc32.Update(crc32.ChecksumIEEE(key), crc32.IEEETable, f.raw)
		if sum != f.checksum {
			return fmt.Errorf("%w: %08x, not %08x", ErrChecksum, f.checksum, sum)
		}
	}
	return first(possible(info.Seq), inRange("state", info.State, Skeleton))
}

// cut makes the string of a Body and cuts key and value out of it.
func (b *Body) cut(key, message []byte, f *parsedInfo) {
	var head [16]byte
	h := protowire.AppendVarint(append(head[:0], entryKey), uint64(len(key)))
	b.split = len(h) + len(key)
	var s strings.Builder
	s.Grow(b.split + f.stable - f.hops)
	s.Write(h)
	s.Write(key)
	if f.hops == 0 {
		s.Write(message[:f.stable])
	} else {
		writeStable(&s, message[:f.stable])
	}
	b.bytes = s.String()
	b.Key = b.bytes[len(h):b.split]
	value := b.split + f.valueAt + f.rawAt
	b.Value = b.bytes[value : value+len(f.raw)]
}

// writeStable writes the fields of an Info that are the same on every node. This module's own frames have them
// together, but other encoders write fields in the order of their numbers.
func writeStable(s *strings.Builder, message []byte) {
	r := reader{b: message}
	for r.next() {
		switch r.tag {
		case infoTTLStamp, infoHops, infoIncarnation, infoAge, infoClaims: // what parseInfo counts as such
		default:
			s.Write(message[r.from:r.at])
		}
	}
}

// keySet finds a key that occurs twice in a frame: an open hash table, seeded so that nobody can make keys collide.
type keySet struct {
	seed  maphash.Seed
	slots []keySlot // a power of two; none where there are too few keys to bother
}

type keySlot struct{ hash, index uint32 } // index of the info, plus 1

// init makes room for n keys.
func (s *keySet) init(n int) {
	const few = 8
	if n <= few {
		return
	}
	size := 2 * few
	for size < 2*n {
		size *= 2
	}
	s.seed = maphash.MakeSeed() // order: of slots only, which nobody sees
	s.slots = make([]keySlot, size)
}

// add adds the key of the last of infos, and returns false if another of them has it too.
func (s *keySet) add(infos []Info) bool {
	last := len(infos) - 1
	key := infos[last].Key
	if s.slots == nil {
		for i := range infos[:last] {
			if infos[i].Key == key {
				return false
			}
		}
		return true
	}
	sum := maphash.String(s.seed, key)
	hash, mask := uint32(sum>>32), uint64(len(s.slots)-1)
	for at := sum & mask; ; at = (at + 1) & mask {
		switch slot := &s.slots[at]; {
		case slot.index == 0:
			*slot = keySlot{hash: hash, index: uint32(last + 1)}
			return true
		case slot.hash == hash && infos[slot.index-1].Key == key:
			return false
		}
	}
}
