package admit

import (
	"context"
	"fmt"

	"rapport/internal/account"
	"rapport/internal/db"
	"rapport/internal/i18n"
	"rapport/internal/letter"
)

// Changed writes an account a letter about a change of how it signs in, as an
// account.Tell. It writes none where no letters leave the house.
func (d *Door) Changed(ctx context.Context, tx *db.Tx, accountID string, c account.Change) error {
	if !d.Mails() {
		return nil
	}
	a, err := account.ByID(ctx, tx, accountID)
	if err != nil {
		return fmt.Errorf("admit: tell of a change: %w", err)
	}
	return d.tell(ctx, tx, a, a.Email, "change "+db.NewID(), changed(ctx, c))
}

func changed(ctx context.Context, c account.Change) letter.Page {
	switch c {
	case account.PasswordChanged:
		return letter.Page{Title: i18n.T(ctx, "Your password was changed"),
			Lines: []string{i18n.T(ctx, "All browsers that were signed in have to sign in again, but for the one that changed it.")}}
	case account.FactorSetUp:
		return letter.Page{Title: i18n.T(ctx, "Your account asks for a second factor now"),
			Lines: []string{i18n.T(ctx, "You sign in with your password and a code of your phone from now on.")}}
	case account.FactorOff:
		return letter.Page{Title: i18n.T(ctx, "Your second factor is switched off"),
			Lines: []string{i18n.T(ctx, "Your password alone signs you in from now on.")}}
	case account.CodesRenewed:
		return letter.Page{Title: i18n.T(ctx, "Your account has new recovery codes"),
			Lines: []string{i18n.T(ctx, "The ones you had do not work any more.")}}
	case account.CodeUsed:
		return letter.Page{Title: i18n.T(ctx, "A recovery code of yours was used"),
			Lines: []string{i18n.T(ctx, "It took the place of a code of your phone and does not work again.")}}
	}
	panic(fmt.Sprintf("admit: no letter for change %d", c))
}
