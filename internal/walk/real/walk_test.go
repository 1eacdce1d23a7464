package real_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/network"
	"rapport/internal/outbound"
)

// connector is all that a connector of a whole network can do.
type connector interface {
	network.Publisher
	network.Connector
	network.Remover
	network.Listener
	network.Historian
	network.Measurer
	network.Abler
}

// fan is somebody else on the network, who speaks to it without a connector.
type fan interface {
	handle() string // as a text mentions it, without the @
	reply(t *testing.T, to network.Ref, text string) (id string)
	// mentioned tells whether the fan was told of being named in a post.
	mentioned(t *testing.T, id string) bool
	like(t *testing.T, to network.Ref)
	remove(t *testing.T, id string)
}

// stage is a network with an account to connect.
type stage struct {
	connector
	server     string
	credential network.Credential
	fan        fan // nil where there is nobody else
	patience   time.Duration
}

// walker is a test on its way.
type walker struct {
	*testing.T
	stage
	to network.Target
	// mark is in every text, so that walks on one account know their own.
	mark string
}

func client(t *testing.T) *outbound.Client {
	t.Helper()
	c := outbound.New(outbound.Options{Allow: []outbound.Rule{{Prefix: netip.MustParsePrefix("127.0.0.1/32")}, {Prefix: netip.MustParsePrefix("::1/128")}}})
	t.Cleanup(c.Close)
	return c
}

func walk(t *testing.T, s stage) {
	w := &walker{T: t, stage: s, mark: strings.ToLower(rand.Text()[:8])}
	w.connect()
	began := time.Now()
	first, prepared := w.publish(nil, w.opening(), picture("A grey square — “plain”."))
	w.repeat(first, prepared)
	second, _ := w.publish(&first.Ref, "Second of "+w.mark+".")
	third, _ := w.publish(&second.Ref, "Third of "+w.mark+".")
	w.history(first, second, third)
	all := []network.Receipt{third, second, first}
	if w.fan != nil {
		all = append(w.converse(first, began), all...)
	} else {
		t.Log("Nobody else's token was given, so nothing was heard and answered here.")
	}
	w.refresh()
	w.removeAll(all)
}

func (w *walker) opening() string {
	text := "Grüße 👋🏽 from " + w.mark + " — see https://north.example/spring?a=1&b=2, #Frühling"
	if w.fan != nil {
		text += " with @" + w.fan.handle()
	}
	return text + "\n\nSecond line."
}

func (w *walker) connect() {
	w.Helper()
	a, err := w.Connect(w.Context(), w.server, w.credential)
	if err != nil {
		w.Fatalf("connect: %v", err)
	}
	if a.ID == "" || !strings.HasPrefix(a.Handle, "@") || a.URL == "" || a.Limits.Text == 0 {
		w.Errorf("the account is incomplete: %+v", a)
	}
	w.to = network.Target{Server: a.Server, AccountID: a.ID, Credential: a.Credential, Limits: a.Limits, Details: a.Details}
	for _, ability := range w.Abilities(w.to) {
		w.Logf("%s: %v %s", ability.Name, ability.Can, ability.Why)
	}
}

func picture(alt string) network.Media {
	content := square(64)
	return network.Media{ID: "picture-" + alt, Mime: "image/png", Name: "square.png", Bytes: int64(len(content)), Width: 64, Height: 64, Alt: alt,
		Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }}
}

func (w *walker) publish(parent *network.Ref, text string, media ...network.Media) (network.Receipt, network.Prepared) {
	w.Helper()
	it := network.Item{Kind: network.PartPost, Text: text, Media: media, Parent: parent, Language: "en"}
	p, err := w.prepared(it, rand.Text())
	if err != nil {
		w.Fatalf("prepare %q: %v", text, err)
	}
	got, err := w.Commit(w.Context(), w.to, p)
	if err != nil {
		w.Fatalf("commit %q: %v", text, err)
	}
	if got.Ref.ID == "" || got.URL == "" {
		w.Errorf("the receipt of %q is incomplete: %+v", text, got)
	}
	return got, p
}

