package api

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"rapport/internal/account"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/i18n"
)

// Problem is the one shape of every error, as RFC 9457 has it.
type Problem struct {
	Title    string        `json:"title" doc:"The status in words." example:"Unprocessable Entity"`
	Status   int           `json:"status" doc:"The HTTP status." example:"422"`
	Code     string        `json:"code" doc:"What went wrong, for programs." enum:"bad_request,unauthorized,denied,not_found,method_not_allowed,conflict,precondition_failed,too_large,unsupported,invalid,limited,internal,unavailable" example:"invalid"`
	Detail   string        `json:"detail" doc:"What went wrong and what to do, for a person." example:"Choose a time in the future."`
	Instance string        `json:"instance,omitempty" doc:"The id of this one error in the log. Only internal errors have one."`
	Errors   []fault.Field `json:"errors,omitempty" doc:"What is wrong with which field. Values are never repeated."`

	retryAfter time.Duration
}

// Error is the detail.
func (p *Problem) Error() string { return p.Detail }

// GetStatus is the HTTP status; huma asks for it by this name.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is the media type of errors; huma asks for it by this name.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders tells when to come back; huma asks for it by this name.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.retryAfter > 0 {
		h.Set("Retry-After", retryAfter(p.retryAfter))
	}
	return h
}

// huma makes its own errors through a package variable only.
func init() {
	huma.NewError = fromHuma
	huma.NewErrorWithContext = func(ctx huma.Context, status int, text string, errs ...error) huma.StatusError {
		return asProblem(status, errs...).in(ctx.Context())
	}
}

var codes = map[int]string{
	http.StatusBadRequest:            "bad_request",
	http.StatusUnauthorized:          "unauthorized",
	http.StatusForbidden:             "denied",
	http.StatusNotFound:              "not_found",
	http.StatusMethodNotAllowed:      "method_not_allowed",
	http.StatusConflict:              "conflict",
	http.StatusPreconditionFailed:    "precondition_failed",
	http.StatusRequestEntityTooLarge: "too_large",
	http.StatusUnsupportedMediaType:  "unsupported",
	http.StatusUnprocessableEntity:   "invalid",
	http.StatusTooManyRequests:       "limited",
	http.StatusServiceUnavailable:    "unavailable",
}

func problem(status int, detail string, fields ...fault.Field) *Problem {
	code := codes[status]
	if code == "" {
		code = "internal"
		if status < 500 {
			code = "bad_request"
		}
	}
	for i := range fields {
		fields[i].Name = named(fields[i].Name)
	}
	return &Problem{Title: http.StatusText(status), Status: status, Code: code, Detail: detail, Errors: fields}
}

// in is the problem in the reader's language; its codes stay.
func (p *Problem) in(ctx context.Context) *Problem {
	out := *p
	out.Detail = i18n.Kept(p.Detail).In(ctx)
	out.Errors = fault.FieldsIn(ctx, &fault.Error{Fields: p.Errors})
	return &out
}

// fromHuma turns a failed validation into a problem and drops the values.
func fromHuma(status int, _ string, errs ...error) huma.StatusError {
	return asProblem(status, errs...)
}

func asProblem(status int, errs ...error) *Problem {
	detail := "This cannot be answered as it was asked."
	switch status {
	case http.StatusBadRequest:
		detail = "The body is missing or is not valid JSON. Correct it and send it again."
	case http.StatusUnsupportedMediaType:
		detail = "Send the body as application/json."
	case http.StatusUnprocessableEntity:
		detail = "Some fields need another value. Look at errors."
	}
	var fields []fault.Field
	for _, err := range errs {
		var d huma.ErrorDetailer
		if !errors.As(err, &d) {
			continue
		}
		e := d.ErrorDetail()
		text := e.Message
		if status == http.StatusUnsupportedMediaType {
			text = "This content type is not known."
		}
		fields = append(fields, fault.Field{Name: e.Location, Text: text})
	}
	return problem(status, detail, fields...)
}

// named drops from a field's name where it was: the API's fields are named
// once, wherever they come from.
func named(name string) string {
	for _, where := range []string{"body.", "query.", "path.", "header."} {
		name = strings.TrimPrefix(name, where)
	}
	return name
}

var statuses = map[fault.Kind]int{
	fault.Invalid:     http.StatusUnprocessableEntity,
	fault.Denied:      http.StatusForbidden,
	fault.NotFound:    http.StatusNotFound,
	fault.Conflict:    http.StatusConflict,
	fault.Unavailable: http.StatusServiceUnavailable,
	fault.Limited:     http.StatusTooManyRequests,
}

// problemOf is the only place where an error becomes a status. What is no
// fault is logged under an id, and the caller learns only the id.
func problemOf(log *slog.Logger, r *http.Request, err error) *Problem {
	ctx := r.Context()
	var p *Problem
	if errors.As(err, &p) {
		return p.in(ctx)
	}
	if errors.Is(err, account.ErrSignedOut) {
		return problem(http.StatusUnauthorized, noToken).in(ctx)
	}
	status, known := statuses[fault.KindOf(err)]
	if !known {
		return internal(log, r, err)
	}
	p = problem(status, fault.Say(ctx, err), fault.FieldsIn(ctx, err)...)
	var f *fault.Error
	if errors.As(err, &f) {
		p.retryAfter = f.RetryAfter
	}
	if p.retryAfter == 0 && (status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable) {
		p.retryAfter = 5 * time.Second
	}
	return p
}

func internal(log *slog.Logger, r *http.Request, err error) *Problem {
	id := db.NewID()
	log.ErrorContext(r.Context(), "api", "id", id, "method", r.Method, "path", r.URL.Path, "err", err)
	p := problem(http.StatusInternalServerError, "Something went wrong here. Nothing more is known to you than this id; give it to whoever runs this installation.")
	p.Instance = "urn:uuid:" + id
	return p.in(r.Context())
}

func (p *Problem) write(w http.ResponseWriter) {
	for k, v := range p.GetHeaders() {
		w.Header()[k] = v
	}
	if p.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="rapport"`)
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	// The status is out: a broken connection is all that can go wrong here.
	_ = json.NewEncoder(w).Encode(p)
}
