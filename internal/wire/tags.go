package wire

// The wire types of protobuf.
const (
	typeVarint  = 0
	typeFixed64 = 1
	typeBytes   = 2
	typeGroup   = 3
	typeFixed32 = 5
)

// A tag is a field's number and wire type, as it stands before the field. These are the tags of the fields of
// gossip.proto that links use, named after message and field.
const (
	frameNodeID    = 1<<3 | typeVarint
	frameAddr      = 2<<3 | typeBytes
	frameAlternate = 3<<3 | typeBytes // of a Response
	frameMaxSeq    = 4<<3 | typeVarint
	frameDelta     = 5<<3 | typeBytes
	frameHello     = 16<<3 | typeBytes
	frameOrigins   = 17<<3 | typeBytes
	frameRange     = 18<<3 | typeBytes
	frameAdverts   = 19<<3 | typeBytes
	framePrune     = 20<<3 | typeBytes
	frameGraft     = 21<<3 | typeBytes
	frameMark      = 22<<3 | typeBytes
	framePing      = 23<<3 | typeBytes
	frameBye       = 24<<3 | typeBytes
	frameMarksEnd  = 25<<3 | typeVarint
	frameStandin   = 26<<3 | typeBytes
	frameCluster   = 27<<3 | typeBytes
	frameCursor    = 28<<3 | typeBytes
	frameLife      = 29<<3 | typeVarint // of a Request

	entryKey  = 1<<3 | typeBytes // of an entry of the delta
	entryInfo = 2<<3 | typeBytes

	infoValue       = 1<<3 | typeBytes
	infoTTLStamp    = 2<<3 | typeVarint
	infoHops        = 3<<3 | typeVarint
	infoNodeID      = 4<<3 | typeVarint
	infoIncarnation = 16<<3 | typeVarint
	infoSeq         = 17<<3 | typeVarint
	infoTTL         = 18<<3 | typeVarint
	infoKeep        = 19<<3 | typeVarint
	infoState       = 20<<3 | typeVarint
	infoAge         = 21<<3 | typeVarint
	infoAgain       = 22<<3 | typeVarint
	infoClaims      = 23<<3 | typeVarint

	valueRawBytes  = 1<<3 | typeBytes
	valueChecksum  = 3<<3 | typeFixed32
	valueTimestamp = 4<<3 | typeBytes
	valueTag       = 5<<3 | typeVarint

	timestampWall    = 1<<3 | typeVarint
	timestampLogical = 2<<3 | typeVarint

	addrNetwork = 1<<3 | typeBytes
	addrAddress = 2<<3 | typeBytes

	memberNodeID = 1<<3 | typeVarint
	memberAddr   = 2<<3 | typeBytes

	helloMinVersion       = 1<<3 | typeVarint
	helloMaxVersion       = 2<<3 | typeVarint
	helloClusterID        = 3<<3 | typeBytes
	helloIncarnation      = 4<<3 | typeVarint
	helloInstance         = 5<<3 | typeVarint
	helloReason           = 6<<3 | typeVarint
	helloVerdict          = 7<<3 | typeVarint
	helloRefusal          = 8<<3 | typeVarint
	helloAlternate        = 10<<3 | typeBytes
	helloKnownIncarnation = 11<<3 | typeVarint
	helloDigest           = 12<<3 | typeFixed64
	helloWall             = 14<<3 | typeVarint
	helloLeaf             = 16<<3 | typeVarint

	rangeNodeID      = 1<<3 | typeVarint
	rangeFrom        = 2<<3 | typeVarint
	rangeTo          = 3<<3 | typeVarint
	rangeRepair      = 4<<3 | typeVarint
	rangeIncarnation = 5<<3 | typeVarint

	standinKey         = 1<<3 | typeBytes
	standinNodeID      = 2<<3 | typeVarint
	standinSeq         = 3<<3 | typeVarint
	standinIncarnation = 4<<3 | typeVarint
	standinKeep        = 5<<3 | typeVarint

	pruneNodeID      = 1<<3 | typeVarint
	pruneMode        = 2<<3 | typeVarint
	pruneIncarnation = 3<<3 | typeVarint

	graftNodeID      = 1<<3 | typeVarint
	graftFrom        = 2<<3 | typeVarint
	graftMode        = 3<<3 | typeVarint
	graftIncarnation = 4<<3 | typeVarint

	markNodeID      = 1<<3 | typeVarint
	markIncarnation = 2<<3 | typeVarint
	markSeq         = 3<<3 | typeVarint
	markSponsor     = 4<<3 | typeVarint

	pingDigest  = 1<<3 | typeFixed64
	pingAsk     = 3<<3 | typeVarint
	pingSame    = 4<<3 | typeVarint
	pingID      = 5<<3 | typeVarint
	pingMeasure = 6<<3 | typeVarint
	pingFar     = 7<<3 | typeVarint
	pingWall    = 2<<3 | typeVarint

	cursorNodeID      = 1<<3 | typeVarint
	cursorIncarnation = 2<<3 | typeVarint
	cursorClaimed     = 3<<3 | typeVarint
	cursorElsewhere   = 4<<3 | typeBytes

	placeNodeID      = 1<<3 | typeVarint
	placeIncarnation = 2<<3 | typeVarint
	placeMaxSeq      = 3<<3 | typeVarint
	placeClaimed     = 4<<3 | typeVarint

	byeReason    = 1<<3 | typeVarint
	byeAlternate = 2<<3 | typeBytes
)

// The third number of an advert: these bits, and above them the hops.
const (
	advertNamed = 1 << iota
	advertPull
	advertHeld
	advertHops = iota // bits
)
