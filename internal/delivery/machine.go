package delivery

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"rapport/internal/activity"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/network"
	"rapport/internal/outbox"
)

// bare are the columns without the alias, for RETURNING.
var bare = strings.ReplaceAll(columns, "d.", "")

// DueChannels lists the channels with something to send now that may send:
// connected, not told to wait, and not behind their brand's hold.
func DueChannels(ctx context.Context, d *db.DB, limit int) ([]string, error) {
	now := d.NowSQL()
	rows, err := d.QueryContext(ctx, `SELECT DISTINCT d.channel_id FROM delivery d
		JOIN brand b ON b.id = d.brand_id JOIN channel c ON c.id = d.channel_id
		LEFT JOIN rate_limit r ON r.scope = c.network || ' ' || c.server
		WHERE d.state = 'scheduled' AND d.run_at <= `+now+` AND NOT b.held AND c.state = 'connected'
			AND c.ready_at <= `+now+` AND COALESCE(r.ready_at, 0) <= `+now+`
		LIMIT $1`, limit)
	return db.Collect(rows, err, func(r *sql.Rows) (id string, err error) { return id, r.Scan(&id) })
}

// NextRun returns when something is next due, 0 if nothing is: the earliest
// time in the future of a delivery, or of a channel or app that was told to
// wait.
func NextRun(ctx context.Context, d *db.DB) (at db.Time, err error) {
	now := d.NowSQL()
	err = d.QueryRowContext(ctx, `SELECT COALESCE(MIN(at), 0) FROM (
		SELECT MIN(run_at) AS at FROM delivery WHERE state = 'scheduled' AND run_at > `+now+`
		UNION ALL
		SELECT MIN(ready_at) AS at FROM channel WHERE ready_at > `+now+` AND state = 'connected'
		UNION ALL
		SELECT MIN(ready_at) AS at FROM rate_limit WHERE ready_at > `+now+`) AS next`).Scan(&at)
	return at, err
}

// Claim takes up to limit due deliveries of one channel for a node, in order.
// It takes none while another node is at work on the channel, so that one
// channel stays in order. tx runs with db.RowLocks.
func Claim(ctx context.Context, tx *db.Tx, channel, node string, lease time.Duration, limit int) ([]Delivery, error) {
	if tx.DB.Dialect == db.Postgres {
		var id string
		err := tx.QueryRowContext(ctx, `SELECT id FROM channel WHERE id = $1`+tx.DB.Dialect.SkipLocked(), channel).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("delivery: claim: %w", err)
		}
	}
	now := tx.DB.NowSQL()
	rows, err := tx.QueryContext(ctx, `UPDATE delivery SET state = 'claimed', node = $2, attempt = attempt + 1,
			lease_until = `+now+` + $3, updated_at = `+now+`
		WHERE id IN (SELECT w.id FROM delivery w JOIN brand b ON b.id = w.brand_id
				WHERE w.channel_id = $1 AND w.state = 'scheduled' AND w.run_at <= `+now+` AND NOT b.held
				ORDER BY w.run_at, w.id LIMIT $4)
			AND NOT EXISTS (SELECT 1 FROM delivery o WHERE o.channel_id = $1 AND o.state IN ('claimed', 'preparing', 'sending')
				AND o.node <> $2 AND o.lease_until > `+now+`)
		RETURNING `+bare, channel, node, lease.Milliseconds(), limit)
	out, err := db.Collect(rows, err, scanRows)
	if err != nil {
		return nil, fmt.Errorf("delivery: claim: %w", err)
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].RunAt != out[j].RunAt {
			return out[i].RunAt < out[j].RunAt
		}
		return out[i].ID < out[j].ID
	})
	return out, withParts(ctx, tx, out)
}

// Gate is what the fence found.
type Gate uint8

// Only Open lets a commit through.
const (
	Open       Gate = iota + 1
	Held            // the brand is on hold
	Changed         // the post was edited, withdrawn or deleted since it was claimed
	Superseded      // the claim is no longer this node's
)

