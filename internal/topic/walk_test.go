package topic_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"rapport/internal/fault"
	"rapport/internal/topic"
)

// recount holds every counter against the rows that it counts.
func (w *world) recount() {
	w.t.Helper()
	for what, query := range map[string]string{
		"replies of topics": `SELECT COUNT(*) FROM topic t WHERE t.replies <> (SELECT COUNT(*) FROM reply r WHERE r.topic_id = t.id AND r.state = 'live' AND r.number > 1)`,
		"heat of topics": `SELECT COUNT(*) FROM topic t WHERE t.heat <> t.replies + (SELECT COUNT(*) FROM reaction x JOIN reply r ON r.id = x.reply_id
			WHERE r.topic_id = t.id AND (r.state = 'live' OR r.number = 1))`,
		"first answers":                         `SELECT COUNT(*) FROM topic t WHERE t.answered_at <> COALESCE((SELECT MIN(r.at) FROM reply r WHERE r.topic_id = t.id AND r.state = 'live' AND r.number > 1 AND r.author_id <> t.author_id), 0)`,
		"topics of spaces":                      `SELECT COUNT(*) FROM space s WHERE s.topics <> (SELECT COUNT(*) FROM topic t WHERE t.space_id = s.id AND t.state = 'live')`,
		"posts of members":                      `SELECT COUNT(*) FROM member m WHERE m.posts <> (SELECT COUNT(*) FROM reply r WHERE r.author_id = m.id AND r.state = 'live')`,
		"answers of members":                    `SELECT COUNT(*) FROM member m WHERE m.solved <> (SELECT COUNT(*) FROM topic t JOIN reply r ON r.id = t.answer_id WHERE r.author_id = m.id)`,
		"flags of replies":                      `SELECT COUNT(*) FROM reply r WHERE r.flags <> (SELECT COUNT(*) FROM flag f WHERE f.reply_id = r.id AND f.settled_at = 0)`,
		"states of openings":                    `SELECT COUNT(*) FROM topic t JOIN reply r ON r.topic_id = t.id AND r.number = 1 WHERE r.state <> t.state`,
		"spaces of replies":                     `SELECT COUNT(*) FROM topic t JOIN reply r ON r.topic_id = t.id WHERE r.space_id <> t.space_id`,
		"gaps in numbers":                       `SELECT COUNT(*) FROM (SELECT topic_id FROM reply WHERE number > 0 GROUP BY topic_id HAVING MAX(number) <> COUNT(*)) x`,
		"accepted answers that nobody can read": `SELECT COUNT(*) FROM topic t JOIN reply r ON r.id = t.answer_id WHERE r.state <> 'live'`,
		"replies found that nobody can read": `SELECT COUNT(*) FROM search_doc d JOIN reply r ON r.id = d.subject JOIN topic t ON t.id = r.topic_id
			WHERE d.kind = 'reply' AND (r.state <> 'live' OR t.state <> 'live')`,
		"replies not found": `SELECT COUNT(*) FROM reply r JOIN topic t ON t.id = r.topic_id WHERE r.state = 'live' AND t.state = 'live'
			AND NOT EXISTS (SELECT 1 FROM search_doc d WHERE d.kind = 'reply' AND d.subject = r.id)`,
	} {
		if n := w.count(query); n != 0 {
			w.t.Errorf("%s: %d are wrong", what, n)
		}
	}
}

// Whatever is done in whatever order, the counters say what is there.
func TestCountersAfterARandomWalk(t *testing.T) {
	for seed := range uint64(4) {
		w, dice := open(t), rand.New(rand.NewPCG(seed, 1))
		var said []topic.Said
		names := []string{"ada", "bo", "newbie", "here", "manager"}
		for range 150 {
			w.tick()
			w.tick()
			w.step(dice, names, &said)
		}
		w.recount()
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func pick[T any](dice *rand.Rand, all []T) T { return all[dice.IntN(len(all))] }

// step does something; what is not allowed is refused with a fault.
func (w *world) step(dice *rand.Rand, names []string, said *[]topic.Said) {
	w.t.Helper()
	v := w.voice(pick(dice, names))
	text := pick(dice, []string{"Words", "See https://a.example", "@bo and @ada"})
	var err error
	var got topic.Said
	if len(*said) < 3 || dice.IntN(8) == 0 {
		got, err = topic.Begin(ctx, w.d, v, topic.New{Space: w.space[pick(dice, []string{"talk", "ask", "inner"})].ID, Title: "T", Text: text})
	} else {
		s := pick(dice, *said)
		r := w.reply(s)
		switch dice.IntN(11) {
		case 0, 1, 2:
			got, err = topic.Say(ctx, w.d, v, s.Topic.ID, text, 0, "")
		case 3:
			_, err = topic.Withdraw(ctx, w.d, v, r.ID)
		case 4:
			_, err = topic.Return(ctx, w.d, v, r.ID)
		case 5:
			_, err = topic.Change(ctx, w.d, v, r.ID, topic.Edit{Revision: r.Revision, Text: text + " again"})
		case 6, 7:
			_, err = topic.Decide(ctx, w.d, w.who["manager"], "b", r.ID, topic.AsItIs, pick(dice, []topic.Act{topic.Approve, topic.Approve, topic.Decline, topic.Hide, topic.Restore, topic.Keep}), "", "x")
		case 8:
			err = topic.React(ctx, w.d, v, r.ID, pick(dice, topic.Feelings).Name, dice.IntN(3) > 0)
		case 9:
			_, err = topic.Accept(ctx, w.d, v, r.ID, dice.IntN(3) > 0)
			err = either(err, topic.Complain(ctx, w.d, v, r.ID, topic.Spam, ""))
		case 10:
			err = topic.Move(ctx, w.d, w.voice("manager"), s.Topic.ID, w.space[pick(dice, []string{"talk", "ask", "inner"})].ID)
		}
	}
	if err == nil && got.Reply.ID != "" {
		*said = append(*said, got)
	}
	if err != nil && !slices.ContainsFunc([]fault.Kind{fault.Denied, fault.NotFound, fault.Conflict, fault.Invalid, fault.Limited}, func(k fault.Kind) bool { return fault.Is(err, k) }) {
		w.t.Fatal(err)
	}
}

func either(a, b error) error {
	if a != nil && fault.KindOf(a) == fault.Internal {
		return a
	}
	return b
}
