package walk_test

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rapport/internal/browsertest"
)

const pictureBytes = 150_000

// TestPictures takes the pictures of the documents into the folder that
// RAPPORT_DOC_PICTURES names; scripts/pictures.sh sets it. RAPPORT_DOC_ONLY names
// some of them, with blanks.
func TestPictures(t *testing.T) {
	folder := os.Getenv("RAPPORT_DOC_PICTURES")
	if folder == "" {
		t.Skip("RAPPORT_DOC_PICTURES names no folder; scripts/pictures.sh does")
	}
	only := strings.Fields(os.Getenv("RAPPORT_DOC_ONLY"))
	u := signIn(t, browsertest.Open(t))
	visitor := user{u.Apart(), t, demo}
	visitor.Go(demo) // a blank page takes no cookie
	soon := "/calendar?date=" + wall(t, time.Now().AddDate(0, 0, 3))[:10]
	for _, p := range []struct {
		name  string
		phone bool
		dark  bool
		front bool // of the community, as a visitor sees it
		path  string
		then  func(user)
	}{
		{name: "today"},
		{name: "inbox", path: "/inbox", then: reading},
		{name: "person", path: "/people", then: knowing},
		{name: "channel", path: "/channels", then: counting},
		{name: "calendar", path: soon},
		{name: "month", path: "/calendar?view=month"},
		{name: "attention", path: "/attention"},
		{name: "media", path: "/media"},
		{name: "post", path: newMeter(t).fill(t, "/posts/{post}")[len("/studio/northwind-coffee"):]},
		{name: "review", path: newMeter(t).fill(t, "/posts/{post}")[len("/studio/northwind-coffee"):], then: reviewing},
		{name: "team", path: "/settings/team"},
		{name: "log", path: "/settings/log"},
		{name: "notifications", path: "/settings/notifications"},
		{name: "tasks", path: "/tasks"},
		{name: "phone-today", phone: true},
		{name: "phone-inbox", phone: true, path: "/inbox"},
		{name: "dark-inbox", dark: true, path: "/inbox", then: reading},
		{name: "dark-today", dark: true},
		{name: "compose", path: "/compose", then: writing},
		{name: "phone-compose", phone: true, path: "/compose", then: writing},
		{name: "inbox-community", path: "/inbox?queue=new", then: answering},
		{name: "insights", path: "/insights"},
		{name: "community", front: true, path: "/"},
		{name: "topic", front: true, path: "/s/brew-guides", then: inTopic("V60 for one, step by step")},
		{name: "question", front: true, path: "/s/brewing-questions", then: inTopic("V60 stalls at the end")},
		{name: "phone-community", phone: true, front: true, path: "/"},
		{name: "phone-question", phone: true, front: true, path: "/s/brewing-questions", then: inTopic("V60 stalls at the end")},
		{name: "hold", then: holding},
	} {
		if len(only) > 0 && !slices.Contains(only, p.name) {
			continue
		}
		u := u
		if p.front {
			u = visitor
		}
		u.Wide()
		if p.phone {
			u.Phone()
		}
		browsertest.Ask[any](u.Tab, `document.cookie = "theme=`+map[bool]string{true: "dark", false: "light"}[p.dark]+`; path=/", 0`)
		if p.front {
			u.Go(demo + p.path)
		} else {
			u.open(p.path)
		}
		if p.then != nil {
			p.then(u)
		}
		u.seen()
		size := keep(t, filepath.Join(folder, p.name+".png"), u.Picture())
		t.Logf("%-14s %4d KB", p.name, size/1000)
		if size > pictureBytes {
			t.Errorf("%s has %d bytes", p.name, size)
		}
	}
}

// answering is the inbox with what a member asked in the community.
func answering(u user) {
	u.Says("main [data-row]", "Question")
	browsertest.Ask[any](u.Tab, `[...document.querySelectorAll("main [data-row]")].find(e => e.textContent.includes("Question")).querySelector("a").setAttribute("data-walk", ""), 0`)
	u.Click("[data-walk]")
	u.Until(`document.querySelector(".said-by") !== null`)
}

