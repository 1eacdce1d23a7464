package mastodon_test

import (
	"encoding/json"
	"os"
	"testing"

	"rapport/internal/network"
	"rapport/internal/network/mastodon/emulator"
)

// What just fits by our count is taken by the server, and one more is not.
// The texts are those by which the browser and we agree.
func TestTheServerCountsLikeUs(t *testing.T) {
	raw, err := os.ReadFile("../../web/testdata/lengths.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []struct {
		Name, Text string
		Limits     network.Limits
		Length     int
	}
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	// Here the emulator goes by simpler rules than Mastodon, which it says.
	simpler := map[string]bool{"an address after Chinese": true, "a top-level domain that goes on in digits": true, "an address of Gemini": true,
		"a name that goes on": true, "many brackets": true, "an address that is too long": true}
	n := 0
	for _, c := range all {
		if l := c.Limits; l.URLLength != 23 || !l.MentionsLocal || l.Unit != network.Graphemes || simpler[c.Name] {
			continue
		}
		n++
		t.Run(c.Name, func(t *testing.T) {
			for most, want := range map[int]bool{c.Length: true, c.Length - 1: false} {
				_, n, to := pair(t, emulator.Options{TextLimit: most})
				_, err := n.Commit(t.Context(), to, prepare(t, n, to, text(c.Text), "seed"))
				if fits := len(to.Limits.CheckText(0, c.Text)) == 0; fits != want || (err == nil) != want {
					t.Errorf("of %d: we say it fits: %t, the server: %v", most, fits, err)
				}
			}
		})
	}
	if n < 10 {
		t.Errorf("only %d texts were tried", n)
	}
}
