package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"rapport/internal/access"
	"rapport/internal/brand"
)

// Keeping is for how long what grows is kept.
type Keeping struct {
	Activity int `json:"activity" minimum:"0" maximum:"3650" doc:"The log of activity: days, 30 or more; 0 is for ever."`
	Letters  int `json:"letters" minimum:"0" maximum:"3650" doc:"The mail that was written: days, 30 or more; 0 is for ever."`
}

// Brand is a brand with its settings.
type Brand struct {
	BrandInfo
	Color     string    `json:"color" doc:"As #rrggbb."`
	Tolerance int       `json:"tolerance" doc:"Minutes: a delivery overdue by more is not sent and asks."`
	Retention int       `json:"retention" doc:"Days without a word after which people who are not members are forgotten; 0 keeps them."`
	Keeping   Keeping   `json:"keeping"`
	Logo      bool      `json:"logo" doc:"Whether it has a picture; the studio shows it."`
	CreatedAt time.Time `json:"created_at"`
}

func brandInfo(b brand.Brand) BrandInfo {
	return BrandInfo{ID: b.ID, Slug: b.Slug, Name: b.Name, Zone: b.Zone, Language: b.Language, Demo: b.Demo, Held: b.Held}
}

func brandView(b brand.Brand) Brand {
	return Brand{BrandInfo: brandInfo(b), Color: b.Color, Tolerance: int(b.Tolerance / time.Minute), Retention: b.Retention,
		Keeping: Keeping{Activity: b.ActivityDays, Letters: b.LetterDays}, Logo: b.Logo != "", CreatedAt: b.CreatedAt.Time()}
}

type brandChange struct {
	Body struct {
		Name      *string `json:"name,omitempty" maxLength:"200"`
		Color     *string `json:"color,omitempty" maxLength:"20" doc:"As #rrggbb."`
		Zone      *string `json:"zone,omitempty" maxLength:"100" doc:"IANA time zone. What is planned keeps its instant."`
		Language  *string `json:"language,omitempty" maxLength:"50" doc:"BCP 47, of its posts."`
		Tolerance *int    `json:"tolerance,omitempty" minimum:"1" maximum:"10080" doc:"Minutes."`
		Retention *int    `json:"retention,omitempty" minimum:"0" maximum:"3650" doc:"Days, 30 or more; or 0."`
	}
}

func (in *brandChange) amend(s *brand.Settings) {
	for _, c := range []struct{ to, from *string }{
		{&s.Name, in.Body.Name}, {&s.Color, in.Body.Color}, {&s.Zone, in.Body.Zone}, {&s.Language, in.Body.Language},
	} {
		if c.from != nil {
			*c.to = *c.from
		}
	}
	if in.Body.Tolerance != nil {
		s.Tolerance = time.Duration(*in.Body.Tolerance) * time.Minute
	}
	if in.Body.Retention != nil {
		s.Retention = *in.Body.Retention
	}
}

type keepingInput struct {
	Body Keeping
}

func (a *handler) brandOperations() {
	add(a, op{id: "brand", method: http.MethodGet, path: "/brand", tag: "Brand", title: "Read the brand's settings", scope: access.BrandRead}, a.brand)
	add(a, op{id: "change-brand", example: `{"tolerance":30,"retention":365}`, method: http.MethodPatch, path: "/brand", tag: "Brand", title: "Change the brand's settings",
		about: "Changes what is named and leaves the rest.", scope: access.BrandWrite}, a.changeBrand)
	add(a, op{id: "change-keeping", example: `{"activity":730,"letters":365}`, method: http.MethodPatch, path: "/brand/keeping", tag: "Brand", title: "Change how long logs and mail are kept",
		about: "Both are named. What is older goes within the hour and does not come back.", scope: access.BrandWrite}, a.changeKeeping)
	add(a, op{id: "set-logo", method: http.MethodPost, path: "/brand/logo", tag: "Brand", title: "Give the brand a logo",
		about: "As multipart/form-data with a field named file, or the file itself as the body. The square in its middle is taken.",
		scope: access.BrandWrite, media: true, shape: uploadShape}, a.setLogo)
	add(a, op{id: "remove-logo", method: http.MethodDelete, path: "/brand/logo", tag: "Brand", title: "Take the logo away", status: http.StatusNoContent, scope: access.BrandWrite}, a.removeLogo)
}

func (a *handler) brand(ctx context.Context, c caller, _ *struct{}) (*body[Brand], error) {
	b, err := brand.ByID(ctx, a.DB, c.who, c.token.Brand)
	return answerOf(brandView(b), err)
}

func (a *handler) changeBrand(ctx context.Context, c caller, in *brandChange) (*body[Brand], error) {
	b, err := brand.Amend(ctx, a.DB, c.who, c.token.Brand, in.amend)
	return answerOf(brandView(b), err)
}

func (a *handler) changeKeeping(ctx context.Context, c caller, in *keepingInput) (*body[Brand], error) {
	if err := brand.SetKeeping(ctx, a.DB, c.who, c.token.Brand, brand.Keeping{Activity: in.Body.Activity, Letters: in.Body.Letters}); err != nil {
		return nil, err
	}
	return a.changed(ctx, c)
}

// changed shows a brand to who has just changed it, whatever their scopes for
// reading.
func (a *handler) changed(ctx context.Context, c caller) (*body[Brand], error) {
	b, err := brand.ByID(ctx, a.DB, access.System(), c.token.Brand)
	return answerOf(brandView(b), err)
}

func (a *handler) setLogo(ctx context.Context, c caller, in *upload) (*body[Brand], error) {
	_, file, err := in.file()
	if err != nil {
		return nil, err
	}
	err = brand.SetLogo(ctx, a.DB, a.Media.Blobs, c.who, c.token.Brand, file)
	var over *http.MaxBytesError
	if errors.As(err, &over) {
		return nil, tooLarge(mostMedia)
	}
	if err != nil {
		return nil, err
	}
	return a.changed(ctx, c)
}

func (a *handler) removeLogo(ctx context.Context, c caller, _ *struct{}) (*struct{}, error) {
	return nil, brand.DropLogo(ctx, a.DB, a.Media.Blobs, c.who, c.token.Brand)
}
