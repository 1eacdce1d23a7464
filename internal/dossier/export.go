package dossier

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/brand"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/join"
	"rapport/internal/merge"
	"rapport/internal/person"
)

// Format names the shape of an export. It changes with what is in one.
const Format = "rapport.person/1"

// Export is everything that a brand knows of a person, as it is handed out.
// Times are RFC 3339 in UTC; what has no value is left out.
type Export struct {
	Format        string               `json:"format" doc:"rapport.person/1"`
	ExportedAt    time.Time            `json:"exported_at"`
	Brand         string               `json:"brand" doc:"Name of the brand."`
	Person        ExportPerson         `json:"person"`
	Identities    []ExportIdentity     `json:"identities" nullable:"false" doc:"Their accounts on networks."`
	Notes         []ExportNote         `json:"notes" nullable:"false" doc:"What the team noted about them, newest first."`
	Conversations []ExportConversation `json:"conversations" nullable:"false" doc:"The latest 500 in which they wrote."`
	Messages      []ExportMessage      `json:"messages" nullable:"false" doc:"All they wrote to the brand on networks, newest first, with its answers; what they wrote in the community is in membership."`
	Joined        []ExportJoined       `json:"joined,omitempty" doc:"Records of theirs that were made one with this, the newest first."`
	Membership    any                  `json:"membership,omitempty" doc:"What the community keeps of them, as rapport.member/1; missing where they are no member."`
}

// ExportPerson is the person themselves.
type ExportPerson struct {
	ID          string     `json:"id"`
	Name        string     `json:"name"`
	About       string     `json:"about,omitempty" doc:"The team's own words on them."`
	AvatarURL   string     `json:"avatar_url,omitempty"`
	MemberSince *time.Time `json:"member_since,omitempty"`
	Messages    int64      `json:"messages" doc:"How many they wrote on networks, those that are gone included."`
	FirstAt     time.Time  `json:"first_at"`
	LastAt      time.Time  `json:"last_at"`
}

// ExportIdentity is one account of theirs on a network.
type ExportIdentity struct {
	Network   string    `json:"network"`
	ID        string    `json:"id" doc:"The network's id of the account."`
	Handle    string    `json:"handle"`
	Name      string    `json:"name,omitempty"`
	URL       string    `json:"url,omitempty"`
	AvatarURL string    `json:"avatar_url,omitempty"`
	SeenAt    time.Time `json:"seen_at"`
}

// ExportJoined is another record that became a part of theirs.
type ExportJoined struct {
	At       time.Time  `json:"at"`
	Origin   string     `json:"origin" doc:"team, or claim where they proved an account themselves."`
	Reason   string     `json:"reason,omitempty" doc:"Of the team."`
	UndoneAt *time.Time `json:"undone_at,omitempty" doc:"When it was taken apart again."`
	Undone   string     `json:"undone_reason,omitempty"`
}

// ExportNote is a note on them.
type ExportNote struct {
	At   time.Time `json:"at"`
	Text string    `json:"text"`
}

// ExportConversation is a conversation in which they wrote.
type ExportConversation struct {
	ID       string    `json:"id"`
	Channel  string    `json:"channel" doc:"The brand's handle there."`
	Network  string    `json:"network"`
	Kind     string    `json:"kind" doc:"comment or mention."`
	State    string    `json:"state"`
	Messages int64     `json:"messages"`
	LastAt   time.Time `json:"last_at"`
}

// ExportMessage is one message, and the brand's answers to it.
type ExportMessage struct {
	ID           string          `json:"id"`
	At           time.Time       `json:"at"`
	Channel      string          `json:"channel"`
	Network      string          `json:"network"`
	Conversation string          `json:"conversation"`
	Text         string          `json:"text,omitempty" doc:"Missing once it is gone from the network."`
	Warning      string          `json:"warning,omitempty"`
	URL          string          `json:"url,omitempty"`
	EditedAt     *time.Time      `json:"edited_at,omitempty"`
	RemovedAt    *time.Time      `json:"removed_at,omitempty"`
	Answers      []ExportMessage `json:"answers,omitempty" nullable:"false"`
}

// mostExported bounds what one export holds in memory.
const mostExported = 50_000

