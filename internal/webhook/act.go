package webhook

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/outbox"
	"rapport/internal/secret"
)

// Create adds an endpoint. The secret is shown once; only its receiver needs
// it.
func (ws *Webhooks) Create(ctx context.Context, who access.Who, brandID string, in Input) (Endpoint, secret.Text, error) {
	if err := who.May(ws.DB.Now(), brandID, access.WebhookWrite); err != nil {
		return Endpoint{}, "", err
	}
	in, err := ws.check(ctx, in)
	if err != nil {
		return Endpoint{}, "", err
	}
	var e Endpoint
	plain := newSecret()
	err = ws.DB.Tx(ctx, func(tx *db.Tx) error {
		n, err := count(ctx, tx, brandID)
		if err != nil {
			return err
		}
		if n >= Most {
			return fault.New(fault.Conflict, "A brand has at most %d webhooks. Remove one that is not needed.", Most)
		}
		e = Endpoint{ID: db.NewID(), Brand: brandID, URL: in.URL, About: in.About, Events: in.Events, State: Active,
			Account: who.Account, CreatedAt: tx.Now(), UpdatedAt: tx.Now()}
		if err := insert(ctx, tx, e, ws.seal(e, plain)); err != nil {
			return err
		}
		return record(ctx, tx, who, e, "webhook.created", map[string]string{"events": strings.Join(e.Events, ", ")})
	})
	if err != nil {
		return Endpoint{}, "", err
	}
	return e, plain, nil
}

// Change replaces what a person says of an endpoint. Calls that wait go to the
// new address.
func (ws *Webhooks) Change(ctx context.Context, who access.Who, brandID, id string, in Input) (Endpoint, error) {
	return ws.Save(ctx, who, brandID, id, in, nil)
}

// Save is Change that may also pause or resume, with Paused or Active as state.
func (ws *Webhooks) Save(ctx context.Context, who access.Who, brandID, id string, in Input, state *string) (Endpoint, error) {
	// An endpoint that is not there is said before what is wrong with the rest.
	if _, err := ByID(ctx, ws.DB, who, brandID, id); err != nil {
		return Endpoint{}, err
	}
	in, err := ws.check(ctx, in)
	if err != nil {
		return Endpoint{}, err
	}
	return ws.act(ctx, who, brandID, id, "webhook.changed", func(_ context.Context, _ *db.Tx, e *Endpoint) (map[string]string, error) {
		e.URL, e.About, e.Events = in.URL, in.About, in.Events
		detail := map[string]string{"events": strings.Join(e.Events, ", ")}
		if state == nil || State(*state) == e.State {
			return detail, nil
		}
		if State(*state) != Active && State(*state) != Paused {
			return nil, fault.OnField("state", "Choose active or paused.")
		}
		e.become(State(*state))
		detail["choice"] = *state
		return detail, nil
	})
}

// Pause stops sending. Calls that wait are given up when their time comes.
func (ws *Webhooks) Pause(ctx context.Context, who access.Who, brandID, id string) (Endpoint, error) {
	return ws.act(ctx, who, brandID, id, "webhook.paused", func(_ context.Context, _ *db.Tx, e *Endpoint) (map[string]string, error) {
		e.become(Paused)
		return nil, nil
	})
}

// Resume sends again what happens from now on.
func (ws *Webhooks) Resume(ctx context.Context, who access.Who, brandID, id string) (Endpoint, error) {
	return ws.act(ctx, who, brandID, id, "webhook.resumed", func(_ context.Context, _ *db.Tx, e *Endpoint) (map[string]string, error) {
		e.become(Active)
		return nil, nil
	})
}

// become is what a person decides. Who is resumed begins without a past.
func (e *Endpoint) become(s State) {
	e.State, e.Reason = s, ""
	if s == Active {
		e.FailingAt = 0
	}
}

