package networktest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/network"
	"rapport/internal/network/networktest/wire"
)

// Audience is what the people of an emulated network can be made to do. Ids
// are those of network.Ref.
type Audience struct {
	// Reply makes somebody answer what to points at, so that the account is
	// told.
	Reply func(by string, to network.Ref, text string) (id string, err error)
	// Mention makes somebody name the account.
	Mention func(by, text string) (id string, err error)
	// Edit changes a text; nil where the network has no such thing.
	Edit func(id, text string) error
	// Delete takes something down.
	Delete func(id string) error
}

const (
	mostTurns = 1000 // of a loop that must come to an end
	manySaid  = 70   // more than two pages of any network's
)

func (r Rig) said(t *testing.T, id string, err error) string {
	t.Helper()
	if err != nil {
		t.Fatalf("the audience: %v", err)
	}
	return id
}

// hear reads on until there is no more. An error is passed to failed, and the
// same call made again.
func hear(t *testing.T, rig Rig, to network.Target, after string, since time.Time, failed func(error)) (all []network.Message, next string) {
	t.Helper()
	for range mostTurns {
		got, err := rig.Network.(network.Listener).Hear(t.Context(), to, after, since)
		if err != nil {
			failed(err)
			continue
		}
		all = append(all, got.Messages...)
		if after = got.Next; !got.More {
			return all, after
		}
	}
	t.Fatal("hearing does not come to an end")
	return nil, ""
}

// renewed is the account with a session that has not ended, where it could
// have.
func renewed(t *testing.T, rig Rig, to network.Target) network.Target {
	t.Helper()
	r, ok := rig.Network.(network.Refresher)
	if !ok {
		return to
	}
	a, err := r.Refresh(t.Context(), to)
	if err != nil {
		t.Fatalf("refresh: %v", err)
	}
	to.Credential = maps.Clone(to.Credential)
	for name, v := range a.Credential {
		if v != "" {
			to.Credential[name] = v
		}
	}
	return to
}

func never(t *testing.T) func(error) {
	return func(err error) {
		t.Helper()
		t.Fatalf("hear: %v", err)
	}
}

