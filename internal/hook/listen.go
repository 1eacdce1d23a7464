package hook

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"rapport/internal/access"
	"rapport/internal/brand"
	"rapport/internal/channel"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/fault"
	"rapport/internal/outbox"
	"rapport/internal/post"
	"rapport/internal/webhook"
)

// source says what an event of the outbox becomes: a type, and what it is
// about, once or several times. No data is nothing to tell.
type source struct {
	name string // of the type
	read func(ctx context.Context, q db.Queryer, e outbox.Event) ([]data, error)
}

// data is what a call tells of a thing: its "id" and few facts beside. What
// more there is to know is asked for by the API, which checks who asks.
type data map[string]any

// plain is an event that is told by the id of its subject alone.
func plain(_ context.Context, _ db.Queryer, e outbox.Event) ([]data, error) {
	return []data{{"id": e.Subject}}, nil
}

// both is an event about two people: who stays, and the other.
func both(_ context.Context, _ db.Queryer, e outbox.Event) ([]data, error) {
	var of struct{ Other string }
	err := e.Read(&of)
	return []data{{"id": e.Subject, "other": of.Other}}, err
}

// sources are the events of the outbox that are sent, by their kind there. A
// test fails where a kind is neither here nor named as one that stays inside.
var sources = map[string]source{
	"post.saved":            {"post.saved", plain},
	"post.submitted":        {"post.submitted", plain},
	"post.approved":         {"post.approved", plain},
	"post.sent_back":        {"post.sent_back", plain},
	"delivery.published":    {"delivery.published", out},
	"delivery.rejected":     {"delivery.rejected", out},
	"delivery.unknown":      {"delivery.unknown", out},
	"delivery.missed":       {"delivery.missed", out},
	"delivery.removed":      {"delivery.removed", out},
	"reply.published":       {"conversation.replied", replied},
	"conversation.received": {"conversation.received", received},
	"conversation.changed":  {"conversation.changed", changed},
	"person.merged":         {"person.merged", both},
	"person.parted":         {"person.parted", both},
	"channel.changed":       {"channel.changed", channelOf},
	"channel.attention":     {"channel.attention", channelOf},
	"media.added":           {"media.added", plain},
	"media.changed":         {"media.changed", plain},
	"hold.changed":          {"hold.changed", hold},
	"brand.changed":         {"brand.changed", plain},
	"team.changed":          {"team.changed", plain},
}

// Inside are the kinds that no other program is told of, because another kind
// tells it, or because they concern one person, or because there is nothing yet to read by their
// id.
var Inside = map[string]string{
	"conversation.mentioned": "a note is for the team alone",
	"conversation.assigned":  "conversation.changed tells it",
	"conversation.woke":      "conversation.changed tells it",
	"conversation.waiting":   "conversation.received told it",
	"post.withdrawn":         "post.saved tells it",
	"post.edited":            "post.saved tells it",
	"post.suggested":         "it is for the team alone",
	"post.taken":             "post.saved tells it",
	"post.declined":          "it is for the team alone",
	"post.recalled":          "post.saved tells it",
	"webhook.disabled":       "its receiver is the one that does not answer",
	"approval.changed":       "it changes no post; each tells its own steps",
	"comment.added":          "a comment is for the team alone",
	"comment.mentioned":      "a comment is for the team alone",
	"task.assigned":          "it concerns one person of the team",
	"task.due":               "it concerns one person of the team",
	"handover.written":       "it is for the team alone",
	"topic.begun":            "an id says nothing while the API reads no topics",
	"topic.solved":           "an id says nothing while the API reads no topics",
	"topic.moved":            "an id says nothing while the API reads no topics",
	"reply.added":            "an id says nothing while the API reads no topics",
	"reply.changed":          "an id says nothing while the API reads no topics",
	"reply.withdrawn":        "an id says nothing while the API reads no topics",
	"reply.waiting":          "it is for the team alone",
	"reply.flagged":          "it is for the team alone",
	"reply.reacted":          "it concerns who wrote the reply",
	"reply.decided":          "it concerns who wrote the reply, and the team",
	"member.asked":           "it is for the team alone",
	"member.joined":          "an id says nothing while the API reads no members",
	"member.decided":         "it concerns one member",
	"member.unpictured":      "it concerns one member",
}

// Listen makes the sender a consumer of what may be sent.
func (s *Sender) Listen(r *outbox.Reader) {
	for kind := range sources {
		r.On(kind, s.hear)
	}
}

