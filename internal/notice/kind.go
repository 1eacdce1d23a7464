package notice

import (
	"rapport/internal/i18n"
)

// Kind is what a notice is about.
type Kind string

// The kinds. What subject, mark and detail of each are is said in News.
const (
	Mentioned Kind = "mention"      // somebody names them
	Answered  Kind = "answer"       // somebody answers their topic or their reply
	Quoted    Kind = "quoted"       // somebody quotes them
	Accepted  Kind = "accepted"     // their answer was accepted
	Solved    Kind = "solved"       // somebody else accepted an answer to their question
	Decided   Kind = "decided"      // the team decided about what they wrote
	Reacted   Kind = "reaction"     // somebody reacted to what they wrote
	Announced Kind = "announcement" // the team announced something
	Replied   Kind = "reply"        // somebody replied in a topic they follow
	Begun     Kind = "topic"        // somebody began a topic in a space they follow
	Pictured  Kind = "picture"      // the team took their picture away
	Door      Kind = "door"         // they were let in, refused or suspended, or that was taken back
)

// Choice is where a member hears of a kind.
type Choice struct {
	Shown  bool // in their list in the community
	Mail   bool // in a letter of its own, at once
	Digest bool // in the next digest
}

// Row is a row of the matrix in which members choose.
type Row struct {
	Kind  Kind
	Title string // in English, as the catalog has it
	Help  string
	Usual Choice // of who has chosen nothing
}

var (
	atOnce = Choice{Shown: true, Mail: true}
	later  = Choice{Shown: true, Digest: true}
)

// Matrix are the rows, in the order pages show them. A kind without one is
// always told of at once.
var Matrix = []Row{
	{Mentioned, i18n.Mark("Somebody names you"), i18n.Mark("With your handle, in a topic or a reply."), atOnce},
	{Answered, i18n.Mark("Somebody answers you"), i18n.Mark("In a topic you began, or to a reply of yours."), atOnce},
	{Quoted, i18n.Mark("Somebody quotes you"), "", later},
	{Accepted, i18n.Mark("An answer is accepted"), i18n.Mark("Yours, or one to your question."), later},
	{Decided, i18n.Mark("The team decides about something of yours"), i18n.Mark("With the rule and the reason."), atOnce},
	{Reacted, i18n.Mark("Reactions to what you wrote"), "", later},
	{Announced, i18n.Mark("Announcements"), i18n.Mark("What the team tells everybody."), later},
	{Replied, i18n.Mark("New replies where you follow"), i18n.Mark("A topic you follow, or any in a space you follow."), later},
	{Begun, i18n.Mark("New topics where you follow"), i18n.Mark("In a space you follow."), later},
}

// row is the row that decides about a kind.
func (k Kind) row() (Row, bool) {
	switch k {
	case Solved:
		k = Accepted
	case Pictured:
		k = Decided
	}
	for _, r := range Matrix {
		if r.Kind == k {
			return r, true
		}
	}
	return Row{Kind: k, Usual: atOnce}, false
}

// Named is the row of the matrix with that name.
func Named(name string) (Row, bool) {
	r, ok := Kind(name).row()
	return r, ok && string(r.Kind) == name
}

// Row is the row of the matrix that decides about the kind; ok is false where
// nobody can choose.
func (k Kind) Row() (r Row, ok bool) { return k.row() }

// ranges reports whether a notice of the kind tells of replies by their
// numbers, of which there may be several.
func (k Kind) ranges() bool {
	switch k {
	case Mentioned, Answered, Quoted, Replied, Begun, Announced:
		return true
	}
	return false
}
