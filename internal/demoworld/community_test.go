package demoworld_test

import (
	"path"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/community"
	"rapport/internal/db"
	"rapport/internal/demoworld"
	"rapport/internal/document"
	"rapport/internal/link"
	"rapport/internal/member"
	"rapport/internal/search"
	"rapport/internal/space"
	"rapport/internal/topic"
)

func (s *stage) count(t *testing.T, query string) int {
	t.Helper()
	var n int
	if err := s.DB.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// among are counts that lie between two numbers.
func (s *stage) among(t *testing.T, query string, least, most int) {
	t.Helper()
	if n := s.count(t, query); n < least || n > most {
		t.Errorf("%d, want %d to %d: %s", n, least, most, query)
	}
}

func TestTheCommunityIsLively(t *testing.T) {
	s := newStage(t, midday)
	s.fill(t)
	for _, c := range []struct {
		query       string
		least, most int
	}{
		{`SELECT COUNT(*) FROM space`, 5, 5},
		{`SELECT COUNT(*) FROM space WHERE hidden`, 1, 1},
		{`SELECT COUNT(*) FROM member WHERE state = 'active' AND NOT team`, 300, 300},
		{`SELECT COUNT(*) FROM member WHERE team`, 6, 6},
		{`SELECT COUNT(*) FROM member WHERE state = 'asking' AND answers <> ''`, 2, 2},
		{`SELECT COUNT(*) FROM topic`, 65, 80},
		{`SELECT COUNT(*) FROM reply WHERE state = 'live' AND number > 1`, 450, 560},
		{`SELECT COUNT(*) FROM topic t JOIN space s ON s.id = t.space_id WHERE s.kind = 'questions' AND t.state = 'live'`, 28, 40},
		{`SELECT COUNT(*) FROM topic WHERE answer_id <> ''`, 14, 24},
		{`SELECT COUNT(*) FROM topic WHERE state = 'live' AND answered_at = 0`, 5, 5},
		{`SELECT COUNT(*) FROM topic WHERE pinned_at > 0`, 1, 1},
		{`SELECT COUNT(*) FROM topic WHERE closed_at > 0`, 1, 1},
		{`SELECT COUNT(*) FROM reply WHERE state = 'waiting'`, 3, 3},
		{`SELECT COUNT(*) FROM reply r JOIN decision d ON d.reply_id = r.id WHERE r.state = 'hidden' AND d.rule <> '' AND d.reason <> ''`, 1, 1},
		{`SELECT COUNT(*) FROM flag WHERE settled_at = 0`, 2, 2},
		{`SELECT COUNT(*) FROM reaction`, 700, 2500},
		{`SELECT COUNT(*) FROM reply WHERE reactions <> ''`, 250, 540},
		{`SELECT COUNT(DISTINCT author_id) FROM reply`, 100, 300},
		{`SELECT COUNT(*) FROM notice`, 8, 14},
		{`SELECT COUNT(DISTINCT kind) FROM notice`, 3, 9},
		{`SELECT COUNT(*) FROM notice WHERE read_at = 0`, 4, 4},
	} {
		s.among(t, c.query, c.least, c.most)
	}
	c, err := community.Of(t.Context(), s.DB, s.brand.ID)
	docs, docErr := document.All(t.Context(), s.DB, s.brand.ID)
	if err != nil || docErr != nil || c.OpenedAt == 0 || c.Intro == "" || len(c.Questions) != 1 || len(docs) != 4 {
		t.Errorf("%+v, %d documents; %v %v", c, len(docs), err, docErr)
	}
	if cases, err := topic.CaseCounts(t.Context(), s.DB, s.who, s.brand.ID); err != nil || cases[topic.ToApprove] != 3 || cases[topic.Flagged] != 2 {
		t.Errorf("%v %v", cases, err)
	}
}

func (s *stage) spaces(t *testing.T) (ids []string) {
	t.Helper()
	all, err := space.List(t.Context(), s.DB, s.brand.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range all {
		ids = append(ids, one.ID)
	}
	return ids
}

func TestTheCommunityIsFound(t *testing.T) {
	s := newStage(t, midday)
	s.fill(t)
	ids := s.spaces(t)
	for _, words := range []string{"grinder", "Eimsbüttel", "浄水器", "الهيل"} {
		res, err := search.Community(t.Context(), s.DB, s.brand.ID, search.CommunityQuery{Text: words, Spaces: ids, Ranked: true}, db.Page{})
		if err != nil || len(res.Hits) == 0 {
			t.Errorf("%s: %d, %v", words, len(res.Hits), err)
		}
	}
}

// What is told as looked for in vain is so, and is counted as it would be if
// somebody looked for it again.
func TestSearchesInVain(t *testing.T) {
	s := newStage(t, midday)
	s.fill(t)
	ids := s.spaces(t)
	all, _, err := search.Unfound(t.Context(), s.DB, s.who, s.brand.ID, search.UnmetFilter{Days: 28}, db.Page{})
	if err != nil || len(all) < 10 || all[0].Times < 5 {
		t.Fatalf("%+v, %v", all, err)
	}
	all, _, err = search.Unfound(t.Context(), s.DB, s.who, s.brand.ID, search.UnmetFilter{}, db.Page{})
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range all {
		res, err := search.Community(t.Context(), s.DB, s.brand.ID, search.CommunityQuery{Text: u.Words, Spaces: ids, Ranked: true}, db.Page{})
		if err != nil || len(res.Hits) != 0 {
			t.Errorf("%s is found: %v", u.Words, err)
		}
		if err := s.DB.Tx(t.Context(), func(tx *db.Tx) error { return search.Missed(t.Context(), tx, s.brand.ID, u.Words) }); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.count(t, `SELECT COUNT(*) FROM search_missed`); n != len(all) {
		t.Errorf("%d, and %d once they are looked for again", len(all), n)
	}
	if n := s.count(t, `SELECT COUNT(*) FROM search_missed m WHERE times <> (SELECT SUM(d.times) FROM search_missed_day d WHERE d.missed_id = m.id)`); n != 0 {
		t.Errorf("%d are not the sum of their days", n)
	}
}

// An archive of the demo can be brought in: its links are such as anybody may
// have made.
func TestLinksOfTheCommunity(t *testing.T) {
	s := newStage(t, midday)
	s.fill(t)
	rows, err := s.DB.QueryContext(t.Context(), `SELECT code, target, source, campaign FROM link`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for ; rows.Next(); n++ {
		var code, target, source, campaign string
		if err := rows.Scan(&code, &target, &source, &campaign); err != nil || !link.Sound(code, target, source, campaign) {
			t.Errorf("%s leads to %s, %v", code, target, err)
		}
	}
	if rows.Err() != nil || n == 0 {
		t.Errorf("%d links, %v", n, rows.Err())
	}
}

// Questions of the network became topics and their answers went back; topics
// were promoted, and the posts that did so hold a link that leads there.
func TestTheHalvesOfTheDemoAreJoined(t *testing.T) {
	s := newStage(t, midday)
	s.fill(t)
	for what, query := range map[string]string{
		"topics from the network": `SELECT COUNT(*) FROM crossing x JOIN topic t ON t.id = x.topic_id JOIN message m ON m.id = x.message_id AND m.conversation_id = x.conversation_id
			WHERE t.origin <> '' AND m.direction = 'in' AND t.created_at = x.created_at AND x.created_at > m.at`,
		"answers taken back": `SELECT COUNT(*) FROM crossing x JOIN topic t ON t.id = x.topic_id AND t.answer_id = x.reply_id JOIN reply r ON r.id = x.reply_id
			JOIN message m ON m.conversation_id = x.conversation_id AND m.direction = 'out' AND m.at = x.returned_at
			WHERE x.state = 'returned' AND r.at < x.solved_at AND x.solved_at < x.returned_at`,
		"topics promoted": `SELECT COUNT(*) FROM link l JOIN topic t ON t.id = l.topic_id AND l.target = '/t/' || t.slug || '/' || t.number JOIN delivery d ON d.post_id = l.post_id AND d.channel_id = l.channel_id
			JOIN part p ON p.delivery_id = d.id WHERE p.text LIKE '%https://northwind.example/l/' || l.code AND l.created_at < d.due_at`,
	} {
		if n := s.count(t, query); n < 2 {
			t.Errorf("%d %s", n, what)
		}
	}
	rows, err := s.DB.QueryContext(t.Context(), `SELECT MIN(d.day), x.published_at FROM link_day d JOIN link l ON l.id = d.link_id JOIN delivery x ON x.post_id = l.post_id GROUP BY l.id, x.published_at`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var first string
		var out db.Time
		if err := rows.Scan(&first, &out); err != nil || first != link.Day(out, s.brand.Location()) {
			t.Errorf("a link was followed on %s, and its post went out at %s, %v", first, out.Time(), err)
		}
	}
	if rows.Err() != nil {
		t.Error(rows.Err())
	}
}

// About two thirds of the members have a picture, each another, and there are
// the files of those and no others.
func TestPicturesOfTheCommunity(t *testing.T) {
	s := newStage(t, midday)
	s.fill(t)
	members, pictured := s.count(t, `SELECT COUNT(*) FROM member`), s.count(t, `SELECT COUNT(*) FROM member WHERE picture <> ''`)
	if distinct := s.count(t, `SELECT COUNT(DISTINCT picture) FROM member WHERE picture <> ''`); pictured < members*6/10 || pictured > members*3/4 || distinct != pictured {
		t.Errorf("%d of %d have a picture, and %d of them another", pictured, members, distinct)
	}
	if n := s.count(t, `SELECT COUNT(*) FROM member WHERE team AND picture = ''`); n != 1 {
		t.Errorf("%d of the team have none", n)
	}
	files := 0
	for info, err := range s.Library.Blobs.List(t.Context(), "community/") {
		if err != nil {
			t.Fatal(err)
		}
		files++
		if key, mime, err := member.FaceFile(t.Context(), s.DB, s.brand.ID, path.Base(info.Key)); err != nil || key != info.Key || mime != "image/jpeg" || info.Size < 1000 {
			t.Errorf("%+v is nobody's, or no picture: %v", info, err)
		}
	}
	if files != pictured {
		t.Errorf("%d files of %d pictures", files, pictured)
	}
}

// What is counted agrees with what is there, and nothing is younger than the
// world or older than the community.
// wrongs are what no community holds: a query for how often each is there.
var wrongs = map[string]string{
	"replies of topics": `SELECT COUNT(*) FROM topic t WHERE t.replies <> (SELECT COUNT(*) FROM reply r WHERE r.topic_id = t.id AND r.state = 'live' AND r.number > 1)`,
	"heat of topics":    `SELECT COUNT(*) FROM topic t WHERE t.heat <> t.replies + (SELECT COUNT(*) FROM reaction x JOIN reply r ON r.id = x.reply_id WHERE r.topic_id = t.id)`,
	"last numbers": `SELECT COUNT(*) FROM topic t WHERE t.state = 'live' AND t.last_number <> (SELECT MAX(r.number) FROM reply r WHERE r.topic_id = t.id)
		OR t.state = 'waiting' AND t.last_number <> 0`,
	"last words": `SELECT COUNT(*) FROM topic t WHERE t.state = 'live' AND NOT EXISTS (SELECT 1 FROM reply r WHERE r.topic_id = t.id AND r.at = t.last_at AND r.author_id = t.last_by
		AND r.at = (SELECT MAX(o.at) FROM reply o WHERE o.topic_id = t.id AND o.state = 'live'))`,
	"first answers":       `SELECT COUNT(*) FROM topic t WHERE t.answered_at <> COALESCE((SELECT MIN(r.at) FROM reply r WHERE r.topic_id = t.id AND r.state = 'live' AND r.number > 1 AND r.author_id <> t.author_id), 0)`,
	"topics of spaces":    `SELECT COUNT(*) FROM space s WHERE s.topics <> (SELECT COUNT(*) FROM topic t WHERE t.space_id = s.id AND t.state = 'live')`,
	"posts of members":    `SELECT COUNT(*) FROM member m WHERE m.posts <> (SELECT COUNT(*) FROM reply r WHERE r.author_id = m.id AND r.state = 'live')`,
	"answers of members":  `SELECT COUNT(*) FROM member m WHERE m.solved <> (SELECT COUNT(*) FROM topic t JOIN reply r ON r.id = t.answer_id WHERE r.author_id = m.id)`,
	"flags of replies":    `SELECT COUNT(*) FROM reply r WHERE r.flags <> (SELECT COUNT(*) FROM flag f WHERE f.reply_id = r.id AND f.settled_at = 0)`,
	"states of openings":  `SELECT COUNT(*) FROM topic t JOIN reply r ON r.topic_id = t.id AND r.number = 1 WHERE r.state <> t.state`,
	"gaps in numbers":     `SELECT COUNT(*) FROM (SELECT topic_id FROM reply WHERE number > 0 GROUP BY topic_id HAVING MAX(number) <> COUNT(*)) x`,
	"order of replies":    `SELECT COUNT(*) FROM reply a JOIN reply b ON b.topic_id = a.topic_id AND b.number = a.number + 1 AND a.number > 0 WHERE b.at <= a.at`,
	"numbers given":       `SELECT COUNT(*) FROM community c WHERE c.topics <> (SELECT COUNT(*) FROM topic)`,
	"own answers":         `SELECT COUNT(*) FROM topic t JOIN reply r ON r.id = t.answer_id WHERE r.author_id = t.author_id OR r.state <> 'live' OR t.solved_at < r.at`,
	"own reactions":       `SELECT COUNT(*) FROM reaction x JOIN reply r ON r.id = x.reply_id WHERE x.member_id = r.author_id OR r.state <> 'live' OR x.at < r.at`,
	"said before joining": `SELECT COUNT(*) FROM reply r JOIN member m ON m.id = r.author_id WHERE r.at < m.joined_at OR m.seen_at < r.at AND r.state <> 'waiting'`,
	"unshown":             `SELECT COUNT(*) FROM reply WHERE html = ''`,
	"said twice":          `SELECT COUNT(*) FROM (SELECT text FROM reply GROUP BY text HAVING COUNT(*) > 1) x`,
	"unfilled":            `SELECT COUNT(*) FROM reply WHERE text LIKE '%{%'`,
	"not found": `SELECT COUNT(*) FROM reply r JOIN topic t ON t.id = r.topic_id WHERE r.state = 'live' AND t.state = 'live'
		AND NOT EXISTS (SELECT 1 FROM search_doc d WHERE d.kind = 'reply' AND d.subject = r.id)`,
	"found though nobody can read it": `SELECT COUNT(*) FROM search_doc d JOIN reply r ON r.id = d.subject WHERE d.kind = 'reply' AND r.state <> 'live'`,
	"begun by others than the team":   `SELECT COUNT(*) FROM topic t JOIN space s ON s.id = t.space_id JOIN member m ON m.id = t.author_id WHERE s.kind IN ('announcements', 'knowledge') AND NOT m.team`,
	"not accepted":                    `SELECT COUNT(*) FROM member m WHERE m.state = 'active' AND (SELECT COUNT(*) FROM acceptance a WHERE a.member_id = m.id) <> 3`,
}

func TestTheCommunityAddsUp(t *testing.T) {
	s := newStage(t, midday)
	s.fill(t)
	for what, query := range wrongs {
		if n := s.count(t, query); n != 0 {
			t.Errorf("%s: %d are wrong", what, n)
		}
	}
	for _, query := range []string{`SELECT COUNT(*) FROM reply WHERE at > $1 OR at < $2`, `SELECT COUNT(*) FROM member WHERE seen_at > $1 OR joined_at < $2 OR seen_at < joined_at`,
		`SELECT COUNT(*) FROM topic WHERE solved_at > $1 OR closed_at > $1 OR created_at < $2`, `SELECT COUNT(*) FROM reaction WHERE at > $1 OR at < $2`} {
		var n int
		err := s.DB.QueryRowContext(t.Context(), query, midday.UnixMilli(), midday.AddDate(0, 0, -184).UnixMilli()).Scan(&n)
		if err != nil || n != 0 {
			t.Errorf("%s: %d %v", query, n, err)
		}
	}
}

// Half of the questions have an answer, and the newest have none yet.
func TestQuestions(t *testing.T) {
	s := newStage(t, midday)
	s.fill(t)
	asked := s.count(t, `SELECT COUNT(*) FROM topic t JOIN space s ON s.id = t.space_id WHERE s.kind = 'questions' AND t.state = 'live'`)
	if solved := s.count(t, `SELECT COUNT(*) FROM topic WHERE answer_id <> ''`); solved*10 < asked*4 || solved*10 > asked*7 {
		t.Errorf("%d of %d questions are solved", solved, asked)
	}
}

func TestTheCommunityIsFilledOnce(t *testing.T) {
	s := newStage(t, midday)
	counts := func() map[string]int {
		out := map[string]int{}
		for _, table := range []string{"account", "person", "member", "space", "topic", "reply", "reaction", "document", "decision", "flag", "watch", "acceptance", "search_doc", "search_missed", "search_missed_day", "audit", "activity"} {
			out[table] = s.count(t, `SELECT COUNT(*) FROM `+table)
		}
		return out
	}
	s.fill(t)
	want := counts()
	s.fill(t)
	if diff := cmp.Diff(want, counts()); diff != "" {
		t.Errorf("filling again changed something (-before +after):\n%s", diff)
	}
}

// A large community adds up as well. It may say the same twice, and who spoke in
// it did not all join by the door.
func TestALargeCommunityAddsUp(t *testing.T) {
	s := newStage(t, midday)
	p := demoworld.Population{Members: 60, Topics: 90, Replies: 900}
	for range 2 {
		if err := s.Populate(t.Context(), s.who, s.brand, p); err != nil {
			t.Fatal(err)
		}
	}
	for what, query := range wrongs {
		if n := s.count(t, query); n != 0 && what != "said twice" {
			t.Errorf("%s: %d are wrong", what, n)
		}
	}
	for query, want := range map[string]int{
		`SELECT COUNT(*) FROM member`: 2 * p.Members,
		`SELECT COUNT(*) FROM topic`:  2 * p.Topics,
		`SELECT COUNT(*) FROM reply`:  2 * (p.Topics + p.Replies),
		`SELECT COUNT(*) FROM member m JOIN account a ON a.id = m.account_id WHERE a.password_hash <> ''`: 0,
		`SELECT COUNT(*) FROM activity WHERE kind IN ('reply.added', 'topic.begun')`:                      2 * (p.Topics + p.Replies),
		`SELECT COALESCE(SUM(replies + topics), 0) FROM tally_day`:                                        2 * (p.Topics + p.Replies),
		`SELECT COUNT(*) FROM tally_member`:                                                               2 * p.Members,
	} {
		if n := s.count(t, query); n != want {
			t.Errorf("%d, want %d: %s", n, want, query)
		}
	}
	res, err := search.Community(t.Context(), s.DB, s.brand.ID, search.CommunityQuery{Text: "batch", Spaces: s.spaces(t)}, db.Page{})
	if err != nil || len(res.Hits) == 0 {
		t.Errorf("nothing is found: %v", err)
	}
}
