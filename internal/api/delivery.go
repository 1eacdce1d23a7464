package api

import (
	"context"
	"net/http"
	"time"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/network"
	"rapport/internal/publish"
)

// Delivery is a post's journey to one channel.
type Delivery struct {
	ID          string           `json:"id"`
	Post        string           `json:"post"`
	Channel     string           `json:"channel"`
	State       delivery.State   `json:"state" enum:"scheduled,claimed,preparing,sending,pending,published,removed,rejected,unknown,missed,cancelled" doc:"unknown: it may be out and a person must look. missed: its time passed and it was not sent."`
	Reason      string           `json:"reason,omitempty" doc:"Why it is in this state, for a person."`
	ReasonCode  string           `json:"reason_code,omitempty" doc:"The same for programs."`
	DueAt       time.Time        `json:"due_at" doc:"When it should go out."`
	RunAt       time.Time        `json:"run_at" doc:"When it is next looked at; later than due_at after a wait."`
	PublishedAt *time.Time       `json:"published_at,omitempty"`
	Revision    int64            `json:"revision" doc:"Of the post, as it was scheduled."`
	Attempt     int64            `json:"attempt"`
	RemoteID    string           `json:"remote_id,omitempty" doc:"The network's id of the first part."`
	RemoteURL   string           `json:"remote_url,omitempty"`
	Author      string           `json:"author,omitempty" doc:"Account that scheduled it. Missing: Rapport itself."`
	CreatedAt   time.Time        `json:"created_at"`
	UpdatedAt   time.Time        `json:"updated_at"`
	Parts       []DeliveryPart   `json:"parts" nullable:"false" doc:"What is sent, in order; empty until it is taken up."`
	Choices     []publish.Choice `json:"choices" nullable:"false" doc:"What can be decided about it now."`
}

// DeliveryPart is one post of a thread, or a first comment, on its way.
type DeliveryPart struct {
	Kind     network.PartKind   `json:"kind" enum:"post,comment"`
	State    delivery.PartState `json:"state" enum:"waiting,sending,pending,published,rejected,unknown,removed"`
	Text     string             `json:"text"`
	Media    []string           `json:"media,omitempty" nullable:"false"`
	RemoteID string             `json:"remote_id,omitempty"`
	URL      string             `json:"url,omitempty"`
	At       *time.Time         `json:"at,omitempty" doc:"When it was out."`
}

// Story is a delivery with all that happened to it.
type Story struct {
	Delivery
	Story []StoryLine `json:"story" nullable:"false" doc:"Oldest first."`
}

// StoryLine is one thing that happened.
type StoryLine struct {
	At      time.Time `json:"at"`
	What    string    `json:"what" doc:"The state it went to, or what else happened: moved, edited, held, returned, throttled, unclear, looked."`
	Attempt int64     `json:"attempt,omitempty"`
	Part    *int      `json:"part,omitempty" doc:"Index of the part from 0. Missing: the whole delivery."`
	By      string    `json:"by,omitempty" doc:"Account. Missing: Rapport itself."`
	Status  int       `json:"status,omitempty" doc:"HTTP status of the network's answer."`
	TookMS  int64     `json:"took_ms,omitempty"`
	Text    string    `json:"text,omitempty"`
}

func deliveryView(d delivery.Delivery) Delivery {
	out := Delivery{ID: d.ID, Post: d.Post, Channel: d.Channel, State: d.State, Reason: d.Reason, ReasonCode: d.ReasonCode,
		DueAt: d.DueAt.Time(), RunAt: d.RunAt.Time(), PublishedAt: moment(d.PublishedAt), Revision: d.Revision, Attempt: d.Attempt,
		RemoteID: d.RemoteID, RemoteURL: d.RemoteURL, Author: d.Author, CreatedAt: d.CreatedAt.Time(), UpdatedAt: d.UpdatedAt.Time(),
		Parts: make([]DeliveryPart, len(d.Parts)), Choices: publish.Choices(d)}
	if out.Choices == nil {
		out.Choices = []publish.Choice{}
	}
	for i, p := range d.Parts {
		out.Parts[i] = DeliveryPart{Kind: p.Kind, State: p.State, Text: p.Text, Media: p.Media, RemoteID: p.Ref.ID, URL: p.URL, At: moment(p.At)}
	}
	return out
}

