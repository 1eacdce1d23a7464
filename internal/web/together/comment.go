package together

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"rapport/internal/access"
	"rapport/internal/channel"
	"rapport/internal/comment"
	"rapport/internal/db"
	"rapport/internal/i18n"
	"rapport/internal/post"
	"rapport/internal/web/entry"
	"rapport/internal/web/studio"
	"rapport/internal/web/ui"
)

// TalkView is what the team says on a post, and who is there.
type TalkView struct {
	Slug, Post string
	Comments   []commentView // the oldest first
	Older      string        // address of those before; "" if these are all
	Open       int           // comments that are not settled
	Names      []string      // who can be named
	Places     []ui.Option   // what a comment may be about, if there is a choice
	MayWrite   bool
	Here       ui.PresenceArgs
	Form       entry.Form
	Now        time.Time
	From       string // "compose" where it stands beside the composer
}

// commentView is a comment as it is shown.
type commentView struct {
	comment.Comment
	By, ResolvedName, RemovedName string
	About                         string // the place it points at; "" for the whole
	Mine, MayRemove               bool
}

// path is an address of the talk, of one comment where it is given.
func (v TalkView) path(parts ...string) string {
	return studio.Path(v.Slug, append([]string{"posts", v.Post, "comments"}, parts...)...)
}

// TalkView reads the newest of what the team says on a post, or what is before
// the place that the request names.
func (p *Pages) TalkView(r *http.Request, one post.Post, f entry.Form) (TalkView, error) {
	v, ctx := studio.At(r), r.Context()
	view := TalkView{Slug: v.Brand.Slug, Post: one.ID, MayWrite: p.May(r, access.CommentWrite), Form: f, Now: p.DB.Now().Time(),
		From: cmp.Or(f.Value("from"), r.URL.Query().Get("from"))}
	after := ""
	if q := r.URL.Query(); q.Has("before") {
		after = q.Get("before")
	}
	all, next, err := comment.List(ctx, p.DB, v.Who, v.Brand.ID, one.ID, db.Page{After: after})
	if err != nil {
		return view, err
	}
	if next != "" {
		view.Older = view.path() + "?before=" + next
	}
	slices.Reverse(all)
	if err := p.commentViews(r, &view, one, all); err != nil {
		return view, err
	}
	if view.MayWrite {
		readers, err := comment.Readers(ctx, p.DB, v.Who, v.Brand.ID, one.ID)
		if err != nil {
			return view, err
		}
		for _, m := range readers {
			if m.ID != v.Who.Account {
				view.Names = append(view.Names, m.Name)
			}
		}
	}
	view.Here, err = p.postHere(r, one.ID)
	return view, err
}

func (p *Pages) commentViews(r *http.Request, view *TalkView, one post.Post, all []comment.Comment) error {
	v, ctx := studio.At(r), r.Context()
	var ids []string
	for _, c := range all {
		ids = append(ids, c.Account, c.ResolvedBy, c.RemovedBy)
	}
	names, err := p.Names(ctx, ids...)
	if err != nil {
		return err
	}
	channels, err := channel.ByIDs(ctx, p.DB, v.Brand.ID, one.Channels())
	if err != nil {
		return err
	}
	view.Places = places(ctx, one, channels)
	owner := p.May(r, access.TeamWrite)
	for _, c := range all {
		mine := c.Account == v.Who.Account
		view.Comments = append(view.Comments, commentView{Comment: c, By: studio.TeamName(ctx, names[c.Account]), ResolvedName: studio.TeamName(ctx, names[c.ResolvedBy]),
			RemovedName: studio.TeamName(ctx, names[c.RemovedBy]), About: placeName(ctx, c, channels), Mine: mine, MayRemove: mine || owner})
		if c.ResolvedAt == 0 && c.RemovedAt == 0 {
			view.Open++
		}
	}
	return nil
}

