package admit_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/admit"
	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/fault"
	"rapport/internal/job"
	"rapport/internal/letter"
	"rapport/internal/secret"
)

const password = "correct horse battery"

var ctx = context.Background()

// house is an installation with one brand, its owner and a mail server.
type house struct {
	*admit.Door
	t     *testing.T
	brand brand.Brand
	owner access.Who
	mail  chan letter.Letter
}

// newHouse sends letters to h.mail, unless it has no mail server.
func newHouse(t *testing.T, mails bool) *house {
	t.Helper()
	h := &house{t: t, mail: make(chan letter.Letter, 100)}
	keys, err := secret.Create(filepath.Join(t.TempDir(), "key"))
	must(t, err)
	d := dbtest.Open(t)
	d.SetClock(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
	letters := &letter.Letters{DB: d, Keys: keys}
	if mails {
		letters.Send = func(_ context.Context, l letter.Letter) error { h.mail <- l; return nil }
	}
	h.Door = &admit.Door{DB: d, Letters: letters, BaseURL: "https://studio.example"}
	w := job.NewWorkers()
	letters.Work(w)
	h.Work(w)
	e, err := job.New(ctx, d, w, job.Options{Tries: 2, Poll: 20 * time.Millisecond})
	must(t, err)
	must(t, e.Start(ctx))
	t.Cleanup(func() { e.Stop(ctx) })
	h.owner = h.as(h.account("owner@example.com"))
	h.brand, err = brand.Create(ctx, d, h.owner, brand.New{Name: "North"})
	must(t, err)
	h.owner = h.as(account.Account{ID: h.owner.Account, Email: h.owner.Email, Name: h.owner.Name})
	return h
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (h *house) account(email string) account.Account {
	h.t.Helper()
	a, err := account.Create(ctx, h.DB, access.System(), account.New{Email: email, Name: "Ada", Password: password}, nil)
	must(h.t, err)
	return a
}

func (h *house) as(a account.Account) access.Who {
	h.t.Helper()
	who, err := account.As(ctx, h.DB, a)
	must(h.t, err)
	return who
}

func (h *house) later(d time.Duration) { h.DB.SetClock(h.DB.Now().Time().Add(d)) }

// letter waits for the next letter and returns it with the token in it.
func (h *house) letter() (letter.Letter, string) {
	h.t.Helper()
	select {
	case l := <-h.mail:
		_, rest, _ := strings.Cut(l.Text, "https://studio.example")
		line, _, _ := strings.Cut(rest, "\n")
		return l, line[strings.LastIndexByte(line, '/')+1:]
	case <-time.After(30 * time.Second):
		h.t.Fatal("no letter came")
		panic("unreachable")
	}
}

func (h *house) invite(email string) (admit.Invitation, string) {
	h.t.Helper()
	i, link, err := h.Invite(ctx, h.owner, h.brand.ID, admit.New{Email: email, Role: access.Manager})
	must(h.t, err)
	return i, link[strings.LastIndexByte(link, '/')+1:]
}

func (h *house) role(email string) access.Role {
	h.t.Helper()
	a, err := account.ByEmail(ctx, h.DB, email)
	must(h.t, err)
	return h.as(a).Role(h.DB.Now(), h.brand.ID)
}

func TestInvitation(t *testing.T) {
	h := newHouse(t, true)
	i, token := h.invite(" Bea@Example.com ")
	l, mailed := h.letter()
	if l.Address != "bea@example.com" || mailed != token || !strings.Contains(l.Subject, "Ada invites you to North") {
		t.Fatalf("%+v, token %q and %q", l, mailed, token)
	}
	kept, _, err := letter.List(ctx, h.DB, h.owner, h.brand.ID, db.Page{})
	must(t, err)
	if len(kept) != 1 || strings.Contains(kept[0].Text, token) {
		t.Errorf("the owners see the link: %+v", kept)
	}
	shown, err := h.Look(ctx, token)
	if err != nil || shown.BrandName != "North" || shown.ByName != "Ada" || shown.Known {
		t.Errorf("%+v %v", shown, err)
	}
	if _, _, err := h.AcceptNew(ctx, token, "Bea", "short", ""); !fault.Is(err, fault.Invalid) {
		t.Errorf("a short password: %v", err)
	}
	a, accepted, err := h.AcceptNew(ctx, token, "Bea", password, "192.0.2.1")
	must(t, err)
	if a.Email != "bea@example.com" || accepted.ID != i.ID || h.role(a.Email) != access.Manager {
		t.Errorf("%+v %+v", a, accepted)
	}
	if a, err = account.ByID(ctx, h.DB, a.ID); err != nil || a.VerifiedAt == 0 {
		t.Errorf("the address is not verified: %v", err)
	}
	if _, err := h.Look(ctx, token); !fault.Is(err, fault.Conflict) {
		t.Errorf("accepted twice: %v", err)
	}
	if open, _, err := admit.Open(ctx, dbtest.Indexed(t, h.DB), h.owner, h.brand.ID, db.Page{}); err != nil || len(open) != 0 {
		t.Errorf("%v %v", open, err)
	}
	if _, _, err := h.Invite(ctx, h.owner, h.brand.ID, admit.New{Email: "bea@example.com", Role: access.Analyst}); !fault.Is(err, fault.Conflict) {
		t.Errorf("who is in was invited: %v", err)
	}
}

func TestInvitationsEnd(t *testing.T) {
	h := newHouse(t, true)
	bea := h.account("bea@example.com")
	who := h.as(bea)
	i, first := h.invite(bea.Email)
	if _, _, err := h.Invite(ctx, h.owner, h.brand.ID, admit.New{Email: bea.Email, Role: access.Analyst}); !fault.Is(err, fault.Conflict) {
		t.Errorf("invited twice: %v", err)
	}
	_, link, err := h.Resend(ctx, h.owner, h.brand.ID, i.ID)
	must(t, err)
	token := link[strings.LastIndexByte(link, '/')+1:]
	if _, err := h.Look(ctx, first); !fault.Is(err, fault.NotFound) {
		t.Errorf("the older link works: %v", err)
	}
	if _, err := h.Accept(ctx, h.as(h.account("eve@example.com")), token); !fault.Is(err, fault.Denied) {
		t.Errorf("somebody else accepted: %v", err)
	}
	if _, _, err := h.AcceptNew(ctx, token, "Bea", password, ""); !fault.Is(err, fault.Conflict) {
		t.Errorf("a second account for the address: %v", err)
	}
	h.later(admit.InvitationLife)
	if _, err := h.Accept(ctx, who, token); !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Text(err), "expired") {
		t.Errorf("after a week: %v", err)
	}
	// An expired one makes room for another.
	i, token = h.invite(bea.Email)
	must(t, h.Revoke(ctx, h.owner, h.brand.ID, i.ID))
	if err := h.Revoke(ctx, h.owner, h.brand.ID, i.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("withdrawn twice: %v", err)
	}
	if _, err := h.Accept(ctx, who, token); !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Text(err), "withdrawn") {
		t.Errorf("a withdrawn one: %v", err)
	}
	h.later(time.Hour)
	_, token = h.invite(bea.Email)
	// Whoever invited must still be allowed to.
	second := h.account("second@example.com")
	must(t, account.Give(ctx, h.DB, h.owner, second.ID, access.Grant{Brand: h.brand.ID, Role: access.Owner}))
	if _, err := account.End(ctx, h.DB, h.as(second), h.brand.ID, h.owner.Account); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Accept(ctx, who, token); !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Text(err), "may no longer") {
		t.Errorf("by somebody who left: %v", err)
	}
}

