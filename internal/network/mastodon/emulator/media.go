package emulator

import (
	"bytes"
	"image"
	_ "image/gif" // formats whose size is read
	_ "image/jpeg"
	_ "image/png"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	_ "golang.org/x/image/webp"

	"rapport/internal/network/networktest/wire"
)

const (
	imageBytes = 16 << 20
	videoBytes = 99 << 20
)

var (
	imageTypes = []string{"image/jpeg", "image/png", "image/gif", "image/webp"}
	mediaTypes = append(slices.Clone(imageTypes), "video/mp4", "video/webm", "video/quicktime", "audio/mpeg", "audio/ogg", "audio/wave")
)

type upload struct {
	ID          string
	Description string
	mime        string
	owner       *account
	status      *Status // that shows it
	content     []byte
	width       int
	height      int
	focus       [2]float64
	readyAt     time.Time
}

func (m *upload) moving() bool { return !strings.HasPrefix(m.mime, "image/") }

func (m *upload) processing(now time.Time) bool { return now.Before(m.readyAt) }

func (m *upload) describe(text string, most int) *problem {
	if len([]rune(text)) > most {
		return refuse("alt_too_long", "Validation failed: Description is too long (maximum is %d characters)", most)
	}
	m.Description = text
	return nil
}

func (s *Server) createMedia(c *call) (int, any, *problem) {
	f, _, err := c.r.FormFile("file")
	if err != nil {
		return 0, nil, refuse("no_file", "Validation failed: File can't be blank")
	}
	defer f.Close()
	content, err := io.ReadAll(f)
	if err != nil {
		return 0, nil, unreadable
	}
	m := &upload{owner: c.who, content: content, mime: http.DetectContentType(content)}
	if no := m.check(); no != nil {
		return 0, nil, no
	}
	if no := s.adjust(c, m); no != nil {
		return 0, nil, no
	}
	now := s.options.Now()
	m.ID, m.readyAt = s.nextID(now), now.Add(s.options.MediaDelay+wire.MediaDelay(c.r.Context()))
	s.media[m.ID] = m
	return s.mediaAnswer(c, m, http.StatusAccepted)
}

func (m *upload) check() *problem {
	most := videoBytes
	if !m.moving() {
		most = imageBytes
	}
	switch {
	case len(m.content) == 0:
		return refuse("no_file", "Validation failed: File can't be blank")
	case !slices.Contains(mediaTypes, m.mime):
		return refuse("media_type", "Validation failed: File content type is invalid, File is invalid")
	case len(m.content) > most:
		return refuse("media_too_large", "Validation failed: File file size must be less than %d MB", most>>20)
	case m.moving():
		return nil
	}
	conf, _, err := image.DecodeConfig(bytes.NewReader(m.content))
	if err != nil {
		return refuse("media_broken", "Error processing thumbnail for uploaded media")
	}
	m.width, m.height = conf.Width, conf.Height
	return nil
}

// adjust sets what may be said of a medium now and later.
func (s *Server) adjust(c *call, m *upload) *problem {
	if no := c.texts("description", "focus"); no != nil {
		return no
	}
	if focus := c.Get("focus"); focus != "" {
		x, y, _ := strings.Cut(focus, ",")
		left, err := strconv.ParseFloat(x, 64)
		down, err2 := strconv.ParseFloat(y, 64)
		if err != nil || err2 != nil || max(left, down) > 1 || min(left, down) < -1 {
			return refuse("focus", "Validation failed: Focus must be two numbers from -1 to 1")
		}
		m.focus = [2]float64{left, down}
	}
	if _, given := c.Values["description"]; !given {
		return nil
	}
	return m.describe(c.Get("description"), s.options.AltLimit)
}

// unattached is the medium a request is about; one that a status shows is
// not found here any more.
func (s *Server) unattached(c *call) (*upload, *problem) {
	m := s.media[c.r.PathValue("id")]
	if m == nil || m.owner != c.who || m.status != nil {
		return nil, notFound
	}
	return m, nil
}

func (s *Server) showMedia(c *call) (int, any, *problem) {
	m, no := s.unattached(c)
	if no != nil {
		return 0, nil, no
	}
	return s.mediaAnswer(c, m, http.StatusPartialContent)
}

func (s *Server) changeMedia(c *call) (int, any, *problem) {
	m, no := s.unattached(c)
	if no != nil {
		return 0, nil, no
	}
	if no := s.adjust(c, m); no != nil {
		return 0, nil, no
	}
	return s.mediaAnswer(c, m, http.StatusOK)
}

func (s *Server) dropMedia(c *call) (int, any, *problem) {
	m, no := s.unattached(c)
	if no != nil {
		return 0, nil, no
	}
	delete(s.media, m.ID)
	return http.StatusOK, object{}, nil
}

func (s *Server) mediaAnswer(c *call, m *upload, unready int) (int, any, *problem) {
	if m.processing(s.options.Now()) {
		return unready, s.mediaEntity(c.place, m), nil
	}
	return http.StatusOK, s.mediaEntity(c.place, m), nil
}

func (s *Server) mediaEntities(p place, ids []string) []any {
	out := []any{}
	for _, id := range ids {
		out = append(out, s.mediaEntity(p, s.media[id]))
	}
	return out
}

func (s *Server) mediaEntity(p place, m *upload) object {
	e := object{"id": m.ID, "type": m.kind(), "url": nil, "preview_url": nil, "remote_url": nil, "description": nil, "blurhash": nil, "meta": object{}}
	if m.Description != "" {
		e["description"] = m.Description
	}
	if m.processing(s.options.Now()) {
		return e
	}
	e["url"], e["preview_url"] = p.base+"/media/"+m.ID, p.base+"/media/"+m.ID
	if m.width > 0 {
		size := object{"width": m.width, "height": m.height, "size": strconv.Itoa(m.width) + "x" + strconv.Itoa(m.height), "aspect": float64(m.width) / float64(m.height)}
		e["meta"] = object{"original": size, "small": size, "focus": object{"x": m.focus[0], "y": m.focus[1]}}
	}
	return e
}

func (m *upload) kind() string {
	kind, _, _ := strings.Cut(m.mime, "/")
	return kind
}

func (s *Server) showFile(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	m := s.media[r.PathValue("id")]
	s.mu.Unlock()
	if m == nil {
		s.missing(w)
		return
	}
	w.Header().Set("Content-Type", m.mime)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(m.content))
}
