package post

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/fault"
)

const columns = `p.id, p.brand_id, p.state, p.body, p.excerpt, p.revision, p.approved, p.planned_at, p.author_id, p.created_at, p.updated_at, p.deleted_at,
	p.kind, p.origin, p.answers, p.conversation_id, p.editor_id, p.submitted_by, p.submitted_at, p.sent_back_at,
	p.approval, p.approved_by, p.approved_at, p.approval_rule`

func scan(row interface{ Scan(...any) error }) (p Post, err error) {
	var body, answers string
	err = row.Scan(&p.ID, &p.Brand, &p.State, &body, &p.Excerpt, &p.Revision, &p.Approved, &p.PlannedAt, &p.Author,
		&p.CreatedAt, &p.UpdatedAt, &p.DeletedAt, &p.Kind, &p.Origin, &answers, &p.Conversation,
		&p.Editor, &p.SubmittedBy, &p.SubmittedAt, &p.SentBackAt, &p.Approval, &p.ApprovedBy, &p.ApprovedAt, &p.Rule)
	if err == nil {
		err = json.Unmarshal([]byte(body), &p.Body)
	}
	if err == nil && answers != "" {
		err = json.Unmarshal([]byte(answers), &p.Answers)
	}
	return p, err
}

// anyByID returns the post, deleted or not.
func anyByID(ctx context.Context, q db.Queryer, brandID, id string) (Post, error) {
	p, err := scan(q.QueryRowContext(ctx, `SELECT `+columns+` FROM post p WHERE p.brand_id = $1 AND p.id = $2`, brandID, id))
	if errors.Is(err, sql.ErrNoRows) {
		return p, fault.New(fault.NotFound, "There is no such post.")
	}
	if err != nil {
		return p, fmt.Errorf("post: read: %w", err)
	}
	list := []Post{p}
	err = withVariants(ctx, q, brandID, list)
	return list[0], err
}

// byID is for the acts of the team: a reply belongs to its conversation and is
// none of the posts they handle.
func byID(ctx context.Context, q db.Queryer, brandID, id string) (Post, error) {
	p, err := kept(ctx, q, brandID, id)
	if err == nil && p.Kind == KindReply {
		return Post{}, fault.New(fault.NotFound, "There is no such post.")
	}
	return p, err
}

func kept(ctx context.Context, q db.Queryer, brandID, id string) (Post, error) {
	p, err := anyByID(ctx, q, brandID, id)
	if err == nil && p.DeletedAt > 0 {
		return Post{}, fault.New(fault.NotFound, "This post was deleted.")
	}
	return p, err
}

// ByID returns the post with its variants. A deleted one is fault.NotFound,
// and so is a reply, but to the program itself; and for an account with some
// channels only, one that is for none of them.
func ByID(ctx context.Context, q db.Queryer, who access.Who, brandID, id string) (Post, error) {
	if err := who.May(q.Now(), brandID, access.PostRead); err != nil {
		return Post{}, err
	}
	if who.IsSystem() {
		return kept(ctx, q, brandID, id)
	}
	p, err := byID(ctx, q, brandID, id)
	if err == nil && !p.seenWith(who.Channels(q.Now(), brandID)) {
		return Post{}, fault.New(fault.NotFound, "There is no such post.")
	}
	return p, err
}

// seenWith reports whether an account with these channels only sees the post:
// one that is for one of them, or for none yet. None listed is no narrowing.
func (p Post) seenWith(only []string) bool {
	return len(only) == 0 || len(p.Variants) == 0 ||
		slices.ContainsFunc(p.Variants, func(v Variant) bool { return slices.Contains(only, v.Channel) })
}

// seen is seenWith as a condition, after the placeholders already in args.
func seen(only []string, args []any) (string, []any) {
	if len(only) == 0 {
		return "", args
	}
	in := db.In(len(args)+1, len(only))
	for _, c := range only {
		args = append(args, c)
	}
	return ` AND (EXISTS (SELECT 1 FROM variant v WHERE v.brand_id = $1 AND v.post_id = p.id AND v.channel_id IN (` + in + `))
		OR NOT EXISTS (SELECT 1 FROM variant v WHERE v.brand_id = $1 AND v.post_id = p.id))`, args
}

