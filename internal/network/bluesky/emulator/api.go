package emulator

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"rapport/internal/network/networktest/wire"
)

// routes lists everything the server answers. What programs see goes through
// the gate.
func (s *Server) routes() http.Handler {
	control, pages := s.control(), s.pages()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path := r.URL.Path; {
		case strings.HasPrefix(path, "/_emulator/"):
			control.ServeHTTP(w, r)
		case strings.HasPrefix(path, "/xrpc/"), strings.HasPrefix(path, "/.well-known/"), strings.HasPrefix(path, "/did:"):
			s.gate.ServeHTTP(w, r)
		default:
			pages.ServeHTTP(w, r)
		}
	})
}

// endpoint is one call of the API.
type endpoint struct {
	auth string // "", "access" or "refresh"
	run  func(*Server, *call) (any, *problem)
	// limits and points are what a call costs beside being a request.
	limits []limit
	points func(*call) int
	payer  func(*call) string
}

func cost(n int) func(*call) int { return func(*call) int { return n } }

func write(run func(*Server, *call) (any, *problem), points func(*call) int) endpoint {
	return endpoint{auth: "access", run: run, limits: writeLimits, points: points,
		payer: func(c *call) string { return "writes of " + c.account.did }}
}

var endpoints = map[string]endpoint{
	"com.atproto.server.createSession": {run: (*Server).createSession, limits: signInLimits, points: cost(1),
		payer: func(c *call) string { return "sign-ins of " + c.server.whose(c.text("identifier")) }},
	"com.atproto.server.refreshSession":       {auth: "refresh", run: (*Server).refreshSession},
	"com.atproto.server.deleteSession":        {auth: "refresh", run: (*Server).deleteSession},
	"com.atproto.server.getSession":           {auth: "access", run: (*Server).getSession},
	"com.atproto.server.describeServer":       {run: (*Server).describeServer},
	"com.atproto.identity.resolveHandle":      {run: (*Server).resolveHandle},
	"com.atproto.repo.uploadBlob":             {auth: "access", run: (*Server).uploadBlob},
	"com.atproto.repo.createRecord":           write((*Server).createRecord, cost(3)),
	"com.atproto.repo.putRecord":              write((*Server).putRecord, cost(2)),
	"com.atproto.repo.deleteRecord":           write((*Server).deleteRecord, cost(1)),
	"com.atproto.repo.applyWrites":            write((*Server).applyWrites, pointsOfAll),
	"com.atproto.repo.getRecord":              {run: (*Server).getRecord},
	"com.atproto.repo.listRecords":            {run: (*Server).listRecords},
	"com.atproto.repo.describeRepo":           {run: (*Server).describeRepo},
	"app.bsky.actor.getProfile":               {auth: "maybe", run: (*Server).getProfile},
	"app.bsky.actor.getProfiles":              {auth: "access", run: (*Server).getProfiles},
	"app.bsky.feed.getPosts":                  {auth: "access", run: (*Server).getPosts},
	"app.bsky.feed.getAuthorFeed":             {auth: "access", run: (*Server).getAuthorFeed},
	"app.bsky.feed.getPostThread":             {auth: "access", run: (*Server).getPostThread},
	"app.bsky.notification.listNotifications": {auth: "access", run: (*Server).listNotifications},
	"app.bsky.notification.getUnreadCount":    {auth: "access", run: (*Server).getUnreadCount},
	"app.bsky.notification.updateSeen":        {auth: "access", run: (*Server).updateSeen},
}

// pointsOfAll is what a batch costs: each write as if it came alone.
func pointsOfAll(c *call) int {
	n := 0
	writes, _ := c.input["writes"].([]any)
	for _, w := range writes {
		switch m, _ := w.(map[string]any); m["$type"] {
		case applyType + "create":
			n += 3
		case applyType + "update":
			n += 2
		default:
			n++
		}
	}
	return n
}

// call is one request on its way.
type call struct {
	server  *Server
	r       *http.Request
	base    string
	input   map[string]any // parameters of a query, body of a procedure
	account *account       // signed in
	claims  claims
}

func (c *call) text(key string) string {
	s, _ := c.input[key].(string)
	return s
}

