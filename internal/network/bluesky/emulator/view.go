package emulator

import (
	"maps"
	"slices"
	"time"
)

// A view is what the network tells one account about a record. They are maps
// because they are nothing but what the lexicons say.

const stampForm = "2006-01-02T15:04:05.000Z"

func stamp(t time.Time) string { return t.UTC().Format(stampForm) }

// basic is an author beside something they wrote.
func (s *Server) basic(c *call, a *account) map[string]any {
	viewer := map[string]any{"muted": false, "blockedBy": false}
	if c.account != nil {
		s.relation(viewer, c.account, a)
	}
	return map[string]any{"did": a.did, "handle": a.handle(), "displayName": a.Title, "avatar": c.base + "/avatar/" + a.Name + ".svg",
		"viewer": viewer, "labels": []any{}, "createdAt": stamp(a.MadeAt)}
}

func (s *Server) relation(viewer map[string]any, me, other *account) {
	about := func(kind string, from, to *account) *entry { return s.index.about[aboutKey(kind, to.did)][from.did] }
	if e := about(blockType, me, other); e != nil {
		viewer["blocking"] = e.id()
	}
	viewer["blockedBy"] = about(blockType, other, me) != nil
	if e := about(followType, me, other); e != nil {
		viewer["following"] = e.id()
	}
	if e := about(followType, other, me); e != nil {
		viewer["followedBy"] = e.id()
	}
}

func (s *Server) profile(c *call, a *account) map[string]any {
	out := s.basic(c, a)
	out["indexedAt"] = stamp(a.MadeAt)
	if a.About != "" {
		out["description"] = a.About
	}
	return out
}

func (s *Server) detailed(c *call, a *account) map[string]any {
	out := s.profile(c, a)
	follows := 0
	for _, e := range s.index.order {
		if e.uri.authority == a.did && e.uri.collection == followType {
			follows++
		}
	}
	out["followersCount"] = a.Followers + s.index.count(followType, a.did)
	out["followsCount"] = follows
	out["postsCount"] = len(s.index.postsOf(a.did))
	out["associated"] = map[string]any{"lists": 0, "feedgens": 0, "starterPacks": 0, "labeler": false}
	return out
}

func (x *index) postsOf(did string) []*entry {
	var out []*entry
	for _, e := range x.order {
		if e.uri.authority == did && e.uri.collection == postType {
			out = append(out, e)
		}
	}
	return out
}

func (s *Server) postView(c *call, e *entry) map[string]any {
	id := e.id()
	out := map[string]any{"uri": id, "cid": e.cid, "author": s.basic(c, s.byDID[e.uri.authority]), "record": e.value,
		"indexedAt": stamp(e.indexedAt), "labels": selfLabels(e), "viewer": s.viewerState(c, id)}
	maps.Copy(out, s.counters(id))
	out["bookmarkCount"] = 0
	if embed := s.embedView(c, e, e.value["embed"], 0); embed != nil {
		out["embed"] = embed
	}
	return out
}

func (s *Server) counters(id string) map[string]any {
	return map[string]any{"replyCount": len(s.index.below[id]), "repostCount": s.index.count(repostType, id),
		"likeCount": s.index.count(likeType, id), "quoteCount": len(s.index.quotes[id])}
}

func (s *Server) viewerState(c *call, id string) map[string]any {
	out := map[string]any{"bookmarked": false, "threadMuted": false, "embeddingDisabled": false}
	for field, kind := range map[string]string{"like": likeType, "repost": repostType} {
		if e := s.index.about[aboutKey(kind, id)][c.account.did]; e != nil {
			out[field] = e.id()
		}
	}
	return out
}

// selfLabels are the content warnings an author gave.
func selfLabels(e *entry) []any {
	out := []any{}
	labels, _ := e.value["labels"].(map[string]any)
	values, _ := labels["values"].([]any)
	for _, v := range values {
		if m, ok := v.(map[string]any); ok {
			out = append(out, map[string]any{"src": e.uri.authority, "uri": e.id(), "cid": e.cid, "val": m["val"], "cts": stamp(e.sortAt)})
		}
	}
	return out
}

