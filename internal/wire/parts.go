package wire

import "google.golang.org/protobuf/encoding/protowire"

// The decode functions fill in a zero part from the bytes of its message.

func decodeAddr(p []byte, a *Addr) (err error) {
	r := reader{b: p}
	for err == nil && r.next() {
		switch r.tag {
		case addrNetwork:
			a.Network, err = text(r.bytes())
		case addrAddress:
			a.Address, err = text(r.bytes())
		}
	}
	return first(err, r.err)
}

func decodeMember(p []byte, m *Member) (err error) {
	r := reader{b: p}
	for err == nil && r.next() {
		switch r.tag {
		case memberNodeID:
			m.NodeID = r.v
		case memberAddr:
			err = decodeAddr(r.bytes(), &m.Addr)
		}
	}
	return first(err, r.err)
}

// alternates returns a slice with room for the members of a Hello or Bye in p, whose fields have a tag.
func (d *decoder) alternates(p []byte, tag uint64) ([]Member, error) {
	n := 0
	r := reader{b: p}
	for r.next() {
		if r.tag == tag {
			n++
		}
	}
	switch {
	case n > d.lim.Items:
		return nil, tooLarge("alternates", n, d.lim.Items)
	case n == 0:
		return nil, r.err
	}
	return make([]Member, 0, n), r.err
}

func (d *decoder) hello(p []byte, h *Hello) (err error) {
	h.Alternates, err = d.alternates(p, helloAlternate)
	r := reader{b: p}
	for err == nil && r.next() {
		switch r.tag {
		case helloMinVersion:
			h.MinVersion = uint32(r.v)
		case helloMaxVersion:
			h.MaxVersion = uint32(r.v)
		case helloClusterID:
			h.ClusterID, err = text(r.bytes())
		case helloIncarnation:
			h.Incarnation = r.v
		case helloInstance:
			h.Instance = r.v
		case helloReason:
			h.Reason = Reason(r.v)
		case helloVerdict:
			h.Verdict = Verdict(r.v)
		case helloRefusal:
			h.Refusal = Refusal(r.v)
		case helloAlternate:
			err = add(&h.Alternates, r.bytes(), decodeMember)
		case helloKnownIncarnation:
			h.KnownIncarnation = r.v
		case helloDigest:
			h.Digest = r.v
		case helloWall:
			h.Wall = int64(r.v)
		case helloLeaf:
			h.Leaf = r.v != 0
		}
	}
	if err := first(err, r.err); err != nil {
		return err
	}
	return inRange("verdict", h.Verdict, Refused)
}

func decodeRange(p []byte, v *Range) error {
	r := reader{b: p}
	for r.next() {
		switch r.tag {
		case rangeNodeID:
			v.NodeID = r.v
		case rangeFrom:
			v.From = r.v
		case rangeTo:
			v.To = r.v
		case rangeRepair:
			v.Repair = r.v != 0
		case rangeIncarnation:
			v.Incarnation = r.v
		}
	}
	if r.err == nil && v.From >= v.To {
		return malformed("range of node %d from %d to %d", v.NodeID, v.From, v.To)
	}
	return first(r.err, needNode(v.NodeID), possible(v.To))
}

func (d *decoder) standin(p []byte, s *Standin) (err error) {
	r := reader{b: p}
	var key []byte
	for r.next() {
		switch r.tag {
		case standinKey:
			key = r.bytes()
		case standinNodeID:
			s.NodeID = r.v
		case standinSeq:
			s.Seq = r.v
		case standinIncarnation:
			s.Incarnation = r.v
		case standinKeep:
			s.Keep = int64(r.v)
		}
	}
	if r.err != nil {
		return r.err
	}
	if s.Keep < 0 {
		return malformed("keep %d", s.Keep)
	}
	s.Key, err = d.key(key)
	return first(err, needNode(s.NodeID), possible(s.Seq))
}

// countTriples returns how many adverts or declarations there are in p at most: each has three numbers at least.
func countTriples(p []byte) int {
	numbers := 0
	for _, c := range p {
		if c < 0x80 {
			numbers++
		}
	}
	return numbers / 3
}

// decodeOrigins decodes more elements of a slice that has room for them.
func decodeOrigins(s *[]Origin, p []byte) error {
	last := uint64(0)
	if n := len(*s); n > 0 {
		last = (*s)[n-1].Incarnation
	}
	for at := 0; at < len(p); {
		var n [3]uint64
		for i := range n {
			if n[i], at = varint(p, at); at < 0 {
				return malformed("declaration without its number %d", i)
			}
		}
		last += uint64(protowire.DecodeZigZag(n[1]))
		if err := needLife(n[0], last); err != nil {
			return err
		}
		*s = append(*s, Origin{NodeID: n[0], Incarnation: last, Sponsor: n[2]})
	}
	return nil
}

// decodeAdverts decodes more elements of a slice that has room for them.
func decodeAdverts(s *[]Advert, p []byte) error {
	for at := 0; at < len(p); {
		var n [5]uint64
		for i := range n {
			if i == 3 && n[2]&advertNamed == 0 || i == 4 && n[2]&advertHeld == 0 {
				continue
			}
			if n[i], at = varint(p, at); at < 0 {
				return malformed("advert without its number %d", i)
			}
		}
		a := Advert{NodeID: n[0], To: n[1], Hops: hops32(n[2] >> advertHops), Pull: n[2]&advertPull != 0, Incarnation: n[3], Held: n[4]}
		if err := first(needNode(a.NodeID), possible(a.To)); err != nil {
			return err
		}
		*s = append(*s, a)
	}
	return nil
}

