package person_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/fault"
	"rapport/internal/network"
	"rapport/internal/person"
)

var ctx = context.Background()

func newBrand(t testing.TB, d *db.DB) string {
	t.Helper()
	id := db.NewID()
	if _, err := d.ExecContext(ctx, `INSERT INTO brand (id, slug, name, color, zone, created_at) VALUES ($1, $1, 'N', '#000000', 'UTC', 1)`, id); err != nil {
		t.Fatal(err)
	}
	return id
}

func newChannel(t testing.TB, d *db.DB, brand string) string {
	t.Helper()
	id := db.NewID()
	if _, err := d.ExecContext(ctx, `INSERT INTO channel (id, brand_id, network, remote_id, handle, name, credential, limits, state, state_at, created_at)
		VALUES ($1, $2, 'demo', $1, '@us', 'Us', '', '{}', 'connected', 1, 1)`, id, brand); err != nil {
		t.Fatal(err)
	}
	return id
}

func seen(t testing.TB, d *db.DB, brand, network string, a network.Author, at db.Time) person.Identity {
	t.Helper()
	var i person.Identity
	if err := d.Tx(ctx, func(tx *db.Tx) (err error) { i, err = person.Seen(ctx, tx, brand, network, a, at); return err }); err != nil {
		t.Fatal(err)
	}
	return i
}

func TestOneIdentityIsOnePerson(t *testing.T) {
	d := dbtest.Open(t)
	b1, b2 := newBrand(t, d), newBrand(t, d)
	mira := network.Author{ID: "1", Handle: "@mira", Name: "Mira"}
	first := seen(t, d, b1, "demo", mira, 100)
	for _, c := range []struct {
		name string
		got  person.Identity
		same bool
	}{
		{"seen again", seen(t, d, b1, "demo", mira, 200), true},
		{"renamed", seen(t, d, b1, "demo", network.Author{ID: "1", Handle: "@mira2", Name: "M"}, 300), true},
		{"same name, other account", seen(t, d, b1, "demo", network.Author{ID: "2", Handle: "@mira", Name: "Mira"}, 100), false},
		{"same id, other network", seen(t, d, b1, "other", mira, 100), false},
		{"same id, other brand", seen(t, d, b2, "demo", mira, 100), false},
	} {
		if (c.got.Person == first.Person) != c.same || (c.got.ID == first.ID) != c.same {
			t.Errorf("%s: person %s, identity %s; first %s, %s", c.name, c.got.Person, c.got.ID, first.Person, first.ID)
		}
	}
}

func TestNewerWordsReplaceOlderOnes(t *testing.T) {
	d := dbtest.Open(t)
	b := newBrand(t, d)
	seen(t, d, b, "demo", network.Author{ID: "1", Handle: "@a", Name: "Second"}, 200)
	old := seen(t, d, b, "demo", network.Author{ID: "1", Handle: "@a", Name: "First"}, 100)
	if old.Name != "Second" {
		t.Errorf("an older message renamed them to %q", old.Name)
	}
	seen(t, d, b, "demo", network.Author{ID: "1", Handle: "@a", Name: "Third", AvatarURL: "javascript:alert(1)"}, 300)
	var name, avatar string
	if err := d.QueryRowContext(ctx, `SELECT name, avatar_url FROM person WHERE brand_id = $1`, b).Scan(&name, &avatar); err != nil || name != "Third" || avatar != "" {
		t.Errorf("the person is %q %q, %v", name, avatar, err)
	}
	if _, err := d.ExecContext(ctx, `UPDATE person SET name = 'Our Mira' WHERE brand_id = $1`, b); err != nil {
		t.Fatal(err)
	}
	seen(t, d, b, "demo", network.Author{ID: "1", Handle: "@a", Name: "Fourth"}, 400)
	if err := d.QueryRowContext(ctx, `SELECT name FROM person WHERE brand_id = $1`, b).Scan(&name); err != nil || name != "Our Mira" {
		t.Errorf("the team's name became %q, %v", name, err)
	}
}

func TestHostileAuthors(t *testing.T) {
	d := dbtest.Open(t)
	b := newBrand(t, d)
	i := seen(t, d, b, "demo", network.Author{ID: "1\x00", Handle: "@a\n\tb", Name: strings.Repeat("x", 9000) + "\xff\x00"}, 1)
	if i.RemoteID != "1" || i.Handle != "@a b" || len(i.Name) != 200 {
		t.Errorf("kept %q %q and a name of %d bytes", i.RemoteID, i.Handle, len(i.Name))
	}
	err := d.Tx(ctx, func(tx *db.Tx) error {
		_, err := person.Seen(ctx, tx, b, "demo", network.Author{Name: "Nobody"}, 1)
		return err
	})
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("an author without an id: %v", err)
	}
}

func TestTwoNodesMeetSomebodyAtOnce(t *testing.T) {
	d := dbtest.Open(t)
	b := newBrand(t, d)
	c := newChannel(t, d, b)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for n := range 5 {
				err := d.Tx(ctx, func(tx *db.Tx) error {
					i, err := person.Seen(ctx, tx, b, "demo", network.Author{ID: fmt.Sprint(n), Handle: "@x"}, 1)
					if err == nil {
						err = person.Wrote(ctx, tx, b, c, i.Person, 1, 1, db.At(time.UnixMilli(5)))
					}
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	var people, identities, messages int
	if err := d.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM person), (SELECT COUNT(*) FROM identity), (SELECT SUM(messages) FROM person)`).
		Scan(&people, &identities, &messages); err != nil || people != 5 || identities != 5 || messages != 40 {
		t.Errorf("%d people, %d identities, %d messages, %v; want 5, 5, 40", people, identities, messages, err)
	}
}

func TestListsDoNotScan(t *testing.T) {
	d := dbtest.Open(t)
	b := newBrand(t, d)
	i := seen(t, d, b, "demo", network.Author{ID: "1", Handle: "@a"}, 1)
	q := dbtest.Indexed(t, d)
	byID, err := person.Identities(ctx, q, b, []string{i.ID})
	if err != nil || byID[i.ID].Handle != "@a" {
		t.Errorf("%v, %v", byID, err)
	}
	faces, err := person.Faces(ctx, q, b, "demo", []string{i.Person})
	if err != nil || faces[i.Person].ID != i.ID {
		t.Errorf("%v, %v", faces, err)
	}
}
