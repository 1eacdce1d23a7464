package network

import (
	"context"
	"time"
)

// Author is somebody who wrote something on a network.
type Author struct {
	// ID is the network's id of the account, the same whichever of the
	// network's servers is asked: an address or a DID, never a row number of
	// one server.
	ID        string
	Handle    string // "@mira@social.example"
	Name      string // as they write it; may be empty
	AvatarURL string
	URL       string
}

// Attachment is a picture or film in what somebody wrote. It is shown from
// where it lies; nothing of it is kept.
type Attachment struct {
	Kind       string `json:"kind"` // image, video, audio, other
	URL        string `json:"url"`
	PreviewURL string `json:"preview_url,omitempty"`
	Alt        string `json:"alt,omitempty"`
	Width      int    `json:"width,omitempty"`
	Height     int    `json:"height,omitempty"`
}

// The visibilities a message may have. A network that knows only one way
// leaves it empty, which counts as public.
const (
	Public    = "public"
	Unlisted  = "unlisted"  // public, but in no public timeline
	Followers = "followers" // to the followers and those mentioned
	Direct    = "direct"    // to those mentioned only
)

// What a message may be beside something said to the account.
const (
	Question = "question" // asked in the community, of anybody who knows
	Flagged  = "flag"     // a member complained of it
	Waiting  = "waiting"  // nobody else reads it before the team has looked
)

// Message is one thing that somebody wrote on a network, as the network tells
// it. Everything in it is foreign: connectors bound its sizes and turn markup
// into plain text, and whoever shows it escapes it.
type Message struct {
	Ref        Ref    // what an answer to it needs
	Parent     string // Ref.ID of what it answers; "" where it answers nothing
	Author     Author
	Kind       string   // "" for what is said to the account; else one of the above, from the brand's own community
	Own        bool     // written by the connected account itself
	Mentions   []string // Author.IDs of the accounts it names
	Text       string   // plain text, at most MostText bytes
	Warning    string   // the author's content warning
	Language   string   // BCP 47; "" if unknown
	Media      []Attachment
	URL        string
	Visibility string
	At         time.Time
	SaidAt     time.Time // when it was said, where At is when it came up; else zero
	EditedAt   time.Time // zero if it never was
}

// MostText is the longest text of a message that connectors pass on, in bytes;
// longer ones are cut at a character.
const MostText = 64 << 10

// Heard is a page of what was said to an account.
type Heard struct {
	Messages []Message // in any order
	// Next is what the following call sends as after; it is kept and opaque.
	// It never goes backwards, and is the same where nothing came.
	Next string
	More bool // there is more to be read at once
}

// Listener reads what others say to the account: answers to what it wrote,
// and mentions.
type Listener interface {
	Network
	// Hear returns what came after the cursor, without gaps. With an empty
	// cursor it begins with what is not older than since. What comes twice is
	// the caller's matter.
	Hear(ctx context.Context, t Target, after string, since time.Time) (Heard, error)
	// Thread returns everything the network shows around one message: those
	// above it and those below it, itself included. whole is false where the
	// network cut it short, so that what is missing proves nothing. A message
	// that is gone is a Refused *Error with status 404.
	Thread(ctx context.Context, t Target, ref Ref) (all []Message, whole bool, err error)
	// Recheck reads messages again. now holds those that are there, by
	// Ref.ID; gone names those of which the network says that they are not
	// there any more. What is in neither was not learnt.
	Recheck(ctx context.Context, t Target, refs []Ref) (now map[string]Message, gone []string, err error)
}

// Streamer tells at once that something may have come.
type Streamer interface {
	Network
	// Stream calls came whenever something may have come to the account, and
	// returns when the stream ends or ctx does. It carries no content: the
	// caller then calls Hear. An Unauthorized or Refused *Error means that
	// trying again is useless for now.
	Stream(ctx context.Context, t Target, came func()) error
}

// OwnPost is something the account published, by whatever program.
type OwnPost struct {
	Message
	Counters Counters
}

// Historian reads what the account published before it was connected, or with
// other programs.
type Historian interface {
	Network
	// History returns a page of the account's own posts, newest first, without
	// what it only shared on; answers of its own are in it, with Parent set.
	// after is the next of the page before, "" at first; next is "" at the end.
	History(ctx context.Context, t Target, after string) (posts []OwnPost, next string, err error)
}

// Authorization is a sign-in under way at a network's own page.
type Authorization struct {
	Server string // normalised
	URL    string // where the person is sent
	// App is this program's registration at the server, to keep for the next
	// sign-in there; Secret is what Finish needs of this one. Both are stored
	// sealed.
	App, Secret Credential
}

// Authorizer connects by the network's own page, so that no password and no
// token is typed here.
type Authorizer interface {
	Network
	// Authorize prepares a sign-in. app is what an earlier Authorize for the
	// same server and redirect returned, nil at first; the connector registers
	// anew where it no longer works. state comes back in the redirect.
	Authorize(ctx context.Context, server, redirect, state string, app Credential) (Authorization, error)
	// Complete trades the code of the redirect for an account. A person who
	// said no is a Refused *Error with words.
	Complete(ctx context.Context, a Authorization, redirect, code string) (Account, error)
}

// Ability is one thing a channel can do, or cannot and why.
type Ability struct {
	Name string // id: publish, pictures, alt_text, threads, warning, visibility, delete, inbox, stream, reply, history, numbers, views, followers
	// Label says it in a few words: "Publish posts".
	Label string
	Can   bool
	// Why is for a person who knows no API: what is missing, what follows
	// from it and what to do. Empty where it can and there is nothing to say.
	Why string
}

// Abler says what one connected account can do, from what its credential
// allows and its server offers. It asks nobody.
type Abler interface {
	Network
	Abilities(t Target) []Ability
}

// Option is something a post may carry to a network beside its text and
// pictures, in Item.Options under its Name.
type Option struct {
	Name    string         `json:"name"`  // "warning"
	Label   string         `json:"label"` // "Content warning"
	Help    string         `json:"help,omitempty"`
	Choices []OptionChoice `json:"choices,omitempty"` // empty: free text
	Longest int            `json:"longest,omitempty"` // of a free text, in runes; 0 is 500
	Counts  bool           `json:"counts,omitempty"`  // its length counts with the text of each part
	Place   bool           `json:"place,omitempty"`   // it says where the post stands: that is told also where it is the usual place
}

// OptionChoice is one of an option's values; the first is what counts where
// nothing was chosen.
type OptionChoice struct {
	Value string `json:"value"`
	Label string `json:"label"`
}
