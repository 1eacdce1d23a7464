package bridge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"sync"
	"time"

	"rapport/internal/access"
	"rapport/internal/brand"
	"rapport/internal/channel"
	"rapport/internal/community"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/member"
	"rapport/internal/network"
	"rapport/internal/outbox"
	"rapport/internal/space"
	"rapport/internal/topic"
)

// Keep makes a brand's community a channel once it is open, and has the channel
// follow what the brand, its address and its spaces are called. A new one
// brings along what waits: questions of the last 30 days that nobody answered,
// and what the team has to look at. It does nothing where nothing has changed.
func (c *Community) Keep(ctx context.Context, brandID string) error {
	what, err := community.Of(ctx, c.DB, brandID)
	if err != nil {
		return fmt.Errorf("bridge: keep: %w", err)
	}
	was, err := channel.OwnOf(ctx, c.DB, brandID, Name)
	switch {
	case fault.Is(err, fault.NotFound) && what.OpenedAt == 0:
		return nil
	case err != nil && !fault.Is(err, fault.NotFound):
		return err
	}
	a, err := c.account(ctx, brandID)
	if err != nil || was.ID != "" && same(was, a) {
		return err
	}
	var now channel.Channel
	save := func(tx *db.Tx) (err error) {
		now, err = c.Channels.Own(ctx, tx, c.Facts(), brandID, a)
		return err
	}
	if err = c.DB.Tx(ctx, save); db.IsDuplicate(err) {
		err = c.DB.Tx(ctx, save) // another node made it in this moment
	}
	if err != nil || was.ID != "" {
		return err
	}
	return c.bring(ctx, now)
}

// account is what there is to say of the community.
func (c *Community) account(ctx context.Context, brandID string) (network.Account, error) {
	b, err := brand.ByID(ctx, c.DB, access.System(), brandID)
	if err != nil {
		return network.Account{}, err
	}
	spaces, err := space.List(ctx, c.DB, brandID)
	if err != nil {
		return network.Account{}, err
	}
	return network.Account{ID: Name, Handle: b.Name, Name: b.Name, URL: c.url(ctx, brandID, "/"), Limits: limits(spaces),
		Details: map[string]string{detailBrand: brandID}}, nil
}

func same(was channel.Channel, a network.Account) bool {
	return was.State == channel.StateConnected && was.Handle == a.Handle && was.Name == a.Name && was.URL == a.URL &&
		reflect.DeepEqual(was.Limits, a.Limits) && reflect.DeepEqual(was.Details, a.Details)
}

// bringBack is how far back a new channel looks for unanswered questions.
const (
	bringBack = 30 * 24 * time.Hour
	bringMost = 500
)

// bring takes what waits already into the inbox.
func (c *Community) bring(ctx context.Context, on channel.Channel) error {
	return errors.Join(c.bringQuestions(ctx, on), c.bringCases(ctx, on, topic.ToApprove), c.bringCases(ctx, on, topic.Flagged))
}

func (c *Community) bringQuestions(ctx context.Context, on channel.Channel) error {
	v := member.Voice{Who: access.System(), Brand: on.Brand}
	spaces, err := space.List(ctx, c.DB, on.Brand)
	if err != nil {
		return err
	}
	page, n, since := db.Page{Limit: 100}, 0, c.DB.Now().Add(-bringBack)
	for {
		lines, next, err := topic.List(ctx, c.DB, v, spaces, topic.Filter{View: topic.Unanswered}, page)
		if err != nil {
			return fmt.Errorf("bridge: bring: %w", err)
		}
		err = c.DB.Tx(ctx, func(tx *db.Tx) error {
			for _, l := range lines {
				if l.CreatedAt < since {
					continue
				}
				opening, err := topic.ReplyByNumber(ctx, tx, on.Brand, l.ID, 1)
				if err == nil {
					err = c.begun(ctx, tx, on, opening, nil)
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
		if n += len(lines); err != nil || next == "" || n >= bringMost {
			return err
		}
		page.After = next
	}
}

func (c *Community) bringCases(ctx context.Context, on channel.Channel, which topic.Queue) error {
	page := db.Page{Limit: 100}
	for range bringMost / 100 {
		cases, next, err := topic.Cases(ctx, c.DB, access.System(), on.Brand, which, page)
		if err != nil {
			return fmt.Errorf("bridge: bring: %w", err)
		}
		err = c.DB.Tx(ctx, func(tx *db.Tx) error {
			for _, one := range cases {
				if err := c.toLook(ctx, tx, on, one.Reply, which); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || next == "" {
			return err
		}
		page.After = next
	}
	return nil
}

// Keeper keeps the channels of all communities: at its start, and whenever a
// community, a space or a brand changes.
type Keeper struct {
	Community *Community
	Log       *slog.Logger

	stop   context.CancelFunc
	wg     sync.WaitGroup
	mu     sync.Mutex
	due    map[string]bool // brands; "" is all
	signal chan struct{}
}

// Start begins to keep.
func (k *Keeper) Start(ctx context.Context) error {
	ctx, k.stop = context.WithCancel(context.WithoutCancel(ctx))
	k.due, k.signal = map[string]bool{"": true}, make(chan struct{}, 1)
	k.signal <- struct{}{}
	unsubscribe := k.Community.DB.Subscribe(outbox.LiveTopic, k.hear)
	k.wg.Go(func() {
		defer unsubscribe()
		for {
			select {
			case <-ctx.Done():
				return
			case <-k.signal:
			}
			k.pass(ctx)
		}
	})
	return nil
}

// Stop ends it.
func (k *Keeper) Stop(context.Context) error {
	k.stop()
	k.wg.Wait()
	return nil
}

func (k *Keeper) hear(payload string) {
	brandID, rest, _ := strings.Cut(payload, " ")
	kind, _, _ := strings.Cut(rest, " ")
	switch {
	case payload == db.Missed:
		brandID = ""
	case kind != "community.changed" && kind != "space.changed" && kind != "brand.changed":
		return
	}
	k.mu.Lock()
	k.due[brandID] = true
	k.mu.Unlock()
	select {
	case k.signal <- struct{}{}:
	default:
	}
}

// pass keeps what is due. What fails is tried again with the next change, or at
// the next start.
func (k *Keeper) pass(ctx context.Context) {
	k.mu.Lock()
	due := k.due
	k.due = map[string]bool{}
	k.mu.Unlock()
	if due[""] {
		all, err := brand.List(ctx, k.Community.DB, access.System())
		if err != nil {
			k.failed(ctx, err)
		}
		for _, b := range all {
			due[b.ID] = true
		}
		delete(due, "")
	}
	for id := range due {
		if err := k.Community.Keep(ctx, id); err != nil && !fault.Is(err, fault.NotFound) {
			k.failed(ctx, err)
		}
	}
}

func (k *Keeper) failed(ctx context.Context, err error) {
	if ctx.Err() == nil && k.Log != nil {
		k.Log.Error("bridge: cannot keep a community's channel", "error", err)
	}
}
