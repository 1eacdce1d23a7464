package api

import (
	"context"
	"net/http"
	"time"

	"rapport/internal/access"
	"rapport/internal/link"
	"rapport/internal/promote"
)

// Link is a short address and what it brought.
type Link struct {
	ID        string     `json:"id"`
	URL       string     `json:"url" doc:"The short address."`
	Code      string     `json:"code"`
	Target    string     `json:"target" doc:"Where it leads: a path of the brand's community, or an https address."`
	Source    string     `json:"source" doc:"Sent along as utm_source."`
	Campaign  string     `json:"campaign,omitempty" doc:"Sent along as utm_campaign."`
	Post      string     `json:"post,omitempty" doc:"The post that holds it, sent along as utm_content."`
	Channel   string     `json:"channel,omitempty" doc:"Whose variant of the post holds it."`
	Topic     string     `json:"topic,omitempty" doc:"The topic it promotes."`
	Reply     string     `json:"reply,omitempty" doc:"The answer in the topic, where it promotes one."`
	Author    string     `json:"author,omitempty" doc:"Account that made it."`
	People    int64      `json:"people" doc:"How often people followed it, since it was made."`
	Bots      int64      `json:"bots" doc:"How often known programs did."`
	Joined    int64      `json:"joined" doc:"Members who joined within 30 days of following it."`
	Rate      *float64   `json:"rate" doc:"Clicks of people for each 100 views of the post; null: nobody told the views, which is not 0."`
	EndedAt   *time.Time `json:"ended_at,omitempty" doc:"Since when it leads nowhere."`
	CreatedAt time.Time  `json:"created_at"`
}

type linkQuery struct {
	Paging
	Post     string `query:"post" maxLength:"64"`
	Campaign string `query:"campaign" maxLength:"60"`
}

type newLink struct {
	Body struct {
		Target   string `json:"target" maxLength:"2000" doc:"A page of the brand's community (its path or its whole address), or another https address."`
		Source   string `json:"source,omitempty" maxLength:"240" doc:"Where it is shared; becomes small letters, figures and -. Missing: link."`
		Campaign string `json:"campaign,omitempty" maxLength:"240" doc:"Likewise."`
	}
}

func (a *handler) linkOperations() {
	add(a, op{id: "list-links", method: http.MethodGet, path: "/links", tag: "Links", title: "List links", about: "The newest first.", scope: access.PostRead}, a.listLinks)
	add(a, op{id: "create-link", example: `{"target":"https://shop.example.com/beans","source":"newsletter","campaign":"spring"}`, method: http.MethodPost, path: "/links", tag: "Links", title: "Make a link", status: http.StatusCreated, scope: access.PostWrite}, a.createLink)
	add(a, op{id: "end-link", method: http.MethodPost, path: "/links/{id}/end", tag: "Links", title: "Let a link lead nowhere", about: "What it counted stays.", scope: access.PostWrite}, a.endLink)
	add(a, op{id: "resume-link", method: http.MethodPost, path: "/links/{id}/resume", tag: "Links", title: "Let a link lead on again", scope: access.PostWrite}, a.resumeLink)
}

func (a *handler) linkView(ctx context.Context) func(promote.Outcome) Link {
	return func(o promote.Outcome) Link {
		l := Link{ID: o.ID, URL: a.front(ctx, o.Brand) + o.Path(), Code: o.Code, Target: o.Target, Source: o.Source, Campaign: o.Campaign, Post: o.Post, Channel: o.Channel, Topic: o.Topic, Reply: o.Reply,
			Author: o.Author, People: o.People, Bots: o.Bots, Joined: o.Joined, EndedAt: moment(o.EndedAt), CreatedAt: o.CreatedAt.Time()}
		if rate, known := o.Rate(); known {
			l.Rate = &rate
		}
		return l
	}
}

func (a *handler) front(ctx context.Context, brandID string) string {
	if a.Front == nil {
		return ""
	}
	return a.Front(ctx, brandID)
}

func (a *handler) listLinks(ctx context.Context, c caller, in *linkQuery) (*body[items[Link]], error) {
	page, err := in.page("links", c.token.Brand)
	if err != nil {
		return nil, err
	}
	all, next, err := promote.Links(ctx, a.DB, c.who, c.token.Brand, link.Filter{Post: in.Post, Campaign: in.Campaign}, page)
	if err != nil {
		return nil, err
	}
	return itemsOf("links", c.token.Brand, all, next, a.linkView(ctx)), nil
}

func (a *handler) createLink(ctx context.Context, c caller, in *newLink) (*body[Link], error) {
	l, err := link.Create(ctx, a.DB, c.who, c.token.Brand, a.front(ctx, c.token.Brand), link.New{Target: in.Body.Target, Source: in.Body.Source, Campaign: in.Body.Campaign})
	return answerOf(a.linkView(ctx)(promote.Outcome{Link: l}), err)
}

func (a *handler) endLink(ctx context.Context, c caller, in *Addressed) (*body[Link], error) {
	return a.endedLink(ctx, c, in.ID, true)
}

func (a *handler) resumeLink(ctx context.Context, c caller, in *Addressed) (*body[Link], error) {
	return a.endedLink(ctx, c, in.ID, false)
}

func (a *handler) endedLink(ctx context.Context, c caller, id string, ended bool) (*body[Link], error) {
	o, err := promote.End(ctx, a.DB, c.who, c.token.Brand, id, ended)
	return answerOf(a.linkView(ctx)(o), err)
}
