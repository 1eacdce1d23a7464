package web_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"testing"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/web/webtest"
)

func sendLogo(t *testing.T, s *webtest.Site, file []byte) *webtest.Page {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	to, err := w.CreateFormFile("file", "logo.png")
	if err == nil {
		_, err = to.Write(file)
	}
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, s.Path("settings", "brand", "logo"), &b)
	r.Header.Set("Content-Type", w.FormDataContentType())
	return s.Do(r)
}

func TestBrandHasALogo(t *testing.T) {
	s := webtest.New(t)
	s.Get(s.Path("logo")).Is(http.StatusNotFound)
	s.Get(s.Path("settings", "brand")).Has("#logo input[type=file]").Lacks(".rail-head img").Lacks("form[action$='logo/remove']")
	wide := image.NewNRGBA(image.Rect(0, 0, 600, 300))
	for x := range 600 {
		for y := range 300 {
			wide.Set(x, y, color.NRGBA{uint8(x / 3), 90, 140, 255})
		}
	}
	var file bytes.Buffer
	if err := png.Encode(&file, wide); err != nil {
		t.Fatal(err)
	}
	sendLogo(t, s, []byte("<svg onload=alert(1)>")).Is(http.StatusUnprocessableEntity).Has("#logo-file-error").Has("input[name=name][value='North Roasters']")
	page := s.Follow(sendLogo(t, s, file.Bytes())).Has(".toast", "The logo is saved").Has("form[action$='logo/remove']")
	src := page.Attr(".rail-head img", "src")
	got := s.Get(src).Is(http.StatusOK)
	if img, _, err := image.DecodeConfig(bytes.NewReader([]byte(got.Body))); err != nil || img.Width != 256 || img.Height != 256 {
		t.Errorf("%q is %v %v", src, img, err)
	}
	s.Get(s.Path("settings", "log")).Has(".row", "changed the brand's logo")
	mate := s.NewAccount("bo@example.com", "Bo Berg")
	if err := account.Give(t.Context(), s.DB, s.Who(), mate.ID, access.Grant{Brand: s.Brand.ID, Role: access.Manager}); err != nil {
		t.Fatal(err)
	}
	owner := s.Account
	s.SignIn(mate)
	s.Get(src).Is(http.StatusOK)
	sendLogo(t, s, file.Bytes()).Is(http.StatusForbidden)
	s.SignIn(owner)
	s.Follow(s.Post(s.Path("settings", "brand", "logo", "remove"))).Lacks(".rail-head img")
	n := 0
	for range s.Media.Blobs.List(t.Context(), "brand/") {
		n++
	}
	if n != 0 {
		t.Errorf("%d files are left", n)
	}
}
