package publish

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"rapport/internal/access"
	"rapport/internal/brand"
	"rapport/internal/delivery"
	"rapport/internal/fault"
	"rapport/internal/network"
	"rapport/internal/post"
)

// content is one part as it will be, or was, sent.
type content struct {
	delivery.Part
	item network.Item
}

func (c content) row() delivery.Part { return c.Part }

// content reads what the delivery's channel gets. Parts that may have reached
// the network are as they were frozen then.
func (d *Dispatcher) content(del delivery.Delivery) ([]content, error) {
	ctx := context.WithoutCancel(d.stop)
	p, err := post.ByID(ctx, d.DB, access.System(), del.Brand, del.Post)
	if err != nil {
		return nil, err
	}
	pictures, err := d.Media.Items(ctx, del.Brand, p.Input().Media())
	if err != nil {
		return nil, err
	}
	b, err := brand.ByID(ctx, d.DB, access.System(), del.Brand)
	if err != nil {
		return nil, err
	}
	parts := p.ContentFor(del.Channel).Parts
	out := make([]content, len(parts))
	for i, it := range p.ItemsFor(del.Channel, b.Language, pictures) {
		if len(it.Media) < len(parts[i].Media) {
			return nil, fault.New(fault.Invalid, "A picture of part %d is no longer in the library. Edit the post, then try again.", i+1)
		}
		it.Kind, it.Author = cmp.Or(it.Kind, network.PartPost), p.Author
		if i == 0 {
			it.Parent = p.Answers // what a reply hangs below
		}
		out[i].item = it
		out[i].Part = delivery.Part{Delivery: del.ID, Ord: i, Kind: it.Kind, State: delivery.PartWaiting, Text: it.Text, Media: parts[i].Media}
	}
	for _, known := range del.Parts {
		switch {
		case known.Ord >= len(out):
		case known.State.Frozen():
			out[known.Ord].Part = known
		case same(known, out[known.Ord].Part):
			// Uploaded already, and not edited since.
			out[known.Ord].Prepared = known.Prepared
		}
	}
	return out, nil
}

func same(a, b delivery.Part) bool {
	if a.Text != b.Text || a.Kind != b.Kind || len(a.Media) != len(b.Media) {
		return false
	}
	for i := range a.Media {
		if a.Media[i] != b.Media[i] {
			return false
		}
	}
	return true
}

func items(all []content) []network.Item {
	out := make([]network.Item, len(all))
	for i, c := range all {
		out[i] = c.item
	}
	return out
}

// started reports whether something of the delivery may have reached the
// network.
func started(del delivery.Delivery) bool {
	for _, p := range del.Parts {
		if p.State.Frozen() {
			return true
		}
	}
	return false
}

// doubtful is the part whose answer was lost, nil if there is none.
func doubtful(del delivery.Delivery) *delivery.Part {
	for i := range del.Parts {
		if del.Parts[i].State.MayBeOut() {
			return &del.Parts[i]
		}
	}
	return nil
}

// seed makes a part recognisable at every try, on every node, and after a
// restore from an older copy: it depends on nothing but what the part is.
func seed(del delivery.Delivery, ord int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d", del.ID, ord))
	return hex.EncodeToString(sum[:16])
}
