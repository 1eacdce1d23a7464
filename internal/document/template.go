package document

import (
	"embed"
	"regexp"
	"strings"
)

//go:embed template
var templates embed.FS

// plain keeps a brand's name from being read as Markdown.
var plain = strings.NewReplacer(`\`, `\\`, "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", `\<`, "`", "\\`", "#", `\#`, "&", `\&`, "\n", " ", "\r", " ")

// Template is a text to start from, in the language (a BCP 47 tag; German, and
// English for all others), with [placeholders] where only the team knows: see
// Blanks. It is "" for a name that is none of Names. Nothing of it is shown to
// anybody before the team has written it.
func Template(lang, name, brandName string) string {
	folder := "en"
	if base, _, _ := strings.Cut(strings.ToLower(lang), "-"); base == "de" {
		folder = "de"
	}
	raw, err := templates.ReadFile("template/" + folder + "/" + name + ".md")
	if err != nil {
		return ""
	}
	return strings.ReplaceAll(string(raw), "{{brand}}", plain.Replace(brandName))
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
