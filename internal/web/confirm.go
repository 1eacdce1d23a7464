package web

import (
	"net/http"
	"net/url"
	"strings"

	"rapport/internal/account"
	"rapport/internal/fault"
	"rapport/internal/i18n"
)

// errNotSure stops a request whose route asks for the password again.
var errNotSure error = fault.New(fault.Denied, "Enter your password again to go on.")

func (p *Pages) confirmRoutes() []route {
	return []route{
		{pattern: "GET /studio/confirm", door: signedIn, handle: p.confirmShow},
		{pattern: "POST /studio/confirm", door: signedIn, handle: p.confirmDo},
	}
}

// askToConfirm leads to where the password is entered again, and from there
// back. What a form sent is not kept anywhere: its page was guarded too, so
// this is for whoever left it open for longer than the half hour.
func (p *Pages) askToConfirm(w http.ResponseWriter, r *http.Request) {
	q := url.Values{"next": {r.URL.RequestURI()}}
	if r.Method != http.MethodGet {
		q = url.Values{"next": {formPage(r)}, "again": {"true"}}
	}
	if err := see(w, r, "/studio/confirm?"+q.Encode()); err != nil {
		p.Log.Error("web: confirm redirect", "err", err)
	}
}

// formPage is the page that a form was sent from, else the page above its
// address.
func formPage(r *http.Request) string {
	if u, err := url.Parse(r.Referer()); err == nil && u.Host == r.Host && strings.HasPrefix(u.Path, "/studio/") {
		return u.RequestURI()
	}
	if v := at(r); v.Brand.Slug != "" {
		return studio(v.Brand.Slug, "settings")
	}
	return "/studio"
}

// confirmShow asks for the password again.
func (p *Pages) confirmShow(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	return p.confirmForm(w, r, fill("next", q.Get("next"), "again", q.Get("again")))
}

func (p *Pages) confirmForm(w http.ResponseWriter, r *http.Request, f form) error {
	factor, err := account.FactorOf(r.Context(), p.DB, at(r).Who.Account)
	if err != nil {
		return err
	}
	args := p.bare(r, i18n.T(r.Context(), "Is it still you?"))
	args.Sentence = i18n.T(r.Context(), "What comes next changes who has access. Then you are not asked again for half an hour.")
	return write(r.Context(), w, f.Status(), confirmPage(args, f, at(r).Who.Email, nextOf(f.Value("next")), factor.Since != 0))
}

// confirmDo takes the password, or a code of the second factor, and leads on.
func (p *Pages) confirmDo(w http.ResponseWriter, r *http.Request) error {
	f, err := read(r)
	if err != nil {
		return err
	}
	v := at(r)
	if f.Value("code") != "" {
		err = p.factors().ConfirmByCode(r.Context(), v.Who, v.Session.ID, f.Value("code"))
	} else {
		err = account.Confirm(r.Context(), p.DB, v.Who, v.Session.ID, f.Raw("password"))
	}
	if err != nil {
		if f.Refused(err, "password", "code") {
			return p.confirmForm(w, r, f)
		}
		return err
	}
	return see(w, r, nextOf(f.Value("next")))
}
