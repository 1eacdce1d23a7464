package api_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func picture(t *testing.T) string {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 60, 40))
	for x := range 60 {
		m.Set(x, 10, color.RGBA{R: uint8(4 * x), A: 255})
	}
	var b bytes.Buffer
	must(t, png.Encode(&b, m))
	return b.String()
}

func form(t *testing.T, field, file string) (body, kind string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	f, err := w.CreateFormFile(field, "harbour.png")
	must(t, err)
	_, err = f.Write([]byte(file))
	must(t, err)
	must(t, w.Close())
	return b.String(), w.FormDataContentType()
}

func TestUpload(t *testing.T) {
	w := open(t)
	file := picture(t)
	good, kind := form(t, "file", file)
	stray, strayKind := form(t, "photo", file)
	tests := []struct {
		name, path, body, kind string
		status                 int
		has                    string
	}{
		{"the file itself", "/media?name=boat.png", file, "image/png", 201, `"name":"boat.png"`},
		{"without a type", "/media?name=boat.png", file, "", 201, `"width":60`},
		{"a form", "/media", good, kind, 201, `"name":"harbour.png"`},
		{"a form without the field", "/media", stray, strayKind, 422, `"name":"file"`},
		{"a broken form", "/media", "nothing", kind, 422, `"name":"file"`},
		{"no picture", "/media?name=x.svg", "<svg/>", "image/svg+xml", 422, `"invalid"`},
		{"nothing", "/media", "", "image/png", 422, `"invalid"`},
		{"too large", "/media", strings.Repeat("x", 25<<20+1), "image/png", 413, `"too_large"`},
		{"a type that is none", "/media", file, "image/png; =", 415, `"unsupported"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w.t = t
			for _, key := range []string{"", tt.name} {
				got := w.ask(request{"POST", tt.path, tt.body, w.north.token, map[string]string{"Content-Type": tt.kind, "Idempotency-Key": key}})
				if got.status != tt.status || !strings.Contains(got.body, tt.has) {
					t.Errorf("%d %s", got.status, got.body)
				}
			}
		})
	}
}

// TestUploadOfUnknownLength: a body that does not say how long it is, is
// stopped as well.
func TestUploadOfUnknownLength(t *testing.T) {
	w := open(t)
	r := httptest.NewRequest("POST", "/api/v1/media", strings.NewReader(strings.Repeat("x", 25<<20+1)))
	r.ContentLength = -1
	r.Header.Set("Authorization", "Bearer "+w.north.token)
	r.Header.Set("Content-Type", "image/png")
	rec := httptest.NewRecorder()
	w.h.ServeHTTP(rec, r)
	if rec.Code != http.StatusRequestEntityTooLarge && rec.Code != http.StatusUnprocessableEntity {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

func TestPictures(t *testing.T) {
	w := open(t)
	id := w.ask(request{"POST", "/media?name=boat.png", picture(t), w.north.token, map[string]string{"Content-Type": "image/png"}}).text(t, "id")
	tests := []struct {
		name   string
		ask    request
		status int
		has    string
	}{
		{"list", request{"GET", "/media?q=BOAT", "", w.north.reader, nil}, 200, id},
		{"facts", request{"GET", "/media/" + id, "", w.north.reader, nil}, 200, `"alt":""`},
		{"describe", request{"PATCH", "/media/" + id, `{"alt":"Two boats"}`, w.north.token, nil}, 200, `"alt":"Two boats"`},
		{"crop", request{"PATCH", "/media/" + id, `{"crop":{"x":0,"y":0,"width":20,"height":20}}`, w.north.token, nil}, 200, `"width":20`},
		{"crop beyond", request{"PATCH", "/media/" + id, `{"crop":{"x":50,"y":0,"width":200,"height":20}}`, w.north.token, nil}, 422, `"invalid"`},
		{"change nothing", request{"PATCH", "/media/" + id, `{}`, w.north.token, nil}, 422, `"name":"alt"`},
		{"content", request{"GET", "/media/" + id + "/content", "", w.north.reader, nil}, 200, "PNG"},
		{"small content", request{"GET", "/media/" + id + "/content?size=thumb", "", w.north.reader, nil}, 200, "PNG"},
		{"another size", request{"GET", "/media/" + id + "/content?size=huge", "", w.north.reader, nil}, 422, `"name":"size"`},
		{"another brand's content", request{"GET", "/media/" + id + "/content", "", w.south.token, nil}, 404, `"not_found"`},
		{"another brand's post", request{"POST", "/posts", `{"text":"x","media":["` + id + `"]}`, w.south.token, nil}, 422, `"name":"media"`},
		{"a post with it", request{"POST", "/posts", `{"text":"x","media":["` + id + `"],"channels":["` + w.channel["news"] + `"],"publish_at":"2028-01-01T00:00:00Z"}`, w.north.token, nil}, 201, id},
		{"delete while it is needed", request{"DELETE", "/media/" + id, "", w.north.token, nil}, 409, `"conflict"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w.t = t
			if got := w.ask(tt.ask); got.status != tt.status || !strings.Contains(got.body, tt.has) {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
}
