package metric_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/metric"
)

func TestReadings(t *testing.T) {
	d := dbtest.Open(t)
	record := func(all ...metric.Reading) {
		t.Helper()
		if err := d.Tx(t.Context(), func(tx *db.Tx) error { return metric.Record(t.Context(), tx, all) }); err != nil {
			t.Fatal(err)
		}
	}
	record(metric.Reading{Brand: "b", Subject: "one", Name: metric.Likes, At: 10, Value: 3},
		metric.Reading{Brand: "b", Subject: "one", Name: metric.Likes, At: 20, Value: 8},
		metric.Reading{Brand: "b", Subject: "one", Name: metric.Views, At: 10, Value: 90},
		metric.Reading{Brand: "b", Subject: "two", Name: metric.Views, At: 10, Value: 0},
		metric.Reading{Brand: "other", Subject: "one", Name: metric.Likes, At: 90, Value: 1000})
	record(metric.Reading{Brand: "b", Subject: "one", Name: metric.Likes, At: 20, Value: 9}) // the same look again

	latest, err := metric.Latest(t.Context(), d, "b", []string{"one", "two", "none"})
	want := map[string]map[string]metric.Reading{
		"one": {"likes": {Brand: "b", Subject: "one", Name: "likes", At: 20, Value: 8}, "views": {Brand: "b", Subject: "one", Name: "views", At: 10, Value: 90}},
		"two": {"views": {Brand: "b", Subject: "two", Name: "views", At: 10}},
	}
	if diff := cmp.Diff(want, latest); err != nil || diff != "" {
		t.Errorf("latest: %v\n%s", err, diff)
	}
	history, err := metric.History(t.Context(), d, "b", "one", 15)
	if diff := cmp.Diff([]metric.Reading{want["one"]["likes"]}, history); err != nil || diff != "" {
		t.Errorf("history: %v\n%s", err, diff)
	}
	sum, err := metric.Sum(t.Context(), d, "b", []string{"one", "two", "none"}, metric.Engaging...)
	if diff := cmp.Diff(map[string]int64{"one": 8}, sum); err != nil || diff != "" {
		t.Errorf("a number that nobody told counts: %v\n%s", err, diff)
	}
}
