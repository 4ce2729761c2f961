package gossip

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/grapevine-go/grapevine/clock"
	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/storage"
)

// storeKey is where the Store keeps the incarnation, in decimal.
const storeKey = "gossip.incarnation"

// load asks the store for the incarnation that it remembers, 0 if there is none.
func (g *Gossip) load(ctx context.Context) (incarnation uint64, err error) {
	value, err := g.cfg.Store.Get(ctx, storeKey)
	if errors.Is(err, storage.ErrNotFound) {
		return 0, nil
	}
	if err == nil {
		incarnation, err = strconv.ParseUint(string(value), 10, 64)
	}
	if err != nil {
		return 0, fmt.Errorf("read %q from the store: %w", storeKey, err)
	}
	return incarnation, nil
}

// persister makes incarnations durable, one at a time: the latest wins. It belongs to the loop.
type persister struct {
	want    uint64 // 0: nothing
	busy    bool
	retry   time.Duration // after the last failure
	waiting clock.Timer   // for the next attempt
}

const (
	firstRetry = 100 * time.Millisecond
	lastRetry  = 10 * time.Second
)

// persist makes incarnation n durable.
func (l *loop) persist(n uint64) {
	l.persister.want = n
	l.put()
}

// put hands what is wanted to the store, unless it is at work already.
func (l *loop) put() {
	p, g := &l.persister, l.g
	if p.want == 0 || p.busy {
		return
	}
	p.busy = true
	n := p.want
	if g.cfg.Store == nil {
		g.inbox.put(message{kind: inPut, n: n})
		return
	}
	l.spawn("put into the store", func() {
		err := errExited
		defer func() { g.inbox.put(message{kind: inPut, n: n, body: err}) }()
		err = guard(func() error { return g.cfg.Store.Put(l.ctx, storeKey, strconv.AppendUint(nil, n, 10)) })
	})
}

// stored takes in what came of a put.
func (l *loop) stored(n uint64, failed error) {
	p, g := &l.persister, l.g
	if failed != nil {
		p.retry = min(max(2*p.retry, firstRetry), lastRetry)
		g.stats.storeErrors.Add(1)
		l.report(event{level: slog.LevelError, text: "store failed: not linked before it works", err: failed, attr: slog.Duration("retry", p.retry)})
		p.waiting = g.cfg.Clock.AfterFunc(p.retry, func() { g.inbox.put(message{kind: inPutAgain}) })
		return
	}
	p.busy, p.retry = false, 0
	if n != p.want { // another one is wanted by now
		l.put()
		return
	}
	p.want = 0
	l.durable = n
	l.publishStatus()
	l.step(core.Input{Kind: core.InPersisted, Incarnation: n})
}

// putAgain is another attempt.
func (l *loop) putAgain() {
	l.persister.busy = false
	l.put()
}
