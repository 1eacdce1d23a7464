package demoworld

import (
	"context"
	"fmt"
	"time"

	"rapport/internal/access"
	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/installation"
	"rapport/internal/member"
	"rapport/internal/merge"
)

const markProven = "demo.proven"

// known are members who also write to the brand on the demo network, by the
// handle that they have in both places; those who show it are marked.
var known = []struct {
	handle string
	shown  bool
}{{"mira_k", true}, {"adaeze", true}, {"oliver_w", false}, {"sofia_r", true}, {"kenji", false}}

// prove lets some members prove that an account on the demo network is theirs,
// as everybody would: a code on the profile, and a look at it. It is done once.
func (w World) prove(ctx context.Context, b brand.Brand) error {
	done, err := installation.Marked(ctx, w.DB, markProven)
	if err != nil || done != "" {
		return err
	}
	claims := &merge.Claims{DB: w.DB, Networks: w.Channels.Networks}
	for i, k := range known {
		m, err := member.ByHandle(ctx, w.DB, b.ID, k.handle)
		if fault.Is(err, fault.NotFound) {
			continue // a world from before
		}
		if err != nil {
			return err
		}
		v := member.Voice{Who: access.Who{Account: m.Account}, Member: m, Brand: b.ID}
		if err := w.proveOne(ctx, claims, v, k.handle, k.shown, m.JoinedAt.Add(time.Duration(i+2)*53*time.Hour)); err != nil {
			return fmt.Errorf("demoworld: proof of %s: %w", k.handle, err)
		}
	}
	return w.DB.Tx(ctx, func(tx *db.Tx) error { return installation.Mark(ctx, tx, markProven, stamp(tx.Now().Time())) })
}

func (w World) proveOne(ctx context.Context, claims *merge.Claims, v member.Voice, handle string, shown bool, at db.Time) error {
	mine, err := merge.Mine(ctx, w.DB, v)
	if err != nil {
		return err
	}
	for _, p := range mine {
		if p.State == merge.Proven {
			return nil // an earlier start was cut short
		}
	}
	p, err := claims.Begin(ctx, v, "demo", handle)
	if err != nil {
		return err
	}
	if err := w.Network.SetBio(handle, "Also in the Northwind community. "+p.Code); err != nil {
		return err
	}
	if p, err = claims.Check(ctx, v, p.ID); err != nil {
		return err
	}
	if shown {
		if err := claims.Show(ctx, v, p.ID, true); err != nil {
			return err
		}
	}
	return w.DB.Tx(ctx, func(tx *db.Tx) error {
		at = min(at, tx.Now())
		for _, statement := range []string{
			`UPDATE claim SET created_at = $3, state_at = $3 WHERE brand_id = $1 AND id = $2`,
			`UPDATE merge SET at = $3 WHERE brand_id = $1 AND id = (SELECT merge_id FROM claim WHERE id = $2)`,
			`UPDATE audit SET at = $3 WHERE brand_id = $1 AND act = 'person.claimed' AND subject = (SELECT m.person_id FROM claim c JOIN member m ON m.id = c.member_id WHERE c.id = $2)`,
		} {
			if _, err := tx.ExecContext(ctx, statement, v.Brand, p.ID, at); err != nil {
				return err
			}
		}
		return nil
	})
}
