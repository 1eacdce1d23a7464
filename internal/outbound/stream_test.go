package outbound_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"rapport/internal/fault"
	"rapport/internal/outbound"
)

// streaming serves lines until the caller leaves, and then says so.
func streaming(t *testing.T, lines ...string) (address string, left chan struct{}) {
	t.Helper()
	left = make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		defer close(left)
		for _, l := range lines {
			_, _ = io.WriteString(w, l+"\n")
		}
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	return s.URL, left
}

func stream(t *testing.T, c *outbound.Client, ctx context.Context, address string, idle time.Duration) *http.Response {
	t.Helper()
	resp, err := c.Stream(request(t, http.MethodGet, address, "").WithContext(ctx), idle)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func TestAStreamOutlivesTimeAndSize(t *testing.T) {
	const lines = 2000
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		for range lines {
			_, _ = io.WriteString(w, strings.Repeat("x", 100)+"\n")
			_ = http.NewResponseController(w).Flush()
			time.Sleep(50 * time.Microsecond)
		}
	})
	c := client(t, outbound.Options{Timeout: 20 * time.Millisecond, MaxBody: 1000})
	resp := stream(t, c, t.Context(), s.URL, time.Minute)
	defer resp.Body.Close()
	got, n := outbound.Lines(resp.Body), 0
	for got.Scan() {
		n++
	}
	if n != lines || got.Err() != nil {
		t.Errorf("%d lines and %v, want %d", n, got.Err(), lines)
	}
}

func TestASilentStreamEnds(t *testing.T) {
	address, left := streaming(t, "one")
	resp := stream(t, client(t, outbound.Options{}), t.Context(), address, 30*time.Millisecond)
	defer resp.Body.Close()
	got := outbound.Lines(resp.Body)
	if !got.Scan() || got.Text() != "one" {
		t.Fatalf("got %q, %v", got.Text(), got.Err())
	}
	if got.Scan() || fault.Text(got.Err()) != "127.0.0.1 fell silent." {
		t.Errorf("got %q, %v", got.Text(), got.Err())
	}
	<-left
}

func TestAStreamIsLeft(t *testing.T) {
	for name, leave := range map[string]func(resp *http.Response, giveUp func()){
		"by its context": func(_ *http.Response, giveUp func()) { giveUp() },
		"by closing it":  func(resp *http.Response, _ func()) { resp.Body.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			address, left := streaming(t, "one")
			ctx, giveUp := context.WithCancel(t.Context())
			defer giveUp()
			resp := stream(t, client(t, outbound.Options{}), ctx, address, time.Minute)
			leave(resp, giveUp)
			if _, err := io.ReadAll(resp.Body); err == nil {
				t.Error("the stream ended as if it were whole")
			}
			<-left
			resp.Body.Close()
		})
	}
}

func TestALineIsBounded(t *testing.T) {
	address, _ := streaming(t, strings.Repeat("x", 2<<20))
	resp := stream(t, client(t, outbound.Options{}), t.Context(), address, time.Minute)
	defer resp.Body.Close()
	got := outbound.Lines(resp.Body)
	if got.Scan() || !errors.Is(got.Err(), bufio.ErrTooLong) {
		t.Errorf("got %d bytes, %v", len(got.Bytes()), got.Err())
	}
}

func TestAStreamIsGuarded(t *testing.T) {
	inside := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("called") })
	bare := outbound.New(outbound.Options{})
	t.Cleanup(bare.Close)
	if _, err := bare.Stream(request(t, http.MethodGet, inside.URL, ""), time.Minute); !fault.Is(err, fault.Denied) {
		t.Errorf("got %v, want it denied", err)
	}
	outer := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://10.0.0.1:8080/", http.StatusFound)
	})
	if _, err := client(t, outbound.Options{}).Stream(request(t, http.MethodGet, outer.URL, ""), time.Minute); !fault.Is(err, fault.Denied) {
		t.Errorf("sent on: got %v, want it denied", err)
	}
}

func TestManyStreamsKeepNobodyWaiting(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintln(w, "one")
		_ = http.NewResponseController(w).Flush()
		if r.URL.Path == "/stream" {
			<-r.Context().Done()
		}
	})
	c := client(t, outbound.Options{PerHost: 1})
	for range 3 {
		resp := stream(t, c, t.Context(), s.URL+"/stream", time.Minute)
		defer resp.Body.Close()
	}
	if body, err := get(t, c, s.URL); err != nil || body != "one\n" {
		t.Errorf("got %q, %v", body, err)
	}
}
