package api

import (
	"context"
	"net/http"
	"time"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/post"
)

// Approval is how a revision came to be approved.
type Approval struct {
	Kind     string    `json:"kind" enum:"open,given" doc:"open: nobody had to approve it. given: somebody who may did."`
	By       string    `json:"by,omitempty" doc:"Account. Missing: Rapport itself."`
	At       time.Time `json:"at"`
	Revision int64     `json:"revision"`
}

// Review is what was asked of those who approve.
type Review struct {
	SubmittedBy string     `json:"submitted_by,omitempty" doc:"Account that asked last."`
	SubmittedAt *time.Time `json:"submitted_at,omitempty"`
	SentBackAt  *time.Time `json:"sent_back_at,omitempty" doc:"It was sent back then and not submitted again."`
	ApproveBy   *time.Time `json:"approve_by,omitempty" doc:"Its planned time: until then somebody must approve it, or it does not go out."`
}

func approvalOf(p post.Post) *Approval {
	if p.State != post.StateApproved || p.Approval == "" {
		return nil
	}
	return &Approval{Kind: p.Approval, By: p.ApprovedBy, At: p.ApprovedAt.Time(), Revision: p.Approved}
}

func reviewOf(p post.Post) *Review {
	if p.SubmittedAt == 0 && p.SentBackAt == 0 {
		return nil
	}
	r := &Review{SubmittedBy: p.SubmittedBy, SubmittedAt: moment(p.SubmittedAt), SentBackAt: moment(p.SentBackAt)}
	if p.State == post.StateInReview {
		r.ApproveBy = moment(p.PlannedAt)
	}
	return r
}

// Step is one step of a post through review.
type Step struct {
	ID       string    `json:"id"`
	At       time.Time `json:"at"`
	What     string    `json:"what" enum:"submitted,approved,sent_back,withdrawn,edited,suggested,taken,declined,recalled,passed,emptied"`
	By       string    `json:"by,omitempty" doc:"Account. Missing: Rapport itself."`
	Revision int64     `json:"revision"`
	Text     string    `json:"text,omitempty" doc:"What the person said."`
}

// Suggestion is another wording for a post.
type Suggestion struct {
	ID        string              `json:"id"`
	By        string              `json:"by" doc:"Account that suggests it."`
	At        time.Time           `json:"at"`
	Revision  int64               `json:"revision" doc:"Of the post it was written for."`
	Texts     map[string][]string `json:"texts" doc:"The texts of each version that differs, part by part: by the id of a channel that has its own, and under an empty key the common one."`
	Was       map[string][]string `json:"was" doc:"The same as they were."`
	Note      string              `json:"note,omitempty"`
	Approver  bool                `json:"approver" doc:"Whether who wrote it may approve the post: then taking it keeps the post in review."`
	State     string              `json:"state" enum:"open,taken,declined"`
	DecidedBy string              `json:"decided_by,omitempty"`
	DecidedAt *time.Time          `json:"decided_at,omitempty"`
}

func suggestionView(s post.Suggestion) Suggestion {
	return Suggestion{ID: s.ID, By: s.By, At: s.At.Time(), Revision: s.Revision, Texts: s.Texts, Was: s.Was, Note: s.Note, Approver: s.Approver,
		State: s.State, DecidedBy: s.DecidedBy, DecidedAt: moment(s.DecidedAt)}
}

// Rule is what a brand asks approval of.
type Rule struct {
	Mode      string   `json:"mode" enum:"never,always,channels" doc:"channels: a post that goes to one of those that are named."`
	Channels  []string `json:"channels" nullable:"false" maxItems:"200" doc:"Ids, with the mode channels."`
	Own       bool     `json:"own" doc:"Whether one may approve what one wrote oneself."`
	Remind    int      `json:"remind_hours" minimum:"0" maximum:"336" doc:"So many hours before the planned time; 0 is never."`
	Unchecked int      `json:"unchecked" readOnly:"true" doc:"Posts that were scheduled before, and that nobody has approved: they go out as they stand."`
}

func ruleView(r post.Rule, unchecked int) Rule {
	return Rule{Mode: r.Mode, Channels: append([]string{}, r.Channels...), Own: r.Own, Remind: int(r.Remind / time.Hour), Unchecked: unchecked}
}

type submitInput struct {
	Addressed
	Body struct {
		Revision int64  `json:"revision" minimum:"1" doc:"The revision that was read: it is submitted only if it is still that one, else 409."`
		Note     string `json:"note,omitempty" maxLength:"2000" doc:"For those who approve it."`
	}
}

// Decided is what somebody read before they decided.
type Decided struct {
	Revision  int64   `json:"revision" minimum:"1" doc:"The revision that was read: if the post has another by now it is 409."`
	PlannedAt *string `json:"planned_at,omitempty" maxLength:"40" doc:"The planned time that was read, RFC 3339; if the post has another by now it is 409."`
}

