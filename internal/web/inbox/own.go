package inbox

import (
	"cmp"
	"context"
	"net/http"
	"strconv"
	"strings"

	"rapport/internal/access"
	"rapport/internal/bridge"
	"rapport/internal/channel"
	"rapport/internal/conversation"
	"rapport/internal/document"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/network"
	"rapport/internal/space"
	"rapport/internal/topic"
	"rapport/internal/web/entry"
	"rapport/internal/web/studio"
	"rapport/internal/web/ui"
)

// lookView is what the team can decide in a conversation about a reply that was
// flagged or waits.
type lookView struct {
	Waiting bool
	Seen    string // the revision of the words that are shown
	Rules   []string
	Rule    string
	Reason  string
	Error   string
}

// crossView is a topic that was made of a message of the conversation.
type crossView struct {
	ID, Title, Href string
	State           bridge.State
	Words           string
	Detail          string
	Carry           bool // somebody has to send the answer back
}

// kindWords are what a kind of conversation is called in a list; "" for those
// that need no word.
func kindWords(ctx context.Context, kind string) (label, icon string) {
	switch kind {
	case conversation.KindQuestion:
		return i18n.T(ctx, "Question"), "circle-help"
	case conversation.KindFlag:
		return i18n.T(ctx, "Flagged"), "flag"
	case conversation.KindWaiting:
		return i18n.T(ctx, "Waits for a look"), "hourglass"
	}
	return "", ""
}

// threadPlace says what the conversation is and where it stands.
func threadPlace(ctx context.Context, c conversation.Conversation, on studio.ChannelRow) string {
	switch c.Kind {
	case conversation.KindQuestion:
		return i18n.T(ctx, "Question in the community")
	case conversation.KindFlag:
		return i18n.T(ctx, "Flagged in the community")
	case conversation.KindWaiting:
		return i18n.T(ctx, "Waits for a look in the community")
	case conversation.KindMention:
		if on.Network == bridge.Name {
			return i18n.T(ctx, "Calls the team in the community")
		}
		return i18n.T(ctx, "Mention on {{.Network}}, of {{.Channel}}", "Network", on.Title, "Channel", on.Handle)
	}
	return i18n.T(ctx, "Comment on {{.Network}}, to {{.Channel}}", "Network", on.Title, "Channel", on.Handle)
}

// threadLook is what must be decided, while it must. What is decided about stands
// there as it is now: the inbox hears of a change a moment later.
func (p *Pages) threadLook(r *http.Request, t *threadView, th conversation.Thread, f entry.Form) error {
	if !th.ToLook() || th.State == conversation.StateDone || !p.May(r, access.TopicModerate) {
		return nil
	}
	v, ctx := studio.At(r), r.Context()
	reply, err := topic.ReplyByID(ctx, p.DB, v.Brand.ID, bridge.ReplyOf(th.Root))
	if fault.Is(err, fault.NotFound) || err == nil && reply.State != topic.Live && reply.State != topic.Waiting {
		return nil // it was decided, and the inbox is about to hear of it
	}
	if err != nil {
		return err
	}
	about, err := topic.ByID(ctx, p.DB, v.Brand.ID, reply.Topic)
	if err != nil {
		return err
	}
	if !t.shows(th, reply, func(a *ui.MessageArgs) {
		said, media := p.Bridge.Words(ctx, about, reply)
		a.Text, a.Media = inWords(said, bridge.Name), attached(media)
	}) {
		return nil
	}
	t.Look = &lookView{Waiting: reply.State == topic.Waiting, Seen: strconv.FormatInt(reply.Revision, 10)}
	if t.Look.Rules, err = document.RulesOf(ctx, p.DB, v.Brand.ID); err != nil {
		return err
	}
	if f.Values.Has("act") && f.Values.Has("reason") {
		t.Look.Rule, t.Look.Reason, t.Look.Error = f.Value("rule"), f.Raw("reason"), f.Error("reason")
		if f.Text == "" && f.Value("seen") != t.Look.Seen {
			t.Form.Text = fault.Say(ctx, topic.Changed())
		}
	}
	return nil
}

// shows puts what the conversation is about as it is now where it stands, and
// reports whether it is on the page.
func (t *threadView) shows(th conversation.Thread, reply topic.Reply, put func(*ui.MessageArgs)) bool {
	for _, m := range th.Messages {
		if m.RemoteID != th.Root || m.RemovedAt > 0 || m.ErasedAt > 0 {
			continue
		}
		for i := range t.Items {
			if a := &t.Items[i].Message; a.ID == m.ID {
				if put(a); reply.EditedAt > 0 {
					a.Edited = reply.EditedAt.Time()
				}
				return true
			}
		}
	}
	return false
}

