package commons_test

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"rapport/internal/access"
	"rapport/internal/fault"
	"rapport/internal/join"
	"rapport/internal/member"
	"rapport/internal/notice"
	"rapport/internal/outbox"
	"rapport/internal/space"
	"rapport/internal/tell"
	"rapport/internal/topic"
)

// sends uploads a picture as the form does.
func (p *place) sends(token string, file []byte) answer {
	p.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	part, err := m.CreateFormFile("picture", "me.png")
	p.must(err)
	_, err = part.Write(file)
	p.must(err)
	p.must(m.Close())
	r := httptest.NewRequest(http.MethodPost, "/me/picture", &body)
	r.Header.Set("Content-Type", m.FormDataContentType())
	r.AddCookie(&http.Cookie{Name: "rapport", Value: token})
	w := httptest.NewRecorder()
	p.pages.ServeHTTP(w, r)
	res := w.Result()
	res.Request = r
	all, err := io.ReadAll(res.Body)
	p.must(err)
	return answer{res, string(all)}
}

func drawn(t *testing.T, w, h int, c color.Color) []byte {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var faceAt = regexp.MustCompile(`src="(/face/[0-9a-f]{24}\.(?:jpeg|png))"`)

// A member's picture is shown wherever they are, small, square and for ever at
// its address, goes along in their export, and is gone when they take it away,
// leave, or the team takes it with a reason.
func TestPicturesOfMembers(t *testing.T) {
	p := open(t)
	token := p.signUp("Kim")
	v := p.voice("kim")
	p.must(member.Trust(ctx, p.DB, access.System(), p.brand.ID, v.Member.ID, true))
	v = p.voice("kim")
	said, err := topic.Begin(ctx, p.DB, v, topic.New{Space: p.talk.ID, Title: "Beans", Text: "Which?"})
	p.must(err)
	places := []string{"/", said.Topic.Path(), "/people", "/u/kim", "/s/" + p.talk.Slug}
	for _, at := range places {
		p.get("", at).has(t, ">").lacks(t, "/face/")
	}
	var moving bytes.Buffer
	frame := image.NewPaletted(image.Rect(0, 0, 4, 4), color.Palette{color.Black, color.White})
	p.must(gif.EncodeAll(&moving, &gif.GIF{Image: []*image.Paletted{frame, frame}, Delay: []int{1, 1}}))
	bomb := drawn(t, 4, 4, color.Black)
	copy(bomb[16:], []byte{0, 0, 0x2e, 0, 0, 0, 0x2e, 0}) // says that it is 11,776 × 11,776
	for name, file := range map[string][]byte{"a bomb": bomb, "one that moves": moving.Bytes(),
		"a drawing": []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), "half of one": drawn(t, 200, 200, color.White)[:100]} {
		p.sends(token, file).hasStatus(t, http.StatusUnprocessableEntity)
		if m := p.voice("kim").Member; m.Picture != "" {
			t.Fatalf("%s became a picture", name)
		}
	}

	// What is wide becomes a square.
	p.sends(token, drawn(t, 900, 400, color.NRGBA{200, 30, 30, 255})).hasStatus(t, http.StatusSeeOther)
	found := faceAt.FindStringSubmatch(p.get(token, "/me").body)
	if found == nil {
		t.Fatal("it is not on the settings")
	}
	for _, at := range places {
		p.get("", at).has(t, `src="`+found[1]+`"`)
	}
	pic := p.get("", found[1])
	for name, want := range map[string]string{"Content-Type": "image/jpeg", "Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"} {
		if got := pic.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	shown, err := jpeg.Decode(strings.NewReader(pic.body))
	if err != nil || shown.Bounds().Dx() != 192 || shown.Bounds().Dy() != 192 {
		t.Errorf("it is %v, %v", shown, err)
	}
	p.get(token, "/me/export").has(t, "data:image/jpeg;base64,"+base64.StdEncoding.EncodeToString([]byte(pic.body)))
	for _, at := range []string{"/face/x.jpeg", "/face/..jpeg", "/face/000000000000000000000000.jpeg"} {
		p.get("", at).hasStatus(t, http.StatusNotFound)
	}

	// Another takes its place, and the old one is gone.
	p.sends(token, drawn(t, 50, 80, color.NRGBA{0, 90, 0, 128})).hasStatus(t, http.StatusSeeOther)
	next := faceAt.FindStringSubmatch(p.get("", "/u/kim").body)
	if next == nil || next[1] == found[1] || !strings.HasSuffix(next[1], ".png") {
		t.Fatalf("the next is at %v", next)
	}
	p.get("", found[1]).hasStatus(t, http.StatusNotFound)
	p.sends(token, drawn(t, 50, 80, color.NRGBA{0, 90, 0, 128})).hasStatus(t, http.StatusSeeOther)
	p.get("", next[1]).hasStatus(t, http.StatusOK)

	// The team takes it away and says why.
	mine := p.voice("kim").Member
	name := mine.Picture[strings.LastIndex(mine.Picture, "/")+1:]
	for _, c := range []struct {
		why  string
		who  access.Who
		seen string
		text string
		want fault.Kind
	}{
		{"no reason", p.owner, name, " ", fault.Invalid},
		{"another was looked at", p.owner, "other.png", "Rude", fault.Conflict},
		{"who may not", v.Who, name, "Rude", fault.NotFound},
		{"a creator", access.Who{Account: "x", Grants: []access.Grant{{Brand: p.brand.ID, Role: access.Creator}}}, name, "Rude", fault.Denied},
	} {
		if err := member.TakePicture(ctx, p.DB, c.who, p.brand.ID, mine.ID, member.Taken{Seen: c.seen, Reason: c.text}); !fault.Is(err, c.want) {
			t.Errorf("%s: %v", c.why, err)
		}
	}
	p.get("", next[1]).hasStatus(t, http.StatusOK)
	moderator := access.Who{Account: p.owner.Account, Grants: []access.Grant{{Brand: p.brand.ID, Role: access.Moderator}}}
	p.must(member.TakePicture(ctx, p.DB, moderator, p.brand.ID, mine.ID, member.Taken{Seen: name, Rule: "Be yourself", Reason: "It is somebody else"}))
	p.get("", next[1]).hasStatus(t, http.StatusNotFound)
	p.get("", "/u/kim").lacks(t, "/face/")

	// They are told, and the notice leads to where they choose another.
	reader := outbox.NewReader(p.DB, nil)
	(&tell.Teller{DB: p.DB, Letters: p.join.Letters, Keys: p.join.Keys, Address: p.join.Address}).Listen(reader)
	_, err = reader.Drain(ctx)
	p.must(err)
	p.must(notice.ReadKind(ctx, p.DB, p.voice("kim"), notice.Door))
	p.get(token, "/notices").has(t, `href="/me#picture"`, "The team took your picture away", "Rule: Be yourself", "Reason: It is somebody else", "data-unread")
	p.get(token, "/").has(t, "Notices: 1 unread")
	p.get(token, "/me").has(t, "took your picture away", "It is somebody else", "Rule: Be yourself", `id="picture"`)
	p.get(token, "/").lacks(t, "Notices: 1 unread")
	p.get(token, "/notices").has(t, "The team took your picture away", "It is somebody else").lacks(t, "data-unread")

	// They choose another, and take it away themselves, or leave with it.
	p.sends(token, drawn(t, 300, 300, color.Black)).hasStatus(t, http.StatusSeeOther)
	last := faceAt.FindStringSubmatch(p.get(token, "/me").body)
	p.get(token, "/me").lacks(t, "took your picture away")
	p.get(token, "/notices").has(t, "The team took your picture away", "It is somebody else")
	p.do(token, "/me/picture/remove", map[string][]string{}).hasStatus(t, http.StatusSeeOther)
	p.get("", last[1]).hasStatus(t, http.StatusNotFound)
	p.sends(token, drawn(t, 300, 300, color.Black)).hasStatus(t, http.StatusSeeOther)
	p.get("", last[1]).hasStatus(t, http.StatusNotFound) // an address is given once
	last = faceAt.FindStringSubmatch(p.get(token, "/me").body)
	p.get("", last[1]).hasStatus(t, http.StatusOK)
	_, err = p.join.Leave(ctx, p.voice("kim"), join.Leaving{How: join.Anonymise, Password: password})
	p.must(err)
	p.get("", last[1]).hasStatus(t, http.StatusNotFound)
}

// A picture is seen by whoever may read the text that shows it, and by its
// author; what is hidden, waits, was declined or taken back, is for members only
// or was never said keeps it.
func TestPicturesGoWithWhatShowsThem(t *testing.T) {
	p := open(t)
	_, studio := p.team()
	kim, eve := p.signUp("Kim"), p.signUp("Eve")
	p.must(member.Trust(ctx, p.DB, access.System(), p.brand.ID, p.voice("kim").Member.ID, true))
	v := p.voice("kim")
	upload := func() topic.Picture {
		t.Helper()
		pic, err := topic.Upload(ctx, p.DB, p.join.Blobs, v, bytes.NewReader(drawn(t, 8, 8, color.White)))
		p.must(err)
		return pic
	}
	readers := map[string]string{"visitor": "", "eve": eve, "team": studio, "kim": kim}
	seen := func(what string, pic topic.Picture, by ...string) {
		t.Helper()
		for name, token := range readers {
			a := p.get(token, pic.Address())
			if want := slices.Contains(by, name); want != (a.StatusCode == http.StatusOK) || !want && a.StatusCode != http.StatusNotFound {
				t.Errorf("%s, for %s: %d", what, name, a.StatusCode)
			} else if kept := a.Header.Get("Cache-Control"); want && (kept == "public, max-age=600") != slices.Contains(by, "visitor") {
				t.Errorf("%s, for %s: kept as %q", what, name, kept)
			}
		}
	}
	says := func(pic topic.Picture, in space.Space) topic.Said {
		t.Helper()
		said, err := topic.Begin(ctx, p.DB, v, topic.New{Space: in.ID, Title: "Look", Text: "See ![it](" + pic.Address() + ")"})
		p.must(err)
		return said
	}
	never := upload()
	seen("never said", never, "kim")

	shown := upload()
	said := says(shown, p.talk)
	seen("said", shown, "visitor", "eve", "team", "kim")
	decide := func(act topic.Act) {
		t.Helper()
		_, err := topic.Decide(ctx, p.DB, p.owner, p.brand.ID, said.Reply.ID, topic.AsItIs, act, "Be kind", "It insults.")
		p.must(err)
	}
	decide(topic.Hide)
	seen("hidden", shown, "team", "kim")
	decide(topic.Restore)
	seen("restored", shown, "visitor", "eve", "team", "kim")

	inside := upload()
	says(inside, p.inside)
	seen("for members only", inside, "eve", "team", "kim")

	// Said anew in something older.
	late := upload()
	_, err := p.DB.ExecContext(ctx, `UPDATE topic_picture SET at = at + 100000 WHERE id = $1`, late.ID)
	p.must(err)
	_, err = topic.Change(ctx, p.DB, v, said.Reply.ID, topic.Edit{Text: "Better ![it](" + late.Address() + ")", Title: "Look", Revision: 1})
	p.must(err)
	seen("in something older", late, "visitor", "eve", "team", "kim")
	seen("said no more", shown, "kim")

	v = p.voice("eve")
	waits := upload()
	first := says(waits, p.talk)
	if first.Reply.State != topic.Waiting {
		t.Fatalf("it is %s", first.Reply.State)
	}
	seen("waiting", waits, "team", "eve")
	_, err = topic.Decide(ctx, p.DB, p.owner, p.brand.ID, first.Reply.ID, topic.AsItIs, topic.Decline, "Be kind", "No")
	p.must(err)
	seen("declined", waits, "team", "eve")
}
