package demoworld

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"time"

	"rapport/internal/activity"
	"rapport/internal/db"
	"rapport/internal/markdown"
	"rapport/internal/search"
	"rapport/internal/space"
	"rapport/internal/topic"
)

// begin decides when which topic begins and how long it goes on.
func (l *large) begin(ctx context.Context) error {
	if l.p.Topics == 0 {
		return nil
	}
	var taken int64
	err := l.w.DB.QueryRowContext(ctx, `SELECT COALESCE(MAX(number), 0) FROM topic WHERE brand_id = $1`, l.brand.ID).Scan(&taken)
	if err != nil {
		return err
	}
	first := l.people[min(len(l.people)-1, 20)].joined // a few are there before anybody speaks
	for range l.p.Topics {
		age := time.Duration(math.Pow(l.dice.Float64(), 1.1) * float64(db.At(l.now).Sub(first)-time.Hour))
		at := &l.places[min(l.dice.IntN(2*len(l.places)), l.dice.IntN(len(l.places)))]
		l.topics = append(l.topics, &thread{id: db.NewID(), place: at, seed: &at.seeds[l.dice.IntN(len(at.seeds))], begun: db.At(l.now.Add(-age - time.Minute))})
	}
	slices.SortFunc(l.topics, func(a, b *thread) int { return cmp.Compare(a.begun, b.begun) })
	l.share()
	for i, one := range l.topics {
		one.number = taken + int64(i) + 1
		one.title = fmt.Sprintf("%s (%s, batch %d)", one.seed.title, l.words.fill("{bean}"), one.number)
		if one.place.Kind == space.Questions && one.size > 1 && l.dice.IntN(2) == 0 {
			one.solvedBy = 2 + l.dice.IntN(min(one.size, 8))
		}
		l.texts = append(l.texts, text{one, one.begun})
		end, at := db.At(l.now.Add(-time.Minute)), one.begun
		for left := one.size; left > 0; left-- {
			pace := min(7*time.Hour, end.Sub(at)/time.Duration(left+1))
			at = min(at.Add(max(time.Millisecond, time.Duration(l.dice.ExpFloat64()*float64(pace)))), end.Add(-time.Duration(left)*time.Millisecond))
			l.texts = append(l.texts, text{one, at})
		}
	}
	slices.SortStableFunc(l.texts, func(a, b text) int { return cmp.Compare(a.at, b.at) })
	return nil
}

// share gives the topics their replies: many get few, a few get hundreds.
func (l *large) share() {
	left := l.p.Replies
	mean := float64(l.p.Replies) / float64(len(l.topics))
	for i, one := range l.topics {
		n := int(l.dice.ExpFloat64() * mean)
		if i%500 == 499 {
			n += int(30 * mean)
		}
		one.size = min(n, left)
		left -= one.size
	}
	for ; left > 0; left-- {
		l.topics[l.dice.IntN(len(l.topics))].size++
	}
	l.texts = make([]text, 0, l.p.Replies+len(l.topics))
}

// talk writes everything in the order in which it was said.
func (l *large) talk(ctx context.Context) error {
	for done := 0; done < len(l.texts); {
		n := min(perTx, len(l.texts)-done)
		if err := l.w.DB.Tx(ctx, func(tx *db.Tx) error { return l.say(ctx, tx, l.texts[done:done+n]) }); err != nil {
			return err
		}
		if done += n; l.p.Progress != nil {
			l.p.Progress(done)
		}
	}
	return nil
}

func (l *large) say(ctx context.Context, tx *db.Tx, some []text) error {
	var topics, replies, watches [][]any
	var docs []search.Doc
	l.reactions = nil
	for _, one := range some {
		t := one.of
		by, number := l.someone(one.at, t.last), t.said+1
		if number > 1 && l.dice.IntN(3) == 0 { // who spoke comes back
			by = t.firstVoices[l.dice.IntN(len(t.firstVoices))]
		}
		words := l.text(t, number)
		shown := markdown.Render(words, markdown.Options{})
		kind, value, plain := "reply.added", int64(0), shown.Plain
		if number == 1 {
			kind, plain, t.by = "topic.begun", t.title+"\n"+plain, by
			if t.place.Kind == space.Questions {
				value = 1
			}
			topics = append(topics, []any{t.id, l.brand.ID, t.number, t.place.ID, by.id, t.title, space.Slug(t.title), markdown.Excerpt(shown.Plain, 200), topic.Live, t.begun, by.id})
			watches = append(watches, []any{by.id, t.id, l.brand.ID, one.at})
		}
		id := db.NewID()
		felt := l.feel(t, by, id, one.at)
		t.grow(by, one.at, id)
		by.seen = max(by.seen, one.at)
		if l.spoke[by]++; t.answer == id {
			l.helped[by]++
		}
		replies = append(replies, []any{id, l.brand.ID, t.id, t.place.ID, number, by.id, topic.Live, words, shown.HTML, felt, one.at})
		docs = append(docs, search.Doc{Brand: l.brand.ID, Kind: search.Reply, ID: id, Topic: t.id, Space: t.place.ID, Author: by.id, Opening: number == 1, Solved: t.solvedBy > 0, At: one.at, Text: plain})
		l.acts = append(l.acts, activity.Entry{Kind: kind, Subject: id, Actor: by.person, Value: value, At: one.at, Member: by.id, Topic: t.id})
	}
	for _, step := range []struct {
		query string
		rows  [][]any
	}{
		{`INSERT INTO topic (id, brand_id, number, space_id, author_id, title, slug, excerpt, state, last_at, last_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $10)`, topics},
		{`INSERT INTO reply (id, brand_id, topic_id, space_id, number, author_id, state, text, html, reactions, at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)`, replies},
		{`INSERT INTO reaction (reply_id, member_id, brand_id, kind, at) VALUES ($1, $2, $3, $4, $5)`, l.reactions},
		{`INSERT INTO watch (member_id, subject, brand_id, level, because, seen, at) VALUES ($1, $2, $3, 'watch', 'began', 1, $4)`, watches},
	} {
		if err := db.Many(ctx, tx, step.query, step.rows); err != nil {
			return err
		}
	}
	if err := search.Put(ctx, tx, docs...); err != nil {
		return err
	}
	return l.record(ctx, tx)
}

