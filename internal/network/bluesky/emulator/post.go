package emulator

import (
	"maps"
	"slices"
	"time"
)

// Post is a post as the network has it.
type Post struct {
	ID        string // its address: at://did/app.bsky.feed.post/key
	CID       string
	Account   string // name
	Text      string
	Alts      []string // of its pictures, in order
	Parent    string   // address of what it answers
	Root      string   // and of the first post of that thread
	Quote     string   // address of what it quotes
	Languages []string
	Labels    []string       // content warnings
	Record    map[string]any // as it was sent
	At        time.Time      // when it was committed
}

// Find returns a post that is on the network, whether or not it is indexed
// yet.
func (s *Server) Find(id string) (Post, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rec := s.stored(id)
	if rec == nil || rec.uri.collection != postType {
		return Post{}, false
	}
	return s.postOf(rec), true
}

// Alts returns the descriptions of a post's pictures, in order.
func (s *Server) Alts(id string) []string {
	p, _ := s.Find(id)
	return p.Alts
}

// Posts returns what an account has on the network, in the order of its keys;
// "" is everybody.
func (s *Server) Posts(name string) []Post {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Post
	for _, a := range s.byName() {
		if name != "" && a.Name != name {
			continue
		}
		for _, key := range a.keys(postType, true) {
			out = append(out, s.postOf(a.record(uri{a.did, postType, key})))
		}
	}
	return out
}

func (s *Server) byName() []*account {
	var out []*account
	for _, name := range slices.Sorted(maps.Keys(s.accounts)) {
		out = append(out, s.accounts[name])
	}
	return out
}

func (s *Server) postOf(rec *record) Post {
	p := Post{ID: rec.uri.String(), CID: rec.cid, Account: s.byDID[rec.uri.authority].Name, Quote: quoteOf(rec.value["embed"]),
		Record: rec.value, At: rec.at, Alts: altsIn(rec.value)}
	p.Text, _ = rec.value["text"].(string)
	p.Parent, p.Root = replyOf(rec.value)
	langs, _ := rec.value["langs"].([]any)
	for _, l := range langs {
		text, _ := l.(string)
		p.Languages = append(p.Languages, text)
	}
	for _, l := range selfLabels(&entry{record: rec}) {
		text, _ := l.(map[string]any)["val"].(string)
		p.Labels = append(p.Labels, text)
	}
	return p
}

func altsIn(value map[string]any) []string {
	var out []string
	embed, _ := value["embed"].(map[string]any)
	if media, ok := embed["media"].(map[string]any); ok {
		embed = media
	}
	images, _ := embed["images"].([]any)
	items, _ := embed["items"].([]any)
	for _, v := range append(slices.Clone(images), items...) {
		img, _ := v.(map[string]any)
		alt, _ := img["alt"].(string)
		out = append(out, alt)
	}
	return out
}
