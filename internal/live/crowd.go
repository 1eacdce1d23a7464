package live

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"rapport/internal/fault"
)

// Crowd tells many readers at once of the few things that each waits for: only
// those are woken by it. A Hub is for those who see all of a brand; a Crowd
// knows no brand and no database, and whoever feeds it says what is sent.
type Crowd struct {
	// Beat is how often a stream shows that it is alive. All is how many
	// streams there may be, Each how many of one reader. Set them before the
	// first stream.
	Beat      time.Duration
	All, Each int

	mu      sync.Mutex
	ended   bool
	closed  chan struct{}
	waiting map[string]map[*ear]struct{} // by thing
	readers map[string]int               // streams by reader
	count   int
}

// News is something that readers are told.
type News struct {
	// Of is what it is about: news that is not read yet gives way to later news
	// of the same.
	Of string
	// About is for Reader.Read; nil where news was lost and all must be looked
	// at.
	About any
}

// Reader is who waits.
type Reader struct {
	Key    string   // streams with the same are counted together
	Things []string // that it waits for
	// Begin returns what a stream says first. It is called once nothing can be
	// missed any more.
	Begin func() (text string)
	// Read turns news into messages of an event stream, "" for what is none of
	// the reader's business. over ends the stream after them.
	Read func(ctx context.Context, n News) (text string, over bool)
}

// mostKept is how many news a stream keeps for a reader who is slow; who has
// more to read is told to look at everything.
const mostKept = 64

// ear is one stream.
type ear struct {
	reader Reader
	wake   chan struct{}
	mu     sync.Mutex
	news   []News
}

// NewCrowd returns a crowd of nobody. Close ends it.
func NewCrowd() *Crowd {
	return &Crowd{Beat: 25 * time.Second, All: 4000, Each: 100, closed: make(chan struct{}), waiting: map[string]map[*ear]struct{}{}, readers: map[string]int{}}
}

// Close ends all streams at once, and lets none begin.
func (c *Crowd) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ended {
		c.ended = true
		close(c.closed)
	}
}

// Count is how many streams there are.
func (c *Crowd) Count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count
}

// Waits reports whether anybody waits for one of the things.
func (c *Crowd) Waits(things ...string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range things {
		if len(c.waiting[t]) > 0 {
			return true
		}
	}
	return false
}

// Tell wakes everybody who waits for one of the things. It does not wait for
// them.
func (c *Crowd) Tell(n News, things ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range things {
		for e := range c.waiting[t] {
			e.hear(n)
		}
	}
}

func (e *ear) hear(n News) {
	e.mu.Lock()
	defer e.mu.Unlock()
	select {
	case e.wake <- struct{}{}:
	default:
	}
	for i := range e.news {
		if e.news[i].Of == n.Of {
			e.news[i] = n
			return
		}
	}
	if len(e.news) == mostKept {
		e.news, n = e.news[:0], News{}
	}
	e.news = append(e.news, n)
}

func (e *ear) take() []News {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := e.news
	e.news = nil
	return all
}

// Stream answers the request with what is new until the reader goes, Read says
// that it is over, or the crowd closes. It returns a fault with the time to
// wait where the stream may not begin; then nothing is written.
func (c *Crowd) Stream(w http.ResponseWriter, r *http.Request, reader Reader) error {
	e := &ear{reader: reader, wake: make(chan struct{}, 1)}
	if err := c.add(e); err != nil {
		return err
	}
	defer c.drop(e)
	p, err := open(w)
	if err != nil {
		return err
	}
	if p.send([]byte(": here\n\n" + reader.Begin())) {
		c.run(r.Context(), e, p)
	}
	return nil
}

func (c *Crowd) add(e *ear) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.ended || c.count >= c.All:
		err := fault.New(fault.Unavailable, "There are too many live readers. This page stays as it is; load it again to see what is new.")
		err.RetryAfter = 2 * time.Minute
		return err
	case c.readers[e.reader.Key] >= c.Each:
		return fault.After(time.Minute, "Too many windows are open for live updates. Close some of them.")
	}
	c.count++
	c.readers[e.reader.Key]++
	for _, t := range e.reader.Things {
		if c.waiting[t] == nil {
			c.waiting[t] = map[*ear]struct{}{}
		}
		c.waiting[t][e] = struct{}{}
	}
	return nil
}

func (c *Crowd) drop(e *ear) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count--
	if c.readers[e.reader.Key]--; c.readers[e.reader.Key] == 0 {
		delete(c.readers, e.reader.Key)
	}
	for _, t := range e.reader.Things {
		if delete(c.waiting[t], e); len(c.waiting[t]) == 0 {
			delete(c.waiting, t)
		}
	}
}

func (c *Crowd) run(ctx context.Context, e *ear, p pipe) {
	pause := time.NewTimer(c.Beat)
	defer pause.Stop()
	wake, resting := e.wake, false
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.closed:
			return
		case <-wake:
			if !c.pass(ctx, e, p) {
				return
			}
			wake, resting = nil, true // what comes at once goes out together
			pause.Reset(gather)
		case <-pause.C:
			if !resting && !p.send([]byte(": here\n\n")) {
				return
			}
			wake, resting = e.wake, false
			pause.Reset(c.Beat)
		}
	}
}

// pass writes what is new. It reports whether the stream goes on.
func (c *Crowd) pass(ctx context.Context, e *ear, p pipe) bool {
	var b strings.Builder
	over := false
	for _, n := range e.take() {
		text, last := e.reader.Read(ctx, n)
		if b.WriteString(text); last {
			over = true
			break
		}
	}
	return (b.Len() == 0 || p.send([]byte(b.String()))) && !over
}
