package blob_test

import (
	"bufio"
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"rapport/internal/blob"
	"rapport/internal/blob/blobtest"
)

// s3server is as much of an S3 server as small files need, so that the store
// is tested everywhere; make test-real tests it on a real one.
type s3server struct {
	mu      sync.Mutex
	objects map[string]s3object
}

type s3object struct {
	body []byte
	at   time.Time
}

func (o s3object) tag() string {
	sum := md5.Sum(o.body)
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

func (s *s3server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.Contains(r.Header.Get("Authorization"), "Credential=K/") {
		s3fail(w, http.StatusForbidden, "AccessDenied")
		return
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if bucket != "media" {
		s3fail(w, http.StatusNotFound, "NoSuchBucket")
		return
	}
	s.mu.Lock()
	object, there := s.objects[key]
	s.mu.Unlock()
	switch {
	case key == "" && r.Method == http.MethodHead:
	case key == "":
		s.list(w, r.URL.Query().Get("prefix"))
	case r.Method == http.MethodPut:
		s.put(w, r, key)
	case r.Method == http.MethodDelete:
		s.mu.Lock()
		delete(s.objects, key)
		s.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	case !there:
		s3fail(w, http.StatusNotFound, "NoSuchKey")
	default:
		w.Header().Set("ETag", object.tag())
		http.ServeContent(w, r, "", object.at, bytes.NewReader(object.body)) // ranges and conditions
	}
}

func s3fail(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, `<Error><Code>%s</Code><Message>no</Message></Error>`, code)
}

func (s *s3server) put(w http.ResponseWriter, r *http.Request, key string) {
	body, err := s3body(r)
	if err != nil {
		s3fail(w, http.StatusBadRequest, "IncompleteBody")
		return
	}
	o := s3object{body, time.Now()}
	s.mu.Lock()
	s.objects[key] = o
	s.mu.Unlock()
	w.Header().Set("ETag", o.tag())
}

// s3body reads a body, also one that comes in signed chunks.
func s3body(r *http.Request) ([]byte, error) {
	want, err := strconv.Atoi(r.Header.Get("X-Amz-Decoded-Content-Length"))
	if err != nil {
		return io.ReadAll(r.Body)
	}
	var out bytes.Buffer
	in := bufio.NewReader(r.Body)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return nil, err
		}
		size, _, _ := strings.Cut(strings.TrimSpace(line), ";")
		n, err := strconv.ParseInt(size, 16, 64)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			break
		}
		if _, err := io.CopyN(&out, in, n); err != nil {
			return nil, err
		}
		if _, err := in.Discard(len("\r\n")); err != nil {
			return nil, err
		}
	}
	if _, err := io.Copy(io.Discard, in); err != nil || out.Len() != want {
		return nil, fmt.Errorf("%d bytes of %d: %w", out.Len(), want, err)
	}
	return out.Bytes(), nil
}

func (s *s3server) list(w http.ResponseWriter, prefix string) {
	type content struct {
		Key          string
		Size         int
		LastModified string
		ETag         string
	}
	answer := struct {
		XMLName     xml.Name `xml:"ListBucketResult"`
		IsTruncated bool
		Contents    []content
	}{}
	s.mu.Lock()
	for key, o := range s.objects {
		if strings.HasPrefix(key, prefix) {
			answer.Contents = append(answer.Contents, content{key, len(o.body), o.at.UTC().Format(time.RFC3339Nano), o.tag()})
		}
	}
	s.mu.Unlock()
	slices.SortFunc(answer.Contents, func(a, b content) int { return strings.Compare(a.Key, b.Key) })
	w.Header().Set("Content-Type", "application/xml")
	_ = xml.NewEncoder(w).Encode(answer)
}

func emulated(t *testing.T) *blob.S3 {
	t.Helper()
	server := httptest.NewServer(&s3server{objects: map[string]s3object{}})
	t.Cleanup(server.Close)
	return openS3(t, "s3://K:sesame@"+strings.TrimPrefix(server.URL, "http://")+"/media?insecure")
}

func TestS3Emulated(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Store { return emulated(t) })
}

func TestS3EmulatedCheckAndCopy(t *testing.T) {
	if err := emulated(t).Check(t.Context()); err != nil {
		t.Error(err)
	}
	copyBothWays(t, emulated(t))
}
