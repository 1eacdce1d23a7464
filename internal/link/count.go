package link

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"rapport/internal/db"
)

// Kind is who follows a link.
type Kind int

// The kinds.
const (
	Nobody Kind = iota // a browser that looks ahead
	Bot                // a program that is known for one
	Person
)

// programs are parts of the names with which programs say what they are: those
// that draw previews of links, that search, that watch, and the libraries that
// are used to write others. In small letters.
var programs = []string{
	"bot", "crawl", "spider", "slurp", "preview", "scan", "monitor", "archive", "fetch", "facebookexternalhit", "facebookcatalog", "meta-external",
	"whatsapp/", "skypeuri", "cardyb", "mastodon/", "pleroma", "akkoma", "misskey", "friendica", "lemmy", "pixelfed", "gotosocial",
	"vkshare", "embedly", "iframely", "opengraph", "unfurl", "rapport", "google-", "mediapartners", "apis-google", "ahrefs", "semrush", "headless", "lighthouse",
	"phantomjs", "selenium", "puppeteer", "playwright", "pingdom", "uptime", "statuscake", "curl/", "wget", "libwww", "httpie", "http.rb/", "python", "java/",
	"okhttp", "go-http-client", "node-fetch", "axios", "got (", "undici", "ruby", "php", "perl", "scrapy", "feed", "rss",
}

// phones are makes whose names hold the name of a program.
var phones = strings.NewReplacer("cubot", "")

// KindOf tells people from programs by what a request says of itself.
func KindOf(r *http.Request) Kind {
	for _, name := range []string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} {
		if v := strings.ToLower(r.Header.Get(name)); strings.Contains(v, "prefetch") || strings.Contains(v, "preview") {
			return Nobody
		}
	}
	agent := phones.Replace(strings.ToLower(r.UserAgent()))
	if r.Method != http.MethodGet || strings.TrimSpace(agent) == "" || !strings.Contains(agent, "/") {
		return Bot
	}
	for _, p := range programs {
		if strings.Contains(agent, p) {
			return Bot
		}
	}
	return Person
}

// Sizes and spans of what is kept in memory.
const (
	again      = 10 * time.Second // the same once more within it is no other click
	remembered = 50_000           // clicks of a generation; above that the older are forgotten
	writeGap   = 5 * time.Second  // between two writings
)

// Counter counts how often links are followed. Counts are kept in memory and
// written every five seconds and when it stops: a machine that dies loses those
// of its last seconds. Any number of machines may count at once.
//
// To know a repeat it remembers for ten to twenty seconds a keyed hash of link,
// address and browser. The key is made anew with every start, and neither is
// written anywhere.
type Counter struct {
	DB  *db.DB
	Log *slog.Logger

	mu         sync.Mutex
	waiting    map[place]Counts
	key        [32]byte
	now, older map[[16]byte]db.Time
	turned     db.Time

	cancel context.CancelFunc
	done   chan struct{}
}

// place is what a count is of.
type place struct{ brand, link, day string }

// NewCounter returns a counter that writes once it is started.
func NewCounter(d *db.DB, log *slog.Logger) *Counter {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	c := &Counter{DB: d, Log: log, waiting: map[place]Counts{}, now: map[[16]byte]db.Time{}}
	rand.Read(c.key[:]) // never fails
	return c
}

// Count notes that a link is followed. zone is the brand's; address and agent
// are the browser's and are not kept.
func (c *Counter) Count(l Link, zone *time.Location, k Kind, address, agent string) {
	if k == Nobody {
		return
	}
	at := c.DB.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.repeat(at, l.ID, address, agent) {
		return
	}
	p := place{l.Brand, l.ID, Day(at, zone)}
	n := c.waiting[p]
	if k == Bot {
		n.Bots++
	} else {
		n.People++
	}
	c.waiting[p] = n
}

// repeat reports whether the same was counted within the last ten seconds.
func (c *Counter) repeat(at db.Time, link, address, agent string) bool {
	if at.Sub(c.turned) >= again || at < c.turned || len(c.now) >= remembered {
		c.older, c.now, c.turned = c.now, map[[16]byte]db.Time{}, at
	}
	sum := sha256.Sum256(fmt.Appendf(c.key[:len(c.key):len(c.key)], "%s\x00%s\x00%s", link, address, agent))
	id := [16]byte(sum[:16])
	for _, seen := range []map[[16]byte]db.Time{c.now, c.older} {
		if was, ok := seen[id]; ok && at >= was && at.Sub(was) < again {
			return true
		}
	}
	c.now[id] = at
	return false
}

// Flush writes what was counted. What could not be written is written with the
// next; where it cannot be known whether it was, it is left out rather than
// counted twice, and the log says so.
func (c *Counter) Flush(ctx context.Context) error {
	c.mu.Lock()
	all := c.waiting
	c.waiting = map[place]Counts{}
	c.mu.Unlock()
	if len(all) == 0 {
		return nil
	}
	// In one order everywhere, so that two machines do not wait for each other.
	order := slices.SortedFunc(maps.Keys(all), func(a, b place) int {
		return cmp.Or(cmp.Compare(a.link, b.link), cmp.Compare(a.day, b.day))
	})
	doubt := false
	err := c.DB.Tx(ctx, func(tx *db.Tx) error {
		doubt = false
		for _, p := range order {
			// A link that is gone with its brand has nothing to be counted of.
			_, err := tx.ExecContext(ctx, `INSERT INTO link_day (link_id, day, brand_id, people, bots)
				SELECT l.id, $3, l.brand_id, CAST($4 AS BIGINT), CAST($5 AS BIGINT) FROM link l WHERE l.brand_id = $1 AND l.id = $2
				ON CONFLICT (link_id, day) DO UPDATE SET people = link_day.people + excluded.people, bots = link_day.bots + excluded.bots`,
				p.brand, p.link, p.day, all[p].People, all[p].Bots)
			if err != nil {
				return err
			}
		}
		doubt = true // from here on only the commit can fail
		return nil
	})
	if err == nil {
		return nil
	}
	if doubt {
		c.Log.Error("link: counts of the last seconds may be lost", "links", len(all), "error", err)
		return fmt.Errorf("link: write counts: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for p, n := range all {
		n.add(c.waiting[p])
		c.waiting[p] = n
	}
	return fmt.Errorf("link: write counts: %w", err)
}

// Start writes from now on. It returns at once.
func (c *Counter) Start(ctx context.Context) error {
	ctx, c.cancel = context.WithCancel(ctx)
	c.done = make(chan struct{})
	go func() {
		defer close(c.done)
		t := time.NewTicker(writeGap)
		defer t.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
				// One that has begun ends: cut off, it could not be known what became of it.
				if err := c.Flush(context.WithoutCancel(ctx)); err != nil {
					c.Log.Warn("link: the counts wait to be written", "error", err)
				}
			}
		}
	}()
	return nil
}

// Stop writes what is left and comes to rest.
func (c *Counter) Stop(ctx context.Context) error {
	if c.cancel != nil {
		c.cancel()
		<-c.done
	}
	return c.Flush(ctx)
}
