// Package person is one human as one brand knows them, with their identities:
// the handles they have on networks. An identity belongs to one person, and
// nothing but a person's own claim or a decision of the team joins two of them:
// never a name.
package person

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/network"
)

// Identity is a handle of a person on a network.
type Identity struct {
	ID, Brand, Person string
	Network           string // name of the network
	RemoteID          string // network.Author.ID
	Handle            string
	Name              string // as they write it; may be empty
	AvatarURL         string
	URL               string
	SeenAt            db.Time // when what is said here was last so
	CreatedAt         db.Time
}

// Label is what to call them: their name, or else their handle.
func (i Identity) Label() string { return cmp.Or(i.Name, i.Handle) }

// The longest of what others say of themselves, in runes; the rest is cut.
const (
	longestID   = 500
	longestName = 200
	longestURL  = 2000
)

// Seen keeps what a network said at that time of somebody who wrote something,
// and returns their identity. Somebody new becomes a person of the brand. What
// was said earlier than what is known changes nothing. It counts no message:
// see Wrote. An author without an id is fault.Invalid.
func Seen(ctx context.Context, tx *db.Tx, brandID, networkName string, a network.Author, at db.Time) (Identity, error) {
	fresh := Identity{ID: db.NewID(), Brand: brandID, Network: networkName, RemoteID: line(a.ID, longestID),
		Handle: line(cmp.Or(a.Handle, a.ID), longestName), Name: line(a.Name, longestName),
		AvatarURL: address(a.AvatarURL), URL: address(a.URL), SeenAt: at, CreatedAt: tx.Now()}
	if fresh.RemoteID == "" {
		return fresh, fault.New(fault.Invalid, "The network did not say who wrote this.")
	}
	known, err := byRemote(ctx, tx, brandID, networkName, fresh.RemoteID)
	if errors.Is(err, sql.ErrNoRows) {
		return introduce(ctx, tx, fresh)
	}
	if err != nil {
		return known, fmt.Errorf("person: seen: %w", err)
	}
	return renew(ctx, tx, known, fresh)
}

func introduce(ctx context.Context, tx *db.Tx, i Identity) (Identity, error) {
	i.Person = db.NewID()
	_, err := tx.ExecContext(ctx, `INSERT INTO person (id, brand_id, name, avatar_url, first_at, last_at, created_at)
		VALUES ($1, $2, $3, $4, $5, $5, $6)`, i.Person, i.Brand, i.Label(), i.AvatarURL, i.SeenAt, tx.Now())
	if err == nil {
		err = insertIdentity(ctx, tx, i)
	}
	if err != nil {
		return i, fmt.Errorf("person: introduce: %w", err)
	}
	return i, nil
}

// renew takes over what has changed. A person is called as they call
// themselves, as long as nobody gave them another name here.
func renew(ctx context.Context, tx *db.Tx, old, fresh Identity) (Identity, error) {
	if fresh.SeenAt < old.SeenAt {
		return old, nil
	}
	i := old
	i.Handle, i.Name, i.AvatarURL, i.URL = fresh.Handle, fresh.Name, fresh.AvatarURL, fresh.URL
	if i == old && fresh.SeenAt.Sub(old.SeenAt) < time.Hour {
		return old, nil
	}
	i.SeenAt = fresh.SeenAt
	_, err := tx.ExecContext(ctx, `UPDATE identity SET handle = $3, name = $4, avatar_url = $5, url = $6, seen_at = $7 WHERE brand_id = $1 AND id = $2`,
		i.Brand, i.ID, i.Handle, i.Name, i.AvatarURL, i.URL, i.SeenAt)
	if err == nil && (i.Label() != old.Label() || i.AvatarURL != old.AvatarURL) {
		_, err = tx.ExecContext(ctx, `UPDATE person SET avatar_url = $3, name = CASE WHEN name = $4 THEN $5 ELSE name END WHERE brand_id = $1 AND id = $2`,
			i.Brand, i.Person, i.AvatarURL, old.Label(), i.Label())
	}
	if err == nil && (i.Label() != old.Label() || i.Handle != old.Handle) {
		err = index(ctx, tx, i.Brand, i.Person)
	}
	if err != nil {
		return old, fmt.Errorf("person: renew: %w", err)
	}
	return i, nil
}

