package simnet

import "math/bits"

// What a hash is for: the first word behind the seed. Drivers have others.
const (
	saltStart uint64 = iota + 3
	saltLatency
	saltLoss
	saltDatagram
	saltBurst uint64 = iota + 97
	saltDuplicate
	saltReorder
)

// Mix folds v into h.
func Mix(h, v uint64) uint64 {
	hi, lo := bits.Mul64(h^0x9e3779b97f4a7c15, v^0xe7037ed1a0b428db)
	return hi ^ lo ^ h<<1
}

// Hash is a random number that follows from what it is for. It gives every host, link and frame its own source of
// randomness, so that one more draw in one place changes nothing in another.
func Hash(seed uint64, words ...uint64) uint64 {
	h := Mix(seed, 0x8ebc6af09c88c6e3)
	for _, w := range words {
		h = Mix(h, w)
	}
	h ^= h >> 32
	h *= 0xd6e8feb86659fd93
	return h ^ h>>29
}

// Below returns a number from 0 to n-1 made of the random number h.
func Below(h uint64, n int64) int64 {
	hi, _ := bits.Mul64(h, uint64(n))
	return int64(hi)
}

// MixBytes folds a string or its bytes into h.
func MixBytes[T string | []byte](h uint64, b T) uint64 {
	h = Mix(h, uint64(len(b)))
	for ; len(b) >= 8; b = b[8:] {
		h = Mix(h, uint64(b[0])|uint64(b[1])<<8|uint64(b[2])<<16|uint64(b[3])<<24|
			uint64(b[4])<<32|uint64(b[5])<<40|uint64(b[6])<<48|uint64(b[7])<<56)
	}
	if len(b) == 0 {
		return h
	}
	last := uint64(0)
	for i := range len(b) {
		last |= uint64(b[i]) << (8 * i)
	}
	return Mix(h, last)
}

// NameKey is the key of the n-th task of a name.
func NameKey(name string, n uint64) uint64 { return Mix(MixBytes(0, name), n) }
