package team

import (
	"bufio"
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/audit"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/document"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/person"
	"rapport/internal/post"
	"rapport/internal/task"
	"rapport/internal/web/entry"
	"rapport/internal/web/studio"
	"rapport/internal/web/ui"
)

// logLine is an act in words: who did what to what.
type logLine struct {
	audit.Line
	By     string // who did it
	Words  string // the sentence
	On     string // what it was done to, by name; "" where it has none
	Href   string // where that stands
	Detail string // the rest, in one line
}

type logView struct {
	Slug   string
	Lines  []logLine
	Next   string
	Query  url.Values // the filter, as the address has it
	Team   []account.Member
	Form   entry.Form
	Sought bool // the page may be empty although there is more: it was looked through
	Now    time.Time
}

// address is the list with the filter, and further parts of the address.
func (v logView) address(path string, pairs ...string) string {
	q := maps.Clone(v.Query)
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	if len(q) == 0 {
		return studio.Path(v.Slug, "settings", "log") + path
	}
	return studio.Path(v.Slug, "settings", "log") + path + "?" + q.Encode()
}

// logShow lists what the team did, by whom, where, when and by its words.
func (p *Pages) logShow(w http.ResponseWriter, r *http.Request) error {
	view, f, err := p.logFilter(r)
	if err != nil {
		return err
	}
	v, ctx := studio.At(r), r.Context()
	if view.Form.Refusal == 0 {
		var lines []audit.Line
		if lines, view.Next, err = audit.List(ctx, p.DB, v.Who, v.Brand.ID, f, studio.PageOf(r)); err != nil {
			return err
		}
		if view.Lines, err = p.logLines(r, lines); err != nil {
			return err
		}
		if view.Sought = len(lines) == 0 && view.Next != ""; studio.FromHTMX(r) {
			return studio.Part(w, r, logRows(view))
		}
	}
	if view.Team, err = account.Team(ctx, p.DB, v.Who, v.Brand.ID); err != nil {
		return err
	}
	return p.Settings(w, r, "log", view.Form.Status(), false, logSettings(view))
}

// logFilter reads the filter of the address. What cannot be read is said at its
// field.
func (p *Pages) logFilter(r *http.Request) (logView, audit.Filter, error) {
	v, q := studio.At(r), r.URL.Query()
	if err := v.Who.May(p.DB.Now(), v.Brand.ID, access.AuditRead); err != nil {
		return logView{}, audit.Filter{}, err
	}
	view := logView{Slug: v.Brand.Slug, Query: url.Values{}, Now: p.DB.Now().Time()}
	for _, name := range []string{"q", "who", "area", "from", "until", "subject"} {
		if value := strings.TrimSpace(q.Get(name)); value != "" && len(value) <= 200 {
			view.Query.Set(name, value)
		}
	}
	f := audit.Filter{Subject: view.Query.Get("subject"), Account: view.Query.Get("who"), Area: audit.Area(view.Query.Get("area")), Text: view.Query.Get("q")}
	var bad []fault.Field
	if f.Area != "" && !slices.Contains(audit.Areas, f.Area) {
		bad = append(bad, fault.On("area", "Choose one of the list."))
	}
	f.From = day(view.Query.Get("from"), v.Brand.Location(), 0, "from", &bad)
	f.Until = day(view.Query.Get("until"), v.Brand.Location(), 1, "until", &bad)
	view.Form = entry.Form{Values: view.Query}
	if err := fault.OnFields(bad); err != nil {
		view.Form.Refused(err, "area", "from", "until")
	}
	return view, f, nil
}

// day is the beginning of a day in the brand's zone, or of one so many later.
func day(typed string, zone *time.Location, later int, name string, bad *[]fault.Field) db.Time {
	if typed == "" {
		return 0
	}
	at, err := time.ParseInLocation(time.DateOnly, typed, zone)
	if err != nil {
		*bad = append(*bad, fault.On(name, "Choose a day."))
		return 0
	}
	return db.At(at.AddDate(0, 0, later))
}

