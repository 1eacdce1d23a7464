package mastodon

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"rapport/internal/network"
	"rapport/internal/outbound"
)

// record is what Prepared.Record holds.
type record struct {
	Status statusRequest `json:"post"`
	// Sources are the pictures behind the uploads, so that an upload is used
	// again only for the same picture with the same description.
	Sources []source `json:"sources,omitempty"`
	// After is the account's newest post when the part was first prepared:
	// what is older cannot be this part. "" if there was none.
	After string `json:"after,omitempty"`
	Known bool   `json:"known,omitempty"` // After was read
}

type source struct {
	ID    string `json:"id"`
	Alt   string `json:"alt"`
	Media string `json:"media"` // the server's id
	Ready bool   `json:"ready"`
	// Bare says that the upload did not keep the description.
	Bare bool `json:"bare,omitempty"`
}

// statusRequest is the body of the commit.
type statusRequest struct {
	Text       string   `json:"status"`
	Media      []string `json:"media_ids,omitempty"`
	InReplyTo  string   `json:"in_reply_to_id,omitempty"`
	Warning    string   `json:"spoiler_text,omitempty"`
	Sensitive  bool     `json:"sensitive,omitempty"`
	Visibility string   `json:"visibility,omitempty"`
	Language   string   `json:"language,omitempty"`
}

// Prepare uploads the pictures and freezes the request. The handle is the
// seed.
func (n *Network) Prepare(ctx context.Context, t network.Target, it network.Item, seed string, earlier network.Prepared) (network.Prepared, error) {
	var was record
	if len(earlier.Record) > 0 {
		if err := json.Unmarshal(earlier.Record, &was); err != nil {
			return network.Prepared{}, fmt.Errorf("mastodon: what was prepared earlier: %w", err)
		}
	}
	now := record{After: was.After, Known: was.Known, Status: asked(it)}
	err := n.remember(ctx, t, &now)
	if err == nil {
		err = n.seenBy(ctx, t, it, &now)
	}
	if err == nil {
		err = n.uploads(ctx, t, it.Media, was.Sources, &now)
	} else {
		now.Sources = was.Sources
	}
	p, encodeErr := now.prepared(seed)
	if err == nil {
		err = encodeErr
	}
	return p, err
}

func asked(it network.Item) statusRequest {
	s := statusRequest{Text: it.Text, Warning: it.Options[network.OptionWarning],
		Language: tongue(cmp.Or(it.Options[network.OptionLanguage], it.Language))}
	s.Sensitive = s.Warning != "" && len(it.Media) > 0
	if it.Parent != nil {
		s.InReplyTo = it.Parent.ID
	}
	return s
}

// tongue is a language as Mastodon takes it: two or three letters, and the
// script or country only where it tells Chinese from Chinese.
func tongue(code string) string {
	first, _, _ := strings.Cut(code, "-")
	first = strings.ToLower(first)
	switch {
	case code == "" || len(first) < 2 || len(first) > 3:
		return ""
	case first == "zh" && (code == "zh-CN" || code == "zh-HK" || code == "zh-TW"):
		return code
	}
	return first
}

func (r *record) prepared(seed string) (network.Prepared, error) {
	r.Status.Media = nil
	for _, s := range r.Sources {
		r.Status.Media = append(r.Status.Media, s.Media)
	}
	raw, err := json.Marshal(r)
	if err != nil {
		return network.Prepared{}, fmt.Errorf("mastodon: prepare: %w", err)
	}
	return network.Prepared{Handle: seed, Media: r.Status.Media, Record: raw}, nil
}

// remember notes the newest post, so that Lookup knows where to begin. An
// access that may not read can still publish; then nothing is read back.
func (n *Network) remember(ctx context.Context, t network.Target, r *record) error {
	if r.Known {
		return nil
	}
	newest, err := n.own(ctx, t, url.Values{"limit": {"1"}})
	if statusOf(err) == http.StatusForbidden {
		return nil
	}
	if err != nil {
		return err
	}
	if len(newest) > 0 && isID(newest[0].ID) {
		r.After = newest[0].ID
	}
	r.Known = true
	return nil
}

