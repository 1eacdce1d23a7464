package compose

import (
	"cmp"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/network"
	"rapport/internal/post"
	"rapport/internal/web/entry"
	"rapport/internal/web/studio"
)

// Common is the key of the body that every channel gets unless it differs.
const Common = "all"

// sheet is what lies in the composer: everything a form of it carries, so that
// each button works without scripts and nothing typed is lost.
type sheet struct {
	ID       string // "" until it is saved
	New      string // the id it will be saved under; this form's own
	Revision int64
	Body     post.Body
	Own      map[string]post.Body         // of channels that differ, chosen or not
	Channels []string                     // chosen
	Options  map[string]map[string]string // by channel, chosen or not
	Language string                       // of the post; "" is the brand's
	At       string                       // as the brand's clock shows it: 2026-03-29T14:30
	Tab      string                       // key of the body that shows
	Pick     string                       // "key part" that a picture is being chosen for
	Find     string                       // what is looked for in the library
	alts     []altText
	files    []partFile
}

// formID is the id that a new form will be saved under, however often it is
// sent.
func (s sheet) formID() string {
	if s.ID != "" {
		return ""
	}
	return cmp.Or(s.New, db.NewID())
}

// altText is a picture's description as the form had it and as it is now.
type altText struct{ ID, Was, Is string }

// partFile is a file on its way to a part.
type partFile struct {
	Key  string
	Part int
	File *multipart.FileHeader
}

// sheetOf lays a saved post into the composer.
func sheetOf(p post.Post, at string) sheet {
	s := sheet{ID: p.ID, Revision: p.Revision, Body: p.Body, Own: map[string]post.Body{}, Options: map[string]map[string]string{}, At: at, Tab: Common}
	for _, v := range p.Variants {
		s.Channels = append(s.Channels, v.Channel)
		if v.Body != nil {
			s.Own[v.Channel] = *v.Body
		}
		if len(v.Options) > 0 {
			s.Options[v.Channel] = v.Options
		}
	}
	s.Language = languageOf(s.Channels, s.Options)
	return s
}

// TextMost bounds what the composer's text alone may send: far more than is
// ever kept, so that words can refuse it.
const TextMost = 16 << 20

// readSheet reads the composer's form.
func readSheet(r *http.Request) (sheet, entry.Form, error) {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		if err := r.ParseMultipartForm(studio.PicturesHeld); err != nil {
			return sheet{}, entry.Form{}, fault.As(fault.Invalid, err, "That is too much at once. Send fewer pictures, or a shorter text.")
		}
	}
	f, err := studio.Read(r)
	if err != nil {
		return sheet{}, f, err
	}
	s := sheet{ID: f.Value("id"), New: f.Value("new"), At: f.Value("at"), Tab: f.Value("tab"), Pick: f.Value("pick"), Find: f.Value("find"),
		Own: map[string]post.Body{}, Options: map[string]map[string]string{}, Channels: f.All("channel")}
	s.Revision, _ = strconv.ParseInt(f.Value("revision"), 10, 64) // a broken one differs from the stored one
	s.Body = bodyIn(f.Values, Common)
	for _, key := range f.All("own") {
		if key != Common {
			s.Own[key] = bodyIn(f.Values, key)
		}
	}
	s.readRest(f.Values, r.MultipartForm)
	return s, f, nil
}

func bodyIn(v url.Values, key string) post.Body {
	n, _ := strconv.Atoi(v.Get("n." + key)) // a broken count is that of one part
	n = min(max(n, 1), post.MostParts+1)
	b := post.Body{Parts: make([]post.Part, n)}
	for i := range b.Parts {
		at := fmt.Sprintf("%s.%d", key, i)
		b.Parts[i] = post.Part{Kind: network.PartPost, Text: strings.ReplaceAll(v.Get("text."+at), "\r\n", "\n"), Media: v["media."+at]}
		if v.Get("kind."+at) == string(network.PartComment) {
			b.Parts[i].Kind = network.PartComment
		}
	}
	return b
}

func (s *sheet) readRest(v url.Values, files *multipart.Form) {
	s.readOptions(v)
	for name, values := range v {
		if id, ok := strings.CutPrefix(name, "alt."); ok {
			s.alts = append(s.alts, altText{id, v.Get("was." + id), strings.ReplaceAll(values[0], "\r\n", "\n")})
		}
	}
	if files == nil {
		return
	}
	for name, list := range files.File {
		var key string
		var part int
		if at, ok := strings.CutPrefix(name, "file."); ok && parseAt(strings.ReplaceAll(at, ".", " "), &key, &part) {
			for _, file := range list {
				s.files = append(s.files, partFile{key, part, file})
			}
		}
	}
}

func parseAt(text string, key *string, part *int) bool {
	n, err := fmt.Sscan(text, key, part)
	return err == nil && n == 2
}

// input is the sheet as posts take it. The planned time is read by the brand's
// clock; note says what a change of the clocks did to it.
func (s sheet) input(b brand.Brand) (in post.Input, note string, err error) {
	in.Body = s.Body
	for _, id := range s.Channels {
		v := post.Variant{Channel: id, Options: s.optionsOf(id)}
		if own, ok := s.Own[id]; ok {
			v.Body = &own
		}
		in.Variants = append(in.Variants, v)
	}
	if s.At != "" {
		in.PlannedAt, note, err = brand.At(b, s.At)
	}
	return in, note, err
}

