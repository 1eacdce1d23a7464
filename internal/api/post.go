package api

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/fault"
	"rapport/internal/network"
	"rapport/internal/post"
)

// Post is what the brand says, with what became of it.
type Post struct {
	ID         string     `json:"id"`
	State      string     `json:"state" enum:"draft,in_review,approved" doc:"A scheduled post is approved; where it stands on each channel is told by its deliveries."`
	Text       string     `json:"text" doc:"The text of the first part."`
	Parts      []Part     `json:"parts" nullable:"false"`
	Channels   []string   `json:"channels" nullable:"false" doc:"Ids of the channels it is for."`
	Variants   []Variant  `json:"variants" nullable:"false" doc:"What some channels get instead."`
	Excerpt    string     `json:"excerpt" doc:"The first line, for lists."`
	Revision   int64      `json:"revision" doc:"Grows with every change of what is sent; also the ETag."`
	Approved   int64      `json:"approved,omitempty" doc:"The revision that was approved. Missing: none."`
	PlannedAt  *time.Time `json:"planned_at,omitempty" doc:"When a draft should go out one day."`
	Author     string     `json:"author,omitempty" doc:"Account that wrote it. Missing: Rapport itself."`
	CreatedAt  time.Time  `json:"created_at"`
	UpdatedAt  time.Time  `json:"updated_at"`
	DeletedAt  *time.Time `json:"deleted_at,omitempty"`
	Deliveries []Delivery `json:"deliveries,omitempty" doc:"Where it stands on each channel. Not in lists: ask GET /deliveries?post=."`
}

// Part is one post of a thread, or the first comment below it.
type Part struct {
	Kind  network.PartKind `json:"kind,omitempty" enum:"post,comment" doc:"comment: the first comment, as the last part."`
	Text  string           `json:"text" doc:"At most 20,000 characters; networks take less."`
	Media []string         `json:"media,omitempty" nullable:"false" doc:"Ids of pictures, in order."`
}

// Variant is what one channel gets.
type Variant struct {
	Channel string            `json:"channel" doc:"Id of the channel."`
	Parts   []Part            `json:"parts,omitempty" nullable:"false" doc:"Missing: as the post."`
	Options map[string]string `json:"options,omitempty" doc:"What the network offers beside the text."`
}

func postView(p post.Post) Post {
	out := Post{ID: p.ID, State: string(p.State), Parts: partViews(p.Body), Channels: []string{}, Variants: []Variant{}, Excerpt: p.Excerpt,
		Revision: p.Revision, Approved: p.Approved, PlannedAt: moment(p.PlannedAt), Author: p.Author,
		CreatedAt: p.CreatedAt.Time(), UpdatedAt: p.UpdatedAt.Time(), DeletedAt: moment(p.DeletedAt)}
	if len(p.Body.Parts) > 0 {
		out.Text = p.Body.Parts[0].Text
	}
	for _, v := range p.Variants {
		out.Channels = append(out.Channels, v.Channel)
		if v.Body == nil && len(v.Options) == 0 {
			continue
		}
		shown := Variant{Channel: v.Channel, Options: v.Options}
		if v.Body != nil {
			shown.Parts = partViews(*v.Body)
		}
		out.Variants = append(out.Variants, shown)
	}
	return out
}

func partViews(b post.Body) []Part {
	out := make([]Part, len(b.Parts))
	for i, p := range b.Parts {
		out[i] = Part{Kind: p.Kind, Text: p.Text, Media: p.Media}
	}
	return out
}

// Content is how a text is given: whole as parts, or as its first part only.
type Content struct {
	Text  *string  `json:"text,omitempty" doc:"The text of the first part; short for parts."`
	Media []string `json:"media,omitempty" doc:"Ids of the pictures of the first part; short for parts."`
	Parts []Part   `json:"parts,omitempty" doc:"A thread, or a post with a first comment. Not together with text or media."`
}

func (c Content) given() bool { return c.Text != nil || c.Media != nil || c.Parts != nil }

