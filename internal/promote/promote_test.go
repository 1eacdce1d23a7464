package promote_test

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"rapport/internal/access"
	"rapport/internal/blob"
	"rapport/internal/community"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/delivery"
	"rapport/internal/fault"
	"rapport/internal/job"
	"rapport/internal/link"
	"rapport/internal/media"
	"rapport/internal/member"
	"rapport/internal/metric"
	"rapport/internal/post"
	"rapport/internal/promote"
	"rapport/internal/space"
	"rapport/internal/topic"
)

var ctx = context.Background()

const front = "https://talk.north.example"

// world is an open community beside two channels, one of which takes little.
type world struct {
	*testing.T
	d     *db.DB
	p     *promote.Promoter
	blobs blob.Store
	owner access.Who
	talk  space.Space
	inner space.Space
	ada   member.Voice
}

func open(t *testing.T) *world {
	w := &world{T: t, d: dbtest.Open(t)}
	_, err := job.New(ctx, w.d, job.NewWorkers(), job.Options{})
	w.must(err)
	w.d.SetClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	files, err := blob.OpenFolder(t.TempDir())
	w.must(err)
	t.Cleanup(func() { files.Close() })
	w.blobs = files
	w.p = &promote.Promoter{DB: w.d, Library: &media.Library{DB: w.d, Blobs: files}, Blobs: files, Front: func(context.Context, string) string { return front }}
	for _, b := range []string{"b", "other"} {
		w.exec(`INSERT INTO brand (id, slug, name, color, zone, language, created_at) VALUES ($1, $1, 'North', '#000000', 'UTC', 'en', 1)`, b)
	}
	w.owner = w.grant("olga", "b", access.Owner)
	w.channel("big", 500, 4)
	w.talk, err = space.Create(ctx, w.d, w.owner, "b", space.Settings{Name: "Talk", Kind: space.Questions})
	w.must(err)
	w.inner, err = space.Create(ctx, w.d, w.owner, "b", space.Settings{Name: "Inner", Kind: space.Discussion, Hidden: true})
	w.must(err)
	_, err = community.Show(ctx, w.d, w.owner, "b", true)
	w.must(err)
	w.ada = w.join(access.Who{Account: w.account("ada"), Name: "Ada"}, "Ada Lind")
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) exec(text string, args ...any) {
	w.Helper()
	_, err := w.d.ExecContext(ctx, text, args...)
	w.must(err)
}

func (w *world) account(id string) string {
	w.Helper()
	w.exec(`INSERT INTO account (id, email, name, password_hash, created_at) VALUES ($1, $2, $3, '', 1)`, id, id+"@example.com", id)
	return id
}

func (w *world) grant(id, brand string, r access.Role, channels ...string) access.Who {
	w.Helper()
	w.account(id)
	return access.Who{Account: id, Name: id, Grants: []access.Grant{{Brand: brand, Role: r, Channels: channels}}}
}

func (w *world) channel(id string, text, images int) {
	w.Helper()
	w.exec(`INSERT INTO channel (id, brand_id, network, remote_id, handle, name, credential, limits, state, state_at, created_at)
		VALUES ($1, 'b', $2, $1, '@north', 'North', '', $3, 'connected', 1, 1)`, id, "net"+id, `{"text":`+strconv.Itoa(text)+`,"images":`+strconv.Itoa(images)+`,"parts":1}`)
}

func (w *world) join(who access.Who, name string) member.Voice {
	w.Helper()
	w.must(w.d.Tx(ctx, func(tx *db.Tx) error {
		_, err := member.Create(ctx, tx, "b", member.New{Account: who.Account, Name: name, State: member.Active, Trusted: true})
		return err
	}))
	v, err := member.Of(ctx, w.d, who, "b")
	w.must(err)
	return v
}

func (w *world) topic(text string) topic.Said {
	w.Helper()
	s, err := topic.Begin(ctx, w.d, w.ada, topic.New{Space: w.talk.ID, Title: "Which grinder?", Text: text})
	w.must(err)
	return s
}

