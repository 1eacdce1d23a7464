package api_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"rapport/internal/api"
	"rapport/internal/db"
)

func TestOneKeyIsOnePost(t *testing.T) {
	w := open(t)
	ask := request{"POST", "/posts", `{"text":"Once"}`, w.north.token, map[string]string{"Idempotency-Key": "k"}}
	var made, busy atomic.Int64
	each(20, func(int) {
		switch got, _ := w.send(ask); got.status {
		case 201:
			made.Add(1)
		case 409:
			busy.Add(1)
		default:
			t.Errorf("%d %s", got.status, got.body)
		}
	})
	if made.Load() < 1 || made.Load()+busy.Load() != 20 {
		t.Errorf("%d made, %d busy", made.Load(), busy.Load())
	}
	if n := count(t, w.d, `SELECT COUNT(*) FROM post`); n != 1 {
		t.Errorf("%d posts", n)
	}
}

func TestReplay(t *testing.T) {
	w := open(t)
	key := map[string]string{"Idempotency-Key": "k"}
	first := w.ask(request{"POST", "/posts", `{"text":"Once"}`, w.north.token, key})
	again := w.ask(request{"POST", "/posts", `{"text":"Once"}`, w.north.token, key})
	if first.status != 201 || again.status != 201 || again.body != first.body || again.header.Get("ETag") != first.header.Get("ETag") {
		t.Errorf("first %v\nagain %v", first, again)
	}
	if first.header.Get("Idempotent-Replayed") != "" || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("only the second is a replay: %v %v", first.header, again.header)
	}
	tests := []struct {
		name   string
		ask    request
		status int
	}{
		{"another body", request{"POST", "/posts", `{"text":"Twice"}`, w.north.token, key}, 422},
		{"another address", request{"POST", "/posts/check", `{"text":"Once"}`, w.north.token, key}, 422},
		{"another brand", request{"POST", "/posts", `{"text":"Twice"}`, w.south.token, key}, 201},
		{"another key", request{"POST", "/posts", `{"text":"Once"}`, w.north.token, map[string]string{"Idempotency-Key": "l"}}, 201},
		{"a narrower token", request{"POST", "/posts", `{"text":"Once"}`, w.north.reader, key}, 403},
		{"a long key", request{"POST", "/posts", `{"text":"Once"}`, w.north.token, map[string]string{"Idempotency-Key": fmt.Sprintf("%0300d", 1)}}, 422},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w.t = t
			if got := w.ask(tt.ask); got.status != tt.status {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
}

// TestCrashes leaves behind what a process that died at each step would.
func TestCrashes(t *testing.T) {
	tests := []struct {
		name    string
		status  int // of the row that was left
		age     time.Duration
		want    int
		another int64 // posts made by the repetition
	}{
		{"reserved, a moment ago", 0, 10 * time.Second, 409, 0},
		{"reserved, long ago", 0, 2 * time.Minute, 201, 1},
		{"done, a moment ago", 1, 10 * time.Second, 409, 0},
		{"done, long ago", 1, 2 * time.Minute, 409, 0},
		{"done, days ago", 1, 25 * time.Hour, 201, 1},
		{"answered", 201, 10 * time.Second, 201, 0},
		{"answered days ago", 201, 25 * time.Hour, 201, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := open(t)
			ask := request{"POST", "/posts", `{"text":"Once"}`, w.north.token, map[string]string{"Idempotency-Key": "k"}}
			w.ask(ask)
			_, err := w.d.ExecContext(ctx, `UPDATE idempotency SET status = $1, created_at = $2`, tt.status, w.d.Now().Add(-tt.age))
			must(t, err)
			before := count(t, w.d, `SELECT COUNT(*) FROM post`)
			if got := w.ask(ask); got.status != tt.want {
				t.Errorf("%d %s", got.status, got.body)
			}
			if n := count(t, w.d, `SELECT COUNT(*) FROM post`) - before; n != tt.another {
				t.Errorf("%d posts made, want %d", n, tt.another)
			}
		})
	}
}

// A conflict may be over at the next try, so it is no answer to keep.
func TestRefusedIsNotKept(t *testing.T) {
	w := open(t)
	id := w.post(`{"text":"Held back","channels":["` + w.channel["news"] + `"]}`)
	ask := request{"DELETE", "/channels/" + w.channel["news"], "", w.north.token, map[string]string{"Idempotency-Key": "k"}}
	w.ask(request{"POST", "/posts/" + id + "/schedule", `{"at":"2028-01-01T00:00:00Z"}`, w.north.token, nil})
	if got := w.ask(ask); got.status != 409 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	w.ask(request{"POST", "/posts/" + id + "/unschedule", "", w.north.token, nil})
	if got := w.ask(ask); got.status != 204 {
		t.Errorf("the conflict is over: %d %s", got.status, got.body)
	}
}

func TestSweep(t *testing.T) {
	w := open(t)
	w.ask(request{"POST", "/posts", `{"text":"Once"}`, w.north.token, map[string]string{"Idempotency-Key": "old"}})
	_, err := w.d.ExecContext(ctx, `UPDATE idempotency SET created_at = $1`, w.d.Now().Add(-25*time.Hour))
	must(t, err)
	w.ask(request{"POST", "/posts", `{"text":"Once"}`, w.north.token, map[string]string{"Idempotency-Key": "new"}})
	must(t, api.Sweep(ctx, w.d))
	if n := count(t, w.d, `SELECT COUNT(*) FROM idempotency WHERE key = 'new'`); n != 1 {
		t.Error("the new answer is gone")
	}
	if n := count(t, w.d, `SELECT COUNT(*) FROM idempotency`); n != 1 {
		t.Error("the old answer is still there")
	}
}

func count(t testing.TB, d *db.DB, query string) (n int64) {
	t.Helper()
	must(t, d.QueryRowContext(ctx, query).Scan(&n))
	return n
}

// TestTakenOver: a request that lost its reservation while it waited for the
// network commits nothing.
func TestTakenOver(t *testing.T) {
	w := open(t)
	w.arrived, w.answer = make(chan struct{}), make(chan struct{})
	ask := request{"POST", "/channels", `{"network":"test","credentials":{"token":"slow"}}`, w.north.token, map[string]string{"Idempotency-Key": "k"}}
	begin := func() chan response {
		done := make(chan response, 1)
		go func() {
			got, _ := w.send(ask)
			done <- got
		}()
		<-w.arrived
		return done
	}
	first := begin()
	w.d.ShiftClock(2 * time.Minute)
	second := begin() // it took over
	close(w.answer)
	if got := <-first; got.status != 409 {
		t.Errorf("first: %d %s", got.status, got.body)
	}
	if got := <-second; got.status != 201 {
		t.Errorf("second: %d %s", got.status, got.body)
	}
}

func TestPanic(t *testing.T) {
	w := open(t)
	for _, key := range []string{"", "k"} {
		ask := request{"POST", "/channels", `{"network":"test","credentials":{"token":"panic"}}`, w.north.token, map[string]string{"Idempotency-Key": key}}
		got := w.ask(ask)
		if got.status != 500 || got.text(t, "code") != "internal" || got.text(t, "instance") == "" {
			t.Errorf("%d %s", got.status, got.body)
		}
	}
	if n := count(t, w.d, `SELECT COUNT(*) FROM idempotency`); n != 0 {
		t.Error("the key is still reserved")
	}
}
