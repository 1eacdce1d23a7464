// Package config is what an operator may set: one struct, filled from flags
// and RAPPORT_* variables, checked whole, with every problem told at once. A
// flag wins over its variable.
//
// It opens nothing and changes nothing on disk.
package config

import (
	"cmp"
	"crypto/x509"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"rapport/internal/blob"
	"rapport/internal/fault"
	"rapport/internal/outbound"
	"rapport/internal/secret"
)

// Config is the configuration of one node. Embed it in a kong command, or let
// Read fill it; either way call Validate, which also fills what is derived.
type Config struct {
	Data          string      `name:"data" env:"RAPPORT_DATA" default:"rapport-data" help:"Folder for the database and files." placeholder:"DIR"`
	DatabaseURL   secret.Text `name:"database-url" env:"RAPPORT_DATABASE_URL" help:"PostgreSQL address; without it SQLite in the data folder." placeholder:"URL"`
	Addr          string      `name:"addr" env:"RAPPORT_ADDR" default:"127.0.0.1:8080" help:"Address to listen on."`
	PublicURL     string      `name:"public-url" env:"RAPPORT_PUBLIC_URL" help:"Address that people use; by default http:// and the address listened on." placeholder:"URL"`
	TrustedProxy  []string    `name:"trusted-proxy" env:"RAPPORT_TRUSTED_PROXY" help:"Ranges whose forwarded headers are believed." placeholder:"CIDR"`
	MediaURL      secret.Text `name:"media-url" env:"RAPPORT_MEDIA_URL" help:"Bucket for the media, s3://KEY:SECRET@host/bucket; without it they lie in the data folder." placeholder:"URL"`
	KeyFile       string      `name:"key-file" env:"RAPPORT_KEY_FILE" help:"File with the keys of sealed secrets, outside the data folder; by default the data folder's name with .key." placeholder:"FILE"`
	OutboundAllow []string    `name:"outbound-allow" env:"RAPPORT_OUTBOUND_ALLOW" help:"Inner addresses that may be called, such as 10.0.0.0/8 or 127.0.0.1:8025." placeholder:"CIDR"`
	SMTPURL       secret.Text `name:"smtp-url" env:"RAPPORT_SMTP_URL" help:"Mail server, smtp://user:password@host:587 or smtps://…; without it mail is kept." placeholder:"URL"`
	MailFrom      string      `name:"mail-from" env:"RAPPORT_MAIL_FROM" help:"Sender of mail." placeholder:"ADDRESS"`
	ACME          []string    `name:"acme" env:"RAPPORT_ACME" help:"Host names to fetch certificates for, the public one first; Rapport then answers HTTPS itself." placeholder:"HOST"`
	ACMEEmail     string      `name:"acme-email" env:"RAPPORT_ACME_EMAIL" help:"Whom the certificate authority may write to." placeholder:"ADDRESS"`
	ACMEDirectory string      `name:"acme-directory" env:"RAPPORT_ACME_DIRECTORY" help:"Another certificate authority; by default Let's Encrypt." placeholder:"URL"`
	ACMECA        string      `name:"acme-ca" env:"RAPPORT_ACME_CA" help:"File with the certificate that the authority's own address is signed by, where it is an inner one." placeholder:"FILE"`
	HTTPAddr      string      `name:"http-addr" env:"RAPPORT_HTTP_ADDR" default:":80" help:"With --acme: address that answers challenges and leads to HTTPS."`
	MetricsToken  secret.Text `name:"metrics-token" env:"RAPPORT_METRICS_TOKEN" help:"Token that opens /metrics from elsewhere." placeholder:"TOKEN"`
	APIRate       string      `name:"api-rate" env:"RAPPORT_API_RATE" default:"600/6000" help:"Requests a minute that the API takes from a token: as usual, and at most." placeholder:"USUAL/MOST"`
	PageMemory    string      `name:"page-memory" env:"RAPPORT_PAGE_MEMORY" default:"64" help:"Megabytes of pages kept ready for visitors; 0 makes each anew." placeholder:"MB"`
	LogLevel      string      `name:"log-level" env:"RAPPORT_LOG_LEVEL" default:"info" help:"debug, info, warn or error."`

	// Derived by Validate.
	Public  *url.URL        `kong:"-"` // of PublicURL: scheme and host, no path
	Proxies []netip.Prefix  `kong:"-"` // of TrustedProxy
	Allow   []outbound.Rule `kong:"-"` // of OutboundAllow
	Level   slog.Level      `kong:"-"` // of LogLevel
	Rates   [2]int64        `kong:"-"` // of APIRate: usual and most
	Pages   int64           `kong:"-"` // of PageMemory, in bytes; -1: none
}

