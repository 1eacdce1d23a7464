package rekey_test

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/certificate"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/network"
	"rapport/internal/rekey"
	"rapport/internal/secret"
	"rapport/internal/webhook"
)

var (
	table  = regexp.MustCompile(`(?:CREATE TABLE|ALTER TABLE) (\w+)`)
	column = regexp.MustCompile(`^\s*(?:ALTER TABLE \w+ ADD COLUMN )?(\w+)\s+TEXT\b.*--.*\bsealed\b`)
)

// Every column that a migration calls sealed is known here, and no other.
func TestEverySealedColumnIsKnown(t *testing.T) {
	files, err := filepath.Glob("../db/migrations/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	var found []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		at := ""
		for line := range strings.Lines(string(text)) {
			if m := table.FindStringSubmatch(line); m != nil {
				at = m[1]
			}
			if m := column.FindStringSubmatch(line); m != nil && !slices.Contains(found, at+"."+m[1]) {
				found = append(found, at+"."+m[1])
			}
		}
	}
	var known []string
	for _, c := range rekey.Columns {
		known = append(known, c.Table+"."+c.Name)
	}
	slices.Sort(found)
	slices.Sort(known)
	if !slices.Equal(found, known) {
		t.Errorf("the migrations have the sealed columns\n%v\nand rekey.Columns has\n%v", found, known)
	}
}

// sealers are the packages that seal, with how many purposes each has. A new
// one names its column in the migration as sealed, in rekey.Columns, and has a
// Reseal that the server knows. What letter seals second stands in letters
// alone, as the address that stops them; what challenge seals stands in a form for ten
// minutes.
var sealers = map[string]int{"account": 1, "api": 1, "channel": 3, "webhook": 1, "certificate": 1, "letter": 2, "challenge": 1}

func TestEverySealerIsKnown(t *testing.T) {
	found := map[string]int{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		purposes := map[string]bool{}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 3 {
				return true
			}
			if f, ok := call.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "Seal" {
				if name, ok := call.Args[0].(*ast.Ident); ok {
					purposes[name.Name] = true
				}
			}
			return true
		})
		found[filepath.Base(filepath.Dir(path))] += len(purposes)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, n := range found {
		if n != sealers[name] {
			t.Errorf("package %s seals for %d purposes, %d are known", name, n, sealers[name])
		}
	}
}

type place struct{}

func (place) Facts() network.Facts {
	return network.Facts{Name: "place", Title: "Place", Fields: []network.Field{{Name: "token", Secret: true}}}
}

func (place) Connect(_ context.Context, _ string, c network.Credential) (network.Account, error) {
	return network.Account{ID: "1", Handle: "@acme", Credential: c}, nil
}

// After a new key everything is sealed with it, the old key can be forgotten,
// and everything still opens.
func TestRotation(t *testing.T) {
	ctx := t.Context()
	d := dbtest.Open(t)
	keys, err := secret.Create(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.ExecContext(ctx, `INSERT INTO brand (id, slug, name, color, zone, created_at) VALUES ('b', 'acme', 'Acme', '#336699', 'UTC', 1)`); err != nil {
		t.Fatal(err)
	}
	channels := &channel.Channels{DB: d, Networks: network.NewSet(place{}), Keys: keys}
	hooks := &webhook.Webhooks{DB: d, Keys: keys}
	cache := certificate.Cache{DB: d, Keys: keys}
	factors := &account.Factors{DB: d, Keys: keys}
	who := access.Who{Account: "o", Grants: []access.Grant{{Brand: "b", Role: access.Owner}}}
	if _, err := channels.Connect(ctx, who, "b", "place", "", network.Credential{"token": "sesame"}); err != nil {
		t.Fatal(err)
	}
	e, _, err := hooks.Create(ctx, who, "b", webhook.Input{URL: "https://example.org", Events: []string{"post.saved"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := hooks.Rotate(ctx, who, "b", e.ID); err != nil {
		t.Fatal(err)
	}
	if err := cache.Put(ctx, "a.example", []byte("key")); err != nil {
		t.Fatal(err)
	}
	a, err := account.Create(ctx, d, access.System(), account.New{Email: "ada@example.com", Name: "Ada", Password: "correct horse battery"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := factors.Enrol(ctx, access.Who{Account: a.ID, Email: a.Email}); err != nil {
		t.Fatal(err)
	}
	for _, c := range rekey.Columns {
		var n int
		if err := d.QueryRowContext(ctx, `SELECT COUNT(*) FROM `+c.Table+` WHERE `+c.Name+` <> ''`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		// A registration at a server needs a sign-in there; channel tests it.
		if n == 0 && c.Passing == "" && c.Table != "network_app" {
			t.Errorf("this test puts nothing into %s.%s", c.Table, c.Name)
		}
	}
	old := keys.IDs()[0]
	if gone, err := rekey.Forget(ctx, d, keys); len(gone) != 0 || err != nil {
		t.Errorf("forgets %v, %v", gone, err)
	}
	fresh, err := keys.AddKey()
	if err != nil {
		t.Fatal(err)
	}
	expect(t, d, keys, map[string]int{fresh: 0, old: 5})
	if gone, _ := rekey.Forget(ctx, d, keys); len(gone) != 0 {
		t.Errorf("forgets %v, which is needed", gone)
	}
	done, err := rekey.All(ctx, channels, hooks, cache, factors)
	if err != nil || done.Sealed != 5 || done.Broken != 0 || done.Missing() != nil {
		t.Fatalf("%+v %v", done, err)
	}
	expect(t, d, keys, map[string]int{fresh: 5, old: 0})
	if gone, err := rekey.Forget(ctx, d, keys); !slices.Equal(gone, []string{old}) || err != nil {
		t.Fatalf("forgets %v, %v", gone, err)
	}
	if again, err := rekey.All(ctx, channels, hooks, cache, factors); err != nil || again.Sealed != 0 || again.Broken != 0 {
		t.Errorf("%+v %v", again, err)
	}
	if n, err := channels.Unopened(ctx); n != 0 || err != nil {
		t.Errorf("%d credentials do not open, %v", n, err)
	}
	if got, err := cache.Get(ctx, "a.example"); err != nil || string(got) != "key" {
		t.Errorf("%q %v", got, err)
	}
}

func expect(t *testing.T, d *db.DB, keys *secret.Keyring, want map[string]int) {
	t.Helper()
	all, err := rekey.Count(t.Context(), d, keys)
	if err != nil || len(all) != len(want) {
		t.Fatalf("%+v %v", all, err)
	}
	for i, u := range all {
		if u.Texts != want[u.Key] || !u.Known || u.Newest != (i == 0) {
			t.Errorf("%+v, want %d texts", u, want[u.Key])
		}
	}
}
