package studio

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

// DeliveryLine is a delivery with what a list shows of it.
type DeliveryLine struct {
	delivery.Delivery
	Post    post.Post
	Channel channel.Channel
	Title   string // of the network
	Picture string // id of its first picture; "" for none
	Square  Square // of the strip that the list's pictures are on
	Held    bool   // it waits behind the brand's hold
	Href    string
	Now     time.Time
}

// Excerpt is the first line, or what stands in for it.
func (d DeliveryLine) Excerpt(ctx context.Context) string {
	if d.Post.Excerpt == "" {
		return i18n.T(ctx, "Without text")
	}
	return d.Post.Excerpt
}

// Shown is how the delivery's state is shown.
func (d DeliveryLine) Shown() ui.State {
	if d.Held && d.State == delivery.Scheduled {
		return ui.DeliveryState("held")
	}
	return ui.DeliveryState(string(d.State))
}

// Lines reads what lists show of deliveries, with one query for all posts and
// one for all channels.
func (s *Studio) Lines(r *http.Request, all []delivery.Delivery) ([]DeliveryLine, error) {
	v, ctx := At(r), r.Context()
	var posts, channels []string
	for _, d := range all {
		posts, channels = append(posts, d.Post), append(channels, d.Channel)
	}
	byPost, err := post.ByIDs(ctx, s.DB, v.Brand.ID, Distinct(posts))
	if err != nil {
		return nil, err
	}
	byChannel, err := channel.ByIDs(ctx, s.DB, v.Brand.ID, Distinct(channels))
	if err != nil {
		return nil, err
	}
	out, pictures := make([]DeliveryLine, len(all)), make([]string, len(all))
	for i, d := range all {
		c := byChannel[d.Channel]
		l := DeliveryLine{Delivery: d, Post: byPost[d.Post], Channel: c, Title: s.NetworkTitle(c.Network),
			Held: v.Brand.Held, Href: Path(v.Brand.Slug, "posts", d.Post), Now: s.DB.Now().Time()}
		if d.Kind == delivery.KindReply {
			l.Href = Path(v.Brand.Slug, "inbox", l.Post.Conversation)
		}
		l.Picture = FirstPicture(l.Post.ContentFor(d.Channel))
		out[i], pictures[i] = l, l.Picture
	}
	for i, on := range Squares(v.Brand.Slug, pictures) {
		out[i].Square = on
	}
	return out, nil
}

// Distinct lists each id once, in the order they first come in.
func Distinct(ids []string) []string {
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
