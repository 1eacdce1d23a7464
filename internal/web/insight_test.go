package web_test

import (
	"net/http"
	"strings"
	"testing"

	"rapport/internal/web/webtest"
)

func TestChannelNumbers(t *testing.T) {
	s := webtest.New(t)
	w := s.Fill()
	id := w.Channels[0].ID
	s.Get(s.Path("channels", id)).Is(200).Has(".figure", "Engagements", "Follower growth", "It takes two counts").
		Has("a[href$='/numbers']", "Day by day").Has("#about-engagement_rate", "Divided by", "Followers on the day of each post")
	page := s.Get(s.Path("channels", id, "numbers")+"?days=90").Is(200).Has(".segmented [aria-current]", "90 days").
		Has("#chart-engagements script[type='application/json']").Has(".chart-table td", "—")
	page.Has("table a[href$='"+w.Best+"']", "The new bags are here")
	s.Get(s.Path("channels", id, "numbers") + "?days=12").Is(http.StatusUnprocessableEntity)
	table := s.Get(s.Path("channels", id, "numbers.csv")).Is(200)
	if !strings.HasPrefix(table.Body, "day,followers,following,posts,published,engagements\n") || !strings.Contains(table.Body, ",,,,0,\n") {
		t.Errorf("the table: %s", table.Body)
	}
}

func TestPostNumbers(t *testing.T) {
	s := webtest.New(t)
	w := s.Fill()
	s.Get(s.Path("posts", w.Best)).Is(200).Has(".way-numbers .figure", "Likes", "412", "Views", "The network did not tell it").
		Has("a[href$='numbers.csv']")
	table := s.Get(s.Path("posts", w.Best, "numbers.csv")).Is(200)
	if !strings.Contains(table.Body, "'@north@paper.example,likes,") || strings.Contains(table.Body, "views") {
		t.Errorf("the table: %s", table.Body)
	}
}

func TestNumbersOfOthers(t *testing.T) {
	s := webtest.New(t)
	w := s.Fill()
	other := s.NewBrand("Another")
	s.Get("/studio/" + other.Slug + "/channels/" + w.Channels[0].ID + "/numbers").Is(http.StatusNotFound)
	s.Get("/studio/" + other.Slug + "/posts/" + w.Best + "/numbers.csv").Is(http.StatusNotFound)
}
