package db

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// Dialect is which database this is. Its methods are the true differences;
// their number is kept small.
type Dialect string

// The dialects.
const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
)

// SkipLocked ends a SELECT of rows to claim: other claimers pass over them.
// SQLite has one writer and needs no lock.
func (d Dialect) SkipLocked() string {
	if d == Postgres {
		return " FOR UPDATE SKIP LOCKED"
	}
	return ""
}

// Share ends a SELECT whose rows may be read by others but not changed until
// the transaction ends.
func (d Dialect) Share() string {
	if d == Postgres {
		return " FOR SHARE"
	}
	return ""
}

// Exclusive ends a SELECT whose rows nobody else may lock or change until the
// transaction ends.
func (d Dialect) Exclusive() string {
	if d == Postgres {
		return " FOR UPDATE"
	}
	return ""
}

func (d Dialect) clock() string {
	if d == Postgres {
		return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"
	}
	return "CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER)"
}

// IsDuplicate reports whether err is a broken unique rule.
func IsDuplicate(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "23505"
	}
	return sqliteDuplicate(err)
}

// IsFull reports whether the database could not write for want of space.
func IsFull(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "53100"
	}
	return sqliteFull(err)
}

func retryable(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

// ServerName is the database's name with its version, for people.
func (d *DB) ServerName(ctx context.Context) (string, error) {
	query, name := "SELECT sqlite_version()", "SQLite "
	if d.Dialect == Postgres {
		query, name = "SELECT current_setting('server_version')", "PostgreSQL "
	}
	var version string
	if err := d.QueryRowContext(ctx, query).Scan(&version); err != nil {
		return "", fmt.Errorf("db: version: %w", err)
	}
	version, _, _ = strings.Cut(version, " ")
	return name + version, nil
}
