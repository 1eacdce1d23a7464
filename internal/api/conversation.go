package api

import (
	"context"
	"net/http"
	"time"

	"rapport/internal/access"
	"rapport/internal/answer"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/network"
)

// Conversation is a thread of what people say to the brand, and where the team
// stands with it.
type Conversation struct {
	ID           string     `json:"id"`
	Channel      string     `json:"channel"`
	Kind         string     `json:"kind" enum:"comment,mention,question,flag,waiting" doc:"comment: below a post of the brand. mention: elsewhere. In the brand's own community also question: asked of anybody; flag: what a member complained of; waiting: what nobody else reads before the team has looked."`
	Post         string     `json:"post,omitempty" doc:"The brand's own post it stands below, where known here."`
	Delivery     string     `json:"delivery,omitempty" doc:"Of that post."`
	Person       string     `json:"person,omitempty" doc:"Who began it. Missing: nobody from outside, or they were erased."`
	From         *Identity  `json:"from,omitempty" doc:"Their account there."`
	Excerpt      string     `json:"excerpt" doc:"Of the last message from outside."`
	State        string     `json:"state" enum:"new,open,snoozed,done,quiet" doc:"quiet: only the brand has spoken so far."`
	StateAt      time.Time  `json:"state_at"`
	SnoozedUntil *time.Time `json:"snoozed_until,omitempty"`
	Assignee     string     `json:"assignee,omitempty" doc:"Account that looks after it."`
	Labels       []string   `json:"labels" nullable:"false" doc:"Ids of its labels."`
	Messages     int64      `json:"messages"`
	LastAt       time.Time  `json:"last_at" doc:"Of the last message, either way."`
	WaitingSince *time.Time `json:"waiting_since,omitempty" doc:"The first message since the last answer. Missing: nobody waits."`
	Revision     int64      `json:"revision" doc:"Grows with every change that the team makes."`
	CreatedAt    time.Time  `json:"created_at"`
}

// Thread is a conversation with what was said in it.
type Thread struct {
	Conversation
	Items  []Message `json:"items" nullable:"false" doc:"The newest messages, each below what it answers."`
	Older  string    `json:"older,omitempty" doc:"Send it as after to get the messages before. Missing on the first page."`
	Notes  []Note    `json:"notes" nullable:"false" doc:"The last 200, oldest first."`
	Waited []Period  `json:"periods" nullable:"false" doc:"How long people waited, oldest first."`
}

// Message is one thing that was said.
type Message struct {
	ID         string               `json:"id"`
	Direction  string               `json:"direction" enum:"in,out"`
	Person     string               `json:"person,omitempty"`
	From       *Identity            `json:"from,omitempty" doc:"Who wrote it, from outside."`
	Account    string               `json:"account,omitempty" doc:"Who of the team wrote it. Missing: with another program."`
	RemoteID   string               `json:"remote_id,omitempty" doc:"The network's id. Missing while a reply is not out."`
	Parent     string               `json:"parent,omitempty" doc:"The network's id of what it answers."`
	Depth      int                  `json:"depth" doc:"Below how many messages of the page it stands."`
	Text       string               `json:"text" doc:"Empty once it is gone from the network."`
	Warning    string               `json:"warning,omitempty"`
	Language   string               `json:"language,omitempty"`
	Media      []network.Attachment `json:"media,omitempty" nullable:"false"`
	URL        string               `json:"url,omitempty"`
	Visibility string               `json:"visibility,omitempty"`
	At         time.Time            `json:"at"`
	EditedAt   *time.Time           `json:"edited_at,omitempty"`
	RemovedAt  *time.Time           `json:"removed_at,omitempty" doc:"Seen to be gone from the network."`
	ErasedAt   *time.Time           `json:"erased_at,omitempty" doc:"Its author was erased here."`
	Sent       bool                 `json:"sent" doc:"false while a reply written here is not out."`
	Delivery   string               `json:"delivery,omitempty" doc:"Of a reply written here."`
	Standing   string               `json:"standing,omitempty" doc:"State of that delivery."`
	Reason     string               `json:"reason,omitempty" doc:"Why it stands so, for a person."`
}