// embedView shows what a post carries. Quotes are followed one step.
func (s *Server) embedView(c *call, e *entry, v any, depth int) map[string]any {
	embed, _ := v.(map[string]any)
	switch kind, _ := embed["$type"].(string); kind {
	case "app.bsky.embed.images":
		return map[string]any{"$type": kind + "#view", "images": s.imageViews(c, e, embed["images"], "thumb")}
	case "app.bsky.embed.gallery":
		items := s.imageViews(c, e, embed["items"], "thumbnail")
		for _, item := range items {
			item.(map[string]any)["$type"] = kind + "#viewImage"
		}
		return map[string]any{"$type": kind + "#view", "items": items}
	case "app.bsky.embed.external":
		return map[string]any{"$type": kind + "#view", "external": s.cardView(c, e, embed)}
	case "app.bsky.embed.record":
		return map[string]any{"$type": kind + "#view", "record": s.quoteView(c, refURI(embed["record"]), depth)}
	case "app.bsky.embed.recordWithMedia":
		inner, _ := embed["record"].(map[string]any)
		return map[string]any{"$type": kind + "#view", "media": s.embedView(c, e, embed["media"], depth),
			"record": map[string]any{"record": s.quoteView(c, refURI(inner["record"]), depth)}}
	}
	return nil
}

func pictureURL(c *call, size string, did string, ref blobRef) string {
	return c.base + "/img/" + size + "/plain/" + did + "/" + ref.cid
}

func (s *Server) imageViews(c *call, e *entry, v any, small string) []any {
	out := []any{}
	list, _ := v.([]any)
	for _, item := range list {
		img, _ := item.(map[string]any)
		raw, _ := img["image"].(map[string]any)
		ref, ok := blobOf(raw)
		if !ok {
			continue
		}
		view := map[string]any{small: pictureURL(c, "feed_thumbnail", e.uri.authority, ref),
			"fullsize": pictureURL(c, "feed_fullsize", e.uri.authority, ref), "alt": img["alt"]}
		if ratio, there := img["aspectRatio"]; there {
			view["aspectRatio"] = ratio
		}
		out = append(out, view)
	}
	return out
}

func (s *Server) cardView(c *call, e *entry, embed map[string]any) map[string]any {
	card, _ := embed["external"].(map[string]any)
	out := map[string]any{"uri": card["uri"], "title": card["title"], "description": card["description"]}
	raw, _ := card["thumb"].(map[string]any)
	if ref, ok := blobOf(raw); ok {
		out["thumb"] = pictureURL(c, "feed_thumbnail", e.uri.authority, ref)
	}
	return out
}

func (s *Server) quoteView(c *call, id string, depth int) map[string]any {
	const kind = "app.bsky.embed.record#"
	u, _ := parseURI(id)
	e := s.index.post(id)
	switch {
	case s.index.blocked(c.account.did, u.authority):
		return map[string]any{"$type": kind + "viewBlocked", "uri": id, "blocked": true, "author": s.blockedAuthor(c, u.authority)}
	case e == nil:
		return map[string]any{"$type": kind + "viewNotFound", "uri": id, "notFound": true}
	}
	out := map[string]any{"$type": kind + "viewRecord", "uri": id, "cid": e.cid, "author": s.basic(c, s.byDID[e.uri.authority]),
		"value": e.value, "labels": selfLabels(e), "indexedAt": stamp(e.indexedAt)}
	maps.Copy(out, s.counters(id))
	if depth == 0 {
		embeds := []any{}
		if inner := s.embedView(c, e, e.value["embed"], depth+1); inner != nil {
			embeds = append(embeds, inner)
		}
		out["embeds"] = embeds
	}
	return out
}

