package commons

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"strconv"
	"strings"
	"sync"
	"time"

	"rapport/internal/db"
)

// shelf keeps whole pages for visitors without an account. A page on it holds
// what it was made of: as soon as something of that changes on this node it is
// made anew. Other nodes are told by PostgreSQL; in case that fails, a page
// there lives for a second at most.
type shelf struct {
	db   *db.DB
	mu   sync.RWMutex
	kept map[string]*kept
	size int
	run  string            // names this run of this node
	tick uint64            // counts all changes
	now  map[string]uint64 // the count at which each thing changed last
	lost uint64            // the count at which changes may have been missed
}

// kept is a page as it is sent.
type kept struct {
	page   []byte
	packed []byte // gzip
	kind   string // Content-Type
	etag   string
	of     made
	until  time.Time // zero: as long as nothing changes
}

// made says what a page was made of, and when each had changed last.
type made map[string]uint64

const (
	shelfMost = 64 << 20        // bytes of all pages
	agedMost  = time.Second     // on PostgreSQL
	fresh     = 5 * time.Minute // even where nothing changes: what a page says of "today" grows old
)

func newShelf(d *db.DB) *shelf {
	return &shelf{db: d, run: strings.ToLower(rand.Text()[:6]), kept: map[string]*kept{}, now: map[string]uint64{}}
}

// hear notes what changes.
func (s *shelf) hear(c change) {
	switch c.kind {
	case "": // what it was is not known
		s.mu.Lock()
		s.kept, s.size = map[string]*kept{}, 0
		s.tick++
		s.lost = s.tick
		s.mu.Unlock()
	case "topic.changed":
		s.changed(ofTopics(c.brand), ofTopic(c.brand, c.subject))
	case "topic.waiting":
		s.changed(ofWaiting(c.brand, c.subject))
	case "member.changed":
		s.changed(c.brand+" people", c.brand)
	case "brand.changed", "community.changed", "space.changed", "space.counted", "document.changed":
		s.changed(c.brand)
	}
}

func (s *shelf) changed(things ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick++
	for _, t := range things {
		s.now[t] = s.tick
	}
}

// count is how many changes there were so far.
func (s *shelf) count() uint64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.tick
}

// mark names the state of things for since. before is the count from before
// they were read.
func (s *shelf) mark(before uint64, things ...string) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	last := s.lost
	for _, t := range things {
		last = max(last, s.now[t])
	}
	return s.run + "-" + strconv.FormatUint(min(last, before), 36)
}

// since reports whether one of the things may have changed after the mark: for
// certain not where it returns false. A mark of another node, or of an earlier
// run, tells nothing.
func (s *shelf) since(mark string, things ...string) bool {
	run, at, _ := strings.Cut(mark, "-")
	n, err := strconv.ParseUint(at, 36, 64)
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err != nil || run != s.run || n < s.lost {
		return true
	}
	for _, t := range things {
		if s.now[t] > n {
			return true
		}
	}
	return false
}

// of notes how things are before a page is made of them.
func (s *shelf) of(things ...string) made {
	s.mu.RLock()
	defer s.mu.RUnlock()
	m := make(made, len(things))
	for _, t := range things {
		m[t] = s.now[t]
	}
	return m
}

// find returns a page that is still true.
func (s *shelf) find(key string) *kept {
	s.mu.RLock()
	defer s.mu.RUnlock()
	k := s.kept[key]
	if k == nil || !k.until.IsZero() && time.Now().After(k.until) {
		return nil
	}
	for t, n := range k.of {
		if s.now[t] != n {
			return nil
		}
	}
	return k
}

// keep puts a page on the shelf. Where that is full, all are taken off: those
// that are asked for come back at once.
func (s *shelf) keep(key string, page []byte, kind string, of made) *kept {
	sum := sha256.Sum256(page)
	k := &kept{page: page, packed: pack(page), kind: kind, etag: `"` + hex.EncodeToString(sum[:8]) + `"`, of: maps.Clone(of), until: time.Now().Add(fresh)}
	if s.db.Dialect == db.Postgres {
		k.until = time.Now().Add(agedMost)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.kept[key]; old != nil {
		s.size -= len(old.page) + len(old.packed)
	}
	if s.size += len(page) + len(k.packed); s.size > shelfMost {
		s.kept, s.size = map[string]*kept{}, len(page)+len(k.packed)
	}
	s.kept[key] = k
	return k
}

func pack(page []byte) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed) // the level is valid
	z.Write(page)                                   // a buffer takes everything
	z.Close()
	return b.Bytes()
}
