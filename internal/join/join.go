// Package join is how somebody becomes a member of a brand's community, what
// they may call themselves there, how they take their data along, and how they
// leave. What an account is, what a member is and what they said are other
// packages' parts.
package join

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/admit"
	"rapport/internal/blob"
	"rapport/internal/brand"
	"rapport/internal/challenge"
	"rapport/internal/community"
	"rapport/internal/db"
	"rapport/internal/document"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/letter"
	"rapport/internal/link"
	"rapport/internal/member"
	"rapport/internal/secret"
)

// Join lets people into communities and out again.
type Join struct {
	DB      *db.DB
	Door    *admit.Door // proves addresses
	Letters *letter.Letters
	Keys    *secret.Keyring
	Blobs   blob.Store
	// Address is where a path of a brand's community is found by other
	// machines: "/join" may be https://community.example.com/join.
	Address func(ctx context.Context, brandID, path string) string
	// Elsewhere erases what was written on networks with accounts that somebody
	// had proven, who leaves and wants all of theirs erased: id is the record of
	// these accounts. Where it is nil, that stays.
	Elsewhere func(ctx context.Context, tx *db.Tx, brandID, id string) error
}

// ProofPath is the page of the community that goes on with
// admit.Door.ProveAddress; the token follows.
const ProofPath = "/join/address/"

// Form is what somebody fills in who joins.
type Form struct {
	Email, Password string // of a new account
	Name            string // as others see it
	Handle          string // "" makes one of the name
	Answers         []member.Answer
	Accepts         map[string]int64 // versions of documents, by their names
	Challenge       string           // as package challenge made it
	Answer          string           // to it
	Script          bool             // the browser ran the script that answers
	CameFrom        string           // JSON of what brought them, 2000 bytes at most
	// Link is the code of the link that brought them, and LinkDay the day on which
	// they followed it (2006-01-02). They go before CameFrom.
	Link, LinkDay string
}

// Result is what a page may say of a sign-up: the same, whether the address
// had an account already or not.
type Result struct {
	State member.State // Active, or Asking where the team lets them in
	// Mailed says that a letter went to the address. Its link proves a new
	// account's; until then nothing of theirs is published. Where it is false
	// no letters leave the house, and nothing is asked.
	Mailed bool
	// Unsolved says that they wait for the team because their browser ran no
	// script.
	Unsolved bool
}

// Unproven reports whether an account's address must be proven before anything
// of theirs is published: a new one's, where letters leave the house. Whoever
// makes a member.Voice sets its Held by it; the team's own need no proof.
func (j *Join) Unproven(a account.Account) bool { return j.Letters.Send != nil && a.VerifiedAt == 0 }

// SignUp makes an account and its membership. It signs nobody in: the page
// does, by account.SignIn with the address and the password that were typed,
// or tells them to. So it looks the same for an address that has an account
// already, to which a letter says so.
//
// Five sign-ups an hour may come from one address, or one network of IPv6, and
// three to one e-mail address.
func (j *Join) SignUp(ctx context.Context, b brand.Brand, f Form, m account.Meta) (Result, error) {
	c, err := j.open(ctx, b)
	if err != nil {
		return Result{}, err
	}
	a := account.New{Email: f.Email, Name: strings.TrimSpace(f.Name), Password: f.Password}
	n, err := j.checked(ctx, b, c, access.Who{}, f, a.Check())
	if err == nil {
		n.CameFrom, err = j.brought(ctx, b, f, n.CameFrom)
	}
	if err != nil {
		return Result{}, err
	}
	r := Result{State: member.Active, Mailed: j.Letters.Send != nil, Unsolved: !f.Script}
	if c.Joining == community.Ask || r.Unsolved {
		r.State = member.Asking
	}
	n.State = r.State
	if f.Script {
		if err := j.maker().Check(j.DB.Now(), f.Challenge, f.Answer); err != nil {
			return Result{}, err
		}
	}
	if err := account.Attempt(ctx, j.DB, signUpLimits(f.Email, m.Address)...); err != nil {
		return Result{}, err
	}
	// Before it comes out whether the address has an account: a challenge that
	// was used must not tell. So it is used up whatever becomes of the form.
	if f.Script {
		err := j.DB.Tx(ctx, func(tx *db.Tx) error { return j.maker().Spend(ctx, tx, f.Challenge) })
		if err != nil {
			return Result{}, err
		}
	}
	_, err = account.Create(ctx, j.DB, access.System(), a, func(tx *db.Tx, a account.Account) error { return j.begin(ctx, tx, b, a, n, f) })
	if db.IsDuplicate(err) {
		return r, j.tellKnown(ctx, b, f.Email)
	}
	if err != nil {
		return Result{}, fmt.Errorf("join: sign up: %w", err)
	}
	return r, nil
}

