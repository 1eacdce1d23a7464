package blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"rapport/internal/fault"
	"rapport/internal/secret"
)

// S3 is a Store in a bucket of a server that speaks S3. The server is the
// operator's own and may well be an inner one, so it is not called by the
// guarded client.
type S3 struct {
	core   minio.Core
	bucket string
	host   string
}

// S3Place says where a bucket is.
type S3Place struct {
	Host      string // with its port, where it is not the usual one
	Bucket    string
	Region    string
	Plain     bool // without TLS
	key, pass string
}

const s3Form = "Write it as s3://KEY:SECRET@host:port/bucket, with ?region=… where the server wants one and &insecure for a server without TLS."

// ParseS3 reads s3://KEY:SECRET@host[:port]/bucket?region=…&insecure. Its error
// is a fault and holds nothing of the secret.
func ParseS3(text secret.Text) (S3Place, error) {
	u, err := url.Parse(text.Reveal())
	if err != nil || u.Scheme != "s3" || u.Hostname() == "" || u.Fragment != "" {
		return S3Place{}, fault.New(fault.Invalid, s3Form)
	}
	pass, _ := u.User.Password()
	p := S3Place{Host: u.Host, Bucket: strings.Trim(u.Path, "/"), key: u.User.Username(), pass: pass}
	if p.key == "" || p.pass == "" || p.Bucket == "" || strings.Contains(p.Bucket, "/") {
		return S3Place{}, fault.New(fault.Invalid, s3Form)
	}
	for name, values := range u.Query() {
		switch name {
		case "region":
			p.Region = values[0]
		case "insecure":
			p.Plain = values[0] != "false"
		default:
			return S3Place{}, fault.New(fault.Invalid, "There is no setting %q in the address of the bucket. %s", name, s3Form)
		}
	}
	if p.Region == "" {
		p.Region = "us-east-1" // what servers without regions call themselves
	}
	return p, nil
}

// OpenS3 returns the store in a bucket. It asks the server nothing; Check does.
func OpenS3(text secret.Text) (*S3, error) {
	p, err := ParseS3(text)
	if err != nil {
		return nil, err
	}
	core, err := minio.NewCore(p.Host, &minio.Options{Creds: credentials.NewStaticV4(p.key, p.pass, ""), Secure: !p.Plain,
		Region: p.Region, BucketLookup: minio.BucketLookupPath, MaxRetries: 3, Transport: s3Transport()})
	if err != nil {
		return nil, fault.As(fault.Invalid, errors.New("blob: the bucket's address"), s3Form)
	}
	return &S3{*core, p.Bucket, p.Host}, nil
}

