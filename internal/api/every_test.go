package api_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"image"
	"image/png"
	"mime/multipart"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/api"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/network"
)

var update = flag.Bool("update", false, "write the examples of answers anew")

// operation is one of the document, with its examples.
type operation struct {
	id, method, path, scope string
	status                  int
	query, body             string
	answers                 bool // with JSON
}

// operations are all of the document, those that only read first.
func (w *world) operations() []operation {
	rec := httptest.NewRecorder()
	w.h.ServeHTTP(rec, httptest.NewRequest("GET", "/api/openapi.json", nil))
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string                `json:"operationId"`
			Security    []map[string][]string `json:"security"`
			Parameters  []struct {
				Name, In string
				Example  any
			}
			RequestBody struct {
				Content map[string]struct{ Example json.RawMessage }
			}
			Responses map[string]struct {
				Content map[string]struct{ Example json.RawMessage }
			}
		}
	}
	must(w.t, json.Unmarshal(rec.Body.Bytes(), &doc))
	var out []operation
	for path, methods := range doc.Paths {
		for method, o := range methods {
			one := operation{id: o.OperationID, method: strings.ToUpper(method), path: strings.TrimPrefix(path, "/api/v1"),
				body: string(o.RequestBody.Content["application/json"].Example)}
			if len(o.Security) == 1 && len(o.Security[0]["token"]) == 1 {
				one.scope = o.Security[0]["token"][0]
			}
			for _, p := range o.Parameters {
				if p.In == "query" && p.Example != nil {
					one.query += fmt.Sprintf("&%s=%v", p.Name, p.Example)
				}
			}
			for status, r := range o.Responses {
				if strings.HasPrefix(status, "2") {
					_, one.answers = r.Content["application/json"]
					_, err := fmt.Sscan(status, &one.status)
					must(w.t, err)
				}
			}
			out = append(out, one)
		}
	}
	slices.SortFunc(out, func(a, b operation) int {
		if (a.method == "GET") != (b.method == "GET") {
			return strings.Compare(map[bool]string{true: "0", false: "1"}[a.method == "GET"], map[bool]string{true: "0", false: "1"}[b.method == "GET"])
		}
		return strings.Compare(a.id, b.id)
	})
	return out
}

func (o operation) kind() string { return strings.Split(o.path, "/")[1] }

// asked is an example of the operation on things that were made for it in
// north: each is new, so that what the operation does to it disturbs no other.
// known are the ids by the kinds that examples name.
func (w *world) asked(o operation) (r request, known map[string]string) {
	w.t.Helper()
	w.made++
	w.tick()
	known = map[string]string{"channels": w.channel["news"]}
	if strings.Contains(o.path, "{id}") {
		known[o.kind()] = w.make(o)
	}
	switch o.id {
	case "hold":
		w.send(request{"DELETE", "/holds/current", "", w.north.token, nil})
	case "make-label", "change-label":
		_, err := w.d.ExecContext(ctx, `DELETE FROM label WHERE brand_id = $1 AND name IN ('Shipping', 'Parcels')`, w.north.brand)
		must(w.t, err)
	case "invite":
		w.exec(`DELETE FROM invitation WHERE email = 'bea@example.com'`)
	case "change-approval":
		w.exec(`DELETE FROM approval_rule WHERE brand_id = $1`, w.north.brand)
	case "change-brand", "change-keeping":
		w.exec(`UPDATE brand SET tolerance_s = 3600, retention_days = 730, activity_days = 0, letter_days = 0 WHERE id = $1`, w.north.brand)
	case "change-notification-settings":
		w.exec(`DELETE FROM news_choice WHERE brand_id = $1`, w.north.brand)
		w.exec(`DELETE FROM digest WHERE brand_id = $1`, w.north.brand)
	case "hand-over":
		w.exec(`DELETE FROM handover WHERE brand_id = $1`, w.north.brand)
	case "create-export":
		w.exec(`UPDATE brand_export SET state = 'failed' WHERE state = 'waiting'`)
	case "release-hold":
		w.quietly(request{"POST", "/holds", `{"reason":"An outage."}`, w.north.token, nil})
	}
	fill := func(text string) string {
		for kind, id := range known {
			text = strings.ReplaceAll(text, api.IDOf(kind), id)
		}
		return strings.ReplaceAll(text, "…", fmt.Sprint("account-", w.made))
	}
	path := strings.NewReplacer("{id}", known[o.kind()], "{call}", w.sub, "{suggestion}", w.sub).Replace(o.path)
	r = request{o.method, path, fill(o.body), w.north.token, map[string]string{}}
	if o.query != "" {
		r.path += "?" + fill(o.query[1:])
	}
	if o.id == "add-media" || o.id == "set-logo" {
		r.body, r.header["Content-Type"] = upload(w.t, w.made)
	}
	return r, known
}

