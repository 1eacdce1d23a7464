package join_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/community"
	"rapport/internal/db"
	"rapport/internal/document"
	"rapport/internal/fault"
	"rapport/internal/join"
	"rapport/internal/member"
	"rapport/internal/space"
	"rapport/internal/topic"
)

// talk is a community in which Ada and Bo have said something to each other.
type talk struct {
	*house
	ada, bo             member.Voice
	hers, his           topic.Topic // topics
	herReply, hisAnswer topic.Reply // in the other's topic
}

func newTalk(t *testing.T) *talk {
	t.Helper()
	h := &talk{house: newHouse(t, false)}
	h.set(func(s *community.Settings) { s.FirstPosts, s.LinksWait, s.Questions = 0, false, []string{"Why?"} })
	_, err := document.Write(ctx, h.DB, h.owner, h.brand.ID, document.Terms, 0, "Behave.", true)
	must(t, err)
	s, err := space.Create(ctx, h.DB, h.owner, h.brand.ID, space.Settings{Name: "Beans", Kind: space.Questions})
	must(t, err)
	h.ada, h.bo = h.comes("adalovelace", "Ada Lovelace"), h.comes("bo", "Bo")
	first, err := topic.Begin(ctx, h.DB, h.ada, topic.New{Space: s.ID, Title: "Which zebra grinder", Text: "I look for a zebra grinder."})
	must(t, err)
	second, err := topic.Begin(ctx, h.DB, h.bo, topic.New{Space: s.ID, Title: "Water", Text: "Hard or soft?"})
	must(t, err)
	answer, err := topic.Say(ctx, h.DB, h.bo, first.Topic.ID, "This one.", 1, "")
	must(t, err)
	reply, err := topic.Say(ctx, h.DB, h.ada, second.Topic.ID, "Soft zebra water.", 1, "")
	must(t, err)
	h.hers, h.his, h.herReply, h.hisAnswer = first.Topic, second.Topic, reply.Reply, answer.Reply
	changed, err := topic.Change(ctx, h.DB, h.ada, reply.Reply.ID, topic.Edit{Text: "Soft zebra water, always.", Revision: reply.Reply.Revision})
	must(t, err)
	h.herReply = changed.Reply
	_, err = topic.Accept(ctx, h.DB, h.bo, reply.Reply.ID, true)
	must(t, err)
	must(t, errors.Join(
		topic.React(ctx, h.DB, h.ada, answer.Reply.ID, "heart", true), topic.React(ctx, h.DB, h.ada, answer.Reply.ID, "up", true),
		topic.React(ctx, h.DB, h.bo, reply.Reply.ID, "heart", true),
		topic.Complain(ctx, h.DB, h.ada, answer.Reply.ID, topic.Spam, "zebra complaint"), topic.Complain(ctx, h.DB, h.bo, reply.Reply.ID, topic.Spam, ""),
		topic.Bookmark(ctx, h.DB, h.ada, answer.Reply.ID, true), topic.Follow(ctx, h.DB, h.ada, s.ID, topic.Watch),
		topic.KeepDraft(ctx, h.DB, h.ada, topic.Draft{Topic: second.Topic.ID, Text: "A zebra draft"})))
	return h
}