// grow counts a text of the thread.
func (t *thread) grow(by *soul, at db.Time, id string) {
	t.said++
	t.last, t.lastAt = by, at
	if len(t.firstVoices) < 6 {
		t.firstVoices = append(t.firstVoices, by)
	}
	if t.said == 1 {
		return
	}
	t.heat++
	if t.answeredAt == 0 && by != t.by {
		t.answeredAt = at
	}
	if t.answer == "" && t.solvedBy > 0 && t.said >= int64(t.solvedBy) && by != t.by {
		t.answer, t.answerAt = id, at.Add(time.Minute)
	}
}

// feel lets others react to a text.
func (l *large) feel(t *thread, by *soul, id string, at db.Time) topic.Reactions {
	if l.dice.IntN(3) > 0 {
		return nil
	}
	var felt topic.Reactions
	for _, f := range topic.Feelings[:1+l.dice.IntN(3)] {
		who := l.someone(at, by)
		when := min(at.Add(time.Duration(l.dice.ExpFloat64()*float64(3*time.Hour))), db.At(l.now))
		l.reactions = append(l.reactions, []any{id, who.id, l.brand.ID, f.Name, when})
		l.acts = append(l.acts, activity.Entry{Kind: "reply.reacted", Subject: id, Actor: who.person, At: when, Member: who.id, Topic: t.id})
		felt = append(felt, topic.Reaction{Feeling: f.Name, Count: 1})
		t.heat++
	}
	return felt
}

// text is what is said: of everyday length, now and then with a list, a quote,
// a table or a line of code.
func (l *large) text(t *thread, number int64) string {
	c := l.words
	clear(c.used)
	if number == 1 {
		said, _ := parseTalk(t.seed.text)
		return c.fill(said[0].text)
	}
	said := c.from("open") + " " + c.from(t.seed.tag) + " " + c.from("end")
	switch l.dice.IntN(20) {
	case 0:
		said += fmt.Sprintf("\n\n- %s\n- %s\n- batch **%d**", c.fill("{dose} g in"), c.fill("{sec} seconds"), l.dice.IntN(100_000))
	case 1:
		said = "> " + c.from("agree") + "\n\n" + said
	case 2:
		said += c.fill("\n\n| dose | water | time |\n|---|---|---|\n| {dose} g | {temp} °C | {min} |")
	case 3:
		said += fmt.Sprintf(" My notes say `brew %d`.", l.dice.IntN(1_000_000))
	case 4, 5, 6:
		said += "\n\n" + c.from("agree") + " " + c.from(t.seed.tag)
	}
	return said
}

// close writes what the topics have come to, and counts.
func (l *large) close(ctx context.Context) error {
	for some := range slices.Chunk(l.topics, perTx) {
		var rows, solved [][]any
		for _, t := range some {
			rows = append(rows, []any{l.brand.ID, t.id, t.said - 1, t.heat, t.said, t.lastAt, t.last.id, t.answeredAt, t.answer, t.answerAt})
			if t.answer != "" {
				solved = append(solved, []any{db.NewID(), l.brand.ID, t.id, t.by.person, t.answerAt, t.by.id})
			}
		}
		err := l.w.DB.Tx(ctx, func(tx *db.Tx) error {
			if err := db.Many(ctx, tx, `UPDATE topic SET replies = $3, heat = $4, last_number = $5, last_at = $6, last_by = $7, answered_at = $8, answer_id = $9, solved_at = $10 WHERE brand_id = $1 AND id = $2`, rows); err != nil {
				return err
			}
			return db.Many(ctx, tx, `INSERT INTO activity (id, brand_id, kind, subject, actor, value, at, member_id, topic_id) VALUES ($1, $2, 'topic.solved', $3, $4, 0, $5, $6, $3)`, solved)
		})
		if err != nil {
			return err
		}
	}
	return l.w.DB.Tx(ctx, func(tx *db.Tx) error {
		// The counts of members by their replies and topics would be looked for in
		// all topics once for each.
		var rows [][]any
		for _, s := range l.people {
			rows = append(rows, []any{l.brand.ID, s.id, l.spoke[s], l.helped[s], s.seen})
		}
		if err := db.Many(ctx, tx, `UPDATE member SET posts = $3, solved = $4, seen_at = $5 WHERE brand_id = $1 AND id = $2`, rows); err != nil {
			return err
		}
		for _, query := range []string{countSpaces, countTopics} {
			if _, err := tx.ExecContext(ctx, query, l.brand.ID); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `UPDATE community SET opened_at = $2 WHERE brand_id = $1 AND opened_at > $2`, l.brand.ID, db.At(l.now.Add(-populatedFor)))
		return err
	})
}

func scanText(r *sql.Rows) (s string, err error) { return s, r.Scan(&s) }
