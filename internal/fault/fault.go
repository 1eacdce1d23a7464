// Package fault holds the errors a person may read. A fault has a kind, which
// a surface turns into a status, and a text, which says what to do. Every
// other error is internal: it is logged with an id and its words are never
// shown.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what went wrong in the terms a caller acts on.
type Kind uint8

// The kinds. Internal is the kind of every error that is not a fault.
const (
	Internal    Kind = iota
	Invalid          // the request is wrong as it stands; changing it helps
	Denied           // the caller may not do this
	NotFound         // there is no such thing, or not for this caller
	Conflict         // the thing has changed or is in the wrong state
	Unavailable      // it may work later; nothing was done
	Limited          // too many; RetryAfter says when to come back
)

var kindNames = [...]string{"internal", "invalid", "denied", "not_found", "conflict", "unavailable", "limited"}

// String is the machine-readable name of the kind, as the API prints it.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return kindNames[Internal]
}

// Field is one thing wrong with one input.
type Field struct {
	Name string `json:"name"` // the input's name, as the form or the API calls it
	Text string `json:"text"` // what to do about it
}

// Error is a fault.
type Error struct {
	Kind       Kind
	Text       string        // for the person; a whole sentence
	Fields     []Field       // for Invalid: what is wrong where
	RetryAfter time.Duration // for Limited and Unavailable; 0 where unknown
	cause      error
}

// New returns a fault of the kind with a text for the person.
func New(k Kind, format string, args ...any) *Error {
	return &Error{Kind: k, Text: fmt.Sprintf(format, args...)}
}

// As returns a fault that keeps cause for the log and for errors.Is.
func As(k Kind, cause error, format string, args ...any) *Error {
	return &Error{Kind: k, Text: fmt.Sprintf(format, args...), cause: cause}
}

// OnField returns an Invalid fault about one input.
func OnField(name, format string, args ...any) *Error {
	text := fmt.Sprintf(format, args...)
	return &Error{Kind: Invalid, Text: text, Fields: []Field{{name, text}}}
}

// OnFields returns an Invalid fault about several inputs, or nil where there
// is none, so that a validator can end with it.
func OnFields(fields []Field) error {
	if len(fields) == 0 {
		return nil
	}
	return &Error{Kind: Invalid, Text: fields[0].Text, Fields: fields}
}

// After returns a Limited fault with the time to wait.
func After(wait time.Duration, format string, args ...any) *Error {
	return &Error{Kind: Limited, Text: fmt.Sprintf(format, args...), RetryAfter: wait}
}

// Error is the text with its cause: for logs, not for people.
func (e *Error) Error() string {
	if e.cause != nil {
		return e.Text + ": " + e.cause.Error()
	}
	return e.Text
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.cause }

// KindOf returns the kind of err; Internal for what is not a fault.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// Is reports whether err is a fault of the kind.
func Is(err error, k Kind) bool { return err != nil && KindOf(err) == k }

// Text returns what a person may read of err. Internal errors say nothing.
func Text(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Text
	}
	return "Something went wrong on our side."
}

// Fields returns the inputs err complains about.
func Fields(err error) []Field {
	var e *Error
	if errors.As(err, &e) {
		return e.Fields
	}
	return nil
}
