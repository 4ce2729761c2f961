package wire

import (
	"hash/crc32"

	"google.golang.org/protobuf/encoding/protowire"
)

// maxHead is more than the bytes of a Body that are not key, value or unknown fields.
const maxHead = 128

// NewBody encodes what of an info is the same on every node. The key must be UTF-8 and not empty, node and seq
// not 0, ttl and keep not negative, for [Decode] to take the info. Only a [Live] info has a value: that of
// another is dropped.
func NewBody(key, value string, node, seq uint64, stamp Stamp, ttl, keep int64, state State, again bool, tag int32) Body {
	if state != Live {
		value = ""
	}
	b := make([]byte, 0, len(key)+len(value)+maxHead)
	b = appendString(b, entryKey, key)
	split := len(b)
	sum := crc32.ChecksumIEEE(b[split-len(key):])

	b = append(b, infoValue)
	b = protowire.AppendVarint(b, uint64(valueSize(value, stamp, tag)))
	b = appendString(b, valueRawBytes, value)
	valueEnd := len(b)
	sum = crc32.Update(sum, crc32.IEEETable, b[valueEnd-len(value):])
	b = append(b, valueChecksum)
	b = protowire.AppendFixed32(b, sum)
	if stamp != (Stamp{}) {
		b = append(b, valueTimestamp, byte(stampSize(stamp)))
		b = appendUint(b, timestampWall, uint64(stamp.Wall))
		b = appendUint(b, timestampLogical, uint64(stamp.Logical))
	}
	b = appendUint(b, valueTag, uint64(tag))

	b = appendUint(b, infoNodeID, node)
	b = appendUint(b, infoSeq, seq)
	b = appendUint(b, infoTTL, uint64(ttl))
	b = appendUint(b, infoKeep, uint64(keep))
	b = appendUint(b, infoState, uint64(state))
	b = appendBool(b, infoAgain, again)

	s := string(b)
	return Body{
		bytes: s, split: split,
		Key: s[split-len(key) : split], Value: s[valueEnd-len(value) : valueEnd],
		Node: node, Seq: seq, Stamp: stamp, TTL: ttl, Keep: keep, State: state, Again: again, Tag: tag,
	}
}

// Bones returns the skeleton of an info: its place in the order without its value. Unknown fields are dropped
// with the value, for which they may have spoken.
func (b *Body) Bones() Body {
	return NewBody(b.Key, "", b.Node, b.Seq, b.Stamp, b.TTL, b.Keep, Skeleton, b.Again, b.Tag)
}

// valueSize returns the encoded size of a Value with a checksum.
func valueSize(value string, stamp Stamp, tag int32) int {
	n := 1 + 4
	if value != "" {
		n += 1 + protowire.SizeBytes(len(value))
	}
	if stamp != (Stamp{}) {
		n += 2 + stampSize(stamp)
	}
	return n + uintSize(uint64(tag))
}

func stampSize(s Stamp) int { return uintSize(uint64(s.Wall)) + uintSize(uint64(s.Logical)) }

// uintSize returns the encoded size of an integer whose tag is one byte.
func uintSize(v uint64) int {
	if v == 0 {
		return 0
	}
	return 1 + protowire.SizeVarint(v)
}
