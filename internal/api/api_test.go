package api_test

import (
	"strings"
	"testing"
)

func TestScenarios(t *testing.T) {
	w := open(t)
	news, shop := w.channel["news"], w.channel["shop"]
	draft := w.post(`{"text":"First words","channels":["` + news + `"]}`)
	gone := w.post(`{"text":"To be deleted"}`)
	full, read := w.north.token, w.north.reader
	tests := []struct {
		name   string
		ask    request
		status int
		has    []string
		not    []string
	}{
		{"who asks", request{"GET", "/me", "", read, nil}, 200, []string{`"name":"north"`, `"role":"owner"`, `"posts:read"`}, []string{"rap_", "posts:write"}},
		{"networks", request{"GET", "/networks", "", read, nil}, 200, []string{`"name":"test"`, `"secret":true`}, nil},
		{"channels", request{"GET", "/channels", "", read, nil}, 200, []string{news, shop, `"text":50`}, []string{"credential"}},
		{"one channel", request{"GET", "/channels/" + news, "", read, nil}, 200, []string{`"@news"`, `"connected"`}, nil},
		{"connect", request{"POST", "/channels", `{"network":"test","credentials":{"token":"third"}}`, full, nil}, 201, []string{`"@third"`}, nil},
		{"connect with a dead token", request{"POST", "/channels", `{"network":"test","credentials":{"token":"dead"}}`, full, nil}, 422, nil, []string{`"dead"`}},
		{"connect nowhere", request{"POST", "/channels", `{"network":"nowhere","credentials":{"token":"x"}}`, full, nil}, 404, nil, nil},
		{"connect without a field", request{"POST", "/channels", `{"network":"test","credentials":{}}`, full, nil}, 422, []string{`"name":"token"`}, nil},
		{"reconnect", request{"POST", "/channels/" + news + "/reconnect", `{"credentials":{"token":"news"}}`, full, nil}, 200, []string{news}, nil},
		{"reconnect another account", request{"POST", "/channels/" + news + "/reconnect", `{"credentials":{"token":"shop"}}`, full, nil}, 409, []string{`"code":"conflict"`}, nil},
		{"check a channel", request{"POST", "/channels/" + news + "/check", "", full, nil}, 200, []string{news}, nil},

		{"text by network", request{"POST", "/text/check", `{"network":"test","text":"Héllo"}`, read, nil}, 200, []string{`"length":5`, `"limit":50`, `"unit":"characters"`, `"problems":[]`}, nil},
		{"text too long", request{"POST", "/text/check", `{"channel":"` + shop + `","text":"` + strings.Repeat("x", 51) + `"}`, read, nil}, 200, []string{`"length":51`, `"blocking"`}, nil},
		{"text of no network", request{"POST", "/text/check", `{"network":"nowhere","text":"x"}`, read, nil}, 404, nil, nil},

		{"draft", request{"POST", "/posts", `{"text":"Hello","channels":["` + news + `"]}`, full, nil}, 201, []string{`"state":"draft"`, `"text":"Hello"`, `"revision":1`}, []string{"deliveries"}},
		{"thread with a comment", request{"POST", "/posts", `{"parts":[{"text":"1"},{"text":"2"},{"kind":"comment","text":"3"}]}`, full, nil}, 201, []string{`"kind":"comment"`}, nil},
		{"variant", request{"POST", "/posts", `{"text":"For all","channels":["` + news + `","` + shop + `"],"variants":[{"channel":"` + shop + `","text":"For the shop"}]}`, full, nil}, 201, []string{`"For the shop"`, `"text":"For all"`}, nil},
		{"at once", request{"POST", "/posts", `{"text":"Now","channels":["` + news + `"],"publish_at":"now"}`, full, nil}, 201, []string{`"state":"approved"`, `"state":"scheduled"`}, nil},
		{"scheduled", request{"POST", "/posts", `{"text":"Later","channels":["` + news + `","` + shop + `"],"publish_at":"2028-01-02T03:04:05+02:00"}`, full, nil}, 201, []string{`"due_at":"2028-01-02T01:04:05Z"`, shop}, nil},
		{"too long to schedule", request{"POST", "/posts", `{"text":"` + strings.Repeat("y", 51) + `","channels":["` + news + `"],"publish_at":"now"}`, full, nil}, 422, []string{`"code":"invalid"`, "@news"}, []string{"yyy"}},
		{"no channel to schedule", request{"POST", "/posts", `{"text":"Nobody hears","publish_at":"now"}`, full, nil}, 422, []string{`"name":"channels"`}, nil},
		{"unknown channel", request{"POST", "/posts", `{"text":"x","channels":["nope"]}`, full, nil}, 422, []string{`"name":"channels"`}, []string{"nope"}},
		{"time in words", request{"POST", "/posts", `{"text":"x","channels":["` + news + `"],"publish_at":"tomorrow"}`, full, nil}, 422, []string{`"name":"publish_at"`}, []string{`tomorrow`}},
		{"control characters", request{"POST", "/posts", `{"text":"x\u0007"}`, full, nil}, 422, []string{`"name":"parts[0]"`}, nil},
		{"text and parts", request{"POST", "/posts", `{"text":"x","parts":[{"text":"y"}]}`, full, nil}, 422, []string{`"name":"parts"`}, nil},
		{"unknown field", request{"POST", "/posts", `{"texd":"sesame"}`, full, nil}, 422, []string{"texd"}, []string{"sesame"}},
		{"wrong type", request{"POST", "/posts", `{"text":{"secret":"sesame"}}`, full, nil}, 422, []string{`"name":"text"`}, []string{"sesame"}},
		{"not JSON", request{"POST", "/posts", `{"text":"sesame`, full, nil}, 400, []string{`"code":"bad_request"`}, []string{"sesame"}},
		{"no body", request{"POST", "/posts", "", full, nil}, 400, nil, nil},
		{"form body", request{"POST", "/posts", "text=1", full, map[string]string{"Content-Type": "application/x-www-form-urlencoded"}}, 415, nil, nil},
		{"too large", request{"POST", "/posts", `{"text":"` + strings.Repeat("x", 1<<20) + `"}`, full, nil}, 413, []string{`"too_large"`}, nil},
		{"check a post", request{"POST", "/posts/check", `{"text":"` + strings.Repeat("x", 51) + `","channels":["` + news + `"]}`, read, nil}, 200, []string{`"length":51`, `"limit":50`, `"blocking"`}, nil},

		{"read", request{"GET", "/posts/" + draft, "", read, nil}, 200, []string{"First words"}, nil},
		{"read nothing", request{"GET", "/posts/none", "", read, nil}, 404, []string{`"not_found"`}, nil},
		{"list", request{"GET", "/posts?q=first", "", read, nil}, 200, []string{draft}, []string{gone}},
		{"list by delivery state", request{"GET", "/posts?state=scheduled", "", read, nil}, 200, []string{`"approved"`}, []string{draft}},
		{"list by channel", request{"GET", "/posts?channel=" + shop, "", read, nil}, 200, []string{"For the shop"}, []string{draft}},
		{"list by no state", request{"GET", "/posts?state=lost", "", read, nil}, 422, []string{`"name":"state"`}, nil},
		{"list with a strange filter", request{"GET", "/posts?colour=red", "", read, nil}, 422, []string{"colour"}, []string{"red"}},
		{"list too many", request{"GET", "/posts?limit=1000", "", read, nil}, 422, []string{`"name":"limit"`}, nil},
		{"made-up cursor", request{"GET", "/posts?after=AAAAAAAAAAAA", "", read, nil}, 400, []string{`"name":"after"`}, nil},

		{"change", request{"PATCH", "/posts/" + draft, `{"text":"Second words","revision":1}`, full, nil}, 200, []string{`"Second words"`, `"revision":2`, news}, nil},
		{"change what is old", request{"PATCH", "/posts/" + draft, `{"text":"Third words","revision":1}`, full, nil}, 409, []string{`"conflict"`}, nil},
		{"change with an old tag", request{"PATCH", "/posts/" + draft, `{"text":"Third words"}`, full, map[string]string{"If-Match": `"1"`}}, 412, []string{`"precondition_failed"`}, nil},
		{"change with the tag", request{"PATCH", "/posts/" + draft, `{"channels":[]}`, full, map[string]string{"If-Match": `"2"`}}, 200, []string{`"channels":[]`, `"Second words"`}, nil},
		{"plan", request{"PATCH", "/posts/" + draft, `{"planned_at":"2028-01-01T00:00:00Z"}`, full, nil}, 200, []string{`"planned_at":"2028-01-01T00:00:00Z"`}, nil},
		{"unplan", request{"PATCH", "/posts/" + draft, `{"planned_at":""}`, full, nil}, 200, nil, []string{"planned_at"}},
		{"schedule without a channel", request{"POST", "/posts/" + draft + "/schedule", `{"at":"2028-01-01T00:00:00Z"}`, full, nil}, 422, []string{`"name":"channels"`}, nil},
		{"give it a channel", request{"PATCH", "/posts/" + draft, `{"channels":["` + news + `"]}`, full, nil}, 200, []string{news}, nil},
		{"schedule what is old", request{"POST", "/posts/" + draft + "/schedule", `{"at":"2028-01-01T00:00:00Z","revision":1}`, full, nil}, 409, []string{`"conflict"`}, nil},
		{"schedule with an old tag", request{"POST", "/posts/" + draft + "/schedule", `{"at":"2028-01-01T00:00:00Z"}`, full, map[string]string{"If-Match": `"1"`}}, 412, []string{`"precondition_failed"`}, nil},
		{"publish with an old tag", request{"POST", "/posts/" + draft + "/publish", "", full, map[string]string{"If-Match": `"1"`}}, 412, nil, nil},
		{"schedule", request{"POST", "/posts/" + draft + "/schedule", `{"at":"2028-01-01T00:00:00Z"}`, full, nil}, 200, []string{`"state":"scheduled"`, `"due_at":"2028-01-01T00:00:00Z"`}, nil},
		{"schedule twice", request{"POST", "/posts/" + draft + "/schedule", `{"at":"now"}`, full, nil}, 409, nil, nil},
		{"move", request{"POST", "/posts/" + draft + "/move", `{"at":"2028-02-01T00:00:00Z"}`, full, nil}, 200, []string{`"due_at":"2028-02-01T00:00:00Z"`}, nil},
		{"its deliveries", request{"GET", "/deliveries?post=" + draft, "", read, nil}, 200, []string{draft, `"state":"scheduled"`}, nil},
		{"in a month", request{"GET", "/deliveries?from=2028-02-01T00:00:00Z&to=2028-03-01T00:00:00Z&state=scheduled,missed&channel=" + news, "", read, nil}, 200, []string{draft}, nil},
		{"in another month", request{"GET", "/deliveries?from=2028-03-01T00:00:00Z", "", read, nil}, 200, []string{`"items":[]`}, nil},
		{"unschedule", request{"POST", "/posts/" + draft + "/unschedule", "", full, nil}, 200, []string{`"state":"draft"`, `"state":"cancelled"`}, nil},
		{"publish", request{"POST", "/posts/" + draft + "/publish", "", full, nil}, 200, []string{`"state":"scheduled"`}, nil},
		{"duplicate", request{"POST", "/posts/" + draft + "/duplicate", "", full, nil}, 201, []string{`"Second words"`, `"state":"draft"`}, []string{draft}},
		{"delete", request{"DELETE", "/posts/" + gone, "", full, nil}, 204, nil, nil},
		{"read what is deleted", request{"GET", "/posts/" + gone, "", full, nil}, 404, nil, nil},
		{"restore", request{"POST", "/posts/" + gone + "/restore", "", full, nil}, 200, []string{"To be deleted"}, nil},
		{"remove a channel in use", request{"DELETE", "/channels/" + news, "", full, nil}, 409, nil, nil},
		{"remove a channel", request{"DELETE", "/channels/" + news + "?cancel=true", "", full, nil}, 204, nil, nil},
		{"a removed channel is kept", request{"GET", "/channels/" + news, "", full, nil}, 200, []string{`"removed"`}, nil},

		{"readings", request{"GET", "/metrics?channel=" + shop + "&metric=followers", "", read, nil}, 200, []string{`"items":[]`}, nil},
		{"readings of nothing", request{"GET", "/metrics", "", read, nil}, 422, []string{`"name":"channel"`}, nil},
		{"readings of no delivery", request{"GET", "/metrics?delivery=none", "", read, nil}, 404, nil, nil},
		{"definitions", request{"GET", "/metrics/definitions", "", read, nil}, 200, []string{`"id":"engagement_rate"`, "Followers on the day"}, nil},
		{"a channel's numbers", request{"GET", "/channels/" + shop + "/numbers?days=7", "", read, nil}, 200, []string{`"metric":"followers"`, `"value":null`, `"why":"It was not counted yet.`}, nil},

		{"hold", request{"POST", "/holds", `{"reason":"An outage"}`, full, nil}, 201, []string{`"An outage"`, `"person"`}, []string{"released_at"}},
		{"hold without a reason", request{"POST", "/holds", `{"reason":""}`, full, nil}, 422, []string{`"name":"reason"`}, nil},
		{"holds", request{"GET", "/holds", "", read, nil}, 200, []string{"An outage"}, nil},
		{"release", request{"DELETE", "/holds/current", "", full, nil}, 204, nil, nil},
		{"release nothing", request{"DELETE", "/holds/current", "", full, nil}, 409, nil, nil},
		{"audit", request{"GET", "/audit", "", full, nil}, 200, []string{"hold.set", "post.scheduled"}, nil},

		{"audit by area and words", request{"GET", "/audit?area=holds&q=OUTAGE", "", full, nil}, 200, []string{"hold.set", "put everything on hold"}, []string{"post.scheduled"}},
		{"audit of no area", request{"GET", "/audit?area=none", "", full, nil}, 422, []string{`"name":"area"`}, nil},
		{"audit before", request{"GET", "/audit?to=2020-01-01T00:00:00Z", "", full, nil}, 200, []string{`"items":[]`}, nil},
		{"audit taken along", request{"GET", "/audit/export?area=holds", "", full, nil}, 200, []string{`"act":"hold.set"`, `"act":"hold.released"`}, []string{"post.scheduled"}},
		{"audit by who only reads", request{"GET", "/audit/export", "", read, nil}, 403, nil, nil},
		{"an archive", request{"POST", "/exports", "", full, nil}, 202, []string{`"state":"waiting"`}, nil},
		{"a second one", request{"POST", "/exports", "", full, nil}, 409, []string{`"conflict"`}, nil},
		{"archives", request{"GET", "/exports", "", full, nil}, 200, []string{`"state":"waiting"`}, nil},
		{"archives by who only reads", request{"GET", "/exports", "", read, nil}, 403, nil, nil},
		{"no archive", request{"GET", "/exports/none", "", full, nil}, 404, nil, nil},
		{"no file of one", request{"GET", "/exports/none/file", "", full, nil}, 404, nil, nil},

		{"nowhere", request{"GET", "/nowhere", "", full, nil}, 404, []string{"/api lists"}, nil},
		{"wrong method", request{"PUT", "/posts", "", full, nil}, 405, []string{"GET", "POST"}, nil},
		{"double slash", request{"GET", "//posts", "", full, nil}, 404, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w.t = t
			got := w.ask(tt.ask)
			if got.status != tt.status {
				t.Fatalf("status %d, want %d: %s", got.status, tt.status, got.body)
			}
			for _, s := range tt.has {
				if !strings.Contains(got.body, s) {
					t.Errorf("no %q in %s", s, got.body)
				}
			}
			for _, s := range tt.not {
				if strings.Contains(got.body, s) {
					t.Errorf("%q in %s", s, got.body)
				}
			}
		})
	}
}

