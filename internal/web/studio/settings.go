package studio

import (
	"cmp"
	"net/http"

	"github.com/a-h/templ"

	"rapport/internal/access"
	"rapport/internal/i18n"
	"rapport/internal/web/ui"
)

// settingsTab is a part of the settings; one that the role does not open is
// not shown.
type settingsTab struct {
	key, label, icon string
	needs            access.Action
}

// settingsGroup is a titled part of the settings' own navigation.
type settingsGroup struct {
	label string
	tabs  []settingsTab
}

var settingsGroups = []settingsGroup{
	{"This brand", []settingsTab{
		{"brand", "Brand", "store", access.BrandRead},
		{"team", "Team", "users", access.BrandRead},
		{"approval", "Approval", "clipboard-check", access.BrandRead},
		{"tokens", "API tokens", "key-round", access.TokenWrite},
		{"webhooks", "Webhooks", "webhook", access.WebhookWrite},
		{"mail", "Mail", "mail", access.TeamWrite},
		{"log", "Log", "scroll-text", access.AuditRead},
		{"data", "Data", "database", access.DataExport},
	}},
	{"You", []settingsTab{
		{"account", "Your account", "circle-user-round", access.BrandRead},
		{"notifications", "Notifications", "bell-ring", access.BrandRead},
	}},
	{"This installation", []settingsTab{
		{"about", "About", "info", access.BrandRead},
	}},
}

// Settings frames a part of the settings.
func (s *Studio) Settings(w http.ResponseWriter, r *http.Request, tab string, status int, flush bool, content templ.Component) error {
	v := At(r)
	var groups []ui.SideGroup
	title := ""
	for _, g := range settingsGroups {
		side := ui.SideGroup{Title: i18n.T(r.Context(), g.label)}
		for _, t := range g.tabs {
			if !s.May(r, t.needs) {
				continue
			}
			e := ui.Entry{Label: i18n.T(r.Context(), t.label), Icon: t.icon, Href: Path(v.Brand.Slug, "settings", t.key), Active: t.key == tab}
			if e.Active {
				title = e.Label
			}
			side.Entries = append(side.Entries, e)
		}
		if len(side.Entries) > 0 {
			groups = append(groups, side)
		}
	}
	head := ui.Head{Title: cmp.Or(title, i18n.T(r.Context(), "Settings"))}
	return s.Show(w, r, Page{Area: "settings", Title: title, Status: status, Flush: flush, Head: head},
		ui.Sided(ui.SidedArgs{Label: i18n.T(r.Context(), "Settings"), Groups: groups, Content: content}))
}
