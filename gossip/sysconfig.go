package gossip

import (
	"fmt"
	"log/slog"
	"slices"

	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/internal/core"
)

// SystemConfig is the configuration of the whole system: values by key, which its Lookup finds. It is published like
// anything else, by AddInfoProto under KeySystemConfig.
type SystemConfig = gossippb.SystemConfig

// GetSystemConfig returns the system config, the caller's own copy: what stands under KeySystemConfig. If that does not
// decode, which is logged and counted in Stats.BadSystemConfigs, or is deleted or has expired, it returns the last one that
// did; before the first, nil. It waits for nothing; what this node has written itself it sees at once.
func (g *Gossip) GetSystemConfig() *SystemConfig {
	if w, ok := g.commands.written(KeySystemConfig); ok && !w.deleted {
		if cfg, err := decodeSystemConfig([]byte(w.value)); err == nil {
			return cfg
		}
	}
	rec := g.system.Load()
	if rec == nil {
		return nil
	}
	cfg, err := decodeSystemConfig([]byte(rec.Value))
	if err != nil {
		panic(err) // it did decode
	}
	return cfg
}

func decodeSystemConfig(content []byte) (*SystemConfig, error) {
	cfg := new(SystemConfig)
	if err := cfg.UnmarshalVT(content); err != nil {
		return nil, fmt.Errorf("system config: %w", err)
	}
	return cfg, nil
}

// RegisterSystemConfigCallback has f called with the system config: at once if one is known, then with each new one that
// decodes. f owns what it is called with.
//
// Calls are made as those of RegisterCallback are: one after the other, on a goroutine of their own, of those that come
// while f is at work the latest only, and not when the same bytes are written again. unregister and the errors are the
// same, too.
func (g *Gossip) RegisterSystemConfigCallback(f func(*SystemConfig)) (unregister func(), err error) {
	const what = "register system config callback"
	if f == nil {
		return nil, fmt.Errorf("%s: %w: no function", what, ErrConfig)
	}
	r := &registration{name: "system config callback", system: true}
	r.method = func(_ string, content []byte) {
		cfg, err := decodeSystemConfig(content)
		if err != nil {
			panic(err) // it did decode
		}
		f(cfg)
	}
	if err := g.register(r, KeySystemConfig); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return g.unregister(r), nil
}

// systemConfig takes in what now stands under KeySystemConfig. It is decoded here, for its value bounds it and the last good
// one must not be missed.
func (l *loop) systemConfig(rec *core.Record) {
	g := l.g
	if last := g.system.Load(); last != nil && last.Value == rec.Value {
		return
	}
	if _, err := decodeSystemConfig([]byte(rec.Value)); err != nil {
		g.stats.badSystemConfigs.Add(1)
		l.report(event{level: slog.LevelWarn, text: "system config ignored", peer: Peer{NodeID: NodeID(rec.Node)}, key: rec.Key, err: err})
		return
	}
	g.system.Store(rec)
	for _, r := range l.systemRegs {
		if r.add(rec, false) {
			g.stats.callbacksCoalesced.Add(1)
		}
		l.told = append(l.told, r)
	}
}

// registerSystem takes a callback for system configs in.
func (l *loop) registerSystem(r *registration) {
	l.systemRegs = append(l.systemRegs, r)
	if rec := l.g.system.Load(); rec != nil {
		r.add(rec, true)
	}
	r.run(l)
}

// unregisterSystem forgets it.
func (l *loop) unregisterSystem(r *registration) {
	l.systemRegs = slices.DeleteFunc(l.systemRegs, func(x *registration) bool { return x == r })
}
