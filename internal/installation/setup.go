package installation

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"strings"

	"rapport/internal/db"
	"rapport/internal/fault"
)

// Crockford's letters: no I, L, O or U, so that a code survives being read
// aloud.
const codeLetters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// keptCodes is how many codes hold at once: one for each node that was
// started before the set-up.
const keptCodes = 5

// OfferSetup returns a new one-time code for the first visit. It is stored
// hashed, so each start before the set-up makes another; the last five hold.
func OfferSetup(ctx context.Context, d *db.DB) (code string, err error) {
	code = newCode()
	err = d.Tx(ctx, func(tx *db.Tx) error {
		stored, err := read(ctx, tx, keySetup)
		if err != nil {
			return err
		}
		kept := append([]string{hashCode(code)}, strings.Fields(stored)...)
		return write(ctx, tx, keySetup, strings.Join(kept[:min(len(kept), keptCodes)], " "))
	})
	if err != nil {
		return "", fmt.Errorf("installation: offer the set-up: %w", err)
	}
	return code, nil
}

// newCode has 60 random bits in three groups of four letters.
func newCode() string {
	b := make([]byte, 12)
	rand.Read(b) // never fails; see crypto/rand
	var out strings.Builder
	for i, v := range b {
		if i > 0 && i%4 == 0 {
			out.WriteByte('-')
		}
		out.WriteByte(codeLetters[v%32])
	}
	return out.String()
}

// hashCode forgives case, spaces, dashes and the look-alikes of 0 and 1.
func hashCode(code string) string {
	plain := strings.NewReplacer("-", "", " ", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(code))
	sum := sha256.Sum256([]byte(plain))
	return hex.EncodeToString(sum[:])
}

// SetupOpen reports whether a set-up code is waiting to be used.
func SetupOpen(ctx context.Context, q db.Queryer) (bool, error) {
	v, err := read(ctx, q, keySetup)
	if err != nil {
		return false, fmt.Errorf("installation: set-up: %w", err)
	}
	return v != "", nil
}

// UseSetup takes the code in the transaction that makes the first account.
// Of two at once one wins; the other gets fault.Conflict.
func UseSetup(ctx context.Context, tx *db.Tx, code string) error {
	stored, err := read(ctx, tx, keySetup)
	if err != nil {
		return fmt.Errorf("installation: use the set-up code: %w", err)
	}
	if stored == "" {
		return fault.New(fault.Conflict, "Rapport is set up already. Sign in instead.")
	}
	match, given := 0, []byte(hashCode(code))
	for _, h := range strings.Fields(stored) {
		match |= subtle.ConstantTimeCompare([]byte(h), given)
	}
	if match == 0 {
		return fault.OnField("code", "This is not the code that Rapport printed when it started. Look at its console or log.")
	}
	return CloseSetup(ctx, tx)
}

// CloseSetup makes every set-up code worthless, for when the first account is
// made in another way.
func CloseSetup(ctx context.Context, tx *db.Tx) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM installation WHERE key = $1`, keySetup); err != nil {
		return fmt.Errorf("installation: close the set-up: %w", err)
	}
	return nil
}
