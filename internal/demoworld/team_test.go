package demoworld_test

import (
	"context"
	"testing"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
)

// The demo has a team in which every kind of grant is to be seen, and nobody
// of it signs in.
func TestTheDemoHasATeam(t *testing.T) {
	s := newStage(t, time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC))
	for range 2 {
		if err := s.Fill(context.Background(), s.who, s.brand); err != nil {
			t.Fatal(err)
		}
	}
	team, err := account.Team(t.Context(), s.DB, access.System(), s.brand.ID)
	if err != nil {
		t.Fatal(err)
	}
	roles := map[access.Role]int{}
	ended, narrow, ends := 0, 0, 0
	for _, m := range team {
		roles[m.Grant.Role]++
		switch {
		case m.Grant.EndsAt == 0:
		case m.Grant.EndsAt.After(s.DB.Now()):
			ends++
		default:
			ended++
		}
		if len(m.Grant.Channels) > 0 {
			narrow++
		}
	}
	if len(team) < 6 || roles[access.Manager] != 1 || roles[access.Community] != 1 || ended != 1 || narrow != 1 || ends != 1 {
		t.Errorf("%d people, roles %v, %d ended, %d narrowed, %d with an end", len(team), roles, ended, narrow, ends)
	}
}
