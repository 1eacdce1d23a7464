package api

import (
	"bytes"
	"cmp"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"rapport/internal/access"
	"rapport/internal/secret"
	"rapport/internal/web/static"
	"rapport/internal/web/ui"
)

//go:embed readable.html
var readableHTML string

//go:embed readable.css
var readableCSS []byte

var readablePage = template.Must(template.New("api").Funcs(template.FuncMap{
	"static":   static.URL,
	"withCode": withCode,
	"css":      func() string { return cssPath },
	"rows":     func(word string, rows []field) fieldTable { return fieldTable{word, rows} },
}).Parse(readableHTML))

var cssPath = "/api/page." + secret.Hash(string(readableCSS))[:12] + ".css"

// readable serves the document as a page for people. It needs no script.
func (a *handler) readable() {
	shown := sync.OnceValue(func() guide { return guideOf(a.api.OpenAPI()) })
	a.mux.HandleFunc("GET /api", func(w http.ResponseWriter, r *http.Request) {
		theme := ui.Theme("system")
		if c, err := r.Cookie(ui.ThemeCookie); err == nil {
			theme = ui.ParseTheme(c.Value)
		}
		var page bytes.Buffer
		if err := readablePage.Execute(&page, struct {
			guide
			Theme ui.Theme
		}{shown(), theme}); err != nil {
			internal(a.log, r, fmt.Errorf("api: page: %w", err)).write(w)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
		_, _ = page.WriteTo(w) // a reader that hung up is all that can go wrong
	})
	a.mux.Handle("GET /api/{$}", http.RedirectHandler("/api", http.StatusMovedPermanently))
	a.mux.HandleFunc("GET "+cssPath, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		_, _ = w.Write(readableCSS)
	})
}

// guide is the document as the page shows it.
type guide struct {
	Version string
	About   []string
	Groups  []group
	Scopes  []scopeLine
	Codes   []codeLine
}

type group struct {
	Name, ID, About string
	Operations      []shownOperation
}

type shownOperation struct {
	ID, Method, Path, Title, About, Scope, Curl string
	Parameters, Body                            []field
	BodyKinds                                   []string
	Answer                                      string // its status in words
	Result                                      []field
	Example                                     string // of an answer, as JSON
	Errors                                      []int
}

// field is one row of a table, indented as it is nested.
type field struct {
	Depth            int
	Name, Type, Note string
	About            string
	Required         bool
}

// fieldTable is a table of fields with the word for those that must be there.
type fieldTable struct {
	Word string
	Rows []field
}

type scopeLine struct {
	Name  access.Action
	Means string
	Roles string
}

type codeLine struct {
	Status int
	Code   string
}

func guideOf(doc *huma.OpenAPI) guide {
	g := guide{Version: doc.Info.Version, About: strings.Split(doc.Info.Description, "\n\n")}
	for _, t := range doc.Tags {
		g.Groups = append(g.Groups, group{Name: t.Name, ID: strings.ToLower(t.Name), About: t.Description})
	}
	for _, path := range slices.Sorted(keys(doc.Paths)) {
		item := doc.Paths[path]
		for _, o := range []*huma.Operation{item.Get, item.Post, item.Patch, item.Delete} {
			if o == nil {
				continue
			}
			i := slices.IndexFunc(g.Groups, func(x group) bool { return x.Name == o.Tags[0] })
			g.Groups[i].Operations = append(g.Groups[i].Operations, shown(doc, o))
		}
	}
	for _, s := range access.Actions {
		g.Scopes = append(g.Scopes, scopeLine{s, access.FactOf(s).Means, rolesWith(s)})
	}
	for status, code := range codes {
		g.Codes = append(g.Codes, codeLine{status, code})
	}
	g.Codes = append(g.Codes, codeLine{http.StatusInternalServerError, "internal"})
	slices.SortFunc(g.Codes, func(a, b codeLine) int { return cmp.Compare(a.Status, b.Status) })
	return g
}

func keys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func rolesWith(a access.Action) string {
	var out []string
	for _, r := range access.Roles {
		if access.Allows(r, a) {
			out = append(out, string(r))
		}
	}
	return strings.Join(out, ", ")
}

func shown(doc *huma.OpenAPI, o *huma.Operation) shownOperation {
	out := shownOperation{ID: o.OperationID, Method: o.Method, Path: o.Path, Title: o.Summary, About: o.Description, Curl: curl(o)}
	if len(o.Security) > 0 && len(o.Security[0]["token"]) > 0 {
		out.Scope = o.Security[0]["token"][0]
	}
	for _, p := range o.Parameters {
		s := resolved(doc, p.Schema)
		out.Parameters = append(out.Parameters, field{Name: p.Name, Type: typeOf(doc, s), Note: join(p.In, limits(s)),
			About: cmp.Or(p.Description, s.Description), Required: p.Required})
	}
	if o.RequestBody != nil {
		for kind, m := range o.RequestBody.Content {
			out.BodyKinds = append(out.BodyKinds, kind)
			if kind == "application/json" || kind == "multipart/form-data" {
				out.Body = fields(doc, m.Schema, 0)
			}
		}
		slices.Sort(out.BodyKinds)
	}
	for status, r := range o.Responses {
		code := 0
		_, _ = fmt.Sscan(status, &code) // "default" stays 0 and is not shown
		if code >= 400 {
			out.Errors = append(out.Errors, code)
		}
		if code >= 200 && code < 300 {
			out.Answer = status + " " + http.StatusText(code)
			if m := r.Content["application/json"]; m != nil {
				out.Result = fields(doc, m.Schema, 0)
				out.Example = indented(m.Example)
			}
		}
	}
	slices.Sort(out.Errors)
	return out
}