// hear writes a call for each endpoint that wants the event. What is gone by
// now is told of no more.
func (s *Sender) hear(ctx context.Context, tx *db.Tx, e outbox.Event) error {
	from := sources[e.Kind]
	wanting, err := webhook.Wanting(ctx, tx, e.Brand, from.name)
	if err != nil || len(wanting) == 0 {
		return err
	}
	all, err := from.read(ctx, tx, e)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("hook: %s: %w", e.Kind, err)
	}
	for _, d := range all {
		d["brand"] = e.Brand
		body := payload(from.name, e.At, d)
		for _, w := range wanting {
			if _, err := webhook.Add(ctx, tx, w, fmt.Sprint(e.ID, " ", d["id"]), from.name, body); err != nil {
				return err
			}
		}
	}
	return nil
}

// payload is the body of a call.
func payload(name string, at db.Time, d map[string]any) string {
	raw, err := json.Marshal(struct {
		Type      string         `json:"type"`
		Timestamp string         `json:"timestamp"`
		Data      map[string]any `json:"data"`
	}{name, at.Time().Format(time.RFC3339Nano), d})
	if err != nil {
		panic(err) // texts, numbers and booleans always encode
	}
	return string(raw)
}

// out tells of a delivery. An answer in the inbox is told of as one.
func out(ctx context.Context, q db.Queryer, e outbox.Event) ([]data, error) {
	d, err := delivery.ByID(ctx, q, e.Brand, e.Subject)
	if err != nil {
		return nil, err
	}
	told := data{"id": d.ID, "post": d.Post, "channel": d.Channel, "kind": d.Kind}
	if d.RemoteURL != "" {
		told["url"] = d.RemoteURL
	}
	return []data{told}, reason(e, told)
}

// reason takes over why, where the event says so.
func reason(e outbox.Event, to data) error {
	var with struct{ Reason string }
	if err := e.Read(&with); err != nil {
		return err
	}
	if with.Reason != "" {
		to["reason"] = with.Reason
	}
	return nil
}

func replied(ctx context.Context, q db.Queryer, e outbox.Event) ([]data, error) {
	d, err := delivery.ByID(ctx, q, e.Brand, e.Subject)
	if err != nil {
		return nil, err
	}
	p, err := post.ByID(ctx, q, access.System(), e.Brand, d.Post)
	if err != nil {
		return nil, err
	}
	return []data{{"id": p.Conversation, "channel": d.Channel, "delivery": d.ID}}, nil
}

// received tells of each conversation in which somebody wrote.
func received(_ context.Context, _ db.Queryer, e outbox.Event) ([]data, error) {
	var in conversation.Received
	if err := e.Read(&in); err != nil {
		return nil, err
	}
	out := make([]data, len(in.Conversations))
	for i, id := range in.Conversations {
		out[i] = data{"id": id, "channel": e.Subject}
	}
	return out, nil
}

func changed(ctx context.Context, q db.Queryer, e outbox.Event) ([]data, error) {
	var did struct{ What string }
	if err := e.Read(&did); err != nil {
		return nil, err
	}
	c, err := conversation.ByID(ctx, q, access.System(), e.Brand, e.Subject)
	if err != nil {
		return nil, err
	}
	told := data{"id": c.ID, "channel": c.Channel, "what": did.What, "state": string(c.State)}
	if c.Assignee != "" {
		told["assignee"] = c.Assignee
	}
	return []data{told}, nil
}

func channelOf(ctx context.Context, q db.Queryer, e outbox.Event) ([]data, error) {
	c, err := channel.ByID(ctx, q, access.System(), e.Brand, e.Subject)
	if err != nil {
		return nil, err
	}
	told := data{"id": c.ID, "network": c.Network, "handle": c.Handle, "state": c.State}
	return []data{told}, reason(e, told)
}

func hold(ctx context.Context, q db.Queryer, e outbox.Event) ([]data, error) {
	p, held, err := brand.CurrentHold(ctx, q, e.Brand)
	if err != nil {
		return nil, err
	}
	told := data{"id": e.Subject, "held": held && p.ID == e.Subject}
	if held {
		told["reason"] = p.Reason
	}
	return []data{told}, nil
}

// Sends reports whether other programs may be told of events of this kind of
// the outbox.
func Sends(kind string) bool { return sources[kind].name != "" }

// Names lists the types that events become.
func Names() []string {
	var out []string
	for _, s := range sources {
		out = append(out, s.name)
	}
	return out
}
