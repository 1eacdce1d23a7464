package moderation

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"rapport/internal/db"
	"rapport/internal/search"
	"rapport/internal/space"
	"rapport/internal/web/studio"
)

// vainSpans are the spans that searches in vain are told over, in days; 0 is
// ever.
var vainSpans = []int{7, 28, search.LongestSpan, 0}

// vainView is what was looked for in the community and not found.
type vainView struct {
	Slug   string
	Filter search.UnmetFilter
	Rows   []search.Unmet
	Next   string
	Into   space.Space // where articles are written; zero where there is no such space
	Now    db.Time
}

// address is the page with another filter, or a later part of it.
func (v vainView) address(f search.UnmetFilter, after string) string {
	return studio.Path(v.Slug, "community", "searches") + "?" + v.query(f, after)
}

func (v vainView) query(f search.UnmetFilter, after string) string {
	q := url.Values{"days": {strconv.Itoa(f.Days)}}
	if f.Newest {
		q.Set("sort", "newest")
	}
	if after != "" {
		q.Set("after", after)
	}
	return q.Encode()
}

// again is the community's search for the words.
func (v vainView) again(words string) string {
	return "/b/" + v.Slug + "/search?" + url.Values{"q": {words}}.Encode()
}

// write is where an article about the words is begun.
func (v vainView) write(words string) string {
	return "/b/" + v.Slug + "/new?" + url.Values{"space": {v.Into.Slug}, "title": {words}}.Encode()
}

// vainFilter reads the filter of an address; what is none is the usual.
func vainFilter(q url.Values) search.UnmetFilter {
	f := search.UnmetFilter{Days: 28, Newest: q.Get("sort") == "newest"}
	for _, days := range vainSpans {
		if q.Get("days") == strconv.Itoa(days) {
			f.Days = days
		}
	}
	return f
}

func (p *Pages) communitySearches(w http.ResponseWriter, r *http.Request) error {
	v, ctx := studio.At(r), r.Context()
	view := vainView{Slug: v.Brand.Slug, Filter: vainFilter(r.URL.Query()), Now: p.DB.Now()}
	var err error
	if view.Rows, view.Next, err = search.Unfound(ctx, p.DB, v.Who, v.Brand.ID, view.Filter, studio.PageOf(r)); err != nil {
		return err
	}
	all, err := space.List(ctx, p.DB, v.Brand.ID)
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.Kind == space.Knowledge && s.ClosedAt == 0 && view.Into.ID == "" {
			view.Into = s
		}
	}
	return p.community(w, r, "searches", 0, vainPart(view))
}

// communitySearchesCSV is all of it, as a table.
func (p *Pages) communitySearchesCSV(w http.ResponseWriter, r *http.Request) error {
	v, f := studio.At(r), vainFilter(r.URL.Query())
	rows := [][]string{{"words", "times", "last_at"}}
	for page := (db.Page{Limit: 100}); ; {
		some, next, err := search.Unfound(r.Context(), p.DB, v.Who, v.Brand.ID, f, page)
		if err != nil {
			return err
		}
		for _, u := range some {
			rows = append(rows, []string{u.Words, strconv.FormatInt(u.Times, 10), u.LastAt.Time().UTC().Format(time.RFC3339)})
		}
		if page.After = next; next == "" {
			break
		}
	}
	return studio.CSV(w, "searches-in-vain.csv", rows)
}