// Fence is the last look before a commit, in a transaction with db.RowLocks
// and db.Durable: under a shared lock of the brand's row it re-reads hold,
// approval and revision, and writes what is about to be sent. The commit may
// follow only if it answers Open and the transaction is known to be
// committed.
func Fence(ctx context.Context, tx *db.Tx, d Delivery, p Part, lease time.Duration) (Gate, error) {
	gate, err := readGate(ctx, tx, d)
	if err != nil || gate != Open {
		return gate, err
	}
	now := tx.DB.NowSQL()
	ok, err := update(ctx, tx, `UPDATE delivery SET state = 'sending', lease_until = `+now+` + $5, updated_at = `+now+`, reason = '', reason_code = ''
		WHERE brand_id = $1 AND id = $2 AND attempt = $3 AND node = $4 AND revision = $6 AND state IN ('claimed', 'preparing', 'sending')`,
		d.Brand, d.ID, d.Attempt, d.Node, lease.Milliseconds(), d.Revision)
	if err != nil {
		return 0, err
	}
	if !ok {
		return Superseded, nil
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO part (delivery_id, ord, brand_id, kind, state, text, media, prepared) VALUES ($1, $2, $3, $4, 'sending', $5, $6, $7)
		ON CONFLICT (delivery_id, ord) DO UPDATE SET state = 'sending', kind = excluded.kind, text = excluded.text, media = excluded.media, prepared = excluded.prepared`,
		d.ID, p.Ord, d.Brand, p.Kind, p.Text, toJSON(p.Media), toJSON(p.Prepared)); err != nil {
		return 0, fmt.Errorf("delivery: fence: %w", err)
	}
	return Open, Tell(ctx, tx, d.Brand, Event{Delivery: d.ID, What: string(Sending), Attempt: d.Attempt, Part: p.Ord, Node: d.Node})
}

func readGate(ctx context.Context, tx *db.Tx, d Delivery) (Gate, error) {
	var held bool
	share := tx.DB.Dialect.Share()
	if err := tx.QueryRowContext(ctx, `SELECT held FROM brand WHERE id = $1`+share, d.Brand).Scan(&held); err != nil {
		return 0, fmt.Errorf("delivery: read the gate: %w", err)
	}
	if held {
		return Held, nil
	}
	var state, approval string
	var approved, rule int64
	var deleted db.Time
	if err := tx.QueryRowContext(ctx, `SELECT state, approved, deleted_at, approval, approval_rule FROM post WHERE brand_id = $1 AND id = $2`+share, d.Brand, d.Post).
		Scan(&state, &approved, &deleted, &approval, &rule); err != nil {
		return 0, fmt.Errorf("delivery: read the gate: %w", err)
	}
	if state != "approved" || approved != d.Revision || deleted != 0 {
		return Changed, nil
	}
	if approval == "given" || d.Kind == KindReply {
		return Open, nil
	}
	since, err := asksSince(ctx, tx, d)
	if err != nil || since > 0 && since <= rule {
		return Changed, err
	}
	return Open, nil
}

// asksSince returns the version of the brand's rule since which the channel
// asks for approval; 0: it does not. Changes of the rule wait at the brand's
// row, so it stands still while the gate is read.
func asksSince(ctx context.Context, tx *db.Tx, d Delivery) (int64, error) {
	var every, one int64
	err := tx.QueryRowContext(ctx, `SELECT COALESCE((SELECT every_since FROM approval_rule WHERE brand_id = $1), 0),
		COALESCE((SELECT since FROM approval_channel WHERE channel_id = $2), 0)`, d.Brand, d.Channel).Scan(&every, &one)
	if err != nil {
		return 0, fmt.Errorf("delivery: read the rule: %w", err)
	}
	if every > 0 && (one == 0 || every < one) {
		return every, nil
	}
	return one, nil
}

// TakeAhead lists scheduled deliveries with pictures to a network that are due
// until then and whose uploads nobody has begun. Each is listed once for each
// revision: whoever gets it may upload, and the delivery stays scheduled.
func TakeAhead(ctx context.Context, tx *db.Tx, network string, until db.Time, limit int) ([]Delivery, error) {
	now := tx.DB.NowSQL()
	rows, err := tx.QueryContext(ctx, `UPDATE delivery SET ahead = revision
		WHERE id IN (SELECT w.id FROM delivery w JOIN channel c ON c.id = w.channel_id
			WHERE w.state = 'scheduled' AND w.run_at > `+now+` AND w.run_at <= $2 AND w.ahead <> w.revision
				AND c.network = $1 AND c.state = 'connected' AND EXISTS (SELECT 1 FROM post_media m WHERE m.post_id = w.post_id)
			ORDER BY w.run_at, w.id LIMIT $3)
		RETURNING `+bare, network, until, limit)
	out, err := db.Collect(rows, err, scanRows)
	if err != nil {
		return nil, fmt.Errorf("delivery: take ahead: %w", err)
	}
	return out, withParts(ctx, tx, out)
}

// Prepare writes that uploads have begun. It reports false if the claim is no
// longer this node's.
func Prepare(ctx context.Context, tx *db.Tx, d Delivery) (bool, error) {
	ok, err := mine(ctx, tx, d, `state = 'preparing'`, `'claimed', 'preparing'`)
	if ok {
		changed(tx, d.Brand, d.ID)
	}
	return ok, err
}

// Keep stores what Prepare returned for a part, so that nothing is uploaded
// twice after a crash.
func Keep(ctx context.Context, tx *db.Tx, d Delivery, p Part) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO part (delivery_id, ord, brand_id, kind, state, text, media, prepared) VALUES ($1, $2, $3, $4, 'waiting', $5, $6, $7)
		ON CONFLICT (delivery_id, ord) DO UPDATE SET kind = excluded.kind, text = excluded.text, media = excluded.media, prepared = excluded.prepared
		WHERE part.state IN ('waiting', 'rejected')`, d.ID, p.Ord, d.Brand, p.Kind, p.Text, toJSON(p.Media), toJSON(p.Prepared))
	if err != nil {
		return fmt.Errorf("delivery: keep: %w", err)
	}
	return nil
}

