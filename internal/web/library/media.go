package library

import (
	"context"
	"fmt"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"rapport/internal/access"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/media"
	"rapport/internal/web/entry"
	"rapport/internal/web/studio"
	"rapport/internal/web/ui"
)

// mediaFile sends a picture's file to the team: ?size=full or thumb.
func (p *Pages) mediaFile(w http.ResponseWriter, r *http.Request) error {
	v, size := studio.At(r), r.URL.Query().Get("size")
	f, m, kind, err := p.Media.Open(r.Context(), v.Who, v.Brand.ID, r.PathValue("media"), size)
	if err != nil {
		return err
	}
	defer f.Close()
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Disposition", mime.FormatMediaType("inline", map[string]string{"filename": m.Name}))
	h.Set("ETag", fmt.Sprintf(`"%s-%s-%dx%d-%d"`, m.ID, size, m.Width, m.Height, m.Bytes))
	h.Set("Cache-Control", "private, max-age=300")
	if r.URL.Query().Has("v") {
		h.Set("Cache-Control", "private, max-age=31536000, immutable")
	}
	http.ServeContent(w, r, "", time.Time{}, f)
	return nil
}

// Upload keeps one file of a form in the library.
func (p *Pages) Upload(ctx context.Context, v *studio.Visit, file *multipart.FileHeader) (media.Media, error) {
	f, err := file.Open()
	if err != nil {
		return media.Media{}, fmt.Errorf("web: open the upload: %w", err)
	}
	defer f.Close()
	return p.Media.Add(ctx, v.Who, v.Brand.ID, file.Filename, f)
}

type mediaListView struct {
	Slug    string
	Query   string
	Deleted bool
	All     []media.Media
	Next    string
	May     bool
	Form    entry.Form
}

// more is the address of the next page.
func (v mediaListView) more() string {
	q := url.Values{"after": {v.Next}}
	if v.Query != "" {
		q.Set("q", v.Query)
	}
	if v.Deleted {
		q.Set("deleted", "true")
	}
	return studio.Path(v.Slug, "media") + "?" + q.Encode()
}

// mediaList is the library.
// mediaPageSize fills a window once: a browser asks for what is below it, too.
const mediaPageSize = 24

func (p *Pages) mediaList(w http.ResponseWriter, r *http.Request) error {
	return p.mediaPage(w, r, entry.Form{})
}

func (p *Pages) mediaPage(w http.ResponseWriter, r *http.Request, f entry.Form) error {
	v, ctx := studio.At(r), r.Context()
	q := r.URL.Query()
	view := mediaListView{Slug: v.Brand.Slug, Query: q.Get("q"), Deleted: q.Get("deleted") == "true", May: p.May(r, access.MediaWrite), Form: f}
	var err error
	few := studio.PageOf(r)
	few.Limit = mediaPageSize
	view.All, view.Next, err = media.List(ctx, p.DB, v.Who, v.Brand.ID, media.Filter{Query: view.Query, Deleted: view.Deleted}, few)
	if err != nil {
		return err
	}
	if studio.FromHTMX(r) && q.Get("after") != "" {
		return studio.Part(w, r, mediaTiles(view))
	}
	head := ui.Head{Title: i18n.T(ctx, "Media"), Views: mediaViews(view), Actions: mediaActions(view)}
	return p.Show(w, r, studio.Page{Area: "media", Head: head, Status: f.Status()}, mediaPage(view))
}

// mediaAdd keeps the files of a form. One that is no picture is named; the
// others are kept.
func (p *Pages) mediaAdd(w http.ResponseWriter, r *http.Request) error {
	v, ctx := studio.At(r), r.Context()
	if err := r.ParseMultipartForm(studio.PicturesHeld); err != nil {
		return fault.As(fault.Invalid, err, "That is too much at once. Send fewer pictures.")
	}
	f := entry.Blank(r)
	kept := 0
	for _, file := range r.MultipartForm.File["file"] {
		_, err := p.Upload(ctx, v, file)
		if err != nil && !f.Refused(err, "none") {
			return err
		}
		if err == nil {
			kept++
		} else {
			f.Text = file.Filename + ": " + fault.Say(ctx, err)
		}
	}
	if f.Text != "" {
		return p.mediaPage(w, r, f)
	}
	if kept == 0 {
		f.Refused(fault.New(fault.Invalid, "Choose at least one picture."))
		return p.mediaPage(w, r, f)
	}
	p.Note(w, r, i18n.N(ctx, kept, "{{.N}} picture is in the library.", "{{.N}} pictures are in the library."), "")
	return studio.See(w, r, studio.Path(v.Brand.Slug, "media"))
}

type mediaView struct {
	media.Media
	Slug string
	Uses []media.Use
	By   string
	May  bool
	Form entry.Form
	Now  time.Time
}

func (p *Pages) mediaShow(w http.ResponseWriter, r *http.Request) error {
	return p.mediaDetail(w, r, entry.Form{})
}

func (p *Pages) mediaDetail(w http.ResponseWriter, r *http.Request, f entry.Form) error {
	view, err := p.mediaView(r, f)
	if err != nil {
		return err
	}
	head := ui.Head{Title: view.Name, Back: studio.Path(view.Slug, "media"), BackText: i18n.T(r.Context(), "Back to the library"), Actions: mediaDetailActions(view)}
	return p.Show(w, r, studio.Page{Area: "media", Head: head, Status: f.Status()}, mediaDetail(view))
}

