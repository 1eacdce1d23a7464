package conversation_test

import (
	"fmt"
	"math/rand/v2"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/delivery"
	"rapport/internal/network"
)

func TestACommentBeginsAConversationBelowItsPost(t *testing.T) {
	w := open(t)
	d, p := w.post("post-1")
	w.at(60)
	w.take(says("c1", "post-1", "ann", 10), says("c2", "c1", "ben", 11), says("c3", "post-1", "cleo", 12), says("c4", "c2", "ann", 13), says("m1", "", "dora", 14))
	all := w.list()
	if len(all) != 3 {
		t.Fatalf("%d conversations, want 3: two comments and a mention", len(all))
	}
	mention, second, first := all[1], all[2], all[0]
	sort.Slice(all, func(i, j int) bool { return all[i].Root < all[j].Root })
	first, second, mention = all[0], all[1], all[2]
	if mention.Kind != conversation.KindMention || mention.Post != "" {
		t.Errorf("the mention is %+v", mention)
	}
	for _, c := range []conversation.Conversation{first, second} {
		if c.Kind != conversation.KindComment || c.Delivery != d || c.Post != p || c.State != conversation.StateNew {
			t.Errorf("the comment is %+v", c)
		}
	}
	if first.Messages != 3 || first.LastAt != when(13) || first.WaitingSince != when(10) || first.Excerpt != "text of c4" || first.From.Handle != "@ann" {
		t.Errorf("the first conversation is %+v", first)
	}
	if diff := cmp.Diff([]string{"in c1", "  in c2", "    in c4"}, shape(w.read(first.ID))); diff != "" {
		t.Error(diff)
	}
	for _, m := range w.read(first.ID).Messages {
		if m.Author.Handle == "" {
			t.Errorf("%s lost its author", m.RemoteID)
		}
	}
}

func TestWhatComesAgainIsTheSameMessage(t *testing.T) {
	w := open(t)
	w.post("post-1")
	w.at(60)
	first := w.take(says("c1", "post-1", "ann", 10))
	again := w.take(says("c1", "post-1", "ann", 10), says("c1", "post-1", "ann", 10))
	if first.New != 1 || again.New != 0 || again.Changed != 0 || w.only().Messages != 1 {
		t.Errorf("first %+v, again %+v", first, again)
	}
}

func TestEditsAndDeletionsFollow(t *testing.T) {
	w := open(t)
	w.post("post-1")
	w.at(60)
	w.take(says("c1", "post-1", "ann", 10), says("c2", "c1", "ben", 11))
	edited := says("c2", "c1", "ben", 11)
	edited.Text, edited.EditedAt = "better words", when(20).Time()
	w.take(edited)
	m := w.read(w.only().ID).Messages[1]
	if m.Text != "better words" || m.EditedAt != when(20) || w.only().Excerpt != "better words" {
		t.Errorf("the edited message is %+v of %+v", m, w.only())
	}
	w.gone("c2")
	m = w.read(w.only().ID).Messages[1]
	if m.Text != "" || m.RemovedAt != when(60) || w.only().Excerpt != "text of c1" || w.only().Messages != 2 {
		t.Errorf("the removed message is %+v of %+v", m, w.only())
	}
	w.gone("c1")
	if c := w.only(); c.WaitingSince != 0 {
		t.Errorf("nobody's question is left, but somebody waits since %d", c.WaitingSince)
	}
}

func (w *world) gone(ids ...string) {
	w.t.Helper()
	if err := w.d.Tx(ctx, func(tx *db.Tx) error { _, err := conversation.Gone(ctx, tx, w.src, ids); return err }); err != nil {
		w.t.Fatal(err)
	}
}

func TestAnswersFromTheNativeAppAreEchoes(t *testing.T) {
	w := open(t)
	w.post("post-1")
	w.at(60)
	taken := w.take(says("c1", "post-1", "ann", 10), ours("o1", "c1", 15), ours("p2", "", 16), ours("post-1", "", 1))
	if len(taken.OwnPosts) != 1 || taken.OwnPosts[0].Ref.ID != "p2" {
		t.Errorf("own posts: %+v", taken.OwnPosts)
	}
	c := w.only()
	if c.State != conversation.StateOpen || c.WaitingSince != 0 || c.LastOutAt != when(15) || c.Excerpt != "text of c1" {
		t.Errorf("the answered conversation is %+v", c)
	}
	th := w.read(c.ID)
	if m := th.Messages[1]; m.Direction != conversation.Out || m.Account != "" || !m.Sent || m.Person != "" {
		t.Errorf("the echo is %+v", m)
	}
	if diff := cmp.Diff([]conversation.Period{{OpenedAt: when(10), AnsweredAt: when(15)}}, th.Periods); diff != "" {
		t.Error(diff)
	}
}

func TestTheBrandsOwnFirstCommentWaitsForOthers(t *testing.T) {
	w := open(t)
	w.post("post-1")
	w.at(60)
	w.take(ours("o1", "post-1", 5))
	if all := w.list(); len(all) != 0 {
		t.Fatalf("only the brand spoke, but there is %+v", all)
	}
	w.take(says("c1", "o1", "ann", 10))
	if c := w.only(); c.State != conversation.StateNew || c.From.Handle != "@ann" || c.WaitingSince != when(10) || c.Messages != 2 {
		t.Errorf("it is %+v", c)
	}
}

