package archive_test

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/archive"
	"rapport/internal/community"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/link"
	"rapport/internal/member"
	"rapport/internal/notice"
	"rapport/internal/space"
	"rapport/internal/topic"
)

// talk gives the brand a community with something in every part of it.
func (h house) talk(t *testing.T) {
	t.Helper()
	ctx, d, b := t.Context(), h.DB, h.Brand.ID
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := community.Change(ctx, d, h.Who(), b, 0, community.Settings{Joining: community.Ask, Questions: []string{"Why?"}, Intro: "Coffee", FirstPosts: 1})
	check(err)
	ask, err := space.Create(ctx, d, h.Who(), b, space.Settings{Name: "Questions", Kind: space.Questions})
	check(err)
	_, err = space.Change(ctx, d, h.Who(), b, ask.ID, ask.Revision, space.Settings{Name: "Ask", Kind: space.Questions})
	check(err)
	ada, cy := h.join(t, h.Account.ID, "Ada Lind"), h.join(t, h.NewAccount("cy@example.com", "Cy").ID, "Cý Öz")
	check(member.Portray(ctx, d, h.Media.Blobs, ada, picture()))
	s, err := topic.Begin(ctx, d, ada, topic.New{Space: ask.ID, Title: "Which grinder?", Text: "I *like* @cy-oz <b>"})
	check(err)
	pic, err := topic.Upload(ctx, d, h.Media.Blobs, cy, picture())
	check(err)
	r, err := topic.Say(ctx, d, cy, s.Topic.ID, "The big one ![a grinder]("+pic.Address()+")", 0, "form")
	check(err)
	_, err = topic.Change(ctx, d, cy, r.Reply.ID, topic.Edit{Revision: 1, Text: "The small one ![a grinder](" + pic.Address() + ")"})
	check(err)
	_, err = topic.Accept(ctx, d, ada, r.Reply.ID, true)
	check(err)
	check(topic.React(ctx, d, cy, s.Reply.ID, "heart", true))
	check(topic.Complain(ctx, d, cy, s.Reply.ID, topic.OffTopic, ""))
	check(topic.Bookmark(ctx, d, cy, s.Reply.ID, true))
	_, err = topic.Decide(ctx, d, h.Who(), b, s.Reply.ID, topic.AsItIs, topic.Keep, "", "It is fine")
	check(err)
	check(notice.Choose(ctx, d, ada, h.Brand, map[notice.Kind]notice.Choice{notice.Quoted: {Mail: true}}, notice.Digest{Every: notice.Daily, Weekday: 2, Hour: 7, Zone: "Asia/Tokyo"}))
	for _, query := range []string{
		`INSERT INTO document (brand_id, name, version, text, html, account_id, at) VALUES ($1, 'guidelines', 1, 'Be *kind*', '<p>Be <em>kind</em></p>', $2, 1000)`,
		`INSERT INTO acceptance (member_id, name, version, brand_id, at) SELECT id, 'guidelines', 1, brand_id, 1000 FROM member WHERE brand_id = $1 AND account_id = $2`,
	} {
		_, err := d.ExecContext(ctx, query, b, h.Account.ID)
		check(err)
	}
	check(d.Tx(ctx, func(tx *db.Tx) error {
		l, err := link.Add(ctx, tx, h.Who(), b, link.New{Target: s.Topic.Path(), Campaign: "spring", Topic: s.Topic.ID, Reply: r.Reply.ID})
		if err != nil {
			return err
		}
		came, err := link.Arrival(ctx, tx, b, l.Code, "2026-03-01")
		if err != nil {
			return err
		}
		return link.Arrived(ctx, tx, b, cy.Member.ID, came, time.UTC)
	}))
	all, err := link.OfTopic(ctx, d, b, s.Topic.ID)
	check(err)
	c := link.NewCounter(d, nil)
	c.Count(all[0], time.UTC, link.Person, "192.0.2.1", "Firefox/1")
	c.Count(all[0], time.UTC, link.Bot, "192.0.2.1", "curl/1")
	check(c.Stop(ctx))
}

