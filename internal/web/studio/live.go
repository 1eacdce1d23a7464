package studio

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
func (s *Studio) liveStream(w http.ResponseWriter, r *http.Request) error {
	v := At(r)
	if last := r.URL.Query().Get("last"); last != "" && r.Header.Get("Last-Event-ID") == "" {
		r.Header.Set("Last-Event-ID", last) // a new EventSource cannot send the header
	}
	return s.Hub.Stream(w, r, live.Viewer{Account: v.Who.Account, See: func(ctx context.Context) (func(string) bool, bool) {
		who, _, err := account.Who(ctx, s.DB, v.token)
		if err != nil {
			return nil, false
		}
		return func(brand string) bool { return who.May(s.DB.Now(), brand, access.BrandRead) == nil }, true
	}})
}

// galleryShow is every component in every state, for developers.
func (s *Studio) galleryShow(w http.ResponseWriter, r *http.Request) error {
	if !s.Site.Dev {
		return fault.New(fault.NotFound, "There is no such page. It may have moved, or the address is not complete.")
	}
	return Write(r.Context(), w, http.StatusOK, galleryPage(ui.ShellArgs{Theme: Theme(r), Styles: []string{"inbox.css", "calendar.css", "settings.css"}, Head: ui.Head{Title: "Gallery"}, Brand: ui.BrandChoice{Name: "Rapport", Href: "/studio"}}))
}
