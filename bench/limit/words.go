package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"html"
	"io"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/a-h/templ"
)

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func (s *Site) send(w http.ResponseWriter, r *http.Request, page templ.Component) {
	b := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(b)
	b.Reset()
	if err := page.Render(r.Context(), b); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
	_, _ = w.Write(b.Bytes()) // a reader who is gone is no error
}

// files find what a page of Rapport says of itself: the addresses of files, the
// mark of pages on which nothing has changed, and icons by what stands beside
// them.
var files = map[string]*regexp.Regexp{
	"font":   regexp.MustCompile(`href="(/static/inter\.[^"]*)"`),
	"look":   regexp.MustCompile(`href="([^"]*/look\.css[^"]*)"`),
	"mark":   regexp.MustCompile(`href="(/static/mark\.[^"]*)"`),
	"script": regexp.MustCompile(`src="(/static/commons\.[^"]*)"`),
}

const drawn = `(<svg class="icon" aria-hidden="true" [^>]*>(?:<[^s/][^>]*/>)*</svg>)`

var signs = map[string]*regexp.Regexp{
	"layers":       regexp.MustCompile(drawn + `<span>Latest</span>`),
	"chart-line":   regexp.MustCompile(drawn + `<span>Top</span>`),
	"circle-help":  regexp.MustCompile(drawn + `<span>Unanswered</span>`),
	"users":        regexp.MustCompile(drawn + `<span>People</span>`),
	"search":       regexp.MustCompile(drawn + `<input type="search"`),
	"pen-line":     regexp.MustCompile(drawn + `<span>New topic</span>`),
	"circle-check": regexp.MustCompile(drawn + `Solved</span>`),
	"up":           regexp.MustCompile(drawn + `<span></span> <b>Show</b>`),
}

// Learn asks Rapport for the front and for a topic, and reads what they say.
func Learn(address string, topic string) (Assets, error) {
	var pages [2]string
	for i, path := range []string{"/", topic} {
		res, err := http.Get(address + path)
		if err != nil {
			return Assets{}, err
		}
		page, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			return Assets{}, err
		}
		pages[i] = string(page)
	}
	return Cut(pages[0], pages[1])
}

// Cut is Learn from the pages themselves.
func Cut(front, topic string) (Assets, error) {
	a := Assets{Front: front, signs: map[string]string{}}
	for name, to := range map[string]*string{"font": &a.Font, "look": &a.Look, "mark": &a.Mark, "script": &a.Script} {
		if *to = found(files[name], front); *to == "" {
			return a, fmt.Errorf("the page names no %s", name)
		}
	}
	for name, of := range signs {
		if a.signs[name] = found(of, front); a.signs[name] == "" {
			return a, fmt.Errorf("the page draws no %s", name)
		}
	}
	a.signs["down"] = found(signs["up"], topic)
	if a.Live = html.UnescapeString(found(live, topic)); a.Live == "" || a.signs["down"] == "" {
		return a, errors.New("the topic is not told live")
	}
	return a, nil
}

var live = regexp.MustCompile(`data-live="(/live\?at=[^"]*topic=)`)

func found(of *regexp.Regexp, page string) string {
	if m := of.FindStringSubmatch(page); m != nil {
		return m[1]
	}
	return ""
}

func initials(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
	if len(words) == 0 {
		return "?"
	}
	first, _ := utf8.DecodeRuneInString(words[0])
	if len(words) == 1 {
		return string(unicode.ToUpper(first))
	}
	last, _ := utf8.DecodeRuneInString(words[len(words)-1])
	return string(unicode.ToUpper(first)) + string(unicode.ToUpper(last))
}