func (h house) join(t *testing.T, account, name string) member.Voice {
	t.Helper()
	err := h.DB.Tx(t.Context(), func(tx *db.Tx) error {
		_, err := member.Create(t.Context(), tx, h.Brand.ID, member.New{Account: account, Name: name, State: member.Active, Trusted: true, Answers: []member.Answer{{Question: "Why?", Answer: "So"}}})
		return err
	})
	who := h.Who()
	if account != h.Account.ID {
		who = access.Who{Account: account, Name: name}
	}
	v, also := member.Of(t.Context(), h.DB, who, h.Brand.ID)
	if err != nil || also != nil || v.Member.ID == "" {
		t.Fatal(err, also)
	}
	return v
}

// community are the rows of a brand's community, as text.
func (h house) community(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for table, columns := range map[string]string{
		"community": "intro, joining, questions, first_posts, topics, revision", "space": "id, slug, name, kind, topics, revision", "space_slug": "slug, space_id",
		"member": "id, handle, name, name_key, state, answers, posts, solved, trusted_at", "member_handle": "handle, skeleton, member_id",
		"topic": "id, number, space_id, author_id, title, slug, excerpt, state, replies, heat, last_number, last_by, answer_id, created_at",
		"reply": "id, topic_id, space_id, number, author_id, state, text, html, reactions, flags, revision, at", "revision": "reply_id, number, text, by_id", "reaction": "reply_id, member_id, kind", "topic_picture": "id, member_id, blob, mime, bytes, width, height, at",
		"bookmark": "member_id, reply_id", "watch": "member_id, subject, level, because, seen", "flag": "id, reply_id, member_id, reason, settled_at", "decision": "id, reply_id, act, reason, excerpt",
		"notice_choice": "member_id, kind, mail", "notice_digest": "member_id, every, weekday, hour, zone",
		"document": "name, version, text, html", "acceptance": "member_id, name, version",
		"link": "id, code, target, source, campaign, topic_id, reply_id", "link_day": "link_id, day, people, bots", "link_joined": "member_id, link_id, day",
	} {
		row := "CAST(" + strings.ReplaceAll(columns, ", ", " AS TEXT) || ' ' || CAST(") + " AS TEXT)"
		rows, err := h.DB.QueryContext(t.Context(), `SELECT `+row+` FROM `+table+` WHERE brand_id = $1`, h.Brand.ID)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				t.Fatal(err)
			}
			out[table] = append(out[table], line)
		}
		slices.Sort(out[table])
		if len(out[table]) == 0 || rows.Err() != nil {
			t.Errorf("nothing in %s: %v", table, rows.Err())
		}
	}
	return out
}

func TestACommunityIsTakenAlong(t *testing.T) {
	from := full(t, dbtest.Open(t))
	to := empty(t, dbtest.Open(t))
	if i := to.take(t, from.export(t)); i.State != archive.Done {
		t.Fatalf("%+v", i)
	}
	to.Brand = from.Brand
	var face string
	if err := to.DB.QueryRowContext(t.Context(), `SELECT picture FROM member WHERE brand_id = $1 AND picture <> ''`, to.Brand.ID).Scan(&face); err != nil {
		t.Fatalf("no picture of a member came along: %v", err)
	}
	if file, _, err := to.Media.Blobs.Open(t.Context(), face); err != nil {
		t.Errorf("the file of a member's picture did not: %v", err)
	} else {
		file.Close()
	}
	if diff := cmp.Diff(from.community(t), to.community(t)); diff != "" {
		t.Error(diff)
	}
	samePictures(t, from, to)
	if n := one(t, to.DB, `SELECT COUNT(*) FROM search_doc WHERE kind = 'reply'`); n != "2" {
		t.Errorf("%s replies are found", n)
	}
	// Digests go on where they are brought in, without a word of before.
	if err := notice.Enrol(t.Context(), to.DB, to.Brand); err != nil || one(t, to.DB, `SELECT CASE WHEN next_at > 0 AND since > 0 THEN hour ELSE 0 END FROM notice_digest WHERE zone = 'Asia/Tokyo'`) != "7" {
		t.Error("the digest is not planned", err)
	}
	if mail := one(t, to.DB, `SELECT a.email FROM member m JOIN account a ON a.id = m.account_id WHERE m.name = 'Cý Öz'`); mail != "cy@example.com" {
		t.Errorf("the member's account is %s", mail)
	}
}

