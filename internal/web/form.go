package web

import (
	"errors"
	"net/http"
	"strings"

	"rapport/internal/fault"
	"rapport/internal/web/entry"
)

type form = entry.Form

// What forms with pictures may send, and how much of it is held in memory.
const (
	composeMost = 96 << 20 // four pictures and the text
	composeHeld = 8 << 20  // bytes
)

var (
	blank    = entry.Blank
	fill     = entry.Fill
	keepable = entry.Keepable
)

// read takes the form of a request.
func read(r *http.Request) (form, error) { return entry.Read(r, composed) }

// composed reports whether a field is a text of the composer, which says
// itself what is wrong with a text and shows it again.
func composed(name string) bool {
	return strings.HasPrefix(name, "text.") || strings.HasPrefix(name, "alt.") || strings.HasPrefix(name, "was.")
}

// rename gives a faulty field the name it has on this form.
func rename(err error, from, to string) error {
	var e *fault.Error
	if !errors.As(err, &e) {
		return err
	}
	c := *e
	c.Fields = nil
	for _, f := range e.Fields {
		if f.Name == from {
			f.Name = to
		}
		c.Fields = append(c.Fields, f)
	}
	return &c
}
