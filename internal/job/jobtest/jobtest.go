// Package jobtest is the one suite that every job engine must pass, so that
// code written against one engine is safe on the other.
package jobtest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"rapport/internal/db"
	"rapport/internal/job"
)

// Bench is a database with an engine to try.
type Bench struct {
	DB *db.DB
	// Abandon makes every waiting job look as if a node had taken it and died
	// long ago.
	Abandon func(ctx context.Context) error
}

// Run runs the suite. open gives each test a bench of its own.
func Run(t *testing.T, open func(t *testing.T) Bench) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, b Bench)
	}{
		{"a job exists only if the transaction commits", commit},
		{"a failing job is tried again", retried},
		{"a panic is a failed try", panicked},
		{"a snoozed job loses no try", snoozed},
		{"a cancelled job is given up at once", cancelled},
		{"a job is given up after its tries", givenUp},
		{"a job does not run before its time", notBefore},
		{"a job of a dead node runs again", abandoned},
		{"jobs run side by side up to the limit", sideBySide},
		{"two nodes share the jobs", shared},
		{"stop waits for what runs", stopWaits},
		{"stop returns what does not finish", stopReturns},
		{"a periodic job runs by itself", repeated},
		{"a job waits for a node that knows its kind", unknownKind},
		{"work that comes too late is refused", lateKind},
		{"a long kind has its own time", longKind},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

// Note is the work of the suite.
type Note struct {
	Text string
}

// Kind names it.
func (Note) Kind() string { return "jobtest.note" }

// Other is work that some nodes do not know.
type Other struct{}

// Kind names it.
func (Other) Kind() string { return "jobtest.other" }

// Haul is work that may take longer than the rest.
type Haul struct{}

// Kind names it.
func (Haul) Kind() string { return "jobtest.haul" }

// Within is how long it may take.
func (Haul) Within() time.Duration { return time.Hour }

const patience = 40 * time.Second

func quick() job.Options {
	return job.Options{Workers: 4, Tries: 3, Poll: 20 * time.Millisecond, Grace: patience,
		Backoff: func(int) time.Duration { return time.Millisecond }}
}

func start(t *testing.T, b Bench, w *job.Workers, o job.Options) job.Engine {
	t.Helper()
	e, err := job.New(context.Background(), b.DB, w, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopNow(e) })
	return e
}

func stopNow(e job.Engine) error {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return e.Stop(ctx)
}

func insert(t *testing.T, d *db.DB, a job.Args, at db.Time) {
	t.Helper()
	err := d.Tx(context.Background(), func(tx *db.Tx) error { return job.Insert(context.Background(), tx, a, at) })
	if err != nil {
		t.Fatal(err)
	}
}

func wait[T any](t *testing.T, ch <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(patience):
		t.Fatalf("%s did not happen", what)
		panic("unreachable")
	}
}

// notes registers f and collects the texts of the notes that it was given.
func notes(f func(ctx context.Context, n Note) error) (*job.Workers, <-chan string) {
	w, seen := job.NewWorkers(), make(chan string, 1000)
	job.Handle(w, func(ctx context.Context, n Note) error {
		defer func() { seen <- n.Text }()
		return f(ctx, n)
	})
	return w, seen
}

func fine(context.Context, Note) error { return nil }

func commit(t *testing.T, b Bench) {
	w, seen := notes(fine)
	o := quick()
	o.Workers = 1
	start(t, b, w, o)
	ctx, stop := context.Background(), errors.New("stop")
	err := b.DB.Tx(ctx, func(tx *db.Tx) error {
		if err := job.Insert(ctx, tx, Note{"lost"}, 0); err != nil {
			return err
		}
		return stop
	})
	if !errors.Is(err, stop) {
		t.Fatal(err)
	}
	insert(t, b.DB, Note{"kept"}, 0)
	if got := wait(t, seen, "the job"); got != "kept" {
		t.Fatalf("ran %q", got)
	}
}

func retried(t *testing.T, b Bench) {
	type try struct {
		n    int
		last bool
	}
	tries := make(chan try, 10)
	w, _ := notes(func(ctx context.Context, _ Note) error {
		n, last := job.Try(ctx)
		tries <- try{n, last}
		if !last {
			return errors.New("not yet")
		}
		return nil
	})
	start(t, b, w, quick())
	insert(t, b.DB, Note{}, 0)
	for _, want := range []try{{1, false}, {2, false}, {3, true}} {
		if got := wait(t, tries, "a try"); got != want {
			t.Fatalf("try %+v, want %+v", got, want)
		}
	}
}

