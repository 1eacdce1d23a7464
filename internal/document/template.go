package document

import (
	"embed"
	"regexp"
	"strings"
)

//go:embed template/*.md
var templates embed.FS

// Template is a text to begin a document with, in English, or in German where
// the language begins with "de"; "" for a name there is not. What stands in
// brackets is for the team to fill in: see Blanks. Nothing of it is published
// until somebody writes it.
func Template(name, lang string) string {
	code := "en"
	if l := strings.ToLower(lang); l == "de" || strings.HasPrefix(l, "de-") || strings.HasPrefix(l, "de_") {
		code = "de"
	}
	text, err := templates.ReadFile("template/" + name + "." + code + ".md")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

var blanks = regexp.MustCompile(`\[([^\[\]\n]{1,200})\](\(|\[|:)?`)

// Blanks are what a text still has in brackets, each once, so that a page can
// say so before it is published. Links are none.
func Blanks(text string) []string {
	var out []string
	seen := map[string]bool{}
	for _, m := range blanks.FindAllStringSubmatch(text, -1) {
		if words := strings.TrimSpace(m[1]); m[2] == "" && len(words) > 1 && !seen[words] {
			out, seen[words] = append(out, words), true
		}
	}
	return out
}
