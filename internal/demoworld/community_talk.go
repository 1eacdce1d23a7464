package demoworld

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"rapport/internal/activity"
	"rapport/internal/db"
	"rapport/internal/markdown"
	"rapport/internal/member"
	"rapport/internal/space"
	"rapport/internal/topic"
)

// luck is the same at every start, so that a demo looks as the last one did.
type luck struct{ *rand.Rand }

func newLuck() *luck { return &luck{rand.New(rand.NewPCG(1907, 4))} }

func draw[T any](d *luck, all []T) T { return all[d.IntN(len(all))] }

// deck deals each of its cards before one comes again.
type deck struct {
	cards, left []string
}

func (k *deck) deal(d *luck) string {
	if len(k.left) == 0 {
		k.left = append(k.left, k.cards...)
		d.Shuffle(len(k.left), func(i, j int) { k.left[i], k.left[j] = k.left[j], k.left[i] })
	}
	card := k.left[0]
	k.left = k.left[1:]
	return card
}

// talk is a topic with what was said in it.
type talk struct {
	id     string
	number int64
	space  string
	title  string
	begun  time.Time
	pinned bool
	closed bool
	answer *saying
	said   []*saying
	pace   time.Duration // between two replies, on the whole
	times  []time.Time   // of its sayings, where they are known
	origin string        // JSON of where it comes from, when not from here
	solved db.Time       // when its answer was accepted; 0: a while after it was given
}

// saying is one reply. Before it is held, role says who speaks: a letter for
// one of the crowd, the same in the whole talk, or a key of the team.
type saying struct {
	id      string
	role    string
	by      *soul
	text    string
	at      db.Time
	state   topic.State
	answers int
	flag    topic.Complaint
	note    string
}

// parse reads a talk as it is written: sayings between lines of --, each with
// who speaks, what it is beside, and a colon. "b>2*:" answers and quotes the
// second and was accepted, "c!:" was hidden, "d?:" waits for a look.
func parseTalk(text string) (out []*saying, accepted int) {
	accepted = -1
	for i, block := range strings.Split(strings.TrimSpace(text), "\n--\n") {
		head, words, _ := strings.Cut(block, ":")
		s := &saying{state: topic.Live, text: strings.TrimSpace(words)}
		for strings.ContainsAny(head, "*!?") {
			last := len(head) - 1
			switch head[last] {
			case '*':
				accepted = i
			case '!':
				s.state = topic.Hidden
			case '?':
				s.state = topic.Waiting
			}
			head = head[:last]
		}
		role, number, _ := strings.Cut(head, ">")
		s.role = role
		s.answers, _ = strconv.Atoi(number)
		out = append(out, s)
	}
	return out, accepted
}

// hold gives a talk its people and times and fills in what it quotes.
func (t *town) hold(one *talk) {
	one.id = db.NewID()
	at := one.begun
	cast := map[string]*soul{}
	var kept []*saying
	for i, s := range one.said {
		switch {
		case i < len(one.times):
			at = one.times[i]
		case i > 0:
			at = t.later(at, one.pace)
		}
		if at.After(t.now.Add(-3 * time.Minute)) {
			at = t.now.Add(-time.Duration(3+len(one.said)-i) * time.Minute)
		}
		s.id, s.at = db.NewID(), db.At(at)
		s.by = t.cast(cast, s)
		kept = append(kept, s)
		if s.answers > 0 {
			to := kept[s.answers-1]
			s.text = markdown.Quote(to.by.handle, s.answers, to.text) + s.text
		}
		t.visit(s)
	}
}

// later is when somebody answers: not at once, and seldom at night.
func (t *town) later(at time.Time, pace time.Duration) time.Time {
	at = at.Add(4*time.Minute + time.Duration(t.dice.ExpFloat64()*float64(pace)))
	if hour := at.In(t.brand.Location()).Hour(); hour < 6 {
		at = at.Add(time.Duration(6-hour)*time.Hour + time.Duration(t.dice.IntN(90))*time.Minute)
	}
	return at
}

