package commons

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"rapport/internal/db"
	"rapport/internal/live"
	"rapport/internal/space"
	"rapport/internal/topic"
)

// hall is where readers wait for what is new. What changed is looked up once
// for all of them; each stream then decides what its reader may hear.
type hall struct {
	db    *db.DB
	log   *slog.Logger
	crowd *live.Crowd

	mu      sync.Mutex
	changed map[change]bool // topics that somebody waits for
	wake    chan struct{}
	done    chan struct{}
	once    sync.Once
}

// change is one thing that changed; without a kind, anything may have.
type change struct{ brand, kind, subject string }

func readChange(payload string) (c change) {
	if payload == db.Missed {
		return c
	}
	c.brand, payload, _ = strings.Cut(payload, " ")
	c.kind, c.subject, _ = strings.Cut(payload, " ")
	return c
}

// What readers are told.
type (
	// topicNews is a topic that changed, as it is now. waiting is true of what
	// only its author and the team can see.
	topicNews struct {
		topic   topic.Topic
		space   space.Space
		waiting bool
		text    string
	}
	// noticeNews is for a member whose notices changed.
	noticeNews struct{}
	// doorNews makes a stream ask anew what its reader may see.
	doorNews struct{}
)

// Things that streams wait for.
func ofTopics(brand string) string      { return brand + " topics" }
func ofTopic(brand, id string) string   { return brand + " topic " + id }
func ofWaiting(brand, id string) string { return brand + " waiting " + id }
func ofMember(brand, id string) string  { return brand + " member " + id }
func ofAccount(id string) string        { return "account " + id }

const ofAll = "all"

// look says that anything may have changed.
const look = "event: look\ndata: {}\n\n"

func newHall(d *db.DB, log *slog.Logger) *hall {
	h := &hall{db: d, log: log, crowd: live.NewCrowd(), changed: map[change]bool{}, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go h.run()
	return h
}

func (h *hall) close() {
	h.once.Do(func() { close(h.done) })
	h.crowd.Close()
}

// hear takes a change and returns at once.
func (h *hall) hear(c change) {
	door := live.News{Of: "door", About: doorNews{}}
	switch c.kind {
	case "":
		h.crowd.Tell(live.News{}, ofAll)
	case "topic.changed", "topic.waiting":
		if !h.crowd.Waits(ofTopic(c.brand, c.subject), ofTopics(c.brand)) {
			return
		}
		h.mu.Lock()
		h.changed[c] = true
		h.mu.Unlock()
		h.poke()
	case live.AccessChanged:
		if c.subject == "" {
			h.crowd.Tell(door, ofAll)
			return
		}
		h.crowd.Tell(door, ofAccount(c.subject))
	case "member.changed":
		h.crowd.Tell(door, ofMember(c.brand, c.subject))
	case "brand.changed", "community.changed", "space.changed":
		h.crowd.Tell(door, c.brand)
	}
}

// hearNotices takes the members whose notices changed.
func (h *hall) hearNotices(payload string) {
	n := live.News{Of: "notices", About: noticeNews{}}
	if payload == db.Missed {
		h.crowd.Tell(n, ofAll)
		return
	}
	brand, members, _ := strings.Cut(payload, " ")
	for id := range strings.FieldsSeq(members) {
		h.crowd.Tell(n, ofMember(brand, id))
	}
}

func (h *hall) poke() {
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// Changes that come together are looked up together, and again where that
// failed.
const (
	together = 25 * time.Millisecond
	tryAgain = time.Second
)

func (h *hall) run() {
	ctx, cancel := context.WithCancel(context.Background())
	go func() { <-h.done; cancel() }()
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-h.done:
			return
		case <-pause.C:
		}
		select {
		case <-h.done:
			return
		case <-h.wake:
		}
		pause.Reset(together)
		h.mu.Lock()
		changed := h.changed
		h.changed = map[change]bool{}
		h.mu.Unlock()
		if err := h.tell(ctx, changed); err != nil && ctx.Err() == nil {
			h.log.Error("commons: live readers were not told, trying again", "err", err)
			h.mu.Lock()
			for c := range changed {
				h.changed[c] = true
			}
			h.mu.Unlock()
			h.poke()
			pause.Reset(tryAgain)
		}
	}
}

// tell reads what changed and tells those who wait for it.
func (h *hall) tell(ctx context.Context, changed map[change]bool) error {
	ids := map[string][]string{}
	for c := range changed {
		ids[c.brand] = append(ids[c.brand], c.subject)
	}
	for brand, some := range ids {
		topics, err := topic.ByIDs(ctx, h.db, brand, some)
		if err != nil {
			return err
		}
		spaces, err := space.List(ctx, h.db, brand)
		if err != nil {
			return err
		}
		for c := range changed {
			t, there := topics[c.subject]
			if c.brand != brand || !there {
				continue
			}
			n := topicNews{topic: t, space: spaceOf(spaces, t.Space), waiting: c.kind == "topic.waiting", text: fmt.Sprintf("event: topic\ndata: {\"topic\":%d,\"last\":%d}\n\n", t.Number, t.LastNumber)}
			if n.space.ID == "" {
				continue
			}
			h.crowd.Tell(live.News{Of: c.kind + t.ID, About: n}, ofTopic(brand, t.ID), ofTopics(brand))
		}
	}
	return nil
}
