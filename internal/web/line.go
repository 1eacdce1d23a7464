package web

import (
	"context"
	"net/http"
	"time"

	"rapport/internal/channel"
	"rapport/internal/delivery"
	"rapport/internal/i18n"
	"rapport/internal/post"
	"rapport/internal/web/ui"
)

// deliveryLine is a delivery with what a list shows of it.
type deliveryLine struct {
	delivery.Delivery
	Post    post.Post
	Channel channel.Channel
	Title   string // of the network
	Picture string // id of its first picture; "" for none
	Square  square // of the strip that the list's pictures are on
	Held    bool   // it waits behind the brand's hold
	Href    string
	Now     time.Time
}

// excerpt is the first line, or what stands in for it.
func (d deliveryLine) excerpt(ctx context.Context) string {
	if d.Post.Excerpt == "" {
		return i18n.T(ctx, "Without text")
	}
	return d.Post.Excerpt
}

// state is how the delivery's state is shown.
func (d deliveryLine) state() ui.State {
	if d.Held && d.State == delivery.Scheduled {
		return ui.DeliveryState("held")
	}
	return ui.DeliveryState(string(d.State))
}

// lines reads what lists show of deliveries, with one query for all posts and
// one for all channels.
func (p *Pages) lines(r *http.Request, all []delivery.Delivery) ([]deliveryLine, error) {
	v, ctx := at(r), r.Context()
	var posts, channels []string
	for _, d := range all {
		posts, channels = append(posts, d.Post), append(channels, d.Channel)
	}
	byPost, err := post.ByIDs(ctx, p.DB, v.Brand.ID, distinct(posts))
	if err != nil {
		return nil, err
	}
	byChannel, err := channel.ByIDs(ctx, p.DB, v.Brand.ID, distinct(channels))
	if err != nil {
		return nil, err
	}
	out, pictures := make([]deliveryLine, len(all)), make([]string, len(all))
	for i, d := range all {
		c := byChannel[d.Channel]
		l := deliveryLine{Delivery: d, Post: byPost[d.Post], Channel: c, Title: p.networkTitle(c.Network),
			Held: v.Brand.Held, Href: studio(v.Brand.Slug, "posts", d.Post), Now: p.DB.Now().Time()}
		if d.Kind == delivery.KindReply {
			l.Href = studio(v.Brand.Slug, "inbox", l.Post.Conversation)
		}
		l.Picture = firstPicture(l.Post.ContentFor(d.Channel))
		out[i], pictures[i] = l, l.Picture
	}
	for i, on := range squares(v.Brand.Slug, pictures) {
		out[i].Square = on
	}
	return out, nil
}

// distinct lists each id once, in the order they first come in.
func distinct(ids []string) []string {
	seen := map[string]bool{}
	var out []string
	for _, id := range ids {
		if !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out
}
