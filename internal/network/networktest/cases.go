package networktest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/network"
	"rapport/internal/network/networktest/wire"
)

type starter = func(*testing.T, Options) Rig

func connecting(t *testing.T, start starter) {
	t.Run("tells the account and its limits", func(t *testing.T) {
		rig := start(t, Options{})
		a, err := rig.Network.(network.Connector).Connect(t.Context(), rig.Server, rig.Credential)
		if err != nil {
			t.Fatal(err)
		}
		if a.ID == "" || a.Handle == "" || a.URL == "" || a.Limits.Text == 0 || len(a.Credential) == 0 {
			t.Errorf("the account is incomplete: %+v", a)
		}
	})
	t.Run("a wrong credential", func(t *testing.T) {
		rig := start(t, Options{})
		wrong := network.Credential{}
		for name := range rig.Credential {
			wrong[name] = "wrong"
		}
		_, err := rig.Network.(network.Connector).Connect(t.Context(), rig.Server, wrong)
		rig.wantError(t, err, network.Unauthorized)
	})
	for _, c := range []struct {
		name  string
		fault wire.Fault
		want  network.Verdict
	}{
		{"the server fails", wire.Fault{Kind: wire.Status, Status: 500}, network.Unclear},
		{"too many", wire.Fault{Kind: wire.Status, Status: 429}, network.Throttled},
		{"no JSON", wire.Fault{Kind: wire.Garbled}, network.Unclear},
		{"wrong types", wire.Fault{Kind: wire.WrongTypes}, network.Unclear},
		{"an endless answer", wire.Fault{Kind: wire.Endless}, network.Unclear},
		{"a repeated credential", wire.Fault{Kind: wire.Echo}, network.Refused},
	} {
		t.Run(c.name, func(t *testing.T) {
			rig := start(t, Options{})
			order(t, rig, Reading, c.fault)
			_, err := rig.Network.(network.Connector).Connect(t.Context(), rig.Server, rig.Credential)
			rig.wantError(t, err, c.want)
		})
	}
}

func order(t *testing.T, rig Rig, call Call, f wire.Fault) {
	t.Helper()
	if err := rig.Emulator.Order(call, f); err != nil {
		t.Fatal(err)
	}
}

func publishing(t *testing.T, start starter) {
	for _, c := range []struct {
		name string
		item network.Item
		want Published
	}{
		{"text", text("Good morning."), Published{Text: "Good morning."}},
		{"unicode", text("Grüße 👩‍👩‍👧 日本語 עברית e\u0301 “quotes” & <b>\n\nnew line"), Published{Text: "Grüße 👩‍👩‍👧 日本語 עברית e\u0301 “quotes” & <b>\n\nnew line"}},
		{"pictures", network.Item{Kind: network.PartPost, Text: "Two.", Media: []network.Media{picture(1), picture(2)}},
			Published{Text: "Two.", Alts: []string{"A line — no. 1", "A line — no. 2"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			rig := start(t, Options{})
			to := ready(t, rig)
			got := commit(t, rig, to, prepare(t, rig, to, c.item, "seed-1"))
			rig.wantPublished(t, got.Ref.ID, c.want)
			rig.wantArrivals(t, 1, 1)
		})
	}
	t.Run("a thread and a comment", func(t *testing.T) {
		rig := start(t, Options{})
		to := ready(t, rig)
		first := commit(t, rig, to, prepare(t, rig, to, text("One."), "seed-1"))
		second := answer(t, rig, to, network.Item{Kind: network.PartPost, Text: "Two.", Parent: &first.Ref})
		third := answer(t, rig, to, network.Item{Kind: network.PartComment, Text: "First comment.", Parent: &first.Ref})
		rig.wantPublished(t, second.Ref.ID, Published{Text: "Two.", Parent: first.Ref.ID})
		rig.wantPublished(t, third.Ref.ID, Published{Text: "First comment.", Parent: first.Ref.ID})
	})
}

// answer prepares without the parent first, as is done ahead of time.
func answer(t *testing.T, rig Rig, to network.Target, it network.Item) network.Receipt {
	t.Helper()
	early := it
	early.Parent = nil
	seed := "seed-" + it.Text
	p, err := rig.Network.Prepare(t.Context(), to, it, seed, prepare(t, rig, to, early, seed))
	if err != nil {
		t.Fatal(err)
	}
	return commit(t, rig, to, p)
}

func (r Rig) wantPublished(t *testing.T, id string, want Published) {
	t.Helper()
	got, ok := r.Emulator.Find(id)
	if !ok {
		t.Fatalf("nothing is published as %q", id)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("published otherwise (-want +got):\n%s", diff)
	}
}

func preparing(t *testing.T, start starter) {
	it := network.Item{Kind: network.PartPost, Text: "With pictures.", Media: []network.Media{picture(1), picture(2)}}
	t.Run("twice uploads once", func(t *testing.T) {
		rig := start(t, Options{})
		to := ready(t, rig)
		first := prepare(t, rig, to, it, "seed-1")
		second, err := rig.Network.Prepare(t.Context(), to, it, "seed-1", first)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first, second); diff != "" {
			t.Errorf("prepared otherwise the second time:\n%s", diff)
		}
		if n := rig.Emulator.Uploads(); n != 2 {
			t.Errorf("%d uploads, want 2", n)
		}
		rig.wantArrivals(t, 0, 0)
	})
	t.Run("another description is another upload", func(t *testing.T) {
		rig := start(t, Options{})
		to := ready(t, rig)
		first := prepare(t, rig, to, it, "seed-1")
		changed := it
		changed.Media = []network.Media{picture(1), picture(2)}
		changed.Media[1].Alt = "Something else"
		second, err := rig.Network.Prepare(t.Context(), to, changed, "seed-1", first)
		if err != nil {
			t.Fatal(err)
		}
		got := commit(t, rig, to, second)
		rig.wantPublished(t, got.Ref.ID, Published{Text: it.Text, Alts: []string{it.Media[0].Alt, "Something else"}})
	})
	t.Run("slow pictures are waited for", func(t *testing.T) {
		rig := start(t, Options{SlowMedia: time.Minute})
		if rig.AtOnce {
			return
		}
		to := ready(t, rig)
		p, err := rig.Network.Prepare(t.Context(), to, it, "seed-1", network.Prepared{})
		if e := rig.wantError(t, err, network.NotReady); e.RetryAfter <= 0 {
			t.Error("it does not say when to ask again")
		}
		rig.Emulator.Advance(2 * time.Minute)
		if p, err = rig.Network.Prepare(t.Context(), to, it, "seed-1", p); err != nil {
			t.Fatal(err)
		}
		commit(t, rig, to, p)
		if n := rig.Emulator.Uploads(); n != 2 {
			t.Errorf("%d uploads, want 2", n)
		}
	})
}

