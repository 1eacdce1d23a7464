package mail

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"rapport/internal/fault"
	"rapport/internal/secret"
)

// Server says how to reach a mail server.
type Server struct {
	// URL is smtp://user:password@host:587, which needs STARTTLS except on
	// loopback, or smtps://…:465, which is encrypted from the first byte.
	URL     secret.Text
	From    string         // the sender of every message; without a name it is House
	RootCAs *x509.CertPool // nil for those of the system
}

// House is whose name stands before the sender's address where nobody else's
// does.
const House = "Rapport"

const timeout = 20 * time.Second

// SMTP is a Sender that opens a connection for each message. It is safe for
// concurrent use.
type SMTP struct {
	host    string
	from    netmail.Address
	options []gomail.Option
}

// NewSMTP checks the server's description; it does not connect.
func NewSMTP(s Server) (*SMTP, error) {
	u, err := url.Parse(s.URL.Reveal())
	if err != nil || (u.Scheme != "smtp" && u.Scheme != "smtps") || u.Hostname() == "" {
		return nil, fault.New(fault.Invalid, "Write the mail server as smtp://user:password@host:587 or smtps://user:password@host:465.")
	}
	from, err := netmail.ParseAddress(s.From)
	if err != nil || broken(s.From) {
		return nil, fault.New(fault.Invalid, "Name the sender of mail, such as Rapport <rapport@example.org>.")
	}
	from.Name = cmp.Or(from.Name, House)
	out := &SMTP{host: u.Hostname(), from: *from}
	out.options = []gomail.Option{
		gomail.WithTimeout(timeout),
		gomail.WithTLSConfig(&tls.Config{ServerName: u.Hostname(), RootCAs: s.RootCAs, MinVersion: tls.VersionTLS12}),
		gomail.WithTLSPortPolicy(policy(u.Hostname())),
	}
	if u.Scheme == "smtps" {
		out.options = append(out.options, gomail.WithSSLPort(false))
	}
	if port, err := strconv.Atoi(u.Port()); err == nil {
		out.options = append(out.options, gomail.WithPort(port))
	}
	if password, ok := u.User.Password(); ok {
		out.options = append(out.options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover),
			gomail.WithUsername(u.User.Username()), gomail.WithPassword(password))
	}
	if _, err := gomail.NewClient(out.host, out.options...); err != nil {
		return nil, fault.As(fault.Invalid, err, "The mail server's address cannot be used. Check --smtp-url.")
	}
	return out, nil
}

// policy allows plain text on this machine only.
func policy(host string) gomail.TLSPolicy {
	ip, err := netip.ParseAddr(host)
	if host == "localhost" || err == nil && ip.IsLoopback() {
		return gomail.TLSOpportunistic
	}
	return gomail.TLSMandatory
}

// Send hands m to the server.
func (s *SMTP) Send(ctx context.Context, m Message) error {
	if err := m.Check(); err != nil {
		return err
	}
	built, err := s.build(m)
	if err != nil {
		return err
	}
	client, err := gomail.NewClient(s.host, s.options...)
	if err != nil {
		return fmt.Errorf("mail: client: %w", err)
	}
	if err := client.DialWithContext(ctx); err != nil {
		return s.explain(err)
	}
	err = client.Send(built)
	// The message is accepted or not by now; a clumsy goodbye changes nothing.
	_ = client.Close()
	if err != nil {
		return s.explain(err)
	}
	return nil
}

func (s *SMTP) build(m Message) (*gomail.Msg, error) {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	from := netmail.Address{Name: cmp.Or(m.From, s.from.Name), Address: s.from.Address}
	if err := errors.Join(msg.From(from.String()), msg.To(m.To)); err != nil {
		return nil, fault.As(fault.Invalid, err, "%q is not a mail address.", m.To)
	}
	msg.Subject(m.Subject)
	msg.SetDate()
	msg.SetMessageIDWithValue(s.identity(m.ID))
	// Nobody writes by hand here: programs that answer letters need not (RFC 3834).
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	for name, value := range m.Headers {
		msg.SetGenHeader(gomail.Header(name), value)
	}
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	return msg, nil
}

// identity is a Message-ID of the sender's own domain, and not of this machine,
// whose name is nobody's business.
func (s *SMTP) identity(id string) string {
	if strings.Contains(id, "@") {
		return id
	}
	_, domain, _ := strings.Cut(s.from.Address, "@")
	return cmp.Or(id, strings.ToLower(rand.Text())) + "@" + domain
}

// explain tells apart what may be tried again. go-mail's errors hold no
// password.
func (s *SMTP) explain(err error) error {
	var sent *gomail.SendError
	var connection net.Error
	switch {
	case errors.As(err, &sent) && sent.ErrorCode() >= 500:
		return fault.As(fault.Invalid, err, "The mail server refused the message. Check the address.")
	case errors.As(err, &sent) && sent.ErrorCode() >= 400:
		return fault.As(fault.Unavailable, err, "The mail server asks to try again later.")
	case errors.As(err, &sent):
		return fmt.Errorf("mail: send: %w", err)
	case errors.As(err, &connection):
		return fault.As(fault.Unavailable, err, "The mail server %s cannot be reached.", s.host)
	}
	return fault.As(fault.Unavailable, err, "The mail server %s does not let us in. Check its address, password and encryption.", s.host)
}

// Check finds out whether the server lets us in. Nothing is sent. Its error is
// a fault.
func (s *SMTP) Check(ctx context.Context) error {
	client, err := gomail.NewClient(s.host, s.options...)
	if err != nil {
		return fmt.Errorf("mail: client: %w", err)
	}
	if err := client.DialWithContext(ctx); err != nil {
		return s.explain(err)
	}
	_ = client.Close() // it let us in, which is all there was to know
	return nil
}
