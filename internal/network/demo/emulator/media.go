package emulator

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"
	"unicode/utf8"
)

type picture struct {
	ID      string    `json:"id"`
	Account string    `json:"account"`
	Mime    string    `json:"mime"`
	Alt     string    `json:"alt,omitempty"`
	ReadyAt time.Time `json:"ready_at"`
	content []byte    // in memory mode
}

// upload checks and keeps a picture.
func (s *Server) upload(a *account, content []byte, alt string, delay time.Duration) (*picture, *problem) {
	mime := http.DetectContentType(content)
	switch {
	case !slices.Contains(imageTypes, mime):
		return nil, refuse("media_type", "Pictures are JPEG, PNG, GIF or WebP here.")
	case len(content) > imageBytes:
		return nil, refuse("media_too_large", "A picture may have %d MB.", imageBytes>>20)
	case utf8.RuneCountInString(alt) > altLimit:
		return nil, refuse("alt_too_long", "A description may have %d characters.", altLimit)
	}
	now := s.options.Now()
	m := &picture{ID: "m" + s.nextID(now), Account: a.Name, Mime: mime, Alt: alt,
		ReadyAt: now.Add(s.options.MediaDelay + delay)}
	if err := s.keep(m, content); err != nil {
		return nil, &problem{status: 503, code: "journal", text: "The demo network cannot keep this picture."}
	}
	return m, nil
}

func (s *Server) keep(m *picture, content []byte) error {
	if s.journal == nil {
		m.content = content
	} else if err := s.journal.savePicture(m.ID, content); err != nil {
		return err
	}
	if err := s.journal.write(entry{Media: m}); err != nil {
		return err
	}
	s.media[m.ID] = m
	return nil
}

func (s *Server) content(m *picture) ([]byte, error) {
	if s.journal == nil {
		return m.content, nil
	}
	return os.ReadFile(s.journal.picturePath(m.ID))
}

func (j *journal) picturePath(id string) string { return filepath.Join(j.pictures, id) }

func (j *journal) savePicture(id string, content []byte) error {
	if err := os.MkdirAll(j.pictures, 0o755); err != nil {
		return fmt.Errorf("demo network: picture folder: %w", err)
	}
	if err := os.WriteFile(j.picturePath(id), content, 0o644); err != nil {
		return fmt.Errorf("demo network: keep picture: %w", err)
	}
	return nil
}
