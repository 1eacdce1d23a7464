package api

import (
	"context"
	"net/http"
	"time"

	"rapport/internal/access"
	"rapport/internal/secret"
	"rapport/internal/webhook"
)

// Webhook is an address that is told what happens.
type Webhook struct {
	ID                string     `json:"id"`
	URL               string     `json:"url" example:"https://example.org/hooks"`
	About             string     `json:"about,omitempty" doc:"What it is for."`
	Events            []string   `json:"events" nullable:"false" doc:"The types it is told of."`
	State             string     `json:"state" enum:"active,paused,disabled" doc:"disabled: Rapport switched it off, because nothing arrived for five days or it answered 410."`
	Reason            string     `json:"reason,omitempty" doc:"Why it is disabled."`
	FailingSince      *time.Time `json:"failing_since,omitempty" doc:"Missing while calls arrive."`
	ArrivedAt         *time.Time `json:"arrived_at,omitempty" doc:"When a call last arrived, to the minute."`
	EarlierSecretEnds *time.Time `json:"earlier_secret_ends,omitempty" doc:"Until then calls are signed with the earlier secret too."`
	CreatedAt         time.Time  `json:"created_at"`
}

// SecretWebhook is a webhook with its new secret.
type SecretWebhook struct {
	Webhook
	Secret string `json:"secret" example:"whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD" doc:"For checking signatures. It is shown this once."`
}

// WebhookCall is one event for one webhook.
type WebhookCall struct {
	ID        string     `json:"id" doc:"The webhook-id header: the same on every try."`
	Type      string     `json:"type" example:"post.saved"`
	State     string     `json:"state" enum:"waiting,arrived,failed"`
	Tries     int        `json:"tries"`
	Status    int        `json:"status,omitempty" doc:"Of the last answer. Missing: there was none."`
	NextAt    *time.Time `json:"next_at,omitempty" doc:"When it is tried next, while it waits."`
	CreatedAt time.Time  `json:"created_at"`
	DoneAt    *time.Time `json:"done_at,omitempty"`
}

// ToldCall is a call with what was sent and each try.
type ToldCall struct {
	WebhookCall
	Body string       `json:"body" doc:"As it is sent: JSON."`
	Log  []WebhookTry `json:"log" nullable:"false" doc:"The tries, the oldest first."`
}

// WebhookTry is one sending of a call.
type WebhookTry struct {
	At     time.Time `json:"at"`
	TookMS int64     `json:"took_ms"`
	Status int       `json:"status,omitempty" doc:"Missing: there was no answer."`
	Answer string    `json:"answer,omitempty" doc:"The beginning of the answer, at most a kilobyte."`
	Error  string    `json:"error,omitempty" doc:"Why it did not arrive."`
}

// WebhookType is a kind of event.
type WebhookType struct {
	Name  string   `json:"name" example:"post.saved"`
	Group string   `json:"group"`
	About string   `json:"about" doc:"When it is sent."`
	Data  []string `json:"data,omitempty" nullable:"false" doc:"What data holds beside id and brand."`
}

func webhookView(e webhook.Endpoint) Webhook {
	out := Webhook{ID: e.ID, URL: e.URL, About: e.About, Events: e.Events, State: string(e.State), Reason: e.Reason, FailingSince: moment(e.FailingAt),
		ArrivedAt: moment(e.ArrivedAt), EarlierSecretEnds: moment(e.OldUntil), CreatedAt: e.CreatedAt.Time()}
	if out.Events == nil {
		out.Events = []string{}
	}
	return out
}

func callView(c webhook.Call) WebhookCall {
	out := WebhookCall{ID: c.ID, Type: c.Type, State: string(c.State), Tries: c.Tries, Status: c.Status, CreatedAt: c.CreatedAt.Time(), DoneAt: moment(c.DoneAt)}
	if c.State == webhook.Waiting {
		out.NextAt = moment(c.NextAt)
	}
	return out
}

func tryView(t webhook.Try) WebhookTry {
	return WebhookTry{At: t.At.Time(), TookMS: t.Took.Milliseconds(), Status: t.Status, Answer: t.Answer, Error: t.Error}
}

