package emulator

import (
	"cmp"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/rivo/uniseg"
)

//go:embed lexicon
var lexiconFiles embed.FS

// schema is one definition of a lexicon, or a part of one.
type schema struct {
	Type       string             `json:"type"`
	Ref        string             `json:"ref"`
	Refs       []string           `json:"refs"`
	Closed     bool               `json:"closed"`
	Required   []string           `json:"required"`
	Nullable   []string           `json:"nullable"`
	Properties map[string]*schema `json:"properties"`
	Items      *schema            `json:"items"`

	MinLength    int   `json:"minLength"`
	MaxLength    *int  `json:"maxLength"`
	MinGraphemes int   `json:"minGraphemes"`
	MaxGraphemes *int  `json:"maxGraphemes"`
	Minimum      *int  `json:"minimum"`
	Maximum      *int  `json:"maximum"`
	MaxSize      *int  `json:"maxSize"`
	Enum         []any `json:"enum"`
	Const        any   `json:"const"`
	Default      any   `json:"default"`

	Format string   `json:"format"`
	Accept []string `json:"accept"`

	Key        string  `json:"key"` // of a record
	Record     *schema `json:"record"`
	Parameters *schema `json:"parameters"`
	Input      *body   `json:"input"`
	Output     *body   `json:"output"`
}

// body is what a call takes or gives.
type body struct {
	Encoding string  `json:"encoding"`
	Schema   *schema `json:"schema"`
}

// lexicons are definitions by id and name: "app.bsky.feed.post#main".
type lexicons map[string]*schema

// contract is what the emulation is held to.
var contract = func() lexicons {
	ls, err := readLexicons(lexiconFiles)
	if err != nil {
		panic(err)
	}
	return ls
}()

func readLexicons(files fs.FS) (lexicons, error) {
	ls := lexicons{}
	return ls, fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".json") {
			return err
		}
		raw, err := fs.ReadFile(files, path)
		if err != nil {
			return err
		}
		return ls.add(raw)
	})
}