func (t *town) cast(cast map[string]*soul, s *saying) *soul {
	if one := t.staff[s.role]; one != nil {
		return one
	}
	if s.state == topic.Waiting {
		return t.newcomer(s.at)
	}
	if one := t.called(s.role); one != nil {
		return one
	}
	if cast[s.role] == nil {
		var taken []*soul
		for _, other := range cast {
			taken = append(taken, other)
		}
		cast[s.role] = t.someone(s.at, taken...)
	}
	return cast[s.role]
}

// visit notes that what is said was said, and that its author was here.
func (t *town) visit(s *saying) {
	if s.state == topic.Waiting {
		return
	}
	if s.at > s.by.seen {
		s.by.seen = s.at
	}
	day := s.at.Time().Format(time.DateOnly)
	if !s.by.days[day] {
		s.by.days[day] = true
		t.acts = append(t.acts, activity.Entry{Kind: "member.visited", Subject: s.by.id, Actor: s.by.person, At: s.at.Add(-2 * time.Minute), Member: s.by.id, Team: s.by.team})
	}
}

// read lets people be here without a word: much at first, then as they are.
func (t *town) read(context.Context, *db.Tx) error {
	dice := newLuck()
	for _, s := range t.people {
		keen := 0.01 + 0.3*math.Pow(dice.Float64(), 4)
		for age := 0; s.state == member.Active; age++ {
			at := s.joined.Time().Truncate(24*time.Hour).AddDate(0, 0, age).Add(7*time.Hour + time.Duration(dice.IntN(15*60))*time.Minute)
			if db.At(at) > s.seen {
				break
			}
			day := at.Format(time.DateOnly)
			if dice.Float64() < keen+0.5*math.Exp(-float64(age)/6) && !s.days[day] && db.At(at) > s.joined {
				s.days[day] = true
				t.acts = append(t.acts, activity.Entry{Kind: "member.visited", Subject: s.id, Actor: s.person, At: db.At(at), Member: s.id, Team: s.team})
			}
		}
	}
	return nil
}

// react lets people like some things much and most a little.
func (t *town) react(one *talk) {
	for i, s := range one.said {
		kind, asked := "reply.added", int64(0)
		if i == 0 {
			kind = "topic.begun"
			if one.space == spaceAsk {
				asked = 1
			}
		}
		if s.state == topic.Waiting {
			continue
		}
		t.acts = append(t.acts, activity.Entry{Kind: kind, Subject: s.id, Actor: s.by.person, Value: asked, At: s.at, Member: s.by.id, Topic: one.id, Team: s.by.team})
		if s.state == topic.Hidden {
			t.acts = append(t.acts, activity.Entry{Kind: "reply.concealed", Subject: s.id, At: s.at.Add(40 * time.Minute), Member: s.by.id, Topic: one.id})
		}
		if s.state == topic.Live {
			for range t.liking(one, i) {
				t.like(s)
			}
		}
	}
	if one.answer != nil {
		t.acts = append(t.acts, activity.Entry{Kind: "topic.solved", Subject: one.id, Actor: one.said[0].by.person, At: one.solvedAt(t.now), Topic: one.id})
	}
}

// liking is how many reactions a saying gets: few get many.
func (t *town) liking(one *talk, i int) int {
	n := int(t.dice.ExpFloat64() * 1.7)
	switch {
	case one.said[i] == one.answer:
		n += 2 + t.dice.IntN(5)
	case i == 0 && (one.space == spaceNews || one.space == spaceGuides):
		n += 6 + t.dice.IntN(18)
	case i == 0 && one.space == spaceHome:
		n += t.dice.IntN(9)
	}
	return n
}

var feelings = []string{"heart", "heart", "heart", "up", "up", "up", "up", "thanks", "thanks", "laugh", "party", "wow"}

