package api

import (
	"context"
	"net/http"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/admit"
	"rapport/internal/db"
)

// Teammate is somebody with a part in the brand.
type Teammate struct {
	ID           string     `json:"id" doc:"Id of the account."`
	Name         string     `json:"name"`
	Email        string     `json:"email"`
	Role         string     `json:"role"`
	Channels     []string   `json:"channels,omitempty" doc:"Ids of the only channels it is for. Missing: all of them."`
	EndsAt       *time.Time `json:"ends_at,omitempty" doc:"Missing: without an end. In the past: it has ended."`
	SecondFactor bool       `json:"second_factor" doc:"They sign in with one."`
	SeenAt       *time.Time `json:"seen_at,omitempty" doc:"Their last visit to the studio, to the nearest five minutes. Missing: never."`
}

func teammateView(m account.Member) Teammate {
	return Teammate{ID: m.ID, Name: m.Name, Email: m.Email, Role: string(m.Grant.Role), Channels: m.Grant.Channels,
		EndsAt: moment(m.Grant.EndsAt), SecondFactor: m.Factor, SeenAt: moment(m.SeenAt)}
}

// Team is everybody in it, and what the brand asks of them.
type Team struct {
	Items        []Teammate `json:"items" nullable:"false" doc:"By name; also those whose part has ended."`
	SecondFactor bool       `json:"second_factor" doc:"The brand asks everybody for a second factor."`
}

// Invitation asks somebody into the team.
type Invitation struct {
	ID        string     `json:"id"`
	Email     string     `json:"email"`
	Role      string     `json:"role"`
	Channels  []string   `json:"channels,omitempty"`
	EndsAt    *time.Time `json:"ends_at,omitempty" doc:"Of the part, not of the invitation."`
	Mailed    bool       `json:"mailed" doc:"A letter with the link was written to the address."`
	By        string     `json:"by,omitempty" doc:"Account that invited."`
	CreatedAt time.Time  `json:"created_at"`
	SentAt    time.Time  `json:"sent_at" doc:"When the newest link was made."`
	ExpiresAt time.Time  `json:"expires_at" doc:"Until when it works."`
	Link      string     `json:"link,omitempty" doc:"To pass on, where no letter leaves the house. Shown in this answer only."`
}

func invitationView(i admit.Invitation) Invitation {
	return Invitation{ID: i.ID, Email: i.Email, Role: string(i.Role), Channels: i.Channels, EndsAt: moment(i.EndsAt), Mailed: i.Mailed,
		By: i.By, CreatedAt: i.CreatedAt.Time(), SentAt: i.SentAt.Time(), ExpiresAt: i.ExpiresAt.Time()}
}

// Granted is what a grant covers, in a request.
type Granted struct {
	Role     string     `json:"role" enum:"owner,manager,strategist,creator,analyst,community,moderator,ambassador"`
	Channels []string   `json:"channels,omitempty" maxItems:"500" doc:"Ids of the only channels and spaces. Missing or empty: all of them."`
	EndsAt   *time.Time `json:"ends_at,omitempty" doc:"Missing: without an end."`
}

func (p Granted) grant(brand string) access.Grant {
	g := access.Grant{Brand: brand, Role: access.Role(p.Role), Channels: p.Channels}
	if p.EndsAt != nil {
		g.EndsAt = db.At(*p.EndsAt)
	}
	return g
}

type teammateChange struct {
	Addressed
	Body Granted
}

type newInvitation struct {
	Body struct {
		Granted
		Email string `json:"email" maxLength:"254"`
	}
}

type factorRule struct {
	Body struct {
		SecondFactor bool `json:"second_factor" doc:"Ask everybody for a second factor."`
	}
}

