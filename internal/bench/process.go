package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a running rapport.
type process struct {
	cmd     *exec.Cmd
	address string // http://host:port
	ended   chan struct{}
}

// launch starts a rapport and returns once it has printed its address.
func (b *bench) launch(ctx context.Context, env []string, args ...string) (*process, error) {
	cmd := exec.CommandContext(ctx, b.binary, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, ended: make(chan struct{})}
	r := bufio.NewReader(out)
	line, err := r.ReadString('\n')
	go func() {
		_, _ = io.Copy(io.Discard, r)
		_ = cmd.Wait()
		close(p.ended)
	}()
	i := strings.Index(line, "http://")
	if err != nil || i < 0 {
		return nil, fmt.Errorf("rapport %s said %q: %w", args[0], line, err)
	}
	p.address = strings.TrimSpace(line[i:])
	return p, nil
}

// stop ends it gracefully.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	<-p.ended
}

// kill ends it at once, as a power cut would.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// cpu is what the process has used so far, of the system and its own.
func (p *process) cpu() (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	// The name in parentheses may hold anything; the fields count after it.
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, errors.New("/proc/*/stat looks strange")
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	const tick = 10 * time.Millisecond // USER_HZ is 100 on Linux
	return time.Duration(user+system) * tick, errors.Join(err1, err2)
}

// memory is the resident set in bytes, peak the largest it has been.
func (p *process) memory() (int64, error) { return p.status("VmRSS:") }
func (p *process) peak() (int64, error)   { return p.status("VmHWM:") }

func (p *process) status(name string) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb << 10, err
		}
	}
	return 0, errors.New("/proc/*/status does not say " + name)
}

// demoNetwork is a demo network in a process of its own.
type demoNetwork struct{ *process }

func (b *bench) startNetwork(ctx context.Context, args ...string) (demoNetwork, error) {
	p, err := b.launch(ctx, nil, append([]string{"emulate", "demo", "--addr", "127.0.0.1:0"}, args...)...)
	return demoNetwork{p}, err
}

// arrival is one commit that reached the network's socket.
type arrival struct {
	At      time.Time `json:"at"`
	Text    string    `json:"text_hash"`
	Outcome string    `json:"outcome"`
}

func (n demoNetwork) arrivals() (out []arrival, err error) {
	var got struct{ Arrivals []arrival }
	err = call(http.MethodGet, n.address+"/_emulator/arrivals", "", nil, &got)
	for _, a := range got.Arrivals {
		if a.Outcome == "published" {
			out = append(out, a)
		}
	}
	return out, err
}

// published is how many posts the network carries.
func (n demoNetwork) published() (int, error) {
	var got struct{ Posts int }
	err := call(http.MethodGet, n.address+"/_emulator/counts", "", nil, &got)
	return got.Posts, err
}

func (n demoNetwork) forget() error {
	return call(http.MethodDelete, n.address+"/_emulator/arrivals", "", nil, nil)
}

var client = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 16},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// call is one JSON request.
func call(method, url, token string, body, into any) error {
	var sent io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = strings.NewReader(string(text))
	}
	req, err := http.NewRequest(method, url, sent)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %.300s", method, url, res.Status, answer)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(answer, into)
}
