package dossier_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"rapport/internal/access"
	"rapport/internal/blob"
	"rapport/internal/community"
	"rapport/internal/delivery"
	"rapport/internal/dossier"
	"rapport/internal/join"
	"rapport/internal/link"
	"rapport/internal/media"
	"rapport/internal/member"
	posts "rapport/internal/post"
	"rapport/internal/promote"
	"rapport/internal/space"
	"rapport/internal/topic"
)

// promoting is a community whose member's words the team carries to channels.
type promoting struct {
	*room
	p        *promote.Promoter
	owner    access.Who
	ada, ben member.Member
	talk     space.Space
	s        topic.Said // Ada's topic
	answer   topic.Said // hers to Ben
}

func promotes(t *testing.T) *promoting {
	r := enter(t)
	files, err := blob.OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { files.Close() })
	w := &promoting{room: r, owner: r.as(access.Owner)}
	w.p = &promote.Promoter{DB: r.DB, Library: &media.Library{DB: r.DB, Blobs: files}, Blobs: files,
		Front: func(context.Context, string) string { return "https://talk.north.example" }}
	r.SetClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	r.exec(`UPDATE channel SET limits = '{"text":500,"images":4,"parts":1}'`)
	r.exec(`INSERT INTO account (id, email, name, password_hash, created_at) VALUES ('acc', 'a@b.example', 'A', '', 1)`)
	w.talk, err = space.Create(ctx, r.DB, w.owner, r.brand, space.Settings{Name: "Talk", Kind: space.Questions})
	w.must(err)
	_, err = community.Show(ctx, r.DB, w.owner, r.brand, true)
	w.must(err)
	w.ada, w.ben = r.signs("adas", "Zyxada", r.brand), r.signs("ben", "Ben", r.brand)
	r.exec(`UPDATE member SET trusted_at = 1`)
	r.exec(`UPDATE account SET name = 'A', password_hash = '' WHERE id = 'adas'`) // with which they may be more than a member
	w.ada.TrustedAt, w.ben.TrustedAt = 1, 1
	pic, err := topic.Upload(ctx, r.DB, files, w.voice(w.ada), bytes.NewReader(dot(t)))
	w.must(err)
	w.s, err = topic.Begin(ctx, r.DB, w.voice(w.ada), topic.New{Space: w.talk.ID, Title: "Zyxtitle first", Text: "zyxwords ![zyxpicture](" + pic.Address() + ")"})
	w.must(err)
	bens, err := topic.Begin(ctx, r.DB, w.voice(w.ben), topic.New{Space: w.talk.ID, Title: "Which grinder?", Text: "I wonder."})
	w.must(err)
	w.answer, err = topic.Say(ctx, r.DB, w.voice(w.ada), bens.Topic.ID, "zyxanswer", 0, "")
	w.must(err)
	return w
}

func dot(t *testing.T) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 30, 30))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func (w *promoting) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *promoting) voice(m member.Member) member.Voice {
	return member.Voice{Who: access.Who{Account: m.Account, Name: m.Name}, Member: m, Brand: w.brand}
}

func (w *promoting) promoted(reply string) posts.Post {
	w.t.Helper()
	p, err := w.p.Promote(ctx, w.owner, w.brand, reply, "")
	w.must(err)
	return p
}

func (w *promoting) read(id string) posts.Post {
	w.t.Helper()
	all, err := posts.ByIDs(ctx, w.DB, w.brand, []string{id})
	w.must(err)
	return all[id]
}

// trace is longer than what a link's code could hold by chance.
var trace = regexp.MustCompile(`zyx(ada|title|words|answer|picture)`)

// named are the lines of all tables that hold a trace, but those that hold one
// of these.
func (w *promoting) named(but ...string) (out []string) {
	for line := range strings.Lines(w.whole()) {
		if trace.MatchString(strings.ToLower(line)) && !slices.ContainsFunc(but, func(s string) bool { return strings.Contains(line, s) }) {
			out = append(out, line)
		}
	}
	return out
}

