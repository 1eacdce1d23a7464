package outbound_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"rapport/internal/fault"
	"rapport/internal/outbound"
)

func client(t *testing.T, o outbound.Options) *outbound.Client {
	t.Helper()
	o.Allow = rules(t, "127.0.0.1")
	c := outbound.New(o)
	t.Cleanup(c.Close)
	return c
}

func serve(t *testing.T, handle http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(handle)
	t.Cleanup(s.Close)
	return s
}

func request(t *testing.T, method, address, body string) *http.Request {
	t.Helper()
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, address, content)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func get(t *testing.T, c *outbound.Client, address string) (string, error) {
	t.Helper()
	resp, err := c.Do(request(t, http.MethodGet, address, ""))
	if err != nil {
		return "", err
	}
	body, err := outbound.ReadAll(resp)
	return string(body), err
}

func TestAnswersAreBounded(t *testing.T) {
	var bomb bytes.Buffer
	zip := gzip.NewWriter(&bomb)
	if _, err := zip.Write(make([]byte, 10<<20)); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	const limit = 64 << 10
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/exact":
			_, _ = w.Write(make([]byte, limit))
		case "/more":
			_, _ = w.Write(make([]byte, limit+1))
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb.Bytes())
		case "/endless":
			for r.Context().Err() == nil {
				_, _ = w.Write(make([]byte, 1<<10))
			}
		}
	})
	if bomb.Len() > limit {
		t.Fatalf("the bomb is %d bytes even packed", bomb.Len())
	}
	c := client(t, outbound.Options{MaxBody: limit})
	for path, ok := range map[string]bool{"/exact": true, "/more": false, "/bomb": false, "/endless": false} {
		t.Run(path, func(t *testing.T) {
			body, err := get(t, c, server.URL+path)
			if ok && (err != nil || len(body) != limit) {
				t.Errorf("%d bytes, %v", len(body), err)
			}
			if !ok && (!errors.Is(err, outbound.ErrTooLarge) || !fault.Is(err, fault.Unavailable)) {
				t.Errorf("got %v, want ErrTooLarge", err)
			}
			resp, _, err := c.Once(t.Context(), request(t, http.MethodPost, server.URL+path, "x"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := outbound.ReadAll(resp); ok != (err == nil) {
				t.Errorf("once: %v", err)
			}
		})
	}
}

func TestSlowAnswersEnd(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/body" {
			_, _ = w.Write([]byte("a"))
			_ = http.NewResponseController(w).Flush()
		}
		<-r.Context().Done()
	})
	c := client(t, outbound.Options{Timeout: 50 * time.Millisecond})
	for _, path := range []string{"/headers", "/body"} {
		if _, err := get(t, c, server.URL+path); !errors.Is(err, context.DeadlineExceeded) && !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: got %v, want a deadline", path, err)
		}
	}
	resp, outcome, err := c.Once(t.Context(), request(t, http.MethodPost, server.URL+"/body", "x"))
	if outcome != outbound.Answered {
		t.Fatalf("%v, %v", outcome, err)
	}
	if _, err := outbound.ReadAll(resp); err == nil {
		t.Error("once: a body that never ends was read to its end")
	}
}

func TestPatientCallsMayTakeLonger(t *testing.T) {
	release := make(chan struct{})
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	c := client(t, outbound.Options{Timeout: time.Minute})
	ctx := outbound.Patient(t.Context(), time.Millisecond)
	if _, outcome, _ := c.Once(ctx, request(t, http.MethodPost, server.URL, "x")); outcome == outbound.Answered {
		t.Error("the call's own limit was ignored")
	}
	close(release)
	if _, err := get(t, c, server.URL); err != nil {
		t.Error(err)
	}
}

func TestRedirects(t *testing.T) {
	var saw []string
	note := func(r *http.Request) {
		saw = append(saw, r.Header.Get("Authorization")+r.Header.Get("X-Api-Key")+r.Header.Get("Cookie"))
	}
	var first *httptest.Server
	second := serve(t, func(w http.ResponseWriter, r *http.Request) {
		note(r)
		if r.URL.Path == "/back" {
			http.Redirect(w, r, first.URL+"/end", http.StatusFound)
		}
	})
	first = serve(t, func(w http.ResponseWriter, r *http.Request) {
		note(r)
		switch r.URL.Path {
		case "/same":
			http.Redirect(w, r, "/end", http.StatusFound)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/over":
			http.Redirect(w, r, second.URL+"/end", http.StatusTemporaryRedirect)
		case "/back":
			http.Redirect(w, r, second.URL+"/back", http.StatusFound)
		}
	})
	c := client(t, outbound.Options{})
	for _, c2 := range []struct {
		name, method, path string
		ok                 bool
		want               string
	}{
		{"one host keeps credentials", "GET", "/same", true, "tkc tkc"},
		{"another host gets none", "GET", "/over", true, "tkc "},
		{"nor does the way back", "GET", "/back", true, "tkc  "},
		{"a loop ends", "GET", "/loop", false, "tkc tkc tkc tkc"},
		{"a body stays with its host", "POST", "/over", false, "tkc"},
	} {
		t.Run(c2.name, func(t *testing.T) {
			saw = nil
			body := ""
			if c2.method == http.MethodPost {
				body = "client_secret=s"
			}
			req := request(t, c2.method, first.URL+c2.path, body)
			req.Header.Set("Authorization", "t")
			req.Header.Set("X-Api-Key", "k")
			req.Header.Set("Cookie", "c")
			resp, err := c.Do(req)
			if err == nil {
				_, err = outbound.ReadAll(resp)
			}
			if c2.ok != (err == nil) {
				t.Errorf("error %v", err)
			}
			if got := strings.Join(saw, " "); got != c2.want {
				t.Errorf("credentials seen %q, want %q", got, c2.want)
			}
		})
	}
}

func TestNoRedirectFromSecureToPlain(t *testing.T) {
	plain := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the plain server was reached") })
	secure := httptest.NewTLSServer(http.RedirectHandler(plain.URL, http.StatusFound))
	defer secure.Close()
	roots := x509.NewCertPool()
	roots.AddCert(secure.Certificate())
	if _, err := get(t, client(t, outbound.Options{RootCAs: roots}), secure.URL); !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v, want a fault", err)
	}
}

func TestErrorsNameTheHostOnly(t *testing.T) {
	server := serve(t, func(http.ResponseWriter, *http.Request) {})
	server.Close()
	c := client(t, outbound.Options{})
	address := server.URL + "/bot123:SECRET/send?token=SECRET"
	_, err := get(t, c, address)
	_, _, errOnce := c.Once(t.Context(), request(t, http.MethodPost, address, "x"))
	_, errPost := c.Do(request(t, http.MethodPost, address, "x"))
	for _, err := range []error{err, errOnce, errPost} {
		if !fault.Is(err, fault.Unavailable) || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("got %v, want a fault without the address", err)
		}
	}
}

func TestAgentAndEnvironment(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.UserAgent()) })
	proxy := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the proxy was used") })
	t.Setenv("HTTP_PROXY", proxy.URL)
	c := client(t, outbound.Options{})
	if got, err := get(t, c, server.URL); err != nil || !strings.HasPrefix(got, "Rapport/") {
		t.Errorf("agent %q, %v", got, err)
	}
	if address, err := url.Parse(server.URL); err != nil || address.Hostname() != "127.0.0.1" {
		t.Errorf("the test needs a server on loopback: %v, %v", address, err)
	}
}
