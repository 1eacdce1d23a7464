package person_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/fault"
	"rapport/internal/network"
	"rapport/internal/person"
	"rapport/internal/search"
)

// crowd is a brand with two channels and the people who wrote there.
type crowd struct {
	*db.DB
	t           testing.TB
	brand       string
	news, shop  string // channels
	ids         map[string]string
	owner, half access.Who // half sees the shop only
}

func gather(t testing.TB) *crowd {
	c := &crowd{DB: dbtest.Open(t), t: t, ids: map[string]string{}}
	c.brand = newBrand(t, c.DB)
	c.news, c.shop = newChannel(t, c.DB, c.brand), newChannel(t, c.DB, c.brand)
	c.owner = c.as(access.Owner)
	c.half = c.as(access.Owner, c.shop)
	return c
}

func (c *crowd) as(role access.Role, channels ...string) access.Who {
	return access.Who{Account: "acc", Grants: []access.Grant{{Brand: c.brand, Role: role, Channels: channels}}}
}

// wrote lets somebody write so many messages on a channel.
func (c *crowd) wrote(name, network_, channel string, messages int, last db.Time) {
	c.t.Helper()
	err := c.Tx(ctx, func(tx *db.Tx) error {
		i, err := person.Seen(ctx, tx, c.brand, network_, network.Author{ID: name + "@" + network_, Handle: "@" + strings.ToLower(name) + "@social.example", Name: name}, last)
		if err != nil {
			return err
		}
		c.ids[name] = i.Person
		return person.Wrote(ctx, tx, c.brand, channel, i.Person, messages, last, last)
	})
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *crowd) populate() {
	c.wrote("Ada", "demo", c.news, 5, 100)
	c.wrote("Ben", "demo", c.shop, 9, 200)
	c.wrote("Céline", "other", c.news, 1, 300)
	c.wrote("李小龙", "other", c.shop, 2, 400)
	c.wrote("Ada", "demo", c.shop, 1, 500)
	c.wrote("Dan", "demo", c.news, 7, 450)
}

func (c *crowd) names(who access.Who, f person.Filter) string {
	c.t.Helper()
	var out []string
	page := db.Page{Limit: 2}
	for {
		all, next, err := person.ListOn(ctx, c.DB, dbtest.Indexed(c.t, c.DB), who, c.brand, f, page)
		if err != nil {
			c.t.Fatal(err)
		}
		for _, p := range all {
			out = append(out, p.Name)
			if len(p.Identities) != 1 {
				c.t.Errorf("%s has %d identities", p.Name, len(p.Identities))
			}
		}
		if page.After = next; next == "" {
			return strings.Join(out, " ")
		}
	}
}

