package webhook_test

import (
	"context"
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/fault"
	"rapport/internal/outbound"
	"rapport/internal/secret"
	"rapport/internal/webhook"
)

var ctx = context.Background()

func owner(brand string) access.Who {
	return access.Who{Account: "o", Name: "Olga", Grants: []access.Grant{{Brand: brand, Role: access.Owner}}}
}

func open(t *testing.T) *webhook.Webhooks {
	t.Helper()
	d := dbtest.Open(t)
	keys, err := secret.Create(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range []string{"a", "b"} {
		if _, err := d.ExecContext(ctx, `INSERT INTO brand (id, slug, name, color, zone, created_at) VALUES ($1, $1, 'Acme', '#336699', 'UTC', 1)`, b); err != nil {
			t.Fatal(err)
		}
	}
	rule, err := outbound.ParseRule("10.0.0.0/8:8080")
	if err != nil {
		t.Fatal(err)
	}
	return &webhook.Webhooks{DB: d, Keys: keys, Allow: []outbound.Rule{rule},
		Resolve: func(_ context.Context, host string) ([]netip.Addr, error) {
			if host == "inner" {
				return []netip.Addr{netip.MustParseAddr("10.1.2.3")}, nil
			}
			return []netip.Addr{netip.MustParseAddr("10.1.2.3"), netip.MustParseAddr("93.184.216.34")}, nil
		}}
}

func create(t *testing.T, ws *webhook.Webhooks, brand string) (webhook.Endpoint, secret.Text) {
	t.Helper()
	e, plain, err := ws.Create(ctx, owner(brand), brand, webhook.Input{URL: "https://example.org/hooks?key=1", Events: []string{"post.saved", "hold.changed"}})
	if err != nil {
		t.Fatal(err)
	}
	return e, plain
}

// The example that the specification's own libraries are tested with.
func TestSignatureIsThatOfTheSpecification(t *testing.T) {
	got, err := webhook.Sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want || err != nil {
		t.Errorf("%s, want %s; %v", got, want, err)
	}
	if _, err := webhook.Sign("whsec_%%%", "x", 1, nil); !fault.Is(err, fault.Invalid) {
		t.Errorf("a damaged secret: %v", err)
	}
}

func TestInputIsChecked(t *testing.T) {
	ws := open(t)
	events := []string{"post.saved"}
	for _, c := range []struct {
		name  string
		in    webhook.Input
		field string // "" for all is well
	}{
		{"https", webhook.Input{URL: " https://example.org/x ", Events: events}, ""},
		{"allowed by address", webhook.Input{URL: "http://10.9.8.7:8080/x", Events: events}, ""},
		{"allowed by name", webhook.Input{URL: "http://inner:8080", Events: events}, ""},
		{"another port", webhook.Input{URL: "http://10.9.8.7:8081/x", Events: events}, "url"},
		{"a name that is also elsewhere", webhook.Input{URL: "http://mixed:8080", Events: events}, "url"},
		{"plain", webhook.Input{URL: "http://93.184.216.34/", Events: events}, "url"},
		{"no scheme", webhook.Input{URL: "example.org", Events: events}, "url"},
		{"another scheme", webhook.Input{URL: "ftp://example.org", Events: events}, "url"},
		{"nothing", webhook.Input{URL: "", Events: events}, "url"},
		{"password", webhook.Input{URL: "https://me:secret@example.org", Events: events}, "url"},
		{"fragment", webhook.Input{URL: "https://example.org/#x", Events: events}, "url"},
		{"long", webhook.Input{URL: "https://example.org/" + strings.Repeat("x", 2000), Events: events}, "url"},
		{"spaces", webhook.Input{URL: "https://example.org/a b", Events: events}, "url"},
		{"long words", webhook.Input{URL: "https://example.org", About: strings.Repeat("x", 201), Events: events}, "about"},
		{"two lines", webhook.Input{URL: "https://example.org", About: "a\nb", Events: events}, "about"},
		{"no event", webhook.Input{URL: "https://example.org"}, "events"},
		{"unknown event", webhook.Input{URL: "https://example.org", Events: []string{"post.saved", "post.eaten"}}, "events"},
		{"the test event", webhook.Input{URL: "https://example.org", Events: []string{webhook.TestType}}, "events"},
	} {
		_, _, err := ws.Create(ctx, owner("b"), "b", c.in)
		fields := fault.Fields(err)
		if c.field == "" && err != nil || c.field != "" && (len(fields) == 0 || fields[0].Name != c.field) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestOnlyOwnersOfTheBrand(t *testing.T) {
	ws := open(t)
	e, _ := create(t, ws, "b")
	analyst := access.Who{Account: "x", Grants: []access.Grant{{Brand: "b", Role: access.Analyst}}}
	for name, f := range map[string]func(access.Who, string) error{
		"read":   func(w access.Who, b string) error { _, err := webhook.ByID(ctx, ws.DB, w, b, e.ID); return err },
		"list":   func(w access.Who, b string) error { _, err := webhook.List(ctx, ws.DB, w, b); return err },
		"pause":  func(w access.Who, b string) error { _, err := ws.Pause(ctx, w, b, e.ID); return err },
		"resume": func(w access.Who, b string) error { _, err := ws.Resume(ctx, w, b, e.ID); return err },
		"rotate": func(w access.Who, b string) error { _, _, err := ws.Rotate(ctx, w, b, e.ID); return err },
		"remove": func(w access.Who, b string) error { return ws.Remove(ctx, w, b, e.ID) },
		"calls": func(w access.Who, b string) error {
			_, _, err := webhook.Calls(ctx, ws.DB, w, b, e.ID, webhook.Filter{}, db.Page{})
			return err
		},
		"change": func(w access.Who, b string) error {
			_, err := ws.Change(ctx, w, b, e.ID, webhook.Input{URL: "https://example.org", Events: []string{"post.saved"}})
			return err
		},
		"create": func(w access.Who, b string) error {
			_, _, err := ws.Create(ctx, w, b, webhook.Input{URL: "https://example.org", Events: []string{"post.saved"}})
			return err
		},
	} {
		if err := f(analyst, "b"); !fault.Is(err, fault.Denied) {
			t.Errorf("%s by an analyst: %v", name, err)
		}
		if err := f(owner("a"), "b"); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s by a stranger: %v", name, err)
		}
		if name == "create" || name == "list" {
			continue
		}
		if err := f(owner("a"), "a"); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s in another brand: %v", name, err)
		}
	}
}

// The secret is sealed, named nowhere, and changed with a day of overlap.
func TestSecrets(t *testing.T) {
	ws := open(t)
	e, first := create(t, ws, "b")
	if !strings.HasPrefix(first.Reveal(), "whsec_") {
		t.Fatalf("secret %q", first.Reveal())
	}
	_, second, err := ws.Rotate(ctx, owner("b"), "b", e.ID)
	if err != nil || first.Reveal() == second.Reveal() {
		t.Fatal(err)
	}
	both := signatures(t, ws, e, first, second)
	ws.DB.ShiftClock(webhook.Overlap + time.Minute)
	late := signatures(t, ws, e, second)
	if both != 2 || late != 1 {
		t.Errorf("%d signatures within the day, %d after", both, late)
	}
	var row, log string
	if err := ws.DB.QueryRowContext(ctx, `SELECT secret || old_secret FROM webhook`).Scan(&row); err != nil {
		t.Fatal(err)
	}
	rows, err := ws.DB.QueryContext(ctx, `SELECT detail FROM audit`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			t.Fatal(err)
		}
		log += one
	}
	for _, s := range []secret.Text{first, second} {
		if bare := strings.TrimPrefix(s.Reveal(), "whsec_"); strings.Contains(row, bare) || strings.Contains(log, bare) {
			t.Error("a secret stands in the database")
		}
	}
	if strings.Contains(log, "key=1") {
		t.Errorf("the log holds the whole address: %s", log)
	}
	if _, err := ws.Keys.AddKey(); err != nil {
		t.Fatal(err)
	}
	if sealed, broken, err := ws.Reseal(ctx); sealed != 1 || broken != 0 || err != nil {
		t.Errorf("%d sealed anew, %d broken, %v", sealed, broken, err)
	}
	if sealed, _, _ := ws.Reseal(ctx); sealed != 0 {
		t.Errorf("%d sealed once more", sealed)
	}
	signatures(t, ws, e, second)
}