func TestAPostThatIsKnownLaterAdoptsItsComments(t *testing.T) {
	w := open(t)
	w.at(60)
	w.take(says("c1", "post-1", "ann", 10))
	if c := w.only(); c.Kind != conversation.KindMention {
		t.Fatalf("it is %+v", c)
	}
	d, p := w.post("post-1")
	if err := w.d.Tx(ctx, func(tx *db.Tx) error {
		return conversation.Adopt(ctx, tx, w.src, map[string]delivery.Whose{"post-1": {Delivery: d, Post: p, Kind: "post"}})
	}); err != nil {
		t.Fatal(err)
	}
	if c := w.only(); c.Kind != conversation.KindComment || c.Delivery != d || c.Post != p || c.Revision != 1 {
		t.Errorf("it is %+v", c)
	}
}

// A thread arrives in any order and in any portions, some of it twice: what
// comes of it is the same.
func TestOrderOfArrivalDoesNotMatter(t *testing.T) {
	all := []network.Message{
		says("c1", "post-1", "ann", 10), says("c2", "c1", "ben", 11), says("c3", "c2", "ann", 12), ours("o1", "c3", 13), says("c4", "o1", "ann", 14),
		says("d1", "post-1", "cleo", 20), ours("o2", "d1", 21), says("d2", "o2", "cleo", 22), ours("o3", "d2", 25),
		says("m1", "elsewhere", "dora", 30), says("m2", "m1", "eve", 31), says("m3", "m2", "dora", 32),
		ours("f1", "post-1", 40), says("f2", "f1", "fay", 41), ours("q1", "post-1", 42),
		says("x", "y", "gil", 50), says("y", "x", "gil", 51),
	}
	want, d := "", dbtest.Open(t)
	for seed := range uint64(40) {
		w := on(t, d)
		w.post("post-1")
		w.at(90)
		r := rand.New(rand.NewPCG(seed, 7))
		order := append([]network.Message{}, all...)
		if seed > 0 {
			r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		}
		for len(order) > 0 {
			n := 1 + r.IntN(len(order))
			if seed == 0 {
				n = len(order)
			}
			w.take(order[:n]...)
			if r.IntN(2) == 0 {
				w.take(order[:r.IntN(n)+1]...)
			}
			order = order[n:]
		}
		got := w.describe()
		if want == "" {
			want = got
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("seed %d:\n%s", seed, diff)
		}
	}
}

// describe writes down everything that is known of all conversations.
func (w *world) describe() string {
	var out []string
	for _, c := range w.list() {
		th := w.read(c.ID)
		root := c.Root
		if root == "y" {
			root = "x" // which of two that answer each other comes first is nobody's word
		}
		lines := []string{fmt.Sprintf("%s %s %s by %s, %d messages, last %d in %d out %d, waiting %d, %q, %v", c.Kind, root, c.State, c.From.Handle, c.Messages,
			c.LastAt, c.LastInAt, c.LastOutAt, c.WaitingSince, c.Excerpt, th.Periods)}
		if root != "x" {
			lines = append(lines, shape(th)...)
		}
		out = append(out, strings.Join(lines, "\n"))
	}
	sort.Strings(out)
	return strings.Join(out, "\n")
}

func TestHostileMessages(t *testing.T) {
	w := open(t)
	w.at(60)
	bad := says("ok", "ok", "ann\x00", 1e6)
	bad.Text = strings.Repeat("é", 100_000) + "\x00\xff"
	bad.URL, bad.Media = "javascript:alert(1)", []network.Attachment{{Kind: "image", URL: "data:text/html,x"}, {Kind: "image", URL: "https://x.example/1.png"}}
	taken := w.take(says("", "", "ann", 1), says("a\x00b", "", "ann", 1), says(strings.Repeat("x", 5000), "", "ann", 1), says("n", "", "", 1), bad)
	if taken.Dropped != 4 || taken.New != 1 {
		t.Errorf("taken %+v", taken)
	}
	m := w.read(w.only().ID).Messages[0]
	if len(m.Text) > network.MostText || m.URL != "" || len(m.Media) != 1 || m.At != when(60) {
		t.Errorf("kept %d bytes, address %q, media %v, at %d", len(m.Text), m.URL, m.Media, m.At)
	}
}

func TestTwoNodesTakeTheSameMessagesIn(t *testing.T) {
	w := open(t)
	w.post("post-1")
	w.at(60)
	var all []network.Message
	for i := range 40 {
		all = append(all, says(fmt.Sprintf("c%d", i), "post-1", fmt.Sprintf("p%d", i%5), i), says(fmt.Sprintf("r%d", i), fmt.Sprintf("c%d", i), "ann", i+1))
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := 0; i < len(all); i += 20 {
				if err := w.d.Tx(ctx, func(tx *db.Tx) error { _, err := conversation.Take(ctx, tx, w.src, all[i:i+20], false); return err }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	var messages, written int
	if err := w.d.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM message), (SELECT SUM(messages) FROM person)`).Scan(&messages, &written); err != nil {
		t.Fatal(err)
	}
	if all := w.list(); len(all) != 40 || messages != 80 || written != 80 {
		t.Errorf("%d conversations, %d messages, %d counted; want 40, 80, 80", len(all), messages, written)
	}
}
