package topic_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/fault"
	"rapport/internal/member"
	"rapport/internal/space"
	"rapport/internal/topic"
)

func TestReactionsCountOnce(t *testing.T) {
	w := open(t)
	s := w.begin("ada", "talk", "Hello")
	for _, feeling := range []string{"heart", "heart", "party"} {
		must(0, topic.React(ctx, w.d, w.voice("bo"), s.Reply.ID, feeling, true))(t)
	}
	must(0, topic.React(ctx, w.d, w.voice("here"), s.Reply.ID, "heart", true))(t)
	if got, want := w.reply(s).Reactions, (topic.Reactions{{"heart", 2}, {"party", 1}}); !slices.Equal(got, want) || w.topic(s).Heat != 3 {
		t.Errorf("%v, heat %d", got, w.topic(s).Heat)
	}
	for range 2 {
		must(0, topic.React(ctx, w.d, w.voice("bo"), s.Reply.ID, "heart", false))(t)
	}
	if got := w.reply(s).Reactions; got.Total() != 2 || w.topic(s).Heat != 2 {
		t.Errorf("%v, heat %d", got, w.topic(s).Heat)
	}
	if got := w.own("bo", s); !slices.Equal(got.Felt[s.Reply.ID], []string{"party"}) {
		t.Errorf("%+v", got)
	}
	w.is(topic.React(ctx, w.d, w.voice("bo"), s.Reply.ID, "angry", true), fault.Invalid, "reaction")
	w.recount()
}

func TestAnAcceptedAnswerIsToTheCreditOfItsAuthor(t *testing.T) {
	w := open(t)
	s := w.begin("ada", "ask", "Question")
	one, two := w.say("bo", s, "One"), w.say("here", s, "Two")
	solved := func(want ...int64) {
		t.Helper()
		if got := []int64{w.voice("bo").Member.Solved, w.voice("here").Member.Solved}; !slices.Equal(got, want) {
			t.Errorf("solved %v, want %v", got, want)
		}
		w.recount()
	}
	accept := func(r topic.Said, yes bool) {
		t.Helper()
		must(topic.Accept(ctx, w.d, w.voice("ada"), r.Reply.ID, yes))(t)
	}
	accept(one, true)
	accept(one, true)
	solved(1, 0)
	accept(two, true)
	solved(0, 1)
	accept(one, false) // which is not the accepted one
	solved(0, 1)
	w.decide("here", two, topic.Hide)
	solved(0, 0)
	if got := w.topic(s); got.Answer != "" || got.SolvedAt != 0 {
		t.Errorf("%+v", got)
	}
	accept(one, true)
	must(0, topic.Move(ctx, w.d, w.voice("manager"), s.Topic.ID, w.space["talk"].ID))(t)
	solved(0, 0)
	_, err := topic.Accept(ctx, w.d, w.voice("ada"), one.Reply.ID, true)
	w.is(err, fault.Invalid, "Only a question")
	_, err = topic.Accept(ctx, w.d, w.voice("ada"), w.begin("ada", "ask", "Q").Reply.ID, true)
	w.is(err, fault.Invalid, "question itself")
}

