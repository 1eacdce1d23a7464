// Package fault holds the errors a person may read. A fault has a kind, which
// a surface turns into a status, and a text, which says what to do, in English
// and, for a reader, in the reader's language (Say, FieldsIn). Every
// other error is internal: it is logged with an id and its words are never
// shown.
package fault

import (
	"context"
	"errors"
	"time"

	"rapport/internal/i18n"
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
	Text string `json:"text"` // what to do about it, in English
	// Phrase is what Text was made of; nil where Text is a message by itself.
	Phrase *i18n.Phrase `json:"-"`
}

// On returns what is wrong with one input.
func On(name, format string, args ...any) Field {
	p := i18n.P(format, args...)
	return Field{name, p.String(), p}
}

// With returns what is wrong with one input, in words that were made before.
func With(name string, p *i18n.Phrase) Field { return Field{name, p.String(), p} }

// In is the text in the reader's language.
func (f Field) In(ctx context.Context) string { return said(ctx, f.Text, f.Phrase) }

func said(ctx context.Context, text string, p *i18n.Phrase) string {
	if p != nil {
		return p.In(ctx)
	}
	return i18n.T(ctx, text)
}

// Error is a fault.
type Error struct {
	Kind       Kind
	Text       string        // for the person; a whole sentence, in English
	Phrase     *i18n.Phrase  // what Text was made of; nil where Text is a message by itself
	Fields     []Field       // for Invalid: what is wrong where
	RetryAfter time.Duration // for Limited and Unavailable; 0 where unknown
	cause      error
}

// New returns a fault of the kind with a text for the person.
func New(k Kind, format string, args ...any) *Error {
	return about(k, i18n.P(format, args...))
}

func about(k Kind, p *i18n.Phrase) *Error { return &Error{Kind: k, Text: p.String(), Phrase: p} }

// As returns a fault that keeps cause for the log and for errors.Is.
func As(k Kind, cause error, format string, args ...any) *Error {
	e := about(k, i18n.P(format, args...))
	e.cause = cause
	return e
}

// OnField returns an Invalid fault about one input.
func OnField(name, format string, args ...any) *Error {
	e := about(Invalid, i18n.P(format, args...))
	e.Fields = []Field{{name, e.Text, e.Phrase}}
	return e
}

// OnFields returns an Invalid fault about several inputs, or nil where there
// is none, so that a validator can end with it.
func OnFields(fields []Field) error {
	if len(fields) == 0 {
		return nil
	}
	return &Error{Kind: Invalid, Text: fields[0].Text, Phrase: fields[0].Phrase, Fields: fields}
}

// After returns a Limited fault with the time to wait.
func After(wait time.Duration, format string, args ...any) *Error {
	e := about(Limited, i18n.P(format, args...))
	e.RetryAfter = wait
	return e
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

const unknown = "Something went wrong on our side."

// Text returns what a person may read of err, in English. Internal errors say
// nothing. It is for logs and for what is kept; a reader is told by Say.
func Text(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Text
	}
	return unknown
}

// Say is Text in the reader's language.
func Say(ctx context.Context, err error) string {
	var e *Error
	if errors.As(err, &e) {
		return said(ctx, e.Text, e.Phrase)
	}
	return i18n.T(ctx, unknown)
}

// FieldsIn are the inputs err complains about, in the reader's language.
func FieldsIn(ctx context.Context, err error) []Field {
	all := Fields(err)
	out := make([]Field, len(all))
	for i, f := range all {
		out[i] = Field{Name: f.Name, Text: f.In(ctx)}
	}
	return out
}

// Fields returns the inputs err complains about, in English.
func Fields(err error) []Field {
	var e *Error
	if errors.As(err, &e) {
		return e.Fields
	}
	return nil
}
