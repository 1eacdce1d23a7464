// Package link is short addresses on the brand's own host that count how often
// they are followed, and who joined the community by them. It keeps nothing of
// who followed one: only how many did on a day, and known programs apart.
package link

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/db"
	"rapport/internal/fault"
)

// Link is one row.
type Link struct {
	ID, Brand string
	Code      string // in its address; cannot be guessed
	Target    string // a path of the community, or an https address
	Source    string // where it is shared, as utm_source says it
	Campaign  string // as utm_campaign says it; "" is none
	Post      string // that holds it; "" where it was made by hand
	Channel   string // whose variant of the post holds it; "" is every other's
	Topic     string // that it promotes; "" is none
	Reply     string // the answer in the topic, where it promotes one
	Author    string // account that made it
	EndedAt   db.Time
	CreatedAt db.Time
}

// Path is where the link stands below the community's address.
func (l Link) Path() string { return "/l/" + l.Code }

// New is what a link is made of.
type New struct {
	// ID is one that the form was given before anything was typed, so that a form
	// that is sent twice makes one link; "" makes one.
	ID       string
	Target   string
	Source   string // "" is "link"
	Campaign string

	Post, Channel, Topic, Reply string
}

// alphabet has no letters and figures that look alike.
const (
	alphabet   = "23456789abcdefghjkmnpqrstuvwxyz"
	codeLength = 8
)

// code makes one of 31^8, about 850 thousand million.
func code() string {
	out := make([]byte, 0, codeLength)
	for len(out) < codeLength {
		var b [2 * codeLength]byte
		rand.Read(b[:]) // never fails
		for _, c := range b {
			// What lies beyond the last whole round would favour the first letters.
			if int(c) < 256-256%len(alphabet) && len(out) < codeLength {
				out = append(out, alphabet[int(c)%len(alphabet)])
			}
		}
	}
	return string(out)
}

// readable reports whether a text can be a code at all.
func readable(code string) bool {
	return len(code) == codeLength && strings.Trim(code, alphabet) == ""
}

const columns = `id, brand_id, code, target, source, campaign, post_id, channel_id, topic_id, reply_id, author_id, ended_at, created_at`

func (l *Link) fields() []any {
	return []any{&l.ID, &l.Brand, &l.Code, &l.Target, &l.Source, &l.Campaign, &l.Post, &l.Channel, &l.Topic, &l.Reply, &l.Author, &l.EndedAt, &l.CreatedAt}
}

// Missing is what a link that is not there answers, and one that has ended.
func Missing() error {
	return fault.New(fault.NotFound, "This link leads nowhere any more, or its address is not complete.")
}

// Create makes a link by hand. front is the address of the brand's community
// for other machines, without a slash at the end: an address below it is kept
// as a path, so that the link goes on working under another host name.
func Create(ctx context.Context, d *db.DB, who access.Who, brandID, front string, n New) (Link, error) {
	n.Post, n.Channel, n.Topic, n.Reply = "", "", "", ""
	n, err := n.checked(front)
	if err != nil {
		return Link{}, err
	}
	var l Link
	save := func(tx *db.Tx) error {
		l, err = byID(ctx, tx, brandID, n.ID)
		if err == nil && l.Author == who.Account {
			return who.May(tx.Now(), brandID, access.PostWrite)
		}
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		if l, err = Add(ctx, tx, who, brandID, n); err != nil {
			return err
		}
		return audit.Record(ctx, tx, who, audit.Entry{Brand: brandID, Act: "link.made", Subject: l.ID, Detail: map[string]string{"target": l.Target}})
	}
	if err = d.Tx(ctx, save); db.IsDuplicate(err) {
		err = d.Tx(ctx, save) // the same form came in this moment, or the id is another's
	}
	if db.IsDuplicate(err) {
		n.ID = db.NewID()
		err = d.Tx(ctx, save)
	}
	return l, err
}

