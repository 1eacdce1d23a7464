package inbox

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/bridge"
	"rapport/internal/channel"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/web/entry"
	"rapport/internal/web/studio"
	"rapport/internal/web/ui"
)

// Filter is what the address of the inbox says: a queue, narrowed to a
// channel, a kind of conversation and a label.
type Filter struct {
	Queue, Channel, Kind, Label string
}

// query is the filter as the address carries it, with the place in the list.
func (f Filter) query(after string) string {
	q := url.Values{}
	for name, value := range map[string]string{"queue": f.Queue, "channel": f.Channel, "kind": f.Kind, "label": f.Label, "after": after} {
		if value != "" && value != queueFirst {
			q.Set(name, value)
		}
	}
	return q.Encode()
}

func filterOf(q url.Values) Filter {
	return Filter{Queue: cmp.Or(q.Get("queue"), queueFirst), Channel: q.Get("channel"), Kind: q.Get("kind"), Label: q.Get("label")}
}

func (f Filter) on(channel string) Filter { f.Channel = channel; return f }
func (f Filter) of(kind string) Filter    { f.Kind = kind; return f }
func (f Filter) with(label string) Filter { f.Label = label; return f }

// narrow reports whether it leaves out some of its queue.
func (f Filter) narrow() bool { return f.Channel+f.Kind+f.Label != "" }

// queueFirst is the queue that the inbox opens with.
const queueFirst = "todo"

// queue is a place where conversations wait.
type queue struct {
	key, label, icon string
	filter           conversation.Filter
	count            func(conversation.Counts) int
	urgent           bool
}

var working = []conversation.State{conversation.StateNew, conversation.StateOpen}

// queues are those of the inbox, in their order.
var queues = []queue{
	{queueFirst, "To do", "inbox", conversation.Filter{States: working}, func(c conversation.Counts) int { return c.New + c.Open }, false},
	{"new", "New", "circle-dot", conversation.Filter{States: []conversation.State{conversation.StateNew}}, func(c conversation.Counts) int { return c.New }, true},
	{"mine", "Mine", "user-check", conversation.Filter{States: working, Assignee: conversation.Me}, func(c conversation.Counts) int { return c.Mine }, true},
	{"unassigned", "Unassigned", "user-plus", conversation.Filter{States: working, Assignee: conversation.Nobody}, func(c conversation.Counts) int { return c.Unassigned }, false},
	{"waiting", "Waiting", "hourglass", conversation.Filter{Waiting: true}, func(c conversation.Counts) int { return c.Waiting }, false},
	{"mentioned", "Notes that name me", "at-sign", conversation.Filter{Mentioned: true}, nil, false},
	{"snoozed", "Snoozed", "alarm-clock", conversation.Filter{States: []conversation.State{conversation.StateSnoozed}}, func(c conversation.Counts) int { return c.Snoozed }, false},
	{"done", "Done", "circle-check", conversation.Filter{States: []conversation.State{conversation.StateDone}}, nil, false},
	{"all", "Everything", "layers", conversation.Filter{}, nil, false},
}

// queueNamed returns the queue; one that does not exist is not found.
func queueNamed(key string) (queue, error) {
	i := slices.IndexFunc(queues, func(q queue) bool { return q.key == key })
	if i < 0 {
		return queue{}, fault.New(fault.NotFound, "There is no such queue in the inbox.")
	}
	return queues[i], nil
}

// total is how many are in it, 0 where nobody counts.
func (q queue) total(c conversation.Counts) int {
	if q.count == nil {
		return 0
	}
	return q.count(c)
}

// domain is the filter as conversations take it.
func (f Filter) domain(q queue) conversation.Filter {
	out := q.filter
	out.Channel, out.Kind, out.Label = f.Channel, f.Kind, f.Label
	return out
}

// View is the inbox: queues, the list of one, and an open conversation.
type View struct {
	Slug      string
	Filter    Filter
	After     string // where the list begins; "" at its beginning
	Title     string
	Total     string
	Queues    []ui.Queue
	Channels  []ui.Queue
	Kinds     []ui.Queue
	Labels    []ui.Queue
	Rows      []ui.ConversationArgs
	Next      string
	Open      *threadView
	Rest      restView
	Team      []memberView
	AllLabels []labelView
	Snoozes   []snooze
	Form      entry.Form

	AnyChannel bool
	Filtered   bool
	MayWrite   bool
	MayLink    bool
	Now        time.Time
}

