package archive

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/blob"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/job"
	"rapport/internal/media"
)

// Archiver makes archives, brings them in and erases brands.
type Archiver struct {
	DB      *db.DB
	Blobs   blob.Store
	Library *media.Library
	Program string // its version, for the manifest
}

// The states of an export and of an import.
const (
	Waiting = "waiting"
	Running = "running"
	Done    = "done"
	Failed  = "failed"
	Gone    = "gone" // an export's file was kept long enough
)

// KeptFor is how long an export's file is kept.
const KeptFor = 7 * 24 * time.Hour

// Export is one archive of a brand: asked for, under way or made.
type Export struct {
	ID, Brand  string
	Account    string // who asked for it
	State      string
	Done, Most int64 // things written, and how many there are
	Bytes      int64
	Error      string // why it failed, for a person
	CreatedAt  db.Time
	FinishedAt db.Time

	key string
}

// Until is when the file goes; 0 while there is none.
func (e Export) Until() db.Time {
	if e.State != Done {
		return 0
	}
	return e.FinishedAt.Add(KeptFor)
}

const exportColumns = `id, brand_id, account_id, state, done, most, bytes, error, blob, created_at, finished_at`

func scanExport(r interface{ Scan(...any) error }) (e Export, err error) {
	err = r.Scan(&e.ID, &e.Brand, &e.Account, &e.State, &e.Done, &e.Most, &e.Bytes, &e.Error, &e.key, &e.CreatedAt, &e.FinishedAt)
	return e, err
}

// Begin asks for an archive of everything of the brand. While one is being
// made it is fault.Conflict.
func (a *Archiver) Begin(ctx context.Context, who access.Who, brand string) (Export, error) {
	var e Export
	err := a.DB.Tx(ctx, func(tx *db.Tx) error {
		if err := who.May(tx.Now(), brand, access.DataExport); err != nil {
			return err
		}
		e = Export{ID: db.NewID(), Brand: brand, Account: who.Account, State: Waiting, CreatedAt: tx.Now()}
		_, err := tx.ExecContext(ctx, `INSERT INTO brand_export (id, brand_id, account_id, state, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $5)`,
			e.ID, e.Brand, e.Account, e.State, e.CreatedAt)
		if err != nil {
			return err
		}
		return errors.Join(audit.Record(ctx, tx, who, audit.Entry{Brand: brand, Act: "data.exported", Subject: e.ID}),
			job.Insert(ctx, tx, exportJob{e.ID}, 0))
	})
	if db.IsDuplicate(err) {
		return e, fault.New(fault.Conflict, "An archive of this brand is being made already. Wait until it is there.")
	}
	return e, err
}

// Exports are the last archives that were asked for, newest first; at most 20.
func (a *Archiver) Exports(ctx context.Context, who access.Who, brand string) ([]Export, error) {
	if err := who.May(a.DB.Now(), brand, access.DataExport); err != nil {
		return nil, err
	}
	rows, err := a.DB.QueryContext(ctx, `SELECT `+exportColumns+` FROM brand_export WHERE brand_id = $1 ORDER BY created_at DESC, id DESC LIMIT 20`, brand)
	out, err := db.Collect(rows, err, func(r *sql.Rows) (Export, error) { return scanExport(r) })
	if err != nil {
		return nil, fmt.Errorf("archive: exports: %w", err)
	}
	return out, nil
}

// ExportByID is one of them.
func (a *Archiver) ExportByID(ctx context.Context, who access.Who, brand, id string) (Export, error) {
	if err := who.May(a.DB.Now(), brand, access.DataExport); err != nil {
		return Export{}, err
	}
	e, err := scanExport(a.DB.QueryRowContext(ctx, `SELECT `+exportColumns+` FROM brand_export WHERE brand_id = $1 AND id = $2`, brand, id))
	if errors.Is(err, sql.ErrNoRows) {
		return e, fault.New(fault.NotFound, "There is no such archive.")
	}
	return e, err
}

// Open gives the file of an export, and writes down who took it.
func (a *Archiver) Open(ctx context.Context, who access.Who, brand, id string) (io.ReadSeekCloser, Export, error) {
	e, err := a.ExportByID(ctx, who, brand, id)
	if err != nil {
		return nil, e, err
	}
	if e.State != Done {
		return nil, e, fault.New(fault.NotFound, "This archive is not there, or not any more. Make a new one.")
	}
	err = a.DB.Tx(ctx, func(tx *db.Tx) error {
		return audit.Record(ctx, tx, who, audit.Entry{Brand: brand, Act: "data.downloaded", Subject: id})
	})
	if err != nil {
		return nil, e, err
	}
	f, _, err := a.Blobs.Open(ctx, e.key)
	return f, e, err
}

// exportJob makes the file.
type exportJob struct {
	ID string `json:"id"`
}

// Kind names the job.
func (exportJob) Kind() string { return "archive.export" }

// Within is how long it may take.
func (exportJob) Within() time.Duration { return 3 * time.Hour }

