package web_test

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"testing"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/member"
	"rapport/internal/web/webtest"
)

// Who moderates takes a member's picture away, with a reason, in the list of
// members.
func TestAMembersPictureIsTakenAway(t *testing.T) {
	s := webtest.New(t)
	owner := s.Account
	kim := s.NewAccount("kim@example.com", "Kim")
	var m member.Member
	if err := s.DB.Tx(t.Context(), func(tx *db.Tx) (err error) {
		m, err = member.Create(t.Context(), tx, s.Brand.ID, member.New{Account: kim.ID, Handle: "kim", Name: "Kim", State: member.Active})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := png.Encode(&file, image.NewGray(image.Rect(0, 0, 40, 60))); err != nil {
		t.Fatal(err)
	}
	voice := member.Voice{Who: access.Who{Account: kim.ID}, Member: m, Brand: s.Brand.ID}
	if err := member.Portray(t.Context(), s.DB, s.Media.Blobs, voice, &file); err != nil {
		t.Fatal(err)
	}
	mo := s.NewAccount("mo@example.com", "Mo")
	grantTo(t, s, mo, access.Grant{Role: access.Moderator})
	s.SignIn(mo)
	at := s.Path("community", "members")
	p := s.Get(at).Is(http.StatusOK)
	pic := s.Get(p.Attr("#member-"+m.ID+" img", "src")).Is(http.StatusOK)
	if kind := pic.Header.Get("Content-Type"); kind != "image/jpeg" {
		t.Errorf("the picture is %s", kind)
	}
	action, seen := p.Attr("#member-"+m.ID+" form[action*='/picture']", "action"), p.Attr("#member-"+m.ID+" input[name=seen]", "value")
	s.Post(action, "seen", seen, "reason", "").Is(http.StatusUnprocessableEntity).Has(".notice", "Say why")
	s.Post(action, "seen", "another.png", "reason", "Rude").Is(http.StatusConflict).Has(".notice", "meanwhile")
	s.Get(at).Has("input[name=rule][list=rules]", "")
	s.Follow(s.Post(action, "seen", seen, "reason", "Rude", "rule", "Be kind")).Has(".toast", "They read why").Lacks("#member-" + m.ID + " img").Lacks("input[name=seen]")
	s.Post(action, "seen", seen, "reason", "Rude").Is(http.StatusConflict)
	s.Get(at + "/" + m.ID + "/picture").Is(http.StatusNotFound)
	s.SignIn(owner)
	s.Get(s.Path("settings", "log")).Has(".row", "took a member's picture away", "Rude")
	ann := s.NewAccount("ann@example.com", "Ann")
	grantTo(t, s, ann, access.Grant{Role: access.Creator})
	s.SignIn(ann)
	s.Post(action, "seen", seen, "reason", "Rude").Is(http.StatusForbidden)
}
