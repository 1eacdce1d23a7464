package db

import (
	"fmt"
	"os"
	"sync"
)

// syncer makes SQLite commits durable together. A commit of the writer is in
// the write-ahead log when it returns, but perhaps not yet on the disk; one
// fsync of the log covers every commit before it, so those who wait share it
// instead of each paying for one while holding the writer.
type syncer struct {
	log *os.File

	mu      sync.Mutex
	running bool
	waiting []chan error
}

// newSyncer opens the log of the database at path. The log is there once the
// first connection has switched to it, and stays the same file until the last
// connection closes.
func newSyncer(path string) (*syncer, error) {
	f, err := os.OpenFile(path+"-wal", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	return &syncer{log: f}, nil
}

// wait returns when everything that was committed before it is on the disk.
func (s *syncer) wait() error {
	done := make(chan error, 1)
	s.mu.Lock()
	s.waiting = append(s.waiting, done)
	if !s.running {
		s.running = true
		go s.run()
	}
	s.mu.Unlock()
	if err := <-done; err != nil {
		return fmt.Errorf("db: the commit may not be on the disk: %w", err)
	}
	return nil
}

func (s *syncer) run() {
	s.mu.Lock()
	for len(s.waiting) > 0 {
		batch := s.waiting
		s.waiting = nil
		s.mu.Unlock()
		err := s.log.Sync()
		for _, done := range batch {
			done <- err
		}
		s.mu.Lock()
	}
	s.running = false
	s.mu.Unlock()
}

func (s *syncer) close() error { return s.log.Close() }
