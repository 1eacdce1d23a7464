// Package house holds the rules of docs/architecture.md that a compiler does
// not: which package may know which.
package house_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// floors lists the packages from the ground up. A package may import those on
// lower floors; on its own floor only what also names.
var floors = []struct {
	name     string
	packages string
	also     map[string]string
}{
	{"stones", "fault i18n browsertest markdown", map[string]string{"fault": "i18n", "markdown": "fault"}},
	{"ground", "db db/dbtest secret outbound blob blob/blobtest mail config access job job/jobtest outbox activity audit live presence search challenge media/picture deposit", map[string]string{
		"db/dbtest":     "db",
		"blob/blobtest": "blob",
		"blob":          "secret",
		"config":        "blob outbound secret",
		"mail":          "secret",
		"access":        "db",
		"job":           "db",
		"job/jobtest":   "db db/dbtest job",
		"outbox":        "db",
		"activity":      "access db outbox",
		"audit":         "access db",
		"live":          "access db outbox",
		"presence":      "db outbox",
		"search":        "access db job",
		"challenge":     "db secret",
		"deposit":       "blob db job",
	}},
	{"network", "network", nil},
	{"networks", "network/networktest/wire network/networktest network/demo network/demo/emulator network/mastodon network/mastodon/emulator network/bluesky network/bluesky/emulator", map[string]string{
		"network/networktest":       "network/networktest/wire",
		"network/demo/emulator":     "network/networktest/wire",
		"network/mastodon/emulator": "network/networktest/wire",
		"network/bluesky/emulator":  "network/networktest/wire",
	}},
	{"nouns", "account brand certificate channel comment community conversation delivery document handover installation letter link media member metric notice person post space tally task topic webhook", map[string]string{
		"channel":      "delivery", // what waits for a channel is cancelled with it
		"post":         "brand channel delivery media",
		"letter":       "account",
		"conversation": "account delivery person", // a reply is a delivery; notes name accounts
		"comment":      "account post",
		"task":         "account conversation post",       // what it is about, and whom it can be given to
		"member":       "person",                          // each is somebody the brand knows
		"document":     "member",                          // who has accepted which version
		"tally":        "brand",                           // by whose clock days are counted
		"topic":        "community document member space", // where it stands, who speaks and has accepted what, and what waits for a look
		"notice":       "brand member topic",              // who is told, by which clock, and of what
	}},
	{"verbs", "admit agenda answer archive bridge dossier health hook ingest insight join measure merge notify promote publish rekey tell", map[string]string{
		"bridge":  "answer",                     // what the community answered goes back where it was asked
		"insight": "bridge promote",             // what leads from one half to the other
		"health":  "rekey",                      // it counts what each key seals
		"join":    "admit bridge merge promote", // a new account proves its address; who leaves leaves the inbox, what was joined to them, and what was made of their words
		"dossier": "bridge join merge",          // a person may be a member, was perhaps two, and may have asked what became a topic
	}},
	{"pages' parts", "web/ui web/cookie web/entry web/static web/static/source", map[string]string{"web/ui": "web/static", "web/static": "web/static/source"}},
	{"the studio", "web/studio", nil},
	{"its areas", "web/calendar web/channels web/compose web/door web/find web/inbox web/insights web/library web/links web/moderation web/people web/posts web/settings web/team web/today web/together", map[string]string{
		"web/channels": "web/insights web/team",                                      // a channel shows its numbers, and what the team did to it
		"web/compose":  "web/library web/together",                                   // pictures, and what the team says about the post
		"web/inbox":    "web/together",                                               // what is to do about a conversation
		"web/people":   "web/team",                                                   // what the team did to somebody
		"web/posts":    "web/compose web/insights web/links web/team web/together",   // all that belongs to a post
		"web/today":    "web/channels web/inbox web/insights web/posts web/together", // a bit of each
	}},
	{"surfaces", "web web/webtest commons api", map[string]string{"web/webtest": "web"}},
	{"whole", "demoworld demoworld/scene demoworld/words server/edge server bench house walk walk/real publish/crash web/static/build", map[string]string{"server": "server/edge demoworld", "bench": "demoworld", "demoworld": "demoworld/scene demoworld/words"}},
}

func TestImportsGoDown(t *testing.T) {
	floor, also := map[string]int{}, map[string]string{}
	for i, f := range floors {
		for _, p := range strings.Fields(f.packages) {
			floor[p] = i
			also[p] = f.also[p]
		}
	}
	for p, imports := range imported(t) {
		at, known := floor[p]
		if !known {
			t.Errorf("%s stands on no floor: give it one in this test and in docs/architecture.md", p)
			continue
		}
		for _, q := range imports {
			switch below, ok := floor[q]; {
			case !ok:
				t.Errorf("%s imports %s, which stands on no floor", p, q)
			case below > at || below == at && !strings.Contains(" "+also[p]+" ", " "+q+" "):
				t.Errorf("%s (%s) may not import %s (%s)", p, floors[at].name, q, floors[below].name)
			}
		}
	}
}

// The studio's pages are the team's alone: the other surfaces share its parts
// and nothing of its own.
func TestTheStudioIsTheTeamsAlone(t *testing.T) {
	var own []string
	for _, f := range floors {
		if f.name == "the studio" || f.name == "its areas" {
			own = append(own, strings.Fields(f.packages)...)
		}
	}
	all := imported(t)
	for _, p := range []string{"commons", "api"} {
		for _, q := range all[p] {
			if slices.Contains(own, q) {
				t.Errorf("%s imports %s", p, q)
			}
		}
	}
}

// A connector translates and does nothing else.
func TestConnectorsKnowOnlyTheContract(t *testing.T) {
	for p, imports := range imported(t) {
		name, isNetwork := strings.CutPrefix(p, "network/")
		if !isNetwork || strings.Contains(name, "/") || name == "networktest" {
			continue
		}
		for _, q := range imports {
			if q != "network" && q != "outbound" && q != "fault" {
				t.Errorf("the connector %s imports %s", name, q)
			}
		}
	}
}

func imported(t *testing.T) map[string][]string {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, "rapport/internal/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		name := strings.TrimPrefix(words[0], "rapport/internal/")
		all[name] = nil
		for _, w := range words[1:] {
			if q, ours := strings.CutPrefix(w, "rapport/internal/"); ours {
				all[name] = append(all[name], q)
			}
		}
	}
	return all
}