func TestList(t *testing.T) {
	c := gather(t)
	c.populate()
	tests := []struct {
		name string
		who  access.Who
		f    person.Filter
		want string
	}{
		{"recent", c.owner, person.Filter{}, "Ada Dan 李小龙 Céline Ben"},
		{"busiest", c.owner, person.Filter{Sort: person.Busiest}, "Ben Dan Ada 李小龙 Céline"},
		{"of a channel", c.owner, person.Filter{Channel: c.news}, "Dan Céline Ada"},
		{"busiest of a channel", c.owner, person.Filter{Channel: c.shop, Sort: person.Busiest}, "Ben 李小龙 Ada"},
		{"of a network", c.owner, person.Filter{Network: "other"}, "李小龙 Céline"},
		{"of a channel and a network", c.owner, person.Filter{Network: "other", Channel: c.shop}, "李小龙"},
		{"by name", c.owner, person.Filter{Query: "celine"}, "Céline"},
		{"by a Chinese name", c.owner, person.Filter{Query: "小龙"}, "李小龙"},
		{"by handle", c.owner, person.Filter{Query: "@dan@social"}, "Dan"},
		{"by what all have", c.owner, person.Filter{Query: "social example", Sort: person.Busiest}, "Ben Dan Ada 李小龙 Céline"},
		{"by name on a channel", c.owner, person.Filter{Query: "social", Channel: c.news}, "Ada Dan Céline"},
		{"by nobody's name", c.owner, person.Filter{Query: "zoe"}, ""},
		{"by punctuation", c.owner, person.Filter{Query: "…"}, ""},
		{"one channel's", c.half, person.Filter{}, "Ada 李小龙 Ben"},
		{"one channel's by search", c.half, person.Filter{Query: "social"}, "Ada 李小龙 Ben"},
		{"one channel's on another", c.half, person.Filter{Channel: c.news}, "Ada"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c.t = t
			if got := c.names(tt.who, tt.f); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
	if _, _, err := person.List(ctx, c.DB, c.owner, c.brand, person.Filter{Sort: "tallest"}, db.Page{}); !fault.Is(err, fault.Invalid) {
		t.Errorf("an unknown order: %v", err)
	}
}

func TestWhoMayDoWhatWithPeople(t *testing.T) {
	c := gather(t)
	c.populate()
	may := map[access.Role]string{
		access.Owner: "read write", access.Manager: "read write", access.Community: "read write",
		access.Strategist: "", access.Creator: "", access.Analyst: "", access.Moderator: "", access.Ambassador: "",
	}
	for _, role := range access.Roles {
		who, reads, writes := c.as(role), strings.Contains(may[role], "read"), strings.Contains(may[role], "write")
		_, _, listed := person.List(ctx, c.DB, who, c.brand, person.Filter{}, db.Page{})
		_, read := person.ByID(ctx, c.DB, who, c.brand, c.ids["Ada"])
		_, noted := person.AddNote(ctx, c.DB, who, c.brand, c.ids["Ada"], "A note")
		_, saved := person.Save(ctx, c.DB, who, c.brand, c.ids["Ada"], person.Input{Name: "Ada"}, person.Input{Name: "Ada"})
		for name, got := range map[string]struct {
			err error
			may bool
		}{"list": {listed, reads}, "read": {read, reads}, "note": {noted, writes}, "save": {saved, writes}} {
			if got.may != (got.err == nil) || got.err != nil && !fault.Is(got.err, fault.Denied) {
				t.Errorf("%s %s: %v", role, name, got.err)
			}
		}
	}
	other := access.Who{Account: "x", Grants: []access.Grant{{Brand: newBrand(t, c.DB), Role: access.Owner}}}
	if _, err := person.ByID(ctx, c.DB, other, c.brand, c.ids["Ada"]); !fault.Is(err, fault.NotFound) {
		t.Errorf("a stranger reads: %v", err)
	}
	if _, err := person.ByID(ctx, c.DB, other, other.Grants[0].Brand, c.ids["Ada"]); !fault.Is(err, fault.NotFound) {
		t.Errorf("a person of another brand: %v", err)
	}
	if _, err := person.ByID(ctx, c.DB, c.half, c.brand, c.ids["Dan"]); !fault.Is(err, fault.NotFound) {
		t.Errorf("somebody of another channel: %v", err)
	}
	if _, err := person.AddNote(ctx, c.DB, c.half, c.brand, c.ids["Dan"], "x"); !fault.Is(err, fault.NotFound) {
		t.Errorf("a note on somebody of another channel: %v", err)
	}
}

func TestSaveAPerson(t *testing.T) {
	c := gather(t)
	c.populate()
	id := c.ids["Ada"]
	p, err := person.Save(ctx, c.DB, c.owner, c.brand, id, person.Input{Name: "Ada"}, person.Input{Name: " Ada Lind ", About: "Runs the bakery.\r\nBuys on Fridays."})
	if err != nil || p.Name != "Ada Lind" || p.About != "Runs the bakery.\nBuys on Fridays." || len(p.Identities) != 1 {
		t.Fatalf("%+v %v", p, err)
	}
	for q, want := range map[string]string{"bakery": "Ada Lind", "lind": "Ada Lind"} {
		if got := c.names(c.owner, person.Filter{Query: q}); got != want {
			t.Errorf("%s found %q", q, got)
		}
	}
	c.wrote("Ada", "demo", c.news, 1, 900)
	if p, err = person.ByID(ctx, c.DB, c.owner, c.brand, id); err != nil || p.Name != "Ada Lind" {
		t.Errorf("the team's name became %q, %v", p.Name, err)
	}
	if _, err := person.Save(ctx, c.DB, c.owner, c.brand, id, person.Input{Name: "Ada"}, person.Input{Name: "Else"}); !fault.Is(err, fault.Conflict) {
		t.Errorf("saved over a newer text: %v", err)
	}
	for name, in := range map[string]person.Input{"name": {Name: " "}, "about": {Name: "A", About: strings.Repeat("x", 5001)}} {
		_, err := person.Save(ctx, c.DB, c.owner, c.brand, id, person.Input{}, in)
		if !fault.Is(err, fault.Invalid) || !strings.Contains(fmt.Sprint(fault.Fields(err)), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, text := range []string{"", " \n ", "nul\x00", strings.Repeat("x", 5001)} {
		if _, err := person.AddNote(ctx, c.DB, c.owner, c.brand, id, text); !fault.Is(err, fault.Invalid) {
			t.Errorf("a note of %.10q: %v", text, err)
		}
	}
}

func TestOfManyWhoSaveNobodyIsLost(t *testing.T) {
	c := gather(t)
	c.populate()
	var mu sync.Mutex
	var wg sync.WaitGroup
	saved := 0
	for i := range 8 {
		wg.Go(func() {
			_, err := person.Save(ctx, c.DB, c.owner, c.brand, c.ids["Ada"], person.Input{Name: "Ada"}, person.Input{Name: "Ada", About: fmt.Sprint("text ", i)})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				saved++
			case !fault.Is(err, fault.Conflict):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if saved != 1 {
		t.Errorf("%d saved over each other", saved)
	}
}

func TestNotes(t *testing.T) {
	c := gather(t)
	c.populate()
	for i := range 3 {
		c.SetClock(db.Time(1000 + i).Time())
		if _, err := person.AddNote(ctx, c.DB, c.owner, c.brand, c.ids["Ada"], fmt.Sprint("Prefers letters ", i)); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	page := db.Page{Limit: 2}
	for {
		all, next, err := person.Notes(ctx, dbtest.Indexed(t, c.DB), c.brand, c.ids["Ada"], page)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range all {
			got = append(got, n.Text+" by "+n.Account)
		}
		if page.After = next; next == "" {
			break
		}
	}
	if want := "Prefers letters 2 by acc, Prefers letters 1 by acc, Prefers letters 0 by acc"; strings.Join(got, ", ") != want {
		t.Errorf("%v", got)
	}
	hits, _, err := search.Find(ctx, c.DB, c.owner, c.brand, search.Query{Text: "letters", Kinds: []search.Kind{search.Note}}, db.Page{})
	if err != nil || len(hits) != 3 || hits[0].Person != c.ids["Ada"] {
		t.Errorf("%v %v", hits, err)
	}
}
