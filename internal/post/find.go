package post

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"rapport/internal/db"
	"rapport/internal/search"
)

// index makes the post's words findable as they are now; of a deleted post
// none are. A reply is found as a message.
func index(ctx context.Context, tx *db.Tx, p Post) error {
	if p.Kind == KindReply {
		return nil
	}
	if p.DeletedAt > 0 {
		return search.Drop(ctx, tx, p.Brand, search.Post, p.ID)
	}
	return search.Put(ctx, tx, p.doc())
}

func (p Post) doc() search.Doc {
	return search.Doc{Brand: p.Brand, Kind: search.Post, ID: p.ID, Channels: p.Channels(), At: p.CreatedAt, Text: p.Input().words()}
}

// words are all texts of the post, each once.
func (in Input) words() string {
	var out []string
	for _, b := range in.bodies() {
		for _, part := range b.Parts {
			if part.Text != "" && !slices.Contains(out, part.Text) {
				out = append(out, part.Text)
			}
		}
	}
	return strings.Join(out, "\n")
}

// Words are the posts that were there before they could be found by their
// words.
var Words = search.Source{Name: "post", Page: page}

// page reads posts of all brands by id, which is the order they came in.
func page(ctx context.Context, q db.Queryer, after string, limit int) ([]search.Doc, string, error) {
	all, err := list(ctx, q, `SELECT `+columns+` FROM post p WHERE p.id > $1 ORDER BY p.id LIMIT $2`, after, limit)
	if err != nil {
		return nil, "", err
	}
	channels, err := channelsBetween(ctx, q, all)
	if err != nil {
		return nil, "", fmt.Errorf("post: read what was there: %w", err)
	}
	var docs []search.Doc
	for _, p := range all {
		if p.Variants = channels[p.ID]; p.DeletedAt == 0 && p.Kind != KindReply {
			docs = append(docs, p.doc())
		}
	}
	if len(all) < limit {
		return docs, "", nil
	}
	return docs, all[len(all)-1].ID, nil
}

// channelsBetween returns the variants of a page of posts, whatever their
// brands.
func channelsBetween(ctx context.Context, q db.Queryer, all []Post) (map[string][]Variant, error) {
	out := map[string][]Variant{}
	if len(all) == 0 {
		return out, nil
	}
	rows, err := q.QueryContext(ctx, `SELECT post_id, channel_id, body, options FROM variant WHERE post_id >= $1 AND post_id <= $2
		ORDER BY post_id, channel_id`, all[0].ID, all[len(all)-1].ID)
	_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
		id, v, err := scanVariant(r)
		out[id] = append(out[id], v)
		return struct{}{}, err
	})
	return out, err
}