// samePictures compares what members put into what they wrote, byte for byte,
// and where their texts show it.
func samePictures(t *testing.T, from, to house) {
	t.Helper()
	id := one(t, from.DB, `SELECT id FROM topic_picture WHERE brand_id = $1`, from.Brand.ID)
	if html := one(t, to.DB, `SELECT html FROM reply WHERE number = 2`); !strings.Contains(html, topic.Up+"p/"+id+`"`) || !strings.Contains(html, "<img") {
		t.Errorf("the post shows no picture: %s", html)
	}
	var files [2][]byte
	for i, h := range []house{from, to} {
		p, err := topic.PictureByID(t.Context(), h.DB, from.Brand.ID, id)
		if err != nil {
			t.Fatal(err)
		}
		f, _, err := h.Media.Blobs.Open(t.Context(), p.Blob)
		if err != nil {
			t.Fatalf("no file of a picture came along: %v", err)
		}
		files[i], err = io.ReadAll(f)
		f.Close()
		if err != nil || int64(len(files[i])) != p.Bytes {
			t.Errorf("%d bytes of %d: %v", len(files[i]), p.Bytes, err)
		}
	}
	if !bytes.Equal(files[0], files[1]) {
		t.Error("it is another picture")
	}
}

// What was made before there were pictures of posts in archives still comes in;
// a text without its picture shows a link.
func TestAnArchiveWithoutPicturesOfPosts(t *testing.T) {
	p := unpack(t, full(t, dbtest.Open(t)).export(t))
	for name := range p {
		if strings.HasPrefix(name, "pictures/") || name == "pictures.jsonl" {
			delete(p, name)
		}
	}
	to := empty(t, dbtest.Open(t))
	if i := to.take(t, p.honest(t).zip(t)); i.State != archive.Done {
		t.Fatalf("%+v", i)
	}
	if html := one(t, to.DB, `SELECT html FROM reply WHERE number = 2`); strings.Contains(html, "<img") || !strings.Contains(html, "a grinder") {
		t.Errorf("it shows %s", html)
	}
}

// A picture whose file was gone when the archive was made is gone here too, and
// nothing else is.
func TestAPictureOfAPostThatIsGone(t *testing.T) {
	from := full(t, dbtest.Open(t))
	if err := from.Media.Blobs.Delete(t.Context(), one(t, from.DB, `SELECT blob FROM topic_picture`)); err != nil {
		t.Fatal(err)
	}
	to := empty(t, dbtest.Open(t))
	if i := to.take(t, from.export(t)); i.State != archive.Done || one(t, to.DB, `SELECT COUNT(*) FROM topic_picture`) != "1" {
		t.Errorf("%+v", i)
	}
}

// An archive may hold so many files that its list of them alone is large.
func TestALongManifest(t *testing.T) {
	p := unpack(t, full(t, dbtest.Open(t)).export(t))
	noise := make([]byte, 5<<20)
	_, _ = rand.Read(noise)
	p["manifest.json"] = append([]byte(`{"program":"`+hex.EncodeToString(noise)+`",`), p["manifest.json"][1:]...)
	to := empty(t, dbtest.Open(t))
	if i := to.take(t, p.zip(t)); i.State != archive.Done {
		t.Errorf("%+v", i)
	}
}

// What a brand asks of its team stands in one file and can be brought in.
func TestTheRuleOfTheTeamIsTakenAlong(t *testing.T) {
	from := full(t, dbtest.Open(t))
	if _, err := from.DB.ExecContext(t.Context(), `INSERT INTO team_rule (brand_id, second_factor) VALUES ($1, $2)`, from.Brand.ID, false); err != nil {
		t.Fatal(err)
	}
	file := from.export(t)
	to := empty(t, dbtest.Open(t))
	if i := to.take(t, file); i.State != archive.Done || one(t, to.DB, `SELECT COUNT(*) FROM team_rule`) != "1" {
		t.Errorf("%+v", i)
	}
}
