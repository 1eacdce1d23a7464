// Package secret keeps what must not be read from a stolen database: it seals
// channel credentials and the like with keys from a file that lives outside
// the data folder, makes random tokens, and gives secrets a type that no log
// can print.
//
// It does not hash passwords; that is package account.
package secret

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
)

// Text is a secret in memory. Every way of printing it says "[secret]"; only
// Reveal gives it away.
type Text string

const hidden = "[secret]"

// Reveal returns the secret itself, for the one call that needs it.
func (t Text) Reveal() string { return string(t) }

// String hides the secret from everything that asks for text.
func (t Text) String() string { return hidden }

// Format hides the secret from fmt, whatever the verb.
func (t Text) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// MarshalText hides the secret from JSON and every other text encoding.
func (t Text) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// UnmarshalText takes the secret as it stands, so that flags and requests can
// be read into a Text.
func (t *Text) UnmarshalText(text []byte) error {
	*t = Text(text)
	return nil
}

// Token returns 32 random bytes in URL-safe base64: 43 characters that can be
// neither guessed nor mistaken for another.
func Token() string {
	raw := make([]byte, 32)
	rand.Read(raw) // never fails: the runtime stops the program instead
	return base64.RawURLEncoding.EncodeToString(raw)
}

// Hash returns the SHA-256 of a token in hex: what the database keeps to look
// a token up. It is for tokens of Token only; a password needs a slow hash.
func Hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// Equal compares two secrets in a time that does not depend on where they
// differ.
func Equal(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
