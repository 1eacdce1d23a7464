// Package delivery is one variant's journey to one channel: its states, who
// may change them, and the SQL that makes each change conditional. It speaks
// to no network and decides nothing about time; the publish package does.
package delivery

import (
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/network"
)

// State is where a delivery stands. A hold is no state: it is a gate in front
// of Scheduled.
type State string

// The states.
const (
	Scheduled State = "scheduled" // waits for its time
	Claimed   State = "claimed"   // a node has taken it
	Preparing State = "preparing" // uploads; may be repeated
	Sending   State = "sending"   // the irreversible call may have been made
	Pending   State = "pending"   // the network has it and is still working
	Published State = "published" // it is out
	Removed   State = "removed"   // it was out and was taken down
	Rejected  State = "rejected"  // the network said no; it is not out
	Unknown   State = "unknown"   // it may be out; a person must look
	Missed    State = "missed"    // its time passed; it was not sent
	Cancelled State = "cancelled" // the team took it back
)

// States are all states, in the order of the journey.
var States = []State{Scheduled, Claimed, Preparing, Sending, Pending, Published, Removed, Rejected, Unknown, Missed, Cancelled}

// Actor is who may make a transition.
type Actor uint8

// The actors. Receipt is a network's late word that something is out: proof
// beats every state that did not know.
const (
	Team       Actor = 1 << iota // a person
	Dispatcher                   // the node that holds the claim
	Reconciler                   // a node that found the claim expired, or asks again
	Receipt
)

type step struct {
	from, to State
}

// transitions is the only source of what may follow what.
var transitions = map[step]Actor{
	{Scheduled, Claimed}:   Dispatcher,
	{Scheduled, Missed}:    Dispatcher,
	{Scheduled, Cancelled}: Team,
	{Scheduled, Sending}:   Reconciler, // after a restore: it may be out already, so it is read back first
	{Scheduled, Unknown}:   Dispatcher, // a part of it may be out, and it became too late to find out
	{Scheduled, Published}: Receipt,
	{Claimed, Preparing}:   Dispatcher,
	{Claimed, Sending}:     Dispatcher | Reconciler,
	{Claimed, Scheduled}:   Dispatcher | Reconciler,
	{Claimed, Rejected}:    Dispatcher,
	{Claimed, Missed}:      Dispatcher,
	{Claimed, Unknown}:     Dispatcher,
	{Claimed, Published}:   Receipt,
	{Preparing, Sending}:   Dispatcher | Reconciler,
	{Preparing, Scheduled}: Dispatcher | Reconciler,
	{Preparing, Rejected}:  Dispatcher,
	{Preparing, Missed}:    Dispatcher,
	{Preparing, Published}: Receipt,
	{Sending, Scheduled}:   Dispatcher | Reconciler,
	{Sending, Pending}:     Dispatcher | Reconciler,
	{Sending, Published}:   Dispatcher | Reconciler | Receipt,
	{Sending, Rejected}:    Dispatcher | Reconciler,
	{Sending, Unknown}:     Dispatcher | Reconciler,
	{Sending, Missed}:      Reconciler,
	{Pending, Sending}:     Reconciler, // a part of a thread was found, the next is read back
	{Pending, Published}:   Reconciler | Receipt,
	{Pending, Rejected}:    Reconciler,
	{Pending, Unknown}:     Reconciler,
	{Unknown, Published}:   Team | Reconciler | Receipt,
	{Unknown, Rejected}:    Reconciler,
	{Unknown, Scheduled}:   Team,
	{Unknown, Cancelled}:   Team,
	{Missed, Scheduled}:    Team,
	{Missed, Cancelled}:    Team,
	{Missed, Published}:    Receipt | Team, // half-sent, and left at that
	{Missed, Removed}:      Team,
	{Rejected, Published}:  Team,
	{Rejected, Scheduled}:  Team,
	{Rejected, Cancelled}:  Team,
	{Rejected, Removed}:    Team, // half-sent, and what was out is taken down
	{Unknown, Removed}:     Team,
	{Published, Removed}:   Team,
	{Cancelled, Published}: Receipt,
}

