package demoworld

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/brand"
	"rapport/internal/channel"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/network"
	"rapport/internal/network/demo/emulator"
)

// heardBefore is how far back the demo's inbox reaches.
const heardBefore = 30 * 24 * time.Hour

// inbox is what was said to the brand's channels in the last weeks, and what
// became of it.
type inbox struct {
	brand   brand.Brand
	author  string
	team    map[string]account.Account // by the names of team.go
	now     time.Time
	heard   map[string][]network.Message // by channel
	labels  map[string]string            // ids by name
	asked   map[string]bool              // questions that were taken into the community
	crossed []*crossed
}

// listen hears every channel, lets the brand answer some of it on the demo
// network, and hears again: some of those who were answered answer back.
func (w World) listen(ctx context.Context, who access.Who, b brand.Brand, now time.Time, connected map[string]channel.Channel) (*inbox, error) {
	in := &inbox{brand: b, author: who.Account, now: now, heard: map[string][]network.Message{}, labels: map[string]string{}, asked: map[string]bool{}}
	for _, a := range accounts {
		c := connected[a.name]
		all, err := w.hear(ctx, c, now)
		if err != nil {
			return nil, err
		}
		if err := w.Network.Seed(in.answers(c, all)...); err != nil {
			return nil, fmt.Errorf("demoworld: answers: %w", err)
		}
		if in.heard[c.ID], err = w.hear(ctx, c, now); err != nil {
			return nil, err
		}
	}
	for _, l := range marks {
		made, err := conversation.MakeLabel(ctx, w.DB, who, b.ID, l.name, l.hue)
		if err != nil {
			return nil, fmt.Errorf("demoworld: label: %w", err)
		}
		in.labels[l.name] = made.ID
	}
	return in, nil
}

// hear reads a channel's inbox as it is always read.
func (w World) hear(ctx context.Context, c channel.Channel, now time.Time) ([]network.Message, error) {
	p, target, _, err := w.Channels.Target(ctx, w.DB, c.Brand, c.ID)
	if err != nil {
		return nil, fmt.Errorf("demoworld: hear: %w", err)
	}
	from, can := p.(network.Listener)
	var all []network.Message
	for after, more := "", can; more; {
		page, err := from.Hear(ctx, target, after, now.Add(-heardBefore))
		if err != nil {
			return nil, fmt.Errorf("demoworld: hear: %w", err)
		}
		all, after, more = append(all, page.Messages...), page.Next, page.More
	}
	return all, nil
}

// marks are the demo's labels.
var marks = []struct {
	name string
	hue  int
}{{"Orders", 210}, {"Complaint", 10}, {"Praise", 140}, {"Partners", 280}}

// kind is what somebody wants, as far as the words tell.
type kind byte

const (
	nothing   kind = ' '
	question  kind = ':'
	complaint kind = '!'
	praise    kind = '+'
)

// answer is what the brand says to those who write one of the phrases.
type answer struct {
	kind    kind
	phrases []string
	texts   map[string]string // by language
}

var answers = func() []answer {
	raw, err := files.ReadFile("words/answers.txt")
	if err != nil {
		panic(err) // it is part of the program
	}
	var out []answer
	for block := range strings.SplitSeq(string(raw), "\n%\n") {
		head, rest, _ := strings.Cut(strings.TrimSpace(block), "\n")
		a := answer{kind: kind(head[0]), texts: map[string]string{}}
		for phrase := range strings.SplitSeq(head[1:], ",") {
			a.phrases = append(a.phrases, strings.TrimSpace(phrase))
		}
		for i, text := range strings.Split(rest, "\n@ ") {
			language := "en"
			if i > 0 {
				language, text, _ = strings.Cut(text, "\n")
			}
			a.texts[language] = strings.TrimSpace(text)
		}
		out = append(out, a)
	}
	return out
}()

// understand finds out what a message wants and what is said to it; "" where
// nothing fits.
func understand(m network.Message) (kind, string) {
	low := strings.ToLower(m.Text)
	for _, a := range answers {
		if slices.ContainsFunc(a.phrases, func(p string) bool { return strings.Contains(low, p) }) {
			return a.kind, cmp.Or(a.texts[m.Language], a.texts["en"])
		}
	}
	return nothing, ""
}

// dice is a number below n that belongs to a message.
func dice(id, of string, n int) int {
	h := fnv.New64a()
	_, _ = h.Write([]byte(of + " " + id))
	return int(h.Sum64() >> 17 % uint64(n))
}

