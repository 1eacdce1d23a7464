package admit

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/audit"
	"rapport/internal/brand"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/letter"
	"rapport/internal/outbox"
	"rapport/internal/secret"
	"rapport/internal/space"
)

// InvitationLife is how long the link of an invitation works.
const InvitationLife = 7 * 24 * time.Hour

// Invitation asks somebody into a brand's team.
type Invitation struct {
	ID         string
	Brand      string
	Email      string // lower case
	Role       access.Role
	Channels   []string // as in access.Grant
	EndsAt     db.Time  // of the grant; 0 is without an end
	Mailed     bool     // the newest link went to the address and nowhere else
	By         string   // account that invited
	CreatedAt  db.Time
	SentAt     db.Time // of the newest link
	ExpiresAt  db.Time // of the newest link
	AcceptedAt db.Time
	RevokedAt  db.Time
}

// Expired reports whether its link no longer works because of its age.
func (i Invitation) Expired(now db.Time) bool { return !i.ExpiresAt.After(now) }

func (i Invitation) grant() access.Grant {
	return access.Grant{Brand: i.Brand, Role: i.Role, Channels: i.Channels, EndsAt: i.EndsAt}
}

// New is whom to invite as what.
type New struct {
	Email    string
	Role     access.Role
	Channels []string
	EndsAt   db.Time
}

// Invite writes to an address. link is what the letter carries; it is to be
// shown once where no letter leaves the house. An address that has a part, or
// an open invitation, is fault.Conflict.
func (d *Door) Invite(ctx context.Context, who access.Who, brandID string, n New) (i Invitation, link string, err error) {
	g := access.Grant{Brand: brandID, Role: n.Role, Channels: n.Channels, EndsAt: n.EndsAt}
	if err := d.checkGrant(ctx, who, g); err != nil {
		return Invitation{}, "", err
	}
	email, ok := account.Address(n.Email)
	if !ok {
		return Invitation{}, "", fault.OnField("email", "Enter an e-mail address like you@example.com.")
	}
	if err := account.Attempt(ctx, d.DB, inviteLimits(who, email)...); err != nil {
		return Invitation{}, "", err
	}
	token := secret.Token()
	err = d.DB.Tx(ctx, func(tx *db.Tx) error {
		i = Invitation{ID: db.NewID(), Brand: brandID, Email: email, Role: n.Role, Channels: n.Channels, EndsAt: n.EndsAt,
			Mailed: d.Mails(), By: who.Account, CreatedAt: tx.Now(), SentAt: tx.Now(), ExpiresAt: tx.Now().Add(InvitationLife)}
		if err := free(ctx, tx, i); err != nil {
			return err
		}
		if err := insert(ctx, tx, i, secret.Hash(token)); err != nil {
			return err
		}
		if err := d.send(ctx, tx, who, i, token); err != nil {
			return err
		}
		return remember(ctx, tx, who, i, "invitation.sent")
	})
	if db.IsDuplicate(err) {
		err = fault.As(fault.Conflict, err, "%s is invited already. Send the invitation again, or withdraw it.", email)
	}
	if err != nil {
		return Invitation{}, "", fmt.Errorf("admit: invite: %w", err)
	}
	return i, d.link("/invitation/", token), nil
}

// inviteLimits keep a studio from becoming a machine that writes to strangers.
func inviteLimits(who access.Who, email string) []account.Limit {
	return []account.Limit{
		{Scope: "invite " + who.Account, Burst: 40, Every: time.Minute},
		{Scope: "invited " + secret.Hash(email)[:32], Burst: 5, Every: 20 * time.Minute},
	}
}

// checkGrant returns why who may not give the grant. What it names are the
// brand's channels and spaces, as far as the role has to do with them: naming
// what means nothing to a role would take all from it.
func (d *Door) checkGrant(ctx context.Context, who access.Who, g access.Grant) error {
	if err := account.CheckGrant(d.DB.Now(), who, g); err != nil || len(g.Channels) == 0 {
		return err
	}
	channels, err := channel.List(ctx, d.DB, who, g.Brand)
	if err != nil {
		return err
	}
	spaces, err := space.List(ctx, d.DB, g.Brand)
	if err != nil {
		return err
	}
	for _, id := range g.Channels {
		switch {
		case slices.ContainsFunc(channels, func(c channel.Channel) bool { return c.ID == id }):
			if g.Role.LooksAfter() && !g.Role.OnChannels() {
				return fault.OnField("channels", "A moderator looks after spaces, not channels. Choose spaces.")
			}
		case !slices.ContainsFunc(spaces, func(s space.Space) bool { return s.ID == id }):
			return fault.OnField("channels", "One of the channels or spaces is gone. Choose again.")
		case !g.Role.LooksAfter():
			return fault.OnField("channels", "This role does not look after spaces. Choose channels.")
		}
	}
	return nil
}