func TestWhoMayInvite(t *testing.T) {
	h := newHouse(t, false)
	other, err := brand.Create(ctx, h.DB, access.System(), brand.New{Name: "South"})
	must(t, err)
	i, _ := h.invite("x@example.com")
	for _, role := range access.Roles {
		if role == access.Owner {
			continue
		}
		a := h.account(string(role) + "-1@example.com")
		must(t, account.Give(ctx, h.DB, h.owner, a.ID, access.Grant{Brand: h.brand.ID, Role: role}))
		who := h.as(a)
		if _, _, err := h.Invite(ctx, who, h.brand.ID, admit.New{Email: "y@example.com", Role: access.Owner}); !fault.Is(err, fault.Denied) {
			t.Errorf("%s invites: %v", role, err)
		}
		if _, _, err := h.Resend(ctx, who, h.brand.ID, i.ID); !fault.Is(err, fault.Denied) {
			t.Errorf("%s sends again: %v", role, err)
		}
	}
	if _, _, err := h.Invite(ctx, h.owner, other.ID, admit.New{Email: "y@example.com", Role: access.Owner}); !fault.Is(err, fault.NotFound) {
		t.Errorf("into another brand: %v", err)
	}
	for name, n := range map[string]admit.New{
		"no address":        {Email: "y", Role: access.Analyst},
		"no role":           {Email: "y@example.com", Role: "king"},
		"a strange channel": {Email: "y@example.com", Role: access.Analyst, Channels: []string{"nope"}},
		"an end before":     {Email: "y@example.com", Role: access.Analyst, EndsAt: 1},
	} {
		if _, _, err := h.Invite(ctx, h.owner, h.brand.ID, n); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Without a mail server the inviter passes the link on, so the address is
	// not proved by it.
	_, token := h.invite("z@example.com")
	a, _, err := h.AcceptNew(ctx, token, "Zoe", password, "")
	must(t, err)
	if a, err = account.ByID(ctx, h.DB, a.ID); err != nil || a.VerifiedAt != 0 {
		t.Errorf("verified by nobody's letter: %v", err)
	}
}

func TestInvitingIsLimited(t *testing.T) {
	h := newHouse(t, false)
	var last error
	for range 6 {
		i, _, err := h.Invite(ctx, h.owner, h.brand.ID, admit.New{Email: "y@example.com", Role: access.Analyst})
		if last = err; err == nil {
			must(t, h.Revoke(ctx, h.owner, h.brand.ID, i.ID))
		}
	}
	if !fault.Is(last, fault.Limited) {
		t.Errorf("the sixth letter to one address: %v", last)
	}
}

func (h *house) atOnce(n int, do func() error) (won int) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	for range n {
		wg.Go(func() {
			err := do()
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else if fault.KindOf(err) == fault.Internal {
				h.t.Error(err)
			}
		})
	}
	wg.Wait()
	return won
}

func TestAnInvitationIsAcceptedOnce(t *testing.T) {
	h := newHouse(t, true)
	_, token := h.invite("bea@example.com")
	if won := h.atOnce(4, func() error { _, _, err := h.AcceptNew(ctx, token, "Bea", password, ""); return err }); won != 1 {
		t.Errorf("%d accounts were made", won)
	}
	cem := h.as(h.account("cem@example.com"))
	_, token = h.invite("cem@example.com")
	if won := h.atOnce(4, func() error { _, err := h.Accept(ctx, cem, token); return err }); won != 1 {
		t.Errorf("accepted %d times", won)
	}
}

func TestForgottenPassword(t *testing.T) {
	h := newHouse(t, true)
	a := h.account("bea@example.com")
	_, session, err := account.SignIn(ctx, h.DB, a.Email, password, account.Meta{})
	must(t, err)
	must(t, h.Forgot(ctx, "nobody@example.com", "192.0.2.1"))
	must(t, h.Forgot(ctx, " BEA@example.com", "192.0.2.1"))
	l, token := h.letter()
	if l.Address != a.Email {
		t.Fatalf("the first letter goes to %s", l.Address)
	}
	must(t, h.MayReset(ctx, token))
	if err := h.Reset(ctx, token, "short", ""); !fault.Is(err, fault.Invalid) || h.MayReset(ctx, token) != nil {
		t.Errorf("a short password: %v", err)
	}
	if won := h.atOnce(4, func() error { return h.Reset(ctx, token, "another long secret", "192.0.2.1") }); won != 1 {
		t.Errorf("the link worked %d times", won)
	}
	if _, _, err := account.Who(ctx, h.DB, session); err == nil {
		t.Error("a session goes on")
	}
	if _, _, err := account.SignIn(ctx, h.DB, a.Email, "another long secret", account.Meta{}); err != nil {
		t.Error(err)
	}
	if l, _ := h.letter(); !strings.Contains(l.Subject, "was changed") {
		t.Errorf("told %q", l.Subject)
	}
	must(t, h.Forgot(ctx, a.Email, "192.0.2.1"))
	_, token = h.letter()
	h.later(admit.PasswordLife)
	if err := h.Reset(ctx, token, "a third long secret", ""); !fault.Is(err, fault.NotFound) {
		t.Errorf("an hour later: %v", err)
	}
	var last error
	for range 7 {
		last = h.Forgot(ctx, a.Email, "192.0.2.1")
	}
	if !fault.Is(last, fault.Limited) {
		t.Errorf("again and again: %v", last)
	}
	if err := newHouse(t, false).Forgot(ctx, a.Email, ""); !fault.Is(err, fault.Conflict) {
		t.Errorf("without a mail server: %v", err)
	}
}

