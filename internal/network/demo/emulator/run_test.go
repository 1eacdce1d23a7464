package emulator_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"rapport/internal/network/demo/emulator"
)

// run starts the network as its own program would and returns its address.
func run(t *testing.T, o emulator.Options) (base string, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out, in := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- emulator.Run(ctx, "127.0.0.1:0", o, in) }()
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	return strings.TrimSpace(strings.TrimPrefix(line, "Demo network: ")), func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func post(t *testing.T, base, key string) (int, error) {
	t.Helper()
	req, err := http.NewRequest("POST", base+"/v1/posts", strings.NewReader(`{"text":"Hello."}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer demo-north")
	req.Header["Idempotency-Key"] = []string{key}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

func TestRunGoesOnWhereItWas(t *testing.T) {
	o := emulator.Options{AutoAccounts: true, Journal: t.TempDir() + "/journal.jsonl"}
	for i, want := range []int{http.StatusCreated, http.StatusOK} {
		base, stop := run(t, o)
		if got, err := post(t, base, "key-1"); err != nil || got != want {
			t.Errorf("start %d: got %d, %v; want %d", i+1, got, err, want)
		}
		stop()
	}
}

func TestRefuseByRequest(t *testing.T) {
	base, stop := run(t, emulator.Options{AutoAccounts: true})
	defer stop()
	resp, err := http.Post(base+"/_emulator/faults", "application/json", strings.NewReader(`{"kind":"refuse","delay_ms":1500}`))
	if err != nil || resp.StatusCode != http.StatusCreated {
		t.Fatalf("ordering gives %v, %v", resp, err)
	}
	if _, err := post(t, base, "key-1"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("got %v, want a refused dial", err)
	}
	for err = syscall.ECONNREFUSED; errors.Is(err, syscall.ECONNREFUSED); {
		_, err = post(t, base, "key-1")
	}
	if err != nil {
		t.Errorf("after its time: %v", err)
	}
}