// Back describes a return to scheduled.
type Back struct {
	RunAt  db.Time
	What   string // word of the story: returned, throttled, not sent, held
	Text   string
	Part   int
	Status int
	Tried  bool // counts for the backoff
	// Unsent says that the part certainly did not arrive: it may change again.
	Unsent bool
}

// Return gives a claim back. It reports false if it was no longer this node's.
func Return(ctx context.Context, tx *db.Tx, d Delivery, b Back) (bool, error) {
	tries := int64(0)
	if b.Tried {
		tries = d.Tries + 1
	}
	ok, err := mine(ctx, tx, d, `state = 'scheduled', node = '', lease_until = 0, run_at = $5, tries = $6, reason = $7`,
		`'claimed', 'preparing', 'sending'`, max(b.RunAt, d.RunAt), tries, b.Text)
	if err != nil || !ok {
		return ok, err
	}
	if b.Unsent {
		if err := partState(ctx, tx, d, b.Part, PartWaiting); err != nil {
			return false, err
		}
	}
	wake(tx)
	if b.What == "" {
		changed(tx, d.Brand, d.ID)
		return true, nil
	}
	return true, Tell(ctx, tx, d.Brand, Event{Delivery: d.ID, What: b.What, Attempt: d.Attempt, Part: b.Part, Node: d.Node, Status: b.Status, Text: b.Text})
}

