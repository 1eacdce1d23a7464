// Package api is the REST API below /api/v1 with its OpenAPI document and a
// readable page of it. It reads a request, calls one domain function and
// writes what that returns; rules and permissions stay in the domain. It
// shares no handler with the pages and takes API tokens only, never a session.
package api

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/admit"
	"rapport/internal/archive"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/hook"
	"rapport/internal/media"
	"rapport/internal/network"
	"rapport/internal/publish"
)

// Deps is what the API works with. All but Log and Version must be set.
type Deps struct {
	DB       *db.DB
	Networks *network.Set
	Channels *channel.Channels
	Media    *media.Library
	Archives *archive.Archiver
	Hooks    *hook.Sender
	Desk     publish.Desk
	// Front is where a brand's community is found by other machines; "" if nil.
	Front   func(ctx context.Context, brandID string) string
	Admit   *admit.Door
	Log     *slog.Logger
	Version string // of the program
	Rates   account.Rates
	// Address is where a request comes from; r.RemoteAddr if nil.
	Address func(*http.Request) string
}

type handler struct {
	Deps
	log   *slog.Logger
	mux   *http.ServeMux
	api   huma.API
	rules map[string]rule
	limit *meter
}

// New returns the handler of /api, /api/openapi.json and everything below
// /api/v1. It serves whole paths: mount it at /api and /api/ without
// stripping.
func New(d Deps) http.Handler {
	a := &handler{Deps: d, log: d.Log, mux: http.NewServeMux(), rules: map[string]rule{}, limit: newMeter(d.Rates)}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	a.api = humago.New(a.mux, config(d.Version))
	a.identityOperations()
	a.brandOperations()
	a.teamOperations()
	a.networkOperations()
	a.channelOperations()
	a.mediaOperations()
	a.postOperations()
	a.approvalOperations()
	a.deliveryOperations()
	a.conversationOperations()
	a.personOperations()
	a.searchOperations()
	a.holdOperations()
	a.metricOperations()
	a.webhookOperations()
	a.tokenOperations()
	a.auditOperations()
	a.exportOperations()
	a.commentOperations()
	a.taskOperations()
	a.notificationOperations()
	a.linkOperations()
	a.readable()
	return a
}

const about = `Everything the studio does with posts, this API does.

A token belongs to one brand and everything here is of that brand. Make one with ` + "`rapport token create`" + ` or in the studio's settings, and send it with each request: ` + "`Authorization: Bearer rap_…`" + `. Its scopes say what it may do, never more than its maker may.

Times are RFC 3339 in UTC; a field that is missing has no value. Lists come in pages: send the ` + "`next`" + ` of one page as ` + "`after`" + ` of the following one until there is none. Errors are application/problem+json, with a ` + "`code`" + ` for programs and a ` + "`detail`" + ` for people.

A token may make so many requests a minute, 600 unless it was given another number, and a sixth of them at once. Each answer says what is left: ` + "`RateLimit-Policy`" + ` how many there are and in how many seconds they are all back, ` + "`RateLimit`" + ` how many remain. Above that the answer is 429, with ` + "`Retry-After`" + `.

Send an ` + "`Idempotency-Key`" + ` of your own with a write, and it happens once however often you repeat it: for 24 hours the same request with the same key gets the first answer again.`

func config(version string) huma.Config {
	if version == "" {
		version = "dev"
	}
	c := huma.DefaultConfig("Rapport", version)
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "/api/openapi", "", ""
	c.CreateHooks = nil
	c.RejectUnknownQueryParameters = true
	// JSON only: huma would offer CBOR as well.
	c.Formats = map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat}
	c.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	c.Info.Description = about
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token": {Type: "http", Scheme: "bearer", Description: "An API token of one brand."},
	}
	c.Tags = []*huma.Tag{
		{Name: "Posts", Description: "What the brand says, with a variant for each channel."},
		{Name: "Approval", Description: "What must be approved before it goes out, and how each post comes through."},
		{Name: "Deliveries", Description: "A post's journey to one channel: where it stands, what happened, and what to decide."},
		{Name: "Conversations", Description: "What people say to the brand, and what it answers."},
		{Name: "People", Description: "Who they are, as the brand knows them; to hand out and to erase."},
		{Name: "Search", Description: "Everything by its words."},
		{Name: "Media", Description: "Pictures and their descriptions."},
		{Name: "Channels", Description: "The connected accounts."},
		{Name: "Metrics", Description: "What networks told, and what is computed from it."},
		{Name: "Links", Description: "Short addresses that count how often they are followed."},
		{Name: "Together", Description: "Comments, tasks, handovers, and what somebody is told."},
		{Name: "Holds", Description: "The switch that stops everything."},
		{Name: "Webhooks", Description: "Programs that are told what happens, signed by the Standard Webhooks specification."},
		{Name: "Text", Description: "What fits where."},
		{Name: "Tokens", Description: "What programs come with."},
		{Name: "Team", Description: "Who works for the brand, and who is asked to."},
		{Name: "Brand", Description: "Who asks, and what was done."},
	}
	return c
}