// list is a flag that may be given several times, or once with commas.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

func (l *list) Set(value string) error {
	*l = append(*l, splitList(value)...)
	return nil
}

func splitList(value string) []string {
	var out []string
	for part := range strings.SplitSeq(value, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// Read fills a Config from flags such as "--addr=:80" and from the variables
// that getenv knows, and validates it.
func Read(args []string, getenv func(string) string) (Config, error) {
	c := Config{
		Data:          cmp.Or(getenv("RAPPORT_DATA"), "rapport-data"),
		DatabaseURL:   secret.Text(getenv("RAPPORT_DATABASE_URL")),
		Addr:          cmp.Or(getenv("RAPPORT_ADDR"), usualAddr),
		PublicURL:     getenv("RAPPORT_PUBLIC_URL"),
		TrustedProxy:  splitList(getenv("RAPPORT_TRUSTED_PROXY")),
		MediaURL:      secret.Text(getenv("RAPPORT_MEDIA_URL")),
		KeyFile:       getenv("RAPPORT_KEY_FILE"),
		OutboundAllow: splitList(getenv("RAPPORT_OUTBOUND_ALLOW")),
		SMTPURL:       secret.Text(getenv("RAPPORT_SMTP_URL")),
		MailFrom:      getenv("RAPPORT_MAIL_FROM"),
		ACME:          splitList(getenv("RAPPORT_ACME")),
		ACMEEmail:     getenv("RAPPORT_ACME_EMAIL"),
		ACMEDirectory: getenv("RAPPORT_ACME_DIRECTORY"),
		ACMECA:        getenv("RAPPORT_ACME_CA"),
		HTTPAddr:      cmp.Or(getenv("RAPPORT_HTTP_ADDR"), ":80"),
		MetricsToken:  secret.Text(getenv("RAPPORT_METRICS_TOKEN")),
		APIRate:       cmp.Or(getenv("RAPPORT_API_RATE"), "600/6000"),
		PageMemory:    cmp.Or(getenv("RAPPORT_PAGE_MEMORY"), "64"),
		LogLevel:      cmp.Or(getenv("RAPPORT_LOG_LEVEL"), "info"),
	}
	if err := c.parse(args); err != nil {
		return Config{}, fault.As(fault.Invalid, err, "The command line cannot be read: %v.", err)
	}
	return c, c.Validate()
}

func (c *Config) parse(args []string) error {
	flags := flag.NewFlagSet("rapport", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	var proxies, allow, acme list
	flags.StringVar(&c.Data, "data", c.Data, "")
	flags.TextVar(&c.DatabaseURL, "database-url", c.DatabaseURL, "")
	flags.StringVar(&c.Addr, "addr", c.Addr, "")
	flags.StringVar(&c.PublicURL, "public-url", c.PublicURL, "")
	flags.Var(&proxies, "trusted-proxy", "")
	flags.TextVar(&c.MediaURL, "media-url", c.MediaURL, "")
	flags.StringVar(&c.KeyFile, "key-file", c.KeyFile, "")
	flags.Var(&allow, "outbound-allow", "")
	flags.TextVar(&c.SMTPURL, "smtp-url", c.SMTPURL, "")
	flags.StringVar(&c.MailFrom, "mail-from", c.MailFrom, "")
	flags.Var(&acme, "acme", "")
	flags.StringVar(&c.ACMEEmail, "acme-email", c.ACMEEmail, "")
	flags.StringVar(&c.ACMEDirectory, "acme-directory", c.ACMEDirectory, "")
	flags.StringVar(&c.ACMECA, "acme-ca", c.ACMECA, "")
	flags.StringVar(&c.HTTPAddr, "http-addr", c.HTTPAddr, "")
	flags.TextVar(&c.MetricsToken, "metrics-token", c.MetricsToken, "")
	flags.StringVar(&c.APIRate, "api-rate", c.APIRate, "")
	flags.StringVar(&c.PageMemory, "page-memory", c.PageMemory, "")
	flags.StringVar(&c.LogLevel, "log-level", c.LogLevel, "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%q is not a flag", flags.Arg(0))
	}
	if proxies != nil {
		c.TrustedProxy = proxies
	}
	if allow != nil {
		c.OutboundAllow = allow
	}
	if acme != nil {
		c.ACME = acme
	}
	return nil
}

// Validate checks every setting and fills the derived ones. Its error is a
// fault.Invalid with one field for each problem and all of them in its text.
func (c *Config) Validate() error {
	var problems []fault.Field
	for _, check := range []struct {
		name string
		run  func() string
	}{
		{"data", c.checkData}, {"database-url", c.checkDatabase}, {"acme", c.checkACME}, {"acme-email", c.checkACMEEmail},
		{"acme-directory", c.checkDirectory}, {"acme-ca", c.checkCA}, {"addr", c.checkAddr},
		{"public-url", c.checkPublic}, {"trusted-proxy", c.checkProxies}, {"media-url", c.checkMedia}, {"key-file", c.checkKeyFile},
		{"outbound-allow", c.checkAllow}, {"smtp-url", c.checkSMTP}, {"mail-from", c.checkFrom},
		{"metrics-token", c.checkToken}, {"api-rate", c.checkRate}, {"page-memory", c.checkMemory}, {"log-level", c.checkLevel},
	} {
		if text := check.run(); text != "" {
			problems = append(problems, fault.Field{Name: check.name, Text: text})
		}
	}
	if len(problems) == 0 {
		return nil
	}
	var all []string
	for _, p := range problems {
		all = append(all, "--"+p.Name+": "+p.Text)
	}
	return &fault.Error{Kind: fault.Invalid, Text: strings.Join(all, "\n"), Fields: problems}
}

func (c *Config) checkData() string {
	if c.Data == "" {
		return "Name the folder for the database and files."
	}
	full, err := filepath.Abs(c.Data)
	if err != nil {
		return "Name a folder that exists or can be made."
	}
	if info, err := os.Stat(full); err == nil && !info.IsDir() {
		return full + " is a file. Name a folder."
	}
	c.Data = full
	return ""
}

func (c *Config) checkDatabase() string {
	if c.DatabaseURL == "" {
		return ""
	}
	u, err := url.Parse(c.DatabaseURL.Reveal())
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") || strings.Trim(u.Path, "/") == "" {
		return "Write it as postgres://user:password@host:5432/database."
	}
	return ""
}

// usualAddr is where Rapport listens unless it is told otherwise: on this
// machine alone, or to everybody where it has certificates.
const usualAddr = "127.0.0.1:8080"

func (c *Config) checkACME() string {
	if len(c.ACME) == 0 {
		return ""
	}
	for i, name := range c.ACME {
		name = strings.ToLower(strings.TrimSuffix(strings.TrimSpace(name), "."))
		if _, err := netip.ParseAddr(name); err == nil || !strings.Contains(name, ".") || len(name) > 253 || strings.ContainsAny(name, "/:*@ ") {
			return fmt.Sprintf("%q is no host name such as rapport.example.org.", name)
		}
		c.ACME[i] = name
	}
	if c.PublicURL == "" {
		c.PublicURL = "https://" + c.ACME[0]
	}
	if u, err := url.Parse(c.PublicURL); err != nil || u.Scheme != "https" || !slices.Contains(c.ACME, strings.ToLower(u.Hostname())) {
		return "The public address must be https:// and one of these names."
	}
	if c.Addr == usualAddr {
		c.Addr = ":443"
	}
	if _, _, err := net.SplitHostPort(c.HTTPAddr); err != nil {
		return "Write --http-addr as host:port, such as :80."
	}
	return ""
}

func (c *Config) checkACMEEmail() string {
	if c.ACMEEmail == "" {
		return ""
	}
	if a, err := mail.ParseAddress(c.ACMEEmail); err != nil || a.Address != c.ACMEEmail {
		return "Write one mail address, such as admin@example.org."
	}
	return ""
}

func (c *Config) checkDirectory() string {
	if c.ACMEDirectory == "" {
		return ""
	}
	if u, err := url.Parse(c.ACMEDirectory); err != nil || u.Scheme != "https" || u.Host == "" {
		return "Write the authority's directory as https://ca.example.org/directory."
	}
	return ""
}

func (c *Config) checkCA() string {
	if c.ACMECA == "" {
		return ""
	}
	if text, err := os.ReadFile(c.ACMECA); err != nil || !x509.NewCertPool().AppendCertsFromPEM(text) {
		return "Name a file with certificates in PEM."
	}
	return ""
}

func (c *Config) checkAddr() string {
	_, port, err := net.SplitHostPort(c.Addr)
	if err == nil {
		_, err = net.LookupPort("tcp", port)
	}
	if err != nil || port == "" {
		return "Write it as host:port, such as 127.0.0.1:8080 or :8080."
	}
	return ""
}

func (c *Config) checkPublic() string {
	if c.PublicURL == "" {
		c.PublicURL = "http://" + c.localAddr()
	}
	u, err := url.Parse(c.PublicURL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.User != nil {
		return "Write it as https://rapport.example.org."
	}
	if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return "Leave out what follows the host: Rapport needs an address of its own."
	}
	c.Public = &url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host)}
	c.PublicURL = c.Public.String()
	return ""
}

