package demo

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"rapport/internal/network"
)

// The demo connector hears, too.
var (
	_ network.Listener  = (*Network)(nil)
	_ network.Historian = (*Network)(nil)
	_ network.Abler     = (*Network)(nil)
)

type messageAnswer struct {
	ID     string `json:"id"`
	URL    string `json:"url"`
	Author struct {
		ID        string `json:"id"`
		Handle    string `json:"handle"`
		Name      string `json:"name"`
		URL       string `json:"url"`
		AvatarURL string `json:"avatar_url"`
	} `json:"author"`
	Own      bool   `json:"own"`
	Text     string `json:"text"`
	Language string `json:"language"`
	Media    []struct {
		URL string `json:"url"`
		Alt string `json:"alt"`
	} `json:"media"`
	Mentions  []string  `json:"mentions"`
	InReplyTo string    `json:"in_reply_to"`
	Root      string    `json:"root"`
	At        time.Time `json:"at"`
	EditedAt  time.Time `json:"edited_at"`
	Numbers   *struct {
		At       time.Time `json:"at"`
		Likes    *int64    `json:"likes"`
		Shares   *int64    `json:"shares"`
		Comments *int64    `json:"comments"`
		Views    *int64    `json:"views"`
	} `json:"numbers"`
}

// What is kept of a message at most, beside its text.
const (
	mostName  = 200
	mostURL   = 2000
	mostMedia = 20
)

// message is an answer as others know it; ok is false where it says not what
// it is or who wrote it.
func (a messageAnswer) message() (m network.Message, ok bool) {
	if a.ID == "" || a.Author.ID == "" || a.At.IsZero() || len(a.ID) > mostName || len(a.Author.ID) > mostName {
		return m, false
	}
	m = network.Message{Ref: network.Ref{ID: a.ID, Root: cut(a.Root, mostName)}, Parent: cut(a.InReplyTo, mostName), Own: a.Own, Text: cut(a.Text, network.MostText),
		Language: cut(a.Language, 40), URL: address(a.URL), Visibility: network.Public, At: a.At, EditedAt: a.EditedAt,
		Author: network.Author{ID: a.Author.ID, Handle: "@" + cut(a.Author.Handle, mostName), Name: cut(a.Author.Name, mostName),
			URL: address(a.Author.URL), AvatarURL: address(a.Author.AvatarURL)}}
	for _, id := range a.Mentions[:min(len(a.Mentions), mostMedia)] {
		m.Mentions = append(m.Mentions, cut(id, mostName))
	}
	for _, pic := range a.Media[:min(len(a.Media), mostMedia)] {
		if at := address(pic.URL); at != "" {
			m.Media = append(m.Media, network.Attachment{Kind: "image", URL: at, Alt: cut(pic.Alt, network.MostText)})
		}
	}
	return m, true
}

// cut shortens a text at a character.
func cut(s string, most int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}

// address keeps what leads to a page, and nothing else.
func address(s string) string {
	u, err := url.Parse(s)
	if err != nil || len(s) > mostURL || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	return s
}

func messages(all []messageAnswer) []network.Message {
	var out []network.Message
	for _, a := range all {
		if m, ok := a.message(); ok {
			out = append(out, m)
		}
	}
	return out
}

// Hear reads the account's inbox: comments, answers, mentions, what was
// corrected, and what the account answered with other programs.
func (n *Network) Hear(ctx context.Context, t network.Target, after string, since time.Time) (network.Heard, error) {
	q := url.Values{}
	if after != "" {
		q.Set("after", after)
	} else if !since.IsZero() {
		q.Set("since", since.UTC().Format(time.RFC3339Nano))
	}
	var got struct {
		Messages []messageAnswer `json:"messages"`
		Next     string          `json:"next"`
		More     bool            `json:"more"`
	}
	if err := n.read(ctx, t, "/v1/inbox?"+q.Encode(), &got); err != nil {
		return network.Heard{}, err
	}
	if got.Next == "" || len(got.Next) > mostName || got.More && got.Next == after {
		return network.Heard{}, unreadable(http.StatusOK, fmt.Errorf("demo: an inbox without a way on"))
	}
	return network.Heard{Messages: messages(got.Messages), Next: got.Next, More: got.More}, nil
}

