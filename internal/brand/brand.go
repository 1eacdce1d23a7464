// Package brand is one organisation's public identity: its name, colour, time
// zone and language, and the gate that a hold shuts in front of everything
// that is sent. It is not the team; accounts and their grants live elsewhere.
package brand

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // zones must be known on machines that bring none
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/outbox"
)

// Brand is one row.
type Brand struct {
	ID        string
	Slug      string // in addresses; never changes
	Name      string
	Color     string        // #rrggbb
	Zone      string        // IANA name
	Language  string        // BCP 47
	Demo      bool          // accepts only networks that are demos
	Tolerance time.Duration // a delivery overdue by more is missed
	// Retention is for how many days of silence people who are not members are
	// kept; 0 keeps them until somebody erases them.
	Retention int
	// ActivityDays and LetterDays are for how long the log of activity and the
	// mail that was written are kept; 0 is for ever.
	ActivityDays int
	LetterDays   int
	Logo         string  // key of its picture; "" where it has none
	EraseAt      db.Time // when everything of it is erased; 0 is never
	EraseBy      string  // account that asked for it
	CreatedAt    db.Time
	Held         bool   // nothing is sent
	HoldID       string // the hold that shut the gate; "" while it is open
}

// Location is the brand's time zone.
func (b Brand) Location() *time.Location {
	if loc, ok := zones.Load(b.Zone); ok {
		return loc.(*time.Location)
	}
	loc, err := time.LoadLocation(b.Zone)
	if err != nil {
		return time.UTC // Zone was checked when it was saved
	}
	zones.Store(b.Zone, loc)
	return loc
}

// zones are those that were loaded: each is read from a file.
var zones sync.Map

// New is what a brand starts from.
type New struct {
	Name     string
	Color    string // #rrggbb; "" takes DefaultColor
	Zone     string // "" is UTC
	Language string // "" is English
	Demo     bool
}

// Settings are what an owner may change.
type Settings struct {
	Name      string
	Color     string
	Zone      string
	Language  string
	Tolerance time.Duration // 1 minute to 7 days, in whole seconds
	Retention int           // 30 to 3650 days, or 0
}

// DefaultColor is the colour of a brand that chose none.
const DefaultColor = "#4f46e5"

const (
	usualTolerance  = time.Hour
	leastTolerance  = time.Minute
	mostTolerance   = 7 * 24 * time.Hour
	usualRetention  = 730
	usualLetterDays = 365
	leastRetention  = 30
	mostRetention   = 3650
	longestName     = 80
)