func panicked(t *testing.T, b Bench) {
	w, seen := notes(func(ctx context.Context, _ Note) error {
		if n, _ := job.Try(ctx); n == 1 {
			panic("oh")
		}
		return nil
	})
	start(t, b, w, quick())
	insert(t, b.DB, Note{}, 0)
	wait(t, seen, "the first try")
	wait(t, seen, "the second try")
}

func snoozed(t *testing.T, b Bench) {
	const pause = 60 * time.Millisecond
	var times []time.Time
	tries := make(chan int, 10)
	w, _ := notes(func(ctx context.Context, _ Note) error {
		times = append(times, time.Now())
		n, _ := job.Try(ctx)
		defer func() { tries <- n }()
		if len(times) < 5 {
			return job.Snooze(pause)
		}
		return nil
	})
	start(t, b, w, quick())
	insert(t, b.DB, Note{}, 0)
	for range 5 {
		if n := wait(t, tries, "a run"); n != 1 {
			t.Fatalf("try %d after a snooze", n)
		}
	}
	for i := 1; i < len(times); i++ {
		if gap := times[i].Sub(times[i-1]); gap < pause-5*time.Millisecond {
			t.Errorf("came back after %v, asked for %v", gap, pause)
		}
	}
}

func cancelled(t *testing.T, b Bench) {
	w, seen := notes(func(_ context.Context, n Note) error {
		if n.Text == "bad" {
			return job.Cancel(errors.New("the address is gone"))
		}
		return nil
	})
	e := start(t, b, w, quick())
	insert(t, b.DB, Note{"bad"}, 0)
	if got := failure(t, e); got.Error == "" || got.Tries != 1 || got.Kind != (Note{}).Kind() {
		t.Fatalf("kept %+v", got)
	}
	insert(t, b.DB, Note{"next"}, 0)
	if got := []string{wait(t, seen, "a job"), wait(t, seen, "a job")}; !slices.Equal(got, []string{"bad", "next"}) {
		t.Fatalf("ran %q", got)
	}
}

// failure waits for the first job that was given up.
func failure(t *testing.T, e job.Engine) job.Failure {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		list, err := e.Failures(context.Background(), 10)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) > 0 {
			return list[0]
		}
	}
	t.Fatal("no job was given up")
	panic("unreachable")
}

func givenUp(t *testing.T, b Bench) {
	w, seen := notes(func(context.Context, Note) error { return errors.New("no use") })
	e := start(t, b, w, quick())
	insert(t, b.DB, Note{}, 0)
	for range 3 {
		wait(t, seen, "a try")
	}
	if got := failure(t, e); got.Error != "no use" || got.Tries != 3 {
		t.Fatalf("kept %+v", got)
	}
}

func notBefore(t *testing.T, b Bench) {
	ran := make(chan time.Time, 1)
	w, seen := notes(func(_ context.Context, n Note) error {
		if n.Text == "soon" {
			ran <- time.Now()
		}
		return nil
	})
	start(t, b, w, quick())
	soon := time.Now().Add(400 * time.Millisecond).Truncate(time.Millisecond)
	insert(t, b.DB, Note{"much later"}, db.At(time.Now().Add(time.Hour)))
	insert(t, b.DB, Note{"soon"}, db.At(soon))
	if at := wait(t, ran, "the job"); at.Before(soon) {
		t.Errorf("ran %v early", soon.Sub(at))
	}
	if got := wait(t, seen, "the job"); got != "soon" {
		t.Errorf("ran %q", got)
	}
}

func abandoned(t *testing.T, b Bench) {
	w, seen := notes(fine)
	o := quick()
	if _, err := job.New(context.Background(), b.DB, w, o); err != nil {
		t.Fatal(err)
	}
	insert(t, b.DB, Note{"left behind"}, 0)
	if err := b.Abandon(context.Background()); err != nil {
		t.Fatal(err)
	}
	start(t, b, w, o)
	if got := wait(t, seen, "the job"); got != "left behind" {
		t.Fatalf("ran %q", got)
	}
}

func sideBySide(t *testing.T, b Bench) {
	var mu sync.Mutex
	var now, most int
	together := make(chan struct{})
	count := func(by int) {
		mu.Lock()
		defer mu.Unlock()
		if now += by; now > most {
			most = now
		}
		if now == 4 {
			select {
			case <-together:
			default:
				close(together)
			}
		}
	}
	w, seen := notes(func(ctx context.Context, _ Note) error {
		count(1)
		defer count(-1)
		select {
		case <-together:
		case <-ctx.Done():
		}
		return nil
	})
	start(t, b, w, quick())
	for range 12 {
		insert(t, b.DB, Note{}, 0)
	}
	for range 12 {
		wait(t, seen, "a job")
	}
	if most != 4 {
		t.Errorf("%d ran side by side, want 4", most)
	}
}

