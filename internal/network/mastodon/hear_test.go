package mastodon_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/network"
	"rapport/internal/network/mastodon"
	"rapport/internal/network/mastodon/emulator"
	"rapport/internal/network/networktest/wire"
)

func say(t *testing.T, s *emulator.Server, said emulator.Said) string {
	t.Helper()
	st, err := s.Say(said)
	if err != nil {
		t.Fatal(err)
	}
	return st.ID
}

// hear reads on until there is no more.
func hear(t *testing.T, n *mastodon.Network, to network.Target, after string, since time.Time) (ids []string, all []network.Message, next string) {
	t.Helper()
	for {
		got, err := n.Hear(t.Context(), to, after, since)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range got.Messages {
			ids = append(ids, m.Ref.ID)
		}
		all = append(all, got.Messages...)
		if after = got.Next; !got.More {
			return ids, all, got.Next
		}
	}
}

func TestHearWalksBackAndThenOn(t *testing.T) {
	at := newClock()
	s, n, to := pair(t, emulator.Options{Now: at.Now})
	say(t, s, emulator.Said{By: "mira@social.example", Text: "@north too old"})
	at.Advance(24 * time.Hour)
	since := at.Now()
	var want []string
	for i := range 95 {
		at.Advance(time.Second)
		want = append(want, say(t, s, emulator.Said{By: "mira@social.example", Text: fmt.Sprintf("@north no. %d", i)}))
	}
	ids, _, next := hear(t, n, to, "", since)
	slices.Sort(ids)
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Errorf("heard at first:\n%s", diff)
	}
	if ids, _, same := hear(t, n, to, next, since); len(ids) != 0 || same != next {
		t.Errorf("heard %v of nothing, and then %q", ids, same)
	}
	want = nil
	for i := range 85 {
		want = append(want, say(t, s, emulator.Said{By: "jo", Text: fmt.Sprintf("@north more %d", i)}))
	}
	ids, _, _ = hear(t, n, to, next, since)
	slices.Sort(ids)
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Errorf("heard later:\n%s", diff)
	}
}

// What comes while the first pages are read is heard after them.
func TestWhatComesOnTheWayBackIsNotLost(t *testing.T) {
	s, n, to := pair(t, emulator.Options{})
	var want []string
	for range 50 {
		want = append(want, say(t, s, emulator.Said{By: "jo", Text: "@north before"}))
	}
	first, err := n.Hear(t.Context(), to, "", time.Now().Add(-time.Hour))
	if err != nil || !first.More {
		t.Fatalf("%+v, %v", first, err)
	}
	for range 50 {
		want = append(want, say(t, s, emulator.Said{By: "jo", Text: "@north meanwhile"}))
	}
	ids, _, next := hear(t, n, to, first.Next, time.Time{})
	for _, m := range first.Messages {
		ids = append(ids, m.Ref.ID)
	}
	later, _, _ := hear(t, n, to, next, time.Time{})
	ids = append(ids, later...)
	slices.Sort(ids)
	if diff := cmp.Diff(want, slices.Compact(ids)); diff != "" {
		t.Error(diff)
	}
}

func TestAMessageIsTranslated(t *testing.T) {
	s, n, to := pair(t, emulator.Options{})
	first := publish(t, n, to, prepare(t, n, to, text("Ask us."), "seed"))
	id := say(t, s, emulator.Said{By: "mira@social.example", InReplyTo: first.Ref.ID, Warning: "Question", Visibility: "private", Language: "de",
		Text: "@north wann?\n\nSieh https://a.example/a/very/long/path/that/is/shown/short?x=1 & <b>dies</b> #frage", Pictures: []emulator.Picture{{Content: content(t), Alt: "Ein Punkt"}}})
	_, all, _ := hear(t, n, to, "", time.Now().Add(-time.Hour))
	if len(all) != 1 {
		t.Fatalf("heard %+v", all)
	}
	m := all[0]
	if m.Ref.ID != id || m.Parent != first.Ref.ID || m.Own || m.Author.Handle != "@mira@social.example" || m.Warning != "Question" || m.Language != "de" ||
		m.Visibility != network.Followers || m.Text != "@north wann?\n\nSieh https://a.example/a/very/long/path/that/is/shown/short?x=1 & <b>dies</b> #frage" ||
		len(m.Media) != 1 || m.Media[0].Alt != "Ein Punkt" || m.Media[0].Kind != "image" || m.Media[0].URL == "" || m.At.IsZero() || !m.EditedAt.IsZero() || m.URL == "" {
		t.Errorf("%+v", m)
	}
	if diff := cmp.Diff([]string{to.Details["uri"]}, m.Mentions); diff != "" {
		t.Errorf("mentions: %s", diff)
	}
	if m.Author.ID == "" || m.Author.ID == m.Author.URL {
		t.Errorf("the author's id is %q", m.Author.ID)
	}
}

