package delivery_test

import (
	"context"
	"fmt"
	"testing"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/delivery"
	"rapport/internal/fault"
)

func TestList(t *testing.T) {
	ctx := context.Background()
	s := newStage(t)
	s.channel("c2")
	s.post("p2", 1)
	var news []delivery.New
	for i := range 7 {
		news = append(news, delivery.New{Brand: "b1", Post: "p1", Channel: "c1", DueAt: db.Time(1000 + i/2), Revision: 1})
	}
	news = append(news, delivery.New{Brand: "b1", Post: "p2", Channel: "c2", DueAt: 5000, Revision: 1})
	if err := s.tx(func(ctx context.Context, tx *db.Tx) error {
		_, err := delivery.Insert(ctx, tx, news)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	as := func(role access.Role, channels ...string) access.Who {
		return access.Who{Account: "a", Grants: []access.Grant{{Brand: "b1", Role: role, Channels: channels}}}
	}
	tests := []struct {
		name  string
		who   access.Who
		query delivery.Query
		want  int
		fault fault.Kind
	}{
		{"all", as(access.Analyst), delivery.Query{}, 8, 0},
		{"of a post", as(access.Analyst), delivery.Query{Post: "p2"}, 1, 0},
		{"to a channel", as(access.Analyst), delivery.Query{Channel: "c1"}, 7, 0},
		{"in a state", as(access.Analyst), delivery.Query{States: []delivery.State{delivery.Missed, delivery.Unknown}}, 0, 0},
		{"in a time", as(access.Analyst), delivery.Query{From: 1001, To: 1003}, 4, 0},
		{"seen by a grant on one channel", as(access.Analyst, "c2"), delivery.Query{}, 1, 0},
		{"without the right to read", as(access.Moderator), delivery.Query{}, 0, fault.Denied},
		{"without a grant", access.Who{Account: "a"}, delivery.Query{}, 0, fault.NotFound},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			seen := map[string]bool{}
			page := db.Page{Limit: 3}
			for range 5 {
				ds, next, err := delivery.List(ctx, dbtest.Indexed(t, s.DB), tt.who, "b1", tt.query, page)
				if fault.KindOf(err) != tt.fault && !(err == nil && tt.fault == 0) {
					t.Fatal(err)
				}
				for _, d := range ds {
					if seen[d.ID] {
						t.Errorf("%s came twice", d.ID)
					}
					seen[d.ID] = true
				}
				if page.After = next; next == "" {
					break
				}
			}
			if len(seen) != tt.want {
				t.Errorf("%d deliveries, want %d", len(seen), tt.want)
			}
		})
	}
}

func TestRead(t *testing.T) {
	ctx := context.Background()
	s := newStage(t)
	var made []delivery.Delivery
	if err := s.tx(func(ctx context.Context, tx *db.Tx) (err error) {
		made, err = delivery.Insert(ctx, tx, []delivery.New{{Brand: "b1", Post: "p1", Channel: "c1", DueAt: 1, Revision: 1}})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		grant access.Grant
		want  string
	}{
		{"its channel", access.Grant{Brand: "b1", Role: access.Analyst, Channels: []string{"c1"}}, "<nil>"},
		{"another channel", access.Grant{Brand: "b1", Role: access.Analyst, Channels: []string{"c2"}}, "denied"},
		{"another brand", access.Grant{Brand: "b2", Role: access.Owner}, "not_found"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, story, err := delivery.Read(ctx, s.DB, access.Who{Account: "a", Grants: []access.Grant{tt.grant}}, tt.grant.Brand, made[0].ID)
			got := fmt.Sprint(err)
			if err != nil {
				got = fault.KindOf(err).String()
			}
			if got != tt.want || err == nil && (d.ID != made[0].ID || len(story) != 1) {
				t.Errorf("%s: %v %v", got, d, story)
			}
		})
	}
}
