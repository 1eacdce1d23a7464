package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/network"
	"rapport/internal/web/webtest"
)

// through connects a channel of the Door by its token.
func through(t *testing.T, s *webtest.Site, token string) channel.Channel {
	t.Helper()
	c, err := s.Channels.Connect(t.Context(), s.Who(), s.Brand.ID, "door", "social.example", network.Credential{"token": token})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestChannelPageSaysWhatItCanDo(t *testing.T) {
	s := doors(t)
	c := through(t, s, "narrow")
	s.Get(s.Path("channels", c.ID)).Is(200).
		Has("#abilities li:first-child", "Bring comments and mentions here", "Connect it again and allow reading").
		Has("#abilities", "Publish posts", "Door does not count views.").
		Has(".facts", "social.example", "Doorkeeper 4.2", "connected").Lacks("#import, #log")
}

// An import tells how far it is, also without scripts, and asks again only
// while it runs.
func TestChannelPageShowsTheImport(t *testing.T) {
	s := doors(t)
	c := through(t, s, "north")
	now := s.DB.Now()
	exec(t, s.DB, `INSERT INTO channel_import (channel_id, brand_id, state, stage, posts, posts_most, threads, messages, started_at, updated_at)
		VALUES ($1, $2, 'running', 'posts', 143, 200, 31, 420, $3, $3)`, c.ID, s.Brand.ID, now)
	path := s.Path("channels", c.ID)
	s.Get(path).Has("#import[hx-trigger]", "143 of 200 posts, 31 threads, 420 messages").Has("#import progress[value='143'][max='200']")
	r := httptest.NewRequest(http.MethodGet, path+"/import", nil)
	r.Header.Set("HX-Request", "true")
	s.Do(r).Is(200).Has("#import", "143 of 200").Lacks(".rail")
	s.Get(path + "/import").Is(http.StatusSeeOther)
	exec(t, s.DB, `UPDATE channel_import SET state = 'failed', error = 'The server is down.' WHERE channel_id = $1`, c.ID)
	s.Get(path).Has("#import:not([hx-trigger]) .notice", "The server is down.", "What came so far is kept", "Go on")
	s.Post(path + "/import").Is(http.StatusSeeOther)
	s.Get(path).Has("#import[hx-trigger] progress")
	exec(t, s.DB, `UPDATE channel_import SET state = 'done', posts = 180, finished_at = $2 WHERE channel_id = $1`, c.ID, now)
	s.Get(path).Has("#import:not([hx-trigger])", "Everything is here", "180 posts")
	exec(t, s.DB, `UPDATE channel_import SET posts = 0, messages = 0 WHERE channel_id = $1`, c.ID)
	s.Get(path).Has("#import:not([hx-trigger])", "Nothing was there that was not here already.")
	exec(t, s.DB, `UPDATE channel_import SET finished_at = $2 WHERE channel_id = $1`, c.ID, now.Add(-48*3600e9))
	s.Get(path).Lacks("#import")
}

func TestChannelLog(t *testing.T) {
	s := doors(t)
	c := through(t, s, "north")
	for i := range 60 {
		exec(t, s.DB, `INSERT INTO channel_log (id, brand_id, channel_id, at, tone, text, times, last_at) VALUES ($1, $2, $3, $4, 'warn', $5, $6, $7)`,
			db.NewID(), s.Brand.ID, c.ID, 1000+i, fmt.Sprintf("%s said %d", webtest.Evil, i), i+1, 2000+i)
	}
	path := s.Path("channels", c.ID)
	s.Get(path).Has("#log .panel-head + .row", webtest.Evil+" said 59", "60 times").Has("#log a[href$='/log']", "Whole log").Lacks("#log script")
	whole := s.Get(path+"/log").Is(200).Has("h1", "Log of")
	if n := whole.Count(".log-row"); n != 50 {
		t.Errorf("%d lines", n)
	}
	more := whole.Attr("#more a", "href")
	if n := s.Get(more).Is(200).Count(".log-row"); n != 10 {
		t.Errorf("%d lines more", n)
	}
}

// A network that does not answer is said with its one next step wherever the
// channel stands.
func TestAChannelThatDoesNotAnswer(t *testing.T) {
	s := doors(t)
	c := through(t, s, "north")
	exec(t, s.DB, `INSERT INTO feed (channel_id, name, brand_id, next_at, read_at, tries, error) VALUES ($1, 'hear', $2, $3, $4, 4, 'social.example refused the connection.')`,
		c.ID, s.Brand.ID, s.DB.Now().Add(3600e9), s.DB.Now().Add(-7200e9))
	check := "form[action$='/check'] button"
	s.Get(s.Path("channels")).Has(".row .state", "not reachable").Has(".row "+check, "Check now")
	s.Get(s.Path("channels", c.ID)).Has(".notice", "Door does not answer", "refused the connection").Has(".notice "+check, "Check now").Has(".facts", "Inbox read", "since").Lacks(".page-head " + check)
	s.Schedule("Something", s.DB.Now().Add(3600e9), c.ID)
	s.Get(s.Path()).Has(".need", "not reachable", "refused the connection").Has(".need " + check)
	if err := s.DB.Tx(t.Context(), func(tx *db.Tx) error {
		return channel.Attention(context.Background(), tx, s.Brand.ID, c.ID, "The access has ended.")
	}); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{s.Path(), s.Path("channels"), s.Path("channels", c.ID), s.Path("attention")} {
		p := s.Get(path).Has("a[href*='again="+c.ID+"']", "Connect again")
		if p.Count("main "+check) > 0 {
			t.Errorf("%s offers a second step", path)
		}
	}
}