// logExport hands out the lines that the filter lets through, as they are read.
func (p *Pages) logExport(w http.ResponseWriter, r *http.Request) error {
	view, f, err := p.logFilter(r)
	if err != nil {
		return err
	}
	if view.Form.Refusal != 0 {
		return fault.New(fault.Invalid, "The filter cannot be read. Choose it again.")
	}
	v := studio.At(r)
	out := logWriter{ctx: r.Context(), pages: p, names: map[string]string{}, to: bufio.NewWriterSize(w, 32<<10)}
	kind := "text/csv; charset=utf-8"
	format := "csv"
	if r.URL.Query().Get("format") == "json" {
		kind, format = "application/x-ndjson; charset=utf-8", "jsonl"
	} else {
		out.table = csv.NewWriter(out.to)
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", `attachment; filename="`+studio.SafeName(v.Brand.Slug+"-log."+format)+`"`)
	if out.table != nil {
		_ = out.table.Write([]string{"at", "account", "name", "email", "act", "words", "subject", "detail", "address"})
	}
	if err := audit.Each(r.Context(), p.DB, v.Who, v.Brand.ID, f, out.line); err != nil {
		return err
	}
	if out.table != nil {
		out.table.Flush()
	}
	return out.to.Flush()
}

// logWriter writes lines one by one: as a table for spreadsheets, or as JSON.
type logWriter struct {
	ctx   context.Context
	pages *Pages
	names map[string]string // "name\x00address" of accounts
	to    *bufio.Writer
	table *csv.Writer
}

func (o *logWriter) who(id string) (name, email string, err error) {
	if id == "" {
		return "Rapport", "", nil
	}
	known, ok := o.names[id]
	if !ok {
		a, err := account.ByID(o.ctx, o.pages.DB, id)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return "", "", err
		}
		known = a.Name + "\x00" + a.Email
		o.names[id] = known
	}
	name, email, _ = strings.Cut(known, "\x00")
	return name, email, nil
}

func (o *logWriter) line(l audit.Line) error {
	name, email, err := o.who(l.Account)
	if err != nil {
		return err
	}
	when := l.At.Time().Format("2006-01-02T15:04:05.000Z")
	if o.table == nil {
		raw, err := json.Marshal(map[string]any{"id": l.ID, "at": when, "account": l.Account, "name": name, "email": email, "act": l.Act,
			"words": audit.Acts[l.Act].Words, "subject": l.Subject, "detail": l.Detail, "address": l.Address})
		if err == nil {
			_, err = o.to.Write(append(raw, '\n'))
		}
		return err
	}
	detail := ""
	if len(l.Detail) > 0 {
		raw, err := json.Marshal(l.Detail)
		if err != nil {
			return err
		}
		detail = string(raw)
	}
	row := []string{when, l.Account, name, email, l.Act, i18n.T(o.ctx, audit.Acts[l.Act].Words), l.Subject, detail, l.Address}
	defuse(row)
	return o.table.Write(row)
}

// defuse keeps a spreadsheet from running what a cell holds.
func defuse(row []string) {
	for i, c := range row {
		if c != "" && strings.ContainsRune("=+@\t-", rune(c[0])) {
			row[i] = "'" + c
		}
	}
}

// logLines puts acts into words and finds what they were about.
func (p *Pages) logLines(r *http.Request, all []audit.Line) ([]logLine, error) {
	ctx := r.Context()
	names := map[string]string{"": "Rapport"}
	out := make([]logLine, len(all))
	for i, l := range all {
		for _, id := range []string{l.Account, accountOf(l)} {
			if _, known := names[id]; !known {
				var err error
				if names[id], err = p.NameOf(ctx, id); err != nil {
					return nil, err
				}
			}
		}
		out[i] = logLine{Line: l, By: names[l.Account], Words: actWords(ctx, names[l.Account], l.Act)}
		if id := accountOf(l); id != "" {
			out[i].On = names[id]
		}
	}
	if err := p.subjects(r, out); err != nil {
		return nil, err
	}
	for i := range out {
		out[i].Detail = logDetail(ctx, out[i])
	}
	return out, nil
}

// accountOf is the account that an act was done to; "" for another act.
func accountOf(l audit.Line) string {
	if l.Act == "conversation.assigned" {
		return l.Detail["to"]
	}
	if noun, _, _ := strings.Cut(l.Act, "."); noun == "grant" || l.Act == "member.left" {
		return l.Subject
	}
	return "" // of the community's members too: they are none of the team's accounts
}

