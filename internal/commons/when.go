package commons

import (
	"context"
	"io"
	"time"

	"github.com/a-h/templ"

	"rapport/internal/i18n"
)

// when shows how far a moment is from now, and the exact time on hover. The
// script keeps it true while the page stays open. It stands at every reply and
// is written by hand, because both texts are made of the same parts.
func when(now, moment time.Time) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		short, full := i18n.Moment(ctx, now, moment)
		_, err := io.WriteString(w, `<time datetime="`+date(moment)+`" data-relative title="`+templ.EscapeString(full)+`">`+templ.EscapeString(short)+`</time>`)
		return err
	})
}
