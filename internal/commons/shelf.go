package commons

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"strings"
	"sync"
	"time"

	"rapport/internal/db"
	"rapport/internal/outbox"
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
	now  map[string]uint64 // how often each thing has changed
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

// made says what a page was made of, and how often each had changed then.
type made map[string]uint64

const (
	shelfMost = 64 << 20        // bytes of all pages
	agedMost  = time.Second     // on PostgreSQL
	fresh     = 5 * time.Minute // even where nothing changes: what a page says of "today" grows old
)

func newShelf(d *db.DB) *shelf {
	return &shelf{db: d, kept: map[string]*kept{}, now: map[string]uint64{}}
}

// listen notes what changes.
func (s *shelf) listen() func() {
	return s.db.Hear(outbox.LiveTopic, func(payload string) {
		if payload == db.Missed {
			s.mu.Lock()
			s.kept, s.size = map[string]*kept{}, 0
			s.mu.Unlock()
			return
		}
		brand, rest, _ := strings.Cut(payload, " ")
		kind, subject, _ := strings.Cut(rest, " ")
		switch kind {
		case "topic.changed":
			s.changed(brand+" topics", brand+" topic "+subject)
		case "member.changed":
			s.changed(brand+" people", brand)
		case "brand.changed", "community.changed", "team.changed", "space.changed", "space.counted", "document.changed":
			s.changed(brand)
		}
	})
}

func (s *shelf) changed(things ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range things {
		s.now[t]++
	}
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
