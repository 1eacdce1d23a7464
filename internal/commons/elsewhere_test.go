package commons_test

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"rapport/internal/commons"
	"rapport/internal/merge"
	"rapport/internal/network"
	"rapport/internal/network/demo"
	"rapport/internal/network/demo/emulator"
	"rapport/internal/outbound"
)

var codeShape = regexp.MustCompile(`rapport-[a-z2-7]{26}`)

// A member names an account, shows a code on its profile, and says whether
// others see it. All of it works without scripts.
func TestAccountsElsewhere(t *testing.T) {
	p := open(t)
	far, err := emulator.New(emulator.Options{Accounts: []emulator.Account{{Name: "kim_k"}}})
	p.must(err)
	l, err := emulator.Listen("127.0.0.1:0")
	p.must(err)
	serving, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() { defer close(ended); _ = far.Serve(serving, l) }()
	t.Cleanup(func() { stop(); <-ended })
	client := outbound.New(outbound.Options{Allow: []outbound.Rule{{Prefix: netip.MustParsePrefix("127.0.0.1/32")}}})
	t.Cleanup(client.Close)
	p.pages.Close()
	p.pages = commons.New(commons.Deps{DB: p.DB, Blobs: p.join.Blobs, Join: p.join, Next: http.NotFoundHandler(),
		Claims: &merge.Claims{DB: p.DB, Networks: network.NewSet(demo.New(client, func() string { return "http://" + l.Addr().String() }))}})
	t.Cleanup(p.pages.Close)
	_, err = p.ExecContext(ctx, `INSERT INTO channel (id, brand_id, network, remote_id, handle, name, credential, limits, state, state_at, created_at)
		VALUES ('c', $1, 'demo', 'c', '@us', 'Us', '', '{}', 'connected', 1, 1)`, p.brand.ID)
	p.must(err)
	token := p.signUp("Kim")
	p.get("", "/me/accounts").hasStatus(t, http.StatusSeeOther)
	p.get(token, "/me").has(t, `href="/me/accounts"`)
	p.get(token, "/me/accounts").has(t, "Demo network", "Get a code")
	p.do(token, "/me/accounts", url.Values{"network": {"demo"}, "handle": {" "}}).has(t, "Give your whole handle there", `aria-invalid="true"`)
	p.do(token, "/me/accounts", url.Values{"network": {"demo"}, "handle": {"kim at home"}}).has(t, "Give a handle of the demo network", `aria-invalid="true"`, `value="kim at home"`).lacks(t, "Check now")
	p.do(token, "/me/accounts", url.Values{"network": {"demo"}, "handle": {"@kim_k"}}).hasStatus(t, http.StatusSeeOther)
	page := p.get(token, "/me/accounts").has(t, "Not proven yet", "Check now", "/u/kim?me=rapport-")
	code := codeShape.FindString(page.body)
	id := regexp.MustCompile(`/me/accounts/([^/"]+)/check`).FindStringSubmatch(page.body)[1]
	p.do(token, "/me/accounts/"+id+"/check", url.Values{}).has(t, "does not stand on the profile of @kim_k yet", code)
	p.must(far.SetBio("kim_k", "https://north.example/u/kim?me="+code))
	other := p.signUp("Olga")
	for _, act := range []string{"check", "show", "withdraw"} {
		p.do(other, "/me/accounts/"+id+"/"+act, url.Values{"shown": {"true"}}).hasStatus(t, http.StatusNotFound)
	}
	p.get("", "/u/kim").lacks(t, "@kim_k")
	if a := p.do(token, "/me/accounts/"+id+"/check", url.Values{}); !strings.Contains(a.Header.Get("Location"), "done=yours") {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	p.get(token, "/me/accounts?done=yours").has(t, "It is proven that this account is yours.", "Show it on my page").lacks(t, "Check now")
	p.get("", "/u/kim").lacks(t, "@kim_k")
	p.do(token, "/me/accounts/"+id+"/show", url.Values{"shown": {"true"}}).hasStatus(t, http.StatusSeeOther)
	p.get("", "/u/kim").has(t, "@kim_k", `rel="me ugc nofollow noopener"`)
	p.do(token, "/me/accounts/"+id+"/show", url.Values{"shown": {"false"}}).hasStatus(t, http.StatusSeeOther)
	p.get("", "/u/kim").lacks(t, "@kim_k")
	p.do(token, "/me/accounts/"+id+"/withdraw", url.Values{}).hasStatus(t, http.StatusSeeOther)
	p.get(token, "/me/accounts").lacks(t, "@kim_k")
}