func signUpLimits(email, address string) []account.Limit {
	email, _ = account.Address(email)
	return []account.Limit{
		{Scope: "sign-up " + account.Place(address), Burst: 5, Every: 12 * time.Minute},
		{Scope: "sign-up to " + secret.Hash(email)[:32], Burst: 3, Every: 20 * time.Minute},
	}
}

func (j *Join) maker() challenge.Maker { return challenge.Maker{Keys: j.Keys} }

// Challenge makes one for the form of a sign-up.
func (j *Join) Challenge() string { return j.maker().New(j.DB.Now(), challenge.Usual) }

var errClosed = fault.New(fault.Denied, "This community takes in nobody new at the moment.")

// open returns the community that somebody wants to join, unless it is shut.
func (j *Join) open(ctx context.Context, b brand.Brand) (community.Community, error) {
	c, err := community.Of(ctx, j.DB, b.ID)
	if err == nil && (c.OpenedAt == 0 || c.Joining == community.Closed) {
		err = errClosed
	}
	return c, err
}

// begin makes all of a new account that a sign-up makes, or nothing.
func (j *Join) begin(ctx context.Context, tx *db.Tx, b brand.Brand, a account.Account, n member.New, f Form) error {
	n.Account = a.ID
	m, err := member.Create(ctx, tx, b.ID, n)
	if err != nil {
		return err
	}
	if err := errors.Join(link.Arrived(ctx, tx, b.ID, m.ID, n.CameFrom, b.Location()), accept(ctx, tx, m, f.Accepts)); err != nil || j.Letters.Send == nil {
		return err
	}
	return j.Door.AskNew(ctx, tx, a, b.ID, j.proofLink(ctx, b), proofPage(ctx, b, m))
}

func (j *Join) proofLink(ctx context.Context, b brand.Brand) func(string) string {
	return func(token string) string { return j.Address(ctx, b.ID, ProofPath) + token }
}

func proofPage(ctx context.Context, b brand.Brand, m member.Member) letter.Page {
	return letter.Page{Title: i18n.T(ctx, "Welcome to {{.Brand}}: is this your address?", "Brand", b.Name),
		Lines: []string{i18n.T(ctx, "Somebody, probably you, has joined the community of {{.Brand}} as {{.Name}}.", "Brand", b.Name, "Name", m.Name),
			i18n.T(ctx, "Open the link to say that this address is yours. It works for three days. Until then others see nothing of what you write.")},
		Action: i18n.T(ctx, "Yes, it is mine"), Foot: i18n.T(ctx, "If you know nothing of this, leave it: do not open the link.")}
}

// AskAgain writes the letter of a sign-up again, for the acting member whose
// address is not proven yet.
func (j *Join) AskAgain(ctx context.Context, v member.Voice, b brand.Brand) error {
	if v.Member.ID == "" || v.Who.Token != "" {
		return errSignIn
	}
	return j.Door.AskAgain(ctx, v.Who, b.ID, j.proofLink(ctx, b), proofPage(ctx, b, v.Member))
}

var errSignIn = fault.New(fault.Denied, "Sign in to do this. An API token cannot.")

