package post

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"rapport/internal/access"
	"rapport/internal/activity"
	"rapport/internal/audit"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/fault"
	"rapport/internal/outbox"
)

// How a revision came to be approved.
const (
	ApprovalOpen  = "open"  // nobody had to approve it
	ApprovalGiven = "given" // by somebody who may, and who did not write it unless the brand allows that
)

// MostWords is how long a note to a reviewer, or to the author, may be.
const MostWords = 2000

// Seen is what somebody had before their eyes when they decided, so that
// nobody approves what they never read. A time that is nil is not compared.
type Seen struct {
	Revision  int64
	PlannedAt *db.Time
}

func (s Seen) is(p Post) error {
	switch {
	case s.Revision <= 0:
		return fault.OnField("revision", "Say which revision you have read.")
	case s.Revision != p.Revision:
		return fault.New(fault.Conflict, "Someone has changed this post since you opened it. Read the newer text first.")
	case s.PlannedAt != nil && *s.PlannedAt != p.PlannedAt:
		return fault.New(fault.Conflict, "Someone has given this post another time since you opened it. Look at it first.")
	}
	return nil
}

// Submit asks for approval of a draft as it stands; note is for those who
// decide. It must fit its channels, and a planned time must lie ahead.
// revision is the one the caller saw.
func Submit(ctx context.Context, d *db.DB, who access.Who, brandID, id string, revision int64, note string) (Post, error) {
	var p Post
	note = strings.TrimSpace(note)
	err := d.Tx(ctx, func(tx *db.Tx) error {
		var err error
		if p, err = writable(ctx, tx, who, brandID, id); err != nil {
			return err
		}
		if revision != p.Revision {
			return changedMeanwhile()
		}
		if err := wording("note", note, true); err != nil {
			return err
		}
		if err := submittable(ctx, tx, p); err != nil {
			return err
		}
		p.submit(who, tx.Now())
		return step(ctx, tx, who, p, "submitted", note)
	}, db.Durable)
	return p, err
}

// writable reads a post that who may write on all its channels.
func writable(ctx context.Context, q db.Queryer, who access.Who, brandID, id string) (Post, error) {
	if err := who.May(q.Now(), brandID, access.PostWrite); err != nil {
		return Post{}, err
	}
	p, err := byID(ctx, q, brandID, id)
	if err != nil {
		return Post{}, err
	}
	return p, who.May(q.Now(), brandID, access.PostWrite, p.Channels()...)
}

func submittable(ctx context.Context, q db.Queryer, p Post) error {
	if p.Origin == Imported {
		return broughtOver()
	}
	open, err := openOf(ctx, q, p)
	if err != nil {
		return err
	}
	if err := conflict(open); err != nil {
		return err
	}
	switch {
	case p.State == StateInReview:
		return fault.New(fault.Conflict, "This post is already in review.")
	case p.State == StateApproved:
		return fault.New(fault.Conflict, "This post is already approved. It only needs a time.")
	case p.PlannedAt > 0 && p.PlannedAt <= q.Now():
		return fault.OnField("at", "This time has passed. Choose a later one, or none.")
	case p.PlannedAt > q.Now().Add(furthest):
		return tooFar()
	}
	return fits(ctx, q, p.Brand, p.Input())
}

func (p *Post) submit(who access.Who, now db.Time) {
	p.State, p.Approved, p.Approval, p.ApprovedBy, p.ApprovedAt = StateInReview, 0, "", "", 0
	p.SubmittedBy, p.SubmittedAt, p.SentBackAt, p.UpdatedAt = who.Account, now, 0, now
}

func (p *Post) approve(who access.Who, r Rule, how string, now db.Time) {
	p.State, p.Approved, p.Approval, p.Rule = StateApproved, p.Revision, how, r.version
	p.ApprovedBy, p.ApprovedAt, p.SentBackAt, p.UpdatedAt = who.Account, now, 0, now
}

// withdraw takes approval and review back.
func (p *Post) withdraw(now db.Time) {
	p.State, p.Approved, p.Approval, p.ApprovedBy, p.ApprovedAt, p.UpdatedAt = StateDraft, 0, "", "", 0, now
}

// approved reports whether somebody who may has approved it as it stands.
func (p Post) approved() bool {
	return p.State == StateApproved && p.Approved == p.Revision && p.Approval == ApprovalGiven
}

// Own reports whether the account started the post or wrote it as it stands.
func (p Post) Own(account string) bool {
	return account != "" && (account == p.Author || account == cmp.Or(p.Editor, p.Author))
}

