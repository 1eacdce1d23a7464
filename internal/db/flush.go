package db

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// flusher makes what SQLite has committed to its write-ahead log survive a
// loss of power. The writer does not wait for the disk: it passes its turn on,
// and those who need to know share one flush. A log that was copied into the
// database meanwhile was flushed by SQLite before that.
type flusher struct {
	log string // path

	mu   sync.Mutex
	next *flush // takes those who have committed and wait; nil: nobody does

	turn   sync.Mutex // of the one flush at work; guards what follows
	file   *os.File
	broken error // after a flush that failed, nobody knows what the disk has
}

type flush struct {
	done chan struct{}
	err  error
}

// wait returns once everything that was committed before the call is on the
// disk.
func (f *flusher) wait() error {
	f.mu.Lock()
	mine := f.next
	first := mine == nil
	if first {
		mine = &flush{done: make(chan struct{})}
		f.next = mine
	}
	f.mu.Unlock()
	if first {
		f.run(mine)
	}
	<-mine.done
	return mine.err
}

func (f *flusher) run(mine *flush) {
	f.turn.Lock()
	defer f.turn.Unlock()
	// Whoever comes from here on may have committed too late for this one.
	f.mu.Lock()
	f.next = nil
	f.mu.Unlock()
	if f.broken == nil {
		f.broken = f.sync()
	}
	mine.err = f.broken
	close(mine.done)
}

func (f *flusher) sync() error {
	if f.file == nil {
		if err := f.open(); err != nil {
			return fmt.Errorf("db: flush: %w", err)
		}
	}
	if err := f.file.Sync(); err != nil {
		return fmt.Errorf("db: flush: %w", err)
	}
	return nil
}

// open finds the log, which the first write has made and which stays until
// the database is closed, and flushes its name too.
func (f *flusher) open() error {
	dir, err := os.Open(filepath.Dir(f.log))
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := dir.Sync(); err != nil {
		return err
	}
	f.file, err = os.OpenFile(f.log, os.O_RDWR, 0)
	return err
}

func (f *flusher) close() error {
	f.turn.Lock()
	defer f.turn.Unlock()
	if f.file == nil {
		return nil
	}
	return f.file.Close()
}
