package merge_test

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/fault"
	"rapport/internal/job"
	"rapport/internal/member"
	"rapport/internal/merge"
	"rapport/internal/network"
	"rapport/internal/person"
	"rapport/internal/search"
)

var ctx = context.Background()

// room is a brand with two channels.
type room struct {
	*db.DB
	t     testing.TB
	brand string
	news  string
	shop  string
	n     int
}

func enter(t testing.TB) *room {
	r := &room{DB: dbtest.Open(t), t: t, brand: db.NewID(), news: db.NewID(), shop: db.NewID()}
	if _, err := job.New(ctx, r.DB, job.NewWorkers(), job.Options{}); err != nil {
		t.Fatal(err)
	}
	r.SetClock(time.UnixMilli(1_000_000))
	r.exec(`INSERT INTO brand (id, slug, name, color, zone, created_at) VALUES ($1, $1, 'North', '#000000', 'UTC', 1)`, r.brand)
	for _, c := range []string{r.news, r.shop} {
		r.exec(`INSERT INTO channel (id, brand_id, network, remote_id, handle, name, credential, limits, state, state_at, created_at)
			VALUES ($1, $2, 'demo', $1, '@north', 'North', '', '{}', 'connected', 1, 1)`, c, r.brand)
	}
	return r
}

func (r *room) exec(query string, args ...any) {
	r.t.Helper()
	if _, err := r.ExecContext(ctx, query, args...); err != nil {
		r.t.Fatal(err)
	}
}

func (r *room) tx(do func(tx *db.Tx) error) {
	r.t.Helper()
	if err := r.Tx(ctx, do); err != nil {
		r.t.Fatal(err)
	}
}

func (r *room) as(role access.Role, channels ...string) access.Who {
	return access.Who{Account: "acc-" + string(role), Grants: []access.Grant{{Brand: r.brand, Role: role, Channels: channels}}}
}

// hears lets somebody write on a channel; below what, if anything.
func (r *room) hears(channel, by, text string, at int64, below ...string) (id string) {
	r.t.Helper()
	r.n++
	m := network.Message{Ref: network.Ref{ID: fmt.Sprintf("%s-%d", by, r.n)}, Text: text, At: time.UnixMilli(at), Author: network.Author{ID: by, Handle: "@" + by, Name: strings.ToUpper(by)}}
	if len(below) > 0 {
		m.Parent = below[0]
	}
	r.tx(func(tx *db.Tx) error {
		_, err := conversation.Take(ctx, tx, conversation.Source{Brand: r.brand, Channel: channel, Network: "demo"}, []network.Message{m}, false)
		return err
	})
	return m.Ref.ID
}

// who is whose an account is.
func (r *room) who(account string) string {
	r.t.Helper()
	var id string
	if err := r.QueryRowContext(ctx, `SELECT person_id FROM identity WHERE brand_id = $1 AND remote_id = $2`, r.brand, account).Scan(&id); err != nil {
		r.t.Fatal(err)
	}
	return id
}

func (r *room) joins(name string) member.Voice {
	r.t.Helper()
	var m member.Member
	r.tx(func(tx *db.Tx) (err error) {
		m, err = member.Create(ctx, tx, r.brand, member.New{Account: db.NewID(), Name: name, State: member.Active})
		return err
	})
	return member.Voice{Who: access.Who{Account: m.Account}, Member: m, Brand: r.brand}
}

func (r *room) merges(a, b string) merge.Merge {
	r.t.Helper()
	g, err := r.tries(r.as(access.Owner), a, b)
	if err != nil {
		r.t.Fatal(err)
	}
	return g
}

func (r *room) tries(who access.Who, a, b string) (merge.Merge, error) {
	pair, err := merge.Review(ctx, r.DB, who, r.brand, a, b)
	if err != nil {
		return merge.Merge{}, err
	}
	return merge.Do(ctx, r.DB, who, r.brand, a, b, pair.Revision, "They told us so.")
}

func (r *room) undoes(g merge.Merge) {
	r.t.Helper()
	if _, err := merge.Undo(ctx, r.DB, r.as(access.Owner), r.brand, g.ID, "It was somebody else."); err != nil {
		r.t.Fatal(err)
	}
}

