package demoworld_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"rapport/internal/conversation"
	"rapport/internal/db"
)

// conversations are all of the brand's.
func (s *stage) conversations(t *testing.T) []conversation.Conversation {
	t.Helper()
	var out []conversation.Conversation
	page := db.Page{Limit: 200}
	for {
		some, next, err := conversation.List(t.Context(), s.DB, s.who, s.brand.ID, conversation.Filter{States: conversation.States}, page)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, some...)
		if page.After = next; next == "" {
			return out
		}
	}
}

// The inbox is one that a team has worked in: most of it is done, some of it
// waits, and nothing in it is from the future.
func TestInboxIsAlive(t *testing.T) {
	for _, now := range []time.Time{midday, time.Date(2026, 7, 6, 5, 10, 0, 0, time.UTC), time.Date(2027, 2, 20, 22, 0, 0, 0, time.UTC)} {
		t.Run(now.Format("Jan 2 15:04"), func(t *testing.T) {
			s := newStage(t, now)
			s.fill(t)
			states, kinds, channels := map[conversation.State]int{}, map[string]int{}, map[string]int{}
			assigned, labelled, notes, answered := 0, 0, 0, 0
			all := s.conversations(t)
			for i, c := range all {
				states[c.State]++
				kinds[c.Kind]++
				channels[c.Channel]++
				if c.Assignee != "" {
					assigned++
				}
				if c.LastOutAt > 0 {
					answered++
				}
				labelled += len(c.Labels)
				if i >= 100 && i%10 > 0 {
					continue // the newest, and some of the rest
				}
				thread, err := conversation.Read(t.Context(), s.DB, s.who, s.brand.ID, c.ID, db.Page{Limit: 100})
				if err != nil {
					t.Fatal(err)
				}
				notes += len(thread.Notes)
				s.plausible(t, c, thread)
			}
			if n := len(all); n < 200 || n > 900 || states[conversation.StateNew] == 0 || states[conversation.StateOpen] < 2 ||
				states[conversation.StateSnoozed] != 1 || states[conversation.StateDone] < n*3/4 || answered < n/8 {
				t.Errorf("of %d conversations are %v, %d answered", n, states, answered)
			}
			if assigned == 0 || labelled < 10 || notes < 2 || kinds[conversation.KindMention] < 10 || kinds[conversation.KindComment] < 100 || len(channels) < 3 {
				t.Errorf("%d assigned, %d labels, %d notes, kinds %v, %d channels", assigned, labelled, notes, kinds, len(channels))
			}
		})
	}
}

func (s *stage) plausible(t *testing.T, c conversation.Conversation, thread conversation.Thread) {
	t.Helper()
	now := s.DB.Now()
	late := func(at db.Time) bool { return at > now }
	if late(c.LastAt) || late(c.StateAt) || slices.ContainsFunc(thread.Events, func(e conversation.Event) bool { return late(e.At) }) ||
		slices.ContainsFunc(thread.Notes, func(n conversation.Note) bool { return late(n.At) }) {
		t.Errorf("%q has something from the future", c.Excerpt)
	}
	if c.Kind == conversation.KindComment && (c.Post == "" || c.Delivery == "") {
		t.Errorf("%q stands below no post", c.Excerpt)
	}
	if strings.HasSuffix(c.Excerpt, "}") || c.From.Name == "" {
		t.Errorf("%q is by %+v", c.Excerpt, c.From)
	}
	if (c.State == conversation.StateSnoozed) != (c.SnoozedUntil > now) || c.State == conversation.StateDone && c.WaitingSince > 0 {
		t.Errorf("%q is %s until %s, somebody waits since %s", c.Excerpt, c.State, c.SnoozedUntil.Time(), c.WaitingSince.Time())
	}
	for _, m := range thread.Messages {
		if m.Direction == conversation.Out && m.Account != s.who.Account {
			t.Errorf("%q was written by %q", m.Text, m.Account)
		}
	}
	for _, p := range thread.Periods {
		if p.AnsweredAt > 0 && (p.AnsweredAt < p.OpenedAt || p.AnsweredBy != s.who.Account) || c.State == conversation.StateDone && p.ClosedAt == 0 {
			t.Errorf("%q has the period %+v and is %s", c.Excerpt, p, c.State)
		}
	}
}
