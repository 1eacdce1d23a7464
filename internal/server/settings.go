package server

import (
	"log/slog"
	"net/netip"
	"net/url"

	"rapport/internal/account"
	"rapport/internal/config"
	"rapport/internal/outbound"
	"rapport/internal/secret"
)

// settings are what a server runs with.
type settings struct {
	place
	command  string // serve or demo
	addr     string
	public   *url.URL // where people reach it
	declared bool     // the operator said so; else it is only where it listens
	trusted  []netip.Prefix
	allow    []outbound.Rule
	smtp     secret.Text // "" keeps mail
	from     string
	metrics  secret.Text
	level    slog.Level
	rates    account.Rates // of API tokens; zero is the standard
}

// read takes over what the operator set. declared says whether the public
// address was among it: the configuration itself fills in a guess.
func read(c config.Config, declared bool) (settings, error) {
	if err := c.Validate(); err != nil {
		return settings{}, err
	}
	return settings{
		place:   place{Data: c.Data, DatabaseURL: c.DatabaseURL, KeyFile: c.KeyFile},
		command: "serve", addr: c.Addr, public: c.Public, declared: declared, trusted: c.Proxies, allow: c.Allow,
		smtp: c.SMTPURL, from: c.MailFrom, metrics: c.MetricsToken, level: c.Level,
		rates: account.Rates{Usual: c.Rates[0], Most: c.Rates[1]},
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
