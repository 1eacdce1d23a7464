// Package entry is what a person typed into a form, and what is wrong with it. A
// form that was refused is shown again with both, so that nothing typed is lost.
// What a field means is the page's to know.
package entry

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"rapport/internal/fault"
)

// Form is one form.
type Form struct {
	Values  url.Values
	Errors  map[string]string // by field, in the reader's language
	Text    string            // what is wrong as a whole; "" where a field says it
	Refusal int               // status that it was refused with; 0 while it was not
	ctx     context.Context   // whose language the faults are told in; nil is English
}

// OnSite reports whether a form leads on to a page of this very site. Browsers
// read a backslash as a slash, and two slashes as another site.
func OnSite(next string) bool {
	return strings.HasPrefix(next, "/") && !strings.HasPrefix(next, "//") &&
		!strings.ContainsFunc(next, func(r rune) bool { return r == '\\' || unicode.IsControl(r) })
}

// Blank is an empty form for a request's reader.
func Blank(r *http.Request) Form { return Form{ctx: r.Context()} }

// For is the form whose faults are told in the language of ctx.
func (f Form) For(ctx context.Context) Form {
	f.ctx = ctx
	return f
}

// Fill is a form with values to begin with, as name, value, name, value.
func Fill(pairs ...string) Form {
	f := Form{Values: url.Values{}}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Values.Add(pairs[i], pairs[i+1])
	}
	return f
}

// Read takes the form of a request. Fields that free names are texts whose page
// says itself what is wrong with them and shows them again; in all others
// nothing may stand that is no text. free may be nil.
func Read(r *http.Request, free func(name string) bool) (Form, error) {
	if err := r.ParseForm(); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return Form{}, fault.As(fault.Invalid, err, "That is too much at once. Send less.")
		}
		return Form{}, fault.As(fault.Invalid, err, "The form did not arrive whole. Send it again.")
	}
	for name, values := range r.PostForm {
		if !Keepable(name) || (free == nil || !free(name)) && !Keepable(values...) {
			return Form{}, fault.New(fault.Invalid, "The form holds characters that are no text. Type it again.")
		}
	}
	return Form{Values: r.PostForm, ctx: r.Context()}, nil
}

// Keepable reports whether every database takes it as text.
func Keepable(all ...string) bool {
	for _, s := range all {
		if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			return false
		}
	}
	return true
}

// Value is what stands in a field, without spaces around it.
func (f Form) Value(name string) string { return strings.TrimSpace(f.Values.Get(name)) }

// Raw is what stands in a field to the letter: for passwords.
func (f Form) Raw(name string) string { return f.Values.Get(name) }

// All lists the values of a field that may have several.
func (f Form) All(name string) []string { return f.Values[name] }

// On reports whether a box is ticked.
func (f Form) On(name string) bool { return f.Values.Get(name) == "true" }

// Has reports whether one of a field's values is this one.
func (f Form) Has(name, value string) bool {
	for _, v := range f.Values[name] {
		if v == value {
			return true
		}
	}
	return false
}

// Status is that of the page that shows the form.
func (f Form) Status() int { return max(f.Refusal, http.StatusOK) }

// Error is what to do about a field; "" where all is well.
func (f Form) Error(name string) string { return f.Errors[name] }

// Refused keeps a fault that the person can mend, to show the form again. It
// reports false for every other error, which belongs to the error page.
func (f *Form) Refused(err error, fields ...string) bool {
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
	f.Refusal, f.Errors, f.Text = Status(e.Kind), map[string]string{}, ""
	for _, field := range e.Fields {
		if f.Errors[field.Name] == "" {
			f.Errors[field.Name] = field.In(ctx)
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

// Status is the status that a kind of fault is answered with.
func Status(k fault.Kind) int {
	switch k {
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.Denied:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	case fault.Limited:
		return http.StatusTooManyRequests
	}
	return http.StatusInternalServerError
}