// state is all that is known of people, as text.
func (r *room) state() string {
	r.t.Helper()
	var out []string
	for _, q := range []string{
		`SELECT 'person ' || id || ' ' || name || ' ' || about || ' ' || avatar_url || ' m' || member_at || ' n' || messages || ' ' || first_at || '-' || last_at FROM person WHERE brand_id = $1`,
		`SELECT 'identity ' || id || ' ' || person_id || ' ' || handle FROM identity WHERE brand_id = $1`,
		`SELECT 'channel ' || person_id || ' ' || channel_id || ' ' || messages || ' ' || last_at FROM person_channel WHERE brand_id = $1`,
		`SELECT 'message ' || remote_id || ' ' || person_id FROM message WHERE brand_id = $1`,
		`SELECT 'conversation ' || root || ' ' || person_id FROM conversation WHERE brand_id = $1`,
		`SELECT 'note ' || id || ' ' || subject || ' ' || text FROM note WHERE brand_id = $1`,
		`SELECT 'member ' || id || ' ' || person_id FROM member WHERE brand_id = $1`,
		`SELECT 'found ' || kind || ' ' || subject || ' ' || person_id || ' ' || channels || ' ' || text FROM search_doc WHERE brand_id = $1`,
	} {
		rows, err := r.QueryContext(ctx, q, r.brand)
		all, err := db.Collect(rows, err, func(rows *sql.Rows) (line string, err error) {
			err = rows.Scan(&line)
			return line, err
		})
		if err != nil {
			r.t.Fatal(err)
		}
		slices.Sort(all)
		out = append(out, all...)
	}
	return strings.Join(out, "\n")
}

// face is a picture on the emulated network.
var face = regexp.MustCompile(`http://127\.0\.0\.1:\d+/avatar/\w+\.svg`)

