package account

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"rapport/internal/access"
	"rapport/internal/db"
)

// Who is the member as an actor in the brand, and only there.
func (m Member) Who() access.Who {
	return access.Who{Account: m.ID, Name: m.Name, Email: m.Email, Grants: []access.Grant{m.Grant}}
}

// Active reports whether the member may sign in and has a running grant.
func (m Member) Active(now db.Time) bool {
	return m.DisabledAt == 0 && (m.Grant.EndsAt == 0 || m.Grant.EndsAt > now)
}

// Named finds the members that a text names as @ and their name, the longest
// name first: "@Mira Lind" is not "@Mira". They are in the order of their ids.
func Named(text string, team []Member) []Member {
	team = slices.Clone(team)
	slices.SortFunc(team, func(a, b Member) int { return cmp.Compare(len(b.Name), len(a.Name)) })
	var out []Member
	lower := strings.ToLower(text)
	for _, m := range team {
		name := "@" + strings.ToLower(m.Name)
		for from := 0; ; {
			i := strings.Index(lower[from:], name)
			if i < 0 {
				break
			}
			from += i
			end := from + len(name)
			if next, _ := utf8.DecodeRuneInString(lower[end:]); !unicode.IsLetter(next) && !unicode.IsDigit(next) || next == utf8.RuneError {
				out = append(out, m)
				lower = lower[:from] + strings.Repeat(" ", len(name)) + lower[end:]
			}
			from = end
		}
	}
	slices.SortFunc(out, func(a, b Member) int { return cmp.Compare(a.ID, b.ID) })
	return slices.CompactFunc(out, func(a, b Member) bool { return a.ID == b.ID })
}
