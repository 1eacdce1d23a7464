package join_test

import (
	"fmt"
	"strings"
	"testing"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/join"
	"rapport/internal/member"
)

// traces are the tables in which some words still stand.
func (h *house) traces(words string) (out []string) {
	h.Helper()
	query := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`
	if h.DB.Dialect == db.Postgres {
		query = `SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'`
	}
	var names []string
	rows, err := h.DB.QueryContext(ctx, query)
	h.must(err)
	for rows.Next() {
		var name string
		h.must(rows.Scan(&name))
		names = append(names, name)
	}
	h.must(rows.Close())
	for _, name := range names {
		rows, err := h.DB.QueryContext(ctx, `SELECT * FROM "`+name+`"`)
		h.must(err)
		columns, err := rows.Columns()
		h.must(err)
		for rows.Next() {
			values, into := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				into[i] = &values[i]
			}
			h.must(rows.Scan(into...))
			for i, v := range values {
				if raw, ok := v.([]byte); ok {
					v = string(raw)
				}
				if strings.Contains(strings.ToLower(fmt.Sprint(v)), words) {
					out = append(out, name+"."+columns[i])
				}
			}
		}
		h.must(rows.Close())
	}
	return out
}

// Who leaves without their name has no account any more, and nothing tells that
// they had one.
func TestLeavingTakesTheAccountAlong(t *testing.T) {
	for _, how := range []join.How{join.Anonymise, join.Erase} {
		t.Run(string(how), func(t *testing.T) {
			h := open(t, true)
			const email = "kim.larsen@members.example"
			_, err := h.signUp(email, "Kim Larsen")
			h.must(err)
			h.letter()
			_, err = h.signUp(email, "Kim Larsen") // which writes another letter
			h.must(err)
			h.letter()
			v := h.voice(email)
			a, err := account.ByEmail(ctx, h.DB, email)
			h.must(err)
			_, token, err := account.Begin(ctx, h.DB, a, account.Meta{})
			h.must(err)
			if len(h.traces(email)) == 0 {
				t.Fatal("the search finds nothing")
			}
			for _, wrong := range []string{"", "wrong password"} {
				if _, err := h.Leave(ctx, v, join.Leaving{How: how, Password: wrong, Account: true}); field(err) != "password" {
					t.Errorf("%q: %v", wrong, err)
				}
			}
			gone, err := h.Leave(ctx, v, join.Leaving{How: how, Password: password, Account: true})
			if err != nil || !gone {
				t.Fatal(gone, err)
			}
			if found := h.traces(email); len(found) > 0 {
				t.Errorf("the address still stands in %v", found)
			}
			if _, _, err := account.Who(ctx, h.DB, token); err == nil {
				t.Error("still signed in")
			}
			if _, err := account.ByID(ctx, h.DB, a.ID); !fault.Is(err, fault.NotFound) {
				t.Error(err)
			}
			m, err := member.ByID(ctx, h.DB, h.brand.ID, v.Member.ID)
			if err != nil || !m.Gone() {
				t.Errorf("%+v, %v", m, err)
			}
		})
	}
}

// An account stays that is needed elsewhere, that somebody comes back with, or
// that they want to keep.
func TestLeavingKeepsAnAccountThatIsNeeded(t *testing.T) {
	h := open(t, false)
	south, err := brand.Create(ctx, h.DB, h.owner, brand.New{Name: "South"})
	h.must(err)
	leave := func(email string, how join.How, also bool) {
		t.Helper()
		gone, err := h.Leave(ctx, h.voice(email), join.Leaving{How: how, Password: password, Account: also})
		if err != nil || gone {
			t.Errorf("%s: %v %v", email, gone, err)
		}
		if _, err := account.ByEmail(ctx, h.DB, email); err != nil {
			t.Error(err)
		}
	}
	h.joined("ada@example.com", "Ada")
	leave("ada@example.com", join.Keep, true)
	h.joined("bea@example.com", "Bea")
	leave("bea@example.com", join.Erase, false)
	cam := h.joined("cam@example.com", "Cam")
	h.must(account.Give(ctx, h.DB, h.owner, cam.Who.Account, access.Grant{Brand: h.brand.ID, Role: access.Analyst}))
	leave("cam@example.com", join.Erase, true)
	dov := h.joined("dov@example.com", "Dov")
	h.must(h.DB.Tx(ctx, func(tx *db.Tx) error {
		_, err := member.Create(ctx, tx, south.ID, member.New{Account: dov.Who.Account, Name: "Dov", State: member.Active})
		return err
	}))
	if holds, err := join.Holds(ctx, h.DB, h.brand.ID, dov.Who.Account); err != nil || len(holds) != 1 || holds[0] != "South" {
		t.Errorf("%q, %v", holds, err)
	}
	leave("dov@example.com", join.Anonymise, true)
}
