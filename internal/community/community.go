// Package community is how a brand's community is set up: whether it is open,
// under which name it is found, who may join it and what waits for a look. What
// is said in it are other packages' parts.
package community

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/outbox"
)

// Joining says who becomes a member.
type Joining string

// The ways of joining.
const (
	Open   Joining = "open"   // whoever signs up
	Ask    Joining = "ask"    // whom the team lets in
	Closed Joining = "closed" // nobody
)

// Community is one row: a brand that has changed nothing has none.
type Community struct {
	Brand    string
	OpenedAt db.Time // 0: only the team sees it
	Settings
	Revision int64
}

// Settings are what the team may change.
type Settings struct {
	Host       string // of its own, in lower case and ASCII; "" where it has none
	Intro      string // one sentence under its name
	Joining    Joining
	Questions  []string // what is asked of who joins
	FirstPosts int      // how many posts of a newcomer wait for a look, 0 to 10
	LinksWait  bool     // a newcomer's posts with links wait as well
}

// What fits.
const (
	LongestIntro    = 200 // runes
	MostQuestions   = 5
	LongestQuestion = 200 // runes
	MostFirstPosts  = 10
)

// standard is what a brand has that has chosen nothing.
func standard(brandID string) Community {
	return Community{Brand: brandID, Revision: 1, Settings: Settings{Joining: Open, FirstPosts: 2, LinksWait: true}}
}

const columns = `brand_id, opened_at, host, intro, joining, questions, first_posts, links_wait, revision`

func scan(row interface{ Scan(...any) error }) (c Community, err error) {
	var questions string
	err = row.Scan(&c.Brand, &c.OpenedAt, &c.Host, &c.Intro, &c.Joining, &questions, &c.FirstPosts, &c.LinksWait, &c.Revision)
	if err == nil && questions != "" {
		err = json.Unmarshal([]byte(questions), &c.Questions)
	}
	return c, err
}

// Of returns how the brand's community is set up. Everybody may know.
func Of(ctx context.Context, q db.Queryer, brandID string) (Community, error) {
	c, err := scan(q.QueryRowContext(ctx, `SELECT `+columns+` FROM community WHERE brand_id = $1`, brandID))
	if errors.Is(err, sql.ErrNoRows) {
		return standard(brandID), nil
	}
	if err != nil {
		return c, fmt.Errorf("community: read: %w", err)
	}
	return c, nil
}

// Hosts returns the brands of host names of their own.
func Hosts(ctx context.Context, q db.Queryer) (map[string]string, error) {
	out := map[string]string{}
	rows, err := q.QueryContext(ctx, `SELECT host, brand_id FROM community WHERE host <> ''`)
	_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
		var host, brand string
		err := r.Scan(&host, &brand)
		out[host] = brand
		return struct{}{}, err
	})
	if err != nil {
		return nil, fmt.Errorf("community: hosts: %w", err)
	}
	return out, nil
}

// Change saves the settings. revision is what the caller saw; where it is
// another by now that is fault.Conflict. A host name that another brand has is
// fault.Conflict too.
func Change(ctx context.Context, d *db.DB, who access.Who, brandID string, revision int64, s Settings) (Community, error) {
	s, err := s.checked()
	if err != nil {
		return Community{}, err
	}
	var c Community
	err = d.Tx(ctx, func(tx *db.Tx) error {
		if c, err = toChange(ctx, tx, who, brandID, revision); err != nil {
			return err
		}
		changes := s.changes(c.Settings)
		if len(changes) == 0 {
			return nil
		}
		c.Settings = s
		if err := c.save(ctx, tx); err != nil {
			return err
		}
		return audit.Record(ctx, tx, who, audit.Entry{Brand: brandID, Act: "community.changed", Subject: brandID, Detail: changes})
	})
	if db.IsDuplicate(err) {
		return c, fault.OnField("host", "Another brand has this host name. Choose another.")
	}
	return c, err
}

// Show opens the community to everybody, or shuts it for all but the team.
func Show(ctx context.Context, d *db.DB, who access.Who, brandID string, open bool) (Community, error) {
	var c Community
	err := d.Tx(ctx, func(tx *db.Tx) (err error) {
		if c, err = toChange(ctx, tx, who, brandID, 0); err != nil || open == (c.OpenedAt > 0) {
			return err
		}
		act := "community.shut"
		if c.OpenedAt = 0; open {
			c.OpenedAt, act = tx.Now(), "community.opened"
		}
		if err := c.save(ctx, tx); err != nil {
			return err
		}
		return audit.Record(ctx, tx, who, audit.Entry{Brand: brandID, Act: act, Subject: brandID})
	})
	return c, err
}

