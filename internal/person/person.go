package person

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/outbox"
	"rapport/internal/search"
)

// Person is one human as one brand knows them.
type Person struct {
	ID, Brand string
	Name      string // as they write it, or as the team calls them
	About     string // the team's own words on them
	AvatarURL string
	MemberAt  db.Time // since when they have an account in the community; 0: they have none
	Messages  int64   // what they wrote to the brand
	FirstAt   db.Time
	LastAt    db.Time
	CreatedAt db.Time

	Identities []Identity // the last seen first
}

// Label is what to call them.
func (p Person) Label() string { return p.Name }

const columns = `p.id, p.brand_id, p.name, p.about, p.avatar_url, p.member_at, p.messages, p.first_at, p.last_at, p.created_at`

func scan(row interface{ Scan(...any) error }) (p Person, err error) {
	err = row.Scan(&p.ID, &p.Brand, &p.Name, &p.About, &p.AvatarURL, &p.MemberAt, &p.Messages, &p.FirstAt, &p.LastAt, &p.CreatedAt)
	return p, err
}

func noPerson() error { return fault.New(fault.NotFound, "There is no such person.") }

func byID(ctx context.Context, q db.Queryer, brandID, id string) (Person, error) {
	p, err := scan(q.QueryRowContext(ctx, `SELECT `+columns+` FROM person p WHERE p.brand_id = $1 AND p.id = $2`, brandID, id))
	if errors.Is(err, sql.ErrNoRows) {
		return p, noPerson()
	}
	if err != nil {
		return p, fmt.Errorf("person: read: %w", err)
	}
	return p, nil
}

// ByID returns the person with their identities. For an account with some
// channels only, somebody who wrote on none of them is fault.NotFound.
func ByID(ctx context.Context, q db.Queryer, who access.Who, brandID, id string) (Person, error) {
	p, err := may(ctx, q, who, brandID, id, access.PersonRead)
	if err != nil {
		return Person{}, err
	}
	list := []Person{p}
	err = withIdentities(ctx, q, brandID, list)
	return list[0], err
}

// may reads a person for somebody who may do this and sees one of the person's
// channels.
func may(ctx context.Context, q db.Queryer, who access.Who, brandID, id string, a access.Action) (Person, error) {
	if err := who.May(q.Now(), brandID, a); err != nil {
		return Person{}, err
	}
	p, err := byID(ctx, q, brandID, id)
	if err != nil {
		return p, err
	}
	only := who.Channels(q.Now(), brandID)
	if len(only) == 0 {
		return p, nil
	}
	theirs, err := channelsOf(ctx, q, id)
	if err != nil {
		return p, err
	}
	for _, c := range theirs {
		if slices.Contains(only, c) {
			return p, nil
		}
	}
	return Person{}, noPerson()
}

// ByIDs returns those of the people that the brand has, by id, without their
// identities. The caller has checked that they may be read.
func ByIDs(ctx context.Context, q db.Queryer, brandID string, ids []string) (map[string]Person, error) {
	out := make(map[string]Person, len(ids))
	for chunk := range slices.Chunk(ids, 500) {
		args := []any{brandID}
		for _, id := range chunk {
			args = append(args, id)
		}
		rows, err := q.QueryContext(ctx, `SELECT `+columns+` FROM person p WHERE p.brand_id || '' = $1 AND p.id IN (`+db.In(2, len(chunk))+`)`, args...)
		all, err := db.Collect(rows, err, func(r *sql.Rows) (Person, error) { return scan(r) })
		if err != nil {
			return nil, fmt.Errorf("person: read: %w", err)
		}
		for _, p := range all {
			out[p.ID] = p
		}
	}
	return out, nil
}

func withIdentities(ctx context.Context, q db.Queryer, brandID string, people []Person) error {
	at := make(map[string]int, len(people))
	ids := make([]string, len(people))
	for i, p := range people {
		at[p.ID], ids[i] = i, p.ID
	}
	for chunk := range slices.Chunk(ids, 500) {
		all, err := some(ctx, q, brandID, "person_id", chunk)
		if err != nil {
			return err
		}
		slices.SortFunc(all, func(a, b Identity) int { return int(b.SeenAt - a.SeenAt) })
		for _, i := range all {
			p := &people[at[i.Person]]
			p.Identities = append(p.Identities, i)
		}
	}
	return nil
}

func channelsOf(ctx context.Context, q db.Queryer, id string) ([]string, error) {
	rows, err := q.QueryContext(ctx, `SELECT channel_id FROM person_channel WHERE person_id = $1 ORDER BY channel_id`, id)
	out, err := db.Collect(rows, err, func(r *sql.Rows) (c string, err error) {
		err = r.Scan(&c)
		return c, err
	})
	if err != nil {
		return nil, fmt.Errorf("person: channels: %w", err)
	}
	return out, nil
}

// Channels are the ids of the channels a person wrote on. The caller has
// checked that they may be read.
func Channels(ctx context.Context, q db.Queryer, id string) ([]string, error) {
	return channelsOf(ctx, q, id)
}

// Input is what the team says of a person.
type Input struct {
	Name  string // what to call them
	About string
}

const (
	longestAbout = 5000 // runes
	longestNote  = 5000
)

func (in Input) checked() (Input, error) {
	var bad []fault.Field
	in.Name, in.About = strings.TrimSpace(in.Name), strings.TrimSpace(strings.ReplaceAll(in.About, "\r\n", "\n"))
	if in.Name == "" || in.Name != line(in.Name, longestName) {
		bad = append(bad, fault.On("name", "Give a name of 1 to %d characters, in one line.", longestName))
	}
	if text := wrong(in.About, longestAbout); text != nil {
		bad = append(bad, fault.With("about", text))
	}
	return in, fault.OnFields(bad)
}

