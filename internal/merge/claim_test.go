package merge_test

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"rapport/internal/access"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/member"
	"rapport/internal/merge"
	"rapport/internal/network"
	"rapport/internal/network/bluesky"
	bsky "rapport/internal/network/bluesky/emulator"
	"rapport/internal/network/demo"
	emulator "rapport/internal/network/demo/emulator"
	"rapport/internal/network/mastodon"
	masto "rapport/internal/network/mastodon/emulator"
	"rapport/internal/outbound"
	"rapport/internal/person"
)

// hall is a room with networks to prove things on.
type hall struct {
	*room
	demo   *emulator.Server
	masto  *masto.Server
	host   string // of the Mastodon server
	bsky   *bsky.Server
	claims *merge.Claims
}

func open(t *testing.T) *hall {
	h := &hall{room: enter(t)}
	run := func(serve func(context.Context) error) {
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- serve(ctx) }()
		t.Cleanup(func() {
			stop()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	h.demo, err = emulator.New(emulator.Options{Accounts: []emulator.Account{{Name: "ada", Title: "ADA"}, {Name: "ben", Title: "BEN"}}})
	must(err)
	dl, err := emulator.Listen("127.0.0.1:0")
	must(err)
	run(func(ctx context.Context) error { return h.demo.Serve(ctx, dl) })
	h.masto, err = masto.New(masto.Options{Accounts: []masto.Account{{Name: "ada"}}})
	must(err)
	ml, err := masto.Listen("127.0.0.1:0")
	must(err)
	run(func(ctx context.Context) error { return h.masto.Serve(ctx, ml) })
	h.host = ml.Addr().String()
	h.bsky, err = bsky.New(bsky.Options{Accounts: []bsky.Account{{Name: "ada"}}})
	must(err)
	bl, err := bsky.Listen("127.0.0.1:0")
	must(err)
	run(func(ctx context.Context) error { return h.bsky.Serve(ctx, bl) })
	client := outbound.New(outbound.Options{Allow: []outbound.Rule{{Prefix: netip.MustParsePrefix("127.0.0.1/32")}}})
	t.Cleanup(client.Close)
	public := "http://" + bl.Addr().String()
	h.claims = &merge.Claims{DB: h.DB, Networks: network.NewSet(mastodon.New(client), bluesky.NewAt(client, bluesky.Hosts{Entry: public, Directory: public, View: public}),
		demo.New(client, func() string { return "http://" + dl.Addr().String() }))}
	return h
}

func (h *hall) begins(v member.Voice, networkName, handle string) merge.Proof {
	h.t.Helper()
	p, err := h.claims.Begin(ctx, v, networkName, handle)
	if err != nil {
		h.t.Fatal(err)
	}
	return p
}

// proves lets a member show the code on the demo network.
func (h *hall) proves(v member.Voice, name string) merge.Proof {
	h.t.Helper()
	p := h.begins(v, "demo", "@"+name)
	if err := h.demo.SetBio(name, "I am "+p.Code); err != nil {
		h.t.Fatal(err)
	}
	p, err := h.claims.Check(ctx, v, p.ID)
	if err != nil {
		h.t.Fatal(err)
	}
	return p
}

func TestAMemberProvesAnAccount(t *testing.T) {
	h := open(t)
	h.hears(h.news, "ada", "Hello", 100)
	heard, ada := h.who("ada"), h.joins("Ada")
	before := h.state()
	p := h.begins(ada, "demo", "ada")
	if !strings.HasPrefix(p.Code, "rapport-") || len(p.Code) != 34 || p.State != merge.Open || p.ExpiresAt.Sub(p.CreatedAt) != 7*24*time.Hour {
		t.Errorf("%+v", p)
	}
	if _, err := h.claims.Check(ctx, ada, p.ID); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "does not stand on the profile of @ada") {
		t.Error(err)
	}
	same(t, before, h.state())
	if err := h.demo.SetBio("ada", "See https://north.example/u/ada?me="+p.Code+" for more"); err != nil {
		t.Fatal(err)
	}
	p, err := h.claims.Check(ctx, ada, p.ID)
	if err != nil || p.State != merge.Proven || p.Way != merge.ByLink || p.Handle != "@ada" || p.Merge == "" || p.URL == "" || p.Shown {
		t.Fatalf("%+v, %v", p, err)
	}
	if h.who("ada") != ada.Member.Person {
		t.Error("the account is not theirs")
	}
	one, err := person.ByID(ctx, h.DB, h.as(access.Owner), h.brand, ada.Member.Person)
	if err != nil || one.Messages != 1 || one.MemberAt == 0 || len(one.Identities) != 1 {
		t.Errorf("%+v, %v", one, err)
	}
	if proven, err := merge.ProvenBy(ctx, h.DB, h.brand, one.ID); err != nil || proven[one.Identities[0].ID].ID != p.ID {
		t.Errorf("%+v, %v", proven, err)
	}
	if all, _ := merge.Public(ctx, h.DB, h.brand, ada.Member.ID); len(all) != 0 {
		t.Error("it is shown without being asked")
	}
	if err := h.claims.Show(ctx, ada, p.ID, true); err != nil {
		t.Fatal(err)
	}
	if all, _ := merge.Public(ctx, h.DB, h.brand, ada.Member.ID); len(all) != 1 {
		t.Error("it is not shown")
	}
	h.hears(h.news, "ada", "Later", 200)
	if err := h.claims.Withdraw(ctx, ada, p.ID); err != nil {
		t.Fatal(err)
	}
	one, err = person.ByID(ctx, h.DB, h.as(access.Owner), h.brand, heard)
	if err != nil || one.Messages != 2 || h.who("ada") != heard {
		t.Errorf("%+v, %v", one, err)
	}
	if all, _ := merge.Mine(ctx, h.DB, ada); len(all) != 0 {
		t.Errorf("%+v", all)
	}
}

// An account that the brand never heard of is kept while it is theirs.
func TestAnAccountThatWasNotHeard(t *testing.T) {
	h := open(t)
	ada := h.joins("Ada")
	before := h.state()
	p := h.proves(ada, "ada")
	if p.Way != merge.ByCode || h.who("ada") != ada.Member.Person {
		t.Errorf("%+v", p)
	}
	h.hears(h.news, "ada", "My first word", 2_000_000)
	one, err := person.ByID(ctx, h.DB, h.as(access.Owner), h.brand, ada.Member.Person)
	if err != nil || one.Messages != 1 {
		t.Errorf("%+v, %v", one, err)
	}
	if err := h.claims.Withdraw(ctx, ada, p.ID); err != nil {
		t.Fatal(err)
	}
	if h.who("ada") == ada.Member.Person {
		t.Error("still theirs")
	}
	h = open(t)
	ada = h.joins("Ada")
	before = h.state()
	p = h.proves(ada, "ada")
	if err := h.claims.Withdraw(ctx, ada, p.ID); err != nil {
		t.Fatal(err)
	}
	same(t, before, h.state())
}

func TestProofsOnOtherNetworks(t *testing.T) {
	h := open(t)
	ada := h.joins("Ada")
	p := h.begins(ada, "mastodon", "@ada@"+h.host)
	if err := h.masto.SetAccount(masto.Account{Name: "ada", Fields: []masto.Field{{Name: "Community", Value: "https://north.example/u/ada?me=" + p.Code}}}); err != nil {
		t.Fatal(err)
	}
	if p, err := h.claims.Check(ctx, ada, p.ID); err != nil || p.Way != merge.ByLink || p.Handle != "@ada@"+h.host {
		t.Errorf("%+v, %v", p, err)
	}
	p = h.begins(ada, "bluesky", "ada.test")
	if err := h.bsky.SetAccount(bsky.Account{Name: "ada", About: "It is me: " + strings.ToUpper(p.Code)}); err != nil {
		t.Fatal(err)
	}
	if p, err := h.claims.Check(ctx, ada, p.ID); err != nil || p.Way != merge.ByCode || p.Handle != "@ada.test" {
		t.Errorf("%+v, %v", p, err)
	}
	one, err := person.ByID(ctx, h.DB, h.as(access.Owner), h.brand, ada.Member.Person)
	if err != nil || len(one.Identities) != 2 {
		t.Errorf("%+v, %v", one, err)
	}
	for _, i := range one.Identities {
		if want := map[string]string{"mastodon": "http://" + h.host + "/users/ada", "bluesky": bsky.DID("ada")}[i.Network]; i.RemoteID != want {
			t.Errorf("%s: %s", i.Network, i.RemoteID)
		}
	}
	if where, err := h.claims.Where(ctx, h.brand); err != nil || len(where) != 3 {
		t.Errorf("%v, %v", where, err)
	}
	h.exec(`DELETE FROM channel WHERE brand_id = $1`, h.brand)
	if where, err := h.claims.Where(ctx, h.brand); err != nil || len(where) != 2 {
		t.Errorf("the demo network is offered to a brand that is not on it: %v, %v", where, err)
	}
}

func TestWhatIsNotProven(t *testing.T) {
	h := open(t)
	h.SetClock(time.UnixMilli(1_000_000))
	ada, ben := h.joins("Ada"), h.joins("Ben")
	suspended := h.joins("Cleo")
	h.exec(`UPDATE member SET state = 'suspended' WHERE id = $1`, suspended.Member.ID)
	begin := func(v member.Voice, networkName, handle string) error {
		_, err := h.claims.Begin(ctx, v, networkName, handle)
		return err
	}
	for name, c := range map[string]struct {
		err  error
		want fault.Kind
	}{
		"a visitor":         {begin(member.Voice{Brand: h.brand}, "demo", "@ada"), fault.Denied},
		"suspended":         {begin(suspended, "demo", "@ada"), fault.Denied},
		"no network":        {begin(ada, "myspace", "@ada"), fault.Invalid},
		"no handle":         {begin(ada, "demo", "  "), fault.Invalid},
		"two lines":         {begin(ada, "demo", "@ada\n@ben"), fault.Invalid},
		"hidden characters": {begin(ada, "demo", "@a\u202eda"), fault.Invalid},
		"much too long":     {begin(ada, "demo", strings.Repeat("a", 400)), fault.Invalid},
	} {
		if !fault.Is(c.err, c.want) {
			t.Errorf("%s: %v", name, c.err)
		}
	}
	p := h.begins(ada, "demo", "@ada")
	theirs := h.begins(ben, "demo", "@ada")
	if again := h.begins(ada, "demo", "ADA"); again.ID != p.ID || again.Code == p.Code {
		t.Errorf("the same handle again: %+v", again)
	} else {
		p = again
	}
	for _, err := range []error{
		second(h.claims.Check(ctx, ben, p.ID)), h.claims.Withdraw(ctx, ben, p.ID), h.claims.Show(ctx, ben, p.ID, true),
		second(h.claims.Check(ctx, ada, "nothing")), second(h.claims.Check(ctx, member.Voice{Brand: h.brand}, p.ID)),
		second(h.claims.Check(ctx, member.Voice{Who: ada.Who, Member: ada.Member, Brand: "another"}, p.ID)),
	} {
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("another's: %v", err)
		}
	}
	if err := h.claims.Show(ctx, ada, p.ID, true); !fault.Is(err, fault.Conflict) {
		t.Error(err)
	}
	// Another's code proves nothing, and neither does a part of one's own.
	for _, bio := range []string{theirs.Code, p.Code[:len(p.Code)-1], "rapport-", strings.Repeat("rapport-", 60)} {
		if err := h.demo.SetBio("ada", bio); err != nil {
			t.Fatal(err)
		}
		if _, err := h.claims.Check(ctx, ada, p.ID); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", bio, err)
		}
	}
	nobody := h.begins(ada, "demo", "@nobody")
	if _, err := h.claims.Check(ctx, ada, nobody.ID); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "There is no account called @nobody") {
		t.Error(err)
	}
	if err := h.demo.SetBio("ada", p.Code); err != nil {
		t.Fatal(err)
	}
	if _, err := h.claims.Check(ctx, ada, p.ID); err != nil {
		t.Error(err)
	}
	if _, err := h.claims.Check(ctx, ada, nobody.ID); !fault.Is(err, fault.Limited) {
		t.Errorf("the seventh try: %v", err)
	}
	h.SetClock(time.UnixMilli(1_000_000).Add(8 * 24 * time.Hour))
	if _, err := h.claims.Check(ctx, ada, nobody.ID); !fault.Is(err, fault.Conflict) {
		t.Errorf("an old code: %v", err)
	}
	if begin(ada, "demo", "@ada") == nil {
		t.Error("proven twice")
	}
	for i, name := range []string{"b", "c", "d", "e", "f", "g"} {
		if err := begin(ada, "demo", name); (err == nil) != (i < 5) {
			t.Errorf("%d: %v", i, err)
		}
	}
}

