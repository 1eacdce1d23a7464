package conversation_test

import (
	"slices"
	"sync"
	"testing"

	"rapport/internal/access"
	"rapport/internal/conversation"
	"rapport/internal/fault"
)

func TestAnEditIsMadeWholeOrNotAtAll(t *testing.T) {
	w := open(t)
	w.take(says("1", "", "ada", 1))
	id := w.find(`"text of 1"`)[0].Conversation
	a, err := conversation.MakeLabel(ctx, w.d, w.owner, w.brand, "A", 1)
	if err != nil {
		t.Fatal(err)
	}
	b, err := conversation.MakeLabel(ctx, w.d, w.owner, w.brand, "B", 2)
	if err != nil {
		t.Fatal(err)
	}
	mira := w.mira.Account
	both, one, unknown := []string{a.ID, b.ID}, []string{b.ID}, []string{"none"}
	c, err := conversation.Edit{State: &conversation.Standing{State: conversation.StateOpen}, Assignee: &mira, Labels: &both}.Change(ctx, w.d, w.owner, w.brand, id, 1)
	if err != nil || c.State != conversation.StateOpen || c.Assignee != mira || len(c.Labels) != 2 {
		t.Fatalf("%+v %v", c, err)
	}
	_, err = conversation.Edit{State: &conversation.Standing{State: conversation.StateDone}, Labels: &unknown}.Change(ctx, w.d, w.owner, w.brand, id, 0)
	if !fault.Is(err, fault.NotFound) {
		t.Errorf("an unknown label: %v", err)
	}
	if _, err = (conversation.Edit{Labels: &one}).Change(ctx, w.d, w.owner, w.brand, id, 1); !fault.Is(err, fault.Conflict) {
		t.Errorf("an old revision: %v", err)
	}
	c, err = conversation.Edit{Labels: &one}.Change(ctx, w.d, w.owner, w.brand, id, c.Revision)
	if err != nil || !slices.Equal(c.Labels, one) || c.State != conversation.StateOpen || c.Assignee != mira {
		t.Errorf("%+v %v", c, err)
	}
	for who, want := range map[*access.Who]fault.Kind{&w.reader: fault.Denied, &w.narrow: fault.Denied} {
		if _, err := (conversation.Edit{Labels: &both}).Change(ctx, w.d, *who, w.brand, id, 0); !fault.Is(err, want) {
			t.Errorf("%s: %v", who.Name, err)
		}
	}
}

func TestOfManyEditsOneWins(t *testing.T) {
	w := open(t)
	w.take(says("1", "", "ada", 1))
	id := w.find(`"text of 1"`)[0].Conversation
	var mu sync.Mutex
	var wg sync.WaitGroup
	won := 0
	for range 6 {
		wg.Go(func() {
			_, err := conversation.Edit{State: &conversation.Standing{State: conversation.StateDone}}.Change(ctx, w.d, w.owner, w.brand, id, 1)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				won++
			case !fault.Is(err, fault.Conflict):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won != 1 {
		t.Errorf("%d won", won)
	}
}
