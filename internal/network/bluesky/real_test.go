package bluesky_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/network"
	"rapport/internal/network/bluesky"
	"rapport/internal/outbound"
)

// real is a whole Bluesky network on this machine, with the brand's account
// and a fan's.
type real struct {
	n          *bluesky.Network
	pds, plc   string
	brand, fan network.Target
}

func onReal(t *testing.T) real {
	t.Helper()
	line := os.Getenv("RAPPORT_REAL_BLUESKY")
	if line == "" {
		t.Skip("There is no real Bluesky network here, so this was not run. make test-real starts one.")
	}
	var env struct {
		PDS      string `json:"pds"`
		PLC      string `json:"plc"`
		Accounts []struct{ Handle, DID, AppPassword string }
	}
	if err := json.Unmarshal([]byte(line), &env); err != nil || len(env.Accounts) < 2 {
		t.Fatalf("RAPPORT_REAL_BLUESKY is no description of a network: %v", err)
	}
	c := outbound.New(outbound.Options{Allow: []outbound.Rule{{Prefix: netip.MustParsePrefix("127.0.0.0/8")}, {Prefix: netip.MustParsePrefix("::1/128")}}})
	t.Cleanup(c.Close)
	r := real{n: bluesky.NewAt(c, bluesky.Hosts{Entry: env.PDS, Directory: env.PLC}), pds: env.PDS, plc: env.PLC}
	for i, into := range []*network.Target{&r.brand, &r.fan} {
		who := env.Accounts[i]
		a, err := r.n.Connect(t.Context(), "", network.Credential{"handle": who.Handle, "password": who.AppPassword})
		if err != nil {
			t.Fatal(err)
		}
		if a.ID != who.DID || a.Handle != "@"+who.Handle || a.Server == "" || a.ExpiresAt.Before(time.Now().Add(time.Hour)) {
			t.Errorf("connected as %+v", a)
		}
		*into = targetOf(a)
	}
	return r
}

// until asks again until it is right: the index of a network is late.
func until(t *testing.T, what string, right func() (bool, error)) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(300 * time.Millisecond) {
		ok, err := right()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: still not so after a minute: %v", what, err)
		}
	}
}

