package compose

import (
	"context"
	"net/http"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/i18n"
	"rapport/internal/post"
	"rapport/internal/web/studio"
)

// composeGate is what the composer offers at its end.
type composeGate struct {
	Asks      bool // one of the chosen channels asks for approval
	Vouch     bool // who schedules it approves it thereby
	Theirs    bool // somebody else wrote it
	InReview  bool
	Scheduled bool
	Approved  bool // and not scheduled
	Keeps     bool // an edit of what is scheduled leaves it there
	MayTime   bool
}

// composeGate reads it for the channels that are chosen now.
func (p *Pages) composeGate(r *http.Request, view *composeView) error {
	v, ctx, now := studio.At(r), r.Context(), p.DB.Now()
	rule, err := post.RuleOf(ctx, p.DB, v.Who, v.Brand.ID)
	if err != nil {
		return err
	}
	one := post.Post{Brand: v.Brand.ID, State: post.StateDraft, Author: v.Who.Account}
	if view.ID != "" {
		if one, err = post.ByID(ctx, p.DB, v.Who, v.Brand.ID, view.ID); err != nil {
			return err
		}
		ds, err := delivery.OfPost(ctx, p.DB, v.Brand.ID, one.ID)
		if err != nil {
			return err
		}
		for _, d := range ds {
			view.Gate.Scheduled = view.Gate.Scheduled || d.State != delivery.Cancelled && d.State != delivery.Removed
		}
	}
	one.Variants = nil
	for _, c := range view.chosen() {
		one.Variants = append(one.Variants, post.Variant{Channel: c.ID})
	}
	g := &view.Gate
	g.Asks = rule.Asks(one.Channels()...)
	g.Theirs = !one.Own(v.Who.Account)
	g.Vouch = rule.MayApprove(now, v.Who, one) == nil
	g.InReview = one.State == post.StateInReview
	g.Approved = one.State == post.StateApproved && !g.Scheduled
	mine := one
	mine.Author, mine.Editor = v.Who.Account, v.Who.Account
	g.Keeps = !g.Asks || rule.MayApprove(now, v.Who, mine) == nil
	g.MayTime = view.MayPublish && (!g.Asks || g.Vouch || g.Approved) || g.Approved && v.Who.May(now, v.Brand.ID, access.PostSchedule, one.Channels()...) == nil
	return nil
}

// settled reports whether nothing may be saved before its writer says so: in
// the middle of a sentence it would end a review or change what goes out.
func (v composeView) settled() bool { return v.Approved || v.Gate.InReview }

// submitted sends what was written to those who approve.
func (p *Pages) submitted(w http.ResponseWriter, r *http.Request, s *sheet, when db.Time) error {
	v, ctx := studio.At(r), r.Context()
	one, err := post.ByID(ctx, p.DB, v.Who, v.Brand.ID, s.ID)
	if err != nil {
		return err
	}
	if when > 0 && when != one.PlannedAt && one.State != post.StateApproved {
		if one, err = post.Move(ctx, p.DB, v.Who, v.Brand.ID, s.ID, when); err != nil {
			return err
		}
	}
	switch one.State {
	case post.StateApproved:
		return p.updated(w, r, s.ID, when)
	case post.StateInReview:
		p.Note(w, r, i18n.T(ctx, "It is still in review, with the same words."), "")
		return nil
	}
	if _, err := post.Submit(ctx, p.DB, v.Who, v.Brand.ID, s.ID, s.Revision, ""); err != nil {
		return err
	}
	p.Note(w, r, i18n.T(ctx, "Submitted. Those who may approve it are told."), "")
	return nil
}

// keptDraft ends a review whose post was saved as a draft without a change.
func (p *Pages) keptDraft(r *http.Request, id string) error {
	v, ctx := studio.At(r), r.Context()
	one, err := post.ByID(ctx, p.DB, v.Who, v.Brand.ID, id)
	if err != nil || one.State != post.StateInReview {
		return err
	}
	_, err = post.Withdraw(ctx, p.DB, v.Who, v.Brand.ID, id)
	return err
}

func scheduleLabel(ctx context.Context, v composeView) string {
	if v.Gate.Asks && v.Gate.Theirs {
		return i18n.T(ctx, "Approve and schedule")
	}
	return i18n.T(ctx, "Schedule")
}

// composeWords say what becomes of a post that somebody else has to approve,
// or that is on its way already.
func composeWords(ctx context.Context, v composeView) string {
	switch {
	case v.Gate.Scheduled && v.Gate.Keeps:
		return i18n.T(ctx, "This post is scheduled. What you change counts once you save the changes.")
	case v.Gate.Scheduled:
		return i18n.T(ctx, "This post is approved and scheduled. A change takes it off the plan until it is approved again.")
	case v.Gate.Approved:
		return i18n.T(ctx, "This post is approved. A change of the text asks for a new approval.")
	case v.Gate.InReview:
		return i18n.T(ctx, "This post is in review. What you change counts once you save it, and must be submitted again.")
	case v.Gate.Asks && !v.Gate.Vouch:
		return i18n.T(ctx, "What you choose here asks for approval. Submit it, and it goes out at its time once somebody approves it.")
	}
	return ""
}
