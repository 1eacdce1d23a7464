// Package space is where a community talks: what each place is for, who may
// read it, and in which order they stand. Topics are another package's.
package space

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/outbox"
	"rapport/internal/search"
)

// Kind is what a space is for.
type Kind string

// The kinds.
const (
	Discussion    Kind = "discussion"
	Questions     Kind = "questions"     // a reply can be accepted as the answer
	Announcements Kind = "announcements" // only the team begins topics
	Knowledge     Kind = "knowledge"     // articles; only the team begins them
)

// Kinds are all kinds, in the order pages show them.
var Kinds = []Kind{Discussion, Questions, Announcements, Knowledge}

// TeamBegins reports whether only the team begins topics in such a space.
func (k Kind) TeamBegins() bool { return k == Announcements || k == Knowledge }

// Space is one row.
type Space struct {
	ID, Brand string
	Slug      string // in addresses
	Settings
	Place     int64 // in the order of spaces, from 1
	Topics    int64 // that anybody may read
	LastAt    db.Time
	Revision  int64
	CreatedAt db.Time
}

// Settings are what the team may change.
type Settings struct {
	Name     string
	About    string // one or two sentences
	Kind     Kind
	Hidden   bool    // for members only
	ClosedAt db.Time // since when nobody can write in it; 0: they can
}

// What fits.
const (
	LongestName  = 60  // runes
	LongestAbout = 300 // runes
	Most         = 100 // spaces of a brand
)

const columns = `id, brand_id, slug, name, about, kind, hidden, place, topics, last_at, closed_at, revision, created_at`

func scan(r interface{ Scan(...any) error }) (s Space, err error) {
	err = r.Scan(&s.ID, &s.Brand, &s.Slug, &s.Name, &s.About, &s.Kind, &s.Hidden, &s.Place, &s.Topics, &s.LastAt, &s.ClosedAt, &s.Revision, &s.CreatedAt)
	return s, err
}

// Missing is what a space that is not there answers, and one that must not be
// known.
func Missing() error { return fault.New(fault.NotFound, "There is no such space.") }

// List returns the brand's spaces in their order, also those for members only:
// whoever shows them leaves those out that a reader may not see.
func List(ctx context.Context, q db.Queryer, brandID string) ([]Space, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+columns+` FROM space WHERE brand_id = $1 ORDER BY place, id`, brandID)
	out, err := db.Collect(rows, err, func(r *sql.Rows) (Space, error) { return scan(r) })
	if err != nil {
		return nil, fmt.Errorf("space: list: %w", err)
	}
	return out, nil
}

// ByID returns the space, or fault.NotFound.
func ByID(ctx context.Context, q db.Queryer, brandID, id string) (Space, error) {
	return one(ctx, q, `SELECT `+columns+` FROM space WHERE brand_id = $1 AND id = $2`, brandID, id)
}

// BySlug returns the space with that address, or had it once; its Slug is the
// one it has now.
func BySlug(ctx context.Context, q db.Queryer, brandID, slug string) (Space, error) {
	return one(ctx, q, `SELECT `+columns+` FROM space WHERE brand_id = $1 AND id = (SELECT space_id FROM space_slug WHERE brand_id = $1 AND slug = $2)`, brandID, slug)
}

func one(ctx context.Context, q db.Queryer, query string, args ...any) (Space, error) {
	s, err := scan(q.QueryRowContext(ctx, query, args...))
	if errors.Is(err, sql.ErrNoRows) {
		return s, Missing()
	}
	if err != nil {
		return s, fmt.Errorf("space: read: %w", err)
	}
	return s, nil
}

// Create adds a space after the others.
func Create(ctx context.Context, d *db.DB, who access.Who, brandID string, set Settings) (Space, error) {
	var s Space
	err := d.Tx(ctx, func(tx *db.Tx) (err error) {
		s, err = Add(ctx, tx, who, brandID, set)
		return err
	})
	return s, err
}

