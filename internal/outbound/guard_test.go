package outbound_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"rapport/internal/fault"
	"rapport/internal/outbound"
)

func rules(t *testing.T, texts ...string) []outbound.Rule {
	t.Helper()
	var out []outbound.Rule
	for _, text := range texts {
		rule, err := outbound.ParseRule(text)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, rule)
	}
	return out
}

func TestCheck(t *testing.T) {
	strict := outbound.New(outbound.Options{})
	open := outbound.New(outbound.Options{Allow: rules(t, "10.0.0.0/8", "127.0.0.1:25", "[fd00::/8]:8080", "::1")})
	for _, c := range []struct {
		name, target string
		client       *outbound.Client
		ok           bool
	}{
		{"public", "93.184.215.14:443", strict, true},
		{"public, high port", "93.184.215.14:8443", strict, true},
		{"public IPv6", "[2606:4700::1111]:443", strict, true},
		{"mail port", "93.184.215.14:25", strict, false},
		{"loopback", "127.0.0.1:80", strict, false},
		{"loopback elsewhere", "127.9.9.9:80", strict, false},
		{"private A", "10.1.2.3:80", strict, false},
		{"private B", "172.16.0.1:80", strict, false},
		{"private C", "192.168.1.1:80", strict, false},
		{"carrier", "100.64.0.1:80", strict, false},
		{"metadata", "169.254.169.254:80", strict, false},
		{"this host", "0.0.0.0:80", strict, false},
		{"multicast", "224.0.0.251:80", strict, false},
		{"multicast, global", "239.1.1.1:80", strict, false},
		{"broadcast", "255.255.255.255:80", strict, false},
		{"documentation", "192.0.2.1:80", strict, false},
		{"IPv6 loopback", "[::1]:80", strict, false},
		{"IPv6 unspecified", "[::]:80", strict, false},
		{"IPv6 private", "[fd00::1]:80", strict, false},
		{"IPv6 link-local", "[fe80::1]:80", strict, false},
		{"IPv6 link-local with zone", "[fe80::1%eth0]:80", strict, false},
		{"IPv6 multicast", "[ff02::1]:80", strict, false},
		{"IPv6 metadata", "[fd00:ec2::254]:80", strict, false},
		{"mapped loopback", "[::ffff:127.0.0.1]:80", strict, false},
		{"mapped metadata", "[::ffff:169.254.169.254]:80", strict, false},
		{"compatible loopback", "[::127.0.0.1]:80", strict, false},
		{"NAT64 loopback", "[64:ff9b::7f00:1]:80", strict, false},
		{"local NAT64", "[64:ff9b:1::7f00:1]:80", strict, false},
		{"6to4 loopback", "[2002:7f00:1::]:80", strict, false},
		{"Teredo", "[2001::1]:80", strict, false},
		{"allowed range", "10.1.2.3:22", open, true},
		{"allowed range, mapped", "[::ffff:10.1.2.3]:80", open, true},
		{"allowed port", "127.0.0.1:25", open, true},
		{"another port", "127.0.0.1:80", open, false},
		{"another address", "127.0.0.2:25", open, false},
		{"allowed IPv6 port", "[fd00::1]:8080", open, true},
		{"another IPv6 port", "[fd00::1]:80", open, false},
		{"allowed IPv6 address", "[::1]:9", open, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.client.Check(netip.MustParseAddrPort(c.target))
			if c.ok != (err == nil) || (err != nil && !fault.Is(err, fault.Denied)) {
				t.Errorf("%s: %v", c.target, err)
			}
		})
	}
}

func TestParseRule(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"127.0.0.1", "127.0.0.1/32"},
		{" 10.1.2.3/8 ", "10.0.0.0/8"},
		{"127.0.0.1:8025", "127.0.0.1/32:8025"},
		{"10.0.0.0/8:443", "10.0.0.0/8:443"},
		{"::1", "::1/128"},
		{"fd00::/8", "fd00::/8"},
		{"[::1]:80", "[::1/128]:80"},
		{"[fd00::/8]", "fd00::/8"},
		{"", ""}, {"localhost", ""}, {"10.0.0.0/33", ""}, {"127.0.0.1:0", ""}, {"127.0.0.1:http", ""}, {"fe80::1%eth0", ""},
	} {
		rule, err := outbound.ParseRule(c.text)
		switch {
		case c.want == "" && !fault.Is(err, fault.Invalid):
			t.Errorf("%q: got %v, %v; want a fault", c.text, rule, err)
		case c.want != "" && (err != nil || rule.String() != c.want):
			t.Errorf("%q: got %v, %v; want %s", c.text, rule, err, c.want)
		}
	}
}

func TestNamesAndRedirectsAreCheckedWhenConnecting(t *testing.T) {
	inner := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the inner server was reached")
	}))
	defer inner.Close()
	outer := httptest.NewServer(http.RedirectHandler(inner.URL, http.StatusFound))
	defer outer.Close()
	_, port, _ := strings.Cut(strings.TrimPrefix(inner.URL, "http://"), ":")
	c := outbound.New(outbound.Options{Allow: rules(t, strings.TrimPrefix(outer.URL, "http://"))})
	for _, address := range []string{
		inner.URL, outer.URL, "http://localhost:" + port, "http://[::ffff:127.0.0.1]:" + port, "http://2130706433:" + port,
	} {
		t.Run(address, func(t *testing.T) {
			_, err := get(t, c, address)
			if err == nil {
				t.Fatal("the call went through")
			}
			if !fault.Is(err, fault.Denied) && !strings.Contains(address, "2130706433") {
				t.Errorf("got %v, want it denied", err)
			}
			if address == outer.URL {
				return
			}
			_, outcome, err := c.Once(t.Context(), request(t, http.MethodPost, address, "x"))
			if outcome != outbound.NotSent || err == nil {
				t.Errorf("once: %v, %v", outcome, err)
			}
		})
	}
}