// Filter narrows the list. Empty fields do not.
type Filter struct {
	// State is a state of posts, or one of deliveries but cancelled: then at
	// least one delivery of the post is in it.
	State   string
	Channel string // id
	Query   string // part of any of its texts, in any case
}

// where adds the conditions after the placeholders already in args.
func (f Filter) where(args []any) (string, []any, error) {
	var text string
	add := func(condition string, arg any) {
		args = append(args, arg)
		text += fmt.Sprintf(condition, len(args))
	}
	switch {
	case f.State == "":
	case f.State == StateDraft || f.State == StateInReview || f.State == StateApproved:
		add(` AND p.state = $%d`, f.State)
	case f.State == string(delivery.Published):
		// Most posts are, so the newest are soon found by walking.
		add(` AND p.state = 'approved' AND EXISTS (SELECT 1 FROM delivery d WHERE d.brand_id = $1 AND d.post_id = p.id AND d.state = $%d)`, f.State)
	case f.State != string(delivery.Cancelled) && slices.Contains(delivery.States, delivery.State(f.State)):
		// Few are, so they are gathered from the index that holds only such.
		add(` AND p.state = 'approved' AND p.id IN (SELECT d.post_id FROM delivery d WHERE d.brand_id = $1
			AND d.state NOT IN ('published', 'cancelled') AND d.state = $%d)`, f.State)
	default:
		return "", nil, fault.OnField("state", "There is no such state of a post.")
	}
	if f.Channel != "" {
		add(` AND EXISTS (SELECT 1 FROM variant v WHERE v.brand_id = $1 AND v.post_id = p.id AND v.channel_id = $%d)`, f.Channel)
	}
	if f.Query != "" {
		add(` AND p.search LIKE $%d ESCAPE '\'`, db.Contains(f.Query))
	}
	return text, args, nil
}

// List returns the posts that the account sees, as ByID does, with their
// variants, the last changed first, 50 to a page unless asked otherwise (at
// most 200), and the cursor of the next page, "" after the last.
func List(ctx context.Context, q db.Queryer, who access.Who, brandID string, f Filter, page db.Page) ([]Post, string, error) {
	if err := who.May(q.Now(), brandID, access.PostRead); err != nil {
		return nil, "", err
	}
	at, id, err := page.Key()
	if err != nil {
		return nil, "", err
	}
	size := page.Size(50, 200)
	where, args, err := f.where([]any{brandID, at, id, size + 1})
	if err != nil {
		return nil, "", err
	}
	visible, args := seen(who.Channels(q.Now(), brandID), args)
	all, err := list(ctx, q, `SELECT `+columns+` FROM post p WHERE p.brand_id = $1 AND p.kind = 'post' AND p.deleted_at = 0 AND (p.updated_at, p.id) < ($2, $3)`+where+visible+`
		ORDER BY p.updated_at DESC, p.id DESC LIMIT $4`, args...)
	if err != nil {
		return nil, "", err
	}
	next := ""
	if len(all) > size {
		all = all[:size]
		next = db.Cursor(all[size-1].UpdatedAt, all[size-1].ID)
	}
	return all, next, withVariants(ctx, q, brandID, all)
}

// ofBrand keeps SQLite from reading all of a brand's posts when it is asked for
// many by id.
const ofBrand = `brand_id || '' = $1`

// ByIDs returns those of the posts that the brand has, deleted or not, by id.
// The caller has checked that they may be read.
func ByIDs(ctx context.Context, q db.Queryer, brandID string, ids []string) (map[string]Post, error) {
	out := make(map[string]Post, len(ids))
	for chunk := range slices.Chunk(ids, 500) {
		args := []any{brandID}
		for _, id := range chunk {
			args = append(args, id)
		}
		all, err := list(ctx, q, `SELECT `+columns+` FROM post p WHERE `+ofBrand+` AND p.id IN (`+db.In(2, len(chunk))+`)`, args...)
		if err == nil {
			err = withVariants(ctx, q, brandID, all)
		}
		if err != nil {
			return nil, err
		}
		for _, p := range all {
			out[p.ID] = p
		}
	}
	return out, nil
}

// Face is what one recognises a post by in a list.
type Face struct {
	Excerpt string
	Picture string // id of its first picture; "" where it has none
}

