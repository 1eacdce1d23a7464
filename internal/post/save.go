package post

import (
	"context"
	"reflect"
	"slices"
	"time"

	"github.com/google/uuid"

	"rapport/internal/access"
	"rapport/internal/activity"
	"rapport/internal/audit"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/fault"
	"rapport/internal/outbox"
)

// Draft saves a new post. It may be empty.
func Draft(ctx context.Context, d *db.DB, who access.Who, brandID string, in Input) (Post, error) {
	var p Post
	err := d.Tx(ctx, func(tx *db.Tx) (err error) {
		p, err = Add(ctx, tx, who, brandID, db.NewID(), in)
		return err
	})
	return p, err
}

// Add saves a new post in the caller's transaction, under an id that nothing
// else has.
func Add(ctx context.Context, tx *db.Tx, who access.Who, brandID, id string, in Input) (Post, error) {
	in, err := checked(ctx, tx, who, brandID, in)
	if err != nil {
		return Post{}, err
	}
	return create(ctx, tx, who, Post{ID: id, Brand: brandID}, in)
}

// Once saves a new post under an id that its form was given before anything
// was typed, so that a form that is sent twice makes one post. What
// the form changed of a draft since is saved over it; where the id stands for
// anything else, the post gets another.
func Once(ctx context.Context, d *db.DB, who access.Who, brandID, id string, in Input) (p Post, err error) {
	if uuid.Validate(id) != nil || len(id) != 36 {
		return Draft(ctx, d, who, brandID, in)
	}
	save := func(tx *db.Tx) (err error) {
		p, err = once(ctx, tx, who, Post{ID: id, Brand: brandID}, in)
		return err
	}
	if err = d.Tx(ctx, save); db.IsDuplicate(err) {
		err = d.Tx(ctx, save) // the same form came in this moment, or the id is another's
	}
	if db.IsDuplicate(err) {
		return Draft(ctx, d, who, brandID, in)
	}
	return p, err
}

func once(ctx context.Context, tx *db.Tx, who access.Who, as Post, in Input) (Post, error) {
	in, err := checked(ctx, tx, who, as.Brand, in)
	if err != nil {
		return Post{}, err
	}
	old, err := anyByID(ctx, tx, as.Brand, as.ID)
	switch {
	case fault.Is(err, fault.NotFound):
		return create(ctx, tx, who, as, in)
	case err != nil:
		return Post{}, err
	case old.Author != who.Account || old.DeletedAt > 0:
	case reflect.DeepEqual(in.Body, old.Body) && reflect.DeepEqual(in.Variants, old.Variants):
		return old, nil
	case old.State == StateDraft:
		return revise(ctx, tx, who, old, in)
	}
	return create(ctx, tx, who, Post{ID: db.NewID(), Brand: as.Brand}, in)
}

// create saves a new post with the id and the brand of as.
func create(ctx context.Context, tx *db.Tx, who access.Who, as Post, in Input) (Post, error) {
	brandID := as.Brand
	p := Post{ID: as.ID, Brand: brandID, Kind: KindPost, State: StateDraft, Revision: 1, Author: who.Account, Editor: who.Account, CreatedAt: tx.Now(), UpdatedAt: tx.Now()}
	p.take(in)
	if err := insert(ctx, tx, p); err != nil {
		return p, err
	}
	err := activity.Record(ctx, tx, activity.Entry{Brand: brandID, Kind: "post.drafted", Subject: p.ID, Actor: who.Account})
	if err == nil {
		err = audit.Record(ctx, tx, who, audit.Entry{Brand: brandID, Act: "post.drafted", Subject: p.ID})
	}
	if err != nil {
		return p, err
	}
	return p, saved(ctx, tx, p)
}

// oneEdit is how long changes of one account count as one in the log.
const oneEdit = 10 * time.Minute

func edited(ctx context.Context, tx *db.Tx, who access.Who, old, p Post) error {
	e := audit.Entry{Brand: p.Brand, Act: "post.saved", Subject: p.ID}
	if p.Revision == old.Revision {
		e.Act = "post.planned"
	}
	return audit.RecordOnce(ctx, tx, who, e, oneEdit)
}

func (p *Post) take(in Input) {
	p.Body, p.Variants, p.PlannedAt, p.Excerpt = in.Body, in.Variants, in.PlannedAt, in.excerpt()
}

