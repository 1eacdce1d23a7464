package account

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/secret"
)

// TokenPrefix begins every API token, so that people and secret scanners know
// one when they see it.
const TokenPrefix = "rap_"

const maxTokenName = 100 // runes

// Token is an API token without its secret.
type Token struct {
	ID        string
	Brand     string
	Account   string // its maker, whose grant bounds it
	Name      string
	Scopes    []access.Action
	CreatedAt db.Time
	UsedAt    db.Time // to the nearest five minutes; 0 while unused
	ExpiresAt db.Time // 0 means never
	RevokedAt db.Time
	PerMinute int64 // requests it may make; 0 is as many as usual
}

// NewToken is what a token is made of.
type NewToken struct {
	Name      string
	Scopes    []access.Action
	ExpiresAt db.Time // 0 means never
	PerMinute int64   // requests it may make; 0 is as many as usual
}

// TokenCreate makes an API token for one brand. plain is shown once and
// stored nowhere. No scope may go beyond what its maker may do, else
// fault.Denied; and later the token may never do more than its maker may then.
// One that is made with a token ends no later than that.
func TokenCreate(ctx context.Context, d *db.DB, who access.Who, brandID string, n NewToken) (t Token, plain string, err error) {
	if err := who.May(d.Now(), brandID, access.TokenWrite); err != nil {
		return Token{}, "", err
	}
	if who.Account == "" {
		return Token{}, "", fault.New(fault.Invalid, "A token needs somebody who answers for it. Name an account.")
	}
	if err := n.check(d.Now(), who, brandID); err != nil {
		return Token{}, "", err
	}
	scopes, err := json.Marshal(n.Scopes)
	if err != nil {
		return Token{}, "", fmt.Errorf("account: scopes: %w", err)
	}
	plain = TokenPrefix + secret.Token()
	err = d.Tx(ctx, func(tx *db.Tx) error {
		if err := n.outlives(ctx, tx, who); err != nil {
			return err
		}
		t = Token{ID: db.NewID(), Brand: brandID, Account: who.Account, Name: strings.TrimSpace(n.Name),
			Scopes: n.Scopes, CreatedAt: tx.Now(), ExpiresAt: n.ExpiresAt, PerMinute: n.PerMinute}
		_, err := tx.ExecContext(ctx, `INSERT INTO api_token
			(id, brand_id, account_id, name, token_hash, scopes, created_at, expires_at, per_minute)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			t.ID, t.Brand, t.Account, t.Name, secret.Hash(plain), string(scopes), t.CreatedAt, t.ExpiresAt, t.PerMinute)
		if err != nil {
			return err
		}
		return audit.Record(ctx, tx, who, audit.Entry{Brand: brandID, Act: "token.created", Subject: t.ID,
			Detail: map[string]string{"name": t.Name, "scopes": string(scopes)}})
	})
	if err != nil {
		return Token{}, "", fmt.Errorf("account: create a token: %w", err)
	}
	return t, plain, nil
}

// outlives refuses a token that would go on after the one it is made with.
func (n NewToken) outlives(ctx context.Context, tx *db.Tx, who access.Who) error {
	if who.Token == "" {
		return nil
	}
	var end db.Time
	if err := tx.QueryRowContext(ctx, `SELECT expires_at FROM api_token WHERE id = $1`, who.Token).Scan(&end); err != nil {
		return err
	}
	if end != 0 && (n.ExpiresAt == 0 || n.ExpiresAt > end) {
		return fault.OnField("expires_at", "A token that is made with a token ends no later than that one.")
	}
	return nil
}

func (n NewToken) check(now db.Time, who access.Who, brandID string) error {
	var wrong []fault.Field
	if name := strings.TrimSpace(n.Name); name == "" || utf8.RuneCountInString(name) > maxTokenName {
		wrong = append(wrong, fault.On("name", "Name the token after what will use it, in at most 100 characters."))
	}
	if len(n.Scopes) == 0 {
		wrong = append(wrong, fault.On("scopes", "Choose at least one scope."))
	}
	for _, s := range n.Scopes {
		if !slices.Contains(access.Actions, s) {
			wrong = append(wrong, fault.On("scopes", "There is no scope %q.", s))
		}
	}
	if n.ExpiresAt != 0 && !n.ExpiresAt.After(now) {
		wrong = append(wrong, fault.On("expires_at", "Choose an end in the future."))
	}
	if n.PerMinute < 0 || n.PerMinute > mostPerMinute {
		wrong = append(wrong, fault.Field{Name: "per_minute", Text: fmt.Sprintf("Choose between 1 and %d requests a minute.", mostPerMinute)})
	}
	if err := fault.OnFields(wrong); err != nil {
		return err
	}
	for _, s := range n.Scopes {
		if who.May(now, brandID, s) != nil {
			return fault.New(fault.Denied, "You cannot give a token the scope %q, because you do not have it yourself.", s)
		}
	}
	return nil
}

// TokenList returns the brand's tokens, the newest first, also those that
// were revoked.
func TokenList(ctx context.Context, d *db.DB, who access.Who, brandID string) ([]Token, error) {
	if err := who.May(d.Now(), brandID, access.TokenWrite); err != nil {
		return nil, err
	}
	rows, err := d.QueryContext(ctx, `SELECT id, brand_id, account_id, name, scopes, created_at, used_at, expires_at, revoked_at, per_minute
		FROM api_token WHERE brand_id = $1 ORDER BY created_at DESC, id DESC`, brandID)
	out, err := db.Collect(rows, err, func(r *sql.Rows) (Token, error) {
		var t Token
		var scopes string
		err := r.Scan(&t.ID, &t.Brand, &t.Account, &t.Name, &scopes, &t.CreatedAt, &t.UsedAt, &t.ExpiresAt, &t.RevokedAt, &t.PerMinute)
		if err == nil {
			err = json.Unmarshal([]byte(scopes), &t.Scopes)
		}
		return t, err
	})
	if err != nil {
		return nil, fmt.Errorf("account: tokens: %w", err)
	}
	return out, nil
}

// TokenRevoke ends a token at once and for good.
func TokenRevoke(ctx context.Context, d *db.DB, who access.Who, brandID, id string) error {
	if err := who.May(d.Now(), brandID, access.TokenWrite); err != nil {
		return err
	}
	err := d.Tx(ctx, func(tx *db.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE api_token SET revoked_at = $1
			WHERE brand_id = $2 AND id = $3 AND revoked_at = 0`, tx.Now(), brandID, id)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return cmp.Or[error](err, fault.New(fault.NotFound, "There is no such token, or it is revoked already."))
		}
		return audit.Record(ctx, tx, who, audit.Entry{Brand: brandID, Act: "token.revoked", Subject: id})
	})
	if err != nil {
		return fmt.Errorf("account: revoke a token: %w", err)
	}
	return nil
}

