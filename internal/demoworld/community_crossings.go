package demoworld

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"rapport/internal/bridge"
	"rapport/internal/channel"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/network"
	"rapport/internal/network/demo/emulator"
	"rapport/internal/topic"
)

// crossing is a question that is asked on the demo network and answered in the
// community: by text, as parseTalk reads it, from the team's own words on.
type crossing struct {
	phrase string // of the message
	title  string
	told   string // to who asked
	text   string
	back   string // is what they hear in the end
}

var crossings = []crossing{
	{phrase: "which water do you use", title: "Hard as stone: what do you do about your water?",
		told: "Soft, around 80 mg of hardness. But with tap water like yours there are people who know far more than we do: we asked in our community and come back to you here.",
		text: `community: This came in from the network this morning. We brew with soft water, so we are the wrong people to ask. Who lives with a kettle full of chalk, and what helped?
--
wiebke.harms*: Twenty years of hard water here. What helped, in this order:

1. A jug filter, changed **every four weeks** and not when it looks grey.
2. Half filtered, half still water from the shop that has little in it. Look for less than 100 mg of dry residue on the label.
3. A minute coarser than the recipe says. Hard water takes the brightness out, and grinding finer only makes it bitter.

The kettle gets citric acid once a month.
--
torbenc: I gave up on filters and mix bottled with tap, one to one. Costs me two euros a week and the machine has not needed descaling since spring.`,
		back: "Wiebke answered in our community: “A jug filter, changed every four weeks. Half filtered, half bottled water with less than 100 mg of dry residue. And grind a little coarser than the recipe says.”"},
	{phrase: "minutes no matter what", title: "Four minutes, whatever I do: is my filter too slow?",
		told: "Not bad if it tastes good. If it does not: we have put it to our community, where somebody always has the same dripper.",
		text: `community: From a comment under our last how-to. Same dripper, same papers, always the same time at the end. Where would you look first?
--
malte.voss: First at the papers. The ones with the thick seam run half a minute longer here.
--
anke_lueders*: At the fines. If the time does not change with the grind, the grinder makes so much dust that the paper clogs at the end.

Two things to try before buying anything: **pour in three pours instead of six**, and do not stir after the second. It took mine from 4:10 to 3:05 with the same setting.`,
		back: "Anke answered in our community: “If the time never changes, fine dust clogs the paper. Pour three times instead of six, and do not stir after the second.”"},
	{phrase: "grinding too coarse", title: "Less fruit and more nut: is that the grind?",
		told: "Could be. We asked the people who brew it every day, in our community. The answer comes back here.",
		text: `community: Asked under a post of ours: the fruit is gone and what is left is nut. Too coarse, or something else?
--
kenta_t*: Coarse makes it thin and a bit salty, not nutty. Nut without fruit is nearly always **water that is not hot enough** or a bag that has been open for too long.

Try 96 °C first. If it stays nutty, open a new bag and compare.
--
adaeze: Seconded. Mine came back with the lid on the kettle.`,
		back: "Kenta answered in our community: “Coarse would be thin, not nutty. Try hotter water first, 96 °C, then a fresh bag.”"},
	{phrase: "tasted flat", title: "Same beans, same recipe, and suddenly flat",
		told: "We have tasted that roast again, and it is fine here. So we asked our community what else it can be.",
		text: `community: Somebody wrote to us that the last bag tasted flat, with everything as always. We have cupped it again and found nothing. What else changes without anybody noticing?
--
oliver_w: The season. My kitchen is four degrees colder than in September, and so is the dripper.
--
sofia_r: How long was the bag open, and where? Mine stood beside the oven for a week. I will not name the person who put it there.`,
	},
}

// crossed is such a question with when it was asked, taken over, and answered.
type crossed struct {
	crossing
	channel    channel.Channel
	m          network.Message
	toldAt     time.Time
	returnedAt time.Time // zero: it has no accepted answer yet
	talk       *talk
}

// Between which ages a message is taken into the community: what is younger
// could not have its answer yet.
const (
	crossedYoungest = 4 * 24 * time.Hour
	crossedOldest   = 26 * 24 * time.Hour
)

