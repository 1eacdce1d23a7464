// Package notify tells people what waits for them: a delivery that was
// refused, a comment that names them, a task that is due. It reads the outbox
// and writes, for each account that is meant and in the way it has chosen, a
// notification for the studio, a letter, or a line of the next digest. What
// happened is decided elsewhere.
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
	"rapport/internal/secret"
)

// Notifier writes notifications and letters.
type Notifier struct {
	Letters  *letter.Letters
	Networks *network.Set
	BaseURL  string          // where the studio is reached, without a slash at the end
	Keys     *secret.Keyring // signs the links that stop letters; nil leaves them out
}

// Listen makes the notifier a consumer of what people must know.
func (n *Notifier) Listen(r *outbox.Reader) {
	for kind := range tellers {
		r.On(kind, n.tell)
	}
}

// news is what there is to tell, in the language of one reader.
type news struct {
	letter.Page          // Link and Foot are added for each reader
	href        string   // the page in the studio
	author      string   // account that is told beside those who may decide; "" for nobody
	only        []string // accounts that alone are told, nil where all are who may
	but         string   // account that is not told: who did it
	channel     string
	needs       access.Action // what a reader must be allowed to on the channel
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
	readers, err := readersOf(ctx, tx, b.ID, e.Kind, news)
	if err != nil {
		return err
	}
	for _, r := range readers {
		ctx, own := ctx, news
		if r.Language != "" && r.Language != i18n.Lang(ctx) {
			ctx = i18n.With(ctx, r.Language, b.Location())
			if own, err = tellers[e.Kind](n, ctx, tx, e); err != nil {
				return err
			}
			own.href = news.href
		}
		if err := n.reach(ctx, tx, b, e, r, own); err != nil {
			return err
		}
	}
	return nil
}

// reach tells one reader where it wants to hear of it.
func (n *Notifier) reach(ctx context.Context, tx *db.Tx, b brand.Brand, e outbox.Event, r reader, about news) error {
	if r.Studio {
		fresh, err := insert(ctx, tx, r.ID, e, about)
		if err != nil || !fresh {
			return err
		}
	}
	if r.Digest {
		if err := collect(ctx, tx, b, e, r.ID, about); err != nil {
			return err
		}
	}
	if r.Mail {
		return n.write(ctx, tx, b, e, r.Account, about)
	}
	return nil
}

// reader is an account that is told, and where.
type reader struct {
	account.Account
	Choice
}

// readersOf are those of the team who are meant and may see what it is about:
// those named, else the author and who may decide. Each is there once.
func readersOf(ctx context.Context, q db.Queryer, brandID, event string, about news) ([]reader, error) {
	topic, _ := topicOf(event)
	team, err := account.Team(ctx, q, access.System(), brandID)
	if err != nil {
		return nil, err
	}
	chosen, err := choicesOf(ctx, q, brandID, topic.ID)
	if err != nil {
		return nil, err
	}
	var out []reader
	for _, m := range team {
		if !m.Active(q.Now()) || m.ID == about.but || !about.concerns(q.Now(), m, topic) {
			continue
		}
		choice, ok := chosen[m.ID]
		if !ok {
			choice = topic.Usual(m.Grant.Role)
		}
		out = append(out, reader{m.Account, choice})
	}
	return out, nil
}

// concerns reports whether the member is meant and may see what it is about.
func (n news) concerns(now db.Time, m account.Member, topic Topic) bool {
	needs := n.needs
	if needs == "" {
		needs = access.PostRead
	}
	may := func(a access.Action) bool {
		if n.channel == "" {
			return m.Who().May(now, m.Grant.Brand, a) == nil
		}
		return m.Who().May(now, m.Grant.Brand, a, n.channel) == nil
	}
	switch {
	case !may(needs):
		return false
	case n.only != nil:
		return slices.Contains(n.only, m.ID)
	}
	return m.ID == n.author || topic.All != "" && may(topic.All)
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
	page.Foot = i18n.T(ctx, "You get this because you work on {{.Brand}} in Rapport.", "Brand", b.Name)
	if a.ID == about.author {
		page.Foot = i18n.T(ctx, "You get this because you scheduled the post for {{.Brand}} in Rapport.", "Brand", b.Name)
	}
	topic, _ := topicOf(e.Kind)
	return n.send(ctx, tx, b, a, page, topic.ID, e.ID)
}

// send writes a letter with the way to stop its kind.
func (n *Notifier) send(ctx context.Context, tx *db.Tx, b brand.Brand, a account.Account, page letter.Page, topic, source string) error {
	stop := n.stopLink(Stop{Account: a.ID, Brand: b.ID, Topic: topic})
	if stop != "" {
		page.Stop, page.StopWords = stop, i18n.T(ctx, "Stop letters like this")
	}
	page.Lang = i18n.Lang(ctx)
	text, html := page.Render()
	_, err := n.Letters.Write(ctx, tx, letter.Letter{Brand: b.ID, Account: a.ID, Address: a.Email,
		Subject: b.Name + ": " + page.Title, Text: text, HTML: html, Source: source, Unsubscribe: stop})
	return err
}
