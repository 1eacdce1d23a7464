package publish

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/network"
)

// Choice is what a person decides about a delivery that waits for them.
type Choice string

// The choices. Which of them fit is told by Choices.
const (
	ItIsOut   Choice = "it_is_out"  // unknown: it is out, with its address if known
	SendAgain Choice = "send_again" // unknown: it is not out, send it; rejected: try again; missed: send now
	Later     Choice = "reschedule" // missed or rejected: at another time
	Continue  Choice = "continue"   // half-sent: send the rest
	RemoveAll Choice = "remove_all" // take down what is out
	Leave     Choice = "leave"      // half-sent: leave it as it is
	Drop      Choice = "drop"       // do not send it
)

// Choices lists what fits a delivery as it stands, the most likely first.
func Choices(d delivery.Delivery) []Choice {
	switch {
	case d.State == delivery.Unknown && d.Out() > 0:
		return []Choice{ItIsOut, Continue, RemoveAll, Leave}
	case d.HalfSent():
		return []Choice{Continue, RemoveAll, Leave}
	case d.State == delivery.Unknown:
		return []Choice{ItIsOut, SendAgain, Drop}
	case d.State == delivery.Missed:
		return []Choice{SendAgain, Later, Drop}
	case d.State == delivery.Rejected:
		return []Choice{SendAgain, Later, Drop}
	case d.State == delivery.Published:
		return []Choice{RemoveAll}
	}
	return nil
}

// Decision is a choice with what it needs.
type Decision struct {
	Choice Choice
	URL    string  // for ItIsOut; may be empty
	At     db.Time // for Later
}

// Desk carries out people's decisions.
type Desk struct {
	DB       *db.DB
	Channels *channel.Channels
}

// Resolve carries out a decision about one delivery. The state is read anew,
// so a decision about something that has moved on is a fault.Conflict.
func (k Desk) Resolve(ctx context.Context, who access.Who, brand, id string, c Decision) (delivery.Delivery, error) {
	d, err := delivery.ByID(ctx, k.DB, brand, id)
	if mayErr := who.May(k.DB.Now(), brand, deciding(d), channelOf(d)...); mayErr != nil {
		return d, mayErr
	}
	if err != nil {
		return d, err
	}
	if c.URL != "" {
		if u, err := url.Parse(c.URL); err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || len(c.URL) > 2000 {
			return d, fault.OnField("url", "Give the post's whole address, beginning with https://, or leave it empty.")
		}
	}
	if c.Choice == RemoveAll {
		return k.remove(ctx, who, d)
	}
	err = k.DB.Tx(ctx, func(tx *db.Tx) error {
		d, err = delivery.ByID(ctx, tx, brand, id)
		if err != nil {
			return err
		}
		if err := fits(d, c.Choice); err != nil {
			return err
		}
		if err := decide(ctx, tx, who, d, c); err != nil {
			return err
		}
		return note(ctx, tx, who, d, c.Choice)
	})
	if err != nil {
		return d, err
	}
	return delivery.ByID(ctx, k.DB, brand, id)
}

// deciding is what a decision about the delivery takes: whoever may answer may
// also decide about an answer.
func deciding(d delivery.Delivery) access.Action {
	if d.Kind == delivery.KindReply {
		return access.ConversationReply
	}
	return access.DeliveryResolve
}

// TakeBack cancels a reply that has not begun to go out, such as one behind a
// hold.
func (k Desk) TakeBack(ctx context.Context, who access.Who, brand, id string) error {
	return k.DB.Tx(ctx, func(tx *db.Tx) error {
		d, err := delivery.ByID(ctx, tx, brand, id)
		if mayErr := who.May(tx.Now(), brand, deciding(d), channelOf(d)...); mayErr != nil {
			return mayErr
		}
		if err != nil {
			return err
		}
		if d.Kind != delivery.KindReply || d.State != delivery.Scheduled {
			return fault.New(fault.Conflict, "This answer is %s now. Look at it again.", i18n.Word(d.State))
		}
		if err := audit.Record(ctx, tx, who, audit.Entry{Brand: brand, Act: "delivery.taken_back", Subject: id}); err != nil {
			return err
		}
		return delivery.Cancel(ctx, tx, who, d)
	})
}