// places are what a comment on the post may be about; none where there is no
// choice.
func places(ctx context.Context, one post.Post, channels map[string]channel.Channel) []ui.Option {
	out := []ui.Option{{Value: "", Label: i18n.T(ctx, "The whole post")}}
	add := func(id, name string, parts []post.Part) {
		for i, part := range parts {
			if len(parts) > 1 {
				out = append(out, ui.Option{Value: fmt.Sprintf("%s %d", id, i+1), Label: studio.Dotted(name, studio.PartLabel(ctx, part, i, len(parts)))})
			}
		}
	}
	add("", "", one.Body.Parts)
	for _, variant := range one.Variants {
		if variant.Body == nil {
			continue
		}
		name := channels[variant.Channel].Handle
		out = append(out, ui.Option{Value: variant.Channel + " 0", Label: name})
		add(variant.Channel, name, variant.Body.Parts)
	}
	if len(out) == 1 {
		return nil
	}
	for i := range out {
		out[i].Label = strings.TrimPrefix(out[i].Label, " · ")
	}
	return out
}

func placeName(ctx context.Context, c comment.Comment, channels map[string]channel.Channel) string {
	name := ""
	if c.Channel != "" {
		name = cmp.Or(channels[c.Channel].Handle, i18n.T(ctx, "a channel that is gone"))
	}
	if c.Part == 0 {
		return name
	}
	return strings.TrimPrefix(studio.Dotted(name, i18n.T(ctx, "Part {{.N}}", "N", c.Part)), " · ")
}

// placeOf reads the place that a form names.
func placeOf(value string) (channelID string, part int) {
	channelID, number, _ := strings.Cut(value, " ")
	part, err := strconv.Atoi(number)
	if number != "" && err != nil {
		part = -1 // no post has such a part
	}
	return channelID, part
}

// commentList is the list by itself, for pages that fetch it again.
func (p *Pages) commentList(w http.ResponseWriter, r *http.Request) error {
	return p.commentPiece(w, r, entry.Form{}, nil)
}

// commentPiece answers with the list, and what there is to say.
func (p *Pages) commentPiece(w http.ResponseWriter, r *http.Request, f entry.Form, toast *ui.ToastArgs) error {
	v, ctx := studio.At(r), r.Context()
	one, err := post.ByID(ctx, p.DB, v.Who, v.Brand.ID, r.PathValue("post"))
	if err != nil {
		return err
	}
	view, err := p.TalkView(r, one, f)
	if err != nil {
		return err
	}
	if studio.FromHTMX(r) {
		return studio.Write(ctx, w, f.Status(), talkPiece(view, toast))
	}
	head := ui.Head{Title: i18n.T(ctx, "Comments"), Sentence: studio.Headline(ctx, one.Excerpt), Back: studio.Path(view.Slug, "posts", one.ID), BackText: i18n.T(ctx, "Back to the post")}
	return p.Show(w, r, studio.Page{Area: "posts", Head: head, Status: f.Status()}, talkPage(view))
}

// commentDone answers after an act: with the list where a script asked, else
// it leads back to where the form stood.
func (p *Pages) commentDone(w http.ResponseWriter, r *http.Request, f entry.Form, text, undo string, err error) error {
	if err != nil {
		if f.Refused(err, "text", "about") {
			return p.commentPiece(w, r, f, nil)
		}
		return err
	}
	if studio.FromHTMX(r) {
		var toast *ui.ToastArgs
		if text != "" {
			toast = &ui.ToastArgs{Text: text, Undo: undo}
		}
		return p.commentPiece(w, r, entry.Fill("from", f.Value("from")), toast)
	}
	if text != "" {
		p.Note(w, r, text, undo)
	}
	return studio.See(w, r, studio.Path(studio.At(r).Brand.Slug, "posts", r.PathValue("post"))+"#comments")
}

// commentAdd says something on a post.
func (p *Pages) commentAdd(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	channelID, part := placeOf(f.Raw("about"))
	_, err = comment.Add(r.Context(), p.DB, v.Who, v.Brand.ID, r.PathValue("post"), comment.New{Text: f.Raw("text"), Channel: channelID, Part: part})
	return p.commentDone(w, r, f, "", "", err)
}

