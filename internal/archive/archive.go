// Package archive takes everything of a brand along as one file in an open
// format, brings such a file in as a brand, and erases a brand. What is in a
// file, table by table and field by field, is one list, from which
// docs/export.md is written; a test holds every table and column of the
// database against it.
package archive

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/network"
)

// Format names the shape of an archive. It changes with what is in one.
const Format = "rapport.brand/1"

// The parts of an archive beside its files of things.
const (
	manifestName = "manifest.json"
	brandName    = "brand.json"
	accountsName = "accounts.jsonl"
	mediaFolder  = "media/"
	facesFolder  = "members/"
	postsFolder  = "pictures/"
	logoName     = "logo"
)

// Manifest says what is in an archive. It is the last part of the file.
type Manifest struct {
	Format  string    `json:"format"`
	Program string    `json:"program"`
	MadeAt  time.Time `json:"made_at"`
	Brand   string    `json:"brand"`
	Name    string    `json:"name"`
	Files   []File    `json:"files"`
}

// File is one part of an archive.
type File struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
	Rows   int64  `json:"rows,omitempty"` // things in it, one a line
}

// Brand is the brand's own settings in an archive.
type Brand struct {
	ID           string    `json:"id"`
	Slug         string    `json:"slug"`
	Name         string    `json:"name"`
	Color        string    `json:"color"`
	Zone         string    `json:"zone"`
	Language     string    `json:"language"`
	Demo         bool      `json:"demo,omitempty"`
	ToleranceS   int64     `json:"tolerance_s"`
	Retention    int       `json:"retention_days"`
	ActivityDays int       `json:"activity_days"`
	LetterDays   int       `json:"letter_days"`
	CreatedAt    time.Time `json:"created_at"`
}

// person is an account in an archive.
type person struct {
	ID    string `json:"id"`
	Email string `json:"email"`
	Name  string `json:"name"`
}

const momentLayout = "2006-01-02T15:04:05.000Z"

// encode writes one row as a line of JSON, its values in the order of fields.
func (t table) encode(b *bytes.Buffer, values []any) error {
	b.WriteByte('{')
	first := true
	for i, f := range t.fields {
		raw, err := f.encode(values[i])
		if err != nil {
			return fmt.Errorf("archive: %s.%s: %w", t.name, f.col(), err)
		}
		if raw == nil {
			continue
		}
		if !first {
			b.WriteByte(',')
		}
		first = false
		fmt.Fprintf(b, "%q:", f.name)
		b.Write(raw)
	}
	b.WriteString("}\n")
	return nil
}

// encode returns the value as JSON, nil for one that is left out.
func (f field) encode(value any) ([]byte, error) {
	switch v := value.(type) {
	case *string:
		switch {
		case *v == "":
			return nil, nil
		case f.kind == object:
			return f.check([]byte(*v))
		}
		return plain(*v)
	case *int64:
		if *v == 0 && f.kind != number {
			return nil, nil
		}
		if f.kind == moment {
			return plain(db.Time(*v).Time().Format(momentLayout))
		}
		return plain(*v)
	case *bool:
		if !*v {
			return nil, nil
		}
		return []byte("true"), nil
	}
	return nil, fmt.Errorf("no value")
}

// plain is JSON as people read it.
func plain(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

// holder is what a column of the field is read into.
func (f field) holder() any {
	switch f.kind {
	case number, moment:
		return new(int64)
	case flag:
		return new(bool)
	}
	return new(string)
}

func (t table) columns() string {
	names := make([]string, len(t.fields))
	for i, f := range t.fields {
		names[i] = f.col()
	}
	return strings.Join(names, ", ")
}

// like reads JSON of a type and writes it anew: nothing else passes.
func like[T any](raw []byte) ([]byte, error) {
	var v T
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if d.More() {
		return nil, fmt.Errorf("more than one value")
	}
	return plain(v)
}

func attachments(raw []byte) ([]byte, error) {
	var all []network.Attachment
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, err
	}
	for _, a := range all {
		if !webAddress(a.URL) || !webAddress(a.PreviewURL) {
			return nil, fmt.Errorf("an address that is none")
		}
	}
	return like[[]network.Attachment](raw)
}

// webAddress reports whether a link may be followed, or is none.
func webAddress(s string) bool {
	return s == "" || strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://")
}

// count is how many rows of a brand a table holds.
func count(ctx context.Context, q db.Queryer, t, brand string) (n int64, err error) {
	err = q.QueryRowContext(ctx, `SELECT COUNT(*) FROM `+t+` WHERE brand_id = $1`, brand).Scan(&n)
	return n, err
}

// damaged is the answer to a file that is no whole archive.
func damaged(format string, args ...any) error {
	return fault.OnField("file", "This is no whole archive of Rapport: %s", i18n.P(format, args...))
}

func readBrand(ctx context.Context, q db.Queryer, id string) (b Brand, err error) {
	var created db.Time
	err = q.QueryRowContext(ctx, `SELECT id, slug, name, color, zone, language, demo, tolerance_s, retention_days, activity_days, letter_days, created_at FROM brand WHERE id = $1`, id).
		Scan(&b.ID, &b.Slug, &b.Name, &b.Color, &b.Zone, &b.Language, &b.Demo, &b.ToleranceS, &b.Retention, &b.ActivityDays, &b.LetterDays, &created)
	b.CreatedAt = created.Time()
	return b, err
}

// people are the accounts that anything in the archive names.
func people(ctx context.Context, q db.Queryer, brand string) ([]person, error) {
	var named []string
	for _, t := range tables {
		for _, f := range t.fields {
			if f.kind == somebody {
				named = append(named, `SELECT `+f.col()+` FROM `+t.name+` WHERE brand_id = $1`)
			}
		}
	}
	rows, err := q.QueryContext(ctx, `SELECT a.id, a.email, a.name FROM account a WHERE a.id IN (`+strings.Join(named, " UNION ")+`) ORDER BY a.email`, brand)
	return db.Collect(rows, err, func(r *sql.Rows) (p person, err error) {
		err = r.Scan(&p.ID, &p.Email, &p.Name)
		return p, err
	})
}