// schemaName keeps what does not fit a network apart from what went wrong.
func schemaName(t reflect.Type, hint string) string {
	if t == reflect.TypeFor[network.Problem]() {
		return "TextProblem"
	}
	return huma.DefaultSchemaNamer(t, hint)
}

// op is one operation as the document shows it and as the gate guards it.
type op struct {
	id, method, path string
	tag, title       string
	about            string
	scope            access.Action
	status           int // of success; 0 means 200
	errors           []int
	media            bool
	example          string                // a body, as JSON; {posts} stands for the id of a post, and so on
	query            string                // an example of one; such ids may stand here too
	shape            func(*huma.Operation) // what the types cannot say
}

// add registers an operation. fn gets the caller, calls one domain function
// and returns its answer.
func add[I, O any](a *handler, o op, fn func(context.Context, caller, *I) (*O, error)) {
	write := o.method != http.MethodGet
	h := huma.Operation{
		OperationID: o.id, Method: o.method, Path: "/api/v1" + o.path, Tags: []string{o.tag},
		Summary: o.title, Description: o.about, DefaultStatus: o.status,
		Errors:   errorsOf(o, write),
		Security: []map[string][]string{{"token": scopesOf(o)}},
		// The gate has bounded the body already.
		MaxBodyBytes: -1,
	}
	if write {
		h.Parameters = append(h.Parameters, &huma.Param{Name: retryField, In: "header",
			Description: "Makes a repeated request safe: the first answer comes again, with Idempotent-Replayed: true.",
			Schema:      &huma.Schema{Type: huma.TypeString, MaxLength: new(longestKey)}})
	}
	a.rules[o.method+" /api/v1"+o.path] = rule{scope: o.scope, write: write, media: o.media}
	huma.Register(a.api, h, func(ctx context.Context, in *I) (*O, error) {
		out, err := fn(ctx, callerOf(ctx), in)
		if err != nil {
			r, _ := http.NewRequestWithContext(ctx, o.method, h.Path, nil)
			return nil, problemOf(a.log, r, err)
		}
		return out, nil
	})
	a.describe(o, h.Path)
}

// describe adds to the document what the types cannot say. It comes after the
// registration, because huma reads bodies itself that are described before.
func (a *handler) describe(o op, path string) {
	item := a.api.OpenAPI().Paths[path]
	for _, h := range []*huma.Operation{item.Get, item.Post, item.Patch, item.Delete} {
		if h == nil || h.OperationID != o.id {
			continue
		}
		if o.shape != nil {
			o.shape(h)
		}
		o.illustrate(h)
	}
}

func scopesOf(o op) []string {
	if o.scope == "" {
		return []string{}
	}
	return []string{string(o.scope)}
}

func errorsOf(o op, write bool) []int {
	out := append([]int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound,
		http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusServiceUnavailable}, o.errors...)
	if write {
		out = append(out, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// body is an answer that is only a body.
type body[T any] struct {
	Body T
}

func answerOf[T any](v T, err error) (*body[T], error) {
	if err != nil {
		return nil, err
	}
	return &body[T]{v}, nil
}

// stream is an answer that is not JSON.
type stream struct {
	Body func(huma.Context)
}

func copyTo(ctx huma.Context, r io.ReadCloser) {
	defer r.Close()
	// The status is out: a reader that hung up is all that can go wrong here.
	_, _ = io.Copy(ctx.BodyWriter(), r)
}
