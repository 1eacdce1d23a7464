package webhook

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"time"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/outbox"
	"rapport/internal/secret"
)

// Topic is the signal that a call waits.
const Topic = "webhook"

// CallState says where a call stands.
type CallState string

// The states of a call.
const (
	Waiting CallState = "waiting" // for its next try
	Arrived CallState = "arrived" // the receiver said yes
	Failed  CallState = "failed"  // given up
)

// Call is one event for one endpoint. Its id is the same on every try.
type Call struct {
	ID        string
	Endpoint  string
	Type      string
	Body      string // JSON, as it is sent
	State     CallState
	Tries     int
	NextAt    db.Time // of the next try, while it waits
	Status    int     // of the last answer; 0 where there was none
	CreatedAt db.Time
	DoneAt    db.Time
}

// Try is one sending of a call.
type Try struct {
	ID     string
	At     db.Time
	Took   time.Duration
	Status int    // of the answer; 0 where there was none
	Answer string // its beginning
	Error  string // why it did not arrive, for a person
}

const (
	longestAnswer = 1 << 10 // bytes of an answer that are kept
	// lease is how long a node may be at a try: longer than a call takes.
	lease = 60 * time.Second
	// patience is how long an endpoint may fail before it is disabled.
	patience = 5 * 24 * time.Hour
	slowest  = 24 * time.Hour // the longest wait that a receiver may ask for
)

// waits are those after the first, the second and each later try.
var waits = []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour}

// MostTries is after how many tries a call is given up.
var MostTries = len(waits) + 1

const callColumns = `id, webhook_id, type, body, state, tries, next_at, status, created_at, done_at`

func scanCall(row interface{ Scan(...any) error }) (c Call, err error) {
	err = row.Scan(&c.ID, &c.Endpoint, &c.Type, &c.Body, &c.State, &c.Tries, &c.NextAt, &c.Status, &c.CreatedAt, &c.DoneAt)
	return c, err
}

// Wanting returns the brand's endpoints that an event of the type goes to, for
// the program itself.
func Wanting(ctx context.Context, q db.Queryer, brandID, name string) ([]Endpoint, error) {
	all, err := list(ctx, q, `brand_id = $1 AND state = 'active'`, brandID)
	var out []Endpoint
	for _, e := range all {
		for _, wanted := range e.Events {
			if wanted == name {
				out = append(out, e)
			}
		}
	}
	return out, err
}

// Add writes a call, once for an endpoint and an event.
func Add(ctx context.Context, tx *db.Tx, e Endpoint, event, name, body string) (Call, error) {
	c := Call{ID: "msg_" + db.NewID(), Endpoint: e.ID, Type: name, Body: body, State: Waiting, NextAt: tx.Now(), CreatedAt: tx.Now()}
	_, err := tx.ExecContext(ctx, `INSERT INTO webhook_call (id, brand_id, webhook_id, event_id, type, body, state, next_at, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, 'waiting', $7, $8) ON CONFLICT (webhook_id, event_id) DO NOTHING`,
		c.ID, e.Brand, e.ID, event, name, body, c.NextAt, c.CreatedAt)
	if err != nil {
		return c, fmt.Errorf("webhook: add a call: %w", err)
	}
	tx.Notify(Topic, "")
	return c, nil
}

// Due lists ids of calls whose time has come, the longest due first, with the
// endpoint of each; those of endpoints that are busy here are left out.
func Due(ctx context.Context, q db.Queryer, limit int, busy []string) (calls []Call, err error) {
	args := []any{q.Now(), limit}
	without := ""
	if len(busy) > 0 {
		without = ` AND webhook_id NOT IN (` + db.In(3, len(busy)) + `)`
		for _, id := range busy {
			args = append(args, id)
		}
	}
	rows, err := q.QueryContext(ctx, `SELECT `+callColumns+` FROM webhook_call
		WHERE state = 'waiting' AND next_at <= $1`+without+` ORDER BY next_at, id LIMIT $2`, args...)
	calls, err = db.Collect(rows, err, func(r *sql.Rows) (Call, error) { return scanCall(r) })
	if err != nil {
		return nil, fmt.Errorf("webhook: due: %w", err)
	}
	return calls, nil
}