// Make is what the job does: it writes the archive straight into the store.
func (a *Archiver) Make(ctx context.Context, id string) error {
	e, err := scanExport(a.DB.QueryRowContext(ctx, `SELECT `+exportColumns+` FROM brand_export WHERE id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) || err == nil && e.State != Waiting && e.State != Running {
		return nil
	}
	if err != nil {
		return fmt.Errorf("archive: export: %w", err)
	}
	if e.Most, err = a.things(ctx, e.Brand); err != nil {
		return err
	}
	e.key = "export/" + e.Brand + "/" + e.ID + ".zip"
	if err := a.exportMoved(ctx, e, 0); err != nil {
		return err
	}
	info, err := a.pour(ctx, e)
	if err != nil && ctx.Err() != nil {
		return err // the program ends, or it took too long: again from the beginning
	}
	if _, last := job.Try(ctx); err != nil && !last && !fault.Is(err, fault.Unavailable) {
		return err
	}
	state, reason := Done, ""
	if err != nil {
		state, reason = Failed, fault.Text(err)
		_ = a.Blobs.Delete(context.WithoutCancel(ctx), e.key)
	}
	_, failed := a.DB.ExecContext(ctx, `UPDATE brand_export SET state = $2, error = $3, bytes = $4, done = most, blob = $5, finished_at = $6, updated_at = $6 WHERE id = $1`,
		e.ID, state, reason, info.Size, e.key, a.DB.Now())
	if err != nil {
		return job.Cancel(err)
	}
	return failed
}

// pour writes the archive at one end of a pipe while the store reads at the
// other.
func (a *Archiver) pour(ctx context.Context, e Export) (blob.Info, error) {
	r, w := io.Pipe()
	written := make(chan error, 1)
	go func() {
		_, err := write(ctx, a.DB, a.Blobs, e.Brand, a.Program, w, func(done int64) error { return a.exportMoved(ctx, e, done) })
		w.CloseWithError(err)
		written <- err
	}()
	info, err := a.Blobs.Put(ctx, e.key, r)
	r.CloseWithError(errors.New("the store took no more"))
	if failed := <-written; err == nil {
		err = failed
	}
	return info, err
}

func (a *Archiver) exportMoved(ctx context.Context, e Export, done int64) error {
	_, err := a.DB.ExecContext(ctx, `UPDATE brand_export SET state = 'running', done = $2, most = $3, updated_at = $4 WHERE id = $1`, e.ID, done, e.Most, a.DB.Now())
	return err
}

// things is how many there are to write, with the files of pictures.
func (a *Archiver) things(ctx context.Context, brand string) (n int64, err error) {
	for _, t := range slices.Concat(tables, shownOnly) {
		rows, err := count(ctx, a.DB, t.name, brand)
		if err != nil {
			return 0, fmt.Errorf("archive: count %s: %w", t.name, err)
		}
		n += rows
	}
	for _, query := range pictured {
		var files int64
		if err := a.DB.QueryRowContext(ctx, `SELECT COUNT(*) FROM (`+query+`) f`, brand).Scan(&files); err != nil {
			return 0, fmt.Errorf("archive: count files: %w", err)
		}
		n += files
	}
	return n, nil
}

// Work registers the jobs.
func (a *Archiver) Work(w *job.Workers) {
	job.Handle(w, func(ctx context.Context, j exportJob) error { return a.Make(ctx, j.ID) })
	job.Handle(w, func(ctx context.Context, j importJob) error { return a.Take(ctx, j.ID) })
	job.Handle(w, func(ctx context.Context, _ sweepJob) error { return a.Sweep(ctx) })
	w.Every(time.Hour, sweepJob{})
}

// sweepJob drops old files, ends what a crash left half done, and erases the
// brands whose days of grace are over.
type sweepJob struct{}

// Kind names the job.
func (sweepJob) Kind() string { return "archive.sweep" }

// Within is how long it may take.
func (sweepJob) Within() time.Duration { return 3 * time.Hour }

// Sweep is what the hourly job does.
func (a *Archiver) Sweep(ctx context.Context) error {
	return errors.Join(a.dropOld(ctx), a.endStale(ctx), a.eraseDue(ctx), a.forgetOld(ctx))
}

// dropOld drops the files that were kept long enough.
func (a *Archiver) dropOld(ctx context.Context) error {
	rows, err := a.DB.QueryContext(ctx, `SELECT `+exportColumns+` FROM brand_export WHERE state = 'done' AND finished_at <= $1`, a.DB.Now().Add(-KeptFor))
	old, err := db.Collect(rows, err, func(r *sql.Rows) (Export, error) { return scanExport(r) })
	for _, e := range old {
		if err == nil {
			err = a.Blobs.Delete(ctx, e.key)
		}
		if err == nil {
			_, err = a.DB.ExecContext(ctx, `UPDATE brand_export SET state = 'gone', updated_at = $2 WHERE id = $1`, e.ID, a.DB.Now())
		}
	}
	if err != nil {
		return fmt.Errorf("archive: drop old exports: %w", err)
	}
	return nil
}

// ExportTo writes an archive of the brand to w at once, for the console.
func (a *Archiver) ExportTo(ctx context.Context, brand string, w io.Writer) (Manifest, error) {
	err := a.DB.Tx(ctx, func(tx *db.Tx) error {
		return audit.Record(ctx, tx, access.System(), audit.Entry{Brand: brand, Act: "data.exported", Subject: brand})
	})
	if err != nil {
		return Manifest{}, err
	}
	return write(ctx, a.DB, a.Blobs, brand, a.Program, w, nil)
}
