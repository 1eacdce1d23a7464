package people

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"rapport/internal/access"
	"rapport/internal/bridge"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/dossier"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/member"
	"rapport/internal/merge"
	"rapport/internal/person"
	"rapport/internal/web/entry"
	"rapport/internal/web/studio"
	"rapport/internal/web/team"
	"rapport/internal/web/ui"
)

// peopleView is the list of people with its filter.
type peopleView struct {
	Slug     string
	Filter   person.Filter
	Rows     []person.Person
	Members  map[string]member.Member // by person, where the reader may see members
	Next     string
	Channels []studio.ChannelRow
	Networks []studio.NetworkName
	Now      time.Time
	None     bool // the brand knows nobody yet
}

// address is the list with another filter.
func (v peopleView) address(f person.Filter, after string) string {
	q := url.Values{}
	for name, value := range map[string]string{"q": f.Query, "network": f.Network, "channel": f.Channel, "sort": string(f.Sort), "after": after} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if len(q) == 0 {
		return studio.Path(v.Slug, "people")
	}
	return studio.Path(v.Slug, "people") + "?" + q.Encode()
}

// peopleList is the list of people: who was heard from last, or wrote most.
func (p *Pages) peopleList(w http.ResponseWriter, r *http.Request) error {
	view, err := p.peopleView(r)
	if err != nil {
		return err
	}
	if studio.FromHTMX(r) && r.URL.Query().Get("after") != "" {
		return studio.Part(w, r, peopleRows(view))
	}
	pg := studio.Page{Area: "people", Head: ui.Head{Title: i18n.T(r.Context(), "People")}, Flush: len(view.Rows) > 0}
	if !view.None {
		pg.Head.Views = peopleViews(view)
	}
	return p.Show(w, r, pg, peoplePage(view))
}

func (p *Pages) peopleView(r *http.Request) (peopleView, error) {
	v, ctx, q := studio.At(r), r.Context(), r.URL.Query()
	view := peopleView{Slug: v.Brand.Slug, Now: p.DB.Now().Time(),
		Filter: person.Filter{Query: strings.TrimSpace(q.Get("q")), Network: q.Get("network"), Channel: q.Get("channel"), Sort: person.Sort(q.Get("sort"))}}
	if view.Filter.Sort == person.Recent {
		view.Filter.Sort = ""
	}
	var err error
	if view.Rows, view.Next, err = person.List(ctx, p.DB, v.Who, v.Brand.ID, view.Filter, studio.PageOf(r)); err != nil {
		return view, err
	}
	if p.May(r, access.MemberRead) {
		ids := make([]string, len(view.Rows))
		for i, one := range view.Rows {
			ids[i] = one.ID
		}
		if view.Members, err = member.OfPeople(ctx, p.DB, v.Brand.ID, ids); err != nil {
			return view, err
		}
	}
	view.None = len(view.Rows) == 0 && view.Filter == person.Filter{Sort: view.Filter.Sort} && q.Get("after") == ""
	view.Channels, view.Networks, err = p.ChannelChoices(r)
	return view, err
}

// known is by what names somebody is known: on the networks and in the
// community. Who asked something there has an account of its channel already.
func (v peopleView) known(one person.Person) []person.Identity {
	m, ok := v.Members[one.ID]
	if !ok || slices.ContainsFunc(one.Identities, func(i person.Identity) bool { return i.Network == bridge.Name }) {
		return one.Identities
	}
	return append(slices.Clone(one.Identities), person.Identity{Network: bridge.Name, Handle: "@" + m.Handle})
}

// posts is how many posts in the community can be read; "" for who is no member.
func (v peopleView) posts(ctx context.Context, one person.Person) string {
	m, ok := v.Members[one.ID]
	if !ok {
		return ""
	}
	return i18n.Number(ctx, int(m.Posts))
}

