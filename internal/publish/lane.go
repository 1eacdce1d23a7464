package publish

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/fault"
	"rapport/internal/network"
)

// lane sends one channel's deliveries one after the other.
type lane struct {
	again bool // something became due while it worked
}

func (d *Dispatcher) startLane(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if l, running := d.lanes[id]; running {
		l.again = true
		return
	}
	if len(d.lanes) >= laneMost {
		return
	}
	d.lanes[id] = &lane{}
	d.wg.Go(func() { d.runLane(id) })
}

// endLane reports whether the lane may end: not if something was added after
// it looked for the last time.
func (d *Dispatcher) endLane(id string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.lanes[id].again && d.stop.Err() == nil {
		d.lanes[id].again = false
		return false
	}
	delete(d.lanes, id)
	return true
}

func (d *Dispatcher) dropLane(id string) {
	d.mu.Lock()
	delete(d.lanes, id)
	d.mu.Unlock()
}

// take keeps the leases of deliveries alive until as many drops.
func (d *Dispatcher) take(all ...delivery.Delivery) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, del := range all {
		d.hand[del.ID]++
	}
}

func (d *Dispatcher) drop(all ...delivery.Delivery) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, del := range all {
		if d.hand[del.ID]--; d.hand[del.ID] == 0 {
			delete(d.hand, del.ID)
		}
	}
}

func (d *Dispatcher) inHand() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Collect(maps.Keys(d.hand))
}

func (d *Dispatcher) runLane(id string) {
	for {
		if d.stop.Err() != nil {
			d.dropLane(id)
			return
		}
		claimed, err := d.claim(id)
		if err != nil {
			d.failed("claim", err)
			d.dropLane(id) // the safety look starts another
			return
		}
		if len(claimed) == 0 {
			if d.endLane(id) {
				return
			}
			continue
		}
		d.take(claimed...)
		goOn := d.sendAll(claimed)
		d.drop(claimed...)
		if !goOn {
			d.dropLane(id)
			return
		}
	}
}

func (d *Dispatcher) claim(id string) (out []delivery.Delivery, err error) {
	err = d.batch.do(d.stop, false, func(tx *db.Tx) (err error) {
		out, err = delivery.Claim(d.stop, tx, id, d.Node, d.Times.Lease, claimBatch)
		return err
	})
	return out, err
}

// sendAll sends in order until one says that the channel must wait, and gives
// the rest back. It reports whether the lane may go on.
func (d *Dispatcher) sendAll(claimed []delivery.Delivery) bool {
	o, err := d.open(claimed[0])
	if err != nil {
		d.failed("open the channel", err)
		d.giveBack(claimed, d.DB.Now().Add(d.Times.backoff(claimed[0].Tries)))
		return false
	}
	d.Trace("claimed")
	for i, del := range claimed {
		if d.stop.Err() != nil {
			d.giveBack(claimed[i:], 0)
			return false
		}
		if goOn := d.send(o, del); !goOn {
			d.giveBack(claimed[i+1:], 0)
			return false
		}
	}
	if err := d.batch.do(d.stop, false, func(tx *db.Tx) error {
		return channel.Worked(context.WithoutCancel(d.stop), tx, o.channel.Brand, o.channel.ID)
	}); err != nil {
		d.failed("note that the channel works", err)
	}
	return true
}

// giveBack returns claims that were not used.
func (d *Dispatcher) giveBack(rest []delivery.Delivery, runAt db.Time) {
	ctx := context.WithoutCancel(d.stop)
	for _, del := range rest {
		if err := d.batch.do(ctx, false, func(tx *db.Tx) error {
			_, err := delivery.Return(ctx, tx, del, delivery.Back{RunAt: runAt, Part: -1})
			return err
		}); err != nil {
			d.failed("give back", err)
		}
	}
}

// opened is a channel ready for calls.
type opened struct {
	publisher network.Publisher
	target    network.Target
	channel   channel.Channel
	tolerance time.Duration
}

func (d *Dispatcher) open(del delivery.Delivery) (opened, error) {
	ctx := context.WithoutCancel(d.stop)
	p, t, c, err := d.Channels.Fresh(ctx, del.Brand, del.Channel)
	if err != nil {
		return opened{}, err
	}
	var seconds int64
	err = d.DB.QueryRowContext(ctx, `SELECT tolerance_s FROM brand WHERE id = $1`, del.Brand).Scan(&seconds)
	return opened{p, t, c, time.Duration(seconds) * time.Second}, err
}

