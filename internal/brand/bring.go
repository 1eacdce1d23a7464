package brand

import (
	"context"
	"errors"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/db"
	"rapport/internal/fault"
)

// Bring writes a brand that comes from elsewhere, with its id and its age, in
// the caller's transaction. Its settings are checked as typed ones are. It is
// on hold, as after a restore, so that nothing of it is sent before an owner
// has looked, and nobody has a part in it yet. A brand with the id is
// fault.Conflict.
func Bring(ctx context.Context, tx *db.Tx, b Brand, reason string) (Brand, error) {
	old, err := byID(ctx, tx, b.ID)
	switch {
	case err == nil:
		return old, fault.OnField("file", "The brand of this archive is here already: %s. Erase it first, or bring the archive to another installation.", old.Name)
	case !fault.Is(err, fault.NotFound):
		return b, err
	}
	s, err := Settings{Name: b.Name, Color: b.Color, Zone: b.Zone, Language: b.Language, Tolerance: b.Tolerance, Retention: b.Retention}.checked()
	if err != nil {
		return b, err
	}
	b.Name, b.Color, b.Zone, b.Language, b.Tolerance, b.Retention = s.Name, s.Color, s.Zone, s.Language, s.Tolerance, s.Retention
	if b.Slug != Slug(b.Slug) {
		b.Slug = Slug(b.Name)
	}
	if b.Slug, err = freeSlug(ctx, tx, b.Slug); err != nil {
		return b, err
	}
	if err := insert(ctx, tx, b); err != nil {
		return b, err
	}
	p := Pause{ID: db.NewID(), Brand: b.ID, Kind: ByRestore, Reason: reason, At: tx.Now()}
	return b, shut(ctx, tx, access.System(), p)
}

// HandOver gives a brand that was brought in to its owner.
func HandOver(ctx context.Context, tx *db.Tx, who access.Who, owner string, b Brand) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM access_grant WHERE brand_id = $1 AND account_id = $2`, b.ID, owner)
	return errors.Join(err, insertOwner(ctx, tx, b.ID, owner),
		audit.Record(ctx, tx, who, audit.Entry{Brand: b.ID, Act: "brand.imported", Subject: b.ID, Detail: map[string]string{"name": b.Name}}))
}
