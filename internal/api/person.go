package api

import (
	"context"
	"net/http"
	"time"

	"rapport/internal/access"
	"rapport/internal/dossier"
	"rapport/internal/fault"
	"rapport/internal/member"
	"rapport/internal/merge"
	"rapport/internal/person"
)

// Person is one human as the brand knows them.
type Person struct {
	ID          string     `json:"id"`
	Name        string     `json:"name" doc:"As they call themselves, or as the team calls them."`
	About       string     `json:"about,omitempty" doc:"The team's own words on them."`
	AvatarURL   string     `json:"avatar_url,omitempty"`
	MemberSince *time.Time `json:"member_since,omitempty"`
	Messages    int64      `json:"messages" doc:"How many they wrote to the brand."`
	FirstAt     time.Time  `json:"first_at"`
	LastAt      time.Time  `json:"last_at" doc:"When they were last heard from: they wrote, or joined the community."`
	Identities  []Identity `json:"identities" nullable:"false" doc:"The last seen first."`
	Member      *MemberOf  `json:"member,omitempty" doc:"What they are in the community; missing where they are no member, and in lists."`
	Joined      []Joined   `json:"joined,omitempty" nullable:"false" doc:"Records that became a part of this, the newest first; missing in lists."`
}

// MemberOf is who a person is in the community.
type MemberOf struct {
	ID       string    `json:"id"`
	Handle   string    `json:"handle" doc:"Without the @."`
	Name     string    `json:"name"`
	State    string    `json:"state" enum:"active,asking,suspended,refused,left"`
	JoinedAt time.Time `json:"joined_at"`
	Posts    int64     `json:"posts" doc:"Of theirs that can be read."`
}

// Joined is another record that became a part of a person's.
type Joined struct {
	ID       string     `json:"id"`
	Other    string     `json:"other" doc:"Id that the other record had, and has again once it is taken apart."`
	Origin   string     `json:"origin" enum:"team,claim" doc:"team, or claim where they proved an account themselves."`
	Reason   string     `json:"reason,omitempty" doc:"Of the team."`
	Account  string     `json:"account,omitempty" doc:"Who of the team did it."`
	At       time.Time  `json:"at"`
	UndoneAt *time.Time `json:"undone_at,omitempty" doc:"When it was taken apart again."`
}

// Identity is an account of theirs on a network.
type Identity struct {
	Network string `json:"network"`
	ID      string `json:"id" doc:"The network's id of the account."`
	Handle  string `json:"handle" example:"@mira@demo.example"`
	Name    string `json:"name,omitempty"`
	URL     string `json:"url,omitempty"`
	Proven  bool   `json:"proven,omitempty" doc:"They have shown themselves that it is theirs. Missing in lists."`
}

// Moment is one entry of a person's timeline.
type Moment struct {
	At       time.Time       `json:"at"`
	Kind     string          `json:"kind" enum:"message,topic,reply,note,membership,decision,identity"`
	Message  *Said           `json:"message,omitempty"`
	Note     *Note           `json:"note,omitempty"`
	Written  *Written        `json:"written,omitempty" doc:"Of a topic or a reply."`
	Step     *MembershipStep `json:"step,omitempty" doc:"Of a membership."`
	Decision *TakenDecision  `json:"decision,omitempty"`
	Joined   *Joined         `json:"joined,omitempty" doc:"Of an identity: another record became a part of theirs, or was taken apart from it."`
	Proven   *ProvenHere     `json:"proven,omitempty" doc:"Of an identity: they proved that an account is theirs."`
}

// Written is what a member wrote in the community.
type Written struct {
	ID       string     `json:"id"`
	Topic    string     `json:"topic" doc:"Id of the topic."`
	Title    string     `json:"title,omitempty" doc:"Missing once it is erased."`
	State    string     `json:"state" enum:"waiting,live,hidden,declined,withdrawn,erased"`
	Text     string     `json:"text,omitempty" doc:"Its beginning, as Markdown."`
	Accepted bool       `json:"accepted,omitempty" doc:"As the answer to its topic."`
	EditedAt *time.Time `json:"edited_at,omitempty"`
}