func faults(t *testing.T, start starter) {
	inAnHour := time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)
	for _, c := range []struct {
		name      string
		fault     wire.Fault
		want      network.Verdict
		published int
		after     [2]time.Duration // RetryAfter lies between these
	}{
		{name: "400", fault: wire.Fault{Kind: wire.Status, Status: 400}, want: network.Refused},
		{name: "401", fault: wire.Fault{Kind: wire.Status, Status: 401}, want: network.Unauthorized},
		{name: "403", fault: wire.Fault{Kind: wire.Status, Status: 403}, want: network.Refused},
		{name: "422", fault: wire.Fault{Kind: wire.Status, Status: 422}, want: network.Refused},
		{name: "429", fault: wire.Fault{Kind: wire.Status, Status: 429}, want: network.Throttled},
		{name: "429 with seconds", fault: wire.Fault{Kind: wire.Status, Status: 429, RetryAfter: "17"}, want: network.Throttled,
			after: [2]time.Duration{17 * time.Second, 17 * time.Second}},
		{name: "429 with a date", fault: wire.Fault{Kind: wire.Status, Status: 429, RetryAfter: inAnHour}, want: network.Throttled,
			after: [2]time.Duration{30 * time.Minute, time.Hour}},
		{name: "429 with nonsense", fault: wire.Fault{Kind: wire.Status, Status: 429, RetryAfter: "soon"}, want: network.Throttled},
		{name: "500", fault: wire.Fault{Kind: wire.Status, Status: 500}},
		{name: "502", fault: wire.Fault{Kind: wire.Status, Status: 502}},
		{name: "503", fault: wire.Fault{Kind: wire.Status, Status: 503, RetryAfter: "5"}},
		{name: "published and 500", fault: wire.Fault{Kind: wire.StatusAfter, Status: 500}, published: 1},
		{name: "published and 503", fault: wire.Fault{Kind: wire.StatusAfter, Status: 503}, published: 1},
		{name: "reset", fault: wire.Fault{Kind: wire.ResetBefore}},
		{name: "published and reset", fault: wire.Fault{Kind: wire.ResetAfter}, published: 1},
		{name: "closed", fault: wire.Fault{Kind: wire.CloseBefore}},
		{name: "published and closed", fault: wire.Fault{Kind: wire.CloseAfter}, published: 1},
		{name: "half an answer", fault: wire.Fault{Kind: wire.Half}, published: 1},
		{name: "no JSON", fault: wire.Fault{Kind: wire.Garbled}, published: 1},
		{name: "wrong types", fault: wire.Fault{Kind: wire.WrongTypes}, published: 1},
		{name: "an endless answer", fault: wire.Fault{Kind: wire.Endless}, published: 1},
		{name: "a repeated credential", fault: wire.Fault{Kind: wire.Echo}, want: network.Refused},
	} {
		t.Run(c.name, func(t *testing.T) {
			rig := start(t, Options{})
			to := ready(t, rig)
			p := prepare(t, rig, to, text("Under a fault."), "seed-1")
			order(t, rig, Committing, c.fault)
			_, err := rig.Network.Commit(t.Context(), to, p)
			e := rig.wantError(t, err, c.want)
			if e.RetryAfter < c.after[0] || e.RetryAfter > c.after[1] {
				t.Errorf("RetryAfter is %s, want %s to %s", e.RetryAfter, c.after[0], c.after[1])
			}
			rig.wantArrivals(t, 1, c.published)
			rig.wantHonest(t, to, p, c.published == 1)
		})
	}
}

