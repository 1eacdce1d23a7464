package commons_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/net/html"

	"rapport/internal/topic"
)

// seen is what a search engine and a screen reader take from a page.
type seen struct {
	lang, title, about, canonical, robots string
	levels                                []int
	links                                 map[string]string // by address, what they say
	data                                  []map[string]any
	wrong                                 []string
}

func (s *seen) take(n *html.Node) {
	at := map[string]string{}
	for _, a := range n.Attr {
		at[a.Key] = a.Val
	}
	switch {
	case n.Type != html.ElementNode:
	case n.Data == "html":
		s.lang = at["lang"]
	case n.Data == "title" && n.Parent.Data == "head":
		s.title += words(n)
	case n.Data == "meta" && at["name"] == "description":
		s.about += at["content"]
	case n.Data == "meta" && at["name"] == "robots":
		s.robots = at["content"]
	case n.Data == "link" && at["rel"] == "canonical":
		s.canonical += at["href"]
	case n.Data == "script" && at["type"] == "application/ld+json":
		var d map[string]any
		if err := json.Unmarshal([]byte(words(n)), &d); err != nil {
			s.wrong = append(s.wrong, "structured data: "+err.Error())
		}
		s.data = append(s.data, d)
	case len(n.Data) == 2 && n.Data[0] == 'h' && '1' <= n.Data[1] && n.Data[1] <= '6':
		s.levels = append(s.levels, int(n.Data[1]-'0'))
	case n.Data == "a":
		s.link(n, at)
	case n.Data == "img":
		if _, said := at["alt"]; !said {
			s.wrong = append(s.wrong, "a picture without words: "+at["src"])
		}
		if strings.Contains(at["src"], "/p/") && at["loading"] == "lazy" && n.Parent.Data != "span" && (at["width"] == "" || at["height"] == "") {
			s.wrong = append(s.wrong, "a picture without a size: "+at["src"])
		}
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		s.take(c)
	}
}

func (s *seen) link(n *html.Node, at map[string]string) {
	said := strings.TrimSpace(words(n) + at["aria-label"])
	switch to := at["href"]; {
	case to == "" || to == "#" || strings.HasPrefix(to, "javascript:"):
		s.wrong = append(s.wrong, "a link that leads nowhere: "+said)
	case said == "" && at["aria-hidden"] != "true":
		s.wrong = append(s.wrong, "a link without words: "+to)
	case said == "More" || said == "here" || said == "Read more":
		s.wrong = append(s.wrong, "a link that does not say where it leads: "+to)
	default:
		s.links[to] = said
	}
}

func words(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	var b strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		b.WriteString(words(c))
	}
	return b.String()
}

