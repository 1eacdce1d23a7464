package api_test

import (
	"strings"
	"testing"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
)

func TestTeam(t *testing.T) {
	w := open(t)
	full, reader, south := w.north.token, w.north.reader, w.south.token
	bea, err := account.Create(ctx, w.d, access.System(), account.New{Email: "bea@example.org", Name: "Bea", Password: password}, nil)
	must(t, err)
	who, err := account.As(ctx, w.d, w.north.owner)
	must(t, err)
	must(t, account.Give(ctx, w.d, who, bea.ID, access.Grant{Brand: w.north.brand, Role: access.Creator}))
	invited := w.ask(request{"POST", "/invitations", `{"email":"cem@example.org","role":"analyst","channels":["` + w.channel["news"] + `"]}`, full, nil})
	if invited.status != 201 || !strings.HasPrefix(invited.text(t, "link"), "https://studio.example/invitation/") {
		t.Fatalf("%d %s", invited.status, invited.body)
	}
	id, day := invited.text(t, "id"), w.d.Now().Add(48*time.Hour).Time().UTC().Format(time.RFC3339)
	w.walk(t, []step{
		{"list", request{"GET", "/team", "", reader, nil}, 200, []string{bea.ID, `"role":"creator"`, `"second_factor":false`}, nil},
		{"list of another brand", request{"GET", "/team", "", south, nil}, 200, nil, []string{bea.ID}},
		{"change", request{"PATCH", "/team/" + bea.ID, `{"role":"community","ends_at":"` + day + `"}`, full, nil}, 200, []string{`"role":"community"`, `"ends_at"`, `"name":"Bea"`}, nil},
		{"change to no role", request{"PATCH", "/team/" + bea.ID, `{"role":"king"}`, full, nil}, 422, nil, nil},
		{"change to a strange channel", request{"PATCH", "/team/" + bea.ID, `{"role":"creator","channels":["x"]}`, full, nil}, 422, []string{`"name":"channels"`}, nil},
		{"change by a reader", request{"PATCH", "/team/" + bea.ID, `{"role":"owner"}`, reader, nil}, 403, nil, nil},
		{"change in another brand", request{"PATCH", "/team/" + bea.ID, `{"role":"owner"}`, south, nil}, 404, nil, nil},
		{"the last owner", request{"DELETE", "/team/" + w.north.owner.ID, "", full, nil}, 409, []string{"needs an owner"}, nil},
		{"end", request{"DELETE", "/team/" + bea.ID, "", full, nil}, 204, nil, nil},
		{"end again", request{"DELETE", "/team/" + bea.ID, "", full, nil}, 409, nil, nil},
		{"give again", request{"PATCH", "/team/" + bea.ID, `{"role":"creator"}`, full, nil}, 200, []string{`"role":"creator"`}, []string{"ends_at"}},
		{"ask without one", request{"POST", "/team/rule", `{"second_factor":true}`, full, nil}, 409, []string{"lock yourself out"}, nil},
		{"invited", request{"GET", "/invitations?limit=1", "", full, nil}, 200, []string{id, "cem@example.org"}, []string{`"link"`}},
		{"invited, to a reader", request{"GET", "/invitations", "", reader, nil}, 403, nil, nil},
		{"invited twice", request{"POST", "/invitations", `{"email":"cem@example.org","role":"analyst"}`, full, nil}, 409, nil, nil},
		{"invite no address", request{"POST", "/invitations", `{"email":"cem","role":"analyst"}`, full, nil}, 422, []string{`"name":"email"`}, nil},
		{"send again", request{"POST", "/invitations/" + id + "/resend", "", full, nil}, 200, []string{`"link"`}, nil},
		{"send another brand's", request{"POST", "/invitations/" + id + "/resend", "", south, nil}, 404, nil, nil},
		{"withdraw", request{"DELETE", "/invitations/" + id, "", full, nil}, 204, nil, nil},
		{"withdraw again", request{"DELETE", "/invitations/" + id, "", full, nil}, 404, nil, nil},
	})
}

// A token speaks for its maker, and rests as soon as the maker may not.
func TestATokenOfAPartThatEnded(t *testing.T) {
	w := open(t)
	a, err := account.Create(ctx, w.d, access.System(), account.New{Email: "priya@example.org", Name: "Priya", Password: password}, nil)
	must(t, err)
	owner, err := account.As(ctx, w.d, w.north.owner)
	must(t, err)
	must(t, account.Give(ctx, w.d, owner, a.ID, access.Grant{Brand: w.north.brand, Role: access.Owner, EndsAt: w.d.Now().Add(time.Hour)}))
	token := w.token(home{brand: w.north.brand, owner: a}, access.PostRead)
	list := request{"GET", "/posts", "", token, nil}
	if got := w.ask(list); got.status != 200 {
		t.Fatal(got.body)
	}
	must(t, func() error { _, err := account.End(ctx, w.d, owner, w.north.brand, a.ID); return err }())
	if got := w.ask(list); got.status != 401 {
		t.Errorf("%d %s", got.status, got.body)
	}
	must(t, account.Renew(ctx, w.d, owner, w.north.brand, a.ID, 0))
	if got := w.ask(list); got.status != 200 {
		t.Errorf("renewed: %d %s", got.status, got.body)
	}
}