// MayApprove returns why who may not approve the post as it stands, or nil.
func (r Rule) MayApprove(now db.Time, who access.Who, p Post) error {
	if err := who.May(now, p.Brand, access.PostApprove, p.Channels()...); err != nil {
		return err
	}
	if !r.Own && !who.IsSystem() && p.Own(who.Account) {
		return fault.New(fault.Denied, "You wrote this yourself, so somebody else must approve it.")
	}
	return nil
}

// needsApproval is MayApprove in the words of one who wants to schedule.
func (r Rule) needsApproval(now db.Time, who access.Who, p Post) error {
	err := r.MayApprove(now, who, p)
	switch {
	case err == nil:
		return nil
	case who.May(now, p.Brand, access.PostApprove, p.Channels()...) == nil:
		return fault.As(fault.Denied, err, "This needs approval, and you wrote it yourself. Submit it, and somebody else approves it.")
	}
	return fault.As(fault.Denied, err, "This needs approval. Submit it, and it is scheduled once somebody approves it.")
}

// Approve says that the post may go out as it stands. One with a planned time
// that lies ahead is scheduled for it; any other stays approved until somebody
// gives it a time.
func Approve(ctx context.Context, d *db.DB, who access.Who, brandID, id string, seen Seen) (Post, error) {
	var p Post
	err := d.Tx(ctx, func(tx *db.Tx) error {
		var rule Rule
		var err error
		if p, rule, err = inReview(ctx, tx, who, brandID, id, seen); err != nil {
			return err
		}
		if err := rule.MayApprove(tx.Now(), who, p); err != nil {
			return err
		}
		p.approve(who, rule, ApprovalGiven, tx.Now())
		if err := noted(ctx, tx, who, p, "approved", ""); err != nil {
			return err
		}
		if p.PlannedAt <= tx.Now() {
			return errors.Join(update(ctx, tx, p, p.Revision), saved(ctx, tx, p))
		}
		if err := fits(ctx, tx, p.Brand, p.Input()); err != nil {
			return err
		}
		p, _, err = plan(ctx, tx, who, p, p.PlannedAt)
		return err
	}, db.Durable)
	return p, err
}

// inReview reads a post that waits for a decision and is what was seen.
func inReview(ctx context.Context, tx *db.Tx, who access.Who, brandID, id string, seen Seen) (Post, Rule, error) {
	if err := who.May(tx.Now(), brandID, access.PostApprove); err != nil {
		return Post{}, Rule{}, err
	}
	p, err := byID(ctx, tx, brandID, id)
	if err != nil {
		return p, Rule{}, err
	}
	if err := who.May(tx.Now(), brandID, access.PostApprove, p.Channels()...); err != nil {
		return p, Rule{}, err
	}
	if err := seen.is(p); err != nil {
		return p, Rule{}, err
	}
	switch p.State {
	case StateApproved:
		return p, Rule{}, fault.New(fault.Conflict, "This post is already approved.")
	case StateDraft:
		return p, Rule{}, fault.New(fault.Conflict, "This post is not in review any more.")
	}
	rule, err := ruleOf(ctx, tx, brandID)
	return p, rule, err
}

// SendBack makes a post in review a draft again; comment tells its author what
// is to change. It keeps its planned time.
func SendBack(ctx context.Context, d *db.DB, who access.Who, brandID, id string, seen Seen, comment string) (Post, error) {
	var p Post
	comment = strings.TrimSpace(comment)
	err := d.Tx(ctx, func(tx *db.Tx) error {
		var err error
		if p, _, err = inReview(ctx, tx, who, brandID, id, seen); err != nil {
			return err
		}
		if err := wording("comment", comment, false); err != nil {
			return err
		}
		p.withdraw(tx.Now())
		p.SentBackAt = tx.Now()
		return step(ctx, tx, who, p, "sent_back", comment)
	}, db.Durable)
	return p, err
}

// Withdraw takes a post out of review and makes it a draft again. It is for
// those who wrote or submitted it, and for those who may publish.
func Withdraw(ctx context.Context, d *db.DB, who access.Who, brandID, id string) (Post, error) {
	var p Post
	err := d.Tx(ctx, func(tx *db.Tx) error {
		var err error
		if p, err = writable(ctx, tx, who, brandID, id); err != nil {
			return err
		}
		if !p.MayWithdraw(tx.Now(), who) {
			return fault.New(fault.Denied, "Only those who wrote or submitted this post may withdraw it. Send it back instead, or suggest an edit.")
		}
		if p.State != StateInReview {
			return fault.New(fault.Conflict, "This post is not in review any more.")
		}
		p.withdraw(tx.Now())
		return step(ctx, tx, who, p, "withdrawn", "")
	}, db.Durable)
	return p, err
}

