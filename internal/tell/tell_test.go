package tell_test

import (
	"context"
	"fmt"
	"path/filepath"
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
	"rapport/internal/job"
	"rapport/internal/letter"
	"rapport/internal/markdown"
	"rapport/internal/member"
	"rapport/internal/notice"
	"rapport/internal/outbox"
	"rapport/internal/secret"
	"rapport/internal/space"
	"rapport/internal/tell"
	"rapport/internal/topic"
)

var ctx = context.Background()

// start is a Monday, 10:00 in Berlin.
var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// world is a brand's community with some who take part and are told.
type world struct {
	t      *testing.T
	d      *db.DB
	now    time.Time
	teller *tell.Teller
	reader *outbox.Reader
	keys   *secret.Keyring
	space  map[string]space.Space // talk, ask, news, inner
	who    map[string]access.Who
}

func open(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, d: dbtest.Open(t), now: start, space: map[string]space.Space{}, who: map[string]access.Who{}}
	w.d.SetClock(start)
	for _, b := range []string{"b", "other"} {
		w.exec(`INSERT INTO brand (id, slug, name, color, zone, created_at) VALUES ($1, $1, 'North', '#000000', 'Europe/Berlin', 1)`, b)
	}
	w.exec(`INSERT INTO community (brand_id, opened_at) VALUES ('b', 1)`)
	keys, err := secret.Create(filepath.Join(t.TempDir(), "key"))
	w.must(err)
	w.keys = keys
	w.teller = &tell.Teller{DB: w.d, Letters: &letter.Letters{DB: w.d, Keys: keys}, Keys: keys, Address: func(_ context.Context, _, path string) string { return "https://north.example" + path }}
	w.reader = outbox.NewReader(w.d, nil)
	w.teller.Listen(w.reader)
	w.who["hera"] = access.Who{Account: "hera", Name: "hera", Grants: []access.Grant{{Brand: "b", Role: access.Owner}}}
	for _, s := range []struct {
		name   string
		kind   space.Kind
		hidden bool
	}{{"talk", space.Discussion, false}, {"ask", space.Questions, false}, {"news", space.Announcements, false}, {"inner", space.Discussion, true}} {
		made, err := space.Create(ctx, w.d, w.who["hera"], "b", space.Settings{Name: s.name, Kind: s.kind, Hidden: s.hidden})
		w.must(err)
		w.space[s.name] = made
	}
	for _, name := range []string{"hera", "ada", "bo", "cy", "di"} {
		w.join(name, member.Active)
	}
	w.drain()
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) exec(text string, args ...any) {
	w.t.Helper()
	_, err := w.d.ExecContext(ctx, text, args...)
	w.must(err)
}

func (w *world) join(name string, state member.State) {
	w.t.Helper()
	if _, there := w.who[name]; !there {
		w.who[name] = access.Who{Account: name, Name: name}
	}
	w.exec(`INSERT INTO account (id, email, name, password_hash, created_at, verified_at) VALUES ($1, $2, $3, '', 1, 1)`, name, name+"@example.com", name)
	w.must(w.d.Tx(ctx, func(tx *db.Tx) error {
		_, err := member.Create(ctx, tx, "b", member.New{Account: name, Handle: name, Name: strings.ToUpper(name[:1]) + name[1:], State: state, Trusted: true})
		return err
	}))
}

func (w *world) voice(name string) member.Voice {
	w.t.Helper()
	v, err := member.Of(ctx, w.d, w.who[name], "b")
	w.must(err)
	return v
}

func (w *world) tick() {
	w.now = w.now.Add(11 * time.Minute)
	w.d.SetClock(w.now)
}

func (w *world) begin(name, in, title, text string) topic.Said {
	w.t.Helper()
	w.tick()
	s, err := topic.Begin(ctx, w.d, w.voice(name), topic.New{Space: w.space[in].ID, Title: title, Text: text})
	w.must(err)
	w.drain()
	return s
}

func (w *world) say(name string, to topic.Said, text string, answers int64) topic.Said {
	w.t.Helper()
	w.tick()
	s, err := topic.Say(ctx, w.d, w.voice(name), to.Topic.ID, text, answers, "")
	w.must(err)
	w.drain()
	return s
}

func (w *world) drain() {
	w.t.Helper()
	_, err := w.reader.Drain(ctx)
	w.must(err)
}

