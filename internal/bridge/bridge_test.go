package bridge_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/answer"
	"rapport/internal/blob"
	"rapport/internal/brand"
	"rapport/internal/bridge"
	"rapport/internal/channel"
	"rapport/internal/community"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/delivery"
	"rapport/internal/fault"
	"rapport/internal/job"
	"rapport/internal/media"
	"rapport/internal/member"
	"rapport/internal/network"
	"rapport/internal/outbox"
	"rapport/internal/person"
	"rapport/internal/post"
	"rapport/internal/publish"
	"rapport/internal/secret"
	"rapport/internal/space"
	"rapport/internal/topic"
)

var ctx = context.Background()

// net is a network beside the community, that keeps what is published on it.
type net struct {
	mu    sync.Mutex
	items map[string]network.Item
	out   []string
}

func (*net) Facts() network.Facts {
	return network.Facts{Name: "net", Title: "Net", MentionReplies: true, Fields: []network.Field{{Name: "token", Label: "Token"}}}
}

func (*net) Connect(context.Context, string, network.Credential) (network.Account, error) {
	return network.Account{ID: "north", Handle: "@north", Name: "North", Limits: network.Limits{Text: 200}}, nil
}

func (n *net) Prepare(_ context.Context, _ network.Target, it network.Item, seed string, _ network.Prepared) (network.Prepared, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.items[seed] = it
	return network.Prepared{Handle: seed}, nil
}

func (n *net) Commit(_ context.Context, _ network.Target, p network.Prepared) (network.Receipt, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.out = append(n.out, n.items[p.Handle].Text)
	return network.Receipt{Ref: network.Ref{ID: "remote-" + p.Handle}, URL: "https://net.example/" + p.Handle, At: time.Now()}, nil
}

func (*net) Lookup(context.Context, network.Target, network.Prepared) (network.Finding, error) {
	return network.Finding{}, nil
}
func (*net) RepeatHarmless(network.Target, time.Duration) bool { return false }

func (n *net) said() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.out)
}

type world struct {
	t        *testing.T
	d        *db.DB
	own      *bridge.Community
	net      *net
	channels *channel.Channels
	media    *media.Library
	brand    string
	owner    access.Who
	reader   *outbox.Reader
	channel  channel.Channel // the community
	spaces   map[space.Kind]space.Space
	voices   map[string]member.Voice
}

// open makes a brand with an open community, which is a channel.
func open(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, d: dbtest.Open(t), net: &net{items: map[string]network.Item{}}, spaces: map[space.Kind]space.Space{}, voices: map[string]member.Voice{}}
	_, err := job.New(ctx, w.d, job.NewWorkers(), job.Options{})
	w.must(err)
	keys, err := secret.Create(filepath.Join(t.TempDir(), "key"))
	w.must(err)
	files, err := blob.OpenFolder(t.TempDir())
	w.must(err)
	w.own = &bridge.Community{DB: w.d, Blobs: files, Address: func(_ context.Context, _, path string) string { return "https://north.example" + path }}
	w.channels = &channel.Channels{DB: w.d, Keys: keys, Networks: network.NewSet(w.own, w.net)}
	w.own.Channels = w.channels
	w.media = &media.Library{DB: w.d, Blobs: files}
	b, err := brand.Create(ctx, w.d, access.System(), brand.New{Name: "North"})
	w.must(err)
	w.brand = b.ID
	w.owner = w.account("owner", access.Owner)
	for _, k := range space.Kinds {
		s, err := space.Create(ctx, w.d, w.owner, w.brand, space.Settings{Name: "Space of " + string(k), Kind: k})
		w.must(err)
		w.spaces[k] = s
	}
	_, err = community.Show(ctx, w.d, w.owner, w.brand, true)
	w.must(err)
	w.keep()
	w.reader = outbox.NewReader(w.d, slog.New(slog.NewTextHandler(t.Output(), nil)))
	answer.Listen(w.reader)
	w.own.Listen(w.reader)
	return w
}

