package together

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"rapport/internal/i18n"
	"rapport/internal/notify"
	"rapport/internal/web/entry"
	"rapport/internal/web/studio"
	"rapport/internal/web/ui"
)

type noticesView struct {
	Slug   string
	Filter notify.Filter
	Topics []notify.Setting // to filter by
	All    []notify.Notification
	Next   string
	Now    time.Time
}

// address is the list with another filter.
func (v noticesView) address(f notify.Filter, after string) string {
	q := url.Values{}
	if f.Topic != "" {
		q.Set("topic", f.Topic)
	}
	if f.Unread {
		q.Set("show", "unread")
	}
	if after != "" {
		q.Set("after", after)
	}
	if len(q) == 0 {
		return studio.Path(v.Slug, "notifications")
	}
	return studio.Path(v.Slug, "notifications") + "?" + q.Encode()
}

// here is the address of the list as it is.
func (v noticesView) here() string { return v.address(v.Filter, "") }

// noticeList shows what Rapport told the visitor, the newest first.
func (p *Pages) noticeList(w http.ResponseWriter, r *http.Request) error {
	v, ctx, q := studio.At(r), r.Context(), r.URL.Query()
	view := noticesView{Slug: v.Brand.Slug, Filter: notify.Filter{Topic: q.Get("topic"), Unread: q.Get("show") == "unread"}, Now: p.DB.Now().Time()}
	var err error
	if view.All, view.Next, err = notify.List(ctx, p.DB, v.Who, v.Brand.ID, view.Filter, studio.PageOf(r)); err != nil {
		return err
	}
	if studio.FromHTMX(r) && q.Has("after") {
		return studio.Part(w, r, noticeRows(view))
	}
	if view.Topics, _, err = notify.Settings(ctx, p.DB, v.Who, v.Brand.ID); err != nil {
		return err
	}
	head := ui.Head{Title: i18n.T(ctx, "Notifications"), Views: noticeFilters(view), Actions: noticeActions(view)}
	return p.Show(w, r, studio.Page{Area: "notifications", Head: head, Flush: len(view.All) > 0}, noticeList(view))
}

// anyUnread reports whether there is something to mark as read.
func (v noticesView) anyUnread() bool {
	return slices.ContainsFunc(v.All, func(n notify.Notification) bool { return n.ReadAt == 0 })
}

// day is the title above a row, where it begins a day.
func (v noticesView) day(ctx context.Context, i int) string {
	title := studio.DayTitle(ctx, v.Now, v.All[i].CreatedAt.Time())
	if i > 0 && title == studio.DayTitle(ctx, v.Now, v.All[i-1].CreatedAt.Time()) {
		return ""
	}
	return title
}

func noticeShows(ctx context.Context, v noticesView) []ui.Choice {
	all, unread := v.Filter, v.Filter
	all.Unread, unread.Unread = false, true
	return []ui.Choice{
		{Label: i18n.T(ctx, "All"), Href: v.address(all, ""), Active: !v.Filter.Unread},
		{Label: i18n.T(ctx, "Unread"), Href: v.address(unread, ""), Active: v.Filter.Unread},
	}
}

func noticeChips(ctx context.Context, v noticesView) []ui.Chip {
	chip := ui.Chip{Name: i18n.T(ctx, "Kind"), Menu: "topic-menu"}
	if t, ok := notify.TopicNamed(v.Filter.Topic); ok {
		without := v.Filter
		without.Topic = ""
		chip.Value, chip.Remove = i18n.T(ctx, t.Title), v.address(without, "")
	}
	return []ui.Chip{chip}
}

// noticeRead marks one, or all, as read; one leads to what it is about.
func (p *Pages) noticeRead(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	var ids []string
	if id := f.Value("id"); id != "" {
		ids = append(ids, id)
	}
	if err := notify.MarkRead(r.Context(), p.DB, v.Who, v.Brand.ID, ids...); err != nil {
		return err
	}
	return studio.See(w, r, noticeBack(v.Brand.Slug, f))
}

// noticeUnread keeps one for later.
func (p *Pages) noticeUnread(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	if err := notify.MarkUnread(r.Context(), p.DB, v.Who, v.Brand.ID, f.Value("id")); err != nil {
		return err
	}
	return studio.See(w, r, noticeBack(v.Brand.Slug, f))
}

func noticeBack(slug string, f entry.Form) string {
	if to := f.Value("to"); strings.HasPrefix(to, "/studio/") {
		return to
	}
	return studio.Path(slug, "notifications")
}

// noticeIcon is the icon of a kind of notification.
func noticeIcon(kind string) (icon string, tone ui.Tone) {
	switch kind {
	case "channel.attention":
		return "unplug", ui.Bad
	case "delivery.rejected":
		return "circle-x", ui.Bad
	case "delivery.missed":
		return "clock-alert", ui.Warn
	case "delivery.unknown":
		return "circle-help", ui.Warn
	}
	switch notify.TopicOf(kind) {
	case "mention":
		return "at-sign", ui.Info
	case "comment":
		return "message-square", ui.Quiet
	case "task.assigned", "task.due":
		return "list-checks", ui.Info
	case "review.asked", "review.said":
		return "stamp", ui.Info
	case "conversation.assigned", "conversation.woke", "conversation.waiting":
		return "inbox", ui.Info
	case "handover.written":
		return "handshake", ui.Quiet
	}
	return "bell", ui.Quiet
}

