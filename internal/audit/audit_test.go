package audit_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/fault"
)

func as(role access.Role) access.Who {
	return access.Who{Account: "a-" + string(role), Address: "192.0.2.1", Grants: []access.Grant{{Brand: "b", Role: role}}}
}

func record(t *testing.T, d *db.DB, who access.Who, e audit.Entry) {
	t.Helper()
	ctx := context.Background()
	if err := d.Tx(ctx, func(tx *db.Tx) error { return audit.Record(ctx, tx, who, e) }); err != nil {
		t.Fatal(err)
	}
}

func TestListNarrowsAndPages(t *testing.T) {
	ctx, d := context.Background(), dbtest.Open(t)
	for i := range 5 {
		record(t, d, as(access.Owner), audit.Entry{Brand: "b", Act: "channel.connected", Subject: fmt.Sprint("c", i)})
	}
	record(t, d, as(access.Manager), audit.Entry{Brand: "b", Act: "hold.set", Subject: "h", Detail: map[string]string{"reason": "storm"}})
	record(t, d, as(access.Owner), audit.Entry{Brand: "other", Act: "hold.set", Subject: "h"})
	for _, c := range []struct {
		name   string
		filter audit.Filter
		want   []string
	}{
		{"all", audit.Filter{}, []string{"hold.set h", "channel.connected c4", "channel.connected c3", "channel.connected c2", "channel.connected c1", "channel.connected c0"}},
		{"by subject", audit.Filter{Subject: "c2"}, []string{"channel.connected c2"}},
		{"by account", audit.Filter{Account: "a-manager"}, []string{"hold.set h"}},
		{"by act and subject", audit.Filter{Act: "hold.set", Subject: "c2"}, nil},
		{"by area", audit.Filter{Area: audit.Holds}, []string{"hold.set h"}},
		{"by text", audit.Filter{Text: "STORM"}, []string{"hold.set h"}},
		{"by text with a wildcard", audit.Filter{Text: "st%m"}, nil},
		{"by account and area", audit.Filter{Account: "a-owner", Area: audit.Holds}, nil},
		{"by the program", audit.Filter{Account: audit.System}, nil},
		{"until then", audit.Filter{Until: 5}, nil},
		{"since then", audit.Filter{From: 5, Area: audit.Holds}, []string{"hold.set h"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			page := db.Page{Limit: 2}
			for {
				lines, next, err := audit.List(ctx, dbtest.Indexed(t, d), as(access.Owner), "b", c.filter, page)
				if err != nil {
					t.Fatal(err)
				}
				for _, l := range lines {
					got = append(got, l.Act+" "+l.Subject)
				}
				if page.After = next; next == "" {
					break
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLineSaysWhoAndFromWhere(t *testing.T) {
	ctx, d := context.Background(), dbtest.Open(t)
	detail := map[string]string{"reason": "storm"}
	record(t, d, as(access.Manager), audit.Entry{Brand: "b", Act: "hold.set", Subject: "h", Detail: detail})
	lines, _, err := audit.List(ctx, d, as(access.Owner), "b", audit.Filter{}, db.Page{})
	if err != nil || len(lines) != 1 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	l := lines[0]
	if l.Account != "a-manager" || l.Address != "192.0.2.1" || l.At == 0 || !cmp.Equal(l.Detail, detail) {
		t.Errorf("got %+v", l)
	}
}

func TestListIsForThoseWhoAnswerForTheBrand(t *testing.T) {
	d := dbtest.Open(t)
	_, _, err := audit.List(context.Background(), d, as(access.Creator), "b", audit.Filter{}, db.Page{})
	if !fault.Is(err, fault.Denied) {
		t.Errorf("a creator got %v", err)
	}
	_, _, err = audit.List(context.Background(), d, as(access.Owner), "other", audit.Filter{}, db.Page{})
	if !fault.Is(err, fault.NotFound) {
		t.Errorf("a stranger got %v", err)
	}
}

// A page that looks through its window without finding anything leads on.
func TestListLooksThroughAWindowAtATime(t *testing.T) {
	ctx, d := context.Background(), dbtest.Open(t)
	many := make([][]any, 0, 45_000)
	for i := range 45_000 {
		many = append(many, []any{fmt.Sprintf("%08d", i), "b", "post.saved", "content", "", i + 1})
	}
	many[3][4] = `{"reason":"needle"}`
	err := d.Tx(ctx, func(tx *db.Tx) error {
		return db.Many(ctx, tx, `INSERT INTO audit (id, brand_id, act, area, detail, at) VALUES ($1, $2, $3, $4, $5, $6)`, many)
	})
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	pages := 0
	for page := (db.Page{}); ; pages++ {
		lines, next, err := audit.List(ctx, dbtest.Indexed(t, d), as(access.Owner), "b", audit.Filter{Text: "Needle"}, page)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range lines {
			found = append(found, l.ID)
		}
		if page.After = next; next == "" {
			break
		}
	}
	if diff := cmp.Diff([]string{"00000003"}, found); diff != "" || pages != 2 {
		t.Errorf("%d pages: %s", pages, diff)
	}
}

func TestEachGivesEveryLineAndIsWrittenDown(t *testing.T) {
	ctx, d := context.Background(), dbtest.Open(t)
	for i := range 1100 {
		if i%100 == 0 {
			record(t, d, as(access.Manager), audit.Entry{Brand: "b", Act: "post.saved", Subject: fmt.Sprint(i)})
		}
	}
	n := 0
	if err := audit.Each(ctx, d, as(access.Owner), "b", audit.Filter{Area: audit.Content}, func(audit.Line) error { n++; return nil }); err != nil || n != 11 {
		t.Errorf("%d lines, %v", n, err)
	}
	lines, _, err := audit.List(ctx, d, as(access.Owner), "b", audit.Filter{Act: "log.exported"}, db.Page{})
	if err != nil || len(lines) != 1 {
		t.Errorf("%d lines say so, %v", len(lines), err)
	}
	if err := audit.Each(ctx, d, as(access.Creator), "b", audit.Filter{}, nil); !fault.Is(err, fault.Denied) {
		t.Errorf("a creator got %v", err)
	}
}
