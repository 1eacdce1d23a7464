package commons

import (
	"context"
	"net/http"
	"net/url"
	"path"

	"rapport/internal/db"
	"rapport/internal/i18n"
	"rapport/internal/member"
	"rapport/internal/merge"
	"rapport/internal/topic"
)

// personView is somebody's page.
type personView struct {
	*visit
	Member member.Member
	Topics []topic.Line
	Said   []topic.Spoken
	More   string

	Elsewhere []merge.Proof // that they show
}

// personShow shows somebody with what they said that the reader may read.
func (p *Pages) personShow(w http.ResponseWriter, r *http.Request) error {
	v := at(r)
	m, err := member.ByHandle(r.Context(), p.DB, v.Brand.ID, r.PathValue("handle"))
	if err != nil {
		return err
	}
	if m.State != member.Active && m.State != member.Suspended && !v.team() && m.ID != v.Voice.Member.ID {
		return member.Missing()
	}
	if m.Handle != r.PathValue("handle") {
		http.Redirect(w, r, withQuery(v.href("/u/"+url.PathEscape(m.Handle)), r.URL.RawQuery), http.StatusMovedPermanently)
		return nil
	}
	pv := personView{visit: v, Member: m}
	if pv.Topics, _, err = topic.By(r.Context(), p.DB, v.Voice, v.Spaces, m.ID, db.Page{}); err != nil {
		return err
	}
	if pv.Elsewhere, err = merge.Public(r.Context(), p.DB, v.Brand.ID, m.ID); err != nil {
		return err
	}
	var next string
	if pv.Said, next, err = topic.SaidBy(r.Context(), p.DB, v.Voice, v.Spaces, m.ID, pageOf(r)); err != nil {
		return err
	}
	if next != "" {
		pv.More = v.href("/u/"+m.Handle) + "?" + url.Values{"after": {next}}.Encode()
	}
	h := head{Title: m.Name + " (@" + m.Handle + ")", About: personAbout(r.Context(), v, m), Path: "/u/" + m.Handle, Kind: "profile", View: "people", NoIndex: !m.Listed || r.URL.RawQuery != ""}
	if !h.NoIndex {
		h.Data = pv.structured()
	}
	return write(r.Context(), w, http.StatusOK, frame(v.page(r, h), personBody(pv)))
}

// unseen reports whether others do not see the page of their own yet.
func (v personView) unseen() bool {
	return v.Community.LinksWait && v.Member.Newcomer(topic.NewcomerUntil)
}

// sees reports whether the reader sees the page of their own.
func (v personView) sees() bool {
	return v.Member.Link != "" && (!v.unseen() || v.team() || v.Voice.Member.ID == v.Member.ID)
}

// personAbout is what somebody says of themselves, or what is known of them.
func personAbout(ctx context.Context, v *visit, m member.Member) string {
	if m.Bio != "" {
		return m.Bio
	}
	return i18n.T(ctx, "{{.Name}} in the community of {{.Community}}: {{.Posts}}, {{.Answers}}.", "Name", m.Name, "Community", v.Brand.Name,
		"Posts", i18n.N(ctx, int(m.Posts), "{{.N}} post", "{{.N}} posts"), "Answers", i18n.N(ctx, int(m.Solved), "{{.N}} accepted answer", "{{.N}} accepted answers"))
}

// structured is somebody's page as schema.org has it.
func (v personView) structured() map[string]any {
	m := v.Member
	who := map[string]any{"@type": "Person", "name": m.Name, "alternateName": m.Handle, "identifier": m.Handle, "url": v.Public + "/u/" + m.Handle,
		"agentInteractionStatistic": map[string]any{"@type": "InteractionCounter", "interactionType": "https://schema.org/WriteAction", "userInteractionCount": m.Posts}}
	if m.Bio != "" {
		who["description"] = excerptLine(m.Bio)
	}
	if m.Picture != "" {
		who["image"] = v.Public + "/face/" + path.Base(m.Picture)
	}
	return map[string]any{"@context": "https://schema.org", "@type": "ProfilePage", "dateCreated": date(m.JoinedAt.Time()), "mainEntity": who}
}

// directoryView is the list of members.
type directoryView struct {
	*visit
	Members []member.Member
	Filter  member.Filter
	More    string
}

// peopleList shows the members who are listed.
func (p *Pages) peopleList(w http.ResponseWriter, r *http.Request) error {
	v, q := at(r), r.URL.Query()
	d := directoryView{visit: v, Filter: member.Filter{Query: q.Get("q"), Order: member.Order(q.Get("sort"))}}
	all, next, err := member.List(r.Context(), p.DB, v.Brand.ID, d.Filter, pageOf(r))
	if err != nil {
		return err
	}
	if d.Members = all; next != "" {
		q.Set("after", next)
		d.More = v.href("/people") + "?" + q.Encode()
	}
	h := head{Title: i18n.T(r.Context(), "People"), Path: "/people", About: i18n.T(r.Context(), "Who takes part in the community of {{.Community}}.", "Community", v.Brand.Name), View: "people", NoIndex: r.URL.RawQuery != ""}
	return write(r.Context(), w, http.StatusOK, frame(v.page(r, h), peopleBody(d)))
}
