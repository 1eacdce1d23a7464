package delivery

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/network"
)

const columns = `d.id, d.brand_id, d.post_id, d.channel_id, d.state, d.due_at, d.run_at, d.revision, d.attempt,
	d.tries, d.node, d.lease_until, d.reason, d.reason_code, d.remote_id, d.remote_url, d.published_at,
	d.author_id, d.kind, d.created_at, d.updated_at`

func scan(rows interface{ Scan(...any) error }) (Delivery, error) {
	var d Delivery
	err := rows.Scan(&d.ID, &d.Brand, &d.Post, &d.Channel, &d.State, &d.DueAt, &d.RunAt, &d.Revision, &d.Attempt,
		&d.Tries, &d.Node, &d.LeaseUntil, &d.Reason, &d.ReasonCode, &d.RemoteID, &d.RemoteURL, &d.PublishedAt,
		&d.Author, &d.Kind, &d.CreatedAt, &d.UpdatedAt)
	return d, err
}

func scanRows(rows *sql.Rows) (Delivery, error) { return scan(rows) }

// New is what a delivery starts from.
type New struct {
	Brand, Post, Channel string
	DueAt                db.Time
	Revision             int64
	Author               string
	Kind                 string // KindPost where empty
}

// Insert schedules deliveries inside the caller's transaction and wakes the
// dispatcher.
func Insert(ctx context.Context, tx *db.Tx, news []New) ([]Delivery, error) {
	out := make([]Delivery, 0, len(news))
	now := tx.Now()
	rows := make([][]any, 0, len(news))
	for _, n := range news {
		d := Delivery{ID: db.NewID(), Brand: n.Brand, Post: n.Post, Channel: n.Channel, State: Scheduled,
			DueAt: n.DueAt, RunAt: n.DueAt, Revision: n.Revision, Author: n.Author, Kind: cmp.Or(n.Kind, KindPost),
			CreatedAt: now, UpdatedAt: now}
		rows = append(rows, []any{d.ID, d.Brand, d.Post, d.Channel, d.State, d.DueAt, d.Revision, d.Author, now, d.Kind})
		out = append(out, d)
	}
	if err := db.Many(ctx, tx, `INSERT INTO delivery (id, brand_id, post_id, channel_id, state, due_at, run_at, revision, author_id, created_at, updated_at, kind)
		VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9, $9, $10)`, rows); err != nil {
		return nil, fmt.Errorf("delivery: insert: %w", err)
	}
	for _, d := range out {
		if err := Tell(ctx, tx, d.Brand, Event{Delivery: d.ID, What: string(Scheduled), By: d.Author, Part: -1}); err != nil {
			return nil, err
		}
	}
	wake(tx)
	return out, nil
}

// Topic is the signal that wakes dispatchers.
const Topic = "due"

func wake(tx *db.Tx) { tx.Notify(Topic, "") }

// Changed is the live update of one delivery.
func changed(tx *db.Tx, brand, id string) {
	tx.Notify("live", brand+" delivery.changed "+id)
}

// Tell adds a line to a delivery's story and tells open pages.
func Tell(ctx context.Context, tx *db.Tx, brand string, e Event) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO delivery_event (id, brand_id, delivery_id, at, what, attempt, part, node, by_account, status, took_ms, text)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		db.NewID(), brand, e.Delivery, tx.Now(), e.What, e.Attempt, e.Part, e.Node, e.By, e.Status, e.TookMS, e.Text)
	if err != nil {
		return fmt.Errorf("delivery: tell: %w", err)
	}
	changed(tx, brand, e.Delivery)
	return nil
}

// ByID returns the delivery with its parts, or fault.NotFound.
func ByID(ctx context.Context, q db.Queryer, brand, id string) (Delivery, error) {
	d, err := scan(q.QueryRowContext(ctx, `SELECT `+columns+` FROM delivery d WHERE d.brand_id = $1 AND d.id = $2`, brand, id))
	if errors.Is(err, sql.ErrNoRows) {
		return d, fault.New(fault.NotFound, "There is no such delivery.")
	}
	if err != nil {
		return d, fmt.Errorf("delivery: read: %w", err)
	}
	list := []Delivery{d}
	err = withParts(ctx, q, list)
	return list[0], err
}

