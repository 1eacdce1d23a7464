package certificate_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/acme/autocert"

	"rapport/internal/certificate"
	"rapport/internal/db/dbtest"
	"rapport/internal/secret"
)

func TestCache(t *testing.T) {
	keys, err := secret.Create(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	c := certificate.Cache{DB: dbtest.Open(t), Keys: keys}
	ctx := t.Context()
	if _, err := c.Get(ctx, "a.example"); !errors.Is(err, autocert.ErrCacheMiss) {
		t.Errorf("nothing there: %v", err)
	}
	for _, text := range []string{"first", "BEGIN PRIVATE KEY"} {
		if err := c.Put(ctx, "a.example", []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	var row string
	if err := c.DB.QueryRowContext(ctx, `SELECT data FROM certificate`).Scan(&row); err != nil || strings.Contains(row, "PRIVATE") {
		t.Errorf("%q %v", row, err)
	}
	if _, err := keys.AddKey(); err != nil {
		t.Fatal(err)
	}
	if sealed, _, err := c.Reseal(ctx); sealed != 1 || err != nil {
		t.Errorf("%d sealed anew, %v", sealed, err)
	}
	if got, err := c.Get(ctx, "a.example"); err != nil || string(got) != "BEGIN PRIVATE KEY" {
		t.Errorf("%q %v", got, err)
	}
	foreign, err := secret.Create(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (certificate.Cache{DB: c.DB, Keys: foreign}).Get(ctx, "a.example"); !errors.Is(err, autocert.ErrCacheMiss) {
		t.Errorf("with a foreign key file: %v", err)
	}
	if err := c.Delete(ctx, "a.example"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Get(ctx, "a.example"); !errors.Is(err, autocert.ErrCacheMiss) {
		t.Errorf("after deleting: %v", err)
	}
}