// answers are what the brand wrote back: to most questions and complaints,
// within the hours in which somebody is there.
func (in *inbox) answers(c channel.Channel, all []network.Message) []emulator.Past {
	var out []emulator.Past
	for _, m := range all {
		if x := in.cross(c, m); x != nil {
			out = append(out, x.answers()...)
			continue
		}
		want, text := understand(m)
		often := map[kind]int{question: 88, complaint: 94, praise: 55}[want]
		if in.now.Sub(m.At) < 80*time.Hour {
			often -= 45 // the team is busy these days
		}
		if m.Own || text == "" || dice(m.Ref.ID, "answered", 100) >= often {
			continue
		}
		at := in.answeredAt(m)
		if at.After(in.now.Add(-2 * time.Minute)) {
			continue
		}
		out = append(out, emulator.Past{ID: strconv.FormatInt(at.UnixMilli()*1000+int64(dice(m.Ref.ID, "id", 1000)), 10), Account: c.RemoteID, Text: text,
			Language: m.Language, InReplyTo: m.Ref.ID, PublishedAt: at})
	}
	return out
}

// answeredAt is some minutes after the message, or after nine in the morning.
func (in *inbox) answeredAt(m network.Message) time.Time {
	at := m.At.In(in.brand.Location())
	wait := 4 + dice(m.Ref.ID, "wait", 50)
	if dice(m.Ref.ID, "late", 4) == 0 {
		wait += dice(m.Ref.ID, "later", 240)
	}
	at = at.Add(time.Duration(wait)*time.Minute + time.Duration(dice(m.Ref.ID, "seconds", 60))*time.Second)
	return in.byDay(at, m)
}

// byDay is the time, or the next morning where nobody is there.
func (in *inbox) byDay(at time.Time, m network.Message) time.Time {
	switch h := at.Hour(); {
	case h < 8:
		at = time.Date(at.Year(), at.Month(), at.Day(), 8, 5+dice(m.Ref.ID, "morning", 70), at.Second(), 0, at.Location())
	case h >= 21:
		at = time.Date(at.Year(), at.Month(), at.Day()+1, 8, 5+dice(m.Ref.ID, "morning", 70), at.Second(), 0, at.Location())
	}
	return at
}

// save takes everything in and gives it the past it had.
func (in *inbox) save(ctx context.Context, tx *db.Tx) error {
	var ids []string
	for channelID, all := range in.heard {
		for some := range slices.Chunk(all, conversation.MostAtOnce) {
			taken, err := conversation.Take(ctx, tx, conversation.Source{Brand: in.brand.ID, Channel: channelID, Network: "demo"}, some, true)
			if err != nil {
				return fmt.Errorf("demoworld: inbox: %w", err)
			}
			ids = append(ids, taken.Touched...)
		}
	}
	slices.Sort(ids)
	found, err := conversation.ByIDs(ctx, tx, in.brand.ID, slices.Compact(ids))
	if err != nil {
		return fmt.Errorf("demoworld: inbox: %w", err)
	}
	all := make([]conversation.Conversation, 0, len(found))
	for _, c := range found {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b conversation.Conversation) int {
		return cmp.Or(cmp.Compare(b.LastAt, a.LastAt), cmp.Compare(a.Root, b.Root))
	})
	return conversation.Import(ctx, tx, in.brand.ID, in.past(all))
}

// How many conversations wait in each way, at most.
const (
	leftNew     = 7
	leftOpen    = 6
	openLeast   = 3
	leftSnoozed = 1
)

// past tells of each conversation where the team stands with it. The newest
// come first: what nobody has answered yet is new or open, the rest is done.
func (in *inbox) past(all []conversation.Conversation) []conversation.Past {
	firsts := map[string]network.Message{}
	for _, heard := range in.heard {
		for _, m := range heard {
			firsts[m.Ref.ID] = m
		}
	}
	var out []conversation.Past
	left := map[conversation.State]int{conversation.StateNew: leftNew, conversation.StateOpen: leftOpen, conversation.StateSnoozed: leftSnoozed}
	for _, c := range all {
		want, _ := understand(firsts[c.Root])
		p := conversation.Past{ID: c.ID, State: in.state(c, want, left), StateAt: c.CreatedAt}
		left[p.State]--
		out = append(out, p)
	}
	for i, c := range all {
		// In a quiet week somebody is still at work on something.
		if left[conversation.StateOpen] > leftOpen-openLeast && out[i].State == conversation.StateDone && c.LastOutAt == 0 {
			out[i].State = conversation.StateOpen
			left[conversation.StateOpen]--
		}
		want, _ := understand(firsts[c.Root])
		in.tell(&out[i], c, want)
		for _, x := range in.crossed {
			if x.m.Ref.ID == c.Root {
				out[i].Events = append(out[i].Events, x.story(in.team[teamCommunity].ID)...)
			}
		}
	}
	in.note(out, all, firsts)
	return out
}

// state says how far the team has come with a conversation.
func (in *inbox) state(c conversation.Conversation, want kind, left map[conversation.State]int) conversation.State {
	waits, age := c.LastInAt > c.LastOutAt, db.At(in.now).Sub(c.LastInAt)
	answered := c.LastOutAt > 0
	matters := want == question || want == complaint || c.Kind == conversation.KindMention
	if answered || c.Kind == conversation.KindMention {
		matters = strings.Contains(c.Excerpt, "?")
	}
	// Remarks are looked through within hours; what asks for something waits.
	fresh := age < 9*time.Hour || matters && age < 30*time.Hour
	switch {
	case waits && !answered && fresh && left[conversation.StateNew] > 0:
		return conversation.StateNew
	case waits && matters && age < 5*24*time.Hour && left[conversation.StateSnoozed] > 0 && age > 20*time.Hour:
		return conversation.StateSnoozed
	case waits && matters && age < 5*24*time.Hour && left[conversation.StateOpen] > 0:
		return conversation.StateOpen
	}
	return conversation.StateDone
}

