package commons

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/member"
	"rapport/internal/search"
	"rapport/internal/topic"
)

// searchView is what was looked for and what was found.
type searchView struct {
	*visit
	Query  url.Values
	Ranked bool
	Result search.CommunityResult
	Topics map[string]topic.Topic
	Faces  map[string]member.Member
	Wrong  string // what is wrong with a filter
	More   string
}

// asked reports whether there is something to look for.
func (v searchView) asked() bool { return strings.TrimSpace(v.Query.Get("q")) != "" }

// searchShow finds what members said, newest first over everything, or the best
// of the newest.
func (p *Pages) searchShow(w http.ResponseWriter, r *http.Request) error {
	v := searchView{visit: at(r), Query: r.URL.Query()}
	v.Ranked = v.Query.Get("sort") != "newest"
	if v.asked() {
		err := p.search(r, &v)
		if fault.Is(err, fault.Invalid) {
			v.Wrong, err = fault.Say(r.Context(), err), nil
		}
		if err != nil {
			return err
		}
	}
	h := head{Title: i18n.T(r.Context(), "Search"), NoIndex: true, Search: v.Query.Get("q"), View: "search"}
	return write(r.Context(), w, http.StatusOK, frame(v.page(r, h), searchBody(v)))
}

func (p *Pages) search(r *http.Request, v *searchView) error {
	ctx := r.Context()
	q, err := p.searchQuery(r, v)
	if err != nil {
		return err
	}
	if v.Result, err = search.Community(ctx, p.DB, v.Brand.ID, q, db.Page{After: v.Query.Get("after")}); err != nil {
		return err
	}
	if len(v.Result.Hits) == 0 && v.Query.Get("after") == "" && len(v.Query["author"])+len(v.Query["from"]) == 0 && !v.team() {
		return p.DB.Tx(ctx, func(tx *db.Tx) error { return search.Missed(ctx, tx, v.Brand.ID, q.Text) })
	}
	var topics, authors []string
	for _, h := range v.Result.Hits {
		topics, authors = append(topics, h.Topic), append(authors, h.Author)
	}
	if v.Topics, err = topic.ByIDs(ctx, p.DB, v.Brand.ID, topics); err != nil {
		return err
	}
	if v.Faces, err = member.ByIDs(ctx, p.DB, v.Brand.ID, authors); err != nil {
		return err
	}
	if v.Result.Next != "" {
		more := url.Values{"after": {v.Result.Next}}
		for _, name := range []string{"q", "space", "author", "from", "to", "solved", "sort"} {
			if v.Query.Get(name) != "" {
				more.Set(name, v.Query.Get(name))
			}
		}
		v.More = v.href("/search") + "?" + more.Encode()
	}
	return nil
}

// searchQuery reads the filters. Only spaces that the reader may see are looked
// through.
func (p *Pages) searchQuery(r *http.Request, v *searchView) (search.CommunityQuery, error) {
	q := search.CommunityQuery{Text: v.Query.Get("q"), Solved: v.Query.Get("solved") == "true", Ranked: v.Ranked}
	for _, s := range v.seen() {
		if slug := v.Query.Get("space"); slug == "" || slug == s.Slug {
			q.Spaces = append(q.Spaces, s.ID)
		}
	}
	if handle := strings.TrimPrefix(strings.TrimSpace(v.Query.Get("author")), "@"); handle != "" {
		m, err := member.ByHandle(r.Context(), p.DB, v.Brand.ID, handle)
		if fault.Is(err, fault.NotFound) {
			return q, fault.New(fault.Invalid, "There is nobody with the handle %s.", handle)
		}
		if err != nil {
			return q, err
		}
		q.Author = m.ID
	}
	var err error
	if q.From, err = day(v.Query.Get("from"), v.Brand.Location(), 0); err != nil {
		return q, err
	}
	q.To, err = day(v.Query.Get("to"), v.Brand.Location(), 1)
	return q, err
}

// day is the beginning of a day, or of so many days later; 0 for none.
func day(s string, zone *time.Location, later int) (db.Time, error) {
	if s == "" {
		return 0, nil
	}
	t, err := time.ParseInLocation("2006-01-02", s, zone)
	if err != nil {
		return 0, fault.As(fault.Invalid, err, "Enter the day as in 2026-11-29.")
	}
	return db.At(t.AddDate(0, 0, later)), nil
}