// restView is what an empty queue says.
type restView struct{ Art, Line, Detail, Label, Href string }

// memberView is somebody of the team who may look after conversations.
type memberView struct {
	ID, Name string
	Me       bool
}

// labelView is a label; On where it is on the conversation.
type labelView struct {
	ID, Name string
	Hue      int
	On       bool
}

// address is the inbox with the filter: the list, or a conversation beside it.
func (v View) address(id, after string) string {
	return Address(v.Slug, v.Filter, id, after)
}

// Address is the inbox under a filter; id is the conversation that is open in
// it, after is where the list goes on. Both may be "".
func Address(slug string, f Filter, id, after string) string {
	at := studio.Path(slug, "inbox")
	if id != "" {
		at = studio.Path(slug, "inbox", id)
	}
	if q := f.query(after); q != "" {
		at += "?" + q
	}
	return at
}

// unfiltered is the queue without anything that narrows it.
func (v View) unfiltered() string {
	return Address(v.Slug, Filter{Queue: v.Filter.Queue}, "", "")
}

// chips are the filters beside the queue.
func (v View) chips(ctx context.Context) []ui.Chip {
	var out []ui.Chip
	chip := func(name, menu string, all []ui.Queue, without Filter, active bool) {
		c := ui.Chip{Name: name, Menu: menu}
		if active {
			c.Value, c.Remove = i18n.T(ctx, "removed"), Address(v.Slug, without, "", "")
			if i := slices.IndexFunc(all, func(q ui.Queue) bool { return q.Active }); i >= 0 {
				c.Value = all[i].Label
			}
		}
		if active || len(all) > 0 {
			out = append(out, c)
		}
	}
	f := v.Filter
	if len(v.Channels) > 1 || f.Channel != "" {
		chip(i18n.T(ctx, "Channel"), "channel-menu", v.Channels, f.on(""), f.Channel != "")
	}
	chip(i18n.T(ctx, "Kind"), "kind-menu", v.Kinds, f.of(""), f.Kind != "")
	chip(i18n.T(ctx, "Label"), "label-menu", v.Labels, f.with(""), f.Label != "")
	return out
}

// inboxList is the inbox without a conversation open.
func (p *Pages) inboxList(w http.ResponseWriter, r *http.Request) error {
	return p.inboxPage(w, r, entry.Form{})
}

func (p *Pages) inboxPage(w http.ResponseWriter, r *http.Request, f entry.Form) error {
	view, err := p.inboxView(r, "")
	if err != nil {
		return err
	}
	view.Form = f
	switch {
	case studio.FromHTMX(r) && r.Header.Get("HX-Target") == "li#more":
		return studio.Part(w, r, inboxRows(view))
	case studio.FromHTMX(r) && r.Header.Get("HX-Target") == "section#list":
		return studio.Part(w, r, listPiece(view))
	case studio.FromHTMX(r) && r.Header.Get("HX-Target") == "section#thread":
		return studio.Part(w, r, inboxNoThread(view))
	}
	return p.inboxShow(w, r, view, f.Status())
}

func (p *Pages) inboxShow(w http.ResponseWriter, r *http.Request, view View, status int) error {
	ctx := r.Context()
	pg := studio.Page{Area: "inbox", Head: ui.Head{Title: i18n.T(ctx, "Inbox")}, Fill: true, Flush: true, Status: status, Keys: inboxKeys(ctx)}
	if view.Open != nil {
		pg.Title = view.Open.Title + " · " + i18n.T(ctx, "Inbox")
	}
	return p.Show(w, r, pg, inboxPage(view))
}