func saved(ctx context.Context, tx *db.Tx, p Post) error {
	return outbox.Add(ctx, tx, outbox.Event{Brand: p.Brand, Kind: "post.saved", Subject: p.ID})
}

// Save changes a post. revision is the one the caller saw: if the stored one
// differs, somebody else has changed the post and it is fault.Conflict. Other
// words end an approval and a review: the post is a draft again, and one that
// was scheduled is taken off the plan and keeps its time. It stays scheduled
// with the new words where nobody must approve them or who may approve them
// wrote them. What is being sent or out cannot be changed any more. Saving
// what is already there changes nothing.
func Save(ctx context.Context, d *db.DB, who access.Who, brandID, id string, revision int64, in Input) (Post, error) {
	var p Post
	err := d.Tx(ctx, func(tx *db.Tx) error {
		in, err := checked(ctx, tx, who, brandID, in)
		if err != nil {
			return err
		}
		old, err := byID(ctx, tx, brandID, id)
		if err != nil {
			return err
		}
		if old.Revision != revision {
			return changedMeanwhile()
		}
		if p, err = revise(ctx, tx, who, old, in); err != nil {
			return err
		}
		if p.State == StateDraft && (old.State == StateInReview || old.Approval == ApprovalGiven) {
			return noted(ctx, tx, who, p, "edited", "")
		}
		return nil
	})
	return p, err
}

func broughtOver() error {
	return fault.New(fault.Conflict, "This post was published with another program and stays as it is. Duplicate it to say something like it.")
}

func changedMeanwhile() error {
	return fault.New(fault.Conflict, "Someone has changed this post since you opened it. Look at the newer text, or save yours as a copy.")
}

func revise(ctx context.Context, tx *db.Tx, who access.Who, old Post, in Input) (Post, error) {
	if err := who.May(tx.Now(), old.Brand, access.PostWrite, old.Channels()...); err != nil {
		return old, err
	}
	if old.Origin == Imported {
		return old, broughtOver()
	}
	open, err := openOf(ctx, tx, old)
	if err != nil {
		return old, err
	}
	if len(open) > 0 {
		in.PlannedAt = old.PlannedAt
	}
	text := !reflect.DeepEqual(in.Body, old.Body) || !reflect.DeepEqual(in.Variants, old.Variants)
	if !text && in.PlannedAt == old.PlannedAt {
		return old, nil
	}
	p := old
	p.take(in)
	p.UpdatedAt = tx.Now()
	if text {
		p.Revision++
		p.Editor = who.Account
		if err := reword(ctx, tx, who, old, &p, open); err != nil {
			return old, err
		}
	}
	if err := update(ctx, tx, p, old.Revision); err != nil {
		return old, err
	}
	if err := edited(ctx, tx, who, old, p); err != nil {
		return old, err
	}
	return p, saved(ctx, tx, p)
}

// reword decides what becomes of a post whose words have changed. One that is
// not scheduled is a draft again. A scheduled one goes on with the new words
// where nobody must approve them or who may approve them wrote them; else it
// is taken off the plan.
func reword(ctx context.Context, tx *db.Tx, who access.Who, old Post, p *Post, open []delivery.Delivery) error {
	if len(open) == 0 {
		p.withdraw(tx.Now())
		return nil
	}
	rule, err := ruleOf(ctx, tx, p.Brand)
	if err != nil {
		return err
	}
	how := ApprovalGiven
	if rule.MayApprove(tx.Now(), who, *p) != nil {
		if rule.Asks(p.Channels()...) {
			if err := mayRecede(tx.Now(), who, old); err != nil {
				return err
			}
			return recede(ctx, tx, who, p, open)
		}
		how = ApprovalOpen
	}
	p.approve(who, rule, how, tx.Now())
	return carry(ctx, tx, who, *p, open)
}

