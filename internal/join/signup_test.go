package join_test

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/admit"
	"rapport/internal/blob"
	"rapport/internal/brand"
	"rapport/internal/challenge"
	"rapport/internal/community"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/document"
	"rapport/internal/fault"
	"rapport/internal/job"
	"rapport/internal/join"
	"rapport/internal/letter"
	"rapport/internal/member"
	"rapport/internal/secret"
)

// hall is an installation with one brand and its owner, Olga.
type hall struct {
	*join.Join
	t     *testing.T
	brand brand.Brand
	owner access.Who
}

// newHouse has a mail server that takes letters, if it mails. They are read
// from their table.
func newHouse(t *testing.T, mails bool) *hall {
	t.Helper()
	keys, err := secret.Create(filepath.Join(t.TempDir(), "key"))
	ought(t, err)
	d := dbtest.Open(t)
	d.SetClock(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
	letters := &letter.Letters{DB: d, Keys: keys}
	if mails {
		letters.Send = func(context.Context, letter.Letter) error { return nil }
	}
	w := job.NewWorkers() // never started: letters stay where the tests read them
	letters.Work(w)
	_, err = job.New(ctx, d, w, job.Options{})
	ought(t, err)
	blobs, err := blob.OpenFolder(t.TempDir())
	ought(t, err)
	h := &hall{t: t, Join: &join.Join{DB: d, Letters: letters, Keys: keys, Blobs: blobs, Door: &admit.Door{DB: d, Letters: letters, BaseURL: "https://studio.example"},
		Address: func(_ context.Context, _, path string) string { return "https://community.example" + path }}}
	a := h.account("olga@example.com", "Olga Owner")
	h.brand, err = brand.Create(ctx, d, h.as(a), brand.New{Name: "North Coffee"})
	ought(t, err)
	h.owner = h.as(a)
	_, err = community.Show(ctx, d, h.owner, h.brand.ID, true)
	ought(t, err)
	return h
}

func ought(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (h *hall) account(email, name string) account.Account {
	h.t.Helper()
	a, err := account.Create(ctx, h.DB, access.System(), account.New{Email: email, Name: name, Password: password}, nil)
	ought(h.t, err)
	return a
}

func (h *hall) as(a account.Account) access.Who {
	h.t.Helper()
	who, err := account.As(ctx, h.DB, a)
	ought(h.t, err)
	return who
}

func (h *hall) set(change func(*community.Settings)) {
	h.t.Helper()
	c, err := community.Of(ctx, h.DB, h.brand.ID)
	ought(h.t, err)
	change(&c.Settings)
	_, err = community.Change(ctx, h.DB, h.owner, h.brand.ID, c.Revision, c.Settings)
	ought(h.t, err)
}

func (h *hall) count(query string, args ...any) int {
	h.t.Helper()
	var n int
	ought(h.t, h.DB.QueryRowContext(ctx, query, args...).Scan(&n))
	return n
}

// form is one that is filled in well.
func (h *hall) form(email, name string) join.Form {
	c := challenge.Maker{Keys: h.Keys}.New(h.DB.Now(), 8)
	return join.Form{Email: email, Password: password, Name: name, Challenge: c, Answer: challenge.Solve(c), Script: true}
}

func (h *hall) signUp(f join.Form) (join.Result, error) {
	return h.SignUp(ctx, h.brand, f, account.Meta{Address: "192.0.2.7"})
}

func TestSignUp(t *testing.T) {
	h := newHouse(t, true)
	h.set(func(s *community.Settings) { s.Questions = []string{"What brings you?"} })
	_, err := document.Write(ctx, h.DB, h.owner, h.brand.ID, document.Terms, 0, "Behave.", true)
	ought(t, err)
	f := h.form("Ada@Example.com", "Ada")
	f.Answers, f.Accepts, f.CameFrom = []member.Answer{{Question: "What brings you?", Answer: "Coffee"}}, map[string]int64{"terms": 1}, `{"utm_source":"x"}`
	got, err := h.signUp(f)
	ought(t, err)
	a, m := h.made("ada@example.com")
	if got != (join.Result{State: member.Active, Mailed: true}) || m.State != member.Active || m.Handle != "ada" || m.Account != a.ID || m.TrustedAt != 0 {
		t.Errorf("%+v %+v", got, m)
	}
	if diff := cmp.Diff([]member.Answer{{Question: "What brings you?", Answer: "Coffee"}}, m.Answers); diff != "" {
		t.Error(diff)
	}
	if due, err := document.Due(ctx, h.DB, h.brand.ID, m.ID); err != nil || len(due) != 0 {
		t.Error(due, err)
	}
	if _, _, err := account.SignIn(ctx, h.DB, "ada@example.com", password, account.Meta{}); err != nil {
		t.Error(err)
	}
	if n := h.count(`SELECT COUNT(*) FROM member WHERE came_from = '{"utm_source":"x"}'`); n != 1 {
		t.Error(n)
	}
}

// made returns what a sign-up has made.
func (h *hall) made(email string) (account.Account, member.Member) {
	h.t.Helper()
	a, err := account.ByEmail(ctx, h.DB, email)
	ought(h.t, err)
	m, err := member.OfAccount(ctx, h.DB, h.brand.ID, a.ID)
	ought(h.t, err)
	return a, m
}

func TestAddressIsProvenWhereLettersLeave(t *testing.T) {
	for _, mails := range []bool{true, false} {
		h := newHouse(t, mails)
		_, err := h.signUp(h.form("ada@example.com", "Ada"))
		ought(t, err)
		a, _ := h.made("ada@example.com")
		if h.Unproven(a) != mails {
			t.Errorf("mails %v: %v", mails, h.Unproven(a))
		}
		if n := h.count(`SELECT COUNT(*) FROM letter WHERE address = 'ada@example.com'`); (n == 1) != mails {
			t.Errorf("mails %v: %d letters", mails, n)
		}
		ought(t, h.DB.Tx(ctx, func(tx *db.Tx) error { return account.Verify(ctx, tx, a.ID) }))
		if a, _ = h.made("ada@example.com"); h.Unproven(a) {
			t.Errorf("mails %v: it is proven", mails)
		}
	}
}

// Nothing of a form that is refused is kept.
func TestRefused(t *testing.T) {
	for _, c := range []struct {
		name  string
		bad   func(*hall, *join.Form)
		kind  fault.Kind
		field string
	}{
		{"no question answered", func(h *hall, f *join.Form) {
			h.set(func(s *community.Settings) { s.Questions = []string{"Why?"} })
		}, fault.Invalid, "answers"},
		{"nothing accepted", func(h *hall, f *join.Form) { f.Accepts = nil }, fault.Invalid, "accepts"},
		{"an old version accepted", func(h *hall, f *join.Form) { f.Accepts["terms"] = 2 }, fault.Conflict, ""},
		{"closed", func(h *hall, f *join.Form) {
			h.set(func(s *community.Settings) { s.Joining = community.Closed })
		}, fault.Denied, ""},
		{"no address", func(h *hall, f *join.Form) { f.Email = "nobody" }, fault.Invalid, "email"},
		{"a short password", func(h *hall, f *join.Form) { f.Password = "x" }, fault.Invalid, "password"},
		{"no name", func(h *hall, f *join.Form) { f.Name = " " }, fault.Invalid, "name"},
		{"the brand's name", func(h *hall, f *join.Form) { f.Name = "N0rth-Cоffee" }, fault.Invalid, "name"},
		{"a name of the team", func(h *hall, f *join.Form) { f.Name = "OLGA  0wner" }, fault.Invalid, "name"},
		{"the brand's handle", func(h *hall, f *join.Form) { f.Handle = "north_coffee" }, fault.Invalid, "handle"},
		{"a handle of the hall", func(h *hall, f *join.Form) { f.Handle = "Admin" }, fault.Invalid, "handle"},
		{"a handle that is taken", func(h *hall, f *join.Form) { f.Handle = "0lga" }, fault.Invalid, "handle"},
		{"a wrong answer", func(h *hall, f *join.Form) { f.Answer = "wrong" }, fault.Invalid, ""},
		{"a challenge of long ago", func(h *hall, f *join.Form) {
			h.DB.SetClock(h.DB.Now().Time().Add(challenge.Life + time.Millisecond))
		}, fault.Invalid, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t, true)
			_, err := h.Enter(ctx, h.owner, h.brand, join.Form{Name: "Olga Owner", Handle: "olga"})
			ought(t, err)
			_, err = document.Write(ctx, h.DB, h.owner, h.brand.ID, document.Terms, 0, "Behave.", true)
			ought(t, err)
			f := h.form("ada@example.com", "Ada")
			f.Accepts = map[string]int64{"terms": 1}
			c.bad(h, &f)
			_, err = h.signUp(f)
			if !fault.Is(err, c.kind) {
				t.Fatal(err)
			}
			if fields := fault.Fields(err); c.field != "" && (len(fields) != 1 || fields[0].Name != c.field) {
				t.Errorf("%+v", fields)
			}
			if n := h.count(`SELECT (SELECT COUNT(*) FROM account) + (SELECT COUNT(*) FROM member) + (SELECT COUNT(*) FROM person) + (SELECT COUNT(*) FROM letter) + (SELECT COUNT(*) FROM acceptance)`); n != 3 {
				t.Errorf("%d rows are there", n)
			}
		})
	}
}

