package account_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/db/dbtest"
	"rapport/internal/fault"
)

// Which role may use which door of this package; access_test holds the table
// behind it.
func TestWhoMayChangeTheTeam(t *testing.T) {
	d := dbtest.Open(t)
	addBrand(t, d, "b")
	addBrand(t, d, "other")
	owner := create(t, d, "owner@example.com")
	put(t, d, owner, access.Grant{Brand: "b", Role: access.Owner})
	put(t, d, owner, access.Grant{Brand: "other", Role: access.Owner})
	friend := create(t, d, "friend@example.com")
	for _, role := range access.Roles {
		a := create(t, d, string(role)+"-1@example.com")
		who := put(t, d, a, access.Grant{Brand: "b", Role: role})
		owns := role == access.Owner
		_, _, tokenErr := account.TokenCreate(ctx, d, who, "b", account.NewToken{Name: "x", Scopes: []access.Action{access.BrandRead}})
		_, listErr := account.TokenList(ctx, d, who, "b")
		got := map[string]bool{
			"give":   account.Give(ctx, d, who, friend.ID, access.Grant{Brand: "b", Role: access.Analyst}) == nil,
			"token":  tokenErr == nil,
			"tokens": listErr == nil,
		}
		if diff := cmp.Diff(map[string]bool{"give": owns, "token": owns, "tokens": owns}, got); diff != "" {
			t.Errorf("%s: %s", role, diff)
		}
		if err := account.Give(ctx, d, who, friend.ID, access.Grant{Brand: "other", Role: access.Owner}); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s reaches into another brand: %v", role, err)
		}
	}
}