// carry takes the open deliveries along to the post's new revision, cancels
// those of channels it left and adds those of channels it gained.
func carry(ctx context.Context, tx *db.Tx, who access.Who, p Post, open []delivery.Delivery) error {
	if err := who.May(tx.Now(), p.Brand, access.PostPublish, p.Channels()...); err != nil {
		return fault.As(fault.Denied, err, "This post is approved and scheduled. Ask someone who may publish to change it, or save yours as a copy.")
	}
	if err := fits(ctx, tx, p.Brand, p.Input()); err != nil {
		return err
	}
	if err := delivery.Revise(ctx, tx, who, p.Brand, p.ID, p.Revision); err != nil {
		return err
	}
	var due db.Time
	gained := p.Channels()
	for _, d := range open {
		if !slices.Contains(gained, d.Channel) {
			if err := delivery.Cancel(ctx, tx, who, d); err != nil {
				return err
			}
			continue
		}
		gained = slices.DeleteFunc(gained, func(c string) bool { return c == d.Channel })
		if d.State == delivery.Scheduled && (due == 0 || d.DueAt < due) {
			due = d.DueAt
		}
	}
	if len(gained) > 0 && due == 0 {
		return fault.New(fault.Conflict, "Nothing of this post waits for a time any more, so no channel can be added. Duplicate it instead.")
	}
	_, err := delivery.Insert(ctx, tx, news(p, who, gained, due))
	return err
}

// openOf returns the post's deliveries that were not taken back.
func openOf(ctx context.Context, q db.Queryer, p Post) ([]delivery.Delivery, error) {
	ds, err := delivery.OfPost(ctx, q, p.Brand, p.ID)
	return slices.DeleteFunc(ds, func(d delivery.Delivery) bool {
		return d.State == delivery.Cancelled || d.State == delivery.Removed
	}), err
}

// Duplicate makes a new draft that says the same, for the channels that are
// still there. It has no planned time.
func Duplicate(ctx context.Context, d *db.DB, who access.Who, brandID, id string) (Post, error) {
	var p Post
	err := d.Tx(ctx, func(tx *db.Tx) error {
		if err := who.May(tx.Now(), brandID, access.PostWrite); err != nil {
			return err
		}
		old, err := byID(ctx, tx, brandID, id)
		if err != nil {
			return err
		}
		known, err := channel.ByIDs(ctx, tx, brandID, old.Channels())
		if err != nil {
			return err
		}
		in := Input{Body: old.Body, Variants: slices.DeleteFunc(old.Variants, func(v Variant) bool {
			return known[v.Channel].State == channel.StateRemoved
		})}
		if err := who.May(tx.Now(), brandID, access.PostWrite, channelsOf(in.Variants)...); err != nil {
			return err
		}
		p, err = create(ctx, tx, who, Post{ID: db.NewID(), Brand: brandID}, in.clean())
		return err
	})
	return p, err
}

// Delete takes the post out of every list and takes back what of it was
// scheduled. Restore undoes it. What is out, may be out or is being sent
// cannot be deleted: the history stays true.
func Delete(ctx context.Context, d *db.DB, who access.Who, brandID, id string) error {
	return d.Tx(ctx, func(tx *db.Tx) error {
		if err := who.May(tx.Now(), brandID, access.PostWrite); err != nil {
			return err
		}
		p, err := byID(ctx, tx, brandID, id)
		if err != nil {
			return err
		}
		if err := who.May(tx.Now(), brandID, access.PostWrite, p.Channels()...); err != nil {
			return err
		}
		if err := takeBack(ctx, tx, who, &p, true); err != nil {
			return err
		}
		p.DeletedAt = tx.Now()
		if err := index(ctx, tx, p); err != nil {
			return err
		}
		return change(ctx, tx, who, p, "post.deleted")
	})
}

// Restore brings a deleted post back as a draft. If it was scheduled, its time
// is the draft's planned time and it must be scheduled again.
func Restore(ctx context.Context, d *db.DB, who access.Who, brandID, id string) (Post, error) {
	var p Post
	err := d.Tx(ctx, func(tx *db.Tx) error {
		if err := who.May(tx.Now(), brandID, access.PostWrite); err != nil {
			return err
		}
		var err error
		if p, err = anyByID(ctx, tx, brandID, id); err != nil {
			return err
		}
		if err := who.May(tx.Now(), brandID, access.PostWrite, p.Channels()...); err != nil || p.DeletedAt == 0 {
			return err
		}
		p.DeletedAt, p.UpdatedAt = 0, tx.Now()
		if err := index(ctx, tx, p); err != nil {
			return err
		}
		return change(ctx, tx, who, p, "post.restored")
	})
	return p, err
}

// change saves a step of the post's life and records who took it.
func change(ctx context.Context, tx *db.Tx, who access.Who, p Post, act string) error {
	if err := update(ctx, tx, p, p.Revision); err != nil {
		return err
	}
	if err := audit.Record(ctx, tx, who, audit.Entry{Brand: p.Brand, Act: act, Subject: p.ID}); err != nil {
		return err
	}
	return saved(ctx, tx, p)
}