// Period is one stretch in which a conversation was open.
type Period struct {
	OpenedAt   time.Time  `json:"opened_at" doc:"The first message from outside."`
	AnsweredAt *time.Time `json:"answered_at,omitempty" doc:"The first public answer. Missing: none yet."`
	AnsweredBy string     `json:"answered_by,omitempty" doc:"Account. Missing: with another program."`
	ClosedAt   *time.Time `json:"closed_at,omitempty"`
}

// Label is a mark that the team sorts conversations by.
type Label struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Hue  int    `json:"hue" doc:"Degrees."`
}

func conversationView(c conversation.Conversation) Conversation {
	out := Conversation{ID: c.ID, Channel: c.Channel, Kind: c.Kind, Post: c.Post, Delivery: c.Delivery, Person: c.From.Person, Excerpt: c.Excerpt,
		State: string(c.State), StateAt: c.StateAt.Time(), SnoozedUntil: moment(c.SnoozedUntil), Assignee: c.Assignee, Labels: c.Labels,
		Messages: c.Messages, LastAt: c.LastAt.Time(), WaitingSince: moment(c.WaitingSince), Revision: c.Revision, CreatedAt: c.CreatedAt.Time()}
	if out.Labels == nil {
		out.Labels = []string{}
	}
	if i := c.From; i.ID != "" {
		out.From = &Identity{Network: i.Network, ID: i.RemoteID, Handle: i.Handle, Name: i.Name, URL: i.URL}
	}
	return out
}

func messageView(m conversation.Message) Message {
	out := Message{ID: m.ID, Direction: m.Direction, Person: m.Person, Account: m.Account, RemoteID: m.RemoteID, Parent: m.Parent, Depth: m.Depth,
		Text: m.Text, Warning: m.Warning, Language: m.Language, Media: m.Media, URL: m.URL, Visibility: m.Visibility, At: m.At.Time(),
		EditedAt: moment(m.EditedAt), RemovedAt: moment(m.RemovedAt), ErasedAt: moment(m.ErasedAt), Sent: m.Sent, Delivery: m.Delivery, Standing: string(m.Standing), Reason: m.Reason}
	if m.ErasedAt > 0 {
		out.RemoteID = ""
	}
	if i := m.Author; i.ID != "" {
		out.From = &Identity{Network: i.Network, ID: i.RemoteID, Handle: i.Handle, Name: i.Name, URL: i.URL}
	}
	return out
}

func threadView(t conversation.Thread) Thread {
	out := Thread{Conversation: conversationView(t.Conversation), Items: make([]Message, len(t.Messages)), Older: t.Older,
		Notes: make([]Note, len(t.Notes)), Waited: make([]Period, len(t.Periods))}
	for i, m := range t.Messages {
		out.Items[i] = messageView(m)
	}
	for i, n := range t.Notes {
		out.Notes[i] = Note{ID: n.ID, Account: n.Account, Text: n.Text, At: n.At.Time()}
	}
	for i, p := range t.Periods {
		out.Waited[i] = Period{OpenedAt: p.OpenedAt.Time(), AnsweredAt: moment(p.AnsweredAt), AnsweredBy: p.AnsweredBy, ClosedAt: moment(p.ClosedAt)}
	}
	return out
}

func labelView(l conversation.Label) Label { return Label{ID: l.ID, Name: l.Name, Hue: l.Hue} }

type conversationQuery struct {
	Paging
	State    []string `query:"state" maxItems:"4" enum:"new,open,snoozed,done" doc:"Only those in one of these states, separated by commas."`
	Assignee string   `query:"assignee" maxLength:"64" doc:"An account, me, or none."`
	Channel  string   `query:"channel" maxLength:"64"`
	Kind     string   `query:"kind" enum:"comment,mention,question,flag,waiting"`
	Label    string   `query:"label" maxLength:"64" doc:"Id of a label."`
	Person   string   `query:"person" maxLength:"64" doc:"Only those in which they wrote."`
	Post     string   `query:"post" maxLength:"64" doc:"Only those below this post."`
	Waiting  bool     `query:"waiting" doc:"Only those in which somebody waits for an answer; who waits longest comes first."`
}

type threadQuery struct {
	Addressed
	After string `query:"after" maxLength:"300" doc:"The older of a page, for the messages before it."`
	Limit int    `query:"limit" minimum:"1" maximum:"500" default:"200" doc:"How many messages a page has at most."`
}