// upload is a picture that is like no other, as a browser sends it.
func upload(t testing.TB, n int) (body, kind string) {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	must(t, m.SetBoundary("an-example-of-a-boundary"))
	file, err := m.CreateFormFile("file", "harbour.png")
	must(t, err)
	must(t, png.Encode(file, square(n)))
	must(t, m.Close())
	return b.String(), m.FormDataContentType()
}

func square(n int) image.Image { return image.NewGray(image.Rect(0, 0, 40+n/200, 40+n%200)) }

// quietly does what a test needs and does not look at.
func (w *world) quietly(r request) response {
	w.t.Helper()
	w.tick()
	got, _ := w.send(r)
	if got.status >= 400 {
		w.t.Fatalf("%s %s: %d %s", r.method, r.path, got.status, got.body)
	}
	return got
}

// make makes what the operation's address names.
func (w *world) make(o operation) string {
	w.t.Helper()
	token := w.north.token
	id := func(r request) string { return w.quietly(r).text(w.t, "id") }
	then := func(id string, r request) string { w.quietly(r); return id }
	switch o.kind() {
	case "channels":
		c := id(request{"POST", "/channels", fmt.Sprintf(`{"network":"demo","credentials":{"token":"account-%d"}}`, w.made), token, nil})
		if o.id == "import-channel" {
			_, err := w.d.ExecContext(ctx, `INSERT INTO channel_import (channel_id, brand_id, state, stage, started_at, updated_at) VALUES ($1, $2, 'failed', 'posts', 1, 1)`, c, w.north.brand)
			must(w.t, err)
		}
		return c
	case "posts":
		p := id(request{"POST", "/posts", `{"text":"We open at nine.","channels":["` + w.channel["news"] + `"]}`, token, nil})
		switch o.id {
		case "unschedule-post":
			return then(p, request{"POST", "/posts/" + p + "/schedule", `{"at":"2027-03-01T09:00:00Z"}`, token, nil})
		case "restore-post":
			return then(p, request{"DELETE", "/posts/" + p, "", token, nil})
		case "approve-post", "send-back-post", "withdraw-post":
			w.exec(`UPDATE post SET state = 'in_review', submitted_by = $2, submitted_at = 1, author_id = $3, editor_id = $3 WHERE id = $1`, p, w.north.owner.ID,
				map[bool]string{true: w.north.owner.ID, false: "somebody"}[o.id == "withdraw-post"])
		case "suggest":
			w.exec(`UPDATE post SET author_id = 'somebody', editor_id = 'somebody' WHERE id = $1`, p)
		case "take-suggestion", "decline-suggestion":
			w.sub = db.NewID()
			w.exec(`INSERT INTO suggestion (id, brand_id, post_id, account_id, at, revision, texts, was, approver, state)
				VALUES ($1, $2, $3, 'somebody', 1, 1, '{"":["We open at ten."]}', '{"":["We open at nine."]}', FALSE, 'open')`, w.sub, w.north.brand, p)
		}
		return p
	case "comments":
		p := id(request{"POST", "/posts", `{"text":"We open at nine.","channels":["` + w.channel["news"] + `"]}`, token, nil})
		return id(request{"POST", "/posts/" + p + "/comments", `{"text":"Is the date right?"}`, token, nil})
	case "links":
		l := id(request{"POST", "/links", `{"target":"/"}`, token, nil})
		if o.id == "resume-link" {
			w.exec(`UPDATE link SET ended_at = 1 WHERE id = $1`, l)
		}
		return l
	case "tasks":
		return id(request{"POST", "/tasks", `{"title":"Ask the printer"}`, token, nil})
	case "handovers":
		w.exec(`DELETE FROM handover WHERE brand_id = $1`, w.north.brand)
		return id(request{"POST", "/handovers", `{"text":"The sale starts at nine."}`, token, nil})
	case "notifications":
		n := db.NewID()
		w.exec(`INSERT INTO notification (id, brand_id, account_id, kind, subject, text, href, source, created_at, read_at)
			VALUES ($1, $2, $3, 'delivery.missed', 'none', 'A post was missed', '/studio', $1, 1, 1)`, n, w.north.brand, w.north.owner.ID)
		return n
	case "team":
		a, err := account.Create(ctx, w.d, access.System(), account.New{Email: fmt.Sprintf("bea-%d@example.com", w.made), Name: "Bea Roth", Password: password}, nil)
		must(w.t, err)
		must(w.t, w.d.Tx(ctx, func(tx *db.Tx) error {
			return account.Put(ctx, tx, a.ID, access.Grant{Brand: w.north.brand, Role: access.Creator})
		}))
		return a.ID
	case "invitations":
		return id(request{"POST", "/invitations", fmt.Sprintf(`{"email":"cleo-%d@example.com","role":"creator"}`, w.made), token, nil})
	case "webhooks":
		w.exec(`DELETE FROM webhook WHERE brand_id = $1`, w.north.brand)
		h := id(request{"POST", "/webhooks", `{"url":"http://127.0.0.1:9/hooks","events":["post.saved"]}`, token, nil})
		w.sub = db.NewID()
		w.exec(`INSERT INTO webhook_call (id, brand_id, webhook_id, event_id, type, body, state, tries, next_at, created_at)
			VALUES ($1, $2, $3, $1, 'post.saved', '{"type":"post.saved"}', 'failed', 1, 0, 1)`, w.sub, w.north.brand, h)
		return h
	case "exports":
		e := db.NewID()
		_, err := w.deps.Media.Blobs.Put(ctx, "export-"+e, strings.NewReader("PK"))
		must(w.t, err)
		w.exec(`INSERT INTO brand_export (id, brand_id, account_id, state, done, most, bytes, blob, created_at, updated_at, finished_at)
			VALUES ($1, $2, $3, 'done', 2, 2, 2, $4, 1, 1, 1)`, e, w.north.brand, w.north.owner.ID, "export-"+e)
		return e
	case "labels":
		return id(request{"POST", "/labels", fmt.Sprintf(`{"name":"Label %d"}`, w.made), token, nil})
	case "deliveries":
		if o.id == "take-back-reply" {
			talk, _ := w.says("Mira Kolb", "Are you open on Sunday?")
			return w.quietly(request{"POST", "/conversations/" + talk + "/replies", `{"text":"We are."}`, token, nil}).text(w.t, "delivery")
		}
		p := id(request{"POST", "/posts", `{"text":"We open at nine.","channels":["` + w.channel["news"] + `"],"publish_at":"2027-03-01T09:00:00Z"}`, token, nil})
		var d string
		must(w.t, w.d.QueryRowContext(ctx, `SELECT id FROM delivery WHERE post_id = $1`, p).Scan(&d))
		if o.id == "resolve-delivery" {
			_, err := w.d.ExecContext(ctx, `UPDATE delivery SET state = 'unknown', reason = 'The connection broke.' WHERE id = $1`, d)
			must(w.t, err)
			_, err = w.d.ExecContext(ctx, `UPDATE part SET state = 'unknown' WHERE delivery_id = $1`, d)
			must(w.t, err)
		}
		return d
	case "media":
		var b bytes.Buffer
		must(w.t, png.Encode(&b, square(w.made)))
		m := id(request{"POST", "/media?name=harbour.png", b.String(), token, map[string]string{"Content-Type": "image/png"}})
		if o.id == "restore-media" {
			return then(m, request{"DELETE", "/media/" + m, "", token, nil})
		}
		return m
	case "conversations", "people":
		talk, human := w.says("Mira Kolb", "Are you open on Sunday?")
		if o.kind() == "people" {
			return human
		}
		return talk
	case "tokens":
		return id(request{"POST", "/tokens", `{"name":"Website","scopes":["posts:read"]}`, token, nil})
	}
	w.t.Fatalf("%s: no test may name %s before it knows how to make one", o.id, o.path)
	return ""
}

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	_, err := w.d.ExecContext(ctx, query, args...)
	must(w.t, err)
}

