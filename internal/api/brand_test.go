package api_test

import (
	"net/http"
	"strings"
	"testing"
)

// A brand's settings change one by one, and what cannot be is said at its name.
func TestBrandSettings(t *testing.T) {
	w := open(t, start)
	ask := func(method, path, body string) response {
		t.Helper()
		w.t = t
		return w.ask(request{method, path, body, w.north.token, nil})
	}
	was := ask("GET", "/brand", "")
	if was.status != http.StatusOK || was.text(t, "color") == "" {
		t.Fatalf("%d %s", was.status, was.body)
	}
	got := ask("PATCH", "/brand", `{"zone":"Europe/Vienna","tolerance":30}`)
	if got.status != http.StatusOK || got.text(t, "zone") != "Europe/Vienna" || got.text(t, "name") != was.text(t, "name") || !strings.Contains(got.body, `"tolerance":30`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	for body, field := range map[string]string{
		`{"zone":"Mars/North"}`: "zone", `{"color":"teal"}`: "color", `{"language":"no language"}`: "language", `{"name":""}`: "name",
		`{"retention":7}`: "retention", `{"tolerance":0}`: "tolerance", `{"nonsense":1}`: "nonsense",
	} {
		if got := ask("PATCH", "/brand", body); got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, field) {
			t.Errorf("%s: %d %s", body, got.status, got.body)
		}
	}
	if got := ask("GET", "/brand", ""); got.text(t, "zone") != "Europe/Vienna" || got.text(t, "name") != was.text(t, "name") {
		t.Errorf("after what was refused: %s", got.body)
	}
	if got := ask("PATCH", "/brand/keeping", `{"activity":90,"letters":0}`); got.status != http.StatusOK || !strings.Contains(got.body, `"keeping":{"activity":90,"letters":0}`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := ask("PATCH", "/brand/keeping", `{"activity":7,"letters":0}`); got.status != http.StatusUnprocessableEntity {
		t.Errorf("%d %s", got.status, got.body)
	}
	picture := request{"POST", "/brand/logo", "", w.north.token, map[string]string{}}
	picture.body, picture.header["Content-Type"] = upload(t, 1)
	if got := w.ask(picture); got.status != http.StatusOK || !strings.Contains(got.body, `"logo":true`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	picture.body, picture.header["Content-Type"] = "no picture", "image/png"
	if got := w.ask(picture); got.status != http.StatusUnprocessableEntity {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := w.ask(request{"GET", "/brand", "", w.south.token, nil}); got.status == http.StatusOK && strings.Contains(got.body, "Vienna") {
		t.Errorf("another brand's token reads %s", got.body)
	}
	if got := ask("DELETE", "/brand/logo", ""); got.status != http.StatusNoContent {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := ask("GET", "/brand", ""); !strings.Contains(got.body, `"logo":false`) {
		t.Errorf("%s", got.body)
	}
}
