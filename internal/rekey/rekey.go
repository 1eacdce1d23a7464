// Package rekey seals with the newest key what an older one sealed, on all of
// the database, and knows which keys are still needed. It knows where sealed
// texts stand; how each is opened is known by the package that sealed it.
package rekey

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/job"
	"rapport/internal/secret"
)

// Column is where sealed texts stand.
type Column struct {
	Table, Name string
	// Passing says why its texts are not sealed anew: they are gone before a
	// key is. "" for all others.
	Passing string
}

// Columns is every column that holds sealed texts. A test compares it with the
// migrations, so that none is forgotten.
var Columns = []Column{
	{"channel", "credential", ""},
	{"sign_in", "secret", "a sign-in under way ends within 15 minutes"},
	{"network_app", "secret", ""},
	{"webhook", "secret", ""},
	{"webhook", "old_secret", ""},
	{"certificate", "data", ""},
	{"second_factor", "secret", ""},
	{"letter", "veiled", "a letter is sent or given up within days"},
}

// Part is a package that seals. Reseal seals with the newest key what an older
// one sealed, and counts it; broken counts what no key opens. It may run beside
// a server, and again after it was cut short.
type Part interface {
	Reseal(ctx context.Context) (sealed, broken int, err error)
}

// Done is what came of sealing anew.
type Done struct {
	Sealed int
	Broken int // opens with no key of the file
}

// All seals anew whatever needs it. A part that fails does not keep the others
// from it.
func All(ctx context.Context, parts ...Part) (Done, error) {
	var out Done
	var errs []error
	for _, p := range parts {
		sealed, broken, err := p.Reseal(ctx)
		out.Sealed += sealed
		out.Broken += broken
		errs = append(errs, err)
	}
	return out, errors.Join(errs...)
}

// sealing is the job that seals anew.
type sealing struct{}

// Kind names the job.
func (sealing) Kind() string { return "secret.reseal" }

// Work lets a job look after each start, and once a day, whether something is
// sealed with an older key.
func Work(w *job.Workers, parts ...Part) {
	job.Handle(w, func(ctx context.Context, _ sealing) error {
		_, err := All(ctx, parts...)
		return err
	})
	w.Every(24*time.Hour, sealing{})
}

// Use is how much a key still seals.
type Use struct {
	Key    string // its public id
	Newest bool
	Texts  int
	Known  bool // it is in the key file
}

// Count counts the texts of each key, the newest key first. Keys that are not
// in the file come last.
func Count(ctx context.Context, q db.Queryer, keys *secret.Keyring) ([]Use, error) {
	n := map[string]int{}
	for _, c := range Columns {
		// "v1.0123abcd.…": the id stands at a fixed place.
		rows, err := q.QueryContext(ctx, `SELECT SUBSTR(`+c.Name+`, 4, 8), COUNT(*) FROM `+c.Table+` WHERE `+c.Name+` <> '' GROUP BY SUBSTR(`+c.Name+`, 4, 8)`)
		_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
			var id string
			var texts int
			err := r.Scan(&id, &texts)
			n[id] += texts
			return struct{}{}, err
		})
		if err != nil {
			return nil, fmt.Errorf("rekey: count %s: %w", c.Table, err)
		}
	}
	var out []Use
	ids := keys.IDs()
	for i, id := range slices.Backward(ids) {
		out = append(out, Use{Key: id, Newest: i == len(ids)-1, Texts: n[id], Known: true})
		delete(n, id)
	}
	for id, texts := range n {
		out = append(out, Use{Key: id, Texts: texts})
	}
	return out, nil
}

// Forget takes the keys out of the file that seal nothing any more, and
// returns them. Backups from before hold texts that only those keys open.
func Forget(ctx context.Context, q db.Queryer, keys *secret.Keyring) ([]string, error) {
	all, err := Count(ctx, q, keys)
	if err != nil {
		return nil, err
	}
	var idle []string
	for _, u := range all {
		if u.Known && !u.Newest && u.Texts == 0 {
			idle = append(idle, u.Key)
		}
	}
	if len(idle) == 0 {
		return nil, nil
	}
	if err := keys.Forget(idle...); err != nil {
		return nil, err
	}
	return idle, nil
}

// Missing is the fault of texts that no key opens, nil where there are none.
func (d Done) Missing() error {
	if d.Broken == 0 {
		return nil
	}
	return fault.New(fault.Conflict, "%d sealed texts open with no key of the file: connect these channels again and make new secrets for webhooks.", d.Broken)
}