// OfPost returns a post's deliveries, oldest first, with their parts.
func OfPost(ctx context.Context, q db.Queryer, brand, post string) ([]Delivery, error) {
	m, err := OfPosts(ctx, q, brand, []string{post})
	return m[post], err
}

// OfPosts returns the deliveries of several posts by post, with their parts.
func OfPosts(ctx context.Context, q db.Queryer, brand string, posts []string) (map[string][]Delivery, error) {
	if len(posts) == 0 {
		return map[string][]Delivery{}, nil
	}
	args := []any{brand}
	for _, p := range posts {
		args = append(args, p)
	}
	// Joined to nothing, the brand keeps SQLite from reading all of its rows.
	list, err := query(ctx, q, `SELECT `+columns+` FROM delivery d WHERE d.brand_id || '' = $1 AND d.post_id IN (`+db.In(2, len(posts))+`) ORDER BY d.created_at, d.id`, args...)
	if err != nil {
		return nil, err
	}
	out := map[string][]Delivery{}
	for _, d := range list {
		out[d.Post] = append(out[d.Post], d)
	}
	return out, nil
}

// Filter narrows a list. Empty fields do not.
type Filter struct {
	Channels []string
	States   []State
}

func (f Filter) sql(args []any) (string, []any) {
	var b strings.Builder
	if len(f.Channels) > 0 {
		fmt.Fprintf(&b, ` AND d.channel_id IN (%s)`, db.In(len(args)+1, len(f.Channels)))
		for _, c := range f.Channels {
			args = append(args, c)
		}
	}
	if len(f.States) > 0 {
		fmt.Fprintf(&b, ` AND d.state IN (%s)`, db.In(len(args)+1, len(f.States)))
		for _, s := range f.States {
			args = append(args, string(s))
		}
	}
	return b.String(), args
}

// calendarMost bounds one view of the calendar: a month with 100 posts a day.
const calendarMost = 3500

// Calendar returns the deliveries due in [from, to) by time, without the
// cancelled ones and without parts; at most 3,500.
func Calendar(ctx context.Context, q db.Queryer, brand string, from, to db.Time, f Filter) ([]Delivery, error) {
	where, args := f.sql([]any{brand, from, to})
	return list(ctx, q, `SELECT `+columns+` FROM delivery d WHERE d.brand_id = $1 AND d.kind = 'post' AND d.due_at >= $2 AND d.due_at < $3
		AND d.state <> 'cancelled'`+where+fmt.Sprintf(` ORDER BY d.due_at, d.id LIMIT %d`, calendarMost), args...)
}

// Along returns deliveries by time from page.After on, or with back up to it,
// the nearest first, without the cancelled ones and without parts; 50 unless
// asked otherwise, at most 200.
func Along(ctx context.Context, q db.Queryer, brand string, page db.Page, back bool, f Filter) ([]Delivery, error) {
	at, id, err := page.Key()
	if err != nil {
		return nil, err
	}
	where, args := f.sql([]any{brand, at, id, page.Size(50, 200)})
	side, order := `>`, `d.due_at, d.id`
	if back {
		side, order = `<=`, `d.due_at DESC, d.id DESC`
	}
	return list(ctx, q, `SELECT `+columns+` FROM delivery d WHERE d.brand_id = $1 AND d.kind = 'post' AND (d.due_at, d.id) `+side+` ($2, $3)
		AND d.state <> 'cancelled'`+where+` ORDER BY `+order+` LIMIT $4`, args...)
}

// Attention returns what waits for a person's decision on the channels that
// the account may see, newest first, with parts; at most limit.
func Attention(ctx context.Context, q db.Queryer, who access.Who, brand string, limit int) ([]Delivery, error) {
	where, args := narrow("", []any{brand, limit}, who.Channels(q.Now(), brand))
	return query(ctx, q, `SELECT `+columns+` FROM delivery d WHERE d.brand_id = $1 AND d.state IN ('rejected', 'unknown', 'missed')`+where+`
		ORDER BY d.updated_at DESC, d.id DESC LIMIT $2`, args...)
}

