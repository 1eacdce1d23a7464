package bluesky

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"rapport/internal/network"
	"rapport/internal/outbound"
)

const (
	mostImage = 2_000_000 // the lexicon's limit, in bytes
	// A server forgets a picture that no record names; older uploads are made
	// again.
	uploadLives = 20 * time.Minute
	// A part that is prepared again in the same moment is the same; later it is
	// dated anew, so that a post prepared ahead of its time is not older than it
	// is.
	datedFor       = 5 * time.Second
	uploadPatience = 2 * time.Minute
	mostMentions   = 30
)

// record is what Prepared.Record holds.
type record struct {
	Key  string          `json:"key"`
	Post json.RawMessage `json:"post"` // as it will be written
	At   time.Time       `json:"at"`   // when it says that it was written
	// Root and RootCID are the thread's first post where the part answers one.
	Root    string `json:"root,omitempty"`
	RootCID string `json:"root_cid,omitempty"`
	// Sources are the pictures behind the uploads, so that an upload is used
	// again only for the same picture.
	Sources []source          `json:"sources,omitempty"`
	Names   map[string]string `json:"names,omitempty"` // DIDs by handle; "" for nobody's
	Card    *card             `json:"card,omitempty"`
}

type source struct {
	ID   string          `json:"id"`
	Blob json.RawMessage `json:"blob"`
	At   time.Time       `json:"at"`
}

type post struct {
	Type      string      `json:"$type"`
	Text      string      `json:"text"`
	Facets    []facet     `json:"facets,omitempty"`
	Reply     *reply      `json:"reply,omitempty"`
	Embed     any         `json:"embed,omitempty"`
	Langs     []string    `json:"langs,omitempty"`
	Labels    *selfLabels `json:"labels,omitempty"`
	CreatedAt string      `json:"createdAt"`
}

type strongRef struct {
	URI string `json:"uri"`
	CID string `json:"cid"`
}

type reply struct {
	Root   strongRef `json:"root"`
	Parent strongRef `json:"parent"`
}

type selfLabels struct {
	Type   string      `json:"$type"`
	Values []selfLabel `json:"values"`
}

type selfLabel struct {
	Val string `json:"val"`
}

type images struct {
	Type   string     `json:"$type"`
	Images []embedded `json:"images"`
}

type embedded struct {
	Image json.RawMessage `json:"image"`
	Alt   string          `json:"alt"`
	Ratio *ratio          `json:"aspectRatio,omitempty"`
}

type ratio struct {
	Width  int `json:"width"`
	Height int `json:"height"`
}

type external struct {
	Type     string `json:"$type"`
	External struct {
		URI         string          `json:"uri"`
		Title       string          `json:"title"`
		Description string          `json:"description"`
		Thumb       json.RawMessage `json:"thumb,omitempty"`
	} `json:"external"`
}

// Prepare uploads the pictures, finds out whom the text mentions, fetches the
// card of its first link and freezes all of it with the key. The handle is the
// key.
func (n *Network) Prepare(ctx context.Context, t network.Target, it network.Item, seed string, earlier network.Prepared) (network.Prepared, error) {
	var was record
	if len(earlier.Record) > 0 {
		if err := json.Unmarshal(earlier.Record, &was); err != nil {
			return network.Prepared{}, fmt.Errorf("bluesky: what was prepared earlier: %w", err)
		}
	}
	now := record{Key: keyOf(seed), At: was.At, Names: was.Names, Card: was.Card}
	if age := n.now().Sub(was.At); age < 0 || age > datedFor {
		now.At = n.now().UTC().Truncate(time.Millisecond)
	}
	it.Text = strings.ToValidUTF8(it.Text, "\ufffd")
	err := n.gather(ctx, t, it, was.Sources, &now)
	if err != nil {
		// What was uploaded is kept; nothing can be committed from it.
		now.Post = nil
	}
	p, encodeErr := now.prepared()
	if err == nil {
		err = encodeErr
	}
	return p, err
}

func (r record) prepared() (network.Prepared, error) {
	raw, err := json.Marshal(r)
	if err != nil {
		return network.Prepared{}, fmt.Errorf("bluesky: prepare: %w", err)
	}
	p := network.Prepared{Handle: r.Key, Record: raw}
	for _, s := range r.Sources {
		p.Media = append(p.Media, string(s.Blob))
	}
	return p, nil
}

