package post_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/delivery"
	"rapport/internal/fault"
	"rapport/internal/post"
)

// desk is a brand that asks for approval, with a creator, two managers and a
// strategist.
type desk struct {
	*world
	creator, manager, second, strategist access.Who
}

func openDesk(t *testing.T) *desk {
	t.Helper()
	w := open(t)
	d := &desk{world: w}
	d.creator, d.manager = w.by("creator", access.Creator), w.by("manager", access.Manager)
	d.second, d.strategist = w.by("second", access.Manager), w.by("strategist", access.Strategist)
	d.rule(t, post.Rule{Mode: post.RuleAlways})
	return d
}

func (w *world) by(account string, role access.Role, channels ...string) access.Who {
	return access.Who{Account: account, Grants: []access.Grant{{Brand: w.brand, Role: role, Channels: channels}}}
}

func (w *world) rule(t *testing.T, r post.Rule) {
	t.Helper()
	if _, err := post.SetRule(ctx, w.d, w.who, w.brand, r); err != nil {
		t.Fatal(err)
	}
}

// planned is a draft of the creator for tomorrow.
func (d *desk) planned(t *testing.T, s string) post.Post {
	t.Helper()
	in := text(s, d.a)
	in.PlannedAt = d.tomorrow()
	p, err := post.Draft(ctx, d.d, d.creator, d.brand, in)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (d *desk) submitted(t *testing.T, s string) post.Post {
	t.Helper()
	p, err := post.Submit(ctx, d.d, d.creator, d.brand, d.planned(t, s).ID, 1, "")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (d *desk) approved(t *testing.T, s string) post.Post {
	t.Helper()
	p, err := post.Approve(ctx, d.d, d.manager, d.brand, d.submitted(t, s).ID, post.Seen{Revision: 1})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (w *world) now(t *testing.T, id string) post.Post {
	t.Helper()
	p, err := post.ByID(ctx, w.d, access.System(), w.brand, id)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// steps are what happened in review: "who what revision".
func (w *world) steps(t *testing.T, id string) (out []string) {
	t.Helper()
	all, err := post.Steps(ctx, dbtest.Indexed(t, w.d), w.brand, id)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		out = append(out, strings.TrimSpace(s.By+" "+s.What+" "+s.Text))
	}
	return out
}

func refused(t *testing.T, err error, kind fault.Kind, what string) {
	t.Helper()
	if !fault.Is(err, kind) {
		t.Errorf("%s: %v, want %v", what, err, kind)
	}
}

func TestApprovalSchedules(t *testing.T) {
	d := openDesk(t)
	p := d.planned(t, "Autumn is here")
	_, err := post.Schedule(ctx, d.d, d.creator, d.brand, p.ID, 1, d.tomorrow())
	refused(t, err, fault.Denied, "the creator schedules")
	_, err = post.Approve(ctx, d.d, d.manager, d.brand, p.ID, post.Seen{Revision: 1})
	refused(t, err, fault.Conflict, "a draft is approved")

	if p, err = post.Submit(ctx, d.d, d.creator, d.brand, p.ID, 1, " For the launch "); err != nil {
		t.Fatal(err)
	}
	if p.State != post.StateInReview || p.SubmittedBy != "creator" || p.SubmittedAt == 0 {
		t.Errorf("submitted: %+v", p)
	}
	_, err = post.Submit(ctx, d.d, d.creator, d.brand, p.ID, 1, "")
	refused(t, err, fault.Conflict, "it is submitted again")
	_, err = post.Approve(ctx, d.d, d.creator, d.brand, p.ID, post.Seen{Revision: 1})
	refused(t, err, fault.Denied, "the creator approves")
	other := db.Time(5)
	for name, seen := range map[string]post.Seen{"another revision": {Revision: 7}, "another time": {Revision: 1, PlannedAt: &other}} {
		_, err = post.Approve(ctx, d.d, d.manager, d.brand, p.ID, seen)
		refused(t, err, fault.Conflict, name)
	}
	_, err = post.Approve(ctx, d.d, d.manager, d.brand, p.ID, post.Seen{})
	refused(t, err, fault.Invalid, "nothing was seen")

	due := p.PlannedAt
	if p, err = post.Approve(ctx, d.d, d.manager, d.brand, p.ID, post.Seen{Revision: 1, PlannedAt: &due}); err != nil {
		t.Fatal(err)
	}
	if p.State != post.StateApproved || p.Approval != post.ApprovalGiven || p.ApprovedBy != "manager" || p.Approved != 1 || p.PlannedAt != 0 {
		t.Errorf("approved: %+v", p)
	}
	ds, err := delivery.OfPost(ctx, d.d, d.brand, p.ID)
	if err != nil || len(ds) != 1 || ds[0].DueAt != due || ds[0].State != delivery.Scheduled {
		t.Errorf("deliveries %+v, %v", ds, err)
	}
	if diff := cmp.Diff([]string{"creator submitted For the launch", "manager approved"}, d.steps(t, p.ID)); diff != "" {
		t.Error(diff)
	}
	if n := d.count(t, `SELECT COUNT(*) FROM audit WHERE act IN ('post.submitted', 'post.approved', 'post.scheduled') AND subject = $1`, p.ID); n != 3 {
		t.Errorf("%d lines in the audit", n)
	}
	if n := d.count(t, `SELECT COUNT(*) FROM outbox WHERE kind IN ('post.submitted', 'post.approved') AND subject = $1`, p.ID); n != 2 {
		t.Errorf("%d events", n)
	}
}

func TestApprovedWithoutATimeWaitsForOne(t *testing.T) {
	d := openDesk(t)
	p, err := post.Draft(ctx, d.d, d.creator, d.brand, text("No hurry", d.a))
	if err != nil {
		t.Fatal(err)
	}
	_, err = post.Schedule(ctx, d.d, d.strategist, d.brand, p.ID, 1, d.tomorrow())
	refused(t, err, fault.Denied, "the strategist schedules what is not approved")
	if _, err = post.Submit(ctx, d.d, d.creator, d.brand, p.ID, 1, ""); err != nil {
		t.Fatal(err)
	}
	if p, err = post.Approve(ctx, d.d, d.manager, d.brand, p.ID, post.Seen{Revision: 1}); err != nil {
		t.Fatal(err)
	}
	if got := d.states(t, p.ID); len(got) != 0 || p.State != post.StateApproved {
		t.Errorf("%s with %v", p.State, got)
	}
	_, err = post.Schedule(ctx, d.d, d.creator, d.brand, p.ID, 1, d.tomorrow())
	refused(t, err, fault.Denied, "the creator gives it a time")
	if _, err := post.Schedule(ctx, d.d, d.strategist, d.brand, p.ID, 1, d.tomorrow()); err != nil {
		t.Fatal(err)
	}
	if got := d.now(t, p.ID); got.ApprovedBy != "manager" || got.Approval != post.ApprovalGiven {
		t.Errorf("who approved it changed: %+v", got)
	}
}

func TestWhatIsApprovedAfterItsTimeDoesNotGoOut(t *testing.T) {
	d := openDesk(t)
	p := d.submitted(t, "Too late")
	d.d.ShiftClock(48 * time.Hour)
	if _, err := post.Remind(ctx, d.d); err != nil {
		t.Fatal(err)
	}
	if got := d.now(t, p.ID); got.State != post.StateInReview || got.PlannedAt != p.PlannedAt {
		t.Errorf("after its time: %+v", got)
	}
	p, err := post.Approve(ctx, d.d, d.manager, d.brand, p.ID, post.Seen{Revision: 1})
	if err != nil {
		t.Fatal(err)
	}
	if got := d.states(t, p.ID); len(got) != 0 || p.State != post.StateApproved {
		t.Errorf("%s with %v", p.State, got)
	}
}

func TestSubmitIsRefused(t *testing.T) {
	d := openDesk(t)
	past := text("Past", d.a)
	past.PlannedAt = d.d.Now().Add(-time.Hour)
	for name, c := range map[string]struct {
		in   post.Input
		note string
		want fault.Kind
	}{
		"no channel":       {text("Nowhere"), "", fault.Invalid},
		"does not fit":     {text("This is longer than twenty characters", d.b), "", fault.Invalid},
		"its time is over": {past, "", fault.Invalid},
		"long note":        {text("Fine", d.a), strings.Repeat("x", post.MostWords+1), fault.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := post.Draft(ctx, d.d, d.creator, d.brand, c.in)
			if err != nil {
				t.Fatal(err)
			}
			_, err = post.Submit(ctx, d.d, d.creator, d.brand, p.ID, 1, c.note)
			refused(t, err, c.want, name)
			if got := d.now(t, p.ID).State; got != post.StateDraft {
				t.Errorf("it is %s", got)
			}
		})
	}
	p := d.planned(t, "Seen otherwise")
	_, err := post.Submit(ctx, d.d, d.creator, d.brand, p.ID, 4, "")
	refused(t, err, fault.Conflict, "another revision")
	scheduled := d.approved(t, "On its way")
	_, err = post.Submit(ctx, d.d, d.creator, d.brand, scheduled.ID, 1, "")
	refused(t, err, fault.Conflict, "a scheduled one")
}

func TestSendBackAndWithdraw(t *testing.T) {
	d := openDesk(t)
	p := d.submitted(t, "Almost")
	seen := post.Seen{Revision: 1}
	_, err := post.SendBack(ctx, d.d, d.manager, d.brand, p.ID, seen, "  ")
	refused(t, err, fault.Invalid, "without a word")
	_, err = post.SendBack(ctx, d.d, d.creator, d.brand, p.ID, seen, "No")
	refused(t, err, fault.Denied, "by the creator")
	back, err := post.SendBack(ctx, d.d, d.manager, d.brand, p.ID, seen, "Name the price")
	if err != nil {
		t.Fatal(err)
	}
	if back.State != post.StateDraft || back.SentBackAt == 0 || back.PlannedAt != p.PlannedAt {
		t.Errorf("sent back: %+v", back)
	}
	mine, err := post.Returned(ctx, dbtest.Indexed(t, d.d), d.creator, d.brand, 5)
	if _, n, err := post.WaitingCount(ctx, d.d, d.creator, d.brand); err != nil || n != 1 {
		t.Errorf("the author has %d sent back, %v", n, err)
	}
	if err != nil || len(mine) != 1 {
		t.Errorf("the author sees %d, %v", len(mine), err)
	}
	_, err = post.SendBack(ctx, d.d, d.second, d.brand, p.ID, seen, "Again")
	refused(t, err, fault.Conflict, "a second time")

	again, err := post.Submit(ctx, d.d, d.creator, d.brand, p.ID, 1, "")
	if err != nil || again.SentBackAt != 0 {
		t.Fatalf("submitted again: %+v, %v", again, err)
	}
	_, err = post.Withdraw(ctx, d.d, d.strategist, d.brand, p.ID)
	refused(t, err, fault.Denied, "somebody else withdraws")
	if _, err := post.Withdraw(ctx, d.d, d.creator, d.brand, p.ID); err != nil {
		t.Fatal(err)
	}
	_, err = post.Approve(ctx, d.d, d.manager, d.brand, p.ID, seen)
	refused(t, err, fault.Conflict, "approved after it was withdrawn")
	want := []string{"creator submitted", "manager sent_back Name the price", "creator submitted", "creator withdrawn"}
	if diff := cmp.Diff(want, d.steps(t, p.ID)); diff != "" {
		t.Error(diff)
	}
}

func TestNobodyApprovesTheirOwn(t *testing.T) {
	d := openDesk(t)
	in := text("By the manager", d.a)
	p, err := post.Draft(ctx, d.d, d.manager, d.brand, in)
	if err != nil {
		t.Fatal(err)
	}
	_, err = post.Schedule(ctx, d.d, d.manager, d.brand, p.ID, 1, d.tomorrow())
	refused(t, err, fault.Denied, "scheduling one's own")
	_, _, err = post.Compose(ctx, d.d, d.manager, d.brand, in, d.tomorrow())
	refused(t, err, fault.Denied, "composing and scheduling at once")
	if _, err = post.Submit(ctx, d.d, d.manager, d.brand, p.ID, 1, ""); err != nil {
		t.Fatal(err)
	}
	_, err = post.Approve(ctx, d.d, d.manager, d.brand, p.ID, post.Seen{Revision: 1})
	refused(t, err, fault.Denied, "approving one's own")

	// Who rewrites what somebody else wrote has written it.
	theirs := d.submitted(t, "By the creator")
	theirs, err = post.Save(ctx, d.d, d.manager, d.brand, theirs.ID, 1, text("Rewritten", d.a))
	if err != nil {
		t.Fatal(err)
	}
	if theirs, err = post.Submit(ctx, d.d, d.creator, d.brand, theirs.ID, 2, ""); err != nil {
		t.Fatal(err)
	}
	_, err = post.Approve(ctx, d.d, d.manager, d.brand, theirs.ID, post.Seen{Revision: 2})
	refused(t, err, fault.Denied, "approving one's own words in another's post")
	if _, err = post.Approve(ctx, d.d, d.second, d.brand, theirs.ID, post.Seen{Revision: 2}); err != nil {
		t.Errorf("a second manager: %v", err)
	}

	d.rule(t, post.Rule{Mode: post.RuleAlways, Own: true})
	if _, err = post.Approve(ctx, d.d, d.manager, d.brand, p.ID, post.Seen{Revision: 1}); err != nil {
		t.Errorf("where the brand allows it: %v", err)
	}
	if _, _, err = post.Compose(ctx, d.d, d.manager, d.brand, in, d.tomorrow()); err != nil {
		t.Errorf("composing where the brand allows it: %v", err)
	}
}

func TestSchedulingAnothersPostApprovesIt(t *testing.T) {
	d := openDesk(t)
	for _, p := range []post.Post{d.planned(t, "A draft"), d.submitted(t, "In review")} {
		if _, err := post.Schedule(ctx, d.d, d.manager, d.brand, p.ID, 1, d.tomorrow()); err != nil {
			t.Fatal(err)
		}
		if got := d.now(t, p.ID); got.ApprovedBy != "manager" || got.Approval != post.ApprovalGiven {
			t.Errorf("%+v", got)
		}
		if n := d.count(t, `SELECT COUNT(*) FROM audit WHERE act = 'post.approved' AND subject = $1 AND account_id = 'manager'`, p.ID); n != 1 {
			t.Errorf("%d lines in the audit say who approved it", n)
		}
	}
}

func TestAnEditWithdrawsApproval(t *testing.T) {
	d := openDesk(t)
	t.Run("in review", func(t *testing.T) {
		p := d.submitted(t, "One")
		got, err := post.Save(ctx, d.d, d.creator, d.brand, p.ID, 1, text("Two", d.a))
		if err != nil || got.State != post.StateDraft {
			t.Errorf("%+v, %v", got, err)
		}
		if s := d.steps(t, p.ID); s[len(s)-1] != "creator edited" {
			t.Error(s)
		}
	})
	t.Run("scheduled", func(t *testing.T) {
		p := d.approved(t, "One")
		due := d.due(t, p.ID)
		_, err := post.Save(ctx, d.d, d.strategist, d.brand, p.ID, 1, text("Two", d.a))
		refused(t, err, fault.Denied, "somebody who neither wrote it nor may publish")
		got, err := post.Save(ctx, d.d, d.creator, d.brand, p.ID, 1, text("Two", d.a))
		if err != nil {
			t.Fatal(err)
		}
		if got.State != post.StateDraft || got.Approved != 0 || got.PlannedAt != due || got.ApprovedBy != "" {
			t.Errorf("%+v", got)
		}
		if s := d.states(t, p.ID)[d.a]; s != "cancelled 1" {
			t.Errorf("its delivery is %s", s)
		}
	})
	t.Run("the same words", func(t *testing.T) {
		p := d.approved(t, "One")
		got, err := post.Save(ctx, d.d, d.creator, d.brand, p.ID, 1, text("One", d.a))
		if err != nil || got.State != post.StateApproved || d.states(t, p.ID)[d.a] != "scheduled 1" {
			t.Errorf("%+v, %v", got, err)
		}
	})
	t.Run("out", func(t *testing.T) {
		p := d.approved(t, "One")
		d.exec(t, `UPDATE delivery SET state = 'published' WHERE post_id = $1`, p.ID)
		_, err := post.Save(ctx, d.d, d.creator, d.brand, p.ID, 1, text("Two", d.a))
		refused(t, err, fault.Conflict, "an edit of what is out")
	})
	t.Run("own allowed", func(t *testing.T) {
		d.rule(t, post.Rule{Mode: post.RuleAlways, Own: true})
		p := d.approved(t, "One")
		got, err := post.Save(ctx, d.d, d.manager, d.brand, p.ID, 1, text("Two", d.a))
		if err != nil || got.State != post.StateApproved || got.ApprovedBy != "manager" || d.states(t, p.ID)[d.a] != "scheduled 2" {
			t.Errorf("%+v, %v", got, err)
		}
	})
	t.Run("nobody asks", func(t *testing.T) {
		d.rule(t, post.Rule{Mode: post.RuleNever})
		p := d.approved(t, "One")
		_, err := post.Save(ctx, d.d, d.creator, d.brand, p.ID, 1, text("Two", d.a))
		refused(t, err, fault.Denied, "by one who may not publish")
		got, err := post.Save(ctx, d.d, d.manager, d.brand, p.ID, 1, text("Two", d.a))
		if err != nil || got.State != post.StateApproved || d.states(t, p.ID)[d.a] != "scheduled 2" {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

func (w *world) due(t *testing.T, id string) db.Time {
	t.Helper()
	ds, err := delivery.OfPost(ctx, w.d, w.brand, id)
	if err != nil || len(ds) == 0 {
		t.Fatalf("%v, %v", ds, err)
	}
	return ds[0].DueAt
}

func TestRules(t *testing.T) {
	d := openDesk(t)
	got, err := post.RuleOf(ctx, dbtest.Indexed(t, d.d), d.creator, d.brand)
	if err != nil || got.Mode != post.RuleAlways || !got.Asks(d.a) || got.Asks() {
		t.Errorf("%+v, %v", got, err)
	}
	for name, r := range map[string]post.Rule{
		"no channel":      {Mode: post.RuleChannels},
		"another brand's": {Mode: post.RuleChannels, Channels: []string{db.NewID()}},
		"no such mode":    {Mode: "sometimes"},
		"too early":       {Mode: post.RuleAlways, Remind: 1000 * time.Hour},
	} {
		_, err := post.SetRule(ctx, d.d, d.who, d.brand, r)
		refused(t, err, fault.Invalid, name)
	}
	_, err = post.SetRule(ctx, d.d, d.manager, d.brand, post.Rule{Mode: post.RuleNever})
	refused(t, err, fault.Denied, "by a manager")

	d.rule(t, post.Rule{Mode: post.RuleChannels, Channels: []string{d.b, d.b}, Remind: 90 * time.Minute})
	got, err = post.RuleOf(ctx, d.d, d.creator, d.brand)
	if err != nil || got.Asks(d.a) || !got.Asks(d.a, d.b) || got.Remind != time.Hour || len(got.Channels) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	free, err := post.Draft(ctx, d.d, d.manager, d.brand, text("Free", d.a))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := post.Schedule(ctx, d.d, d.manager, d.brand, free.ID, 1, d.tomorrow()); err != nil {
		t.Errorf("a channel that does not ask: %v", err)
	}
	asked, err := post.Draft(ctx, d.d, d.manager, d.brand, text("Asked", d.a, d.b))
	if err != nil {
		t.Fatal(err)
	}
	_, err = post.Schedule(ctx, d.d, d.manager, d.brand, asked.ID, 1, d.tomorrow())
	refused(t, err, fault.Denied, "one of two channels asks")
}

// What was scheduled before the brand asked for approval goes out, unless
// somebody takes it back.
func TestARuleLooksAhead(t *testing.T) {
	d := openDesk(t)
	d.rule(t, post.Rule{Mode: post.RuleNever})
	p, _, err := post.Compose(ctx, d.d, d.manager, d.brand, text("From before", d.a), d.tomorrow())
	if err != nil {
		t.Fatal(err)
	}
	checked := d.approved(t, "Looked at before")
	d.rule(t, post.Rule{Mode: post.RuleAlways})
	if n, err := post.Unchecked(ctx, dbtest.Indexed(t, d.d), d.who, d.brand); err != nil || n != 1 {
		t.Fatalf("%d, %v", n, err)
	}
	// A change of another part of the rule does not count as asking anew.
	d.rule(t, post.Rule{Mode: post.RuleAlways, Remind: time.Hour})
	d.exec(t, `UPDATE delivery SET run_at = 1, due_at = $1 WHERE post_id = $2`, d.d.Now(), p.ID)
	if g := d.send(t, d.a, nil); g != delivery.Open {
		t.Errorf("from before: gate %d", g)
	}

	later, _, err := post.Compose(ctx, d.d, d.who, d.brand, text("x", d.a), d.tomorrow())
	refused(t, err, fault.Denied, "from now on")
	d.rule(t, post.Rule{Mode: post.RuleNever})
	if later, _, err = post.Compose(ctx, d.d, d.manager, d.brand, text("Another", d.a), d.tomorrow()); err != nil {
		t.Fatal(err)
	}
	d.rule(t, post.Rule{Mode: post.RuleChannels, Channels: []string{d.a}})
	_, err = post.Recall(ctx, d.d, d.manager, d.brand)
	refused(t, err, fault.Denied, "a manager recalls")
	if n, err := post.Recall(ctx, d.d, d.who, d.brand); err != nil || n != 1 {
		t.Fatalf("recalled %d, %v", n, err)
	}
	if got := d.now(t, later.ID); got.State != post.StateInReview || got.PlannedAt == 0 || d.states(t, later.ID)[d.a] != "cancelled 1" {
		t.Errorf("%+v", got)
	}
	if got := d.now(t, checked.ID); got.State != post.StateApproved {
		t.Errorf("what was approved by somebody is %s", got.State)
	}
	if n, _ := post.Unchecked(ctx, d.d, d.who, d.brand); n != 0 {
		t.Errorf("%d are left", n)
	}
}

// send claims and fences what is due on a channel, as the dispatcher does;
// sent hears of each text that would be out.
func (w *world) send(t *testing.T, channel string, sent func(p post.Post)) (gate delivery.Gate) {
	t.Helper()
	var claimed []delivery.Delivery
	err := w.d.Tx(ctx, func(tx *db.Tx) (err error) {
		claimed, err = delivery.Claim(ctx, tx, channel, "node", time.Minute, 10)
		return err
	}, db.RowLocks)
	if err != nil {
		t.Error(err)
	}
	for _, c := range claimed {
		p := w.now(t, c.Post)
		if p.Revision != c.Revision {
			w.giveBack(t, c)
			continue
		}
		err := w.d.Tx(ctx, func(tx *db.Tx) (err error) {
			gate, err = delivery.Fence(ctx, tx, c, delivery.Part{Text: p.Body.Parts[0].Text}, time.Minute)
			return err
		}, db.RowLocks, db.Durable)
		switch {
		case err != nil:
			t.Error(err)
		case gate == delivery.Open && sent != nil:
			sent(p)
			w.exec(t, `UPDATE delivery SET state = 'published' WHERE id = $1`, c.ID)
		case gate != delivery.Open:
			w.giveBack(t, c)
		}
	}
	return gate
}

func (w *world) giveBack(t *testing.T, d delivery.Delivery) {
	t.Helper()
	err := w.d.Tx(ctx, func(tx *db.Tx) error {
		_, err := delivery.Return(ctx, tx, d, delivery.Back{What: "returned", Part: -1})
		return err
	}, db.RowLocks)
	if err != nil {
		t.Error(err)
	}
}

// The gate does not open for what the brand asks approval of and nobody gave,
// even if the rest of the program let it come so far.
func TestTheFenceReadsTheRule(t *testing.T) {
	d := openDesk(t)
	for _, c := range []struct {
		name string
		sql  string
		want delivery.Gate
	}{
		{"approved", `UPDATE post SET body = body`, delivery.Open},
		{"nobody gave it", `UPDATE post SET approval = 'open'`, delivery.Changed},
		{"from before the rule", `UPDATE post SET approval = 'open', approval_rule = 0`, delivery.Open},
		{"a reply", `UPDATE delivery SET kind = 'reply'`, delivery.Open},
		{"another revision was approved", `UPDATE post SET approved = 7`, delivery.Changed},
		{"withdrawn", `UPDATE post SET state = 'in_review'`, delivery.Changed},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := d.approved(t, c.name)
			d.exec(t, `UPDATE delivery SET run_at = 1, due_at = $1 WHERE post_id = $2`, d.d.Now(), p.ID)
			d.exec(t, c.sql)
			if c.want == delivery.Changed {
				d.exec(t, `UPDATE post SET updated_at = updated_at`)
			}
			if got := d.send(t, d.a, nil); got != c.want {
				t.Errorf("gate %d, want %d", got, c.want)
			}
			d.exec(t, `DELETE FROM post`)
		})
	}
}

func TestSuggestions(t *testing.T) {
	d := openDesk(t)
	p := d.submitted(t, "Our coffe is good")
	seen := post.Seen{Revision: 1}
	better := post.Texts{"": {"Our coffee is good"}}
	_, err := post.Suggest(ctx, d.d, d.creator, d.brand, p.ID, seen, better, "")
	refused(t, err, fault.Conflict, "to oneself")
	_, err = post.Suggest(ctx, d.d, d.by("x", access.Analyst), d.brand, p.ID, seen, better, "")
	refused(t, err, fault.Denied, "by a reader")
	for name, texts := range map[string]post.Texts{
		"nothing": nil, "the same": {"": {"Our coffe is good"}}, "one part too many": {"": {"a", "b"}}, "no such version": {d.a: {"a"}},
		"control characters": {"": {"a\x00"}},
	} {
		_, err = post.Suggest(ctx, d.d, d.manager, d.brand, p.ID, seen, texts, "")
		refused(t, err, fault.Invalid, name)
	}
	s, err := post.Suggest(ctx, d.d, d.manager, d.brand, p.ID, seen, better, "A letter is missing")
	if err != nil || !s.Approver || s.Was[""][0] != "Our coffe is good" {
		t.Fatalf("%+v, %v", s, err)
	}
	stale, err := post.Suggest(ctx, d.d, d.strategist, d.brand, p.ID, seen, post.Texts{"": {"Our coffee is great"}}, "")
	if err != nil || stale.Approver {
		t.Fatalf("%+v, %v", stale, err)
	}
	_, err = post.TakeSuggestion(ctx, d.d, d.manager, d.brand, p.ID, s.ID)
	refused(t, err, fault.Denied, "taking one's own")
	if p, err = post.TakeSuggestion(ctx, d.d, d.creator, d.brand, p.ID, s.ID); err != nil {
		t.Fatal(err)
	}
	if p.State != post.StateInReview || p.Revision != 2 || p.Body.Parts[0].Text != "Our coffee is good" {
		t.Errorf("taken: %+v", p)
	}
	_, err = post.TakeSuggestion(ctx, d.d, d.creator, d.brand, p.ID, s.ID)
	refused(t, err, fault.Conflict, "taking it twice")
	_, err = post.TakeSuggestion(ctx, d.d, d.creator, d.brand, p.ID, stale.ID)
	refused(t, err, fault.Conflict, "taking a stale one")
	if _, err = post.DeclineSuggestion(ctx, d.d, d.creator, d.brand, p.ID, stale.ID); err != nil {
		t.Fatal(err)
	}
	all, err := post.Suggestions(ctx, dbtest.Indexed(t, d.d), d.creator, d.brand, p.ID)
	if err != nil || len(all) != 2 || all[0].State != post.SuggestionDeclined || all[1].State != post.SuggestionTaken || all[1].DecidedBy != "creator" {
		t.Errorf("%+v, %v", all, err)
	}
	// The approver's own words, taken by the author, may be approved by either.
	if _, err := post.Approve(ctx, d.d, d.manager, d.brand, p.ID, post.Seen{Revision: 2}); err != nil {
		t.Error(err)
	}

	t.Run("of a scheduled post", func(t *testing.T) {
		p := d.approved(t, "Scheduled")
		s, err := post.Suggest(ctx, d.d, d.strategist, d.brand, p.ID, seen, post.Texts{"": {"Rescheduled"}}, "")
		if err != nil {
			t.Fatal(err)
		}
		got, err := post.TakeSuggestion(ctx, d.d, d.creator, d.brand, p.ID, s.ID)
		if err != nil || got.State != post.StateDraft || d.states(t, p.ID)[d.a] != "cancelled 1" {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// Each is told of once, whatever restarts and however the clocks are set.
func TestReminders(t *testing.T) {
	d := openDesk(t)
	told := func() (due, passed int) {
		return d.count(t, `SELECT COUNT(*) FROM outbox WHERE kind = 'post.review_due'`), d.count(t, `SELECT COUNT(*) FROM outbox WHERE kind = 'post.review_passed'`)
	}
	remind := func(want int) {
		t.Helper()
		if n, err := post.Remind(ctx, d.d); err != nil || n != want {
			t.Errorf("%d were told of, want %d (%v)", n, want, err)
		}
	}
	d.rule(t, post.Rule{Mode: post.RuleAlways, Remind: 4 * time.Hour})
	p := d.submitted(t, "Tomorrow")
	remind(0)
	d.d.ShiftClock(21 * time.Hour)
	remind(1)
	remind(0)
	// Submitted within the last hours: its submission was told of just now.
	late, err := post.Withdraw(ctx, d.d, d.creator, d.brand, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = post.Submit(ctx, d.d, d.creator, d.brand, late.ID, 1, ""); err != nil {
		t.Fatal(err)
	}
	remind(0)
	d.d.ShiftClock(4 * time.Hour)
	remind(1)
	d.d.ShiftClock(-2 * time.Hour) // the clock is set back
	remind(0)
	d.d.ShiftClock(3 * time.Hour)
	remind(0)
	if due, passed := told(); due != 1 || passed != 1 {
		t.Errorf("told %d times that the time comes near, %d that it passed", due, passed)
	}
	// Another time is another wait.
	if _, err := post.Move(ctx, d.d, d.creator, d.brand, p.ID, d.d.Now().Add(30*time.Hour)); err != nil {
		t.Fatal(err)
	}
	remind(0)
	d.d.ShiftClock(27 * time.Hour)
	remind(1)
}

func TestRemindersOfTwoNodes(t *testing.T) {
	d := openDesk(t)
	for range 5 {
		d.submitted(t, "Tomorrow")
	}
	d.d.ShiftClock(30 * time.Hour)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if _, err := post.Remind(ctx, d.d); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := d.count(t, `SELECT COUNT(*) FROM outbox WHERE kind = 'post.review_passed'`); n != 5 {
		t.Errorf("told %d times of 5 posts", n)
	}
}

func TestWaiting(t *testing.T) {
	d := openDesk(t)
	narrow := d.by("narrow", access.Manager, d.b)
	a := d.submitted(t, "First")
	b, err := post.Draft(ctx, d.d, d.manager, d.brand, text("Second", d.a))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := post.Submit(ctx, d.d, d.manager, d.brand, b.ID, 1, ""); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		who  access.Who
		want []string
	}{
		{"a manager", d.manager, []string{a.ID}}, {"another", d.second, []string{a.ID, b.ID}},
		{"the creator", d.creator, nil}, {"one for another channel", narrow, nil},
	} {
		all, err := post.Waiting(ctx, dbtest.Indexed(t, d.d), c.who, d.brand, 10)
		var got []string
		for _, p := range all {
			got = append(got, p.ID)
		}
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
		if n, back, err := post.WaitingCount(ctx, dbtest.Indexed(t, d.d), c.who, d.brand); err != nil || n != len(c.want) || back != 0 {
			t.Errorf("%s: counted %d and %d, %v", c.name, n, back, err)
		}
	}
	_, err = post.Waiting(ctx, d.d, access.Who{Account: "stranger"}, d.brand, 10)
	refused(t, err, fault.NotFound, "a stranger looks")
	_, err = post.Approve(ctx, d.d, narrow, d.brand, a.ID, post.Seen{Revision: 1})
	refused(t, err, fault.Denied, "an approver of another channel")
}

func TestReviewOfAnotherBrand(t *testing.T) {
	d := openDesk(t)
	p := d.submitted(t, "Ours")
	other := d.newBrand(t)
	there := access.Who{Account: "x", Grants: []access.Grant{{Brand: other, Role: access.Owner}}}
	seen := post.Seen{Revision: 1}
	for name, do := range map[string]func(brand string) error{
		"submit":    func(b string) error { _, err := post.Submit(ctx, d.d, there, b, p.ID, 1, ""); return err },
		"approve":   func(b string) error { _, err := post.Approve(ctx, d.d, there, b, p.ID, seen); return err },
		"send back": func(b string) error { _, err := post.SendBack(ctx, d.d, there, b, p.ID, seen, "x"); return err },
		"withdraw":  func(b string) error { _, err := post.Withdraw(ctx, d.d, there, b, p.ID); return err },
		"suggest": func(b string) error {
			_, err := post.Suggest(ctx, d.d, there, b, p.ID, seen, post.Texts{"": {"x"}}, "")
			return err
		},
		"take":        func(b string) error { _, err := post.TakeSuggestion(ctx, d.d, there, b, p.ID, "x"); return err },
		"decline":     func(b string) error { _, err := post.DeclineSuggestion(ctx, d.d, there, b, p.ID, "x"); return err },
		"suggestions": func(b string) error { _, err := post.Suggestions(ctx, d.d, there, b, p.ID); return err },
	} {
		refused(t, do(other), fault.NotFound, name+" under one's own brand")
		refused(t, do(d.brand), fault.NotFound, name+" under the brand")
	}
	_, err := post.RuleOf(ctx, d.d, there, d.brand)
	refused(t, err, fault.NotFound, "the rule")
	_, err = post.SetRule(ctx, d.d, there, d.brand, post.Rule{Mode: post.RuleNever})
	refused(t, err, fault.NotFound, "changing the rule")
}

// race runs all at once and returns how many went through.
func race(t *testing.T, all ...func() error) (won int) {
	t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, do := range all {
		wg.Go(func() {
			err := do()
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else if !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Denied) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	return won
}

func TestDecisionsAtTheSameMoment(t *testing.T) {
	d := openDesk(t)
	seen := post.Seen{Revision: 1}
	approve := func(who access.Who, id string) func() error {
		return func() error { _, err := post.Approve(ctx, d.d, who, d.brand, id, seen); return err }
	}
	t.Run("approved by many", func(t *testing.T) {
		id := d.submitted(t, "One").ID
		if n := race(t, approve(d.manager, id), approve(d.manager, id), approve(d.second, id), approve(d.second, id)); n != 1 {
			t.Errorf("%d approved it", n)
		}
		if n := d.count(t, `SELECT COUNT(*) FROM delivery WHERE post_id = $1`, id); n != 1 {
			t.Errorf("it has %d deliveries", n)
		}
	})
	t.Run("approved and sent back", func(t *testing.T) {
		id := d.submitted(t, "Two").ID
		n := race(t, approve(d.manager, id), func() error {
			_, err := post.SendBack(ctx, d.d, d.second, d.brand, id, seen, "No")
			return err
		})
		if n != 1 {
			t.Errorf("%d decided", n)
		}
	})
	t.Run("approved and withdrawn", func(t *testing.T) {
		id := d.submitted(t, "Three").ID
		n := race(t, approve(d.manager, id), func() error { _, err := post.Withdraw(ctx, d.d, d.creator, d.brand, id); return err })
		if n != 1 {
			t.Errorf("%d went through", n)
		}
	})
	t.Run("approved and edited", func(t *testing.T) {
		for range 5 {
			id := d.submitted(t, "Four").ID
			race(t, approve(d.manager, id), func() error {
				_, err := post.Save(ctx, d.d, d.creator, d.brand, id, 1, text("Changed", d.a))
				return err
			})
			if p := d.now(t, id); p.Revision == 2 && (p.State != post.StateDraft || d.count(t, `SELECT COUNT(*) FROM delivery WHERE post_id = $1 AND state = 'scheduled'`, id) > 0) {
				t.Errorf("the edited post is %s", p.State)
			}
		}
	})
	t.Run("a suggestion taken and declined", func(t *testing.T) {
		id := d.submitted(t, "Five").ID
		s, err := post.Suggest(ctx, d.d, d.manager, d.brand, id, seen, post.Texts{"": {"Six"}}, "")
		if err != nil {
			t.Fatal(err)
		}
		n := race(t, func() error { _, err := post.TakeSuggestion(ctx, d.d, d.creator, d.brand, id, s.ID); return err },
			func() error { _, err := post.DeclineSuggestion(ctx, d.d, d.creator, d.brand, id, s.ID); return err })
		if n != 1 {
			t.Errorf("%d decided", n)
		}
	})
}

// sentBy collects which revisions were approved by somebody who may, and
// which were sent.
type ledger struct {
	mu    sync.Mutex
	given map[string]bool // "post text"
	sent  []string
}

func (l *ledger) approve(p post.Post) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.given[p.ID+" "+p.Body.Parts[0].Text] = true
}

func (l *ledger) send(p post.Post) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent = append(l.sent, p.ID+" "+p.Body.Parts[0].Text)
}

// act does one random thing to one of the posts. What fails by a fault is
// refused, which is fine; what must never happen is judged by the ledger.
func (d *desk) act(t *testing.T, r *rand.Rand, ids []string, l *ledger, words func() string) {
	t.Helper()
	team := []access.Who{d.creator, d.manager, d.second, d.strategist}
	who, id := team[r.IntN(len(team))], ids[r.IntN(len(ids))]
	p := d.now(t, id)
	var err error
	switch r.IntN(9) {
	case 0, 1:
		in := text(words(), d.a)
		in.PlannedAt = d.d.Now().Add(time.Hour)
		_, err = post.Save(ctx, d.d, who, d.brand, id, p.Revision, in)
	case 2, 3:
		_, err = post.Submit(ctx, d.d, who, d.brand, id, p.Revision, "")
	case 4, 5:
		if _, err = post.Approve(ctx, d.d, who, d.brand, id, post.Seen{Revision: p.Revision}); err == nil && !p.Own(who.Account) {
			l.approve(p)
		}
	case 6:
		if _, err = post.Schedule(ctx, d.d, who, d.brand, id, p.Revision, d.d.Now().Add(time.Hour)); err == nil && !p.Own(who.Account) && access.Allows(who.Grants[0].Role, access.PostApprove) {
			l.approve(p)
		}
	case 7:
		_, err = post.Withdraw(ctx, d.d, who, d.brand, id)
	case 8:
		d.exec(t, `UPDATE delivery SET run_at = 1 WHERE state = 'scheduled' AND post_id = $1`, id)
		d.send(t, d.a, l.send)
	}
	if err != nil && !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Denied) && !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
}

// Whatever the team does in whatever order, what goes out was approved in
// these very words by somebody who may and did not write them.
func TestOnlyApprovedWordsGoOut(t *testing.T) {
	for _, c := range []struct {
		name          string
		hands, rounds int
	}{{"in turn", 1, 400}, {"at once", 6, 60}} {
		t.Run(c.name, func(t *testing.T) {
			d := openDesk(t)
			l := &ledger{given: map[string]bool{}}
			var ids []string
			for range 4 {
				ids = append(ids, d.planned(t, "First words").ID)
			}
			var n int
			words := func() string {
				l.mu.Lock()
				defer l.mu.Unlock()
				n++
				return "Words " + string(rune('a'+n%26)) + " " + strings.Repeat("i", n/26)
			}
			var wg sync.WaitGroup
			for hand := range c.hands {
				wg.Go(func() {
					r := rand.New(rand.NewPCG(uint64(hand), 7))
					for range c.rounds {
						d.act(t, r, ids, l, words)
					}
				})
			}
			wg.Wait()
			if len(l.sent) == 0 {
				t.Error("nothing was sent, so nothing was proven")
			}
			for _, s := range l.sent {
				if !l.given[s] {
					t.Errorf("%q went out and was never approved", s)
				}
			}
		})
	}
}
