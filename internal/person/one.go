package person

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/outbox"
	"rapport/internal/search"
)

// Moved is what two records of one human were before they were made one: all
// that is needed to take them apart again.
type Moved struct {
	Person     Record          `json:"person"` // whose record went
	Into       Record          `json:"into"`   // who stayed, as they were
	About      string          `json:"about,omitempty"`
	Note       string          `json:"note,omitempty"` // id of the note made of words that did not fit
	Identities []MovedIdentity `json:"identities"`
	Notes      []string        `json:"notes,omitempty"`
	Channels   []MovedChannel  `json:"channels,omitempty"`
}

// Record is a person's own row.
type Record struct {
	ID        string  `json:"id"`
	Name      string  `json:"name"`
	About     string  `json:"about,omitempty"`
	AvatarURL string  `json:"avatar_url,omitempty"`
	Messages  int64   `json:"messages"`
	FirstAt   db.Time `json:"first_at"`
	LastAt    db.Time `json:"last_at"`
	CreatedAt db.Time `json:"created_at"`
}

// MovedIdentity is an account that came along, and what it was called.
type MovedIdentity struct {
	ID    string `json:"id"`
	Label string `json:"label"`
}

// MovedChannel is how much they had written there: as it was counted, and how
// many messages there were to see.
type MovedChannel struct {
	Channel  string  `json:"channel"`
	Messages int64   `json:"messages"`
	LastAt   db.Time `json:"last_at"`
	Rows     int64   `json:"rows"`
}

// Rows is how many messages of somebody there are on a channel, with the time
// of the first and the last.
type Rows struct {
	Channel     string
	Messages    int64
	First, Last db.Time
}

func recordOf(p Person) Record {
	return Record{ID: p.ID, Name: p.Name, About: p.About, AvatarURL: p.AvatarURL, Messages: p.Messages, FirstAt: p.FirstAt, LastAt: p.LastAt, CreatedAt: p.CreatedAt}
}

// Whole reads a person with their identities for somebody who may change what
// is known of them and sees every channel they wrote on; who sees some of them
// only gets fault.Denied.
func Whole(ctx context.Context, q db.Queryer, who access.Who, brandID, id string) (Person, error) {
	p, err := may(ctx, q, who, brandID, id, access.PersonWrite)
	if err != nil {
		return p, err
	}
	channels, err := channelsOf(ctx, q, id)
	if err != nil {
		return p, err
	}
	if err := who.May(q.Now(), brandID, access.PersonWrite, channels...); err != nil {
		return p, fault.As(fault.Denied, err, "They also wrote on channels that you do not see. Ask an owner of the brand to do this.")
	}
	list := []Person{p}
	err = withIdentities(ctx, q, brandID, list)
	return list[0], err
}

// IdentityOf returns the brand's identity with one of these ids of the network,
// the first that is known, or fault.NotFound.
func IdentityOf(ctx context.Context, q db.Queryer, brandID, networkName string, remoteIDs ...string) (Identity, error) {
	for _, id := range remoteIDs {
		i, err := byRemote(ctx, q, brandID, networkName, line(id, longestID))
		if err == nil {
			return i, nil
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return i, fmt.Errorf("person: identity: %w", err)
		}
	}
	return Identity{}, fault.New(fault.NotFound, "The brand knows nobody of this account.")
}