// webhookBody is what a caller says of a webhook.
type webhookBody struct {
	URL    string   `json:"url" maxLength:"2000" doc:"https:// only, unless the operator has allowed the address."`
	About  string   `json:"about,omitempty" maxLength:"200"`
	Events []string `json:"events" nullable:"false" maxItems:"200" doc:"Names of types."`
}

type newWebhook struct{ Body webhookBody }

type webhookChange struct {
	Addressed
	Body struct {
		URL    *string   `json:"url,omitempty" maxLength:"2000"`
		About  *string   `json:"about,omitempty" maxLength:"200"`
		Events *[]string `json:"events,omitempty" maxItems:"200"`
		State  *string   `json:"state,omitempty" enum:"active,paused" doc:"paused stops sending; what happens meanwhile is not sent later."`
	}
}

type callsQuery struct {
	Addressed
	Paging
	State string `query:"state" enum:"waiting,arrived,failed" doc:"Only these."`
}

type callAddress struct {
	Addressed
	Call string `path:"call" maxLength:"64" doc:"Of the call."`
}

func (a *handler) webhookOperations() {
	const tag, scope = "Webhooks", access.WebhookWrite
	add(a, op{id: "webhook-types", method: http.MethodGet, path: "/webhook-types", tag: tag, title: "List the types of events", about: "What a webhook can be told of.", scope: scope}, a.webhookTypes)
	add(a, op{id: "list-webhooks", method: http.MethodGet, path: "/webhooks", tag: tag, title: "List webhooks", about: "The oldest first.", scope: scope}, a.listWebhooks)
	add(a, op{id: "create-webhook", example: `{"url":"https://example.org/hooks","about":"Newsletter","events":["delivery.published","hold.changed"]}`,
		method: http.MethodPost, path: "/webhooks", tag: tag, title: "Add a webhook", about: "The answer holds the secret, this once.", scope: scope, status: http.StatusCreated}, a.createWebhook)
	add(a, op{id: "webhook", method: http.MethodGet, path: "/webhooks/{id}", tag: tag, title: "Read a webhook", scope: scope}, a.webhook)
	add(a, op{id: "change-webhook", example: `{"state":"paused"}`, method: http.MethodPatch, path: "/webhooks/{id}", tag: tag, title: "Change, pause or resume a webhook",
		about: "What is missing stays as it is.", scope: scope}, a.changeWebhook)
	add(a, op{id: "remove-webhook", method: http.MethodDelete, path: "/webhooks/{id}", tag: tag, title: "Remove a webhook", about: "With its log, for good.", scope: scope, status: http.StatusNoContent}, a.removeWebhook)
	add(a, op{id: "rotate-webhook", method: http.MethodPost, path: "/webhooks/{id}/rotate", tag: tag, title: "Make a new secret",
		about: "For 24 hours calls are signed with both secrets.", scope: scope}, a.rotateWebhook)
	add(a, op{id: "test-webhook", method: http.MethodPost, path: "/webhooks/{id}/test", tag: tag, title: "Send a test event",
		about: "Now and once; the answer says what came of it. It may take 15 seconds.", scope: scope}, a.testWebhook)
	add(a, op{id: "list-webhook-calls", method: http.MethodGet, path: "/webhooks/{id}/calls", tag: tag, title: "List calls",
		about: "Each event that was sent, or is about to be, newest first. They are kept for 30 days.", scope: scope}, a.listCalls)
	add(a, op{id: "webhook-call", method: http.MethodGet, path: "/webhooks/{id}/calls/{call}", tag: tag, title: "Read a call with its tries", scope: scope}, a.call)
	add(a, op{id: "resend-webhook-call", method: http.MethodPost, path: "/webhooks/{id}/calls/{call}/resend", tag: tag, title: "Send a call again",
		about: "At once, with the same id.", scope: scope}, a.resendCall)
}

func (a *handler) webhookTypes(_ context.Context, _ caller, _ *struct{}) (*body[items[WebhookType]], error) {
	out := items[WebhookType]{Items: make([]WebhookType, len(webhook.Types))}
	for i, t := range webhook.Types {
		out.Items[i] = WebhookType{Name: t.Name, Group: t.Group, About: t.About, Data: t.Data}
	}
	return &body[items[WebhookType]]{out}, nil
}

