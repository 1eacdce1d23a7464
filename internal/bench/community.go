package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/demoworld"
	"rapport/internal/secret"
)

// How large the community is that the pages are measured with.
const (
	townMembers = 5_000
	townTopics  = 20_000
	townReplies = 200_000
)

// town is a served community.
type town struct {
	dir    string
	db     *db.DB
	brand  brand.Brand
	topics []string // addresses of topics in discussions, with a full first page
	member string   // cookie of somebody who is signed in
}

// town opens the community in a folder, and makes it first where there is none:
// that takes minutes, so that a folder is worth keeping.
func (b *bench) town(ctx context.Context, dir string, times int) (*town, error) {
	if dir == "" {
		dir = filepath.Join(b.work, fmt.Sprint("town-", times))
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	t := &town{dir: dir}
	_, missing := os.Stat(filepath.Join(dir, "rapport.db"))
	var err error
	if t.db, err = db.Open(ctx, db.Options{Path: filepath.Join(dir, "rapport.db"), MaxConns: 4}); err != nil {
		return nil, err
	}
	if _, err := t.db.Migrate(ctx); err != nil {
		return nil, err
	}
	if missing != nil {
		w := &world{dir: dir, db: t.db}
		if _, err := secret.Create(dir + ".key"); err != nil {
			return nil, err
		}
		if err := w.people(ctx); err != nil {
			return nil, err
		}
		p := demoworld.Population{Members: townMembers * times, Topics: townTopics * times, Replies: townReplies * times, Progress: func(n int) { fmt.Fprintf(os.Stderr, "\r%d texts", n) }}
		if err := (demoworld.World{DB: t.db}).Populate(ctx, access.System(), w.brand, p); err != nil {
			return nil, err
		}
	}
	return t, t.look(ctx)
}

// look finds the topics to ask for, and signs somebody in.
func (t *town) look(ctx context.Context) error {
	all, err := brand.List(ctx, t.db, access.System())
	if err != nil || len(all) == 0 {
		return errors.Join(err, errors.New("there is no brand"))
	}
	t.brand = all[0]
	// The pages of a demo brand say that they are one's.
	if _, err := t.db.ExecContext(ctx, `UPDATE brand SET demo = FALSE WHERE id = $1`, t.brand.ID); err != nil {
		return err
	}
	rows, err := t.db.QueryContext(ctx, `SELECT '/t/' || t.slug || '/' || t.number FROM topic t JOIN space s ON s.id = t.space_id
		WHERE t.brand_id = $1 AND t.state = 'live' AND t.replies >= 19 AND s.kind = 'discussion' AND NOT s.hidden ORDER BY t.number`, t.brand.ID)
	if t.topics, err = db.Collect(rows, err, scanText); err != nil {
		return err
	}
	some, err := t.accounts(ctx, 1)
	if err == nil {
		t.member, err = t.cookie(ctx, some[0])
	}
	return err
}

// accounts are those of so many members who are no newcomers any more, and have
// written nothing lately: nobody may write much within ten minutes.
func (t *town) accounts(ctx context.Context, n int) ([]string, error) {
	rows, err := t.db.QueryContext(ctx, `SELECT m.account_id FROM member m WHERE m.brand_id = $1 AND m.state = 'active' AND m.posts >= 5 AND m.account_id <> ''
		AND NOT EXISTS (SELECT 1 FROM reply r WHERE r.brand_id = $1 AND r.author_id = m.id AND r.at > $3) ORDER BY m.posts DESC, m.id LIMIT $2`,
		t.brand.ID, n, t.db.Now().Add(-11*time.Minute))
	ids, err := db.Collect(rows, err, scanText)
	if err == nil && len(ids) < n {
		err = fmt.Errorf("%d of %d members can be signed in", len(ids), n)
	}
	return ids, err
}

// cookie signs an account in.
func (t *town) cookie(ctx context.Context, id string) (string, error) {
	a, err := account.ByID(ctx, t.db, id)
	if err != nil {
		return "", err
	}
	_, token, err := account.Begin(ctx, t.db, a, account.Meta{Address: "127.0.0.1", Agent: "bench"})
	return "rapport=" + token, err
}

func (b *bench) serveTown(ctx context.Context, t *town, flags ...string) (*process, error) {
	return b.launch(ctx, nil, append([]string{"serve", "--data", t.dir, "--key-file", t.dir + ".key", "--addr", "127.0.0.1:0", "--log-level", "warn"}, flags...)...)
}

// serveLimit starts the limit beside a server.
func (b *bench) serveLimit(ctx context.Context, t *town, server *process) (*process, error) {
	binary := b.binary
	defer func() { b.binary = binary }()
	b.binary = b.limit
	return b.launch(ctx, nil, "-db", filepath.Join(t.dir, "rapport.db"), "-public", server.address, "-addr", "127.0.0.1:0")
}

const (
	clients  = 8
	eachTime = 4 * time.Second
	rounds   = 3
)

// rates asks each in turn, some times, so that what else the machine does falls
// on all of them, and returns answers a second.
func rates(ctx context.Context, all map[string]load) (map[string]float64, error) {
	out := map[string]float64{}
	for round := range rounds + 1 {
		for name, l := range all {
			within := eachTime
			if round == 0 {
				within = time.Second // to warm up; not counted
			}
			got, err := l.run(ctx, within, false)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			if round > 0 {
				out[name] += got.perSecond() / rounds
			}
		}
	}
	return out, nil
}

// limits measures the pages against the least that sends the same.
func limits(ctx context.Context, b *bench) error {
	t, err := b.town(ctx, b.folder, 1)
	if err != nil {
		return err
	}
	defer t.db.Close()
	server, err := b.serveTown(ctx, t, "--page-memory", "0")
	if err != nil {
		return err
	}
	limit, err := b.serveLimit(ctx, t, server)
	if err != nil {
		server.stop()
		return err
	}
	defer limit.kill()
	if err := same(server.address, limit.address, append([]string{"/"}, t.topics[:20]...)); err != nil {
		server.stop()
		return err
	}
	few := t.topics[:min(len(t.topics), 1000)]
	got, err := rates(ctx, map[string]load{
		"hello":        {limit.address, []string{"/hello"}, "", clients},
		"limit topic":  {limit.address, few, "", clients},
		"limit latest": {limit.address, []string{"/"}, "", clients},
		"topic":        {server.address, few, "", clients},
		"latest":       {server.address, []string{"/"}, "", clients},
		"signed in":    {server.address, few, t.member, clients},
	})
	server.stop()
	if err != nil {
		return err
	}
	if server, err = b.serveTown(ctx, t); err != nil {
		return err
	}
	defer server.stop()
	kept, err := rates(ctx, map[string]load{"limit": {limit.address, few, "", clients}, "kept": {server.address, few[:min(len(few), 200)], "", clients}})
	if err != nil {
		return err
	}
	for _, name := range []string{"hello", "limit topic", "limit latest", "topic", "latest", "signed in"} {
		b.add(row{what: "  " + name + ", answers a second", value: got[name]})
	}
	b.add(row{what: "  topic from memory, answers a second", value: kept["kept"]})
	b.addLeast(row{what: "limit of a topic, of a bare hello", value: 100 * got["limit topic"] / got["hello"], unit: "%"}, 8)
	b.addLeast(row{what: "topic, made anew, of the limit", value: 100 * got["topic"] / got["limit topic"], unit: "%"}, 60)
	b.addLeast(row{what: "latest, made anew, of the limit", value: 100 * got["latest"] / got["limit latest"], unit: "%"}, 60)
	b.addLeast(row{what: "topic, signed in, of the limit", value: 100 * got["signed in"] / got["limit topic"], unit: "%"}, 40)
	b.addLeast(row{what: "topic from memory, of the limit", value: 100 * kept["kept"] / kept["limit"], unit: "%"}, 300)
	return nil
}

// same makes sure that both send the same.
func same(server, limit string, paths []string) error {
	for _, path := range paths {
		var pages [3][]byte
		for i, address := range []string{server, limit, server} { // the server again: a minute may have passed
			res, err := http.Get(address + path)
			if err != nil {
				return err
			}
			pages[i], err = io.ReadAll(res.Body)
			res.Body.Close()
			if err != nil {
				return err
			}
			if res.StatusCode != http.StatusOK {
				return fmt.Errorf("%s%s: %s", address, path, res.Status)
			}
		}
		if !bytes.Equal(pages[0], pages[1]) && !bytes.Equal(pages[1], pages[2]) {
			return fmt.Errorf("%s: the limit sends %d bytes where Rapport sends %d, or others", path, len(pages[1]), len(pages[0]))
		}
	}
	return nil
}

// growth takes how long pages and searches take one after the other, in the
// community and in one ten times as large.
func growth(ctx context.Context, b *bench) error {
	small, err := b.times(ctx, b.folder, 1)
	if err != nil {
		return err
	}
	large, err := b.times(ctx, b.folder10, 10)
	if err != nil {
		return err
	}
	for _, name := range []string{"topic", "latest", "signed in"} {
		one, ten := quantile(small[name], 0.5), quantile(large[name], 0.5)
		b.add(row{what: "  " + name + ", median", value: ms(one), unit: "ms"})
		b.add(row{what: name + ", median with ten times the data", value: float64(ten) / float64(one), most: 1.5, unit: "times"})
	}
	for _, name := range searchNames {
		b.add(row{what: "  search " + name + ", 95 %", value: ms(quantile(small[name], 0.95)), unit: "ms"})
		b.add(row{what: "  search " + name + ", 95 % with ten times the data", value: ms(quantile(large[name], 0.95)), unit: "ms"})
		small["search"], large["search"] = append(small["search"], some(small[name])...), append(large["search"], some(large[name])...)
	}
	b.add(row{what: "search, 95 %", value: ms(quantile(small["search"], 0.95)), most: 50, unit: "ms"})
	b.add(row{what: "search with ten times the data, 95 %", value: ms(quantile(large["search"], 0.95)), most: 50, unit: "ms"})
	return nil
}

// searches are what is looked for, newest first and the best first.
var (
	searchNames = []string{"newest", "best", "newest of two words", "best of two words", "newest of a rare word", "best of a rare word", "newest phrase", "best phrase", "three common words", "none"}
	searches    = map[string][]string{
		"newest":                {"/search?q=coffee&sort=newest", "/search?q=grinder&sort=newest", "/search?q=water&sort=newest"},
		"best":                  {"/search?q=coffee", "/search?q=grinder", "/search?q=water"},
		"newest of two words":   {"/search?q=coffee+water&sort=newest", "/search?q=fine+paper&sort=newest"},
		"best of two words":     {"/search?q=coffee+water", "/search?q=fine+paper"},
		"newest of a rare word": {"/search?q=4711&sort=newest", "/search?q=1907&sort=newest", "/search?q=815&sort=newest"},
		"best of a rare word":   {"/search?q=4711", "/search?q=1907", "/search?q=815"},
		"newest phrase":         {"/search?q=%22short+answer+first%22&sort=newest", "/search?q=%22my+notes+say%22&sort=newest"},
		"best phrase":           {"/search?q=%22short+answer+first%22", "/search?q=%22my+notes+say%22", "/search?q=%22i+have+the%22"},
		"three common words":    {"/search?q=the+is+and", "/search?q=it+with+the"},
		"none":                  {"/search?q=zebracrossing&sort=newest"},
	}
)

// some are as many of each kind, so that what is quick and so was asked more
// often does not count more.
func some(all []time.Duration) []time.Duration { return all[:min(len(all), 30)] }

func (b *bench) times(ctx context.Context, folder string, times int) (map[string][]time.Duration, error) {
	t, err := b.town(ctx, folder, times)
	if err != nil {
		return nil, err
	}
	defer t.db.Close()
	server, err := b.serveTown(ctx, t, "--page-memory", "0")
	if err != nil {
		return nil, err
	}
	defer server.stop()
	few := t.topics[:min(len(t.topics), 1000)]
	out := map[string][]time.Duration{}
	all := map[string]load{"topic": {server.address, few, "", 1}, "latest": {server.address, []string{"/"}, "", 1}, "signed in": {server.address, few, t.member, 1}}
	for name, paths := range searches {
		all[name] = load{server.address, paths, "", 1}
	}
	for name, l := range all {
		if _, err := l.run(ctx, time.Second, false); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		got, err := l.run(ctx, eachTime, true)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		rand.Shuffle(len(got.took), func(i, j int) { got.took[i], got.took[j] = got.took[j], got.took[i] })
		out[name] = got.took
	}
	return out, nil
}