// Absorb makes one record a part of another, in the caller's transaction: the
// accounts, the notes and the counts of the one go over, and its row is gone.
// What they wrote is another package's; rows counts it. No permission is asked
// here.
func Absorb(ctx context.Context, tx *db.Tx, brandID, into, from string, rows []Rows) (Moved, error) {
	a, err := byID(ctx, tx, brandID, into)
	if err != nil {
		return Moved{}, err
	}
	b, err := byID(ctx, tx, brandID, from)
	if err != nil {
		return Moved{}, err
	}
	m := Moved{Person: recordOf(b), Into: recordOf(a), Identities: []MovedIdentity{}}
	theirs, err := some(ctx, tx, brandID, "person_id", []string{from})
	if err != nil {
		return m, err
	}
	slices.SortFunc(theirs, func(a, b Identity) int { return cmp.Compare(a.ID, b.ID) })
	for _, i := range theirs {
		m.Identities = append(m.Identities, MovedIdentity{i.ID, i.Label()})
	}
	if m.Channels, err = absorbChannels(ctx, tx, brandID, into, from, rows); err != nil {
		return m, err
	}
	if m.Notes, err = moveNotes(ctx, tx, brandID, from, into, nil); err != nil {
		return m, err
	}
	if err := m.keepWords(ctx, tx, brandID, b.Name); err != nil {
		return m, err
	}
	first, last := joined(a, b)
	for _, s := range []statementOf{
		{`UPDATE identity SET person_id = $3 WHERE brand_id = $1 AND person_id = $2`, []any{from, into}},
		{`UPDATE person SET about = $3, messages = messages + $4, first_at = $5, last_at = $6 WHERE brand_id = $1 AND id = $2`, []any{into, m.About, b.Messages, first, last}},
		{`DELETE FROM person WHERE brand_id = $1 AND id = $2`, []any{from}},
	} {
		if _, err := tx.ExecContext(ctx, s.query, append([]any{brandID}, s.args...)...); err != nil {
			return m, fmt.Errorf("person: absorb: %w", err)
		}
	}
	if err := search.Drop(ctx, tx, brandID, search.Person, from); err != nil {
		return m, err
	}
	both(tx, brandID, into, from)
	return m, index(ctx, tx, brandID, into)
}

type statementOf struct {
	query string
	args  []any
}

// both tells open pages of two people.
func both(tx *db.Tx, brandID string, ids ...string) {
	for _, id := range ids {
		outbox.Show(tx, brandID, "person.changed", id)
	}
}

// joined are the first and the last time that one of two wrote.
func joined(a, b Person) (first, last db.Time) {
	switch {
	case a.Messages == 0 && b.Messages > 0:
		first = b.FirstAt
	case b.Messages == 0 && a.Messages > 0:
		first = a.FirstAt
	default:
		first = min(a.FirstAt, b.FirstAt)
	}
	return first, max(a.LastAt, b.LastAt)
}

// keepWords puts together what the team says of both. What is too long for one
// text becomes a note.
func (m *Moved) keepWords(ctx context.Context, tx *db.Tx, brandID, name string) error {
	a, b := m.Into.About, m.Person.About
	switch both := a + "\n\n" + b; {
	case b == "" || a == b:
		m.About = a
	case a == "":
		m.About = b
	case utf8.RuneCountInString(both) <= longestAbout:
		m.About = both
	default:
		m.About = a
		n := Note{ID: db.NewID(), Brand: brandID, Person: m.Into.ID, Text: b, At: tx.Now()}
		m.Note = n.ID
		return putNote(ctx, tx, n)
	}
	return nil
}

