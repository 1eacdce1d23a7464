package house_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/constant"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
)

// doors are where a text enters a catalog, by function and the places of its
// arguments that are messages.
var doors = map[string][]int{
	"rapport/internal/i18n.T": {1}, "rapport/internal/i18n.N": {2, 3}, "rapport/internal/i18n.F": {1},
	"rapport/internal/i18n.P": {0}, "rapport/internal/i18n.Mark": {0},
	"rapport/internal/fault.New": {1}, "rapport/internal/fault.As": {2}, "rapport/internal/fault.OnField": {1},
	"rapport/internal/fault.On": {1}, "rapport/internal/fault.After": {1},
	"rapport/internal/network.Found": {3},
	"rapport/internal/api.problem":   {1},
	"rapport/internal/channel.Log":   {5}, "rapport/internal/channel.Attention": {4},
}

// fields hold messages as well: they are translated where they are shown.
var fields = []string{
	"rapport/internal/fault.Error.Text", "rapport/internal/fault.Field.Text", "rapport/internal/network.Problem.Text",
	"rapport/internal/network.Error.Text", "rapport/internal/delivery.End.Reason",
	"rapport/internal/delivery.Event.Text", "rapport/internal/delivery.Back.Text",
}

// silent packages speak to whoever runs the program or tests it, in English.
var silent = []string{"bench", "walk", "house", "browsertest", "demoworld", "emulator", "wire", "networktest", "crash", "static",
	"dbtest", "blobtest", "jobtest", "webtest", "config", "server", "secret"}

// words are the messages of the code with where they stand; a message with a
// plural is known by its many.
type words struct {
	at  map[string]string
	one map[string]string // the plural's "one" by its "many"
}

var spoken = sync.OnceValues(func() (*words, error) {
	h, err := heard()
	if err != nil {
		return nil, err
	}
	h.follow()
	return h.out, nil
})

type listed struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
}

// source is our code with its types.
type source struct {
	fset  *token.FileSet
	info  *types.Info
	files []*ast.File
	out   *words
	// what flows into what: all expressions that become the value of an object
	into    map[types.Object][]ast.Expr
	results map[types.Object]types.Object
	calls   []*ast.CallExpr
	seen    map[types.Object]bool
	queue   []types.Object
}

// heard reads and types all of our packages, each from its source, so that a
// field is the same object wherever it is used.
func heard() (*source, error) {
	all, err := list("-deps", "-json=ImportPath,Dir,GoFiles", "rapport/internal/server", "rapport/internal/web/webtest")
	if err != nil {
		return nil, err
	}
	// Ours are read from their source, the others as they were compiled.
	args := []string{"-export", "-json=ImportPath,Export"}
	for _, p := range all {
		if !strings.HasPrefix(p.ImportPath, "rapport/") {
			args = append(args, p.ImportPath)
		}
	}
	others, err := list(args...)
	if err != nil {
		return nil, err
	}
	h := &source{fset: token.NewFileSet(), info: &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{},
		Uses: map[*ast.Ident]types.Object{}, Selections: map[*ast.SelectorExpr]*types.Selection{}},
		out:  &words{at: map[string]string{}, one: map[string]string{}},
		into: map[types.Object][]ast.Expr{}, results: map[types.Object]types.Object{}, seen: map[types.Object]bool{}}
	exports, ours := map[string]string{}, map[string]*types.Package{}
	for _, p := range others {
		exports[p.ImportPath] = p.Export
	}
	compiled := importer.ForCompiler(h.fset, "gc", func(path string) (io.ReadCloser, error) {
		if exports[path] == "" {
			return nil, fmt.Errorf("no export data for %s", path)
		}
		return os.Open(exports[path])
	})
	both := importerFunc(func(path string) (*types.Package, error) {
		if p := ours[path]; p != nil {
			return p, nil
		}
		return compiled.Import(path)
	})
	for _, p := range all {
		if !strings.HasPrefix(p.ImportPath, "rapport/") {
			continue
		}
		var files []*ast.File
		for _, name := range p.GoFiles {
			f, err := parser.ParseFile(h.fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				return nil, err
			}
			files = append(files, f)
		}
		checked, err := (&types.Config{Importer: both}).Check(p.ImportPath, h.fset, files, h.info)
		if err != nil {
			return nil, err
		}
		ours[p.ImportPath] = checked
		h.files = append(h.files, files...)
	}
	return h, nil
}

// list asks go list; what is imported comes first.
func list(args ...string) ([]listed, error) {
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w: %s", err, stderr.String())
	}
	var all []listed
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
}

type importerFunc func(string) (*types.Package, error)

func (f importerFunc) Import(path string) (*types.Package, error) { return f(path) }

