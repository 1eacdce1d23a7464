package inbox

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"rapport/internal/access"
	"rapport/internal/bridge"
	"rapport/internal/channel"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/network"
	"rapport/internal/person"
	"rapport/internal/post"
	"rapport/internal/presence"
	"rapport/internal/task"
	"rapport/internal/topic"
	"rapport/internal/web/entry"
	"rapport/internal/web/studio"
	"rapport/internal/web/together"
	"rapport/internal/web/ui"
)

// threadView is one conversation with all that shows beside it.
type threadView struct {
	Slug     string
	ID       string
	Title    string // who began it
	Network  string
	Where    string // on which channel it is, and what it is
	Self     string // the address it fetches itself again by
	Back     string // the list it was opened from
	Query    string // the filter of the list, kept through acts
	Revision string
	Zone     string

	State      ui.State
	Done       bool
	Until      time.Time
	Waiting    time.Time
	WaitingFor string
	Assignee   string
	AssigneeID string
	Labels     []labelView
	AllLabels  []labelView
	Team       []memberView
	Snoozes    []snooze
	PickAt     string

	Posted *ui.PostedArgs
	About  *aboutView // of a conversation in the community
	Items  []threadItem
	Moving bool // an answer is still on its way
	Older  string
	Newer  string
	Here   ui.PresenceArgs
	Tasks  together.TasksOnView
	Person *personView
	Reply  replyView
	Unsent *unsentView // nil where no answer was refused for good
	Look   *lookView   // nil where nothing is to be decided
	Form   entry.Form

	Crossed []crossView

	Tab, NoteText, NoteError string

	MayWrite, MayReply bool
	Answers            bool // there is somebody to answer
	Now                time.Time
}

// threadItem is one of a message, a note and a line about what happened.
type threadItem struct {
	Message  ui.MessageArgs
	Note     *ui.NoteArgs
	Happened *ui.HappenedArgs

	at       db.Time
	Answer   string // where the reply box answers this message
	Topic    string // where a topic is made of this message
	Prefill  string
	Public   string // who can read such an answer
	Delivery string
	To       string // the message that a reply answers
	Choices  []studio.ChoiceView
	TakeBack bool // it has not begun to go out
	Redo     bool
}

// aboutView is the topic that a conversation stands in.
type aboutView struct {
	Title, Href string
	Live        bool // everybody who may read its space can read it
}

// unsentView is an answer that nobody is left for.
type unsentView struct{ Text, Why string }

// replyView is the box that an answer is written in.
type replyView struct {
	New     string // the id that the answer is kept under, however often it is sent
	To      string // id of the message that is answered
	Name    string
	Public  string // who can read the answer
	Reach   string // as network.Visibility
	As      string
	Prefill string
	Text    string
	Error   string
	Stopped string // why nothing goes out at the moment
	Limits  network.Limits
}

// personView is who began a conversation.
type personView struct {
	Name, About, Href string
	Identities        []person.Identity
	Messages          int64
	First, Last       db.Time
	Others            []otherTalk
}

// otherTalk is another conversation with the same person.
type otherTalk struct {
	Href, Excerpt string
	State         ui.State
	At            time.Time
}

// names are those that a note may name.
func (t threadView) names() []string {
	out := []string{}
	for _, m := range t.Team {
		if !m.Me {
			out = append(out, m.Name)
		}
	}
	return out
}

// pressed marks the entry of a menu that is chosen.
func pressed(on bool) templ.Attributes {
	if on {
		return templ.Attributes{"aria-pressed": "true"}
	}
	return templ.Attributes{"aria-pressed": "false"}
}

// again marks the address by which an open page looks at a conversation again,
// which opens nothing.
const again = "again"

// inboxThreadShow is a conversation beside its list. Looking at a new one opens
// it.
func (p *Pages) inboxThreadShow(w http.ResponseWriter, r *http.Request) error {
	v, id := studio.At(r), r.PathValue("conversation")
	if r.URL.Query().Get(again) == "" {
		if _, err := conversation.Open(r.Context(), p.DB, v.Who, v.Brand.ID, id); err != nil {
			return err
		}
	}
	return p.inboxThreadPage(w, r, id, entry.Form{}, nil)
}

// inboxThreadPage answers with the conversation: alone where a script asked for
// it, else with its list. toast says what was done just now.
func (p *Pages) inboxThreadPage(w http.ResponseWriter, r *http.Request, id string, f entry.Form, toast *ui.ToastArgs) error {
	t, err := p.threadView(r, id, f)
	if err != nil {
		return err
	}
	if studio.FromHTMX(r) && r.Header.Get("HX-Target") == "section#thread" {
		return studio.Write(r.Context(), w, f.Status(), threadPiece(t, toast))
	}
	view, err := p.inboxView(r, id)
	if err != nil {
		return err
	}
	view.Open = &t
	return p.inboxShow(w, r, view, f.Status())
}

