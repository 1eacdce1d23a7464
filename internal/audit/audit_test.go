package audit_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/fault"
)

func TestListWalksEveryActOnceNewestFirst(t *testing.T) {
	ctx, d := context.Background(), dbtest.Open(t)
	who := access.Who{Account: "a1", Address: "203.0.113.9", Grants: []access.Grant{{Brand: "b1", Role: access.Owner}}}
	start := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for i := range 7 {
		d.SetClock(start.Add(time.Duration(i/2) * time.Second)) // pairs share an instant
		err := d.Tx(ctx, func(tx *db.Tx) error {
			if err := audit.Record(ctx, tx, who, audit.Entry{Brand: "other", Act: "brand.changed"}); err != nil {
				return err
			}
			return audit.Record(ctx, tx, who, audit.Entry{Brand: "b1", Act: "hold.set", Subject: fmt.Sprint("s", i), Detail: map[string]string{"reason": "test"}})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]int{}
	page := db.Page{Limit: 3}
	var before db.Time = 1 << 60
	for {
		acts, next, err := audit.List(ctx, d, who, d.Now(), "b1", audit.Filter{}, page)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range acts {
			seen[a.Subject]++
			if a.At > before || a.Detail["reason"] != "test" || a.Address != "203.0.113.9" {
				t.Errorf("act %+v after %d", a, before)
			}
			before = a.At
		}
		if page.After = next; next == "" {
			break
		}
	}
	if len(seen) != 7 {
		t.Errorf("saw %v", seen)
	}
	if acts, _, _ := audit.List(ctx, d, who, d.Now(), "b1", audit.Filter{Subject: "s3"}, db.Page{}); len(acts) != 1 {
		t.Errorf("of one subject: %d", len(acts))
	}
	creator := access.Who{Account: "a2", Grants: []access.Grant{{Brand: "b1", Role: access.Creator}}}
	if _, _, err := audit.List(ctx, d, creator, d.Now(), "b1", audit.Filter{}, db.Page{}); !fault.Is(err, fault.Denied) {
		t.Errorf("a creator reads the audit: %v", err)
	}
}
