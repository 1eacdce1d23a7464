package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"rapport/internal/db"
	"rapport/internal/fault"
)

// An idempotency row is reserved before its request runs, marked within the
// transaction in which the request changes something, and completed with the
// answer. So a crash leaves either a reservation, which may be taken over, or
// a mark, which never may: the change is there and only its answer is lost.
const (
	reserved = 0
	marked   = 1

	keepAnswers = 24 * time.Hour
	staleAfter  = 60 * time.Second
	longestKey  = 200
)

type ticket struct {
	brand, account, key string
	stamp               db.Time // of the reservation: it fences a later one
}

type firstAnswer struct {
	Header http.Header `json:"header"`
	Body   string      `json:"body"`
	status int
}

// once runs a request at most once for its key.
func (a *handler) once(w http.ResponseWriter, r *http.Request, key string, body []byte) error {
	if len(key) > longestKey {
		return fault.OnField(retryField, "The key may have %d bytes at most.", longestKey)
	}
	c := callerOf(r.Context())
	t := ticket{brand: c.token.Brand, account: c.who.Account, key: key}
	earlier, err := a.reserve(r.Context(), &t, digest(r, body))
	if err != nil {
		return err
	}
	if earlier != nil {
		w.Header().Set("Idempotent-Replayed", "true")
		return earlier.send(w)
	}
	return a.run(w, r, t)
}

func (a *handler) run(w http.ResponseWriter, r *http.Request, t ticket) error {
	rec := &kept{header: http.Header{}}
	// The caller may hang up: what was begun is still completed for the retry.
	whole := context.WithoutCancel(r.Context())
	done := false
	defer func() {
		if !done {
			_ = a.release(whole, t) // a panic goes on; the reservation would end by itself
		}
	}()
	a.mux.ServeHTTP(rec, r.WithContext(db.WithAlso(whole, t.mark)))
	got := firstAnswer{Header: http.Header{}, Body: rec.body.String(), status: rec.status}
	for _, name := range []string{"Content-Type", "Etag", "Location", "Retry-After"} {
		if v := rec.header.Values(name); len(v) > 0 {
			got.Header[name] = v
		}
	}
	done = true
	if err := a.keep(whole, t, got); err != nil {
		return err
	}
	return got.send(w)
}

func digest(r *http.Request, body []byte) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s %s\n%s\n%s\n", r.Method, r.URL.RequestURI(), r.Header.Get("Content-Type"), r.Header.Get("If-Match"))
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

// reserve takes the key, or returns the answer that was kept for it.
func (a *handler) reserve(ctx context.Context, t *ticket, request string) (*firstAnswer, error) {
	t.stamp = a.DB.Now()
	n, err := affected(a.DB.ExecContext(ctx, `INSERT INTO idempotency (brand_id, account_id, key, request, created_at)
		VALUES ($1, $2, $3, $4, $5) ON CONFLICT (brand_id, account_id, key) DO NOTHING`,
		t.brand, t.account, t.key, request, t.stamp))
	if err != nil || n == 1 {
		return nil, err
	}
	var first string
	var got firstAnswer
	var body string
	var at db.Time
	err = a.DB.QueryRowContext(ctx, `SELECT request, status, body, created_at FROM idempotency
		WHERE brand_id = $1 AND account_id = $2 AND key = $3`, t.brand, t.account, t.key).Scan(&first, &got.status, &body, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, running()
	}
	if err != nil {
		return nil, fmt.Errorf("api: idempotency: %w", err)
	}
	age := t.stamp.Sub(at)
	switch {
	case age > keepAnswers:
		return nil, a.takeOver(ctx, t, request, at)
	case first != request:
		return nil, fault.OnField(retryField, "This key was used for another request. Take a new key for a new request.")
	case got.status == reserved && age > staleAfter:
		return nil, a.takeOver(ctx, t, request, at)
	case got.status == marked && age > staleAfter:
		return nil, fault.New(fault.Conflict, "This request was carried out, but its answer was lost. Look at what is there; do not send it again.")
	case got.status == reserved || got.status == marked:
		return nil, running()
	}
	if err := a.unseal(*t, body, &got); err != nil {
		return nil, err
	}
	return &got, nil
}

// sealedFor is the purpose of kept answers: one may hold a secret that is shown
// this once, which must not be read from a stolen database.
const sealedFor = "api answer"

