package join_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/join"
	"rapport/internal/merge"
	"rapport/internal/network"
	"rapport/internal/person"
)

// Who leaves without their name leaves the accounts elsewhere that were theirs
// as people of their own; with their words they go as well.
func TestLeavingLetsGoOfAccountsElsewhere(t *testing.T) {
	for _, how := range join.Ways {
		h := open(t, false)
		var erased []string
		h.Elsewhere = func(_ context.Context, _ *db.Tx, _, id string) error {
			erased = append(erased, id)
			return nil
		}
		v := h.joined("ada@example.com", "Ada")
		heard := map[string]person.Identity{}
		h.must(h.DB.Tx(ctx, func(tx *db.Tx) error {
			for _, name := range []string{"proven", "joined"} {
				i, err := person.Seen(ctx, tx, h.brand.ID, "demo", network.Author{ID: name, Handle: "@" + name}, 1)
				if err != nil {
					return err
				}
				heard[name] = i
			}
			return nil
		}))
		for _, i := range heard {
			pair, err := merge.Review(ctx, h.DB, access.System(), h.brand.ID, v.Member.Person, i.Person)
			h.must(err)
			_, err = merge.Do(ctx, h.DB, access.System(), h.brand.ID, v.Member.Person, i.Person, pair.Revision, "They said so.")
			h.must(err)
		}
		_, err := h.DB.ExecContext(ctx, `INSERT INTO claim (id, brand_id, member_id, network, handle, code, state, state_at, identity_id, remote_id, expires_at, created_at)
			VALUES ('c', $1, $2, 'demo', '@proven', 'rapport-x', 'proven', 1, $3, 'proven', 1, 1)`, h.brand.ID, v.Member.ID, heard["proven"].ID)
		h.must(err)
		var b strings.Builder
		h.must(h.Export(ctx, v, &b))
		if !strings.Contains(b.String(), `"@proven"`) {
			t.Errorf("%s: the export says nothing of it: %s", how, b.String())
		}
		h.must(h.leave(v, how))
		now, err := person.Identities(ctx, h.DB, h.brand.ID, []string{heard["proven"].ID, heard["joined"].ID})
		h.must(err)
		for name, was := range heard {
			if want := map[bool]string{true: v.Member.Person, false: was.Person}[how == join.Keep]; now[was.ID].Person != want {
				t.Errorf("%s: %s is %s, want %s", how, name, now[was.ID].Person, want)
			}
		}
		if want := map[bool][]string{true: {heard["proven"].Person}}[how == join.Erase]; !slices.Equal(erased, want) {
			t.Errorf("%s: erased %v, want %v", how, erased, want)
		}
		if how == join.Keep {
			continue
		}
		for _, query := range []string{`SELECT COUNT(*) FROM claim`, `SELECT COUNT(*) FROM merge`, `SELECT COUNT(*) FROM person WHERE name = 'Ada'`} {
			var n int
			h.must(h.DB.QueryRowContext(ctx, query).Scan(&n))
			if n != 0 {
				t.Errorf("%s: %s: %d", how, query, n)
			}
		}
	}
}