// What was made of a member's words goes with them, wherever it is kept, unless
// it is out; and nothing else does.
func TestWhatPromotesErasedWordsIsEmptied(t *testing.T) {
	for name, erase := range map[string]func(w *promoting) error{
		"erased by the team": func(w *promoting) error {
			return dossier.Erase(ctx, w.DB, w.owner, w.brand, w.ada.Person, "Zyxada")
		},
		"left": func(w *promoting) error {
			return (&join.Join{DB: w.DB}).Remove(ctx, w.owner, w.brand, w.ada.ID, join.Erase)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := promotes(t)
			draft, planned, sent, answer := w.promoted(w.s.Reply.ID), w.promoted(w.s.Reply.ID), w.promoted(w.s.Reply.ID), w.promoted(w.answer.Reply.ID)
			copied, err := posts.Duplicate(ctx, w.DB, w.owner, w.brand, draft.ID)
			w.must(err)
			deleted, err := posts.Duplicate(ctx, w.DB, w.owner, w.brand, draft.ID)
			w.must(err)
			w.must(posts.Delete(ctx, w.DB, w.owner, w.brand, deleted.ID))
			own, err := posts.Draft(ctx, w.DB, w.owner, w.brand, posts.Input{Body: posts.Body{Parts: []posts.Part{{Text: "Which grinder? Ours."}}}})
			w.must(err)
			due := w.Now().Add(24 * time.Hour)
			for _, p := range []posts.Post{planned, sent} {
				_, err = posts.Schedule(ctx, w.DB, w.owner, w.brand, p.ID, 0, due)
				w.must(err)
			}
			w.exec(`UPDATE delivery SET state = 'published', published_at = 5 WHERE post_id = $1 AND channel_id = $2`, sent.ID, w.news)
			w.exec(`UPDATE delivery SET state = 'missed' WHERE post_id = $1 AND channel_id = $2`, planned.ID, w.shop)
			w.exec(`INSERT INTO part (delivery_id, ord, brand_id, kind, state, text, media) SELECT id, 0, brand_id, 'post', 'prepared', 'zyxwords', '[]' FROM delivery WHERE post_id = $1`, planned.ID)
			w.exec(`INSERT INTO review (id, brand_id, post_id, at, what, account_id, revision, text, content) VALUES ('0', $1, $2, 1, 'approved', 'acc', 1, '', '{"":["zyxwords"]}')`, w.brand, planned.ID)
			w.exec(`INSERT INTO suggestion (id, brand_id, post_id, account_id, at, revision, texts, was, approver, state) VALUES ('sug', $1, $2, 'acc', 1, 1, '{"":["zyxwords, all"]}', '{"":["zyxwords"]}', TRUE, 'open')`, w.brand, draft.ID)
			for i, subject := range []string{draft.ID, planned.ID} {
				w.exec(`INSERT INTO notification (id, brand_id, account_id, kind, subject, text, href, source, created_at) VALUES ($1, $2, 'acc', 'post.submitted', $3, 'Zyxtitle waits', '/', $1, 1)`, fmt.Sprint("n", i), w.brand, subject)
			}
			w.exec(`INSERT INTO digest_item (id, brand_id, account_id, kind, text, href, source, due_at, created_at) VALUES ('di', $1, 'acc', 'post.submitted', 'Zyxtitle waits', $2, 'other', 9, 1)`, w.brand, "/studio/north/posts/"+draft.ID)
			hand, err := link.Create(ctx, w.DB, w.owner, w.brand, "https://talk.north.example", link.New{Target: "https://talk.north.example" + w.s.Topic.Path(), Campaign: "spring"})
			w.must(err)
			_, err = topic.Change(ctx, w.DB, w.voice(w.ada), w.s.Reply.ID, topic.Edit{Title: "Zyxtitle second", Text: "zyxwords again", Revision: w.s.Reply.Revision})
			w.must(err)
			later := w.promoted(w.s.Reply.ID)
			out := w.read(sent.ID).Body.Parts[0].Text

			w.must(erase(w))
			// What is out stays, and is found by its words.
			stays := []string{sent.ID, sent.Input().Media()[0], "search_term "}
			w.work(func() bool { return len(w.named(stays...)) == 0 })
			for _, line := range w.named(stays...) {
				t.Errorf("still there: %s", line)
			}
			for name, id := range map[string]string{"draft": draft.ID, "planned": planned.ID, "answer": answer.ID, "copy": copied.ID, "deleted": deleted.ID, "later": later.ID} {
				p := w.read(id)
				steps, err := posts.Steps(ctx, w.DB, w.brand, id)
				w.must(err)
				if p.State != posts.StateDraft || p.Approved != 0 || p.Excerpt != "" || len(p.Input().Media()) != 0 || len(p.Variants) != 2 || p.Variants[0].Body != nil || p.Body.Parts[0].Text != "" {
					t.Errorf("the %s is %+v", name, p)
				}
				if last := steps[len(steps)-1]; last.What != "emptied" || last.Revision != p.Revision || last.By != "" {
					t.Errorf("the %s says %+v", name, steps)
				}
				// Written anew, it may go out: it promotes nothing any more.
				if why, err := promote.Withheld(ctx, w.DB, w.brand, id); err != nil || why != "" {
					t.Errorf("the %s is withheld: %q, %v", name, why, err)
				}
			}
			ds, err := delivery.OfPost(ctx, w.DB, w.brand, planned.ID)
			if err != nil || len(ds) != 2 || ds[0].State != delivery.Cancelled || ds[1].State != delivery.Cancelled || !strings.Contains(ds[0].Reason, "had it erased") {
				t.Errorf("it was to go out as %+v, %v", ds, err)
			}
			if p := w.read(planned.ID); p.PlannedAt != due {
				t.Errorf("its time is %v", p.PlannedAt)
			}

			// What is out stays, and what still waited of it does not go.
			if p := w.read(sent.ID); p.State != posts.StateApproved || p.Body.Parts[0].Text != out {
				t.Errorf("what is out is %+v", p)
			}
			ds, err = delivery.OfPost(ctx, w.DB, w.brand, sent.ID)
			w.must(err)
			for _, d := range ds {
				if want := map[bool]delivery.State{true: delivery.Published, false: delivery.Cancelled}[d.Channel == w.news]; d.State != want {
					t.Errorf("on %s it is %s", d.Channel, d.State)
				}
			}
			if p := w.read(own.ID); p.Revision != own.Revision || p.Excerpt != "Which grinder? Ours." {
				t.Errorf("somebody's own is %+v", p)
			}
			for _, l := range append(must(link.OfPost(ctx, w.DB, w.brand, draft.ID)), must(link.OfPost(ctx, w.DB, w.brand, sent.ID))...) {
				if l.Target != fmt.Sprintf("/t/-/%d", w.s.Topic.Number) || l.Campaign != fmt.Sprintf("topic-%d", w.s.Topic.Number) {
					t.Errorf("a link leads to %s for %s", l.Target, l.Campaign)
				}
			}
			got, err := link.ByCode(ctx, w.DB, w.brand, hand.Code)
			if err != nil || got.Campaign != "spring" || got.Target != fmt.Sprintf("/t/-/%d", w.s.Topic.Number) {
				t.Errorf("one made by hand leads to %+v, %v", got, err)
			}
			if n := w.count(`SELECT COUNT(*) FROM media`); n != 1 {
				t.Errorf("%d pictures are left, want that of what is out", n)
			}
		})
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// A node that is at work on a post is waited for.
func TestWhatIsBeingSentIsEmptiedOnceItIsNot(t *testing.T) {
	w := promotes(t)
	p := w.promoted(w.s.Reply.ID)
	_, err := posts.Schedule(ctx, w.DB, w.owner, w.brand, p.ID, 0, w.Now().Add(time.Hour))
	w.must(err)
	w.exec(`UPDATE delivery SET state = 'preparing' WHERE channel_id = $1`, w.news)
	w.must(dossier.Erase(ctx, w.DB, w.owner, w.brand, w.ada.Person, "Zyxada"))
	w.work(func() bool {
		return w.count(`SELECT COUNT(*) FROM reply WHERE author_id = $1 AND state <> 'erased'`, w.ada.ID) == 0
	})
	if why, err := promote.Withheld(ctx, w.DB, w.brand, p.ID); err != nil || why == "" {
		t.Errorf("it may go out: %v", err)
	}
	if q := w.read(p.ID); q.Excerpt == "" {
		t.Errorf("it was emptied while a node is at work on it: %+v", q)
	}
	w.exec(`UPDATE delivery SET state = 'rejected' WHERE channel_id = $1`, w.news)
	w.SetClock(w.Now().Time().Add(10 * time.Second))
	w.work(func() bool { return len(w.named()) == 0 })
	for _, line := range w.named() {
		t.Errorf("still there: %s", line)
	}
}
