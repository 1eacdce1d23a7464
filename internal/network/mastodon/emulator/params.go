package emulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// params is what a request says, whether in its address, as a form or as
// JSON. JSON is brought into the names of a form: media_ids becomes
// media_ids[], a poll's options poll[options][].
type params struct {
	url.Values
	kinds map[string]string // of what came as JSON: string, number, boolean, null
}

const mostForm = 1 << 20

func readParams(r *http.Request, body []byte) (params, *problem) {
	p := params{Values: url.Values{}, kinds: map[string]string{}}
	for name, v := range r.URL.Query() {
		p.Values[name] = v
	}
	kind, args, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if len(body) > 0 && kind != "multipart/form-data" && len(body) > mostForm {
		return p, refuse("too_large", "Payload Too Large").with(http.StatusRequestEntityTooLarge)
	}
	switch {
	case len(body) == 0:
	case kind == "application/json":
		return p, p.readJSON(body)
	case kind == "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return p, unreadable
		}
		p.add(form)
	case kind == "multipart/form-data" && args["boundary"] != "":
		if err := r.ParseMultipartForm(8 << 20); err != nil {
			return p, unreadable
		}
		p.add(r.MultipartForm.Value)
	default:
		return p, refuse("media_type", "Send a form or JSON, and say so in Content-Type").with(http.StatusUnsupportedMediaType)
	}
	return p, nil
}

var unreadable = &problem{status: http.StatusBadRequest, code: "unreadable", text: "There was a problem parsing the request body"}

func (p params) add(form url.Values) {
	for name, v := range form {
		p.Values[name] = append(p.Values[name], v...)
	}
}

func (p params) readJSON(body []byte) *problem {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var all map[string]any
	if d.Decode(&all) != nil || d.More() {
		return unreadable
	}
	for name, v := range all {
		p.flatten(name, v, 0)
	}
	return nil
}

func (p params) flatten(name string, v any, depth int) {
	switch v := v.(type) {
	case map[string]any:
		for inner, each := range v {
			if depth < 4 {
				p.flatten(name+"["+inner+"]", each, depth+1)
			}
		}
	case []any:
		p.Values[name+"[]"] = append(p.Values[name+"[]"], []string{}...)
		for _, each := range v {
			if depth < 4 {
				p.flatten(name+"[]", each, depth+1)
			}
		}
	case nil:
		p.kinds[name] = "null"
	case bool:
		p.put(name, strconv.FormatBool(v), "boolean")
	case json.Number:
		p.put(name, v.String(), "number")
	case string:
		p.put(name, v, "string")
	}
}

func (p params) put(name, v, kind string) {
	if old := p.kinds[name]; old != "" && old != kind {
		kind = "mixed"
	}
	p.Values[name], p.kinds[name] = append(p.Values[name], v), kind
}

// texts refuses what the contract wants as a text and came as something else.
func (p params) texts(names ...string) *problem {
	for _, name := range names {
		if kind := p.kinds[name]; kind != "" && kind != "string" && kind != "null" {
			return refuse("wrong_type", "Validation failed: %s must be a string", name)
		}
		if p.shaped(name) {
			return refuse("wrong_type", "Validation failed: %s must be a string", name)
		}
		if len(p.Values[name]) > 1 && !strings.HasSuffix(name, "[]") {
			return refuse("twice", "Validation failed: %s is given twice", name)
		}
	}
	return nil
}

// shaped reports whether a plain name came as a list or an object.
func (p params) shaped(name string) bool {
	for other := range p.Values {
		if !strings.HasSuffix(name, "[]") && strings.HasPrefix(other, name+"[") {
			return true
		}
	}
	return false
}

// flag reads a boolean; absent is false.
func (p params) flag(name string) (value, given bool, no *problem) {
	v, given := p.Values[name]
	if !given {
		return false, false, nil
	}
	if kind := p.kinds[name]; kind != "" && kind != "boolean" {
		return false, true, refuse("wrong_type", "Validation failed: %s must be a boolean", name)
	}
	switch v[0] {
	case "true", "1", "on", "t":
		return true, true, nil
	case "false", "0", "off", "f":
		return false, true, nil
	}
	return false, true, refuse("wrong_type", "Validation failed: %s must be a boolean", name)
}

// number reads a whole number; absent is what is meant without it.
func (p params) number(name string, without int) (int, *problem) {
	v, given := p.Values[name]
	if !given {
		return without, nil
	}
	n, err := strconv.Atoi(v[0])
	if err != nil || n < 0 {
		return 0, (&problem{code: "wrong_type", text: fmt.Sprintf("%s must be a whole number", name)}).with(http.StatusBadRequest)
	}
	return n, nil
}
