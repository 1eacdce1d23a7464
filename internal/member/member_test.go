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
	"rapport/internal/account"
	"rapport/internal/activity"
	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/fault"
	"rapport/internal/member"
)

var ctx = context.Background()

type house struct {
	*testing.T
	*db.DB
	brand brand.Brand
	owner access.Who
}

func open(t *testing.T) house {
	t.Helper()
	h := house{T: t, DB: dbtest.Open(t)}
	h.SetClock(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
	a, err := account.Create(ctx, h.DB, access.System(), account.New{Email: "owner@example.com", Name: "Olga", Password: "correct horse battery"}, nil)
	h.must(err)
	h.brand, err = brand.Create(ctx, h.DB, access.Who{Account: a.ID}, brand.New{Name: "North"})
	h.must(err)
	h.owner, err = account.As(ctx, h.DB, a)
	h.must(err)
	return h
}

func (h house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func (h house) try(n member.New) (m member.Member, err error) {
	if n.State == "" {
		n.State = member.Active
	}
	n.Account = db.NewID()
	err = h.Tx(ctx, func(tx *db.Tx) error {
		m, err = member.Create(ctx, tx, h.brand.ID, n)
		return err
	})
	return m, err
}

func (h house) make(n member.New) member.Member {
	h.Helper()
	m, err := h.try(n)
	h.must(err)
	return m
}

func (h house) voice(m member.Member) member.Voice {
	h.Helper()
	v, err := member.Of(ctx, h.DB, access.Who{Account: m.Account}, h.brand.ID)
	h.must(err)
	return v
}

func (h house) as(r access.Role) access.Who {
	return access.Who{Account: "a", Grants: []access.Grant{{Brand: h.brand.ID, Role: r}}}
}

func field(err error) string {
	for _, f := range fault.Fields(err) {
		return f.Name
	}
	return ""
}

func TestHandles(t *testing.T) {
	h := open(t)
	h.make(member.New{Handle: "Bob.Marlin", Name: "Bob"})
	for handle, ok := range map[string]bool{
		"ada": true, "a": false, "a_d-a.7": true, "-ada": false, "ada.": false, "ädä": false, "аda": false, "a b": false, "a\x00b": false,
		strings.Repeat("x", 30): true, strings.Repeat("x", 31): false, "Admin": false, "@moderator": false, "@grace": true,
		"bob.marlin": false, "B0B-MARLIN": false, "bobmarlin": false, "bob.rnarlin": false, "b0bmar1in": false, "bob.marlins": true,
	} {
		m, err := h.try(member.New{Handle: handle, Name: "Somebody"})
		if (err == nil) != ok || !ok && field(err) != "handle" {
			t.Errorf("%q: %v", handle, err)
		}
		free := member.Free(ctx, dbtest.Indexed(t, h.DB), h.brand.ID, handle)
		if ok && (free == nil || m.Handle != strings.TrimPrefix(handle, "@")) {
			t.Errorf("%q is free though it is taken, as %q", handle, m.Handle)
		}
	}
	for _, spelled := range []string{"bob.marlin", "@BOB.MARLIN"} {
		if m, err := member.ByHandle(ctx, dbtest.Indexed(t, h.DB), h.brand.ID, spelled); err != nil || m.Handle != "Bob.Marlin" {
			t.Errorf("%q finds %q, %v", spelled, m.Handle, err)
		}
	}
	if _, err := member.ByHandle(ctx, h.DB, db.NewID(), "bob.marlin"); !fault.Is(err, fault.NotFound) {
		t.Error("another brand finds them", err)
	}
}

func TestHandlesAreMadeOfNames(t *testing.T) {
	h := open(t)
	for _, one := range [][2]string{{"Ada Lind", "ada-lind"}, {"Ada Lind", "ada-lind2"}, {"Zoë", "zoe"}, {"山田", "member"}, {"北", "member2"}, {"Admin", "admin2"},
		{strings.Repeat("long ", 11), "long-long-long-long"}} {
		if m := h.make(member.New{Name: one[0]}); m.Handle != one[1] {
			t.Errorf("%q became %q, not %q", one[0], m.Handle, one[1])
		}
	}
}

func TestNames(t *testing.T) {
	h := open(t)
	for name, ok := range map[string]bool{
		"Ada": true, "": false, "   ": false, "Ada\nLind": true, "Ada\u202eLind": false, "\u200b": false, "Ada\x00": false, "a\xffb": false, strings.Repeat("é", 60): true, strings.Repeat("é", 61): false,
		"Аda": false, "Ада Lind": true, "Ελένη": true, "Αda": false, "山田 太郎": true, "😀": true, "\u3164": false, "\u00ad": false, "\u2800": false, "\U000E0041": false, "क्\u200dष": true, "\u200d": false,
	} {
		_, err := h.try(member.New{Name: name})
		if (err == nil) != ok || !ok && field(err) != "name" {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestLikeness(t *testing.T) {
	for _, one := range []struct {
		a, b string
		same bool
	}{
		{"North", "NORTH", true}, {"North", "N o r t h", true}, {"North", "Nоrth", true}, {"North", "N0rth", true}, {"North", "Nörth", true}, {"Mira", "rnira", true},
		{"North", "South", false}, {"North", "", false}, {"Ada", "Adam", false}, {"Ｎｏｒｔｈ", "north", true},
	} {
		if got := member.Likeness(one.a) == member.Likeness(one.b); got != one.same {
			t.Errorf("%q and %q: %v", one.a, one.b, got)
		}
	}
}

// Of many who take one handle at once, one has it.
func TestOneHandleIsOneMembers(t *testing.T) {
	h := open(t)
	var wait sync.WaitGroup
	results := make([]error, 8)
	for i, spelled := range []string{"ada", "Ada", "a.da", "a-da", "ADA", "a_d_a", "ada", "Ad.a"} {
		wait.Go(func() { _, results[i] = h.try(member.New{Handle: spelled, Name: "Ada"}) })
	}
	wait.Wait()
	n := 0
	for _, err := range results {
		if err == nil {
			n++
		} else if field(err) != "handle" && !db.IsDuplicate(err) {
			t.Error(err)
		}
	}
	if n != 1 {
		t.Errorf("%d have it", n)
	}
}

func TestProfileChanges(t *testing.T) {
	h := open(t)
	m := h.make(member.New{Handle: "ada", Name: "Ada"})
	p := member.Profile{Handle: "countess", Name: "Ada King", Bio: "Engines", Link: "https://example.com", Listed: true}
	m, err := member.Change(ctx, h.DB, h.voice(m), m.Revision, p)
	if err != nil || m.Profile != p {
		t.Fatalf("%+v, %v", m, err)
	}
	if old, err := member.ByHandle(ctx, h.DB, h.brand.ID, "ada"); err != nil || old.Handle != "countess" {
		t.Errorf("the older handle leads to %q, %v", old.Handle, err)
	}
	if _, err := h.try(member.New{Handle: "ada", Name: "Eve"}); field(err) != "handle" {
		t.Error("another has the older handle", err)
	}
	if _, err := member.Change(ctx, h.DB, h.voice(m), m.Revision-1, p); !fault.Is(err, fault.Conflict) {
		t.Error(err)
	}
	for name, bad := range map[string]member.Profile{
		"link": {Handle: "ada", Name: "Ada", Link: "javascript:alert(1)"}, "bio": {Handle: "ada", Name: "Ada", Bio: strings.Repeat("a", 501)}, "name": {Handle: "ada", Name: ""}, "handle": {Handle: "", Name: "Ada"},
	} {
		if _, err := member.Change(ctx, h.DB, h.voice(m), m.Revision, bad); field(err) != name {
			t.Errorf("%s: %v", name, err)
		}
	}
	p.Handle = "Ada" // one's own again
	if m, err = member.Change(ctx, h.DB, h.voice(m), m.Revision, p); err != nil || m.Handle != "Ada" {
		t.Errorf("%q, %v", m.Handle, err)
	}
	if _, err := member.Change(ctx, h.DB, member.Voice{Brand: h.brand.ID}, 1, p); !fault.Is(err, fault.NotFound) {
		t.Error("a visitor changes something", err)
	}
}

func TestDecide(t *testing.T) {
	h := open(t)
	for _, one := range []struct {
		from, to member.State
		reason   string
		kind     fault.Kind // Internal: it works
	}{
		{member.Asking, member.Active, "", fault.Internal}, {member.Asking, member.Refused, "No", fault.Internal}, {member.Asking, member.Refused, "", fault.Invalid},
		{member.Asking, member.Suspended, "x", fault.Conflict}, {member.Active, member.Suspended, "Spam", fault.Internal}, {member.Active, member.Suspended, " ", fault.Invalid},
		{member.Active, member.Refused, "x", fault.Conflict}, {member.Active, member.Active, "", fault.Internal}, {member.Active, member.Asking, "", fault.Conflict}, {member.Active, member.Left, "x", fault.Conflict},
		{member.Active, "other", "x", fault.Conflict}, {member.Active, member.Suspended, strings.Repeat("x", 501), fault.Invalid},
	} {
		m := h.make(member.New{Name: "Ada", State: one.from})
		got, err := member.Decide(ctx, h.DB, h.owner, h.brand.ID, m.ID, one.to, one.reason)
		if one.kind == fault.Internal && (err != nil || got.State != one.to) || one.kind != fault.Internal && !fault.Is(err, one.kind) {
			t.Errorf("%s to %s: %s, %v", one.from, one.to, got.State, err)
		}
	}
	m := h.make(member.New{Name: "Ada", State: member.Asking})
	for _, to := range []member.State{member.Refused, member.Active, member.Suspended, member.Active} {
		var err error
		if m, err = member.Decide(ctx, h.DB, h.owner, h.brand.ID, m.ID, to, "Because"); err != nil || m.Reason != "Because" {
			t.Errorf("to %s: %+v, %v", to, m, err)
		}
	}
	if _, err := member.Decide(ctx, h.DB, h.owner, h.brand.ID, h.make(member.New{Name: "T", Team: true}).ID, member.Suspended, "x"); !fault.Is(err, fault.Invalid) {
		t.Error("the team is suspended", err)
	}
}

func TestTrust(t *testing.T) {
	h := open(t)
	m := h.make(member.New{Name: "Ada"})
	v := h.voice(m)
	if !v.Newcomer(h.Now(), 2) || v.Newcomer(h.Now(), 0) {
		t.Error("newcomer")
	}
	for _, trust := range []bool{true, true, false} {
		h.must(member.Trust(ctx, h.DB, h.owner, h.brand.ID, m.ID, trust))
		if got := h.voice(m); (got.Member.TrustedAt > 0) != trust || got.Newcomer(h.Now(), 2) == trust {
			t.Errorf("trust %v: %+v", trust, got.Member)
		}
	}
	h.must(h.Tx(ctx, func(tx *db.Tx) error { return member.Count(ctx, tx, h.brand.ID, m.ID, 2, 1) }))
	if got := h.voice(m); got.Newcomer(h.Now(), 2) || got.Member.Posts != 2 || got.Member.Solved != 1 {
		t.Errorf("%+v", got.Member)
	}
}

// Each role does what the table says, and nobody reaches another brand.
func TestWhoMayDoWhat(t *testing.T) {
	h := open(t)
	acts := map[string]struct {
		need access.Action
		do   func(who access.Who, brandID string) error
	}{
		"decide": {access.MemberWrite, func(who access.Who, b string) error {
			m := h.make(member.New{Name: "Ada", State: member.Asking})
			_, err := member.Decide(ctx, h.DB, who, b, m.ID, member.Active, "")
			return err
		}},
		"trust": {access.MemberWrite, func(who access.Who, b string) error {
			return member.Trust(ctx, h.DB, who, b, h.make(member.New{Name: "Ada"}).ID, true)
		}},
		"all": {access.MemberRead, func(who access.Who, b string) error {
			_, _, err := member.All(ctx, h.DB, who, b, member.Filter{}, db.Page{})
			return err
		}},
		"counts": {access.MemberRead, func(who access.Who, b string) error {
			_, err := member.Counts(ctx, h.DB, who, b)
			return err
		}},
	}
	for name, act := range acts {
		for _, r := range access.Roles {
			if err := act.do(h.as(r), h.brand.ID); (err == nil) != access.Allows(r, act.need) {
				t.Errorf("%s %s: %v", r, name, err)
			}
			if err := act.do(h.as(r), db.NewID()); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s %s in another brand: %v", r, name, err)
			}
		}
		if err := act.do(access.Who{}, h.brand.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("a visitor: %s: %v", name, err)
		}
	}
}

func TestWhoSpeaks(t *testing.T) {
	h := open(t)
	for state, ok := range map[member.State]bool{member.Active: true, member.Asking: false, member.Suspended: false, member.Refused: false, member.Left: false, "": false} {
		v := member.Voice{Who: access.Who{Account: "a"}, Brand: h.brand.ID, Member: member.Member{State: state, Reason: "Spam"}}
		if err := v.Speaks(h.Now()); (err == nil) != ok || err != nil && !fault.Is(err, fault.Denied) {
			t.Errorf("%q: %v", state, err)
		}
		if v.Inside(h.Now()) != (state == member.Active || state == member.Suspended) {
			t.Errorf("%q inside", state)
		}
	}
	if v := (member.Voice{Who: h.owner, Brand: h.brand.ID}); !v.Team(h.Now()) || !v.Inside(h.Now()) || !v.Moderates(h.Now()) || v.Newcomer(h.Now(), 5) {
		t.Error("the team")
	}
}

func TestSeenOnceADay(t *testing.T) {
	h := open(t)
	m := h.make(member.New{Name: "Ada"})
	visits := func() (n int) {
		all, _, err := activity.List(ctx, h.DB, h.owner, h.brand.ID, db.Page{Limit: 200})
		h.must(err)
		for _, e := range all {
			if e.Kind == "member.visited" {
				n++
			}
		}
		return n
	}
	for _, step := range []struct {
		later time.Duration
		want  int
	}{{0, 0}, {time.Minute, 0}, {6 * time.Minute, 1}, {time.Hour, 1}, {time.Minute, 1}, {24 * time.Hour, 2}, {10 * time.Minute, 2}} {
		h.SetClock(h.Now().Time().Add(step.later))
		v := h.voice(m)
		h.must(member.Seen(ctx, h.DB, v))
		h.must(member.Seen(ctx, h.DB, v)) // a second request at once
		if got := visits(); got != step.want {
			t.Errorf("%s later: %d visits, not %d", step.later, got, step.want)
		}
	}
	h.must(member.Seen(ctx, h.DB, member.Voice{Brand: h.brand.ID}))
}

// Who waits to be let in visits as nobody yet; once they are in, their next
// request is their visit, also on the same day.
func TestWhoWaitsIsNotHereYet(t *testing.T) {
	h := open(t)
	h.SetClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	m := h.make(member.New{Name: "Ada", State: member.Asking})
	kinds := func() (out []string) {
		all, _, err := activity.List(ctx, h.DB, h.owner, h.brand.ID, db.Page{Limit: 200})
		h.must(err)
		for _, e := range all {
			if e.Member == m.ID {
				out = append(out, fmt.Sprint(e.Kind, " ", e.Value))
			}
		}
		slices.Sort(out)
		return out
	}
	seen := func(want ...string) {
		t.Helper()
		h.SetClock(h.Now().Time().Add(10 * time.Minute))
		h.must(member.Seen(ctx, h.DB, h.voice(m)))
		if got := kinds(); !slices.Equal(got, want) {
			t.Errorf("it tells of %q, not %q", got, want)
		}
	}
	seen()
	_, err := member.Decide(ctx, h.DB, h.owner, h.brand.ID, m.ID, member.Active, "")
	h.must(err)
	if got := kinds(); !slices.Equal(got, []string{"member.joined 1"}) {
		t.Errorf("it tells of %q", got)
	}
	seen("member.joined 1", "member.visited 0")
	seen("member.joined 1", "member.visited 0")
	if m = h.make(member.New{Name: "Ben", State: member.Active}); !slices.Equal(kinds(), []string{"member.joined 0"}) {
		t.Errorf("who joins by themselves: %q", kinds())
	}
}

func names(all []member.Member) (out []string) {
	for _, m := range all {
		out = append(out, m.Name)
	}
	return out
}

func TestLists(t *testing.T) {
	h := open(t)
	people := []string{"Ada Lind", "Bea", "Zoë Öst", "Dan"}
	made := map[string]member.Member{}
	for i, name := range people {
		h.SetClock(h.Now().Time().Add(time.Hour))
		made[name] = h.make(member.New{Name: name, Team: name == "Dan"})
		h.must(h.Tx(ctx, func(tx *db.Tx) error {
			return member.Count(ctx, tx, h.brand.ID, made[name].ID, int64(10-i), 0)
		}))
	}
	h.SetClock(h.Now().Time().Add(time.Hour))
	h.must(member.Seen(ctx, h.DB, h.voice(made["Ada Lind"])))
	h.make(member.New{Name: "Asks", State: member.Asking})
	shy := h.make(member.New{Name: "Shy"})
	_, err := member.Change(ctx, h.DB, h.voice(shy), shy.Revision, member.Profile{Handle: shy.Handle, Name: "Shy"})
	h.must(err)
	q := dbtest.Indexed(t, h.DB)
	for _, one := range []struct {
		f    member.Filter
		want []string
	}{
		{member.Filter{}, []string{"Ada Lind", "Dan", "Zoë Öst", "Bea"}},
		{member.Filter{Order: member.Newest}, []string{"Dan", "Zoë Öst", "Bea", "Ada Lind"}},
		{member.Filter{Order: member.Busiest}, []string{"Ada Lind", "Bea", "Zoë Öst", "Dan"}},
		{member.Filter{Team: true}, []string{"Dan"}},
		{member.Filter{Query: "zoe"}, []string{"Zoë Öst"}}, {member.Filter{Query: "ZOË ö"}, []string{"Zoë Öst"}}, {member.Filter{Query: "@ada-l"}, []string{"Ada Lind"}},
		{member.Filter{Query: "ind"}, nil}, {member.Filter{Query: "%"}, nil}, {member.Filter{Query: "\x00\xff" + strings.Repeat("a", 10_000)}, nil},
		{member.Filter{State: member.Asking, Newcomers: 1}, []string{"Ada Lind", "Dan", "Zoë Öst", "Bea"}}, // the team's alone
	} {
		got, _, err := member.List(ctx, q, h.brand.ID, one.f, db.Page{})
		if err != nil || !slices.Equal(names(got), one.want) {
			t.Errorf("%+v: %q, %v", one.f, names(got), err)
		}
	}
	for _, one := range []struct {
		f    member.Filter
		want []string
	}{
		{member.Filter{Order: member.Newest}, []string{"Shy", "Dan", "Zoë Öst", "Bea", "Ada Lind"}}, {member.Filter{State: member.Asking}, []string{"Asks"}},
		{member.Filter{Newcomers: 1}, []string{"Shy"}}, {member.Filter{Newcomers: 9, Order: member.Busiest}, []string{"Zoë Öst", "Shy"}},
	} {
		got, _, err := member.All(ctx, q, h.owner, h.brand.ID, one.f, db.Page{})
		if err != nil || !slices.Equal(names(got), one.want) {
			t.Errorf("%+v: %q, %v", one.f, names(got), err)
		}
	}
	counts, err := member.Counts(ctx, q, h.owner, h.brand.ID)
	if err != nil || counts[member.Active] != 5 || counts[member.Asking] != 1 {
		t.Errorf("%v, %v", counts, err)
	}
	if got, _, err := member.List(ctx, h.DB, db.NewID(), member.Filter{}, db.Page{}); err != nil || len(got) != 0 {
		t.Errorf("another brand lists %q, %v", names(got), err)
	}
	if _, _, err := member.List(ctx, h.DB, h.brand.ID, member.Filter{Order: "id; --"}, db.Page{}); field(err) != "order" {
		t.Error(err)
	}
}

// Every order shows everybody once, page by page.
func TestPages(t *testing.T) {
	h := open(t)
	for i := range 7 {
		h.make(member.New{Name: fmt.Sprint("Member ", i)})
	}
	for _, order := range member.Orders {
		var all []string
		for page := (db.Page{Limit: 2}); ; {
			some, next, err := member.List(ctx, h.DB, h.brand.ID, member.Filter{Order: order, Query: "member"}, page)
			h.must(err)
			if all, page.After = append(all, names(some)...), next; next == "" {
				break
			}
		}
		if slices.Sort(all); len(slices.Compact(all)) != 7 {
			t.Errorf("%s: %q", order, all)
		}
	}
}
