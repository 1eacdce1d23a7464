package merge

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/audit"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/member"
	"rapport/internal/network"
	"rapport/internal/outbox"
	"rapport/internal/person"
)

// State is where a claim stands.
type State string

// The states.
const (
	Open      State = "open"      // not proven yet
	Proven    State = "proven"    // it was seen on the account's own profile
	Withdrawn State = "withdrawn" // by the member
	Undone    State = "undone"    // by the team, which took the two apart
)

// The ways of showing a code.
const (
	ByLink = "link" // the address of the member's page, with the code in it
	ByCode = "code" // the code alone
)

// Proof is what a member says is theirs on a network.
type Proof struct {
	ID, Brand string
	Member    string
	Network   string
	Handle    string // as they typed it; as the network writes it once it is proven
	Code      string // what they show there; no secret
	State     State
	StateAt   db.Time
	Identity  string // once it is proven
	Merge     string // what it made one; "" where nothing was to be joined
	Way       string // ByLink or ByCode, once it is proven
	URL       string // the profile where it was seen
	Shown     bool   // on the member's page, for everybody
	ExpiresAt db.Time
	CreatedAt db.Time
}

// Expired reports whether the code proves nothing any more.
func (p Proof) Expired(now db.Time) bool { return p.State == Open && p.ExpiresAt <= now }

const proofColumns = `c.id, c.brand_id, c.member_id, c.network, c.handle, c.code, c.state, c.state_at, c.identity_id, c.merge_id, c.way, c.url, c.shown, c.expires_at, c.created_at`

func scanProof(r interface{ Scan(...any) error }) (p Proof, err error) {
	err = r.Scan(&p.ID, &p.Brand, &p.Member, &p.Network, &p.Handle, &p.Code, &p.State, &p.StateAt, &p.Identity, &p.Merge, &p.Way, &p.URL, &p.Shown, &p.ExpiresAt, &p.CreatedAt)
	return p, err
}

const (
	codeFor       = 7 * 24 * time.Hour
	mostOpen      = 5   // claims of a member at a time that wait for their proof
	mostProven    = 20  // and that are proven
	longestHandle = 300 // runes
)

// Claims are what members prove. DB and Networks are needed.
type Claims struct {
	DB       *db.DB
	Networks *network.Set
}

// Where returns the networks on which members of a brand may prove an account,
// by title: the demo network only where the brand has a channel there.
func (c *Claims) Where(ctx context.Context, brandID string) ([]network.Facts, error) {
	channels, err := channel.List(ctx, c.DB, access.System(), brandID)
	if err != nil {
		return nil, err
	}
	var out []network.Facts
	for _, n := range c.Networks.All() {
		f := n.Facts()
		if _, ok := c.Networks.Prover(f.Name); ok && (!f.Demo || slices.ContainsFunc(channels, func(ch channel.Channel) bool { return ch.Network == f.Name })) {
			out = append(out, f)
		}
	}
	return out, nil
}

var notYours = fault.New(fault.NotFound, "You have not named such an account.")

// own reads a claim of the acting member.
func own(ctx context.Context, q db.Queryer, v member.Voice, id string) (Proof, error) {
	p, err := scanProof(q.QueryRowContext(ctx, `SELECT `+proofColumns+` FROM claim c WHERE c.brand_id || '' = $1 AND c.id = $2`, v.Brand, id))
	switch {
	case errors.Is(err, sql.ErrNoRows), err == nil && (v.Member.ID == "" || p.Member != v.Member.ID):
		return Proof{}, notYours
	case err != nil:
		return p, fmt.Errorf("merge: claim: %w", err)
	}
	return p, nil
}

// Mine returns what the acting member has named and not taken back, the newest
// first.
func Mine(ctx context.Context, q db.Queryer, v member.Voice) ([]Proof, error) {
	return proofs(ctx, q, `SELECT `+proofColumns+` FROM claim c WHERE c.brand_id = $1 AND c.member_id = $2 AND c.state <> 'withdrawn'
		ORDER BY c.created_at DESC, c.id DESC LIMIT $3`, v.Brand, v.Member.ID, mostListed)
}

// Public returns what a member has proven and shows to everybody.
func Public(ctx context.Context, q db.Queryer, brandID, memberID string) ([]Proof, error) {
	return proofs(ctx, q, `SELECT `+proofColumns+` FROM claim c WHERE c.brand_id = $1 AND c.member_id = $2 AND c.state = 'proven' AND c.shown
		ORDER BY c.created_at, c.id LIMIT $3`, brandID, memberID, mostProven)
}