// LookAfter says who looks after a space, among those of the team whose part
// names what they look after: the accounts do, the others no longer. Whoever
// looks after all spaces goes on doing so, named or not. Nobody loses the last
// that their part names by it, because a part that names nothing is one in
// everything.
func (d *Door) LookAfter(ctx context.Context, who access.Who, brandID, spaceID string, accounts []string) error {
	if err := who.May(d.DB.Now(), brandID, access.TeamWrite); err != nil {
		return err
	}
	err := d.DB.Tx(ctx, func(tx *db.Tx) error {
		s, err := space.ByID(ctx, tx, brandID, spaceID)
		if err != nil {
			return err
		}
		team, err := account.Team(ctx, tx, who, brandID)
		if err != nil {
			return err
		}
		for _, id := range accounts {
			if !slices.ContainsFunc(team, func(m account.Member) bool { return m.ID == id && LooksAfter(m, tx.Now()) }) {
				return fault.OnField("accounts", "Somebody you chose no longer looks after spaces. Choose again.")
			}
		}
		for _, m := range team {
			if err := lookAfter(ctx, tx, who, s, m, slices.Contains(accounts, m.ID)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("admit: look after a space: %w", err)
	}
	return nil
}

// LooksAfter reports whether somebody of the team looks after spaces now: after
// all, or after those that their part names.
func LooksAfter(m account.Member, now db.Time) bool {
	return !m.Ended(now) && m.Grant.Role.LooksAfter()
}

func lookAfter(ctx context.Context, tx *db.Tx, who access.Who, s space.Space, m account.Member, want bool) error {
	g := m.Grant
	has := slices.Contains(g.Channels, s.ID)
	if !LooksAfter(m, tx.Now()) || len(g.Channels) == 0 || has == want {
		return nil
	}
	if g.Channels = append(slices.Clone(g.Channels), s.ID); has {
		g.Channels = slices.DeleteFunc(g.Channels, func(id string) bool { return id == s.ID })
	}
	if len(g.Channels) == 0 {
		return fault.OnField("accounts", "%s looks after this space alone. Give them another one first, or end their access in the team.", m.Name)
	}
	return account.GiveIn(ctx, tx, who, m.ID, g)
}

// Give changes an account's grant in the brand: see account.Give.
func (d *Door) Give(ctx context.Context, who access.Who, accountID string, g access.Grant) error {
	if err := d.checkGrant(ctx, who, g); err != nil {
		return err
	}
	if _, err := account.GrantOf(ctx, d.DB, g.Brand, accountID); err != nil {
		return err
	}
	return account.Give(ctx, d.DB, who, accountID, g)
}

// free returns a fault where the address has a part in the brand. An open
// invitation whose link has ended makes room.
func free(ctx context.Context, tx *db.Tx, i Invitation) error {
	a, asleep, err := known(ctx, tx, i.Email)
	if err == nil && !asleep {
		err = noPart(ctx, tx, i.Brand, a.ID, fault.New(fault.Conflict, "%s has a part in the brand already. Change it in the list.", i.Email))
	}
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE invitation SET revoked_at = $1
		WHERE brand_id = $2 AND email = $3 AND accepted_at = 0 AND revoked_at = 0 AND expires_at <= $1`, tx.Now(), i.Brand, i.Email)
	return err
}

// known returns the account of an address, and whether it only came with a
// brand that was brought in, so that nobody can sign in with it yet.
func known(ctx context.Context, q db.Queryer, email string) (a account.Account, asleep bool, err error) {
	if a, err = account.ByEmail(ctx, q, email); err == nil {
		asleep, err = account.Asleep(ctx, q, a.ID)
	}
	return a, asleep, err
}

// noPart returns otherwise where the account has a running grant.
func noPart(ctx context.Context, tx *db.Tx, brandID, accountID string, otherwise error) error {
	g, err := account.GrantOf(ctx, tx, brandID, accountID)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err == nil && (g.EndsAt == 0 || g.EndsAt.After(tx.Now())) {
		return otherwise
	}
	return err
}

func (d *Door) send(ctx context.Context, tx *db.Tx, who access.Who, i Invitation, token string) error {
	b, err := brand.ByID(ctx, tx, access.System(), i.Brand)
	if err != nil {
		return err
	}
	return d.write(ctx, tx, letter.Letter{Brand: b.ID, Address: i.Email, Secret: token, Source: "invitation " + i.ID + " " + fmt.Sprint(int64(i.SentAt))}, letter.Page{
		Title: i18n.T(ctx, "{{.Name}} invites you to {{.Brand}}", "Name", inviter(who), "Brand", b.Name),
		Lines: []string{
			i18n.T(ctx, "{{.Brand}} plans and answers with Rapport, and you are asked into its team.", "Brand", b.Name),
			i18n.T(ctx, "The link is for you alone and works until {{.Time}}.", "Time", i18n.DateTime(ctx, i.ExpiresAt.Time())),
		},
		Action: i18n.T(ctx, "Accept the invitation"), Link: d.link("/invitation/", token),
		Foot: i18n.T(ctx, "If you know nothing of this, leave it; nothing happens then."),
	})
}

func inviter(who access.Who) string {
	if who.Name != "" {
		return who.Name
	}
	return "Rapport"
}

// Resend makes a new link for an open invitation and writes again. The older
// link ends.
func (d *Door) Resend(ctx context.Context, who access.Who, brandID, id string) (i Invitation, link string, err error) {
	if err := who.May(d.DB.Now(), brandID, access.TeamWrite); err != nil {
		return Invitation{}, "", err
	}
	if i, err = open(ctx, d.DB, brandID, id); err != nil {
		return Invitation{}, "", err
	}
	if err := account.Attempt(ctx, d.DB, inviteLimits(who, i.Email)...); err != nil {
		return Invitation{}, "", err
	}
	token := secret.Token()
	err = d.DB.Tx(ctx, func(tx *db.Tx) error {
		if i, err = open(ctx, tx, brandID, id); err != nil {
			return err
		}
		i.SentAt, i.ExpiresAt, i.Mailed, i.By = tx.Now(), tx.Now().Add(InvitationLife), d.Mails(), who.Account
		_, err := tx.ExecContext(ctx, `UPDATE invitation SET token_hash = $1, sent_at = $2, expires_at = $3, mailed = $4, invited_by = $5 WHERE id = $6`,
			secret.Hash(token), i.SentAt, i.ExpiresAt, i.Mailed, i.By, i.ID)
		if err != nil {
			return err
		}
		if err := d.send(ctx, tx, who, i, token); err != nil {
			return err
		}
		return remember(ctx, tx, who, i, "invitation.sent_again")
	})
	if err != nil {
		return Invitation{}, "", fmt.Errorf("admit: send again: %w", err)
	}
	return i, d.link("/invitation/", token), nil
}

// Revoke withdraws an open invitation. Its link ends at once.
func (d *Door) Revoke(ctx context.Context, who access.Who, brandID, id string) error {
	if err := who.May(d.DB.Now(), brandID, access.TeamWrite); err != nil {
		return err
	}
	err := d.DB.Tx(ctx, func(tx *db.Tx) error {
		i, err := open(ctx, tx, brandID, id)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE invitation SET revoked_at = $1 WHERE id = $2`, tx.Now(), id); err != nil {
			return err
		}
		return remember(ctx, tx, who, i, "invitation.revoked")
	})
	if err != nil {
		return fmt.Errorf("admit: revoke: %w", err)
	}
	return nil
}