// wrong says what is wrong with a text of ours, or nil.
func wrong(text string, most int) *i18n.Phrase {
	switch {
	case !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }):
		return i18n.P("This text holds characters that cannot be kept. Copy it again.")
	case utf8.RuneCountInString(text) > most:
		return i18n.P("Shorten this to %d characters.", most)
	}
	return nil
}

// Save changes what the team calls a person and says of them. was is what the
// caller saw: where somebody has changed it since, and not to the same, that is
// fault.Conflict.
func Save(ctx context.Context, d *db.DB, who access.Who, brandID, id string, was, in Input) (Person, error) {
	in, err := in.checked()
	if err != nil {
		return Person{}, err
	}
	err = d.Tx(ctx, func(tx *db.Tx) error {
		p, err := may(ctx, tx, who, brandID, id, access.PersonWrite)
		if err != nil {
			return err
		}
		switch now := (Input{p.Name, p.About}); {
		case now == in:
			return nil
		case now != was:
			return fault.New(fault.Conflict, "Someone has changed this since you opened it. Look at the newer text before you change it.")
		}
		if _, err := tx.ExecContext(ctx, `UPDATE person SET name = $3, about = $4 WHERE brand_id = $1 AND id = $2`, brandID, id, in.Name, in.About); err != nil {
			return fmt.Errorf("person: save: %w", err)
		}
		show(tx, brandID, id)
		return errors.Join(index(ctx, tx, brandID, id), audit.Record(ctx, tx, who, audit.Entry{Brand: brandID, Act: "person.changed", Subject: id}))
	})
	if err != nil {
		return Person{}, err
	}
	return ByID(ctx, d, who, brandID, id)
}

// show tells open pages that a person has changed.
func show(tx *db.Tx, brandID, id string) { outbox.Show(tx, brandID, "person.changed", id) }

// index makes a person findable by what they are called now.
func index(ctx context.Context, tx *db.Tx, brandID, id string) error {
	p, err := byID(ctx, tx, brandID, id)
	if err != nil {
		return err
	}
	theirs, err := some(ctx, tx, brandID, "person_id", []string{id})
	if err != nil {
		return err
	}
	channels, err := channelsOf(ctx, tx, id)
	if err != nil {
		return err
	}
	var words []string
	say := func(text string) {
		if text != "" && !slices.Contains(words, text) {
			words = append(words, text)
		}
	}
	say(p.Name)
	slices.SortFunc(theirs, func(a, b Identity) int { return strings.Compare(a.ID, b.ID) })
	for _, i := range theirs {
		say(i.Name)
		say(i.Handle)
	}
	say(p.About)
	return search.Put(ctx, tx, search.Doc{Brand: brandID, Kind: search.Person, ID: id, Person: id, Channels: channels, At: p.CreatedAt,
		Text: strings.Join(words, "\n")})
}

// Note is what the team noted about a person.
type Note struct {
	ID, Brand, Person string
	Account           string // who wrote it
	Text              string
	At                db.Time
}

// AddNote keeps a note about a person.
func AddNote(ctx context.Context, d *db.DB, who access.Who, brandID, id, text string) (Note, error) {
	n := Note{ID: db.NewID(), Brand: brandID, Person: id, Account: who.Account, Text: strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))}
	if n.Text == "" {
		return n, fault.OnField("text", "Write something first.")
	}
	if text := wrong(n.Text, longestNote); text != nil {
		return n, fault.OnField("text", "%s", text)
	}
	err := d.Tx(ctx, func(tx *db.Tx) error {
		if _, err := may(ctx, tx, who, brandID, id, access.PersonWrite); err != nil {
			return err
		}
		channels, err := channelsOf(ctx, tx, id)
		if err != nil {
			return err
		}
		n.At = tx.Now()
		_, err = tx.ExecContext(ctx, `INSERT INTO note (id, brand_id, subject, account_id, text, at) VALUES ($1, $2, $3, $4, $5, $6)`,
			n.ID, brandID, id, n.Account, n.Text, n.At)
		if err != nil {
			return fmt.Errorf("person: note: %w", err)
		}
		if err := audit.Record(ctx, tx, who, audit.Entry{Brand: brandID, Act: "person.noted", Subject: id}); err != nil {
			return err
		}
		show(tx, brandID, id)
		return search.Put(ctx, tx, search.Doc{Brand: brandID, Kind: search.Note, ID: n.ID, Person: id, Channels: channels, At: n.At, Text: n.Text})
	})
	return n, err
}

// Notes returns the notes on a person, the newest first. The caller has checked
// that they may be read.
func Notes(ctx context.Context, q db.Queryer, brandID, id string, page db.Page) ([]Note, string, error) {
	at, last, err := page.Key()
	if err != nil {
		return nil, "", err
	}
	size := page.Size(50, 500)
	rows, err := q.QueryContext(ctx, `SELECT id, brand_id, subject, account_id, text, at FROM note
		WHERE brand_id = $1 AND subject = $2 AND (at, id) < ($3, $4) ORDER BY at DESC, id DESC LIMIT $5`, brandID, id, at, last, size+1)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (n Note, err error) {
		err = r.Scan(&n.ID, &n.Brand, &n.Person, &n.Account, &n.Text, &n.At)
		return n, err
	})
	if err != nil {
		return nil, "", fmt.Errorf("person: notes: %w", err)
	}
	if len(all) <= size {
		return all, "", nil
	}
	return all[:size], db.Cursor(all[size-1].At, all[size-1].ID), nil
}
