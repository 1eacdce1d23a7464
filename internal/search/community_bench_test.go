package search_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"rapport/internal/db"
	"rapport/internal/search"
)

// BenchmarkCommunity searches 200,000 replies in 20 spaces, of which the reader
// may see 19, or as many replies as RAPPORT_SEARCH_REPLIES says. Where
// RAPPORT_SEARCH_FOLDER names a folder, the SQLite library is kept there and
// used again. Run it alone:
//
//	go test -run - -bench Community -benchtime 1x -timeout 2h ./internal/search
//
// On a quiet machine newest first took 0.2 to 3 ms a question, best first 2 ms
// for one word and 7 ms for three of the most common; docs/performance.md has
// all of it.
func BenchmarkCommunity(b *testing.B) {
	s, replies := openLibrary(b)
	for _, ranked := range []bool{false, true} {
		for _, name := range communityOrder {
			q := communityQuestions[name]
			q.Ranked = ranked
			if q.Spaces == nil {
				q.Spaces = spaces(0, 19)
			}
			b.Run(fmt.Sprintf("%d/ranked=%t/%s", replies, ranked, name), func(b *testing.B) { s.ask(b, q) })
		}
	}
}

func (s shelf) ask(b *testing.B, q search.CommunityQuery) {
	var took []time.Duration
	var found search.CommunityResult
	worked := cpu(b)
	for range 60 {
		began := time.Now()
		var err error
		if found, err = search.Community(ctx, s.DB, "north", q, db.Page{}); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	b.ReportMetric(float64((cpu(b)-worked).Microseconds())/60_000, "cpu-ms")
	slices.Sort(took)
	b.ReportMetric(float64(took[30].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[57].Microseconds())/1000, "p95-ms")
	b.ReportMetric(float64(max(len(found.Hits), found.Ranked)), "found")
}

// cpu is what the process has worked, which a crowded machine changes less than
// what the clock says.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

var communityOrder = []string{"the most common word", "a common word", "a rare word", "one of all", "none", "two common words", "three common words",
	"a phrase", "a beginning of two", "a beginning of three", "without", "Chinese", "Thai", "one author", "one space", "ten spaces", "one seldom space", "solved", "a month"}

var communityQuestions = map[string]search.CommunityQuery{
	"the most common word": {Text: "w0 "},
	"a common word":        {Text: "w40 "},
	"a rare word":          {Text: "w19000 "},
	"one of all":           {Text: "needle"},
	"none":                 {Text: "haystack w0 "},
	"two common words":     {Text: "w20 w50 "},
	"three common words":   {Text: "w3 w5 w9 "},
	"a phrase":             {Text: `"w1 w2 w3"`},
	"a beginning of two":   {Text: "w1"},
	"a beginning of three": {Text: "w12"},
	"without":              {Text: "w2 -w0 "},
	"Chinese":              {Text: "手机"},
	"Thai":                 {Text: "ขอบคุณ"},
	"one author":           {Text: "w1 ", Author: "member-4711"},
	"one space":            {Text: "w1 ", Spaces: spaces(3, 4)},
	"ten spaces":           {Text: "w1 ", Spaces: spaces(0, 10)},
	"one seldom space":     {Text: "w300 ", Spaces: spaces(18, 19)},
	"solved":               {Text: "w1 ", Solved: true},
	"a month":              {Text: "w1 ", From: 1_700_000_000_000, To: 1_702_600_000_000},
}

func spaces(from, below int) []string {
	out := []string{}
	for i := from; i < below; i++ {
		out = append(out, fmt.Sprint("space-", i))
	}
	return out
}

func openLibrary(b *testing.B) (shelf, int) {
	replies := 200_000
	if n, err := strconv.Atoi(os.Getenv("RAPPORT_SEARCH_REPLIES")); err == nil {
		replies = n
	}
	folder := os.Getenv("RAPPORT_SEARCH_FOLDER")
	if folder == "" {
		s := open(b)
		s.communityLibrary(b, replies)
		return s, replies
	}
	path := filepath.Join(folder, fmt.Sprint("replies-", replies, ".db"))
	_, missing := os.Stat(path)
	d, err := db.Open(ctx, db.Options{Path: path})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { d.Close() })
	s := shelf{d, b}
	if missing != nil {
		if _, err := d.Migrate(ctx); err != nil {
			b.Fatal(err)
		}
		s.brands()
		s.communityLibrary(b, replies)
	}
	return s, replies
}

// communityLibrary puts in topics of ten replies: texts like those of library,
// with a title before the first, from 20,000 members over three years, a third
// solved. Half of all stands in the first of 20 spaces, half of the rest in the
// second, and so on, but every space has some.
func (s shelf) communityLibrary(b *testing.B, replies int) {
	r := rand.New(rand.NewPCG(3, 4))
	words := rand.NewZipf(r, 1.07, 4, 20_000)
	at, started := db.Time(1_700_000_000_000), time.Now()
	for from := 0; from < replies; from += 1000 {
		var docs []search.Doc
		for i := from; i < from+1000; i++ {
			topic := i / 10
			at = at.Add(time.Duration(r.IntN(94_608_000/replies*2)+1) * time.Second)
			d := search.Doc{Kind: search.Reply, ID: fmt.Sprint("r", i), Topic: fmt.Sprint("t", topic), Space: fmt.Sprint("space-", spaceOf(topic)), Author: fmt.Sprint("member-", r.IntN(20_000)),
				Opening: i%10 == 0, Solved: topic%3 == 0, At: at, Text: line(r, words, i)}
			if i%60 == 7 {
				d.Text += "สินค้าของฉันยังไม่มาถึง ขอบคุณครับ"
			}
			docs = append(docs, d)
		}
		s.put(docs...)
	}
	b.Logf("%d replies put in within %v", replies, time.Since(started).Round(time.Second))
}

func spaceOf(topic int) int {
	if topic%50 < 20 {
		return topic % 50
	}
	space := 0
	for topic = topic / 50; topic%2 == 1 && space < 19; topic /= 2 {
		space++
	}
	return space
}
