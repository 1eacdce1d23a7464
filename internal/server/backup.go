package server

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/installation"
)

// The parts of a backup, in the order they stand in the file. The key file is
// left out on purpose: who finds a backup must not be able to post.
const (
	backupManifest = "manifest.json"
	backupDatabase = "rapport.db"
	backupMedia    = "media"
)

type manifest struct {
	Format  int       `json:"format"`
	Made    time.Time `json:"made"`
	Schema  int64     `json:"schema"`
	Program string    `json:"program"`
}

const backupFormat = 1

type backupCommand struct {
	place
	File string `arg:"" help:"File to write; it must not exist."`
}

func (cmd *backupCommand) Run(c *console) error {
	p, err := cmd.place.absolute()
	if err != nil {
		return err
	}
	if p.DatabaseURL != "" {
		return fault.New(fault.Invalid, "PostgreSQL is backed up with pg_dump. Copy the folder %s and the key file %s beside it.", p.media(), p.keyFile())
	}
	return c.with(p, func(d *db.DB) error {
		bytes, err := backup(c.ctx, d, p, cmd.File)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.out, "Saved %s (%.1f MB).\nThe keys are not in it. Keep a copy of %s in another place: without it the channels must be connected again.\n",
			cmd.File, float64(bytes)/1e6, p.keyFile())
		return nil
	})
}

// backup writes the whole file under another name first, so that a backup
// that exists is complete. The media are read after the database: a row may
// lack no file.
func backup(ctx context.Context, d *db.DB, p place, file string) (bytes int64, err error) {
	if _, err := os.Lstat(file); err == nil {
		return 0, fault.New(fault.Conflict, "%s exists already. Choose another name.", file)
	}
	work, err := os.MkdirTemp(filepath.Dir(file), ".rapport-backup-")
	if err != nil {
		return 0, fault.As(fault.Unavailable, err, "The folder of %s cannot be written (%v).", file, cause(err))
	}
	defer os.RemoveAll(work)
	copied := filepath.Join(work, backupDatabase)
	if err := d.Backup(ctx, copied); err != nil {
		return 0, err
	}
	_, schema, err := d.SchemaVersion(ctx)
	if err != nil {
		return 0, err
	}
	whole := filepath.Join(work, "backup.tar")
	m := manifest{backupFormat, d.Now().Time(), schema, version()}
	if err := pack(whole, m, copied, p.media()); err != nil {
		return 0, fmt.Errorf("server: back up: %w", err)
	}
	info, err := os.Stat(whole)
	if err != nil {
		return 0, err
	}
	return info.Size(), os.Rename(whole, file)
}

func pack(file string, m manifest, database, media string) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	t := tar.NewWriter(f)
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	if err := t.WriteHeader(&tar.Header{Name: backupManifest, Mode: 0o600, Size: int64(len(b)), ModTime: m.Made}); err != nil {
		return err
	}
	if _, err := t.Write(b); err != nil {
		return err
	}
	if err := packFile(t, database, backupDatabase); err != nil {
		return err
	}
	if err := packFolder(t, media); err != nil {
		return err
	}
	return errors.Join(t.Close(), f.Sync(), f.Close())
}

func packFolder(t *tar.Writer, dir string) error {
	return filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // no media yet, or a file that was just deleted
		}
		if err != nil || !e.Type().IsRegular() || strings.HasPrefix(e.Name(), ".") {
			return err // what begins with a dot is still being written
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		return packFile(t, name, path.Join(backupMedia, filepath.ToSlash(rel)))
	})
}

func packFile(t *tar.Writer, file, name string) error {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) && name != backupDatabase {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := t.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: info.Size(), ModTime: info.ModTime()}); err != nil {
		return err
	}
	_, err = io.Copy(t, f)
	return err
}

type restoreCommand struct {
	File string `arg:"" help:"Backup to read."`
	Data string `required:"" placeholder:"DIR" help:"Folder to make; it must be empty or not exist."`
}

