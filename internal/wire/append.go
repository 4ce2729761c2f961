package wire

import "google.golang.org/protobuf/encoding/protowire"

// The Append functions add one part of a frame to b, the bytes of the frame so far, and return it. A frame is any
// number of parts, in any order, a [Hello], [Exchange], [Ping] or [Bye] at most once. Nothing is allocated while b has room.

// AppendHello adds who the sender is, with h; response says that this end accepted the link. There, the first of
// the alternates of a redirection also stands where nodes that know no Hello look for it.
func AppendHello(b []byte, nodeID uint64, addr Addr, h *Hello, response bool) []byte {
	b = appendUint(b, frameNodeID, nodeID)
	if addr != (Addr{}) {
		b = appendAddr(b, frameAddr, addr)
	}
	if response && h.Verdict == Redirected && len(h.Alternates) > 0 {
		b = appendAddr(b, frameAlternate, h.Alternates[0].Addr)
	}
	b, at := begin(b, frameHello)
	b = appendUint(b, helloMinVersion, uint64(h.MinVersion))
	b = appendUint(b, helloMaxVersion, uint64(h.MaxVersion))
	b = appendString(b, helloClusterID, h.ClusterID)
	b = appendUint(b, helloIncarnation, h.Incarnation)
	b = appendUint(b, helloInstance, h.Instance)
	b = appendUint(b, helloReason, uint64(h.Reason))
	b = appendUint(b, helloVerdict, uint64(h.Verdict))
	b = appendUint(b, helloRefusal, uint64(h.Refusal))
	for _, m := range h.Alternates {
		b = appendMember(b, helloAlternate, m)
	}
	b = appendUint(b, helloKnownIncarnation, h.KnownIncarnation)
	b = appendFixed64(b, helloDigest, h.Digest)
	b = appendUint(b, helloWall, uint64(h.Wall))
	b = appendBool(b, helloLeaf, h.Leaf)
	return end(b, at)
}

// AppendExchange adds who the sender is, with the fields x of a unary exchange.
func AppendExchange(b []byte, nodeID uint64, addr Addr, x *Exchange) []byte {
	b = appendUint(b, frameNodeID, nodeID)
	if addr != (Addr{}) {
		b = appendAddr(b, frameAddr, addr)
	}
	b = appendUint(b, frameMaxSeq, uint64(x.MaxSeq))
	b = appendString(b, frameCluster, x.ClusterID)
	b = appendUint(b, frameLife, x.Incarnation)
	if c := x.Cursor; !c.zero() {
		var at int
		b, at = begin(b, frameCursor)
		b = appendUint(b, cursorNodeID, c.NodeID)
		b = appendUint(b, cursorIncarnation, c.Incarnation)
		b = appendUint(b, cursorClaimed, c.Claimed)
		for _, p := range c.Elsewhere {
			b = appendPlace(b, p)
		}
		b = end(b, at)
	}
	return b
}

func appendPlace(b []byte, p Place) []byte {
	b, at := begin(b, cursorElsewhere)
	b = appendUint(b, placeNodeID, p.NodeID)
	b = appendUint(b, placeIncarnation, p.Incarnation)
	b = appendUint(b, placeMaxSeq, uint64(p.MaxSeq))
	b = appendUint(b, placeClaimed, p.Claimed)
	return end(b, at)
}

// AppendAlternate adds, to a Response, where to go instead.
func AppendAlternate(b []byte, addr Addr) []byte { return appendAddr(b, frameAlternate, addr) }

// AppendOrigins adds declarations, packed: three numbers each. A frame has them in one piece.
func AppendOrigins(b []byte, origins ...Origin) []byte {
	if len(origins) == 0 {
		return b
	}
	b, at := begin(b, frameOrigins)
	last := uint64(0)
	for _, o := range origins {
		b = protowire.AppendVarint(b, o.NodeID)
		b = protowire.AppendVarint(b, lifeAfter(last, o.Incarnation))
		b = protowire.AppendVarint(b, o.Sponsor)
		last = o.Incarnation
	}
	return end(b, at)
}

// OriginSize returns how many bytes o takes among declarations, behind one of the incarnation last; the first one in a frame takes up to
// seven more.
func OriginSize(o Origin, last uint64) int {
	return protowire.SizeVarint(o.NodeID) + protowire.SizeVarint(lifeAfter(last, o.Incarnation)) + protowire.SizeVarint(o.Sponsor)
}

