package settings

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/letter"
	"rapport/internal/web/entry"
	"rapport/internal/web/studio"
	"rapport/internal/web/ui"
)

// settingsFirst leads to the first part.
func (p *Pages) settingsFirst(w http.ResponseWriter, r *http.Request) error {
	return studio.See(w, r, studio.Path(studio.At(r).Brand.Slug, "settings", "brand"))
}

// settingsBrand shows the brand's settings.
func (p *Pages) settingsBrand(w http.ResponseWriter, r *http.Request) error {
	return p.brandSettings(w, r, brandFilled(studio.At(r).Brand))
}

// brandFilled is the form with what the brand has.
func brandFilled(b brand.Brand) entry.Form {
	return entry.Fill("name", b.Name, "color", b.Color, "zone", b.Zone, "language", b.Language,
		"tolerance", strconv.Itoa(int(b.Tolerance.Minutes())), "retention", strconv.Itoa(b.Retention))
}

func (p *Pages) brandSettings(w http.ResponseWriter, r *http.Request, f entry.Form) error {
	return p.Settings(w, r, "brand", f.Status(), false, brandSettings(studio.At(r).Brand, f, p.May(r, access.BrandWrite)))
}

// retentionHelp says what follows from the number of days.
func retentionHelp(ctx context.Context) string {
	return i18n.T(ctx, "Who is no member and has been silent for longer is erased, once a day: their names, handles, words and your notes on them, for good. That a message was there, when, and your answers stay, and so do the numbers. 30 to 3650 days; 0 keeps people until you erase them.")
}

// settingsBrandSave saves them.
func (p *Pages) settingsBrandSave(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	minutes, err := strconv.Atoi(f.Value("tolerance"))
	if err != nil {
		minutes = 0 // out of range: the brand says what fits
	}
	days, err := strconv.Atoi(f.Value("retention"))
	if err != nil {
		days = -1
	}
	_, err = brand.Change(r.Context(), p.DB, v.Who, v.Brand.ID, brand.Settings{Name: f.Value("name"), Color: f.Value("color"),
		Zone: f.Value("zone"), Language: f.Value("language"), Tolerance: time.Duration(min(minutes, 1e6)) * time.Minute, Retention: days})
	if err != nil {
		if f.Refused(err, "name", "color", "zone", "language", "tolerance", "retention") {
			return p.brandSettings(w, r, f)
		}
		return err
	}
	p.Note(w, r, i18n.T(r.Context(), "Saved."), "")
	return studio.See(w, r, studio.Path(v.Brand.Slug, "settings", "brand"))
}

type tokensView struct {
	Slug   string
	Tokens []account.Token
	Scopes []access.Action // those the visitor may give
	Plain  string          // the new token, shown this once
	Form   entry.Form
	Now    db.Time
	Rates  account.Rates
}

// usual is how many requests a minute a token may make that names no number.
func (v tokensView) usual() int64 { return int64(v.Rates.Of(account.Token{})) }

// most is how many a token may make at most.
func (v tokensView) most() int64 { return int64(v.Rates.Of(account.Token{PerMinute: math.MaxInt64})) }

// alive are the tokens that work.
func (v tokensView) alive() []account.Token {
	var out []account.Token
	for _, t := range v.Tokens {
		if t.RevokedAt == 0 && (t.ExpiresAt == 0 || t.ExpiresAt > v.Now) {
			out = append(out, t)
		}
	}
	return out
}

// settingsTokens lists the brand's API tokens.
func (p *Pages) settingsTokens(w http.ResponseWriter, r *http.Request) error {
	return p.tokensPage(w, r, entry.Form{}, "")
}

func (p *Pages) tokensPage(w http.ResponseWriter, r *http.Request, f entry.Form, plain string) error {
	v := studio.At(r)
	all, err := account.TokenList(r.Context(), p.DB, v.Who, v.Brand.ID)
	if err != nil {
		return err
	}
	view := tokensView{Slug: v.Brand.Slug, Tokens: all, Plain: plain, Form: f, Now: p.DB.Now(), Rates: p.Site.Rates}
	for _, a := range access.Actions {
		if p.May(r, a) {
			view.Scopes = append(view.Scopes, a)
		}
	}
	return p.Settings(w, r, "tokens", f.Status(), false, tokenSettings(view))
}

