// Package crash kills a sending node at seeded steps and judges only by what
// arrived at the network: nothing twice, nothing lost, nothing live called
// rejected.
package crash_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"rapport/internal/access"
	"rapport/internal/blob"
	"rapport/internal/brand"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/delivery"
	"rapport/internal/media"
	"rapport/internal/outbound"
	"rapport/internal/post"
	"rapport/internal/publish"
	"rapport/internal/secret"
	"rapport/internal/server"
)

// The test binary is also the node that is killed and the network's process.
func TestMain(m *testing.M) {
	switch os.Getenv("RAPPORT_CRASH_ROLE") {
	case "node":
		if err := runNode(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	case "writer":
		if err := runWriter(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	case "rapport":
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		defer stop()
		if err := server.Run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr); err != nil {
			os.Exit(1)
		}
	case "network":
		if err := named(os.Getenv("RAPPORT_CRASH_NETWORK")).run(context.Background(), os.Getenv("RAPPORT_CRASH_IGNORE") == ""); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	default:
		os.Exit(m.Run())
	}
}

// place is where one run keeps everything: what a folder of data is to serve.
type place struct {
	Options db.Options
	Dir     string
}

func (p place) open() (*db.DB, *channel.Channels, *media.Library, error) {
	d, err := db.Open(context.Background(), p.Options)
	if err != nil {
		return nil, nil, nil, err
	}
	file := filepath.Join(p.Dir, "key")
	keys, err := secret.Open(file)
	if errors.Is(err, os.ErrNotExist) {
		keys, err = secret.Create(file)
	}
	if err != nil {
		return nil, nil, nil, err
	}
	blobs, err := blob.OpenFolder(filepath.Join(p.Dir, "blobs"))
	if err != nil {
		return nil, nil, nil, err
	}
	allow, err := outbound.ParseRule("127.0.0.1/32")
	if err != nil {
		return nil, nil, nil, err
	}
	nets := connectors(outbound.New(outbound.Options{Allow: []outbound.Rule{allow}}))
	return d, &channel.Channels{DB: d, Networks: nets, Keys: keys}, &media.Library{DB: d, Blobs: blobs}, nil
}

// quick are the machine's times, shortened: their order stays.
var quick = publish.Times{Lease: 1500 * time.Millisecond, Poll: 100 * time.Millisecond, Commit: 2 * time.Second, Lookup: time.Second,
	Retry: 30 * time.Millisecond, Looks: []time.Duration{0, 50 * time.Millisecond, 150 * time.Millisecond}, Follow: time.Nanosecond}

// runNode sends until nothing is open, or dies at its step.
func runNode() error {
	var p place
	if err := json.Unmarshal([]byte(os.Getenv("RAPPORT_CRASH_PLACE")), &p); err != nil {
		return err
	}
	ctx := context.Background()
	d, channels, lib, err := p.open()
	if err != nil {
		return err
	}
	disp := publish.New(publish.Options{DB: d, Channels: channels, Media: lib, Node: db.NewID(), Alone: os.Getenv("RAPPORT_CRASH_BESIDE") == "",
		Times: quick, Trace: killer(), Log: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	if err := disp.Start(ctx); err != nil {
		return err
	}
	if err := leaveRoom(p); err != nil {
		return err
	}
	fmt.Println("started")
	for lost := 0; ; time.Sleep(10 * time.Millisecond) {
		open, err := countOpen(ctx, d)
		if err != nil && lost == 500 {
			return err // the database does not come back
		}
		if err != nil {
			lost++
			continue
		}
		if open == 0 {
			return disp.Stop(ctx)
		}
	}
}

func countOpen(ctx context.Context, q db.Queryer) (n int, err error) {
	err = q.QueryRowContext(ctx, `SELECT COUNT(*) FROM delivery WHERE state IN ('scheduled', 'claimed', 'preparing', 'sending', 'pending')`).Scan(&n)
	return n, err
}

// killer ends the process at the nth time of a step, or a little after it; or
// has it stopped there, or wait for a line, or stand at that step from then on.
func killer() func(string) {
	step := os.Getenv("RAPPORT_CRASH_STEP")
	if step == "" {
		return nil
	}
	n, _ := strconv.Atoi(os.Getenv("RAPPORT_CRASH_NTH"))
	after, _ := time.ParseDuration(os.Getenv("RAPPORT_CRASH_AFTER"))
	end := ends[os.Getenv("RAPPORT_CRASH_DO")]
	seen := make(chan struct{}, 10_000)
	return func(at string) {
		if at != step {
			return
		}
		seen <- struct{}{}
		if len(seen) < n || len(seen) > n && os.Getenv("RAPPORT_CRASH_DO") != "stand" {
			return
		}
		if after > 0 {
			time.AfterFunc(after, end)
			return
		}
		end()
	}
}

// ends are what may happen to a node at its step.
var ends = map[string]func(){
	"":     die,
	"stop": func() { _ = syscall.Kill(os.Getpid(), syscall.SIGSTOP) },
	"pause": func() {
		fmt.Println("paused")
		_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	},
	// Its claims stay alive, and nothing goes past the step.
	"stand": func() {
		fmt.Println("standing")
		select {}
	},
}

func die() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

// net is an emulated network in a process of its own.
type net struct {
	emulated
	address string
	honours bool
	client  http.Client
}

func startNetwork(t *testing.T, honours bool) *net {
	t.Helper()
	return startEmulated(t, named("demo"), honours)
}

func startEmulated(t *testing.T, e emulated, honours bool) *net {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "RAPPORT_CRASH_ROLE=network", "RAPPORT_CRASH_NETWORK="+e.name)
	if !honours {
		cmd.Env = append(cmd.Env, "RAPPORT_CRASH_IGNORE=1")
	}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	i := strings.Index(line, "http://")
	return &net{emulated: e, address: strings.TrimSpace(line[i:]), honours: honours, client: http.Client{Timeout: 10 * time.Second}}
}

func (n *net) call(t *testing.T, method, path string, body, into any) {
	t.Helper()
	var b bytes.Buffer
	if body != nil {
		_ = json.NewEncoder(&b).Encode(body)
	}
	req, _ := http.NewRequest(method, n.address+path, &b)
	req.Header.Set("Content-Type", "application/json")
	res, err := n.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		text, _ := io.ReadAll(res.Body)
		t.Fatalf("%s %s: %s %s", method, path, res.Status, text)
	}
	if into != nil {
		if err := json.NewDecoder(res.Body).Decode(into); err != nil {
			t.Fatal(err)
		}
	}
}

// steps are where a node may die: each is a moment of the machine.
var steps = []string{"claimed", "preparing", "prepared", "fenced", "answered", "recorded", "looking"}

// times is how often a step comes in a run, at least as a rule.
var times = map[string]int{"claimed": 3, "preparing": 5, "prepared": 5, "fenced": 5, "answered": 5, "recorded": 5, "looking": 3}

// runs is how many there are of each network and step, on each database.
func runs() int {
	n, err := strconv.Atoi(os.Getenv("RAPPORT_CRASH_RUNS"))
	if err != nil {
		return 2
	}
	return n
}

func TestCrash(t *testing.T) {
	for i, e := range networks {
		for _, honours := range []bool{true, false} {
			if e.always && !honours {
				continue
			}
			t.Run(fmt.Sprintf("%s honours=%t", e.name, honours), func(t *testing.T) {
				t.Parallel()
				n := startEmulated(t, e, honours)
				for j, step := range steps {
					crashAt(t, n, step, uint64(i*len(steps)+j))
				}
			})
		}
	}
}

// crashAt kills nodes at one step of one network. What a run does depends on
// its number only.
func crashAt(t *testing.T, n *net, step string, seed uint64) {
	total, killed := runs(), 0
	t.Run(step, func(t *testing.T) {
		for i := range total {
			ok := t.Run(fmt.Sprint(i), func(t *testing.T) {
				if crashOnce(t, n, step, rand.New(rand.NewPCG(uint64(i), seed))) {
					killed++
				}
			})
			if !ok {
				t.Fatalf("run %d failed", i)
			}
		}
		t.Logf("%s, honours=%t, %s: %d runs, the node was killed in %d of them", n.name, n.honours, step, total, killed)
	})
	if total >= 20 && killed < total/4 {
		t.Errorf("only %d of %d nodes were killed at %q: the step is not reached", killed, total, step)
	}
}

// lastAccount makes names that no other run uses.
var lastAccount atomic.Int64

func crashOnce(t *testing.T, n *net, step string, rng *rand.Rand) (killed bool) {
	p := place{Options: dbtest.Options(t), Dir: t.TempDir()}
	accounts := []string{fmt.Sprintf("r%d", lastAccount.Add(1)), fmt.Sprintf("r%d", lastAccount.Add(1))}
	plan(t, p, n, accounts)
	// Nobody looks where no answer was lost.
	if rng.IntN(2) == 0 || step == "looking" {
		kinds := []string{"reset_after", "reset_before", "silent", "status"}
		f := map[string]any{"kind": kinds[rng.IntN(len(kinds))], "method": "POST", "path": n.commit, "account": accounts[0], "every": 2, "times": 2, "after": rng.IntN(3)}
		if f["kind"] == "status" {
			f["status"] = []int{500, 503, 429}[rng.IntN(3)]
			f["retry_after"] = "1"
		}
		n.call(t, "POST", "/_emulator/faults", f, nil)
	}
	env := []string{"RAPPORT_CRASH_STEP=" + step, fmt.Sprint("RAPPORT_CRASH_NTH=", 1+rng.IntN(times[step]))}
	if step == "fenced" && rng.IntN(2) == 0 {
		env = append(env, fmt.Sprintf("RAPPORT_CRASH_AFTER=%dus", 1+rng.IntN(3000)))
	}
	killed = node(t, p, env...)
	if node(t, p) {
		t.Fatal("the second node died")
	}
	judge(t, p, n, accounts)
	return killed
}

// node runs a sending process to its end and reports whether it was killed.
func node(t *testing.T, p place, env ...string) (killed bool) {
	t.Helper()
	where, _ := json.Marshal(p)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(append(os.Environ(), "RAPPORT_CRASH_ROLE=node", "RAPPORT_CRASH_PLACE="+string(where)), env...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	err := cmd.Run()
	if ctx.Err() != nil {
		t.Fatalf("a node did not come to an end: %s", said.String())
	}
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return true
	}
	if err != nil {
		t.Fatalf("%v: %s", err, said.String())
	}
	return false
}

// plan makes a brand with two channels and posts of every shape, due now.
func plan(t *testing.T, p place, n *net, accounts []string) {
	t.Helper()
	ctx := context.Background()
	d, channels, lib, err := p.open()
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	who := access.System()
	b, err := brand.Create(ctx, d, who, brand.New{Name: "Crash", Color: "#335577", Zone: "Europe/Berlin", Demo: n.demo})
	if err != nil {
		t.Fatal(err)
	}
	var variants []post.Variant
	for _, a := range accounts {
		c, err := channels.Connect(ctx, who, b.ID, n.name, n.address, n.account(a))
		if err != nil {
			t.Fatal(err)
		}
		variants = append(variants, post.Variant{Channel: c.ID})
	}
	pic, err := lib.Add(ctx, who, b.ID, "dot.png", bytes.NewReader(picture()))
	if err != nil {
		t.Fatal(err)
	}
	bodies := []post.Body{
		{Parts: []post.Part{{Text: "one"}}},
		{Parts: []post.Part{{Text: "picture", Media: []string{pic.ID}}}},
		{Parts: []post.Part{{Text: "first of three"}, {Text: "second of three"}, {Text: "third of three"}}},
		{Parts: []post.Part{{Text: "two"}}},
	}
	for _, body := range bodies {
		made, err := post.Draft(ctx, d, who, b.ID, post.Input{Body: body, Variants: variants})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := post.Schedule(ctx, d, who, b.ID, made.ID, 0, d.Now()); err != nil {
			t.Fatal(err)
		}
	}
}

func picture() []byte {
	img := image.NewRGBA(image.Rect(0, 0, 8, 8))
	for i := range 64 {
		img.Set(i%8, i/8, color.RGBA{uint8(i * 4), 120, 90, 255})
	}
	var b bytes.Buffer
	_ = png.Encode(&b, img)
	return b.Bytes()
}

type arrival struct {
	Account string `json:"account"`
	Key     string `json:"key"`
	Text    string `json:"text_hash"`
	Outcome string `json:"outcome"`
}

// judge compares what the network published with what the rows claim.
func judge(t *testing.T, p place, n *net, accounts []string) {
	t.Helper()
	d, _, _, err := p.open()
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var got struct{ Arrivals []arrival }
	n.call(t, "GET", "/_emulator/arrivals", nil, &got)
	n.call(t, "DELETE", "/_emulator/arrivals", nil, nil)
	n.call(t, "DELETE", "/_emulator/faults", nil, nil)
	published := map[string]int{} // by account and text
	total := 0
	for _, a := range got.Arrivals {
		if a.Outcome == "published" && (a.Account == accounts[0] || a.Account == accounts[1]) {
			published[a.Account+" "+a.Text]++
			total++
		}
	}
	for what, times := range published {
		if times > 1 {
			t.Errorf("published %d times: %s", times, what)
		}
	}
	claimed, doubted := 0, 0
	for _, del := range deliveries(t, d) {
		for _, part := range del.Parts {
			switch part.State {
			case delivery.PartPublished:
				claimed++
			case delivery.PartUnknown, delivery.PartSending:
				doubted++
			}
		}
		switch {
		case del.State == delivery.Published:
		case del.State == delivery.Unknown && !n.honours:
		default:
			t.Errorf("a delivery ended %s (%s) with %d parts out", del.State, del.Reason, del.Out())
		}
	}
	if total < claimed || total > claimed+doubted {
		t.Errorf("the network published %d parts, the rows claim %d and doubt %d", total, claimed, doubted)
	}
	if want := 2 * 6; n.honours && total != want {
		t.Errorf("%d of %d parts arrived", total, want)
	}
}

func deliveries(t *testing.T, d *db.DB) (out []delivery.Delivery) {
	t.Helper()
	ctx := context.Background()
	brands, err := brand.List(ctx, d, access.System())
	if err != nil {
		t.Fatal(err)
	}
	all, err := delivery.Calendar(ctx, d, brands[0].ID, 0, d.Now().Add(time.Hour), delivery.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range all {
		full, err := delivery.ByID(ctx, d, one.Brand, one.ID)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, full)
	}
	if len(out) != 8 {
		t.Fatalf("%d deliveries, want 8", len(out))
	}
	return out
}
