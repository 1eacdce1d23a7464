package edge_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"rapport/internal/fault"
	"rapport/internal/server/edge"
)

// site answers with what it saw of the client.
func site(t testing.TB, public string, trusted ...string) (edge.Options, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	o := edge.Options{Log: slog.New(slog.NewTextHandler(&log, nil)), Fail: func(w http.ResponseWriter, _ *http.Request, err error) {
		status := http.StatusInternalServerError
		if fault.Is(err, fault.Denied) {
			status = http.StatusForbidden
		}
		http.Error(w, fault.Text(err), status)
	}}
	if public != "" {
		u, err := url.Parse(public)
		if err != nil {
			t.Fatal(err)
		}
		o.PublicURL = u
	}
	for _, p := range trusted {
		o.Trusted = append(o.Trusted, netip.MustParsePrefix(p))
	}
	return o, &log
}

func get(o edge.Options, next http.HandlerFunc, change func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", "http://localhost/page?secret=1", nil)
	r.RemoteAddr = "192.0.2.1:5000"
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	edge.Handler(o, next).ServeHTTP(w, r)
	return w
}

func TestClientBehindProxies(t *testing.T) {
	for _, c := range []struct {
		name, peer, forwarded, proto string
		want                         string
		secure                       bool
	}{
		{"no proxy", "192.0.2.1:1", "", "", "192.0.2.1", false},
		{"a stranger pretends", "192.0.2.1:1", "203.0.113.9", "https", "192.0.2.1", false},
		{"one proxy", "10.0.0.1:1", "203.0.113.9", "https", "203.0.113.9", true},
		{"two proxies", "10.0.0.1:1", "203.0.113.9, 10.0.0.2", "http, https", "203.0.113.9", true},
		{"the client writes a chain", "10.0.0.1:1", "127.0.0.1, 203.0.113.9", "", "203.0.113.9", false},
		{"with a port", "10.0.0.1:1", "203.0.113.9:4711", "", "203.0.113.9", false},
		{"rubbish", "10.0.0.1:1", "unknown", "", "10.0.0.1", false},
		{"mapped IPv4", "[::ffff:10.0.0.1]:1", "2001:db8::1", "", "2001:db8::1", false},
		{"only proxies", "10.0.0.1:1", "10.0.0.3", "", "10.0.0.3", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, _ := site(t, "", "10.0.0.0/8")
			var got edge.Client
			get(o, func(_ http.ResponseWriter, r *http.Request) {
				got = edge.From(r.Context())
				if r.Header.Get("X-Forwarded-For") != "" {
					t.Error("the header is still there")
				}
			}, func(r *http.Request) {
				r.RemoteAddr = c.peer
				if c.forwarded != "" {
					r.Header.Set("X-Forwarded-For", c.forwarded)
				}
				if c.proto != "" {
					r.Header.Set("X-Forwarded-Proto", c.proto)
				}
			})
			if got.Address != c.want || got.Secure != c.secure {
				t.Errorf("got %q secure %v, want %q %v", got.Address, got.Secure, c.want, c.secure)
			}
		})
	}
}

func TestHosts(t *testing.T) {
	for _, c := range []struct {
		name, public, host, path string
		want                     int
	}{
		{"the public name", "https://rapport.example", "rapport.example", "/", 200},
		{"in capitals, with a port and a dot", "https://rapport.example", "Rapport.Example.:443", "/", 200},
		{"a stranger's name", "https://rapport.example", "evil.example", "/", 421},
		{"the bare address, where a name is known", "https://rapport.example", "192.0.2.7", "/", 421},
		{"loopback", "https://rapport.example", "127.0.0.1:8080", "/", 200},
		{"localhost", "", "localhost:8080", "/", 200},
		{"IPv6 loopback", "", "[::1]:8080", "/", 200},
		{"the bare address, where none is known", "", "192.0.2.7:8080", "/", 200},
		{"a name, where none is known", "", "evil.example", "/", 421},
		{"a name that only begins like ours", "https://rapport.example", "rapport.example.evil.example", "/", 421},
		{"a probe", "https://rapport.example", "10.1.2.3:8080", "/healthz", 200},
		{"nothing", "https://rapport.example", "", "/", 421},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, _ := site(t, c.public)
			w := get(o, func(http.ResponseWriter, *http.Request) {}, func(r *http.Request) { r.Host, r.URL.Path = c.host, c.path })
			if w.Code != c.want {
				t.Errorf("status %d, want %d", w.Code, c.want)
			}
		})
	}
}

func TestOtherSitesAreRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		header map[string]string
		want   int
	}{
		{"its own form", map[string]string{"Sec-Fetch-Site": "same-origin"}, 200},
		{"another site's form", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		{"another site, old browser", map[string]string{"Origin": "https://evil.example"}, 403},
		{"the public origin behind a proxy of another name", map[string]string{"Origin": "https://rapport.example", "Sec-Fetch-Site": "same-site"}, 200},
		{"no browser", nil, 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, _ := site(t, "https://rapport.example")
			w := get(o, func(http.ResponseWriter, *http.Request) {}, func(r *http.Request) {
				r.Method = "POST"
				for k, v := range c.header {
					r.Header.Set(k, v)
				}
			})
			if w.Code != c.want {
				t.Errorf("status %d, want %d", w.Code, c.want)
			}
		})
	}
}

func TestCompression(t *testing.T) {
	page := strings.Repeat("<p>Hello</p>", 200)
	for _, c := range []struct {
		name, contentType, encoding, body string
		packed                            bool
	}{
		{"a page", "text/html; charset=utf-8", "", page, true},
		{"a problem", "application/problem+json", "", page, true},
		{"a short page", "text/html", "", "<p>Hi</p>", false},
		{"a picture", "image/png", "", page, false},
		{"packed already", "text/css", "br", page, false},
		{"a stream", "text/event-stream", "", page, false},
		{"without a type", "", "", page, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, _ := site(t, "")
			w := get(o, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Encoding", c.encoding)
				if c.contentType != "" {
					w.Header().Set("Content-Type", c.contentType)
				}
				w.WriteHeader(http.StatusUnprocessableEntity)
				io.WriteString(w, c.body)
			}, func(r *http.Request) { r.Header.Set("Accept-Encoding", "gzip, br") })
			if w.Code != 422 || (w.Header().Get("Content-Encoding") == "gzip") != c.packed {
				t.Fatalf("status %d, encoding %q", w.Code, w.Header().Get("Content-Encoding"))
			}
			body := io.Reader(w.Body)
			if c.packed {
				z, err := gzip.NewReader(w.Body)
				if err != nil {
					t.Fatal(err)
				}
				body = z
			}
			if got, err := io.ReadAll(body); err != nil || string(got) != c.body {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		})
	}
}

// A stream's event must reach the browser when it is flushed, not at the end.
func TestStreamsAreNotHeldBack(t *testing.T) {
	o, _ := site(t, "")
	release := make(chan struct{})
	s := httptest.NewServer(edge.Handler(o, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, "data: 1\n\n")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		<-release
	})))
	defer s.Close()
	defer close(release)
	req, _ := http.NewRequest("GET", s.URL, nil)
	req.Header.Set("Accept-Encoding", "gzip")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got := make([]byte, 9)
	if _, err := io.ReadFull(resp.Body, got); err != nil || string(got) != "data: 1\n\n" {
		t.Errorf("%q %v", got, err)
	}
}

func TestHeadersAndLog(t *testing.T) {
	o, log := site(t, "")
	w := get(o, func(http.ResponseWriter, *http.Request) {}, nil)
	csp := w.Header().Get("Content-Security-Policy")
	if !strings.HasPrefix(csp, "default-src 'self';") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") || strings.Contains(csp, "data:") {
		t.Errorf("policy %q", csp)
	}
	for h, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Cross-Origin-Opener-Policy": "same-origin"} {
		if got := w.Header().Get(h); got != want {
			t.Errorf("%s: %q", h, got)
		}
	}
	id := w.Header().Get("X-Request-Id")
	if id == "" || !strings.Contains(log.String(), id) || !strings.Contains(log.String(), "path=/page") {
		t.Errorf("log %q, id %q", log, id)
	}
	if strings.Contains(log.String(), "secret") {
		t.Error("the query is in the log")
	}
}

func TestPanic(t *testing.T) {
	o, log := site(t, "")
	w := get(o, func(http.ResponseWriter, *http.Request) { panic("the secret reason") }, nil)
	if w.Code != 500 || strings.Contains(w.Body.String(), "secret") || !strings.Contains(log.String(), "the secret reason") {
		t.Errorf("status %d, body %q", w.Code, w.Body)
	}
	// Half an answer must not look whole.
	s := httptest.NewServer(edge.Handler(o, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "half")
		http.NewResponseController(w).Flush()
		panic("late")
	})))
	defer s.Close()
	resp, err := http.Get(s.URL)
	if err == nil {
		_, err = io.ReadAll(resp.Body)
		resp.Body.Close()
	}
	if err == nil {
		t.Error("half an answer came as a whole one")
	}
}
