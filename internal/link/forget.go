package link

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"rapport/internal/db"
)

// Promoting returns all links that promote one of the topics, or an answer in
// one.
func Promoting(ctx context.Context, q db.Queryer, brandID string, topics []string) ([]Link, error) {
	if len(topics) == 0 {
		return nil, nil
	}
	args := []any{brandID}
	for _, t := range topics {
		args = append(args, t)
	}
	return list(ctx, q, `SELECT `+columns+` FROM link WHERE brand_id = $1 AND topic_id <> '' AND topic_id IN (`+db.In(2, len(topics))+`) ORDER BY created_at, id`, args...)
}

// Loosen says that what a post holds promotes nothing any more, in the caller's
// transaction. Its links still lead where they did, and count.
func Loosen(ctx context.Context, tx *db.Tx, brandID, postID string) error {
	_, err := tx.ExecContext(ctx, `UPDATE link SET topic_id = '', reply_id = '' WHERE brand_id = $1 AND post_id = $2 AND post_id <> ''`, brandID, postID)
	if err != nil {
		return fmt.Errorf("link: loosen: %w", err)
	}
	return nil
}

// Untitle takes a topic's title, whichever it had, out of all links that lead to
// it, in the caller's transaction, and out of what the log says of them. They
// lead to it by its number, and what they count goes on under that.
func Untitle(ctx context.Context, tx *db.Tx, brandID string, number int64) error {
	n := strconv.FormatInt(number, 10)
	all, err := list(ctx, tx, `SELECT `+columns+` FROM link WHERE brand_id = $1 AND target LIKE '/t/%/' || $2 || '%'`, brandID, n)
	if err != nil {
		return err
	}
	for _, l := range all {
		slug, rest, _ := strings.Cut(strings.TrimPrefix(l.Target, "/t/"), "/")
		after, leads := strings.CutPrefix(rest, n)
		if !leads || after != "" && !strings.ContainsAny(after[:1], "?#") {
			continue
		}
		if l.Topic != "" || l.Post != "" || l.Campaign == Word(slug) {
			l.Campaign = "topic-" + n
		}
		if _, err := tx.ExecContext(ctx, `UPDATE link SET target = $3, campaign = $4 WHERE brand_id = $1 AND id = $2`, brandID, l.ID, "/t/-/"+rest, l.Campaign); err != nil {
			return fmt.Errorf("link: untitle: %w", err)
		}
		if _, err := tx.ExecContext(ctx, `UPDATE audit SET detail = '' WHERE brand_id = $1 AND subject = $2`, brandID, l.ID); err != nil {
			return fmt.Errorf("link: untitle: %w", err)
		}
	}
	return nil
}