func (d Decided) seen() (post.Seen, error) {
	out := post.Seen{Revision: d.Revision}
	if d.PlannedAt != nil {
		var at db.Time
		var err error
		if *d.PlannedAt != "" {
			at, err = instant("planned_at", *d.PlannedAt)
		}
		out.PlannedAt = &at
		return out, err
	}
	return out, nil
}

type approveInput struct {
	Addressed
	Body struct{ Decided }
}

type sendBackInput struct {
	Addressed
	Body struct {
		Decided
		Comment string `json:"comment" minLength:"1" maxLength:"2000" doc:"What is to change; the author reads it."`
	}
}

type suggestInput struct {
	Addressed
	Body struct {
		Revision int64               `json:"revision" minimum:"1" doc:"The revision it is written for."`
		Texts    map[string][]string `json:"texts" doc:"The texts of each version that is to differ, as many as it has parts: by the id of a channel that has its own, and under an empty key the common one."`
		Note     string              `json:"note,omitempty" maxLength:"2000" doc:"Why."`
	}
}

type suggestionAddress struct {
	Addressed
	Suggestion string `path:"suggestion" maxLength:"64" doc:"Id of the suggestion."`
}

type ruleInput struct {
	Body struct {
		Mode     string   `json:"mode" enum:"never,always,channels"`
		Channels []string `json:"channels,omitempty" maxItems:"200"`
		Own      bool     `json:"own,omitempty"`
		Remind   int      `json:"remind_hours" minimum:"0" maximum:"336"`
	}
}

func (a *handler) approvalOperations() {
	add(a, op{id: "submit-post", example: `{"revision":1,"note":"For the launch."}`, method: http.MethodPost, path: "/posts/{id}/submit", tag: "Approval", title: "Submit a post for approval",
		about: "Those who may approve it are told. It must fit its channels, and a planned time must lie ahead.", scope: access.PostWrite}, a.submitPost)
	add(a, op{id: "approve-post", example: `{"revision":1}`, method: http.MethodPost, path: "/posts/{id}/approve", tag: "Approval", title: "Approve a post",
		about: "A post with a planned time that lies ahead is scheduled for it; any other stays approved until it is scheduled.", scope: access.PostApprove}, a.approvePost)
	add(a, op{id: "send-back-post", example: `{"revision":1,"comment":"Name the price."}`, method: http.MethodPost, path: "/posts/{id}/send-back", tag: "Approval", title: "Send a post back",
		about: "It is a draft again and keeps its planned time.", scope: access.PostApprove}, a.sendBackPost)
	add(a, op{id: "withdraw-post", method: http.MethodPost, path: "/posts/{id}/withdraw", tag: "Approval", title: "Withdraw a post from review",
		about: "For those who wrote or submitted it, and those who may publish.", scope: access.PostWrite}, a.withdrawPost)
	add(a, op{id: "review", method: http.MethodGet, path: "/posts/{id}/review", tag: "Approval", title: "Read a post's way through review",
		about: "Oldest first; of more than 300 steps the last ones.", scope: access.PostRead}, a.review)
	add(a, op{id: "list-suggestions", method: http.MethodGet, path: "/posts/{id}/suggestions", tag: "Approval", title: "List suggestions", about: "The last first, at most 100.", scope: access.PostRead}, a.listSuggestions)
	add(a, op{id: "suggest", example: `{"revision":1,"texts":{"":["We open at ten."]},"note":"It is ten on Sundays."}`, method: http.MethodPost, path: "/posts/{id}/suggestions", tag: "Approval", title: "Suggest an edit", status: http.StatusCreated,
		about: "Other words for somebody else's post. Its author takes them or declines.", scope: access.PostWrite}, a.suggest)
	add(a, op{id: "take-suggestion", method: http.MethodPost, path: "/posts/{id}/suggestions/{suggestion}/take", tag: "Approval", title: "Take a suggestion",
		about: "An edit as every other, but that a post in review stays there where an approver wrote it. One for an older revision is a conflict.", scope: access.PostWrite}, a.takeSuggestion)
	add(a, op{id: "decline-suggestion", method: http.MethodPost, path: "/posts/{id}/suggestions/{suggestion}/decline", tag: "Approval", title: "Decline a suggestion", scope: access.PostWrite}, a.declineSuggestion)
	add(a, op{id: "approval", method: http.MethodGet, path: "/approval", tag: "Approval", title: "Read what must be approved", scope: access.BrandRead}, a.approval)
	add(a, op{id: "change-approval", example: `{"mode":"never","remind_hours":8}`, method: http.MethodPatch, path: "/approval", tag: "Approval", title: "Change what must be approved",
		about: "What was scheduled before stays so; unchecked counts it.", scope: access.BrandWrite}, a.changeApproval)
	add(a, op{id: "recall-unchecked", method: http.MethodPost, path: "/approval/recall", tag: "Approval", title: "Take back what nobody has approved",
		about: "Takes what unchecked counts off the plan and into review, with the times it had. Needs posts:publish as well.", scope: access.BrandWrite}, a.recall)
}