func (c *call) number(key string) int {
	n, _ := integer(c.input[key])
	return n
}

func (c *call) object(key string) map[string]any {
	m, _ := c.input[key].(map[string]any)
	return m
}

func (c *call) texts(key string) []string {
	var out []string
	list, _ := c.input[key].([]any)
	for _, v := range list {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// note records what became of a commit.
func (c *call) note(outcome, post string) {
	if c.r != nil {
		wire.Note(c.r.Context(), outcome, post)
	}
}

// published notes the first post among what was written.
func (c *call) published(changes ...*change) {
	for _, ch := range changes {
		if ch.uri.collection == postType && ch.value != nil {
			c.note(wire.Published, ch.uri.String())
			return
		}
	}
	c.note("no post", "")
}

// problem is a refusal with its status.
type problem struct {
	status     int
	name, text string
}

func writeProblem(w http.ResponseWriter, no *problem) {
	writeJSON(w, no.status, map[string]string{"error": no.name, "message": no.text})
}

// refusalBody is an ordered error as this network writes it.
func refusalBody(status int, text string) string {
	names := map[int]string{400: "InvalidRequest", 401: "AuthenticationRequired", 403: "Forbidden", 413: "PayloadTooLarge",
		429: "RateLimitExceeded", 500: "InternalServerError", 501: "MethodNotImplemented", 502: "UpstreamFailure", 503: "NotEnoughResources", 504: "UpstreamTimeout"}
	name := names[status]
	if name == "" {
		name = strings.ReplaceAll(http.StatusText(status), " ", "")
	}
	body, _ := json.Marshal(map[string]string{"error": name, "message": text}) // strings: cannot fail
	return string(body)
}

// serveNetwork is the network when all is well.
func (s *Server) serveNetwork(w http.ResponseWriter, r *http.Request) {
	nsid, ok := strings.CutPrefix(r.URL.Path, "/xrpc/")
	switch {
	case !ok:
		s.serveIdentity(w, r)
	case nsid == "_health":
		writeJSON(w, http.StatusOK, map[string]string{"version": "emulator"})
	case nsid == "com.atproto.sync.getBlob":
		s.getBlob(w, r)
	default:
		s.serveCall(w, r, nsid)
	}
}

// serveIdentity answers who a handle is, by its host name, and where a DID
// lives.
func (s *Server) serveIdentity(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.URL.Path == "/.well-known/atproto-did" {
		a := s.find(hostOnly(r.Host))
		if a == nil {
			http.Error(w, "User not found", http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, a.did)
		return
	}
	a := s.byDID[strings.TrimPrefix(r.URL.Path, "/")]
	if a == nil {
		writeJSON(w, http.StatusNotFound, map[string]string{"message": "DID not registered: " + r.URL.Path[1:]})
		return
	}
	writeAs(w, "application/did+ld+json; charset=utf-8", http.StatusOK, s.didDocument(a, s.address(r)))
}

func hostOnly(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		return h
	}
	return host
}

// serveCall is the whole way of a call: its parameters, who calls, what it
// brings, what it costs, and its answer.
func (s *Server) serveCall(w http.ResponseWriter, r *http.Request, nsid string) {
	if nsid == "com.atproto.repo.uploadBlob" {
		s.slowUpload(r)
	}
	s.mu.Lock()
	out, no := s.answer(w, r, nsid)
	var body []byte
	if no == nil && out != nil {
		body, _ = json.Marshal(out) // maps of what JSON holds: cannot fail
	}
	s.mu.Unlock()
	switch {
	case no != nil:
		wire.Note(r.Context(), no.name, "")
		writeProblem(w, no)
	case out == nil:
		w.WriteHeader(http.StatusOK)
	default:
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = w.Write(body)
	}
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request, nsid string) (any, *problem) {
	e, def := endpoints[nsid], contract[nsid+"#main"]
	if e.run == nil || def == nil {
		return nil, &problem{http.StatusNotImplemented, "MethodNotImplemented", "Method Not Implemented"}
	}
	if want := methodOf(def); r.Method != want {
		return nil, badRequest("Incorrect HTTP method (%s) expected %s", r.Method, want)
	}
	if no := s.spendRequest(w, r); no != nil {
		return nil, no
	}
	c := &call{server: s, r: r, base: s.address(r)}
	for _, step := range []func() *problem{
		func() *problem { return c.readParameters(nsid, def) },
		func() *problem { return s.authenticate(c, e.auth) },
		func() *problem { return c.readBody(def) },
		func() *problem { return s.spendCall(w, c, e) },
	} {
		if no := step(); no != nil {
			return nil, no
		}
	}
	s.catchUp()
	return e.run(s, c)
}

func methodOf(def *schema) string {
	if def.Type == "query" {
		return http.MethodGet
	}
	return http.MethodPost
}

func (s *Server) spendRequest(w http.ResponseWriter, r *http.Request) *problem {
	if s.options.NoLimits {
		return nil
	}
	return s.spend(w.Header(), "requests of "+hostOnly(r.RemoteAddr), requestLimit, 1)
}

func (s *Server) spendCall(w http.ResponseWriter, c *call, e endpoint) *problem {
	if e.points == nil || s.options.NoLimits && e.auth != "" {
		return nil
	}
	return s.spendAll(w.Header(), e.payer(c), e.limits, e.points(c))
}

func (s *Server) whose(identifier string) string {
	if a := s.find(identifier); a != nil {
		return a.did
	}
	return strings.ToLower(identifier)
}

func (s *Server) authenticate(c *call, kind string) *problem {
	if kind == "" || kind == "maybe" && c.r.Header.Get("Authorization") == "" {
		return nil
	}
	if kind == "maybe" {
		kind = "access"
	}
	token := map[string]string{"access": "at+jwt", "refresh": "refresh+jwt"}[kind]
	deleting := strings.HasSuffix(c.r.URL.Path, ".deleteSession")
	cl, no := s.bearer(c.r, token, deleting)
	if no != nil {
		return no
	}
	if c.account = s.byDID[cl.Sub]; c.account == nil {
		return badToken
	}
	if (cl.Scope == scopeRefresh) != (kind == "refresh") {
		return badScope
	}
	c.claims = cl
	return nil
}

// handedOn are calls that a server hands on as they are, so that a wrong
// parameter is refused with words. Over the parameters it reads itself it
// falls.
var handedOn = []string{"app.bsky.feed.getPosts", "app.bsky.notification.listNotifications", "app.bsky.notification.getUnreadCount"}

// readParameters turns the query into what the lexicon says it is.
func (c *call) readParameters(nsid string, def *schema) *problem {
	if def.Parameters == nil {
		return nil
	}
	c.input = map[string]any{}
	query := c.r.URL.Query()
	for name, p := range def.Parameters.Properties {
		switch {
		case query.Has(name):
			c.input[name] = parameter(p, query, name)
		case p.Default != nil:
			raw, _ := json.Marshal(map[string]any{"v": p.Default}) // came from JSON
			m, _ := decode(raw)
			c.input[name] = m["v"]
		}
	}
	if no := contract.check(def.Parameters, c.input, "$"); no != nil {
		if !slices.Contains(handedOn, nsid) {
			return crash
		}
		return badRequest("Invalid %s params: %s", nsid, no)
	}
	return nil
}

func parameter(p *schema, query url.Values, name string) any {
	switch v := query.Get(name); p.Type {
	case "array":
		out := []any{}
		for _, v := range query[name] {
			out = append(out, v)
		}
		return out
	case "integer":
		if _, err := strconv.Atoi(v); err == nil {
			return json.Number(v)
		}
		return v
	case "boolean":
		if v == "true" || v == "false" {
			return v == "true"
		}
		return v
	default:
		return v
	}
}

// readBody holds the body to the lexicon; a blob is left to its handler.
func (c *call) readBody(def *schema) *problem {
	raw, err := io.ReadAll(c.r.Body)
	c.r.Body = io.NopCloser(strings.NewReader(string(raw)))
	switch {
	case err != nil:
		return badRequest("The body could not be read")
	case def.Input == nil && len(raw) > 0:
		return badRequest("A request body was provided when none was expected")
	case def.Input == nil:
		return nil
	case c.r.Header.Get("Content-Type") == "":
		return badRequest("Request encoding (Content-Type) required but not provided")
	case def.Input.Encoding != "*/*" && mediaType(c.r) != def.Input.Encoding:
		return badRequest("Wrong request encoding (Content-Type): %s", mediaType(c.r))
	case len(raw) > blobMost:
		return &problem{http.StatusRequestEntityTooLarge, "PayloadTooLarge", "request entity too large"}
	case def.Input.Schema != nil && len(raw) > jsonMost:
		return &problem{http.StatusRequestEntityTooLarge, "PayloadTooLargeError", "request entity too large"}
	case len(raw) == 0 && def.Input.Schema != nil:
		raw = []byte("{}")
	}
	if def.Input.Schema == nil {
		return nil
	}
	if c.input, err = decode(raw); err != nil {
		return &problem{http.StatusBadRequest, "SyntaxError", err.Error()}
	}
	if no := contract.check(def.Input.Schema, c.input, "$"); no != nil {
		return badRequest("%s", no.String())
	}
	return nil
}

func mediaType(r *http.Request) string {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return r.Header.Get("Content-Type")
	}
	return kind
}

func (s *Server) describeServer(*call) (any, *problem) {
	return map[string]any{"did": serviceDID, "availableUserDomains": []any{domain}, "inviteCodeRequired": false,
		"links": map[string]any{}, "contact": map[string]any{}, "blobUploadLimit": blobMost}, nil
}

func (s *Server) resolveHandle(c *call) (any, *problem) {
	a := s.find(c.text("handle"))
	if a == nil || !strings.EqualFold(a.handle(), c.text("handle")) {
		return nil, badRequest("Unable to resolve handle")
	}
	return map[string]any{"did": a.did}, nil
}

var commits = []string{"/xrpc/com.atproto.repo.createRecord", "/xrpc/com.atproto.repo.putRecord", "/xrpc/com.atproto.repo.applyWrites"}

// describe says whose request it is and whether it publishes a post.
func (s *Server) describe(r *http.Request, raw []byte) (wire.Arrival, bool) {
	var a wire.Arrival
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		a.Account = s.nameIn(token)
	}
	if r.Method != http.MethodPost || !slices.Contains(commits, r.URL.Path) {
		return a, false
	}
	keys, text := postsIn(raw)
	if len(keys) == 0 {
		return a, false
	}
	sum := sha256.Sum256([]byte(text))
	a.Key, a.Text = strings.Join(keys, " "), hex.EncodeToString(sum[:])
	return a, true
}

