package commons

import (
	"context"
	"net/url"
	"time"

	"rapport/internal/access"
	"rapport/internal/i18n"
	"rapport/internal/member"
	"rapport/internal/merge"
	"rapport/internal/search"
	"rapport/internal/space"
	"rapport/internal/topic"
)

// faceName is what somebody is called; who has left has no name any more.
func faceName(ctx context.Context, f topic.Face) string {
	if f.Gone {
		return i18n.T(ctx, "Former member")
	}
	return f.Name
}

func viewHelp(ctx context.Context, v topic.View) string {
	switch v {
	case topic.Unanswered:
		return i18n.T(ctx, "Nobody has replied to these yet. The newest comes first.")
	case topic.Top:
		return i18n.T(ctx, "By the number of replies and reactions, of the topics begun in this time.")
	}
	return i18n.T(ctx, "Topics you began, answered in or chose to follow. The last word comes first.")
}

func emptyTitle(ctx context.Context, l *listView) string {
	if l.Filter.View == topic.Unanswered && len(l.seen()) > 0 {
		return i18n.T(ctx, "Nothing is open")
	}
	return i18n.T(ctx, "Nothing here yet")
}

func emptyWords(ctx context.Context, l *listView) string {
	switch {
	case l.prepares():
		return i18n.T(ctx, "A community begins with a space: a place for talking, for questions, for news or for what is known.")
	case l.Filter.View == topic.Unanswered:
		return i18n.T(ctx, "Every topic has been answered.")
	case l.Filter.View == topic.Followed:
		return i18n.T(ctx, "Topics you begin, answer in or follow appear here.")
	case l.Filter.View == topic.Top:
		return i18n.T(ctx, "No topic was begun in this time.")
	}
	return i18n.T(ctx, "Topics appear here as soon as somebody begins one.")
}

// begins reports whether the reader is offered to begin a topic here. Visitors
// are: they are asked to sign in.
func (l *listView) begins() bool {
	if l.Space.ID != "" {
		return (l.Space.ClosedAt == 0 && !l.Space.Kind.TeamBegins()) || l.moderates(l.Space.ID)
	}
	for _, s := range l.seen() {
		if s.ClosedAt == 0 && !s.Kind.TeamBegins() || l.moderates(s.ID) {
			return true
		}
	}
	return false
}

// prepares reports whether the reader is of those who make spaces, and there is
// none yet.
func (l *listView) prepares() bool {
	return len(l.seen()) == 0 && l.In() && l.Voice.Who.May(l.Now, l.Brand.ID, access.CommunityWrite) == nil
}

func newPath(s space.Space) string {
	if s.ID == "" {
		return "/new"
	}
	return "/new?space=" + url.QueryEscape(s.Slug)
}

func date(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// searchBy is who wrote what was found.
func searchBy(ctx context.Context, v searchView, h search.Hit) string {
	m := v.Faces[h.Author]
	return faceName(ctx, topic.Face{Name: m.Name, Gone: m.State == member.Left || m.ID == ""})
}

// proofWord says where a claim of an account stands.
func proofWord(ctx context.Context, v elsewhereView, p merge.Proof) string {
	switch {
	case p.State == merge.Proven && p.Shown:
		return i18n.T(ctx, "Proven, on your page")
	case p.State == merge.Proven:
		return i18n.T(ctx, "Proven")
	case p.State == merge.Undone:
		return i18n.T(ctx, "Taken apart by the team")
	case p.Expired(v.Now):
		return i18n.T(ctx, "Code too old")
	}
	return i18n.T(ctx, "Not proven yet")
}

func proofIcon(v elsewhereView, p merge.Proof) string {
	switch {
	case p.State == merge.Proven:
		return "circle-check"
	case p.State == merge.Undone:
		return "undo-2"
	case p.Expired(v.Now):
		return "clock-alert"
	}
	return "circle-dashed"
}
