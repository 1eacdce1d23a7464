package document_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/document"
	"rapport/internal/fault"
	"rapport/internal/member"
)

var ctx = context.Background()

type house struct {
	*testing.T
	*db.DB
	brand brand.Brand
	owner access.Who
}

func open(t *testing.T) house {
	t.Helper()
	h := house{T: t, DB: dbtest.Open(t)}
	a, err := account.Create(ctx, h.DB, access.System(), account.New{Email: "owner@example.com", Name: "Olga", Password: "correct horse battery"}, nil)
	h.must(err)
	h.brand, err = brand.Create(ctx, h.DB, access.Who{Account: a.ID}, brand.New{Name: "North"})
	h.must(err)
	h.owner, err = account.As(ctx, h.DB, a)
	h.must(err)
	return h
}

func (h house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func (h house) write(name string, version int64, text string, binding bool) document.Document {
	h.Helper()
	d, err := document.Write(ctx, h.DB, h.owner, h.brand.ID, name, version, text, binding)
	h.must(err)
	return d
}

func (h house) member() (m member.Member) {
	h.Helper()
	h.must(h.Tx(ctx, func(tx *db.Tx) (err error) {
		m, err = member.Create(ctx, tx, h.brand.ID, member.New{Account: db.NewID(), Name: "Mira", State: member.Active})
		return err
	}))
	return m
}

func (h house) due(m member.Member) []string {
	h.Helper()
	all, err := document.Due(ctx, dbtest.Indexed(h, h.DB), h.brand.ID, m.ID)
	h.must(err)
	var out []string
	for _, d := range all {
		out = append(out, d.Name)
	}
	return out
}

func (h house) accept(m member.Member, versions map[string]int64) error {
	return h.Tx(ctx, func(tx *db.Tx) error { return document.Accept(ctx, tx, h.brand.ID, m.ID, versions) })
}

func TestVersionsStay(t *testing.T) {
	h := open(t)
	if _, err := document.Current(ctx, h.DB, h.brand.ID, document.Terms); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
	h.write(document.Terms, 0, "First <script>alert(1)</script>", true)
	second := h.write(document.Terms, 1, "Second\r\n", false)
	if again := h.write(document.Terms, 2, "Second", false); again.Version != 2 {
		t.Error("the same text made a version")
	}
	h.write(document.Imprint, 0, "We", true)
	all, err := document.All(ctx, dbtest.Indexed(t, h.DB), h.brand.ID)
	if err != nil || len(all) != 2 || all[0].Name != document.Terms || all[0].Text != "Second" || all[1].Binding || all[0].By != h.owner.Account {
		t.Errorf("%+v, %v", all, err)
	}
	first, err := document.ByVersion(ctx, h.DB, h.brand.ID, document.Terms, 1)
	if err != nil || strings.Contains(first.HTML, "<script") || !strings.Contains(first.HTML, "First") {
		t.Errorf("%q, %v", first.HTML, err)
	}
	page, next, err := document.Versions(ctx, dbtest.Indexed(t, h.DB), h.brand.ID, document.Terms, db.Page{Limit: 1})
	h.must(err)
	rest, end, err := document.Versions(ctx, h.DB, h.brand.ID, document.Terms, db.Page{Limit: 1, After: next})
	if diff := cmp.Diff([]document.Document{second, first}, append(page, rest...)); err != nil || diff != "" || end != "" {
		t.Errorf("%v %q\n%s", err, end, diff)
	}
	if _, err := document.Current(ctx, h.DB, db.NewID(), document.Terms); !fault.Is(err, fault.NotFound) {
		t.Error("another brand reads it", err)
	}
}

func TestHostileTexts(t *testing.T) {
	h := open(t)
	for name, one := range map[string]struct {
		name, text string
		kind       fault.Kind
	}{
		"no such document": {"../terms", "Text", fault.NotFound},
		"empty":            {document.Terms, " \n ", fault.Invalid},
		"too long":         {document.Terms, strings.Repeat("a", 1<<20), fault.Invalid},
		"no UTF-8":         {document.Terms, "a\xff", fault.Invalid},
	} {
		if _, err := document.Write(ctx, h.DB, h.owner, h.brand.ID, one.name, 0, one.text, true); !fault.Is(err, one.kind) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhoMayWrite(t *testing.T) {
	h := open(t)
	for _, role := range access.Roles {
		who := access.Who{Account: "a", Grants: []access.Grant{{Brand: h.brand.ID, Role: role}}}
		now, _ := document.Current(ctx, h.DB, h.brand.ID, document.Terms)
		_, err := document.Write(ctx, h.DB, who, h.brand.ID, document.Terms, now.Version, "By "+string(role), true)
		if may := access.Allows(role, access.CommunityWrite); may != (err == nil) {
			t.Errorf("%s: %v", role, err)
		}
	}
	if _, err := document.Write(ctx, h.DB, access.Who{Account: "a"}, h.brand.ID, document.Terms, 0, "Text", true); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
}

// Of many who write the same next version at once, one does.
func TestNobodyOverwrites(t *testing.T) {
	h := open(t)
	var wait sync.WaitGroup
	results := make([]error, 6)
	for i := range results {
		wait.Go(func() {
			_, results[i] = document.Write(ctx, h.DB, h.owner, h.brand.ID, document.Terms, 0, strings.Repeat("x", i+1), true)
		})
	}
	wait.Wait()
	n := 0
	for _, err := range results {
		if err == nil {
			n++
		} else if !fault.Is(err, fault.Conflict) {
			t.Error(err)
		}
	}
	if d, err := document.Current(ctx, h.DB, h.brand.ID, document.Terms); n != 1 || err != nil || d.Version != 1 {
		t.Errorf("%d wrote, version %d, %v", n, d.Version, err)
	}
}

func TestAcceptance(t *testing.T) {
	h := open(t)
	m := h.member()
	if got := h.due(m); got != nil {
		t.Error(got)
	}
	h.write(document.Privacy, 0, "Privacy", true)
	h.write(document.Guidelines, 0, "Rules", true)
	h.write(document.Terms, 0, "Terms", false)
	h.write(document.Imprint, 0, "We", true)
	if got := h.due(m); !slices.Equal(got, []string{document.Guidelines, document.Privacy}) {
		t.Error(got)
	}
	h.must(h.accept(m, map[string]int64{document.Guidelines: 1}))
	h.must(h.accept(m, map[string]int64{document.Guidelines: 1})) // twice is once
	if got := h.due(m); !slices.Equal(got, []string{document.Privacy}) {
		t.Error(got)
	}
	h.write(document.Guidelines, 1, "Rules, with a comma", false)
	if got := h.due(m); !slices.Equal(got, []string{document.Privacy}) {
		t.Error("a version that does not bind asks anew", got)
	}
	h.write(document.Guidelines, 2, "Other rules", true)
	if got := h.due(m); !slices.Equal(got, []string{document.Guidelines, document.Privacy}) {
		t.Error(got)
	}
	for _, old := range []map[string]int64{{document.Guidelines: 1}, {document.Guidelines: 4}, {document.Terms: 0}, {document.Privacy: 1, document.Terms: 9}} {
		if err := h.accept(m, old); !fault.Is(err, fault.Conflict) {
			t.Errorf("%v: %v", old, err)
		}
	}
	h.must(h.accept(m, map[string]int64{document.Guidelines: 3, document.Privacy: 1, "other": 7}))
	got, err := document.Accepted(ctx, dbtest.Indexed(t, h.DB), h.brand.ID, m.ID)
	if len(h.due(m)) != 0 || err != nil || len(got) != 3 {
		t.Errorf("%v, %v, %v", h.due(m), got, err)
	}
}

func TestRules(t *testing.T) {
	const text = "Welcome\n### 1. Be kind ###\nText # no heading\n```\n# code\n```\n## C# and F#\n#hashtag\n####### seven\n#\n"
	if diff := cmp.Diff([]string{"1. Be kind", "C# and F#"}, document.Rules(text)); diff != "" {
		t.Error(diff)
	}
}

// Templates can be published as they are, and say what to fill in.
func TestTemplates(t *testing.T) {
	h := open(t)
	for _, lang := range []string{"en", "de"} {
		for _, name := range document.Names {
			text := document.Template(name, lang)
			if len(document.Blanks(text)) == 0 {
				t.Errorf("%s %s has nothing to fill in", lang, name)
			}
			now, _ := document.Current(ctx, h.DB, h.brand.ID, name)
			h.write(name, now.Version, text, false)
		}
	}
	if en, de := document.Rules(document.Template(document.Guidelines, "en")), document.Rules(document.Template(document.Guidelines, "de-AT")); len(en) < 5 || len(en) != len(de) {
		t.Errorf("%q, %q", en, de)
	}
	if document.Template("../document", "en") != "" || document.Title(document.Terms) == "" || document.Template(document.Terms, "fr") != document.Template(document.Terms, "en") {
		t.Error("templates")
	}
	if diff := cmp.Diff([]string{"name", "16"}, document.Blanks("[name] [link](https://x) [ref]: x [x] [name] [16]")); diff != "" {
		t.Error(diff)
	}
}
