// Package static holds the built styles, scripts, icons and fonts and serves
// them. It does not build them: `make assets` does, into dist, which is
// committed so that nobody needs Node to run or test Rapport.
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
)

// Prefix is where Handler expects to be mounted.
const Prefix = "/static/"

//go:embed dist
var dist embed.FS

type file struct {
	name, address, kind string
	body                []byte
	packed              func() (br, gz []byte)
}

var files, addresses = load()

// load reads every built file once and gives each an address that changes
// with its content.
func load() (byName, byAddress map[string]*file) {
	byName, byAddress = map[string]*file{}, map[string]*file{}
	err := fs.WalkDir(dist, "dist", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := dist.ReadFile(p)
		f := newFile(strings.TrimPrefix(p, "dist/"), body)
		byName[f.name] = f
		return err
	})
	if err != nil {
		panic("static: read the embedded files: " + err.Error())
	}
	relink(byName)
	for _, f := range byName {
		byAddress[f.address] = f
	}
	return byName, byAddress
}

func newFile(name string, body []byte) *file {
	ext := path.Ext(name)
	f := &file{name: name, kind: mime.TypeByExtension(ext)}
	switch ext {
	case ".js":
		f.kind = "text/javascript; charset=utf-8"
	case ".woff2":
		f.kind = "font/woff2"
	}
	f.set(body)
	return f
}

func (f *file) set(body []byte) {
	f.body = body
	f.packed = sync.OnceValues(func() ([]byte, []byte) { return pack(f.kind, body) })
	if strings.HasPrefix(f.name, "chunks/") {
		f.address = f.name // the bundler has put the hash into the name
		return
	}
	sum := sha256.Sum256(body)
	ext := path.Ext(f.name)
	f.address = strings.TrimSuffix(f.name, ext) + "." + hex.EncodeToString(sum[:5]) + ext
}

// relink makes the stylesheets name the font by its hashed address, so that the
// preload in a page and its stylesheet ask for the same thing.
func relink(byName map[string]*file) {
	font := byName["inter.woff2"]
	for _, name := range []string{"app.css", "commons.css"} {
		if css := byName[name]; css != nil && font != nil {
			// The community's stylesheet is served from its own address.
			address := map[string]string{"app.css": font.address, "commons.css": Prefix + font.address}[name]
			css.set(bytes.ReplaceAll(css.body, []byte("inter.woff2"), []byte(address)))
		}
	}
}

// Body is the content of a built file. An unknown name is a mistake in the
// program and panics.
func Body(name string) []byte {
	f := files[name]
	if f == nil {
		panic("static: no built file " + name + "; run make assets")
	}
	return f.body
}

// pack compresses what shrinks, as well as it can: it takes about 0.1 s for the
// largest and is done once for a file while the program runs. A font is
// compressed already.
func pack(kind string, body []byte) (br, gz []byte) {
	if strings.HasPrefix(kind, "font/") || strings.HasPrefix(kind, "image/png") {
		return nil, nil
	}
	var b, g bytes.Buffer
	bw := brotli.NewWriterLevel(&b, brotli.BestCompression)
	gw, _ := gzip.NewWriterLevel(&g, gzip.BestCompression)
	_, _ = bw.Write(body) // writes to memory do not fail
	_, _ = gw.Write(body)
	_ = bw.Close()
	_ = gw.Close()
	return b.Bytes(), g.Bytes()
}

// URL is the address of a built file, changing with its content. An unknown
// name is a mistake in the program and panics.
func URL(name string) string {
	f := files[name]
	if f == nil {
		panic("static: no built file " + name + "; run make assets")
	}
	return Prefix + f.address
}

// Handler serves the built files below Prefix. A hashed address is cached for
// ever; an address of an older build gets the present file, uncached.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, Prefix)
		f, cache := addresses[name], "public, max-age=31536000, immutable"
		if f == nil {
			f, cache = files[unhash(name)], "no-cache"
		}
		if f == nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Cache-Control", cache)
		f.serve(w, r)
	})
}

// unhash turns app.0123456789.css into app.css.
func unhash(name string) string {
	ext := path.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	if i := strings.LastIndexByte(stem, '.'); i > 0 {
		stem = stem[:i]
	}
	return stem + ext
}

func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("ETag", `"`+f.address+`"`)
	h.Set("Vary", "Accept-Encoding")
	if r.Header.Get("If-None-Match") == `"`+f.address+`"` {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := f.body
	br, gz := f.packed()
	accepts := r.Header.Get("Accept-Encoding")
	switch {
	case br != nil && strings.Contains(accepts, "br"):
		h.Set("Content-Encoding", "br")
		body = br
	case gz != nil && strings.Contains(accepts, "gzip"):
		h.Set("Content-Encoding", "gzip")
		body = gz
	}
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(body) // the reader has gone; nobody is left to tell
}