// wantHonest holds what Lookup says against what is published.
func (r Rig) wantHonest(t *testing.T, to network.Target, p network.Prepared, published bool) {
	t.Helper()
	got, err := r.Network.Lookup(t.Context(), to, p)
	if err != nil {
		t.Fatalf("lookup: %v", err)
	}
	switch {
	case got.Why == "":
		t.Error("Lookup does not say how it knows")
	case got.Presence == network.Absent && r.Network.Facts().AbsentWhen == "":
		t.Error("Lookup says absent for certain, and the facts say that it never may")
	case published && r.Finds && got.Presence != network.Present:
		t.Errorf("Lookup says %q (%s) of a post that it can find", got.Presence, got.Why)
	case published && (got.Presence == network.Absent || got.Presence == network.Failed):
		t.Errorf("Lookup says %q of a post that is out", got.Presence)
	case !published && got.Presence == network.Present:
		t.Error("Lookup says present of a post that is not out")
	}
	if got.Presence == network.Present {
		if _, ok := r.Emulator.Find(got.Receipt.Ref.ID); !ok {
			t.Errorf("Lookup points at %q, which is not there", got.Receipt.Ref.ID)
		}
	}
}

func refusedDial(t *testing.T, start starter) {
	rig := start(t, Options{})
	to := ready(t, rig)
	p := prepare(t, rig, to, text("Nobody listens."), "seed-1")
	resume, err := rig.Emulator.Refuse()
	if err != nil {
		t.Fatal(err)
	}
	_, err = rig.Network.Commit(t.Context(), to, p)
	rig.wantError(t, err, network.NotSent)
	_, err = rig.Network.(network.Connector).Connect(t.Context(), rig.Server, rig.Credential)
	rig.wantError(t, err, network.NotSent)
	if err := resume(); err != nil {
		t.Fatal(err)
	}
	commit(t, rig, to, p)
	rig.wantArrivals(t, 1, 1)
}

func silence(t *testing.T, start starter) {
	for _, c := range []struct {
		name      string
		kind      wire.Kind
		published int
	}{{"published", wire.Silent, 1}, {"not published", wire.SilentBefore, 0}} {
		t.Run(c.name, func(t *testing.T) {
			rig := start(t, Options{})
			to := ready(t, rig)
			p := prepare(t, rig, to, text("Into the silence."), "seed-1")
			order(t, rig, Committing, wire.Fault{Kind: c.kind})
			ctx, giveUp := context.WithCancel(t.Context())
			go func() {
				defer giveUp()
				_ = rig.Emulator.Wait(t.Context(), 1) // a failure shows below
			}()
			_, err := rig.Network.Commit(ctx, to, p)
			rig.wantError(t, err, network.Unclear)
			rig.wantArrivals(t, 1, c.published)
			rig.wantHonest(t, to, p, c.published == 1)
		})
	}
	t.Run("given up before it began", func(t *testing.T) {
		rig := start(t, Options{})
		to := ready(t, rig)
		p := prepare(t, rig, to, text("Never mind."), "seed-1")
		ctx, giveUp := context.WithCancel(t.Context())
		giveUp()
		_, err := rig.Network.Commit(ctx, to, p)
		rig.wantError(t, err, network.NotSent)
		rig.wantArrivals(t, 0, 0)
	})
}

func redirected(t *testing.T, start starter) {
	var visits atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	defer elsewhere.Close()
	rig := start(t, Options{})
	to := ready(t, rig)
	p := prepare(t, rig, to, text("Sent on."), "seed-1")
	order(t, rig, Committing, wire.Fault{Kind: wire.Redirect, Location: elsewhere.URL})
	_, err := rig.Network.Commit(t.Context(), to, p)
	rig.wantError(t, err, network.Unclear)
	rig.wantArrivals(t, 1, 0)
	if n := visits.Load(); n != 0 {
		t.Errorf("the commit was sent on to another server %d times", n)
	}
}

