package door

import (
	"net/http"

	"rapport/internal/account"
	"rapport/internal/i18n"
	"rapport/internal/web/entry"
	"rapport/internal/web/studio"
)

// confirmShow asks for the password again.
func (p *Pages) confirmShow(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	return p.confirmForm(w, r, entry.Fill("next", q.Get("next"), "again", q.Get("again")))
}

func (p *Pages) confirmForm(w http.ResponseWriter, r *http.Request, f entry.Form) error {
	factor, err := account.FactorOf(r.Context(), p.DB, studio.At(r).Who.Account)
	if err != nil {
		return err
	}
	args := p.Bare(r, i18n.T(r.Context(), "Is it still you?"))
	args.Sentence = i18n.T(r.Context(), "What comes next changes who has access. Then you are not asked again for half an hour.")
	return studio.Write(r.Context(), w, f.Status(), confirmPage(args, f, studio.At(r).Who.Email, nextOf(f.Value("next")), factor.Since != 0))
}

// confirmDo takes the password, or a code of the second factor, and leads on.
func (p *Pages) confirmDo(w http.ResponseWriter, r *http.Request) error {
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	v := studio.At(r)
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
	return studio.See(w, r, nextOf(f.Value("next")))
}