// tellKnown writes to an address that wanted to sign up again.
func (j *Join) tellKnown(ctx context.Context, b brand.Brand, email string) error {
	err := j.DB.Tx(ctx, func(tx *db.Tx) error {
		a, err := account.ByEmail(ctx, tx, email)
		if fault.Is(err, fault.NotFound) || err == nil && a.DisabledAt != 0 {
			return nil // it went in this moment, or may not sign in
		}
		if err != nil {
			return err
		}
		p := letter.Page{Title: i18n.T(ctx, "You have an account already"),
			Lines: []string{i18n.T(ctx, "Somebody, probably you, wanted to join the community of {{.Brand}} with this address. It has an account here: sign in with its password, then join.", "Brand", b.Name),
				i18n.T(ctx, "If you forgot the password you can set a new one where you sign in.")},
			Action: i18n.T(ctx, "Sign in"), Link: j.Address(ctx, b.ID, "/join"),
			Foot: i18n.T(ctx, "If it was not you, leave it: nothing has changed.")}
		l := letter.Letter{Brand: b.ID, Account: a.ID, Address: a.Email, Subject: p.Title, Source: "sign-up again " + db.NewID(), Community: true}
		l.Text, l.HTML = p.Render()
		_, err = j.Letters.Write(ctx, tx, l)
		return err
	})
	if err != nil {
		return fmt.Errorf("join: tell a known address: %w", err)
	}
	return nil
}

// Enter makes an account that exists a member of a brand's community, or one
// again who left with their name. Of the form the parts of a new account are
// not used. The brand's team comes in at once, also where it is shut for
// others. Somebody who was suspended or refused when they left asks the team.
func (j *Join) Enter(ctx context.Context, who access.Who, b brand.Brand, f Form) (member.Member, error) {
	if who.Account == "" || who.Token != "" {
		return member.Member{}, errSignIn
	}
	c, team, err := j.mayEnter(ctx, who, b)
	if err != nil {
		return member.Member{}, err
	}
	if team {
		c.Questions = nil
	}
	n, err := j.checked(ctx, b, c, who, f, nil)
	if err == nil {
		n.CameFrom, err = j.brought(ctx, b, f, n.CameFrom)
	}
	if err != nil {
		return member.Member{}, err
	}
	if err := account.Attempt(ctx, j.DB, account.Limit{Scope: "enter " + who.Account, Burst: 10, Every: 6 * time.Minute}); err != nil {
		return member.Member{}, err
	}
	n.Account, n.Team, n.Trusted, n.State = who.Account, team, team, member.Active
	var m member.Member
	err = j.DB.Tx(ctx, func(tx *db.Tx) error {
		barred, err := member.Barred(ctx, tx, b.ID, who.Account)
		if err != nil {
			return err
		}
		if !team && (barred || c.Joining == community.Ask) {
			n.State = member.Asking
		}
		m, err = entered(ctx, tx, b.ID, n)
		if err != nil {
			return err
		}
		if team { // whom no link brought
			return document.Accept(ctx, tx, b.ID, m.ID, f.Accepts)
		}
		return errors.Join(link.Arrived(ctx, tx, b.ID, m.ID, n.CameFrom, b.Location()), accept(ctx, tx, m, f.Accepts))
	})
	if db.IsDuplicate(err) {
		err = errMember
	}
	return m, err
}

var errMember = fault.New(fault.Conflict, "You are a member of this community already.")

func (j *Join) mayEnter(ctx context.Context, who access.Who, b brand.Brand) (c community.Community, team bool, err error) {
	if who.May(j.DB.Now(), b.ID, access.BrandRead) == nil {
		c, err = community.Of(ctx, j.DB, b.ID)
		return c, true, err
	}
	c, err = j.open(ctx, b)
	return c, false, err
}

