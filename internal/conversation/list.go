package conversation

import (
	"context"
	"fmt"
	"slices"
	"sort"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/fault"
)

// What Filter.Assignee may be beside the id of an account.
const (
	Me     = "me"
	Nobody = "none"
)

// Filter narrows List. Empty fields do not.
type Filter struct {
	States    []State
	Assignee  string // Me, Nobody or the id of an account
	Channel   string
	Kind      string
	Label     string // id
	Person    string // who wrote something in it
	Post      string // below which it stands
	Waiting   bool   // new or open, and somebody waits for an answer: who waits longest comes first
	Mentioned bool   // a note names the acting account
}

// List returns the conversations on the channels that the account may see, the
// one with the newest message first, 50 to a page unless asked otherwise (at
// most 200), and the cursor of the next page, "" after the last.
func List(ctx context.Context, q db.Queryer, who access.Who, brandID string, f Filter, page db.Page) ([]Conversation, string, error) {
	if err := who.May(q.Now(), brandID, access.ConversationRead); err != nil {
		return nil, "", err
	}
	f, err := f.clean(who)
	if err != nil {
		return nil, "", err
	}
	at, id, err := page.Key()
	if err != nil {
		return nil, "", err
	}
	if f.Waiting && page.After == "" {
		at, id = 0, ""
	}
	size := page.Size(50, 200)
	all, err := f.find(ctx, q, who.Account, look{brand: brandID, at: at, id: id, most: size + 1, channels: f.channels(who.Channels(q.Now(), brandID)),
		sight: SightOf(q.Now(), who, brandID)})
	if err != nil {
		return nil, "", fmt.Errorf("conversation: list: %w", err)
	}
	next := ""
	if len(all) > size {
		all = all[:size]
		last := all[size-1]
		next = db.Cursor(last.LastAt, last.ID)
		if f.Waiting {
			next = db.Cursor(last.WaitingSince, last.ID)
		}
	}
	return all, next, withRest(ctx, q, brandID, all)
}

func (f Filter) clean(who access.Who) (Filter, error) {
	for _, s := range f.States {
		if !slices.Contains(States, s) {
			return f, fault.OnField("state", "There is no such state of a conversation. Choose one of: new, open, snoozed, done.")
		}
	}
	if f.Kind != "" && !slices.Contains(Kinds, f.Kind) {
		return f, fault.OnField("kind", "There is no such kind of conversation. Choose one of: comment, mention, question, flag, waiting.")
	}
	if len(f.States) == 0 {
		f.States = States
	}
	if f.Waiting {
		f.States = []State{StateNew, StateOpen}
	}
	if f.Assignee == Me {
		f.Assignee = who.Account
	}
	return f, nil
}

// channels are the only ones to look at; nil is no narrowing, an empty list is
// nothing at all.
func (f Filter) channels(granted []string) []string {
	switch {
	case f.Channel == "":
		return granted
	case len(granted) > 0 && !slices.Contains(granted, f.Channel):
		return []string{""}
	}
	return []string{f.Channel}
}

// look is one page to find: what comes after a place in the list.
type look struct {
	brand    string
	at       db.Time
	id       string
	most     int
	channels []string
	sight    Sight // of what the team must decide about
}

// find walks the index that fits the filter. Where a list runs over several
// states, each is walked by itself and the pages are joined: one walk over all
// would pass everything that is done.
func (f Filter) find(ctx context.Context, q db.Queryer, account string, l look) ([]Conversation, error) {
	if f.Waiting {
		return f.walk(ctx, q, account, l, f.States, "")
	}
	if f.Label != "" || f.Person != "" || f.Post != "" || f.Mentioned {
		return f.walk(ctx, q, account, l, f.States, "")
	}
	var out []Conversation
	for _, state := range f.States {
		for _, channel := range f.lanes(l.channels) {
			some, err := f.walk(ctx, q, account, l, []State{state}, channel)
			if err != nil {
				return nil, err
			}
			out = append(out, some...)
		}
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].LastAt != out[j].LastAt {
			return out[i].LastAt > out[j].LastAt
		}
		return out[i].ID > out[j].ID
	})
	return out[:min(len(out), l.most)], nil
}

// lanes are the channels that are walked one by one: few of many would be a
// long walk past the others.
func (f Filter) lanes(channels []string) []string {
	if len(channels) == 0 || len(channels) > 20 || f.Assignee != "" {
		return []string{""}
	}
	return channels
}

// query gathers conditions and their arguments.
type query struct {
	text string
	args []any
}

func (b *query) arg(v any) string {
	b.args = append(b.args, v)
	return fmt.Sprintf("$%d", len(b.args))
}

func (b *query) list(all []string) string {
	text := db.In(len(b.args)+1, len(all))
	for _, v := range all {
		b.args = append(b.args, v)
	}
	return text
}

func (b *query) and(condition string) { b.text += " AND " + condition }