// over lays what is given over an earlier body.
func (c Content) over(name string, b post.Body) (post.Body, error) {
	if c.Parts != nil {
		if c.Text != nil || c.Media != nil {
			return b, fault.OnField(name+"parts", "Send either parts, or text and media.")
		}
		out := post.Body{Parts: make([]post.Part, len(c.Parts))}
		for i, p := range c.Parts {
			out.Parts[i] = post.Part{Kind: p.Kind, Text: p.Text, Media: p.Media}
		}
		return out, nil
	}
	if c.Text == nil && c.Media == nil {
		return b, nil
	}
	parts := append([]post.Part{}, b.Parts...)
	if len(parts) == 0 {
		parts = []post.Part{{Kind: network.PartPost}}
	}
	if c.Text != nil {
		parts[0].Text = *c.Text
	}
	if c.Media != nil {
		parts[0].Media = c.Media
	}
	return post.Body{Parts: parts}, nil
}

// Draft is what a person may change of a post.
type Draft struct {
	Content
	Channels  []string       `json:"channels,omitempty" doc:"Ids of the channels it is for."`
	Variants  []variantInput `json:"variants,omitempty" doc:"What some channels get instead. A channel named only here is added to channels."`
	PlannedAt *string        `json:"planned_at,omitempty" doc:"When a draft should go out one day, RFC 3339; empty for no such time. Nothing is sent by it." example:"2027-03-01T09:00:00Z"`
}

type variantInput struct {
	Channel string `json:"channel" minLength:"1" maxLength:"64" doc:"Id of the channel."`
	Content
	Options map[string]string `json:"options,omitempty" doc:"What the network offers beside the text."`
}

// over lays what is given over an earlier input.
func (d Draft) over(in post.Input) (post.Input, error) {
	var err error
	if in.Body, err = d.Content.over("", in.Body); err != nil {
		return in, err
	}
	if d.Channels != nil {
		in.Variants = only(in.Variants, d.Channels)
	}
	for i, v := range d.Variants {
		if in.Variants, err = v.over(fmt.Sprintf("variants[%d].", i), in.Variants); err != nil {
			return in, err
		}
	}
	if d.PlannedAt != nil {
		in.PlannedAt = 0
		if *d.PlannedAt != "" {
			in.PlannedAt, err = instant("planned_at", *d.PlannedAt)
		}
	}
	return in, err
}

func only(old []post.Variant, channels []string) []post.Variant {
	out := make([]post.Variant, 0, len(channels))
	for _, id := range channels {
		v := post.Variant{Channel: id}
		for _, o := range old {
			if o.Channel == id {
				v = o
			}
		}
		out = append(out, v)
	}
	return out
}

func (v variantInput) over(name string, all []post.Variant) ([]post.Variant, error) {
	out := post.Variant{Channel: v.Channel, Options: v.Options}
	if v.given() {
		b, err := v.Content.over(name, post.Body{})
		if err != nil {
			return all, err
		}
		out.Body = &b
	}
	all = append([]post.Variant{}, all...)
	for i := range all {
		if all[i].Channel == v.Channel {
			all[i] = out
			return all, nil
		}
	}
	return append(all, out), nil
}

// instant reads a time.
func instant(field, text string) (db.Time, error) {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || at.Year() < 1970 {
		return 0, fault.OnField(field, "Write the time as RFC 3339, like 2027-03-01T09:00:00Z.")
	}
	return db.At(at), nil
}

// due reads a time to publish at.
func (a *handler) due(field, text string) (db.Time, error) {
	if text == "now" {
		return a.DB.Now(), nil
	}
	return instant(field, text)
}

type newPost struct {
	Body struct {
		Draft
		PublishAt string `json:"publish_at,omitempty" maxLength:"40" doc:"Schedule it for this time, RFC 3339, or publish it with now. Without it the post stays a draft." example:"now"`
	}
}

type changedPost struct {
	Addressed
	IfMatch string `header:"If-Match" maxLength:"40" doc:"The ETag that was read: the post is changed only if it is still that one, else 412."`
	Body    struct {
		Draft
		Revision int64 `json:"revision,omitempty" minimum:"1" doc:"The revision that was read: the post is changed only if it is still that one, else 409."`
	}
}