// says lets somebody new with that name write to north on the channel news.
func (w *world) says(name, text string) (talk, human string) {
	w.t.Helper()
	w.said++
	w.tick()
	id := fmt.Sprint("said-", w.said)
	err := w.d.Tx(ctx, func(tx *db.Tx) error {
		_, err := conversation.Take(ctx, tx, conversation.Source{Brand: w.north.brand, Channel: w.channel["news"], Network: "test"}, []network.Message{{
			Ref: network.Ref{ID: id}, Text: text, At: w.d.Now().Time(), Author: network.Author{ID: "author-" + id, Handle: "@mira@demo.example", Name: name}}}, false)
		return err
	})
	must(w.t, err)
	must(w.t, w.d.QueryRowContext(ctx, `SELECT id, person_id FROM conversation WHERE brand_id = $1 AND root = $2`, w.north.brand, id).Scan(&talk, &human))
	return talk, human
}

var start = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// TestExamples asks every operation what its example asks, and holds the answer
// against the document and against the example that stands there.
func TestExamples(t *testing.T) {
	w := open(t, start)
	w.label("Shipping")
	w.says("Mira Kolb", "When do you open?")
	w.make(operation{id: "delivery", path: "/deliveries/{id}"})
	got := map[string]json.RawMessage{}
	for _, o := range w.operations() {
		t.Run(o.id, func(t *testing.T) {
			w.t = t
			r, known := w.asked(o)
			answer := w.ask(r)
			if answer.status != o.status {
				t.Fatalf("%s %s %s: %d %s", r.method, r.path, r.body, answer.status, answer.body)
			}
			if o.answers {
				got[o.id] = tidy(t, answer.body, known)
			}
		})
	}
	file, err := json.MarshalIndent(got, "", " ")
	must(t, err)
	if *update {
		must(t, os.WriteFile("examples.json", append(file, '\n'), 0o644))
		return
	}
	stands, err := os.ReadFile("examples.json")
	must(t, err)
	if diff := cmp.Diff(string(stands), string(file)+"\n"); diff != "" {
		t.Errorf("The examples are not what is answered now. Run go test ./internal/api -run TestExamples -update.\n%s", diff)
	}
}

