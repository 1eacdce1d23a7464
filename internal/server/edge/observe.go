package edge

import (
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/VictoriaMetrics/metrics"
)

var (
	took    = metrics.NewHistogram("rapport_http_request_seconds")
	answers = counters()
)

// counters are by the first digit of the status.
func counters() (all [6]*metrics.Counter) {
	for class := 1; class <= 5; class++ {
		all[class] = metrics.NewCounter(fmt.Sprintf(`rapport_http_answers_total{class="%dxx"}`, class))
	}
	return all
}

// observe logs one line for each request, counts it, and turns a panic into
// an error page. Queries are not logged: they may hold what people searched
// for, or a secret.
func observe(o Options, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start, c := time.Now(), From(r.Context())
		w.Header().Set("X-Request-Id", c.Request)
		rec := &recorder{ResponseWriter: w}
		defer func() {
			if p := recover(); p != nil {
				rec.panicked(o, r, p)
			}
			rec.done(o, r, time.Since(start))
		}()
		next.ServeHTTP(rec, r)
	})
}

// recorder notes what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
	abort  bool
}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *recorder) panicked(o Options, r *http.Request, p any) {
	if p == http.ErrAbortHandler {
		w.abort = true
		return
	}
	o.Log.Error("a request panicked", "request", From(r.Context()).Request, "path", r.URL.Path,
		"panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	if w.status != 0 {
		w.abort = true // half an answer was sent: only breaking it off tells the client
		return
	}
	for _, h := range []string{"Content-Encoding", "Content-Length", "Etag"} {
		w.Header().Del(h)
	}
	o.Fail(w, r, errors.New("panic"))
}

func (w *recorder) done(o Options, r *http.Request, d time.Duration) {
	status := w.status
	if status == 0 {
		status = http.StatusOK
	}
	if class := status / 100; class < len(answers) && answers[class] != nil {
		answers[class].Inc()
	}
	streams := strings.HasPrefix(w.Header().Get("Content-Type"), "text/event-stream")
	if !streams {
		took.Update(d.Seconds())
	}
	c := From(r.Context())
	if l := level(r.URL.Path, status); o.Log.Enabled(r.Context(), l) {
		o.Log.LogAttrs(r.Context(), l, "request", logged(r, c, status, w.bytes, d)...)
	}
	if w.abort {
		panic(http.ErrAbortHandler)
	}
}
