package post

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/job"
	"rapport/internal/outbox"
)

// Texts are the texts of a post, part by part: the common ones under "", those
// of a channel with its own under its id.
type Texts map[string][]string

// Texts are the post's as it stands.
func (in Input) Texts() Texts {
	out := Texts{"": in.Body.texts()}
	for _, v := range in.Variants {
		if v.Body != nil {
			out[v.Channel] = v.Body.texts()
		}
	}
	return out
}

func (b Body) texts() []string {
	out := make([]string, len(b.Parts))
	for i, p := range b.Parts {
		out[i] = p.Text
	}
	return out
}

// Step is one step of a post through review.
type Step struct {
	ID, Post string
	At       db.Time
	What     string // submitted, approved, sent_back, withdrawn, edited, suggested, taken, declined, recalled, passed, emptied
	By       string // account id; "" for the program
	Revision int64
	Text     string // what the person said
	Content  Texts  // what was approved; nil for other steps
}

func remember(ctx context.Context, tx *db.Tx, who access.Who, p Post, what, text string) error {
	content := ""
	if what == "approved" {
		content = encode(p.Input().Texts())
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO review (id, brand_id, post_id, at, what, account_id, revision, text, content)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, db.NewID(), p.Brand, p.ID, tx.Now(), what, who.Account, p.Revision, text, content)
	if err != nil {
		return fmt.Errorf("post: remember: %w", err)
	}
	return nil
}

// Steps returns a post's way through review, oldest first; of more than 300
// the last ones. The caller has checked that the post may be read.
func Steps(ctx context.Context, q db.Queryer, brandID, id string) ([]Step, error) {
	rows, err := q.QueryContext(ctx, `SELECT id, post_id, at, what, account_id, revision, text, content FROM review
		WHERE brand_id = $1 AND post_id = $2 ORDER BY id DESC LIMIT 300`, brandID, id)
	out, err := db.Collect(rows, err, func(r *sql.Rows) (Step, error) {
		var s Step
		var content string
		err := r.Scan(&s.ID, &s.Post, &s.At, &s.What, &s.By, &s.Revision, &s.Text, &content)
		if err == nil && content != "" {
			err = json.Unmarshal([]byte(content), &s.Content)
		}
		return s, err
	})
	if err != nil {
		return nil, fmt.Errorf("post: steps: %w", err)
	}
	slices.Reverse(out)
	return out, nil
}

// mine narrows to the posts in review that who may decide about; ok is
// false where there can be none.
func mine(ctx context.Context, q db.Queryer, who access.Who, brandID string) (where string, args []any, ok bool, err error) {
	if who.May(q.Now(), brandID, access.PostApprove) != nil {
		return "", nil, false, who.May(q.Now(), brandID, access.PostRead)
	}
	rule, err := ruleOf(ctx, q, brandID)
	if err != nil {
		return "", nil, false, err
	}
	args = []any{brandID}
	where = ` FROM post p WHERE p.brand_id = $1 AND p.kind = 'post' AND p.deleted_at = 0 AND p.state = 'in_review'`
	if !rule.Own && who.Account != "" {
		args = append(args, who.Account)
		where += ` AND p.author_id <> $2 AND p.editor_id <> $2`
	}
	if only := who.Channels(q.Now(), brandID); len(only) > 0 {
		where += ` AND NOT EXISTS (SELECT 1 FROM variant v WHERE v.post_id = p.id AND v.channel_id NOT IN (` + db.In(len(args)+1, len(only)) + `))`
		for _, c := range only {
			args = append(args, c)
		}
	}
	return where, args, true, nil
}

// Waiting returns the posts in review that who may decide about, those with
// the earliest time first and those without one last; at most limit.
func Waiting(ctx context.Context, q db.Queryer, who access.Who, brandID string, limit int) ([]Post, error) {
	where, args, ok, err := mine(ctx, q, who, brandID)
	if err != nil || !ok {
		return nil, err
	}
	all, err := list(ctx, q, `SELECT `+columns+where+` ORDER BY CASE WHEN p.planned_at = 0 THEN 1 ELSE 0 END, p.planned_at, p.id
		LIMIT `+strconv.Itoa(limit), args...)
	if err != nil {
		return nil, err
	}
	return all, withVariants(ctx, q, brandID, all)
}

