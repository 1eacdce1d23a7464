package web_test

import (
	"net/http"
	"testing"

	"rapport/internal/db"
	"rapport/internal/member"
	"rapport/internal/web/webtest"
)

// A list of members without anybody says who would stand in it.
func TestNobodyInTheListOfMembers(t *testing.T) {
	s := webtest.New(t)
	at := s.Path("community", "members")
	for query, words := range map[string]string{
		"":                   "Your members will be here",
		"?state=asking":      "Nobody asks to be let in",
		"?state=suspended":   "Nobody is suspended",
		"?state=refused":     "Nobody was refused",
		"?state=left":        "Nobody has left",
		"?q=zebra":           "Nobody matches",
		"?state=left&q=zebr": "Nobody matches",
		"?new=true":          "Nobody matches",
	} {
		s.Get(at+query).Is(http.StatusOK).Has(".empty", words)
	}
}

// A member's name leads to all that is known of them, for whoever may see it, and
// their handle to the profile; who only asked has not joined.
func TestTheListOfMembersLeadsToThePerson(t *testing.T) {
	s := webtest.New(t)
	for name, state := range map[string]member.State{"kim": member.Active, "bo": member.Asking} {
		a := s.NewAccount(name+"@example.com", name)
		err := s.DB.Tx(t.Context(), func(tx *db.Tx) error {
			_, err := member.Create(t.Context(), tx, s.Brand.ID, member.New{Account: a.ID, Handle: name, Name: name, State: state})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	at := s.Path("community", "members")
	p := s.Get(at).Has("a[href='/b/"+s.Brand.Slug+"/u/kim']", "@kim").Has("[data-row]", "joined")
	s.Get(p.Attr("[data-row] a[href*='/people/']", "href")).Is(http.StatusOK).Has("h1", "kim")
	s.Get(at+"?state=asking").Has("[data-row]", "asked to join on")
}
