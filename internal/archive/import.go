package archive

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/job"
)

// MostUpload is how large an archive may be that comes through a page. A
// larger one is brought in at the console.
const MostUpload = 4 << 30

// Import is an archive that becomes a brand.
type Import struct {
	ID         string
	Account    string // who will own the brand
	Brand      string // its id, once it is begun
	Name       string // its name, once it was read
	State      string
	Done, Most int64
	Error      string
	CreatedAt  db.Time
	UpdatedAt  db.Time
	FinishedAt db.Time

	key string
}

const importColumns = `id, account_id, brand, name, state, done, most, error, blob, created_at, updated_at, finished_at`

func scanImport(r interface{ Scan(...any) error }) (i Import, err error) {
	err = r.Scan(&i.ID, &i.Account, &i.Brand, &i.Name, &i.State, &i.Done, &i.Most, &i.Error, &i.key, &i.CreatedAt, &i.UpdatedAt, &i.FinishedAt)
	return i, err
}

// Upload keeps an archive and brings it in as a brand that the account owns.
// Whoever may start a brand may. One at a time.
func (a *Archiver) Upload(ctx context.Context, who access.Who, r io.Reader) (Import, error) {
	if err := brand.MayStart(ctx, a.DB, who); err != nil {
		return Import{}, err
	}
	if err := a.free(ctx, a.DB, who); err != nil {
		return Import{}, err
	}
	i := Import{ID: db.NewID(), Account: who.Account, State: Waiting}
	i.key = "import/" + i.ID + ".zip"
	info, err := a.Blobs.Put(ctx, i.key, r)
	if err == nil && info.Size == 0 {
		err = fault.OnField("file", "Choose the archive that you exported, a .zip file.")
	}
	if err == nil {
		err = a.DB.Tx(ctx, func(tx *db.Tx) error {
			if err := a.free(ctx, tx, who); err != nil {
				return err
			}
			return errors.Join(insertImport(ctx, tx, i, info.Size), job.Insert(ctx, tx, importJob{i.ID}, 0))
		})
	}
	if err != nil {
		_ = a.Blobs.Delete(context.WithoutCancel(ctx), i.key)
	}
	return i, err
}

func (a *Archiver) free(ctx context.Context, q db.Queryer, who access.Who) error {
	var n int
	err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM brand_import WHERE account_id = $1 AND state IN ('waiting', 'running')`, who.Account).Scan(&n)
	if err == nil && n > 0 {
		err = fault.New(fault.Conflict, "An archive of yours is being brought in already. Wait until it is there.")
	}
	return err
}

func insertImport(ctx context.Context, tx *db.Tx, i Import, bytes int64) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO brand_import (id, account_id, state, bytes, blob, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $6)`,
		i.ID, i.Account, i.State, bytes, i.key, tx.Now())
	return err
}

// ImportByID is how far an import of the account's is.
func (a *Archiver) ImportByID(ctx context.Context, who access.Who, id string) (Import, error) {
	i, err := scanImport(a.DB.QueryRowContext(ctx, `SELECT `+importColumns+` FROM brand_import WHERE id = $1 AND account_id = $2 AND account_id <> ''`, id, who.Account))
	if errors.Is(err, sql.ErrNoRows) {
		return i, fault.New(fault.NotFound, "There is no such import.")
	}
	return i, err
}

// importJob brings an uploaded archive in.
type importJob struct {
	ID string `json:"id"`
}

// Kind names the job.
func (importJob) Kind() string { return "archive.import" }

// Within is how long it may take.
func (importJob) Within() time.Duration { return 6 * time.Hour }

