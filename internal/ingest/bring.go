package ingest

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"

	"rapport/internal/channel"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/metric"
	"rapport/internal/network"
	"rapport/internal/outbox"
	"rapport/internal/post"
)

const (
	postsMost   = 200 // own posts that are brought over
	importTries = 20  // before it is given up

	clocks = time.Hour // how far a network's clock and ours may be apart
)

// keepPosts keeps what the account published with other programs as posts that
// are out, each once, with the numbers the network told. What Rapport published
// itself is known by its id; while it may have published something that says
// the same, and does not know yet, nothing is taken for another program's.
func keepPosts(ctx context.Context, tx *db.Tx, o opened, all []network.OwnPost) (int, error) {
	fresh, err := unknown(ctx, tx, o, all)
	if err != nil || len(fresh) == 0 {
		return 0, err
	}
	doubtful, err := delivery.InDoubt(ctx, tx, o.channel.Brand, o.channel.ID)
	if err != nil {
		return 0, err
	}
	doubtedSince, err := delivery.DoubtedSince(ctx, tx, o.channel.Brand, o.channel.ID)
	if err != nil {
		return 0, err
	}
	oldest := tx.Now()
	for _, p := range fresh {
		oldest = min(oldest, db.At(p.At))
	}
	nameless, err := delivery.Nameless(ctx, tx, o.channel.Brand, o.channel.ID, oldest.Add(-24*time.Hour))
	if err != nil {
		return 0, err
	}
	k := keeper{o: o, own: map[string]delivery.Whose{}}
	for _, p := range fresh {
		// What is left for later is read again: the network's history goes back
		// to what is known.
		if doubtedSince > 0 && db.At(p.At) >= doubtedSince.Add(-clocks) || like(doubtful, p.Text) >= 0 {
			continue
		}
		if i := like(nameless, p.Text); i >= 0 {
			if err := delivery.Recognise(ctx, tx, o.channel.Brand, nameless[i], p.Ref, p.URL); err != nil {
				return 0, err
			}
			nameless = append(nameless[:i:i], nameless[i+1:]...)
			continue
		}
		k.add(tx.Now(), p)
	}
	return len(k.posts), k.keep(ctx, tx)
}

// unknown are those that answer nothing and are not known as posts.
func unknown(ctx context.Context, tx *db.Tx, o opened, all []network.OwnPost) ([]network.OwnPost, error) {
	ids := make([]string, 0, len(all))
	for _, p := range all {
		ids = append(ids, p.Ref.ID)
	}
	known, err := delivery.WhoseAre(ctx, tx, o.channel.Brand, o.channel.ID, ids)
	if err != nil {
		return nil, err
	}
	var out []network.OwnPost
	for _, p := range all {
		if _, ours := known[p.Ref.ID]; ours || p.Parent != "" || p.Ref.ID == "" || strings.ContainsRune(p.Ref.ID, 0) || len(p.Ref.ID) > 2000 {
			continue
		}
		known[p.Ref.ID] = delivery.Whose{}
		out = append(out, p)
	}
	return out, nil
}

// like finds a part that says the same. Networks change blanks, addresses and
// markup, so only letters and digits count.
func like(parts []delivery.Part, text string) int {
	said := bare(text)
	for i, p := range parts {
		if bare(p.Text) == said {
			return i
		}
	}
	return -1
}

func bare(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, text)
}

// keeper gathers posts and their deliveries.
type keeper struct {
	o          opened
	posts      []post.Post
	deliveries []delivery.Delivery
	readings   []metric.Reading
	own        map[string]delivery.Whose
}

func (k *keeper) add(now db.Time, p network.OwnPost) {
	at := min(db.At(p.At), now)
	if at <= 0 {
		at = now
	}
	c := k.o.channel
	id, sent := db.NewID(), db.NewID()
	text := clean(p.Text)
	k.posts = append(k.posts, post.Post{ID: id, Brand: c.Brand, State: post.StateApproved, Origin: post.Imported, Revision: 1, Approved: 1,
		Body: post.Body{Parts: []post.Part{{Text: text}}}, Variants: []post.Variant{{Channel: c.ID}}, CreatedAt: at, UpdatedAt: at})
	k.deliveries = append(k.deliveries, delivery.Delivery{ID: sent, Brand: c.Brand, Post: id, Channel: c.ID, State: delivery.Published, DueAt: at, RunAt: at,
		Revision: 1, RemoteID: p.Ref.ID, RemoteURL: web(p.URL), PublishedAt: at, CreatedAt: at, UpdatedAt: at,
		Parts: []delivery.Part{{Kind: network.PartPost, State: delivery.PartPublished, Text: text, Ref: p.Ref, URL: web(p.URL), At: at}}})
	k.own[p.Ref.ID] = delivery.Whose{Delivery: sent, Post: id, Kind: delivery.KindPost}
	read := db.At(p.Counters.At)
	if read == 0 || read > now {
		read = now
	}
	for name, v := range map[string]*int64{metric.Likes: p.Counters.Likes, metric.Shares: p.Counters.Shares, metric.Comments: p.Counters.Comments,
		metric.Quotes: p.Counters.Quotes, metric.Views: p.Counters.Views} {
		if v != nil && *v >= 0 {
			k.readings = append(k.readings, metric.Reading{Brand: c.Brand, Subject: sent, Name: name, At: read, Value: *v})
		}
	}
}