func idsOf(all []network.Message) []string {
	var out []string
	for _, m := range all {
		out = append(out, m.Ref.ID)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func wantHeard(t *testing.T, want []string, all []network.Message) {
	t.Helper()
	want = slices.Sorted(slices.Values(want))
	if diff := cmp.Diff(want, idsOf(all)); diff != "" {
		t.Errorf("heard (-want +got):\n%s", diff)
	}
}

// hearing runs where the rig has an audience and the connector listens.
func hearing(t *testing.T, start starter) {
	if rig := start(t, Options{}); rig.Audience == nil {
		return
	} else if _, ok := rig.Network.(network.Listener); !ok {
		t.Fatal("there is an audience and nobody listens")
	}
	t.Run("an answer and a mention, once", func(t *testing.T) { heardOnce(t, start) })
	t.Run("in pages", func(t *testing.T) { heardInPages(t, start) })
	t.Run("not what is too old", func(t *testing.T) { heardSince(t, start) })
	for _, kind := range []wire.Kind{wire.Status, wire.CloseAfter, wire.ResetBefore, wire.Half, wire.Garbled, wire.WrongTypes} {
		t.Run("with faults in between, "+string(kind), func(t *testing.T) {
			heardUnderFaults(t, start, wire.Fault{Kind: kind, Status: 503, After: 1, Every: 2})
		})
	}
	t.Run("edits and deletions", func(t *testing.T) { recheck(t, start) })
	t.Run("a thread", func(t *testing.T) { thread(t, start) })
	t.Run("at once", func(t *testing.T) { streaming(t, start) })
}

func heardOnce(t *testing.T, start starter) {
	rig := start(t, Options{})
	to := ready(t, rig)
	first := commit(t, rig, to, prepare(t, rig, to, text("What do you think?"), "seed-1"))
	since := time.Now().Add(-10 * 365 * 24 * time.Hour)
	reply, err := rig.Audience.Reply("mira", first.Ref, "A fine thing.")
	reply = rig.said(t, reply, err)
	named, err := rig.Audience.Mention("jo", "Have you seen this?")
	named = rig.said(t, named, err)
	all, next := hear(t, rig, to, "", since, never(t))
	wantHeard(t, []string{reply, named}, all)
	for _, m := range all {
		switch {
		case m.Own, m.Author.ID == "", m.Author.Handle == "", m.At.IsZero():
			t.Errorf("incomplete: %+v", m)
		case m.Ref.ID == reply && (m.Parent != first.Ref.ID || !strings.Contains(m.Text, "A fine thing.")):
			t.Errorf("the answer: %+v", m)
		case m.Ref.ID == named && (m.Parent != "" || !strings.Contains(m.Text, "Have you seen this?")):
			t.Errorf("the mention: %+v", m)
		}
	}
	all, again := hear(t, rig, to, next, since, never(t))
	if len(all) != 0 || again != next {
		t.Errorf("heard again: %v, and the cursor went from %q to %q", idsOf(all), next, again)
	}
}

func heardInPages(t *testing.T, start starter) {
	rig := start(t, Options{})
	to := ready(t, rig)
	var want []string
	say := func(many int) {
		for range many {
			id, err := rig.Audience.Mention("jo", fmt.Sprintf("No. %d", len(want)))
			want = append(want, rig.said(t, id, err))
		}
	}
	say(manySaid)
	first, err := rig.Network.(network.Listener).Hear(t.Context(), to, "", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	say(manySaid) // while the first are still being read
	rest, next := hear(t, rig, to, first.Next, time.Time{}, never(t))
	later, next := hear(t, rig, to, next, time.Time{}, never(t))
	wantHeard(t, want, slices.Concat(first.Messages, rest, later))
	before := len(want)
	say(manySaid)
	all, _ := hear(t, rig, to, next, time.Time{}, never(t))
	wantHeard(t, want[before:], all)
}

func heardSince(t *testing.T, start starter) {
	rig := start(t, Options{})
	to := ready(t, rig)
	old, err := rig.Audience.Mention("jo", "Long ago.")
	rig.said(t, old, err)
	all, _ := hear(t, rig, to, "", time.Time{}, never(t))
	if len(all) != 1 {
		t.Fatalf("heard %v", idsOf(all))
	}
	since := all[0].At.Add(24 * time.Hour)
	rig.Emulator.Advance(48 * time.Hour)
	to = renewed(t, rig, to)
	young, err := rig.Audience.Mention("jo", "Today.")
	young = rig.said(t, young, err)
	all, _ = hear(t, rig, to, "", since, never(t))
	wantHeard(t, []string{young}, all)
}

func heardUnderFaults(t *testing.T, start starter, f wire.Fault) {
	rig := start(t, Options{})
	to := ready(t, rig)
	var want []string
	for i := range manySaid {
		id, err := rig.Audience.Mention("jo", fmt.Sprintf("No. %d", i))
		want = append(want, rig.said(t, id, err))
	}
	order(t, rig, Hearing, f)
	failures := 0
	count := func(err error) {
		t.Helper()
		failures++
		rig.wantError(t, err, network.Unclear)
	}
	all, next := hear(t, rig, to, "", time.Time{}, count)
	id, err := rig.Audience.Mention("jo", "And one more.")
	want = append(want, rig.said(t, id, err))
	more, _ := hear(t, rig, to, next, time.Time{}, count)
	wantHeard(t, want, append(all, more...))
	// A read over a connection that breaks is made again by itself.
	if failures == 0 && f.Kind != wire.CloseAfter && f.Kind != wire.ResetBefore {
		t.Error("no fault struck")
	}
}

func recheck(t *testing.T, start starter) {
	rig := start(t, Options{})
	to := ready(t, rig)
	var refs []network.Ref
	for i := range 30 {
		id, err := rig.Audience.Mention("jo", fmt.Sprintf("No. %d", i))
		rig.said(t, id, err)
	}
	all, _ := hear(t, rig, to, "", time.Time{}, never(t))
	for _, m := range all {
		refs = append(refs, m.Ref)
	}
	if err := rig.Audience.Delete(refs[3].ID); err != nil {
		t.Fatal(err)
	}
	if rig.Audience.Edit != nil {
		if err := rig.Audience.Edit(refs[20].ID, "Otherwise."); err != nil {
			t.Fatal(err)
		}
	}
	now, gone, err := rig.Network.(network.Listener).Recheck(t.Context(), to, refs)
	if err != nil {
		t.Fatal(err)
	}
	if len(now) != len(refs)-1 || len(gone) != 1 || gone[0] != refs[3].ID {
		t.Errorf("%d of %d are there, %v gone", len(now), len(refs), gone)
	}
	if m := now[refs[20].ID]; rig.Audience.Edit != nil && (!strings.Contains(m.Text, "Otherwise.") || m.EditedAt.IsZero()) {
		t.Errorf("the edited one: %+v", m)
	}
	resume, err := rig.Emulator.Refuse()
	if err != nil {
		t.Fatal(err)
	}
	if _, gone, err = rig.Network.(network.Listener).Recheck(t.Context(), to, refs); len(gone) != 0 {
		t.Errorf("with nobody there %v are gone", gone)
	}
	rig.wantError(t, err, network.NotSent)
	if err := resume(); err != nil {
		t.Fatal(err)
	}
}

func thread(t *testing.T, start starter) {
	rig := start(t, Options{})
	to := ready(t, rig)
	first := commit(t, rig, to, prepare(t, rig, to, text("One."), "seed-1"))
	second, err := rig.Audience.Reply("mira", first.Ref, "Two.")
	second = rig.said(t, second, err)
	heard, _ := hear(t, rig, to, "", time.Time{}, never(t))
	if len(heard) != 1 {
		t.Fatalf("heard %v", idsOf(heard))
	}
	third := answer(t, rig, to, network.Item{Kind: network.PartPost, Text: "Three.", Parent: &heard[0].Ref})
	for _, at := range []network.Ref{first.Ref, heard[0].Ref, third.Ref} {
		all, whole, err := rig.Network.(network.Listener).Thread(t.Context(), to, at)
		if err != nil || !whole {
			t.Fatalf("a thread, whole %t: %v", whole, err)
		}
		wantHeard(t, []string{first.Ref.ID, second, third.Ref.ID}, all)
		for _, m := range all {
			if want := map[string]string{second: first.Ref.ID, third.Ref.ID: second}[m.Ref.ID]; m.Parent != want || m.Own != (m.Ref.ID != second) {
				t.Errorf("%+v", m)
			}
		}
	}
	if err := rig.Audience.Delete(second); err != nil {
		t.Fatal(err)
	}
	_, _, err = rig.Network.(network.Listener).Thread(t.Context(), to, heard[0].Ref)
	if e := rig.wantError(t, err, network.Refused); e.Status != 404 {
		t.Errorf("what is gone has status %d", e.Status)
	}
}

func streaming(t *testing.T, start starter) {
	rig := start(t, Options{})
	s, ok := rig.Network.(network.Streamer)
	if !ok {
		return
	}
	to := ready(t, rig)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	came, end := make(chan struct{}, 1000), make(chan error, 1)
	go func() { end <- s.Stream(ctx, to, func() { came <- struct{}{} }) }()
	// What is said before the stream is open is not told by it.
	for id := ""; id == "" || len(came) == 0; time.Sleep(5 * time.Millisecond) {
		said, err := rig.Audience.Mention("jo", "Hello.")
		id = rig.said(t, said, err)
	}
	leave()
	if err := <-end; err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("left, and it ends with %v", err)
	}
	wrong := to
	wrong.Credential = network.Credential{}
	for name := range to.Credential {
		wrong.Credential[name] = "wrong"
	}
	rig.wantError(t, s.Stream(t.Context(), wrong, func() {}), network.Unauthorized)
}

func history(t *testing.T, start starter) {
	rig := start(t, Options{})
	h, ok := rig.Network.(network.Historian)
	if !ok {
		return
	}
	to := ready(t, rig)
	first := commit(t, rig, to, prepare(t, rig, to, text("One."), "seed-1"))
	want := []string{first.Ref.ID}
	for i := range manySaid {
		rig.Emulator.Advance(time.Second)
		it := network.Item{Kind: network.PartPost, Text: fmt.Sprintf("Post %d.", i)}
		if i == 1 {
			it.Parent = &first.Ref
		}
		want = append(want, commit(t, rig, to, prepare(t, rig, to, it, fmt.Sprintf("seed-p%d", i))).Ref.ID)
	}
	slices.Reverse(want)
	if got := allPosts(t, h, to); !slices.EqualFunc(got, want, func(p network.OwnPost, id string) bool { return p.Ref.ID == id }) {
		t.Errorf("%d posts, want %d, newest first", len(got), len(want))
	} else if p := got[len(got)-3]; p.Parent != first.Ref.ID || !p.Own || p.Counters.Views != nil && *p.Counters.Views < 0 {
		t.Errorf("the answer: %+v", p)
	}
	if err := rig.Network.(network.Remover).Remove(t.Context(), to, first.Ref); err != nil {
		t.Fatal(err)
	}
	if got := allPosts(t, h, to); len(got) != len(want)-1 {
		t.Errorf("%d posts after one was removed, want %d", len(got), len(want)-1)
	}
	if l, ok := rig.Network.(network.Listener); ok {
		_, gone, err := l.Recheck(t.Context(), to, []network.Ref{first.Ref})
		if err != nil || len(gone) != 1 {
			t.Errorf("of what was removed: %v gone, %v", gone, err)
		}
	}
}

func allPosts(t *testing.T, h network.Historian, to network.Target) (all []network.OwnPost) {
	t.Helper()
	for after, turn := "", 0; turn < mostTurns; turn++ {
		posts, next, err := h.History(t.Context(), to, after)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, posts...)
		if after = next; next == "" {
			return all
		}
	}
	t.Fatal("the history does not come to an end")
	return nil
}
