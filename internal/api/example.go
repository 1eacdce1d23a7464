package api

import (
	_ "embed"
	"encoding/json"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"rapport/internal/secret"
)

// answers are examples of what operations answer, by their ids. A test asks
// each operation for its example and compares; with -update it writes them.
//
//go:embed examples.json
var answers []byte

var examples = func() map[string]json.RawMessage {
	out := map[string]json.RawMessage{}
	if err := json.Unmarshal(answers, &out); err != nil {
		panic("api: examples.json: " + err.Error())
	}
	return out
}()

// exampleID is the id that examples give to a thing of a kind, as addresses
// name kinds: posts, channels.
func exampleID(kind string) string {
	return "0197c0de-0000-7000-8000-" + secret.Hash(kind)[:12]
}

var placeholder = regexp.MustCompile(`\{([a-z]+)\}`)

// withIDs puts example ids where a text names kinds in braces.
func withIDs(text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(s string) string { return exampleID(s[1 : len(s)-1]) })
}

// illustrate adds the examples to an operation.
func (o op) illustrate(h *huma.Operation) {
	query, err := url.ParseQuery(withIDs(o.query))
	if err != nil {
		panic("api: " + o.id + ": " + err.Error())
	}
	for _, p := range h.Parameters {
		switch {
		case p.In == "path":
			p.Example = exampleID(strings.Split(o.path, "/")[1])
		case query.Has(p.Name):
			p.Example = query.Get(p.Name)
		}
	}
	if o.example != "" {
		h.RequestBody.Content["application/json"].Example = json.RawMessage(withIDs(o.example))
	}
	status := o.status
	if status == 0 {
		status = 200
	}
	if m := h.Responses[strconv.Itoa(status)].Content["application/json"]; m != nil && examples[o.id] != nil {
		m.Example = examples[o.id]
	}
}
