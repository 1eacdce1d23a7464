package commons

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/rand"
	"fmt"
	"hash/crc32"
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
	size int64
	most int64             // bytes of all pages
	run  string            // names this run of this node
	tick uint64            // counts all changes
	now  map[string]uint64 // the count at which each thing changed last
	lost uint64            // the count at which changes may have been missed
}

// kept is a page as it is sent.
type kept struct {
	page  []byte
	kind  string // Content-Type
	etag  string
	of    made
	until time.Time // zero: as long as nothing changes

	pack   sync.Once
	packed []byte // gzip, once somebody asked for it
}

// size is what a page takes, with room for the packed one.
func (k *kept) size() int64 { return int64(len(k.page) + len(k.page)/3) }

// gzip is the page as those take it who take it packed.
func (k *kept) gzip() []byte {
	k.pack.Do(func() {
		if k.packed == nil {
			k.packed = pack(k.page, gzip.BestSpeed)
		}
	})
	return k.packed
}

// etag tells versions of a page apart. Both sums are made by the processor
// itself, thousands of bytes in a microsecond; nothing secret depends on them.
func etag(page []byte) string {
	return fmt.Sprintf(`"%08x%08x%x"`, crc32.ChecksumIEEE(page), crc32.Checksum(page, castagnoli), len(page))
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// made says what a page was made of, and when each had changed last.
type made map[string]uint64

const (
	usualMost = 64 << 20        // bytes of all pages, where nobody says otherwise
	agedMost  = time.Second     // on PostgreSQL
	fresh     = 5 * time.Minute // even where nothing changes: what a page says of "today" grows old
)

func newShelf(d *db.DB, most int64) *shelf {
	return &shelf{db: d, most: cmp.Or(most, usualMost), run: strings.ToLower(rand.Text()[:6]), kept: map[string]*kept{}, now: map[string]uint64{}}
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
	case "brand.changed", "community.changed", "team.changed", "space.changed", "space.counted", "document.changed":
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

// keep puts a copy of a page on the shelf, and returns it; the page itself where
// it does not fit. Where that is full, all are taken off: those
// that are asked for come back at once.
func (s *shelf) keep(key string, page []byte, kind string, of made) *kept {
	k := &kept{page: page, kind: kind, etag: etag(page), of: of, until: time.Now().Add(fresh)}
	if s.db.Dialect == db.Postgres {
		k.until = time.Now().Add(agedMost)
	}
	if k.size() > s.most {
		return k
	}
	k.page = bytes.Clone(page)
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.kept[key]; old != nil {
		s.size -= old.size()
	}
	if s.size += k.size(); s.size > s.most {
		s.kept, s.size = map[string]*kept{}, k.size()
	}
	s.kept[key] = k
	return k
}

func pack(page []byte, level int) []byte {
	var b bytes.Buffer
	if level != gzip.BestSpeed {
		z, _ := gzip.NewWriterLevel(&b, level) // the level is valid
		z.Write(page)                          // a buffer takes everything
		z.Close()
		return b.Bytes()
	}
	z := packers.Get().(*gzip.Writer)
	z.Reset(&b)
	z.Write(page)
	z.Close()
	packers.Put(z)
	return b.Bytes()
}

var packers = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is valid
	return z
}}
