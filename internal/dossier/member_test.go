package dossier_test

import (
	"bytes"
	"strings"
	"testing"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/dossier"
	"rapport/internal/fault"
	"rapport/internal/member"
	"rapport/internal/person"
)

// joins makes a member of the brand's community.
func (r *room) joins(name string) (m member.Member) {
	r.t.Helper()
	err := r.Tx(ctx, func(tx *db.Tx) (err error) {
		m, err = member.Create(ctx, tx, r.brand, member.New{Account: db.NewID(), Name: name, State: member.Active, Answers: []member.Answer{{Question: "Why?", Answer: name + " <3"}}})
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return m
}

// A member is a person: what the community keeps of them is handed out with
// the rest, and goes with it.
func TestAMemberIsExportedAndErased(t *testing.T) {
	r := enter(t)
	ada, ben := r.joins("Ada"), r.joins("Ben")
	var b bytes.Buffer
	if err := dossier.Write(ctx, r.DB, r.as(access.Owner), r.brand, ada.Person, &b); err != nil {
		t.Fatal(err)
	}
	if s := b.String(); !strings.Contains(s, `"rapport.member/1"`) || !strings.Contains(s, "Ada <3") || strings.Contains(s, "Ben") {
		t.Error(s)
	}
	if err := dossier.Erase(ctx, r.DB, r.as(access.Moderator), r.brand, ada.Person, "Ada"); !fault.Is(err, fault.Denied) {
		t.Error(err)
	}
	if err := dossier.Erase(ctx, r.DB, r.as(access.Owner), r.brand, ada.Person, "Ada"); err != nil {
		t.Fatal(err)
	}
	gone, err := member.ByID(ctx, r.DB, r.brand, ada.ID)
	if err != nil || !gone.Gone() || gone.Account != "" || gone.Answers != nil {
		t.Errorf("%+v, %v", gone, err)
	}
	if _, err := person.ByID(ctx, r.DB, r.as(access.Owner), r.brand, ada.Person); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
	if other, err := member.ByID(ctx, r.DB, r.brand, ben.ID); err != nil || other.Gone() {
		t.Errorf("%+v, %v", other, err)
	}
}
