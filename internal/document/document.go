// Package document is the pages of a community that everybody can read: its
// guidelines, terms, privacy notice and imprint, with every version they had,
// and which of them a member has accepted. It says nothing of who may become a
// member, and it is no place for articles.
package document

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/markdown"
	"rapport/internal/member"
	"rapport/internal/outbox"
)

// The names of the documents, as addresses have them.
const (
	Guidelines = "guidelines"
	Terms      = "terms"
	Privacy    = "privacy"
	Imprint    = "imprint"
)

// Names are all names, in the order pages show them.
var Names = []string{Guidelines, Terms, Privacy, Imprint}

// titles are what pages call them.
var titles = map[string]string{
	Guidelines: i18n.Mark("Guidelines"),
	Terms:      i18n.Mark("Terms of use"),
	Privacy:    i18n.Mark("Privacy"),
	Imprint:    i18n.Mark("Imprint"),
}

// Title is what pages call the document of a name, as an id of the catalogs;
// "" for a name there is not.
func Title(name string) string { return titles[name] }

// Document is one version of a document. Versions are never changed.
type Document struct {
	Brand   string
	Name    string // one of Names
	Version int64  // from 1
	Text    string // Markdown
	HTML    string // safe to show
	Binding bool   // members accept it anew
	By      string // account that wrote it
	At      db.Time
}

// Title is what pages call the document, as an id of the catalogs.
func (d Document) Title() string { return titles[d.Name] }

// Missing is what a document that nobody has written answers.
func Missing() error { return fault.New(fault.NotFound, "There is no such document.") }

const columns = `brand_id, name, version, text, html, binding, account_id, at`

func scan(r interface{ Scan(...any) error }) (d Document, err error) {
	err = r.Scan(&d.Brand, &d.Name, &d.Version, &d.Text, &d.HTML, &d.Binding, &d.By, &d.At)
	return d, err
}

func one(ctx context.Context, q db.Queryer, query string, args ...any) (Document, error) {
	d, err := scan(q.QueryRowContext(ctx, query, args...))
	if errors.Is(err, sql.ErrNoRows) {
		return d, Missing()
	}
	if err != nil {
		return d, fmt.Errorf("document: read: %w", err)
	}
	return d, nil
}

// Current returns the newest version of a document, or fault.NotFound where
// nobody has written it.
func Current(ctx context.Context, q db.Queryer, brandID, name string) (Document, error) {
	return one(ctx, q, `SELECT `+columns+` FROM document WHERE brand_id = $1 AND name = $2 ORDER BY version DESC LIMIT 1`, brandID, name)
}

// ByVersion returns one version of a document, or fault.NotFound.
func ByVersion(ctx context.Context, q db.Queryer, brandID, name string, version int64) (Document, error) {
	return one(ctx, q, `SELECT `+columns+` FROM document WHERE brand_id = $1 AND name = $2 AND version = $3`, brandID, name, version)
}

// RulesOf are the rules of the brand's guidelines, none where it has no
// guidelines.
func RulesOf(ctx context.Context, q db.Queryer, brandID string) ([]string, error) {
	d, err := Current(ctx, q, brandID, Guidelines)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	return Rules(d.Text), nil
}

// All returns the newest version of each document, in the order of Names. What
// nobody has written is absent.
func All(ctx context.Context, q db.Queryer, brandID string) ([]Document, error) {
	var out []Document
	for _, name := range Names {
		d, err := Current(ctx, q, brandID, name)
		switch {
		case err == nil:
			out = append(out, d)
		case !fault.Is(err, fault.NotFound):
			return nil, err
		}
	}
	return out, nil
}

// Versions returns the versions of a document, the newest first, 20 to a page
// unless asked otherwise (at most 100), and the cursor of the next page.
func Versions(ctx context.Context, q db.Queryer, brandID, name string, page db.Page) ([]Document, string, error) {
	before, _, err := page.Key()
	if err != nil {
		return nil, "", err
	}
	size := page.Size(20, 100)
	rows, err := q.QueryContext(ctx, `SELECT `+columns+` FROM document WHERE brand_id = $1 AND name = $2 AND version < $3 ORDER BY version DESC LIMIT $4`,
		brandID, name, int64(before), size+1)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (Document, error) { return scan(r) })
	if err != nil {
		return nil, "", fmt.Errorf("document: versions: %w", err)
	}
	if len(all) <= size {
		return all, "", nil
	}
	return all[:size], db.Cursor(db.Time(all[size-1].Version), name), nil
}