// Spoke notes that a member wrote in the community at that time.
func Spoke(ctx context.Context, tx *db.Tx, brandID, id string, at db.Time) error {
	_, err := tx.ExecContext(ctx, `UPDATE person SET last_at = $3 WHERE brand_id = $1 AND id = $2 AND last_at < $3`, brandID, id, at)
	if err != nil {
		return fmt.Errorf("person: spoke: %w", err)
	}
	return nil
}

// Wrote counts so many messages that a person wrote to the brand on a channel,
// the first and the last of them at those times. From the first on they can be
// found.
func Wrote(ctx context.Context, tx *db.Tx, brandID, channelID, id string, messages int, first, last db.Time) error {
	_, err := tx.ExecContext(ctx, `UPDATE person SET messages = messages + $3,
			first_at = CASE WHEN messages = 0 AND member_at = 0 OR first_at > $4 THEN $4 ELSE first_at END,
			last_at = CASE WHEN last_at < $5 THEN $5 ELSE last_at END
		WHERE brand_id = $1 AND id = $2`, brandID, id, messages, first, last)
	if err != nil {
		return fmt.Errorf("person: wrote: %w", err)
	}
	var total int
	err = tx.QueryRowContext(ctx, `INSERT INTO person_channel (person_id, channel_id, brand_id, messages, last_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (person_id, channel_id) DO UPDATE SET messages = person_channel.messages + excluded.messages,
			last_at = CASE WHEN person_channel.last_at < excluded.last_at THEN excluded.last_at ELSE person_channel.last_at END
		RETURNING messages`, id, channelID, brandID, messages, last).Scan(&total)
	if err != nil {
		return fmt.Errorf("person: wrote: %w", err)
	}
	if total > messages {
		return nil
	}
	return index(ctx, tx, brandID, id) // for the first time on this channel
}

// Identities returns those of the identities that the brand has, by id.
func Identities(ctx context.Context, q db.Queryer, brandID string, ids []string) (map[string]Identity, error) {
	return many(ctx, q, brandID, "id", ids, func(i Identity) string { return i.ID })
}

// Faces returns for each of the persons the identity they were last seen with
// on the network, or on any where it is empty, by the person's id.
func Faces(ctx context.Context, q db.Queryer, brandID, networkName string, ids []string) (map[string]Identity, error) {
	out := map[string]Identity{}
	for chunk := range slices.Chunk(ids, 500) {
		all, err := some(ctx, q, brandID, "person_id", chunk)
		if err != nil {
			return nil, err
		}
		for _, i := range all {
			if best, ok := out[i.Person]; (!ok || best.SeenAt < i.SeenAt) && (networkName == "" || i.Network == networkName) {
				out[i.Person] = i
			}
		}
	}
	return out, nil
}

func many(ctx context.Context, q db.Queryer, brandID, column string, ids []string, key func(Identity) string) (map[string]Identity, error) {
	out := make(map[string]Identity, len(ids))
	for chunk := range slices.Chunk(ids, 500) {
		all, err := some(ctx, q, brandID, column, chunk)
		if err != nil {
			return nil, err
		}
		for _, i := range all {
			out[key(i)] = i
		}
	}
	return out, nil
}

const identityColumns = `i.id, i.brand_id, i.person_id, i.network, i.remote_id, i.handle, i.name, i.avatar_url, i.url, i.seen_at, i.created_at`

func scanIdentity(row interface{ Scan(...any) error }) (i Identity, err error) {
	err = row.Scan(&i.ID, &i.Brand, &i.Person, &i.Network, &i.RemoteID, &i.Handle, &i.Name, &i.AvatarURL, &i.URL, &i.SeenAt, &i.CreatedAt)
	return i, err
}