// chips are the filters: the active ones say their value.
func (v peopleView) chips(ctx context.Context) []ui.Chip {
	var out []ui.Chip
	if len(v.Networks) > 1 || v.Filter.Network != "" {
		one := ui.Chip{Name: i18n.T(ctx, "Network"), Menu: "network-menu"}
		if without := v.Filter; v.Filter.Network != "" {
			without.Network = ""
			one.Value, one.Remove = v.Filter.Network, v.address(without, "")
			for _, n := range v.Networks {
				if n.Name == v.Filter.Network {
					one.Value = n.Title
				}
			}
		}
		out = append(out, one)
	}
	if len(v.Channels) > 1 || v.Filter.Channel != "" {
		without := v.Filter
		without.Channel = ""
		out = append(out, studio.ChannelChip(ctx, v.Channels, v.Filter.Channel, v.address(without, "")))
	}
	return out
}

// orders switch between who wrote last and who wrote most.
func (v peopleView) orders(ctx context.Context) []ui.Choice {
	recent, busiest := v.Filter, v.Filter
	recent.Sort, busiest.Sort = "", person.Busiest
	return []ui.Choice{
		{Label: i18n.T(ctx, "Recent"), Href: v.address(recent, ""), Active: v.Filter.Sort != person.Busiest},
		{Label: i18n.T(ctx, "Busiest"), Href: v.address(busiest, ""), Active: v.Filter.Sort == person.Busiest},
	}
}

// dossierView is a person with all that is known of them.
type dossierView struct {
	person.Person
	Slug          string
	Moments       []dossier.Moment
	Next          string
	Conversations []dossier.Conversation
	Happened      team.Acts
	Joined        []merge.Merge
	Proven        map[string]merge.Proof // by identity
	Member        *member.Member         // where they are one and the reader may see members
	Show          string                 // what of the timeline is shown; "" all
	Channels      map[string]studio.ChannelRow
	Names         map[string]string // of accounts
	Titles        map[string]string // of networks
	Forget        db.Time           // when they are erased by themselves; 0: not
	Now           time.Time
	MayWrite      bool
	MayRead       bool // conversations
	Form          entry.Form
}

// showKinds are the kinds of moments that a choice shows.
var showKinds = map[string][]dossier.Kind{
	"": nil, "messages": {dossier.KindMessage}, "community": {dossier.KindTopic, dossier.KindReply}, "notes": {dossier.KindNote},
	"record": {dossier.KindMembership, dossier.KindDecision, dossier.KindIdentity},
}

// personShow is all that the brand knows of one person.
func (p *Pages) personShow(w http.ResponseWriter, r *http.Request) error {
	return p.personPage(w, r, entry.Form{})
}

func (p *Pages) personPage(w http.ResponseWriter, r *http.Request, f entry.Form) error {
	view, err := p.dossierView(r)
	if fault.Is(err, fault.NotFound) {
		return p.moved(w, r, err)
	}
	if err != nil {
		return err
	}
	if view.Form = f; f.Values == nil {
		view.Form = entry.Fill("name", view.Name, "about", view.About)
	}
	if studio.FromHTMX(r) && r.URL.Query().Get("after") != "" {
		return studio.Part(w, r, moments(view))
	}
	ctx := r.Context()
	head := ui.Head{Title: view.Name, Back: studio.Path(view.Slug, "people"), BackText: i18n.T(ctx, "Back to people"), Actions: personActions(view)}
	return p.Show(w, r, studio.Page{Area: "people", Head: head, Status: f.Status()}, personPage(view))
}

