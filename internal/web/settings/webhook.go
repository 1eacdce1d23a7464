package settings

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/secret"
	"rapport/internal/web/entry"
	"rapport/internal/web/studio"
	"rapport/internal/web/ui"
	"rapport/internal/webhook"
)

type webhooksView struct {
	Slug string
	All  []webhook.Endpoint
	Now  time.Time
}

// webhookList lists the brand's webhooks.
func (p *Pages) webhookList(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	all, err := webhook.List(r.Context(), p.DB, v.Who, v.Brand.ID)
	if err != nil {
		return err
	}
	return p.Settings(w, r, "webhooks", 0, false, webhookSettings(webhooksView{v.Brand.Slug, all, p.DB.Now().Time()}))
}

type webhookFormView struct {
	Slug string
	ID   string // "" for a new one
	Host string
	Form entry.Form
}

// webhookNew offers the form of a new webhook with every event chosen.
func (p *Pages) webhookNew(w http.ResponseWriter, r *http.Request) error {
	if _, err := webhook.List(r.Context(), p.DB, studio.At(r).Who, studio.At(r).Brand.ID); err != nil {
		return err
	}
	f := entry.Fill()
	for _, t := range webhook.Types {
		f.Values.Add("events", t.Name)
	}
	return p.webhookForm(w, r, webhookFormView{Form: f})
}

func (p *Pages) webhookForm(w http.ResponseWriter, r *http.Request, v webhookFormView) error {
	v.Slug = studio.At(r).Brand.Slug
	head := ui.Head{Title: i18n.T(r.Context(), "New webhook"), Back: studio.Path(v.Slug, "settings", "webhooks"), BackText: i18n.T(r.Context(), "Back to the webhooks")}
	if v.ID != "" {
		head = ui.Head{Title: i18n.T(r.Context(), "Change the webhook to {{.Host}}", "Host", v.Host),
			Back: studio.Path(v.Slug, "settings", "webhooks", v.ID), BackText: i18n.T(r.Context(), "Back to the webhook")}
	}
	return p.Show(w, r, studio.Page{Area: "settings", Head: head, Status: v.Form.Status()}, webhookForm(v))
}

func webhookInput(f entry.Form) webhook.Input {
	return webhook.Input{URL: f.Value("url"), About: f.Value("about"), Events: f.All("events")}
}

// webhookCreate adds a webhook and shows its secret once, on the page that
// answers: it must not stand in an address or a cookie.
func (p *Pages) webhookCreate(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	e, plain, err := p.Hooks.Webhooks.Create(r.Context(), v.Who, v.Brand.ID, webhookInput(f))
	if err != nil {
		if f.Refused(err, "url", "about", "events") {
			return p.webhookForm(w, r, webhookFormView{Form: f})
		}
		return err
	}
	return p.webhookPage(w, r, e, webhookNews{Secret: plain})
}

// webhookNews is what a page of a webhook says beside what it always does.
type webhookNews struct {
	Secret secret.Text // a new one, shown this once
	Test   *webhook.Try
	Status int
}

type webhookView struct {
	webhook.Endpoint
	webhookNews
	Slug   string
	By     string
	Calls  []webhook.Call
	Filter webhook.Filter
	Next   string
	Now    time.Time
}

func (v webhookView) path(parts ...string) string {
	return studio.Path(v.Slug, append([]string{"settings", "webhooks", v.ID}, parts...)...)
}

// named are the events to list; where they are all, their number says so.
func (v webhookView) named() []string {
	if len(v.Events) == len(webhook.Types) {
		return nil
	}
	return v.Events
}

// more leads to the log's next part.
func (v webhookView) more() string {
	to := v.path() + "?after=" + v.Next
	if v.Filter.State != "" {
		to += "&state=" + string(v.Filter.State)
	}
	return to
}

// choices narrow the log.
func (v webhookView) choices(ctx context.Context) []ui.Choice {
	out := []ui.Choice{{Label: i18n.T(ctx, "All"), Href: v.path(), Active: v.Filter.State == ""}}
	for _, s := range []webhook.CallState{webhook.Waiting, webhook.Failed, webhook.Arrived} {
		out = append(out, ui.Choice{Label: i18n.T(ctx, callState(s).Word), Href: v.path() + "?state=" + string(s), Active: v.Filter.State == s})
	}
	return out
}

func (p *Pages) webhookOf(r *http.Request) (webhook.Endpoint, error) {
	return webhook.ByID(r.Context(), p.DB, studio.At(r).Who, studio.At(r).Brand.ID, r.PathValue("webhook"))
}

// webhookShow shows a webhook with its log.
func (p *Pages) webhookShow(w http.ResponseWriter, r *http.Request) error {
	e, err := p.webhookOf(r)
	if err != nil {
		return err
	}
	return p.webhookPage(w, r, e, webhookNews{})
}

