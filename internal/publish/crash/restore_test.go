package crash_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/db"
	"rapport/internal/post"
)

// A backup of an hour ago is restored. What went out since must not go out
// again, what did not must, and nothing may before an owner has said so. The
// program's own commands do it all.
func TestBackupOfAnHourAgo(t *testing.T) {
	fileOnly(t)
	const before, since = 6, 6 // sent after the backup; due, but not yet sent when the disk was lost
	for _, honours := range []bool{true, false} {
		t.Run(fmt.Sprintf("honours=%t", honours), func(t *testing.T) {
			n := startNetwork(t, honours)
			h := newHome(t)
			token := h.fill(t, n, before+since)
			command(t, "backup", "--data", h.data, h.path("copy.tar"))

			h.due(t, 0, before, 0)
			server := h.serve(t)
			server.until("the first half is out", func() bool { return len(arrived(t, n)) == before })
			server.until("it is noted", func() bool { return h.count(t, `SELECT COUNT(*) FROM delivery WHERE state = 'published'`) == before })
			server.cmd.Process.Signal(syscall.SIGTERM)
			server.end()
			if err := os.RemoveAll(h.data); err != nil {
				t.Fatal(err)
			}

			command(t, "restore", "--data", h.data, h.path("copy.tar"))
			h.hourAgo(t)
			h.due(t, 0, before+since, -40*time.Minute)
			server = h.serve(t)
			server.until("the restored ones have been asked after", func() bool {
				return h.count(t, `SELECT COUNT(*) FROM delivery WHERE state IN ('sending', 'claimed')`) == 0
			})
			if out := len(arrived(t, n)); out != before {
				t.Errorf("%d posts are out while everything is on hold, want %d", out, before)
			}
			if h.count(t, `SELECT COUNT(*) FROM brand WHERE NOT held`) != 0 {
				t.Error("the restored brand is not on hold")
			}
			server.release(t, token)
			server.until("everything is decided", func() bool {
				return h.count(t, `SELECT COUNT(*) FROM delivery WHERE state NOT IN ('published', 'unknown')`) == 0
			})
			p := place{Options: db.Options{Path: filepath.Join(h.data, "rapport.db")}, Dir: t.TempDir()}
			if honours {
				onceEach(t, p, n, before+since)
				return
			}
			// Here nobody can tell, so nothing that fell due since is sent anew
			// without a person.
			if out := len(arrived(t, n)); out != before {
				t.Errorf("%d posts are out, want %d", out, before)
			}
		})
	}
}

// home is a data folder with its key beside it.
type home struct{ dir, data string }

func newHome(t *testing.T) home {
	dir := t.TempDir()
	return home{dir, filepath.Join(dir, "data")}
}

func (h home) path(name string) string { return filepath.Join(h.dir, name) }

// command runs the program to its end.
func command(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), "RAPPORT_CRASH_ROLE=rapport")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("rapport %s: %v: %s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (h home) open(t *testing.T) *db.DB {
	t.Helper()
	d, err := db.Open(context.Background(), db.Options{Path: filepath.Join(h.data, "rapport.db")})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (h home) count(t *testing.T, query string) (n int) {
	t.Helper()
	d := h.open(t)
	defer d.Close()
	if err := d.QueryRowContext(context.Background(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// fill makes a brand with an owner, a channel and posts for next year, and
// returns a token that may release a hold. The server was up before.
func (h home) fill(t *testing.T, n *net, posts int) (token string) {
	t.Helper()
	server := h.serve(t)
	server.cmd.Process.Signal(syscall.SIGTERM)
	server.end()
	ctx := context.Background()
	p := place{Options: db.Options{Path: filepath.Join(h.data, "rapport.db")}, Dir: h.dir}
	if err := os.Rename(h.data+".key", filepath.Join(h.dir, "key")); err != nil {
		t.Fatal(err)
	}
	b := burst(t, p, n, 1, 0)
	if err := os.Rename(filepath.Join(h.dir, "key"), h.data+".key"); err != nil {
		t.Fatal(err)
	}
	d := h.open(t)
	defer d.Close()
	owner, err := account.Create(ctx, d, access.System(), account.New{Email: "ada@example.com", Name: "Ada", Password: "correct horse battery"},
		func(tx *db.Tx, a account.Account) error {
			return account.Put(ctx, tx, a.ID, access.Grant{Brand: b.ID, Role: access.Owner})
		})
	if err != nil {
		t.Fatal(err)
	}
	who, err := account.As(ctx, d, owner)
	if err != nil {
		t.Fatal(err)
	}
	_, token, err = account.TokenCreate(ctx, d, who, b.ID, account.NewToken{Name: "release", Scopes: []access.Action{access.HoldRelease, access.BrandWrite}})
	if err != nil {
		t.Fatal(err)
	}
	var channel string
	if err := d.QueryRowContext(ctx, `SELECT id FROM channel`).Scan(&channel); err != nil {
		t.Fatal(err)
	}
	for i := range posts {
		p, err := post.Draft(ctx, d, who, b.ID, numbered(i, channel))
		if err == nil {
			_, err = post.Schedule(ctx, d, who, b.ID, p.ID, 0, d.Now().Add(365*24*time.Hour))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return token
}

// due gives some of the deliveries, in the order they were made, a time from
// now.
func (h home) due(t *testing.T, from, to int, in time.Duration) {
	t.Helper()
	h.exec(t, `UPDATE delivery SET due_at = $1, run_at = $1 WHERE id IN (SELECT id FROM delivery ORDER BY id LIMIT $2 OFFSET $3)`,
		db.At(time.Now().Add(in)), to-from, from)
}

// hourAgo makes the restored database one of an hour ago: that was its last
// sign of life.
func (h home) hourAgo(t *testing.T) {
	t.Helper()
	h.exec(t, `UPDATE installation SET value = $1 WHERE key = 'heartbeat'`, fmt.Sprint(int64(db.At(time.Now().Add(-time.Hour)))))
}

func (h home) exec(t *testing.T, query string, args ...any) {
	t.Helper()
	d := h.open(t)
	defer d.Close()
	res, err := d.ExecContext(context.Background(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := res.RowsAffected(); n == 0 {
		t.Fatalf("nothing changed: %s", query)
	}
}

// server is “rapport serve” on a home.
type served struct {
	*running
	address string
}

var addressLine = regexp.MustCompile(`runs at (http://\S+)`)

func (h home) serve(t *testing.T) served {
	t.Helper()
	r := startRole(t, "rapport", []string{"serve", "--data", h.data, "--addr", "127.0.0.1:0"}, "RAPPORT_OUTBOUND_ALLOW=127.0.0.1/32")
	r.says("Rapport runs at")
	return served{r, addressLine.FindStringSubmatch(r.said.String())[1]}
}

// release ends the hold through the API.
func (s served) release(t *testing.T, token string) {
	t.Helper()
	req, _ := http.NewRequest(http.MethodDelete, s.address+"/api/v1/holds/current", bytes.NewReader(nil))
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusNoContent {
		text, _ := io.ReadAll(res.Body)
		t.Fatalf("release: %s: %s", res.Status, text)
	}
}
