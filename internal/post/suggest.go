package post

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/fault"
)

// The states of a suggestion.
const (
	SuggestionOpen     = "open"
	SuggestionTaken    = "taken"
	SuggestionDeclined = "declined"
)

// Suggestion is another wording that somebody proposes for a post.
type Suggestion struct {
	ID, Brand, Post string
	By              string // account id
	At              db.Time
	Revision        int64 // of the post it was written for
	Texts           Texts // those versions that differ
	Was             Texts // the same versions as they were
	Note            string
	Approver        bool // who wrote it may approve the post
	State           string
	DecidedBy       string
	DecidedAt       db.Time
}

// Stale reports whether the post has changed since it was written.
func (s Suggestion) Stale(p Post) bool { return s.Revision != p.Revision }

// MostSuggestions is how many may be open for one post.
const MostSuggestions = 20

// Suggest proposes other words for a post of somebody else: texts holds the
// versions that are to differ, part by part, as many parts as there are.
func Suggest(ctx context.Context, d *db.DB, who access.Who, brandID, id string, seen Seen, texts Texts, note string) (Suggestion, error) {
	var s Suggestion
	note = strings.TrimSpace(note)
	err := d.Tx(ctx, func(tx *db.Tx) error {
		p, err := writable(ctx, tx, who, brandID, id)
		if err != nil {
			return err
		}
		if err := seen.is(p); err != nil {
			return err
		}
		if err := suggestable(ctx, tx, who, p); err != nil {
			return err
		}
		if err := wording("note", note, true); err != nil {
			return err
		}
		s = Suggestion{ID: db.NewID(), Brand: brandID, Post: id, By: who.Account, At: tx.Now(), Revision: p.Revision, Note: note, State: SuggestionOpen,
			Approver: who.May(tx.Now(), brandID, access.PostApprove, p.Channels()...) == nil}
		if s.Texts, s.Was, err = differing(p.Input(), texts); err != nil {
			return err
		}
		if err := s.insert(ctx, tx); err != nil {
			return err
		}
		return errors.Join(noted(ctx, tx, who, p, "suggested", note), saved(ctx, tx, p))
	})
	return s, err
}

func suggestable(ctx context.Context, q db.Queryer, who access.Who, p Post) error {
	if p.Origin == Imported {
		return broughtOver()
	}
	if p.Own(who.Account) {
		return fault.New(fault.Conflict, "You wrote this post yourself. Edit it instead.")
	}
	open, err := openOf(ctx, q, p)
	if err != nil {
		return err
	}
	if !withdrawable(open) {
		return fault.New(fault.Conflict, "This post is out or on its way, so its words stay as they are.")
	}
	var n int
	err = q.QueryRowContext(ctx, `SELECT COUNT(*) FROM suggestion WHERE brand_id = $1 AND post_id = $2 AND state = 'open'`, p.Brand, p.ID).Scan(&n)
	if err != nil {
		return fmt.Errorf("post: suggestions: %w", err)
	}
	if n >= MostSuggestions {
		return fault.New(fault.Conflict, "There are already %d open suggestions for this post. Decide about those first.", MostSuggestions)
	}
	return nil
}

// differing keeps of the proposed texts what differs, and what stood there.
func differing(in Input, texts Texts) (differ, was Texts, err error) {
	now := in.Texts()
	differ, was = Texts{}, Texts{}
	for key, parts := range texts {
		if len(parts) != len(now[key]) || len(parts) == 0 {
			return nil, nil, fault.OnField("texts", "Give as many texts as the post has parts.")
		}
		clean := make([]string, len(parts))
		for i, text := range parts {
			clean[i] = lineEnds.Replace(text)
		}
		if !slices.Equal(clean, now[key]) {
			differ[key], was[key] = clean, now[key]
		}
	}
	if len(differ) == 0 {
		return nil, nil, fault.OnField("texts", "Change something in the text first.")
	}
	return differ, was, in.with(differ).wellFormed()
}

// with is the input with other texts in the same places.
func (in Input) with(texts Texts) Input {
	in.Body = in.Body.with(texts[""])
	in.Variants = slices.Clone(in.Variants)
	for i, v := range in.Variants {
		if own, ok := texts[v.Channel]; ok && v.Body != nil {
			b := v.Body.with(own)
			in.Variants[i].Body = &b
		}
	}
	return in
}

func (b Body) with(texts []string) Body {
	b.Parts = slices.Clone(b.Parts)
	for i := range b.Parts {
		if i < len(texts) {
			b.Parts[i].Text = texts[i]
		}
	}
	return b
}

