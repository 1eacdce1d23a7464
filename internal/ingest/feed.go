package ingest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"rapport/internal/db"
	"rapport/internal/network"
)

// The feeds of a channel.
const (
	feedHear    = "hear"    // what others say
	feedHistory = "history" // what the account published elsewhere
	feedRecheck = "recheck" // what became of messages that are known
	feedImport  = "import"  // what there was before the channel was connected
	feedStream  = "stream"  // tells that something came
)

// feed is one row that this node has claimed.
type feed struct {
	key
	name   string // as key.name
	brand  string
	cursor string
	readAt db.Time
	tries  int64
	claim  db.Time // next_at as the claim left it: an earlier one since asks for another reading at once
}

// errLost says that another node reads the feed now.
var errLost = errors.New("ingest: the feed was taken over")

// feedsOf lists what can be read of a network.
func feedsOf(n network.Network) []string {
	var out []string
	if _, can := n.(network.Listener); can {
		out = append(out, feedHear, feedRecheck)
	}
	if _, can := n.(network.Historian); can {
		out = append(out, feedHistory)
	}
	if _, can := n.(network.Streamer); can {
		out = append(out, feedStream)
	}
	return out
}

// longAway is after how long without a reading a channel that is connected
// again is brought over anew.
const longAway = 7 * 24 * time.Hour

