package webhook

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/secret"
)

// SecretPrefix begins every secret, so that people and secret scanners know
// one when they see it.
const SecretPrefix = "whsec_"

const secretSize = 32 // bytes; the specification asks for 24 to 64

// newSecret makes a secret in the form in which receivers are given it.
func newSecret() secret.Text {
	raw := make([]byte, secretSize)
	rand.Read(raw) // never fails: the runtime stops the program instead
	return secret.Text(SecretPrefix + base64.StdEncoding.EncodeToString(raw))
}

// Sign returns one signature over a call, as the header webhook-signature
// holds it, by the Standard Webhooks specification: HMAC-SHA256 over id, time
// and body. at is in seconds since 1970.
func Sign(s secret.Text, id string, at int64, body []byte) (string, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s.Reveal(), SecretPrefix))
	if err != nil || len(key) == 0 {
		return "", fault.New(fault.Invalid, "The webhook's secret is damaged. Make a new one.")
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%d.", id, at)
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)), nil
}

// Signatures are those of all secrets that are valid at that time, with spaces
// between them.
func (w Claimed) Signatures(now db.Time, body []byte) (string, error) {
	var all []string
	for _, s := range w.secrets {
		one, err := Sign(s, w.ID, int64(now)/1000, body)
		if err != nil {
			return "", err
		}
		all = append(all, one)
	}
	return strings.Join(all, " "), nil
}
