package answer_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/answer"
	"rapport/internal/blob"
	"rapport/internal/brand"
	"rapport/internal/channel"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/delivery"
	"rapport/internal/fault"
	"rapport/internal/media"
	"rapport/internal/network"
	"rapport/internal/outbox"
	"rapport/internal/post"
	"rapport/internal/publish"
	"rapport/internal/secret"
)

var ctx = context.Background()

// net is a network that keeps what is published on it.
type net struct {
	mu    sync.Mutex
	items map[string]network.Item
	out   []network.Item
	says  error // of a commit
}

var options = []network.Option{
	{Name: network.OptionVisibility, Label: "Visible to", Choices: []network.OptionChoice{{Value: network.Public}, {Value: network.Unlisted}, {Value: network.Followers}, {Value: network.Direct}}},
	{Name: network.OptionLanguage, Label: "Language"},
}

func (*net) Facts() network.Facts {
	return network.Facts{Name: "net", Title: "Net", Options: options, Fields: []network.Field{{Name: "token", Label: "Token"}}}
}

func (*net) Connect(context.Context, string, network.Credential) (network.Account, error) {
	return network.Account{ID: "north", Handle: "@north", Name: "North", Limits: network.Limits{Text: 40, Images: 1}}, nil
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
	if n.says != nil {
		return network.Receipt{}, n.says
	}
	n.out = append(n.out, n.items[p.Handle])
	return network.Receipt{Ref: network.Ref{ID: "remote-" + p.Handle}, URL: "https://net.example/" + p.Handle, At: time.Now()}, nil
}

func (*net) Lookup(context.Context, network.Target, network.Prepared) (network.Finding, error) {
	return network.Finding{}, nil
}
func (*net) RepeatHarmless(network.Target, time.Duration) bool { return false }

func (n *net) published() []network.Item {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.out)
}

type world struct {
	t        *testing.T
	d        *db.DB
	net      *net
	channels *channel.Channels
	media    *media.Library
	brand    string
	channel  channel.Channel
	owner    access.Who
}

func open(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, d: dbtest.Open(t), net: &net{items: map[string]network.Item{}}}
	keys, err := secret.Create(filepath.Join(t.TempDir(), "key"))
	w.must(err)
	w.channels = &channel.Channels{DB: w.d, Keys: keys, Networks: network.NewSet(w.net)}
	files, err := blob.OpenFolder(t.TempDir())
	w.must(err)
	w.media = &media.Library{DB: w.d, Blobs: files}
	_, err = w.d.ExecContext(ctx, `INSERT INTO account (id, email, name, password_hash, created_at) VALUES ('mira', 'mira@example.com', 'Mira', '', 1)`)
	w.must(err)
	b, err := brand.Create(ctx, w.d, access.System(), brand.New{Name: "North", Language: "de"})
	w.must(err)
	w.brand, w.owner = b.ID, w.as(b.ID, access.Owner)
	w.channel, err = w.channels.Connect(ctx, w.owner, w.brand, "net", "", network.Credential{"token": "x"})
	w.must(err)
	return w
}

