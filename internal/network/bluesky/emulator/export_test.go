package emulator

import (
	"io/fs"
	"strings"
)

// OutputIssue holds an answer to what its lexicon promises; "" is right.
func OutputIssue(nsid string, answer []byte) string {
	def := contract[nsid+"#main"]
	if def == nil || def.Output == nil || def.Output.Schema == nil {
		return ""
	}
	v, err := decode(answer)
	if err != nil {
		return err.Error()
	}
	if no := contract.check(def.Output.Schema, v, "$"); no != nil {
		return no.String()
	}
	return ""
}

// RecordCID names what a JSON document holds.
func RecordCID(raw string) (string, error) {
	v, err := decode([]byte(raw))
	if err != nil {
		return "", err
	}
	return recordCID(v)
}

// RecordIssue holds a record to its lexicon; "" is right.
func RecordIssue(kind, raw string) string {
	v, err := decode([]byte(raw))
	if err != nil {
		return err.Error()
	}
	if no := contract.check(contract[kind+"#main"], v, "$"); no != nil {
		return no.String()
	}
	return ""
}

// FormatFits reports whether a text is of a format.
func FormatFits(format, text string) bool { return formats[format](text) }

// Unknown lists what the lexicons of a folder use and the checker does not
// know, and how many definitions it read.
func Unknown(files fs.FS) (unknown []string, read int, err error) {
	ls, err := readLexicons(files)
	seen := map[string]bool{}
	for id, s := range ls {
		s.walk(func(part *schema) {
			for _, ref := range append(part.Refs, part.Ref) {
				if strings.HasPrefix(ref, "com.atproto.") || strings.HasPrefix(ref, "app.bsky.") {
					if ls[ref] == nil {
						seen["reference "+ref+" in "+id] = true
					}
				}
			}
			if part.Format != "" && formats[part.Format] == nil {
				seen["format "+part.Format] = true
			}
			if !strings.Contains(" record object params array ref union string integer boolean unknown blob cid-link bytes token query procedure subscription permission permission-set ", " "+part.Type+" ") {
				seen["type "+part.Type] = true
			}
		})
	}
	for what := range seen {
		unknown = append(unknown, what)
	}
	return unknown, len(ls), err
}

func (s *schema) walk(f func(*schema)) {
	if s == nil {
		return
	}
	f(s)
	for _, p := range s.Properties {
		p.walk(f)
	}
	for _, part := range []*schema{s.Items, s.Record, s.Parameters} {
		part.walk(f)
	}
	for _, b := range []*body{s.Input, s.Output} {
		if b != nil {
			b.Schema.walk(f)
		}
	}
}
