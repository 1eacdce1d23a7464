package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"time"

	"rapport/internal/network"
	"rapport/internal/outbound"
)

// record is what Prepared.Record holds.
type record struct {
	Post postRequest `json:"post"`
	// Sources are the pictures behind the uploads, so that an upload is used
	// again only for the same picture with the same description.
	Sources []source `json:"sources,omitempty"`
	// After is the account's newest post when the part was first prepared,
	// known where Lookup will have to compare. "" if there was none.
	After string `json:"after,omitempty"`
	Known bool   `json:"known,omitempty"` // After was read
}

type source struct {
	ID    string `json:"id"`
	Alt   string `json:"alt"`
	Media string `json:"media"` // the network's id
	Ready bool   `json:"ready"`
}

type postRequest struct {
	Text      string   `json:"text"`
	Media     []string `json:"media,omitempty"`
	InReplyTo string   `json:"in_reply_to,omitempty"`
	Language  string   `json:"language,omitempty"`
}

type postAnswer struct {
	ID          string    `json:"id"`
	URL         string    `json:"url"`
	Text        string    `json:"text"`
	Media       []string  `json:"media"`
	InReplyTo   string    `json:"in_reply_to"`
	Root        string    `json:"root"`
	PublishedAt time.Time `json:"published_at"`
	Removed     bool      `json:"removed"`
}

func (p postAnswer) receipt() network.Receipt {
	return network.Receipt{Ref: network.Ref{ID: p.ID, Root: p.Root}, URL: p.URL, At: p.PublishedAt}
}

// Prepare uploads the pictures. The handle is the seed.
func (n *Network) Prepare(ctx context.Context, t network.Target, it network.Item, seed string, earlier network.Prepared) (network.Prepared, error) {
	var was record
	if len(earlier.Record) > 0 {
		if err := json.Unmarshal(earlier.Record, &was); err != nil {
			return network.Prepared{}, fmt.Errorf("demo: what was prepared earlier: %w", err)
		}
	}
	now := record{After: was.After, Known: was.Known, Post: postRequest{Text: it.Text, Language: it.Language}}
	if it.Parent != nil {
		now.Post.InReplyTo = it.Parent.ID
	}
	err := n.remember(ctx, t, &now)
	if err == nil {
		err = n.uploads(ctx, t, it.Media, was.Sources, &now)
	}
	p, encodeErr := now.prepared(seed)
	if err == nil {
		err = encodeErr
	}
	return p, err
}

func (r *record) prepared(seed string) (network.Prepared, error) {
	r.Post.Media = nil
	for _, s := range r.Sources {
		r.Post.Media = append(r.Post.Media, s.Media)
	}
	raw, err := json.Marshal(r)
	if err != nil {
		return network.Prepared{}, fmt.Errorf("demo: prepare: %w", err)
	}
	return network.Prepared{Handle: seed, Media: r.Post.Media, Record: raw}, nil
}

// remember notes the newest post where keys cannot be looked up later.
func (n *Network) remember(ctx context.Context, t network.Target, r *record) error {
	if r.Known || !t.Limits.RepeatUnsafe {
		return nil
	}
	newest, err := n.list(ctx, t, 1)
	if err != nil {
		return err
	}
	if len(newest) > 0 {
		r.After = newest[0].ID
	}
	r.Known = true
	return nil
}

// uploads brings every picture to the network that is not there yet, and asks
// after those still being processed. What was done is in r, error or not.
func (n *Network) uploads(ctx context.Context, t network.Target, media []network.Media, had []source, r *record) error {
	var waiting error
	for i, m := range media {
		s := source{ID: m.ID, Alt: m.Alt}
		if i < len(had) && had[i].ID == m.ID && had[i].Alt == m.Alt {
			s = had[i]
		}
		err := n.ready(ctx, t, m, &s)
		if s.Media == "" {
			return err
		}
		r.Sources = append(r.Sources, s)
		if err != nil && network.VerdictOf(err) != network.NotReady {
			return err
		}
		if err != nil {
			waiting = err
		}
	}
	return waiting
}

type mediaAnswer struct {
	ID        string `json:"id"`
	State     string `json:"state"`
	ReadyInMS int64  `json:"ready_in_ms"`
}

func (n *Network) ready(ctx context.Context, t network.Target, m network.Media, s *source) error {
	if s.Ready {
		return nil
	}
	var got mediaAnswer
	var err error
	if s.Media == "" {
		got, err = n.upload(ctx, t, m)
	} else {
		err = n.read(ctx, t, "/v1/media/"+url.PathEscape(s.Media), &got)
	}
	if err != nil {
		return err
	}
	if got.ID == "" {
		return unreadable(http.StatusOK, fmt.Errorf("demo: a picture without an id"))
	}
	s.Media, s.Ready = got.ID, got.State == "ready"
	if s.Ready {
		return nil
	}
	wait := min(max(time.Duration(got.ReadyInMS)*time.Millisecond, 50*time.Millisecond), time.Minute)
	return &network.Error{Verdict: network.NotReady, RetryAfter: wait, Text: "The demo network is still processing a picture."}
}