func same(t *testing.T, want, got string) {
	t.Helper()
	got = face.ReplaceAllString(got, "")
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What is taken apart is as it was before, to the row.
func TestUndoRestoresAll(t *testing.T) {
	r := enter(t)
	first := r.hears(r.news, "ada", "How long does it keep?", 100)
	r.hears(r.news, "ben", "Two weeks.", 200, first)
	r.hears(r.shop, "ben", "Do you deliver?", 300)
	r.hears(r.shop, "ada", "I have another question.", 400)
	ada, ben := r.who("ada"), r.who("ben")
	owner := r.as(access.Owner)
	for _, id := range []string{ada, ben} {
		p, err := person.ByID(ctx, r.DB, owner, r.brand, id)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := person.Save(ctx, r.DB, owner, r.brand, id, person.Input{Name: p.Name}, person.Input{Name: p.Name, About: "Likes " + p.Name}); err != nil {
			t.Fatal(err)
		}
		if _, err := person.AddNote(ctx, r.DB, owner, r.brand, id, "Note on "+p.Name); err != nil {
			t.Fatal(err)
		}
	}
	before := r.state()
	g := r.merges(ada, ben)
	p, err := person.ByID(ctx, r.DB, owner, r.brand, ada)
	if err != nil || len(p.Identities) != 2 || p.Messages != 4 || p.FirstAt != 100 || p.LastAt != 400 || p.About != "Likes ADA\n\nLikes BEN" {
		t.Errorf("%+v, %v", p, err)
	}
	if notes, _, _ := person.Notes(ctx, r.DB, r.brand, ada, db.Page{}); len(notes) != 2 {
		t.Errorf("%d notes", len(notes))
	}
	if _, err := person.ByID(ctx, r.DB, owner, r.brand, ben); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
	if now, err := merge.Now(ctx, r.DB, r.brand, ben); err != nil || now != ada {
		t.Error(now, err)
	}
	hits, _, err := search.Find(ctx, r.DB, owner, r.brand, search.Query{Text: "deliver", Person: ada}, db.Page{})
	if err != nil || len(hits) != 1 {
		t.Errorf("found %d, %v", len(hits), err)
	}
	if strings.Contains(r.state(), " "+ben) {
		t.Errorf("something still names the other:\n%s", r.state())
	}
	r.undoes(g)
	same(t, before, r.state())
	if now, err := merge.Now(ctx, r.DB, r.brand, ben); err != nil || now != ben {
		t.Error(now, err)
	}
	all, err := merge.Of(ctx, r.DB, r.brand, ada)
	if err != nil || len(all) != 1 || all[0].UndoneAt == 0 || all[0].UndoneWhy != "It was somebody else." || all[0].OtherName != "" {
		t.Errorf("%+v, %v", all, err)
	}
}

// What comes in later goes back with the account it was written with; what the
// team said of the one meanwhile stays with the one who stayed.
func TestUndoTakesAlongWhatCameLater(t *testing.T) {
	r := enter(t)
	r.hears(r.news, "ada", "one", 100)
	r.hears(r.news, "ben", "two", 200)
	ada, ben := r.who("ada"), r.who("ben")
	g := r.merges(ada, ben)
	late := r.hears(r.shop, "ben", "later words", 500)
	r.hears(r.news, "ada", "mine", 600, late)
	if _, err := person.AddNote(ctx, r.DB, r.as(access.Owner), r.brand, ada, "Since then"); err != nil {
		t.Fatal(err)
	}
	r.undoes(g)
	owner := r.as(access.Owner)
	a, _ := person.ByID(ctx, r.DB, owner, r.brand, ada)
	b, err := person.ByID(ctx, r.DB, owner, r.brand, ben)
	if err != nil || a.Messages != 2 || b.Messages != 2 || a.LastAt != 600 || b.LastAt != 500 || b.FirstAt != 200 || len(b.Identities) != 1 {
		t.Errorf("%+v\n%+v, %v", a, b, err)
	}
	hits, _, err := search.Find(ctx, r.DB, owner, r.brand, search.Query{Text: "words", Person: ben}, db.Page{})
	if err != nil || len(hits) != 1 {
		t.Errorf("found %d, %v", len(hits), err)
	}
	if channels, _ := person.Channels(ctx, r.DB, ada); len(channels) != 1 {
		t.Errorf("the one who stayed wrote on %v", channels)
	}
	if notes, _, _ := person.Notes(ctx, r.DB, r.brand, ada, db.Page{}); len(notes) != 1 {
		t.Errorf("%d notes", len(notes))
	}
	r.hears(r.shop, "ben", "once more", 700)
	if got := r.who("ben"); got != ben {
		t.Error("what comes in is another's")
	}
}

// Three become one, and are taken apart in the order in which they came.
func TestOrder(t *testing.T) {
	r := enter(t)
	for i, name := range []string{"ada", "ben", "cleo"} {
		r.hears(r.news, name, "I am "+name, int64(100*(i+1)))
	}
	ada, ben, cleo := r.who("ada"), r.who("ben"), r.who("cleo")
	before := r.state()
	inner := r.merges(ben, cleo)
	outer := r.merges(ada, ben)
	if now, _ := merge.Now(ctx, r.DB, r.brand, cleo); now != ada {
		t.Error("an address from before leads to", now)
	}
	if _, err := merge.Undo(ctx, r.DB, r.as(access.Owner), r.brand, inner.ID, "No."); !fault.Is(err, fault.Conflict) {
		t.Error(err)
	}
	r.undoes(outer)
	if now, _ := merge.Now(ctx, r.DB, r.brand, cleo); now != ben {
		t.Error("an address leads to", now)
	}
	r.undoes(inner)
	same(t, before, r.state())
	one, two := r.merges(ada, ben), r.merges(ada, cleo)
	r.undoes(one)
	r.undoes(two)
	same(t, before, r.state())
	if _, err := merge.Undo(ctx, r.DB, r.as(access.Owner), r.brand, two.ID, "Again."); !fault.Is(err, fault.Conflict) {
		t.Error(err)
	}
}

// A member stays whichever side was chosen, and two members stay two.
func TestMembersStay(t *testing.T) {
	r := enter(t)
	r.hears(r.news, "ada", "Hello", 100)
	heard, ada, ben := r.who("ada"), r.joins("Ada"), r.joins("Ben")
	before := r.state()
	g := r.merges(heard, ada.Member.Person)
	if g.Person != ada.Member.Person || g.Other != heard {
		t.Errorf("%+v", g)
	}
	p, err := person.ByID(ctx, r.DB, r.as(access.Owner), r.brand, g.Person)
	if err != nil || p.MemberAt == 0 || p.Messages != 1 || p.FirstAt != 100 || p.Name != "Ada" {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := r.tries(r.as(access.Owner), ada.Member.Person, ben.Member.Person); !fault.Is(err, fault.Conflict) {
		t.Error(err)
	}
	r.undoes(g)
	same(t, before, r.state())
}

func TestWhatIsRefused(t *testing.T) {
	r, other := enter(t), enter(t)
	r.hears(r.news, "ada", "Hello", 100)
	r.hears(r.shop, "ben", "Hello", 100)
	other.hears(other.news, "cleo", "Hello", 100)
	ada, ben := r.who("ada"), r.who("ben")
	owner := r.as(access.Owner)
	pair, err := merge.Review(ctx, r.DB, owner, r.brand, ada, ben)
	if err != nil {
		t.Fatal(err)
	}
	do := func(who access.Who, a, b, revision, reason string) error {
		_, err := merge.Do(ctx, r.DB, who, r.brand, a, b, revision, reason)
		return err
	}
	for name, c := range map[string]struct {
		err  error
		want fault.Kind
	}{
		"the same":          {do(owner, ada, ada, pair.Revision, "x"), fault.Invalid},
		"no reason":         {do(owner, ada, ben, pair.Revision, "  "), fault.Invalid},
		"a long reason":     {do(owner, ada, ben, pair.Revision, strings.Repeat("a", 501)), fault.Invalid},
		"a broken reason":   {do(owner, ada, ben, pair.Revision, "a\x00"), fault.Invalid},
		"not looked at":     {do(owner, ada, ben, "", "x"), fault.Conflict},
		"nobody":            {do(owner, ada, "nobody", pair.Revision, "x"), fault.NotFound},
		"another brand's":   {do(owner, ada, other.who("cleo"), pair.Revision, "x"), fault.NotFound},
		"some channels":     {do(r.as(access.Community, r.news), ada, ben, pair.Revision, "x"), fault.NotFound},
		"without the right": {do(r.as(access.Analyst), ada, ben, pair.Revision, "x"), fault.Denied},
		"undo of nothing":   {func() error { _, err := merge.Undo(ctx, r.DB, owner, r.brand, "x", "x"); return err }(), fault.NotFound},
	} {
		if !fault.Is(c.err, c.want) {
			t.Errorf("%s: %v", name, c.err)
		}
	}
	r.hears(r.shop, "ada", "Hello there", 200)
	if err := do(r.as(access.Community, r.shop), ada, ben, pair.Revision, "x"); !fault.Is(err, fault.Denied) {
		t.Errorf("who sees a part of it: %v", err)
	}
	if _, err := person.Save(ctx, r.DB, owner, r.brand, ben, person.Input{Name: "BEN"}, person.Input{Name: "Benjamin"}); err != nil {
		t.Fatal(err)
	}
	if err := do(owner, ada, ben, pair.Revision, "x"); !fault.Is(err, fault.Conflict) {
		t.Errorf("changed meanwhile: %v", err)
	}
	if !strings.Contains(r.state(), "person "+ben) {
		t.Error("something was done all the same")
	}
	g := r.merges(ada, ben)
	if _, err := merge.Undo(ctx, other.DB, other.as(access.Owner), other.brand, g.ID, "x"); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
	if _, err := merge.Undo(ctx, r.DB, r.as(access.Analyst), r.brand, g.ID, "x"); !fault.Is(err, fault.Denied) {
		t.Error(err)
	}
	if _, err := merge.Undo(ctx, r.DB, owner, r.brand, g.ID, " "); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
}

// Who may make two one: table of roles.
func TestRoles(t *testing.T) {
	for _, role := range access.Roles {
		r := enter(t)
		r.hears(r.news, "ada", "Hello", 100)
		r.hears(r.news, "ben", "Hello", 100)
		may := role == access.Owner || role == access.Manager || role == access.Community
		g, err := r.tries(r.as(role), r.who("ada"), r.who("ben"))
		if (err == nil) != may || err != nil && !fault.Is(err, fault.Denied) {
			t.Errorf("%s: %v", role, err)
		}
		if !may {
			g = r.merges(r.who("ada"), r.who("ben"))
		}
		_, err = merge.Undo(ctx, r.DB, r.as(role), r.brand, g.ID, "No.")
		if (err == nil) != may || err != nil && !fault.Is(err, fault.Denied) {
			t.Errorf("%s undoes: %v", role, err)
		}
	}
}

// at runs so many at once and returns their errors.
func at(n int, do func(i int) error) []error {
	out := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { out[i] = do(i) })
	}
	all.Wait()
	return out
}