// WaitingCount counts what Waiting would list, and the account's own posts
// that were sent back.
func WaitingCount(ctx context.Context, q db.Queryer, who access.Who, brandID string) (review, back int, err error) {
	where, args, ok, err := mine(ctx, q, who, brandID)
	if err != nil {
		return 0, 0, err
	}
	if ok {
		if err := q.QueryRowContext(ctx, `SELECT COUNT(*)`+where, args...).Scan(&review); err != nil {
			return 0, 0, fmt.Errorf("post: count what waits: %w", err)
		}
	}
	err = q.QueryRowContext(ctx, `SELECT COUNT(*) FROM post p WHERE p.brand_id = $1 AND p.author_id = $2 AND p.sent_back_at > 0 AND p.deleted_at = 0`,
		brandID, who.Account).Scan(&back)
	if err != nil {
		return 0, 0, fmt.Errorf("post: count what was sent back: %w", err)
	}
	return review, back, nil
}

// Returned returns the account's own posts that were sent back and not
// submitted again, the last first; at most limit.
func Returned(ctx context.Context, q db.Queryer, who access.Who, brandID string, limit int) ([]Post, error) {
	if err := who.May(q.Now(), brandID, access.PostRead); err != nil || who.Account == "" {
		return nil, err
	}
	all, err := list(ctx, q, `SELECT `+columns+` FROM post p WHERE p.brand_id = $1 AND p.author_id = $2 AND p.sent_back_at > 0 AND p.deleted_at = 0
		ORDER BY p.sent_back_at DESC, p.id DESC LIMIT $3`, brandID, who.Account, limit)
	if err != nil {
		return nil, err
	}
	return all, withVariants(ctx, q, brandID, all)
}

// remindJob looks for posts in review whose time comes near or has passed.
type remindJob struct{}

func (remindJob) Kind() string { return "post.remind" }

// Work makes the workers remind of posts that wait for approval.
func Work(w *job.Workers, d *db.DB) {
	job.Handle(w, func(ctx context.Context, _ remindJob) error {
		_, err := Remind(ctx, d)
		return err
	})
	w.Every(time.Minute, remindJob{})
}

// remindMost bounds what one transaction of Remind does.
const remindMost = 200

// Remind tells, once for each post, that its time comes near and it still
// waits for approval, and once that its time has passed. It returns how many
// were told of. A post whose time passed stays in review and does not go out.
func Remind(ctx context.Context, d *db.DB) (n int, err error) {
	for {
		var some int
		err = d.Tx(ctx, func(tx *db.Tx) error {
			some, err = remind(ctx, tx)
			return err
		})
		n += some
		if err != nil || some < remindMost {
			return n, err
		}
	}
}

func remind(ctx context.Context, tx *db.Tx) (int, error) {
	all, err := list(ctx, tx, `SELECT `+columns+` FROM post p LEFT JOIN approval_rule r ON r.brand_id = p.brand_id
		WHERE p.state = 'in_review' AND p.planned_at > 0 AND p.planned_at <= $2 AND p.deleted_at = 0 AND (
			(p.planned_at <= $1 AND p.passed_at = 0)
			OR (p.planned_at > $1 AND p.reminded_at = 0
				AND p.planned_at - COALESCE(r.remind_h, $3) * 3600000 <= $1 AND p.submitted_at < p.planned_at - COALESCE(r.remind_h, $3) * 3600000))
		ORDER BY p.planned_at, p.id LIMIT $4`, tx.Now(), tx.Now().Add(mostRemind), int64(usualRemind/time.Hour), remindMost)
	if err != nil {
		return 0, err
	}
	for _, p := range all {
		column, kind := "reminded_at", "post.review_due"
		if p.PlannedAt <= tx.Now() {
			column, kind = "passed_at", "post.review_passed"
			if err := remember(ctx, tx, access.System(), p, "passed", ""); err != nil {
				return 0, err
			}
		}
		if _, err := tx.ExecContext(ctx, `UPDATE post SET `+column+` = $3 WHERE brand_id = $1 AND id = $2`, p.Brand, p.ID, tx.Now()); err != nil {
			return 0, fmt.Errorf("post: remind: %w", err)
		}
		if err := outbox.Add(ctx, tx, outbox.Event{Brand: p.Brand, Kind: kind, Subject: p.ID, Data: Told{Revision: p.Revision}}); err != nil {
			return 0, err
		}
	}
	return len(all), nil
}
