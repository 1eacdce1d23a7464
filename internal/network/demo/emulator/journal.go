package emulator

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// entry is one line of the journal; one field is set.
type entry struct {
	Account *Account `json:"account,omitempty"`
	Post    *Post    `json:"post,omitempty"`
	Media   *picture `json:"media,omitempty"`
	Removed string   `json:"removed,omitempty"`
	Bio     *bio     `json:"bio,omitempty"`
}

// journal appends to a file; nil writes nothing. Each entry is one write, so
// it outlives a killed process.
type journal struct {
	file     *os.File
	pictures string
}

func (j *journal) write(e entry) error {
	if j == nil {
		return nil
	}
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("demo network: journal: %w", err)
	}
	if _, err := j.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("demo network: journal: %w", err)
	}
	return nil
}

func (j *journal) close() error {
	if j == nil {
		return nil
	}
	return j.file.Close()
}

// open reads the journal back and goes on writing behind its last whole line.
func (s *Server) open() error {
	path := s.options.Journal
	if path == "" {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("demo network: journal folder: %w", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return fmt.Errorf("demo network: open journal: %w", err)
	}
	whole, err := s.replay(f)
	if err == nil {
		err = truncate(f, whole)
	}
	if err != nil {
		f.Close()
		return err
	}
	s.journal = &journal{file: f, pictures: path + ".media"}
	return nil
}

func truncate(f *os.File, size int64) error {
	if err := f.Truncate(size); err != nil {
		return fmt.Errorf("demo network: journal: %w", err)
	}
	_, err := f.Seek(size, io.SeekStart)
	return err
}

// replay returns the length of what it understood. A last line without an end
// was cut off by a kill and is dropped.
func (s *Server) replay(f io.Reader) (whole int64, err error) {
	in := bufio.NewReaderSize(f, 64<<10)
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return whole, nil
		}
		if err != nil {
			return 0, fmt.Errorf("demo network: read journal: %w", err)
		}
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			return 0, fmt.Errorf("demo network: line %d of the journal is broken: %w", n, err)
		}
		s.apply(e)
		whole += int64(len(line))
	}
}

func (s *Server) apply(e entry) {
	switch {
	case e.Account != nil:
		if old := s.accounts[e.Account.Name]; old != nil {
			old.Account = *e.Account
			return
		}
		s.accounts[e.Account.Name] = &account{Account: *e.Account}
	case e.Bio != nil:
		s.bios[e.Bio.Name] = e.Bio.Text
	case e.Media != nil:
		s.media[e.Media.ID] = e.Media
	case e.Post != nil:
		s.index(e.Post)
	case s.posts[e.Removed] != nil:
		s.posts[e.Removed].Removed = true
	}
}
