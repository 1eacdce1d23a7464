package mastodon

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"rapport/internal/network"
)

// wanted are the scopes that a channel needs.
const wanted = "read write:statuses write:media"

// Authorize prepares a sign-in at the account's own server. The registration
// of an earlier sign-in is used again as long as the server knows it.
func (n *Network) Authorize(ctx context.Context, server, redirect, state string, app network.Credential) (network.Authorization, error) {
	server, err := normalised(server)
	if err != nil {
		return network.Authorization{}, err
	}
	t := network.Target{Server: server}
	known, err := n.known(ctx, t, redirect, app)
	if err == nil && !known {
		app, err = n.register(ctx, t, redirect)
	}
	if err != nil {
		return network.Authorization{}, err
	}
	q := url.Values{"response_type": {"code"}, "client_id": {app["client_id"]}, "redirect_uri": {redirect}, "scope": {wanted}, "state": {state}}
	a := network.Authorization{Server: server, App: app, Secret: network.Credential{}}
	if n.offersPKCE(ctx, t) {
		verifier := rand.Text() + rand.Text()
		sum := sha256.Sum256([]byte(verifier))
		q.Set("code_challenge", base64.RawURLEncoding.EncodeToString(sum[:]))
		q.Set("code_challenge_method", "S256")
		a.Secret["verifier"] = verifier
	}
	a.URL = server + "/oauth/authorize?" + q.Encode()
	return a, nil
}

// known asks whether the server still takes a registration for this redirect.
func (n *Network) known(ctx context.Context, t network.Target, redirect string, app network.Credential) (bool, error) {
	if app["client_id"] == "" || app["redirect"] != redirect || app["scopes"] != wanted {
		return false, nil
	}
	err := n.token(ctx, t, app, url.Values{"grant_type": {"client_credentials"}, "redirect_uri": {redirect}}, nil)
	if lacks(err) {
		return false, nil
	}
	return err == nil, err
}

func (n *Network) register(ctx context.Context, t network.Target, redirect string) (network.Credential, error) {
	raw, err := json.Marshal(map[string]string{"client_name": "Rapport", "redirect_uris": redirect, "scopes": wanted})
	if err != nil {
		return nil, fmt.Errorf("mastodon: register: %w", err)
	}
	req, err := n.request(ctx, t, http.MethodPost, "/api/v1/apps", bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	var got struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	if err := n.do(req, &got); err != nil {
		return nil, hint(err)
	}
	if !fits(got.ID) || !fits(got.Secret) {
		return nil, &network.Error{Text: "This address does not answer like a Mastodon server."}
	}
	return network.Credential{"client_id": got.ID, "client_secret": got.Secret, "redirect": redirect, "scopes": wanted}, nil
}

// offersPKCE asks the server what it can. One that does not say has it if its
// version does; a server that has it not would ignore it.
func (n *Network) offersPKCE(ctx context.Context, t network.Target) bool {
	var got struct {
		Methods []string `json:"code_challenge_methods_supported"`
	}
	if err := n.read(ctx, t, "/.well-known/oauth-authorization-server", &got); err == nil {
		return slices.Contains(got.Methods, "S256")
	}
	s, err := n.about(ctx, t)
	return err == nil && s.mastodonItself() && atLeast(s.version, 4, 3)
}

// Complete trades the code for an account.
func (n *Network) Complete(ctx context.Context, a network.Authorization, redirect, code string) (network.Account, error) {
	if code == "" {
		return network.Account{}, &network.Error{Verdict: network.Refused, Text: "The access was not given, so nothing was changed. Start again if that was a slip."}
	}
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirect}, "scope": {wanted}}
	if v := a.Secret["verifier"]; v != "" {
		form.Set("code_verifier", v)
	}
	var got struct {
		Token   string `json:"access_token"`
		Type    string `json:"token_type"`
		Scope   string `json:"scope"`
		Expires int64  `json:"expires_in"`
	}
	t := network.Target{Server: a.Server}
	if err := n.token(ctx, t, a.App, form, &got); err != nil {
		return network.Account{}, notTraded(err)
	}
	if !fits(got.Token) || !strings.EqualFold(got.Type, "bearer") {
		return network.Account{}, unreadable(http.StatusOK, fmt.Errorf("mastodon: no token of type bearer"))
	}
	t.Credential = network.Credential{"token": got.Token}
	account, err := n.account(ctx, t, got.Scope)
	if err == nil && got.Expires > 0 && got.Expires < 100*365*24*3600 {
		account.ExpiresAt = time.Now().Add(time.Duration(got.Expires) * time.Second)
	}
	return account, err
}

// notTraded says what a refused code means; no channel's credential is dead
// by it.
func notTraded(err error) error {
	switch statusOf(err) {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
		return &network.Error{Verdict: network.Refused, Status: statusOf(err), Cause: err,
			Text: "The server did not take the sign-in any more. Start again, and finish within a few minutes."}
	}
	return err
}

// token asks the token endpoint as the registered program.
func (n *Network) token(ctx context.Context, t network.Target, app network.Credential, form url.Values, out any) error {
	form.Set("client_id", app["client_id"])
	form.Set("client_secret", app["client_secret"])
	req, err := n.request(ctx, t, http.MethodPost, "/oauth/token", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return n.do(req, out, app["client_secret"], form.Get("code"), form.Get("code_verifier"))
}
