package web

import (
	"rapport/internal/access"
	"rapport/internal/web/studio"
)

// calendarRoutes are what is planned, by the day.
func (p *Pages) calendarRoutes() []studio.Route {
	return []studio.Route{
		{Pattern: "GET /studio/{brand}/calendar", Door: studio.InBrand, Need: access.PostRead, Handle: p.calendarShow},
		{Pattern: "POST /studio/{brand}/calendar/{post}", Door: studio.InBrand, Need: access.PostWrite, Handle: p.calendarMove},
	}
}
