package team

import (
	"net/http"
	"strings"

	"rapport/internal/member"
	"rapport/internal/topic"
	"rapport/internal/web/studio"
)

// communitySubjects names the topics and members that the lines were about, and
// leads to them. What was erased has no name and is led to no more.
func (p *Pages) communitySubjects(r *http.Request, lines []logLine) error {
	v, ctx := studio.At(r), r.Context()
	of := map[string][]string{}
	for _, l := range lines {
		of[communityNoun(l.Act)] = append(of[communityNoun(l.Act)], l.Subject)
	}
	replies, err := topic.RepliesByIDs(ctx, p.DB, v.Brand.ID, studio.Distinct(of["reply"]))
	if err != nil {
		return err
	}
	for _, one := range replies {
		of["topic"] = append(of["topic"], one.Topic)
	}
	topics, err := topic.ByIDs(ctx, p.DB, v.Brand.ID, studio.Distinct(of["topic"]))
	if err != nil {
		return err
	}
	members, err := member.ByIDs(ctx, p.DB, v.Brand.ID, studio.Distinct(of["member"]))
	if err != nil {
		return err
	}
	for i := range lines {
		l := &lines[i]
		switch communityNoun(l.Act) {
		case "topic":
			if one := topics[l.Subject]; one.Title != "" {
				l.On, l.Href = one.Title, "/b/"+v.Brand.Slug+one.Path()
			}
		case "reply":
			one := replies[l.Subject]
			if on := topics[one.Topic]; on.Title != "" {
				l.On, l.Href = on.Title, "/b/"+v.Brand.Slug+on.PathOf(max(one.Number, 1))
			}
		case "member":
			if one := members[l.Subject]; one.Handle != "" {
				l.On, l.Href = one.Name+" @"+one.Handle, "/b/"+v.Brand.Slug+"/u/"+one.Handle
			}
		}
	}
	return nil
}

// communityNoun is what an act was about. Who left a community was a member of
// it, and who left the team was not.
func communityNoun(act string) string {
	switch act {
	case "community.left":
		return "member"
	case "member.left":
		return ""
	}
	noun, _, _ := strings.Cut(act, ".")
	return noun
}
