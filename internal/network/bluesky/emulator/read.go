package emulator

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

var noProfile = badRequest("Profile not found")

func (s *Server) getProfile(c *call) (any, *problem) {
	a := s.find(c.text("actor"))
	switch {
	case a == nil:
		return nil, noProfile
	case a.State == "takendown":
		return nil, &problem{http.StatusBadRequest, "AccountTakedown", "Account has been suspended"}
	case a.State == "deactivated":
		return nil, &problem{http.StatusBadRequest, "AccountDeactivated", "Account is deactivated"}
	}
	return s.detailed(c, a), nil
}

func (s *Server) getProfiles(c *call) (any, *problem) {
	out := []any{}
	for _, name := range c.texts("actors") {
		if a := s.find(name); a != nil && a.State == "" {
			out = append(out, s.detailed(c, a))
		}
	}
	return map[string]any{"profiles": out}, nil
}

// getPosts leaves out what it does not know, without a word.
func (s *Server) getPosts(c *call) (any, *problem) {
	out := []any{}
	for _, id := range c.texts("uris") {
		e := s.index.post(s.byIdentity(id))
		if e != nil && !s.index.blocked(c.account.did, e.uri.authority) {
			out = append(out, s.postView(c, e))
		}
	}
	return map[string]any{"posts": out}, nil
}

// byIdentity writes an address with the DID of its account.
func (s *Server) byIdentity(id string) string {
	u, _ := parseURI(id)
	if a := s.find(u.authority); a != nil && u.key != "" {
		u.authority = a.did
		return u.String()
	}
	return id
}

func (s *Server) getPostThread(c *call) (any, *problem) {
	id := s.byIdentity(c.text("uri"))
	e := s.index.post(id)
	switch {
	case e == nil:
		return nil, &problem{http.StatusBadRequest, "NotFound", "Post not found: " + id}
	case s.index.blocked(c.account.did, e.uri.authority):
		return map[string]any{"thread": s.blockedPost(c, id)}, nil
	}
	root := e.rootOf()
	thread := map[string]any{"$type": feedDefs + "threadViewPost", "post": s.postView(c, e), "threadContext": map[string]any{}}
	if above := s.above(c, e, root, c.number("parentHeight")); above != nil {
		thread["parent"] = above
	}
	if depth := c.number("depth"); depth > 0 {
		thread["replies"] = s.underneath(c, id, root, depth)
	}
	return map[string]any{"thread": thread}, nil
}

// line is one line of an author's feed.
type line struct{ post, repost *entry }

func (l line) entry() *entry {
	if l.repost != nil {
		return l.repost
	}
	return l.post
}

func (s *Server) getAuthorFeed(c *call) (any, *problem) {
	a := s.find(c.text("actor"))
	switch {
	case a == nil:
		return nil, noProfile
	case s.index.about[aboutKey(blockType, a.did)][c.account.did] != nil:
		return nil, &problem{http.StatusBadRequest, "BlockedActor", "Requester has blocked actor: " + a.did}
	case s.index.blocked(a.did, c.account.did):
		return nil, &problem{http.StatusBadRequest, "BlockedByActor", "Requester is blocked by actor: " + a.did}
	}
	lines, no := page(s.feedOf(a, c.text("filter")), c.text("cursor"), c.number("limit"))
	if no != nil {
		return nil, no
	}
	feed, answer := []any{}, map[string]any{}
	for _, l := range lines {
		answer["cursor"] = cursorOf(l)
		if !s.index.blocked(c.account.did, l.post.uri.authority) {
			feed = append(feed, s.feedView(c, l.post, l.repost))
		}
	}
	answer["feed"] = feed
	return answer, nil
}