func (w *world) promoted(replyID string) post.Post {
	w.Helper()
	p, err := w.p.Promote(ctx, w.owner, "b", replyID, "")
	w.must(err)
	return p
}

// links of the post by the channel they are for.
func (w *world) links(p post.Post) map[string]link.Link {
	w.Helper()
	all, err := link.OfPost(ctx, dbtest.Indexed(w.T, w.d), "b", p.ID)
	w.must(err)
	out := map[string]link.Link{}
	for _, l := range all {
		out[l.Channel] = l
	}
	return out
}

func TestATopicBecomesADraft(t *testing.T) {
	w := open(t)
	s := w.topic("I *like* the big one. [Look](https://example.com).")
	p := w.promoted(s.Reply.ID)
	l := w.links(p)["big"]
	want := "Which grinder?\n\nI like the big one. Look.\n\nBy Ada Lind in our community\n" + front + "/l/"
	if p.State != post.StateDraft || p.ContentFor("big").Parts[0].Text != want+l.Code || len(p.Variants) != 1 {
		t.Errorf("%q %+v", p.Body.Parts[0].Text, p)
	}
	// A channel that is added later has another link, that is counted for none.
	later := w.links(p)[""]
	if got := p.ContentFor("added later").Parts[0].Text; got != want+later.Code || later.Code == l.Code || later.Source != "social" || later.Channel != "" || l.Channel != "big" {
		t.Errorf("%q, %+v, %+v", got, later, l)
	}
	if got := l.Location(""); got != s.Topic.Path()+"?utm_source=netbig&utm_medium=social&utm_campaign=which-grinder&utm_content="+p.ID {
		t.Error(got)
	}
	// The answer is another draft, with its words and its place.
	w.d.SetClock(w.d.Now().Time().Add(time.Minute))
	bo := w.join(access.Who{Account: w.account("bo")}, "Bo")
	a, err := topic.Say(ctx, w.d, bo, s.Topic.ID, "> [@ada](#1):\n>\n> I like the big one\n\nThe small one is better.", 0, "")
	w.must(err)
	q := w.promoted(a.Reply.ID)
	l = w.links(q)["big"]
	if want := "Which grinder?\n\n“The small one is better.”\n\nBy Bo in our community\n" + front + "/l/" + l.Code; q.ContentFor("big").Parts[0].Text != want {
		t.Errorf("%q", q.ContentFor("big").Parts[0].Text)
	}
	if l.Reply != a.Reply.ID || l.Target != s.Topic.Path()+"#2" {
		t.Error(l)
	}

	// Both know each other.
	o, err := promote.OriginOf(ctx, w.d, w.owner, "b", q.ID)
	if err != nil || o.Topic.ID != s.Topic.ID || o.Reply != a.Reply.ID || len(o.Links) != 2 {
		t.Error(o, err)
	}
	all, err := promote.Of(ctx, dbtest.Indexed(t, w.d), w.owner, "b", s.Topic.ID)
	if err != nil || len(all) != 2 || all[0].Post != q.ID || all[1].Post != p.ID || all[1].Reply != "" {
		t.Error(all, err)
	}
	w.must(post.Delete(ctx, w.d, w.owner, "b", q.ID))
	if all, err = promote.Of(ctx, w.d, w.owner, "b", s.Topic.ID); err != nil || len(all) != 1 {
		t.Error(all, err)
	}
}