// An account is one member's only, whoever comes first.
func TestOneAccountIsOnePersons(t *testing.T) {
	h := open(t)
	h.hears(h.news, "ada", "Hello", 100)
	var voices []member.Voice
	var proofs []merge.Proof
	bio := ""
	for _, name := range []string{"Ada", "Ben", "Cleo", "Dan"} {
		v := h.joins(name)
		p := h.begins(v, "demo", "@ada")
		voices, proofs, bio = append(voices, v), append(proofs, p), bio+" "+p.Code
	}
	if err := h.demo.SetBio("ada", bio); err != nil {
		t.Fatal(err)
	}
	errs := at(4, func(i int) error { return second(h.claims.Check(ctx, voices[i], proofs[i].ID)) })
	if count(errs) != 1 {
		t.Fatalf("%v", errs)
	}
	first := -1
	for i, err := range errs {
		switch {
		case err == nil:
			first = i
		case !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "Another member"):
			t.Error(err)
		}
	}
	if h.who("ada") != voices[first].Member.Person {
		t.Error("it went to another")
	}
	// Together: withdrawn by its member, undone by the team, proven by another.
	all, _ := merge.Of(ctx, h.DB, h.brand, voices[first].Member.Person)
	other := (first + 1) % 4
	errs = at(3, func(i int) error {
		switch i {
		case 0:
			return h.claims.Withdraw(ctx, voices[first], proofs[first].ID)
		case 1:
			return second(merge.Undo(ctx, h.DB, h.as(access.Owner), h.brand, all[0].ID, "Not them."))
		}
		return second(h.claims.Check(ctx, voices[other], proofs[other].ID))
	})
	for _, err := range errs {
		if err != nil && !fault.Is(err, fault.Conflict) {
			t.Error(err)
		}
	}
	var n int
	if err := h.QueryRowContext(ctx, `SELECT COUNT(*) FROM claim WHERE state = 'proven'`).Scan(&n); err != nil || n > 1 {
		t.Error(n, err)
	}
	if proven := errs[2] == nil; proven != (n == 1) || proven != (h.who("ada") == voices[other].Member.Person) {
		t.Errorf("%v, %d proven", errs, n)
	}
}

