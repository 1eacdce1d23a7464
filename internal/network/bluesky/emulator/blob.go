package emulator

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"rapport/internal/network/networktest/wire"
)

// blobMost is the size of the largest blob in bytes; jsonMost of the largest
// request of another kind.
const (
	blobMost = 50 << 20
	jsonMost = 150 << 10
)

type blob struct {
	blobRef
	content []byte
	at      time.Time
	named   bool // by a record, once; from then on the record's word counts
}

// uploadBlob keeps what it is given under the hash of its bytes. The type is
// what the bytes look like, and what the caller says only where they look
// like nothing.
func (s *Server) uploadBlob(c *call) (any, *problem) {
	content, err := io.ReadAll(c.r.Body)
	if err != nil {
		return nil, badRequest("The blob could not be read")
	}
	mime := http.DetectContentType(content)
	if !strings.HasPrefix(mime, "image/") && !strings.HasPrefix(mime, "video/") {
		mime = mediaType(c.r)
	}
	b := &blob{blobRef: blobRef{cid: cidOf(codecRaw, content), mime: mime, size: len(content)}, content: content, at: s.now()}
	c.account.blobs[b.cid] = b
	s.uploads++
	return map[string]any{"blob": map[string]any{"$type": "blob", "ref": map[string]any{"$link": b.cid}, "mimeType": b.mime, "size": b.size}}, nil
}

// slowUpload waits as long as a fault on order says, before the upload is
// taken in.
func (s *Server) slowUpload(r *http.Request) {
	d := wire.MediaDelay(r.Context())
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.closing:
	case <-r.Context().Done():
	}
}

// blobsThere checks that every blob a record names was uploaded, is as the
// record says, and has not been cleared away.
func (s *Server) blobsThere(a *account, refs []blobRef) *problem {
	for _, ref := range refs {
		b := a.blobs[ref.cid]
		switch {
		case b == nil || !s.kept(a, b):
			return &problem{status: 400, name: "BlobNotFound", text: "Could not find blob: " + ref.cid}
		case b.named:
		case b.mime != ref.mime:
			return &problem{status: 400, name: "InvalidMimeType", text: fmt.Sprintf("Referenced Mimetype does not match stored blob. Expected: %s, Got: %s", b.mime, ref.mime)}
		case b.size != ref.size:
			return &problem{status: 400, name: "InvalidSize", text: fmt.Sprintf("Referenced Size does not match stored blob. Expected: %d, Got: %d", b.size, ref.size)}
		}
	}
	return nil
}

// nameBlobs makes the blobs of a record lasting.
func (a *account) nameBlobs(refs []blobRef) {
	for _, ref := range refs {
		if b := a.blobs[ref.cid]; b != nil {
			b.named = true
		}
	}
}

// dropBlobs forgets the blobs of a record that is gone, but for those that
// another one names.
func (a *account) dropBlobs(refs []blobRef) {
	for _, ref := range refs {
		if b := a.blobs[ref.cid]; b != nil && b.named && !a.names(b) {
			delete(a.blobs, ref.cid)
		}
	}
}

// kept reports whether a blob is still there: young, or named by a record.
func (s *Server) kept(a *account, b *blob) bool {
	return a.names(b) || !b.named && s.now().Sub(b.at) < s.options.BlobLife
}

func (a *account) names(b *blob) bool {
	for _, rec := range a.records {
		for _, ref := range blobsIn(rec.value) {
			if ref.cid == b.cid {
				return true
			}
		}
	}
	return false
}

func (s *Server) getBlob(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	b := s.storedBlob(r.URL.Query().Get("did"), r.URL.Query().Get("cid"))
	s.mu.Unlock()
	if b == nil {
		writeProblem(w, &problem{status: 400, name: "BlobNotFound", text: "Blob not found"})
		return
	}
	b.serve(w, r)
}

func (s *Server) storedBlob(did, cid string) *blob {
	a := s.byDID[did]
	if a == nil || a.blobs[cid] == nil || !s.kept(a, a.blobs[cid]) {
		return nil
	}
	return a.blobs[cid]
}