// TestEachChannelGetsItsOwn: a link of its own, and no more than it takes.
func TestEachChannelGetsItsOwn(t *testing.T) {
	w := open(t)
	w.channel("small", 120, 0)
	s := w.topic(strings.Repeat("Some say this and some say that. ", 30))
	p := w.promoted(s.Reply.ID)
	links := w.links(p)
	if len(links) != 3 || len(p.Variants) != 2 {
		t.Fatal(links, p.Variants)
	}
	codes := map[string]bool{}
	for id, most := range map[string]int{"big": 500, "small": 120} {
		text := p.ContentFor(id).Parts[0].Text
		if n := len([]rune(text)); n > most || !strings.HasSuffix(text, "By Ada Lind in our community\n"+front+links[id].Path()) || links[id].Source != "net"+id {
			t.Errorf("%s: %d %q %+v", id, n, text, links[id])
		}
		codes[links[id].Code] = true
	}
	if !strings.HasSuffix(p.Body.Parts[0].Text, links[""].Path()) || links[""].Source != "social" || codes[links[""].Code] || len(codes) != 2 {
		t.Error(p.Body, links)
	}
	// The next one goes where the last post went.
	w.d.SetClock(w.d.Now().Time().Add(time.Minute))
	_, err := post.Draft(ctx, w.d, w.owner, "b", post.Input{Body: post.Body{Parts: []post.Part{{Text: "x"}}}, Variants: []post.Variant{{Channel: "small"}}})
	w.must(err)
	if q := w.promoted(s.Reply.ID); len(q.Variants) != 1 || q.Variants[0].Channel != "small" {
		t.Error(q.Variants)
	}
}

func TestCredit(t *testing.T) {
	w := open(t)
	s := w.topic("Hello")
	tests := []struct{ name, set, credit string }{
		{"as they are", ``, "By Ada Lind in our community\n"},
		{"not in the directory", `UPDATE member SET listed = FALSE WHERE brand_id = 'b'`, "By a member of our community\n"},
		{"gone", `UPDATE member SET state = 'left', name = '' WHERE brand_id = 'b'`, "From our community\n"},
		{"the team", `UPDATE reply SET team = TRUE WHERE brand_id = 'b'`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.set != "" {
				w.exec(tt.set)
			}
			p := w.promoted(s.Reply.ID)
			if text := p.Body.Parts[0].Text; !strings.HasPrefix(text, "Which grinder?\n\nHello\n\n"+tt.credit+front) {
				t.Errorf("%q", text)
			}
		})
	}
	w.exec(`UPDATE brand SET language = 'de' WHERE id = 'b'`)
	w.exec(`UPDATE reply SET team = FALSE WHERE brand_id = 'b'`)
	if text := w.promoted(s.Reply.ID).Body.Parts[0].Text; !strings.Contains(text, "Aus unserer Community\n") {
		t.Errorf("%q", text)
	}
}