// Rotate makes a new secret, which is shown once. For a day calls are signed
// with both; one that was replaced before ends at once.
func (ws *Webhooks) Rotate(ctx context.Context, who access.Who, brandID, id string) (Endpoint, secret.Text, error) {
	plain := newSecret()
	e, err := ws.act(ctx, who, brandID, id, "webhook.rotated", func(ctx context.Context, tx *db.Tx, e *Endpoint) (map[string]string, error) {
		e.OldUntil = tx.Now().Add(Overlap)
		_, err := tx.ExecContext(ctx, `UPDATE webhook SET old_secret = secret, secret = $3 WHERE brand_id = $1 AND id = $2`,
			e.Brand, e.ID, ws.seal(*e, plain))
		return nil, err
	})
	if err != nil {
		return Endpoint{}, "", err
	}
	return e, plain, nil
}

// Remove forgets an endpoint with its log. Nothing more is sent to it.
func (ws *Webhooks) Remove(ctx context.Context, who access.Who, brandID, id string) error {
	return ws.DB.Tx(ctx, func(tx *db.Tx) error {
		e, err := ByID(ctx, tx, who, brandID, id)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM webhook WHERE brand_id = $1 AND id = $2`, brandID, id); err != nil {
			return fmt.Errorf("webhook: remove: %w", err)
		}
		return record(ctx, tx, who, e, "webhook.removed", nil)
	})
}

// Again lets a call be tried once more at once, with the same id.
func (ws *Webhooks) Again(ctx context.Context, who access.Who, brandID, id, call string) (Call, error) {
	var c Call
	err := ws.DB.Tx(ctx, func(tx *db.Tx) error {
		e, err := ByID(ctx, tx, who, brandID, id)
		if err != nil {
			return err
		}
		if e.State != Active {
			return fault.New(fault.Conflict, "This webhook does not send. Resume it first.")
		}
		if c, err = callByID(ctx, tx, id, call); err != nil {
			return err
		}
		c.State, c.NextAt = Waiting, tx.Now()
		if _, err := tx.ExecContext(ctx, `UPDATE webhook_call SET state = 'waiting', next_at = $3, done_at = 0 WHERE webhook_id = $1 AND id = $2`,
			id, call, c.NextAt); err != nil {
			return fmt.Errorf("webhook: again: %w", err)
		}
		tx.Notify(Topic, "")
		return record(ctx, tx, who, e, "webhook.resent", map[string]string{"event": c.Type})
	})
	return c, err
}

// act changes an endpoint and writes down who did it.
func (ws *Webhooks) act(ctx context.Context, who access.Who, brandID, id, act string, do func(context.Context, *db.Tx, *Endpoint) (map[string]string, error)) (Endpoint, error) {
	var e Endpoint
	err := ws.DB.Tx(ctx, func(tx *db.Tx) (err error) {
		if e, err = ByID(ctx, tx, who, brandID, id); err != nil {
			return err
		}
		detail, err := do(ctx, tx, &e)
		if err != nil {
			return err
		}
		e.UpdatedAt = tx.Now()
		return errors.Join(update(ctx, tx, e), record(ctx, tx, who, e, act, detail))
	})
	return e, err
}

func record(ctx context.Context, tx *db.Tx, who access.Who, e Endpoint, act string, detail map[string]string) error {
	all := map[string]string{"name": e.Host()}
	for k, v := range detail {
		all[k] = v
	}
	outbox.Show(tx, e.Brand, "webhook.changed", e.ID)
	return audit.Record(ctx, tx, who, audit.Entry{Brand: e.Brand, Act: act, Subject: e.ID, Detail: all})
}

const sealedFor = "webhook secret"

func place(e Endpoint) string { return e.Brand + "\x00" + e.ID }

func (ws *Webhooks) seal(e Endpoint, plain secret.Text) string {
	return ws.Keys.Seal(sealedFor, place(e), []byte(plain.Reveal()))
}

func (ws *Webhooks) open(e Endpoint, sealed string) (secret.Text, error) {
	plain, err := ws.Keys.Open(sealedFor, place(e), sealed)
	if err != nil {
		return "", fmt.Errorf("webhook: secret of %s: %w", e.ID, err)
	}
	return secret.Text(plain), nil
}
