package bluesky

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"rapport/internal/network"
)

// A credential holds the handle, the session's two tokens ("access" for about
// two hours and "refresh" for about three months, replaced at every renewal)
// and the app password. The password is kept because a session can die without
// anybody's fault: when the answer to a renewal is lost its old token may be
// worth nothing any more, and an installation may be off for longer than the
// token lives. An app password opens no settings and is taken back with one
// click; without it such a channel would be silent until a person noticed.

// session is what createSession, refreshSession and getSession answer.
type session struct {
	DID     string   `json:"did"`
	Handle  string   `json:"handle"`
	Access  string   `json:"accessJwt"`
	Refresh string   `json:"refreshJwt"`
	Doc     document `json:"didDoc"`
	Active  *bool    `json:"active"`
	Status  string   `json:"status"`
}

// check finds what is no session of a living account.
func (s session) check() error {
	switch {
	case !isDID(s.DID) || len(s.Handle) > 253:
		return unreadable(http.StatusOK, errors.New("bluesky: a session of no account"))
	case s.Active != nil && !*s.Active:
		return &network.Error{Verdict: network.Unauthorized, Text: inactive(s.Status)}
	}
	return nil
}

func inactive(status string) string {
	switch status {
	case "takendown", "suspended":
		return "Bluesky has suspended this account."
	case "deactivated":
		return "This account is deactivated. Activate it on Bluesky first."
	}
	return "This account is not active on Bluesky."
}

func (s session) credential(password string) network.Credential {
	return network.Credential{"handle": s.Handle, "password": password, "access": s.Access, "refresh": s.Refresh}
}

// home is where the account is kept, by its document. The server that was
// typed stands where the document names none that is safe to talk to.
func (s session) home(entry string) string {
	if base := s.Doc.server(); base != "" && strings.HasPrefix(entry, "https://") && strings.HasPrefix(base, "https://") {
		return base
	}
	return entry
}

func (n *Network) signIn(ctx context.Context, base, who, password string) (session, error) {
	s, err := n.begin(ctx, network.Target{Server: base, Credential: network.Credential{"password": password}}, "com.atproto.server.createSession", "",
		map[string]string{"identifier": who, "password": password})
	var e *network.Error
	if errors.As(err, &e) && e.Expired {
		// There is no session yet that could be renewed.
		e.Expired, e.Verdict = false, network.Unauthorized
	}
	return s, err
}

// begin makes a call that answers a new session.
func (n *Network) begin(ctx context.Context, t network.Target, method, token string, body any) (session, error) {
	var s session
	var raw []byte
	if body != nil {
		raw, _ = json.Marshal(body) // strings always encode
	}
	req, err := n.request(ctx, t, http.MethodPost, method, nil, bytes.NewReader(raw))
	if err != nil {
		return s, err
	}
	req.Header.Del("Authorization")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if err := n.do(req, t, &s); err != nil {
		return s, err
	}
	if err := s.check(); err != nil {
		return s, err
	}
	if s.Access == "" {
		return s, unreadable(http.StatusOK, errors.New("bluesky: a session without a token"))
	}
	return s, nil
}

// Refresh renews the session. Where it is dead it signs in again with the app
// password; only a refusal of that needs a person.
func (n *Network) Refresh(ctx context.Context, t network.Target) (network.Account, error) {
	s, err := session{}, error(&network.Error{Verdict: network.Unauthorized, Text: "This sign-in has ended."})
	if token := t.Credential["refresh"]; token != "" {
		s, err = n.begin(ctx, t, "com.atproto.server.refreshSession", token, nil)
	}
	dead := network.HasExpired(err) || network.VerdictOf(err) == network.Unauthorized
	if dead && t.Credential["password"] != "" {
		s, err = n.signIn(ctx, t.Server, t.AccountID, t.Credential["password"])
	}
	var e *network.Error
	if errors.As(err, &e) && e.Expired {
		e.Expired, e.Verdict = false, network.Unauthorized
	}
	if err != nil {
		return network.Account{}, err
	}
	if s.DID != t.AccountID {
		return network.Account{}, unreadable(http.StatusOK, errors.New("bluesky: the session of another account"))
	}
	return network.Account{ID: s.DID, Server: t.Server, Handle: "@" + s.Handle, URL: profileURL(t.Server, s.Handle),
		Credential: network.Credential{"handle": s.Handle, "access": s.Access, "refresh": s.Refresh}, ExpiresAt: n.endOf(s.Access)}, nil
}

