package api_test

import (
	"strings"
	"testing"

	"rapport/internal/access"
)

func TestApproval(t *testing.T) {
	w := open(t)
	creator, manager := w.member("cleo", access.Grant{Role: access.Creator}), w.member("max", access.Grant{Role: access.Manager})
	ask := func(method, path, body, token string, status int) response {
		t.Helper()
		got := w.ask(request{method, path, body, token, nil})
		if got.status != status {
			t.Errorf("%s %s: %d %s", method, path, got.status, got.body)
		}
		return got
	}
	ask("PATCH", "/approval", `{"mode":"always","remind_hours":4}`, manager, 403)
	ask("PATCH", "/approval", `{"mode":"channels","remind_hours":4}`, w.north.token, 422)
	if got := ask("PATCH", "/approval", `{"mode":"always","remind_hours":4}`, w.north.token, 200); got.text(t, "mode") != "always" {
		t.Error(got.body)
	}
	made := ask("POST", "/posts", `{"text":"We open at nine","channels":["`+w.channel["news"]+`"],"planned_at":"2031-03-01T09:00:00Z"}`, creator, 201)
	id := made.text(t, "id")
	post := "/posts/" + id
	ask("POST", post+"/schedule", `{"at":"2031-03-01T09:00:00Z"}`, creator, 403)
	in := ask("POST", post+"/submit", `{"revision":1,"note":"Please"}`, creator, 200)
	if in.text(t, "state") != "in_review" || in.text(t, "review", "approve_by") != "2031-03-01T09:00:00Z" {
		t.Error(in.body)
	}
	ask("POST", post+"/approve", `{"revision":1}`, creator, 403)
	ask("POST", post+"/approve", `{"revision":2}`, manager, 409)
	ask("POST", post+"/approve", `{"revision":1,"planned_at":"2031-04-01T09:00:00Z"}`, manager, 409)
	ask("POST", post+"/send-back", `{"revision":1,"comment":"Which day?"}`, manager, 200)
	ask("PATCH", post, `{"text":"We open on Sundays","revision":1}`, creator, 200)
	ask("POST", post+"/submit", `{"revision":2}`, creator, 200)
	s := ask("POST", post+"/suggestions", `{"revision":2,"texts":{"":["We open on Sundays at nine"]},"note":"When?"}`, manager, 201).text(t, "id")
	ask("POST", post+"/suggestions/"+s+"/take", "", manager, 403)
	if got := ask("POST", post+"/suggestions/"+s+"/take", "", creator, 200); got.text(t, "state") != "in_review" {
		t.Error(got.body)
	}
	ask("POST", post+"/suggestions/"+s+"/decline", "", creator, 409)
	if got := ask("GET", post+"/suggestions", "", creator, 200); !strings.Contains(got.body, `"taken"`) {
		t.Error(got.body)
	}
	// Sent twice, it is approved once.
	once := request{"POST", post + "/approve", `{"revision":3}`, manager, map[string]string{"Idempotency-Key": "k1"}}
	for range 2 {
		if got := w.ask(once); got.status != 200 || got.text(t, "approval", "kind") != "given" || !strings.Contains(got.body, `"scheduled"`) {
			t.Errorf("%d %s", got.status, got.body)
		}
	}
	steps := ask("GET", post+"/review", "", creator, 200).field(t, "items").([]any)
	if len(steps) != 6 {
		t.Errorf("%d steps: %v", len(steps), steps)
	}
	ask("POST", post+"/withdraw", "", creator, 409)
	ask("POST", "/approval/recall", "", w.north.token, 200)
	ask("GET", post+"/review", "", w.south.token, 404)
}
