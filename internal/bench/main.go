// Command bench measures a built Rapport from outside: “rapport serve” and the
// demo network run as processes of their own, and what is timed is what
// reaches their sockets. It prints one line for each number that
// docs/performance.md promises, and fails if a promise is not kept.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

// measurement takes some of the numbers.
type measurement struct {
	name string
	run  func(ctx context.Context, b *bench) error
}

var measurements = []measurement{
	{"size", size},
	{"start", start},
	{"lone", lone},
	{"burst", bursts},
	{"kill", kill},
	{"api", apiTimes},
	{"cpu", cpu},
	{"idle", idle},
	{"pages", pages},
	{"first", firstViews},
	{"paint", paint},
	{"team", team},
	{"incoming", incoming},
	{"inbox", inbox},
	{"listening", listening},
	{"limits", limits},
	{"growth", growth},
	{"saying", saying},
	{"chorus", chorus},
	{"readers", readers},
}

// bench is one run: what to measure and what came out.
type bench struct {
	binary   string // a built rapport
	chromium string // "" leaves out what needs a browser
	work     string
	limit    string // a built bench/limit
	folder   string // a community; "" makes one
	folder10 string // one ten times as large

	rows []line
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	b := &bench{}
	flag.StringVar(&b.binary, "binary", "", "rapport, built with -ldflags \"-s -w\"")
	flag.StringVar(&b.chromium, "chromium", "", "Chromium, for what a first view loads")
	flag.StringVar(&b.limit, "limit", "", "bench/limit, built")
	flag.StringVar(&b.folder, "community", "", "folder with a community, made where it is missing")
	flag.StringVar(&b.folder10, "community10", "", "the same, ten times as large")
	only := flag.String("only", "", "measurements to take, with commas: "+names())
	flag.Parse()
	if b.binary == "" {
		return errors.New("say with -binary which rapport to measure")
	}
	work, err := os.MkdirTemp("", "rapport-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	b.work = work
	var failed []error
	for _, m := range measurements {
		if *only == "" && m.name == "growth" || *only != "" && !slices.Contains(strings.Split(*only, ","), m.name) {
			continue // what growth needs takes most of an hour to make
		}
		fmt.Fprintln(os.Stderr, "measuring:", m.name)
		if err := m.run(ctx, b); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", m.name, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	b.print(os.Stdout)
	return errors.Join(append(failed, b.missed())...)
}

func names() string {
	var out []string
	for _, m := range measurements {
		out = append(out, m.name)
	}
	return strings.Join(out, ", ")
}
