package db

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrate brings the schema up to date and returns how many steps it took.
func (d *DB) Migrate(ctx context.Context) (int, error) {
	p, err := d.provider()
	if err != nil {
		return 0, err
	}
	done, err := p.Up(ctx)
	if err != nil {
		return len(done), fmt.Errorf("db: migrate: %w", err)
	}
	return len(done), nil
}

// SchemaVersion is the number of the newest migration that was applied, and
// the newest this program knows.
func (d *DB) SchemaVersion(ctx context.Context) (applied, known int64, err error) {
	p, err := d.provider()
	if err != nil {
		return 0, 0, err
	}
	for _, s := range p.ListSources() {
		known = max(known, s.Version)
	}
	applied, err = p.GetDBVersion(ctx)
	return applied, known, err
}

func (d *DB) provider() (*goose.Provider, error) {
	dialect := goose.DialectSQLite3
	if d.Dialect == Postgres {
		dialect = goose.DialectPostgres
	}
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	var handle *sql.DB = d.write
	p, err := goose.NewProvider(dialect, handle, dialectFS{sub, d.Dialect}, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("db: migrations: %w", err)
	}
	return p, nil
}

// dialectFS shows the files that are for one dialect: x.sql is for both,
// x.sqlite.sql and x.postgres.sql for one, under the name x.sql.
type dialectFS struct {
	fs.FS
	dialect Dialect
}

func (f dialectFS) suffix() string { return "." + string(f.dialect) + ".sql" }

func (f dialectFS) Open(name string) (fs.File, error) {
	if file, err := f.FS.Open(strings.TrimSuffix(name, ".sql") + f.suffix()); err == nil {
		return file, nil
	}
	return f.FS.Open(name)
}

// Glob honours the pattern: goose asks for *.sql and *.go apart.
func (f dialectFS) Glob(pattern string) ([]string, error) {
	entries, err := fs.ReadDir(f.FS, ".")
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		name, mine := f.visible(e.Name())
		if !mine {
			continue
		}
		if ok, err := path.Match(pattern, name); err != nil {
			return nil, err
		} else if ok {
			out = append(out, name)
		}
	}
	return out, nil
}

func (f dialectFS) visible(file string) (name string, mine bool) {
	for _, d := range []Dialect{SQLite, Postgres} {
		if s := "." + string(d) + ".sql"; strings.HasSuffix(file, s) {
			return strings.TrimSuffix(file, s) + ".sql", d == f.dialect
		}
	}
	return file, true
}
