package post_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/delivery"
	"rapport/internal/fault"
	"rapport/internal/media"
	"rapport/internal/network"
	"rapport/internal/post"
)

var ctx = context.Background()

type world struct {
	d     *db.DB
	brand string
	who   access.Who
	a, b  string // channels: a takes 500 characters and threads of 5, b takes 20 characters
}

func open(t *testing.T) *world {
	t.Helper()
	w := &world{d: dbtest.Open(t)}
	w.brand = w.newBrand(t)
	w.who = as(w.brand, access.Owner)
	w.a = w.newChannel(t, w.brand, network.Limits{Text: 500, Images: 4, Parts: 5, Comment: true, Options: options})
	w.b = w.newChannel(t, w.brand, network.Limits{Text: 20, Images: 1})
	return w
}

// options are those of the channel a.
var options = []network.Option{
	{Name: "warning", Label: "Content warning", Longest: 10, Counts: true},
	{Name: "visibility", Label: "Who sees it", Choices: []network.OptionChoice{{Value: "public"}, {Value: "unlisted"}}},
	{Name: "language", Label: "Language"},
}

func as(brand string, role access.Role) access.Who {
	return access.Who{Account: "acc", Grants: []access.Grant{{Brand: brand, Role: role}}}
}

func (w *world) exec(t *testing.T, query string, args ...any) {
	t.Helper()
	if _, err := w.d.ExecContext(ctx, query, args...); err != nil {
		t.Fatal(err)
	}
}

