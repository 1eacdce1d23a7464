// Package notify tells people what waits for them: a delivery that was
// refused, is in doubt or was missed, and a channel that must be connected
// again. It reads the outbox and writes, for the author and for every owner of
// the brand, one notification for the studio and one letter. What happened is
// decided elsewhere.
package notify

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/letter"
	"rapport/internal/network"
	"rapport/internal/outbox"
)

// Notifier writes notifications and letters.
type Notifier struct {
	Letters  *letter.Letters
	Networks *network.Set
	BaseURL  string // where the studio is reached, without a slash at the end
}

// Listen makes the notifier a consumer of what people must know.
func (n *Notifier) Listen(r *outbox.Reader) {
	for kind := range tellers {
		r.On(kind, n.tell)
	}
}

// news is what there is to tell, in the language of the brand.
type news struct {
	letter.Page          // Link and Foot are added for each reader
	href        string   // the page in the studio
	author      string   // account that is told beside the owners; "" for nobody
	only        []string // accounts that alone are told, if they still may read the conversation
	channel     string
	needs       access.Action // what they must be allowed to read; "" is the conversation
}

// tell does nothing where the brand, the post or the channel is gone.
func (n *Notifier) tell(ctx context.Context, tx *db.Tx, e outbox.Event) error {
	b, err := brand.ByID(ctx, tx, access.System(), e.Brand)
	if err == nil {
		err = n.tellTeam(i18n.With(ctx, b.Language, b.Location()), tx, b, e)
	}
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("notify: %s: %w", e.Kind, err)
	}
	return nil
}

func (n *Notifier) tellTeam(ctx context.Context, tx *db.Tx, b brand.Brand, e outbox.Event) error {
	news, err := tellers[e.Kind](n, ctx, tx, e)
	if err != nil || news.Title == "" {
		return err
	}
	news.href = "/studio/" + b.Slug + news.href
	readers, err := recipients(ctx, tx, b.ID, news)
	if err != nil {
		return err
	}
	for _, a := range readers {
		fresh, err := insert(ctx, tx, a.ID, e, news)
		if err == nil && fresh {
			err = n.write(ctx, tx, b, e, a, news)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// recipients are the owners, and the author as long as he may read the posts
// of the channel. Each is there once.
func recipients(ctx context.Context, q db.Queryer, brandID string, about news) ([]account.Account, error) {
	if about.only != nil {
		return named(ctx, q, brandID, about)
	}
	all, err := account.Owners(ctx, q, brandID)
	if err != nil || about.author == "" || slices.ContainsFunc(all, func(a account.Account) bool { return a.ID == about.author }) {
		return all, err
	}
	a, err := account.ByID(ctx, q, about.author)
	if fault.Is(err, fault.NotFound) || err == nil && a.DisabledAt != 0 {
		return all, nil
	}
	if err != nil {
		return nil, err
	}
	who, err := account.As(ctx, q, a)
	if err != nil {
		return nil, err
	}
	if who.May(q.Now(), brandID, access.PostRead, about.channel) == nil {
		all = append(all, a)
	}
	return all, nil
}

// named are those of the accounts that are meant who may read the channel's
// conversations.
func named(ctx context.Context, q db.Queryer, brandID string, about news) ([]account.Account, error) {
	var out []account.Account
	for _, id := range about.only {
		a, err := account.ByID(ctx, q, id)
		if fault.Is(err, fault.NotFound) || err == nil && a.DisabledAt != 0 {
			continue
		}
		if err != nil {
			return nil, err
		}
		who, err := account.As(ctx, q, a)
		if err != nil {
			return nil, err
		}
		if about.readBy(q.Now(), who, brandID) {
			out = append(out, a)
		}
	}
	return out, nil
}

// readBy reports whether the account may read what the news is about.
func (n news) readBy(now db.Time, who access.Who, brandID string) bool {
	if n.needs != "" {
		return who.May(now, brandID, n.needs) == nil
	}
	return who.May(now, brandID, access.ConversationRead, n.channel) == nil
}

// A channel that fails on hundreds of posts must not fill anybody's mailbox.
const lettersAnHour = 20

func (n *Notifier) write(ctx context.Context, tx *db.Tx, b brand.Brand, e outbox.Event, a account.Account, about news) error {
	before, err := letter.Recent(ctx, tx, b.ID, a.Email, tx.Now().Add(-time.Hour))
	if err != nil || before >= lettersAnHour {
		return err
	}
	page := about.Page
	page.Lines = slices.Clone(page.Lines)
	if before == lettersAnHour-1 {
		page.Lines = append(page.Lines, i18n.T(ctx, "There may be more: you were sent {{.Count}} letters within an hour, so the next ones wait. The studio shows everything.", "Count", lettersAnHour))
	}
	page.Link = strings.TrimSuffix(n.BaseURL, "/") + about.href
	page.Foot = i18n.T(ctx, "You get this because you own {{.Brand}} in Rapport.", "Brand", b.Name)
	if about.only != nil {
		page.Foot = i18n.T(ctx, "You get this because you work on {{.Brand}} in Rapport.", "Brand", b.Name)
	} else if a.ID == about.author {
		page.Foot = i18n.T(ctx, "You get this because you scheduled the post for {{.Brand}} in Rapport.", "Brand", b.Name)
	}
	text, html := page.Render()
	_, err = n.Letters.Write(ctx, tx, letter.Letter{Brand: b.ID, Account: a.ID, Address: a.Email,
		Subject: b.Name + ": " + page.Title, Text: text, HTML: html, Source: e.ID})
	return err
}
