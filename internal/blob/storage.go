package blob

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"rapport/internal/fault"
)

// storage turns a disk's error into words.
func storage(act string, err error) error {
	err = fmt.Errorf("blob: %s: %w", act, err)
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return fault.As(fault.NotFound, err, "This file is gone or was never stored.")
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fault.As(fault.Unavailable, err, "The disk is full, so the file was not stored. Free some space and try again.")
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fault.As(fault.Unavailable, err, "The folder for files cannot be written. Check who owns it.")
	}
	return fault.As(fault.Unavailable, err, "The disk for files does not work as it should. Try again later.")
}

func unique() string { return rand.Text() }
