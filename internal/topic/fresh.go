package topic

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"rapport/internal/db"
	"rapport/internal/fault"
)

// Sort is a kind of topic that may be new to somebody.
type Sort string

// The sorts.
const (
	Asked  Sort = "asked"  // questions that nobody has answered, the newest first
	Lively Sort = "lively" // with replies or reactions, most first
	Recent Sort = "recent" // all, the newest first
)

var sorts = map[Sort]string{
	Asked:  ` AND t.answered_at = 0 AND EXISTS (SELECT 1 FROM space s WHERE s.id = t.space_id AND s.kind = 'questions') ORDER BY t.created_at DESC, t.id DESC`,
	Lively: ` AND t.heat > 0 ORDER BY t.heat DESC, t.id DESC`,
	Recent: ` ORDER BY t.created_at DESC, t.id DESC`,
}

// Fresh returns topics that were begun since, by others, and that a member who
// reads what is for members only has neither read nor muted, at most so many.
func Fresh(ctx context.Context, q db.Queryer, which Sort, brandID, memberID string, since db.Time, most int) ([]Topic, error) {
	order, ok := sorts[which]
	if !ok {
		return nil, fault.New(fault.Invalid, "There is no such list.")
	}
	rows, err := q.QueryContext(ctx, `SELECT `+topicColumns+` FROM topic t WHERE t.brand_id = $1 AND t.state = 'live' AND t.created_at > $3 AND t.author_id <> $2
		AND NOT EXISTS (SELECT 1 FROM watch w WHERE w.member_id = $2 AND (w.subject = t.id AND (w.seen > 0 OR w.level = 'mute') OR w.subject = t.space_id AND w.level = 'mute'))`+order+` LIMIT $4`,
		brandID, memberID, since, most)
	out, err := db.Collect(rows, err, func(r *sql.Rows) (t Topic, err error) {
		err = r.Scan(t.fields()...)
		return t, err
	})
	if err != nil {
		return nil, fmt.Errorf("topic: fresh: %w", err)
	}
	return out, nil
}

// helpful is for how long who answered a question counts as somebody who does.
const helpful = 90 * 24 * time.Hour

// Helps reports whether a member has answered somebody's question in the last 90
// days.
func Helps(ctx context.Context, q db.Queryer, brandID, memberID string) (yes bool, err error) {
	err = q.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM reply r JOIN topic t ON t.id = r.topic_id JOIN space s ON s.id = t.space_id
		WHERE r.brand_id = $1 AND r.author_id = $2 AND r.at > $3 AND r.state = 'live' AND r.number > 1 AND t.author_id <> $2 AND s.kind = 'questions')`,
		brandID, memberID, q.Now().Add(-helpful)).Scan(&yes)
	if err != nil {
		return false, fmt.Errorf("topic: helps: %w", err)
	}
	return yes, nil
}
