// Package real walks through networks that are not emulated: a whole Bluesky
// network on this machine, and any Mastodon server that the environment names.
// make test-real starts what can be started.
package real_test

import (
	"encoding/json"
	"os"
	"testing"
)

// blueskyOf reads the network that scripts/test-real.sh started.
func blueskyOf(t *testing.T) *host {
	t.Helper()
	line := os.Getenv("RAPPORT_REAL_BLUESKY")
	if line == "" {
		t.Skip("There is no real Bluesky network here, so this was not run. make test-real starts one.")
	}
	var n struct {
		PDS      string `json:"pds"`
		Accounts []struct{ Handle, DID, AppPassword string }
	}
	if err := json.Unmarshal([]byte(line), &n); err != nil || len(n.Accounts) < 2 {
		t.Fatalf("RAPPORT_REAL_BLUESKY is no description of a network: %v", err)
	}
	return &host{t: t, base: n.PDS, brand: n.Accounts[0], fan: n.Accounts[1]}
}