// told is what stands in a member's list, unread, the newest first.
func (w *world) told(name string) []string {
	w.t.Helper()
	w.drain()
	all, _, err := notice.List(ctx, dbtest.Indexed(w.t, w.d), w.voice(name), db.Page{})
	w.must(err)
	out := []string{}
	for _, n := range all {
		if n.ReadAt == 0 {
			out = append(out, strings.Join(append([]string{n.Words(ctx)}, n.Lines(ctx)...), " | ")+" → "+n.Path())
		}
	}
	unread, err := notice.Unread(ctx, dbtest.Indexed(w.t, w.d), w.voice(name))
	w.must(err)
	if unread != len(out) {
		w.t.Errorf("%s: %d unread, %d in the list", name, unread, len(out))
	}
	return out
}

func (w *world) hears(name string, want ...string) {
	w.t.Helper()
	if want == nil {
		want = []string{}
	}
	if diff := cmp.Diff(want, w.told(name)); diff != "" {
		w.t.Errorf("%s: %s", name, diff)
	}
}

// mail are the subjects of the letters to a member, the oldest first.
func (w *world) mail(name string) []string {
	w.t.Helper()
	w.drain()
	out := []string{}
	for _, l := range w.letters(name) {
		out = append(out, l.Subject)
	}
	return out
}

func (w *world) letters(name string) []letter.Letter {
	w.t.Helper()
	all, _, err := letter.List(ctx, w.d, w.who["hera"], "b", db.Page{Limit: 200})
	w.must(err)
	slices.Reverse(all)
	for _, l := range all {
		if !l.Community {
			w.t.Errorf("%q does not speak for the community", l.Subject)
		}
	}
	return slices.DeleteFunc(all, func(l letter.Letter) bool { return l.Account != name })
}

func (w *world) gets(name string, want ...string) {
	w.t.Helper()
	if want == nil {
		want = []string{}
	}
	if diff := cmp.Diff(want, w.mail(name)); diff != "" {
		w.t.Errorf("letters to %s: %s", name, diff)
	}
}

// Each is told by the strongest reason, once, and never of themselves.
func TestWhoIsToldOfAReply(t *testing.T) {
	w := open(t)
	s := w.begin("ada", "talk", "Water", "How hard is yours?")
	one := w.say("bo", s, "Soft.", 0)
	w.hears("ada", "Bo answered you in “Water” | Soft. → "+s.Topic.PathOf(2))
	w.hears("bo")
	w.must(notice.ReadTopic(ctx, w.d, w.voice("ada"), s.Topic.ID))
	w.say("cy", s, markdown.Quote("bo", 2, "Soft.")+"\n\nHere too, says @di", 0)
	w.say("di", s, "Yes", one.Reply.Number)
	w.hears("ada", "Di and 1 other answered you in “Water” | Here too, says @di → "+s.Topic.PathOf(3))
	w.hears("bo", "Di answered you in “Water” | Yes → "+s.Topic.PathOf(4), "Cy quotes you in “Water” | Here too, says @di → "+s.Topic.PathOf(3))
	w.hears("cy", "Di replied in “Water” | Yes → "+s.Topic.PathOf(4))
	w.hears("di", "Cy names you in “Water” | Here too, says @di → "+s.Topic.PathOf(3))
	w.hears("hera")
	w.gets("ada", "North: Bo answered you in “Water”", "North: Cy answered you in “Water”")
	w.gets("bo", "North: Di answered you in “Water”")
	w.gets("cy")
	w.gets("di", "North: Cy names you in “Water”")
}

// An event that comes twice, or a job that runs twice, tells nothing twice, not
// even once it was read.
func TestToldOnce(t *testing.T) {
	w := open(t)
	s := w.begin("ada", "talk", "Water", "Hard?")
	r := w.say("bo", s, "Soft, @cy", 0)
	again := func(kind, subject string, data any) {
		w.must(w.d.Tx(ctx, func(tx *db.Tx) error {
			return outbox.Add(ctx, tx, outbox.Event{Brand: "b", Kind: kind, Subject: subject, Data: data})
		}))
	}
	cy := w.voice("cy").Member.ID
	for range 2 {
		again("reply.added", r.Reply.ID, topic.Appeared{Mentioned: []string{cy}})
		again("reply.changed", r.Reply.ID, topic.Appeared{Mentioned: []string{cy}})
	}
	w.hears("ada", "Bo answered you in “Water” | Soft, @cy → "+s.Topic.PathOf(2))
	w.hears("cy", "Bo names you in “Water” | Soft, @cy → "+s.Topic.PathOf(2))
	for _, name := range []string{"ada", "cy"} {
		w.must(notice.ReadAll(ctx, w.d, w.voice(name), w.d.Now()))
	}
	again("reply.added", r.Reply.ID, topic.Appeared{Mentioned: []string{cy}})
	w.hears("ada")
	w.hears("cy")
	w.gets("cy", "North: Bo names you in “Water”")
	// Who is named later is told then.
	w.tick()
	_, err := topic.Change(ctx, w.d, w.voice("bo"), r.Reply.ID, topic.Edit{Revision: 1, Text: "Soft, @cy and @di and @bo"})
	w.must(err)
	w.hears("cy")
	w.hears("bo")
	w.hears("di", "Bo names you in “Water” | Soft, @cy and @di and @bo → "+s.Topic.PathOf(2))
}