// Add makes a link in the caller's transaction, as a part of something that the
// caller notes. Its target is one that the caller knows to be the community's.
func Add(ctx context.Context, tx *db.Tx, who access.Who, brandID string, n New) (Link, error) {
	var channels []string
	if n.Channel != "" {
		channels = []string{n.Channel}
	}
	if err := who.May(tx.Now(), brandID, access.PostWrite, channels...); err != nil {
		return Link{}, err
	}
	l := Link{ID: n.ID, Brand: brandID, Target: n.Target, Source: Word(n.Source), Campaign: Word(n.Campaign), Post: n.Post, Channel: n.Channel,
		Topic: n.Topic, Reply: n.Reply, Author: who.Account, CreatedAt: tx.Now()}
	if l.ID == "" {
		l.ID = db.NewID()
	}
	if l.Source == "" {
		l.Source = "link"
	}
	var err error
	if l.Code, err = free(ctx, tx, brandID); err != nil {
		return l, err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO link (`+columns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		l.ID, l.Brand, l.Code, l.Target, l.Source, l.Campaign, l.Post, l.Channel, l.Topic, l.Reply, l.Author, l.EndedAt, l.CreatedAt)
	if err != nil {
		return l, fmt.Errorf("link: insert: %w", err)
	}
	return l, nil
}

// free makes a code that no link of the brand has.
func free(ctx context.Context, q db.Queryer, brandID string) (string, error) {
	for {
		c := code()
		_, err := one(ctx, q, `brand_id = $1 AND code = $2`, brandID, c)
		switch {
		case fault.Is(err, fault.NotFound):
			return c, nil
		case err != nil:
			return "", err
		}
	}
}

func one(ctx context.Context, q db.Queryer, where string, args ...any) (l Link, err error) {
	err = q.QueryRowContext(ctx, `SELECT `+columns+` FROM link WHERE `+where, args...).Scan(l.fields()...)
	if errors.Is(err, sql.ErrNoRows) {
		return l, Missing()
	}
	if err != nil {
		return l, fmt.Errorf("link: read: %w", err)
	}
	return l, nil
}

// ByCode returns the link with the code, for whoever follows it. One that has
// ended is not there.
func ByCode(ctx context.Context, q db.Queryer, brandID, code string) (Link, error) {
	if !readable(code) {
		return Link{}, Missing()
	}
	l, err := one(ctx, q, `brand_id = $1 AND code = $2`, brandID, code)
	if err == nil && l.EndedAt > 0 {
		err = Missing()
	}
	return l, err
}

func byID(ctx context.Context, q db.Queryer, brandID, id string) (Link, error) {
	return one(ctx, q, `brand_id = $1 AND id = $2`, brandID, id)
}

// ByID returns the link, ended or not, if the account may see posts of its
// channel.
func ByID(ctx context.Context, q db.Queryer, who access.Who, brandID, id string) (Link, error) {
	if err := who.May(q.Now(), brandID, access.PostRead); err != nil {
		return Link{}, err
	}
	l, err := byID(ctx, q, brandID, id)
	if only := who.Channels(q.Now(), brandID); err == nil && len(only) > 0 && l.Channel != "" && !slices.Contains(only, l.Channel) {
		return Link{}, Missing()
	}
	return l, err
}

// End says that a link leads nowhere any more, or that it does again. What it
// counted stays.
func End(ctx context.Context, d *db.DB, who access.Who, brandID, id string, ended bool) (Link, error) {
	var l Link
	err := d.Tx(ctx, func(tx *db.Tx) (err error) {
		if l, err = ByID(ctx, tx, who, brandID, id); err != nil {
			return err
		}
		if err := who.May(tx.Now(), brandID, access.PostWrite); err != nil {
			return err
		}
		if (l.EndedAt > 0) == ended {
			return nil
		}
		act := "link.resumed"
		if l.EndedAt = 0; ended {
			act, l.EndedAt = "link.ended", tx.Now()
		}
		if _, err := tx.ExecContext(ctx, `UPDATE link SET ended_at = $3 WHERE brand_id = $1 AND id = $2`, brandID, id, l.EndedAt); err != nil {
			return fmt.Errorf("link: end: %w", err)
		}
		return audit.Record(ctx, tx, who, audit.Entry{Brand: brandID, Act: act, Subject: l.ID, Detail: map[string]string{"target": l.Target}})
	})
	return l, err
}

// Filter narrows List. What is empty narrows nothing.
type Filter struct {
	Post     string // id
	Campaign string
}

// List returns the links that the account sees: those of its channels and those
// of none, the newest first, 50 to a page unless asked otherwise (at most 200),
// and the cursor of the next page.
func List(ctx context.Context, q db.Queryer, who access.Who, brandID string, f Filter, page db.Page) ([]Link, string, error) {
	if err := who.May(q.Now(), brandID, access.PostRead); err != nil {
		return nil, "", err
	}
	at, id, err := page.Key()
	if err != nil {
		return nil, "", err
	}
	size := page.Size(50, 200)
	args, where := []any{brandID, at, id, size + 1}, ""
	if f.Post != "" {
		args = append(args, f.Post)
		where += fmt.Sprintf(` AND post_id = $%d AND post_id <> ''`, len(args))
	}
	if f.Campaign != "" {
		args = append(args, f.Campaign)
		where += fmt.Sprintf(` AND campaign = $%d AND campaign <> ''`, len(args))
	}
	if only := who.Channels(q.Now(), brandID); len(only) > 0 {
		where += ` AND channel_id IN ('', ` + db.In(len(args)+1, len(only)) + `)`
		for _, c := range only {
			args = append(args, c)
		}
	}
	all, err := list(ctx, q, `SELECT `+columns+` FROM link WHERE brand_id = $1 AND (created_at, id) < ($2, $3)`+where+`
		ORDER BY created_at DESC, id DESC LIMIT $4`, args...)
	if err != nil || len(all) <= size {
		return all, "", err
	}
	return all[:size], db.Cursor(all[size-1].CreatedAt, all[size-1].ID), nil
}

func list(ctx context.Context, q db.Queryer, query string, args ...any) ([]Link, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	out, err := db.Collect(rows, err, func(r *sql.Rows) (l Link, err error) {
		err = r.Scan(l.fields()...)
		return l, err
	})
	if err != nil {
		return nil, fmt.Errorf("link: list: %w", err)
	}
	return out, nil
}

// mostOf is how many links of one post or one topic are told of.
const mostOf = 200

// OfPost returns the links of a post that the caller may see, the newest first,
// at most 200.
func OfPost(ctx context.Context, q db.Queryer, brandID, postID string) ([]Link, error) {
	return list(ctx, q, `SELECT `+columns+` FROM link WHERE brand_id = $1 AND post_id = $2 AND post_id <> '' ORDER BY created_at DESC, id DESC LIMIT $3`, brandID, postID, mostOf)
}

// OfTopic returns the links that promote a topic or an answer in it, likewise.
func OfTopic(ctx context.Context, q db.Queryer, brandID, topicID string) ([]Link, error) {
	return list(ctx, q, `SELECT `+columns+` FROM link WHERE brand_id = $1 AND topic_id = $2 AND topic_id <> '' ORDER BY created_at DESC, id DESC LIMIT $3`, brandID, topicID, mostOf)
}

// Day is the day of a moment by the clock of a zone, as counts are kept by it.
func Day(at db.Time, zone *time.Location) string { return at.Time().In(zone).Format(time.DateOnly) }

// Location is where the link leads: base is what the community's addresses
// begin with, "" or "/b/slug". The parameters that say where the reader came
// from are added, unless the target has its own.
func (l Link) Location(base string) string {
	u, err := url.Parse(l.Target)
	if err != nil {
		return base + "/" // it was checked when it was made
	}
	had := u.Query()
	for _, p := range [][2]string{{"utm_source", l.Source}, {"utm_medium", "social"}, {"utm_campaign", l.Campaign}, {"utm_content", l.Post}} {
		if p[1] == "" || had.Has(p[0]) {
			continue
		}
		if u.RawQuery != "" {
			u.RawQuery += "&"
		}
		u.RawQuery += p[0] + "=" + url.QueryEscape(p[1])
	}
	if u.Host == "" {
		return base + u.String()
	}
	return u.String()
}

// known reports whether an id may be one that a form was given.
func known(id string) bool { return uuid.Validate(id) == nil && len(id) == 36 }
