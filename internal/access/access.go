// Package access says who may do what: one table of role × action, narrowed
// by brand, by channel, by end date and, for API tokens, by scope. It holds
// no rows; accounts and grants come to it as values.
package access

import (
	"slices"

	"rapport/internal/db"
	"rapport/internal/fault"
)

// Role is a preset of actions in one brand.
type Role string

// The roles of the team.
const (
	Owner      Role = "owner"
	Manager    Role = "manager"    // social media manager
	Strategist Role = "strategist" // plans, drafts; cannot publish unapproved
	Creator    Role = "creator"    // drafts and media
	Analyst    Role = "analyst"    // reads
	Community  Role = "community"  // community manager
	Moderator  Role = "moderator"
	Ambassador Role = "ambassador"
)

// Action is one thing a role allows, as API scopes name it.
type Action string

// The actions.
const (
	PostRead        Action = "posts:read"
	PostWrite       Action = "posts:write"
	PostPublish     Action = "posts:publish" // schedule, publish, unschedule, move
	DeliveryResolve Action = "deliveries:resolve"
	HoldSet         Action = "holds:write"
	HoldRelease     Action = "holds:release"
	ChannelRead     Action = "channels:read"
	ChannelWrite    Action = "channels:write"
	MediaRead       Action = "media:read"
	MediaWrite      Action = "media:write"
	BrandRead       Action = "brand:read"
	BrandWrite      Action = "brand:write"
	AuditRead       Action = "audit:read"
	TokenWrite      Action = "tokens:write"
	TeamWrite       Action = "team:write"

	ConversationRead  Action = "conversations:read"
	ConversationWrite Action = "conversations:write" // states, assignment, notes, labels
	ConversationReply Action = "conversations:reply" // speak for the brand
	PersonRead        Action = "people:read"
	PersonWrite       Action = "people:write" // notes on people, export, erase
	MetricRead        Action = "metrics:read"

	PostApprove  Action = "posts:approve"  // say that a post in review may go out
	PostSchedule Action = "posts:schedule" // give an approved post its time
	CommentWrite Action = "comments:write" // speak with the team below a post
	TaskWrite    Action = "tasks:write"    // tasks and the handover note
	WebhookWrite Action = "webhooks:write" // where events are sent to
	DataExport   Action = "data:export"    // take everything of the brand along
	BrandErase   Action = "brand:erase"

	CommunityWrite Action = "community:write" // spaces, documents, who may join
	TopicModerate  Action = "topics:moderate" // let through, hide, restore, close, pin, move
	MemberRead     Action = "members:read"
	MemberWrite    Action = "members:write" // let in, suspend, trust
)

// Actions are all actions, in the order documents show them.
var Actions = []Action{
	PostRead, PostWrite, PostPublish, DeliveryResolve, HoldSet, HoldRelease, ChannelRead, ChannelWrite,
	MediaRead, MediaWrite, BrandRead, BrandWrite, AuditRead, TokenWrite, TeamWrite,
	ConversationRead, ConversationWrite, ConversationReply, PersonRead, PersonWrite, MetricRead,
	PostApprove, PostSchedule, CommentWrite, TaskWrite, WebhookWrite, DataExport, BrandErase,
	CommunityWrite, TopicModerate, MemberRead, MemberWrite,
}

// Roles are all roles, in the order documents show them.
var Roles = []Role{Owner, Manager, Strategist, Creator, Analyst, Community, Moderator, Ambassador}

var reads = []Action{PostRead, ChannelRead, MediaRead, BrandRead, ConversationRead, MetricRead}

// desk is what answering people needs.
var desk = []Action{ConversationWrite, ConversationReply, PersonRead}

// talk is what working on a thing together needs.
var talk = []Action{CommentWrite, TaskWrite}

// host is what looking after the community needs.
var host = []Action{CommunityWrite, TopicModerate, MemberRead, MemberWrite}

// table is the one place that says what a role may do.
var table = map[Role][]Action{
	Owner: Actions,
	Manager: slices.Concat([]Action{PostWrite, PostPublish, PostApprove, PostSchedule, DeliveryResolve, HoldSet, HoldRelease, ChannelWrite,
		MediaWrite, AuditRead, PersonWrite}, talk, desk, host, reads),
	Strategist: slices.Concat([]Action{PostWrite, PostSchedule, MediaWrite}, talk, reads),
	Creator:    slices.Concat([]Action{PostWrite, MediaWrite}, talk, reads),
	Analyst:    reads,
	Community:  slices.Concat([]Action{PostWrite, MediaWrite, HoldSet, PersonWrite}, talk, desk, host, reads),
	Moderator:  {BrandRead, TopicModerate, MemberRead},
	Ambassador: {},
}