func (w *world) as(brandID string, role access.Role, channels ...string) access.Who {
	return access.Who{Account: "mira", Name: "Mira", Grants: []access.Grant{{Brand: brandID, Role: role, Channels: channels}}}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// says takes in what somebody wrote, and returns its conversation.
func (w *world) says(id, parent, text, visibility string) conversation.Conversation {
	w.t.Helper()
	m := network.Message{Ref: network.Ref{ID: id, Root: "root-" + id, Proof: "proof-" + id}, Parent: parent, Text: text, Visibility: visibility, At: w.d.Now().Time().Add(-time.Minute),
		Author: network.Author{ID: "fan", Handle: "@fan@net.example"}}
	src := conversation.Source{Brand: w.brand, Channel: w.channel.ID, Network: "net"}
	w.must(w.d.Tx(ctx, func(tx *db.Tx) error {
		_, err := conversation.Take(ctx, tx, src, []network.Message{m}, false)
		return err
	}))
	all, _, err := conversation.List(ctx, w.d, w.owner, w.brand, conversation.Filter{}, db.Page{})
	w.must(err)
	return all[0]
}

func (w *world) read(id string) conversation.Thread {
	w.t.Helper()
	t, err := conversation.Read(ctx, w.d, w.owner, w.brand, id, db.Page{})
	w.must(err)
	return t
}

// runs sends what is due until done says so.
func (w *world) runs(done func() bool) {
	w.t.Helper()
	sender := publish.New(publish.Options{DB: w.d, Channels: w.channels, Media: w.media, Log: slog.New(slog.NewTextHandler(w.t.Output(), nil)), Node: "n", Alone: true})
	w.must(sender.Start(ctx))
	defer func() { w.must(sender.Stop(ctx)) }()
	reader := outbox.NewReader(w.d, slog.New(slog.NewTextHandler(w.t.Output(), nil)))
	answer.Listen(reader)
	for end := time.Now().Add(30 * time.Second); !done(); {
		if time.Now().After(end) {
			w.t.Fatal("it does not come to an end")
		}
		_, err := reader.Drain(ctx)
		w.must(err)
	}
}

func TestReplyGoesOutOnceAndEndsTheWait(t *testing.T) {
	w := open(t)
	c := w.says("q1", "", "When do you open?", network.Unlisted)
	in := answer.Input{Text: "@fan@net.example At nine.", Key: db.NewID()}
	var wg sync.WaitGroup
	got := make([]conversation.Message, 4)
	for i := range got {
		wg.Go(func() {
			m, err := answer.Reply(ctx, w.d, w.owner, w.brand, c.ID, in)
			if err != nil {
				t.Error(err)
			}
			got[i] = m
		})
	}
	wg.Wait()
	for _, m := range got {
		if m.ID != got[0].ID || m.ID == "" {
			t.Errorf("one form made the messages %q and %q", got[0].ID, m.ID)
		}
	}
	if before := w.read(c.ID); before.WaitingSince == 0 || before.State != conversation.StateOpen {
		t.Errorf("before it is out: %+v", before.Conversation)
	}
	w.runs(func() bool { m := w.read(c.ID).Messages; return len(m) == 2 && m[1].Sent })
	want := []network.Item{{Kind: network.PartPost, Text: in.Text, Parent: &network.Ref{ID: "q1", Root: "root-q1", Proof: "proof-q1"}, Language: "de", Author: "mira",
		Options: map[string]string{network.OptionVisibility: network.Unlisted}}}
	if diff := cmp.Diff(want, w.net.published()); diff != "" {
		t.Errorf("published (-want +got):\n%s", diff)
	}
	after := w.read(c.ID)
	m := after.Messages[1]
	if after.WaitingSince != 0 || len(after.Periods) != 1 || after.Periods[0].AnsweredBy != "mira" || m.Standing != delivery.Published || !strings.HasPrefix(m.RemoteID, "remote-") || m.URL == "" || m.Depth != 1 {
		t.Errorf("after it is out: %+v, periods %+v, message %+v", after.Conversation, after.Periods, m)
	}
}

func TestRepliesAreNoPosts(t *testing.T) {
	w := open(t)
	c := w.says("q1", "", "When do you open?", "")
	_, err := answer.Reply(ctx, w.d, w.owner, w.brand, c.ID, answer.Input{Text: "At nine.", Done: true})
	w.must(err)
	if got := w.read(c.ID); got.State != conversation.StateDone {
		t.Errorf("closed with the answer: %s", got.State)
	}
	posts, _, err := post.List(ctx, w.d, w.owner, w.brand, post.Filter{}, db.Page{})
	w.must(err)
	ds, err := delivery.Calendar(ctx, w.d, w.brand, 0, 1<<60, delivery.Filter{})
	w.must(err)
	if len(posts)+len(ds) != 0 {
		t.Errorf("%d posts and %d deliveries are listed", len(posts), len(ds))
	}
}

func TestAHeldReplyWaitsAndCanBeTakenBack(t *testing.T) {
	w := open(t)
	c := w.says("q1", "", "When do you open?", "")
	_, err := brand.Hold(ctx, w.d, w.owner, w.brand, "A recall")
	w.must(err)
	m, err := answer.Reply(ctx, w.d, w.owner, w.brand, c.ID, answer.Input{Text: "At nine."})
	w.must(err)
	desk := publish.Desk{DB: w.d, Channels: w.channels}
	if err := desk.TakeBack(ctx, w.as(w.brand, access.Analyst), w.brand, m.Delivery); !fault.Is(err, fault.Denied) {
		t.Errorf("an analyst takes it back: %v", err)
	}
	w.must(desk.TakeBack(ctx, w.as(w.brand, access.Community), w.brand, m.Delivery))
	if err := desk.TakeBack(ctx, w.owner, w.brand, m.Delivery); !fault.Is(err, fault.Conflict) {
		t.Errorf("taken back twice: %v", err)
	}
	if got := w.read(c.ID).Messages[1]; got.Standing != delivery.Cancelled || len(w.net.published()) != 0 {
		t.Errorf("it is %s", got.Standing)
	}
}

func TestARefusedReplySaysWhyAndIsDecidedByWhoMayAnswer(t *testing.T) {
	w := open(t)
	w.net.says = &network.Error{Verdict: network.Refused, Text: "You are blocked by this person."}
	c := w.says("q1", "", "When do you open?", "")
	m, err := answer.Reply(ctx, w.d, w.owner, w.brand, c.ID, answer.Input{Text: "At nine."})
	w.must(err)
	w.runs(func() bool { return w.read(c.ID).Messages[1].Standing == delivery.Rejected })
	got := w.read(c.ID)
	if got.Messages[1].Reason != "You are blocked by this person." || got.WaitingSince == 0 {
		t.Errorf("it says %q, waiting since %d", got.Messages[1].Reason, got.WaitingSince)
	}
	desk := publish.Desk{DB: w.d, Channels: w.channels}
	if _, err := desk.Resolve(ctx, w.as(w.brand, access.Creator), w.brand, m.Delivery, publish.Decision{Choice: publish.SendAgain}); !fault.Is(err, fault.Denied) {
		t.Errorf("a creator decides: %v", err)
	}
	w.net.says = nil
	_, err = desk.Resolve(ctx, w.as(w.brand, access.Community), w.brand, m.Delivery, publish.Decision{Choice: publish.SendAgain})
	w.must(err)
	w.runs(func() bool { return w.read(c.ID).Messages[1].Sent })
	if n := len(w.net.published()); n != 1 {
		t.Errorf("published %d times", n)
	}
}

func TestRefused(t *testing.T) {
	w := open(t)
	c := w.says("q1", "", "When do you open?", network.Followers)
	gone := w.says("q2", "", "Never mind", "")
	src := conversation.Source{Brand: w.brand, Channel: w.channel.ID, Network: "net"}
	w.must(w.d.Tx(ctx, func(tx *db.Tx) error { _, err := conversation.Gone(ctx, tx, src, []string{"q2"}); return err }))
	other := w.read(gone.ID).Messages
	for _, r := range []struct {
		name, id string
		in       answer.Input
		want     fault.Kind
		field    string
	}{
		{"too long", c.ID, answer.Input{Text: strings.Repeat("a", 41)}, fault.Invalid, "text"},
		{"nothing", c.ID, answer.Input{Text: " \n"}, fault.Invalid, "text"},
		{"a strange option", c.ID, answer.Input{Text: "a", Options: map[string]string{"colour": "red"}}, fault.Invalid, "colour"},
		{"no such picture", c.ID, answer.Input{Text: "a", Media: []string{"none"}}, fault.Invalid, "media"},
		{"more widely than what it answers", c.ID, answer.Input{Text: "a", Options: map[string]string{network.OptionVisibility: network.Public}}, fault.Invalid, "visibility"},
		{"no such message", c.ID, answer.Input{Text: "a", To: "none"}, fault.NotFound, ""},
		{"nothing left to answer", gone.ID, answer.Input{Text: "a"}, fault.Conflict, ""},
		{"no such conversation", "none", answer.Input{Text: "a"}, fault.NotFound, ""},
	} {
		t.Run(r.name, func(t *testing.T) {
			_, err := answer.Reply(ctx, w.d, w.owner, w.brand, r.id, r.in)
			if !fault.Is(err, r.want) {
				t.Fatalf("got %v, want %v", err, r.want)
			}
			if fields := fault.Fields(err); r.field != "" && (len(fields) == 0 || fields[0].Name != r.field) {
				t.Errorf("at %+v, want %s", fields, r.field)
			}
		})
	}
	if len(other) == 1 {
		if _, err := answer.Reply(ctx, w.d, w.owner, w.brand, c.ID, answer.Input{Text: "a", To: other[0].ID}); !fault.Is(err, fault.NotFound) {
			t.Errorf("a message of another conversation: %v", err)
		}
	}
	if n := len(w.read(c.ID).Messages); n != 1 {
		t.Errorf("something was kept: %d messages", n)
	}
}

func TestPermissions(t *testing.T) {
	w := open(t)
	c := w.says("q1", "", "When do you open?", "")
	for _, role := range access.Roles {
		_, err := answer.Reply(ctx, w.d, w.as(w.brand, role), w.brand, c.ID, answer.Input{Text: "At nine."})
		if access.Allows(role, access.ConversationReply) != (err == nil) || err != nil && !fault.Is(err, fault.Denied) {
			t.Errorf("%s: %v", role, err)
		}
	}
	if _, err := answer.Reply(ctx, w.d, w.as(w.brand, access.Owner, "another"), w.brand, c.ID, answer.Input{Text: "a"}); !fault.Is(err, fault.Denied) {
		t.Errorf("on another channel: %v", err)
	}
	if _, err := answer.Reply(ctx, w.d, w.as("other", access.Owner), w.brand, c.ID, answer.Input{Text: "a"}); !fault.Is(err, fault.NotFound) {
		t.Errorf("another brand: %v", err)
	}
}
