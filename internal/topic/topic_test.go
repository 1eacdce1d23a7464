package topic_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/document"
	"rapport/internal/fault"
	"rapport/internal/member"
	"rapport/internal/search"
	"rapport/internal/space"
	"rapport/internal/topic"
)

var ctx = context.Background()

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// world is a brand's community with its spaces and some who take part.
type world struct {
	t     *testing.T
	d     *db.DB
	now   time.Time
	space map[string]space.Space // talk, ask, news, inner, shut
	who   map[string]access.Who
}

func open(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, d: dbtest.Open(t), now: start, space: map[string]space.Space{}, who: map[string]access.Who{}}
	w.d.SetClock(start)
	for _, b := range []string{"b", "other"} {
		w.exec(`INSERT INTO brand (id, slug, name, color, zone, created_at) VALUES ($1, $1, 'North', '#000000', 'UTC', 1)`, b)
	}
	w.grant("owner", access.Owner)
	for _, s := range []struct {
		name   string
		kind   space.Kind
		hidden bool
	}{{"talk", space.Discussion, false}, {"ask", space.Questions, false}, {"news", space.Announcements, false}, {"inner", space.Discussion, true}, {"shut", space.Discussion, false}} {
		w.space[s.name] = must(space.Create(ctx, w.d, w.who["owner"], "b", space.Settings{Name: s.name, Kind: s.kind, Hidden: s.hidden}))(t)
	}
	w.grant("manager", access.Community)
	w.grant("here", access.Moderator, w.space["talk"].ID, w.space["ask"].ID, w.space["inner"].ID, w.space["shut"].ID)
	w.grant("elsewhere", access.Moderator, w.space["news"].ID)
	for _, name := range []string{"owner", "manager", "here", "elsewhere"} {
		w.join(name, member.Active, true)
	}
	for _, name := range []string{"ada", "bo", "suspended"} {
		w.join(name, member.Active, true)
	}
	w.join("newbie", member.Active, false)
	w.join("asking", member.Asking, false)
	must(member.Decide(ctx, w.d, w.who["owner"], "b", w.voice("suspended").Member.ID, member.Suspended, "Rude"))(t)
	w.who["visitor"] = access.Who{}
	return w
}

// must gives a value or ends the test.
func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (w *world) exec(text string, args ...any) {
	w.t.Helper()
	if _, err := w.d.ExecContext(ctx, text, args...); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) grant(name string, role access.Role, spaces ...string) {
	w.who[name] = access.Who{Account: name, Name: name, Grants: []access.Grant{{Brand: "b", Role: role, Channels: spaces}}}
}