// What a member may not read, or mutes, they are not told of; what they were
// told of goes with it.
func TestNothingIsToldThatMayNotBeRead(t *testing.T) {
	w := open(t)
	s := w.begin("ada", "talk", "Water", "Hard?")
	w.must(topic.Follow(ctx, w.d, w.voice("cy"), s.Topic.ID, topic.Mute))
	w.must(topic.Follow(ctx, w.d, w.voice("di"), w.space["talk"].ID, topic.Mute))
	r := w.say("bo", s, "Soft, @cy and @di", 0)
	w.hears("cy")
	w.hears("di")
	if len(w.told("ada")) != 1 {
		t.Error("the author is not told")
	}
	_, err := topic.Decide(ctx, w.d, w.who["hera"], "b", r.Reply.ID, topic.AsItIs, topic.Hide, "Be kind", "It was rude")
	w.must(err)
	w.hears("ada")
	w.hears("bo", "The team hid what you wrote in “Water” | Rule: Be kind | Reason: It was rude → "+s.Topic.PathOf(2))
	w.gets("bo", "North: The team hid what you wrote in “Water”")
	w.tick()
	_, err = topic.Decide(ctx, w.d, w.who["hera"], "b", r.Reply.ID, topic.AsItIs, topic.Restore, "", "")
	w.must(err)
	w.hears("bo", "What you wrote in “Water” can be read again → "+s.Topic.PathOf(2))
	// What is for members only is not there for who is none any more.
	in := w.begin("ada", "inner", "Secret", "Psst, @bo")
	if got := w.told("bo"); len(got) != 2 || !strings.Contains(got[0], "Secret") {
		t.Errorf("%q", got)
	}
	w.exec(`UPDATE member SET state = 'refused' WHERE account_id = 'bo'`)
	if got := w.told("bo"); len(got) != 1 {
		t.Errorf("%q", got)
	}
	w.exec(`UPDATE member SET state = 'left' WHERE account_id = 'cy'`)
	w.say("ada", in, "And @cy", 0)
	w.hears("cy")
}

// What waits is told of once it is let through, and its author hears of that.
func TestWaitingIsNotTold(t *testing.T) {
	w := open(t)
	s := w.begin("ada", "talk", "Water", "Hard?")
	w.exec(`UPDATE member SET trusted_at = 0 WHERE account_id = 'bo'`)
	r := w.say("bo", s, "Soft, @cy", 0)
	w.hears("ada")
	w.hears("cy")
	w.tick()
	_, err := topic.Decide(ctx, w.d, w.who["hera"], "b", r.Reply.ID, topic.AsItIs, topic.Approve, "", "")
	w.must(err)
	w.hears("ada", "Bo answered you in “Water” | Soft, @cy → "+s.Topic.PathOf(2))
	w.hears("cy", "Bo names you in “Water” | Soft, @cy → "+s.Topic.PathOf(2))
	w.hears("bo", "The team let through what you wrote in “Water” → "+s.Topic.PathOf(2))
}

