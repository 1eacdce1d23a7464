package edge

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"rapport/internal/fault"
)

// policy allows nothing but this origin: no inline script or style, no frame,
// no data: address.
const policy = "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'none'"

func headers(o Options, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		for name, value := range fixed {
			h[name] = value
		}
		if o.PublicURL != nil && o.PublicURL.Scheme == "https" && From(r.Context()).Secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// fixed are the headers of every answer. Handlers put others in their place and
// never change a value where it stands.
var fixed = http.Header{
	"Content-Security-Policy":      {policy},
	"Cross-Origin-Opener-Policy":   {"same-origin"},
	"Cross-Origin-Resource-Policy": {"same-origin"},
	"Permissions-Policy":           {"camera=(), microphone=(), geolocation=()"},
	"Referrer-Policy":              {"strict-origin-when-cross-origin"},
	"X-Content-Type-Options":       {"nosniff"},
	"X-Frame-Options":              {"DENY"},
	// What a handler does not say otherwise is somebody's own page.
	"Cache-Control": {"private, no-cache"},
}

// hosts refuses names that are not ours, so that a stranger's name that
// points here (DNS rebinding) gets nothing. Probes name hosts as they like.
func hosts(o Options, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/healthz" || r.URL.Path == "/readyz" || knownHost(o.PublicURL, r.Host) || o.Known != nil && o.Known(r.Context(), r.Host) {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusMisdirectedRequest)
		w.Write([]byte("This Rapport does not answer to this name. Whoever runs it can set the name with --public-url.\n"))
	})
}

func knownHost(public *url.URL, host string) bool {
	name := strings.ToLower(strings.TrimSuffix(hostname(host), "."))
	if public != nil && name == strings.ToLower(public.Hostname()) {
		return true
	}
	if Loopback(name) {
		return true
	}
	_, err := netip.ParseAddr(name)
	return err == nil && public == nil
}

// Loopback reports whether a host name always means this machine.
func Loopback(name string) bool {
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	a, err := netip.ParseAddr(name)
	return err == nil && a.Unmap().IsLoopback()
}

func hostname(hostport string) string {
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		return h
	}
	return strings.Trim(hostport, "[]")
}

// ErrForeign is what Fail is given of a request that another site had the
// browser make.
var ErrForeign = fault.New(fault.Denied, "This came from another site and was refused. Open Rapport itself and try again.")

// sameOrigin refuses what another site's page would have the browser do here.
func sameOrigin(o Options, next http.Handler) http.Handler {
	p := http.NewCrossOriginProtection()
	if o.PublicURL != nil {
		// The proxy may talk to us under another name than the browser does.
		if err := p.AddTrustedOrigin(o.PublicURL.Scheme + "://" + o.PublicURL.Host); err != nil {
			o.Log.Warn("the public address is no origin", "error", err)
		}
	}
	p.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.Fail(w, r, ErrForeign)
	}))
	return p.Handler(next)
}
