// Package calendar is what is planned and what went out, by the day.
package calendar

import (
	"rapport/internal/access"
	"rapport/internal/web/studio"
)

// Pages are the calendar.
type Pages struct{ *studio.Studio }

// New returns them.
func New(s *studio.Studio) *Pages { return &Pages{s} }

// Routes are what is planned, by the day.
func (p *Pages) Routes() []studio.Route {
	return []studio.Route{
		{Pattern: "GET /studio/{brand}/calendar", Door: studio.InBrand, Need: access.PostRead, Handle: p.calendarShow},
		{Pattern: "POST /studio/{brand}/calendar/{post}", Door: studio.InBrand, Need: access.PostWrite, Handle: p.calendarMove},
	}
}
