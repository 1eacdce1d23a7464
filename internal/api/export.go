package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"rapport/internal/access"
	"rapport/internal/archive"
)

// Archive is one of everything of the brand.
type Archive struct {
	ID         string     `json:"id"`
	State      string     `json:"state" enum:"waiting,running,done,failed,gone" doc:"gone: its file was kept for seven days."`
	Account    string     `json:"account" doc:"Who asked for it."`
	Done       int64      `json:"done" doc:"Things written so far."`
	Total      int64      `json:"total,omitempty" doc:"Things there are to write."`
	Bytes      int64      `json:"bytes,omitempty" doc:"Size of the file."`
	Error      string     `json:"error,omitempty" doc:"Why it failed."`
	CreatedAt  time.Time  `json:"created_at"`
	FinishedAt *time.Time `json:"finished_at,omitempty"`
	Until      *time.Time `json:"until,omitempty" doc:"When the file goes."`
}

func exportView(e archive.Export) Archive {
	return Archive{ID: e.ID, State: e.State, Account: e.Account, Done: e.Done, Total: e.Most, Bytes: e.Bytes, Error: e.Error, CreatedAt: e.CreatedAt.Time(),
		FinishedAt: moment(e.FinishedAt), Until: moment(e.Until())}
}

type exportPath struct {
	ID string `path:"id" maxLength:"64"`
}

func (a *handler) exportOperations() {
	add(a, op{id: "list-exports", method: http.MethodGet, path: "/exports", tag: "Brand", title: "List the archives",
		about: "The last 20 that were asked for, newest first.", scope: access.DataExport}, a.listExports)
	add(a, op{id: "create-export", method: http.MethodPost, path: "/exports", tag: "Brand", title: "Have an archive made",
		about: "Of everything of the brand, in the open format of docs/export.md. It takes a while: ask again until its state is done. One at a time.", scope: access.DataExport, status: http.StatusAccepted}, a.createExport)
	add(a, op{id: "get-export", method: http.MethodGet, path: "/exports/{id}", tag: "Brand", title: "See how far an archive is", scope: access.DataExport}, a.getExport)
	add(a, op{id: "download-export", method: http.MethodGet, path: "/exports/{id}/file", tag: "Brand", title: "Download an archive",
		about: "A zip file. That it was taken along is written down.", scope: access.DataExport, shape: asZip}, a.downloadExport)
}

func (a *handler) listExports(ctx context.Context, c caller, _ *struct{}) (*body[items[Archive]], error) {
	all, err := a.Archives.Exports(ctx, c.who, c.token.Brand)
	if err != nil {
		return nil, err
	}
	return itemsOf("exports", c.token.Brand, all, "", exportView), nil
}

func (a *handler) createExport(ctx context.Context, c caller, _ *struct{}) (*body[Archive], error) {
	e, err := a.Archives.Begin(ctx, c.who, c.token.Brand)
	return answerOf(exportView(e), err)
}

func (a *handler) getExport(ctx context.Context, c caller, in *exportPath) (*body[Archive], error) {
	e, err := a.Archives.ExportByID(ctx, c.who, c.token.Brand, in.ID)
	return answerOf(exportView(e), err)
}

func (a *handler) downloadExport(ctx context.Context, c caller, in *exportPath) (*stream, error) {
	f, _, err := a.Archives.Open(ctx, c.who, c.token.Brand, in.ID)
	if err != nil {
		return nil, err
	}
	return &stream{Body: func(h huma.Context) {
		h.SetHeader("Content-Type", "application/zip")
		h.SetStatus(http.StatusOK)
		copyTo(h, f)
	}}, nil
}

// asZip says in the document that an answer is a zip file.
func asZip(o *huma.Operation) {
	o.Responses["200"].Content = map[string]*huma.MediaType{"application/zip": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}
}
