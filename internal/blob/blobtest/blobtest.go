// Package blobtest is what every blob.Store must do.
package blobtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/blob"
	"rapport/internal/fault"
)

// Run tests the stores that open returns; each call must give an empty one.
func Run(t *testing.T, open func(t *testing.T) blob.Store) {
	for name, test := range map[string]func(*testing.T, blob.Store){
		"what is put can be read":        readBack,
		"a second put replaces":          replace,
		"missing":                        missing,
		"keys that are none":             badKeys,
		"a broken source stores nothing": brokenSource,
		"list":                           list,
		"readers never see a part":       whole,
		"given up":                       givenUp,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

func put(t *testing.T, s blob.Store, key, content string) blob.Info {
	t.Helper()
	info, err := s.Put(t.Context(), key, strings.NewReader(content))
	if err != nil {
		t.Fatalf("put %s: %v", key, err)
	}
	return info
}

func read(t *testing.T, s blob.Store, key string) string {
	t.Helper()
	r, _, err := s.Open(t.Context(), key)
	if err != nil {
		t.Fatalf("open %s: %v", key, err)
	}
	defer r.Close()
	content, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("read %s: %v", key, err)
	}
	return string(content)
}

func keys(t *testing.T, s blob.Store, prefix string) []string {
	t.Helper()
	var out []string
	for info, err := range s.List(t.Context(), prefix) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, info.Key)
	}
	return out
}

func readBack(t *testing.T, s blob.Store) {
	info := put(t, s, "a/b.txt", "hello")
	if info.Key != "a/b.txt" || info.Size != 5 || info.Modified.IsZero() {
		t.Errorf("info %+v", info)
	}
	if got := read(t, s, "a/b.txt"); got != "hello" {
		t.Errorf("content %q", got)
	}
	r, _, err := s.Open(t.Context(), "a/b.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Seek(3, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(r); err != nil || string(rest) != "lo" {
		t.Errorf("after seeking %q, %v", rest, err)
	}
	put(t, s, "empty", "")
	if got := read(t, s, "empty"); got != "" {
		t.Errorf("an empty blob holds %q", got)
	}
}

func replace(t *testing.T, s blob.Store) {
	put(t, s, "k", "the first and longer one")
	put(t, s, "k", "second")
	if got := read(t, s, "k"); got != "second" {
		t.Errorf("content %q", got)
	}
}

func missing(t *testing.T, s blob.Store) {
	put(t, s, "a/b", "x")
	for _, key := range []string{"none", "a", "a/b/c"} {
		if _, err := s.Stat(t.Context(), key); !fault.Is(err, fault.NotFound) {
			t.Errorf("stat %s: %v", key, err)
		}
		if _, _, err := s.Open(t.Context(), key); !fault.Is(err, fault.NotFound) {
			t.Errorf("open %s: %v", key, err)
		}
		if err := s.Delete(t.Context(), key); err != nil {
			t.Errorf("delete %s: %v", key, err)
		}
	}
	if err := s.Delete(t.Context(), "a/b"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Stat(t.Context(), "a/b"); !fault.Is(err, fault.NotFound) {
		t.Errorf("a deleted blob: %v", err)
	}
}

func badKeys(t *testing.T, s blob.Store) {
	for _, key := range []string{
		"", "/", "/etc/passwd", "../x", "a/../../x", "a//b", "a/", ".hidden", "a/.part-x", "A", "a b", "a\\b", "a\x00b",
		"é", "-x", strings.Repeat("k", 201),
	} {
		if _, err := s.Put(t.Context(), key, strings.NewReader("x")); !fault.Is(err, fault.Invalid) {
			t.Errorf("put %q: %v", key, err)
		}
		if _, _, err := s.Open(t.Context(), key); !fault.Is(err, fault.Invalid) {
			t.Errorf("open %q: %v", key, err)
		}
		if err := s.Delete(t.Context(), key); !fault.Is(err, fault.Invalid) {
			t.Errorf("delete %q: %v", key, err)
		}
	}
}

func brokenSource(t *testing.T, s blob.Store) {
	broken := errors.New("the upload broke")
	put(t, s, "k", "old")
	source := io.MultiReader(strings.NewReader("new"), iotest.ErrReader(broken))
	if _, err := s.Put(t.Context(), "k", source); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if got := read(t, s, "k"); got != "old" {
		t.Errorf("content %q", got)
	}
	if diff := cmp.Diff([]string{"k"}, keys(t, s, "")); diff != "" {
		t.Errorf("something was left behind:\n%s", diff)
	}
}

func list(t *testing.T, s blob.Store) {
	if got := keys(t, s, ""); len(got) != 0 {
		t.Errorf("an empty store lists %v", got)
	}
	for _, key := range []string{"b/2", "a/1", "a-b", "a/1.jpg", "c"} {
		put(t, s, key, key)
	}
	for prefix, want := range map[string][]string{
		"":     {"a-b", "a/1", "a/1.jpg", "b/2", "c"},
		"a/":   {"a/1", "a/1.jpg"},
		"a":    {"a-b", "a/1", "a/1.jpg"},
		"none": nil,
	} {
		if diff := cmp.Diff(want, keys(t, s, prefix)); diff != "" {
			t.Errorf("prefix %q:\n%s", prefix, diff)
		}
	}
	for info := range s.List(t.Context(), "") {
		if info.Key != "a-b" {
			t.Errorf("the first is %s", info.Key)
		}
		break
	}
}

func whole(t *testing.T, s blob.Store) {
	contents := []string{strings.Repeat("a", 1<<16), strings.Repeat("b", 1<<17)}
	put(t, s, "k", contents[0])
	var writers sync.WaitGroup
	for i := range 10 {
		writers.Go(func() {
			if _, err := s.Put(t.Context(), "k", strings.NewReader(contents[i%2])); err != nil {
				t.Error(err)
			}
		})
	}
	for range 50 {
		if got := read(t, s, "k"); got != contents[0] && got != contents[1] {
			t.Fatalf("read a part of %d bytes", len(got))
		}
	}
	writers.Wait()
}

func givenUp(t *testing.T, s blob.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Put(ctx, "k", bytes.NewReader([]byte("x"))); !errors.Is(err, context.Canceled) {
		t.Errorf("put: %v", err)
	}
	if got := keys(t, s, ""); len(got) != 0 {
		t.Errorf("stored %v", got)
	}
}