// upload streams the picture between the head and the foot of a form.
func (n *Network) upload(ctx context.Context, t network.Target, m network.Media) (mediaAnswer, error) {
	file, err := m.Open(ctx)
	if err != nil {
		return mediaAnswer{}, fmt.Errorf("demo: open picture: %w", err)
	}
	defer file.Close()
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	_ = w.WriteField("alt", m.Alt) // a Buffer takes every write
	_, _ = w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="file"; filename="picture"`}, "Content-Type": {m.Mime}})
	head := bytes.Clone(form.Bytes())
	form.Reset()
	_ = w.Close()
	foot := form.Bytes()
	req, err := n.request(ctx, t, http.MethodPost, "/v1/media", io.MultiReader(bytes.NewReader(head), file, bytes.NewReader(foot)))
	if err != nil {
		return mediaAnswer{}, err
	}
	req.Header.Set("Content-Type", w.FormDataContentType())
	if m.Bytes > 0 {
		req.ContentLength = int64(len(head)) + m.Bytes + int64(len(foot))
	}
	var got mediaAnswer
	err = n.do(req, &got)
	return got, err
}

// Commit publishes.
func (n *Network) Commit(ctx context.Context, t network.Target, p network.Prepared) (network.Receipt, error) {
	req, err := n.commitRequest(ctx, t, p)
	if err != nil {
		return network.Receipt{}, err
	}
	resp, outcome, err := n.client.Once(ctx, req)
	if outcome != outbound.Answered {
		e := &network.Error{Text: wordsOf(err), Cause: err}
		if outcome == outbound.NotSent {
			e.Verdict = network.NotSent
		}
		return network.Receipt{}, e
	}
	var got postAnswer
	if err := parse(resp, req, &got); err != nil {
		return network.Receipt{}, err
	}
	if got.ID == "" {
		return network.Receipt{}, unreadable(resp.StatusCode, fmt.Errorf("demo: a post without an id"))
	}
	return got.receipt(), nil
}

func (n *Network) commitRequest(ctx context.Context, t network.Target, p network.Prepared) (*http.Request, error) {
	body, err := frozen(p)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(body.Post)
	if err != nil {
		return nil, &network.Error{Verdict: network.NotSent, Cause: err}
	}
	req, err := n.request(ctx, t, http.MethodPost, "/v1/posts", bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", p.Handle)
	return req, nil
}

func frozen(p network.Prepared) (record, error) {
	var r record
	if err := json.Unmarshal(p.Record, &r); err != nil || p.Handle == "" {
		return r, &network.Error{Verdict: network.NotSent, Text: "This part was not prepared for the demo network.", Cause: err}
	}
	return r, nil
}

// Lookup asks for the post of the key, or compares where keys are ignored.
func (n *Network) Lookup(ctx context.Context, t network.Target, p network.Prepared) (network.Finding, error) {
	r, err := frozen(p)
	if err != nil {
		return network.Finding{}, err
	}
	if t.Limits.RepeatUnsafe {
		return n.compare(ctx, t, r)
	}
	var got postAnswer
	err = n.read(ctx, t, "/v1/posts?key="+url.QueryEscape(p.Handle), &got)
	switch {
	case statusOf(err) == http.StatusNotFound:
		return network.Finding{Why: "The demo network has no post of this key yet; a request may still be on its way."}, nil
	case err != nil:
		return network.Finding{}, err
	case got.ID == "":
		return network.Finding{}, unreadable(http.StatusOK, fmt.Errorf("demo: a post without an id"))
	case got.Removed:
		return network.Finding{Presence: network.Failed, Why: "It was published and removed on the demo network afterwards."}, nil
	}
	return network.Finding{Presence: network.Present, Receipt: got.receipt(), Why: "The demo network has a post of this key."}, nil
}

// compare looks for exactly one post with this text, these pictures and this
// parent that is newer than the preparation.
func (n *Network) compare(ctx context.Context, t network.Target, r record) (network.Finding, error) {
	if !r.Known {
		return network.Finding{Why: "The demo network ignores keys here, and this was prepared when it did not say so."}, nil
	}
	posts, err := n.list(ctx, t, 200)
	if err != nil {
		return network.Finding{}, err
	}
	var same []postAnswer
	for _, p := range posts {
		if p.ID == r.After {
			break
		}
		if p.Text == r.Post.Text && p.InReplyTo == r.Post.InReplyTo && slices.Equal(p.Media, r.Post.Media) {
			same = append(same, p)
		}
	}
	switch len(same) {
	case 0:
		return network.Finding{Why: "No such post is there yet, and the demo network ignores keys here: a request may still be on its way."}, nil
	case 1:
		return network.Finding{Presence: network.Present, Receipt: same[0].receipt(),
			Why: "One post newer than the preparation has exactly this text, these pictures and this place in the thread."}, nil
	}
	return network.Finding{Why: fmt.Sprintf("%d posts look exactly like this one.", len(same))}, nil
}

func (n *Network) list(ctx context.Context, t network.Target, most int) ([]postAnswer, error) {
	var got struct {
		Posts []postAnswer `json:"posts"`
	}
	err := n.read(ctx, t, fmt.Sprintf("/v1/accounts/%s/posts?limit=%d", url.PathEscape(t.AccountID), most), &got)
	return got.Posts, err
}

// RepeatHarmless is what the network said of the account.
func (*Network) RepeatHarmless(t network.Target, _ time.Duration) bool {
	return !t.Limits.RepeatUnsafe
}