func (a *handler) teamOperations() {
	add(a, op{id: "list-team", method: http.MethodGet, path: "/team", tag: "Team", title: "List the team",
		about: "Everybody with a part in the brand.", scope: access.BrandRead}, a.listTeam)
	add(a, op{id: "set-team-rule", example: `{"second_factor":false}`, method: http.MethodPost, path: "/team/rule", tag: "Team", title: "Ask for a second factor", status: http.StatusNoContent,
		about: "Who has none gets into nothing of this brand until they have one, and their tokens rest. The token's maker needs one first.", scope: access.TeamWrite}, a.setTeamRule)
	add(a, op{id: "change-teammate", example: `{"role":"community","ends_at":"2031-01-31T23:00:00Z"}`, method: http.MethodPatch, path: "/team/{id}", tag: "Team", title: "Change what somebody may do",
		about: "Replaces role, channels and end; a part that has ended runs again. A brand keeps at least one owner without an end.", scope: access.TeamWrite}, a.changeTeammate)
	add(a, op{id: "end-teammate", method: http.MethodDelete, path: "/team/{id}", tag: "Team", title: "End somebody's part", status: http.StatusNoContent,
		about: "At once: open pages and tokens stop. The part stays in the list as ended, and can be given again.", scope: access.TeamWrite}, a.endTeammate)
	add(a, op{id: "list-invitations", method: http.MethodGet, path: "/invitations", tag: "Team", title: "List open invitations",
		about: "Those that nobody has accepted or withdrawn, newest first.", scope: access.TeamWrite}, a.listInvitations)
	add(a, op{id: "invite", example: `{"email":"bea@example.com","role":"creator"}`, method: http.MethodPost, path: "/invitations", tag: "Team", title: "Invite somebody", status: http.StatusCreated,
		about: "Writes to the address, where a mail server is set. The link works once, for seven days.", scope: access.TeamWrite, errors: []int{http.StatusTooManyRequests}}, a.invite)
	add(a, op{id: "resend-invitation", method: http.MethodPost, path: "/invitations/{id}/resend", tag: "Team", title: "Send an invitation again",
		about: "Makes a new link; the older one ends.", scope: access.TeamWrite, errors: []int{http.StatusTooManyRequests}}, a.resendInvitation)
	add(a, op{id: "withdraw-invitation", method: http.MethodDelete, path: "/invitations/{id}", tag: "Team", title: "Withdraw an invitation", status: http.StatusNoContent,
		about: "Its link ends at once.", scope: access.TeamWrite}, a.withdrawInvitation)
}

func (a *handler) listTeam(ctx context.Context, c caller, _ *struct{}) (*body[Team], error) {
	all, err := account.Team(ctx, a.DB, c.who, c.token.Brand)
	if err != nil {
		return nil, err
	}
	t := Team{Items: make([]Teammate, 0, len(all))}
	for _, m := range all {
		t.Items = append(t.Items, teammateView(m))
	}
	t.SecondFactor, err = account.AsksFactor(ctx, a.DB, c.token.Brand)
	return answerOf(t, err)
}

func (a *handler) setTeamRule(ctx context.Context, c caller, in *factorRule) (*struct{}, error) {
	return nil, account.AskFactor(ctx, a.DB, c.who, c.token.Brand, in.Body.SecondFactor)
}

func (a *handler) changeTeammate(ctx context.Context, c caller, in *teammateChange) (*body[Teammate], error) {
	if err := a.Admit.Give(ctx, c.who, in.ID, in.Body.grant(c.token.Brand)); err != nil {
		return nil, err
	}
	m, err := account.Teammate(ctx, a.DB, c.who, c.token.Brand, in.ID)
	return answerOf(teammateView(m), err)
}

func (a *handler) endTeammate(ctx context.Context, c caller, in *Addressed) (*struct{}, error) {
	_, err := account.End(ctx, a.DB, c.who, c.token.Brand, in.ID)
	return nil, err
}

func (a *handler) listInvitations(ctx context.Context, c caller, in *Paging) (*body[items[Invitation]], error) {
	page, err := in.page("invitations", c.token.Brand)
	if err != nil {
		return nil, err
	}
	all, next, err := admit.Open(ctx, a.DB, c.who, c.token.Brand, page)
	if err != nil {
		return nil, err
	}
	return itemsOf("invitations", c.token.Brand, all, next, invitationView), nil
}

func (a *handler) invite(ctx context.Context, c caller, in *newInvitation) (*body[Invitation], error) {
	g := in.Body.grant(c.token.Brand)
	return invitedView(a.Admit.Invite(ctx, c.who, c.token.Brand, admit.New{Email: in.Body.Email, Role: g.Role, Channels: g.Channels, EndsAt: g.EndsAt}))
}

func (a *handler) resendInvitation(ctx context.Context, c caller, in *Addressed) (*body[Invitation], error) {
	return invitedView(a.Admit.Resend(ctx, c.who, c.token.Brand, in.ID))
}

// invitedView shows the link where nobody else gets it to its reader.
func invitedView(i admit.Invitation, link string, err error) (*body[Invitation], error) {
	out := invitationView(i)
	if !i.Mailed {
		out.Link = link
	}
	return answerOf(out, err)
}

func (a *handler) withdrawInvitation(ctx context.Context, c caller, in *Addressed) (*struct{}, error) {
	return nil, a.Admit.Revoke(ctx, c.who, c.token.Brand, in.ID)
}
