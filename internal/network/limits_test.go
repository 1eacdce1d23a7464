package network_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"rapport/internal/fault"
	"rapport/internal/network"
)

func TestLength(t *testing.T) {
	const family = "👩‍👩‍👧" // five code points, eight UTF-16 units, eighteen bytes
	for _, c := range []struct {
		name   string
		limits network.Limits
		text   string
		want   int
	}{
		{"nothing", network.Limits{}, "", 0},
		{"no unit counts code points", network.Limits{}, family, 5},
		{"code points", network.Limits{Unit: network.Runes}, family, 5},
		{"graphemes", network.Limits{Unit: network.Graphemes}, family, 1},
		{"utf-16", network.Limits{Unit: network.UTF16}, family, 8},
		{"bytes", network.Limits{Unit: network.Bytes}, family, 18},
		{"a combined accent", network.Limits{Unit: network.Graphemes}, "e\u0301", 1},
		{"a flag", network.Limits{Unit: network.Graphemes}, "🇳🇵", 1},
		{"a line end", network.Limits{Unit: network.Graphemes}, "a\r\nb", 3},
		{"an address as it is", network.Limits{}, "https://a.example", 17},
		{"an address at a fixed price", network.Limits{URLLength: 23}, "https://a.example", 23},
		{"a long address too", network.Limits{URLLength: 23}, "see http://a.example/" + strings.Repeat("p", 90) + " now", 31},
		{"two addresses", network.Limits{URLLength: 10}, "https://a.example https://b.example", 21},
		{"an address in brackets", network.Limits{URLLength: 10}, "<https://a.example>", 12},
		{"no address", network.Limits{URLLength: 23}, "a.example ftp://b", 17},
		{"a fixed price in bytes", network.Limits{URLLength: 23, Unit: network.Bytes}, "ü https://a.example", 26},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.limits.Length(c.text); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}

func TestAWarningCountsAsItIsWritten(t *testing.T) {
	limits := network.Limits{Text: 26, MentionsLocal: true, Options: []network.Option{{Name: network.OptionWarning, Counts: true}}}
	it := network.Item{Text: "four @mira@a.example", Options: map[string]string{network.OptionWarning: "Food @a@b.example"}}
	got := limits.Check([]network.Item{it})
	if len(got) != 1 || got[0].Text != "Shorten the text by 1 characters; 26 is the most." {
		t.Errorf("problems: %+v", got)
	}
}

func TestCounted(t *testing.T) {
	if got := (network.Limits{}).Counted(); got != network.Runes {
		t.Errorf("no unit is %q", got)
	}
	if got := (network.Limits{Unit: network.Bytes}).Counted(); got != network.Bytes {
		t.Errorf("bytes are %q", got)
	}
}

func TestCheck(t *testing.T) {
	limits := network.Limits{Text: 10, TextBytes: 20, Unit: network.Graphemes, Images: 2, ImageBytes: 1000,
		ImageTypes: []string{"image/png"}, AltText: 5, Parts: 2}
	comments := limits
	comments.Comment = true
	pictures := limits
	pictures.NeedsMedia = true
	fine := network.Media{Mime: "image/png", Name: "a.png", Bytes: 1000, Alt: "A cat"}
	with := func(change func(*network.Media)) network.Media {
		m := fine
		change(&m)
		return m
	}
	for _, c := range []struct {
		name   string
		limits network.Limits
		items  []network.Item
		want   []string // code/severity/part
	}{
		{"all is well", limits, []network.Item{{Text: "ten chars."}, {Media: []network.Media{fine, fine}}}, nil},
		{"no item", limits, nil, nil},
		{"too long", limits, []network.Item{{Text: "eleven char"}}, []string{"text_too_long/blocking/0"}},
		{"too many bytes only", limits, []network.Item{{Text: "👩‍👩‍👧👩‍👩‍👧"}}, []string{"text_too_many_bytes/blocking/0"}},
		{"no text limit", network.Limits{}, []network.Item{{Text: strings.Repeat("a", 9999)}}, nil},
		{"empty", limits, []network.Item{{Text: " \n"}}, []string{"empty/blocking/0"}},
		{"the second part", limits, []network.Item{{Text: "a"}, {Text: "eleven char"}}, []string{"text_too_long/blocking/1"}},
		{"too many parts", limits, []network.Item{{Text: "a"}, {Text: "b"}, {Text: "c"}}, []string{"too_many_parts/blocking/2"}},
		{"a comment is one more", comments, []network.Item{{Text: "a"}, {Text: "b"}, {Text: "c"}}, nil},
		{"no threads", network.Limits{}, []network.Item{{Text: "a"}, {Text: "b"}}, []string{"too_many_parts/blocking/1"}},
		{"no pictures", network.Limits{}, []network.Item{{Text: "a", Media: []network.Media{fine}}}, []string{"too_many_images/blocking/0"}},
		{"three pictures", limits, []network.Item{{Media: []network.Media{fine, fine, fine}}}, []string{"too_many_images/blocking/0"}},
		{"a large picture", limits, []network.Item{{Media: []network.Media{with(func(m *network.Media) { m.Bytes++ })}}}, []string{"image_too_large/blocking/0"}},
		{"another type", limits, []network.Item{{Media: []network.Media{with(func(m *network.Media) { m.Mime = "image/gif" })}}}, []string{"image_type/blocking/0"}},
		{"a long description", limits, []network.Item{{Media: []network.Media{with(func(m *network.Media) { m.Alt = "A café" })}}}, []string{"alt_too_long/blocking/0"}},
		{"no description", limits, []network.Item{{Media: []network.Media{with(func(m *network.Media) { m.Alt = " " })}}}, []string{"alt_missing/advice/0"}},
		{"a picture is needed", pictures, []network.Item{{Text: "a"}}, []string{"media_missing/blocking/0"}},
		{"a picture in the second is not enough", pictures, []network.Item{{Text: "a"}, {Media: []network.Media{fine}}}, []string{"media_missing/blocking/0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, p := range c.limits.Check(c.items) {
				got = append(got, fmt.Sprintf("%s/%s/%d", p.Code, p.Severity, p.Part))
				if !strings.HasSuffix(p.Text, ".") {
					t.Errorf("%q is no sentence", p.Text)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestProblemsSayHowMuch(t *testing.T) {
	got := network.Limits{Text: 10, Unit: network.Graphemes}.CheckText(3, "thirteen char")
	want := []network.Problem{{Code: "text_too_long", Severity: network.Blocking, Part: 3,
		Text: "Shorten the text by 3 characters; 10 is the most."}}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(network.Problem{}, "Phrase")); diff != "" {
		t.Error(diff)
	}
}

func TestVerdictOf(t *testing.T) {
	refused := &network.Error{Verdict: network.Refused, Text: "Too long.", Cause: context.Canceled}
	for _, c := range []struct {
		name string
		err  error
		want network.Verdict
	}{
		{"none", nil, network.Unclear},
		{"another error", io.EOF, network.Unclear},
		{"no verdict", &network.Error{}, network.Unclear},
		{"refused", refused, network.Refused},
		{"wrapped", fmt.Errorf("publish: %w", refused), network.Refused},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := network.VerdictOf(c.err); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
	if !errors.Is(refused, context.Canceled) {
		t.Error("the cause is lost")
	}
	if got := refused.Error(); got != "refused: Too long.: context canceled" {
		t.Errorf("got %q", got)
	}
}

func TestCredentialsAreNotPrinted(t *testing.T) {
	c := network.Credential{"token": "swordfish"}
	for _, got := range []string{fmt.Sprint(c), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c), fmt.Sprintf("%s", c),
		fmt.Sprintf("%+v", network.Target{Credential: c})} {
		if strings.Contains(got, "swordfish") {
			t.Errorf("printed: %s", got)
		}
	}
}

type named string

func (n named) Facts() network.Facts {
	return network.Facts{Name: string(n), Title: strings.ToUpper(string(n))}
}

func TestSet(t *testing.T) {
	s := network.NewSet(named("b"), named("a"))
	if n, err := s.Named("a"); err != nil || n != named("a") {
		t.Errorf("a is %v, %v", n, err)
	}
	if _, err := s.Named("c"); !fault.Is(err, fault.NotFound) {
		t.Errorf("c gives %v", err)
	}
	if _, err := s.Publisher("a"); !fault.Is(err, fault.Invalid) {
		t.Errorf("publishing to a gives %v", err)
	}
	if diff := cmp.Diff([]network.Network{named("a"), named("b")}, s.All()); diff != "" {
		t.Error(diff)
	}
	defer func() {
		if recover() == nil {
			t.Error("two networks of one name are taken")
		}
	}()
	network.NewSet(named("a"), named("a"))
}
