package gossiptest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/grapevine-go/grapevine/storage"
)

// storeKeys are keys of all kinds; many are like others of them.
var storeKeys = []string{
	"key", "Key", "KEY", "key ", " key", "key.", "key.tmp", "key~", "key\n", "key\x00", "key\x00key", "ke", "k",
	"", ".", "..", "/", "//", "a/b", "a/b/", "/a/b", "a", "b", "../a", "a/../b", `a\b`, "C:", "CON", "con", "-rf",
	"\x00", "\xff", "\xfe\xff", "a\xc3", "ä", "a\u0308", "Ä", "日本", "%2e", "%2E", "a=b", "a%b", "*", "lock", "LOCK",
	strings.Repeat("k", 60),
}

func tryMissing(ctx context.Context, tr *storeTrial) error {
	for _, key := range storeKeys {
		if err := wantMissing(ctx, tr.s, key); err != nil {
			return err
		}
	}
	return nil
}

func tryPut(ctx context.Context, tr *storeTrial) error {
	for _, value := range []string{"one", "a longer one", "two", "two", ""} {
		if err := putValue(ctx, tr.s, "key", []byte(value)); err != nil {
			return err
		}
		for range 2 {
			if err := wantValue(ctx, tr.s, "key", []byte(value)); err != nil {
				return err
			}
		}
	}
	return nil
}

func tryValues(ctx context.Context, tr *storeTrial) error {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	for _, value := range [][]byte{
		{}, nil, {0}, {'\n'}, []byte("\r\n"), []byte(" a "), []byte("a\n"), []byte("null"), every, testFrame(1, 1000),
		bytes.Repeat([]byte{0}, 4096), testFrame(2, 8<<10),
	} {
		if err := putValue(ctx, tr.s, "key", value); err != nil {
			return err
		}
		if err := wantValue(ctx, tr.s, "key", value); err != nil {
			return err
		}
	}
	return nil
}

func tryKeys(ctx context.Context, tr *storeTrial) error {
	for _, key := range storeKeys {
		if err := putValue(ctx, tr.s, key, []byte("one")); err != nil {
			return err
		}
		if err := wantValue(ctx, tr.s, key, []byte("one")); err != nil {
			return err
		}
		if err := deleteKey(ctx, tr.s, key); err != nil {
			return err
		}
		if err := wantMissing(ctx, tr.s, key); err != nil {
			return err
		}
	}
	return nil
}

// tryKeysDiffer gives every key a value of its own, and takes the keys away again one by one.
func tryKeysDiffer(ctx context.Context, tr *storeTrial) error {
	value := func(i int) []byte { return fmt.Appendf(nil, "of %q", storeKeys[i]) }
	for i, key := range storeKeys {
		if err := wantMissing(ctx, tr.s, key); err != nil {
			return err
		}
		if err := putValue(ctx, tr.s, key, value(i)); err != nil {
			return err
		}
	}
	for i, key := range storeKeys {
		if err := wantValue(ctx, tr.s, key, value(i)); err != nil {
			return err
		}
	}
	for i, key := range storeKeys {
		if err := wantValue(ctx, tr.s, key, value(i)); err != nil {
			return fmt.Errorf("after others were deleted: %w", err)
		}
		if err := deleteKey(ctx, tr.s, key); err != nil {
			return err
		}
	}
	return nil
}

// tryTooLong puts what may be too long. It is refused or taken, and in either case the rest of the store is as it was.
func tryTooLong(ctx context.Context, tr *storeTrial) error {
	if err := putValue(ctx, tr.s, "key", []byte("old")); err != nil {
		return err
	}
	huge := testFrame(3, 4<<20)
	switch err := tr.s.Put(ctx, "key", huge); {
	case err == nil:
		if err := wantValue(ctx, tr.s, "key", huge); err != nil {
			return err
		}
	default:
		got, err := getValue(ctx, tr.s, "key")
		if err != nil {
			return fmt.Errorf("after a Put of %d bytes: %w", len(huge), err)
		}
		if !bytes.Equal(got, huge) && string(got) != "old" {
			return fmt.Errorf("after a Put of %d bytes, which returned an error, Get returned %s, want the old value or the new one",
				len(huge), showValue(got))
		}
	}
	if err := putValue(ctx, tr.s, "key", []byte("new")); err != nil {
		return err
	}

	type entry struct {
		key   string
		value []byte
	}
	taken := []entry{{"key", []byte("new")}}
	for i, n := range []int{100, 255, 256, 1 << 10, 4 << 10, 1 << 16, 1 << 17} {
		for _, end := range []string{"a", "b"} {
			key, value := strings.Repeat("k", n-1)+end, fmt.Appendf(nil, "%d%s", i, end)
			if err := tr.s.Put(ctx, key, value); err == nil {
				taken = append(taken, entry{key, value})
			}
		}
	}
	for _, e := range taken {
		if err := wantValue(ctx, tr.s, e.key, e.value); err != nil {
			return fmt.Errorf("beside long keys: %w", err)
		}
	}
	return nil
}

