package web_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"image"
	"image/png"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/answer"
	"rapport/internal/brand"
	"rapport/internal/channel"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/document"
	"rapport/internal/link"
	"rapport/internal/member"
	"rapport/internal/merge"
	"rapport/internal/post"
	"rapport/internal/space"
	"rapport/internal/task"
	"rapport/internal/web"
	"rapport/internal/web/webtest"
	"rapport/internal/webhook"
)

// The marks stand in everything that a brand owns.
const (
	ours   = "quokka"
	theirs = "katmandu"
)

// town is one brand of two with somebody of each kind and one of everything.
type town struct {
	*webtest.Site
	t     *testing.T
	brand brand.Brand
	owner account.Account
	home  channel.Channel
	used  string            // a picture that every post shows
	last  map[string]string // ids of what others hang on
	made  int
}

// newTown makes a brand whose every field holds the mark.
func newTown(t *testing.T, s *webtest.Site, mark string) *town {
	t.Helper()
	w := &town{Site: s, t: t, last: map[string]string{}, owner: s.NewAccount(mark+"-owner@example.com", mark+" owner")}
	w.enter()
	w.brand = s.NewBrand(mark)
	w.enter()
	w.home = s.Connect(mark + "-home")
	exec(t, s.DB, `INSERT INTO notification (id, brand_id, account_id, kind, subject, text, href, source, created_at)
		VALUES ($1, $2, $3, 'delivery.missed', 'none', $4, '/studio', $5, 1)`, "notice-"+mark, w.brand.ID, w.owner.ID, mark, mark)
	w.enter()
	_, err := brand.Change(t.Context(), s.DB, s.Who(), w.brand.ID, brand.Settings{Name: mark, Color: "#0f766e", Zone: "Europe/Paris", Language: "en", Tolerance: time.Hour, Retention: 365})
	w.ok(err)
	_, err = brand.Hold(t.Context(), s.DB, s.Who(), w.brand.ID, mark+" hold")
	w.ok(err)
	w.ok(brand.Release(t.Context(), s.DB, s.Who(), w.brand.ID))
	w.used = w.id("media", w.owner)
	return w
}

func (w *town) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// enter makes the owner the one who acts.
func (w *town) enter() {
	w.SignIn(w.owner)
	w.Brand = w.brand
}

