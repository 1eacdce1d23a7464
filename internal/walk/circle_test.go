package walk_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/browsertest"
	bluesky "rapport/internal/network/bluesky/emulator"
	mastodon "rapport/internal/network/mastodon/emulator"
	"rapport/internal/network/networktest/wire"
	"rapport/internal/server"
)

// circle is an installation of its own with two emulated networks beside it.
type circle struct {
	user
	mastodon    *mastodon.Server
	bluesky     *bluesky.Server
	mastodonURL string
	blueskyURL  string
}

// TestCircle closes the circle on two networks: connect by their own pages,
// publish with a picture, hear an answer, answer it there, see the numbers, and
// find the person; at the end the networks' record is what the studio claims.
func TestCircle(t *testing.T) {
	b := browsertest.Open(t)
	c := &circle{}
	var err error
	if c.mastodon, err = mastodon.New(mastodon.Options{Accounts: []mastodon.Account{{Name: "harbour", Followers: 320}}}); err != nil {
		t.Fatal(err)
	}
	if c.bluesky, err = bluesky.New(bluesky.Options{Accounts: []bluesky.Account{{Name: "harbour", Followers: 75}}, NoLimits: true}); err != nil {
		t.Fatal(err)
	}
	c.mastodonURL, c.blueskyURL = beside(t, c.mastodon.Serve), beside(t, c.bluesky.Serve)
	c.past(t)
	c.user = setUp(t, b)
	for _, step := range []struct {
		name string
		walk func(*testing.T, *circle)
	}{
		{"connect Mastodon at its own page", connectMastodon},
		{"connect Bluesky with an app password", connectBluesky},
		{"see what was brought over, and its numbers", broughtOver},
		{"publish a picture to both", publishBoth},
		{"hear an answer and answer it", hearAndAnswer},
		{"find the person", findPerson},
	} {
		if !t.Run(step.name, func(t *testing.T) {
			now := *c
			now.user = user{c.For(t), t, c.brand}
			step.walk(t, &now)
		}) {
			return
		}
	}
	c.Clean("404 (Not Found)", "409 (Conflict)", "422 (Unprocessable")
}

// beside serves an emulated network on a port of its own until the test ends.
func beside(t *testing.T, serve func(context.Context, *wire.Listener) error) string {
	t.Helper()
	l, err := wire.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return "http://" + l.Addr().String()
}

// past gives the Mastodon account something from before.
func (c *circle) past(t *testing.T) {
	t.Helper()
	old, err := c.mastodon.Say(mastodon.Said{By: "harbour", Text: "From before: the roof is tight again."})
	if err != nil {
		t.Fatal(err)
	}
	for _, by := range []string{"mira", "jon"} {
		if err := c.mastodon.Favourite(by, old.ID); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.mastodon.Say(mastodon.Said{By: "mira", Text: "Good to hear.", InReplyTo: old.ID}); err != nil {
		t.Fatal(err)
	}
}

// setUp starts an installation and goes through its first visit.
func setUp(t *testing.T, b *browsertest.Tab) user {
	t.Helper()
	data := t.TempDir() // before what is cleaned up first
	ctx, stop := context.WithCancel(context.Background())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	env := map[string]string{"RAPPORT_OUTBOUND_ALLOW": "127.0.0.1/32"}
	go func() {
		err := server.Run(ctx, []string{"serve", "--addr", "127.0.0.1:0", "--data", data}, func(name string) string { return env[name] },
			strings.NewReader(""), in, t.Output())
		in.CloseWithError(err)
		ended <- err
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the server ended badly: %v", err)
		}
	})
	at, code := announced(t, out)
	b.Go(at)
	b.Until(`document.querySelector("input[name=code]") !== null`)
	b.Type("input[name=code]", code)
	b.Type("input[name=name]", "Robin Field")
	b.Type("input[name=email]", "robin@example.org")
	b.Type("input[name=password]", "a walk around the harbour")
	b.Type("input[name=brand]", "Harbour Roasters")
	b.Click("form button[type=submit]")
	b.Until(`document.querySelector("#today") !== null && !!window.htmx`)
	return user{b, t, browsertest.Ask[string](b, "location.origin + location.pathname")}
}

