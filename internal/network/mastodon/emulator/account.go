package emulator

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"html"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Account is somebody on this server, or on another one as this server knows
// them. Zero values are filled in.
type Account struct {
	Name      string    `json:"name"`             // "north"
	Domain    string    `json:"domain,omitempty"` // "" here, else the server they are on
	Title     string    `json:"title,omitempty"`  // what they call themselves
	About     string    `json:"about,omitempty"`
	Fields    []Field   `json:"fields,omitempty"` // lines below it, as "Home page"
	Followers int64     `json:"followers,omitempty"`
	Bot       bool      `json:"bot,omitempty"`
	MadeAt    time.Time `json:"made_at,omitzero"`
}

// Field is a line of a profile.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Acct is how the server writes an account: north, or mira@social.example.
func (a Account) Acct() string {
	if a.Domain == "" {
		return a.Name
	}
	return a.Name + "@" + a.Domain
}

type account struct {
	Account
	id       string
	statuses []*Status
	inbox    []*notification // in the order of their ids
	follows  map[string]bool // ids
	fans     int64           // who followed since the account was made
}

var (
	nameRule   = regexp.MustCompile(`^[a-zA-Z0-9_]+([a-zA-Z0-9_.-]+[a-zA-Z0-9_]+)?$`)
	domainRule = regexp.MustCompile(`^[a-z0-9.-]+(:[0-9]+)?$`)
)

// SetAccount adds an account or changes the one of that name.
func (s *Server) SetAccount(a Account) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.setAccount(a)
	return err
}

func (s *Server) setAccount(a Account) (*account, error) {
	if !nameRule.MatchString(a.Name) || len(a.Name) > 30 || a.Domain != "" && !domainRule.MatchString(a.Domain) {
		return nil, fmt.Errorf("mastodon emulator: %q is no account name: use letters, digits and _, and @domain for somebody elsewhere", a.Acct())
	}
	key := strings.ToLower(a.Acct())
	old := s.names[key]
	if old == nil {
		old = &account{id: s.nextID(s.options.Now()), follows: map[string]bool{}}
		s.names[key], s.accounts[old.id] = old, old
	}
	a.Title = cmp.Or(a.Title, old.Title, strings.ToUpper(a.Name[:1])+a.Name[1:])
	a.About = cmp.Or(a.About, old.About)
	if a.Fields == nil {
		a.Fields = old.Fields
	}
	a.Followers = cmp.Or(a.Followers, old.Followers)
	if a.MadeAt.IsZero() {
		a.MadeAt = old.MadeAt
	}
	if a.MadeAt.IsZero() {
		a.MadeAt = s.options.Now()
	}
	old.Account = a
	return old, nil
}

// somebody returns the account of a name such as mira or
// mira@social.example, made at once where it is new.
func (s *Server) somebody(name string) (*account, error) {
	name = strings.TrimPrefix(name, "@")
	if a := s.names[strings.ToLower(name)]; a != nil {
		return a, nil
	}
	local, domain, _ := strings.Cut(name, "@")
	return s.setAccount(Account{Name: local, Domain: domain})
}

func (a *account) local() bool { return a.Domain == "" }

// url is the account's page, for people. It lies on their own server.
func (a *account) url(p place) string {
	if a.local() {
		return p.base + "/@" + a.Name
	}
	return "https://" + a.Domain + "/@" + a.Name
}

// uri is what the account is called between servers.
func (a *account) uri(p place) string {
	if a.local() {
		return p.base + "/users/" + a.Name
	}
	return "https://" + a.Domain + "/users/" + a.Name
}

func (a *account) lastStatusAt() any {
	if len(a.statuses) == 0 {
		return nil
	}
	return a.statuses[len(a.statuses)-1].At.UTC().Format(time.DateOnly)
}

func (a *account) count() (n int) {
	for _, st := range a.statuses {
		if !st.Removed {
			n++
		}
	}
	return n
}

type object = map[string]any

// accountEntity is an account as programs see it.
func (s *Server) accountEntity(p place, a *account) object {
	avatar := p.base + "/avatars/" + a.id + ".png"
	header := p.base + "/page/header.png"
	return object{
		"id": a.id, "username": a.Name, "acct": a.Acct(), "display_name": a.Title, "note": paragraphs(a.About),
		"url": a.url(p), "uri": a.uri(p), "avatar": avatar, "avatar_static": avatar, "avatar_description": "", "header": header, "header_static": header, "header_description": "",
		"locked": false, "bot": a.Bot, "group": false, "discoverable": true, "indexable": true, "noindex": false, "hide_collections": false,
		"created_at": a.MadeAt.UTC().Truncate(24 * time.Hour).Format(stampFormat), "last_status_at": a.lastStatusAt(),
		"followers_count": a.Followers + a.fans, "following_count": len(a.follows), "statuses_count": a.count(),
		"emojis": []any{}, "fields": fieldEntities(a.Fields), "roles": []any{},
	}
}

