package demoworld_test

import (
	"testing"
	"time"

	"rapport/internal/comment"
	"rapport/internal/db"
	"rapport/internal/handover"
	"rapport/internal/post"
	"rapport/internal/task"
)

// The demo's team talks, shares out work and hands over, once however often the
// brand is filled.
func TestTheTeamWorksTogether(t *testing.T) {
	s := newStage(t, time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC))
	s.fill(t)
	s.fill(t)
	all, _, err := task.List(t.Context(), s.DB, s.who, s.brand.ID, task.Filter{}, db.Page{Limit: 100})
	notes, _, noteErr := handover.List(t.Context(), s.DB, s.who, s.brand.ID, db.Page{})
	if err != nil || noteErr != nil || len(all) != 6 || len(notes) != 1 {
		t.Errorf("%d tasks to do, %d handovers; %v %v", len(all), len(notes), err, noteErr)
	}
	reviewed, _, err := post.List(t.Context(), s.DB, s.who, s.brand.ID, post.Filter{State: post.StateInReview}, db.Page{})
	if err != nil || len(reviewed) == 0 {
		t.Fatal(len(reviewed), err)
	}
	said, named := 0, 0
	for _, p := range reviewed {
		list, _, err := comment.List(t.Context(), s.DB, s.who, s.brand.ID, p.ID, db.Page{})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range list {
			said++
			named += len(c.Mentions)
		}
	}
	if said != 3 || named != 1 {
		t.Errorf("%d comments on posts in review, which name %d", said, named)
	}
}