func inboxKeys(ctx context.Context) []ui.KeyLine {
	return []ui.KeyLine{
		{Text: i18n.T(ctx, "Open the conversation"), Keys: []string{"↵"}},
		{Text: i18n.T(ctx, "Answer"), Keys: []string{"r"}},
		{Text: i18n.T(ctx, "Write a note"), Keys: []string{"n"}},
		{Text: i18n.T(ctx, "Done, or reopen"), Keys: []string{"e"}},
		{Text: i18n.T(ctx, "Snooze"), Keys: []string{"s"}},
		{Text: i18n.T(ctx, "Assign"), Keys: []string{"a"}},
		{Text: i18n.T(ctx, "Label"), Keys: []string{"l"}},
		{Text: i18n.T(ctx, "Send what is written"), Keys: []string{"⌘", "↵"}},
		{Text: i18n.T(ctx, "Back to the list"), Keys: []string{"u"}},
	}
}

// View reads the queues and the list; open is the conversation that shows
// beside it.
func (p *Pages) inboxView(r *http.Request, open string) (View, error) {
	v, ctx := studio.At(r), r.Context()
	view := View{Slug: v.Brand.Slug, Filter: filterOf(r.URL.Query()), After: r.URL.Query().Get("after"), Now: p.DB.Now().Time(),
		MayWrite: p.May(r, access.ConversationWrite), MayLink: p.May(r, access.ChannelWrite), Snoozes: snoozes(ctx, v.Brand, p.DB.Now())}
	q, err := queueNamed(view.Filter.Queue)
	if err != nil {
		return view, err
	}
	counts, err := p.Counts(ctx, v)
	if err != nil {
		return view, err
	}
	view.Title, view.Queues = i18n.T(ctx, q.label), view.queueList(ctx, counts)
	if n := q.total(counts); n > 0 && !view.Filter.narrow() {
		view.Total = Counted(ctx, n)
	}
	view.Filtered = view.Filter.narrow()
	channels, err := p.inboxSides(r, &view)
	if err != nil {
		return view, err
	}
	view.Rest = view.rest(ctx, counts)
	return view, p.inboxRows(r, &view, q, open, channels)
}

// Counted is a count as far as it was counted.
func Counted(ctx context.Context, n int) string {
	text := i18n.Number(ctx, n)
	if n >= conversation.CountMost {
		text += "+"
	}
	return text
}

func (v View) queueList(ctx context.Context, counts conversation.Counts) []ui.Queue {
	out := make([]ui.Queue, len(queues))
	for i, q := range queues {
		to := v.Filter
		to.Queue = q.key
		out[i] = ui.Queue{Label: i18n.T(ctx, q.label), Icon: q.icon, Active: q.key == v.Filter.Queue, Urgent: q.urgent, Count: q.total(counts),
			Href: Address(v.Slug, to, "", "")}
	}
	return out
}

// inboxSides reads what the list may be narrowed to, and the team.
func (p *Pages) inboxSides(r *http.Request, view *View) (map[string]channel.Channel, error) {
	v, ctx := studio.At(r), r.Context()
	all, err := channel.List(ctx, p.DB, v.Who, v.Brand.ID)
	if err != nil {
		return nil, err
	}
	view.AnyChannel = len(all) > 0
	own := false
	byID := make(map[string]channel.Channel, len(all))
	for _, c := range all {
		byID[c.ID] = c
		own = own || c.Network == bridge.Name
		to := view.Filter.on(c.ID)
		if c.ID == view.Filter.Channel {
			to = view.Filter.on("")
		}
		view.Channels = append(view.Channels, ui.Queue{Label: c.Handle, Glyph: c.Network, Active: c.ID == view.Filter.Channel, Href: Address(view.Slug, to, "", "")})
	}
	view.Kinds = view.kinds(ctx, own)
	if view.AllLabels, err = p.labelViews(r, nil); err != nil {
		return nil, err
	}
	for _, l := range view.AllLabels {
		to := view.Filter.with(l.ID)
		if l.ID == view.Filter.Label {
			to = view.Filter.with("")
		}
		view.Labels = append(view.Labels, ui.Queue{Label: l.Name, Hue: ui.LabelHue(l.Hue), Active: l.ID == view.Filter.Label, Href: Address(view.Slug, to, "", "")})
	}
	if view.MayWrite {
		view.Team, err = p.teamViews(r, "")
	}
	return byID, err
}