func putNote(ctx context.Context, tx *db.Tx, n Note) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO note (id, brand_id, subject, account_id, text, at) VALUES ($1, $2, $3, $4, $5, $6)`, n.ID, n.Brand, n.Person, n.Account, n.Text, n.At)
	if err != nil {
		return fmt.Errorf("person: note: %w", err)
	}
	channels, err := channelsOf(ctx, tx, n.Person)
	if err != nil {
		return err
	}
	return search.Put(ctx, tx, search.Doc{Brand: n.Brand, Kind: search.Note, ID: n.ID, Person: n.Person, Channels: channels, At: n.At, Text: n.Text})
}

// moveNotes makes notes on one person notes on another: all, or these. It
// returns their ids.
func moveNotes(ctx context.Context, tx *db.Tx, brandID, from, to string, ids []string) ([]string, error) {
	all := ids == nil
	var moved []string
	for some := range slices.Chunk(append([]string{}, ids...), 500) {
		args := []any{brandID, from, to}
		for _, id := range some {
			args = append(args, id)
		}
		got, err := returning(ctx, tx, `UPDATE note SET subject = $3 WHERE brand_id = $1 AND subject = $2 AND id IN (`+db.In(4, len(some))+`) RETURNING id`, args...)
		if err != nil {
			return nil, err
		}
		moved = append(moved, got...)
	}
	if all {
		var err error
		if moved, err = returning(ctx, tx, `UPDATE note SET subject = $3 WHERE brand_id = $1 AND subject = $2 RETURNING id`, brandID, from, to); err != nil {
			return nil, err
		}
	}
	return moved, findNotes(ctx, tx, brandID, to, moved)
}

func returning(ctx context.Context, tx *db.Tx, query string, args ...any) ([]string, error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	ids, err := db.Collect(rows, err, func(r *sql.Rows) (id string, err error) {
		err = r.Scan(&id)
		return id, err
	})
	if err != nil {
		return nil, fmt.Errorf("person: notes: %w", err)
	}
	return ids, nil
}

// findNotes makes notes found as those on the person.
func findNotes(ctx context.Context, tx *db.Tx, brandID, id string, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	channels, err := channelsOf(ctx, tx, id)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(ids, 500) {
		args := []any{brandID}
		for _, n := range some {
			args = append(args, n)
		}
		rows, err := tx.QueryContext(ctx, `SELECT id, text, at FROM note WHERE brand_id || '' = $1 AND id IN (`+db.In(2, len(some))+`)`, args...)
		docs, err := db.Collect(rows, err, func(r *sql.Rows) (search.Doc, error) {
			d := search.Doc{Brand: brandID, Kind: search.Note, Person: id, Channels: channels}
			return d, r.Scan(&d.ID, &d.Text, &d.At)
		})
		if err != nil {
			return fmt.Errorf("person: notes: %w", err)
		}
		if err := search.Put(ctx, tx, docs...); err != nil {
			return err
		}
	}
	return nil
}

// absorbChannels adds what one wrote on each channel to what the other did.
func absorbChannels(ctx context.Context, tx *db.Tx, brandID, into, from string, rows []Rows) ([]MovedChannel, error) {
	got, err := tx.QueryContext(ctx, `SELECT channel_id, messages, last_at FROM person_channel WHERE person_id = $1 ORDER BY channel_id`, from)
	all, err := db.Collect(got, err, func(r *sql.Rows) (c MovedChannel, err error) {
		err = r.Scan(&c.Channel, &c.Messages, &c.LastAt)
		return c, err
	})
	if err != nil {
		return nil, fmt.Errorf("person: channels: %w", err)
	}
	for i, c := range all {
		for _, r := range rows {
			if r.Channel == c.Channel {
				all[i].Rows = r.Messages
			}
		}
		if err := addChannel(ctx, tx, brandID, into, c.Channel, c.Messages, c.LastAt); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func addChannel(ctx context.Context, tx *db.Tx, brandID, id, channelID string, messages int64, last db.Time) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO person_channel (person_id, channel_id, brand_id, messages, last_at)
		SELECT $1, c.id, c.brand_id, $4, $5 FROM channel c WHERE c.brand_id = $3 AND c.id = $2
		ON CONFLICT (person_id, channel_id) DO UPDATE SET messages = person_channel.messages + excluded.messages,
			last_at = CASE WHEN person_channel.last_at < excluded.last_at THEN excluded.last_at ELSE person_channel.last_at END`, id, channelID, brandID, messages, last)
	if err != nil {
		return fmt.Errorf("person: channels: %w", err)
	}
	return nil
}