func (cmd *restoreCommand) Run(c *console) error {
	p, err := place{Data: cmd.Data}.absolute()
	if err != nil {
		return err
	}
	if err := emptyOrAbsent(p.Data); err != nil {
		return err
	}
	m, err := restore(c.ctx, p, cmd.File)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "Restored the backup of %s into %s.\n", m.Made.Format("2 January 2006 15:04 UTC"), p.Data)
	if _, err := os.Stat(p.keyFile()); err != nil {
		fmt.Fprintf(c.out, "Put the key file to %s before you start Rapport.\n", p.keyFile())
	}
	fmt.Fprintln(c.out, "Every brand will be on hold until an owner has looked at what may have been sent since.")
	return nil
}

func emptyOrAbsent(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fault.As(fault.Unavailable, err, "The folder %s cannot be read (%v).", dir, cause(err))
	}
	if len(entries) > 0 {
		return fault.New(fault.Conflict, "The folder %s is not empty. Stop Rapport if it runs there, and choose an empty folder with --data.", dir)
	}
	return nil
}

// restore builds the folder under another name and puts it in place whole.
func restore(ctx context.Context, p place, file string) (manifest, error) {
	if err := os.MkdirAll(filepath.Dir(p.Data), 0o700); err != nil {
		return manifest{}, err
	}
	work, err := os.MkdirTemp(filepath.Dir(p.Data), ".rapport-restore-")
	if err != nil {
		return manifest{}, fault.As(fault.Unavailable, err, "The folder %s cannot be made (%v).", p.Data, cause(err))
	}
	defer os.RemoveAll(work)
	m, err := unpack(file, work)
	if err != nil {
		return manifest{}, err
	}
	if err := markRestored(ctx, place{Data: work}); err != nil {
		return manifest{}, err
	}
	if err := os.Remove(p.Data); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return manifest{}, err
	}
	return m, os.Rename(work, p.Data)
}

func unpack(file, dir string) (m manifest, err error) {
	f, err := os.Open(file)
	if err != nil {
		return m, fault.As(fault.NotFound, err, "The backup %s cannot be read (%v).", file, cause(err))
	}
	defer f.Close()
	damaged := func(err error) error {
		return fault.As(fault.Invalid, err, "%s is not a whole backup of Rapport.", file)
	}
	t, found := tar.NewReader(f), map[string]bool{}
	for {
		h, err := t.Next()
		if err == io.EOF {
			break
		}
		if err == nil {
			err = unpackFile(t, h, dir)
		}
		if err != nil {
			return m, damaged(err)
		}
		found[h.Name] = true
	}
	if !found[backupManifest] || !found[backupDatabase] {
		return m, damaged(errors.New("a part is missing"))
	}
	b, err := os.ReadFile(filepath.Join(dir, backupManifest))
	if err == nil {
		err = json.Unmarshal(b, &m)
	}
	if err != nil || m.Format != backupFormat {
		return m, damaged(errors.Join(err, fmt.Errorf("format %d", m.Format)))
	}
	return m, os.Remove(filepath.Join(dir, backupManifest))
}

func unpackFile(t *tar.Reader, h *tar.Header, dir string) error {
	known := h.Name == backupManifest || h.Name == backupDatabase || strings.HasPrefix(h.Name, backupMedia+"/")
	if h.Typeflag != tar.TypeReg || !known || !filepath.IsLocal(filepath.FromSlash(h.Name)) {
		return fmt.Errorf("an unknown part %q", h.Name)
	}
	target := filepath.Join(dir, filepath.FromSlash(h.Name))
	if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, t)
	return errors.Join(err, f.Sync(), f.Close())
}

// markRestored also proves that the database is sound.
func markRestored(ctx context.Context, p place) error {
	d, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	var sound string
	if err := d.QueryRowContext(ctx, `PRAGMA quick_check`).Scan(&sound); err != nil || sound != "ok" {
		return fault.As(fault.Invalid, err, "The database in the backup is damaged: %s.", sound)
	}
	if _, err := upgrade(ctx, d); err != nil {
		return err
	}
	if err := installation.MarkRestored(ctx, d); err != nil {
		return err
	}
	return d.Close()
}