// entered makes the member, or brings them back.
func entered(ctx context.Context, tx *db.Tx, brandID string, n member.New) (member.Member, error) {
	was, err := member.OfAccount(ctx, tx, brandID, n.Account)
	switch {
	case fault.Is(err, fault.NotFound):
		return member.Create(ctx, tx, brandID, n)
	case err != nil:
		return was, err
	case was.State == member.Left:
		return was.Back(ctx, tx, n)
	}
	return was, errMember
}

// accept notes what a member accepts, which must be all that binds.
func accept(ctx context.Context, tx *db.Tx, m member.Member, versions map[string]int64) error {
	if err := document.Accept(ctx, tx, m.Brand, m.ID, versions); err != nil {
		return err
	}
	due, err := document.Due(ctx, tx, m.Brand, m.ID)
	if err == nil && len(due) > 0 {
		err = errAccept
	}
	return err
}

var errAccept = fault.OnField("accepts", "Read the documents and accept them to join.")

// longestCameFrom is how much is kept of what brought somebody, in bytes.
const longestCameFrom = 2000

// checked reads a form before anything is written. also is what is wrong with
// it besides.
func (j *Join) checked(ctx context.Context, b brand.Brand, c community.Community, who access.Who, f Form, also error) (member.New, error) {
	f.Name = strings.TrimSpace(f.Name)
	answers, err := answered(c.Questions, f.Answers)
	wrong := []error{member.Fits(ctx, j.DB, b.ID, f.Handle, f.Name), unlike(ctx, j.DB, b, who, f.Handle, f.Name), err, also}
	if who.May(j.DB.Now(), b.ID, access.BrandRead) != nil {
		wrong = append(wrong, j.acceptsAll(ctx, b, f.Accepts))
	}
	if err := together(wrong...); err != nil {
		return member.New{}, err
	}
	n := member.New{Handle: f.Handle, Name: f.Name, Answers: answers}
	if len(f.CameFrom) <= longestCameFrom && json.Valid([]byte(f.CameFrom)) && utf8.ValidString(f.CameFrom) && !strings.Contains(f.CameFrom, "\x00") {
		n.CameFrom = f.CameFrom
	}
	return n, nil
}

// LinkLasts is for how many days a link that somebody followed is what brought
// them.
const LinkLasts = 30

// brought is what is kept of the link that brought somebody; else of what the
// form says otherwise.
func (j *Join) brought(ctx context.Context, b brand.Brand, f Form, otherwise string) (string, error) {
	day, err := time.Parse(time.DateOnly, f.LinkDay)
	if age := j.DB.Now().Time().Sub(day); err != nil || age < -24*time.Hour || age > (LinkLasts+1)*24*time.Hour {
		return otherwise, nil
	}
	came, err := link.Arrival(ctx, j.DB, b.ID, f.Link, f.LinkDay)
	return cmp.Or(came, otherwise), err
}

func (j *Join) acceptsAll(ctx context.Context, b brand.Brand, versions map[string]int64) error {
	all, err := document.Binding(ctx, j.DB, b.ID)
	if err != nil {
		return err
	}
	for _, d := range all {
		if versions[d.Name] == 0 {
			return errAccept
		}
	}
	return nil
}

// answered puts the answers to the questions that are asked now.
func answered(questions []string, given []member.Answer) ([]member.Answer, error) {
	var out []member.Answer
	for _, q := range questions {
		text := ""
		for _, a := range given {
			if a.Question == q {
				text = strings.TrimSpace(a.Answer)
			}
		}
		switch {
		case text == "":
			return nil, fault.OnField("answers", "Answer every question.")
		case !utf8.ValidString(text) || strings.Contains(text, "\x00") || utf8.RuneCountInString(text) > member.LongestAnswer:
			return nil, fault.OnField("answers", "Shorten each answer to %d characters.", member.LongestAnswer)
		}
		out = append(out, member.Answer{Question: q, Answer: text})
	}
	return out, nil
}

