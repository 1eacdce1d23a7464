package door

import (
	"context"
	"net/http"
	"strings"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/brand"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/web/entry"
	"rapport/internal/web/studio"
	"rapport/internal/web/ui"
)

// part of the account in a brand.
type accountPart struct {
	Brand brand.Brand
	Grant access.Grant
}

type accountView struct {
	Slug     string
	Account  account.Account
	Theme    ui.Theme
	Here     string // id of the session that looks
	Sessions []account.Session
	Factor   account.Factor
	Parts    []accountPart
	Mails    bool
	Form     entry.Form
	Now      time.Time
}

// settingsAccount shows the visitor's own sign-in: name, address, look,
// password, second factor, sessions, brands.
func (p *Pages) settingsAccount(w http.ResponseWriter, r *http.Request) error {
	return p.accountForm(w, r, entry.Form{})
}

func (p *Pages) accountForm(w http.ResponseWriter, r *http.Request, f entry.Form) error {
	v := studio.At(r)
	view := accountView{Slug: v.Brand.Slug, Theme: studio.Theme(r), Here: v.Session.ID, Mails: p.Admit.Mails(), Form: f, Now: p.DB.Now().Time()}
	var err error
	if view.Account, err = account.ByID(r.Context(), p.DB, v.Who.Account); err != nil {
		return err
	}
	if view.Sessions, err = account.Sessions(r.Context(), p.DB, v.Who); err != nil {
		return err
	}
	if view.Factor, err = account.FactorOf(r.Context(), p.DB, v.Who.Account); err != nil {
		return err
	}
	if view.Parts, err = p.accountParts(r); err != nil {
		return err
	}
	return p.Settings(w, r, "account", f.Status(), false, accountSettings(view))
}

func (p *Pages) accountParts(r *http.Request) ([]accountPart, error) {
	who := studio.At(r).Who
	all, err := brand.List(r.Context(), p.DB, who)
	var out []accountPart
	for _, b := range all {
		for _, g := range who.Grants {
			if g.Brand == b.ID {
				out = append(out, accountPart{b, g})
			}
		}
	}
	return out, err
}

// accountAct answers a form of the account's page.
func (p *Pages) accountAct(w http.ResponseWriter, r *http.Request, done string, do func(entry.Form) error, fields ...string) error {
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	if err := do(f); err != nil {
		if f.Refused(err, fields...) {
			return p.accountForm(w, r, f)
		}
		return err
	}
	p.Note(w, r, done, "")
	return studio.See(w, r, studio.Path(studio.At(r).Brand.Slug, "settings", "account"))
}

// accountName changes the name that others see.
func (p *Pages) accountName(w http.ResponseWriter, r *http.Request) error {
	return p.accountAct(w, r, i18n.T(r.Context(), "Saved."), func(f entry.Form) error {
		return account.Rename(r.Context(), p.DB, studio.At(r).Who, f.Value("name"))
	}, "name")
}

// accountAddress has a letter sent to the address that the visitor has, or
// wants to have.
func (p *Pages) accountAddress(w http.ResponseWriter, r *http.Request) error {
	return p.accountAct(w, r, i18n.T(r.Context(), "A letter is on its way. Open the link in it; until then nothing changes."), func(f entry.Form) error {
		return p.Admit.AskAddress(r.Context(), studio.At(r).Who, f.Value("email"))
	}, "email")
}

// settingsPassword changes the password and ends the other sessions.
func (p *Pages) settingsPassword(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	return p.accountAct(w, r, i18n.T(r.Context(), "The password is changed. Your other sessions have ended."), func(f entry.Form) error {
		err := account.SetPassword(r.Context(), p.DB, v.Who, account.Password{Account: v.Who.Account, Current: f.Raw("current"), New: f.Raw("new"), Keep: v.Session.ID, Tell: p.Admit.Changed})
		return studio.Rename(err, "password", "new")
	}, "current", "new")
}

// settingsSessionEnd ends one of the visitor's sessions.
func (p *Pages) settingsSessionEnd(w http.ResponseWriter, r *http.Request) error {
	return p.accountAct(w, r, i18n.T(r.Context(), "The session has ended."), func(entry.Form) error {
		return account.Revoke(r.Context(), p.DB, studio.At(r).Who, r.PathValue("session"))
	})
}

// accountSessionsEnd ends all sessions but the one that asks.
func (p *Pages) accountSessionsEnd(w http.ResponseWriter, r *http.Request) error {
	return p.accountAct(w, r, i18n.T(r.Context(), "Your other sessions have ended."), func(entry.Form) error {
		_, err := account.RevokeOthers(r.Context(), p.DB, studio.At(r).Who, studio.At(r).Session.ID)
		return err
	})
}

