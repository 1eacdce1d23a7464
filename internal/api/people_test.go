package api_test

import (
	"net/http"
	"strings"
	"testing"

	"rapport/internal/access"
	"rapport/internal/merge"
)

// walk asks one thing after the other.
type step struct {
	name   string
	ask    request
	status int
	has    []string
	not    []string
}

func (w *world) walk(t *testing.T, steps []step) {
	for _, s := range steps {
		t.Run(s.name, func(t *testing.T) {
			w.t = t
			got := w.ask(s.ask)
			if got.status != s.status {
				t.Fatalf("status %d, want %d: %s", got.status, s.status, got.body)
			}
			for _, words := range s.has {
				if !strings.Contains(got.body, words) {
					t.Errorf("no %q in %s", words, got.body)
				}
			}
			for _, words := range s.not {
				if strings.Contains(got.body, words) {
					t.Errorf("%q in %s", words, got.body)
				}
			}
		})
	}
}

func TestPeople(t *testing.T) {
	w := open(t)
	full, south := w.north.token, w.south.token
	talk, mira := w.hear("@mira", "Where is my parcel?")
	_, ben := w.hear("@ben", "Lovely coffee")
	w.walk(t, []step{
		{"list", request{"GET", "/people?limit=1", "", full, nil}, 200, []string{ben, `"handle":"@ben"`, `"next"`}, []string{mira}},
		{"list by words", request{"GET", "/people?q=MIR", "", full, nil}, 200, []string{mira}, []string{ben}},
		{"list by network", request{"GET", "/people?network=elsewhere", "", full, nil}, 200, []string{`"items":[]`}, nil},
		{"list by channel", request{"GET", "/people?sort=busiest&channel=" + w.channel["news"], "", full, nil}, 200, []string{mira, ben}, nil},
		{"list in a strange order", request{"GET", "/people?sort=tallest", "", full, nil}, 422, []string{`"name":"sort"`}, nil},
		{"list of another brand", request{"GET", "/people", "", south, nil}, 200, []string{`"items":[]`}, nil},
		{"read", request{"GET", "/people/" + mira, "", full, nil}, 200, []string{`"name":"mira"`, `"messages":1`}, nil},
		{"read nobody", request{"GET", "/people/nobody", "", full, nil}, 404, nil, nil},
		{"change", request{"PATCH", "/people/" + mira, `{"about":"Bakes."}`, full, nil}, 200, []string{`"about":"Bakes."`, `"name":"mira"`}, nil},
		{"change to nothing", request{"PATCH", "/people/" + mira, `{"name":" "}`, full, nil}, 422, []string{`"name":"name"`}, nil},
		{"note", request{"POST", "/people/" + mira + "/notes", `{"text":"Prefers letters"}`, full, nil}, 201, []string{"Prefers letters"}, nil},
		{"note nothing", request{"POST", "/people/" + mira + "/notes", `{"text":" "}`, full, nil}, 422, []string{`"name":"text"`}, nil},
		{"timeline", request{"GET", "/people/" + mira + "/timeline", "", full, nil}, 200, []string{"Where is my parcel?", "Prefers letters", talk}, []string{"Lovely"}},
		{"export", request{"POST", "/people/" + mira + "/export", "", full, nil}, 200, []string{`"format":"rapport.person/1"`, "Where is my parcel?", "Prefers letters", "id-@mira"}, []string{"Lovely"}},
		{"search", request{"GET", "/search?q=parcel", "", full, nil}, 200, []string{`"kind":"message"`, `"marks":[{"start":12,"end":18}]`, talk, mira}, []string{"Lovely"}},
		{"search notes and people", request{"GET", "/search?q=letters&kind=note,person", "", full, nil}, 200, []string{`"kind":"note"`}, nil},
		{"search as one who may not know people", request{"GET", "/search?q=mira", "", w.north.reader, nil}, 200, []string{`"items":[]`}, nil},
		{"search hostile", request{"GET", "/search?q=%22%20OR%20-%20%2A%3A%28", "", full, nil}, 200, []string{`"items":[]`}, nil},
		{"search nothing", request{"GET", "/search", "", full, nil}, 422, []string{`"name":"q"`}, nil},
		{"search another brand's", request{"GET", "/search?q=parcel", "", south, nil}, 200, []string{`"items":[]`}, nil},
		{"erase without the name", request{"POST", "/people/" + mira + "/erase", `{"confirm":"Mira"}`, full, nil}, 422, []string{`"name":"confirm"`}, []string{`mira`}},
		{"erase", request{"POST", "/people/" + mira + "/erase", `{"confirm":"mira"}`, full, nil}, 204, nil, nil},
		{"erased", request{"GET", "/people/" + mira, "", full, nil}, 404, nil, nil},
		{"not found any more", request{"GET", "/search?q=parcel", "", full, nil}, 200, []string{`"items":[]`}, nil},
		{"their message", request{"GET", "/conversations/" + talk, "", full, nil}, 200, []string{`"erased_at"`, `"text":""`}, []string{"parcel", "mira", "erased:"}},
		{"answer to them", request{"POST", "/conversations/" + talk + "/replies", `{"text":"Hello?"}`, full, nil}, 409, nil, nil},
		{"the log", request{"GET", "/audit", "", full, nil}, 200, []string{"person.erased", "person.exported"}, []string{`"mira"`}},
	})
}