// id makes a new one of what a route names so, for whoever asks. It leaves the
// owner signed in.
func (w *town) id(kind string, asks account.Account) string {
	w.t.Helper()
	w.enter()
	w.made++
	name := fmt.Sprint(w.brand.Name, "-", w.made)
	shared := strings.ReplaceAll(name, "-", " ") // what the whole team may see
	ctx := context.Background()
	make, known := map[string]func() string{
		"comment": func() string {
			if asks.ID == "" {
				asks = w.owner
			}
			exec(w.t, w.DB, `INSERT INTO comment (id, brand_id, post_id, account_id, text, created_at) VALUES ($1, $2, $3, $4, $5, 1)`, name, w.brand.ID, w.last["post"], asks.ID, name)
			return name
		},
		"task": func() string {
			t, err := task.Create(ctx, w.DB, w.Who(), w.brand.ID, "", "", task.Input{Title: shared})
			w.ok(err)
			return t.ID
		},
		"handover": func() string {
			id := db.NewID()
			exec(w.t, w.DB, `INSERT INTO handover (id, brand_id, account_id, text, at) VALUES ($1, $2, $3, $4, 1)`, id, w.brand.ID, w.owner.ID, shared)
			return id
		},
		"space": func() string {
			s, err := space.Create(ctx, w.DB, w.Who(), w.brand.ID, space.Settings{Name: shared, Kind: space.Discussion})
			w.ok(err)
			w.last["space"] = s.ID
			return s.ID
		},
		"member": func() (id string) {
			w.ok(w.DB.Tx(ctx, func(tx *db.Tx) error {
				m, err := member.Create(ctx, tx, w.brand.ID, member.New{Handle: fmt.Sprintf("someone%d", w.made), Name: shared, State: member.Active})
				id = m.ID
				return err
			}))
			return id
		},
		"picture": func() string { // its file is missing
			author := w.id("member", w.owner)
			exec(w.t, w.DB, `INSERT INTO topic_picture (id, brand_id, member_id, blob, mime, bytes, width, height, at) VALUES ($1, $2, $3, $1, 'image/png', 1, 1, 1, 1)`, name, w.brand.ID, author)
			return name
		},
		"case": func() string {
			author, at := w.id("member", w.owner), w.id("space", w.owner)
			exec(w.t, w.DB, `INSERT INTO topic (id, brand_id, number, space_id, author_id, title, slug, state, last_at, last_by, created_at)
				VALUES ($1, $2, $3, $4, $5, $6, 'x', 'waiting', 1, $5, 1)`, name, w.brand.ID, w.made, at, author, shared)
			exec(w.t, w.DB, `INSERT INTO reply (id, brand_id, topic_id, space_id, number, author_id, state, text, html, at, created_at)
				VALUES ($1, $2, $1, $3, 1, $4, 'waiting', $5, $5, 1, 1)`, name, w.brand.ID, at, author, shared)
			return name
		},
		"said": func() string {
			id := w.id("case", asks)
			exec(w.t, w.DB, `UPDATE topic SET state = 'live' WHERE id = $1`, id)
			exec(w.t, w.DB, `UPDATE reply SET state = 'live' WHERE id = $1`, id)
			return id
		},
		"link": func() string {
			l, err := link.Create(ctx, w.DB, w.Who(), w.brand.ID, "", link.New{Target: "/t/" + strings.ReplaceAll(shared, " ", "-") + "/1"})
			w.ok(err)
			return l.ID
		},
		"paper": func() string {
			exec(w.t, w.DB, `DELETE FROM document WHERE brand_id = $1`, w.brand.ID)
			return document.Imprint
		},
		"invitation": func() string {
			exec(w.t, w.DB, `INSERT INTO invitation (id, brand_id, email, role, token_hash, mailed, invited_by, created_at, sent_at, expires_at)
				VALUES ($1, $2, $3, 'creator', $6, TRUE, $4, 1, 1, $5)`, name, w.brand.ID, name+"@example.com", w.owner.ID, w.DB.Now().Add(time.Hour), name)
			return name
		},
		"account": func() string {
			a := w.NewAccount(name+"-mate@example.com", shared)
			w.ok(w.DB.Tx(ctx, func(tx *db.Tx) error {
				return account.Put(ctx, tx, a.ID, access.Grant{Brand: w.brand.ID, Role: access.Analyst})
			}))
			return a.ID
		},
		"webhook": func() string {
			exec(w.t, w.DB, `DELETE FROM webhook WHERE brand_id = $1 AND id <> $2`, w.brand.ID, w.last["kept"])
			e, _, err := w.Hooks.Webhooks.Create(ctx, w.Who(), w.brand.ID, webhook.Input{URL: "http://127.0.0.1:9/" + name, About: name, Events: []string{"post.saved"}})
			w.ok(err)
			w.last["webhook"] = e.ID
			if w.last["kept"] == "" {
				w.last["kept"] = e.ID
			}
			return e.ID
		},
		"call": func() string {
			exec(w.t, w.DB, `INSERT INTO webhook_call (id, brand_id, webhook_id, event_id, type, body, state, next_at, created_at)
				VALUES ($1, $2, $3, $5, 'post.saved', $4, 'failed', 0, 1)`, name, w.brand.ID, w.last["webhook"], `{"type":"`+name+`"}`, name)
			return name
		},
		"export": func() string {
			exec(w.t, w.DB, `INSERT INTO brand_export (id, brand_id, account_id, state, error, created_at, updated_at) VALUES ($1, $2, $3, 'failed', $4, 1, 1)`, name, w.brand.ID, w.owner.ID, name)
			return name
		},
		"suggestion": func() string {
			exec(w.t, w.DB, `INSERT INTO suggestion (id, brand_id, post_id, account_id, at, revision, texts, was, note, approver, state)
				VALUES ($1, $2, $3, $4, 1, 1, '{"":["x"]}', '{"":["y"]}', $5, FALSE, 'open')`, name, w.brand.ID, w.last["post"], w.owner.ID, name)
			return name
		},
		"brand":   func() string { return w.brand.Slug },
		"network": func() string { return "paper" },
		"channel": func() string { return w.Connect(name).ID },
		"post": func() string {
			p, err := post.Draft(ctx, w.DB, w.Who(), w.brand.ID, post.Input{Body: post.Body{Parts: []post.Part{{Text: "common " + name, Media: []string{w.used}}}}, Variants: []post.Variant{{Channel: w.home.ID}}})
			w.ok(err)
			w.last["post"] = p.ID
			return p.ID
		},
		"delivery": func() string {
			_, ds := w.Schedule("common "+name, w.DB.Now().Add(time.Hour), w.home.ID)
			exec(w.t, w.DB, `UPDATE delivery SET state = 'missed', reason = 'late' WHERE id = $1`, ds[0])
			return ds[0]
		},
		"media": func() string {
			var picture bytes.Buffer
			w.ok(png.Encode(&picture, image.NewGray(image.Rect(0, 0, 40, 40+w.made%200))))
			m, err := w.Media.Add(ctx, w.Who(), w.brand.ID, w.brand.Name+".png", &picture)
			w.ok(err)
			return m.ID
		},
		"token": func() string {
			t, _, err := account.TokenCreate(ctx, w.DB, w.Who(), w.brand.ID, account.NewToken{Name: name, Scopes: []access.Action{access.PostRead}})
			w.ok(err)
			return t.ID
		},
		"letter": func() string {
			exec(w.t, w.DB, `INSERT INTO letter (id, brand_id, account_id, address, subject, text, state, source, created_at)
				VALUES ($1, $2, $3, 'x@example.com', $4, $5, 'kept', $6, 1)`, name, w.brand.ID, w.owner.ID, name, name, name)
			return name
		},
		"session": func() string {
			if asks.ID == "" {
				asks = w.owner
			}
			s, _, err := account.Begin(ctx, w.DB, asks, account.Meta{Agent: name})
			w.ok(err)
			return s.ID
		},
		"conversation": func() string {
			w.Hear(w.home, w.Said(name, name, "common "+name, "", time.Minute))
			return w.Talk(name).ID
		},
		"look": func() string {
			reply, id := w.id("case", w.owner), db.NewID()
			exec(w.t, w.DB, `INSERT INTO conversation (id, brand_id, channel_id, kind, root, state, state_at, last_at, created_at) VALUES ($1, $2, $3, 'waiting', $4, 'new', 1, 1, 1)`,
				id, w.brand.ID, w.home.ID, "wait-"+reply)
			return id
		},
		"message": func() (id string) {
			w.ok(w.DB.QueryRowContext(ctx, `SELECT id FROM message WHERE conversation_id = $1`, w.id("conversation", w.owner)).Scan(&id))
			return id
		},
		"crossing": func() string {
			about := w.id("case", w.owner)
			exec(w.t, w.DB, `INSERT INTO crossing (id, brand_id, channel_id, conversation_id, message_id, topic_id, account_id, back, state, post_id, created_at)
				VALUES ($1, $2, $3, $4, $1, $5, $6, FALSE, 'returned', 'none', 1)`, name, w.brand.ID, w.home.ID, w.id("conversation", w.owner), about, w.owner.ID)
			return name
		},
		"reply": func() string {
			m, err := answer.Reply(ctx, w.DB, w.Who(), w.brand.ID, w.id("conversation", w.owner), answer.Input{Text: name})
			w.ok(err)
			exec(w.t, w.DB, `UPDATE delivery SET state = 'missed', reason = 'late' WHERE id = $1`, m.Delivery)
			return m.Delivery
		},
		"label": func() string {
			l, err := conversation.MakeLabel(ctx, w.DB, w.Who(), w.brand.ID, fmt.Sprintf("%s %d", w.brand.Name, w.made), 1)
			w.ok(err)
			return l.ID
		},
		"person": func() string {
			w.Hear(w.home, w.Said(name, name, "common "+name, "", time.Minute))
			var id string
			w.ok(w.DB.QueryRowContext(ctx, `SELECT person_id FROM conversation WHERE brand_id = $1 AND root = $2`, w.brand.ID, name).Scan(&id))
			return id
		},
		"other": func() string { return w.id("person", asks) },
		"merge": func() string {
			a, b := w.id("person", w.owner), w.id("person", w.owner)
			pair, err := merge.Review(ctx, w.DB, access.System(), w.brand.ID, a, b)
			w.ok(err)
			g, err := merge.Do(ctx, w.DB, access.System(), w.brand.ID, a, b, pair.Revision, name)
			w.ok(err)
			return g.ID
		},
	}[kind]
	if !known {
		w.t.Fatalf("no route may name {%s} before this test knows how to make one", kind)
	}
	return make()
}