type conversationChange struct {
	Addressed
	Body struct {
		State    *string  `json:"state,omitempty" enum:"new,open,snoozed,done"`
		Until    string   `json:"until,omitempty" maxLength:"40" doc:"With snoozed: when it comes back, RFC 3339."`
		Assignee *string  `json:"assignee,omitempty" maxLength:"64" doc:"Account that is to look after it; empty is nobody."`
		Labels   []string `json:"labels,omitempty" maxItems:"50" doc:"Ids of all labels it is to have."`
		Revision int64    `json:"revision,omitempty" minimum:"0" doc:"The one you saw. If it has changed since, that is a conflict."`
	}
}

type newReply struct {
	Addressed
	Body struct {
		To      string            `json:"to,omitempty" maxLength:"64" doc:"Id of the message that is answered. Missing: the newest from outside."`
		Text    string            `json:"text" maxLength:"20000"`
		Media   []string          `json:"media,omitempty" maxItems:"20" doc:"Ids of pictures."`
		Options map[string]string `json:"options,omitempty" doc:"What the network offers beside the text."`
		Done    bool              `json:"done,omitempty" doc:"Close the conversation with the answer."`
	}
}

type newLabel struct {
	Body struct {
		Name string `json:"name" maxLength:"80"`
		Hue  int    `json:"hue,omitempty" minimum:"0" maximum:"359" doc:"Degrees."`
	}
}

type labelChange struct {
	Addressed
	Body struct {
		Name string `json:"name" maxLength:"80"`
		Hue  int    `json:"hue" minimum:"0" maximum:"359" doc:"Degrees."`
	}
}

func (a *handler) conversationOperations() {
	add(a, op{id: "list-conversations", method: http.MethodGet, path: "/conversations", tag: "Conversations", title: "List conversations",
		about: "The one with the newest message first.", scope: access.ConversationRead}, a.listConversations)
	add(a, op{id: "conversation", method: http.MethodGet, path: "/conversations/{id}", tag: "Conversations", title: "Read a conversation",
		about: "With its messages, notes and how long people waited. Reading it here opens nothing.", scope: access.ConversationRead}, a.conversation)
	add(a, op{id: "change-conversation", example: `{"state":"done"}`, method: http.MethodPatch, path: "/conversations/{id}", tag: "Conversations", title: "Change a conversation",
		about: "State, who looks after it and labels: all of it or nothing. What is missing stays as it is.", scope: access.ConversationWrite}, a.changeConversation)
	add(a, op{id: "note-conversation", example: `{"text":"Asked the roastery."}`, method: http.MethodPost, path: "/conversations/{id}/notes", tag: "Conversations", title: "Note something about a conversation", status: http.StatusCreated,
		about: "Whom it names with @ is told.", scope: access.ConversationWrite}, a.noteConversation)
	add(a, op{id: "reply", example: `{"text":"We are open until six."}`, method: http.MethodPost, path: "/conversations/{id}/replies", tag: "Conversations", title: "Reply in a conversation", status: http.StatusCreated,
		about: "It goes out at once, as a delivery: its state tells what became of it. Send an Idempotency-Key, and it is said once.", scope: access.ConversationReply}, a.reply)
	add(a, op{id: "list-labels", method: http.MethodGet, path: "/labels", tag: "Conversations", title: "List labels", about: "All of them, by name, on one page.", scope: access.ConversationRead}, a.listLabels)
	add(a, op{id: "make-label", example: `{"name":"Shipping","hue":210}`, method: http.MethodPost, path: "/labels", tag: "Conversations", title: "Make a label", status: http.StatusCreated,
		about: "A name that is there already, in any case, is that label.", scope: access.ConversationWrite}, a.makeLabel)
	add(a, op{id: "change-label", example: `{"name":"Parcels","hue":120}`, method: http.MethodPatch, path: "/labels/{id}", tag: "Conversations", title: "Change a label",
		about: "A name that another label has is a conflict.", scope: access.ConversationWrite}, a.changeLabel)
	add(a, op{id: "delete-label", method: http.MethodDelete, path: "/labels/{id}", tag: "Conversations", title: "Delete a label", status: http.StatusNoContent,
		about: "It is taken from every conversation.", scope: access.ConversationWrite}, a.deleteLabel)
}

