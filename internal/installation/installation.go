// Package installation knows which Rapport this is: its id, that it is alive,
// whether its database is still the one it left, and whether it has been set
// up. It decides nothing about brands or deliveries; it only says when the
// database is a copy or has gone back in time.
package installation

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"time"

	"rapport/internal/db"
)

// BeatEvery is how often a running node writes the heartbeat.
const BeatEvery = 5 * time.Second

// The keys of the installation table.
const (
	keyID      = "id"
	keyBeat    = "heartbeat"
	keyURL     = "public_url"
	keyRestore = "restored"
	keySetup   = "setup"
)

// Installation is this node of this Rapport.
type Installation struct {
	ID   string // of the database, the same on every node
	Node string // of this process, for leases and logs

	db        *db.DB
	witness   string
	publicURL string
	version   string
	startedAt db.Time // 0 before the first beat
}

// Place says where the installation stands.
type Place struct {
	Witness   string // file outside the data folder; "" keeps none
	PublicURL string // "" where the address means nothing, as in the demo
	Version   string // of the program, for the list of nodes
}

// Open identifies the database, giving a new one its id, and names this node.
func Open(ctx context.Context, d *db.DB, p Place) (*Installation, error) {
	in := &Installation{Node: nodeName(), db: d, witness: p.Witness, publicURL: p.PublicURL, version: p.Version}
	id, err := read(ctx, d, keyID)
	if err == nil && id == "" {
		id, err = in.born(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("installation: identify: %w", err)
	}
	in.ID = id
	return in, nil
}

func (in *Installation) born(ctx context.Context) (id string, err error) {
	_, err = in.db.ExecContext(ctx, `INSERT INTO installation (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING`,
		keyID, db.NewID())
	if err != nil {
		return "", err
	}
	return read(ctx, in.db, keyID)
}

// nodeName is unique for each start: a process that was killed must not find
// its own leases again.
func nodeName() string {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "node"
	}
	id := db.NewID()
	return host + "-" + id[len(id)-8:]
}

// read returns "" where the key is not set.
func read(ctx context.Context, q db.Queryer, key string) (string, error) {
	var v string
	err := q.QueryRowContext(ctx, `SELECT value FROM installation WHERE key = $1`, key).Scan(&v)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return v, err
}

func write(ctx context.Context, tx *db.Tx, key, value string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO installation (key, value) VALUES ($1, $2)
		ON CONFLICT (key) DO UPDATE SET value = excluded.value`, key, value)
	return err
}

func readTime(ctx context.Context, q db.Queryer, key string) (db.Time, error) {
	v, err := read(ctx, q, key)
	if err != nil || v == "" {
		return 0, err
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("the value of %s: %w", key, err)
	}
	return db.Time(n), nil
}

// LastBeat is when any node last said that it is alive; 0 before the first.
func LastBeat(ctx context.Context, q db.Queryer) (db.Time, error) {
	at, err := readTime(ctx, q, keyBeat)
	if err != nil {
		return 0, fmt.Errorf("installation: heartbeat: %w", err)
	}
	return at, nil
}

// Beat says that this node is alive, first in the database and only then in
// the witness, so that the witness is never ahead of its own database. The
// database's heartbeat never goes back.
func (in *Installation) Beat(ctx context.Context) error {
	var at db.Time
	err := in.db.Tx(ctx, func(tx *db.Tx) error {
		at = tx.Now()
		_, err := tx.ExecContext(ctx, `INSERT INTO installation (key, value) VALUES ($1, $2)
			ON CONFLICT (key) DO UPDATE SET value = excluded.value
			WHERE CAST(installation.value AS BIGINT) < CAST(excluded.value AS BIGINT)`,
			keyBeat, strconv.FormatInt(int64(at), 10))
		return errors.Join(err, in.note(ctx, tx))
	}, db.Durable, db.RowLocks)
	if err != nil {
		return fmt.Errorf("installation: heartbeat: %w", err)
	}
	return in.writeWitness(at)
}

// Run beats until ctx ends. A beat that fails is logged and tried again.
func (in *Installation) Run(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(BeatEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := in.Beat(ctx); err != nil && ctx.Err() == nil {
			log.Warn("the heartbeat failed", "error", err)
		}
	}
}

// Node is a process that runs, or ran within the last day.
type Node struct {
	Name      string
	Version   string
	StartedAt db.Time
	SeenAt    db.Time
	Alive     bool
}

const nodesKept = 24 * time.Hour

// note writes down that this node is alive, and forgets those that were not
// seen for a day.
func (in *Installation) note(ctx context.Context, tx *db.Tx) error {
	if in.startedAt == 0 {
		in.startedAt = tx.Now()
		if _, err := tx.ExecContext(ctx, `DELETE FROM node WHERE seen_at < $1`, tx.Now().Add(-nodesKept)); err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO node (name, version, started_at, seen_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at`, in.Node, in.version, in.startedAt, tx.Now())
	return err
}

// Nodes lists the processes that run and those that ran within the last day,
// the last seen first.
func Nodes(ctx context.Context, q db.Queryer) ([]Node, error) {
	rows, err := q.QueryContext(ctx, `SELECT name, version, started_at, seen_at FROM node WHERE seen_at > $1 ORDER BY seen_at DESC, name LIMIT 50`, q.Now().Add(-nodesKept))
	all, err := db.Collect(rows, err, func(r *sql.Rows) (n Node, err error) {
		err = r.Scan(&n.Name, &n.Version, &n.StartedAt, &n.SeenAt)
		n.Alive = q.Now().Sub(n.SeenAt) < nodeAlive
		return n, err
	})
	if err != nil {
		return nil, fmt.Errorf("installation: nodes: %w", err)
	}
	return all, nil
}
