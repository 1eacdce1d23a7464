package edge

import (
	"compress/gzip"
	"net/http"
	"strings"
	"sync"
)

// worthBytes is the smallest answer that is compressed: below, the frame
// around it costs more than it saves.
const worthBytes = 600

var zippers = sync.Pool{New: func() any {
	// The fastest level: a list of 100 posts cost more to pack at level 5 than
	// to read and to encode, for a tenth of its size.
	z, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is valid
	return z
}}

// compress packs text that is made for the request. What is already packed,
// a part of something, or a stream goes out as it is.
func compress(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Accept-Encoding")
		if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") || r.Method == http.MethodHead {
			next.ServeHTTP(w, r)
			return
		}
		z := &zipped{ResponseWriter: w}
		defer z.close()
		next.ServeHTTP(z, r)
	})
}

// zipped decides at the first write.
type zipped struct {
	http.ResponseWriter
	zip     *gzip.Writer
	status  int
	decided bool
}

func (w *zipped) WriteHeader(status int) {
	if status < 200 {
		w.ResponseWriter.WriteHeader(status)
		return
	}
	if w.status == 0 {
		w.status = status
	}
}

func (w *zipped) Write(b []byte) (int, error) {
	w.decide(b)
	if w.zip != nil {
		return w.zip.Write(b)
	}
	return w.ResponseWriter.Write(b)
}

func (w *zipped) decide(first []byte) {
	if w.decided {
		return
	}
	w.decided = true
	h := w.Header()
	if h.Get("Content-Type") == "" && first != nil {
		h.Set("Content-Type", http.DetectContentType(first))
	}
	if len(first) >= worthBytes && h.Get("Content-Encoding") == "" && h.Get("Content-Range") == "" && text(h.Get("Content-Type")) {
		h.Set("Content-Encoding", "gzip")
		h.Del("Content-Length")
		w.zip = zippers.Get().(*gzip.Writer)
		w.zip.Reset(w.ResponseWriter)
	}
	if w.status != 0 {
		w.ResponseWriter.WriteHeader(w.status)
	}
}

func text(contentType string) bool {
	t, _, _ := strings.Cut(contentType, ";")
	switch t = strings.TrimSpace(t); t {
	case "text/event-stream":
		return false
	case "application/json", "application/problem+json", "application/openapi+json", "application/javascript", "image/svg+xml":
		return true
	}
	return strings.HasPrefix(t, "text/")
}

// FlushError sends what there is, so that streams work.
func (w *zipped) FlushError() error {
	w.decide(nil)
	if w.zip != nil {
		if err := w.zip.Flush(); err != nil {
			return err
		}
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Flush is FlushError for those who look for http.Flusher.
func (w *zipped) Flush() { _ = w.FlushError() }

// Unwrap lets http.ResponseController reach the connection.
func (w *zipped) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *zipped) close() {
	w.decide(nil)
	if w.zip == nil {
		return
	}
	w.zip.Close() // a client that is gone is no error of ours
	w.zip.Reset(nil)
	zippers.Put(w.zip)
}
