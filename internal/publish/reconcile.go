package publish

import (
	"context"
	"time"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/network"
)

// reconcile finds out what became of a delivery that was taken over.
func (d *Dispatcher) reconcile(del delivery.Delivery) {
	d.take(del)
	defer d.drop(del)
	o, err := d.open(del)
	if err != nil {
		d.failed("open the channel", err) // the lease expires and it is taken up again
		return
	}
	part := doubtful(del)
	switch {
	case part != nil:
		d.look(o, del, *part, part.Ord == d.lastOrd(del))
	case del.ReasonCode == delivery.CodeDoubt:
		d.lookUnsent(o, del)
	default:
		// Between two parts of a thread: nothing is in doubt.
		d.back(del, delivery.Back{What: "returned", Text: "The node that had taken it stopped between two parts.", Part: -1}, laneFree)
	}
}

// lastOrd is the index of the last part, by the post itself: the rows hold
// only what was reached so far.
func (d *Dispatcher) lastOrd(del delivery.Delivery) int {
	parts, err := d.content(del)
	if err != nil {
		d.failed("read the post", err)
		return len(del.Parts) - 1
	}
	return max(len(parts), len(del.Parts)) - 1
}

// lookUnsent reads back a part of which this database does not know that it
// was sent, because it was restored from an older copy. The handles depend
// only on the delivery, so they are the same as then.
func (d *Dispatcher) lookUnsent(o opened, del delivery.Delivery) {
	ctx := context.WithoutCancel(d.stop)
	parts, err := d.content(del)
	i := firstOpen(parts)
	if err != nil || len(parts) == 0 {
		d.failed("read the post", err)
		d.end(del, delivery.End{State: delivery.Unknown, Code: "lost", Reason: delivery.LostReason, Part: -1})
		return
	}
	if i == len(parts) {
		d.closePublished(del, parts[i-1])
		return
	}
	part := &parts[i]
	call, cancel := context.WithTimeout(ctx, 2*d.Times.Commit)
	defer cancel()
	part.Prepared, err = o.publisher.Prepare(call, o.target, part.item, seed(del, i), part.Prepared)
	if err != nil {
		e := d.renewed(ctx, o, asError(err))
		if e.Verdict == network.Refused || e.Verdict == network.Unauthorized {
			d.end(del, delivery.End{State: delivery.Unknown, Code: "lost", Reason: delivery.LostReason, Part: -1, Status: e.Status})
		}
		return // otherwise the lease expires and it is taken up again
	}
	row := part.row()
	row.State = delivery.PartSending
	if !d.write(ctx, "keep the handle", func(tx *db.Tx) error {
		if err := delivery.Keep(ctx, tx, del, row); err != nil {
			return err
		}
		return delivery.Doubt(ctx, tx, del, row.Ord)
	}) {
		return
	}
	d.look(o, del, row, i == len(parts)-1)
}

// firstOpen is the index of the first part that is not known to be out, with
// its parent set; the number of parts where all are.
func firstOpen(parts []content) int {
	parent := above(parts)
	for i := range parts {
		if parts[i].State != delivery.PartPublished {
			parts[i].item.Parent = parent
			return i
		}
		parent = follow(parent, parts[i].Ref)
	}
	return len(parts)
}

// look asks the network about a part whose answer was lost, several times, and
// draws the conclusion. The delivery stays sending and its lease is renewed
// meanwhile.
func (d *Dispatcher) look(o opened, del delivery.Delivery, part delivery.Part, last bool) {
	ctx := context.WithoutCancel(d.stop)
	for _, wait := range d.Times.Looks {
		if !d.sleep(wait) {
			return // stopping: whoever starts next asks
		}
		d.Trace("looking")
		f, err := d.ask(ctx, o, del, part)
		if network.HasExpired(err) {
			if again, err := d.open(del); err == nil {
				o = again
			}
		}
		if d.conclude(ctx, o, del, part, last, f, err) {
			return
		}
	}
	if d.settle(ctx, o, del, part) {
		return
	}
	d.end(del, delivery.End{State: delivery.Unknown, Code: "lost", Reason: delivery.LostReason, Part: part.Ord})
}

