package emulator_test

import (
	"cmp"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rapport/internal/network/bluesky/emulator"
)

// The names were computed with the network's own program.
func TestRecordsAreNamedAsOnTheNetwork(t *testing.T) {
	for raw, want := range map[string]string{
		`{"$type":"app.bsky.feed.post","text":"Hello.","createdAt":"2026-03-02T09:00:00.000Z"}`: "bafyreihblaul54amtrw4rojiboxvzmrnty2ozujuy6v4xftyuyi7wzu6ya",
		`{"$type":"app.bsky.feed.post","text":"Grüße 👋🏽","createdAt":"2026-03-02T09:00:00.000Z","langs":["de","en"],"facets":[{"index":{"byteStart":0,"byteEnd":300},"features":[{"$type":"app.bsky.richtext.facet#tag","tag":"x"}]}],"embed":{"$type":"app.bsky.embed.images","images":[{"alt":"","image":{"$type":"blob","ref":{"$link":"bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq"},"mimeType":"image/png","size":70000}}]}}`: "bafyreicqxt4qp4db5z32imckbzr3xzg3ylifrkmdkcs2xdearfkabaifxq",
		`{"n":-1,"m":-70000,"big":9007199254740991,"yes":true,"no":false,"nothing":null,"b":{"$bytes":"aGVsbG8"},"list":[],"o":{}}`: "bafyreie57zzbbt5mqlkydyitvovmb67hle7mys57krew5c6unfa5gn4kq4",
	} {
		if got, err := emulator.RecordCID(raw); err != nil || got != want {
			t.Errorf("%s: got %s, %v; want %s", raw, got, err, want)
		}
	}
	if _, err := emulator.RecordCID(`{"n":1.5}`); err == nil {
		t.Error("a fraction has a name")
	}
}

func TestPostsAreHeldToTheLexicon(t *testing.T) {
	record := func(fields string) string {
		return `{"$type":"app.bsky.feed.post","createdAt":"2026-03-02T09:00:00Z"` + fields + `}`
	}
	facet := func(index, feature string) string {
		return record(`,"text":"x","facets":[{"index":` + index + `,"features":[` + feature + `]}]`)
	}
	link := `{"$type":"app.bsky.richtext.facet#link","uri":"https://north.test/"}`
	span := `{"byteStart":0,"byteEnd":1}`
	ref := `{"uri":"at://did:plc:abc/app.bsky.feed.post/3mfzzzzzzzz2a","cid":"bafyreihblaul54amtrw4rojiboxvzmrnty2ozujuy6v4xftyuyi7wzu6ya"}`
	for _, c := range []struct{ what, raw, want string }{
		{"a text", record(`,"text":"Hello."`), ""},
		{"an empty text", record(`,"text":""`), ""},
		{"no text", record(``), `Missing required key "text"`},
		{"a number as text", record(`,"text":7`), "Expected string"},
		{"300 characters", record(`,"text":"` + strings.Repeat("a", 300) + `"`), ""},
		{"301 characters", record(`,"text":"` + strings.Repeat("a", 301) + `"`), "grapheme too big (maximum 300, got 301) at $.text"},
		{"300 of four bytes", record(`,"text":"` + strings.Repeat("👋", 300) + `"`), ""},
		{"300 families of eighteen bytes", record(`,"text":"` + strings.Repeat("👨‍👩‍👧", 300) + `"`), "string too big (maximum 3000, got 5400)"},
		{"166 families", record(`,"text":"` + strings.Repeat("👨‍👩‍👧", 166) + `"`), ""},
		{"a date without a zone", `{"text":"x","createdAt":"2026-03-02T09:00:00"}`, "Invalid datetime"},
		{"a day that is none", `{"text":"x","createdAt":"2026-02-30T09:00:00Z"}`, "Invalid datetime"},
		{"three languages", record(`,"text":"x","langs":["en","de-AT","zh-Hant"]`), ""},
		{"four languages", record(`,"text":"x","langs":["en","de","fr","it"]`), "array too big (maximum 3, got 4)"},
		{"no language", record(`,"text":"x","langs":["english language"]`), "Invalid language"},
		{"a link", facet(span, link), ""},
		{"a link without an address", facet(span, `{"$type":"app.bsky.richtext.facet#link"}`), `Missing required key "uri"`},
		{"a feature of a kind to come", facet(span, `{"$type":"com.example.facet#thing"}`), ""},
		{"a feature without its kind", facet(span, `{"uri":"https://north.test/"}`), "$type"},
		{"a facet before the text", facet(`{"byteStart":-1,"byteEnd":1}`, link), "integer too small"},
		{"a facet at a fraction", facet(`{"byteStart":0.5,"byteEnd":1}`, link), "Expected integer"},
		{"a mention of a handle", facet(span, `{"$type":"app.bsky.richtext.facet#mention","did":"mira.test"}`), "Invalid DID"},
		{"a tag of 65", facet(span, `{"$type":"app.bsky.richtext.facet#tag","tag":"`+strings.Repeat("t", 65)+`"}`), "grapheme too big (maximum 64"},
		{"a reply", record(`,"text":"x","reply":{"root":` + ref + `,"parent":` + ref + `}`), ""},
		{"a reply without a root", record(`,"text":"x","reply":{"parent":` + ref + `}`), `Missing required key "root"`},
		{"a reply to no CID", record(`,"text":"x","reply":{"root":` + ref + `,"parent":{"uri":"at://did:plc:abc/app.bsky.feed.post/3mfzzzzzzzz2a","cid":"x"}}`), "Invalid CID string"},
		{"a quote", record(`,"text":"x","embed":{"$type":"app.bsky.embed.record","record":` + ref + `}`), ""},
		{"a card without words", record(`,"text":"x","embed":{"$type":"app.bsky.embed.external","external":{"uri":"https://north.test","title":"T"}}`), `Missing required key "description"`},
		{"five pictures", record(`,"text":"x","embed":{"$type":"app.bsky.embed.images","images":[1,2,3,4,5]}`), "array too big (maximum 4, got 5)"},
		{"a warning", record(`,"text":"x","labels":{"$type":"com.atproto.label.defs#selfLabels","values":[{"val":"nudity"}]}`), ""},
		{"a warning without a kind", record(`,"text":"x","labels":{"values":[{"val":"nudity"}]}`), "$type"},
		{"nine tags", record(`,"text":"x","tags":["1","2","3","4","5","6","7","8","9"]`), "array too big (maximum 8, got 9)"},
		{"fields to come", record(`,"text":"x","later":{"y":[1]}`), ""},
	} {
		got := emulator.RecordIssue(postType, c.raw)
		if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.what, got, c.want)
		}
	}
}

