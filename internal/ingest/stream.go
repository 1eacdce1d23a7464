package ingest

import (
	"context"
	"time"

	"rapport/internal/db"
	"rapport/internal/network"
)

// stream holds one channel's stream until it ends, and has the channel read
// whenever something may have come. Polling goes on beside it: a stream is a
// hint and no promise.
func (l *Listener) stream(f feed) {
	ctx, cancel := context.WithCancel(l.stop)
	defer cancel()
	began := time.Now()
	err := l.follow(ctx, cancel, f)
	wait := l.afterStream(f, time.Since(began), err)
	last := context.WithoutCancel(l.stop)
	if err := l.DB.Tx(last, func(tx *db.Tx) error { return l.done(last, tx, f, wait, "") }); err != nil {
		l.failed("give a stream back", err)
	}
}

func (l *Listener) follow(ctx context.Context, cancel context.CancelFunc, f feed) error {
	o, err := l.open(ctx, f)
	if err != nil {
		return err
	}
	s, ok := o.network.(network.Streamer)
	if !ok {
		return nil
	}
	l.wg.Go(func() { l.hold(ctx, cancel, f) })
	l.hurry(ctx, f) // what came while there was no stream
	return s.Stream(ctx, o.target, func() { l.hurry(ctx, f) })
}

// hold keeps the claim on a stream alive, and ends the stream with it.
func (l *Listener) hold(ctx context.Context, cancel context.CancelFunc, f feed) {
	tick := time.NewTicker(l.Times.Lease / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := l.DB.Tx(ctx, func(tx *db.Tx) error { return l.turn(ctx, tx, f) })
		if err == nil {
			err = l.stillThere(ctx, f)
		}
		if err != nil {
			cancel()
			return
		}
	}
}

// stillThere ends the stream of a channel that was removed or needs attention.
func (l *Listener) stillThere(ctx context.Context, f feed) error {
	var state string
	if err := l.DB.QueryRowContext(ctx, `SELECT state FROM channel WHERE brand_id = $1 AND id = $2`, f.brand, f.channel).Scan(&state); err != nil {
		return err
	}
	if state != "connected" {
		return errLost
	}
	return nil
}

// afterStream says how long to wait before the next try: longer each time a
// stream breaks off at once.
func (l *Listener) afterStream(f feed, lasted time.Duration, err error) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stop.Err() != nil {
		return 0
	}
	if lasted > time.Minute {
		l.broken[f.channel] = 0
	}
	l.broken[f.channel]++
	switch network.VerdictOf(err) {
	case network.Unauthorized, network.Refused:
		return jitter(time.Hour)
	}
	return jitter(min(time.Second<<min(l.broken[f.channel], 10), 5*time.Minute))
}