// leaveShow asks whether the visitor wants to leave a brand.
func (p *Pages) leaveShow(w http.ResponseWriter, r *http.Request) error {
	b, err := p.leaving(r)
	if err != nil {
		return err
	}
	return p.leaveBrandForm(w, r, b, entry.Form{})
}

// leaving is the brand of the path, also one that asks for a second factor
// that the visitor does not have.
func (p *Pages) leaving(r *http.Request) (brand.Brand, error) {
	all, err := brand.List(r.Context(), p.DB, studio.At(r).Who)
	for _, b := range all {
		if b.Slug == r.PathValue("from") {
			return b, nil
		}
	}
	if err == nil {
		err = fault.New(fault.NotFound, "There is no such brand, or you have no part in it.")
	}
	return brand.Brand{}, err
}

func (p *Pages) leaveBrandForm(w http.ResponseWriter, r *http.Request, b brand.Brand, f entry.Form) error {
	args := p.Bare(r, i18n.T(r.Context(), "Leave {{.Brand}}", "Brand", b.Name))
	args.Sentence = i18n.T(r.Context(), "Your access and your API tokens there end at once. What you wrote stays. To come back, an owner has to let you in again.")
	return studio.Write(r.Context(), w, f.Status(), leaveBrandPage(args, f, b))
}

// leaveDo ends the visitor's own part.
func (p *Pages) leaveDo(w http.ResponseWriter, r *http.Request) error {
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	b, err := p.leaving(r)
	if err != nil {
		return err
	}
	if f.Value("confirm") != b.Name {
		err = fault.OnField("confirm", "Type %s to be sure.", b.Name)
	} else {
		_, err = account.End(r.Context(), p.DB, studio.At(r).Who, b.ID, studio.At(r).Who.Account)
	}
	if err != nil {
		if f.Refused(err, "confirm") {
			return p.leaveBrandForm(w, r, b, f)
		}
		return err
	}
	return studio.See(w, r, "/studio")
}

// typedOr is what was typed into a field, else what stands there.
func typedOr(f entry.Form, name, stands string) string {
	if f.Values.Has(name) {
		return f.Value(name)
	}
	return stands
}

func factorVerb(ctx context.Context, v accountView) string {
	if v.Factor.Since != 0 {
		return i18n.T(ctx, "Codes, new phone, switch off")
	}
	return i18n.T(ctx, "Set it up")
}

// partDetail says what the account is in a brand, and until when.
func partDetail(ctx context.Context, part accountPart) string {
	text := studio.RoleName(ctx, part.Grant.Role)
	if part.Grant.EndsAt != 0 {
		text += " · " + i18n.T(ctx, "until {{.Date}}", "Date", studio.LastDay(ctx, part.Grant.EndsAt, part.Brand.Location()))
	}
	return text
}

// accountEraseAsk asks before somebody erases their own account.
func (p *Pages) accountEraseAsk(w http.ResponseWriter, r *http.Request) error {
	return p.accountEraseForm(w, r, entry.Form{})
}

func (p *Pages) accountEraseForm(w http.ResponseWriter, r *http.Request, f entry.Form) error {
	v, ctx := studio.At(r), r.Context()
	head := ui.Head{Title: i18n.T(ctx, "Erase your account"), Back: studio.Path(v.Brand.Slug, "settings", "account"), BackText: i18n.T(ctx, "Back to your account")}
	return p.Show(w, r, studio.Page{Area: "settings", Head: head, Status: f.Status()}, accountErasePage(v.Brand.Slug, v.Who.Email, f))
}

// accountErase erases it, and ends the visit.
func (p *Pages) accountErase(w http.ResponseWriter, r *http.Request) error {
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	if err := account.Erase(r.Context(), p.DB, studio.At(r).Who, f.Value("confirm")); err != nil {
		if f.Refused(err, "confirm") {
			return p.accountEraseForm(w, r, f)
		}
		return err
	}
	p.SetSession(w, r, "", 0)
	return studio.See(w, r, "/studio/sign-in")
}

// browser is a session's program in two words; agents lie, so it is a hint.
func browser(ctx context.Context, agent string) string {
	name := ""
	for _, b := range []struct{ mark, name string }{
		{"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}, {"curl/", "curl"},
	} {
		if strings.Contains(agent, b.mark) {
			name = b.name
			break
		}
	}
	for _, s := range []struct{ mark, name string }{
		{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Windows", "Windows"}, {"Mac OS X", "macOS"}, {"Linux", "Linux"},
	} {
		if name != "" && strings.Contains(agent, s.mark) {
			return i18n.T(ctx, "{{.Browser}} on {{.System}}", "Browser", name, "System", s.name)
		}
	}
	if name == "" {
		return i18n.T(ctx, "Unknown browser")
	}
	return name
}
