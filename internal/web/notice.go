package web

import (
	"net/http"
	"strings"
	"time"

	"rapport/internal/i18n"
	"rapport/internal/notify"
	"rapport/internal/web/ui"
)

type noticesView struct {
	Slug string
	All  []notify.Notification
	Next string
	Now  time.Time
}

// noticeList shows what Rapport told the visitor, the newest first.
func (p *Pages) noticeList(w http.ResponseWriter, r *http.Request) error {
	v := at(r)
	all, next, err := notify.List(r.Context(), p.DB, v.Who, v.Brand.ID, notify.Filter{}, pageOf(r))
	if err != nil {
		return err
	}
	view := noticesView{v.Brand.Slug, all, next, p.DB.Now().Time()}
	if fromHTMX(r) && r.URL.Query().Has("after") {
		return part(w, r, noticeRows(view))
	}
	head := ui.Head{Title: i18n.T(r.Context(), "Notifications")}
	for _, n := range all {
		if n.ReadAt == 0 {
			head.Actions = noticesRead(view.Slug)
			break
		}
	}
	return p.show(w, r, page{Area: "notifications", Head: head, Flush: len(all) > 0}, noticeList(view))
}

// noticeRead marks one, or all, as read; one leads to what it is about.
func (p *Pages) noticeRead(w http.ResponseWriter, r *http.Request) error {
	v := at(r)
	f, err := read(r)
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
	if to := f.Value("to"); strings.HasPrefix(to, "/studio/") {
		return see(w, r, to)
	}
	return see(w, r, studio(v.Brand.Slug, "notifications"))
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
	return "bell", ui.Quiet
}