func TestReactionsAndAnswers(t *testing.T) {
	w := open(t)
	s := w.begin("ada", "ask", "Bitter", "Why?")
	r := w.say("bo", s, "Too fine.", 0)
	w.drain()
	w.must(notice.ReadTopic(ctx, w.d, w.voice("ada"), s.Topic.ID))
	for _, name := range []string{"ada", "cy", "di"} {
		w.tick()
		w.must(topic.React(ctx, w.d, w.voice(name), r.Reply.ID, "heart", true))
	}
	w.hears("bo", "Di and 2 others reacted to what you wrote in “Bitter” | Too fine. → "+s.Topic.PathOf(2))
	for _, name := range []string{"ada", "cy", "di"} {
		w.must(topic.React(ctx, w.d, w.voice(name), r.Reply.ID, "heart", false))
	}
	w.hears("bo") // nothing is told that is not there
	w.tick()
	_, err := topic.Accept(ctx, w.d, w.voice("hera"), r.Reply.ID, true)
	w.must(err)
	w.hears("bo", "Hera accepted your answer in “Bitter” | Too fine. → "+s.Topic.PathOf(2))
	w.hears("ada", "Hera accepted an answer to your question “Bitter” | Too fine. → "+s.Topic.PathOf(2))
	_, err = topic.Accept(ctx, w.d, w.voice("ada"), r.Reply.ID, false)
	w.must(err)
	w.hears("ada")
	w.hears("bo")
	w.tick()
	_, err = topic.Accept(ctx, w.d, w.voice("ada"), r.Reply.ID, true)
	w.must(err)
	w.hears("bo", "Ada accepted your answer in “Bitter” | Too fine. → "+s.Topic.PathOf(2))
}

// Whose picture the team took away hears why, each time anew and once, in their
// list and by letter as they chose, and goes on to read it when they have
// chosen another.
func TestAPictureIsTakenAway(t *testing.T) {
	w := open(t)
	take := func(name, reason, rule string) error {
		w.tick()
		w.exec(`UPDATE member SET picture = 'community/b/face/a.png' WHERE account_id = $1`, name)
		return member.TakePicture(ctx, w.d, w.who["hera"], "b", w.voice(name).Member.ID, member.Taken{Seen: "a.png", Rule: rule, Reason: reason})
	}
	w.d.Jobs = deaf{}
	w.must(take("ada", "It is not you", "2. Be yourself"))
	w.drain()
	w.hears("ada", "The team took your picture away | Rule: 2. Be yourself | Reason: It is not you → /me#picture")
	w.gets("ada", "North: The team took your picture away")
	l := w.letters("ada")[0]
	for _, words := range []string{"Rule: 2. Be yourself", "Reason: It is not you", "Choose another picture", "https://north.example/me#picture", "https://north.example/notices/stop?t="} {
		if !strings.Contains(l.Text, words) {
			t.Errorf("no %q in\n%s", words, l.Text)
		}
	}
	w.gets("bo")

	// They read it and choose another, which is taken away too.
	w.must(notice.ReadKind(ctx, w.d, w.voice("ada"), notice.Pictured))
	w.hears("ada")
	w.must(take("ada", "It is a flag", ""))
	w.must(take("ada", "It is the same flag", ""))
	w.hears("ada", "The team took your picture away | Reason: It is the same flag → /me#picture", "The team took your picture away | Reason: It is a flag → /me#picture")
	w.gets("ada", "North: The team took your picture away", "North: The team took your picture away", "North: The team took your picture away")

	// The row of the team's decisions says where they hear of it.
	b := w.brand()
	w.must(notice.Choose(ctx, w.d, w.voice("bo"), b, map[notice.Kind]notice.Choice{notice.Decided: {Shown: true}}, notice.UsualDigest))
	w.must(take("bo", "Rude", ""))
	w.gets("bo")
	w.hears("bo", "The team took your picture away | Reason: Rude → /me#picture")
	w.must(notice.Choose(ctx, w.d, w.voice("bo"), b, map[notice.Kind]notice.Choice{notice.Decided: {Digest: true}}, notice.UsualDigest))
	w.must(notice.ReadAll(ctx, w.d, w.voice("bo"), w.d.Now()))
	w.must(take("bo", "Ruder", ""))
	w.hears("bo")
	if all, n, err := notice.Pending(ctx, w.d, w.voice("bo"), 5); err != nil || n != 1 || all[0].Reason != "Ruder" {
		t.Errorf("%+v, %v", all, err)
	}

	// What is refused is no news, and neither is what happened to somebody gone.
	if err := member.TakePicture(ctx, w.d, w.who["hera"], "b", w.voice("cy").Member.ID, member.Taken{Seen: "a.png", Reason: "Rude"}); !fault.Is(err, fault.Conflict) {
		t.Error(err)
	}
	w.must(take("di", "Rude", ""))
	m := w.voice("di").Member
	w.must(w.d.Tx(ctx, func(tx *db.Tx) error { return m.Part(ctx, tx, false) }))
	w.drain()
	w.gets("di")
	if n := w.count(`SELECT COUNT(*) FROM notice WHERE member_id IN ($1, $2)`, m.ID, w.voice("cy").Member.ID); n != 0 {
		t.Errorf("%d of them are told", n)
	}
}

