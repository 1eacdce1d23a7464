package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"rapport/internal/access"
	"rapport/internal/channel"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/ingest"
	"rapport/internal/network"
	"rapport/internal/secret"
)

const (
	inboxConversations = 100_000
	inboxMessages      = 1_000_000
	flood              = 500 // messages a second
	floodFor           = time.Minute
)

// crowd is a network in memory on which people talk at an even pace from the
// moment it is told to.
type crowd struct {
	network.Publisher // never asked
	mu                sync.Mutex
	began             time.Time
	perSecond         int // for each account
	most              int
}

func (*crowd) Facts() network.Facts {
	return network.Facts{Name: "crowd", Title: "Crowd", Demo: true, Fields: []network.Field{{Name: "token"}}}
}

func (*crowd) Connect(_ context.Context, _ string, c network.Credential) (network.Account, error) {
	return network.Account{ID: c["token"], Handle: "@" + c["token"], Name: "Crowd", Credential: c}, nil
}

// said is how many messages an account has got so far.
func (c *crowd) said() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.began.IsZero() {
		return 0
	}
	return min(int(time.Since(c.began).Seconds()*float64(c.perSecond)), c.most)
}

const crowdPage = 40 // as networks give

func (c *crowd) Hear(_ context.Context, t network.Target, after string, _ time.Time) (network.Heard, error) {
	from, _ := strconv.Atoi(after)
	all := c.said()
	to := min(from+crowdPage, all)
	out := network.Heard{Next: strconv.Itoa(to), More: to < all}
	for i := from; i < to; i++ {
		out.Messages = append(out.Messages, c.message(t.AccountID, i))
	}
	return out, nil
}

// message is the i-th: every third answers an earlier one.
func (c *crowd) message(account string, i int) network.Message {
	m := network.Message{Ref: network.Ref{ID: fmt.Sprintf("%s/%d", account, i)}, Text: spoken(i), Visibility: network.Public,
		At: c.began.Add(time.Duration(i) * time.Second / time.Duration(c.perSecond)), Author: network.Author{ID: "p" + strconv.Itoa(i%977), Handle: "@p" + strconv.Itoa(i%977)}}
	if i%3 == 2 {
		m.Parent = fmt.Sprintf("%s/%d", account, i-2)
	}
	return m
}

func (*crowd) Thread(context.Context, network.Target, network.Ref) ([]network.Message, bool, error) {
	return nil, false, nil
}

func (*crowd) Recheck(context.Context, network.Target, []network.Ref) (map[string]network.Message, []string, error) {
	return nil, nil, nil
}

func (c *crowd) Stream(ctx context.Context, _ network.Target, came func()) error {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			came()
		}
	}
}

func spoken(i int) string {
	words := []string{"when", "delivery", "colour", "thank", "broken", "lovely", "where", "order", "again", "shop", "really", "cannot", "yesterday", "parcel", "answer", "please"}
	r := rand.New(rand.NewPCG(uint64(i), 1))
	text := fmt.Sprintf("Number %d:", i)
	for range 12 + r.IntN(12) {
		text += " " + words[r.IntN(len(words))]
	}
	return text + "?"
}

// room is a data folder of its own that is looked at in this process.
func (b *bench) room(ctx context.Context, name string, net network.Network, channels int) (*world, *channel.Channels, error) {
	d, err := db.Open(ctx, db.Options{Path: filepath.Join(b.work, name+".db")})
	if err != nil {
		return nil, nil, err
	}
	if _, err := d.Migrate(ctx); err != nil {
		return nil, nil, err
	}
	w := &world{dir: b.work, db: d}
	if err := w.people(ctx); err != nil {
		return nil, nil, err
	}
	keys, err := secret.Create(filepath.Join(b.work, name+".key"))
	if err != nil {
		return nil, nil, err
	}
	cs := &channel.Channels{DB: d, Keys: keys, Networks: network.NewSet(net)}
	for i := range channels {
		c, err := cs.Connect(ctx, access.System(), w.brand.ID, net.Facts().Name, "", network.Credential{"token": fmt.Sprintf("c%d", i)})
		if err != nil {
			return nil, nil, err
		}
		w.channels = append(w.channels, c)
	}
	return w, cs, nil
}

