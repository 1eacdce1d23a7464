// Package comment is what the team says to itself on a post: a plain list of
// comments that may point at a version or a part, name colleagues, be changed
// by who wrote them and be settled by anyone. It also knows who has a post open
// at the moment. It tells nobody: notify does.
package comment

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/activity"
	"rapport/internal/audit"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/outbox"
	"rapport/internal/post"
)

// Longest is how long a comment may be, in runes.
const Longest = 4000

// Comment is one row.
type Comment struct {
	ID, Brand, Post string
	Account         string   // who wrote it
	Channel         string   // whose version it is about; "" the common one
	Part            int      // which part it is about, from 1; 0 the whole
	Text            string   // empty once it was removed
	Mentions        []string // ids of the accounts it names who may read the post
	At, EditedAt    db.Time
	ResolvedAt      db.Time // 0 while it is open
	ResolvedBy      string
	RemovedAt       db.Time // 0 while it stands
	RemovedBy       string
}

// New is what a comment is made of.
type New struct {
	Text    string // 1 to Longest runes
	Channel string // one of the post's, or ""
	Part    int    // 1 to the number of parts there, or 0
}

// Added is the data of the events comment.added and comment.mentioned, whose
// subject is the post.
type Added struct {
	Comment  string
	By       string   // account id
	Accounts []string // who is told
}

// undoFor is how long the words of a removed comment are kept for Restore.
const undoFor = time.Hour

// Add says something on a post. Whoever of the team it names, as @ and their
// name, is told if they may read the post; so are the post's author and who
// has commented on it before.
func Add(ctx context.Context, d *db.DB, who access.Who, brandID, postID string, n New) (Comment, error) {
	text, err := checked(n.Text)
	if err != nil {
		return Comment{}, err
	}
	var c Comment
	err = d.Tx(ctx, func(tx *db.Tx) error {
		p, err := may(ctx, tx, who, brandID, postID)
		if err == nil {
			err = n.fits(p)
		}
		if err != nil {
			return err
		}
		c = Comment{ID: db.NewID(), Brand: brandID, Post: postID, Account: who.Account, Channel: n.Channel, Part: n.Part, Text: text, At: tx.Now()}
		if c.Mentions, err = mentioned(ctx, tx, who, p, text); err != nil {
			return err
		}
		if err := insert(ctx, tx, c); err != nil {
			return err
		}
		if err := tell(ctx, tx, c, p); err != nil {
			return err
		}
		err = activity.Record(ctx, tx, activity.Entry{Brand: brandID, Kind: "comment.added", Subject: postID, Actor: who.Account})
		if err != nil {
			return err
		}
		return acted(ctx, tx, who, c, "comment.added")
	})
	return c, err
}

// may returns the post if the account may comment on it.
func may(ctx context.Context, q db.Queryer, who access.Who, brandID, postID string) (post.Post, error) {
	if err := who.May(q.Now(), brandID, access.CommentWrite); err != nil {
		return post.Post{}, err
	}
	return post.ByID(ctx, q, who, brandID, postID)
}

func checked(text string) (string, error) {
	text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
	switch {
	case text == "":
		return "", fault.OnField("text", "Write something first.")
	case !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }):
		return "", fault.OnField("text", "This text holds characters that cannot be kept. Copy it again.")
	case utf8.RuneCountInString(text) > Longest:
		return "", fault.OnField("text", "Shorten the comment to %d characters.", Longest)
	}
	return text, nil
}

// fits reports what is wrong with the place that a comment points at.
func (n New) fits(p post.Post) error {
	if n.Channel != "" && !slices.Contains(p.Channels(), n.Channel) {
		return fault.OnField("about", "The post has no version for this channel any more. Choose another place.")
	}
	if n.Part < 0 || n.Part > len(p.ContentFor(n.Channel).Parts) {
		return fault.OnField("about", "The post has no such part any more. Choose another place.")
	}
	return nil
}

// mentioned are the ids of those whom the text names and who may read the
// post, without who writes.
func mentioned(ctx context.Context, q db.Queryer, who access.Who, p post.Post, text string) ([]string, error) {
	if !strings.ContainsRune(text, '@') {
		return nil, nil
	}
	readers, err := Readers(ctx, q, who, p.Brand, p.ID)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, m := range account.Named(text, readers) {
		if m.ID != who.Account {
			out = append(out, m.ID)
		}
	}
	return out, nil
}

// Readers are those of the team who may read the post, by name: whom a comment
// can name and a task can be given to.
func Readers(ctx context.Context, q db.Queryer, who access.Who, brandID, postID string) ([]account.Member, error) {
	if _, err := post.ByID(ctx, q, who, brandID, postID); err != nil {
		return nil, err
	}
	team, err := account.Team(ctx, q, who, brandID)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(team, func(m account.Member) bool {
		return !m.Active(q.Now()) || m.Who().May(q.Now(), brandID, access.PostRead) != nil
	}), nil
}

// tell passes on who is to hear of a new comment.
func tell(ctx context.Context, tx *db.Tx, c Comment, p post.Post) error {
	if len(c.Mentions) > 0 {
		err := outbox.Add(ctx, tx, outbox.Event{Brand: c.Brand, Kind: "comment.mentioned", Subject: c.Post, Data: Added{c.ID, c.Account, c.Mentions}})
		if err != nil {
			return err
		}
	}
	before, err := writers(ctx, tx, c.Brand, c.Post)
	if err != nil {
		return err
	}
	others := slices.DeleteFunc(append(before, p.Author), func(id string) bool {
		return id == "" || id == c.Account || slices.Contains(c.Mentions, id)
	})
	slices.Sort(others)
	return outbox.Add(ctx, tx, outbox.Event{Brand: c.Brand, Kind: "comment.added", Subject: c.Post, Data: Added{c.ID, c.Account, slices.Compact(others)}})
}