// TestRealNetwork walks the connector through everything that a brand does.
func TestRealNetwork(t *testing.T) {
	r := onReal(t)
	n, run := r.n, fmt.Sprint(time.Now().UnixNano())
	fanName := r.fan.Credential["handle"]
	text := "Grüße 👩‍👩‍👧 an @" + fanName + " und @niemand.test: #Kaffee (" + r.pds + "/xrpc/_health). " + run
	first := publish(t, n, r.brand, network.Item{Text: text, Language: "de", Media: []network.Media{picture("a", 40, 30), picture("b", 30, 40)},
		Options: map[string]string{"warning": "graphic-media"}}, "one "+run)
	second := publish(t, n, r.brand, network.Item{Text: "Second " + run, Parent: &first.Ref}, "two "+run)

	t.Run("a repeat changes nothing", func(t *testing.T) {
		p, err := n.Prepare(t.Context(), r.brand, network.Item{Text: "Three " + run, Parent: &second.Ref}, "three "+run, network.Prepared{})
		if err != nil {
			t.Fatal(err)
		}
		before, err := n.Lookup(t.Context(), r.brand, p)
		if err != nil || before.Presence != network.CannotTell {
			t.Errorf("before: %+v, %v", before, err)
		}
		one, err := n.Commit(t.Context(), r.brand, p)
		if err != nil {
			t.Fatal(err)
		}
		again, err := n.Commit(t.Context(), r.brand, p)
		if diff := cmp.Diff(one, again); diff != "" || err != nil {
			t.Errorf("the repeat: %s, %v", diff, err)
		}
		found, err := n.Lookup(t.Context(), r.brand, p)
		if diff := cmp.Diff(one, found.Receipt); diff != "" || err != nil || found.Presence != network.Present {
			t.Errorf("the lookup: %s, %v", diff, err)
		}
		other, err := n.Prepare(t.Context(), r.brand, network.Item{Text: "Otherwise"}, "three "+run, network.Prepared{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = n.Commit(t.Context(), r.brand, other)
		var e *network.Error
		if !errors.As(err, &e) || e.Verdict != network.Unclear || !strings.Contains(err.Error(), "InvalidSwap") {
			t.Errorf("another text under the key: %v", err)
		}
		for range 2 {
			if err := n.Remove(t.Context(), r.brand, one.Ref); err != nil {
				t.Errorf("the removal: %v", err)
			}
		}
	})
	t.Run("refusals", func(t *testing.T) {
		p, err := n.Prepare(t.Context(), r.brand, network.Item{Text: strings.Repeat("a", 301)}, "long "+run, network.Prepared{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := n.Commit(t.Context(), r.brand, p); network.VerdictOf(err) != network.Refused {
			t.Errorf("301 characters: %v", err)
		}
		most := publish(t, n, r.brand, network.Item{Text: strings.Repeat("👩‍👩‍👧", 120) + strings.Repeat("é", 180)}, "most "+run)
		if err := n.Remove(t.Context(), r.brand, most.Ref); err != nil {
			t.Error(err)
		}
		wrong := r.brand
		wrong.Credential = network.Credential{"access": "eyJhbGciOiJIUzI1NiJ9.e30.x"}
		if _, err := n.MeasureAccount(t.Context(), wrong); !network.HasExpired(err) && network.VerdictOf(err) != network.Unauthorized {
			t.Errorf("a spoilt token: %v", err)
		}
		_, err = n.Connect(t.Context(), "", network.Credential{"handle": r.brand.Credential["handle"], "password": "wrong"})
		if network.VerdictOf(err) != network.Unauthorized {
			t.Errorf("a wrong password: %v", err)
		}
	})

	since := time.Now().Add(-10 * time.Minute)
	// A reply that the network takes in before what it answers is never
	// notified of.
	until(t, "the network knows the post", func() (bool, error) {
		now, _, err := n.Recheck(t.Context(), r.fan, []network.Ref{second.Ref})
		return len(now) == 1, err
	})
	fanReply := publish(t, n, r.fan, network.Item{Text: "Lovely " + run, Parent: &second.Ref}, "fan "+run)
	fanMention := publish(t, n, r.fan, network.Item{Text: "Hello @" + r.brand.Credential["handle"] + " " + run}, "mention "+run)
	heard := map[string]network.Message{}
	cursor := ""
	until(t, "the answer and the mention are heard", func() (bool, error) {
		got, err := n.Hear(t.Context(), r.brand, cursor, since)
		if err != nil {
			return false, err
		}
		cursor = got.Next
		for _, m := range got.Messages {
			heard[m.Ref.ID] = m
		}
		return heard[fanReply.Ref.ID].Ref.ID != "" && heard[fanMention.Ref.ID].Ref.ID != "", nil
	})
	reply := heard[fanReply.Ref.ID]
	if reply.Parent != second.Ref.ID || reply.Ref != fanReply.Ref || reply.Author.ID != r.fan.AccountID || reply.Author.Handle != "@"+fanName || reply.Own ||
		reply.Text != "Lovely "+run || reply.At.IsZero() {
		t.Errorf("heard %+v", reply)
	}
	if got := heard[fanMention.Ref.ID].Mentions; !slices.Contains(got, r.brand.AccountID) {
		t.Errorf("the mention names %q", got)
	}
	if got, err := n.Hear(t.Context(), r.brand, cursor, since); err != nil || len(got.Messages) != 0 || got.Next != cursor {
		t.Errorf("heard again: %+v, %v", got, err)
	}
	answer := publish(t, n, r.brand, network.Item{Text: "Thank you " + run, Parent: &reply.Ref}, "answer "+run)

	until(t, "the thread is whole", func() (bool, error) {
		all, whole, err := n.Thread(t.Context(), r.brand, first.Ref)
		var ids []string
		for _, m := range all {
			ids = append(ids, m.Ref.ID)
		}
		ok := err == nil && whole && len(ids) == 4 && slices.Contains(ids, answer.Ref.ID) && slices.Contains(ids, fanReply.Ref.ID)
		return ok, fmt.Errorf("whole %t, %q, %w", whole, ids, errors.Join(err))
	})
	t.Run("the post as the network shows it", func(t *testing.T) {
		now, gone, err := n.Recheck(t.Context(), r.brand, []network.Ref{first.Ref, fanReply.Ref})
		if err != nil || len(now) != 2 || len(gone) != 0 {
			t.Fatalf("%d there, %q gone, %v", len(now), gone, err)
		}
		m := now[first.Ref.ID]
		if m.Text != text || m.Language != "de" || m.Warning != "Graphic media" || len(m.Media) != 2 || m.Media[0].Alt != "About a" || m.Media[0].Width != 40 ||
			m.Media[1].URL == "" || !m.Own || !slices.Equal(m.Mentions, []string{r.fan.AccountID}) || !m.At.Equal(first.At) {
			t.Errorf("it is %+v", m)
		}
	})
	t.Run("numbers", func(t *testing.T) {
		until(t, "the answers are counted", func() (bool, error) {
			got, err := n.Measure(t.Context(), r.brand, []network.Ref{second.Ref, fanMention.Ref})
			c := got[second.Ref.ID]
			return err == nil && len(got) == 2 && c.Comments != nil && *c.Comments == 1 && c.Likes != nil && *c.Likes == 0 && c.Quotes != nil && c.Shares != nil, err
		})
		a, err := n.MeasureAccount(t.Context(), r.brand)
		if err != nil || a.Followers == nil || a.Posts == nil || a.Following == nil {
			t.Errorf("%+v, %v", a, err)
		}
	})
	t.Run("history", func(t *testing.T) {
		var ids []string
		for after, pages := "", 0; pages < 20; pages++ {
			some, next, err := n.History(t.Context(), r.brand, after)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range some {
				ids = append(ids, p.Ref.ID)
			}
			if after = next; next == "" {
				break
			}
		}
		if i := slices.Index(ids, answer.Ref.ID); i < 0 || slices.Index(ids, first.Ref.ID) < i {
			t.Errorf("the history is %q", ids)
		}
	})
	t.Run("a deletion is noticed", func(t *testing.T) {
		if err := n.Remove(t.Context(), r.fan, fanReply.Ref); err != nil {
			t.Fatal(err)
		}
		until(t, "it is gone", func() (bool, error) {
			_, gone, err := n.Recheck(t.Context(), r.brand, []network.Ref{fanReply.Ref, fanMention.Ref})
			return len(gone) == 1 && gone[0] == fanReply.Ref.ID, err
		})
		_, _, err := n.Thread(t.Context(), r.brand, fanReply.Ref)
		var e *network.Error
		if !errors.As(err, &e) || e.Verdict != network.Refused || e.Status != 404 {
			t.Errorf("its thread: %v", err)
		}
	})
	t.Run("renewals", func(t *testing.T) {
		a, err := n.Refresh(t.Context(), r.brand)
		if err != nil || a.Credential["access"] == "" || a.Credential["refresh"] == r.brand.Credential["refresh"] {
			t.Fatalf("%+v, %v", a, err)
		}
		// The answer was lost: the used token gives its successor for a while.
		if _, err := n.Refresh(t.Context(), r.brand); err != nil {
			t.Errorf("with the used token: %v", err)
		}
		dead := r.brand
		dead.Credential = network.Credential{"handle": r.brand.Credential["handle"], "password": r.brand.Credential["password"], "refresh": r.brand.Credential["access"]}
		if a, err := n.Refresh(t.Context(), dead); err != nil || a.ID != r.brand.AccountID {
			t.Errorf("with the password: %+v, %v", a, err)
		}
	})
}
