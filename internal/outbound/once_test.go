package outbound_test

import (
	"bufio"
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"

	"rapport/internal/fault"
	"rapport/internal/outbound"
)

// socket is a server below net/http, so that what arrives is counted where it
// arrives.
type socket struct {
	net.Listener
	mu   sync.Mutex
	seen map[string]int // arrivals by the header Number
}

// listen accepts connections and answers the requests on each with the answers
// in turn; "" closes the connection after the request was read.
func listen(t *testing.T, reset bool, answers ...string) *socket {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &socket{Listener: l, seen: map[string]int{}}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go s.answer(conn, reset, answers)
		}
	}()
	return s
}

func (s *socket) answer(conn net.Conn, reset bool, answers []string) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for _, answer := range answers {
		req, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, req.Body)
		s.mu.Lock()
		s.seen[req.Header.Get("Number")]++
		s.mu.Unlock()
		if answer == "" {
			if reset {
				_ = conn.(*net.TCPConn).SetLinger(0)
			}
			return
		}
		_, _ = io.WriteString(conn, answer)
	}
}

func (s *socket) url() string { return "http://" + s.Addr().String() }

// arrivals counts requests that came, and those that came again.
func (s *socket) arrivals() (total, repeated int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.seen {
		total += n
		repeated += n - 1
	}
	return total, repeated
}

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

// numbered builds one of many equal requests.
func numbered(t *testing.T, address, method, key, body string, n int) *http.Request {
	t.Helper()
	req := request(t, method, address, body)
	req.Header.Set("Number", strconv.Itoa(n))
	if key != "" {
		req.Header.Set(key, strconv.Itoa(n))
	}
	return req
}

func TestOnceArrivesOnce(t *testing.T) {
	for _, c := range []struct {
		name, method, key, body string
		reset                   bool
	}{
		{"plain", "POST", "", "text", false},
		{"idempotency key", "POST", "Idempotency-Key", "text", false},
		{"idempotency key, reset", "POST", "Idempotency-Key", "text", true},
		{"other idempotency key", "POST", "X-Idempotency-Key", "text", false},
		{"idempotency key, no body", "POST", "Idempotency-Key", "", false},
		{"put", "PUT", "Idempotency-Key", "text", false},
		{"delete", "DELETE", "Idempotency-Key", "", false},
		{"get", "GET", "", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := listen(t, c.reset, ok, "")
			out := client(t, outbound.Options{})
			got := map[outbound.Outcome]int{}
			for n := range 50 {
				resp, outcome, err := out.Once(t.Context(), numbered(t, s.url(), c.method, c.key, c.body, n))
				got[outcome]++
				if outcome == outbound.Answered {
					_, err = outbound.ReadAll(resp)
				}
				if (outcome == outbound.Answered) != (err == nil) {
					t.Fatalf("%v with %v", outcome, err)
				}
			}
			if total, repeated := s.arrivals(); total != 50 || repeated != 0 {
				t.Errorf("%d arrivals, %d of them repeats; want 50 and 0", total, repeated)
			}
			if got[outbound.Answered] != 25 || got[outbound.Lost] != 25 {
				t.Errorf("outcomes %v, want 25 answered and 25 lost", got)
			}
		})
	}
}

// The standard client repeats what the server closes on: if it ever stops, the
// test above proves nothing.
func TestTheTrapIsReal(t *testing.T) {
	s := listen(t, false, ok, "")
	out := client(t, outbound.Options{})
	for n := range 50 {
		resp, err := out.Do(numbered(t, s.url(), http.MethodPost, "Idempotency-Key", "text", n))
		if err == nil {
			_, _ = outbound.ReadAll(resp)
		}
	}
	if _, repeated := s.arrivals(); repeated == 0 {
		t.Error("nothing was repeated")
	}
}

