package commons_test

import (
	"bufio"
	"context"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"rapport/internal/account"
	"rapport/internal/community"
	"rapport/internal/db"
	"rapport/internal/member"
	"rapport/internal/space"
	"rapport/internal/topic"
)

var liveAddress = regexp.MustCompile(`data-live="([^"]*)"`)

// live is the address of the stream that a page names.
func (a answer) live(t *testing.T) string {
	t.Helper()
	m := liveAddress.FindStringSubmatch(a.body)
	if m == nil || m[1] == "" {
		t.Fatalf("%s names no stream", a.Request.URL)
	}
	return html.UnescapeString(m[1])
}

// stream is an open stream.
type stream struct {
	t      *testing.T
	events chan string // "event data"; closed at the end
}

// wait opens a stream as whoever holds the token, and returns once it stands.
func (p *place) wait(base, token, address string) *stream {
	p.Helper()
	res := p.tune(base, token, address)
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" {
		p.Fatalf("%s: %d", address, res.StatusCode)
	}
	s := &stream{p.T, make(chan string, 1000)}
	begun, once := make(chan bool), sync.Once{}
	go func() {
		defer close(s.events)
		event := ""
		for lines := bufio.NewScanner(res.Body); lines.Scan(); {
			switch name, value, _ := strings.Cut(lines.Text(), ": "); name {
			case "event":
				event = value
			case "data":
				s.events <- event + " " + value
			case "":
				once.Do(func() { close(begun) })
			}
		}
	}()
	<-begun
	return s
}

func (p *place) tune(base, token, address string) *http.Response {
	p.Helper()
	ctx, cancel := context.WithCancel(ctx)
	p.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+address, nil)
	p.must(err)
	if token != "" {
		r.AddCookie(&http.Cookie{Name: "rapport", Value: token})
	}
	res, err := http.DefaultClient.Do(r)
	p.must(err)
	p.Cleanup(func() { res.Body.Close() })
	return res
}

// hears waits for the event and returns what came before it.
func (s *stream) hears(want string) (before []string) {
	s.t.Helper()
	for {
		select {
		case got, ok := <-s.events:
			if !ok {
				s.t.Fatalf("the stream ended before %q, after %q", want, before)
			}
			if got == want {
				return before
			}
			before = append(before, got)
		case <-time.After(30 * time.Second):
			s.t.Fatalf("%q never came, only %q", want, before)
		}
	}
}

// ends waits for the end.
func (s *stream) ends() {
	s.t.Helper()
	for {
		select {
		case _, ok := <-s.events:
			if !ok {
				return
			}
		case <-time.After(30 * time.Second):
			s.t.Fatal("the stream did not end")
		}
	}
}

