package network

import (
	"errors"
	"time"
)

// Verdict is what an error lets us conclude. It decides what happens next, so
// a connector in doubt answers Unclear.
type Verdict uint8

// Unclear is the zero value on purpose.
const (
	Unclear      Verdict = iota // it may have been published: read back, never repeat blindly
	NotSent                     // not a byte of the request left, for certain, or nothing was done with it: may be tried again
	NotReady                    // Prepare only: the network is still working; try again after RetryAfter
	Refused                     // the network said no to this content; trying again is useless
	Throttled                   // the network asks to wait; nothing was published
	Unauthorized                // the credential is dead; nothing was published; a person must act
)

var verdictNames = [...]string{"unclear", "not sent", "not ready", "refused", "throttled", "unauthorized"}

// String is for logs and the delivery's story.
func (v Verdict) String() string { return verdictNames[v] }

// Error is what connectors return.
type Error struct {
	Verdict    Verdict
	Status     int           // HTTP status, 0 where no answer came
	RetryAfter time.Duration // for Throttled and NotReady; 0 if the network did not say
	AppWide    bool          // for Throttled: the limit is the app's, not the account's
	// Expired says that the credential has ended by itself: nothing was done,
	// and the same call succeeds with what Refresh returns. Only a Refresher
	// says so, with the verdict NotSent, so that nobody takes it for a dead one.
	Expired bool
	Text    string // for a person: what the network said, cleaned and shortened
	Cause   error  // for the log
}

// Error is for logs.
func (e *Error) Error() string {
	s := e.Verdict.String()
	if e.Text != "" {
		s += ": " + e.Text
	}
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// HasExpired reports whether the call failed only because the credential ended
// by itself.
func HasExpired(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Expired
}

// VerdictOf reads the verdict of err. What is not an *Error is Unclear.
func VerdictOf(err error) Verdict {
	var e *Error
	if errors.As(err, &e) {
		return e.Verdict
	}
	return Unclear
}
