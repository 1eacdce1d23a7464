package emulator_test

import (
	"bufio"
	"context"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"rapport/internal/network/mastodon/emulator"
)

func TestPages(t *testing.T) {
	s, _ := start(t, emulator.Options{})
	m := upload(t, s, "/api/v2/media", pixel(), map[string]string{"description": `A "dot"`}).is(200).text("id")
	id := ask(t, s, "POST", "/api/v1/statuses", north, `{"status":"<script>alert(1)</script> https://example.com/a?b=1. #tag","spoiler_text":"Scary","media_ids":["`+m+`"]}`).is(200).text("id")
	reply, err := s.Say(emulator.Said{By: "mira@elsewhere.example", Text: "Well said.", InReplyTo: id})
	if err != nil {
		t.Fatal(err)
	}
	for range 32 {
		post(t, s, "More")
	}
	for _, c := range []struct {
		path   string
		status int
		holds  string
	}{
		{"/", 200, "What arrived"}, {"/", 200, "34 posts by 3 accounts"}, {"/", 200, "Older posts"}, {"/@north", 200, "North Roastery"},
		{"/@north/" + id, 200, "&lt;script&gt;alert(1)"}, {"/@north/" + id, 200, `href="https://example.com/a?b=1"`}, {"/@north/" + id, 200, "Scary"},
		{"/@north/" + id, 200, `alt="A &#34;dot&#34;"`}, {"/@north/" + id, 200, "Well said."}, {"/@mira@elsewhere.example/" + reply.ID, 200, "Well said."},
		{"/@south", 200, "Nothing has been posted yet"}, {"/@south/" + id, 404, "nothing here"}, {"/@nobody", 404, "nothing here"}, {"/north", 404, "nothing here"},
		{"/page/emulator.css", 200, "--paper"},
	} {
		t.Run(c.path+" "+c.holds, func(t *testing.T) {
			a := ask(t, s, "GET", c.path, "", "").is(c.status)
			if !strings.Contains(a.body, c.holds) {
				t.Errorf("it does not hold %q:\n%s", c.holds, a.body)
			}
			if html := strings.HasPrefix(a.header.Get("Content-Type"), "text/html"); html && !strings.Contains(a.header.Get("Content-Security-Policy"), "default-src 'none'") {
				t.Error("the page has no strict policy")
			}
		})
	}
	avatar := ask(t, s, "GET", "/api/v1/accounts/verify_credentials", north, "").text("avatar")
	if a := ask(t, s, "GET", strings.TrimPrefix(avatar, "http://127.0.0.1:8091"), "", "").is(200); a.header.Get("Content-Type") != "image/png" {
		t.Errorf("the avatar is %s", a.header.Get("Content-Type"))
	}
}

func TestControl(t *testing.T) {
	s, _ := start(t, emulator.Options{})
	order := func(name, body string, status int) got {
		t.Helper()
		return ask(t, s, "POST", "/_emulator/"+name, "", body).is(status)
	}
	order("accounts", `{"name":"east","title":"East","about":"A shop"}`, 204)
	order("accounts", `{"name":"not a name"}`, 400)
	order("faults", `{"kind":"gremlin"}`, 400)
	order("faults", `{"kind":"status","status":503,"path":"/api/v2/instance"}`, 201)
	ask(t, s, "GET", "/api/v2/instance", "", "").is(503)
	ask(t, s, "DELETE", "/_emulator/faults", "", "").is(204)
	ask(t, s, "GET", "/api/v2/instance", "", "").is(200)
	id := ask(t, s, "POST", "/api/v1/statuses", "mastodon-east", "status=Hello").is(200).text("id")
	said := order("say", `{"by":"mira@elsewhere.example","text":"Hi","in_reply_to":"`+id+`","language":"de"}`, 201)
	if said.text("text") != "@east Hi" {
		t.Errorf("it said %s", said.body)
	}
	order("say", `{"by":"mira","text":"Hi","in_reply_to":"1"}`, 400)
	order("say", `{"by":"mira","text":"Hi","visibility":"secret"}`, 400)
	order("say", `{"by":"mira","tetx":"Hi"}`, 400)
	order("edit", `{"id":"`+said.text("id")+`","text":"@east Hello"}`, 204)
	if a := ask(t, s, "GET", "/_emulator/statuses/"+said.text("id"), "", "").is(200); a.text("text") != "@east Hello" || a.at("edited") != true || a.text("language") != "de" {
		t.Errorf("it is now %s", a.body)
	}
	order("favourite", `{"by":"mira","id":"`+id+`"}`, 204)
	order("boost", `{"by":"mira","id":"`+id+`"}`, 204)
	order("follow", `{"by":"mira","whom":"east"}`, 204)
	if n := len(ask(t, s, "GET", "/api/v1/notifications", "mastodon-east", "").is(200).ids()); n != 4 {
		t.Errorf("there are %d notifications, want 4", n)
	}
	order("delete", `{"id":"`+said.text("id")+`"}`, 204)
	ask(t, s, "GET", "/_emulator/statuses/"+said.text("id"), "", "").is(404)
	order("drop-streams", `{}`, 201)
	if order("revoke", `{"whom":"east"}`, 201).at("tokens") != 1.0 {
		t.Error("the token was not revoked")
	}
	ask(t, s, "GET", "/api/v1/notifications", "mastodon-east", "").is(401)
	if c := ask(t, s, "GET", "/_emulator/counts", "", "").is(200); c.at("published") != 1.0 || c.at("posts") != 2.0 {
		t.Errorf("the counts are %s", c.body)
	}
	ask(t, s, "DELETE", "/_emulator/arrivals", "", "").is(204)
	if a := ask(t, s, "GET", "/_emulator/arrivals?since=0", "", "").is(200); a.body != `{"arrivals":[]}` {
		t.Errorf("the record is %s", a.body)
	}
	ask(t, s, "POST", "/_emulator/say", "", `{"by":"mira","text":"Hi"}`, "Sec-Fetch-Site", "cross-site").is(403)
	r := httptest.NewRequest("GET", "http://127.0.0.1/_emulator/counts", nil)
	w := httptest.NewRecorder()
	if s.ServeHTTP(w, r); w.Code != 403 { // from 192.0.2.1
		t.Errorf("another machine gets %d", w.Code)
	}
}

func TestRun(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	out, in := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- emulator.Run(ctx, "127.0.0.1:0", emulator.Options{AutoAccounts: true}, in) }()
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "Emulated Mastodon: http://127.0.0.1:") {
		t.Errorf("it says %q, %v", line, err)
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
