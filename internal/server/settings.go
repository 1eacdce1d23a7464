package server

import (
	"context"
	"log/slog"
	"net/netip"
	"net/url"
	"time"

	"rapport/internal/account"
	"rapport/internal/blob"
	"rapport/internal/config"
	"rapport/internal/fault"
	"rapport/internal/health"
	"rapport/internal/mail"
	"rapport/internal/outbound"
	"rapport/internal/secret"
)

// settings are what a server runs with.
type settings struct {
	place
	command    string // serve or demo
	addr       string
	public     *url.URL // where people reach it
	declared   bool     // the operator said so; else it is only where it listens
	trusted    []netip.Prefix
	allow      []outbound.Rule
	smtp       secret.Text // "" keeps mail
	from       string
	metrics    secret.Text
	bucket     secret.Text // "" keeps media in the data folder
	acme       acmeSettings
	level      slog.Level
	pageMemory int64         // bytes of pages kept for visitors; 0 is the standard, -1 none
	rates      account.Rates // of API tokens; zero is the standard
}

// read takes over what the operator set. declared says whether the public
// address was among it: the configuration itself fills in a guess.
func read(c config.Config, declared bool) (settings, error) {
	if err := c.Validate(); err != nil {
		return settings{}, err
	}
	return settings{
		place:   place{Data: c.Data, DatabaseURL: c.DatabaseURL, KeyFile: c.KeyFile},
		command: "serve", addr: c.Addr, public: c.Public, declared: declared || len(c.ACME) > 0, trusted: c.Proxies, allow: c.Allow,
		smtp: c.SMTPURL, from: c.MailFrom, metrics: c.MetricsToken, level: c.Level, bucket: c.MediaURL,
		pageMemory: c.Pages, rates: account.Rates{Usual: c.Rates[0], Most: c.Rates[1]},
		acme: acmeSettings{hosts: c.ACME, email: c.ACMEEmail, directory: c.ACMEDirectory, ca: c.ACMECA, addr: c.HTTPAddr},
	}, nil
}

// origin is the declared public address as text. An address that was only
// guessed is "": a changed port does not make a copy.
func (s settings) origin() string {
	if !s.declared {
		return ""
	}
	return s.public.String()
}

// listening is known once the port is.
func (s *settings) listening(at string) {
	s.addr = at
	if !s.declared {
		s.public = &url.URL{Scheme: "http", Host: local(at)}
	}
}

// known is the public address that host names are checked against, nil where
// none was declared.
func (s settings) known() *url.URL {
	if !s.declared {
		return nil
	}
	return s.public
}

// looker looks at all parts but the database, which the caller adds.
func (s settings) looker() (*health.Looker, error) {
	l := &health.Looker{Data: s.Data, KeyFile: s.keyFile(), Public: s.known(), From: s.from, Version: version(), Fresh: 15 * time.Second}
	var err error
	if s.smtp != "" {
		if l.Mail, err = mail.NewSMTP(mail.Server{URL: s.smtp, From: s.from}); err != nil {
			return nil, err
		}
	}
	if s.bucket != "" {
		if l.Media, err = blob.OpenS3(s.bucket); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// files is where media are kept.
func (s settings) files(ctx context.Context, log *slog.Logger) (interface {
	blob.Store
	Close() error
}, error) {
	if s.bucket == "" {
		return blob.OpenFolder(s.media())
	}
	b, err := blob.OpenS3(s.bucket)
	if err != nil {
		return nil, err
	}
	// A bucket that is out of reach for a while keeps nobody from working.
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := b.Check(ctx); err != nil {
		log.Warn("the bucket for media does not work", "bucket", b.Name(), "reason", fault.Text(err), "error", err)
	}
	return b, nil
}
