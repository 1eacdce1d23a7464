package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"

	"rapport/internal/certificate"
	"rapport/internal/fault"
)

// acmeSettings say for which names certificates are fetched, and from whom.
type acmeSettings struct {
	hosts     []string // none: somebody in front has the certificates
	email     string
	directory string // "" is Let's Encrypt
	ca        string // file; "" trusts what the system trusts
	addr      string // where plain HTTP is answered
	plain     net.Listener
}

// listen opens the address for plain HTTP, where it is needed.
func (s *acmeSettings) listen() (err error) {
	if len(s.hosts) == 0 {
		return nil
	}
	s.plain, err = net.Listen("tcp", s.addr)
	if err != nil {
		return fault.As(fault.Unavailable, err, "Rapport cannot listen on %s (%v), where the certificate authority asks. Free it, or choose another address with --http-addr and lead port 80 there.", s.addr, netCause(err))
	}
	return nil
}

func (s acmeSettings) manager(cache autocert.Cache) *autocert.Manager {
	m := &autocert.Manager{Prompt: autocert.AcceptTOS, Cache: cache, HostPolicy: s.policy, Email: s.email,
		Client: &acme.Client{DirectoryURL: s.directory, HTTPClient: s.client(), UserAgent: "Rapport"}}
	if s.directory == "" {
		m.Client.DirectoryURL = autocert.DefaultACMEDirectory
	}
	return m
}

// policy allows our names alone. A challenge may name a port behind it.
func (s acmeSettings) policy(_ context.Context, host string) error {
	if !s.has(host) {
		return errors.New("server: no certificate is fetched for this name")
	}
	return nil
}

// has reports whether a certificate is fetched for the host.
func (s acmeSettings) has(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	return slices.Contains(s.hosts, strings.ToLower(host))
}

// client calls the certificate authority, which the operator named and which
// may be an inner one.
func (s acmeSettings) client() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	if text, err := os.ReadFile(s.ca); s.ca != "" && err == nil {
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(text) // the settings have looked at it
		t.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	return &http.Client{Transport: t, Timeout: time.Minute}
}

// secure makes the server answer HTTPS with certificates of its own, kept in
// the database so that every node has them, and HTTP with the way there.
func (a *app) secure() {
	if len(a.acme.hosts) == 0 {
		return
	}
	m := a.acme.manager(certificate.Cache{DB: a.db, Keys: a.keys})
	a.tls = m.TLSConfig()
	a.tls.MinVersion = tls.VersionTLS12
	plain := &http.Server{Handler: m.HTTPHandler(http.HandlerFunc(a.toHTTPS)), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 10 * time.Second, MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelDebug)}
	l := a.acme.plain
	a.closing = append(a.closing, func() { l.Close() })
	a.services = append(a.services, service{"plain HTTP", func(context.Context) error {
		go func() {
			if err := plain.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				a.log.Error("plain HTTP ended", "error", err)
			}
		}()
		return nil
	}, plain.Shutdown})
}

// toHTTPS leads to the same place over HTTPS. Probes are answered as they are.
func (a *app) toHTTPS(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/healthz" {
		healthz(w, r)
		return
	}
	if !a.acme.has(r.Host) {
		http.Error(w, "This Rapport does not answer to this name.", http.StatusMisdirectedRequest)
		return
	}
	http.Redirect(w, r, strings.TrimSuffix(a.public.String(), "/")+r.URL.RequestURI(), http.StatusPermanentRedirect)
}

// serve answers on l, with TLS where the server has certificates.
func (a *app) serve(srv *http.Server, l net.Listener) error {
	if a.tls == nil {
		return srv.Serve(l)
	}
	srv.TLSConfig = a.tls
	srv.Handler = a.onePlace(srv.Handler)
	return srv.ServeTLS(l, "", "")
}

// onePlace leads from our other names to the public one.
func (a *app) onePlace(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		if a.acme.has(r.Host) && !strings.EqualFold(host, a.public.Hostname()) {
			a.toHTTPS(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}
