package mastodon

import (
	"cmp"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"rapport/internal/network"
)

const (
	mostID          = 200
	mostName        = 200 // runes
	mostWarning     = 1000
	mostAlt         = 4000
	mostAttachments = 50
	mostMentions    = 100
)

type accountEntity struct {
	ID          string `json:"id"`
	Username    string `json:"username"`
	Acct        string `json:"acct"`
	DisplayName string `json:"display_name"`
	URL         string `json:"url"`
	URI         string `json:"uri"`
	Avatar      string `json:"avatar"`
	Note        string `json:"note"`
	Fields      []struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	} `json:"fields"`
	Followers *int64 `json:"followers_count"`
	Following *int64 `json:"following_count"`
	Statuses  *int64 `json:"statuses_count"`
	Source    struct {
		Privacy string `json:"privacy"`
	} `json:"source"`
}

// identity is the account's address in the protocol that servers speak to each
// other, the same whoever is asked. Servers that do not tell it have the
// profile's address, which is also everywhere the same.
func (a accountEntity) identity() string { return cmp.Or(webAddress(a.URI), webAddress(a.URL)) }

type statusEntity struct {
	ID          string          `json:"id"`
	URI         string          `json:"uri"`
	URL         string          `json:"url"`
	CreatedAt   moment          `json:"created_at"`
	EditedAt    moment          `json:"edited_at"`
	InReplyTo   string          `json:"in_reply_to_id"`
	Warning     string          `json:"spoiler_text"`
	Visibility  string          `json:"visibility"`
	Language    string          `json:"language"`
	Content     string          `json:"content"`
	Reblog      json.RawMessage `json:"reblog"`
	Account     accountEntity   `json:"account"`
	Media       []mediaEntity   `json:"media_attachments"`
	Mentions    []mentionEntity `json:"mentions"`
	Application struct {
		Name string `json:"name"`
	} `json:"application"`
	Favourites *int64 `json:"favourites_count"`
	Reblogs    *int64 `json:"reblogs_count"`
	Replies    *int64 `json:"replies_count"`
	Quotes     *int64 `json:"quotes_count"`
}

type mentionEntity struct {
	ID   string `json:"id"`
	Acct string `json:"acct"`
	URL  string `json:"url"`
}

type mediaEntity struct {
	ID          string  `json:"id"`
	Type        string  `json:"type"`
	URL         string  `json:"url"`
	RemoteURL   string  `json:"remote_url"`
	PreviewURL  string  `json:"preview_url"`
	Description *string `json:"description"`
	Meta        struct {
		Original struct {
			Width  float64 `json:"width"`
			Height float64 `json:"height"`
		} `json:"original"`
	} `json:"meta"`
}

// moment is a time that a server may leave out or write as it likes: what
// cannot be read is zero.
type moment struct{ time.Time }

// UnmarshalJSON never fails.
func (m *moment) UnmarshalJSON(raw []byte) error {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return nil
	}
	at, err := time.Parse(time.RFC3339Nano, s)
	if err == nil && at.Year() > 1970 && at.Year() < 3000 {
		m.Time = at.UTC()
	}
	return nil
}

// isID tells what can be asked for again. Ids are texts that mean nothing.
func isID(s string) bool {
	return s != "" && len(s) <= mostID && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || unseen(r) || r == '/' })
}

func (s statusEntity) shared() bool { return len(s.Reblog) > 0 && string(s.Reblog) != "null" }

// readable tells whether enough is there to be shown and answered.
func (s statusEntity) readable() bool {
	return isID(s.ID) && isID(s.Account.ID) && s.Account.identity() != "" && !s.CreatedAt.IsZero()
}

// receipt is what a publication of our own gets.
func (s statusEntity) receipt() network.Receipt {
	return network.Receipt{Ref: network.Ref{ID: s.ID}, URL: cmp.Or(webAddress(s.URL), webAddress(s.URI)), At: s.CreatedAt.Time}
}

// counters are the numbers the server tells.
func (s statusEntity) counters(now time.Time) network.Counters {
	return network.Counters{At: now, Likes: counted(s.Favourites), Shares: counted(s.Reblogs), Comments: counted(s.Replies), Quotes: counted(s.Quotes)}
}

