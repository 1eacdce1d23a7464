package compose

import (
	"net/http"

	"rapport/internal/post"
	"rapport/internal/web/entry"
	"rapport/internal/web/studio"
	"rapport/internal/web/together"
)

// composeTalk is what the team says on the post in the composer.
func (p *Pages) composeTalk(r *http.Request, id string) (*together.TalkView, error) {
	v := studio.At(r)
	one, err := post.ByID(r.Context(), p.DB, v.Who, v.Brand.ID, id)
	if err != nil {
		return nil, err
	}
	view, err := p.together.TalkView(r, one, entry.Fill("from", "compose"))
	return &view, err
}
