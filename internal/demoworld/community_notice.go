package demoworld

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"rapport/internal/db"
	"rapport/internal/notice"
	"rapport/internal/topic"
)

// How many notices the owner finds, how many of those at most are of the space
// they follow, and how many are not read yet.
const (
	noticesKept   = 14
	noticesNew    = 6
	noticesUnread = 4
)

// followed is the space that the owner follows.
const followed = spaceAsk

// noticed is something that the owner was told.
type noticed struct {
	kind             notice.Kind
	subject          string
	in               *talk
	reply            *saying
	answers          int
	detail           string
	low, high, since int64
}

// saveNotices lets the owner find what concerns them, as package tell would
// have told them of it.
func (t *town) saveNotices(ctx context.Context, tx *db.Tx) error {
	var all []noticed
	for _, one := range t.talks {
		if one.said[0].state == topic.Live {
			all = append(all, t.noticed(one, t.staff["robin"])...)
		}
	}
	slices.SortStableFunc(all, func(a, b noticed) int { return cmp.Compare(b.since, a.since) })
	few := 0
	all = slices.DeleteFunc(all, func(n noticed) bool {
		if n.in.space == followed && (n.kind == notice.Begun || n.kind == notice.Replied) {
			few++
			return few > noticesNew
		}
		return false
	})
	var rows [][]any
	for i, n := range all[:min(len(all), noticesKept)] {
		var read db.Time
		if i >= noticesUnread {
			read = min(db.Time(n.since).Add(2*time.Hour), db.At(t.now))
		}
		rows = append(rows, []any{db.NewID(), t.brand.ID, t.staff["robin"].id, n.kind, n.subject, n.in.id, n.reply.id, n.answers, n.detail, n.low, n.high, n.since, read})
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO watch (member_id, subject, brand_id, level, because, at) VALUES ($1, $2, $3, 'watch', 'chosen', $4)`,
		t.staff["robin"].id, t.spaces[followed].ID, t.brand.ID, db.At(t.opened()))
	if err != nil {
		return err
	}
	return db.Many(ctx, tx, `INSERT INTO notice (id, brand_id, member_id, kind, subject, topic_id, reply_id, answers, detail, low, high, shown, digest, at, read_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, TRUE, FALSE, $12, $13)`, rows)
}

// noticed is what somebody was told of a talk: what was said after their own
// last words, who named them, and what was felt about what they said.
func (t *town) noticed(one *talk, me *soul) []noticed {
	var out []noticed
	last := -1
	for i, s := range one.said {
		if s.by == me && s.state == topic.Live {
			last = i
		}
	}
	var after *noticed
	for i, s := range one.said {
		number := int64(i + 1)
		switch {
		case s.by == me || s.state != topic.Live:
		case strings.Contains(strings.ToLower(s.text), "@"+strings.ToLower(me.handle)):
			out = append(out, noticed{kind: notice.Mentioned, subject: s.id, in: one, reply: s, low: number, high: number, since: int64(s.at)})
		case i == 0 && one.space == followed:
			out = append(out, noticed{kind: notice.Begun, subject: one.id, in: one, reply: s, low: 1, high: 1, since: int64(s.at)})
		case (last >= 0 || one.space == followed) && i > last && i > 0 && after == nil:
			kind := notice.Replied
			if one.said[0].by == me {
				kind = notice.Answered
			}
			after = &noticed{kind: kind, subject: one.id, in: one, reply: s, low: number, high: number, since: int64(s.at)}
		case after != nil:
			after.high, after.since = number, int64(s.at)
		case i == 0 && one.space == spaceNews:
			out = append(out, noticed{kind: notice.Announced, subject: one.id, in: one, reply: s, low: 1, high: 1, since: int64(s.at)})
		}
		if s.by == me {
			out = append(out, t.liked(one, s)...)
		}
	}
	if after != nil {
		out = append(out, *after)
	}
	if one.answer != nil && one.answer.by == me && one.said[0].by != me {
		at := int64(one.solvedAt(t.now))
		out = append(out, noticed{kind: notice.Accepted, subject: one.answer.id, in: one, reply: one.answer, detail: one.said[0].by.id, low: at, high: at, since: at})
	}
	return out
}

// liked is what was felt about a saying.
func (t *town) liked(one *talk, s *saying) []noticed {
	n := noticed{kind: notice.Reacted, subject: s.id, in: one, reply: s}
	for _, r := range t.reactions {
		if at := int64(r[4].(db.Time)); r[0] == s.id {
			n.high = max(n.high, at)
			if n.low == 0 || at < n.low {
				n.low = at
			}
		}
	}
	if n.since = n.high; n.low == 0 {
		return nil
	}
	return []noticed{n}
}
