package conversation_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/fault"
	"rapport/internal/network"
	"rapport/internal/outbox"
	"rapport/internal/presence"
)

// comment takes one comment in and returns its conversation.
func (w *world) comment(id string, minutes int) conversation.Conversation {
	w.t.Helper()
	w.take(says(id, "", "ann-"+id, minutes))
	for _, c := range w.list() {
		if c.Root == id {
			return c
		}
	}
	w.t.Fatalf("%s began no conversation", id)
	return conversation.Conversation{}
}

func (w *world) set(c conversation.Conversation, to conversation.Standing) conversation.Change {
	w.t.Helper()
	return must[conversation.Change](w.t)(conversation.SetState(ctx, w.d, w.mira, w.brand, c.ID, 0, to))
}

func (w *world) state(id string) conversation.Conversation {
	w.t.Helper()
	return must[conversation.Conversation](w.t)(conversation.ByID(ctx, w.d, w.owner, w.brand, id))
}

func TestTheWayOfAConversation(t *testing.T) {
	w := open(t)
	w.at(10)
	c := w.comment("c1", 5)
	if got := must[conversation.Conversation](t)(conversation.Open(ctx, w.d, w.reader, w.brand, c.ID)); got.State != conversation.StateNew {
		t.Errorf("an analyst who looks makes it %s", got.State)
	}
	if got := must[conversation.Conversation](t)(conversation.Open(ctx, w.d, w.mira, w.brand, c.ID)); got.State != conversation.StateOpen || got.Revision != 2 {
		t.Errorf("opened it is %+v", got)
	}
	w.at(20)
	if got := w.set(c, conversation.Standing{State: conversation.StateDone}).After; got.State != conversation.StateDone || got.WaitingSince != 0 {
		t.Errorf("done it is %+v", got)
	}
	w.at(30)
	w.take(says("c2", "c1", "ben", 29))
	if got := w.state(c.ID); got.State != conversation.StateOpen || got.WaitingSince != when(29) {
		t.Errorf("after a message it is %+v", got)
	}
	w.at(40)
	w.set(c, conversation.Standing{State: conversation.StateSnoozed, Until: when(100)})
	w.at(50)
	w.take(says("c3", "c1", "ben", 50))
	if got := w.state(c.ID); got.State != conversation.StateOpen || got.SnoozedUntil != 0 || got.WaitingSince != when(29) {
		t.Errorf("put off, after a message it is %+v", got)
	}
	w.take(ours("o1", "c3", 50))
	w.at(60)
	w.set(c, conversation.Standing{State: conversation.StateSnoozed, Until: when(100)})
	w.at(99)
	w.wake(0)
	w.at(100)
	w.wake(1)
	w.wake(0)
	if got := w.state(c.ID); got.State != conversation.StateOpen || got.WaitingSince != 0 {
		t.Errorf("awake it is %+v", got)
	}
	want := []conversation.Period{{OpenedAt: when(5), ClosedAt: when(20)}, {OpenedAt: when(29), AnsweredAt: when(50)}}
	if diff := cmp.Diff(want, w.read(c.ID).Periods); diff != "" {
		t.Error(diff)
	}
	var story []string
	for _, e := range w.read(c.ID).Events {
		story = append(story, e.What)
	}
	if diff := cmp.Diff([]string{"opened", "done", "reopened", "snoozed", "reopened", "snoozed", "woke"}, story); diff != "" {
		t.Error(diff)
	}
}

func (w *world) wake(want int) {
	w.t.Helper()
	if n, err := conversation.Wake(ctx, w.d); err != nil || n != want {
		w.t.Errorf("woke %d, want %d, %v", n, want, err)
	}
}

