package bridge

import (
	"context"
	"fmt"
	"strings"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/fault"
	"rapport/internal/topic"
)

// OfMessage returns the topic that a message is, or fault.NotFound where it is
// none yet, or the one it was is gone for good: then it can become another. The
// caller has checked that the message may be seen.
func OfMessage(ctx context.Context, q db.Queryer, brandID, messageID string) (Crossing, topic.Topic, error) {
	x, err := one(ctx, q, `brand_id = $1 AND message_id = $2`, brandID, messageID)
	if err != nil {
		return x, topic.Topic{}, err
	}
	t, err := topic.ByID(ctx, q, brandID, x.Topic)
	if err == nil && x.Over(t) {
		err = fault.New(fault.NotFound, "There is no such topic.")
	}
	return x, t, err
}

// Over reports whether nobody will read the crossing's topic again, so that
// its message can become another. One that the team hid can be restored.
func (x Crossing) Over(t topic.Topic) bool {
	return x.State != Returned && (t.State == topic.Withdrawn || t.State == topic.Erased || t.State == topic.Declined)
}

// already is nil where the same was asked for twice: a double click leads where
// the first one led. Anything else is not dropped without a word.
func (a Ask) already(ctx context.Context, q db.Queryer, t topic.Topic) error {
	opening, err := topic.ReplyByNumber(ctx, q, t.Brand, t.ID, 1)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if alike(a.Title, t.Title) && alike(a.Text, opening.Text) {
		return nil
	}
	return fault.New(fault.Conflict, "This is a topic already, so nothing was made. What you wrote is kept below: copy it and reply in the topic.")
}

func alike(a, b string) bool {
	return strings.Join(strings.Fields(a), " ") == strings.Join(strings.Fields(b), " ")
}

// forgo removes a crossing whose topic is over, with what would go out for it.
// With it goes whom the topic quotes: nothing would lead there any more from who
// asked, once they are erased. It is a conflict while its answer may be out.
func (x Crossing) forgo(ctx context.Context, tx *db.Tx) error {
	if err := x.recall(ctx, tx, access.System(), true); err != nil {
		return err
	}
	if x.Told != "" {
		if err := delivery.CancelOf(ctx, tx, access.System(), x.Brand, x.Told); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM crossing WHERE brand_id = $1 AND id = $2`, x.Brand, x.ID); err != nil {
		return fmt.Errorf("bridge: forgo: %w", err)
	}
	return topic.Unsource(ctx, tx, x.Brand, x.Topic)
}