// Add is Create in the caller's transaction.
func Add(ctx context.Context, tx *db.Tx, who access.Who, brandID string, set Settings) (Space, error) {
	set, err := set.checked()
	if err == nil {
		err = who.May(tx.Now(), brandID, access.CommunityWrite)
	}
	if err != nil {
		return Space{}, err
	}
	all, err := List(ctx, tx, brandID)
	if err != nil {
		return Space{}, err
	}
	if len(all) >= Most {
		return Space{}, fault.New(fault.Invalid, "A community has at most %d spaces. Close or rename one instead.", Most)
	}
	s := Space{ID: db.NewID(), Brand: brandID, Settings: set, Place: 1, Revision: 1, CreatedAt: tx.Now()}
	if len(all) > 0 {
		s.Place = all[len(all)-1].Place + 1
	}
	if s.Slug, err = freeSlug(ctx, tx, brandID, Slug(s.Name)); err != nil {
		return s, err
	}
	if err := insert(ctx, tx, s); err != nil {
		return s, err
	}
	return s, told(ctx, tx, who, s, "space.created", map[string]string{"name": s.Name})
}

func insert(ctx context.Context, tx *db.Tx, s Space) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO space (`+columns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		s.ID, s.Brand, s.Slug, s.Name, s.About, s.Kind, s.Hidden, s.Place, s.Topics, s.LastAt, s.ClosedAt, s.Revision, s.CreatedAt)
	if err == nil {
		err = errors.Join(keepSlug(ctx, tx, s), search.Enter(ctx, tx, s.found()))
	}
	if err != nil {
		return fmt.Errorf("space: insert: %w", err)
	}
	return nil
}

func keepSlug(ctx context.Context, tx *db.Tx, s Space) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO space_slug (brand_id, slug, space_id) VALUES ($1, $2, $3)
		ON CONFLICT (brand_id, slug) DO UPDATE SET space_id = excluded.space_id`, s.Brand, s.Slug, s.ID)
	return err
}

func told(ctx context.Context, tx *db.Tx, who access.Who, s Space, act string, detail map[string]string) error {
	outbox.Show(tx, s.Brand, "space.changed", s.ID)
	return audit.Record(ctx, tx, who, audit.Entry{Brand: s.Brand, Act: act, Subject: s.ID, Detail: detail})
}

// Change saves the settings. A new name gives a new address, and the old one
// leads to it. revision is what the caller saw; another is fault.Conflict.
func Change(ctx context.Context, d *db.DB, who access.Who, brandID, id string, revision int64, set Settings) (Space, error) {
	set, err := set.checked()
	if err != nil {
		return Space{}, err
	}
	var s Space
	err = d.Tx(ctx, func(tx *db.Tx) error {
		if err := who.May(tx.Now(), brandID, access.CommunityWrite); err != nil {
			return err
		}
		if s, err = ByID(ctx, tx, brandID, id); err != nil {
			return err
		}
		if s.Revision != revision {
			return fault.New(fault.Conflict, "Someone has changed this space meanwhile. Look again, then change it.")
		}
		changes := set.changes(s.Settings)
		if len(changes) == 0 {
			return nil
		}
		if set.Name != s.Name {
			if s.Slug, err = freeSlug(ctx, tx, brandID, Slug(set.Name), s.ID); err != nil {
				return err
			}
		}
		s.Settings, s.Revision = set, s.Revision+1
		if err := update(ctx, tx, s); err != nil {
			return err
		}
		return told(ctx, tx, who, s, "space.changed", changes)
	})
	return s, err
}

func update(ctx context.Context, tx *db.Tx, s Space) error {
	_, err := tx.ExecContext(ctx, `UPDATE space SET slug = $3, name = $4, about = $5, kind = $6, hidden = $7, closed_at = $8, revision = $9
		WHERE brand_id = $1 AND id = $2`, s.Brand, s.ID, s.Slug, s.Name, s.About, s.Kind, s.Hidden, s.ClosedAt, s.Revision)
	if err == nil {
		err = errors.Join(keepSlug(ctx, tx, s), search.Enter(ctx, tx, s.found()))
	}
	if err != nil {
		return fmt.Errorf("space: save: %w", err)
	}
	return nil
}

