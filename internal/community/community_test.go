package community_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"rapport/internal/access"
	"rapport/internal/community"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/fault"
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

func TestSettings(t *testing.T) {
	d := open(t)
	c, err := community.Of(ctx, d, "b")
	if err != nil || c.Joining != community.Open || c.FirstPosts != 2 || !c.LinksWait || c.OpenedAt != 0 {
		t.Fatal(c, err)
	}
	set := community.Settings{Host: "Community.Äpfel.example.", Intro: " Hi ", Joining: community.Ask, Questions: []string{"Why?", " "}, FirstPosts: 3}
	saved, err := community.Change(ctx, d, who(access.Community, "b"), "b", c.Revision, set)
	if err != nil || saved.Host != "community.xn--pfel-koa.example" || saved.Intro != "Hi" || !slices.Equal(saved.Questions, []string{"Why?"}) {
		t.Fatal(saved, err)
	}
	if _, err := community.Change(ctx, d, who(access.Owner, "b"), "b", c.Revision, community.Settings{Joining: community.Open}); !fault.Is(err, fault.Conflict) {
		t.Errorf("what another changed meanwhile is lost: %v", err)
	}
	_, err = community.Change(ctx, d, who(access.Owner, "other"), "other", 0, community.Settings{Joining: community.Open, Host: saved.Host})
	if fields := fault.Fields(err); len(fields) != 1 || fields[0].Name != "host" {
		t.Errorf("two have a host name: %v", err)
	}
	hosts, err := community.Hosts(ctx, d)
	if err != nil || len(hosts) != 1 || hosts[saved.Host] != "b" {
		t.Error(hosts, err)
	}
	for _, r := range access.Roles {
		_, err := community.Show(ctx, d, who(r, "b"), "b", true)
		if may := slices.Contains([]access.Role{access.Owner, access.Manager, access.Community}, r); (err == nil) != may {
			t.Errorf("%s: %v", r, err)
		}
	}
}

// A topic that is begun is no change of the settings.
func TestATopicChangesNoSettings(t *testing.T) {
	d := open(t)
	seen, err := community.Of(ctx, d, "b")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if err := d.Tx(ctx, func(tx *db.Tx) error { _, err := community.Numbered(ctx, tx, "b"); return err }); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if _, err := community.Change(ctx, d, who(access.Owner, "b"), "b", seen.Revision, community.Settings{Joining: community.Closed}); err != nil {
		t.Error(err)
	}
	err = d.Tx(ctx, func(tx *db.Tx) error {
		n, err := community.Numbered(ctx, tx, "b")
		if n != 9 {
			t.Errorf("the ninth topic has the number %d", n)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestWhatCannotBeSet(t *testing.T) {
	d := open(t)
	for _, set := range []community.Settings{
		{}, {Joining: "odd"}, {Joining: community.Open, Host: "https://x.example"}, {Joining: community.Open, Host: "x.example/path"}, {Joining: community.Open, Host: "127.0.0.1"}, {Joining: community.Open, Host: "localhost"},
		{Joining: community.Open, Host: "x.example:80"}, {Joining: community.Open, Host: "a\x00.example"}, {Joining: community.Open, Intro: strings.Repeat("x", 201)}, {Joining: community.Open, Intro: "a\nb"},
		{Joining: community.Open, FirstPosts: 11}, {Joining: community.Open, FirstPosts: -1}, {Joining: community.Open, Questions: strings.Fields("a b c d e f")}, {Joining: community.Open, Questions: []string{strings.Repeat("x", 201)}},
	} {
		if _, err := community.Change(ctx, d, who(access.Owner, "b"), "b", 0, set); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", set, err)
		}
	}
}
