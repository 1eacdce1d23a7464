// Package promote carries what is said in the community to the brand's
// channels: a draft with its words, its picture, its author's credit and a link
// that is counted, and what came of it. It sends nothing; the draft goes the way
// of every post.
package promote

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/google/uuid"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/blob"
	"rapport/internal/brand"
	"rapport/internal/channel"
	"rapport/internal/community"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/link"
	"rapport/internal/media"
	"rapport/internal/member"
	"rapport/internal/network"
	"rapport/internal/post"
	"rapport/internal/space"
	"rapport/internal/topic"
)

// Promoter makes drafts of what is said.
type Promoter struct {
	DB      *db.DB
	Library *media.Library
	Blobs   blob.Store // with the community's pictures
	// Front is where a brand's community is found by other machines, without a
	// slash at the end.
	Front func(ctx context.Context, brandID string) string

	one sync.Mutex // a form that is sent twice at once brings one picture
}

// thing is what is promoted, as everybody may read it.
type thing struct {
	brand brand.Brand
	space space.Space
	topic topic.Topic
	reply topic.Reply
	by    member.Member
	said  said
}

// Promote makes one draft of a topic (by its opening) or of an answer, for the
// channels of the brand's last post, or for all where there is none: each with
// a link of its own. once is an id that the form was given: a form that is sent
// twice makes one draft.
//
// Only what everybody may read is promoted; anything else is fault.Conflict,
// with what to do. It needs the right to write posts; where the account may not
// add pictures, there is none.
func (p *Promoter) Promote(ctx context.Context, who access.Who, brandID, replyID, once string) (post.Post, error) {
	if uuid.Validate(once) != nil || len(once) != 36 {
		once = db.NewID()
	}
	t, err := p.find(ctx, who, brandID, replyID)
	if err != nil {
		return post.Post{}, err
	}
	p.one.Lock()
	defer p.one.Unlock()
	if was, err := made(ctx, p.DB, who, t, once); err == nil || !fault.Is(err, fault.NotFound) {
		return was, err
	}
	channels, err := usual(ctx, p.DB, who, brandID)
	if err != nil {
		return post.Post{}, err
	}
	picture, err := p.picture(ctx, who, t)
	if err != nil {
		return post.Post{}, err
	}
	var out post.Post
	err = p.DB.Tx(ctx, func(tx *db.Tx) (err error) {
		out, err = p.draft(ctx, tx, who, t, once, channels, picture)
		return err
	})
	if err == nil {
		return out, nil
	}
	if picture.ID != "" {
		// Nobody needs it then. Left behind it would do no harm.
		_ = p.Library.Delete(context.WithoutCancel(ctx), who, brandID, picture.ID)
	}
	if !db.IsDuplicate(err) {
		return post.Post{}, err
	}
	return made(ctx, p.DB, who, t, once) // another machine got the same form
}

// made returns the draft that the form made before.
func made(ctx context.Context, q db.Queryer, who access.Who, t thing, once string) (post.Post, error) {
	was, err := post.ByID(ctx, q, who, t.brand.ID, once)
	if err == nil && was.Author != who.Account {
		err = fault.New(fault.Conflict, "This form was sent by somebody else. Open the page again.")
	}
	return was, err
}

// find reads what is to be promoted and says what stands in the way.
func (p *Promoter) find(ctx context.Context, who access.Who, brandID, replyID string) (t thing, err error) {
	now := p.DB.Now()
	if err := who.May(now, brandID, access.PostWrite); err != nil {
		return t, err
	}
	if t.brand, err = brand.ByID(ctx, p.DB, access.System(), brandID); err != nil {
		return t, err
	}
	v, err := member.Of(ctx, p.DB, who, brandID)
	if err != nil {
		return t, err
	}
	if t.reply, err = topic.ReplyByID(ctx, p.DB, brandID, replyID); err != nil {
		return t, err
	}
	if t.topic, err = topic.ByID(ctx, p.DB, brandID, t.reply.Topic); err != nil {
		return t, err
	}
	if t.space, err = space.ByID(ctx, p.DB, brandID, t.topic.Space); err != nil {
		return t, err
	}
	if err := topic.Readable(now, v, t.space, t.topic); err != nil {
		return t, err
	}
	c, err := community.Of(ctx, p.DB, brandID)
	if err == nil {
		err = t.public(c)
	}
	if err != nil {
		return t, err
	}
	t.said = read(t.reply.HTML)
	t.by, err = member.ByID(ctx, p.DB, brandID, t.reply.Author)
	return t, err
}

// public returns nil where everybody may read the thing.
func (t thing) public(c community.Community) error {
	state := t.topic.State
	if state == topic.Live {
		state = t.reply.State
	}
	switch {
	case t.space.Hidden:
		return fault.New(fault.Conflict, "This stands in a space for members only, so it is not for the public. Ask its author whether they want to say it elsewhere.")
	case state == topic.Waiting:
		return fault.New(fault.Conflict, "This waits for a look. Let it through first, then promote it.")
	case state == topic.Hidden:
		return fault.New(fault.Conflict, "This is hidden. Restore it first, then promote it.")
	case state != topic.Live:
		return fault.New(fault.Conflict, "Nobody can read this any more, so there is nothing to promote.")
	case c.OpenedAt == 0:
		return fault.New(fault.Conflict, "The community is not open yet, so the link would lead nowhere. Open it first.")
	}
	return nil
}

