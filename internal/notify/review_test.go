package notify_test

import (
	"strings"
	"testing"
	"time"

	"rapport/internal/access"
	"rapport/internal/post"
)

func (s *stage) titles(account string) string {
	s.t.Helper()
	rows, err := s.QueryContext(ctx, `SELECT text FROM notification WHERE account_id = $1 ORDER BY id`, account)
	if err != nil {
		s.t.Fatal(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			s.t.Fatal(err)
		}
		out = append(out, text)
	}
	return strings.Join(out, "\n")
}

// Those who may decide hear that they are asked, those who wrote it what was
// decided, and nobody of what they did themselves.
func TestReviewTellsThoseItConcerns(t *testing.T) {
	s := newStage(t)
	s.grant("sam", access.Manager)
	s.exec(`UPDATE access_grant SET channels = '["another"]' WHERE account_id = 'otto'`)
	who := func(account string, role access.Role) access.Who {
		return access.Who{Account: account, Grants: []access.Grant{{Brand: "b", Role: role}}}
	}
	ann, sam := who("ann", access.Creator), who("sam", access.Manager)
	in := post.Input{Body: post.Body{Parts: []post.Part{{Text: "Autumn sale"}}}, Variants: []post.Variant{{Channel: "c"}}, PlannedAt: s.Now().Add(24 * time.Hour)}
	p, err := post.Draft(ctx, s.DB, ann, "b", in)
	if err != nil {
		t.Fatal(err)
	}
	submit := func() {
		if _, err := post.Submit(ctx, s.DB, ann, "b", p.ID, 1, "For Friday"); err != nil {
			t.Fatal(err)
		}
		s.drain()
	}
	submit()
	want := "Somebody asks you to approve “Autumn sale”"
	if got := s.titles("sam"); got != want {
		t.Errorf("the manager was told %q", got)
	}
	if got := s.titles("olga"); got != want {
		t.Errorf("the owner was told %q", got)
	}
	if got := s.titles("otto") + s.titles("ann"); got != "" {
		t.Errorf("whom it does not concern was told %q", got)
	}
	if _, err := post.SendBack(ctx, s.DB, sam, "b", p.ID, post.Seen{Revision: 1}, "Which day?"); err != nil {
		t.Fatal(err)
	}
	s.drain()
	submit()
	s.ShiftClock(21 * time.Hour)
	for range 2 {
		if _, err := post.Remind(ctx, s.DB); err != nil {
			t.Fatal(err)
		}
		s.drain()
	}
	if got := s.titles("sam"); strings.Count(got, "still waits") != 1 {
		t.Errorf("the manager was reminded: %q", got)
	}
	s.ShiftClock(4 * time.Hour)
	if _, err := post.Remind(ctx, s.DB); err != nil {
		t.Fatal(err)
	}
	s.drain()
	if _, err := post.Approve(ctx, s.DB, sam, "b", p.ID, post.Seen{Revision: 1}); err != nil {
		t.Fatal(err)
	}
	s.drain()
	if got := s.titles("ann"); got != "Somebody sent “Autumn sale” back\nThe time of “Autumn sale” passed without approval\nSomebody approved “Autumn sale”" {
		t.Errorf("the author was told %q", got)
	}
}