// MayStart returns nil if the account may start a brand: one that owns a brand
// already, and where there is none yet anybody with an account. Who has only
// joined a community has an account too, and no say in this installation. An API
// token, which belongs to one brand, may not.
func MayStart(ctx context.Context, q db.Queryer, who access.Who) error {
	if who.IsSystem() {
		return nil
	}
	if who.Account == "" || who.Scopes != nil {
		return fault.New(fault.Denied, "Sign in to start a brand.")
	}
	if who.Owns(q.Now()) {
		return nil
	}
	var some bool
	if err := q.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM brand)`).Scan(&some); err != nil {
		return fmt.Errorf("brand: may start: %w", err)
	}
	if some {
		return fault.New(fault.Denied, "Only who owns a brand here can start another. Ask an owner to do it for you.")
	}
	return nil
}

// Create makes a brand and gives the account the owner's grant in it, where
// MayStart allows it. The program itself creates a brand without a grant. The
// new grant is not in who: read the account's grants again to act in the brand.
func Create(ctx context.Context, d *db.DB, who access.Who, n New) (Brand, error) {
	if err := MayStart(ctx, d, who); err != nil {
		return Brand{}, err
	}
	s, err := n.settings()
	if err != nil {
		return Brand{}, err
	}
	b := n.brand(s)
	create := func(tx *db.Tx) error { return create(ctx, tx, who, &b) }
	if err = d.Tx(ctx, create); db.IsDuplicate(err) {
		// Somebody took the same slug in this moment; the next one is free.
		err = d.Tx(ctx, create)
	}
	return b, err
}

// Start is Create in the caller's transaction, for what must be made together
// with the brand.
func Start(ctx context.Context, tx *db.Tx, who access.Who, n New) (Brand, error) {
	s, err := n.settings()
	if err != nil {
		return Brand{}, err
	}
	b := n.brand(s)
	return b, create(ctx, tx, who, &b)
}

func (n New) settings() (Settings, error) {
	return Settings{n.Name, or(n.Color, DefaultColor), or(n.Zone, "UTC"), or(n.Language, "en"), usualTolerance, usualRetention}.checked()
}

func (n New) brand(s Settings) Brand {
	return Brand{Name: s.Name, Color: s.Color, Zone: s.Zone, Language: s.Language, Demo: n.Demo, Tolerance: s.Tolerance, Retention: s.Retention, LetterDays: usualLetterDays}
}

func create(ctx context.Context, tx *db.Tx, who access.Who, b *Brand) error {
	var err error
	b.ID, b.CreatedAt = db.NewID(), tx.Now()
	if b.Slug, err = freeSlug(ctx, tx, Slug(b.Name)); err != nil {
		return err
	}
	if err := insert(ctx, tx, *b); err != nil {
		return err
	}
	if !who.IsSystem() {
		if err := insertOwner(ctx, tx, b.ID, who.Account); err != nil {
			return err
		}
	}
	outbox.Show(tx, b.ID, "brand.created", b.ID)
	return audit.Record(ctx, tx, who, audit.Entry{Brand: b.ID, Act: "brand.created", Subject: b.ID,
		Detail: map[string]string{"name": b.Name}})
}

// Change saves the settings.
func Change(ctx context.Context, d *db.DB, who access.Who, id string, s Settings) (Brand, error) {
	return Amend(ctx, d, who, id, func(all *Settings) { *all = s })
}

// Amend saves what amend makes of the settings, so that what it does not touch
// stays as it is even if somebody else changes it in the same moment.
func Amend(ctx context.Context, d *db.DB, who access.Who, id string, amend func(*Settings)) (Brand, error) {
	var b Brand
	err := d.Tx(ctx, func(tx *db.Tx) (err error) {
		if err := who.May(tx.Now(), id, access.BrandWrite); err != nil {
			return err
		}
		if b, err = byID(ctx, tx, id); err != nil {
			return err
		}
		s := b.settings()
		amend(&s)
		if s, err = s.checked(); err != nil {
			return err
		}
		changes := b.take(s)
		if len(changes) == 0 {
			return nil
		}
		if err := update(ctx, tx, b); err != nil {
			return err
		}
		return errors.Join(
			audit.Record(ctx, tx, who, audit.Entry{Brand: id, Act: "brand.changed", Subject: id, Detail: changes}),
			outbox.Add(ctx, tx, outbox.Event{Brand: id, Kind: "brand.changed", Subject: id}))
	})
	return b, err
}

func (b Brand) settings() Settings {
	return Settings{Name: b.Name, Color: b.Color, Zone: b.Zone, Language: b.Language, Tolerance: b.Tolerance, Retention: b.Retention}
}

// take applies the settings and returns what became different.
func (b *Brand) take(s Settings) map[string]string {
	changes := map[string]string{}
	for _, c := range []struct {
		name string
		at   *string
		to   string
	}{{"name", &b.Name, s.Name}, {"color", &b.Color, s.Color}, {"zone", &b.Zone, s.Zone}, {"language", &b.Language, s.Language}} {
		if *c.at != c.to {
			changes[c.name] = *c.at + " → " + c.to
			*c.at = c.to
		}
	}
	if b.Tolerance != s.Tolerance {
		changes["tolerance"] = fmt.Sprintf("%v → %v", b.Tolerance, s.Tolerance)
		b.Tolerance = s.Tolerance
	}
	if b.Retention != s.Retention {
		changes["retention"] = fmt.Sprintf("%d → %d days", b.Retention, s.Retention)
		b.Retention = s.Retention
	}
	return changes
}

var hexColor = regexp.MustCompile(`^#[0-9a-f]{6}$`)

func (s Settings) checked() (Settings, error) {
	var bad []fault.Field
	say := func(name, format string, args ...any) {
		bad = append(bad, fault.On(name, format, args...))
	}
	s.Name = strings.TrimSpace(s.Name)
	if s.Name == "" || utf8.RuneCountInString(s.Name) > longestName || !printable(s.Name) {
		say("name", "Give the brand a name of 1 to %d characters.", longestName)
	}
	if s.Color = strings.ToLower(strings.TrimSpace(s.Color)); !hexColor.MatchString(s.Color) {
		say("color", "Give the colour as # and six hexadecimal digits, like %s.", DefaultColor)
	}
	if !IsZone(s.Zone) {
		say("zone", "Choose a time zone such as Europe/Berlin.")
	}
	if tag, err := language.Parse(s.Language); err != nil || tag == language.Und {
		say("language", "Choose a language by its code, such as en or pt-BR.")
	} else {
		s.Language = tag.String()
	}
	if s.Tolerance < leastTolerance || s.Tolerance > mostTolerance {
		say("tolerance", "Choose between 1 minute and 7 days.")
	}
	if s.Retention != 0 && (s.Retention < leastRetention || s.Retention > mostRetention) {
		say("retention", "Choose %d to %d days, or 0 to keep people until you erase them.", leastRetention, mostRetention)
	}
	s.Tolerance = s.Tolerance.Truncate(time.Second)
	return s, fault.OnFields(bad)
}

func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