func (a *handler) listWebhooks(ctx context.Context, c caller, _ *struct{}) (*body[items[Webhook]], error) {
	all, err := webhook.List(ctx, a.DB, c.who, c.token.Brand)
	if err != nil {
		return nil, err
	}
	return itemsOf("webhooks", c.token.Brand, all, "", webhookView), nil
}

func (a *handler) createWebhook(ctx context.Context, c caller, in *newWebhook) (*body[SecretWebhook], error) {
	e, plain, err := a.Hooks.Webhooks.Create(ctx, c.who, c.token.Brand, webhook.Input{URL: in.Body.URL, About: in.Body.About, Events: in.Body.Events})
	return withSecret(e, plain, err)
}

func withSecret(e webhook.Endpoint, plain secret.Text, err error) (*body[SecretWebhook], error) {
	return answerOf(SecretWebhook{webhookView(e), plain.Reveal()}, err)
}

func (a *handler) webhook(ctx context.Context, c caller, in *Addressed) (*body[Webhook], error) {
	e, err := webhook.ByID(ctx, a.DB, c.who, c.token.Brand, in.ID)
	return answerOf(webhookView(e), err)
}

func (a *handler) changeWebhook(ctx context.Context, c caller, in *webhookChange) (*body[Webhook], error) {
	e, err := webhook.ByID(ctx, a.DB, c.who, c.token.Brand, in.ID)
	if err != nil {
		return nil, err
	}
	to := webhook.Input{URL: e.URL, About: e.About, Events: e.Events}
	if in.Body.URL != nil {
		to.URL = *in.Body.URL
	}
	if in.Body.About != nil {
		to.About = *in.Body.About
	}
	if in.Body.Events != nil {
		to.Events = *in.Body.Events
	}
	e, err = a.Hooks.Webhooks.Save(ctx, c.who, c.token.Brand, in.ID, to, in.Body.State)
	return answerOf(webhookView(e), err)
}

func (a *handler) removeWebhook(ctx context.Context, c caller, in *Addressed) (*struct{}, error) {
	return nil, a.Hooks.Webhooks.Remove(ctx, c.who, c.token.Brand, in.ID)
}

func (a *handler) rotateWebhook(ctx context.Context, c caller, in *Addressed) (*body[SecretWebhook], error) {
	e, plain, err := a.Hooks.Webhooks.Rotate(ctx, c.who, c.token.Brand, in.ID)
	return withSecret(e, plain, err)
}

func (a *handler) testWebhook(ctx context.Context, c caller, in *Addressed) (*body[WebhookTry], error) {
	_, try, err := a.Hooks.Test(ctx, c.who, c.token.Brand, in.ID)
	return answerOf(tryView(try), err)
}

func (a *handler) listCalls(ctx context.Context, c caller, in *callsQuery) (*body[items[WebhookCall]], error) {
	page, err := in.page("calls "+in.ID, c.token.Brand)
	if err != nil {
		return nil, err
	}
	all, next, err := webhook.Calls(ctx, a.DB, c.who, c.token.Brand, in.ID, webhook.Filter{State: webhook.CallState(in.State)}, page)
	if err != nil {
		return nil, err
	}
	return itemsOf("calls "+in.ID, c.token.Brand, all, next, callView), nil
}

func (a *handler) call(ctx context.Context, c caller, in *callAddress) (*body[ToldCall], error) {
	one, tries, err := webhook.CallByID(ctx, a.DB, c.who, c.token.Brand, in.ID, in.Call)
	out := ToldCall{WebhookCall: callView(one), Body: one.Body, Log: make([]WebhookTry, len(tries))}
	for i, t := range tries {
		out.Log[i] = tryView(t)
	}
	return answerOf(out, err)
}

func (a *handler) resendCall(ctx context.Context, c caller, in *callAddress) (*body[WebhookCall], error) {
	one, err := a.Hooks.Webhooks.Again(ctx, c.who, c.token.Brand, in.ID, in.Call)
	return answerOf(callView(one), err)
}