func TestFollowing(t *testing.T) {
	w := open(t)
	s := w.begin("ada", "talk", "Hello")
	w.say("bo", s, "Hi")
	follow := func(name, subject string, l topic.Level) {
		t.Helper()
		must(0, topic.Follow(ctx, w.d, w.voice(name), subject, l))(t)
	}
	watchers := func(want ...string) {
		t.Helper()
		var got []string
		for _, id := range must(topic.Watchers(ctx, dbtest.Indexed(t, w.d), w.topic(s)))(t) {
			got = append(got, must(member.ByID(ctx, w.d, "b", id))(t).Handle)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	}
	watchers("ada", "bo")
	follow("manager", w.space["talk"].ID, topic.Watch)
	follow("newbie", w.space["talk"].ID, topic.Watch)
	follow("newbie", s.Topic.ID, topic.Mute)
	follow("bo", s.Topic.ID, topic.Usual)
	w.say("bo", s, "Again") // does not make them follow anew
	watchers("ada", "manager")
	follow("ada", w.space["talk"].ID, topic.Mute)
	follow("newbie", w.space["talk"].ID, topic.Mute)
	muted := must(topic.Muted(ctx, w.d, w.topic(s)))(t)
	if !muted[w.voice("newbie").Member.ID] || muted[w.voice("ada").Member.ID] || len(muted) != 1 {
		t.Errorf("%v", muted)
	}
	v := w.voice("newbie")
	must(0, topic.Seen(ctx, w.d, v, w.topic(s), 2, 0))(t)
	must(0, topic.Seen(ctx, w.d, v, w.topic(s), 1, 0))(t)
	if got := must(topic.FollowingOf(ctx, w.d, v, []string{s.Topic.ID}))(t)[s.Topic.ID]; got.Seen != 2 || got.Level != topic.Mute {
		t.Errorf("%+v", got)
	}
	if got := w.own("newbie", s).Following; got.Seen != 2 || got.Level != topic.Mute {
		t.Errorf("%+v", got)
	}
	w.is(topic.Follow(ctx, w.d, v, s.Topic.ID, "loud"), fault.Invalid, "")
	w.is(topic.Follow(ctx, w.d, v, db.NewID(), topic.Watch), fault.NotFound, "")
}

func TestDrafts(t *testing.T) {
	w := open(t)
	s := w.begin("ada", "talk", "Hello")
	v := w.voice("bo")
	for _, text := range []string{"One", "Two\x00"} {
		must(0, topic.KeepDraft(ctx, w.d, v, topic.Draft{Topic: s.Topic.ID, Text: text}))(t)
	}
	must(0, topic.KeepDraft(ctx, w.d, v, topic.Draft{Space: w.space["ask"].ID, Title: "T", Text: "New"}))(t)
	if got := w.own("bo", s); got.Draft.Text != "Two" {
		t.Errorf("%+v", got)
	}
	if got := must(topic.DraftOf(ctx, w.d, v, s.Topic.ID))(t); got.Text != "Two" {
		t.Errorf("%+v", got)
	}
	if got := must(topic.DraftOf(ctx, w.d, v, ""))(t); got.Text != "New" || got.Title != "T" || got.Space != w.space["ask"].ID {
		t.Errorf("%+v", got)
	}
	if got := must(topic.DraftOf(ctx, w.d, w.voice("ada"), s.Topic.ID))(t); got.Text != "" {
		t.Error("a draft is another's")
	}
	must(0, topic.KeepDraft(ctx, w.d, v, topic.Draft{Topic: s.Topic.ID}))(t)
	must(0, topic.ForgetDraft(ctx, w.d, v, ""))(t)
	if n := w.count(`SELECT COUNT(*) FROM topic_draft`); n != 0 {
		t.Errorf("%d drafts", n)
	}
	w.is(topic.KeepDraft(ctx, w.d, v, topic.Draft{Text: strings.Repeat("x", 300_000)}), fault.Invalid, "too long")
	w.is(topic.KeepDraft(ctx, w.d, v, topic.Draft{Topic: "anywhere", Text: "x"}), fault.NotFound, "")
	w.is(topic.KeepDraft(ctx, w.d, v, topic.Draft{Space: "anywhere", Text: "x"}), fault.NotFound, "")
	w.is(topic.KeepDraft(ctx, w.d, w.voice("visitor"), topic.Draft{Text: "x"}), fault.Denied, "")
}

// titles reads a list whole, so many to a page, each query served by an index.
func titles[T any](t *testing.T, read func(db.Page) ([]T, string, error), name func(T) string) (out []string) {
	t.Helper()
	for page := (db.Page{Limit: 2}); ; {
		some, next, err := read(page)
		if err != nil || len(some) > 2 {
			t.Fatal(len(some), err)
		}
		for _, one := range some {
			out = append(out, name(one))
		}
		if page.After = next; next == "" {
			return out
		}
	}
}

func TestLists(t *testing.T) {
	w := open(t)
	q := dbtest.Indexed(t, w.d)
	old := w.begin("ada", "talk", "Old")
	w.now = w.now.Add(10 * 24 * time.Hour)
	a, b, c := w.begin("ada", "talk", "A"), w.begin("bo", "ask", "B"), w.begin("ada", "inner", "C")
	w.begin("newbie", "talk", "Waits")
	ra := w.say("bo", a, "Reply to A")
	w.say("bo", old, "Reply to Old")
	must(0, topic.React(ctx, w.d, w.voice("bo"), a.Reply.ID, "heart", true))(t)
	w.say("ada", b, "Reply to B")
	w.decide("here", w.begin("ada", "talk", "Hidden"), topic.Hide)
	must(0, topic.Pin(ctx, w.d, w.voice("here"), a.Topic.ID, true))(t)
	all := must(space.List(ctx, w.d, "b"))(t)
	for _, c := range []struct {
		name, who string
		f         topic.Filter
		want      string
	}{
		{"latest of a visitor", "visitor", topic.Filter{}, "B Old A"},
		{"latest of a member", "ada", topic.Filter{View: topic.Latest}, "B Old A C"},
		{"a space", "ada", topic.Filter{Space: w.space["talk"].ID}, "Old A"},
		{"a hidden space for a visitor", "visitor", topic.Filter{Space: w.space["inner"].ID}, ""},
		{"unanswered", "ada", topic.Filter{View: topic.Unanswered}, "C"},
		{"unanswered of a visitor", "visitor", topic.Filter{View: topic.Unanswered}, ""},
		{"top of the week", "ada", topic.Filter{View: topic.Top}, "A B C"},
		{"top ever", "visitor", topic.Filter{View: topic.Top, Period: topic.Ever}, "A B Old"},
		{"top of a month in a space", "visitor", topic.Filter{View: topic.Top, Period: topic.Month, Space: w.space["ask"].ID}, "B"},
		{"followed", "bo", topic.Filter{View: topic.Followed}, "B Old A"},
	} {
		got := titles(t, func(p db.Page) ([]topic.Line, string, error) { return topic.List(ctx, q, w.voice(c.who), all, c.f, p) },
			func(l topic.Line) string { return strings.TrimPrefix(l.Title, "About ") })
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", c.name, got, c.want)
		}
	}
	by := titles(t, func(p db.Page) ([]topic.Line, string, error) {
		return topic.By(ctx, q, w.voice("visitor"), all, a.Topic.Author, p)
	}, func(l topic.Line) string { return l.Title })
	said := titles(t, func(p db.Page) ([]topic.Spoken, string, error) {
		return topic.SaidBy(ctx, q, w.voice("visitor"), all, b.Topic.Author, p)
	}, func(s topic.Spoken) string { return s.In.Title })
	if diff := cmp.Diff([][]string{{"About A", "About Old"}, {"About Old", "About A"}}, [][]string{by, said}); diff != "" {
		t.Error(diff)
	}
	if pinned := must(topic.Pinned(ctx, q, "b", w.space["talk"].ID))(t); len(pinned) != 1 || pinned[0].Title != "About A" {
		t.Errorf("%v", pinned)
	}
	v := w.voice("ada")
	for _, r := range []topic.Said{a, ra, c} {
		w.tick()
		must(0, topic.Bookmark(ctx, w.d, v, r.Reply.ID, true))(t)
		must(0, topic.Bookmark(ctx, w.d, v, r.Reply.ID, true))(t)
	}
	kept := titles(t, func(p db.Page) ([]topic.Spoken, string, error) { return topic.Bookmarks(ctx, q, v, all, p) },
		func(s topic.Spoken) string { return fmt.Sprint(s.In.Title, s.Number) })
	if diff := cmp.Diff([]string{"About C1", "About A2", "About A1"}, kept); diff != "" {
		t.Error(diff)
	}
	must(0, topic.Bookmark(ctx, w.d, v, ra.Reply.ID, false))(t)
	shown := must(topic.Replies(ctx, q, v, w.topic(a), 1))(t)
	if got := must(topic.OwnOn(ctx, q, v, w.topic(a), shown))(t); len(got.Kept) != 1 || !got.Kept[a.Reply.ID] {
		t.Errorf("%+v", got)
	}
	for _, f := range []topic.Filter{{View: "odd"}, {View: topic.Top, Period: "odd"}} {
		_, _, err := topic.List(ctx, w.d, v, all, f, db.Page{})
		w.is(err, fault.Invalid, "")
	}
	_, _, err := topic.List(ctx, w.d, w.voice("visitor"), all, topic.Filter{View: topic.Followed}, db.Page{})
	w.is(err, fault.Denied, "Sign in")
}