const deepest = 3

// fields flattens a schema into rows.
func fields(doc *huma.OpenAPI, s *huma.Schema, depth int) []field {
	s = resolved(doc, s)
	if s.Type == huma.TypeArray {
		return fields(doc, s.Items, depth)
	}
	var out []field
	for _, name := range slices.Sorted(keys(s.Properties)) {
		p := s.Properties[name]
		r := resolved(doc, p)
		out = append(out, field{Depth: depth, Name: name, Type: typeOf(doc, r), Note: limits(r),
			About: cmp.Or(p.Description, r.Description), Required: slices.Contains(s.Required, name)})
		if depth < deepest {
			out = append(out, fields(doc, p, depth+1)...)
		}
	}
	// What must be there comes first on each level.
	return requiredFirst(out, depth)
}

func requiredFirst(rows []field, depth int) []field {
	var must, may []field
	to := &must
	for _, r := range rows {
		if r.Depth == depth {
			to = &may
			if r.Required {
				to = &must
			}
		}
		*to = append(*to, r)
	}
	return append(must, may...)
}

func resolved(doc *huma.OpenAPI, s *huma.Schema) *huma.Schema {
	if s == nil {
		return &huma.Schema{}
	}
	if s.Ref != "" {
		return doc.Components.Schemas.SchemaFromRef(s.Ref)
	}
	return s
}

func typeOf(doc *huma.OpenAPI, s *huma.Schema) string {
	switch {
	case s.Type == huma.TypeArray:
		return "list of " + typeOf(doc, resolved(doc, s.Items)) + "s"
	case s.Format == "date-time":
		return "time"
	case s.Format == "binary":
		return "file"
	case s.Type == huma.TypeString:
		return "text"
	case s.Type == huma.TypeInteger:
		return "number"
	case s.Type == huma.TypeBoolean:
		return "true or false"
	}
	return s.Type
}

// limits says what a value may be, beside its type.
func limits(s *huma.Schema) string {
	var out []string
	if s.Items != nil && len(s.Enum) == 0 {
		s = s.Items
	}
	if len(s.Enum) > 0 {
		var words []string
		for _, v := range s.Enum {
			words = append(words, fmt.Sprint(v))
		}
		out = append(out, "one of "+strings.Join(words, ", "))
	}
	if s.Minimum != nil {
		out = append(out, fmt.Sprintf("from %v", *s.Minimum))
	}
	if s.Maximum != nil {
		out = append(out, fmt.Sprintf("to %v", *s.Maximum))
	}
	if s.MaxLength != nil {
		out = append(out, fmt.Sprintf("at most %d characters", *s.MaxLength))
	}
	if s.Default != nil {
		out = append(out, fmt.Sprintf("otherwise %v", s.Default))
	}
	return strings.Join(out, ", ")
}

func join(words ...string) string {
	return strings.Join(slices.DeleteFunc(words, func(s string) bool { return s == "" }), ", ")
}

func curl(o *huma.Operation) string {
	var b strings.Builder
	b.WriteString("curl")
	if o.Method != http.MethodGet {
		b.WriteString(" -X " + o.Method)
	}
	path := strings.ReplaceAll(o.Path, "{id}", "$ID") + exampleQuery(o)
	fmt.Fprintf(&b, " \"$RAPPORT%s\" \\\n  -H \"Authorization: Bearer $TOKEN\"", path)
	if o.RequestBody == nil {
		return b.String()
	}
	if m := o.RequestBody.Content["application/json"]; m != nil {
		if raw, ok := m.Example.(json.RawMessage); ok {
			fmt.Fprintf(&b, " \\\n  -H \"Content-Type: application/json\" \\\n  -d '%s'", raw)
		}
		return b.String()
	}
	return b.String() + " \\\n  -F file=@harbour.jpg"
}

// exampleQuery is the query that the parameters' examples make.
func exampleQuery(o *huma.Operation) string {
	q := url.Values{}
	for _, p := range o.Parameters {
		if p.In == "query" && p.Example != nil {
			q.Set(p.Name, fmt.Sprint(p.Example))
		}
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

// indented is an example over several lines; "" where there is none.
func indented(example any) string {
	raw, ok := example.(json.RawMessage)
	var b bytes.Buffer
	if !ok || json.Indent(&b, raw, "", "  ") != nil {
		return ""
	}
	return b.String()
}

// withCode is plain text in which `this` is code.
func withCode(text string) template.HTML {
	var b strings.Builder
	for i, piece := range strings.Split(text, "`") {
		safe := template.HTMLEscapeString(piece)
		if i%2 == 1 {
			safe = "<code>" + safe + "</code>"
		}
		b.WriteString(safe)
	}
	return template.HTML(b.String())
}
