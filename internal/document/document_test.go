package document_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/document"
	"rapport/internal/fault"
	"rapport/internal/member"
)

var ctx = context.Background()

func open(t *testing.T) *db.DB {
	t.Helper()
	d := dbtest.Open(t)
	d.SetClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	for _, b := range []string{"b", "other"} {
		if _, err := d.ExecContext(ctx, `INSERT INTO brand (id, slug, name, color, zone, created_at) VALUES ($1, $1, 'North', '#000000', 'UTC', 1)`, b); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func as(brand string, role access.Role) access.Who {
	return access.Who{Account: "a-" + string(role), Grants: []access.Grant{{Brand: brand, Role: role}}}
}

var owner = as("b", access.Owner)

func write(t *testing.T, d *db.DB, name string, seen int64, text string, binding bool) document.Document {
	t.Helper()
	doc, err := document.Write(ctx, d, owner, "b", name, seen, text, binding)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func join(t *testing.T, d *db.DB, brand, name string) member.Member {
	t.Helper()
	var m member.Member
	err := d.Tx(ctx, func(tx *db.Tx) (err error) {
		m, err = member.Create(ctx, tx, brand, member.New{Account: name, Name: name, State: member.Active})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func accept(d *db.DB, brand, id string, versions map[string]int64) error {
	return d.Tx(ctx, func(tx *db.Tx) error { return document.Accept(ctx, tx, brand, id, versions) })
}

func names(all []document.Document) string {
	var out []string
	for _, d := range all {
		out = append(out, d.Name)
	}
	return strings.Join(out, " ")
}

func TestVersionsStay(t *testing.T) {
	d := open(t)
	q := dbtest.Indexed(t, d)
	if _, err := document.Current(ctx, q, "b", document.Terms); !fault.Is(err, fault.NotFound) {
		t.Fatal(err)
	}
	write(t, d, document.Terms, 0, " One\r\ntwo <b>. ", true)
	write(t, d, document.Imprint, 0, "Us", true)
	second := write(t, d, document.Terms, 1, "Three", false)
	if again := write(t, d, document.Terms, 2, "Three\n", false); again.Version != second.Version {
		t.Errorf("the same again is version %d", again.Version)
	}
	write(t, d, document.Guidelines, 0, "### 1. Be kind", true)
	all, err := document.All(ctx, q, "b")
	if err != nil || names(all) != "guidelines terms imprint" || all[1].Version != 2 || all[2].Binding {
		t.Errorf("%+v, %v", all, err)
	}
	first, err := document.ByVersion(ctx, q, "b", document.Terms, 1)
	want := document.Document{Brand: "b", Name: "terms", Version: 1, Text: "One\ntwo <b>.", HTML: first.HTML, Binding: true, By: owner.Account, At: d.Now()}
	if diff := cmp.Diff(want, first); err != nil || diff != "" || strings.Contains(first.HTML, "<b>") {
		t.Error(diff, first.HTML, err)
	}
	page, next, err := document.Versions(ctx, q, "b", document.Terms, db.Page{Limit: 1})
	if err != nil || len(page) != 1 || page[0].Version != 2 || next == "" {
		t.Fatal(page, next, err)
	}
	if page, next, err = document.Versions(ctx, q, "b", document.Terms, db.Page{Limit: 1, After: next}); err != nil || len(page) != 1 || page[0].Version != 1 || next != "" {
		t.Error(page, next, err)
	}
	if all, err := document.All(ctx, q, "other"); err != nil || len(all) != 0 {
		t.Error(all, err)
	}
	var acts int
	if err := audit.Each(ctx, d, owner, "b", audit.Filter{Area: audit.Settings}, func(l audit.Line) error {
		if l.Act == "document.written" {
			acts++
		}
		return nil
	}); err != nil || acts != 4 {
		t.Error(acts, err)
	}
}

func TestWrongInput(t *testing.T) {
	d := open(t)
	write(t, d, document.Terms, 0, "One", true)
	for _, c := range []struct {
		name, doc, text string
		seen            int64
		who             access.Who
		kind            fault.Kind
	}{
		{"nothing", document.Terms, " ", 1, owner, fault.Invalid},
		{"endless", document.Terms, strings.Repeat("x", 200_000), 1, owner, fault.Invalid},
		{"broken", document.Terms, "a\x00b", 1, owner, fault.Invalid},
		{"another name", "cookies", "x", 0, owner, fault.NotFound},
		{"not the newest", document.Terms, "x", 0, owner, fault.Conflict},
		{"one that is not there yet", document.Terms, "x", 2, owner, fault.Conflict},
		{"analyst", document.Terms, "x", 1, as("b", access.Analyst), fault.Denied},
		{"moderator", document.Terms, "x", 1, as("b", access.Moderator), fault.Denied},
		{"another brand's", document.Terms, "x", 1, as("other", access.Owner), fault.NotFound},
		{"nobody", document.Terms, "x", 1, access.Who{}, fault.NotFound},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := document.Write(ctx, d, c.who, "b", c.doc, c.seen, c.text, true); !fault.Is(err, c.kind) {
				t.Error(err)
			}
		})
	}
}

func TestTwoWriteAtOnce(t *testing.T) {
	d := open(t)
	errs := make([]error, 4)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			_, errs[i] = document.Write(ctx, d, owner, "b", document.Terms, 0, strings.Repeat("x", i+1), true)
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if !fault.Is(err, fault.Conflict) {
			t.Error(err)
		}
	}
	if won != 1 {
		t.Errorf("%d were written", won)
	}
}

func TestWhatIsDue(t *testing.T) {
	d := open(t)
	ada := join(t, d, "b", "Ada")
	due := func() string {
		t.Helper()
		all, err := document.Due(ctx, dbtest.Indexed(t, d), "b", ada.ID)
		if err != nil {
			t.Fatal(err)
		}
		return names(all)
	}
	step := func(name, want string) {
		t.Helper()
		if got := due(); got != want {
			t.Errorf("%s: %q is due, want %q", name, got, want)
		}
	}
	step("nothing is written", "")
	write(t, d, document.Imprint, 0, "x", true)
	write(t, d, document.Privacy, 0, "x", true)
	write(t, d, document.Guidelines, 0, "x", false)
	step("an imprint and what does not bind", "privacy")
	if err := accept(d, "b", ada.ID, map[string]int64{"privacy": 1}); err != nil {
		t.Fatal(err)
	}
	step("accepted", "")
	write(t, d, document.Privacy, 1, "xx", false)
	step("a small change", "")
	write(t, d, document.Privacy, 2, "xxx", true)
	step("a change that binds", "privacy")
	for _, old := range []int64{1, 2, 4, 0, -1} {
		if err := accept(d, "b", ada.ID, map[string]int64{"privacy": old}); !fault.Is(err, fault.Conflict) {
			t.Errorf("version %d: %v", old, err)
		}
	}
	write(t, d, document.Privacy, 3, "xxxx", false)
	all, err := document.Due(ctx, d, "b", ada.ID)
	if err != nil || len(all) != 1 || all[0].Version != 4 {
		t.Errorf("to be read is %+v, %v", all, err)
	}
	for range 2 {
		if err := accept(d, "b", ada.ID, map[string]int64{"privacy": 4, "guidelines": 1}); err != nil {
			t.Fatal(err)
		}
	}
	step("accepted in its newest", "")
	got, err := document.Accepted(ctx, dbtest.Indexed(t, d), "b", ada.ID)
	if err != nil || len(got) != 3 {
		t.Error(got, err)
	}
}

func TestNothingIsHalfAccepted(t *testing.T) {
	d := open(t)
	ada, far := join(t, d, "b", "Ada"), join(t, d, "other", "Far")
	write(t, d, document.Guidelines, 0, "x", true)
	write(t, d, document.Terms, 0, "x", true)
	for _, versions := range []map[string]int64{{"guidelines": 1, "terms": 2}, {"guidelines": 1, "privacy": 1}} {
		if err := accept(d, "b", ada.ID, versions); err == nil {
			t.Errorf("%v was accepted", versions)
		}
	}
	if err := accept(d, "b", far.ID, map[string]int64{"terms": 1}); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{ada.ID, far.ID} {
		if got, err := document.Accepted(ctx, d, "b", id); err != nil || len(got) != 0 {
			t.Error(got, err)
		}
	}
}

func TestTemplates(t *testing.T) {
	for _, lang := range []string{"en", "de", "de-AT", "fr", ""} {
		for _, name := range document.Names {
			text := document.Template(lang, name, "No*rth")
			if !strings.Contains(text, "[") || strings.Contains(text, "{{") {
				t.Errorf("%s in %q:\n%s", name, lang, text)
			}
			if name == document.Guidelines && !strings.Contains(text, `No\*rth`) {
				t.Errorf("%s in %q does not name the brand", name, lang)
			}
		}
	}
	if document.Template("de", document.Terms, "x") == document.Template("en", document.Terms, "x") {
		t.Error("both are in one language")
	}
	if text := document.Template("en", "../document", "x"); text != "" {
		t.Errorf("%q", text)
	}
	rules := document.Rules(document.Template("en", document.Guidelines, "North"))
	if len(rules) != 9 || rules[0] != "1. Be kind" {
		t.Errorf("%q", rules)
	}
}

func TestRules(t *testing.T) {
	for text, want := range map[string][]string{
		"":                            nil,
		"# One\ntext\n## Two ##\n#no": {"One", "Two"},
		"```\n# code\n```\n### C#":    {"C#"},
		"####### seven\n#\n# ":        nil,
	} {
		if got := document.Rules(text); !slices.Equal(got, want) {
			t.Errorf("%q gives %q, want %q", text, got, want)
		}
	}
}