// send takes one delivery as far as it gets. It reports whether the channel's
// next one may follow.
func (d *Dispatcher) send(o opened, del delivery.Delivery) (goOn bool) {
	if late := d.DB.Now().Sub(del.DueAt); late > o.tolerance {
		if part := doubtful(del); part != nil {
			return d.end(del, delivery.End{State: delivery.Unknown, Code: "lost", Reason: delivery.LostReason, Part: part.Ord})
		}
		return d.end(del, delivery.End{State: delivery.Missed, Code: "overdue", Reason: delivery.OverdueReason, Part: -1})
	}
	parts, err := d.content(del)
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Invalid) {
		return d.end(del, delivery.End{State: delivery.Rejected, Code: "content", Reason: fault.Text(err), Part: -1})
	}
	if err != nil {
		d.failed("read the post", err)
		return d.back(del, delivery.Back{RunAt: d.in(del), Tried: true, Part: -1}, laneFree) == laneFree
	}
	if p := blocking(o.target.Limits.Check(items(parts))); p != nil && !started(del) {
		return d.end(del, delivery.End{State: delivery.Rejected, Code: p.Code, Reason: p.Text, Part: p.Part})
	}
	parent := above(parts)
	for i := range parts {
		part := &parts[i]
		if part.State == delivery.PartPublished {
			parent = follow(parent, part.Ref)
			continue
		}
		ref, next := d.sendPart(o, del, part, parent, i == len(parts)-1)
		if next != partOut {
			return next == laneFree
		}
		parent = follow(parent, ref)
	}
	if len(parts) > 0 && parts[len(parts)-1].State == delivery.PartPublished {
		// Every part was out already: a crash came before the last word.
		return d.closePublished(del, parts[len(parts)-1])
	}
	return true
}

// above is what the first part answers: nothing, but for a reply.
func above(parts []content) *network.Ref {
	if len(parts) == 0 {
		return nil
	}
	return parts[0].item.Parent
}

// follow is what the next part answers: the one before it, in the thread of
// the first.
func follow(parent *network.Ref, ref network.Ref) *network.Ref {
	next := ref
	if next.Root == "" && parent != nil {
		next.Root = parent.Root
	}
	if next.Root == "" {
		next.Root = ref.ID
	}
	return &next
}

type progress uint8

const (
	partOut  progress = iota // go on with the next part
	laneFree                 // this delivery is done with for now, the channel goes on
	laneWait                 // the channel must wait
)

// sendPart takes one part through prepare, fence and commit.
func (d *Dispatcher) sendPart(o opened, del delivery.Delivery, part *content, parent *network.Ref, last bool) (network.Ref, progress) {
	ctx := context.WithoutCancel(d.stop)
	if part.Ord == 0 && !part.State.Frozen() {
		if next := d.withheld(ctx, del); next != partOut {
			return network.Ref{}, next
		}
	}
	if !part.State.Frozen() {
		part.item.Parent = parent
		if next := d.prepare(ctx, o, del, part); next != partOut {
			return network.Ref{}, next
		}
	}
	if part.State.MayBeOut() {
		if next := d.verify(ctx, o, del, part.row(), last); next != partOut {
			return network.Ref{}, next
		}
	}
	asked := time.Now()
	gate, err := d.fence(ctx, del, part.row())
	if err != nil {
		// Not known to be committed: nothing may be sent on it.
		d.failed("pass the fence", err)
		return network.Ref{}, d.back(del, delivery.Back{RunAt: d.in(del), Tried: true, Part: part.Ord}, laneFree)
	}
	switch gate {
	case delivery.Held:
		return network.Ref{}, d.back(del, delivery.Back{What: "held", Part: part.Ord, Unsent: !part.State.Frozen()}, laneWait)
	case delivery.Changed, delivery.Superseded:
		return network.Ref{}, d.back(del, delivery.Back{RunAt: d.DB.Now().Add(50 * time.Millisecond), Part: part.Ord, Unsent: !part.State.Frozen()}, laneFree)
	}
	d.Trace("fenced")
	if time.Since(asked) >= d.Times.Lease {
		// This node was frozen, and another may have taken over and sent it. If
		// none did, the claim is still ours to give back.
		return network.Ref{}, d.back(del, delivery.Back{RunAt: d.in(del), Tried: true, Part: part.Ord, Unsent: !part.State.Frozen()}, laneFree)
	}
	return d.commit(ctx, o, del, part, last)
}

// withheld keeps back what tells of something that has gone.
func (d *Dispatcher) withheld(ctx context.Context, del delivery.Delivery) progress {
	if d.Withheld == nil {
		return partOut
	}
	why, err := d.Withheld(ctx, d.DB, del.Brand, del.Post)
	switch {
	case err != nil:
		d.failed("ask whether a post is withheld", err)
		return d.back(del, delivery.Back{RunAt: d.in(del), Tried: true}, laneFree)
	case why == "":
		return partOut
	}
	d.end(del, delivery.End{State: delivery.Rejected, Code: "gone", Reason: why, Part: -1})
	return laneFree
}

