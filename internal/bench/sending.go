package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"rapport/internal/db"
)

// lone takes the lateness of deliveries that have the machine to themselves.
func lone(ctx context.Context, b *bench) error {
	const n, apart = 80, 400 * time.Millisecond
	net, err := b.startNetwork(ctx)
	if err != nil {
		return err
	}
	defer net.stop()
	w, err := b.newWorld(ctx, net, 10)
	if err != nil {
		return err
	}
	defer w.close()
	if err := w.plan(ctx, n, 1); err != nil {
		return err
	}
	server, err := b.serve(ctx, w)
	if err != nil {
		return err
	}
	defer server.stop()
	due, err := w.spread(ctx, time.Now().Add(4*time.Second), apart)
	if err != nil {
		return err
	}
	if _, err := w.settled(ctx, 4*time.Second+n*apart+20*time.Second); err != nil {
		return err
	}
	late, err := lateness(net, due)
	if err != nil {
		return err
	}
	if len(late) != n {
		return fmt.Errorf("%d of %d arrived", len(late), n)
	}
	b.add(row{"lone delivery, late by, median", ms(quantile(late, 0.5)), 0, "ms", ""})
	b.add(row{"lone delivery, late by, 99 %", ms(quantile(late, 0.99)), 300, "ms", "1500 ms"})
	return nil
}

// spread gives the planned posts times one after the other, and returns them
// by the hash of the text.
func (w *world) spread(ctx context.Context, first time.Time, apart time.Duration) (map[string]time.Time, error) {
	rows, err := w.db.QueryContext(ctx, `SELECT d.id FROM delivery d ORDER BY d.id`)
	ids, err := db.Collect(rows, err, scanText)
	if err != nil {
		return nil, err
	}
	due := map[string]time.Time{}
	err = w.db.Tx(ctx, func(tx *db.Tx) error {
		for i, id := range ids {
			at := db.At(first.Add(time.Duration(i) * apart))
			if _, err := tx.ExecContext(ctx, `UPDATE delivery SET due_at = $1, run_at = $1 WHERE id = $2`, at, id); err != nil {
				return err
			}
			due[hashOf(text(i))] = at.Time()
		}
		return nil
	})
	return due, err
}

func lateness(net demoNetwork, due map[string]time.Time) (late []time.Duration, err error) {
	all, err := net.arrivals()
	for _, a := range all {
		if at, ours := due[a.Text]; ours {
			late = append(late, a.At.Sub(at))
		}
	}
	return late, err
}

// burst is many deliveries at one instant.
type burst struct {
	posts, each, channels int // each: channels of one post
	latency               time.Duration
	most                  time.Duration
	peer                  string
}

func (u burst) String() string {
	return fmt.Sprintf("%d at one instant, %d channels, network answers in %v", u.posts*u.each, u.channels, u.latency)
}

func bursts(ctx context.Context, b *bench) error {
	for _, u := range []burst{
		{1000, 1, 100, 0, 2 * time.Second, "21 s"},
		{300, 1, 30, 100 * time.Millisecond, 3 * time.Second, "41 s"},
		{1000, 10, 100, 0, 15 * time.Second, ""},
	} {
		if err := u.measure(ctx, b); err != nil {
			return fmt.Errorf("%v: %w", u, err)
		}
	}
	return nil
}

func (u burst) measure(ctx context.Context, b *bench) error {
	net, err := b.startNetwork(ctx, "--latency", u.latency.String())
	if err != nil {
		return err
	}
	defer net.stop()
	w, err := b.newWorld(ctx, net, u.channels)
	if err != nil {
		return err
	}
	defer w.close()
	if err := w.plan(ctx, u.posts, u.each); err != nil {
		return err
	}
	server, err := b.serve(ctx, w)
	if err != nil {
		return err
	}
	defer server.stop()
	at := time.Now().Add(4 * time.Second)
	if err := w.due(ctx, at); err != nil {
		return err
	}
	time.Sleep(time.Until(at))
	resolved, err := w.settled(ctx, time.Minute)
	if err != nil {
		return err
	}
	arrived, err := net.arrivals()
	if err != nil {
		return err
	}
	if len(arrived) != u.posts*u.each {
		return fmt.Errorf("%d of %d arrived", len(arrived), u.posts*u.each)
	}
	last := slices.MaxFunc(arrived, func(a, b arrival) int { return a.At.Compare(b.At) })
	b.add(row{u.String() + ": the last arrived", last.At.Sub(at).Seconds(), u.most.Seconds(), "s", u.peer})
	b.add(row{"  … and all outcomes known", resolved.Sub(at).Seconds(), 0, "s", ""})
	return nil
}

// kill ends the server in the middle of a burst and starts it again.
func kill(ctx context.Context, b *bench) error {
	const posts, channels = 2000, 100
	net, err := b.startNetwork(ctx, "--latency", "20ms")
	if err != nil {
		return err
	}
	defer net.stop()
	w, err := b.newWorld(ctx, net, channels)
	if err != nil {
		return err
	}
	defer w.close()
	if err := w.plan(ctx, posts, 1); err != nil {
		return err
	}
	server, err := b.serve(ctx, w)
	if err != nil {
		return err
	}
	at := time.Now().Add(4 * time.Second)
	if err := w.due(ctx, at); err != nil {
		return err
	}
	for n := 0; n < posts/4; {
		if n, err = net.published(); err != nil {
			return err
		}
		time.Sleep(5 * time.Millisecond)
	}
	server.kill()
	again := time.Now()
	if server, err = b.serve(ctx, w); err != nil {
		return err
	}
	defer server.stop()
	resolved, err := w.settled(ctx, 2*time.Minute)
	if err != nil {
		return err
	}
	if err := w.exactlyOnce(ctx, net, posts); err != nil {
		return err
	}
	b.add(row{fmt.Sprintf("%d at one instant, killed at a quarter: all resolved after the start", posts), resolved.Sub(again).Seconds(), 10, "s", "926 s"})
	return nil
}

// exactlyOnce compares what arrived with what the rows claim.
func (w *world) exactlyOnce(ctx context.Context, net demoNetwork, want int) error {
	arrived, err := net.arrivals()
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, a := range arrived {
		if seen[a.Text] {
			return fmt.Errorf("published twice: %s", a.Text)
		}
		seen[a.Text] = true
	}
	var out int
	if err := w.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM delivery WHERE state = 'published'`).Scan(&out); err != nil {
		return err
	}
	if len(seen) != want || out != want {
		return fmt.Errorf("of %d, %d arrived and %d are called published", want, len(seen), out)
	}
	return nil
}