// nameIn reads the account out of a token, whether or not it is valid still.
func (s *Server) nameIn(token string) string {
	for _, kind := range []string{"at+jwt", "refresh+jwt"} {
		if c, no := s.read(kind, token); no == nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			if a := s.byDID[c.Sub]; a != nil {
				return a.Name
			}
		}
	}
	return ""
}

// postsIn lists the keys and the texts of the posts that a commit creates. A
// post without a key is known by its text and the date it gives itself.
func postsIn(raw []byte) (keys []string, text string) {
	type post struct {
		Text      string `json:"text"`
		CreatedAt string `json:"createdAt"`
	}
	var in struct {
		Collection string `json:"collection"`
		Key        string `json:"rkey"`
		Record     post   `json:"record"`
		Writes     []struct {
			Type       string `json:"$type"`
			Collection string `json:"collection"`
			Key        string `json:"rkey"`
			Value      post   `json:"value"`
		} `json:"writes"`
	}
	_ = json.Unmarshal(raw, &in) // what cannot be read publishes nothing
	add := func(key string, p post) {
		if key == "" {
			sum := sha256.Sum256([]byte(p.CreatedAt + p.Text))
			key = fmt.Sprintf("without-key-%x", sum[:6])
		}
		keys, text = append(keys, key), text+p.Text
	}
	if in.Collection == postType {
		add(in.Key, in.Record)
	}
	for _, w := range in.Writes {
		if w.Collection == postType && w.Type == applyType+"create" {
			add(w.Key, w.Value)
		}
	}
	return keys, text
}
