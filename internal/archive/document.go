package archive

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Document is docs/export.md: what is in an archive, file by file and field by
// field.
func Document() string {
	var b strings.Builder
	b.WriteString(documentHead)
	for _, t := range slices.Concat(tables, shownOnly) {
		fmt.Fprintf(&b, "\n### %s.jsonl\n%s\n\n| field | is | means |\n|---|---|---|\n", t.file, t.about)
		for _, f := range t.fields {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", f.name, f.describe(), f.about)
		}
	}
	b.WriteString("\n## What is not in it\n\n| table | reason |\n|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(notInArchive)) {
		fmt.Fprintf(&b, "| %s | %s |\n", name, notInArchive[name])
	}
	return b.String()
}

func (f field) describe() string {
	switch f.kind {
	case number:
		return "number"
	case flag:
		return "true"
	case moment:
		return "time"
	case object:
		return "JSON"
	case key:
		return "id"
	case ref, loose:
		return "id of a " + strings.ReplaceAll(f.of, " ", " or a ")
	case somebody:
		return "id of an account"
	case anything:
		return "id"
	case link:
		return "address"
	}
	if f.oneOf != nil {
		return "word"
	}
	return "text"
}

const documentHead = `# The archive of a brand

Under Settings, Data, an owner has everything of a brand put into one file; the
API and ` + "`rapport export`" + ` do the same. ` + "`rapport import`" + `, or the page “Bring a
brand over”, makes a brand of it again. This page is written from the list that
the program goes by; a test holds it against the database.

## The file
A zip file:

| part | holds |
|---|---|
| ` + "`manifest.json`" + ` | ` + "`format`" + ` (` + Format + `), ` + "`program`" + `, ` + "`made_at`" + `, ` + "`brand`" + ` and ` + "`name`" + `; ` + "`files`" + `: of each part its name, bytes, SHA-256 and number of things |
| ` + "`brand.json`" + ` | the brand's settings |
| ` + "`accounts.jsonl`" + ` | ` + "`id`, `email`, `name`" + ` of everybody that anything in the archive names |
| ` + "`*.jsonl`" + ` | one thing a line, as below |
| ` + "`media/<id>/full`, `media/<id>/original`" + ` | pictures as they are shown, and before they were cropped |
| ` + "`members/<id>/picture`" + ` | a member's picture |
| ` + "`pictures/<id>`" + ` | a picture that a member put into what they wrote |
| ` + "`logo`" + ` | the brand's logo, where it has one |
| ` + "`index.html`" + ` | for whoever opens it by hand |

Text is UTF-8. Times are RFC 3339 in UTC with milliseconds. Ids are UUIDs, and
are kept when the archive is brought in. What is empty, 0 as a time, or false is
left out. All parts are of one moment.

**Never in it:** accesses to networks, passwords, sessions, secrets of tokens and
webhooks.

## Bringing one in
- Everything is looked through before anything is written: sizes, checksums,
  every field, every reference. A file with anything in it that does not belong
  is refused as a whole, and nothing of a failed import stays.
- A brand that is here already is refused; ids are never given anew.
- People of the team are found by their e-mail address. Who is not known here
  becomes an account that cannot sign in until somebody invites it.
- Channels come without access and must be connected again.
- **The brand is on hold** until an owner releases it. What was on its way when
  the archive was made is *unknown*, what fell due since is *missed*: both ask a
  person. If the installation it came from still runs, hold the brand there
  first, or both will send what is planned.
- Tokens, notifications, mail and files of earlier exports are not brought in.

## The things
`