func TestThread(t *testing.T) {
	s, n, to := pair(t, emulator.Options{})
	first := publish(t, n, to, prepare(t, n, to, text("One."), "seed"))
	second := say(t, s, emulator.Said{By: "jo", InReplyTo: first.Ref.ID, Text: "Two."})
	third := say(t, s, emulator.Said{By: "mira@social.example", InReplyTo: second, Text: "Three."})
	for _, id := range []string{first.Ref.ID, second, third} {
		all, whole, err := n.Thread(t.Context(), to, network.Ref{ID: id})
		if err != nil || !whole {
			t.Fatalf("whole %t, %v", whole, err)
		}
		var ids []string
		for _, m := range all {
			ids = append(ids, m.Ref.ID)
			if m.Own != (m.Ref.ID == first.Ref.ID) {
				t.Errorf("own: %+v", m)
			}
		}
		if diff := cmp.Diff([]string{first.Ref.ID, second, third}, ids); diff != "" {
			t.Error(diff)
		}
	}
	say(t, s, emulator.Said{By: "mira@social.example", InReplyTo: second, Text: "@jo between us", Visibility: "direct"})
	if _, whole, err := n.Thread(t.Context(), to, first.Ref); err != nil || whole {
		t.Errorf("with something hidden it is whole %t, %v", whole, err)
	}
	if err := s.Delete(third); err != nil {
		t.Fatal(err)
	}
	var e *network.Error
	if _, _, err := n.Thread(t.Context(), to, network.Ref{ID: third}); !errors.As(err, &e) || e.Verdict != network.Refused || e.Status != 404 {
		t.Errorf("of something gone: %v", err)
	}
}

func TestRecheck(t *testing.T) {
	for _, o := range []emulator.Options{{}, {IgnoreIdempotency: true}} {
		s, n, to := pair(t, o)
		var refs []network.Ref
		for i := range 45 {
			refs = append(refs, network.Ref{ID: say(t, s, emulator.Said{By: "jo", Text: fmt.Sprintf("@north %d", i)})})
		}
		if err := errors.Join(s.Edit(refs[3].ID, "@north changed"), s.Delete(refs[30].ID)); err != nil {
			t.Fatal(err)
		}
		now, gone, err := n.Recheck(t.Context(), to, refs)
		if err != nil || len(now) != 44 {
			t.Fatalf("%d are there, %v", len(now), err)
		}
		if diff := cmp.Diff([]string{refs[30].ID}, gone); diff != "" {
			t.Error(diff)
		}
		if m := now[refs[3].ID]; m.Text != "@north changed" || m.EditedAt.IsZero() {
			t.Errorf("edited: %+v", m)
		}
	}
}

func TestRecheckWhereOnlyOneCanBeAsked(t *testing.T) {
	s, n, to := pair(t, emulator.Options{})
	refs := []network.Ref{{ID: say(t, s, emulator.Said{By: "jo", Text: "@north 1"})}, {ID: say(t, s, emulator.Said{By: "jo", Text: "@north 2"})}, {ID: "12345"}}
	if err := s.Order(wire.Fault{Kind: wire.Status, Status: 404, Path: "/api/v1/statuses", Method: "GET"}); err != nil {
		t.Fatal(err)
	}
	now, gone, err := n.Recheck(t.Context(), to, refs)
	if err != nil || len(now) != 2 || len(gone) != 1 {
		t.Errorf("%d there, %v gone, %v", len(now), gone, err)
	}
	if err := s.Order(wire.Fault{Kind: wire.Status, Status: 503, Path: "/api/v1/statuses/" + refs[1].ID}); err != nil {
		t.Fatal(err)
	}
	if now, gone, err = n.Recheck(t.Context(), to, refs); err == nil || len(now) != 1 || len(gone) != 0 {
		t.Errorf("with an outage: %d there, %v gone, %v", len(now), gone, err)
	}
}

