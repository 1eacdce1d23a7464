// Package challenge makes a browser work for a moment before it may sign up,
// so that a program that signs up thousands of times pays for each. Nobody else
// is asked, and nothing is learnt of who works. It is no proof that somebody is
// a person.
//
// A challenge is a text. Whoever answers it looks for a text A, such that the
// SHA-256 of challenge + A (their bytes in UTF-8, one after the other) begins
// with so many bits of zero as the number says that the challenge begins with,
// before its first dot. In a browser:
//
//	const zeros = parseInt(challenge, 10);
//	for (let n = 0; ; n++) {
//	  const hash = sha256(challenge + n);           // 32 bytes
//	  if (leadingZeroBits(hash) >= zeros) return String(n);
//	}
//
// With the usual difficulty 2^17 hashes are made on average.
package challenge

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"time"

	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/secret"
)

// Life is how long a challenge can be answered.
const Life = 10 * time.Minute

// Usual is the difficulty for browsers, in bits. One busy core made 58,000
// hashes a second with crypto.subtle, which pages use: half a second on average,
// and one in twenty takes three times as long.
const Usual = 15

const (
	hardest       = 24
	longest       = 300 // bytes of a challenge
	longestAnswer = 32  // bytes
	idBytes       = 12
)

const purpose = "sign-up challenge"

// Maker makes challenges and knows its own. What it made, every node of the
// installation knows.
type Maker struct{ Keys *secret.Keyring }

// New makes a challenge of a difficulty of 1 to 24 bits. It is of letters,
// digits, dots, hyphens and underscores.
func (m Maker) New(now db.Time, difficulty int) string {
	zeros := strconv.Itoa(min(max(difficulty, 1), hardest))
	plain := binary.BigEndian.AppendUint64(nil, uint64(now.Add(Life)))
	plain = append(plain, make([]byte, idBytes)...)
	rand.Read(plain[8:]) // never fails; see crypto/rand
	return zeros + "." + m.Keys.Seal(purpose, zeros, plain)
}

var errOld = fault.New(fault.Invalid, "This form has been open for long. Load the page again, then send it.")

// Check returns nil where the challenge is one of ours, can still be answered,
// and is answered. It does not use it up: see Spend.
func (m Maker) Check(now db.Time, challenge, answer string) error {
	c, err := m.read(challenge)
	if err != nil || now > c.until {
		return errOld
	}
	if answer == "" || len(answer) > longestAnswer || leading(challenge, answer) < c.zeros {
		return fault.New(fault.Invalid, "Your browser could not finish its part of this form. Load the page again, then send it.")
	}
	return nil
}

// made is what a challenge holds.
type made struct {
	zeros int
	until db.Time
	id    string
}

func (m Maker) read(challenge string) (made, error) {
	first, sealed, ok := strings.Cut(challenge, ".")
	if !ok || len(challenge) > longest || strings.ContainsAny(challenge, "\r\n") {
		return made{}, errOld
	}
	zeros, err := strconv.Atoi(first)
	if err != nil {
		return made{}, errOld
	}
	plain, err := m.Keys.Open(purpose, first, sealed)
	if err != nil || len(plain) != 8+idBytes {
		return made{}, errOld
	}
	return made{zeros, db.Time(binary.BigEndian.Uint64(plain)), hex.EncodeToString(plain[8:])}, nil
}

// leading counts the bits of zero that the answered challenge begins with.
func leading(challenge, answer string) int {
	sum := sha256.Sum256([]byte(challenge + answer))
	for i, b := range sum {
		if b != 0 {
			return i*8 + bits.LeadingZeros8(b)
		}
	}
	return len(sum) * 8
}

// Solve answers a challenge, for programs that may.
func Solve(challenge string) string {
	zeros, _ := strconv.Atoi(strings.SplitN(challenge, ".", 2)[0])
	for n := 0; ; n++ {
		if a := strconv.Itoa(n); leading(challenge, a) >= min(zeros, hardest) {
			return a
		}
	}
}

// Spend uses a challenge up in the caller's transaction. One that was used is
// fault.Invalid.
func (m Maker) Spend(ctx context.Context, tx *db.Tx, challenge string) error {
	c, err := m.read(challenge)
	if err != nil {
		return err
	}
	res, err := tx.ExecContext(ctx, `INSERT INTO challenge_spent (id, expires_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING`, c.id, c.until)
	if err != nil {
		return fmt.Errorf("challenge: spend: %w", err)
	}
	n, err := res.RowsAffected()
	if err == nil && n == 0 {
		err = errOld
	}
	return err
}

// Sweep forgets which challenges were used that would not work any more.
func Sweep(ctx context.Context, d *db.DB) error {
	if _, err := d.ExecContext(ctx, `DELETE FROM challenge_spent WHERE expires_at < $1`, d.Now()); err != nil {
		return fmt.Errorf("challenge: sweep: %w", err)
	}
	return nil
}
