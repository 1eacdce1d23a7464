package tell

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"rapport/internal/access"
	"rapport/internal/brand"
	"rapport/internal/community"
	"rapport/internal/db"
	"rapport/internal/i18n"
	"rapport/internal/letter"
	"rapport/internal/member"
	"rapport/internal/notice"
	"rapport/internal/topic"
)

// Enrol gives every member a digest who has none yet.
func (t *Teller) Enrol(ctx context.Context) error {
	all, err := brand.List(ctx, t.DB, access.System())
	if err != nil {
		return fmt.Errorf("tell: enrol: %w", err)
	}
	for _, b := range all {
		if err := notice.Enrol(ctx, t.DB, b); err != nil {
			return err
		}
	}
	return nil
}

// A round takes digests by the handful and ends before its job would; what is
// left comes in the next.
const (
	handful  = 20
	roundFor = 40 * time.Second
)

// Digests sends the digests that are due, each once, whichever node comes first.
// One with nothing to say is not sent. One that fails is put off, so that the
// others are not kept waiting.
func (t *Teller) Digests(ctx context.Context) error {
	var failed error
	for until := time.Now().Add(roundFor); time.Now().Before(until); {
		due, err := notice.NextDue(ctx, t.DB, handful)
		if err != nil || len(due) == 0 {
			return errors.Join(failed, err)
		}
		for _, d := range due {
			if err := t.digest(ctx, d); err != nil {
				if failed = errors.Join(failed, fmt.Errorf("tell: a digest: %w", err)); ctx.Err() != nil {
					return failed
				}
				if err := d.PutOff(ctx, t.DB); err != nil {
					return errors.Join(failed, err)
				}
			}
		}
	}
	return failed
}

// digest sends one. What it says is read before the transaction that claims it,
// which therefore is short.
func (t *Teller) digest(ctx context.Context, d notice.Due) error {
	until := t.DB.Now()
	b, err := brand.ByID(ctx, t.DB, access.System(), d.Brand)
	if err != nil {
		return err
	}
	r, ok, err := reach(ctx, t.DB, d.Brand, d.Member)
	if err != nil {
		return err
	}
	c, err := community.Of(ctx, t.DB, d.Brand)
	if err != nil {
		return err
	}
	var page letter.Page
	ctx = i18n.With(ctx, cmp.Or(r.account.Language, b.Language), b.Location())
	if ok && r.State == member.Active && c.OpenedAt > 0 {
		if page, err = t.page(ctx, b, r, d); err != nil {
			return err
		}
	}
	return t.DB.Tx(ctx, func(tx *db.Tx) error {
		taken, err := d.Take(ctx, tx, b, until)
		if err != nil || !taken || len(page.Items) == 0 {
			return err
		}
		again, ok, err := reach(ctx, tx, d.Brand, d.Member)
		if err != nil || !ok || again.State != member.Active {
			return err
		}
		stop := t.stopLink(ctx, Stop{Member: d.Member, Brand: d.Brand, What: StopDigest})
		return t.send(ctx, tx, b, again, page, stop, "members-digest-"+d.Member+"-"+strconv.FormatInt(int64(d.NextAt), 36))
	})
}

// What a digest holds at most of each.
const (
	mostForThem   = 10
	mostQuestions = 3
	mostLively    = 3
	mostNew       = 5
)

// longestSince is how far back a digest looks after a long silence of its own.
const longestSince = 8 * 24 * time.Hour

// page is what a digest says: what concerns the reader and is unread, questions
// where they answer some, and what is lively and new. Without items there is
// nothing to say.
func (t *Teller) page(ctx context.Context, b brand.Brand, r reader, d notice.Due) (letter.Page, error) {
	v := member.Voice{Brand: b.ID, Member: r.Member}
	since := max(d.Since, t.DB.Now().Add(-longestSince))
	page := letter.Page{Title: i18n.T(ctx, "What is new for you"), Action: i18n.T(ctx, "Open the community"), Link: t.Address(ctx, b.ID, "/"),
		Foot: i18n.T(ctx, "This is your digest of the community of {{.Brand}}.", "Brand", b.Name)}
	head := ""
	add := func(under, text, path string) {
		item := letter.Item{Text: text, Link: t.Address(ctx, b.ID, path)}
		if under != head {
			item.Head, head = under, under
		}
		page.Items = append(page.Items, item)
	}
	mine, all, err := notice.Pending(ctx, t.DB, v, mostForThem)
	if err != nil {
		return page, err
	}
	for _, n := range mine {
		add(i18n.T(ctx, "For you"), n.Words(ctx), n.Path())
	}
	if rest := all - len(mine); rest > 0 {
		page.Rest = i18n.N(ctx, rest, "{{.N}} more is in your list in the community.", "{{.N}} more are in your list in the community.")
	}
	for _, part := range []struct {
		head string
		read func() ([]topic.Topic, error)
	}{
		{i18n.T(ctx, "Questions that wait for an answer"), func() ([]topic.Topic, error) {
			helps, err := topic.Helps(ctx, t.DB, b.ID, r.ID)
			if err != nil || !helps {
				return nil, err
			}
			return topic.Fresh(ctx, t.DB, topic.Asked, b.ID, r.ID, since, mostQuestions)
		}},
		{i18n.T(ctx, "Lively"), func() ([]topic.Topic, error) {
			return topic.Fresh(ctx, t.DB, topic.Lively, b.ID, r.ID, since, mostLively)
		}},
		{i18n.T(ctx, "New"), func() ([]topic.Topic, error) {
			return topic.Fresh(ctx, t.DB, topic.Recent, b.ID, r.ID, since, mostNew+mostLively+mostQuestions)
		}},
	} {
		topics, err := part.read()
		if err != nil {
			return page, err
		}
		n := 0
		for _, one := range topics {
			if link := t.Address(ctx, b.ID, one.Path()); n < mostNew && !holds(page, link) {
				add(part.head, titled(ctx, one), one.Path())
				n++
			}
		}
	}
	return page, nil
}

// holds reports whether a page leads there already: to the topic, or to a place
// in it.
func holds(page letter.Page, link string) bool {
	for _, i := range page.Items {
		at, _, _ := strings.Cut(i.Link, "#")
		at, _, _ = strings.Cut(at, "?")
		if at == link {
			return true
		}
	}
	return false
}

func titled(ctx context.Context, one topic.Topic) string {
	title := cmp.Or(one.Title, i18n.T(ctx, "Erased topic"))
	if one.Replies == 0 {
		return title
	}
	return i18n.N(ctx, int(one.Replies), "{{.Topic}} ({{.N}} reply)", "{{.Topic}} ({{.N}} replies)", "Topic", title)
}
