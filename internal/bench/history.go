package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"path/filepath"
	"time"

	"rapport/internal/access"
	"rapport/internal/blob"
	"rapport/internal/db"
	"rapport/internal/media"
	"rapport/internal/post"
)

// history fills the brand with n posts: most went out in the past two years,
// one in twenty lies ahead, one in fifty is a draft and a few need somebody.
// It returns one that is out.
func (w *world) history(ctx context.Context, n int) (shown string, err error) {
	const batch = 5000
	for from := 0; from < n && err == nil; from += batch {
		err = w.db.Tx(ctx, func(tx *db.Tx) error {
			var all records
			for i := from; i < min(from+batch, n); i++ {
				shown = all.add(w, i, n)
			}
			return all.write(ctx, tx)
		})
	}
	return shown, err
}

// records are rows as they are inserted.
type records struct {
	posts, variants, deliveries, parts, events, activity [][]any
}

func (r *records) add(w *world, i, n int) (id string) {
	const past, future = 2 * 365 * 24 * time.Hour, 60 * 24 * time.Hour
	id = db.NewID()
	now := w.db.Now()
	state, deliveryState, due := "approved", "published", now.Add(-past+past*time.Duration(i)/time.Duration(n))
	switch {
	case i%50 == 0:
		state = "draft"
	case i%20 == 1:
		deliveryState, due = "scheduled", now.Add(time.Hour+future*time.Duration(i)/time.Duration(n))
	case i%2000 == 7:
		deliveryState = []string{"rejected", "unknown", "missed"}[i/2000%3]
	}
	said := text(i)
	body, _ := json.Marshal(post.Body{Parts: []post.Part{{Text: said}}})
	channel := w.channels[i%len(w.channels)].ID
	approved := 1
	if state == "draft" {
		approved = 0
	}
	r.posts = append(r.posts, []any{id, w.brand.ID, state, string(body), said, said, approved, w.owner.ID, due})
	r.variants = append(r.variants, []any{id, channel, w.brand.ID})
	if state == "draft" {
		return id
	}
	d, out := db.NewID(), db.Time(0)
	if deliveryState == "published" {
		out = due
		r.parts = append(r.parts, []any{d, w.brand.ID, said, "remote-" + d, out})
		r.activity = append(r.activity, []any{db.NewID(), w.brand.ID, d, due})
	}
	r.deliveries = append(r.deliveries, []any{d, w.brand.ID, id, channel, deliveryState, due, out, w.owner.ID})
	r.events = append(r.events, []any{db.NewID(), w.brand.ID, d, due, deliveryState})
	return id
}

func (r *records) write(ctx context.Context, tx *db.Tx) error {
	for _, t := range []struct {
		query string
		rows  [][]any
	}{
		{`INSERT INTO post (id, brand_id, state, body, excerpt, search, revision, approved, author_id, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $8, $9, $9)`, r.posts},
		{`INSERT INTO variant (post_id, channel_id, brand_id) VALUES ($1, $2, $3)`, r.variants},
		{`INSERT INTO delivery (id, brand_id, post_id, channel_id, state, due_at, run_at, revision, attempt, published_at, author_id, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $6, 1, 1, $7, $8, $6, $6)`, r.deliveries},
		{`INSERT INTO part (delivery_id, ord, brand_id, kind, state, text, remote_id, at) VALUES ($1, 0, $2, 'post', 'published', $3, $4, $5)`, r.parts},
		{`INSERT INTO delivery_event (id, brand_id, delivery_id, at, what) VALUES ($1, $2, $3, $4, $5)`, r.events},
		{`INSERT INTO activity (id, brand_id, kind, subject, at) VALUES ($1, $2, 'delivery.published', $3, $4)`, r.activity},
	} {
		if err := db.Many(ctx, tx, t.query, t.rows); err != nil {
			return err
		}
	}
	return nil
}

// pictures puts n pictures into the library.
func (w *world) pictures(ctx context.Context, n int) error {
	blobs, err := blob.OpenFolder(filepath.Join(w.dir, "media"))
	if err != nil {
		return err
	}
	defer blobs.Close()
	library := &media.Library{DB: w.db, Blobs: blobs}
	for i := range n {
		img := image.NewRGBA(image.Rect(0, 0, 900, 600))
		for at := range 900 * 600 {
			img.SetRGBA(at%900, at/900, color.RGBA{uint8(at / 3000), uint8(at%900/4 + i*5), uint8(90 + i), 255})
		}
		var b bytes.Buffer
		if err := png.Encode(&b, img); err != nil {
			return err
		}
		if _, err := library.Add(ctx, access.System(), w.brand.ID, fmt.Sprintf("picture %d.png", i), &b); err != nil {
			return err
		}
	}
	return nil
}