// Write publishes a new version of a document. version is the one the caller
// saw, 0 where they saw none; where it is another by now that is
// fault.Conflict. A binding version is one that members accept anew; an imprint
// binds nobody. A text that is as it was makes no version.
func Write(ctx context.Context, d *db.DB, who access.Who, brandID, name string, version int64, text string, binding bool) (Document, error) {
	text, err := checked(name, text)
	if err != nil {
		return Document{}, err
	}
	var now Document
	err = d.Tx(ctx, func(tx *db.Tx) error {
		if err := who.May(tx.Now(), brandID, access.CommunityWrite); err != nil {
			return err
		}
		was, err := Current(ctx, tx, brandID, name)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		if was.Version != version {
			return errChanged
		}
		now = Document{Brand: brandID, Name: name, Version: version + 1, Text: text, HTML: markdown.Render(text, markdown.Options{}).HTML,
			Binding: binding && name != Imprint, By: who.Account, At: tx.Now()}
		if was.Version > 0 && now.Text == was.Text && now.Binding == was.Binding {
			now = was
			return nil
		}
		return now.insert(ctx, tx, who)
	})
	if db.IsDuplicate(err) {
		err = errChanged
	}
	return now, err
}

var errChanged = fault.New(fault.Conflict, "Somebody has written a newer version meanwhile. Look at it, then write yours.")

func (d Document) insert(ctx context.Context, tx *db.Tx, who access.Who) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO document (`+columns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		d.Brand, d.Name, d.Version, d.Text, d.HTML, d.Binding, d.By, d.At)
	if err != nil {
		return fmt.Errorf("document: insert: %w", err)
	}
	outbox.Show(tx, d.Brand, "document.changed", d.Name)
	return audit.Record(ctx, tx, who, audit.Entry{Brand: d.Brand, Act: "document.written", Subject: d.Brand,
		Detail: map[string]string{"document": d.Name, "version": fmt.Sprint(d.Version), "binding": fmt.Sprint(d.Binding)}})
}

func checked(name, text string) (string, error) {
	if !slices.Contains(Names, name) {
		return "", Missing()
	}
	text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
	if text == "" {
		return "", fault.OnField("text", "Write the text.")
	}
	return text, markdown.Check(text)
}

// Rules are the headings of guidelines, by their order: what a decision can
// name as the rule it rests on.
func Rules(text string) []string {
	var out []string
	fenced := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "```") || strings.HasPrefix(line, "~~~") {
			fenced = !fenced
		}
		marks := len(line) - len(strings.TrimLeft(line, "#"))
		title := heading(line[marks:])
		if !fenced && marks >= 1 && marks <= 6 && strings.HasPrefix(line[marks:], " ") && title != "" {
			out = append(out, title)
		}
	}
	return out
}

// heading takes the closing marks off a heading.
func heading(s string) string {
	s = strings.TrimSpace(s)
	if i := strings.LastIndexByte(s, ' '); i >= 0 && strings.Trim(s[i+1:], "#") == "" {
		s = strings.TrimSpace(s[:i])
	}
	return s
}

// Due returns the binding documents that a member has not accepted as they now
// are, in the order of Names: each in its newest version, which is the one to
// accept. A newer version that does not bind asks nobody anew.
func Due(ctx context.Context, q db.Queryer, brandID, memberID string) ([]Document, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+columns+` FROM document d WHERE d.brand_id = $1
		AND d.version = (SELECT MAX(n.version) FROM document n WHERE n.brand_id = $1 AND n.name = d.name)
		AND (SELECT MAX(b.version) FROM document b WHERE b.brand_id = $1 AND b.name = d.name AND b.binding)
			> COALESCE((SELECT MAX(a.version) FROM acceptance a WHERE a.member_id = $2 AND a.name = d.name AND a.brand_id = $1), 0)`, brandID, memberID)
	out, err := db.Collect(rows, err, func(r *sql.Rows) (Document, error) { return scan(r) })
	if err != nil {
		return nil, fmt.Errorf("document: due: %w", err)
	}
	slices.SortFunc(out, func(a, b Document) int { return cmp.Compare(slices.Index(Names, a.Name), slices.Index(Names, b.Name)) })
	return out, nil
}

// Binding returns what somebody accepts who joins now: the newest version of
// each document that has a binding one.
func Binding(ctx context.Context, q db.Queryer, brandID string) ([]Document, error) {
	return Due(ctx, q, brandID, "")
}