// Seen is what of a post the caller read before it approves it.
type Seen struct {
	IfMatch string `header:"If-Match" maxLength:"40" doc:"The ETag that was read: the post is approved only if it is still that one, else 412."`
}

type postTime struct {
	Addressed
	Seen
	Body struct {
		At       string `json:"at" minLength:"1" maxLength:"40" doc:"RFC 3339, or now." example:"2027-03-01T09:00:00Z"`
		Revision int64  `json:"revision,omitempty" minimum:"1" doc:"The revision that was read: it is approved only if it is still that one, else 409."`
	}
}

type postNow struct {
	Addressed
	Seen
}

type moveTime struct {
	Addressed
	Body struct {
		At string `json:"at" maxLength:"40" doc:"RFC 3339. Empty takes a draft's time away." example:"2027-03-01T09:00:00Z"`
	}
}

type postQuery struct {
	Paging
	State   string `query:"state" enum:"draft,in_review,approved,scheduled,claimed,preparing,sending,pending,published,removed,rejected,unknown,missed" doc:"A state of posts, or one of deliveries: then one of the post's deliveries is in it."`
	Channel string `query:"channel" maxLength:"64" doc:"Only posts for the channel with this id."`
	Q       string `query:"q" maxLength:"200" doc:"Part of any of the texts."`
}

type postAnswer struct {
	ETag     string `header:"ETag"`
	Location string `header:"Location"`
	Body     Post
}

type checkInput struct {
	Body Draft
}

func (a *handler) postOperations() {
	add(a, op{id: "list-posts", method: http.MethodGet, path: "/posts", tag: "Posts", title: "List posts", about: "The last changed first, without the deleted ones.", scope: access.PostRead}, a.listPosts)
	add(a, op{id: "create-post", example: `{"text":"We open at nine.","channels":["{channels}"]}`, method: http.MethodPost, path: "/posts", tag: "Posts", title: "Create a post", status: http.StatusCreated,
		about: "A draft, or with publish_at a scheduled post: all of it is saved, or nothing. To schedule needs the scope posts:publish as well.", scope: access.PostWrite}, a.createPost)
	add(a, op{id: "check-post", example: `{"text":"We open at nine.","channels":["{channels}"]}`, method: http.MethodPost, path: "/posts/check", tag: "Text", title: "Check a post", about: "What each channel makes of it. Nothing is saved; scheduling makes the same check.", scope: access.PostRead}, a.checkPost)
	add(a, op{id: "post", method: http.MethodGet, path: "/posts/{id}", tag: "Posts", title: "Read a post", scope: access.PostRead}, a.post)
	add(a, op{id: "change-post", example: `{"text":"We open at ten.","revision":1}`, method: http.MethodPatch, path: "/posts/{id}", tag: "Posts", title: "Change a post",
		about: "Changes what is named and leaves the rest. Send the revision or If-Match so that nobody's work is lost. A scheduled post stays scheduled with the new text; what is being sent or out is a conflict.",
		scope: access.PostWrite, errors: []int{http.StatusPreconditionFailed}}, a.changePost)
	add(a, op{id: "delete-post", method: http.MethodDelete, path: "/posts/{id}", tag: "Posts", title: "Delete a post", status: http.StatusNoContent,
		about: "Takes back what is scheduled. What is out stays in the history.", scope: access.PostWrite}, a.deletePost)
	add(a, op{id: "restore-post", method: http.MethodPost, path: "/posts/{id}/restore", tag: "Posts", title: "Restore a deleted post", about: "As a draft, planned for the time it had.", scope: access.PostWrite}, a.restorePost)
	add(a, op{id: "duplicate-post", method: http.MethodPost, path: "/posts/{id}/duplicate", tag: "Posts", title: "Duplicate a post", status: http.StatusCreated, about: "A new draft that says the same.", scope: access.PostWrite}, a.duplicatePost)
	add(a, op{id: "schedule-post", example: `{"at":"2027-03-01T09:00:00Z"}`, method: http.MethodPost, path: "/posts/{id}/schedule", tag: "Posts", title: "Schedule a post", about: "Approves the post as it stands and gives each channel a delivery. A time that has passed is now. Send the revision or If-Match so that nobody approves words they have not read.", scope: access.PostPublish, errors: []int{http.StatusPreconditionFailed}}, a.schedulePost)
	add(a, op{id: "publish-post", method: http.MethodPost, path: "/posts/{id}/publish", tag: "Posts", title: "Publish a post now", about: "Send If-Match so that nobody approves words they have not read.", scope: access.PostPublish, errors: []int{http.StatusPreconditionFailed}}, a.publishPost)
	add(a, op{id: "unschedule-post", method: http.MethodPost, path: "/posts/{id}/unschedule", tag: "Posts", title: "Take a post back", about: "Cancels what has not gone out. If nothing is out it is a draft again.", scope: access.PostPublish}, a.unschedulePost)
	add(a, op{id: "move-post", example: `{"at":"2027-03-02T09:00:00Z"}`, method: http.MethodPost, path: "/posts/{id}/move", tag: "Posts", title: "Give a post another time", about: "The one it goes out at if it is scheduled, which needs posts:publish as well, or a draft's planned one.", scope: access.PostWrite}, a.movePost)
}