func TestOnceTellsWhatHappened(t *testing.T) {
	closed := listen(t, false)
	_ = closed.Close()
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(secure.Close)
	reply := func(answer string) string { return listen(t, false, answer).url() }
	for _, c := range []struct {
		name, address string
		want          outbound.Outcome
		status        int
	}{
		{"answered", reply(ok), outbound.Answered, 200},
		{"refused by the server", reply("HTTP/1.1 422 No\r\nContent-Length: 0\r\n\r\n"), outbound.Answered, 422},
		{"server error", reply("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"), outbound.Answered, 503},
		{"a redirect is an answer", reply("HTTP/1.1 307 Go\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"), outbound.Answered, 307},
		{"closed after the request", reply(""), outbound.Lost, 0},
		{"half a status line", reply("HTTP/1.1 20"), outbound.Lost, 0},
		{"half the headers", reply("HTTP/1.1 200 OK\r\nContent-Le"), outbound.Lost, 0},
		{"no HTTP", reply("220 mail ready\r\n"), outbound.Lost, 0},
		{"dial refused", closed.url(), outbound.NotSent, 0},
		{"no such name", "http://nobody.invalid", outbound.NotSent, 0},
		{"unknown certificate", secure.URL, outbound.NotSent, 0},
		{"no TLS there", "https" + reply(ok)[len("http"):], outbound.NotSent, 0},
		{"inner address", "http://10.0.0.1", outbound.NotSent, 0},
		{"no web address", "ftp://127.0.0.1", outbound.NotSent, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			resp, outcome, err := client(t, outbound.Options{}).Once(t.Context(), request(t, http.MethodPost, c.address, "x"))
			if outcome != c.want {
				t.Fatalf("%v, want %v (%v)", outcome, c.want, err)
			}
			switch {
			case outcome == outbound.Answered && resp.StatusCode != c.status:
				t.Errorf("status %d, want %d", resp.StatusCode, c.status)
			case outcome == outbound.NotSent && fault.KindOf(err) == fault.Internal:
				t.Errorf("what was not sent must be told in words: %v", err)
			case outcome == outbound.Lost && fault.KindOf(err) != fault.Internal:
				t.Errorf("a fault promises that nothing was done: %v", err)
			}
			if resp != nil {
				_ = resp.Body.Close()
			}
		})
	}
}

func TestOnceGivenUp(t *testing.T) {
	arrived := make(chan struct{})
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		close(arrived)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-arrived; cancel() }()
	out := client(t, outbound.Options{})
	if _, outcome, err := out.Once(ctx, request(t, http.MethodPost, server.URL, "x")); outcome != outbound.Lost || !errors.Is(err, context.Canceled) {
		t.Errorf("after it arrived: %v, %v; want lost", outcome, err)
	}
	if _, outcome, err := out.Once(ctx, request(t, http.MethodPost, server.URL, "x")); outcome != outbound.NotSent || err == nil {
		t.Errorf("before it began: %v, %v; want not sent", outcome, err)
	}
}

// stuck is a body that begins only when it is released.
type stuck struct {
	begin            sync.Once
	reading, release chan struct{}
}

func (s *stuck) Read(p []byte) (int, error) {
	s.begin.Do(func() { close(s.reading) })
	<-s.release
	return copy(p, "late"), io.EOF
}

func TestNotSentIsCertain(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	received := make(chan int64, 1)
	go func() {
		if conn, err := l.Accept(); err == nil {
			n, _ := io.Copy(io.Discard, conn)
			received <- n
		}
	}()
	body := &stuck{reading: make(chan struct{}), release: make(chan struct{})}
	req := request(t, http.MethodPost, "http://"+l.Addr().String(), "")
	req.Body, req.ContentLength = io.NopCloser(body), 4
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-body.reading; cancel(); close(body.release) }()
	_, outcome, err := client(t, outbound.Options{}).Once(ctx, req)
	if n := <-received; outcome == outbound.Answered || outcome == outbound.NotSent && n != 0 {
		t.Errorf("%v (%v) although %d bytes were received", outcome, err, n)
	}
}

func TestOnceSpeaksHTTP1OverTLS(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Proto+" "+r.Header.Get("Content-Length"))
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	out := client(t, outbound.Options{RootCAs: roots})
	for _, body := range []string{"four", ""} {
		resp, outcome, err := out.Once(t.Context(), request(t, http.MethodPost, server.URL, body))
		if outcome != outbound.Answered {
			t.Fatalf("%v, %v", outcome, err)
		}
		got, err := outbound.ReadAll(resp)
		if want := "HTTP/1.1 " + strconv.Itoa(len(body)); err != nil || string(got) != want {
			t.Errorf("the server saw %q, %v; want %q", got, err, want)
		}
	}
	if got, err := get(t, out, server.URL); err != nil || got[:8] != "HTTP/2.0" {
		t.Errorf("a plain call over %q, %v; want HTTP/2.0", got, err)
	}
}

func TestConnectionsAreKept(t *testing.T) {
	var mu sync.Mutex
	remotes := map[string]bool{}
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		remotes[r.RemoteAddr] = true
	})
	out := client(t, outbound.Options{})
	for range 10 {
		resp, _, err := out.Once(t.Context(), request(t, http.MethodPost, server.URL, "x"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := outbound.ReadAll(resp); err != nil {
			t.Fatal(err)
		}
	}
	if len(remotes) != 1 {
		t.Errorf("%d connections for ten calls in turn, want 1", len(remotes))
	}
}