// lifeAfter is how an incarnation is written behind another one: nodes mostly begin within a day of each other.
func lifeAfter(last, inc uint64) uint64 { return protowire.EncodeZigZag(int64(inc - last)) }

// maxHop is the most bytes that the fields of an info which change per hop take.
const maxHop = 1 + 5 + 2 + 10 + 2 + 10 + 2 + 10

// InfoSize returns how many bytes [AppendInfo] adds at most.
func InfoSize(body *Body) int {
	const framing = 1 + 5 + 1 + 5 // tag and length of the entry and of the info in it
	return framing + len(body.bytes) + maxHop
}

// AppendInfo adds an info to the delta: the bytes of body as they are, then what is said of it on this link. The
// incarnation is left out where it is 0, because the link has declared it. Each key may be added once to a frame.
func AppendInfo(b []byte, body *Body, incarnation uint64, hops uint32, age int64) []byte {
	return appendInfo(b, body, incarnation, hops, age, 0, 0)
}

// AppendClaimingInfo is AppendInfo with a range that ends with the info, and claims so many writes of its origin; repair says that
// it was asked for.
func AppendClaimingInfo(b []byte, body *Body, incarnation uint64, hops uint32, age int64, claims uint64, repair bool) []byte {
	claims *= 2
	if repair && claims > 0 {
		claims++
	}
	return appendInfo(b, body, incarnation, hops, age, 0, claims)
}

// MaxPublic is how many bytes more than AppendInfo, at most, [AppendPublicInfo] adds.
const MaxPublic = 1 + 10

// AppendPublicInfo is AppendInfo for those who are no nodes: ttlStamp, if not 0, says in nanoseconds since 1970 when the
// info expires.
func AppendPublicInfo(b []byte, body *Body, incarnation uint64, hops uint32, age, ttlStamp int64) []byte {
	return appendInfo(b, body, incarnation, hops, age, ttlStamp, 0)
}

func appendInfo(b []byte, body *Body, incarnation uint64, hops uint32, age, ttlStamp int64, claims uint64) []byte {
	var hop [maxHop + MaxPublic]byte
	h := appendUint(hop[:0], infoTTLStamp, uint64(ttlStamp))
	h = appendUint(h, infoHops, uint64(hops))
	h = appendUint(h, infoIncarnation, incarnation)
	h = appendUint(h, infoAge, uint64(age))
	h = appendUint(h, infoClaims, claims)
	key, stable := body.bytes[:body.split], body.bytes[body.split:]
	size := uint64(len(stable) + len(h))
	b = append(b, frameDelta)
	b = protowire.AppendVarint(b, uint64(len(key)+1+protowire.SizeVarint(size))+size)
	b = append(b, key...)
	b = append(b, entryInfo)
	b = protowire.AppendVarint(b, size)
	b = append(b, stable...)
	return append(b, h...)
}

// AppendRange adds a claim.
func AppendRange(b []byte, r Range) []byte {
	b, at := begin(b, frameRange)
	b = appendUint(b, rangeNodeID, r.NodeID)
	b = appendUint(b, rangeFrom, r.From)
	b = appendUint(b, rangeTo, r.To)
	b = appendBool(b, rangeRepair, r.Repair)
	b = appendUint(b, rangeIncarnation, r.Incarnation)
	return end(b, at)
}

// AppendStandin adds a standin.
func AppendStandin(b []byte, s Standin) []byte {
	b, at := begin(b, frameStandin)
	b = appendString(b, standinKey, s.Key)
	b = appendUint(b, standinNodeID, s.NodeID)
	b = appendUint(b, standinSeq, s.Seq)
	b = appendUint(b, standinIncarnation, s.Incarnation)
	b = appendUint(b, standinKeep, uint64(s.Keep))
	return end(b, at)
}

// AppendAdverts adds adverts, packed: three to five numbers each.
func AppendAdverts(b []byte, adverts ...Advert) []byte {
	if len(adverts) == 0 {
		return b
	}
	b, at := begin(b, frameAdverts)
	for _, a := range adverts {
		b = protowire.AppendVarint(b, a.NodeID)
		b = protowire.AppendVarint(b, a.To)
		how := uint64(a.Hops) << advertHops
		if a.Pull {
			how |= advertPull
		}
		if a.Incarnation != 0 {
			how |= advertNamed
		}
		if a.Held != 0 {
			how |= advertHeld
		}
		b = protowire.AppendVarint(b, how)
		if a.Incarnation != 0 {
			b = protowire.AppendVarint(b, a.Incarnation)
		}
		if a.Held != 0 {
			b = protowire.AppendVarint(b, a.Held)
		}
	}
	return end(b, at)
}

