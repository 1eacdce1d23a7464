package channel

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/network"
	"rapport/internal/outbox"
)

// Abilities are what the channel can do and cannot, and why, from what its
// access allows and its server offers. Nobody is asked. A network that says
// nothing of it, and a removed channel, have none.
func (cs *Channels) Abilities(ctx context.Context, who access.Who, brandID, id string) ([]network.Ability, error) {
	if err := who.May(cs.DB.Now(), brandID, access.ChannelRead, id); err != nil {
		return nil, err
	}
	c, t, err := cs.target(ctx, cs.DB, brandID, id)
	if fault.Is(err, fault.Conflict) {
		return nil, nil // removed
	}
	if err != nil {
		return nil, err
	}
	n, err := cs.Networks.Named(c.Network)
	if err != nil {
		return nil, err
	}
	if a, can := n.(network.Abler); can {
		return a.Abilities(t), nil
	}
	return nil, nil
}

// The states of an import.
const (
	ImportRunning = "running"
	ImportDone    = "done"
	ImportFailed  = "failed"
)

// Import is how far the bringing over of what a channel said before has come.
type Import struct {
	State, Stage        string // Stage is posts, then conversations
	Posts, PostsMost    int    // most 0: not known
	Threads, MostThread int
	Messages            int
	Error               string // for a person
	StartedAt           db.Time
	UpdatedAt           db.Time
	FinishedAt          db.Time
}

// Step is how much of the stage under way is done, of how much; most is 0
// while that is not known.
func (i Import) Step() (done, most int) {
	if i.Stage == "posts" {
		return i.Posts, i.PostsMost
	}
	return i.Threads, i.MostThread
}

// ImportOf returns the channel's import; had is false where there never was
// one.
func ImportOf(ctx context.Context, q db.Queryer, who access.Who, brandID, id string) (i Import, had bool, err error) {
	if err := who.May(q.Now(), brandID, access.ChannelRead, id); err != nil {
		return i, false, err
	}
	err = q.QueryRowContext(ctx, `SELECT state, stage, posts, posts_most, threads, threads_most, messages, error, started_at, updated_at, finished_at
		FROM channel_import WHERE channel_id = $1 AND brand_id = $2`, id, brandID).
		Scan(&i.State, &i.Stage, &i.Posts, &i.PostsMost, &i.Threads, &i.MostThread, &i.Messages, &i.Error, &i.StartedAt, &i.UpdatedAt, &i.FinishedAt)
	if errors.Is(err, sql.ErrNoRows) {
		return i, false, nil
	}
	if err != nil {
		return i, false, fmt.Errorf("channel: import: %w", err)
	}
	return i, true, nil
}

// Feed is how far one of a channel's feeds was read, and when it is next.
type Feed struct {
	Channel string
	Name    string // hear, history, recheck
	ReadAt  db.Time
	NextAt  db.Time
	Tries   int    // failures since ReadAt
	Error   string // the last one's, for a person
}

// troubled is how many failures in a row are more than a hiccup.
const troubled = 3

// Troubled reports whether the feed has failed so often that a person should
// know.
func (f Feed) Troubled() bool { return f.Tries >= troubled }

const feedColumns = `channel_id, name, read_at, next_at, tries, error`

// Feeds are those of a channel, by name.
func Feeds(ctx context.Context, q db.Queryer, who access.Who, brandID, id string) ([]Feed, error) {
	if err := who.May(q.Now(), brandID, access.ChannelRead, id); err != nil {
		return nil, err
	}
	return feeds(ctx, q, `SELECT `+feedColumns+` FROM feed WHERE channel_id = $1 AND brand_id = $2 ORDER BY name`, id, brandID)
}

// Unreachable are the brand's connected channels whose network has not
// answered several times in a row, with the feed that failed most. The caller
// has checked that they may be read.
func Unreachable(ctx context.Context, q db.Queryer, brandID string) (map[string]Feed, error) {
	all, err := feeds(ctx, q, `SELECT f.channel_id, f.name, f.read_at, f.next_at, f.tries, f.error
		FROM channel c JOIN feed f ON f.channel_id = c.id
		WHERE c.brand_id = $1 AND c.state = 'connected' AND f.tries >= $2 ORDER BY f.tries`, brandID, troubled)
	out := make(map[string]Feed, len(all))
	for _, f := range all {
		out[f.Channel] = f
	}
	return out, err
}

