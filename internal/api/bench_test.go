package api_test

import (
	"fmt"
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
		ask  func(i int) request
	}{
		{"create", func(int) request { return request{"POST", "/posts", `{"text":"A draft"}`, w.north.token, nil} }},
		{"create with a key", func(i int) request {
			return request{"POST", "/posts", `{"text":"A draft"}`, w.north.token, map[string]string{"Idempotency-Key": fmt.Sprint(b.N, "-", i)}}
		}},
		{"create and schedule", func(int) request {
			return request{"POST", "/posts", `{"text":"Later","channels":["` + news + `"],"publish_at":"2028-01-01T00:00:00Z"}`, w.north.token, nil}
		}},
		{"list 100", func(int) request { return request{"GET", "/posts?limit=100", "", w.north.token, nil} }},
	}
	for _, tt := range tests {
		b.Run(tt.name, func(b *testing.B) {
			b.SetParallelism(4)
			b.RunParallel(func(p *testing.PB) {
				for i := 0; p.Next(); i++ {
					if got, _ := w.send(tt.ask(i)); got.status >= 300 {
						b.Errorf("%d %s", got.status, got.body)
						return
					}
				}
			})
		})
	}
}
