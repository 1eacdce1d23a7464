package bluesky

import (
	"encoding/json"
	"time"

	"rapport/internal/network"
)

// SetNow gives the connector a clock that a test moves.
func (n *Network) SetNow(now func() time.Time) { n.now = now }

// KeyOf is the record key of a seed.
func KeyOf(seed string) string { return keyOf(seed) }

// ViewMessage reads a post view as the connector does.
func ViewMessage(raw []byte, t network.Target) (network.Message, bool) {
	all := views([]json.RawMessage{raw})
	if len(all) == 0 {
		return network.Message{}, false
	}
	return all[0].message(t)
}