// acted records an act of the team and tells open pages.
func acted(ctx context.Context, tx *db.Tx, who access.Who, c Comment, act string) error {
	outbox.Show(tx, c.Brand, "comment.changed", c.Post)
	return audit.Record(ctx, tx, who, audit.Entry{Brand: c.Brand, Act: act, Subject: c.Post, Detail: map[string]string{"comment": c.ID}})
}

// change runs one act on a comment that stands, in a transaction.
func change(ctx context.Context, d *db.DB, who access.Who, brandID, id, act string, do func(tx *db.Tx, c *Comment, p post.Post) (bool, error)) (Comment, error) {
	var c Comment
	err := d.Tx(ctx, func(tx *db.Tx) error {
		if err := who.May(tx.Now(), brandID, access.CommentWrite); err != nil {
			return err
		}
		var err error
		if c, err = byID(ctx, tx, brandID, id); err != nil {
			return err
		}
		p, err := may(ctx, tx, who, brandID, c.Post)
		if err != nil {
			return err
		}
		changed, err := do(tx, &c, p)
		if err != nil || !changed {
			return err
		}
		if err := update(ctx, tx, c); err != nil {
			return err
		}
		return acted(ctx, tx, who, c, act)
	})
	return c.shown(), err
}

func gone() error {
	return fault.New(fault.Conflict, "This comment was removed meanwhile.")
}

// Edit changes the words of one's own comment. Who is named only now is told.
func Edit(ctx context.Context, d *db.DB, who access.Who, brandID, id, text string) (Comment, error) {
	text, err := checked(text)
	if err != nil {
		return Comment{}, err
	}
	return change(ctx, d, who, brandID, id, "comment.edited", func(tx *db.Tx, c *Comment, p post.Post) (bool, error) {
		switch {
		case c.Account != who.Account:
			return false, fault.New(fault.Denied, "Only who wrote a comment can change it.")
		case c.RemovedAt > 0:
			return false, gone()
		case c.Text == text:
			return false, nil
		}
		named, err := mentioned(ctx, tx, who, p, text)
		if err != nil {
			return false, err
		}
		fresh := slices.DeleteFunc(slices.Clone(named), func(id string) bool { return slices.Contains(c.Mentions, id) })
		c.Text, c.Mentions, c.EditedAt = text, named, tx.Now()
		if len(fresh) == 0 {
			return true, nil
		}
		return true, outbox.Add(ctx, tx, outbox.Event{Brand: c.Brand, Kind: "comment.mentioned", Subject: c.Post, Data: Added{c.ID, c.Account, fresh}})
	})
}

// Remove takes the words of a comment away; that it was there stays. Who wrote
// it may, and who looks after the team. Restore undoes it within an hour.
func Remove(ctx context.Context, d *db.DB, who access.Who, brandID, id string) (Comment, error) {
	return change(ctx, d, who, brandID, id, "comment.removed", func(tx *db.Tx, c *Comment, _ post.Post) (bool, error) {
		if c.Account != who.Account && who.May(tx.Now(), brandID, access.TeamWrite) != nil {
			return false, fault.New(fault.Denied, "Only who wrote a comment, or an owner, can remove it.")
		}
		if c.RemovedAt > 0 {
			return false, nil
		}
		c.RemovedAt, c.RemovedBy = tx.Now(), who.Account
		return true, nil
	})
}

// Restore brings back a comment that the account removed within the last hour.
func Restore(ctx context.Context, d *db.DB, who access.Who, brandID, id string) (Comment, error) {
	return change(ctx, d, who, brandID, id, "comment.restored", func(tx *db.Tx, c *Comment, _ post.Post) (bool, error) {
		if c.RemovedAt == 0 {
			return false, nil
		}
		if c.RemovedBy != who.Account || c.Text == "" || tx.Now().Sub(c.RemovedAt) > undoFor {
			return false, fault.New(fault.Conflict, "This cannot be taken back any more. Write the comment again.")
		}
		c.RemovedAt, c.RemovedBy = 0, ""
		return true, nil
	})
}

// Resolve settles a comment, or opens it again.
func Resolve(ctx context.Context, d *db.DB, who access.Who, brandID, id string, done bool) (Comment, error) {
	act := "comment.resolved"
	if !done {
		act = "comment.reopened"
	}
	return change(ctx, d, who, brandID, id, act, func(tx *db.Tx, c *Comment, _ post.Post) (bool, error) {
		if c.RemovedAt > 0 {
			return false, gone()
		}
		if done == (c.ResolvedAt > 0) {
			return false, nil
		}
		c.ResolvedAt, c.ResolvedBy = 0, ""
		if done {
			c.ResolvedAt, c.ResolvedBy = tx.Now(), who.Account
		}
		return true, nil
	})
}

// Sweep forgets the words of removed comments and who had posts open.
func Sweep(ctx context.Context, d *db.DB) error {
	if _, err := d.ExecContext(ctx, `UPDATE comment SET text = '', mentions = '' WHERE removed_at > 0 AND text <> '' AND removed_at < $1`, d.Now().Add(-undoFor)); err != nil {
		return fmt.Errorf("comment: sweep: %w", err)
	}
	return board.Sweep(ctx, d)
}