func (w *world) join(name string, state member.State, trusted bool) {
	w.t.Helper()
	if _, there := w.who[name]; !there {
		w.who[name] = access.Who{Account: name, Name: name}
	}
	err := w.d.Tx(ctx, func(tx *db.Tx) error {
		_, err := member.Create(ctx, tx, "b", member.New{Account: name, Handle: handleOf(name), Name: name, State: state, Trusted: trusted})
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// handleOf is the name, or another where that would speak for the house.
func handleOf(name string) string {
	return strings.NewReplacer("owner", "olga", "here", "hera", "elsewhere", "elsa").Replace(name)
}

// voice is the member as they are now.
func (w *world) voice(name string) member.Voice {
	w.t.Helper()
	return must(member.Of(ctx, w.d, w.who[name], "b"))(w.t)
}

func (w *world) tick() {
	w.now = w.now.Add(time.Minute)
	w.d.SetClock(w.now)
}

func (w *world) begin(name, place, text string) topic.Said {
	w.t.Helper()
	w.tick()
	return must(topic.Begin(ctx, w.d, w.voice(name), topic.New{Space: w.space[place].ID, Title: "About " + strings.Fields(text)[0], Text: text}))(w.t)
}

func (w *world) say(name string, to topic.Said, text string) topic.Said {
	w.t.Helper()
	w.tick()
	return must(topic.Say(ctx, w.d, w.voice(name), to.Topic.ID, text, 0, ""))(w.t)
}

func (w *world) decide(name string, r topic.Said, act topic.Act) topic.Said {
	w.t.Helper()
	w.tick()
	return must(topic.Decide(ctx, w.d, w.who[name], "b", r.Reply.ID, topic.AsItIs, act, "", "Because"))(w.t)
}

func (w *world) topic(s topic.Said) topic.Topic {
	w.t.Helper()
	return must(topic.ByID(ctx, w.d, "b", s.Topic.ID))(w.t)
}

func (w *world) reply(s topic.Said) topic.Reply {
	w.t.Helper()
	return must(topic.ReplyByID(ctx, w.d, "b", s.Reply.ID))(w.t)
}

func (w *world) is(err error, kind fault.Kind, words string) {
	w.t.Helper()
	if err == nil || !fault.Is(err, kind) || !strings.Contains(err.Error()+fmt.Sprint(fault.Fields(err)), words) {
		w.t.Errorf("%v, want %v with %q", err, kind, words)
	}
}

func (w *world) count(query string, args ...any) (n int64) {
	w.t.Helper()
	if err := w.d.QueryRowContext(ctx, query, args...).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

func (w *world) events(kind string) int64 {
	return w.count(`SELECT COUNT(*) FROM outbox WHERE kind = $1`, kind)
}

func TestBeginAndReply(t *testing.T) {
	w := open(t)
	s := must(topic.Begin(ctx, w.d, w.voice("ada"), topic.New{Space: w.space["ask"].ID, Title: "  Grinder\n for Äpfel? ", Text: "Which *one*, @bo?", Once: "f1"}))(t)
	if s.Waits() || s.Topic.Title != "Grinder for Äpfel?" || s.Topic.Path() != "/t/grinder-for-apfel/1" || s.Topic.Excerpt != "Which one, @bo?" {
		t.Errorf("%+v", s.Topic)
	}
	if want := `<p>Which <em>one</em>, <a class="mention" href="../../u/bo">@bo</a>?</p>`; s.Reply.HTML != want {
		t.Errorf("%s", s.Reply.HTML)
	}
	again := must(topic.Begin(ctx, w.d, w.voice("ada"), topic.New{Space: w.space["ask"].ID, Title: "Grinder?", Text: "Which one?", Once: "f1"}))(t)
	if again.Topic.ID != s.Topic.ID || w.count(`SELECT COUNT(*) FROM topic`) != 1 {
		t.Error("what was sent twice is there twice")
	}
	r := must(topic.Say(ctx, w.d, w.voice("bo"), s.Topic.ID, "The **big** one", 0, "f1"))(t)
	twice := must(topic.Say(ctx, w.d, w.voice("bo"), s.Topic.ID, "The big one", 0, "f1"))(t)
	if r.Reply.Number != 2 || twice.Reply.ID != r.Reply.ID {
		t.Errorf("%d, %v", r.Reply.Number, twice.Reply)
	}
	to := must(topic.Say(ctx, w.d, w.voice("ada"), s.Topic.ID, "Thanks", 2, ""))(t)
	if got := w.topic(s); to.Reply.Answers != 2 || got.Replies != 2 || got.Heat != 2 || got.LastBy != w.voice("ada").Member.ID || got.AnsweredAt == 0 {
		t.Errorf("%+v", got)
	}
	if w.events("topic.begun") != 1 || w.events("reply.added") != 2 {
		t.Error("the program was told of it too often, or not at all")
	}
}

func TestWhatCannotBeWritten(t *testing.T) {
	w := open(t)
	s := w.begin("ada", "talk", "Hello")
	for _, c := range []struct{ title, text, words string }{
		{"", "x", "title"}, {"\u200b", "x", "title"}, {strings.Repeat("x", topic.LongestTitle+1), "x", "Shorten the title"}, {"a\u202eb", "x", "title holds"}, {"a\x00b", "x", "title holds"}, {"a\xff", "x", "title holds"},
		{"x", " \n", "Write something"}, {"x", strings.Repeat("x", 32_001), "Shorten this"}, {"x", "a\x00b", "cannot be kept"}, {"x", "\xff", "cannot be kept"}, {"", "", "Write something"},
	} {
		_, err := topic.Begin(ctx, w.d, w.voice("ada"), topic.New{Space: w.space["talk"].ID, Title: c.title, Text: c.text})
		w.is(err, fault.Invalid, c.words)
	}
	_, err := topic.Say(ctx, w.d, w.voice("ada"), s.Topic.ID, "", 0, "")
	w.is(err, fault.Invalid, "Write something")
	_, err = topic.Begin(ctx, w.d, w.voice("ada"), topic.New{Space: db.NewID(), Title: "x", Text: "x"})
	w.is(err, fault.NotFound, "space")
	_, err = topic.Begin(ctx, w.d, w.voice("ada"), topic.New{Space: w.space["news"].ID, Title: "x", Text: "x"})
	w.is(err, fault.Denied, "Only the team")
	if n := w.count(`SELECT COUNT(*) FROM reply`); n != 1 {
		t.Errorf("%d replies", n)
	}
}

func TestANewcomerWaits(t *testing.T) {
	w := open(t)
	s := w.begin("newbie", "talk", "First")
	if !s.Waits() || s.Topic.State != topic.Waiting || w.events("topic.begun") != 0 {
		t.Errorf("%+v", s.Topic)
	}
	if _, _, err := topic.Versions(ctx, w.d, w.voice("ada"), s.Reply.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("what waits is read: %v", err)
	}
	first := w.decide("here", s, topic.Approve)
	if first.Topic.State != topic.Live || w.events("topic.begun") != 1 {
		t.Errorf("%+v", first.Topic)
	}
	a, b := w.say("newbie", s, "One"), w.say("newbie", s, "Two")
	if a.Reply.Number != -1 || b.Reply.Number != -2 {
		t.Errorf("what waits has the numbers %d and %d", a.Reply.Number, b.Reply.Number)
	}
	w.say("ada", s, "Between")
	if got := w.decide("here", b, topic.Approve); got.Reply.Number != 3 {
		t.Errorf("let through as number %d", got.Reply.Number)
	}
	if got := w.decide("here", a, topic.Decline); got.Reply.State != topic.Declined || w.topic(s).Replies != 2 {
		t.Errorf("%+v", got.Reply)
	}
	if got := w.decide("here", a, topic.Restore); got.Reply.Number != 4 || w.topic(s).Replies != 3 {
		t.Errorf("%+v", got.Reply)
	}
	// By now they have three posts: only links wait, until they have five.
	if w.say("newbie", s, "Plain").Waits() || !w.say("newbie", s, "See https://a.example").Waits() {
		t.Error("a link of a newcomer does not wait, or their words do")
	}
	w.now = w.now.Add(time.Hour)
	w.say("newbie", s, "Five")
	if w.say("newbie", s, "See https://a.example").Waits() {
		t.Error("a link waits of somebody with five posts")
	}
}

// A newcomer leads nobody elsewhere before somebody looks: by the text or the
// title, to a page or an address of mail, at once or by a change.
func TestWhereANewcomerLeads(t *testing.T) {
	w := open(t)
	w.exec(`UPDATE member SET posts = 3 WHERE handle = 'newbie'`)
	begin := func(title, text string) topic.Said {
		w.now = w.now.Add(time.Hour)
		w.d.SetClock(w.now)
		return must(topic.Begin(ctx, w.d, w.voice("newbie"), topic.New{Space: w.space["talk"].ID, Title: title, Text: text}))(t)
	}
	for _, c := range []struct {
		title, text string
		waits       bool
	}{
		{"Hello", "Plain", false}, {"Filters 3:1, and/or 50%", "@ada wrote: e.g. a.m.", false}, {"What @ada says about v2.0", "x@y", false},
		{"Visit https://spam.example now", "Plain", true}, {"HTTP://spam.example", "Plain", true}, {"See www.spam.example", "Plain", true}, {"ｈｔｔｐｓ：／／spam.example", "Plain", true},
		{"Write to me@spam.example", "Plain", true}, {"me＠spam.example", "Plain", true}, {"mailto:me", "Plain", true},
		{"Hello", "Write to me@spam.example", true}, {"Hello", "[me](MAILTO:me@spam.example)", true}, {"Hello", "`me@spam.example`", false}, {"Hello", "<me@spam.example>", true},
	} {
		if s := begin(c.title, c.text); s.Waits() != c.waits {
			t.Errorf("%q, %q waits: %v", c.title, c.text, s.Waits())
		}
		w.exec(`UPDATE member SET posts = 3 WHERE handle = 'newbie'`)
	}
	s := begin("Hello", "Plain")
	w.exec(`UPDATE member SET posts = 3 WHERE handle = 'newbie'`)
	if s = must(topic.Change(ctx, w.d, w.voice("newbie"), s.Reply.ID, topic.Edit{Revision: 1, Title: "Visit https://spam.example", Text: "Plain"}))(t); !s.Waits() {
		t.Error("a title that was changed does not wait")
	}
	must(topic.Withdraw(ctx, w.d, w.voice("newbie"), s.Reply.ID))(t)
	if s = must(topic.Return(ctx, w.d, w.voice("newbie"), s.Reply.ID))(t); !s.Waits() {
		t.Error("a title that was brought back does not wait")
	}
}

// What waits for a look does not get past it by being taken back and brought
// back.
func TestNothingGetsPastTheLook(t *testing.T) {
	w := open(t)
	s := w.begin("newbie", "talk", "Spam")
	must(topic.Withdraw(ctx, w.d, w.voice("newbie"), s.Reply.ID))(t)
	if got := must(topic.Return(ctx, w.d, w.voice("newbie"), s.Reply.ID))(t); got.Reply.State != topic.Waiting || got.Topic.State != topic.Waiting {
		t.Errorf("an opening that nobody has looked at is %s", got.Topic.State)
	}
	w.decide("here", s, topic.Approve)
	r := w.say("newbie", s, "Also")
	must(topic.Withdraw(ctx, w.d, w.voice("newbie"), r.Reply.ID))(t)
	if got := must(topic.Return(ctx, w.d, w.voice("newbie"), r.Reply.ID))(t); got.Reply.State != topic.Waiting {
		t.Errorf("a reply that nobody has looked at is %s", got.Reply.State)
	}
	w.decide("here", r, topic.Approve)
	changed := must(topic.Change(ctx, w.d, w.voice("newbie"), r.Reply.ID, topic.Edit{Revision: 1, Text: "Buy at https://evil.example"}))(t)
	if changed.Reply.State != topic.Waiting {
		t.Fatalf("an edit with a link is %s", changed.Reply.State)
	}
	must(topic.Withdraw(ctx, w.d, w.voice("newbie"), r.Reply.ID))(t)
	if got := must(topic.Return(ctx, w.d, w.voice("newbie"), r.Reply.ID))(t); got.Reply.State != topic.Waiting {
		t.Errorf("an edit that nobody has looked at is %s", got.Reply.State)
	}
	begun := w.events("reply.added")
	if got := w.decide("here", r, topic.Approve); got.Reply.Number != 2 || w.events("reply.added") != begun {
		t.Errorf("what was read before is told of anew: %+v", got.Reply)
	}
	w.recount()
}

// A topic that was live, and whose opening waits after a change, comes back
// quietly.
func TestAChangedOpeningIsNotBegunAnew(t *testing.T) {
	w := open(t)
	w.exec(`UPDATE member SET posts = 3 WHERE handle = 'newbie'`)
	s := w.begin("newbie", "talk", "Hello")
	must(topic.Change(ctx, w.d, w.voice("newbie"), s.Reply.ID, topic.Edit{Revision: 1, Text: "https://a.example"}))(t)
	if got := w.decide("here", s, topic.Approve); got.Topic.State != topic.Live || got.Topic.CreatedAt != s.Topic.CreatedAt || w.events("topic.begun") != 1 {
		t.Errorf("%+v, begun %d times", got.Topic, w.events("topic.begun"))
	}
}

func TestHeldWords(t *testing.T) {
	w := open(t)
	v := w.voice("ada")
	v.Held = "The address is not proven"
	s := must(topic.Begin(ctx, w.d, v, topic.New{Space: w.space["talk"].ID, Title: "x", Text: "x"}))(t)
	if !s.Waits() {
		t.Error("what is held is read")
	}
	live := w.begin("ada", "talk", "Hello")
	if got := must(topic.Change(ctx, w.d, v, live.Reply.ID, topic.Edit{Revision: 1, Text: "Other"}))(t); got.Reply.State != topic.Waiting {
		t.Error("what is held is read once it is changed")
	}
}

func TestTooFast(t *testing.T) {
	w := open(t)
	for range 6 {
		must(topic.Begin(ctx, w.d, w.voice("newbie"), topic.New{Space: w.space["talk"].ID, Title: "x", Text: "x"}))(t)
	}
	_, err := topic.Begin(ctx, w.d, w.voice("newbie"), topic.New{Space: w.space["talk"].ID, Title: "x", Text: "x"})
	w.is(err, fault.Limited, "Wait a little")
}

func TestEditsAreKept(t *testing.T) {
	w := open(t)
	s := w.begin("ada", "talk", "One")
	two := must(topic.Change(ctx, w.d, w.voice("ada"), s.Reply.ID, topic.Edit{Revision: 1, Title: "New", Text: "Two"}))(t)
	if two.Topic.Title != "New" || two.Topic.Slug != "new" || two.Reply.Revision != 2 || !strings.Contains(two.Reply.HTML, "Two") {
		t.Errorf("%+v", two)
	}
	_, err := topic.Change(ctx, w.d, w.voice("ada"), s.Reply.ID, topic.Edit{Revision: 1, Text: "Three"})
	w.is(err, fault.Conflict, "another window")
	_, all, err := topic.Versions(ctx, w.d, w.voice("visitor"), s.Reply.ID)
	if err != nil || len(all) != 2 || all[0].Text != "One" || all[0].Title != "About One" || all[1].Text != "Two" || all[1].Title != "New" {
		t.Errorf("%+v %v", all, err)
	}
	same := must(topic.Change(ctx, w.d, w.voice("ada"), s.Reply.ID, topic.Edit{Revision: 2, Text: "Two"}))(t)
	if same.Reply.Revision != 2 {
		t.Error("a change that changes nothing counts")
	}
}

func TestWithdrawAndReturn(t *testing.T) {
	w := open(t)
	s := w.begin("ada", "talk", "One")
	r := w.say("bo", s, "Two")
	_, err := topic.Withdraw(ctx, w.d, w.voice("ada"), s.Reply.ID)
	w.is(err, fault.Conflict, "Others have answered")
	must(topic.Withdraw(ctx, w.d, w.voice("bo"), r.Reply.ID))(t)
	if _, _, err := topic.Versions(ctx, w.d, w.voice("ada"), r.Reply.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("what was withdrawn is read: %v", err)
	}
	if got := w.topic(s); got.Replies != 0 || got.AnsweredAt != 0 || got.LastBy != s.Topic.Author || got.LastAt != s.Topic.LastAt {
		t.Errorf("%+v", got)
	}
	_, err = topic.Return(ctx, w.d, w.voice("here"), r.Reply.ID)
	w.is(err, fault.NotFound, "")
	got := must(topic.Return(ctx, w.d, w.voice("bo"), r.Reply.ID))(t)
	if got.Reply.State != topic.Live || got.Reply.Number != 2 || w.topic(s).Replies != 1 {
		t.Errorf("%+v", got)
	}
	w.recount()
}

func TestHiddenWordsAreATombstone(t *testing.T) {
	w := open(t)
	s := w.begin("ada", "talk", "One")
	r := w.say("bo", s, "Rude words")
	w.decide("here", r, topic.Hide)
	for name, sees := range map[string]bool{"visitor": false, "ada": false, "elsewhere": false, "bo": true, "here": true, "manager": true} {
		page := must(topic.Replies(ctx, w.d, w.voice(name), w.topic(s), 1))(t)
		if len(page) != 2 || page[1].State != topic.Hidden || (page[1].HTML != "") != sees || page[1].Text != "" || page[1].Decision.Reason != "Because" {
			t.Errorf("%s: %+v", name, page[1])
		}
	}
	if got := w.topic(s); got.Replies != 0 || got.Heat != 0 || got.AnsweredAt != 0 {
		t.Errorf("%+v", got)
	}
	w.decide("here", r, topic.Restore)
	if page := must(topic.Replies(ctx, w.d, w.voice("ada"), w.topic(s), 1))(t); page[1].HTML == "" || w.topic(s).Replies != 1 || w.topic(s).AnsweredAt == 0 {
		t.Error("what was restored is not there")
	}
	_, err := topic.Decide(ctx, w.d, w.who["here"], "b", r.Reply.ID, topic.AsItIs, topic.Hide, "", "")
	w.is(err, fault.Invalid, "Say why")
	_, err = topic.Decide(ctx, w.d, w.who["here"], "b", r.Reply.ID, topic.AsItIs, topic.Hide, "a\x00", "x")
	w.is(err, fault.Invalid, "rule")
	_, err = topic.Decide(ctx, w.d, w.who["here"], "b", r.Reply.ID, topic.AsItIs, topic.Approve, "", "")
	if err != nil {
		t.Errorf("what is there already is an error: %v", err)
	}
}

// Who may read a space decides on which side of the index its words stand.
func TestWordsOfAHiddenSpaceStandApart(t *testing.T) {
	w := open(t)
	w.say("bo", w.begin("ada", "talk", "Lanterns at night"), "Lanterns by day")
	others := []string{w.space["ask"].ID, w.space["inner"].ID}
	look := func(when string, spaces []string, want int) {
		t.Helper()
		got := must(search.Community(ctx, w.d, "b", search.CommunityQuery{Text: "lanterns", Spaces: spaces}, db.Page{}))(t)
		if len(got.Hits) != want {
			t.Errorf("%s: %d found, want %d", when, len(got.Hits), want)
		}
	}
	for _, hidden := range []bool{true, false} {
		s := must(space.ByID(ctx, w.d, "b", w.space["talk"].ID))(t)
		s.Hidden = hidden
		s = must(space.Change(ctx, w.d, w.who["owner"], "b", s.ID, s.Revision, s.Settings))(t)
		for _, when := range []string{"at once", "settled"} {
			look(when, others, 0)
			look(when, append(others, s.ID), 2)
			if done := must(search.Settle(ctx, w.d, space.Everywhere))(t); !done {
				t.Error("there is still something to settle")
			}
		}
		if n := w.count(`SELECT COUNT(*) FROM search_space WHERE space_id = $1 AND hidden = $2 AND mixed = FALSE`, s.ID, hidden); n != 1 {
			t.Errorf("the words do not stand where they belong")
		}
	}
}

// What is said in a hidden topic is not found by its words.
func TestAHiddenTopicIsNotFound(t *testing.T) {
	w := open(t)
	s := w.begin("ada", "talk", "One")
	r, waits := w.say("bo", s, "Two"), w.say("newbie", s, "Three")
	w.decide("here", s, topic.Hide)
	must(topic.Change(ctx, w.d, w.voice("bo"), r.Reply.ID, topic.Edit{Revision: 1, Text: "Other"}))(t)
	w.decide("here", waits, topic.Approve)
	if n := w.count(`SELECT COUNT(*) FROM search_doc WHERE kind = 'reply'`); n != 0 {
		t.Errorf("%d replies are found", n)
	}
	w.decide("here", s, topic.Restore)
	if n := w.count(`SELECT COUNT(*) FROM search_doc WHERE kind = 'reply'`); n != 3 {
		t.Errorf("%d replies are found", n)
	}
	w.recount()
}

func TestAHiddenSpaceIsUnseen(t *testing.T) {
	w := open(t)
	s := w.begin("ada", "inner", "Secret")
	r := w.say("bo", s, "Also")
	all := must(space.List(ctx, w.d, "b"))(t)
	for _, name := range []string{"visitor", "asking"} {
		v := w.voice(name)
		for what, err := range map[string]error{
			"reply":    second(topic.Say(ctx, w.d, v, s.Topic.ID, "x", 0, "")),
			"react":    topic.React(ctx, w.d, v, r.Reply.ID, "heart", true),
			"flag":     topic.Complain(ctx, w.d, v, r.Reply.ID, topic.Spam, ""),
			"change":   second(topic.Change(ctx, w.d, v, r.Reply.ID, topic.Edit{Revision: 1, Text: "x"})),
			"begin":    second(topic.Begin(ctx, w.d, v, topic.New{Space: w.space["inner"].ID, Title: "x", Text: "x"})),
			"withdraw": second(topic.Withdraw(ctx, w.d, v, r.Reply.ID)),
			"return":   second(topic.Return(ctx, w.d, v, r.Reply.ID)),
			"accept":   second(topic.Accept(ctx, w.d, v, r.Reply.ID, true)),
			"readable": topic.Readable(w.d.Now(), v, w.space["inner"], s.Topic),
		} {
			if !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: %s: %v", name, what, err)
			}
		}
		if _, _, err := topic.Versions(ctx, w.d, v, r.Reply.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s reads versions: %v", name, err)
		}
		if name == "asking" {
			if err := topic.Bookmark(ctx, w.d, v, r.Reply.ID, true); !fault.Is(err, fault.NotFound) {
				t.Errorf("bookmark: %v", err)
			}
			if err := topic.Follow(ctx, w.d, v, s.Topic.ID, topic.Watch); !fault.Is(err, fault.NotFound) {
				t.Errorf("follow: %v", err)
			}
			if err := topic.Follow(ctx, w.d, v, w.space["inner"].ID, topic.Watch); !fault.Is(err, fault.NotFound) {
				t.Errorf("follow the space: %v", err)
			}
		}
		for _, view := range []topic.View{topic.Latest, topic.Unanswered, topic.Top} {
			if got, _, err := topic.List(ctx, w.d, v, all, topic.Filter{View: view, Space: w.space["inner"].ID}, db.Page{}); err != nil || len(got) != 0 {
				t.Errorf("%s lists %v %v", name, got, err)
			}
		}
		by, _, err := topic.By(ctx, w.d, v, all, s.Topic.Author, db.Page{})
		said, _, also := topic.SaidBy(ctx, w.d, v, all, r.Reply.Author, db.Page{})
		if err != nil || also != nil || len(by)+len(said) != 0 {
			t.Errorf("%s: %v %v %v %v", name, by, said, err, also)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// Who has not accepted what binds as it now is writes nothing, and reads on,
// flags, takes back. The team is not asked.
func TestWhatBindsIsAcceptedBeforeOneWrites(t *testing.T) {
	w := open(t)
	first := w.begin("ada", "talk", "The first words")
	other := w.begin("bo", "talk", "Other words")
	if err := topic.React(ctx, w.d, w.voice("ada"), other.Reply.ID, "up", true); err != nil {
		t.Fatal(err)
	}
	back := w.say("ada", other, "I take this back")
	must(topic.Withdraw(ctx, w.d, w.voice("ada"), back.Reply.ID))(t)
	terms := must(document.Write(ctx, w.d, w.who["owner"], "b", document.Terms, 0, "One", true))(t)
	w.tick()
	v := w.voice("ada")
	writes := map[string]func() error{
		"begin": func() error {
			return second(topic.Begin(ctx, w.d, v, topic.New{Space: w.space["talk"].ID, Title: "New", Text: "Words"}))
		},
		"reply": func() error { return second(topic.Say(ctx, w.d, v, other.Topic.ID, "Words", 0, "")) },
		"change": func() error {
			return second(topic.Change(ctx, w.d, v, first.Reply.ID, topic.Edit{Revision: 1, Text: "Other"}))
		},
		"react":  func() error { return topic.React(ctx, w.d, v, other.Reply.ID, "heart", true) },
		"return": func() error { return second(topic.Return(ctx, w.d, v, back.Reply.ID)) },
	}
	for name, write := range writes {
		if err := write(); !errors.Is(err, document.ErrDue) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, err := range map[string]error{
		"flag":           topic.Complain(ctx, w.d, v, other.Reply.ID, topic.Spam, ""),
		"take back":      topic.React(ctx, w.d, v, other.Reply.ID, "up", false),
		"bookmark":       topic.Bookmark(ctx, w.d, v, other.Reply.ID, true),
		"keep a draft":   topic.KeepDraft(ctx, w.d, v, topic.Draft{Text: "Words"}),
		"begin (a team)": second(topic.Begin(ctx, w.d, w.voice("here"), topic.New{Space: w.space["talk"].ID, Title: "New", Text: "Words"})),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.is(document.Agree(ctx, w.d, v, nil), fault.Invalid, "accept each of it")
	w.is(document.Agree(ctx, w.d, v, map[string]int64{document.Terms: 7}), fault.Conflict, "changed meanwhile")
	if err := document.Agree(ctx, w.d, v, map[string]int64{document.Terms: terms.Version}); err != nil {
		t.Fatal(err)
	}
	for name, write := range writes {
		if err := write(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	must(document.Write(ctx, w.d, w.who["owner"], "b", document.Terms, 1, "One, spelled better", false))(t)
	if err := document.Agreed(ctx, dbtest.Indexed(t, w.d), v); err != nil {
		t.Error("asked for a version that does not bind:", err)
	}
}

func TestAnotherBrandsIDs(t *testing.T) {
	w := open(t)
	s := w.begin("ada", "ask", "Mine")
	r := w.say("bo", s, "Reply")
	w.who["stranger"] = access.Who{Account: "stranger", Name: "stranger", Grants: []access.Grant{{Brand: "other", Role: access.Owner}}}
	err := w.d.Tx(ctx, func(tx *db.Tx) error {
		_, err := member.Create(ctx, tx, "other", member.New{Account: "stranger", Handle: "stranger", Name: "s", State: member.Active, Trusted: true})
		return err
	})
	v, also := member.Of(ctx, w.d, w.who["stranger"], "other")
	if err != nil || also != nil {
		t.Fatal(err, also)
	}
	for what, err := range map[string]error{
		"reply": second(topic.Say(ctx, w.d, v, s.Topic.ID, "x", 0, "")), "begin": second(topic.Begin(ctx, w.d, v, topic.New{Space: w.space["ask"].ID, Title: "x", Text: "x"})),
		"react": topic.React(ctx, w.d, v, r.Reply.ID, "heart", true), "flag": topic.Complain(ctx, w.d, v, r.Reply.ID, topic.Spam, ""), "bookmark": topic.Bookmark(ctx, w.d, v, r.Reply.ID, true),
		"follow": topic.Follow(ctx, w.d, v, s.Topic.ID, topic.Watch), "close": topic.Close(ctx, w.d, v, s.Topic.ID, true), "pin": topic.Pin(ctx, w.d, v, s.Topic.ID, true),
		"move": topic.Move(ctx, w.d, v, s.Topic.ID, w.space["talk"].ID), "accept": second(topic.Accept(ctx, w.d, v, r.Reply.ID, true)),
		"decide": second(topic.Decide(ctx, w.d, w.who["stranger"], "other", r.Reply.ID, topic.AsItIs, topic.Hide, "", "x")), "decide in b": second(topic.Decide(ctx, w.d, w.who["stranger"], "b", r.Reply.ID, topic.AsItIs, topic.Hide, "", "x")),
		"draft": topic.KeepDraft(ctx, w.d, v, topic.Draft{Topic: s.Topic.ID, Text: "x"}),
	} {
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if got := must(topic.Reasons(ctx, w.d, "other", []string{r.Reply.ID}))(t); len(got) != 0 {
		t.Error("decisions of another brand are read")
	}
}

// What shows nothing is no post: it is refused like an empty one, wherever it is
// written.
func TestNothingToSee(t *testing.T) {
	w := open(t)
	q := w.begin("ada", "talk", "Water")
	a := w.say("bo", q, "Soft")
	for _, blank := range []string{"```a", "```\n```", "[a]: /x", "&nbsp;", "\u200b", "\u2800", "\u3164", "- ", "#", "> ", "1.", "[](https://a.example)", "\u00ad\u2060", "\ufe0f", "&#x115f;", "| |\n|-|\n| |", "- [ ] \u200b", "* > \u2800"} {
		for what, err := range map[string]error{
			"begin":  second(topic.Begin(ctx, w.d, w.voice("ada"), topic.New{Space: w.space["talk"].ID, Title: "x", Text: blank})),
			"say":    second(topic.Say(ctx, w.d, w.voice("ada"), q.Topic.ID, blank, 0, "")),
			"change": second(topic.Change(ctx, w.d, w.voice("bo"), a.Reply.ID, topic.Edit{Revision: 1, Text: blank})),
		} {
			w.is(err, fault.Invalid, "Write something first.")
			if f := fault.Fields(err); len(f) != 1 || f[0].Name != "text" {
				t.Errorf("%s %q: %v", what, blank, f)
			}
		}
	}
	for _, title := range []string{"\u200b", "\u2800\u3164", "\u00a0", "\u00ad"} {
		w.is(second(topic.Begin(ctx, w.d, w.voice("ada"), topic.New{Space: w.space["talk"].ID, Title: title, Text: "x"})), fault.Invalid, "Give the topic a title.")
		w.is(second(topic.Change(ctx, w.d, w.voice("ada"), q.Reply.ID, topic.Edit{Revision: 1, Title: title, Text: "x"})), fault.Invalid, "Give the topic a title.")
	}
	if n := w.count(`SELECT COUNT(*) FROM reply`); n != 2 {
		t.Errorf("%d replies", n)
	}
	for _, short := range []string{"---", ".", "👍🏽", "`x`", "```\n.\n```", "字", "❤\ufe0f"} {
		w.say("bo", q, short)
	}
}

// What others have answered is not taken from them: an edit that would wait for a
// look is refused there, and nothing of it is kept.
func TestChangesThatWouldTakeAnswersAway(t *testing.T) {
	w := open(t)
	const link = "Look at https://a.example"
	const refused = "Links of newcomers wait for a look, and others have answered here already."
	lets := func(s topic.Said) topic.Said { return w.decide("here", s, topic.Approve) }
	change := func(s topic.Said, text string) (topic.Said, error) {
		r := w.reply(s)
		w.tick()
		return topic.Change(ctx, w.d, w.voice("newbie"), r.ID, topic.Edit{Revision: r.Revision, Text: text})
	}
	q := lets(w.begin("newbie", "talk", "Water"))
	own := lets(w.say("newbie", q, "It is hard"))
	if n := w.topic(q); n.State != topic.Live || n.Replies != 1 {
		t.Fatalf("%+v", n)
	}
	// Nobody else has answered: it waits as what is new.
	for _, s := range []topic.Said{own, q} {
		if said := must(change(s, link))(t); !said.Waits() {
			t.Errorf("%s: %s", s.Reply.Text, said.Reply.State)
		}
		lets(s)
	}
	other := w.say("bo", q, "Ours is soft")
	before := w.count(`SELECT COUNT(*) FROM revision`)
	for _, s := range []topic.Said{q, own} { // both stand before what bo wrote
		w.is(second(change(s, link+" and more")), fault.Denied, refused)
		if r := w.reply(s); r.State != topic.Live || r.Text != link {
			t.Errorf("%+v", r)
		}
	}
	if n := w.count(`SELECT COUNT(*) FROM revision`); n != before || w.topic(q).State != topic.Live {
		t.Errorf("%d versions, %s", n-before, w.topic(q).State)
	}
	if said := must(change(own, "It is very hard"))(t); said.Waits() {
		t.Error("words alone wait")
	}
	last := w.say("newbie", other, "Where is that") // after which nobody has written
	if said := must(change(last, link))(t); !said.Waits() {
		t.Error("a link in the last reply does not wait")
	}
	lets(last)
	// What nobody can read any more is no answer.
	w.decide("here", other, topic.Hide)
	if said := must(change(own, link))(t); !said.Waits() {
		t.Error("a hidden reply holds back")
	}
}

// The accepted answer stays one, and who is held back for another reason than
// links hears of that.
func TestChangesOfAnAcceptedAnswer(t *testing.T) {
	w := open(t)
	q := w.begin("ada", "ask", "Water")
	a := w.decide("here", w.say("newbie", q, "Soft"), topic.Approve)
	must(topic.Accept(ctx, w.d, w.voice("ada"), a.Reply.ID, true))(t)
	w.is(second(topic.Change(ctx, w.d, w.voice("newbie"), a.Reply.ID, topic.Edit{Revision: 1, Text: "Softer"})), fault.Denied, "What you change would wait for a look")
	if n := w.topic(q); n.Answer != a.Reply.ID || n.Replies != 1 {
		t.Errorf("%+v", n)
	}
}

// Everybody whom a post names is told of it, so it names no more than that.
func TestMoreNamesThanAreTold(t *testing.T) {
	w := open(t)
	names := func(n int) (text string) {
		for i := range n {
			text += fmt.Sprintf("@some%d @SOME%d ", i, i)
		}
		return text
	}
	q := w.begin("ada", "talk", names(50))
	a := w.say("bo", q, "`"+names(51)+"`") // names in code are no names
	const refused = "Name at most 50 people in one post"
	w.is(second(topic.Begin(ctx, w.d, w.voice("ada"), topic.New{Space: w.space["talk"].ID, Title: "x", Text: names(51)})), fault.Invalid, refused)
	w.is(second(topic.Say(ctx, w.d, w.voice("ada"), q.Topic.ID, names(51), 0, "")), fault.Invalid, refused)
	w.is(second(topic.Change(ctx, w.d, w.voice("bo"), a.Reply.ID, topic.Edit{Revision: 1, Text: names(51)})), fault.Invalid, refused)
}

// What is decided is about the words that whoever decides has read.
func TestADecisionIsAboutTheWordsThatWereRead(t *testing.T) {
	w := open(t)
	decide := func(r topic.Said, seen int64, act topic.Act) error {
		return second(topic.Decide(ctx, w.d, w.who["here"], "b", r.Reply.ID, seen, act, "", "Because"))
	}
	change := func(r topic.Said, title, text string) topic.Said {
		w.tick()
		now := must(topic.ReplyByID(ctx, w.d, "b", r.Reply.ID))(t)
		return must(topic.Change(ctx, w.d, w.voice("newcomer"), r.Reply.ID, topic.Edit{Revision: now.Revision, Title: title, Text: text}))(t)
	}
	w.join("newcomer", member.Active, false)
	one := w.begin("newcomer", "talk", "First words")
	if one.Reply.State != topic.Waiting {
		t.Fatalf("it is %s", one.Reply.State)
	}
	one = change(one, "", "Buy pills")
	for _, act := range []topic.Act{topic.Approve, topic.Decline} {
		w.is(decide(one, 1, act), fault.Conflict, "Read it again")
		w.is(decide(one, 0, act), fault.Conflict, "Read it again")
	}
	one = change(one, "Buy our pills", "Buy pills") // a title is words as well
	w.is(decide(one, 2, topic.Approve), fault.Conflict, "Read it again")
	if got := w.topic(one); got.State != topic.Waiting {
		t.Fatalf("it is %s", got.State)
	}
	if err := decide(one, 3, topic.Approve); err != nil {
		t.Fatal(err)
	}
	// Two who decide at once: the second finds it done, or is told.
	if err := decide(one, 3, topic.Approve); err != nil {
		t.Error(err)
	}
	w.is(decide(one, 3, topic.Decline), fault.Conflict, "decided about this meanwhile")

	other := w.begin("ada", "talk", "Which beans?")
	for _, act := range []topic.Act{topic.Hide, topic.Keep} {
		w.is(decide(other, 7, act), fault.Conflict, "Read it again")
		w.is(decide(other, 0, act), fault.Conflict, "Read it again")
	}
	w.decide("here", other, topic.Hide)
	w.is(decide(other, 9, topic.Restore), fault.Conflict, "Read it again")
	w.is(decide(other, 0, topic.Restore), fault.Conflict, "Read it again")
	if err := decide(other, 1, topic.Restore); err != nil {
		t.Error(err)
	}
	for s, want := range map[string]int64{"3": 3, "": 0, "x": 0, "-1": 0, "99999999999999999999": 0} {
		if got := topic.RevisionOf(s); got != want {
			t.Errorf("%q is %d", s, got)
		}
	}
}