// Every page says in its head what it is, once and unlike the others; those
// that are no use in a search engine ask to be left out. Headings skip no
// level, links lead somewhere and say where, and structured data is of the type
// that the page is of.
func TestHowPagesAreFound(t *testing.T) {
	p := open(t)
	olga, _ := p.team()
	long := strings.Repeat("A long title with many words ", 5)[:120]
	said, err := topic.Begin(ctx, p.DB, olga, topic.New{Space: p.talk.ID, Title: long, Text: "##### Deep at once\n\n" + strings.Repeat("Words on water. ", 40) + "\n\n# Then high\n\n#### And deep"})
	p.must(err)
	for range topic.PageSize + 3 {
		_, err := topic.Say(ctx, p.DB, olga, said.Topic.ID, "## Mine\n\n###### small\n\nis soft", 0, "")
		p.must(err)
	}
	ada := p.signUp("Ada")
	asked, err := topic.Begin(ctx, p.DB, olga, topic.New{Space: p.talk.ID, Title: "Is it solved?", Text: "Tell me."})
	p.must(err)
	p.do(ada, asked.Topic.Path(), map[string][]string{"text": {"It is."}, "once": {"1"}})
	waiting, err := topic.WaitingIn(ctx, p.DB, olga, asked.Topic)
	p.must(err)
	_, err = topic.Decide(ctx, p.DB, p.owner, p.brand.ID, waiting[0].ID, topic.AsItIs, topic.Approve, "", "")
	p.must(err)
	open := asked.Topic.Path()
	solved, err := topic.Begin(ctx, p.DB, olga, topic.New{Space: p.talk.ID, Title: "And this?", Text: "Tell me too."})
	p.must(err)
	answer, err := topic.Say(ctx, p.DB, olga, solved.Topic.ID, "# Yes\n\n### Always", 0, "")
	p.must(err)
	_, err = topic.Accept(ctx, p.DB, olga, answer.Reply.ID, true)
	p.must(err)

	titles, abouts, leads := map[string]string{}, map[string]string{}, map[string]bool{}
	for _, c := range []struct {
		path   string
		status int
		out    bool   // it asks to be left out
		kind   string // of its structured data
	}{
		{"/", 200, false, "WebSite"},
		{"/top", 200, false, ""},
		{"/unanswered", 200, false, ""},
		{"/spaces", 200, false, ""},
		{"/s/talk", 200, false, ""},
		{said.Topic.Path(), 200, false, "QAPage"},
		{said.Topic.Path() + "?page=2", 200, false, ""},
		{open, 200, false, "QAPage"},
		{solved.Topic.Path(), 200, false, "QAPage"},
		{"/people", 200, false, ""},
		{"/u/" + olga.Member.Handle, 200, false, "ProfilePage"},
		{"/join", 200, false, ""},
		{"/guidelines", 200, false, ""},
		{"/search?q=water", 200, true, ""},
		{"/search?q=zebracrossing", 200, true, ""},
		{"/people?sort=joined", 200, true, ""},
		{"/t/x/999", 404, true, ""},
	} {
		a := p.get("", c.path)
		if a.StatusCode == http.StatusNotFound && c.path == "/guidelines" {
			continue // this brand has written none
		}
		root, err := html.Parse(strings.NewReader(a.body))
		p.must(err)
		s := seen{links: map[string]string{}}
		s.take(root)
		if a.StatusCode != c.status || s.lang != "en" {
			t.Errorf("%s: status %d, lang %q", c.path, a.StatusCode, s.lang)
		}
		for _, wrong := range s.wrong {
			t.Errorf("%s: %s", c.path, wrong)
		}
		if n := utf8.RuneCountInString(s.title); n == 0 || n > 100 {
			t.Errorf("%s: a title of %d characters: %q", c.path, n, s.title)
		}
		if n := utf8.RuneCountInString(s.about); n == 0 || n > 161 {
			t.Errorf("%s: a description of %d characters: %q", c.path, n, s.about)
		}
		s.outline(t, c.path)
		if out := s.robots == "noindex"; out != c.out || out == (s.canonical != "") {
			t.Errorf("%s: robots %q, canonical %q", c.path, s.robots, s.canonical)
		}
		kind := ""
		for _, d := range s.data {
			kind += d["@type"].(string)
		}
		if kind != c.kind {
			t.Errorf("%s: data of the type %q, want %q", c.path, kind, c.kind)
		}
		if c.kind == "QAPage" {
			q := s.data[0]["mainEntity"].(map[string]any)
			_, accepted := q["acceptedAnswer"]
			_, suggested := q["suggestedAnswer"]
			if accepted != (c.path == solved.Topic.Path()) || suggested != (c.path == open) {
				t.Errorf("%s: %v", c.path, q)
			}
		}
		if c.out {
			continue
		}
		if other := titles[s.title] + abouts[s.about]; other != "" {
			t.Errorf("%s says of itself what %s says: %q, %q", c.path, other, s.title, s.about)
		}
		titles[s.title], abouts[s.about] = c.path, c.path
		for to := range s.links {
			if strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "/studio") {
				to, _, _ = strings.Cut(to, "#")
				leads[to] = true
			}
		}
	}
	for to := range leads {
		if a := p.get("", to); a.StatusCode >= 400 {
			t.Errorf("a page leads to %s: %d", to, a.StatusCode)
		}
	}
}

// outline fails the test where headings do not begin with one h1 or skip a level.
func (s seen) outline(t *testing.T, path string) {
	t.Helper()
	last := 0
	for i, level := range s.levels {
		// The rail's headings stand before the page's own.
		if level > last+1 && i > 1 || level == 1 && last == 1 {
			t.Errorf("%s: headings %v", path, s.levels)
			return
		}
		last = level
	}
	ones := 0
	for _, level := range s.levels {
		if level == 1 {
			ones++
		}
	}
	if ones != 1 {
		t.Errorf("%s: %d headings of the first level", path, ones)
	}
}
