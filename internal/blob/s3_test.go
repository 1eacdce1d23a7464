package blob_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rapport/internal/blob"
	"rapport/internal/blob/blobtest"
	"rapport/internal/fault"
	"rapport/internal/secret"
)

// versity starts a real S3 server on a folder of the test's own and returns
// its address without a bucket. The test is skipped with words where the
// server is not installed: make test-real installs it.
func versity(t *testing.T) (base, folder string) {
	t.Helper()
	program := os.Getenv("RAPPORT_TEST_S3")
	if program == "" {
		t.Skip("RAPPORT_TEST_S3 names no versitygw; make test-real installs one")
	}
	folder = t.TempDir()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().String()
	l.Close()
	cmd := exec.Command(program, "--access", "AKIDTEST", "--secret", "sesame-and-more", "--port", at, "--quiet", "posix", "--sidecar", t.TempDir(), folder)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for range 200 {
		conn, err := net.Dial("tcp", at)
		if err == nil {
			conn.Close()
			return "s3://AKIDTEST:sesame-and-more@" + at, folder
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("versitygw does not listen")
	return "", ""
}

var buckets atomic.Int32

// bucket makes a new bucket, which on this server is a folder.
func bucket(t *testing.T, base, folder string) *blob.S3 {
	t.Helper()
	name := fmt.Sprintf("bucket-%d", buckets.Add(1))
	if err := os.Mkdir(filepath.Join(folder, name), 0o700); err != nil {
		t.Fatal(err)
	}
	return openS3(t, base+"/"+name+"?insecure")
}

func openS3(t *testing.T, address string) *blob.S3 {
	t.Helper()
	s, err := blob.OpenS3(secret.Text(address))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestS3(t *testing.T) {
	base, folder := versity(t)
	blobtest.Run(t, func(t *testing.T) blob.Store { return bucket(t, base, folder) })
}

// A file that is sent in parts is whole, and can be read from anywhere.
func TestS3LargeFile(t *testing.T) {
	base, folder := versity(t)
	s := bucket(t, base, folder)
	content := make([]byte, 37<<20+11)
	random := rand.NewChaCha8([32]byte{1})
	_, _ = random.Read(content)
	info, err := s.Put(t.Context(), "large", strings.NewReader(string(content)))
	if err != nil || info.Size != int64(len(content)) {
		t.Fatalf("%+v %v", info, err)
	}
	r, _, err := s.Open(t.Context(), "large")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, at := range []int64{20 << 20, 0, 37 << 20} {
		if _, err := r.Seek(at, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, 11)
		if _, err := io.ReadFull(r, got); err != nil || string(got) != string(content[at:at+11]) {
			t.Errorf("at %d: %v", at, err)
		}
	}
	if n, err := r.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("behind the end: %d, %v", n, err)
	}
}

func TestS3Check(t *testing.T) {
	base, folder := versity(t)
	good := bucket(t, base, folder)
	if err := good.Check(t.Context()); err != nil {
		t.Error(err)
	}
	for range good.List(t.Context(), "") {
		t.Error("the check leaves a file")
	}
	if err := openS3(t, base+"/nothing-here?insecure").Check(t.Context()); !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.Text(err), "no bucket") {
		t.Errorf("no bucket: %v", err)
	}
	wrong := strings.Replace(base, "sesame", "seasme", 1)
	if err := openS3(t, wrong+"/bucket-1?insecure").Check(t.Context()); !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.Text(err), "key, secret and region") || strings.Contains(err.Error(), "seasme") {
		t.Errorf("a wrong secret: %v", err)
	}
}

// What was cut short goes on, what differs is copied again, and back again is
// the same.
func TestCopyToS3AndBack(t *testing.T) {
	base, folder := versity(t)
	copyBothWays(t, bucket(t, base, folder))
}

func TestCopyBetweenFolders(t *testing.T) { copyBothWays(t, folderStore(t)) }