// settingsTokenCreate makes a token and shows it once, on the page that
// answers: it must not stand in an address or a cookie.
func (p *Pages) settingsTokenCreate(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	n := account.NewToken{Name: f.Value("name")}
	if text := f.Value("per_minute"); text != "" {
		if n.PerMinute, err = strconv.ParseInt(text, 10, 64); err != nil || n.PerMinute == 0 {
			n.PerMinute = -1 // out of range: the account says what fits
		}
	}
	for _, s := range f.All("scopes") {
		n.Scopes = append(n.Scopes, access.Action(s))
	}
	plain := ""
	if n.ExpiresAt, err = p.tokenEnd(r, f.Value("days")); err == nil {
		_, plain, err = account.TokenCreate(r.Context(), p.DB, v.Who, v.Brand.ID, n)
	}
	if err != nil {
		if f.Refused(err, "name", "scopes", "days", "per_minute") {
			return p.tokensPage(w, r, f, "")
		}
		return err
	}
	return p.tokensPage(w, r, entry.Form{}, plain)
}

// tokenEnd is when a token that works for so many days ends, 0 for never.
func (p *Pages) tokenEnd(r *http.Request, days string) (db.Time, error) {
	if days == "" || days == "0" {
		return 0, nil
	}
	n, err := strconv.Atoi(days)
	if err != nil || n < 1 || n > 3650 {
		return 0, fault.OnField("days", "Choose for how many days it works, at most %d.", 3650)
	}
	return p.DB.Now().Add(time.Duration(n) * 24 * time.Hour), nil
}

// settingsTokenRevoke ends a token.
func (p *Pages) settingsTokenRevoke(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	if err := account.TokenRevoke(r.Context(), p.DB, v.Who, v.Brand.ID, r.PathValue("token")); err != nil {
		return err
	}
	p.Note(w, r, i18n.T(r.Context(), "The token is revoked. It stopped working at once."), "")
	return studio.See(w, r, studio.Path(v.Brand.Slug, "settings", "tokens"))
}

// settingsLetter shows one letter.
func (p *Pages) settingsLetter(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	l, err := letter.ByID(r.Context(), p.DB, v.Who, v.Brand.ID, r.PathValue("letter"))
	if err != nil {
		return err
	}
	head := ui.Head{Title: l.Subject, Back: studio.Path(v.Brand.Slug, "settings", "mail"), BackText: i18n.T(r.Context(), "Back to the mail")}
	return p.Show(w, r, studio.Page{Area: "settings", Head: head}, letterPage(l))
}

// letterState is how a letter's state is shown.
func letterState(s letter.State) ui.State {
	switch s {
	case letter.Kept:
		return ui.State{Word: "kept", Icon: "archive", Tone: ui.Quiet, Means: "There is no mail server, so it is kept here."}
	case letter.Queued:
		return ui.State{Word: "queued", Icon: "clock", Tone: ui.Wait, Means: "It is about to be sent.", Next: "If the mail server does not answer it is tried again."}
	case letter.Sent:
		return ui.State{Word: "sent", Icon: "circle-check", Tone: ui.Good, Means: "The mail server took it."}
	}
	return ui.State{Word: "failed", Icon: "circle-x", Tone: ui.Bad, Means: "The mail server did not take it and it was given up."}
}

// tokenDetail says who may do what until when.
func tokenDetail(ctx context.Context, t account.Token, rates account.Rates) string {
	names := make([]string, len(t.Scopes))
	for i, s := range t.Scopes {
		names[i] = string(s)
	}
	text := i18n.N(ctx, int(rates.Of(t)), "{{.N}} request a minute", "{{.N}} requests a minute") + " · " + strings.Join(names, ", ")
	if t.ExpiresAt > 0 {
		text = i18n.T(ctx, "until {{.Date}}", "Date", i18n.Date(ctx, t.ExpiresAt.Time())) + " · " + text
	}
	return text
}