// wide orders the visibilities from the widest.
var wide = []string{network.Public, network.Unlisted, network.Followers, network.Direct}

// seenBy sets who sees the part: as was chosen, else as the account has it. An
// answer for which nothing was chosen is never seen by more people than what
// it answers.
func (n *Network) seenBy(ctx context.Context, t network.Target, it network.Item, r *record) error {
	chosen := it.Options[network.OptionVisibility]
	v := cmp.Or(chosen, t.Details["visibility"], network.Public)
	if chosen == "" && it.Parent != nil {
		var parent statusEntity
		err := n.read(ctx, t, statusPath(it.Parent.ID), &parent)
		if isGone(err) {
			return &network.Error{Verdict: network.Refused, Status: statusOf(err), Text: "What this answers is not there any more.", Cause: err}
		}
		if err != nil && statusOf(err) != http.StatusForbidden {
			return err
		}
		if err == nil {
			above := cmp.Or(visibilities[parent.Visibility], network.Direct)
			v = wide[max(slices.Index(wide, v), slices.Index(wide, above))]
		}
	}
	sent, ok := sentAs[v]
	if !ok {
		return &network.Error{Verdict: network.Refused, Text: fmt.Sprintf("Choose who may see this post: %s.", strings.Join(wide, ", "))}
	}
	r.Status.Visibility = sent
	return nil
}

// uploads brings every picture to the server that is not there yet, and asks
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

// stillAtWork is how long to wait for a picture before asking again.
const stillAtWork = 2 * time.Second

func (n *Network) ready(ctx context.Context, t network.Target, m network.Media, s *source) error {
	if s.Ready {
		return nil
	}
	status := 0
	var err error
	if s.Media != "" {
		status, err = n.state(ctx, t, s.Media)
		if isGone(err) {
			s.Media = "" // forgotten meanwhile: once more
		}
	}
	if s.Media == "" {
		status, err = n.upload(ctx, t, m, s)
	}
	if err == nil && s.Bare {
		err = n.describe(ctx, t, s.Media, s.Alt)
	}
	if err != nil {
		return err
	}
	s.Bare = false
	if status == http.StatusOK {
		s.Ready = true
		return nil
	}
	return &network.Error{Verdict: network.NotReady, RetryAfter: stillAtWork, Text: "The server is still processing a picture."}
}

