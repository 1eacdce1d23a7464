package installation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"rapport/internal/db"
)

// Finding is what Judge found.
type Finding string

// The findings.
const (
	OK       Finding = "ok"
	Restored Finding = "restored" // the database has gone back in time
	Moved    Finding = "moved"    // the database is a copy, or at another address
)

// Verdict says whether the database may be trusted to know what was sent.
type Verdict struct {
	Finding Finding
	// Since is the database's last heartbeat: what came due after it may have
	// been sent by somebody who is not in this database.
	Since db.Time
	// Reason is a sentence for the owner; empty for OK.
	Reason string
}

// nodeAlive is how fresh a heartbeat is while another node writes it.
const nodeAlive = 4 * BeatEvery

// witness is the memory outside the database: a copy of the database alone
// does not bring it along, and a restored one disagrees with it.
type witness struct {
	Installation string  `json:"installation"`
	Heartbeat    db.Time `json:"heartbeat"`
	PublicURL    string  `json:"public_url"`
}

// Judge compares the database with the witness and with the address this
// Rapport is told it has. It changes nothing: until Settle, every start comes
// to the same verdict.
func (in *Installation) Judge(ctx context.Context) (Verdict, error) {
	beat, err := LastBeat(ctx, in.db)
	if err != nil {
		return Verdict{}, err
	}
	mark, err := read(ctx, in.db, keyRestore)
	if err != nil {
		return Verdict{}, fmt.Errorf("installation: judge: %w", err)
	}
	if mark != "" {
		return Verdict{Restored, beat, "This database was restored from a backup."}, nil
	}
	if beat == 0 {
		return Verdict{Finding: OK}, nil // it has never run
	}
	url, err := read(ctx, in.db, keyURL)
	if err != nil {
		return Verdict{}, fmt.Errorf("installation: judge: %w", err)
	}
	if in.publicURL != "" && url != "" && url != in.publicURL {
		return Verdict{Moved, beat, fmt.Sprintf("This Rapport was at %s and is now at %s. It may be a copy.", url, in.publicURL)}, nil
	}
	if in.witness == "" {
		return Verdict{Finding: OK, Since: beat}, nil
	}
	return in.judgeWitness(beat)
}

func (in *Installation) judgeWitness(beat db.Time) (Verdict, error) {
	w, err := in.readWitness()
	switch {
	case errors.Is(err, fs.ErrNotExist) && in.joins(beat):
		return Verdict{Finding: OK, Since: beat}, nil
	case errors.Is(err, fs.ErrNotExist):
		return Verdict{Moved, beat, "This database was last run elsewhere. It may be a copy."}, nil
	case errors.Is(err, errDamaged):
		return Verdict{Moved, beat, "What Rapport keeps beside its data folder is damaged, so this database may be a copy."}, nil
	case err != nil:
		return Verdict{}, fmt.Errorf("installation: the witness file %s: %w", in.witness, err)
	case w.Installation != in.ID:
		return Verdict{Moved, beat, "Another Rapport ran here before. This database may be a copy."}, nil
	case w.Heartbeat.After(beat):
		return Verdict{Restored, beat, fmt.Sprintf("This database is older than what ran here last: it ends at %s, and Rapport ran until %s.",
			minute(beat), minute(w.Heartbeat))}, nil
	}
	return Verdict{Finding: OK, Since: beat}, nil
}

func minute(t db.Time) string { return t.Time().Format("2 January 2006 15:04 UTC") }

// joins reports whether this is a further node of a Rapport that is running:
// only PostgreSQL has such.
func (in *Installation) joins(beat db.Time) bool {
	return in.db.Dialect == db.Postgres && in.db.Now().Sub(beat) < nodeAlive
}

// Settle accepts the database as it is, after the verdict was acted on, and
// beats for the first time.
func (in *Installation) Settle(ctx context.Context) error {
	err := in.db.Tx(ctx, func(tx *db.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM installation WHERE key = $1`, keyRestore); err != nil {
			return err
		}
		if in.publicURL == "" {
			return nil
		}
		return write(ctx, tx, keyURL, in.publicURL)
	}, db.Durable)
	if err != nil {
		return fmt.Errorf("installation: settle: %w", err)
	}
	return in.Beat(ctx)
}

// MarkRestored makes the next Judge say Restored, whatever the witness says.
func MarkRestored(ctx context.Context, d *db.DB) error {
	err := d.Tx(ctx, func(tx *db.Tx) error {
		return write(ctx, tx, keyRestore, strconv.FormatInt(int64(tx.Now()), 10))
	}, db.Durable)
	if err != nil {
		return fmt.Errorf("installation: mark as restored: %w", err)
	}
	return nil
}

// errDamaged is a witness that says nothing, as a full disk or a loss of power
// leaves it.
var errDamaged = errors.New("installation: the witness is damaged")

func (in *Installation) readWitness() (witness, error) {
	b, err := os.ReadFile(in.witness)
	if err != nil {
		return witness{}, err
	}
	var w witness
	if json.Unmarshal(b, &w) != nil || w.Installation == "" {
		return witness{}, errDamaged
	}
	return w, nil
}

// writeWitness replaces the file in one step.
func (in *Installation) writeWitness(at db.Time) error {
	if in.witness == "" {
		return nil
	}
	b, err := json.Marshal(witness{in.ID, at, in.publicURL})
	if err != nil {
		return err
	}
	if err := replace(in.witness, b); err != nil {
		return fmt.Errorf("installation: the witness file: %w", err)
	}
	return nil
}

func replace(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".witness-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // does nothing after the rename
	_, err = f.Write(content)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// Alive reports how long ago the heartbeat was, and whether that is what a
// running node would show.
func Alive(now, beat db.Time) (ago time.Duration, alive bool) {
	ago = now.Sub(beat)
	return ago, beat != 0 && ago < nodeAlive
}
