package server

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"rapport/internal/health"
	"rapport/internal/secret"
	"rapport/internal/server/edge"
)

// healthz says that the process answers.
func healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintln(w, "ok")
}

// readyz says whether requests may be sent here. It names what is wrong and
// nothing else: anybody may read it.
func (a *app) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	var wrong []string
	for _, c := range a.checks {
		if err := c.ok(ctx); err != nil {
			a.log.Warn("not ready", "check", c.name, "error", err)
			wrong = append(wrong, c.name)
		}
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if len(wrong) > 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, "not ready: "+strings.Join(wrong, ", "))
		return
	}
	fmt.Fprintln(w, "ready")
}

func (a *app) databaseReady(ctx context.Context) error {
	var one int
	return a.db.QueryRowContext(ctx, `SELECT 1`).Scan(&one)
}

func (a *app) diskReady(context.Context) error {
	free, err := health.FreeSpace(a.Data)
	if err == nil && free < health.MinFree {
		err = fmt.Errorf("%d MB are free", free>>20)
	}
	return err
}

// metricsPage is for this machine, or for whoever has the token. To everybody
// else it does not exist.
func (a *app) metricsPage(w http.ResponseWriter, r *http.Request) {
	if !a.mayMeasure(r) {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	metrics.WritePrometheus(w, true)
}

func (a *app) mayMeasure(r *http.Request) bool {
	token, given := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if given {
		return a.metrics != "" && secret.Equal(token, a.metrics.Reveal())
	}
	// A request that came through a proxy on this machine is not from it.
	c := edge.From(r.Context())
	addr, err := netip.ParseAddr(c.Address)
	return err == nil && addr.IsLoopback() && !c.Proxied
}