// kinds are those that the list may be narrowed to; own says that the brand has
// a community, where some of them come from.
func (v View) kinds(ctx context.Context, own bool) (out []ui.Queue) {
	for _, k := range []struct {
		kind, label, icon string
		own               bool
	}{
		{conversation.KindComment, i18n.T(ctx, "Comments"), "message-circle", false},
		{conversation.KindMention, i18n.T(ctx, "Mentions"), "at-sign", false},
		{conversation.KindQuestion, i18n.T(ctx, "Questions"), "circle-help", true},
		{conversation.KindFlag, i18n.T(ctx, "Flagged"), "flag", true},
		{conversation.KindWaiting, i18n.T(ctx, "Waits for a look"), "hourglass", true},
	} {
		active := k.kind == v.Filter.Kind
		if k.own && !own && !active {
			continue
		}
		to := v.Filter.of(k.kind)
		if active {
			to = v.Filter.of("")
		}
		out = append(out, ui.Queue{Label: k.label, Icon: k.icon, Active: active, Href: Address(v.Slug, to, "", "")})
	}
	return out
}

// labelViews are the brand's labels; those with an id in on are on something.
func (p *Pages) labelViews(r *http.Request, on []string) ([]labelView, error) {
	v := studio.At(r)
	all, err := conversation.Labels(r.Context(), p.DB, v.Who, v.Brand.ID)
	out := make([]labelView, len(all))
	for i, l := range all {
		out[i] = labelView{ID: l.ID, Name: l.Name, Hue: l.Hue, On: slices.Contains(on, l.ID)}
	}
	return out, err
}

// teamViews are those who may look after a conversation on the channel, the
// visitor first.
func (p *Pages) teamViews(r *http.Request, channelID string) ([]memberView, error) {
	v := studio.At(r)
	team, err := account.Team(r.Context(), p.DB, v.Who, v.Brand.ID)
	if err != nil {
		return nil, err
	}
	var channels []string
	if channelID != "" {
		channels = []string{channelID}
	}
	var out []memberView
	for _, m := range team {
		who := access.Who{Account: m.ID, Grants: []access.Grant{m.Grant}}
		if m.DisabledAt > 0 || who.May(p.DB.Now(), v.Brand.ID, access.ConversationWrite, channels...) != nil {
			continue
		}
		out = append(out, memberView{ID: m.ID, Name: m.Name, Me: m.ID == v.Who.Account})
	}
	slices.SortStableFunc(out, func(a, b memberView) int {
		switch {
		case a.Me == b.Me:
			return 0
		case a.Me:
			return -1
		}
		return 1
	})
	return out, nil
}

// inboxRows reads the page of the list. What is open stays in it, also where
// opening it took it out of the queue.
func (p *Pages) inboxRows(r *http.Request, view *View, q queue, open string, channels map[string]channel.Channel) error {
	v, ctx := studio.At(r), r.Context()
	shown, _ := strconv.Atoi(r.URL.Query().Get("shown")) // a broken number is none
	open = cmp.Or(open, r.URL.Query().Get("beside"))
	all, next, err := conversation.List(ctx, p.DB, v.Who, v.Brand.ID, view.Filter.domain(q), db.Page{After: view.After, Limit: min(max(shown, 0), 200)})
	if err != nil {
		return err
	}
	view.Next = next
	if q.key == "new" && open != "" {
		all = p.withOpened(r, all, open, next == "")
	}
	ids := make([]string, len(all))
	for i, c := range all {
		ids[i] = c.Assignee
	}
	names, err := p.Names(ctx, ids...)
	if err != nil {
		return err
	}
	for _, c := range all {
		row := view.Row(ctx, c, channels[c.Channel], names[c.Assignee])
		row.Mine, row.Open = c.Assignee != "" && c.Assignee == v.Who.Account, c.ID == open
		view.Rows = append(view.Rows, row)
	}
	return nil
}

