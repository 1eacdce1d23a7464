package promote

import (
	"context"
	"slices"
	"strings"
	"time"

	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/job"
	"rapport/internal/link"
	"rapport/internal/media"
	"rapport/internal/post"
	"rapport/internal/topic"
)

var errForgotten = fault.New(fault.Conflict, "Who wrote what this promotes had it erased, so it was taken off the plan.")

// Forget takes replies that are about to be erased out of every post that
// promotes them and has not gone out, in the caller's transaction; with an
// opening goes its title, which posts of the topic's answers hold too. Such a
// post is emptied, and copies of it are, which are known by its links. A node
// that is sending one in this moment is waited for by a job. The links still
// lead on, without the title. What is out stays as it went out.
func Forget(ctx context.Context, tx *db.Tx, brandID string, replies []topic.Reply) error {
	gone, opening := map[string]bool{}, map[string]bool{}
	var topics []string
	for _, r := range replies {
		gone[r.ID] = true
		if r.Number == 1 {
			opening[r.Topic] = true
		}
		topics = append(topics, r.Topic)
	}
	slices.Sort(topics)
	links, err := link.Promoting(ctx, tx, brandID, slices.Compact(topics))
	if err != nil {
		return err
	}
	done := map[string]bool{} // each post has a link for each of its channels
	for _, l := range links {
		if l.Post == "" || !opening[l.Topic] && !gone[l.Reply] {
			continue
		}
		copies, err := post.Repeating(ctx, tx, brandID, l.Post, l.Path())
		if err != nil {
			return err
		}
		for _, id := range append(copies, l.Post) {
			if done[id] {
				continue
			}
			done[id] = true
			theirs, err := copied(ctx, tx, brandID, id, l)
			if err != nil {
				return err
			}
			if err := forgetPost(ctx, tx, Rest{Brand: brandID, Post: id, Pictures: theirs}); err != nil {
				return err
			}
		}
	}
	for id := range opening {
		t, err := topic.ByID(ctx, tx, brandID, id)
		if err != nil {
			return err
		}
		if err := link.Untitle(ctx, tx, brandID, t.Number); err != nil {
			return err
		}
	}
	return nil
}

// Rest is the job that empties a post that a node was at work on when what it
// promotes was erased.
type Rest struct {
	Brand    string   `json:"brand"`
	Post     string   `json:"post"`
	Pictures []string `json:"pictures"` // ids of those that were copied with the words
}

// Kind names the job.
func (Rest) Kind() string { return "promote.rest" }

// again is when the job looks whether the node has finished.
const again = 5 * time.Second

// Work registers the package's job.
func Work(w *job.Workers, d *db.DB) {
	job.Handle(w, func(ctx context.Context, r Rest) error {
		return d.Tx(ctx, func(tx *db.Tx) error { return forgetPost(ctx, tx, r) })
	})
}

func forgetPost(ctx context.Context, tx *db.Tx, r Rest) error {
	done, err := post.Empty(ctx, tx, r.Brand, r.Post, fault.Text(errForgotten))
	switch {
	case fault.Is(err, fault.NotFound):
		return nil
	case err != nil:
		return err
	case done.Busy:
		return job.Insert(ctx, tx, r, tx.Now().Add(again))
	case !done.Done:
		return nil
	}
	if err := link.Loosen(ctx, tx, r.Brand, r.Post); err != nil {
		return err
	}
	return media.Forget(ctx, tx, r.Brand, r.Pictures)
}

// copied are the pictures of a post that were copied with the words that the
// link leads to: they have the name of the title that its address held then.
// See Promoter.picture.
func copied(ctx context.Context, q db.Queryer, brandID, postID string, l link.Link) ([]string, error) {
	posts, err := post.ByIDs(ctx, q, brandID, []string{postID})
	if err != nil {
		return nil, err
	}
	pictures, err := media.ByIDs(ctx, q, brandID, posts[postID].Input().Media())
	if err != nil {
		return nil, err
	}
	slug, _, _ := strings.Cut(strings.TrimPrefix(l.Target, "/t/"), "/")
	var theirs []string
	for _, m := range pictures {
		if m.Name == media.NameOf(slug) {
			theirs = append(theirs, m.ID)
		}
	}
	slices.Sort(theirs)
	return theirs, nil
}
