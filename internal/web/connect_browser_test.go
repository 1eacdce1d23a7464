package web_test

import (
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"rapport/internal/browsertest"
	"rapport/internal/db"
	"rapport/internal/network"
	"rapport/internal/network/bluesky"
	blueskyemulator "rapport/internal/network/bluesky/emulator"
	"rapport/internal/network/mastodon"
	mastodonemulator "rapport/internal/network/mastodon/emulator"
	"rapport/internal/outbound"
	"rapport/internal/post"
	"rapport/internal/web/webtest"
)

// emulated is a studio on the real connectors, with a Mastodon and a Bluesky
// on this machine.
func emulated(t *testing.T) (s *webtest.Site, mastodonAt, blueskyAt string) {
	t.Helper()
	m, err := mastodonemulator.New(mastodonemulator.Options{Accounts: []mastodonemulator.Account{{Name: "north", Title: "North Roasters"}, {Name: "south", Title: "South"}}, NoRateLimits: true})
	if err != nil {
		t.Fatal(err)
	}
	b, err := blueskyemulator.New(blueskyemulator.Options{Accounts: []blueskyemulator.Account{{Name: "north", Title: "North Roasters"}}, NoLimits: true})
	if err != nil {
		t.Fatal(err)
	}
	one, two := httptest.NewServer(m), httptest.NewServer(b)
	t.Cleanup(one.Close)
	t.Cleanup(two.Close)
	client := outbound.New(outbound.Options{Allow: []outbound.Rule{{Prefix: netip.MustParsePrefix("127.0.0.0/8")}}})
	t.Cleanup(client.Close)
	return webtest.New(t, mastodon.New(client), bluesky.New(client)), one.URL, two.URL
}

// Mastodon is connected at its server's own page, after one slip and one no,
// and connected again; Bluesky by its form, where what was typed stays. Then
// both take a post with a warning.
func TestConnectRealNetworksByHand(t *testing.T) {
	s, mastodonAt, blueskyAt := emulated(t)
	base := serve(t, s)
	b := browsertest.Open(t)
	host := strings.TrimPrefix(mastodonAt, "http://")

	b.Go(base + s.Path("connect"))
	b.Click("a[href$='/connect/mastodon']")
	b.Type("#server", "@north@nowhere.invalid")
	b.Says("button[value=page]", "Sign in at nowhere.invalid")
	b.Click("button[value=page]")
	b.Says("#server-error", "could not be reached")
	b.Set("#server", host)
	b.Says("button[value=page]", "Sign in at "+host)
	b.Click("button[value=page]")
	b.Says("h1", "Let Rapport use your account")
	b.Click("button[value=deny]")
	b.Says(".notice[data-tone=bad]", "The access was not given")
	b.Click("button[value=page]")
	b.Says("h1", "Let Rapport use your account")
	b.Click("button[value=allow]")
	b.Says(".toast", "is connected")
	b.Says(".who-is", "North Roasters")
	b.Says("#abilities", "Mastodon does not count views")

	b.Go(base + s.Path("connect", "bluesky"))
	b.Type("#handle", "north.test")
	b.Type("#password", "not-this-one")
	b.Click("details.fold summary")
	b.Type("#server", blueskyAt)
	b.Click("button[value=token]")
	b.Says("#password-error", "did not accept")
	if typed := browsertest.Ask[string](b, `document.querySelector("#handle").value + document.querySelector("#password").value`); typed != "north.test" {
		t.Errorf("the form holds %q", typed)
	}
	b.Type("#password", "bluesky-north")
	b.Click("button[value=token]")
	b.Says(".toast", "is connected")
	b.Says(".facts", "Bluesky")

	b.Go(base + s.Path("compose"))
	b.Until(`document.querySelector("rapport-island[data-ready]") !== null`)
	b.Click("label.pick:nth-of-type(1)")
	b.Until(`document.querySelector("article.preview[data-network=mastodon]") !== null`)
	b.Click("label.pick:nth-of-type(2)")
	b.Until(`document.querySelector("article.preview[data-network=bluesky]") !== null`)
	b.Type("#text-all-0", "Soup today, see https://north.example/soup")
	b.Says("[data-network=bluesky] .preview-card", "north.example")
	b.Click(".compose-options summary")
	b.Type("input[name$='.warning']", "Food")
	b.Says(".preview-fold summary", "Food")
	b.Until(`document.querySelector("[data-network=mastodon] .preview-fold").open === false`)
	b.Says("[data-options-set]", "Food")
	b.Until(`document.querySelector("[data-save-state]").textContent.startsWith("Saved")`)
	all, _, err := post.List(t.Context(), s.DB, s.Who(), s.Brand.ID, post.Filter{}, db.Page{})
	if err != nil || len(all) != 1 {
		t.Fatal(len(all), err)
	}
	warned := 0
	for _, v := range all[0].Variants {
		if v.Options[network.OptionWarning] == "Food" {
			warned++
		}
	}
	if len(all[0].Variants) != 2 || warned != 1 {
		t.Errorf("kept %+v", all[0].Variants)
	}
}

