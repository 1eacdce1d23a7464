package api

import (
	"context"
	"net/http"
	"time"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/search"
)

// Result is a text that holds what was looked for.
type Result struct {
	Kind         search.Kind `json:"kind" enum:"person,message,post,note"`
	ID           string      `json:"id" doc:"Of the person, the message, the post or the note."`
	Conversation string      `json:"conversation,omitempty" doc:"In which a message or a note stands."`
	Person       string      `json:"person,omitempty" doc:"Who wrote a message, or whom a note is about."`
	Channels     []string    `json:"channels" nullable:"false" doc:"Ids of the channels it belongs to."`
	At           time.Time   `json:"at"`
	Text         string      `json:"text" doc:"The piece of the text around what was found; plain text."`
	Marks        []Marked    `json:"marks" nullable:"false" doc:"What of it was found."`
}

// Marked is a range of a text.
type Marked struct {
	Start int `json:"start" doc:"In characters from the beginning of text."`
	End   int `json:"end" doc:"Behind the last character."`
}

func resultView(h search.Hit) Result {
	out := Result{Kind: h.Kind, ID: h.ID, Conversation: h.Conversation, Person: h.Person, Channels: h.Channels, At: h.At.Time(), Text: h.Snippet.Text, Marks: []Marked{}}
	if out.Channels == nil {
		out.Channels = []string{}
	}
	for _, m := range h.Snippet.Marks {
		start := len([]rune(h.Snippet.Text[:m.Start]))
		out.Marks = append(out.Marks, Marked{start, start + len([]rune(h.Snippet.Text[m.Start:m.End]))})
	}
	return out
}

type searchQuery struct {
	After   string    `query:"after" doc:"The next of the page before." maxLength:"300"`
	Limit   int       `query:"limit" doc:"How many results a page has at most." minimum:"1" maximum:"100" default:"25"`
	Query   string    `query:"q" required:"true" maxLength:"4000" doc:"Words in any order, \"phrases\", -words that must not be there; the last word may be unfinished."`
	Kind    []string  `query:"kind" maxItems:"4" enum:"person,message,post,note" doc:"Only these, separated by commas. Those that the token may not read are passed over."`
	Channel []string  `query:"channel" maxItems:"50" doc:"Only what belongs to one of the channels with these ids."`
	Person  string    `query:"person" maxLength:"64" doc:"Only what the person with this id wrote."`
	From    time.Time `query:"from" doc:"Of this time or later."`
	To      time.Time `query:"to" doc:"Of before this time."`
}

// searchKinds are what is looked for where a call names nothing.
var searchKinds = []search.Kind{search.Person, search.Message, search.Post, search.Note}

func (a *handler) searchOperations() {
	add(a, op{id: "search", query: "q=open", method: http.MethodGet, path: "/search", tag: "Search", title: "Search",
		about: "Messages, posts, people and notes by their words, newest first. No query is an error; one without a word finds nothing.", scope: access.BrandRead}, a.search)
}

func (a *handler) search(ctx context.Context, c caller, in *searchQuery) (*body[items[Result]], error) {
	page, err := Paging{After: in.After, Limit: in.Limit}.page("search", c.token.Brand)
	if err != nil {
		return nil, err
	}
	q := search.Query{Text: in.Query, Channels: in.Channel, Person: in.Person}
	for _, k := range in.Kind {
		q.Kinds = append(q.Kinds, search.Kind(k))
	}
	if len(q.Kinds) == 0 {
		q.Kinds = searchKinds
	}
	if !in.From.IsZero() {
		q.From = db.At(in.From)
	}
	if !in.To.IsZero() {
		q.To = db.At(in.To)
	}
	all, next, err := search.Find(ctx, a.DB, c.who, c.token.Brand, q, page)
	if err != nil {
		return nil, err
	}
	return itemsOf("search", c.token.Brand, all, next, resultView), nil
}