// threadView reads a conversation and all that shows beside it.
func (p *Pages) threadView(r *http.Request, id string, f entry.Form) (threadView, error) {
	v, ctx, q := studio.At(r), r.Context(), r.URL.Query()
	th, err := conversation.Read(ctx, p.DB, v.Who, v.Brand.ID, id, db.Page{After: q.Get("before")})
	if err != nil {
		return threadView{}, err
	}
	on, err := channel.ByIDs(ctx, p.DB, v.Brand.ID, []string{th.Channel})
	if err != nil {
		return threadView{}, err
	}
	c := p.RowOf(on[th.Channel])
	t := p.threadFrame(r, th.Conversation, c, f)
	if q.Get("before") != "" {
		t.Newer = Address(t.Slug, filterOf(q), id, q.Get("after"))
	}
	if th.Older != "" {
		t.Older = withParam(Address(t.Slug, filterOf(q), id, q.Get("after")), "before", th.Older)
	}
	for _, fill := range []func() error{
		func() error { return p.threadTeam(r, &t, th) },
		func() error { return p.threadAbout(r, &t, th, c) },
		func() error { return p.threadItems(r, &t, th, c) },
		func() error { return p.threadPosted(r, &t, th.Conversation, c) },
		func() error { return p.threadPerson(r, &t, th) },
		func() error { return p.threadLook(r, &t, th, f) },
		func() error { return p.threadCrossed(r, &t, th) },
	} {
		if err := fill(); err != nil {
			return t, err
		}
	}
	t.Reply = p.replyView(r, t, th, c, f)
	if f.Values.Has("note") {
		t.Tab, t.NoteText, t.NoteError = "note", f.Raw("note"), cmp.Or(f.Error("text"), f.Text)
	}
	if f.Values.Has("text") && !t.Answers {
		t.Unsent = &unsentView{Text: f.Raw("text"), Why: f.Text}
	}
	if f.Values.Has("note") || f.Values.Has("text") {
		t.Form.Text = "" // the box says it
	}
	return t, nil
}

// withParam adds something to an address.
func withParam(address, name, value string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address // ours always parse
	}
	q := u.Query()
	q.Set(name, value)
	u.RawQuery = q.Encode()
	return u.String()
}

// threadFrame is what the row of the conversation says.
func (p *Pages) threadFrame(r *http.Request, c conversation.Conversation, on studio.ChannelRow, f entry.Form) threadView {
	v, ctx, q := studio.At(r), r.Context(), r.URL.Query()
	filter, after := filterOf(q), q.Get("after")
	t := threadView{Slug: v.Brand.Slug, ID: c.ID, Title: personName(ctx, c), Network: on.Network, Now: on.Now, Form: f,
		Revision: strconv.FormatInt(c.Revision, 10), State: ui.ConversationState(string(c.State)), Done: c.State == conversation.StateDone,
		Back: Address(v.Brand.Slug, filter, "", after) + "#talk-" + c.ID, Query: filter.query(after), AssigneeID: c.Assignee,
		Snoozes: snoozes(ctx, v.Brand, p.DB.Now()), Zone: studio.Place(v.Brand.Zone), PickAt: studio.Wall(v.Brand, p.DB.Now().Add(24*time.Hour)),
		MayWrite: v.Who.May(p.DB.Now(), v.Brand.ID, access.ConversationWrite, c.Channel) == nil,
		MayReply: v.Who.May(p.DB.Now(), v.Brand.ID, access.ConversationReply, c.Channel) == nil && c.Kind != conversation.KindWaiting}
	t.Where = threadPlace(ctx, c, on)
	t.Self = withParam(Address(v.Brand.Slug, filter, c.ID, after), again, "1")
	if before := q.Get("before"); before != "" {
		t.Self = withParam(t.Self, "before", before)
	}
	if c.State == conversation.StateSnoozed {
		t.Until = c.SnoozedUntil.Time()
	}
	if c.WaitingSince > 0 && (c.State == conversation.StateNew || c.State == conversation.StateOpen) {
		t.Waiting = c.WaitingSince.Time()
	}
	return t
}

// threadTeam reads labels, the team and who else is there.
func (p *Pages) threadTeam(r *http.Request, t *threadView, th conversation.Thread) error {
	var err error
	if t.AllLabels, err = p.labelViews(r, th.Labels); err != nil {
		return err
	}
	for _, l := range t.AllLabels {
		if l.On {
			t.Labels = append(t.Labels, l)
		}
	}
	if t.MayWrite {
		if t.Team, err = p.teamViews(r, th.Channel); err != nil {
			return err
		}
	}
	names, err := p.Names(r.Context(), t.AssigneeID)
	if err != nil {
		return err
	}
	t.Assignee = names[t.AssigneeID]
	if t.Here, err = p.presence(r.Context(), th.Here); err != nil {
		return err
	}
	t.Tasks, err = p.together.TasksOn(r, task.OnConversation, th.ID)
	return err
}