func s3Transport() http.RoundTripper {
	return &http.Transport{
		DialContext:           (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: time.Minute,
		MaxIdleConnsPerHost:   64,
		IdleConnTimeout:       time.Minute,
		ForceAttemptHTTP2:     true,
		DisableCompression:    true, // ranges count the bytes that are stored
	}
}

// Name is the server and the bucket, for people.
func (s *S3) Name() string { return s.host + "/" + s.bucket }

// Close drops nothing: connections end by themselves.
func (s *S3) Close() error { return nil }

// Check finds out whether the bucket is there and may be used: it writes a
// file, reads it and deletes it. Its error is a fault that says what to do.
func (s *S3) Check(ctx context.Context) error {
	there, err := s.core.BucketExists(ctx, s.bucket)
	if err != nil {
		return s.explain("look for the bucket", err)
	}
	if !there {
		return fault.New(fault.Unavailable, "There is no bucket %s on %s. Make it, or correct --media-url.", s.bucket, s.host)
	}
	key := "probe/" + strings.ToLower(unique())
	if _, err := s.Put(ctx, key, strings.NewReader(key)); err != nil {
		return err
	}
	r, _, err := s.Open(ctx, key)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(r)
	if err = errors.Join(err, r.Close(), s.Delete(ctx, key)); err != nil {
		return err
	}
	if string(text) != key {
		return fault.New(fault.Unavailable, "%s gives back other bytes than it was given. It cannot be trusted with files.", s.host)
	}
	return nil
}

const (
	// small is up to how many bytes a blob is held in memory and sent in one
	// piece, which the server checks against its checksum.
	small    = 5 << 20
	partSize = 16 << 20
)

// Put sends a small blob in one request and a large one in parts; either way
// it appears whole.
func (s *S3) Put(ctx context.Context, key string, r io.Reader) (Info, error) {
	if err := errors.Join(CheckKey(key), ctx.Err()); err != nil {
		return Info{}, err
	}
	source := &watched{Reader: reader{ctx, r}}
	var head bytes.Buffer
	n, err := io.CopyN(&head, source, small)
	var body io.Reader = &head
	size := n
	if err == nil {
		body, size = io.MultiReader(&head, source), -1
	} else if !errors.Is(err, io.EOF) {
		return Info{}, fmt.Errorf("blob: read what to store: %w", err)
	}
	up, err := s.core.Client.PutObject(ctx, s.bucket, key, body, size, minio.PutObjectOptions{PartSize: partSize, NumThreads: 1, SendContentMd5: true})
	if source.err != nil {
		return Info{}, fmt.Errorf("blob: read what to store: %w", source.err)
	}
	if err != nil {
		return Info{}, s.explain("store", err)
	}
	if up.LastModified.IsZero() {
		return s.Stat(ctx, key)
	}
	return Info{key, up.Size, up.LastModified}, nil
}

// Open begins to fetch the object: size, time and content come in one answer,
// so they belong together.
func (s *S3) Open(ctx context.Context, key string) (io.ReadSeekCloser, Info, error) {
	if err := errors.Join(ctx.Err(), CheckKey(key)); err != nil {
		return nil, Info{}, err
	}
	body, found, _, err := s.core.GetObject(ctx, s.bucket, key, minio.GetObjectOptions{})
	if err != nil {
		return nil, Info{}, s.explain("open", err)
	}
	info := Info{key, found.Size, found.LastModified}
	return &fetched{s: s, ctx: ctx, info: info, tag: found.ETag, body: body}, info, nil
}

// Stat looks at the object.
func (s *S3) Stat(ctx context.Context, key string) (Info, error) {
	found, err := s.stat(ctx, key)
	return Info{key, found.Size, found.LastModified}, err
}

func (s *S3) stat(ctx context.Context, key string) (minio.ObjectInfo, error) {
	if err := errors.Join(ctx.Err(), CheckKey(key)); err != nil {
		return minio.ObjectInfo{}, err
	}
	found, err := s.core.Client.StatObject(ctx, s.bucket, key, minio.StatObjectOptions{})
	if err != nil {
		return minio.ObjectInfo{}, s.explain("stat", err)
	}
	return found, nil
}

// Delete removes the object.
func (s *S3) Delete(ctx context.Context, key string) error {
	if err := CheckKey(key); err != nil {
		return err
	}
	err := s.core.Client.RemoveObject(ctx, s.bucket, key, minio.RemoveObjectOptions{})
	if err = s.explain("delete", err); fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// List asks page by page. Objects that are none of ours are passed over.
func (s *S3) List(ctx context.Context, prefix string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		for found := range s.core.Client.ListObjectsIter(ctx, s.bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
			if found.Err != nil {
				yield(Info{}, s.explain("list", found.Err))
				return
			}
			if CheckKey(found.Key) == nil && !yield(Info{found.Key, found.Size, found.LastModified}, nil) {
				return
			}
		}
	}
}

// explain turns a server's error into words.
func (s *S3) explain(act string, err error) error {
	if err == nil {
		return nil
	}
	cause := fmt.Errorf("blob: %s: %w", act, err)
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return cause
	}
	answer := minio.ToErrorResponse(err)
	switch {
	case answer.Code == "NoSuchBucket":
		return fault.As(fault.Unavailable, cause, "There is no bucket %s on %s. Make it, or correct --media-url.", s.bucket, s.host)
	case answer.StatusCode == http.StatusNotFound, answer.Code == "NoSuchKey":
		return fault.As(fault.NotFound, cause, "This file is gone or was never stored.")
	case answer.StatusCode == http.StatusForbidden, answer.StatusCode == http.StatusUnauthorized:
		return fault.As(fault.Unavailable, cause, "%s does not let us use the bucket %s (%s). Check key, secret and region in --media-url.", s.host, s.bucket, answer.Code)
	case answer.StatusCode == http.StatusInsufficientStorage:
		return fault.As(fault.Unavailable, cause, "The store for files is full, so the file was not stored. Make room and try again.")
	}
	return fault.As(fault.Unavailable, cause, "The store for files on %s does not work as it should. Try again later.", s.host)
}

// fetched reads an object, in one request for as long as nobody reads from
// elsewhere. It never mixes two versions of an object.
type fetched struct {
	s    *S3
	ctx  context.Context
	info Info
	tag  string
	at   int64         // where the next Read begins
	body io.ReadCloser // nil where no request runs
	next int64         // where body stands
}

// Read reads from where it stands.
func (f *fetched) Read(p []byte) (int, error) {
	if f.at >= f.info.Size {
		return 0, io.EOF
	}
	if f.body == nil || f.next != f.at {
		if err := f.reopen(); err != nil {
			return 0, err
		}
	}
	n, err := f.body.Read(p)
	f.at, f.next = f.at+int64(n), f.next+int64(n)
	switch {
	case errors.Is(err, io.EOF) && f.at < f.info.Size:
		err = io.ErrUnexpectedEOF
	case err != nil && !errors.Is(err, io.EOF):
		err = fmt.Errorf("blob: read: %w", err)
	}
	return n, err
}

// reopen asks for what follows f.at, of the same version.
func (f *fetched) reopen() error {
	var o minio.GetObjectOptions
	err := errors.Join(f.Close(), o.SetMatchETag(f.tag))
	if err == nil && f.at > 0 {
		err = o.SetRange(f.at, 0)
	}
	if err != nil {
		return fmt.Errorf("blob: read: %w", err)
	}
	body, found, _, err := f.s.core.GetObject(f.ctx, f.s.bucket, f.info.Key, o)
	if err != nil {
		return f.s.explain("read", err)
	}
	if found.ETag != f.tag {
		_ = body.Close() // what it holds is of another version
		return fault.New(fault.Unavailable, "The file was replaced while it was read. Try again.")
	}
	f.body, f.next = body, f.at
	return nil
}

// Seek moves to where reading goes on.
func (f *fetched) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += f.at
	case io.SeekEnd:
		offset += f.info.Size
	}
	if offset < 0 {
		return 0, errors.New("blob: seek before the beginning")
	}
	f.at = offset
	return offset, nil
}

// Close ends the request, if one runs.
func (f *fetched) Close() error {
	if f.body == nil {
		return nil
	}
	body := f.body
	f.body = nil
	return body.Close()
}