func (w *world) count(t *testing.T, query string, args ...any) (n int) {
	t.Helper()
	if err := w.d.QueryRowContext(ctx, query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func (w *world) newBrand(t *testing.T) string {
	t.Helper()
	id := db.NewID()
	w.exec(t, `INSERT INTO brand (id, slug, name, color, zone, created_at) VALUES ($1, $2, 'N', '#000000', 'UTC', 1)`, id, id)
	return id
}

func (w *world) newChannel(t *testing.T, brand string, l network.Limits) string {
	t.Helper()
	limits, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	id := db.NewID()
	w.exec(t, `INSERT INTO channel (id, brand_id, network, remote_id, handle, name, credential, limits, state, state_at, created_at)
		VALUES ($1, $2, 'test', $3, $4, 'N', '', $5, 'connected', 1, 1)`, id, brand, id, "@"+id, string(limits))
	return id
}

func (w *world) newMedia(t *testing.T, brand string) string {
	t.Helper()
	id := db.NewID()
	w.exec(t, `INSERT INTO media (id, brand_id, name, mime, bytes, width, height, alt, sha256, blob, thumb, created_at)
		VALUES ($1, $2, 'a.jpg', 'image/jpeg', 1, 1, 1, 'A cup', '', '', '', 1)`, id, brand)
	return id
}

func text(s string, channels ...string) post.Input {
	in := post.Input{Body: post.Body{Parts: []post.Part{{Kind: network.PartPost, Text: s}}}}
	for _, c := range channels {
		in.Variants = append(in.Variants, post.Variant{Channel: c})
	}
	return in
}

func (w *world) draft(t *testing.T, in post.Input) post.Post {
	t.Helper()
	p, err := post.Draft(ctx, w.d, w.who, w.brand, in)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (w *world) schedule(t *testing.T, id string, at db.Time) []delivery.Delivery {
	t.Helper()
	ds, err := post.Schedule(ctx, w.d, w.who, w.brand, id, 0, at)
	if err != nil {
		t.Fatal(err)
	}
	return ds
}

func (w *world) set(t *testing.T, deliveryID string, s delivery.State) {
	t.Helper()
	w.exec(t, `UPDATE delivery SET state = $2 WHERE id = $1`, deliveryID, string(s))
}

// states returns the post's deliveries as "channel state revision".
func (w *world) states(t *testing.T, id string) map[string]string {
	t.Helper()
	ds, err := delivery.OfPost(ctx, w.d, w.brand, id)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, d := range ds {
		out[d.Channel] = fmt.Sprintf("%s %d", d.State, d.Revision)
	}
	return out
}

func (w *world) tomorrow() db.Time { return w.d.Now().Add(24 * time.Hour) }

func TestDraftIsReadBackWhole(t *testing.T) {
	w := open(t)
	m1, m2 := w.newMedia(t, w.brand), w.newMedia(t, w.brand)
	short := post.Body{Parts: []post.Part{{Kind: network.PartPost, Text: "short <3 & \"so\"", Media: []string{m2}}}}
	in := post.Input{
		Body: post.Body{Parts: []post.Part{
			{Text: "\n  Grüße  aus   Nord ☕\r\nzweite Zeile", Media: []string{m1, m2}},
			{Kind: network.PartPost, Text: "مرحبا 👩‍👩‍👧 北京"},
			{Kind: network.PartComment, Text: "#coffee"},
		}},
		Variants:  []post.Variant{{Channel: w.a, Options: map[string]string{"visibility": "public"}}, {Channel: w.b, Body: &short}},
		PlannedAt: w.tomorrow(),
	}
	p := w.draft(t, in)
	got, err := post.ByID(ctx, w.d, w.who, w.brand, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p, got); diff != "" {
		t.Error(diff)
	}
	if p.State != post.StateDraft || p.Revision != 1 || p.Author != "acc" || p.Excerpt != "Grüße aus Nord ☕" {
		t.Errorf("%+v", p)
	}
	if part := got.Body.Parts[0]; part.Kind != network.PartPost || strings.Contains(part.Text, "\r") {
		t.Errorf("not cleaned: %+v", part)
	}
	if diff := cmp.Diff(short, got.ContentFor(w.b)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(got.Body, got.ContentFor(w.a)); diff != "" {
		t.Error(diff)
	}
	items := got.ItemsFor(w.a, "de", map[string]network.Media{m1: {ID: m1}})
	if len(items) != 3 || len(items[0].Media) != 1 || items[0].Options["visibility"] != "public" || items[0].Language != "de" {
		t.Errorf("%+v", items)
	}
	if n := w.count(t, `SELECT COUNT(*) FROM post_media WHERE post_id = $1`, p.ID); n != 2 {
		t.Errorf("uses %d pictures", n)
	}
}

func TestAnEmptyDraftIsKept(t *testing.T) {
	w := open(t)
	p := w.draft(t, post.Input{})
	got, err := post.ByID(ctx, w.d, w.who, w.brand, p.ID)
	if err != nil || len(got.Body.Parts) != 1 || got.Excerpt != "" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := post.Schedule(ctx, w.d, w.who, w.brand, p.ID, 0, 0); !fault.Is(err, fault.Invalid) {
		t.Errorf("scheduling it: %v", err)
	}
}

// What is refused is refused whole: at a draft nothing is saved, at a save
// nothing changes.
func TestInputIsRefusedWhole(t *testing.T) {
	w := open(t)
	other := w.newBrand(t)
	foreign := w.newChannel(t, other, network.Limits{Text: 500})
	removed := w.newChannel(t, w.brand, network.Limits{Text: 500})
	w.exec(t, `UPDATE channel SET state = 'removed' WHERE id = $1`, removed)
	parts := func(ps ...post.Part) post.Input { return post.Input{Body: post.Body{Parts: ps}} }
	many := func(n int) (ids []string) {
		for range n {
			ids = append(ids, w.newMedia(t, w.brand))
		}
		return ids
	}
	m := many(1)[0]
	kept := w.draft(t, text("kept", w.a))
	for _, c := range []struct {
		name string
		in   post.Input
	}{
		{"broken UTF-8", text("a\xff")},
		{"a NUL", text("a\x00b")},
		{"an escape character", text("a\x1b[31m")},
		{"a C1 control", text("a\u0085b")},
		{"too long by one", text(strings.Repeat("👍", post.MostRunes+1))},
		{"too many parts", parts(make([]post.Part, post.MostParts+1)...)},
		{"too many pictures", parts(post.Part{Media: many(post.MostMedia + 1)})},
		{"a picture twice", parts(post.Part{Media: []string{m, m}})},
		{"a picture that is not there", parts(post.Part{Media: []string{"none"}})},
		{"another brand's picture", parts(post.Part{Media: []string{w.newMedia(t, other)}})},
		{"a comment alone", parts(post.Part{Kind: network.PartComment, Text: "x"})},
		{"a comment in the middle", parts(post.Part{Text: "a"}, post.Part{Kind: network.PartComment}, post.Part{Text: "b"})},
		{"an unknown kind", parts(post.Part{Kind: "poll"})},
		{"another brand's channel", text("x", foreign)},
		{"a channel that is not there", text("x", "none")},
		{"a removed channel", text("x", removed)},
		{"a channel twice", text("x", w.a, w.a)},
		{"a channel without a name", text("x", "")},
		{"a broken variant", post.Input{Variants: []post.Variant{{Channel: w.a, Body: &post.Body{Parts: []post.Part{{Text: "\x00"}}}}}}},
		{"a broken option", post.Input{Variants: []post.Variant{{Channel: w.a, Options: map[string]string{"k": "\x00"}}}}},
		{"an option of another network", post.Input{Variants: []post.Variant{{Channel: w.a, Options: map[string]string{"mood": "good"}}}}},
		{"an option where there is none", post.Input{Variants: []post.Variant{{Channel: w.b, Options: map[string]string{"warning": "x"}}}}},
		{"a choice that is none", post.Input{Variants: []post.Variant{{Channel: w.a, Options: map[string]string{"visibility": "secret"}}}}},
		{"a long warning", post.Input{Variants: []post.Variant{{Channel: w.a, Options: map[string]string{"warning": "eleven runes"}}}}},
		{"a language of no people", post.Input{Variants: []post.Variant{{Channel: w.a, Options: map[string]string{"language": "klingonese"}}}}},
		{"a time before time", post.Input{PlannedAt: -1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := post.Draft(ctx, w.d, w.who, w.brand, c.in); !fault.Is(err, fault.Invalid) {
				t.Errorf("draft: %v", err)
			}
			if _, err := post.Save(ctx, w.d, w.who, w.brand, kept.ID, 1, c.in); !fault.Is(err, fault.Invalid) {
				t.Errorf("save: %v", err)
			}
		})
	}
	all, _, err := post.List(ctx, w.d, w.who, w.brand, post.Filter{}, db.Page{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]post.Post{kept}, all); diff != "" {
		t.Error(diff)
	}
	if _, err := post.Draft(ctx, w.d, w.who, w.brand, text(strings.Repeat("👍", post.MostRunes))); err != nil {
		t.Errorf("the longest text: %v", err)
	}
}

func TestSave(t *testing.T) {
	w := open(t)
	m := w.newMedia(t, w.brand)
	p := w.draft(t, text("one", w.a))
	in := text("two", w.b)
	in.Body.Parts[0].Media = []string{m}
	p2, err := post.Save(ctx, w.d, w.who, w.brand, p.ID, 1, in)
	if err != nil || p2.Revision != 2 {
		t.Fatalf("%+v, %v", p2, err)
	}
	got, err := post.ByID(ctx, w.d, w.who, w.brand, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p2, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{w.b}, got.Channels()); diff != "" {
		t.Error(diff)
	}
	if same, err := post.Save(ctx, w.d, w.who, w.brand, p.ID, 2, in); err != nil || same.Revision != 2 {
		t.Errorf("saving the same: revision %d, %v", same.Revision, err)
	}
	in.PlannedAt = w.tomorrow()
	if timed, err := post.Save(ctx, w.d, w.who, w.brand, p.ID, 2, in); err != nil || timed.Revision != 2 || timed.PlannedAt != in.PlannedAt {
		t.Errorf("another time: %+v, %v", timed, err)
	}
	if _, err := post.Save(ctx, w.d, w.who, w.brand, p.ID, 1, text("late")); !fault.Is(err, fault.Conflict) {
		t.Errorf("an old revision: %v", err)
	}
}

func TestOfManySaversOneWins(t *testing.T) {
	w := open(t)
	p := w.draft(t, text("start", w.a))
	var won, lost atomic.Int64
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			_, err := post.Save(ctx, w.d, w.who, w.brand, p.ID, 1, text(fmt.Sprintf("by %d", i), w.a))
			switch {
			case err == nil:
				won.Add(1)
			case fault.Is(err, fault.Conflict):
				lost.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 || lost.Load() != 7 {
		t.Errorf("%d won and %d lost", won.Load(), lost.Load())
	}
}

func TestSchedule(t *testing.T) {
	w := open(t)
	p := w.draft(t, text("Hello", w.a, w.b))
	at := w.tomorrow()
	ds := w.schedule(t, p.ID, at)
	if len(ds) != 2 || ds[0].DueAt != at || ds[0].Revision != 1 || ds[0].Author != "acc" {
		t.Errorf("%+v", ds)
	}
	got, err := post.ByID(ctx, w.d, w.who, w.brand, p.ID)
	if err != nil || got.State != post.StateApproved || got.Approved != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := post.Schedule(ctx, w.d, w.who, w.brand, p.ID, 0, at); !fault.Is(err, fault.Conflict) {
		t.Errorf("again: %v", err)
	}
	now := w.draft(t, text("Now", w.a))
	if ds := w.schedule(t, now.ID, 0); ds[0].DueAt == 0 || ds[0].DueAt > w.d.Now() {
		t.Errorf("now is %v", ds[0].DueAt.Time())
	}
}

func TestScheduledTwiceAtOnceIsOnce(t *testing.T) {
	w := open(t)
	p := w.draft(t, text("Hello", w.a))
	var won atomic.Int64
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			_, err := post.Schedule(ctx, w.d, w.who, w.brand, p.ID, 0, 0)
			if err == nil {
				won.Add(1)
			} else if !fault.Is(err, fault.Conflict) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := w.count(t, `SELECT COUNT(*) FROM delivery WHERE post_id = $1`, p.ID); n != 1 || won.Load() != 1 {
		t.Errorf("%d deliveries, %d won", n, won.Load())
	}
}

func TestScheduleIsRefused(t *testing.T) {
	w := open(t)
	tired := w.newChannel(t, w.brand, network.Limits{Text: 500})
	w.exec(t, `UPDATE channel SET state = 'attention', state_reason = 'The token is dead.' WHERE id = $1`, tired)
	m := w.newMedia(t, w.brand)
	picture := post.Input{Body: post.Body{Parts: []post.Part{{Media: []string{m}}}}, Variants: []post.Variant{{Channel: w.a}}}
	withGone := w.draft(t, picture)
	w.exec(t, `UPDATE media SET deleted_at = 1 WHERE id = $1`, m)
	for _, c := range []struct {
		name string
		id   string
		at   db.Time
		says string
	}{
		{"no channel", w.draft(t, text("x")).ID, 0, "at least one channel"},
		{"nothing said", w.draft(t, text(" \n", w.a)).ID, 0, "Write something"},
		{"too long for one of two", w.draft(t, text("More than twenty characters", w.a, w.b)).ID, 0, "Shorten the text by 7"},
		{"a channel without access", w.draft(t, text("x", tired)).ID, 0, "The token is dead."},
		{"a deleted picture", withGone.ID, 0, "deleted"},
		{"in six years", w.draft(t, text("x", w.a)).ID, w.d.Now().Add(6 * 366 * 24 * time.Hour), "five years"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := post.Schedule(ctx, w.d, w.who, w.brand, c.id, 0, c.at)
			if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Text(err), c.says) {
				t.Errorf("got %v, want %q", err, c.says)
			}
		})
	}
	if n := w.count(t, `SELECT COUNT(*) FROM delivery`); n != 0 {
		t.Errorf("%d deliveries were made", n)
	}
	if n := w.count(t, `SELECT COUNT(*) FROM post WHERE state = 'approved'`); n != 0 {
		t.Errorf("%d posts were approved", n)
	}
}

func TestEditingAScheduledPost(t *testing.T) {
	w := open(t)
	third := w.newChannel(t, w.brand, network.Limits{Text: 500})
	for _, c := range []struct {
		name string
		set  delivery.State // of the delivery on a
		who  access.Role
		in   post.Input
		want fault.Kind
		then map[string]string
	}{
		{"its text", delivery.Scheduled, access.Owner, text("New", w.a, w.b), fault.Internal,
			map[string]string{w.a: "scheduled 2", w.b: "scheduled 2"}},
		{"a channel leaves", delivery.Scheduled, access.Owner, text("Old", w.b), fault.Internal,
			map[string]string{w.a: "cancelled 2", w.b: "scheduled 2"}},
		{"a channel comes", delivery.Scheduled, access.Owner, text("Old", w.a, w.b, third), fault.Internal,
			map[string]string{w.a: "scheduled 2", w.b: "scheduled 2", third: "scheduled 2"}},
		{"every channel leaves", delivery.Scheduled, access.Owner, text("Old"), fault.Invalid,
			map[string]string{w.a: "scheduled 1", w.b: "scheduled 1"}},
		{"too long for one", delivery.Scheduled, access.Owner, text("More than twenty characters", w.a, w.b), fault.Invalid,
			map[string]string{w.a: "scheduled 1", w.b: "scheduled 1"}},
		{"by one who may not publish", delivery.Scheduled, access.Creator, text("New", w.a, w.b), fault.Denied,
			map[string]string{w.a: "scheduled 1", w.b: "scheduled 1"}},
		{"while one is being sent", delivery.Sending, access.Owner, text("New", w.a, w.b), fault.Conflict,
			map[string]string{w.a: "sending 1", w.b: "scheduled 1"}},
		{"once one is out", delivery.Published, access.Owner, text("New", w.b), fault.Conflict,
			map[string]string{w.a: "published 1", w.b: "scheduled 1"}},
		{"the missed one follows", delivery.Missed, access.Owner, text("New", w.a, w.b), fault.Internal,
			map[string]string{w.a: "missed 2", w.b: "scheduled 2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := w.draft(t, text("Old", w.a, w.b))
			for _, d := range w.schedule(t, p.ID, w.tomorrow()) {
				if d.Channel == w.a {
					w.set(t, d.ID, c.set)
				}
			}
			got, err := post.Save(ctx, w.d, as(w.brand, c.who), w.brand, p.ID, 1, c.in)
			if c.want == fault.Internal && (err != nil || got.State != post.StateApproved || got.Approved != got.Revision) {
				t.Errorf("%+v, %v", got, err)
			}
			if c.want != fault.Internal && !fault.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if diff := cmp.Diff(c.then, w.states(t, p.ID)); diff != "" {
				t.Error(diff)
			}
			stored, err := post.ByID(ctx, w.d, w.who, w.brand, p.ID)
			if err != nil || (c.want == fault.Internal) != (stored.Revision == 2) {
				t.Errorf("stored revision %d, %v", stored.Revision, err)
			}
		})
	}
}

func TestUnschedule(t *testing.T) {
	w := open(t)
	for _, c := range []struct {
		name string
		set  delivery.State // of the delivery on a; "" leaves it
		want fault.Kind
		then map[string]string
		post string
	}{
		{"all of it", "", fault.Internal, map[string]string{w.a: "cancelled 1", w.b: "cancelled 1"}, post.StateDraft},
		{"the rest, once one is out", delivery.Published, fault.Internal, map[string]string{w.a: "published 1", w.b: "cancelled 1"}, post.StateApproved},
		{"not while one is claimed", delivery.Claimed, fault.Conflict, map[string]string{w.a: "claimed 1", w.b: "scheduled 1"}, post.StateApproved},
		{"not while one may be out", delivery.Unknown, fault.Conflict, map[string]string{w.a: "unknown 1", w.b: "scheduled 1"}, post.StateApproved},
		{"also what was missed", delivery.Missed, fault.Internal, map[string]string{w.a: "cancelled 1", w.b: "cancelled 1"}, post.StateDraft},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, at := w.draft(t, text("Old", w.a, w.b)), w.tomorrow()
			for _, d := range w.schedule(t, p.ID, at) {
				if d.Channel == w.a && c.set != "" {
					w.set(t, d.ID, c.set)
				}
			}
			got, err := post.Unschedule(ctx, w.d, w.who, w.brand, p.ID)
			if (c.want == fault.Internal) != (err == nil) || err != nil && !fault.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if diff := cmp.Diff(c.then, w.states(t, p.ID)); diff != "" {
				t.Error(diff)
			}
			stored, err := post.ByID(ctx, w.d, w.who, w.brand, p.ID)
			if err != nil || stored.State != c.post {
				t.Errorf("post is %s, %v; want %s", stored.State, err, c.post)
			}
			if c.post == post.StateDraft && (got.PlannedAt != at || got.Approved != 0) {
				t.Errorf("%+v", got)
			}
		})
	}
	p := w.draft(t, text("x", w.a))
	if _, err := post.Unschedule(ctx, w.d, w.who, w.brand, p.ID); !fault.Is(err, fault.Conflict) {
		t.Errorf("a draft: %v", err)
	}
	w.schedule(t, p.ID, w.tomorrow())
	if _, err := post.Unschedule(ctx, w.d, w.who, w.brand, p.ID); err != nil {
		t.Error(err)
	}
	w.schedule(t, p.ID, w.tomorrow())
}

func TestMove(t *testing.T) {
	w := open(t)
	at := w.tomorrow()
	p := w.draft(t, text("x", w.a))
	if got, err := post.Move(ctx, w.d, w.who, w.brand, p.ID, at); err != nil || got.PlannedAt != at || got.Revision != 1 {
		t.Errorf("a draft: %+v, %v", got, err)
	}
	ds := w.schedule(t, p.ID, at)
	later := at.Add(time.Hour)
	if _, err := post.Move(ctx, w.d, w.who, w.brand, p.ID, later); err != nil {
		t.Error(err)
	}
	if d, err := delivery.ByID(ctx, w.d, w.brand, ds[0].ID); err != nil || d.DueAt != later || d.RunAt != later {
		t.Errorf("%+v, %v", d, err)
	}
	if _, err := post.Move(ctx, w.d, w.who, w.brand, p.ID, 1); !fault.Is(err, fault.Invalid) {
		t.Errorf("into the past: %v", err)
	}
	if _, err := post.Move(ctx, w.d, as(w.brand, access.Creator), w.brand, p.ID, at); !fault.Is(err, fault.Denied) {
		t.Errorf("a scheduled one by a creator: %v", err)
	}
	w.set(t, ds[0].ID, delivery.Sending)
	if _, err := post.Move(ctx, w.d, w.who, w.brand, p.ID, at); !fault.Is(err, fault.Conflict) {
		t.Errorf("while sending: %v", err)
	}
}

func TestDuplicate(t *testing.T) {
	w := open(t)
	m := w.newMedia(t, w.brand)
	in := text("Again", w.a, w.b)
	in.Body.Parts[0].Media = []string{m}
	in.PlannedAt = w.tomorrow()
	p := w.draft(t, in)
	w.schedule(t, p.ID, 0)
	w.exec(t, `UPDATE channel SET state = 'removed' WHERE id = $1`, w.b)
	twin, err := post.Duplicate(ctx, w.d, w.who, w.brand, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p.Body, twin.Body); diff != "" {
		t.Error(diff)
	}
	if twin.ID == p.ID || twin.State != post.StateDraft || twin.PlannedAt != 0 {
		t.Errorf("%+v", twin)
	}
	if diff := cmp.Diff([]string{w.a}, twin.Channels()); diff != "" {
		t.Error(diff)
	}
}

func TestDeleteAndRestore(t *testing.T) {
	w := open(t)
	p := w.draft(t, text("x", w.a))
	at := w.tomorrow()
	ds := w.schedule(t, p.ID, at)
	w.set(t, ds[0].ID, delivery.Sending)
	if err := post.Delete(ctx, w.d, w.who, w.brand, p.ID); !fault.Is(err, fault.Conflict) {
		t.Errorf("while sending: %v", err)
	}
	w.set(t, ds[0].ID, delivery.Published)
	if err := post.Delete(ctx, w.d, w.who, w.brand, p.ID); !fault.Is(err, fault.Conflict) {
		t.Errorf("once out: %v", err)
	}
	w.set(t, ds[0].ID, delivery.Scheduled)
	if err := post.Delete(ctx, w.d, as(w.brand, access.Creator), w.brand, p.ID); !fault.Is(err, fault.Denied) {
		t.Errorf("a scheduled one by a creator: %v", err)
	}
	if err := post.Delete(ctx, w.d, w.who, w.brand, p.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := post.ByID(ctx, w.d, w.who, w.brand, p.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("still there: %v", err)
	}
	if diff := cmp.Diff(map[string]string{w.a: "cancelled 1"}, w.states(t, p.ID)); diff != "" {
		t.Error(diff)
	}
	back, err := post.Restore(ctx, w.d, w.who, w.brand, p.ID)
	if err != nil || back.State != post.StateDraft || back.PlannedAt != at || back.DeletedAt != 0 {
		t.Errorf("%+v, %v", back, err)
	}
	if all, _, err := post.List(ctx, w.d, w.who, w.brand, post.Filter{}, db.Page{}); err != nil || len(all) != 1 {
		t.Errorf("%d posts, %v", len(all), err)
	}
}

func TestCheck(t *testing.T) {
	w := open(t)
	in := text("Twenty-one characters", w.b, w.a)
	got, err := post.Check(ctx, w.d, w.who, w.brand, in)
	if err != nil {
		t.Fatal(err)
	}
	if got[0].Channel != w.b || !got[0].Blocked() || got[0].Problems[0].Code != "text_too_long" {
		t.Errorf("%+v", got[0])
	}
	if diff := cmp.Diff([]post.PartCheck{{Length: 21, Limit: 20, Unit: "characters"}}, got[0].Parts); diff != "" {
		t.Error(diff)
	}
	if got[1].Channel != w.a || got[1].Blocked() || len(got[1].Problems) != 0 {
		t.Errorf("%+v", got[1])
	}
	if n := w.count(t, `SELECT COUNT(*) FROM post`); n != 0 {
		t.Error("a check saved something")
	}
	if _, err := post.Check(ctx, w.d, w.who, w.brand, text("x", "none")); !fault.Is(err, fault.NotFound) {
		t.Errorf("an unknown channel: %v", err)
	}
}

func TestPermissions(t *testing.T) {
	w := open(t)
	other := w.newBrand(t)
	fresh := func() string { return w.draft(t, text("x", w.a)).ID }
	scheduled := func() string { id := fresh(); w.schedule(t, id, w.tomorrow()); return id }
	deleted := func() string {
		id := fresh()
		if err := post.Delete(ctx, w.d, w.who, w.brand, id); err != nil {
			t.Fatal(err)
		}
		return id
	}
	none := func() string { return "" }
	for _, a := range []struct {
		name   string
		action access.Action
		on     func() string
		do     func(who access.Who, brand, id string) error
	}{
		{"read", access.PostRead, fresh, func(who access.Who, b, id string) error { _, err := post.ByID(ctx, w.d, who, b, id); return err }},
		{"list", access.PostRead, none, func(who access.Who, b, _ string) error {
			_, _, err := post.List(ctx, w.d, who, b, post.Filter{}, db.Page{})
			return err
		}},
		{"planned", access.PostRead, none, func(who access.Who, b, _ string) error { _, err := post.Planned(ctx, w.d, who, b, 0, 1); return err }},
		{"check", access.PostRead, none, func(who access.Who, b, _ string) error {
			_, err := post.Check(ctx, w.d, who, b, text("x", w.a))
			return err
		}},
		{"draft", access.PostWrite, none, func(who access.Who, b, _ string) error { _, err := post.Draft(ctx, w.d, who, b, text("x")); return err }},
		{"save", access.PostWrite, fresh, func(who access.Who, b, id string) error {
			_, err := post.Save(ctx, w.d, who, b, id, 1, text("y"))
			return err
		}},
		{"duplicate", access.PostWrite, fresh, func(who access.Who, b, id string) error { _, err := post.Duplicate(ctx, w.d, who, b, id); return err }},
		{"delete", access.PostWrite, fresh, func(who access.Who, b, id string) error { return post.Delete(ctx, w.d, who, b, id) }},
		{"restore", access.PostWrite, deleted, func(who access.Who, b, id string) error { _, err := post.Restore(ctx, w.d, who, b, id); return err }},
		{"plan", access.PostWrite, fresh, func(who access.Who, b, id string) error {
			_, err := post.Move(ctx, w.d, who, b, id, w.tomorrow())
			return err
		}},
		{"schedule", access.PostPublish, fresh, func(who access.Who, b, id string) error {
			_, err := post.Schedule(ctx, w.d, who, b, id, 0, 0)
			return err
		}},
		{"unschedule", access.PostPublish, scheduled, func(who access.Who, b, id string) error {
			_, err := post.Unschedule(ctx, w.d, who, b, id)
			return err
		}},
	} {
		for _, role := range access.Roles {
			t.Run(a.name+" as "+string(role), func(t *testing.T) {
				err := a.do(as(w.brand, role), w.brand, a.on())
				if access.Allows(role, a.action) && err != nil {
					t.Errorf("refused: %v", err)
				}
				if !access.Allows(role, a.action) && !fault.Is(err, fault.Denied) {
					t.Errorf("got %v, want denied", err)
				}
			})
		}
		id := a.on()
		if err := a.do(as(other, access.Owner), w.brand, id); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s from another brand: %v, want not found", a.name, err)
		}
		if id == "" {
			continue
		}
		if err := a.do(as(other, access.Owner), other, id); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s as if it were the other brand's: %v, want not found", a.name, err)
		}
	}
}