// counted is a number that can be one.
func counted(n *int64) *int64 {
	if n == nil || *n < 0 {
		return nil
	}
	return n
}

var visibilities = map[string]string{"public": network.Public, "unlisted": network.Unlisted, "private": network.Followers, "direct": network.Direct,
	// What Pleroma and GoToSocial have beside these.
	"local": network.Unlisted, "list": network.Direct, "mutuals_only": network.Followers}

// sentAs is the name of a visibility in Mastodon's API.
var sentAs = map[string]string{network.Public: "public", network.Unlisted: "unlisted", network.Followers: "private", network.Direct: "direct"}

// voice knows the authors that one answer shows, so that those who are only
// named in it get the same ids.
type voice struct {
	self   string // the account's id on its server
	uri    string // its identity
	domain string // of the server, in handles
	known  map[string]string
}

func voiceOf(t network.Target) voice {
	u, _ := url.Parse(t.Server) // normalised
	v := voice{self: t.AccountID, uri: t.Details["uri"], domain: t.Details["domain"], known: map[string]string{}}
	if v.domain == "" && u != nil {
		v.domain = u.Host
	}
	if v.uri != "" {
		v.known[v.self] = v.uri
	}
	return v
}

// messages translates the statuses that can be read, without what was only
// shared on.
func (v voice) messages(all []statusEntity) []network.Message {
	for _, s := range all {
		if s.readable() {
			v.known[s.Account.ID] = s.Account.identity()
		}
	}
	var out []network.Message
	for _, s := range all {
		if s.readable() && !s.shared() {
			out = append(out, v.message(s))
		}
	}
	return out
}

func (v voice) message(s statusEntity) network.Message {
	m := network.Message{Ref: network.Ref{ID: s.ID}, Author: v.author(s.Account), Own: s.Account.ID == v.self,
		Text: plain(s.Content), Warning: line(s.Warning, mostWarning), Language: language(s.Language),
		URL: cmp.Or(webAddress(s.URL), webAddress(s.URI)), Visibility: cmp.Or(visibilities[s.Visibility], network.Direct),
		At: s.CreatedAt.Time, EditedAt: s.EditedAt.Time}
	if isID(s.InReplyTo) {
		m.Parent = s.InReplyTo
	}
	for _, who := range s.Mentions[:min(len(s.Mentions), mostMentions)] {
		if id := cmp.Or(v.known[who.ID], webAddress(who.URL)); id != "" {
			m.Mentions = append(m.Mentions, id)
		}
	}
	for _, a := range s.Media[:min(len(s.Media), mostAttachments)] {
		m.Media = append(m.Media, a.attachment())
	}
	return m
}

func (v voice) author(a accountEntity) network.Author {
	handle := a.Acct
	if !strings.Contains(handle, "@") {
		handle += "@" + v.domain
	}
	return network.Author{ID: a.identity(), Handle: line("@"+handle, mostName), Name: line(a.DisplayName, mostName),
		AvatarURL: webAddress(a.Avatar), URL: cmp.Or(webAddress(a.URL), webAddress(a.URI))}
}

var kinds = map[string]string{"image": "image", "gifv": "video", "video": "video", "audio": "audio"}

func (a mediaEntity) attachment() network.Attachment {
	out := network.Attachment{Kind: cmp.Or(kinds[a.Type], "other"), URL: cmp.Or(webAddress(a.URL), webAddress(a.RemoteURL)), PreviewURL: webAddress(a.PreviewURL)}
	if a.Description != nil {
		out.Alt = line(*a.Description, mostAlt)
	}
	if w, h := a.Meta.Original.Width, a.Meta.Original.Height; w >= 1 && h >= 1 && w <= 100_000 && h <= 100_000 {
		out.Width, out.Height = int(w), int(h)
	}
	return out
}

// language is a code that looks like one.
func language(s string) string {
	if len(s) > 35 || strings.ContainsFunc(s, func(r rune) bool {
		return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) {
		return ""
	}
	return s
}