func (p *Pages) dossierView(r *http.Request) (dossierView, error) {
	v, ctx, id := studio.At(r), r.Context(), r.PathValue("person")
	view := dossierView{Slug: v.Brand.Slug, Now: p.DB.Now().Time(), MayWrite: p.May(r, access.PersonWrite), MayRead: p.May(r, access.ConversationRead),
		Channels: map[string]studio.ChannelRow{}, Titles: map[string]string{}}
	var err error
	if view.Person, err = person.ByID(ctx, p.DB, v.Who, v.Brand.ID, id); err != nil {
		return view, err
	}
	if view.Person, err = p.onNetworks(r, view.Person); err != nil {
		return view, err
	}
	view.Show = r.URL.Query().Get("show")
	kinds, known := showKinds[view.Show]
	if !known {
		view.Show = ""
	}
	if view.Moments, view.Next, err = dossier.Timeline(ctx, p.DB, v.Who, v.Brand.ID, id, db.Page{After: r.URL.Query().Get("after"), Limit: 30}, kinds...); err != nil {
		return view, err
	}
	if view.Joined, err = merge.Of(ctx, p.DB, v.Brand.ID, id); err != nil {
		return view, err
	}
	if view.Proven, err = merge.ProvenBy(ctx, p.DB, v.Brand.ID, id); err != nil {
		return view, err
	}
	if p.May(r, access.MemberRead) {
		m, err := member.OfPerson(ctx, p.DB, v.Brand.ID, id)
		if err == nil {
			view.Member = &m
		} else if !fault.Is(err, fault.NotFound) {
			return view, err
		}
	}
	if view.Conversations, err = dossier.Conversations(ctx, p.DB, v.Who, v.Brand.ID, id, 12); err != nil {
		return view, err
	}
	if view.Happened, err = p.team.Happened(r, "people", id); err != nil {
		return view, err
	}
	if v.Brand.Retention > 0 && view.MemberAt == 0 {
		view.Forget = view.LastAt.Add(time.Duration(v.Brand.Retention) * 24 * time.Hour)
	}
	return view, p.personPlaces(r, &view)
}

// onNetworks leaves what somebody said in the community out of their messages: it
// is counted there.
func (p *Pages) onNetworks(r *http.Request, one person.Person) (person.Person, error) {
	posts, err := person.InCommunity(r.Context(), p.DB, studio.At(r).Brand.ID, []string{one.ID})
	one.Messages = max(0, one.Messages-posts[one.ID])
	return one, err
}

// personPlaces fills in what the ids in the view are called.
func (p *Pages) personPlaces(r *http.Request, view *dossierView) error {
	var channels, accounts []string
	for _, g := range view.Joined {
		accounts = append(accounts, g.Account, g.UndoneBy)
	}
	for _, m := range view.Moments {
		switch {
		case m.Note != nil:
			accounts = append(accounts, m.Note.Account)
		case m.Member != nil:
			accounts = append(accounts, m.Member.Account)
		case m.Decision != nil:
			accounts = append(accounts, m.Decision.Account)
		case m.Said != nil:
			for _, a := range m.Said.Answers {
				accounts = append(accounts, a.Account)
			}
		}
		if m.Message == nil {
			continue
		}
		channels = append(channels, m.Message.Channel)
		for _, a := range m.Message.Answers {
			accounts = append(accounts, a.Account)
		}
	}
	for _, c := range view.Conversations {
		channels, accounts = append(channels, c.Channel), append(accounts, c.Assignee)
	}
	for _, i := range view.Identities {
		view.Titles[i.Network] = p.NetworkTitle(i.Network)
	}
	known, err := channel.ByIDs(r.Context(), p.DB, studio.At(r).Brand.ID, studio.Distinct(channels))
	if err != nil {
		return err
	}
	for id, c := range known {
		view.Channels[id] = p.RowOf(c)
	}
	view.Names, err = p.Names(r.Context(), accounts...)
	return err
}

// personSave changes what the team calls somebody and says of them.
func (p *Pages) personSave(w http.ResponseWriter, r *http.Request) error {
	v, ctx := studio.At(r), r.Context()
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	was := person.Input{Name: f.Value("was.name"), About: strings.ReplaceAll(f.Value("was.about"), "\r\n", "\n")}
	id, err := p.follow(r, func(id string) error {
		_, err := person.Save(ctx, p.DB, v.Who, v.Brand.ID, id, was, person.Input{Name: f.Value("name"), About: f.Value("about")})
		return err
	})
	if err != nil {
		if f.Refused(err, "name", "about") {
			return p.personPage(w, r, f)
		}
		return err
	}
	p.Note(w, r, i18n.T(ctx, "Saved."), "")
	return studio.See(w, r, studio.Path(v.Brand.Slug, "people", id))
}

