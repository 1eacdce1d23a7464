package search_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/fault"
	"rapport/internal/search"
)

var ctx = context.Background()

// shelf is a database with two brands to search in.
type shelf struct {
	*db.DB
	t testing.TB
}

func open(t testing.TB) shelf {
	s := shelf{dbtest.Open(t), t}
	s.brands()
	return s
}

func (s shelf) brands() {
	s.t.Helper()
	for _, b := range []string{"north", "south"} {
		_, err := s.ExecContext(ctx, `INSERT INTO brand (id, slug, name, color, zone, created_at) VALUES ($1, $1, 'Brand', '#336699', 'Europe/Berlin', 1)`, b)
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s shelf) put(docs ...search.Doc) {
	s.t.Helper()
	for i := range docs {
		if docs[i].Brand == "" {
			docs[i].Brand = "north"
		}
		if docs[i].Kind == "" {
			docs[i].Kind = search.Message
		}
	}
	if err := s.Tx(ctx, func(tx *db.Tx) error { return search.Put(ctx, tx, docs...) }); err != nil {
		s.t.Fatal(err)
	}
}

func as(role access.Role, channels ...string) access.Who {
	return access.Who{Account: "a", Grants: []access.Grant{{Brand: "north", Role: role, Channels: channels}}}
}

func (s shelf) find(who access.Who, q search.Query) string {
	s.t.Helper()
	hits, _, err := search.Find(ctx, s.DB, who, "north", q, db.Page{Limit: 100})
	if err != nil {
		s.t.Fatalf("%.40q: %v", q.Text, err)
	}
	var ids []string
	for _, h := range hits {
		ids = append(ids, h.ID)
	}
	return strings.Join(ids, " ")
}

// TestWordsAreFound: every text is put in once, the later the newer.
func TestWordsAreFound(t *testing.T) {
	s := open(t)
	for i, line := range []string{
		"plain:When will the Delivery arrive? I ordered two weeks ago.",
		"accents:Où est le café crème? Déjà vu, naïve façade.",
		"german:Die Straße ist groß und die Größe stimmt",
		"nordic:Smørrebrød fra Ærø",
		"turkish:İstanbul'da ısı",
		"greek:Ο Οδυσσεύς γύρισε",
		"russian:Ёлка и Мир",
		"hebrew:שָׁלוֹם לכולם",
		"arabic:مَرْحَبًا بالعالم",
		"chinese:我的手机坏了，请问保修多久？",
		"chinese2:苹果iPhone手机壳很好",
		"japanese:ガラスの靴を買いました。カタカナとひらがな",
		"halfwidth:ｶﾞﾗｽ ﾃｽﾄ",
		"korean:배송이 언제 오나요? 서울에서 주문했습니다",
		"thai:สินค้าของฉันยังไม่มาถึง ขอบคุณครับ",
		"wide:ＲＡＰＰＯＲＴ ｆｕｌｌ ｗｉｄｔｈ",
		"handle:@mira@social.example wrote #LongTail",
		"order:the arrival of a second order",
		"digits:Order 4711-22 of 2026",
		"decomposed:cafe\u0301 nai\u0308ve \u304b\u3099",
	} {
		id, text, _ := strings.Cut(line, ":")
		s.put(search.Doc{ID: id, At: db.Time(1000 + i), Text: text})
	}
	s.put(search.Doc{Brand: "south", ID: "elsewhere", At: 5000, Text: "delivery café 手机 배송"})
	tests := []struct{ query, want string }{
		{"delivery", "plain"},
		{"DELIVERY arrive", "plain"},
		{"arrive delivery ", "plain"},
		{"deliv", "plain"},
		{"deliv ", ""},
		{"deliv arrive", ""},
		{"arriv", "order plain"},
		{`"two weeks"`, "plain"},
		{`"weeks two"`, ""},
		{`"two weeks`, "plain"},
		{"order -weeks", "digits order"},
		{"order -weeks -arrival ", "digits"},
		{`ordered -"two weeks"`, ""},
		{"-weeks", ""},
		{"cafe", "decomposed accents"},
		{"CAFÉ", "decomposed accents"},
		{"deja facade", "accents"},
		{"strasse", "german"},
		{"groß", "german"},
		{"grosse", "german"},
		{"smorrebrod aero", "nordic"},
		{"istanbul", "turkish"},
		{"isi", "turkish"},
		{"οδυσσευσ", "greek"},
		{"елка мир", "russian"},
		{"שלום", "hebrew"},
		{"مرحبا", "arabic"},
		{"手机", "chinese2 chinese"},
		{"手", "chinese2 chinese"},
		{"壳", "chinese2"},
		{"久", "chinese"},
		{"手机壳", "chinese2"},
		{"我的手机", "chinese"},
		{"手机我的", ""},
		{"手机 保修", "chinese"},
		{"手机 -保修", "chinese2"},
		{"iphone手机", "chinese2"},
		{"苹果iphone", "chinese2"},
		{"手iphone", ""},
		{"保修 手机壳", ""},
		{"ガラス", "halfwidth japanese"},
		{"カラス", ""},
		{"ひらがな", "japanese"},
		{"が", "decomposed japanese"},
		{"배송", "korean"},
		{"배송이", "korean"},
		{"서울", "korean"},
		{"오", "korean"},
		{"ขอบคุณ", "thai"},
		{"สินค้า", "thai"},
		{"ไม่มา", "thai"},
		{"rapport width", "wide"},
		{"@mira@social.example", "handle"},
		{"mira", "handle"},
		{"#longt", "handle"},
		{"4711-22", "digits"},
		{"4711", "digits"},
		{"2026", "digits"},
	}
	for _, tt := range tests {
		if got := s.find(as(access.Owner), search.Query{Text: tt.query}); got != tt.want {
			t.Errorf("%q found %q, want %q", tt.query, got, tt.want)
		}
	}
}

func TestHostileQueriesAreNoErrors(t *testing.T) {
	s := open(t)
	s.put(search.Doc{ID: "m", At: 1, Text: "NEAR AND OR NOT words: a AND b OR c 100% c'est d\"e"})
	for _, q := range []string{
		"", " ", "-", "--", `"`, `""`, `"""`, `-"`, `-""`, "\x00", "a\x00b", "*", "a*", "^a", "NEAR(a b)", "a AND", "AND", "OR", "NOT a", "a NOT",
		"a OR b", "{words}: a", "words:a", "a & b", "a | !b", "a <-> b", "'", "''a''", `\`, `\'`, `a\`, "(", ")", "((((", "a)", ":*", "a:*", "%", "_",
		"'; DROP TABLE search_doc; --", "\xff\xfe", "\xe2\x82", "👩🏽‍🚀", "\u0301", "\u200d\u200d", "…!?–", strings.Repeat("a", 10<<10),
		strings.Repeat("a ", 5<<10), strings.Repeat(`"a`, 5<<10), strings.Repeat("手", 10<<10), strings.Repeat("-a ", 4<<10), strings.Repeat("\u0301", 4<<10),
		strings.Repeat("(", 10<<10), "ﷺﷺﷺ", "\u4dc0", "c'est", "100%",
	} {
		s.find(as(access.Owner), search.Query{Text: q})
	}
	for q, want := range map[string]string{"c'est": "m", "100%": "m", "near": "m", `"AND OR"`: "m", "a AND b": "m", "nothing OR words": ""} {
		if got := s.find(as(access.Owner), search.Query{Text: q}); got != want {
			t.Errorf("%q found %q", q, got)
		}
	}
}

func TestHostileTextsAreKept(t *testing.T) {
	s := open(t)
	for i, text := range []string{"nul\x00byte here", "broken \xff\xfe bytes", strings.Repeat("ﷺ ", 20<<10), strings.Repeat("word ", 40<<10),
		strings.Repeat("x", 100<<10), strings.Repeat("手", 50<<10), "quote ' and \\ backslash", "", "!!!"} {
		s.put(search.Doc{ID: fmt.Sprint("h", i), At: db.Time(i), Text: text})
	}
	s.put(search.Doc{ID: "past", At: -5, Text: "time past"}, search.Doc{ID: "far", At: 1 << 60, Text: "time far"})
	for q, want := range map[string]string{"byte": "h0", "bytes": "h1", "word": "h3", "手手": "h5", "backslash": "h6", "time": "far past"} {
		if got := s.find(as(access.Owner), search.Query{Text: q + " "}); got != want {
			t.Errorf("%q found %q, want %q", q, got, want)
		}
	}
	// The places of a word beyond those that are kept count as another word.
	s.put(search.Doc{ID: "often", At: 9, Text: strings.Repeat("often ", 300) + "then"})
	if got := s.find(as(access.Owner), search.Query{Text: `"often then"`}); got != "" {
		t.Errorf("found %q", got)
	}
	if got := s.find(as(access.Owner), search.Query{Text: `often then`}); got != "often" {
		t.Errorf("found %q", got)
	}
}

func TestWhatChangedIsFoundAsItIs(t *testing.T) {
	s := open(t)
	doc := search.Doc{ID: "m", At: 10, Text: "first words", Channels: []string{"c1"}, Person: "p1", Conversation: "k"}
	s.put(doc, search.Doc{ID: "other", At: 11, Text: "other words"})
	doc.Text, doc.Person, doc.Channels = "second words", "p2", []string{"c2"}
	s.put(doc, doc)
	for _, tt := range []struct {
		q    search.Query
		want string
	}{
		{search.Query{Text: "first"}, ""},
		{search.Query{Text: "second"}, "m"},
		{search.Query{Text: "words"}, "other m"},
		{search.Query{Text: "words", Channels: []string{"c1"}}, ""},
		{search.Query{Text: "words", Channels: []string{"c1", "c2"}}, "m"},
		{search.Query{Text: "words", Person: "p1"}, ""},
		{search.Query{Text: "words", Person: "p2"}, "m"},
	} {
		if got := s.find(as(access.Owner), tt.q); got != tt.want {
			t.Errorf("%+v found %q, want %q", tt.q, got, tt.want)
		}
	}
	doc.Text = "…"
	s.put(doc)
	if got := s.find(as(access.Owner), search.Query{Text: "words"}); got != "other" {
		t.Errorf("a text without words is still found: %q", got)
	}
	err := s.Tx(ctx, func(tx *db.Tx) error {
		return errors.Join(search.Drop(ctx, tx, "south", search.Message, "other"), search.Drop(ctx, tx, "north", search.Post, "other"))
	})
	if got := s.find(as(access.Owner), search.Query{Text: "words"}); got != "other" || err != nil {
		t.Errorf("another's word dropped it: %q %v", got, err)
	}
	err = s.Tx(ctx, func(tx *db.Tx) error { return search.Drop(ctx, tx, "north", search.Message, "other") })
	if got := s.find(as(access.Owner), search.Query{Text: "words"}); got != "" || err != nil {
		t.Errorf("dropped and found: %q %v", got, err)
	}
	s.put(search.Doc{ID: "other", At: 11, Text: "back again"})
	if got := s.find(as(access.Owner), search.Query{Text: "words again"}); got != "" {
		t.Errorf("dropped words are found: %q", got)
	}
}

func TestManyTextsOfOneMoment(t *testing.T) {
	s := open(t)
	var docs []search.Doc
	for i := range 300 {
		docs = append(docs, search.Doc{ID: fmt.Sprint("m", i), At: 7, Text: "same moment"})
	}
	s.put(docs...)
	seen := map[string]bool{}
	page := db.Page{Limit: 70}
	for {
		hits, next, err := search.Find(ctx, s.DB, as(access.Owner), "north", search.Query{Text: "moment"}, page)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range hits {
			seen[h.ID] = true
		}
		if page.After = next; next == "" {
			break
		}
	}
	if len(seen) != 300 {
		t.Errorf("%d of 300 are found", len(seen))
	}
}

func TestPagesGoFromNewToOldWithinTheTimes(t *testing.T) {
	s := open(t)
	for i := range 10 {
		s.put(search.Doc{ID: fmt.Sprint("m", (i*7)%10), At: db.Time(100 + (i*7)%10), Text: "page"})
	}
	var got []string
	page := db.Page{Limit: 4}
	for range 3 {
		hits, next, err := search.Find(ctx, s.DB, as(access.Owner), "north", search.Query{Text: "page", From: 101, To: 108}, page)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range hits {
			got = append(got, fmt.Sprint(h.ID, "@", h.At))
		}
		if page.After = next; next == "" {
			break
		}
	}
	want := []string{"m7@107", "m6@106", "m5@105", "m4@104", "m3@103", "m2@102", "m1@101"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, after := range []string{"!", "-1", "zzzzzzzzzzzzzzzzzzzzz", "1_x"} {
		_, _, err := search.Find(ctx, s.DB, as(access.Owner), "north", search.Query{Text: "page"}, db.Page{After: after})
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("after %q: %v", after, err)
		}
	}
}

func TestWhoFindsWhat(t *testing.T) {
	s := open(t)
	s.put(
		search.Doc{ID: "m1", At: 1, Text: "word", Channels: []string{"c1"}},
		search.Doc{ID: "m2", At: 2, Text: "word", Channels: []string{"c2"}},
		search.Doc{ID: "n", At: 3, Kind: search.Note, Text: "word", Channels: []string{"c1"}},
		search.Doc{ID: "p", At: 4, Kind: search.Post, Text: "word", Channels: []string{"c1", "c2"}},
		search.Doc{ID: "draft", At: 5, Kind: search.Post, Text: "word"},
		search.Doc{ID: "h", At: 6, Kind: search.Person, Text: "word", Channels: []string{"c2"}},
		search.Doc{ID: "x", At: 7, Brand: "south", Text: "word"},
	)
	tests := []struct {
		name string
		who  access.Who
		q    search.Query
		want string
	}{
		{"owner", as(access.Owner), search.Query{}, "h draft p n m2 m1"},
		{"community manager", as(access.Community), search.Query{}, "h draft p n m2 m1"},
		{"analyst", as(access.Analyst), search.Query{}, "draft p n m2 m1"},
		{"one channel", as(access.Owner, "c1"), search.Query{}, "p n m1"},
		{"one channel asking for another", as(access.Owner, "c1"), search.Query{Channels: []string{"c2"}}, "p"},
		{"posts", as(access.Owner), search.Query{Kinds: []search.Kind{search.Post}}, "draft p"},
		{"people and notes", as(access.Owner), search.Query{Kinds: []search.Kind{search.Person, search.Note, search.Note}}, "h n"},
		{"people, of whom one may not know", as(access.Analyst), search.Query{Kinds: []search.Kind{search.Person, search.Note}}, "n"},
		{"the program", access.System(), search.Query{}, "h draft p n m2 m1"},
	}
	for _, tt := range tests {
		tt.q.Text = "word"
		if got := s.find(tt.who, tt.q); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	for name, want := range map[string]struct {
		who   access.Who
		kinds []search.Kind
		kind  fault.Kind
	}{
		"moderator of messages":   {as(access.Moderator), []search.Kind{search.Message}, fault.Denied},
		"analyst of people alone": {as(access.Analyst), []search.Kind{search.Person}, fault.Denied},
		"a stranger":              {access.Who{Account: "z"}, nil, fault.NotFound},
		"no such kind":            {as(access.Owner), []search.Kind{"brand"}, fault.Invalid},
	} {
		if _, _, err := search.Find(ctx, s.DB, want.who, "north", search.Query{Text: "word", Kinds: want.kinds}, db.Page{}); !fault.Is(err, want.kind) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNothingIsScanned(t *testing.T) {
	s := open(t)
	for _, q := range []search.Query{
		{Text: "word"}, {Text: "wo"}, {Text: `"a word" -other`}, {Text: "word", Kinds: []search.Kind{search.Post}},
		{Text: "word", Channels: []string{"c"}, Person: "p", From: 1, To: 9},
	} {
		if _, _, err := search.FindOn(ctx, s.DB, dbtest.Indexed(t, s.DB), as(access.Owner, "c"), "north", q, db.Page{}); err != nil {
			t.Error(err)
		}
	}
}

func TestSnippets(t *testing.T) {
	s := open(t)
	long := strings.Repeat("lorem ipsum dolor sit amet ", 30)
	tests := []struct{ text, query, want string }{
		{"When will it arrive?", "ARRIV", "When will it [arrive]?"},
		{"<b>bold</b> & brave", "bold", "<b>[bold]</b> & brave"},
		{"Café au lait, café crème", "cafe", "[Café] au lait, [café] crème"},
		{"我的手机坏了", "手机", "我的[手机]坏了"},
		{"我的手机坏了", "手机坏", "我的[手机坏]了"},
		{"我的手机坏了", "手", "我的[手]机坏了"},
		{"one two\nthree two one", `"two three"`, "one [two three] two one"},
		{"a b a", "a -c", "[a] b [a]"},
		{long + "here it is " + long, "here", "…amet lorem ipsum dolor sit amet lorem ipsum dolor sit amet [here] it is lorem ipsum dolor sit amet lorem ipsum dolor sit amet lorem ipsum dolor sit amet lorem ipsum dolor sit amet lorem ipsum dolor sit amet lorem ipsum dolor sit amet lorem…"},
	}
	for i, tt := range tests {
		s.put(search.Doc{ID: "m", At: db.Time(i), Text: tt.text})
		hits, _, err := search.Find(ctx, s.DB, as(access.Owner), "north", search.Query{Text: tt.query}, db.Page{})
		if err != nil || len(hits) != 1 {
			t.Errorf("%q: %v %v", tt.query, hits, err)
			continue
		}
		var got strings.Builder
		if hits[0].Snippet.Before {
			got.WriteString("…")
		}
		for _, p := range hits[0].Snippet.Pieces() {
			if p.Found {
				got.WriteString("[" + p.Text + "]")
				continue
			}
			got.WriteString(p.Text)
		}
		if hits[0].Snippet.After {
			got.WriteString("…")
		}
		if got.String() != tt.want {
			t.Errorf("%q:\n got %s\nwant %s", tt.query, got.String(), tt.want)
		}
	}
}

func TestDropPerson(t *testing.T) {
	s := open(t)
	for i := range 5 {
		s.put(search.Doc{ID: fmt.Sprint("m", i), At: db.Time(i), Text: "secret", Person: "p"})
	}
	s.put(search.Doc{ID: "p", Kind: search.Person, At: 9, Text: "secret name", Person: "p"}, search.Doc{ID: "ours", At: 10, Text: "secret"},
		search.Doc{ID: "else", At: 11, Text: "secret", Person: "q"})
	var counts []int
	for range 3 {
		err := s.Tx(ctx, func(tx *db.Tx) error {
			n, err := search.DropPerson(ctx, tx, "north", "p", 4)
			counts = append(counts, n)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := s.find(as(access.Owner), search.Query{Text: "secret"}); got != "else ours" || !cmp.Equal(counts, []int{4, 2, 0}) {
		t.Errorf("found %q after %v", got, counts)
	}
}

func TestWhatWasThereBeforeIsTakenIn(t *testing.T) {
	s := open(t)
	calls := 0
	source := search.Source{Name: "lines", Page: func(_ context.Context, _ db.Queryer, after string, limit int) ([]search.Doc, string, error) {
		calls++
		if calls == 3 {
			return nil, "", errors.New("the power went out")
		}
		n := 0
		fmt.Sscan(after, &n)
		var docs []search.Doc
		for i := n; i < min(n+limit, 500); i++ {
			docs = append(docs, search.Doc{Brand: "north", Kind: search.Post, ID: fmt.Sprint("p", i), At: db.Time(i), Text: fmt.Sprint("line w", i)})
		}
		if n+limit >= 500 {
			return docs, "", nil
		}
		return docs, fmt.Sprint(n + limit), nil
	}}
	if done, err := search.Take(ctx, s.DB, source); err == nil || done {
		t.Fatalf("done %v, %v", done, err)
	}
	for range 2 {
		if done, err := search.Take(ctx, s.DB, source); err != nil || !done {
			t.Fatalf("done %v, %v", done, err)
		}
	}
	if calls != 4 {
		t.Errorf("read %d pages instead of going on where it stopped", calls)
	}
	for _, w := range []string{"w0", "w250", "w499"} {
		if got := s.find(as(access.Owner), search.Query{Text: w + " "}); got != "p"+w[1:] {
			t.Errorf("%s found %q", w, got)
		}
	}
}

func TestABrandThatGoesTakesItsWordsAlong(t *testing.T) {
	s := open(t)
	s.put(search.Doc{ID: "m", At: 1, Text: "word"})
	if _, err := s.ExecContext(ctx, `DELETE FROM brand WHERE id = 'north'`); err != nil {
		t.Fatal(err)
	}
	if got := s.find(as(access.Owner), search.Query{Text: "word"}); got != "" {
		t.Errorf("found %q", got)
	}
}