func (a *handler) listPosts(ctx context.Context, c caller, in *postQuery) (*body[items[Post]], error) {
	page, err := in.page("posts", c.token.Brand)
	if err != nil {
		return nil, err
	}
	all, next, err := post.List(ctx, a.DB, c.who, c.token.Brand, post.Filter{State: in.State, Channel: in.Channel, Query: in.Q}, page)
	if err != nil {
		return nil, err
	}
	return itemsOf("posts", c.token.Brand, all, next, postView), nil
}

// answer is a post with its deliveries and its version.
func (a *handler) answer(p post.Post, ds []delivery.Delivery) *postAnswer {
	out := &postAnswer{ETag: fmt.Sprintf("%q", fmt.Sprint(p.Revision)), Body: postView(p)}
	for _, d := range ds {
		out.Body.Deliveries = append(out.Body.Deliveries, deliveryView(d))
	}
	return out
}

// whole reads what there is to say of a post after a change.
func (a *handler) whole(ctx context.Context, c caller, p post.Post, err error) (*postAnswer, error) {
	if err != nil {
		return nil, err
	}
	ds, err := delivery.OfPost(ctx, a.DB, c.token.Brand, p.ID)
	if err != nil {
		return nil, err
	}
	return a.answer(p, delivery.Seen(a.DB.Now(), c.who, c.token.Brand, ds)), nil
}

func (a *handler) reread(ctx context.Context, c caller, id string) (*postAnswer, error) {
	// What the caller just did it may also see, whatever its scopes for reading.
	p, err := post.ByID(ctx, a.DB, access.System(), c.token.Brand, id)
	return a.whole(ctx, c, p, err)
}

func (a *handler) createPost(ctx context.Context, c caller, in *newPost) (*postAnswer, error) {
	input, err := in.Body.over(post.Input{})
	if err != nil {
		return nil, err
	}
	var p post.Post
	var ds []delivery.Delivery
	if in.Body.PublishAt == "" {
		p, err = post.Draft(ctx, a.DB, c.who, c.token.Brand, input)
	} else {
		var at db.Time
		if at, err = a.due("publish_at", in.Body.PublishAt); err != nil {
			return nil, err
		}
		p, ds, err = post.Compose(ctx, a.DB, c.who, c.token.Brand, input, at)
	}
	if err != nil {
		return nil, err
	}
	out := a.answer(p, ds)
	out.Location = "/api/v1/posts/" + p.ID
	return out, nil
}

func (a *handler) checkPost(ctx context.Context, c caller, in *checkInput) (*body[items[post.ChannelCheck]], error) {
	input, err := in.Body.over(post.Input{})
	if err != nil {
		return nil, err
	}
	all, err := post.Check(ctx, a.DB, c.who, c.token.Brand, input)
	if err != nil {
		return nil, err
	}
	return itemsOf("check", "", all, "", func(x post.ChannelCheck) post.ChannelCheck {
		x.Problems = worded(ctx, x.Problems)
		return x
	}), nil
}

