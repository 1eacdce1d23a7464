package calendar

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/a-h/templ"

	"rapport/internal/agenda"
	"rapport/internal/delivery"
	"rapport/internal/i18n"
	"rapport/internal/web/ui"
)

// calendarStates are the states one filters by.
var calendarStates = []string{string(delivery.Scheduled), string(delivery.Published), agenda.Attention, agenda.Planned}

func (v calendarView) views(ctx context.Context) []ui.Choice {
	one := func(view, label, icon, key string) ui.Choice {
		return ui.Choice{Label: label, Icon: icon, Href: v.as(view).href(), Active: v.view == view,
			Attrs: templ.Attributes{"data-key": key, "title": label, "aria-label": label}}
	}
	return []ui.Choice{
		one("month", i18n.T(ctx, "Month"), "calendar", "m"),
		one("week", i18n.T(ctx, "Week"), "calendar-days", "w"),
		one("day", i18n.T(ctx, "Day"), "sun", "d"),
		one("list", i18n.T(ctx, "List"), "list", "l"),
	}
}

// chips are the filters; a brand with one channel needs none for it.
func (v calendarView) chips(ctx context.Context) []ui.Chip {
	var out []ui.Chip
	f := v.filter
	if len(v.Channels) > 1 || f.Channel != "" {
		c := ui.Chip{Name: i18n.T(ctx, "Channel"), Menu: "calendar-channels", Remove: v.where(agenda.Filter{State: f.State}).href()}
		for _, ch := range v.Channels {
			if ch.ID == f.Channel {
				c.Value = ch.Handle
			}
		}
		if f.Channel != "" && c.Value == "" {
			c.Value = i18n.T(ctx, "removed")
		}
		out = append(out, c)
	}
	s := ui.Chip{Name: i18n.T(ctx, "State"), Menu: "calendar-states", Remove: v.where(agenda.Filter{Channel: f.Channel}).href()}
	if f.State != "" {
		s.Value = stateName(ctx, f.State)
	}
	return append(out, s)
}

// stateName is the word for a state that the calendar filters by.
func stateName(ctx context.Context, state string) string {
	switch state {
	case agenda.Planned:
		return i18n.T(ctx, "draft")
	case agenda.Attention:
		return i18n.T(ctx, "needs you")
	}
	return i18n.T(ctx, ui.DeliveryState(state).Word)
}

func stateIcon(state string) string {
	switch state {
	case agenda.Planned:
		return ui.PostState("draft").Icon
	case agenda.Attention:
		return "circle-alert"
	}
	return ui.DeliveryState(state).Icon
}

// zoneCity names a zone as people do: "Berlin time".
func zoneCity(ctx context.Context, zone string) string {
	at := strings.LastIndex(zone, "/")
	if at < 0 {
		return zone
	}
	return i18n.T(ctx, "{{.City}} time", "City", strings.ReplaceAll(zone[at+1:], "_", " "))
}

// calendarWords are what the island says by itself.
func calendarWords(ctx context.Context) string {
	raw, err := json.Marshal(map[string]string{
		"failed": i18n.T(ctx, "That did not reach the server. The post is where it was."),
	})
	if err != nil {
		return "{}" // strings always encode
	}
	return string(raw)
}
