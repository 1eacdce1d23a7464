// Package walk has no code but tests: it uses the real demo in a real browser
// as somebody does who has just started it.
package walk_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rapport/internal/server"
)

const (
	email    = "demo@rapport.example"
	password = "a walk in the harbour"
)

// demo is where the demo runs, started once for the package, and kept is its
// folder.
var demo, kept string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

// run starts what a person starts, and stops it as a person does.
func run(m *testing.M) int {
	if os.Getenv("RAPPORT_TEST_CHROMIUM") == "" {
		return m.Run() // each test says why it is skipped, or fails
	}
	folder, err := os.MkdirTemp("", "rapport-walk-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	kept = filepath.Join(folder, "demo")
	ctx, stop := context.WithCancel(context.Background())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := server.Run(ctx, []string{"demo", "--addr", "127.0.0.1:0", "--data", kept, "--password", password},
			func(string) string { return "" }, strings.NewReader(""), in, os.Stderr)
		in.CloseWithError(err)
		ended <- err
	}()
	if demo, err = address(out); err != nil {
		fmt.Fprintln(os.Stderr, "the demo did not start:", err)
		stop()
		return 1
	}
	code := m.Run()
	stop()
	if err := <-ended; err != nil {
		fmt.Fprintln(os.Stderr, "the demo ended badly:", err)
		return 1
	}
	return code
}

// address reads where the demo says that it runs, and goes on reading.
func address(out *io.PipeReader) (string, error) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, url, ok := strings.Cut(lines.Text(), " runs at "); ok {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return strings.TrimSpace(url), nil
		}
	}
	return "", lines.Err()
}
