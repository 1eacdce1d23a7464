package bluesky

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"rapport/internal/network"
)

// Everything here is foreign. A field of the wrong type costs itself or its
// post, never the whole answer.

// postView is a post as the network shows it.
type postView struct {
	URI       string          `json:"uri"`
	CID       string          `json:"cid"`
	Author    author          `json:"author"`
	Raw       json.RawMessage `json:"record"`
	Embed     json.RawMessage `json:"embed"`
	Replies   *int64          `json:"replyCount"`
	Reposts   *int64          `json:"repostCount"`
	Likes     *int64          `json:"likeCount"`
	Quotes    *int64          `json:"quoteCount"`
	IndexedAt string          `json:"indexedAt"`
}

type author struct {
	DID         string `json:"did"`
	Handle      string `json:"handle"`
	DisplayName string `json:"displayName"`
	Avatar      string `json:"avatar"`
}

// postRecord is what a post says, as its author's program wrote it.
type postRecord struct {
	Text      string   `json:"text"`
	Langs     []string `json:"langs"`
	CreatedAt string   `json:"createdAt"`
	Reply     reply    `json:"reply"`
	Facets    []facet  `json:"facets"`
	Labels    struct {
		Values []selfLabel `json:"values"`
	} `json:"labels"`
}

// record reads what can be read of the record.
func (v postView) record() postRecord {
	var r postRecord
	if json.Unmarshal(v.Raw, &r) == nil {
		return r
	}
	// Something in it is of another type than it should be.
	var parts map[string]json.RawMessage
	r = postRecord{}
	if json.Unmarshal(v.Raw, &parts) != nil {
		return r
	}
	for name, into := range map[string]any{"text": &r.Text, "langs": &r.Langs, "createdAt": &r.CreatedAt, "reply": &r.Reply} {
		_ = json.Unmarshal(parts[name], into) // what does not fit stays empty
	}
	return r
}

// message is the post, if it is one.
func (v postView) message(t network.Target) (network.Message, bool) {
	did, key, ok := splitURI(v.URI)
	if !ok || !isCID(v.CID) || v.Author.DID != did {
		return network.Message{}, false
	}
	r := v.record()
	m := network.Message{Ref: refOf(strongRef{v.URI, v.CID}, sound(r.Reply.Root)), Parent: sound(r.Reply.Parent).URI, Author: v.Author.of(t),
		Own: did == t.AccountID, Mentions: mentions(r), Text: plain(r), Warning: warning(r.Labels.Values), Media: attachments(v.Embed),
		URL: postURL(t.Server, v.Author.name(), key), At: when(r.CreatedAt, v.IndexedAt)}
	if len(r.Langs) > 0 && languageCode.MatchString(r.Langs[0]) && len(r.Langs[0]) <= 35 {
		m.Language = r.Langs[0]
	}
	return m, true
}

// sound is a reference that can be followed, or none.
func sound(r strongRef) strongRef {
	if _, _, ok := splitURI(r.URI); !ok || !isCID(r.CID) {
		return strongRef{}
	}
	return r
}

// name is what stands in addresses of the account.
func (a author) name() string {
	if isHandle(a.Handle) && a.Handle != "handle.invalid" {
		return a.Handle
	}
	return a.DID
}

func (a author) of(t network.Target) network.Author {
	return network.Author{ID: a.DID, Handle: "@" + a.name(), Name: line(a.DisplayName, 200), AvatarURL: webAddress(a.Avatar), URL: profileURL(t.Server, a.name())}
}

// when is when a post was written, by its author's program; by the network
// where that cannot be: what is dated back for long would hide below
// everything else.
func when(created, indexed string) time.Time {
	seen, err := time.Parse(time.RFC3339, indexed)
	written, wrong := time.Parse(time.RFC3339, created)
	switch {
	case err != nil && wrong != nil:
		return time.Time{}
	case err != nil:
		return written.UTC()
	case wrong != nil, written.After(seen), seen.Sub(written) > 24*time.Hour:
		return seen.UTC()
	}
	return written.UTC()
}