func (w *world) keep() {
	w.t.Helper()
	w.must(w.own.Keep(ctx, w.brand))
	var err error
	w.channel, err = channel.OwnOf(ctx, w.d, w.brand, bridge.Name)
	w.must(err)
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// account makes somebody of the team.
func (w *world) account(name string, role access.Role) access.Who {
	w.t.Helper()
	a, err := account.Create(ctx, w.d, access.System(), account.New{Email: name + "@north.example", Name: "Ms " + name, Password: "long-enough-1"}, nil)
	w.must(err)
	_, err = w.d.ExecContext(ctx, `INSERT INTO access_grant (id, account_id, brand_id, role, channels, ends_at, created_at) VALUES ($1, $2, $3, $4, '', 0, 1)`, db.NewID(), a.ID, w.brand, string(role))
	w.must(err)
	who, err := account.As(ctx, w.d, a)
	w.must(err)
	return who
}

// voice is a trusted member of the community, who is made at first.
func (w *world) voice(name string) member.Voice {
	w.t.Helper()
	if v, ok := w.voices[name]; ok {
		return v
	}
	_, err := w.d.ExecContext(ctx, `INSERT INTO account (id, email, name, password_hash, created_at) VALUES ($1, $2, $3, '', 1)`, name, name+"@example.com", name)
	w.must(err)
	var m member.Member
	w.must(w.d.Tx(ctx, func(tx *db.Tx) (err error) {
		m, err = member.Create(ctx, tx, w.brand, member.New{Account: name, Name: name, State: member.Active, Trusted: name != "newcomer"})
		return err
	}))
	w.voices[name] = member.Voice{Who: access.Who{Account: name}, Member: m, Brand: w.brand}
	return w.voices[name]
}

// drain lets everybody hear what happened.
func (w *world) drain() {
	w.t.Helper()
	for {
		n, err := w.reader.Drain(ctx)
		w.must(err)
		if n == 0 {
			return
		}
	}
}

func (w *world) begins(name string, kind space.Kind, title, text string) topic.Said {
	w.t.Helper()
	s, err := topic.Begin(ctx, w.d, w.voice(name), topic.New{Space: w.spaces[kind].ID, Title: title, Text: text})
	w.must(err)
	w.drain()
	return s
}

func (w *world) says(name string, t topic.Topic, text string, answers int64) topic.Said {
	w.t.Helper()
	s, err := topic.Say(ctx, w.d, w.voice(name), t.ID, text, answers, "")
	w.must(err)
	w.drain()
	return s
}

func (w *world) inbox(who access.Who) []conversation.Conversation {
	w.t.Helper()
	all, _, err := conversation.List(ctx, w.d, who, w.brand, conversation.Filter{}, db.Page{})
	w.must(err)
	return all
}

// only is the one conversation there is.
func (w *world) only() conversation.Thread {
	w.t.Helper()
	all := w.inbox(w.owner)
	if len(all) != 1 {
		w.t.Fatalf("%d conversations, want 1: %+v", len(all), all)
	}
	th, err := conversation.Read(ctx, w.d, w.owner, w.brand, all[0].ID, db.Page{})
	w.must(err)
	return th
}

// told is what the story of a conversation says.
func (w *world) told(th conversation.Thread) (out []string) {
	w.t.Helper()
	of, err := bridge.Story(ctx, w.d, w.brand, th.Events)
	w.must(err)
	for _, e := range th.Events {
		line := e.What
		switch n := of[e.ID]; {
		case e.What == "flagged":
			line += " " + string(n.Complaint) + ": " + n.Note
		case n.Name+n.Topic != "":
			line += " " + n.Name + n.Topic
		case e.What == "decided":
			line += " " + e.Detail
		}
		out = append(out, line)
	}
	return out
}

// send sends everything that is due, as the program does.
func (w *world) send() {
	w.t.Helper()
	p := publish.New(publish.Options{DB: w.d, Channels: w.channels, Media: w.media, Node: "test", Alone: true, Withheld: bridge.Withheld, Times: publish.Times{Poll: 50 * time.Millisecond}})
	w.must(p.Start(ctx))
	defer p.Stop(ctx)
	deadline := time.Now().Add(20 * time.Second)
	for {
		var n int
		w.must(w.d.QueryRowContext(ctx, `SELECT COUNT(*) FROM delivery WHERE state IN ('scheduled', 'claimed', 'preparing', 'sending', 'pending')`).Scan(&n))
		if n == 0 {
			break
		}
		if time.Now().After(deadline) {
			w.t.Fatal("it is not sent")
		}
		time.Sleep(10 * time.Millisecond)
	}
	w.drain()
}

func TestAnOpenCommunityIsAChannel(t *testing.T) {
	w := open(t)
	in, ok := w.channel.Limits.Option(bridge.OptionSpace)
	if w.channel.Handle != "North" || w.channel.URL != "https://north.example/" || !ok || len(in.Choices) != 4 || in.Choices[0].Value != w.spaces[space.Announcements].ID {
		t.Errorf("it is %+v", w.channel)
	}
	if err := w.channels.Remove(ctx, w.owner, w.brand, w.channel.ID, true); !fault.Is(err, fault.Conflict) {
		t.Errorf("removing it is %v", err)
	}
	before := w.channel
	w.keep()
	if diff := cmp.Diff(before, w.channel); diff != "" {
		t.Errorf("kept again it is different:\n%s", diff)
	}
	_, err := space.Change(ctx, w.d, w.owner, w.brand, w.spaces[space.Questions].ID, w.spaces[space.Questions].Revision, space.Settings{Name: "Ask us", Kind: space.Questions})
	w.must(err)
	w.keep()
	if in, _ = w.channel.Limits.Option(bridge.OptionSpace); in.Choices[2].Label != "Ask us" || w.channel.ID != before.ID {
		t.Errorf("its spaces are %+v", in.Choices)
	}
	shut, err := brand.Create(ctx, w.d, access.System(), brand.New{Name: "South"})
	w.must(err)
	w.must(w.own.Keep(ctx, shut.ID))
	if _, err := channel.OwnOf(ctx, w.d, shut.ID, bridge.Name); !fault.Is(err, fault.NotFound) {
		t.Errorf("a community that is shut is a channel: %v", err)
	}
}

func TestAQuestionComesIntoTheInboxAndIsAnsweredThere(t *testing.T) {
	w := open(t)
	q := w.begins("ada", space.Questions, "Why is it sour?", "I grind *coarse*.\n\n![cup](/p/abc)")
	th := w.only()
	if m := th.Messages[0]; th.Kind != conversation.KindQuestion || th.State != conversation.StateNew || th.WaitingSince != q.Reply.At || m.Author.Handle != "@ada" ||
		m.Text != "Why is it sour?\n\nI grind *coarse*." || len(m.Media) != 1 || m.Media[0].URL != "https://north.example/p/abc" || m.URL != "https://north.example"+q.Topic.Path() {
		t.Errorf("it is %+v with %+v", th.Conversation, th.Messages)
	}
	if m, err := member.ByID(ctx, w.d, w.brand, w.voice("ada").Member.ID); err != nil || th.From.Person != m.Person {
		t.Errorf("it was asked by %+v, and she is %+v, %v", th.From, m, err)
	}
	in := answer.Input{Text: "Grind **finer**.", Key: db.NewID(), Done: true}
	for range 2 { // a double click
		_, err := answer.Reply(ctx, w.d, w.owner, w.brand, th.ID, in)
		w.must(err)
	}
	w.send()
	at, err := topic.ByID(ctx, w.d, w.brand, q.Topic.ID)
	w.must(err)
	said, err := topic.ReplyByNumber(ctx, w.d, w.brand, q.Topic.ID, 2)
	w.must(err)
	if at.Replies != 1 || said.Text != "Grind **finer**." || !said.Team {
		t.Errorf("in the topic stands %+v of %d", said, at.Replies)
	}
	th = w.only()
	if m := th.Messages[1]; th.State != conversation.StateDone || th.WaitingSince != 0 || len(th.Messages) != 2 || !m.Sent || m.RemoteID != said.ID || m.Account != w.owner.Account ||
		m.URL != "https://north.example"+at.PathOf(2) || th.Periods[0].AnsweredAt == 0 {
		t.Errorf("in the inbox it is %+v, %+v", th.Conversation, th.Messages)
	}
	// The asker goes on: it opens again, and what hangs below our answer does.
	w.says("ada", at, "How much finer?", 2)
	if th = w.only(); th.State != conversation.StateOpen || th.Messages[2].Parent != said.ID || th.Messages[2].Depth != 2 {
		t.Errorf("then it is %+v, %+v", th.Conversation, th.Messages)
	}
}

// Who writes in the community was heard from, also where the inbox has nothing
// of it.
func TestWhoSpeaksIsHeard(t *testing.T) {
	w := open(t)
	said := w.begins("kim", space.Discussion, "My corner", "A shelf and a lamp.")
	w.says("ada", said.Topic, "Where is the lamp from?", 0)
	w.drain()
	_, err := w.d.ExecContext(ctx, `UPDATE person SET last_at = 5`)
	w.must(err)
	later := w.says("kim", said.Topic, "From the flea market.", 0)
	w.drain()
	kim, err := person.ByID(ctx, w.d, w.owner, w.brand, w.voice("kim").Member.Person)
	w.must(err)
	ada, err := person.ByID(ctx, w.d, w.owner, w.brand, w.voice("ada").Member.Person)
	w.must(err)
	if kim.LastAt != later.Reply.At || ada.LastAt != 5 {
		t.Errorf("kim was last heard from at %d, want %d; ada at %d, want 5", kim.LastAt, later.Reply.At, ada.LastAt)
	}
}

func TestAnotherMembersAnswerClosesWhatNobodyLooksAfter(t *testing.T) {
	for _, taken := range []bool{false, true} {
		w := open(t)
		q := w.begins("ada", space.Questions, "Why is it sour?", "Really.")
		if taken {
			_, err := conversation.Assign(ctx, w.d, w.owner, w.brand, w.only().ID, 0, w.owner.Account)
			w.must(err)
		}
		w.says("ben", q.Topic, "Grind finer", 0)
		want := conversation.StateDone
		if taken {
			want = conversation.StateNew
		}
		th := w.only()
		if th.State != want || len(th.Messages) != 2 || th.Periods[0].AnsweredAt == 0 || !slices.Contains(w.told(th), "answered ben") {
			t.Errorf("taken %v: it is %+v, %v", taken, th.Conversation, w.told(th))
		}
		r, err := topic.ReplyByNumber(ctx, w.d, w.brand, q.Topic.ID, 2)
		w.must(err)
		_, err = topic.Accept(ctx, w.d, w.voice("ada"), r.ID, true)
		w.must(err)
		w.drain()
		if th = w.only(); th.State != conversation.StateDone {
			t.Errorf("taken %v: solved it is %s", taken, th.State)
		}
	}
}

// Moved from among the questions nobody waits for the team any more; moved back,
// somebody does.
func TestAMovedTopicAsksNobody(t *testing.T) {
	for _, taken := range []bool{false, true} {
		w := open(t)
		q := w.begins("ada", space.Questions, "Look at my kettle", "Is it not fine?")
		if taken {
			_, err := conversation.Assign(ctx, w.d, w.owner, w.brand, w.only().ID, 0, w.owner.Account)
			w.must(err)
		}
		talk, err := space.Create(ctx, w.d, w.owner, w.brand, space.Settings{Name: "Only talk", Kind: space.Discussion})
		w.must(err)
		owner := member.Voice{Who: w.owner, Brand: w.brand}
		w.must(topic.Move(ctx, w.d, owner, q.Topic.ID, talk.ID))
		w.drain()
		want := conversation.StateDone
		if taken {
			want = conversation.StateNew
		}
		th := w.only()
		if th.State != want || th.Periods[0].AnsweredAt != 0 {
			t.Errorf("taken %v: it is %+v, %+v", taken, th.Conversation, th.Periods)
		}
		if !slices.ContainsFunc(w.told(th), func(s string) bool { return strings.HasPrefix(s, "moved") }) {
			t.Errorf("taken %v: %v", taken, w.told(th))
		}
	}
	w := open(t)
	talk, err := space.Create(ctx, w.d, w.owner, w.brand, space.Settings{Name: "Only talk", Kind: space.Discussion})
	w.must(err)
	ask, err := space.Create(ctx, w.d, w.owner, w.brand, space.Settings{Name: "Ask here", Kind: space.Questions})
	w.must(err)
	said, err := topic.Begin(ctx, w.d, w.voice("ada"), topic.New{Space: talk.ID, Title: "A question after all", Text: "What do I do?"})
	w.must(err)
	w.drain()
	w.must(topic.Move(ctx, w.d, member.Voice{Who: w.owner, Brand: w.brand}, said.Topic.ID, ask.ID))
	w.drain()
	if th := w.only(); th.Kind != conversation.KindQuestion || th.State != conversation.StateNew {
		t.Errorf("it is %+v", th.Conversation)
	}
}

func TestWhatCallsTheTeam(t *testing.T) {
	w := open(t)
	w.must(w.d.Tx(ctx, func(tx *db.Tx) error {
		_, err := member.Create(ctx, tx, w.brand, member.New{Account: w.owner.Account, Name: "Ms Owner", Handle: "theowner", State: member.Active, Team: true})
		return err
	}))
	talk := w.begins("ada", space.Discussion, "My corner", "No question here.")
	w.says("ben", talk.Topic, "Nice, and @ada knows it", 0)
	if all := w.inbox(w.owner); len(all) != 0 {
		t.Fatalf("talk among members came: %+v", all)
	}
	w.says("ben", talk.Topic, "What does @theowner say?", 0)
	th := w.only()
	if th.Kind != conversation.KindMention || th.Messages[0].Text != "What does @theowner say?" {
		t.Errorf("it is %+v", th)
	}
}

func TestWhatMustBeLookedAt(t *testing.T) {
	w := open(t)
	waits := w.begins("newcomer", space.Questions, "Is this thing on?", "Hello?")
	if !waits.Waits() {
		t.Fatal("a newcomer's first words do not wait")
	}
	th := w.only()
	if th.Kind != conversation.KindWaiting || th.Messages[0].Text != "Is this thing on?\n\nHello?" {
		t.Errorf("what waits is %+v", th)
	}
	if _, err := answer.Reply(ctx, w.d, w.owner, w.brand, th.ID, answer.Input{Text: "Yes"}); !fault.Is(err, fault.Conflict) {
		t.Errorf("answering it is %v", err)
	}
	// Who does not look after the community does not see it.
	creator := w.account("creator", access.Creator)
	if all := w.inbox(creator); len(all) != 0 {
		t.Errorf("a creator sees %+v", all)
	}
	if _, err := conversation.Read(ctx, w.d, creator, w.brand, th.ID, db.Page{}); !fault.Is(err, fault.NotFound) {
		t.Errorf("a creator reads it: %v", err)
	}
	if _, err := conversation.MessageByID(ctx, w.d, creator, w.brand, th.Messages[0].ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("a creator reads its message: %v", err)
	}
	if c, err := conversation.Count(ctx, w.d, creator, w.brand); err != nil || c.New != 0 || c.Waiting != 0 {
		t.Errorf("a creator counts %+v, %v", c, err)
	}
	if _, err := topic.Decide(ctx, w.d, w.owner, w.brand, waits.Reply.ID, topic.AsItIs, topic.Approve, "", ""); err != nil {
		t.Fatal(err)
	}
	w.drain()
	states := map[string]conversation.State{}
	for _, c := range w.inbox(w.owner) {
		states[c.Kind] = c.State
	}
	if diff := cmp.Diff(map[string]conversation.State{"waiting": conversation.StateDone, "question": conversation.StateNew}, states); diff != "" {
		t.Errorf("let through:\n%s", diff)
	}

	long := db.Time(7)
	for _, set := range []string{`UPDATE reply SET at = $1`, `UPDATE person SET first_at = $1, last_at = $1`} {
		_, err := w.d.ExecContext(ctx, set, long)
		w.must(err)
	}
	for i, name := range []string{"ben", "cleo"} {
		w.must(topic.Complain(ctx, w.d, w.voice(name), waits.Reply.ID, topic.Other, fmt.Sprintf("note %d", i)))
		w.drain()
	}
	var flagged conversation.Thread
	for _, c := range w.inbox(w.owner) {
		if c.Kind == conversation.KindFlag {
			var err error
			flagged, err = conversation.Read(ctx, w.d, w.owner, w.brand, c.ID, db.Page{})
			w.must(err)
		}
	}
	if diff := cmp.Diff([]string{"flagged other: note 0", "flagged other: note 1"}, w.told(flagged)); diff != "" || len(flagged.Messages) != 1 {
		t.Errorf("flagged twice it is %+v:\n%s", flagged.Messages, diff)
	}
	// Who is complained of was not heard from because of it.
	if p, err := person.ByID(ctx, w.d, w.owner, w.brand, flagged.From.Person); err != nil || p.LastAt != long || p.FirstAt != long || flagged.LastAt <= long {
		t.Errorf("they were heard from at %d and %d, flagged at %d, %v", p.FirstAt, p.LastAt, flagged.LastAt, err)
	}
	_, err := topic.Decide(ctx, w.d, w.owner, w.brand, waits.Reply.ID, topic.AsItIs, topic.Keep, "", "")
	w.must(err)
	w.drain()
	flagged, err = conversation.Read(ctx, w.d, w.owner, w.brand, flagged.ID, db.Page{})
	if err != nil || flagged.State != conversation.StateDone || !slices.Contains(w.told(flagged), "decided kept") {
		t.Errorf("decided it is %+v, %v, %v", flagged.Conversation, w.told(flagged), err)
	}
	// It does not count as somebody who waited for an answer.
	seen, err := conversation.Waited(ctx, w.d, w.owner, w.brand, "", 0, w.d.Now()+1)
	if err != nil || seen.Periods != 1 {
		t.Errorf("%d periods count, want the question's alone, %v", seen.Periods, err)
	}
}

func TestWhatItsAuthorTookBackIsGone(t *testing.T) {
	w := open(t)
	q := w.begins("ada", space.Questions, "Why is it sour?", "Really.")
	_, err := topic.Change(ctx, w.d, w.voice("ada"), q.Reply.ID, topic.Edit{Title: "Why is it bitter?", Text: "Or not.", Revision: q.Reply.Revision})
	w.must(err)
	w.drain()
	if th := w.only(); th.Messages[0].Text != "Why is it bitter?\n\nOr not." || th.Messages[0].EditedAt == 0 {
		t.Errorf("changed it is %+v", th.Messages[0])
	}
	_, err = topic.Withdraw(ctx, w.d, w.voice("ada"), q.Reply.ID)
	w.must(err)
	w.drain()
	if th := w.only(); th.Messages[0].Text != "" || th.Messages[0].RemovedAt == 0 || th.State != conversation.StateDone {
		t.Errorf("taken back it is %+v", th)
	}
}

func TestAnAnnouncementIsADelivery(t *testing.T) {
	w := open(t)
	p, _, err := post.Compose(ctx, w.d, w.owner, w.brand, post.Input{Body: post.Body{Parts: []post.Part{{Text: "New beans\n\nThey are **here**."}}},
		Variants: []post.Variant{{Channel: w.channel.ID, Options: map[string]string{bridge.OptionSpace: w.spaces[space.Announcements].ID}}}}, w.d.Now())
	w.must(err)
	w.send()
	ds, err := delivery.OfPost(ctx, w.d, w.brand, p.ID)
	w.must(err)
	if len(ds) != 1 || ds[0].State != delivery.Published {
		t.Fatalf("it is %+v", ds)
	}
	s, err := topic.ByID(ctx, w.d, w.brand, ds[0].Parts[0].Ref.Root)
	w.must(err)
	if s.Title != "New beans" || s.Space != w.spaces[space.Announcements].ID || ds[0].RemoteURL != "https://north.example"+s.Path() {
		t.Errorf("the topic is %+v of %+v", s, ds[0])
	}
	_, target, _, err := w.channels.Target(ctx, w.d, w.brand, w.channel.ID)
	w.must(err)
	// Committed again it is the same topic: the mark knows it.
	first, err := w.own.Commit(ctx, target, ds[0].Parts[0].Prepared)
	if err != nil || first.Ref != ds[0].Parts[0].Ref {
		t.Errorf("again it is %+v, %v", first, err)
	}
	if f, err := w.own.Lookup(ctx, target, ds[0].Parts[0].Prepared); err != nil || f.Presence != network.Present || f.Receipt.Ref != first.Ref {
		t.Errorf("looked up it is %+v, %v", f, err)
	}
	n, err := w.own.MeasureAccount(ctx, target)
	if err != nil || *n.Followers != 1 || *n.Posts != 1 {
		t.Errorf("it counts %+v, %v", n, err)
	}
	r := w.says("ada", s, "Hooray", 0)
	w.must(topic.React(ctx, w.d, w.voice("ada"), first.Ref.ID, "heart", true))
	counts, err := w.own.Measure(ctx, target, []network.Ref{first.Ref, {ID: r.Reply.ID, Root: s.ID}, {ID: "gone"}})
	if err != nil || len(counts) != 2 || *counts[first.Ref.ID].Comments != 1 || *counts[first.Ref.ID].Likes != 1 || counts[first.Ref.ID].Views != nil || counts[r.Reply.ID].Comments != nil {
		t.Errorf("it counts %+v, %v", counts, err)
	}
	// Others have answered: it stays, and the reason is told.
	if err := w.own.Remove(ctx, target, first.Ref); network.VerdictOf(err) != network.Refused {
		t.Errorf("removing it is %v", err)
	}
}

// asked brings a comment from the other network into the inbox.
func (w *world) asked(visibility string) (channel.Channel, conversation.Conversation, conversation.Message) {
	w.t.Helper()
	on, err := w.channels.Connect(ctx, w.owner, w.brand, "net", "", network.Credential{"token": "x"})
	w.must(err)
	w.must(w.d.Tx(ctx, func(tx *db.Tx) error {
		_, err := conversation.Take(ctx, tx, conversation.Source{Brand: w.brand, Channel: on.ID, Network: "net"}, []network.Message{{Ref: network.Ref{ID: "m1"},
			Text: "Do you know why mine is sour?", URL: "https://net.example/m1", Visibility: visibility, At: w.d.Now().Time().Add(-time.Minute),
			Author: network.Author{ID: "fan", Handle: "@fan@net.example", Name: "Fan"}}}, false)
		return err
	}))
	all, _, err := conversation.List(ctx, w.d, w.owner, w.brand, conversation.Filter{Channel: on.ID}, db.Page{})
	w.must(err)
	m, err := conversation.LastIn(ctx, w.d, w.brand, all[0].ID)
	w.must(err)
	return on, all[0], m
}

func TestACommentBecomesATopicAndTheAnswerGoesBackOnce(t *testing.T) {
	w := open(t)
	_, c, m := w.asked(network.Public)
	ask := bridge.Ask{Message: m.ID, Space: w.spaces[space.Questions].ID, Title: "Why is it sour?", Text: "We were asked this. Who knows?", Tell: "@fan@net.example We asked our community:", Back: true}
	x, at, err := w.own.Begin(ctx, w.owner, w.brand, ask)
	w.must(err)
	again, _, err := w.own.Begin(ctx, w.owner, w.brand, ask)
	if err != nil || again != x {
		t.Errorf("again it is %+v, %v", again, err)
	}
	want := topic.Origin{Network: "Net", Name: "Fan", Handle: "@fan@net.example", URL: "https://net.example/m1", Quote: "Do you know why mine is sour?"}
	if diff := cmp.Diff(want, at.From()); diff != "" {
		t.Errorf("its origin:\n%s", diff)
	}
	w.send()
	tell := "@fan@net.example We asked our community:\nhttps://north.example" + at.Path()
	if diff := cmp.Diff([]string{tell}, w.net.said()); diff != "" {
		t.Fatalf("the author was told:\n%s", diff)
	}
	said := w.says("ada", at, "Because the water is **too cold**. "+strings.Repeat("It matters a lot. ", 40), 0)
	_, err = topic.Accept(ctx, w.d, member.Voice{Who: w.owner, Member: w.memberOf(w.owner), Brand: w.brand}, said.Reply.ID, true)
	w.must(err)
	w.drain()
	for range 3 {
		w.must(w.own.Carry(ctx, w.brand, x.ID))
	}
	w.send()
	out := w.net.said()
	if len(out) != 2 || !strings.HasPrefix(out[1], "@fan@net.example ada answered in our community: “Because the water is too cold.") || !strings.HasSuffix(out[1], "…” https://north.example"+at.PathOf(2)) || len([]rune(out[1])) > 200 {
		t.Errorf("what went back is %q", out)
	}
	x, err = bridge.OfTopic(ctx, w.d, w.brand, at.ID)
	if err != nil || x.State != bridge.Returned || x.ReturnedAt == 0 || x.Reply != said.Reply.ID {
		t.Errorf("it is %+v, %v", x, err)
	}
	th, err := conversation.Read(ctx, w.d, w.owner, w.brand, c.ID, db.Page{})
	if err != nil || !slices.Contains(w.told(th), "bridged Why is it sour?") || !slices.Contains(w.told(th), "returned") || len(th.Messages) != 3 {
		t.Errorf("the conversation is %v with %d messages, %v", w.told(th), len(th.Messages), err)
	}
	w.must(w.d.Tx(ctx, func(tx *db.Tx) error { return bridge.Forget(ctx, tx, w.brand, m.Person) }))
	if at, err = topic.ByID(ctx, w.d, w.brand, at.ID); err != nil || at.From() != (topic.Origin{Network: "Net"}) {
		t.Errorf("forgotten it says %+v, %v", at.From(), err)
	}
}

// Who asked is who wrote on the network, not who of the team made the topic: an
// answer by the latter is one, and a word of the former is none.
func TestWhoMadeTheTopicMayAnswerIt(t *testing.T) {
	w := open(t)
	_, _, m := w.asked(network.Public)
	_, at, err := w.own.Begin(ctx, w.owner, w.brand, bridge.Ask{Message: m.ID, Space: w.spaces[space.Questions].ID, Title: "Why is it sour?", Text: "We were asked this."})
	w.must(err)
	counted := func(want bridge.Origins) {
		t.Helper()
		got, err := bridge.Brought(ctx, dbtest.Indexed(t, w.d), w.brand, 0, w.d.Now()+1)
		if err != nil || got != want {
			t.Errorf("%+v, %v", got, err)
		}
	}
	counted(bridge.Origins{Topics: 1})
	fan := w.voice("fan") // who asked, and has joined since
	_, err = w.d.ExecContext(ctx, `UPDATE member SET person_id = $2 WHERE id = $1`, fan.Member.ID, m.Person)
	w.must(err)
	w.says("fan", at, "It was me who asked.", 0)
	counted(bridge.Origins{Topics: 1})
	if _, err = topic.Say(ctx, w.d, member.Voice{Who: w.owner, Member: w.memberOf(w.owner), Brand: w.brand}, at.ID, "Grind it finer.", 0, ""); err != nil {
		t.Fatal(err)
	}
	counted(bridge.Origins{Topics: 1, Answered: 1})
}

func (w *world) memberOf(who access.Who) member.Member {
	w.t.Helper()
	m, err := member.OfAccount(ctx, w.d, w.brand, who.Account)
	w.must(err)
	return m
}

func TestWhatKeepsAnAnswerFromGoingBackIsSaid(t *testing.T) {
	w := open(t)
	_, c, m := w.asked("")
	maker := w.account("maker", access.Manager)
	x, at, err := w.own.Begin(ctx, maker, w.brand, bridge.Ask{Message: m.ID, Space: w.spaces[space.Questions].ID, Title: "Why is it sour?", Text: "Who knows?", Back: true})
	w.must(err)
	_, err = conversation.SetState(ctx, w.d, w.owner, w.brand, c.ID, 0, conversation.Standing{State: conversation.StateDone})
	w.must(err)
	_, err = w.d.ExecContext(ctx, `DELETE FROM access_grant WHERE account_id = $1`, maker.Account)
	w.must(err)
	said := w.says("ada", at, "Too cold", 0)
	_, err = topic.Accept(ctx, w.d, member.Voice{Who: access.System(), Member: w.memberOf(maker), Brand: w.brand}, said.Reply.ID, true)
	w.must(err)
	w.drain()
	w.must(w.own.Carry(ctx, w.brand, x.ID))
	x, err = bridge.OfTopic(ctx, w.d, w.brand, at.ID)
	now, also := conversation.ByID(ctx, w.d, w.owner, w.brand, c.ID)
	if err != nil || also != nil || x.State != bridge.Failed || x.Why == "" || now.State != conversation.StateOpen {
		t.Fatalf("it is %+v of %+v, %v, %v", x, now, err, also)
	}
	if _, err := w.own.Carried(ctx, w.account("analyst", access.Analyst), w.brand, x.ID); !fault.Is(err, fault.Denied) {
		t.Errorf("an analyst sends it: %v", err)
	}
	_, err = w.own.Carried(ctx, w.owner, w.brand, x.ID)
	w.must(err)
	w.send()
	if out := w.net.said(); len(out) != 1 {
		t.Errorf("went back: %q", out)
	}
}

// What is hidden, taken back or no longer accepted while its delivery waits does
// not go out, and is not told or counted as gone back. What is accepted then
// goes in its place, once.
func TestOnlyTheAcceptedAnswerGoesBack(t *testing.T) {
	for name, undo := range map[string]func(w *world, r topic.Reply, v member.Voice) error{
		"hidden": func(w *world, r topic.Reply, _ member.Voice) error {
			_, err := topic.Decide(ctx, w.d, w.owner, w.brand, r.ID, topic.AsItIs, topic.Hide, "Be kind", "It insults.")
			return err
		},
		"withdrawn": func(w *world, r topic.Reply, _ member.Voice) error {
			_, err := topic.Withdraw(ctx, w.d, w.voice("ada"), r.ID)
			return err
		},
		"not accepted": func(w *world, r topic.Reply, v member.Voice) error {
			_, err := topic.Accept(ctx, w.d, v, r.ID, false)
			return err
		},
		"another is better": func(*world, topic.Reply, member.Voice) error { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			w := open(t)
			_, c, m := w.asked(network.Public)
			_, at, err := w.own.Begin(ctx, w.owner, w.brand, bridge.Ask{Message: m.ID, Space: w.spaces[space.Questions].ID, Title: "Why is it sour?", Text: "Who knows?", Back: true})
			w.must(err)
			v := member.Voice{Who: w.owner, Member: w.memberOf(w.owner), Brand: w.brand}
			first := w.says("ada", at, "FIRST", 0)
			_, err = topic.Accept(ctx, w.d, v, first.Reply.ID, true)
			w.must(err)
			w.drain()
			x, err := bridge.OfTopic(ctx, w.d, w.brand, at.ID)
			w.must(err)
			w.must(w.own.Carry(ctx, w.brand, x.ID))
			if x, err = bridge.OfTopic(ctx, w.d, w.brand, at.ID); err != nil || x.State != bridge.Going || x.ReturnedAt > 0 {
				t.Fatalf("on its way it is %+v, %v", x, err)
			}
			if why, err := bridge.Withheld(ctx, dbtest.Indexed(t, w.d), w.brand, x.Post); err != nil || why != "" {
				t.Fatalf("it is withheld: %q, %v", why, err)
			}
			w.must(undo(w, first.Reply, v))
			w.drain()
			if name != "another is better" {
				w.send()
				x, err = bridge.OfTopic(ctx, w.d, w.brand, at.ID)
				now, also := conversation.ByID(ctx, w.d, w.owner, w.brand, c.ID)
				if out := w.net.said(); err != nil || also != nil || len(out) != 0 || x.State != bridge.Failed || !strings.Contains(x.Why, "cannot be read any more") || now.State == conversation.StateDone {
					t.Fatalf("it said %q and is %+v of %+v, %v, %v", out, x, now, err, also)
				}
			}
			second := w.says("bo", at, "SECOND", 0)
			_, err = topic.Accept(ctx, w.d, v, second.Reply.ID, true)
			w.must(err)
			w.drain()
			for range 2 {
				w.must(w.own.Carry(ctx, w.brand, x.ID))
			}
			w.send()
			out := w.net.said()
			if x, err = bridge.OfTopic(ctx, w.d, w.brand, at.ID); err != nil || len(out) != 1 || !strings.Contains(out[0], "SECOND") || x.State != bridge.Returned || x.ReturnedAt == 0 {
				t.Errorf("it said %q and is %+v, %v", out, x, err)
			}
		})
	}
}