func (w *world) label(name string) {
	w.quietly(request{"POST", "/labels", `{"name":"` + name + `","hue":210}`, w.north.token, nil})
}

var uuids = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
var secrets = regexp.MustCompile(`(rap_|whsec_|/invitation/)[A-Za-z0-9_+/=-]{20,}`)

// tidy gives an answer ids that stay the same, and cuts its lists.
func tidy(t *testing.T, body string, known map[string]string) json.RawMessage {
	t.Helper()
	seen := map[string]string{}
	for kind, id := range known {
		seen[id] = api.IDOf(kind)
	}
	body = secrets.ReplaceAllString(body, "${1}…")
	var v any
	must(t, json.Unmarshal([]byte(body), &v))
	b, err := json.Marshal(cut(v))
	must(t, err)
	return json.RawMessage(uuids.ReplaceAllStringFunc(string(b), func(id string) string {
		if seen[id] == "" {
			seen[id] = fmt.Sprintf("0197c0de-0000-7000-8000-%012d", len(seen))
		}
		return seen[id]
	}))
}

// cut keeps two of every list, and makes the same of what no two runs share.
func cut(v any) any {
	switch v := v.(type) {
	case []any:
		v = v[:min(len(v), 2)]
		for i := range v {
			v[i] = cut(v[i])
		}
		return v
	case map[string]any:
		for k := range v {
			v[k] = cut(v[k])
		}
		// How long a call took differs by machine and moment.
		if _, timed := v["took_ms"]; timed {
			v["took_ms"] = 12
		}
		// Codes are random.
		if _, short := v["target"]; short && v["code"] != nil {
			v["code"], v["url"] = "f4bq3d8n", "https://talk.example.com/l/f4bq3d8n"
		}
	}
	return v
}

// TestEveryWriteHappensOnce sends every write with a key: again, with another
// body, and many times at once.
func TestEveryWriteHappensOnce(t *testing.T) {
	w := open(t)
	for _, o := range w.operations() {
		if o.method == "GET" {
			continue
		}
		t.Run(o.id, func(t *testing.T) {
			w.t = t
			r, _ := w.asked(o)
			r.header["Idempotency-Key"] = "one " + o.id
			before := w.rows()
			first := w.ask(r)
			if first.status != o.status {
				t.Fatalf("%d %s", first.status, first.body)
			}
			once := w.rows()
			again := w.ask(r)
			if again.status != first.status || again.body != first.body || again.header.Get("Idempotent-Replayed") != "true" {
				t.Errorf("again: %d %s\nfirst: %d %s", again.status, again.body, first.status, first.body)
			}
			if diff := cmp.Diff(once, w.rows()); diff != "" {
				t.Errorf("again changed something: %s", diff)
			}
			other := r
			if other.body += " "; o.id == "add-media" {
				other.body, _ = upload(t, 9999)
			}
			if got := w.ask(other); got.status != 422 {
				t.Errorf("the key with another body: %d %s", got.status, got.body)
			}
			if diff := cmp.Diff(once, w.rows()); diff != "" {
				t.Errorf("another body changed something: %s", diff)
			}
			w.atOnce(t, o, less(once, before))
		})
	}
}

