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
	views, err := viewsOf(ctx, q, brandID, slices.Compact(posts))
	if err != nil {
		return nil, err
	}
	out := make([]Outcome, len(links))
	for i, l := range links {
		out[i] = Outcome{Link: l, Tally: tallies[l.ID]}
		if n, told := views[at{l.Post, l.Channel}]; told && l.Channel != "" {
			out[i].Views = &n
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

// Through is how many people followed the links that were made in [from, to), of
// those whose network tells how often it showed their post, and how often it
// did; left are the links of which no views are known. The newest 1,000 count.
// The caller has checked that numbers may be seen.
func Through(ctx context.Context, q db.Queryer, brandID string, from, to db.Time) (clicks, views int64, left int, err error) {
	page := db.Page{Limit: 200}
	for range 5 {
		all, next, err := Links(ctx, q, access.System(), brandID, link.Filter{}, page)
		if err != nil {
			return 0, 0, 0, err
		}
		for _, o := range all {
			switch {
			case o.CreatedAt < from:
				return clicks, views, left, nil
			case o.CreatedAt >= to || o.Post == "":
			case o.Views == nil:
				left++
			default:
				clicks, views = clicks+o.People, views+*o.Views
			}
		}
		if next == "" {
			break
		}
		page.After = next
	}
	return clicks, views, left, nil
}

// noDays is after every day.
const noDays = "9"

// at is a post on a channel.
type at struct{ post, channel string }

func viewsOf(ctx context.Context, q db.Queryer, brandID string, posts []string) (map[at]int64, error) {
	all, err := delivery.OfPosts(ctx, q, brandID, posts)
	if err != nil {
		return nil, err
	}
	where := map[string]at{}
	var ids []string
	for _, ds := range all {
		for _, d := range ds {
			where[d.ID] = at{d.Post, d.Channel}
			ids = append(ids, d.ID)
		}
	}
	read, err := metric.Latest(ctx, q, brandID, ids)
	out := map[at]int64{}
	for id, numbers := range read {
		if r, told := numbers[metric.Views]; told {
			out[where[id]] += r.Value
		}
	}
	return out, err
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