// MayWithdraw reports whether who may take the post out of review.
func (p Post) MayWithdraw(now db.Time, who access.Who) bool {
	return who.IsSystem() || p.Own(who.Account) || who.Account != "" && who.Account == p.SubmittedBy ||
		who.May(now, p.Brand, access.PostPublish, p.Channels()...) == nil
}

func wording(field, text string, empty bool) error {
	switch {
	case text == "" && !empty:
		return fault.OnField(field, "Say what is to change.")
	case utf8.RuneCountInString(text) > MostWords:
		return fault.OnField(field, "Shorten this to %d characters.", MostWords)
	case !utf8.ValidString(text) || strings.ContainsFunc(text, forbidden):
		return fault.OnField(field, "This text holds characters that cannot be kept. Copy it again.")
	}
	return nil
}

// step saves the post as it is now, and who made it so.
func step(ctx context.Context, tx *db.Tx, who access.Who, p Post, what, text string) error {
	if err := update(ctx, tx, p, p.Revision); err != nil {
		return err
	}
	return errors.Join(noted(ctx, tx, who, p, what, text), saved(ctx, tx, p))
}

// kinds are what the log, the timeline and those who are told call the steps of
// a review.
var kinds = map[string]string{
	"submitted": "post.submitted", "approved": "post.approved", "sent_back": "post.sent_back", "withdrawn": "post.withdrawn", "edited": "post.edited",
	"suggested": "post.suggested", "taken": "post.taken", "declined": "post.declined", "recalled": "post.recalled",
}

// noted records a step of a review for the story, the audit and those who are
// told.
func noted(ctx context.Context, tx *db.Tx, who access.Who, p Post, what, text string) error {
	kind := kinds[what]
	if err := remember(ctx, tx, who, p, what, text); err != nil {
		return err
	}
	return errors.Join(
		audit.Record(ctx, tx, who, audit.Entry{Brand: p.Brand, Act: kind, Subject: p.ID}),
		activity.Record(ctx, tx, activity.Entry{Brand: p.Brand, Kind: kind, Subject: p.ID, Actor: who.Account}),
		outbox.Add(ctx, tx, outbox.Event{Brand: p.Brand, Kind: kind, Subject: p.ID,
			Data: Told{By: who.Account, Text: text, Revision: p.Revision}}))
}

// Told is what those hear who are told of a step.
type Told struct {
	By       string `json:"by"` // account id; "" for the program
	Text     string `json:"text"`
	Revision int64  `json:"revision"`
}

// withdrawable reports whether nothing of a post is, or may be, out and no
// node is at work on it.
func withdrawable(open []delivery.Delivery) bool {
	for _, d := range open {
		if d.State.Busy() || d.State == delivery.Published || d.State == delivery.Unknown || d.Out() > 0 {
			return false
		}
	}
	return true
}

// mayRecede returns why who may not take a scheduled post off the plan by
// changing its words, or nil. Those who wrote it may, and who may publish.
func mayRecede(now db.Time, who access.Who, old Post) error {
	if old.Own(who.Account) {
		return nil
	}
	if err := who.May(now, old.Brand, access.PostPublish, old.Channels()...); err != nil {
		return fault.As(fault.Denied, err, "This post is approved and scheduled. Suggest an edit to its author, or save yours as a copy.")
	}
	return nil
}

// recede takes a scheduled post off the plan because its words have changed:
// it keeps the time it had and must be approved again.
func recede(ctx context.Context, tx *db.Tx, who access.Who, p *Post, open []delivery.Delivery) error {
	for _, d := range open {
		switch {
		case d.State == delivery.Published || d.Out() > 0:
			return fault.New(fault.Conflict, "This post is already out on a channel. Duplicate it to say something else.")
		case d.State == delivery.Unknown:
			return fault.New(fault.Conflict, "This post may be out on a channel. Resolve that delivery first.")
		case p.PlannedAt == 0 || d.DueAt < p.PlannedAt:
			p.PlannedAt = d.DueAt
		}
	}
	p.withdraw(tx.Now())
	return delivery.CancelOf(ctx, tx, who, p.Brand, p.ID)
}