func channelOf(d delivery.Delivery) []string {
	if d.Channel == "" {
		return nil
	}
	return []string{d.Channel}
}

func fits(d delivery.Delivery, c Choice) error {
	for _, ok := range Choices(d) {
		if ok == c {
			return nil
		}
	}
	return fault.New(fault.Conflict, "This delivery is %s now. Look at it again before you decide.", i18n.Word(d.State))
}

func note(ctx context.Context, tx *db.Tx, who access.Who, d delivery.Delivery, c Choice) error {
	return audit.Record(ctx, tx, who, audit.Entry{Brand: d.Brand, Act: "delivery.resolved", Subject: d.ID,
		Detail: map[string]string{"choice": string(c), "was": string(d.State)}})
}

func decide(ctx context.Context, tx *db.Tx, who access.Who, d delivery.Delivery, c Decision) error {
	switch c.Choice {
	case ItIsOut:
		return delivery.Resolve(ctx, tx, d, who.Account, c.URL)
	case Leave:
		return delivery.Settle(ctx, tx, d, who.Account)
	case Drop:
		return delivery.Cancel(ctx, tx, who, d)
	case Later:
		if c.At <= tx.Now() {
			return fault.OnField("at", "Choose a time in the future.")
		}
		return again(ctx, tx, who, d, c.At)
	case SendAgain, Continue:
		return again(ctx, tx, who, d, tx.Now())
	}
	return fault.OnField("choice", "Choose one of: it_is_out, send_again, reschedule, continue, remove_all, leave, drop.")
}

func again(ctx context.Context, tx *db.Tx, who access.Who, d delivery.Delivery, at db.Time) error {
	if err := delivery.Release(ctx, tx, d); err != nil {
		return err
	}
	return delivery.Reschedule(ctx, tx, who, d, at)
}

// remove takes down what is out, the last part first, and records each as it
// goes: if one cannot be removed the others stay recorded as removed.
func (k Desk) remove(ctx context.Context, who access.Who, d delivery.Delivery) (delivery.Delivery, error) {
	if err := fits(d, RemoveAll); err != nil {
		return d, err
	}
	left := d.Out()
	for i := len(d.Parts) - 1; i >= 0; i-- {
		part := d.Parts[i]
		if part.State != delivery.PartPublished {
			continue
		}
		err := k.Channels.Do(ctx, d.Brand, d.Channel, func(p network.Publisher, t network.Target, _ channel.Channel) error {
			return takeDown(ctx, p, t, part.Ref)
		})
		var e *network.Error
		if err != nil && !errors.As(err, &e) {
			return d, err
		}
		if err != nil {
			return d, fault.As(fault.Unavailable, err, "The network did not remove part %d: %s Nothing else was changed; try again.", i+1, e.Text)
		}
		left--
		if err := k.DB.Tx(ctx, func(tx *db.Tx) error {
			if err := delivery.TakenDown(ctx, tx, d, part.Ord, who.Account, left == 0); err != nil || left > 0 {
				return err
			}
			return note(ctx, tx, who, d, RemoveAll)
		}); err != nil {
			return d, fmt.Errorf("publish: record the removal: %w", err)
		}
	}
	return delivery.ByID(ctx, k.DB, d.Brand, d.ID)
}

func takeDown(ctx context.Context, p network.Publisher, t network.Target, ref network.Ref) error {
	r, ok := p.(network.Remover)
	if !ok {
		return fault.New(fault.Invalid, "%s does not let programs delete posts. Delete it there.", p.Facts().Title)
	}
	return r.Remove(ctx, t, ref)
}

// Doubt marks everything of a restored database that may have been sent since
// it was copied, so that the network is asked before anything is sent.
func Doubt(ctx context.Context, d *db.DB) (n int, err error) {
	err = d.Tx(ctx, func(tx *db.Tx) (err error) {
		n, err = delivery.TakeDoubtful(ctx, tx)
		return err
	})
	return n, err
}
