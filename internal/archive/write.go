package archive

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"html/template"
	"io"
	"slices"
	"time"

	"rapport/internal/blob"
	"rapport/internal/db"
	"rapport/internal/fault"
)

// writer puts the parts of an archive behind one another. It holds no more
// than a row in memory.
type writer struct {
	zip      *zip.Writer
	manifest Manifest
	at       time.Time
	done     int64
	moved    func(done int64) error // told now and then
}

// write writes everything of the brand to w as it was in one moment, and
// returns what is in it. moved is told how many things are written.
func write(ctx context.Context, d *db.DB, blobs blob.Store, brand, program string, w io.Writer, moved func(int64) error) (Manifest, error) {
	a := &writer{zip: zip.NewWriter(w), at: d.Now().Time(), moved: moved}
	var files []pictureFile
	err := d.Snapshot(ctx, func(q db.Queryer) error {
		b, err := readBrand(ctx, q, brand)
		if err != nil {
			return err
		}
		a.manifest = Manifest{Format: Format, Program: program, MadeAt: a.at, Brand: b.ID, Name: b.Name}
		if err := a.small(brandName, b); err != nil {
			return err
		}
		if err := a.accounts(ctx, q, brand); err != nil {
			return err
		}
		for _, t := range slices.Concat(tables, shownOnly) {
			if err := a.table(ctx, q, t, brand); err != nil {
				return err
			}
		}
		files, err = pictureFiles(ctx, q, brand)
		return err
	})
	if err != nil {
		return Manifest{}, fmt.Errorf("archive: write: %w", err)
	}
	for _, f := range files {
		if err := a.picture(ctx, blobs, f); err != nil {
			return Manifest{}, fmt.Errorf("archive: write %s: %w", f.name, err)
		}
	}
	return a.manifest, a.close()
}

// part writes one part and notes its size and checksum.
func (a *writer) part(name string, store bool, fill func(w io.Writer) (rows int64, err error)) error {
	h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: a.at}
	if store {
		h.Method = zip.Store
	}
	to, err := a.zip.CreateHeader(h)
	if err != nil {
		return err
	}
	m := &meter{w: to, sum: sha256.New()}
	rows, err := fill(m)
	if err != nil {
		return err
	}
	a.manifest.Files = append(a.manifest.Files, File{Name: name, Bytes: m.n, SHA256: hex.EncodeToString(m.sum.Sum(nil)), Rows: rows})
	return nil
}

// meter counts and sums what passes.
type meter struct {
	w   io.Writer
	n   int64
	sum hash.Hash
}

func (m *meter) Write(b []byte) (int, error) {
	n, err := m.w.Write(b)
	m.n += int64(n)
	m.sum.Write(b[:n])
	return n, err
}

// small writes a part of one value.
func (a *writer) small(name string, v any) error {
	return a.part(name, false, func(w io.Writer) (int64, error) {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return 0, e.Encode(v)
	})
}

func (a *writer) accounts(ctx context.Context, q db.Queryer, brand string) error {
	all, err := people(ctx, q, brand)
	if err != nil {
		return err
	}
	return a.part(accountsName, false, func(w io.Writer) (int64, error) {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		for _, p := range all {
			if err := e.Encode(p); err != nil {
				return 0, err
			}
		}
		return int64(len(all)), nil
	})
}

// often is after how many things the progress is told.
const often = 2000

func (a *writer) table(ctx context.Context, q db.Queryer, t table, brand string) error {
	return a.part(t.file+".jsonl", false, func(w io.Writer) (n int64, err error) {
		rows, err := q.QueryContext(ctx, `SELECT `+t.columns()+` FROM `+t.name+` WHERE brand_id = $1 ORDER BY `+t.order, brand)
		if err != nil {
			return 0, err
		}
		defer rows.Close()
		values := make([]any, len(t.fields))
		for i, f := range t.fields {
			values[i] = f.holder()
		}
		var line bytes.Buffer
		for ; rows.Next(); n++ {
			line.Reset()
			if err := rows.Scan(values...); err != nil {
				return n, err
			}
			if err := t.encode(&line, values); err != nil {
				return n, err
			}
			if _, err := w.Write(line.Bytes()); err != nil {
				return n, err
			}
			if err := a.step(); err != nil {
				return n, err
			}
		}
		return n, rows.Err()
	})
}