// prepared waits for pictures that the network is still working on.
func (w *walker) prepared(it network.Item, seed string) (p network.Prepared, err error) {
	w.Helper()
	for deadline := time.Now().Add(w.patience); ; {
		p, err = w.Prepare(w.Context(), w.to, it, seed, p)
		if network.VerdictOf(err) != network.NotReady || time.Now().After(deadline) {
			return p, err
		}
		time.Sleep(500 * time.Millisecond)
	}
}

// repeat commits the same once more: nothing more may be there.
func (w *walker) repeat(first network.Receipt, p network.Prepared) {
	w.Helper()
	if !w.RepeatHarmless(w.to, 0) {
		w.Log("This server does not know repeated posts, so nothing was repeated.")
		return
	}
	again, err := w.Commit(w.Context(), w.to, p)
	if err != nil || again.Ref != first.Ref {
		w.Errorf("the repeat gives %+v, %v; want %+v", again, err, first.Ref)
	}
	f, err := w.Lookup(w.Context(), w.to, p)
	if err != nil || f.Presence != network.Present || f.Receipt.Ref.ID != first.Ref.ID {
		w.Errorf("looking it up gives %v %+v, %v", f.Presence, f, err)
	}
	w.until("the post is in the account's history, once", func() bool { return len(w.own()) == 1 })
}

// own are the account's posts of this walk, the newest first.
func (w *walker) own() []network.OwnPost {
	w.Helper()
	posts, _, err := w.History(w.Context(), w.to, "")
	if err != nil {
		w.Fatalf("history: %v", err)
	}
	return slices.DeleteFunc(posts, func(p network.OwnPost) bool { return !strings.Contains(p.Text, w.mark) })
}

// until asks again until something is so; the index of a network is late.
func (w *walker) until(what string, so func() bool) {
	w.Helper()
	for deadline := time.Now().Add(w.patience); !so(); time.Sleep(300 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.Fatalf("still not so after %v: %s", w.patience, what)
		}
	}
}

func (w *walker) history(parts ...network.Receipt) {
	w.Helper()
	w.until("all parts are in the history", func() bool { return len(w.own()) == len(parts) })
	got := w.own()
	slices.Reverse(got)
	for i, p := range got {
		parent := ""
		if i > 0 {
			parent = parts[i-1].Ref.ID
		}
		if p.Ref.ID != parts[i].Ref.ID || p.Parent != parent || !p.Own {
			w.Errorf("part %d is %s below %q, own %v; want %s below %q", i+1, p.Ref.ID, p.Parent, p.Own, parts[i].Ref.ID, parent)
		}
	}
	first := got[0]
	if want := w.opening(); first.Text != want {
		w.Errorf("the text came back as %s", cmp.Diff(want, first.Text))
	}
	if len(first.Media) != 1 || first.Media[0].Alt != "A grey square — “plain”." {
		w.Errorf("the picture came back as %+v", first.Media)
	}
	if first.Language != "en" {
		w.Errorf("the language came back as %q", first.Language)
	}
}