// plain is the text as people read it, with the whole address where a program
// shortened what is shown of it.
func plain(r postRecord) string {
	text := strings.ToValidUTF8(cut(r.Text, network.MostText), "")
	if text == r.Text {
		text = unfold(text, r.Facets)
	}
	text = strings.Map(func(c rune) rune {
		if unicode.IsControl(c) && c != '\n' && c != '\t' {
			return -1
		}
		return c
	}, text)
	return cut(text, network.MostText)
}

// cut is at most so many bytes of text, whole characters.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && text[most]&0xc0 == 0x80 {
		most--
	}
	return text[:most]
}

func unfold(text string, all []facet) string {
	if len(all) > 100 {
		return text
	}
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b facet) int { return b.Index.Start - a.Index.Start })
	before := len(text)
	for _, f := range all {
		start, end := f.Index.Start, f.Index.End
		if start < 0 || end <= start || end > before || len(f.Features) == 0 || f.Features[0].Type != facetLink {
			continue
		}
		shown, uri := text[start:end], webAddress(f.Features[0].URI)
		if short := strings.HasSuffix(shown, "…") || strings.HasSuffix(shown, "..."); !short || uri == "" {
			continue
		}
		text, before = text[:start]+uri+text[end:], start
	}
	return strings.ToValidUTF8(text, "")
}

// mentions are the DIDs of the accounts that the text names.
func mentions(r postRecord) []string {
	var out []string
	for _, f := range r.Facets {
		for _, x := range f.Features {
			if x.Type == facetMention && isDID(x.DID) && len(out) < 100 && !slices.Contains(out, x.DID) {
				out = append(out, x.DID)
			}
		}
	}
	return out
}

// warning is what the author said of the pictures, in words.
func warning(labels []selfLabel) string {
	var out []string
	for _, l := range labels {
		text := line(l.Val, 60)
		for _, o := range options()[1].Choices {
			if o.Value == l.Val && l.Val != "" {
				text = o.Label
			}
		}
		if text != "" && !strings.HasPrefix(text, "!") && len(out) < 10 {
			out = append(out, text)
		}
	}
	return strings.Join(out, ", ")
}

// attachments are the pictures and films of a post.
func attachments(raw json.RawMessage) []network.Attachment {
	var e struct {
		Type      string          `json:"$type"`
		Images    []imageView     `json:"images"`
		Items     []imageView     `json:"items"`
		Media     json.RawMessage `json:"media"`
		Playlist  string          `json:"playlist"`
		Thumbnail string          `json:"thumbnail"`
		Alt       string          `json:"alt"`
		Ratio     ratio           `json:"aspectRatio"`
	}
	if len(raw) == 0 || json.Unmarshal(raw, &e) != nil {
		return nil
	}
	switch e.Type {
	case "app.bsky.embed.recordWithMedia#view":
		return attachments(e.Media)
	case "app.bsky.embed.video#view":
		return attachment(nil, network.Attachment{Kind: "video", URL: e.Playlist, PreviewURL: e.Thumbnail, Alt: e.Alt}, e.Ratio)
	}
	var out []network.Attachment
	for _, i := range append(e.Images, e.Items...) {
		preview := i.Thumb
		if preview == "" {
			preview = i.Thumbnail
		}
		out = attachment(out, network.Attachment{Kind: "image", URL: i.Full, PreviewURL: preview, Alt: i.Alt}, i.Ratio)
	}
	return out
}

type imageView struct {
	Thumb     string `json:"thumb"`
	Thumbnail string `json:"thumbnail"`
	Full      string `json:"fullsize"`
	Alt       string `json:"alt"`
	Ratio     ratio  `json:"aspectRatio"`
}

const mostAttachments = 20