func (a *writer) step() error {
	if a.done++; a.done%often != 0 || a.moved == nil {
		return nil
	}
	return a.moved(a.done)
}

// pictureFile is a file of the store under its name in the archive.
type pictureFile struct{ name, key string }

// pictured are the files of an archive, each by its name and its key.
var pictured = []string{
	`SELECT '` + logoName + `', logo FROM brand WHERE id = $1 AND logo <> ''`,
	`SELECT '` + facesFolder + `' || id || '/picture', picture FROM member WHERE brand_id = $1 AND picture <> '' ORDER BY joined_at, id`,
	`SELECT '` + postsFolder + `' || id, blob FROM topic_picture WHERE brand_id = $1 ORDER BY at, id`,
	`SELECT '` + mediaFolder + `' || id || '/full', blob FROM media WHERE brand_id = $1 ORDER BY created_at, id`,
	`SELECT '` + mediaFolder + `' || id || '/original', original FROM media WHERE brand_id = $1 AND original <> '' ORDER BY created_at, id`,
}

// pictureFiles are the names of all files, as the manifest will list them too:
// what is in them is read one after the other.
func pictureFiles(ctx context.Context, q db.Queryer, brand string) (out []pictureFile, err error) {
	for _, query := range pictured {
		rows, err := q.QueryContext(ctx, query, brand)
		some, err := db.Collect(rows, err, func(r *sql.Rows) (f pictureFile, err error) {
			err = r.Scan(&f.name, &f.key)
			return f, err
		})
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
	}
	return out, nil
}

// picture copies a file. One that is gone from the store is left out: the rest
// is worth having.
func (a *writer) picture(ctx context.Context, blobs blob.Store, f pictureFile) error {
	r, _, err := blobs.Open(ctx, f.key)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	defer r.Close()
	if err := a.part(f.name, true, func(w io.Writer) (int64, error) {
		_, err := io.Copy(w, r)
		return 0, err
	}); err != nil {
		return err
	}
	if a.done++; a.moved == nil {
		return nil
	}
	return a.moved(a.done)
}

// close adds what people read, and the manifest.
func (a *writer) close() error {
	page, err := a.zip.CreateHeader(&zip.FileHeader{Name: "index.html", Method: zip.Deflate, Modified: a.at})
	if err != nil {
		return err
	}
	if err := readable.Execute(page, a.manifest); err != nil {
		return err
	}
	last, err := a.zip.CreateHeader(&zip.FileHeader{Name: manifestName, Method: zip.Deflate, Modified: a.at})
	if err != nil {
		return err
	}
	e := json.NewEncoder(last)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(a.manifest); err != nil {
		return err
	}
	return a.zip.Close()
}

// readable is the page in an archive for whoever opens it by hand.
var readable = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{{.Name}}: everything</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;color:#1f2328}table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #d8dee4}td:nth-child(n+2),th:nth-child(n+2){text-align:right;font-variant-numeric:tabular-nums}code{font-size:.9em}</style>
<h1>{{.Name}}</h1>
<p>Everything that Rapport kept of this brand on {{.MadeAt.Format "2 January 2006, 15:04 UTC"}}. Accesses to networks, passwords and tokens are not in it.</p>
<p>Each <code>.jsonl</code> file holds one thing a line as JSON; <code>media/</code>, <code>members/</code> and <code>pictures/</code> hold the pictures. What each field means stands in Rapport's documentation under “export”. <code>rapport import</code> makes a brand of it again.</p>
<table>
<thead><tr><th>File<th>Things<th>Bytes</thead>
{{range .Files}}<tr><td><code>{{.Name}}</code><td>{{if .Rows}}{{.Rows}}{{end}}<td>{{.Bytes}}
{{end}}</table>
</html>
`))
