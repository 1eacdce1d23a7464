package emulator_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"rapport/internal/network/mastodon/emulator"
)

// contractFile is where the contract lies: in the folder RAPPORT_CONTRACTS
// names, else beside the repository. It is under another licence and no part
// of it.
func contractFile(t *testing.T) string {
	t.Helper()
	folder := os.Getenv("RAPPORT_CONTRACTS")
	if folder == "" {
		dir, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		for dir != filepath.Dir(dir) {
			if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
				break
			}
			dir = filepath.Dir(dir)
		}
		folder = filepath.Join(dir, "..", "shared", "contracts")
	}
	path := filepath.Join(folder, "mastodon", "schema.json")
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the contract of Mastodon's API is not at %s; set RAPPORT_CONTRACTS to the folder that has mastodon/schema.json", path)
	}
	return path
}

func contract(t *testing.T) routers.Router {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile(contractFile(t))
	if err != nil {
		t.Fatal(err)
	}
	doc.Servers = nil
	read(doc)
	r, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// read keeps the contract from being taken more narrowly than it means it:
// its language tags, which may have a region, are called iso-639-1, and a
// status with media may have a text although that makes it two kinds at once.
func read(doc *openapi3.T) {
	status := doc.Paths.Find("/api/v1/statuses").Post.RequestBody.Value.Content["application/json"].Schema.Value
	status.AnyOf, status.OneOf = status.OneOf, nil
	openapi3.DefineStringFormatValidator("iso-639-1", openapi3.NewRegexpFormatValidator(`^[a-z]{2,3}(-[A-Za-z]{2,4})?$`))
	openapi3.DefineStringFormatValidator("uri", openapi3.NewCallbackValidator(func(v string) error {
		u, err := url.Parse(v)
		if err == nil && u.Scheme == "" {
			err = url.InvalidHostError(v)
		}
		return err
	}))
}

// conform holds an answer, and the request where it was taken, against the
// contract.
func conform(t *testing.T, router routers.Router, req *http.Request, body string, got *httptest.ResponseRecorder) {
	t.Helper()
	route, params, err := router.FindRoute(req)
	if err != nil {
		t.Errorf("%s %s is not in the contract: %v", req.Method, req.URL, err)
		return
	}
	req.Body = io.NopCloser(strings.NewReader(body))
	options := &openapi3filter.Options{IncludeResponseStatus: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, SkipSettingDefaults: true}
	in := &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route, Options: options}
	if got.Code < 400 && strings.HasPrefix(req.Header.Get("Content-Type"), "application/json") {
		if err := openapi3filter.ValidateRequest(t.Context(), in); err != nil {
			t.Errorf("%s %s was taken, and the contract does not allow it: %v", req.Method, req.URL, err)
		}
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: got.Code, Header: got.Header(), Options: options,
		Body: io.NopCloser(bytes.NewReader(got.Body.Bytes()))}
	if err := openapi3filter.ValidateResponse(t.Context(), out); err != nil {
		t.Errorf("%s %s: %d %v", req.Method, req.URL, got.Code, err)
	}
}

// TestContract makes every call the server offers, with what it takes and
// what it refuses, and holds all of it against the contract.
func TestContract(t *testing.T) {
	router := contract(t)
	s, _ := start(t, emulator.Options{})
	call := func(method, path, token, body string) string {
		t.Helper()
		r := httptest.NewRequest(method, "http://127.0.0.1:8091"+path, strings.NewReader(body))
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		if body != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		conform(t, router, r, body, w)
		var got struct{ ID string }
		_ = json.Unmarshal(w.Body.Bytes(), &got) // lists have none
		return got.ID
	}
	me := call("GET", "/api/v1/accounts/verify_credentials", north, "")
	app := call("POST", "/api/v1/apps", "", `{"client_name":"Rapport","redirect_uris":["https://rapport.example/back"],"scopes":"read write:statuses","website":"https://rapport.example/"}`)
	if me == "" || app == "" {
		t.Fatal("no account or no program")
	}
	signed := grant(t, s, "read write:statuses")
	media := upload(t, s, "/api/v2/media", pixel(), map[string]string{"description": "A dot", "focus": "0.1,-0.2"}).is(200).text("id")
	call("GET", "/api/v1/media/"+media, north, "")
	first := call("POST", "/api/v1/statuses", signed, `{"status":"Hello @mira@elsewhere.example #coffee https://example.com/","language":"en","visibility":"public"}`)
	shown := call("POST", "/api/v1/statuses", north, `{"status":"With a picture","media_ids":["`+media+`"],"spoiler_text":"cw","in_reply_to_id":"`+first+`"}`)
	call("POST", "/api/v1/statuses", north, `{"status":"Which?","poll":{"options":["a","b"],"expires_in":600}}`)
	reply, err := s.Say(emulator.Said{By: "mira@elsewhere.example", Text: "Good.", InReplyTo: first})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{s.Favourite("mira@elsewhere.example", first), s.Boost("tom", first), s.Follow("tom", "north")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range [][4]string{
		{"GET", "/api/v1/instance"}, {"GET", "/api/v2/instance"}, {"GET", "/.well-known/oauth-authorization-server"}, {"GET", "/api/v1/streaming/health"},
		{"GET", "/api/v1/apps/verify_credentials", signed}, {"GET", "/api/v1/accounts/" + me, north}, {"GET", "/api/v1/accounts/lookup?acct=north", north},
		{"GET", "/api/v1/accounts/1", north}, {"GET", "/api/v1/accounts/" + me + "/statuses?exclude_reblogs=true&limit=5", north},
		{"POST", "/api/v1/statuses/" + reply.ID + "/favourite", north}, {"POST", "/api/v1/statuses/" + reply.ID + "/unfavourite", north},
		{"POST", "/api/v1/statuses/" + reply.ID + "/reblog", north, `{"visibility":"public"}`},
		{"GET", "/api/v1/accounts/" + me + "/statuses", ""}, {"GET", "/api/v1/statuses/" + first, ""}, {"GET", "/api/v1/statuses/" + shown, north},
		{"GET", "/api/v1/statuses?id[]=" + first + "&id[]=" + shown, north}, {"GET", "/api/v1/statuses/" + first + "/context", north}, {"GET", "/api/v1/statuses/" + first + "/source", north},
		{"GET", "/api/v1/notifications", north}, {"GET", "/api/v1/notifications?types[]=mention&limit=1", north}, {"GET", "/api/v1/notifications/7", north},
		{"PUT", "/api/v1/statuses/" + first, north, `{"status":"Changed","media_ids":[]}`}, {"DELETE", "/api/v1/statuses/" + shown, north},
		{"GET", "/api/v1/statuses/" + shown, north}, {"POST", "/api/v1/statuses", north, `{"status":""}`}, {"POST", "/api/v1/statuses", "", `{"status":"a"}`},
		{"POST", "/oauth/token", "", `{"grant_type":"authorization_code"}`}, {"POST", "/oauth/revoke", "", `{"client_id":"a","client_secret":"b","token":"c"}`},
	} {
		call(c[0], c[1], c[2], c[3])
	}
}