func provenOf(ctx context.Context, q db.Queryer, brandID string, m *member.Member) ([]Proof, error) {
	if m == nil {
		return nil, nil
	}
	return proofs(ctx, q, `SELECT `+proofColumns+` FROM claim c WHERE c.brand_id = $1 AND c.member_id = $2 AND c.state = 'proven' ORDER BY c.created_at, c.id LIMIT $3`, brandID, m.ID, mostProven)
}

// ProvenBy returns what a person has proven themselves, by the identity's id.
// The caller has checked that they may be read.
func ProvenBy(ctx context.Context, q db.Queryer, brandID, personID string) (map[string]Proof, error) {
	m, err := member.OfPerson(ctx, q, brandID, personID)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	all, err := provenOf(ctx, q, brandID, &m)
	out := make(map[string]Proof, len(all))
	for _, p := range all {
		out[p.Identity] = p
	}
	return out, err
}

func proofs(ctx context.Context, q db.Queryer, query string, args ...any) ([]Proof, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (Proof, error) { return scanProof(r) })
	if err != nil {
		return nil, fmt.Errorf("merge: claims: %w", err)
	}
	return all, nil
}

// Begin notes that the acting member says an account is theirs, and gives the
// code that is to stand on its profile within seven days. Nothing is asked of
// the network yet, but what can be no handle there is refused. The same handle again gives the same claim with a new code.
func (c *Claims) Begin(ctx context.Context, v member.Voice, networkName, handle string) (Proof, error) {
	handle = strings.TrimSpace(handle)
	if handle == "" || handle != plainLine(handle) {
		return Proof{}, fault.OnField("handle", "Give your whole handle there, in one line.")
	}
	where, err := c.Where(ctx, v.Brand)
	if err != nil {
		return Proof{}, err
	}
	if !slices.ContainsFunc(where, func(f network.Facts) bool { return f.Name == networkName }) {
		return Proof{}, fault.OnField("network", "Choose one of the networks.")
	}
	if err := c.handle(networkName, handle); err != nil {
		return Proof{}, err
	}
	if err := speaks(ctx, c.DB, &v); err != nil {
		return Proof{}, err
	}
	if err := account.Attempt(ctx, c.DB, account.Limit{Scope: "claim " + v.Member.ID, Burst: 20, Every: time.Hour}); err != nil {
		return Proof{}, err
	}
	var p Proof
	err = c.DB.Tx(ctx, func(tx *db.Tx) error {
		if err := speaks(ctx, tx, &v); err != nil {
			return err
		}
		mine, err := Mine(ctx, tx, v)
		if err != nil {
			return err
		}
		open := 0
		p = Proof{ID: db.NewID(), Brand: v.Brand, Member: v.Member.ID, Network: networkName, Handle: handle, Code: newCode(), State: Open, StateAt: tx.Now(),
			ExpiresAt: tx.Now().Add(codeFor), CreatedAt: tx.Now()}
		for _, one := range mine {
			same := one.Network == networkName && strings.EqualFold(strings.TrimPrefix(one.Handle, "@"), strings.TrimPrefix(handle, "@"))
			switch {
			case same && one.State == Proven:
				return fault.OnField("handle", "You have proven this account already.")
			case same && one.State == Open:
				p.ID, p.CreatedAt = one.ID, one.CreatedAt
			case one.State == Open && !one.Expired(tx.Now()):
				open++
			}
		}
		if open >= mostOpen {
			return fault.OnField("handle", "Prove or remove the %d accounts that you have named first.", open)
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO claim (id, brand_id, member_id, network, handle, code, state, state_at, expires_at, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (id) DO UPDATE SET handle = excluded.handle, code = excluded.code, state_at = excluded.state_at, expires_at = excluded.expires_at`,
			p.ID, p.Brand, p.Member, p.Network, p.Handle, p.Code, p.State, p.StateAt, p.ExpiresAt, p.CreatedAt)
		if err != nil {
			return fmt.Errorf("merge: claim: %w", err)
		}
		return nil
	})
	return p, err
}

// handle says at once, at its field, what can be no handle there.
func (c *Claims) handle(networkName, handle string) error {
	n, err := c.Networks.Named(networkName)
	if err != nil {
		return err
	}
	h, ok := n.(network.Handles)
	if !ok {
		return nil
	}
	var e *network.Error
	if err := h.Handle(handle); !errors.As(err, &e) {
		return err
	}
	return fault.OnField("handle", "%s", i18n.Kept(e.Text))
}

// speaks reads the acting member anew, who must be one that may write.
func speaks(ctx context.Context, q db.Queryer, v *member.Voice) error {
	if v.Member.ID != "" {
		m, err := member.ByID(ctx, q, v.Brand, v.Member.ID)
		if err != nil {
			return err
		}
		v.Member = m
	}
	return v.Speaks(q.Now())
}

// plainLine is a text without what no handle has.
func plainLine(s string) string {
	r := []rune(strings.ToValidUTF8(s, ""))
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r >= 0x200b && r <= 0x200f || r >= 0x202a && r <= 0x202e {
			return -1
		}
		return r
	}, string(r[:min(len(r), longestHandle)]))
}

const codeMark = "rapport-"

// newCode is what cannot be guessed: 130 bits.
func newCode() string { return codeMark + strings.ToLower(rand.Text()) }

var codes = regexp.MustCompile(codeMark + `[a-z2-7]{26}`)

// way finds a code in what a profile says, "" where it does not stand there.
func way(text, code string) string {
	found := ""
	text = strings.ToLower(text)
	for _, at := range codes.FindAllStringIndex(text, 100) {
		if subtle.ConstantTimeCompare([]byte(text[at[0]:at[1]]), []byte(code)) != 1 {
			continue
		}
		if strings.HasSuffix(text[:at[0]], "?"+CodeParameter+"=") {
			return ByLink
		}
		found = ByCode
	}
	return found
}

// CodeParameter is how a code stands in the address of a member's page.
const CodeParameter = "me"

// Check reads the profile of what the acting member claims, and where their
// code stands on it makes the account theirs: what was written with it and what
// they write here belong to one person from then on. It may be tried six times
// and then once in ten minutes.
func (c *Claims) Check(ctx context.Context, v member.Voice, id string) (Proof, error) {
	p, err := own(ctx, c.DB, v, id)
	switch {
	case err != nil:
		return p, err
	case p.State == Proven:
		return p, nil
	case p.State != Open:
		return p, fault.New(fault.Conflict, "This is settled. Name the account again to prove it anew.")
	case p.Expired(c.DB.Now()):
		return p, fault.New(fault.Conflict, "This code is too old. Name the account again to get a new one.")
	}
	if err := speaks(ctx, c.DB, &v); err != nil {
		return p, err
	}
	n, ok := c.Networks.Prover(p.Network)
	if !ok {
		return p, fault.New(fault.Unavailable, "This network cannot be asked at the moment.")
	}
	if err := account.Attempt(ctx, c.DB, account.Limit{Scope: "prove " + v.Member.ID, Burst: 6, Every: 10 * time.Minute}); err != nil {
		return p, err
	}
	profile, err := n.Profile(ctx, "", p.Handle)
	if err != nil {
		return p, inWords(n.Facts().Title, err)
	}
	shown := way(profile.Text, p.Code)
	if shown == "" {
		return p, fault.New(fault.Invalid, "Your code does not stand on the profile of %s yet. Save it there, wait a moment and check again.", profile.Author.Handle)
	}
	g := Merge{}
	err = c.DB.Tx(ctx, func(tx *db.Tx) error {
		again, err := own(ctx, tx, v, id)
		if err != nil {
			return err
		}
		if again.State != Open || again.Code != p.Code {
			return fault.New(fault.Conflict, "This was changed in another window. Look again.")
		}
		if err := speaks(ctx, tx, &v); err != nil {
			return err
		}
		p, g = again, Merge{}
		p.Way, p.URL = shown, profile.Author.URL
		return p.prove(ctx, tx, v.Member, profile, &g)
	})
	if err != nil || g.ID == "" {
		return p, err
	}
	return p, Refind{p.Brand, g.Other, true}.do(ctx, c.DB, atOnceFor)
}

// prove makes the account the member's, in the caller's transaction.
func (p *Proof) prove(ctx context.Context, tx *db.Tx, m member.Member, seen network.Profile, g *Merge) error {
	i, err := known(ctx, tx, p.Brand, p.Network, seen)
	if err != nil {
		return err
	}
	if err := p.free(ctx, tx, i); err != nil {
		return err
	}
	switch other, err := member.OfPerson(ctx, tx, p.Brand, i.Person); {
	case i.Person == m.Person:
		if p.Merge, err = claimed(ctx, tx, p.Brand, i.ID); err != nil {
			return err
		}
	case err == nil && other.ID != m.ID:
		return fault.New(fault.Conflict, "The team knows this account as another member's. Write to the team if that is wrong.")
	case err != nil && !fault.Is(err, fault.NotFound):
		return err
	default:
		*g = Merge{Brand: p.Brand, Person: m.Person, Other: i.Person, Origin: Claim}
		if err := g.join(ctx, tx); err != nil {
			return err
		}
		p.Merge = g.ID
	}
	p.State, p.StateAt, p.Identity, p.Handle = Proven, tx.Now(), i.ID, i.Handle
	_, err = tx.ExecContext(ctx, `UPDATE claim SET state = 'proven', state_at = $3, identity_id = $4, remote_id = $5, merge_id = $6, way = $7, url = $8, handle = $9 WHERE brand_id = $1 AND id = $2`,
		p.Brand, p.ID, p.StateAt, p.Identity, i.RemoteID, p.Merge, p.Way, p.URL, p.Handle)
	if err != nil {
		return fmt.Errorf("merge: prove: %w", err)
	}
	outbox.Show(tx, p.Brand, "member.changed", m.ID)
	return audit.Record(ctx, tx, access.System(), audit.Entry{Brand: p.Brand, Act: "person.claimed", Subject: m.Person, Detail: map[string]string{"network": p.Network, "handle": p.Handle}})
}

// known is the identity of a profile, made where the brand has not met it.
func known(ctx context.Context, tx *db.Tx, brandID, networkName string, seen network.Profile) (person.Identity, error) {
	i, err := person.IdentityOf(ctx, tx, brandID, networkName, append([]string{seen.Author.ID}, seen.Also...)...)
	switch {
	case err == nil && i.RemoteID != seen.Author.ID:
		return i, nil // it was heard under another of its ids, and keeps it
	case err != nil && !fault.Is(err, fault.NotFound):
		return i, err
	}
	return person.Seen(ctx, tx, brandID, networkName, seen.Author, tx.Now())
}

// free refuses an account that somebody has proven.
func (p *Proof) free(ctx context.Context, tx *db.Tx, i person.Identity) error {
	var who string
	err := tx.QueryRowContext(ctx, `SELECT member_id FROM claim WHERE brand_id = $1 AND network = $2 AND remote_id = $3 AND state = 'proven'`, p.Brand, p.Network, i.RemoteID).Scan(&who)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return fmt.Errorf("merge: prove: %w", err)
	case who == p.Member:
		return fault.New(fault.Conflict, "You have proven this account already.")
	}
	return fault.New(fault.Conflict, "Another member has proven that this account is theirs. Write to the team if that is wrong.")
}

// claimed returns what an account became a part of the person by, where that
// was a proof; "" where it was the team.
func claimed(ctx context.Context, q db.Queryer, brandID, identityID string) (id string, err error) {
	err = q.QueryRowContext(ctx, `SELECT g.id FROM merge_identity i JOIN merge g ON g.id = i.merge_id
		WHERE i.brand_id = $1 AND i.identity_id = $2 AND g.origin = 'claim' AND g.undone_at = 0 ORDER BY g.at DESC, g.id DESC LIMIT 1`, brandID, identityID).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("merge: prove: %w", err)
	}
	return id, nil
}

// inWords says what a network answered, for the member.
func inWords(title string, err error) error {
	var e *network.Error
	switch errors.As(err, &e); {
	case e == nil:
		return fault.As(fault.Unavailable, err, "%s could not be asked. Nothing was changed; try again in a moment.", title)
	case e.Verdict == network.Refused && e.Text != "":
		return fault.As(fault.Invalid, err, "%s", i18n.Kept(e.Text))
	case e.Verdict == network.Throttled:
		f := fault.As(fault.Limited, err, "%s asks to wait. Try again a little later.", title)
		f.RetryAfter = e.RetryAfter
		return f
	}
	return fault.As(fault.Unavailable, err, "The profile could not be read. Check the handle, or try again in a moment.")
}

// Withdraw takes back what the acting member has named or proven: the account
// is its own person again, with all that was written with it, unless something
// else of theirs or the team holds the two together.
func (c *Claims) Withdraw(ctx context.Context, v member.Voice, id string) error {
	var g Merge
	err := c.DB.Tx(ctx, func(tx *db.Tx) error {
		g = Merge{}
		p, err := own(ctx, tx, v, id)
		if err != nil || p.State == Withdrawn {
			return err
		}
		if p.State == Open || p.State == Undone {
			_, err := tx.ExecContext(ctx, `DELETE FROM claim WHERE brand_id = $1 AND id = $2`, p.Brand, p.ID)
			return err
		}
		if err := p.end(ctx, tx, Withdrawn); err != nil {
			return err
		}
		if g, err = p.loosen(ctx, tx); err != nil {
			return err
		}
		outbox.Show(tx, v.Brand, "member.changed", p.Member)
		return audit.Record(ctx, tx, access.System(), audit.Entry{Brand: v.Brand, Act: "person.unclaimed", Subject: v.Member.Person, Detail: map[string]string{"network": p.Network, "handle": p.Handle}})
	})
	if err != nil || g.ID == "" {
		return err
	}
	return Refind{g.Brand, g.Other, false}.do(ctx, c.DB, atOnceFor)
}

// end gives a claim its last state.
func (p Proof) end(ctx context.Context, tx *db.Tx, state State) error {
	_, err := tx.ExecContext(ctx, `UPDATE claim SET state = $3, state_at = $4, shown = FALSE WHERE brand_id = $1 AND id = $2`, p.Brand, p.ID, state, tx.Now())
	if err != nil {
		return fmt.Errorf("merge: claim: %w", err)
	}
	return nil
}

// loosen takes apart what a claim that has ended made one, if nothing else
// that is proven came along with it.
func (p Proof) loosen(ctx context.Context, tx *db.Tx) (Merge, error) {
	if p.Merge == "" {
		return Merge{}, nil
	}
	g, err := ByID(ctx, tx, p.Brand, p.Merge)
	if err != nil || g.UndoneAt > 0 {
		return Merge{}, err
	}
	if more, err := g.claimedOf(ctx, tx); err != nil || more {
		return Merge{}, err
	}
	return g, g.part(ctx, tx, Withdrawn)
}

// endClaims ends what was proven with accounts that go.
func (g Merge) endClaims(ctx context.Context, tx *db.Tx, identities []string, state State) error {
	for some := range slices.Chunk(identities, 500) {
		args := []any{g.Brand, state, tx.Now()}
		for _, id := range some {
			args = append(args, id)
		}
		_, err := tx.ExecContext(ctx, `UPDATE claim SET state = $2, state_at = $3, shown = FALSE WHERE brand_id = $1 AND state = 'proven' AND identity_id <> ''
			AND identity_id IN (`+db.In(4, len(some))+`)`, args...)
		if err != nil {
			return fmt.Errorf("merge: end claims: %w", err)
		}
	}
	return nil
}

// Show puts what the acting member has proven on their page for everybody, or
// takes it off.
func (c *Claims) Show(ctx context.Context, v member.Voice, id string, shown bool) error {
	return c.DB.Tx(ctx, func(tx *db.Tx) error {
		p, err := own(ctx, tx, v, id)
		if err != nil {
			return err
		}
		if p.State != Proven {
			return fault.New(fault.Conflict, "Prove first that this account is yours.")
		}
		if _, err := tx.ExecContext(ctx, `UPDATE claim SET shown = $3 WHERE brand_id = $1 AND id = $2`, v.Brand, id, shown); err != nil {
			return fmt.Errorf("merge: show: %w", err)
		}
		outbox.Show(tx, v.Brand, "member.changed", p.Member)
		return nil
	})
}

// Release lets a member go who leaves without their name, in the caller's
// transaction: their record stands for itself again, and what they claimed is
// forgotten. It returns the records of what they had proven to be theirs.
func Release(ctx context.Context, tx *db.Tx, m member.Member) (proven []string, err error) {
	all, err := Of(ctx, tx, m.Brand, m.Person)
	if err != nil || m.Person == "" {
		return nil, err
	}
	for _, g := range all {
		if g.UndoneAt > 0 {
			continue
		}
		theirs, err := g.claimedOf(ctx, tx)
		if err != nil {
			return nil, err
		}
		if err := g.part(ctx, tx, Withdrawn); err != nil {
			return nil, err
		}
		if theirs {
			proven = append(proven, g.Other)
		}
	}
	if err := Forget(ctx, tx, m.Brand, m.Person); err != nil {
		return nil, err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM claim WHERE brand_id = $1 AND member_id = $2`, m.Brand, m.ID); err != nil {
		return nil, fmt.Errorf("merge: release: %w", err)
	}
	return proven, nil
}

// claimedOf reports whether an account that came along is proven.
func (g Merge) claimedOf(ctx context.Context, q db.Queryer) (bool, error) {
	var n int
	err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM merge_identity i JOIN claim c ON c.brand_id = i.brand_id AND c.identity_id = i.identity_id AND c.identity_id <> ''
		WHERE i.merge_id = $2 AND i.brand_id || '' = $1 AND c.state = 'proven'`, g.Brand, g.ID).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("merge: release: %w", err)
	}
	return n > 0, nil
}
