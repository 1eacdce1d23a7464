package edge

import (
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// level keeps probes and files out of the ordinary log.
func level(path string, status int) slog.Level {
	switch {
	case status >= 500:
		return slog.LevelError
	case path == "/healthz" || path == "/readyz" || path == "/metrics" || strings.HasPrefix(path, "/static/"):
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

func logged(r *http.Request, c Client, status int, bytes int64, d time.Duration) []slog.Attr {
	return []slog.Attr{
		slog.String("method", r.Method), slog.String("path", r.URL.Path), slog.Int("status", status),
		slog.Int64("bytes", bytes), slog.Float64("ms", float64(d.Microseconds())/1000),
		slog.String("client", c.Address), slog.String("request", c.Request),
	}
}
