package commons

import (
	"cmp"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/a-h/templ"

	"rapport/internal/document"
	"rapport/internal/i18n"
	"rapport/internal/markdown"
	"rapport/internal/space"
	"rapport/internal/web/static"
	"rapport/internal/web/ui"
)

// seen are the spaces that the reader may see.
func (v *visit) seen() []space.Space {
	inside, hidden := v.inside(), func(s space.Space) bool { return s.Hidden }
	if inside || !slices.ContainsFunc(v.Spaces, hidden) {
		return v.Spaces
	}
	return slices.DeleteFunc(slices.Clone(v.Spaces), hidden)
}

// aboutMost is how many runes of a description search engines show.
const aboutMost = 160

// titleMost is how many runes of a page's title the tab and search engines are
// told; the page says all of it.
const titleMost = 90

// about is what the page is said to hold, in one line: what is known of it, or
// else of the community.
func (v *visit) about(ctx context.Context, known string) string {
	if known = excerptLine(known); known == "" {
		known = cmp.Or(excerptLine(v.Community.Intro), i18n.T(ctx, "The community of {{.Community}}: ask, answer and talk.", "Community", v.Brand.Name))
	}
	return markdown.Excerpt(known, aboutMost)
}

// inside reports whether the reader sees what is for members only.
func (v *visit) inside() bool { return v.Voice.Inside(v.Now) }

// team reports whether the reader is of the team.
func (v *visit) team() bool { return v.In() && v.Voice.Team(v.Now) }

// speaks reports whether the reader may write somewhere.
// It is asked at every reply.
func (v *visit) speaks() bool {
	if v.mute == nil {
		mute := v.Voice.Speaks(v.Now) != nil
		v.mute = &mute
	}
	return !*v.mute
}

// moderates reports whether the reader looks after the space; after any, where
// it is "".
func (v *visit) moderates(space string) bool {
	if space == "" {
		return v.In() && v.Voice.Moderates(v.Now)
	}
	return v.In() && v.Voice.Moderates(v.Now, space)
}

// logo is the address of the community's picture.
func (v *visit) logo() string {
	if v.Brand.Logo == "" {
		return ""
	}
	return v.href("/logo?v=" + url.QueryEscape(path.Base(v.Brand.Logo)))
}

// picture is the address of a member's picture, of which key is the file.
func (v *visit) picture(key string) string {
	if key == "" {
		return ""
	}
	return v.href("/face/" + path.Base(key))
}

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

// sameFor renders a part that is the same for all who read a language only once:
// one that stands at every reply.
func sameFor(ctx context.Context, name string, part templ.Component) templ.Component {
	key := [2]string{name, i18n.Lang(ctx)}
	if c, ok := parts.Load(key); ok {
		return c.(templ.Component)
	}
	var b strings.Builder
	if err := part.Render(ctx, &b); err != nil {
		return part
	}
	c := templ.Raw(b.String())
	parts.Store(key, c)
	return c
}

var parts sync.Map // by name and language

// paperName is what a document is called.
func paperName(ctx context.Context, name string) string { return i18n.T(ctx, document.Title(name)) }

// lookVersion names the stylesheet of a brand's colour, so that it is kept for
// long and still never stale.
func lookVersion(color string) string { return sheetSum + strings.TrimPrefix(color, "#") }

var sheetSum = func() string {
	sum := sha256.Sum256(static.Body("commons.css"))
	return hex.EncodeToString(sum[:5])
}()

// look is the one stylesheet of a community: the house's and the brand's
// colour.
func (p *Pages) look(w http.ResponseWriter, r *http.Request) error {
	color := in(r).Brand.Color
	k, ok := p.looks.Load(color)
	if !ok {
		css := append(slices.Clone(static.Body("commons.css")), ui.ThemeCSS(color)...)
		k = &kept{page: css, kind: "text/css; charset=utf-8", etag: `"` + lookVersion(color) + `"`, packed: pack(css, gzip.BestCompression)}
		p.looks.Store(color, k)
	}
	k.(*kept).send(w, r, "public, max-age=31536000, immutable")
	return nil
}