// A topic that was taken back takes along what would go out for it: what tells
// its author of it, and the answer that is on its way.
func TestWhatIsTakenBackSendsNothing(t *testing.T) {
	for _, again := range []bool{false, true} {
		w := open(t)
		_, _, m := w.asked(network.Public)
		ask := bridge.Ask{Message: m.ID, Space: w.spaces[space.Questions].ID, Title: "Why is it sour?", Text: "Who knows?", Tell: "We asked:", Back: true}
		x, at, err := w.own.Begin(ctx, w.owner, w.brand, ask)
		w.must(err)
		v := member.Voice{Who: w.owner, Member: w.memberOf(w.owner), Brand: w.brand}
		said, err := topic.Say(ctx, w.d, v, at.ID, "Too cold", 0, "")
		w.must(err)
		w.drain()
		_, err = topic.Accept(ctx, w.d, v, said.Reply.ID, true)
		w.must(err)
		w.drain()
		w.must(w.own.Carry(ctx, w.brand, x.ID))
		opening, err := topic.ReplyByNumber(ctx, w.d, w.brand, at.ID, 1)
		w.must(err)
		for _, id := range []string{said.Reply.ID, opening.ID} {
			_, err = topic.Withdraw(ctx, w.d, v, id)
			w.must(err)
		}
		w.drain()
		if again {
			ask.Tell, ask.Title = "", "Sour coffee"
			_, _, err = w.own.Begin(ctx, w.owner, w.brand, ask)
			w.must(err)
		}
		w.send()
		if out := w.net.said(); len(out) > 0 {
			t.Errorf("made again %t, it said %q", again, out)
		}
	}
}