func (ls lexicons) add(raw []byte) error {
	var doc struct {
		ID   string             `json:"id"`
		Defs map[string]*schema `json:"defs"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return fmt.Errorf("lexicon: %w", err)
	}
	for name, s := range doc.Defs {
		s.settle(doc.ID)
		ls[doc.ID+"#"+name] = s
	}
	return nil
}

// settle makes every reference whole.
func (s *schema) settle(id string) {
	if s == nil {
		return
	}
	s.Ref = whole(id, s.Ref)
	for i, ref := range s.Refs {
		s.Refs[i] = whole(id, ref)
	}
	for _, p := range s.Properties {
		p.settle(id)
	}
	for _, part := range []*schema{s.Items, s.Record, s.Parameters} {
		part.settle(id)
	}
	for _, b := range []*body{s.Input, s.Output} {
		if b != nil {
			b.Schema.settle(id)
		}
	}
}

func whole(id, ref string) string {
	switch {
	case strings.HasPrefix(ref, "#"):
		return id + ref
	case ref == "" || strings.Contains(ref, "#"):
		return ref
	}
	return ref + "#main"
}

// issue is one way in which a value breaks its lexicon.
type issue struct{ text, at string }

func (i *issue) String() string { return i.text + " at " + i.at }

func wrongType(v any, at, want string) *issue {
	return &issue{fmt.Sprintf("Expected %s value type (got %s)", want, preview(v)), at}
}

func tooBig(what string, at string, most, got int) *issue {
	return &issue{fmt.Sprintf("%s too big (maximum %d, got %d)", what, most, got), at}
}

func tooSmall(what string, at string, least, got int) *issue {
	return &issue{fmt.Sprintf("%s too small (minimum %d, got %d)", what, least, got), at}
}

// preview shows a value in an error without repeating all of it.
func preview(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case map[string]any:
		return "{...}"
	case []any:
		return "[...]"
	case string:
		if r := []rune(v); len(r) > 47 {
			v = string(r[:47]) + "…"
		}
		return strconv.Quote(v)
	}
	return fmt.Sprint(v)
}

// check holds a value, as JSON decodes with UseNumber, to a schema.
func (ls lexicons) check(s *schema, v any, at string) *issue {
	switch s.Type {
	case "record":
		return ls.object(s.Record, v, at)
	case "object", "params":
		return ls.object(s, v, at)
	case "array":
		return ls.array(s, v, at)
	case "ref":
		return ls.refer(s.Ref, v, at)
	case "union":
		return ls.union(s, v, at)
	case "string":
		return checkString(s, v, at)
	case "integer":
		return checkInteger(s, v, at)
	}
	return checkPlain(s, v, at)
}

// checkPlain is for the types that hold no others and have no limits.
func checkPlain(s *schema, v any, at string) *issue {
	ok := false
	switch m, _ := v.(map[string]any); s.Type {
	case "boolean":
		b, isBool := v.(bool)
		ok = isBool && (s.Const == nil || s.Const == b)
	case "unknown":
		ok = m != nil
	case "blob":
		return checkBlob(s, m, v, at)
	case "cid-link":
		ok = linkOf(m) != ""
	case "bytes":
		raw, isText := m["$bytes"].(string)
		_, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(raw, "="))
		ok = isText && err == nil
	case "token":
		_, ok = v.(string)
	}
	if !ok {
		return wrongType(v, at, s.Type)
	}
	return nil
}

func (ls lexicons) object(s *schema, v any, at string) *issue {
	m, ok := v.(map[string]any)
	if !ok {
		return wrongType(v, at, "object")
	}
	for _, key := range s.Required {
		if _, there := m[key]; !there {
			return &issue{fmt.Sprintf("Missing required key %q", key), at}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(s.Properties)) {
		val, there := m[key]
		if !there || val == nil && slices.Contains(s.Nullable, key) {
			continue
		}
		if no := ls.check(s.Properties[key], val, at+"."+key); no != nil {
			return no
		}
	}
	return nil
}

func (ls lexicons) array(s *schema, v any, at string) *issue {
	list, ok := v.([]any)
	switch {
	case !ok:
		return wrongType(v, at, "array")
	case len(list) < s.MinLength:
		return tooSmall("array", at, s.MinLength, len(list))
	case s.MaxLength != nil && len(list) > *s.MaxLength:
		return tooBig("array", at, *s.MaxLength, len(list))
	}
	for i, item := range list {
		if no := ls.check(s.Items, item, fmt.Sprintf("%s[%d]", at, i)); no != nil {
			return no
		}
	}
	return nil
}

// refer checks against another definition. An object that says its type must
// be of that one.
func (ls lexicons) refer(ref string, v any, at string) *issue {
	target := ls[ref]
	if target == nil {
		return &issue{"There is no lexicon " + ref, at}
	}
	if m, ok := v.(map[string]any); ok && target.Type == "object" {
		if kind, there := m["$type"]; there && kind != typeOf(ref) {
			return &issue{fmt.Sprintf("Expected %q (got %s)", typeOf(ref), preview(kind)), at + ".$type"}
		}
	}
	return ls.check(target, v, at)
}

// typeOf is what $type says for a definition.
func typeOf(ref string) string { return strings.TrimSuffix(ref, "#main") }

func (ls lexicons) union(s *schema, v any, at string) *issue {
	m, ok := v.(map[string]any)
	if _, typed := m["$type"]; !ok || !typed {
		return wrongType(v, at, `an object which includes the "$type" property`)
	}
	kind, ok := m["$type"].(string)
	if !ok {
		return wrongType(m["$type"], at+".$type", "string")
	}
	for _, ref := range s.Refs {
		if typeOf(ref) == kind {
			return ls.refer(ref, v, at)
		}
	}
	if s.Closed {
		return &issue{fmt.Sprintf("Expected one of %s (got %q)", strings.Join(s.Refs, ", "), kind), at + ".$type"}
	}
	return nil // an open union lets later kinds in
}

// checkString counts as the lexicons do: lengths in bytes of UTF-8, graphemes
// apart. Known values are advice only.
func checkString(s *schema, v any, at string) *issue {
	text, ok := v.(string)
	switch {
	case !ok:
		return wrongType(v, at, "string")
	case s.Enum != nil && !slices.Contains(s.Enum, v):
		return &issue{fmt.Sprintf("Expected one of %v (got %s)", s.Enum, preview(v)), at}
	case len(text) < s.MinLength:
		return tooSmall("string", at, s.MinLength, len(text))
	case s.MaxLength != nil && len(text) > *s.MaxLength:
		return tooBig("string", at, *s.MaxLength, len(text))
	case s.MaxGraphemes != nil && uniseg.GraphemeClusterCount(text) > *s.MaxGraphemes:
		return tooBig("grapheme", at, *s.MaxGraphemes, uniseg.GraphemeClusterCount(text))
	case s.MinGraphemes > 0 && uniseg.GraphemeClusterCount(text) < s.MinGraphemes:
		return tooSmall("grapheme", at, s.MinGraphemes, uniseg.GraphemeClusterCount(text))
	}
	if fits := formats[s.Format]; s.Format != "" && (fits == nil || !fits(text)) {
		return &issue{fmt.Sprintf("Invalid %s (got %s)", cmp.Or(formatNames[s.Format], s.Format), preview(text)), at}
	}
	return nil
}

// formatNames are what errors call the formats that are not called by their
// names.
var formatNames = map[string]string{"at-identifier": "AT identifier", "did": "DID", "nsid": "NSID", "cid": "CID string", "tid": "TID string", "record-key": "record key"}

func checkInteger(s *schema, v any, at string) *issue {
	n, ok := integer(v)
	switch {
	case !ok:
		return wrongType(v, at, "integer")
	case s.Minimum != nil && n < *s.Minimum:
		return tooSmall("integer", at, *s.Minimum, n)
	case s.Maximum != nil && n > *s.Maximum:
		return tooBig("integer", at, *s.Maximum, n)
	}
	return nil
}

func integer(v any) (int, bool) {
	number, _ := v.(json.Number)
	n, err := number.Int64()
	return int(n), err == nil && n > -1<<53 && n < 1<<53
}

func linkOf(m map[string]any) string {
	link, _ := m["$link"].(string)
	if _, err := cidBytes(link); err != nil || len(m) != 1 {
		return ""
	}
	return link
}

// blobRef is a blob as a record names it.
type blobRef struct {
	cid, mime string
	size      int
}

func blobOf(m map[string]any) (b blobRef, ok bool) {
	ref, _ := m["ref"].(map[string]any)
	size, isInt := integer(m["size"])
	mime, _ := m["mimeType"].(string)
	b = blobRef{cid: linkOf(ref), mime: mime, size: size}
	return b, m["$type"] == "blob" && b.cid != "" && mime != "" && isInt && size >= 0
}

func checkBlob(s *schema, m map[string]any, v any, at string) *issue {
	b, ok := blobOf(m)
	switch {
	case !ok:
		return wrongType(v, at, "blob")
	case s.Accept != nil && !slices.ContainsFunc(s.Accept, func(a string) bool { return mimeFits(b.mime, a) }):
		return &issue{fmt.Sprintf("Expected %q (got %q)", strings.Join(s.Accept, ", "), b.mime), at + ".mimeType"}
	case s.MaxSize != nil && b.size > *s.MaxSize:
		return tooBig("blob", at, *s.MaxSize, b.size)
	}
	return nil
}

func mimeFits(mime, accept string) bool {
	if prefix, ok := strings.CutSuffix(accept, "*"); ok {
		return strings.HasPrefix(mime, strings.TrimSuffix(prefix, "*/"))
	}
	return mime == accept
}