// May reports whether the actor may take a delivery from one state to another.
func May(from, to State, by Actor) bool { return transitions[step{from, to}]&by != 0 }

// Sources lists the states from which the actor may reach to.
func Sources(to State, by Actor) []State {
	var out []State
	for _, s := range States {
		if May(s, to, by) {
			out = append(out, s)
		}
	}
	return out
}

// Busy reports whether a node is at work on it, so that the team must wait.
func (s State) Busy() bool {
	return s == Claimed || s == Preparing || s == Sending || s == Pending
}

// NeedsPerson reports whether it waits for a person's decision.
func (s State) NeedsPerson() bool { return s == Rejected || s == Unknown || s == Missed }

// Over reports whether nothing more will happen to it by itself.
func (s State) Over() bool {
	return s == Published || s == Removed || s == Cancelled || s.NeedsPerson()
}

// Delivery is one row with its parts, where they were read.
type Delivery struct {
	ID, Brand, Post, Channel string
	State                    State
	DueAt                    db.Time // when it should go out
	RunAt                    db.Time // when it is next looked at; later than DueAt after a wait
	Revision                 int64   // of the post
	Attempt                  int64   // grows with every claim and fences the older ones
	Tries                    int64   // of the same step, for the backoff
	Node                     string
	LeaseUntil               db.Time
	Reason                   string // why it is in this state, for a person
	ReasonCode               string // the same for programs
	RemoteID, RemoteURL      string // of the first part
	PublishedAt              db.Time
	Author                   string // who scheduled it
	Kind                     string // KindPost, KindReply
	CreatedAt, UpdatedAt     db.Time
	Parts                    []Part
}

// The kinds of delivery, as of posts. A reply is in no list and in no calendar;
// where it needs a person it is asked for like every other.
const (
	KindPost  = "post"
	KindReply = "reply"
)

// PartState is where one part stands.
type PartState string

// The states of a part.
const (
	PartWaiting   PartState = "waiting"
	PartSending   PartState = "sending"
	PartPending   PartState = "pending"
	PartPublished PartState = "published"
	PartRejected  PartState = "rejected"
	PartUnknown   PartState = "unknown"
	PartRemoved   PartState = "removed"
)

// Frozen reports whether the part may have reached the network: its text and
// its record must never change again.
func (s PartState) Frozen() bool { return s != PartWaiting && s != PartRejected }

// MayBeOut reports whether the part may have reached the network without its
// answer having reached us.
func (s PartState) MayBeOut() bool {
	return s == PartSending || s == PartPending || s == PartUnknown
}

// Part is one post of a thread, or a first comment.
type Part struct {
	Delivery string
	Ord      int
	Kind     network.PartKind
	State    PartState
	Text     string
	Media    []string
	Prepared network.Prepared
	Ref      network.Ref
	URL      string
	At       db.Time
}

// Out counts the parts that are out.
func (d Delivery) Out() int {
	n := 0
	for _, p := range d.Parts {
		if p.State == PartPublished {
			n++
		}
	}
	return n
}

// HalfSent reports whether some parts are out and others are not, and nothing
// moves any more by itself.
func (d Delivery) HalfSent() bool {
	return d.State.NeedsPerson() && d.Out() > 0 && d.Out() < len(d.Parts)
}

// Event is one line of a delivery's story.
type Event struct {
	ID, Delivery string
	At           db.Time
	What         string // the state it went to, or: moved, edited, held, returned, throttled, unclear, looked
	Attempt      int64
	Part         int // -1: the whole delivery
	Node         string
	By           string // account id; "" for the program
	Status       int
	TookMS       int64
	Text         string
}

func busy() error {
	return fault.New(fault.Conflict, "This is going out right now. Wait a moment and look again.")
}
