package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
)

// token is one of the owner's that may do everything with posts.
func (w *world) token(ctx context.Context) (string, error) {
	who, err := account.As(ctx, w.db, w.owner)
	if err != nil {
		return "", err
	}
	_, plain, err := account.TokenCreate(ctx, w.db, who, w.brand.ID, account.NewToken{Name: "bench",
		Scopes: []access.Action{access.PostRead, access.PostWrite, access.PostPublish}})
	return plain, err
}

// caller speaks to the API of one server.
type caller struct {
	base, token string
}

func (c caller) create(i int, channel string) (id string, err error) {
	var made struct{ ID string }
	err = call(http.MethodPost, c.base+"/posts", c.token, map[string]any{"text": text(i), "channels": []string{channel}}, &made)
	return made.ID, err
}

func (c caller) schedule(id string, at time.Time) error {
	return call(http.MethodPost, c.base+"/posts/"+id+"/schedule", c.token, map[string]any{"at": at.UTC().Format(time.RFC3339Nano)}, nil)
}

func (c caller) list() error {
	var got struct{ Items []any }
	if err := call(http.MethodGet, c.base+"/posts?limit=100", c.token, nil, &got); err != nil {
		return err
	}
	if len(got.Items) != 100 {
		return fmt.Errorf("the list has %d posts", len(got.Items))
	}
	return nil
}

// apiTimes takes the time of single requests while eight clients ask at once.
func apiTimes(ctx context.Context, b *bench) error {
	const clients, each = 8, 100
	s, err := b.served(ctx, 10)
	if err != nil {
		return err
	}
	defer s.stop()
	ids := make([]string, clients*each)
	far := time.Now().Add(48 * time.Hour)
	for _, m := range []struct {
		what, peer string
		ask        func(i int) error
	}{
		{"create a draft", "74 ms", func(i int) (err error) {
			ids[i], err = s.create(i, s.world.channels[i%10].ID)
			return err
		}},
		{"schedule it", "158 ms", func(i int) error { return s.schedule(ids[i], far) }},
		{"list 100", "146 ms", func(int) error { return s.list() }},
	} {
		took, err := together(clients, each, m.ask)
		if err != nil {
			return fmt.Errorf("%s: %w", m.what, err)
		}
		b.add(row{fmt.Sprintf("API, %d clients: %s, median", clients, m.what), ms(quantile(took, 0.5)), 10, "ms", m.peer})
		b.add(row{"  … 95 %", ms(quantile(took, 0.95)), 0, "ms", ""})
	}
	return nil
}

// together has clients ask each times, and returns how long each answer took.
func together(clients, each int, ask func(i int) error) ([]time.Duration, error) {
	took := make([]time.Duration, clients*each)
	var failed atomic.Pointer[error]
	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			for i := c; i < len(took); i += clients {
				began := time.Now()
				if err := ask(i); err != nil {
					failed.Store(&err)
					return
				}
				took[i] = time.Since(began)
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return nil, *err
	}
	return took, nil
}

// cpu takes what a post costs the server from the request that creates it to
// its outcome in the database.
func cpu(ctx context.Context, b *bench) error {
	const posts, channels = 1000, 100
	s, err := b.served(ctx, channels)
	if err != nil {
		return err
	}
	defer s.stop()
	before, err := s.server.cpu()
	if err != nil {
		return err
	}
	_, err = together(4, posts/4, func(i int) error {
		id, err := s.create(i, s.world.channels[i%channels].ID)
		if err != nil {
			return err
		}
		return s.schedule(id, time.Now().Add(time.Second))
	})
	if err != nil {
		return err
	}
	if _, err := s.world.settled(ctx, time.Minute); err != nil {
		return err
	}
	after, err := s.server.cpu()
	if err != nil {
		return err
	}
	if err := s.world.exactlyOnce(ctx, s.net, posts); err != nil {
		return err
	}
	b.add(row{"CPU of a post, created to published", ms(after-before) / posts, 8, "ms", "63 ms"})
	return nil
}

// served is a world with its network and its server, and a token for the API.
type served struct {
	caller
	net    demoNetwork
	world  *world
	server *process
}

func (b *bench) served(ctx context.Context, channels int) (s served, err error) {
	if s.net, err = b.startNetwork(ctx); err != nil {
		return s, err
	}
	if s.world, err = b.newWorld(ctx, s.net, channels); err != nil {
		return s, err
	}
	token, err := s.world.token(ctx)
	if err != nil {
		return s, err
	}
	if s.server, err = b.serve(ctx, s.world); err != nil {
		return s, err
	}
	s.caller = caller{s.server.address + "/api/v1", token}
	return s, nil
}

func (s served) stop() {
	s.server.stop()
	s.world.close()
	s.net.stop()
}
