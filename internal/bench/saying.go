package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/member"
	"rapport/internal/topic"
)

// speaker is a member with a topic to reply to.
type speaker struct {
	account, topic, path string
	cookie               string
}

func (t *town) speakers(ctx context.Context, n int) ([]speaker, error) {
	accounts, err := t.accounts(ctx, n)
	if err != nil {
		return nil, err
	}
	rows, err := t.db.QueryContext(ctx, `SELECT t.id, '/t/' || t.slug || '/' || t.number FROM topic t JOIN space s ON s.id = t.space_id
		WHERE t.brand_id = $1 AND t.state = 'live' AND t.closed_at = 0 AND NOT s.hidden ORDER BY t.last_at DESC LIMIT $2`, t.brand.ID, n)
	out, err := db.Collect(rows, err, func(r *sql.Rows) (s speaker, err error) { return s, r.Scan(&s.topic, &s.path) })
	for i := range out {
		out[i].account = accounts[i]
	}
	return out, err
}

// saying compares what a reply takes, from its text to the row that tells of it,
// with writing the same rows alone.
func saying(ctx context.Context, b *bench) error {
	const times, batches = 200, 5
	t, err := b.town(ctx, b.folder, 1)
	if err != nil {
		return err
	}
	defer t.db.Close()
	all, err := t.speakers(ctx, times)
	if err != nil {
		return err
	}
	voices := make([]member.Voice, times)
	for i, s := range all {
		if voices[i], err = member.Of(ctx, t.db, access.Who{Account: s.account}, t.brand.ID); err != nil {
			return err
		}
	}
	raw, err := sql.Open("sqlite", "file:"+t.dir+"/rapport.db?_txlock=immediate&_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=foreign_keys(1)&_pragma=synchronous(NORMAL)&_pragma=temp_store(MEMORY)&_pragma=cache_size(-4000)")
	if err != nil {
		return err
	}
	defer raw.Close()
	raw.SetMaxOpenConns(1)
	var whole, bare time.Duration
	for range batches {
		marks, err := marks(ctx, raw)
		if err != nil {
			return err
		}
		began := time.Now()
		for i, s := range all {
			if _, err := topic.Say(ctx, t.db, voices[i], s.topic, sentence(i), 0, ""); err != nil {
				return err
			}
		}
		whole += time.Since(began)
		took, err := again(ctx, raw, marks, times)
		if err != nil {
			return err
		}
		bare += took
	}
	b.add(row{what: "  a reply, with everything", value: whole.Seconds() * 1000 / (times * batches), unit: "ms"})
	b.add(row{what: "  its rows alone", value: bare.Seconds() * 1000 / (times * batches), unit: "ms"})
	b.addLeast(row{what: "replies, of bare inserts of the same rows", value: 100 * bare.Seconds() / whole.Seconds(), unit: "%"}, 50)
	return nil
}

func sentence(i int) string {
	return fmt.Sprintf("Number %d: I have ground it finer, %d g in and 32 seconds, and it was **sweeter** than before. See [how it went](https://example.org/%d), or what @nobody says.", i, 14+i%8, rand.IntN(1e9))
}

// written are the tables that a reply adds a row to.
var written = []string{"reply", "search_doc", "activity", "activity_fresh", "outbox"}

func marks(ctx context.Context, raw *sql.DB) (map[string]int64, error) {
	out := map[string]int64{}
	for _, table := range written {
		var at int64
		if err := raw.QueryRowContext(ctx, `SELECT COALESCE(MAX(rowid), 0) FROM `+table).Scan(&at); err != nil {
			return nil, err
		}
		out[table] = at
	}
	return out, nil
}

// again takes the newest rows away and writes them once more with nothing else,
// each reply in a transaction as before. The words for searching cannot be read
// back: as many others are written.
func again(ctx context.Context, raw *sql.DB, marks map[string]int64, times int) (time.Duration, error) {
	rows := map[string][][]any{}
	inserts := map[string]*sql.Stmt{}
	for _, table := range written {
		some, columns, err := rest(ctx, raw, table, marks[table])
		if err != nil || len(some) < times {
			return 0, errors.Join(err, fmt.Errorf("%s: %d rows of %d replies", table, len(some), times))
		}
		rows[table] = some
		insert := `INSERT INTO ` + table + ` (` + strings.Join(columns, ", ") + `) VALUES (` + strings.TrimSuffix(strings.Repeat("?, ", len(columns)), ", ") + `)`
		if inserts[table], err = raw.PrepareContext(ctx, insert); err != nil {
			return 0, err
		}
		defer inserts[table].Close()
	}
	for _, table := range written {
		if _, err := raw.ExecContext(ctx, `DELETE FROM `+table+` WHERE rowid > ?`, marks[table]); err != nil {
			return 0, err
		}
	}
	others := map[string]string{
		"words":  `INSERT INTO search_word (rowid, words) VALUES (?, ?)`,
		"topic":  `UPDATE topic SET replies = replies, heat = heat, last_number = last_number, last_at = last_at, last_by = last_by, answered_at = answered_at WHERE id = ?`,
		"member": `UPDATE member SET posts = posts WHERE id = ?`,
		"watch":  `UPDATE watch SET seen = seen + 1 WHERE member_id = ? AND subject = ?`,
	}
	for name, query := range others {
		st, err := raw.PrepareContext(ctx, query)
		if err != nil {
			return 0, err
		}
		defer st.Close()
		inserts[name] = st
	}
	began := time.Now()
	for i := range times {
		tx, err := raw.BeginTx(ctx, nil)
		if err != nil {
			return 0, err
		}
		do := func(name string, args ...any) {
			if err == nil {
				_, err = tx.StmtContext(ctx, inserts[name]).ExecContext(ctx, args...)
			}
		}
		for _, table := range written {
			do(table, rows[table][i]...)
		}
		reply := rows["reply"][i]
		do("words", rows["search_doc"][i][0], likely(fmt.Sprint(rows["search_doc"][i][7])))
		do("topic", reply[2])
		do("member", reply[5])
		do("watch", reply[5], reply[2])
		if err = errors.Join(err, tx.Commit()); err != nil {
			return 0, err
		}
	}
	return time.Since(began), nil
}