// fieldEntities are the lines of a profile; an address in one is a link.
func fieldEntities(all []Field) []any {
	out := []any{}
	for _, f := range all {
		value := html.EscapeString(f.Value)
		if strings.HasPrefix(f.Value, "https://") || strings.HasPrefix(f.Value, "http://") {
			value = `<a href="` + value + `" target="_blank" rel="nofollow noopener me" translate="no">` + value + `</a>`
		}
		out = append(out, object{"name": f.Name, "value": value, "verified_at": nil})
	}
	return out
}

// fingerAccount says where an account of this server's domain lives.
func (s *Server) fingerAccount(c *call) (int, any, *problem) {
	name, ok := strings.CutPrefix(strings.ToLower(c.Get("resource")), "acct:")
	name, here := strings.CutSuffix(name, "@"+strings.ToLower(c.place.domain))
	a := s.names[name]
	if !ok || !here || a == nil || !a.local() {
		return 0, nil, notFound
	}
	c.head.Set("Content-Type", "application/jrd+json; charset=utf-8")
	return http.StatusOK, object{"subject": "acct:" + a.Name + "@" + c.place.domain, "aliases": []any{a.url(c.place), a.uri(c.place)}, "links": []any{
		object{"rel": "http://webfinger.net/rel/profile-page", "type": "text/html", "href": a.url(c.place)},
		object{"rel": "self", "type": "application/activity+json", "href": a.uri(c.place)},
	}}, nil
}

// stampFormat is how Mastodon writes instants.
const stampFormat = "2006-01-02T15:04:05.000Z"

func stamp(t time.Time) string { return t.UTC().Format(stampFormat) }

func (s *Server) verifyCredentials(c *call) (int, any, *problem) {
	e := s.accountEntity(c.place, c.who)
	e["source"] = object{"privacy": "public", "sensitive": false, "language": "en", "note": c.who.About, "fields": []any{},
		"follow_requests_count": 0, "hide_collections": false, "discoverable": true, "indexable": true, "attribution_domains": []any{}}
	e["role"] = object{"id": "-99", "name": "", "permissions": "65536", "color": "", "highlighted": false}
	return http.StatusOK, e, nil
}

func (s *Server) showAccount(c *call) (int, any, *problem) {
	a := s.accounts[c.r.PathValue("id")]
	if a == nil {
		return 0, nil, notFound
	}
	return http.StatusOK, s.accountEntity(c.place, a), nil
}

// localAccounts are those that can sign in, by name.
func (s *Server) localAccounts() []*account {
	var out []*account
	for _, a := range s.accounts {
		if a.local() {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, func(a, b *account) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// showAvatar draws a pattern of its own for every account.
func (s *Server) showAvatar(w http.ResponseWriter, r *http.Request) {
	id, ok := strings.CutSuffix(r.PathValue("file"), ".png")
	s.mu.Lock()
	a := s.accounts[id]
	s.mu.Unlock()
	if a == nil || !ok {
		s.missing(w)
		return
	}
	writePNG(w, pattern(a.Acct()))
}

func (s *Server) showHeader(w http.ResponseWriter, _ *http.Request) {
	writePNG(w, image.NewUniform(color.RGBA{0x2d, 0x4a, 0x63, 0xff}))
}

func writePNG(w http.ResponseWriter, img image.Image) {
	if _, plain := img.(*image.Uniform); plain {
		flat := image.NewPaletted(image.Rect(0, 0, 60, 20), color.Palette{img.At(0, 0)})
		img = flat
	}
	w.Header().Set("Content-Type", "image/png")
	w.Header().Set("Cache-Control", "public, max-age=86400")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_ = png.Encode(w, img)
}

var hues = color.Palette{color.RGBA{0x3f, 0x6f, 0x8f, 0xff}, color.RGBA{0x8a, 0x5a, 0x3c, 0xff}, color.RGBA{0x4f, 0x7a, 0x4a, 0xff},
	color.RGBA{0x8b, 0x4f, 0x6b, 0xff}, color.RGBA{0x5b, 0x5d, 0x99, 0xff}, color.RGBA{0x7a, 0x72, 0x33, 0xff}}

// pattern is five by five fields, the same left and right.
func pattern(of string) image.Image {
	h := fnv.New64a()
	_, _ = h.Write([]byte(of))
	x := h.Sum64()
	x ^= x >> 31
	const field = 24
	img := image.NewPaletted(image.Rect(0, 0, 7*field, 7*field), color.Palette{color.RGBA{0xf1, 0xee, 0xe8, 0xff}, hues[x%6]})
	for i := range 15 {
		if x>>(8+i)&1 == 0 {
			continue
		}
		for _, column := range []int{i % 3, 4 - i%3} {
			fill(img, (column+1)*field, (i/3+1)*field, field)
		}
	}
	return img
}

func fill(img *image.Paletted, left, top, size int) {
	for y := range size {
		for x := range size {
			img.SetColorIndex(left+x, top+y, 1)
		}
	}
}
