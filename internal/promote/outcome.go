package promote

import (
	"context"
	"slices"
	"time"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/fault"
	"rapport/internal/link"
	"rapport/internal/metric"
	"rapport/internal/post"
	"rapport/internal/topic"
)

// Outcome is what a link brought.
type Outcome struct {
	link.Link
	link.Tally
	// Views is how often the network showed the post that holds the link, as last
	// told; nil where no network told it.
	Views *int64
}

// Rate is the clicks of people for each 100 views; known is false where no
// views were told, or none.
func (o Outcome) Rate() (percent float64, known bool) {
	if o.Views == nil || *o.Views == 0 {
		return 0, false
	}
	return 100 * float64(o.People) / float64(*o.Views), true
}

// Outcomes returns what each of the links brought, in their order, with the
// days from first on. The links are such as the account sees.
func Outcomes(ctx context.Context, q db.Queryer, who access.Who, brandID string, links []link.Link, first string) ([]Outcome, error) {
	if err := who.May(q.Now(), brandID, access.MetricRead); err != nil {
		return nil, err
	}
	return told(ctx, q, brandID, links, first)
}

// told are the outcomes, for callers who have asked whether the links may be
// seen: a link's own counts are a part of it.
func told(ctx context.Context, q db.Queryer, brandID string, links []link.Link, first string) ([]Outcome, error) {
	var ids, posts []string
	for _, l := range links {
		ids = append(ids, l.ID)
		if l.Post != "" && l.Channel != "" {
			posts = append(posts, l.Post)
		}
	}
	tallies, err := link.Tallies(ctx, q, brandID, ids, first)
	if err != nil {
		return nil, err
	}
	slices.Sort(posts)
	seen, err := shownOf(ctx, q, brandID, slices.Compact(posts))
	if err != nil {
		return nil, err
	}
	out := make([]Outcome, len(links))
	for i, l := range links {
		out[i] = Outcome{Link: l, Tally: tallies[l.ID]}
		if s := seen[at{l.Post, l.Channel}]; s.told && l.Channel != "" {
			out[i].Views = &s.views
		}
	}
	return out, nil
}

// Links is link.List with what each link brought since it was made.
func Links(ctx context.Context, q db.Queryer, who access.Who, brandID string, f link.Filter, page db.Page) ([]Outcome, string, error) {
	all, next, err := link.List(ctx, q, who, brandID, f, page)
	if err != nil {
		return nil, "", err
	}
	out, err := told(ctx, q, brandID, all, noDays)
	return out, next, err
}

// End is link.End with what the link brought.
func End(ctx context.Context, d *db.DB, who access.Who, brandID, id string, ended bool) (Outcome, error) {
	l, err := link.End(ctx, d, who, brandID, id, ended)
	if err != nil {
		return Outcome{}, err
	}
	all, err := told(ctx, d, brandID, []link.Link{l}, noDays)
	if err != nil {
		return Outcome{}, err
	}
	return all[0], nil
}

// Followed is what came of links in posts that went out.
type Followed struct {
	Links         int   // of which the network tells how often it showed their post
	Clicks, Views int64 // of those
	Left          int   // links of which no views are known
}

// Through is how many people followed the links that were made in [from, to), of
// those whose network tells how often it showed their post, and how often it
// did. What never went out is not looked at: nobody could see it. The newest
// 1,000 count. The caller has checked that numbers may be seen.
func Through(ctx context.Context, q db.Queryer, brandID string, from, to db.Time) (f Followed, err error) {
	all, err := madeIn(ctx, q, brandID, from, to)
	if err != nil {
		return f, err
	}
	var posts []string
	own := map[at]bool{} // channels that have a link of their own
	for _, o := range all {
		posts = append(posts, o.Post)
		own[at{o.Post, o.Channel}] = true
	}
	slices.Sort(posts)
	sent, err := shownOf(ctx, q, brandID, slices.Compact(posts))
	if err != nil {
		return f, err
	}
	places := map[string][]at{}
	for place := range sent {
		places[place.post] = append(places[place.post], place)
	}
	for _, o := range all {
		var views int64
		out, told := false, true
		for _, place := range places[o.Post] {
			s := sent[place]
			// A post's own link is that of all channels that have none themselves.
			if !s.out || place.channel != o.Channel && (o.Channel != "" || own[place]) {
				continue
			}
			out, told, views = true, told && s.told, views+s.views
		}
		switch {
		case !out:
		case !told:
			f.Left++
		default:
			f.Links, f.Clicks, f.Views = f.Links+1, f.Clicks+o.People, f.Views+views
		}
	}
	return f, nil
}

// madeIn are the newest 1,000 links that were made in [from, to) for posts.
func madeIn(ctx context.Context, q db.Queryer, brandID string, from, to db.Time) (out []Outcome, err error) {
	page := db.Page{Limit: 200}
	for range 5 {
		all, next, err := Links(ctx, q, access.System(), brandID, link.Filter{}, page)
		if err != nil {
			return nil, err
		}
		for _, o := range all {
			if o.CreatedAt < from {
				return out, nil
			}
			if o.CreatedAt < to && o.Post != "" {
				out = append(out, o)
			}
		}
		if next == "" {
			break
		}
		page.After = next
	}
	return out, nil
}