func TestNothingIsHalfSaved(t *testing.T) {
	w := open(t)
	w.ask(request{"POST", "/posts", `{"text":"` + strings.Repeat("x", 51) + `","channels":["` + w.channel["news"] + `"],"publish_at":"now"}`, w.north.token, nil})
	got := w.ask(request{"GET", "/posts", "", w.north.token, nil})
	if got.body != "{\"items\":[]}\n" {
		t.Errorf("a refused post was kept: %s", got.body)
	}
}

// TestStrangeText: what no database stores is refused before one sees it.
func TestStrangeText(t *testing.T) {
	w := open(t)
	full := w.north.token
	tests := []struct {
		name   string
		ask    request
		status int
	}{
		{"zero byte in a text", request{"POST", "/posts", `{"text":"a\u0000b"}`, full, nil}, 400},
		{"zero byte in a reason", request{"POST", "/holds", `{"reason":"a\u0000b"}`, full, nil}, 400},
		{"zero byte in a key", request{"POST", "/posts", `{"text":"x","variants":[{"channel":"` + w.channel["news"] + `","options":{"a\u0000":"b"}}]}`, full, nil}, 400},
		{"a backslash before u0000", request{"POST", "/posts", `{"text":"a\\u0000b"}`, full, nil}, 201},
		{"half a character in a text", request{"POST", "/posts", "{\"text\":\"\xe2\x82\"}", full, nil}, 400},
		{"half a character in an id", request{"GET", "/posts/%E2%82", "", full, nil}, 400},
		{"zero byte in an id", request{"GET", "/posts/%00", "", full, nil}, 400},
		{"zero byte in a query", request{"GET", "/posts?q=%00", "", full, nil}, 400},
		{"half a character in a query", request{"GET", "/media?q=%ff", "", full, nil}, 400},
		{"a broken query", request{"GET", "/posts?q=%zz", "", full, nil}, 400},
		{"half a character in a key", request{"POST", "/posts", `{"text":"x"}`, full, map[string]string{"Idempotency-Key": "\xff"}}, 400},
		{"emoji and right-to-left", request{"POST", "/posts", `{"text":"👩🏽‍🚀 שלום \ud83d\ude00"}`, full, nil}, 201},
		{"a very long id", request{"GET", "/posts/" + strings.Repeat("x", 65), "", full, nil}, 422},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w.t = t
			if got := w.ask(tt.ask); got.status != tt.status {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	w := open(t)
	got := w.ask(request{"POST", "/channels", `{"network":"test","credentials":{"token":"busy"}}`, w.north.token, nil})
	if got.status != 429 || got.header.Get("Retry-After") != "7" || got.text(t, "code") != "limited" {
		t.Errorf("%d %v %s", got.status, got.header, got.body)
	}
}