// The first-response clock: one row for each case of a conversation's life.
func TestTheClock(t *testing.T) {
	done, snooze := conversation.Standing{State: conversation.StateDone}, conversation.Standing{State: conversation.StateSnoozed, Until: when(500)}
	reopen := conversation.Standing{State: conversation.StateOpen}
	for _, c := range []struct {
		name string
		do   func(w *world, c conversation.Conversation)
		want []conversation.Period
	}{
		{"nobody answered yet", func(*world, conversation.Conversation) {}, []conversation.Period{{OpenedAt: when(5)}}},
		{"more questions do not reset it", func(w *world, c conversation.Conversation) { w.take(says("c2", "c1", "ben", 8)) }, []conversation.Period{{OpenedAt: when(5)}}},
		{"the first answer counts", func(w *world, c conversation.Conversation) { w.take(ours("o1", "c1", 9), ours("o2", "c1", 12)) },
			[]conversation.Period{{OpenedAt: when(5), AnsweredAt: when(9)}}},
		{"answers that arrive the wrong way round", func(w *world, c conversation.Conversation) { w.take(ours("o2", "c1", 12)); w.take(ours("o1", "c1", 9)) },
			[]conversation.Period{{OpenedAt: when(5), AnsweredAt: when(9)}}},
		{"a new question in an open, answered one is the same period", func(w *world, c conversation.Conversation) {
			w.take(ours("o1", "c1", 9))
			w.take(says("c2", "o1", "ann", 20))
		}, []conversation.Period{{OpenedAt: when(5), AnsweredAt: when(9)}}},
		{"reopening counts from the new message, not from creation", func(w *world, c conversation.Conversation) {
			w.take(ours("o1", "c1", 9))
			w.at(30)
			w.set(c, done)
			w.at(50)
			w.take(says("c2", "c1", "ann", 40))
			w.take(ours("o2", "c2", 44))
		}, []conversation.Period{{OpenedAt: when(5), AnsweredAt: when(9), ClosedAt: when(30)}, {OpenedAt: when(40), AnsweredAt: when(44)}}},
		{"taking done back goes on with the same period", func(w *world, c conversation.Conversation) { w.at(30); w.set(c, done); w.at(31); w.set(c, reopen) },
			[]conversation.Period{{OpenedAt: when(5)}}},
		{"put off and answered before, a message is another period", func(w *world, c conversation.Conversation) {
			w.take(ours("o1", "c1", 9))
			w.at(30)
			w.set(c, snooze)
			w.at(60)
			w.take(says("c2", "c1", "ann", 55))
		}, []conversation.Period{{OpenedAt: when(5), AnsweredAt: when(9), ClosedAt: when(60)}, {OpenedAt: when(55)}}},
		{"put off without an answer, they have waited all along", func(w *world, c conversation.Conversation) {
			w.at(30)
			w.set(c, snooze)
			w.at(60)
			w.take(says("c2", "c1", "ann", 55))
		}, []conversation.Period{{OpenedAt: when(5)}}},
		{"an older question found late begins it earlier", func(w *world, c conversation.Conversation) { w.take(says("c0", "c1", "ann", 2)) },
			[]conversation.Period{{OpenedAt: when(2)}}},
		{"an answered one that is old news reopens nothing", func(w *world, c conversation.Conversation) {
			w.take(ours("o1", "c1", 9))
			w.at(30)
			w.set(c, done)
			w.take(says("c0", "c1", "ann", 7))
		}, []conversation.Period{{OpenedAt: when(5), AnsweredAt: when(9), ClosedAt: when(30)}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := open(t)
			w.at(20)
			conv := w.comment("c1", 5)
			w.at(50)
			c.do(w, conv)
			if diff := cmp.Diff(c.want, w.read(conv.ID).Periods); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatIsFromBeforeAsksForLittle(t *testing.T) {
	w := open(t)
	w.at(20 * 24 * 60)
	w.takeAs(true, says("old", "", "ann", 0), says("answered", "", "ben", 19*24*60), ours("o", "answered", 19*24*60+1), says("fresh", "", "cleo", 19*24*60))
	if err := w.d.Tx(ctx, func(tx *db.Tx) error { return conversation.SettlePast(ctx, tx, w.src, tx.Now()) }); err != nil {
		t.Fatal(err)
	}
	got := map[string]conversation.State{}
	for _, c := range w.list() {
		got[c.Root] = c.State
	}
	want := map[string]conversation.State{"old": conversation.StateDone, "answered": conversation.StateDone, "fresh": conversation.StateNew}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	w.takeAs(true, says("older", "old", "ann", 1))
	if c := w.state(w.byRoot("old").ID); c.State != conversation.StateDone || c.Messages != 2 {
		t.Errorf("what came over later made it %+v", c)
	}
}

func (w *world) byRoot(root string) conversation.Conversation {
	w.t.Helper()
	all := w.list()
	i := slices.IndexFunc(all, func(c conversation.Conversation) bool { return c.Root == root })
	if i < 0 {
		w.t.Fatalf("no conversation begins with %s", root)
	}
	return all[i]
}

func TestPermissions(t *testing.T) {
	w := open(t)
	w.at(10)
	c := w.comment("c1", 5)
	label := must[conversation.Label](t)(conversation.MakeLabel(ctx, w.d, w.owner, w.brand, "Praise", 120))
	acts := map[string]func(who access.Who) error{
		"read": func(who access.Who) error {
			_, err := conversation.Read(ctx, w.d, who, w.brand, c.ID, db.Page{})
			return err
		},
		"view": func(who access.Who) error { return conversation.View(ctx, w.d, who, w.brand, c.ID, false) },
		"state": func(who access.Who) error {
			_, err := conversation.SetState(ctx, w.d, who, w.brand, c.ID, 0, conversation.Standing{State: conversation.StateOpen})
			return err
		},
		"states": func(who access.Who) error {
			_, err := conversation.SetStates(ctx, w.d, who, w.brand, []string{c.ID}, conversation.Standing{State: conversation.StateOpen})
			return err
		},
		"assign": func(who access.Who) error {
			_, err := conversation.Assign(ctx, w.d, who, w.brand, c.ID, 0, w.mira.Account)
			return err
		},
		"note": func(who access.Who) error {
			_, err := conversation.AddNote(ctx, w.d, who, w.brand, c.ID, "hm")
			return err
		},
		"label": func(who access.Who) error {
			_, err := conversation.AddLabel(ctx, w.d, who, w.brand, []string{c.ID}, label.ID)
			return err
		},
		"undo": func(who access.Who) error {
			_, err := conversation.Undo(ctx, w.d, who, w.brand, []conversation.Was{{ID: c.ID, Revision: 99}})
			return err
		},
	}
	reads := []string{"read", "view"}
	for _, c := range []struct {
		name string
		who  access.Who
		may  func(act string) bool
		kind fault.Kind
	}{
		{"owner", w.owner, func(string) bool { return true }, 0},
		{"community manager", w.mira, func(string) bool { return true }, 0},
		{"analyst", w.reader, func(act string) bool { return slices.Contains(reads, act) }, fault.Denied},
		{"creator", w.member("C", access.Creator), func(act string) bool { return slices.Contains(reads, act) }, fault.Denied},
		{"moderator", w.member("M", access.Moderator), func(string) bool { return false }, fault.Denied},
		{"of another channel", w.narrow, func(string) bool { return false }, fault.Denied},
		{"of another brand", access.Who{Account: "x"}, func(string) bool { return false }, fault.NotFound},
	} {
		for name, act := range acts {
			err := act(c.who)
			if c.may(name) && err != nil || !c.may(name) && !fault.Is(err, c.kind) {
				t.Errorf("%s, %s: %v", c.name, name, err)
			}
		}
	}
}

func TestListsShowOnlyGrantedChannels(t *testing.T) {
	w := open(t)
	w.at(10)
	w.comment("c1", 5)
	second := w.src
	second.Channel = w.other
	if err := w.d.Tx(ctx, func(tx *db.Tx) error {
		_, err := conversation.Take(ctx, tx, second, []network.Message{says("c2", "", "ben", 6)}, false)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		who  access.Who
		f    conversation.Filter
		want []string
	}{
		{"owner", w.owner, conversation.Filter{}, []string{"c2", "c1"}},
		{"owner, one channel", w.owner, conversation.Filter{Channel: w.src.Channel}, []string{"c1"}},
		{"narrowed", w.narrow, conversation.Filter{}, []string{"c2"}},
		{"narrowed, asks for the other", w.narrow, conversation.Filter{Channel: w.src.Channel}, nil},
		{"narrowed, waiting", w.narrow, conversation.Filter{Waiting: true}, []string{"c2"}},
	} {
		all, _, err := conversation.List(ctx, w.d, c.who, w.brand, c.f, db.Page{})
		var got []string
		for _, one := range all {
			got = append(got, one.Root)
		}
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%s: %s %v", c.name, diff, err)
		}
	}
	if n := must[conversation.Counts](t)(conversation.Count(ctx, w.d, w.narrow, w.brand)); n.New != 1 || n.Waiting != 1 || n.Unassigned != 1 {
		t.Errorf("counted %+v", n)
	}
}

func TestFiltersAndCounts(t *testing.T) {
	w := open(t)
	_, p := w.post("post-1")
	w.at(100)
	w.take(says("below", "post-1", "ann", 1))
	fresh, mine, later, done := w.comment("fresh", 2), w.comment("mine", 3), w.comment("later", 4), w.comment("done", 5)
	label := must[conversation.Label](t)(conversation.MakeLabel(ctx, w.d, w.owner, w.brand, "Praise", 120))
	must[conversation.Change](t)(conversation.Assign(ctx, w.d, w.owner, w.brand, mine.ID, 0, w.mira.Account))
	w.set(mine, conversation.Standing{State: conversation.StateOpen})
	w.set(later, conversation.Standing{State: conversation.StateSnoozed, Until: when(900)})
	w.set(done, conversation.Standing{State: conversation.StateDone})
	must[[]conversation.Change](t)(conversation.AddLabel(ctx, w.d, w.mira, w.brand, []string{fresh.ID, done.ID}, label.ID))
	must[conversation.Note](t)(conversation.AddNote(ctx, w.d, w.owner, w.brand, later.ID, "@Mira Lind, what do you think?"))
	for _, c := range []struct {
		name string
		f    conversation.Filter
		want []string
	}{
		{"everything", conversation.Filter{}, []string{"done", "later", "mine", "fresh", "below"}},
		{"new and open", conversation.Filter{States: []conversation.State{conversation.StateNew, conversation.StateOpen}}, []string{"mine", "fresh", "below"}},
		{"mine", conversation.Filter{Assignee: conversation.Me}, []string{"mine"}},
		{"nobody's", conversation.Filter{Assignee: conversation.Nobody, States: []conversation.State{conversation.StateNew}}, []string{"fresh", "below"}},
		{"snoozed", conversation.Filter{States: []conversation.State{conversation.StateSnoozed}}, []string{"later"}},
		{"waiting, the longest first", conversation.Filter{Waiting: true}, []string{"below", "fresh", "mine"}},
		{"comments", conversation.Filter{Kind: conversation.KindComment}, []string{"below"}},
		{"below a post", conversation.Filter{Post: p}, []string{"below"}},
		{"a label", conversation.Filter{Label: label.ID}, []string{"done", "fresh"}},
		{"a label and a state", conversation.Filter{Label: label.ID, States: []conversation.State{conversation.StateDone}}, []string{"done"}},
		{"mentioned", conversation.Filter{Mentioned: true}, []string{"later"}},
		{"a person", conversation.Filter{Person: fresh.From.Person}, []string{"fresh"}},
	} {
		for _, size := range []int{0, 1, 2} { // whatever the size of a page, the same comes out
			var got []string
			for page := (db.Page{Limit: size}); ; {
				all, next, err := conversation.List(ctx, dbtest.Indexed(t, w.d), w.mira, w.brand, c.f, page)
				if err != nil {
					t.Fatal(c.name, err)
				}
				for _, one := range all {
					got = append(got, one.Root)
				}
				if page.After = next; next == "" {
					break
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s, by %d: %s", c.name, size, diff)
			}
		}
	}
	want := conversation.Counts{New: 2, Open: 1, Mine: 1, Unassigned: 2, Waiting: 3, Snoozed: 1, Done: 1}
	if diff := cmp.Diff(want, must[conversation.Counts](t)(conversation.Count(ctx, dbtest.Indexed(t, w.d), w.mira, w.brand))); diff != "" {
		t.Error(diff)
	}
	if _, _, err := conversation.List(ctx, w.d, w.mira, w.brand, conversation.Filter{States: []conversation.State{"quiet"}}, db.Page{}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a state that is none: %v", err)
	}
	if _, err := conversation.Read(ctx, dbtest.Indexed(t, w.d), w.mira, w.brand, later.ID, db.Page{}); err != nil {
		t.Error(err)
	}
}

func TestWritesKnowWhatTheirWriterSaw(t *testing.T) {
	w := open(t)
	w.at(10)
	c := w.comment("c1", 5)
	done := conversation.Standing{State: conversation.StateDone, Seen: c.LastAt}
	w.take(says("c2", "c1", "ann", 6))
	if _, err := conversation.SetState(ctx, w.d, w.mira, w.brand, c.ID, c.Revision, done); !fault.Is(err, fault.Conflict) {
		t.Errorf("put aside unread: %v", err)
	}
	done.Seen = when(6)
	if _, err := conversation.SetState(ctx, w.d, w.mira, w.brand, c.ID, c.Revision, done); err != nil {
		t.Error(err)
	}
	if _, err := conversation.Assign(ctx, w.d, w.owner, w.brand, c.ID, c.Revision, w.mira.Account); !fault.Is(err, fault.Conflict) {
		t.Errorf("with an old revision: %v", err)
	}
	if _, err := conversation.Assign(ctx, w.d, w.owner, w.brand, c.ID, 0, w.narrow.Account); !fault.Is(err, fault.Invalid) {
		t.Errorf("assigned to somebody who cannot see it: %v", err)
	}
	if _, err := conversation.Assign(ctx, w.d, w.owner, w.brand, c.ID, 0, "nobody-known"); !fault.Is(err, fault.Invalid) {
		t.Errorf("assigned to nobody known: %v", err)
	}
	if _, err := conversation.SetState(ctx, w.d, w.mira, w.brand, c.ID, 0, conversation.Standing{State: conversation.StateSnoozed, Until: when(3)}); !fault.Is(err, fault.Invalid) {
		t.Errorf("put off into the past: %v", err)
	}
}

func TestUndo(t *testing.T) {
	w := open(t)
	w.at(10)
	a, b := w.comment("a", 5), w.comment("b", 6)
	changes := must[[]conversation.Change](t)(conversation.SetStates(ctx, w.d, w.mira, w.brand, []string{a.ID, b.ID}, conversation.Standing{State: conversation.StateDone}))
	must[conversation.Change](t)(conversation.Assign(ctx, w.d, w.owner, w.brand, b.ID, 0, w.mira.Account)) // b has moved on since
	var was []conversation.Was
	for _, c := range changes {
		was = append(was, c.Was())
	}
	if n, err := conversation.Undo(ctx, w.d, w.mira, w.brand, was); n != 1 || err != nil {
		t.Errorf("took %d back, %v", n, err)
	}
	if got := w.state(a.ID); got.State != conversation.StateNew || got.WaitingSince != when(5) {
		t.Errorf("taken back it is %+v", got)
	}
	if got := w.state(b.ID); got.State != conversation.StateDone || got.Assignee != w.mira.Account {
		t.Errorf("the one that moved on is %+v", got)
	}
}

func TestTwoPeopleActAtOnce(t *testing.T) {
	w := open(t)
	w.at(10)
	c := w.comment("c1", 5)
	for _, act := range []struct {
		name string
		do   func(who access.Who, revision int64) error
	}{
		{"assign", func(who access.Who, revision int64) error {
			_, err := conversation.Assign(ctx, w.d, who, w.brand, c.ID, revision, who.Account)
			return err
		}},
		{"close", func(who access.Who, revision int64) error {
			_, err := conversation.SetState(ctx, w.d, who, w.brand, c.ID, revision, conversation.Standing{State: conversation.StateSnoozed, Until: when(1000 + len(who.Name))})
			return err
		}},
	} {
		revision := w.state(c.ID).Revision
		var mu sync.Mutex
		var ok, conflicts int
		var wg sync.WaitGroup
		for _, who := range []access.Who{w.owner, w.mira} {
			wg.Go(func() {
				err := act.do(who, revision)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					ok++
				case fault.Is(err, fault.Conflict):
					conflicts++
				default:
					t.Error(act.name, err)
				}
			})
		}
		wg.Wait()
		if ok != 1 || conflicts != 1 {
			t.Errorf("%s: %d went through, %d were told", act.name, ok, conflicts)
		}
	}
}

func TestMessagesAndClosingMeet(t *testing.T) {
	w := open(t)
	w.at(50)
	c := w.comment("c1", 5)
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range 10 {
			w.take(says(fmt.Sprint("n", i), "c1", "ann", 10+i))
		}
	})
	wg.Go(func() {
		for range 10 {
			if _, err := conversation.SetState(ctx, w.d, w.mira, w.brand, c.ID, 0, conversation.Standing{State: conversation.StateDone}); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Wait()
	w.take(says("last", "c1", "ann", 30))
	if got := w.state(c.ID); got.State == conversation.StateDone || got.Messages != 12 {
		t.Errorf("it is %+v", got)
	}
}

func TestNotesNameColleagues(t *testing.T) {
	w := open(t)
	w.at(10)
	c := w.comment("c1", 5)
	for _, one := range []struct {
		text string
		want []string
	}{
		{"plain words", nil},
		{"@mira lind look", []string{w.mira.Account}},
		{"@Mira look", nil}, // she cannot see this channel
		{"@Mira Linden look", nil},
		{"@Olga Owner @Mira Lind", []string{w.mira.Account}}, // nobody mentions themselves
	} {
		n, err := conversation.AddNote(ctx, w.d, w.owner, w.brand, c.ID, one.text)
		if diff := cmp.Diff(one.want, n.Mentions); diff != "" || err != nil {
			t.Errorf("%q: %s %v", one.text, diff, err)
		}
	}
	var events int
	if err := w.d.QueryRowContext(ctx, `SELECT COUNT(*) FROM outbox WHERE kind = 'conversation.mentioned' AND subject = $1`, c.ID).Scan(&events); err != nil || events != 2 {
		t.Errorf("%d events, %v", events, err)
	}
	if notes := w.read(c.ID).Notes; len(notes) != 5 || notes[0].Text != "plain words" {
		t.Errorf("notes %+v", notes)
	}
	for _, bad := range []string{"", "  ", "a\x00b"} {
		if _, err := conversation.AddNote(ctx, w.d, w.owner, w.brand, c.ID, bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestLabels(t *testing.T) {
	w := open(t)
	w.at(10)
	c := w.comment("c1", 5)
	l := must[conversation.Label](t)(conversation.MakeLabel(ctx, w.d, w.mira, w.brand, " Press  inquiry ", 400))
	if again := must[conversation.Label](t)(conversation.MakeLabel(ctx, w.d, w.mira, w.brand, "PRESS INQUIRY", 1)); again.ID != l.ID || l.Name != "Press inquiry" || l.Hue != 40 {
		t.Errorf("made %+v, then %+v", l, again)
	}
	second := must[conversation.Label](t)(conversation.MakeLabel(ctx, w.d, w.mira, w.brand, "Bug", 1))
	if _, err := conversation.ChangeLabel(ctx, w.d, w.mira, w.brand, second.ID, "press inquiry", 1); !fault.Is(err, fault.Conflict) {
		t.Errorf("a name that is taken: %v", err)
	}
	add := func() int {
		return len(must[[]conversation.Change](t)(conversation.AddLabel(ctx, w.d, w.mira, w.brand, []string{c.ID}, l.ID)))
	}
	if add() != 1 || add() != 0 {
		t.Error("a label was added twice, or never")
	}
	if got := w.state(c.ID).Labels; !slices.Equal(got, []string{l.ID}) {
		t.Errorf("labels %v", got)
	}
	w.take(says("c2", "c1", "ann", 9))
	if all, _, err := conversation.List(ctx, w.d, w.mira, w.brand, conversation.Filter{Label: l.ID}, db.Page{}); err != nil || len(all) != 1 {
		t.Errorf("listed %v, %v", all, err)
	}
	if n := len(must[[]conversation.Change](t)(conversation.RemoveLabel(ctx, w.d, w.mira, w.brand, []string{c.ID}, l.ID))); n != 1 {
		t.Errorf("took it off %d", n)
	}
	add()
	if err := conversation.DeleteLabel(ctx, w.d, w.mira, w.brand, l.ID); err != nil {
		t.Error(err)
	}
	if all := must[[]conversation.Label](t)(conversation.Labels(ctx, w.d, w.reader, w.brand)); len(all) != 1 || len(w.state(c.ID).Labels) != 0 {
		t.Errorf("left are %+v and %v", all, w.state(c.ID).Labels)
	}
}

func TestPresence(t *testing.T) {
	w := open(t)
	w.at(10)
	c := w.comment("c1", 5)
	told := make(chan string, 100)
	if w.d.Dialect == db.SQLite {
		defer w.d.Subscribe(outbox.LiveTopic, func(p string) { told <- p })()
	}
	view := func(who access.Who, typing bool) {
		t.Helper()
		if err := conversation.View(ctx, w.d, who, w.brand, c.ID, typing); err != nil {
			t.Fatal(err)
		}
	}
	view(w.mira, false)
	view(w.mira, false)
	view(w.mira, true)
	view(w.owner, false)
	here := func(who access.Who) []presence.Somebody {
		return must[[]presence.Somebody](t)(conversation.Here(ctx, w.d, who, w.brand, c.ID))
	}
	if got := here(w.owner); len(got) != 1 || got[0].Account != w.mira.Account || got[0].BusyAt != when(10) {
		t.Errorf("the owner sees %+v", got)
	}
	if w.d.Dialect == db.SQLite && len(told) != 3 {
		t.Errorf("told %d times, want 3: she came, she types, the owner came", len(told))
	}
	w.d.SetClock(start.Add(10*time.Minute + 30*time.Second))
	if got := here(w.owner); len(got) != 1 || got[0].BusyAt != 0 {
		t.Errorf("after a while the owner sees %+v", got)
	}
	if err := conversation.Leave(ctx, w.d, w.owner, w.brand, c.ID); err != nil || len(here(w.mira)) != 0 {
		t.Errorf("the owner left, but is here: %v", err)
	}
	w.at(12)
	if err := conversation.Sweep(ctx, w.d); err != nil || len(here(w.owner)) != 0 {
		t.Errorf("somebody is still here: %v", err)
	}
}

func TestLongThreadsComeInPages(t *testing.T) {
	w := open(t)
	w.at(600)
	var all []network.Message
	for i := range 450 {
		parent := ""
		if i > 0 {
			parent = fmt.Sprint("c", i-1)
		}
		all = append(all, says(fmt.Sprint("c", i), parent, "ann", i))
	}
	w.take(all...)
	id := w.only().ID
	var seen []string
	for page := (db.Page{}); ; {
		th := must[conversation.Thread](t)(conversation.Read(ctx, w.d, w.owner, w.brand, id, page))
		var some []string
		for _, m := range th.Messages {
			some = append(some, m.RemoteID)
		}
		seen = append(some, seen...)
		if page.After = th.Older; th.Older == "" {
			break
		}
	}
	if len(seen) != 450 || seen[0] != "c0" || seen[449] != "c449" {
		t.Errorf("read %d messages from %s to %s", len(seen), seen[0], seen[len(seen)-1])
	}
}
