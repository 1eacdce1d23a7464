package bridge

import (
	"context"
	"fmt"
	"strings"
	"time"

	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/job"
	"rapport/internal/post"
	"rapport/internal/topic"
)

var errForgotten = fault.New(fault.Conflict, "Who wrote what this carries back had it erased, so it was not sent.")

// Erased takes replies that are about to be erased out of what was to carry them
// back to networks and is not out, in the caller's transaction: also of an answer
// that was on its way before another was accepted. With an opening goes its
// title, which stands in the address that who asked is told.
func Erased(ctx context.Context, tx *db.Tx, brandID string, replies []topic.Reply) error {
	for _, r := range replies {
		x, err := OfTopic(ctx, tx, brandID, r.Topic)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return err
		}
		t, err := topic.ByID(ctx, tx, brandID, r.Topic)
		if err != nil {
			return err
		}
		all, err := post.Unsent(ctx, tx, brandID, x.Conversation)
		if err != nil {
			return err
		}
		for _, p := range all {
			if !carries(p, x, t, r) {
				continue
			}
			if err := forgetReply(ctx, tx, Unsaid{brandID, x.Conversation, p.ID}); err != nil {
				return err
			}
		}
	}
	return nil
}

// carries reports whether a reply of the crossing's conversation holds words
// of r: it is known by the address it ends with.
func carries(p post.Post, x Crossing, t topic.Topic, r topic.Reply) bool {
	if r.Number == 1 && p.ID == x.Told || p.ID == x.Post && r.ID == x.Reply {
		return true
	}
	for _, part := range p.Body.Parts {
		_, address, found := strings.Cut(part.Text, fmt.Sprintf("/%d", t.Number))
		if strings.Contains(part.Text, "/t/") && found && (r.Number == 1 || strings.HasSuffix(address, fmt.Sprintf("#%d", r.Number))) {
			return true
		}
	}
	return false
}

// Unsaid is the job that empties a reply that a node was at work on when what it
// carries back was erased.
type Unsaid struct {
	Brand        string `json:"brand"`
	Conversation string `json:"conversation"`
	Post         string `json:"post"`
}

// Kind names the job.
func (Unsaid) Kind() string { return "bridge.unsaid" }

func forgetReply(ctx context.Context, tx *db.Tx, u Unsaid) error {
	done, err := post.Empty(ctx, tx, u.Brand, u.Post, fault.Text(errForgotten))
	switch {
	case fault.Is(err, fault.NotFound):
		return nil
	case err != nil:
		return err
	case done.Busy:
		return job.Insert(ctx, tx, u, tx.Now().Add(5*time.Second))
	case !done.Done:
		return nil
	}
	if err := conversation.Unsay(ctx, tx, u.Brand, u.Conversation, u.Post); err != nil {
		return err
	}
	x, err := ofPost(ctx, tx, u.Brand, u.Post)
	if err != nil || x.Post != u.Post || x.State == Returned {
		return unlessGone(err)
	}
	return failed(ctx, tx, x, fault.Text(errForgotten))
}