// tell makes the story: when it was opened, who took it, how it ended.
func (in *inbox) tell(p *conversation.Past, c conversation.Conversation, want kind) {
	now := db.At(in.now)
	opened := min(c.LastInAt.Add(time.Duration(2+dice(c.Root, "opened", 90))*time.Minute), now.Add(-time.Minute))
	if c.LastOutAt > 0 {
		p.Answered, opened = in.author, c.LastOutAt.Add(-time.Duration(40+dice(c.Root, "typed", 200))*time.Second)
	}
	did := func(what string, at db.Time, detail string) {
		p.Events = append(p.Events, conversation.Event{At: at, What: what, Account: in.author, Detail: detail})
	}
	if p.State == conversation.StateNew {
		return
	}
	did("opened", opened, "")
	if name := in.mark(c, want); name != "" {
		p.Labels = append(p.Labels, in.labels[name])
		did("labelled", opened.Add(9*time.Second), name)
	}
	p.StateAt = opened
	switch p.State {
	case conversation.StateOpen:
		if want == question || want == complaint || dice(c.Root, "assigned", 3) > 0 {
			p.Assignee = in.author
			did("assigned", opened.Add(20*time.Second), in.author)
		}
	case conversation.StateSnoozed:
		p.StateAt, p.Until = opened.Add(time.Minute), db.At(in.morning())
		did("snoozed", p.StateAt, strconv.FormatInt(int64(p.Until), 10))
	case conversation.StateDone:
		p.StateAt = min(max(opened, c.LastAt).Add(time.Duration(1+dice(c.Root, "done", 240))*time.Minute), now)
		did("done", p.StateAt, "")
	}
}

// morning is nine o'clock of the next day but one that is a working day.
func (in *inbox) morning() time.Time {
	at := in.now.In(in.brand.Location()).AddDate(0, 0, 2)
	for at.Weekday() == time.Saturday || at.Weekday() == time.Sunday {
		at = at.AddDate(0, 0, 1)
	}
	return time.Date(at.Year(), at.Month(), at.Day(), 9, 0, 0, 0, at.Location())
}

func (in *inbox) mark(c conversation.Conversation, want kind) string {
	low := strings.ToLower(c.Excerpt)
	switch {
	case want == complaint:
		return "Complaint"
	case strings.Contains(low, "calibration") || strings.Contains(low, "bucket") || strings.Contains(low, "invoice") || strings.Contains(low, "guests ask"):
		return "Partners"
	case want == question && (strings.Contains(low, "ship") || strings.Contains(low, "order") || strings.Contains(low, "bag") || strings.Contains(low, "abo")):
		return "Orders"
	case want == praise && dice(c.Root, "praise", 3) == 0:
		return "Praise"
	}
	return ""
}

// What the team says to itself, in the order in which it finds a place.
var asides = []struct {
	state conversation.State
	kind  kind
	text  string
}{
	{conversation.StateSnoozed, nothing, "Merle knows this one. She is back the day after tomorrow, so it comes back then."},
	{conversation.StateOpen, complaint, "Asked the warehouse. They look for it until noon."},
	{conversation.StateOpen, question, "Do we have a number for this? Otherwise I ask Okan."},
	{conversation.StateDone, complaint, "The third one about this in a month. Told packing to change the tape."},
	{conversation.StateDone, question, "This comes up every week. It should go on the shop page."},
	{conversation.StateDone, praise, "Asked whether we may quote it. We may."},
}

// note puts each aside on the first conversation that it fits.
func (in *inbox) note(past []conversation.Past, all []conversation.Conversation, firsts map[string]network.Message) {
	taken := map[int]bool{}
	for _, a := range asides {
		i := slices.IndexFunc(past, func(p conversation.Past) bool {
			return len(p.Notes) == 0 && p.State == a.state && in.fits(p.ID, a.kind, all, firsts)
		})
		if i < 0 || taken[i] {
			continue
		}
		taken[i] = true
		at := past[i].Events[0].At.Add(time.Duration(50+dice(past[i].ID, "aside", 90)) * time.Second)
		past[i].Notes = append(past[i].Notes, conversation.Note{Account: in.author, Text: a.text, At: at})
	}
}

func (in *inbox) fits(id string, want kind, all []conversation.Conversation, firsts map[string]network.Message) bool {
	i := slices.IndexFunc(all, func(c conversation.Conversation) bool { return c.ID == id })
	is, _ := understand(firsts[all[i].Root])
	return want == nothing || is == want
}
