package settings

import (
	"context"
	"net/http"
	"time"

	"rapport/internal/access"
	"rapport/internal/health"
	"rapport/internal/i18n"
	"rapport/internal/installation"
	"rapport/internal/letter"
	"rapport/internal/web/studio"
	"rapport/internal/web/ui"
)

type aboutView struct {
	Version  string
	Go       string
	Time     time.Time
	Secure   bool
	Tells    bool // the visitor may read how each part is
	Findings []health.Finding
	Nodes    []installation.Node
}

// ill counts the parts that need a look.
func (v aboutView) ill() int {
	n := 0
	for _, f := range v.Findings {
		if f.Ill {
			n++
		}
	}
	return n
}

// settingsAbout shows what runs here, and to owners how each part is.
func (p *Pages) settingsAbout(w http.ResponseWriter, r *http.Request) error {
	v, ctx := studio.At(r), r.Context()
	view := aboutView{Version: p.Site.Version, Go: health.Go(), Time: p.DB.Now().Time(), Secure: p.Secure(r)}
	if view.Tells = v.Who.May(p.DB.Now(), v.Brand.ID, access.TeamWrite) == nil; view.Tells {
		view.Findings = p.Health.Look(ctx)
		var err error
		if view.Nodes, err = installation.Nodes(ctx, p.DB); err != nil {
			return err
		}
	}
	return p.Settings(w, r, "about", 0, false, aboutSettings(view))
}

// partName is a part of the installation in words.
func partName(ctx context.Context, part string) string {
	if name, ok := partNames[part]; ok {
		return i18n.T(ctx, name)
	}
	return part
}

var partNames = map[string]string{
	"database": "Database", "clock": "Clock", "server": "Server", "disk": "Disk", "media": "Media", "keys": "Key file", "mail": "Mail",
	"address": "Address", "jobs": "Background work", "news": "Notifications and calls", "webhooks": "Webhooks",
}

// healthState is how a part's state is shown.
func healthState(f health.Finding) ui.State {
	if f.Ill {
		return ui.State{Word: "needs a look", Icon: "triangle-alert", Tone: ui.Warn, Means: "Something is not as it should be.", Next: "The text beside it says what to do."}
	}
	return ui.State{Word: "well", Icon: "circle-check", Tone: ui.Good, Means: "It works."}
}

// nodeState is how a node's state is shown.
func nodeState(n installation.Node) ui.State {
	if n.Alive {
		return ui.State{Word: "running", Icon: "circle-check", Tone: ui.Good, Means: "It gave a sign of life within the last 20 seconds."}
	}
	return ui.State{Word: "ended", Icon: "circle-dashed", Tone: ui.Quiet, Means: "It gives no sign of life any more.", Next: "It leaves this list a day after its last one."}
}

type mailView struct {
	Slug    string
	Email   string // of the visitor
	Letters []letter.Letter
	Counts  map[letter.State]int
	State   letter.State // only those; "" for all
	Next    string
	Sends   bool // there is a mail server
	Server  health.Finding
	Now     time.Time
}

func (v mailView) more() string {
	to := studio.Path(v.Slug, "settings", "mail") + "?after=" + v.Next
	if v.State != "" {
		to += "&state=" + string(v.State)
	}
	return to
}

// choices narrow the list to a state, where there are letters in it.
func (v mailView) choices(ctx context.Context) []ui.Choice {
	here := studio.Path(v.Slug, "settings", "mail")
	out := []ui.Choice{{Label: i18n.T(ctx, "All"), Href: here, Active: v.State == ""}}
	for _, s := range []letter.State{letter.Failed, letter.Queued, letter.Sent, letter.Kept} {
		if v.Counts[s] > 0 || v.State == s {
			out = append(out, ui.Choice{Label: i18n.T(ctx, letterState(s).Word), Href: here + "?state=" + string(s), Active: v.State == s})
		}
	}
	return out
}

// settingsMail shows whether letters are sent, and lists those that were
// written about the brand.
func (p *Pages) settingsMail(w http.ResponseWriter, r *http.Request) error {
	v, ctx := studio.At(r), r.Context()
	view := mailView{Slug: v.Brand.Slug, Email: v.Who.Email, State: letter.State(r.URL.Query().Get("state")), Sends: p.Site.Mail, Now: p.DB.Now().Time()}
	var err error
	if view.Letters, view.Next, err = letter.ListState(ctx, p.DB, v.Who, v.Brand.ID, view.State, studio.PageOf(r)); err != nil {
		return err
	}
	if studio.FromHTMX(r) && r.URL.Query().Has("after") {
		return studio.Part(w, r, mailRows(view))
	}
	if view.Counts, err = letter.Count(ctx, p.DB, v.Who, v.Brand.ID); err != nil {
		return err
	}
	if view.Sends {
		view.Server = p.Health.Post(ctx)
	}
	return p.Settings(w, r, "mail", 0, false, mailSettings(view))
}

// settingsMailTest writes a letter to the visitor.
func (p *Pages) settingsMailTest(w http.ResponseWriter, r *http.Request) error {
	v, ctx := studio.At(r), r.Context()
	_, err := p.Letters.Try(ctx, v.Who, v.Brand.ID, letter.Page{
		Title: i18n.T(ctx, "A test letter from Rapport"),
		Lines: []string{i18n.T(ctx, "If you read this in your mailbox, letters arrive.")},
		Foot:  i18n.T(ctx, "You get this because you asked for it in the settings of {{.Brand}}.", "Brand", v.Brand.Name)})
	if err != nil {
		return err
	}
	text := i18n.T(ctx, "The letter is on its way. The list says whether the mail server took it.")
	if !p.Site.Mail {
		text = i18n.T(ctx, "The letter is kept below, because there is no mail server.")
	}
	p.Note(w, r, text, "")
	return studio.See(w, r, studio.Path(v.Brand.Slug, "settings", "mail"))
}
