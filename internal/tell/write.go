package tell

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/letter"
	"rapport/internal/member"
	"rapport/internal/notice"
)

// lettersAnHour is how many letters about a community a member gets in an hour
// at most; the rest is in their list.
const lettersAnHour = 20

// write sends the letters that members want at once.
func (t *Teller) write(ctx context.Context, tx *db.Tx, brandID string, to []notice.Told) error {
	if len(to) == 0 {
		return nil
	}
	b, err := brand.ByID(ctx, tx, access.System(), brandID)
	if err != nil {
		return err
	}
	ids := make([]string, len(to))
	for i, one := range to {
		ids[i] = one.Notice
	}
	all, err := notice.ByIDs(ctx, tx, brandID, ids)
	if err != nil {
		return err
	}
	for _, n := range all {
		if err := t.letter(ctx, tx, b, n); err != nil {
			return err
		}
	}
	return nil
}

// reader is a member whom letters reach.
type reader struct {
	member.Member
	account account.Account
}

// reach returns the member as one whom letters reach: whose address is proven,
// who may sign in, and who takes part, or was just refused. ok is false for
// everybody else.
func reach(ctx context.Context, q db.Queryer, brandID, memberID string) (r reader, ok bool, err error) {
	if r.Member, err = member.ByID(ctx, q, brandID, memberID); err == nil {
		r.account, err = account.ByID(ctx, q, r.Account)
	}
	if fault.Is(err, fault.NotFound) {
		return r, false, nil
	}
	return r, r.account.VerifiedAt > 0 && r.account.DisabledAt == 0 && (r.State == member.Active || r.State == member.Refused), err
}

func (t *Teller) letter(ctx context.Context, tx *db.Tx, b brand.Brand, n notice.Notice) error {
	r, ok, err := reach(ctx, tx, b.ID, n.Member)
	if err != nil || !ok {
		return err
	}
	before, err := letter.Recent(ctx, tx, b.ID, r.account.Email, tx.Now().Add(-time.Hour))
	if err != nil || before >= lettersAnHour {
		return err
	}
	ctx = i18n.With(ctx, cmp.Or(r.account.Language, b.Language), b.Location())
	page := letter.Page{Title: n.Words(ctx), Lines: n.Lines(ctx), Action: n.Act(ctx), Link: t.Address(ctx, b.ID, n.Path()),
		Foot: i18n.T(ctx, "You get this because you are a member of the community of {{.Brand}}.", "Brand", b.Name)}
	if before == lettersAnHour-1 {
		page.Lines = append(page.Lines, i18n.T(ctx, "There may be more: you were sent {{.Count}} letters within an hour, so the next ones wait. Your list in the community shows everything.", "Count", lettersAnHour))
	}
	stop := ""
	if row, chosen := n.Kind.Row(); chosen {
		stop = t.stopLink(ctx, Stop{Member: n.Member, Brand: b.ID, What: string(row.Kind)})
	}
	return t.send(ctx, tx, b, r, page, stop, n.ID)
}

// send writes a letter with the way to stop its kind.
func (t *Teller) send(ctx context.Context, tx *db.Tx, b brand.Brand, r reader, page letter.Page, stop, source string) error {
	if stop != "" {
		page.Stop, page.StopWords = stop, i18n.T(ctx, "Stop letters like this")
	}
	page.Lang = i18n.Lang(ctx)
	text, html := page.Render()
	_, err := t.Letters.Write(ctx, tx, letter.Letter{Brand: b.ID, Account: r.Account, Address: r.account.Email,
		Subject: b.Name + ": " + page.Title, Text: text, HTML: html, Source: source, Community: true, Unsubscribe: stop})
	if err != nil {
		return fmt.Errorf("tell: a letter: %w", err)
	}
	return nil
}