// comes makes an account and a member.
func (h *talk) comes(handle, name string) member.Voice {
	h.t.Helper()
	who := h.as(h.account(handle+"@example.com", name))
	m, err := h.Enter(ctx, who, h.brand, join.Form{Name: name, Handle: handle, Answers: []member.Answer{{Question: "Why?", Answer: "For " + name}}, Accepts: map[string]int64{"terms": 1}})
	must(h.t, err)
	must(h.t, h.DB.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE member SET bio = 'I am ' || name, link = 'https://' || handle || '.example', picture = handle WHERE id = $1`, m.ID)
		return err
	}))
	_, err = h.Blobs.Put(ctx, handle, strings.NewReader("picture"))
	must(h.t, err)
	_, err = h.Blobs.Put(ctx, "in-a-text-of-"+handle, strings.NewReader("picture"))
	must(h.t, err)
	_, err = h.DB.ExecContext(ctx, `INSERT INTO topic_picture (id, brand_id, member_id, blob, mime, bytes, width, height, at) VALUES ($1, $2, $3, $4, 'image/png', 7, 1, 1, 1)`,
		"picture"+handle, h.brand.ID, m.ID, "in-a-text-of-"+handle)
	must(h.t, err)
	v, err := member.Of(ctx, h.DB, who, h.brand.ID)
	must(h.t, err)
	return v
}

// holds returns the places of the community that hold the word.
func (h *talk) holds(word string) []string {
	h.t.Helper()
	var out []string
	for table, columns := range map[string]string{
		"member": "handle name name_key bio link picture answers came_from", "member_handle": "handle", "person": "name", "topic": "title slug excerpt origin",
		"reply": "text html", "revision": "title text", "topic_draft": "title text", "flag": "note", "decision": "excerpt", "audit": "detail",
	} {
		for column := range strings.FieldsSeq(columns) {
			if h.count(`SELECT COUNT(*) FROM `+table+` WHERE LOWER(`+column+`) LIKE $1`, "%"+word+"%") > 0 {
				out = append(out, table+"."+column)
			}
		}
	}
	return out
}

func (h *talk) topic(t topic.Topic) topic.Topic {
	h.t.Helper()
	got, err := topic.ByID(ctx, h.DB, h.brand.ID, t.ID)
	must(h.t, err)
	return got
}

func TestLeaveTheWordsBehind(t *testing.T) {
	h := newTalk(t)
	must(t, h.Leave(ctx, h.ada, join.Anonymise))
	if places := h.holds("lovelace"); len(places) > 0 {
		t.Errorf("their name is in %v", places)
	}
	m, err := member.ByID(ctx, h.DB, h.brand.ID, h.ada.Member.ID)
	if err != nil || !m.Gone() || m.Account != "" || m.Person != "" || m.Listed || m.Posts != 2 {
		t.Errorf("%+v, %v", m, err)
	}
	if _, err := member.ByHandle(ctx, h.DB, h.brand.ID, "adalovelace"); !fault.Is(err, fault.NotFound) {
		t.Errorf("their handle leads to them: %v", err)
	}
	if err := member.Free(ctx, h.DB, h.brand.ID, "AdaLove1ace"); !fault.Is(err, fault.Invalid) {
		t.Errorf("their handle can be taken on: %v", err)
	}
	r, err := topic.ReplyByID(ctx, h.DB, h.brand.ID, h.herReply.ID)
	if diff := cmp.Diff(h.herReply.Text, r.Text); err != nil || diff != "" || r.State != topic.Live {
		t.Error(diff, r.State, err)
	}
	if got := h.topic(h.hers); got.Title != h.hers.Title || got.State != topic.Live {
		t.Errorf("%+v", got)
	}
	for table, want := range map[string]int{"bookmark": 0, "topic_draft": 0, "reaction": 3, "revision": 1, "person": 1} {
		if n := h.count(`SELECT COUNT(*) FROM ` + table); n != want {
			t.Errorf("%d of %s, want %d", n, table, want)
		}
	}
	if n := h.count(`SELECT COUNT(*) FROM watch WHERE member_id = $1`, h.ada.Member.ID); n != 0 {
		t.Errorf("they follow %d", n)
	}
	for key, there := range map[string]bool{"adalovelace": false, "in-a-text-of-adalovelace": true, "bo": true} {
		if _, err := h.Blobs.Stat(ctx, key); there != (err == nil) {
			t.Errorf("%s: %v", key, err)
		}
	}
	h.saidThatSomebodyLeft()
}

// saidThatSomebodyLeft looks into the log: it does not say who.
func (h *talk) saidThatSomebodyLeft() {
	h.t.Helper()
	n := 0
	err := audit.Each(ctx, h.DB, h.owner, h.brand.ID, audit.Filter{}, func(l audit.Line) error {
		if l.Act == "community.left" {
			n++
		}
		return nil
	})
	if err != nil || n != 1 || h.count(`SELECT COUNT(*) FROM audit WHERE act = 'community.left' AND account_id <> ''`) != 0 {
		h.t.Errorf("%d lines, %v", n, err)
	}
}

func TestLeaveNothing(t *testing.T) {
	h := newTalk(t)
	must(t, h.Leave(ctx, h.ada, join.Erase))
	for _, word := range []string{"lovelace", "zebra"} {
		if places := h.holds(word); len(places) > 0 {
			t.Errorf("%s is in %v", word, places)
		}
	}
	for _, table := range []string{"reaction", "bookmark", "topic_draft", "topic_picture", "acceptance"} {
		if n := h.count(`SELECT COUNT(*) FROM `+table+` WHERE member_id = $1`, h.ada.Member.ID); n != 0 {
			t.Errorf("%d of %s are left", n, table)
		}
	}
	if n := h.count(`SELECT COUNT(*) FROM search_doc WHERE subject IN ($1, $2)`, h.herReply.ID, h.ada.Member.Person); n != 0 {
		t.Errorf("%d texts can be found", n)
	}
	for _, key := range []string{"adalovelace", "in-a-text-of-adalovelace"} {
		if _, err := h.Blobs.Stat(ctx, key); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", key, err)
		}
	}
	h.saidThatSomebodyLeft()
}

// What others said stays, and the counts are right.
func TestOthersLoseNothing(t *testing.T) {
	h := newTalk(t)
	must(t, h.Leave(ctx, h.ada, join.Erase))
	hers, his := h.topic(h.hers), h.topic(h.his)
	if hers.State != topic.Live || hers.Title != "" || hers.Replies != 1 || hers.Heat != 1 {
		t.Errorf("her topic: %+v", hers)
	}
	if his.State != topic.Live || his.Title != "Water" || his.Replies != 0 || his.Heat != 0 || his.Answer != "" || his.SolvedAt != 0 {
		t.Errorf("his topic: %+v", his)
	}
	answer, err := topic.ReplyByID(ctx, h.DB, h.brand.ID, h.hisAnswer.ID)
	if err != nil || answer.Text != "This one." || len(answer.Reactions) != 0 || answer.State != topic.Live {
		t.Errorf("his answer: %+v, %v", answer, err)
	}
	gone, err := topic.ReplyByID(ctx, h.DB, h.brand.ID, h.herReply.ID)
	if err != nil || gone.State != topic.Erased || gone.Number != h.herReply.Number || gone.Flags != 0 {
		t.Errorf("her reply: %+v, %v", gone, err)
	}
	spaces, err := space.List(ctx, h.DB, h.brand.ID)
	if err != nil || len(spaces) != 1 || spaces[0].Topics != 2 {
		t.Errorf("%+v, %v", spaces, err)
	}
	for id, want := range map[string][2]int64{h.ada.Member.ID: {0, 0}, h.bo.Member.ID: {2, 0}} {
		if m, err := member.ByID(ctx, h.DB, h.brand.ID, id); err != nil || [2]int64{m.Posts, m.Solved} != want {
			t.Errorf("%+v, %v", m, err)
		}
	}
	if _, err := h.Blobs.Stat(ctx, "in-a-text-of-bo"); err != nil {
		t.Error(err)
	}
}

// More than fits into one transaction goes as well.
func TestLeaveWithMuch(t *testing.T) {
	h := newTalk(t)
	must(t, h.DB.Tx(ctx, func(tx *db.Tx) error {
		for i := range 1100 {
			_, err := tx.ExecContext(ctx, `INSERT INTO reply (id, brand_id, topic_id, space_id, number, author_id, state, text, html, at, created_at)
				VALUES ($1, $2, $3, $4, $5, $6, 'live', 'zebra', 'zebra', $7, $7)`, db.NewID(), h.brand.ID, h.his.ID, h.his.Space, 100+i, h.ada.Member.ID, i)
			if err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `UPDATE topic SET replies = replies + 1100, heat = heat + 1100 WHERE id = $1`, h.his.ID)
		return err
	}))
	must(t, h.Leave(ctx, h.ada, join.Erase))
	if got := h.topic(h.his); got.Replies != 0 || got.Heat != 0 || len(h.holds("zebra")) > 0 {
		t.Errorf("%+v, %v", got, h.holds("zebra"))
	}
}

func TestWhoLeaves(t *testing.T) {
	h := newTalk(t)
	token, other := h.ada, h.ada
	token.Who.Token = "t"
	other.Who = h.bo.Who
	for name, v := range map[string]member.Voice{"a token": token, "somebody else": other, "a visitor": {Brand: h.brand.ID}, "the program": {Brand: h.brand.ID, Who: access.System(), Member: h.ada.Member}} {
		if err := h.Leave(ctx, v, join.Erase); !fault.Is(err, fault.Denied) && !fault.Is(err, fault.NotFound) {
			t.Errorf("%s leaves: %v", name, err)
		}
	}
	must(t, h.Leave(ctx, h.ada, join.Anonymise))
	again, err := h.Enter(ctx, h.ada.Who, h.brand, join.Form{Name: "Ada", Answers: []member.Answer{{Question: "Why?", Answer: "x"}}, Accepts: map[string]int64{"terms": 1}})
	if err != nil || again.ID == h.ada.Member.ID || again.Posts != 0 {
		t.Errorf("%+v, %v", again, err)
	}
}

// Who the brand also knows from a network stays known as that.
func TestPersonOfANetworkStays(t *testing.T) {
	h := newTalk(t)
	_, err := h.DB.ExecContext(ctx, `INSERT INTO identity (id, brand_id, person_id, network, remote_id, handle, seen_at, created_at) VALUES ('i', $1, $2, 'demo', 'r', 'x', 1, 1)`,
		h.brand.ID, h.ada.Member.Person)
	must(t, err)
	must(t, h.Leave(ctx, h.ada, join.Erase))
	if n := h.count(`SELECT COUNT(*) FROM person WHERE id = $1 AND member_at = 0`, h.ada.Member.Person); n != 1 {
		t.Error("they are not known any more, or as a member")
	}
}

func TestExport(t *testing.T) {
	h := newTalk(t)
	must(t, h.DB.Tx(ctx, func(tx *db.Tx) error {
		for i := range 450 {
			_, err := tx.ExecContext(ctx, `INSERT INTO reply (id, brand_id, topic_id, space_id, number, author_id, state, text, html, at, created_at)
				VALUES ($1, $2, $3, $4, $5, $6, 'live', 'x', 'x', 7, 7)`, db.NewID(), h.brand.ID, h.his.ID, h.his.Space, 100+i, h.ada.Member.ID)
			if err != nil {
				return err
			}
		}
		return nil
	}))
	var b bytes.Buffer
	must(t, h.Export(ctx, h.ada, &b))
	var got map[string]any
	must(t, json.Unmarshal(b.Bytes(), &got))
	sizes := map[string]int{}
	for name, v := range got {
		if all, is := v.([]any); is {
			sizes[name] = len(all)
		}
	}
	want := map[string]int{"handles": 1, "acceptances": 1, "topics": 1, "replies": 452, "reactions": 2, "bookmarks": 1, "drafts": 1, "flags": 1, "following": 3, "pictures": 1, "decisions": 0}
	if diff := cmp.Diff(want, sizes); diff != "" {
		t.Error(diff)
	}
	for _, text := range []string{`"Ada Lovelace"`, `"For Ada Lovelace"`, `"Soft zebra water."`, `"Soft zebra water, always."`, `"A zebra draft"`, `"zebra complaint"`, `"Beans"`, `pictureadalovelace`, `"heart"`} {
		if !strings.Contains(b.String(), text) {
			t.Errorf("%s is missing", text)
		}
	}
	for _, text := range []string{"This one.", `"For Bo"`, "Hard or soft"} {
		if strings.Contains(b.String(), text) {
			t.Errorf("%q is not theirs", text)
		}
	}
}

type full struct{ room int }

func (f *full) Write(p []byte) (int, error) {
	if f.room -= len(p); f.room < 0 {
		return 0, errFull
	}
	return len(p), nil
}

var errFull = fmt.Errorf("full")

func TestExportSaysThatItBroke(t *testing.T) {
	h := newTalk(t)
	for room := range 12 {
		if err := h.Export(ctx, h.ada, &full{room * 100}); !errors.Is(err, errFull) {
			t.Errorf("room for %d: %v", room*100, err)
		}
	}
}
