package web_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/admit"
	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/network"
	"rapport/internal/post"
	"rapport/internal/web/webtest"
)

// canary stands in everything that the walled brand owns.
const canary = "zanzibar"

// walled is a brand with one of everything, and the ids of it by the name that
// routes give them.
type walled struct {
	*webtest.Site
	brand brand.Brand
	ids   map[string]string
}

func newWalled(t *testing.T) walled {
	t.Helper()
	ctx := context.Background()
	s := webtest.Empty(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	owner := s.NewAccount("owner@example.com", "Owner")
	s.SignIn(owner)
	s.Brand = s.NewBrand("Walled")
	c := s.Connect(canary)
	var picture bytes.Buffer
	must(png.Encode(&picture, image.NewGray(image.Rect(0, 0, 40, 40))))
	m, err := s.Media.Add(ctx, s.Who(), s.Brand.ID, canary+".png", &picture)
	must(err)
	p, err := post.Draft(ctx, s.DB, s.Who(), s.Brand.ID, post.Input{
		Body: post.Body{Parts: []post.Part{{Text: canary, Media: []string{m.ID}}}}, Variants: []post.Variant{{Channel: c.ID}}})
	must(err)
	ds, err := post.Schedule(ctx, s.DB, s.Who(), s.Brand.ID, p.ID, 0, s.DB.Now().Add(time.Hour))
	must(err)
	_, stuck := s.Schedule(canary+" stuck", s.DB.Now().Add(time.Hour), c.ID)
	exec(t, s.DB, `UPDATE delivery SET state = 'missed', reason = 'late' WHERE id = $1`, stuck[0])
	token, _, err := account.TokenCreate(ctx, s.DB, s.Who(), s.Brand.ID, account.NewToken{Name: canary, Scopes: []access.Action{access.PostRead}})
	must(err)
	exec(t, s.DB, `INSERT INTO letter (id, brand_id, account_id, address, subject, text, state, source, created_at) VALUES ('letter', $1, $2, 'x@example.com', $3, $3, 'kept', 's', 1)`,
		s.Brand.ID, owner.ID, canary)
	exec(t, s.DB, `INSERT INTO notification (id, brand_id, account_id, kind, subject, text, href, source, created_at) VALUES ('notice', $1, $2, 'delivery.missed', $3, $4, '/studio', 's', 1)`,
		s.Brand.ID, owner.ID, stuck[0], canary)
	sessions, err := account.Sessions(ctx, s.DB, s.Who())
	must(err)
	invited, _, err := (&admit.Door{DB: s.DB, Letters: s.Letters}).Invite(ctx, s.Who(), s.Brand.ID, admit.New{Email: "invited@example.com", Role: access.Analyst})
	must(err)
	s.Hear(c, s.Said(canary, canary, canary, "", time.Minute))
	var human string
	must(s.DB.QueryRowContext(ctx, `SELECT id FROM person WHERE brand_id = $1`, s.Brand.ID).Scan(&human))
	return walled{s, s.Brand, map[string]string{"person": human, "other": human, "merge": human, "post": p.ID, "delivery": ds[0].ID, "channel": c.ID, "media": m.ID, "token": token.ID,
		"letter": "letter", "session": sessions[0].ID, "network": "paper", "account": owner.ID, "invitation": invited.ID}}
}

// state is everything of the brand that a visitor without a right must not
// change, as text.
func (w walled) state(t *testing.T) string {
	t.Helper()
	var all []string
	for _, table := range []string{"post", "variant", "delivery", "part", "media", "channel", "hold", "api_token", "letter", "access_grant", "invitation", "team_rule", "person", "identity", "message", "note", "brand"} {
		key := "brand_id"
		if table == "brand" {
			key = "id"
		}
		rows, err := w.DB.QueryContext(context.Background(), `SELECT * FROM `+table+` WHERE `+key+` = $1`, w.brand.ID)
		if err != nil {
			t.Fatal(err)
		}
		columns, _ := rows.Columns()
		for rows.Next() {
			row := make([]any, len(columns))
			to := make([]any, len(columns))
			for i := range row {
				to[i] = &row[i]
			}
			if err := rows.Scan(to...); err != nil {
				t.Fatal(err)
			}
			all = append(all, fmt.Sprint(table, row))
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		rows.Close()
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}

// request fills a pattern in, with a form that would do something.
func (w walled) request(pattern, slug string) *http.Request {
	method, path, _ := strings.Cut(pattern, " ")
	path = strings.TrimSuffix(path, "{$}")
	for name, id := range w.ids {
		path = strings.ReplaceAll(path, "{"+name+"}", id)
	}
	path = strings.ReplaceAll(path, "{brand}", slug)
	v := url.Values{"id": {w.ids["post"]}, "revision": {"1"}, "n.all": {"1"}, "text.all.0": {"taken over"}, "media.all.0": {w.ids["media"]},
		"alt." + w.ids["media"]: {"taken over"}, "channel": {w.ids["channel"]}, "post": {w.ids["post"]}, "act": {"now"}, "edit": {"part.add"},
		"at": {"2031-01-01T10:00"}, "to": {"2031-01-01T10:00"}, "choice": {"drop"}, "reason": {"x"}, "alt": {"taken over"}, "token": {"taken-over"},
		"x": {"0"}, "y": {"0"}, "width": {"20"}, "height": {"20"}, "cancel": {"true"}, "handle": {"@" + canary + "@paper.example"},
		"name": {"Taken over"}, "color": {"#112233"}, "zone": {"Europe/Paris"}, "language": {"en"}, "was.name": {"Zanzibar"}, "about": {"taken over"}, "text": {"taken over"}, "tolerance": {"5"}, "retention": {"365"}, "scopes": {"posts:read"},
		"confirm": {"Walled"}, "channels": {w.ids["channel"]}, "email": {"taken@example.com"}, "role": {"owner"}, "reach": {"all"}, "ask": {"true"}}
	for _, act := range []string{"delete", "unschedule"} {
		if strings.HasSuffix(path, "bulk") {
			v.Set("act", act)
		}
	}
	if method == http.MethodGet {
		return httptest.NewRequest(method, path+"?"+url.Values{"q": {canary}, "post": {w.ids["post"]}, "media": {w.ids["media"]}, "from": {w.ids["post"]}}.Encode(), nil)
	}
	r := httptest.NewRequest(method, path, strings.NewReader(v.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// Every route for everybody who has no right to it: nothing is shown, nothing
// is changed, and nothing breaks.
func TestEveryRouteForThoseWithoutARight(t *testing.T) {
	w := newWalled(t)
	ctx := context.Background()
	south := w.NewAccount("south@example.com", "South")
	w.SignIn(south)
	own := w.NewBrand("South")
	ended := w.NewAccount("ended@example.com", "Ended")
	ambassador := w.NewAccount("ambassador@example.com", "Ambassador")
	err := w.DB.Tx(ctx, func(tx *db.Tx) error {
		if err := account.Put(ctx, tx, ended.ID, access.Grant{Brand: w.brand.ID, Role: access.Owner, EndsAt: tx.Now().Add(-time.Minute)}); err != nil {
			return err
		}
		return account.Put(ctx, tx, ambassador.ID, access.Grant{Brand: w.brand.ID, Role: access.Ambassador})
	})
	if err != nil {
		t.Fatal(err)
	}
	before := w.state(t)
	for _, v := range []struct {
		name    string
		account account.Account // zero is nobody
		slug    string
		may     []int
	}{
		{"nobody", account.Account{}, w.brand.Slug, []int{303, 401}},
		{"a stranger", south, w.brand.Slug, []int{404}},
		{"a stranger at home with the ids of others", south, own.Slug, nil},
		{"one whose part has ended", ended, w.brand.Slug, []int{404}},
		{"an ambassador", ambassador, w.brand.Slug, nil},
	} {
		for _, pattern := range w.Pages.Patterns() {
			if !strings.Contains(pattern, "{brand}") {
				continue
			}
			t.Run(v.name+" "+pattern, func(t *testing.T) {
				w.SignOut()
				if v.account.ID != "" {
					w.SignIn(v.account)
				}
				p := w.Do(w.request(pattern, v.slug))
				if p.Status >= 500 || v.may != nil && !slices.Contains(v.may, p.Status) {
					t.Errorf("status %d", p.Status)
				}
				if shown := strings.ReplaceAll(p.Body, "@"+canary+"@paper.example", ""); strings.Contains(shown, canary+" stuck") || strings.Contains(shown, canary+".png") || p.Header.Get("Content-Type") == "image/png" {
					t.Errorf("what is not theirs is shown: %s", p.Text("main"))
				}
				for _, at := range []string{w.ids["delivery"], w.ids["token"]} {
					if p.Status == http.StatusOK && strings.Contains(p.Body, at) && !strings.Contains(pattern, "{") {
						t.Errorf("the id %s is shown", at)
					}
				}
				if now := w.state(t); now != before {
					t.Errorf("what is not theirs was changed:\n%s\nwas\n%s", now, before)
					before = now
				}
			})
		}
	}
}

// echoes are pages that repeat what was typed.
var echoes = regexp.MustCompile(`connect|/members$`)

// Who may only read changes nothing, by no route.
func TestEveryRouteForThoseWhoRead(t *testing.T) {
	w := newWalled(t)
	ctx := context.Background()
	before := ""
	for _, role := range []access.Role{access.Analyst, access.Moderator} {
		a := w.NewAccount(string(role)+"@example.com", string(role))
		if err := w.DB.Tx(ctx, func(tx *db.Tx) error {
			return account.Put(ctx, tx, a.ID, access.Grant{Brand: w.brand.ID, Role: role})
		}); err != nil {
			t.Fatal(err)
		}
		w.SignIn(a)
		before = w.state(t)
		for _, pattern := range w.Pages.Patterns() {
			if !strings.Contains(pattern, "{brand}") {
				continue
			}
			t.Run(string(role)+" "+pattern, func(t *testing.T) {
				p := w.Do(w.request(pattern, w.brand.Slug))
				if p.Status >= 500 {
					t.Errorf("status %d", p.Status)
				}
				if now := w.state(t); now != before {
					t.Errorf("a reader changed it:\n%s\nwas\n%s", now, before)
					before = now
				}
				if role == access.Moderator && strings.Contains(p.Body, canary) && !echoes.MatchString(pattern) {
					t.Errorf("posts are shown to a moderator: %s", p.Text("main"))
				}
			})
		}
	}
}

// Who works on one channel sees and decides no delivery of the others.
func TestEveryRouteForThoseOfOneChannel(t *testing.T) {
	w := newWalled(t)
	ctx := context.Background()
	other, err := w.Channels.Connect(ctx, w.Who(), w.brand.ID, "paper", "", network.Credential{"token": "other"})
	if err != nil {
		t.Fatal(err)
	}
	a := w.NewAccount("narrow@example.com", "Narrow")
	if err := w.DB.Tx(ctx, func(tx *db.Tx) error {
		return account.Put(ctx, tx, a.ID, access.Grant{Brand: w.brand.ID, Role: access.Manager, Channels: []string{other.ID}})
	}); err != nil {
		t.Fatal(err)
	}
	w.SignIn(a)
	deliveries := func() string {
		var all []string
		for _, line := range strings.Split(w.state(t), "\n") {
			if strings.HasPrefix(line, "delivery[") || strings.HasPrefix(line, "part[") || strings.HasPrefix(line, "variant[") ||
				strings.HasPrefix(line, "channel[") && strings.Contains(line, w.ids["channel"]) {
				all = append(all, line)
			}
		}
		return strings.Join(all, "\n")
	}
	before := deliveries()
	for _, pattern := range w.Pages.Patterns() {
		if !strings.Contains(pattern, "{brand}") || strings.Contains(pattern, "hold") {
			continue
		}
		t.Run(pattern, func(t *testing.T) {
			p := w.Do(w.request(pattern, w.brand.Slug))
			if p.Status >= 500 {
				t.Errorf("status %d", p.Status)
			}
			if strings.Contains(p.Body, "@"+canary+"@paper.example") && !tellsPosts(pattern) || strings.Contains(p.Body, "/deliveries/"+w.ids["delivery"]) {
				t.Errorf("the other channel is shown: %s", p.Text("main"))
			}
			if now := deliveries(); now != before {
				t.Errorf("another channel's were changed:\n%s\nwas\n%s", now, before)
				before = now
			}
		})
	}
}

// tellsPosts names the pages of posts and of the team's acts, which belong to
// the whole brand, with the names of the channels they are for.
func tellsPosts(pattern string) bool {
	return strings.Contains(pattern, "/posts") || strings.Contains(pattern, "POST /studio/{brand}/deliveries") || strings.HasSuffix(pattern, "/settings/log")
}

// Bytes that no database takes as text are refused with words, wherever they
// come in.
func TestEveryRouteTakesOnlyText(t *testing.T) {
	w := newWalled(t)
	for _, bad := range []string{"a\x00b", "\xff\xfe", strings.Repeat("é", 3000)} {
		for _, pattern := range w.Pages.Patterns() {
			if strings.Contains(pattern, "sign-out") || strings.HasSuffix(pattern, "/live") {
				continue
			}
			t.Run(fmt.Sprintf("%.4q %s", bad, pattern), func(t *testing.T) {
				r := w.request(pattern, w.brand.Slug)
				form := url.Values{}
				for _, name := range fields {
					form.Set(name, bad)
				}
				r.URL.RawQuery = form.Encode()
				if r.Method == http.MethodPost {
					r = httptest.NewRequest(r.Method, r.URL.Path, strings.NewReader(form.Encode()))
					r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				}
				r.Header.Set("User-Agent", bad)
				r.Header.Set("Accept-Language", bad)
				if p := w.Do(r); p.Status >= 500 {
					t.Errorf("status %d: %s", p.Status, p.Text("main"))
				}
				if len(bad) > 10 || !strings.Contains(pattern, "{") {
					return
				}
				path := regexp.MustCompile(`\{[a-z]+\}`).ReplaceAllString(pattern, url.PathEscape(bad))
				method, path, _ := strings.Cut(path, " ")
				if p := w.Do(httptest.NewRequest(method, path, nil)); p.Status >= 500 {
					t.Errorf("in the address: status %d", p.Status)
				}
				path = strings.Replace(pattern, "{brand}", w.brand.Slug, 1)
				path = regexp.MustCompile(`\{[a-z]+\}`).ReplaceAllString(path, url.PathEscape(bad))
				method, path, _ = strings.Cut(path, " ")
				if p := w.Do(httptest.NewRequest(method, path, nil)); p.Status >= 500 {
					t.Errorf("in the address below the brand: status %d", p.Status)
				}
			})
		}
	}
}

// fields are the names of everything that a form or an address carries.
var fields = []string{"act", "after", "again", "alt", "ask", "at", "brand", "channels", "confirm", "done", "email", "ends", "reach", "role", "until", "cancel", "channel", "choice", "code", "color", "current", "date", "days", "edit", "email",
	"from", "handle", "id", "language", "last", "media", "media.all.0", "n.all", "name", "new", "next", "option.x.warning", "own", "page", "password", "pick", "post", "q",
	"reason", "retention", "revision", "scopes", "server", "state", "tab", "text.all.0", "theme", "to", "token", "tolerance", "url", "view", "zone", "alt.x", "was.x", "x"}

// An end that cannot be read must not become a token without an end.
func TestTokensEndAsChosen(t *testing.T) {
	s := webtest.New(t)
	for days, status := range map[string]int{"": 200, "90": 200, "-1": 422, "NaN": 422, "9999999999999": 422} {
		p := s.Post(s.Path("settings", "tokens"), "name", "Script", "scopes", "posts:read", "days", days).Is(status)
		if status == 422 {
			p.Has("#days-error", "days")
		}
	}
}

// A form that is sent several times at once, as impatient fingers do, makes
// one post that goes out once.
func TestFormsThatAreSentTwiceCountOnce(t *testing.T) {
	for _, act := range []string{"draft", "now", "schedule"} {
		t.Run(act, func(t *testing.T) {
			s := webtest.New(t)
			c := s.Connect("north")
			id := s.Get(s.Path("compose")).Is(200).Attr("input[name=new]", "value")
			if again := s.Get(s.Path("compose")).Attr("input[name=new]", "value"); id == "" || id == again {
				t.Fatalf("two forms have the ids %q and %q", id, again)
			}
			send := func() int {
				v := url.Values{"new": {id}, "n.all": {"1"}, "text.all.0": {"once"}, "channel": {c.ID}, "revision": {"0"}, "act": {act}, "at": {"2031-01-01T10:00"}}
				if act == "now" {
					v.Del("at")
				}
				r := httptest.NewRequest(http.MethodPost, s.Path("compose"), strings.NewReader(v.Encode()))
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				s.Sign(r)
				w := httptest.NewRecorder()
				s.Pages.ServeHTTP(w, r)
				return w.Code
			}
			var wg sync.WaitGroup
			for range 6 {
				wg.Go(func() {
					if status := send(); status != http.StatusSeeOther {
						t.Errorf("status %d", status)
					}
				})
			}
			wg.Wait()
			posts, _, err := post.List(t.Context(), s.DB, s.Who(), s.Brand.ID, post.Filter{}, db.Page{})
			if err != nil || len(posts) != 1 || posts[0].ID != id {
				t.Fatalf("%d posts, %v", len(posts), err)
			}
			var deliveries int
			if err := s.DB.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM delivery`).Scan(&deliveries); err != nil || (deliveries == 1) != (act != "draft") {
				t.Errorf("%d deliveries, %v", deliveries, err)
			}
		})
	}
}
