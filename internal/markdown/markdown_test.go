package markdown_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/fault"
	"rapport/internal/markdown"
)

const (
	away     = ` rel="ugc nofollow noopener"`
	ada      = `<a class="mention" href="/u/ada">@ada</a>`
	thePhoto = `<img loading="lazy" decoding="async" alt="p" src="/media/1" width="3" height="4">`
)

func TestRender(t *testing.T) {
	for _, c := range []struct{ name, source, html string }{
		{"nothing", "", ""},
		{"headings begin at the third level and skip none", "# a\n### b\n###### c", "<h3>a</h3>\n<h4>b</h4>\n<h5>c</h5>"},
		{"the first heading is the highest, whatever it is", "#### a\n#### b\n##### c", "<h3>a</h3>\n<h3>b</h3>\n<h4>c</h4>"},
		{"headings of one level are one level", "# a\n### b\n### c\n## d\n# e", "<h3>a</h3>\n<h4>b</h4>\n<h4>c</h4>\n<h4>d</h4>\n<h3>e</h3>"},
		{"there is no seventh level", "# a\n## b\n### c\n#### d\n##### e", "<h3>a</h3>\n<h4>b</h4>\n<h5>c</h5>\n<h6>d</h6>\n<h6>e</h6>"},
		{"HTML is text", "a <b>c</b>\n\n<div>\nd\n</div>", "<p>a &lt;b&gt;c&lt;/b&gt;</p>\n<p>&lt;div&gt;\nd\n&lt;/div&gt;</p>"},
		{"code names its language", "```go\na<b\n```", "<pre><code class=\"language-go\">a&lt;b\n</code></pre>"},
		{"but no other class", "```a\"b\nc\n```", "<pre><code>c\n</code></pre>"},
		{"struck", "~~a~~ ~b~ ~~~c", "<p><del>a</del> <del>b</del> ~~~c</p>"},
		{"table", "|a|b|c|d|\n|:-|-:|:-:|-|\n|1|2|3|4|\n|5|",
			"<table>\n<thead>\n<tr>\n<th align=\"left\">a</th>\n<th align=\"right\">b</th>\n<th align=\"center\">c</th>\n<th>d</th>\n</tr>\n</thead>\n<tbody>\n" +
				"<tr>\n<td align=\"left\">1</td>\n<td align=\"right\">2</td>\n<td align=\"center\">3</td>\n<td>4</td>\n</tr>\n" +
				"<tr>\n<td align=\"left\">5</td>\n<td></td>\n<td></td>\n<td></td>\n</tr>\n</tbody>\n</table>"},
		{"a bar in a cell", "|a|\n|-|\n|b\\|c|", "<table>\n<thead>\n<tr>\n<th>a</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>b|c</td>\n</tr>\n</tbody>\n</table>"},
		{"tasks have a label", "- [x] a *b*\n- [ ] c\n- [y] d",
			"<ul>\n<li><label><input type=\"checkbox\" disabled=\"\" checked=\"\"> a <em>b</em></label></li>\n<li><label><input type=\"checkbox\" disabled=\"\"> c</label></li>\n<li>[y] d</li>\n</ul>"},
		{"tasks set apart", "- [ ] a\n\n- b", "<ul>\n<li>\n<p><label><input type=\"checkbox\" disabled=\"\"> a</label></p>\n</li>\n<li>\n<p>b</p>\n</li>\n</ul>"},

		{"links are found", "see www.a.example, https://b.example/c_(d)?e=1&f. (http://g.example)", `<p>see <a href="http://www.a.example"` + away + `>www.a.example</a>, <a href="https://b.example/c_(d)?e=1&amp;f"` + away +
			`>https://b.example/c_(d)?e=1&amp;f</a>. (<a href="http://g.example"` + away + `>http://g.example</a>)</p>`},
		{"but not other schemes", "ftp://a.example javascript:alert(1)", "<p>ftp://a.example javascript:alert(1)</p>"},
		{"addresses of mail", "write to a.b@c.example", `<p>write to <a href="mailto:a.b@c.example">a.b@c.example</a></p>`},
		{"our own links have no rel", "[a](/b) [c](#3) [d](e?f)", `<p><a href="/b">a</a> <a href="#3">c</a> <a href="e?f">d</a></p>`},
		{"others have", "[a](https://b.example 'c')", `<p><a href="https://b.example" title="c"` + away + `>a</a></p>`},
		{"no scheme leads elsewhere", "[a](//b.example/c)", `<p><a href="https://b.example/c"` + away + `>a</a></p>`},
		{"nor do three strokes", "[a](///b.example)", `<p><a href="https://b.example"` + away + `>a</a></p>`},
		{"an address in entities", "[a](&#104;ttps&colon;//b.example)", `<p><a href="https://b.example"` + away + `>a</a></p>`},
		{"schemes that do something", "[a](javascript:b) [c](data:d) [e](vbscript:f) [g](tel:1)", "<p>a c e g</p>"},
		{"half an address", "[a](https:b.example) [c](http:///d.example)", "<p>a c</p>"},
		{"a backslash", `[a](/\b.example)`, "<p>a</p>"},

		{"our picture", "![p](/p/1)", "<p>" + thePhoto + "</p>"},
		{"with a title", "![p](/p/1 'q')", `<p>` + strings.Replace(thePhoto, ` width`, ` title="q" width`, 1) + `</p>`},
		{"another is a link", "![a *b*](https://c.example/d.png)", `<p><a href="https://c.example/d.png"` + away + `>a b</a></p>`},
		{"one without words", "![](https://c.example/d.png)", `<p><a href="https://c.example/d.png"` + away + `>https://c.example/d.png</a></p>`},
		{"in a link", "[![a](https://b.example/c.png)](/d)", `<p><a href="/d">a</a></p>`},
		{"ours in a link", "[![p](/p/1)](/d)", `<p><a href="/d">` + thePhoto + `</a></p>`},
		{"words of a picture", "![a\"b&amp;c<d>](/p/1)", "<p>" + strings.Replace(thePhoto, `"p"`, `"a&#34;b&amp;c&lt;d&gt;"`, 1) + "</p>"},

		{"somebody", "@ada, @Ada! (@ada) *@ada* _@ada_ \"@ada\"", "<p>" + strings.Join([]string{ada + ",", strings.Replace(ada, "@ada", "@Ada", 1) + "!", "(" + ada + ")", "<em>" + ada + "</em>", "<em>" + ada + "</em>", "&#34;" + ada + "&#34;"}, " ") + "</p>"},
		{"a dot within and after", "@bob.b.", `<p><a class="mention" href="/u/bob.b">@bob.b</a>.</p>`},
		{"nobody", "@nobody @a @ada@b.example a@ada é@ada /@ada @@ada @" + strings.Repeat("a", 31), "<p>@nobody @a @ada@b.example a@ada é@ada /@ada @@ada @" + strings.Repeat("a", 31) + "</p>"},
		{"not in code or links", "`@ada` [@ada](/b) ![@ada](/p/1)", `<p><code>@ada</code> <a href="/b">@ada</a> ` + strings.Replace(thePhoto, `"p"`, `"@ada"`, 1) + `</p>`},
		{"nor in addresses", "https://a.example/@ada x@ada.example", `<p><a href="https://a.example/@ada"` + away + `>https://a.example/@ada</a> <a href="mailto:x@ada.example">x@ada.example</a></p>`},

		{"emoji", ":tada: a:tada:! :+1::-1:", "<p>🎉 a:tada:! :+1::-1:</p>"},
		{"next to a mark", "(:tada:) **:tada:**", "<p>(🎉) <strong>🎉</strong></p>"},
		{"no emoji", ":nothing: `:tada:` 1:100:2 a::x::b :tada", "<p>:nothing: <code>:tada:</code> 1:100:2 a::x::b :tada</p>"},

		{"a quoted reply", "> [@ada](#12):\n>\n> a", "<blockquote class=\"quote\" data-reply=\"12\">\n<p class=\"quote-by\"><a href=\"#12\">@ada</a>:</p>\n<p>a</p>\n</blockquote>"},
		{"a quote of something else", "> a\n> b", "<blockquote>\n<p>a\nb</p>\n</blockquote>"},
		{"not quite a reply", "> [ada](#12):\n\n\n> [@ada](#0)\n\n\n> [@ada](/12)", "<blockquote>\n<p><a href=\"#12\">ada</a>:</p>\n</blockquote>\n<blockquote>\n<p><a href=\"#0\">@ada</a></p>\n</blockquote>\n<blockquote>\n<p><a href=\"/12\">@ada</a></p>\n</blockquote>"},

		{"a script from right to left", "שלום \u200fab مرحبا", "<p>שלום \u200fab مرحبا</p>"},
		{"turned around", "a\u202eb&#x202e;c\u2066d", "<p>abcd</p>"},
		{"blanks of code", "```\n" + strings.Repeat(" ", 70) + "a|" + strings.Repeat("|", 70) + "\n>>>>>>>>>>>>>>>>>>>>>>>>>>>>>> b\n```", "<pre><code>" + strings.Repeat(" ", 70) + "a|" + strings.Repeat("|", 70) + "\n" + strings.Repeat("&gt;", 30) + " b\n</code></pre>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.html, markdown.Render(c.source, options()).HTML); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatIsTold(t *testing.T) {
	source := "@Ada and @new.one, see https://a.example and [b](https://a.example), //c ![d](https://d.example/e.png) ![f](/p/1) ![g](/p/1)\n\n" +
		"> [@bob.b](#7):\n>\n> @quoted\n\n[h](mailto:i@j.example) [k](//l.example) `@code`"
	want := markdown.Result{
		Mentions: []string{"ada", "new.one"},
		Links:    []string{"https://a.example", "https://d.example/e.png", "https://l.example"},
		Pictures: []string{"/p/1"},
		Quotes:   []markdown.Quoted{{Handle: "bob.b", Number: 7}},
		Mails:    true,
	}
	got := markdown.Render(source, options())
	got.HTML, got.Plain = "", ""
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want.Mentions, markdown.Mentioned(source)); diff != "" {
		t.Error(diff)
	}
}

func TestNoPicturesWithoutSomebodyToAsk(t *testing.T) {
	if got := markdown.Render("![a](/p/1)", markdown.Options{}); got.HTML != `<p><a href="/p/1">a</a></p>` || got.Pictures != nil {
		t.Errorf("%+v", got)
	}
}

func TestPlain(t *testing.T) {
	for _, c := range []struct{ source, plain string }{
		{"# a\nb **c**\nd\n\n- e\n- [x] f\n\n> g", "a\nb c\nd\ne\nf\ng"},
		{"|a|b|\n|-|-|\n|c|d|", "a b\nc d"},
		{"`&amp;` &amp; \\* <b>", "&amp; & * <b>"},
		{"a\n\n```\n  b\n\n c\n```\nd", "a\n  b\n\n c\nd"},
		{"![p](/p/1) ![q](https://a.example) [r](/s) https://t.example", "p q r https://t.example"},
		{"a  \nb\\\nc", "a\nb\nc"},
		{"@ada :tada: ~~u~~", "@ada 🎉 u"},
	} {
		if diff := cmp.Diff(c.plain, markdown.Render(c.source, options()).Plain); diff != "" {
			t.Errorf("%q: %s", c.source, diff)
		}
	}
}

func TestQuote(t *testing.T) {
	for _, c := range []struct{ name, source, want string }{
		{"lines", "a\n\n  b\r\nc", "> [@ada](#12):\n>\n> a\n>\n>   b\n> c\n\n"},
		{"what it quotes itself", "> [@bob](#3):\n>\n> a\n\nb", "> [@ada](#12):\n>\n>\n> b\n\n"},
		{"long", strings.Repeat("é", 2_000), "> [@ada](#12):\n>\n> " + strings.Repeat("é", 1_499) + "…\n\n"},
		{"many lines", strings.Repeat("a\n", 2_000), "> [@ada](#12):\n>\n" + strings.Repeat("> a\n", 750) + "> …\n\n"},
	} {
		got := markdown.Quote("ada", 12, c.source)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
		r := markdown.Render(got+"my words", options())
		if diff := cmp.Diff([]markdown.Quoted{{Handle: "ada", Number: 12}}, r.Quotes); diff != "" || !strings.HasSuffix(r.HTML, "</blockquote>\n<p>my words</p>") {
			t.Errorf("%s: %s\n%s", c.name, diff, r.HTML)
		}
	}
}

func TestExcerpt(t *testing.T) {
	for _, c := range []struct {
		plain string
		most  int
		want  string
	}{
		{"a  b\n\nc", 10, "a b c"},
		{"one two three", 13, "one two three"},
		{"one two three", 12, "one two…"},
		{"one two, three", 10, "one two…"},
		{"ééééé", 3, "ééé…"},
		{"", 3, ""},
	} {
		if got := markdown.Excerpt(c.plain, c.most); got != c.want {
			t.Errorf("%q in %d: %q, want %q", c.plain, c.most, got, c.want)
		}
	}
}

func TestCheck(t *testing.T) {
	for source, ok := range map[string]bool{
		"a": true, "a\r\n\tb": true, strings.Repeat("é", markdown.Most): true, strings.Repeat("😀", markdown.Most): true,
		"": false, " \n\t": false, strings.Repeat("a", markdown.Most+1): false, strings.Repeat("a", 10<<20): false, "a\x00b": false, "a\x1bb": false, "a\u0085": false, "a\xffb": false,
	} {
		err := markdown.Check(source)
		if ok != (err == nil) {
			t.Errorf("%.20q: %v", source, err)
		}
		var f *fault.Error
		if !ok && (!errors.As(err, &f) || f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Name != "text") {
			t.Errorf("%.20q: %#v", source, err)
		}
	}
}

func TestManyMentions(t *testing.T) {
	var b strings.Builder
	people := map[string]string{}
	for i := range 5_000 {
		fmt.Fprintf(&b, "@u%d ", i)
		people[fmt.Sprintf("u%d", i)] = "/u"
	}
	got := markdown.Mentioned(b.String())
	if len(got) != 50 || got[0] != "u0" || got[49] != "u49" {
		t.Errorf("%v", got)
	}
	if n := strings.Count(markdown.Render(b.String(), markdown.Options{People: people}).HTML, "<a"); n != 50 {
		t.Errorf("%d links", n)
	}
}

func TestManyPictures(t *testing.T) {
	asked := map[string]int{}
	picture := func(at string) (markdown.Picture, bool) {
		asked[at]++
		return markdown.Picture{Src: "/m" + at}, true
	}
	var b strings.Builder
	for i := range 1_000 {
		fmt.Fprintf(&b, "![](/%d) ![](/0) ", i)
	}
	markdown.Render(b.String(), markdown.Options{Picture: picture})
	if len(asked) != 50 || asked["/0"] != 1 {
		t.Errorf("%d asked about, the first %d times", len(asked), asked["/0"])
	}
}

// What was kept before headings followed one another is read as what is written
// now, below whatever the page has.
func TestBelow(t *testing.T) {
	for _, c := range []struct {
		name  string
		html  string
		level int
		want  string
	}{
		{"without a heading", "<p>a</p>\n<hr>\n<p>h3 &lt;h3&gt;</p>", 1, "<p>a</p>\n<hr>\n<p>h3 &lt;h3&gt;</p>"},
		{"as it was kept", "<h3>a</h3>\n<p>x</p>\n<h5>b <em>h5</em></h5>\n<h6>c</h6>", 2, "<h3>a</h3>\n<p>x</p>\n<h4>b <em>h5</em></h4>\n<h5>c</h5>"},
		{"on a page of its own", "<h3>a</h3>\n<h5>b</h5>\n<h3>c</h3>", 1, "<h2>a</h2>\n<h3>b</h3>\n<h2>c</h2>"},
		{"what it begins deeper", "<blockquote>\n<h6>a</h6>\n</blockquote>\n<h4>b</h4>", 1, "<blockquote>\n<h2>a</h2>\n</blockquote>\n<h2>b</h2>"},
		{"code that looks like it", "<h4>a</h4>\n<pre><code>&lt;h4&gt;</code></pre>", 2, "<h3>a</h3>\n<pre><code>&lt;h4&gt;</code></pre>"},
		{"nothing", "", 2, ""},
		{"cut off", "<h4>a<", 2, "<h3>a<"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := markdown.Below(c.html, c.level)
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if again := markdown.Below(got, c.level); again != got {
				t.Errorf("twice it becomes %s", again)
			}
		})
	}
	now := markdown.Render("## a\n#### b\n# c", markdown.Options{}).HTML
	if below := markdown.Below(now, 2); below != now {
		t.Errorf("what is written now changes: %s to %s", now, below)
	}
}

