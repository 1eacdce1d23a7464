package installation

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"rapport/internal/fault"
)

// Holder says who holds a folder.
type Holder struct {
	PID     int       `json:"pid"`
	Command string    `json:"command"` // serve, demo, restore
	Addr    string    `json:"addr"`
	Since   time.Time `json:"since"`
}

// Lock makes this process the only one that works on a data folder, until
// release is called or the process ends in any way. Where another one does,
// the answer is a fault.Conflict that says which.
func Lock(dir string, h Holder) (release func(), err error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("installation: lock: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		defer f.Close()
		return nil, fault.New(fault.Conflict, "%s works on the folder %s already. Stop it first, or choose another folder with --data.", holder(f), dir)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("installation: lock: %w", err)
	}
	h.PID, h.Since = os.Getpid(), time.Now()
	if b, err := json.Marshal(h); err == nil && f.Truncate(0) == nil {
		f.WriteAt(b, 0) // only words for the other process; the lock is what counts
	}
	return func() { f.Close() }, nil
}

func holder(f *os.File) string {
	var h Holder
	if err := json.NewDecoder(f).Decode(&h); err != nil || h.PID == 0 {
		return "Another Rapport"
	}
	text := fmt.Sprintf("“rapport %s” (process %d", h.Command, h.PID)
	if h.Addr != "" {
		text += ", at " + h.Addr
	}
	return text + ", since " + h.Since.Format("2 Jan 15:04") + ")"
}