// gather does what can be done before the commit, and writes the post.
func (n *Network) gather(ctx context.Context, t network.Target, it network.Item, uploaded []source, now *record) error {
	if err := n.uploads(ctx, t, it.Media, uploaded, now); err != nil {
		return err
	}
	if err := n.names(ctx, t, it.Text, now); err != nil {
		return err
	}
	p := post{Type: postType, Text: it.Text, Facets: facets(it.Text, now.Names), Langs: langs(it), CreatedAt: stamp(now.At)}
	if label := it.Options[network.OptionWarning]; label != "" {
		p.Labels = &selfLabels{"com.atproto.label.defs#selfLabels", []selfLabel{{label}}}
	}
	if it.Parent != nil {
		r, err := n.replyTo(ctx, t, *it.Parent)
		if err != nil {
			return err
		}
		p.Reply, now.Root, now.RootCID = &r, r.Root.URI, r.Root.CID
	}
	p.Embed = n.embed(ctx, t, it, now)
	raw, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("bluesky: write the post: %w", err)
	}
	now.Post = raw
	return nil
}

func stamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }

var languageCode = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$`)

// langs are the languages of the part: what was chosen for the network, or the
// post's. The protocol takes three at most.
func langs(it network.Item) []string {
	chosen := it.Options[network.OptionLanguage]
	if strings.TrimSpace(chosen) == "" {
		chosen = it.Language
	}
	var out []string
	for _, l := range strings.FieldsFunc(chosen, func(r rune) bool { return r == ',' || r == ' ' }) {
		if len(out) < 3 && languageCode.MatchString(l) {
			out = append(out, l)
		}
	}
	return out
}

func (n *Network) uploads(ctx context.Context, t network.Target, all []network.Media, uploaded []source, now *record) error {
	for _, m := range all {
		s, have := usable(uploaded, m.ID, n.now())
		if !have {
			blob, err := n.upload(ctx, t, m)
			if err != nil {
				return err
			}
			s = source{m.ID, blob, n.now().UTC()}
		}
		now.Sources = append(now.Sources, s)
	}
	return nil
}

func usable(all []source, id string, now time.Time) (source, bool) {
	for _, s := range all {
		if age := now.Sub(s.At); s.ID == id && age >= 0 && age < uploadLives {
			return s, true
		}
	}
	return source{}, false
}

func (n *Network) upload(ctx context.Context, t network.Target, m network.Media) (json.RawMessage, error) {
	mime, content, err := n.fitting(ctx, m)
	if err != nil {
		return nil, err
	}
	return n.uploadBlob(ctx, t, mime, content)
}

// uploadBlob returns the server's reference to the blob as it wrote it: nothing
// may be lost of it on its way into the record.
func (n *Network) uploadBlob(ctx context.Context, t network.Target, mime string, content []byte) (json.RawMessage, error) {
	req, err := n.request(outbound.Patient(ctx, uploadPatience), t, http.MethodPost, "com.atproto.repo.uploadBlob", nil, bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", mime)
	var got struct {
		Blob json.RawMessage `json:"blob"`
	}
	if err := n.do(req, t, &got); err != nil {
		return nil, err
	}
	return readBlob(got.Blob)
}

func readBlob(raw json.RawMessage) (json.RawMessage, error) {
	var blob struct {
		Type string `json:"$type"`
		Ref  struct {
			Link string `json:"$link"`
		} `json:"ref"`
	}
	if json.Unmarshal(raw, &blob) != nil || blob.Type != "blob" || !isCID(blob.Ref.Link) || len(raw) > 2000 {
		return nil, unreadable(http.StatusOK, errors.New("bluesky: no reference to what was uploaded"))
	}
	var out bytes.Buffer
	if err := json.Compact(&out, raw); err != nil {
		return nil, unreadable(http.StatusOK, err)
	}
	return out.Bytes(), nil
}

// names finds out who is mentioned, once. A handle that cannot be found out
// stays plain text: it is no reason not to publish.
func (n *Network) names(ctx context.Context, t network.Target, text string, now *record) error {
	known := map[string]string{}
	for i, handle := range handles(text) {
		did, asked := now.Names[handle]
		if !asked && i < mostMentions {
			var err error
			did, err = n.resolve(ctx, t, handle)
			switch network.VerdictOf(err) {
			case network.NotSent, network.Throttled, network.Unauthorized:
				return err
			}
		}
		known[handle] = did
	}
	now.Names = nil
	if len(known) > 0 {
		now.Names = known
	}
	return nil
}

// embed is the pictures, or the card of the first link.
func (n *Network) embed(ctx context.Context, t network.Target, it network.Item, now *record) any {
	if len(it.Media) > 0 {
		now.Card = nil
		return pictures(it.Media, now.Sources)
	}
	uri := firstLink(it.Text)
	if uri == "" {
		now.Card = nil
		return nil
	}
	if c := now.Card; c == nil || c.URI != uri || n.now().Sub(c.At) > uploadLives || n.now().Before(c.At) {
		now.Card = n.card(ctx, t, uri)
	}
	if now.Card.Title == "" {
		return nil
	}
	e := external{Type: "app.bsky.embed.external"}
	e.External.URI, e.External.Title = now.Card.URI, now.Card.Title
	e.External.Description, e.External.Thumb = now.Card.Description, now.Card.Thumb
	return e
}

func pictures(all []network.Media, blobs []source) images {
	out := images{Type: "app.bsky.embed.images"}
	for i, m := range all {
		img := embedded{Image: blobs[i].Blob, Alt: m.Alt}
		if m.Width > 0 && m.Height > 0 {
			img.Ratio = &ratio{m.Width, m.Height}
		}
		out.Images = append(out.Images, img)
	}
	return out
}

// A Ref's ID is the post's address (at://…), its Root the address of the
// thread's first post where it answers one. Its Proof is the hash of the post,
// and behind a space that of the root: an answer names both by address and
// hash.
func refOf(p strongRef, root strongRef) network.Ref {
	if root.URI == "" || root.URI == p.URI {
		return network.Ref{ID: p.URI, Proof: p.CID}
	}
	return network.Ref{ID: p.URI, Root: root.URI, Proof: strings.TrimSpace(p.CID + " " + root.CID)}
}

// replyTo is how an answer names what it answers. What the Ref does not know is
// asked for.
func (n *Network) replyTo(ctx context.Context, t network.Target, parent network.Ref) (reply, error) {
	cid, rootCID, _ := strings.Cut(parent.Proof, " ")
	r := reply{Parent: strongRef{parent.ID, cid}, Root: strongRef{parent.Root, rootCID}}
	if parent.Root == parent.ID && parent.Root != "" {
		r.Root = r.Parent
	}
	if parent.Root == "" && isCID(cid) {
		r.Root = r.Parent
	}
	if isCID(r.Parent.CID) && isCID(r.Root.CID) {
		return r, nil
	}
	found, err := n.posts(ctx, t, []string{parent.ID})
	if err != nil {
		return r, err
	}
	v, ok := found[parent.ID]
	if !ok {
		return r, &network.Error{Verdict: network.Refused, Status: http.StatusNotFound, Text: "What this answers is no longer on Bluesky."}
	}
	self := strongRef{v.URI, v.CID}
	root := v.record().Reply.Root
	if root.URI == "" || !isCID(root.CID) {
		root = self
	}
	return reply{Parent: self, Root: root}, nil
}

// putRequest is the commit.
type putRequest struct {
	Repo       string          `json:"repo"`
	Collection string          `json:"collection"`
	Key        string          `json:"rkey"`
	Record     json.RawMessage `json:"record"`
	// Swap null means that nothing may be written under the key: what is there
	// is never overwritten. The same record again is a success all the same.
	Swap *string `json:"swapRecord"`
}

// Commit writes the record.
func (n *Network) Commit(ctx context.Context, t network.Target, p network.Prepared) (network.Receipt, error) {
	r, err := frozen(p)
	if err != nil {
		return network.Receipt{}, err
	}
	raw, err := json.Marshal(putRequest{Repo: t.AccountID, Collection: postType, Key: r.Key, Record: r.Post})
	if err != nil {
		return network.Receipt{}, &network.Error{Verdict: network.NotSent, Cause: err}
	}
	req, err := n.request(ctx, t, http.MethodPost, "com.atproto.repo.putRecord", nil, bytes.NewReader(raw))
	if err != nil {
		return network.Receipt{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, outcome, err := n.client.Once(ctx, req)
	if outcome != outbound.Answered {
		e := &network.Error{Text: wordsOf(err), Cause: err}
		if outcome == outbound.NotSent {
			e.Verdict = network.NotSent
		}
		return network.Receipt{}, e
	}
	var got strongRef
	if err := parse(resp, t.Credential, &got); err != nil {
		return network.Receipt{}, err
	}
	if got.URI != postURI(t.AccountID, r.Key) || !isCID(got.CID) {
		return network.Receipt{}, unreadable(resp.StatusCode, errors.New("bluesky: a post under another key"))
	}
	return receipt(t, r.Key, got, strongRef{r.Root, r.RootCID}, r.At), nil
}

func receipt(t network.Target, key string, p, root strongRef, at time.Time) network.Receipt {
	account := t.AccountID
	if handle := t.Credential["handle"]; isHandle(handle) {
		account = handle
	}
	return network.Receipt{Ref: refOf(p, root), URL: postURL(t.Server, account, key), At: at}
}

func frozen(p network.Prepared) (record, error) {
	var r record
	if err := json.Unmarshal(p.Record, &r); err != nil || r.Key == "" || r.Key != p.Handle || len(r.Post) == 0 {
		return r, &network.Error{Verdict: network.NotSent, Text: "This part was not prepared for Bluesky.", Cause: err}
	}
	return r, nil
}

// Lookup reads the record under the key. Nobody else writes there.
func (n *Network) Lookup(ctx context.Context, t network.Target, p network.Prepared) (network.Finding, error) {
	r, err := frozen(p)
	if err != nil {
		return network.Finding{}, err
	}
	got, err := n.stored(ctx, t, t.AccountID, r.Key)
	switch {
	case nameOf(err) == "RecordNotFound":
		return network.Finding{Why: "Bluesky has no post under this key yet; a request may still be on its way."}, nil
	case err != nil:
		return network.Finding{}, err
	case got.URI != postURI(t.AccountID, r.Key) || !isCID(got.CID):
		return network.Finding{}, unreadable(http.StatusOK, errors.New("bluesky: a record of another key"))
	}
	at := r.At
	if when, err := time.Parse(time.RFC3339, got.Value.CreatedAt); err == nil {
		at = when.UTC()
	}
	return network.Finding{Presence: network.Present, Receipt: receipt(t, r.Key, strongRef{got.URI, got.CID}, got.Value.Reply.Root, at),
		Why: "Bluesky has a post under the key of this part."}, nil
}

// stored is a record as a server keeps it.
type stored struct {
	URI   string     `json:"uri"`
	CID   string     `json:"cid"`
	Value postRecord `json:"value"`
}

func (n *Network) stored(ctx context.Context, t network.Target, did, key string) (stored, error) {
	var got stored
	err := n.query(ctx, t, "com.atproto.repo.getRecord", url.Values{"repo": {did}, "collection": {postType}, "rkey": {key}}, &got)
	return got, err
}

// RepeatHarmless holds at any age: the key is the post's place in the account,
// and a place is never written over. See Facts.RepeatSafety.
func (*Network) RepeatHarmless(network.Target, time.Duration) bool { return true }

// Remove deletes the record.
func (n *Network) Remove(ctx context.Context, t network.Target, ref network.Ref) error {
	did, key, ok := splitURI(ref.ID)
	if !ok || did != t.AccountID {
		return &network.Error{Verdict: network.Refused, Text: "This is no post of the connected account."}
	}
	raw, _ := json.Marshal(map[string]string{"repo": did, "collection": postType, "rkey": key}) // strings always encode
	req, err := n.request(ctx, t, http.MethodPost, "com.atproto.repo.deleteRecord", nil, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	err = n.do(req, t, nil)
	if nameOf(err) == "RecordNotFound" {
		return nil
	}
	return err
}