// withOpened puts the open conversation into the list of new ones at its
// place, so that it does not vanish while it is read.
func (p *Pages) withOpened(r *http.Request, all []conversation.Conversation, open string, whole bool) []conversation.Conversation {
	v := studio.At(r)
	if slices.ContainsFunc(all, func(c conversation.Conversation) bool { return c.ID == open }) {
		return all
	}
	c, err := conversation.ByID(r.Context(), p.DB, v.Who, v.Brand.ID, open)
	if err != nil || c.State != conversation.StateOpen {
		return all
	}
	f := filterOf(r.URL.Query())
	if f.Channel != "" && f.Channel != c.Channel || f.Kind != "" && f.Kind != c.Kind || f.Label != "" && !slices.Contains(c.Labels, f.Label) {
		return all
	}
	i := slices.IndexFunc(all, func(o conversation.Conversation) bool { return o.LastAt < c.LastAt })
	switch {
	case i >= 0:
		return slices.Insert(all, i, c)
	case whole:
		return append(all, c)
	}
	return all
}

// Row is a conversation in a list; on is its channel, assignee the name of who has
// it, "" for nobody.
func (v View) Row(ctx context.Context, c conversation.Conversation, on channel.Channel, assignee string) ui.ConversationArgs {
	row := ui.ConversationArgs{ID: c.ID, Href: v.address(c.ID, v.After), Name: personName(ctx, c), Network: on.Network, Channel: on.Handle,
		Excerpt: inWords(c.Excerpt, on.Network), State: ui.ConversationState(string(c.State)), Fresh: c.State == conversation.StateNew, Now: v.Now, At: c.LastAt.Time(),
		Assignee: assignee, Messages: int(c.Messages), Choose: v.MayWrite, Chosen: v.Form.Has("conversation", c.ID)}
	row.Kind, row.KindIcon = kindWords(ctx, c.Kind)
	if c.WaitingSince > 0 && (c.State == conversation.StateNew || c.State == conversation.StateOpen) {
		row.Waiting = c.WaitingSince.Time()
	}
	if c.State == conversation.StateSnoozed {
		row.Until = c.SnoozedUntil.Time()
	}
	for _, l := range v.AllLabels {
		if slices.Contains(c.Labels, l.ID) {
			row.Labels = append(row.Labels, ui.Label{Name: l.Name, Hue: l.Hue})
		}
	}
	return row
}

// personName is what to call who began a conversation.
func personName(ctx context.Context, c conversation.Conversation) string {
	return cmp.Or(c.From.Label(), i18n.T(ctx, "Somebody unknown"))
}

// rest is what the queue says while nothing is in it.
func (v View) rest(ctx context.Context, counts conversation.Counts) restView {
	all := func(r restView) restView {
		if counts.New+counts.Open > 0 {
			r.Label, r.Href = i18n.T(ctx, "See what is to do"), Address(v.Slug, Filter{}, "", "")
		}
		return r
	}
	switch v.Filter.Queue {
	case queueFirst, "new":
		return all(restView{Art: "rest", Line: i18n.T(ctx, "Everybody has been heard"), Detail: i18n.T(ctx, "New comments, replies and mentions show up here within a minute or so, without a reload.")})
	case "mine":
		return all(restView{Art: "rest", Line: i18n.T(ctx, "Nothing is yours to do"), Detail: i18n.T(ctx, "What you or others assign to you waits here. Press a on a conversation to take it.")})
	case "unassigned":
		return all(restView{Art: "rest", Line: i18n.T(ctx, "Everything has somebody"), Detail: i18n.T(ctx, "Conversations that nobody looks after wait here.")})
	case "waiting":
		return all(restView{Art: "rest", Line: i18n.T(ctx, "Nobody waits for an answer"), Detail: i18n.T(ctx, "Whoever waits longest stands first here.")})
	case "mentioned":
		return all(restView{Art: "inbox", Line: i18n.T(ctx, "No note names you"), Detail: i18n.T(ctx, "When somebody of the team writes @ and your name in a note, the conversation is here.")})
	case "snoozed":
		return all(restView{Art: "rest", Line: i18n.T(ctx, "Nothing is put off"), Detail: i18n.T(ctx, "Press s on a conversation to have it come back later.")})
	case "done":
		return all(restView{Art: "inbox", Line: i18n.T(ctx, "What is done will be here"), Detail: i18n.T(ctx, "Press e on a conversation when nothing more is to be done. It opens again by itself when somebody writes.")})
	}
	return restView{Art: "inbox", Line: i18n.T(ctx, "Nobody has said anything yet"), Detail: i18n.T(ctx, "Comments, replies and mentions of your channels come here.")}
}
