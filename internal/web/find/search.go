package find

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"rapport/internal/access"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/person"
	"rapport/internal/search"
	"rapport/internal/topic"
	"rapport/internal/web/studio"
	"rapport/internal/web/ui"
)

// searchView is what was found by words.
type searchView struct {
	Slug     string
	Asked    searchAsked
	Groups   []hitGroup
	Channels []studio.ChannelRow
	Now      time.Time
}

// searchAsked is what is looked for, as it stands in the address.
type searchAsked struct {
	Words   string
	Kind    search.Kind // "" is every kind
	Channel string
	Since   string // one of searchSpans; "" is any time
}

// hitGroup is what was found of one kind.
type hitGroup struct {
	Kind search.Kind
	Hits []hit
	Next string // cursor, of a kind shown alone
	More string // address of all of the kind, where there are more
}

// hit is a result with what it is called and where it leads.
type hit struct {
	search.Hit
	Title    string
	Href     string
	Network  string
	Channels []studio.ChannelRow
}

// searchSpans are the times that a search may be narrowed to.
var searchSpans = []struct {
	key, label string
	span       time.Duration
}{
	{"week", "Past 7 days", 7 * 24 * time.Hour},
	{"month", "Past 30 days", 30 * 24 * time.Hour},
	{"year", "Past year", 365 * 24 * time.Hour},
}

const (
	searchMost = 400 // bytes of what is typed
	groupMost  = 5   // results of each kind beside others
)

// searchKinds are what the studio's search shows, in this order.
var searchKinds = []search.Kind{search.Person, search.Message, search.Reply, search.Post, search.Note}

var kindNames = map[search.Kind]string{search.Person: "People", search.Message: "Messages", search.Reply: "Community", search.Post: "Posts", search.Note: "Notes"}

var kindIcons = map[search.Kind]string{search.Person: "user", search.Message: "message-circle", search.Reply: "messages-square", search.Post: "layers", search.Note: "file-text"}

// address is the search with something asked differently.
func (v searchView) address(a searchAsked, after string) string {
	q := url.Values{}
	for name, value := range map[string]string{"q": a.Words, "kind": string(a.Kind), "channel": a.Channel, "since": a.Since, "after": after} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return studio.Path(v.Slug, "search") + "?" + q.Encode()
}

// searchShow finds what holds the words: the newest of each kind, or all of
// one.
func (p *Pages) searchShow(w http.ResponseWriter, r *http.Request) error {
	v, ctx, q := studio.At(r), r.Context(), r.URL.Query()
	view := searchView{Slug: v.Brand.Slug, Now: p.DB.Now().Time(), Asked: searchAsked{Kind: search.Kind(q.Get("kind")), Channel: q.Get("channel"), Since: q.Get("since")}}
	view.Asked.Words = strings.TrimSpace(q.Get("q"))
	if len(view.Asked.Words) > searchMost {
		view.Asked.Words = strings.ToValidUTF8(view.Asked.Words[:searchMost], "")
	}
	if view.Asked.Kind != "" && kindNames[view.Asked.Kind] == "" {
		return fault.OnField("kind", "There is no such kind of result.")
	}
	var err error
	if view.Channels, _, err = p.ChannelChoices(r); err != nil && !fault.Is(err, fault.Denied) {
		return err
	}
	if err := p.searchGroups(r, &view); err != nil {
		return err
	}
	if studio.FromHTMX(r) && q.Get("after") != "" && len(view.Groups) == 1 {
		return studio.Part(w, r, hitRows(view, view.Groups[0]))
	}
	return p.Show(w, r, studio.Page{Area: "search", Head: ui.Head{Title: i18n.T(ctx, "Search"), Views: searchViews(view)}}, searchPage(view))
}

