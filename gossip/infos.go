package gossip

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"iter"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"github.com/grapevine-go/grapevine/internal/core"
)

// Info is a small fact: what stands under one key.
type Info struct {
	Value   []byte        // the caller's
	Stamp   time.Time     // when its origin wrote it, by the clock that orders infos; it may be a little ahead
	TTL     time.Duration // its lifetime from then on; 0: for ever
	Expires time.Time     // the end of its lifetime, by this node's clock; zero: never
	Hops    int           // links it has crossed since its origin; 0: written here
	NodeID  NodeID        // its origin
	Age     time.Duration // since it was written, as the nodes on its way have held it: no clock is compared with another
}

// AddInfo writes val under key and spreads it through the network. It lives for ttl; then it is gone on every node. 0 is
// for ever, and so is more than 100 years. It replaces what stands under key, whoever wrote that.
//
// AddInfo copies val, checks its arguments and returns: it waits for nothing, so it may be called under any lock. Reads
// on this node see the value at once. Before Run, infos wait for it, and their lifetime with them.
//
// Errors wrap ErrNoNodeID, ErrBadKey, ErrTooLarge, ErrConfig for a negative ttl, ErrLimit if more calls wait for the node
// than Limits.Commands and Limits.CommandBytes allow, ErrOtherCluster for another value under KeyClusterID, and ErrStopped
// after Leave or when Run has ended. What only turns out later, that
// Limits.Infos are reached for example, is logged, counted and told to the Observer.
func (g *Gossip) AddInfo(key string, val []byte, ttl time.Duration) error {
	if err := g.submit(core.OpAdd, key, val, ttl); err != nil {
		return fmt.Errorf("add info %s: %w", shown(key), err)
	}
	return nil
}

// AddInfoProto is AddInfo of the encoding of msg.
func (g *Gossip) AddInfoProto(key string, msg proto.Message, ttl time.Duration) error {
	val, err := proto.MarshalOptions{Deterministic: true}.Marshal(msg)
	if err != nil {
		return fmt.Errorf("add info %s: %w", shown(key), err)
	}
	return g.AddInfo(key, val, ttl)
}

// DeleteInfo deletes what stands under key, on every node; no older write brings it back. Nothing need stand there. Like
// AddInfo, it waits for nothing, is seen by reads on this node at once, and has the same errors.
func (g *Gossip) DeleteInfo(key string) error {
	if err := g.submit(core.OpDelete, key, nil, 0); err != nil {
		return fmt.Errorf("delete info %s: %w", shown(key), err)
	}
	return nil
}

func (g *Gossip) submit(op core.Op, key string, val []byte, ttl time.Duration) error {
	if err := g.checkInfo(key, len(val)); err != nil {
		return err
	}
	if ttl < 0 {
		return fmt.Errorf("%w: negative ttl %v", ErrConfig, ttl)
	}
	if ttl > neverAfter {
		ttl = 0
	}
	if id := g.cfg.ClusterID; op == core.OpAdd && key == KeyClusterID && id != "" && string(val) != id {
		return fmt.Errorf("%w: this one is %q", ErrOtherCluster, id)
	}
	return g.admit(&command{Command: core.Command{Op: op, Key: key, Value: string(val), TTL: int64(ttl)}})
}

func (g *Gossip) checkInfo(key string, value int) error {
	switch limit := g.cfg.Limits; {
	case key == "":
		return fmt.Errorf("%w: empty", ErrBadKey)
	case len(key) > limit.Key:
		return fmt.Errorf("%w: %d bytes, over %d", ErrBadKey, len(key), limit.Key)
	case !utf8.ValidString(key):
		return fmt.Errorf("%w: not UTF-8", ErrBadKey)
	case value > limit.Value:
		return fmt.Errorf("%w: %d bytes, over %d", ErrTooLarge, value, limit.Value)
	}
	return nil
}

// shown returns key for an error, shortened.
func shown(key string) string {
	if len(key) > 64 {
		return fmt.Sprintf("%.64q…", key)
	}
	return fmt.Sprintf("%q", key)
}

// GetInfo returns the value under key, a copy. The error wraps ErrNotFound if there is none, or it is deleted or
// expired. It waits for nothing, and works before, during and after Run.
func (g *Gossip) GetInfo(key string) ([]byte, error) {
	if w, ok := g.commands.written(key); ok {
		if w.deleted {
			return nil, notFound(key)
		}
		return []byte(w.value), nil
	}
	rec := g.records.get(key)
	if !live(rec, g.now().Mono) {
		return nil, notFound(key)
	}
	return []byte(rec.Value), nil
}