func TestHistory(t *testing.T) {
	s, n, to := pair(t, emulator.Options{})
	var want []string
	for i := range 90 {
		want = append(want, say(t, s, emulator.Said{By: "north", Text: fmt.Sprintf("No. %d", i)}))
	}
	theirs := say(t, s, emulator.Said{By: "jo", Text: "Not ours."})
	if err := errors.Join(s.Boost("north", theirs), s.Favourite("jo", want[89])); err != nil {
		t.Fatal(err)
	}
	slices.Reverse(want)
	var got []string
	for after := ""; ; {
		posts, next, err := n.History(t.Context(), to, after)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range posts {
			got = append(got, p.Ref.ID)
			if p.Counters.Likes == nil || *p.Counters.Likes > 0 != (p.Ref.ID == want[0]) || p.Counters.Views != nil || !p.Own {
				t.Errorf("%+v", p)
			}
		}
		if after = next; next == "" {
			break
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestMeasure(t *testing.T) {
	s, n, to := pair(t, emulator.Options{})
	r := publish(t, n, to, prepare(t, n, to, text("Count me."), "seed"))
	say(t, s, emulator.Said{By: "jo", InReplyTo: r.Ref.ID, Text: "One."})
	if err := errors.Join(s.Favourite("jo", r.Ref.ID), s.Favourite("mira", r.Ref.ID), s.Boost("jo", r.Ref.ID)); err != nil {
		t.Fatal(err)
	}
	got, err := n.Measure(t.Context(), to, []network.Ref{r.Ref, {ID: "99"}})
	c := got[r.Ref.ID]
	if err != nil || len(got) != 1 || *c.Likes != 2 || *c.Shares != 1 || *c.Comments != 1 || c.Views != nil || c.At.IsZero() {
		t.Errorf("%+v, %v", got, err)
	}
	a, err := n.MeasureAccount(t.Context(), to)
	if err != nil || *a.Followers != 50_000 || a.Following == nil || *a.Posts != 1 {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestStream(t *testing.T) {
	s, n, to := pair(t, emulator.Options{Heartbeat: 10 * time.Millisecond})
	came := make(chan struct{}, 100)
	end := make(chan error, 1)
	go func() { end <- n.Stream(t.Context(), to, func() { came <- struct{}{} }) }()
	<-came // it is open
	say(t, s, emulator.Said{By: "jo", Text: "@north hello"})
	<-came
	s.DropStreams()
	if err := <-end; err != nil && network.VerdictOf(err) != network.Unclear {
		t.Errorf("ended with %v", err)
	}
	to.Credential = network.Credential{"token": "wrong"}
	if err := n.Stream(t.Context(), to, func() {}); network.VerdictOf(err) != network.Unauthorized {
		t.Errorf("with a wrong token: %v", err)
	}
}

func TestMarkup(t *testing.T) {
	for _, c := range []struct{ name, html, want string }{
		{"paragraphs and lines", "<p>One<br>two<br/>three</p><p>Four</p>", "One\ntwo\nthree\n\nFour"},
		{"entities", "<p>a &amp; b &lt;i&gt; &#x41; &nbsp;c</p>", "a & b <i> A \u00a0c"},
		{"a link cut short", `<a href="https://a.example/long/path?x=1"><span class="invisible">https://</span><span class="ellipsis">a.example/long</span><span class="invisible">/path?x=1</span></a>`, "https://a.example/long/path?x=1"},
		{"a link really cut short", `see <a href="https://a.example/long/path">a.example/lo…</a>!`, "see https://a.example/long/path!"},
		{"a link with other words", `<a href="https://a.example/x">our shop</a>`, "our shop (https://a.example/x)"},
		{"a link that lies", `<a href="https://evil.example/">https://bank.example/</a>`, "https://bank.example/ (https://evil.example/)"},
		{"a link that is no web address", `<a href="javascript:alert(1)">click</a>`, "click"},
		{"a name", `<span class="h-card"><a href="https://a.example/@jo" class="u-url mention">@<span>jo</span></a></span> hi`, "@jo hi"},
		{"a link dressed as a name", `<a href="https://evil.example/" class="mention">bank</a>`, "bank (https://evil.example/)"},
		{"a hashtag", `<a href="https://a.example/tags/x" class="mention hashtag" rel="tag">#<span>x</span></a>`, "#x"},
		{"scripts", `a<script>alert("<p>x</p>")</script><style>p{}</style><svg><script>y</script><text>z</text></svg>b`, "ab"},
		{"what is hidden and never ends", `a<script>alert(1)`, "a"},
		{"a list", "<ul><li>one</li><li>two</li></ul>after", "- one\n- two\n\nafter"},
		{"code", "<pre><code>a\n  b</code></pre>", "a\nb"},
		{"an emoji as a picture", `hi <img src="https://a.example/x.png" alt=":blob:" class="emoji">`, "hi :blob:"},
		{"white space", " a \n\t b  <b> c</b>", "a b c"},
		{"what is unseen", "a\u202eb\u200bc\u0000d", "abcd"},
		{"a family", "👩‍👩‍👧 🏴󠁧󠁢󠁥󠁮󠁧󠁿", "👩‍👩‍👧 🏴󠁧󠁢󠁥󠁮󠁧󠁿"},
		{"empty paragraphs", strings.Repeat("<p></p>", 50) + "<p>x</p>" + strings.Repeat("<br>", 50) + "y", "x\n\ny"},
		{"broken tags", `<a href="https://a.example/x>y</a>`, ""},
		{"no closing tags", `<p>a<p>b<a href="https://a.example/x">c`, "a\n\nbc"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := mastodon.Plain(c.html); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	if got := mastodon.Plain("<p>" + strings.Repeat("ü", 1<<20)); len(got) > network.MostText || !strings.HasSuffix(got, "ü") {
		t.Errorf("a long text has %d bytes", len(got))
	}
}