func TestWhatCannotBecomeATopic(t *testing.T) {
	w := open(t)
	_, _, m := w.asked(network.Direct)
	ask := bridge.Ask{Message: m.ID, Space: w.spaces[space.Questions].ID, Title: "T", Text: "x"}
	if _, _, err := w.own.Begin(ctx, w.owner, w.brand, ask); !fault.Is(err, fault.Denied) {
		t.Errorf("a private message becomes one: %v", err)
	}
	other, err := brand.Create(ctx, w.d, access.System(), brand.New{Name: "South"})
	w.must(err)
	if _, _, err := w.own.Begin(ctx, access.Who{Account: "x", Grants: []access.Grant{{Brand: other.ID, Role: access.Owner}}}, other.ID, ask); !fault.Is(err, fault.NotFound) {
		t.Errorf("another brand's message becomes one: %v", err)
	}
	q := w.begins("ada", space.Questions, "Here", "already")
	th, _, err := conversation.List(ctx, w.d, w.owner, w.brand, conversation.Filter{Kind: conversation.KindQuestion}, db.Page{})
	w.must(err)
	here, err := conversation.LastIn(ctx, w.d, w.brand, th[0].ID)
	w.must(err)
	ask.Message = here.ID
	if _, _, err := w.own.Begin(ctx, w.owner, w.brand, ask); !fault.Is(err, fault.Conflict) {
		t.Errorf("what is in the community becomes one of %s: %v", q.Topic.ID, err)
	}
}

