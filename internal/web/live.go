package web

import (
	"context"
	"net/http"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/fault"
	"rapport/internal/live"
	"rapport/internal/web/ui"
)

// liveStream tells the browser what changed, as long as its session lasts.
func (p *Pages) liveStream(w http.ResponseWriter, r *http.Request) error {
	v := at(r)
	if last := r.URL.Query().Get("last"); last != "" && r.Header.Get("Last-Event-ID") == "" {
		r.Header.Set("Last-Event-ID", last) // a new EventSource cannot send the header
	}
	return p.Hub.Stream(w, r, live.Viewer{Account: v.Who.Account, See: func(ctx context.Context) (func(string) bool, bool) {
		who, _, err := account.Who(ctx, p.DB, v.token)
		if err != nil {
			return nil, false
		}
		return func(brand string) bool { return who.May(p.DB.Now(), brand, access.BrandRead) == nil }, true
	}})
}

// galleryShow is every component in every state, for developers.
func (p *Pages) galleryShow(w http.ResponseWriter, r *http.Request) error {
	if !p.Site.Dev {
		return fault.New(fault.NotFound, "There is no such page. It may have moved, or the address is not complete.")
	}
	return write(r.Context(), w, http.StatusOK, galleryPage(ui.ShellArgs{Theme: theme(r), Styles: []string{"inbox.css", "calendar.css", "settings.css"}, Head: ui.Head{Title: "Gallery"}, Brand: ui.BrandChoice{Name: "Rapport", Href: "/studio"}}))
}
