package web_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"testing"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/web/webtest"
)

// listener is a program that takes webhooks and answers as it is told.
func listener(t *testing.T, status *int) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(*status)
		_, _ = io.WriteString(w, webtest.Evil)
	}))
	t.Cleanup(s.Close)
	return s
}

func TestWebhooksTeachWhileThereAreNone(t *testing.T) {
	s := webtest.New(t)
	s.Get(s.Path("settings", "webhooks")).Is(200).Has("main .empty", "will be listed here").Has(".empty a[href$='/webhooks/new']", "Add a webhook")
	p := s.Get(s.Path("settings", "webhooks", "new")).Is(200)
	p.Has("input[name=url][required]").Has("input[name=events][value='post.saved'][checked]").Has("legend", "Deliveries", "Conversations")
}

func TestWebhookFromFormToLog(t *testing.T) {
	s := webtest.New(t)
	status := 500
	hook := listener(t, &status)
	form := []string{"url", hook.URL + "/x?key=1", "about", webtest.Evil, "events", "post.saved", "events", "hold.changed"}

	bad := s.Post(s.Path("settings", "webhooks"), "url", "http://93.184.216.34/", "about", "Kept", "events", "hold.changed").Is(http.StatusUnprocessableEntity)
	bad.Has("#url-error", "https://").Has("input[name=url][value='http://93.184.216.34/']").Has("input[name=about][value=Kept]")
	bad.Has("input[value='hold.changed'][checked]").Lacks("input[value='post.saved'][checked]")
	s.Post(s.Path("settings", "webhooks"), "url", hook.URL).Is(http.StatusUnprocessableEntity).Has("#events-error", "at least one")

	made := s.Post(s.Path("settings", "webhooks"), form...).Is(200)
	first := made.Text("#new-secret")
	if !strings.HasPrefix(first, "whsec_") {
		t.Fatalf("secret %q", first)
	}
	made.Has("main", webtest.Evil).Lacks("main script")
	list := s.Get(s.Path("settings", "webhooks")).Is(200).Has(".row", "127.0.0.1", "2 events", "nothing sent yet").Has(".row .state", "active")
	at := list.Attr(".row-title", "href")
	show := s.Get(at).Is(200).Lacks("#new-secret").Has(".facts", "post.saved", "hold.changed", "Ada Lind").Has("main .empty", "Send a test")
	if strings.Contains(show.Body, first) {
		t.Error("the secret is shown again")
	}

	s.Post(at+"/test").Is(200).Has(".notice[data-tone=warn]", "did not arrive", "500", webtest.Evil).Has(".row .state", "given up").Lacks("main script")
	s.Get(at).Has(".facts .state", "failing").Has(".facts", "Failing since")
	status = 204
	s.Post(at+"/test").Is(200).Has(".notice[data-tone=good]", "The test arrived", "204")
	s.Get(at+"?state=failed").Has(".row .state", "given up").Has(".segmented [aria-current]", "given up")
	s.Get(at+"?state=waiting").Has("main .empty", "No call is like that").Lacks(".row")
	s.Get(at + "?state=eaten").Is(http.StatusUnprocessableEntity)

	second := s.Post(at+"/rotate").Is(200).Has(".notice", "both secrets").Text("#new-secret")
	if second == first || !strings.HasPrefix(second, "whsec_") {
		t.Errorf("new secret %q", second)
	}
	s.Get(at).Has(".facts", "signs as well until")
	s.Follow(s.Post(at+"/pause")).Has(".facts .state", "paused").Has("form[action$='/resume']")
	s.Follow(s.Post(at+"/resume")).Has(".facts .state", "active").Has("form[action$='/pause']")

	s.Get(at + "/edit").Has("input[name=url]").Has("input[value='post.saved'][checked]").Lacks("input[value='media.added'][checked]")
	s.Follow(s.Post(at+"/edit", "url", hook.URL, "events", "media.added")).Has(".facts", "media.added")
	s.Post(at+"/edit", "url", "nonsense", "events", "media.added").Is(http.StatusUnprocessableEntity).Has("input[value=nonsense]")

	host := strings.TrimPrefix(hook.URL, "http://")
	s.Post(at+"/remove", "confirm", "something").Is(http.StatusUnprocessableEntity).Has("#confirm-error", host)
	s.Follow(s.Post(at+"/remove", "confirm", host)).Has("main .empty")
	s.Get(at).Is(http.StatusNotFound)
}

// A call's page tells each try, and lets it be sent again.
func TestWebhookCall(t *testing.T) {
	s := webtest.New(t)
	status := 503
	hook := listener(t, &status)
	s.Post(s.Path("settings", "webhooks"), "url", hook.URL, "events", "post.saved").Is(200)
	at := s.Get(s.Path("settings", "webhooks")).Attr(".row-title", "href")
	exec(t, s.DB, `INSERT INTO webhook_call (id, brand_id, webhook_id, event_id, type, body, state, tries, next_at, status, created_at)
		VALUES ('msg_1', $1, $2, 'e', 'post.saved', '{"type":"post.saved","data":{"id":"<p>"}}', 'failed', 1, 1, 503, $3)`, s.Brand.ID, path.Base(at), s.DB.Now())
	exec(t, s.DB, `INSERT INTO webhook_try (id, call_id, at, took_ms, status, answer, error) VALUES ('t', 'msg_1', $1, 431, 503, $2, 'The receiver answered 503.')`, s.DB.Now(), webtest.Evil)
	p := s.Get(at + "/calls/msg_1").Is(200)
	p.Has("h1", "post.saved").Has(".facts", "msg_1", "given up").Has(".hook-try", "503", "431 ms", webtest.Evil).Has("pre", `"id": "<p>"`).Lacks("main script")
	s.Follow(s.Post(at+"/calls/msg_1/again")).Has(".facts .state", "waiting")
	s.Get(at + "/calls/msg_2").Is(http.StatusNotFound)
}

func TestWebhooksAreForOwners(t *testing.T) {
	s := webtest.New(t)
	status := 200
	hook := listener(t, &status)
	s.Post(s.Path("settings", "webhooks"), "url", hook.URL, "events", "post.saved").Is(200)
	at := s.Get(s.Path("settings", "webhooks")).Attr(".row-title", "href")
	mine := s.Brand
	guest := s.NewAccount("mia@example.com", "Mia")
	if err := account.Give(t.Context(), s.DB, access.System(), guest.ID, access.Grant{Brand: mine.ID, Role: access.Manager}); err != nil {
		t.Fatal(err)
	}
	s.SignIn(guest)
	s.Get(s.Path("settings", "brand")).Lacks("a[href$='/settings/webhooks']")
	for _, one := range []string{"", "/edit", "/remove", "/calls/x"} {
		s.Get(at + one).Is(http.StatusForbidden)
	}
	s.Get(s.Path("settings", "webhooks", "new")).Is(http.StatusForbidden)
	for _, one := range []string{"/test", "/pause", "/resume", "/rotate", "/edit", "/remove", "/calls/x/again"} {
		s.Post(at + one).Is(http.StatusForbidden)
	}
	other := s.NewBrand("South")
	s.Brand = other
	s.Get(s.Path("settings", "webhooks", path.Base(at))).Is(http.StatusNotFound)
	s.Post(s.Path("settings", "webhooks", path.Base(at), "test")).Is(http.StatusNotFound)
}
