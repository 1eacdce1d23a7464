package notify_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/outbox"
)

// What happens at the desk is told to those whom it concerns, and only while
// they may read the conversation.
func TestDesk(t *testing.T) {
	s := newStage(t)
	s.grant("sam", access.Moderator) // has no part in the inbox
	s.exec(`INSERT INTO conversation (id, brand_id, channel_id, kind, root, excerpt, state, state_at, last_at, created_at)
		VALUES ('k', 'b', 'c', 'mention', '1', 'Where is my parcel?', 'open', 1, 1, 1)`)
	for _, e := range []outbox.Event{
		{Kind: "conversation.mentioned", Subject: "k", Data: conversation.Mentioned{Note: "n", By: "olga", Accounts: []string{"ann", "olga", "sam", "gone"}}},
		{Kind: "conversation.assigned", Subject: "k", Data: map[string]string{"account": "ann", "by": "olga"}},
		{Kind: "conversation.assigned", Subject: "k", Data: map[string]string{"account": "otto", "by": "otto"}},
		{Kind: "conversation.woke", Subject: "k", Data: map[string]string{"account": "otto"}},
		{Kind: "conversation.woke", Subject: "gone", Data: map[string]string{"account": "otto"}},
	} {
		e.Brand = "b"
		s.tx(func(tx *db.Tx) error { return outbox.Add(ctx, tx, e) })
	}
	s.drain()
	for account, want := range map[string][]string{
		"ann":  {"Somebody gave you a conversation → /studio/acme/inbox/k", "Somebody names you in a note → /studio/acme/inbox/k"},
		"otto": {"A conversation that you put off is back → /studio/acme/inbox/k"},
		"olga": nil,
		"sam":  nil,
	} {
		if diff := cmp.Diff(want, s.notifications(account)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", account, diff)
		}
	}
}
