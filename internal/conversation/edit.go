package conversation

import (
	"context"
	"slices"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/db"
	"rapport/internal/fault"
)

// Edit is what to change of a conversation at once. What is nil stays.
type Edit struct {
	State    *Standing
	Assignee *string   // account; "" is nobody
	Labels   *[]string // ids of all it is to have
}

// Change makes all of an edit, or nothing. revision is the one the caller saw,
// or 0 to change it whatever it was: a stored one that differs is
// fault.Conflict.
func (e Edit) Change(ctx context.Context, d *db.DB, who access.Who, brandID, id string, revision int64) (Conversation, error) {
	if e.State != nil {
		if err := e.State.check(d.Now()); err != nil {
			return Conversation{}, err
		}
	}
	if e.Labels != nil && len(*e.Labels) > mostLabelled {
		return Conversation{}, fault.OnField("labels", "Use at most %d labels on one conversation.", mostLabelled)
	}
	var team []account.Member
	if e.Assignee != nil {
		var err error
		if team, err = handlers(ctx, d, who, brandID, *e.Assignee); err != nil {
			return Conversation{}, err
		}
	}
	err := d.Tx(ctx, func(tx *db.Tx) error {
		c, err := may(ctx, tx, who, brandID, id, access.ConversationWrite)
		if err != nil {
			return err
		}
		if revision != 0 && revision != c.Revision {
			return changedSince()
		}
		acts, err := e.acts(ctx, tx, who, team, c)
		if err != nil {
			return err
		}
		for _, do := range acts {
			change, err := apply(ctx, tx, who, c, do)
			if err != nil {
				return err
			}
			c = change.After
		}
		return nil
	})
	if err != nil {
		return Conversation{}, err
	}
	return ByID(ctx, d, who, brandID, id)
}

// mostLabelled bounds the labels of one conversation that an edit names.
const mostLabelled = 50

func (e Edit) acts(ctx context.Context, tx *db.Tx, who access.Who, team []account.Member, c Conversation) ([]act, error) {
	var out []act
	if e.State != nil {
		out = append(out, e.State.act)
	}
	if e.Assignee != nil {
		out = append(out, assign(who, team, *e.Assignee))
	}
	if e.Labels == nil {
		return out, nil
	}
	now := []Conversation{c}
	if err := withLabels(ctx, tx, c.Brand, now); err != nil {
		return nil, err
	}
	for _, l := range now[0].Labels {
		if !slices.Contains(*e.Labels, l) {
			out = append(out, unlabelled(who, l))
		}
	}
	for _, l := range *e.Labels {
		if !slices.Contains(now[0].Labels, l) {
			out = append(out, labelled(who, l))
		}
	}
	return out, nil
}
