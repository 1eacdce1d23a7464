package conversation_test

import (
	"testing"

	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/search"
)

func (w *world) find(words string) []search.Hit {
	w.t.Helper()
	hits, _, err := search.Find(ctx, w.d, w.owner, w.brand, search.Query{Text: words, Kinds: []search.Kind{search.Message, search.Note}}, db.Page{})
	if err != nil {
		w.t.Fatal(err)
	}
	return hits
}

func TestMessagesAreFoundByWhatTheySayNow(t *testing.T) {
	w := open(t)
	w.at(60)
	first := says("1", "", "ada", 1)
	first.Text, first.Warning = "Where is my zebra?", "Impatience"
	w.take(first, ours("2", "1", 2))
	hits := w.find("zebra impatience")
	if len(hits) != 1 || hits[0].Conversation == "" || hits[0].Person == "" || hits[0].At != when(1) || hits[0].Channels[0] != w.src.Channel {
		t.Fatalf("%+v", hits)
	}
	if got := w.find(`"text of 2"`); len(got) != 1 || got[0].Person != "" || got[0].Conversation != hits[0].Conversation {
		t.Errorf("the brand's own: %+v", got)
	}
	first.Text = "Where is my giraffe?"
	w.take(first)
	if got := w.find("giraffe"); len(w.find("zebra")) != 0 || len(got) != 1 || got[0].Person != hits[0].Person || got[0].At != when(1) {
		t.Errorf("edited: %+v", got)
	}
	if _, err := conversation.AddNote(ctx, w.d, w.owner, w.brand, hits[0].Conversation, "Send a crocodile"); err != nil {
		t.Fatal(err)
	}
	if got := w.find("crocodile"); len(got) != 1 || got[0].Kind != search.Note || got[0].Conversation != hits[0].Conversation {
		t.Errorf("a note: %+v", got)
	}
	err := w.d.Tx(ctx, func(tx *db.Tx) error {
		_, err := conversation.Gone(ctx, tx, w.src, []string{"1"})
		return err
	})
	if got := w.find("giraffe"); len(got) != 0 || err != nil {
		t.Errorf("gone from the network and found: %+v %v", got, err)
	}
	w.take(first)
	if got := w.find("giraffe"); len(got) != 1 {
		t.Errorf("back on the network: %+v", got)
	}
}

func TestWhatMovesIsFoundWhereItIs(t *testing.T) {
	w := open(t)
	w.take(says("2", "1", "ben", 2))
	before := w.find(`"text of 2"`)
	w.take(says("1", "", "ada", 1))
	top, below := w.find(`"text of 1"`), w.find(`"text of 2"`)
	if len(before) != 1 || len(top) != 1 || len(below) != 1 || below[0].Conversation != top[0].Conversation || below[0].Conversation == before[0].Conversation {
		t.Errorf("%+v %+v %+v", before, top, below)
	}
}
