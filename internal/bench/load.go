package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// load asks for paths as fast as answers come, each client on a connection of its
// own, without compression.
type load struct {
	address string // http://host:port
	paths   []string
	cookie  string // "" none
	clients int
}

// loaded is what came out.
type loaded struct {
	answers int64
	within  time.Duration
	took    []time.Duration // of each answer, where it was asked for
}

func (l loaded) perSecond() float64 { return float64(l.answers) / l.within.Seconds() }

// run asks for so long. Every answer that is not 200 is an error.
func (l load) run(ctx context.Context, within time.Duration, timed bool) (loaded, error) {
	var answers atomic.Int64
	var wg sync.WaitGroup
	var mu sync.Mutex
	var failed error
	var out loaded
	began := time.Now()
	end := began.Add(within)
	for i := range l.clients {
		wg.Go(func() {
			took, err := l.client(ctx, rand.New(rand.NewPCG(uint64(i), 7)), end, timed, &answers)
			mu.Lock()
			defer mu.Unlock()
			failed = errors.Join(failed, err)
			out.took = append(out.took, took...)
		})
	}
	wg.Wait()
	out.answers, out.within = answers.Load(), time.Since(began)
	return out, failed
}

func (l load) client(ctx context.Context, dice *rand.Rand, end time.Time, timed bool, answers *atomic.Int64) (took []time.Duration, err error) {
	requests := make([]*http.Request, len(l.paths))
	for i, path := range l.paths {
		if requests[i], err = http.NewRequestWithContext(ctx, http.MethodGet, l.address+path, nil); err != nil {
			return nil, err
		}
		if l.cookie != "" {
			requests[i].Header.Set("Cookie", l.cookie)
		}
		requests[i].Header.Set("Accept-Encoding", "identity")
	}
	alone := &http.Client{Transport: &http.Transport{}}
	defer alone.CloseIdleConnections()
	for time.Now().Before(end) && ctx.Err() == nil {
		i := dice.IntN(len(requests))
		began := time.Now()
		if err := swallow(alone.Do(requests[i])); err != nil {
			return took, fmt.Errorf("%s: %w", l.paths[i], err)
		}
		answers.Add(1)
		if timed {
			took = append(took, time.Since(began))
		}
	}
	return took, nil
}

// swallow reads an answer, and makes sure that it is one.
func swallow(res *http.Response, err error) error {
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return errors.New(res.Status)
	}
	return nil
}
