package blob_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"rapport/internal/blob"
	"rapport/internal/blob/blobtest"
	"rapport/internal/fault"
)

func folder(t *testing.T, dir string) *blob.Folder {
	t.Helper()
	f, err := blob.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func TestFolder(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Store { return folder(t, filepath.Join(t.TempDir(), "deep", "blobs")) })
}

func TestFolderForgetsHalfWrittenFiles(t *testing.T) {
	dir := t.TempDir()
	half := filepath.Join(dir, ".part-photo-x")
	if err := os.WriteFile(half, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	folder(t, dir)
	if _, err := os.Stat(half); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("still there: %v", err)
	}
}

func TestFolderDoesNotFollowLinksOut(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	if err := os.Symlink(outside, filepath.Join(dir, "out")); err != nil {
		t.Fatal(err)
	}
	f := folder(t, dir)
	if _, err := f.Put(t.Context(), "out/file", strings.NewReader("x")); err == nil {
		t.Error("wrote through a link")
	}
	if left, err := os.ReadDir(outside); err != nil || len(left) != 0 {
		t.Errorf("outside: %v, %v", left, err)
	}
}

// endless is larger than any limit.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestDiskThatTakesNoMoreIsToldInWords(t *testing.T) {
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	limit := syscall.Rlimit{Cur: 1 << 20, Max: before.Max}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
			t.Error(err)
		}
	}()
	f := folder(t, t.TempDir())
	_, err := f.Put(t.Context(), "big", io.LimitReader(endless{}, 8<<20))
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v, want a fault", err)
	}
	for info := range f.List(t.Context(), "") {
		t.Errorf("%s was left behind", info.Key)
	}
}