// atOnce holds that the same write sent at once does what one does.
func (w *world) atOnce(t *testing.T, o operation, one map[string]int) {
	r, _ := w.asked(o)
	r.header["Idempotency-Key"] = "many " + o.id
	before := w.rows()
	var mu sync.Mutex
	counts := map[int]int{}
	each(5, func(int) {
		got, _ := w.send(r)
		mu.Lock()
		counts[got.status]++
		mu.Unlock()
	})
	if counts[o.status] == 0 || counts[o.status]+counts[409] != 5 {
		t.Errorf("at once: %v", counts)
	}
	if got := less(w.rows(), before); len(got) > 0 || len(one) > 0 {
		if diff := cmp.Diff(one, got); diff != "" {
			t.Errorf("at once did not what one does: %s", diff)
		}
	}
}

// rows is how many there are of north in each table, but for what is kept of
// the requests themselves.
func (w *world) rows() map[string]int {
	w.t.Helper()
	out := map[string]int{}
	for _, table := range w.tables() {
		var n int
		must(w.t, w.d.QueryRowContext(ctx, `SELECT COUNT(*) FROM `+table+` WHERE brand_id = $1`, w.north.brand).Scan(&n))
		out[table] = n
	}
	delete(out, "idempotency")
	return out
}

func less(a, b map[string]int) map[string]int {
	out := map[string]int{}
	for k, n := range a {
		if n != b[k] {
			out[k] = n - b[k]
		}
	}
	return out
}

// tables are those whose rows belong to a brand.
func (w *world) tables() []string {
	w.t.Helper()
	query := `SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c ON c.name = 'brand_id' WHERE m.type = 'table'`
	if w.d.Dialect == db.Postgres {
		query = `SELECT table_name FROM information_schema.columns WHERE column_name = 'brand_id' AND table_schema = current_schema()`
	}
	rows, err := w.d.QueryContext(ctx, query)
	must(w.t, err)
	defer rows.Close()
	var out []string
	for rows.Next() {
		var name string
		must(w.t, rows.Scan(&name))
		out = append(out, name)
	}
	must(w.t, rows.Err())
	return out
}

// TestPermissionsOfEveryOperation: every operation for a token of each role,
// with one scope less, of another brand, with an ended grant and without one.
// Who has the scope gets somewhere, nobody else does.
func TestPermissionsOfEveryOperation(t *testing.T) {
	w := open(t)
	all := w.operations()
	for _, role := range access.Roles {
		token := w.member(string(role), access.Grant{Role: role})
		for _, o := range all {
			r, _ := w.asked(o)
			if r.token = token; o.id == "revoke-token" && access.Allows(role, access.TokenWrite) {
				r.token = w.north.token
			}
			got := w.ask(r)
			may := o.scope == "" || access.Allows(role, access.Action(o.scope))
			switch {
			case o.id == "me" && !access.Allows(role, access.BrandRead), o.id == "search" && !access.Allows(role, access.PostRead):
				if got.status != 403 { // they find nothing that they may read
					t.Errorf("%s: %s: %d %s", role, o.id, got.status, got.body)
				}
			case may && (o.id == "unread-notification" || o.id == "withdraw-post" || o.id == "remove-comment" && role != access.Owner):
				// one's own notifications, posts and comments
			case may && (got.status == 401 || got.status == 403 || got.status == 404 || got.status >= 500):
				t.Errorf("%s has %s and gets %d from %s: %s", role, o.scope, got.status, o.id, got.body)
			case !may && got.status != 403:
				t.Errorf("%s lacks %s and gets %d from %s: %s", role, o.scope, got.status, o.id, got.body)
			}
		}
	}
	ended := w.member("ended", access.Grant{Role: access.Owner, EndsAt: 1})
	for _, o := range all {
		r, _ := w.asked(o)
		for name, token := range map[string]string{"ended": ended, "unknown": "rap_unknown", "of another kind": "secret", "none": ""} {
			w.from++
			r.token = token
			if got := w.ask(r); got.status != 401 || !strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Bearer") {
				t.Errorf("%s with a token that is %s: %d %s", o.id, name, got.status, got.body)
			}
		}
		if o.scope != "" {
			r.token = w.token(w.north, without(o.scope)...)
			if got := w.ask(r); got.status != 403 {
				t.Errorf("%s without %s: %d %s", o.id, o.scope, got.status, got.body)
			}
		}
	}
}