func TestWhoWaitsForTheTeam(t *testing.T) {
	h := newHouse(t, false)
	f := h.form("ada@example.com", "Ada")
	f.Challenge, f.Answer, f.Script = "", "", false
	got, err := h.signUp(f)
	if err != nil || got != (join.Result{State: member.Asking, Unsolved: true}) {
		t.Errorf("without a script: %+v, %v", got, err)
	}
	h.set(func(s *community.Settings) { s.Joining = community.Ask })
	got, err = h.signUp(h.form("bo@example.com", "Bo"))
	if err != nil || got.State != member.Asking {
		t.Errorf("where it is asked: %+v, %v", got, err)
	}
}

// Whether an address has an account is told to its owner alone.
func TestKnownAddress(t *testing.T) {
	h := newHouse(t, true)
	fresh, err := h.signUp(h.form("ada@example.com", "Ada"))
	ought(t, err)
	got, err := h.signUp(h.form(" OLGA@example.com", "Bo"))
	if diff := cmp.Diff(fresh, got); err != nil || diff != "" {
		t.Error(diff, err)
	}
	if n := h.count(`SELECT COUNT(*) FROM letter WHERE address = 'olga@example.com' AND state = 'queued'`); n != 1 {
		t.Errorf("%d letters", n)
	}
	wrong := h.form("olga@example.com", "Ada")
	wrong.Answer = "wrong"
	if got, err := h.signUp(wrong); !fault.Is(err, fault.Invalid) {
		t.Errorf("a wrong answer tells: %+v, %v", got, err)
	}
}

