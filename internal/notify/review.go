package notify

import (
	"context"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/db"
	"rapport/internal/i18n"
	"rapport/internal/outbox"
	"rapport/internal/post"
)

func init() {
	for kind := range reviewWords {
		tellers[kind] = (*Notifier).review
	}
}

// reviewWords say what happened to a post in review, and what to do.
var reviewWords = map[string]words{
	"post.submitted":     {"{{.Name}} asks you to approve “{{.Post}}”", "", "Open the post to approve it or to send it back."},
	"post.recalled":      {"“{{.Post}}” waits for your approval", "It was taken off the plan, because it must be approved first.", "Open the post to approve it or to send it back."},
	"post.approved":      {"{{.Name}} approved “{{.Post}}”", "", ""},
	"post.sent_back":     {"{{.Name}} sent “{{.Post}}” back", "", "Open the post to change it and to submit it again."},
	"post.suggested":     {"{{.Name}} suggests an edit of “{{.Post}}”", "", "Open the post to take it or to decline it."},
	"post.review_due":    {"“{{.Post}}” still waits for approval", "It goes out {{.Time}} if somebody approves it by then.", "Open the post to approve it or to send it back."},
	"post.review_passed": {"The time of “{{.Post}}” passed without approval", "It did not go out and stays in review.", "Open the post to give it another time, or to approve it and choose one then."},
}

// review tells those who may approve a post, or those who wrote it, of a step.
func (n *Notifier) review(ctx context.Context, q db.Queryer, e outbox.Event) (news, error) {
	var told post.Told
	if err := e.Read(&told); err != nil {
		return news{}, err
	}
	p, err := post.ByID(ctx, q, access.System(), e.Brand, e.Subject)
	if err != nil || !current(e.Kind, p, told) {
		return news{}, err
	}
	by, err := nameOf(ctx, q, told.By)
	if err != nil {
		return news{}, err
	}
	w := reviewWords[e.Kind]
	out := news{href: "/posts/" + p.ID, needs: access.PostRead, only: []string{}}
	out.Title = i18n.T(ctx, w.title, "Name", by, "Post", short(ctx, p.Excerpt))
	out.Action = i18n.T(ctx, "Open the post")
	out.Lines = nonEmpty(told.Text, said(ctx, w.kept, "Time", i18n.DateTime(ctx, p.PlannedAt.Time())), outcome(ctx, e.Kind, p), said(ctx, w.next))
	readers, err := concerned(ctx, q, e.Kind, p)
	for _, id := range readers {
		if id != "" && id != told.By {
			out.only = append(out.only, id)
		}
	}
	return out, err
}

// said is a text in words; nothing stays nothing.
func said(ctx context.Context, text string, args ...any) string {
	if text == "" {
		return ""
	}
	return i18n.T(ctx, text, args...)
}

// outcome says what an approval led to.
func outcome(ctx context.Context, kind string, p post.Post) string {
	switch {
	case kind != "post.approved":
		return ""
	case p.PlannedAt > 0:
		return i18n.T(ctx, "Its time had passed, so it did not go out. It needs another one.")
	}
	return i18n.T(ctx, "It may go out as it stands. A change of the text asks for a new approval.")
}

// current reports whether what is told is still so.
func current(kind string, p post.Post, told post.Told) bool {
	switch kind {
	case "post.submitted", "post.recalled", "post.review_due", "post.review_passed":
		return p.State == post.StateInReview && p.Revision == told.Revision
	case "post.approved":
		return p.State == post.StateApproved && p.Approved == told.Revision
	case "post.sent_back":
		return p.SentBackAt > 0
	}
	return true
}

// concerned are the accounts that a step concerns, each once: those who may
// decide, or those who wrote and submitted it, or both.
func concerned(ctx context.Context, q db.Queryer, kind string, p post.Post) ([]string, error) {
	seen, out := map[string]bool{}, []string{}
	add := func(ids ...string) {
		for _, id := range ids {
			if !seen[id] {
				seen[id] = true
				out = append(out, id)
			}
		}
	}
	switch kind {
	case "post.submitted", "post.recalled", "post.review_due", "post.review_passed":
		rule, err := post.RuleOf(ctx, q, access.System(), p.Brand)
		if err != nil {
			return nil, err
		}
		able, err := account.Able(ctx, q, p.Brand, access.PostApprove, p.Channels()...)
		if err != nil {
			return nil, err
		}
		for _, m := range able {
			if rule.Own || !p.Own(m.ID) {
				add(m.ID)
			}
		}
	}
	if kind != "post.submitted" && kind != "post.review_due" {
		add(p.Author, p.SubmittedBy)
	}
	return out, nil
}