func TestAddress(t *testing.T) {
	h := newHouse(t, true)
	a := h.account("bea@example.com")
	who := h.as(a)
	must(t, h.AskAddress(ctx, who, a.Email))
	_, token := h.letter()
	if email, err := h.ProveAddress(ctx, token); err != nil || email != a.Email {
		t.Fatal(email, err)
	}
	if a, _ = account.ByID(ctx, h.DB, a.ID); a.VerifiedAt == 0 {
		t.Error("it is not verified")
	}
	must(t, h.AskAddress(ctx, who, "new@example.com"))
	_, token = h.letter()
	if a, _ = account.ByID(ctx, h.DB, a.ID); a.Email != "bea@example.com" {
		t.Error("the address changed before it was proved")
	}
	if won := h.atOnce(3, func() error { _, err := h.ProveAddress(ctx, token); return err }); won != 1 {
		t.Errorf("it worked %d times", won)
	}
	if l, _ := h.letter(); l.Address != "bea@example.com" || !strings.Contains(l.Text, "new@example.com") {
		t.Errorf("the older address is told %+v", l)
	}
	if a, _ = account.ByID(ctx, h.DB, a.ID); a.Email != "new@example.com" {
		t.Errorf("it is %s", a.Email)
	}
	must(t, h.AskAddress(ctx, who, h.owner.Email))
	_, token = h.letter()
	if _, err := h.ProveAddress(ctx, token); !fault.Is(err, fault.Conflict) {
		t.Errorf("another account's: %v", err)
	}
}

// bring adds somebody who came with a brand that was brought in: they have a
// part there and no password.
func (h *house) bring(email, brandID string) account.Account {
	h.t.Helper()
	var a account.Account
	must(h.t, h.DB.Tx(ctx, func(tx *db.Tx) (err error) {
		if a, err = account.Bring(ctx, tx, db.NewID(), email, "Bea"); err != nil {
			return err
		}
		return account.Put(ctx, tx, a.ID, access.Grant{Brand: brandID, Role: access.Creator})
	}))
	return a
}