func decodePrune(p []byte, v *Prune) error {
	r := reader{b: p}
	for r.next() {
		switch r.tag {
		case pruneNodeID:
			v.NodeID = r.v
		case pruneMode:
			v.Mode = Mode(r.v)
		case pruneIncarnation:
			v.Incarnation = r.v
		}
	}
	return first(r.err, needNode(v.NodeID), inRange("mode", v.Mode, Mute))
}

func decodeGraft(p []byte, g *Graft) error {
	r := reader{b: p}
	for r.next() {
		switch r.tag {
		case graftNodeID:
			g.NodeID = r.v
		case graftFrom:
			g.From = r.v
		case graftMode:
			g.Mode = Mode(r.v)
		case graftIncarnation:
			g.Incarnation = r.v
		}
	}
	return first(r.err, needNode(g.NodeID), inRange("mode", g.Mode, Mute))
}

func decodeMark(p []byte, m *Mark) error {
	r := reader{b: p}
	for r.next() {
		switch r.tag {
		case markNodeID:
			m.NodeID = r.v
		case markIncarnation:
			m.Incarnation = r.v
		case markSeq:
			m.Seq = r.v
		case markSponsor:
			m.Sponsor = r.v
		}
	}
	return first(r.err, needLife(m.NodeID, m.Incarnation), possible(m.Seq))
}

func decodePing(p []byte, v *Ping) error {
	r := reader{b: p}
	for r.next() {
		switch r.tag {
		case pingDigest:
			v.Digest = r.v
		case pingAsk:
			v.Ask = r.v != 0
		case pingSame:
			v.Same = r.v != 0
		case pingID:
			v.ID = r.v
		case pingWall:
			v.Wall = int64(r.v)
		case pingMeasure:
			v.Measure = r.v != 0
		case pingFar:
			v.Far = r.v != 0
		}
	}
	return r.err
}

// decodeExchange takes in the field of a frame that r stands on.
func decodeExchange(r *reader, x *Exchange) (err error) {
	switch r.tag {
	case frameMaxSeq:
		x.MaxSeq = int64(r.v)
	case frameCluster:
		x.ClusterID, err = text(r.bytes())
	case frameLife:
		x.Incarnation = r.v
	case frameCursor:
		err = decodeCursor(r.bytes(), &x.Cursor)
	}
	return err
}

func decodeCursor(p []byte, v *Cursor) (err error) {
	r := reader{b: p}
	for err == nil && r.next() {
		switch r.tag {
		case cursorNodeID:
			v.NodeID = r.v
		case cursorIncarnation:
			v.Incarnation = r.v
		case cursorClaimed:
			v.Claimed = r.v
		case cursorElsewhere:
			if n := len(v.Elsewhere); n == MaxPlaces {
				return tooLarge("places", n+1, MaxPlaces)
			}
			v.Elsewhere = append(v.Elsewhere, Place{})
			err = decodePlace(r.bytes(), &v.Elsewhere[len(v.Elsewhere)-1])
		}
	}
	return first(err, r.err)
}

func decodePlace(p []byte, v *Place) error {
	r := reader{b: p}
	for r.next() {
		switch r.tag {
		case placeNodeID:
			v.NodeID = r.v
		case placeIncarnation:
			v.Incarnation = r.v
		case placeMaxSeq:
			v.MaxSeq = int64(r.v)
		case placeClaimed:
			v.Claimed = r.v
		}
	}
	return r.err
}

// zero reports whether c has no fields.
func (c *Cursor) zero() bool {
	return c.NodeID == 0 && c.Incarnation == 0 && c.Claimed == 0 && len(c.Elsewhere) == 0
}

// zero reports whether x has no fields.
func (x *Exchange) zero() bool {
	return x.MaxSeq == 0 && x.ClusterID == "" && x.Incarnation == 0 && x.Cursor.zero()
}

func (d *decoder) bye(p []byte, y *Bye) (err error) {
	y.Alternates, err = d.alternates(p, byeAlternate)
	r := reader{b: p}
	for err == nil && r.next() {
		switch r.tag {
		case byeReason:
			y.Reason = Refusal(r.v)
		case byeAlternate:
			err = add(&y.Alternates, r.bytes(), decodeMember)
		}
	}
	return first(err, r.err)
}

// hops32 returns a number of hops, and [MaxHops] for any above.
func hops32(v uint64) uint32 { return uint32(min(v, MaxHops)) }

// needNode returns the error of a part that is about no node.
func needNode(id uint64) error {
	if id == 0 {
		return malformed("no node ID")
	}
	return nil
}

// needLife returns the error of a part that says which life of a node its ID stands for, and names none. Elsewhere an incarnation of zero is the one
// that was declared.
func needLife(id, incarnation uint64) error {
	if id != 0 && incarnation == 0 {
		return malformed("node %d without its incarnation", id)
	}
	return needNode(id)
}

// possible returns the error of a seq that no node can have come to.
func possible(seq uint64) error {
	if seq > MaxSeq {
		return malformed("seq %d", seq)
	}
	return nil
}

// inRange returns the error of an enum outside 0 to last.
func inRange[E ~int32](what string, v, last E) error {
	if v < 0 || v > last {
		return malformed("%s %d", what, v)
	}
	return nil
}

// first returns the first error that is one.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
