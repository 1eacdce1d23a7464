package search_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/fault"
	"rapport/internal/search"
)

// said is a reply in the space "open".
func said(id string, at db.Time, text string) search.Doc {
	return search.Doc{Kind: search.Reply, ID: id, Topic: "t-" + id, Space: "open", Author: "mira", At: at, Text: text}
}

func (s shelf) look(q search.CommunityQuery, page db.Page) search.CommunityResult {
	s.t.Helper()
	if q.Spaces == nil {
		q.Spaces = []string{"open", "help"}
	}
	out, err := search.Community(ctx, s.DB, "north", q, page)
	if err != nil {
		s.t.Fatalf("%.40q: %v", q.Text, err)
	}
	return out
}

func ids(hits []search.Hit) string {
	var out []string
	for _, h := range hits {
		out = append(out, h.ID)
	}
	return strings.Join(out, " ")
}

// community puts in what the tests below look for; "staff" is a space that
// readers may not see.
func community(t *testing.T) shelf {
	s := open(t)
	s.fill()
	return s
}

// everyCommunity is community with its words on either side, and on both.
func everyCommunity(t *testing.T, test func(t *testing.T, s shelf)) {
	staff := search.Space{Brand: "north", ID: "staff", Hidden: true}
	for name, make := range map[string]func(s shelf){
		"nobody says who is hidden": func(s shelf) { s.fill() },
		"hidden from the beginning": func(s shelf) { s.enter(staff); s.fill() },
		"hidden later":              func(s shelf) { s.fill(); s.enter(staff) },
		"hidden later, and settled": func(s shelf) { s.fill(); s.settle(staff) },
		"all are hidden": func(s shelf) {
			s.enter(staff, search.Space{Brand: "north", ID: "help", Hidden: true}, search.Space{Brand: "north", ID: "open", Hidden: true})
			s.fill()
		},
		"another brand's is hidden": func(s shelf) {
			s.enter(staff, search.Space{Brand: "south", ID: "open", Hidden: true})
			s.fill()
		},
		"shown again": func(s shelf) {
			s.enter(staff)
			s.fill()
			s.enter(search.Space{Brand: "north", ID: "staff"})
		},
		"shown again, and settled": func(s shelf) {
			s.enter(staff)
			s.fill()
			s.settle(search.Space{Brand: "north", ID: "staff"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			make(s)
			test(t, s)
		})
	}
}

func (s shelf) enter(spaces ...search.Space) {
	s.t.Helper()
	err := s.Tx(ctx, func(tx *db.Tx) error {
		for _, p := range spaces {
			if err := search.Enter(ctx, tx, p); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// settle makes the index know these spaces, and have their words where they
// belong.
func (s shelf) settle(spaces ...search.Space) {
	s.t.Helper()
	done, err := search.Settle(ctx, s.DB, func(context.Context, db.Queryer) ([]search.Space, error) { return spaces, nil })
	if err != nil || !done {
		s.t.Fatalf("settled %v: %v", done, err)
	}
	var mixed int
	if err := s.QueryRowContext(ctx, `SELECT COUNT(*) FROM search_space WHERE mixed = TRUE`).Scan(&mixed); err != nil || mixed != 0 {
		s.t.Fatalf("%d spaces are not settled: %v", mixed, err)
	}
}

func (s shelf) fill() {
	s.t.Helper()
	docs := []search.Doc{said("latin", 10, "The café opens at nine"), said("chinese", 11, "我的手机坏了，请问保修多久？"), said("japanese", 12, "ガラスの靴を買いました"),
		said("korean", 13, "배송이 언제 오나요? 서울에서"), said("thai", 14, "สินค้าของฉันยังไม่มาถึง ขอบคุณครับ")}
	for i, d := range []search.Doc{{ID: "a", Space: "open", Author: "mira"}, {ID: "b", Space: "help", Author: "mira", Solved: true, Opening: true},
		{ID: "c", Space: "help", Author: "noor", Solved: true}, {ID: "d", Space: "staff", Author: "noor", Solved: true}} {
		d.Kind, d.Topic, d.At, d.Text = search.Reply, "t", db.Time(20+i), "word of everybody"
		docs = append(docs, d)
	}
	s.put(docs...)
	s.put(search.Doc{Brand: "south", Kind: search.Reply, ID: "x", Topic: "t", Space: "open", Author: "mira", Solved: true, At: 30, Text: "word elsewhere"}, search.Doc{ID: "m", At: 31, Text: "word of a message"})
}

func TestCommunityFindsWhatIsAsked(t *testing.T) { everyCommunity(t, communityFindsWhatIsAsked) }

func communityFindsWhatIsAsked(t *testing.T, s shelf) {
	for _, tt := range []struct {
		q    search.CommunityQuery
		want string
	}{
		{search.CommunityQuery{Text: "cafe"}, "latin"},
		{search.CommunityQuery{Text: "手机"}, "chinese"},
		{search.CommunityQuery{Text: "手"}, "chinese"},
		{search.CommunityQuery{Text: "ガラス"}, "japanese"},
		{search.CommunityQuery{Text: "서울"}, "korean"},
		{search.CommunityQuery{Text: "ขอบคุณ"}, "thai"},
		{search.CommunityQuery{Text: `"word of"`}, "c b a"},
		{search.CommunityQuery{Text: "wor"}, "c b a"},
		{search.CommunityQuery{Text: "word -everybody"}, ""},
		{search.CommunityQuery{Text: "-everybody"}, ""},
		{search.CommunityQuery{Text: "word", Author: "mira"}, "b a"},
		{search.CommunityQuery{Text: "word", Author: "nobody"}, ""},
		{search.CommunityQuery{Text: "word", Solved: true}, "c b"},
		{search.CommunityQuery{Text: "word", Solved: true, Author: "mira"}, "b"},
		{search.CommunityQuery{Text: "word", From: 21, To: 22}, "b"},
		{search.CommunityQuery{Text: "word", From: 22, To: 21}, ""},
		{search.CommunityQuery{Text: "word", Spaces: []string{"open"}}, "a"},
		{search.CommunityQuery{Text: "word", Spaces: []string{"staff"}}, "d"},
		{search.CommunityQuery{Text: "word", Spaces: []string{"open", "help", "staff"}}, "d c b a"},
		{search.CommunityQuery{Text: "word", Spaces: []string{}}, ""},
		{search.CommunityQuery{Text: "word", Spaces: []string{"unknown", ""}}, ""},
	} {
		got := s.look(tt.q, db.Page{})
		if ids(got.Hits) != tt.want || got.Next != "" {
			t.Errorf("%+v found %q, want %q", tt.q, ids(got.Hits), tt.want)
		}
		tt.q.Ranked = true
		ranked := s.look(tt.q, db.Page{})
		if len(ranked.Hits) != len(got.Hits) || ranked.Ranked != len(got.Hits) || ranked.More {
			t.Errorf("%+v ranked %d, found %q, want %q", tt.q, ranked.Ranked, ids(ranked.Hits), tt.want)
		}
	}
	h := s.look(search.CommunityQuery{Text: "word", Author: "mira", Solved: true}, db.Page{}).Hits[0]
	want := search.Hit{Kind: search.Reply, ID: "b", Topic: "t", Space: "help", Author: "mira", Opening: true, Solved: true, At: 21, Channels: []string{},
		Snippet: search.Snippet{Text: "word of everybody", Marks: []search.Mark{{Start: 0, End: 4}}}}
	if diff := cmp.Diff(want, h); diff != "" {
		t.Error(diff)
	}
}

func TestASnippetLeavesTheTitleOut(t *testing.T) {
	s := open(t)
	for i, text := range []string{"A blue lamp\n\nThe lamp stands here", "Only lamp\n\nNothing more of it", "Just a lamp\n\n"} {
		s.put(search.Doc{Kind: search.Reply, ID: fmt.Sprint("r", i), Topic: "t", Space: "open", At: db.Time(10 - i), Opening: true, Text: text})
	}
	var got []string
	for _, h := range s.look(search.CommunityQuery{Text: "lamp"}, db.Page{}).Hits {
		got = append(got, fmt.Sprint(h.Snippet.Text, h.Snippet.Marks))
	}
	if diff := cmp.Diff([]string{"The lamp stands here[{4 8}]", "Nothing more of it[]", "Just a lamp  [{7 11}]"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestTheTeamFindsReplies(t *testing.T) { everyCommunity(t, theTeamFindsReplies) }

func theTeamFindsReplies(t *testing.T, s shelf) {
	for _, tt := range []struct {
		who   access.Who
		kinds []search.Kind
		want  string
	}{
		{as(access.Owner), nil, "m d c b a"},
		{as(access.Moderator), nil, "d c b a"},
		{as(access.Owner), []search.Kind{search.Reply}, "d c b a"},
		{as(access.Owner), []search.Kind{search.Message}, "m"},
		{as(access.Owner, "channel"), nil, ""},
	} {
		if got := s.find(tt.who, search.Query{Text: "word", Kinds: tt.kinds}); got != tt.want {
			t.Errorf("%v %v found %q, want %q", tt.who, tt.kinds, got, tt.want)
		}
	}
}

func TestTheBestComeFirst(t *testing.T) {
	s := open(t)
	long := strings.Repeat("much else before it ", 6)
	for i, d := range []search.Doc{
		{ID: "opening-solved", Opening: true, Solved: true, Text: "Blue lamp\nIt is dark"},
		{ID: "opening-late-solved", Opening: true, Solved: true, Text: "Help\n" + long + "blue lamp"},
		{ID: "opening", Opening: true, Text: "The lamp is blue"},
		{ID: "opening-newer", Opening: true, Text: "A lamp, blue"},
		{ID: "solved", Solved: true, Text: "take the blue lamp"},
		{ID: "reply", Text: "a blue lamp"},
		{ID: "half", Opening: true, Text: "lamp " + long + "blue"},
		{ID: "late", Text: long + "blue lamp"},
		{ID: "one", Text: "blue"},
	} {
		d.Kind, d.Topic, d.Space, d.At = search.Reply, "t", "open", db.Time(100+i)
		s.put(d)
	}
	// The same holds for few answers and for many.
	for i := range 120 {
		s.put(said(fmt.Sprint("many", i), db.Time(i/2), long+"blue lamps and a lamp, by many"))
	}
	top := func(text string) string {
		got := strings.Fields(ids(s.look(search.CommunityQuery{Text: text, Ranked: true}, db.Page{}).Hits))
		return strings.Join(got[:min(len(got), 8)], " ")
	}
	want := "opening-solved opening-newer opening solved reply late half opening-late-solved"
	for text, want := range map[string]string{
		"blue lamp -many ":     want,
		"blue lamp ":           want,
		"-many blue lam":       want,
		"blue -dark -many lam": strings.TrimPrefix(want, "opening-solved "),
	} {
		if got := top(text); got != want {
			t.Errorf("%q:\n got %s\nwant %s", text, got, want)
		}
	}
}

func TestRankedPagesHaveNoGapsOrRepeats(t *testing.T) {
	for _, n := range []int{95, 230} { // few are ranked by their texts, more by the index
		s := open(t)
		var docs []search.Doc
		for i := range n {
			d := said(fmt.Sprint("r", i), db.Time(1000+i/3), "page")
			d.Opening, d.Solved = i%7 == 0, i%3 == 0
			docs = append(docs, d)
		}
		s.put(docs...)
		byID := map[string]search.Doc{}
		for _, d := range docs {
			byID[d.ID] = d
		}
		for _, ranked := range []bool{true, false} {
			// What is of the same time may come in any order.
			place := func(d search.Doc) string {
				if ranked {
					return fmt.Sprint(sortOf(d), 9999-d.At)
				}
				return fmt.Sprint(9999 - d.At)
			}
			var want, seen, put []string
			for _, d := range docs {
				want = append(want, place(d))
			}
			slices.Sort(want)
			once := map[string]bool{}
			for page := (db.Page{}); ; {
				got := s.look(search.CommunityQuery{Text: "page", Ranked: ranked}, page)
				if ranked && (got.Ranked != n || got.More) {
					t.Errorf("ranked %d of %d, more %v", got.Ranked, n, got.More)
				}
				for _, h := range got.Hits {
					seen, once[h.ID] = append(seen, place(byID[h.ID])), true
				}
				// What is written meanwhile moves nothing.
				put = append(put, fmt.Sprint("new", len(put)))
				s.put(said(put[len(put)-1], db.Time(5000+len(put)), "page"))
				if page.After = got.Next; got.Next == "" {
					break
				}
			}
			if diff := cmp.Diff(want, seen); diff != "" || len(once) != n {
				t.Errorf("%d, ranked %v: %d different ones\n%.500s", n, ranked, len(once), diff)
			}
			if err := s.Tx(ctx, func(tx *db.Tx) error { return search.Drop(ctx, tx, "north", search.Reply, put...) }); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// sortOf is 0 for what is given first.
func sortOf(d search.Doc) int {
	n := 0
	if !d.Opening {
		n += 2
	}
	if !d.Solved {
		n++
	}
	return n
}

func TestACursorThatIsNone(t *testing.T) {
	s := open(t)
	s.put(said("r", 1000, "page"))
	for _, after := range []string{"!", "0_z", "zzzz_z", "1", "1_", "_1", "1_-1", "-1_1", "1_!", "k_1_1"} {
		if _, err := search.Community(ctx, s.DB, "north", search.CommunityQuery{Text: "page", Ranked: true, Spaces: []string{"open"}}, db.Page{After: after}); !fault.Is(err, fault.Invalid) {
			t.Errorf("after %q: %v", after, err)
		}
	}
	if got := s.look(search.CommunityQuery{Text: "page", Ranked: true}, db.Page{After: "2z_zzzzzzzz"}); len(got.Hits) != 0 {
		t.Errorf("beyond the end: %s", ids(got.Hits))
	}
}

func TestMoreThanAreRanked(t *testing.T) {
	s := open(t)
	var docs []search.Doc
	for i := range search.RankedMost + 10 {
		docs = append(docs, said(fmt.Sprint("r", i), db.Time(i/2), "many"))
	}
	docs[3].Opening, docs[20].Opening = true, true
	s.put(docs...)
	got := s.look(search.CommunityQuery{Text: "many", Ranked: true}, db.Page{Limit: 2})
	if got.Ranked != search.RankedMost || !got.More || got.Hits[0].ID != "r20" {
		t.Errorf("ranked %d, more %v, first %s", got.Ranked, got.More, ids(got.Hits))
	}
}

func TestNothingOfTheUnseenIsCounted(t *testing.T) { everyCommunity(t, nothingOfTheUnseenIsCounted) }

func nothingOfTheUnseenIsCounted(t *testing.T, s shelf) {
	for _, q := range []search.CommunityQuery{{Text: "word"}, {Text: "wo"}, {Text: "word", Author: "noor"}, {Text: "word", Solved: true}} {
		q.Spaces, q.Ranked = []string{"open"}, true
		got := s.look(q, db.Page{})
		for _, h := range got.Hits {
			if h.Space != "open" {
				t.Errorf("%+v showed %s", q, h.ID)
			}
		}
		if got.Ranked != len(got.Hits) {
			t.Errorf("%+v counted %d, showed %d", q, got.Ranked, len(got.Hits))
		}
	}
	got, err := search.Community(ctx, s.DB, "south", search.CommunityQuery{Text: "word", Spaces: []string{"help", "staff"}, Ranked: true}, db.Page{})
	if err != nil || got.Ranked != 0 || len(got.Hits) != 0 {
		t.Errorf("another brand's spaces: %+v %v", got, err)
	}
}

func TestHostileQuestionsOfStrangers(t *testing.T) {
	s := community(t)
	for _, text := range []string{"", "-", `"`, "\x00", "a\x00b", "*", "^a", "NEAR(a b)", "AND", "OR NOT", "{words}: a", "words:a", "a <-> b", "''", `\`, "((((", ":*", "%", "\xff",
		"'; DROP TABLE search_doc; --", strings.Repeat("a", 10<<20), strings.Repeat(`"a`, 5<<20), strings.Repeat("手", 3<<20), "\u4dc0"} {
		for _, ranked := range []bool{false, true} {
			s.look(search.CommunityQuery{Text: text, Author: "'\x00\"", Ranked: ranked}, db.Page{})
			s.look(search.CommunityQuery{Text: text, Spaces: []string{"open", "\x00", `" OR "`}, Ranked: ranked}, db.Page{})
		}
		if err := s.Tx(ctx, func(tx *db.Tx) error { return search.Missed(ctx, tx, "north", text) }); err != nil {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

func TestRefileMovesATopic(t *testing.T) {
	s := open(t)
	var docs []search.Doc
	for i := range 450 {
		docs = append(docs, search.Doc{Kind: search.Reply, ID: fmt.Sprint("r", i), Topic: "t", Space: "open", Author: "mira", At: db.Time(i), Text: "moved", Opening: i == 0})
	}
	other := said("other", 900, "moved")
	s.put(append(docs, other, search.Doc{ID: "m", Conversation: "t", At: 901, Text: "moved"})...)
	count := func(q search.CommunityQuery) int {
		q.Text, q.Ranked = "moved", true
		return s.look(q, db.Page{}).Ranked
	}
	for range 2 {
		if err := s.Tx(ctx, func(tx *db.Tx) error { return search.Refile(ctx, tx, "north", "t", "help", true) }); err != nil {
			t.Fatal(err)
		}
		got := []int{count(search.CommunityQuery{Spaces: []string{"open"}}), count(search.CommunityQuery{Spaces: []string{"help"}}), count(search.CommunityQuery{Solved: true}), count(search.CommunityQuery{Author: "mira"})}
		if diff := cmp.Diff([]int{1, 450, 450, 451}, got); diff != "" {
			t.Error(diff)
		}
	}
	first := s.look(search.CommunityQuery{Text: "moved", Ranked: true}, db.Page{}).Hits[0]
	if first.ID != "r0" || !first.Opening || !first.Solved || first.Author != "mira" || first.At != 1 {
		t.Errorf("the opening became %+v", first)
	}
	err := s.Tx(ctx, func(tx *db.Tx) error { return search.Refile(ctx, tx, "south", "t", "elsewhere", false) })
	if got := count(search.CommunityQuery{Solved: true}); got != 450 || err != nil {
		t.Errorf("another brand moved it: %d %v", got, err)
	}
}

// Whatever becomes hidden or is shown, written or moved meanwhile, and however
// far the index has come, everybody finds what stands in the spaces they name.
func TestEverybodyFindsWhatTheyMaySeeMeanwhile(t *testing.T) {
	s := open(t)
	dice := rand.New(rand.NewPCG(5, 28))
	names := []string{"one", "two", "three"}
	where := map[string]string{} // topic → space
	said := map[string][]string{}
	var spaces []search.Space
	for _, n := range names {
		spaces = append(spaces, search.Space{Brand: "north", ID: n})
	}
	for step := range 120 {
		topic := fmt.Sprint("t", dice.IntN(8))
		switch dice.IntN(5) {
		case 0, 1:
			id := fmt.Sprint("r", step)
			if where[topic] == "" {
				where[topic] = names[dice.IntN(3)]
			}
			said[topic] = append(said[topic], id)
			s.put(search.Doc{Kind: search.Reply, ID: id, Topic: topic, Space: where[topic], Author: "mira", Opening: len(said[topic]) == 1, At: db.Time(step + 1), Text: "word and wording"})
		case 2:
			to := names[dice.IntN(3)]
			if where[topic] != "" {
				where[topic] = to
			}
			if err := s.Tx(ctx, func(tx *db.Tx) error { return search.Refile(ctx, tx, "north", topic, to, dice.IntN(2) == 0) }); err != nil {
				t.Fatal(err)
			}
		case 3:
			one := &spaces[dice.IntN(3)]
			one.Hidden = !one.Hidden
			s.enter(*one)
		case 4:
			s.settle(spaces...)
		}
		for may := range 1 << len(names) {
			var asked, want []string
			for i, n := range names {
				if may&(1<<i) != 0 {
					asked = append(asked, n)
				}
			}
			for topic, space := range where {
				if slices.Contains(asked, space) {
					want = append(want, said[topic]...)
				}
			}
			slices.Sort(want)
			for _, q := range []search.CommunityQuery{{Text: "word "}, {Text: "word ", Ranked: true}, {Text: "wordi"}, {Text: "wordi", Ranked: true}} {
				if q.Spaces = asked; asked == nil {
					q.Spaces = []string{}
				}
				got := strings.Fields(ids(s.look(q, db.Page{Limit: 100}).Hits))
				if slices.Sort(got); !slices.Equal(got, want) {
					t.Fatalf("step %d, %+v: %v, want %v; spaces %+v", step, q, got, want, spaces)
				}
			}
		}
	}
}

// Words are put on their side bit by bit, and what stands elsewhere is left
// where it is.
func TestManyWordsAreSettled(t *testing.T) {
	s := open(t)
	var docs []search.Doc
	for i := range 1300 {
		d := said(fmt.Sprintf("r%04d", i), db.Time(i+1), "many")
		if i%3 == 0 {
			d.Space = "staff"
		}
		docs = append(docs, d)
	}
	s.put(docs...)
	staff := search.Space{Brand: "north", ID: "staff", Hidden: true}
	asExpected := func(when string) {
		t.Helper()
		for spaces, want := range map[string]int{"open": 866, "staff": 434, "open staff": 1300} {
			if got := s.look(search.CommunityQuery{Text: "many", Ranked: true, Spaces: strings.Fields(spaces)}, db.Page{}); got.Ranked != want {
				t.Errorf("%s, %s: %d found, want %d", when, spaces, got.Ranked, want)
			}
		}
	}
	s.settle(staff)
	asExpected("hidden")
	staff.Hidden = false
	s.enter(staff)
	if err := search.SettleSome(ctx, s.DB); err != nil {
		t.Fatal(err)
	}
	asExpected("on the way")
	staff.Hidden = true // what was put there goes back
	s.settle(staff)
	asExpected("turned round")
}

// What is written, moved and hidden at once stands where it belongs in the end.
func TestWordsAreWrittenWhileTheirSpaceIsHidden(t *testing.T) {
	s := open(t)
	staff := search.Space{Brand: "north", ID: "staff"}
	s.enter(staff)
	s.put(said("seen", 100, "many"))
	const writers, each = 4, 15
	var g errgroup.Group
	for w := range writers {
		g.Go(func() error {
			for i := range each {
				d := said(fmt.Sprintf("w%d-%d", w, i), db.Time(1+i), "many")
				d.Brand, d.Topic, d.Space = "north", fmt.Sprint("t", w), "staff"
				if err := s.Tx(ctx, func(tx *db.Tx) error { return search.Put(ctx, tx, d) }); err != nil {
					return err
				}
				if i == each-1 {
					if err := s.Tx(ctx, func(tx *db.Tx) error { return search.Refile(ctx, tx, "north", d.Topic, "staff", i%2 == 0) }); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
	g.Go(func() error {
		for i := range 6 {
			staff.Hidden = i%2 == 0
			if err := s.Tx(ctx, func(tx *db.Tx) error { return search.Enter(ctx, tx, staff) }); err != nil {
				return err
			}
			if err := search.SettleSome(ctx, s.DB); err != nil {
				return err
			}
		}
		return nil
	})
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, hidden := range []bool{false, true} {
		staff.Hidden = hidden
		s.settle(staff)
		if got := s.look(search.CommunityQuery{Text: "many", Ranked: true, Spaces: []string{"staff"}}, db.Page{}); got.Ranked != writers*each {
			t.Errorf("hidden %v: %d found, want %d", hidden, got.Ranked, writers*each)
		}
		if got := s.look(search.CommunityQuery{Text: "many", Ranked: true, Spaces: []string{"open"}}, db.Page{}); got.Ranked != 1 {
			t.Errorf("hidden %v: strangers find %d, want 1", hidden, got.Ranked)
		}
	}
}

func TestAReplySaysWhereItStands(t *testing.T) {
	s := open(t)
	for _, d := range []search.Doc{{Topic: "t"}, {Space: "s"}} {
		d.Brand, d.Kind, d.ID, d.Text = "north", search.Reply, "r", "word"
		if err := s.Tx(ctx, func(tx *db.Tx) error { return search.Put(ctx, tx, d) }); err == nil {
			t.Errorf("%+v was put in", d)
		}
	}
}

func TestNothingOfTheCommunityIsScanned(t *testing.T) {
	s := community(t)
	q := dbtest.Indexed(t, s.DB)
	for _, ranked := range []bool{false, true} {
		for _, query := range []search.CommunityQuery{{Text: "word"}, {Text: "wo"}, {Text: "word -other", Author: "mira", Solved: true, From: 1, To: 40}} {
			query.Ranked, query.Spaces = ranked, []string{"open", "help"}
			if _, err := search.CommunityOn(ctx, s.DB, q, "north", query, db.Page{}); err != nil {
				t.Error(err)
			}
		}
	}
	for _, f := range []search.UnmetFilter{{}, {Newest: true}, {Days: 7}, {Days: 90, Newest: true}} {
		if _, _, err := search.Unfound(ctx, q, as(access.Owner), "north", f, db.Page{}); err != nil {
			t.Error(err)
		}
	}
}

// An unfinished word finds what begins so, also where many words do and where
// the index keeps no list of such a beginning.
func TestUnfinishedWords(t *testing.T) {
	s := open(t)
	var docs []search.Doc
	for i := range 70 {
		docs = append(docs, said(fmt.Sprint("many", i), db.Time(1000+i), fmt.Sprintf("brewing%c%c", 'a'+i%26, 'a'+i/26)))
	}
	docs = append(docs, said("one", 10, "Grinders are loud"), said("two", 20, "The grinder, cleaned"), said("three", 30, "Coffee grinds"), said("four", 40, "grindéry"), said("five", 50, "a grin"))
	s.put(docs...)
	for text, want := range map[string]string{
		"grinde": "four two one", "grinder": "four two one", "grinders": "one", "grind": "four three two one", "grin": "five four three two one",
		"coffee grind": "three", "grindelwald": "", "grinde ": "",
	} {
		for _, ranked := range []bool{false, true} {
			got := s.look(search.CommunityQuery{Text: text, Ranked: ranked}, db.Page{})
			found := strings.Fields(ids(got.Hits))
			if ranked {
				slices.Sort(found)
			}
			expected := strings.Fields(want)
			if ranked {
				slices.Sort(expected)
			}
			if !slices.Equal(found, expected) {
				t.Errorf("%q, ranked %v: %v, want %v", text, ranked, found, expected)
			}
		}
	}
	if got := s.look(search.CommunityQuery{Text: "brewing"}, db.Page{Limit: 100}); len(got.Hits) != 70 {
		t.Errorf("%d of 70 words that begin so", len(got.Hits))
	}
}