// endOf reads when a token ends. One that does not tell is renewed hourly.
func (n *Network) endOf(token string) time.Time {
	var claims struct {
		Exp float64 `json:"exp"`
	}
	parts := strings.Split(token, ".")
	if len(parts) == 3 {
		if raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "=")); err == nil {
			_ = json.Unmarshal(raw, &claims) // what cannot be read leaves 0
		}
	}
	if claims.Exp < 1 || claims.Exp > 1e11 {
		return n.now().Add(time.Hour)
	}
	return time.Unix(int64(claims.Exp), 0).UTC()
}

// document is the part of a DID document that says where the account is kept.
type document struct {
	ID          string   `json:"id"`
	AlsoKnownAs []string `json:"alsoKnownAs"`
	Service     []struct {
		ID       string          `json:"id"`
		Type     string          `json:"type"`
		Endpoint json.RawMessage `json:"serviceEndpoint"`
	} `json:"service"`
}

// UnmarshalJSON takes what is no document for an empty one: nothing depends on
// its being there.
func (d *document) UnmarshalJSON(raw []byte) error {
	type plain document
	var p plain
	if json.Unmarshal(raw, &p) == nil {
		*d = document(p)
	}
	return nil
}

// server is the address of the account's server, "" where none is named that
// may be talked to.
func (d document) server() string {
	for _, s := range d.Service {
		var endpoint string
		if s.ID != "#atproto_pds" && !strings.HasSuffix(s.ID, "#atproto_pds") || json.Unmarshal(s.Endpoint, &endpoint) != nil {
			continue
		}
		u, err := url.Parse(endpoint)
		if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || !here(u.Hostname())) {
			return ""
		}
		return u.Scheme + "://" + strings.ToLower(u.Host)
	}
	return ""
}

// entry is the server to sign in at. A server that was typed is taken at its
// word; otherwise the handle says where its account is kept, so that a password
// goes nowhere else. What cannot be found out is left to Bluesky's own server.
func (n *Network) entry(ctx context.Context, typed, who string) (string, error) {
	base, err := n.normalised(typed)
	if err != nil || base != "" {
		return base, err
	}
	if !isHandle(who) {
		return n.hosts.Entry, nil // an address of mail, which only Bluesky itself knows
	}
	did, err := n.resolve(ctx, network.Target{Server: n.hosts.Entry}, who)
	if err != nil {
		return "", err
	}
	if did == "" {
		return "", &network.Error{Verdict: network.Refused, Status: http.StatusNotFound, Text: fmt.Sprintf("There is no account called %s.", who)}
	}
	doc, err := n.document(ctx, did)
	if err != nil {
		return "", err
	}
	for _, known := range doc.AlsoKnownAs {
		if strings.EqualFold(known, "at://"+who) && doc.server() != "" {
			return doc.server(), nil
		}
	}
	return n.hosts.Entry, nil
}

// resolve returns the DID of a handle, "" where there is none.
func (n *Network) resolve(ctx context.Context, t network.Target, handle string) (string, error) {
	var got struct {
		DID string `json:"did"`
	}
	err := n.query(ctx, t, "com.atproto.identity.resolveHandle", url.Values{"handle": {handle}}, &got)
	switch {
	case network.VerdictOf(err) == network.Refused:
		return "", nil
	case err != nil:
		return "", err
	case !isDID(got.DID):
		return "", unreadable(http.StatusOK, errors.New("bluesky: a handle without an account"))
	}
	return got.DID, nil
}

func (n *Network) document(ctx context.Context, did string) (document, error) {
	address := n.hosts.Directory + "/" + url.PathEscape(did)
	if host, web := strings.CutPrefix(did, "did:web:"); web {
		host, err := url.PathUnescape(host)
		if err != nil || strings.ContainsAny(host, "/?#@") {
			return document{}, nil
		}
		address = "https://" + host + "/.well-known/did.json"
	}
	var doc document
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return doc, &network.Error{Verdict: network.NotSent, Cause: fmt.Errorf("bluesky: request: %w", err)}
	}
	if err := n.do(req, network.Target{}, &doc); err != nil {
		return doc, err
	}
	if doc.ID != did {
		return document{}, nil
	}
	return doc, nil
}