func (d *Dispatcher) fence(ctx context.Context, del delivery.Delivery, p delivery.Part) (gate delivery.Gate, err error) {
	err = d.batch.do(ctx, true, func(tx *db.Tx) (err error) {
		gate, err = delivery.Fence(ctx, tx, del, p, d.Times.Lease)
		return err
	})
	return gate, err
}

// commit makes the one irreversible call and records what it says.
func (d *Dispatcher) commit(ctx context.Context, o opened, del delivery.Delivery, part *content, last bool) (network.Ref, progress) {
	began := time.Now()
	call, cancel := context.WithTimeout(ctx, d.Times.Commit)
	r, err := o.publisher.Commit(call, o.target, part.Prepared)
	cancel()
	took := time.Since(began)
	d.Trace("answered")
	if err != nil {
		return network.Ref{}, d.committed(ctx, o, del, part, last, asError(err), took)
	}
	if r.Pending {
		d.write(ctx, "note that it is pending", func(tx *db.Tx) error {
			return delivery.Await(ctx, tx, del, part.row(), r, tx.Now().Add(time.Second))
		})
		return network.Ref{}, laneFree
	}
	ok := d.write(ctx, "record that it is out", func(tx *db.Tx) error {
		return delivery.Out(ctx, tx, del, part.row(), r, last, took)
	})
	if !ok {
		// It is out and the row does not know: the lease will expire and the
		// reconciler will read it back.
		return network.Ref{}, laneFree
	}
	d.Trace("recorded")
	return r.Ref, partOut
}

// committed draws the conclusion from a commit's error.
func (d *Dispatcher) committed(ctx context.Context, o opened, del delivery.Delivery, part *content, last bool, e *network.Error, took time.Duration) progress {
	// A part that an earlier attempt may have delivered stays frozen whatever
	// this answer says.
	fresh := !part.State.Frozen()
	e = d.renewed(ctx, o, e)
	switch e.Verdict {
	case network.NotSent:
		at := d.in(del)
		d.wait(ctx, o, at, false)
		return d.back(del, delivery.Back{RunAt: at, What: "not sent", Text: e.Text, Part: part.Ord, Tried: true, Unsent: fresh}, laneWait)
	case network.Throttled:
		at := d.DB.Now().Add(retryAfter(e, d.Times.backoff(del.Tries)))
		d.wait(ctx, o, at, e.AppWide)
		return d.back(del, delivery.Back{RunAt: at, What: "throttled", Text: e.Text, Status: e.Status, Part: part.Ord, Tried: true, Unsent: fresh}, laneWait)
	case network.Refused, network.Unauthorized:
		if !fresh {
			break
		}
		return d.refused(ctx, o, del, part.Ord, e, took)
	}
	d.write(ctx, "note the lost answer", func(tx *db.Tx) error {
		return delivery.Tell(ctx, tx, del.Brand, delivery.Event{Delivery: del.ID, What: "unclear", Attempt: del.Attempt, Part: part.Ord,
			Node: d.Node, Status: e.Status, TookMS: took.Milliseconds(), Text: e.Text})
	})
	row := part.row()
	row.State = delivery.PartSending
	d.take(del)
	d.wg.Go(func() {
		defer d.drop(del)
		d.look(o, del, row, last)
	})
	return laneFree
}

func (d *Dispatcher) refused(ctx context.Context, o opened, del delivery.Delivery, ord int, e *network.Error, took time.Duration) progress {
	end := delivery.End{State: delivery.Rejected, Code: "refused", Reason: e.Text, Part: ord, Status: e.Status, Took: took}
	if e.Verdict == network.Unauthorized {
		end.Code = "unauthorized"
		end.Reason = "The network no longer accepts this channel's sign-in. Reconnect the channel, then try again."
		d.write(ctx, "mark the channel", func(tx *db.Tx) error {
			return channel.Attention(ctx, tx, o.channel.Brand, o.channel.ID, "The network no longer accepts the sign-in. Reconnect it.")
		})
	}
	d.end(del, end)
	if e.Verdict == network.Unauthorized {
		return laneWait
	}
	return laneFree
}

// prepare uploads and freezes; it may be repeated at will.
func (d *Dispatcher) prepare(ctx context.Context, o opened, del delivery.Delivery, part *content) progress {
	uploads := len(part.item.Media) > 0
	if uploads && len(part.Prepared.Media) < len(part.item.Media) {
		mine := false
		ok := d.write(ctx, "note that it is being prepared", func(tx *db.Tx) (err error) {
			if started(del) {
				mine = true
				return nil
			}
			mine, err = delivery.Prepare(ctx, tx, del)
			return err
		})
		if !ok || !mine {
			return laneFree
		}
	}
	call, cancel := context.WithTimeout(ctx, 2*d.Times.Commit)
	defer cancel()
	d.Trace("preparing")
	ready, err := o.publisher.Prepare(call, o.target, part.item, seed(del, part.Ord), part.Prepared)
	part.Prepared = ready
	if uploads && len(ready.Media) > 0 {
		d.write(ctx, "keep what was uploaded", func(tx *db.Tx) error { return delivery.Keep(ctx, tx, del, part.row()) })
	}
	d.Trace("prepared")
	if err == nil {
		return partOut
	}
	return d.unprepared(ctx, o, del, part, asError(err))
}