func (t ticket) place() string { return t.brand + "\x00" + t.account + "\x00" + t.key }

// unseal reads a kept answer. One that no key opens any more is lost.
func (a *handler) unseal(t ticket, sealed string, into *firstAnswer) error {
	plain, err := a.Channels.Keys.Open(sealedFor, t.place(), sealed)
	if err != nil {
		return fault.As(fault.Conflict, err, "This request was carried out, but its answer was lost. Look at what is there; do not send it again.")
	}
	if err := json.Unmarshal(plain, into); err != nil {
		return fmt.Errorf("api: kept answer: %w", err)
	}
	return nil
}

func running() error {
	return fault.New(fault.Conflict, "The first request with this key is still running. Ask again in a moment.")
}

func (a *handler) takeOver(ctx context.Context, t *ticket, request string, was db.Time) error {
	n, err := affected(a.DB.ExecContext(ctx, `UPDATE idempotency SET request = $4, status = 0, body = '', created_at = $5
		WHERE brand_id = $1 AND account_id = $2 AND key = $3 AND created_at = $6`,
		t.brand, t.account, t.key, request, t.stamp, was))
	if err == nil && n == 0 {
		return running()
	}
	return err
}

// mark ties the reservation to the transaction that does the work: it commits
// only while the reservation is still this request's.
func (t ticket) mark(ctx context.Context, tx *db.Tx) error {
	n, err := affected(tx.ExecContext(ctx, `UPDATE idempotency SET status = 1
		WHERE brand_id = $1 AND account_id = $2 AND key = $3 AND created_at = $4 AND status IN (0, 1)`,
		t.brand, t.account, t.key, t.stamp))
	if err == nil && n == 0 {
		return running()
	}
	return err
}

// keep stores the answer. One that may be another at the next try is not kept, unless
// something was changed on the way to it.
func (a *handler) keep(ctx context.Context, t ticket, got firstAnswer) error {
	if got.status >= 500 || got.status == http.StatusTooManyRequests || got.status == http.StatusConflict {
		if err := a.release(ctx, t); err != nil {
			return err
		}
	}
	body, err := json.Marshal(got)
	if err != nil {
		return fmt.Errorf("api: keep an answer: %w", err)
	}
	_, err = affected(a.DB.ExecContext(ctx, `UPDATE idempotency SET status = $5, body = $6
		WHERE brand_id = $1 AND account_id = $2 AND key = $3 AND created_at = $4`,
		t.brand, t.account, t.key, t.stamp, got.status, a.Channels.Keys.Seal(sealedFor, t.place(), body)))
	return err
}

func (a *handler) release(ctx context.Context, t ticket) error {
	_, err := affected(a.DB.ExecContext(ctx, `DELETE FROM idempotency
		WHERE brand_id = $1 AND account_id = $2 AND key = $3 AND created_at = $4 AND status = 0`,
		t.brand, t.account, t.key, t.stamp))
	return err
}

func affected(res sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, fmt.Errorf("api: idempotency: %w", err)
	}
	return res.RowsAffected()
}

// Sweep forgets answers that no longer need to be kept. It may run at any time
// on any node.
func Sweep(ctx context.Context, d *db.DB) error {
	_, err := affected(d.ExecContext(ctx, `DELETE FROM idempotency WHERE created_at < $1`, d.Now().Add(-keepAnswers)))
	return err
}

func (g *firstAnswer) send(w http.ResponseWriter) error {
	for k, v := range g.Header {
		w.Header()[k] = v
	}
	w.WriteHeader(g.status)
	if g.Body == "" {
		return nil
	}
	if _, err := io.WriteString(w, g.Body); err != nil {
		panic(http.ErrAbortHandler)
	}
	return nil
}

// kept is an answer in memory.
type kept struct {
	header http.Header
	body   bytes.Buffer
	status int
}

// Header is the answer's header.
func (k *kept) Header() http.Header { return k.header }

// WriteHeader sets the status, once.
func (k *kept) WriteHeader(status int) {
	if k.status == 0 {
		k.status = status
	}
}

// Write adds to the body.
func (k *kept) Write(b []byte) (int, error) {
	k.WriteHeader(http.StatusOK)
	return k.body.Write(b)
}
