package join_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/admit"
	"rapport/internal/audit"
	"rapport/internal/blob"
	"rapport/internal/brand"
	"rapport/internal/challenge"
	"rapport/internal/community"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/document"
	"rapport/internal/fault"
	"rapport/internal/job"
	"rapport/internal/join"
	"rapport/internal/letter"
	"rapport/internal/member"
	"rapport/internal/notice"
	"rapport/internal/person"
	"rapport/internal/search"
	"rapport/internal/secret"
	"rapport/internal/space"
	"rapport/internal/topic"
)

const password = "correct horse battery"

var ctx = context.Background()

// house is an installation with one brand whose community is open to all.
type house struct {
	*testing.T
	*join.Join
	brand brand.Brand
	owner access.Who
	mail  chan letter.Letter
	from  int // the last network somebody came from
}

func open(t *testing.T, mails bool) *house {
	t.Helper()
	h := &house{T: t, mail: make(chan letter.Letter, 100)}
	keys, err := secret.Create(filepath.Join(t.TempDir(), "key"))
	h.must(err)
	d := dbtest.Open(t)
	d.SetClock(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
	letters := &letter.Letters{DB: d, Keys: keys}
	if mails {
		letters.Send = func(_ context.Context, l letter.Letter) error { h.mail <- l; return nil }
	}
	blobs, err := blob.OpenFolder(t.TempDir())
	h.must(err)
	t.Cleanup(func() { blobs.Close() })
	h.Join = &join.Join{DB: d, Letters: letters, Keys: keys, Blobs: blobs, Door: &admit.Door{DB: d, Letters: letters, BaseURL: "https://studio.example"},
		Address: func(_ context.Context, _, path string) string { return "https://north.example" + path }}
	w := job.NewWorkers()
	letters.Work(w)
	h.Work(w)
	e, err := job.New(ctx, d, w, job.Options{Tries: 2, Poll: 20 * time.Millisecond})
	h.must(err)
	h.must(e.Start(ctx))
	t.Cleanup(func() { e.Stop(ctx) })
	a := h.account("owner@example.com", "Olga Berg")
	h.brand, err = brand.Create(ctx, d, access.Who{Account: a.ID}, brand.New{Name: "North"})
	h.must(err)
	h.owner = h.who("owner@example.com")
	_, err = community.Show(ctx, d, h.owner, h.brand.ID, true)
	h.must(err)
	return h
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func (h *house) account(email, name string) account.Account {
	h.Helper()
	a, err := account.Create(ctx, h.DB, access.System(), account.New{Email: email, Name: name, Password: password}, nil)
	h.must(err)
	return a
}

func (h *house) who(email string) access.Who {
	h.Helper()
	a, err := account.ByEmail(ctx, h.DB, email)
	h.must(err)
	who, err := account.As(ctx, h.DB, a)
	h.must(err)
	return who
}

func (h *house) voice(email string) member.Voice {
	h.Helper()
	v, err := member.Of(ctx, h.DB, h.who(email), h.brand.ID)
	h.must(err)
	return v
}

func (h *house) settings(change func(*community.Settings)) {
	h.Helper()
	c, err := community.Of(ctx, h.DB, h.brand.ID)
	h.must(err)
	change(&c.Settings)
	_, err = community.Change(ctx, h.DB, h.owner, h.brand.ID, c.Revision, c.Settings)
	h.must(err)
}

// elsewhere is a network nobody came from yet.
func (h *house) elsewhere() account.Meta {
	h.from++
	return account.Meta{Address: fmt.Sprintf("192.0.2.%d", h.from)}
}

func (h *house) form(email, name string) join.Form {
	c := h.Challenge()
	return join.Form{Email: email, Password: password, Name: name, Challenge: c, Answer: challenge.Solve(c), Script: true}
}

func (h *house) signUp(email, name string) (join.Result, error) {
	return h.SignUp(ctx, h.brand, h.form(email, name), h.elsewhere())
}

// joined makes a member with a proven address.
func (h *house) joined(email, name string) member.Voice {
	h.Helper()
	a := h.account(email, name)
	h.must(h.DB.Tx(ctx, func(tx *db.Tx) error {
		_, err := member.Create(ctx, tx, h.brand.ID, member.New{Account: a.ID, Name: name, State: member.Active, Trusted: true})
		return err
	}))
	return h.voice(email)
}

func (h *house) letter() letter.Letter {
	h.Helper()
	select {
	case l := <-h.mail:
		return l
	case <-time.After(30 * time.Second):
		h.Fatal("no letter came")
		panic("unreachable")
	}
}

// leave has a member leave who keeps their account.
func (h *house) leave(v member.Voice, how join.How) error {
	_, err := h.Leave(ctx, v, join.Leaving{How: how, Password: password})
	return err
}

func (h *house) count(query string, args ...any) (n int) {
	h.Helper()
	h.must(h.DB.QueryRowContext(ctx, query, args...).Scan(&n))
	return n
}

func field(err error) string {
	for _, f := range fault.Fields(err) {
		return f.Name
	}
	return ""
}

func TestSignUpProvesTheAddress(t *testing.T) {
	h := open(t, true)
	r, err := h.signUp("ada@example.com", "Ada Lind")
	if err != nil || r != (join.Result{State: member.Active, Mailed: true}) {
		t.Fatalf("%+v, %v", r, err)
	}
	a, err := account.ByEmail(ctx, h.DB, "ada@example.com")
	if err != nil || !h.Unproven(a) || h.voice(a.Email).Member.State != member.Active {
		t.Errorf("%+v, %v", a, err)
	}
	l := h.letter()
	_, token, ok := strings.Cut(l.Text, "https://north.example"+join.ProofPath)
	token, _, _ = strings.Cut(token, "\n")
	if !ok || l.Address != "ada@example.com" {
		t.Fatalf("%q to %s", l.Text, l.Address)
	}
	_, err = h.Door.ProveAddress(ctx, strings.TrimSpace(token))
	h.must(err)
	if a, err = account.ByEmail(ctx, h.DB, a.Email); err != nil || h.Unproven(a) {
		t.Error("not proven", err)
	}
	if _, _, err := account.SignIn(ctx, h.DB, a.Email, password, account.Meta{}); err != nil {
		t.Error(err)
	}
}

// An address that has an account gets another letter and the same answer, and
// nothing of it changes.
func TestAKnownAddressIsNotTold(t *testing.T) {
	h := open(t, true)
	h.account("ada@example.com", "Ada Lind")
	f := h.form("ADA@example.com ", "Eve")
	f.Password = "another password"
	r, err := h.SignUp(ctx, h.brand, f, h.elsewhere())
	if err != nil || r != (join.Result{State: member.Active, Mailed: true}) {
		t.Errorf("%+v, %v", r, err)
	}
	if l := h.letter(); l.Address != "ada@example.com" || strings.Contains(l.Text, join.ProofPath) || strings.Contains(l.Text, "Eve") {
		t.Errorf("%q", l.Text)
	}
	if v := h.voice("ada@example.com"); v.Member.ID != "" || h.count(`SELECT COUNT(*) FROM account`) != 2 {
		t.Errorf("%+v", v)
	}
	if _, _, err := account.SignIn(ctx, h.DB, "ada@example.com", password, account.Meta{}); err != nil {
		t.Error(err)
	}
}

// Letters of the community go out under the brand's name as it is then, and the
// studio's under none of a brand.
func TestLettersSpeakForTheirBrand(t *testing.T) {
	h := open(t, true)
	from := func(about, want string) {
		t.Helper()
		if l := h.letter(); l.From != want {
			t.Errorf("%s is from %q", about, l.From)
		}
	}
	_, err := h.signUp("ada@example.com", "Ada")
	h.must(err)
	from("a sign-up", "North")
	_, err = h.SignUp(ctx, h.brand, h.form("ada@example.com", "Eve"), h.elsewhere())
	h.must(err)
	from("a sign-up again", "North")
	_, err = h.DB.ExecContext(ctx, `UPDATE brand SET name = 'Nørd & Co' WHERE id = $1`, h.brand.ID)
	h.must(err)
	for want, community := range map[string]bool{"Nørd & Co": true, "": false} {
		h.must(h.DB.Tx(ctx, func(tx *db.Tx) error {
			_, err := h.Letters.Write(ctx, tx, letter.Letter{Brand: h.brand.ID, Address: "ada@example.com", Subject: "S", Text: "T", Source: "of " + want, Community: community})
			return err
		}))
		from("a letter", want)
	}
	h.must(h.Door.AskAddress(ctx, h.who("ada@example.com"), "ada@new.example"))
	from("an address of the studio", "")
}

func TestWhoIsAskedFirst(t *testing.T) {
	for _, one := range []struct {
		joining community.Joining
		script  bool
		mails   bool
		want    join.Result
	}{
		{community.Open, true, false, join.Result{State: member.Active}},
		{community.Open, false, true, join.Result{State: member.Asking, Mailed: true, Unsolved: true}},
		{community.Ask, true, true, join.Result{State: member.Asking, Mailed: true}},
		{community.Ask, false, false, join.Result{State: member.Asking, Unsolved: true}},
	} {
		h := open(t, one.mails)
		h.settings(func(s *community.Settings) { s.Joining = one.joining })
		f := h.form("ada@example.com", "Ada")
		if f.Script = one.script; !one.script {
			f.Challenge, f.Answer = "", ""
		}
		r, err := h.SignUp(ctx, h.brand, f, h.elsewhere())
		v := h.voice("ada@example.com")
		if err != nil || r != one.want || v.Member.State != r.State {
			t.Errorf("%+v: %+v, %s, %v", one, r, v.Member.State, err)
		}
		if a, err := account.ByEmail(ctx, h.DB, "ada@example.com"); err != nil || h.Unproven(a) != one.mails {
			t.Errorf("%+v: unproven %v, %v", one, h.Unproven(a), err)
		}
	}
}

func TestNobodyJoinsWhatIsShut(t *testing.T) {
	h := open(t, false)
	h.settings(func(s *community.Settings) { s.Joining = community.Closed })
	a := h.account("bea@example.com", "Bea")
	for range 2 {
		if _, err := h.signUp("ada@example.com", "Ada"); !fault.Is(err, fault.Denied) {
			t.Error(err)
		}
		if _, err := h.Enter(ctx, h.who(a.Email), h.brand, join.Form{Name: "Bea"}); !fault.Is(err, fault.Denied) {
			t.Error(err)
		}
		h.settings(func(s *community.Settings) { s.Joining = community.Open })
		_, err := community.Show(ctx, h.DB, h.owner, h.brand.ID, false)
		h.must(err)
	}
	m, err := h.Enter(ctx, h.owner, h.brand, join.Form{Name: "Olga Berg"})
	if err != nil || m.State != member.Active || !m.Team || m.TrustedAt == 0 {
		t.Errorf("%+v, %v", m, err)
	}
	if _, err := h.Enter(ctx, h.owner, h.brand, join.Form{Name: "Olga"}); !fault.Is(err, fault.Conflict) {
		t.Error(err)
	}
}

// What is wrong with a form is said where it is wrong, before anything is kept
// and before it counts as a try.
func TestHostileForms(t *testing.T) {
	h := open(t, false)
	h.settings(func(s *community.Settings) { s.Questions = []string{"Why?"} })
	_, err := document.Write(ctx, h.DB, h.owner, h.brand.ID, document.Guidelines, 0, "Be kind", true)
	h.must(err)
	h.joined("bob@example.com", "Bob")
	good := h.form("ada@example.com", "Ada")
	good.Answers, good.Accepts = []member.Answer{{Question: "Why?", Answer: "Because"}}, map[string]int64{document.Guidelines: 1}
	for name, one := range map[string]struct {
		break_ func(*join.Form)
		field  string
	}{
		"no address":        {func(f *join.Form) { f.Email = "ada" }, "email"},
		"a short password":  {func(f *join.Form) { f.Password = "short" }, "password"},
		"no name":           {func(f *join.Form) { f.Name = " " }, "name"},
		"a long name":       {func(f *join.Form) { f.Name = strings.Repeat("a", 61) }, "name"},
		"two alphabets":     {func(f *join.Form) { f.Name = "Аda" }, "name"},
		"the brand":         {func(f *join.Form) { f.Name = "N0rth" }, "name"},
		"of the team":       {func(f *join.Form) { f.Name = "OLGA  BERG" }, "name"},
		"the brand handle":  {func(f *join.Form) { f.Handle = "no-rth" }, "handle"},
		"a taken handle":    {func(f *join.Form) { f.Handle = "b0b" }, "handle"},
		"a reserved handle": {func(f *join.Form) { f.Handle = "admin" }, "handle"},
		"no answer":         {func(f *join.Form) { f.Answers = []member.Answer{{Question: "Who?", Answer: "Me"}} }, "answers"},
		"a long answer":     {func(f *join.Form) { f.Answers = []member.Answer{{Question: "Why?", Answer: strings.Repeat("a", 1001)}} }, "answers"},
		"nothing accepted":  {func(f *join.Form) { f.Accepts = nil }, "accepts"},
		"an old document":   {func(f *join.Form) { f.Accepts = map[string]int64{document.Guidelines: 9} }, ""},
		"no challenge":      {func(f *join.Form) { f.Challenge = "" }, ""},
		"a wrong solution":  {func(f *join.Form) { f.Answer = "x" }, ""},
	} {
		f := good
		one.break_(&f)
		if _, err := h.SignUp(ctx, h.brand, f, h.elsewhere()); err == nil || fault.KindOf(err) == fault.Internal || field(err) != one.field {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := h.count(`SELECT COUNT(*) FROM account`); n != 2 {
		t.Errorf("%d accounts", n)
	}
	// What is refused that late has used its challenge up.
	again := h.form("ada@example.com", "Ada")
	good.Challenge, good.Answer = again.Challenge, again.Answer
	good.CameFrom = `{"utm_source":"news"}`
	if _, err := h.SignUp(ctx, h.brand, good, h.elsewhere()); err != nil {
		t.Error(err)
	}
	v := h.voice("ada@example.com")
	due, err := document.Due(ctx, h.DB, h.brand.ID, v.Member.ID)
	if err != nil || len(due) != 0 || len(v.Member.Answers) != 1 || v.Member.Answers[0].Answer != "Because" || h.count(`SELECT COUNT(*) FROM member WHERE came_from <> ''`) != 1 {
		t.Errorf("%v, %+v, %v", due, v.Member, err)
	}
	good.Email, good.Name = "eve@example.com", "Eve"
	if _, err := h.SignUp(ctx, h.brand, good, h.elsewhere()); !fault.Is(err, fault.Invalid) {
		t.Error("a challenge was used twice", err)
	}
}

func TestSignUpsAreLimited(t *testing.T) {
	h := open(t, false)
	for _, one := range []struct {
		name string
		most int
		from func(i int) account.Meta
		mail func(i int) string
	}{
		{"one address", 5, func(int) account.Meta { return account.Meta{Address: "198.51.100.7"} }, func(i int) string { return fmt.Sprintf("a%d@example.com", i) }},
		{"one network", 5, func(i int) account.Meta { return account.Meta{Address: fmt.Sprintf("2001:db8::%d", i)} }, func(i int) string { return fmt.Sprintf("b%d@example.com", i) }},
		{"one e-mail", 3, func(i int) account.Meta { return account.Meta{Address: fmt.Sprintf("203.0.113.%d", i)} }, func(int) string { return "c@example.com" }},
	} {
		for i := range one.most + 1 {
			_, err := h.SignUp(ctx, h.brand, h.form(one.mail(i), fmt.Sprint("Name ", i)), one.from(i))
			if i < one.most && err != nil || i == one.most && !fault.Is(err, fault.Limited) {
				t.Errorf("%s, try %d: %v", one.name, i, err)
			}
		}
	}
}

// Of many who sign up at once with one handle, or one address, one has it, and
// nothing of the others is kept.
func TestManyAtOnce(t *testing.T) {
	h := open(t, false)
	var wait sync.WaitGroup
	for i := range 6 {
		f, from := h.form(fmt.Sprintf("m%d@example.com", i/2), "Ada"), h.elsewhere()
		f.Handle = "ada"
		wait.Go(func() { _, _ = h.SignUp(ctx, h.brand, f, from) })
	}
	wait.Wait()
	if a, m, p := h.count(`SELECT COUNT(*) FROM account`), h.count(`SELECT COUNT(*) FROM member`), h.count(`SELECT COUNT(*) FROM person`); a != 2 || m != 1 || p != 1 {
		t.Errorf("%d accounts, %d members, %d people", a, m, p)
	}
}

func TestEnter(t *testing.T) {
	h := open(t, true)
	h.account("ada@example.com", "Ada")
	who := h.who("ada@example.com")
	for name, bad := range map[string]access.Who{"a visitor": {}, "a token": {Account: who.Account, Token: "t"}} {
		if _, err := h.Enter(ctx, bad, h.brand, join.Form{Name: "Ada"}); !fault.Is(err, fault.Denied) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := h.Enter(ctx, who, h.brand, join.Form{Name: "North"}); field(err) != "name" {
		t.Error(err)
	}
	m, err := h.Enter(ctx, who, h.brand, join.Form{Name: "Ada"})
	if err != nil || m.State != member.Active || m.Team || m.TrustedAt != 0 {
		t.Errorf("%+v, %v", m, err)
	}
	// A name that would be refused is not taken later either.
	if _, err := join.Change(ctx, h.DB, h.voice("ada@example.com"), m.Revision, member.Profile{Handle: m.Handle, Name: "Nörth", Listed: true}); field(err) != "name" {
		t.Error(err)
	}
	if m, err = join.Change(ctx, h.DB, h.voice("ada@example.com"), m.Revision, member.Profile{Handle: m.Handle, Name: "Ada L.", Listed: true}); err != nil || m.Name != "Ada L." {
		t.Errorf("%+v, %v", m, err)
	}
}

// Nobody takes on the name of somebody of the team, by their account or as a
// member, nor that of an office, in whatever letters; who has one keeps it.
func TestNobodyReadsLikeTheTeam(t *testing.T) {
	h := open(t, false)
	_, err := h.Enter(ctx, h.owner, h.brand, join.Form{Name: "Vera", Handle: "vera"})
	h.must(err)
	bad := []string{"Olga Berg", "Vera", "ｖｅｒａ", "V3ra", "VERÁ", "𝐕era", "North", "Te@m", "Admin", "Ádmin", "admins", "Administrator", "Moderator", "m0derator", "Mod", "Team", "The Team", "Das Team",
		"Staff", "Support", "Official", "System", "5ystem", "North Team", "Team North", "The North Team", "the official North", "North Stаff", "NORTH-Support", "ТЕАМ", "ᴛᴇᴀᴍ", "Ｔｅａｍ"}
	ada := h.joined("ada@example.com", "Ada")
	p := ada.Member.Profile
	for _, name := range bad {
		if _, err := h.SignUp(ctx, h.brand, h.form("eve@example.com", name), h.elsewhere()); field(err) != "name" {
			t.Errorf("%q joins: %v", name, err)
		}
		p.Name = name
		if _, err := join.Change(ctx, h.DB, ada, ada.Member.Revision, p); field(err) != "name" {
			t.Errorf("%q is taken: %v", name, err)
		}
	}
	for _, handle := range []string{"v3ra", "olga-berg", "n0rth", "the-team", "north-team", "adm1n"} {
		p = ada.Member.Profile
		p.Handle = handle
		if _, err := join.Change(ctx, h.DB, ada, ada.Member.Revision, p); field(err) != "handle" {
			t.Errorf("%q: %v", handle, err)
		}
	}
	for i, name := range []string{"Veronica", "Modesty", "Teamur", "North Star", "Supporter of North", "Thea", "Admira", "Olga Bergmann", "Вера"} {
		p = ada.Member.Profile
		p.Name = name
		if _, err := join.Change(ctx, h.DB, ada, ada.Member.Revision, p); err != nil {
			t.Errorf("%d, %q: %v", i, name, err)
		}
		ada = h.voice("ada@example.com")
	}
	// The team itself may, and who has such a name keeps it with all else that
	// they change.
	vera := h.voice("owner@example.com")
	p = vera.Member.Profile
	p.Name = "The North Team"
	_, err = join.Change(ctx, h.DB, vera, vera.Member.Revision, p)
	h.must(err)
	for i, name := range []string{"Moderator", "The north team"} {
		v := h.joined(fmt.Sprint(i, "@example.com"), name)
		p = v.Member.Profile
		p.Bio, p.Handle, p.Name = "Still me", fmt.Sprint("me-too", i+2), " "+name+" "
		if m, err := join.Change(ctx, h.DB, v, v.Member.Revision, p); err != nil || m.Name != name {
			t.Errorf("%+v, %v", m, err)
		}
	}
}

// Who leaves and comes back is who they were; who was shut out is let in by
// the team alone.
func TestLeaveAndComeBack(t *testing.T) {
	h := open(t, false)
	v := h.joined("ada@example.com", "Ada")
	h.must(h.leave(v, join.Keep))
	if now := h.voice("ada@example.com").Member; now.State != member.Left || now.Name != "Ada" || now.Gone() {
		t.Errorf("%+v", now)
	}
	if err := h.leave(v, join.Keep); !fault.Is(err, fault.Conflict) {
		t.Error(err)
	}
	m, err := h.Enter(ctx, v.Who, h.brand, join.Form{Name: "Ada"})
	if err != nil || m.ID != v.Member.ID || m.State != member.Active || m.TrustedAt != 0 {
		t.Errorf("%+v, %v", m, err)
	}
	_, err = member.Decide(ctx, h.DB, h.owner, h.brand.ID, m.ID, member.Suspended, "Spam")
	h.must(err)
	h.must(h.leave(h.voice("ada@example.com"), join.Anonymise))
	if m, err = h.Enter(ctx, v.Who, h.brand, join.Form{Name: "Ada Again"}); err != nil || m.State != member.Asking || m.ID == v.Member.ID {
		t.Errorf("%+v, %v", m, err)
	}
}

// talk makes a topic of Ada's that Bea answered, one that only Ada wrote in,
// and a topic of Bea's that Ada answered.
type talk struct {
	ada, bea          member.Voice
	shared, own, beas topic.Said
	answer            topic.Said // of Ada's in Bea's topic
}

func (h *house) talk() talk {
	h.Helper()
	s, err := space.Create(ctx, h.DB, h.owner, h.brand.ID, space.Settings{Name: "General", Kind: space.Discussion})
	h.must(err)
	w := talk{ada: h.joined("ada@example.com", "Ada Secretname"), bea: h.joined("bea@example.com", "Bea")}
	begin := func(v member.Voice, title string) topic.Said {
		said, err := topic.Begin(ctx, h.DB, v, topic.New{Space: s.ID, Title: title, Text: "Words of " + v.Member.Name})
		h.must(err)
		return said
	}
	say := func(v member.Voice, to topic.Said, text string) topic.Said {
		said, err := topic.Say(ctx, h.DB, v, to.Topic.ID, text, 0, "")
		h.must(err)
		return said
	}
	w.shared, w.own, w.beas = begin(w.ada, "Secretname shared"), begin(w.ada, "Secretname own"), begin(w.bea, "Beas")
	say(w.bea, w.shared, "An answer by Bea")
	w.answer = say(w.ada, w.beas, "Before")
	_, err = topic.Change(ctx, h.DB, w.ada, w.answer.Reply.ID, topic.Edit{Text: "Secretname after", Revision: w.answer.Reply.Revision})
	h.must(err)
	h.must(topic.React(ctx, h.DB, w.bea, w.answer.Reply.ID, "heart", true))
	h.must(topic.Bookmark(ctx, h.DB, w.ada, w.beas.Reply.ID, true))
	h.must(topic.KeepDraft(ctx, h.DB, w.ada, topic.Draft{Topic: w.beas.Topic.ID, Text: "Secretname draft"}))
	h.must(topic.Complain(ctx, h.DB, w.ada, w.beas.Reply.ID, topic.Spam, "Secretname complains"))
	h.must(notice.Choose(ctx, h.DB, w.ada, h.brand, map[notice.Kind]notice.Choice{notice.Quoted: {Mail: true}}, notice.UsualDigest))
	h.must(h.DB.Tx(ctx, func(tx *db.Tx) error {
		_, err := notice.Tell(ctx, tx, notice.News{Brand: h.brand.ID, Kind: notice.Replied, Subject: w.beas.Topic.ID, Topic: w.beas.Topic.ID, Reply: w.answer.Reply.ID, Mark: 2},
			[]string{w.ada.Member.ID, w.bea.Member.ID})
		return err
	}))
	return w
}

// everywhere counts a word in every text of every table of the brand's words.
func (h *house) everywhere(word string) (found []string) {
	h.Helper()
	for table, columns := range map[string]string{
		"member": "name || name_key || handle || bio || link || answers || came_from || reason", "member_handle": "handle || skeleton", "person": "name", "topic": "title || slug || excerpt",
		"reply": "text || html", "revision": "title || text", "topic_draft": "title || text", "decision": "excerpt", "flag": "note", "search_doc": "text", "audit": "detail",
	} {
		if h.count(`SELECT COUNT(*) FROM `+table+` WHERE LOWER(`+columns+`) LIKE $1`, "%"+word+"%") > 0 {
			found = append(found, table)
		}
	}
	return found
}

// Whoever leaves, and however, is told nothing more; how they wanted to be told
// goes with them, and what others were told of erased words.
func TestWhatTheyWereToldGoes(t *testing.T) {
	for how, others := range map[join.How]int{join.Keep: 1, join.Anonymise: 1, join.Erase: 0} {
		h := open(t, false)
		w := h.talk()
		h.must(h.leave(w.ada, how))
		for _, table := range []string{"notice", "notice_choice", "notice_digest"} {
			if n := h.count(`SELECT COUNT(*) FROM `+table+` WHERE member_id = $1`, w.ada.Member.ID); n != 0 {
				t.Errorf("%s: %d rows are left in %s", how, n, table)
			}
		}
		if n := h.count(`SELECT COUNT(*) FROM notice WHERE member_id = $1`, w.bea.Member.ID); n != others {
			t.Errorf("%s: the other has %d notices, want %d", how, n, others)
		}
	}
}

func TestAnonymise(t *testing.T) {
	h := open(t, false)
	w := h.talk()
	files := h.files()
	h.must(member.Portray(ctx, h.DB, h.Blobs, w.ada, drawn()))
	in := h.picture(w.ada)
	h.must(h.leave(w.ada, join.Anonymise))
	m, err := member.ByID(ctx, h.DB, h.brand.ID, w.ada.Member.ID)
	if err != nil || !m.Gone() || m.Account != "" || m.Person != "" || m.Name != "" || m.Picture != "" {
		t.Errorf("%+v, %v", m, err)
	}
	if left := files.work(); len(left) != 1 || left[0] != in.Blob {
		t.Errorf("there is %v, and what they wrote shows %s", left, in.Blob)
	}
	if r, err := topic.ReplyByID(ctx, h.DB, h.brand.ID, w.answer.Reply.ID); err != nil || r.State != topic.Live || r.Text != "Secretname after" {
		t.Errorf("words went: %+v, %v", r, err)
	}
	for _, table := range []string{"member", "member_handle", "person", "topic_draft", "audit"} {
		for _, found := range h.everywhere("secretname") {
			if found == table {
				t.Errorf("%s still tells who it was", table)
			}
		}
	}
	if n := h.count(`SELECT COUNT(*) FROM bookmark`) + h.count(`SELECT COUNT(*) FROM watch WHERE member_id = $1`, m.ID); n != 0 {
		t.Errorf("%d rows of theirs", n)
	}
	if _, err := member.ByHandle(ctx, h.DB, h.brand.ID, w.ada.Member.Handle); !fault.Is(err, fault.NotFound) {
		t.Error("their handle leads to their words", err)
	}
	for _, taken := range []string{w.ada.Member.Handle, "ADA-5ECRETNAME"} {
		if err := member.Free(ctx, h.DB, h.brand.ID, taken); field(err) != "handle" {
			t.Errorf("%s is free: %v", taken, err)
		}
	}
	lines, _, err := audit.List(ctx, h.DB, h.owner, h.brand.ID, audit.Filter{Subject: m.ID}, db.Page{})
	if err != nil || len(lines) != 1 || lines[0].Act != "community.left" || lines[0].Account != "" {
		t.Errorf("%+v, %v", lines, err)
	}
	// Erasing later what stayed is the team's.
	h.must(h.Remove(ctx, h.owner, h.brand.ID, m.ID, join.Erase))
	if found := h.everywhere("secretname"); found != nil {
		t.Error(found)
	}
}

func TestErase(t *testing.T) {
	h := open(t, false)
	w := h.talk()
	h.must(h.leave(w.ada, join.Erase))
	if found := h.everywhere("secretname"); found != nil {
		t.Error("words stayed in", found)
	}
	for _, one := range []struct {
		said  topic.Said
		state topic.State
		count int64
	}{{w.shared, topic.Live, 1}, {w.own, topic.Erased, 0}, {w.beas, topic.Live, 0}} {
		got, err := topic.ByID(ctx, h.DB, h.brand.ID, one.said.Topic.ID)
		if err != nil || got.State != one.state || got.Replies != one.count || got.Heat != one.count {
			t.Errorf("%s: %+v, %v", one.said.Topic.Title, got, err)
		}
	}
	r, err := topic.ReplyByID(ctx, h.DB, h.brand.ID, w.answer.Reply.ID)
	if err != nil || r.State != topic.Erased || topic.Shows(h.DB.Now(), w.bea, r) {
		t.Errorf("%+v, %v", r, err)
	}
	spaces, err := space.List(ctx, h.DB, h.brand.ID)
	m, err2 := member.ByID(ctx, h.DB, h.brand.ID, w.ada.Member.ID)
	if err != nil || err2 != nil || spaces[0].Topics != 2 || m.Posts != 0 {
		t.Errorf("%d topics, %d posts, %v, %v", spaces[0].Topics, m.Posts, err, err2)
	}
	hits, err := search.IDs(ctx, h.DB, access.System(), h.brand.ID, search.Query{Text: "answer", Kinds: []search.Kind{search.Reply}}, 10)
	if err != nil || len(hits) > 1 {
		t.Errorf("%v, %v", hits, err)
	}
	if _, err := person.ByID(ctx, h.DB, h.owner, h.brand.ID, w.ada.Member.Person); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
}

// Somebody who wrote very much is erased in many steps, which can begin anew.
func TestEraseOfMany(t *testing.T) {
	h := open(t, false)
	w := h.talk()
	const many = 250
	for i := range many {
		h.must(h.DB.Tx(ctx, func(tx *db.Tx) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO reply (id, brand_id, topic_id, space_id, number, author_id, state, text, html, at, created_at) VALUES ($1, $2, $3, $4, $5, $6, 'live', 'Secretname', '', $7, $7)`,
				db.NewID(), h.brand.ID, w.beas.Topic.ID, w.beas.Topic.Space, 100+i, w.ada.Member.ID, tx.Now())
			return err
		}))
	}
	h.must(h.Remove(ctx, h.owner, h.brand.ID, w.ada.Member.ID, join.Erase))
	h.must(h.Remove(ctx, h.owner, h.brand.ID, w.ada.Member.ID, join.Erase)) // again does no harm
	for deadline := time.Now().Add(30 * time.Second); h.count(`SELECT COUNT(*) FROM reply WHERE author_id = $1 AND state <> 'erased'`, w.ada.Member.ID) > 0; {
		if time.Now().After(deadline) {
			t.Fatal("words stayed")
		}
	}
	if found := h.everywhere("secretname"); found != nil {
		t.Error(found)
	}
}

func TestWhoMayRemove(t *testing.T) {
	h := open(t, false)
	for i, role := range access.Roles {
		v := h.joined(fmt.Sprintf("m%d@example.com", i), fmt.Sprint("Member ", i))
		who := access.Who{Account: "a", Grants: []access.Grant{{Brand: h.brand.ID, Role: role}}}
		err := h.Remove(ctx, who, h.brand.ID, v.Member.ID, join.Anonymise)
		if may := access.Allows(role, access.PersonWrite); may != (err == nil) || may != h.voiceGone(v) {
			t.Errorf("%s: %v", role, err)
		}
	}
	v := h.joined("ada@example.com", "Ada")
	for name, bad := range map[string]member.Voice{"a visitor": {Brand: h.brand.ID}, "another": {Who: access.Who{Account: "x"}, Member: v.Member, Brand: h.brand.ID},
		"a token": {Who: access.Who{Account: v.Who.Account, Token: "t"}, Member: v.Member, Brand: h.brand.ID}} {
		if err := h.leave(bad, join.Erase); !fault.Is(err, fault.Denied) {
			t.Errorf("%s: %v", name, err)
		}
		if err := h.Export(ctx, bad, &bytes.Buffer{}); !fault.Is(err, fault.Denied) && !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := h.leave(v, "burn"); field(err) != "how" {
		t.Error(err)
	}
	if err := h.Remove(ctx, h.owner, db.NewID(), v.Member.ID, join.Erase); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
}

func (h *house) voiceGone(v member.Voice) bool {
	m, err := member.ByID(ctx, h.DB, h.brand.ID, v.Member.ID)
	h.must(err)
	return m.Gone()
}

func TestExport(t *testing.T) {
	h := open(t, false)
	w := h.talk()
	for i := range 450 { // more than are held in memory
		h.must(topicDraft(h.DB, h.brand.ID, w.ada.Member.ID, fmt.Sprint("draft ", i)))
	}
	var out bytes.Buffer
	h.must(h.Export(ctx, w.ada, &out))
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for name, want := range map[string]int{"handles": 1, "acceptances": 0, "topics": 2, "replies": 3, "decisions": 0, "drafts": 451, "reactions": 0, "bookmarks": 1, "flags": 1, "pictures": 0, "notice_choices": 1, "notice_digest": 1, "notices": 1} {
		if all, ok := got[name].([]any); !ok || len(all) != want {
			t.Errorf("%s: %d, not %d", name, len(all), want)
		}
	}
	text := out.String()
	for _, part := range []string{join.Format, `"Before"`, `"Secretname after"`, `"Secretname complains"`, `"Ada Secretname"`, `"2026-11-22T12:00:00Z"`} {
		if !strings.Contains(text, part) {
			t.Errorf("%s is not in it", part)
		}
	}
	if strings.Contains(text, "by Bea") || strings.Contains(text, w.ada.Who.Email) {
		t.Error("it holds what is not theirs")
	}
	// Its queries do not scan.
	h.must(join.Write(ctx, dbtest.Indexed(t, h.DB), w.ada.Member, &out))
}

func topicDraft(d *db.DB, brandID, memberID, place string) error {
	_, err := d.ExecContext(ctx, `INSERT INTO topic_draft (member_id, place, brand_id, text, at) VALUES ($1, $2, $3, 'x', $4)`, memberID, place, brandID, d.Now())
	return err
}

// Who erases their account is in no community any more.
func TestForsaken(t *testing.T) {
	h := open(t, false)
	w := h.talk()
	h.must(account.Erase(ctx, h.DB, w.ada.Who, w.ada.Who.Email))
	for range 2 {
		h.must(h.Forsaken(ctx))
	}
	m, err := member.ByID(ctx, h.DB, h.brand.ID, w.ada.Member.ID)
	if err != nil || !m.Gone() {
		t.Errorf("%+v, %v", m, err)
	}
	if other := h.voice(w.bea.Who.Email).Member; other.Gone() || other.State != member.Active {
		t.Errorf("%+v", other)
	}
}

// Who was shut out does not come in by leaving first, however they left.
func TestLeavingLiftsNoSuspension(t *testing.T) {
	h := open(t, false)
	for i, how := range join.Ways {
		v := h.joined(fmt.Sprintf("m%d@example.com", i), fmt.Sprint("Member ", i))
		_, err := member.Decide(ctx, h.DB, h.owner, h.brand.ID, v.Member.ID, member.Suspended, "Spam")
		h.must(err)
		h.must(h.leave(h.voice(v.Who.Email), how))
		if m, err := h.Enter(ctx, v.Who, h.brand, join.Form{Name: fmt.Sprint("Again ", i)}); err != nil || m.State != member.Asking {
			t.Errorf("%s: %s, %v", how, m.State, err)
		}
	}
}
