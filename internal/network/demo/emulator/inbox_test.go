package emulator_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/network/demo/emulator"
)

type said struct {
	ID, Text, Language, Root string
	InReplyTo                string `json:"in_reply_to"`
	Own                      bool
	Author                   struct{ ID, Handle, Name string }
	Mentions                 []string
	At                       time.Time
	EditedAt                 time.Time `json:"edited_at"`
}

func read[T any](t *testing.T, s *emulator.Server, path string) (out T) {
	t.Helper()
	got := call(s, "GET", path, "demo-north", "", "")
	if err := json.Unmarshal([]byte(got.body), &out); err != nil || got.status != 200 {
		t.Fatalf("%s: %d %v %s", path, got.status, err, got.body)
	}
	return out
}

type inbox struct {
	Messages []said
	Next     string
	More     bool
}

// hear reads an inbox to its end.
func hear(t *testing.T, s *emulator.Server, after string, since time.Time) (all []said, next string) {
	t.Helper()
	for {
		q := url.Values{"since": {since.Format(time.RFC3339Nano)}}
		if after != "" {
			q = url.Values{"after": {after}}
		}
		page := read[inbox](t, s, "/v1/inbox?"+q.Encode())
		all, after = append(all, page.Messages...), page.Next
		if !page.More {
			return all, after
		}
	}
}

// roastery is an account with a coffee roaster's posts.
func roastery(t *testing.T) (*emulator.Server, *clock) {
	t.Helper()
	s, at := start(t, emulator.Options{Accounts: []emulator.Account{{Name: "north", Title: "North Coffee", About: "A roastery.", Followers: 60_000, MadeAt: noon.AddDate(-1, 0, 0)}}})
	texts := []string{"Roast log 12: 46 kg of Gatina from Kenya. Four batches.", "How many mugs do you own, and how many cups do you drink?",
		"Bitter cup? Go coarser, or pour with water that has rested.", "Closed on Monday for stocktaking and pancakes. The coffee waits."}
	for day := -20; day < 0; day++ {
		p := emulator.Past{ID: fmt.Sprint("p", day+100), Account: "north", Text: texts[(day+20)%len(texts)], PublishedAt: noon.AddDate(0, 0, day)}
		if err := s.Seed(p); err != nil {
			t.Fatal(err)
		}
	}
	return s, at
}

func TestInboxLosesNothing(t *testing.T) {
	s, at := roastery(t)
	since := noon.AddDate(0, 0, -30)
	first, next := hear(t, s, "", since)
	if len(first) < 200 {
		t.Fatalf("only %d were heard", len(first))
	}
	if again, same := hear(t, s, "", since); !slices.EqualFunc(first, again, func(a, b said) bool { return a.ID == b.ID && a.Text == b.Text }) || same != next {
		t.Error("the same instant tells something else the second time")
	}
	if more, same := hear(t, s, next, since); len(more) != 0 || same != next {
		t.Errorf("%d more at the same instant, the cursor goes from %s to %s", len(more), next, same)
	}
	// Step by step over two days everything comes that is there in the end.
	heard := map[string]said{}
	for _, m := range first {
		heard[m.ID] = m
	}
	for range 2 * 24 * 2 {
		at.advance(30 * time.Minute)
		var some []said
		some, next = hear(t, s, next, since)
		for _, m := range some {
			heard[m.ID] = m
		}
	}
	all, _ := hear(t, s, "", since)
	for _, m := range all {
		if diff := cmp.Diff(m, heard[m.ID]); diff != "" {
			t.Errorf("%s was heard otherwise (-now +heard):\n%s", m.ID, diff)
		}
	}
	if len(heard) <= len(first) {
		t.Error("nothing came in two days")
	}
}

func TestInboxIsAlive(t *testing.T) {
	s, _ := roastery(t)
	all, _ := hear(t, s, "", noon.AddDate(0, 0, -30))
	languages, people, texts := map[string]int{}, map[string]int{}, map[string]int{}
	mentions, edited, among := 0, 0, 0
	for _, m := range all {
		languages[m.Language]++
		people[m.Author.ID]++
		texts[m.Text]++
		if strings.ContainsAny(m.Text, "{}") || m.Author.Name == "" || m.Own {
			t.Errorf("this was said: %+v", m)
		}
		if slices.Contains(m.Mentions, "north") {
			mentions++
		}
		if !m.EditedAt.IsZero() {
			edited++
		}
		if strings.Contains(m.InReplyTo, "-c") {
			among++
		}
	}
	if len(languages) < 5 || languages["en"] < len(all)/2 || len(people) < 20 || mentions < 10 || edited == 0 || among < 5 {
		t.Errorf("of %d: languages %v, %d people, %d mentions, %d edited, %d to each other", len(all), languages, len(people), mentions, edited, among)
	}
	for text, n := range texts {
		if n > len(all)/20 {
			t.Errorf("%d of %d say %q", n, len(all), text)
		}
	}
}

