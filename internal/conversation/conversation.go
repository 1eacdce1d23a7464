// Package conversation is what people say to a brand on its channels, and what
// the brand answers: threads of messages with the state in which the team holds
// them, who looks after them, notes, labels, and how long people waited. It
// asks no network and sends nothing: messages are brought to it, and a reply is
// a delivery.
package conversation

import (
	"slices"

	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/fault"
	"rapport/internal/network"
	"rapport/internal/person"
	"rapport/internal/presence"
)

// State is where the team stands with a conversation.
type State string

// The states.
const (
	StateNew     State = "new"     // nobody has opened it
	StateOpen    State = "open"    // somebody has, and it is not done
	StateSnoozed State = "snoozed" // comes back at a time, or when somebody writes
	StateDone    State = "done"    // until somebody writes again
	StateQuiet   State = "quiet"   // only the brand has spoken so far; it is in no list
)

// States are the states that the team sees, in the order of the queues.
var States = []State{StateNew, StateOpen, StateSnoozed, StateDone}

// The kinds of conversation.
const (
	KindComment = "comment" // below one comment on a post of the brand
	KindMention = "mention" // around a message that names the brand elsewhere

	// Of the brand's own community.
	KindQuestion = network.Question // around a question that anybody may answer
	KindFlag     = network.Flagged  // around what a member complained of
	KindWaiting  = network.Waiting  // around what nobody else reads before the team has looked
)

// Kinds are the kinds there are.
var Kinds = []string{KindComment, KindMention, KindQuestion, KindFlag, KindWaiting}

// looked are the kinds that only those see who look after the community: what
// nobody else reads yet, and who complained of whom.
var looked = []string{KindFlag, KindWaiting}

// ToLook reports whether the conversation is about something that the team
// must decide about.
func (c Conversation) ToLook() bool { return slices.Contains(looked, c.Kind) }

// The directions of a message.
const (
	In  = "in"
	Out = "out"
)

// Conversation is one row.
type Conversation struct {
	ID, Brand, Channel string
	Kind               string
	Root               string          // the network's id of the message it began with
	Delivery, Post     string          // the brand's own post it stands below; empty where not known here
	From               person.Identity // who began it; zero where nobody from outside did, or they were erased
	Excerpt            string          // of the last message from outside
	State              State
	StateAt            db.Time
	SnoozedUntil       db.Time
	Assignee           string // account id
	Messages           int64  // those that were said; a reply that is not out is none
	LastAt             db.Time
	LastInAt           db.Time
	LastOutAt          db.Time
	WaitingSince       db.Time // the first message since the last answer; 0: nobody waits
	Revision           int64   // grows with every change that the team makes
	CreatedAt          db.Time
	Labels             []string // ids
}

// Message is one thing that was said, by whomever.
type Message struct {
	ID, Brand, Channel, Conversation string

	Direction string
	RemoteID  string          // the network's id; empty while a reply is not out
	Parent    string          // the network's id of what it answers
	Ref       network.Ref     // what an answer to it needs
	Author    person.Identity // of one from outside; zero where the person was erased
	Person    string
	Account   string // who of the team wrote it; empty: with another program
	Sent      bool   // false while a reply written here is not out
	Post      string // of a reply written here
	Delivery  string

	// Of a reply written here: where its delivery stands, and why.
	Standing   delivery.State
	Reason     string
	ReasonCode string

	Text       string // empty once it is gone from the network
	Warning    string
	Language   string
	Media      []network.Attachment
	URL        string
	Visibility string
	At         db.Time
	EditedAt   db.Time // 0 if it never was
	RemovedAt  db.Time // seen to be gone from the network; only that it was there is kept
	ErasedAt   db.Time // its author was erased here; only that it was there is kept
	CreatedAt  db.Time

	Depth int // below how many messages of the page it stands
}

// Note is what the team says to itself.
type Note struct {
	ID, Brand, Subject string
	Account            string
	Text               string
	Mentions           []string // account ids
	At                 db.Time
}

// Event is something that happened besides messages and notes.
type Event struct {
	ID, Conversation string
	At               db.Time
	// What it was: opened, put_back, snoozed, woke, done, reopened, assigned,
	// labelled, unlabelled, joined, erased; in the community also flagged, decided,
	// answered (by another member), solved, hidden and restored; of one that became a topic:
	// bridged, then returned once the answer went back, or unreturned.
	What    string
	Account string // empty: Rapport itself, or somebody from outside
	// Detail is of snoozed the time in milliseconds, of assigned the account, of
	// labels their name, of flagged the complaint, of decided the act,
	// of hidden what it was until then and, on the next line, the rule or the
	// reason.
	Detail string
}

// Label is a mark the team sorts conversations by.
type Label struct {
	ID, Brand string
	Name      string
	Hue       int // degrees, 0 to 359
	CreatedAt db.Time
}

// Period is one stretch in which a conversation was open.
type Period struct {
	OpenedAt   db.Time // the first message from outside
	AnsweredAt db.Time // the first answer; 0: none yet
	AnsweredBy string  // account; empty: with another program
	ClosedAt   db.Time // 0 while it is open
}

// Thread is a conversation with what belongs to it.
type Thread struct {
	Conversation
	Messages []Message // a tree, each below what it answers, by time; the page's
	Older    string    // the cursor of the page before; "" if this is the first
	Notes    []Note    // the last 200, oldest first
	Events   []Event   // the last 200, oldest first
	Periods  []Period  // the last 50, oldest first
	Here     []presence.Somebody
}

// Change is what an act of the team did to one conversation.
type Change struct {
	Before, After Conversation
}

// Was is what Undo needs of a change.
type Was struct {
	ID       string
	Revision int64 // that the change led to
	State    State
	Until    db.Time // of a snooze
	Assignee string
}

// Was says how to take the change back.
func (c Change) Was() Was {
	return Was{ID: c.Before.ID, Revision: c.After.Revision, State: c.Before.State, Until: c.Before.SnoozedUntil, Assignee: c.Before.Assignee}
}

func changedSince() error {
	return fault.New(fault.Conflict, "Someone has changed this conversation since you looked. Look again.")
}