// found is the space as the search keeps it.
func (s Space) found() search.Space {
	return search.Space{Brand: s.Brand, ID: s.ID, Hidden: s.Hidden}
}

// Everywhere are the spaces of all brands, as the search keeps them.
func Everywhere(ctx context.Context, q db.Queryer) ([]search.Space, error) {
	rows, err := q.QueryContext(ctx, `SELECT brand_id, id, hidden FROM space`)
	out, err := db.Collect(rows, err, func(r *sql.Rows) (s search.Space, err error) { return s, r.Scan(&s.Brand, &s.ID, &s.Hidden) })
	if err != nil {
		return nil, fmt.Errorf("space: of all brands: %w", err)
	}
	return out, nil
}

// Order puts the spaces in the order of the ids; all of the brand's must be
// there, so that a space somebody added meanwhile is not lost.
func Order(ctx context.Context, d *db.DB, who access.Who, brandID string, ids []string) error {
	return d.Tx(ctx, func(tx *db.Tx) error {
		if err := who.May(tx.Now(), brandID, access.CommunityWrite); err != nil {
			return err
		}
		all, err := List(ctx, tx, brandID)
		if err != nil {
			return err
		}
		have := make([]string, len(all))
		for i, s := range all {
			have[i] = s.ID
		}
		if slices.Equal(have, ids) {
			return nil
		}
		if !slices.Equal(slices.Sorted(slices.Values(have)), slices.Sorted(slices.Values(ids))) {
			return fault.New(fault.Conflict, "The spaces have changed meanwhile. Look again, then order them.")
		}
		for i, id := range ids {
			if _, err := tx.ExecContext(ctx, `UPDATE space SET place = $3 WHERE brand_id = $1 AND id = $2`, brandID, id, i+1); err != nil {
				return fmt.Errorf("space: order: %w", err)
			}
		}
		outbox.Show(tx, brandID, "space.changed", brandID)
		return audit.Record(ctx, tx, who, audit.Entry{Brand: brandID, Act: "space.ordered", Subject: brandID})
	})
}

// Count notes in the caller's transaction that topics can be read, or no
// longer, and when the last word was said.
func Count(ctx context.Context, tx *db.Tx, brandID, id string, topics int64, at db.Time) error {
	_, err := tx.ExecContext(ctx, `UPDATE space SET topics = topics + $3, last_at = CASE WHEN last_at < $4 THEN $4 ELSE last_at END
		WHERE brand_id = $1 AND id = $2`, brandID, id, topics, at)
	if err != nil {
		return fmt.Errorf("space: count: %w", err)
	}
	outbox.Show(tx, brandID, "space.counted", id)
	return nil
}

func (set Settings) changes(was Settings) map[string]string {
	out := map[string]string{}
	for _, c := range []struct{ name, was, now string }{
		{"name", was.Name, set.Name}, {"about", was.About, set.About}, {"kind", string(was.Kind), string(set.Kind)},
		{"members_only", fmt.Sprint(was.Hidden), fmt.Sprint(set.Hidden)}, {"closed", fmt.Sprint(was.ClosedAt > 0), fmt.Sprint(set.ClosedAt > 0)},
	} {
		if c.was != c.now {
			out[c.name] = c.was + " → " + c.now
		}
	}
	return out
}

func (set Settings) checked() (Settings, error) {
	var wrong []fault.Field
	var ok bool
	if set.Name, ok = line(set.Name, LongestName); !ok || set.Name == "" {
		wrong = append(wrong, fault.On("name", "Give the space a name of 1 to %d characters.", LongestName))
	}
	if set.About, ok = line(set.About, LongestAbout); !ok {
		wrong = append(wrong, fault.On("about", "Shorten this to %d characters on one line.", LongestAbout))
	}
	if !slices.Contains(Kinds, set.Kind) {
		wrong = append(wrong, fault.On("kind", "Choose what the space is for."))
	}
	return set, fault.OnFields(wrong)
}

func line(s string, most int) (string, bool) {
	s = strings.TrimSpace(s)
	return s, utf8.ValidString(s) && utf8.RuneCountInString(s) <= most && !strings.ContainsFunc(s, unicode.IsControl)
}