// unprepared handles a failed prepare: nothing is out, so it is tried again
// unless the network refuses.
func (d *Dispatcher) unprepared(ctx context.Context, o opened, del delivery.Delivery, part *content, e *network.Error) progress {
	e = d.renewed(ctx, o, e)
	b := delivery.Back{RunAt: d.in(del), What: "not ready", Text: e.Text, Status: e.Status, Part: part.Ord, Tried: true, Unsent: true}
	switch e.Verdict {
	case network.Refused, network.Unauthorized:
		return d.refused(ctx, o, del, part.Ord, e, 0)
	case network.NotReady:
		b.RunAt = d.DB.Now().Add(retryAfter(e, d.Times.Retry))
		b.What = ""
		return d.back(del, b, laneFree)
	case network.Throttled:
		b.RunAt, b.What = d.DB.Now().Add(retryAfter(e, d.Times.backoff(del.Tries))), "throttled"
		d.wait(ctx, o, b.RunAt, e.AppWide)
	case network.NotSent:
		d.wait(ctx, o, b.RunAt, false)
		b.What = "not sent"
	}
	return d.back(del, b, laneWait)
}

// closePublished says the last word about a delivery whose parts are all out.
func (d *Dispatcher) closePublished(del delivery.Delivery, last content) bool {
	ctx := context.WithoutCancel(d.stop)
	return d.write(ctx, "record that it is out", func(tx *db.Tx) error {
		return delivery.Out(ctx, tx, del, last.row(), network.Receipt{Ref: last.Ref, URL: last.URL, At: last.At.Time()}, true, 0)
	})
}

// end closes a delivery; the channel's next one may follow.
func (d *Dispatcher) end(del delivery.Delivery, e delivery.End) bool {
	ctx := context.WithoutCancel(d.stop)
	return d.write(ctx, "close", func(tx *db.Tx) error { _, err := delivery.Close(ctx, tx, del, e); return err })
}

// back returns the claim and passes on what that means for the channel.
func (d *Dispatcher) back(del delivery.Delivery, b delivery.Back, next progress) progress {
	ctx := context.WithoutCancel(d.stop)
	d.write(ctx, "give back", func(tx *db.Tx) error { _, err := delivery.Return(ctx, tx, del, b); return err })
	return next
}

// write records through the batcher; a failure is logged and leaves the row
// to the lease.
func (d *Dispatcher) write(ctx context.Context, what string, fn func(tx *db.Tx) error) bool {
	if err := d.batch.do(ctx, false, fn); err != nil {
		d.Log.Error("publish: cannot "+what, "error", err)
		return false
	}
	return true
}

// wait keeps the channel, or everything on its server, quiet until then.
func (d *Dispatcher) wait(ctx context.Context, o opened, until db.Time, appWide bool) {
	d.write(ctx, "note that the channel waits", func(tx *db.Tx) error {
		return channel.Wait(ctx, tx, o.channel, until, appWide)
	})
}

// renewed sees to it that the next try has a new credential where this one had
// expired. Where there is none to be had, the answer is that of a dead one:
// nothing was published either way.
func (d *Dispatcher) renewed(ctx context.Context, o opened, e *network.Error) *network.Error {
	if !e.Expired {
		return e
	}
	err := d.Channels.Renew(ctx, o.channel.Brand, o.channel.ID, o.target)
	if network.VerdictOf(err) == network.Unauthorized {
		dead := *e
		dead.Verdict, dead.Expired = network.Unauthorized, false
		return &dead
	}
	if err != nil {
		d.failed("renew the access", err)
	}
	return e
}

func (d *Dispatcher) in(del delivery.Delivery) db.Time {
	return d.DB.Now().Add(d.Times.backoff(del.Tries))
}

func retryAfter(e *network.Error, otherwise time.Duration) time.Duration {
	if e.RetryAfter > 0 {
		return e.RetryAfter
	}
	return otherwise
}

func asError(err error) *network.Error {
	var e *network.Error
	if errors.As(err, &e) {
		return e
	}
	return &network.Error{Verdict: network.Unclear, Text: "The call broke off.", Cause: err}
}

func blocking(all []network.Problem) *network.Problem {
	for _, p := range all {
		if p.Severity == network.Blocking {
			return &p
		}
	}
	return nil
}