func TestGiveAndTake(t *testing.T) {
	d := dbtest.Open(t)
	addBrand(t, d, "b")
	owner, guest := create(t, d, "owner@example.com"), create(t, d, "guest@example.com")
	who := put(t, d, owner, access.Grant{Brand: "b", Role: access.Owner})
	grant := access.Grant{Brand: "b", Role: access.Community, Channels: []string{"c1"}, EndsAt: d.Now().Add(time.Hour)}
	if err := account.Give(ctx, d, who, guest.ID, grant); err != nil {
		t.Fatal(err)
	}
	team, err := account.Team(ctx, d, who, "b")
	if err != nil || len(team) != 2 {
		t.Fatalf("%v %v", team, err)
	}
	var got access.Grant
	for _, m := range team {
		if m.ID == guest.ID {
			got = m.Grant
		}
	}
	if diff := cmp.Diff(grant, got); diff != "" {
		t.Error(diff)
	}
	if err := account.Take(ctx, d, who, "b", guest.ID); err != nil {
		t.Fatal(err)
	}
	if err := account.Take(ctx, d, who, "b", guest.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("taken twice: %v", err)
	}
	for name, g := range map[string]access.Grant{
		"no such role": {Brand: "b", Role: "king"},
		"in the past":  {Brand: "b", Role: access.Owner, EndsAt: d.Now().Add(-time.Hour)},
	} {
		if err := account.Give(ctx, d, who, guest.ID, g); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestABrandKeepsAnOwner(t *testing.T) {
	d := dbtest.Open(t)
	addBrand(t, d, "b")
	owner := create(t, d, "owner@example.com")
	who := put(t, d, owner, access.Grant{Brand: "b", Role: access.Owner})
	for name, err := range map[string]error{
		"leaves":            account.Take(ctx, d, who, "b", owner.ID),
		"becomes a manager": account.Give(ctx, d, who, owner.ID, access.Grant{Brand: "b", Role: access.Manager}),
		"gets an end date":  account.Give(ctx, d, who, owner.ID, access.Grant{Brand: "b", Role: access.Owner, EndsAt: d.Now().Add(time.Hour)}),
	} {
		if !fault.Is(err, fault.Conflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Two owners who remove each other at once must not both succeed.
func TestOwnersCannotAllLeaveAtOnce(t *testing.T) {
	d := dbtest.Open(t)
	for _, brand := range []string{"b1", "b2", "b3", "b4", "b5"} {
		addBrand(t, d, brand)
		ann, bob := create(t, d, "ann@"+brand+".example"), create(t, d, "bob@"+brand+".example")
		annIs := put(t, d, ann, access.Grant{Brand: brand, Role: access.Owner})
		bobIs := put(t, d, bob, access.Grant{Brand: brand, Role: access.Owner})
		var wg sync.WaitGroup
		errs := make([]error, 2)
		wg.Go(func() { errs[0] = account.Take(ctx, d, annIs, brand, bob.ID) })
		wg.Go(func() { errs[1] = account.Take(ctx, d, bobIs, brand, ann.ID) })
		wg.Wait()
		owners, err := account.Owners(ctx, d, brand)
		if err != nil || len(owners) != 1 {
			t.Fatalf("%d owners are left, %v", len(owners), err)
		}
		if (errs[0] == nil) == (errs[1] == nil) || !fault.Is(errors.Join(errs...), fault.Conflict) {
			t.Errorf("both or none: %v", errs)
		}
	}
}

func TestTokens(t *testing.T) {
	d := dbtest.Open(t)
	d.SetClock(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))
	addBrand(t, d, "b")
	addBrand(t, d, "b2")
	a := create(t, d, "owner@example.com")
	deputy := create(t, d, "deputy@example.com")
	put(t, d, a, access.Grant{Brand: "b2", Role: access.Owner})
	put(t, d, deputy, access.Grant{Brand: "b", Role: access.Owner})
	who := put(t, d, a, access.Grant{Brand: "b", Role: access.Owner})
	tok, plain, err := account.TokenCreate(ctx, d, who, "b", account.NewToken{
		Name: "importer", Scopes: []access.Action{access.PostWrite, access.TokenWrite}, ExpiresAt: d.Now().Add(time.Hour)})
	if err != nil || !strings.HasPrefix(plain, "rap_") || len(plain) != 4+43 {
		t.Fatalf("%q %v", plain, err)
	}
	by, same, err := account.TokenWho(ctx, d, plain)
	if err != nil || same.ID != tok.ID {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		brand  string
		action access.Action
		want   fault.Kind
	}{
		{"in scope", "b", access.PostWrite, fault.Internal},
		{"out of scope", "b", access.PostPublish, fault.Denied},
		{"another brand of its maker", "b2", access.PostWrite, fault.NotFound},
	} {
		if err := by.May(d.Now(), c.brand, c.action); fault.KindOf(err) != c.want || (err == nil) != (c.want == fault.Internal) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, _, err := account.TokenCreate(ctx, d, by, "b", account.NewToken{Name: "x", Scopes: []access.Action{access.PostPublish}}); !fault.Is(err, fault.Denied) {
		t.Errorf("a token made one that may do more: %v", err)
	}
	// Its maker may less now, so it may less.
	if err := account.Give(ctx, d, who, a.ID, access.Grant{Brand: "b", Role: access.Analyst}); err != nil {
		t.Fatal(err)
	}
	if by, _, err := account.TokenWho(ctx, d, plain); err != nil || by.May(d.Now(), "b", access.PostWrite) == nil {
		t.Errorf("the token outlives its maker's role: %v", err)
	}
	d.SetClock(d.Now().Time().Add(time.Hour))
	if _, _, err := account.TokenWho(ctx, d, plain); !errors.Is(err, account.ErrSignedOut) {
		t.Errorf("expired: %v", err)
	}
}

func TestTokenRevokedOrLeft(t *testing.T) {
	d := dbtest.Open(t)
	addBrand(t, d, "b")
	a, boss := create(t, d, "a@example.com"), create(t, d, "boss@example.com")
	who := put(t, d, a, access.Grant{Brand: "b", Role: access.Owner})
	bossIs := put(t, d, boss, access.Grant{Brand: "b", Role: access.Owner})
	make := func() (account.Token, string) {
		tok, plain, err := account.TokenCreate(ctx, d, who, "b", account.NewToken{Name: "x", Scopes: []access.Action{access.PostRead}})
		if err != nil {
			t.Fatal(err)
		}
		return tok, plain
	}
	tok, plain := make()
	if err := account.TokenSeen(ctx, d, tok); err != nil {
		t.Fatal(err)
	}
	if err := account.TokenRevoke(ctx, d, bossIs, "b", tok.ID); err != nil {
		t.Fatal(err)
	}
	if _, _, err := account.TokenWho(ctx, d, plain); !errors.Is(err, account.ErrSignedOut) {
		t.Errorf("revoked: %v", err)
	}
	if err := account.TokenRevoke(ctx, d, bossIs, "b", tok.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("revoked twice: %v", err)
	}
	list, err := account.TokenList(ctx, d, bossIs, "b")
	if err != nil || len(list) != 1 || list[0].UsedAt == 0 || list[0].RevokedAt == 0 {
		t.Errorf("%+v %v", list, err)
	}
	_, plain = make()
	if err := account.Take(ctx, d, bossIs, "b", a.ID); err != nil {
		t.Fatal(err)
	}
	if _, _, err := account.TokenWho(ctx, d, plain); !errors.Is(err, account.ErrSignedOut) {
		t.Errorf("its maker has left: %v", err)
	}
}

// Who owns the brand on some channels only could give themselves the rest, so
// nobody can be made that.
func TestAnOwnerHasTheWholeBrand(t *testing.T) {
	d := dbtest.Open(t)
	a, b := create(t, d, "ada@example.com"), create(t, d, "bob@example.com")
	addBrand(t, d, "b1")
	put(t, d, a, access.Grant{Brand: "b1", Role: access.Owner})
	narrow := access.Grant{Brand: "b1", Role: access.Owner, Channels: []string{"c"}}
	if err := account.Give(ctx, d, access.System(), b.ID, narrow); !fault.Is(err, fault.Invalid) {
		t.Errorf("an owner of one channel: %v", err)
	}
	put(t, d, b, narrow)
	if err := account.Take(ctx, d, access.System(), "b1", a.ID); !fault.Is(err, fault.Conflict) {
		t.Errorf("the last owner of the whole brand went: %v", err)
	}
	who := access.Who{Account: b.ID, Grants: []access.Grant{narrow}}
	if err := account.Give(ctx, d, who, b.ID, access.Grant{Brand: "b1", Role: access.Owner}); !fault.Is(err, fault.Denied) {
		t.Errorf("an owner of one channel took the brand: %v", err)
	}
}