func (t *town) like(s *saying) {
	at := s.at.Add(time.Duration(t.dice.ExpFloat64() * float64(9*time.Hour)))
	if at >= db.At(t.now) {
		return
	}
	who := t.someone(s.at, s.by)
	if who.liked[s.id] {
		return
	}
	who.liked[s.id] = true
	t.reactions = append(t.reactions, []any{s.id, who.id, t.brand.ID, draw(t.dice, feelings), at})
	t.acts = append(t.acts, activity.Entry{Kind: "reply.reacted", Subject: s.id, Actor: who.person, At: at, Member: who.id, Team: who.team})
}

// solvedAt is when an answer was accepted: a while after it was given.
func (one *talk) solvedAt(now time.Time) db.Time {
	if one.answer == nil || one.solved > 0 {
		return one.solved
	}
	return min(one.answer.at.Add(5*time.Hour), db.At(now.Add(-time.Minute)))
}

func (one *talk) row(t *town) []any {
	first, answer, last := one.said[0], "", one.said[0]
	for _, s := range one.said {
		if s.state == topic.Live {
			last = s
		}
	}
	if one.answer != nil {
		answer = one.answer.id
	}
	var pinned, closed db.Time
	if one.pinned {
		pinned = first.at.Add(time.Minute)
	}
	if one.closed {
		closed = last.at.Add(2 * 24 * time.Hour)
	}
	return []any{one.id, t.brand.ID, one.number, t.spaces[one.space].ID, first.by.id, one.title, space.Slug(one.title), first.state,
		last.at, last.by.id, answer, one.solvedAt(t.now), pinned, closed, one.origin, first.at}
}

func (s *saying) row(t *town, one *talk) []any {
	number := 0
	for i, other := range one.said {
		if other == s {
			number = i + 1
		}
	}
	if s.state == topic.Waiting && number > 1 {
		number = -1
	}
	return []any{s.id, t.brand.ID, one.id, t.spaces[one.space].ID, number, s.by.id, s.answers, s.state, s.text, s.by.team, s.at}
}

// written are the talks that were written whole.
func (t *town) written() []*talk {
	var out []*talk
	for _, p := range plays {
		one := &talk{space: p.space, title: p.title, begun: t.hour(p.days), pinned: p.pinned, closed: p.closed, pace: 5 * time.Hour}
		said, accepted := parseTalk(p.text)
		if one.said = said; accepted > 0 {
			one.answer = said[accepted]
		}
		if p.flag > 0 {
			said[p.flag-1].flag, said[p.flag-1].note = topic.OffTopic, p.note
		}
		out = append(out, one)
	}
	for _, x := range t.crossed {
		out = append(out, x.held())
	}
	return out
}

// hour is a plausible time of a day that lies so many days back.
func (t *town) hour(days float64) time.Time {
	at := t.now.Add(-time.Duration(days * float64(24*time.Hour)))
	if h := at.In(t.brand.Location()).Hour(); h < 7 && days > 1 {
		at = at.Add(time.Duration(7-h)*time.Hour + time.Duration(t.dice.IntN(50))*time.Minute)
	}
	return at
}

// composed are the talks that begin with something written and go on with
// parts that fit it.
func (t *town) composed() []*talk {
	c := &composer{dice: t.dice, decks: map[string]*deck{}, seen: map[string]bool{}}
	var out []*talk
	for i, s := range seeds {
		days := s.days
		if days == 0 {
			days = 4 + 174*float64(i*37%len(seeds))/float64(len(seeds))
		}
		one := &talk{space: s.space, title: s.title, begun: t.hour(days), pace: 9 * time.Hour}
		if days < 4 {
			one.pace = time.Duration(days * float64(2*time.Hour))
		}
		one.said, _ = parseTalk(s.text)
		for _, said := range one.said {
			said.text = c.fill(said.text)
		}
		c.goOn(one, s)
		out = append(out, one)
	}
	return out
}

