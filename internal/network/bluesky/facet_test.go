package bluesky

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// marked writes each facet as [what it covers](what it points at).
func marked(text string, all []facet) []string {
	out := []string{}
	for _, f := range all {
		x := f.Features[0]
		out = append(out, fmt.Sprintf("[%s](%s%s%s)", text[f.Index.Start:f.Index.End], x.URI, x.DID, x.Tag))
	}
	return out
}

func TestFacets(t *testing.T) {
	names := map[string]string{"mira.test": "did:plc:mira", "north.bsky.social": "did:plc:north", "a.com": "did:web:a.com"}
	for _, c := range []struct {
		text string
		want []string
	}{
		{"", nil},
		{"Nothing to see.", nil},
		{"@mira.test hello", []string{"[@mira.test](did:plc:mira)"}},
		{"hello @Mira.Test, and @north.bsky.social.", []string{"[@Mira.Test](did:plc:mira)", "[@north.bsky.social](did:plc:north)"}},
		{"(@mira.test)", []string{"[@mira.test](did:plc:mira)"}},
		{"@nobody.test stays text", nil},
		{"@mira", nil},
		{"me@mira.test is mail", nil},
		{"write to me@a.com", nil},
		{"x@mira.test", nil},
		{"👩‍👩‍👧 @mira.test é", []string{"[@mira.test](did:plc:mira)"}},
		{"日本語\u3000@mira.test", []string{"[@mira.test](did:plc:mira)"}},
		{"see https://example.org/a?b=c#d", []string{"[https://example.org/a?b=c#d](https://example.org/a?b=c#d)"}},
		{"see https://example.org/a.", []string{"[https://example.org/a](https://example.org/a)"}},
		{"see https://example.org/a!", []string{"[https://example.org/a](https://example.org/a)"}},
		{"(see https://example.org/a)", []string{"[https://example.org/a](https://example.org/a)"}},
		{"(https://example.org/a).", []string{"[https://example.org/a](https://example.org/a)"}},
		{"https://example.org/a_(b)", []string{"[https://example.org/a_(b)](https://example.org/a_(b))"}},
		{"HTTPS://Example.org", []string{"[HTTPS://Example.org](HTTPS://Example.org)"}},
		{"https://", nil},
		{"example.com/path and north-shop.example.org", []string{"[example.com/path](https://example.com/path)", "[north-shop.example.org](https://north-shop.example.org)"}},
		{"e.g. this, i.e. that, 3.5 and file.notatld", nil},
		{"end.of sentence.and", nil},
		{"a.com @a.com", []string{"[a.com](https://a.com)", "[@a.com](did:web:a.com)"}},
		{"ünï https://example.org/ü", []string{"[https://example.org/ü](https://example.org/ü)"}},
		{"ftp://example.org", nil},
		{"#coffee", []string{"[#coffee](coffee)"}},
		{"#coffee, #Kaffee! #２０", []string{"[#coffee](coffee)", "[#Kaffee](Kaffee)"}},
		{"＃コーヒー", []string{"[＃コーヒー](コーヒー)"}},
		{"a#b", nil},
		{"# #1 #12 #!", nil},
		{"#1st", []string{"[#1st](1st)"}},
		{"#☕ #️⃣", []string{"[#☕](☕)"}},
		{"#zero\u200bwidth", []string{"[#zero](zero)"}},
		{"#" + strings.Repeat("a", 64), []string{"[#" + strings.Repeat("a", 64) + "](" + strings.Repeat("a", 64) + ")"}},
		{"#" + strings.Repeat("a", 65), nil},
		{"https://example.org/#not-a-tag", []string{"[https://example.org/#not-a-tag](https://example.org/#not-a-tag)"}},
		{"line\n@mira.test\nline", []string{"[@mira.test](did:plc:mira)"}},
	} {
		t.Run(c.text, func(t *testing.T) {
			got := marked(c.text, facets(c.text, names))
			if diff := cmp.Diff(append([]string{}, c.want...), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestHandlesAndFirstLink(t *testing.T) {
	text := "@mira.test and @MIRA.test with @a.com: (see example.com/x) https://example.org"
	if diff := cmp.Diff([]string{"mira.test", "a.com"}, handles(text)); diff != "" {
		t.Error(diff)
	}
	if got := firstLink(text); got != "https://example.com/x" {
		t.Errorf("the first link is %q", got)
	}
}

// Whatever the text, a facet covers whole characters, and none covers
// another's.
func FuzzFacets(f *testing.F) {
	for _, s := range []string{"@mira.test https://example.org #tag", "(@a.com)", "＃コーヒー\u200b", "#\ufe0f", "https://é", "a.com)", "\xff@a.com", "(((@(a.com", "@a.com.", "#a\u00ad"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		text = strings.ToValidUTF8(text, "\ufffd")
		names := map[string]string{}
		for _, h := range handles(text) {
			names[h] = "did:plc:x"
			if !isHandle(h) {
				t.Errorf("%q is no handle", h)
			}
		}
		end := 0
		for _, x := range facets(text, names) {
			s := x.Index
			if s.Start < end || s.End <= s.Start || s.End > len(text) {
				t.Fatalf("facet %+v in %d bytes behind %d", s, len(text), end)
			}
			if !utf8.ValidString(text[:s.Start]) || !utf8.ValidString(text[s.Start:s.End]) {
				t.Errorf("facet %+v cuts a character of %q", s, text)
			}
			if strings.ContainsFunc(text[s.Start:s.End], isSpace) {
				t.Errorf("facet %+v of %q has a space in it", s, text)
			}
			end = s.End
		}
	})
}

func TestKeys(t *testing.T) {
	seen := map[string]bool{}
	for i := range 20_000 {
		key := keyOf(fmt.Sprint("seed ", i))
		if len(key) != 13 || strings.Trim(key, sortable) != "" || key[0] > 'j' {
			t.Fatalf("%q has not the form of a key", key)
		}
		if seen[key] {
			t.Fatalf("%q comes twice", key)
		}
		seen[key] = true
		if at := timeOf(key); at.Before(time.Date(2023, 5, 1, 0, 0, 0, 0, time.UTC)) || at.After(time.Date(2025, 8, 1, 0, 0, 0, 0, time.UTC)) {
			t.Fatalf("%q is of %s", key, at)
		}
	}
	if keyOf("a") != keyOf("a") || keyOf("a") == keyOf("b") {
		t.Error("the key does not depend on the seed alone")
	}
}

// timeOf reads a key as the protocol does.
func timeOf(key string) time.Time {
	var v int64
	for _, c := range key {
		v = v<<5 | int64(strings.IndexRune(sortable, c))
	}
	return time.UnixMicro(v >> 10).UTC()
}
