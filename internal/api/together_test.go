package api_test

import (
	"fmt"
	"testing"
)

func TestWorkTogether(t *testing.T) {
	w := open(t)
	p := w.post(`{"text":"One"}`)
	north, south, reader := w.north.token, w.south.token, w.north.reader
	talk, _ := w.hear("@mira", "Where is it?")
	comment := w.ask(request{"POST", "/posts/" + p + "/comments", `{"text":"Is it so?"}`, north, nil}).text(t, "id")
	one := w.ask(request{"POST", "/tasks", fmt.Sprintf(`{"title":"Ask","subject_kind":"conversation","subject":%q,"assignee":%q,"due_at":"2026-03-29T09:00:00Z"}`, talk, w.north.owner.ID), north, nil}).text(t, "id")
	note := w.ask(request{"POST", "/handovers", `{"text":"All quiet"}`, north, nil}).text(t, "id")
	_, err := w.d.ExecContext(ctx, `INSERT INTO notification (id, brand_id, account_id, kind, subject, text, href, source, created_at) VALUES ('n', $1, $2, 'task.due', '', 'Due', '/studio', 'x', 1)`, w.north.brand, w.north.owner.ID)
	must(t, err)
	for _, c := range []struct {
		method, path, body, token string
		status                    int
	}{
		{"GET", "/posts/" + p + "/comments", "", reader, 200},
		{"POST", "/posts/" + p + "/comments", `{"text":"x"}`, reader, 403},
		{"POST", "/posts/" + p + "/comments", `{"text":"x","part":7}`, north, 422},
		{"GET", "/posts/" + p + "/comments", "", south, 404},
		{"PATCH", "/comments/" + comment, `{"text":"It is","resolved":true}`, north, 200},
		{"PATCH", "/comments/" + comment, `{"resolved":false}`, south, 404},
		{"DELETE", "/comments/" + comment, "", south, 404},
		{"DELETE", "/comments/" + comment, "", north, 200},
		{"GET", "/tasks?assignee=" + w.north.owner.ID, "", reader, 200},
		{"GET", "/tasks/" + one, "", north, 200},
		{"GET", "/tasks/" + one, "", south, 404},
		{"PATCH", "/tasks/" + one, `{"revision":1,"title":"Ask again","whenever":true}`, north, 200},
		{"PATCH", "/tasks/" + one, `{"revision":1,"title":"Late"}`, north, 409},
		{"POST", "/tasks/" + one + "/done", "", north, 200},
		{"GET", "/tasks?done=true", "", north, 200},
		{"POST", "/tasks/" + one + "/reopen", "", north, 200},
		{"DELETE", "/tasks/" + one, "", north, 204},
		{"GET", "/tasks/" + one, "", north, 404},
		{"GET", "/handovers", "", reader, 200},
		{"POST", "/handovers", `{"text":"Covered"}`, north, 409},
		{"POST", "/handovers", fmt.Sprintf(`{"text":"Next","latest":%q}`, note), north, 201},
		{"POST", "/handovers/" + note + "/seen", "", north, 204},
		{"POST", "/handovers/" + note + "/seen", "", south, 404},
		{"GET", "/notifications?topic=task.due&unread=true", "", north, 200},
		{"GET", "/notifications?topic=weather", "", north, 422},
		{"POST", "/notifications/read", `{"ids":["n"]}`, north, 204},
		{"POST", "/notifications/n/unread", "", north, 204},
		{"POST", "/notifications/n/unread", "", south, 404},
		{"GET", "/notification-settings", "", north, 200},
		{"PATCH", "/notification-settings", `{"topics":[{"topic":"mention","studio":true,"mail":false,"digest":true}],"digest":{"every":"week","weekday":1,"hour":9}}`, north, 200},
		{"PATCH", "/notification-settings", `{"topics":[{"topic":"weather","studio":true,"mail":false,"digest":true}],"digest":{"every":"week","weekday":1,"hour":9}}`, north, 422},
	} {
		if got := w.ask(request{c.method, c.path, c.body, c.token, nil}); got.status != c.status {
			t.Errorf("%s %s %s: %d %s, want %d", c.method, c.path, c.body, got.status, got.body, c.status)
		}
	}
}
