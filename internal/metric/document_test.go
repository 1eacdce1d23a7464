package metric_test

import (
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/metric"
)

var update = flag.Bool("update", false, "write docs/numbers.md anew")

const document = "../../docs/numbers.md"

// The document is written from the registry.
func TestDocumentTellsAllNumbers(t *testing.T) {
	want := metric.Document()
	if *update {
		if err := os.WriteFile(document, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(document)
	if diff := cmp.Diff(want, string(got)); err != nil || diff != "" {
		t.Errorf("docs/numbers.md is not what the registry says. Run go test ./internal/metric -update.\n%v\n%s", err, diff)
	}
}

// Every number says what it is, over which time, and where it comes from; a
// rate says what is divided by what, and what is computed says how.
func TestEveryNumberIsDefined(t *testing.T) {
	seen := map[string]bool{}
	for _, d := range metric.Definitions() {
		if d.Name == "" || d.Means == "" || d.Window == "" || d.Source == "" || d.Half == "" || seen[d.ID] {
			t.Errorf("%q lacks its words, or is there twice", d.ID)
		}
		seen[d.ID] = true
		if d.Unit == metric.Percent && (d.Numerator == "" || d.Denominator == "" || d.Formula == "") {
			t.Errorf("%q is a rate and does not say of what", d.ID)
		}
		if d.Half != metric.Social && (d.Formula == "" || d.Excludes == "") {
			t.Errorf("%q does not say how it is made, or what is left out", d.ID)
		}
	}
}
