package commons

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

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
	Wrong  []fault.Field // what is wrong with the words and the filters, as the reader reads it
	More   string
}

// asked reports whether there is something to look for.
func (v searchView) asked() bool { return strings.TrimSpace(v.Query.Get("q")) != "" }

// searchFields are what can be said of what is looked for.
var searchFields = []string{"q", "space", "author", "from", "to", "solved", "sort"}

// sent reports whether the form was sent, or an address with filters was opened.
func (v searchView) sent() bool {
	return v.Query.Has("q") || slices.ContainsFunc(searchFields, func(name string) bool { return v.Query.Get(name) != "" })
}

// wrong is what a field says of itself to who cannot see what stands below.
func (v searchView) wrong(name string) templ.Attributes {
	if !slices.ContainsFunc(v.Wrong, func(f fault.Field) bool { return f.Name == name }) {
		return nil
	}
	return templ.Attributes{"aria-invalid": "true", "aria-describedby": "wrong-" + name}
}

// searchShow finds what members said, newest first over everything, or the best
// of the newest.
func (p *Pages) searchShow(w http.ResponseWriter, r *http.Request) error {
	v := searchView{visit: at(r), Query: r.URL.Query()}
	v.Ranked = v.Query.Get("sort") != "newest"
	if v.sent() {
		err := p.search(r, &v)
		if fault.Is(err, fault.Invalid) {
			if v.Wrong = fault.FieldsIn(r.Context(), err); len(v.Wrong) == 0 {
				v.Wrong = []fault.Field{{Text: fault.Say(r.Context(), err)}}
			}
			err = nil
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
		for _, name := range searchFields {
			if v.Query.Get(name) != "" {
				more.Set(name, v.Query.Get(name))
			}
		}
		v.More = v.href("/search") + "?" + more.Encode()
	}
	return nil
}

// searchQuery reads the words and the filters; what is wrong with them is told
// together. Only spaces that the reader may see are looked through.
func (p *Pages) searchQuery(r *http.Request, v *searchView) (search.CommunityQuery, error) {
	q := search.CommunityQuery{Text: v.Query.Get("q"), Solved: v.Query.Get("solved") == "true", Ranked: v.Ranked}
	var wrong []fault.Field
	if !v.asked() {
		wrong = append(wrong, fault.On("q", "Enter a word to look for. The filters narrow what is found with it."))
	}
	for _, s := range v.seen() {
		if slug := v.Query.Get("space"); slug == "" || slug == s.Slug {
			q.Spaces = append(q.Spaces, s.ID)
		}
	}
	if handle := strings.TrimPrefix(strings.TrimSpace(v.Query.Get("author")), "@"); handle != "" {
		m, err := member.ByHandle(r.Context(), p.DB, v.Brand.ID, handle)
		switch {
		case fault.Is(err, fault.NotFound):
			wrong = append(wrong, fault.On("author", "There is nobody with the handle %s.", handle))
		case err != nil:
			return q, err
		}
		q.Author = m.ID
	}
	from, to := day(v.Query, "from", v.Brand.Location(), &wrong), day(v.Query, "to", v.Brand.Location(), &wrong)
	if !from.IsZero() && !to.IsZero() && to.Before(from) {
		wrong = append(wrong, fault.On("to", "From %s until %s there is no day. Choose a day to begin with that is not later than the last.", i18n.Date(r.Context(), from), i18n.Date(r.Context(), to)))
	}
	if !from.IsZero() {
		q.From = db.At(from)
	}
	if !to.IsZero() {
		q.To = db.At(to.AddDate(0, 0, 1))
	}
	return q, fault.OnFields(wrong)
}

// day is the beginning of the day that a field names; zero for none.
func day(values url.Values, name string, zone *time.Location, wrong *[]fault.Field) time.Time {
	s := values.Get(name)
	if s == "" {
		return time.Time{}
	}
	t, err := time.ParseInLocation(time.DateOnly, s, zone)
	if err != nil {
		*wrong = append(*wrong, fault.On(name, "Enter the day as in 2026-11-29."))
	}
	return t
}
