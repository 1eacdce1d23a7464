package server

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"rapport/internal/account"
	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/installation"
	"rapport/internal/job"
	"rapport/internal/network"
	"rapport/internal/network/demo"
	"rapport/internal/network/demo/emulator"
	"rapport/internal/outbound"
)

// wire makes the parts know each other. What runs beside the pages becomes a
// service, in the order in which it may start.
func (a *app) wire(ctx context.Context) error {
	local, err := a.startDemoNetwork()
	if err != nil {
		return err
	}
	client := outbound.New(outbound.Options{Allow: append(a.allow, outbound.Rule{
		Prefix: netip.PrefixFrom(local.Addr(), local.Addr().BitLen()), Port: local.Port()})})
	a.closing = append(a.closing, client.Close)
	a.networks = network.NewSet(demo.New(client, func() string { return "http://" + local.String() }))

	job.Handle(a.workers, func(ctx context.Context, _ sweep) error { return account.Sweep(ctx, a.db) })
	a.workers.Every(time.Hour, sweep{})
	jobs, err := job.New(ctx, a.db, a.workers, job.Options{Log: a.log})
	if err != nil {
		return err
	}
	a.services = append(a.services, a.heartbeat(), service{"jobs", jobs.Start, jobs.Stop})
	a.checks = append(a.checks, check{"database", a.databaseReady}, check{"disk", a.diskReady})
	return nil
}

// sweep forgets ended sessions.
type sweep struct{}

func (sweep) Kind() string { return "account.sweep" }

func (a *app) heartbeat() service {
	var cancel context.CancelFunc
	done := make(chan struct{})
	return service{"heartbeat", func(ctx context.Context) error {
		ctx, cancel = context.WithCancel(ctx)
		go func() { defer close(done); a.in.Run(ctx, a.log) }()
		return nil
	}, func(ctx context.Context) error {
		cancel()
		<-done
		return nil
	}}
}

// startDemoNetwork runs the demo network inside this program, on a port of
// its own that only this machine reaches. It keeps the port of the last start
// where it can, so that links to it go on working.
func (a *app) startDemoNetwork() (netip.AddrPort, error) {
	l, err := emulator.Listen(beforePort(a.addr))
	if err != nil {
		l, err = emulator.Listen("127.0.0.1:0")
	}
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("server: the demo network: %w", err)
	}
	at, err := netip.ParseAddrPort(l.Addr().String())
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("server: the demo network: %w", err)
	}
	demoNetwork, err := emulator.New(emulator.Options{AutoAccounts: true, Journal: a.network(), PublicURL: "http://" + at.String()})
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("server: the demo network: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := demoNetwork.Serve(ctx, l); err != nil && ctx.Err() == nil {
			a.log.Error("the demo network ended", "error", err)
		}
	}()
	a.closing = append(a.closing, func() {
		cancel()
		<-done
		demoNetwork.Close()
	})
	return at, nil
}

// beforePort is loopback with the port before the server's own.
func beforePort(addr string) string {
	at, err := netip.ParseAddrPort(addr)
	if err != nil || at.Port() < 2 {
		return "127.0.0.1:0"
	}
	return netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), at.Port()-1).String()
}

// distrust holds every brand, because the database may not know what was sent.
func distrust(ctx context.Context, d *db.DB, v installation.Verdict) error {
	return d.Tx(ctx, func(tx *db.Tx) error {
		return brand.HoldAll(ctx, tx, brand.ByRestore, v.Reason)
	})
}

// routes joins the surfaces.
func (a *app) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", healthz)
	mux.HandleFunc("GET /readyz", a.readyz)
	mux.HandleFunc("GET /metrics", a.metricsPage)
	mux.Handle("GET /{$}", http.RedirectHandler("/studio", http.StatusSeeOther))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		a.fail(w, r, fault.New(fault.NotFound, "There is no such page."))
	})
	return mux
}

// statuses are what a fault is over HTTP.
var statuses = map[fault.Kind]int{
	fault.Internal: http.StatusInternalServerError, fault.Invalid: http.StatusUnprocessableEntity,
	fault.Denied: http.StatusForbidden, fault.NotFound: http.StatusNotFound, fault.Conflict: http.StatusConflict,
	fault.Unavailable: http.StatusServiceUnavailable, fault.Limited: http.StatusTooManyRequests,
}

// fail shows an error that no page of its own handles.
func (a *app) fail(w http.ResponseWriter, _ *http.Request, err error) {
	http.Error(w, fault.Text(err), statuses[fault.KindOf(err)])
}