// Open lists the brand's invitations that nobody has accepted, the newest
// first.
func Open(ctx context.Context, q db.Queryer, who access.Who, brandID string, page db.Page) ([]Invitation, string, error) {
	if err := who.May(q.Now(), brandID, access.TeamWrite); err != nil {
		return nil, "", err
	}
	at, id, err := page.Key()
	if err != nil {
		return nil, "", err
	}
	size := page.Size(50, 200)
	rows, err := q.QueryContext(ctx, `SELECT `+columns+` FROM invitation
		WHERE brand_id = $1 AND accepted_at = 0 AND revoked_at = 0 AND (created_at, id) < ($2, $3)
		ORDER BY created_at DESC, id DESC LIMIT $4`, brandID, at, id, size+1)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (Invitation, error) { return scan(r) })
	if err != nil {
		return nil, "", fmt.Errorf("admit: list: %w", err)
	}
	if len(all) <= size {
		return all, "", nil
	}
	last := all[size-1]
	return all[:size], db.Cursor(last.CreatedAt, last.ID), nil
}

// Shown is what somebody with the link may see of an invitation.
type Shown struct {
	Invitation
	BrandName string
	BrandSlug string
	ByName    string // "" where that account is gone
	Known     bool   // the address has an account
}

// Look shows what a link is for, or says why it does not work: that kind is
// fault.NotFound for a link that nobody knows and fault.Conflict for one that
// has ended.
func (d *Door) Look(ctx context.Context, token string) (Shown, error) {
	i, err := byToken(ctx, d.DB, token)
	if err != nil {
		return Shown{}, err
	}
	if err := i.works(d.DB.Now()); err != nil {
		return Shown{}, err
	}
	b, err := brand.ByID(ctx, d.DB, access.System(), i.Brand)
	if err != nil {
		return Shown{}, err
	}
	s := Shown{Invitation: i, BrandName: b.Name, BrandSlug: b.Slug}
	if by, err := account.ByID(ctx, d.DB, i.By); err == nil {
		s.ByName = by.Name
	}
	_, asleep, err := known(ctx, d.DB, i.Email)
	s.Known = err == nil && !asleep
	if fault.Is(err, fault.NotFound) {
		err = nil
	}
	return s, err
}

