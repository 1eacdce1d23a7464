package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/chromedp"

	"rapport/internal/account"
)

// studio is a served world with years of posts and a session.
type studio struct {
	served
	cookie http.Cookie
	post   string // one of the posts
}

const manyPosts = 50_000

func (b *bench) studio(ctx context.Context, posts int) (s studio, err error) {
	if s.served, err = b.served(ctx, 20); err != nil {
		return s, err
	}
	if s.post, err = s.world.history(ctx, posts); err != nil {
		return s, err
	}
	if err := s.world.pictures(ctx, 40); err != nil {
		return s, err
	}
	_, token, err := account.Begin(ctx, s.world.db, s.world.owner, account.Meta{Address: "127.0.0.1", Agent: "bench"})
	s.cookie = http.Cookie{Name: "rapport", Value: token}
	return s, err
}

// screens are the studio's pages with their addresses.
func (s studio) screens() [][2]string {
	at := "/studio/" + s.world.brand.Slug
	return [][2]string{
		{"Today", at},
		{"Calendar, week", at + "/calendar?view=week"},
		{"Calendar, month", at + "/calendar?view=month"},
		{"Calendar, list", at + "/calendar?view=list"},
		{"Posts", at + "/posts"},
		{"Posts, rejected", at + "/posts?state=rejected"},
		{"Post", at + "/posts/" + s.post},
		{"Composer", at + "/compose"},
		{"Attention", at + "/attention"},
		{"Channels", at + "/channels"},
		{"Media", at + "/media"},
		{"Notifications", at + "/notifications"},
		{"Settings", at + "/settings/brand"},
	}
}

// search is no screen of the promise: without a hit it reads every post.
func (s studio) search() [2]string {
	return [2]string{"Posts, search without a hit", "/studio/" + s.world.brand.Slug + "/posts?q=zebracrossing"}
}

// pages takes how long the server needs for each screen.
func pages(ctx context.Context, b *bench) error {
	const each = 60
	s, err := b.studio(ctx, manyPosts)
	if err != nil {
		return err
	}
	defer s.stop()
	var all []time.Duration
	for _, screen := range append(s.screens(), s.search()) {
		took, err := together(1, each, func(int) error { return s.open(screen[1]) })
		if err != nil {
			return fmt.Errorf("%s: %w", screen[0], err)
		}
		b.add(row{"  " + screen[0] + ", median", ms(quantile(took, 0.5)), 0, "ms", ""})
		if screen != s.search() {
			all = append(all, took...)
		}
	}
	b.add(row{"any studio page with 50,000 posts, 95 %", ms(quantile(all, 0.95)), 50, "ms", ""})
	return nil
}

func (s studio) open(path string) error {
	req, err := http.NewRequest(http.MethodGet, s.server.address+path, nil)
	if err != nil {
		return err
	}
	req.AddCookie(&s.cookie)
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return errors.New(res.Status)
	}
	return nil
}

// firstViews takes what a browser that knows nothing yet loads for a screen.
func firstViews(ctx context.Context, b *bench) error {
	if b.chromium == "" {
		return errors.New("-chromium names no browser")
	}
	s, err := b.studio(ctx, 2000)
	if err != nil {
		return err
	}
	defer s.stop()
	most := struct{ bytes, requests float64 }{}
	for _, screen := range append(s.screens(), [2]string{"Sign in", "/studio/sign-in"}) {
		m, err := b.view(ctx, s, screen[1])
		if err != nil {
			return fmt.Errorf("%s: %w", screen[0], err)
		}
		b.add(row{fmt.Sprintf("  %s, first view (%d requests, %d pictures of the team beside)", screen[0], m.requests, m.pictures), float64(m.bytes) / 1000, 150, "KB", ""})
		most.bytes, most.requests = max(most.bytes, float64(m.bytes)), max(most.requests, float64(m.requests))
	}
	b.add(row{"first view of any screen, compressed, without the team's pictures", most.bytes / 1000, 150, "KB", "364–913 KB"})
	b.add(row{"first view of any screen, requests", most.requests, 15, "", "143–263"})
	return nil
}

// meter is a way to the server that signs every request in and counts.
type meter struct {
	beside   func(path string) bool // what counts as a picture
	mu       sync.Mutex
	requests int
	bytes    int64 // of bodies, as they are sent
	pictures int   // what its people made, not what a screen costs
	last     time.Time
}

func (m *meter) note(path string, requests int, bytes int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.last = time.Now()
	if m.beside(path) {
		m.pictures += requests
		return
	}
	m.requests += requests
	m.bytes += bytes
}

// quiet waits until nothing has come for a while.
func (m *meter) quiet(ctx context.Context, pause time.Duration) error {
	for {
		m.mu.Lock()
		rest := time.Until(m.last.Add(pause))
		m.mu.Unlock()
		if rest <= 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(rest):
		}
	}
}

type counted struct {
	io.ReadCloser
	m    *meter
	path string
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	if n > 0 {
		c.m.note(c.path, 0, int64(n))
	}
	return n, err
}

// before leads to the server at an address, for whom the cookie is of; nil is
// a visitor.
func (m *meter) before(address string, cookie *http.Cookie) http.Handler {
	target, _ := url.Parse(address)
	transport := &http.Transport{DisableCompression: true} // the browser's own wish is passed on
	return &httputil.ReverseProxy{Transport: transport, FlushInterval: -1,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			if cookie != nil && r.In.URL.Path != "/studio/sign-in" {
				r.Out.AddCookie(cookie)
			}
			m.note(r.In.URL.Path, 1, 0)
		},
		ModifyResponse: func(res *http.Response) error {
			res.Body = counted{res.Body, m, res.Request.URL.Path}
			return nil
		}}
}

// view opens a screen in a new browser.
func (b *bench) view(ctx context.Context, s studio, path string) (*meter, error) {
	m := &meter{beside: func(path string) bool { return strings.HasSuffix(path, "/file") }}
	server := httptest.NewServer(m.before(s.server.address, &s.cookie))
	defer server.Close()
	defer server.CloseClientConnections() // the live stream has no end
	ctx, stop, err := b.browser(ctx)
	if err != nil {
		return nil, err
	}
	defer stop()
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1440, 900), chromedp.Navigate(server.URL+path)); err != nil {
		return nil, err
	}
	return m, m.quiet(ctx, time.Second)
}

// browser starts one that knows nothing yet.
func (b *bench) browser(ctx context.Context) (context.Context, func(), error) {
	profile, err := os.MkdirTemp(b.work, "chromium-")
	if err != nil {
		return nil, nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(b.chromium), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(profile), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	ctx, stop := chromedp.NewExecAllocator(ctx, options...)
	ctx, away := chromedp.NewContext(ctx)
	return ctx, func() { away(); stop() }, nil
}
