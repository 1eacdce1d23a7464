package find

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strings"

	"rapport/internal/access"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/search"
	"rapport/internal/web/studio"
)

// found is one thing that ⌘K finds.
type found struct {
	Label  string `json:"label"`
	Href   string `json:"href"`
	Detail string `json:"detail,omitempty"`
}

const (
	foundMost = 5   // of each kind
	queryMost = 100 // runes
)

// paletteFind answers ⌘K with the channels, people, conversations, topics and
// posts that hold the words, and with the way to everything else that does. The
// places and acts are in the page already.
func (p *Pages) paletteFind(w http.ResponseWriter, r *http.Request) error {
	out := []found{}
	query := strings.TrimSpace(r.URL.Query().Get("q"))
	if query != "" && len([]rune(query)) <= queryMost {
		channels, err := p.findChannels(r, query)
		if err != nil {
			return err
		}
		out = append(out, channels...)
		for _, k := range []search.Kind{search.Person, search.Reply, search.Message, search.Post} {
			some, err := p.findKind(r, query, k)
			if err != nil {
				return err
			}
			out = append(out, some...)
		}
		if !p.May(r, access.PostRead) && !p.May(r, access.ConversationRead) && !p.May(r, access.PersonRead) {
			return answerJSON(w, out)
		}
		out = append(out, found{Label: i18n.T(r.Context(), "Search everything for “{{.Words}}”", "Words", query),
			Href: searchView{Slug: studio.At(r).Brand.Slug}.address(searchAsked{Words: query}, "")})
	}
	return answerJSON(w, out)
}

func answerJSON(w http.ResponseWriter, v any) error {
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(v)
}

// findKind finds what is of one kind; of a conversation only its newest message,
// and of a topic only what fits best.
func (p *Pages) findKind(r *http.Request, query string, k search.Kind) ([]found, error) {
	ctx := r.Context()
	all, err := p.findSome(r, query, k)
	if fault.Is(err, fault.Denied) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	hits, err := p.hits(r, all)
	var out []found
	seen := map[string]bool{}
	for _, h := range hits {
		one := cmp.Or(h.Topic, h.Href)
		if seen[one] || len(out) == foundMost {
			continue
		}
		seen[one] = true
		f := found{Label: h.Snippet.Text, Href: h.Href}
		switch k {
		case search.Person:
			f.Label, f.Detail = h.Title, i18n.T(ctx, "person")
		case search.Reply:
			f.Label, f.Detail = h.Title, i18n.T(ctx, "topic")
		case search.Message:
			f.Detail = h.Title
		default:
			f.Detail = i18n.T(ctx, "post")
		}
		out = append(out, f)
	}
	return out, err
}

// findSome finds more than is shown, of which some may be of the same thing.
func (p *Pages) findSome(r *http.Request, query string, k search.Kind) ([]search.Hit, error) {
	v, page := studio.At(r), db.Page{Limit: 3 * foundMost}
	if k == search.Reply {
		out, err := search.ForTeam(r.Context(), p.DB, v.Who, v.Brand.ID, search.CommunityQuery{Text: query, Ranked: true}, page)
		return out.Hits, err
	}
	all, _, err := search.Find(r.Context(), p.DB, v.Who, v.Brand.ID, search.Query{Text: query, Kinds: []search.Kind{k}}, page)
	return all, err
}

func (p *Pages) findChannels(r *http.Request, query string) ([]found, error) {
	v := studio.At(r)
	all, err := channel.List(r.Context(), p.DB, v.Who, v.Brand.ID)
	if fault.Is(err, fault.Denied) {
		return nil, nil
	}
	var out []found
	for _, c := range all {
		words := strings.ToLower(c.Handle + " " + c.Name + " " + p.NetworkTitle(c.Network))
		if strings.Contains(words, strings.ToLower(query)) && len(out) < foundMost {
			out = append(out, found{c.Handle, studio.Path(v.Brand.Slug, "channels", c.ID), p.NetworkTitle(c.Network)})
		}
	}
	return out, err
}