func tryDelete(ctx context.Context, tr *storeTrial) error {
	for i := range 3 {
		for _, key := range []string{"key", "neighbour"} {
			if err := putValue(ctx, tr.s, key, fmt.Append(nil, i)); err != nil {
				return err
			}
		}
		if err := deleteKey(ctx, tr.s, "key"); err != nil {
			return err
		}
		if err := wantMissing(ctx, tr.s, "key"); err != nil {
			return err
		}
		if err := wantValue(ctx, tr.s, "neighbour", fmt.Append(nil, i)); err != nil {
			return err
		}
	}
	return nil
}

func tryDeleteMissing(ctx context.Context, tr *storeTrial) error {
	for _, key := range storeKeys {
		if err := deleteKey(ctx, tr.s, key); err != nil {
			return err
		}
	}
	if err := putValue(ctx, tr.s, "key", nil); err != nil {
		return err
	}
	for range 3 {
		if err := deleteKey(ctx, tr.s, "key"); err != nil {
			return err
		}
	}
	return wantMissing(ctx, tr.s, "key")
}

func tryGivenBytes(ctx context.Context, tr *storeTrial) error {
	want, given := testFrame(1, 200), testFrame(1, 200)
	for range 2 { // the second one sets the same value again
		if err := putValue(ctx, tr.s, "key", given[:100]); err != nil {
			return err
		}
		if !bytes.Equal(given[:100], want[:100]) {
			return errors.New("a Put has changed the bytes it was given")
		}
		if !bytes.Equal(given, want) {
			return errors.New("a Put has changed the memory behind the bytes it was given")
		}
	}
	clear(given)
	if err := wantValue(ctx, tr.s, "key", want[:100]); err != nil {
		return fmt.Errorf("with the bytes changed that Put was given: %w", err)
	}
	return nil
}

func tryReturnedBytes(ctx context.Context, tr *storeTrial) error {
	one, two := testFrame(1, 100), testFrame(2, 100)
	if err := errors.Join(putValue(ctx, tr.s, "one", one), putValue(ctx, tr.s, "two", two)); err != nil {
		return err
	}
	held, err := getValue(ctx, tr.s, "one")
	if err != nil {
		return err
	}
	if err := wantValue(ctx, tr.s, "two", two); err != nil {
		return err
	}
	if err := putValue(ctx, tr.s, "one", two); err != nil {
		return err
	}
	if err := wantValue(ctx, tr.s, "one", two); err != nil {
		return err
	}
	if err := deleteKey(ctx, tr.s, "one"); err != nil {
		return err
	}
	if !bytes.Equal(held, one) {
		return errors.New("later calls have changed the bytes that Get returned")
	}
	if held, err = getValue(ctx, tr.s, "two"); err != nil {
		return err
	}
	clear(held[:cap(held)])
	if err := wantValue(ctx, tr.s, "two", two); err != nil {
		return fmt.Errorf("with the bytes changed that Get returned before: %w", err)
	}
	return nil
}

// oneOf returns an error unless got, the value of key, is one of wants.
func oneOf(key string, got []byte, wants ...[]byte) error {
	if slices.ContainsFunc(wants, func(want []byte) bool { return bytes.Equal(got, want) }) {
		return nil
	}
	return fmt.Errorf("a Get of %s returned %s, which nobody put", showKey(key), showValue(got))
}

// wantFailure checks what the calls of a store return that cannot do what is asked of it.
func wantFailure(ctx context.Context, s storage.Store) error {
	value, err := s.Get(ctx, "key")
	if err == nil || value != nil || errors.Is(err, storage.ErrNotFound) {
		return fmt.Errorf("a Get returned %s and error %v, want nil and one that does not wrap ErrNotFound", showValue(value), err)
	}
	if s.Put(ctx, "key", []byte("value")) == nil {
		return errors.New("a Put returned nil, want an error")
	}
	if s.Delete(ctx, "key") == nil {
		return errors.New("a Delete returned nil, want an error")
	}
	return nil
}

func tryFailing(ctx context.Context, tr *storeTrial) error {
	var s storage.Store
	if err := tr.onTest(ctx, func() { s = tr.harness.Failing(tr.t, tr.newDir()) }); err != nil {
		return err
	}
	for range 2 {
		if err := errors.Join(tr.err, wantFailure(ctx, s)); err != nil {
			return err
		}
	}
	return nil
}