// TakeSuggestion makes the suggested words the post's. It is an edit as every
// other, but that a post in review stays there where an approver wrote them.
// One that was written for an older text is fault.Conflict.
func TakeSuggestion(ctx context.Context, d *db.DB, who access.Who, brandID, id, suggestionID string) (Post, error) {
	var p Post
	err := d.Tx(ctx, func(tx *db.Tx) error {
		old, s, err := decidable(ctx, tx, who, brandID, id, suggestionID)
		if err != nil {
			return err
		}
		if s.Stale(old) {
			return fault.New(fault.Conflict, "The post has changed since this was suggested, so it does not fit any more. Take its words over by hand, or decline it.")
		}
		if s.By == who.Account {
			return fault.New(fault.Denied, "The author decides about what you suggest.")
		}
		in, err := checked(ctx, tx, who, brandID, old.Input().with(s.Texts))
		if err != nil {
			return err
		}
		if p, err = revise(ctx, tx, who, old, in); err != nil {
			return err
		}
		if err := s.decide(ctx, tx, who, SuggestionTaken); err != nil {
			return err
		}
		if old.State == StateInReview && s.Approver {
			p.submit(who, tx.Now())
			if err := fits(ctx, tx, brandID, p.Input()); err != nil {
				return err
			}
		}
		return step(ctx, tx, who, p, "taken", "")
	}, db.Durable)
	return p, err
}

// DeclineSuggestion leaves the post as it is.
func DeclineSuggestion(ctx context.Context, d *db.DB, who access.Who, brandID, id, suggestionID string) (Suggestion, error) {
	var s Suggestion
	err := d.Tx(ctx, func(tx *db.Tx) error {
		p, found, err := decidable(ctx, tx, who, brandID, id, suggestionID)
		if err != nil {
			return err
		}
		s = found
		if err := s.decide(ctx, tx, who, SuggestionDeclined); err != nil {
			return err
		}
		return errors.Join(noted(ctx, tx, who, p, "declined", ""), saved(ctx, tx, p))
	})
	return s, err
}

// decidable reads an open suggestion for a post that who may write.
func decidable(ctx context.Context, tx *db.Tx, who access.Who, brandID, id, suggestionID string) (Post, Suggestion, error) {
	p, err := writable(ctx, tx, who, brandID, id)
	if err != nil {
		return p, Suggestion{}, err
	}
	all, err := suggestions(ctx, tx, `brand_id = $1 AND post_id = $2 AND id = $3`, brandID, id, suggestionID)
	if err != nil {
		return p, Suggestion{}, err
	}
	if len(all) == 0 {
		return p, Suggestion{}, fault.New(fault.NotFound, "There is no such suggestion.")
	}
	if all[0].State != SuggestionOpen {
		return p, all[0], fault.New(fault.Conflict, "Somebody has decided about this suggestion already.")
	}
	return p, all[0], nil
}

func (s *Suggestion) decide(ctx context.Context, tx *db.Tx, who access.Who, state string) error {
	s.State, s.DecidedBy, s.DecidedAt = state, who.Account, tx.Now()
	_, err := tx.ExecContext(ctx, `UPDATE suggestion SET state = $3, decided_by = $4, decided_at = $5 WHERE brand_id = $1 AND id = $2`,
		s.Brand, s.ID, s.State, s.DecidedBy, s.DecidedAt)
	if err != nil {
		return fmt.Errorf("post: decide about a suggestion: %w", err)
	}
	return nil
}

func (s Suggestion) insert(ctx context.Context, tx *db.Tx) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO suggestion (id, brand_id, post_id, account_id, at, revision, texts, was, note, approver, state)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		s.ID, s.Brand, s.Post, s.By, s.At, s.Revision, encode(s.Texts), encode(s.Was), s.Note, s.Approver, s.State)
	if err != nil {
		return fmt.Errorf("post: suggest: %w", err)
	}
	return nil
}

// Suggestions returns what was suggested for a post, the last first; at most
// 100.
func Suggestions(ctx context.Context, q db.Queryer, who access.Who, brandID, id string) ([]Suggestion, error) {
	if _, err := ByID(ctx, q, who, brandID, id); err != nil {
		return nil, err
	}
	return suggestions(ctx, q, `brand_id = $1 AND post_id = $2`, brandID, id)
}

func suggestions(ctx context.Context, q db.Queryer, where string, args ...any) ([]Suggestion, error) {
	rows, err := q.QueryContext(ctx, `SELECT id, brand_id, post_id, account_id, at, revision, texts, was, note, approver, state, decided_by, decided_at
		FROM suggestion WHERE `+where+` ORDER BY id DESC LIMIT 100`, args...)
	out, err := db.Collect(rows, err, func(r *sql.Rows) (Suggestion, error) {
		var s Suggestion
		var texts, was string
		err := r.Scan(&s.ID, &s.Brand, &s.Post, &s.By, &s.At, &s.Revision, &texts, &was, &s.Note, &s.Approver, &s.State, &s.DecidedBy, &s.DecidedAt)
		if err == nil {
			err = errors.Join(json.Unmarshal([]byte(texts), &s.Texts), json.Unmarshal([]byte(was), &s.Was))
		}
		return s, err
	})
	if err != nil {
		return nil, fmt.Errorf("post: suggestions: %w", err)
	}
	return out, nil
}

// Keys are the versions the texts belong to, the common one first.
func (t Texts) Keys() []string { return slices.Sorted(maps.Keys(t)) }
