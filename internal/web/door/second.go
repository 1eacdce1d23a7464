package door

import (
	"cmp"
	"errors"
	"image/color"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/boombuler/barcode/qr"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/web/entry"
	"rapport/internal/web/studio"
)

func (p *Pages) factors() *account.Factors {
	return &account.Factors{DB: p.DB, Keys: p.Channels.Keys, Tell: p.Admit.Changed}
}

// The cookie of a sign-in whose password was right. It opens no page but the
// one that asks for the code.
const (
	halfCookie = "rapport-half"
	halfLife   = 10 * time.Minute
)

func (p *Pages) setHalf(w http.ResponseWriter, r *http.Request, token string) {
	c := &http.Cookie{Name: halfCookie, Value: token, Path: "/studio/sign-in", MaxAge: int(halfLife.Seconds()),
		HttpOnly: true, Secure: p.Secure(r), SameSite: http.SameSiteLaxMode}
	if token == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// codeShow asks for the second factor of a sign-in.
func (p *Pages) codeShow(w http.ResponseWriter, r *http.Request) error {
	if c, err := r.Cookie(halfCookie); err != nil || c.Value == "" {
		return studio.See(w, r, "/studio/sign-in")
	}
	return p.codeForm(w, r, entry.Fill("next", r.URL.Query().Get("next")))
}

func (p *Pages) codeForm(w http.ResponseWriter, r *http.Request, f entry.Form) error {
	args := p.Bare(r, i18n.T(r.Context(), "One step more"))
	args.Sentence = i18n.T(r.Context(), "Enter the code that your phone shows now.")
	return studio.Write(r.Context(), w, f.Status(), codePage(args, f))
}

// codeDo takes the code and begins the session.
func (p *Pages) codeDo(w http.ResponseWriter, r *http.Request) error {
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	c, err := r.Cookie(halfCookie)
	if err != nil {
		return studio.See(w, r, "/studio/sign-in")
	}
	s, token, left, err := p.factors().SignIn(r.Context(), c.Value, f.Value("code"), p.Meta(r))
	if errors.Is(err, account.ErrSignedOut) {
		p.setHalf(w, r, "")
		again := entry.Fill("next", f.Value("next"))
		again.Refused(fault.New(fault.Denied, "The sign-in took too long. Begin again."))
		return p.signInForm(w, r, again)
	}
	if err != nil {
		if f.Refused(err, "code") {
			return p.codeForm(w, r, f)
		}
		return err
	}
	p.setHalf(w, r, "")
	if left >= 0 {
		p.Note(w, r, i18n.N(r.Context(), left, "That recovery code is used up. {{.N}} is left.", "That recovery code is used up. {{.N}} are left."), "")
	}
	return p.begun(w, r, s, token, nextOf(f.Value("next")))
}

// begun gives the browser its session and leads on.
func (p *Pages) begun(w http.ResponseWriter, r *http.Request, s account.Session, token, next string) error {
	p.SetSession(w, r, token, account.SessionMax)
	p.SetCookie(w, r, "theme", s.Theme, studio.Year)
	return studio.See(w, r, next)
}

type secondView struct {
	Next   string
	Factor account.Factor
	Enrol  account.Enrolment
	Codes  []string // new ones, shown this once
	Form   entry.Form
	Asked  bool // a brand asks for it
}

// secondShow shows the visitor's second factor, or how to set it up.
func (p *Pages) secondShow(w http.ResponseWriter, r *http.Request) error {
	return p.secondPage(w, r, entry.Fill("next", r.URL.Query().Get("next")), nil)
}

func (p *Pages) secondPage(w http.ResponseWriter, r *http.Request, f entry.Form, codes []string) error {
	who := studio.At(r).Who
	view := secondView{Next: nextOf(f.Value("next")), Codes: codes, Form: f, Asked: asked(who.Grants)}
	var err error
	if view.Factor, err = account.FactorOf(r.Context(), p.DB, who.Account); err != nil {
		return err
	}
	if view.Factor.Since == 0 {
		if view.Enrol, err = p.factors().Enrol(r.Context(), who); err != nil {
			return err
		}
	}
	args := p.Bare(r, i18n.T(r.Context(), "Second factor"))
	args.Sentence = i18n.T(r.Context(), "A code of your phone beside the password. Whoever learns your password alone stays outside.")
	args.Wide = true
	return studio.Write(r.Context(), w, f.Status(), secondPage(args, view))
}

// secondConfirm sets the second factor up and shows the recovery codes once.
func (p *Pages) secondConfirm(w http.ResponseWriter, r *http.Request) error {
	return p.secondAct(w, r, func(f entry.Form) ([]string, error) {
		return p.factors().Confirm(r.Context(), studio.At(r).Who, studio.At(r).Session.ID, f.Value("code"))
	})
}

// secondCodes makes new recovery codes.
func (p *Pages) secondCodes(w http.ResponseWriter, r *http.Request) error {
	return p.secondAct(w, r, func(entry.Form) ([]string, error) { return p.factors().RenewCodes(r.Context(), studio.At(r).Who) })
}

// secondOff switches the second factor off.
func (p *Pages) secondOff(w http.ResponseWriter, r *http.Request) error {
	return p.secondAct(w, r, func(entry.Form) ([]string, error) {
		return nil, p.factors().Off(r.Context(), studio.At(r).Who, studio.At(r).Who.Account)
	})
}

func (p *Pages) secondAct(w http.ResponseWriter, r *http.Request, do func(entry.Form) ([]string, error)) error {
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	codes, err := do(f)
	if err != nil {
		if f.Refused(err, "code") {
			return p.secondPage(w, r, f, nil)
		}
		return err
	}
	if codes == nil {
		return studio.See(w, r, studio.SecondPath+"?"+url.Values{"next": {f.Value("next")}}.Encode())
	}
	return p.secondPage(w, r, entry.Fill("next", f.Value("next")), codes)
}

// spaced is a key in groups of four, for typing.
func spaced(key string) string {
	var b strings.Builder
	for i, r := range key {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// codesFile is the recovery codes as a file that the browser saves without
// asking the server again.
func codesFile(codes []string) templ.SafeURL {
	text := "Rapport\n\n" + strings.Join(codes, "\n") + "\n"
	return templ.SafeURL("data:text/plain;charset=utf-8," + url.PathEscape(text))
}

// quiet is the white margin that a reader of QR codes needs, in squares.
const quiet = 4

// qrPath draws a text as the squares of a QR code: the path of an SVG, and the
// length of its sides with the margin.
func qrPath(text string) (path, side string, err error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return "", "", err
	}
	n := code.Bounds().Dx()
	var b strings.Builder
	for y := range n {
		for x := 0; x < n; x++ {
			run := 0
			for x+run < n && code.At(x+run, y) == color.Black {
				run++
			}
			if run > 0 {
				w := strconv.Itoa(run)
				b.WriteString("M" + strconv.Itoa(x+quiet) + " " + strconv.Itoa(y+quiet) + "h" + w + "v1h-" + w + "z")
				x += run
			}
		}
	}
	return b.String(), strconv.Itoa(n + 2*quiet), nil
}

// asked reports whether one of the brands allows nothing without a second
// factor.
func asked(grants []access.Grant) bool {
	return slices.ContainsFunc(grants, func(g access.Grant) bool { return g.Barred })
}

func homeOf(next string) string { return cmp.Or(next, "/studio") }