// deaf takes jobs and does none.
type deaf struct{}

func (deaf) Enqueue(context.Context, *db.Tx, string, []byte, db.Time) error { return nil }

func TestTheDoor(t *testing.T) {
	w := open(t)
	w.join("new", member.Asking)
	w.join("rude", member.Asking)
	decide := func(name string, to member.State, why string) {
		t.Helper()
		w.tick()
		_, err := member.Decide(ctx, w.d, w.who["hera"], "b", w.voice(name).Member.ID, to, why)
		w.must(err)
	}
	decide("new", member.Active, "")
	decide("rude", member.Refused, "We know you")
	w.hears("new", "You are in: you can write now → /")
	w.gets("new", "North: You are in: you can write now")
	w.gets("rude", "North: You were not let in")
	decide("new", member.Suspended, "Spam")
	w.hears("new", "You can read, and not write at the moment | Reason: Spam → /")
	w.gets("new", "North: You are in: you can write now")
}

// Who follows a space hears of its topics, and everybody of an announcement.
func TestNewTopics(t *testing.T) {
	w := open(t)
	w.must(topic.Follow(ctx, w.d, w.voice("bo"), w.space["talk"].ID, topic.Watch))
	w.must(topic.Follow(ctx, w.d, w.voice("cy"), w.space["news"].ID, topic.Mute))
	s := w.begin("ada", "talk", "Water", "Hard?")
	w.hears("bo", "Ada began “Water” | Hard? → "+s.Topic.Path())
	w.hears("cy")
	n := w.begin("hera", "news", "New beans", "From Kenya")
	w.hears("di", "Hera announces: “New beans” | From Kenya → "+n.Topic.Path())
	w.hears("cy")
	w.hears("hera")
}