// info returns the live info under key, as GetInfo sees it.
func (g *Gossip) info(key string) (Info, bool) {
	if w, ok := g.commands.written(key); ok {
		if w.deleted {
			return Info{}, false
		}
		return w.info(), true
	}
	now := g.now()
	rec := g.records.get(key)
	if !live(rec, now.Mono) {
		return Info{}, false
	}
	return makeInfo(rec, now), true
}

func notFound(key string) error { return fmt.Errorf("get info %s: %w", shown(key), ErrNotFound) }

// GetInfoProto decodes the value under key into msg. The error wraps ErrNotFound as GetInfo's does; msg is undefined if
// decoding fails.
func (g *Gossip) GetInfoProto(key string, msg proto.Message) error {
	val, err := g.GetInfo(key)
	if err != nil {
		return err
	}
	if err := proto.Unmarshal(val, msg); err != nil {
		return fmt.Errorf("get info %s: %w", shown(key), err)
	}
	return nil
}

// Infos yields the live infos whose keys begin with prefix, by key, as they stood when the iteration began.
func (g *Gossip) Infos(prefix string) iter.Seq2[string, Info] {
	wanted := func(key string) bool { return strings.HasPrefix(key, prefix) }
	return func(yield func(string, Info) bool) {
		writes := g.commands.allWritten(wanted) // first: what is taken in meanwhile is in the records
		now := g.now()
		recs := g.records.pick(now.Mono, wanted)
		keys := slices.Sorted(maps.Keys(writes))
		for len(recs) > 0 || len(keys) > 0 {
			var key string
			var info Info
			if len(keys) == 0 || len(recs) > 0 && recs[0].Key < keys[0] {
				key, info = recs[0].Key, makeInfo(recs[0], now)
				recs = recs[1:]
			} else {
				key = keys[0]
				w := writes[key]
				keys = keys[1:]
				if len(recs) > 0 && recs[0].Key == key {
					recs = recs[1:]
				}
				if w.deleted {
					continue
				}
				info = w.info()
			}
			if !yield(key, info) {
				return
			}
		}
	}
}

func makeInfo(r *core.Record, now core.Now) Info {
	info := Info{
		Value:  []byte(r.Value),
		Stamp:  time.Unix(0, r.Stamp.Wall),
		TTL:    time.Duration(r.TTL),
		Hops:   int(r.Hops),
		NodeID: NodeID(r.Node),
		Age:    max(0, time.Duration(now.Mono-r.Born)),
	}
	if r.Expires != math.MaxInt64 {
		info.Expires = time.Unix(0, now.Wall).Add(time.Duration(r.Expires - now.Mono))
	}
	return info
}

// MaxHops returns the greatest number of links that a live info has crossed.
func (g *Gossip) MaxHops() uint32 {
	var hops uint32
	now := g.now().Mono
	g.records.each(func(rec *core.Record) {
		if live(rec, now) {
			hops = max(hops, rec.Hops)
		}
	})
	return hops
}

// infoJSON is an info as GetInfosAsJSON writes it.
type infoJSON struct {
	Value struct {
		RawBytes  []byte `json:"raw_bytes"`
		Checksum  uint32 `json:"checksum"`
		Timestamp struct {
			WallTime int64 `json:"wall_time"`
		} `json:"timestamp"`
	} `json:"value"`
	TTLStamp int64  `json:"ttl_stamp,omitempty"`
	Hops     int    `json:"hops"`
	NodeID   NodeID `json:"node_id"`
}

// GetInfosAsJSON returns all live infos as indented JSON: {"infos": {key: {"value": {"raw_bytes", in base64,
// "checksum", of key and value, "timestamp": {"wall_time"}}, "ttl_stamp", "hops", "node_id"}}}. Times are in
// nanoseconds since 1970; there is no ttl_stamp where an info never expires. Keys are sorted.
func (g *Gossip) GetInfosAsJSON() ([]byte, error) {
	infos := make(map[string]infoJSON)
	for key, info := range g.Infos("") {
		var j infoJSON
		j.Value.RawBytes = info.Value
		j.Value.Checksum = crc32.Update(crc32.ChecksumIEEE([]byte(key)), crc32.IEEETable, info.Value)
		j.Value.Timestamp.WallTime = info.Stamp.UnixNano()
		if !info.Expires.IsZero() {
			j.TTLStamp = info.Expires.UnixNano()
		}
		j.Hops, j.NodeID = info.Hops, info.NodeID
		infos[key] = j
	}
	text, err := json.MarshalIndent(map[string]any{"infos": infos}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("infos as JSON: %w", err)
	}
	return text, nil
}
