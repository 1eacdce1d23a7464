package account

import (
	"context"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"rapport/internal/db"
	"rapport/internal/fault"
)

// Bring finds the account with the address, or makes one that cannot sign in
// until somebody invites it, with the id if that is free. It is for a brand
// that is brought in from elsewhere: who worked on it keeps their name.
func Bring(ctx context.Context, tx *db.Tx, id, email, name string) (Account, error) {
	email, ok := Address(email)
	name = strings.TrimSpace(name)
	if !ok || name == "" || utf8.RuneCountInString(name) > maxName || strings.ContainsFunc(name, unicode.IsControl) {
		return Account{}, fault.OnField("file", "The archive names somebody whose name or address cannot be read.")
	}
	a, err := ByEmail(ctx, tx, email)
	if err == nil || !fault.Is(err, fault.NotFound) {
		return a, err
	}
	if _, err := ByID(ctx, tx, id); err == nil {
		id = db.NewID()
	} else if !fault.Is(err, fault.NotFound) {
		return Account{}, err
	}
	a = Account{ID: id, Email: email, Name: name, Theme: Themes[0], CreatedAt: tx.Now(), DisabledAt: tx.Now()}
	_, err = tx.ExecContext(ctx, `INSERT INTO account (id, email, name, password_hash, theme, created_at, disabled_at) VALUES ($1, $2, $3, '', $4, $5, $5)`,
		a.ID, a.Email, a.Name, a.Theme, a.CreatedAt)
	if err != nil {
		return a, fmt.Errorf("account: bring: %w", err)
	}
	return a, nil
}
