// Package network is the contract between Rapport and the networks it speaks
// to. A network is a value that satisfies Network and as many of the small
// capability interfaces as it really can: what it cannot do it does not
// implement. A connector translates; it never stores, never retries, never
// logs a credential and never decides whether something is sent.
package network

import (
	"context"
	"encoding/json"
	"io"
	"time"
)

// Community is the name of the brand's own community, which is a network of
// this program: see Facts.Own.
const Community = "community"

// Network is what every connector is.
type Network interface {
	// Facts never change while the program runs.
	Facts() Facts
}

// Facts describe a network before any account is known.
type Facts struct {
	Name  string // the id in rows, addresses and the API: "mastodon"
	Title string // as people write it: "Mastodon"
	Demo  bool   // nothing leaves this machine; every screen says so
	// Own is set for the brand's own community: it is part of this program, so
	// nobody connects it, signs in to it or takes it off.
	Own bool

	// Fields are what Connect asks for, in order.
	Fields []Field

	// PrepareAhead is how long before its time a delivery may be prepared
	// without what was prepared going stale. 0 means at its time.
	PrepareAhead time.Duration

	// RepeatSafety says, in a sentence for the operator, what happens when a
	// commit arrives twice and how the connector knows.
	RepeatSafety string

	// AbsentWhen says when Lookup may answer Absent, and why that is certain.
	// Empty where it never may.
	AbsentWhen string

	// ServerLabel asks for the address of the server: "Your server's address".
	// Empty where the network has one only. ServerOptional is set where most
	// people need not answer: "" is then the server that most are on.
	ServerLabel, ServerHelp string
	ServerOptional          bool

	// Options are what a post may carry beside its text and pictures, on
	// accounts whose Limits name no others.
	Options []Option

	// Untold says for each number, by its name in the metric package, why the
	// network does not tell it: "Mastodon does not count views."
	Untold map[string]string

	// MentionReplies is set where an answer reaches its reader only if it
	// names them; the reply box then begins with their handle.
	MentionReplies bool
}

// Field is one thing Connect asks a person for.
type Field struct {
	Name     string // key in Credential
	Label    string
	Help     string
	Secret   bool
	Optional bool
}

// Credential is what a connector needs to act for an account. It is stored
// encrypted and printed nowhere.
type Credential map[string]string

// String keeps credentials out of logs.
func (Credential) String() string { return "[credential]" }

// GoString keeps credentials out of logs.
func (Credential) GoString() string { return "[credential]" }

// Target is the account a call is for.
type Target struct {
	Server     string // base address without a trailing slash; "" where a network has one only
	AccountID  string // the network's id of the account
	Credential Credential
	Limits     Limits // as last read from the network
	// Details are what the connector noted of the account and its server when
	// it was last asked: software, version, granted scopes. Never secrets.
	Details map[string]string
}

// Account is what a network says of the account that was connected.
type Account struct {
	ID        string // the network's id, stable across renames
	Server    string // base address, normalised
	Handle    string // "@north@demo.example"
	Name      string
	AvatarURL string
	URL       string
	Limits    Limits
	// Credential is what to keep. It may differ from what was typed.
	Credential Credential
	// ExpiresAt is when the credential stops working by itself; zero if never.
	ExpiresAt time.Time
	// Details are kept with the channel and come back in Target.
	Details map[string]string
}

// Connector turns what a person typed into an account, or says why not.
type Connector interface {
	Network
	// Connect verifies the credential with one or more reading calls and
	// returns the account. A wrong credential is an Unauthorized *Error.
	Connect(ctx context.Context, server string, c Credential) (Account, error)
}

// Refresher renews a credential before it expires.
type Refresher interface {
	Network
	// Refresh returns the account with a new credential; what it leaves empty
	// stays as it was. A transient failure
	// is an Unclear or NotSent *Error and changes nothing; only Unauthorized
	// means that a person must connect again.
	Refresh(ctx context.Context, t Target) (Account, error)
}

// PartKind says what a part is to the part before it.
type PartKind string

// The kinds of part.
const (
	PartPost    PartKind = "post"    // the first, or the next of a thread
	PartComment PartKind = "comment" // a comment below the first
)

// Media is a file ready for a network: checked, re-encoded, without GPS.
type Media struct {
	ID     string
	Mime   string
	Name   string
	Bytes  int64
	Width  int
	Height int
	Alt    string
	// Open gives the content from its beginning; it may be called again.
	Open func(ctx context.Context) (io.ReadCloser, error) `json:"-"`
}

