package demoworld

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/brand"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/network"
	"rapport/internal/post"
)

// reviewed is a post that is, or was, in review.
type reviewed struct {
	key     string
	mine    bool     // the owner wrote it, else the creator
	on      []string // channels as accounts names them
	in      int      // days from now
	hour    int
	text    string
	note    string // with which it was submitted
	comment string // with which the manager sent it back
	better  string // what the manager suggests instead
	done    bool   // the manager approved it
}

var inReview = []reviewed{
	{key: "brunch", on: []string{"berlin"}, in: 2, hour: 9,
		text: "Brunch by the canal is back: from Sunday, ten till three. Soup, rye, the good butter, and filter as long as the pot lasts. No bookings, just come by.",
		note: "Mara would like it out before the weekend."},
	{key: "washed", on: []string{"main", "learn"}, in: 3, hour: 17,
		text:   "Our new lot from Huehuetenango is the best coffee we have ever had. Washed, bright, with a finish like red apple. In the shop from Thursday.",
		note:   "Is the first sentence too much?",
		better: "Our new lot from Huehuetenango is the brightest coffee on our shelf. Washed, with a finish like red apple. In the shop from Thursday."},
	{key: "partners", mine: true, on: []string{"cafes"}, in: 4, hour: 11,
		text: "For our partner cafés: from December we deliver on Tuesdays and Fridays. Order by noon the day before.",
		note: "", comment: "Friday is not settled with the driver yet. Leave it out, or wait until Monday."},
	{key: "descale", on: []string{"learn"},
		text: "Descale before the holidays, not after: half an hour now saves a kettle in January. A spoon of citric acid to a litre, warm, twenty minutes, rinse twice.",
		done: true},
}

// review lets the team submit a few posts and decide about some. What an
// earlier start did it finds and leaves.
func (w World) review(ctx context.Context, owner access.Who, b brand.Brand, now time.Time, connected map[string]channel.Channel, team map[string]account.Account) error {
	creator, err := account.As(ctx, w.DB, team[teamCreator])
	if err != nil {
		return err
	}
	manager, err := account.As(ctx, w.DB, team[teamManager])
	if err != nil {
		return err
	}
	for _, r := range inReview {
		author := creator
		if r.mine {
			author = owner
		}
		if err := w.reviewOne(ctx, b, author, manager, r, r.input(b, now, connected)); err != nil && !fault.Is(err, fault.Conflict) {
			return fmt.Errorf("demoworld: review: %s: %w", r.key, err)
		}
	}
	return nil
}

func (r reviewed) input(b brand.Brand, now time.Time, connected map[string]channel.Channel) post.Input {
	in := post.Input{Body: post.Body{Parts: []post.Part{{Kind: network.PartPost, Text: r.text}}}}
	for _, name := range r.on {
		in.Variants = append(in.Variants, post.Variant{Channel: connected[name].ID})
	}
	if r.in > 0 {
		t := now.In(b.Location())
		in.PlannedAt = db.At(time.Date(t.Year(), t.Month(), t.Day()+r.in, r.hour, 0, 0, 0, t.Location()))
	}
	return in
}

// reviewID is the id of such a post, the same on every start.
func reviewID(b brand.Brand, key string) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte(b.ID+" "+key)).String()
}

// reviewOne takes a post as far as it came. A step that was taken before is
// fault.Conflict.
func (w World) reviewOne(ctx context.Context, b brand.Brand, author, manager access.Who, r reviewed, in post.Input) error {
	p, err := post.Once(ctx, w.DB, author, b.ID, reviewID(b, r.key), in)
	if err != nil || p.SubmittedAt > 0 {
		return err
	}
	if p, err = post.Submit(ctx, w.DB, author, b.ID, p.ID, p.Revision, r.note); err != nil {
		return err
	}
	seen := post.Seen{Revision: p.Revision}
	switch {
	case r.comment != "":
		_, err = post.SendBack(ctx, w.DB, manager, b.ID, p.ID, seen, r.comment)
	case r.better != "":
		_, err = post.Suggest(ctx, w.DB, manager, b.ID, p.ID, seen, post.Texts{"": {r.better}}, "We cannot know that it is the best, and need not say so.")
	case r.done:
		_, err = post.Approve(ctx, w.DB, manager, b.ID, p.ID, seen)
	}
	return err
}