// settled returns once signals of other nodes arrive: on PostgreSQL the first
// of them says that anything may have changed.
func (p *place) settled() {
	p.Helper()
	came := make(chan string, 1000)
	defer p.Subscribe("test", func(s string) { came <- s })()
	for i := 0; ; i++ {
		p.must(p.Tx(ctx, func(tx *db.Tx) error { tx.Notify("test", strconv.Itoa(i)); return nil }))
		select {
		case s := <-came:
			if s != db.Missed {
				return
			}
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (p *place) begin(v member.Voice, s space.Space, title string) topic.Topic {
	p.Helper()
	said, err := topic.Begin(ctx, p.DB, v, topic.New{Space: s.ID, Title: title, Text: "Some words on " + title})
	p.must(err)
	return said.Topic
}

func (p *place) say(d *db.DB, v member.Voice, t topic.Topic, text string) topic.Said {
	p.Helper()
	said, err := topic.Say(ctx, d, v, t.ID, text, 0, "")
	p.must(err)
	return said
}

func news(t topic.Topic, last int) string {
	return `topic {"topic":` + strconv.FormatInt(t.Number, 10) + `,"last":` + strconv.Itoa(last) + `}`
}

const lookAgain = "look {}"

// Who reads a topic hears of each change of it and of no other, also of what
// another node wrote; what was changed between the page and its stream is told
// at once.
func TestReadersHearOfTheirTopic(t *testing.T) {
	p := open(t)
	base := serve(t, p)
	olga, _ := p.team()
	water, other := p.begin(olga, p.talk, "Water"), p.begin(olga, p.talk, "Beans")
	p.settled()
	address := p.get("", water.Path()).live(t)
	if again := p.get("", water.Path()).live(t); again != address {
		t.Errorf("the page is not the same for everybody: %s, %s", address, again)
	}
	s := p.wait(base, "", address)
	p.say(p.DB, olga, other, "Dark")
	said := p.say(p.DB, olga, water, "Soft")
	for _, one := range s.hears(news(water, 2)) {
		t.Errorf("it heard %s", one)
	}
	another := p.DB
	if p.Dialect == db.Postgres {
		another = p.node()
	}
	p.say(another, olga, water, "Hard")
	s.hears(news(water, 3))
	_, err := topic.Decide(ctx, p.DB, p.owner, p.brand.ID, said.Reply.ID, topic.AsItIs, topic.Hide, "Be kind", "")
	p.must(err)
	s.hears(news(water, 3))
	p.get("", water.Path()).has(t, "Be kind").lacks(t, "Soft")

	late := p.wait(base, "", address) // of a page from before all that
	late.hears(lookAgain)
	p.wait(base, "", strings.Replace(address, "at=", "at=anothernode-", 1)).hears(lookAgain)
	now := p.wait(base, "", p.get("", water.Path()).live(t))
	p.say(p.DB, olga, water, "Rain")
	for _, one := range now.hears(news(water, 4)) {
		if one == lookAgain {
			t.Error("it was told to look although nothing was missed")
		}
	}
}

// What a reader may not see is not even said to be there.
func TestOutsidersHearNothingOfWhatIsNotForThem(t *testing.T) {
	p := open(t)
	base := serve(t, p)
	olga, studio := p.team()
	inner, water := p.begin(olga, p.inside, "Rumours"), p.begin(olga, p.talk, "Water")
	p.signUp("Eve") // a newcomer: what she writes waits
	p.settled()
	visitor, list := p.wait(base, "", p.get("", water.Path()).live(t)), p.wait(base, "", p.get("", "/").live(t))
	team, teamList := p.wait(base, studio, p.get(studio, water.Path()).live(t)), p.wait(base, studio, p.get(studio, "/").live(t))
	innerLive := p.get(studio, inner.Path()).live(t)
	if res := p.tune(base, "", innerLive); res.StatusCode != http.StatusNotFound {
		t.Errorf("a visitor listens to a topic for members: %d", res.StatusCode)
	}
	if res := p.tune(base, "", "/live?space=back-room"); res.StatusCode != http.StatusNotFound {
		t.Errorf("a visitor listens to a space for members: %d", res.StatusCode)
	}
	insider := p.wait(base, studio, innerLive)
	p.say(p.DB, olga, inner, "Psst")
	insider.hears(news(inner, 2))
	teamList.hears(news(inner, 2))
	waiting := p.say(p.DB, p.voice("Eve"), water, "Let me in")
	if !waiting.Waits() {
		t.Fatal("it does not wait")
	}
	team.hears(news(water, 1))
	_, err := topic.Change(ctx, p.DB, p.voice("Eve"), waiting.Reply.ID, topic.Edit{Revision: 1, Text: "Please let me in"})
	p.must(err)
	_, err = topic.Decide(ctx, p.DB, p.owner, p.brand.ID, waiting.Reply.ID, topic.AsItIs, topic.Decline, "", "No")
	p.must(err)
	p.say(p.DB, olga, water, "Soft")
	for _, s := range []*stream{visitor, list} {
		for _, one := range s.hears(news(water, 2)) {
			t.Errorf("it heard %s", one)
		}
	}
	// A topic that goes where its reader may not follow is told of once more.
	p.must(topic.Move(ctx, p.DB, olga, water.ID, p.inside.ID))
	visitor.ends()
	p.say(p.DB, olga, water, "Inside")
	beans := p.begin(olga, p.talk, "Beans")
	for _, one := range list.hears(news(beans, 1)) {
		if one != news(water, 2) { // which PostgreSQL may tell twice
			t.Errorf("the list heard %s", one)
		}
	}
	if res := p.tune(base, "", "/live?topic="+strconv.FormatInt(water.Number, 10)); res.StatusCode != http.StatusNotFound {
		t.Errorf("it can still be listened to: %d", res.StatusCode)
	}
	for _, bad := range []string{"/live", "/live?topic=0", "/live?topic=x", "/live?topic=99", "/live?space=nowhere"} {
		if res := p.tune(base, "", bad); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", bad, res.StatusCode)
		}
	}
}

// A list hears of its own topics, and of nothing where nothing came.
func TestListsHear(t *testing.T) {
	p := open(t)
	base := serve(t, p)
	olga, _ := p.team()
	news2, err := space.Create(ctx, p.DB, p.owner, p.brand.ID, space.Settings{Name: "Elsewhere", Kind: space.Discussion})
	p.must(err)
	water := p.begin(olga, p.talk, "Water")
	p.settled()
	address := p.get("", "/s/talk").live(t)
	s := p.wait(base, "", address)
	p.begin(olga, news2, "Not here")
	p.say(p.DB, olga, water, "Soft")
	for _, one := range s.hears(news(water, 2)) {
		t.Errorf("it heard %s", one)
	}
	p.wait(base, "", address).hears(lookAgain)
	if strings.Contains(p.get("", "/top").body, `data-live="/`) {
		t.Error("a list in another order has a stream")
	}
}

// Members hear that their notices changed, on every page and in every tab.
func TestTheBellRings(t *testing.T) {
	p := open(t)
	base := serve(t, p)
	drain := p.tells()
	olga, _ := p.team()
	token := p.signUp("Ada")
	p.must(member.Trust(ctx, p.DB, p.owner, p.brand.ID, p.voice("Ada").Member.ID, true))
	drain()
	p.do(token, "/notices/read", url.Values{})
	water := p.begin(p.voice("Ada"), p.talk, "Water")
	p.settled()
	one, two := p.wait(base, token, p.get(token, "/people").live(t)), p.wait(base, token, p.get(token, "/me").live(t))
	p.get(token, "/notices/bell").has(t, "Notices").lacks(t, "bell-count")
	p.say(p.DB, olga, water, "Soft")
	drain()
	for _, s := range []*stream{one, two} {
		s.hears("notices {}")
	}
	p.get(token, "/notices/bell").has(t, "bell-count", "1 unread").lacks(t, "<html")
	quiet := p.wait(base, token, p.get(token, "/people").live(t))
	p.get(token, water.Path())
	quiet.hears("notices {}")
	p.get(token, "/notices/bell").lacks(t, "bell-count")
	if a := p.get("", "/notices/bell"); a.StatusCode != http.StatusNotFound {
		t.Errorf("a visitor has a bell: %d", a.StatusCode)
	}
	// A session that ended hears nothing more.
	p.must(account.SignOut(ctx, p.DB, token))
	one.ends()
}

// Where a space is closed to visitors, or the whole community, they hear no more;
// who may still read goes on.
func TestStreamsEndWhereReadersAreShutOut(t *testing.T) {
	p := open(t)
	base := serve(t, p)
	olga, studio := p.team()
	water := p.begin(olga, p.talk, "Water")
	visitor, list := p.wait(base, "", p.get("", water.Path()).live(t)), p.wait(base, "", p.get("", "/").live(t))
	team := p.wait(base, studio, p.get(studio, water.Path()).live(t))
	_, err := space.Change(ctx, p.DB, p.owner, p.brand.ID, p.talk.ID, p.talk.Revision, space.Settings{Name: "Chat", Kind: space.Questions, Hidden: true})
	p.must(err)
	visitor.ends()
	_, err = community.Show(ctx, p.DB, p.owner, p.brand.ID, false)
	p.must(err)
	list.ends()
	p.say(p.DB, olga, water, "Still here")
	team.hears(news(water, 2))
}

// One address has its share of streams, and is told when to come again; a server
// that stops lets go of all at once.
func TestStreamsAreLimitedAndEnd(t *testing.T) {
	p := open(t)
	base := serve(t, p)
	olga, _ := p.team()
	address := p.get("", p.begin(olga, p.talk, "Water").Path()).live(t)
	var all []*stream
	for range 100 {
		all = append(all, p.wait(base, "", address))
	}
	refused := func(status int) {
		t.Helper()
		res := p.tune(base, "", address)
		if wait, err := strconv.Atoi(res.Header.Get("Retry-After")); res.StatusCode != status || err != nil || wait < 30 {
			t.Errorf("%d, come again in %q", res.StatusCode, res.Header.Get("Retry-After"))
		}
	}
	refused(http.StatusTooManyRequests)
	began := time.Now()
	p.pages.EndStreams()
	for _, s := range all {
		s.ends()
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("the end took %v", took)
	}
	refused(http.StatusServiceUnavailable)
}