// Face is what one recognises the post by.
func (p Post) Face() Face {
	for _, part := range p.Body.Parts {
		if len(part.Media) > 0 {
			return Face{Excerpt: p.Excerpt, Picture: part.Media[0]}
		}
	}
	return Face{Excerpt: p.Excerpt}
}

// Faces returns those of the posts that the brand has, deleted or not, by id,
// without reading more of them than is shown. The caller has checked that they
// may be read.
func Faces(ctx context.Context, q db.Queryer, brandID string, ids []string) (map[string]Face, error) {
	out := make(map[string]Face, len(ids))
	for chunk := range slices.Chunk(ids, 500) {
		args := []any{brandID}
		for _, id := range chunk {
			args = append(args, id)
		}
		rows, err := q.QueryContext(ctx, `SELECT id, excerpt, CASE WHEN body LIKE '%"media":%' THEN body ELSE '' END
			FROM post WHERE `+ofBrand+` AND id IN (`+db.In(2, len(chunk))+`)`, args...)
		_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
			var p Post
			var body string
			err := r.Scan(&p.ID, &p.Excerpt, &body)
			if err == nil && body != "" {
				err = json.Unmarshal([]byte(body), &p.Body)
			}
			out[p.ID] = p.Face()
			return struct{}{}, err
		})
		if err != nil {
			return nil, fmt.Errorf("post: faces: %w", err)
		}
	}
	return out, nil
}

// Planned returns the drafts wished for [from, to) by time, for the calendar;
// at most 500.
func Planned(ctx context.Context, q db.Queryer, who access.Who, brandID string, from, to db.Time) ([]Post, error) {
	if err := who.May(q.Now(), brandID, access.PostRead); err != nil {
		return nil, err
	}
	visible, args := seen(who.Channels(q.Now(), brandID), []any{brandID, from, to})
	all, err := list(ctx, q, `SELECT `+columns+` FROM post p WHERE p.brand_id = $1 AND p.planned_at > 0 AND p.deleted_at = 0
		AND p.planned_at >= $2 AND p.planned_at < $3 AND p.state <> 'approved'`+visible+` ORDER BY p.planned_at, p.id LIMIT 500`, args...)
	if err != nil {
		return nil, err
	}
	return all, withVariants(ctx, q, brandID, all)
}

func list(ctx context.Context, q db.Queryer, query string, args ...any) ([]Post, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	out, err := db.Collect(rows, err, func(r *sql.Rows) (Post, error) { return scan(r) })
	if err != nil {
		return nil, fmt.Errorf("post: list: %w", err)
	}
	return out, nil
}

func withVariants(ctx context.Context, q db.Queryer, brandID string, posts []Post) error {
	if len(posts) == 0 {
		return nil
	}
	at := make(map[string]int, len(posts))
	args := []any{brandID}
	for i, p := range posts {
		at[p.ID] = i
		args = append(args, p.ID)
	}
	rows, err := q.QueryContext(ctx, `SELECT post_id, channel_id, body, options FROM variant
		WHERE brand_id = $1 AND post_id IN (`+db.In(2, len(posts))+`) ORDER BY post_id, channel_id`, args...)
	_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
		id, v, err := scanVariant(r)
		if err == nil {
			p := &posts[at[id]]
			p.Variants = append(p.Variants, v)
		}
		return struct{}{}, err
	})
	if err != nil {
		return fmt.Errorf("post: variants: %w", err)
	}
	return nil
}

func scanVariant(r *sql.Rows) (post string, v Variant, err error) {
	var body, options string
	if err = r.Scan(&post, &v.Channel, &body, &options); err != nil {
		return post, v, err
	}
	if body != "" {
		v.Body = &Body{}
		err = json.Unmarshal([]byte(body), v.Body)
	}
	if err == nil && options != "" {
		err = json.Unmarshal([]byte(options), &v.Options)
	}
	return post, v, err
}

