package account

import (
	"context"
	"fmt"
	"slices"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/i18n"
)

// SetLanguage keeps the language that the acting account reads in: the code of
// one of i18n.Languages, or "" for what its browser asks.
func SetLanguage(ctx context.Context, d *db.DB, who access.Who, code string) error {
	known := slices.ContainsFunc(i18n.Languages, func(l i18n.Language) bool { return l.Code == code })
	if code != "" && !known {
		return fault.OnField("language", "Choose one of the languages, or what the browser asks for.")
	}
	if _, err := d.ExecContext(ctx, `UPDATE account SET language = $1 WHERE id = $2`, code, who.Account); err != nil {
		return fmt.Errorf("account: language: %w", err)
	}
	return nil
}
