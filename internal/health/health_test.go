package health_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rapport/internal/blob"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/health"
	"rapport/internal/job"
	"rapport/internal/mail"
	"rapport/internal/outbox"
	"rapport/internal/secret"
)

func looker(t *testing.T) *health.Looker {
	t.Helper()
	folder := t.TempDir()
	file := filepath.Join(folder, "key")
	if _, err := secret.Create(file); err != nil {
		t.Fatal(err)
	}
	l := &health.Looker{DB: dbtest.Open(t), Data: folder, KeyFile: file, Version: "test"}
	if _, err := job.New(t.Context(), l.DB, job.NewWorkers(), job.Options{}); err != nil {
		t.Fatal(err)
	}
	return l
}

func find(t *testing.T, all []health.Finding, part string) health.Finding {
	t.Helper()
	for _, f := range all {
		if f.Part == part {
			return f
		}
	}
	t.Fatalf("nothing is said of %s", part)
	return health.Finding{}
}

func TestAllIsWell(t *testing.T) {
	for _, f := range looker(t).Look(t.Context()) {
		if f.Ill || f.Text == "" || f.Part == "" {
			t.Errorf("%+v", f)
		}
	}
}

// Each trouble is seen, and its words say what to do.
func TestTroubles(t *testing.T) {
	sick := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	defer sick.Close()
	for _, c := range []struct {
		part, has string
		make      func(t *testing.T, l *health.Looker)
	}{
		{"disk", "cannot be looked at", func(_ *testing.T, l *health.Looker) { l.Data = filepath.Join(l.Data, "gone") }},
		{"keys", "no key file", func(_ *testing.T, l *health.Looker) { l.KeyFile += "x" }},
		{"keys", "chmod 600", func(t *testing.T, l *health.Looker) {
			if err := os.Chmod(l.KeyFile, 0o640); err != nil {
				t.Fatal(err)
			}
		}},
		{"keys", "1 of 1 sealed secrets open with no key", func(t *testing.T, l *health.Looker) {
			exec(t, l.DB, `INSERT INTO certificate (name, data, updated_at) VALUES ('x', 'v1.0badcafe.AAAA', 1)`)
		}},
		{"address", "does not answer", func(_ *testing.T, l *health.Looker) { l.Public = &url.URL{Scheme: "http", Host: "127.0.0.1:1"} }},
		{"address", "status 403", func(_ *testing.T, l *health.Looker) {
			l.Public = &url.URL{Scheme: "http", Host: strings.TrimPrefix(sick.URL, "http://")}
		}},
		{"media", "does not let us use", func(t *testing.T, l *health.Looker) {
			var err error
			if l.Media, err = blob.OpenS3(secret.Text("s3://K:S@" + strings.TrimPrefix(sick.URL, "http://") + "/media?insecure")); err != nil {
				t.Fatal(err)
			}
		}},
		{"mail", "cannot be reached", func(t *testing.T, l *health.Looker) {
			var err error
			if l.Mail, err = mail.NewSMTP(mail.Server{URL: "smtp://127.0.0.1:1", From: "a@example.org"}); err != nil {
				t.Fatal(err)
			}
		}},
		{"news", "1 wait, the oldest for 1h0m0s", func(t *testing.T, l *health.Looker) {
			if err := l.DB.Tx(t.Context(), func(tx *db.Tx) error { return outbox.Add(t.Context(), tx, outbox.Event{Kind: "x.done"}) }); err != nil {
				t.Fatal(err)
			}
			l.DB.SetClock(time.UnixMilli(int64(l.DB.Now())).Add(time.Hour))
			exec(t, l.DB, `UPDATE outbox SET created_at = $1`, l.DB.Now().Add(-time.Hour))
		}},
		{"webhooks", "1 of 2 fail", func(t *testing.T, l *health.Looker) {
			exec(t, l.DB, `INSERT INTO brand (id, slug, name, color, zone, created_at) VALUES ('b', 'acme', 'Acme', '#336699', 'UTC', 1)`)
			exec(t, l.DB, `INSERT INTO webhook (id, brand_id, url, events, state, secret, created_at, updated_at)
				VALUES ('1', 'b', 'https://x.example', '[]', 'active', '', 1, 1), ('2', 'b', 'https://y.example', '[]', 'disabled', '', 1, 1)`)
		}},
	} {
		t.Run(c.part+" "+c.has, func(t *testing.T) {
			l := looker(t)
			c.make(t, l)
			if f := find(t, l.Look(t.Context()), c.part); !f.Ill || !strings.Contains(f.Text, c.has) {
				t.Errorf("%+v", f)
			}
		})
	}
}

func exec(t *testing.T, d *db.DB, query string, args ...any) {
	t.Helper()
	if _, err := d.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
}
