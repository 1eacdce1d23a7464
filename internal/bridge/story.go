package bridge

import (
	"context"

	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/member"
	"rapport/internal/topic"
)

// Named is what a line of a conversation's story tells of, as it is now.
type Named struct {
	Name      string          // of the member who answered; "" of one who is gone
	Topic     string          // title of the topic that was made; "" of one that is gone
	Complaint topic.Complaint // what somebody flagged it as; "" where the flag is gone
	Note      string          // and what they said of it
}

// Story returns what the lines of a conversation tell of, by their id. They hold
// ids only, and no words: who leaves and has theirs erased takes name and words
// out of every story. Who may read the conversation is the caller's to know.
func Story(ctx context.Context, q db.Queryer, brandID string, lines []conversation.Event) (map[string]Named, error) {
	var members, topics, flags []string
	for _, e := range lines {
		switch e.What {
		case "answered", "solved":
			members = append(members, e.Detail)
		case "bridged":
			topics = append(topics, e.Detail)
		case "flagged":
			flags = append(flags, e.Detail)
		}
	}
	who, err := member.ByIDs(ctx, q, brandID, members)
	if err != nil {
		return nil, err
	}
	about, err := topic.ByIDs(ctx, q, brandID, topics)
	if err != nil {
		return nil, err
	}
	said, err := topic.FlagsByIDs(ctx, q, brandID, flags)
	if err != nil {
		return nil, err
	}
	out := map[string]Named{}
	for _, e := range lines {
		f := said[e.Detail]
		out[e.ID] = Named{who[e.Detail].Name, about[e.Detail].Title, f.Complaint, f.Note}
	}
	return out, nil
}