// incoming has people talk for a minute, and looks how far the inbox is behind
// and whether anything is lost or there twice.
func incoming(ctx context.Context, b *bench) error {
	const accounts = 5
	net := &crowd{perSecond: flood / accounts, most: flood / accounts * int(floodFor.Seconds())}
	w, cs, err := b.room(ctx, "incoming", net, accounts)
	if err != nil {
		return err
	}
	defer w.close()
	ears := ingest.New(ingest.Options{DB: w.db, Channels: cs, Node: "bench"})
	if err := ears.Start(ctx); err != nil {
		return err
	}
	defer ears.Stop(ctx)
	time.Sleep(2 * time.Second)
	net.mu.Lock()
	net.began = time.Now()
	net.mu.Unlock()
	worst, all := time.Duration(0), flood*int(floodFor.Seconds())
	for {
		time.Sleep(500 * time.Millisecond)
		said := net.said() * accounts
		var kept int
		if err := w.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM message`).Scan(&kept); err != nil {
			return err
		}
		worst = max(worst, time.Duration(said-kept)*time.Second/flood)
		if kept >= all && said >= all {
			break
		}
		if time.Since(net.began) > 4*floodFor || ctx.Err() != nil {
			return fmt.Errorf("only %d of %d messages were taken in", kept, all)
		}
	}
	took := time.Since(net.began)
	var kept, different, answers int
	if err := w.db.QueryRowContext(ctx, `SELECT COUNT(*), COUNT(DISTINCT channel_id || remote_id) FROM message`).Scan(&kept, &different); err != nil {
		return err
	}
	if err := w.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM message m JOIN message p ON p.channel_id = m.channel_id AND p.remote_id = m.parent_id AND p.remote_id <> ''
		AND p.conversation_id = m.conversation_id`).Scan(&answers); err != nil {
		return err
	}
	if kept != all || different != all || answers != all/3 {
		return fmt.Errorf("%d messages, %d different, %d answers in their place; want %d, %d, %d", kept, different, answers, all, all, all/3)
	}
	b.add(row{fmt.Sprintf("%d messages a second for a minute: time until all are in", flood), took.Seconds(), 75, "s", ""})
	b.add(row{"farthest behind meanwhile", worst.Seconds(), 10, "s", ""})
	return nil
}

// inbox fills a brand with conversations and opens lists of them.
func inbox(ctx context.Context, b *bench) error {
	w, _, err := b.room(ctx, "inbox", &crowd{}, 6)
	if err != nil {
		return err
	}
	defer w.close()
	if err := w.talk(ctx); err != nil {
		return err
	}
	who := access.Who{Account: w.owner.ID, Grants: []access.Grant{{Brand: w.brand.ID, Role: access.Owner}}}
	some := who
	some.Grants = []access.Grant{{Brand: w.brand.ID, Role: access.Community, Channels: []string{w.channels[1].ID, w.channels[2].ID}}}
	busy := []conversation.State{conversation.StateNew, conversation.StateOpen}
	list := func(who access.Who, f conversation.Filter) func() error {
		return func() error {
			all, _, err := conversation.List(ctx, w.db, who, w.brand.ID, f, db.Page{})
			if err == nil && len(all) == 0 {
				err = errors.New("the list is empty")
			}
			return err
		}
	}
	newest, _, err := conversation.List(ctx, w.db, who, w.brand.ID, conversation.Filter{}, db.Page{})
	if err != nil {
		return err
	}
	var longest, label string
	if err := w.db.QueryRowContext(ctx, `SELECT (SELECT id FROM conversation ORDER BY messages DESC LIMIT 1), (SELECT id FROM label LIMIT 1)`).Scan(&longest, &label); err != nil {
		return err
	}
	read := func(id string) func() error {
		return func() error { _, err := conversation.Read(ctx, w.db, who, w.brand.ID, id, db.Page{}); return err }
	}
	for _, one := range []struct {
		what string
		do   func() error
	}{
		{"inbox, new and open", list(who, conversation.Filter{States: busy})},
		{"inbox, everything", list(who, conversation.Filter{})},
		{"inbox, mine", list(who, conversation.Filter{States: busy, Assignee: conversation.Me})},
		{"inbox, nobody's", list(who, conversation.Filter{States: busy, Assignee: conversation.Nobody})},
		{"inbox, who waits longest", list(who, conversation.Filter{Waiting: true})},
		{"inbox, one channel", list(who, conversation.Filter{Channel: w.channels[3].ID, States: busy})},
		{"inbox, two channels granted", list(some, conversation.Filter{States: busy})},
		{"inbox, a label", list(who, conversation.Filter{Label: label})},
		{"inbox, done mentions", list(who, conversation.Filter{States: []conversation.State{conversation.StateDone}, Kind: conversation.KindMention})},
		{"inbox, one person", list(who, conversation.Filter{Person: newest[0].From.Person})},
		{"the counts", func() error { _, err := conversation.Count(ctx, w.db, who, w.brand.ID); return err }},
		{"the counts, two channels granted", func() error { _, err := conversation.Count(ctx, w.db, some, w.brand.ID); return err }},
		{"a conversation", read(newest[7].ID)},
		{"the longest conversation", read(longest)},
	} {
		var times []time.Duration
		for range 60 {
			began := time.Now()
			if err := one.do(); err != nil {
				return fmt.Errorf("%s: %w", one.what, err)
			}
			times = append(times, time.Since(began))
		}
		b.add(row{one.what + ", median", ms(quantile(times, 0.5)), 0, "ms", ""})
		b.add(row{one.what + ", p95", ms(quantile(times, 0.95)), 50, "ms", ""})
	}
	return nil
}