// once commits over connections that die under it, and counts at the socket.
func once(t *testing.T, start starter) {
	const rounds = 10
	for _, kind := range []wire.Kind{wire.CloseBefore, wire.CloseAfter, wire.ResetBefore, wire.ResetAfter} {
		t.Run(string(kind), func(t *testing.T) {
			rig := start(t, Options{RepeatUnsafe: true})
			to := ready(t, rig)
			order(t, rig, Committing, wire.Fault{Kind: kind, After: 1, Every: 2})
			for i := range rounds {
				commit(t, rig, to, prepare(t, rig, to, text(fmt.Sprintf("Kept alive %d.", i)), fmt.Sprintf("warm-%d", i)))
				p := prepare(t, rig, to, text(fmt.Sprintf("Dying %d.", i)), fmt.Sprintf("dying-%d", i))
				_, err := rig.Network.Commit(t.Context(), to, p)
				rig.wantError(t, err, network.Unclear)
			}
			published := rounds
			if kind.CarriedOut() {
				published = 2 * rounds
			}
			rig.wantArrivals(t, 2*rounds, published)
		})
	}
}

func lookup(t *testing.T, start starter) {
	for _, unsafe := range []bool{false, true} {
		t.Run(fmt.Sprintf("repeat unsafe %t", unsafe), func(t *testing.T) {
			rig := start(t, Options{RepeatUnsafe: unsafe})
			to := ready(t, rig)
			p := prepare(t, rig, to, text("Is it there?"), "seed-1")
			rig.wantHonest(t, to, p, false)
			got := commit(t, rig, to, p)
			rig.wantHonest(t, to, p, true)
			found, err := rig.Network.Lookup(t.Context(), to, p)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got, found.Receipt); found.Presence == network.Present && diff != "" {
				t.Errorf("Lookup tells another receipt than Commit (-commit +lookup):\n%s", diff)
			}
		})
	}
	t.Run("an error is no finding", func(t *testing.T) {
		rig := start(t, Options{})
		to := ready(t, rig)
		p := prepare(t, rig, to, text("Nobody answers."), "seed-1")
		resume, err := rig.Emulator.Refuse()
		if err != nil {
			t.Fatal(err)
		}
		got, err := rig.Network.Lookup(t.Context(), to, p)
		rig.wantError(t, err, network.NotSent)
		if got.Presence != network.CannotTell {
			t.Errorf("it found %q without an answer", got.Presence)
		}
		if err := resume(); err != nil {
			t.Fatal(err)
		}
	})
}

// repeat takes RepeatHarmless at its word: once more in order, and many at a
// time.
func repeat(t *testing.T, start starter) {
	t.Run("where it is harmless", func(t *testing.T) {
		rig := start(t, Options{})
		to := ready(t, rig)
		if !rig.Network.RepeatHarmless(to, 0) {
			return // nothing was promised
		}
		p := prepare(t, rig, to, text("Once is enough."), "seed-1")
		first := commit(t, rig, to, p)
		again := commit(t, rig, to, p)
		if first.Ref != again.Ref {
			t.Errorf("the repeat points elsewhere: %+v, first %+v", again.Ref, first.Ref)
		}
		rig.wantArrivals(t, 2, 1)
		p = prepare(t, rig, to, text("All at once."), "seed-2")
		const many = 16
		var all sync.WaitGroup
		for range many {
			all.Go(func() {
				if _, err := rig.Network.Commit(t.Context(), to, p); err != nil {
					t.Errorf("a commit among %d: %v", many, err)
				}
			})
		}
		all.Wait()
		rig.wantArrivals(t, 2+many, 2)
	})
	t.Run("where it is not", func(t *testing.T) {
		rig := start(t, Options{RepeatUnsafe: true})
		to := ready(t, rig)
		p := prepare(t, rig, to, text("Twice."), "seed-1")
		commit(t, rig, to, p)
		commit(t, rig, to, p)
		if published := rig.published(); published > 1 && rig.Network.RepeatHarmless(to, 0) {
			t.Errorf("a repeat is called harmless and published %d posts", published)
		}
	})
}

func removing(t *testing.T, start starter) {
	rig := start(t, Options{})
	to := ready(t, rig)
	got := commit(t, rig, to, prepare(t, rig, to, text("Not for long."), "seed-1"))
	for _, when := range []string{"first", "second"} {
		if err := rig.Network.(network.Remover).Remove(t.Context(), to, got.Ref); err != nil {
			t.Errorf("the %s removal: %v", when, err)
		}
	}
	if _, still := rig.Emulator.Find(got.Ref.ID); still {
		t.Error("the post is still there")
	}
}