// matrixView is what the visitor wants to hear of.
type matrixView struct {
	Slug   string
	Rows   []notify.Setting
	Digest notify.Digest
	Zone   string
	Mail   bool // letters are sent
	Email  string
	Form   entry.Form
}

// settingsNotices shows the matrix.
func (p *Pages) settingsNotices(w http.ResponseWriter, r *http.Request) error {
	return p.noticesForm(w, r, entry.Form{})
}

func (p *Pages) noticesForm(w http.ResponseWriter, r *http.Request, f entry.Form) error {
	v := studio.At(r)
	view := matrixView{Slug: v.Brand.Slug, Zone: v.Brand.Zone, Mail: p.Site.Mail, Email: v.Who.Email, Form: f}
	var err error
	if view.Rows, view.Digest, err = notify.Settings(r.Context(), p.DB, v.Who, v.Brand.ID); err != nil {
		return err
	}
	return p.Settings(w, r, "notifications", f.Status(), false, noticeMatrix(view))
}

// settingsNoticesSave keeps it.
func (p *Pages) settingsNoticesSave(w http.ResponseWriter, r *http.Request) error {
	v, ctx := studio.At(r), r.Context()
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	rows, _, err := notify.Settings(ctx, p.DB, v.Who, v.Brand.ID)
	if err != nil {
		return err
	}
	choices := map[string]notify.Choice{}
	for _, row := range rows {
		if f.Has("topic", row.ID) { // only what stood on the form
			choices[row.ID] = notify.Choice{Studio: f.On("studio." + row.ID), Mail: f.On("mail." + row.ID), Digest: f.On("digest." + row.ID)}
		}
	}
	hour, hourErr := strconv.Atoi(f.Value("hour"))
	weekday, dayErr := strconv.Atoi(f.Value("weekday"))
	if hourErr != nil {
		hour = -1
	}
	if dayErr != nil {
		weekday = -1
	}
	err = notify.Choose(ctx, p.DB, v.Who, v.Brand.ID, choices, notify.Digest{Every: f.Value("every"), Weekday: time.Weekday(weekday), Hour: hour})
	if err != nil {
		if f.Refused(err, "every", "hour", "weekday") {
			return p.noticesForm(w, r, f)
		}
		return err
	}
	p.Note(w, r, i18n.T(ctx, "Saved."), "")
	return studio.See(w, r, studio.Path(v.Brand.Slug, "settings", "notifications"))
}

func hours() []ui.Option {
	out := make([]ui.Option, 24)
	for h := range out {
		out[h] = ui.Option{Value: strconv.Itoa(h), Label: time.Date(2000, 1, 1, h, 0, 0, 0, time.UTC).Format("15:04")}
	}
	return out
}

// weekdays begin with Monday.
func weekdays(ctx context.Context) []ui.Option {
	out := make([]ui.Option, 7)
	for i, name := range []string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"} {
		out[i] = ui.Option{Value: strconv.Itoa((i + 1) % 7), Label: i18n.T(ctx, name)}
	}
	return out
}

// stopView is what a link in a letter stops.
type stopView struct {
	Token, Brand, Topic string
	Digest, Done        bool
	Settings            string
}

func (p *Pages) stopView(r *http.Request) (notify.Stop, stopView, error) {
	token := r.URL.Query().Get("t")
	s, err := notify.ReadStop(p.Channels.Keys, token)
	if err != nil {
		return s, stopView{}, err
	}
	b, topic, err := s.Names(r.Context(), p.DB)
	return s, stopView{Token: token, Brand: b.Name, Topic: topic.Title, Digest: s.Digest(), Settings: studio.Path(b.Slug, "settings", "notifications")}, err
}

// stopShow says what the link stops and asks for a click: programs that look
// into letters follow links.
func (p *Pages) stopShow(w http.ResponseWriter, r *http.Request) error {
	_, view, err := p.stopView(r)
	if err != nil {
		return err
	}
	return studio.Write(r.Context(), w, http.StatusOK, stopPage(p.Bare(r, i18n.T(r.Context(), "Stop these letters")), view))
}

// stopDo stops them, for the page's button and for the one click of mail
// programs (RFC 8058).
func (p *Pages) stopDo(w http.ResponseWriter, r *http.Request) error {
	s, view, err := p.stopView(r)
	if err == nil {
		err = s.Do(r.Context(), p.DB, p.Address(r))
	}
	if err != nil {
		return err
	}
	view.Done = true
	return studio.Write(r.Context(), w, http.StatusOK, stopPage(p.Bare(r, i18n.T(r.Context(), "These letters have stopped")), view))
}