// AppendPrune adds a prune.
func AppendPrune(b []byte, p Prune) []byte {
	b, at := begin(b, framePrune)
	b = appendUint(b, pruneNodeID, p.NodeID)
	b = appendUint(b, pruneMode, uint64(p.Mode))
	b = appendUint(b, pruneIncarnation, p.Incarnation)
	return end(b, at)
}

// AppendGraft adds a graft.
func AppendGraft(b []byte, g Graft) []byte {
	b, at := begin(b, frameGraft)
	b = appendUint(b, graftNodeID, g.NodeID)
	b = appendUint(b, graftFrom, g.From)
	b = appendUint(b, graftMode, uint64(g.Mode))
	b = appendUint(b, graftIncarnation, g.Incarnation)
	return end(b, at)
}

// AppendMark adds a mark.
func AppendMark(b []byte, m Mark) []byte {
	b, at := begin(b, frameMark)
	b = appendUint(b, markNodeID, m.NodeID)
	b = appendUint(b, markIncarnation, m.Incarnation)
	b = appendUint(b, markSeq, m.Seq)
	b = appendUint(b, markSponsor, m.Sponsor)
	return end(b, at)
}

// AppendMarksEnd adds that the marks are all.
func AppendMarksEnd(b []byte) []byte { return appendBool(b, frameMarksEnd, true) }

// AppendPing adds a ping.
func AppendPing(b []byte, p Ping) []byte {
	b, at := begin(b, framePing)
	b = appendFixed64(b, pingDigest, p.Digest)
	b = appendBool(b, pingAsk, p.Ask)
	b = appendBool(b, pingSame, p.Same)
	b = appendUint(b, pingID, p.ID)
	b = appendUint(b, pingWall, uint64(p.Wall))
	b = appendBool(b, pingMeasure, p.Measure)
	b = appendBool(b, pingFar, p.Far)
	return end(b, at)
}

// AppendBye adds the end of a link.
func AppendBye(b []byte, y Bye) []byte {
	b, at := begin(b, frameBye)
	b = appendUint(b, byeReason, uint64(y.Reason))
	for _, m := range y.Alternates {
		b = appendMember(b, byeAlternate, m)
	}
	return end(b, at)
}

func appendMember(b []byte, tag uint64, m Member) []byte {
	b, at := begin(b, tag)
	b = appendUint(b, memberNodeID, m.NodeID)
	if m.Addr != (Addr{}) {
		b = appendAddr(b, memberAddr, m.Addr)
	}
	return end(b, at)
}

func appendAddr(b []byte, tag uint64, a Addr) []byte {
	b, at := begin(b, tag)
	b = appendString(b, addrNetwork, a.Network)
	b = appendString(b, addrAddress, a.Address)
	return end(b, at)
}

// begin adds the tag of a message, and room for a length of one byte; the message starts at the returned offset.
func begin(b []byte, tag uint64) ([]byte, int) {
	b = protowire.AppendVarint(b, tag)
	b = append(b, 0)
	return b, len(b)
}

// end fills in the length of the message that starts at the offset, and moves the message where that needs
// more than the one byte.
func end(b []byte, at int) []byte {
	size := len(b) - at
	if more := protowire.SizeVarint(uint64(size)) - 1; more > 0 {
		var room [9]byte
		b = append(b, room[:more]...)
		copy(b[at+more:], b[at:at+size])
	}
	protowire.AppendVarint(b[:at-1], uint64(size))
	return b
}

// appendUint adds an integer. Like the other fields, it is left out where it is zero.
func appendUint(b []byte, tag, v uint64) []byte {
	if v == 0 {
		return b
	}
	return protowire.AppendVarint(protowire.AppendVarint(b, tag), v)
}

func appendBool(b []byte, tag uint64, v bool) []byte {
	if !v {
		return b
	}
	return append(protowire.AppendVarint(b, tag), 1)
}

func appendFixed64(b []byte, tag, v uint64) []byte {
	if v == 0 {
		return b
	}
	return protowire.AppendFixed64(protowire.AppendVarint(b, tag), v)
}

func appendString(b []byte, tag uint64, v string) []byte {
	if v == "" {
		return b
	}
	return protowire.AppendString(protowire.AppendVarint(b, tag), v)
}
