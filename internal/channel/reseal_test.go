package channel_test

import (
	"context"
	"path/filepath"
	"testing"

	"rapport/internal/channel"
	"rapport/internal/secret"
)

// A key is rotated by another process while this one runs.
func TestReseal(t *testing.T) {
	w := open(t)
	file := filepath.Join(t.TempDir(), "key")
	keys, err := secret.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	w.cs.Keys = keys
	c := w.connect(t)
	was := w.sealed(t)

	console, err := secret.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := console.AddKey(); err != nil {
		t.Fatal(err)
	}
	there := &channel.Channels{DB: w.d, Keys: console}
	if sealed, broken, err := there.Reseal(context.Background()); sealed != 1 || broken != 0 || err != nil {
		t.Fatalf("%d sealed, %d broken, %v", sealed, broken, err)
	}
	if now := w.sealed(t); now == was || console.NeedsReseal(now) {
		t.Error("it is sealed as before")
	}
	if got := w.credential(t, c.ID); got["token"] != "one" {
		t.Errorf("the process that ran all the time reads %d fields", len(got))
	}
	if sealed, _, err := there.Reseal(context.Background()); sealed != 0 || err != nil {
		t.Errorf("the second time %d are sealed, %v", sealed, err)
	}

	stranger, err := secret.Create(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	if _, broken, err := (&channel.Channels{DB: w.d, Keys: stranger}).Reseal(context.Background()); broken != 1 || err != nil {
		t.Errorf("with another key file %d are broken, %v", broken, err)
	}
	if got := w.credential(t, c.ID); got["token"] != "one" {
		t.Error("a foreign key file broke it")
	}
}

func (w *world) sealed(t *testing.T) (text string) {
	t.Helper()
	if err := w.d.QueryRowContext(ctx, `SELECT credential FROM channel WHERE brand_id = $1`, w.brand).Scan(&text); err != nil {
		t.Fatal(err)
	}
	return text
}