// Carried is how many topics were promoted by what went out in [from, to). A
// draft that was never sent carried nothing anywhere.
func Carried(ctx context.Context, q db.Queryer, brandID string, from, to db.Time) (int64, error) {
	sent, err := delivery.Outcomes(ctx, q, brandID, from, to)
	if err != nil {
		return 0, err
	}
	var posts []string
	for _, o := range sent {
		posts = append(posts, o.Post)
	}
	slices.Sort(posts)
	topics, err := link.TopicsOf(ctx, q, brandID, slices.Compact(posts))
	return int64(len(topics)), err
}

// noDays is after every day.
const noDays = "9"

// at is a post on a channel.
type at struct{ post, channel string }

// shown is how far a post on a channel was seen.
type shown struct {
	out   bool // at least once
	told  bool // the network tells how often it showed it
	views int64
}

func shownOf(ctx context.Context, q db.Queryer, brandID string, posts []string) (map[at]shown, error) {
	out := map[at]shown{}
	for chunk := range slices.Chunk(posts, 500) {
		all, err := delivery.OfPosts(ctx, q, brandID, chunk)
		if err != nil {
			return nil, err
		}
		where := map[string]at{}
		var ids []string
		for _, ds := range all {
			for _, d := range ds {
				place := at{d.Post, d.Channel}
				s := out[place]
				s.out = s.out || d.PublishedAt > 0
				out[place], where[d.ID] = s, place
				ids = append(ids, d.ID)
			}
		}
		read, err := metric.Latest(ctx, q, brandID, ids)
		if err != nil {
			return nil, err
		}
		for id, numbers := range read {
			if r, told := numbers[metric.Views]; told {
				s := out[where[id]]
				s.told, s.views = true, s.views+r.Value
				out[where[id]] = s
			}
		}
	}
	return out, nil
}

// Days are the last n days by the clock of a zone, the oldest first; today is
// the last.
func Days(now db.Time, zone *time.Location, n int) []string {
	today := now.Time().In(zone)
	out := make([]string, n)
	for i := range out {
		out[i] = today.AddDate(0, 0, i+1-n).Format(time.DateOnly)
	}
	return out
}

// Origin is what a post promotes.
type Origin struct {
	Topic topic.Topic
	Reply string // id of the answer; "" where it is the topic
	Links []Outcome
}

// OriginOf returns what a post promotes that the account sees, or
// fault.NotFound where it promotes nothing that is still there.
func OriginOf(ctx context.Context, q db.Queryer, who access.Who, brandID, postID string) (Origin, error) {
	links, err := link.OfPost(ctx, q, brandID, postID)
	if err != nil {
		return Origin{}, err
	}
	if only := who.Channels(q.Now(), brandID); len(only) > 0 {
		links = slices.DeleteFunc(links, func(l link.Link) bool { return l.Channel != "" && !slices.Contains(only, l.Channel) })
	}
	var o Origin
	for _, l := range links {
		if l.Topic != "" && o.Topic.ID == "" {
			o.Reply = l.Reply
			if o.Topic, err = topic.ByID(ctx, q, brandID, l.Topic); err != nil {
				return o, err
			}
		}
	}
	if o.Topic.ID == "" {
		return o, fault.New(fault.NotFound, "This post promotes nothing.")
	}
	o.Links, err = Outcomes(ctx, q, who, brandID, links, noDays)
	return o, err
}

// Promoted is a post that promotes something.
type Promoted struct {
	post.Face
	Post   string
	Reply  string // id of the answer it promotes; "" where it is the topic
	At     db.Time
	People int64 // who followed its links
	Joined int64
}

// Of returns the posts that promote a topic or an answer in it, the newest
// first, such as the account sees; none where it sees no posts.
func Of(ctx context.Context, q db.Queryer, who access.Who, brandID, topicID string) ([]Promoted, error) {
	if who.May(q.Now(), brandID, access.PostRead) != nil {
		return nil, nil
	}
	links, err := link.OfTopic(ctx, q, brandID, topicID)
	if err != nil || len(links) == 0 {
		return nil, err
	}
	var ids []string
	for _, l := range links {
		ids = append(ids, l.Post)
	}
	slices.Sort(ids)
	posts, err := post.ByIDs(ctx, q, brandID, slices.Compact(ids))
	if err != nil {
		return nil, err
	}
	all, err := Outcomes(ctx, q, who, brandID, links, noDays)
	if err != nil {
		return nil, err
	}
	only := who.Channels(q.Now(), brandID)
	var out []Promoted
	place := map[string]int{}
	for _, l := range all {
		p, there := posts[l.Post]
		if !there || p.DeletedAt > 0 || len(only) > 0 && len(p.Variants) > 0 && !slices.ContainsFunc(p.Channels(), func(c string) bool { return slices.Contains(only, c) }) {
			continue
		}
		i, seen := place[l.Post]
		if !seen {
			i = len(out)
			place[l.Post] = i
			out = append(out, Promoted{Face: p.Face(), Post: l.Post, Reply: l.Reply, At: l.CreatedAt})
		}
		out[i].People += l.People
		out[i].Joined += l.Joined
	}
	return out, nil
}
