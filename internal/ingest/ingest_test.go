package ingest_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/network"
	"rapport/internal/post"
)

func TestWhatIsSaidBecomesConversations(t *testing.T) {
	w := open(t)
	w.published("post-1", "", "", "Hello", -10)
	w.at(5)
	w.net.say(says("c1", "post-1", "ann", 1), says("c2", "c1", "ben", 2), says("m1", "", "cleo", 3))
	w.start("a")
	w.settled()
	var got []string
	for _, c := range w.list() {
		got = append(got, fmt.Sprintf("%s %s %s, %d messages", c.Kind, c.Root, c.State, c.Messages))
	}
	if diff := cmp.Diff([]string{"mention m1 new, 1 messages", "comment c1 new, 2 messages"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestADeepAnswerBringsWhatStandsAboveIt(t *testing.T) {
	w := open(t)
	w.published("post-1", "", "", "Hello", -10)
	w.net.own = []network.OwnPost{posted("post-1", "", -10)}
	w.at(60)
	w.net.hidden = []network.Message{says("c1", "post-1", "ann", 1), says("c2", "c1", "ben", 2), says("c4", "c1", "eve", 2),
		says("s1", "", "stranger", 1), says("s2", "s1", "other", 2), says("s9", "s1", "far", 3)}
	w.net.say(says("c3", "c2", "cleo", 3), says("m1", "s2", "dora", 4))
	w.start("a")
	w.settled()
	var got []string
	for _, c := range w.list() {
		got = append(got, fmt.Sprintf("%s %s, %d messages", c.Kind, c.Root, c.Messages))
	}
	// Below our post everything; elsewhere only what leads to the mention.
	if diff := cmp.Diff([]string{"mention s1, 3 messages", "comment c1, 4 messages"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestCadence(t *testing.T) {
	w := open(t)
	w.at(60)
	stop := w.start("a")
	w.until("brought over", func() bool { return w.number(`SELECT COUNT(*) FROM channel_import WHERE state = 'done'`) == 1 })
	w.settled()
	w.at(80)
	w.settled()
	within := func(what string, got, most time.Duration) {
		t.Helper()
		if got > most || got < most*8/10 {
			t.Errorf("%s is read next in %v, want up to %v", what, got, most)
		}
	}
	within("a quiet channel", w.nextIn("hear"), 9*time.Minute)
	if got := w.nextIn("history"); got > time.Hour || got <= time.Minute {
		t.Errorf("what a quiet channel published elsewhere is read next in %v", got)
	}
	within("what is known of a quiet channel", w.nextIn("recheck"), 15*time.Minute)
	stop()
	w.net.say(says("m1", "", "ann", 81))
	w.at(100)
	w.start("b")
	w.settled()
	within("a channel with a message", w.nextIn("hear"), 45*time.Second)
}

// What goes out makes a channel busy at once, not after the next quiet look.
func TestAPostMakesAChannelBusy(t *testing.T) {
	w := open(t)
	w.at(60)
	w.start("a")
	w.settled()
	w.published("post-1", "", "", "Hello", 60)
	if err := w.d.Tx(ctx, func(tx *db.Tx) error { tx.Notify("live", w.brand+" delivery.changed x"); return nil }); err != nil {
		t.Fatal(err)
	}
	w.until("read more often", func() bool { return w.nextIn("hear") <= 45*time.Second })
}

func TestAStreamHasTheChannelReadAtOnce(t *testing.T) {
	came := make(chan struct{})
	w := openOn(t, came)
	w.at(60)
	w.start("a")
	w.until("streamed", func() bool { return w.net.count("stream") == 1 })
	w.settled()
	heard := w.net.count("hear")
	w.net.say(says("m1", "", "ann", 60))
	w.at(61)
	came <- struct{}{}
	w.until("read", func() bool { return w.net.count("hear") > heard && len(w.list()) == 1 })
	close(came)
	w.until("given back", func() bool { return w.nextIn("stream") > 0 && w.nextIn("stream") < time.Minute })
	w.at(63)
	w.until("streamed again", func() bool { return w.net.count("stream") >= 2 })
}

// Many events in a moment ask for one reading; they do not put it off.
func TestABurstOfStreamEventsPutsNothingOff(t *testing.T) {
	came := make(chan struct{})
	w := openOn(t, came)
	w.at(60)
	w.start("a")
	w.until("streamed", func() bool { return w.net.count("stream") == 1 })
	w.settled()
	w.at(61)
	for range 200 {
		came <- struct{}{}
	}
	w.settled()
	w.net.say(says("m1", "", "ann", 61))
	w.at(61.05)
	came <- struct{}{}
	w.until("read within seconds", func() bool { return len(w.list()) == 1 })
}

func TestFailuresAreNamedAndWaitedFor(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		want string
		wait func(time.Duration) bool
		kind string // of the channel's state
	}{
		{"out of order", &network.Error{Verdict: network.Unclear, Status: 503}, "warn 1× test.example answered with an error (503).", upTo(20 * time.Second), "connected"},
		{"odd", &network.Error{Verdict: network.Unclear, Status: 200, Text: "The answer was no JSON."},
			"bad 1× test.example answered something that could not be read: The answer was no JSON.", upTo(20 * time.Second), "connected"},
		{"not there", &network.Error{Verdict: network.NotSent}, "warn 1× test.example could not be reached.", upTo(20 * time.Second), "connected"},
		{"too often", &network.Error{Verdict: network.Throttled, Status: 429, RetryAfter: 5 * time.Minute}, "warn 1× test.example asks to be read less often for now.",
			func(d time.Duration) bool { return d == 5*time.Minute }, "connected"},
		{"dead credential", &network.Error{Verdict: network.Unauthorized, Status: 401}, "bad 1× test.example no longer accepts the sign-in.", upTo(20 * time.Second), "attention"},
		{"no answer", context.DeadlineExceeded, "warn 1× test.example did not answer in time.", upTo(20 * time.Second), "connected"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := open(t)
			w.at(60)
			w.net.breaks("hear", c.err)
			w.start("a")
			w.until("failed", func() bool {
				return w.number(`SELECT COUNT(*) FROM feed WHERE name = 'hear' AND tries = 1 AND lease_until = 0`) == 1
			})
			if log := w.logged(); !slices.Contains(log, c.want) {
				t.Errorf("logged %q", log)
			}
			if got := w.nextIn("hear"); !c.wait(got) {
				t.Errorf("tried again in %v", got)
			}
			if n := w.number(`SELECT COUNT(*) FROM channel WHERE state = $1`, c.kind); n != 1 {
				t.Errorf("the channel is not %s", c.kind)
			}
		})
	}
}

// A session that ends in the middle is no failure while it can be renewed.
func TestASessionThatEndsIsRenewed(t *testing.T) {
	for _, c := range []struct {
		name    string
		renewal error
		heard   int
		state   string
		log     string
	}{
		{"renewed", nil, 1, "connected", ""},
		{"out of reach", &network.Error{Verdict: network.NotSent}, 0, "connected", "warn 1× test.example could not be reached."},
		{"dead", &network.Error{Verdict: network.Unauthorized}, 0, "attention", "bad 1× test.example no longer accepts the sign-in."},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := open(t)
			w.cs.Networks = network.NewSet(renewing{w.net, c.renewal})
			w.at(60)
			w.net.say(says("1", "", "mira", 59))
			w.net.breaks("hear", &network.Error{Verdict: network.NotSent, Expired: true})
			w.start("a")
			w.until("read", func() bool {
				return w.net.count("refresh") == 1 && w.number(`SELECT COUNT(*) FROM feed WHERE name = 'hear' AND lease_until = 0 AND next_at > $1`, w.d.Now()) == 1
			})
			w.at(61)
			w.until("read again", func() bool { return c.heard == 0 || len(w.list()) == c.heard })
			if n := w.number(`SELECT COUNT(*) FROM channel WHERE state = $1`, c.state); n != 1 {
				t.Errorf("the channel is not %s", c.state)
			}
			if log := w.logged(); slices.Contains(log, c.log) != (c.log != "") {
				t.Errorf("logged %q, want %q", log, c.log)
			}
		})
	}
}

func upTo(most time.Duration) func(time.Duration) bool {
	return func(d time.Duration) bool { return d > most*8/10 && d <= most }
}

func TestTheSameFailureIsOneLineUntilItWorksAgain(t *testing.T) {
	w := open(t)
	w.at(60)
	w.start("a")
	w.until("brought over", func() bool { return w.number(`SELECT COUNT(*) FROM channel_import WHERE state = 'done'`) == 1 })
	w.settled()
	w.net.breaks("hear", &network.Error{Verdict: network.Unclear, Status: 502})
	for n := range 3 {
		w.at(60 + float64(n+1)*15)
		w.until("failed", func() bool {
			return w.number(`SELECT COUNT(*) FROM feed WHERE name = 'hear' AND tries = $1 AND lease_until = 0`, n+1) == 1
		})
	}
	w.net.breaks("hear", nil)
	w.at(120)
	w.until("worked", func() bool {
		return w.number(`SELECT COUNT(*) FROM feed WHERE name = 'hear' AND tries = 0 AND error = ''`) == 1
	})
	log := w.logged()
	if diff := cmp.Diff([]string{"info 1× It works again.", "warn 3× test.example answered with an error (502)."}, log[:2]); diff != "" {
		t.Error(diff)
	}
}

func TestMessagesWithoutIdsAreNamed(t *testing.T) {
	w := open(t)
	w.at(60)
	w.net.say(says("", "", "ann", 1), says("ok", "", "ben", 2))
	w.start("a")
	w.settled()
	if all := w.list(); len(all) != 1 || !slices.ContainsFunc(w.logged(), func(s string) bool { return strings.Contains(s, "do not say which they are") }) {
		t.Errorf("kept %d, logged %q", len(all), w.logged())
	}
}

func TestDeletionsAndEditsAreFound(t *testing.T) {
	w := open(t)
	w.at(10)
	w.net.say(says("m1", "", "ann", 1), says("m2", "", "ben", 2))
	stop := w.start("a")
	w.settled()
	stop()
	w.net.mu.Lock()
	w.net.gone["m1"] = true
	w.net.said[1].Text = "other words"
	w.net.mu.Unlock()
	w.at(100)
	w.start("b")
	w.settled()
	for _, c := range w.list() {
		th, err := conversation.Read(ctx, w.d, w.owner, w.brand, c.ID, db.Page{})
		if err != nil {
			t.Fatal(err)
		}
		m := th.Messages[0]
		switch c.Root {
		case "m1":
			if m.Text != "" || m.RemovedAt == 0 {
				t.Errorf("what is gone is %+v", m)
			}
		case "m2":
			if m.Text != "other words" || m.EditedAt == 0 {
				t.Errorf("what was edited is %+v", m)
			}
		}
	}
}

func TestTwoNodesReadEachFeedOnce(t *testing.T) {
	w := open(t)
	w.published("post-1", "", "", "Hello", -10)
	w.at(60)
	for i := range 300 {
		w.net.say(says(fmt.Sprint("c", i), "post-1", fmt.Sprint("p", i%7), float64(i)/10))
	}
	for _, node := range []string{"a", "b", "c"} {
		w.start(node)
	}
	w.settled()
	if n := w.number(`SELECT COUNT(*) FROM message`); n != 300 {
		t.Errorf("%d messages, want 300; feeds: %v", n, w.feeds())
	}
	if n := w.net.count("page"); n != 8 {
		t.Errorf("%d pages were handed out, want 8, each once", n)
	}
	// Where the own posts were all brought over while the first page was under
	// way, the feed is looked at once more and nothing is there.
	if n := w.net.count("hear"); n > 9 {
		t.Errorf("the network was asked %d times", n)
	}
}

// A node that was frozen while it read has lost its claim: what it then brings
// is not kept, and the other has read it anyway.
func TestALostClaimKeepsNothing(t *testing.T) {
	w := open(t)
	w.at(60)
	w.net.say(says("m1", "", "ann", 1))
	w.net.hold = make(chan struct{})
	w.start("a")
	w.until("asked", func() bool { return w.net.count("hear") == 1 })
	w.exec(`UPDATE feed SET node = 'b', cursor = '7' WHERE name = 'hear'`)
	close(w.net.hold)
	w.until("through", func() bool {
		return w.number(`SELECT COUNT(*) FROM feed WHERE name = 'import' AND lease_until = 0`) == 1
	})
	if n := w.number(`SELECT COUNT(*) FROM message`); n != 0 {
		t.Errorf("%d messages were kept", n)
	}
	if n := w.number(`SELECT COUNT(*) FROM feed WHERE name = 'hear' AND cursor = '7' AND node = 'b'`); n != 1 {
		t.Errorf("the feed was moved: %v", w.feeds())
	}
}

func likes(p network.OwnPost, n int64) network.OwnPost {
	p.Counters = network.Counters{At: when(0), Likes: &n}
	return p
}

func TestConnectingBringsOverWhatThereWas(t *testing.T) {
	w := open(t)
	for i := range 250 {
		w.net.own = append(w.net.own, likes(posted(fmt.Sprint("o", i), "", -float64(i)*300-10), int64(i)))
	}
	w.net.own[3] = posted("answer", "c1", -100)
	w.net.hidden = []network.Message{says("c1", "o1", "ann", -200), says("c2", "c1", "ben", -190), says("c3", "o2", "cleo", -20000)}
	w.net.say(says("old", "", "dora", -20000), says("ancient", "", "dora", -60*24*40), says("fresh", "", "eve", -60))
	w.at(1)
	w.start("a")
	w.until("brought over", func() bool { return w.number(`SELECT COUNT(*) FROM channel_import WHERE state = 'done'`) == 1 })
	w.settled()
	var posts, threads, threadsMost, messages int
	if err := w.d.QueryRowContext(ctx, `SELECT posts, threads, threads_most, messages FROM channel_import`).Scan(&posts, &threads, &threadsMost, &messages); err != nil {
		t.Fatal(err)
	}
	if posts < 199 || posts > 240 || threads == 0 || threads != threadsMost {
		t.Errorf("brought %d posts, %d of %d threads, %d messages", posts, threads, threadsMost, messages)
	}
	all, _, err := post.List(ctx, w.d, w.owner, w.brand, post.Filter{}, db.Page{Limit: 1})
	if err != nil || len(all) != 1 || all[0].Origin != post.Imported || all[0].Excerpt != "text of o0" {
		t.Errorf("the newest post is %+v, %v", all, err)
	}
	if n := w.number(`SELECT COUNT(*) FROM metric WHERE name = 'likes'`); n != posts-1 && n != posts {
		t.Errorf("%d numbers of %d posts", n, posts)
	}
	states := map[string]string{}
	for _, c := range w.list() {
		states[c.Root] = string(c.State) + " " + c.Kind
	}
	want := map[string]string{"c1": "done comment", "c3": "done comment", "old": "done mention", "fresh": "new mention"}
	if diff := cmp.Diff(want, states); diff != "" {
		t.Error(diff)
	}
	if log := w.logged(); len(log) != 1 || !strings.HasPrefix(log[0], "info 1× Brought over") {
		t.Errorf("logged %q", log)
	}
}

func TestABrokenImportGoesOnWhereItWas(t *testing.T) {
	w := open(t)
	for i := range 100 {
		w.net.own = append(w.net.own, posted(fmt.Sprint("o", i), "", -float64(i)*300-10))
	}
	w.at(1)
	w.net.breaks("thread", &network.Error{Verdict: network.Unclear, Status: 500})
	stop := w.start("a")
	w.until("posts are there", func() bool { return w.number(`SELECT COUNT(*) FROM channel_import WHERE stage = 'conversations'`) == 1 })
	stop()
	asked := w.net.count("history")
	w.net.breaks("thread", nil)
	w.at(30)
	w.start("b")
	w.until("brought over", func() bool { return w.number(`SELECT COUNT(*) FROM channel_import WHERE state = 'done'`) == 1 })
	if n := w.number(`SELECT COUNT(*) FROM post`); n != 100 {
		t.Errorf("%d posts, want 100", n)
	}
	if asked > 4 {
		t.Errorf("the history was read %d times before", asked)
	}
}

func TestWhatWePublishedIsNeverImported(t *testing.T) {
	w := open(t)
	w.published("known", "", "", "Hello", -10)
	lost := w.published("", "unknown", "unknown", "Hello, https://x.example/a you", -8)
	byWord := w.published("", "published", "published", "By  word", -6)
	w.net.own = []network.OwnPost{posted("elsewhere", "", -5), posted("named", "", -6), posted("found", "", -8), posted("known", "", -10)}
	w.net.own[1].Text, w.net.own[2].Text = "By word.", "Hello,\nhttps://x.example/a you"
	w.at(1)
	w.start("a")
	w.until("brought over", func() bool { return w.number(`SELECT COUNT(*) FROM channel_import WHERE state = 'done'`) == 1 })
	if n := w.number(`SELECT COUNT(*) FROM post WHERE origin = 'imported'`); n != 1 {
		t.Errorf("%d posts were imported, want the one that is another program's", n)
	}
	if n := w.number(`SELECT COUNT(*) FROM part WHERE delivery_id = $1 AND remote_id = ''`, lost); n != 1 {
		t.Error("the delivery in doubt was touched")
	}
	if n := w.number(`SELECT COUNT(*) FROM part WHERE delivery_id = $1 AND remote_id = 'named'`, byWord); n != 1 {
		t.Error("the one that is out by a person's word was not recognised")
	}
}

// After a copy was restored nobody knows what went out since, until the network
// has been asked: what it shows from then on is nobody else's before that.
func TestARestoredCopyTakesNothingForAnotherPrograms(t *testing.T) {
	w := open(t)
	doubted := w.published("", "unknown", "unknown", "Sent since", -8)
	for _, set := range []string{`DELETE FROM part WHERE delivery_id = $1`, `UPDATE delivery SET state = 'sending', reason_code = 'doubt' WHERE id = $1`} {
		_, err := w.d.ExecContext(t.Context(), set, doubted)
		if err != nil {
			t.Fatal(err)
		}
	}
	w.net.own = []network.OwnPost{posted("since", "", -7), posted("before", "", -100)}
	w.net.own[0].Text = "Sent since"
	w.at(1)
	w.start("a")
	w.until("brought over", func() bool { return w.number(`SELECT COUNT(*) FROM channel_import WHERE state = 'done'`) == 1 })
	if n := w.number(`SELECT COUNT(*) FROM delivery WHERE remote_id = 'since'`); n != 0 {
		t.Error("what went out before the copy was restored is another program's as well")
	}
	if n := w.number(`SELECT COUNT(*) FROM delivery WHERE remote_id = 'before'`); n != 1 {
		t.Error("what was there before is not brought over")
	}
}

func TestLaterPostsOfOtherProgramsComeToo(t *testing.T) {
	w := open(t)
	w.at(1)
	w.start("a")
	w.until("brought over", func() bool { return w.number(`SELECT COUNT(*) FROM channel_import WHERE state = 'done'`) == 1 })
	w.settled()
	w.net.say(says("c1", "later", "ann", 30))
	w.net.mu.Lock()
	w.net.own = append([]network.OwnPost{posted("native", "c1", 40), posted("later", "", 20)}, w.net.own...)
	w.net.mu.Unlock()
	w.at(90)
	w.until("kept", func() bool { return w.number(`SELECT COUNT(*) FROM post WHERE origin = 'imported'`) == 1 })
	w.settled()
	all := w.list()
	if len(all) != 1 || all[0].Kind != conversation.KindComment || all[0].State != conversation.StateOpen || all[0].WaitingSince != 0 || all[0].Messages != 2 {
		t.Errorf("it is %+v", all)
	}
}