// NextDue is when the next call that still waits for its time has it, 0 where
// none waits.
func NextDue(ctx context.Context, q db.Queryer) (at db.Time, err error) {
	err = q.QueryRowContext(ctx, `SELECT next_at FROM webhook_call WHERE state = 'waiting' AND next_at > $1 ORDER BY next_at, id LIMIT 1`, q.Now()).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("webhook: next: %w", err)
	}
	return at, nil
}

// Claimed is a call that this node alone may send now.
type Claimed struct {
	Call
	To      Endpoint
	secrets []secret.Text
}

// Claim takes a call for one try, which counts from now on: a node that dies
// leaves it to be tried again after a minute. It reports false where another
// node was faster, or where there is nothing to send.
func (ws *Webhooks) Claim(ctx context.Context, id string) (c Claimed, ok bool, err error) {
	err = ws.DB.Tx(ctx, func(tx *db.Tx) error {
		c, ok = Claimed{}, false
		now := tx.DB.NowSQL()
		res, err := tx.ExecContext(ctx, `UPDATE webhook_call SET tries = tries + 1, next_at = `+now+` + $2
			WHERE id = $1 AND state = 'waiting' AND next_at <= `+now, id, lease.Milliseconds())
		if err != nil {
			return fmt.Errorf("webhook: claim: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		c.Call, err = scanCall(tx.QueryRowContext(ctx, `SELECT `+callColumns+` FROM webhook_call WHERE id = $1`, id))
		if err != nil {
			return fmt.Errorf("webhook: claim: %w", err)
		}
		ok, err = ws.ready(ctx, tx, &c)
		return err
	}, db.RowLocks)
	return c, ok && err == nil, err
}

// ready reads the endpoint of a claimed call. One that does not send any more
// ends the call.
func (ws *Webhooks) ready(ctx context.Context, tx *db.Tx, c *Claimed) (bool, error) {
	opened, err := ws.unlock(ctx, tx, c)
	switch {
	case err != nil:
		return false, err
	case c.To.State != Active:
		return false, finish(ctx, tx, c.Call, Failed, Try{At: tx.Now(), Error: "The webhook was paused or disabled before its turn came."})
	case !opened:
		return false, finish(ctx, tx, c.Call, Failed, Try{At: tx.Now(), Error: locked})
	}
	return true, nil
}

const locked = "The webhook's secret cannot be opened with the key file. Make a new secret."

// unlock reads the endpoint of a call and opens its secrets. It reports false
// where no key opens them.
func (ws *Webhooks) unlock(ctx context.Context, tx *db.Tx, c *Claimed) (bool, error) {
	var now, old string
	var err error
	c.To, err = scan(tx.QueryRowContext(ctx, `SELECT `+columns+`, secret, old_secret FROM webhook WHERE id = $1`, c.Endpoint), &now, &old)
	if err != nil {
		return false, fmt.Errorf("webhook: claim: %w", err)
	}
	sealed := []string{now}
	if old != "" && c.To.OldUntil > tx.Now() {
		sealed = append(sealed, old)
	}
	for _, s := range sealed {
		plain, err := ws.open(c.To, s)
		if err != nil {
			return false, nil
		}
		c.secrets = append(c.secrets, plain)
	}
	return true, nil
}

// Probe writes a call of TestType that the caller sends at once, also to an
// endpoint that is paused.
func (ws *Webhooks) Probe(ctx context.Context, who access.Who, brandID, id string, body func(at db.Time) string) (c Claimed, err error) {
	err = ws.DB.Tx(ctx, func(tx *db.Tx) error {
		c = Claimed{}
		e, err := ByID(ctx, tx, who, brandID, id)
		if err != nil {
			return err
		}
		if c.Call, err = Add(ctx, tx, e, db.NewID(), TestType, body(tx.Now())); err != nil {
			return err
		}
		c.Tries = 1
		if _, err := tx.ExecContext(ctx, `UPDATE webhook_call SET tries = 1, next_at = next_at + $2 WHERE id = $1`, c.ID, lease.Milliseconds()); err != nil {
			return fmt.Errorf("webhook: probe: %w", err)
		}
		opened, err := ws.unlock(ctx, tx, &c)
		if err == nil && !opened {
			err = fault.New(fault.Conflict, locked)
		}
		if err != nil {
			return err
		}
		return record(ctx, tx, who, e, "webhook.tested", nil)
	})
	return c, err
}

func finish(ctx context.Context, tx *db.Tx, c Call, s CallState, t Try) error {
	_, err := tx.ExecContext(ctx, `UPDATE webhook_call SET state = $2, status = $3, done_at = $4 WHERE id = $1`, c.ID, s, t.Status, tx.Now())
	if err == nil {
		err = insertTry(ctx, tx, c, t)
	}
	if err != nil {
		return fmt.Errorf("webhook: finish: %w", err)
	}
	return nil
}

func insertTry(ctx context.Context, tx *db.Tx, c Call, t Try) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO webhook_try (id, call_id, at, took_ms, status, answer, error) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		db.NewID(), c.ID, t.At, t.Took.Milliseconds(), t.Status, cut(t.Answer, longestAnswer), cut(t.Error, longestAnswer))
	return err
}