// threadCrossed are the topics that were made of the conversation's messages.
func (p *Pages) threadCrossed(r *http.Request, t *threadView, th conversation.Thread) error {
	v, ctx := studio.At(r), r.Context()
	all, err := bridge.OfConversation(ctx, p.DB, v.Who, v.Brand.ID, th.ID)
	if err != nil || len(all) == 0 {
		return err
	}
	ids := make([]string, len(all))
	for i, x := range all {
		ids[i] = x.Topic
	}
	topics, err := topic.ByIDs(ctx, p.DB, v.Brand.ID, ids)
	if err != nil {
		return err
	}
	for _, x := range all {
		about := topics[x.Topic]
		c := crossView{ID: x.ID, Title: about.Title, Href: "/b/" + v.Brand.Slug + about.Path(), State: x.State}
		if x.Over(about) {
			c.Href, c.Title = "", cmp.Or(about.Title, i18n.T(ctx, "A topic"))
		} else {
			t.crossed(x.Message)
		}
		c.Words, c.Detail = crossWords(ctx, x, about)
		c.Carry = t.MayReply && x.Reply != "" && (x.State == bridge.Failed || x.State == bridge.Open && !x.Back)
		t.Crossed = append(t.Crossed, c)
	}
	return nil
}

// crossed takes the offer to make a topic from a message that is one.
func (t *threadView) crossed(message string) {
	for i := range t.Items {
		if t.Items[i].Message.ID == message {
			t.Items[i].Topic = ""
		}
	}
}

func crossWords(ctx context.Context, x bridge.Crossing, about topic.Topic) (words, detail string) {
	switch {
	case x.Over(about):
		return i18n.T(ctx, "It was taken back. You can make another"), ""
	case about.State == topic.Hidden && x.State != bridge.Returned:
		return i18n.T(ctx, "Hidden by the team"), ""
	case x.State == bridge.Returned:
		return i18n.T(ctx, "The answer went back"), ""
	case x.State == bridge.Failed:
		return i18n.T(ctx, "The answer could not go back"), i18n.Kept(x.Why).In(ctx)
	case x.State == bridge.Going || x.Reply != "" && x.Back:
		return i18n.T(ctx, "The answer is on its way back"), ""
	case x.Reply != "":
		return i18n.T(ctx, "An answer was accepted"), ""
	case about.Replies > 0:
		return i18n.N(ctx, int(about.Replies), "{{.N}} reply, none accepted yet", "{{.N}} replies, none accepted yet"), ""
	}
	return i18n.T(ctx, "Nobody has answered yet"), ""
}

// suits reports whether a topic can be made of a message.
func suits(on studio.ChannelRow, m conversation.Message) bool {
	return on.Network != bridge.Name && m.Direction == conversation.In && m.RemoteID != "" && m.RemovedAt == 0 && m.ErasedAt == 0 &&
		m.Visibility != network.Followers && m.Visibility != network.Direct
}

// inboxDecide decides about the reply that a conversation is about.
func (p *Pages) inboxDecide(w http.ResponseWriter, r *http.Request) error {
	v, ctx := studio.At(r), r.Context()
	r.SetPathValue("conversation", r.PathValue("look"))
	a, err := readTalk(r)
	if err != nil {
		return err
	}
	c, err := conversation.ByID(ctx, p.DB, v.Who, v.Brand.ID, a.ID)
	if err != nil {
		return err
	}
	if !c.ToLook() {
		return fault.New(fault.NotFound, "There is nothing to decide in this conversation.")
	}
	act := topic.Act(a.Form.Value("act"))
	_, err = topic.Decide(ctx, p.DB, v.Who, v.Brand.ID, bridge.ReplyOf(c.Root), topic.RevisionOf(a.Form.Value("seen")), act, a.Form.Value("rule"), a.Form.Value("reason"))
	return p.talked(w, r, a, ui.ToastArgs{Text: studio.DecidedNote(ctx, act)}, err, "reason", "rule")
}

// askView is the form that makes a topic of a message.
type askView struct {
	Slug, ID  string
	Message   ui.MessageArgs
	MessageID string
	Spaces    []ui.Option
	MayReply  bool
	Network   string
	Form      entry.Form
	Asked     bool      // the form was sent
	Is        ui.Option // the topic that the message is already: its address and title
}

// inboxTopicNew is where a message becomes a topic.
func (p *Pages) inboxTopicNew(w http.ResponseWriter, r *http.Request) error {
	return p.askPage(w, r, entry.Form{})
}

