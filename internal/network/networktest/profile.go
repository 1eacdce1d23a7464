package networktest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"rapport/internal/network"
	"rapport/internal/network/networktest/wire"
)

// profiles runs where the connector reads profiles.
func profiles(t *testing.T, start starter) {
	if _, ok := start(t, Options{}).Network.(network.Prover); !ok {
		return
	}
	t.Run("what somebody says of themselves", func(t *testing.T) { profile(t, start) })
	t.Run("the one who was heard", func(t *testing.T) { sameAsHeard(t, start) })
	t.Run("nobody", func(t *testing.T) { noProfile(t, start) })
	t.Run("no answer", func(t *testing.T) { noAnswer(t, start) })
}

func about(t *testing.T, rig Rig, by, text string) string {
	t.Helper()
	handle, err := rig.About(by, text)
	if err != nil {
		t.Fatalf("about: %v", err)
	}
	return handle
}

func profile(t *testing.T, start starter) {
	rig := start(t, Options{})
	handle := about(t, rig, "mira", "Two kettles.\nhttps://example.org/u/mira?me=rapport-0123456789 <b>&amp;")
	for _, typed := range []string{handle, " " + strings.TrimPrefix(handle, "@") + " "} {
		p, err := rig.Network.(network.Prover).Profile(t.Context(), rig.Server, typed)
		if err != nil {
			t.Fatalf("%q: %v", typed, err)
		}
		if p.Author.ID == "" || !strings.EqualFold(p.Author.Handle, handle) || p.Author.URL == "" {
			t.Errorf("%q: who it is: %+v", typed, p.Author)
		}
		if !strings.Contains(p.Text, "rapport-0123456789") || !strings.Contains(p.Text, "Two kettles.") {
			t.Errorf("%q: what it says: %q", typed, p.Text)
		}
	}
	about(t, rig, "mira", "Something else.")
	if p, err := rig.Network.(network.Prover).Profile(t.Context(), rig.Server, handle); err != nil || strings.Contains(p.Text, "rapport-") {
		t.Errorf("what it said before: %q, %v", p.Text, err)
	}
}

func sameAsHeard(t *testing.T, start starter) {
	rig := start(t, Options{})
	if rig.Audience == nil {
		return
	}
	to := ready(t, rig)
	id, err := rig.Audience.Mention("mira", "Have you seen this?")
	rig.said(t, id, err)
	all, _ := hear(t, rig, to, "", time.Now().Add(-10*365*24*time.Hour), never(t))
	p, err := rig.Network.(network.Prover).Profile(t.Context(), rig.Server, about(t, rig, "mira", "Hello."))
	if err != nil || len(all) != 1 {
		t.Fatal(len(all), err)
	}
	if all[0].Author.ID != p.Author.ID || all[0].Author.Handle != p.Author.Handle {
		t.Errorf("heard %+v, shown %+v", all[0].Author, p.Author)
	}
}

func noProfile(t *testing.T, start starter) {
	rig := start(t, Options{})
	handle := about(t, rig, "mira", "Hello.")
	for _, typed := range []string{"", "@", " ", "mira mira", strings.Repeat("a", 5000), "javascript:alert(1)", "@\x00@\x00", "http://[::1", strings.Replace(handle, "mira", "nobody", 1)} {
		_, err := rig.Network.(network.Prover).Profile(t.Context(), rig.Server, typed)
		if e := rig.wantError(t, err, network.Refused); e.Text == "" {
			t.Errorf("%q is refused without a word", typed)
		}
	}
}

func noAnswer(t *testing.T, start starter) {
	for _, kind := range []wire.Kind{wire.Status, wire.ResetBefore, wire.Half, wire.Garbled, wire.WrongTypes} {
		rig := start(t, Options{})
		handle := about(t, rig, "mira", "Hello.")
		if err := rig.Emulator.Order(Profiling, wire.Fault{Kind: kind, Status: 503}); err != nil {
			t.Fatal(err)
		}
		p, err := rig.Network.(network.Prover).Profile(t.Context(), rig.Server, handle)
		var e *network.Error
		if !errors.As(err, &e) || e.Verdict == network.Refused || p.Author.ID != "" {
			t.Errorf("%s: %+v, %v", kind, p, err)
		}
	}
}
