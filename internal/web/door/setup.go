package door

import (
	"net/http"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/i18n"
	"rapport/internal/installation"
	"rapport/internal/web/entry"
	"rapport/internal/web/studio"
)

// setupShow shows the first page that anybody sees, while the code that the
// console printed has not been used.
func (p *Pages) setupShow(w http.ResponseWriter, r *http.Request) error {
	open, err := installation.SetupOpen(r.Context(), p.DB)
	if err != nil {
		return err
	}
	if !open {
		return studio.See(w, r, "/studio/sign-in")
	}
	return p.setupForm(w, r, entry.Fill("color", brand.DefaultColor, "zone", studio.GuessZone(r), "code", r.URL.Query().Get("code")))
}

func (p *Pages) setupForm(w http.ResponseWriter, r *http.Request, f entry.Form) error {
	args := p.Bare(r, i18n.T(r.Context(), "Set up Rapport"))
	args.Sentence = i18n.T(r.Context(), "Your account and your first brand, then you are in.")
	args.Wide = true
	return studio.Write(r.Context(), w, f.Status(), setupPage(args, f, p.warnPlain(r)))
}

// setupDo takes the code and makes the first account and its brand, all or
// nothing, and signs in.
func (p *Pages) setupDo(w http.ResponseWriter, r *http.Request) error {
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	a, b, err := p.firstAccount(r, f)
	if err != nil {
		if f.Refused(err, "code", "email", "name", "password", "brand", "color", "zone") {
			return p.setupForm(w, r, f)
		}
		return err
	}
	_, token, err := account.Begin(r.Context(), p.DB, a, p.Meta(r))
	if err != nil {
		return err
	}
	p.SetSession(w, r, token, account.SessionMax)
	if p.Admit.Mails() {
		if err := p.Admit.AskAddress(r.Context(), access.Who{Account: a.ID, Name: a.Name, Email: a.Email}, a.Email); err != nil {
			p.Log.Warn("web: the letter that proves the first address", "err", err)
		}
	}
	p.Note(w, r, i18n.T(r.Context(), "Rapport is set up. Connect your first channel next."), "")
	return studio.See(w, r, studio.Path(b.Slug))
}

func (p *Pages) firstAccount(r *http.Request, f entry.Form) (a account.Account, b brand.Brand, err error) {
	n := account.New{Email: f.Value("email"), Name: f.Value("name"), Password: f.Raw("password")}
	a, err = account.Create(r.Context(), p.DB, access.System(), n, func(tx *db.Tx, a account.Account) error {
		if err := installation.UseSetup(r.Context(), tx, f.Value("code")); err != nil {
			return err
		}
		who := access.Who{Account: a.ID, Name: a.Name, Email: a.Email, Address: p.Address(r)}
		b, err = brand.Start(r.Context(), tx, who, brand.New{Name: f.Value("brand"), Color: f.Value("color"), Zone: f.Value("zone")})
		return studio.Rename(err, "name", "brand")
	})
	return a, b, err
}
