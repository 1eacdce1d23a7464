package delivery

import (
	"context"
	"fmt"

	"rapport/internal/access"
	"rapport/internal/db"
)

// Query narrows List. Empty fields do not.
type Query struct {
	Post     string
	Channel  string
	States   []State
	From, To db.Time // due in [From, To)
}

// List returns the deliveries of posts on the channels the account may see, the latest
// due first, 50 to a page unless asked otherwise (at most 200), with their
// parts, and the cursor of the next page, "" after the last.
func List(ctx context.Context, q db.Queryer, who access.Who, brand string, f Query, page db.Page) ([]Delivery, string, error) {
	if err := who.May(q.Now(), brand, access.PostRead); err != nil {
		return nil, "", err
	}
	at, id, err := page.Key()
	if err != nil {
		return nil, "", err
	}
	size := page.Size(50, 200)
	where, args := f.sql([]any{brand, at, id})
	where, args = narrow(where, args, who.Channels(q.Now(), brand))
	args = append(args, size+1)
	all, err := query(ctx, q, `SELECT `+columns+` FROM delivery d WHERE d.brand_id = $1 AND d.kind = 'post' AND (d.due_at, d.id) < ($2, $3)`+where+
		fmt.Sprintf(` ORDER BY d.due_at DESC, d.id DESC LIMIT $%d`, len(args)), args...)
	if err != nil || len(all) <= size {
		return all, "", err
	}
	all = all[:size]
	return all, db.Cursor(all[size-1].DueAt, all[size-1].ID), nil
}

func (f Query) sql(args []any) (string, []any) {
	where := ""
	and := func(condition string, value any) {
		args = append(args, value)
		where += fmt.Sprintf(" AND "+condition, len(args))
	}
	if f.Post != "" {
		and("d.post_id = $%d", f.Post)
	}
	if f.Channel != "" {
		and("d.channel_id = $%d", f.Channel)
	}
	if len(f.States) > 0 {
		where += ` AND d.state IN (` + db.In(len(args)+1, len(f.States)) + `)`
		for _, s := range f.States {
			args = append(args, string(s))
		}
	}
	if f.From != 0 {
		and("d.due_at >= $%d", f.From)
	}
	if f.To != 0 {
		and("d.due_at < $%d", f.To)
	}
	return where, args
}

func narrow(where string, args []any, channels []string) (string, []any) {
	if len(channels) == 0 {
		return where, args
	}
	where += ` AND d.channel_id IN (` + db.In(len(args)+1, len(channels)) + `)`
	for _, c := range channels {
		args = append(args, c)
	}
	return where, args
}

// Read returns the delivery with its parts and its story, oldest line first,
// if the account may see its channel; else fault.NotFound or fault.Denied.
func Read(ctx context.Context, q db.Queryer, who access.Who, brand, id string) (Delivery, []Event, error) {
	if err := who.May(q.Now(), brand, access.PostRead); err != nil {
		return Delivery{}, nil, err
	}
	d, err := ByID(ctx, q, brand, id)
	if err != nil {
		return d, nil, err
	}
	if err := who.May(q.Now(), brand, access.PostRead, d.Channel); err != nil {
		return Delivery{}, nil, err
	}
	story, err := Story(ctx, q, brand, id)
	return d, story, err
}