// converse lets the fan answer, hears it, answers back, counts, and sees the
// fan's words go.
func (w *walker) converse(first network.Receipt, began time.Time) []network.Receipt {
	w.Helper()
	w.until("the fan was told of being named", func() bool { return w.fan.mentioned(w.T, first.Ref.ID) })
	said := w.fan.reply(w.T, first.Ref, "Are you open on Sunday, "+w.mark+"?")
	heard := w.hear(said, began)
	if heard.Own || heard.Parent != first.Ref.ID || !strings.Contains(heard.Text, "Are you open on Sunday") || heard.Author.ID == "" || heard.Author.ID == w.to.AccountID || heard.At.IsZero() {
		w.Errorf("what was heard is %+v", heard)
	}
	text := "Yes, until six, " + w.mark + "."
	if w.Facts().MentionReplies {
		text = heard.Author.Handle + " " + text
	}
	answer, _ := w.publish(&heard.Ref, text)
	w.until("the thread shows both", func() bool {
		all, _, err := w.Thread(w.Context(), w.to, heard.Ref)
		return err == nil && has(all, first.Ref.ID) && has(all, said) && has(all, answer.Ref.ID)
	})
	// A server may mix an account's newest posts into a thread before the
	// network knows them: then reading them again learns nothing for a while.
	w.until("both can be read again", func() bool {
		now, gone, err := w.Recheck(w.Context(), w.to, []network.Ref{heard.Ref, answer.Ref})
		return err == nil && len(gone) == 0 && now[said].Text == heard.Text && now[answer.Ref.ID].Own
	})
	w.numbers(first)
	w.fan.remove(w.T, said)
	w.until("the deletion is seen", func() bool {
		now, gone, err := w.Recheck(w.Context(), w.to, []network.Ref{heard.Ref, answer.Ref})
		_, there := now[answer.Ref.ID]
		return err == nil && slices.Equal(gone, []string{said}) && there
	})
	return []network.Receipt{answer}
}

func has(all []network.Message, id string) bool {
	return slices.ContainsFunc(all, func(m network.Message) bool { return m.Ref.ID == id })
}

// hear reads until one message is there, and reads on from the cursor.
func (w *walker) hear(id string, since time.Time) (found network.Message) {
	w.Helper()
	cursor := ""
	w.until("the fan is heard", func() bool {
		got, err := w.Hear(w.Context(), w.to, cursor, since.Add(-time.Minute))
		if err != nil {
			w.Fatalf("hear: %v", err)
		}
		cursor = got.Next
		for _, m := range got.Messages {
			if m.Ref.ID == id {
				found = m
			}
		}
		return found.Ref.ID != ""
	})
	return found
}

func (w *walker) numbers(first network.Receipt) {
	w.Helper()
	w.fan.like(w.T, first.Ref)
	var got network.Counters
	w.until("the like is counted", func() bool {
		all, err := w.Measure(w.Context(), w.to, []network.Ref{first.Ref})
		got = all[first.Ref.ID]
		return err == nil && got.Likes != nil && *got.Likes == 1
	})
	if got.Comments == nil || *got.Comments < 1 || got.Views != nil {
		w.Errorf("the numbers are %+v", got)
	}
	a, err := w.MeasureAccount(w.Context(), w.to)
	if err != nil || a.Followers == nil || a.Posts == nil || *a.Posts < 3 {
		w.Errorf("the account's numbers are %+v, %v", a, err)
	}
}

// refresh renews the session where the network has sessions, and reads with
// the new one.
func (w *walker) refresh() {
	w.Helper()
	r, ok := w.connector.(network.Refresher)
	if !ok {
		return
	}
	before := w.to.Credential
	a, err := r.Refresh(w.Context(), w.to)
	if err != nil {
		w.Fatalf("refresh: %v", err)
	}
	if len(a.Credential) == 0 || cmp.Equal(a.Credential, before) {
		w.Error("the credential is not new")
	}
	w.to.Credential = a.Credential
	if _, err := w.Connect(w.Context(), w.to.Server, w.to.Credential); err != nil {
		w.Errorf("the new credential does not work: %v", err)
	}
}

func (w *walker) removeAll(all []network.Receipt) {
	w.Helper()
	var refs []network.Ref
	for _, r := range all {
		refs = append(refs, r.Ref)
		for range 2 {
			if err := w.Remove(w.Context(), w.to, r.Ref); err != nil {
				w.Errorf("remove %s: %v", r.Ref.ID, err)
			}
		}
	}
	w.until("everything is gone", func() bool {
		now, gone, err := w.Recheck(w.Context(), w.to, refs)
		return err == nil && len(now) == 0 && len(gone) == len(refs)
	})
}
