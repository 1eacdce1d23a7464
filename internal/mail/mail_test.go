package mail_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http/httptest"
	netmail "net/mail"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"rapport/internal/fault"
	"rapport/internal/mail"
	"rapport/internal/secret"
)

// inbox is a mail server in this process.
type inbox struct {
	mu       sync.Mutex
	to       []string
	messages []string
}

type session struct {
	*inbox
	conn     *smtp.Conn
	signedIn bool
}

func (b *inbox) NewSession(c *smtp.Conn) (smtp.Session, error) {
	return &session{inbox: b, conn: c}, nil
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "ada" || password != "hunter2" {
			return smtp.ErrAuthFailed
		}
		s.signedIn = true
		return nil
	}), nil
}

func (s *session) Mail(string, *smtp.MailOptions) error { return nil }

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	switch to {
	case "nobody@example.org":
		return &smtp.SMTPError{Code: 550, Message: "no such user"}
	case "later@example.org":
		return &smtp.SMTPError{Code: 451, Message: "try later"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = append(s.messages, string(text))
	return err
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

// start runs a server; with certificates it offers STARTTLS, or speaks TLS at
// once where implicit is set.
func start(t *testing.T, config *tls.Config, implicit bool) (*inbox, string) {
	t.Helper()
	box := &inbox{}
	server := smtp.NewServer(box)
	server.Domain, server.TLSConfig, server.AllowInsecureAuth = "localhost", config, true
	server.ErrorLog = quiet{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if implicit {
		l = tls.NewListener(l, config)
	}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	return box, address
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// certificates borrows the test certificate for 127.0.0.1 of httptest.
func certificates(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return &tls.Config{Certificates: server.TLS.Certificates}, roots
}

func sender(t *testing.T, address string, roots *x509.CertPool) *mail.SMTP {
	t.Helper()
	s, err := mail.NewSMTP(mail.Server{URL: secret.Text(address), From: "Rapport <r@example.org>", RootCAs: roots})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var hello = mail.Message{To: "Ada <ada@example.org>", Subject: "Grüße", Text: "plain words", HTML: "<p>rich words</p>"}

func TestMailArrives(t *testing.T) {
	config, roots := certificates(t)
	for _, c := range []struct {
		name, scheme string
		config       *tls.Config
		implicit     bool
	}{
		{"plain on loopback", "smtp://", nil, false},
		{"signed in", "smtp://ada:hunter2@", config, false},
		{"encrypted at once", "smtps://ada:hunter2@", config, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			box, address := start(t, c.config, c.implicit)
			m := hello
			m.ID = "abc@rapport"
			m.Headers = map[string]string{"List-Unsubscribe": "<https://example.org/u>"}
			if err := sender(t, c.scheme+address, roots).Send(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			box.mu.Lock()
			defer box.mu.Unlock()
			if len(box.to) != 1 || box.to[0] != "ada@example.org" || len(box.messages) != 1 {
				t.Fatalf("to %v, %d messages", box.to, len(box.messages))
			}
			got, err := netmail.ReadMessage(strings.NewReader(box.messages[0]))
			if err != nil {
				t.Fatal(err)
			}
			if got.Header.Get("Subject") != "=?UTF-8?q?Gr=C3=BC=C3=9Fe?=" || got.Header.Get("List-Unsubscribe") != "<https://example.org/u>" ||
				got.Header.Get("Message-Id") != "<abc@rapport>" || !strings.Contains(got.Header.Get("Content-Type"), "multipart/alternative") {
				t.Errorf("headers %v", got.Header)
			}
			if !strings.Contains(box.messages[0], "plain words") || !strings.Contains(box.messages[0], "<p>rich words</p>") {
				t.Errorf("message %s", box.messages[0])
			}
		})
	}
}

// A letter goes out under the name of who speaks, says nothing of the program's
// library and machine, and that it was written by a program.
func TestWhoWritesAndWithWhat(t *testing.T) {
	box, address := start(t, nil, false)
	for i, c := range []struct{ configured, name, id, from, identity string }{
		{"r@example.org", "", "", "\"Rapport\" <r@example.org>", ""},
		{"Letters <r@example.org>", "", "abc", "\"Letters\" <r@example.org>", "<abc@example.org>"},
		{"r@example.org", "North", "abc@left.example", "\"North\" <r@example.org>", "<abc@left.example>"},
		{"Letters <r@example.org>", "Café \"Nord\", <x@evil.example>", "", "=?utf-8?b?Q2Fmw6kgIk5vcmQiLCA8eEBldmlsLmV4YW1wbGU+?= <r@example.org>", ""},
		{"r@example.org", "x@evil.example", "", "\"x@evil.example\" <r@example.org>", ""},
	} {
		s, err := mail.NewSMTP(mail.Server{URL: secret.Text("smtp://" + address), From: c.configured})
		if err != nil {
			t.Fatal(err)
		}
		m := hello
		m.From, m.ID = c.name, c.id
		if err := s.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		got, err := netmail.ReadMessage(strings.NewReader(box.messages[i]))
		if err != nil {
			t.Fatal(err)
		}
		h := got.Header
		from, err := h.AddressList("From")
		if err != nil || len(from) != 1 || from[0].Address != "r@example.org" || c.name != "" && from[0].Name != c.name || !strings.EqualFold(h.Get("From"), c.from) {
			t.Errorf("%q: from %s, %v", c.name, h.Get("From"), err)
		}
		if id := h.Get("Message-Id"); c.identity != "" && id != c.identity || c.identity == "" && !strings.HasSuffix(id, "@example.org>") {
			t.Errorf("%q: identity %s", c.name, id)
		}
		if _, err := h.Date(); err != nil || h.Get("Auto-Submitted") != "auto-generated" || h.Get("User-Agent") != "" || h.Get("X-Mailer") != "" {
			t.Errorf("%q: headers %v, %v", c.name, h, err)
		}
	}
}

func TestWhatCannotBeSent(t *testing.T) {
	config, _ := certificates(t)
	_, plain := start(t, nil, false)
	_, strange := start(t, config, false)
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = gone.Close()
	to := func(address string) mail.Message { m := hello; m.To = address; return m }
	for _, c := range []struct {
		name, address string
		m             mail.Message
		want          fault.Kind
	}{
		{"no such user", "smtp://" + plain, to("nobody@example.org"), fault.Invalid},
		{"try later", "smtp://" + plain, to("later@example.org"), fault.Unavailable},
		{"wrong password", "smtp://ada:wrong@" + plain, hello, fault.Unavailable},
		{"unknown certificate", "smtp://" + strange, hello, fault.Unavailable},
		{"nobody there", "smtp://" + gone.Addr().String(), hello, fault.Unavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := sender(t, c.address, nil).Send(t.Context(), c.m)
			if !fault.Is(err, c.want) || strings.Contains(err.Error(), "wrong@") {
				t.Errorf("got %v, want a %v fault", err, c.want)
			}
		})
	}
}

func TestHeadersCannotBeSmuggledIn(t *testing.T) {
	box, address := start(t, nil, false)
	s := sender(t, "smtp://"+address, nil)
	for name, change := range map[string]func(*mail.Message){
		"recipient":        func(m *mail.Message) { m.To = "a@example.org\r\nBcc: b@example.org" },
		"two recipients":   func(m *mail.Message) { m.To = "a@example.org, b@example.org" },
		"no recipient":     func(m *mail.Message) { m.To = "" },
		"sender's name":    func(m *mail.Message) { m.From = "North\r\nBcc: b@example.org" },
		"their own mailer": func(m *mail.Message) { m.Headers = map[string]string{"X-Mailer": "x"} },
		"subject":          func(m *mail.Message) { m.Subject = "x\r\nBcc: b@example.org" },
		"subject, newline": func(m *mail.Message) { m.Subject = "x\nBcc: b@example.org" },
		"header value":     func(m *mail.Message) { m.Headers = map[string]string{"X-A": "x\r\nBcc: b@example.org"} },
		"header name":      func(m *mail.Message) { m.Headers = map[string]string{"X-A: x\r\nBcc": "b@example.org"} },
		"header of ours":   func(m *mail.Message) { m.Headers = map[string]string{"BCC": "b@example.org"} },
		"no text":          func(m *mail.Message) { m.Text = "" },
	} {
		m := hello
		change(&m)
		if err := s.Send(t.Context(), m); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(box.messages) != 0 {
		t.Errorf("%d messages were sent", len(box.messages))
	}
}

func TestServerIsChecked(t *testing.T) {
	for _, s := range []mail.Server{
		{URL: "mail.example.org:25", From: "r@example.org"},
		{URL: "http://mail.example.org", From: "r@example.org"},
		{URL: "smtp://u:hunter2@mail.example.org", From: "nobody"},
		{URL: "smtp://u:hunter2@mail.example.org", From: "r@example.org\r\nBcc: b@example.org"},
	} {
		if _, err := mail.NewSMTP(s); !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v: %v", s, err)
		}
	}
	var _ mail.Sender = (*mail.SMTP)(nil)
}
