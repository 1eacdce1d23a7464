package admit_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/admit"
	"rapport/internal/audit"
	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/space"
)

func (h *house) space(brandID, name string) space.Space {
	h.t.Helper()
	s, err := space.Create(ctx, h.DB, access.System(), brandID, space.Settings{Name: name, Kind: space.Discussion})
	must(h.t, err)
	return s
}

// mate puts somebody into the team.
func (h *house) mate(name string, role access.Role, places ...string) string {
	h.t.Helper()
	a := h.account(name + "@example.com")
	must(h.t, h.DB.Tx(ctx, func(tx *db.Tx) error {
		return account.Put(ctx, tx, a.ID, access.Grant{Brand: h.brand.ID, Role: role, Channels: places})
	}))
	return a.ID
}

func (h *house) places(accountID string) []string {
	h.t.Helper()
	g, err := account.GrantOf(ctx, h.DB, h.brand.ID, accountID)
	must(h.t, err)
	return g.Channels
}

func TestAPartNamesSpaces(t *testing.T) {
	h := newHouse(t, false)
	talk, help := h.space(h.brand.ID, "Talk"), h.space(h.brand.ID, "Help")
	south, err := brand.Create(ctx, h.DB, access.System(), brand.New{Name: "South"})
	must(t, err)
	theirs := h.space(south.ID, "Theirs")
	_, err = space.Change(ctx, h.DB, access.System(), h.brand.ID, help.ID, 1, space.Settings{Name: "Help", Kind: space.Discussion, ClosedAt: h.DB.Now()})
	must(t, err)
	bea := h.mate("bea", access.Moderator)
	for _, c := range []struct {
		name   string
		role   access.Role
		places []string
		want   fault.Kind
	}{
		{"a moderator of one", access.Moderator, []string{talk.ID}, fault.Internal},
		{"a moderator of one that is closed", access.Moderator, []string{help.ID}, fault.Internal},
		{"a moderator of all", access.Moderator, nil, fault.Internal},
		{"a community manager of one", access.Community, []string{talk.ID}, fault.Internal},
		{"another brand's", access.Moderator, []string{talk.ID, theirs.ID}, fault.Invalid},
		{"none that there is", access.Moderator, []string{"nothing"}, fault.Invalid},
		{"a role without spaces", access.Creator, []string{talk.ID}, fault.Invalid},
	} {
		before := h.places(bea)
		g := access.Grant{Brand: h.brand.ID, Role: c.role, Channels: c.places}
		err := h.Give(ctx, h.owner, bea, g)
		if err != nil && fault.KindOf(err) != c.want || err == nil && c.want != fault.Internal {
			t.Errorf("%s: %v", c.name, err)
		}
		want := c.places
		if c.want != fault.Internal {
			want = before
		}
		if diff := cmp.Diff(want, h.places(bea)); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
		_, _, err = h.Invite(ctx, h.owner, h.brand.ID, admit.New{Email: "new-" + string(c.role) + db.NewID() + "@example.com", Role: c.role, Channels: c.places})
		if err != nil && fault.KindOf(err) != c.want || err == nil && c.want != fault.Internal {
			t.Errorf("inviting %s: %v", c.name, err)
		}
	}
	// What somebody is invited to look after is what they then do.
	_, link, err := h.Invite(ctx, h.owner, h.brand.ID, admit.New{Email: "cem@example.com", Role: access.Moderator, Channels: []string{help.ID}})
	must(t, err)
	cem, _, err := h.AcceptNew(ctx, link[len("https://studio.example/invitation/"):], "Cem", password, "")
	must(t, err)
	if diff := cmp.Diff([]string{help.ID}, h.places(cem.ID)); diff != "" {
		t.Error(diff)
	}
}

func TestWhoLooksAfterASpace(t *testing.T) {
	h := newHouse(t, false)
	talk, help := h.space(h.brand.ID, "Talk"), h.space(h.brand.ID, "Help")
	all := h.mate("all", access.Moderator)
	one := h.mate("one", access.Moderator, talk.ID)
	other := h.mate("other", access.Community, help.ID)
	writer := h.mate("writer", access.Creator)
	stranger := h.account("stranger@example.com").ID
	manager, err := account.ByID(ctx, h.DB, h.mate("manager", access.Manager))
	must(t, err)

	must(t, h.LookAfter(ctx, h.owner, h.brand.ID, help.ID, []string{one, other, all}))
	for id, want := range map[string][]string{one: {talk.ID, help.ID}, other: {help.ID}, all: nil} {
		if diff := cmp.Diff(want, h.places(id)); diff != "" {
			t.Error(diff)
		}
	}
	must(t, h.LookAfter(ctx, h.owner, h.brand.ID, talk.ID, nil))
	if diff := cmp.Diff([]string{help.ID}, h.places(one)); diff != "" {
		t.Error(diff)
	}
	lines, _, err := audit.List(ctx, h.DB, h.owner, h.brand.ID, audit.Filter{Act: "grant.given"}, db.Page{})
	must(t, err)
	if len(lines) != 2 || lines[0].Subject != one || lines[0].Detail["spaces"] != "Help" || lines[1].Detail["spaces"] != "Talk, Help" {
		t.Errorf("the log says %+v", lines)
	}
	for _, c := range []struct {
		name     string
		who      access.Who
		space    string
		accounts []string
		want     fault.Kind
	}{
		{"the last that a part names", h.owner, help.ID, []string{other}, fault.Invalid},
		{"who does not look after spaces", h.owner, help.ID, []string{one, other, writer}, fault.Invalid},
		{"who has no part", h.owner, help.ID, []string{one, other, stranger}, fault.Invalid},
		{"a space that is not there", h.owner, "nothing", nil, fault.NotFound},
		{"who may not", h.as(manager), help.ID, []string{one, other}, fault.Denied},
		{"nobody", access.Who{}, help.ID, []string{one, other}, fault.NotFound},
	} {
		if err := h.LookAfter(ctx, c.who, h.brand.ID, c.space, c.accounts); !fault.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
		if diff := cmp.Diff([][]string{{help.ID}, {help.ID}}, [][]string{h.places(one), h.places(other)}); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}