// ErrDue says that a member has to accept a document before they write. Its kind
// is fault.Denied; a surface recognises it by errors.Is, and asks.
var ErrDue error = fault.New(fault.Denied, "There is a new version of what holds here. Read and accept it, then you can write.")

// Agreed returns nil where the voice has accepted all that binds as it now is,
// else ErrDue. Whoever writes in a community asks it: it is one look-up in an
// index, and reads no text. Of the team nothing is asked, as nothing is when
// they join: what binds is between the brand and its members.
func Agreed(ctx context.Context, q db.Queryer, v member.Voice) error {
	if v.Member.ID == "" || v.Team(q.Now()) {
		return nil
	}
	var one int
	err := q.QueryRowContext(ctx, `SELECT 1 FROM (SELECT name, MAX(version) AS version FROM document WHERE brand_id = $1 AND binding GROUP BY name) b
		WHERE b.version > COALESCE((SELECT MAX(a.version) FROM acceptance a WHERE a.member_id = $2 AND a.name = b.name AND a.brand_id = $1), 0) LIMIT 1`,
		v.Brand, v.Member.ID).Scan(&one)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return fmt.Errorf("document: agreed: %w", err)
	}
	return ErrDue
}

// Owed are the documents that the voice has to accept before they write, in the
// order of Names.
func Owed(ctx context.Context, q db.Queryer, v member.Voice) ([]Document, error) {
	if err := Agreed(ctx, q, v); !errors.Is(err, ErrDue) {
		return nil, err
	}
	return Due(ctx, q, v.Brand, v.Member.ID)
}

// Agree notes that the acting member accepts the versions, by the names of
// their documents. Where one that they owe is not among them, nothing is noted.
func Agree(ctx context.Context, d *db.DB, v member.Voice, versions map[string]int64) error {
	if v.Member.ID == "" || v.Who.Account == "" || v.Who.Token != "" {
		return fault.New(fault.Denied, "Sign in to do this. An API token cannot.")
	}
	if err := v.Speaks(d.Now()); err != nil {
		return err
	}
	return d.Tx(ctx, func(tx *db.Tx) error {
		owed, err := Owed(ctx, tx, v)
		if err != nil {
			return err
		}
		accepts := map[string]int64{}
		for _, o := range owed {
			if versions[o.Name] == 0 {
				return fault.OnField("accepts", "Read what is new and accept each of it, then you can write.")
			}
			accepts[o.Name] = versions[o.Name]
		}
		return Accept(ctx, tx, v.Brand, v.Member.ID, accepts)
	})
}

// Accept notes in the caller's transaction that a member accepts the versions,
// by the names of their documents. One that is not the newest is
// fault.Conflict: they read another text than the one that holds.
func Accept(ctx context.Context, tx *db.Tx, brandID, memberID string, versions map[string]int64) error {
	for _, name := range Names {
		version, ok := versions[name]
		if !ok {
			continue
		}
		now, err := Current(ctx, tx, brandID, name)
		if fault.Is(err, fault.NotFound) || err == nil && now.Version != version {
			return fault.New(fault.Conflict, "A document has changed meanwhile. Read the new version, then accept it.")
		}
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO acceptance (member_id, name, version, brand_id, at) SELECT m.id, CAST($3 AS TEXT), CAST($4 AS BIGINT), m.brand_id, CAST($5 AS BIGINT)
			FROM member m WHERE m.brand_id = $1 AND m.id = $2 ON CONFLICT (member_id, name, version) DO NOTHING`, brandID, memberID, name, version, tx.Now())
		if err != nil {
			return fmt.Errorf("document: accept: %w", err)
		}
	}
	return nil
}

// Acceptance is a version that a member accepted.
type Acceptance struct {
	Name    string
	Version int64
	At      db.Time
}

// Accepted returns what a member has accepted, the last first.
func Accepted(ctx context.Context, q db.Queryer, brandID, memberID string) ([]Acceptance, error) {
	rows, err := q.QueryContext(ctx, `SELECT name, version, at FROM acceptance WHERE member_id = $1 AND brand_id = $2 ORDER BY at DESC, name, version DESC`, memberID, brandID)
	out, err := db.Collect(rows, err, func(r *sql.Rows) (a Acceptance, err error) {
		err = r.Scan(&a.Name, &a.Version, &a.At)
		return a, err
	})
	if err != nil {
		return nil, fmt.Errorf("document: accepted: %w", err)
	}
	return out, nil
}
