package bluesky_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/network"
	"rapport/internal/network/bluesky"
	"rapport/internal/network/bluesky/emulator"
)

func publish(t *testing.T, n *bluesky.Network, to network.Target, it network.Item, seed string) network.Receipt {
	t.Helper()
	p, err := n.Prepare(t.Context(), to, it, seed, network.Prepared{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := n.Commit(t.Context(), to, p)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func picture(id string, width, height int) network.Media {
	var b bytes.Buffer
	_ = png.Encode(&b, image.NewRGBA(image.Rect(0, 0, width, height))) // a Buffer takes every write
	return network.Media{ID: id, Mime: "image/png", Name: id + ".png", Bytes: int64(b.Len()), Width: width, Height: height, Alt: "About " + id,
		Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil }}
}

// shape is a record with its blobs left out.
func shape(t *testing.T, record map[string]any) string {
	t.Helper()
	raw, err := json.Marshal(record)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestTheRecord(t *testing.T) {
	s, n, to, at := pair(t, emulator.Options{Accounts: []emulator.Account{{Name: "mira"}}})
	r := publish(t, n, to, network.Item{Text: "Grüße an @mira.test, @nobody.test #Kaffee", Language: "de",
		Media: []network.Media{picture("a", 8, 6)}, Options: map[string]string{"warning": "graphic-media", "language": ""}}, "seed")
	got, _ := s.Find(r.Ref.ID)
	delete(got.Record["embed"].(map[string]any)["images"].([]any)[0].(map[string]any), "image")
	want := fmt.Sprintf(`{"$type":"app.bsky.feed.post","createdAt":%q,"embed":{"$type":"app.bsky.embed.images",`+
		`"images":[{"alt":"About a","aspectRatio":{"height":6,"width":8}}]},"facets":[{"features":[{"$type":"app.bsky.richtext.facet#mention","did":%q}],`+
		`"index":{"byteEnd":21,"byteStart":11}},{"features":[{"$type":"app.bsky.richtext.facet#tag","tag":"Kaffee"}],"index":{"byteEnd":43,"byteStart":36}}],`+
		`"labels":{"$type":"com.atproto.label.defs#selfLabels","values":[{"val":"graphic-media"}]},"langs":["de"],"text":"Grüße an @mira.test, @nobody.test #Kaffee"}`,
		at.Now().Format("2006-01-02T15:04:05.000Z"), emulator.DID("mira"))
	if diff := cmp.Diff(want, shape(t, got.Record)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if want := to.Server + "/profile/north.test/post/" + bluesky.KeyOf("seed"); r.URL != want {
		t.Errorf("the page is %s, want %s", r.URL, want)
	}
}

func TestLanguages(t *testing.T) {
	for _, c := range []struct {
		chosen, post string
		want         []string
	}{{"", "", nil}, {"", "de", []string{"de"}}, {"pt-BR", "de", []string{"pt-BR"}}, {"en, de fr it", "", []string{"en", "de", "fr"}}, {"<b>", "de", nil}} {
		s, n, to, _ := pair(t, emulator.Options{})
		r := publish(t, n, to, network.Item{Text: "Hello", Language: c.post, Options: map[string]string{"language": c.chosen}}, "seed")
		got, _ := s.Find(r.Ref.ID)
		if diff := cmp.Diff(c.want, got.Languages); diff != "" {
			t.Errorf("%q, %q (-want +got):\n%s", c.chosen, c.post, diff)
		}
	}
}

// Every part of a thread names the one before it and the first, by address and
// hash; so does an answer to another's post deep in a thread.
func TestThreadsAndAnswers(t *testing.T) {
	s, n, to, _ := pair(t, emulator.Options{Accounts: []emulator.Account{{Name: "mira"}}})
	first := publish(t, n, to, network.Item{Text: "One"}, "1")
	second := publish(t, n, to, network.Item{Text: "Two", Parent: &network.Ref{ID: first.Ref.ID, Root: first.Ref.ID, Proof: first.Ref.Proof}}, "2")
	third := publish(t, n, to, network.Item{Text: "Three", Parent: &second.Ref}, "3")
	theirs, err := s.Do(emulator.Deed{By: "mira", Do: "reply", To: third.Ref.ID, Text: "And four?"})
	if err != nil {
		t.Fatal(err)
	}
	heard := heardOf(t, n, to, theirs)
	known := publish(t, n, to, network.Item{Text: "Four", Parent: &heard.Ref}, "4")
	unknown := publish(t, n, to, network.Item{Text: "Five", Parent: &network.Ref{ID: theirs}}, "5")
	for id, parent := range map[string]string{second.Ref.ID: first.Ref.ID, third.Ref.ID: second.Ref.ID, known.Ref.ID: theirs, unknown.Ref.ID: theirs} {
		if got, _ := s.Find(id); got.Parent != parent || got.Root != first.Ref.ID {
			t.Errorf("%q answers %s below %s; want %s below %s", got.Text, got.Parent, got.Root, parent, first.Ref.ID)
		}
	}
	if known.Ref.Root != first.Ref.ID {
		t.Errorf("the root of the answer is %q", known.Ref.Root)
	}
	_, err = n.Prepare(t.Context(), to, network.Item{Text: "Gone", Parent: &network.Ref{ID: "at://did:plc:x/app.bsky.feed.post/3kaaaaaaaaaaa"}}, "6", network.Prepared{})
	if network.VerdictOf(err) != network.Refused {
		t.Errorf("an answer to nothing: %v", err)
	}
}

// heardOf returns a message as the account heard it.
func heardOf(t *testing.T, n *bluesky.Network, to network.Target, id string) network.Message {
	t.Helper()
	got, err := n.Hear(t.Context(), to, "", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range got.Messages {
		if m.Ref.ID == id {
			return m
		}
	}
	t.Fatalf("%s was not heard", id)
	return network.Message{}
}

// What is under the key already is never written over, whatever comes later
// with another text: after a restore, for instance.
func TestNothingIsWrittenOver(t *testing.T) {
	s, n, to, at := pair(t, emulator.Options{})
	first := publish(t, n, to, network.Item{Text: "As it was."}, "seed")
	at.Advance(time.Hour)
	p, err := n.Prepare(t.Context(), to, network.Item{Text: "Otherwise."}, "seed", network.Prepared{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.Commit(t.Context(), to, p); network.VerdictOf(err) != network.Unclear {
		t.Errorf("got %v, want unclear", err)
	}
	found, err := n.Lookup(t.Context(), to, p)
	if err != nil || found.Presence != network.Present {
		t.Errorf("%+v, %v", found, err)
	}
	if diff := cmp.Diff(first, found.Receipt); diff != "" {
		t.Errorf("(-first +found):\n%s", diff)
	}
	if got, _ := s.Find(first.Ref.ID); got.Text != "As it was." {
		t.Errorf("the post says %q", got.Text)
	}
}

// A part that is prepared ahead keeps its uploads and is dated when it goes
// out; old uploads are made again.
func TestPreparedAhead(t *testing.T) {
	s, n, to, at := pair(t, emulator.Options{})
	it := network.Item{Text: "With pictures", Media: []network.Media{picture("a", 8, 8), picture("b", 9, 9)}}
	early, err := n.Prepare(t.Context(), to, it, "seed", network.Prepared{})
	if err != nil {
		t.Fatal(err)
	}
	at.Advance(5 * time.Minute)
	p, err := n.Prepare(t.Context(), to, it, "seed", early)
	if err != nil || p.Handle != early.Handle || s.Uploads() != 2 {
		t.Errorf("handle %s then %s, %d uploads, %v", early.Handle, p.Handle, s.Uploads(), err)
	}
	at.Advance(time.Hour)
	if p, err = n.Prepare(t.Context(), to, it, "seed", p); err != nil || s.Uploads() != 4 {
		t.Errorf("%d uploads, %v", s.Uploads(), err)
	}
	r, err := n.Commit(t.Context(), to, p)
	if err != nil || !r.At.Equal(at.Now()) {
		t.Errorf("dated %s at %s, %v", r.At, at.Now(), err)
	}
}

func TestMentionsAreFrozen(t *testing.T) {
	asked := 0
	_, n, to := serve(t, map[string]http.HandlerFunc{"com.atproto.identity.resolveHandle": func(w http.ResponseWriter, r *http.Request) {
		asked++
		switch r.URL.Query().Get("handle") {
		case "mira.test":
			say(object{"did": mira})(w, r)
		case "broken.test":
			refuse(http.StatusBadGateway, "UpstreamFailure", "")(w, r)
		default:
			refuse(http.StatusBadRequest, "InvalidRequest", "Unable to resolve handle")(w, r)
		}
	}})
	it := network.Item{Text: "@mira.test @broken.test @nobody.test"}
	p, err := n.Prepare(t.Context(), to, it, "seed", network.Prepared{})
	if err != nil {
		t.Fatal(err)
	}
	again, err := n.Prepare(t.Context(), to, it, "seed", p)
	if err != nil || asked != 3 {
		t.Errorf("asked %d times, %v", asked, err)
	}
	if diff := cmp.Diff(p, again); diff != "" {
		t.Error(diff)
	}
	if got := strings.Count(string(p.Record), "facet#mention"); got != 1 {
		t.Errorf("%d mentions in %s", got, p.Record)
	}
}

func TestPrepareFailsWhereItMustComeBack(t *testing.T) {
	for _, c := range []struct {
		name    string
		answer  http.HandlerFunc
		want    network.Verdict
		expired bool
	}{
		{"expired", refuse(http.StatusBadRequest, "ExpiredToken", "Token has expired"), network.NotSent, true},
		{"throttled", refuse(http.StatusTooManyRequests, "RateLimitExceeded", ""), network.Throttled, false},
		{"dead", refuse(http.StatusUnauthorized, "AuthMissing", ""), network.Unauthorized, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, n, to := serve(t, map[string]http.HandlerFunc{"com.atproto.identity.resolveHandle": c.answer})
			_, err := n.Prepare(t.Context(), to, network.Item{Text: "@mira.test"}, "seed", network.Prepared{})
			if network.VerdictOf(err) != c.want || network.HasExpired(err) != c.expired {
				t.Errorf("got %v", err)
			}
		})
	}
	_, n, to := serve(t, nil)
	large := picture("large", 4, 4)
	large.Open = func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(bytes.Repeat([]byte("no picture"), 300_000))), nil
	}
	_, err := n.Prepare(t.Context(), to, network.Item{Media: []network.Media{large}}, "seed", network.Prepared{})
	if network.VerdictOf(err) != network.Refused {
		t.Errorf("a large file that is no picture: %v", err)
	}
}

// noise is a picture that cannot be packed well.
func noise(width, height int, alpha bool) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	random := rand.NewChaCha8([32]byte{7})
	_, _ = random.Read(img.Pix) // never fails
	if !alpha {
		for i := 3; i < len(img.Pix); i += 4 {
			img.Pix[i] = 255
		}
	}
	return img
}

// A photo as a telephone makes it is larger than Bluesky takes: it is made
// smaller and keeps its shape.
func TestLargePicturesAreMadeSmaller(t *testing.T) {
	for _, c := range []struct {
		name string
		img  image.Image
		mime string
	}{{"opaque", noise(1000, 500, false), "image/jpeg"}, {"transparent", noise(1000, 500, true), "image/jpeg"}, {"simple", image.NewNRGBA(image.Rect(0, 0, 1000, 500)), "image/png"}} {
		t.Run(c.name, func(t *testing.T) {
			var file bytes.Buffer
			_ = (&png.Encoder{CompressionLevel: png.NoCompression}).Encode(&file, c.img) // a Buffer takes every write
			file.Write(make([]byte, 2_000_000))                                          // behind the end of the picture
			sent := 0
			_, n, to := serve(t, map[string]http.HandlerFunc{"com.atproto.repo.uploadBlob": func(w http.ResponseWriter, r *http.Request) {
				got, err := io.ReadAll(r.Body)
				size, _, wrong := image.DecodeConfig(bytes.NewReader(got))
				if sent = len(got); err != nil || wrong != nil || size.Width != 2*size.Height || r.Header.Get("Content-Type") != c.mime {
					t.Errorf("%s of %d × %d, %v, %v", r.Header.Get("Content-Type"), size.Width, size.Height, err, wrong)
				}
				say(object{"blob": object{"$type": "blob", "ref": object{"$link": someID}, "mimeType": c.mime, "size": sent}})(w, r)
			}})
			m := network.Media{ID: "large", Mime: "image/png", Bytes: int64(file.Len()), Width: 1000, Height: 500,
				Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(file.Bytes())), nil }}
			if _, err := n.Prepare(t.Context(), to, network.Item{Media: []network.Media{m}}, "seed", network.Prepared{}); err != nil || sent == 0 || sent > 2_000_000 {
				t.Errorf("%d bytes of %d were sent, %v", sent, file.Len(), err)
			}
		})
	}
}

const page = `<!doctype html><html><head><title>Plain &amp; simple</title>
<meta property="og:title" content="North &quot;Coffee&quot;"><meta name="og:description" content="Slow
  roasted <script>alert(1)</script>"><meta property="og:image" content="/thumb.png"></head><body><meta property="og:title" content="Not me">`

func TestCards(t *testing.T) {
	thumb := new(bytes.Buffer)
	_ = png.Encode(thumb, image.NewRGBA(image.Rect(0, 0, 20, 10))) // a Buffer takes every write
	html := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = io.WriteString(w, body) // the reader may have had enough
		}
	}
	pictureOf := func(content []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content) }
	}
	endless := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		for {
			if _, err := io.WriteString(w, "<meta name=x content=y>"); err != nil {
				return
			}
		}
	}
	for _, c := range []struct {
		name        string
		page, thumb http.HandlerFunc
		title, text string // "" where there is no card
		pictured    bool
	}{
		{"whole", html(page), pictureOf(thumb.Bytes()), `North "Coffee"`, "Slow roasted <script>alert(1)</script>", true},
		{"only a title", html("<title> Plain &amp;\n simple </title>"), nil, "Plain & simple", "", false},
		{"nothing at all", html(""), nil, "", "", false}, {"nothing to tell", html("<p>"), nil, "127.0.0.1", "", false},
		{"Latin letters", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=iso-8859-1")
			_, _ = w.Write([]byte("<title>Caf\xe9</title>"))
		}, nil, "Café", "", false},
		{"an endless page", endless, nil, "127.0.0.1", "", false},
		{"a picture of 10 MB", html(page), pictureOf(append(thumb.Bytes(), make([]byte, 10<<20)...)), `North "Coffee"`, "Slow roasted <script>alert(1)</script>", false},
		{"a picture that is none", html(page), html(page), `North "Coffee"`, "Slow roasted <script>alert(1)</script>", false},
		{"no picture there", html(page), http.NotFound, `North "Coffee"`, "Slow roasted <script>alert(1)</script>", false},
		{"a picture that leads inside", html(page), http.RedirectHandler("http://169.254.169.254/", http.StatusFound).ServeHTTP, `North "Coffee"`, "Slow roasted <script>alert(1)</script>", false},
		{"not found", http.NotFound, nil, "", "", false},
		{"no page", pictureOf(thumb.Bytes()), nil, "", "", false},
		{"leads inside", http.RedirectHandler("http://10.0.0.1/", http.StatusFound).ServeHTTP, nil, "", "", false},
		{"leads in circles", http.RedirectHandler("/", http.StatusFound).ServeHTTP, nil, "", "", false},
		{"hangs up", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, nil, "", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			mux := http.NewServeMux()
			mux.HandleFunc("/{$}", c.page)
			if c.thumb != nil {
				mux.HandleFunc("/thumb.png", c.thumb)
			}
			site := httptest.NewServer(mux)
			defer site.Close()
			s, n, to, _ := pair(t, emulator.Options{})
			r := publish(t, n, to, network.Item{Text: "See " + site.URL + "/ and " + site.URL + "/other"}, "seed")
			got, _ := s.Find(r.Ref.ID)
			embed, _ := got.Record["embed"].(map[string]any)
			card, _ := embed["external"].(map[string]any)
			if (card != nil) != (c.title != "") {
				t.Fatalf("the card is %v", card)
			}
			if card == nil {
				return
			}
			if card["title"] != c.title || card["description"] != c.text || card["uri"] != site.URL+"/" {
				t.Errorf("the card is %v", card)
			}
			if _, has := card["thumb"]; has != c.pictured {
				t.Errorf("with a picture: %t", has)
			}
		})
	}
}

func TestRemoveTouchesOnlyOurs(t *testing.T) {
	_, n, to := serve(t, nil)
	for _, id := range []string{"", "at://" + mira + "/app.bsky.feed.post/3kaaaaaaaaaaa", "at://" + north + "/app.bsky.actor.profile/self", "https://bsky.app/"} {
		if err := n.Remove(t.Context(), to, network.Ref{ID: id}); network.VerdictOf(err) != network.Refused {
			t.Errorf("%q: %v", id, err)
		}
	}
}