// Outcome is how a try ended.
type Outcome struct {
	Try
	Wait time.Duration // what the receiver asked to wait; 0 for nothing
	Only bool          // this try is the only one, whatever comes
}

func (o Outcome) arrived() bool { return o.Status >= 200 && o.Status < 300 }

// Settle writes down how a try ended: the call has arrived, is tried again
// later or is given up, and an endpoint that failed too long, or says that it
// is gone, is disabled and its owners are told. spread lengthens a wait a
// little, so that calls that failed together do not return together.
func (ws *Webhooks) Settle(ctx context.Context, c Claimed, o Outcome, spread func(time.Duration) time.Duration) error {
	// The receiver's word is kept even if the program is stopping.
	return ws.DB.Tx(context.WithoutCancel(ctx), func(tx *db.Tx) error {
		if o.arrived() {
			return errors.Join(finish(ctx, tx, c.Call, Arrived, o.Try), worked(ctx, tx, c.To))
		}
		if err := later(ctx, tx, c.Call, o, spread); err != nil {
			return err
		}
		return failing(ctx, tx, c.To, o)
	})
}

// later plans the next try, or gives the call up.
func later(ctx context.Context, tx *db.Tx, c Call, o Outcome, spread func(time.Duration) time.Duration) error {
	if o.Only || c.Tries >= MostTries || o.Status == http.StatusGone {
		return finish(ctx, tx, c, Failed, o.Try)
	}
	wait := max(spread(waits[c.Tries-1]), min(o.Wait, slowest))
	_, err := tx.ExecContext(ctx, `UPDATE webhook_call SET status = $2, next_at = $3 WHERE id = $1`, c.ID, o.Status, tx.Now().Add(wait))
	if err == nil {
		err = insertTry(ctx, tx, c, o.Try)
	}
	if err != nil {
		return fmt.Errorf("webhook: settle: %w", err)
	}
	return nil
}

// worked notes that an endpoint takes calls, to the minute.
func worked(ctx context.Context, tx *db.Tx, e Endpoint) error {
	_, err := tx.ExecContext(ctx, `UPDATE webhook SET failing_at = 0, arrived_at = $2 WHERE id = $1 AND (failing_at <> 0 OR arrived_at < $3)`,
		e.ID, tx.Now(), tx.Now().Add(-time.Minute))
	if err != nil {
		return fmt.Errorf("webhook: worked: %w", err)
	}
	return nil
}

func failing(ctx context.Context, tx *db.Tx, e Endpoint, o Outcome) error {
	e, err := scan(tx.QueryRowContext(ctx, `SELECT `+columns+` FROM webhook WHERE id = $1`, e.ID))
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("webhook: failing: %w", err)
	}
	if e.State != Active {
		return nil
	}
	if e.FailingAt == 0 {
		e.FailingAt = tx.Now()
	}
	switch {
	case o.Status == http.StatusGone:
		e.State, e.Reason = Disabled, "The receiver says that it is gone for good (410)."
	case tx.Now().Sub(e.FailingAt) >= patience && !o.Only:
		e.State, e.Reason = Disabled, "Every call failed for five days."
	}
	if err := update(ctx, tx, e); err != nil || e.State == Active {
		return err
	}
	if err := audit.Record(ctx, tx, access.System(), audit.Entry{Brand: e.Brand, Act: "webhook.disabled", Subject: e.ID,
		Detail: map[string]string{"name": e.Host(), "reason": e.Reason}}); err != nil {
		return err
	}
	return outbox.Add(ctx, tx, outbox.Event{Brand: e.Brand, Kind: "webhook.disabled", Subject: e.ID})
}

