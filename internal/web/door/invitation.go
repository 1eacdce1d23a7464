package door

import (
	"net/http"

	"rapport/internal/account"
	"rapport/internal/admit"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/web/entry"
	"rapport/internal/web/studio"
)

type invitationView struct {
	admit.Shown
	Path  string
	Form  entry.Form
	Me    string // address of who is signed in; "" for nobody
	Plain bool   // the connection is not encrypted
}

// mine reports whether the visitor is who is invited.
func (v invitationView) mine() bool { return v.Me == v.Email }

// invitationShow shows what somebody is invited to.
func (p *Pages) invitationShow(w http.ResponseWriter, r *http.Request) error {
	return p.invitationForm(w, r, entry.Form{})
}

func (p *Pages) invitationForm(w http.ResponseWriter, r *http.Request, f entry.Form) error {
	w.Header().Set("Referrer-Policy", "no-referrer") // the address is a key
	s, err := p.Admit.Look(r.Context(), r.PathValue("token"))
	if err != nil {
		return err
	}
	view := invitationView{Shown: s, Path: r.URL.Path, Form: f, Me: studio.At(r).Who.Email, Plain: p.warnPlain(r)}
	args := p.Bare(r, i18n.T(r.Context(), "Join {{.Brand}}", "Brand", s.BrandName))
	args.Sentence = i18n.T(r.Context(), "You are invited as {{.Role}}.", "Role", studio.RoleName(r.Context(), s.Role))
	if s.ByName != "" {
		args.Sentence = i18n.T(r.Context(), "{{.Name}} invites you as {{.Role}}.", "Name", s.ByName, "Role", studio.RoleName(r.Context(), s.Role))
	}
	return studio.Write(r.Context(), w, f.Status(), invitationPage(args, view))
}

// invitationAccept takes the invitation: with the account that is signed in,
// else with a new one.
func (p *Pages) invitationAccept(w http.ResponseWriter, r *http.Request) error {
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	token := r.PathValue("token")
	s, err := p.Admit.Look(r.Context(), token)
	if err != nil {
		return err
	}
	if studio.At(r).Who.Account != "" {
		_, err = p.Admit.Accept(r.Context(), studio.At(r).Who, token)
	} else {
		err = p.joinNew(w, r, f, token)
	}
	if err != nil {
		if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Denied) {
			f.Refused(err, "name", "password")
			return p.invitationForm(w, r, f)
		}
		return err
	}
	p.Note(w, r, i18n.T(r.Context(), "Welcome to {{.Brand}}.", "Brand", s.BrandName), "")
	return studio.See(w, r, studio.Path(s.BrandSlug))
}

// joinNew makes the account and signs it in.
func (p *Pages) joinNew(w http.ResponseWriter, r *http.Request, f entry.Form, token string) error {
	a, _, err := p.Admit.AcceptNew(r.Context(), token, f.Value("name"), f.Raw("password"), p.Address(r))
	if err != nil {
		return err
	}
	_, session, err := account.Begin(r.Context(), p.DB, a, p.Meta(r))
	if err == nil {
		p.SetSession(w, r, session, account.SessionMax)
	}
	return err
}
