package server

import (
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"rapport/internal/fault"
	"rapport/internal/outbound"
	"rapport/internal/secret"
)

// settings are what a server runs with.
type settings struct {
	place
	command   string // serve or demo
	addr      string
	publicURL *url.URL // nil where none was given
	trusted   []netip.Prefix
	allow     []outbound.Rule
	metrics   secret.Text
	level     slog.Level
}

// serveFlags are the settings as an operator writes them.
type serveFlags struct {
	place
	Addr          string   `default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Address to listen on."`
	PublicURL     string   `placeholder:"URL" help:"Address people type, such as https://rapport.example."`
	TrustedProxy  []string `placeholder:"CIDR" help:"Proxies whose X-Forwarded headers are believed."`
	OutboundAllow []string `placeholder:"CIDR" help:"Inner addresses that Rapport may call, such as 10.0.0.0/8 or 127.0.0.1/32:8081."`
	MetricsToken  string   `placeholder:"TOKEN" help:"Bearer token for /metrics; without it only this machine may read them."`
	LogLevel      string   `default:"info" enum:"debug,info,warn,error" help:"How much to log: ${enum}."`
}

// read checks everything and reports all that is wrong at once.
func (f serveFlags) read() (settings, error) {
	s := settings{place: f.place, command: "serve", addr: f.Addr, metrics: secret.Text(f.MetricsToken)}
	var wrong []fault.Field
	bad := func(flag, text string) {
		wrong = append(wrong, fault.Field{Name: flag, Text: "--" + flag + ": " + text})
	}
	if _, _, err := net.SplitHostPort(f.Addr); err != nil {
		bad("addr", "write it as host:port, such as 127.0.0.1:8080.")
	}
	if f.PublicURL != "" {
		u, err := url.Parse(strings.TrimSuffix(f.PublicURL, "/"))
		if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil {
			bad("public-url", "write scheme and host only, such as https://rapport.example.")
		}
		s.publicURL = u
	}
	for _, text := range f.TrustedProxy {
		p, err := prefix(text)
		if err != nil {
			bad("trusted-proxy", "“"+text+"” is neither an address nor a range such as 10.0.0.0/8.")
		}
		s.trusted = append(s.trusted, p)
	}
	for _, text := range f.OutboundAllow {
		r, err := outbound.ParseRule(text)
		if err != nil {
			bad("outbound-allow", "“"+text+"” is neither an address nor a range such as 10.0.0.0/8.")
		}
		s.allow = append(s.allow, r)
	}
	if f.DatabaseURL != "" && !strings.HasPrefix(f.DatabaseURL, "postgres://") && !strings.HasPrefix(f.DatabaseURL, "postgresql://") {
		bad("database-url", "write it as postgres://user:password@host:5432/name.")
	}
	if err := s.level.UnmarshalText([]byte(f.LogLevel)); err != nil {
		bad("log-level", "choose debug, info, warn or error.")
	}
	if err := fault.OnFields(wrong); err != nil {
		return settings{}, err
	}
	var err error
	s.place, err = s.place.absolute()
	return s, err
}

func prefix(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	return p.Masked(), err
}

// origin is the public address as text, "" where none was given.
func (s settings) origin() string {
	if s.publicURL == nil {
		return ""
	}
	return s.publicURL.String()
}
