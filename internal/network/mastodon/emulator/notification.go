package emulator

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

var noteKinds = []string{"mention", "status", "reblog", "follow", "follow_request", "favourite", "poll", "update", "admin.sign_up", "admin.report",
	"severed_relationships", "moderation_warning", "quote", "quoted_update", "added_to_collection", "collection_update"}

type notification struct {
	id     string
	kind   string
	from   *account
	status *Status // nil for a follow
	at     time.Time
}

// notify tells a local account; nobody is told of what they do themselves.
func (s *Server) notify(to *account, kind string, from *account, st *Status) {
	if !to.local() || to == from || st != nil && !s.sees(to, st) {
		return
	}
	// As in Mastodon, these are plain numbers: they grow a digit in time.
	s.lastNote++
	n := &notification{id: strconv.FormatInt(s.lastNote, 10), kind: kind, from: from, status: st, at: s.options.Now().UTC()}
	to.inbox = append(to.inbox, n)
	s.toStreams(to, "notification", func(p place) any { return s.noteEntity(p, to, n) })
}

func (s *Server) noteEntity(p place, to *account, n *notification) object {
	e := object{"id": n.id, "type": n.kind, "group_key": n.group(), "created_at": stamp(n.at), "account": s.accountEntity(p, n.from)}
	if n.status != nil {
		e["status"] = s.statusEntity(p, to, n.status)
	}
	return e
}

// group is under which clients may show several together.
func (n *notification) group() string {
	switch {
	case n.kind == "follow":
		return fmt.Sprintf("follow-%d", n.at.Unix()/43200)
	case n.kind == "favourite" || n.kind == "reblog":
		return fmt.Sprintf("%s-%s-%d", n.kind, n.status.ID, n.at.Unix()/43200)
	}
	return "ungrouped-" + n.id
}

func (s *Server) listNotifications(c *call) (int, any, *problem) {
	with, without := c.Values["types[]"], c.Values["exclude_types[]"]
	for _, kind := range slices.Concat(with, without) {
		if !slices.Contains(noteKinds, kind) {
			return 0, nil, refuse("type", "Validation failed: there is no type of notification called %s", kind)
		}
	}
	by := c.Get("account_id")
	var list []*notification
	for _, n := range c.who.inbox {
		if (len(with) == 0 || slices.Contains(with, n.kind)) && !slices.Contains(without, n.kind) && (by == "" || by == n.from.id) {
			list = append(list, n)
		}
	}
	cut, no := paged(c, list, func(n *notification) string { return n.id }, 40, 80)
	if no != nil {
		return 0, nil, no
	}
	out := []any{}
	for _, n := range cut {
		out = append(out, s.noteEntity(c.place, c.who, n))
	}
	return http.StatusOK, out, nil
}

func (s *Server) showNotification(c *call) (int, any, *problem) {
	for _, n := range c.who.inbox {
		if n.id == c.r.PathValue("id") {
			return http.StatusOK, s.noteEntity(c.place, c.who, n), nil
		}
	}
	return 0, nil, notFound
}
