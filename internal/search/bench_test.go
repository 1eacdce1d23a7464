package search_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/search"
)

// BenchmarkFind searches a million messages of one brand, and as many of
// another beside it would change nothing. Run it alone:
//
//	go test -run - -bench Find -benchtime 1x -timeout 2h ./internal/search
func BenchmarkFind(b *testing.B) {
	s := open(b)
	const messages = 1_000_000
	started := time.Now()
	library(s, messages)
	b.Logf("%d messages put in within %v", messages, time.Since(started).Round(time.Second))
	for _, name := range []string{"the most common word", "a common word", "a rare word", "one of all", "none", "three common words",
		"a phrase", "a beginning of two", "a beginning of three", "a beginning of five", "without", "Chinese", "one channel", "a narrow grant", "one person", "people"} {
		q, who := questions[name], as(access.Owner)
		if name == "a narrow grant" {
			who = as(access.Owner, "channel-7")
		}
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			found := 0
			for range 60 {
				began := time.Now()
				hits, _, err := search.Find(ctx, s.DB, who, "north", q, db.Page{})
				if err != nil {
					b.Fatal(err)
				}
				took, found = append(took, time.Since(began)), len(hits)
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[30].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[57].Microseconds())/1000, "p95-ms")
			b.ReportMetric(float64(found), "found")
		})
	}
}

var questions = map[string]search.Query{
	"the most common word": {Text: "w0 "},
	"a common word":        {Text: "w40 "},
	"a rare word":          {Text: "w19000 "},
	"one of all":           {Text: "needle"},
	"none":                 {Text: "haystack w0 "},
	"three common words":   {Text: "w3 w5 w9 "},
	"a phrase":             {Text: `"w1 w2 w3"`},
	"a beginning of two":   {Text: "w1"},
	"a beginning of three": {Text: "w12"},
	"a beginning of five":  {Text: "w1200"},
	"without":              {Text: "w2 -w0 "},
	"Chinese":              {Text: "手机"},
	"one channel":          {Text: "w300 ", Channels: []string{"channel-7"}},
	"a narrow grant":       {Text: "w1 "},
	"one person":           {Text: "w1 ", Person: "person-4711"},
	"people":               {Text: "name4", Kinds: []search.Kind{search.Person}},
}

// library puts in messages of 5 to 40 words, of 20,000 different ones that are
// as often as words are in a language, from 100 channels and 100,000 people,
// over three years.
func library(s shelf, messages int) {
	r := rand.New(rand.NewPCG(1, 2))
	words := rand.NewZipf(r, 1.07, 4, 20_000)
	at := db.Time(1_700_000_000_000)
	for from := 0; from < messages; from += 1000 {
		var docs []search.Doc
		for i := from; i < from+1000; i++ {
			at = at.Add(time.Duration(r.IntN(180)) * time.Second)
			docs = append(docs, search.Doc{ID: fmt.Sprint("m", i), At: at, Text: line(r, words, i), Channels: []string{fmt.Sprint("channel-", r.IntN(100))},
				Person: fmt.Sprint("person-", r.IntN(100_000)), Conversation: fmt.Sprint("k", i/10)})
			if i%10 == 0 {
				docs = append(docs, search.Doc{Kind: search.Person, ID: fmt.Sprint("h", i), At: at, Text: fmt.Sprintf("name%d surname%d @handle%d@social.example", r.IntN(5000), r.IntN(5000), i)})
			}
		}
		s.put(docs...)
	}
}

func line(r *rand.Rand, words *rand.Zipf, i int) string {
	var b strings.Builder
	for range 5 + r.IntN(36) {
		fmt.Fprintf(&b, "w%d ", words.Uint64())
	}
	switch {
	case i == 500:
		b.WriteString("needle")
	case i%40 == 0:
		b.WriteString("我的手机坏了，请问保修多久？")
	}
	return b.String()
}