func TestCases(t *testing.T) {
	w := open(t)
	q := dbtest.Indexed(t, w.d)
	one, two := w.begin("newbie", "talk", "One"), w.begin("newbie", "ask", "Two")
	s := w.begin("ada", "talk", "Fine")
	for _, name := range []string{"bo", "here", "bo"} {
		must(0, topic.Complain(ctx, w.d, w.voice(name), s.Reply.ID, topic.Spam, "Look"))(t)
	}
	cases := func(who string, which topic.Queue) []string {
		return titles(t, func(p db.Page) ([]topic.Case, string, error) { return topic.Cases(ctx, q, w.who[who], "b", which, p) },
			func(c topic.Case) string {
				return fmt.Sprint(c.Topic.Title, " by ", c.Author.Handle, " ", len(c.Flags))
			})
	}
	if diff := cmp.Diff([]string{"About One by newbie 0", "About Two by newbie 0"}, cases("here", topic.ToApprove)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"About Fine by ada 2"}, cases("manager", topic.Flagged)); diff != "" {
		t.Error(diff)
	}
	if got := slices.Concat(cases("elsewhere", topic.ToApprove), cases("elsewhere", topic.Flagged)); len(got) != 0 {
		t.Errorf("who looks after another space sees %v", got)
	}
	if got := must(topic.CaseCounts(ctx, q, w.who["here"], "b"))(t); got[topic.ToApprove] != 2 || got[topic.Flagged] != 1 {
		t.Errorf("%v", got)
	}
	if got := must(topic.CaseCounts(ctx, q, w.who["ada"], "b"))(t); len(got) != 0 {
		t.Errorf("a member sees %v", got)
	}
	w.decide("here", s, topic.Keep)
	w.decide("here", one, topic.Decline)
	w.decide("here", two, topic.Decline)
	if got := slices.Concat(cases("manager", topic.ToApprove), cases("manager", topic.Flagged)); len(got) != 0 {
		t.Errorf("%v", got)
	}
	for act, n := range map[string]int64{"reply.kept": 1, "reply.declined": 2} {
		if got := w.count(`SELECT COUNT(*) FROM audit WHERE act = $1`, act); got != n {
			t.Errorf("%s stands in the log %d times", act, got)
		}
	}
	_, _, err := topic.Cases(ctx, w.d, access.Who{Account: "ada"}, "b", topic.Flagged, db.Page{})
	w.is(err, fault.NotFound, "")
	w.recount()
}

