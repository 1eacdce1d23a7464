package api

import (
	"context"
	"net/http"
	"time"

	"rapport/internal/access"
	"rapport/internal/comment"
)

// Comment is what somebody of the team says on a post.
type Comment struct {
	ID         string     `json:"id"`
	Post       string     `json:"post"`
	Account    string     `json:"account" doc:"Who wrote it."`
	Channel    string     `json:"channel,omitempty" doc:"Whose version it is about. Missing: the common one."`
	Part       int        `json:"part,omitempty" doc:"Which part it is about, from 1. Missing: the whole."`
	Text       string     `json:"text,omitempty" doc:"Missing once it was removed."`
	Mentions   []string   `json:"mentions,omitempty" nullable:"false" doc:"Accounts it names who may read the post."`
	CreatedAt  time.Time  `json:"created_at"`
	EditedAt   *time.Time `json:"edited_at,omitempty"`
	ResolvedAt *time.Time `json:"resolved_at,omitempty"`
	ResolvedBy string     `json:"resolved_by,omitempty"`
	RemovedAt  *time.Time `json:"removed_at,omitempty"`
	RemovedBy  string     `json:"removed_by,omitempty"`
}

func commentView(c comment.Comment) Comment {
	return Comment{ID: c.ID, Post: c.Post, Account: c.Account, Channel: c.Channel, Part: c.Part, Text: c.Text, Mentions: c.Mentions, CreatedAt: c.At.Time(),
		EditedAt: moment(c.EditedAt), ResolvedAt: moment(c.ResolvedAt), ResolvedBy: c.ResolvedBy, RemovedAt: moment(c.RemovedAt), RemovedBy: c.RemovedBy}
}

type newComment struct {
	Addressed
	Body struct {
		Text    string `json:"text" maxLength:"4000" doc:"@ and a name names somebody of the team."`
		Channel string `json:"channel,omitempty" maxLength:"64" doc:"One of the post's, where it is about that version."`
		Part    int    `json:"part,omitempty" minimum:"0" doc:"From 1."`
	}
}

type commentChange struct {
	Addressed
	Body struct {
		Text     *string `json:"text,omitempty" maxLength:"4000" doc:"Only who wrote it may change it."`
		Resolved *bool   `json:"resolved,omitempty"`
	}
}

func (a *handler) commentOperations() {
	add(a, op{id: "list-comments", method: http.MethodGet, path: "/posts/{id}/comments", tag: "Together", title: "List the comments on a post", about: "The newest first.", scope: access.PostRead}, a.listComments)
	add(a, op{id: "add-comment", example: `{"text":"Is the date right?"}`, method: http.MethodPost, path: "/posts/{id}/comments", tag: "Together", title: "Comment on a post", status: http.StatusCreated,
		about: "Only the team reads it; it never goes out.", scope: access.CommentWrite}, a.addComment)
	add(a, op{id: "change-comment", example: `{"resolved":true}`, method: http.MethodPatch, path: "/comments/{id}", tag: "Together", title: "Change or settle a comment", scope: access.CommentWrite}, a.changeComment)
	add(a, op{id: "remove-comment", method: http.MethodDelete, path: "/comments/{id}", tag: "Together", title: "Remove a comment", about: "That it was there stays. Who wrote it may, and an owner.", scope: access.CommentWrite}, a.removeComment)
}

func (a *handler) listComments(ctx context.Context, c caller, in *timelineQuery) (*body[items[Comment]], error) {
	page, err := in.page("comments "+in.ID, c.token.Brand)
	if err != nil {
		return nil, err
	}
	all, next, err := comment.List(ctx, a.DB, c.who, c.token.Brand, in.ID, page)
	if err != nil {
		return nil, err
	}
	return itemsOf("comments "+in.ID, c.token.Brand, all, next, commentView), nil
}

func (a *handler) addComment(ctx context.Context, c caller, in *newComment) (*body[Comment], error) {
	got, err := comment.Add(ctx, a.DB, c.who, c.token.Brand, in.ID, comment.New{Text: in.Body.Text, Channel: in.Body.Channel, Part: in.Body.Part})
	return answerOf(commentView(got), err)
}

func (a *handler) changeComment(ctx context.Context, c caller, in *commentChange) (*body[Comment], error) {
	got, err := comment.ByID(ctx, a.DB, c.who, c.token.Brand, in.ID)
	if err == nil && in.Body.Text != nil {
		got, err = comment.Edit(ctx, a.DB, c.who, c.token.Brand, in.ID, *in.Body.Text)
	}
	if err == nil && in.Body.Resolved != nil {
		got, err = comment.Resolve(ctx, a.DB, c.who, c.token.Brand, in.ID, *in.Body.Resolved)
	}
	return answerOf(commentView(got), err)
}

func (a *handler) removeComment(ctx context.Context, c caller, in *Addressed) (*body[Comment], error) {
	got, err := comment.Remove(ctx, a.DB, c.who, c.token.Brand, in.ID)
	return answerOf(commentView(got), err)
}