// MembershipStep is a step of a member.
type MembershipStep struct {
	Act     string `json:"act" enum:"member.joined,member.let_in,member.refused,member.suspended,member.restored"`
	Account string `json:"account,omitempty" doc:"Who of the team."`
	Reason  string `json:"reason,omitempty" doc:"As the member reads it."`
}

// TakenDecision is what was decided about something a member wrote.
type TakenDecision struct {
	Reply   string `json:"reply"`
	Act     string `json:"act" enum:"hidden,restored,approved,declined,kept"`
	Rule    string `json:"rule,omitempty"`
	Reason  string `json:"reason,omitempty"`
	Account string `json:"account,omitempty"`
}

// ProvenHere is an account that somebody proved to be theirs.
type ProvenHere struct {
	Network string `json:"network"`
	Handle  string `json:"handle"`
	Way     string `json:"way" enum:"link,code" doc:"How it was shown on the profile."`
	URL     string `json:"url,omitempty"`
}

// Said is a message in a timeline, with the brand's answers to it.
type Said struct {
	ID           string     `json:"id"`
	Channel      string     `json:"channel"`
	Conversation string     `json:"conversation"`
	Account      string     `json:"account,omitempty" doc:"Who of the team wrote an answer. Missing: with another program."`
	Text         string     `json:"text,omitempty" doc:"Missing once it is gone from the network."`
	Warning      string     `json:"warning,omitempty"`
	URL          string     `json:"url,omitempty"`
	At           time.Time  `json:"at"`
	EditedAt     *time.Time `json:"edited_at,omitempty"`
	RemovedAt    *time.Time `json:"removed_at,omitempty"`
	Answers      []Said     `json:"answers,omitempty" nullable:"false"`
}

// Note is what the team says to itself.
type Note struct {
	ID      string    `json:"id"`
	Account string    `json:"account"`
	Text    string    `json:"text"`
	At      time.Time `json:"at"`
}

func personView(p person.Person) Person {
	out := Person{ID: p.ID, Name: p.Name, About: p.About, AvatarURL: p.AvatarURL, MemberSince: moment(p.MemberAt), Messages: p.Messages,
		FirstAt: p.FirstAt.Time(), LastAt: p.LastAt.Time(), Identities: make([]Identity, len(p.Identities))}
	for i, id := range p.Identities {
		out.Identities[i] = Identity{Network: id.Network, ID: id.RemoteID, Handle: id.Handle, Name: id.Name, URL: id.URL}
	}
	return out
}

func saidView(m dossier.Message) Said {
	out := Said{ID: m.ID, Channel: m.Channel, Conversation: m.Conversation, Account: m.Account, Text: m.Text, Warning: m.Warning, URL: m.URL,
		At: m.At.Time(), EditedAt: moment(m.EditedAt), RemovedAt: moment(m.RemovedAt)}
	for _, a := range m.Answers {
		out.Answers = append(out.Answers, saidView(a))
	}
	return out
}

func momentView(m dossier.Moment) Moment {
	out := Moment{At: m.At.Time(), Kind: string(m.Kind)}
	switch {
	case m.Note != nil:
		out.Note = &Note{ID: m.Note.ID, Account: m.Note.Account, Text: m.Note.Text, At: m.Note.At.Time()}
	case m.Message != nil:
		out.Message = new(saidView(*m.Message))
	case m.Said != nil:
		s := m.Said
		out.Written = &Written{ID: s.Reply, Topic: s.Topic, Title: s.Title, State: string(s.State), Text: s.Text, Accepted: s.Accepted, EditedAt: moment(s.EditedAt)}
	case m.Member != nil:
		out.Step = &MembershipStep{Act: m.Member.Act, Account: m.Member.Account, Reason: m.Member.Reason}
	case m.Decision != nil:
		d := m.Decision
		out.Decision = &TakenDecision{Reply: d.Reply, Act: d.Act, Rule: d.Rule, Reason: d.Reason, Account: d.Account}
	case m.Merge != nil:
		out.Joined = new(joinedView(*m.Merge))
	case m.Proof != nil:
		out.Proven = &ProvenHere{Network: m.Proof.Network, Handle: m.Proof.Handle, Way: m.Proof.Way, URL: m.Proof.URL}
	}
	return out
}

