package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/brand"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/network"
	"rapport/internal/network/demo"
	"rapport/internal/outbound"
	"rapport/internal/post"
	"rapport/internal/secret"
)

// world is a data folder with one brand and its channels.
type world struct {
	dir      string
	db       *db.DB // opened beside the server, to fill it and to look
	owner    account.Account
	brand    brand.Brand
	channels []channel.Channel
}

const loopback = "127.0.0.1/32"

// newWorld makes a brand with n channels on the network.
func (b *bench) newWorld(ctx context.Context, net demoNetwork, n int) (*world, error) {
	dir, err := os.MkdirTemp(b.work, "data-")
	if err != nil {
		return nil, err
	}
	w := &world{dir: dir}
	if w.db, err = db.Open(ctx, db.Options{Path: filepath.Join(dir, "rapport.db"), MaxConns: 2}); err != nil {
		return nil, err
	}
	if _, err := w.db.Migrate(ctx); err != nil {
		return nil, err
	}
	err = w.people(ctx)
	if err == nil {
		err = w.connect(ctx, net, n)
	}
	return w, err
}

func (w *world) people(ctx context.Context) (err error) {
	w.owner, err = account.Create(ctx, w.db, access.System(), account.New{Email: "bench@example.com", Name: "Bench", Password: "a bench needs no secret"},
		func(tx *db.Tx, a account.Account) (err error) {
			who := access.Who{Account: a.ID, Name: a.Name, Email: a.Email}
			w.brand, err = brand.Start(ctx, tx, who, brand.New{Name: "Bench", Zone: "Europe/Berlin", Demo: true})
			return err
		})
	return err
}

func (w *world) connect(ctx context.Context, net demoNetwork, n int) error {
	keys, err := secret.Create(w.dir + ".key")
	if err != nil {
		return err
	}
	rule, err := outbound.ParseRule(loopback)
	if err != nil {
		return err
	}
	out := outbound.New(outbound.Options{Allow: []outbound.Rule{rule}})
	defer out.Close()
	channels := &channel.Channels{DB: w.db, Keys: keys, Networks: network.NewSet(demo.New(out, func() string { return "" }))}
	for i := range n {
		c, err := channels.Connect(ctx, access.System(), w.brand.ID, "demo", net.address, network.Credential{"token": fmt.Sprintf("demo-bench%d", i)})
		if err != nil {
			return err
		}
		w.channels = append(w.channels, c)
	}
	return nil
}

// close lets go of the database; the folder stays for the server.
func (w *world) close() { w.db.Close() }

// serve starts the server on the folder.
func (b *bench) serve(ctx context.Context, w *world) (*process, error) {
	return b.launch(ctx, []string{"RAPPORT_OUTBOUND_ALLOW=" + loopback}, "serve", "--data", w.dir, "--addr", "127.0.0.1:0", "--log-level", "warn")
}

// plan schedules n posts, each for some of the channels in turn, for a time
// that Due moves.
func (w *world) plan(ctx context.Context, n, channelsEach int) error {
	far := w.db.Now().Add(365 * 24 * time.Hour)
	for i := range n {
		in := post.Input{Body: post.Body{Parts: []post.Part{{Text: text(i)}}}}
		for j := range channelsEach {
			c := w.channels[(i*channelsEach+j)%len(w.channels)]
			in.Variants = append(in.Variants, post.Variant{Channel: c.ID})
		}
		p, err := post.Draft(ctx, w.db, access.System(), w.brand.ID, in)
		if err != nil {
			return err
		}
		if _, err := post.Schedule(ctx, w.db, access.System(), w.brand.ID, p.ID, 0, far); err != nil {
			return err
		}
	}
	return nil
}

func text(i int) string {
	return fmt.Sprintf("Number %d: what we do when nobody has asked for it yet, told in a sentence of a usual length for such a post.", i)
}

// hashOf is how the network names a text.
func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

// due gives everything that is scheduled one instant.
func (w *world) due(ctx context.Context, at time.Time) error {
	_, err := w.db.ExecContext(ctx, `UPDATE delivery SET due_at = $1, run_at = $1 WHERE state = 'scheduled'`, db.At(at))
	return err
}

// open counts what has not come to its end.
func (w *world) open(ctx context.Context) (n int, err error) {
	err = w.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM delivery WHERE state IN ('scheduled', 'claimed', 'preparing', 'sending', 'pending')`).Scan(&n)
	return n, err
}

// settled waits until nothing is open and returns when that was.
func (w *world) settled(ctx context.Context, within time.Duration) (time.Time, error) {
	for end := time.Now().Add(within); ; {
		n, err := w.open(ctx)
		if err != nil || n == 0 {
			return time.Now(), err
		}
		if time.Now().After(end) {
			return time.Time{}, fmt.Errorf("%d deliveries are still open after %v", n, within)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