func hue(name string) string {
	h := fnv.New32a()
	h.Write([]byte(name))
	return strconv.Itoa(int(h.Sum32() % 8))
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func (f *frame) full(t time.Time) string {
	t = t.In(f.Zone)
	text := t.Format("Mon 2 Jan 2006, 15:04")
	if twice(t) {
		text += " " + t.Format("MST")
	}
	return text
}

// when is a moment as pages show it.
func (f *frame) when(now, t time.Time) string {
	full := f.full(t)
	return `<time datetime="` + stamp(t) + `" data-relative title="` + full + `">` + f.short(now, t, full) + `</time>`
}

// face is what stands beside a name that has no picture.
func face(name string) string {
	return `<span class="avatar" aria-hidden="true" data-hue="` + hue(name) + `" data-size="lg">` + html.EscapeString(initials(name)) + `</span>`
}

// twice reports whether the clock shows the same twice that day.
func twice(t time.Time) bool {
	_, offset := t.Zone()
	for _, near := range []time.Duration{-12 * time.Hour, 12 * time.Hour} {
		_, other := t.Add(near).Zone()
		if twin := t.Add(time.Duration(offset-other) * time.Second); other != offset {
			if _, o := twin.Zone(); o == other {
				return true
			}
		}
	}
	return false
}

func (f *frame) short(now, t time.Time, full string) string {
	now, t = now.In(f.Zone), t.In(f.Zone)
	away := now.Sub(t)
	minutes := int(math.Round(away.Abs().Minutes()))
	y1, m1, d1 := now.Date()
	y2, m2, d2 := t.Date()
	days := int(time.Date(y2, m2, d2, 12, 0, 0, 0, time.UTC).Sub(time.Date(y1, m1, d1, 12, 0, 0, 0, time.UTC)).Hours() / 24)
	switch {
	case minutes == 0:
		return "now"
	case minutes < 60:
		return strconv.Itoa(minutes) + " min ago"
	case days == 0:
		return strconv.Itoa(int(math.Round(away.Hours()))) + " h ago"
	case days == -1:
		return "yesterday " + t.Format("15:04")
	case y1 == y2:
		return t.Format("Mon 2 Jan 15:04")
	}
	return full
}

// number groups digits.
func number(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func counted(n int64, one, many string) string {
	if n == 1 {
		return number(n) + " " + one
	}
	return number(n) + " " + many
}

func plural(n int64, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// at is where a post stands.
func at(path string, n int64) string {
	switch page := (n-1)/20 + 1; {
	case n <= 1:
		return path
	case page == 1:
		return path + "#" + strconv.FormatInt(n, 10)
	default:
		return path + "?page=" + strconv.FormatInt(page, 10) + "#" + strconv.FormatInt(n, 10)
	}
}

func pages(last int64) int64 { return max((last-1)/20+1, 1) }

func pagePath(path string, page int64) string { return path + "?page=" + strconv.FormatInt(page, 10) }

func signIn(path string) string { return "/studio/sign-in?next=" + url.QueryEscape(path) }

// data is a topic as schema.org has it.
func (s *Site) data(t topic) string {
	type person struct {
		Type string `json:"@type"`
		Name string `json:"name"`
		URL  string `json:"url"`
	}
	raw, err := json.Marshal(struct {
		Context   string `json:"@context"`
		Type      string `json:"@type"`
		Author    person `json:"author"`
		Comments  int64  `json:"commentCount"`
		Published string `json:"datePublished"`
		Headline  string `json:"headline"`
		Text      string `json:"text"`
		URL       string `json:"url"`
	}{"https://schema.org", "DiscussionForumPosting", person{"Person", t.Posts[0].Name, s.Public + "/u/" + t.Posts[0].Handle}, t.Replies, stamp(t.Created), t.Title, t.Excerpt, s.Public + t.Path})
	if err != nil {
		return ""
	}
	return `<script type="application/ld+json">` + string(raw) + `</script>`
}

// website is the front as schema.org has it.
func (f *frame) website() string {
	raw, err := json.Marshal(struct {
		Context string `json:"@context"`
		Type    string `json:"@type"`
		Name    string `json:"name"`
		URL     string `json:"url"`
	}{"https://schema.org", "WebSite", f.Brand, f.Public + "/"})
	if err != nil {
		return ""
	}
	return `<script type="application/ld+json">` + string(raw) + `</script>`
}

type reaction struct {
	Label, Sign, Count string
}

var feelings = map[string][2]string{"heart": {"Love", "❤️"}, "up": {"Agree", "👍"}, "thanks": {"Thanks", "🙏"}, "party": {"Celebrate", "🎉"}, "laugh": {"Funny", "😄"}, "wow": {"Surprising", "😮"}}

func felt(text string) []reaction {
	if text == "" {
		return nil
	}
	words := strings.Fields(text)
	out := make([]reaction, 0, len(words)/2)
	for i := 0; i+1 < len(words); i += 2 {
		n, _ := strconv.ParseInt(words[i+1], 10, 64)
		f := feelings[words[i]]
		out = append(out, reaction{f[0] + ": " + number(n), f[1], number(n)})
	}
	return out
}

func cursor(at int64, id string) string { return strconv.FormatInt(at, 36) + "_" + id }

func is(yes bool) string {
	if yes {
		return "page"
	}
	return "false"
}

func either(s string) string {
	if s == "" {
		return "false"
	}
	return s
}

// sign is an icon.
func (f *frame) sign(name string) string { return f.signs[name] }

// newest is how a list says of when it is.
func newest(all []line) string {
	if len(all) == 0 {
		return "0"
	}
	return strconv.FormatInt(all[0].at, 36)
}

// cut shortens a line for those who show only so much of it.
func cut(text string, most int) string {
	line := strings.Join(strings.Fields(text), " ")
	if utf8.RuneCountInString(line) <= most {
		return line
	}
	short := string([]rune(line)[:most])
	if at := strings.LastIndexByte(short, ' '); at > len(short)/2 {
		short = short[:at]
	}
	return strings.TrimRight(short, " ,.;:") + "…"
}
