package commons

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/member"
	"rapport/internal/space"
	"rapport/internal/topic"
)

// listView is a list of topics.
type listView struct {
	*visit
	Space  space.Space // zero where all spaces are shown
	Filter topic.Filter
	Pinned []topic.Line
	Lines  []topic.Line
	Read   map[string]topic.Following
	Level  topic.Level     // how the reader follows the space
	Keep   []member.Member // who of the community's own look after the space
	More   string          // address of the next page; "" after the last
	First  bool            // it is the first page
}

// home shows the topics of all spaces.
func (p *Pages) home(w http.ResponseWriter, r *http.Request) error {
	view := topic.Latest
	if r.URL.Path != "/" {
		view = topic.View(r.URL.Path[1:])
	}
	f := topic.Filter{View: view, Period: topic.Period(r.URL.Query().Get("period"))}
	l, err := p.list(r, space.Space{}, f)
	if err != nil {
		return err
	}
	h := head{Title: viewTitle(r.Context(), view), Path: r.URL.Path, Feed: "/feed.atom", View: string(view), About: viewTitle(r.Context(), view) + ": " + viewHelp(r.Context(), view), NoIndex: !l.First, Live: l.live()}
	if view == topic.Latest {
		h.Title, h.About = "", ""
		h.Data = map[string]any{"@context": "https://schema.org", "@type": "WebSite", "name": at(r).Brand.Name, "url": at(r).Public + "/"}
	}
	return write(r.Context(), w, http.StatusOK, frame(at(r).page(r, h), listBody(&l)))
}

func viewTitle(ctx context.Context, v topic.View) string {
	switch v {
	case topic.Unanswered:
		return i18n.T(ctx, "Unanswered")
	case topic.Top:
		return i18n.T(ctx, "Top")
	case topic.Followed:
		return i18n.T(ctx, "What you follow")
	}
	return i18n.T(ctx, "Latest")
}

func (p *Pages) list(r *http.Request, s space.Space, f topic.Filter) (listView, error) {
	v, ctx := at(r), r.Context()
	l := listView{visit: v, Space: s, Filter: f, First: r.URL.Query().Get("after") == ""}
	f.Space = s.ID
	var err error
	var next string
	if l.Lines, next, err = topic.List(ctx, p.DB, v.Voice, v.Spaces, f, db.Page{After: r.URL.Query().Get("after")}); err != nil {
		return l, err
	}
	if next != "" {
		q := url.Values{"after": {next}}
		if f.Period != "" {
			q.Set("period", string(f.Period))
		}
		l.More = v.href(r.URL.Path) + "?" + q.Encode()
	}
	if s.ID != "" && l.First {
		if l.Pinned, err = topic.Pinned(ctx, p.DB, v.Brand.ID, s.ID); err != nil {
			return l, err
		}
	}
	ids := []string{s.ID}
	for _, one := range l.Lines {
		ids = append(ids, one.ID)
	}
	l.Read, err = topic.FollowingOf(ctx, p.DB, v.Voice, ids)
	l.Level = l.Read[s.ID].Level
	return l, err
}

// unread reports whether there is more in a topic than the reader has seen.
func (l *listView) unread(t *topic.Line) bool {
	f, known := l.Read[t.ID]
	return known && f.Seen > 0 && f.Seen < t.LastNumber
}

// spaceList shows all spaces with what they are for.
func (p *Pages) spaceList(w http.ResponseWriter, r *http.Request) error {
	var names []string
	for _, s := range at(r).seen() {
		names = append(names, s.Name)
	}
	h := head{Title: i18n.T(r.Context(), "Spaces"), Path: "/spaces",
		About: i18n.T(r.Context(), "The spaces of {{.Community}}: {{.Spaces}}", "Community", at(r).Brand.Name, "Spaces", strings.Join(names, ", "))}
	return write(r.Context(), w, http.StatusOK, frame(at(r).page(r, h), spacesBody(at(r))))
}