// announced reads where the server says that it runs, and the one-time code.
func announced(t *testing.T, out *io.PipeReader) (at, code string) {
	t.Helper()
	var said strings.Builder
	buffer := make([]byte, 4096)
	for code == "" {
		n, err := out.Read(buffer)
		if err != nil {
			t.Fatalf("the server said %q and ended: %v", said.String(), err)
		}
		said.Write(buffer[:n])
		if _, rest, ok := strings.Cut(said.String(), "one-time code: "); ok {
			code, _, _ = strings.Cut(strings.TrimSpace(rest), "\n")
		}
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	_, rest, _ := strings.Cut(said.String(), " runs at ")
	at, _, _ = strings.Cut(rest, "\n")
	return strings.TrimSpace(at), code
}

func connectMastodon(t *testing.T, c *circle) {
	c.open("/connect/mastodon")
	c.Type("input[name=server]", c.mastodonURL)
	c.clickOn("main form button", "Sign in")
	c.Until(`location.pathname === "/oauth/authorize"`)
	c.clickOn("button", "Deny")
	c.Until(`location.pathname.startsWith("/studio/")`)
	c.Says("main", "Mastodon")
	c.open("/channels")
	if browsertest.Ask[bool](c.Tab, `document.body.textContent.includes("@harbour@")`) {
		t.Error("a denied sign-in made a channel")
	}
	c.open("/connect/mastodon")
	c.Type("input[name=server]", c.mastodonURL)
	c.clickOn("main form button", "Sign in")
	c.Until(`location.pathname === "/oauth/authorize"`)
	c.clickOn("button", "Authorize")
	c.Until(`/\/channels\/[0-9a-f-]{36}$/.test(location.pathname)`)
	c.Says("main", "Hear comments and mentions")
	c.Says("main", "Mastodon does not count views")
}

func connectBluesky(t *testing.T, c *circle) {
	c.open("/connect/bluesky")
	c.Type("input[name=handle]", "harbour.test")
	c.Type("input[name=password]", "not the password")
	browsertest.Ask[any](c.Tab, `document.querySelectorAll("main details").forEach(d => d.open = true), 0`)
	c.Type("input[name=server]", c.blueskyURL)
	c.clickOn("main form button", "Connect")
	c.Until(`document.querySelector("#password-error") !== null && !!window.htmx`)
	c.Type("input[name=password]", "bluesky-harbour")
	c.clickOn("main form button", "Connect")
	c.Until(`/\/channels\/[0-9a-f-]{36}$/.test(location.pathname)`)
	c.Says("main", "@harbour.test")
}

func broughtOver(t *testing.T, c *circle) {
	c.open("/inbox?queue=all")
	c.Until(`document.body.textContent.includes("Good to hear.")`)
	c.open("/posts")
	c.Until(`document.body.textContent.includes("the roof is tight again")`)
	c.clickOn("main a", "the roof is tight again")
	c.Until(`document.querySelector(".way-numbers") !== null`)
	c.Says(".way-numbers", "Likes")
	likes := browsertest.Ask[string](c.Tab, `[...document.querySelectorAll(".figure")].find(f => f.textContent.includes("Likes")).querySelector(".figure-value").textContent.trim()`)
	if likes != "2" {
		t.Errorf("the studio says %s likes; the network has 2", likes)
	}
	c.Says(".way-numbers", "Mastodon does not count views")
}

const both = "First frost on the quay. The stove is on. #harbour"

func publishBoth(t *testing.T, c *circle) {
	c.open("/compose")
	host := strings.TrimPrefix(c.mastodonURL, "http://")
	c.choose("@harbour@"+host, "@harbour.test")
	c.Type(`[data-text="all"]`, both)
	c.Upload(`input[type=file][name^="file.all"]`, paint(t, "frost.png"))
	c.Type(".tile-alt", "Frost on a bollard")
	c.Until(`document.querySelector("[data-save-state]").dataset.saveState === "saved"`)
	c.Click("button[name=act][value=now]")
	c.postPage()
	c.out(2)
	if n := c.mastodon.Counts().Published + c.bluesky.Counts().Published; n != 2 {
		t.Errorf("%d posts arrived, want 1 on each", n)
	}
	for _, a := range c.mastodon.Arrivals(0) {
		got, ok := c.mastodon.Find(a.Post)
		if !ok || got.Text != both {
			t.Errorf("Mastodon has %+v", got)
		}
		if diff := cmp.Diff([]string{"Frost on a bollard"}, c.mastodon.Alts(a.Post)); diff != "" {
			t.Error(diff)
		}
	}
	for _, p := range c.bluesky.Posts("harbour") {
		if p.Text != both {
			t.Errorf("Bluesky has %q", p.Text)
		}
		if diff := cmp.Diff([]string{"Frost on a bollard"}, p.Alts); diff != "" {
			t.Error(diff)
		}
	}
}

const (
	asked  = "Is the stove new?"
	answer = "It is from 1931."
)

func hearAndAnswer(t *testing.T, c *circle) {
	c.open("/inbox")
	c.Until(`document.documentElement.hasAttribute("data-stream")`)
	ours := c.mastodon.Arrivals(0)[0].Post
	if _, err := c.mastodon.Say(mastodon.Said{By: "mira", Text: asked, InReplyTo: ours}); err != nil {
		t.Fatal(err)
	}
	c.Until(fmt.Sprintf(`document.querySelector("main").textContent.includes(%q)`, asked)) // without a reload
	c.clickOn(".conversation a, [data-row] a", "Mira")
	c.Until(`document.querySelector("textarea[name=text]") !== null`)
	c.Says("main", asked)
	browsertest.Ask[any](c.Tab, `(e => { e.focus(); e.setSelectionRange(e.value.length, e.value.length) })(document.querySelector("textarea[name=text]")), 0`)
	c.Press(answer)
	c.Click("button[name=act][value=answer]")
	c.Until(fmt.Sprintf(`[...document.querySelectorAll("main .said-by")].some(e => e.textContent.includes(%q) && e.textContent.includes("published"))`, answer))
	arrivals := c.mastodon.Arrivals(0)
	if len(arrivals) != 2 {
		t.Fatalf("%d posts arrived at Mastodon, want the post and one answer", len(arrivals))
	}
	got, _ := c.mastodon.Find(arrivals[1].Post)
	if !strings.HasSuffix(got.Text, answer) || !strings.HasPrefix(got.Text, "@mira") {
		t.Errorf("answered %q", got.Text)
	}
	if parent, _ := c.mastodon.Find(got.Parent); !strings.Contains(parent.Text, asked) {
		t.Errorf("the answer hangs below %q", parent.Text)
	}
}

func findPerson(t *testing.T, c *circle) {
	c.open("/people")
	c.Until(`document.querySelector("main").textContent.includes("@mira@")`)
	c.clickOn("main a", "Mira")
	c.Until(`/\/people\/[0-9a-f-]{36}$/.test(location.pathname)`)
	c.Says("main", asked)
	c.Says("main", answer)
}