// signatures checks that a call is signed with these secrets and returns how
// many signatures it has.
func signatures(t *testing.T, ws *webhook.Webhooks, e webhook.Endpoint, with ...secret.Text) int {
	t.Helper()
	c, err := ws.Probe(ctx, owner("b"), "b", e.ID, func(db.Time) string { return "{}" })
	if err != nil {
		t.Fatal(err)
	}
	now := ws.DB.Now()
	got, err := c.Signatures(now, []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range with {
		want, err := webhook.Sign(s, c.ID, int64(now)/1000, []byte("{}"))
		if err != nil || !strings.Contains(" "+got+" ", " "+want+" ") {
			t.Errorf("%q lacks %q, %v", got, want, err)
		}
	}
	return len(strings.Fields(got))
}

func TestNeverMoreThanTheMost(t *testing.T) {
	ws := open(t)
	for range webhook.Most - 1 {
		create(t, ws, "b")
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	made := 0
	for range 6 {
		all.Go(func() {
			_, _, err := ws.Create(ctx, owner("b"), "b", webhook.Input{URL: "https://example.org", Events: []string{"post.saved"}})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				made++
			} else if !fault.Is(err, fault.Conflict) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if list, err := webhook.List(ctx, ws.DB, owner("b"), "b"); made != 1 || len(list) != webhook.Most || err != nil {
		t.Errorf("%d were made, there are %d, %v", made, len(list), err)
	}
}

// An event that is consumed twice is one call.
func TestOneCallForAnEvent(t *testing.T) {
	ws := open(t)
	e, _ := create(t, ws, "b")
	for _, event := range []string{"1", "1", "2"} {
		if err := ws.DB.Tx(ctx, func(tx *db.Tx) error {
			_, err := webhook.Add(ctx, tx, e, event, "post.saved", "{}")
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	calls, _, err := webhook.Calls(ctx, ws.DB, owner("b"), "b", e.ID, webhook.Filter{}, db.Page{})
	if len(calls) != 2 || err != nil {
		t.Errorf("%d calls, %v", len(calls), err)
	}
}

// A try is claimed once, however many nodes want it.
func TestOneClaimForATry(t *testing.T) {
	ws := open(t)
	e, _ := create(t, ws, "b")
	var c webhook.Call
	if err := ws.DB.Tx(ctx, func(tx *db.Tx) (err error) {
		c, err = webhook.Add(ctx, tx, e, "1", "post.saved", "{}")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for round := range 2 {
		var all sync.WaitGroup
		var mu sync.Mutex
		got := 0
		for range 8 {
			all.Go(func() {
				_, ok, err := ws.Claim(ctx, c.ID)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
				}
				if ok {
					got++
				}
			})
		}
		all.Wait()
		if got != 1 {
			t.Errorf("round %d: %d claims", round, got)
		}
		ws.DB.ShiftClock(2 * time.Minute) // the node that claimed it has died
	}
}

func TestListsUseIndexes(t *testing.T) {
	ws := open(t)
	e, _ := create(t, ws, "b")
	q := dbtest.Indexed(t, ws.DB)
	var seen []string
	for i := range 5 {
		if err := ws.DB.Tx(ctx, func(tx *db.Tx) error {
			_, err := webhook.Add(ctx, tx, e, fmt.Sprint(i), "post.saved", "{}")
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	after := ""
	for range 3 {
		calls, next, err := webhook.Calls(ctx, q, owner("b"), "b", e.ID, webhook.Filter{State: webhook.Waiting}, db.Page{Limit: 2, After: after})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range calls {
			seen = append(seen, c.ID)
		}
		after = next
	}
	if len(seen) != 5 || after != "" {
		t.Errorf("%d calls seen, next %q", len(seen), after)
	}
	if _, _, err := webhook.Calls(ctx, q, owner("b"), "b", e.ID, webhook.Filter{}, db.Page{}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := webhook.CallByID(ctx, q, owner("b"), "b", e.ID, seen[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := webhook.List(ctx, q, owner("b"), "b"); err != nil {
		t.Fatal(err)
	}
	if _, err := webhook.Due(ctx, q, 10, []string{"x", "y"}); err != nil {
		t.Fatal(err)
	}
	if _, err := webhook.NextDue(ctx, q); err != nil {
		t.Fatal(err)
	}
	if _, err := webhook.Wanting(ctx, q, "b", "post.saved"); err != nil {
		t.Fatal(err)
	}
}

func TestSweepKeepsWhatWaits(t *testing.T) {
	ws := open(t)
	e, _ := create(t, ws, "b")
	if err := ws.DB.Tx(ctx, func(tx *db.Tx) error {
		for _, id := range []string{"old", "waits"} {
			if _, err := webhook.Add(ctx, tx, e, id, "post.saved", "{}"); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `UPDATE webhook_call SET state = 'arrived' WHERE event_id = 'old'`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	ws.DB.ShiftClock(webhook.Keep + time.Hour)
	if err := webhook.Sweep(ctx, ws.DB); err != nil {
		t.Fatal(err)
	}
	calls, _, err := webhook.Calls(ctx, ws.DB, owner("b"), "b", e.ID, webhook.Filter{}, db.Page{})
	if err != nil {
		t.Fatal(err)
	}
	var states []string
	for _, c := range calls {
		states = append(states, string(c.State))
	}
	if diff := cmp.Diff([]string{"waiting"}, states); diff != "" {
		t.Error(diff)
	}
}