// settle waits where a repeat is harmless later though not yet: some servers
// know a request again only once they are done with it. verify looks once more
// before it is repeated.
func (d *Dispatcher) settle(ctx context.Context, o opened, del delivery.Delivery, part delivery.Part) bool {
	age, err := d.age(ctx, del, part)
	if err != nil {
		return false
	}
	for wait := d.Times.Settle; wait <= 10*d.Times.Settle; wait += d.Times.Settle {
		if o.publisher.RepeatHarmless(o.target, age+wait) {
			d.back(del, delivery.Back{RunAt: d.DB.Now().Add(wait), What: "looked", Part: part.Ord, Tried: true,
				Text: "The answer was lost, and the network may still be at work on it. It is asked again in a while, before anything is sent again."}, laneFree)
			return true
		}
	}
	return false
}

// ask looks once. Where a network can only be searched by content, the same
// words sent twice look alike, so what is known to be another delivery's tells
// nothing.
func (d *Dispatcher) ask(ctx context.Context, o opened, del delivery.Delivery, part delivery.Part) (network.Finding, error) {
	call, cancel := context.WithTimeout(ctx, d.Times.Lookup)
	defer cancel()
	f, err := o.publisher.Lookup(call, o.target, part.Prepared)
	if network.HasExpired(err) {
		d.renewed(ctx, o, asError(err))
	}
	if err != nil || f.Presence != network.Present {
		return f, err
	}
	taken, err := delivery.Taken(ctx, d.DB, del, f.Receipt.Ref.ID)
	if taken {
		f = network.Finding{Why: "What was found there is another delivery's."}
	}
	return f, err
}

// conclude acts on what a look found, and reports whether that settles it.
func (d *Dispatcher) conclude(ctx context.Context, o opened, del delivery.Delivery, part delivery.Part, last bool, f network.Finding, err error) bool {
	if err != nil {
		f = network.Finding{Presence: network.CannotTell, Why: asError(err).Text}
	}
	switch f.Presence {
	case network.Present:
		return d.found(ctx, del, part, f.Receipt, last)
	case network.Pending:
		return d.write(ctx, "note that it is pending", func(tx *db.Tx) error {
			return delivery.Await(ctx, tx, del, part, f.Receipt, tx.Now().Add(3*time.Second))
		})
	case network.Failed:
		return d.end(del, delivery.End{State: delivery.Rejected, Code: "refused", Reason: f.Why, Part: part.Ord})
	case network.Absent:
		d.back(del, delivery.Back{RunAt: d.in(del), What: "looked", Text: f.Why, Part: part.Ord, Tried: true, Unsent: true}, laneFree)
		return true
	}
	age, err := d.age(ctx, del, part)
	if err == nil && o.publisher.RepeatHarmless(o.target, age) {
		d.back(del, delivery.Back{RunAt: d.in(del), What: "looked", Part: part.Ord, Tried: true,
			Text: "The answer was lost. This network publishes a repeated request only once, so it may be sent again."}, laneFree)
		return true
	}
	return false
}

// verify stands before every repeat: it looks once more, and asks the server
// anew whether a repeat is harmless, since it may have changed its ways.
// partOut lets the repeat through.
func (d *Dispatcher) verify(ctx context.Context, o opened, del delivery.Delivery, part delivery.Part, last bool) progress {
	wait := delivery.Back{RunAt: d.in(del), What: "looked", Part: part.Ord, Tried: true, Text: "The network could not be asked yet."}
	d.Trace("looking")
	f, err := d.ask(ctx, o, del, part)
	switch {
	case err != nil:
		return d.back(del, wait, laneWait)
	case f.Presence != network.CannotTell && f.Presence != network.Absent:
		d.conclude(ctx, o, del, part, last, f, nil)
		return laneFree
	}
	harmless, err := d.repeatHarmless(ctx, o, del, part)
	if err != nil {
		return d.back(del, wait, laneWait)
	}
	if !harmless && f.Presence != network.Absent {
		d.end(del, delivery.End{State: delivery.Unknown, Code: "lost", Reason: delivery.LostReason, Part: part.Ord})
		return laneFree
	}
	return partOut
}

