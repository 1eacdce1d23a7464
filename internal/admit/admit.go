// Package admit lets people in: it invites them to a brand's team, has them
// prove that an address is theirs, and gives those who forgot their password a
// new one. Each time a link goes out that works once and ends by itself; the
// database knows only its hash, and the studio never shows it again. What an
// account and a grant are is package account's.
package admit

import (
	"context"
	"strings"

	"rapport/internal/account"
	"rapport/internal/db"
	"rapport/internal/i18n"
	"rapport/internal/letter"
)

// Door lets people in.
type Door struct {
	DB      *db.DB
	Letters *letter.Letters
	BaseURL string // of the studio, without a slash at the end
}

// Mails reports whether letters leave the house. Where none do, an invitation
// is passed on by hand, and nobody can prove an address.
func (d *Door) Mails() bool { return d.Letters.Send != nil }

func (d *Door) link(path, token string) string {
	return strings.TrimSuffix(d.BaseURL, "/") + path + token
}

// write puts a letter with a link into the caller's transaction.
func (d *Door) write(ctx context.Context, tx *db.Tx, to letter.Letter, p letter.Page) error {
	to.Subject = p.Title
	to.Text, to.HTML = p.Render()
	_, err := d.Letters.Write(ctx, tx, to)
	return err
}

// tell writes an account a letter without a link: something about it has
// changed.
func (d *Door) tell(ctx context.Context, tx *db.Tx, a account.Account, address, source string, p letter.Page) error {
	p.Foot = i18n.T(ctx, "You get this because the address belongs to an account here. If it was not you, change your password and tell whoever runs this Rapport.")
	return d.write(ctx, tx, letter.Letter{Account: a.ID, Address: address, Source: source}, p)
}