func count(errs []error) (ok int) {
	for _, err := range errs {
		if err == nil {
			ok++
		}
	}
	return ok
}

func TestManyAtOnce(t *testing.T) {
	r := enter(t)
	r.hears(r.news, "ada", "Hello", 100)
	r.hears(r.news, "ben", "Hello", 100)
	ada, ben := r.who("ada"), r.who("ben")
	before := r.state()
	owner := r.as(access.Owner)
	pair, err := merge.Review(ctx, r.DB, owner, r.brand, ada, ben)
	if err != nil {
		t.Fatal(err)
	}
	turned, err := merge.Review(ctx, r.DB, owner, r.brand, ben, ada)
	if err != nil {
		t.Fatal(err)
	}
	errs := at(8, func(i int) error {
		if i == 7 { // somebody writes meanwhile
			return r.Tx(ctx, func(tx *db.Tx) error {
				_, err := person.Seen(ctx, tx, r.brand, "demo", network.Author{ID: "ben", Handle: "@ben", Name: "BEN"}, 150)
				return err
			})
		}
		a, b, revision := ada, ben, pair.Revision
		if i%2 == 1 {
			a, b, revision = ben, ada, turned.Revision
		}
		_, err := merge.Do(ctx, r.DB, owner, r.brand, a, b, revision, "They told us so.")
		return err
	})
	if n := count(errs); n != 2 {
		t.Fatalf("%d of eight went through: %v", n, errs)
	}
	for _, err := range errs {
		if err != nil && !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Conflict) {
			t.Error(err)
		}
	}
	stays := r.who("ada")
	all, err := merge.Of(ctx, r.DB, r.brand, stays)
	if err != nil || len(all) != 1 {
		t.Fatal(len(all), err)
	}
	errs = at(6, func(int) error {
		_, err := merge.Undo(ctx, r.DB, owner, r.brand, all[0].ID, "No.")
		return err
	})
	if n := count(errs); n != 1 {
		t.Fatalf("%d of six went through: %v", n, errs)
	}
	same(t, before, r.state())
}

