package account_test

import (
	"context"
	"testing"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/audit"
	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/fault"
)

// signedIn makes an account and who it is.
func signedIn(t *testing.T, d *db.DB, email string) access.Who {
	t.Helper()
	a, err := account.Create(t.Context(), d, access.System(), account.New{Email: email, Name: email, Password: "correct horse battery"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return as(t, d, a)
}

func as(t *testing.T, d *db.DB, a account.Account) access.Who {
	t.Helper()
	who, err := account.As(t.Context(), d, a)
	if err != nil {
		t.Fatal(err)
	}
	who.Address = "192.0.2.7"
	return who
}

func TestAnAccountErasesItself(t *testing.T) {
	ctx, d := t.Context(), dbtest.Open(t)
	ada, bo := signedIn(t, d, "ada@example.com"), signedIn(t, d, "bo@example.com")
	b, err := brand.Create(ctx, d, ada, brand.New{Name: "North"})
	if err != nil {
		t.Fatal(err)
	}
	ada = as(t, d, account.Account{ID: ada.Account, Email: ada.Email, Name: ada.Name})
	if err := account.Erase(ctx, d, ada, "bo@example.com"); !fault.Is(err, fault.Invalid) {
		t.Errorf("the wrong address: %v", err)
	}
	if err := account.Erase(ctx, d, ada, ada.Email); !fault.Is(err, fault.Conflict) {
		t.Errorf("the last owner: %v", err)
	}
	if err := account.Give(ctx, d, ada, bo.Account, access.Grant{Brand: b.ID, Role: access.Owner}); err != nil {
		t.Fatal(err)
	}
	if err := account.Erase(ctx, d, ada, " ADA@example.com"); err != nil {
		t.Fatal(err)
	}
	if _, err := account.ByID(ctx, d, ada.Account); !fault.Is(err, fault.NotFound) {
		t.Errorf("it is still there: %v", err)
	}
	bo = as(t, d, account.Account{ID: bo.Account, Email: bo.Email, Name: bo.Name})
	lines, _, err := audit.List(ctx, d, bo, b.ID, audit.Filter{Account: ada.Account}, db.Page{})
	if err != nil || len(lines) < 3 || lines[0].Act != "member.left" {
		t.Errorf("%+v %v", lines, err)
	}
	for _, l := range lines {
		if l.Address != "" {
			t.Errorf("%s still tells where from", l.Act)
		}
	}
	token := access.Who{Account: bo.Account, Email: bo.Email, Token: "t"}
	if err := account.Erase(ctx, d, token, bo.Email); !fault.Is(err, fault.Denied) {
		t.Errorf("a token: %v", err)
	}
}

// Of two owners who leave at once, one is told to stay.
func TestTheLastOwnerDoesNotLeave(t *testing.T) {
	ctx, d := context.Background(), dbtest.Open(t)
	ada, bo := signedIn(t, d, "ada@example.com"), signedIn(t, d, "bo@example.com")
	b, err := brand.Create(ctx, d, ada, brand.New{Name: "North"})
	if err != nil {
		t.Fatal(err)
	}
	ada = as(t, d, account.Account{ID: ada.Account, Email: ada.Email, Name: ada.Name})
	if err := account.Give(ctx, d, ada, bo.Account, access.Grant{Brand: b.ID, Role: access.Owner}); err != nil {
		t.Fatal(err)
	}
	results := make(chan error, 2)
	for _, who := range []access.Who{ada, bo} {
		go func() { results <- account.Erase(ctx, d, who, who.Email) }()
	}
	first, second := <-results, <-results
	if (first == nil) == (second == nil) {
		t.Errorf("%v, %v", first, second)
	}
}