// feedOf is everything an account wrote and shared that a filter lets through,
// the latest first.
func (s *Server) feedOf(a *account, filter string) []line {
	var out []line
	for _, e := range s.index.order {
		if e.uri.authority != a.did {
			continue
		}
		switch e.uri.collection {
		case postType:
			if fits(e, a, filter) {
				out = append(out, line{post: e})
			}
		case repostType:
			if p := s.index.post(subjectOf(e.value)); p != nil && filter != "posts_with_media" && filter != "posts_with_video" {
				out = append(out, line{p, e})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b line) int { return latestFirst(a.entry(), b.entry()) })
	return out
}

func fits(e *entry, a *account, filter string) bool {
	switch filter {
	case "posts_no_replies":
		return e.parent == ""
	case "posts_with_media":
		return carries(e, "app.bsky.embed.images", "app.bsky.embed.gallery")
	case "posts_with_video":
		return carries(e, "app.bsky.embed.video")
	case "posts_and_author_threads":
		return e.parent == "" || strings.HasPrefix(e.root, "at://"+a.did+"/") && strings.HasPrefix(e.parent, "at://"+a.did+"/")
	}
	return true
}

func cursorOf(l line) string {
	return strconv.FormatInt(l.entry().sortAt.UnixMilli(), 10) + "__" + l.entry().cid
}

// badCursor is what comes of a cursor that the service behind the server
// cannot read.
var badCursor = &problem{http.StatusBadGateway, "InternalServerError", "Internal Server Error"}

// page cuts what comes after a cursor, which is the last line of the page
// before.
func page(lines []line, cursor string, limit int) ([]line, *problem) {
	if cursor != "" {
		millis, cid, ok := strings.Cut(cursor, "__")
		at, err := strconv.ParseInt(millis, 10, 64)
		if !ok || err != nil {
			return nil, badCursor
		}
		lines = slices.DeleteFunc(lines, func(l line) bool {
			mine := l.entry().sortAt.UnixMilli()
			return mine > at || mine == at && l.entry().cid >= cid
		})
	}
	return lines[:min(limit, len(lines))], nil
}

// notePage is a page of notifications before a date.
func notePage(notes []note, cursor string, limit int) (out []note, next string) {
	before, err := time.Parse(time.RFC3339Nano, cursor)
	for _, n := range notes {
		if len(out) < limit && (err != nil || n.sortAt.Before(before)) {
			out = append(out, n)
		}
	}
	if len(out) > 0 {
		next = stamp(out[len(out)-1].sortAt)
	}
	return out, next
}

// notesOf reads a page. As the real one does, a page of some reasons is what
// is left of whole pages, so it may be shorter than the limit, or empty, and
// still go on; a page that is not empty always has a cursor.
func notesOf(notes []note, reasons []string, cursor string, limit int) (out []note, next string) {
	next = cursor
	for range 10 {
		var got []note
		got, next = notePage(notes, next, limit)
		for _, n := range got {
			if len(reasons) == 0 || slices.Contains(reasons, n.reason) {
				out = append(out, n)
			}
		}
		if len(reasons) == 0 || len(out) >= (limit+1)/2 || next == "" {
			break
		}
	}
	return out, next
}

func (s *Server) listNotifications(c *call) (any, *problem) {
	if c.text("seenAt") != "" {
		return nil, badRequest("The seenAt parameter is unsupported")
	}
	cursor := c.text("cursor")
	if _, err := time.Parse(time.RFC3339Nano, cursor); cursor != "" && err != nil {
		return nil, badCursor
	}
	notes := s.index.notesFor(c.account.did)
	priority := c.account.Priority
	if asked, ok := c.input["priority"].(bool); ok {
		priority = asked
	}
	if priority {
		notes = slices.DeleteFunc(notes, func(n note) bool { return !s.follows(c.account, n) })
	}
	notes, next := notesOf(notes, c.texts("reasons"), cursor, c.number("limit"))
	seen := c.account.seen
	if seen.IsZero() && cursor == "" && len(notes) > 0 {
		seen = notes[0].sortAt
	}
	out := []any{}
	for _, n := range notes {
		if view := s.noteView(c, n, seen); view != nil {
			out = append(out, view)
		}
	}
	answer := map[string]any{"notifications": out, "priority": priority}
	if next != "" {
		answer["cursor"] = next
	}
	if !seen.IsZero() {
		answer["seenAt"] = stamp(seen)
	}
	return answer, nil
}

// follows reports whether an account follows the author of a notification.
func (s *Server) follows(a *account, n note) bool {
	u, _ := parseURI(n.id)
	return s.index.about[aboutKey(followType, u.authority)][a.did] != nil
}

func (s *Server) noteView(c *call, n note, seen time.Time) map[string]any {
	e := s.index.entries[n.id]
	if e == nil || s.index.blocked(c.account.did, e.uri.authority) {
		return nil
	}
	out := map[string]any{"uri": n.id, "cid": e.cid, "author": s.profile(c, s.byDID[e.uri.authority]), "reason": n.reason,
		"record": e.value, "isRead": seen.IsZero() || seen.After(n.sortAt), "indexedAt": stamp(n.sortAt), "labels": []any{}}
	if n.subject != "" {
		out["reasonSubject"] = n.subject
	}
	return out
}

func (s *Server) getUnreadCount(c *call) (any, *problem) {
	n := 0
	for _, note := range s.index.notesFor(c.account.did) {
		if note.sortAt.After(c.account.seen) {
			n++
		}
	}
	return map[string]any{"count": n}, nil
}

func (s *Server) updateSeen(c *call) (any, *problem) {
	at, err := time.Parse(time.RFC3339Nano, c.text("seenAt"))
	if err != nil {
		return nil, badRequest("Invalid datetime")
	}
	c.account.seen = at.UTC()
	return nil, nil
}