// some reads identities by id or by person. An identity is found by its id
// whatever the brand's size.
func some(ctx context.Context, q db.Queryer, brandID, column string, ids []string) ([]Identity, error) {
	args := []any{brandID}
	for _, id := range ids {
		args = append(args, id)
	}
	brand := `i.brand_id`
	if column == "id" {
		brand += ` || ''`
	}
	rows, err := q.QueryContext(ctx, `SELECT `+identityColumns+` FROM identity i WHERE `+brand+` = $1 AND i.`+column+` IN (`+db.In(2, len(ids))+`)`, args...)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (Identity, error) { return scanIdentity(r) })
	if err != nil {
		return nil, fmt.Errorf("person: identities: %w", err)
	}
	return all, nil
}

func byRemote(ctx context.Context, q db.Queryer, brandID, networkName, remoteID string) (Identity, error) {
	return scanIdentity(q.QueryRowContext(ctx, `SELECT `+identityColumns+` FROM identity i
		WHERE i.brand_id = $1 AND i.network = $2 AND i.remote_id = $3`, brandID, networkName, remoteID))
}

// insertIdentity lets a transaction that met the same person in this moment
// run again, and find them: on PostgreSQL a conflict that is let pass with a
// row it cannot see yet is a serialization failure.
func insertIdentity(ctx context.Context, tx *db.Tx, i Identity) error {
	res, err := tx.ExecContext(ctx, `INSERT INTO identity (id, brand_id, person_id, network, remote_id, handle, name, avatar_url, url, seen_at, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING`,
		i.ID, i.Brand, i.Person, i.Network, i.RemoteID, i.Handle, i.Name, i.AvatarURL, i.URL, i.SeenAt, i.CreatedAt)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return cmp.Or(err, errors.New("somebody else keeps this identity"))
	}
	return nil
}

// line makes one line of plain text, at most so many runes, of what others
// wrote.
func line(s string, most int) string {
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, ""), func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}

// address keeps an address that a browser may fetch, and drops others.
func address(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > longestURL || s != line(s, longestURL) || !(strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://")) {
		return ""
	}
	return s
}

// Unknown forgets an identity, in the caller's transaction; the person stays.
func Unknown(ctx context.Context, tx *db.Tx, i Identity) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM identity WHERE brand_id = $1 AND id = $2`, i.Brand, i.ID); err != nil {
		return fmt.Errorf("person: unknown: %w", err)
	}
	return index(ctx, tx, i.Brand, i.Person)
}

// Known keeps in the caller's transaction that an author is a person the brand
// knows already: a member of its community, of whom the community itself says
// so. An identity that is known stays whose it is.
func Known(ctx context.Context, tx *db.Tx, brandID, networkName string, a network.Author, personID string) error {
	if personID == "" {
		return nil
	}
	_, err := byRemote(ctx, tx, brandID, networkName, a.ID)
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	err = insertIdentity(ctx, tx, Identity{ID: db.NewID(), Brand: brandID, Person: personID, Network: networkName, RemoteID: line(a.ID, longestID),
		Handle: line(cmp.Or(a.Handle, a.ID), longestName), Name: line(a.Name, longestName), AvatarURL: address(a.AvatarURL), URL: address(a.URL), SeenAt: tx.Now(), CreatedAt: tx.Now()})
	if err != nil {
		return fmt.Errorf("person: known: %w", err)
	}
	return index(ctx, tx, brandID, personID)
}

// InCommunity returns how many of the messages that are counted for each of the
// persons were said in the brand's own community, where they are posts: what
// tells of both counts them once.
func InCommunity(ctx context.Context, q db.Queryer, brandID string, ids []string) (map[string]int64, error) {
	out := map[string]int64{}
	for some := range slices.Chunk(ids, 500) {
		args := []any{brandID, network.Community}
		for _, id := range some {
			args = append(args, id)
		}
		rows, err := q.QueryContext(ctx, `SELECT p.person_id, SUM(p.messages) FROM person_channel p JOIN channel c ON c.id = p.channel_id
			WHERE p.person_id IN (`+db.In(3, len(some))+`) AND p.brand_id || '' = $1 AND c.network = $2 GROUP BY p.person_id`, args...)
		_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
			var id string
			var n int64
			err := r.Scan(&id, &n)
			out[id] = n
			return struct{}{}, err
		})
		if err != nil {
			return nil, fmt.Errorf("person: in the community: %w", err)
		}
	}
	return out, nil
}