// The team undoes a proof, and what it joined itself is not a member's to part.
func TestTheTeamAndProofs(t *testing.T) {
	h := open(t)
	h.hears(h.news, "ada", "Hello", 100)
	h.hears(h.news, "ben", "Hello", 200)
	ada, cleo := h.joins("Ada"), h.joins("Cleo")
	before := h.state()
	p := h.proves(ada, "ada")
	g, err := merge.ByID(ctx, h.DB, h.brand, p.Merge)
	if err != nil || g.Origin != merge.Claim || g.Account != "" {
		t.Errorf("%+v, %v", g, err)
	}
	h.undoes(g)
	same(t, before, h.state())
	if mine, _ := merge.Mine(ctx, h.DB, ada); len(mine) != 1 || mine[0].State != merge.Undone || mine[0].Shown {
		t.Errorf("%+v", mine)
	}
	if _, err := h.claims.Check(ctx, ada, p.ID); !fault.Is(err, fault.Conflict) {
		t.Error(err)
	}
	// What the team has given to one is not taken by another's proof.
	byTeam := h.merges(cleo.Member.Person, h.who("ben"))
	q := h.begins(ada, "demo", "@ben")
	if err := h.demo.SetBio("ben", q.Code); err != nil {
		t.Fatal(err)
	}
	if _, err := h.claims.Check(ctx, ada, q.ID); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "another member's") {
		t.Error(err)
	}
	// Proven on top of it, it stays when the proof is withdrawn.
	own := h.proves(cleo, "ben")
	if own.Merge != "" {
		t.Errorf("%+v", own)
	}
	if err := h.claims.Withdraw(ctx, cleo, own.ID); err != nil || h.who("ben") != cleo.Member.Person {
		t.Error(err)
	}
	own = h.proves(cleo, "ben")
	h.undoes(byTeam)
	if mine, _ := merge.Mine(ctx, h.DB, cleo); len(mine) != 1 || mine[0].ID != own.ID || mine[0].State != merge.Undone {
		t.Errorf("%+v", mine)
	}
}

