package web_test

import (
	"net/http"
	"testing"

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
