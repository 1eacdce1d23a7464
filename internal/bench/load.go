package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// load asks for paths as fast as answers come. The requests are written and read
// by hand, because a usual client works longer on each than a server needs for
// the quickest of them.
type load struct {
	address string // http://host:port
	paths   []string
	header  string // lines that end with \r\n; "" none
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
	host := strings.TrimPrefix(l.address, "http://")
	conn, err := net.Dial("tcp", host)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	in := bufio.NewReaderSize(conn, 64<<10)
	requests := make([][]byte, len(l.paths))
	for i, path := range l.paths {
		requests[i] = []byte("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n" + l.header + "\r\n")
	}
	for time.Now().Before(end) && ctx.Err() == nil {
		i := dice.IntN(len(requests))
		began := time.Now()
		if _, err := conn.Write(requests[i]); err != nil {
			return took, err
		}
		if err := swallow(in); err != nil {
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
func swallow(in *bufio.Reader) error {
	status, err := in.ReadSlice('\n')
	if err != nil {
		return err
	}
	if len(status) < 12 || string(status[9:12]) != "200" {
		return fmt.Errorf("answered %q", status)
	}
	length, chunked := -1, false
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) <= 2 {
			break
		}
		name, value, _ := strings.Cut(string(line), ":")
		switch strings.ToLower(name) {
		case "content-length":
			if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil {
				return err
			}
		case "transfer-encoding":
			chunked = true
		}
	}
	if !chunked {
		_, err := in.Discard(max(length, 0))
		return err
	}
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return err
		}
		n, err := strconv.ParseInt(strings.TrimSpace(line), 16, 64)
		if err != nil {
			return err
		}
		if _, err := io.CopyN(io.Discard, in, n+2); err != nil || n == 0 {
			return err
		}
	}
}
