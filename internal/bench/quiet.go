package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

func scanText(r *sql.Rows) (s string, err error) { return s, r.Scan(&s) }

// size weighs the binary.
func size(_ context.Context, b *bench) error {
	info, err := os.Stat(b.binary)
	if err != nil {
		return err
	}
	b.add(row{"binary", float64(info.Size()) / 1e6, 45, "MB", ""})
	return nil
}

// start takes the time from the command to the first page, on a folder that
// exists, and on none.
func start(ctx context.Context, b *bench) error {
	net, err := b.startNetwork(ctx)
	if err != nil {
		return err
	}
	defer net.stop()
	w, err := b.newWorld(ctx, net, 1)
	if err != nil {
		return err
	}
	defer w.close()
	var took []time.Duration
	for range 7 {
		began := time.Now()
		server, err := b.serve(ctx, w)
		if err != nil {
			return err
		}
		err = firstPage(server.address + "/studio/sign-in")
		took = append(took, time.Since(began))
		server.stop()
		if err != nil {
			return err
		}
	}
	b.add(row{"cold start to the first page, median of 7", ms(quantile(took, 0.5)), 300, "ms", ""})
	return nil
}

func firstPage(url string) error {
	res, err := http.Get(url)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, res.Status)
	}
	return nil
}

// idle looks at a server with a hundred channels and nothing to do.
func idle(ctx context.Context, b *bench) error {
	const rest = 60 * time.Second
	net, err := b.startNetwork(ctx)
	if err != nil {
		return err
	}
	defer net.stop()
	w, err := b.newWorld(ctx, net, 100)
	if err != nil {
		return err
	}
	w.close()
	server, err := b.serve(ctx, w)
	if err != nil {
		return err
	}
	defer server.stop()
	if err := firstPage(server.address + "/studio/sign-in"); err != nil {
		return err
	}
	time.Sleep(3 * time.Second) // what a start costs is not idling
	before, err := server.cpu()
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(rest):
	}
	after, err := server.cpu()
	if err != nil {
		return err
	}
	rss, err := server.memory()
	if err != nil {
		return err
	}
	b.add(row{"idle with 100 channels, memory", float64(rss) / 1e6, 60, "MB", ""})
	b.add(row{"idle with 100 channels, of a core over 60 s", 100 * (after - before).Seconds() / rest.Seconds(), 0.3, "%", ""})
	return nil
}
