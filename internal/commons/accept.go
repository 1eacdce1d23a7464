package commons

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"rapport/internal/document"
	"rapport/internal/i18n"
	"rapport/internal/web/entry"
)

// acceptView is the page that asks whether one accepts what is new.
type acceptView struct {
	*visit
	Form form
}

// owes finds out what the reader has to accept before they write.
func (p *Pages) owes(ctx context.Context, v *visit) (err error) {
	v.Owed, err = document.Owed(ctx, p.DB, v.Voice)
	return err
}

// accepts is what a form says that one accepts.
func accepts(f form) map[string]int64 {
	out := map[string]int64{}
	for _, name := range document.Names {
		if n, err := strconv.ParseInt(f.Value("accept."+name), 10, 64); err == nil {
			out[name] = n
		}
	}
	return out
}

// agrees notes what is accepted with a form that writes something.
func (p *Pages) agrees(r *http.Request, f form) error {
	if all := accepts(f); len(all) > 0 {
		return document.Agree(r.Context(), p.DB, at(r).Voice, all)
	}
	return nil
}

// acceptPath is where one accepts what is new, and comes back from.
func (v *visit) acceptPath(next string) string {
	return v.href("/accept") + "?" + url.Values{"next": {next}}.Encode()
}

// nextIn is where a form leads: a page of this site, or else the front.
func (v *visit) nextIn(next string) string {
	if !entry.OnSite(next) {
		return v.href("/")
	}
	return next
}

// acceptForm asks whether the reader accepts what is new.
func (p *Pages) acceptForm(w http.ResponseWriter, r *http.Request) error {
	return p.acceptPage(w, r, fill("next", r.URL.Query().Get("next")))
}

func (p *Pages) acceptPage(w http.ResponseWriter, r *http.Request, f form) error {
	v := acceptView{at(r), f}
	if err := v.Voice.Speaks(v.Now); err != nil {
		return err
	}
	if err := p.owes(r.Context(), v.visit); err != nil {
		return err
	}
	if len(v.Owed) == 0 {
		return see(w, r, v.nextIn(f.Value("next")))
	}
	h := head{Title: i18n.T(r.Context(), "Before you write"), NoIndex: true, Plain: true}
	return write(r.Context(), w, f.Status(), frame(v.page(r, h), acceptBody(v)))
}

// acceptDo notes what the reader accepts and leads back.
func (p *Pages) acceptDo(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	if err := document.Agree(r.Context(), p.DB, at(r).Voice, accepts(f)); err != nil {
		if f.Refused(err) {
			return p.acceptPage(w, r, f)
		}
		return err
	}
	return see(w, r, at(r).nextIn(f.Value("next")))
}