// follow goes from the doors back to the texts: through variables, fields,
// parameters, tables and results, until nothing new is found.
func (h *source) follow() {
	for _, f := range h.files {
		h.flows(f)
	}
	for _, name := range fields {
		h.want(h.field(name))
	}
	for _, call := range h.calls {
		fn := h.callee(call)
		if fn == nil {
			continue
		}
		places := doors[fullName(fn)]
		for _, i := range places {
			if i < len(call.Args) {
				h.from(call.Args[i])
			}
		}
		if fullName(fn) == "rapport/internal/i18n.N" {
			one, many := h.info.Types[call.Args[2]].Value, h.info.Types[call.Args[3]].Value
			if one != nil && many != nil {
				h.out.one[constant.StringVal(many)] = constant.StringVal(one)
			}
		}
	}
	for len(h.queue) > 0 {
		next := h.queue[0]
		h.queue = h.queue[1:]
		for _, e := range h.into[next] {
			h.from(e)
		}
	}
	for many, one := range h.out.one {
		if one != many {
			delete(h.out.at, one)
		}
	}
}

func fullName(o types.Object) string {
	if o.Pkg() == nil {
		return o.Name()
	}
	return o.Pkg().Path() + "." + o.Name()
}

func (h *source) field(name string) types.Object {
	path, rest, _ := strings.Cut(name[strings.LastIndex(name, "/"):], ".")
	path = name[:strings.LastIndex(name, "/")] + path
	typ, field, _ := strings.Cut(rest, ".")
	for id, o := range h.info.Defs {
		if o != nil && id.Name == typ && o.Pkg() != nil && o.Pkg().Path() == path {
			if s, ok := o.Type().Underlying().(*types.Struct); ok {
				for f := range s.Fields() {
					if f.Name() == field {
						return f
					}
				}
			}
		}
	}
	panic("no field " + name)
}

func (h *source) want(o types.Object) {
	if o != nil && !h.seen[o] {
		h.seen[o] = true
		h.queue = append(h.queue, o)
	}
}

func (h *source) callee(call *ast.CallExpr) types.Object {
	fun := ast.Unparen(call.Fun)
	switch f := fun.(type) {
	case *ast.IndexExpr:
		fun = f.X
	case *ast.IndexListExpr:
		fun = f.X
	}
	switch f := fun.(type) {
	case *ast.Ident:
		return h.info.Uses[f]
	case *ast.SelectorExpr:
		return h.info.Uses[f.Sel]
	}
	return nil
}

// flows notes for a file what becomes the value of what.
func (h *source) flows(f *ast.File) {
	var stack []types.Object // the functions around
	var ends []token.Pos
	ast.Inspect(f, func(n ast.Node) bool {
		for n != nil && len(ends) > 0 && n.Pos() >= ends[len(ends)-1] {
			stack, ends = stack[:len(stack)-1], ends[:len(ends)-1]
		}
		switch n := n.(type) {
		case *ast.FuncDecl:
			stack, ends = append(stack, h.info.Defs[n.Name]), append(ends, n.End())
		case *ast.AssignStmt:
			for i, l := range n.Lhs {
				switch {
				case len(n.Lhs) == len(n.Rhs):
					h.becomes(l, n.Rhs[i])
				case len(n.Rhs) == 1:
					h.becomes(l, n.Rhs[0]) // one of several results
				}
			}
		case *ast.ValueSpec:
			for i, name := range n.Names {
				if i < len(n.Values) {
					h.note(h.info.Defs[name], n.Values[i])
				}
			}
		case *ast.RangeStmt:
			if n.Value != nil {
				h.becomes(n.Value, n.X)
			}
		case *ast.CompositeLit:
			h.literal(n)
		case *ast.CallExpr:
			h.call(n)
		case *ast.FuncLit:
			stack, ends = append(stack, nil), append(ends, n.End())
		case *ast.ReturnStmt:
			if len(stack) > 0 && stack[len(stack)-1] != nil {
				for _, e := range n.Results {
					h.note(h.result(stack[len(stack)-1]), e)
				}
			}
		}
		return true
	})
}

// result stands for what a function returns.
func (h *source) result(fn types.Object) types.Object {
	if h.results[fn] == nil {
		h.results[fn] = types.NewLabel(fn.Pos(), fn.Pkg(), "result of "+fn.Name())
	}
	return h.results[fn]
}

func (h *source) note(o types.Object, e ast.Expr) {
	if o != nil {
		h.into[o] = append(h.into[o], e)
	}
}

// becomes notes an assignment. A part of a table counts for the whole of it.
func (h *source) becomes(left, right ast.Expr) {
	h.note(h.object(left), right)
}

// object is what an expression names.
func (h *source) object(e ast.Expr) types.Object {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		if o := h.info.Defs[e]; o != nil {
			return o
		}
		return h.info.Uses[e]
	case *ast.SelectorExpr:
		return h.info.Uses[e.Sel]
	case *ast.IndexExpr:
		return h.object(e.X)
	case *ast.StarExpr:
		return h.object(e.X)
	}
	return nil
}

