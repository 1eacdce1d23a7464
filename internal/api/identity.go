package api

import (
	"context"
	"net/http"
	"time"

	"rapport/internal/brand"
)

// Me is who a token speaks for.
type Me struct {
	Account string    `json:"account" doc:"Id of the account that made the token."`
	Name    string    `json:"name"`
	Role    string    `json:"role" doc:"Its role in the brand."`
	Scopes  []string  `json:"scopes" nullable:"false" doc:"What the token may do at most."`
	Token   TokenInfo `json:"token"`
	Brand   BrandInfo `json:"brand"`
}

// TokenInfo is the token itself, without its secret.
type TokenInfo struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
}

// BrandInfo is the token's brand.
type BrandInfo struct {
	ID       string `json:"id"`
	Slug     string `json:"slug" doc:"Its part in the studio's addresses."`
	Name     string `json:"name"`
	Zone     string `json:"zone" doc:"IANA time zone."`
	Language string `json:"language" doc:"BCP 47."`
	Demo     bool   `json:"demo" doc:"It takes only networks that are demos."`
	Held     bool   `json:"held" doc:"Nothing is sent until the hold is released."`
}

func (a *handler) identityOperations() {
	add(a, op{id: "me", method: http.MethodGet, path: "/me", tag: "Brand", title: "Say who asks",
		about: "The account, role, scopes and brand behind the token. Any token may ask."}, a.me)
}

func (a *handler) me(ctx context.Context, c caller, _ *struct{}) (*body[Me], error) {
	// Every role reads its brand; a token without that scope may still know
	// which brand it is of.
	wide := c.who
	wide.Scopes = nil
	b, err := brand.ByID(ctx, a.DB, wide, c.token.Brand)
	if err != nil {
		return nil, err
	}
	m := Me{Account: c.who.Account, Name: c.who.Name, Role: string(c.who.Role(a.DB.Now(), b.ID)), Scopes: []string{},
		Token: TokenInfo{ID: c.token.ID, Name: c.token.Name, ExpiresAt: moment(c.token.ExpiresAt)},
		Brand: brandInfo(b)}
	for _, s := range c.token.Scopes {
		m.Scopes = append(m.Scopes, string(s))
	}
	return &body[Me]{m}, nil
}
