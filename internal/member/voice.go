package member

import (
	"context"
	"fmt"
	"time"

	"rapport/internal/access"
	"rapport/internal/activity"
	"rapport/internal/db"
	"rapport/internal/fault"
)

// Voice is who reads and speaks in a community: a visitor, a member, or a
// member who is of the team. It travels as a value into every domain function,
// which asks it.
type Voice struct {
	Who    access.Who
	Member Member // zero where the account is no member here, and for visitors
	Brand  string
	// Held says why nothing of theirs is read by others before somebody looks at
	// it, besides their being new: their address is not proven. "" is no reason.
	Held string
}

// Of finds out who an account is in a brand's community. Somebody who is no
// member there is a visitor.
func Of(ctx context.Context, q db.Queryer, who access.Who, brandID string) (Voice, error) {
	v := Voice{Who: who, Brand: brandID}
	m, err := OfAccount(ctx, q, brandID, who.Account)
	switch {
	case err == nil:
		v.Member = m
	case !fault.Is(err, fault.NotFound):
		return v, err
	}
	return v, nil
}

// Team reports whether they are of the brand's team.
func (v Voice) Team(now db.Time) bool {
	return v.Who.May(now, v.Brand, access.BrandRead) == nil
}

// Moderates reports whether they look after the space; after any, where none
// is named.
func (v Voice) Moderates(now db.Time, space ...string) bool {
	return v.Who.May(now, v.Brand, access.TopicModerate, space...) == nil
}

// Inside reports whether they read what is for members only.
func (v Voice) Inside(now db.Time) bool {
	return v.Member.State == Active || v.Member.State == Suspended || v.Team(now)
}

// Speaks returns nil where they may write, or what stands in the way, with what
// to do.
func (v Voice) Speaks(now db.Time) error {
	switch v.Member.State {
	case Active:
		return nil
	case Asking:
		return fault.New(fault.Denied, "You are not in yet: the team looks at who wants to join. You will be written to.")
	case Suspended:
		return fault.New(fault.Denied, "You cannot write here at the moment. The reason: %s", v.Member.Reason)
	case Refused:
		return fault.New(fault.Denied, "You were not let in. The reason: %s", v.Member.Reason)
	case Left:
		return fault.New(fault.Denied, "You have left this community. Join again to write.")
	}
	if v.Who.Account == "" {
		return fault.New(fault.Denied, "Sign in to write here.")
	}
	return fault.New(fault.Denied, "Join this community to write here.")
}

// Newcomer reports whether they are so new that what they write may wait for a
// look: they have fewer posts that stand than the number, and nobody has said
// that they are trusted.
func (v Voice) Newcomer(now db.Time, posts int64) bool {
	return !v.Team(now) && v.Member.TrustedAt == 0 && v.Member.Posts < posts
}

// Newcomer reports whether a member is so new that not everybody sees what
// leads elsewhere from their profile: as Voice.Newcomer, by what is kept.
func (m Member) Newcomer(posts int64) bool {
	return !m.Team && m.TrustedAt == 0 && m.Posts < posts
}

// again reads the acting member anew in the transaction.
func (v Voice) again(ctx context.Context, tx *db.Tx) (Member, error) {
	m, err := ByID(ctx, tx, v.Brand, v.Member.ID)
	if err != nil {
		return m, err
	}
	v.Member = m
	return m, v.Speaks(tx.Now())
}

// seenEvery is how exact SeenAt is.
const seenEvery = 5 * time.Minute

// Seen notes that a member is here: at most once in five minutes, and once a
// day in the log of activity, by the brand's clock; who waits to be let in is no
// member yet. It may be called for each request.
func Seen(ctx context.Context, d *db.DB, v Voice) error {
	now, m := d.Now(), v.Member
	team := v.Team(now)
	if m.ID == "" || now.Sub(m.SeenAt) < seenEvery && team == m.Team {
		return nil
	}
	err := d.Tx(ctx, func(tx *db.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE member SET seen_at = $3, team = $4 WHERE brand_id = $1 AND id = $2 AND seen_at = $5`, m.Brand, m.ID, now, team, m.SeenAt)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err != nil || n == 0 {
			return err
		}
		var zone string
		if err := tx.QueryRowContext(ctx, `SELECT zone FROM brand WHERE id = $1`, m.Brand).Scan(&zone); err != nil {
			return err
		}
		// What was seen of them before they were let in was no member's visit.
		if m.State == Asking || m.State == Refused || sameDay(m.SeenAt, now, zone) && m.SeenAt > m.StateAt {
			return nil
		}
		return activity.Record(ctx, tx, activity.Entry{Brand: m.Brand, Kind: "member.visited", Subject: m.ID, Actor: m.Person, Member: m.ID, Team: team})
	})
	if err != nil {
		return fmt.Errorf("member: seen: %w", err)
	}
	return nil
}

func sameDay(a, b db.Time, zone string) bool {
	in, err := time.LoadLocation(zone)
	if err != nil {
		in = time.UTC
	}
	return a.Time().In(in).Format(time.DateOnly) == b.Time().In(in).Format(time.DateOnly)
}
