package topic

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"rapport/internal/activity"
	"rapport/internal/db"
	"rapport/internal/document"
	"rapport/internal/fault"
	"rapport/internal/member"
	"rapport/internal/outbox"
)

// Feeling is a kind of reaction.
type Feeling struct {
	Name string // as it is kept
	Sign string // as it is shown
	Word string // in English, for those who do not see the sign
}

// Feelings are all kinds, in the order pages show them.
var Feelings = []Feeling{
	{"heart", "❤️", "Love"}, {"up", "👍", "Agree"}, {"thanks", "🙏", "Thanks"}, {"party", "🎉", "Celebrate"}, {"laugh", "😄", "Funny"}, {"wow", "😮", "Surprising"},
}

func feels(name string) bool {
	return slices.ContainsFunc(Feelings, func(f Feeling) bool { return f.Name == name })
}

// placeOf tells the feelings apart in the log of activity, which holds no words.
func placeOf(name string) int64 {
	return int64(slices.IndexFunc(Feelings, func(f Feeling) bool { return f.Name == name })) + 1
}

// Reactions are how many of each kind a reply got, in the order of Feelings.
// In the database they are one text: "heart 3 party 1".
type Reactions []Reaction

// Reaction is how many gave one kind.
type Reaction struct {
	Feeling string
	Count   int64
}

// Scan reads the text.
func (r *Reactions) Scan(from any) error {
	*r = nil
	var text string
	switch v := from.(type) {
	case string:
		text = v
	case []byte:
		text = string(v)
	}
	for name, rest, ok := strings.Cut(text, " "); ok; name, rest, ok = strings.Cut(rest, " ") {
		var count string
		count, rest, _ = strings.Cut(rest, " ")
		n, err := strconv.ParseInt(count, 10, 64)
		if err != nil {
			return fmt.Errorf("topic: reactions %q", text)
		}
		*r = append(*r, Reaction{name, n})
	}
	return nil
}

// Value writes the text.
func (r Reactions) Value() (driver.Value, error) {
	var b strings.Builder
	for _, one := range r {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%s %d", one.Feeling, one.Count)
	}
	return b.String(), nil
}

// Total is how many there are.
func (r Reactions) Total() (n int64) {
	for _, one := range r {
		n += one.Count
	}
	return n
}

// React gives a reaction, or takes it back. Doing the same twice is the same
// as doing it once.
func React(ctx context.Context, d *db.DB, v member.Voice, replyID, feeling string, give bool) error {
	if !feels(feeling) {
		return fault.OnField("feeling", "There is no such reaction.")
	}
	return d.Tx(ctx, func(tx *db.Tx) error {
		s, t, r, err := whole(ctx, tx, v, replyID)
		if err != nil {
			return err
		}
		if err := v.Speaks(tx.Now()); err != nil {
			return err
		}
		if t.State != Live || r.State != Live || s.ClosedAt > 0 && !v.Moderates(tx.Now(), s.ID) {
			return fault.New(fault.Conflict, "Nobody can react to this any more.")
		}
		if r.Author == v.Member.ID {
			return fault.New(fault.Denied, "This is your own. Leave the reactions to others.")
		}
		if give { // what they felt can be taken back whatever holds
			if err := document.Agreed(ctx, tx, v); err != nil {
				return err
			}
		}
		changed, err := keepReaction(ctx, tx, v, r, feeling, give)
		if err != nil || !changed {
			return err
		}
		return recount(ctx, tx, v, t, r, feeling, give)
	})
}

func keepReaction(ctx context.Context, tx *db.Tx, v member.Voice, r Reply, feeling string, give bool) (bool, error) {
	var res sql.Result
	var err error
	if give {
		res, err = tx.ExecContext(ctx, `INSERT INTO reaction (reply_id, member_id, brand_id, kind, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
			r.ID, v.Member.ID, v.Brand, feeling, tx.Now())
	} else {
		res, err = tx.ExecContext(ctx, `DELETE FROM reaction WHERE reply_id = $1 AND member_id = $2 AND kind = $3`, r.ID, v.Member.ID, feeling)
	}
	if err != nil {
		return false, fmt.Errorf("topic: react: %w", err)
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// recount brings the counts in line with what was given or taken.
func recount(ctx context.Context, tx *db.Tx, v member.Voice, t Topic, r Reply, feeling string, give bool) error {
	by := int64(1)
	if !give {
		by = -1
	}
	r.Reactions = r.Reactions.plus(feeling, by)
	_, err := tx.ExecContext(ctx, `UPDATE reply SET reactions = $3 WHERE brand_id = $1 AND id = $2`, r.Brand, r.ID, r.Reactions)
	if err == nil {
		_, err = tx.ExecContext(ctx, `UPDATE topic SET heat = heat + $3 WHERE brand_id = $1 AND id = $2`, t.Brand, t.ID, by)
	}
	if err != nil {
		return fmt.Errorf("topic: react: %w", err)
	}
	show(tx, t)
	felt := activity.Entry{Brand: t.Brand, Kind: "reply.reacted", Subject: r.ID, Actor: v.Member.Person, Value: placeOf(feeling), Member: v.Member.ID, Team: v.Team(tx.Now())}
	if !give {
		felt.Kind = "reply.unreacted"
		return activity.Record(ctx, tx, felt)
	}
	return errors.Join(
		activity.Record(ctx, tx, felt),
		outbox.Add(ctx, tx, outbox.Event{Brand: t.Brand, Kind: "reply.reacted", Subject: r.ID, Data: Reacted{v.Member.ID, feeling}}))
}

// Reacted is the data of the event reply.reacted.
type Reacted struct {
	Member  string `json:"member"`
	Feeling string `json:"feeling"`
}

func (r Reactions) plus(feeling string, by int64) Reactions {
	counts := map[string]int64{feeling: by}
	for _, one := range r {
		counts[one.Feeling] += one.Count
	}
	var out Reactions
	for _, f := range Feelings {
		if counts[f.Name] > 0 {
			out = append(out, Reaction{f.Name, counts[f.Name]})
		}
	}
	return out
}