// Thousands who follow are told by a job, some at a time, and nobody twice.
func TestManyFollow(t *testing.T) {
	w := open(t)
	jobs := job.NewWorkers()
	w.teller.Work(jobs)
	engine, err := job.New(ctx, w.d, jobs, job.Options{})
	w.must(err)
	s := w.begin("ada", "talk", "Water", "Hard?")
	const many = 450
	w.must(w.d.Tx(ctx, func(tx *db.Tx) error {
		for i := range many {
			m, err := member.Create(ctx, tx, "b", member.New{Name: fmt.Sprintf("Member %d", i), State: member.Active})
			if err == nil {
				_, err = tx.ExecContext(ctx, `INSERT INTO watch (member_id, subject, brand_id, level, at) VALUES ($1, $2, 'b', 'watch', 1)`, m.ID, s.Topic.ID)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}))
	w.say("bo", s, "Soft", 0)
	w.drain()
	w.must(engine.Start(ctx))
	defer engine.Stop(ctx)
	for deadline := time.Now().Add(30 * time.Second); w.count(`SELECT COUNT(*) FROM notice WHERE kind = 'reply'`) < many; {
		if time.Now().After(deadline) {
			t.Fatalf("%d were told", w.count(`SELECT COUNT(*) FROM notice WHERE kind = 'reply'`))
		}
		time.Sleep(5 * time.Millisecond)
	}
	if n := w.count(`SELECT COUNT(*) FROM notice`); n != many+1 {
		t.Errorf("%d notices, want %d", n, many+1)
	}
}

func (w *world) count(query string, args ...any) (n int) {
	w.t.Helper()
	w.must(w.d.QueryRowContext(ctx, query, args...).Scan(&n))
	return n
}

// What somebody has read before the news reaches them is no news.
func TestReadBeforeTold(t *testing.T) {
	w := open(t)
	s := w.begin("ada", "talk", "Water", "Hard?")
	r, err := topic.Say(ctx, w.d, w.voice("bo"), s.Topic.ID, "Soft, @cy", 0, "")
	w.must(err)
	for _, name := range []string{"ada", "cy"} {
		w.must(topic.Seen(ctx, w.d, w.voice(name), r.Topic, 2, 0))
	}
	for _, name := range []string{"ada", "cy"} {
		w.hears(name)
		w.gets(name)
	}
}

// Somebody hears of a kind where they chose, and a letter can be stopped by its
// link alone.
func TestChoosing(t *testing.T) {
	w := open(t)
	b := w.brand()
	choose := func(name string, k notice.Kind, c notice.Choice) {
		t.Helper()
		w.must(notice.Choose(ctx, w.d, w.voice(name), b, map[notice.Kind]notice.Choice{k: c}, notice.UsualDigest))
	}
	choose("cy", notice.Mentioned, notice.Choice{})
	choose("di", notice.Mentioned, notice.Choice{Shown: true, Digest: true})
	s := w.begin("ada", "talk", "Water", "Hard, @bo, @cy, @di?")
	w.hears("cy")
	w.gets("cy")
	w.gets("di")
	if len(w.told("di")) != 1 || len(w.told("bo")) != 1 {
		t.Error("they are not told")
	}
	l := w.letters("bo")[0]
	_, value, ok := strings.Cut(l.Unsubscribe, "https://north.example"+tell.StopPath+"?t=")
	if !ok || !strings.Contains(l.Text, l.Unsubscribe) {
		t.Fatalf("%q cannot be stopped:\n%s", l.Unsubscribe, l.Text)
	}
	stop, err := tell.ReadStop(w.keys, "b", value)
	w.must(err)
	for range 2 {
		w.must(stop.Do(ctx, w.d))
	}
	for _, bad := range []string{"", "x", value[:len(value)-3]} {
		if _, err := tell.ReadStop(w.keys, "b", bad); !fault.Is(err, fault.NotFound) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := tell.ReadStop(w.keys, "other", value); !fault.Is(err, fault.NotFound) {
		t.Errorf("another brand: %v", err)
	}
	w.say("ada", s, "Again, @bo", 0)
	w.gets("bo", "North: Ada names you in “Water”")
	if len(w.told("bo")) != 2 {
		t.Error("the list lost something")
	}
	for _, wrong := range []notice.Digest{{Every: "hour"}, {Every: notice.Daily, Hour: 24}, {Every: notice.Weekly, Weekday: 7}, {Every: notice.Daily, Zone: "Mars/Base"}} {
		if err := notice.Choose(ctx, w.d, w.voice("bo"), b, nil, wrong); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
	if err := notice.Choose(ctx, w.d, w.voice("bo"), b, map[notice.Kind]notice.Choice{notice.Door: {}}, notice.UsualDigest); !fault.Is(err, fault.Invalid) {
		t.Errorf("the door: %v", err)
	}
}

// Letters go to proven addresses of those who take part, and not without end.
func TestWhoGetsLetters(t *testing.T) {
	w := open(t)
	w.exec(`UPDATE account SET verified_at = 0 WHERE id = 'bo'`)
	w.exec(`UPDATE account SET disabled_at = 1 WHERE id = 'cy'`)
	w.exec(`UPDATE member SET state = 'suspended' WHERE account_id = 'di'`)
	w.begin("ada", "talk", "Water", "@bo @cy @di")
	for _, name := range []string{"bo", "cy", "di"} {
		w.gets(name)
		if len(w.told(name)) != 1 {
			t.Errorf("%s is not told", name)
		}
	}
	for i := range 25 {
		w.now = w.now.Add(time.Minute)
		w.d.SetClock(w.now)
		_, err := topic.Begin(ctx, w.d, w.voice("hera"), topic.New{Space: w.space["talk"].ID, Title: fmt.Sprintf("T %d", i), Text: "@ada"})
		w.must(err)
	}
	if n := len(w.mail("ada")); n != 20 || !strings.Contains(w.letters("ada")[19].Text, "There may be more") {
		t.Errorf("%d letters within an hour", n)
	}
}

// Two nodes that tell of the same at once make one notice of it.
func TestTwoNodesTellOnce(t *testing.T) {
	w := open(t)
	s := w.begin("ada", "talk", "Water", "Hard?")
	w.drain()
	ada := w.voice("ada").Member.ID
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			err := w.d.Tx(ctx, func(tx *db.Tx) error {
				_, err := notice.Tell(ctx, tx, notice.News{Brand: "b", Kind: notice.Answered, Subject: s.Topic.ID, Topic: s.Topic.ID, Mark: int64(2 + i%4)}, []string{ada})
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n, low, high := w.count(`SELECT COUNT(*) FROM notice`), w.count(`SELECT MIN(low) FROM notice`), w.count(`SELECT MAX(high) FROM notice`); n != 1 || low != 2 || high != 5 {
		t.Errorf("%d notices, from %d to %d", n, low, high)
	}
}