// TestPermissionsAcrossBrands: every operation with the ids of another brand:
// it is not there, nothing of it is told, changed or taken over.
func TestPermissionsAcrossBrands(t *testing.T) {
	w := open(t)
	for _, o := range w.operations() {
		r, known := w.asked(o)
		before := w.rows()
		r.token = w.south.token
		got := w.ask(r)
		if got.status >= 500 || strings.Contains(o.path, "{id}") && got.status != 404 {
			t.Errorf("%s: %d %s", o.id, got.status, got.body)
		}
		for _, words := range []string{"We open at nine", "Mira", "@news", "account-"} {
			if strings.Contains(got.body, words) && !strings.Contains(r.body, words) {
				t.Errorf("%s tells of another brand: %s", o.id, got.body)
			}
		}
		if diff := cmp.Diff(before, w.rows()); diff != "" {
			t.Errorf("%s changed another brand: %s", o.id, diff)
		}
		for _, table := range w.tables() {
			for _, row := range w.all(table, w.south.brand) {
				for kind, id := range known {
					if strings.Contains(row, id) {
						t.Fatalf("%s: a row took over one of the %s: %s %s", o.id, kind, table, row)
					}
				}
			}
		}
	}
}

// all is the brand's rows of a table, as text.
func (w *world) all(table, brandID string) []string {
	w.t.Helper()
	rows, err := w.d.QueryContext(ctx, `SELECT * FROM `+table+` WHERE brand_id = $1`, brandID)
	must(w.t, err)
	defer rows.Close()
	columns, err := rows.Columns()
	must(w.t, err)
	var out []string
	for rows.Next() {
		row, to := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			to[i] = &row[i]
		}
		must(w.t, rows.Scan(to...))
		out = append(out, fmt.Sprintf("%s", row))
	}
	must(w.t, rows.Err())
	return out
}

// TestPermissionsOfOneChannel: every operation for somebody who works on
// another channel.
func TestPermissionsOfOneChannel(t *testing.T) {
	w := open(t)
	token := w.member("guest", access.Grant{Role: access.Manager, Channels: []string{w.channel["shop"]}})
	for _, o := range w.operations() {
		r, known := w.asked(o)
		r.token = token
		got := w.ask(r)
		reach := access.FactOf(access.Action(o.scope)).Reach
		if named := strings.Contains(o.path, "{id}") && reach == access.Named && o.kind() != "labels" && o.kind() != "tasks" && o.kind() != "links"; named && got.status != 403 && got.status != 404 || got.status >= 500 ||
			o.scope != "" && reach == access.Whole && got.status != 403 {
			t.Errorf("%s: %d %s", o.id, got.status, got.body)
		}
		for _, words := range []string{"We open at nine", "Mira", "@news", "account-", known["channels"]} {
			if strings.Contains(got.body, words) && !strings.Contains(r.body+r.path, words) {
				t.Errorf("%s tells of another channel: %s", o.id, got.body)
			}
		}
	}
}

// member is a token with every scope of somebody in north, who was its owner
// when it was made.
func (w *world) member(name string, g access.Grant) string {
	w.t.Helper()
	a, err := account.Create(ctx, w.d, access.System(), account.New{Email: name + "@example.org", Name: name, Password: password}, nil)
	must(w.t, err)
	g.Brand = w.north.brand
	put := func(g access.Grant) {
		must(w.t, w.d.Tx(ctx, func(tx *db.Tx) error { return account.Put(ctx, tx, a.ID, g) }))
	}
	put(access.Grant{Brand: g.Brand, Role: access.Owner})
	token := w.token(home{brand: w.north.brand, owner: a}, access.Actions...)
	put(g)
	return token
}

func without(scope string) []access.Action {
	return slices.DeleteFunc(slices.Clone(access.Actions), func(a access.Action) bool { return string(a) == scope })
}