// A challenge that was used says no, whether or not the address has an account.
func TestUsedChallengeTellsNothing(t *testing.T) {
	h := newHouse(t, true)
	used := h.form("ada@example.com", "Ada")
	_, err := h.signUp(used)
	ought(t, err)
	for _, email := range []string{"nobody@example.com", "olga@example.com"} {
		f := used
		f.Email, f.Name = email, "Bo"
		if _, err := h.signUp(f); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", email, err)
		}
	}
}

func TestLimit(t *testing.T) {
	h := newHouse(t, false)
	from := func(address, email string) error {
		f := h.form(email, "Ada")
		f.Challenge, f.Answer, f.Script = "", "", false
		_, err := h.SignUp(ctx, h.brand, f, account.Meta{Address: address})
		return err
	}
	for _, email := range []string{"a@x.org", "b@x.org", "c@x.org", "d@x.org", "e@x.org"} {
		ought(t, from("2001:db8:1:2:"+email[:1]+"::1", email))
	}
	if err := from("2001:db8:1:2::9", "f@x.org"); !fault.Is(err, fault.Limited) {
		t.Error(err)
	}
	ought(t, from("2001:db8:1:3::9", "g@x.org"))
	h.DB.SetClock(h.DB.Now().Time().Add(12 * time.Minute))
	ought(t, from("2001:db8:1:2::9", "h@x.org"))
	if err := from("2001:db8:1:2::9", "i@x.org"); !fault.Is(err, fault.Limited) {
		t.Error(err)
	}
}