func TestRepliesAtTheSameTimeAreNumberedWithoutAGap(t *testing.T) {
	w := open(t)
	s := w.begin("ada", "talk", "Hello")
	voices := []member.Voice{w.voice("bo"), w.voice("here"), w.voice("manager"), w.voice("ada")}
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			if _, err := topic.Say(ctx, w.d, voices[i%4], s.Topic.ID, "x", 0, fmt.Sprint(i/8)); err != nil {
				t.Error(err)
			}
			if err := topic.React(ctx, w.d, voices[i%3], s.Reply.ID, topic.Feelings[i%2].Name, true); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := w.topic(s); got.LastNumber != 9 || got.Replies != 8 {
		t.Errorf("%+v", got)
	}
	w.recount()
}

func TestTheSameFormAndTheSameChangeAtOnce(t *testing.T) {
	w := open(t)
	ada, bo := w.voice("ada"), w.voice("bo")
	s := w.begin("ada", "talk", "Hello")
	w.tick()
	changed := make(chan error, 4)
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			if _, err := topic.Begin(ctx, w.d, ada, topic.New{Space: w.space["ask"].ID, Title: "Twice", Text: "x", Once: "form"}); err != nil {
				t.Error(err)
			}
			if _, err := topic.Say(ctx, w.d, bo, s.Topic.ID, "x", 0, "form"); err != nil {
				t.Error(err)
			}
			_, err := topic.Change(ctx, w.d, ada, s.Reply.ID, topic.Edit{Revision: 1, Text: fmt.Sprint("Other ", i)})
			changed <- err
		})
	}
	all.Wait()
	done := 0
	for range 4 {
		if err := <-changed; err == nil {
			done++
		} else {
			w.is(err, fault.Conflict, "another window")
		}
	}
	if n := w.count(`SELECT COUNT(*) FROM reply`); n != 3 || done != 1 {
		t.Errorf("%d replies, %d changes", n, done)
	}
	w.recount()
}

func TestRedrawnAsItWas(t *testing.T) {
	w := open(t)
	s := w.begin("ada", "talk", "Hello *you*, @bo")
	must(0, topic.React(ctx, w.d, w.voice("bo"), s.Reply.ID, "heart", true))(t)
	was, head := w.reply(s), w.topic(s)
	w.exec(`UPDATE reply SET html = '', reactions = ''`)
	w.exec(`UPDATE topic SET excerpt = ''`)
	err := w.d.Tx(ctx, func(tx *db.Tx) error {
		next, err := topic.Reindex(ctx, tx, "b", "", 1)
		if err == nil && next != "" {
			next, err = topic.Reindex(ctx, tx, "b", next, 1)
		}
		if next != "" {
			t.Error("there is more than there is")
		}
		return err
	})
	if diff := cmp.Diff(was, w.reply(s)); err != nil || diff != "" || w.topic(s).Excerpt != head.Excerpt {
		t.Error(err, diff, w.topic(s).Excerpt)
	}
}

// own is what is a member's own on the first page of a topic.
func (w *world) own(who string, s topic.Said) topic.Own {
	w.t.Helper()
	v, t := w.voice(who), w.topic(s)
	return must(topic.OwnOn(ctx, w.d, v, t, must(topic.Replies(ctx, w.d, v, t, 1))(w.t)))(w.t)
}
