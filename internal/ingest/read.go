package ingest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rapport/internal/channel"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/network"
)

const (
	before    = 30 * 24 * time.Hour // how far back conversations are brought over, and messages looked at again
	pagesMost = 20                  // of one feed in a row, so that others have their turn
	// A session that ended in the middle is renewed, and the feed read on: not
	// at once, should the network think that of every session.
	afterRenewal = 2 * time.Second
)

// opened is a channel ready for calls.
type opened struct {
	network network.Network
	target  network.Target
	channel channel.Channel
}

func (o opened) source() conversation.Source {
	return conversation.Source{Brand: o.channel.Brand, Channel: o.channel.ID, Network: o.channel.Network}
}

// read reads one feed and says when it is read next.
func (l *Listener) read(f feed) {
	ctx := context.WithoutCancel(l.stop)
	o, err := l.open(ctx, f)
	var next time.Duration
	if err == nil {
		next, err = l.ways()[f.name](ctx, f, o)
	}
	if network.HasExpired(err) {
		next, err = afterRenewal, l.Channels.Renew(ctx, f.brand, f.channel, o.target)
	}
	if errors.Is(err, errLost) {
		return
	}
	if err != nil {
		l.trouble(ctx, f, o, err)
		return
	}
	if err := l.DB.Tx(ctx, func(tx *db.Tx) error {
		if f.tries > 0 {
			if err := channel.Log(ctx, tx, f.brand, f.channel, channel.ToneInfo, "It works again."); err != nil {
				return err
			}
		}
		if err := channel.Worked(ctx, tx, f.brand, f.channel); err != nil {
			return err
		}
		return l.done(ctx, tx, f, next, "")
	}); err != nil {
		l.failed("give a feed back", err) // the lease expires and it is read again
	}
}

func (l *Listener) ways() map[string]func(context.Context, feed, opened) (time.Duration, error) {
	return map[string]func(context.Context, feed, opened) (time.Duration, error){
		feedHear: l.listen, feedHistory: l.ownPosts, feedRecheck: l.recheck, feedImport: l.bringOver,
	}
}

func (l *Listener) open(ctx context.Context, f feed) (opened, error) {
	p, t, c, err := l.Channels.Fresh(ctx, f.brand, f.channel)
	return opened{p, t, c}, err
}

// listen reads what others said.
func (l *Listener) listen(ctx context.Context, f feed, o opened) (time.Duration, error) {
	from, ok := o.network.(network.Listener)
	if !ok {
		return l.Times.OwnIdle, nil
	}
	if wait, err := l.postsFirst(ctx, f); wait || err != nil {
		return time.Minute, err // it is read at once when they are there
	}
	since := o.channel.CreatedAt.Add(-before).Time()
	for range pagesMost {
		if l.stop.Err() != nil {
			return 0, nil
		}
		call, cancel := context.WithTimeout(l.stop, l.Times.Call)
		heard, err := from.Hear(call, o.target, f.cursor, since)
		cancel()
		if err != nil {
			return 0, err
		}
		f.cursor = heard.Next
		if err := l.takeIn(ctx, f, o, heard.Messages); err != nil {
			return 0, err
		}
		if !heard.More {
			return l.cadence(ctx, f)
		}
	}
	return 0, nil
}

