package topic

import (
	"context"
	"database/sql"
	"fmt"

	"rapport/internal/db"
	"rapport/internal/member"
)

// Own is what is a member's own on a page of a topic.
type Own struct {
	Felt      map[string][]string // how they reacted, by the reply's id
	Kept      map[string]bool     // replies with their bookmark
	Following Following
	Draft     Draft // what they have begun to write; its Text is "" where nothing
}

// OwnOn returns what is the member's own on a page of the topic with these
// replies. It is asked for with every page, so that it is one query.
func OwnOn(ctx context.Context, q db.Queryer, v member.Voice, t Topic, replies []Shown) (Own, error) {
	own := Own{Felt: map[string][]string{}, Kept: map[string]bool{}, Draft: Draft{Topic: t.ID}}
	if v.Member.ID == "" {
		return own, nil
	}
	args := []any{v.Member.ID, t.ID}
	var felt []any
	for i := range replies {
		args = append(args, replies[i].ID)
		if len(replies[i].Reactions) > 0 {
			felt = append(felt, replies[i].ID)
		}
	}
	query := `SELECT 1, level, '', seen FROM watch WHERE member_id = $1 AND subject = $2
		UNION ALL SELECT 2, text, '', at FROM topic_draft WHERE member_id = $1 AND place = $2`
	if len(replies) > 0 {
		query += ` UNION ALL SELECT 3, reply_id, '', at FROM bookmark WHERE member_id = $1 AND reply_id IN (` + db.In(3, len(replies)) + `)`
	}
	if len(felt) > 0 {
		query += ` UNION ALL SELECT 4, reply_id, kind, at FROM reaction WHERE member_id = $1 AND reply_id IN (` + db.In(3+len(replies), len(felt)) + `)`
	}
	rows, err := q.QueryContext(ctx, query, append(args, felt...)...)
	_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
		var what, n int64
		var text, kind string
		err := r.Scan(&what, &text, &kind, &n)
		switch what {
		case 1:
			own.Following = Following{Level: Level(text), Seen: n}
		case 2:
			own.Draft.Text, own.Draft.At = text, db.Time(n)
		case 3:
			own.Kept[text] = true
		case 4:
			own.Felt[text] = append(own.Felt[text], kind)
		}
		return struct{}{}, err
	})
	if err != nil {
		return own, fmt.Errorf("topic: own: %w", err)
	}
	return own, nil
}