func (p *Pages) mediaView(r *http.Request, f entry.Form) (mediaView, error) {
	v, ctx := studio.At(r), r.Context()
	view := mediaView{Slug: v.Brand.Slug, May: p.May(r, access.MediaWrite), Form: f, Now: p.DB.Now().Time()}
	var err error
	if view.Media, err = media.ByID(ctx, p.DB, v.Who, v.Brand.ID, r.PathValue("media")); err != nil {
		return view, err
	}
	if view.Uses, err = media.Uses(ctx, p.DB, v.Who, v.Brand.ID, view.ID); err != nil {
		return view, err
	}
	names, err := p.Names(ctx, view.CreatedBy)
	view.By = names[view.CreatedBy]
	return view, err
}

// mediaDescribe saves what those hear who cannot see the picture.
func (p *Pages) mediaDescribe(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	id := r.PathValue("media")
	if _, err := p.Media.Describe(r.Context(), v.Who, v.Brand.ID, id, f.Value("alt")); err != nil {
		if f.Refused(err, "alt") {
			return p.mediaDetail(w, r, f)
		}
		return err
	}
	p.Note(w, r, i18n.T(r.Context(), "Description saved."), "")
	return studio.See(w, r, studio.Path(v.Brand.Slug, "media", id))
}

// mediaCropShow lets a part of the picture be chosen: by hand, or by numbers.
func (p *Pages) mediaCropShow(w http.ResponseWriter, r *http.Request) error {
	return p.mediaCropPage(w, r, entry.Form{})
}

func (p *Pages) mediaCropPage(w http.ResponseWriter, r *http.Request, f entry.Form) error {
	view, err := p.mediaView(r, f)
	if err != nil {
		return err
	}
	if err := studio.At(r).Who.May(p.DB.Now(), studio.At(r).Brand.ID, access.MediaWrite); err != nil {
		return err
	}
	if f.Values == nil {
		view.Form = entry.Fill("x", "0", "y", "0", "width", strconv.Itoa(view.Width), "height", strconv.Itoa(view.Height))
	}
	if studio.FromHTMX(r) {
		return studio.Write(r.Context(), w, view.Form.Status(), mediaCrop(view))
	}
	head := ui.Head{Title: i18n.T(r.Context(), "Crop {{.Name}}", "Name", view.Name), Back: studio.Path(view.Slug, "media", view.ID), BackText: i18n.T(r.Context(), "Back to the picture")}
	return p.Show(w, r, studio.Page{Area: "media", Head: head, Status: f.Status()}, mediaCropPage(view))
}

// mediaCrop keeps the part that was chosen. A script hears which picture it is
// now: one that is shown somewhere is left as it is and a new one is made.
func (p *Pages) mediaCrop(w http.ResponseWriter, r *http.Request) error {
	v, id := studio.At(r), r.PathValue("media")
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	var n [4]int
	for i, name := range []string{"x", "y", "width", "height"} {
		if n[i], err = strconv.Atoi(f.Value(name)); err != nil {
			err = fault.OnField("crop", "Give whole numbers of pixels.")
			break
		}
	}
	var m media.Media
	if err == nil {
		m, err = p.Media.Crop(r.Context(), v.Who, v.Brand.ID, id, media.Rect{X: n[0], Y: n[1], Width: n[2], Height: n[3]})
	}
	script := r.Header.Get("Accept") == "application/json"
	switch {
	case err != nil && script:
		return studio.TellScript(w, r, err)
	case err != nil && f.Refused(err, "none"):
		return p.mediaCropPage(w, r, f)
	case err != nil:
		return err
	case script:
		return studio.SendJSON(w, http.StatusOK, studio.Saved{ID: m.ID})
	}
	text := i18n.T(r.Context(), "Cropped.")
	if m.ID != id {
		text = i18n.T(r.Context(), "Cropped into a new picture. The old one stays, because a post shows it.")
	}
	p.Note(w, r, text, "")
	return studio.See(w, r, studio.Path(v.Brand.Slug, "media", m.ID))
}

func (p *Pages) mediaDelete(w http.ResponseWriter, r *http.Request) error {
	v, id := studio.At(r), r.PathValue("media")
	if err := p.Media.Delete(r.Context(), v.Who, v.Brand.ID, id); err != nil {
		f := entry.Blank(r)
		if f.Refused(err) {
			return p.mediaDetail(w, r, f)
		}
		return err
	}
	p.Note(w, r, i18n.T(r.Context(), "The picture is deleted."), studio.Path(v.Brand.Slug, "media", id, "restore"))
	return studio.See(w, r, studio.Path(v.Brand.Slug, "media"))
}

func (p *Pages) mediaRestore(w http.ResponseWriter, r *http.Request) error {
	v, id := studio.At(r), r.PathValue("media")
	if _, err := p.Media.Restore(r.Context(), v.Who, v.Brand.ID, id); err != nil {
		return err
	}
	p.Note(w, r, i18n.T(r.Context(), "The picture is back."), "")
	return studio.See(w, r, studio.Path(v.Brand.Slug, "media", id))
}

// pictureSize says how large a picture is, in pixels and bytes.
func pictureSize(ctx context.Context, m media.Media) string {
	return i18n.T(ctx, "{{.W}} × {{.H}} · {{.KB}} kB", "W", m.Width, "H", m.Height, "KB", max(1, m.Bytes/1000))
}

// mediaStrip draws the pictures that are asked for as one.
func (p *Pages) mediaStrip(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	sheet, err := p.Media.Sheet(r.Context(), v.Who, v.Brand.ID, strings.Split(r.URL.Query().Get("ids"), ","))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "image/jpeg")
	w.Header().Set("Cache-Control", "private, max-age=3600")
	_, _ = w.Write(sheet) // the reader has gone; nobody is left to tell
	return nil
}