func attachment(all []network.Attachment, a network.Attachment, r ratio) []network.Attachment {
	a.URL, a.PreviewURL = webAddress(a.URL), webAddress(a.PreviewURL)
	if a.URL == "" || len(all) >= mostAttachments {
		return all
	}
	a.Alt = strings.ToValidUTF8(cut(a.Alt, 4000), "")
	if r.Width > 0 && r.Height > 0 && r.Width < 1<<20 && r.Height < 1<<20 {
		a.Width, a.Height = r.Width, r.Height
	}
	return append(all, a)
}

const perCall = 25 // posts that getPosts takes

// posts returns the views of those that the network shows, by address.
func (n *Network) posts(ctx context.Context, t network.Target, uris []string) (map[string]postView, error) {
	out := make(map[string]postView, len(uris))
	for some := range slices.Chunk(uris, perCall) {
		var got struct {
			Posts []json.RawMessage `json:"posts"`
		}
		if err := n.query(ctx, t, "app.bsky.feed.getPosts", url.Values{"uris": some}, &got); err != nil {
			return out, err
		}
		for _, v := range views(got.Posts) {
			if slices.Contains(some, v.URI) {
				out[v.URI] = v
			}
		}
	}
	return out, nil
}

func views(all []json.RawMessage) []postView {
	var out []postView
	for _, raw := range all {
		var v postView
		if json.Unmarshal(raw, &v) == nil {
			out = append(out, v)
		}
	}
	return out
}

// Measure reads the counters of each post that the network shows.
func (n *Network) Measure(ctx context.Context, t network.Target, refs []network.Ref) (map[string]network.Counters, error) {
	var uris []string
	for _, r := range refs {
		if _, _, ok := splitURI(r.ID); ok {
			uris = append(uris, r.ID)
		}
	}
	found, err := n.posts(ctx, t, uris)
	out := make(map[string]network.Counters, len(found))
	for uri, v := range found {
		out[uri] = v.counters()
	}
	return out, err
}

// counters are as of now, by the caller's clock.
func (v postView) counters() network.Counters {
	return network.Counters{Likes: count(v.Likes), Shares: count(v.Reposts), Comments: count(v.Replies), Quotes: count(v.Quotes)}
}

// count is a number that can be one.
func count(v *int64) *int64 {
	if v == nil || *v < 0 {
		return nil
	}
	return v
}

// MeasureAccount reads the account's own numbers.
func (n *Network) MeasureAccount(ctx context.Context, t network.Target) (network.AccountCounters, error) {
	var p profile
	err := n.query(ctx, t, "app.bsky.actor.getProfile", url.Values{"actor": {t.AccountID}}, &p)
	if err := p.check(t, err); err != nil {
		return network.AccountCounters{}, err
	}
	return network.AccountCounters{Followers: count(p.Followers), Following: count(p.Follows), Posts: count(p.Posts)}, nil
}

// History reads the account's own feed, the newest first.
func (n *Network) History(ctx context.Context, t network.Target, after string) ([]network.OwnPost, string, error) {
	var got struct {
		Cursor string            `json:"cursor"`
		Feed   []json.RawMessage `json:"feed"`
	}
	params := url.Values{"actor": {t.AccountID}, "limit": {"50"}, "filter": {"posts_with_replies"}}
	if after != "" {
		params.Set("cursor", after)
	}
	if err := n.query(ctx, t, "app.bsky.feed.getAuthorFeed", params, &got); err != nil {
		return nil, "", err
	}
	var out []network.OwnPost
	for _, raw := range got.Feed {
		var item struct {
			Post   postView        `json:"post"`
			Reason json.RawMessage `json:"reason"`
		}
		if json.Unmarshal(raw, &item) != nil || len(item.Reason) > 0 && string(item.Reason) != "null" {
			continue // shown on, or unreadable
		}
		if m, ok := item.Post.message(t); ok && m.Own {
			out = append(out, network.OwnPost{Message: m, Counters: item.Post.counters()})
		}
	}
	if got.Cursor == after || len(got.Feed) == 0 || len(got.Cursor) > 1000 {
		got.Cursor = "" // the end, or a feed that goes round in circles
	}
	return out, got.Cursor, nil
}