func TestWhatIsNotForEverybodyStaysIn(t *testing.T) {
	w := open(t)
	inner, err := topic.Begin(ctx, w.d, w.ada, topic.New{Space: w.inner.ID, Title: "Among us", Text: "x"})
	w.must(err)
	s := w.topic("Hello")
	tests := []struct{ name, set, undo, id, says string }{
		{"members only", ``, ``, inner.Reply.ID, "members only"},
		{"it waits", `UPDATE reply SET state = 'waiting' WHERE brand_id = 'b'`, `UPDATE reply SET state = 'live' WHERE brand_id = 'b'`, s.Reply.ID, "Let it through first"},
		{"its topic is hidden", `UPDATE topic SET state = 'hidden' WHERE brand_id = 'b'`, `UPDATE topic SET state = 'live' WHERE brand_id = 'b'`, s.Reply.ID, "Restore it first"},
		{"erased", `UPDATE reply SET state = 'erased' WHERE brand_id = 'b'`, `UPDATE reply SET state = 'live' WHERE brand_id = 'b'`, s.Reply.ID, "Nobody can read this"},
		{"the community is shut", `UPDATE community SET opened_at = 0 WHERE brand_id = 'b'`, `UPDATE community SET opened_at = 1 WHERE brand_id = 'b'`, s.Reply.ID, "Open it first"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.set != "" {
				w.exec(tt.set)
				defer w.exec(tt.undo)
			}
			_, err := w.p.Promote(ctx, w.owner, "b", tt.id, "")
			if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), tt.says) {
				t.Error(err)
			}
		})
	}
	for name, id := range map[string]string{"nothing": "none", "another brand's": s.Reply.ID} {
		brand := "b"
		who := w.owner
		if name != "nothing" {
			brand, who = "other", access.Who{Account: "olga", Grants: []access.Grant{{Brand: "other", Role: access.Owner}}}
		}
		if _, err := w.p.Promote(ctx, who, brand, id, ""); !fault.Is(err, fault.NotFound) {
			t.Error(name, err)
		}
	}
	var n int
	w.must(w.d.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM post) + (SELECT COUNT(*) FROM link) + (SELECT COUNT(*) FROM media)`).Scan(&n))
	if n != 0 {
		t.Error(n, "things were left behind")
	}
}

// What a post promotes may go after the draft was made: then the post must not
// go out, and may again once it is there.
func TestAPostStandsWithWhatItPromotes(t *testing.T) {
	w := open(t)
	s := w.topic("Hello")
	answered, err := topic.Say(ctx, w.d, w.ada, s.Topic.ID, "An answer", 0, "")
	w.must(err)
	of, answer := w.promoted(s.Reply.ID), w.promoted(answered.Reply.ID)
	for _, tt := range []struct {
		name, set, undo string
		topic, answer   bool // whether it still stands
	}{
		{"nothing", `UPDATE brand SET name = name`, `UPDATE brand SET name = name`, true, true},
		{"the answer is hidden", `UPDATE reply SET state = 'hidden' WHERE number = 2`, `UPDATE reply SET state = 'live'`, true, false},
		{"the topic is hidden", `UPDATE topic SET state = 'hidden'`, `UPDATE topic SET state = 'live'`, false, false},
		{"its opening is withdrawn", `UPDATE reply SET state = 'withdrawn' WHERE number = 1`, `UPDATE reply SET state = 'live'`, false, true},
		{"its space is for members", `UPDATE space SET hidden = TRUE`, `UPDATE space SET hidden = (name = 'Inner')`, false, false},
		{"the community is shut", `UPDATE community SET opened_at = 0`, `UPDATE community SET opened_at = 1`, false, false},
	} {
		w.exec(tt.set)
		for id, want := range map[string]bool{of.ID: tt.topic, answer.ID: tt.answer, "none": true} {
			why, err := promote.Withheld(ctx, dbtest.Indexed(w.T, w.d), "b", id)
			if err != nil || (why == "") != want {
				t.Errorf("%s: %q, %v", tt.name, why, err)
			}
		}
		w.exec(tt.undo)
	}
}

func TestWhoMayPromote(t *testing.T) {
	w := open(t)
	s := w.topic("Hello")
	for _, tt := range []struct {
		role access.Role
		may  bool
	}{{access.Owner, true}, {access.Manager, true}, {access.Strategist, true}, {access.Creator, true}, {access.Community, true}, {access.Analyst, false}, {access.Moderator, false}, {access.Ambassador, false}} {
		t.Run(string(tt.role), func(t *testing.T) {
			_, err := w.p.Promote(ctx, w.grant("r-"+string(tt.role), "b", tt.role), "b", s.Reply.ID, "")
			if (err == nil) != tt.may || err != nil && !fault.Is(err, fault.Denied) {
				t.Error(err)
			}
		})
	}
	narrow := w.grant("narrow", "b", access.Creator, "big")
	w.channel("else", 500, 4)
	p, err := w.p.Promote(ctx, narrow, "b", s.Reply.ID, "")
	if err != nil || len(p.Variants) != 1 || p.Variants[0].Channel != "big" {
		t.Error(p.Variants, err)
	}
}

func (w *world) picture() string {
	w.Helper()
	var b bytes.Buffer
	w.must(png.Encode(&b, image.NewGray(image.Rect(0, 0, 40, 30))))
	p, err := topic.Upload(ctx, w.d, w.blobs, w.ada, &b)
	w.must(err)
	return p.Address()
}

// TestSentTwiceIsOneDraft: a double click makes one draft, one picture and its
// links once.
func TestSentTwiceIsOneDraft(t *testing.T) {
	w := open(t)
	s := w.topic("> ![not theirs](" + w.picture() + ")\n\n![A grinder](" + w.picture() + ") ![another](" + w.picture() + ")")
	once := db.NewID()
	var wg sync.WaitGroup
	ids := make([]string, 6)
	for i := range ids {
		wg.Go(func() {
			p, err := w.p.Promote(ctx, w.owner, "b", s.Reply.ID, once)
			if err != nil {
				t.Error(err)
			}
			ids[i] = p.ID
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id != once {
			t.Fatal(ids)
		}
	}
	all, err := media.ByIDs(ctx, w.d, "b", w.library())
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	for _, m := range all {
		if m.Alt != "A grinder" || m.Width != 40 || m.Name != "which-grinder" {
			t.Errorf("%+v", m)
		}
	}
	p, err := post.ByID(ctx, w.d, w.owner, "b", once)
	w.must(err)
	if got := p.Input().Media(); len(got) != 1 || all[got[0]].ID == "" {
		t.Error(got)
	}
	if n := len(w.links(p)); n != 2 { // the channel's, and that of channels added later
		t.Error(n, "links")
	}
	// Somebody else's form of the same id gets none of it.
	if _, err := w.p.Promote(ctx, w.grant("other", "b", access.Owner), "b", s.Reply.ID, once); !fault.Is(err, fault.Conflict) {
		t.Error(err)
	}
}

func (w *world) library() []string {
	w.Helper()
	all, _, err := media.List(ctx, w.d, w.owner, "b", media.Filter{}, db.Page{})
	w.must(err)
	var ids []string
	for _, m := range all {
		ids = append(ids, m.ID)
	}
	return ids
}

// TestTwoMachinesGetTheSameForm: the one that comes second takes its picture
// back.
func TestTwoMachinesGetTheSameForm(t *testing.T) {
	w := open(t)
	s := w.topic("![A grinder](" + w.picture() + ")")
	once := db.NewID()
	var wg sync.WaitGroup
	for range 4 {
		node := &promote.Promoter{DB: w.d, Library: w.p.Library, Blobs: w.blobs, Front: w.p.Front}
		wg.Go(func() {
			if p, err := node.Promote(ctx, w.owner, "b", s.Reply.ID, once); err != nil || p.ID != once {
				t.Error(p.ID, err)
			}
		})
	}
	wg.Wait()
	if n := len(w.library()); n != 1 {
		t.Error(n, "pictures")
	}
}

func TestOutcomes(t *testing.T) {
	w := open(t)
	w.channel("quiet", 500, 4)
	p := w.promoted(w.topic("Hello").Reply.ID)
	_, err := post.Schedule(ctx, w.d, w.owner, "b", p.ID, 0, w.d.Now().Add(time.Hour))
	w.must(err)
	ds, err := delivery.OfPost(ctx, w.d, "b", p.ID)
	w.must(err)
	links := w.links(p)
	w.must(w.d.Tx(ctx, func(tx *db.Tx) error {
		for _, d := range ds {
			if d.Channel == "big" {
				return metric.Record(ctx, tx, []metric.Reading{{Brand: "b", Subject: d.ID, Name: metric.Views, At: 1, Value: 100}, {Brand: "b", Subject: d.ID, Name: metric.Views, At: 2, Value: 400}})
			}
		}
		return nil
	}))
	c := link.NewCounter(w.d, nil)
	for _, from := range []string{"1", "2", "3"} {
		for _, l := range links {
			c.Count(l, time.UTC, link.Person, from, "Firefox/1")
		}
	}
	w.must(c.Stop(ctx))
	all, err := promote.Outcomes(ctx, dbtest.Indexed(t, w.d), w.owner, "b", []link.Link{links["big"], links["quiet"], links[""]}, "2026-03-02")
	w.must(err)
	if rate, known := all[0].Rate(); !known || rate != 0.75 || all[0].People != 3 || all[0].Days["2026-03-02"].People != 3 {
		t.Errorf("%+v", all[0])
	}
	for _, o := range all[1:] {
		if _, known := o.Rate(); known || o.Views != nil || o.People != 3 {
			t.Errorf("%+v", o)
		}
	}
	if days := promote.Days(w.d.Now(), time.UTC, 3); strings.Join(days, " ") != "2026-02-28 2026-03-01 2026-03-02" {
		t.Error(days)
	}
}

// What never went out was seen by nobody: it is no promotion, and no rate waits
// for its views. A post's common link is not missed where each channel has its
// own.
func TestOnlyWhatWentOutCounts(t *testing.T) {
	w := open(t)
	w.channel("quiet", 500, 4)
	said := w.topic("Hello")
	counted := func(want promote.Followed, carried int64) {
		t.Helper()
		q, from, to := dbtest.Indexed(t, w.d), db.Time(0), w.d.Now()+1
		got, err := promote.Through(ctx, q, "b", from, to)
		if err != nil || got != want {
			t.Errorf("followed %+v, %v", got, err)
		}
		if n, err := promote.Carried(ctx, q, "b", from, to); err != nil || n != carried {
			t.Errorf("%d carried, %v", n, err)
		}
	}
	w.promoted(said.Reply.ID)
	deleted := w.promoted(said.Reply.ID)
	w.must(post.Delete(ctx, w.d, w.owner, "b", deleted.ID))
	counted(promote.Followed{}, 0)

	p := w.promoted(said.Reply.ID)
	_, err := post.Schedule(ctx, w.d, w.owner, "b", p.ID, 0, w.d.Now().Add(time.Hour))
	w.must(err)
	counted(promote.Followed{}, 0)
	w.exec(`UPDATE delivery SET state = 'published', published_at = $2 WHERE post_id = $1 AND channel_id = 'big'`, p.ID, w.d.Now())
	counted(promote.Followed{Left: 1}, 1)
	ds, err := delivery.OfPost(ctx, w.d, "b", p.ID)
	w.must(err)
	w.must(w.d.Tx(ctx, func(tx *db.Tx) error {
		for _, d := range ds {
			if d.Channel == "big" {
				return metric.Record(ctx, tx, []metric.Reading{{Brand: "b", Subject: d.ID, Name: metric.Views, At: 2, Value: 400}})
			}
		}
		return nil
	}))
	c := link.NewCounter(w.d, nil)
	c.Count(w.links(p)["big"], time.UTC, link.Person, "1", "Firefox/1")
	w.must(c.Stop(ctx))
	counted(promote.Followed{Links: 1, Clicks: 1, Views: 400}, 1)
	w.exec(`UPDATE delivery SET state = 'published', published_at = $2 WHERE post_id = $1`, p.ID, w.d.Now())
	counted(promote.Followed{Links: 1, Clicks: 1, Views: 400, Left: 1}, 1)
}

// The community is a channel too, but what it says is not carried to itself.
func TestTheCommunityIsNotPromotedToItself(t *testing.T) {
	w := open(t)
	w.exec(`INSERT INTO channel (id, brand_id, network, remote_id, handle, name, credential, limits, state, state_at, created_at)
		VALUES ('own', 'b', 'community', 'community', 'North', 'North', '', '{"text":30000,"parts":1}', 'connected', 1, 1)`)
	_, _, err := post.Compose(ctx, w.d, w.owner, "b", post.Input{Body: post.Body{Parts: []post.Part{{Text: "An announcement"}}}, Variants: []post.Variant{{Channel: "own"}}}, 0)
	w.must(err)
	said, err := topic.Begin(ctx, w.d, w.ada, topic.New{Space: w.talk.ID, Title: "Why is it sour?", Text: "Really."})
	w.must(err)
	p, err := w.p.Promote(ctx, w.owner, "b", said.Reply.ID, "")
	w.must(err)
	if all := p.Channels(); len(all) != 1 || all[0] != "big" {
		t.Errorf("it goes to %v", all)
	}
}