// together joins faults on fields into one; another error goes before them.
func together(errs ...error) error {
	var fields []fault.Field
	seen := map[string]bool{}
	for _, err := range errs {
		if err == nil {
			continue
		}
		f := fault.Fields(err)
		if len(f) == 0 {
			return err
		}
		for _, one := range f {
			if !seen[one.Name] {
				fields, seen[one.Name] = append(fields, one), true
			}
		}
	}
	return fault.OnFields(fields)
}

// Change saves a member's own profile, as member.Change, unless the name would
// pass them off as somebody else. Pages use this one.
func Change(ctx context.Context, d *db.DB, v member.Voice, revision int64, p member.Profile) (member.Member, error) {
	// What they have already is theirs to keep, whoever came to the team since.
	handle, name := strings.TrimPrefix(strings.TrimSpace(p.Handle), "@"), strings.Join(strings.Fields(p.Name), " ")
	if handle == v.Member.Handle {
		handle = ""
	}
	if name == v.Member.Name {
		name = ""
	}
	b, err := brand.ByID(ctx, d, access.System(), v.Brand)
	if err == nil {
		err = unlike(ctx, d, b, v.Who, handle, name)
	}
	if err != nil {
		return member.Member{}, err
	}
	return member.Change(ctx, d, v, revision, p)
}

// offices are the names of those who speak for a community.
var offices = []string{"admin", "administrator", "administratorin", "mod", "moderator", "moderatorin", "official", "owner", "staff", "support", "system", "team"}

// isOffice reports whether a likeness is that of an office, alone, as "the
// Team", or with the brand's name before or after it.
func isOffice(looks, brandLooks string) bool {
	for range 3 { // an article, the brand and an office
		for _, o := range offices {
			if o = member.Likeness(o); looks == o || looks == o+"s" {
				return true
			}
		}
		rest := looks
		for _, article := range []string{"the", "das"} {
			rest = strings.TrimPrefix(rest, article)
		}
		if brandLooks != "" && rest == looks {
			if rest = strings.TrimPrefix(looks, brandLooks); rest == looks {
				rest = strings.TrimSuffix(looks, brandLooks)
			}
		}
		if rest == looks {
			return false
		}
		looks = rest
	}
	return false
}

// unlike returns nil unless the name, or the handle, looks like the brand's,
// like that of one of its team, or like an office. The team itself may; "" is
// one that stays.
func unlike(ctx context.Context, q db.Queryer, b brand.Brand, who access.Who, handle, name string) error {
	if handle == "" && name == "" || who.May(q.Now(), b.ID, access.BrandRead) == nil {
		return nil
	}
	taken, err := names(ctx, q, b)
	if err != nil {
		return err
	}
	var wrong []error
	for _, looks := range member.Likenesses(name) {
		switch {
		case taken[looks]:
			wrong = append(wrong, fault.OnField("name", "This name is that of the brand or of somebody in its team. Choose another."))
		case isOffice(looks, member.Likeness(b.Name)):
			wrong = append(wrong, fault.OnField("name", "Only the team may be called this. Choose another name."))
		}
	}
	for _, looks := range member.Likenesses(handle) {
		if taken[looks] || isOffice(looks, member.Likeness(b.Name)) {
			wrong = append(wrong, fault.OnField("handle", "This handle looks like the brand or somebody in its team. Choose another."))
		}
	}
	return together(wrong...)
}

// names are what the brand and its team look like: by their accounts, and as
// members of the community.
func names(ctx context.Context, q db.Queryer, b brand.Brand) (map[string]bool, error) {
	team, err := account.Team(ctx, q, access.System(), b.ID)
	if err != nil {
		return nil, err
	}
	taken := map[string]bool{}
	add := func(name string) {
		for _, looks := range member.Likenesses(name) {
			taken[looks] = true
		}
	}
	add(b.Name)
	var ids []string
	for _, m := range team {
		add(m.Name)
		ids = append(ids, m.ID)
	}
	members, err := member.OfAccounts(ctx, q, b.ID, ids)
	if err != nil {
		return nil, err
	}
	for _, m := range members {
		add(m.Name)
	}
	delete(taken, "")
	return taken, nil
}
