package archive

import (
	"database/sql"
	"os"
	"slices"
	"strings"
	"testing"

	"rapport/internal/db"
	"rapport/internal/db/dbtest"
)

// columns are those of every table that holds rows of a brand.
func columns(t *testing.T, d *db.DB) map[string][]string {
	t.Helper()
	query := `SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY m.name, c.cid`
	if d.Dialect == db.Postgres {
		query = `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' ORDER BY table_name, ordinal_position`
	}
	rows, err := d.QueryContext(t.Context(), query)
	pairs, err := db.Collect(rows, err, func(r *sql.Rows) (p [2]string, err error) {
		err = r.Scan(&p[0], &p[1])
		return p, err
	})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for _, p := range pairs {
		all[p[0]] = append(all[p[0]], p[1])
	}
	for name, of := range all {
		if !slices.Contains(of, "brand_id") {
			delete(all, name)
		}
	}
	return all
}

// Whoever adds a table or a column decides whether it is taken along, and says
// why where it is not.
func TestEveryTableOfABrandIsInAnArchiveOrSaysWhyNot(t *testing.T) {
	all := columns(t, dbtest.Open(t))
	listed := map[string]table{}
	for _, one := range slices.Concat(tables, shownOnly) {
		listed[one.name] = one
	}
	for name, of := range all {
		one, in := listed[name]
		if reason := notInArchive[name]; in == (reason != "") {
			t.Errorf("table %s: put it into tables, or into notInArchive with the reason", name)
			continue
		}
		if !in {
			continue
		}
		for _, c := range of {
			exported := slices.ContainsFunc(one.fields, func(f field) bool { return f.col() == c })
			if c != "brand_id" && exported == (one.left[c] != "") {
				t.Errorf("column %s.%s: make it a field, or name it in left with the reason", name, c)
			}
		}
	}
	for name := range notInArchive {
		if all[name] == nil {
			t.Errorf("notInArchive names %s, which holds no rows of a brand", name)
		}
	}
	for name := range listed {
		if all[name] == nil {
			t.Errorf("there is no table %s", name)
		}
	}
}

// What a file refers to stands in an earlier one, and every field has words.
func TestFilesStandInOrder(t *testing.T) {
	seen := map[string]bool{}
	for _, one := range tables {
		names := map[string]bool{}
		for _, f := range one.fields {
			for noun := range strings.FieldsSeq(f.of) {
				if !seen[noun] {
					t.Errorf("%s.%s refers to %s, which comes later", one.file, f.name, noun)
				}
			}
			if names[f.name] || f.about == "" || f.kind == object && f.check == nil {
				t.Errorf("%s.%s is there twice, or lacks its words or its check", one.file, f.name)
			}
			names[f.name] = true
		}
		seen[one.noun] = true
	}
}

const document = "../../docs/export.md"

// The document is written from the list: RAPPORT_WRITE_DOCS=1 go test writes it
// anew.
func TestDocumentTellsWhatIsInAnArchive(t *testing.T) {
	want := Document()
	if os.Getenv("RAPPORT_WRITE_DOCS") != "" {
		if err := os.WriteFile(document, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(document)
	if err != nil || string(got) != want {
		t.Errorf("docs/export.md is not what the list says (%v): run the test with RAPPORT_WRITE_DOCS=1", err)
	}
}
