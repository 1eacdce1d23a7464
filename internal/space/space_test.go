package space_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/fault"
	"rapport/internal/space"
)

var ctx = context.Background()

func open(t *testing.T) *db.DB {
	t.Helper()
	d := dbtest.Open(t)
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

var owner = who(access.Owner, "b")

func create(t *testing.T, d *db.DB, name string) space.Space {
	t.Helper()
	s, err := space.Create(ctx, d, owner, "b", space.Settings{Name: name, Kind: space.Discussion})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSlug(t *testing.T) {
	for name, want := range map[string]string{
		"Ask & Answer": "ask-answer", "  Äpfel, Öl ": "apfel-ol", "L'été": "lete", "日本語 話": "日本語-話", "हिन्दी": "हिन्दी", "???": "", "a--b": "a-b", "🎉 Party": "party",
		strings.Repeat("word ", 30): strings.TrimSuffix(strings.Repeat("word-", 12), "-"), "../x?y#z": "x-y-z",
	} {
		if got := space.Slug(name); got != want || len(got) > 60 || space.Slug(got) != got {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestAnOldAddressLeadsToItsSpace(t *testing.T) {
	d := open(t)
	s := create(t, d, "Coffee")
	for i, name := range []string{"Tea", "Cocoa", "Coffee"} {
		var err error
		if s, err = space.Change(ctx, d, owner, "b", s.ID, int64(i+1), space.Settings{Name: name, Kind: space.Questions}); err != nil {
			t.Fatal(err)
		}
	}
	if s.Slug != "coffee" {
		t.Errorf("it cannot have its own address back: %s", s.Slug)
	}
	for _, slug := range []string{"coffee", "tea", "cocoa"} {
		if got, err := space.BySlug(ctx, d, "b", slug); err != nil || got.ID != s.ID || got.Slug != "coffee" {
			t.Errorf("%s: %+v %v", slug, got, err)
		}
	}
	if other := create(t, d, "Tea"); other.Slug != "tea-2" {
		t.Errorf("another took the address: %s", other.Slug)
	}
	if _, err := space.BySlug(ctx, d, "other", "tea"); !fault.Is(err, fault.NotFound) {
		t.Errorf("another brand knows it: %v", err)
	}
	if _, err := space.Change(ctx, d, owner, "b", s.ID, 1, space.Settings{Name: "X", Kind: space.Questions}); !fault.Is(err, fault.Conflict) {
		t.Errorf("%v", err)
	}
	if got := create(t, d, "???"); got.Slug != "space" {
		t.Errorf("%q", got.Slug)
	}
}

func TestOrder(t *testing.T) {
	d := open(t)
	a, b, c := create(t, d, "A"), create(t, d, "B"), create(t, d, "C")
	if err := space.Order(ctx, d, owner, "b", []string{c.ID, a.ID, b.ID}); err != nil {
		t.Fatal(err)
	}
	names := func() (out string) {
		all, err := space.List(ctx, dbtest.Indexed(t, d), "b")
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range all {
			out += s.Name
		}
		return out
	}
	if names() != "CAB" {
		t.Errorf("%s", names())
	}
	for _, ids := range [][]string{{a.ID, b.ID}, {a.ID, b.ID, c.ID, c.ID}, {a.ID, a.ID, b.ID}, nil, {a.ID, b.ID, db.NewID()}} {
		if err := space.Order(ctx, d, owner, "b", ids); !fault.Is(err, fault.Conflict) {
			t.Errorf("%v: %v", ids, err)
		}
	}
	if names() != "CAB" {
		t.Errorf("half of an order was kept: %s", names())
	}
}

func TestWhoMaySetUpSpaces(t *testing.T) {
	d := open(t)
	s := create(t, d, "A")
	for _, r := range access.Roles {
		_, err := space.Create(ctx, d, who(r, "b"), "b", space.Settings{Name: string(r), Kind: space.Discussion})
		may := slices.Contains([]access.Role{access.Owner, access.Manager, access.Community}, r)
		if (err == nil) != may || err != nil && !fault.Is(err, fault.Denied) {
			t.Errorf("%s: %v", r, err)
		}
	}
	stranger := who(access.Owner, "other")
	_, err := space.Change(ctx, d, stranger, "other", s.ID, 1, space.Settings{Name: "Mine", Kind: space.Discussion})
	for _, err := range []error{err, space.Order(ctx, d, stranger, "b", []string{s.ID})} {
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("another brand's owner: %v", err)
		}
	}
	for _, set := range []space.Settings{{Kind: space.Discussion}, {Name: "x"}, {Name: "x", Kind: "odd"}, {Name: strings.Repeat("x", 61), Kind: space.Discussion}, {Name: "a\x00", Kind: space.Discussion},
		{Name: "x", About: strings.Repeat("x", 301), Kind: space.Discussion}, {Name: "x\xff", Kind: space.Discussion}} {
		if _, err := space.Create(ctx, d, owner, "b", set); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", set, err)
		}
	}
}

func TestSpacesMadeAtOnce(t *testing.T) {
	d := open(t)
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			if _, err := space.Create(ctx, d, owner, "b", space.Settings{Name: "Same", Kind: space.Discussion}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	list, err := space.List(ctx, d, "b")
	var got []string
	for _, s := range list {
		got = append(got, fmt.Sprint(s.Slug, s.Place))
	}
	if want := []string{"same1", "same-22", "same-33", "same-44", "same-55", "same-66"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v %v", got, err)
	}
}
