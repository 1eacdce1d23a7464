package api

import (
	"context"
	"net/http"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/db"
)

// Token is an API token of the brand, without its secret.
type Token struct {
	ID        string     `json:"id"`
	Account   string     `json:"account" doc:"Account that made it; the token never does more than that one may."`
	Name      string     `json:"name" doc:"What uses it."`
	Scopes    []string   `json:"scopes" nullable:"false"`
	PerMinute int64      `json:"per_minute" doc:"How many requests a minute it may make."`
	CreatedAt time.Time  `json:"created_at"`
	UsedAt    *time.Time `json:"used_at,omitempty" doc:"To the nearest five minutes. Missing: never."`
	ExpiresAt *time.Time `json:"expires_at,omitempty" doc:"Missing: it works until it is revoked."`
	RevokedAt *time.Time `json:"revoked_at,omitempty"`
}

// MadeToken is a new token with its secret.
type MadeToken struct {
	Token
	Secret string `json:"secret" doc:"What to send as the bearer. It is shown this once and stored nowhere, but in the answer kept for an Idempotency-Key." example:"rap_…"`
}

func (a *handler) tokenView(t account.Token) Token {
	out := Token{ID: t.ID, Account: t.Account, Name: t.Name, Scopes: make([]string, len(t.Scopes)), PerMinute: int64(a.limit.rates.Of(t)),
		CreatedAt: t.CreatedAt.Time(), UsedAt: moment(t.UsedAt), ExpiresAt: moment(t.ExpiresAt), RevokedAt: moment(t.RevokedAt)}
	for i, s := range t.Scopes {
		out.Scopes[i] = string(s)
	}
	return out
}

type newToken struct {
	Body struct {
		Name      string   `json:"name" minLength:"1" maxLength:"200" doc:"What will use it."`
		Scopes    []string `json:"scopes" minItems:"1" maxItems:"100" nullable:"false" doc:"What it may do: none that this token lacks."`
		ExpiresAt string   `json:"expires_at,omitempty" maxLength:"40" doc:"RFC 3339. Missing: it works until it is revoked. No later than this token's own end."`
		PerMinute int64    `json:"per_minute,omitempty" minimum:"1" maximum:"60000" doc:"How many requests a minute it may make. Missing: as many as usual. Never more than the installation allows."`
	}
}

func (a *handler) tokenOperations() {
	add(a, op{id: "list-tokens", method: http.MethodGet, path: "/tokens", tag: "Tokens", title: "List tokens",
		about: "All of the brand on one page, the newest first, also those that were revoked.", scope: access.TokenWrite}, a.listTokens)
	add(a, op{id: "make-token", example: `{"name":"Website","scopes":["posts:read"],"expires_at":"2028-01-01T00:00:00Z"}`, method: http.MethodPost, path: "/tokens", tag: "Tokens", title: "Make a token", status: http.StatusCreated,
		about: "Its secret is in this answer only. A token never makes one that may do more, or lasts longer, than itself.", scope: access.TokenWrite}, a.makeToken)
	add(a, op{id: "revoke-token", method: http.MethodDelete, path: "/tokens/{id}", tag: "Tokens", title: "Revoke a token", status: http.StatusNoContent,
		about: "At once and for good. A token may revoke itself.", scope: access.TokenWrite}, a.revokeToken)
}

func (a *handler) listTokens(ctx context.Context, c caller, _ *struct{}) (*body[items[Token]], error) {
	all, err := account.TokenList(ctx, a.DB, c.who, c.token.Brand)
	if err != nil {
		return nil, err
	}
	return itemsOf("tokens", c.token.Brand, all, "", a.tokenView), nil
}

func (a *handler) makeToken(ctx context.Context, c caller, in *newToken) (*body[MadeToken], error) {
	n := account.NewToken{Name: in.Body.Name, PerMinute: in.Body.PerMinute}
	for _, s := range in.Body.Scopes {
		n.Scopes = append(n.Scopes, access.Action(s))
	}
	if in.Body.ExpiresAt != "" {
		var end db.Time
		var err error
		if end, err = instant("expires_at", in.Body.ExpiresAt); err != nil {
			return nil, err
		}
		n.ExpiresAt = end
	}
	t, plain, err := account.TokenCreate(ctx, a.DB, c.who, c.token.Brand, n)
	return answerOf(MadeToken{a.tokenView(t), plain}, err)
}

func (a *handler) revokeToken(ctx context.Context, c caller, in *Addressed) (*struct{}, error) {
	return nil, account.TokenRevoke(ctx, a.DB, c.who, c.token.Brand, in.ID)
}
