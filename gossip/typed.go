package gossip

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"google.golang.org/protobuf/proto"
)

// Codec turns values into bytes and back. Both functions may be called by any number of goroutines at a time; what Encode
// returns is not changed any more, and Decode keeps nothing of what it is given.
type Codec[T any] struct {
	Encode func(T) ([]byte, error) // its error is that of Key.Set
	Decode func([]byte) (T, error) // its error is that of a DecodeError
}

// JSON returns the codec of package encoding/json for T.
func JSON[T any]() Codec[T] {
	return Codec[T]{
		Encode: func(v T) ([]byte, error) { return json.Marshal(v) },
		Decode: func(b []byte) (v T, err error) {
			err = json.Unmarshal(b, &v)
			return v, err
		},
	}
}

// Proto returns the codec for a generated message, such as *gossippb.NodeDescriptor. The same message has the same bytes.
func Proto[T proto.Message]() Codec[T] {
	return Codec[T]{
		Encode: func(v T) ([]byte, error) { return proto.MarshalOptions{Deterministic: true}.Marshal(v) },
		Decode: func(b []byte) (T, error) {
			var none T
			v := none.ProtoReflect().New().Interface().(T)
			return v, proto.Unmarshal(b, v)
		},
	}
}

// KeyOptions are the knobs of [NewKey]. nil is the zero value.
type KeyOptions struct {
	TTL     time.Duration // of every value that is set; 0: for ever
	MaxSize int           // bytes of an encoded value; 0: no limit but Limits.Value
}

// Key is a key whose values have a type. It is declared once, usually as a package variable, and used with any node:
//
//	var Load = gossip.NewKey("load", gossip.JSON[float64](), &gossip.KeyOptions{TTL: time.Minute})
//
//	err := Load.For("7").Set(g, 0.7)
//
// A Key is an immutable value, safe for concurrent use.
type Key[T any] struct {
	name  string
	codec Codec[T]
	opts  KeyOptions
}

// NewKey returns the key of that name. It checks nothing: what is wrong with a declaration is the error of every use.
func NewKey[T any](name string, codec Codec[T], opts *KeyOptions) Key[T] {
	k := Key[T]{name: name, codec: codec}
	if opts != nil {
		k.opts = *opts
	}
	return k
}

// For returns a key of the family of k: the one that [MakeKey] makes of k's name and suffix.
func (k Key[T]) For(suffix string) Key[T] {
	k.name = MakeKey(k.name, suffix)
	return k
}

// String returns the key as [Gossip.GetInfo] and the like know it.
func (k Key[T]) String() string { return k.name }

// check says what is wrong with the declaration, for a use with g.
func (k Key[T]) check(g *Gossip) error {
	switch {
	case k.codec.Encode == nil || k.codec.Decode == nil:
		return fmt.Errorf("%w: incomplete Codec", ErrConfig)
	case k.opts.TTL < 0:
		return fmt.Errorf("%w: negative TTL %v", ErrConfig, k.opts.TTL)
	case k.opts.MaxSize < 0:
		return fmt.Errorf("%w: negative MaxSize %d", ErrConfig, k.opts.MaxSize)
	}
	return g.checkInfo(k.name, 0)
}

// fits returns an error that wraps ErrTooLarge if an encoded value is over the cap.
func (k Key[T]) fits(size int) error {
	if k.opts.MaxSize > 0 && size > k.opts.MaxSize {
		return fmt.Errorf("%w: %d bytes, over %d", ErrTooLarge, size, k.opts.MaxSize)
	}
	return nil
}

// Set writes v under k, as [Gossip.AddInfo] does, with the TTL of k. The error is as that of AddInfo: it wraps ErrTooLarge
// at once if v takes more than MaxSize bytes, ErrConfig if k is declared badly, or the codec's.
func (k Key[T]) Set(g *Gossip, v T) error {
	fail := func(err error) error { return fmt.Errorf("set %s: %w", shown(k.name), err) }
	if err := k.check(g); err != nil {
		return fail(err)
	}
	val, err := k.codec.Encode(v)
	if err == nil {
		err = k.fits(len(val))
	}
	if err != nil {
		return fail(err)
	}
	return g.AddInfo(k.name, val, k.opts.TTL)
}

