package web

import (
	"encoding/json"
	"net/http"
	"strings"

	"rapport/internal/access"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/post"
)

// found is one thing that ⌘K finds.
type found struct {
	Label  string `json:"label"`
	Href   string `json:"href"`
	Detail string `json:"detail,omitempty"`
}

const (
	foundMost = 6   // of each kind
	queryMost = 100 // runes
)

// paletteFind answers ⌘K with the posts and channels that hold the words. The
// places and acts are in the page already.
func (p *Pages) paletteFind(w http.ResponseWriter, r *http.Request) error {
	out := []found{}
	query := strings.TrimSpace(r.URL.Query().Get("q"))
	if query != "" && len([]rune(query)) <= queryMost {
		channels, err := p.findChannels(r, query)
		if err != nil {
			return err
		}
		posts, err := p.findPosts(r, query)
		if err != nil {
			return err
		}
		out = append(append(out, channels...), posts...)
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(out)
}

func (p *Pages) findPosts(r *http.Request, query string) ([]found, error) {
	v := at(r)
	if !p.may(r, access.PostRead) {
		return nil, nil
	}
	all, _, err := post.List(r.Context(), p.DB, v.Who, v.Brand.ID, post.Filter{Query: query}, db.Page{Limit: foundMost})
	var out []found
	for _, one := range all {
		label := one.Excerpt
		if label == "" {
			label = i18n.T(r.Context(), "Without text")
		}
		out = append(out, found{label, studio(v.Brand.Slug, "posts", one.ID), i18n.T(r.Context(), "post")})
	}
	return out, err
}

func (p *Pages) findChannels(r *http.Request, query string) ([]found, error) {
	v := at(r)
	all, err := channel.List(r.Context(), p.DB, v.Who, v.Brand.ID)
	if fault.Is(err, fault.Denied) {
		return nil, nil
	}
	var out []found
	for _, c := range all {
		words := strings.ToLower(c.Handle + " " + c.Name + " " + p.networkTitle(c.Network))
		if strings.Contains(words, strings.ToLower(query)) && len(out) < foundMost {
			out = append(out, found{c.Handle, studio(v.Brand.Slug, "channels", c.ID), p.networkTitle(c.Network)})
		}
	}
	return out, err
}