func feeds(ctx context.Context, q db.Queryer, query string, args ...any) ([]Feed, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (f Feed, err error) {
		err = r.Scan(&f.Channel, &f.Name, &f.ReadAt, &f.NextAt, &f.Tries, &f.Error)
		return f, err
	})
	if err != nil {
		return nil, fmt.Errorf("channel: feeds: %w", err)
	}
	return all, nil
}

// LogLine is something that went on between the program and the network.
type LogLine struct {
	ID     string
	At     db.Time // first said
	LastAt db.Time // last said
	Tone   string  // info, warn, bad
	Text   string
	Times  int // said so often in a row
}

// LogList returns the channel's log, the newest first, 50 lines to a page
// unless asked otherwise (at most 200), and the cursor of the next page.
func LogList(ctx context.Context, q db.Queryer, who access.Who, brandID, id string, page db.Page) ([]LogLine, string, error) {
	if err := who.May(q.Now(), brandID, access.ChannelRead, id); err != nil {
		return nil, "", err
	}
	at, after, err := page.Key()
	if err != nil {
		return nil, "", err
	}
	size := page.Size(50, 200)
	rows, err := q.QueryContext(ctx, `SELECT id, at, last_at, tone, text, times FROM channel_log
		WHERE brand_id = $1 AND channel_id = $2 AND (last_at, id) < ($3, $4) ORDER BY last_at DESC, id DESC LIMIT $5`, brandID, id, at, after, size+1)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (l LogLine, err error) {
		err = r.Scan(&l.ID, &l.At, &l.LastAt, &l.Tone, &l.Text, &l.Times)
		return l, err
	})
	if err != nil {
		return nil, "", fmt.Errorf("channel: log: %w", err)
	}
	next := ""
	if len(all) > size {
		all = all[:size]
		next = db.Cursor(all[size-1].LastAt, all[size-1].ID)
	}
	return all, next, nil
}

// readSoon has the feeds that failed read at once: the network answers again.
func readSoon(ctx context.Context, tx *db.Tx, id string) error {
	if _, err := tx.ExecContext(ctx, `UPDATE feed SET next_at = $2 WHERE channel_id = $1 AND tries > 0 AND next_at > $2`, id, tx.Now()); err != nil {
		return fmt.Errorf("channel: read soon: %w", err)
	}
	return nil
}

// ImportAgain has an import that stopped half-way go on from where it stopped.
// One that runs, is done or never was is fault.Conflict.
func ImportAgain(ctx context.Context, d *db.DB, who access.Who, brandID, id string) error {
	return d.Tx(ctx, func(tx *db.Tx) error {
		if err := who.May(tx.Now(), brandID, access.ChannelWrite, id); err != nil {
			return err
		}
		c, _, err := byID(ctx, tx, brandID, id)
		if err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, `UPDATE channel_import SET state = 'running', error = '', finished_at = 0, updated_at = $3
			WHERE channel_id = $1 AND brand_id = $2 AND state = 'failed'`, id, brandID, tx.Now())
		if err == nil {
			_, err = tx.ExecContext(ctx, `UPDATE feed SET next_at = $3, tries = 0, error = '' WHERE channel_id = $1 AND brand_id = $2 AND name = 'import'`,
				id, brandID, tx.Now())
		}
		if err != nil {
			return fmt.Errorf("channel: import again: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 || c.State != StateConnected {
			return cmp.Or[error](err, fault.New(fault.Conflict, "There is nothing to bring over again. Look at the channel's page."))
		}
		return errors.Join(audit.Record(ctx, tx, who, audit.Entry{Brand: brandID, Act: "channel.imported", Subject: id, Detail: map[string]string{"handle": c.Handle}}),
			outbox.Add(ctx, tx, outbox.Event{Brand: brandID, Kind: "channel.changed", Subject: id}))
	})
}