// composer puts replies together so that no two are the same.
type composer struct {
	dice  *luck
	decks map[string]*deck
	seen  map[string]bool // texts
	used  map[string]bool // parts, in the talk that is composed
}

// from deals a part that was not in the talk yet, as long as there is one.
func (c *composer) from(name string) string {
	if c.decks[name] == nil {
		c.decks[name] = &deck{cards: parts[name]}
	}
	card := c.decks[name].deal(c.dice)
	for tries := 0; c.used[card] && card != "" && tries < 2*len(parts[name]); tries++ {
		card = c.decks[name].deal(c.dice)
	}
	c.used[card] = true
	return c.fill(card)
}

// once is a text made by the function that nobody has said yet.
func (c *composer) once(make func() string) string {
	for {
		text := strings.TrimSpace(make())
		if !c.seen[text] {
			c.seen[text] = true
			return text
		}
	}
}

// advised are the parts that advice is put together from; others are said as
// they are.
var advised = []string{"grind", "water", "machine", "milk", "beans", "aeropress", "litre", "moka", "cold", "gear"}

// goOn lets a talk go on for as many replies as its seed says.
func (c *composer) goOn(one *talk, s seed) {
	const voices = "bcdefghij"
	c.used = map[string]bool{}
	for i := range s.replies {
		next := &saying{state: topic.Live, role: string(voices[(i+len(s.title))%(2+s.replies*2/3)%len(voices)])}
		c.word(one, s, i, next)
		one.said = append(one.said, next)
	}
	if s.solved {
		one.answer = one.said[len(one.said)-2]
	}
}

// word says what the i-th reply says.
func (c *composer) word(one *talk, s seed, i int, next *saying) {
	switch {
	case s.solved && i == s.replies-1:
		next.role, next.text = "a", c.once(func() string { return c.from("result") + " " + c.from("thanks") })
	case s.space == spaceAsk && i == 2:
		next.role, next.text = "a", c.once(func() string { return c.from("asker") + " " + c.from("asks") })
	case !slices.Contains(advised, s.tag):
		end := ""
		if s.tag == "cheers" || s.tag == "reader" {
			end = c.from("wish")
		}
		next.text = c.once(func() string { return c.from(s.tag) + end })
	case i%4 == 3:
		next.answers = 2 + c.dice.IntN(2) // one of the first two, who are not the one who asked
		for one.said[next.answers-1].role == next.role {
			next.role = "k"
		}
		next.text = c.once(func() string { return c.from("agree") + " " + c.from(s.tag) })
	default:
		next.text = c.once(func() string { return c.from("open") + " " + c.from(s.tag) + c.from("end") })
	}
}

// fill puts numbers and names into a part.
func (c *composer) fill(text string) string {
	return strings.NewReplacer(
		"{dose}", fmt.Sprint(14+c.dice.IntN(8)),
		"{temp}", fmt.Sprint(89+c.dice.IntN(8)),
		"{sec}", fmt.Sprint(24+c.dice.IntN(12)),
		"{min}", fmt.Sprintf("%d:%02d", 2+c.dice.IntN(2), 5*c.dice.IntN(12)),
		"{days}", fmt.Sprint(5+c.dice.IntN(16)),
		"{clicks}", fmt.Sprint(2+c.dice.IntN(5)),
		"{year}", draw(c.dice, []string{"two years", "three years", "half a year", "about a year", "five years", "ages"}),
		"{bean}", draw(c.dice, []string{"Harbour Blend", "Yirgacheffe", "Huila", "Night Shift", "Nyeri", "decaf from Cauca", "washed Guji"}),
		"{city}", draw(c.dice, []string{"Hamburg", "Leipzig", "Porto", "Utrecht", "Gdańsk", "Vienna", "Malmö", "Bristol", "Ghent"}),
	).Replace(text)
}
