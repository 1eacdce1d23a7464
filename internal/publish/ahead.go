package publish

import (
	"context"
	"time"

	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/network"
)

// aheadEvery is how often uploads are looked for that may be done early.
const aheadEvery = 15 * time.Second

// ahead begins the uploads of what is due soon, where the network keeps them
// long enough, so that at its time only the commit is left. Whatever goes
// wrong here is left to the preparing at its time.
func (d *Dispatcher) ahead() {
	if time.Since(d.aheadAt) < min(aheadEvery, 10*d.Times.Poll) {
		return
	}
	d.aheadAt = time.Now()
	for _, n := range d.Channels.Networks.All() {
		facts := n.Facts()
		if facts.PrepareAhead == 0 {
			continue
		}
		var taken []delivery.Delivery
		err := d.batch.do(d.stop, false, func(tx *db.Tx) (err error) {
			taken, err = delivery.TakeAhead(d.stop, tx, facts.Name, tx.Now().Add(facts.PrepareAhead), takeBatch)
			return err
		})
		if err != nil {
			d.failed("look for uploads", err)
			continue
		}
		if len(taken) > 0 {
			d.wg.Go(func() { d.uploadAhead(taken) })
		}
	}
}

func (d *Dispatcher) uploadAhead(taken []delivery.Delivery) {
	for _, del := range taken {
		if d.stop.Err() != nil {
			return
		}
		if err := d.uploadOne(del); err != nil {
			d.Log.Debug("publish: upload ahead of time", "delivery", del.ID, "error", err)
		}
	}
}

func (d *Dispatcher) uploadOne(del delivery.Delivery) error {
	o, err := d.open(del)
	if err != nil {
		return err
	}
	parts, err := d.content(del)
	if err != nil {
		return err
	}
	for _, part := range parts {
		if len(part.item.Media) == 0 || part.State.Frozen() {
			continue
		}
		call, cancel := context.WithTimeout(d.stop, 2*d.Times.Commit)
		ready, err := o.publisher.Prepare(call, o.target, part.item, seed(del, part.Ord), part.Prepared)
		cancel()
		if len(ready.Media) > 0 {
			part.Prepared = ready
			d.write(context.WithoutCancel(d.stop), "keep what was uploaded", func(tx *db.Tx) error {
				return delivery.Keep(d.stop, tx, del, part.row())
			})
		}
		if err != nil && network.VerdictOf(err) != network.NotReady {
			d.renewed(d.stop, o, asError(err))
			return err
		}
	}
	return nil
}
