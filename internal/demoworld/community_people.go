package demoworld

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"rapport/internal/activity"
	"rapport/internal/db"
	"rapport/internal/document"
	"rapport/internal/fault"
	"rapport/internal/member"
)

const (
	crowdSize = 300
	founders  = 20 // who joined in the first two days
	asking    = 2
)

// soul is one member.
type soul struct {
	id, person, account string
	name, handle, bio   string
	answer              string // to what is asked of who joins
	state               member.State
	team                bool
	known               bool // a member already
	joined, seen        db.Time
	days                map[string]bool // on which they were here
	liked               map[string]bool // replies
}

func newSoul(name, handle string) *soul {
	return &soul{id: db.NewID(), person: db.NewID(), account: db.NewID(), name: name, handle: handle, state: member.Active, days: map[string]bool{}, liked: map[string]bool{}}
}

// settle makes the crowd: more join the longer the community is there, and
// many of those who joined long ago were not here lately.
func (t *town) settle() {
	t.hireStaff()
	crowd := t.names(crowdSize)
	t.dice.Shuffle(len(crowd), func(i, j int) { crowd[i], crowd[j] = crowd[j], crowd[i] })
	for i, s := range crowd {
		age := time.Duration(math.Pow(t.dice.Float64(), 1.2) * float64(openFor-48*time.Hour))
		if i < founders || slices.Contains(early, s.handle) {
			age = openFor - time.Duration(8+t.dice.IntN(36))*time.Hour
		}
		s.joined = db.At(t.hour(age.Hours() / 24).Add(-time.Duration(10+t.dice.IntN(50)) * time.Minute))
		idle := time.Duration(math.Pow(t.dice.Float64(), 2.6) * float64(db.At(t.now).Sub(s.joined)))
		s.seen = max(s.joined, db.At(t.now.Add(-idle)))
		s.answer = draw(t.dice, joinAnswers)
		if t.dice.IntN(4) == 0 {
			s.bio = draw(t.dice, bios)
		}
		t.people = append(t.people, s)
	}
	slices.SortStableFunc(t.people, func(a, b *soul) int { return cmp.Compare(a.joined, b.joined) })
}

// hireStaff lets the owner and the team be members as well.
func (t *town) hireStaff() {
	t.staff["robin"] = newSoul(cmp.Or(t.owner.Name, "Robin Demo"), "robin")
	t.staff["robin"].account, t.staff["robin"].bio = t.owner.Account, "Runs the place. Drinks too much filter to be objective."
	for _, c := range colleagues {
		if c.key == teamFormer {
			continue
		}
		first, _, _ := strings.Cut(c.name, " ")
		t.staff[c.key] = newSoul(c.name, strings.ToLower(first))
		t.staff[c.key].account = t.team[c.key].ID
		t.staff[c.key].bio = staffBios[c.key]
	}
	for key, s := range t.staff {
		s.team, s.joined, s.seen = true, db.At(t.opened()), db.At(t.now.Add(-time.Duration(len(key))*time.Hour))
	}
}

// names are so many people of the crowd, each with a handle of their own.
func (t *town) names(n int) []*soul {
	var out []*soul
	looks := map[string]bool{}
	for _, s := range t.staff {
		looks[member.Skeleton(s.handle)] = true
	}
	add := func(name, handle string) {
		if s := newSoul(name, handle); !looks[member.Skeleton(handle)] && member.IsHandle(handle) && len(out) < n {
			looks[member.Skeleton(handle)] = true
			out = append(out, s)
		}
	}
	for _, one := range named {
		add(one[0], one[1])
	}
	for given := map[string]bool{}; len(out) < n; {
		from := draw(t.dice, families)
		first, last := draw(t.dice, strings.Fields(from[0])), draw(t.dice, strings.Split(from[1], ","))
		if name := first + " " + last; !given[name] {
			given[name] = true
			add(name, t.handle(plainLetters(first), plainLetters(last)))
		}
	}
	return out
}

// handle is made of a name as people make them.
func (t *town) handle(first, last string) string {
	switch t.dice.IntN(7) {
	case 0:
		return first + "." + last
	case 1:
		return first + last[:1]
	case 2:
		return first[:1] + last
	case 3:
		return first + "_" + draw(t.dice, []string{"brews", "coffee", "v60", "espresso", "filter", "moka", "grinds"})
	case 4:
		return first + fmt.Sprint(60+t.dice.IntN(40))
	case 5:
		return last + "-" + first
	}
	return first + last
}

var letters = strings.NewReplacer("ø", "o", "ß", "ss", "ł", "l", "æ", "ae", "đ", "d", "ı", "i")

// plainLetters is a name in the letters that handles are written with.
func plainLetters(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, letters.Replace(member.NameKey(name)))
}

// someone is one of those who were members by then, other than some; a few
// speak much.
func (t *town) someone(at db.Time, but ...*soul) *soul {
	n, _ := slices.BinarySearchFunc(t.people, at, func(s *soul, at db.Time) int { return cmp.Compare(s.joined, at) })
	for n > len(but)+1 {
		s := t.people[int(math.Pow(t.dice.Float64(), 1.7)*float64(n))]
		if !slices.Contains(but, s) {
			return s
		}
	}
	// Hardly anybody is there yet: the team speaks.
	for _, key := range []string{teamManager, teamCreator, teamStrategist, teamAnalyst, teamCommunity, "robin"} {
		if !slices.Contains(but, t.staff[key]) {
			return t.staff[key]
		}
	}
	return t.staff["robin"]
}