// blank reports whether nothing was written yet.
func (s sheet) blank() bool {
	for _, key := range s.keys() {
		for _, part := range s.body(key).Parts {
			if strings.TrimSpace(part.Text) != "" || len(part.Media) > 0 {
				return false
			}
		}
	}
	return true
}

// keys are those of all bodies: the common one, then those that differ.
func (s sheet) keys() []string {
	keys := []string{Common}
	for id := range s.Own {
		keys = append(keys, id)
	}
	slices.Sort(keys[1:])
	return keys
}

// keyFor is the key of the body that the channel gets.
func (s sheet) keyFor(channelID string) string {
	if _, ok := s.Own[channelID]; ok {
		return channelID
	}
	return Common
}

func (s sheet) body(key string) post.Body {
	if key == Common {
		return s.Body
	}
	return s.Own[key]
}

func (s *sheet) set(key string, b post.Body) {
	if len(b.Parts) == 0 {
		b.Parts = []post.Part{{Kind: network.PartPost}}
	}
	if key == Common {
		s.Body = b
	} else if _, ok := s.Own[key]; ok {
		s.Own[key] = b
	}
}

// pictures are the ids of all that the sheet shows.
func (s sheet) pictures() []string {
	var out []string
	for _, key := range s.keys() {
		for _, part := range s.body(key).Parts {
			out = append(out, part.Media...)
		}
	}
	return studio.Distinct(out)
}

// edit does what a button of the composer says, such as "add all" or
// "up all 2". What makes no sense any more changes nothing.
func (s *sheet) edit(what string) {
	verb, rest, _ := strings.Cut(what, " ")
	if what != "" { // the enter key in a field names no button
		s.Pick = ""
	}
	switch verb {
	case "differ":
		if _, ok := s.Own[rest]; !ok && rest != Common && rest != "" {
			s.Own[rest] = clone(s.Body)
			s.Tab = rest
		}
	case "same":
		delete(s.Own, rest)
		s.Tab = Common
	case "tab":
		s.Tab = rest
	case "pick":
		s.Pick = rest
	case "at":
		s.At = rest
	case "swap":
		if was, is, ok := strings.Cut(rest, " "); ok {
			s.swap(was, is)
		}
	default:
		s.editBody(verb, rest)
	}
}

func clone(b post.Body) post.Body {
	b.Parts = slices.Clone(b.Parts)
	for i := range b.Parts {
		b.Parts[i].Media = slices.Clone(b.Parts[i].Media)
	}
	return b
}

func (s *sheet) swap(was, is string) {
	for _, key := range s.keys() {
		b := clone(s.body(key))
		for _, part := range b.Parts {
			if i := slices.Index(part.Media, was); i >= 0 {
				part.Media[i] = is
			}
		}
		s.set(key, b)
	}
}

// editBody changes the parts of one body: rest is "key", "key part" or
// "key part picture".
func (s *sheet) editBody(verb, rest string) {
	words := strings.Fields(rest)
	if len(words) == 0 {
		return
	}
	key, i, id := words[0], -1, ""
	if len(words) > 1 {
		var err error
		if i, err = strconv.Atoi(words[1]); err != nil {
			return
		}
	}
	if len(words) > 2 {
		id = words[2]
	}
	b := clone(s.body(key))
	switch {
	case verb == "add":
		b.Parts = insertPost(b.Parts)
	case verb == "comment":
		b.Parts = append(b.Parts, post.Part{Kind: network.PartComment})
	case i < 0 || i >= len(b.Parts):
		return
	case id != "":
		b.Parts[i].Media = arrange(b.Parts[i].Media, verb, id)
	default:
		b.Parts = reorder(b.Parts, verb, i)
	}
	s.set(key, b)
}

// insertPost adds a part to the thread, before a first comment.
func insertPost(parts []post.Part) []post.Part {
	at := len(parts)
	if at > 0 && parts[at-1].Kind == network.PartComment {
		at--
	}
	return slices.Insert(parts, at, post.Part{Kind: network.PartPost})
}

func reorder(parts []post.Part, verb string, i int) []post.Part {
	switch {
	case verb == "drop":
		return slices.Delete(parts, i, i+1)
	case verb == "up" && i > 0:
		parts[i-1], parts[i] = parts[i], parts[i-1]
	case verb == "down" && i < len(parts)-1 && parts[i+1].Kind != network.PartComment:
		parts[i+1], parts[i] = parts[i], parts[i+1]
	}
	return parts
}

func arrange(ids []string, verb, id string) []string {
	i := slices.Index(ids, id)
	switch {
	case verb == "use" && i < 0:
		return append(ids, id)
	case verb == "out" && i >= 0:
		return slices.Delete(ids, i, i+1)
	case verb == "left" && i > 0:
		ids[i-1], ids[i] = ids[i], ids[i-1]
	case verb == "right" && i >= 0 && i < len(ids)-1:
		ids[i+1], ids[i] = ids[i], ids[i+1]
	}
	return ids
}
