package archive_test

import (
	"archive/zip"
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"rapport/internal/archive"
	"rapport/internal/db/dbtest"
)

// pack is an archive taken apart, so that one thing of it can be made wrong.
type pack map[string][]byte

func unpack(t *testing.T, file []byte) pack {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	out := pack{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if out[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// honest lists in the manifest what is there now: a forger can do that too.
func (p pack) honest(t *testing.T) pack {
	t.Helper()
	var m archive.Manifest
	if err := json.Unmarshal(p["manifest.json"], &m); err != nil {
		t.Fatal(err)
	}
	m.Files = nil
	for name, content := range p {
		if name == "manifest.json" || name == "index.html" {
			continue
		}
		sum := sha256.Sum256(content)
		f := archive.File{Name: name, Bytes: int64(len(content)), SHA256: hex.EncodeToString(sum[:])}
		if strings.HasSuffix(name, ".jsonl") {
			f.Rows = int64(bytes.Count(content, []byte("\n")))
		}
		m.Files = append(m.Files, f)
	}
	p["manifest.json"], _ = json.Marshal(m)
	return p
}

func (p pack) zip(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, content := range p {
		to, err := w.Create(name)
		if err == nil {
			_, err = to.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// swap changes the first place where a part says one thing.
func (p pack) swap(t *testing.T, name, old, fresh string) pack {
	t.Helper()
	if !bytes.Contains(p[name], []byte(old)) {
		t.Fatalf("%s does not hold %s: %.400s", name, old, p[name])
	}
	p[name] = bytes.Replace(p[name], []byte(old), []byte(fresh), 1)
	return p
}

// aPicture is the file of a picture in a post.
func aPicture(p pack) string {
	for name := range p {
		if strings.HasPrefix(name, "pictures/") {
			return name
		}
	}
	return ""
}

const stranger = "01a00000-0000-7000-8000-000000000000"

func TestAHostileArchiveIsRefusedAndLeavesNothing(t *testing.T) {
	file := full(t, dbtest.Open(t)).export(t)
	to := empty(t, dbtest.Open(t))
	for _, c := range []struct {
		name string
		make func(t *testing.T, p pack) pack
		says string
	}{
		{"a part was changed", func(t *testing.T, p pack) pack { return p.swap(t, "posts.jsonl", "compost", "komposT") }, "posts.jsonl is not as its manifest says"},
		{"a part is missing", func(t *testing.T, p pack) pack { delete(p, "parts.jsonl"); return p }, "parts.jsonl is missing"},
		{"a part too many", func(t *testing.T, p pack) pack { p["evil.jsonl"] = nil; return p.honest(t) }, "does not belong in one"},
		{"a path that leads out", func(t *testing.T, p pack) pack { p["../../etc/passwd"] = []byte("x"); return p.honest(t) }, "does not belong in one"},
		{"a media path that leads out", func(t *testing.T, p pack) pack { p["media/../full"] = []byte("x"); return p.honest(t) }, "does not belong in one"},
		{"not listed", func(t *testing.T, p pack) pack { p["media/"+stranger+"/full"] = []byte("x"); return p }, "does not list"},
		{"a picture of nothing", func(t *testing.T, p pack) pack {
			p["media/"+stranger+"/full"] = []byte("x")
			return p.honest(t)
		}, "no picture is called"},
		{"a picture that is none", func(t *testing.T, p pack) pack {
			for name := range p {
				if strings.HasSuffix(name, "/full") {
					p[name] = []byte("<svg onload=alert(1)>")
				}
			}
			return p.honest(t)
		}, "is no picture"},
		{"a picture of a post that nothing lists", func(t *testing.T, p pack) pack {
			p["pictures/abcdefghijklmnopqrstuvwxyz"] = p[aPicture(p)]
			return p.honest(t)
		}, "no picture is called"},
		{"a picture of a post that leads out", func(t *testing.T, p pack) pack {
			p["pictures/../../face/x"] = p[aPicture(p)]
			return p.honest(t)
		}, "does not belong in one"},
		{"a picture of a post that is none", func(t *testing.T, p pack) pack {
			p[aPicture(p)] = []byte("<svg onload=alert(1)>")
			return p.honest(t)
		}, "is no picture"},
		{"a picture of a post that is cut", func(t *testing.T, p pack) pack {
			name := aPicture(p)
			was := len(p[name])
			p[name] = p[name][:was-20]
			return p.swap(t, "pictures.jsonl", fmt.Sprintf(`"bytes":%d`, was), fmt.Sprintf(`"bytes":%d`, was-20)).honest(t)
		}, "is no picture"},
		{"a picture of a post that was changed", func(t *testing.T, p pack) pack {
			p[aPicture(p)][30] ^= 1
			return p
		}, "is not as its manifest says"},
		{"a picture of a post that says it is larger", func(t *testing.T, p pack) pack {
			return p.swap(t, "pictures.jsonl", `"width":40`, `"width":4000`).honest(t)
		}, "is not as pictures.jsonl says"},
		{"a picture of a post of another kind", func(t *testing.T, p pack) pack {
			return p.swap(t, "pictures.jsonl", `"mime":"image/`, `"mime":"text/html`).honest(t)
		}, "cannot be"},
		{"a picture of a post of nobody", func(t *testing.T, p pack) pack {
			return p.swap(t, "pictures.jsonl", `"member":"`, `"member":"`+stranger+`","x":"`).honest(t)
		}, "is not in the archive"},
		{"a picture of a post by a path", func(t *testing.T, p pack) pack {
			delete(p, aPicture(p))
			return p.swap(t, "pictures.jsonl", `"id":"`, `"id":"../`).honest(t)
		}, "it is no id"},
		{"a picture of a post twice", func(t *testing.T, p pack) pack {
			p["pictures.jsonl"] = append(p["pictures.jsonl"], p["pictures.jsonl"]...)
			return p.honest(t)
		}, "there are two with this id"},
		{"a bomb", func(t *testing.T, p pack) pack { p["index.html"] = make([]byte, 64<<20); return p }, "grow far too large"},
		{"another format", func(t *testing.T, p pack) pack { return p.swap(t, "manifest.json", archive.Format, "rapport.brand/99") }, "Use a newer Rapport"},
		{"another brand", func(t *testing.T, p pack) pack {
			var b map[string]any
			_ = json.Unmarshal(p["brand.json"], &b)
			b["id"] = stranger
			p["brand.json"], _ = json.Marshal(b)
			return p.honest(t)
		}, "not the one its manifest names"},
		{"a bad zone", func(t *testing.T, p pack) pack {
			return p.swap(t, "brand.json", "Europe/Berlin", "../../etc").honest(t)
		}, "Choose a time zone"},
		{"a foreign id", func(t *testing.T, p pack) pack {
			return p.swap(t, "variants.jsonl", `"channel":"`, `"channel":"`+stranger+`","x":"`).honest(t)
		}, "is not in the archive"},
		{"an unknown field", func(t *testing.T, p pack) pack {
			return p.swap(t, "labels.jsonl", "", `{"credential":"x"}`+"\n").honest(t)
		}, "line 1 of labels.jsonl"},
		{"twice the same id", func(t *testing.T, p pack) pack {
			first, _, _ := bytes.Cut(p["posts.jsonl"], []byte("\n"))
			p["posts.jsonl"] = append(p["posts.jsonl"], append(first, '\n')...)
			return p.honest(t)
		}, "there are two with this id"},
		{"a script for a link", func(t *testing.T, p pack) pack {
			return p.swap(t, "deliveries.jsonl", `https://paper.example/1`, `javascript:alert(1)`).honest(t)
		}, "no web address"},
		{"a short link that leads to a script", func(t *testing.T, p pack) pack {
			return p.swap(t, "links.jsonl", `"target":"/t/which-grinder/1"`, `"target":"javascript:alert(1)"`).honest(t)
		}, "leads where no link may"},
		{"an unknown state", func(t *testing.T, p pack) pack {
			return p.swap(t, "deliveries.jsonl", `"state":"published"`, `"state":"paid"`).honest(t)
		}, "cannot be"},
		{"a line without end", func(t *testing.T, p pack) pack {
			noise := make([]byte, 3<<20)
			_, _ = rand.Read(noise)
			p["posts.jsonl"] = []byte(`{"id":"` + hex.EncodeToString(noise))
			return p.honest(t)
		}, "longer than"},
		{"no JSON", func(t *testing.T, p pack) pack { p["posts.jsonl"] = []byte("hello\n"); return p.honest(t) }, "it is no JSON object"},
		{"a role that is none", func(t *testing.T, p pack) pack {
			return p.swap(t, "team.jsonl", `"role":"community"`, `"role":"god"`).honest(t)
		}, "cannot be"},
		{"no zip", func(t *testing.T, p pack) pack { return nil }, "no zip file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bad := []byte("PK\x03\x04 and no more")
			if p := c.make(t, unpack(t, file)); p != nil {
				bad = p.zip(t)
			}
			i := to.take(t, bad)
			if i.State != archive.Failed || !strings.Contains(i.Error, c.says) {
				t.Errorf("state %s, error %q, want %q", i.State, i.Error, c.says)
			}
			nothing(t, to)
		})
	}
}

// nothing checks that no row and no file of a brand is there.
func nothing(t *testing.T, h house) {
	t.Helper()
	for _, table := range []string{"brand", "post", "delivery", "channel", "conversation", "message", "person", "media", "metric", "activity", "search_doc", "access_grant", "topic_picture"} {
		if n := one(t, h.DB, `SELECT CAST(COUNT(*) AS TEXT) FROM `+table); n != "0" {
			t.Errorf("%s rows of %s are left", n, table)
		}
	}
	for info, err := range h.Media.Blobs.List(t.Context(), "") {
		t.Errorf("the file %s is left (%v)", info.Key, err)
	}
}

// Ids of another brand are not written over, and what was begun goes again.
func TestIdsThatAreTakenAreRefused(t *testing.T) {
	h := full(t, dbtest.Open(t))
	p := unpack(t, h.export(t))
	for _, name := range []string{"brand.json", "manifest.json"} {
		p[name] = bytes.ReplaceAll(p[name], []byte(h.Brand.ID), []byte(stranger))
	}
	counted := `SELECT CAST(COUNT(*) AS TEXT) FROM post`
	before := one(t, h.DB, counted)
	i := h.take(t, p.honest(t).zip(t))
	if i.State != archive.Failed || !strings.Contains(i.Error, "part of another brand") || one(t, h.DB, counted) != before {
		t.Errorf("%+v", i)
	}
	if n := one(t, h.DB, `SELECT CAST(COUNT(*) AS TEXT) FROM brand WHERE id = $1`, stranger); n != "0" {
		t.Error("a part of it is left")
	}
}
