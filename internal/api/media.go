package api

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"rapport/internal/access"
	"rapport/internal/fault"
	"rapport/internal/media"
)

// Media is one picture of the library.
type Media struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Mime      string     `json:"mime" example:"image/jpeg"`
	Bytes     int64      `json:"bytes"`
	Width     int        `json:"width" doc:"In pixels."`
	Height    int        `json:"height" doc:"In pixels."`
	Alt       string     `json:"alt" doc:"Description for those who cannot see it; empty while there is none."`
	Color     string     `json:"color,omitempty" doc:"Shown until the picture is there." example:"#8fa3b0"`
	CreatedBy string     `json:"created_by,omitempty" doc:"Account that added it. Missing: Rapport itself."`
	CreatedAt time.Time  `json:"created_at"`
	DeletedAt *time.Time `json:"deleted_at,omitempty"`
}

func mediaView(m media.Media) Media {
	return Media{ID: m.ID, Name: m.Name, Mime: m.Mime, Bytes: m.Bytes, Width: m.Width, Height: m.Height, Alt: m.Alt, Color: m.Color,
		CreatedBy: m.CreatedBy, CreatedAt: m.CreatedAt.Time(), DeletedAt: moment(m.DeletedAt)}
}

// upload takes the file from a form, or as the whole body.
type upload struct {
	Name string `query:"name" maxLength:"255" doc:"Name of the file, for a body that is the file itself."`

	kind string
	body io.Reader
}

// Resolve takes the body before anything reads it; huma calls it.
func (u *upload) Resolve(ctx huma.Context) []error {
	u.kind, u.body = ctx.Header("Content-Type"), ctx.BodyReader()
	return nil
}

// file returns the file's name and content.
func (u *upload) file() (string, io.Reader, error) {
	kind, params, err := mime.ParseMediaType(u.kind)
	if err != nil && u.kind != "" {
		return "", nil, problem(http.StatusUnsupportedMediaType, "This content type cannot be read. Send the file as image/jpeg, image/png, image/gif, image/webp or multipart/form-data.")
	}
	if kind != "multipart/form-data" {
		return u.Name, u.body, nil
	}
	form := multipart.NewReader(u.body, params["boundary"])
	for {
		part, err := form.NextPart()
		var over *http.MaxBytesError
		switch {
		case errors.As(err, &over):
			return "", nil, tooLarge(mostMedia)
		case errors.Is(err, io.EOF):
			return "", nil, fault.OnField("file", "Send the picture in a form field named file.")
		case err != nil:
			return "", nil, problem(http.StatusBadRequest, "The form cannot be read. Send it as multipart/form-data with a boundary.")
		}
		if part.FormName() == "file" {
			return part.FileName(), part, nil
		}
	}
}

type mediaQuery struct {
	Paging
	Q       string `query:"q" maxLength:"200" doc:"Part of the name or of the description."`
	Deleted bool   `query:"deleted" doc:"What was deleted, instead of what is there."`
}

type mediaChange struct {
	Addressed
	Body struct {
		Alt  *string `json:"alt,omitempty" maxLength:"5000" doc:"Description for those who cannot see it."`
		Crop *Crop   `json:"crop,omitempty" doc:"The part of the original to show."`
	}
}

// Crop is a part of a picture, in pixels of the original.
type Crop struct {
	X      int `json:"x" minimum:"0"`
	Y      int `json:"y" minimum:"0"`
	Width  int `json:"width" minimum:"1"`
	Height int `json:"height" minimum:"1"`
}

type contentQuery struct {
	Addressed
	Size string `query:"size" enum:"full,thumb" default:"full"`
}

