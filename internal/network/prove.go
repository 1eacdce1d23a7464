package network

import "context"

// Profile is what a network shows everybody of one of its accounts. All of it
// is foreign, and what it says of itself is no more than that.
type Profile struct {
	// Author is the account as it stands beside what it writes: the same ID as
	// where it is heard.
	Author Author
	// Also are further ids under which the account may have been heard, because
	// servers differ in what they tell.
	Also []string
	// Text is all that the account says of itself, as plain text with its
	// addresses whole, at most MostText bytes.
	Text string
}

// Prover reads what anybody may see of an account, so that somebody can show
// by what stands there that it is theirs.
type Prover interface {
	Network
	// Profile asks the server that is responsible for the handle, with no
	// credential. server is where to ask on a network of many servers whose
	// handles do not say so; "" is the one that most are on. That there is no
	// such account, and a handle that cannot be one, is a Refused *Error with
	// words for who typed it. An account is never told by a server that does
	// not answer for it.
	Profile(ctx context.Context, server, handle string) (Profile, error)
}

// Prover returns the network if profiles can be read there.
func (s *Set) Prover(name string) (Prover, bool) {
	p, ok := s.byName[name].(Prover)
	return p, ok
}

// Handles is a network that knows by a handle's look whether it can be one,
// without asking anybody.
type Handles interface {
	Network
	// Handle returns nil, or a Refused *Error with words for who typed it: the
	// same that Profile refuses it with.
	Handle(handle string) error
}