// Value returns what stands under k. The error wraps ErrNotFound if nothing does, ErrConfig or ErrBadKey if k is declared
// badly; it is a [*DecodeError] if what stands there cannot be decoded. Like GetInfo, it waits for nothing.
func (k Key[T]) Value(g *Gossip) (v T, err error) {
	if err := k.check(g); err != nil {
		return v, fmt.Errorf("value of %s: %w", shown(k.name), err)
	}
	info, ok := g.info(k.name)
	if !ok {
		return v, notFound(k.name)
	}
	return k.decode(k.name, info)
}

// WaitFor returns the value under k as soon as predicate holds for it, as [Gossip.WaitFor] does; nil holds for any. What
// cannot be decoded is waited out. The error is as that of Gossip.WaitFor: it wraps a [*DecodeError] too if what was there
// last could not be decoded, and ErrConfig if k is declared badly.
func (k Key[T]) WaitFor(ctx context.Context, g *Gossip, predicate func(T) bool) (v T, err error) {
	if err := k.check(g); err != nil {
		return v, fmt.Errorf("wait for value of %s: %w", shown(k.name), err)
	}
	var bad error
	_, err = g.WaitFor(ctx, k.name, func(info Info) bool {
		var got T
		if got, bad = k.decode(k.name, info); bad != nil || predicate != nil && !predicate(got) {
			return false
		}
		v = got
		return true
	})
	if err != nil && bad != nil {
		err = fmt.Errorf("%w: %w", err, bad)
	}
	return v, err
}

// decode returns the value in info, which stands under key.
func (k Key[T]) decode(key string, info Info) (T, error) {
	var none T
	if err := k.fits(len(info.Value)); err != nil {
		return none, &DecodeError{key, info.NodeID, err}
	}
	v, err := k.codec.Decode(info.Value)
	if err != nil {
		return none, &DecodeError{key, info.NodeID, err}
	}
	return v, nil
}

// Delete deletes what stands under k, as [Gossip.DeleteInfo] does. The error is as that of DeleteInfo, or wraps ErrConfig if k
// is declared badly.
func (k Key[T]) Delete(g *Gossip) error {
	if err := k.check(g); err != nil {
		return fmt.Errorf("delete %s: %w", shown(k.name), err)
	}
	return g.DeleteInfo(k.name)
}

// DecodeError says that what stands under a key is no value of the key's type. [Gossip.GetInfo] still returns the bytes.
type DecodeError struct {
	Key    string // where it stands
	NodeID NodeID // who wrote it
	Err    error  // the codec's, or one that wraps ErrTooLarge
}

// Error names the key and who wrote what stands there.
func (e *DecodeError) Error() string {
	return fmt.Sprintf("decode %s of node %d: %v", shown(e.Key), e.NodeID, e.Err)
}

// Unwrap returns Err.
func (e *DecodeError) Unwrap() error { return e.Err }

// KeyEvent is an [Event] with its value decoded.
type KeyEvent[T any] struct {
	Event
	Value T     // the zero value if there is none, or Err is not nil
	Err   error // nil, or a *DecodeError: Event.Info has the bytes
}

// Watch is [Gossip.Watch] of k alone. What cannot be decoded is an event with Err set, and does not end the iteration.
// WatchOptions.Prefix means nothing here. The error wraps ErrBadKey, too.
func (k Key[T]) Watch(ctx context.Context, g *Gossip, opts *WatchOptions) (iter.Seq[KeyEvent[T]], error) {
	return k.watch(ctx, g, pattern{form: exact, text: k.name}, opts)
}

// WatchFamily is like Watch, of all keys that [Key.For] makes of k, though not of k itself.
func (k Key[T]) WatchFamily(ctx context.Context, g *Gossip, opts *WatchOptions) (iter.Seq[KeyEvent[T]], error) {
	return k.watch(ctx, g, pattern{form: prefixed, text: k.name + separator}, opts)
}

func (k Key[T]) watch(ctx context.Context, g *Gossip, p pattern, options *WatchOptions) (iter.Seq[KeyEvent[T]], error) {
	opts, err := options.check()
	if err == nil {
		err = k.check(g)
	}
	var w *watch
	if err == nil {
		w, err = g.watchPattern(p, p.text, opts)
	}
	if err != nil {
		return nil, fmt.Errorf("watch %s: %w", shown(p.text), err)
	}
	events := w.iterate(ctx)
	return func(yield func(KeyEvent[T]) bool) {
		for e := range events {
			ke := KeyEvent[T]{Event: e}
			if !e.Kind.gone() {
				ke.Value, ke.Err = k.decode(e.Key, e.Info)
			}
			if !yield(ke) {
				return
			}
		}
	}, nil
}