func TestGrantOnNamedChannels(t *testing.T) {
	w := open(t)
	part := access.Who{Account: "p", Grants: []access.Grant{{Brand: w.brand, Role: access.Manager, Channels: []string{w.a}}}}
	if _, err := post.Draft(ctx, w.d, part, w.brand, text("x", w.b)); !fault.Is(err, fault.Denied) {
		t.Errorf("drafting for another channel: %v", err)
	}
	both := w.draft(t, text("x", w.a, w.b))
	if _, err := post.Schedule(ctx, w.d, part, w.brand, both.ID, 0, 0); !fault.Is(err, fault.Denied) {
		t.Errorf("publishing on another channel: %v", err)
	}
	if _, err := post.Save(ctx, w.d, part, w.brand, both.ID, 1, text("x", w.a)); !fault.Is(err, fault.Denied) {
		t.Errorf("taking another channel away: %v", err)
	}
	mine := w.draft(t, text("x", w.a))
	if _, err := post.Schedule(ctx, w.d, part, w.brand, mine.ID, 0, 0); err != nil {
		t.Errorf("its own channel: %v", err)
	}
}

func TestListFiltersAndPages(t *testing.T) {
	w := open(t)
	start := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	titles := []string{"Kaffee ÄPFEL", "100% Arabica", "北京的咖啡", "under_score", "plain", "kaffee again"}
	ids := map[string]string{}
	for i, s := range titles {
		w.d.SetClock(start.Add(time.Duration(i/2) * time.Second)) // pairs share a time
		c := w.a
		if i == 4 {
			c = w.b
		}
		ids[s] = w.draft(t, text(s, c)).ID
	}
	w.schedule(t, ids["100% Arabica"], w.tomorrow())
	missed := w.schedule(t, ids["plain"], w.tomorrow())
	w.set(t, missed[0].ID, delivery.Missed)
	q := dbtest.Indexed(t, w.d)
	for _, c := range []struct {
		name string
		f    post.Filter
		want []string
	}{
		{"everything", post.Filter{}, []string{"kaffee again", "plain", "100% Arabica", "under_score", "北京的咖啡", "Kaffee ÄPFEL"}},
		{"drafts", post.Filter{State: post.StateDraft}, []string{"kaffee again", "under_score", "北京的咖啡", "Kaffee ÄPFEL"}},
		{"scheduled", post.Filter{State: "scheduled"}, []string{"100% Arabica"}},
		{"missed", post.Filter{State: "missed"}, []string{"plain"}},
		{"one channel", post.Filter{Channel: w.b}, []string{"plain"}},
		{"a word in any case", post.Filter{Query: "KAFFEE"}, []string{"kaffee again", "Kaffee ÄPFEL"}},
		{"with an umlaut", post.Filter{Query: "äpfel"}, []string{"Kaffee ÄPFEL"}},
		{"two letters of Chinese", post.Filter{Query: "咖啡"}, []string{"北京的咖啡"}},
		{"a per cent sign is itself", post.Filter{Query: "0%"}, []string{"100% Arabica"}},
		{"an underscore is itself", post.Filter{Query: "r_s"}, []string{"under_score"}},
		{"what is not said anywhere", post.Filter{Query: "parts"}, nil},
		{"garbage", post.Filter{Query: "\x00\xff"}, []string{"kaffee again", "plain", "100% Arabica", "under_score", "北京的咖啡", "Kaffee ÄPFEL"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			page := db.Page{Limit: 2}
			for {
				ps, next, err := post.List(ctx, q, w.who, w.brand, c.f, page)
				if err != nil {
					t.Fatal(err)
				}
				for _, p := range ps {
					got = append(got, p.Excerpt)
				}
				if page.After = next; next == "" {
					break
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	if _, _, err := post.List(ctx, w.d, w.who, w.brand, post.Filter{State: "nonsense"}, db.Page{}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a made-up state: %v", err)
	}
}

func TestPlannedAndByIDs(t *testing.T) {
	w := open(t)
	at := w.tomorrow()
	in := text("wished", w.a)
	in.PlannedAt = at
	p := w.draft(t, in)
	w.draft(t, text("not"))
	q := dbtest.Indexed(t, w.d)
	got, err := post.Planned(ctx, q, w.who, w.brand, at, at+1)
	if err != nil || len(got) != 1 || got[0].ID != p.ID || len(got[0].Variants) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := post.Planned(ctx, q, w.who, w.brand, at+1, at+2); err != nil || len(got) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if m, err := post.ByIDs(ctx, q, w.brand, []string{p.ID, "none"}); err != nil || len(m) != 1 {
		t.Errorf("%v, %v", m, err)
	}
}

// A picture is deleted in the moment a post with it is scheduled: one of the
// two is refused.
func TestSchedulingAgainstDeletingItsPicture(t *testing.T) {
	w := open(t)
	lib := &media.Library{DB: w.d}
	for range 6 {
		in := text("x", w.a)
		in.Body.Parts[0].Media = []string{w.newMedia(t, w.brand)}
		p := w.draft(t, in)
		var scheduled, deleted error
		var wg sync.WaitGroup
		wg.Go(func() { _, scheduled = post.Schedule(ctx, w.d, w.who, w.brand, p.ID, 0, 0) })
		wg.Go(func() { deleted = lib.Delete(ctx, w.who, w.brand, in.Body.Parts[0].Media[0]) })
		wg.Wait()
		if (scheduled == nil) == (deleted == nil) {
			t.Errorf("scheduled: %v, deleted: %v; want exactly one refused", scheduled, deleted)
		}
	}
}

// A channel is removed in the moment a post for it is scheduled: nothing stays
// scheduled on a channel that is gone.
func TestSchedulingAgainstRemovingItsChannel(t *testing.T) {
	w := open(t)
	cs := &channel.Channels{DB: w.d}
	for range 6 {
		c := w.newChannel(t, w.brand, network.Limits{Text: 500})
		p := w.draft(t, text("x", c))
		var scheduled, removed error
		var wg sync.WaitGroup
		wg.Go(func() { _, scheduled = post.Schedule(ctx, w.d, w.who, w.brand, p.ID, 0, 0) })
		wg.Go(func() { removed = cs.Remove(ctx, w.who, w.brand, c, false) })
		wg.Wait()
		if (scheduled == nil) == (removed == nil) {
			t.Errorf("scheduled: %v, removed: %v; want exactly one refused", scheduled, removed)
		}
	}
}

// An option reaches the network as it was set, empty ones are none, and a
// warning takes up room.
func TestOptions(t *testing.T) {
	w := open(t)
	in := text("Hello", w.a)
	in.Variants[0].Options = map[string]string{"warning": " Food ", "visibility": "", "language": "pt-BR"}
	p := w.draft(t, in)
	want := map[string]string{"warning": "Food", "language": "pt-BR"}
	items := p.ItemsFor(w.a, "en", nil)
	if diff := cmp.Diff(want, items[0].Options); diff != "" || items[0].Language != "pt-BR" {
		t.Error(diff, items[0].Language)
	}
	got, err := post.Check(ctx, w.d, w.who, w.brand, p.Input())
	if err != nil || got[0].Parts[0].Length != len("Hello")+len("Food") {
		t.Errorf("%+v, %v", got, err)
	}
	in.Body.Parts[0].Text = strings.Repeat("x", 497)
	if got, err = post.Check(ctx, w.d, w.who, w.brand, in); err != nil || !got[0].Blocked() {
		t.Errorf("%+v, %v", got, err)
	}
}

// What another tab saved in between is not approved unseen.
func TestScheduleApprovesOnlyWhatWasSeen(t *testing.T) {
	w := open(t)
	p := w.draft(t, text("Seen", w.a))
	newer, err := post.Save(ctx, w.d, w.who, w.brand, p.ID, p.Revision, text("Unseen", w.a))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := post.Schedule(ctx, w.d, w.who, w.brand, p.ID, p.Revision, 0); !fault.Is(err, fault.Conflict) {
		t.Errorf("got %v", err)
	}
	if got := w.states(t, p.ID); len(got) != 0 {
		t.Errorf("scheduled: %v", got)
	}
	if _, err := post.Schedule(ctx, w.d, w.who, w.brand, p.ID, newer.Revision, 0); err != nil {
		t.Error(err)
	}
}

// What another program published is history: it is not edited and not sent
// again, also once it is gone from its network. A copy is a post like any.
func TestWhatWasBroughtOverStays(t *testing.T) {
	w := open(t)
	p := w.draft(t, text("From elsewhere", w.a))
	w.exec(t, `UPDATE post SET origin = 'imported' WHERE id = $1`, p.ID)
	if _, err := post.Save(ctx, w.d, w.who, w.brand, p.ID, p.Revision, text("Changed", w.a)); !fault.Is(err, fault.Conflict) {
		t.Errorf("changed: %v", err)
	}
	if _, err := post.Schedule(ctx, w.d, w.who, w.brand, p.ID, 0, 0); !fault.Is(err, fault.Conflict) {
		t.Errorf("sent: %v", err)
	}
	copied, err := post.Duplicate(ctx, w.d, w.who, w.brand, p.ID)
	if err != nil || copied.Origin != "" {
		t.Errorf("copied: %+v, %v", copied, err)
	}
}
