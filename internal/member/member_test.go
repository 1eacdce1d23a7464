package member_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/fault"
	"rapport/internal/member"
)

var ctx = context.Background()

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func open(t *testing.T) *db.DB {
	t.Helper()
	d := dbtest.Open(t)
	d.SetClock(start)
	for _, b := range []string{"b", "other"} {
		if _, err := d.ExecContext(ctx, `INSERT INTO brand (id, slug, name, color, zone, created_at) VALUES ($1, $1, 'North', '#000000', 'UTC', 1)`, b); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func who(role access.Role, brand string) access.Who {
	return access.Who{Account: string(role), Grants: []access.Grant{{Brand: brand, Role: role}}}
}

func create(d *db.DB, n member.New) (m member.Member, err error) {
	err = d.Tx(ctx, func(tx *db.Tx) error {
		m, err = member.Create(ctx, tx, "b", n)
		return err
	})
	return m, err
}

func join(t *testing.T, d *db.DB, account, handle string, state member.State) member.Member {
	t.Helper()
	m, err := create(d, member.New{Account: account, Handle: handle, Name: "Name of " + account, State: state})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestHandlesAndNames(t *testing.T) {
	d := open(t)
	join(t, d, "first", "Mira_Lind", member.Active)
	for _, c := range []struct{ handle, name, field string }{
		{"m", "x", "handle"}, {strings.Repeat("a", 31), "x", "handle"}, {"-ada", "x", "handle"}, {"ada.", "x", "handle"}, {"a da", "x", "handle"}, {"ädä", "x", "handle"}, {"ad\x00a", "x", "handle"},
		{"Admin", "x", "handle"}, {"support", "x", "handle"}, {"mira_lind", "x", "handle"}, {"MiraLind", "x", "handle"}, {"m1ra-l1nd", "x", "handle"}, {"rnira_lind", "x", "handle"}, {"mira_iind", "x", "handle"},
		{"fine", "", "name"}, {"fine", strings.Repeat("x", 61), "name"}, {"fine", "Mirа", "name"}, {"fine", "a\u202eb", "name"}, {"fine", "a\xff", "name"}, {"fine", "\u200b", "name"},
	} {
		_, err := create(d, member.New{Account: "x", Handle: c.handle, Name: c.name, State: member.Active})
		if fields := fault.Fields(err); len(fields) != 1 || fields[0].Name != c.field {
			t.Errorf("%q %q: %v, want a fault on the %s", c.handle, c.name, err, c.field)
		}
	}
	for name, handle := range map[string]string{"Zoë Müller-Łuk": "zoe-muller-uk", "李小龙": "member", "Мира": "member2", "Admin": "admin2"} {
		_ = handle
		m, err := create(d, member.New{Account: name, Name: name, State: member.Active})
		if err != nil || name != "李小龙" && name != "Мира" && m.Handle != handle {
			t.Errorf("%s is called %s, %v", name, m.Handle, err)
		}
	}
	if err := member.Free(ctx, d, "b", "@mira.lind"); !fault.Is(err, fault.Invalid) {
		t.Errorf("a handle like another's is free: %v", err)
	}
	if err := member.Free(ctx, d, "other", "@mira_lind"); err != nil {
		t.Errorf("another brand knows of the handle: %v", err)
	}
}

// Whose names say nothing to a Latin keyboard get a handle without asking for
// each number.
func TestManyWithoutALatinName(t *testing.T) {
	d := open(t)
	seen := map[string]bool{}
	for i := range 40 {
		m, err := create(d, member.New{Account: fmt.Sprint(i), Name: "李小龙", State: member.Active})
		if err != nil || seen[m.Handle] || !strings.HasPrefix(m.Handle, "member") {
			t.Fatalf("%s, %v", m.Handle, err)
		}
		seen[m.Handle] = true
	}
}

func TestLikeness(t *testing.T) {
	for _, pair := range [][2]string{{"Mira", "Мira"}, {"Paypal", "Раураl"}, {"Zoë", "Zoe"}, {"North Roasters", "NorthRoasters"}, {"Corner", "Comer"}, {"Bill", "BiII"}} {
		if member.Likeness(pair[0]) != member.Likeness(pair[1]) {
			t.Errorf("%q and %q look like two: %q, %q", pair[0], pair[1], member.Likeness(pair[0]), member.Likeness(pair[1]))
		}
	}
	if member.Likeness("Ada") == member.Likeness("Bo") {
		t.Error("Ada looks like Bo")
	}
}

func TestTwoTakeOneHandle(t *testing.T) {
	d := open(t)
	errs := make(chan error, 8)
	var all sync.WaitGroup
	for i, handle := range []string{"mira", "m1ra", "MIRA", "mi.ra", "mira", "m-ira", "mir_a", "Mira"} {
		all.Go(func() {
			_, err := create(d, member.New{Account: fmt.Sprint(i), Handle: handle, Name: "x", State: member.Active})
			errs <- err
		})
	}
	all.Wait()
	taken := 0
	for range 8 {
		if err := <-errs; err == nil {
			taken++
		} else if !fault.Is(err, fault.Invalid) {
			t.Error(err)
		}
	}
	if taken != 1 {
		t.Errorf("%d have the handle", taken)
	}
}

func TestAnOldHandleLeadsToItsMember(t *testing.T) {
	d := open(t)
	m := join(t, d, "mira", "mira", member.Active)
	v, err := member.Of(ctx, d, access.Who{Account: "mira"}, "b")
	if err != nil {
		t.Fatal(err)
	}
	now, err := member.Change(ctx, d, v, 1, member.Profile{Handle: "mila", Name: "Mila"})
	if err != nil || now.Handle != "mila" || now.Revision != 2 {
		t.Fatal(now, err)
	}
	if _, err := member.Change(ctx, d, v, 1, member.Profile{Handle: "mila", Name: "M"}); !fault.Is(err, fault.Conflict) {
		t.Errorf("%v", err)
	}
	if got, err := member.ByHandle(ctx, d, "b", "MIRA"); err != nil || got.ID != m.ID || got.Handle != "mila" {
		t.Errorf("%+v %v", got, err)
	}
	if _, err := create(d, member.New{Account: "y", Handle: "mira", Name: "y", State: member.Active}); !fault.Is(err, fault.Invalid) {
		t.Errorf("another took the old handle: %v", err)
	}
	if _, err := member.ByHandle(ctx, d, "other", "mila"); !fault.Is(err, fault.NotFound) {
		t.Errorf("another brand knows them: %v", err)
	}
	if _, err := member.Change(ctx, d, v, 2, member.Profile{Handle: "mira", Name: "Mila", Link: "javascript:alert(1)"}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a link that is none: %v", err)
	}
	if back, err := member.Change(ctx, d, v, 2, member.Profile{Handle: "Mira", Name: "Mira", Link: "https://mira.example"}); err != nil || back.Handle != "Mira" {
		t.Errorf("they cannot have their old handle back: %v", err)
	}
}

func TestDecide(t *testing.T) {
	d := open(t)
	ids := map[member.State]string{}
	for _, c := range []struct {
		from, to member.State
		reason   string
		want     fault.Kind
		act      string
	}{
		{member.Asking, member.Active, "", 0, "member.let_in"}, {member.Asking, member.Refused, "", fault.Invalid, ""}, {member.Asking, member.Refused, "No", 0, "member.refused"},
		{member.Refused, member.Active, "", 0, "member.let_in"}, {member.Active, member.Suspended, "", fault.Invalid, ""}, {member.Active, member.Suspended, "Rude", 0, "member.suspended"},
		{member.Suspended, member.Active, "", 0, "member.restored"}, {member.Active, member.Refused, "x", fault.Conflict, ""}, {member.Left, member.Active, "", fault.Conflict, ""},
		{member.Active, member.Asking, "", fault.Conflict, ""}, {member.Active, "odd", "", fault.Conflict, ""}, {member.Active, member.Active, "", 0, ""}, {member.Active, member.Suspended, strings.Repeat("x", 501), fault.Invalid, ""},
	} {
		account := db.NewID()
		m := join(t, d, account, "", c.from)
		got, err := member.Decide(ctx, d, who(access.Community, "b"), "b", m.ID, c.to, c.reason)
		if fault.KindOf(err) != c.want && (err != nil || c.want != 0) {
			t.Errorf("%s to %s: %v", c.from, c.to, err)
		}
		if c.want == 0 && got.State != c.to {
			t.Errorf("%s to %s is %s", c.from, c.to, got.State)
		}
		var n int
		if err := d.QueryRowContext(ctx, `SELECT COUNT(*) FROM audit WHERE subject = $1 AND act = $2`, m.ID, c.act).Scan(&n); err != nil || c.act != "" && n != 1 {
			t.Errorf("%s to %s stands in the log %d times, %v", c.from, c.to, n, err)
		}
		ids[c.from] = m.ID
	}
	for name, who := range map[string]access.Who{"a moderator": who(access.Moderator, "b"), "an analyst": who(access.Analyst, "b"), "another brand's owner": who(access.Owner, "other"), "a member": {Account: "x"}} {
		_, err := member.Decide(ctx, d, who, "b", ids[member.Active], member.Suspended, "x")
		trust := member.Trust(ctx, d, who, "b", ids[member.Active], true)
		for _, err := range []error{err, trust} {
			if !slices.Contains([]fault.Kind{fault.Denied, fault.NotFound}, fault.KindOf(err)) {
				t.Errorf("%s may: %v", name, err)
			}
		}
	}
	if _, err := member.Decide(ctx, d, who(access.Owner, "other"), "other", ids[member.Active], member.Suspended, "x"); !fault.Is(err, fault.NotFound) {
		t.Errorf("another brand's member: %v", err)
	}
}

func TestTrust(t *testing.T) {
	d := open(t)
	m := join(t, d, "ada", "ada", member.Active)
	v := func() member.Voice {
		v, err := member.Of(ctx, d, access.Who{Account: "ada"}, "b")
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if !v().Newcomer(d.Now(), 1) {
		t.Error("somebody new is none")
	}
	for _, trust := range []bool{true, true, false} {
		if err := member.Trust(ctx, d, who(access.Owner, "b"), "b", m.ID, trust); err != nil || v().Newcomer(d.Now(), 1) == trust {
			t.Errorf("trusted: %v, %v", trust, err)
		}
	}
	if err := v().Speaks(d.Now()); err != nil {
		t.Error(err)
	}
	if err := (member.Voice{Brand: "b"}).Speaks(d.Now()); !fault.Is(err, fault.Denied) || !strings.Contains(err.Error(), "Sign in") {
		t.Errorf("a visitor: %v", err)
	}
}
