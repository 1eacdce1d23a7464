package publish

import (
	"context"
	"sync"

	"rapport/internal/db"
)

// batcher joins the small writes of many lanes into few transactions: while
// one commits, the next fill up the following one. It adds no wait of its own,
// so a lone write is as fast as without it.
type batcher struct {
	db    *db.DB
	queue chan *write
	done  chan struct{}
	wg    sync.WaitGroup
}

type write struct {
	ctx     context.Context
	fn      func(tx *db.Tx) error
	durable bool
	err     chan error
}

const batchMost = 128

func newBatcher(d *db.DB) *batcher {
	b := &batcher{db: d, queue: make(chan *write, 4*batchMost), done: make(chan struct{})}
	flushers := 1
	if d.Dialect == db.Postgres {
		flushers = 3
	}
	for range flushers {
		b.wg.Go(b.loop)
	}
	return b
}

// do runs fn in a transaction that it may share with others, and returns once
// that is committed. fn may run more than once.
func (b *batcher) do(ctx context.Context, durable bool, fn func(tx *db.Tx) error) error {
	w := &write{ctx: ctx, fn: fn, durable: durable, err: make(chan error, 1)}
	select {
	case b.queue <- w:
	case <-ctx.Done():
		return ctx.Err()
	case <-b.done:
		return context.Canceled
	}
	// Once queued the write will be decided; leaving early would make its
	// outcome unknown to the caller.
	return <-w.err
}

func (b *batcher) close() {
	close(b.done)
	b.wg.Wait()
}

func (b *batcher) loop() {
	for {
		select {
		case w := <-b.queue:
			b.flush(b.fill(w))
		case <-b.done:
			for {
				select {
				case w := <-b.queue:
					b.flush(b.fill(w))
				default:
					return
				}
			}
		}
	}
}

func (b *batcher) fill(first *write) []*write {
	all := []*write{first}
	for len(all) < batchMost {
		select {
		case w := <-b.queue:
			all = append(all, w)
		default:
			return all
		}
	}
	return all
}

func (b *batcher) flush(all []*write) {
	if err := b.commit(all); err == nil || len(all) == 1 {
		for _, w := range all {
			w.err <- err
		}
		return
	}
	// One of them failed and took the others with it: each alone.
	for _, w := range all {
		w.err <- b.commit([]*write{w})
	}
}

func (b *batcher) commit(all []*write) error {
	opts := []db.Option{db.RowLocks}
	for _, w := range all {
		if w.durable {
			opts = append(opts, db.Durable)
			break
		}
	}
	// A write is decided even if its asker has gone: a lane that stops still
	// has to give its claim back.
	ctx := context.WithoutCancel(all[0].ctx)
	return b.db.Tx(ctx, func(tx *db.Tx) error {
		for _, w := range all {
			if err := w.fn(tx); err != nil {
				return err
			}
		}
		return nil
	}, opts...)
}