// localAddr is the address listened on as a browser on this machine calls it.
func (c *Config) localAddr() string {
	host, port, err := net.SplitHostPort(c.Addr)
	if err != nil {
		return "localhost"
	}
	if ip, err := netip.ParseAddr(host); host == "" || (err == nil && ip.IsUnspecified()) {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}

func (c *Config) checkProxies() string {
	c.Proxies = nil
	for _, text := range c.TrustedProxy {
		rule, err := outbound.ParseRule(text)
		if err != nil || rule.Port != 0 {
			return fmt.Sprintf("%q is not an address or a range such as 10.0.0.0/8.", text)
		}
		if rule.Prefix.Bits() == 0 {
			return fmt.Sprintf("%s would believe everyone. Name only the addresses of your proxy.", text)
		}
		c.Proxies = append(c.Proxies, rule.Prefix)
	}
	return ""
}

func (c *Config) checkMedia() string {
	if c.MediaURL == "" {
		return ""
	}
	if _, err := blob.ParseS3(c.MediaURL); err != nil {
		return fault.Text(err)
	}
	return ""
}

func (c *Config) checkKeyFile() string {
	if c.Data == "" {
		return ""
	}
	if c.KeyFile == "" {
		c.KeyFile = c.Data + ".key"
	}
	full, err := filepath.Abs(c.KeyFile)
	if err != nil {
		return "Name a file outside the data folder."
	}
	if inside, err := filepath.Rel(c.Data, full); err == nil && filepath.IsLocal(inside) {
		return "Name a file outside the data folder: a copy of that folder must not hold the keys to its secrets."
	}
	c.KeyFile = full
	return ""
}

func (c *Config) checkAllow() string {
	c.Allow = nil
	for _, text := range c.OutboundAllow {
		rule, err := outbound.ParseRule(text)
		if err != nil {
			return fault.Text(err)
		}
		c.Allow = append(c.Allow, rule)
	}
	return ""
}

func (c *Config) checkRate() string {
	usual, most, both := strings.Cut(c.APIRate, "/")
	var err, err2 error
	c.Rates[0], err = strconv.ParseInt(usual, 10, 64)
	c.Rates[1], err2 = c.Rates[0], err
	if both {
		c.Rates[1], err2 = strconv.ParseInt(most, 10, 64)
	}
	if err != nil || err2 != nil || c.Rates[0] < 1 || c.Rates[1] < c.Rates[0] || c.Rates[1] > 60000 {
		return "Write it as usual/most requests a minute, such as 600/6000, at most 60000."
	}
	return ""
}

func (c *Config) checkSMTP() string {
	if c.SMTPURL == "" {
		return ""
	}
	u, err := url.Parse(c.SMTPURL.Reveal())
	if err != nil || !slices.Contains([]string{"smtp", "smtps"}, u.Scheme) || u.Hostname() == "" {
		return "Write it as smtp://user:password@host:587 or smtps://user:password@host:465."
	}
	return ""
}

func (c *Config) checkFrom() string {
	if c.MailFrom == "" && c.SMTPURL == "" {
		return ""
	}
	if _, err := mail.ParseAddress(c.MailFrom); err != nil {
		return "Name the sender of mail, such as Rapport <rapport@example.org>."
	}
	return ""
}

func (c *Config) checkToken() string {
	if n := len(c.MetricsToken); n > 0 && n < 16 {
		return "Use a token of at least 16 characters."
	}
	return ""
}

func (c *Config) checkLevel() string {
	if err := c.Level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		return "Use debug, info, warn or error."
	}
	return ""
}

func (c *Config) checkMemory() string {
	mb, err := strconv.ParseInt(c.PageMemory, 10, 64)
	if err != nil || mb < 0 || mb > 65536 {
		return "Write whole megabytes from 0 to 65536, such as 64."
	}
	if c.Pages = mb << 20; mb == 0 {
		c.Pages = -1
	}
	return ""
}