// Of those who want one handle at once, one gets it; the others have no account
// either.
func TestOneHandleForMany(t *testing.T) {
	h := newHouse(t, false)
	errs := make([]error, 4)
	var wg sync.WaitGroup
	for i := range errs {
		f := h.form(strings.Repeat("a", i+1)+"@example.com", "Ada")
		f.Handle = []string{"milo", "mi1o", "M.ilo", "mi_lo"}[i]
		wg.Go(func() { _, errs[i] = h.signUp(f) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if fields := fault.Fields(err); len(fields) != 1 || fields[0].Name != "handle" {
			t.Error(err)
		}
	}
	if n := h.count(`SELECT COUNT(*) FROM account`); won != 1 || n != 2 {
		t.Errorf("%d won, %d accounts", won, n)
	}
}

func TestEnterForms(t *testing.T) {
	h := newHouse(t, true)
	h.set(func(s *community.Settings) { s.Joining, s.Questions = community.Closed, []string{"Why?"} })
	olga, err := h.Enter(ctx, h.owner, h.brand, join.Form{Name: "North Coffee", Handle: "north"})
	if err != nil || olga.State != member.Active || !olga.Team || olga.TrustedAt == 0 {
		t.Errorf("%+v, %v", olga, err)
	}
	ada := h.as(h.account("ada@example.com", "Ada"))
	if _, err := h.Enter(ctx, ada, h.brand, join.Form{Name: "Ada", Answers: []member.Answer{{Question: "Why?", Answer: "x"}}}); !fault.Is(err, fault.Denied) {
		t.Error(err)
	}
	h.set(func(s *community.Settings) { s.Joining = community.Open })
	got, err := h.Enter(ctx, ada, h.brand, join.Form{Name: "Ada", Answers: []member.Answer{{Question: "Why?", Answer: "x"}}})
	if err != nil || got.Name != "Ada" || got.State != member.Active || got.Team || got.TrustedAt != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := h.Enter(ctx, ada, h.brand, join.Form{Name: "Ada", Answers: []member.Answer{{Question: "Why?", Answer: "x"}}}); !fault.Is(err, fault.Conflict) {
		t.Error(err)
	}
	ada.Token = "t"
	for _, who := range []access.Who{{}, ada} {
		if _, err := h.Enter(ctx, who, h.brand, join.Form{Name: "X", Answers: []member.Answer{{Question: "Why?", Answer: "x"}}}); !fault.Is(err, fault.Denied) {
			t.Error(err)
		}
	}
}

func TestEnterOnceOfMany(t *testing.T) {
	h := newHouse(t, true)
	ada := h.as(h.account("ada@example.com", "Ada"))
	errs := make([]error, 4)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { _, errs[i] = h.Enter(ctx, ada, h.brand, join.Form{Name: "Ada"}) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if !fault.Is(err, fault.Conflict) {
			t.Error(err)
		}
	}
	if n := h.count(`SELECT COUNT(*) FROM member`); won != 1 || n != 1 {
		t.Errorf("%d won, %d members", won, n)
	}
}
