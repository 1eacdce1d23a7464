package posts

import (
	"cmp"
	"context"
	"net/http"
	"strings"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/i18n"
	"rapport/internal/post"
	"rapport/internal/web/studio"
	"rapport/internal/web/ui"
)

// Clock is the moment a page is shown at.
type Clock struct{ Now time.Time }

func nameOr(ctx context.Context, name string) string {
	return cmp.Or(name, i18n.T(ctx, "Somebody"))
}

// reviewSentence says who asked, and what approval leads to.
func reviewSentence(ctx context.Context, v postView) string {
	name := nameOr(ctx, v.Review.Submitted.Name)
	if v.PlannedAt > 0 && !v.Review.Passed {
		return i18n.T(ctx, "{{.Name}} asks for approval. Once approved it goes out {{.Time}}.", "Name", name, "Time", i18n.DateTime(ctx, v.PlannedAt.Time()))
	}
	return i18n.T(ctx, "{{.Name}} asks for approval. It has no time yet.", "Name", name)
}

func approveLabel(ctx context.Context, v postView) string {
	if v.PlannedAt > 0 && !v.Review.Passed {
		return i18n.T(ctx, "Approve and schedule")
	}
	return i18n.T(ctx, "Approve")
}

func submitSentence(ctx context.Context, v postView) string {
	if v.PlannedAt > 0 {
		return i18n.T(ctx, "It goes out at its time once somebody has approved it.")
	}
	return i18n.T(ctx, "It has no time yet; somebody gives it one once it is approved.")
}

func declineLabel(ctx context.Context, s suggestionView) string {
	if s.Mine {
		return i18n.T(ctx, "Take it back")
	}
	return i18n.T(ctx, "Decline")
}

// scheduleAt is the time to offer for an approved post.
func scheduleAt(v postView) string {
	if typed := v.Form.Value("at"); typed != "" {
		return typed
	}
	if v.PlannedAt > 0 && !v.Review.Passed {
		return studio.Wall(v.Brand, v.PlannedAt)
	}
	return ""
}

// needsReviewWhy is why a post needs the reader, in a sentence.
func needsReviewWhy(ctx context.Context, n ReviewNeed) string {
	name := nameOr(ctx, n.Name)
	switch {
	case n.Back:
		return i18n.T(ctx, "{{.Name}} asks for a change.", "Name", name)
	case n.Passed:
		return i18n.T(ctx, "{{.Name}} asks for approval. Its time, {{.Time}}, has passed.", "Name", name, "Time", i18n.DateTime(ctx, n.PlannedAt.Time()))
	case n.PlannedAt > 0:
		return i18n.T(ctx, "{{.Name}} asks for approval by {{.Time}}.", "Name", name, "Time", i18n.DateTime(ctx, n.PlannedAt.Time()))
	}
	return i18n.T(ctx, "{{.Name}} asks for approval.", "Name", name)
}

// approvers are those who may approve, by name.
func (p *Pages) approvers(r *http.Request, handles map[string]string) ([]approver, error) {
	v, ctx := studio.At(r), r.Context()
	all, err := account.Able(ctx, p.DB, v.Brand.ID, access.PostApprove)
	if err != nil {
		return nil, err
	}
	var out []approver
	for _, m := range all {
		a := approver{Name: m.Name, Role: studio.RoleName(ctx, m.Grant.Role)}
		for _, c := range m.Grant.Channels {
			a.Channels = append(a.Channels, cmp.Or(handles[c], i18n.T(ctx, "another channel")))
		}
		out = append(out, a)
	}
	return out, nil
}

func approverWhere(ctx context.Context, a approver) string {
	if len(a.Channels) == 0 {
		return a.Role
	}
	return a.Role + " · " + strings.Join(a.Channels, ", ")
}

// stateOf is the post's state, or that it was sent back.
func stateOf(one post.Post) string {
	if one.State == post.StateDraft && one.SentBackAt > 0 {
		return "sent_back"
	}
	return one.State
}

// draftState is how a post that is not scheduled is shown.
func draftState(one post.Post) ui.State { return ui.PostState(stateOf(one)) }

// editKind leaves the page's weight to the decision where there is one.
func editKind(v postView) ui.Kind {
	if v.State == post.StateInReview || v.State == post.StateApproved && !v.Review.Open {
		return ui.Secondary
	}
	return ui.Primary
}