// state asks how far a picture is: 206 while it is being processed, 200 once
// it is ready.
func (n *Network) state(ctx context.Context, t network.Target, id string) (int, error) {
	req, err := n.request(ctx, t, http.MethodGet, "/api/v1/media/"+url.PathEscape(id), nil)
	if err != nil {
		return 0, err
	}
	resp, err := n.call(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, parse(resp, nil, secretsOf(req)...)
}

// patience is for files, which take longer than words.
const patience = 3 * time.Minute

// upload streams the picture between the head and the foot of a form.
func (n *Network) upload(ctx context.Context, t network.Target, m network.Media, s *source) (int, error) {
	status, got, err := n.send(ctx, t, m, "/api/v2/media")
	if code := statusOf(err); code == http.StatusNotFound || code == http.StatusMethodNotAllowed {
		status, got, err = n.send(ctx, t, m, "/api/v1/media") // older servers
	}
	if err != nil {
		return 0, err
	}
	if !isID(got.ID) {
		return 0, unreadable(status, fmt.Errorf("mastodon: a picture without an id"))
	}
	s.Media = got.ID
	s.Bare = m.Alt != "" && (got.Description == nil || *got.Description == "")
	return status, nil
}

func (n *Network) send(ctx context.Context, t network.Target, m network.Media, path string) (int, mediaEntity, error) {
	var got mediaEntity
	file, err := m.Open(ctx)
	if err != nil {
		return 0, got, fmt.Errorf("mastodon: open picture: %w", err)
	}
	defer file.Close()
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	if m.Alt != "" {
		_ = w.WriteField("description", m.Alt) // a Buffer takes every write
	}
	_, _ = w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="file"; filename="picture` + ending(m.Mime) + `"`}, "Content-Type": {m.Mime}})
	head := bytes.Clone(form.Bytes())
	form.Reset()
	_ = w.Close()
	foot := form.Bytes()
	req, err := n.request(outbound.Patient(ctx, patience), t, http.MethodPost, path, io.MultiReader(bytes.NewReader(head), file, bytes.NewReader(foot)))
	if err != nil {
		return 0, got, err
	}
	req.Header.Set("Content-Type", w.FormDataContentType())
	if m.Bytes > 0 {
		req.ContentLength = int64(len(head)) + m.Bytes + int64(len(foot))
	}
	resp, err := n.call(req)
	if err != nil {
		return 0, got, err
	}
	return resp.StatusCode, got, parse(resp, &got, secretsOf(req)...)
}

// ending is the file name's, which some servers go by.
func ending(mime string) string {
	switch mime {
	case "image/jpeg":
		return ".jpg"
	case "image/png", "image/gif", "image/webp", "image/avif", "image/heic", "image/heif":
		return "." + strings.TrimPrefix(mime, "image/")
	}
	return ""
}

// describe sets a picture's description where the upload did not keep it.
func (n *Network) describe(ctx context.Context, t network.Target, id, alt string) error {
	form := url.Values{"description": {alt}}
	req, err := n.request(ctx, t, http.MethodPut, "/api/v1/media/"+url.PathEscape(id), strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return n.do(req, nil)
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
	var got statusEntity
	if err := parse(resp, &got, secretsOf(req)...); err != nil {
		return network.Receipt{}, n.unready(ctx, t, p, err)
	}
	r := got.receipt()
	if !isID(got.ID) || r.URL == "" {
		return network.Receipt{}, unreadable(resp.StatusCode, fmt.Errorf("mastodon: a post without an id or an address"))
	}
	return r, nil
}

// unready tells a refusal for a picture that is still being processed, which
// passes, from one for good. The words of the server are in the account's
// language, so the pictures are asked after instead.
func (n *Network) unready(ctx context.Context, t network.Target, p network.Prepared, refused error) error {
	if statusOf(refused) != http.StatusUnprocessableEntity {
		return refused
	}
	for _, id := range p.Media {
		status, err := n.state(ctx, t, id)
		if err != nil && !lacks(err) || err == nil && status != http.StatusOK {
			return &network.Error{Verdict: network.NotSent, Status: http.StatusUnprocessableEntity, RetryAfter: stillAtWork,
				Text: "The server is still processing a picture, so it took nothing yet.", Cause: refused}
		}
	}
	return refused
}

func (n *Network) commitRequest(ctx context.Context, t network.Target, p network.Prepared) (*http.Request, error) {
	r, err := frozen(p)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(r.Status)
	if err != nil {
		return nil, &network.Error{Verdict: network.NotSent, Cause: err}
	}
	req, err := n.request(ctx, t, http.MethodPost, "/api/v1/statuses", bytes.NewReader(raw))
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
		return r, &network.Error{Verdict: network.NotSent, Text: "This part was not prepared for Mastodon.", Cause: err}
	}
	return r, nil
}

const (
	pageOfPosts = 40
	mostPages   = 10
)

// Lookup reads the account's own posts that are newer than the preparation and
// looks for exactly one like this part.
func (n *Network) Lookup(ctx context.Context, t network.Target, p network.Prepared) (network.Finding, error) {
	r, err := frozen(p)
	if err != nil {
		return network.Finding{}, err
	}
	if !r.Known {
		return network.Finding{Why: "It is not known what the account had published before this part was prepared."}, nil
	}
	posts, whole, err := n.since(ctx, t, r.After)
	if err != nil {
		return network.Finding{}, err
	}
	var same []statusEntity
	for _, s := range posts {
		if r.is(s, t.Details["app"]) {
			same = append(same, s)
		}
	}
	switch {
	case !whole:
		return network.Finding{Why: "So much was published since that not all of it could be read."}, nil
	case len(same) == 0:
		return network.Finding{Why: "No such post is there yet; a request may still be on its way, and it may also have been deleted."}, nil
	case len(same) > 1:
		return network.Finding{Why: fmt.Sprintf("%d posts look exactly like this one.", len(same))}, nil
	}
	return network.Finding{Presence: network.Present, Receipt: same[0].receipt(),
		Why: "One post newer than the preparation has exactly this text, these pictures and this place in the thread."}, nil
}

// since reads the own posts after one, oldest pages first; whole is false
// where there are too many.
func (n *Network) since(ctx context.Context, t network.Target, after string) (all []statusEntity, whole bool, err error) {
	for range mostPages {
		q := url.Values{"limit": {fmt.Sprint(pageOfPosts)}}
		if after != "" {
			q.Set("min_id", after)
		}
		page, err := n.own(ctx, t, q)
		if err != nil {
			return nil, false, err
		}
		last := after
		for _, s := range page {
			if isID(s.ID) && newer(s.ID, last) {
				last = s.ID
			}
		}
		all = append(all, page...)
		switch {
		case len(page) == 0, last == after:
			return all, true, nil
		case after == "":
			// Without a post to begin at the page is the newest one.
			return all, len(page) < pageOfPosts/2, nil
		}
		after = last
	}
	return nil, false, nil
}

// newer compares ids, which grow with time: numbers, or texts of one length
// that sort.
func newer(a, b string) bool {
	if len(a) != len(b) {
		return len(a) > len(b)
	}
	return a > b
}

// own reads a page of the account's own posts, without what it only shared on.
func (n *Network) own(ctx context.Context, t network.Target, q url.Values) ([]statusEntity, error) {
	q.Set("exclude_reblogs", "true")
	var got []statusEntity
	err := n.read(ctx, t, accountPath(t)+"/statuses?"+q.Encode(), &got)
	return got, err
}

// is tells whether a post is what the record asked for.
func (r record) is(s statusEntity, app string) bool {
	if !isID(s.ID) || s.shared() || !newer(s.ID, r.After) || s.InReplyTo != r.Status.InReplyTo || len(s.Media) != len(r.Status.Media) ||
		app != "" && s.Application.Name != "" && line(s.Application.Name, mostName) != app {
		return false
	}
	for i, m := range s.Media {
		if m.ID != r.Status.Media[i] {
			return false
		}
	}
	return flat(plain(s.Content)) == flat(r.Status.Text) && flat(s.Warning) == flat(r.Status.Warning)
}

var withServer = regexp.MustCompile(`(@[A-Za-z0-9_]+(?:[.-]+[A-Za-z0-9_]+)*)@[\pL\pM\pN_.:-]*[\pL\pM\pN_]`)

// flat makes texts comparable: servers show @mira@social.example as @mira and
// treat white space as they like.
func flat(text string) string {
	text = withServer.ReplaceAllString(strings.Map(func(r rune) rune {
		if unseen(r) && r != '\n' && r != '\t' && r != '\r' {
			return -1
		}
		return r
	}, text), "$1")
	return strings.Join(strings.Fields(text), " ")
}

// RepeatHarmless is so on Mastodon itself, while the key is remembered. Before
// 4.6 it remembers a key only once the post is made, and a request that comes
// while the first is still at work makes another: there the first must have
// had its time.
func (*Network) RepeatHarmless(t network.Target, age time.Duration) bool {
	return !t.Limits.RepeatUnsafe && age < safeHour && (age >= atWork || atLeast(t.Details["version"], 4, 6))
}