// Part takes two records apart again, in the caller's transaction: the other is
// there under its own id, with its accounts, its notes and what was written
// with these accounts meanwhile. rows counts what is theirs, and left what
// stays with the one who stayed, as the messages are now. An account that is
// gone since does not come back.
func Part(ctx context.Context, tx *db.Tx, brandID string, m Moved, rows, left []Rows) (Person, error) {
	into, err := byID(ctx, tx, brandID, m.Into.ID)
	if err != nil {
		return Person{}, err
	}
	p := Person{ID: m.Person.ID, Brand: brandID, Name: m.Person.Name, About: m.Person.About, AvatarURL: m.Person.AvatarURL, FirstAt: m.Person.FirstAt, LastAt: m.Person.LastAt, CreatedAt: m.Person.CreatedAt}
	if err := m.renewed(ctx, tx, brandID, &p); err != nil {
		return p, err
	}
	theirs := m.counts(rows)
	p.Messages = m.Person.Messages
	for _, c := range theirs {
		p.Messages += c.later
		if c.later > 0 {
			p.LastAt = max(p.LastAt, c.LastAt)
		}
	}
	if m.Person.Messages == 0 && p.Messages > 0 {
		p.FirstAt = firstOf(rows)
	}
	if err := m.release(ctx, tx, brandID, p); err != nil {
		return p, err
	}
	for _, c := range theirs {
		if err := c.move(ctx, tx, brandID, into.ID, p.ID, left); err != nil {
			return p, err
		}
	}
	if m.Notes, err = moveNotes(ctx, tx, brandID, into.ID, p.ID, append([]string{}, m.Notes...)); err != nil {
		return p, err
	}
	first, last := m.before(into, into.Messages-p.Messages, left)
	about := into.About
	if about == m.About {
		about = m.Into.About
	}
	_, err = tx.ExecContext(ctx, `UPDATE person SET about = $3, messages = CASE WHEN messages > $4 THEN messages - $4 ELSE 0 END, first_at = $5, last_at = $6 WHERE brand_id = $1 AND id = $2`,
		brandID, into.ID, about, p.Messages, first, last)
	if err != nil {
		return p, fmt.Errorf("person: part: %w", err)
	}
	both(tx, brandID, into.ID, p.ID)
	return p, errors.Join(index(ctx, tx, brandID, into.ID), index(ctx, tx, brandID, p.ID))
}

// renewed takes over what their accounts have said since.
func (m Moved) renewed(ctx context.Context, tx *db.Tx, brandID string, p *Person) error {
	var ids []string
	for _, i := range m.Identities {
		ids = append(ids, i.ID)
	}
	now, err := Identities(ctx, tx, brandID, ids)
	if err != nil {
		return err
	}
	for _, was := range m.Identities {
		i, there := now[was.ID]
		if there && i.Person == m.Into.ID && was.Label == p.Name && i.Label() != was.Label {
			p.Name = i.Label()
		}
	}
	return nil
}

// release makes the other's row and gives it what was its own.
func (m Moved) release(ctx context.Context, tx *db.Tx, brandID string, p Person) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO person (id, brand_id, name, about, avatar_url, messages, first_at, last_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		p.ID, brandID, p.Name, p.About, p.AvatarURL, p.Messages, p.FirstAt, p.LastAt, p.CreatedAt)
	if err != nil {
		return fmt.Errorf("person: part: %w", err)
	}
	for _, i := range m.Identities {
		_, err := tx.ExecContext(ctx, `UPDATE identity SET person_id = $4 WHERE brand_id = $1 AND id = $2 AND person_id = $3`, brandID, i.ID, m.Into.ID, p.ID)
		if err != nil {
			return fmt.Errorf("person: part: %w", err)
		}
	}
	if m.Note != "" {
		if _, err := tx.ExecContext(ctx, `DELETE FROM note WHERE brand_id = $1 AND subject = $2 AND id = $3`, brandID, m.Into.ID, m.Note); err != nil {
			return fmt.Errorf("person: part: %w", err)
		}
		if err := search.Drop(ctx, tx, brandID, search.Note, m.Note); err != nil {
			return err
		}
	}
	return nil
}