func folderStore(t *testing.T) *blob.Folder {
	t.Helper()
	s, err := blob.OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func copyBothWays(t *testing.T, to blob.Store) {
	from, back := folderStore(t), folderStore(t)
	for i := range 12 {
		if _, err := from.Put(t.Context(), fmt.Sprintf("b/%d", i), strings.NewReader(strings.Repeat("x", i*100))); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	if c, err := blob.Copy(ctx, from, to, func(c blob.Copied) {
		if c.Files == 5 {
			stop()
		}
	}); err == nil {
		t.Errorf("cut short: %+v", c)
	}
	if _, err := to.Put(t.Context(), "b/1", strings.NewReader(strings.Repeat("y", 100))); err != nil {
		t.Fatal(err) // the same size, another content
	}
	c, err := blob.Copy(t.Context(), from, to, func(blob.Copied) {})
	if err != nil || c.Files != 12 || c.Fresh != 8 {
		t.Errorf("goes on: %+v %v", c, err)
	}
	if c, err := blob.Copy(t.Context(), from, to, func(blob.Copied) {}); err != nil || c.Fresh != 0 {
		t.Errorf("once more: %+v %v", c, err)
	}
	if c, err := blob.Copy(t.Context(), to, back, func(blob.Copied) {}); err != nil || c.Files != 12 {
		t.Errorf("back: %+v %v", c, err)
	}
	for info, err := range from.List(t.Context(), "") {
		there, missing := back.Stat(t.Context(), info.Key)
		if err != nil || missing != nil || there.Size != info.Size {
			t.Errorf("%s: %v %v", info.Key, err, missing)
		}
	}
}

func TestS3Addresses(t *testing.T) {
	for _, c := range []struct {
		address, has string
		plain        bool
	}{
		{"s3://K:S@s3.example.org/media", "", false},
		{"s3://K:S@10.0.0.1:9000/media?region=eu-central-1&insecure", "", true},
		{"s3://K:S@s3.example.org", "s3://KEY", false},
		{"s3://K:S@s3.example.org/a/b", "s3://KEY", false},
		{"s3://s3.example.org/media", "s3://KEY", false},
		{"s3://K@s3.example.org/media", "s3://KEY", false},
		{"https://K:S@s3.example.org/media", "s3://KEY", false},
		{"s3://K:S@s3.example.org/media?regoin=x", "regoin", false},
		{"s3://K:ses%zzame@host/media", "s3://KEY", false},
	} {
		p, err := blob.ParseS3(secret.Text(c.address))
		if c.has == "" && (err != nil || p.Bucket != "media" || p.Plain != c.plain || p.Region == "") {
			t.Errorf("%s: %+v %v", c.address, p, err)
		}
		if c.has != "" && (!fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.has) || strings.Contains(err.Error(), "zzame")) {
			t.Errorf("%s: %v", c.address, err)
		}
	}
}

// Whatever an S3 server does wrong, the words say what to do and hold no
// secret.
func TestS3Troubles(t *testing.T) {
	status, code := 0, ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		fmt.Fprintf(w, `<?xml version="1.0"?><Error><Code>%s</Code><Message>no</Message></Error>`, code)
	}))
	defer server.Close()
	s := openS3(t, "s3://K:sesame@"+strings.TrimPrefix(server.URL, "http://")+"/media?insecure")
	for _, c := range []struct {
		status int
		code   string
		kind   fault.Kind
		has    string
	}{
		{404, "NoSuchKey", fault.NotFound, "gone"},
		{404, "NoSuchBucket", fault.Unavailable, "no bucket media"},
		{403, "AccessDenied", fault.Unavailable, "AccessDenied"},
		{507, "InsufficientStorage", fault.Unavailable, "full"},
		{400, "Strange", fault.Unavailable, "does not work"},
	} {
		status, code = c.status, c.code
		_, err := s.Put(t.Context(), "k", strings.NewReader("x"))
		if !fault.Is(err, c.kind) || !strings.Contains(fault.Text(err), c.has) || strings.Contains(err.Error(), "sesame") {
			t.Errorf("%d %s: %v", c.status, c.code, err)
		}
	}
	server.Close()
	gone, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if _, err := s.Stat(gone, "k"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("nobody there: %v", err)
	}
}