// A record of ten thousand messages is one step, and so is its way back.
func TestManyMessages(t *testing.T) {
	if testing.Short() {
		t.Skip("ten thousand messages are not for a short run")
	}
	r := enter(t)
	r.hears(r.news, "ada", "Hello", 100)
	r.hears(r.news, "ben", "Hello", 100)
	ada, ben := r.who("ada"), r.who("ben")
	const n = 10_000
	r.tx(func(tx *db.Tx) error {
		var talks, messages [][]any
		for i := range n {
			id := db.NewID()
			if i%10 == 0 {
				talks = append(talks, []any{id, r.brand, r.news, fmt.Sprint("c", i), ben, 1000 + i})
			}
			messages = append(messages, []any{db.NewID(), r.brand, r.news, talks[len(talks)-1][0], fmt.Sprint("m", i), ben, 1000 + i})
		}
		if err := db.Many(ctx, tx, `INSERT INTO conversation (id, brand_id, channel_id, kind, root, person_id, state, state_at, last_at, created_at) VALUES ($1, $2, $3, 'comment', $4, $5, 'new', 1, $6, 1)`, talks); err != nil {
			return err
		}
		if err := db.Many(ctx, tx, `INSERT INTO message (id, brand_id, channel_id, conversation_id, direction, remote_id, person_id, text, at, checked_at, created_at) VALUES ($1, $2, $3, $4, 'in', $5, $6, 'words', $7, 1, 1)`, messages); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE message SET identity_id = (SELECT id FROM identity WHERE person_id = $1) WHERE person_id = $1`, ben); err != nil {
			return err
		}
		return person.Wrote(ctx, tx, r.brand, r.news, ben, n, 1000, 1000+n)
	})
	start := time.Now()
	g := r.merges(ada, ben)
	joined := time.Since(start)
	start = time.Now()
	r.undoes(g)
	t.Logf("%d messages: made one in %v, taken apart in %v, search included as far as it came", n, joined, time.Since(start))
	p, err := person.ByID(ctx, r.DB, r.as(access.Owner), r.brand, ben)
	if err != nil || p.Messages != n+1 {
		t.Errorf("%+v, %v", p, err)
	}
	var left int
	if err := r.QueryRowContext(ctx, `SELECT COUNT(*) FROM message WHERE person_id = $1`, ada).Scan(&left); err != nil || left != 1 {
		t.Error(left, err)
	}
}

// No list of this package looks through a table.
func TestNoListScans(t *testing.T) {
	r := enter(t)
	r.hears(r.news, "ada", "Hello", 100)
	r.hears(r.news, "ben", "Hello", 100)
	v := r.joins("Ada")
	g := r.merges(v.Member.Person, r.who("ada"))
	d := dbtest.Indexed(t, r.DB)
	for name, err := range map[string]error{
		"of":     second(merge.Of(ctx, d, r.brand, g.Person)),
		"now":    second(merge.Now(ctx, d, r.brand, g.Other)),
		"review": second(merge.Review(ctx, d, r.as(access.Owner), r.brand, g.Person, r.who("ben"))),
		"mine":   second(merge.Mine(ctx, d, v)),
		"public": second(merge.Public(ctx, d, r.brand, v.Member.ID)),
		"proven": second(merge.ProvenBy(ctx, d, r.brand, g.Person)),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }
