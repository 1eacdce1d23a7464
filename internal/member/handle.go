package member

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"rapport/internal/db"
	"rapport/internal/fault"
)

// What fits in a profile, in runes.
const (
	LongestHandle = 30
	LongestName   = 60
	LongestBio    = 500
	LongestAnswer = 1000
	longestReason = 500
	longestLink   = 300
)

// reserved are handles that would speak for the house.
var reserved = []string{"admin", "administrator", "all", "everyone", "here", "mod", "moderator", "moderators", "official", "owner", "rapport", "root", "staff", "support", "system", "team"}

var handles = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,28})[A-Za-z0-9]$`)

// IsHandle reports whether a handle is written as one, whoever has it.
func IsHandle(handle string) bool { return handles.MatchString(handle) }

func folded(handle string) string { return strings.ToLower(strings.TrimPrefix(handle, "@")) }

// looks makes one of letters and digits that are taken for each other.
var looks = strings.NewReplacer("rn", "m", "vv", "w", "0", "o", "1", "i", "l", "i", "5", "s", "8", "b", "_", "", ".", "", "-", "")

// Skeleton is what a handle looks like at a glance: two that have the same
// cannot both be taken. A hidden one stands for itself.
func Skeleton(handle string) string {
	if IsHidden(handle) {
		return handle
	}
	return looks.Replace(folded(handle))
}

// foreign are letters of other scripts that look like Latin ones.
var foreign = strings.NewReplacer(
	"а", "a", "е", "e", "о", "o", "р", "p", "с", "c", "у", "y", "х", "x", "і", "i", "ј", "j", "ѕ", "s", "ԁ", "d", "һ", "h", "ԛ", "q", "ԝ", "w", "к", "k", "м", "m", "т", "t", "в", "b", "н", "h",
	"ӏ", "l", "ԍ", "g", "ү", "y", "ь", "b", "г", "r", "п", "n", "ѡ", "w",
	"α", "a", "ε", "e", "ο", "o", "ρ", "p", "υ", "u", "ν", "v", "ι", "i", "κ", "k", "τ", "t", "χ", "x", "ѵ", "v", "ɡ", "g", "ı", "i", "ʟ", "l",
	"β", "b", "γ", "y", "ω", "w", "օ", "o", "ո", "n", "ս", "u", "հ", "h", "յ", "j", "ց", "g",
	"ɑ", "a", "ᴀ", "a", "ʙ", "b", "ᴄ", "c", "ᴅ", "d", "ᴇ", "e", "ɢ", "g", "ʜ", "h", "ɪ", "i", "ᴊ", "j", "ᴋ", "k", "ᴍ", "m", "ɴ", "n", "ᴏ", "o", "ᴘ", "p", "ʀ", "r", "ᴛ", "t", "ᴜ", "u", "ᴠ", "v", "ᴡ", "w", "ʏ", "y", "ᴢ", "z",
	"ø", "o", "đ", "d", "ł", "l", "ħ", "h", "ŧ", "t")

// capitals are those that look like a Latin letter other than their small ones
// do, and signs that are put for letters.
var capitals = strings.NewReplacer("Ν", "n", "Η", "h", "Υ", "y", "Μ", "m", "Ζ", "z", "|", "l", "!", "i", "@", "a", "$", "s", "3", "e", "4", "a", "7", "t")

// Likeness is what a name looks like at a glance, in whatever script: names
// with the same one can be taken for each other.
func Likeness(name string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ToLower(norm.NFKC.String(name))) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(r)
		}
	}
	return looks.Replace(foreign.Replace(b.String()))
}

// Likenesses is what a name may look like: as Likeness, and as that of a name
// in which capitals or signs stand for letters.
func Likenesses(name string) [2]string {
	return [2]string{Likeness(name), Likeness(capitals.Replace(name))}
}

// NameKey is a name as it is looked up: folded, without accents.
func NameKey(name string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ToLower(name)) {
		if !unicode.Is(unicode.Mn, r) {
			b.WriteRune(r)
		}
	}
	return norm.NFC.String(b.String())
}

func (p Profile) checked(anyHandle bool) (Profile, error) {
	var wrong []fault.Field
	var ok bool
	p.Handle = strings.TrimPrefix(strings.TrimSpace(p.Handle), "@")
	if text := handleProblem(p.Handle); text != "" && (p.Handle != "" || !anyHandle) {
		wrong = append(wrong, fault.On("handle", text))
	}
	if p.Name, ok = line(p.Name, LongestName); !ok || !shown(p.Name) {
		wrong = append(wrong, fault.On("name", "Enter a name of 1 to %d characters.", LongestName))
	} else if mixed(p.Name) {
		wrong = append(wrong, fault.On("name", "Write each word of the name in one alphabet."))
	}
	if p.Bio, ok = text(p.Bio, LongestBio); !ok {
		wrong = append(wrong, fault.On("bio", "Shorten this to %d characters.", LongestBio))
	}
	if p.Link, ok = link(p.Link); !ok {
		wrong = append(wrong, fault.On("link", "Enter an address that begins with https:// or http://."))
	}
	return p, fault.OnFields(wrong)
}

func handleProblem(h string) string {
	switch {
	case !handles.MatchString(h):
		return "Choose a handle of 2 to 30 letters, digits, dots, hyphens or underscores that begins and ends with a letter or a digit."
	case slices.Contains(reserved, folded(h)):
		return "This handle would speak for the house. Choose another."
	}
	return ""
}

// mixed reports whether a word is written in more than one of the alphabets
// whose letters look like each other's.
func mixed(name string) bool {
	for word := range strings.FieldsSeq(name) {
		n := 0
		for _, script := range []*unicode.RangeTable{unicode.Latin, unicode.Cyrillic, unicode.Greek} {
			if strings.ContainsFunc(word, func(r rune) bool { return unicode.Is(script, r) }) {
				n++
			}
		}
		if n > 1 {
			return true
		}
	}
	return false
}

func line(s string, most int) (string, bool) {
	s = strings.Join(strings.Fields(s), " ")
	return s, utf8.ValidString(s) && utf8.RuneCountInString(s) <= most && !strings.ContainsFunc(s, unseen)
}

func text(s string, most int) (string, bool) {
	s = strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n"))
	return s, utf8.ValidString(s) && utf8.RuneCountInString(s) <= most && !strings.ContainsFunc(s, func(r rune) bool { return r != '\n' && unseen(r) })
}

// unseen are characters that only change how others are shown.
func unseen(r rune) bool {
	return unicode.IsControl(r) || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 || r == 0x200B || r == 0xFEFF
}

// shown reports whether a name can be seen, and holds nothing that cannot: by
// such characters two names that look the same would be two.
func shown(name string) bool {
	hides := func(r rune) bool {
		joins := r == 0x200C || r == 0x200D // within words of some scripts, and emoji
		return unicode.Is(unicode.Cf, r) && !joins || r == 0x115F || r == 0x1160 || r == 0x3164 || r == 0xFFA0 || r == 0x2800
	}
	return !strings.ContainsFunc(name, hides) && strings.ContainsFunc(name, func(r rune) bool { return unicode.IsGraphic(r) && r != ' ' })
}

func link(s string) (string, bool) {
	if s = strings.TrimSpace(s); s == "" {
		return "", true
	}
	u, err := url.Parse(s)
	return s, err == nil && len(s) <= longestLink && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil && !strings.ContainsFunc(s, unicode.IsSpace)
}

// takeHandle keeps the member's handle as theirs. One that is another's, or
// looks like it, is refused.
func (m Member) takeHandle(ctx context.Context, tx *db.Tx) error {
	taken, err := takenBy(ctx, tx, m.Brand, m.Handle, m.ID)
	if err != nil {
		return err
	}
	if taken {
		return fault.OnField("handle", "Somebody has this handle, or one that looks like it. Choose another.")
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO member_handle (brand_id, handle, skeleton, member_id) VALUES ($1, $2, $3, $4) ON CONFLICT (brand_id, handle) DO NOTHING`,
		m.Brand, folded(m.Handle), Skeleton(m.Handle), m.ID)
	if err != nil {
		return fmt.Errorf("member: take a handle: %w", err)
	}
	return nil
}