func (k *keeper) keep(ctx context.Context, tx *db.Tx) error {
	if len(k.posts) == 0 {
		return nil
	}
	if err := post.Import(ctx, tx, k.posts); err != nil {
		return err
	}
	if err := delivery.Import(ctx, tx, k.deliveries, nil); err != nil {
		return err
	}
	if err := metric.Record(ctx, tx, k.readings); err != nil {
		return err
	}
	outbox.Show(tx, k.o.channel.Brand, "post.saved", k.posts[0].ID)
	return conversation.Adopt(ctx, tx, k.o.source(), k.own)
}

// clean keeps what can be stored of a foreign text.
func clean(text string) string {
	if len(text) > network.MostText {
		text = text[:network.MostText]
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
}

func web(url string) string {
	if len(url) > 2000 || url != clean(url) || !(strings.HasPrefix(url, "https://") || strings.HasPrefix(url, "http://")) {
		return ""
	}
	return url
}

// ownPosts reads what the account published since, with whatever program. It
// reads back to what is known.
func (l *Listener) ownPosts(ctx context.Context, f feed, o opened) (time.Duration, error) {
	running, err := l.importing(ctx, f)
	if err != nil || running {
		return time.Minute, err
	}
	after := ""
	for range 5 {
		posts, next, err := l.history(o, after)
		if err != nil {
			return 0, err
		}
		known := false
		if err := l.DB.Tx(ctx, func(tx *db.Tx) error {
			n, _, err := l.keepOwn(ctx, tx, o, posts)
			known = n < len(posts)
			if err != nil {
				return err
			}
			return l.turn(ctx, tx, f)
		}); err != nil {
			return 0, err
		}
		if after = next; next == "" || known || l.stop.Err() != nil {
			break
		}
	}
	waits, err := awaited(ctx, l.DB, f)
	if waits {
		return jitter(l.Times.Own), err
	}
	return jitter(l.Times.OwnIdle), err
}

func (l *Listener) history(o opened, after string) ([]network.OwnPost, string, error) {
	from, ok := o.network.(network.Historian)
	if !ok {
		return nil, "", nil
	}
	call, cancel := context.WithTimeout(l.stop, l.Times.Call)
	defer cancel()
	return from.History(call, o.target, after)
}

// keepOwn keeps a page of what the account published: its posts as posts, and
// its answers where they belong. n is how much of it was not known.
func (l *Listener) keepOwn(ctx context.Context, tx *db.Tx, o opened, all []network.OwnPost) (n, posts int, err error) {
	posts, err = keepPosts(ctx, tx, o, all)
	if err != nil {
		return 0, 0, err
	}
	var answers []network.Message
	for _, p := range all {
		if p.Parent != "" {
			p.Message.Own = true
			answers = append(answers, p.Message)
		}
	}
	taken, err := keep(ctx, tx, o, answers)
	return posts + taken.New, posts, err
}

func (l *Listener) importing(ctx context.Context, f feed) (yes bool, err error) {
	err = l.DB.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM channel_import WHERE channel_id = $1 AND brand_id = $2 AND state = 'running' AND stage = 'posts')`,
		f.channel, f.brand).Scan(&yes)
	return yes, err
}

// progress is how far the bringing over has come.
type progress struct {
	state, stage, cursor string
	posts, threads       int
}

func (l *Listener) progress(ctx context.Context, f feed) (p progress, err error) {
	err = l.DB.QueryRowContext(ctx, `SELECT state, stage, cursor, posts, threads FROM channel_import WHERE channel_id = $1 AND brand_id = $2`,
		f.channel, f.brand).Scan(&p.state, &p.stage, &p.cursor, &p.posts, &p.threads)
	if err != nil {
		return p, fmt.Errorf("ingest: read an import: %w", err)
	}
	return p, nil
}

// bringOver brings over what there was before the channel was connected: its
// own posts, then the conversations below those of the last 30 days. Every page
// is kept with the place it ends at, so that it goes on there after a crash.
func (l *Listener) bringOver(ctx context.Context, f feed, o opened) (time.Duration, error) {
	for l.stop.Err() == nil {
		p, err := l.progress(ctx, f)
		if err != nil {
			return 0, err
		}
		switch {
		case p.state != "running":
			return 24 * time.Hour, nil
		case p.stage == "posts":
			err = l.bringPosts(ctx, f, o, p)
		default:
			err = l.bringThreads(ctx, f, o, p)
		}
		if err != nil {
			return 0, err
		}
	}
	return 0, nil
}

func (l *Listener) bringPosts(ctx context.Context, f feed, o opened, p progress) error {
	most, err := l.postsMost(ctx, f, o, p)
	if err != nil {
		return err
	}
	all, next, err := l.history(o, p.cursor)
	if err != nil {
		return err
	}
	if next == p.cursor {
		next = "" // a server that sends the same page for ever
	}
	return l.step(ctx, f, func(tx *db.Tx) error {
		_, posts, err := l.keepOwn(ctx, tx, o, all)
		if err != nil {
			return err
		}
		if next == "" || p.posts+posts >= postsMost {
			// The row is written even where it is due, so that a node that is just
			// claiming it comes before or after this, and not on both sides of it:
			// it would find the posts not there yet and wait for nothing.
			if _, err := tx.ExecContext(ctx, `UPDATE feed SET next_at = CASE WHEN next_at < $2 THEN next_at ELSE $2 END WHERE channel_id = $1 AND name = 'hear' AND cursor = ''`, f.channel, tx.Now()); err != nil {
				return fmt.Errorf("ingest: hear at once: %w", err)
			}
			return l.mark(ctx, tx, f, `stage = 'conversations', cursor = '', posts = posts + $3, posts_most = posts + $3`, posts)
		}
		return l.mark(ctx, tx, f, `cursor = $3, posts = posts + $4, posts_most = $5`, next, posts, max(most, p.posts+posts))
	})
}

// postsMost is how many posts there are to bring; 0 where the network does not
// say.
func (l *Listener) postsMost(ctx context.Context, f feed, o opened, p progress) (int, error) {
	m, ok := o.network.(network.Measurer)
	if !ok {
		return 0, nil
	}
	if p.cursor != "" {
		most := 0
		err := l.DB.QueryRowContext(ctx, `SELECT posts_most FROM channel_import WHERE channel_id = $1 AND brand_id = $2`, f.channel, f.brand).Scan(&most)
		return most, err
	}
	call, cancel := context.WithTimeout(l.stop, l.Times.Call)
	defer cancel()
	c, err := m.MeasureAccount(call, o.target)
	if err != nil || c.Posts == nil {
		return 0, nil // the progress is shown without it
	}
	return int(min(max(*c.Posts, 0), postsMost)), nil
}

// bringThreads reads the conversations below one post.
func (l *Listener) bringThreads(ctx context.Context, f feed, o opened, p progress) error {
	since := o.channel.CreatedAt.Add(-before)
	all, _, err := delivery.OutOn(ctx, l.DB, f.brand, f.channel, since, db.Page{After: p.cursor, Limit: 200})
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return l.step(ctx, f, func(tx *db.Tx) error { return l.finish(ctx, tx, f, o) })
	}
	d := all[0]
	found, err := l.below(o, d)
	if err != nil && network.VerdictOf(err) != network.Refused {
		return err
	}
	for {
		some := found[:min(len(found), conversation.MostAtOnce)]
		found = found[len(some):]
		if err := l.step(ctx, f, func(tx *db.Tx) error {
			taken, err := keep(ctx, tx, o, some)
			if err != nil {
				return err
			}
			if len(found) > 0 {
				return l.mark(ctx, tx, f, `messages = messages + $3`, taken.New)
			}
			return l.mark(ctx, tx, f, `cursor = $3, threads = threads + 1, threads_most = CASE WHEN threads_most = 0 THEN $4 ELSE threads_most END, messages = messages + $5`,
				db.Cursor(d.DueAt, d.ID), len(all), taken.New)
		}); err != nil {
			return err
		}
		if len(found) == 0 {
			return nil
		}
	}
}

// below reads everything that was said below a delivery's first part.
func (l *Listener) below(o opened, d delivery.Delivery) ([]network.Message, error) {
	if len(d.Parts) == 0 || d.Parts[0].Ref.ID == "" {
		return nil, nil
	}
	return l.thread(o, d.Parts[0].Ref)
}

// step is one transaction of an import, fenced by the claim.
func (l *Listener) step(ctx context.Context, f feed, do func(tx *db.Tx) error) error {
	return l.DB.Tx(ctx, func(tx *db.Tx) error {
		if err := do(tx); err != nil {
			return err
		}
		return l.turn(ctx, tx, f)
	})
}

func (l *Listener) mark(ctx context.Context, tx *db.Tx, f feed, set string, args ...any) error {
	args = append([]any{f.channel, f.brand}, args...)
	_, err := tx.ExecContext(ctx, fmt.Sprintf(`UPDATE channel_import SET `+set+`, updated_at = $%d WHERE channel_id = $1 AND brand_id = $2`, len(args)+1), append(args, tx.Now())...)
	if err != nil {
		return fmt.Errorf("ingest: note how far an import is: %w", err)
	}
	outbox.Show(tx, f.brand, "import.changed", f.channel)
	return nil
}

func (l *Listener) finish(ctx context.Context, tx *db.Tx, f feed, o opened) error {
	if err := conversation.SettlePast(ctx, tx, o.source(), o.channel.CreatedAt); err != nil {
		return err
	}
	if err := l.mark(ctx, tx, f, `state = 'done', threads_most = threads, finished_at = $3`, tx.Now()); err != nil {
		return err
	}
	var posts, threads, messages int
	if err := tx.QueryRowContext(ctx, `SELECT posts, threads, messages FROM channel_import WHERE channel_id = $1 AND brand_id = $2`, f.channel, f.brand).
		Scan(&posts, &threads, &messages); err != nil {
		return fmt.Errorf("ingest: finish an import: %w", err)
	}
	text := fmt.Sprintf("Brought over what there was before: %d posts, and %d messages below %d posts of the last 30 days.", posts, messages, threads)
	if posts == 0 && messages == 0 {
		text = "There was nothing to bring over from before."
	}
	return channel.Log(ctx, tx, f.brand, f.channel, channel.ToneInfo, text)
}

func (l *Listener) giveUp(ctx context.Context, tx *db.Tx, f feed, why string) error {
	return l.mark(ctx, tx, f, `state = 'failed', error = $3, finished_at = $4`, why, tx.Now())
}

// readThreads reads the answers to recent posts whole, a few at a time: those
// of the last day hourly, those of the last week four times a day.
func (l *Listener) readThreads(ctx context.Context, f feed, o opened) error {
	now := l.DB.Now()
	all, _, err := delivery.OutOn(ctx, l.DB, f.brand, f.channel, now.Add(-longAway), db.Page{})
	if err != nil || len(all) == 0 {
		return err
	}
	quiet, err := l.quiet(ctx, f, all)
	if err != nil {
		return err
	}
	n := 0
	for _, d := range all {
		every := time.Hour
		if now.Sub(d.PublishedAt) > 24*time.Hour {
			every = 6 * time.Hour
		}
		if quiet[d.ID] || n == threadsMost || !l.threadDue(d, now, every) {
			continue
		}
		n++
		found, err := l.below(o, d)
		if err != nil && (patience(err) || network.VerdictOf(err) != network.Refused) {
			return err
		}
		if err := l.takeAll(ctx, f, o, found); err != nil {
			return err
		}
	}
	return nil
}

// threadDue reports whether the answers to a post are to be read, and notes
// that they are.
func (l *Listener) threadDue(d delivery.Delivery, now db.Time, every time.Duration) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.threads) > 10_000 {
		clear(l.threads)
	}
	if last, read := l.threads[d.ID]; read && now.Sub(last) < every {
		return false
	}
	l.threads[d.ID] = now
	return true
}

// quiet are the deliveries that nobody has answered, as far as the network's
// numbers tell.
func (l *Listener) quiet(ctx context.Context, f feed, all []delivery.Delivery) (map[string]bool, error) {
	ids := make([]string, len(all))
	for i, d := range all {
		ids[i] = d.ID
	}
	latest, err := metric.Latest(ctx, l.DB, f.brand, ids)
	if err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for _, d := range all {
		r, told := latest[d.ID][metric.Comments]
		out[d.ID] = told && r.Value == 0 && l.DB.Now().Sub(r.At) < 6*time.Hour
	}
	return out, nil
}