// Out records the network's receipt of a part; last says that it completes
// the delivery. A receipt is proof: where the claim has passed to others or a
// person was asked, it still counts.
func Out(ctx context.Context, tx *db.Tx, d Delivery, p Part, r network.Receipt, last bool, took time.Duration) error {
	at := db.At(r.At)
	if at == 0 || at > tx.Now() {
		at = tx.Now()
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO part (delivery_id, ord, brand_id, kind, state, text, media, prepared, ref, url, at, remote_id) VALUES ($1, $2, $3, $4, 'published', $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (delivery_id, ord) DO UPDATE SET state = 'published', ref = excluded.ref, url = excluded.url, at = excluded.at, remote_id = excluded.remote_id`,
		d.ID, p.Ord, d.Brand, p.Kind, p.Text, toJSON(p.Media), toJSON(p.Prepared), toJSON(r.Ref), r.URL, at, r.Ref.ID); err != nil {
		return fmt.Errorf("delivery: out: %w", err)
	}
	if !last {
		return Tell(ctx, tx, d.Brand, Event{Delivery: d.ID, What: "part out", Attempt: d.Attempt, Part: p.Ord, Node: d.Node, TookMS: took.Milliseconds()})
	}
	return published(ctx, tx, d, at, took)
}

func published(ctx context.Context, tx *db.Tx, d Delivery, at db.Time, took time.Duration) error {
	by := Dispatcher | Reconciler | Receipt | Team
	ok, err := update(ctx, tx, `UPDATE delivery SET state = 'published', published_at = $3, node = '', lease_until = 0, reason = '', reason_code = '', updated_at = $4,
		remote_id = COALESCE((SELECT p.remote_id FROM part p WHERE p.delivery_id = $2 AND p.ord = 0), ''),
		remote_url = COALESCE((SELECT p.url FROM part p WHERE p.delivery_id = $2 AND p.ord = 0), '')
		WHERE brand_id = $1 AND id = $2 AND state IN (`+quoted(Sources(Published, by))+`)`, d.Brand, d.ID, at, tx.Now())
	if err != nil || !ok {
		return err
	}
	if d.Kind == KindReply {
		// Its conversation is told by whoever reads this; nothing of it may keep
		// the receipt from being recorded.
		if err := outbox.Add(ctx, tx, outbox.Event{Brand: d.Brand, Kind: "reply.published", Subject: d.ID}); err != nil {
			return err
		}
	} else if err := errors.Join(activity.Record(ctx, tx, activity.Entry{Brand: d.Brand, Kind: "delivery.published", Subject: d.ID, Actor: d.Author}),
		outbox.Add(ctx, tx, outbox.Event{Brand: d.Brand, Kind: "delivery.published", Subject: d.ID})); err != nil {
		return err
	}
	return Tell(ctx, tx, d.Brand, Event{Delivery: d.ID, What: string(Published), Attempt: d.Attempt, Part: -1, Node: d.Node, TookMS: took.Milliseconds()})
}

// Taken reports whether another delivery to the channel is known to be what
// the network calls remoteID: then a search that found it found the wrong one.
func Taken(ctx context.Context, q db.Queryer, d Delivery, remoteID string) (taken bool, err error) {
	err = q.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM part p JOIN delivery o ON o.id = p.delivery_id
		WHERE p.brand_id = $1 AND p.remote_id = $2 AND p.remote_id <> '' AND o.channel_id = $3 AND o.id <> $4)`,
		d.Brand, remoteID, d.Channel, d.ID).Scan(&taken)
	return taken, err
}

// Await records that the network has the part and is still working on it; it
// is looked at again at next.
func Await(ctx context.Context, tx *db.Tx, d Delivery, p Part, r network.Receipt, next db.Time) error {
	if _, err := tx.ExecContext(ctx, `UPDATE part SET state = 'pending', ref = $4, url = $5 WHERE brand_id = $1 AND delivery_id = $2 AND ord = $3`,
		d.Brand, d.ID, p.Ord, toJSON(r.Ref), r.URL); err != nil {
		return fmt.Errorf("delivery: await: %w", err)
	}
	ok, err := mine(ctx, tx, d, `state = 'pending', lease_until = $5`, `'sending', 'pending'`, next)
	if err != nil || !ok || d.State == Pending {
		return err
	}
	return Tell(ctx, tx, d.Brand, Event{Delivery: d.ID, What: string(Pending), Attempt: d.Attempt, Part: p.Ord, Node: d.Node})
}

// End is how a delivery ends without being out.
type End struct {
	State  State // Rejected, Unknown or Missed
	Code   string
	Reason string // for a person
	Part   int
	Status int
	Took   time.Duration
}

// Close ends a delivery and asks people to look. It reports false if the
// claim was no longer this node's.
func Close(ctx context.Context, tx *db.Tx, d Delivery, e End) (bool, error) {
	ok, err := mine(ctx, tx, d, `state = $5, node = '', lease_until = 0, reason = $6, reason_code = $7`,
		quoted(Sources(e.State, Dispatcher|Reconciler)), e.State, e.Reason, e.Code)
	if err != nil || !ok {
		return ok, err
	}
	if s := (map[State]PartState{Rejected: PartRejected, Unknown: PartUnknown})[e.State]; s != "" && e.Part >= 0 {
		if err := partState(ctx, tx, d, e.Part, s); err != nil {
			return false, err
		}
	}
	return true, ask(ctx, tx, d, e)
}

// ask writes the story and tells the author and the owners.
func ask(ctx context.Context, tx *db.Tx, d Delivery, e End) error {
	if err := outbox.Add(ctx, tx, outbox.Event{Brand: d.Brand, Kind: "delivery." + string(e.State), Subject: d.ID,
		Data: map[string]string{"post": d.Post, "channel": d.Channel, "author": d.Author, "reason": e.Reason}}); err != nil {
		return err
	}
	return Tell(ctx, tx, d.Brand, Event{Delivery: d.ID, What: string(e.State), Attempt: d.Attempt, Part: e.Part, Node: d.Node,
		Status: e.Status, TookMS: e.Took.Milliseconds(), Text: e.Reason})
}

// SweepMissed closes what is overdue beyond its brand's tolerance and cannot
// be claimed, because its channel is not connected or was told to wait.
func SweepMissed(ctx context.Context, tx *db.Tx, limit int) (int, error) {
	now := tx.DB.NowSQL()
	all, err := list(ctx, tx, `SELECT `+columns+` FROM delivery d JOIN brand b ON b.id = d.brand_id
		WHERE d.state = 'scheduled' AND d.run_at <= `+now+` AND d.due_at < `+now+` - b.tolerance_s * 1000 AND NOT b.held
		ORDER BY d.run_at, d.id LIMIT $1`, limit)
	if err != nil {
		return 0, err
	}
	if err := withParts(ctx, tx, all); err != nil {
		return 0, err
	}
	for _, d := range all {
		e := End{State: Missed, Code: "overdue", Reason: OverdueReason, Part: -1}
		if i := slices.IndexFunc(d.Parts, func(p Part) bool { return p.State.MayBeOut() }); i >= 0 {
			e = End{State: Unknown, Code: "lost", Reason: LostReason, Part: i}
		}
		ok, err := update(ctx, tx, `UPDATE delivery SET state = $7, reason = $4, reason_code = $5, updated_at = $6
			WHERE brand_id = $1 AND id = $2 AND attempt = $3 AND state = 'scheduled'`, d.Brand, d.ID, d.Attempt, e.Reason, e.Code, tx.Now(), e.State)
		if err != nil {
			return 0, err
		}
		if !ok {
			continue
		}
		if err := ask(ctx, tx, d, e); err != nil {
			return 0, err
		}
	}
	return len(all), nil
}

// OverdueReason is what people read of a missed delivery.
const OverdueReason = "Its time passed by more than you allow, so it was not sent late. Send it now, give it another time, or drop it."

// LostReason is what people read of an unknown delivery.
const LostReason = "The network's answer was lost, and asking it again did not tell whether the post is out. Look at the channel, then say what you found."

// Unknowns lists what is unknown since then, so that the network can be asked
// once more; with parts.
func Unknowns(ctx context.Context, q db.Queryer, since db.Time, limit int) ([]Delivery, error) {
	return query(ctx, q, `SELECT `+columns+` FROM delivery d WHERE d.state = 'unknown' AND d.updated_at > $1 ORDER BY d.updated_at LIMIT $2`, since, limit)
}

// Settle leaves a half-sent delivery as it is, by a person's decision.
func Settle(ctx context.Context, tx *db.Tx, d Delivery, by string) error {
	if !d.HalfSent() {
		return fault.New(fault.Conflict, "Nothing of this delivery is out, so there is nothing to leave.")
	}
	if err := Tell(ctx, tx, d.Brand, Event{Delivery: d.ID, What: "resolved", By: by, Part: -1,
		Text: fmt.Sprintf("Left at %d of %d parts.", d.Out(), len(d.Parts))}); err != nil {
		return err
	}
	return published(ctx, tx, d, d.Parts[0].At, 0)
}

// Renew extends the leases of those that a node is at work on. A claim that
// the node does not know of, because the answer to its claiming was lost, is
// left to expire.
func Renew(ctx context.Context, d *db.DB, node string, ids []string, lease time.Duration) error {
	for some := range slices.Chunk(ids, 500) {
		args := []any{node, lease.Milliseconds()}
		for _, id := range some {
			args = append(args, id)
		}
		if _, err := d.ExecContext(ctx, `UPDATE delivery SET lease_until = `+d.NowSQL()+` + $2
			WHERE state IN ('claimed', 'preparing', 'sending') AND node = $1 AND id IN (`+db.In(3, len(some))+`)`, args...); err != nil {
			return fmt.Errorf("delivery: renew: %w", err)
		}
	}
	return nil
}

// Orphan expires at once every lease that is not this node's. Only the sole
// node of an installation may call it, when it starts.
func Orphan(ctx context.Context, d *db.DB, node string) error {
	_, err := d.ExecContext(ctx, `UPDATE delivery SET lease_until = 0 WHERE state IN ('claimed', 'preparing', 'sending', 'pending') AND node <> $1`, node)
	return err
}

// TakeExpired handles claims whose node is gone. What was not yet at its
// commit is scheduled again; what was is handed to this node to find out, and
// so is what is pending and due for a look. more says that the limit may have
// left some behind.
func TakeExpired(ctx context.Context, tx *db.Tx, node string, lease time.Duration, limit int) (out []Delivery, more bool, err error) {
	now := tx.DB.NowSQL()
	stale, err := list(ctx, tx, `SELECT `+columns+` FROM delivery d WHERE d.state IN ('claimed', 'preparing') AND d.lease_until <= `+now+`
		ORDER BY d.lease_until LIMIT $1`+tx.DB.Dialect.SkipLocked(), limit)
	if err != nil {
		return nil, false, err
	}
	for _, d := range stale {
		if _, err := Return(ctx, tx, d, Back{RunAt: d.RunAt, What: "returned", Text: "The node that had taken it stopped before sending.", Part: -1}); err != nil {
			return nil, false, err
		}
	}
	rows, err := tx.QueryContext(ctx, `UPDATE delivery SET node = $1, attempt = attempt + 1, lease_until = `+now+` + $2
		WHERE id IN (SELECT id FROM delivery WHERE state IN ('sending', 'pending') AND lease_until <= `+now+` ORDER BY lease_until LIMIT $3`+tx.DB.Dialect.SkipLocked()+`)
		RETURNING `+bare, node, lease.Milliseconds(), limit)
	out, err = db.Collect(rows, err, scanRows)
	if err != nil {
		return nil, false, fmt.Errorf("delivery: take expired: %w", err)
	}
	return out, len(stale) == limit || len(out) == limit, withParts(ctx, tx, out)
}

// CodeDoubt is the reason code of a delivery that a restored copy knows too
// little of: each of its parts may be out already.
const CodeDoubt = "doubt"

// TakeDoubtful hands everything that is due, or was being sent when the copy
// was made, to the reconciler instead of the dispatcher: it may be out
// already. What was overdue in the copy is as doubtful as what fell due since.
func TakeDoubtful(ctx context.Context, tx *db.Tx) (int, error) {
	all, err := list(ctx, tx, `SELECT `+columns+` FROM delivery d WHERE d.state IN ('claimed', 'preparing', 'sending', 'pending')
		OR (d.state = 'scheduled' AND d.run_at <= $1)`, tx.Now())
	if err != nil {
		return 0, err
	}
	for _, d := range all {
		to := Sending
		if d.State == Pending {
			to = Pending
		}
		if _, err := update(ctx, tx, `UPDATE delivery SET state = $4, node = '', attempt = attempt + 1, lease_until = 0, reason_code = $5, updated_at = $6
			WHERE brand_id = $1 AND id = $2 AND state = $3`, d.Brand, d.ID, d.State, to, CodeDoubt, tx.Now()); err != nil {
			return 0, err
		}
		if err := Tell(ctx, tx, d.Brand, Event{Delivery: d.ID, What: "doubted", Part: -1,
			Text: "The database was restored from a copy. It may be out already, so the network is asked first."}); err != nil {
			return 0, err
		}
	}
	return len(all), nil
}

// Onward keeps a doubtful delivery of which one part was found with the
// reconciler, which reads back the next.
func Onward(ctx context.Context, tx *db.Tx, d Delivery) error {
	_, err := mine(ctx, tx, d, `state = 'sending', node = '', lease_until = 0`, `'claimed', 'preparing', 'sending', 'pending'`)
	return err
}

// Doubt marks one part as possibly out.
func Doubt(ctx context.Context, tx *db.Tx, d Delivery, ord int) error {
	return partState(ctx, tx, d, ord, PartSending)
}

// Resolve records a person's word that an unknown part is out.
func Resolve(ctx context.Context, tx *db.Tx, d Delivery, by, url string) error {
	for _, p := range d.Parts {
		if p.State != PartUnknown {
			continue
		}
		if _, err := tx.ExecContext(ctx, `UPDATE part SET state = 'published', url = $4, at = $5 WHERE brand_id = $1 AND delivery_id = $2 AND ord = $3`,
			d.Brand, d.ID, p.Ord, url, tx.Now()); err != nil {
			return fmt.Errorf("delivery: resolve: %w", err)
		}
	}
	if err := Tell(ctx, tx, d.Brand, Event{Delivery: d.ID, What: "resolved", By: by, Part: -1, Text: "A person looked and says that it is out."}); err != nil {
		return err
	}
	return published(ctx, tx, d, tx.Now(), 0)
}

// Release lets the parts of a delivery that are not out be sent anew, by a
// person's decision that they are not.
func Release(ctx context.Context, tx *db.Tx, d Delivery) error {
	_, err := tx.ExecContext(ctx, `UPDATE part SET state = 'waiting', prepared = '' WHERE brand_id = $1 AND delivery_id = $2 AND state IN ('unknown', 'rejected', 'sending')`, d.Brand, d.ID)
	if err != nil {
		return fmt.Errorf("delivery: release: %w", err)
	}
	return nil
}

// TakenDown records that a part was removed at the network, and the delivery
// with its last one.
func TakenDown(ctx context.Context, tx *db.Tx, d Delivery, ord int, by string, last bool) error {
	if err := partState(ctx, tx, d, ord, PartRemoved); err != nil {
		return err
	}
	if !last {
		return nil
	}
	ok, err := update(ctx, tx, `UPDATE delivery SET state = 'removed', reason = '', reason_code = '', updated_at = $3
		WHERE brand_id = $1 AND id = $2 AND state IN (`+quoted(Sources(Removed, Team))+`)`, d.Brand, d.ID, tx.Now())
	if err != nil || !ok {
		return orBusy(err)
	}
	return errors.Join(outbox.Add(ctx, tx, outbox.Event{Brand: d.Brand, Kind: "delivery.removed", Subject: d.ID}),
		Tell(ctx, tx, d.Brand, Event{Delivery: d.ID, What: string(Removed), By: by, Part: -1}))
}

// mine updates the delivery if the attempt is still the caller's and its
// state is among those named. $1–$4 are taken.
func mine(ctx context.Context, tx *db.Tx, d Delivery, set, states string, args ...any) (bool, error) {
	all := append([]any{d.Brand, d.ID, d.Attempt, tx.Now()}, args...)
	return update(ctx, tx, `UPDATE delivery SET updated_at = $4, `+set+` WHERE brand_id = $1 AND id = $2 AND attempt = $3 AND state IN (`+states+`)`, all...)
}

func partState(ctx context.Context, tx *db.Tx, d Delivery, ord int, s PartState) error {
	_, err := tx.ExecContext(ctx, `UPDATE part SET state = $4 WHERE brand_id = $1 AND delivery_id = $2 AND ord = $3`, d.Brand, d.ID, ord, s)
	if err != nil {
		return fmt.Errorf("delivery: part: %w", err)
	}
	return nil
}

func quoted(states []State) string {
	out := make([]string, len(states))
	for i, s := range states {
		out[i] = "'" + string(s) + "'"
	}
	return strings.Join(out, ", ")
}