// connecting are the screens of connecting and of a channel, with long names,
// errors, and everything that may stand there.
func connecting(t *testing.T) (*webtest.Site, []string) {
	s := webtest.New(t, webtest.Door{})
	c := through(t, s, "the-north-roasters-of-the-old-harbour-and-their-friends")
	now := s.DB.Now()
	exec(t, s.DB, `UPDATE channel SET details = $2 WHERE id = $1`, c.ID, `{"software":"doorkeeper","version":"4.2.0-rc1+nightly"}`)
	exec(t, s.DB, `INSERT INTO channel_import (channel_id, brand_id, state, stage, posts, posts_most, threads, messages, started_at, updated_at)
		VALUES ($1, $2, 'running', 'posts', 143, 200, 31, 420, $3, $3)`, c.ID, s.Brand.ID, now)
	exec(t, s.DB, `INSERT INTO feed (channel_id, name, brand_id, next_at, read_at, tries, error) VALUES ($1, 'hear', $2, $3, $4, 4, 'social.example did not answer within 40 seconds.')`,
		c.ID, s.Brand.ID, now.Add(600e9), now.Add(-7200e9))
	for i, text := range []string{"Brought over what there was before.", "social.example answered with 3 MB where at most 1 MB is read. The rest was left out.", webtest.RTL + " " + webtest.Evil} {
		exec(t, s.DB, `INSERT INTO channel_log (id, brand_id, channel_id, at, tone, text, times, last_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			db.NewID(), s.Brand.ID, c.ID, now.Add(-7200e9), []string{"info", "warn", "bad"}[i], text, 1+i*37, now.Add(-600e9))
	}
	narrow := through(t, s, "narrow")
	stuck := through(t, s, "stuck")
	exec(t, s.DB, `INSERT INTO channel_import (channel_id, brand_id, state, stage, posts, error, started_at, updated_at, finished_at)
		VALUES ($1, $2, 'failed', 'posts', 12, 'The server closed the connection six times.', $3, $3, $3)`, stuck.ID, s.Brand.ID, now)
	s.Schedule("Come by", now.Add(3600e9), narrow.ID)
	draft, err := post.Draft(t.Context(), s.DB, s.Who(), s.Brand.ID, post.Input{Body: post.Body{Parts: []post.Part{{Text: "Soup with #meat today, see https://north.example/soup/of/the/day"}, {Text: "And bread."}}},
		Variants: []post.Variant{{Channel: c.ID, Options: map[string]string{"warning": "Food, with pictures of it", "visibility": "unlisted", "language": "de"}}, {Channel: narrow.ID}}})
	if err != nil {
		t.Fatal(err)
	}
	return s, []string{s.Path(), s.Path("channels"), s.Path("connect"), s.Path("connect", "door"), s.Path("connect", "door") + "?again=" + c.ID,
		s.Path("channels", c.ID), s.Path("channels", stuck.ID), s.Path("channels", narrow.ID), s.Path("channels", c.ID, "log"),
		s.Path("posts", draft.ID, "edit"), s.Path("posts", draft.ID)}
}