// likely are as many words as a text of a reply has in the index: all once, and
// those of its first hundred characters twice.
func likely(text string) string {
	var b strings.Builder
	for i, word := range strings.Fields(strings.ToLower(text)) {
		fmt.Fprintf(&b, "aaaar%s ", word)
		if i < 18 {
			fmt.Fprintf(&b, "aaaal%s ", word)
		}
	}
	b.WriteString("aaaaspace aaaaauthor")
	return b.String()
}

func rest(ctx context.Context, raw *sql.DB, table string, after int64) (out [][]any, columns []string, err error) {
	rows, err := raw.QueryContext(ctx, `SELECT * FROM `+table+` WHERE rowid > ? ORDER BY rowid`, after)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	if columns, err = rows.Columns(); err != nil {
		return nil, nil, err
	}
	for rows.Next() {
		values, to := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			to[i] = &values[i]
		}
		if err := rows.Scan(to...); err != nil {
			return nil, nil, err
		}
		out = append(out, values)
	}
	return out, columns, rows.Err()
}

// chorus sends 200 replies a second for a minute, each by somebody who is signed
// in, as their browser would, whether earlier ones are answered or not.
func chorus(ctx context.Context, b *bench) error {
	const each, within, voices = 200, time.Minute, 600
	t, err := b.town(ctx, b.folder, 1)
	if err != nil {
		return err
	}
	defer t.db.Close()
	all, err := t.speakers(ctx, voices)
	if err != nil {
		return err
	}
	for i := range all {
		if all[i].cookie, err = t.cookie(ctx, all[i].account); err != nil {
			return err
		}
	}
	server, err := b.serveTown(ctx, t)
	if err != nil {
		return err
	}
	defer server.stop()
	many := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 200, MaxConnsPerHost: 200},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	mark := fmt.Sprintf("chorus%d", time.Now().UnixNano())
	var mu sync.Mutex
	var took []time.Duration
	var failed []error
	var wg sync.WaitGroup
	began := time.Now()
	for i := range int(within.Seconds()) * each {
		due := began.Add(time.Duration(i) * time.Second / each)
		time.Sleep(time.Until(due))
		wg.Go(func() {
			err := all[i%voices].say(many, server.address, fmt.Sprintf("%s number%dend", mark, i))
			mu.Lock()
			defer mu.Unlock()
			took = append(took, time.Since(due))
			if err != nil {
				failed = append(failed, err)
			}
		})
	}
	wg.Wait()
	b.add(row{what: "  sent within", value: time.Since(began).Seconds(), unit: "s"})
	if len(failed) > 0 {
		return fmt.Errorf("%d replies were refused: %w", len(failed), failed[0])
	}
	var there, twice int
	if err := t.db.QueryRowContext(ctx, `SELECT COUNT(DISTINCT text), COUNT(*) - COUNT(DISTINCT text) FROM reply WHERE brand_id = $1 AND created_at >= $2 AND text LIKE $3`,
		t.brand.ID, db.At(began.Add(-time.Second)), mark+" %").Scan(&there, &twice); err != nil {
		return err
	}
	sent := int(within.Seconds()) * each
	b.add(row{what: "  a reply among 200 a second, median", value: ms(quantile(took, 0.5)), unit: "ms"})
	b.add(row{what: "a reply among 200 a second, 99 %", value: ms(quantile(took, 0.99)), most: 200, unit: "ms"})
	if there != sent || twice != 0 {
		return fmt.Errorf("of %d replies %d are there, %d twice", sent, there, twice)
	}
	b.add(row{what: "replies lost or there twice, of 12,000", value: float64(sent - there + twice)})
	return nil
}

func (s speaker) say(c *http.Client, address, text string) error {
	form := url.Values{"text": {text}, "once": {text}}
	req, err := http.NewRequest(http.MethodPost, address+s.path, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Cookie", s.cookie)
	res, err := c.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusSeeOther {
		return fmt.Errorf("%s: %.200s", res.Status, body)
	}
	return nil
}
