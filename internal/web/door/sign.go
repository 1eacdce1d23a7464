package door

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"rapport/internal/account"
	"rapport/internal/brand"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/installation"
	"rapport/internal/member"
	"rapport/internal/web/entry"
	"rapport/internal/web/studio"
)

// root leads to the studio until there is a community to show.
func (p *Pages) root(w http.ResponseWriter, r *http.Request) error {
	return studio.See(w, r, "/studio")
}

// signInShow shows the sign-in form, or leads on who needs none.
func (p *Pages) signInShow(w http.ResponseWriter, r *http.Request) error {
	if studio.At(r).Who.Account != "" {
		return studio.See(w, r, nextOf(r.URL.Query().Get("next")))
	}
	open, err := installation.SetupOpen(r.Context(), p.DB)
	if err != nil {
		return err
	}
	if open {
		return studio.See(w, r, "/setup")
	}
	return p.signInForm(w, r, entry.Fill("next", r.URL.Query().Get("next"), "done", r.URL.Query().Get("done")))
}

func (p *Pages) signInForm(w http.ResponseWriter, r *http.Request, f entry.Form) error {
	args := p.Bare(r, i18n.T(r.Context(), "Sign in"))
	args.Foot = "Rapport " + p.Site.Version
	return studio.Write(r.Context(), w, f.Status(), signInPage(args, f, p.warnPlain(r)))
}

// signInDo begins a session.
func (p *Pages) signInDo(w http.ResponseWriter, r *http.Request) error {
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	s, token, err := account.SignIn(r.Context(), p.DB, f.Value("email"), f.Raw("password"), p.Meta(r))
	if errors.Is(err, account.ErrHalf) {
		p.setHalf(w, r, token)
		return studio.See(w, r, "/studio/sign-in/code?"+url.Values{"next": {f.Value("next")}}.Encode())
	}
	if err != nil {
		if f.Refused(err) {
			return p.signInForm(w, r, f)
		}
		return err
	}
	return p.begun(w, r, s, token, nextOf(f.Value("next")))
}

// signOutDo ends the session.
func (p *Pages) signOutDo(w http.ResponseWriter, r *http.Request) error {
	if token := p.SessionToken(r); token != "" {
		if err := account.SignOut(r.Context(), p.DB, token); err != nil {
			return err
		}
	}
	p.SetSession(w, r, "", 0)
	if next := nextOf(r.FormValue("next")); next != "/studio" {
		return studio.See(w, r, next)
	}
	return studio.See(w, r, "/studio/sign-in")
}

// nextOf is where a sign-in leads on: a page of this very site, and nowhere
// else.
func nextOf(next string) string {
	if !entry.OnSite(next) || strings.HasPrefix(next, "/studio/sign") {
		return "/studio"
	}
	return next
}

// warnPlain reports whether a password would travel for others to read.
func (p *Pages) warnPlain(r *http.Request) bool { return !p.Secure(r) && !local(r) }

// local reports whether the browser runs on this very machine, where a plain
// address harms nobody.
func local(r *http.Request) bool {
	host, _, found := strings.Cut(r.Host, ":")
	if !found {
		host = r.Host
	}
	return host == "localhost" || host == "127.0.0.1" || strings.HasPrefix(r.Host, "[::1]")
}

// themeSet keeps the look an account chose.
func (p *Pages) themeSet(w http.ResponseWriter, r *http.Request) error {
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	if err := account.SetTheme(r.Context(), p.DB, studio.At(r).Who, f.Value("theme")); err != nil {
		return err
	}
	p.SetCookie(w, r, "theme", f.Value("theme"), studio.Year)
	if studio.FromHTMX(r) {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return studio.Back(w, r, "/studio")
}

// studioFirst leads to the brand that was open last, else to the first one,
// else to where a brand is started. Who has only joined a community is led there.
func (p *Pages) studioFirst(w http.ResponseWriter, r *http.Request) error {
	brands, err := brand.List(r.Context(), p.DB, studio.At(r).Who)
	if err != nil {
		return err
	}
	if len(brands) == 0 {
		return p.withoutBrand(w, r)
	}
	first := brands[0].Slug
	if c, err := r.Cookie(studio.BrandCookie); err == nil {
		for _, b := range brands {
			if b.Slug == c.Value {
				first = b.Slug
			}
		}
	}
	return studio.See(w, r, studio.Path(first))
}

func (p *Pages) withoutBrand(w http.ResponseWriter, r *http.Request) error {
	who := studio.At(r).Who
	denied := brand.MayStart(r.Context(), p.DB, who)
	if denied == nil {
		return studio.See(w, r, "/studio/brands/new")
	}
	joined, err := member.FirstOf(r.Context(), p.DB, who.Account)
	switch {
	case fault.Is(err, fault.NotFound):
		return fault.New(fault.Denied, "You have no part in a brand here. Ask an owner to invite you.")
	case err != nil:
		return err
	}
	return studio.See(w, r, p.Promote.Front(r.Context(), joined.Brand)+"/")
}

// brandNew shows the form that starts a brand.
func (p *Pages) brandNew(w http.ResponseWriter, r *http.Request) error {
	if err := brand.MayStart(r.Context(), p.DB, studio.At(r).Who); err != nil {
		return err
	}
	return p.brandForm(w, r, entry.Fill("color", brand.DefaultColor, "zone", studio.GuessZone(r)))
}

func (p *Pages) brandForm(w http.ResponseWriter, r *http.Request, f entry.Form) error {
	args := p.Bare(r, i18n.T(r.Context(), "Start your own brand"))
	args.Sentence = i18n.T(r.Context(), "A brand is one public identity: its channels, its posts and its clock. You can change all of this later.")
	args.Wide = true
	return studio.Write(r.Context(), w, f.Status(), brandNewPage(args, f))
}

// brandCreate starts a brand that the account owns.
func (p *Pages) brandCreate(w http.ResponseWriter, r *http.Request) error {
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	b, err := brand.Create(r.Context(), p.DB, studio.At(r).Who, brandOf(f))
	if err != nil {
		if f.Refused(err, "name", "color", "zone") {
			return p.brandForm(w, r, f)
		}
		return err
	}
	p.Note(w, r, i18n.T(r.Context(), "{{.Brand}} is there.", "Brand", b.Name), "")
	return studio.See(w, r, studio.Path(b.Slug))
}

func brandOf(f entry.Form) brand.New {
	return brand.New{Name: f.Value("name"), Color: f.Value("color"), Zone: f.Value("zone"), Language: f.Value("language")}
}