func (a *handler) submitPost(ctx context.Context, c caller, in *submitInput) (*postAnswer, error) {
	p, err := post.Submit(ctx, a.DB, c.who, c.token.Brand, in.ID, in.Body.Revision, in.Body.Note)
	return a.whole(ctx, c, p, err)
}

func (a *handler) approvePost(ctx context.Context, c caller, in *approveInput) (*postAnswer, error) {
	seen, err := in.Body.seen()
	if err != nil {
		return nil, err
	}
	p, err := post.Approve(ctx, a.DB, c.who, c.token.Brand, in.ID, seen)
	return a.whole(ctx, c, p, err)
}

func (a *handler) sendBackPost(ctx context.Context, c caller, in *sendBackInput) (*postAnswer, error) {
	seen, err := in.Body.seen()
	if err != nil {
		return nil, err
	}
	p, err := post.SendBack(ctx, a.DB, c.who, c.token.Brand, in.ID, seen, in.Body.Comment)
	return a.whole(ctx, c, p, err)
}

func (a *handler) withdrawPost(ctx context.Context, c caller, in *Addressed) (*postAnswer, error) {
	p, err := post.Withdraw(ctx, a.DB, c.who, c.token.Brand, in.ID)
	return a.whole(ctx, c, p, err)
}

func (a *handler) review(ctx context.Context, c caller, in *Addressed) (*body[items[Step]], error) {
	if _, err := post.ByID(ctx, a.DB, c.who, c.token.Brand, in.ID); err != nil {
		return nil, err
	}
	all, err := post.Steps(ctx, a.DB, c.token.Brand, in.ID)
	if err != nil {
		return nil, err
	}
	return itemsOf("review", c.token.Brand, all, "", func(s post.Step) Step {
		return Step{ID: s.ID, At: s.At.Time(), What: s.What, By: s.By, Revision: s.Revision, Text: s.Text}
	}), nil
}

func (a *handler) listSuggestions(ctx context.Context, c caller, in *Addressed) (*body[items[Suggestion]], error) {
	all, err := post.Suggestions(ctx, a.DB, c.who, c.token.Brand, in.ID)
	if err != nil {
		return nil, err
	}
	return itemsOf("suggestions", c.token.Brand, all, "", suggestionView), nil
}

func (a *handler) suggest(ctx context.Context, c caller, in *suggestInput) (*body[Suggestion], error) {
	s, err := post.Suggest(ctx, a.DB, c.who, c.token.Brand, in.ID, post.Seen{Revision: in.Body.Revision}, in.Body.Texts, in.Body.Note)
	return answerOf(suggestionView(s), err)
}

func (a *handler) takeSuggestion(ctx context.Context, c caller, in *suggestionAddress) (*postAnswer, error) {
	p, err := post.TakeSuggestion(ctx, a.DB, c.who, c.token.Brand, in.ID, in.Suggestion)
	return a.whole(ctx, c, p, err)
}

func (a *handler) declineSuggestion(ctx context.Context, c caller, in *suggestionAddress) (*body[Suggestion], error) {
	s, err := post.DeclineSuggestion(ctx, a.DB, c.who, c.token.Brand, in.ID, in.Suggestion)
	return answerOf(suggestionView(s), err)
}

func (a *handler) approval(ctx context.Context, c caller, _ *struct{}) (*body[Rule], error) {
	r, err := post.RuleOf(ctx, a.DB, c.who, c.token.Brand)
	if err != nil {
		return nil, err
	}
	return a.ruleAnswer(ctx, c, r)
}

func (a *handler) ruleAnswer(ctx context.Context, c caller, r post.Rule) (*body[Rule], error) {
	// What the caller just changed it may also see, whatever its scopes for reading.
	n, err := post.Unchecked(ctx, a.DB, access.System(), c.token.Brand)
	return answerOf(ruleView(r, n), err)
}

func (a *handler) changeApproval(ctx context.Context, c caller, in *ruleInput) (*body[Rule], error) {
	r, err := post.SetRule(ctx, a.DB, c.who, c.token.Brand, post.Rule{Mode: in.Body.Mode, Channels: in.Body.Channels, Own: in.Body.Own,
		Remind: time.Duration(in.Body.Remind) * time.Hour})
	if err != nil {
		return nil, err
	}
	return a.ruleAnswer(ctx, c, r)
}

type recalled struct {
	Recalled int `json:"recalled" doc:"How many posts are in review now."`
}

func (a *handler) recall(ctx context.Context, c caller, _ *struct{}) (*body[recalled], error) {
	n, err := post.Recall(ctx, a.DB, c.who, c.token.Brand)
	return answerOf(recalled{n}, err)
}
