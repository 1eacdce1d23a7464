package web

import (
	"context"
	"net/http"

	"rapport/internal/account"
	"rapport/internal/admit"
	"rapport/internal/fault"
	"rapport/internal/i18n"
)

func (p *Pages) inviteRoutes() []route {
	return []route{
		{pattern: "GET /invitation/{token}", handle: p.invitationShow},
		{pattern: "POST /invitation/{token}", handle: p.invitationAccept},
	}
}

// inviteShow shows the form that invites somebody.
func (p *Pages) inviteShow(w http.ResponseWriter, r *http.Request) error {
	return p.inviteForm(w, r, fill("role", "creator", "reach", "all"))
}

func (p *Pages) inviteForm(w http.ResponseWriter, r *http.Request, f form) error {
	gf, err := p.grantForm(r, f)
	if err != nil {
		return err
	}
	return p.settings(w, r, "team", f.Status(), false, invitePage(gf, p.Admit.Mails()))
}

// inviteDo invites. Where no letter leaves the house, the link is shown on the
// page that answers, once.
func (p *Pages) inviteDo(w http.ResponseWriter, r *http.Request) error {
	v := at(r)
	f, err := read(r)
	if err != nil {
		return err
	}
	g, err := p.grantOf(r, f)
	var i admit.Invitation
	link := ""
	if err == nil {
		i, link, err = p.Admit.Invite(r.Context(), v.Who, v.Brand.ID, admit.New{Email: f.Value("email"), Role: g.Role, Channels: g.Channels, EndsAt: g.EndsAt})
	}
	if err = rename(err, "ends_at", "ends"); err != nil {
		if f.Refused(err, grantFields...) {
			return p.inviteForm(w, r, f)
		}
		return err
	}
	return p.invited(w, r, i, link)
}

func (p *Pages) invited(w http.ResponseWriter, r *http.Request, i admit.Invitation, link string) error {
	if !i.Mailed {
		return p.settings(w, r, "team", 0, false, invitedPage(at(r).Brand.Slug, i, link))
	}
	p.note(w, r, i18n.T(r.Context(), "A letter goes to {{.Address}}.", "Address", i.Email), "")
	return see(w, r, team(at(r).Brand.Slug))
}

// inviteAgain makes a new link and writes again.
func (p *Pages) inviteAgain(w http.ResponseWriter, r *http.Request) error {
	v := at(r)
	i, link, err := p.Admit.Resend(r.Context(), v.Who, v.Brand.ID, r.PathValue("invitation"))
	if err != nil {
		return err
	}
	return p.invited(w, r, i, link)
}

// inviteRevoke withdraws an invitation.
func (p *Pages) inviteRevoke(w http.ResponseWriter, r *http.Request) error {
	v := at(r)
	if err := p.Admit.Revoke(r.Context(), v.Who, v.Brand.ID, r.PathValue("invitation")); err != nil {
		return err
	}
	p.note(w, r, i18n.T(r.Context(), "The invitation is withdrawn. Its link no longer works."), "")
	return see(w, r, team(v.Brand.Slug))
}

type invitationView struct {
	admit.Shown
	Path  string
	Form  form
	Me    string // address of who is signed in; "" for nobody
	Plain bool   // the connection is not encrypted
}

// mine reports whether the visitor is who is invited.
func (v invitationView) mine() bool { return v.Me == v.Email }

// invitationShow shows what somebody is invited to.
func (p *Pages) invitationShow(w http.ResponseWriter, r *http.Request) error {
	return p.invitationForm(w, r, form{})
}

func (p *Pages) invitationForm(w http.ResponseWriter, r *http.Request, f form) error {
	w.Header().Set("Referrer-Policy", "no-referrer") // the address is a key
	s, err := p.Admit.Look(r.Context(), r.PathValue("token"))
	if err != nil {
		return err
	}
	view := invitationView{Shown: s, Path: r.URL.Path, Form: f, Me: at(r).Who.Email, Plain: p.warnPlain(r)}
	args := p.bare(r, i18n.T(r.Context(), "Join {{.Brand}}", "Brand", s.BrandName))
	args.Sentence = i18n.T(r.Context(), "You are invited as {{.Role}}.", "Role", roleName(r.Context(), s.Role))
	if s.ByName != "" {
		args.Sentence = i18n.T(r.Context(), "{{.Name}} invites you as {{.Role}}.", "Name", s.ByName, "Role", roleName(r.Context(), s.Role))
	}
	return write(r.Context(), w, f.Status(), invitationPage(args, view))
}

// invitationAccept takes the invitation: with the account that is signed in,
// else with a new one.
func (p *Pages) invitationAccept(w http.ResponseWriter, r *http.Request) error {
	f, err := read(r)
	if err != nil {
		return err
	}
	token := r.PathValue("token")
	s, err := p.Admit.Look(r.Context(), token)
	if err != nil {
		return err
	}
	if at(r).Who.Account != "" {
		_, err = p.Admit.Accept(r.Context(), at(r).Who, token)
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
	p.note(w, r, i18n.T(r.Context(), "Welcome to {{.Brand}}.", "Brand", s.BrandName), "")
	return see(w, r, studio(s.BrandSlug))
}

// joinNew makes the account and signs it in.
func (p *Pages) joinNew(w http.ResponseWriter, r *http.Request, f form, token string) error {
	a, _, err := p.Admit.AcceptNew(r.Context(), token, f.Value("name"), f.Raw("password"), p.address(r))
	if err != nil {
		return err
	}
	_, session, err := account.Begin(r.Context(), p.DB, a, p.meta(r))
	if err == nil {
		p.setSession(w, r, session, account.SessionMax)
	}
	return err
}

func inviteSentence(ctx context.Context, mails bool) string {
	if mails {
		return i18n.T(ctx, "A letter with a link goes out. It works once, for seven days.")
	}
	return i18n.T(ctx, "No mail server is set. You get a link to pass on yourself; it works once, for seven days.")
}
