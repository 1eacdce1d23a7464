package wire

import (
	"context"
	"sync"
	"time"
)

// Arrival is one commit that reached the socket and was read to its end.
type Arrival struct {
	Seq     int       `json:"seq"` // from 1
	At      time.Time `json:"at"`  // first byte of the request at the socket, wall clock
	Account string    `json:"account"`
	Key     string    `json:"key"` // what makes the commit recognisable
	Text    string    `json:"text_hash,omitempty"`
	Fault   Kind      `json:"fault,omitempty"`
	Outcome string    `json:"outcome"`             // "published", or in a word why not; "" while at work
	Post    string    `json:"published,omitempty"` // id of what this arrival published
}

// Outcome of an arrival that was carried out. Every other word means that
// nothing was published.
const Published = "published"

// nothing is the outcome where a fault came before the network.
const nothing = "nothing"

// Arrivals is the record. The zero value is empty and ready.
type Arrivals struct {
	mu      sync.Mutex
	next    int
	list    []*Arrival
	changed chan struct{} // closed at the next change, if somebody waits
}

func (as *Arrivals) tell() {
	if as.changed != nil {
		close(as.changed)
		as.changed = nil
	}
}

// Wait returns when the network is done with n arrivals since Clear, or with
// the error of ctx.
func (as *Arrivals) Wait(ctx context.Context, n int) error {
	for {
		done, changed := as.done()
		if done >= n {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (as *Arrivals) done() (n int, changed chan struct{}) {
	as.mu.Lock()
	defer as.mu.Unlock()
	for _, a := range as.list {
		if a.Outcome != "" {
			n++
		}
	}
	if as.changed == nil {
		as.changed = make(chan struct{})
	}
	return n, as.changed
}

func (as *Arrivals) add(a Arrival) *Arrival {
	as.mu.Lock()
	defer as.mu.Unlock()
	as.next++
	a.Seq = as.next
	as.list = append(as.list, &a)
	as.tell()
	return &a
}

func (as *Arrivals) note(a *Arrival, outcome, post string) {
	as.mu.Lock()
	defer as.mu.Unlock()
	a.Outcome, a.Post = outcome, post
	as.tell()
}

// Since returns the arrivals after seq, in order.
func (as *Arrivals) Since(seq int) []Arrival {
	as.mu.Lock()
	defer as.mu.Unlock()
	out := []Arrival{}
	for _, a := range as.list {
		if a.Seq > seq {
			out = append(out, *a)
		}
	}
	return out
}

// Clear forgets the record; seq goes on.
func (as *Arrivals) Clear() {
	as.mu.Lock()
	defer as.mu.Unlock()
	as.list = nil
}

// Counts sums up the record.
type Counts struct {
	Arrivals   int            `json:"arrivals"`
	Published  int            `json:"published"`
	Keys       map[string]int `json:"keys"`       // posts published by key
	Duplicates int            `json:"duplicates"` // posts beyond the first of a key
	Requests   int64          `json:"requests"`   // seen by the gate, read to their end or not
}

func (as *Arrivals) counts() Counts {
	as.mu.Lock()
	defer as.mu.Unlock()
	c := Counts{Arrivals: len(as.list), Keys: map[string]int{}}
	for _, a := range as.list {
		if a.Outcome != Published {
			continue
		}
		c.Published++
		c.Keys[a.Key]++
		if c.Keys[a.Key] > 1 {
			c.Duplicates++
		}
	}
	return c
}