// inTopic is a topic of the list that is open.
func inTopic(title string) func(user) {
	return func(u user) {
		u.clickOn("h2 a", title)
		u.Until(`document.querySelector(".topic") !== null`)
	}
}

// writing is a post half written, with a picture and a version that differs.
func writing(u user) {
	u.choose("@northwind", "@northwind_berlin")
	u.Type(`[data-text="all"]`, "Fifty bags of the Nyamasheke have landed. Cherry, honey, a little orange. We open the first one at nine; whoever rings the bell pours. #newcrop")
	u.Click("button[value='pick all 0']")
	u.Click("#picker li:nth-of-type(15) button")
	u.Until(`document.querySelector(".tile") !== null`)
	u.Click("button[popovertarget=differ-menu]")
	u.Click("#differ-menu button:nth-of-type(2)")
	u.Until(`document.querySelector(".compose-own") !== null`)
	u.Type(`[data-body]:not([hidden]) [data-text]`, " Berlin: bring a friend, the second cup is theirs.")
	u.Until(`document.querySelector("[data-save-state]").dataset.saveState === "saved"`)
	u.Set("#at", coming(u.t, 1))
	u.Until(`document.querySelector("[data-save-state]").dataset.saveState === "saved"`)
	browsertest.Ask[any](u.Tab, `document.querySelector(".compose-write").scrollTop = 0, document.activeElement.blur(), 0`)
}

// reading is the inbox with a conversation open.
func reading(u user) {
	u.Click("main [data-row] a")
	u.Until(`document.querySelector(".said-by") !== null`)
}

// reviewing is a post that waits for approval, as who may give it sees it.
func reviewing(u user) {
	u.open("")
	u.Click("[id^='review-'] .btn")
	u.Until(`document.querySelector("#review") !== null && !!window.htmx`)
}

// knowing is the page of somebody who writes often.
func knowing(u user) {
	u.clickOn("main a", "Mira")
	u.Until(`/\/people\/[0-9a-f-]{36}$/.test(location.pathname)`)
}

// counting is a channel's numbers day by day.
func counting(u user) {
	u.clickOn("main a", "@northwind")
	u.Until(`/\/channels\/[0-9a-f-]{36}$/.test(location.pathname)`)
	u.clickOn("main a", "Day by day")
	u.Until(`document.querySelector(".chart canvas") !== null`)
}

// holding opens the dialog with a reason in it.
func holding(u user) {
	u.Click(".rail .nav-switch")
	u.Type("#hold-dialog-reason", "A supplier recalls oat milk. Nothing cheerful until we know which boxes.")
}

// seen waits until the fonts, the pictures and what moves are there.
func (u user) seen() {
	u.t.Helper()
	browsertest.Ask[any](u.Tab, `document.fonts.ready.then(() => 0)`)
	// What is not shown, such as faces in a list on a phone, is never fetched.
	u.Until(`[...document.images].every(i => i.complete || !i.checkVisibility() || i.getBoundingClientRect().top > innerHeight)`)
	u.Until(`document.getAnimations().every(a => a.playState !== "running")`)
	browsertest.Ask[any](u.Tab, `new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(0))))`)
}

// keep writes a picture with at most 256 colours and returns its size: pages
// have few, and it is a third of the size.
func keep(t *testing.T, path string, shot []byte) (size int) {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		t.Fatal(err)
	}
	few := image.NewPaletted(img.Bounds(), palette(img))
	draw.Draw(few, few.Bounds(), img, img.Bounds().Min, draw.Src)
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, few); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return out.Len()
}

// palette chooses colours by median cut: the box of colours with the widest
// side, weighed by how many pixels it has, is split until there are enough.
func palette(img image.Image) color.Palette {
	boxes := []box{boxOf(histogram(img))}
	for len(boxes) < 256 {
		widest := 0
		for i := range boxes {
			if boxes[i].weight() > boxes[widest].weight() {
				widest = i
			}
		}
		if len(boxes[widest].all) < 2 {
			break
		}
		a, b := boxes[widest].split()
		boxes[widest] = a
		boxes = append(boxes, b)
	}
	out := make(color.Palette, len(boxes))
	for i, b := range boxes {
		out[i] = b.mean()
	}
	return out
}