// AttentionCount counts what Attention would list.
func AttentionCount(ctx context.Context, q db.Queryer, who access.Who, brand string) (n int, err error) {
	where, args := narrow("", []any{brand}, who.Channels(q.Now(), brand))
	err = q.QueryRowContext(ctx, `SELECT COUNT(*) FROM delivery d WHERE d.brand_id = $1 AND d.state IN ('rejected', 'unknown', 'missed')`+where, args...).Scan(&n)
	return n, err
}

// Seen leaves out the deliveries of channels that the account may not see.
func Seen(now db.Time, who access.Who, brand string, all []Delivery) []Delivery {
	only := who.Channels(now, brand)
	if len(only) == 0 {
		return all
	}
	return slices.DeleteFunc(all, func(d Delivery) bool { return !slices.Contains(only, d.Channel) })
}

// PublishedSince returns what went out since then, newest first, with parts;
// at most limit.
func PublishedSince(ctx context.Context, q db.Queryer, brand string, since db.Time, limit int) ([]Delivery, error) {
	return query(ctx, q, `SELECT `+columns+` FROM delivery d WHERE d.brand_id = $1 AND d.kind = 'post' AND d.published_at > $2
		ORDER BY d.published_at DESC, d.id DESC LIMIT $3`, brand, max(since, 0), limit)
}

// PublishedBetween returns what went out after from and until to, oldest
// first, without parts; at most limit. What was taken down is left out.
func PublishedBetween(ctx context.Context, q db.Queryer, brand string, from, to db.Time, limit int) ([]Delivery, error) {
	return list(ctx, q, `SELECT `+columns+` FROM delivery d WHERE d.brand_id = $1 AND d.kind = 'post' AND d.published_at > $2 AND d.published_at <= $3
		AND d.state = 'published' ORDER BY d.published_at, d.id LIMIT $4`, brand, max(from, 0), to, limit)
}

// Story returns what happened to a delivery, oldest first; at most 500 lines.
func Story(ctx context.Context, q db.Queryer, brand, id string) ([]Event, error) {
	rows, err := q.QueryContext(ctx, `SELECT id, delivery_id, at, what, attempt, part, node, by_account, status, took_ms, text
		FROM delivery_event WHERE brand_id = $1 AND delivery_id = $2 ORDER BY id LIMIT 500`, brand, id)
	return db.Collect(rows, err, func(r *sql.Rows) (Event, error) {
		var e Event
		err := r.Scan(&e.ID, &e.Delivery, &e.At, &e.What, &e.Attempt, &e.Part, &e.Node, &e.By, &e.Status, &e.TookMS, &e.Text)
		return e, err
	})
}

func list(ctx context.Context, q db.Queryer, text string, args ...any) ([]Delivery, error) {
	rows, err := q.QueryContext(ctx, text, args...)
	out, err := db.Collect(rows, err, scanRows)
	if err != nil {
		return nil, fmt.Errorf("delivery: list: %w", err)
	}
	return out, nil
}

func query(ctx context.Context, q db.Queryer, text string, args ...any) ([]Delivery, error) {
	out, err := list(ctx, q, text, args...)
	if err != nil {
		return nil, err
	}
	return out, withParts(ctx, q, out)
}

// withParts reads the parts of all deliveries in one query per 500.
func withParts(ctx context.Context, q db.Queryer, all []Delivery) error {
	const most = 500
	for len(all) > 0 {
		chunk := all[:min(most, len(all))]
		all = all[len(chunk):]
		at := make(map[string]int, len(chunk))
		args := make([]any, len(chunk))
		for i, d := range chunk {
			at[d.ID], args[i] = i, d.ID
		}
		rows, err := q.QueryContext(ctx, `SELECT delivery_id, ord, kind, state, text, media, prepared, ref, url, at
			FROM part WHERE delivery_id IN (`+db.In(1, len(args))+`) ORDER BY delivery_id, ord`, args...)
		parts, err := db.Collect(rows, err, scanPart)
		if err != nil {
			return fmt.Errorf("delivery: parts: %w", err)
		}
		for _, p := range parts {
			i := at[p.Delivery]
			chunk[i].Parts = append(chunk[i].Parts, p)
		}
	}
	return nil
}

