package door

import (
	"net/http"
	"net/url"

	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/web/entry"
	"rapport/internal/web/studio"
)

// forgotShow asks where to write to.
func (p *Pages) forgotShow(w http.ResponseWriter, r *http.Request) error {
	return p.forgotForm(w, r, entry.Form{}, "")
}

func (p *Pages) forgotForm(w http.ResponseWriter, r *http.Request, f entry.Form, sent string) error {
	args := p.Bare(r, i18n.T(r.Context(), "Forgot your password?"))
	return studio.Write(r.Context(), w, f.Status(), forgotPage(args, f, sent, p.Admit.Mails()))
}

// forgotDo answers the same whether the address has an account or not.
func (p *Pages) forgotDo(w http.ResponseWriter, r *http.Request) error {
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	if err := p.Admit.Forgot(r.Context(), f.Value("email"), p.Address(r)); err != nil {
		if f.Refused(err, "email") {
			return p.forgotForm(w, r, f, "")
		}
		return err
	}
	return p.forgotForm(w, r, f, f.Value("email"))
}

// resetShow asks for the new password.
func (p *Pages) resetShow(w http.ResponseWriter, r *http.Request) error {
	if err := p.Admit.MayReset(r.Context(), r.PathValue("token")); err != nil {
		return p.deadLink(w, r, err)
	}
	return p.resetForm(w, r, entry.Form{})
}

func (p *Pages) resetForm(w http.ResponseWriter, r *http.Request, f entry.Form) error {
	w.Header().Set("Referrer-Policy", "no-referrer") // the address is a key
	args := p.Bare(r, i18n.T(r.Context(), "Set a new password"))
	return studio.Write(r.Context(), w, f.Status(), resetPage(args, f, r.URL.Path))
}

// resetDo sets it. Whoever knows a second factor still has to show it.
func (p *Pages) resetDo(w http.ResponseWriter, r *http.Request) error {
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	if err := p.Admit.Reset(r.Context(), r.PathValue("token"), f.Raw("password"), p.Address(r)); err != nil {
		if fault.Is(err, fault.Invalid) && f.Refused(err, "password") {
			return p.resetForm(w, r, f)
		}
		return p.deadLink(w, r, err)
	}
	p.SetSession(w, r, "", 0)
	return studio.See(w, r, "/studio/sign-in?"+url.Values{"done": {"password"}}.Encode())
}

// deadLink says that a link of a letter no longer works, and what to do.
func (p *Pages) deadLink(w http.ResponseWriter, r *http.Request, err error) error {
	if !fault.Is(err, fault.NotFound) {
		return err
	}
	args := p.Bare(r, i18n.T(r.Context(), "This link does not work"))
	args.Sentence = fault.Text(err)
	return studio.Write(r.Context(), w, http.StatusNotFound, deadLinkPage(args))
}

// addressShow asks whether an address is to be the account's: the letter's
// link alone must not do it, because programs that look through mail open
// links too.
func (p *Pages) addressShow(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Referrer-Policy", "no-referrer") // the address is a key
	args := p.Bare(r, i18n.T(r.Context(), "Is this your address?"))
	return studio.Write(r.Context(), w, http.StatusOK, addressPage(args, r.URL.Path, ""))
}

// addressDo makes it so.
func (p *Pages) addressDo(w http.ResponseWriter, r *http.Request) error {
	email, err := p.Admit.ProveAddress(r.Context(), r.PathValue("token"))
	if err != nil {
		return p.deadLink(w, r, err)
	}
	args := p.Bare(r, i18n.T(r.Context(), "Thank you"))
	return studio.Write(r.Context(), w, http.StatusOK, addressPage(args, "", email))
}
