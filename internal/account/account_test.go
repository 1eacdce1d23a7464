package account_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/fault"
	"rapport/internal/outbox"
)

const secret = "correct horse battery"

var ctx = context.Background()

func create(t testing.TB, d *db.DB, email string) account.Account {
	t.Helper()
	a, err := account.Create(ctx, d, access.System(), account.New{Email: email, Name: "Ada", Password: secret}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// addBrand writes a brand's row as the brand package would.
func addBrand(t testing.TB, d *db.DB, id string) {
	t.Helper()
	_, err := d.ExecContext(ctx, `INSERT INTO brand (id, slug, name, color, zone, created_at) VALUES ($1, $2, $3, '#000000', 'UTC', 1)`, id, id, id)
	if err != nil {
		t.Fatal(err)
	}
}

func put(t testing.TB, d *db.DB, a account.Account, g access.Grant) access.Who {
	t.Helper()
	if err := d.Tx(ctx, func(tx *db.Tx) error { return account.Put(ctx, tx, a.ID, g) }); err != nil {
		t.Fatal(err)
	}
	who, err := account.As(ctx, d, a)
	if err != nil {
		t.Fatal(err)
	}
	return who
}

func signIn(t testing.TB, d *db.DB, email string) (account.Session, string) {
	t.Helper()
	s, token, err := account.SignIn(ctx, d, email, secret, account.Meta{Address: "192.0.2.1", Agent: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return s, token
}

// What ends or changes somebody's access makes their open streams ask anew.
func TestOpenStreamsHearOfChangedAccess(t *testing.T) {
	d := dbtest.Open(t)
	addBrand(t, d, "b")
	owner, ada := create(t, d, "owner@example.com"), create(t, d, "ada@example.com")
	who := put(t, d, owner, access.Grant{Brand: "b", Role: access.Owner})
	s, _ := signIn(t, d, "ada@example.com")
	_, token := signIn(t, d, "ada@example.com")
	adaWho, err := account.As(ctx, d, ada)
	if err != nil {
		t.Fatal(err)
	}
	heard := make(chan string, 100)
	stop := d.Subscribe(outbox.LiveTopic, func(payload string) { heard <- payload })
	defer stop()
	if d.Dialect == db.Postgres {
		<-heard // the listener is there
	}
	for _, c := range []struct {
		name string
		do   func() error
	}{
		{"sign out", func() error { return account.SignOut(ctx, d, token) }},
		{"a session is ended", func() error { return account.Revoke(ctx, d, adaWho, s.ID) }},
		{"a new password", func() error {
			return account.SetPassword(ctx, d, access.System(), account.Password{Account: ada.ID, New: "another long secret"})
		}},
		{"a grant is given", func() error {
			return account.Give(ctx, d, who, ada.ID, access.Grant{Brand: "b", Role: access.Analyst})
		}},
		{"a grant is taken", func() error { return account.Take(ctx, d, who, "b", ada.ID) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.do(); err != nil {
				t.Fatal(err)
			}
			for {
				select {
				case got := <-heard:
					if got == " access.changed "+ada.ID {
						return
					}
				case <-time.After(30 * time.Second):
					t.Fatal("nobody was told")
				}
			}
		})
	}
}

func TestCreateRefuses(t *testing.T) {
	d := dbtest.Open(t)
	create(t, d, "taken@example.com")
	for _, c := range []struct {
		name   string
		new    account.New
		kind   fault.Kind
		fields []string
	}{
		{"taken in another case", account.New{Email: "Taken@Example.com", Name: "A", Password: secret}, fault.Conflict, nil},
		{"no address", account.New{Email: "ada", Name: "A", Password: secret}, fault.Invalid, []string{"email"}},
		{"address with a name", account.New{Email: "Ada <a@example.com>", Name: "A", Password: secret}, fault.Invalid, []string{"email"}},
		{"line break in the address", account.New{Email: "a@example.com\nBcc: b", Name: "A", Password: secret}, fault.Invalid, []string{"email"}},
		{"short password", account.New{Email: "a@example.com", Name: "A", Password: "123456789"}, fault.Invalid, []string{"password"}},
		{"long password", account.New{Email: "a@example.com", Name: "A", Password: strings.Repeat("x", 201)}, fault.Invalid, []string{"password"}},
		{"everything at once", account.New{}, fault.Invalid, []string{"email", "name", "password"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := account.Create(ctx, d, access.System(), c.new, nil)
			if !fault.Is(err, c.kind) {
				t.Fatalf("got %v, want %v", err, c.kind)
			}
			var got []string
			for _, f := range fault.Fields(err) {
				got = append(got, f.Name)
			}
			if diff := cmp.Diff(c.fields, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	if _, err := account.Create(ctx, d, access.Who{Account: "x"}, account.New{}, nil); !fault.Is(err, fault.Denied) {
		t.Errorf("an account made an account: %v", err)
	}
}

func TestCreateKeepsAllOrNothing(t *testing.T) {
	d := dbtest.Open(t)
	stop := errors.New("stop")
	_, err := account.Create(ctx, d, access.System(), account.New{Email: "a@example.com", Name: "A", Password: secret},
		func(*db.Tx, account.Account) error { return stop })
	if !errors.Is(err, stop) {
		t.Fatal(err)
	}
	if any, err := account.Any(ctx, d); any || err != nil {
		t.Fatalf("there is an account: %v %v", any, err)
	}
}

func TestSignIn(t *testing.T) {
	d := dbtest.Open(t)
	a := create(t, d, "ada@example.com")
	addBrand(t, d, "b1")
	addBrand(t, d, "b2")
	put(t, d, a, access.Grant{Brand: "b1", Role: access.Owner})
	put(t, d, a, access.Grant{Brand: "b2", Role: access.Manager, Channels: []string{"c"}, EndsAt: d.Now().Add(-time.Hour)})

	s, token := signIn(t, d, " Ada@Example.com ")
	who, again, err := account.Who(ctx, d, token)
	if err != nil {
		t.Fatal(err)
	}
	want := access.Who{Account: a.ID, Name: "Ada", Email: "ada@example.com", Grants: []access.Grant{{Brand: "b1", Role: access.Owner}}}
	if diff := cmp.Diff(want, who, cmp.AllowUnexported(access.Who{})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(s, again); diff != "" {
		t.Error(diff)
	}
	for name, c := range map[string][2]string{
		"wrong password": {"ada@example.com", "correct horse batterx"},
		"unknown":        {"eve@example.com", secret},
		"empty":          {"ada@example.com", ""},
		"far too long":   {"ada@example.com", strings.Repeat("x", 1<<20)},
	} {
		_, token, err := account.SignIn(ctx, d, c[0], c[1], account.Meta{Address: "192.0.2.2"})
		if !fault.Is(err, fault.Denied) || token != "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, bad := range []string{"", "x", s.ID, token + "x"} {
		if _, _, err := account.Who(ctx, d, bad); !errors.Is(err, account.ErrSignedOut) {
			t.Errorf("token %q: %v", bad, err)
		}
	}
}

// The database holds nothing that signs in.
func TestSecretsAreNotStored(t *testing.T) {
	d := dbtest.Open(t)
	create(t, d, "ada@example.com")
	_, token := signIn(t, d, "ada@example.com")
	var hash, stored string
	err := d.QueryRowContext(ctx, `SELECT a.password_hash, s.token_hash FROM account a, session s`).Scan(&hash, &stored)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(hash, secret) || !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("the password is kept as %q", hash)
	}
	if strings.Contains(stored, token) {
		t.Error("the session's token is stored as it is")
	}
}

func TestSignInLimits(t *testing.T) {
	d := dbtest.Open(t)
	d.SetClock(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))
	create(t, d, "ada@example.com")
	try := func(email, password, address string) error {
		_, _, err := account.SignIn(ctx, d, email, password, account.Meta{Address: address})
		return err
	}
	// Right ones do not count, or a team behind one address would lock itself out.
	for range 12 {
		if err := try("ada@example.com", secret, "192.0.2.9"); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 10 {
		if err := try("ada@example.com", "wrong password", "192.0.2.1"); !fault.Is(err, fault.Denied) {
			t.Fatalf("attempt %d: %v", i, err)
		}
	}
	err := try("ada@example.com", secret, "192.0.2.1")
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != fault.Limited || f.RetryAfter <= 0 || f.RetryAfter > time.Minute+time.Second {
		t.Fatalf("after ten wrong ones: %v", err)
	}
	if err := try("ada@example.com", secret, "198.51.100.7"); err != nil {
		t.Errorf("from elsewhere the owner is locked out: %v", err)
	}
	if err := try("eve@example.com", secret, "192.0.2.1"); !fault.Is(err, fault.Denied) {
		t.Errorf("another account from the same address: %v", err)
	}
	d.SetClock(d.Now().Time().Add(f.RetryAfter))
	if err := try("ada@example.com", secret, "192.0.2.1"); err != nil {
		t.Errorf("after waiting: %v", err)
	}
}

// One subscriber holds a whole /64 and may change within it.
func TestSignInLimitsCountAnIPv6Network(t *testing.T) {
	d := dbtest.Open(t)
	d.SetClock(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))
	last := error(nil)
	for _, host := range []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "a", "b"} {
		_, _, last = account.SignIn(ctx, d, "eve@example.com", "wrong password", account.Meta{Address: "2001:db8:1:2::" + host})
	}
	if !fault.Is(last, fault.Limited) {
		t.Errorf("the eleventh address of one network: %v", last)
	}
	_, _, err := account.SignIn(ctx, d, "eve@example.com", "wrong password", account.Meta{Address: "2001:db8:1:3::1"})
	if !fault.Is(err, fault.Denied) {
		t.Errorf("another network: %v", err)
	}
}

func TestGuessesAtOnceAreAllCounted(t *testing.T) {
	d := dbtest.Open(t)
	d.SetClock(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))
	var wg sync.WaitGroup
	var mu sync.Mutex
	count := map[fault.Kind]int{}
	for range 15 {
		wg.Go(func() {
			_, _, err := account.SignIn(ctx, d, "ada@example.com", "wrong password", account.Meta{Address: "192.0.2.1"})
			mu.Lock()
			count[fault.KindOf(err)]++
			mu.Unlock()
		})
	}
	wg.Wait()
	if diff := cmp.Diff(map[fault.Kind]int{fault.Denied: 10, fault.Limited: 5}, count); diff != "" {
		t.Error(diff)
	}
}

func TestSessionsEnd(t *testing.T) {
	d := dbtest.Open(t)
	start := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	d.SetClock(start)
	a := create(t, d, "ada@example.com")
	b := create(t, d, "bob@example.com")
	s1, t1 := signIn(t, d, "ada@example.com")
	s2, t2 := signIn(t, d, "ada@example.com")
	alive := func(token string) bool { _, _, err := account.Who(ctx, d, token); return err == nil }

	if err := account.Revoke(ctx, d, access.Who{Account: b.ID}, s1.ID); !fault.Is(err, fault.NotFound) || !alive(t1) {
		t.Fatalf("another account's session: %v", err)
	}
	who := access.Who{Account: a.ID}
	list, err := account.Sessions(ctx, d, who)
	if err != nil || len(list) != 2 {
		t.Fatalf("%v %v", list, err)
	}
	if err := account.Revoke(ctx, d, who, s1.ID); err != nil || alive(t1) || !alive(t2) {
		t.Fatalf("revoked: %v", err)
	}
	if err := account.SignOut(ctx, d, t2); err != nil || alive(t2) {
		t.Fatalf("signed out: %v", err)
	}
	_, t3 := signIn(t, d, "ada@example.com")
	d.SetClock(start.Add(account.SessionIdle + time.Minute))
	if alive(t3) {
		t.Error("an idle session goes on")
	}
	if err := account.Sweep(ctx, d); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := d.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM session) + (SELECT COUNT(*) FROM attempt)`).Scan(&n); err != nil || n != 0 {
		t.Errorf("%d rows are left, %v", n, err)
	}
	_ = s2
}

func TestSessionLastsWhileItIsUsed(t *testing.T) {
	d := dbtest.Open(t)
	start := time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)
	d.SetClock(start)
	create(t, d, "ada@example.com")
	_, token := signIn(t, d, "ada@example.com")
	days := 0
	for ; days < 400; days++ {
		d.SetClock(start.AddDate(0, 0, days))
		_, s, err := account.Who(ctx, d, token)
		if errors.Is(err, account.ErrSignedOut) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := account.Seen(ctx, d, s, account.Meta{Address: "192.0.2.5"}); err != nil {
			t.Fatal(err)
		}
	}
	if days != 180 {
		t.Errorf("it lasted %d days, want 180", days)
	}
}

func TestSetPassword(t *testing.T) {
	d := dbtest.Open(t)
	a := create(t, d, "ada@example.com")
	b := create(t, d, "bob@example.com")
	keep, kept := signIn(t, d, "ada@example.com")
	_, other := signIn(t, d, "ada@example.com")
	_, foreign := signIn(t, d, "bob@example.com")
	who := access.Who{Account: a.ID, Address: "192.0.2.1"}
	for _, c := range []struct {
		name string
		who  access.Who
		p    account.Password
		kind fault.Kind
	}{
		{"wrong current", who, account.Password{Account: a.ID, Current: "not the one", New: "another one"}, fault.Invalid},
		{"too short", who, account.Password{Account: a.ID, Current: secret, New: "short"}, fault.Invalid},
		{"somebody else's", who, account.Password{Account: b.ID, Current: secret, New: "another one"}, fault.Denied},
		{"by a token", access.Who{Account: a.ID, Token: "t"}, account.Password{Account: a.ID, Current: secret, New: "another one"}, fault.Denied},
		{"nobody's", access.System(), account.Password{Account: "none", New: "another one"}, fault.NotFound},
	} {
		if err := account.SetPassword(ctx, d, c.who, c.p); !fault.Is(err, c.kind) {
			t.Errorf("%s: %v, want %v", c.name, err, c.kind)
		}
	}
	err := account.SetPassword(ctx, d, who, account.Password{Account: a.ID, Current: secret, New: "another one", Keep: keep.ID})
	if err != nil {
		t.Fatal(err)
	}
	for token, alive := range map[string]bool{kept: true, other: false, foreign: true} {
		if _, _, err := account.Who(ctx, d, token); (err == nil) != alive {
			t.Errorf("session: %v, want it alive: %v", err, alive)
		}
	}
	if _, _, err := account.SignIn(ctx, d, a.Email, secret, account.Meta{}); !fault.Is(err, fault.Denied) {
		t.Errorf("the old password: %v", err)
	}
	if _, _, err := account.SignIn(ctx, d, a.Email, "another one", account.Meta{}); err != nil {
		t.Errorf("the new password: %v", err)
	}
}

func TestLanguageIsOneThatThereIs(t *testing.T) {
	d := dbtest.Open(t)
	a := create(t, d, "ada@example.com")
	_, token := signIn(t, d, a.Email)
	who := access.Who{Account: a.ID}
	for _, c := range []struct {
		code string
		fits bool
	}{{"de", true}, {"tlh", false}, {"de-x", false}, {"en", true}, {"", true}, {"de", true}} {
		if err := account.SetLanguage(ctx, d, who, c.code); fault.Is(err, fault.Invalid) == c.fits {
			t.Errorf("%q: %v", c.code, err)
		}
	}
	_, s, err := account.Who(ctx, d, token)
	if err != nil || s.Language != "de" {
		t.Errorf("the session says %q, %v", s.Language, err)
	}
	if again, err := account.ByID(ctx, d, a.ID); err != nil || again.Language != "de" {
		t.Errorf("the account says %q, %v", again.Language, err)
	}
}

func TestThemes(t *testing.T) {
	d := dbtest.Open(t)
	a := create(t, d, "ada@example.com")
	_, token := signIn(t, d, a.Email)
	if err := account.SetTheme(ctx, d, access.Who{Account: a.ID}, "pink"); !fault.Is(err, fault.Invalid) {
		t.Errorf("pink: %v", err)
	}
	if err := account.SetTheme(ctx, d, access.Who{Account: a.ID}, "dark"); err != nil {
		t.Fatal(err)
	}
	if _, s, err := account.Who(ctx, d, token); err != nil || s.Theme != "dark" {
		t.Errorf("%q %v", s.Theme, err)
	}
}