// works says why the link does not, or nil.
func (i Invitation) works(now db.Time) error {
	switch {
	case i.AcceptedAt != 0:
		return fault.New(fault.Conflict, "This invitation was accepted already. Sign in to go to the brand.")
	case i.RevokedAt != 0:
		return fault.New(fault.Conflict, "This invitation was withdrawn. Ask whoever invited you.")
	case i.Expired(now):
		return fault.New(fault.Conflict, "This invitation has expired. Ask whoever invited you to send it again.")
	case i.EndsAt != 0 && !i.EndsAt.After(now):
		return fault.New(fault.Conflict, "The time that this invitation was for is over. Ask whoever invited you.")
	}
	return nil
}

// Accept gives the acting account the part it is invited to. The invitation is
// for one address: another account is fault.Denied.
func (d *Door) Accept(ctx context.Context, who access.Who, token string) (Invitation, error) {
	if who.Account == "" || who.Token != "" {
		return Invitation{}, fault.New(fault.Denied, "Sign in to accept the invitation.")
	}
	var i Invitation
	err := d.DB.Tx(ctx, func(tx *db.Tx) (err error) {
		i, err = accept(ctx, tx, who, token)
		return err
	})
	if err != nil {
		return Invitation{}, fmt.Errorf("admit: accept: %w", err)
	}
	return i, nil
}

// AcceptNew makes an account for the address that is invited, or wakes the one
// that came with a brand, and gives it its part. An address with an account
// that is awake is fault.Conflict.
func (d *Door) AcceptNew(ctx context.Context, token, name, password, from string) (account.Account, Invitation, error) {
	i, err := byToken(ctx, d.DB, token)
	if err == nil {
		err = i.works(d.DB.Now())
	}
	if err != nil {
		return account.Account{}, Invitation{}, err
	}
	_, asleep, err := known(ctx, d.DB, i.Email)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return account.Account{}, Invitation{}, err
	}
	begin := account.Create
	if asleep {
		begin = account.Wake
	}
	a, err := begin(ctx, d.DB, access.System(), account.New{Email: i.Email, Name: name, Password: password}, func(tx *db.Tx, a account.Account) error {
		if asleep {
			if err := proves(ctx, tx, i, a); err != nil {
				return err
			}
		}
		i, err = accept(ctx, tx, access.Who{Account: a.ID, Name: a.Name, Email: a.Email, Address: from}, token)
		return err
	})
	if err != nil {
		return account.Account{}, Invitation{}, fmt.Errorf("admit: accept: %w", err)
	}
	return a, i, nil
}