// postsFirst reports whether the channel was connected a moment ago and its own
// posts are just being brought over: once they are known, what others say finds
// its place without asking the network for each thread.
func (l *Listener) postsFirst(ctx context.Context, f feed) (wait bool, err error) {
	if f.cursor != "" {
		return false, nil
	}
	err = l.DB.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM channel_import WHERE channel_id = $1 AND brand_id = $2
		AND state = 'running' AND stage = 'posts' AND started_at > $3)`, f.channel, f.brand, l.DB.Now().Add(-2*time.Minute)).Scan(&wait)
	return wait, err
}

func (l *Listener) cadence(ctx context.Context, f feed) (time.Duration, error) {
	yes, err := busy(ctx, l.DB, f)
	if yes {
		return jitter(l.Times.Busy), err
	}
	return jitter(l.Times.Idle), err
}

// takeIn keeps a page together with the place it ends at, then looks around
// answers to something that is not known.
func (l *Listener) takeIn(ctx context.Context, f feed, o opened, all []network.Message) error {
	var unplaced []network.Message
	for {
		some := all[:min(len(all), conversation.MostAtOnce)]
		all = all[len(some):]
		var found []network.Message
		if err := l.DB.Tx(ctx, func(tx *db.Tx) error {
			taken, err := keep(ctx, tx, o, some)
			if err != nil {
				return err
			}
			found = taken.Unplaced
			if taken.Dropped > 0 {
				if err := l.dropped(ctx, tx, o, taken.Dropped); err != nil {
					return err
				}
			}
			if len(all) > 0 {
				return nil
			}
			return l.turn(ctx, tx, f)
		}); err != nil {
			return err
		}
		unplaced = append(unplaced, found...)
		if len(all) == 0 {
			return l.lookAround(ctx, f, o, unplaced)
		}
	}
}

// keep takes messages in. Those from before the channel was connected are what
// there was; own posts among them that another program published are kept as
// posts.
func keep(ctx context.Context, tx *db.Tx, o opened, all []network.Message) (conversation.Taken, error) {
	var past, live []network.Message
	for _, m := range all {
		if db.At(m.At) < o.channel.CreatedAt {
			past = append(past, m)
		} else {
			live = append(live, m)
		}
	}
	sum, err := conversation.Take(ctx, tx, o.source(), past, true)
	if err != nil {
		return sum, err
	}
	taken, err := conversation.Take(ctx, tx, o.source(), live, false)
	if err != nil {
		return sum, err
	}
	sum.New, sum.Changed, sum.Dropped = sum.New+taken.New, sum.Changed+taken.Changed, sum.Dropped+taken.Dropped
	sum.OwnPosts, sum.Unplaced = append(sum.OwnPosts, taken.OwnPosts...), append(sum.Unplaced, taken.Unplaced...)
	own := make([]network.OwnPost, len(sum.OwnPosts))
	for i, m := range sum.OwnPosts {
		own[i].Message = m
	}
	if _, err := keepPosts(ctx, tx, o, own); err != nil {
		return sum, err
	}
	if len(past) == 0 {
		return sum, nil
	}
	return sum, conversation.SettlePast(ctx, tx, o.source(), o.channel.CreatedAt)
}

// aroundMost is how many threads are fetched for one page.
const aroundMost = 30

// lookAround fetches what stands above answers to something unknown, so that
// they end up where they belong.
func (l *Listener) lookAround(ctx context.Context, f feed, o opened, unplaced []network.Message) error {
	seen, n := map[string]bool{}, 0
	for _, m := range unplaced {
		if seen[m.Parent] {
			continue // it came with the thread of another
		}
		if n++; n > aroundMost || l.stop.Err() != nil {
			return nil // those left find their place when their post's answers are read whole
		}
		all, err := l.thread(o, m.Ref)
		if err != nil && patience(err) {
			return err
		}
		if err != nil {
			continue // it is kept as a mention
		}
		if all = above(all, m); len(all) == 0 {
			continue
		}
		for _, one := range all {
			seen[one.Ref.ID] = true
		}
		if err := l.takeAll(ctx, f, o, all); err != nil {
			return err
		}
	}
	return nil
}

// takeAll takes a thread in, however long.
func (l *Listener) takeAll(ctx context.Context, f feed, o opened, all []network.Message) error {
	for len(all) > 0 {
		some := all[:min(len(all), conversation.MostAtOnce)]
		all = all[len(some):]
		if err := l.DB.Tx(ctx, func(tx *db.Tx) error {
			if _, err := keep(ctx, tx, o, some); err != nil {
				return err
			}
			return l.turn(ctx, tx, f)
		}); err != nil {
			return err
		}
	}
	return nil
}

func (l *Listener) thread(o opened, ref network.Ref) ([]network.Message, error) {
	from, ok := o.network.(network.Listener)
	if !ok {
		return nil, nil
	}
	call, cancel := context.WithTimeout(l.stop, l.Times.Call)
	defer cancel()
	all, _, err := from.Thread(call, o.target, ref)
	return all, err
}

// above returns the messages above one, or the whole thread if the brand itself
// is among them: everything below its own words concerns it, and what strangers
// say to each other elsewhere does not.
func above(all []network.Message, m network.Message) []network.Message {
	byID := make(map[string]network.Message, len(all))
	for _, one := range all {
		byID[one.Ref.ID] = one
	}
	var chain []network.Message
	for at := m; at.Parent != "" && len(chain) < 200; {
		next, known := byID[at.Parent]
		if !known {
			break
		}
		if next.Own {
			return all
		}
		chain = append(chain, next)
		delete(byID, at.Parent)
		at = next
	}
	return chain
}

// patience reports whether a failure means to stop asking for now.
func patience(err error) bool {
	switch network.VerdictOf(err) {
	case network.Throttled, network.Unauthorized:
		return true
	}
	return false
}

const (
	checkMost   = 80             // messages looked at again in one go
	checkEvery  = time.Hour      // of open conversations, and of the last two days
	checkOthers = 20 * time.Hour // of everything within 30 days
	threadsMost = 5              // posts whose answers are read whole in one go
)

// recheck looks at messages that are known: whether they are still there and
// say the same. It also reads the answers to recent posts whole, since not
// every network tells of answers that people give to each other.
func (l *Listener) recheck(ctx context.Context, f feed, o opened) (time.Duration, error) {
	from, ok := o.network.(network.Listener)
	if !ok {
		return l.Times.OwnIdle, nil
	}
	refs, err := l.toCheck(ctx, f)
	if err != nil {
		return 0, err
	}
	if len(refs) > 0 {
		call, cancel := context.WithTimeout(l.stop, l.Times.Call)
		now, gone, err := from.Recheck(call, o.target, refs)
		cancel()
		if err != nil {
			return 0, err
		}
		if err := l.checked(ctx, f, o, refs, now, gone); err != nil {
			return 0, err
		}
	}
	if err := l.readThreads(ctx, f, o); err != nil {
		return 0, err
	}
	if len(refs) == checkMost {
		return l.Times.Recheck / 8, nil
	}
	return jitter(l.Times.Recheck), nil
}

func (l *Listener) toCheck(ctx context.Context, f feed) ([]network.Ref, error) {
	now := l.DB.Now()
	open, err := conversation.ToCheckOpen(ctx, l.DB, f.brand, f.channel, now.Add(-before), now.Add(-checkEvery), checkMost)
	if err != nil {
		return nil, err
	}
	recent, err := conversation.ToCheck(ctx, l.DB, f.channel, now.Add(-48*time.Hour), now.Add(-checkEvery), checkMost)
	if err != nil {
		return nil, err
	}
	others, err := conversation.ToCheck(ctx, l.DB, f.channel, now.Add(-before), now.Add(-checkOthers), checkMost)
	if err != nil {
		return nil, err
	}
	var out []network.Ref
	seen := map[string]bool{}
	// What was not looked at for longest comes first, so that nothing is
	// forgotten behind a lively conversation.
	for _, some := range [][]conversation.Checked{others, open, recent} {
		for _, c := range some {
			if !seen[c.Ref.ID] && len(out) < checkMost {
				seen[c.Ref.ID] = true
				out = append(out, c.Ref)
			}
		}
	}
	return out, nil
}

func (l *Listener) checked(ctx context.Context, f feed, o opened, refs []network.Ref, now map[string]network.Message, gone []string) error {
	asked := map[string]bool{}
	var there []network.Message
	var silent, lost []string
	for _, r := range refs {
		asked[r.ID] = true
	}
	for _, id := range gone {
		if _, both := now[id]; asked[id] && !both {
			lost = append(lost, id)
		}
	}
	for _, r := range refs {
		m, known := now[r.ID]
		if known && m.Ref.ID == r.ID {
			there = append(there, m)
		}
		silent = append(silent, r.ID)
	}
	return l.DB.Tx(ctx, func(tx *db.Tx) error {
		if _, err := conversation.Take(ctx, tx, o.source(), there, true); err != nil {
			return err
		}
		if _, err := conversation.Gone(ctx, tx, o.source(), lost); err != nil {
			return err
		}
		if err := conversation.Unclear(ctx, tx, f.channel, silent); err != nil {
			return err
		}
		return l.turn(ctx, tx, f)
	})
}

func (l *Listener) dropped(ctx context.Context, tx *db.Tx, o opened, n int) error {
	return channel.Log(ctx, tx, o.channel.Brand, o.channel.ID, channel.ToneBad,
		fmt.Sprintf("%s sent %d messages that do not say which they are or who wrote them. They were left out.", o.name(), n))
}

// name is what to call the server in the log.
func (o opened) name() string {
	if host := o.target.Server; host != "" {
		return trimScheme(host)
	}
	return o.network.Facts().Title
}

// trouble writes down why a feed could not be read, in words for people, and
// when it is tried again.
func (l *Listener) trouble(ctx context.Context, f feed, o opened, err error) {
	wait := time.Duration(0)
	switch {
	case l.stop.Err() != nil:
		err = nil // whoever starts next goes on at once
	case fault.Is(err, fault.Conflict), fault.Is(err, fault.NotFound):
		err, wait = nil, time.Minute // removed meanwhile
	}
	write := func(tx *db.Tx) error { return l.done(ctx, tx, f, wait, "") }
	if err != nil {
		said := explain(o, err)
		write = func(tx *db.Tx) error { return l.note(ctx, tx, f, o, said) }
		if said.internal {
			l.failed("read "+f.name, err)
		}
	}
	if err := l.DB.Tx(ctx, write); err != nil {
		l.failed("note that a feed failed", err)
	}
}
