package tell

import (
	"context"

	"rapport/internal/access"
	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/letter"
	"rapport/internal/notice"
	"rapport/internal/secret"
)

// StopPath is the community's page that stops letters, with the signed link as
// its value t.
const StopPath = "/notices/stop"

// StopDigest stands for the digest where a row of the matrix is asked for.
const StopDigest = "digest"

const stopPurpose = "stop letters to a member"

// Stop is what a link in a letter to a member stops: letters of a kind, or the
// digest.
type Stop struct {
	Member string `json:"m"`
	Brand  string `json:"b"`
	What   string `json:"w"` // a kind with a row in notice.Matrix, or StopDigest
}

// stopLink is the address that stops a kind of letters; "" without keys.
func (t *Teller) stopLink(ctx context.Context, s Stop) string {
	if t.Keys == nil {
		return ""
	}
	return t.Address(ctx, s.Brand, StopPath) + "?t=" + letter.Link(t.Keys, stopPurpose, s)
}

// ReadStop reads a link's value t. What this installation did not sign is
// fault.NotFound, and so is a link of another brand.
func ReadStop(keys *secret.Keyring, brandID, value string) (s Stop, err error) {
	if err = letter.ReadLink(keys, stopPurpose, value, &s); err == nil && s.Brand != brandID {
		err = fault.New(fault.NotFound, "This link belongs to another community. Open it as it stands in the letter.")
	}
	return s, err
}

// Title is what it stops, as an id of the catalogs; "" for the digest.
func (s Stop) Title() string {
	row, ok := notice.Named(s.What)
	if !ok {
		return ""
	}
	return row.Title
}

// Do stops the letters, and nothing else; doing it twice is no error.
func (s Stop) Do(ctx context.Context, d *db.DB) error {
	if s.What != StopDigest {
		return notice.StopMail(ctx, d, s.Brand, s.Member, notice.Kind(s.What))
	}
	b, err := brand.ByID(ctx, d, access.System(), s.Brand)
	if err != nil {
		return err
	}
	return notice.StopDigest(ctx, d, b, s.Member)
}