// Two accounts that came along with one proof: the second proof holds them.
func TestTwoProofsOfOne(t *testing.T) {
	h := open(t)
	h.hears(h.news, "ada", "Hello", 100)
	h.hears(h.news, "ben", "Hello", 200)
	h.merges(h.who("ada"), h.who("ben"))
	heard, ada := h.who("ada"), h.joins("Ada")
	one, two := h.proves(ada, "ada"), h.proves(ada, "ben")
	if one.Merge == "" || two.Merge != one.Merge {
		t.Errorf("%+v\n%+v", one, two)
	}
	if err := h.claims.Withdraw(ctx, ada, one.ID); err != nil || h.who("ada") != ada.Member.Person {
		t.Error("the other proof holds it no more", err)
	}
	if err := h.claims.Withdraw(ctx, ada, two.ID); err != nil || h.who("ada") != heard || h.who("ben") != heard {
		t.Error(err)
	}
}

// Who leaves without their name leaves nothing that leads to them.
func TestRelease(t *testing.T) {
	h := open(t)
	h.hears(h.news, "ada", "Hello", 100)
	h.hears(h.news, "ben", "Hello", 200)
	heard, other := h.who("ada"), h.who("ben")
	before := h.state()
	ada := h.joins("Ada")
	h.proves(ada, "ada")
	h.merges(ada.Member.Person, other)
	h.begins(ada, "demo", "@third")
	var proven []string
	h.tx(func(tx *db.Tx) (err error) {
		m, err := member.ByID(ctx, tx, h.brand, ada.Member.ID)
		if err != nil {
			return err
		}
		if proven, err = merge.Release(ctx, tx, m); err != nil {
			return err
		}
		return m.Part(ctx, tx, false)
	})
	if len(proven) != 1 || proven[0] != heard {
		t.Errorf("%v", proven)
	}
	for _, id := range []string{heard, other} { // what the job does
		h.tx(func(tx *db.Tx) error { return second(conversation.Refind(ctx, tx, h.brand, id, "", 100)) })
	}
	var left []string
	for line := range strings.Lines(h.state()) {
		if !strings.HasPrefix(line, "member ") {
			left = append(left, line)
		}
	}
	same(t, before, strings.TrimSuffix(strings.Join(left, ""), "\n"))
	for _, table := range []string{"claim", "merge", "merge_identity"} {
		var n int
		if err := h.QueryRowContext(ctx, `SELECT COUNT(*) FROM `+table).Scan(&n); err != nil || n != 0 {
			t.Errorf("%s: %d, %v", table, n, err)
		}
	}
}

// What can be no handle there is said at its field, before there is a code.
func TestNoCodeForWhatIsNoHandle(t *testing.T) {
	h := open(t)
	v := h.joins("ada")
	for networkName, handles := range map[string][]string{"bluesky": {"@amelia_j", "amelia", "me@bsky.social"}, "mastodon": {"@amelia_j", "amelia"}, "demo": {"no way"}} {
		for _, handle := range handles {
			_, err := h.claims.Begin(ctx, v, networkName, handle)
			if all := fault.Fields(err); len(all) != 1 || all[0].Name != "handle" || !strings.Contains(all[0].Text, "such as") {
				t.Errorf("%s %s: %v", networkName, handle, err)
			}
		}
	}
	if all, err := merge.Mine(ctx, h.DB, v); err != nil || len(all) != 0 {
		t.Errorf("%+v, %v", all, err)
	}
}