// Read gathers everything that the brand knows of a person, and says so in the
// audit. Who writes on channels that the account does not see is not handed out
// to it in part: that is fault.Denied.
func Read(ctx context.Context, d *db.DB, who access.Who, brandID, id string) (Export, error) {
	p, err := opened(ctx, d, who, brandID, id)
	if err != nil {
		return Export{}, err
	}
	b, err := brand.ByID(ctx, d, access.System(), brandID)
	if err != nil {
		return Export{}, err
	}
	channels, err := channel.List(ctx, d, access.System(), brandID)
	if err != nil {
		return Export{}, err
	}
	g := gatherer{d: d, who: who, brand: brandID, id: id, channels: map[string]channel.Channel{}}
	for _, c := range channels {
		g.channels[c.ID] = c
	}
	posts, err := person.InCommunity(ctx, d, brandID, []string{id})
	if err != nil {
		return Export{}, err
	}
	p.Messages = max(0, p.Messages-posts[id]) // those are with the membership
	out := Export{Format: Format, ExportedAt: d.Now().Time(), Brand: b.Name, Person: exportPerson(p), Identities: []ExportIdentity{},
		Notes: []ExportNote{}, Conversations: []ExportConversation{}, Messages: []ExportMessage{}}
	for _, i := range p.Identities {
		out.Identities = append(out.Identities, ExportIdentity{Network: i.Network, ID: i.RemoteID, Handle: i.Handle, Name: i.Name, URL: i.URL, AvatarURL: i.AvatarURL, SeenAt: i.SeenAt.Time()})
	}
	joined, err := merge.Of(ctx, d, brandID, id)
	if err != nil {
		return out, err
	}
	for _, g := range joined {
		out.Joined = append(out.Joined, ExportJoined{At: g.At.Time(), Origin: string(g.Origin), Reason: g.Reason, UndoneAt: moment(g.UndoneAt), Undone: g.UndoneWhy})
	}
	if raw, err := join.Of(ctx, d, brandID, id); err != nil {
		return out, err
	} else if raw != nil {
		out.Membership = raw
	}
	return out, g.fill(ctx, &out)
}

// opened reads the person and writes down who asked for everything on them.
func opened(ctx context.Context, d *db.DB, who access.Who, brandID, id string) (person.Person, error) {
	if err := who.May(d.Now(), brandID, access.PersonWrite); err != nil {
		return person.Person{}, err
	}
	p, err := person.ByID(ctx, d, who, brandID, id)
	if err != nil {
		return p, err
	}
	theirs, err := person.Channels(ctx, d, id)
	if err != nil {
		return p, err
	}
	if err := who.May(d.Now(), brandID, access.PersonWrite, theirs...); err != nil {
		return p, fault.As(fault.Denied, err, "They also wrote on channels that you do not see. Ask an owner of the brand for their data.")
	}
	return p, d.Tx(ctx, func(tx *db.Tx) error {
		return audit.Record(ctx, tx, who, audit.Entry{Brand: brandID, Act: "person.exported", Subject: id})
	})
}

// Write is Read as a file of JSON.
func Write(ctx context.Context, d *db.DB, who access.Who, brandID, id string, w io.Writer) error {
	out, err := Read(ctx, d, who, brandID, id)
	if err != nil {
		return err
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(out)
}

type gatherer struct {
	d         *db.DB
	who       access.Who
	brand, id string
	channels  map[string]channel.Channel
}

func (g gatherer) fill(ctx context.Context, out *Export) error {
	all, err := Conversations(ctx, g.d, g.who, g.brand, g.id, 500)
	if err != nil {
		return err
	}
	for _, c := range all {
		out.Conversations = append(out.Conversations, ExportConversation{ID: c.ID, Channel: g.channels[c.Channel].Handle, Network: g.channels[c.Channel].Network,
			Kind: c.Kind, State: c.State, Messages: c.Messages, LastAt: c.LastAt.Time()})
	}
	for page := (db.Page{Limit: 200}); ; {
		moments, next, err := Timeline(ctx, g.d, g.who, g.brand, g.id, page, KindMessage, KindNote)
		if err != nil {
			return fmt.Errorf("dossier: export: %w", err)
		}
		for _, m := range moments {
			if m.Note != nil {
				out.Notes = append(out.Notes, ExportNote{At: m.At.Time(), Text: m.Note.Text})
			} else {
				out.Messages = append(out.Messages, g.message(*m.Message))
			}
		}
		if page.After = next; next == "" {
			return nil
		}
		if len(out.Messages) >= mostExported {
			return fault.New(fault.Unavailable, "They wrote more than %d messages. Ask whoever runs this installation for a copy from the database.", mostExported)
		}
	}
}

func (g gatherer) message(m Message) ExportMessage {
	out := ExportMessage{ID: m.ID, At: m.At.Time(), Channel: g.channels[m.Channel].Handle, Network: g.channels[m.Channel].Network, Conversation: m.Conversation,
		Text: m.Text, Warning: m.Warning, URL: m.URL, EditedAt: moment(m.EditedAt), RemovedAt: moment(m.RemovedAt)}
	for _, a := range m.Answers {
		out.Answers = append(out.Answers, g.message(a))
	}
	return out
}

func exportPerson(p person.Person) ExportPerson {
	return ExportPerson{ID: p.ID, Name: p.Name, About: p.About, AvatarURL: p.AvatarURL, MemberSince: moment(p.MemberAt), Messages: p.Messages,
		FirstAt: p.FirstAt.Time(), LastAt: p.LastAt.Time()}
}

// moment is a time that may not be there.
func moment(at db.Time) *time.Time {
	if at == 0 {
		return nil
	}
	return new(at.Time())
}