// talk fills the brand: most conversations are done, one in ten is not, and one
// of them is very long.
func (w *world) talk(ctx context.Context) error {
	const batch = 2000
	began := w.db.Now().Add(-700 * 24 * time.Hour)
	if _, err := w.db.ExecContext(ctx, `INSERT INTO label (id, brand_id, name, name_key, created_at) VALUES ($1, $2, 'Press', 'press', 1)`, db.NewID(), w.brand.ID); err != nil {
		return err
	}
	people, err := w.crowd(ctx, 20_000)
	if err != nil {
		return err
	}
	for from := 0; from < inboxConversations; from += batch {
		if err := w.db.Tx(ctx, func(tx *db.Tx) error {
			t := talks{w: w, people: people}
			for i := from; i < from+batch; i++ {
				t.add(i, began.Add(time.Duration(i)*10*time.Minute))
			}
			return t.write(ctx, tx)
		}); err != nil {
			return err
		}
	}
	return nil
}

// crowd makes n people with an identity each.
func (w *world) crowd(ctx context.Context, n int) (ids [][2]string, err error) {
	err = w.db.Tx(ctx, func(tx *db.Tx) error {
		ids = nil
		var people, identities [][]any
		for i := range n {
			p, id := db.NewID(), db.NewID()
			ids = append(ids, [2]string{p, id})
			people = append(people, []any{p, w.brand.ID, fmt.Sprint("Person ", i), tx.Now()})
			identities = append(identities, []any{id, w.brand.ID, p, fmt.Sprint("p", i), tx.Now()})
		}
		if err := db.Many(ctx, tx, `INSERT INTO person (id, brand_id, name, first_at, last_at, created_at) VALUES ($1, $2, $3, $4, $4, $4)`, people); err != nil {
			return err
		}
		return db.Many(ctx, tx, `INSERT INTO identity (id, brand_id, person_id, network, remote_id, handle, seen_at, created_at) VALUES ($1, $2, $3, 'crowd', $4, $4, $5, $5)`, identities)
	})
	return ids, err
}

// talks are rows as they are inserted.
type talks struct {
	w                                       *world
	people                                  [][2]string
	conversations, messages, periods, marks [][]any
}

func (t *talks) add(i int, at db.Time) {
	id, channel, n := db.NewID(), t.w.channels[i%len(t.w.channels)].ID, inboxMessages/inboxConversations
	if i == inboxConversations-100 {
		n = 5000
	}
	state, assignee, waiting := "done", "", db.Time(0)
	switch i % 20 {
	case 3:
		state, waiting = "new", at
	case 4:
		state, assignee = "open", t.w.owner.ID
	case 5:
		state = "snoozed"
	}
	kind := conversation.KindComment
	if i%5 == 0 {
		kind = conversation.KindMention
	}
	last := at.Add(time.Duration(n-1) * time.Minute)
	who := t.people[i%len(t.people)]
	t.conversations = append(t.conversations, []any{id, t.w.brand.ID, channel, kind, fmt.Sprint("m", i, "-0"), who[0], spoken(i), state, at, assignee, n, last, waiting})
	t.periods = append(t.periods, []any{id, at, t.w.brand.ID, channel})
	if i%10 == 0 {
		t.marks = append(t.marks, []any{t.w.brand.ID, id, last})
	}
	for k := range n {
		who := t.people[(i+k)%len(t.people)]
		parent := ""
		if k > 0 {
			parent = fmt.Sprint("m", i, "-", k-1-k%2)
		}
		t.messages = append(t.messages, []any{db.NewID(), t.w.brand.ID, channel, id, fmt.Sprint("m", i, "-", k), parent, who[0], who[1], spoken(i + k), at.Add(time.Duration(k) * time.Minute)})
	}
}