// spaceShow shows the topics of a space.
func (p *Pages) spaceShow(w http.ResponseWriter, r *http.Request) error {
	s, err := p.spaceAt(r)
	if err != nil {
		return err
	}
	if s.Slug != r.PathValue("space") {
		http.Redirect(w, r, withQuery(at(r).href("/s/"+url.PathEscape(s.Slug)), r.URL.RawQuery), http.StatusMovedPermanently)
		return nil
	}
	l, err := p.list(r, s, topic.Filter{})
	if err != nil {
		return err
	}
	if l.First {
		if l.Keep, err = p.keepers(r.Context(), s); err != nil {
			return err
		}
	}
	about := cmp.Or(s.About, i18n.T(r.Context(), "What is asked and said in “{{.Space}}” in the community of {{.Community}}.", "Space", s.Name, "Community", at(r).Brand.Name))
	h := head{Title: s.Name, About: about, Path: "/s/" + url.PathEscape(s.Slug), Feed: "/s/" + url.PathEscape(s.Slug) + "/feed.atom", Space: s.ID, NoIndex: s.Hidden || !l.First, Live: l.live()}
	return write(r.Context(), w, http.StatusOK, frame(at(r).page(r, h), listBody(&l)))
}

// keepersMost is how many of those who look after a space are named.
const keepersMost = 6

// keepers are the moderators and community managers who look after a space and
// are members, by name. Who only runs the brand is not named.
func (p *Pages) keepers(ctx context.Context, s space.Space) ([]member.Member, error) {
	able, err := account.Able(ctx, p.DB, s.Brand, access.TopicModerate, s.ID)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, m := range able {
		if m.Grant.Role == access.Moderator || m.Grant.Role == access.Community {
			ids = append(ids, m.ID)
		}
	}
	known, err := member.OfAccounts(ctx, p.DB, s.Brand, ids)
	if err != nil {
		return nil, err
	}
	var out []member.Member
	for _, id := range ids {
		if m, ok := known[id]; ok && len(out) < keepersMost {
			out = append(out, m)
		}
	}
	return out, nil
}

// spaceAt is the space of the address, as the reader may see it.
func (p *Pages) spaceAt(r *http.Request) (space.Space, error) {
	s, err := space.BySlug(r.Context(), p.DB, at(r).Brand.ID, r.PathValue("space"))
	if err == nil && s.Hidden && !at(r).inside() {
		err = space.Missing()
	}
	return s, err
}

// spaceFollow sets how the reader follows a space.
func (p *Pages) spaceFollow(w http.ResponseWriter, r *http.Request) error {
	s, err := p.spaceAt(r)
	if err == nil {
		err = topic.Follow(r.Context(), p.DB, at(r).Voice, s.ID, topic.Level(r.FormValue("level")))
	}
	if err != nil {
		return err
	}
	return see(w, r, at(r).href("/s/"+url.PathEscape(s.Slug)))
}

// noteOf is what was done just before, in words.
func noteOf(r *http.Request) string { return said(r.Context(), r.URL.Query().Get("done")) }

// said is what pages say of something that was done.
func said(ctx context.Context, done string) string {
	switch done {
	case "waits":
		return i18n.T(ctx, "Thank you. Somebody of the team looks at this before others can read it. You will be told.")
	case "flagged":
		return i18n.T(ctx, "Thank you. The team looks at it.")
	case "saved":
		return i18n.T(ctx, "Saved.")
	case "yours":
		return i18n.T(ctx, "Thank you. It is proven that this account is yours.")
	case "joined":
		return i18n.T(ctx, "Welcome. You can write now.")
	case "letter":
		return i18n.T(ctx, "Look into your mail: a letter tells you how to go on.")
	case "proven":
		return i18n.T(ctx, "Thank you. Your address is proven.")
	case "left":
		return i18n.T(ctx, "You have left this community.")
	case "password":
		return i18n.T(ctx, "The password is changed. Your other sessions have ended.")
	case "others":
		return i18n.T(ctx, "Your other sessions have ended.")
	case "gone":
		return i18n.T(ctx, "You have left this community, and your account is deleted.")
	case "asking":
		return i18n.T(ctx, "Thank you. The team looks at who wants to join, and lets you in.")
	}
	return ""
}

var errNoTopic = fault.New(fault.NotFound, "There is no such topic.")
