package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"rapport/internal/fault"
)

// Folder is a Store in a folder of the local disk.
type Folder struct {
	root *os.Root // a link inside the folder cannot lead out of it
}

// partial begins the name of a file that is being written. No key begins so.
const partial = ".part-"

// OpenFolder returns the store in dir, which it makes where it is missing.
// Files left half-written by a crash are removed.
func OpenFolder(dir string) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, storage("open", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, storage("open", err)
	}
	f := &Folder{root}
	left, err := fs.Glob(root.FS(), partial+"*")
	if err != nil {
		return nil, storage("clean", err)
	}
	for _, name := range left {
		if err := root.Remove(name); err != nil {
			return nil, storage("clean", err)
		}
	}
	return f, nil
}

// Close gives the folder back.
func (f *Folder) Close() error { return f.root.Close() }

// Put writes beside the store, makes it durable and moves it into place.
func (f *Folder) Put(ctx context.Context, key string, r io.Reader) (Info, error) {
	if err := CheckKey(key); err != nil {
		return Info{}, err
	}
	temp := partial + filepath.Base(key) + "-" + unique()
	if err := f.write(temp, reader{ctx, r}); err != nil {
		_ = f.root.Remove(temp) // the first error counts; OpenFolder cleans up what stays
		return Info{}, err
	}
	if err := f.place(temp, key); err != nil {
		_ = f.root.Remove(temp)
		return Info{}, err
	}
	return f.Stat(ctx, key)
}

func (f *Folder) write(temp string, r io.Reader) error {
	out, err := f.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return storage("create", err)
	}
	source := &watched{Reader: r}
	_, err = io.Copy(out, source)
	if source.err != nil {
		return errors.Join(fmt.Errorf("blob: read what to store: %w", source.err), out.Close())
	}
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return storage("write", err)
	}
	return nil
}

func (f *Folder) place(temp, key string) error {
	if err := f.root.MkdirAll(path.Dir(key), 0o700); err != nil {
		return storage("make folder", err)
	}
	if err := f.root.Rename(temp, key); err != nil {
		return storage("place", err)
	}
	// A new name lasts only once each folder above it is on disk.
	for dir := path.Dir(key); ; dir = path.Dir(dir) {
		if err := f.sync(dir); err != nil {
			return storage("sync", err)
		}
		if dir == "." {
			return nil
		}
	}
}

func (f *Folder) sync(dir string) error {
	d, err := f.root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Open opens the file.
func (f *Folder) Open(ctx context.Context, key string) (io.ReadSeekCloser, Info, error) {
	info, err := f.Stat(ctx, key)
	if err != nil {
		return nil, Info{}, err
	}
	file, err := f.root.Open(key)
	if err != nil {
		return nil, Info{}, storage("open", err)
	}
	return file, info, nil
}

// Stat looks at the file.
func (f *Folder) Stat(ctx context.Context, key string) (Info, error) {
	if err := errors.Join(ctx.Err(), CheckKey(key)); err != nil {
		return Info{}, err
	}
	info, err := f.root.Stat(key)
	if err != nil {
		return Info{}, storage("stat", err)
	}
	if info.IsDir() {
		return Info{}, storage("stat", fs.ErrNotExist)
	}
	return Info{key, info.Size(), info.ModTime()}, nil
}

// Delete removes the file and leaves empty folders, which cost nothing.
func (f *Folder) Delete(ctx context.Context, key string) error {
	_, err := f.Stat(ctx, key)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := f.root.Remove(key); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return storage("delete", err)
	}
	return nil
}

// List walks the folder.
func (f *Folder) List(ctx context.Context, prefix string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		found, err := f.find(ctx, prefix)
		if err != nil {
			yield(Info{}, err)
			return
		}
		for _, info := range found {
			if !yield(info, nil) {
				return
			}
		}
	}
}

// find collects first: folders come in an order in which "a/b" stands before
// "a-b", keys are the other way round.
func (f *Folder) find(ctx context.Context, prefix string) ([]Info, error) {
	var found []Info
	err := fs.WalkDir(f.root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err = errors.Join(err, ctx.Err()); err != nil || entry.IsDir() {
			return err
		}
		if !strings.HasPrefix(name, prefix) || strings.HasPrefix(name, partial) {
			return nil
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil {
			found = append(found, Info{name, info.Size(), info.ModTime()})
		}
		return err
	})
	if err != nil {
		return nil, storage("list", err)
	}
	slices.SortFunc(found, func(a, b Info) int { return strings.Compare(a.Key, b.Key) })
	return found, nil
}

// reader ends when its context does.
type reader struct {
	ctx context.Context
	io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}

// watched tells an error of the source from one of the disk.
type watched struct {
	io.Reader
	err error
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err
}
