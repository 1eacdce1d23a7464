package i18n_test

import (
	"fmt"
	"testing"

	"rapport/internal/i18n"
)

func TestPhraseWaitsForItsReader(t *testing.T) {
	de := i18n.With(t.Context(), "de", nil)
	long := i18n.P("Shorten the text by %d %s; %d is the most.", 1200, i18n.Word("characters"), 5)
	for _, c := range []struct{ name, got, want string }{
		{"in English", long.String(), "Shorten the text by 1200 characters; 5 is the most."},
		{"without a reader", long.In(t.Context()), "Shorten the text by 1200 characters; 5 is the most."},
		{"numbered verbs, grouped digits, a word that is a message", long.In(de), "Höchstens 5: kürze den Text um 1.200 Zeichen."},
		{"untranslated", i18n.F(de, "%s is a file.", "x"), "x is a file."},
		{"a decimal sign", i18n.F(de, "It has %.1f MB.", 2.5), "Es hat 2,5 MB."},
		{"a phrase within", i18n.F(de, "%s: %s", "@ada", i18n.P("It has %.1f MB.", 2.5)), "@ada: Es hat 2,5 MB."},
		{"a phrase within, in English", fmt.Sprintf("%s: %s", "@ada", i18n.P("It has %.1f MB.", 2.5)), "@ada: It has 2.5 MB."},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.name, c.got, c.want)
		}
	}
}

func TestKeptTextIsRecognised(t *testing.T) {
	de := i18n.With(t.Context(), "de", nil)
	for _, c := range []struct{ kept, want string }{
		{"Save", "Speichern"},
		{"Shorten the text by 7 characters; 5 is the most.", "Höchstens 5: kürze den Text um 7 Zeichen."},
		{"Ada said no: Save Nothing was changed.", "Ada hat abgelehnt: Speichern Es wurde nichts geändert."},
		{"What the network said, as it said it.", "What the network said, as it said it."},
		{"", ""},
	} {
		if got := i18n.Kept(c.kept).In(de); got != c.want {
			t.Errorf("%q became %q, want %q", c.kept, got, c.want)
		}
		if got := i18n.Kept(c.kept).In(t.Context()); got != c.kept {
			t.Errorf("%q became %q in English", c.kept, got)
		}
	}
}
