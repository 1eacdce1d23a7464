package house_test

import (
	"cmp"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/a-h/templ/parser/v2"

	"rapport/internal/i18n"
)

const root = "../../internal/"

// translated is a message of a catalog.
type translated struct {
	ID    string `json:"id"`
	One   string `json:"one"`
	Other string `json:"other"`
	file  string
}

// catalog reads all files of a language. A message stands in one of them.
func catalog(t *testing.T, code string) map[string]translated {
	t.Helper()
	names, err := filepath.Glob(root + "i18n/catalog/*." + code + ".json")
	if err != nil || len(names) == 0 {
		t.Fatalf("no catalog for %s, %v", code, err)
	}
	out := map[string]translated{}
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var all []translated
		if err := json.Unmarshal(raw, &all); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, m := range all {
			m.file = filepath.Base(name)
			if twin, twice := out[m.ID]; twice && (twin.Other != m.Other || twin.One != m.One) {
				t.Errorf("%s and %s translate %q differently", twin.file, m.file, m.ID)
			}
			out[m.ID] = m
		}
	}
	return out
}

// Every message that the code says is in every catalog, and nothing else is.
func TestCatalogsAreComplete(t *testing.T) {
	said, err := spoken()
	if err != nil {
		t.Fatal(err)
	}
	if out := os.Getenv("RAPPORT_TEST_WORDS"); out != "" {
		keep(t, out, said)
	}
	for _, l := range i18n.Languages[1:] {
		all := catalog(t, l.Code)
		for _, id := range slices.Sorted(maps.Keys(said.at)) {
			if m, there := all[id]; !there {
				t.Errorf("%s lacks %q, of %s", l.Code, id, said.at[id])
			} else if (said.one[id] != "") != (m.One != "") {
				t.Errorf("%s: %q, of %s, needs its plural forms: one and other", m.file, id, said.at[id])
			}
		}
		for id, m := range all {
			if said.at[id] == "" && speaks(id) {
				t.Errorf("%s translates %q, which nothing says", m.file, id)
			}
		}
	}
}

