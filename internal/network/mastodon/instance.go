package mastodon

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"rapport/internal/network"
)

// server is what a server says of itself.
type server struct {
	software  string // "mastodon", "pleroma", "akkoma", "gotosocial", another name, or ""
	version   string
	domain    string // in handles
	streaming string // base address of the stream, "" where it is the server's
	instance  instanceEntity
}

// instanceEntity holds /api/v2/instance and the older /api/v1/instance, whose
// names differ, with what Pleroma has put beside them.
type instanceEntity struct {
	Domain        string        `json:"domain"`
	URI           string        `json:"uri"`
	Version       string        `json:"version"`
	Configuration configuration `json:"configuration"`
	URLs          struct {
		Streaming string `json:"streaming_api"`
	} `json:"urls"`
	MaxTootChars     int   `json:"max_toot_chars"`
	UploadLimit      int64 `json:"upload_limit"`
	DescriptionLimit int   `json:"description_limit"`
}

type configuration struct {
	URLs struct {
		Streaming string `json:"streaming"`
	} `json:"urls"`
	Statuses struct {
		MaxCharacters int `json:"max_characters"`
		MaxMedia      int `json:"max_media_attachments"`
		PerURL        int `json:"characters_reserved_per_url"`
	} `json:"statuses"`
	Media struct {
		Types            []string `json:"supported_mime_types"`
		ImageSize        int64    `json:"image_size_limit"`
		DescriptionLimit int      `json:"description_limit"`
	} `json:"media_attachments"`
}

// about reads what the server is. What it does not tell is left empty; a
// server that cannot be asked is an error.
func (n *Network) about(ctx context.Context, t network.Target) (server, error) {
	var s server
	err := n.read(ctx, t, "/api/v2/instance", &s.instance)
	if lacks(err) {
		s.instance = instanceEntity{}
		err = n.read(ctx, t, "/api/v1/instance", &s.instance)
	}
	if err != nil {
		return s, err
	}
	s.version = line(s.instance.Version, 100)
	s.software, err = n.software(ctx, t)
	if err != nil {
		return s, err
	}
	u, _ := url.Parse(t.Server) // normalised
	s.domain = cmp.Or(hostOf(s.instance.Domain), hostOf(s.instance.URI), u.Host)
	s.streaming = streamingBase(cmp.Or(s.instance.Configuration.URLs.Streaming, s.instance.URLs.Streaming))
	return s, nil
}

// lacks tells whether the server is there and does not have or allow what was
// asked for, or puts something else in its place.
func lacks(err error) bool {
	v := network.VerdictOf(err)
	return err != nil && v != network.Throttled && v != network.NotSent && statusOf(err) != 0 && statusOf(err) < 500
}

var hostname = regexp.MustCompile(`^[\pL\pN](?:[\pL\pN.-]{0,250}[\pL\pN])?(?::[0-9]{1,5})?$`)

// hostOf reads a domain, which some servers give as an address.
func hostOf(s string) string {
	if u, err := url.Parse(s); err == nil && u.Host != "" {
		s = u.Host
	}
	if !hostname.MatchString(s) {
		return ""
	}
	return strings.ToLower(s)
}

// streamingBase is where the stream is: given as a WebSocket address, it also
// answers HTTP.
func streamingBase(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.User != nil || len(address) > 300 {
		return ""
	}
	switch {
	case u.Scheme == "wss" || u.Scheme == "https":
		return "https://" + u.Host
	case (u.Scheme == "ws" || u.Scheme == "http") && loopback(u.Hostname()):
		return "http://" + u.Host
	}
	return ""
}