// proves lets the link of an invitation wake an account. Its part in this brand
// is the inviter's to give, and makes room for the one that is accepted; a part
// in another brand needs a link that only the address got.
func proves(ctx context.Context, tx *db.Tx, i Invitation, a account.Account) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM access_grant WHERE brand_id = $1 AND account_id = $2`, i.Brand, a.ID); err != nil {
		return err
	}
	who, err := account.As(ctx, tx, a)
	if err == nil && len(who.Grants) > 0 && !i.Mailed {
		err = fault.New(fault.Conflict, "%s has a part in another brand of this Rapport, so the invitation must come by letter. Ask whoever runs it to set a mail server.", i.Email)
	}
	return err
}

func accept(ctx context.Context, tx *db.Tx, who access.Who, token string) (Invitation, error) {
	i, err := byToken(ctx, tx, token)
	if err == nil {
		err = i.works(tx.Now())
	}
	if err == nil {
		err = stillMay(ctx, tx, i)
	}
	if err != nil {
		return i, err
	}
	if who.Email != i.Email {
		return i, fault.New(fault.Denied, "This invitation is for %s, and you are signed in as %s.", i.Email, who.Email)
	}
	err = noPart(ctx, tx, i.Brand, who.Account, fault.New(fault.Conflict, "You have a part in this brand already."))
	if err != nil {
		return i, err
	}
	// Two tabs at once: one of them finds nothing left to accept.
	res, err := tx.ExecContext(ctx, `UPDATE invitation SET accepted_at = $1, accepted_by = $2
		WHERE id = $3 AND accepted_at = 0 AND revoked_at = 0`, tx.Now(), who.Account, i.ID)
	if err != nil {
		return i, err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return i, cmp.Or[error](err, fault.New(fault.Conflict, "This invitation was accepted already. Sign in to go to the brand."))
	}
	i.AcceptedAt = tx.Now()
	if err := account.Put(ctx, tx, who.Account, i.grant()); err != nil {
		return i, err
	}
	if i.Mailed {
		if err := account.Verify(ctx, tx, who.Account); err != nil {
			return i, err
		}
	}
	return i, remember(ctx, tx, who, i, "invitation.accepted")
}

// stillMay refuses an invitation by somebody who could not write it any more.
func stillMay(ctx context.Context, tx *db.Tx, i Invitation) error {
	if i.By == "" {
		return nil // the console invited
	}
	by, err := account.ByID(ctx, tx, i.By)
	if err == nil {
		var who access.Who
		if who, err = account.As(ctx, tx, by); err == nil && by.DisabledAt == 0 && who.May(tx.Now(), i.Brand, access.TeamWrite) == nil {
			return nil
		}
	}
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	return fault.New(fault.Conflict, "Whoever invited you may no longer do so. Ask an owner of the brand to invite you again.")
}

func remember(ctx context.Context, tx *db.Tx, who access.Who, i Invitation, act string) error {
	return errors.Join(
		audit.Record(ctx, tx, who, audit.Entry{Brand: i.Brand, Act: act, Subject: i.ID, Detail: map[string]string{"name": i.Email, "role": string(i.Role)}}),
		outbox.Add(ctx, tx, outbox.Event{Brand: i.Brand, Kind: "team.changed", Subject: i.ID}))
}

const columns = `id, brand_id, email, role, channels, ends_at, mailed, invited_by, created_at, sent_at, expires_at, accepted_at, revoked_at`

func scan(row interface{ Scan(...any) error }) (i Invitation, err error) {
	var channels string
	err = row.Scan(&i.ID, &i.Brand, &i.Email, &i.Role, &channels, &i.EndsAt, &i.Mailed, &i.By, &i.CreatedAt, &i.SentAt, &i.ExpiresAt, &i.AcceptedAt, &i.RevokedAt)
	if err == nil && channels != "" {
		err = json.Unmarshal([]byte(channels), &i.Channels)
	}
	return i, err
}

func insert(ctx context.Context, tx *db.Tx, i Invitation, hash string) error {
	channels := ""
	if len(i.Channels) > 0 {
		b, err := json.Marshal(i.Channels)
		if err != nil {
			return err
		}
		channels = string(b)
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO invitation (`+columns+`, token_hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, 0, $12)`,
		i.ID, i.Brand, i.Email, string(i.Role), channels, i.EndsAt, i.Mailed, i.By, i.CreatedAt, i.SentAt, i.ExpiresAt, hash)
	return err
}

// open returns an invitation of the brand that nobody accepted or withdrew.
func open(ctx context.Context, q db.Queryer, brandID, id string) (Invitation, error) {
	i, err := scan(q.QueryRowContext(ctx, `SELECT `+columns+` FROM invitation
		WHERE brand_id = $1 AND id = $2 AND accepted_at = 0 AND revoked_at = 0`, brandID, id))
	if errors.Is(err, sql.ErrNoRows) {
		return i, fault.New(fault.NotFound, "There is no such open invitation. It may have been accepted or withdrawn.")
	}
	if err != nil {
		return i, fmt.Errorf("admit: read: %w", err)
	}
	return i, nil
}

func byToken(ctx context.Context, q db.Queryer, token string) (Invitation, error) {
	i, err := scan(q.QueryRowContext(ctx, `SELECT `+columns+` FROM invitation WHERE token_hash = $1`, secret.Hash(token)))
	if errors.Is(err, sql.ErrNoRows) {
		return i, fault.New(fault.NotFound, "This link is not known. If you got a newer letter, use the one in it.")
	}
	if err != nil {
		return i, fmt.Errorf("admit: read: %w", err)
	}
	return i, nil
}