// subjects finds what the lines were about, where that has a name or a page.
func (p *Pages) subjects(r *http.Request, lines []logLine) error {
	v, ctx := studio.At(r), r.Context()
	of := map[string][]string{}
	for i, l := range lines {
		noun, _, _ := strings.Cut(l.Act, ".")
		of[noun] = append(of[noun], l.Subject)
		switch noun {
		case "conversation":
			lines[i].Href = studio.Path(v.Brand.Slug, "inbox", l.Subject)
		case "handover":
			lines[i].Href = studio.Path(v.Brand.Slug, "handover")
		case "media":
			lines[i].Href = studio.Path(v.Brand.Slug, "media", l.Subject)
		case "webhook":
			lines[i].Href = studio.Path(v.Brand.Slug, "settings", "webhooks")
		case "space":
			lines[i].Href = studio.Path(v.Brand.Slug, "community", "spaces")
		case "link":
			lines[i].Href = studio.Path(v.Brand.Slug, "links")
		case "document":
			name := l.Line.Detail["document"]
			lines[i].On, lines[i].Href = i18n.T(ctx, document.Title(name)), studio.Path(v.Brand.Slug, "community", "pages", name)
		}
	}
	posts, err := post.ByIDs(ctx, p.DB, v.Brand.ID, studio.Distinct(append(of["post"], of["comment"]...)))
	if err != nil {
		return err
	}
	tasks, err := task.ByIDs(ctx, p.DB, v.Brand.ID, studio.Distinct(of["task"]))
	if err != nil {
		return err
	}
	people, err := person.ByIDs(ctx, p.DB, v.Brand.ID, studio.Distinct(of["person"]))
	if err != nil {
		return err
	}
	channels, err := channel.List(ctx, p.DB, access.System(), v.Brand.ID)
	if err != nil {
		return err
	}
	if err := p.communitySubjects(r, lines); err != nil {
		return err
	}
	for i, l := range lines {
		noun, _, _ := strings.Cut(l.Act, ".")
		switch noun {
		case "post", "comment":
			if one, ok := posts[l.Subject]; ok {
				lines[i].On = one.Excerpt
				if one.DeletedAt == 0 && one.Kind != post.KindReply {
					lines[i].Href = studio.Path(v.Brand.Slug, "posts", one.ID)
				}
			}
		case "task":
			if one, ok := tasks[l.Subject]; ok {
				lines[i].On = one.Title
				if !one.Deleted() {
					lines[i].Href = studio.Path(v.Brand.Slug, "tasks", one.ID)
				}
			}
		case "person":
			if one, ok := people[l.Subject]; ok {
				lines[i].On, lines[i].Href = one.Label(), studio.Path(v.Brand.Slug, "people", one.ID)
			}
		case "channel":
			at := slices.IndexFunc(channels, func(c channel.Channel) bool { return c.ID == l.Subject })
			if at >= 0 && v.Who.May(p.DB.Now(), v.Brand.ID, access.ChannelRead, l.Subject) == nil {
				lines[i].On, lines[i].Href = channels[at].Handle, studio.Path(v.Brand.Slug, "channels", l.Subject)
			}
		}
	}
	return nil
}

// actWords is the sentence of an act. One without words shows its own name.
func actWords(ctx context.Context, by, act string) string {
	a, known := audit.Acts[act]
	if !known {
		return by + ": " + act
	}
	return by + " " + i18n.T(ctx, a.Words)
}

// detailWords are what the details of acts are called, in the order they are
// told; what is not here is told to programs only.
var detailWords = []struct{ key, words string }{
	{"name", "name"}, {"title", "title"}, {"handle", "handle"}, {"email", "e-mail"}, {"rule", "rule"}, {"reason", "reason"}, {"choice", "decision"}, {"was", "was"},
	{"role", "role"}, {"spaces", "spaces"}, {"state", "state"}, {"text", "text"}, {"label", "label"}, {"due", "due"}, {"color", "colour"}, {"zone", "time zone"}, {"language", "language"}, {"tolerance", "late after"},
	{"retention", "people are forgotten after"}, {"activity_days", "activity is kept for days"}, {"letter_days", "mail is kept for days"}, {"days", "days"}, {"scopes", "may"}, {"url", "address"}, {"target", "address"}, {"events", "events"}, {"network", "network"}, {"version", "version"},
}

// logDetail is what an act was about, in one line.
func logDetail(ctx context.Context, l logLine) string {
	var out []string
	for _, d := range detailWords {
		value := l.Line.Detail[d.key]
		if value == "" || value == l.On {
			continue
		}
		if d.key == "role" {
			value = cmp.Or(studio.RoleName(ctx, access.Role(value)), value)
		}
		out = append(out, i18n.T(ctx, "{{.What}}: {{.Value}}", "What", i18n.T(ctx, d.words), "Value", value))
	}
	return strings.Join(out, " · ")
}

