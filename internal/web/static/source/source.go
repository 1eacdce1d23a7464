// Package source says what the built files are made from. The build writes
// its sum beside them and a test compares, so that a stale build is noticed
// without Node. It knows nothing of how they are built.
package source

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// SumFile is where the build keeps the sum, relative to the module root.
const SumFile = "assets/assets.sum"

// classes are the parts of a template that the stylesheet depends on: its
// words may change without a rebuild.
var classes = regexp.MustCompile(`class=("[^"]*"|\{[^}]*\})`)

// Sum is the sha256 of all inputs below the module root, in hexadecimal.
func Sum(root string) (string, error) {
	h := sha256.New()
	names, err := inputs(root)
	if err != nil {
		return "", fmt.Errorf("source: list inputs: %w", err)
	}
	for _, name := range names {
		body, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return "", fmt.Errorf("source: read input: %w", err)
		}
		fmt.Fprintf(h, "%s %x\n", name, sha256.Sum256(body))
	}
	used, err := used(root)
	if err != nil {
		return "", fmt.Errorf("source: read templates: %w", err)
	}
	for _, class := range used {
		fmt.Fprintln(h, class)
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}

// inputs are the files under assets that end up in dist, and the program that
// puts them there.
func inputs(root string) ([]string, error) {
	names := []string{"internal/web/static/build/main.go"}
	err := fs.WalkDir(os.DirFS(root), "assets", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch {
		case d.Name() == "node_modules" && d.IsDir():
			return fs.SkipDir
		case d.Name() == "node_modules", d.IsDir(): // the former where it is a link
			return nil
		}
		if p != SumFile && filepath.Ext(p) != ".md" {
			names = append(names, p)
		}
		return nil
	})
	slices.Sort(names)
	return names, err
}

// used lists each class attribute of the templates once.
func used(root string) ([]string, error) {
	var found []string
	err := fs.WalkDir(os.DirFS(root), "internal/web", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(p, ".templ") {
			return err
		}
		body, err := os.ReadFile(filepath.Join(root, p))
		found = append(found, classes.FindAllString(string(body), -1)...)
		return err
	})
	slices.Sort(found)
	return slices.Compact(found), err
}
