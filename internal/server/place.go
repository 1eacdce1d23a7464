package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/secret"
)

// place is where an installation's things lie. Keys and witness stand beside
// the data folder, not in it: a copy of the folder alone opens no secret and
// is known for a copy.
type place struct {
	Data        string      `default:"rapport-data" placeholder:"DIR" help:"Folder for the database and the media."`
	DatabaseURL secret.Text `placeholder:"URL" help:"PostgreSQL address; without it SQLite in the data folder."`
	KeyFile     string      `placeholder:"FILE" help:"File with the keys of sealed secrets; by default the data folder's name with .key."`
}

func (p place) database() string { return filepath.Join(p.Data, "rapport.db") }
func (p place) media() string    { return filepath.Join(p.Data, "media") }
func (p place) network() string  { return filepath.Join(p.Data, "demo-network.jsonl") }
func (p place) beside(ext string) string {
	return filepath.Clean(p.Data) + ext
}

func (p place) keyFile() string {
	if p.KeyFile != "" {
		return p.KeyFile
	}
	return p.beside(".key")
}

func (p place) witness() string { return p.beside(".witness") }

// absolute makes the paths independent of the working folder.
func (p place) absolute() (place, error) {
	var err error
	if p.Data, err = filepath.Abs(p.Data); err != nil {
		return p, fmt.Errorf("server: the data folder: %w", err)
	}
	return p, nil
}

// make creates the data folder for its owner only.
func (p place) make() error {
	if err := os.MkdirAll(p.Data, 0o700); err != nil {
		return fault.As(fault.Unavailable, err, "The data folder %s cannot be made (%v). Choose another with --data.", p.Data, cause(err))
	}
	return nil
}

// cause is the system's short reason: "permission denied".
func cause(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// exists reports whether there is a database to work on. It makes none.
func (p place) exists() error {
	if p.DatabaseURL != "" {
		return nil
	}
	if _, err := os.Stat(p.database()); err != nil {
		return fault.As(fault.NotFound, err, "There is no Rapport in %s. Say where it is with --data or --database-url.", p.Data)
	}
	return nil
}

func (p place) open(ctx context.Context) (*db.DB, error) {
	o := db.Options{Path: p.database()}
	if p.DatabaseURL != "" {
		o = db.Options{URL: p.DatabaseURL.Reveal()}
	}
	d, err := db.Open(ctx, o)
	if err != nil {
		return nil, fault.As(fault.Unavailable, err, "The database cannot be opened: %v.", err)
	}
	return d, nil
}

// openReady opens an existing database whose schema fits this program, for
// commands at the console.
func (p place) openReady(ctx context.Context) (*db.DB, error) {
	p, err := p.absolute()
	if err != nil {
		return nil, err
	}
	if err := p.exists(); err != nil {
		return nil, err
	}
	d, err := p.open(ctx)
	if err != nil {
		return nil, err
	}
	applied, known, err := d.SchemaVersion(ctx)
	if err == nil && applied != known {
		err = schemaFault(applied, known)
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func schemaFault(applied, known int64) error {
	if applied > known {
		return fault.New(fault.Conflict, "The database is from a newer Rapport (schema %d, this program knows %d). Use that one.", applied, known)
	}
	return fault.New(fault.Conflict, "The database is from an older Rapport (schema %d of %d). Run “rapport migrate” first.", applied, known)
}

// upgrade brings the schema up to date, but never touches a newer one.
func upgrade(ctx context.Context, d *db.DB) (steps int, err error) {
	applied, known, err := d.SchemaVersion(ctx)
	switch {
	case err != nil:
		return 0, fmt.Errorf("server: the schema: %w", err)
	case applied > known:
		return 0, schemaFault(applied, known)
	case applied == known:
		return 0, nil
	}
	return d.Migrate(ctx)
}

type migrateCommand struct {
	place
}

func (m *migrateCommand) Run(c *console) error {
	p, err := m.place.absolute()
	if err != nil {
		return err
	}
	if err := p.make(); err != nil {
		return err
	}
	d, err := p.open(c.ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	n, err := upgrade(c.ctx, d)
	if err != nil {
		return err
	}
	if n == 0 {
		fmt.Fprintln(c.out, "The database is up to date.")
		return nil
	}
	fmt.Fprintf(c.out, "The database is up to date; it took %d steps.\n", n)
	return nil
}