func (p *Pages) askPage(w http.ResponseWriter, r *http.Request, f entry.Form) error {
	v, ctx := studio.At(r), r.Context()
	m, err := bridge.Asked(ctx, p.DB, v.Who, v.Brand.ID, r.PathValue("message"))
	if err != nil {
		return err
	}
	on, err := channel.ByIDs(ctx, p.DB, v.Brand.ID, []string{m.Channel})
	if err != nil {
		return err
	}
	row := p.RowOf(on[m.Channel])
	spaces, err := space.List(ctx, p.DB, v.Brand.ID)
	if err != nil {
		return err
	}
	view := askView{Slug: v.Brand.Slug, ID: m.Conversation, MessageID: m.ID, Network: row.Title, Form: f,
		MayReply: v.Who.May(p.DB.Now(), v.Brand.ID, access.ConversationReply, m.Channel) == nil,
		Message: ui.MessageArgs{ID: m.ID, Network: row.Network, Name: authorName(ctx, m), Handle: m.Author.Handle, Href: m.Author.URL, Text: m.Text,
			Language: m.Language, Link: m.URL, Now: row.Now, At: m.At.Time()}}
	for _, kind := range []space.Kind{space.Questions, space.Discussion} {
		for _, s := range spaces {
			if s.Kind == kind && s.ClosedAt == 0 && !s.Hidden {
				view.Spaces = append(view.Spaces, ui.Option{Value: s.ID, Label: s.Name})
			}
		}
	}
	view.Asked = f.Values != nil
	if !view.Asked {
		view.Form = entry.Fill("title", firstWords(m.Text), "text", i18n.T(ctx, "We were asked this. What would you say?"), "back", "true", "telling", "true",
			"tell", p.prefill(row, m)+i18n.T(ctx, "Good question. We have asked our community:"))
	}
	switch _, about, err := bridge.OfMessage(ctx, p.DB, v.Brand.ID, m.ID); {
	case err == nil:
		view.Is = ui.Option{Value: "/b/" + v.Brand.Slug + about.Path(), Label: about.Title}
	case !fault.Is(err, fault.NotFound):
		return err
	}
	head := ui.Head{Title: i18n.T(ctx, "Make a topic of it"), Back: Address(v.Brand.Slug, Filter{Queue: "all"}, m.Conversation, ""), BackText: i18n.T(ctx, "Back to the conversation")}
	return p.Show(w, r, studio.Page{Area: "inbox", Head: head, Status: f.Status()}, askPage(view))
}

// firstWords are the first sentence of a message, as a title may begin: without
// those it is addressed to.
func firstWords(text string) string {
	words := strings.Fields(text)
	for len(words) > 1 && strings.HasPrefix(words[0], "@") {
		words = words[1:]
	}
	text = strings.Join(words, " ")
	if i := strings.IndexAny(text, "?!"); i > 0 && i < topic.LongestTitle {
		text = text[:i+1]
	}
	if r := []rune(text); len(r) > topic.LongestTitle {
		text = strings.TrimSpace(string(r[:topic.LongestTitle-1])) + "…"
	}
	return text
}

// inboxTopicDo makes it.
func (p *Pages) inboxTopicDo(w http.ResponseWriter, r *http.Request) error {
	v, ctx := studio.At(r), r.Context()
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	ask := bridge.Ask{Message: r.PathValue("message"), Space: f.Value("space"), Title: f.Value("title"), Text: f.Raw("text"), Back: f.On("back")}
	if f.On("telling") {
		ask.Tell = f.Raw("tell")
	}
	x, about, err := p.Bridge.Begin(ctx, v.Who, v.Brand.ID, ask)
	if err != nil {
		if f.Refused(err, "space", "title", "text", "tell") {
			return p.askPage(w, r, f)
		}
		return err
	}
	p.Note(w, r, i18n.T(ctx, "“{{.Title}}” is in the community now.", "Title", about.Title), "")
	return studio.See(w, r, Address(v.Brand.Slug, Filter{Queue: "all"}, x.Conversation, ""))
}

// inboxCarry sends the accepted answer back, where it did not go by itself.
func (p *Pages) inboxCarry(w http.ResponseWriter, r *http.Request) error {
	v, ctx := studio.At(r), r.Context()
	a, err := readTalk(r)
	if err != nil {
		return err
	}
	x, err := p.Bridge.Carried(ctx, v.Who, v.Brand.ID, r.PathValue("crossing"))
	if x.ID == "" {
		return err
	}
	a.ID = x.Conversation
	return p.talked(w, r, a, ui.ToastArgs{Text: i18n.T(ctx, "The answer is on its way.")}, err, "-")
}
