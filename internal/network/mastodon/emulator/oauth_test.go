package emulator_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"time"

	"rapport/internal/network/mastodon/emulator"
)

const back = "https://rapport.example/back?from=here"

// signIn is one sign-in up to the page.
func register(t *testing.T, s *emulator.Server) (id, secret string) {
	t.Helper()
	app := ask(t, s, "POST", "/api/v1/apps", "", `{"client_name":"Rapport","redirect_uris":["`+back+`","urn:ietf:wg:oauth:2.0:oob"],"scopes":"read write:statuses"}`).is(200)
	return app.text("client_id"), app.text("client_secret")
}

func challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func wish(id string, change ...string) url.Values {
	q := url.Values{"client_id": {id}, "redirect_uri": {back}, "response_type": {"code"}, "scope": {"read write:statuses"}, "state": {"s&1"},
		"code_challenge": {challenge("a verifier")}, "code_challenge_method": {"S256"}}
	for i := 0; i+1 < len(change); i += 2 {
		q.Set(change[i], change[i+1])
	}
	return q
}

func TestSignIn(t *testing.T) {
	s, at := start(t, emulator.Options{})
	id, secret := register(t, s)
	page := ask(t, s, "GET", "/oauth/authorize?"+wish(id).Encode(), "", "").is(200)
	for _, holds := range []string{"Let Rapport use your account", "North Roastery", `value="s&amp;1"`, "Authorize", "Deny"} {
		if !strings.Contains(page.body, holds) {
			t.Errorf("the page does not hold %q", holds)
		}
	}
	if csp := page.header.Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' https://rapport.example;") || !strings.Contains(csp, "default-src 'none'") {
		t.Errorf("the policy is %s", csp)
	}
	decide := func(change ...string) *url.URL {
		t.Helper()
		to, err := url.Parse(ask(t, s, "POST", "/oauth/authorize", "", wish(id, change...).Encode()).is(302).header.Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		return to
	}
	no := decide("decision", "deny", "account", "north")
	if q := no.Query(); q.Get("error") != "access_denied" || q.Get("state") != "s&1" || q.Get("from") != "here" || q.Get("code") != "" {
		t.Errorf("a no leads to %s", no)
	}
	code := decide("decision", "allow", "account", "north").Query().Get("code")
	trade := func(change ...string) got {
		form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "client_id": {id}, "client_secret": {secret}, "redirect_uri": {back}, "code_verifier": {"a verifier"}}
		for i := 0; i+1 < len(change); i += 2 {
			form.Set(change[i], change[i+1])
		}
		return ask(t, s, "POST", "/oauth/token", "", form.Encode())
	}
	for _, c := range []struct {
		change []string
		status int
		code   string
	}{
		{[]string{"code_verifier", "another"}, 400, "invalid_grant"}, {[]string{"code_verifier", ""}, 400, "invalid_request"},
		{[]string{"redirect_uri", "https://evil.example/"}, 400, "invalid_grant"}, {[]string{"client_secret", "no"}, 401, "invalid_client"},
		{[]string{"code", "no"}, 400, "invalid_grant"}, {[]string{"grant_type", "password"}, 400, "unsupported_grant_type"}, {[]string{"grant_type", ""}, 400, "invalid_request"},
	} {
		if a := trade(c.change...).is(c.status); a.text("error") != c.code || a.text("error_description") == "" {
			t.Errorf("%v gives %s, want %s", c.change, a.body, c.code)
		}
	}
	given := trade().is(200)
	if given.text("scope") != "read write:statuses" || given.text("token_type") != "Bearer" {
		t.Errorf("given: %s", given.body)
	}
	trade().is(400) // a code works once
	token := given.text("access_token")
	ask(t, s, "GET", "/api/v1/accounts/verify_credentials", token, "").is(200)
	ask(t, s, "POST", "/api/v1/statuses/1/favourite", token, "").is(403)
	st := ask(t, s, "POST", "/api/v1/statuses", token, "status=Hello").is(200)
	if st.text("application/name") != "Rapport" {
		t.Errorf("the application is %v", st.at("application"))
	}
	ask(t, s, "POST", "/oauth/revoke", "", url.Values{"client_id": {id}, "client_secret": {"no"}, "token": {token}}.Encode()).is(403)
	ask(t, s, "POST", "/oauth/revoke", "", url.Values{"client_id": {id}, "client_secret": {secret}, "token": {token}}.Encode()).is(200)
	ask(t, s, "GET", "/api/v1/accounts/verify_credentials", token, "").is(401)
	code = decide("decision", "allow", "account", "south").Query().Get("code")
	at.Advance(11 * time.Minute)
	trade().is(400) // too late
}

func TestSignInRefuses(t *testing.T) {
	s, _ := start(t, emulator.Options{})
	id, _ := register(t, s)
	for _, c := range []struct {
		name   string
		q      url.Values
		status int
		holds  string
	}{
		{"an unknown program", wish("nobody"), 400, "unknown client"},
		{"another redirect", wish(id, "redirect_uri", "https://evil.example/"), 400, "redirect uri included is not valid"},
		{"more scopes than registered", wish(id, "scope", "read write"), 302, "error=invalid_scope"},
		{"another kind of answer", wish(id, "response_type", "token"), 302, "error=unsupported_response_type"},
		{"a plain challenge", wish(id, "code_challenge_method", "plain"), 302, "error=invalid_code_challenge_method"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, a := range []got{ask(t, s, "GET", "/oauth/authorize?"+c.q.Encode(), "", ""), ask(t, s, "POST", "/oauth/authorize", "", c.q.Encode()+"&decision=allow&account=north")} {
				a.is(c.status)
				if !strings.Contains(a.body+a.header.Get("Location"), c.holds) {
					t.Errorf("got %s %s, want %q", a.header.Get("Location"), a.body, c.holds)
				}
			}
		})
	}
	form := wish(id).Encode() + "&decision=allow&account=north"
	ask(t, s, "POST", "/oauth/authorize", "", form, "Sec-Fetch-Site", "cross-site").is(403)
	oob := ask(t, s, "POST", "/oauth/authorize", "", wish(id, "redirect_uri", "urn:ietf:wg:oauth:2.0:oob").Encode()+"&decision=allow&account=north").is(200)
	if !strings.Contains(oob.body, "Your code") || oob.header.Get("Location") != "" {
		t.Errorf("out of band gives %s", oob.body)
	}
	for _, bad := range []string{`{"redirect_uris":["https://a.example/"]}`, `{"client_name":"x"}`, `{"client_name":"x","redirect_uris":["nowhere"]}`,
		`{"client_name":"x","redirect_uris":["https://a.example/"],"scopes":"everything"}`, `{"client_name":7,"redirect_uris":["https://a.example/"]}`} {
		ask(t, s, "POST", "/api/v1/apps", "", bad).is(422)
	}
}
