package settings

import (
	"errors"
	"io"
	"net/http"
	"time"

	"rapport/internal/access"
	"rapport/internal/brand"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/web/studio"
)

// logoFile sends the picture.
func (p *Pages) logoFile(w http.ResponseWriter, r *http.Request) error {
	f, kind, err := brand.OpenLogo(r.Context(), p.Media.Blobs, studio.At(r).Brand)
	if err != nil {
		return err
	}
	defer f.Close()
	w.Header().Set("Content-Type", kind)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "private, max-age=31536000, immutable")
	http.ServeContent(w, r, "", time.Time{}, f)
	return nil
}

// logoSet takes a new picture.
func (p *Pages) logoSet(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	err := p.takeLogo(r)
	if err != nil {
		b := v.Brand
		f := brandFilled(b)
		if f.Refused(err, "file") {
			return p.brandSettings(w, r, f)
		}
		return err
	}
	p.Note(w, r, i18n.T(r.Context(), "The logo is saved."), "")
	return studio.See(w, r, studio.Path(v.Brand.Slug, "settings", "brand"))
}

func (p *Pages) takeLogo(r *http.Request) error {
	v := studio.At(r)
	// Whoever may not is told so before a picture is read.
	if err := v.Who.May(p.DB.Now(), v.Brand.ID, access.BrandWrite); err != nil {
		return err
	}
	parts, err := r.MultipartReader()
	for err == nil {
		one, next := parts.NextPart()
		if errors.Is(next, io.EOF) {
			break
		}
		if next != nil {
			return fault.As(fault.Invalid, next, "The picture did not arrive whole. Send it again.")
		}
		if one.FormName() == "file" && one.FileName() != "" {
			return brand.SetLogo(r.Context(), p.DB, p.Media.Blobs, v.Who, v.Brand.ID, one)
		}
	}
	return fault.OnField("file", "Choose a picture.")
}

// logoRemove takes the picture away.
func (p *Pages) logoRemove(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	if err := brand.DropLogo(r.Context(), p.DB, p.Media.Blobs, v.Who, v.Brand.ID); err != nil {
		return err
	}
	p.Note(w, r, i18n.T(r.Context(), "The logo is removed."), "")
	return studio.See(w, r, studio.Path(v.Brand.Slug, "settings", "brand"))
}