// Ref points at something published: what a reply needs of its parent.
type Ref struct {
	ID    string `json:"id"`
	Root  string `json:"root,omitempty"`  // id of the thread's first post
	Proof string `json:"proof,omitempty"` // version or hash where a network wants it
}

// Item is one part as a channel gets it.
type Item struct {
	Kind     PartKind
	Text     string
	Media    []Media
	Parent   *Ref   // set for every part but the first, once the parent is out
	Language string // BCP 47; "" if unknown
	Options  map[string]string
	// Author is the account of the team whose words these are. Only the brand's
	// own community shows it; a network knows the brand alone.
	Author string
}

// Prepared is a part that only needs its commit. It is stored before the
// commit, and Commit and Lookup work from it alone.
type Prepared struct {
	// Handle makes the commit recognisable: an idempotency key, a record key,
	// a container id. It is the same at every try of one part.
	Handle string `json:"handle"`
	// Media holds the network's ids of what was uploaded, in order.
	Media []string `json:"media,omitempty"`
	// Record is the frozen request, opaque to everybody but the connector.
	Record json.RawMessage `json:"record,omitempty"`
}

// Receipt is the network's word that a part is out.
type Receipt struct {
	Ref     Ref
	URL     string
	At      time.Time
	Pending bool // accepted, but not visible yet: Lookup tells when
}

// Presence is what reading back can tell.
type Presence uint8

// CannotTell is the zero value on purpose.
const (
	CannotTell Presence = iota
	Present             // it is out; the Receipt says where
	Pending             // the network has it and is still working on it
	Failed              // the network took it and then refused it for good
	Absent              // it is not out and cannot come out any more by itself
)

var presenceNames = [...]string{"cannot tell", "present", "pending", "failed", "absent for certain"}

// String is for logs and the delivery's story.
func (p Presence) String() string { return presenceNames[p] }

// Finding is the answer of Lookup.
type Finding struct {
	Presence Presence
	Receipt  Receipt // for Present
	Why      string  // one sentence: how the connector knows, or why it cannot
}

// Publisher sends posts in three steps.
type Publisher interface {
	Network

	// Prepare does everything that may be done twice: uploads, containers,
	// choosing the handle. It is first called without Parent, possibly ahead
	// of time, and again with Parent for a part that answers another; earlier
	// is what the last call returned (zero at first), so that nothing is
	// uploaded twice. The handle must be seed at every call, or derived from
	// it. Media that the network is still working on is a NotReady *Error,
	// and the Prepared that comes with it is kept.
	Prepare(ctx context.Context, t Target, it Item, seed string, earlier Prepared) (Prepared, error)

	// Commit is the one irreversible call. It writes the request to a socket
	// at most once. Every error is an *Error: NotSent, Refused, Throttled and
	// Unauthorized promise that nothing was published; anything else is
	// Unclear.
	Commit(ctx context.Context, t Target, p Prepared) (Receipt, error)

	// Lookup only reads. It answers Absent only as Facts.AbsentWhen says.
	// An error means that nothing was learnt.
	Lookup(ctx context.Context, t Target, p Prepared) (Finding, error)

	// RepeatHarmless reports whether a second arrival of the same Prepared at
	// this account's server is proven to publish nothing more, if the first
	// may have arrived so long ago. Networks forget their keys.
	RepeatHarmless(t Target, age time.Duration) bool
}

// Remover takes something published down again.
type Remover interface {
	Network
	// Remove deletes what ref points at. Something already gone is no error.
	Remove(ctx context.Context, t Target, ref Ref) error
}

// Counters are a published part's numbers. A nil pointer means that the
// network does not tell: never 0.
type Counters struct {
	At       time.Time
	Likes    *int64
	Shares   *int64
	Comments *int64
	Quotes   *int64
	Views    *int64
}

// AccountCounters are an account's numbers. A nil pointer means that the
// network does not tell: never 0.
type AccountCounters struct {
	At        time.Time
	Followers *int64
	Following *int64
	Posts     *int64
}

// Measurer reads numbers.
type Measurer interface {
	Network
	// Measure returns the counters of each ref it could read, by Ref.ID.
	Measure(ctx context.Context, t Target, refs []Ref) (map[string]Counters, error)
	// MeasureAccount returns the account's own numbers.
	MeasureAccount(ctx context.Context, t Target) (AccountCounters, error)
}
