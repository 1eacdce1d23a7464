package link

import (
	"net/url"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"rapport/internal/db"
	"rapport/internal/fault"
)

// What fits.
const (
	LongestTarget = 2000 // bytes
	LongestWord   = 60   // of a campaign and a source, in bytes
)

// checked reads what somebody typed.
func (n New) checked(front string) (New, error) {
	var wrong []fault.Field
	var err error
	if n.Target, err = target(front, n.Target); err != nil {
		wrong = append(wrong, fault.Fields(err)...)
	}
	for _, w := range []struct {
		name string
		text *string
	}{{"campaign", &n.Campaign}, {"source", &n.Source}} {
		typed := strings.TrimSpace(*w.text)
		if *w.text = Word(typed); typed != "" && *w.text == "" || len(typed) > 4*LongestWord {
			wrong = append(wrong, fault.On(w.name, "Use letters and figures, at most %d.", LongestWord))
		}
	}
	if !known(n.ID) {
		n.ID = db.NewID()
	}
	return n, fault.OnFields(wrong)
}

// pages are the beginnings of what a community shows: a link that stays at home
// leads to one of them.
var pages = []string{"/t/", "/s/", "/u/", "/p/"}

// single are whole addresses of it.
var single = []string{"/", "/join", "/spaces", "/people", "/search", "/top", "/unanswered", "/guidelines", "/terms", "/privacy", "/imprint"}

// target reads an address: a path of the community, an address below front, or
// another https address.
func target(front, s string) (string, error) {
	s = strings.TrimSpace(s)
	switch {
	case s == "":
		return "", fault.OnField("target", "Say where the link leads.")
	case len(s) > LongestTarget:
		return "", fault.OnField("target", "Shorten the address to %d characters.", LongestTarget)
	case !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || unicode.IsSpace(r) || r == '\\' }):
		return "", fault.OnField("target", "The address holds characters that no address has. Copy it again.")
	}
	if rest, below := strings.CutPrefix(s, front); front != "" && below && (rest == "" || strings.ContainsAny(rest[:1], "/?#")) {
		if s = rest; s == "" || s[0] != '/' {
			s = "/" + s
		}
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Opaque != "":
	case u.Scheme == "" && u.Host == "" && strings.HasPrefix(s, "/"):
		return home(u)
	case u.Scheme == "https" && u.User == nil:
		return outside(u)
	}
	return "", fault.OnField("target", "Give a whole address that begins with https://, or a page of your community such as /t/welcome/1.")
}

func home(u *url.URL) (string, error) {
	p := u.Path
	ok := strings.HasPrefix(p, "/") && (p == "/" || path.Clean(p) == strings.TrimSuffix(p, "/"))
	found := false
	for _, s := range single {
		found = found || p == s
	}
	for _, s := range pages {
		found = found || strings.HasPrefix(p, s) && len(p) > len(s)
	}
	if !ok || !found {
		return "", fault.OnField("target", "This is no page of your community. Copy the address of one.")
	}
	return u.String(), nil
}

// outside is an address of another site, with its host name as browsers ask
// for it.
func outside(u *url.URL) (string, error) {
	host, err := idna.Lookup.ToASCII(u.Hostname())
	if err != nil || !strings.Contains(host, ".") || strings.HasSuffix(host, ".") {
		return "", fault.OnField("target", "There is no such host name. Copy the address again.")
	}
	if port := u.Port(); port != "" {
		host += ":" + port
	}
	u.Host = host
	return u.String(), nil
}

// Sound reports whether a link may be what somebody who is not trusted says it
// is.
func Sound(code, to, source, campaign string) bool {
	kept, err := target("", to)
	return err == nil && kept == to && readable(code) && Word(source) == source && Word(campaign) == campaign
}

// Word makes of a text what can stand in an address: small letters and figures
// with - between, at most 60 bytes.
func Word(s string) string {
	var b strings.Builder
	gap := false
	for _, r := range strings.ToLower(s) {
		if !unicode.IsLetter(r) && !unicode.IsNumber(r) && r != '_' && r != '.' {
			gap = b.Len() > 0
			continue
		}
		if b.Len()+utf8.RuneLen(r)+1 > LongestWord {
			break
		}
		if gap {
			b.WriteByte('-')
		}
		gap = false
		b.WriteRune(r)
	}
	return b.String()
}
