// Package networktest holds the one suite that every connector passes against
// an emulation of its network. It judges by what arrived at the emulated
// socket, never by what the connector says of itself.
package networktest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"strings"
	"testing"
	"time"

	"rapport/internal/network"
	"rapport/internal/network/networktest/wire"
)

// Call names a kind of request, for ordering faults.
type Call string

// The calls.
const (
	Reading    Call = "reading"    // what Connect reads
	Committing Call = "committing" // the irreversible call
	Hearing    Call = "hearing"    // what Hear reads; only asked for where the rig has an Audience
	Profiling  Call = "profiling"  // what Profile reads last; only asked for where the connector reads profiles
)

// Rig is an emulated network with one account, and a connector that speaks to
// it. Every field but Finds, AtOnce, Audience and About is needed.
type Rig struct {
	Network    network.Publisher // also a network.Connector and a network.Remover
	Server     string            // what a person would type
	Credential network.Credential
	Secrets    []string // what no error may ever contain
	// Finds says that Lookup finds whatever was published once; false where
	// the network cannot be asked.
	Finds bool
	// AtOnce says that the network works on no picture after its upload.
	AtOnce   bool
	Emulator Emulator
	// Audience makes the cases run that are about what others say; nil where
	// the emulated network has no such people.
	Audience *Audience
	// About makes somebody say something of themselves on their profile and
	// returns their handle as people type it; nil where no profiles are read.
	About func(by, text string) (handle string, err error)
}

// Emulator is what the suite asks of an emulated network.
type Emulator struct {
	Order    func(Call, wire.Fault) error
	Refuse   func() (resume func() error, err error)
	Arrivals func() []wire.Arrival
	// Wait returns when the network is done with n commits.
	Wait    func(ctx context.Context, n int) error
	Uploads func() int
	// Find returns what is published under an id.
	Find func(id string) (Published, bool)
	// Advance moves the network's clock.
	Advance func(time.Duration)
}

// Published is a part as the network has it.
type Published struct {
	Text   string
	Alts   []string
	Parent string
}

// Options say what kind of network a case needs.
type Options struct {
	SlowMedia    time.Duration // how long a picture is processed
	RepeatUnsafe bool          // a repeated commit is published again
}

// Run puts a connector through the whole suite. start gives a fresh rig for
// each case and ends it with the test.
func Run(t *testing.T, start func(t *testing.T, o Options) Rig) {
	suites := []struct {
		name string
		run  func(*testing.T, func(*testing.T, Options) Rig)
	}{
		{"connect", connecting}, {"publish", publishing}, {"prepare", preparing}, {"faults", faults},
		{"refused dial", refusedDial}, {"silence", silence}, {"redirect", redirected}, {"once", once},
		{"lookup", lookup}, {"repeat", repeat}, {"remove", removing}, {"hear", hearing}, {"history", history}, {"profile", profiles},
	}
	for _, s := range suites {
		t.Run(s.name, func(t *testing.T) { s.run(t, start) })
	}
}

// ready connects the account of the rig.
func ready(t *testing.T, rig Rig) network.Target {
	t.Helper()
	a, err := rig.Network.(network.Connector).Connect(t.Context(), rig.Server, rig.Credential)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	return network.Target{Server: a.Server, AccountID: a.ID, Credential: a.Credential, Limits: a.Limits, Details: a.Details}
}

func prepare(t *testing.T, rig Rig, to network.Target, it network.Item, seed string) network.Prepared {
	t.Helper()
	p, err := rig.Network.Prepare(t.Context(), to, it, seed, network.Prepared{})
	if err != nil {
		t.Fatalf("prepare: %v", err)
	}
	return p
}

func commit(t *testing.T, rig Rig, to network.Target, p network.Prepared) network.Receipt {
	t.Helper()
	got, err := rig.Network.Commit(t.Context(), to, p)
	if err != nil {
		t.Fatalf("commit: %v", err)
	}
	if got.Ref.ID == "" || got.URL == "" {
		t.Fatalf("commit: a receipt without id or address: %+v", got)
	}
	return got
}

func text(s string) network.Item {
	return network.Item{Kind: network.PartPost, Text: s, Language: "en"}
}

func (r Rig) published() int {
	n := 0
	for _, a := range r.Emulator.Arrivals() {
		if a.Outcome == wire.Published {
			n++
		}
	}
	return n
}

// wantArrivals waits until the network is done and compares.
func (r Rig) wantArrivals(t *testing.T, arrivals, published int) {
	t.Helper()
	if err := r.Emulator.Wait(t.Context(), arrivals); err != nil {
		t.Fatalf("wait for %d arrivals: %v", arrivals, err)
	}
	if n := len(r.Emulator.Arrivals()); n != arrivals {
		t.Errorf("%d commits arrived at the socket, want %d", n, arrivals)
	}
	if n := r.published(); n != published {
		t.Errorf("%d posts were published, want %d", n, published)
	}
}

// wantError checks the kind of an error and that it keeps the credential.
func (r Rig) wantError(t *testing.T, err error, want network.Verdict) *network.Error {
	t.Helper()
	var e *network.Error
	if !errors.As(err, &e) {
		t.Fatalf("got error %v, want an *network.Error", err)
	}
	if e.Verdict != want {
		t.Errorf("got verdict %q, want %q: %v", e.Verdict, want, err)
	}
	said := fmt.Sprintf("%v %+v %s", err, *e, e.Text)
	for cause := err; cause != nil; cause = errors.Unwrap(cause) {
		said += cause.Error()
	}
	for _, secret := range r.Secrets {
		if strings.Contains(said, secret) {
			t.Errorf("the error contains the credential: %s", said)
		}
	}
	return e
}

// picture is a small PNG whose content depends on n.
func picture(n int) network.Media {
	img := image.NewRGBA(image.Rect(0, 0, 8, 8))
	for i := range 8 {
		img.Set(i, i, color.RGBA{uint8(40 * n), uint8(20 * i), 90, 255})
	}
	var b bytes.Buffer
	_ = png.Encode(&b, img) // a Buffer takes every write
	content := b.Bytes()
	return network.Media{ID: fmt.Sprintf("picture-%d", n), Mime: "image/png", Name: fmt.Sprintf("%d.png", n), Bytes: int64(len(content)),
		Width: 8, Height: 8, Alt: fmt.Sprintf("A line — no. %d", n),
		Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }}
}
