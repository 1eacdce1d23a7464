package brand

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/outbox"
)

// Grace is how long a brand that is to be erased is still there.
const Grace = 7 * 24 * time.Hour

const eraseReason = "This brand is to be erased."

// Erase begins the end of a brand: at once nothing is sent any more, and after
// the days of grace everything of it is erased. Until then Keep undoes it. The
// name must be typed as it is shown.
func Erase(ctx context.Context, d *db.DB, who access.Who, id, typed string) (Brand, error) {
	var b Brand
	err := d.Tx(ctx, func(tx *db.Tx) error {
		if err := who.May(tx.Now(), id, access.BrandErase); err != nil {
			return err
		}
		held, err := lockGate(ctx, tx, id)
		if err != nil {
			return err
		}
		if b, err = byID(ctx, tx, id); err != nil {
			return err
		}
		if strings.TrimSpace(typed) != b.Name {
			return fault.OnField("confirm", "Type %s to erase it.", b.Name)
		}
		if b.EraseAt > 0 {
			return nil
		}
		b.EraseAt, b.EraseBy = tx.Now().Add(Grace), who.Account
		if !held {
			p := Pause{ID: db.NewID(), Brand: id, Kind: ByPerson, Reason: eraseReason, By: who.Account, At: tx.Now()}
			if err := shut(ctx, tx, who, p); err != nil {
				return err
			}
		}
		return setErase(ctx, tx, who, b, "brand.erase_begun")
	}, db.RowLocks, db.Durable)
	return b, err
}

// Keep takes back that a brand is to be erased. It stays on hold until somebody
// releases it.
func Keep(ctx context.Context, d *db.DB, who access.Who, id string) (Brand, error) {
	var b Brand
	err := d.Tx(ctx, func(tx *db.Tx) error {
		if err := who.May(tx.Now(), id, access.BrandErase); err != nil {
			return err
		}
		if _, err := lockGate(ctx, tx, id); err != nil {
			return err
		}
		var err error
		if b, err = byID(ctx, tx, id); err != nil || b.EraseAt == 0 {
			return err
		}
		if b.EraseAt <= tx.Now() {
			return fault.New(fault.Conflict, "It is too late: this brand is being erased.")
		}
		b.EraseAt, b.EraseBy = 0, ""
		return setErase(ctx, tx, who, b, "brand.erase_undone")
	}, db.RowLocks)
	return b, err
}

func setErase(ctx context.Context, tx *db.Tx, who access.Who, b Brand, act string) error {
	if _, err := tx.ExecContext(ctx, `UPDATE brand SET erase_at = $2, erase_by = $3 WHERE id = $1`, b.ID, b.EraseAt, b.EraseBy); err != nil {
		return fmt.Errorf("brand: erase: %w", err)
	}
	return errors.Join(audit.Record(ctx, tx, who, audit.Entry{Brand: b.ID, Act: act, Subject: b.ID, Detail: map[string]string{"name": b.Name}}),
		outbox.Add(ctx, tx, outbox.Event{Brand: b.ID, Kind: "brand.changed", Subject: b.ID}))
}

// Due are the brands whose days of grace are over.
func Due(ctx context.Context, q db.Queryer) ([]Brand, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+columns+` FROM brand WHERE erase_at > 0 AND erase_at <= $1 ORDER BY erase_at`, q.Now())
	out, err := db.Collect(rows, err, func(r *sql.Rows) (Brand, error) { return scan(r) })
	if err != nil {
		return nil, fmt.Errorf("brand: to be erased: %w", err)
	}
	return out, nil
}

// Keeping is for how many days what grows is kept; 0 is for ever.
type Keeping struct {
	Activity int
	Letters  int
}

// SetKeeping changes that.
func SetKeeping(ctx context.Context, d *db.DB, who access.Who, id string, k Keeping) error {
	return d.Tx(ctx, func(tx *db.Tx) error {
		if err := who.May(tx.Now(), id, access.BrandWrite); err != nil {
			return err
		}
		var bad []fault.Field
		for _, f := range []struct {
			name string
			days int
		}{{"activity", k.Activity}, {"letters", k.Letters}} {
			if f.days != 0 && (f.days < leastRetention || f.days > mostRetention) {
				bad = append(bad, fault.On(f.name, "Choose %d to %d days, or 0 to keep it for ever.", leastRetention, mostRetention))
			}
		}
		if err := fault.OnFields(bad); err != nil {
			return err
		}
		b, err := byID(ctx, tx, id)
		if err != nil || b.ActivityDays == k.Activity && b.LetterDays == k.Letters {
			return err
		}
		detail := map[string]string{}
		if b.ActivityDays != k.Activity {
			detail["activity_days"] = fmt.Sprintf("%d → %d", b.ActivityDays, k.Activity)
		}
		if b.LetterDays != k.Letters {
			detail["letter_days"] = fmt.Sprintf("%d → %d", b.LetterDays, k.Letters)
		}
		if _, err := tx.ExecContext(ctx, `UPDATE brand SET activity_days = $2, letter_days = $3 WHERE id = $1`, id, k.Activity, k.Letters); err != nil {
			return fmt.Errorf("brand: keeping: %w", err)
		}
		return audit.Record(ctx, tx, who, audit.Entry{Brand: id, Act: "brand.keeping_changed", Subject: id, Detail: detail})
	})
}
