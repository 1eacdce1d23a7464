package commons

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"rapport/internal/db"
	"rapport/internal/i18n"
	"rapport/internal/notice"
	"rapport/internal/tell"
	"rapport/internal/topic"
	"rapport/internal/web/entry"
)

// noticesView is what the reader was told.
type noticesView struct {
	*visit
	All  []notice.Notice
	More string
}

// anyUnread reports whether there is something to mark as read.
func (v noticesView) anyUnread() bool {
	return slices.ContainsFunc(v.All, func(n notice.Notice) bool { return n.ReadAt == 0 })
}

// noticeList shows what the reader was told, the newest first.
func (p *Pages) noticeList(w http.ResponseWriter, r *http.Request) error {
	v := noticesView{visit: at(r)}
	if v.Voice.Member.ID == "" {
		return see(w, r, v.href("/join"))
	}
	all, next, err := notice.List(r.Context(), p.DB, v.Voice, pageOf(r))
	if err != nil {
		return err
	}
	if v.All = all; next != "" {
		v.More = v.href("/notices") + "?" + url.Values{"after": {next}}.Encode()
	}
	h := head{Title: i18n.T(r.Context(), "Notices"), NoIndex: true, View: "notices"}
	return write(r.Context(), w, http.StatusOK, frame(v.page(r, h), noticesBody(v)))
}

// noticeRead marks all that the reader saw as read.
func (p *Pages) noticeRead(w http.ResponseWriter, r *http.Request) error {
	until, err := strconv.ParseInt(r.FormValue("until"), 10, 64)
	if err != nil {
		until = int64(at(r).Now)
	}
	if err := notice.ReadAll(r.Context(), p.DB, at(r).Voice, db.Time(until)); err != nil {
		return err
	}
	return see(w, r, at(r).href("/notices"))
}

// choicesView is where the reader chooses what they are told.
type choicesView struct {
	*visit
	Form   form
	Rows   []notice.Setting
	Digest notice.Digest
	Zone   string // of the digest
}

// noticeChoices shows what the reader has chosen.
func (p *Pages) noticeChoices(w http.ResponseWriter, r *http.Request) error {
	return p.choicesPage(w, r, fill())
}

func (p *Pages) choicesPage(w http.ResponseWriter, r *http.Request, f form) error {
	v := choicesView{visit: at(r), Form: f}
	if v.Voice.Member.ID == "" {
		return see(w, r, v.href("/join"))
	}
	var err error
	if v.Rows, v.Digest, err = notice.Settings(r.Context(), p.DB, v.Voice); err != nil {
		return err
	}
	if f.Status() != http.StatusOK { // what was typed is not lost
		chosen, digest := chosenIn(f)
		v.Digest = digest
		for i, row := range v.Rows {
			v.Rows[i].Choice = chosen[row.Kind]
		}
	}
	if v.Zone = v.Digest.Zone; v.Zone == "" {
		v.Zone = v.Brand.Zone
	}
	h := head{Title: i18n.T(r.Context(), "What you are told"), NoIndex: true, Plain: true}
	return write(r.Context(), w, f.Status(), frame(v.page(r, h), choicesBody(v)))
}

// chosenIn reads the form.
func chosenIn(f form) (map[notice.Kind]notice.Choice, notice.Digest) {
	out := map[notice.Kind]notice.Choice{}
	for _, row := range notice.Matrix {
		k := string(row.Kind)
		out[row.Kind] = notice.Choice{Shown: f.On("list." + k), Mail: f.On("mail." + k), Digest: f.On("digest." + k)}
	}
	weekday, err := strconv.Atoi(f.Value("weekday"))
	if err != nil {
		weekday = -1
	}
	hour, err := strconv.Atoi(f.Value("hour"))
	if err != nil {
		hour = -1
	}
	return out, notice.Digest{Every: f.Value("every"), Weekday: time.Weekday(weekday), Hour: hour, Zone: f.Value("zone")}
}

// noticeChoose keeps what the reader chose.
func (p *Pages) noticeChoose(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	choices, digest := chosenIn(f)
	if digest.Zone == at(r).Brand.Zone {
		digest.Zone = "" // it follows the brand's
	}
	if err := notice.Choose(r.Context(), p.DB, at(r).Voice, at(r).Brand, choices, digest); err != nil {
		if f.Refused(err) {
			return p.choicesPage(w, r, f)
		}
		return err
	}
	return see(w, r, at(r).href("/me/notices?done=saved"))
}

// stopView is what a link in a letter stops.
type stopView struct {
	*visit
	Token string
	Title string // of the kind; "" the digest
	Done  bool
}

// noticeStop shows what the link of a letter stops: opening it alone must not do
// anything, because programs open links too.
func (p *Pages) noticeStop(w http.ResponseWriter, r *http.Request) error {
	return p.stopPage(w, r, false)
}

// noticeStopped stops the letters, asked by the page or by a mail program
// (RFC 8058): who holds the link needs no sign-in.
func (p *Pages) noticeStopped(w http.ResponseWriter, r *http.Request) error {
	s, err := tell.ReadStop(p.Join.Keys, at(r).Brand.ID, r.URL.Query().Get("t"))
	if err == nil {
		err = s.Do(r.Context(), p.DB)
	}
	if err != nil {
		return err
	}
	return p.stopPage(w, r, true)
}

func (p *Pages) stopPage(w http.ResponseWriter, r *http.Request, done bool) error {
	v := stopView{visit: at(r), Token: r.URL.Query().Get("t"), Done: done}
	s, err := tell.ReadStop(p.Join.Keys, v.Brand.ID, v.Token)
	if err != nil {
		return err
	}
	v.Title = s.Title()
	h := head{Title: i18n.T(r.Context(), "Letters"), NoIndex: true, Plain: true}
	w.Header().Set("Referrer-Policy", "no-referrer") // the address holds the key
	return write(r.Context(), w, http.StatusOK, frame(v.page(r, h), stopBody(v)))
}

// noticeIcon is the sign of a notice.
func noticeIcon(n notice.Notice) string {
	switch n.Kind {
	case notice.Mentioned:
		return "at-sign"
	case notice.Quoted:
		return "quote"
	case notice.Accepted, notice.Solved:
		return "circle-check"
	case notice.Reacted:
		return "heart"
	case notice.Announced:
		return "megaphone"
	case notice.Begun:
		return "message-circle"
	case notice.Door:
		return "hand"
	case notice.Pictured:
		return "image-off"
	case notice.Decided:
		if n.Decision.Act == topic.Hide || n.Decision.Act == topic.Decline {
			return "eye-off"
		}
		return "shield-check"
	}
	return "reply"
}

// manyOf is a number that may be more than was counted.
func manyOf(n int) string {
	if n >= notice.MostCounted {
		return fmt.Sprintf("%d+", notice.MostCounted-1)
	}
	return strconv.Itoa(n)
}

// weekdays begin with Monday.
func weekdays(ctx context.Context) [][2]string {
	out := make([][2]string, 7)
	for i, name := range []string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"} {
		out[i] = [2]string{strconv.Itoa((i + 1) % 7), i18n.T(ctx, name)}
	}
	return out
}

func hours() [][2]string {
	out := make([][2]string, 24)
	for h := range out {
		out[h] = [2]string{strconv.Itoa(h), fmt.Sprintf("%02d:00", h)}
	}
	return out
}

func zoneChoices(chosen string) [][2]string {
	all := entry.Zones(chosen)
	out := make([][2]string, len(all))
	for i, name := range all {
		out[i] = [2]string{name, name}
	}
	return out
}
