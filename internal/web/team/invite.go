package team

import (
	"context"
	"net/http"

	"rapport/internal/admit"
	"rapport/internal/i18n"
	"rapport/internal/web/entry"
	"rapport/internal/web/studio"
)

// inviteShow shows the form that invites somebody.
func (p *Pages) inviteShow(w http.ResponseWriter, r *http.Request) error {
	return p.inviteForm(w, r, entry.Fill("role", "creator", "reach", "all"))
}

func (p *Pages) inviteForm(w http.ResponseWriter, r *http.Request, f entry.Form) error {
	gf, err := p.grantForm(r, f)
	if err != nil {
		return err
	}
	return p.Settings(w, r, "team", f.Status(), false, invitePage(gf, p.Admit.Mails()))
}

// inviteDo invites. Where no letter leaves the house, the link is shown on the
// page that answers, once.
func (p *Pages) inviteDo(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	g, err := p.grantOf(r, f)
	var i admit.Invitation
	link := ""
	if err == nil {
		i, link, err = p.Admit.Invite(r.Context(), v.Who, v.Brand.ID, admit.New{Email: f.Value("email"), Role: g.Role, Channels: g.Channels, EndsAt: g.EndsAt})
	}
	if err = studio.Rename(err, "ends_at", "ends"); err != nil {
		if f.Refused(err, grantFields...) {
			return p.inviteForm(w, r, f)
		}
		return err
	}
	return p.invited(w, r, i, link)
}

func (p *Pages) invited(w http.ResponseWriter, r *http.Request, i admit.Invitation, link string) error {
	if !i.Mailed {
		return p.Settings(w, r, "team", 0, false, invitedPage(studio.At(r).Brand.Slug, i, link))
	}
	p.Note(w, r, i18n.T(r.Context(), "A letter goes to {{.Address}}.", "Address", i.Email), "")
	return studio.See(w, r, studio.TeamPath(studio.At(r).Brand.Slug))
}

// inviteAgain makes a new link and writes again.
func (p *Pages) inviteAgain(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	i, link, err := p.Admit.Resend(r.Context(), v.Who, v.Brand.ID, r.PathValue("invitation"))
	if err != nil {
		return err
	}
	return p.invited(w, r, i, link)
}

// inviteRevoke withdraws an invitation.
func (p *Pages) inviteRevoke(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	if err := p.Admit.Revoke(r.Context(), v.Who, v.Brand.ID, r.PathValue("invitation")); err != nil {
		return err
	}
	p.Note(w, r, i18n.T(r.Context(), "The invitation is withdrawn. Its link no longer works."), "")
	return studio.See(w, r, studio.TeamPath(v.Brand.Slug))
}

func inviteSentence(ctx context.Context, mails bool) string {
	if mails {
		return i18n.T(ctx, "A letter with a link goes out. It works once, for seven days.")
	}
	return i18n.T(ctx, "No mail server is set. You get a link to pass on yourself; it works once, for seven days.")
}
