package post

import (
	"context"
	"time"

	"rapport/internal/access"
	"rapport/internal/activity"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/fault"
)

// furthest is how far ahead something may be scheduled.
const furthest = 5 * 366 * 24 * time.Hour

// Schedule gives each channel of the post a delivery due at that time; a time
// that is not in the future is now. Every variant must fit its channel. Where
// the brand asks for approval the post must be approved as it stands, or who
// schedules it approves it thereby; else it is fault.Denied. revision is the one the caller saw, so that
// nobody approves words they never read: if the stored one differs it is
// fault.Conflict. 0 approves what is stored. A post that is already scheduled
// or out is fault.Conflict.
func Schedule(ctx context.Context, d *db.DB, who access.Who, brandID, id string, revision int64, at db.Time) ([]delivery.Delivery, error) {
	var out []delivery.Delivery
	err := d.Tx(ctx, func(tx *db.Tx) error {
		p, err := timeable(ctx, tx, who, brandID, id)
		if err != nil {
			return err
		}
		if revision != 0 && p.Revision != revision {
			return changedMeanwhile()
		}
		_, out, err = schedule(ctx, tx, who, p, at)
		return err
	}, db.Durable)
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Compose saves a new post and schedules it, both or neither.
func Compose(ctx context.Context, d *db.DB, who access.Who, brandID string, in Input, at db.Time) (Post, []delivery.Delivery, error) {
	var p Post
	var out []delivery.Delivery
	err := d.Tx(ctx, func(tx *db.Tx) error {
		in, err := checked(ctx, tx, who, brandID, in)
		if err != nil {
			return err
		}
		if err := who.May(tx.Now(), brandID, access.PostPublish, channelsOf(in.Variants)...); err != nil {
			return err
		}
		if p, err = create(ctx, tx, who, Post{ID: db.NewID(), Brand: brandID}, in); err != nil {
			return err
		}
		p, out, err = schedule(ctx, tx, who, p, at)
		return err
	}, db.Durable)
	return p, out, err
}

// schedule has the post approved as it stands and inserts its deliveries.
func schedule(ctx context.Context, tx *db.Tx, who access.Who, p Post, at db.Time) (Post, []delivery.Delivery, error) {
	if p.Origin == Imported {
		return p, nil, broughtOver()
	}
	open, err := openOf(ctx, tx, p)
	if err != nil {
		return p, nil, err
	}
	if err := conflict(open); err != nil {
		return p, nil, err
	}
	if at > tx.Now().Add(furthest) {
		return p, nil, tooFar()
	}
	if err := fits(ctx, tx, p.Brand, p.Input()); err != nil {
		return p, nil, err
	}
	if err := vouch(ctx, tx, who, &p); err != nil {
		return p, nil, err
	}
	return plan(ctx, tx, who, p, at)
}

// vouch makes sure that the post is approved as it stands: it was before, or
// nobody must, or who schedules it thereby approves it.
func vouch(ctx context.Context, tx *db.Tx, who access.Who, p *Post) error {
	if p.approved() {
		return nil
	}
	if err := who.May(tx.Now(), p.Brand, access.PostPublish, p.Channels()...); err != nil {
		return fault.As(fault.Denied, err, "This is not approved yet. Submit it, and it is scheduled once somebody approves it.")
	}
	rule, err := ruleOf(ctx, tx, p.Brand)
	if err != nil {
		return err
	}
	asks := rule.Asks(p.Channels()...)
	denied := rule.needsApproval(tx.Now(), who, *p)
	switch {
	case denied != nil && asks:
		return denied
	case denied != nil:
		p.approve(who, rule, ApprovalOpen, tx.Now())
		return nil
	}
	noteworthy := asks || p.State == StateInReview
	p.approve(who, rule, ApprovalGiven, tx.Now())
	if !noteworthy {
		return nil
	}
	return noted(ctx, tx, who, *p, "approved", "")
}

// plan inserts the deliveries of an approved post.
func plan(ctx context.Context, tx *db.Tx, who access.Who, p Post, at db.Time) (Post, []delivery.Delivery, error) {
	p.PlannedAt, p.UpdatedAt = 0, tx.Now()
	if err := change(ctx, tx, who, p, "post.scheduled"); err != nil {
		return p, nil, err
	}
	out, err := delivery.Insert(ctx, tx, news(p, who, p.Channels(), max(at, tx.Now())))
	if err != nil {
		return p, nil, err
	}
	return p, out, activity.Record(ctx, tx, activity.Entry{Brand: p.Brand, Kind: "post.scheduled", Subject: p.ID, Actor: who.Account, Value: int64(len(out))})
}

func news(p Post, who access.Who, channels []string, due db.Time) []delivery.New {
	out := make([]delivery.New, len(channels))
	for i, c := range channels {
		out[i] = delivery.New{Brand: p.Brand, Post: p.ID, Channel: c, DueAt: due, Revision: p.Revision, Author: who.Account}
	}
	return out
}

// publishable reads a post that who may publish on all its channels.
func publishable(ctx context.Context, tx *db.Tx, who access.Who, brandID, id string) (Post, error) {
	if err := who.May(tx.Now(), brandID, access.PostPublish); err != nil {
		return Post{}, err
	}
	p, err := byID(ctx, tx, brandID, id)
	if err != nil {
		return p, err
	}
	return p, who.May(tx.Now(), brandID, access.PostPublish, p.Channels()...)
}

// timeable reads a post that who may give a time: those who may publish, and
// those who may schedule what is approved.
func timeable(ctx context.Context, tx *db.Tx, who access.Who, brandID, id string) (Post, error) {
	if who.May(tx.Now(), brandID, access.PostSchedule) != nil {
		return publishable(ctx, tx, who, brandID, id)
	}
	p, err := byID(ctx, tx, brandID, id)
	if err != nil {
		return p, err
	}
	return p, who.May(tx.Now(), brandID, access.PostSchedule, p.Channels()...)
}

func conflict(open []delivery.Delivery) error {
	for _, d := range open {
		if d.State == delivery.Published {
			return fault.New(fault.Conflict, "This post is already out. Duplicate it to send it again.")
		}
	}
	if len(open) > 0 {
		return fault.New(fault.Conflict, "This post is already scheduled. Move it, or take it back first.")
	}
	return nil
}

func tooFar() error {
	return fault.OnField("at", "Choose a time within the next five years.")
}

// Unschedule takes back what of the post has not gone out. If nothing is out
// it is a draft again, planned for the time it had.
func Unschedule(ctx context.Context, d *db.DB, who access.Who, brandID, id string) (Post, error) {
	var p Post
	err := d.Tx(ctx, func(tx *db.Tx) error {
		var err error
		if p, err = publishable(ctx, tx, who, brandID, id); err != nil {
			return err
		}
		before := p.State
		if err := takeBack(ctx, tx, who, &p, false); err != nil {
			return err
		}
		if before != StateApproved {
			return fault.New(fault.Conflict, "This post is not scheduled.")
		}
		return change(ctx, tx, who, p, "post.unscheduled")
	}, db.Durable)
	return p, err
}

// takeBack cancels the post's deliveries that wait, and makes it a draft where
// none is out. What may be out must be resolved first. With all set, a post
// that is out on a channel is refused as a whole.
func takeBack(ctx context.Context, tx *db.Tx, who access.Who, p *Post, all bool) error {
	open, err := openOf(ctx, tx, *p)
	if err != nil {
		return err
	}
	if len(open) > 0 {
		if err := who.May(tx.Now(), p.Brand, access.PostPublish, p.Channels()...); err != nil {
			return err
		}
	}
	out := 0
	for _, d := range open {
		switch {
		case d.State == delivery.Unknown || d.HalfSent():
			return fault.New(fault.Conflict, "This post may be out on a channel. Resolve that delivery first.")
		case d.State == delivery.Published:
			out++
		case p.PlannedAt == 0 || d.DueAt < p.PlannedAt:
			p.PlannedAt = d.DueAt
		}
	}
	if out > 0 && (all || out == len(open)) {
		return fault.New(fault.Conflict, "This post is out and stays in the history. Take it down on its channels instead.")
	}
	p.UpdatedAt = tx.Now()
	if out == 0 {
		p.withdraw(tx.Now())
	} else {
		p.PlannedAt = 0
	}
	return delivery.CancelOf(ctx, tx, who, p.Brand, p.ID)
}

// Move gives the post another time: the one it goes out at if it is scheduled,
// which must lie ahead, or the planned one of a draft, where 0 is none.
func Move(ctx context.Context, d *db.DB, who access.Who, brandID, id string, at db.Time) (Post, error) {
	var p Post
	err := d.Tx(ctx, func(tx *db.Tx) error {
		if err := who.May(tx.Now(), brandID, access.PostWrite); err != nil {
			return err
		}
		var err error
		if p, err = byID(ctx, tx, brandID, id); err != nil {
			return err
		}
		open, err := openOf(ctx, tx, p)
		if err != nil {
			return err
		}
		if at < 0 || at > tx.Now().Add(furthest) {
			return tooFar()
		}
		action := access.PostWrite
		switch {
		case len(open) > 0 && p.approved() && who.May(tx.Now(), brandID, access.PostSchedule, p.Channels()...) == nil:
			action = access.PostSchedule
		case len(open) > 0:
			action = access.PostPublish
		}
		if err := who.May(tx.Now(), brandID, action, p.Channels()...); err != nil {
			return err
		}
		p.UpdatedAt = tx.Now()
		if len(open) == 0 {
			p.PlannedAt = at
			return change(ctx, tx, who, p, "post.planned")
		}
		if at <= tx.Now() {
			return fault.OnField("at", "Choose a time that is still to come.")
		}
		if err := delivery.MoveOf(ctx, tx, who, brandID, id, at); err != nil {
			return err
		}
		return change(ctx, tx, who, p, "post.moved")
	}, db.Durable)
	return p, err
}