// presence names who is there.
func (p *Pages) presence(ctx context.Context, here []presence.Somebody) (ui.PresenceArgs, error) {
	var out ui.PresenceArgs
	ids := make([]string, len(here))
	for i, h := range here {
		ids[i] = h.Account
	}
	names, err := p.Names(ctx, ids...)
	for _, h := range here {
		switch name := names[h.Account]; {
		case name == "":
		case h.BusyAt > 0:
			out.Writing = append(out.Writing, name)
		default:
			out.Looking = append(out.Looking, name)
		}
	}
	return out, err
}

// threadAbout is the topic that a conversation in the community stands in.
func (p *Pages) threadAbout(r *http.Request, t *threadView, th conversation.Thread, on studio.ChannelRow) error {
	if on.Network != bridge.Name {
		return nil
	}
	v, root := studio.At(r), ""
	for _, m := range th.Messages {
		root = cmp.Or(root, m.Ref.Root) // what is erased names none
	}
	all, err := topic.ByIDs(r.Context(), p.DB, v.Brand.ID, []string{root})
	if err != nil {
		return err
	}
	if about, there := all[root]; there {
		t.About = &aboutView{Title: about.Title, Href: "/b/" + v.Brand.Slug + about.Path(), Live: about.State == topic.Live}
	}
	return nil
}

// threadPosted is the brand's own post that the conversation stands below.
func (p *Pages) threadPosted(r *http.Request, t *threadView, c conversation.Conversation, on studio.ChannelRow) error {
	v, ctx := studio.At(r), r.Context()
	if c.Post == "" || !p.May(r, access.PostRead) {
		return nil
	}
	one, err := post.ByID(ctx, p.DB, v.Who, v.Brand.ID, c.Post)
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Denied) {
		return nil
	}
	if err != nil {
		return err
	}
	posted := ui.PostedArgs{Title: i18n.T(ctx, "Below your post on {{.Network}}", "Network", on.Title), Text: studio.OrWithout(ctx, one.Excerpt),
		Href: studio.Path(v.Brand.Slug, "posts", one.ID), Now: t.Now}
	if c.Delivery != "" {
		d, err := delivery.ByID(ctx, p.DB, v.Brand.ID, c.Delivery)
		if err == nil {
			posted.Link, posted.At = d.RemoteURL, cmp.Or(d.PublishedAt, d.DueAt).Time()
		} else if !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	if id := studio.FirstPicture(one.ContentFor(c.Channel)); id != "" {
		posted.Picture = studio.SquarePicture("posted-thumb", studio.Squares(v.Brand.Slug, []string{id})[0])
	}
	t.Posted = &posted
	return nil
}

// personView is what is known of who began the conversation: for those who may
// not see people, what the conversation itself shows.
func (p *Pages) personView(r *http.Request, th conversation.Thread) (personView, error) {
	v := studio.At(r)
	one, err := person.ByID(r.Context(), p.DB, v.Who, v.Brand.ID, th.From.Person)
	switch {
	case err == nil:
		return personView{Name: one.Label(), About: one.About, Href: studio.Path(v.Brand.Slug, "people", one.ID), Identities: one.Identities,
			Messages: one.Messages, First: one.FirstAt, Last: one.LastAt}, nil
	case !fault.Is(err, fault.Denied) && !fault.Is(err, fault.NotFound):
		return personView{}, err
	}
	view := personView{Name: th.From.Label(), Identities: []person.Identity{th.From}}
	for _, m := range th.Messages {
		if m.Person != th.From.Person {
			continue
		}
		view.Messages++
		if view.First == 0 || m.At < view.First {
			view.First = m.At
		}
		view.Last = max(view.Last, m.At)
	}
	return view, nil
}

const othersMost = 5

// threadPerson is who began it, with what else they said.
func (p *Pages) threadPerson(r *http.Request, t *threadView, th conversation.Thread) error {
	v, ctx := studio.At(r), r.Context()
	id := th.From.Person
	if id == "" || th.From.ID == "" {
		return nil
	}
	view, err := p.personView(r, th)
	if err != nil {
		return err
	}
	others, _, err := conversation.List(ctx, p.DB, v.Who, v.Brand.ID, conversation.Filter{Person: id}, db.Page{Limit: othersMost + 1})
	if err != nil {
		return err
	}
	for _, c := range slices.DeleteFunc(others, func(c conversation.Conversation) bool { return c.ID == th.ID }) {
		if len(view.Others) < othersMost {
			view.Others = append(view.Others, otherTalk{Href: Address(v.Brand.Slug, Filter{Queue: "all"}, c.ID, ""),
				Excerpt: cmp.Or(c.Excerpt, i18n.T(ctx, "Without words")), State: ui.ConversationState(string(c.State)), At: c.LastAt.Time()})
		}
	}
	t.Person = &view
	return nil
}