func (p *Pages) webhookPage(w http.ResponseWriter, r *http.Request, e webhook.Endpoint, n webhookNews) error {
	v, ctx := studio.At(r), r.Context()
	view := webhookView{Endpoint: e, webhookNews: n, Slug: v.Brand.Slug, Filter: webhook.Filter{State: webhook.CallState(r.URL.Query().Get("state"))}, Now: p.DB.Now().Time()}
	var err error
	if view.Calls, view.Next, err = webhook.Calls(ctx, p.DB, v.Who, v.Brand.ID, e.ID, view.Filter, studio.PageOf(r)); err != nil {
		return err
	}
	if studio.FromHTMX(r) && r.URL.Query().Has("after") {
		return studio.Part(w, r, callRows(view))
	}
	if view.By, err = p.NameOf(ctx, e.Account); err != nil {
		return err
	}
	head := ui.Head{Title: e.Host(), Back: studio.Path(v.Brand.Slug, "settings", "webhooks"), BackText: i18n.T(ctx, "Back to the webhooks"), Actions: webhookActions(view)}
	return p.Show(w, r, studio.Page{Area: "settings", Head: head, Status: n.Status}, webhookPage(view))
}

// webhookEdit offers the form with what is kept.
func (p *Pages) webhookEdit(w http.ResponseWriter, r *http.Request) error {
	e, err := p.webhookOf(r)
	if err != nil {
		return err
	}
	f := entry.Fill("url", e.URL, "about", e.About)
	f.Values["events"] = e.Events
	return p.webhookForm(w, r, webhookFormView{ID: e.ID, Host: e.Host(), Form: f})
}

// webhookChange saves it.
func (p *Pages) webhookChange(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	e, err := p.Hooks.Webhooks.Change(r.Context(), v.Who, v.Brand.ID, r.PathValue("webhook"), webhookInput(f))
	if err != nil {
		old, missing := p.webhookOf(r)
		if missing == nil && f.Refused(err, "url", "about", "events") {
			return p.webhookForm(w, r, webhookFormView{ID: old.ID, Host: old.Host(), Form: f})
		}
		return err
	}
	p.Note(w, r, i18n.T(r.Context(), "Saved."), "")
	return studio.See(w, r, studio.Path(v.Brand.Slug, "settings", "webhooks", e.ID))
}

// webhookPause stops sending.
func (p *Pages) webhookPause(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	e, err := p.Hooks.Webhooks.Pause(r.Context(), v.Who, v.Brand.ID, r.PathValue("webhook"))
	if err != nil {
		return err
	}
	p.Note(w, r, i18n.T(r.Context(), "Paused. What happens now is not sent later."), "")
	return studio.See(w, r, studio.Path(v.Brand.Slug, "settings", "webhooks", e.ID))
}

// webhookResume sends again.
func (p *Pages) webhookResume(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	e, err := p.Hooks.Webhooks.Resume(r.Context(), v.Who, v.Brand.ID, r.PathValue("webhook"))
	if err != nil {
		return err
	}
	p.Note(w, r, i18n.T(r.Context(), "What happens from now on is sent."), "")
	return studio.See(w, r, studio.Path(v.Brand.Slug, "settings", "webhooks", e.ID))
}

// webhookRotate makes a new secret and shows it once.
func (p *Pages) webhookRotate(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	e, plain, err := p.Hooks.Webhooks.Rotate(r.Context(), v.Who, v.Brand.ID, r.PathValue("webhook"))
	if err != nil {
		return err
	}
	return p.webhookPage(w, r, e, webhookNews{Secret: plain})
}

// webhookTest sends a test event now and shows what was answered.
func (p *Pages) webhookTest(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	_, try, err := p.Hooks.Test(r.Context(), v.Who, v.Brand.ID, r.PathValue("webhook"))
	if err != nil {
		return err
	}
	e, err := p.webhookOf(r)
	if err != nil {
		return err
	}
	return p.webhookPage(w, r, e, webhookNews{Test: &try})
}

// webhookRemoveAsk asks for the host's name before a webhook is removed.
func (p *Pages) webhookRemoveAsk(w http.ResponseWriter, r *http.Request) error {
	return p.webhookRemoveForm(w, r, entry.Form{})
}

func (p *Pages) webhookRemoveForm(w http.ResponseWriter, r *http.Request, f entry.Form) error {
	e, err := p.webhookOf(r)
	if err != nil {
		return err
	}
	slug := studio.At(r).Brand.Slug
	head := ui.Head{Title: i18n.T(r.Context(), "Remove the webhook to {{.Host}}", "Host", e.Host()),
		Back: studio.Path(slug, "settings", "webhooks", e.ID), BackText: i18n.T(r.Context(), "Back to the webhook")}
	return p.Show(w, r, studio.Page{Area: "settings", Head: head, Status: f.Status()}, webhookRemovePage(slug, e, f))
}

