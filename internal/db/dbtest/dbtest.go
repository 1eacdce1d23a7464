// Package dbtest gives tests a migrated database of their own: SQLite, or
// PostgreSQL where RAPPORT_TEST_POSTGRES holds the address of a server that
// the tests may create databases on.
package dbtest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"rapport/internal/db"
)

// Env names the variable with the PostgreSQL address.
const Env = "RAPPORT_TEST_POSTGRES"

// Open returns a migrated database that lives as long as the test.
func Open(t testing.TB) *db.DB {
	t.Helper()
	d, err := db.Open(context.Background(), Options(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// OpenSQLite returns a migrated SQLite database, also where the other tests run
// on PostgreSQL.
func OpenSQLite(t testing.TB) *db.DB {
	t.Helper()
	d, err := db.Open(context.Background(), sqlite(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// Options returns the address of a new migrated database, for tests that open
// it themselves, or from several processes.
func Options(t testing.TB) db.Options {
	t.Helper()
	if server := os.Getenv(Env); server != "" {
		return postgres(t, server)
	}
	return sqlite(t)
}

var fresh struct {
	once sync.Once
	file []byte
	err  error
}

// sqlite copies a database that was migrated once for the whole process.
func sqlite(t testing.TB) db.Options {
	t.Helper()
	fresh.once.Do(func() { fresh.file, fresh.err = migratedFile() })
	if fresh.err != nil {
		t.Fatal(fresh.err)
	}
	path := filepath.Join(t.TempDir(), "rapport.db")
	if err := os.WriteFile(path, fresh.file, 0o600); err != nil {
		t.Fatal(err)
	}
	return db.Options{Path: path}
}

func migratedFile() ([]byte, error) {
	dir, err := os.MkdirTemp("", "rapport-dbtest")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	first, copied := filepath.Join(dir, "a.db"), filepath.Join(dir, "b.db")
	d, err := db.Open(context.Background(), db.Options{Path: first})
	if err != nil {
		return nil, err
	}
	defer d.Close()
	if _, err := d.Migrate(context.Background()); err != nil {
		return nil, err
	}
	// A copy by SQLite itself holds everything in one file.
	if err := d.Backup(context.Background(), copied); err != nil {
		return nil, err
	}
	return os.ReadFile(copied)
}

var template struct {
	once sync.Once
	name string
	err  error
}

func postgres(t testing.TB, server string) db.Options {
	t.Helper()
	template.once.Do(func() { template.name, template.err = makeTemplate(server) })
	if template.err != nil {
		t.Fatal(template.err)
	}
	name := "t_" + filepath.Base(db.NewID())
	if err := admin(server, fmt.Sprintf(`CREATE DATABASE "%s" TEMPLATE "%s"`, name, template.name)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := admin(server, fmt.Sprintf(`DROP DATABASE IF EXISTS "%s" WITH (FORCE)`, name)); err != nil {
			t.Log(err)
		}
	})
	return db.Options{URL: withDatabase(server, name)}
}

// makeTemplate migrates one database for the process; the others are copies.
func makeTemplate(server string) (string, error) {
	name := "template_" + db.NewID()
	if err := admin(server, fmt.Sprintf(`CREATE DATABASE "%s" TEMPLATE template0`, name)); err != nil {
		return "", err
	}
	d, err := db.Open(context.Background(), db.Options{URL: withDatabase(server, name)})
	if err != nil {
		return "", err
	}
	defer d.Close()
	_, err = d.Migrate(context.Background())
	return name, err
}

func admin(server, statement string) error {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return fmt.Errorf("dbtest: %w", err)
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, statement)
	return err
}

func withDatabase(server, name string) string {
	u, err := url.Parse(server)
	if err != nil {
		return server
	}
	u.Path = "/" + name
	return u.String()
}