func (h *source) literal(n *ast.CompositeLit) {
	s, ok := h.info.Types[n].Type.Underlying().(*types.Struct)
	if !ok {
		return
	}
	for i, e := range n.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			h.note(h.info.Uses[kv.Key.(*ast.Ident)], kv.Value)
		} else {
			h.note(s.Field(i), e)
		}
	}
}

func (h *source) call(n *ast.CallExpr) {
	if h.info.Types[n.Fun].IsType() {
		return
	}
	h.calls = append(h.calls, n)
	sig, ok := h.info.Types[n.Fun].Type.(*types.Signature)
	if !ok {
		return
	}
	if fn, ok := h.callee(n).(*types.Func); ok && fn.Origin() != fn {
		sig = fn.Origin().Type().(*types.Signature)
	} else if ok {
		sig = fn.Type().(*types.Signature)
	}
	for i, a := range n.Args {
		if at := min(i, sig.Params().Len()-1); at >= 0 {
			h.note(sig.Params().At(at), a)
		}
	}
	// append puts its arguments into what it is given.
	if id, ok := n.Fun.(*ast.Ident); ok && id.Name == "append" && len(n.Args) > 1 {
		for _, a := range n.Args[1:] {
			h.note(h.object(n.Args[0]), a)
		}
	}
}

// from takes the text of an expression, or goes on to where it comes from.
func (h *source) from(e ast.Expr) {
	e = ast.Unparen(e)
	if v := h.info.Types[e].Value; v != nil {
		if v.Kind() == constant.String {
			h.take(constant.StringVal(v), e)
		}
		return
	}
	switch e := e.(type) {
	case *ast.Ident, *ast.SelectorExpr, *ast.StarExpr:
		h.want(h.object(e))
	case *ast.IndexExpr:
		h.from(e.X)
	case *ast.BinaryExpr:
		h.from(e.X)
		h.from(e.Y)
	case *ast.CompositeLit:
		h.elements(e)
	case *ast.UnaryExpr:
		h.from(e.X)
	case *ast.CallExpr:
		h.fromCall(e)
	}
}

// elements are the values of a table of texts.
func (h *source) elements(e *ast.CompositeLit) {
	if _, ok := h.info.Types[e].Type.Underlying().(*types.Struct); ok {
		return
	}
	for _, x := range e.Elts {
		if kv, ok := x.(*ast.KeyValueExpr); ok {
			x = kv.Value
		}
		h.from(x)
	}
}

func (h *source) fromCall(e *ast.CallExpr) {
	if h.info.Types[e.Fun].IsType() {
		h.from(e.Args[0]) // a conversion
		return
	}
	switch fn := h.callee(e); {
	case fn == nil || doors[fullName(fn)] != nil:
	case fullName(fn) == "fmt.Sprintf" || fullName(fn) == "cmp.Or":
		for i, a := range e.Args {
			if i == 0 || fn.Name() == "Or" {
				h.from(a)
			}
		}
	case fn.Pkg() != nil && strings.HasPrefix(fn.Pkg().Path(), "rapport/"):
		h.want(h.result(fn))
	}
}

func (h *source) take(text string, e ast.Expr) {
	at := h.fset.Position(e.Pos())
	for _, p := range silent {
		if strings.Contains(at.Filename, "/internal/"+p+"/") || strings.Contains(at.Filename, "/"+p+"/") {
			return
		}
	}
	if !speaks(text) || h.out.at[text] != "" {
		return
	}
	_, file, _ := strings.Cut(at.Filename, "/internal/")
	h.out.at[text] = fmt.Sprintf("internal/%s:%d", file, at.Line)
}

// speaks reports whether a text has words in it, and not only verbs of fmt and
// names of arguments.
func speaks(text string) bool {
	if codes[text] || snake.MatchString(text) || strings.Contains(text, "://") && !strings.Contains(text, " ") {
		return false
	}
	rest := holes.ReplaceAllString(text, "")
	return strings.ContainsFunc(rest, func(r rune) bool { return r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' })
}

// codes are names for programs that reach a door beside words.
var codes = map[string]bool{"part out": true, "resolved": true, "returned": true, "doubted": true, "moved": true, "public": true, "followers": true,
	"not sent": true, "throttled": true, "unclear": true, "not ready": true, "looked": true, "refused": true, "unauthorized": true,
	"read:accounts read:statuses write": true, "totp": true, "otpauth": true}

var snake = regexp.MustCompile(`^[a-z]+(_[a-z]+)+$`)

var holes = regexp.MustCompile(`\{\{\.\w+\}\}|%(?:\[\d\])?[-+#0-9.]*[a-zA-Z%]`)
