package web

import "rapport/internal/access"

// calendarRoutes are what is planned, by the day.
func (p *Pages) calendarRoutes() []route {
	return []route{
		{pattern: "GET /studio/{brand}/calendar", door: inBrand, need: access.PostRead, handle: p.calendarShow},
		{pattern: "POST /studio/{brand}/calendar/{post}", door: inBrand, need: access.PostWrite, handle: p.calendarMove},
	}
}