// software asks by NodeInfo what runs there, without the token. "" is a
// server that does not say.
func (n *Network) software(ctx context.Context, t network.Target) (string, error) {
	bare := network.Target{Server: t.Server}
	var list struct {
		Links []struct {
			Rel  string `json:"rel"`
			Href string `json:"href"`
		} `json:"links"`
	}
	err := n.read(ctx, bare, "/.well-known/nodeinfo", &list)
	if lacks(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	for _, l := range list.Links {
		u, err := url.Parse(l.Href)
		if err != nil || !strings.HasPrefix(l.Rel, "http://nodeinfo.diaspora.software/ns/schema/2.") || "//"+u.Host != strings.TrimPrefix(strings.TrimPrefix(t.Server, "https:"), "http:") {
			continue
		}
		var info struct {
			Software struct {
				Name string `json:"name"`
			} `json:"software"`
		}
		err = n.read(ctx, bare, u.EscapedPath(), &info)
		if !lacks(err) {
			return strings.ToLower(line(info.Software.Name, 50)), err
		}
	}
	return "", nil
}

// mastodonItself tells whether the server runs Mastodon, whose counting and
// whose keys are known.
func (s server) mastodonItself() bool { return s.software == "mastodon" }

// atLeast tells whether a version is a release of so much or later. What came
// before the first release of that number does not count.
func atLeast(version string, major, minor int) bool {
	var x, y, z int
	if n, _ := fmt.Sscanf(version, "%d.%d.%d", &x, &y, &z); n != 3 {
		return false
	}
	early := x == major && y == minor && z == 0 && strings.Contains(version, "-")
	return (x > major || x == major && y >= minor) && !early
}

const (
	usualText, usualImages, usualAlt = 500, 4, 1500 // where a server does not tell
	mostNumber                       = 1_000_000
)

// limits are what the server tells, within reason.
func (s server) limits() network.Limits {
	c := s.instance.Configuration
	l := network.Limits{
		Text:       bounded(cmp.Or(c.Statuses.MaxCharacters, s.instance.MaxTootChars), usualText, mostNumber),
		Unit:       network.Runes,
		Images:     bounded(c.Statuses.MaxMedia, usualImages, 100),
		ImageBytes: max(cmp.Or(c.Media.ImageSize, s.instance.UploadLimit), 0),
		AltText:    bounded(cmp.Or(c.Media.DescriptionLimit, s.instance.DescriptionLimit), usualAlt, mostNumber),
		Parts:      25, Comment: true, RepeatUnsafe: !s.mastodonItself(),
	}
	if s.mastodonItself() {
		// Others announce a price for addresses too, and then count them whole.
		l.Unit, l.MentionsLocal = network.Graphemes, true
		l.URLLength = bounded(c.Statuses.PerURL, 23, 1000)
	}
	for _, mime := range c.Media.Types {
		if strings.HasPrefix(mime, "image/") && len(mime) < 100 && len(l.ImageTypes) < 50 {
			l.ImageTypes = append(l.ImageTypes, mime)
		}
	}
	return l
}

func bounded(n, usual, most int) int {
	if n <= 0 {
		return usual
	}
	return min(n, most)
}

// allowance is what a token may do, as far as its server tells.
type allowance struct {
	scopes string // separated by spaces; "" if unknown
	app    string // the program the token was made for
}

// scopeList is written as a list or as one text, by server and version.
type scopeList []string

// UnmarshalJSON reads both.
func (s *scopeList) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*s = strings.Fields(one)
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(s))
}

// allowed finds out what a token may do: from what was granted, else from the
// token's own record, else from its program's, else by whether notifications
// can be read.
func (n *Network) allowed(ctx context.Context, t network.Target, scope string) (allowance, error) {
	var info struct {
		Scope scopeList `json:"scope"`
	}
	var app struct {
		Name   string    `json:"name"`
		Scopes scopeList `json:"scopes"`
	}
	err := n.read(ctx, t, "/api/v1/apps/verify_credentials", &app)
	if err != nil && !lacks(err) {
		return allowance{}, err
	}
	a := allowance{scopes: scopes(strings.Fields(scope)), app: line(app.Name, mostName)}
	if a.scopes == "" {
		if err := n.read(ctx, t, "/oauth/token/info", &info); err != nil && !lacks(err) {
			return a, err
		}
		a.scopes = cmp.Or(scopes(info.Scope), scopes(app.Scopes))
	}
	if a.scopes == "" {
		return a, n.probe(ctx, t, &a)
	}
	return a, nil
}

var scopeName = regexp.MustCompile(`^[a-z_]{1,30}(?::[a-z_:]{1,50})?$`)

func scopes(all []string) string {
	var out []string
	for _, s := range all {
		if scopeName.MatchString(s) && len(out) < 100 {
			out = append(out, s)
		}
	}
	return strings.Join(out, " ")
}

// probe notes that notifications cannot be read. What can be written is not
// tried.
func (n *Network) probe(ctx context.Context, t network.Target, a *allowance) error {
	var got []json.RawMessage
	err := n.read(ctx, t, "/api/v1/notifications?limit=1", &got)
	if statusOf(err) == http.StatusForbidden {
		a.scopes = "read:accounts read:statuses write"
		return nil
	}
	if err != nil && !lacks(err) {
		return err
	}
	return nil
}