// cross takes a message into the community if it asks one of the questions, the
// first that does.
func (in *inbox) cross(c channel.Channel, m network.Message) *crossed {
	age := in.now.Sub(m.At)
	if m.Own || m.Visibility != network.Public || age < crossedYoungest || age > crossedOldest {
		return nil
	}
	for _, q := range crossings {
		if !strings.Contains(strings.ToLower(m.Text), q.phrase) || in.asked[q.phrase] {
			continue
		}
		in.asked[q.phrase] = true
		x := &crossed{crossing: q, channel: c, m: m, toldAt: in.answeredAt(m)}
		if q.back != "" {
			x.returnedAt = in.byDay(x.toldAt.Add(26*time.Hour+time.Duration(dice(m.Ref.ID, "back", 300))*time.Minute), m)
		}
		in.crossed = append(in.crossed, x)
		return x
	}
	return nil
}

// answers are what the brand wrote on the network.
func (x *crossed) answers() []emulator.Past {
	said := func(text string, at time.Time) emulator.Past {
		return emulator.Past{ID: strconv.FormatInt(at.UnixMilli()*1000+int64(dice(x.m.Ref.ID, "id", 1000)), 10), Account: x.channel.RemoteID, Text: text,
			Language: "en", InReplyTo: x.m.Ref.ID, PublishedAt: at}
	}
	out := []emulator.Past{said(x.told, x.toldAt)}
	if x.back != "" {
		out = append(out, said(x.back, x.returnedAt))
	}
	return out
}

// story is what the conversation tells of it.
func (x *crossed) story(account string) []conversation.Event {
	out := []conversation.Event{{At: db.At(x.toldAt), What: "bridged", Account: account}}
	if x.back != "" {
		out = append(out, conversation.Event{At: db.At(x.returnedAt), What: "returned"})
	}
	return out
}

// held is the talk about it: everybody answers in good time before the answer
// goes back.
func (x *crossed) held() *talk {
	one := &talk{space: spaceAsk, title: x.title, begun: x.toldAt}
	said, accepted := parseTalk(x.text)
	one.said = said
	for i := range said {
		one.times = append(one.times, x.toldAt.Add(time.Duration(i)*95*time.Minute))
	}
	if accepted > 0 {
		one.answer, one.solved = said[accepted], db.At(x.returnedAt.Add(-time.Minute))
	}
	origin, err := json.Marshal(topic.Origin{Network: "Demo network", Name: x.m.Author.Name, Handle: x.m.Author.Handle, URL: x.m.URL, Quote: x.m.Text})
	if err != nil {
		panic(err) // plain strings always encode
	}
	one.origin = string(origin)
	x.talk = one
	return one
}

// saveCrossings keeps from which message each talk came.
func (t *town) saveCrossings(ctx context.Context, tx *db.Tx) error {
	var rows [][]any
	for _, x := range t.crossed {
		var message, about string
		err := tx.QueryRowContext(ctx, `SELECT id, conversation_id FROM message WHERE channel_id = $1 AND remote_id = $2 AND remote_id <> ''`, x.channel.ID, x.m.Ref.ID).Scan(&message, &about)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE conversation_event SET detail = $3 WHERE brand_id || '' = $1 AND conversation_id = $2 AND what = 'bridged'`, t.brand.ID, about, x.talk.id); err != nil {
			return err
		}
		state, answer := bridge.Open, ""
		if x.talk.answer != nil {
			state, answer = bridge.Returned, x.talk.answer.id
		}
		var returned db.Time
		if state == bridge.Returned {
			returned = db.At(x.returnedAt)
		}
		rows = append(rows, []any{db.NewID(), t.brand.ID, x.channel.ID, about, message, x.talk.id, t.team[teamCommunity].ID, true, state, answer, db.NewID(),
			db.At(x.toldAt), x.talk.solved, returned})
	}
	return db.Many(ctx, tx, `INSERT INTO crossing (id, brand_id, channel_id, conversation_id, message_id, topic_id, account_id, back, state, reply_id, post_id, created_at, solved_at, returned_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`, rows)
}