// enlist gives every connected channel the feeds that its network has, and
// begins to bring over a channel that is new, or was away for long.
func (l *Listener) enlist(ctx context.Context) error {
	for _, n := range l.Channels.Networks.All() {
		names := feedsOf(n)
		if len(names) == 0 {
			continue
		}
		rows, err := l.DB.QueryContext(ctx, `SELECT c.id, c.brand_id, c.state_at, COALESCE(f.read_at, -1), COALESCE(i.started_at, 0) FROM channel c
			LEFT JOIN feed f ON f.channel_id = c.id AND f.name = $2
			LEFT JOIN channel_import i ON i.channel_id = c.id
			WHERE c.state = 'connected' AND c.network = $1`, n.Facts().Name, names[0])
		type found struct {
			id, brand              string
			since, readAt, started db.Time
		}
		all, err := db.Collect(rows, err, func(r *sql.Rows) (c found, err error) {
			err = r.Scan(&c.id, &c.brand, &c.since, &c.readAt, &c.started)
			return c, err
		})
		if err != nil {
			return fmt.Errorf("ingest: channels: %w", err)
		}
		_, past := n.(network.Historian)
		for _, c := range all {
			again := c.started > 0 && c.readAt > 0 && c.since.Sub(c.readAt) > longAway && c.started < c.since
			if c.readAt >= 0 && !again && (c.started > 0 || !past) {
				continue
			}
			if !past || !again && c.started > 0 {
				err = l.add(ctx, c.brand, c.id, names)
			} else {
				err = l.addPast(ctx, c.brand, c.id, names, c.started)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *Listener) add(ctx context.Context, brandID, id string, names []string) error {
	return l.DB.Tx(ctx, func(tx *db.Tx) error { return addFeeds(ctx, tx, brandID, id, names) })
}

// addPast begins to bring a channel over as well, unless another node has begun
// since this one looked: started is the beginning that was seen, 0 for none.
func (l *Listener) addPast(ctx context.Context, brandID, id string, names []string, started db.Time) error {
	return l.DB.Tx(ctx, func(tx *db.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO channel_import (channel_id, brand_id, state, stage, started_at, updated_at) VALUES ($1, $2, 'running', 'posts', $3, $3)
			ON CONFLICT (channel_id) DO UPDATE SET state = 'running', stage = 'posts', cursor = '', posts = 0, posts_most = 0, threads = 0, threads_most = 0,
				messages = 0, error = '', started_at = excluded.started_at, updated_at = excluded.updated_at, finished_at = 0
			WHERE channel_import.started_at = $4`, id, brandID, tx.Now(), started); err != nil {
			return fmt.Errorf("ingest: begin an import: %w", err)
		}
		return addFeeds(ctx, tx, brandID, id, append(names[:len(names):len(names)], feedImport))
	})
}

func addFeeds(ctx context.Context, tx *db.Tx, brandID, id string, names []string) error {
	for _, name := range names {
		if _, err := tx.ExecContext(ctx, `INSERT INTO feed (channel_id, name, brand_id, next_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (channel_id, name) DO NOTHING`, id, name, brandID, tx.Now()); err != nil {
			return fmt.Errorf("ingest: add a feed: %w", err)
		}
	}
	return nil
}

// quicken brings forward the reading of channels that published something
// within the last day.
func (l *Listener) quicken(ctx context.Context) error {
	soon := l.DB.Now().Add(l.Times.Busy)
	_, err := l.DB.ExecContext(ctx, `UPDATE feed SET next_at = $1 WHERE name = 'hear' AND next_at > $1 AND lease_until = 0
		AND EXISTS (SELECT 1 FROM delivery d WHERE d.channel_id = feed.channel_id AND d.due_at > $2 AND d.state = 'published')`, soon, soon.Add(-24*time.Hour))
	return err
}

// busy reports whether the channel had a post or a message within the last day.
func busy(ctx context.Context, q db.Queryer, f feed) (yes bool, err error) {
	err = q.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM delivery WHERE channel_id = $2 AND due_at > $3 AND state = 'published')
		OR EXISTS (SELECT 1 FROM conversation WHERE brand_id = $1 AND channel_id = $2 AND state IN ('new', 'open', 'snoozed', 'done', 'quiet') AND last_at > $3)`,
		f.brand, f.channel, q.Now().Add(-24*time.Hour)).Scan(&yes)
	return yes, err
}

// awaited reports whether somebody waits for an answer on the channel.
func awaited(ctx context.Context, q db.Queryer, f feed) (yes bool, err error) {
	err = q.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM conversation WHERE brand_id = $1 AND channel_id = $2 AND state IN ('new', 'open') AND waiting_since > 0
		AND last_at > $3)`, f.brand, f.channel, q.Now().Add(-7*24*time.Hour)).Scan(&yes)
	return yes, err
}

// due are the feeds that may be read now. $1 is whether streams are asked for.
func due(now string) string {
	return ` FROM feed f JOIN channel c ON c.id = f.channel_id LEFT JOIN rate_limit r ON r.scope = c.network || ' ' || c.server
		WHERE f.next_at <= ` + now + ` AND f.lease_until <= ` + now + ` AND (f.name = 'stream') = $1
			AND c.state = 'connected' AND c.ready_at <= ` + now + ` AND COALESCE(r.ready_at, 0) <= ` + now
}

func anyDue(ctx context.Context, d *db.DB, streams bool) (yes bool, err error) {
	err = d.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1`+due(d.NowSQL())+`)`, streams).Scan(&yes)
	return yes, err
}

// claim takes feeds for this node: one conditional UPDATE, so that each is read
// by one node only.
func (l *Listener) claim(ctx context.Context, streams bool, limit int) (out []feed, err error) {
	err = l.DB.Tx(ctx, func(tx *db.Tx) error {
		now := tx.DB.NowSQL()
		rows, err := tx.QueryContext(ctx, `UPDATE feed SET node = $2, lease_until = `+now+` + $3, next_at = `+now+` + $3
			WHERE lease_until <= `+now+` AND (channel_id, name) IN (SELECT f.channel_id, f.name`+due(now)+` ORDER BY f.next_at LIMIT $4)
			RETURNING channel_id, name, brand_id, cursor, read_at, tries, next_at`, streams, l.Node, l.Times.Lease.Milliseconds(), limit)
		out, err = db.Collect(rows, err, func(r *sql.Rows) (f feed, err error) {
			err = r.Scan(&f.channel, &f.key.name, &f.brand, &f.cursor, &f.readAt, &f.tries, &f.claim)
			f.name = f.key.name
			return f, err
		})
		return err
	}, db.RowLocks)
	if err != nil {
		return nil, fmt.Errorf("ingest: claim: %w", err)
	}
	return out, nil
}

// nextRun returns when something may next be read; 0 if nothing is known.
func nextRun(ctx context.Context, d *db.DB) (at db.Time, err error) {
	err = d.QueryRowContext(ctx, `SELECT COALESCE(MIN(at), 0) FROM (
		SELECT MIN(CASE WHEN f.lease_until > f.next_at THEN f.lease_until ELSE f.next_at END) AS at
			FROM feed f JOIN channel c ON c.id = f.channel_id WHERE c.state = 'connected' AND c.ready_at <= f.next_at
		UNION ALL
		SELECT MIN(snoozed_until) FROM conversation WHERE state = 'snoozed') AS next`).Scan(&at)
	return at, err
}

// turn moves the feed on in the transaction that takes in what was read, and
// keeps the claim alive. If the claim is no longer this node's it is errLost,
// and nothing is kept.
func (l *Listener) turn(ctx context.Context, tx *db.Tx, f feed) error {
	res, err := tx.ExecContext(ctx, `UPDATE feed SET cursor = $4, lease_until = `+tx.DB.NowSQL()+` + $5 WHERE channel_id = $1 AND name = $2 AND node = $3`,
		f.channel, f.name, l.Node, f.cursor, l.Times.Lease.Milliseconds())
	if err != nil {
		return fmt.Errorf("ingest: turn the page: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, errLost)
	}
	return nil
}

// done gives the claim back and says when the feed is read next. What asked for
// it at once meanwhile is heeded, unless the reading failed.
func (l *Listener) done(ctx context.Context, tx *db.Tx, f feed, next time.Duration, failure string) error {
	set := `next_at = CASE WHEN next_at < $6 THEN next_at ELSE $4 END, tries = 0, error = '', read_at = $5`
	args := []any{f.channel, f.name, l.Node, tx.Now().Add(next), tx.Now(), f.claim}
	if failure != "" {
		set, args = `next_at = $4, tries = tries + 1, error = $5`, []any{f.channel, f.name, l.Node, tx.Now().Add(next), failure}
	}
	_, err := tx.ExecContext(ctx, `UPDATE feed SET lease_until = 0, node = '', `+set+` WHERE channel_id = $1 AND name = $2 AND node = $3`, args...)
	if err != nil {
		return fmt.Errorf("ingest: give back: %w", err)
	}
	return nil
}

// hurry has what others say read at once.
func (l *Listener) hurry(ctx context.Context, f feed) {
	l.mu.Lock()
	// Of many calls in a moment the first sets the time; the others find a
	// reading that lies ahead already.
	now, at := l.DB.Now(), l.hurried[f.channel]
	if at <= now {
		at = max(now, at.Add(l.Times.Quiet))
		l.hurried[f.channel] = at
	}
	l.mu.Unlock()
	_, err := l.DB.ExecContext(ctx, `UPDATE feed SET next_at = $2 WHERE channel_id = $1 AND name = 'hear' AND next_at > $2 AND tries = 0`, f.channel, at)
	if err != nil {
		l.failed("read at once", err)
	}
	l.wake()
}
