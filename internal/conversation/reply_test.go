package conversation_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/network"
)

// answers keeps a reply to a message as not yet out, with a delivery of its own.
func (w *world) answers(c conversation.Conversation, to string) (deliveryID string) {
	w.t.Helper()
	deliveryID, p := w.post("")
	w.exec(`UPDATE delivery SET kind = 'reply', state = 'scheduled' WHERE id = $1`, deliveryID)
	w.exec(`DELETE FROM part WHERE delivery_id = $1`, deliveryID)
	if err := w.d.Tx(ctx, func(tx *db.Tx) error {
		_, err := conversation.Say(ctx, tx, conversation.Reply{Conversation: c, To: conversation.Message{Ref: network.Ref{ID: to}},
			Account: w.mira.Account, Post: p, Delivery: deliveryID, Text: "our words"})
		return err
	}); err != nil {
		w.t.Fatal(err)
	}
	return deliveryID
}

func (w *world) sent(deliveryID, remote string, minutes int) {
	w.t.Helper()
	if err := w.d.Tx(ctx, func(tx *db.Tx) error {
		return conversation.Sent(ctx, tx, w.brand, deliveryID, network.Ref{ID: remote}, "https://x.example/"+remote, when(minutes))
	}); err != nil {
		w.t.Fatal(err)
	}
}

func TestAReplyEndsTheWaitOnceItIsOut(t *testing.T) {
	w := open(t)
	w.at(20)
	c := w.comment("c1", 5)
	d := w.answers(c, "c1")
	th := w.read(c.ID)
	if m := th.Messages[1]; th.State != conversation.StateOpen || th.WaitingSince != when(5) || th.Conversation.Messages != 1 || m.Sent || m.Account != w.mira.Account || m.Standing != "scheduled" {
		t.Errorf("on its way it is %+v in %+v", m, th.Conversation)
	}
	w.sent(d, "r1", 12)
	w.sent(d, "r1", 12)
	w.take(ours("r1", "c1", 12)) // what is heard of it later is the same
	th = w.read(c.ID)
	if m := th.Messages[1]; th.WaitingSince != 0 || th.Conversation.Messages != 2 || len(th.Messages) != 2 || !m.Sent || m.RemoteID != "r1" || m.URL == "" || m.At != when(12) {
		t.Errorf("out it is %+v in %+v", m, th.Conversation)
	}
	if diff := cmp.Diff([]conversation.Period{{OpenedAt: when(5), AnsweredAt: when(12), AnsweredBy: w.mira.Account}}, th.Periods); diff != "" {
		t.Error(diff)
	}
}

// The network tells of our reply, and of what people say to it, before its
// receipt is recorded here.
func TestAnEchoBeforeTheReceiptIsTheSameReply(t *testing.T) {
	w := open(t)
	w.at(20)
	c := w.comment("c1", 5)
	d := w.answers(c, "c1")
	w.take(ours("r1", "c1", 12))
	w.take(says("c2", "r1", "ben", 13))
	w.sent(d, "r1", 12)
	th := w.read(w.only().ID)
	if diff := cmp.Diff([]string{"in c1", "  out r1", "    in c2"}, shape(th)); diff != "" {
		t.Error(diff)
	}
	if m := th.Messages[1]; m.Account != w.mira.Account || m.Delivery != d || th.Conversation.Messages != 3 || th.WaitingSince != when(13) {
		t.Errorf("it is %+v in %+v", m, th.Conversation)
	}
	if diff := cmp.Diff([]conversation.Period{{OpenedAt: when(5), AnsweredAt: when(12), AnsweredBy: w.mira.Account}}, th.Periods); diff != "" {
		t.Error(diff)
	}
}

func TestAnAnswerToOurReplyThatCameFirst(t *testing.T) {
	w := open(t)
	w.at(20)
	c := w.comment("c1", 5)
	d := w.answers(c, "c1")
	w.take(says("c2", "r1", "ben", 13))
	if n := len(w.list()); n != 2 {
		t.Fatalf("%d conversations, want 2 for now", n)
	}
	w.sent(d, "r1", 12)
	if diff := cmp.Diff([]string{"in c1", "  out r1", "    in c2"}, shape(w.read(w.only().ID))); diff != "" {
		t.Error(diff)
	}
}

func TestAReplyThatIsOutByAPersonsWord(t *testing.T) {
	w := open(t)
	w.at(20)
	c := w.comment("c1", 5)
	w.sent(w.answers(c, "c1"), "", 15)
	if got := w.state(c.ID); got.WaitingSince != 0 || got.Messages != 2 {
		t.Errorf("it is %+v", got)
	}
}