// Who came with an archive comes in by an invitation, as the same account.
func TestWhoWasBroughtComesIn(t *testing.T) {
	h := newHouse(t, false)
	brought := h.bring("bea@example.com", h.brand.ID)
	_, token := h.invite("bea@example.com")
	if s, err := h.Look(ctx, token); err != nil || s.Known {
		t.Fatalf("they are asked for a password nobody knows: %+v %v", s, err)
	}
	if won := h.atOnce(4, func() error { _, _, err := h.AcceptNew(ctx, token, "Bea Roth", password, ""); return err }); won != 1 {
		t.Fatalf("accepted %d times", won)
	}
	a, err := account.ByEmail(ctx, h.DB, "bea@example.com")
	if err != nil || a.ID != brought.ID || a.Name != "Bea Roth" || a.DisabledAt != 0 || h.role(a.Email) != access.Manager {
		t.Errorf("%+v %v, %s", a, err, h.role("bea@example.com"))
	}
	if _, _, err := account.SignIn(ctx, h.DB, "bea@example.com", password, account.Meta{}); err != nil {
		t.Errorf("cannot sign in: %v", err)
	}
}

// A link that was shown to the inviter proves nothing to another brand.
func TestWhoWasBroughtElsewhereNeedsALetter(t *testing.T) {
	for _, mails := range []bool{false, true} {
		h := newHouse(t, mails)
		other, err := brand.Create(ctx, h.DB, access.System(), brand.New{Name: "South"})
		must(t, err)
		h.bring("bea@example.com", other.ID)
		_, token := h.invite("bea@example.com")
		_, _, err = h.AcceptNew(ctx, token, "Bea", password, "")
		a, readErr := account.ByEmail(ctx, h.DB, "bea@example.com")
		must(t, readErr)
		if mails && (err != nil || a.DisabledAt != 0) {
			t.Errorf("by letter: %v", err)
		}
		if !mails && (!fault.Is(err, fault.Conflict) || a.DisabledAt == 0) {
			t.Errorf("a link took over the part in another brand: %v", err)
		}
	}
}

// Whoever changes how an account signs in cannot do it behind its back.
func TestToldOfChanges(t *testing.T) {
	h := newHouse(t, true)
	a := h.account("bea@example.com")
	who := h.as(a)
	keys, err := secret.Create(filepath.Join(t.TempDir(), "key"))
	must(t, err)
	fs := &account.Factors{DB: h.DB, Keys: keys, Tell: h.Changed}
	told := func(subject string) {
		t.Helper()
		if l, _ := h.letter(); !strings.Contains(l.Subject, subject) || l.Address != a.Email {
			t.Errorf("told %q at %s, want %q", l.Subject, l.Address, subject)
		}
	}
	e, err := fs.Enrol(ctx, who)
	must(t, err)
	code, err := totp.GenerateCode(e.Key, h.DB.Now().Time())
	must(t, err)
	if _, err := fs.Confirm(ctx, who, "", "000000"); err == nil {
		t.Fatal("any code fits")
	}
	codes, err := fs.Confirm(ctx, who, "", code)
	must(t, err)
	told("asks for a second factor now")
	_, half, err := account.SignIn(ctx, h.DB, a.Email, password, account.Meta{})
	if !errors.Is(err, account.ErrHalf) {
		t.Fatal(err)
	}
	_, _, _, err = fs.SignIn(ctx, half, codes[0], account.Meta{})
	must(t, err)
	told("recovery code of yours was used")
	_, err = fs.RenewCodes(ctx, who)
	must(t, err)
	told("new recovery codes")
	must(t, fs.Off(ctx, who, a.ID))
	told("switched off")
	change := account.Password{Account: a.ID, Current: "wrong", New: "another long secret", Tell: h.Changed}
	if err := account.SetPassword(ctx, h.DB, who, change); err == nil {
		t.Fatal("any password fits")
	}
	change.Current = password
	must(t, account.SetPassword(ctx, h.DB, who, change))
	told("password was changed")
	if len(h.mail) != 0 {
		t.Errorf("%d letters more", len(h.mail))
	}
}