// newcomer is who joined last before then and has said nothing.
func (t *town) newcomer(at db.Time) *soul {
	for _, s := range slices.Backward(t.people) {
		if len(s.days) == 0 && s.joined < at {
			s.days["waits"] = true
			return s
		}
	}
	return t.people[0]
}

// called is the one of the crowd with a handle, or nil.
func (t *town) called(handle string) *soul {
	if len(handle) < 2 {
		return nil
	}
	for _, s := range t.people {
		if s.handle == handle {
			return s
		}
	}
	return nil
}

// saveMembers writes everybody with the account they came by. The crowd's
// accounts have no password and no proven address: nobody signs in with them,
// and no letter is sent to them.
func (t *town) saveMembers(ctx context.Context, tx *db.Tx) error {
	var accounts [][]any
	all := slices.Clone(t.people)
	for i := range asking {
		s := newSoul(strangers[i].name, strangers[i].handle)
		s.state, s.answer = member.Asking, strangers[i].answer
		s.joined = db.At(t.now.Add(-time.Duration(3+17*i) * time.Hour))
		s.seen = s.joined
		all = append(all, s)
	}
	for _, s := range all {
		accounts = append(accounts, []any{s.account, strings.ToLower(s.handle) + "@members.northwind.example", s.name, s.joined})
	}
	if err := db.Many(ctx, tx, `INSERT INTO account (id, email, name, password_hash, theme, created_at) VALUES ($1, $2, $3, '', 'system', $4)`, accounts); err != nil {
		return err
	}
	for _, c := range append([]string{"robin"}, teamKeys()...) {
		all = append(all, t.staff[c])
	}
	return t.enlist(ctx, tx, all)
}

func teamKeys() []string {
	var out []string
	for _, c := range colleagues {
		if c.key != teamFormer {
			out = append(out, c.key)
		}
	}
	return out
}

// recognize finds those of the team who came in by themselves, after an earlier
// start was cut short.
func (t *town) recognize(ctx context.Context, tx *db.Tx) error {
	for _, s := range t.staff {
		m, err := member.OfAccount(ctx, tx, t.brand.ID, s.account)
		switch {
		case err == nil:
			s.id, s.person, s.handle, s.known = m.ID, m.Person, m.Handle, true
		case !fault.Is(err, fault.NotFound):
			return err
		}
	}
	return nil
}

func (t *town) enlist(ctx context.Context, tx *db.Tx, all []*soul) error {
	var persons, members, handles [][]any
	for _, s := range all {
		if s.known {
			continue
		}
		answers, err := s.answers()
		if err != nil {
			return err
		}
		persons = append(persons, []any{s.person, t.brand.ID, s.name, s.joined})
		members = append(members, []any{s.id, t.brand.ID, s.account, s.person, s.handle, s.name, member.NameKey(s.name), s.bio, s.state, s.joined, answers, s.team, s.seen, t.face(s)})
		handles = append(handles, []any{t.brand.ID, strings.ToLower(s.handle), member.Skeleton(s.handle), s.id})
		if s.state == member.Active {
			// Nobody was here to join: what they did is told with it.
			t.acts = append(t.acts, activity.Entry{Kind: "member.joined", Subject: s.id, Actor: s.person, At: s.joined, Member: s.id, Team: s.team, Value: member.LetIn})
		}
	}
	for _, step := range []struct {
		query string
		rows  [][]any
	}{
		{`INSERT INTO person (id, brand_id, name, member_at, first_at, last_at, created_at) VALUES ($1, $2, $3, $4, $4, $4, $4)`, persons},
		{`INSERT INTO member (id, brand_id, account_id, person_id, handle, name, name_key, bio, state, state_at, answers, team, joined_at, seen_at, picture)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $10, $13, $14)`, members},
		{`INSERT INTO member_handle (brand_id, handle, skeleton, member_id) VALUES ($1, $2, $3, $4)`, handles},
	} {
		if err := db.Many(ctx, tx, step.query, step.rows); err != nil {
			return err
		}
	}
	return t.accept(ctx, tx, all)
}

// accept notes that everybody accepted the documents when they joined.
func (t *town) accept(ctx context.Context, tx *db.Tx, all []*soul) error {
	binding, err := document.Binding(ctx, tx, t.brand.ID)
	if err != nil {
		return err
	}
	var rows [][]any
	for _, s := range all {
		for _, d := range binding {
			rows = append(rows, []any{s.id, d.Name, d.Version, t.brand.ID, s.joined})
		}
	}
	return db.Many(ctx, tx, `INSERT INTO acceptance (member_id, name, version, brand_id, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (member_id, name, version) DO NOTHING`, rows)
}

func (s *soul) answers() (string, error) {
	if s.answer == "" {
		return "", nil
	}
	raw, err := json.Marshal([]member.Answer{{Question: joinQuestion, Answer: s.answer}})
	return string(raw), err
}