func (t *talks) write(ctx context.Context, tx *db.Tx) error {
	for _, one := range []struct {
		query string
		rows  [][]any
	}{
		{`INSERT INTO conversation (id, brand_id, channel_id, kind, root, person_id, excerpt, state, state_at, assignee_id, messages, last_at, last_in_at, waiting_since, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, $13, $9)`, t.conversations},
		{`INSERT INTO period (conversation_id, opened_at, brand_id, channel_id) VALUES ($1, $2, $3, $4)`, t.periods},
		{`INSERT INTO conversation_label (label_id, brand_id, conversation_id, last_at) VALUES ((SELECT id FROM label LIMIT 1), $1, $2, $3)`, t.marks},
		{`INSERT INTO message (id, brand_id, channel_id, conversation_id, direction, remote_id, parent_id, person_id, identity_id, text, at, checked_at, created_at)
			VALUES ($1, $2, $3, $4, 'in', $5, $6, $7, $8, $9, $10, $10, $10)`, t.messages},
	} {
		if err := db.Many(ctx, tx, one.query, one.rows); err != nil {
			return err
		}
	}
	return nil
}

// hush is a network on which nobody says anything.
type hush struct{ network.Publisher }

func (hush) Facts() network.Facts {
	return network.Facts{Name: "hush", Title: "Hush", Demo: true, Fields: []network.Field{{Name: "token"}}}
}

func (hush) Connect(ctx context.Context, server string, c network.Credential) (network.Account, error) {
	return (&crowd{}).Connect(ctx, server, c)
}

func (hush) Hear(_ context.Context, _ network.Target, after string, _ time.Time) (network.Heard, error) {
	return network.Heard{Next: after}, nil
}

func (hush) Thread(context.Context, network.Target, network.Ref) ([]network.Message, bool, error) {
	return nil, false, nil
}

func (hush) Recheck(context.Context, network.Target, []network.Ref) (map[string]network.Message, []string, error) {
	return nil, nil, nil
}

func (hush) History(context.Context, network.Target, string) ([]network.OwnPost, string, error) {
	return nil, "", nil
}

// listening reads 100 channels on which somebody wrote today, and nobody
// writes now, as often as such channels are read.
func listening(ctx context.Context, b *bench) error {
	w, cs, err := b.room(ctx, "listening", hush{}, 100)
	if err != nil {
		return err
	}
	defer w.close()
	for _, c := range w.channels {
		if err := w.db.Tx(ctx, func(tx *db.Tx) error {
			_, err := conversation.Take(ctx, tx, conversation.Source{Brand: c.Brand, Channel: c.ID, Network: c.Network}, []network.Message{{Ref: network.Ref{ID: "1"},
				Text: "Hello", At: time.Now(), Author: network.Author{ID: "p", Handle: "@p"}}}, false)
			return err
		}); err != nil {
			return err
		}
	}
	ears := ingest.New(ingest.Options{DB: w.db, Channels: cs, Node: "bench"})
	if err := ears.Start(ctx); err != nil {
		return err
	}
	defer ears.Stop(ctx)
	time.Sleep(30 * time.Second) // what there was is brought over
	const measured = 90 * time.Second
	before, err := used()
	if err != nil {
		return err
	}
	time.Sleep(measured)
	after, err := used()
	b.add(row{"100 lively channels listened to: of a core", 100 * (after - before).Seconds() / measured.Seconds(), 1, "%", ""})
	return err
}

// used is the processor time of this process.
func used() (time.Duration, error) {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0, err
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano()), nil
}