func (a *handler) post(ctx context.Context, c caller, in *Addressed) (*postAnswer, error) {
	p, err := post.ByID(ctx, a.DB, c.who, c.token.Brand, in.ID)
	return a.whole(ctx, c, p, err)
}

func (a *handler) changePost(ctx context.Context, c caller, in *changedPost) (*postAnswer, error) {
	old, err := post.ByID(ctx, a.DB, c.who, c.token.Brand, in.ID)
	if err != nil {
		return nil, err
	}
	input, err := in.Body.over(old.Input())
	if err != nil {
		return nil, err
	}
	if !matches(in.IfMatch, old.Revision) {
		return nil, problem(http.StatusPreconditionFailed, "Someone has changed this post since you read it. Read it again.")
	}
	revision := old.Revision
	if in.Body.Revision != 0 {
		revision = in.Body.Revision
	}
	p, err := post.Save(ctx, a.DB, c.who, c.token.Brand, in.ID, revision, input)
	return a.whole(ctx, c, p, err)
}

func matches(header string, revision int64) bool {
	if header == "" || header == "*" {
		return true
	}
	for tag := range strings.SplitSeq(header, ",") {
		if strings.TrimSpace(tag) == fmt.Sprintf("%q", fmt.Sprint(revision)) {
			return true
		}
	}
	return false
}

func (a *handler) deletePost(ctx context.Context, c caller, in *Addressed) (*struct{}, error) {
	return nil, post.Delete(ctx, a.DB, c.who, c.token.Brand, in.ID)
}

func (a *handler) restorePost(ctx context.Context, c caller, in *Addressed) (*postAnswer, error) {
	p, err := post.Restore(ctx, a.DB, c.who, c.token.Brand, in.ID)
	return a.whole(ctx, c, p, err)
}

func (a *handler) duplicatePost(ctx context.Context, c caller, in *Addressed) (*postAnswer, error) {
	p, err := post.Duplicate(ctx, a.DB, c.who, c.token.Brand, in.ID)
	out, err := a.whole(ctx, c, p, err)
	if err == nil {
		out.Location = "/api/v1/posts/" + p.ID
	}
	return out, err
}

func (a *handler) schedulePost(ctx context.Context, c caller, in *postTime) (*postAnswer, error) {
	at, err := a.due("at", in.Body.At)
	if err != nil {
		return nil, err
	}
	return a.schedule(ctx, c, in.ID, in.IfMatch, in.Body.Revision, at)
}

func (a *handler) publishPost(ctx context.Context, c caller, in *postNow) (*postAnswer, error) {
	return a.schedule(ctx, c, in.ID, in.IfMatch, 0, a.DB.Now())
}

// schedule approves the revision that was read, where the caller says which.
func (a *handler) schedule(ctx context.Context, c caller, id, ifMatch string, revision int64, at db.Time) (*postAnswer, error) {
	if ifMatch != "" && ifMatch != "*" {
		p, err := post.ByID(ctx, a.DB, access.System(), c.token.Brand, id)
		switch {
		case err != nil:
			return nil, err
		case !matches(ifMatch, p.Revision):
			return nil, problem(http.StatusPreconditionFailed, "Someone has changed this post since you read it. Read it again.")
		}
		revision = cmp.Or(revision, p.Revision)
	}
	if _, err := post.Schedule(ctx, a.DB, c.who, c.token.Brand, id, revision, at); err != nil {
		return nil, err
	}
	return a.reread(ctx, c, id)
}

func (a *handler) unschedulePost(ctx context.Context, c caller, in *Addressed) (*postAnswer, error) {
	p, err := post.Unschedule(ctx, a.DB, c.who, c.token.Brand, in.ID)
	return a.whole(ctx, c, p, err)
}

func (a *handler) movePost(ctx context.Context, c caller, in *moveTime) (*postAnswer, error) {
	var at db.Time
	var err error
	if in.Body.At != "" {
		if at, err = instant("at", in.Body.At); err != nil {
			return nil, err
		}
	}
	p, err := post.Move(ctx, a.DB, c.who, c.token.Brand, in.ID, at)
	return a.whole(ctx, c, p, err)
}
