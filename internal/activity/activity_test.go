package activity_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/activity"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
)

func TestListGoesFromNewToOld(t *testing.T) {
	ctx, d := context.Background(), dbtest.Open(t)
	at := db.At(time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC))
	err := d.Tx(ctx, func(tx *db.Tx) error {
		for i, brand := range []string{"b", "b", "other", "b"} {
			e := activity.Entry{Brand: brand, Kind: "delivery.published", Subject: fmt.Sprint(i), Actor: "a", Value: int64(i), At: at.Add(time.Duration(-i) * time.Hour)}
			if err := activity.Record(ctx, tx, e); err != nil {
				return err
			}
		}
		return activity.Record(ctx, tx, activity.Entry{Brand: "b", Kind: "post.saved", Subject: "now"})
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	page := db.Page{Limit: 3}
	for range 2 {
		list, next, err := activity.List(ctx, dbtest.Indexed(t, d), access.System(), "b", page)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			got = append(got, e.Kind+" "+e.Subject)
		}
		page.After = next
	}
	want := []string{"post.saved now", "delivery.published 0", "delivery.published 1", "delivery.published 3"}
	if diff := cmp.Diff(want, got); diff != "" || page.After != "" {
		t.Errorf("next %q, %s", page.After, diff)
	}
}
