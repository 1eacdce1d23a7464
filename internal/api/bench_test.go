package api_test

import (
	"fmt"
	"sync/atomic"
	"testing"
)

// The three requests whose speed is promised, from several clients at once.
func BenchmarkAPI(b *testing.B) {
	w := open(b)
	news := w.channel["news"]
	for i := range 100 {
		w.post(fmt.Sprintf(`{"text":"Number %d","channels":["%s"]}`, i, news))
	}
	tests := []struct {
		name string
		ask  func(i int64) request
	}{
		{"create", func(int64) request { return request{"POST", "/posts", `{"text":"A draft"}`, w.north.token, nil} }},
		{"create with a key", func(i int64) request {
			return request{"POST", "/posts", `{"text":"A draft"}`, w.north.token, map[string]string{"Idempotency-Key": fmt.Sprint(i)}}
		}},
		{"create and schedule", func(int64) request {
			return request{"POST", "/posts", `{"text":"Later","channels":["` + news + `"],"publish_at":"2028-01-01T00:00:00Z"}`, w.north.token, nil}
		}},
		{"list 100", func(int64) request { return request{"GET", "/posts?limit=100", "", w.north.token, nil} }},
	}
	var n atomic.Int64
	for _, tt := range tests {
		b.Run(tt.name, func(b *testing.B) {
			b.SetParallelism(4)
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					if got, _ := w.send(tt.ask(n.Add(1))); got.status >= 300 {
						b.Errorf("%d %s", got.status, got.body)
						return
					}
				}
			})
		})
	}
}
