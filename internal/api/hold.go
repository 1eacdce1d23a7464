package api

import (
	"context"
	"net/http"
	"time"

	"rapport/internal/access"
	"rapport/internal/brand"
)

// Hold is one stop of everything the brand sends.
type Hold struct {
	ID         string     `json:"id"`
	Kind       string     `json:"kind" enum:"person,restore" doc:"restore: Rapport set it, because the database is a copy or went back in time."`
	Reason     string     `json:"reason"`
	By         string     `json:"by,omitempty" doc:"Account that set it. Missing: Rapport itself."`
	At         time.Time  `json:"at"`
	ReleasedBy string     `json:"released_by,omitempty"`
	ReleasedAt *time.Time `json:"released_at,omitempty" doc:"Missing while it runs."`
}

func holdView(p brand.Pause) Hold {
	return Hold{ID: p.ID, Kind: p.Kind, Reason: p.Reason, By: p.By, At: p.At.Time(), ReleasedBy: p.ReleasedBy, ReleasedAt: moment(p.ReleasedAt)}
}

type newHold struct {
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"1000" doc:"Why, for the team." example:"An outage: nothing cheerful until it is over."`
	}
}

func (a *handler) holdOperations() {
	add(a, op{id: "list-holds", method: http.MethodGet, path: "/holds", tag: "Holds", title: "List holds",
		about: "The running hold, if there is one, and those before it, newest first.", scope: access.BrandRead}, a.listHolds)
	add(a, op{id: "hold", example: `{"reason":"An outage: nothing cheerful until it is over."}`, method: http.MethodPost, path: "/holds", tag: "Holds", title: "Hold everything", status: http.StatusCreated,
		about: "Once this is answered nothing more begins to be sent. A brand already on hold stays on the hold it has, and that one is returned.",
		scope: access.HoldSet}, a.hold)
	add(a, op{id: "release-hold", method: http.MethodDelete, path: "/holds/current", tag: "Holds", title: "Release the hold", status: http.StatusNoContent,
		about: "What waited goes out at once; what waited longer than the brand's tolerance becomes missed and asks.",
		scope: access.HoldRelease}, a.releaseHold)
}

func (a *handler) listHolds(ctx context.Context, c caller, in *Paging) (*body[items[Hold]], error) {
	page, err := in.page("holds", c.token.Brand)
	if err != nil {
		return nil, err
	}
	holds, next, err := brand.Holds(ctx, a.DB, c.who, c.token.Brand, page)
	if err != nil {
		return nil, err
	}
	return itemsOf("holds", c.token.Brand, holds, next, holdView), nil
}

func (a *handler) hold(ctx context.Context, c caller, in *newHold) (*body[Hold], error) {
	p, err := brand.Hold(ctx, a.DB, c.who, c.token.Brand, in.Body.Reason)
	return answerOf(holdView(p), err)
}

func (a *handler) releaseHold(ctx context.Context, c caller, _ *struct{}) (*struct{}, error) {
	return nil, brand.Release(ctx, a.DB, c.who, c.token.Brand)
}
