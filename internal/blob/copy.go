package blob

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"

	"rapport/internal/fault"
)

// Copied counts what Copy did.
type Copied struct {
	Files   int   // that lie in the target now
	Fresh   int   // of them, those that were copied by this run
	Bytes   int64 // of all of them
	Skipped int   // disappeared while we were at it
}

// Copy copies every blob to another store and reads each back there: it counts
// only what has the same checksum on both sides. What lies there already with
// the same content is not copied again, so that a copy that was cut short goes
// on. Nothing is deleted. tell is called after each blob.
func Copy(ctx context.Context, from, to Store, tell func(Copied)) (Copied, error) {
	var out Copied
	for info, err := range from.List(ctx, "") {
		if err != nil {
			return out, err
		}
		fresh, err := copyOne(ctx, from, to, info)
		if fault.Is(err, fault.NotFound) {
			out.Skipped++
			continue
		}
		if err != nil {
			return out, err
		}
		out.Files++
		out.Bytes += info.Size
		if fresh {
			out.Fresh++
		}
		tell(out)
	}
	return out, nil
}

func copyOne(ctx context.Context, from, to Store, info Info) (fresh bool, err error) {
	want, err := sum(ctx, from, info.Key)
	if err != nil {
		return false, err
	}
	there, err := to.Stat(ctx, info.Key)
	if err == nil && there.Size == info.Size {
		if got, err := sum(ctx, to, info.Key); err == nil && got == want {
			return false, nil
		}
	} else if err != nil && !fault.Is(err, fault.NotFound) {
		return false, err
	}
	r, _, err := from.Open(ctx, info.Key)
	if err != nil {
		return false, err
	}
	defer r.Close()
	if _, err := to.Put(ctx, info.Key, r); err != nil {
		return false, err
	}
	got, err := sum(ctx, to, info.Key)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return false, err
	}
	if err != nil || got != want {
		return false, fault.New(fault.Unavailable, "The copy of %s differs from the file. Nothing was deleted; look at both stores and run this again.", info.Key)
	}
	return true, nil
}

func sum(ctx context.Context, s Store, key string) (out [sha256.Size]byte, err error) {
	r, _, err := s.Open(ctx, key)
	if err != nil {
		return out, err
	}
	defer r.Close()
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return out, fmt.Errorf("blob: read %s: %w", key, err)
	}
	return [sha256.Size]byte(h.Sum(nil)), nil
}
