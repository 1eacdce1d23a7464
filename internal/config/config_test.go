package config_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"rapport/internal/config"
	"rapport/internal/fault"
)

func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func TestDefaults(t *testing.T) {
	c, err := config.Read(nil, env())
	if err != nil {
		t.Fatal(err)
	}
	if !filepath.IsAbs(c.Data) || c.KeyFile != c.Data+".key" || c.PublicURL != "http://127.0.0.1:8080" || c.Level != slog.LevelInfo || c.Rates != [2]int64{600, 6000} {
		t.Errorf("%+v", c)
	}
}

func TestFlagsWinOverVariables(t *testing.T) {
	c, err := config.Read(
		[]string{"--addr", ":9000", "--trusted-proxy=10.0.0.1", "--trusted-proxy", "fd00::/8", "--public-url", "https://Social.example.org/"},
		env("RAPPORT_ADDR", ":1", "RAPPORT_TRUSTED_PROXY", "192.168.0.0/16", "RAPPORT_OUTBOUND_ALLOW", "127.0.0.1/32, 10.0.0.0/8:80",
			"RAPPORT_LOG_LEVEL", "debug", "RAPPORT_SMTP_URL", "smtp://u:hunter2@mail.example.org", "RAPPORT_MAIL_FROM", "Rapport <r@example.org>"))
	if err != nil {
		t.Fatal(err)
	}
	got := []string{c.Addr, c.Public.Host, c.PublicURL, c.Proxies[0].String(), c.Proxies[1].String(), c.Allow[0].String(), c.Allow[1].String(), c.Level.String()}
	want := []string{":9000", "social.example.org", "https://social.example.org", "10.0.0.1/32", "fd00::/8", "127.0.0.1/32", "10.0.0.0/8:80", "DEBUG"}
	if diff := cmp.Diff(want, got); diff != "" || len(c.Proxies) != 2 {
		t.Error(diff)
	}
	if c.SMTPURL.Reveal() != "smtp://u:hunter2@mail.example.org" {
		t.Error("the mail server is lost")
	}
}

func TestEachProblemIsNamed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ flag, value, says string }{
		{"data", "", "Name the folder"},
		{"data", file, "is a file"},
		{"database-url", "mysql://h/d", "postgres://"},
		{"database-url", "postgres://h", "postgres://"},
		{"addr", "8080", "host:port"},
		{"addr", "h:99999", "host:port"},
		{"public-url", "rapport.example.org", "https://"},
		{"public-url", "https://u:p@h", "https://"},
		{"public-url", "https://h/rapport", "follows the host"},
		{"trusted-proxy", "proxy", "not an address"},
		{"trusted-proxy", "0.0.0.0/0", "everyone"},
		{"key-file", "rapport-data/keys", "outside the data folder"},
		{"outbound-allow", "localhost", "not an address"},
		{"smtp-url", "mail.example.org:25", "smtp://"},
		{"mail-from", "nobody", "sender"},
		{"metrics-token", "short", "16 characters"},
		{"api-rate", "many", "600/6000"},
		{"api-rate", "600/60", "600/6000"},
		{"api-rate", "0/60", "600/6000"},
		{"page-memory", "much", "such as 64"},
		{"page-memory", "-1", "such as 64"},
		{"log-level", "loud", "debug, info"},
	} {
		t.Run(c.flag+" "+c.value, func(t *testing.T) {
			_, err := config.Read([]string{"--" + c.flag + "=" + c.value}, env("RAPPORT_MAIL_FROM", "r@example.org"))
			fields := fault.Fields(err)
			if len(fields) != 1 || fields[0].Name != c.flag || !strings.Contains(fields[0].Text, c.says) {
				t.Errorf("got %v, want %q", err, c.says)
			}
		})
	}
}

func TestAllProblemsAreToldTogether(t *testing.T) {
	_, err := config.Read([]string{"--addr=x", "--log-level=y", "--smtp-url=smtp://h"}, env())
	for _, name := range []string{"--addr: ", "--log-level: ", "--mail-from: "} {
		if !strings.Contains(fault.Text(err), name) {
			t.Errorf("%s is missing in %v", name, err)
		}
	}
	for _, args := range [][]string{{"--unknown"}, {"serve"}} {
		if _, err := config.Read(args, env()); !fault.Is(err, fault.Invalid) {
			t.Errorf("%v: %v", args, err)
		}
	}
}

func TestKongFillsIt(t *testing.T) {
	t.Setenv("RAPPORT_OUTBOUND_ALLOW", "127.0.0.1/32,10.0.0.0/8")
	var cli struct {
		Serve struct{ config.Config } `cmd:""`
	}
	parser, err := kong.New(&cli)
	if err != nil {
		t.Fatal(err)
	}
	_, err = parser.Parse([]string{"serve", "--addr=:80", "--database-url=postgres://h/d", "--trusted-proxy=10.0.0.1", "--trusted-proxy=10.0.0.2"})
	if err != nil {
		t.Fatal(err)
	}
	c := &cli.Serve.Config
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	if c.Addr != ":80" || c.DatabaseURL.Reveal() != "postgres://h/d" || len(c.Allow) != 2 || len(c.Proxies) != 2 {
		t.Errorf("%+v", c)
	}
}

func TestCertificatesAndBucket(t *testing.T) {
	read := func(args ...string) (config.Config, error) {
		return config.Read(append([]string{"--data", t.TempDir()}, args...), func(string) string { return "" })
	}
	c, err := read("--acme", "Rapport.Example.org,www.example.org")
	if err != nil || c.Addr != ":443" || c.Public.String() != "https://rapport.example.org" || c.HTTPAddr != ":80" {
		t.Errorf("%+v %v", c, err)
	}
	if c, err = read("--acme", "a.example.org", "--addr", "127.0.0.1:8443", "--public-url", "https://a.example.org"); err != nil || c.Addr != "127.0.0.1:8443" {
		t.Errorf("%+v %v", c, err)
	}
	for _, bad := range [][]string{
		{"--acme", "localhost"}, {"--acme", "10.0.0.1"}, {"--acme", "*.example.org"}, {"--acme", "a.example.org", "--public-url", "https://b.example.org"},
		{"--acme", "a.example.org", "--public-url", "http://a.example.org"}, {"--acme-email", "nobody"}, {"--acme-directory", "http://ca.example.org"},
		{"--acme-ca", "/nowhere"}, {"--media-url", "s3://host/bucket"}, {"--media-url", "https://K:S@host/bucket"},
	} {
		if _, err := read(bad...); !fault.Is(err, fault.Invalid) {
			t.Errorf("%v: %v", bad, err)
		}
	}
	if _, err := read("--media-url", "s3://K:S@host:9000/bucket?insecure"); err != nil {
		t.Error(err)
	}
}
