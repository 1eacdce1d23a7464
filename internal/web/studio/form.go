package studio

import (
	"errors"
	"net/http"
	"strings"

	"rapport/internal/fault"
	"rapport/internal/web/entry"
)

// What forms with pictures may send, and how much of it is held in memory.
const (
	PicturesMost = 96 << 20 // four pictures and the text
	PicturesHeld = 8 << 20  // bytes
)

// Read takes the form of a request.
func Read(r *http.Request) (entry.Form, error) { return entry.Read(r, composed) }

// composed reports whether a field is a text of the composer, which says
// itself what is wrong with a text and shows it again.
func composed(name string) bool {
	return strings.HasPrefix(name, "text.") || strings.HasPrefix(name, "alt.") || strings.HasPrefix(name, "was.")
}

// Rename gives a faulty field the name it has on this form.
func Rename(err error, from, to string) error {
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
