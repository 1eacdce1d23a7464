package emulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Deed is something an account does: the audience, to order.
type Deed struct {
	By string `json:"by"` // name; the account is made where there is none
	// Do is post, mention, reply, quote, like, repost, follow, block, edit,
	// undo or delete.
	Do string `json:"do"`
	// To is the address of the post that is answered, quoted, liked, shared,
	// changed or deleted, or the name of the account that is mentioned,
	// followed or blocked. To undo a like, repost, follow or block is to
	// delete what doing it returned.
	To   string `json:"to,omitempty"`
	Text string `json:"text,omitempty"`
	// Alt attaches a small picture with this description.
	Alt string `json:"alt,omitempty"`
	// Quiet notifies nobody, as it happens on the real network to a reply that
	// is indexed before what it answers.
	Quiet bool `json:"quiet,omitempty"`
	// At is the date the record gives itself; zero is now.
	At time.Time `json:"at,omitzero"`
}

// Do carries a deed out and returns the address of what it wrote. It passes
// the same checks as a request would, but it is no arrival, costs no limit
// and meets no fault.
func (s *Server) Do(d Deed) (id string, err error) {
	if !nameRule.MatchString(d.By) {
		return "", fmt.Errorf("bluesky emulator: %q is no account name", d.By)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[d.By]
	if a == nil {
		a = s.setAccount(Account{Name: d.By})
	}
	if d.Do == "delete" || d.Do == "undo" {
		return d.To, s.erase(a, d.To)
	}
	ch, no := s.deed(a, d)
	if no == nil {
		ch.quiet = d.Quiet
		_, no = s.commit(a, append(s.replaced(a, ch), ch))
	}
	if no != nil {
		return "", fmt.Errorf("bluesky emulator: %s: %s: %s", d.Do, no.name, no.text)
	}
	return ch.uri.String(), nil
}

func (s *Server) erase(a *account, id string) error {
	u, _ := parseURI(id)
	if u.authority != a.did || a.record(u) == nil {
		return fmt.Errorf("bluesky emulator: %s has written no %q", a.Name, id)
	}
	_, _ = s.commit(a, []*change{{uri: u}}) // a deletion names no blob
	return nil
}

func (s *Server) deed(a *account, d Deed) (*change, *problem) {
	at := d.At
	if at.IsZero() {
		at = s.now()
		if next := s.index.last.Add(time.Millisecond); at.Before(next) {
			at = next
		}
	}
	value := map[string]any{"createdAt": stamp(at)}
	collection := map[string]string{"like": likeType, "repost": repostType, "follow": followType, "block": blockType}[d.Do]
	switch d.Do {
	case "like", "repost":
		ref, no := s.reference(d.To)
		if no != nil {
			return nil, no
		}
		value["subject"] = ref
	case "follow", "block":
		value["subject"] = DID(d.To)
	default:
		return s.words(a, d, value)
	}
	return s.prepare(a, collection, "", value, nil)
}

// words makes a post.
func (s *Server) words(a *account, d Deed, value map[string]any) (*change, *problem) {
	text, key := d.Text, ""
	if d.Do == "mention" && !strings.Contains(text, "@"+d.To+domain) {
		text = strings.TrimSpace("@" + d.To + domain + " " + text)
	}
	value["text"], value["langs"] = text, []any{"en"}
	if f := s.facets(text); len(f) > 0 {
		value["facets"] = f
	}
	if d.Alt != "" {
		value["embed"] = s.pictureEmbed(a, d.Alt)
	}
	var no *problem
	switch d.Do {
	case "post", "mention":
	case "reply":
		value["reply"], no = s.replyTo(d.To)
	case "quote":
		var ref map[string]any
		if ref, no = s.reference(d.To); no == nil {
			value["embed"] = map[string]any{"$type": "app.bsky.embed.record", "record": ref}
		}
	case "edit":
		key, no = s.editing(a, d.To, value)
	default:
		no = badRequest("nobody can %q", d.Do)
	}
	if no != nil {
		return nil, no
	}
	return s.prepare(a, postType, key, value, nil)
}

// reference names a record with its content.
func (s *Server) reference(id string) (map[string]any, *problem) {
	rec := s.stored(id)
	if rec == nil {
		return nil, badRequest("there is no %s", id)
	}
	return map[string]any{"uri": id, "cid": rec.cid}, nil
}

func (s *Server) stored(id string) *record {
	u, ok := parseURI(id)
	a := s.byDID[u.authority]
	if !ok || a == nil {
		return nil
	}
	return a.record(u)
}

func (s *Server) replyTo(id string) (map[string]any, *problem) {
	parent, no := s.reference(id)
	if no != nil {
		return nil, no
	}
	root := any(parent)
	if above, ok := s.stored(id).value["reply"].(map[string]any); ok {
		root = above["root"]
	}
	return map[string]any{"root": root, "parent": parent}, nil
}

// editing keeps what an edit does not change.
func (s *Server) editing(a *account, id string, value map[string]any) (key string, no *problem) {
	rec := s.stored(id)
	if rec == nil || rec.uri.authority != a.did {
		return "", badRequest("%s has written no %s", a.Name, id)
	}
	for _, k := range []string{"createdAt", "reply", "embed"} {
		if v, there := rec.value[k]; there {
			value[k] = v
		}
	}
	return rec.uri.key, nil
}

var special = regexp.MustCompile(`https?://[^\s<>"]*[^\s<>".,;:!?)]|@[a-z0-9-]+\.test\b|#[\pL\pN_]+`)

// facets finds links, tags and the handles of accounts that there are.
func (s *Server) facets(text string) []any {
	var out []any
	for _, m := range special.FindAllStringIndex(text, -1) {
		word := text[m[0]:m[1]]
		feature := map[string]any{"$type": "app.bsky.richtext.facet#link", "uri": word}
		switch word[0] {
		case '#':
			feature = map[string]any{"$type": "app.bsky.richtext.facet#tag", "tag": word[1:]}
		case '@':
			a := s.find(word[1:])
			if a == nil {
				continue
			}
			feature = map[string]any{"$type": "app.bsky.richtext.facet#mention", "did": a.did}
		}
		out = append(out, map[string]any{"features": []any{feature},
			"index": map[string]any{"byteStart": number(m[0]), "byteEnd": number(m[1])}})
	}
	return out
}

func number(n int) json.Number { return json.Number(strconv.Itoa(n)) }

// pictureEmbed uploads a picture whose colour comes of its description.
func (s *Server) pictureEmbed(a *account, alt string) map[string]any {
	img := image.NewRGBA(image.Rect(0, 0, 32, 24))
	sum := cidOf(codecRaw, []byte(alt))
	for i := range 32 * 24 {
		img.Set(i%32, i/32, color.RGBA{sum[10] * 2, sum[11] * 2, sum[12] * 2, 255})
	}
	var buf bytes.Buffer
	_ = png.Encode(&buf, img) // a Buffer takes every write
	b := &blob{blobRef: blobRef{cid: cidOf(codecRaw, buf.Bytes()), mime: "image/png", size: buf.Len()}, content: buf.Bytes(), at: s.now()}
	a.blobs[b.cid] = b
	return map[string]any{"$type": "app.bsky.embed.images", "images": []any{map[string]any{"alt": alt,
		"aspectRatio": map[string]any{"width": number(32), "height": number(24)},
		"image":       map[string]any{"$type": "blob", "ref": map[string]any{"$link": b.cid}, "mimeType": b.mime, "size": number(b.size)}}}}
}
