package commons

import (
	"context"
	"net/http"
	"net/url"

	"rapport/internal/account"
	"rapport/internal/fault"
	"rapport/internal/i18n"
)

// accountView is the reader's own sign-in.
type accountView struct {
	*visit
	Form    form
	Account account.Account
	Others  int  // sessions besides this one
	Factor  bool // it has a second factor
	Mails   bool // letters leave the house, so that an address can be proven
}

// sure reports whether the session need not be made sure of its person first.
func (v accountView) sure() bool { return v.Session.Sure(v.Now) }

// accountShow shows how the reader signs in: no brand, and no part in a team, is
// needed for it.
func (p *Pages) accountShow(w http.ResponseWriter, r *http.Request) error {
	return p.accountPage(w, r, form{})
}

func (p *Pages) accountPage(w http.ResponseWriter, r *http.Request, f form) error {
	v, ctx := accountView{visit: at(r), Form: f, Mails: p.Join.Door.Mails()}, r.Context()
	var err error
	if v.Account, err = account.ByID(ctx, p.DB, v.Voice.Who.Account); err != nil {
		return err
	}
	factor, err := account.FactorOf(ctx, p.DB, v.Account.ID)
	if err != nil {
		return err
	}
	v.Factor = factor.Since != 0
	sessions, err := account.Sessions(ctx, p.DB, v.Voice.Who)
	if err != nil {
		return err
	}
	v.Others = len(sessions) - 1
	if !f.Values.Has("email") {
		v.Form.Values = url.Values{"email": {v.Account.Email}}
	}
	h := head{Title: i18n.T(ctx, "Your account"), NoIndex: true, Plain: true}
	return write(ctx, w, f.Status(), frame(v.page(r, h), accountBody(v)))
}

// accountAct answers a form of the page.
func (p *Pages) accountAct(w http.ResponseWriter, r *http.Request, done string, do func(form) error) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	if err := do(f); err != nil {
		if !f.Refused(err) {
			return err
		}
		return p.accountPage(w, r, f)
	}
	return see(w, r, at(r).href("/me/account?done="+done))
}

// accountPassword changes the password and ends the other sessions.
func (p *Pages) accountPassword(w http.ResponseWriter, r *http.Request) error {
	v := at(r)
	return p.accountAct(w, r, "password", func(f form) error {
		return account.SetPassword(r.Context(), p.DB, v.Voice.Who,
			account.Password{Account: v.Voice.Who.Account, Current: f.Raw("current"), New: f.Raw("password"), Keep: v.Session.ID, Tell: p.Join.Door.Changed})
	})
}

// accountAddress has a letter sent to the address that the reader wants to have.
// Who signed in long ago says again who they are.
func (p *Pages) accountAddress(w http.ResponseWriter, r *http.Request) error {
	return p.accountAct(w, r, "letter", func(f form) error {
		if err := p.sureOf(r.Context(), at(r), f); err != nil {
			return err
		}
		return p.Join.Door.AskAddress(r.Context(), at(r).Voice.Who, f.Value("email"))
	})
}

func (p *Pages) sureOf(ctx context.Context, v *visit, f form) error {
	if v.Session.Sure(v.Now) {
		return nil
	}
	err := p.Join.Confirm(ctx, v.Voice.Who, v.Session.ID, f.Raw("proof"), f.Value("code"))
	fields := fault.Fields(err)
	for i := range fields {
		if fields[i].Name == "password" { // the page has another field of that name
			fields[i].Name = "proof"
		}
	}
	if len(fields) > 0 {
		return fault.OnFields(fields)
	}
	return err
}

// accountSessions ends all sessions but the one that asks.
func (p *Pages) accountSessions(w http.ResponseWriter, r *http.Request) error {
	return p.accountAct(w, r, "others", func(form) error {
		_, err := account.RevokeOthers(r.Context(), p.DB, at(r).Voice.Who, at(r).Session.ID)
		return err
	})
}

// accountLanguage keeps the language that the reader reads in.
func (p *Pages) accountLanguage(w http.ResponseWriter, r *http.Request) error {
	return p.accountAct(w, r, "saved", func(f form) error {
		return account.SetLanguage(r.Context(), p.DB, at(r).Voice.Who, f.Value("language"))
	})
}

// languageChoices are what an account may read in.
func languageChoices(ctx context.Context) [][2]string {
	var out [][2]string
	for _, l := range i18n.Languages {
		out = append(out, [2]string{l.Code, l.Name})
	}
	return append(out, [2]string{"", i18n.T(ctx, "As the browser says")})
}

func factorVerb(ctx context.Context, on bool) string {
	if on {
		return i18n.T(ctx, "Codes, new phone, switch off")
	}
	return i18n.T(ctx, "Set it up")
}