func TestWhatIsTakenBackIsGone(t *testing.T) {
	s, at := roastery(t)
	for i := range 5 {
		publish(t, s, fmt.Sprint("new-", i), "New harvest in the cup. What do you taste?")
	}
	at.advance(3 * time.Hour)
	before, _ := hear(t, s, "", noon)
	at.advance(24 * time.Hour)
	gone := 0
	for some := range slices.Chunk(before, 100) {
		q := url.Values{}
		for _, m := range some {
			q.Add("id", m.ID)
		}
		got := read[struct {
			Messages []said
			Gone     []string
		}](t, s, "/v1/messages?"+q.Encode())
		if len(got.Messages)+len(got.Gone) != len(some) {
			t.Errorf("of %d there are %d and gone %d", len(some), len(got.Messages), len(got.Gone))
		}
		gone += len(got.Gone)
		for _, id := range got.Gone {
			if a := call(s, "GET", "/v1/threads/"+id, "demo-north", "", ""); a.status != 404 {
				t.Errorf("the thread of %s, which is gone, gives %d", id, a.status)
			}
			if a := call(s, "POST", "/v1/posts", "demo-north", "k"+id, `{"text":"Hm.","in_reply_to":"`+id+`"}`); a.status != 422 {
				t.Errorf("answering %s, which is gone, gives %d", id, a.status)
			}
		}
	}
	if gone == 0 {
		t.Error("nothing was taken back in a day")
	}
	if a := call(s, "GET", "/v1/messages", "demo-north", "", ""); a.status != 422 {
		t.Errorf("asking for none gives %d", a.status)
	}
}

func TestSomeAnswerBack(t *testing.T) {
	s, at := roastery(t)
	all, next := hear(t, s, "", noon.AddDate(0, 0, -30))
	mentions := slices.DeleteFunc(slices.Clone(all), func(m said) bool { return m.InReplyTo != "" })
	asked := map[string]said{}
	for i, m := range append(mentions[:20], all[len(all)-20:]...) {
		a := call(s, "POST", "/v1/posts", "demo-north", fmt.Sprint("answer-", i), `{"text":"Thank you for asking.","in_reply_to":"`+m.ID+`"}`)
		if a.status != 201 || a.field("root") != m.Root {
			t.Fatalf("answering %s gives %d %s", m.ID, a.status, a.body)
		}
		asked[a.field("id")] = m
	}
	at.advance(12 * time.Hour)
	echoes, backs := 0, 0
	news, _ := hear(t, s, next, noon)
	for _, m := range news {
		if _, own := asked[m.ID]; own && m.Own {
			echoes++
		}
		if q, back := asked[m.InReplyTo]; back {
			backs++
			if m.Author.ID != q.Author.ID {
				t.Errorf("%s answers for %s", m.Author.ID, q.Author.ID)
			}
			thread := read[inbox](t, s, "/v1/threads/"+m.ID).Messages
			for _, id := range []string{q.ID, m.InReplyTo, m.ID} {
				if !slices.ContainsFunc(thread, func(in said) bool { return in.ID == id }) {
					t.Errorf("%s is not in the thread around %s", id, m.ID)
				}
			}
		}
	}
	if echoes != 40 || backs < 8 || backs > 32 {
		t.Errorf("of 40 answers %d are told and %d were answered back", echoes, backs)
	}
}

func TestThreadPage(t *testing.T) {
	s, _ := roastery(t)
	all, _ := hear(t, s, "", noon.AddDate(0, 0, -30))
	i := slices.IndexFunc(all, func(m said) bool { return m.InReplyTo == "p97" })
	j := slices.IndexFunc(all, func(m said) bool { return slices.Contains(m.Mentions, "north") })
	if i < 0 || j < 0 {
		t.Fatal("there is no comment or no mention")
	}
	for _, m := range []said{all[i], all[j]} {
		call(s, "POST", "/v1/posts", "demo-north", m.ID, `{"text":"An answer in place.","in_reply_to":"`+m.ID+`"}`)
		path := "/@north/" + m.Root
		if m.InReplyTo == "" {
			path = "/@" + m.Author.ID + "/" + m.ID
		}
		if a := call(s, "GET", path, "", "", ""); a.status != 200 || !strings.Contains(a.body, "An answer in place.") || !strings.Contains(a.body, `id="`+m.ID+`"`) {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	if a := call(s, "GET", "/@mira_k", "", "", ""); a.status != 200 || !strings.Contains(a.body, "made up") {
		t.Errorf("the page of somebody in the audience: %d %s", a.status, a.body)
	}
}

func TestHistory(t *testing.T) {
	s, _ := roastery(t)
	type page struct {
		Messages []struct {
			ID      string
			Numbers *emulator.Numbers
		}
		Next string
	}
	var ids []string
	for before := ""; ; {
		got := read[page](t, s, "/v1/history?limit=7&before="+before)
		for _, m := range got.Messages {
			ids = append(ids, m.ID)
			if m.Numbers == nil || m.Numbers.Views == 0 {
				t.Errorf("%s comes without its numbers", m.ID)
			}
		}
		if before = got.Next; before == "" {
			break
		}
	}
	if len(ids) != 20 || ids[0] != "p99" || ids[19] != "p80" {
		t.Errorf("the history is %v", ids)
	}
	if a := call(s, "GET", "/v1/history?before=nothing", "demo-north", "", ""); a.status != 404 {
		t.Errorf("a page after nothing gives %d", a.status)
	}
}