func (s *Server) blockedAuthor(c *call, did string) map[string]any {
	viewer := map[string]any{"muted": false, "blockedBy": false}
	if a := s.byDID[did]; a != nil {
		s.relation(viewer, c.account, a)
		for _, private := range []string{"following", "followedBy", "muted"} {
			delete(viewer, private)
		}
	}
	return map[string]any{"did": did, "viewer": viewer}
}

const feedDefs = "app.bsky.feed.defs#"

func (s *Server) notFoundPost(id string) map[string]any {
	return map[string]any{"$type": feedDefs + "notFoundPost", "uri": id, "notFound": true}
}

func (s *Server) blockedPost(c *call, id string) map[string]any {
	u, _ := parseURI(id)
	return map[string]any{"$type": feedDefs + "blockedPost", "uri": id, "blocked": true, "author": s.blockedAuthor(c, u.authority)}
}

// maybe shows a post that another one names.
func (s *Server) maybe(c *call, id string) map[string]any {
	e := s.index.post(id)
	switch {
	case e == nil:
		return s.notFoundPost(id)
	case s.index.blocked(c.account.did, e.uri.authority):
		return s.blockedPost(c, id)
	}
	out := s.postView(c, e)
	out["$type"] = feedDefs + "postView"
	return out
}

// feedView is a line of a feed; repost is nil for the account's own post.
func (s *Server) feedView(c *call, e, repost *entry) map[string]any {
	out := map[string]any{"post": s.postView(c, e)}
	if repost != nil {
		out["reason"] = map[string]any{"$type": feedDefs + "reasonRepost", "by": s.basic(c, s.byDID[repost.uri.authority]),
			"uri": repost.id(), "cid": repost.cid, "indexedAt": stamp(repost.indexedAt)}
	}
	if e.parent == "" {
		return out
	}
	reply := map[string]any{"root": s.maybe(c, e.root), "parent": s.maybe(c, e.parent)}
	if p := s.index.post(e.parent); p != nil && p.parent != "" {
		if u, _ := parseURI(p.parent); s.byDID[u.authority] != nil {
			reply["grandparentAuthor"] = s.basic(c, s.byDID[u.authority])
		}
	}
	out["reply"] = reply
	return out
}

// above shows what a post answers, and what that answers, within its thread.
func (s *Server) above(c *call, e *entry, root string, height int) map[string]any {
	if height < 1 || e.parent == "" {
		return nil
	}
	p := s.index.post(e.parent)
	switch {
	case p == nil:
		return s.notFoundPost(e.parent)
	case p.rootOf() != root:
		return nil
	case s.index.blocked(c.account.did, p.uri.authority):
		return s.blockedPost(c, e.parent)
	}
	out := map[string]any{"$type": feedDefs + "threadViewPost", "post": s.postView(c, p), "threadContext": map[string]any{}}
	if further := s.above(c, p, root, height-1); further != nil {
		out["parent"] = further
	}
	return out
}

// underneath shows the answers to a post that belong to its thread.
func (s *Server) underneath(c *call, id, root string, depth int) []any {
	out := []any{}
	for _, e := range s.index.repliesTo(id) {
		switch {
		case e.rootOf() != root:
			continue
		case s.index.blocked(c.account.did, e.uri.authority):
			out = append(out, s.blockedPost(c, e.id()))
			continue
		}
		view := map[string]any{"$type": feedDefs + "threadViewPost", "post": s.postView(c, e), "threadContext": map[string]any{}}
		if depth > 1 {
			view["replies"] = s.underneath(c, e.id(), root, depth-1)
		}
		out = append(out, view)
	}
	return out
}

func carries(e *entry, kinds ...string) bool {
	embed, _ := e.value["embed"].(map[string]any)
	if embed["$type"] == "app.bsky.embed.recordWithMedia" {
		embed, _ = embed["media"].(map[string]any)
	}
	kind, _ := embed["$type"].(string)
	return slices.Contains(kinds, kind)
}