// Thread reads everything around one message. The demo network never cuts it
// short.
func (n *Network) Thread(ctx context.Context, t network.Target, ref network.Ref) ([]network.Message, bool, error) {
	var got struct {
		Messages []messageAnswer `json:"messages"`
	}
	if err := n.read(ctx, t, "/v1/threads/"+url.PathEscape(ref.ID), &got); err != nil {
		return nil, false, err
	}
	all := messages(got.Messages)
	if !slices.ContainsFunc(all, func(m network.Message) bool { return m.Ref.ID == ref.ID }) {
		return nil, false, unreadable(http.StatusOK, fmt.Errorf("demo: a thread without what was asked for"))
	}
	return all, len(all) == len(got.Messages), nil
}

// atOnce is how many messages are asked for in one call.
const atOnce = 50

// Recheck asks for messages by their ids. It stops at the first answer that
// cannot be had and returns what it learnt with the error.
func (n *Network) Recheck(ctx context.Context, t network.Target, refs []network.Ref) (map[string]network.Message, []string, error) {
	now, gone := make(map[string]network.Message, len(refs)), []string(nil)
	for some := range slices.Chunk(refs, atOnce) {
		q, asked := url.Values{}, map[string]bool{}
		for _, ref := range some {
			q.Add("id", ref.ID)
			asked[ref.ID] = true
		}
		var got struct {
			Messages []messageAnswer `json:"messages"`
			Gone     []string        `json:"gone"`
		}
		if err := n.read(ctx, t, "/v1/messages?"+q.Encode(), &got); err != nil {
			return now, gone, err
		}
		for _, m := range messages(got.Messages) {
			if asked[m.Ref.ID] {
				now[m.Ref.ID] = m
			}
		}
		for _, id := range got.Gone {
			if _, there := now[id]; asked[id] && !there {
				gone = append(gone, id)
			}
		}
	}
	return now, gone, nil
}

// History reads a page of what the account published, newest first.
func (n *Network) History(ctx context.Context, t network.Target, after string) ([]network.OwnPost, string, error) {
	q := url.Values{"limit": {"50"}}
	if after != "" {
		q.Set("before", after)
	}
	var got struct {
		Messages []messageAnswer `json:"messages"`
		Next     string          `json:"next"`
	}
	if err := n.read(ctx, t, "/v1/history?"+q.Encode(), &got); err != nil {
		return nil, "", err
	}
	var out []network.OwnPost
	for _, a := range got.Messages {
		m, ok := a.message()
		if !ok || !m.Own {
			continue
		}
		p := network.OwnPost{Message: m}
		if c := a.Numbers; c != nil {
			p.Counters = network.Counters{At: c.At, Likes: c.Likes, Shares: c.Shares, Comments: c.Comments, Views: c.Views}
		}
		out = append(out, p)
	}
	if got.Next == after {
		got.Next = "" // it would go round in a circle
	}
	return out, cut(got.Next, mostName), nil
}

// Abilities say what the demo network offers.
func (*Network) Abilities(t network.Target) []network.Ability {
	can := func(name, label string) network.Ability { return network.Ability{Name: name, Label: label, Can: true} }
	cannot := func(name, label, why string) network.Ability {
		return network.Ability{Name: name, Label: label, Why: why}
	}
	return []network.Ability{
		can("publish", "Publish posts"),
		can("pictures", "Publish pictures"),
		can("alt_text", "Describe pictures"),
		can("threads", "Publish threads"),
		cannot("warning", "Content warnings", "The demo network has none. A post that needs one is best kept for another channel."),
		cannot("visibility", "Choose who sees a post", "Everything on the demo network is public."),
		can("delete", "Take posts down"),
		can("inbox", "Hear comments and mentions"),
		cannot("stream", "Hear them at once", "The demo network does not call. Rapport asks it every minute where something was said in the last day, else every ten minutes."),
		can("reply", "Answer comments and mentions"),
		can("history", "Bring over earlier posts"),
		can("numbers", "Count likes, shares and comments"),
		can("views", "Count views"),
		can("followers", "Count followers"),
	}
}
