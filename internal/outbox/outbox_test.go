package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/outbox"
)

func add(t *testing.T, d *db.DB, e outbox.Event) {
	t.Helper()
	ctx := context.Background()
	if err := d.Tx(ctx, func(tx *db.Tx) error { return outbox.Add(ctx, tx, e) }); err != nil {
		t.Fatal(err)
	}
}

func drain(t *testing.T, r *outbox.Reader, want int) {
	t.Helper()
	if n, err := r.Drain(context.Background()); err != nil || n != want {
		t.Fatalf("drained %d events, want %d, %v", n, want, err)
	}
}

func TestEventReachesItsConsumersAndIsGone(t *testing.T) {
	type data struct{ Reason string }
	d := dbtest.Open(t)
	r := outbox.NewReader(d, slog.Default())
	var got []string
	for _, name := range []string{"first", "second"} {
		r.On("hold.changed", func(_ context.Context, _ *db.Tx, e outbox.Event) error {
			var v data
			if err := e.Read(&v); err != nil {
				return err
			}
			got = append(got, fmt.Sprint(name, " ", e.Brand, " ", e.Subject, " ", v.Reason))
			return nil
		})
	}
	add(t, d, outbox.Event{Brand: "b", Kind: "hold.changed", Subject: "h", Data: data{"storm"}})
	add(t, d, outbox.Event{Brand: "b", Kind: "nobody.cares", Subject: "x"})
	drain(t, r, 2)
	drain(t, r, 0)
	if diff := cmp.Diff([]string{"first b h storm", "second b h storm"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestFailedEventIsPutOffAndTheOthersPass(t *testing.T) {
	d := dbtest.Open(t)
	r := outbox.NewReader(d, slog.New(slog.DiscardHandler))
	broken := map[string]func() error{
		"error": func() error { return errors.New("no") },
		"panic": func() error { panic("no") },
	}
	var got []string
	r.On("x.done", func(ctx context.Context, tx *db.Tx, e outbox.Event) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO installation (key, value) VALUES ($1, '')`, e.ID); err != nil {
			return err
		}
		if f := broken[e.Subject]; f != nil {
			return f()
		}
		got = append(got, e.Subject)
		return nil
	})
	for _, subject := range []string{"1", "error", "2", "panic", "3"} {
		add(t, d, outbox.Event{Kind: "x.done", Subject: subject})
	}
	drain(t, r, 3)
	var n int
	if err := d.QueryRowContext(context.Background(), `SELECT COUNT(*) FROM installation`).Scan(&n); err != nil || n != 3 {
		t.Errorf("%d effects of 3 events, %v", n, err)
	}
	clear(broken)
	drain(t, r, 0)
	d.ShiftClock(time.Minute)
	got = nil
	drain(t, r, 2)
	if diff := cmp.Diff([]string{"error", "panic"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestTwoReadersShareTheEvents(t *testing.T) {
	d := dbtest.Open(t)
	var mu sync.Mutex
	seen := map[string]int{}
	all := make(chan struct{})
	const n = 300
	consume := func(ctx context.Context, tx *db.Tx, e outbox.Event) error {
		tx.AfterCommit(func() {
			mu.Lock()
			defer mu.Unlock()
			if seen[e.Subject]++; len(seen) == n {
				close(all)
			}
		})
		return nil
	}
	for range 2 {
		r := outbox.NewReader(d, slog.Default())
		r.On("x.done", consume)
		r.Start(context.Background())
		defer r.Stop()
	}
	for i := range n {
		add(t, d, outbox.Event{Kind: "x.done", Subject: fmt.Sprint(i)})
	}
	select {
	case <-all:
	case <-time.After(30 * time.Second):
		t.Fatal("not all events were read")
	}
	mu.Lock()
	defer mu.Unlock()
	for subject, times := range seen {
		if times != 1 {
			t.Errorf("event %s was read %d times", subject, times)
		}
	}
}

func TestAddTellsOpenPages(t *testing.T) {
	d := dbtest.Open(t)
	got := make(chan string, 10)
	defer d.Subscribe(outbox.LiveTopic, func(p string) { got <- p })()
	if d.Dialect == db.Postgres {
		<-got // the listener is there
	}
	add(t, d, outbox.Event{Brand: "b", Kind: "post.saved", Subject: "p"})
	select {
	case p := <-got:
		if p != "b post.saved p" {
			t.Errorf("told %q", p)
		}
	case <-time.After(30 * time.Second):
		t.Error("told nothing")
	}
}
