// Package blob keeps files: pictures, exports and the like. A blob is written
// whole and never changed; its key says what it is. Who may read one is
// decided by the package that hands out the key.
package blob

import (
	"context"
	"io"
	"iter"
	"strings"
	"time"

	"rapport/internal/fault"
)

// Info describes a stored blob.
type Info struct {
	Key      string
	Size     int64 // bytes
	Modified time.Time
}

// Store keeps blobs. A missing blob is a fault.NotFound, a bad key a
// fault.Invalid, a full or broken disk a fault.Unavailable. It is safe for
// concurrent use.
type Store interface {
	// Put stores what r holds under key and replaces what was there. Readers
	// see the old blob or the new one, never a part, and when Put returns nil
	// the blob survives a power cut.
	Put(ctx context.Context, key string, r io.Reader) (Info, error)
	// Open returns the blob from its beginning. The caller closes it.
	Open(ctx context.Context, key string) (io.ReadSeekCloser, Info, error)
	// Stat returns what Open would, without the content.
	Stat(ctx context.Context, key string) (Info, error)
	// Delete removes the blob. Removing one that is not there is no error.
	Delete(ctx context.Context, key string) error
	// List yields the blobs whose key begins with prefix, in key order. It
	// ends with the first error.
	List(ctx context.Context, prefix string) iter.Seq2[Info, error]
}

const maxKey = 200

// CheckKey returns a fault.Invalid unless key is a path of lower-case letters,
// digits, "-", "_" and "." whose parts begin with a letter or a digit:
// "brand/0198/photo.jpg". Such a key is safe in every file system and bucket.
func CheckKey(key string) error {
	if len(key) == 0 || len(key) > maxKey {
		return fault.New(fault.Invalid, "A file's key has 1 to %d characters.", maxKey)
	}
	for part := range strings.SplitSeq(key, "/") {
		if part == "" || !alphanumeric(rune(part[0])) || strings.ContainsFunc(part, forbidden) {
			return fault.New(fault.Invalid, "%q is not a file's key.", key)
		}
	}
	return nil
}

func alphanumeric(r rune) bool { return 'a' <= r && r <= 'z' || '0' <= r && r <= '9' }

func forbidden(r rune) bool { return !alphanumeric(r) && !strings.ContainsRune("-_.", r) }
