package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/admit"
	"rapport/internal/api"
	"rapport/internal/archive"
	"rapport/internal/blob"
	"rapport/internal/brand"
	"rapport/internal/channel"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/hook"
	"rapport/internal/job"
	"rapport/internal/letter"
	"rapport/internal/media"
	"rapport/internal/network"
	"rapport/internal/outbound"
	"rapport/internal/publish"
	"rapport/internal/secret"
	"rapport/internal/webhook"
)

var ctx = context.Background()

// net is a network that knows an account for each token it is given.
type net struct{ w *world }

func (*net) Facts() network.Facts {
	return network.Facts{Name: "test", Title: "Test", RepeatSafety: "A second arrival is refused.",
		Fields: []network.Field{{Name: "token", Label: "the token", Secret: true}}}
}

// demo is the same under the name that examples use.
type demo struct{ net }

func (d *demo) Facts() network.Facts {
	f := d.net.Facts()
	f.Name, f.Title = "demo", "Demo network"
	return f
}

func (n *net) Connect(_ context.Context, server string, c network.Credential) (network.Account, error) {
	switch c["token"] {
	case "panic":
		panic("told to")
	case "slow":
		n.w.arrived <- struct{}{}
		<-n.w.answer
	case "busy":
		return network.Account{}, &network.Error{Verdict: network.Throttled, Status: 429, RetryAfter: 6500 * time.Millisecond, Text: "Slowly."}
	case "dead":
		return network.Account{}, &network.Error{Verdict: network.Unauthorized, Status: 401, Text: "No."}
	}
	return network.Account{ID: c["token"], Server: server, Handle: "@" + c["token"], Name: c["token"],
		Limits: network.Limits{Text: 50, Images: 4, Parts: 5, Comment: true}, Credential: c}, nil
}

func (*net) Prepare(context.Context, network.Target, network.Item, string, network.Prepared) (network.Prepared, error) {
	return network.Prepared{}, errors.New("not asked")
}
func (*net) Commit(context.Context, network.Target, network.Prepared) (network.Receipt, error) {
	return network.Receipt{}, errors.New("not asked")
}
func (*net) Lookup(context.Context, network.Target, network.Prepared) (network.Finding, error) {
	return network.Finding{}, errors.New("not asked")
}
func (*net) RepeatHarmless(network.Target, time.Duration) bool { return false }

// world is two brands with an owner each.
type world struct {
	t       testing.TB
	d       *db.DB
	h       http.Handler
	deps    api.Deps
	router  routers.Router
	sub     string // id of what the last thing made has below it
	said    int    // messages that were heard
	made    int    // examples that were asked
	from    int    // the address that asks
	still   bool
	north   home
	south   home
	channel map[string]string // ids by handle, of north
	// A connection with the token "slow" tells that it arrived and waits.
	arrived, answer chan struct{}
}

type home struct {
	brand  string
	owner  account.Account
	token  string // with every scope
	reader string // with the reading ones
}

var password = "correct horse battery"

// open makes the world, at a time if one is given: then the clock moves only
// when something is made.
func open(t testing.TB, at ...time.Time) *world {
	t.Helper()
	d := dbtest.Open(t)
	for _, now := range at {
		d.SetClock(now)
	}
	keys, err := secret.Create(filepath.Join(t.TempDir(), "key"))
	must(t, err)
	_, err = job.New(ctx, d, job.NewWorkers(), job.Options{})
	must(t, err)
	w := &world{t: t, d: d, channel: map[string]string{}, still: len(at) > 0}
	cs := &channel.Channels{DB: d, Keys: keys, Networks: network.NewSet(&net{w}, &demo{net{w}})}
	allow := []outbound.Rule{{Prefix: netip.MustParsePrefix("127.0.0.0/8")}}
	client := outbound.New(outbound.Options{Allow: allow})
	t.Cleanup(client.Close)
	hooks := hook.New(hook.Options{Webhooks: &webhook.Webhooks{DB: d, Keys: keys, Allow: allow}, Client: client})
	lib := library(t, d)
	w.deps = api.Deps{DB: d, Hooks: hooks, Networks: cs.Networks, Channels: cs, Media: lib, Archives: &archive.Archiver{DB: d, Blobs: lib.Blobs, Library: lib, Program: "test"},
		Desk: publish.Desk{DB: d, Channels: cs}, Version: "test", Rates: account.Rates{Usual: 600, Most: 60000},
		Admit: &admit.Door{DB: d, Letters: &letter.Letters{DB: d}, BaseURL: "https://studio.example"}}
	w.h = api.New(w.deps)
	w.router = validator(t, w.h)
	w.north, w.south = w.home("north"), w.home("south")
	who, err := account.As(ctx, d, w.north.owner)
	must(t, err)
	for _, name := range []string{"news", "shop"} {
		w.tick()
		c, err := cs.Connect(ctx, who, w.north.brand, "test", "", network.Credential{"token": name})
		must(t, err)
		w.channel[name] = c.ID
	}
	return w
}

// tick moves a clock that stands still.
func (w *world) tick() {
	if w.still {
		w.d.SetClock(w.d.Now().Add(time.Minute).Time())
	}
}

