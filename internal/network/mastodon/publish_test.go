package mastodon_test

import (
	"bytes"
	"context"
	"image"
	stdpng "image/png"
	"io"
	"testing"
	"time"

	"rapport/internal/network"
	"rapport/internal/network/mastodon"
	"rapport/internal/network/mastodon/emulator"
	"rapport/internal/network/networktest/wire"
)

func content(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := stdpng.Encode(&b, image.NewGray(image.Rect(0, 0, 4, 4))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func png(t *testing.T) network.Media {
	t.Helper()
	b := content(t)
	return network.Media{ID: "dot", Mime: "image/png", Name: "dot.png", Bytes: int64(len(b)), Width: 4, Height: 4, Alt: "A dot",
		Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }}
}

func prepare(t *testing.T, n *mastodon.Network, to network.Target, it network.Item, seed string) network.Prepared {
	t.Helper()
	p, err := n.Prepare(t.Context(), to, it, seed, network.Prepared{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func publish(t *testing.T, n *mastodon.Network, to network.Target, p network.Prepared) network.Receipt {
	t.Helper()
	r, err := n.Commit(t.Context(), to, p)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func text(s string) network.Item { return network.Item{Kind: network.PartPost, Text: s} }

// Only what is seen counts, and only if it is one.
func TestLookupByComparison(t *testing.T) {
	const words = "Hello @mira@social.example, see https://a.example/long/path/to/somewhere/far?away=1 & <b>\n\nBye  now."
	for _, c := range []struct {
		name   string
		before []string // published before the preparation
		after  []string // published after it, by others
		commit int
		want   network.Presence
	}{
		{name: "not there", want: network.CannotTell},
		{name: "there", commit: 1, want: network.Present},
		{name: "there twice", commit: 2, want: network.CannotTell},
		{name: "an older twin", before: []string{words}, want: network.CannotTell},
		{name: "there beside an older twin", before: []string{words}, commit: 1, want: network.Present},
		{name: "there beside others", after: []string{"Hello", words + "!"}, commit: 1, want: network.Present},
		{name: "there beside a younger twin", after: []string{words}, commit: 1, want: network.CannotTell},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, n, to := pair(t, emulator.Options{IgnoreIdempotency: true, Accounts: []emulator.Account{{Name: "mira", Domain: "social.example"}}})
			for _, text := range c.before {
				publish(t, n, to, prepare(t, n, to, network.Item{Text: text}, "before"))
			}
			p := prepare(t, n, to, text(words), "seed")
			var last network.Receipt
			for range c.commit {
				last = publish(t, n, to, p)
			}
			for _, text := range c.after {
				publish(t, n, to, prepare(t, n, to, network.Item{Text: text}, "after"))
			}
			got, err := n.Lookup(t.Context(), to, p)
			if err != nil || got.Presence != c.want || got.Why == "" {
				t.Fatalf("got %s (%s), %v; want %s", got.Presence, got.Why, err, c.want)
			}
			if got.Presence == network.Present && got.Receipt != last {
				t.Errorf("it tells %+v, not %+v", got.Receipt, last)
			}
		})
	}
}

// What differs in anything but its words is not the part.
func TestLookupTellsPostsApart(t *testing.T) {
	warned := func(w string) network.Item {
		return network.Item{Text: "Same.", Options: map[string]string{network.OptionWarning: w}}
	}
	_, n, to := pair(t, emulator.Options{})
	first := publish(t, n, to, prepare(t, n, to, text("First."), "first"))
	reply := network.Item{Text: "Same.", Parent: &first.Ref}
	pictured := network.Item{Text: "Same.", Media: []network.Media{png(t)}}
	all := []network.Item{text("Same."), warned("Food"), warned("Politics"), reply, pictured}
	var prepared []network.Prepared
	for i, it := range all {
		prepared = append(prepared, prepare(t, n, to, it, string(rune('a'+i))))
	}
	for i, p := range prepared {
		if got, err := n.Lookup(t.Context(), to, p); err != nil || got.Presence != network.CannotTell {
			t.Errorf("%d before: %s, %v", i, got.Presence, err)
		}
		want := publish(t, n, to, p)
		if got, err := n.Lookup(t.Context(), to, p); err != nil || got.Receipt != want {
			t.Errorf("%d after: %s %+v, %v", i, got.Presence, got.Receipt, err)
		}
	}
}

func TestLookupAcrossManyPosts(t *testing.T) {
	s, n, to := pair(t, emulator.Options{})
	publish(t, n, to, prepare(t, n, to, text("Begin."), "begin"))
	p := prepare(t, n, to, text("Needle."), "seed")
	say := func(many int) {
		for range many {
			if _, err := s.Say(emulator.Said{By: "north", Text: "Hay."}); err != nil {
				t.Fatal(err)
			}
		}
	}
	say(90)
	want := publish(t, n, to, p)
	if got, err := n.Lookup(t.Context(), to, p); err != nil || got.Receipt != want {
		t.Errorf("among 91: %s (%s), %v", got.Presence, got.Why, err)
	}
	say(400)
	if got, err := n.Lookup(t.Context(), to, p); err != nil || got.Presence != network.CannotTell {
		t.Errorf("among 491: %s (%s), %v", got.Presence, got.Why, err)
	}
}

func TestOptions(t *testing.T) {
	s, n, to := pair(t, emulator.Options{})
	it := network.Item{Text: "For few.", Language: "de-AT", Options: map[string]string{network.OptionWarning: "Food", network.OptionVisibility: network.Followers}}
	got, _ := s.Find(publish(t, n, to, prepare(t, n, to, it, "a")).Ref.ID)
	if got.Warning != "Food" || got.Visibility != "private" || got.Language != "de" {
		t.Errorf("published: %+v", got)
	}
	got, _ = s.Find(publish(t, n, to, prepare(t, n, to, text("For all."), "b")).Ref.ID)
	if got.Visibility != "public" {
		t.Errorf("published: %+v", got)
	}
	if _, err := n.Prepare(t.Context(), to, network.Item{Text: "x", Options: map[string]string{network.OptionVisibility: "secret"}}, "c", network.Prepared{}); network.VerdictOf(err) != network.Refused {
		t.Errorf("got %v", err)
	}
}

// Nobody reads an answer who could not read what it answers.
func TestAnAnswerIsNeverWider(t *testing.T) {
	for _, visibility := range []string{"public", "unlisted", "private", "direct"} {
		s, n, to := pair(t, emulator.Options{})
		said, err := s.Say(emulator.Said{By: "mira@social.example", Text: "@north psst", Visibility: visibility})
		if err != nil {
			t.Fatal(err)
		}
		p := prepare(t, n, to, network.Item{Text: "@mira@social.example yes", Parent: &network.Ref{ID: said.ID}}, "seed")
		if got, _ := s.Find(publish(t, n, to, p).Ref.ID); got.Visibility != visibility {
			t.Errorf("an answer to what is %s is %s", visibility, got.Visibility)
		}
		if err := s.Delete(said.ID); err != nil {
			t.Fatal(err)
		}
		_, err = n.Prepare(t.Context(), to, network.Item{Text: "yes", Parent: &network.Ref{ID: said.ID}}, "late", network.Prepared{})
		if network.VerdictOf(err) != network.Refused {
			t.Errorf("to something gone: %v", err)
		}
	}
}

// An access that may not read publishes all the same, and says that it cannot
// tell.
func TestWithoutLeaveToRead(t *testing.T) {
	s, n, to := pair(t, emulator.Options{})
	first := publish(t, n, to, prepare(t, n, to, text("First."), "first"))
	for _, path := range []string{"/api/v1/accounts/" + to.AccountID + "/statuses", "/api/v1/statuses/*"} {
		if err := s.Order(wire.Fault{Kind: wire.Status, Status: 403, Path: path, Method: "GET"}); err != nil {
			t.Fatal(err)
		}
	}
	p := prepare(t, n, to, network.Item{Text: "Second.", Parent: &first.Ref}, "second")
	if got, err := n.Lookup(t.Context(), to, p); err != nil || got.Presence != network.CannotTell {
		t.Errorf("got %s, %v", got.Presence, err)
	}
	if got, _ := s.Find(publish(t, n, to, p).Ref.ID); got.Parent != first.Ref.ID || got.Visibility != "public" {
		t.Errorf("published: %+v", got)
	}
}

func TestAForgottenUploadIsMadeAgain(t *testing.T) {
	at := newClock()
	s, n, to := pair(t, emulator.Options{Now: at.Now, MediaDelay: time.Minute})
	it := network.Item{Text: "Slow.", Media: []network.Media{png(t)}}
	p, err := n.Prepare(t.Context(), to, it, "seed", network.Prepared{})
	if network.VerdictOf(err) != network.NotReady {
		t.Fatal(err)
	}
	p.Record = bytes.ReplaceAll(p.Record, []byte(p.Media[0]), []byte("123"))
	p, err = n.Prepare(t.Context(), to, it, "seed", p)
	if network.VerdictOf(err) != network.NotReady || s.Uploads() != 2 || p.Media[0] == "123" {
		t.Errorf("%d uploads, %v", s.Uploads(), err)
	}
}

func TestWhatWasNotPreparedIsNotSent(t *testing.T) {
	s, n, to := pair(t, emulator.Options{})
	for name, p := range map[string]network.Prepared{
		"nothing": {}, "no handle": {Record: []byte(`{"post":{"status":"a"}}`)}, "no record": {Handle: "a"}, "broken": {Handle: "a", Record: []byte(`{`)},
	} {
		if _, err := n.Commit(t.Context(), to, p); network.VerdictOf(err) != network.NotSent {
			t.Errorf("%s: got %v, want not sent", name, err)
		}
	}
	if got := s.Arrivals(0); len(got) != 0 {
		t.Errorf("%d commits arrived", len(got))
	}
}