// A line's end counts once, whether a form or a program sends it.
func TestLinesOfForms(t *testing.T) {
	line := strings.Repeat("a", 9)
	if err := markdown.Check(strings.Repeat(line+"\r\n", markdown.Most/10)); err != nil {
		t.Error(err)
	}
	if err := markdown.Check(strings.Repeat(line+"\r\n", markdown.Most/10+1)); err == nil {
		t.Error("too long, and taken")
	}
	if a, b := markdown.Render(strings.Repeat(line+"\r\n\r\n", markdown.Most/11), markdown.Options{}), markdown.Render(strings.Repeat(line+"\n\n", markdown.Most/11), markdown.Options{}); a.HTML != b.HTML {
		t.Error("lines of a form are shown otherwise")
	}
}

// What somebody quotes is not what they say, unless they say nothing else.
func TestOwn(t *testing.T) {
	for source, want := range map[string]string{
		"> [@ada](#2):\n>\n> It is sour.\n>\n> > Really.\n\nNot *here*.": "Not here.",
		"Yes.\n\n> Which?\n\nThe second.\n\n```\na > b\n```":             "Yes.\nThe second.\na > b",
		"> Only this.":              "Only this.",
		"> Only this.\n\n\u200b":    "Only this.\n\u200b",
		"No quote at all: 3 > 2.":   "No quote at all: 3 > 2.",
		"- > in a list\n- mine":     "mine",
		"> ![a cup](/p/a)\n\nMine.": "Mine.",
	} {
		if got := markdown.Own(markdown.Render(source, markdown.Options{}).HTML); got != want {
			t.Errorf("of %q it is %q", source, got)
		}
	}
}
