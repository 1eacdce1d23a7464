package tally

import (
	"context"
	"database/sql"
	"errors"

	"rapport/internal/db"
)

// stands is the condition that what was said in activity a can be read: it was
// never concealed, or revealed since.
const stands = `COALESCE((SELECT k.kind FROM activity k WHERE k.brand_id = a.brand_id AND k.subject = a.subject AND k.kind IN ('reply.concealed', 'reply.revealed')
	ORDER BY k.at DESC, k.id DESC LIMIT 1), 'reply.revealed') = 'reply.revealed'`

// felt is the condition that a reaction was not taken back.
const felt = `NOT EXISTS (SELECT 1 FROM activity k WHERE k.brand_id = a.brand_id AND k.subject = a.subject AND k.member_id = a.member_id AND k.kind = 'reply.unreacted'
	AND k.value = a.value AND (k.at > a.at OR k.at = a.at AND k.id > a.id))`

// did sums up what members did between two instants. Whoever did anything of
// it was there, also where it does not stand. So was who joined, unless others
// let them in (member.LetIn).
const did = `SELECT a.member_id, MAX(CASE WHEN a.team THEN 1 ELSE 0 END),
	SUM(CASE WHEN a.kind = 'topic.begun' AND ` + stands + ` THEN 1 ELSE 0 END),
	SUM(CASE WHEN a.kind = 'reply.added' AND ` + stands + ` THEN 1 ELSE 0 END),
	SUM(CASE WHEN a.kind = 'reply.reacted' AND ` + felt + ` THEN 1 ELSE 0 END)
	FROM activity a WHERE a.brand_id = $1 AND a.member_id <> '' AND a.at >= $2 AND a.at < $3
	AND a.kind IN ('member.joined', 'member.visited', 'topic.begun', 'reply.added', 'reply.reacted') AND (a.kind <> 'member.joined' OR a.value = 0)`

// done is a row of what somebody did on a day.
type done struct {
	member                     string
	team                       bool
	topics, replies, reactions int64
}

func (r roll) did(ctx context.Context, day Day, member string) ([]done, error) {
	args, query := []any{r.brand, day.Starts(r.zone), (day + 1).Starts(r.zone)}, did
	if member != "" {
		args, query = append(args, member), query+` AND a.member_id = $4`
	}
	rows, err := r.tx.QueryContext(ctx, query+` GROUP BY a.member_id`, args...)
	return db.Collect(rows, err, func(rows *sql.Rows) (d done, err error) {
		var team int
		err = rows.Scan(&d.member, &team, &d.topics, &d.replies, &d.reactions)
		d.team = team > 0
		return d, err
	})
}

// act counts anew what a member did on a day.
func (r roll) act(ctx context.Context, a act) error {
	if a.day < r.closed {
		return nil
	}
	r.days[a.day] = true
	all, err := r.did(ctx, a.day, a.member)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		_, err = r.tx.ExecContext(ctx, `DELETE FROM tally_act WHERE brand_id = $1 AND member_id = $2 AND day = $3`, r.brand, a.member, a.day)
		return err
	}
	return r.saveActs(ctx, a.day, all)
}

func (r roll) saveActs(ctx context.Context, day Day, all []done) error {
	rows := make([][]any, len(all))
	for i, d := range all {
		rows[i] = []any{r.brand, d.member, day, d.team, d.topics, d.replies, d.reactions}
	}
	return db.Many(ctx, r.tx, `INSERT INTO tally_act (brand_id, member_id, day, team, topics, replies, reactions) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (brand_id, member_id, day) DO UPDATE SET team = excluded.team, topics = excluded.topics, replies = excluded.replies, reactions = excluded.reactions`, rows)
}

// life is when a member came, first said something, and left.
type life struct {
	team                bool
	joined, first, gone Day
}

// member finds anew when a member came, first said something, and left. Of a
// time whose activity is no more kept it goes by what it found then.
func (r roll) member(ctx context.Context, id string) error {
	was := life{joined: None, first: None, gone: None}
	err := r.tx.QueryRowContext(ctx, `SELECT team, joined, first, gone FROM tally_member WHERE brand_id = $1 AND member_id = $2`, r.brand, id).
		Scan(&was.team, &was.joined, &was.first, &was.gone)
	known := err == nil
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	now, any, err := r.lived(ctx, id, was)
	if err != nil || known && now == was {
		return err
	}
	for _, l := range []life{was, now} {
		for _, day := range []Day{l.joined, l.gone} {
			if day >= r.closed && day != None {
				r.days[day] = true
			}
		}
	}
	if !any && !known {
		return nil
	}
	_, err = r.tx.ExecContext(ctx, `INSERT INTO tally_member (brand_id, member_id, team, joined, first, gone) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (brand_id, member_id) DO UPDATE SET team = excluded.team, joined = excluded.joined, first = excluded.first, gone = excluded.gone`,
		r.brand, id, now.team, now.joined, now.first, now.gone)
	return err
}