// Withheld returns why a post must not go out, or should not be out any more: what
// it promotes cannot be read by everybody. "" is no reason, as of posts that
// promote nothing.
func Withheld(ctx context.Context, q db.Queryer, brandID, postID string) (string, error) {
	links, err := link.OfPost(ctx, q, brandID, postID)
	if err != nil {
		return "", err
	}
	asked := map[[2]string]bool{}
	for _, l := range links {
		of := [2]string{l.Topic, l.Reply}
		if l.Topic == "" || asked[of] {
			continue
		}
		asked[of] = true
		why, err := gone(ctx, q, brandID, l)
		if why != "" || err != nil {
			return why, err
		}
	}
	return "", nil
}

var errGone = fault.New(fault.Conflict, "What this post promotes cannot be read by everybody any more. Restore it in the community, or change the post.")

func gone(ctx context.Context, q db.Queryer, brandID string, l link.Link) (string, error) {
	var t thing
	c, err := community.Of(ctx, q, brandID)
	if err == nil {
		t.topic, err = topic.ByID(ctx, q, brandID, l.Topic)
	}
	if err == nil && l.Reply != "" {
		t.reply, err = topic.ReplyByID(ctx, q, brandID, l.Reply)
	} else if err == nil {
		t.reply, err = topic.ReplyByNumber(ctx, q, brandID, l.Topic, 1)
	}
	if err == nil {
		t.space, err = space.ByID(ctx, q, brandID, t.topic.Space)
	}
	if err == nil {
		err = t.public(c)
	}
	if fault.Is(err, fault.Conflict) || fault.Is(err, fault.NotFound) {
		return fault.Text(errGone), nil
	}
	return "", err
}

// answer reports whether it is a reply rather than a topic.
func (t thing) answer() bool { return t.reply.Number > 1 }

// mostUsual is how many channels are chosen where no post says which.
const mostUsual = 10

// usual are the channels of the brand's last post that are still connected;
// else all. The community is not carried to itself.
func usual(ctx context.Context, q db.Queryer, who access.Who, brandID string) ([]channel.Channel, error) {
	all, err := channel.List(ctx, q, who, brandID)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(c channel.Channel) bool {
		return c.Network == network.Community || c.State == channel.StateRemoved || who.May(q.Now(), brandID, access.PostWrite, c.ID) != nil
	})
	last, _, err := post.List(ctx, q, who, brandID, post.Filter{}, db.Page{Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(last) > 0 {
		named := last[0].Channels()
		if some := slices.DeleteFunc(slices.Clone(all), func(c channel.Channel) bool { return !slices.Contains(named, c.ID) }); len(some) > 0 {
			return some, nil
		}
	}
	return all[:min(len(all), mostUsual)], nil
}

// picture copies the first picture of the thing into the library, with its
// description. It is zero where there is none, or it is gone.
func (p *Promoter) picture(ctx context.Context, who access.Who, t thing) (media.Media, error) {
	if t.said.picture == "" || who.May(p.DB.Now(), t.brand.ID, access.MediaWrite) != nil {
		return media.Media{}, nil
	}
	pic, err := topic.PictureByID(ctx, p.DB, t.brand.ID, t.said.picture)
	if fault.Is(err, fault.NotFound) {
		return media.Media{}, nil
	}
	if err != nil {
		return media.Media{}, err
	}
	file, _, err := p.Blobs.Open(ctx, pic.Blob)
	if err != nil {
		return media.Media{}, fmt.Errorf("promote: a picture: %w", err)
	}
	defer file.Close()
	m, err := p.Library.Add(ctx, who, t.brand.ID, t.topic.Slug, file)
	if err != nil || t.said.alt == "" {
		return m, err
	}
	described, err := p.Library.Describe(ctx, who, t.brand.ID, m.ID, t.said.alt)
	if fault.Is(err, fault.Invalid) {
		return m, nil // it is too long to be a description
	}
	return described, err
}

// draft writes the post and its links, all or nothing.
func (p *Promoter) draft(ctx context.Context, tx *db.Tx, who access.Who, t thing, id string, channels []channel.Channel, picture media.Media) (post.Post, error) {
	front := p.Front(ctx, t.brand.ID)
	text := t.text(ctx)
	body := func(l link.New, c channel.Channel) (*post.Body, error) {
		l.Target, l.Campaign, l.Post, l.Channel, l.Topic = t.topic.PathOf(t.reply.Number), t.topic.Slug, id, c.ID, t.topic.ID
		if t.answer() {
			l.Reply = t.reply.ID
		}
		made, err := link.Add(ctx, tx, who, t.brand.ID, l)
		if err != nil {
			return nil, err
		}
		part := post.Part{Text: text.with(front+made.Path(), c.Limits)}
		if picture.ID != "" && (c.ID == "" || c.Limits.Images > 0) {
			part.Media = []string{picture.ID}
		}
		return &post.Body{Parts: []post.Part{part}}, nil
	}
	var in post.Input
	// Each channel has its own link, also where there is but one, and the post's
	// is for those that are added later: their clicks are not counted for another.
	common, err := body(link.New{Source: "social"}, channel.Channel{})
	if err != nil {
		return post.Post{}, err
	}
	in.Body = *common
	for _, c := range channels {
		own, err := body(link.New{Source: c.Network}, c)
		if err != nil {
			return post.Post{}, err
		}
		in.Variants = append(in.Variants, post.Variant{Channel: c.ID, Body: own})
	}
	out, err := post.Add(ctx, tx, who, t.brand.ID, id, in)
	if err != nil {
		return out, err
	}
	return out, audit.Record(ctx, tx, who, audit.Entry{Brand: t.brand.ID, Act: "topic.promoted", Subject: t.topic.ID, Detail: map[string]string{"post": out.ID}})
}