// before are the first and the last time that the one who stayed wrote so many
// messages, when what was not theirs is gone.
func (m Moved) before(into Person, messages int64, left []Rows) (first, last db.Time) {
	var rows int64
	for _, r := range left {
		rows += r.Messages
	}
	switch {
	case messages <= 0 && into.MemberAt > 0:
		return into.MemberAt, into.MemberAt
	case messages <= 0:
		return m.Into.FirstAt, m.Into.LastAt
	case rows == messages: // all of it is there to be seen
		return firstOf(left), max(lastOf(left), into.MemberAt)
	}
	if first = m.Into.FirstAt; rows > 0 {
		first = min(first, firstOf(left))
	}
	return first, max(m.Into.LastAt, lastOf(left))
}

// partOf is what of one channel goes back.
type partOf struct {
	MovedChannel
	later int64 // written since
}

// counts are what goes back by channel: what was counted, and what came since.
func (m Moved) counts(rows []Rows) (out []partOf) {
	for _, c := range m.Channels {
		out = append(out, partOf{MovedChannel: c, later: -c.Rows})
	}
	for _, r := range rows {
		i := slices.IndexFunc(out, func(p partOf) bool { return p.Channel == r.Channel })
		if i < 0 {
			i, out = len(out), append(out, partOf{MovedChannel: MovedChannel{Channel: r.Channel}})
		}
		out[i].later, out[i].LastAt = out[i].later+r.Messages, max(out[i].LastAt, r.Last)
	}
	for i := range out {
		// What is gone with its channel, or was erased, is counted all the same.
		out[i].later = max(out[i].later, 0)
	}
	return out
}

// move gives back what was written on a channel.
func (c partOf) move(ctx context.Context, tx *db.Tx, brandID, into, to string, left []Rows) error {
	n := c.Messages + c.later
	if n == 0 {
		return nil
	}
	last := db.Time(0)
	for _, r := range left {
		if r.Channel == c.Channel {
			last = r.Last
		}
	}
	_, err := tx.ExecContext(ctx, `UPDATE person_channel SET messages = messages - $4, last_at = CASE WHEN CAST($5 AS BIGINT) > 0 THEN CAST($5 AS BIGINT) ELSE last_at END
		WHERE person_id = $2 AND channel_id = $3 AND brand_id || '' = $1`, brandID, into, c.Channel, n, last)
	if err == nil {
		_, err = tx.ExecContext(ctx, `DELETE FROM person_channel WHERE person_id = $2 AND channel_id = $3 AND brand_id || '' = $1 AND messages <= 0`, brandID, into, c.Channel)
	}
	if err != nil {
		return fmt.Errorf("person: part: %w", err)
	}
	return addChannel(ctx, tx, brandID, to, c.Channel, n, c.LastAt)
}

func firstOf(rows []Rows) (first db.Time) {
	for _, r := range rows {
		if first == 0 || r.First < first {
			first = r.First
		}
	}
	return first
}

func lastOf(rows []Rows) (last db.Time) {
	for _, r := range rows {
		last = max(last, r.Last)
	}
	return last
}

// Drop forgets a record of whom nothing is known but an account: who wrote
// nothing and of whom nothing was said. It reports whether it did.
func Drop(ctx context.Context, tx *db.Tx, brandID, id string) (bool, error) {
	p, err := byID(ctx, tx, brandID, id)
	if err != nil || p.Messages > 0 || p.About != "" || p.MemberAt > 0 {
		return false, err
	}
	var n int
	if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM note WHERE brand_id = $1 AND subject = $2`, brandID, id).Scan(&n); err != nil || n > 0 {
		return false, err
	}
	both(tx, brandID, id)
	return true, forget(ctx, tx, brandID, id)
}
