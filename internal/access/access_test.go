package access_test

import (
	"testing"

	"rapport/internal/access"
	"rapport/internal/fault"
)

// Every role × action stands here once more, so that a change of the table is
// a decision and not an accident. o owner, m manager, s strategist, c creator,
// a analyst, y community, d moderator, b ambassador.
func TestTable(t *testing.T) {
	letters := map[access.Role]byte{
		access.Owner: 'o', access.Manager: 'm', access.Strategist: 's', access.Creator: 'c',
		access.Analyst: 'a', access.Community: 'y', access.Moderator: 'd', access.Ambassador: 'b',
	}
	want := map[access.Action]string{
		access.PostRead: "omscay", access.PostWrite: "omscy", access.PostPublish: "om",
		access.DeliveryResolve: "om", access.HoldSet: "omy", access.HoldRelease: "om",
		access.ChannelRead: "omscay", access.ChannelWrite: "om", access.MediaRead: "omscay",
		access.MediaWrite: "omscy", access.BrandRead: "omscayd", access.BrandWrite: "o",
		access.AuditRead: "om", access.TokenWrite: "o", access.TeamWrite: "o",
		access.ConversationRead: "omscay", access.ConversationWrite: "omy", access.ConversationReply: "omy",
		access.PersonRead: "omy", access.PersonWrite: "omy", access.MetricRead: "omscay",
		access.PostApprove: "om", access.PostSchedule: "oms", access.CommentWrite: "omscy", access.TaskWrite: "omscy",
		access.WebhookWrite: "o", access.DataExport: "o", access.BrandErase: "o",
		access.CommunityWrite: "omy", access.TopicModerate: "omyd", access.MemberRead: "omyd", access.MemberWrite: "omy",
	}
	for _, a := range access.Actions {
		var got []byte
		for _, r := range access.Roles {
			who := access.Who{Account: "1", Grants: []access.Grant{{Brand: "b", Role: r}}}
			if who.May(1, "b", a) == nil {
				got = append(got, letters[r])
			}
		}
		if string(got) != want[a] {
			t.Errorf("%s is allowed to %q, want %q", a, got, want[a])
		}
	}
}

func TestScope(t *testing.T) {
	owner := access.Who{Account: "1", Grants: []access.Grant{
		{Brand: "mine", Role: access.Owner},
		{Brand: "part", Role: access.Manager, Channels: []string{"c1"}},
		{Brand: "past", Role: access.Owner, EndsAt: 100},
		{Brand: "again", Role: access.Owner, EndsAt: 100}, {Brand: "again", Role: access.Analyst, EndsAt: 300},
	}}
	token := owner
	token.Scopes = []access.Action{access.PostRead}
	for _, c := range []struct {
		name     string
		who      access.Who
		brand    string
		action   access.Action
		channels []string
		want     fault.Kind
	}{
		{"own brand", owner, "mine", access.TeamWrite, nil, fault.Internal},
		{"another brand is not even there", owner, "other", access.PostRead, nil, fault.NotFound},
		{"named channel", owner, "part", access.PostPublish, []string{"c1"}, fault.Internal},
		{"another channel", owner, "part", access.PostPublish, []string{"c1", "c2"}, fault.Denied},
		{"what concerns the whole brand, with some channels", owner, "part", access.AuditRead, nil, fault.Denied},
		{"what all channels share, with some of them", owner, "part", access.MediaWrite, nil, fault.Internal},
		{"ended grant", owner, "past", access.PostRead, nil, fault.NotFound},
		{"ended in this moment", access.Who{Account: "1", Grants: []access.Grant{{Brand: "b", Role: access.Owner, EndsAt: 200}}}, "b", access.PostRead, nil, fault.NotFound},
		{"the one that still runs, of two", owner, "again", access.PostRead, nil, fault.Internal},
		{"no more than the one that still runs", owner, "again", access.PostWrite, nil, fault.Denied},
		{"token within its scopes", token, "mine", access.PostRead, nil, fault.Internal},
		{"token beyond its scopes", token, "mine", access.PostWrite, nil, fault.Denied},
		{"nobody", access.Who{}, "mine", access.PostRead, nil, fault.NotFound},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.who.May(200, c.brand, c.action, c.channels...); err != nil && fault.KindOf(err) != c.want || err == nil && c.want != fault.Internal {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	if err := access.System().May(1, "any", access.PostPublish); err != nil {
		t.Errorf("the program itself: %v", err)
	}
}

// Each action is told, and reaches as far as was decided.
func TestFacts(t *testing.T) {
	for i, f := range access.Facts() {
		if f.Action != access.Actions[i] || f.Means == "" || f.Reach == "" {
			t.Errorf("%+v", f)
		}
	}
	if f := access.FactOf("none:such"); f.Reach != access.Whole {
		t.Errorf("what nobody has told reaches %s", f.Reach)
	}
	for _, r := range access.Roles {
		for _, a := range access.Actions {
			who := access.Who{Account: "1", Grants: []access.Grant{{Brand: "b", Role: r, Channels: []string{"c"}}}}
			want := access.Allows(r, a) && access.FactOf(a).Reach != access.Whole
			if got := who.May(1, "b", a, "c") == nil; got != want {
				t.Errorf("%s with one channel has %s: %v", r, a, got)
			}
			if access.FactOf(a).Reach == access.Named && who.May(1, "b", a, "d") == nil {
				t.Errorf("%s with one channel has %s on another", r, a)
			}
		}
	}
}
