package commons

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"

	"rapport/internal/fault"
)

// form is what a person typed, and what is wrong with it: a form that was
// refused is shown again with both.
type form struct {
	values url.Values
	errors map[string]string
	Text   string // what is wrong as a whole; "" where a field says it
	status int
	ctx    context.Context
}

// fill is a form with values to begin with, as name, value, name, value.
func fill(pairs ...string) form {
	f := form{values: url.Values{}}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.values.Add(pairs[i], pairs[i+1])
	}
	return f
}

func readForm(r *http.Request) (form, error) {
	if err := r.ParseForm(); err != nil {
		return form{}, fault.As(fault.Invalid, err, "The form did not arrive whole. Send it again.")
	}
	for name, values := range r.PostForm {
		for _, v := range append([]string{name}, values...) {
			if !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
				return form{}, fault.New(fault.Invalid, "The form holds characters that are no text. Type it again.")
			}
		}
	}
	return form{values: r.PostForm, ctx: r.Context()}, nil
}

// Value is what stands in a field, without spaces around it.
func (f form) Value(name string) string { return strings.TrimSpace(f.values.Get(name)) }

// Raw is what stands in a field to the letter.
func (f form) Raw(name string) string { return f.values.Get(name) }

func (f form) has(name string) bool { return f.values.Has(name) }

// On reports whether a box is ticked.
func (f form) On(name string) bool { return f.values.Get(name) == "true" }

// Status is that of the page that shows the form.
func (f form) Status() int { return max(f.status, http.StatusOK) }

// Error is what to do about a field; "" where all is well.
func (f form) Error(name string) string { return f.errors[name] }

// refused keeps a fault that the person can mend, to show the form again.
func (f *form) refused(err error) bool {
	kind := fault.KindOf(err)
	if kind == fault.Internal || kind == fault.NotFound {
		return false
	}
	f.status, f.errors, f.Text = statusOf(kind), map[string]string{}, ""
	for _, field := range fault.FieldsIn(f.ctx, err) {
		if f.errors[field.Name] == "" {
			f.errors[field.Name] = field.Text
		}
	}
	if len(f.errors) == 0 {
		f.Text = fault.Say(f.ctx, err)
	}
	return true
}

// newOnce names a form, so that what is sent twice is written once.
func newOnce() string { return strings.ToLower(rand.Text()) }

// plainOf is the text of a reply's HTML.
func plainOf(markup string) string {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(markup))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return strings.TrimSpace(b.String())
		case html.TextToken:
			b.Write(z.Text())
			b.WriteByte(' ')
		}
	}
}
