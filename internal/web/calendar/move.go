package calendar

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/post"
	"rapport/internal/web/studio"
	"rapport/internal/web/ui"
)

// moved is what a script is told of a move.
type moved struct {
	Text string `json:"text"`           // what was done, or why not
	At   string `json:"at,omitempty"`   // where it is now, on the brand's clock
	Undo string `json:"undo,omitempty"` // address that takes it back by POST
	Past bool   `json:"past,omitempty"` // refused because that time has passed
}

// calendarMove gives a post another time: at on the brand's clock, instant in
// milliseconds, or now. from, in milliseconds, is where undo leads.
func (p *Pages) calendarMove(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	if err := r.ParseForm(); err != nil {
		return fault.As(fault.Invalid, err, "The new time did not arrive whole. Try again.")
	}
	to, note, err := p.moveTo(r, v.Brand)
	if err == nil {
		_, err = post.Move(r.Context(), p.DB, v.Who, v.Brand.ID, r.PathValue("post"), to)
	}
	if err != nil {
		return p.moveRefused(w, r, to, err)
	}
	done := p.describeMove(r, v.Brand, to, note)
	if !wantsJSON(r) {
		return p.sayMoved(w, r, done)
	}
	return writeJSON(w, http.StatusOK, done)
}

// aMoment is how far ahead "now" lies: a scheduled time must lie ahead.
const aMoment = time.Second

func (p *Pages) moveTo(r *http.Request, b brand.Brand) (db.Time, string, error) {
	if r.Form.Get("now") == "true" {
		return p.DB.Now().Add(aMoment), "", nil
	}
	if ms := r.Form.Get("instant"); ms != "" {
		n, err := strconv.ParseInt(ms, 10, 64)
		if err != nil || n <= 0 {
			return 0, "", fault.OnField("instant", "Give the time in milliseconds.")
		}
		return db.Time(n), "", nil
	}
	return brand.At(b, r.Form.Get("at"))
}

func (p *Pages) describeMove(r *http.Request, b brand.Brand, to db.Time, note string) moved {
	local := to.Time().In(b.Location())
	done := moved{At: local.Format("2006-01-02T15:04"), Text: i18n.T(r.Context(), "Moved to {{.Time}}.", "Time", shortTime(r.Context(), local, p.DB.Now().Time()))}
	if r.Form.Get("now") == "true" {
		done.Text = i18n.T(r.Context(), "It goes out now.")
	}
	if note != "" {
		done.Text += " " + note
	}
	from, err := strconv.ParseInt(r.Form.Get("from"), 10, 64)
	if err == nil && db.Time(from) > p.DB.Now() && r.Form.Get("now") == "" {
		done.Undo = r.URL.Path + "?instant=" + strconv.FormatInt(from, 10)
	}
	return done
}

// shortTime leaves the year out where it is this one.
func shortTime(ctx context.Context, local, now time.Time) string {
	if local.Year() == now.In(local.Location()).Year() {
		return i18n.Day(ctx, local) + ", " + i18n.Clock(ctx, local)
	}
	return i18n.DateTime(ctx, local)
}

// moveRefused answers a script with words; a page gets the page for the error.
func (p *Pages) moveRefused(w http.ResponseWriter, r *http.Request, to db.Time, err error) error {
	var e *fault.Error
	if !wantsJSON(r) || !errors.As(err, &e) || e.Kind == fault.Internal {
		return err
	}
	said := moved{Text: fault.Say(r.Context(), err), Past: e.Kind == fault.Invalid && to > 0 && to <= p.DB.Now()}
	return writeJSON(w, studio.StatusOf(e.Kind), said)
}

func (p *Pages) sayMoved(w http.ResponseWriter, r *http.Request, done moved) error {
	if studio.FromHTMX(r) {
		return studio.Part(w, r, ui.AddToast(ui.ToastArgs{Text: done.Text, Undo: done.Undo}))
	}
	p.Note(w, r, done.Text, done.Undo)
	return studio.Back(w, r, studio.Path(studio.At(r).Brand.Slug, "calendar"))
}

func wantsJSON(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "application/json")
}

func writeJSON(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the reader has gone; nobody is left to tell
	return nil
}