func joinedView(g merge.Merge) Joined {
	return Joined{ID: g.ID, Other: g.Other, Origin: string(g.Origin), Reason: g.Reason, Account: g.Account, At: g.At.Time(), UndoneAt: moment(g.UndoneAt)}
}

// wholePerson is a person with what lists leave out.
func (a *handler) wholePerson(ctx context.Context, c caller, p person.Person) (Person, error) {
	out := personView(p)
	proven, err := merge.ProvenBy(ctx, a.DB, p.Brand, p.ID)
	if err != nil {
		return out, err
	}
	for i, id := range p.Identities {
		_, out.Identities[i].Proven = proven[id.ID]
	}
	joined, err := merge.Of(ctx, a.DB, p.Brand, p.ID)
	if err != nil {
		return out, err
	}
	for _, g := range joined {
		out.Joined = append(out.Joined, joinedView(g))
	}
	if c.who.May(a.DB.Now(), p.Brand, access.MemberRead) != nil {
		return out, nil
	}
	m, err := member.OfPerson(ctx, a.DB, p.Brand, p.ID)
	if fault.Is(err, fault.NotFound) {
		return out, nil
	}
	out.Member = &MemberOf{ID: m.ID, Handle: m.Handle, Name: m.Name, State: string(m.State), JoinedAt: m.JoinedAt.Time(), Posts: m.Posts}
	return out, err
}

type personQuery struct {
	Paging
	Query   string `query:"q" maxLength:"400" doc:"Words of their names and handles, and of what the team says of them. The last may be unfinished."`
	Network string `query:"network" maxLength:"64" doc:"Only who has an account there."`
	Channel string `query:"channel" maxLength:"64" doc:"Only who wrote on the channel with this id."`
	Sort    string `query:"sort" enum:"recent,busiest" default:"recent" doc:"Who wrote last, or most, comes first."`
}

type timelineQuery struct {
	Addressed
	Paging
	Kind []string `query:"kind" maxItems:"7" enum:"message,topic,reply,note,membership,decision,identity" doc:"Only these, separated by commas; all where none is named. What is of the community needs members:read, and decisions topics:moderate."`
}

type personChange struct {
	Addressed
	Body struct {
		Name  *string `json:"name,omitempty" maxLength:"200"`
		About *string `json:"about,omitempty" maxLength:"5000"`
	}
}

type newNote struct {
	Addressed
	Body struct {
		Text string `json:"text" maxLength:"5000" doc:"Only the team reads it."`
	}
}

type erasure struct {
	Addressed
	Body struct {
		Confirm string `json:"confirm" maxLength:"200" doc:"The person's name, as it is."`
	}
}

func (a *handler) personOperations() {
	add(a, op{id: "list-people", method: http.MethodGet, path: "/people", tag: "People", title: "List people", about: "Who wrote to the brand.", scope: access.PersonRead}, a.listPeople)
	add(a, op{id: "person", method: http.MethodGet, path: "/people/{id}", tag: "People", title: "Read a person", scope: access.PersonRead}, a.person)
	add(a, op{id: "change-person", example: `{"about":"Runs the bakery at the corner."}`, method: http.MethodPatch, path: "/people/{id}", tag: "People", title: "Change what is said of a person",
		about: "What is missing stays as it is.", scope: access.PersonWrite}, a.changePerson)
	add(a, op{id: "timeline", method: http.MethodGet, path: "/people/{id}/timeline", tag: "People", title: "Read a person's timeline",
		about: "What they wrote on all channels with what was answered, what they wrote in the community and what was decided about it, the notes on them, and what made one person of several records; newest first.", scope: access.PersonRead}, a.timeline)
	add(a, op{id: "note-person", example: `{"text":"Prefers to be written to in Spanish."}`, method: http.MethodPost, path: "/people/{id}/notes", tag: "People", title: "Note something about a person", status: http.StatusCreated,
		scope: access.PersonWrite}, a.notePerson)
	add(a, op{id: "export-person", method: http.MethodPost, path: "/people/{id}/export", tag: "People", title: "Export a person",
		about: "Everything the brand knows of them, to hand out. It is a POST because the log keeps that it was asked for.", scope: access.PersonWrite}, a.exportPerson)
	add(a, op{id: "erase-person", example: `{"confirm":"Mira Kolb"}`, method: http.MethodPost, path: "/people/{id}/erase", tag: "People", title: "Erase a person", status: http.StatusNoContent,
		about: "For good: names, handles, the words of their messages, notes on them. That a message was there, when, and the brand's answers stay.", scope: access.PersonWrite}, a.erasePerson)
}