// What is written about somebody who has become a part of another is kept with who
// stayed.
func TestWordsFollowWhomTheyAreAbout(t *testing.T) {
	w := open(t)
	full := w.north.token
	_, mira := w.hear("@mira", "Where is my parcel?")
	_, lea := w.hear("@lea", "And mine?")
	pair, err := merge.Review(t.Context(), w.d, access.System(), w.north.brand, mira, lea)
	if err == nil {
		_, err = merge.Do(t.Context(), w.d, access.System(), w.north.brand, mira, lea, pair.Revision, "She said so.")
	}
	if err != nil {
		t.Fatal(err)
	}
	w.walk(t, []step{
		{"note", request{"POST", "/people/" + lea + "/notes", `{"text":"Prefers letters"}`, full, nil}, 201, []string{"Prefers letters"}, nil},
		{"change", request{"PATCH", "/people/" + lea, `{"about":"Bakes."}`, full, nil}, 200, []string{`"about":"Bakes."`, mira}, nil},
		{"read", request{"GET", "/people/" + mira + "/timeline", "", full, nil}, 200, []string{"Prefers letters"}, nil},
		{"note on nobody", request{"POST", "/people/nobody/notes", `{"text":"x"}`, full, nil}, 404, nil, nil},
		{"note of another brand", request{"POST", "/people/" + lea + "/notes", `{"text":"x"}`, w.south.token, nil}, 404, nil, nil},
	})
}

func TestConversations(t *testing.T) {
	w := open(t)
	full := w.north.token
	talk, mira := w.hear("@mira", "Where is my parcel?")
	other, _ := w.hear("@ben", "Lovely coffee")
	label := w.ask(request{"POST", "/labels", `{"name":"Shipping","hue":210}`, full, nil}).text(t, "id")
	once := map[string]string{"Idempotency-Key": "one"}
	w.walk(t, []step{
		{"list", request{"GET", "/conversations?limit=1", "", full, nil}, 200, []string{other, `"state":"new"`, `"next"`, `"handle":"@ben"`}, []string{talk}},
		{"list by state", request{"GET", "/conversations?state=done,snoozed", "", full, nil}, 200, []string{`"items":[]`}, nil},
		{"list by person", request{"GET", "/conversations?person=" + mira, "", full, nil}, 200, []string{talk, `"waiting_since"`}, []string{other}},
		{"who waits longest", request{"GET", "/conversations?waiting=true&limit=1", "", full, nil}, 200, []string{talk}, nil},
		{"read", request{"GET", "/conversations/" + talk, "", full, nil}, 200, []string{"Where is my parcel?", `"direction":"in"`, `"periods":[{`, `"state":"new"`}, nil},
		{"change all at once", request{"PATCH", "/conversations/" + talk, `{"state":"open","assignee":"` + w.north.owner.ID + `","labels":["` + label + `"],"revision":1}`, full, nil}, 200, []string{`"state":"open"`, `"labels":["` + label + `"]`, w.north.owner.ID}, nil},
		{"change what has changed", request{"PATCH", "/conversations/" + talk, `{"state":"done","revision":1}`, full, nil}, 409, []string{`"conflict"`}, nil},
		{"all or nothing", request{"PATCH", "/conversations/" + talk, `{"state":"done","labels":["none"]}`, full, nil}, 404, nil, nil},
		{"nothing of it", request{"GET", "/conversations?label=" + label, "", full, nil}, 200, []string{talk, `"state":"open"`}, nil},
		{"put off without a time", request{"PATCH", "/conversations/" + talk, `{"state":"snoozed"}`, full, nil}, 422, []string{`"name":"until"`}, nil},
		{"put off", request{"PATCH", "/conversations/" + other, `{"state":"snoozed","until":"` + w.d.Now().Add(3600e9).Time().Format("2006-01-02T15:04:05Z07:00") + `"}`, full, nil}, 200, []string{`"snoozed_until"`}, nil},
		{"no label", request{"PATCH", "/conversations/" + talk, `{"labels":[],"assignee":""}`, full, nil}, 200, []string{`"labels":[]`}, []string{"assignee"}},
		{"assign a stranger", request{"PATCH", "/conversations/" + talk, `{"assignee":"` + w.south.owner.ID + `"}`, full, nil}, 422, []string{`"name":"assignee"`}, nil},
		{"note", request{"POST", "/conversations/" + talk + "/notes", `{"text":"Asked the roastery"}`, full, nil}, 201, []string{"Asked the roastery"}, nil},
		{"reply too long", request{"POST", "/conversations/" + talk + "/replies", `{"text":"` + strings.Repeat("x", 60) + `"}`, full, nil}, 422, []string{`"name":"text"`}, nil},
		{"reply", request{"POST", "/conversations/" + talk + "/replies", `{"text":"On its way.","done":true}`, full, once}, 201, []string{`"direction":"out"`, `"sent":false`, `"standing":"scheduled"`}, nil},
		{"reply again", request{"POST", "/conversations/" + talk + "/replies", `{"text":"On its way.","done":true}`, full, once}, 201, []string{"On its way."}, nil},
		{"said once", request{"GET", "/deliveries?state=scheduled", "", full, nil}, 200, []string{`"items":[]`}, nil},
		{"labels", request{"GET", "/labels", "", full, nil}, 200, []string{`"name":"Shipping"`, `"hue":210`}, nil},
		{"another brand's", request{"POST", "/conversations/" + talk + "/replies", `{"text":"x"}`, w.south.token, nil}, 404, nil, nil},
	})
	w.t = t
	got := w.ask(request{"GET", "/conversations/" + talk, "", full, nil})
	if n := strings.Count(got.body, "On its way."); n != 1 || got.status != http.StatusOK {
		t.Errorf("said %d times: %s", n, got.body)
	}
}
