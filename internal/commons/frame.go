package commons

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"github.com/a-h/templ"

	"rapport/internal/i18n"
	"rapport/internal/space"
	"rapport/internal/web/static"
	"rapport/internal/web/ui"
)

// seen are the spaces that the reader may see.
func (v *visit) seen() []space.Space {
	var out []space.Space
	for _, s := range v.Spaces {
		if !s.Hidden || v.inside() {
			out = append(out, s)
		}
	}
	return out
}

func (v *visit) now() (t nowTime) { return nowTime{} }

type nowTime struct{}

// data is structured data for programs. JSON in a script of that type runs
// nothing; what could end the element is escaped.
func data(v any) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		raw, err := json.Marshal(v) // escapes <, > and &
		if err != nil {
			return err
		}
		_, err = io.WriteString(w, `<script type="application/ld+json">`+string(raw)+`</script>`)
		return err
	})
}

func bellLabel(ctx context.Context, unread int) string {
	if unread == 0 {
		return i18n.T(ctx, "Notices")
	}
	return i18n.N(ctx, unread, "{{.Count}} unread notice", "{{.Count}} unread notices")
}

// paperName is what a document is called.
func paperName(ctx context.Context, name string) string {
	switch name {
	case "guidelines":
		return i18n.T(ctx, "Guidelines")
	case "terms":
		return i18n.T(ctx, "Terms")
	case "privacy":
		return i18n.T(ctx, "Privacy")
	case "imprint":
		return i18n.T(ctx, "Imprint")
	}
	return name
}

// lookVersion names the stylesheet of a brand's colour, so that it is kept for
// long and still never stale.
func lookVersion(color string) string {
	return static.Hash("commons.css") + strings.TrimPrefix(color, "#")
}

// look is the one stylesheet of a community: the house's and the brand's
// colour.
func (p *Pages) look(w http.ResponseWriter, r *http.Request) error {
	color := in(r).Brand.Color
	k, ok := p.looks.Load(color)
	if !ok {
		css, err := static.Read("commons.css")
		if err != nil {
			return err
		}
		css = append(css, ui.ThemeCSS(color)...)
		k = &kept{page: css, packed: pack(css), kind: "text/css; charset=utf-8", etag: `"` + lookVersion(color) + `"`}
		p.looks.Store(color, k)
	}
	k.(*kept).send(w, r)
	w.Header()["Vary"] = []string{"Accept-Encoding"}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	return nil
}