// keep writes the messages down, for whoever translates them.
func keep(t *testing.T, name string, said *words) {
	t.Helper()
	type line struct{ ID, One, At string }
	var all []line
	for id, at := range said.at {
		all = append(all, line{id, said.one[id], at})
	}
	slices.SortFunc(all, func(a, b line) int { return cmp.Or(strings.Compare(a.At, b.At), strings.Compare(a.ID, b.ID)) })
	raw, err := json.MarshalIndent(all, "", "\t")
	if err == nil {
		err = os.WriteFile(name, raw, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

var (
	names = regexp.MustCompile(`\{\{\.\w+\}\}`)
	verbs = regexp.MustCompile(`%(?:\[(\d)\])?([-+#0-9.]*[a-zA-Z%])`)
)

// slots are the places of a text that values go into: names in any order,
// verbs of fmt each with the place of its value.
func slots(text string) []string {
	out := names.FindAllString(text, -1)
	next := 0
	for _, m := range verbs.FindAllStringSubmatch(text, -1) {
		if m[2] == "%" {
			continue
		}
		if m[1] != "" {
			next = int(m[1][0] - '1')
		}
		next++
		out = append(out, string(rune('0'+next))+m[2])
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// A translation has the places of its message: no value is lost and none is
// asked for that does not come.
func TestTranslationsHaveTheirValues(t *testing.T) {
	for _, l := range i18n.Languages[1:] {
		for id, m := range catalog(t, l.Code) {
			if strings.TrimSpace(m.Other) == "" {
				t.Errorf("%s: %q has no translation", m.file, id)
			}
			if !slices.Equal(slots(id), slots(m.Other)) {
				t.Errorf("%s: %q became %q", m.file, id, m.Other)
			}
			if m.One != "" && !subset(slots(m.One), slots(id)) {
				t.Errorf("%s: %q became %q", m.file, id, m.One)
			}
		}
	}
}

func subset(a, b []string) bool {
	return !slices.ContainsFunc(a, func(x string) bool { return !slices.Contains(b, x) })
}

// bare are texts of pages that are the same in every language.
var bare = []string{"Rapport", "Go", "⌘K", "Ctrl K", "Esc", "Alt", "https://", "m", "w", "d", "l", "HTTP", "CSV", "kB", "MB", "@", "·", "JSON", "RFC", "UTC", "px", "%", "a", "s", "e", "r", "n", "j", "k", "x", "/"}

// spokenAttributes are read by people, so a constant is a text outside of the
// catalog.
var spokenAttributes = map[string]bool{"title": true, "aria-label": true, "placeholder": true, "alt": true, "data-tip": true, "aria-description": true,
	"aria-roledescription": true, "data-confirm": true, "label": true, "data-text": true}

// Pages say nothing that is not in the catalogs. The gallery is for developers.
func TestPagesSayNothingOutsideTheCatalogs(t *testing.T) {
	files, err := filepath.Glob(root + "web/*/*.templ")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("no templates were found")
	}
	for _, name := range files {
		if strings.HasPrefix(filepath.Base(name), "gallery") {
			continue
		}
		file, err := parser.Parse(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range file.Nodes {
			if tpl, ok := n.(*parser.HTMLTemplate); ok {
				silence(tpl.Children, func(text string) {
					t.Errorf("%s says %q, which is in no catalog: put it through i18n.T", filepath.Base(name), text)
				})
			}
		}
	}
}

// silence tells of every text that stands in a page as it is.
func silence(nodes []parser.Node, tell func(string)) {
	for _, n := range nodes {
		switch n := n.(type) {
		case *parser.Text:
			quiet(n.Value, tell)
		case *parser.Element:
			for _, a := range n.Attributes {
				attribute(a, tell)
			}
		case *parser.SwitchExpression:
			for _, c := range n.Cases {
				silence(c.Children, tell)
			}
			continue
		case *parser.IfExpression:
			silence(n.Then, tell)
			for _, e := range n.ElseIfs {
				silence(e.Then, tell)
			}
			silence(n.Else, tell)
			continue
		}
		if c, ok := n.(parser.CompositeNode); ok {
			silence(c.ChildNodes(), tell)
		}
	}
}

func attribute(a parser.Attribute, tell func(string)) {
	switch a := a.(type) {
	case *parser.ConstantAttribute:
		if spokenAttributes[a.Key.String()] {
			quiet(a.Value, tell)
		}
	case *parser.ConditionalAttribute:
		for _, one := range append(a.Then, a.Else...) {
			attribute(one, tell)
		}
	}
}

var letters = regexp.MustCompile(`\p{L}`)

func quiet(text string, tell func(string)) {
	text = strings.TrimSpace(text)
	if letters.MatchString(text) && !slices.Contains(bare, text) {
		tell(text)
	}
}

// The test above hears: texts at every depth, and attributes.
func TestSilenceIsHeard(t *testing.T) {
	file, err := parser.ParseString(`package x

templ loud(on bool) {
	@Panel() {
		if on {
			for _, x := range all {
				<p title="Tip">Hello <b>{ x }</b></p>
			}
		} else {
			<input placeholder="Type" name="kept"/>
		}
		switch x {
			case 1:
				<i aria-label="Icon"></i>
		}
	}
}
`)
	if err != nil {
		t.Fatal(err)
	}
	var heard []string
	for _, n := range file.Nodes {
		if tpl, ok := n.(*parser.HTMLTemplate); ok {
			silence(tpl.Children, func(text string) { heard = append(heard, text) })
		}
	}
	if want := []string{"Tip", "Hello", "Type", "Icon"}; !slices.Equal(heard, want) {
		t.Errorf("heard %q, want %q", heard, want)
	}
}