func (a *handler) listPeople(ctx context.Context, c caller, in *personQuery) (*body[items[Person]], error) {
	page, err := in.page("people", c.token.Brand)
	if err != nil {
		return nil, err
	}
	all, next, err := person.List(ctx, a.DB, c.who, c.token.Brand, person.Filter{Query: in.Query, Network: in.Network, Channel: in.Channel, Sort: person.Sort(in.Sort)}, page)
	if err != nil {
		return nil, err
	}
	return itemsOf("people", c.token.Brand, all, next, personView), nil
}

func (a *handler) person(ctx context.Context, c caller, in *Addressed) (*body[Person], error) {
	p, err := person.ByID(ctx, a.DB, c.who, c.token.Brand, in.ID)
	if err != nil {
		return nil, err
	}
	return answerOf(a.wholePerson(ctx, c, p))
}

func (a *handler) changePerson(ctx context.Context, c caller, in *personChange) (*body[Person], error) {
	var p person.Person
	_, err := merge.Follow(ctx, a.DB, c.token.Brand, in.ID, func(id string) (err error) {
		if p, err = person.ByID(ctx, a.DB, c.who, c.token.Brand, id); err != nil {
			return err
		}
		was := person.Input{Name: p.Name, About: p.About}
		to := was
		if in.Body.Name != nil {
			to.Name = *in.Body.Name
		}
		if in.Body.About != nil {
			to.About = *in.Body.About
		}
		p, err = person.Save(ctx, a.DB, c.who, c.token.Brand, id, was, to)
		return err
	})
	if err != nil {
		return nil, err
	}
	return answerOf(a.wholePerson(ctx, c, p))
}

func (a *handler) timeline(ctx context.Context, c caller, in *timelineQuery) (*body[items[Moment]], error) {
	page, err := in.page("timeline "+in.ID, c.token.Brand)
	if err != nil {
		return nil, err
	}
	var kinds []dossier.Kind
	for _, k := range in.Kind {
		kinds = append(kinds, dossier.Kind(k))
	}
	all, next, err := dossier.Timeline(ctx, a.DB, c.who, c.token.Brand, in.ID, page, kinds...)
	if err != nil {
		return nil, err
	}
	return itemsOf("timeline "+in.ID, c.token.Brand, all, next, momentView), nil
}

func (a *handler) notePerson(ctx context.Context, c caller, in *newNote) (*body[Note], error) {
	var n person.Note
	_, err := merge.Follow(ctx, a.DB, c.token.Brand, in.ID, func(id string) (err error) {
		n, err = person.AddNote(ctx, a.DB, c.who, c.token.Brand, id, in.Body.Text)
		return err
	})
	return answerOf(Note{ID: n.ID, Account: n.Account, Text: n.Text, At: n.At.Time()}, err)
}

func (a *handler) exportPerson(ctx context.Context, c caller, in *Addressed) (*body[dossier.Export], error) {
	return answerOf(dossier.Read(ctx, a.DB, c.who, c.token.Brand, in.ID))
}

func (a *handler) erasePerson(ctx context.Context, c caller, in *erasure) (*struct{}, error) {
	err := dossier.Erase(ctx, a.DB, c.who, c.token.Brand, in.ID, in.Body.Confirm)
	if fault.Is(err, fault.Invalid) {
		return nil, fault.OnField("confirm", "Send the person's name as it is, to be sure that it is them.")
	}
	return nil, err
}