// commentEdit changes one's own words.
func (p *Pages) commentEdit(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	_, err = comment.Edit(r.Context(), p.DB, v.Who, v.Brand.ID, r.PathValue("comment"), f.Raw("text"))
	f.Values.Set("comment", r.PathValue("comment"))
	return p.commentDone(w, r, f, "", "", err)
}

func (p *Pages) commentResolve(w http.ResponseWriter, r *http.Request) error {
	return p.commentAct(w, r, func(v *studio.Visit, id string) (string, string, error) {
		_, err := comment.Resolve(r.Context(), p.DB, v.Who, v.Brand.ID, id, true)
		return "", "", err
	})
}

func (p *Pages) commentReopen(w http.ResponseWriter, r *http.Request) error {
	return p.commentAct(w, r, func(v *studio.Visit, id string) (string, string, error) {
		_, err := comment.Resolve(r.Context(), p.DB, v.Who, v.Brand.ID, id, false)
		return "", "", err
	})
}

func (p *Pages) commentRemove(w http.ResponseWriter, r *http.Request) error {
	return p.commentAct(w, r, func(v *studio.Visit, id string) (string, string, error) {
		_, err := comment.Remove(r.Context(), p.DB, v.Who, v.Brand.ID, id)
		return i18n.T(r.Context(), "The comment is removed."), studio.Path(v.Brand.Slug, "posts", r.PathValue("post"), "comments", id, "restore"), err
	})
}

// commentRestore takes a removal back. The undo of a toast swaps nothing: the
// list hears of it and fetches itself again.
func (p *Pages) commentRestore(w http.ResponseWriter, r *http.Request) error {
	return p.commentAct(w, r, func(v *studio.Visit, id string) (string, string, error) {
		_, err := comment.Restore(r.Context(), p.DB, v.Who, v.Brand.ID, id)
		return i18n.T(r.Context(), "The comment is back."), "", err
	})
}

func (p *Pages) commentAct(w http.ResponseWriter, r *http.Request, do func(v *studio.Visit, id string) (text, undo string, err error)) error {
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	text, undo, err := do(studio.At(r), r.PathValue("comment"))
	return p.commentDone(w, r, f, text, undo, err)
}

// postHere names who else has the post open.
func (p *Pages) postHere(r *http.Request, postID string) (ui.PresenceArgs, error) {
	v, ctx := studio.At(r), r.Context()
	out := ui.PresenceArgs{Edits: true}
	here, err := comment.Here(ctx, p.DB, v.Who, v.Brand.ID, postID)
	if err != nil {
		return out, err
	}
	ids := make([]string, len(here))
	for i, h := range here {
		ids[i] = h.Account
	}
	names, err := p.Names(ctx, ids...)
	for _, h := range here {
		switch name := names[h.Account]; {
		case name == "":
		case h.BusyAt > 0:
			out.Writing = append(out.Writing, name)
		default:
			out.Looking = append(out.Looking, name)
		}
	}
	return out, err
}

// presenceShow says who else has the post open.
func (p *Pages) presenceShow(w http.ResponseWriter, r *http.Request) error {
	args, err := p.postHere(r, r.PathValue("post"))
	if err != nil {
		return err
	}
	return studio.Part(w, r, ui.Presence(args))
}

// presenceTell notes that the visitor looks at a post, changes it or has left
// it.
func (p *Pages) presenceTell(w http.ResponseWriter, r *http.Request) error {
	v, ctx, id := studio.At(r), r.Context(), r.PathValue("post")
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	if f.On("left") {
		err = comment.Leave(ctx, p.DB, v.Who, v.Brand.ID, id)
	} else {
		err = comment.View(ctx, p.DB, v.Who, v.Brand.ID, id, f.On("writing"))
	}
	if err != nil {
		return err
	}
	if studio.FromHTMX(r) && !f.On("left") {
		return p.presenceShow(w, r) // one request says who else is here as well
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