// areaWords is an area as the filter names it, with its icon.
func areaWords(ctx context.Context, a audit.Area) (name, icon string) {
	switch a {
	case audit.Content:
		return i18n.T(ctx, "Posts and pictures"), "layers"
	case audit.Inbox:
		return i18n.T(ctx, "Inbox"), "inbox"
	case audit.People:
		return i18n.T(ctx, "People"), "users"
	case audit.Community:
		return i18n.T(ctx, "Community"), "messages-square"
	case audit.Channels:
		return i18n.T(ctx, "Channels"), "radar"
	case audit.Work:
		return i18n.T(ctx, "Tasks and handovers"), "circle-check"
	case audit.Team:
		return i18n.T(ctx, "Team and sign-in"), "circle-user-round"
	case audit.Holds:
		return i18n.T(ctx, "Holds"), "octagon-pause"
	}
	return i18n.T(ctx, "Settings and data"), "settings"
}

func (v logView) people(ctx context.Context) []ui.Option {
	out := []ui.Option{{Value: "", Label: i18n.T(ctx, "Everybody")}}
	for _, m := range v.Team {
		out = append(out, ui.Option{Value: m.ID, Label: m.Name})
	}
	who := v.Query.Get("who")
	if who != "" && who != audit.System && !slices.ContainsFunc(v.Team, func(m account.Member) bool { return m.ID == who }) {
		out = append(out, ui.Option{Value: who, Label: i18n.T(ctx, "somebody who left")})
	}
	return append(out, ui.Option{Value: audit.System, Label: i18n.T(ctx, "Rapport itself")})
}

func (v logView) areas(ctx context.Context) []ui.Option {
	out := []ui.Option{{Value: "", Label: i18n.T(ctx, "Everything")}}
	for _, a := range audit.Areas {
		name, _ := areaWords(ctx, a)
		out = append(out, ui.Option{Value: string(a), Label: name})
	}
	return out
}

// Acts are what the team did to one thing.
type Acts struct {
	Path  string // that gives more of it
	Lines []logLine
	Next  string
	Now   time.Time
}

// happenedTo reads it. The caller has checked that the thing may be read.
func (p *Pages) happenedTo(r *http.Request, path, subject string, page db.Page) (Acts, error) {
	lines, next, err := audit.Of(r.Context(), p.DB, studio.At(r).Brand.ID, subject, page)
	if err != nil {
		return Acts{}, err
	}
	h := Acts{Path: path, Next: next, Now: p.DB.Now().Time()}
	h.Lines, err = p.logLines(r, lines)
	for i := range h.Lines {
		h.Lines[i].On, h.Lines[i].Href = "", "" // the page is about it
	}
	return h, err
}

// Happened is what a page shows of it at once.
func (p *Pages) Happened(r *http.Request, area, subject string) (Acts, error) {
	return p.happenedTo(r, studio.Path(studio.At(r).Brand.Slug, area, subject, "happened"), subject, db.Page{Limit: 8})
}

// postHappened gives more of what happened to a post.
func (p *Pages) postHappened(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	one, err := post.ByID(r.Context(), p.DB, v.Who, v.Brand.ID, r.PathValue("post"))
	if err != nil {
		return err
	}
	return p.happenedMore(w, r, "posts", one.ID)
}

// channelHappened gives more of what happened to a channel.
func (p *Pages) channelHappened(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	one, err := channel.ByID(r.Context(), p.DB, v.Who, v.Brand.ID, r.PathValue("channel"))
	if err != nil {
		return err
	}
	return p.happenedMore(w, r, "channels", one.ID)
}

// personHappened gives more of what the team did about a person.
func (p *Pages) personHappened(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	one, err := person.ByID(r.Context(), p.DB, v.Who, v.Brand.ID, r.PathValue("person"))
	if err != nil {
		return err
	}
	return p.happenedMore(w, r, "people", one.ID)
}

func (p *Pages) happenedMore(w http.ResponseWriter, r *http.Request, area, subject string) error {
	h, err := p.happenedTo(r, studio.Path(studio.At(r).Brand.Slug, area, subject, "happened"), subject, studio.PageOf(r))
	if err != nil {
		return err
	}
	if studio.FromHTMX(r) {
		return studio.Part(w, r, happenedRows(h))
	}
	head := ui.Head{Title: i18n.T(r.Context(), "What the team did"), Back: studio.Path(studio.At(r).Brand.Slug, area, subject), BackText: i18n.T(r.Context(), "Back")}
	return p.Show(w, r, studio.Page{Area: area, Head: head}, templ.Component(happenedPage(h)))
}
