package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"rapport/internal/fault"
)

// form is what a person typed, and what is wrong with it. A form that was
// refused is shown again with both, so that nothing typed is lost.
type form struct {
	values url.Values
	errors map[string]string
	Text   string // what is wrong as a whole; "" where a field says it
	status int
	ctx    context.Context // whose language the faults are told in; nil is English
}

// blank is an empty form for a request's reader.
func blank(r *http.Request) form { return form{ctx: r.Context()} }

// fill is a form with values to begin with, as name, value, name, value.
func fill(pairs ...string) form {
	f := form{values: url.Values{}}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.values.Add(pairs[i], pairs[i+1])
	}
	return f
}

// read takes the form of a request.
func read(r *http.Request) (form, error) {
	if err := r.ParseForm(); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return form{}, fault.As(fault.Invalid, err, "That is too much at once. Send less.")
		}
		return form{}, fault.As(fault.Invalid, err, "The form did not arrive whole. Send it again.")
	}
	for name, values := range r.PostForm {
		if !keepable(name) || !composed(name) && !keepable(values...) {
			return form{}, fault.New(fault.Invalid, "The form holds characters that are no text. Type it again.")
		}
	}
	return form{values: r.PostForm, ctx: r.Context()}, nil
}

// composed reports whether a field is a text of the composer, which says
// itself what is wrong with a text and shows it again.
func composed(name string) bool {
	return strings.HasPrefix(name, "text.") || strings.HasPrefix(name, "alt.") || strings.HasPrefix(name, "was.")
}

// keepable reports whether every database takes it as text.
func keepable(all ...string) bool {
	for _, s := range all {
		if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			return false
		}
	}
	return true
}

// Value is what stands in a field, without spaces around it.
func (f form) Value(name string) string { return strings.TrimSpace(f.values.Get(name)) }

// Raw is what stands in a field to the letter: for passwords.
func (f form) Raw(name string) string { return f.values.Get(name) }

// All lists the values of a field that may have several.
func (f form) All(name string) []string { return f.values[name] }

// On reports whether a box is ticked.
func (f form) On(name string) bool { return f.values.Get(name) == "true" }

// Has reports whether one of a field's values is this one.
func (f form) Has(name, value string) bool {
	for _, v := range f.values[name] {
		if v == value {
			return true
		}
	}
	return false
}

// Status is that of the page that shows the form.
func (f form) Status() int { return max(f.status, http.StatusOK) }

// Error is what to do about a field; "" where all is well.
func (f form) Error(name string) string { return f.errors[name] }

// refused keeps a fault that the person can mend, to show the form again. It
// reports false for every other error, which belongs to the error page.
func (f *form) refused(err error, fields ...string) bool {
	var e *fault.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Kind {
	case fault.Invalid, fault.Conflict, fault.Limited, fault.Unavailable, fault.Denied:
	default:
		return false
	}
	ctx := f.ctx
	if ctx == nil {
		ctx = context.Background()
	}
	f.status, f.errors, f.Text = statusOf(e.Kind), map[string]string{}, ""
	for _, field := range e.Fields {
		if f.errors[field.Name] == "" {
			f.errors[field.Name] = field.In(ctx)
		}
	}
	if len(e.Fields) == 0 || !shown(e.Fields, fields) {
		f.Text = fault.Say(ctx, err)
	}
	return true
}

// shown reports whether one of the faulty fields stands on the form.
func shown(faulty []fault.Field, fields []string) bool {
	if len(fields) == 0 {
		return true
	}
	for _, f := range faulty {
		for _, name := range fields {
			if f.Name == name {
				return true
			}
		}
	}
	return false
}