func TestFormats(t *testing.T) {
	long := strings.Repeat("a", 600)
	for format, c := range map[string]struct{ good, bad []string }{
		"did":           {[]string{"did:plc:abc", "did:web:north.test"}, []string{"did:PLC:x", "plc:abc", "did:plc:", "did:plc:a b", "did:plc:abc:"}},
		"handle":        {[]string{"north.test", "a.b-c.example"}, []string{"north", "north.", ".test", "north.1", "-a.test", "a_b.test"}},
		"at-identifier": {[]string{"north.test", "did:plc:abc"}, []string{"north", "@north.test"}},
		"nsid":          {[]string{"app.bsky.feed.post"}, []string{"app.post", "app.bsky.feed-post", "app..post.x", "1app.bsky.post"}},
		"at-uri": {[]string{"at://did:plc:abc", "at://north.test/app.bsky.feed.post", "at://did:plc:abc/app.bsky.feed.post/3mfzzzzzzzz2a"},
			[]string{"https://north.test", "at://north", "at://did:plc:abc/post/1", "at://did:plc:abc/app.bsky.feed.post/", "at://did:plc:abc/app.bsky.feed.post/a/b"}},
		"cid":        {[]string{"bafyreihblaul54amtrw4rojiboxvzmrnty2ozujuy6v4xftyuyi7wzu6ya"}, []string{"", "bafy", "zafyrei"}},
		"tid":        {[]string{"3jzfcijpj2z2a"}, []string{"3jzfcijpj2z2", "0000000000000", "zzzzzzzzzzzzz", "3jzfcijpj2z2aa"}},
		"record-key": {[]string{"self", "a:b~c", "3jzfcijpj2z2a"}, []string{"", ".", "..", "a/b", "a b", long}},
		"datetime": {[]string{"2026-03-02T09:00:00Z", "2026-03-02T09:00:00.123456+05:30"},
			[]string{"2026-03-02", "2026-03-02T09:00Z", "2026-03-02 09:00:00Z", "2026-03-02T09:00:00-00:00", "2026-13-02T09:00:00Z", "0000-01-01T00:00:00Z"}},
		"uri":      {[]string{"https://north.test/x", "mailto:a@north.test"}, []string{"north.test", "https:// x", "/x"}},
		"language": {[]string{"en", "pt-BR", "zh-Hant-TW", "x-klingon"}, []string{"", "e", "en_US", "english language"}},
	} {
		for _, s := range c.good {
			if !emulator.FormatFits(format, s) {
				t.Errorf("%s: %q is refused", format, s)
			}
		}
		for _, s := range c.bad {
			if emulator.FormatFits(format, s) {
				t.Errorf("%s: %q passes", format, s)
			}
		}
	}
}

// The lexicons kept here are a part of those that the protocol publishes; the
// checker must know what any of them says.
func TestCheckerKnowsEveryLexicon(t *testing.T) {
	folder := filepath.Join(cmp.Or(os.Getenv("RAPPORT_CONTRACTS"), "../../../../../shared/contracts"), "atproto/lexicons")
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("The whole set of lexicons is not beside this repository (%s), so only those kept here were used. Name the folder of contracts in RAPPORT_CONTRACTS.", folder)
	}
	unknown, read, err := emulator.Unknown(os.DirFS(folder))
	if err != nil || read < 300 || len(unknown) > 0 {
		t.Errorf("read %d definitions, %v; not known: %v", read, err, unknown)
	}
}

func FuzzRecord(f *testing.F) {
	f.Add(`{"text":"x","createdAt":"2026-03-02T09:00:00Z"}`)
	f.Add(`{"text":"x","createdAt":1,"embed":{"$type":[]},"facets":[null],"reply":{}}`)
	f.Fuzz(func(t *testing.T, raw string) {
		emulator.RecordIssue(postType, raw)
		_, _ = emulator.RecordCID(raw)
	})
}