func (w *world) home(name string) home {
	w.t.Helper()
	w.tick()
	a, err := account.Create(ctx, w.d, access.System(), account.New{Email: name + "@example.org", Name: name, Password: password}, nil)
	must(w.t, err)
	who, err := account.As(ctx, w.d, a)
	must(w.t, err)
	who.Grants = append(who.Grants, access.Grant{Role: access.Owner}) // of some brand: who has none starts none
	b, err := brand.Create(ctx, w.d, who, brand.New{Name: name})
	must(w.t, err)
	h := home{brand: b.ID, owner: a}
	h.token = w.token(h, access.Actions...)
	h.reader = w.token(h, access.PostRead, access.ChannelRead, access.MediaRead, access.BrandRead, access.MetricRead)
	return h
}

func (w *world) token(h home, scopes ...access.Action) string {
	w.t.Helper()
	w.tick()
	who, err := account.As(ctx, w.d, h.owner)
	must(w.t, err)
	_, plain, err := account.TokenCreate(ctx, w.d, who, h.brand, account.NewToken{Name: "test", Scopes: scopes, PerMinute: 60000})
	must(w.t, err)
	return plain
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// validator reads the document as another program would, and refuses one that
// is not OpenAPI.
func validator(t testing.TB, h http.Handler) routers.Router {
	t.Helper()
	openapi3filter.RegisterBodyDecoder("application/x-ndjson", openapi3filter.FileBodyDecoder)
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest("GET", "/api/openapi.json", nil))
	if rec.Code != 200 {
		t.Fatalf("openapi.json: %d %s", rec.Code, rec.Body)
	}
	doc, err := openapi3.NewLoader().LoadFromData(rec.Body.Bytes())
	must(t, err)
	doc.Servers = nil
	must(t, doc.Validate(ctx))
	r, err := gorillamux.NewRouter(doc)
	must(t, err)
	return r
}

type request struct {
	method, path, body, token string
	header                    map[string]string
}

type response struct {
	status int
	header http.Header
	body   string
}

func (r response) field(t testing.TB, path ...string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(r.body), &v); err != nil {
		t.Fatalf("%v: %s", err, r.body)
	}
	for _, p := range path {
		m, ok := v.(map[string]any)
		if !ok {
			t.Fatalf("no %v in %s", path, r.body)
		}
		v = m[p]
	}
	return v
}

func (r response) text(t testing.TB, path ...string) string {
	t.Helper()
	s, ok := r.field(t, path...).(string)
	if !ok {
		t.Fatalf("no text %v in %s", path, r.body)
	}
	return s
}

// ask sends a request and holds its answer against the document.
func (w *world) ask(r request) response {
	w.t.Helper()
	got, req := w.send(r)
	w.conforms(req, got)
	return got
}

func (w *world) send(r request) (response, *http.Request) {
	req := httptest.NewRequest(r.method, "/api/v1"+r.path, strings.NewReader(r.body))
	if r.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	for k, v := range r.header {
		req.Header.Set(k, v)
	}
	if w.from > 0 {
		req.RemoteAddr = fmt.Sprintf("198.51.%d.%d:1", w.from/250, w.from%250)
	}
	rec := httptest.NewRecorder()
	w.h.ServeHTTP(rec, req)
	return response{rec.Code, rec.Header(), rec.Body.String()}, req
}

func (w *world) conforms(req *http.Request, got response) {
	w.t.Helper()
	if got.status >= 400 {
		if ct := got.header.Get("Content-Type"); ct != "application/problem+json" {
			w.t.Errorf("%s %s: %d is %q: %s", req.Method, req.URL, got.status, ct, got.body)
		}
	}
	route, params, err := w.router.FindRoute(req)
	if err != nil {
		if got.status != 404 && got.status != 405 {
			w.t.Errorf("%s %s: %d, but %v", req.Method, req.URL, got.status, err)
		}
		return
	}
	in := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route},
		Status:                 got.status, Header: got.header, Body: io.NopCloser(bytes.NewReader([]byte(got.body))),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}
	if err := openapi3filter.ValidateResponse(ctx, in); err != nil {
		w.t.Errorf("%s %s: %v", req.Method, req.URL, err)
	}
}

// post makes a draft and returns its id.
func (w *world) post(body string) string {
	w.t.Helper()
	got := w.ask(request{"POST", "/posts", body, w.north.token, nil})
	if got.status != 201 {
		w.t.Fatalf("%d %s", got.status, got.body)
	}
	return got.text(w.t, "id")
}

// hear lets somebody write to north on the channel news, and returns the
// conversation and the person.
func (w *world) hear(handle, text string) (talk, human string) {
	w.t.Helper()
	w.said++
	id := fmt.Sprint("said-", w.said)
	err := w.d.Tx(ctx, func(tx *db.Tx) error {
		_, err := conversation.Take(ctx, tx, conversation.Source{Brand: w.north.brand, Channel: w.channel["news"], Network: "test"}, []network.Message{{
			Ref: network.Ref{ID: id}, Text: text, At: w.d.Now().Time(), Author: network.Author{ID: "id-" + handle, Handle: handle, Name: strings.TrimPrefix(handle, "@")}}}, false)
		return err
	})
	must(w.t, err)
	must(w.t, w.d.QueryRowContext(ctx, `SELECT id, person_id FROM conversation WHERE root = $1`, id).Scan(&talk, &human))
	return talk, human
}

func each(n int, f func(int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { f(i) })
	}
	wg.Wait()
}

func library(t testing.TB, d *db.DB) *media.Library {
	t.Helper()
	blobs, err := blob.OpenFolder(t.TempDir())
	must(t, err)
	return &media.Library{DB: d, Blobs: blobs}
}