func (p *Pages) searchGroups(r *http.Request, view *searchView) error {
	if !p.May(r, access.PostRead) && !p.May(r, access.ConversationRead) && !p.May(r, access.PersonRead) {
		return studio.At(r).Who.May(p.DB.Now(), studio.At(r).Brand.ID, access.PostRead)
	}
	kinds, denied := searchKinds, 0
	if view.Asked.Kind != "" {
		kinds = []search.Kind{view.Asked.Kind}
	}
	for _, k := range kinds {
		g, err := p.searchKind(r, *view, k)
		if fault.Is(err, fault.Denied) {
			if denied++; denied == len(kinds) {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		if len(g.Hits) > 0 {
			view.Groups = append(view.Groups, g)
		}
	}
	return nil
}

func (p *Pages) searchKind(r *http.Request, view searchView, k search.Kind) (hitGroup, error) {
	a := view.Asked
	query, page := search.Query{Text: a.Words, Kinds: []search.Kind{k}}, studio.PageOf(r)
	if a.Channel != "" {
		query.Channels = []string{a.Channel}
	}
	for _, s := range searchSpans {
		if s.key == a.Since {
			query.From = p.DB.Now().Add(-s.span)
		}
	}
	if a.Kind == "" {
		page = db.Page{Limit: groupMost}
	}
	found, next, err := p.find(r, query, page)
	if err != nil {
		return hitGroup{}, err
	}
	g := hitGroup{Kind: k}
	if a.Kind != "" {
		g.Next = next
	} else if next != "" {
		a.Kind = k
		g.More = view.address(a, "")
	}
	g.Hits, err = p.hits(r, found)
	return g, err
}

// find finds what is of the kinds; in the community, which is no channel, nothing
// where channels are named.
func (p *Pages) find(r *http.Request, query search.Query, page db.Page) ([]search.Hit, string, error) {
	v := studio.At(r)
	if query.Kinds[0] != search.Reply {
		return search.Find(r.Context(), p.DB, v.Who, v.Brand.ID, query, page)
	}
	if len(query.Channels) > 0 {
		return nil, "", nil
	}
	out, err := search.ForTeam(r.Context(), p.DB, v.Who, v.Brand.ID, search.CommunityQuery{Text: query.Text, From: query.From}, page)
	return out.Hits, out.Next, err
}

// hits says what was found is called and where it leads.
func (p *Pages) hits(r *http.Request, found []search.Hit) ([]hit, error) {
	v, ctx := studio.At(r), r.Context()
	var people, channels, topics []string
	for _, f := range found {
		people, channels = append(people, f.Person), append(channels, f.Channels...)
		topics = append(topics, f.Topic)
	}
	spoken, err := topic.ByIDs(ctx, p.DB, v.Brand.ID, studio.Distinct(topics))
	if err != nil {
		return nil, err
	}
	names, err := person.ByIDs(ctx, p.DB, v.Brand.ID, studio.Distinct(people))
	if err != nil {
		return nil, err
	}
	known, err := channel.ByIDs(ctx, p.DB, v.Brand.ID, studio.Distinct(channels))
	if err != nil {
		return nil, err
	}
	out := make([]hit, len(found))
	for i, f := range found {
		out[i] = hit{Hit: f, Title: hitTitle(ctx, f, names[f.Person].Name), Href: hitHref(v.Brand.Slug, f)}
		if t, ok := spoken[f.Topic]; ok {
			out[i].Title = t.Title
		}
		for _, id := range f.Channels {
			if c, ok := known[id]; ok {
				out[i].Channels, out[i].Network = append(out[i].Channels, p.RowOf(c)), c.Network
			}
		}
	}
	return out, nil
}

func hitTitle(ctx context.Context, f search.Hit, name string) string {
	switch {
	case f.Kind == search.Note && name != "":
		return i18n.T(ctx, "Note on {{.Name}}", "Name", name)
	case f.Kind == search.Note:
		return i18n.T(ctx, "Note on a conversation")
	case f.Kind == search.Post:
		return i18n.T(ctx, "Post")
	case name == "":
		return i18n.T(ctx, "You")
	}
	return name
}

func hitHref(slug string, f search.Hit) string {
	switch {
	case f.Kind == search.Post:
		return studio.Path(slug, "posts", f.ID)
	case f.Kind == search.Reply:
		return "/b/" + slug + "/r/" + f.ID
	case f.Conversation != "":
		return studio.Path(slug, "inbox", f.Conversation)
	}
	return studio.Path(slug, "people", f.Person)
}

// tabs are the kinds, as the visitor may look for them.
func (v searchView) tabs(ctx context.Context) []ui.Choice {
	a := v.Asked
	a.Kind = ""
	out := []ui.Choice{{Label: i18n.T(ctx, "All"), Href: v.address(a, ""), Active: v.Asked.Kind == ""}}
	for _, k := range searchKinds {
		a.Kind = k
		out = append(out, ui.Choice{Label: i18n.T(ctx, kindNames[k]), Href: v.address(a, ""), Active: v.Asked.Kind == k})
	}
	return out
}

func (v searchView) chips(ctx context.Context) []ui.Chip {
	since := ui.Chip{Name: i18n.T(ctx, "Time"), Menu: "since-menu"}
	for _, s := range searchSpans {
		if s.key == v.Asked.Since {
			without := v.Asked
			without.Since = ""
			since.Value, since.Remove = i18n.T(ctx, s.label), v.address(without, "")
		}
	}
	if len(v.Channels) < 2 && v.Asked.Channel == "" {
		return []ui.Chip{since}
	}
	without := v.Asked
	without.Channel = ""
	return []ui.Chip{since, studio.ChannelChip(ctx, v.Channels, v.Asked.Channel, v.address(without, ""))}
}

func (v searchView) onChannel(id string) string {
	a := v.Asked
	a.Channel = id
	return v.address(a, "")
}

func (v searchView) within(key string) string {
	a := v.Asked
	a.Since = key
	return v.address(a, "")
}
