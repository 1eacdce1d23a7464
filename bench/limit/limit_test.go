package main

import (
	"context"
	"go/parser"
	"go/token"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/brand"
	"rapport/internal/commons"
	"rapport/internal/db"
	"rapport/internal/demoworld"
)

const public = "http://rapport.example"

// The limit sends what Rapport sends, so that it does no less.
func TestThePagesAreTheSame(t *testing.T) {
	ctx := t.Context()
	file := filepath.Join(t.TempDir(), "rapport.db")
	d, err := db.Open(ctx, db.Options{Path: file})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := d.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	var b brand.Brand
	_, err = account.Create(ctx, d, access.System(), account.New{Email: "owner@example.com", Name: "Owner", Password: "a test needs no secret"}, func(tx *db.Tx, a account.Account) (err error) {
		b, err = brand.Start(ctx, tx, access.Who{Account: a.ID, Name: a.Name, Email: a.Email}, brand.New{Name: "Bäckerei & Söhne", Zone: "Europe/Berlin"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := (demoworld.World{DB: d}).Populate(ctx, access.System(), b, demoworld.Population{Members: 60, Topics: 70, Replies: 1500}); err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(public)
	if err != nil {
		t.Fatal(err)
	}
	pages := commons.New(commons.Deps{DB: d, Next: http.NotFoundHandler(), Site: commons.Site{Public: at}})
	defer pages.Close()
	rows, err := d.QueryContext(ctx, `SELECT t.slug, t.number FROM topic t JOIN space s ON s.id = t.space_id WHERE s.kind = 'discussion' AND NOT s.hidden`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	paths := []string{"/"}
	for rows.Next() {
		var slug string
		var number int64
		if err := rows.Scan(&slug, &number); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, "/t/"+slug+"/"+strconv.FormatInt(number, 10))
	}
	if len(paths) < 10 {
		t.Fatalf("only %d pages", len(paths))
	}
	assets, err := Cut(ask(ctx, pages, "/"), ask(ctx, pages, paths[1]))
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(file, public, assets)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		want, got := ask(ctx, pages, path), ask(ctx, s, path)
		if got != want { // a minute may have begun between the two
			want = ask(ctx, pages, path)
		}
		if got != want {
			i := 0
			for i < min(len(got), len(want)) && got[i] == want[i] {
				i++
			}
			t.Fatalf("%s: at byte %d the limit has\n%.200s\nand Rapport\n%.200s", path, i, got[max(i-40, 0):], want[max(i-40, 0):])
		}
	}
}

func ask(ctx context.Context, h http.Handler, path string) string {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, public+path, nil))
	return w.Body.String()
}

// What the limit may use: the standard library, the driver and templ.
func TestTheLimitUsesNothingElse(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range f.Imports {
			path, err := strconv.Unquote(i.Path.Value)
			first, _, _ := strings.Cut(path, "/")
			if err != nil || strings.Contains(first, ".") && path != "modernc.org/sqlite" && !strings.HasPrefix(path, "github.com/a-h/templ") || first == "rapport" {
				t.Errorf("%s imports %s", name, path)
			}
		}
	}
}
