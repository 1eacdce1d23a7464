package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"time"

	"rapport/internal/account"
	"rapport/internal/commons"
	"rapport/internal/db"
	"rapport/internal/demoworld"
	"rapport/internal/fault"
	"rapport/internal/installation"
	"rapport/internal/live"
	"rapport/internal/network"
	"rapport/internal/secret"
	"rapport/internal/server/edge"
	"rapport/internal/web"
)

// stopWithin bounds the graceful stop.
const stopWithin = 20 * time.Second

// app is one running server. open fills it from the bottom up; run starts its
// services in order and stops them in reverse.
type app struct {
	settings
	log      *slog.Logger
	db       *db.DB
	in       *installation.Installation
	keys     *secret.Keyring
	networks *network.Set
	hub      *live.Hub
	tls      *tls.Config // nil: somebody in front has the certificates
	pages    *web.Pages
	commons  *commons.Pages
	api      http.Handler
	world    demoworld.World // where a demo is put
	verdict  installation.Verdict
	services []service
	checks   []check
	closing  []func() // in reverse
}

// service is something that runs beside the pages.
type service struct {
	name  string
	start func(ctx context.Context) error // returns at once
	stop  func(ctx context.Context) error // waits until it is at rest, or ctx ends
}

// check is one condition of /readyz.
type check struct {
	name string
	ok   func(ctx context.Context) error
}

// open prepares everything that needs no port of its own. What was opened
// before a failure is closed again.
func open(ctx context.Context, s settings, log *slog.Logger) (a *app, err error) {
	a = &app{settings: s, log: log}
	defer func() {
		if err != nil {
			a.close()
		}
	}()
	if err := s.make(); err != nil {
		return a, err
	}
	if s.DatabaseURL == "" {
		release, err := installation.Lock(s.Data, installation.Holder{Command: s.command, Addr: s.addr})
		if err != nil {
			return a, err
		}
		a.closing = append(a.closing, release)
	}
	if a.db, err = s.place.open(ctx); err != nil {
		return a, err
	}
	a.closing = append(a.closing, func() { a.db.Close() })
	if _, err := upgrade(ctx, a.db); err != nil {
		return a, err
	}
	if err := a.identify(ctx); err != nil {
		return a, err
	}
	return a, a.wire(ctx)
}

// identify finds out which installation this is and whether its database may
// be trusted, and holds every brand if not.
func (a *app) identify(ctx context.Context) (err error) {
	a.in, err = installation.Open(ctx, a.db, installation.Place{Witness: a.place.witness(), PublicURL: a.origin(), Version: version()})
	if err != nil {
		return err
	}
	beat, err := installation.LastBeat(ctx, a.db)
	if err != nil {
		return err
	}
	// Keys are made only for a database that cannot have sealed anything yet.
	openKeys := secret.Open
	if beat == 0 {
		openKeys = secret.Create
	}
	if a.keys, err = openKeys(a.keyFile()); err != nil {
		return err
	}
	if a.verdict, err = a.in.Judge(ctx); err != nil {
		return err
	}
	if a.verdict.Finding != installation.OK {
		a.log.Warn("every brand is on hold until an owner releases it", "reason", a.verdict.Reason)
		if err := distrust(ctx, a.db, a.verdict); err != nil {
			return err
		}
	}
	return a.in.Settle(ctx)
}

// afterStart is when what was only needed to start is not needed any more.
const afterStart = 10 * time.Second

// run serves on l until ctx ends or the server breaks, and then stops
// everything gracefully.
func (a *app) run(ctx context.Context, l net.Listener) error {
	// Services outlive ctx: they are stopped in order, not all at once.
	live, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	started := 0
	var err error
	for ; started < len(a.services) && err == nil; started++ {
		if err = a.services[started].start(live); err != nil {
			err = fmt.Errorf("server: start %s: %w", a.services[started].name, err)
		}
	}
	srv := a.httpServer(live)
	broken := make(chan error, 1)
	if err == nil {
		go func() { broken <- a.serve(srv, l) }()
		// What starting took is given back; with nothing to do the program would
		// keep it for minutes.
		defer time.AfterFunc(afterStart, debug.FreeOSMemory).Stop()
		select {
		case <-ctx.Done():
		case err = <-broken:
		}
	} else {
		l.Close()
	}
	return errors.Join(err, a.stop(live, cancel, srv, started))
}

// stop takes no more requests, lets those in work end, and then brings the
// services to rest, the last started first.
func (a *app) stop(live context.Context, cancel func(), srv *http.Server, started int) error {
	a.log.Info("stopping")
	ctx, done := context.WithTimeout(live, stopWithin)
	defer done()
	requests, finish := context.WithTimeout(ctx, stopWithin/4)
	defer finish()
	if err := srv.Shutdown(requests); err != nil {
		a.log.Warn("some requests were cut off", "error", err)
		srv.Close()
	}
	var errs []error
	for i := started - 1; i >= 0; i-- {
		if err := a.services[i].stop(ctx); err != nil {
			errs = append(errs, fmt.Errorf("server: stop %s: %w", a.services[i].name, err))
		}
	}
	errs = append(errs, a.in.Beat(ctx))
	cancel()
	return errors.Join(errs...)
}

// close frees what open took.
func (a *app) close() {
	for i := len(a.closing) - 1; i >= 0; i-- {
		a.closing[i]()
	}
}

// fail shows an error that came before any route, in the frame of what was
// asked for.
func (a *app) fail(w http.ResponseWriter, r *http.Request, err error) {
	if !errors.Is(err, edge.ErrForeign) || !a.commons.Refuse(w, r) {
		a.pages.Fail(w, r, err)
	}
}

func (a *app) httpServer(live context.Context) *http.Server {
	srv := &http.Server{
		Handler: edge.Handler(edge.Options{PublicURL: a.known(), Trusted: a.trusted, Known: a.commons.Known, Log: a.log, Fail: a.fail}, a.routes()),
		// Uploads and downloads of pictures on a slow line fit into minutes; a
		// stream takes its own deadline off.
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       5 * time.Minute,
		WriteTimeout:      5 * time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		BaseContext:       func(net.Listener) context.Context { return live },
		ErrorLog:          slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}
	// Streams have no end of their own.
	srv.RegisterOnShutdown(a.hub.Close)
	srv.RegisterOnShutdown(a.commons.EndStreams)
	return srv
}

// offerSetup returns the code for the first visit, "" where there is an
// account already.
func (a *app) offerSetup(ctx context.Context) (string, error) {
	any, err := account.Any(ctx, a.db)
	if err != nil || any {
		return "", err
	}
	return installation.OfferSetup(ctx, a.db)
}

// listen opens the address, or says what to do.
func listen(addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fault.As(fault.Unavailable, err, "Rapport cannot listen on %s (%v). Choose another address with --addr.", addr, netCause(err))
	}
	return l, nil
}

func netCause(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}
