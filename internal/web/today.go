package web

import (
	"net/http"

	"rapport/internal/i18n"
	"rapport/internal/web/ui"
)

// todayShow is the first page of a brand.
func (p *Pages) todayShow(w http.ResponseWriter, r *http.Request) error {
	return p.show(w, r, page{Area: "today", Head: ui.Head{Title: i18n.T(r.Context(), "Today")}}, ui.Skeleton(3))
}
