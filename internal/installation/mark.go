package installation

import (
	"context"
	"fmt"

	"rapport/internal/db"
)

// A mark is something that this installation did once and for all.
const markPrefix = "mark."

// Mark remembers a thing that is done once, with a value.
func Mark(ctx context.Context, tx *db.Tx, name, value string) error {
	if err := write(ctx, tx, markPrefix+name, value); err != nil {
		return fmt.Errorf("installation: mark %s: %w", name, err)
	}
	return nil
}

// Marked returns the value of a mark, "" where it was never made.
func Marked(ctx context.Context, q db.Queryer, name string) (string, error) {
	v, err := read(ctx, q, markPrefix+name)
	if err != nil {
		return "", fmt.Errorf("installation: mark %s: %w", name, err)
	}
	return v, nil
}