// TokenWho returns who acts through an API token: its maker, in the token's
// brand alone and within its scopes. A token that is unknown, revoked or
// expired, or whose maker has no running grant there, is ErrSignedOut.
func TokenWho(ctx context.Context, d *db.DB, plain string) (access.Who, Token, error) {
	if !strings.HasPrefix(plain, TokenPrefix) {
		return access.Who{}, Token{}, ErrSignedOut
	}
	var w access.Who
	var t Token
	var g access.Grant
	var scopes, channels string
	now := d.Now()
	err := d.QueryRowContext(ctx, `
		SELECT t.id, t.brand_id, t.account_id, t.name, t.scopes, t.created_at, t.used_at, t.expires_at, t.per_minute,
		       a.name, a.email, g.role, g.channels, g.ends_at, `+barred+`
		FROM api_token t
		JOIN account a ON a.id = t.account_id AND a.disabled_at = 0
		JOIN access_grant g ON g.account_id = a.id AND g.brand_id = t.brand_id AND (g.ends_at = 0 OR g.ends_at > $2)`+barring+`
		WHERE t.token_hash = $1 AND t.revoked_at = 0 AND (t.expires_at = 0 OR t.expires_at > $2)`, secret.Hash(plain), now).
		Scan(&t.ID, &t.Brand, &t.Account, &t.Name, &scopes, &t.CreatedAt, &t.UsedAt, &t.ExpiresAt, &t.PerMinute,
			&w.Name, &w.Email, &g.Role, &channels, &g.EndsAt, &g.Barred)
	if errors.Is(err, sql.ErrNoRows) {
		return access.Who{}, Token{}, ErrSignedOut
	}
	if err == nil {
		err = json.Unmarshal([]byte(scopes), &t.Scopes)
	}
	if err == nil {
		g.Channels, err = channelList(channels)
	}
	if err != nil {
		return access.Who{}, Token{}, fmt.Errorf("account: token: %w", err)
	}
	g.Brand = t.Brand
	w.Account, w.Token, w.Scopes, w.Grants = t.Account, t.ID, t.Scopes, []access.Grant{g}
	return w, t, nil
}

// TokenSeen notes that a token was used, at most once in five minutes, so it
// may be called for each request.
func TokenSeen(ctx context.Context, d *db.DB, t Token) error {
	now := d.Now()
	if now.Sub(t.UsedAt) < seenEvery {
		return nil
	}
	_, err := d.ExecContext(ctx, `UPDATE api_token SET used_at = $1 WHERE id = $2 AND used_at = $3`, now, t.ID, t.UsedAt)
	if err != nil {
		return fmt.Errorf("account: note a token: %w", err)
	}
	return nil
}