// Filter narrows a log. What is empty narrows nothing.
type Filter struct {
	State CallState
}

// Calls is the log of an endpoint, the newest first.
func Calls(ctx context.Context, q db.Queryer, who access.Who, brandID, id string, f Filter, page db.Page) ([]Call, string, error) {
	if _, err := ByID(ctx, q, who, brandID, id); err != nil {
		return nil, "", err
	}
	at, last, err := page.Key()
	if err != nil {
		return nil, "", err
	}
	size := page.Size(30, 200)
	args, where := []any{id, at, last, size + 1}, ""
	switch f.State {
	case "":
	case Waiting, Arrived, Failed:
		args, where = append(args, f.State), ` AND state = $5`
	default:
		return nil, "", fault.OnField("state", "Choose waiting, arrived or failed.")
	}
	rows, err := q.QueryContext(ctx, `SELECT `+callColumns+` FROM webhook_call WHERE webhook_id = $1 AND (created_at, id) < ($2, $3)`+where+`
		ORDER BY created_at DESC, id DESC LIMIT $4`, args...)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (Call, error) { return scanCall(r) })
	if err != nil {
		return nil, "", fmt.Errorf("webhook: calls: %w", err)
	}
	if len(all) <= size {
		return all, "", nil
	}
	end := all[size-1]
	return all[:size], db.Cursor(end.CreatedAt, end.ID), nil
}

// CallByID returns a call of the endpoint with its tries, the oldest first.
func CallByID(ctx context.Context, q db.Queryer, who access.Who, brandID, id, call string) (Call, []Try, error) {
	if _, err := ByID(ctx, q, who, brandID, id); err != nil {
		return Call{}, nil, err
	}
	c, err := callByID(ctx, q, id, call)
	if err != nil {
		return c, nil, err
	}
	rows, err := q.QueryContext(ctx, `SELECT id, at, took_ms, status, answer, error FROM webhook_try WHERE call_id = $1 ORDER BY at, id LIMIT 200`, call)
	tries, err := db.Collect(rows, err, func(r *sql.Rows) (t Try, err error) {
		var ms int64
		err = r.Scan(&t.ID, &t.At, &ms, &t.Status, &t.Answer, &t.Error)
		t.Took = time.Duration(ms) * time.Millisecond
		return t, err
	})
	if err != nil {
		return c, nil, fmt.Errorf("webhook: tries: %w", err)
	}
	return c, tries, nil
}

func callByID(ctx context.Context, q db.Queryer, id, call string) (Call, error) {
	c, err := scanCall(q.QueryRowContext(ctx, `SELECT `+callColumns+` FROM webhook_call WHERE webhook_id = $1 AND id = $2`, id, call))
	if errors.Is(err, sql.ErrNoRows) {
		return c, fault.New(fault.NotFound, "There is no such call. Calls are kept for 30 days.")
	}
	if err != nil {
		return c, fmt.Errorf("webhook: call: %w", err)
	}
	return c, nil
}

// Sweep forgets calls older than Keep that do not wait, and earlier secrets
// whose time is over.
func Sweep(ctx context.Context, d *db.DB) error {
	_, err := d.ExecContext(ctx, `DELETE FROM webhook_call WHERE id IN (SELECT id FROM webhook_call
		WHERE created_at < $1 AND state <> 'waiting' ORDER BY created_at LIMIT 5000)`, d.Now().Add(-Keep))
	if err == nil {
		_, err = d.ExecContext(ctx, `UPDATE webhook SET old_secret = '' WHERE old_secret <> '' AND old_until <= $1`, d.Now())
	}
	if err != nil {
		return fmt.Errorf("webhook: sweep: %w", err)
	}
	return nil
}
