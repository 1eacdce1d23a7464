package emulator

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// asked is what a program wants to be allowed, as it sent the person here.
type asked struct {
	app       *app
	Redirect  string
	Scopes    []string
	State     string
	Challenge string
	failure   string // an OAuth error that the program is told
	details   string
}

// wish reads what a program asks for. A program or a redirect that is not
// registered is no one's to be told: the person sees words.
func (s *Server) wish(q url.Values) (a asked, words string) {
	a = asked{app: s.apps[q.Get("client_id")], Redirect: q.Get("redirect_uri"), State: q.Get("state"), Challenge: q.Get("code_challenge"),
		Scopes: strings.Fields(cmp.Or(q.Get("scope"), "read"))}
	switch {
	case a.app == nil:
		return a, "Client authentication failed due to unknown client, no client authentication included, or unsupported authentication method."
	case !slices.Contains(a.app.redirects, a.Redirect):
		return a, "The redirect uri included is not valid."
	case q.Get("response_type") != "code":
		a.failure, a.details = "unsupported_response_type", "The authorization server does not support this response type."
	case !within(a.app.scopes, a.Scopes):
		a.failure, a.details = "invalid_scope", "The requested scope is invalid, unknown, or malformed."
	case a.Challenge != "" && q.Get("code_challenge_method") != "S256":
		a.failure, a.details = "invalid_code_challenge_method", "The code challenge method must be S256."
	}
	return a, ""
}

func (s *Server) showAuthorize(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := r.URL.Query()
	a, words := s.wish(q)
	if words != "" {
		s.explain(w, words)
		return
	}
	if a.failure != "" {
		s.sendBack(w, r, a, url.Values{"error": {a.failure}, "error_description": {a.details}})
		return
	}
	s.policy(w, a)
	s.renderStatus(w, http.StatusOK, "authorize.html", authorizeView{Title: "Sign in", App: a.app.name, Site: a.app.site, Wish: a,
		Hidden: hidden(q), People: s.cards(), Domain: s.place(r).domain})
}

type authorizeView struct {
	Title, App, Site, Domain string
	Wish                     asked
	Hidden                   []pair
	People                   []card
	Code                     string
}

func (s *Server) cards() []card {
	var out []card
	for _, a := range s.localAccounts() {
		out = append(out, personView(a))
	}
	return out
}

type pair struct{ Name, Value string }

func hidden(q url.Values) []pair {
	var out []pair
	for _, name := range []string{"client_id", "redirect_uri", "response_type", "scope", "state", "code_challenge", "code_challenge_method"} {
		if v := q.Get(name); v != "" {
			out = append(out, pair{name, v})
		}
	}
	return out
}

// policy lets the form lead to the program, which browsers ask for.
func (s *Server) policy(w http.ResponseWriter, a asked) {
	form := "'self'"
	if u, err := url.Parse(a.Redirect); err == nil && u.Host != "" {
		form += " " + u.Scheme + "://" + u.Host
	}
	w.Header().Set("Content-Security-Policy", strings.Replace(pagePolicy, "form-action 'none'", "form-action "+form, 1))
}

// decideAuthorize takes a person's word. The form is the page's own: a
// request from elsewhere is not taken.
func (s *Server) decideAuthorize(w http.ResponseWriter, r *http.Request) {
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		http.Error(w, "This form was sent from another site.", http.StatusForbidden)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "This form cannot be read.", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a, words := s.wish(r.PostForm)
	if words != "" {
		s.explain(w, words)
		return
	}
	who := s.names[strings.ToLower(r.PostForm.Get("account"))]
	s.policy(w, a)
	switch allowed := r.PostForm.Get("decision") == "allow"; {
	case a.failure != "":
		s.sendBack(w, r, a, url.Values{"error": {a.failure}, "error_description": {a.details}})
	case !allowed:
		s.sendBack(w, r, a, url.Values{"error": {"access_denied"}, "error_description": {"The resource owner or authorization server denied the request."}})
	case who == nil || !who.local():
		s.explain(w, "Choose one of the accounts.")
	default:
		s.give(w, r, a, who)
	}
}

func (s *Server) give(w http.ResponseWriter, r *http.Request, a asked, who *account) {
	code := secret()
	s.grants[code] = &grant{app: a.app, account: who, redirect: a.Redirect, scopes: a.Scopes, challenge: a.Challenge, until: s.options.Now().Add(codeLife)}
	if a.Redirect == outOfBand {
		s.renderStatus(w, http.StatusOK, "code.html", authorizeView{Title: "Your code", App: a.app.name, Code: code})
		return
	}
	s.sendBack(w, r, a, url.Values{"code": {code}})
}

// sendBack leads to the program, with its state.
func (s *Server) sendBack(w http.ResponseWriter, r *http.Request, a asked, with url.Values) {
	if a.Redirect == outOfBand {
		s.explain(w, cmp.Or(with.Get("error_description"), "You said no."))
		return
	}
	u, err := url.Parse(a.Redirect)
	if err != nil {
		s.explain(w, "The redirect uri included is not valid.")
		return
	}
	q := u.Query()
	for name := range with {
		q.Set(name, with.Get(name))
	}
	if a.State != "" {
		q.Set("state", a.State)
	}
	u.RawQuery = q.Encode()
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, u.String(), http.StatusFound)
}

func (s *Server) explain(w http.ResponseWriter, words string) {
	s.renderStatus(w, http.StatusBadRequest, "words.html", view{Title: "This did not work", Words: words})
}
