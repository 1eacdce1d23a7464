package server

import (
	"context"
	"testing"

	"rapport/internal/letter"
	"rapport/internal/mail"
)

type postbox struct{ sent []mail.Message }

func (p *postbox) Send(_ context.Context, m mail.Message) error {
	if err := m.Check(); err != nil {
		return err
	}
	p.sent = append(p.sent, m)
	return nil
}

// A letter passes the mail's own checks, keeps its identity when it is sent
// again, and says how to stop such letters by one click.
func TestLettersCanBeMailed(t *testing.T) {
	var out postbox
	send := byMail(&out)
	l := letter.Letter{ID: "abc", Address: "ada@example.org", Subject: "S", Text: "T", From: "North", Unsubscribe: "https://example.org/unsubscribe?t=x"}
	for range 2 {
		if err := send(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range out.sent {
		if m.ID != "abc" || m.From != "North" || m.Headers["List-Unsubscribe"] != "<https://example.org/unsubscribe?t=x>" || m.Headers["List-Unsubscribe-Post"] != "List-Unsubscribe=One-Click" {
			t.Errorf("%+v", m)
		}
	}
	l.Unsubscribe = ""
	if err := send(t.Context(), l); err != nil || len(out.sent[2].Headers) != 0 {
		t.Errorf("%v %v", err, out.sent[2])
	}
}
