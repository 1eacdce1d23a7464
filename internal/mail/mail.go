// Package mail sends messages to people over SMTP. It sends and nothing else:
// an installation without a mail server has no Sender, and the caller keeps
// the message to show it.
package mail

import (
	"context"
	netmail "net/mail"
	"strings"

	"rapport/internal/fault"
)

// Message is one mail to one person.
type Message struct {
	From    string // whose name stands before the sender's address; "" for the house's
	To      string // "Ada <ada@example.org>" or the address alone
	Subject string
	Text    string            // always needed: not everyone reads HTML
	HTML    string            // optional
	ID      string            // "left" or "left@right": the same for a message that is sent again; "" makes one
	Headers map[string]string // such as List-Unsubscribe; not those of the fields above
}

// Sender sends. A fault.Invalid says that this message can never be sent, a
// fault.Unavailable that it may be tried again. After an error that is no
// fault the message may have been sent.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// ours are the headers that a Message's fields or the sender set.
var ours = map[string]bool{
	"from": true, "to": true, "cc": true, "bcc": true, "sender": true, "subject": true, "date": true, "message-id": true,
	"mime-version": true, "content-type": true, "content-transfer-encoding": true, "return-path": true, "received": true,
	"auto-submitted": true, "user-agent": true, "x-mailer": true,
}

// Check returns a fault.Invalid unless m can be sent as it stands. It is what
// makes smuggling in a header or a recipient impossible.
func (m Message) Check() error {
	to, err := netmail.ParseAddress(m.To)
	switch {
	case err != nil || broken(m.To):
		return fault.OnField("to", "%q is not a mail address.", m.To)
	case broken(to.Address) || broken(to.Name):
		return fault.OnField("to", "The mail address holds a line break.")
	case broken(m.From):
		return fault.OnField("from", "The sender's name is one line of text.")
	case m.Subject == "" || broken(m.Subject):
		return fault.OnField("subject", "The subject is one line of text.")
	case m.Text == "":
		return fault.OnField("text", "The message has no text.")
	case broken(m.ID) || strings.ContainsAny(m.ID, "<> "):
		return fault.OnField("id", "The message's identity holds a space or a bracket.")
	}
	for name, value := range m.Headers {
		if ours[strings.ToLower(name)] || !isHeaderName(name) || broken(value) {
			return fault.OnField("headers", "%q cannot be set as a header.", name)
		}
	}
	return nil
}

func broken(s string) bool { return strings.ContainsAny(s, "\r\n\x00") }

func isHeaderName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r != '-' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
}
