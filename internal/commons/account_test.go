package commons_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"rapport/internal/account"
	"rapport/internal/fault"
	"rapport/internal/letter"
)

// Who has an account and no part in a team changes how they sign in, too.
func TestOnesOwnAccount(t *testing.T) {
	p := open(t)
	kim := p.signUp("kim")
	const email = "kim@members.example"
	p.get("", "/me/account").hasStatus(t, http.StatusSeeOther)
	p.get(kim, "/me").has(t, `href="/me/account"`)
	p.get(kim, "/me/account").has(t, email, "No mail server is set", "Here alone.")

	// The other sessions.
	a, err := account.ByEmail(ctx, p.DB, email)
	p.must(err)
	_, other, err := account.Begin(ctx, p.DB, a, account.Meta{})
	p.must(err)
	p.get(kim, "/me/account").has(t, "in 1 other browser.")
	p.do(kim, "/me/account/sessions", url.Values{}).hasStatus(t, http.StatusSeeOther)
	p.get(other, "/me").hasStatus(t, http.StatusSeeOther)
	p.get(kim, "/me/account?done=others").has(t, "Your other sessions have ended.", "Here alone.")

	// The password.
	_, other, err = account.Begin(ctx, p.DB, a, account.Meta{})
	p.must(err)
	const fresh = "another long sentence"
	p.do(kim, "/me/account/password", url.Values{"current": {"wrong"}, "password": {fresh}}).hasStatus(t, http.StatusUnprocessableEntity).has(t, "not your current password").lacks(t, fresh)
	p.do(kim, "/me/account/password", url.Values{"current": {password}, "password": {"short"}}).hasStatus(t, http.StatusUnprocessableEntity).has(t, "at least 10 characters")
	p.do(kim, "/me/account/password", url.Values{"current": {password}, "password": {fresh}}).hasStatus(t, http.StatusSeeOther)
	p.get(other, "/me").hasStatus(t, http.StatusSeeOther)
	p.get(kim, "/me").hasStatus(t, http.StatusOK)
	if _, _, err := account.SignIn(ctx, p.DB, email, password, account.Meta{}); !fault.Is(err, fault.Denied) {
		t.Error(err)
	}
	_, _, err = account.SignIn(ctx, p.DB, email, fresh, account.Meta{})
	p.must(err)

	// The language.
	p.do(kim, "/me/account/language", url.Values{"language": {"de"}}).hasStatus(t, http.StatusSeeOther)
	p.get(kim, "/me/account").has(t, "Dein Konto")
	p.do(kim, "/me/account/language", url.Values{"language": {"xx"}}).hasStatus(t, http.StatusUnprocessableEntity)
	p.do(kim, "/me/account/language", url.Values{"language": {"en"}})

	// The address: a letter to the new one, and who signed in long ago says who
	// they are.
	p.join.Letters.Send = func(context.Context, letter.Letter) error { return nil }
	p.do(kim, "/me/account/address", url.Values{"email": {"kim"}}).hasStatus(t, http.StatusUnprocessableEntity).has(t, `value="kim"`, "you@example.com")
	p.do(kim, "/me/account/address", url.Values{"email": {"new@members.example"}}).hasStatus(t, http.StatusSeeOther)
	p.DB.SetClock(time.Now().Add(account.SureFor + time.Minute))
	p.do(kim, "/me/account/address", url.Values{"email": {"other@members.example"}, "proof": {password}}).
		hasStatus(t, http.StatusUnprocessableEntity).has(t, "not your current password", `value="other@members.example"`)
	p.do(kim, "/me/account/address", url.Values{"email": {"other@members.example"}, "proof": {fresh}}).hasStatus(t, http.StatusSeeOther)
	if now, err := account.ByID(ctx, p.DB, a.ID); err != nil || now.Email != email {
		t.Errorf("%+v, %v", now, err)
	}
	var asked int
	p.must(p.DB.QueryRowContext(ctx, `SELECT COUNT(*) FROM proof WHERE account_id = $1 AND email = 'other@members.example'`, a.ID).Scan(&asked))
	if asked != 1 {
		t.Error("no letter was asked for")
	}
}
