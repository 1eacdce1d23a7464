package notify

import (
	"context"
	"fmt"
	"strings"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/audit"
	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/letter"
	"rapport/internal/secret"
)

// digestTopic stands for the digest where a topic is asked for.
const digestTopic = "digest"

// StopPath is where letters are stopped, with the signed link as its value t.
const StopPath = "/unsubscribe"

// Stop is what a link in a letter stops: letters on a topic, or the digest.
type Stop struct {
	Account string `json:"a"`
	Brand   string `json:"b"`
	Topic   string `json:"t"`
}

// Digest reports whether the digest is stopped.
func (s Stop) Digest() bool { return s.Topic == digestTopic }

const stopPurpose = "stop letters"

// stopLink is the address that stops a kind of letters; "" without keys.
func (n *Notifier) stopLink(s Stop) string {
	if n.Keys == nil || n.BaseURL == "" {
		return ""
	}
	return strings.TrimSuffix(n.BaseURL, "/") + StopPath + "?t=" + Sign(n.Keys, s)
}

// Sign makes the value t of a link.
func Sign(keys *secret.Keyring, s Stop) string { return letter.Link(keys, stopPurpose, s) }

// ReadStop reads a link's value t. What this installation did not sign is
// fault.NotFound.
func ReadStop(keys *secret.Keyring, t string) (s Stop, err error) {
	err = letter.ReadLink(keys, stopPurpose, t, &s)
	return s, err
}

// Names are what a page says of a link: the brand, and the title of the topic
// as an id of the catalogs.
func (s Stop) Names(ctx context.Context, q db.Queryer) (brand.Brand, Topic, error) {
	b, err := brand.ByID(ctx, q, access.System(), s.Brand)
	t, _ := TopicNamed(s.Topic)
	return b, t, err
}

// Do stops the letters, and nothing else. address is where it was asked from.
func (s Stop) Do(ctx context.Context, d *db.DB, address string) error {
	return d.Tx(ctx, func(tx *db.Tx) error {
		b, err := brand.ByID(ctx, tx, access.System(), s.Brand)
		var a account.Account
		if err == nil {
			a, err = account.ByID(ctx, tx, s.Account)
		}
		if err != nil {
			return err
		}
		if s.Digest() {
			err = s.stopDigest(ctx, tx, b)
		} else {
			err = s.stopMail(ctx, tx, a)
		}
		if err != nil {
			return err
		}
		return audit.Record(ctx, tx, access.Who{Account: a.ID, Address: address}, audit.Entry{Brand: b.ID, Act: "notifications.unsubscribed",
			Subject: a.ID, Detail: map[string]string{"topic": s.Topic}})
	})
}

func (s Stop) stopDigest(ctx context.Context, tx *db.Tx, b brand.Brand) error {
	d, err := digestOf(ctx, tx, s.Brand, s.Account)
	if err != nil {
		return err
	}
	d.Every = Never
	return d.keep(ctx, tx, b, s.Account)
}

func (s Stop) stopMail(ctx context.Context, tx *db.Tx, a account.Account) error {
	t, ok := TopicNamed(s.Topic)
	if !ok {
		return fault.New(fault.NotFound, "There are no such letters any more.")
	}
	who, err := account.As(ctx, tx, a)
	if err != nil {
		return err
	}
	chosen, err := choicesOf(ctx, tx, s.Brand, t.ID)
	if err != nil {
		return fmt.Errorf("notify: stop: %w", err)
	}
	c, ok := chosen[a.ID]
	if !ok {
		c = t.Usual(who.Role(tx.Now(), s.Brand))
	}
	c.Mail = false
	return choose(ctx, tx, a.ID, s.Brand, t, c, false)
}
