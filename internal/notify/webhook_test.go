package notify_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/db"
	"rapport/internal/outbox"
)

// A webhook that was switched off is told to every owner, with the host alone.
func TestWebhookSwitchedOff(t *testing.T) {
	s := newStage(t)
	s.exec(`INSERT INTO webhook (id, brand_id, url, events, state, reason, secret, created_at, updated_at)
		VALUES ('w', 'b', 'https://example.org/hooks?key=sesame', '[]', 'disabled', 'Every call failed for five days.', '', 1, 1)`)
	s.tx(func(tx *db.Tx) error {
		return outbox.Add(ctx, tx, outbox.Event{Brand: "b", Kind: "webhook.disabled", Subject: "w"})
	})
	s.drain()
	want := []string{"The webhook to example.org is switched off → /studio/acme/settings/webhooks/w"}
	for _, owner := range []string{"olga", "otto"} {
		if diff := cmp.Diff(want, s.notifications(owner)); diff != "" {
			t.Errorf("%s:\n%s", owner, diff)
		}
	}
	if diff := cmp.Diff([]string(nil), s.notifications("ann")); diff != "" {
		t.Error(diff)
	}
}