func insert(ctx context.Context, tx *db.Tx, p Post) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO post (id, brand_id, state, body, excerpt, search, revision, approved, planned_at, author_id, created_at, updated_at,
			kind, origin, answers, conversation_id, editor_id, submitted_by, submitted_at, sent_back_at, approval, approved_by, approved_at, approval_rule)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24)`, p.row(p.Input().search())...)
	if err == nil {
		err = insertRest(ctx, tx, p)
	}
	if err == nil {
		err = index(ctx, tx, p)
	}
	if err != nil {
		return fmt.Errorf("post: insert: %w", err)
	}
	return nil
}

// update saves everything, if the stored revision is still the one that was
// read. What hangs on the post is written again only with a new revision.
func update(ctx context.Context, tx *db.Tx, p Post, revision int64) error {
	res, err := tx.ExecContext(ctx, `UPDATE post SET state = $4, body = $5, excerpt = $6, search = $7, revision = $8, approved = $9,
			planned_at = $10, updated_at = $11, deleted_at = $12, editor_id = $13, submitted_by = $14, submitted_at = $15, sent_back_at = $16,
			approval = $17, approved_by = $18, approved_at = $19, approval_rule = $20,
			reminded_at = CASE WHEN planned_at = $10 AND submitted_at = $15 THEN reminded_at ELSE 0 END,
			passed_at = CASE WHEN planned_at = $10 AND submitted_at = $15 THEN passed_at ELSE 0 END
		WHERE brand_id = $1 AND id = $2 AND revision = $3`,
		p.Brand, p.ID, revision, p.State, encode(p.Body), p.Excerpt, p.Input().search(), p.Revision, p.Approved, p.PlannedAt, p.UpdatedAt, p.DeletedAt,
		p.Editor, p.SubmittedBy, p.SubmittedAt, p.SentBackAt, p.Approval, p.ApprovedBy, p.ApprovedAt, p.Rule)
	if err != nil {
		return fmt.Errorf("post: save: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, fault.New(fault.Conflict, "Someone has changed this post in this moment. Look again."))
	}
	if p.Revision == revision {
		return nil
	}
	for _, table := range []string{"variant", "post_media"} {
		if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE brand_id = $1 AND post_id = $2`, p.Brand, p.ID); err != nil {
			return fmt.Errorf("post: save: %w", err)
		}
	}
	err = insertRest(ctx, tx, p)
	if err == nil {
		err = index(ctx, tx, p)
	}
	if err != nil {
		return fmt.Errorf("post: save: %w", err)
	}
	return nil
}

// row is everything of the post that is stored when it is new.
func (p Post) row(search string) []any {
	answers := ""
	if p.Answers != nil {
		answers = encode(p.Answers)
	}
	return []any{p.ID, p.Brand, p.State, encode(p.Body), p.Excerpt, search, p.Revision, p.Approved, p.PlannedAt, p.Author, p.CreatedAt, p.UpdatedAt,
		cmp.Or(p.Kind, KindPost), p.Origin, answers, p.Conversation, p.Editor, p.SubmittedBy, p.SubmittedAt, p.SentBackAt, p.Approval, p.ApprovedBy, p.ApprovedAt, p.Rule}
}

func insertRest(ctx context.Context, tx *db.Tx, p Post) error {
	variants, pictures := p.rest()
	return writeRest(ctx, tx, variants, pictures)
}

// rest are the rows that hang on the post.
func (p Post) rest() (variants, pictures [][]any) {
	for _, v := range p.Variants {
		body, options := "", ""
		if v.Body != nil {
			body = encode(v.Body)
		}
		if v.Options != nil {
			options = encode(v.Options)
		}
		variants = append(variants, []any{p.ID, v.Channel, p.Brand, body, options})
	}
	for _, id := range p.Input().Media() {
		pictures = append(pictures, []any{id, p.ID, p.Brand})
	}
	return variants, pictures
}

func writeRest(ctx context.Context, tx *db.Tx, variants, pictures [][]any) error {
	if err := db.Many(ctx, tx, `INSERT INTO variant (post_id, channel_id, brand_id, body, options) VALUES ($1, $2, $3, $4, $5)`, variants); err != nil {
		return err
	}
	return db.Many(ctx, tx, `INSERT INTO post_media (media_id, post_id, brand_id) VALUES ($1, $2, $3)`, pictures)
}

func encode(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // plain values of ours always encode
	}
	return string(bytes.TrimSpace(b.Bytes()))
}