// Take is what the job does: it brings an uploaded archive in. Whatever an earlier try left is erased
// first.
func (a *Archiver) Take(ctx context.Context, id string) error {
	i, err := scanImport(a.DB.QueryRowContext(ctx, `SELECT `+importColumns+` FROM brand_import WHERE id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) || err == nil && i.State != Waiting && i.State != Running {
		return nil
	}
	if err != nil {
		return fmt.Errorf("archive: import: %w", err)
	}
	owner, err := account.ByID(ctx, a.DB, i.Account)
	if err != nil {
		return a.end(ctx, i, err)
	}
	file, size, err := a.fetch(ctx, i.key)
	if err == nil {
		defer os.Remove(file.Name())
		defer file.Close()
		err = a.bring(ctx, &i, access.Who{Account: owner.ID, Name: owner.Name}, owner.ID, file, size)
	}
	if err != nil && ctx.Err() != nil {
		return err // the program ends: again from the beginning
	}
	return a.end(ctx, i, err)
}

// fetch copies an upload to a file of this machine: it is read in many places
// at once.
func (a *Archiver) fetch(ctx context.Context, key string) (*os.File, int64, error) {
	r, _, err := a.Blobs.Open(ctx, key)
	if err != nil {
		return nil, 0, err
	}
	defer r.Close()
	f, err := os.CreateTemp("", "rapport-import-*.zip")
	if err != nil {
		return nil, 0, fault.As(fault.Unavailable, err, "There is no space to unpack the archive.")
	}
	n, err := io.Copy(f, r)
	if err != nil {
		f.Close()
		os.Remove(f.Name())
		return nil, 0, fault.As(fault.Unavailable, err, "There is no space to unpack the archive.")
	}
	return f, n, nil
}

// bring looks the whole archive through before it writes anything of it.
func (a *Archiver) bring(ctx context.Context, i *Import, who access.Who, owner string, r io.ReaderAt, size int64) error {
	if i.Brand != "" {
		if err := wipe(ctx, a.DB, a.Blobs, i.Brand, nil); err != nil {
			return err
		}
	}
	var looked int64
	s, err := look(ctx, r, size, func(done int64) error {
		looked = done
		return a.importMoved(ctx, *i, done)
	})
	if err != nil {
		return err
	}
	i.Name, i.Most, looked = s.brand.Name, 2*s.things, s.things
	if err := a.importMoved(ctx, *i, looked); err != nil {
		return err
	}
	l := &loader{source: s, d: a.DB, library: a.Library, mine: i, moved: func(done int64) error { return a.importMoved(ctx, *i, looked+done) }}
	return l.load(ctx, who, owner)
}

func (a *Archiver) importMoved(ctx context.Context, i Import, done int64) error {
	_, err := a.DB.ExecContext(ctx, `UPDATE brand_import SET state = 'running', name = $2, done = $3, most = $4, updated_at = $5 WHERE id = $1`,
		i.ID, i.Name, done, max(i.Most, 2*done), a.DB.Now())
	return err
}

// end writes how an import ended; what a failed one left is erased.
func (a *Archiver) end(ctx context.Context, i Import, failure error) error {
	state, reason := Done, ""
	if failure != nil {
		state, reason = Failed, fault.Text(failure)
		if i.Brand != "" {
			if err := wipe(ctx, a.DB, a.Blobs, i.Brand, nil); err != nil {
				return err
			}
		}
	}
	_, err := a.DB.ExecContext(ctx, `UPDATE brand_import SET state = $2, error = $3, done = most, blob = '', finished_at = $4, updated_at = $4 WHERE id = $1`,
		i.ID, state, reason, a.DB.Now())
	if i.key != "" {
		err = errors.Join(err, a.Blobs.Delete(ctx, i.key))
	}
	if failure != nil && fault.KindOf(failure) == fault.Internal {
		return job.Cancel(errors.Join(failure, err))
	}
	return err
}

// ImportFile brings an archive in at the console, as a brand of the account
// with the address, and returns what it was called.
func (a *Archiver) ImportFile(ctx context.Context, owner, path string) (Import, error) {
	acc, err := account.ByEmail(ctx, a.DB, owner)
	if err != nil {
		return Import{}, err
	}
	f, err := os.Open(path)
	if err != nil {
		return Import{}, fault.As(fault.NotFound, err, "The file %s cannot be read.", path)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Import{}, err
	}
	i := Import{ID: db.NewID(), State: Running}
	if err := a.DB.Tx(ctx, func(tx *db.Tx) error { return insertImport(ctx, tx, i, info.Size()) }); err != nil {
		return i, err
	}
	err = a.bring(ctx, &i, access.System(), acc.ID, f, info.Size())
	if ended := a.end(context.WithoutCancel(ctx), i, err); err == nil {
		err = ended
	}
	return i, err
}

// staleAfter is how long an import at the console may be silent.
const staleAfter = 30 * time.Minute

// endStale erases what imports at the console left that were cut off.
func (a *Archiver) endStale(ctx context.Context) error {
	rows, err := a.DB.QueryContext(ctx, `SELECT `+importColumns+` FROM brand_import WHERE state IN ('waiting', 'running') AND updated_at <= $1`, a.DB.Now().Add(-staleAfter))
	stale, err := db.Collect(rows, err, func(r *sql.Rows) (Import, error) { return scanImport(r) })
	for _, i := range stale {
		if err == nil && i.Account == "" {
			err = a.end(ctx, i, fault.New(fault.Unavailable, "It was cut off. Bring the archive in again."))
		}
	}
	if err != nil {
		return fmt.Errorf("archive: end what was cut off: %w", err)
	}
	return nil
}