// webhookRemove removes it with its log.
func (p *Pages) webhookRemove(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	e, err := p.webhookOf(r)
	if err != nil {
		return err
	}
	if !strings.EqualFold(f.Value("confirm"), e.Host()) {
		f.Refused(fault.OnField("confirm", "Type %s, as it is written above.", e.Host()), "confirm")
		return p.webhookRemoveForm(w, r, f)
	}
	if err := p.Hooks.Webhooks.Remove(r.Context(), v.Who, v.Brand.ID, e.ID); err != nil {
		return err
	}
	p.Note(w, r, i18n.T(r.Context(), "The webhook is removed. Nothing more is sent there."), "")
	return studio.See(w, r, studio.Path(v.Brand.Slug, "settings", "webhooks"))
}

type callView struct {
	webhook.Call
	Slug  string
	To    webhook.Endpoint
	Tries []webhook.Try
	Now   time.Time
}

// body is what was sent, set so that a person can read it.
func (v callView) body() string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(json.RawMessage(v.Body)); err != nil {
		return v.Body
	}
	return strings.TrimSpace(b.String())
}

// webhookCall shows one call with all its tries.
func (p *Pages) webhookCall(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	e, err := p.webhookOf(r)
	if err != nil {
		return err
	}
	c, tries, err := webhook.CallByID(r.Context(), p.DB, v.Who, v.Brand.ID, e.ID, r.PathValue("call"))
	if err != nil {
		return err
	}
	view := callView{c, v.Brand.Slug, e, tries, p.DB.Now().Time()}
	head := ui.Head{Title: c.Type, Back: studio.Path(v.Brand.Slug, "settings", "webhooks", e.ID), BackText: i18n.T(r.Context(), "Back to the webhook"), Actions: callActions(view)}
	return p.Show(w, r, studio.Page{Area: "settings", Head: head}, callPage(view))
}

// webhookAgain sends a call once more.
func (p *Pages) webhookAgain(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	id, call := r.PathValue("webhook"), r.PathValue("call")
	if _, err := p.Hooks.Webhooks.Again(r.Context(), v.Who, v.Brand.ID, id, call); err != nil {
		return err
	}
	p.Note(w, r, i18n.T(r.Context(), "It is sent again, with the same id."), "")
	return studio.See(w, r, studio.Path(v.Brand.Slug, "settings", "webhooks", id, "calls", call))
}

// webhookState is how a webhook's state is shown.
func webhookState(e webhook.Endpoint) ui.State {
	switch {
	case e.State == webhook.Paused:
		return ui.State{Word: "paused", Icon: "circle-pause", Tone: ui.Quiet, Means: "Somebody paused it, so nothing is sent.", Next: "Resume it when the receiver is ready."}
	case e.State == webhook.Disabled:
		return ui.State{Word: "switched off", Icon: "circle-x", Tone: ui.Bad, Means: "Rapport switched it off because nothing arrived any more.", Next: "Look at the log, mend the receiver and resume it."}
	case e.FailingAt != 0:
		return ui.State{Word: "failing", Icon: "triangle-alert", Tone: ui.Warn, Means: "The last call did not arrive.", Next: "It is tried again; after five days of failing the webhook is switched off."}
	}
	return ui.State{Word: "active", Icon: "circle-check", Tone: ui.Good, Means: "What happens is sent here."}
}

// callState is how a call's state is shown.
func callState(s webhook.CallState) ui.State {
	switch s {
	case webhook.Arrived:
		return ui.State{Word: "arrived", Icon: "circle-check", Tone: ui.Good, Means: "The receiver has taken it."}
	case webhook.Failed:
		return ui.State{Word: "given up", Icon: "circle-x", Tone: ui.Bad, Means: "The receiver did not take it, and it is not tried again by itself.", Next: "Open it to see why and to send it again."}
	}
	return ui.State{Word: "waiting", Icon: "clock", Tone: ui.Wait, Means: "It is about to be sent, or tried again."}
}

// statusWord is a status in short; "—" where no answer came.
func statusWord(status int) string {
	if status == 0 {
		return "—"
	}
	return strconv.Itoa(status)
}

// tryText says why a try did not arrive.
func tryText(ctx context.Context, t webhook.Try) string {
	switch {
	case t.Error == "" || t.Status == 0 || t.Status == http.StatusGone || t.Status >= 300 && t.Status < 400:
		return i18n.Kept(t.Error).In(ctx)
	}
	return i18n.T(ctx, "The receiver answered {{.Status}}. Only 200 to 299 means that it has taken the call.", "Status", statusWord(t.Status))
}