// Allows reports whether the role has the action, all else aside.
func Allows(r Role, a Action) bool { return slices.Contains(table[r], a) }

// LooksAfter reports whether a grant of the role can name spaces: those it looks
// after.
func (r Role) LooksAfter() bool { return Allows(r, TopicModerate) }

// OnChannels reports whether a grant of the role can name channels.
func (r Role) OnChannels() bool {
	return slices.ContainsFunc(table[r], func(a Action) bool { return a != TopicModerate && FactOf(a).Reach == Named })
}

// Grant is an account's role in one brand.
type Grant struct {
	Brand    string
	Role     Role
	Channels []string // ids of channels and of spaces; none listed means all of both
	EndsAt   db.Time  // 0 means open end
	// Barred is set where the brand asks for a second factor and the account
	// has none: the grant allows nothing until it has.
	Barred bool
}

// ErrSecondFactor is what a barred grant answers. Its kind is fault.Denied; a
// surface recognises it by errors.Is and says where to set one up.
var ErrSecondFactor error = fault.New(fault.Denied, "This brand asks its team for a second factor. Set yours up in the studio, then you are in.")

// Who is the acting account. It travels as a value into every domain
// function, which asks it.
type Who struct {
	Account string // id; "" for the program itself
	Name    string
	Email   string
	Grants  []Grant
	Scopes  []Action // for API tokens: the most it may do; nil is no narrowing
	Token   string   // id of the API token, if one is used
	Address string   // where the request came from, for the audit
	system  bool
}

// System is the program acting by itself: the dispatcher, a job, a command at
// the console.
func System() Who { return Who{Name: "Rapport", system: true} }

// IsSystem reports whether the program acts by itself.
func (w Who) IsSystem() bool { return w.system }

// May returns nil if the action is allowed in the brand at that time, on each
// of the channels or spaces if any are named. A grant on named ones has no
// action that reaches the whole brand. Without a grant in the brand the answer is
// NotFound, so that nobody learns which brands exist.
func (w Who) May(now db.Time, brand string, a Action, places ...string) error {
	if w.system {
		return nil
	}
	g, ok := w.grant(now, brand)
	if !ok {
		return fault.New(fault.NotFound, "There is no such brand, or you have no part in it.")
	}
	if g.Barred {
		return ErrSecondFactor
	}
	if !Allows(g.Role, a) || (w.Scopes != nil && !slices.Contains(w.Scopes, a)) {
		return fault.New(fault.Denied, "You may not do this here. Ask an owner of the brand for access.")
	}
	if len(g.Channels) > 0 && FactOf(a).Reach == Whole {
		return fault.New(fault.Denied, "This concerns the whole brand, and your access is to some of its channels. Ask an owner of the brand.")
	}
	for _, c := range places {
		if len(g.Channels) > 0 && !slices.Contains(g.Channels, c) {
			if a == TopicModerate {
				return fault.New(fault.Denied, "You do not look after this space. Ask an owner of the brand.")
			}
			return fault.New(fault.Denied, "You have no access to this channel. Ask an owner of the brand.")
		}
	}
	return nil
}

// Role returns the role in the brand, or "" where there is none.
func (w Who) Role(now db.Time, brand string) Role {
	g, _ := w.grant(now, brand)
	return g.Role
}

// Channels returns the ids of the only channels the account may see in the
// brand; none means that it is not narrowed to some.
func (w Who) Channels(now db.Time, brand string) []string {
	g, _ := w.grant(now, brand)
	return g.Channels
}

// Brands returns the ids of the brands the account has a running grant in.
func (w Who) Brands(now db.Time) []string {
	var out []string
	for _, g := range w.Grants {
		if g.EndsAt == 0 || g.EndsAt > now {
			out = append(out, g.Brand)
		}
	}
	return out
}

// Owns reports whether the account owns a brand at that time.
func (w Who) Owns(now db.Time) bool {
	return slices.ContainsFunc(w.Grants, func(g Grant) bool {
		return g.Role == Owner && !g.Barred && (g.EndsAt == 0 || g.EndsAt > now)
	})
}

func (w Who) grant(now db.Time, brand string) (Grant, bool) {
	for _, g := range w.Grants {
		if g.Brand == brand && (g.EndsAt == 0 || g.EndsAt > now) {
			return g, true
		}
	}
	return Grant{}, false
}
