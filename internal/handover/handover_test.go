package handover_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/fault"
	"rapport/internal/handover"
)

var ctx = context.Background()

func open(t *testing.T) *db.DB {
	d := dbtest.Open(t)
	d.SetClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	for _, b := range []string{"b", "other"} {
		if _, err := d.ExecContext(ctx, `INSERT INTO brand (id, slug, name, color, zone, created_at) VALUES ($1, $1, 'North', '#000000', 'UTC', 1)`, b); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func as(account, brand string, role access.Role) access.Who {
	return access.Who{Account: account, Grants: []access.Grant{{Brand: brand, Role: role}}}
}

var olga, mira, ana, other = as("olga", "b", access.Owner), as("mira", "b", access.Community), as("ana", "b", access.Analyst), as("else", "other", access.Owner)

func TestNextShift(t *testing.T) {
	d := open(t)
	first, err := handover.Write(ctx, d, olga, "b", "", " Spring sale\r\nstarts. ")
	if err != nil || first.Text != "Spring sale\nstarts." {
		t.Fatal(first, err)
	}
	for _, who := range []access.Who{mira, ana, mira, olga} {
		if err := handover.See(ctx, d, who, "b", first.ID); err != nil {
			t.Fatal(err)
		}
	}
	got, err := handover.ByID(ctx, dbtest.Indexed(t, d), ana, "b", first.ID)
	if err != nil || len(got.Seen) != 2 || !got.SeenBy("mira") || !got.SeenBy("olga") || got.SeenBy("otto") {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := handover.Write(ctx, d, mira, "b", "", "Over it"); !fault.Is(err, fault.Conflict) {
		t.Errorf("covered unread: %v", err)
	}
	d.SetClock(d.Now().Time().Add(time.Hour))
	second, err := handover.Write(ctx, d, mira, "b", first.ID, "All quiet")
	if err != nil {
		t.Fatal(err)
	}
	all, next, err := handover.List(ctx, dbtest.Indexed(t, d), ana, "b", db.Page{Limit: 1})
	if err != nil || len(all) != 1 || all[0].ID != second.ID || next == "" {
		t.Fatalf("%+v %q %v", all, next, err)
	}
	all, next, err = handover.List(ctx, d, ana, "b", db.Page{Limit: 1, After: next})
	if err != nil || len(all) != 1 || len(all[0].Seen) != 2 || next != "" {
		t.Errorf("%+v %q %v", all, next, err)
	}
}

// Of two who leave a note at once, one reads the other's first.
func TestTwoWriteAtOnce(t *testing.T) {
	d := open(t)
	errs := make([]error, 4)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { _, errs[i] = handover.Write(ctx, d, olga, "b", "", "x") })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if !fault.Is(err, fault.Conflict) {
			t.Error(err)
		}
	}
	if won != 1 {
		t.Errorf("%d were written", won)
	}
}

func TestWhoMay(t *testing.T) {
	d := open(t)
	h, err := handover.Write(ctx, d, olga, "b", "", "x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := handover.Write(ctx, d, ana, "b", h.ID, "x"); !fault.Is(err, fault.Denied) {
		t.Errorf("an analyst: %v", err)
	}
	for _, text := range []string{"", " ", "a\x00", strings.Repeat("ä", handover.Longest+1)} {
		if _, err := handover.Write(ctx, d, olga, "b", h.ID, text); !fault.Is(err, fault.Invalid) {
			t.Errorf("%.10q: %v", text, err)
		}
	}
	_, _, list := handover.List(ctx, d, other, "b", db.Page{})
	_, write := handover.Write(ctx, d, other, "b", "", "x")
	_, read := handover.ByID(ctx, d, other, "other", h.ID)
	for name, err := range map[string]error{"list": list, "write": write, "read": read, "see": handover.See(ctx, d, other, "other", h.ID), "see there": handover.See(ctx, d, other, "b", h.ID)} {
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("%s by a stranger: %v", name, err)
		}
	}
}