func (a *handler) mediaOperations() {
	add(a, op{id: "list-media", method: http.MethodGet, path: "/media", tag: "Media", title: "List pictures", about: "Newest first.", scope: access.MediaRead}, a.listMedia)
	add(a, op{id: "add-media", method: http.MethodPost, path: "/media", tag: "Media", title: "Add a picture", status: http.StatusCreated,
		about: "As multipart/form-data with a field named file, or the file itself as the body with ?name=. At most 25 MB. What it is is read from the content; it is stored anew, without the place where it was taken.",
		scope: access.MediaWrite, media: true, shape: uploadShape}, a.addMedia)
	add(a, op{id: "media", method: http.MethodGet, path: "/media/{id}", tag: "Media", title: "Read a picture's facts", scope: access.MediaRead}, a.media)
	add(a, op{id: "change-media", example: `{"alt":"The harbour at first light, two boats leaving."}`, method: http.MethodPatch, path: "/media/{id}", tag: "Media", title: "Describe or crop a picture",
		about: "Changes what is named and leaves the rest. One of alt and crop at a time. A picture that something scheduled or sent shows is not touched: then the cropped one is a new picture with another id.", scope: access.MediaWrite}, a.changeMedia)
	add(a, op{id: "delete-media", method: http.MethodDelete, path: "/media/{id}", tag: "Media", title: "Delete a picture", status: http.StatusNoContent,
		about: "Refused while a scheduled post needs it.", scope: access.MediaWrite}, a.deleteMedia)
	add(a, op{id: "restore-media", method: http.MethodPost, path: "/media/{id}/restore", tag: "Media", title: "Restore a deleted picture", scope: access.MediaWrite}, a.restoreMedia)
	add(a, op{id: "media-content", method: http.MethodGet, path: "/media/{id}/content", tag: "Media", title: "Read a picture", scope: access.MediaRead,
		shape: contentShape}, a.mediaContent)
}

func uploadShape(o *huma.Operation) {
	file := func() *huma.MediaType {
		return &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	}
	o.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"multipart/form-data": {Schema: &huma.Schema{Type: huma.TypeObject, Required: []string{"file"},
			Properties: map[string]*huma.Schema{"file": {Type: huma.TypeString, Format: "binary"}}}},
		"image/jpeg": file(), "image/png": file(), "image/gif": file(), "image/webp": file(),
		"application/octet-stream": file(),
	}}
}

func contentShape(o *huma.Operation) {
	o.Responses["200"] = &huma.Response{Description: "The picture.", Content: map[string]*huma.MediaType{
		"image/*": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}}
}

func (a *handler) listMedia(ctx context.Context, c caller, in *mediaQuery) (*body[items[Media]], error) {
	page, err := in.page("media", c.token.Brand)
	if err != nil {
		return nil, err
	}
	all, next, err := media.List(ctx, a.DB, c.who, c.token.Brand, media.Filter{Query: in.Q, Deleted: in.Deleted}, page)
	if err != nil {
		return nil, err
	}
	return itemsOf("media", c.token.Brand, all, next, mediaView), nil
}

func (a *handler) addMedia(ctx context.Context, c caller, in *upload) (*body[Media], error) {
	name, file, err := in.file()
	if err != nil {
		return nil, err
	}
	m, err := a.Media.Add(ctx, c.who, c.token.Brand, name, file)
	var over *http.MaxBytesError
	if errors.As(err, &over) {
		return nil, tooLarge(mostMedia)
	}
	return answerOf(mediaView(m), err)
}

func (a *handler) media(ctx context.Context, c caller, in *Addressed) (*body[Media], error) {
	m, err := media.ByID(ctx, a.DB, c.who, c.token.Brand, in.ID)
	return answerOf(mediaView(m), err)
}

func (a *handler) changeMedia(ctx context.Context, c caller, in *mediaChange) (*body[Media], error) {
	alt, crop := in.Body.Alt, in.Body.Crop
	var m media.Media
	var err error
	switch {
	case alt != nil && crop == nil:
		m, err = a.Media.Describe(ctx, c.who, c.token.Brand, in.ID, *alt)
	case crop != nil && alt == nil:
		m, err = a.Media.Crop(ctx, c.who, c.token.Brand, in.ID, media.Rect{X: crop.X, Y: crop.Y, Width: crop.Width, Height: crop.Height})
	default:
		err = fault.OnField("alt", "Send either alt or crop.")
	}
	return answerOf(mediaView(m), err)
}

func (a *handler) deleteMedia(ctx context.Context, c caller, in *Addressed) (*struct{}, error) {
	return nil, a.Media.Delete(ctx, c.who, c.token.Brand, in.ID)
}

func (a *handler) restoreMedia(ctx context.Context, c caller, in *Addressed) (*body[Media], error) {
	m, err := a.Media.Restore(ctx, c.who, c.token.Brand, in.ID)
	return answerOf(mediaView(m), err)
}

func (a *handler) mediaContent(ctx context.Context, c caller, in *contentQuery) (*stream, error) {
	r, _, kind, err := a.Media.Open(ctx, c.who, c.token.Brand, in.ID, in.Size)
	if err != nil {
		return nil, err
	}
	return &stream{Body: func(ctx huma.Context) {
		ctx.SetHeader("Content-Type", kind)
		ctx.SetHeader("Content-Security-Policy", "default-src 'none'; sandbox")
		ctx.SetStatus(http.StatusOK)
		copyTo(ctx, r)
	}}, nil
}
