package bridge_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/answer"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/dossier"
	"rapport/internal/fault"
	"rapport/internal/member"
	"rapport/internal/search"
	"rapport/internal/space"
	"rapport/internal/topic"
)

// Each role, with a part in everything, in one space, in another and in none:
// what waits and what is flagged in a space is there, at every door, for those
// who look after it and for nobody else.
func TestWhatMustBeLookedAtIsTheirs(t *testing.T) {
	w := open(t)
	talk, help := w.spaces[space.Discussion], w.spaces[space.Questions]
	waits := w.begins("newcomer", space.Discussion, "Waiting zebra", "Hello zebra")
	said := w.begins("ada", space.Discussion, "Flagged heron", "Hello heron")
	w.must(topic.Complain(ctx, w.d, w.voice("ben"), said.Reply.ID, topic.Other, "mean"))
	w.drain()
	ids := map[string]conversation.Conversation{}
	for _, c := range w.inbox(w.owner) {
		ids[c.Kind] = c
	}
	if len(ids) != 2 || ids[conversation.KindFlag].ID == "" || ids[conversation.KindWaiting].ID == "" {
		t.Fatalf("in the inbox is %+v", ids)
	}
	message := func(who access.Who, id string) string {
		th, err := conversation.Read(ctx, w.d, w.owner, w.brand, id, db.Page{})
		w.must(err)
		if _, err := conversation.MessageByID(ctx, w.d, who, w.brand, th.Messages[0].ID); err == nil {
			return "message "
		}
		return ""
	}
	author, err := member.ByID(ctx, w.d, w.brand, w.voice("newcomer").Member.ID)
	w.must(err)

	for _, role := range access.Roles {
		for _, c := range []struct {
			name   string
			places []string
			theirs bool
		}{
			{"everything", nil, true},
			{"this space", []string{talk.ID, w.channel.ID}, true},
			{"another space", []string{help.ID, w.channel.ID}, false},
			{"the channel alone", []string{w.channel.ID}, false},
		} {
			if role == access.Owner && c.places != nil {
				continue
			}
			who := w.account(string(role)+db.NewID(), role)
			w.must(w.d.Tx(ctx, func(tx *db.Tx) error {
				return account.Put(ctx, tx, who.Account, access.Grant{Brand: w.brand, Role: role, Channels: c.places})
			}))
			a, err := account.ByID(ctx, w.d, who.Account)
			w.must(err)
			who, err = account.As(ctx, w.d, a)
			w.must(err)
			looks := c.theirs && role.LooksAfter()
			reads := looks && access.Allows(role, access.ConversationRead)
			at := string(role) + " of " + c.name

			var doors []string
			door := func(name string, open bool) {
				if open {
					doors = append(doors, name)
				}
			}
			for _, which := range []topic.Queue{topic.ToApprove, topic.Flagged} {
				cases, _, err := topic.Cases(ctx, w.d, who, w.brand, which, db.Page{})
				door("queue", err == nil && len(cases) == 1)
			}
			counts, err := topic.CaseCounts(ctx, w.d, who, w.brand)
			w.must(err)
			door("counts", counts[topic.ToApprove] == 1 && counts[topic.Flagged] == 1)
			// What waits cannot be restored: whoever may decide is told so.
			_, err = topic.Decide(ctx, w.d, who, w.brand, waits.Reply.ID, topic.AsItIs, topic.Restore, "", "")
			door("decides", fault.Is(err, fault.Conflict))
			v := member.Voice{Who: who, Brand: w.brand}
			door("words", topic.Shows(w.d.Now(), v, waits.Reply))
			door("topic", topic.Readable(w.d.Now(), v, talk, waits.Topic) == nil)
			want := []string{"queue", "queue", "counts", "decides", "words", "topic"}
			if !looks {
				want = nil
			}
			if diff := cmp.Diff(want, doors); diff != "" {
				t.Errorf("%s, in the community: %s", at, diff)
			}

			doors = nil
			if all, _, err := conversation.List(ctx, w.d, who, w.brand, conversation.Filter{}, db.Page{}); err == nil {
				door("list", slices.ContainsFunc(all, conversation.Conversation.ToLook))
			}
			if n, err := conversation.Count(ctx, w.d, who, w.brand); err == nil {
				door("count", n.New > 0)
				door("unassigned", n.Unassigned > 0)
			}
			for _, kind := range []string{conversation.KindFlag, conversation.KindWaiting} {
				c := ids[kind]
				_, err := conversation.ByID(ctx, w.d, who, w.brand, c.ID)
				door("one", err == nil)
				_, err = conversation.Read(ctx, w.d, who, w.brand, c.ID, db.Page{})
				door("read", err == nil)
				door("message", message(who, c.ID) != "")
			}
			want = []string{"list", "count", "unassigned", "one", "read", "message", "one", "read", "message"}
			if !reads {
				want = nil
			}
			if diff := cmp.Diff(want, doors); diff != "" {
				t.Errorf("%s, in the inbox: %s", at, diff)
			}
			// Search finds none of it for anybody.
			if hits, _, err := search.Find(ctx, w.d, who, w.brand, search.Query{Text: "zebra"}, db.Page{}); err == nil && len(hits) > 0 {
				t.Errorf("%s finds %+v", at, hits)
			}
			// What is told of a person says no more.
			if moments, _, err := dossier.Timeline(ctx, w.d, who, w.brand, author.Person, db.Page{}); err == nil {
				told := slices.ContainsFunc(moments, func(m dossier.Moment) bool {
					return m.Said != nil && m.Said.Title == "Waiting zebra" || m.Decision != nil || m.Message != nil
				})
				if told != looks {
					t.Errorf("%s is told of the person: %v", at, told)
				}
			}
			if !reads && access.Allows(role, access.ConversationReply) {
				if _, err := answer.Reply(ctx, w.d, who, w.brand, ids[conversation.KindFlag].ID, answer.Input{Text: "Hm"}); err == nil || fault.Is(err, fault.Internal) {
					t.Errorf("%s answers what is not theirs: %v", at, err)
				}
			}
		}
	}
	// It goes along when its topic is moved.
	keeper := w.account("keeper", access.Community)
	w.must(w.d.Tx(ctx, func(tx *db.Tx) error {
		return account.Put(ctx, tx, keeper.Account, access.Grant{Brand: w.brand, Role: access.Community, Channels: []string{help.ID, w.channel.ID}})
	}))
	keeper.Grants[0].Channels = []string{help.ID, w.channel.ID}
	w.must(topic.Move(ctx, w.d, member.Voice{Who: w.owner, Brand: w.brand}, said.Topic.ID, help.ID))
	if all := w.inbox(keeper); len(all) != 1 || all[0].Kind != conversation.KindFlag {
		t.Errorf("moved into their space they see %+v", all)
	}
}