// What the author is told does not fit: nothing at all is kept.
func TestATopicIsMadeWholeOrNotAtAll(t *testing.T) {
	w := open(t)
	_, _, m := w.asked("")
	_, _, err := w.own.Begin(ctx, w.owner, w.brand, bridge.Ask{Message: m.ID, Space: w.spaces[space.Questions].ID, Title: "T", Text: "x", Tell: strings.Repeat("long ", 60)})
	if f := fault.Fields(err); len(f) != 1 || f[0].Name != "tell" {
		t.Fatalf("it is %v", err)
	}
	var n int
	w.must(w.d.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM topic) + (SELECT COUNT(*) FROM crossing) + (SELECT COUNT(*) FROM post)`).Scan(&n))
	if n != 0 {
		t.Errorf("%d rows are kept", n)
	}
}

// Who leaves without their name takes their own words out of the inbox, and
// nobody else's.
func TestWhoLeavesIsGoneFromTheInbox(t *testing.T) {
	w := open(t)
	q := w.begins("ada", space.Questions, "Why is it sour?", "Really.")
	w.says("ben", q.Topic, "Grind finer", 0)
	id := w.only().ID
	question := func() conversation.Thread {
		t.Helper()
		th, err := conversation.Read(ctx, w.d, w.owner, w.brand, id, db.Page{})
		w.must(err)
		return th
	}
	count := func(query string, args ...any) (n int) {
		t.Helper()
		w.must(w.d.QueryRowContext(ctx, query, args...).Scan(&n))
		return n
	}
	_, err := conversation.AddNote(ctx, w.d, w.owner, w.brand, id, "Ada asks a lot.")
	w.must(err)
	w.must(topic.Complain(ctx, w.d, w.voice("ben"), q.Reply.ID, topic.Other, "A note of Ben's"))
	w.drain()
	for _, kept := range []string{"%ben%", "%Ben%"} {
		if n := count(`SELECT COUNT(*) FROM conversation_event WHERE detail LIKE $1`, kept); n != 0 {
			t.Errorf("%d lines of stories keep %s, which would stay there", n, kept)
		}
	}
	leaves := func(name string) {
		t.Helper()
		id := w.voice(name).Member.ID
		w.must(w.d.Tx(ctx, func(tx *db.Tx) error { return bridge.Left(ctx, tx, w.brand, id) }))
	}
	leaves("ben")
	if n := count(`SELECT COUNT(*) FROM note`); n != 1 {
		t.Errorf("%d notes are left of somebody else's conversation", n)
	}
	th := question()
	if th.From.Handle != "@ada" || th.Excerpt != "Why is it sour?" || th.Messages[0].Text == "" || th.Messages[1].Text != "" || th.Messages[1].ErasedAt == 0 || th.Messages[1].Person != "" {
		t.Errorf("without ben it is %+v, %+v", th.Conversation, th.Messages)
	}
	leaves("ada")
	if n := count(`SELECT COUNT(*) FROM note`); n != 0 {
		t.Errorf("%d notes on who left are left", n)
	}
	if th = question(); th.From.Handle != "" || th.Excerpt != "" || th.Messages[0].Text != "" {
		t.Errorf("without ada it is %+v, %+v", th.Conversation, th.Messages)
	}
	leaves("ada") // again, and of somebody the inbox never met
	leaves("cleo")
}

// A question that the team hides asks for nothing while it is hidden; restored
// it asks again as it did before.
func TestAHiddenQuestionAsksForNothing(t *testing.T) {
	for name, was := range map[string]conversation.Standing{"new": {State: conversation.StateNew}, "open": {State: conversation.StateOpen}, "done": {State: conversation.StateDone},
		"snoozed": {State: conversation.StateSnoozed, Until: db.At(time.Now().Add(time.Hour))}} {
		t.Run(name, func(t *testing.T) {
			w := open(t)
			q := w.begins("ada", space.Questions, "Why is it sour?", "Really.")
			th := w.only()
			_, err := conversation.SetState(ctx, w.d, w.owner, w.brand, th.ID, 0, was)
			w.must(err)
			before := w.only()
			_, err = topic.Decide(ctx, w.d, w.owner, w.brand, q.Reply.ID, topic.AsItIs, topic.Hide, "Be kind", "It is not.")
			w.must(err)
			w.drain()
			th = w.only()
			last := th.Events[len(th.Events)-1]
			if th.State != conversation.StateDone || th.WaitingSince != 0 || th.Messages[0].Text != "" || last.What != "hidden" || last.Account != w.owner.Account ||
				!strings.HasSuffix(last.Detail, "\nBe kind") || th.Periods[0].AnsweredAt != 0 || th.Periods[0].ClosedAt == 0 {
				t.Errorf("hidden it is %+v, %+v, %+v", th.Conversation, last, th.Periods)
			}
			if _, err := answer.Reply(ctx, w.d, w.owner, w.brand, th.ID, answer.Input{Text: "So"}); !fault.Is(err, fault.Conflict) {
				t.Errorf("answering it is %v", err)
			}
			_, err = topic.Decide(ctx, w.d, w.owner, w.brand, q.Reply.ID, topic.AsItIs, topic.Restore, "", "")
			w.must(err)
			w.drain()
			th = w.only()
			if th.State != before.State || th.WaitingSince != before.WaitingSince || th.SnoozedUntil != before.SnoozedUntil || th.Messages[0].Text != before.Messages[0].Text ||
				th.Excerpt != before.Excerpt || th.Events[len(th.Events)-1].What != "restored" {
				t.Errorf("restored it is %+v, want %+v, %v", th.Conversation, before.Conversation, w.told(th))
			}
		})
	}
}

// With its topic everything of it is hidden: what stands in another conversation
// too, and nobody is answered there.
func TestAHiddenTopicAsksForNothingAnywhere(t *testing.T) {
	w := open(t)
	w.must(w.d.Tx(ctx, func(tx *db.Tx) error {
		_, err := member.Create(ctx, tx, w.brand, member.New{Account: w.owner.Account, Name: "Ms Owner", Handle: "theowner", State: member.Active, Team: true})
		return err
	}))
	talk := w.begins("ada", space.Discussion, "My corner", "No question here.")
	called := w.says("ben", talk.Topic, "What does @theowner say?", 0)
	decide := func(id string, act topic.Act) {
		t.Helper()
		_, err := topic.Decide(ctx, w.d, w.owner, w.brand, id, topic.AsItIs, act, "", "why")
		w.must(err)
		w.drain()
	}
	decide(talk.Reply.ID, topic.Hide)
	th := w.only()
	if th.State != conversation.StateDone || th.WaitingSince != 0 {
		t.Errorf("hidden it is %+v", th.Conversation)
	}
	if _, err := answer.Reply(ctx, w.d, w.owner, w.brand, th.ID, answer.Input{Text: "So"}); !fault.Is(err, fault.Conflict) {
		t.Errorf("answering in it is %v", err)
	}
	decide(talk.Reply.ID, topic.Restore)
	if th = w.only(); th.State != conversation.StateNew || th.WaitingSince == 0 {
		t.Errorf("restored it is %+v", th.Conversation)
	}
	decide(called.Reply.ID, topic.Hide)
	decide(talk.Reply.ID, topic.Hide)
	decide(talk.Reply.ID, topic.Restore)
	if th = w.only(); th.State != conversation.StateDone {
		t.Errorf("hidden by itself it is %+v", th.Conversation)
	}
	decide(called.Reply.ID, topic.Restore)
	if th = w.only(); th.State != conversation.StateNew || th.Messages[0].Text == "" {
		t.Errorf("restored by itself it is %+v, %+v", th.Conversation, th.Messages)
	}
	// What the team has done with it since stays.
	decide(talk.Reply.ID, topic.Hide)
	for _, s := range []conversation.State{conversation.StateOpen, conversation.StateDone} {
		_, err := conversation.SetState(ctx, w.d, w.owner, w.brand, th.ID, 0, conversation.Standing{State: s})
		w.must(err)
	}
	decide(talk.Reply.ID, topic.Restore)
	if th = w.only(); th.State != conversation.StateDone {
		t.Errorf("done by hand and restored it is %+v", th.Conversation)
	}
}

// A message is one topic at a time: other words for it are refused, and said so;
// once its topic is gone it can become another.
func TestAMessageBecomesATopicAgainOnceThatIsGone(t *testing.T) {
	w := open(t)
	_, c, m := w.asked("")
	ask := bridge.Ask{Message: m.ID, Space: w.spaces[space.Questions].ID, Title: "Why is it sour?", Text: "Who knows?"}
	x, first, err := w.own.Begin(ctx, w.owner, w.brand, ask)
	w.must(err)
	other := ask
	other.Title, other.Text = "What is wrong with it?", "My own words."
	if same, at, err := w.own.Begin(ctx, w.owner, w.brand, other); !fault.Is(err, fault.Conflict) || same.ID != x.ID || at.ID != first.ID {
		t.Errorf("other words lead to %+v, %v", at, err)
	}
	opening, err := topic.ReplyByNumber(ctx, w.d, w.brand, first.ID, 1)
	w.must(err)
	_, err = topic.Decide(ctx, w.d, w.owner, w.brand, opening.ID, topic.AsItIs, topic.Hide, "", "why")
	w.must(err)
	if _, _, err := w.own.Begin(ctx, w.owner, w.brand, other); !fault.Is(err, fault.Conflict) {
		t.Errorf("of one that is hidden another is made: %v", err)
	}
	_, err = topic.Decide(ctx, w.d, w.owner, w.brand, opening.ID, topic.AsItIs, topic.Restore, "", "")
	w.must(err)
	_, err = topic.Withdraw(ctx, w.d, member.Voice{Who: w.owner, Member: w.memberOf(w.owner), Brand: w.brand}, opening.ID)
	w.must(err)
	w.drain()
	for range 2 {
		y, at, err := w.own.Begin(ctx, w.owner, w.brand, other)
		if err != nil || at.ID == first.ID || at.State != topic.Live || at.Title != other.Title || y.Topic != at.ID {
			t.Fatalf("withdrawn it becomes %+v, %+v, %v", y, at, err)
		}
	}
	if first, err = topic.ByID(ctx, w.d, w.brand, first.ID); err != nil || first.From().Quote != "" {
		t.Errorf("the one before still quotes %+v, %v", first.From(), err)
	}
	all, err := bridge.OfConversation(ctx, w.d, w.owner, w.brand, c.ID)
	if err != nil || len(all) != 1 {
		t.Errorf("the conversation has %+v, %v", all, err)
	}
}

// An answer that is erased while it is on its way, or was before another was
// accepted, does not go out, and nothing that was to carry it holds its words.
func TestAnErasedAnswerLeavesNoWords(t *testing.T) {
	w := open(t)
	_, c, m := w.asked(network.Public)
	_, at, err := w.own.Begin(ctx, w.owner, w.brand, bridge.Ask{Message: m.ID, Space: w.spaces[space.Questions].ID, Title: "Why is it sour?", Text: "Who knows?", Back: true})
	w.must(err)
	v := member.Voice{Who: w.owner, Member: w.memberOf(w.owner), Brand: w.brand}
	carried := func(r topic.Reply) bridge.Crossing {
		_, err := topic.Accept(ctx, w.d, v, r.ID, true)
		w.must(err)
		w.drain()
		x, err := bridge.OfTopic(ctx, w.d, w.brand, at.ID)
		w.must(err)
		w.must(w.own.Carry(ctx, w.brand, x.ID))
		return x
	}
	first, second := w.says("ada", at, "ZYXFIRST", 0), w.says("ada", at, "ZYXSECOND", 0)
	carried(first.Reply)
	x := carried(second.Reply)
	w.must(w.d.Tx(ctx, func(tx *db.Tx) error {
		all, err := topic.Written(ctx, tx, w.brand, first.Reply.Author, 100)
		if err == nil {
			err = bridge.Erased(ctx, tx, w.brand, all)
		}
		if err == nil {
			_, err = topic.Forget(ctx, tx, w.brand, first.Reply.Author, 100)
		}
		return err
	}))
	w.drain()
	w.send()
	var n int
	w.must(w.d.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM post WHERE body LIKE '%ZYX%' OR search LIKE '%zyx%' OR excerpt LIKE '%ZYX%') + (SELECT COUNT(*) FROM message WHERE text LIKE '%ZYX%' AND direction = 'out')
		+ (SELECT COUNT(*) FROM search_doc WHERE text LIKE '%ZYX%') + (SELECT COUNT(*) FROM part WHERE text LIKE '%ZYX%')`).Scan(&n))
	ds, err := delivery.OfPost(ctx, w.d, w.brand, x.Post)
	if err != nil || n != 0 || len(w.net.said()) != 0 || len(ds) != 1 || ds[0].State != delivery.Cancelled || !strings.Contains(ds[0].Reason, "had it erased") {
		t.Errorf("%d hold its words, %q went out, it is %+v, %v", n, w.net.said(), ds, err)
	}
	x, err = bridge.OfTopic(ctx, w.d, w.brand, at.ID)
	now, also := conversation.ByID(ctx, w.d, w.owner, w.brand, c.ID)
	if err != nil || also != nil || x.State != bridge.Failed || !strings.Contains(x.Why, "had it erased") || now.State == conversation.StateDone {
		t.Errorf("it is %+v of %+v, %v, %v", x, now, err, also)
	}
}