var wildcard = regexp.MustCompile(`\{([a-z]+)\}`)

// kinds are what a form may name beside what stands in the address.
var kinds = []string{"post", "channel", "media", "delivery", "conversation", "person", "label", "token", "reply", "webhook", "space"}

// ids are of everything once. What a form may change is made for each anew.
func (w *town) ids(asks account.Account) map[string]string {
	out := map[string]string{"brand": w.brand.Slug}
	for _, kind := range slices.Concat([]string{"letter", "session", "network", "export"}, kinds, []string{"suggestion", "call", "comment", "task", "handover", "invitation", "account", "space", "member", "picture", "case", "said", "link", "paper", "look", "message", "crossing", "other", "merge"}) {
		out[kind] = w.id(kind, asks)
	}
	return out
}

// visit fills in what the address and the form name.
func visit(pattern string, address, form map[string]string, assignee string) *http.Request {
	method, path, _ := strings.Cut(pattern, " ")
	path = wildcard.ReplaceAllStringFunc(path, func(s string) string { return address[s[1:len(s)-1]] })
	path = strings.TrimSuffix(path, "{$}")
	if method == http.MethodGet {
		return httptest.NewRequest(method, path+"?"+url.Values{"post": {form["post"]}, "from": {form["post"]}, "media": {form["media"]},
			"channel": {form["channel"]}, "label": {form["label"]}, "q": {"common"}}.Encode(), nil)
	}
	v := url.Values{"id": {form["post"]}, "post": {form["post"]}, "channel": {form["channel"]}, "conversation": {form["conversation"]}, "delivery": {form["delivery"]},
		"media": {form["media"]}, "media.all.0": {form["media"]}, "add": {form["label"]}, "remove": {form["label"]}, "assignee": {assignee}, "scopes": {"posts:read"},
		"revision": {"1"}, "n.all": {"1"}, "text.all.0": {"hello"}, "alt." + form["media"]: {"hello"}, "act": {"draft"}, "edit": {"part.add"}, "state": {"done"},
		"at": {"2031-01-01T10:00"}, "to": {"2031-01-01T10:00"}, "choice": {"drop"}, "reason": {"x"}, "alt": {"hello"}, "note": {"hello"}, "text": {"hello"},
		"title": {"hello"}, "x": {"0"}, "y": {"0"}, "width": {"20"}, "height": {"20"}, "name": {"hello"}, "was.name": {"hello"}, "days": {"7"}, "password": {"x"}, "current": {"x"}}
	switch { // the same name asks for something else in some places
	case strings.HasSuffix(path, "/answer"):
		v.Del("to")
	case strings.HasSuffix(path, "/promote"):
		v.Set("reply", form["said"])
	case strings.HasSuffix(path, "/links"):
		v.Set("target", "/")
	case strings.HasSuffix(path, "/posts/bulk"):
		v.Set("act", "delete")
	case strings.HasSuffix(path, "/inbox/bulk"):
		v.Set("act", "done")
	case strings.HasSuffix(path, "/moderators"):
		v.Set("accounts", assignee)
	case strings.Contains(path, "/community/cases/"):
		v.Set("act", "approved")
		v.Set("seen", "1")
	case strings.Contains(path, "/community/members/"):
		v.Set("act", "suspended")
	case strings.Contains(path, "/community/"):
		for name, value := range map[string]string{"kind": "discussion", "joining": "open", "first_posts": "2", "version": "0", "way": "up", "open": "true"} {
			v.Set(name, value)
		}
	case strings.HasSuffix(path, "/decide"):
		v.Set("act", "approved")
		v.Set("seen", "1")
	case strings.HasSuffix(path, "/topic"):
		v.Set("space", form["space"])
	case strings.Contains(path, "/inbox/"):
		v.Set("delivery", form["reply"])
	}
	r := httptest.NewRequest(method, path, strings.NewReader(v.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// visitor is somebody at the door of the brand, with what they may.
type visitor struct {
	name    string
	account account.Account
	may     func(access.Action) bool
}

// visitors are one of each role, and those who have no part in the brand.
func (w *town) visitors() []visitor {
	w.t.Helper()
	var out []visitor
	none := func(access.Action) bool { return false }
	add := func(name string, may func(access.Action) bool, g access.Grant) {
		a := w.NewAccount(name+"@example.com", name)
		if g.Role != "" {
			g.Brand = w.brand.ID
			w.ok(w.DB.Tx(w.t.Context(), func(tx *db.Tx) error { return account.Put(w.t.Context(), tx, a.ID, g) }))
		}
		out = append(out, visitor{name, a, may})
	}
	for _, r := range access.Roles {
		add(string(r), func(a access.Action) bool { return access.Allows(r, a) }, access.Grant{Role: r})
	}
	add("nobody", none, access.Grant{})
	add("ended", none, access.Grant{Role: access.Owner, EndsAt: w.DB.Now().Add(-time.Minute)})
	return append(out, visitor{name: "signed-out", may: none})
}

func (w *town) as(v visitor) {
	w.SignOut()
	if v.account.ID != "" {
		w.SignIn(v.account)
	}
}

// inBrand are the routes below a brand; each must say what it needs.
func inBrand(t *testing.T, p *web.Pages) []web.Address {
	t.Helper()
	var out []web.Address
	for _, a := range p.Addresses() {
		in := strings.Contains(a.Pattern, "{brand}")
		if in != (a.Need != "") || in && !slices.Contains(access.Actions, a.Need) {
			t.Errorf("%s needs %q: a route below a brand says what it needs, and no other does", a.Pattern, a.Need)
		}
		if in {
			out = append(out, a)
		}
	}
	return out
}

// address are the ids that the address of a route names.
func (w *town) address(pattern string, from func(kind string) string) map[string]string {
	out := map[string]string{}
	for _, m := range wildcard.FindAllStringSubmatch(pattern, -1) {
		out[m[1]] = from(m[1])
	}
	return out
}

// Every route for every role: who has what it needs gets somewhere, nobody
// else does or changes anything, and never is a word of another brand in the
// answer.
func TestPermissionsOfEveryRoute(t *testing.T) {
	s := webtest.Empty(t)
	south, north := newTown(t, s, theirs), newTown(t, s, ours)
	south.ids(south.owner)
	shown := north.ids(north.owner)
	for _, v := range north.visitors() {
		before := everything(t, s.DB, north.brand.ID)
		for _, allowed := range []bool{false, true} {
			for _, a := range inBrand(t, s.Pages) {
				if v.may(a.Need) != allowed {
					continue
				}
				address := north.address(a.Pattern, func(kind string) string {
					if allowed && (strings.HasPrefix(a.Pattern, "POST") || kind == "session") {
						return north.id(kind, v.account)
					}
					return shown[kind]
				})
				form := maps.Clone(shown)
				if allowed && strings.HasSuffix(a.Pattern, "/bulk") {
					form["post"] = north.id("post", v.account)
				}
				if allowed {
					north.suit(a.Pattern, address["post"], v.account)
				}
				north.as(v)
				p := s.Do(visit(a.Pattern, address, form, v.account.ID))
				at := v.name + ": " + a.Pattern
				meets(t, at, v, a, p)
				lacks(t, at, p, theirs)
				if v.may(access.PostRead) == false {
					lacks(t, at, p, "common "+ours)
				}
			}
			if !allowed {
				unchanged(t, v.name, before, everything(t, s.DB, north.brand.ID))
			}
		}
	}
}

// suit makes a post one that the act is for: what somebody wrote they may
// withdraw, and what is approved they may give its time.
func (w *town) suit(pattern, id string, a account.Account) {
	switch {
	case strings.HasSuffix(pattern, "/withdraw"):
		exec(w.t, w.DB, `UPDATE post SET author_id = $2 WHERE id = $1`, id, a.ID)
	case strings.HasSuffix(pattern, "{post}/schedule"):
		exec(w.t, w.DB, `UPDATE post SET state = 'approved', approved = revision, approval = 'given' WHERE id = $1`, id)
	}
}

// nothingThere are routes to what this brand has none of.
var nothingThere = []string{"GET /studio/{brand}/settings/data/exports/{export}", "POST /studio/{brand}/notifications/unread", "GET /studio/{brand}/logo", "GET /studio/{brand}/community/members/{member}/picture",
	"GET /studio/{brand}/community/pictures/{picture}"}

// meets holds an answer against what its route says it needs.
func meets(t *testing.T, at string, v visitor, a web.Address, p *webtest.Page) {
	t.Helper()
	refused := p.Status == http.StatusForbidden || p.Status == http.StatusNotFound
	switch {
	case p.Status >= 500:
		t.Errorf("%s: status %d", at, p.Status)
	case v.may(a.Need) && p.Status == http.StatusNotFound && slices.Contains(nothingThere, a.Pattern):
	case v.may(a.Need) && refused:
		t.Errorf("%s: has %s and gets %d: %s", at, a.Need, p.Status, p.Text("main"))
	case v.account.ID == "":
		if p.Status != http.StatusSeeOther && p.Status != http.StatusUnauthorized {
			t.Errorf("%s: status %d", at, p.Status)
		}
	case v.may(a.Need):
	case strings.HasPrefix(a.Pattern, "GET") && !refused, p.Status < 400:
		t.Errorf("%s: lacks %s and gets %d", at, a.Need, p.Status)
	}
}

// Every route with the ids of another brand, in the address and in the form:
// nothing of it is shown, changed or taken over.
func TestPermissionsAcrossBrands(t *testing.T) {
	s := webtest.Empty(t)
	south, north := newTown(t, s, theirs), newTown(t, s, ours)
	foreign, own := south.ids(south.owner), north.ids(north.owner)
	foreign["brand"], foreign["network"], foreign["paper"] = own["brand"], own["network"], own["paper"]
	foreign["session"] = south.id("session", south.owner)
	before := everything(t, s.DB, south.brand.ID)
	owner := visitor{"owner", north.owner, func(access.Action) bool { return true }}
	for _, a := range inBrand(t, s.Pages) {
		for _, where := range []string{"address", "form"} {
			from := func(kind string) string { return foreign[kind] }
			if where == "form" {
				from = func(kind string) string { return north.id(kind, north.owner) }
			}
			address := north.address(a.Pattern, from)
			north.as(owner)
			p := s.Do(visit(a.Pattern, address, foreign, south.owner.ID))
			at := a.Pattern + " with the " + where + " of another brand"
			named := strings.Count(a.Pattern, "{") > strings.Count(a.Pattern, "{brand}")+strings.Count(a.Pattern, "{network}")+strings.Count(a.Pattern, "{paper}")
			if p.Status >= 500 || where == "address" && named && p.Status != http.StatusNotFound {
				t.Errorf("%s: status %d: %s", at, p.Status, p.Text("main"))
			}
			lacks(t, at, p, theirs)
			if now := everything(t, s.DB, south.brand.ID); !slices.Equal(now, before) {
				unchanged(t, at, before, now)
				before = now
			}
		}
	}
	for _, line := range everything(t, s.DB, north.brand.ID) {
		for kind, id := range foreign {
			if len(id) == 36 && strings.Contains(line, id) {
				t.Errorf("a row took over the %s of another brand: %s", kind, line)
			}
		}
	}
}

// Every route for somebody who works on one channel: nothing of the others is
// shown or changed.
func TestPermissionsOfOneChannel(t *testing.T) {
	s := webtest.Empty(t)
	north := newTown(t, s, ours)
	shown := north.ids(north.owner)
	shown["media"] = north.used
	other := north.Connect("elsewhere")
	manager := s.NewAccount("manager@example.com", "Manager")
	north.ok(s.DB.Tx(t.Context(), func(tx *db.Tx) error {
		return account.Put(t.Context(), tx, manager.ID, access.Grant{Brand: north.brand.ID, Role: access.Manager, Channels: []string{other.ID}})
	}))
	channels := []string{"post", "delivery", "channel", "conversation", "person"}
	for _, a := range inBrand(t, s.Pages) {
		if strings.Contains(a.Pattern, "POST") && strings.HasSuffix(a.Pattern, "/media") {
			continue
		}
		north.as(visitor{account: manager})
		p := s.Do(visit(a.Pattern, north.address(a.Pattern, func(kind string) string { return shown[kind] }), shown, manager.ID))
		at := "on another channel: " + a.Pattern
		named := slices.ContainsFunc(channels, func(kind string) bool { return strings.Contains(a.Pattern, "{"+kind+"}") })
		refused := p.Status == http.StatusForbidden || p.Status == http.StatusNotFound
		if p.Status >= 500 || (named || access.FactOf(a.Need).Reach == access.Whole) && !refused {
			t.Errorf("%s: status %d: %s", at, p.Status, p.Text("main"))
		}
		lacks(t, at, p, ours+"-")
	}
}

// everything is each row of the brand in any table, as text.
func everything(t *testing.T, d *db.DB, brandID string) []string {
	t.Helper()
	var out []string
	for _, table := range tables(t, d) {
		out = append(out, rowsOf(t, d, table, brandID)...)
	}
	slices.Sort(out)
	return out
}

// tables are those whose rows belong to a brand.
func tables(t *testing.T, d *db.DB) []string {
	t.Helper()
	query := `SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c ON c.name = 'brand_id' WHERE m.type = 'table'`
	if d.Dialect == db.Postgres {
		query = `SELECT table_name FROM information_schema.columns WHERE column_name = 'brand_id' AND table_schema = current_schema()`
	}
	rows, err := d.QueryContext(t.Context(), query)
	out, err := db.Collect(rows, err, func(r *sql.Rows) (name string, err error) { return name, r.Scan(&name) })
	if err != nil || len(out) < 20 {
		t.Fatal(len(out), err)
	}
	return out
}

func rowsOf(t *testing.T, d *db.DB, table, brandID string) []string {
	t.Helper()
	rows, err := d.QueryContext(t.Context(), `SELECT * FROM `+table+` WHERE brand_id = $1`, brandID)
	out, err := db.Collect(rows, err, func(r *sql.Rows) (string, error) {
		columns, err := r.Columns()
		row := make([]any, len(columns))
		to := make([]any, len(columns))
		for i := range row {
			to[i] = &row[i]
		}
		if err == nil {
			err = r.Scan(to...)
		}
		return fmt.Sprintf("%s %s", table, row), err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// unchanged shows what was changed that should not have been.
func unchanged(t *testing.T, at string, before, now []string) {
	t.Helper()
	if diff := cmp.Diff(before, now); diff != "" {
		t.Errorf("%s: something was changed:\n%s", at, diff)
	}
}

// lacks holds that a word is nowhere in the answer.
func lacks(t *testing.T, at string, p *webtest.Page, word string) {
	t.Helper()
	body := p.Body
	if i := strings.Index(body, word); i >= 0 {
		t.Errorf("%s: a word of another brand is shown: …%s…", at, body[max(0, i-80):min(len(body), i+80)])
	}
	for name, values := range p.Header {
		if strings.Contains(strings.Join(values, " "), word) {
			t.Errorf("%s: a word of another brand stands in the header %s: %v", at, name, values)
		}
	}
}
