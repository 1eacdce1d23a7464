package account_test

import (
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/fault"
	sealing "rapport/internal/secret"
)

// phone is an account with a second factor, and what its phone knows.
type phone struct {
	*account.Factors
	who   access.Who
	email string
	key   string
	codes []string
}

func newFactors(t testing.TB, d *db.DB) *account.Factors {
	t.Helper()
	keys, err := sealing.Create(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	return &account.Factors{DB: d, Keys: keys}
}

// code is what the phone shows now.
func (p phone) code(t testing.TB) string {
	t.Helper()
	c, err := totp.GenerateCode(p.key, p.DB.Now().Time())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func enrol(t testing.TB, fs *account.Factors, a account.Account) phone {
	t.Helper()
	p := phone{Factors: fs, who: access.Who{Account: a.ID, Email: a.Email}, email: a.Email}
	e, err := fs.Enrol(ctx, p.who)
	if err != nil {
		t.Fatal(err)
	}
	p.key = e.Key
	if p.codes, err = fs.Confirm(ctx, p.who, "", p.code(t)); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p phone) half(t testing.TB) string {
	t.Helper()
	s, token, err := account.SignIn(ctx, p.DB, p.email, secret, account.Meta{Address: "192.0.2.1"})
	if !errors.Is(err, account.ErrHalf) || token == "" || s.ID != "" {
		t.Fatalf("%+v %v", s, err)
	}
	return token
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func TestSecondFactor(t *testing.T) {
	d := dbtest.Open(t)
	d.SetClock(noon)
	fs, a := newFactors(t, d), create(t, d, "ada@example.com")
	who := access.Who{Account: a.ID, Email: a.Email}
	_, other := signIn(t, d, a.Email)
	e, err := fs.Enrol(ctx, who)
	again, errAgain := fs.Enrol(ctx, who)
	if err != nil || errAgain != nil || e != again || !strings.HasPrefix(e.Link, "otpauth://totp/Rapport:ada@example.com?secret="+e.Key) {
		t.Fatalf("%+v %v, again %+v %v", e, err, again, errAgain)
	}
	if _, err := fs.Confirm(ctx, who, "", "000000"); !fault.Is(err, fault.Invalid) {
		t.Fatalf("a wrong code set it up: %v", err)
	}
	if _, _, err := account.Who(ctx, d, other); err != nil {
		t.Fatalf("before it was set up: %v", err)
	}
	p := enrol(t, fs, a)
	if len(p.codes) != 10 {
		t.Fatalf("codes %v", p.codes)
	}
	if _, _, err := account.Who(ctx, d, other); !errors.Is(err, account.ErrSignedOut) {
		t.Errorf("a session that never saw a code goes on: %v", err)
	}
	if _, err := fs.Enrol(ctx, who); !fault.Is(err, fault.Conflict) {
		t.Errorf("set up twice: %v", err)
	}

	half := p.half(t)
	if _, _, err := account.Who(ctx, d, half); !errors.Is(err, account.ErrSignedOut) {
		t.Errorf("half a sign-in is a session: %v", err)
	}
	// The code that set it up is used.
	if _, _, _, err := fs.SignIn(ctx, half, p.code(t), account.Meta{}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a used code: %v", err)
	}
	d.SetClock(noon.Add(time.Minute))
	spaced := p.code(t)[:3] + " " + p.code(t)[3:]
	s, token, left, err := fs.SignIn(ctx, half, spaced, account.Meta{Address: "192.0.2.1"})
	if err != nil || left != -1 || s.Account != a.ID {
		t.Fatalf("%+v, %d codes left, %v", s, left, err)
	}
	if _, _, err := account.Who(ctx, d, token); err != nil {
		t.Error(err)
	}
	if _, _, _, err := fs.SignIn(ctx, half, p.codes[0], account.Meta{}); !errors.Is(err, account.ErrSignedOut) {
		t.Errorf("the half token works twice: %v", err)
	}
	half = p.half(t)
	if _, _, left, err = fs.SignIn(ctx, half, strings.ToUpper(strings.ReplaceAll(p.codes[0], "-", " ")), account.Meta{}); err != nil || left != 9 {
		t.Errorf("a recovery code: %d left, %v", left, err)
	}
	half = p.half(t)
	if _, _, _, err = fs.SignIn(ctx, half, p.codes[0], account.Meta{}); !fault.Is(err, fault.Invalid) {
		t.Errorf("the recovery code works twice: %v", err)
	}
	d.SetClock(noon.Add(12 * time.Minute))
	if _, _, _, err = fs.SignIn(ctx, half, p.codes[1], account.Meta{}); !errors.Is(err, account.ErrSignedOut) {
		t.Errorf("half a sign-in lasts: %v", err)
	}
	renewed, err := fs.RenewCodes(ctx, who)
	if err != nil || len(renewed) != 10 {
		t.Fatal(renewed, err)
	}
	half = p.half(t)
	if _, _, _, err = fs.SignIn(ctx, half, p.codes[1], account.Meta{}); !fault.Is(err, fault.Invalid) {
		t.Errorf("an old recovery code: %v", err)
	}
	if err := fs.Off(ctx, access.Who{Account: "eve"}, a.ID); !fault.Is(err, fault.Denied) {
		t.Errorf("somebody else switched it off: %v", err)
	}
	if err := fs.Off(ctx, who, a.ID); err != nil {
		t.Fatal(err)
	}
	if _, _, err := account.SignIn(ctx, d, a.Email, secret, account.Meta{}); err != nil {
		t.Errorf("after it was switched off: %v", err)
	}
}

func TestGuessesAtACodeAreCounted(t *testing.T) {
	d := dbtest.Open(t)
	d.SetClock(noon)
	p := enrol(t, newFactors(t, d), create(t, d, "ada@example.com"))
	half := p.half(t)
	var last error
	for range 7 {
		_, _, _, last = p.SignIn(ctx, half, "123456", account.Meta{})
	}
	if !fault.Is(last, fault.Limited) {
		t.Errorf("the seventh guess: %v", last)
	}
}

// A code seen over the shoulder, or sent twice by an impatient hand, signs in
// once.
func TestACodeWorksOnceInRequestsAtOnce(t *testing.T) {
	for name, pick := range map[string]func(phone) string{
		"of the phone": func(p phone) string { return p.code(t) },
		"recovery":     func(p phone) string { return p.codes[0] },
	} {
		t.Run(name, func(t *testing.T) {
			d := dbtest.Open(t)
			d.SetClock(noon)
			p := enrol(t, newFactors(t, d), create(t, d, "ada@example.com"))
			d.SetClock(noon.Add(time.Hour))
			code := pick(p)
			var wg sync.WaitGroup
			var mu sync.Mutex
			won := 0
			for range 4 {
				half := p.half(t)
				wg.Go(func() {
					_, _, _, err := p.SignIn(ctx, half, code, account.Meta{})
					mu.Lock()
					defer mu.Unlock()
					if err == nil {
						won++
					} else if !fault.Is(err, fault.Invalid) {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if won != 1 {
				t.Errorf("%d signed in", won)
			}
		})
	}
}

// A brand that asks for a second factor lets nobody in without, by no door.
func TestABrandAsksForASecondFactor(t *testing.T) {
	d := dbtest.Open(t)
	d.SetClock(noon)
	addBrand(t, d, "b")
	addBrand(t, d, "free")
	fs, owner, ada := newFactors(t, d), create(t, d, "owner@example.com"), create(t, d, "ada@example.com")
	who := put(t, d, owner, access.Grant{Brand: "b", Role: access.Owner})
	put(t, d, ada, access.Grant{Brand: "free", Role: access.Owner})
	adaWho := put(t, d, ada, access.Grant{Brand: "b", Role: access.Owner})
	_, plain, err := account.TokenCreate(ctx, d, adaWho, "b", account.NewToken{Name: "x", Scopes: []access.Action{access.BrandRead}})
	if err != nil {
		t.Fatal(err)
	}
	_, session := signIn(t, d, ada.Email)
	if err := account.AskFactor(ctx, d, who, "b", true); !fault.Is(err, fault.Conflict) {
		t.Fatalf("an owner locked themselves out: %v", err)
	}
	p := enrol(t, fs, owner)
	if err := account.AskFactor(ctx, d, who, "b", true); err != nil {
		t.Fatal(err)
	}
	seen, _, err := account.Who(ctx, d, session)
	if err != nil {
		t.Fatal(err)
	}
	byToken, _, err := account.TokenWho(ctx, d, plain)
	if err != nil {
		t.Fatal(err)
	}
	byConsole, err := account.As(ctx, d, ada)
	if err != nil {
		t.Fatal(err)
	}
	for name, w := range map[string]access.Who{"session": seen, "token": byToken, "console": byConsole} {
		if err := w.May(d.Now(), "b", access.BrandRead); !errors.Is(err, access.ErrSecondFactor) {
			t.Errorf("by %s: %v", name, err)
		}
	}
	if err := seen.May(d.Now(), "free", access.BrandRead); err != nil {
		t.Errorf("another brand: %v", err)
	}
	if err := fs.Off(ctx, p.who, owner.ID); !fault.Is(err, fault.Conflict) {
		t.Errorf("the asking owner switched theirs off: %v", err)
	}
	enrol(t, fs, ada)
	if byToken, _, err = account.TokenWho(ctx, d, plain); err != nil || byToken.May(d.Now(), "b", access.BrandRead) != nil {
		t.Errorf("with a second factor: %v", err)
	}
	if err := fs.Off(ctx, access.System(), ada.ID); err != nil {
		t.Errorf("the console: %v", err)
	}
}

func TestFactorsAreSealedAndResealed(t *testing.T) {
	d := dbtest.Open(t)
	d.SetClock(noon)
	p := enrol(t, newFactors(t, d), create(t, d, "ada@example.com"))
	stored := func() (s string) {
		if err := d.QueryRowContext(ctx, `SELECT secret FROM second_factor`).Scan(&s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	before := stored()
	if strings.Contains(before, p.key) {
		t.Error("the secret is stored as it is")
	}
	if _, err := p.Keys.AddKey(); err != nil {
		t.Fatal(err)
	}
	if n, broken, err := p.Reseal(ctx); n != 1 || broken != 0 || err != nil || stored() == before {
		t.Fatalf("%d, %v", n, err)
	}
	d.SetClock(noon.Add(time.Hour))
	if _, _, _, err := p.SignIn(ctx, p.half(t), p.code(t), account.Meta{}); err != nil {
		t.Error(err)
	}
}
