package api

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/db"
	"rapport/internal/fault"
)

// Act is one thing the team did.
type Act struct {
	ID      string            `json:"id"`
	At      time.Time         `json:"at"`
	Account string            `json:"account,omitempty" doc:"Who did it. Missing: Rapport itself."`
	Act     string            `json:"act" doc:"What was done, in the past tense." example:"hold.set"`
	Words   string            `json:"words,omitempty" doc:"The same in words, to follow a name." example:"put everything on hold"`
	Area    string            `json:"area" doc:"The part of the work it belongs to."`
	Subject string            `json:"subject,omitempty" doc:"Id of what it was done to."`
	Detail  map[string]string `json:"detail,omitempty"`
	Address string            `json:"address,omitempty" doc:"Where the request came from."`
}

func actView(l audit.Line) Act {
	return Act{ID: l.ID, At: l.At.Time(), Account: l.Account, Act: l.Act, Words: audit.Acts[l.Act].Words, Area: string(audit.AreaOf(l.Act)),
		Subject: l.Subject, Detail: l.Detail, Address: l.Address}
}

// ActFilter narrows the log.
type ActFilter struct {
	Subject string    `query:"subject" doc:"Only acts on the thing with this id." maxLength:"64"`
	Account string    `query:"account" doc:"Only acts of this account; system: what Rapport did by itself." maxLength:"64"`
	Act     string    `query:"act" doc:"Only this act." maxLength:"64"`
	Area    string    `query:"area" doc:"Only acts of this part of the work." enum:"content,inbox,people,channels,work,team,settings,holds"`
	From    time.Time `query:"from" doc:"Not before."`
	To      time.Time `query:"to" doc:"Before."`
	Query   string    `query:"q" doc:"Part of what is told about the act, in any case." maxLength:"200"`
}

func (f ActFilter) filter() (audit.Filter, error) {
	if f.Area != "" && !slices.Contains(audit.Areas, audit.Area(f.Area)) {
		return audit.Filter{}, fault.OnField("area", "There is no area %q.", f.Area)
	}
	return audit.Filter{Subject: f.Subject, Account: f.Account, Act: f.Act, Area: audit.Area(f.Area), From: db.At(f.From), Until: db.At(f.To), Text: f.Query}, nil
}

type auditQuery struct {
	Paging
	ActFilter
}

func (a *handler) auditOperations() {
	add(a, op{id: "list-audit", method: http.MethodGet, path: "/audit", tag: "Brand", title: "List what was done",
		about: "The acts of the team and the changes of settings, newest first. With several filters a page looks through 20,000 lines at most: it may hold fewer than asked for, or none, and still have a `next`.",
		scope: access.AuditRead}, a.listAudit)
	add(a, op{id: "export-audit", method: http.MethodGet, path: "/audit/export", tag: "Brand", title: "Take the log along",
		about: "Every line that the filter lets through, newest first, one JSON object a line. That it was taken along is written down.",
		scope: access.AuditRead, shape: asLines}, a.exportAudit)
}

func (a *handler) listAudit(ctx context.Context, c caller, in *auditQuery) (*body[items[Act]], error) {
	page, err := in.page("audit", c.token.Brand)
	if err != nil {
		return nil, err
	}
	f, err := in.filter()
	if err != nil {
		return nil, err
	}
	acts, next, err := audit.List(ctx, a.DB, c.who, c.token.Brand, f, page)
	if err != nil {
		return nil, err
	}
	return itemsOf("audit", c.token.Brand, acts, next, actView), nil
}

func (a *handler) exportAudit(ctx context.Context, c caller, in *ActFilter) (*stream, error) {
	f, err := in.filter()
	if err == nil {
		err = c.who.May(a.DB.Now(), c.token.Brand, access.AuditRead)
	}
	if err != nil {
		return nil, err
	}
	return &stream{Body: func(h huma.Context) {
		h.SetHeader("Content-Type", "application/x-ndjson")
		h.SetStatus(http.StatusOK)
		out := bufio.NewWriterSize(h.BodyWriter(), 32<<10)
		err := audit.Each(ctx, a.DB, c.who, c.token.Brand, f, func(l audit.Line) error {
			raw, err := json.Marshal(actView(l))
			if err == nil {
				_, err = out.Write(append(raw, '\n'))
			}
			return err
		})
		if err != nil && ctx.Err() == nil {
			a.log.Error("api: export the log", "err", err)
		}
		_ = out.Flush() // the status is out: a reader that hung up is all that can go wrong
	}}, nil
}

// asLines says in the document that an answer is a line of JSON for each thing.
func asLines(o *huma.Operation) {
	o.Responses["200"].Content = map[string]*huma.MediaType{"application/x-ndjson": {Schema: &huma.Schema{Type: huma.TypeString}}}
}