// WasOpen reports whether a community that is shut was open before: whoever knew
// it then may know that it is shut.
func WasOpen(ctx context.Context, q db.Queryer, brandID string) (bool, error) {
	return audit.Happened(ctx, q, brandID, brandID, "community.shut")
}

// toChange reads it for who may change it. A revision of 0 is any.
func toChange(ctx context.Context, tx *db.Tx, who access.Who, brandID string, revision int64) (Community, error) {
	if err := who.May(tx.Now(), brandID, access.CommunityWrite); err != nil {
		return Community{}, err
	}
	c, err := Of(ctx, tx, brandID)
	if err == nil && revision != 0 && revision != c.Revision {
		err = fault.New(fault.Conflict, "Someone has changed these settings meanwhile. Look again, then change them.")
	}
	return c, err
}

func (c *Community) save(ctx context.Context, tx *db.Tx) error {
	questions := ""
	if len(c.Questions) > 0 {
		raw, err := json.Marshal(c.Questions)
		if err != nil {
			return err
		}
		questions = string(raw)
	}
	c.Revision++
	_, err := tx.ExecContext(ctx, `INSERT INTO community (`+columns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (brand_id) DO UPDATE SET opened_at = $2, host = $3, intro = $4, joining = $5, questions = $6, first_posts = $7, links_wait = $8, revision = $9`,
		c.Brand, c.OpenedAt, c.Host, c.Intro, c.Joining, questions, c.FirstPosts, c.LinksWait, c.Revision)
	if err != nil {
		return fmt.Errorf("community: save: %w", err)
	}
	outbox.Show(tx, c.Brand, "community.changed", c.Brand)
	return nil
}

// Numbered gives the next topic its number in the caller's transaction. One
// that writes at the same time waits for the other.
func Numbered(ctx context.Context, tx *db.Tx, brandID string) (int64, error) {
	var n int64
	err := tx.QueryRowContext(ctx, `INSERT INTO community (brand_id, topics) VALUES ($1, 1)
		ON CONFLICT (brand_id) DO UPDATE SET topics = community.topics + 1 RETURNING topics`, brandID).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("community: number a topic: %w", err)
	}
	return n, nil
}

func (s Settings) changes(was Settings) map[string]string {
	out := map[string]string{}
	for _, c := range []struct{ name, was, now string }{
		{"host", was.Host, s.Host}, {"intro", was.Intro, s.Intro}, {"joining", string(was.Joining), string(s.Joining)},
		{"questions", strings.Join(was.Questions, " / "), strings.Join(s.Questions, " / ")},
		{"first_posts", strconv.Itoa(was.FirstPosts), strconv.Itoa(s.FirstPosts)},
		{"links_wait", strconv.FormatBool(was.LinksWait), strconv.FormatBool(s.LinksWait)},
	} {
		if c.was != c.now {
			out[c.name] = c.was + " → " + c.now
		}
	}
	return out
}

func (s Settings) checked() (Settings, error) {
	var wrong []fault.Field
	var ok bool
	if s.Host, ok = hostName(s.Host); !ok {
		wrong = append(wrong, fault.On("host", "Enter a host name such as community.example.com, without https:// and without a path."))
	}
	if s.Intro, ok = line(s.Intro, LongestIntro); !ok {
		wrong = append(wrong, fault.On("intro", "Shorten this to %d characters on one line.", LongestIntro))
	}
	if s.Joining != Open && s.Joining != Ask && s.Joining != Closed {
		wrong = append(wrong, fault.On("joining", "Choose who may join."))
	}
	var questions []string
	for _, q := range s.Questions {
		q, ok = line(q, LongestQuestion)
		switch {
		case !ok:
			wrong = append(wrong, fault.On("questions", "Shorten each question to %d characters.", LongestQuestion))
		case q != "":
			questions = append(questions, q)
		}
	}
	if s.Questions = questions; len(questions) > MostQuestions {
		wrong = append(wrong, fault.On("questions", "Ask at most %d questions.", MostQuestions))
	}
	if s.FirstPosts < 0 || s.FirstPosts > MostFirstPosts {
		wrong = append(wrong, fault.On("first_posts", "Choose a number from 0 to %d.", MostFirstPosts))
	}
	return s, fault.OnFields(wrong)
}

func line(s string, most int) (string, bool) {
	s = strings.TrimSpace(s)
	return s, utf8.ValidString(s) && utf8.RuneCountInString(s) <= most && !strings.ContainsFunc(s, unicode.IsControl)
}

var hostLabels = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$`)

// hostName reads a name of the domain name system in its ASCII form.
func hostName(s string) (string, bool) {
	s = strings.ToLower(strings.TrimSuffix(strings.TrimSpace(s), "."))
	if s == "" {
		return "", true
	}
	ascii, err := idna.Lookup.ToASCII(s)
	return ascii, err == nil && len(ascii) <= 253 && hostLabels.MatchString(ascii)
}
