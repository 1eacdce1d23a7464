package hook_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"rapport/internal/hook"
	"rapport/internal/webhook"
)

// Every event that the program writes down is sent to others, or is named with
// the reason why it is not.
func TestEveryEventIsSentOrStaysInside(t *testing.T) {
	kinds := map[string]string{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if kind := eventKind(n); kind != "" {
				kinds[kind] = path
			}
			return true
		})
		return nil
	})
	if err != nil || len(kinds) < 10 {
		t.Fatalf("%d kinds found, %v", len(kinds), err)
	}
	for kind, path := range kinds {
		if _, inside := hook.Inside[kind]; !inside && !hook.Sends(kind) {
			t.Errorf("%s writes %q: give it a type in package webhook and a source in package hook, or name it in hook.Inside", path, kind)
		}
	}
}

// eventKind is the constant kind of an outbox.Event that is written down.
func eventKind(n ast.Node) string {
	lit, ok := n.(*ast.CompositeLit)
	if !ok {
		return ""
	}
	if of, ok := lit.Type.(*ast.SelectorExpr); !ok || of.Sel.Name != "Event" || of.X.(*ast.Ident).Name != "outbox" {
		return ""
	}
	for _, e := range lit.Elts {
		pair, ok := e.(*ast.KeyValueExpr)
		if !ok || pair.Key.(*ast.Ident).Name != "Kind" {
			continue
		}
		if value, ok := pair.Value.(*ast.BasicLit); ok {
			kind, _ := strconv.Unquote(value.Value)
			return kind
		}
	}
	return ""
}

// Every type can happen, and what happens has a type.
func TestTypesHaveSources(t *testing.T) {
	sent := map[string]bool{}
	for _, name := range hook.Names() {
		sent[name] = true
		if !webhook.Known(name) {
			t.Errorf("%q is sent but nobody can choose it", name)
		}
	}
	for _, k := range webhook.Types {
		if !sent[k.Name] {
			t.Errorf("%q can be chosen but is never sent", k.Name)
		}
		if k.About == "" || k.Group == "" {
			t.Errorf("%q says nothing of itself", k.Name)
		}
	}
}