// follow does something to the person of the address, or to who they have become a
// part of since it was opened, whose page it is from then on.
func (p *Pages) follow(r *http.Request, do func(id string) error) (string, error) {
	id, err := merge.Follow(r.Context(), p.DB, studio.At(r).Brand.ID, r.PathValue("person"), do)
	r.SetPathValue("person", id)
	return id, err
}

// personNote keeps a note about somebody.
func (p *Pages) personNote(w http.ResponseWriter, r *http.Request) error {
	v, ctx := studio.At(r), r.Context()
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	id, err := p.follow(r, func(id string) error {
		_, err := person.AddNote(ctx, p.DB, v.Who, v.Brand.ID, id, f.Value("text"))
		return err
	})
	if err != nil {
		if f.Refused(err, "text") {
			return p.personPage(w, r, f)
		}
		return err
	}
	return studio.See(w, r, studio.Path(v.Brand.Slug, "people", id))
}

// personExport hands out everything known of somebody as a file.
func (p *Pages) personExport(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	var b bytes.Buffer
	id, err := p.follow(r, func(id string) error {
		b.Reset()
		return dossier.Write(r.Context(), p.DB, v.Who, v.Brand.ID, id, &b)
	})
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="person-`+id+`.json"`)
	_, _ = w.Write(b.Bytes()) // the reader has gone; nobody is left to tell
	return nil
}

// personEraseAsk asks before somebody is erased.
func (p *Pages) personEraseAsk(w http.ResponseWriter, r *http.Request) error {
	return p.eraseForm(w, r, entry.Form{})
}

func (p *Pages) eraseForm(w http.ResponseWriter, r *http.Request, f entry.Form) error {
	v := studio.At(r)
	if err := v.Who.May(p.DB.Now(), v.Brand.ID, access.PersonWrite); err != nil {
		return err
	}
	one, err := person.ByID(r.Context(), p.DB, v.Who, v.Brand.ID, r.PathValue("person"))
	if fault.Is(err, fault.NotFound) {
		return p.erased(w, r, err)
	}
	if err == nil {
		one, err = p.onNetworks(r, one)
	}
	if err != nil {
		return err
	}
	head := ui.Head{Title: i18n.T(r.Context(), "Erase {{.Person}}", "Person", one.Name),
		Back: studio.Path(v.Brand.Slug, "people", one.ID), BackText: i18n.T(r.Context(), "Back to the person")}
	return p.Show(w, r, studio.Page{Area: "people", Head: head, Status: f.Status()}, personErasePage(v.Brand.Slug, one, f))
}

// personErase erases them. Their name must be typed.
func (p *Pages) personErase(w http.ResponseWriter, r *http.Request) error {
	v, ctx := studio.At(r), r.Context()
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	if err := dossier.Erase(ctx, p.DB, v.Who, v.Brand.ID, r.PathValue("person"), f.Value("confirm")); err != nil {
		if f.Refused(err, "confirm") {
			return p.eraseForm(w, r, f)
		}
		if fault.Is(err, fault.NotFound) {
			return p.erased(w, r, err)
		}
		return err
	}
	return p.erasedNote(w, r)
}

// erased leads where the first of two clicks led. A record that has become a
// part of another is not erased: that one's page says what there is.
func (p *Pages) erased(w http.ResponseWriter, r *http.Request, missing error) error {
	v := studio.At(r)
	gone, err := dossier.Gone(r.Context(), p.DB, v.Who, v.Brand.ID, r.PathValue("person"))
	if err != nil {
		return err
	}
	if gone {
		return p.erasedNote(w, r)
	}
	return p.moved(w, r, missing)
}

func (p *Pages) erasedNote(w http.ResponseWriter, r *http.Request) error {
	v, ctx := studio.At(r), r.Context()
	p.Note(w, r, i18n.T(ctx, "They are erased. That they wrote, and what you answered, stays."), "")
	return studio.See(w, r, studio.Path(v.Brand.Slug, "people"))
}
