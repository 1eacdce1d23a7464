package commons_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"rapport/internal/member"
	"rapport/internal/topic"
)

// An address from before something was renamed leads to the same page of it, with
// what a tracked link added, and to no other site.
func TestAnAddressFromBeforeLeadsToTheSamePage(t *testing.T) {
	p := open(t)
	olga, _ := p.team()
	top := p.begin(olga, p.talk, "How fine?")
	for i := range 45 {
		p.say(p.DB, olga, top, "Reply "+strconv.Itoa(i))
	}
	opening, err := topic.ReplyByNumber(ctx, p.DB, p.brand.ID, top.ID, 1)
	p.must(err)
	_, err = topic.Change(ctx, p.DB, olga, opening.ID, topic.Edit{Revision: 1, Title: "How coarse?", Text: "How coarse?"})
	p.must(err)
	top, err = topic.ByID(ctx, p.DB, p.brand.ID, top.ID)
	p.must(err)
	handle := olga.Member.Handle
	p.must(rename(p, olga, "olga-again"))
	const utm = "utm_source=mastodon&utm_medium=social"
	now, was := top.Path(), "/t/how-fine/"+strconv.FormatInt(top.Number, 10)
	if now == was {
		t.Fatal("it has its old address")
	}
	for from, to := range map[string]string{
		was:                                  now,
		was + "?page=3":                      now + "?page=3",
		was + "?page=3&" + utm:               now + "?page=3&" + utm,
		was + "?" + utm:                      now + "?" + utm,
		was + "?page=1":                      now,
		was + "?page=1&" + utm:               now + "?" + utm,
		now + "?page=1":                      now,
		now + "?pa%67e=1&page=2":             now,
		now + "?" + utm + "&page=1":          now + "?" + utm,
		"/u/" + handle + "?" + utm:           "/u/olga-again?" + utm,
		"/u/" + handle:                       "/u/olga-again",
		"/b/north" + now + "?page=3&" + utm:  now + "?page=3&" + utm,
		"/b/north/s/r%C3%B6st%3Fx?" + utm:    "/s/r%C3%B6st%3Fx?" + utm,
		"/b/north//evil.example/":            "",
		"/b/north/%2fevil.example/":          "",
		"/b/north/%5cevil.example/":          "",
		"/b/north///evil.example/" + "?a=b":  "",
		was + "?page=//evil.example":         now + "?page=//evil.example",
		was + "?" + url.PathEscape("a\r\nb"): now + "?" + url.PathEscape("a\r\nb"),
	} {
		a := p.get("", from)
		got := a.Header.Get("Location")
		if to == "" {
			if u, err := url.Parse(got); err != nil || u.Host != "" || strings.HasPrefix(got, "//") || strings.HasPrefix(got, `/\`) {
				t.Errorf("%s leads to another site: %q", from, got)
			}
			continue
		}
		if a.StatusCode != http.StatusMovedPermanently || got != to {
			t.Errorf("%s leads with %d to %q, want %q", from, a.StatusCode, got, to)
		}
		if page := p.get("", to); page.StatusCode == http.StatusMovedPermanently {
			t.Errorf("%s leads on and on to %q", from, page.Header.Get("Location"))
		}
	}
}

func rename(p *place, v member.Voice, handle string) error {
	m, err := member.ByID(ctx, p.DB, p.brand.ID, v.Member.ID)
	if err != nil {
		return err
	}
	_, err = p.DB.ExecContext(ctx, `UPDATE member SET handle = $1 WHERE id = $2`, handle, m.ID)
	if err == nil {
		_, err = p.DB.ExecContext(ctx, `INSERT INTO member_handle (brand_id, handle, skeleton, member_id) VALUES ($1, $2, $3, $4)`, m.Brand, handle, member.Skeleton(handle), m.ID)
	}
	return err
}

// A topic's feed holds its newest replies, wherever its pages end.
func TestATopicsFeedHoldsTheNewest(t *testing.T) {
	p := open(t)
	olga, _ := p.team()
	top := p.begin(olga, p.talk, "How fine?")
	entries := func() (all []string) {
		for _, part := range strings.Split(p.get("", top.Path()+"/feed.atom").body, "<entry>")[1:] {
			_, after, _ := strings.Cut(part, `<content type="html">`)
			all = append(all, strings.Trim(strings.NewReplacer("&lt;p&gt;", "", "&lt;/p&gt;", "", "\n", "").Replace(strings.SplitN(after, "</content>", 2)[0]), " "))
		}
		return all
	}
	if got := entries(); len(got) != 1 {
		t.Fatalf("at first it holds %q", got)
	}
	var last topic.Said
	for i := 2; i <= 41; i++ {
		last = p.say(p.DB, olga, top, "Reply "+strconv.Itoa(i))
	}
	if got := entries(); len(got) != 20 || got[0] != "Reply 41" || got[19] != "Reply 22" {
		t.Errorf("it holds %d: %q", len(got), got)
	}
	// What cannot be read takes nobody's place.
	_, err := topic.Decide(ctx, p.DB, p.owner, p.brand.ID, last.Reply.ID, topic.AsItIs, topic.Hide, "Be kind", "")
	p.must(err)
	if got := entries(); len(got) != 20 || got[0] != "Reply 40" || got[19] != "Reply 21" {
		t.Errorf("it holds %d: %q", len(got), got)
	}
}
