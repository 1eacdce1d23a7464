package static_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"rapport/internal/web/static"
	"rapport/internal/web/static/source"
)

func TestBuiltFilesAreFresh(t *testing.T) {
	const root = "../../.."
	now, err := source.Sum(root)
	if err != nil {
		t.Fatal(err)
	}
	built, err := os.ReadFile(root + "/" + source.SumFile)
	if err != nil {
		t.Fatal(err)
	}
	if strings.TrimSpace(string(built)) != now {
		t.Error("assets have changed since the last build: run make assets and commit internal/web/static/dist")
	}
}

func TestHandler(t *testing.T) {
	css := static.URL("app.css")
	tests := map[string]struct {
		path, accept        string
		status              int
		kind, packed, cache string
	}{
		"hashed, brotli":      {css, "gzip, br", 200, "text/css; charset=utf-8", "br", "public, max-age=31536000, immutable"},
		"hashed, gzip":        {css, "gzip", 200, "text/css; charset=utf-8", "gzip", "public, max-age=31536000, immutable"},
		"hashed, plain":       {css, "", 200, "text/css; charset=utf-8", "", "public, max-age=31536000, immutable"},
		"font stays packed":   {static.URL("inter.woff2"), "br", 200, "font/woff2", "", "public, max-age=31536000, immutable"},
		"icons":               {static.URL("icons.svg"), "br", 200, "image/svg+xml", "br", "public, max-age=31536000, immutable"},
		"script":              {static.URL("app.js"), "br", 200, "text/javascript; charset=utf-8", "br", "public, max-age=31536000, immutable"},
		"of an older build":   {"/static/app.0000000000.css", "", 200, "text/css; charset=utf-8", "", "no-cache"},
		"unknown":             {"/static/nothing.css", "", 404, "text/plain; charset=utf-8", "", ""},
		"outside of the tree": {"/static/../static.go", "", 404, "text/plain; charset=utf-8", "", ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			r.URL.Path = tc.path
			r.Header.Set("Accept-Encoding", tc.accept)
			w := httptest.NewRecorder()
			static.Handler().ServeHTTP(w, r)
			h := w.Header()
			got := [4]string{http.StatusText(w.Code), h.Get("Content-Type"), h.Get("Content-Encoding"), h.Get("Cache-Control")}
			want := [4]string{http.StatusText(tc.status), tc.kind, tc.packed, tc.cache}
			if got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestHandlerAnswersNotModified(t *testing.T) {
	r := httptest.NewRequest("GET", static.URL("app.css"), nil)
	w := httptest.NewRecorder()
	static.Handler().ServeHTTP(w, r)
	r.Header.Set("If-None-Match", w.Header().Get("ETag"))
	again := httptest.NewRecorder()
	static.Handler().ServeHTTP(again, r)
	if again.Code != http.StatusNotModified || again.Body.Len() != 0 {
		t.Errorf("got %d with %d bytes, want 304 and none", again.Code, again.Body.Len())
	}
}

func TestStylesheetNamesTheHashedFont(t *testing.T) {
	w := httptest.NewRecorder()
	static.Handler().ServeHTTP(w, httptest.NewRequest("GET", static.URL("app.css"), nil))
	if font := strings.TrimPrefix(static.URL("inter.woff2"), static.Prefix); !strings.Contains(w.Body.String(), font) {
		t.Errorf("app.css does not name %s", font)
	}
}

// A page's first view may weigh 150 KB; what every page loads keeps well below.
func TestWeight(t *testing.T) {
	limits := map[string]int{"app.css": 20 << 10, "app.js": 30 << 10, "icons.svg": 12 << 10, "inter.woff2": 50 << 10}
	for name, limit := range limits {
		r := httptest.NewRequest("GET", static.URL(name), nil)
		r.Header.Set("Accept-Encoding", "gzip")
		w := httptest.NewRecorder()
		static.Handler().ServeHTTP(w, r)
		t.Logf("%s: %d bytes", name, w.Body.Len())
		if w.Body.Len() > limit {
			t.Errorf("%s is %d bytes compressed, want at most %d", name, w.Body.Len(), limit)
		}
	}
}