func lineView(e delivery.Event) StoryLine {
	out := StoryLine{At: e.At.Time(), What: e.What, Attempt: e.Attempt, By: e.By, Status: e.Status, TookMS: e.TookMS, Text: e.Text}
	if e.Part >= 0 {
		out.Part = &e.Part
	}
	return out
}

type deliveryQuery struct {
	Paging
	Post    string    `query:"post" maxLength:"64" doc:"Only those of the post with this id."`
	Channel string    `query:"channel" maxLength:"64" doc:"Only those to the channel with this id."`
	State   []string  `query:"state" maxItems:"11" enum:"scheduled,claimed,preparing,sending,pending,published,removed,rejected,unknown,missed,cancelled" doc:"Only those in one of these states, separated by commas."`
	From    time.Time `query:"from" doc:"Due at this time or later."`
	To      time.Time `query:"to" doc:"Due before this time."`
}

type decision struct {
	Addressed
	Body struct {
		Choice publish.Choice `json:"choice" enum:"it_is_out,send_again,reschedule,continue,remove_all,leave,drop" doc:"One of the delivery's choices."`
		URL    string         `json:"url,omitempty" maxLength:"2000" doc:"With it_is_out: where it is, if you know."`
		At     string         `json:"at,omitempty" maxLength:"40" doc:"With reschedule: when, RFC 3339."`
	}
}

func (a *handler) deliveryOperations() {
	add(a, op{id: "list-deliveries", method: http.MethodGet, path: "/deliveries", tag: "Deliveries", title: "List deliveries",
		about: "The latest due first, those that lie ahead included.", scope: access.PostRead}, a.listDeliveries)
	add(a, op{id: "delivery", method: http.MethodGet, path: "/deliveries/{id}", tag: "Deliveries", title: "Read a delivery", about: "With its parts and its story.", scope: access.PostRead}, a.delivery)
	add(a, op{id: "resolve-delivery", example: `{"choice":"it_is_out","url":"https://demo.example/@north/1"}`, method: http.MethodPost, path: "/deliveries/{id}/resolve", tag: "Deliveries", title: "Decide about a delivery",
		about: "For one that is unknown, missed, rejected or half sent. A decision about something that has moved on is a conflict.",
		scope: access.DeliveryResolve}, a.resolveDelivery)
	add(a, op{id: "take-back-reply", method: http.MethodPost, path: "/deliveries/{id}/take-back", tag: "Deliveries", title: "Take back a reply", status: http.StatusNoContent,
		about: "One that has not begun to go out, such as one behind a hold. Of a reply only; a post is unscheduled.", scope: access.ConversationReply}, a.takeBackReply)
}

func (a *handler) takeBackReply(ctx context.Context, c caller, in *Addressed) (*struct{}, error) {
	return nil, a.Desk.TakeBack(ctx, c.who, c.token.Brand, in.ID)
}

func (a *handler) listDeliveries(ctx context.Context, c caller, in *deliveryQuery) (*body[items[Delivery]], error) {
	page, err := in.page("deliveries", c.token.Brand)
	if err != nil {
		return nil, err
	}
	q := delivery.Query{Post: in.Post, Channel: in.Channel}
	for _, s := range in.State {
		q.States = append(q.States, delivery.State(s))
	}
	if !in.From.IsZero() {
		q.From = db.At(in.From)
	}
	if !in.To.IsZero() {
		q.To = db.At(in.To)
	}
	all, next, err := delivery.List(ctx, a.DB, c.who, c.token.Brand, q, page)
	if err != nil {
		return nil, err
	}
	return itemsOf("deliveries", c.token.Brand, all, next, deliveryView), nil
}

func (a *handler) delivery(ctx context.Context, c caller, in *Addressed) (*body[Story], error) {
	d, story, err := delivery.Read(ctx, a.DB, c.who, c.token.Brand, in.ID)
	if err != nil {
		return nil, err
	}
	out := Story{Delivery: deliveryView(d), Story: make([]StoryLine, len(story))}
	for i, e := range story {
		out.Story[i] = lineView(e)
	}
	return &body[Story]{out}, nil
}

func (a *handler) resolveDelivery(ctx context.Context, c caller, in *decision) (*body[Delivery], error) {
	var at db.Time
	var err error
	if in.Body.At != "" {
		if at, err = instant("at", in.Body.At); err != nil {
			return nil, err
		}
	}
	d, err := a.Desk.Resolve(ctx, c.who, c.token.Brand, in.ID, publish.Decision{Choice: in.Body.Choice, URL: in.Body.URL, At: at})
	return answerOf(deliveryView(d), err)
}
