package demoworld

import (
	"context"
	"fmt"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/brand"
	"rapport/internal/comment"
	"rapport/internal/db"
	"rapport/internal/handover"
	"rapport/internal/task"
)

// remark is what somebody says on a post in review; by "" is the owner.
type remark struct{ on, by, text string }

var remarks = []remark{
	{"washed", teamStrategist, "The tasting notes are in the folder from Tuesday. Red apple is right, I would not add plum."},
	{"washed", teamCreator, "@Robin Demo the bags come on Wednesday, so Thursday holds."},
	{"brunch", teamCommunity, "Three people asked for this under the last post. I would tell them when it is out."},
	{"partners", teamManager, "I have written to the driver and will know by Monday."},
}

// chore is a task; to "" is the owner's.
type chore struct {
	title, note string
	by, to      string
	on          string        // the post it is about
	due         time.Duration // from now; 0 is whenever
	done        bool
}

var chores = []chore{
	{title: "Ask the driver about Fridays", by: teamManager, to: teamManager, on: "partners", due: 2 * 24 * time.Hour},
	{title: "Decide about the brunch post", note: "It should be out before the weekend.", by: teamCreator, on: "brunch", due: 5 * time.Hour},
	{title: "Photograph the new bags in daylight", note: "Front and back, on the oak table.", by: teamStrategist, to: teamCreator, on: "washed", due: 26 * time.Hour},
	{title: "Tell those who asked for brunch", by: teamManager, to: teamCommunity, due: 3 * 24 * time.Hour},
	{title: "Look at which day our how-to posts do best", by: teamStrategist, to: teamStrategist},
	{title: "Renew the opening hours in every profile", by: teamManager, due: 30 * time.Hour},
	{title: "Order stickers for the harbour market", by: teamCommunity, to: teamCommunity, done: true},
}

const handedOver = "The heating in the Berlin bar is out until Monday noon: say so kindly when somebody asks, and offer them the window seats at the harbour.\n\nMin-jun Park waits for a refund. The shop has it, nothing to do for us."

// together lets the team talk, share out work and hand over. What an earlier
// start left of it is not said again.
func (w World) together(ctx context.Context, owner access.Who, b brand.Brand, now time.Time, team map[string]account.Account) error {
	who := map[string]access.Who{"": owner}
	for key, a := range team {
		one, err := account.As(ctx, w.DB, a)
		if err != nil {
			return fmt.Errorf("demoworld: together: %w", err)
		}
		who[key] = one
	}
	for _, step := range []func(context.Context, brand.Brand, time.Time, map[string]access.Who) error{w.remark, w.share, w.handOver} {
		if err := step(ctx, b, now, who); err != nil {
			return fmt.Errorf("demoworld: together: %w", err)
		}
	}
	return nil
}

func (w World) remark(ctx context.Context, b brand.Brand, _ time.Time, who map[string]access.Who) error {
	for _, r := range remarks {
		id := reviewID(b, r.on)
		before, _, err := comment.List(ctx, w.DB, who[""], b.ID, id, db.Page{})
		if err != nil {
			return err
		}
		said := false
		for _, c := range before {
			said = said || c.Text == r.text
		}
		if said {
			continue
		}
		if _, err := comment.Add(ctx, w.DB, who[r.by], b.ID, id, comment.New{Text: r.text}); err != nil {
			return err
		}
	}
	return nil
}

func (w World) share(ctx context.Context, b brand.Brand, now time.Time, who map[string]access.Who) error {
	if before, _, err := task.List(ctx, w.DB, who[""], b.ID, task.Filter{}, db.Page{Limit: 1}); err != nil || len(before) > 0 {
		return err
	}
	for _, c := range chores {
		in := task.Input{Title: c.title, Note: c.note, Assignee: who[c.to].Account}
		if c.due > 0 {
			in.DueAt = db.At(now.Add(c.due).Truncate(time.Hour))
		}
		kind, subject := "", ""
		if c.on != "" {
			kind, subject = task.OnPost, reviewID(b, c.on)
		}
		t, err := task.Create(ctx, w.DB, who[c.by], b.ID, kind, subject, in)
		if err == nil && c.done {
			_, err = task.Done(ctx, w.DB, who[c.by], b.ID, t.ID, true)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w World) handOver(ctx context.Context, b brand.Brand, _ time.Time, who map[string]access.Who) error {
	if before, _, err := handover.List(ctx, w.DB, who[""], b.ID, db.Page{Limit: 1}); err != nil || len(before) > 0 {
		return err
	}
	_, err := handover.Write(ctx, w.DB, who[teamCommunity], b.ID, "", handedOver)
	return err
}