func shared(t *testing.T, b Bench) {
	w, seen := notes(fine)
	start(t, b, w, quick())
	start(t, b, w, quick())
	const n = 100
	err := b.DB.Tx(context.Background(), func(tx *db.Tx) error {
		for i := range n {
			if err := job.Insert(context.Background(), tx, Note{string(rune('a' + i))}, 0); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	times := map[string]int{}
	for range n {
		times[wait(t, seen, "a job")]++
	}
	if len(times) != n {
		t.Errorf("%d different jobs in %d runs", len(times), n)
	}
}

func stopWaits(t *testing.T, b Bench) {
	begun, release := make(chan struct{}), make(chan struct{})
	w, seen := notes(func(ctx context.Context, _ Note) error {
		close(begun) // a second run would panic
		<-release
		return ctx.Err()
	})
	e := start(t, b, w, quick())
	insert(t, b.DB, Note{"long"}, 0)
	wait(t, begun, "the job")
	stopped := make(chan error, 1)
	go func() { stopped <- e.Stop(context.Background()) }()
	close(release)
	if err := wait(t, stopped, "the stop"); err != nil {
		t.Fatal(err)
	}
	wait(t, seen, "the end of the job")
	w2, seen2 := notes(fine)
	start(t, b, w2, quick())
	insert(t, b.DB, Note{"next"}, 0)
	if got := wait(t, seen2, "the next job"); got != "next" {
		t.Errorf("%q ran again though it was done", got)
	}
}

func stopReturns(t *testing.T, b Bench) {
	begun := make(chan struct{}, 10)
	w, _ := notes(func(ctx context.Context, _ Note) error {
		begun <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	})
	e := start(t, b, w, quick())
	insert(t, b.DB, Note{}, 0)
	wait(t, begun, "the job")
	if err := stopNow(e); err != nil {
		t.Fatal(err)
	}
	tries := make(chan int, 1)
	w2, _ := notes(func(ctx context.Context, _ Note) error {
		n, _ := job.Try(ctx)
		tries <- n
		return nil
	})
	start(t, b, w2, quick())
	if n := wait(t, tries, "the job on another node"); n != 1 {
		t.Errorf("try %d: the stop cost one", n)
	}
}

func repeated(t *testing.T, b Bench) {
	w, seen := notes(fine)
	w.Every(time.Hour, Note{"by itself"})
	start(t, b, w, quick())
	if got := wait(t, seen, "the periodic job"); got != "by itself" {
		t.Errorf("ran %q", got)
	}
}

func unknownKind(t *testing.T, b Bench) {
	w, seen := notes(fine)
	e := start(t, b, w, quick())
	insert(t, b.DB, Other{}, 0)
	insert(t, b.DB, Note{}, 0)
	wait(t, seen, "the job whose kind is known")
	if err := stopNow(e); err != nil {
		t.Fatal(err)
	}
	all, ran := job.NewWorkers(), make(chan int, 1)
	job.Handle(all, func(ctx context.Context, _ Other) error {
		n, _ := job.Try(ctx)
		ran <- n
		return nil
	})
	start(t, b, all, quick())
	if n := wait(t, ran, "the job on the node that knows it"); n != 1 {
		t.Errorf("try %d", n)
	}
}

// lateKind registers work that the engine would never run.
func lateKind(t *testing.T, b Bench) {
	w, _ := notes(fine)
	start(t, b, w, quick())
	for what, register := range map[string]func(){
		"a handler":   func() { job.Handle(w, func(context.Context, Other) error { return nil }) },
		"an interval": func() { w.Every(time.Hour, Note{}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s after the engine was made is taken and would never run", what)
				}
			}()
			register()
		}()
	}
}

func longKind(t *testing.T, b Bench) {
	short, long := make(chan time.Duration, 10), make(chan time.Duration, 10)
	left := func(ctx context.Context) time.Duration {
		until, _ := ctx.Deadline()
		return time.Until(until)
	}
	w := job.NewWorkers()
	job.Handle(w, func(ctx context.Context, _ Note) error { short <- left(ctx); return nil })
	job.Handle(w, func(ctx context.Context, _ Haul) error { long <- left(ctx); return nil })
	o := quick()
	o.Timeout = 5 * time.Minute
	start(t, b, w, o)
	insert(t, b.DB, Note{}, 0)
	insert(t, b.DB, Haul{}, 0)
	if got := <-short; got > 5*time.Minute {
		t.Errorf("a job may take %v, want 5 minutes at most", got)
	}
	if got := <-long; got < 30*time.Minute {
		t.Errorf("the long one may take %v, want an hour", got)
	}
}