func (r roll) lived(ctx context.Context, id string, was life) (now life, any bool, err error) {
	now = life{joined: None, first: None, gone: None}
	rows, err := r.tx.QueryContext(ctx, `SELECT kind, team, at FROM activity WHERE brand_id = $1 AND member_id = $2 AND kind IN ('member.joined', 'member.left') ORDER BY at, id`, r.brand, id)
	type step struct {
		kind string
		team bool
		at   db.Time
	}
	steps, err := db.Collect(rows, err, func(rows *sql.Rows) (s step, err error) {
		err = rows.Scan(&s.kind, &s.team, &s.at)
		return s, err
	})
	if err != nil {
		return now, false, err
	}
	if was.joined != None && was.joined < r.closed {
		now.joined, now.team = was.joined, was.team
	}
	if was.gone != None && was.gone < r.closed {
		now.gone = was.gone
	}
	for _, s := range steps {
		day := DayOf(s.at, r.zone)
		if s.kind == "member.left" {
			now.gone = day
			continue
		}
		if now.gone = None; now.joined == None {
			now.joined = day
		}
		now.team = now.team || s.team
	}
	var first sql.NullInt64
	var team int
	// Written so, SQLite looks for the member, and not through all the brand's days.
	err = r.tx.QueryRowContext(ctx, `SELECT (SELECT MIN(day) FROM tally_act WHERE brand_id || '' = $1 AND member_id = $2 AND topics + replies > 0),
		CASE WHEN EXISTS (SELECT 1 FROM tally_act WHERE brand_id || '' = $1 AND member_id = $2 AND team) THEN 1 ELSE 0 END`, r.brand, id).Scan(&first, &team)
	if first.Valid {
		now.first = Day(first.Int64)
	}
	now.team = now.team || team > 0
	return now, len(steps) > 0 || first.Valid, err
}

// course is what became of a topic.
type course struct {
	begun            db.Time
	team, question   bool
	answered, solved db.Time
}

// topic finds anew what became of a topic. One whose opening cannot be read is
// none.
func (r roll) topic(ctx context.Context, id string) error {
	c, ok, err := r.course(ctx, id)
	if err != nil {
		return err
	}
	if !ok || DayOf(c.begun, r.zone) < r.closed {
		_, err = r.tx.ExecContext(ctx, `DELETE FROM tally_topic WHERE brand_id = $1 AND topic_id = $2 AND day >= $3`, r.brand, id, r.closed)
		return err
	}
	_, err = r.tx.ExecContext(ctx, `INSERT INTO tally_topic (brand_id, topic_id, day, begun, team, question, answered, solved) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (brand_id, topic_id) DO UPDATE SET day = excluded.day, begun = excluded.begun, team = excluded.team, question = excluded.question, answered = excluded.answered, solved = excluded.solved
		WHERE tally_topic.day >= $9`,
		r.brand, id, DayOf(c.begun, r.zone), c.begun, c.team, c.question, c.answered, c.solved, r.closed)
	return err
}

func (r roll) course(ctx context.Context, id string) (c course, ok bool, err error) {
	var by string
	var question int64
	err = r.tx.QueryRowContext(ctx, `SELECT a.at, a.member_id, a.team, a.value FROM activity a WHERE a.brand_id = $1 AND a.topic_id = $2 AND a.topic_id <> '' AND a.kind = 'topic.begun' AND `+stands+`
		ORDER BY a.at LIMIT 1`, r.brand, id).Scan(&c.begun, &by, &c.team, &question)
	if errors.Is(err, sql.ErrNoRows) {
		return c, false, nil
	}
	if err != nil {
		return c, false, err
	}
	err = r.tx.QueryRowContext(ctx, `SELECT a.at FROM activity a WHERE a.brand_id = $1 AND a.topic_id = $2 AND a.topic_id <> '' AND a.kind = 'reply.added' AND a.member_id <> $3 AND `+stands+`
		ORDER BY a.at LIMIT 1`, r.brand, id, by).Scan(&c.answered)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return c, false, err
	}
	rows, err := r.tx.QueryContext(ctx, `SELECT kind, value, at FROM activity WHERE brand_id = $1 AND topic_id = $2 AND kind IN ('topic.moved', 'topic.solved', 'topic.unsolved') ORDER BY at, id`, r.brand, id)
	_, err = db.Collect(rows, err, func(rows *sql.Rows) (struct{}, error) {
		var kind string
		var value int64
		var at db.Time
		err := rows.Scan(&kind, &value, &at)
		switch kind {
		case "topic.moved":
			question = value
		case "topic.unsolved":
			c.solved = 0
		case "topic.solved":
			if c.solved == 0 {
				c.solved = at
			}
		}
		return struct{}{}, err
	})
	c.question = question > 0
	return c, true, err
}

// day sums a day up anew.
func (r roll) day(ctx context.Context, day Day) error {
	if day < r.closed {
		return nil
	}
	if _, err := r.tx.ExecContext(ctx, `DELETE FROM tally_day WHERE brand_id = $1 AND day = $2`, r.brand, day); err != nil {
		return err
	}
	_, err := r.tx.ExecContext(ctx, `INSERT INTO tally_day (brand_id, day, team, active, contributors, posters, topics, replies, reactions, joined, gone)
		SELECT $1, $2, x.team, SUM(x.active), SUM(x.contributors), SUM(x.posters), SUM(x.topics), SUM(x.replies), SUM(x.reactions), SUM(x.joined), SUM(x.gone) FROM (
			SELECT team, 1 AS active, CASE WHEN topics + replies + reactions > 0 THEN 1 ELSE 0 END AS contributors, CASE WHEN topics + replies > 0 THEN 1 ELSE 0 END AS posters,
				topics, replies, reactions, 0 AS joined, 0 AS gone FROM tally_act WHERE brand_id = $1 AND day = $2
			UNION ALL SELECT team, 0, 0, 0, 0, 0, 0, 1, 0 FROM tally_member WHERE brand_id = $1 AND joined = $2
			UNION ALL SELECT team, 0, 0, 0, 0, 0, 0, 0, 1 FROM tally_member WHERE brand_id = $1 AND gone = $2 AND gone >= 0) x GROUP BY x.team`, r.brand, day)
	return err
}