func (a *handler) listConversations(ctx context.Context, c caller, in *conversationQuery) (*body[items[Conversation]], error) {
	page, err := in.page("conversations", c.token.Brand)
	if err != nil {
		return nil, err
	}
	f := conversation.Filter{Assignee: in.Assignee, Channel: in.Channel, Kind: in.Kind, Label: in.Label, Person: in.Person, Post: in.Post, Waiting: in.Waiting}
	for _, s := range in.State {
		f.States = append(f.States, conversation.State(s))
	}
	all, next, err := conversation.List(ctx, a.DB, c.who, c.token.Brand, f, page)
	if err != nil {
		return nil, err
	}
	return itemsOf("conversations", c.token.Brand, all, next, conversationView), nil
}

func (a *handler) conversation(ctx context.Context, c caller, in *threadQuery) (*body[Thread], error) {
	page, err := Paging{After: in.After, Limit: in.Limit}.page("thread "+in.ID, c.token.Brand)
	if err != nil {
		return nil, err
	}
	t, err := conversation.Read(ctx, a.DB, c.who, c.token.Brand, in.ID, page)
	if err != nil {
		return nil, err
	}
	out := threadView(t)
	out.Older = sealed("thread "+in.ID, c.token.Brand, t.Older)
	return &body[Thread]{out}, nil
}

func (a *handler) changeConversation(ctx context.Context, c caller, in *conversationChange) (*body[Conversation], error) {
	e := conversation.Edit{Assignee: in.Body.Assignee}
	if in.Body.Labels != nil {
		e.Labels = &in.Body.Labels
	}
	if in.Body.State == nil && in.Body.Until != "" {
		return nil, fault.OnField("until", "Send a time only with the state snoozed.")
	}
	if in.Body.State != nil {
		to := conversation.Standing{State: conversation.State(*in.Body.State)}
		if in.Body.Until != "" {
			var err error
			if to.Until, err = instant("until", in.Body.Until); err != nil {
				return nil, err
			}
		}
		e.State = &to
	}
	got, err := e.Change(ctx, a.DB, c.who, c.token.Brand, in.ID, in.Body.Revision)
	return answerOf(conversationView(got), err)
}

func (a *handler) noteConversation(ctx context.Context, c caller, in *newNote) (*body[Note], error) {
	n, err := conversation.AddNote(ctx, a.DB, c.who, c.token.Brand, in.ID, in.Body.Text)
	return answerOf(Note{ID: n.ID, Account: n.Account, Text: n.Text, At: n.At.Time()}, err)
}

func (a *handler) reply(ctx context.Context, c caller, in *newReply) (*body[Message], error) {
	m, err := answer.Reply(ctx, a.DB, c.who, c.token.Brand, in.ID, answer.Input{To: in.Body.To, Text: in.Body.Text, Media: in.Body.Media,
		Options: in.Body.Options, Key: db.NewID(), Done: in.Body.Done})
	return answerOf(messageView(m), err)
}

func (a *handler) listLabels(ctx context.Context, c caller, _ *struct{}) (*body[items[Label]], error) {
	all, err := conversation.Labels(ctx, a.DB, c.who, c.token.Brand)
	if err != nil {
		return nil, err
	}
	return itemsOf("labels", c.token.Brand, all, "", labelView), nil
}

func (a *handler) makeLabel(ctx context.Context, c caller, in *newLabel) (*body[Label], error) {
	l, err := conversation.MakeLabel(ctx, a.DB, c.who, c.token.Brand, in.Body.Name, in.Body.Hue)
	return answerOf(labelView(l), err)
}

func (a *handler) changeLabel(ctx context.Context, c caller, in *labelChange) (*body[Label], error) {
	l, err := conversation.ChangeLabel(ctx, a.DB, c.who, c.token.Brand, in.ID, in.Body.Name, in.Body.Hue)
	return answerOf(labelView(l), err)
}

func (a *handler) deleteLabel(ctx context.Context, c caller, in *Addressed) (*struct{}, error) {
	return nil, conversation.DeleteLabel(ctx, a.DB, c.who, c.token.Brand, in.ID)
}