// age is how long ago the part may have reached the network for the first
// time. What was restored from a copy knows no first time of its own, but was
// never sent before it was due.
func (d *Dispatcher) age(ctx context.Context, del delivery.Delivery, part delivery.Part) (time.Duration, error) {
	first, err := delivery.FirstSent(ctx, d.DB, del, part.Ord)
	if first == 0 || del.DueAt < first {
		first = del.DueAt
	}
	return max(d.DB.Now().Sub(first), 0), err
}

func (d *Dispatcher) repeatHarmless(ctx context.Context, o opened, del delivery.Delivery, part delivery.Part) (bool, error) {
	call, cancel := context.WithTimeout(ctx, d.Times.Lookup)
	defer cancel()
	if _, err := d.Channels.Check(call, access.System(), o.channel.Brand, o.channel.ID); err != nil {
		return false, err
	}
	p, target, _, err := d.Channels.Fresh(ctx, o.channel.Brand, o.channel.ID)
	if err != nil {
		return false, err
	}
	age, err := d.age(ctx, del, part)
	return err == nil && p.RepeatHarmless(target, age), err
}

// found records that a part is out after all, and lets the rest of the thread
// follow.
func (d *Dispatcher) found(ctx context.Context, del delivery.Delivery, part delivery.Part, r network.Receipt, last bool) bool {
	return d.write(ctx, "record that it is out", func(tx *db.Tx) error {
		if err := delivery.Tell(ctx, tx, del.Brand, delivery.Event{Delivery: del.ID, What: "looked", Attempt: del.Attempt, Part: part.Ord, Node: d.Node,
			Text: "The network was asked: it is out."}); err != nil {
			return err
		}
		if err := delivery.Out(ctx, tx, del, part, r, last, 0); err != nil || last {
			return err
		}
		if del.ReasonCode == delivery.CodeDoubt {
			return delivery.Onward(ctx, tx, del)
		}
		_, err := delivery.Return(ctx, tx, del, delivery.Back{Part: -1})
		return err
	})
}

// follow asks once more after deliveries that a person was already told about:
// some networks show a post only minutes later.
func (d *Dispatcher) follow() {
	const every = 30 * time.Second
	now := d.DB.Now()
	all, err := delivery.Unknowns(d.stop, d.DB, now.Add(-d.Times.Follow), 100)
	if err != nil {
		d.failed("look for unknown deliveries", err)
		return
	}
	seen := map[string]db.Time{}
	for _, del := range all {
		last, known := d.asked[del.ID]
		seen[del.ID] = last
		if !known {
			seen[del.ID] = now // it was asked just before it became unknown
			continue
		}
		if now.Sub(last) < every {
			continue
		}
		seen[del.ID] = now
		d.wg.Go(func() { d.followOne(del) })
	}
	d.asked = seen
}

func (d *Dispatcher) followOne(del delivery.Delivery) {
	part := doubtful(del)
	o, err := d.open(del)
	if err != nil || part == nil {
		return
	}
	ctx := context.WithoutCancel(d.stop)
	f, err := d.ask(ctx, o, del, *part)
	if err == nil && f.Presence == network.Present && part.Ord == d.lastOrd(del) {
		d.found(ctx, del, *part, f.Receipt, true)
	}
}

// sleep waits and reports false if the dispatcher stops meanwhile.
func (d *Dispatcher) sleep(wait time.Duration) bool {
	if wait == 0 {
		return d.stop.Err() == nil
	}
	select {
	case <-d.stop.Done():
		return false
	case <-time.After(wait):
		return true
	}
}