func (f Filter) walk(ctx context.Context, q db.Queryer, account string, l look, states []State, channel string) ([]Conversation, error) {
	b := &query{}
	brand := b.arg(l.brand)
	names := make([]string, len(states))
	for i, s := range states {
		names[i] = string(s)
	}
	from, where := `conversation c`, `c.brand_id = `+brand
	after, order := `(c.last_at, c.id) < (`+b.arg(l.at)+`, `+b.arg(l.id)+`)`, `c.last_at DESC, c.id DESC`
	switch {
	case f.Waiting:
		after, order = `c.waiting_since > 0 AND (c.waiting_since, c.id) > ($2, $3)`, `c.waiting_since, c.id`
	case f.Label != "":
		from, where = `conversation_label l JOIN conversation c ON c.id = l.conversation_id`, `l.brand_id = `+brand+` AND l.label_id = `+b.arg(f.Label)
		after, order = `(l.last_at, l.conversation_id) < ($2, $3)`, `l.last_at DESC, l.conversation_id DESC`
	case f.Mentioned:
		where = `c.brand_id || '' = ` + brand + ` AND c.id IN (SELECT n.conversation_id FROM note_mention n WHERE n.account_id = ` + b.arg(account) + ` AND n.brand_id = ` + brand + `)`
	case f.Person != "":
		where = `c.brand_id || '' = ` + brand + ` AND c.id IN (SELECT m.conversation_id FROM message m WHERE m.brand_id = ` + brand + ` AND m.person_id = ` + b.arg(f.Person) + ` AND m.person_id <> '')`
	case f.Post != "":
		where += ` AND c.post_id <> ''`
	}
	f.conditions(b, l, names, channel)
	rows, err := q.QueryContext(ctx, `SELECT `+columns+` FROM `+from+` WHERE `+where+` AND `+after+b.text+` ORDER BY `+order+` LIMIT `+b.arg(l.most), b.args...)
	return db.Collect(rows, err, scanRows)
}

// conditions are those that hold whatever is walked.
func (f Filter) conditions(b *query, l look, states []string, channel string) {
	if len(states) == 1 {
		b.and(`c.state = ` + b.arg(states[0]))
	} else {
		b.and(`c.state IN (` + b.list(states) + `)`)
	}
	switch f.Assignee {
	case "":
	case Nobody:
		b.and(`c.assignee_id = ` + b.arg(""))
	default:
		b.and(`c.assignee_id = ` + b.arg(f.Assignee))
	}
	switch {
	case channel != "":
		b.and(`c.channel_id = ` + b.arg(channel))
	case len(l.channels) > 0:
		b.and(`c.channel_id IN (` + b.list(l.channels) + `)`)
	}
	if f.Kind != "" {
		b.and(`c.kind = ` + b.arg(f.Kind))
	}
	if seen := l.sight.Where(&b.args); seen != "" {
		b.and(seen)
	}
	if f.Post != "" {
		b.and(`c.post_id = ` + b.arg(f.Post))
	}
}

// Counts are how many conversations are in each queue, counted up to CountMost.
type Counts struct {
	New        int
	Open       int
	Mine       int // new or open, and the acting account looks after it
	Unassigned int // new or open, and nobody does
	Waiting    int // new or open, and somebody waits for an answer
	Snoozed    int
	Done       int
}

// CountMost is the largest number that Count tells: it stands for itself and
// everything above, so that counting stays cheap.
const CountMost = 1000

// Count counts the queues on the channels that the account may see.
func Count(ctx context.Context, q db.Queryer, who access.Who, brandID string) (Counts, error) {
	var c Counts
	if err := who.May(q.Now(), brandID, access.ConversationRead); err != nil {
		return c, err
	}
	channels := who.Channels(q.Now(), brandID)
	open := []State{StateNew, StateOpen}
	for _, one := range []struct {
		into *int
		f    Filter
	}{
		{&c.New, Filter{States: []State{StateNew}}},
		{&c.Open, Filter{States: []State{StateOpen}}},
		{&c.Mine, Filter{States: open, Assignee: who.Account}},
		{&c.Unassigned, Filter{States: open, Assignee: Nobody}},
		{&c.Waiting, Filter{States: open, Waiting: true}},
		{&c.Snoozed, Filter{States: []State{StateSnoozed}}},
		{&c.Done, Filter{States: []State{StateDone}}},
	} {
		if one.into == &c.Mine && who.Account == "" {
			continue
		}
		n, err := one.f.countAll(ctx, q, look{brand: brandID, channels: channels, sight: SightOf(q.Now(), who, brandID)})
		if err != nil {
			return c, fmt.Errorf("conversation: count: %w", err)
		}
		*one.into = n
	}
	return c, nil
}

// countAll counts on a few channels one by one, as they are walked.
func (f Filter) countAll(ctx context.Context, q db.Queryer, l look) (sum int, err error) {
	lanes := f.lanes(l.channels)
	if f.Waiting {
		lanes = []string{""}
	}
	for _, channel := range lanes {
		n, err := f.count(ctx, q, l, channel, CountMost-sum)
		if err != nil {
			return 0, err
		}
		if sum += n; sum >= CountMost {
			break
		}
	}
	return sum, nil
}

func (f Filter) count(ctx context.Context, q db.Queryer, l look, channel string, most int) (n int, err error) {
	b := &query{}
	where := `c.brand_id = ` + b.arg(l.brand)
	if f.Waiting {
		where += ` AND c.waiting_since > 0`
	}
	names := make([]string, len(f.States))
	for i, s := range f.States {
		names[i] = string(s)
	}
	f.conditions(b, l, names, channel)
	err = q.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM conversation c WHERE `+where+b.text+` LIMIT `+b.arg(most)+`) AS found`, b.args...).Scan(&n)
	return n, err
}
