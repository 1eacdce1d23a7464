package api_test

import (
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func TestDocument(t *testing.T) {
	w := open(t)
	if n := len(w.operations()); n < 30 {
		t.Errorf("%d operations", n)
	}
	for _, path := range []string{"/api/openapi.json", "/api/openapi.yaml"} {
		rec := httptest.NewRecorder()
		w.h.ServeHTTP(rec, httptest.NewRequest("GET", path, nil))
		if rec.Code != 200 || !strings.Contains(rec.Body.String(), "3.1.0") {
			t.Errorf("%s: %d", path, rec.Code)
		}
	}
}

// TestPage: the page lists every operation and needs nothing that a strict
// policy forbids.
func TestPage(t *testing.T) {
	w := open(t)
	rec := httptest.NewRecorder()
	w.h.ServeHTTP(rec, httptest.NewRequest("GET", "/api", nil))
	page := rec.Body.String()
	if rec.Code != 200 || !strings.Contains(rec.Header().Get("Content-Security-Policy"), "default-src 'self'") {
		t.Fatalf("%d %v", rec.Code, rec.Header())
	}
	for _, bad := range []string{"<script", "style=", "<style", "onclick", "ZgotmplZ", "&lt;code"} {
		if strings.Contains(page, bad) {
			t.Errorf("%s in the page", bad)
		}
	}
	for _, o := range w.operations() {
		if !strings.Contains(page, "<code>/api/v1"+o.path+"</code>") {
			t.Errorf("%s %s is not on the page", o.method, o.path)
		}
	}
	css := regexp.MustCompile(`/api/page\.[0-9a-f]+\.css`).FindString(page)
	rec = httptest.NewRecorder()
	w.h.ServeHTTP(rec, httptest.NewRequest("GET", css, nil))
	if rec.Code != 200 || !strings.HasPrefix(rec.Header().Get("Content-Type"), "text/css") {
		t.Errorf("%q: %d", css, rec.Code)
	}
}