func scanPart(rows *sql.Rows) (Part, error) {
	var p Part
	var media, prepared, ref string
	if err := rows.Scan(&p.Delivery, &p.Ord, &p.Kind, &p.State, &p.Text, &media, &prepared, &ref, &p.URL, &p.At); err != nil {
		return p, err
	}
	return p, errors.Join(fromJSON(media, &p.Media), fromJSON(prepared, &p.Prepared), fromJSON(ref, &p.Ref))
}

func fromJSON(text string, into any) error {
	if text == "" {
		return nil
	}
	return json.Unmarshal([]byte(text), into)
}

func toJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain values of ours always encode
	}
	return string(b)
}

// Reset replaces the parts of a delivery that nothing was sent of yet, so
// that lists show how many there are. Parts that may have reached the network
// are kept.
func Reset(ctx context.Context, tx *db.Tx, d Delivery, items []network.Item, media [][]string) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM part WHERE brand_id = $1 AND delivery_id = $2 AND state IN ('waiting', 'rejected')`, d.Brand, d.ID); err != nil {
		return fmt.Errorf("delivery: parts: %w", err)
	}
	rows := make([][]any, len(items))
	for i, it := range items {
		rows[i] = []any{d.ID, i, d.Brand, it.Kind, it.Text, toJSON(media[i])}
	}
	return db.Many(ctx, tx, `INSERT INTO part (delivery_id, ord, brand_id, kind, state, text, media) VALUES ($1, $2, $3, $4, 'waiting', $5, $6)
		ON CONFLICT (delivery_id, ord) DO NOTHING`, rows)
}

// CancelOf takes back what of a post has not gone out. It is a conflict while
// a node is at work on one of them.
func CancelOf(ctx context.Context, tx *db.Tx, who access.Who, brand, post string) error {
	ds, err := open(ctx, tx, brand, post)
	if err != nil {
		return err
	}
	for _, d := range ds {
		if d.State.Busy() {
			return busy()
		}
		if !May(d.State, Cancelled, Team) {
			continue
		}
		if err := set(ctx, tx, d, Cancelled, Team, who, ""); err != nil {
			return err
		}
	}
	return nil
}

// MoveOf gives what of a post is scheduled another time.
func MoveOf(ctx context.Context, tx *db.Tx, who access.Who, brand, post string, at db.Time) error {
	ds, err := open(ctx, tx, brand, post)
	if err != nil {
		return err
	}
	moved := 0
	for _, d := range ds {
		if d.State.Busy() {
			return busy()
		}
		if d.State != Scheduled && d.State != Missed {
			continue
		}
		if err := reschedule(ctx, tx, d, who, at, "moved"); err != nil {
			return err
		}
		moved++
	}
	if moved == 0 {
		return fault.New(fault.Conflict, "Nothing of this post waits for a time any more.")
	}
	return nil
}

// Reschedule sends one delivery on its way again at that time, by a person's
// decision.
func Reschedule(ctx context.Context, tx *db.Tx, who access.Who, d Delivery, at db.Time) error {
	if d.State != Scheduled && !May(d.State, Scheduled, Team) {
		return fault.New(fault.Conflict, "This delivery is %s and cannot be scheduled again.", i18n.Word(d.State))
	}
	return reschedule(ctx, tx, d, who, at, string(Scheduled))
}

func reschedule(ctx context.Context, tx *db.Tx, d Delivery, who access.Who, at db.Time, what string) error {
	ok, err := update(ctx, tx, `UPDATE delivery SET state = 'scheduled', due_at = $4, run_at = $4, tries = 0, reason = '', reason_code = '', updated_at = $5
		WHERE brand_id = $1 AND id = $2 AND state = $3`, d.Brand, d.ID, d.State, at, tx.Now())
	if err != nil || !ok {
		return orBusy(err)
	}
	wake(tx)
	return Tell(ctx, tx, d.Brand, Event{Delivery: d.ID, What: what, By: who.Account, Part: -1})
}

// Revise makes scheduled deliveries follow an edit of their post. It is a
// conflict while one is being sent, and once part of one is out.
func Revise(ctx context.Context, tx *db.Tx, who access.Who, brand, post string, revision int64) error {
	ds, err := open(ctx, tx, brand, post)
	if err != nil {
		return err
	}
	for _, d := range ds {
		switch {
		case d.State == Sending || d.State == Pending:
			return busy()
		case d.State == Cancelled || d.State == Removed:
			continue
		case d.State == Published || d.Out() > 0:
			return fault.New(fault.Conflict, "This post is already out on a channel. Duplicate it to say something else.")
		}
		// A claimed one is sent back by its fence, which compares revisions.
		ok, err := update(ctx, tx, `UPDATE delivery SET revision = $4, updated_at = $5 WHERE brand_id = $1 AND id = $2 AND state = $3`,
			brand, d.ID, d.State, revision, tx.Now())
		if err != nil || !ok {
			return orBusy(err)
		}
		if err := Tell(ctx, tx, brand, Event{Delivery: d.ID, What: "edited", By: who.Account, Part: -1}); err != nil {
			return err
		}
	}
	return nil
}

// Cancel takes one delivery back by a person's decision.
func Cancel(ctx context.Context, tx *db.Tx, who access.Who, d Delivery) error {
	return set(ctx, tx, d, Cancelled, Team, who, "")
}

func open(ctx context.Context, tx *db.Tx, brand, post string) ([]Delivery, error) {
	return query(ctx, tx, `SELECT `+columns+` FROM delivery d WHERE d.brand_id = $1 AND d.post_id = $2 ORDER BY d.id`, brand, post)
}

// set changes the state by a person's act.
func set(ctx context.Context, tx *db.Tx, d Delivery, to State, by Actor, who access.Who, reason string) error {
	if !May(d.State, to, by) {
		return fault.New(fault.Conflict, "This delivery is %s; that cannot be undone here.", i18n.Word(d.State))
	}
	ok, err := update(ctx, tx, `UPDATE delivery SET state = $4, reason = $5, reason_code = '', updated_at = $6 WHERE brand_id = $1 AND id = $2 AND state = $3`,
		d.Brand, d.ID, d.State, to, reason, tx.Now())
	if err != nil || !ok {
		return orBusy(err)
	}
	return Tell(ctx, tx, d.Brand, Event{Delivery: d.ID, What: string(to), By: who.Account, Part: -1, Text: reason})
}

func update(ctx context.Context, tx *db.Tx, text string, args ...any) (bool, error) {
	res, err := tx.ExecContext(ctx, text, args...)
	if err != nil {
		return false, fmt.Errorf("delivery: update: %w", err)
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

func orBusy(err error) error {
	if err != nil {
		return err
	}
	return busy()
}

// FirstSent returns when a part was first about to be sent, by the delivery's
// story; 0 if it never was.
func FirstSent(ctx context.Context, q db.Queryer, d Delivery, ord int) (at db.Time, err error) {
	err = q.QueryRowContext(ctx, `SELECT COALESCE(MIN(at), 0) FROM delivery_event
		WHERE brand_id = $1 AND delivery_id = $2 AND what = 'sending' AND part = $3`, d.Brand, d.ID, ord).Scan(&at)
	if err != nil {
		return 0, fmt.Errorf("delivery: first sent: %w", err)
	}
	return at, nil
}

// DoubtfulCount counts the deliveries that a restore made doubtful since then:
// their networks are asked before anything of them is sent.
func DoubtfulCount(ctx context.Context, q db.Queryer, brand string, since db.Time) (n int, err error) {
	err = q.QueryRowContext(ctx, `SELECT COUNT(DISTINCT delivery_id) FROM delivery_event
		WHERE brand_id = $1 AND what = 'doubted' AND at >= $2`, brand, since).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("delivery: count the doubtful: %w", err)
	}
	return n, nil
}

// Outcome is when one delivery was due and when it was out.
type Outcome struct {
	ID, Post, Channel  string
	DueAt, PublishedAt db.Time
}

// Late is how long after its time it was out; never below 0.
func (o Outcome) Late() time.Duration { return max(o.PublishedAt.Sub(o.DueAt), 0) }

// Outcomes returns what went out in [from, to), newest first; at most 5,000.
func Outcomes(ctx context.Context, q db.Queryer, brand string, from, to db.Time) ([]Outcome, error) {
	rows, err := q.QueryContext(ctx, `SELECT id, post_id, channel_id, due_at, published_at FROM delivery
		WHERE brand_id = $1 AND kind = 'post' AND published_at > 0 AND published_at >= $2 AND published_at < $3
		ORDER BY published_at DESC, id DESC LIMIT 5000`, brand, from, to)
	out, err := db.Collect(rows, err, func(r *sql.Rows) (o Outcome, err error) {
		err = r.Scan(&o.ID, &o.Post, &o.Channel, &o.DueAt, &o.PublishedAt)
		return o, err
	})
	if err != nil {
		return nil, fmt.Errorf("delivery: outcomes: %w", err)
	}
	return out, nil
}

// NextDue returns when the brand's next delivery after that time is due; 0
// where nothing is planned.
func NextDue(ctx context.Context, q db.Queryer, brand string, after db.Time) (at db.Time, err error) {
	err = q.QueryRowContext(ctx, `SELECT COALESCE(MIN(due_at), 0) FROM (SELECT due_at FROM delivery
		WHERE brand_id = $1 AND kind = 'post' AND due_at > $2 AND state = 'scheduled' ORDER BY due_at LIMIT 1) AS next`, brand, after).Scan(&at)
	if err != nil {
		return 0, fmt.Errorf("delivery: next due: %w", err)
	}
	return at, nil
}

// Whose is a part that is out, seen from what its network calls it.
type Whose struct {
	Delivery, Post string
	Kind           string // post, reply
}

// WhoseAre finds which of the ids are parts of deliveries to the channel, by
// the network's id.
func WhoseAre(ctx context.Context, q db.Queryer, brand, channel string, remoteIDs []string) (map[string]Whose, error) {
	out := map[string]Whose{}
	for chunk := range slices.Chunk(remoteIDs, 500) {
		args := []any{brand, channel}
		for _, id := range chunk {
			args = append(args, id)
		}
		rows, err := q.QueryContext(ctx, `SELECT p.remote_id, d.id, d.post_id, d.kind FROM part p JOIN delivery d ON d.id = p.delivery_id
			WHERE p.brand_id = $1 AND d.channel_id = $2 AND p.remote_id <> '' AND p.remote_id IN (`+db.In(3, len(chunk))+`)`, args...)
		_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
			var remote string
			var w Whose
			err := r.Scan(&remote, &w.Delivery, &w.Post, &w.Kind)
			out[remote] = w
			return struct{}{}, err
		})
		if err != nil {
			return nil, fmt.Errorf("delivery: whose: %w", err)
		}
	}
	return out, nil
}

// Left is what Forgo could not take back.
type Left struct {
	Out  bool // something of the post is out, or may be
	Busy bool // a node is at work on it
}

// Forgo takes back all of a post that has not gone out, because its words must
// not stay: for a reason that people read, and with the texts and pictures that
// were made ready.
func Forgo(ctx context.Context, tx *db.Tx, brand, post, reason string) (left Left, err error) {
	ds, err := open(ctx, tx, brand, post)
	if err != nil {
		return left, err
	}
	for _, d := range ds {
		switch {
		case d.State.Busy():
			left.Busy = true
		case d.State == Published || d.State == Unknown || d.Out() > 0:
			left.Out = true
		case May(d.State, Cancelled, Team):
			if err := set(ctx, tx, d, Cancelled, Team, access.System(), reason); err != nil {
				return left, err
			}
		}
	}
	_, err = tx.ExecContext(ctx, `UPDATE part SET text = '', media = '', prepared = '' WHERE brand_id = $1 AND delivery_id IN (
		SELECT d.id FROM delivery d WHERE d.brand_id = $1 AND d.post_id = $2 AND d.state IN ('cancelled', 'removed')) AND state <> 'published'`, brand, post)
	if err != nil {
		return left, fmt.Errorf("delivery: forgo: %w", err)
	}
	return left, nil
}
