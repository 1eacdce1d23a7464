package commons_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"rapport/internal/access"
	"rapport/internal/community"
	"rapport/internal/member"
	"rapport/internal/outbox"
	"rapport/internal/tell"
	"rapport/internal/topic"
)

// tells runs what tells members, as the program does beside its pages.
func (p *place) tells() func() {
	t := &tell.Teller{DB: p.DB, Letters: p.join.Letters, Keys: p.join.Keys, Address: func(_ context.Context, _, path string) string { return "https://north.example" + path }}
	r := outbox.NewReader(p.DB, nil)
	t.Listen(r)
	return func() {
		p.Helper()
		_, err := r.Drain(ctx)
		p.must(err)
	}
}

// voice is who a member is, by their handle.
func (p *place) voice(handle string) member.Voice {
	p.Helper()
	m, err := member.ByHandle(ctx, p.DB, p.brand.ID, handle)
	p.must(err)
	v, err := member.Of(ctx, p.DB, access.Who{Account: m.Account}, p.brand.ID)
	p.must(err)
	return v
}

// A name that is written from the right keeps its direction to itself.
func TestNoticesKeepTheirDirection(t *testing.T) {
	p := open(t)
	drain := p.tells()
	olga, _ := p.team()
	token := p.signUp("Ada")
	water := p.begin(olga, p.talk, "ماء")
	p.must(topic.Follow(ctx, p.DB, p.voice("Ada"), water.ID, topic.Watch))
	p.say(p.DB, olga, water, "Soft")
	drain()
	p.get(token, "/notices").has(t, "Olga replied in “\u2068ماء\u2069”").lacks(t, `class="notice-title" dir`)
}

// Somebody is answered, sees it at the bell, opens the topic and has read it,
// all without a script.
func TestNotices(t *testing.T) {
	p := open(t)
	drain := p.tells()
	olga, studio := p.team()
	token := p.signUp("Ada")
	drain()
	p.get("", "/").lacks(t, "bell")
	p.get(token, "/notices").has(t, "You are in: you can write now", "Mark all as read", "1 unread")
	p.do(token, "/notices/read", url.Values{})
	p.get(token, "/notices").has(t, "You are in: you can write now").lacks(t, "Mark all as read")
	p.get(token, "/").lacks(t, "bell-count")
	p.get(studio, "/notices").has(t, "Nothing yet", "Follow a topic or a space", "/me/notices")
	_, err := p.ExecContext(ctx, `UPDATE member SET trusted_at = 1 WHERE name = 'Ada'`)
	p.must(err)
	s, err := topic.Begin(ctx, p.DB, p.voice("Ada"), topic.New{Space: p.talk.ID, Title: "Water <b>", Text: "Hard?"})
	p.must(err)
	r, err := topic.Say(ctx, p.DB, olga, s.Topic.ID, "Soft <script>alert(1)</script>", 0, "")
	p.must(err)
	drain()
	p.get(token, "/people").has(t, `bell-count`, "Notices: 1 unread")
	a := p.get(token, "/notices").has(t, "Olga answered you in “Water &lt;b&gt;”", "Soft", s.Topic.PathOf(2), "Unread:")
	a.lacks(t, "<script>alert(1)")
	// What came since the page was shown stays unread.
	p.do(token, "/notices/read", url.Values{"until": {"1"}})
	p.get(token, "/notices").has(t, "1 unread")
	p.get(token, s.Topic.Path()).has(t, "Soft").lacks(t, "bell-count")
	p.get(token, "/notices").has(t, "Olga answered you").lacks(t, "Unread:")
	_, err = topic.Decide(ctx, p.DB, p.owner, p.brand.ID, r.Reply.ID, topic.AsItIs, topic.Hide, "Be kind", "")
	p.must(err)
	p.get(token, "/notices").lacks(t, "Olga answered you")
	if a := p.get("", "/notices"); a.StatusCode != http.StatusSeeOther || !strings.HasPrefix(a.Header.Get("Location"), "/studio/sign-in") {
		t.Errorf("a visitor: %d", a.StatusCode)
	}
	if a := p.get(token, "/notices?after=nonsense"); a.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a forged page: %d", a.StatusCode)
	}
}

// A member chooses where they hear of what; nothing is lost where it does not
// fit.
func TestNoticeChoices(t *testing.T) {
	p := open(t)
	token := p.signUp("Ada")
	page := p.get(token, "/me/notices").has(t, `name="mail.mention" value="true" checked`, `name="mail.reply" value="true">`, `<option value="week" selected>`, `<option value="1" selected>Monday`, "Somebody names you")
	page.lacks(t, "door")
	p.get(token, "/me").has(t, "/me/notices")
	form := url.Values{"list.reply": {"true"}, "mail.reply": {"true"}, "every": {"day"}, "weekday": {"3"}, "hour": {"17"}, "zone": {"Asia/Tokyo"}}
	if a := p.do(token, "/me/notices", form); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d\n%s", a.StatusCode, a.body)
	}
	p.get(token, "/me/notices").has(t, `name="mail.reply" value="true" checked`, `name="mail.mention" value="true">`, `<option value="day" selected>`, `<option value="17" selected>17:00`, `<option value="Asia/Tokyo" selected>`)
	form.Set("zone", "Mars/Base")
	form.Set("list.topic", "true")
	if a := p.do(token, "/me/notices", form); a.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("%d", a.StatusCode)
	} else {
		a.has(t, "Choose a time zone", `name="list.topic" value="true" checked`)
	}
	for _, wrong := range []url.Values{{}, {"every": {"day"}, "weekday": {"1"}, "hour": {"99"}}} {
		if a := p.do(token, "/me/notices", wrong); a.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%v: %d", wrong, a.StatusCode)
		}
	}
}

// The link of a letter shows what it stops and stops it only when asked, without
// a sign-in, also while the community is shut.
func TestLettersAreStopped(t *testing.T) {
	p := open(t)
	drain := p.tells()
	olga, _ := p.team()
	p.signUp("Ada")
	_, err := p.ExecContext(ctx, `UPDATE account SET verified_at = 1`)
	p.must(err)
	_, err = topic.Begin(ctx, p.DB, olga, topic.New{Space: p.talk.ID, Title: "Water", Text: "Hard, @ada?"})
	p.must(err)
	drain()
	var stop string
	p.must(p.QueryRowContext(ctx, `SELECT unsubscribe FROM letter WHERE subject LIKE '%names you%'`).Scan(&stop))
	stop = strings.TrimPrefix(stop, "https://north.example")
	asked := func() (n int) {
		p.must(p.QueryRowContext(ctx, `SELECT COUNT(*) FROM notice_choice WHERE kind = 'mention' AND NOT mail`).Scan(&n))
		return n
	}
	a := p.get("", stop).has(t, "Somebody names you", "Stop them")
	if a.StatusCode != http.StatusOK || a.Header.Get("Referrer-Policy") != "no-referrer" || asked() != 0 {
		t.Errorf("%d %v", a.StatusCode, a.Header)
	}
	_, err = community.Show(ctx, p.DB, p.owner, p.brand.ID, false)
	p.must(err)
	for range 2 {
		p.do("", stop, url.Values{"List-Unsubscribe": {"One-Click"}}).has(t, "no letters of North like this any more")
	}
	if asked() != 1 {
		t.Error("they are not stopped")
	}
	for _, bad := range []string{"/notices/stop", "/notices/stop?t=x", stop[:len(stop)-4]} {
		if a := p.do("", bad, url.Values{}); a.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", bad, a.StatusCode)
		}
	}
}