func takenBy(ctx context.Context, q db.Queryer, brandID, handle, but string) (bool, error) {
	var n int
	looks := Skeleton(handle)
	err := q.QueryRowContext(ctx, `SELECT 1 FROM member_handle WHERE brand_id = $1 AND skeleton IN ($2, $3, $4) AND member_id <> $5 LIMIT 1`,
		brandID, looks, gone(looks), gone(folded(handle)), but).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("member: handle: %w", err)
	}
	return true, nil
}

// freeHandle makes a handle of a name that nobody has.
func freeHandle(ctx context.Context, q db.Queryer, brandID, name string) (string, error) {
	base := handleOf(name)
	for n, try := 2, base; n < 50; n, try = n+1, fmt.Sprint(base, numberFor(n)) {
		if handleProblem(try) != "" {
			continue
		}
		taken, err := takenBy(ctx, q, brandID, try, "")
		if err != nil || !taken {
			return try, err
		}
	}
	return "", fault.OnField("handle", "Choose a handle.")
}

// numberFor is what stands behind a name at that try: where the small numbers
// are taken, one by chance, so that nobody counts through all who are there.
func numberFor(try int) int {
	if try < 10 {
		return try
	}
	return 10 + rand.IntN(1_000_000)
}

// handleOf is the name in letters and digits that every keyboard has.
func handleOf(name string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ToLower(name)) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case (r == ' ' || r == '-') && b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= 20 {
			break
		}
	}
	if h := strings.Trim(b.String(), "-"); len(h) >= 2 {
		return h
	}
	return "member"
}

// Free reports whether a handle could be taken, and else says what to do.
func Free(ctx context.Context, q db.Queryer, brandID, handle string) error {
	handle = strings.TrimPrefix(strings.TrimSpace(handle), "@")
	if text := handleProblem(handle); text != "" {
		return fault.OnField("handle", text)
	}
	taken, err := takenBy(ctx, q, brandID, handle, "")
	if err == nil && taken {
		err = fault.OnField("handle", "Somebody has this handle, or one that looks like it. Choose another.")
	}
	return err
}
