// Package answer speaks for the brand in a conversation. A reply is a post of
// its own kind with one delivery that is due at once, so that it passes the
// same fence and the same hold as every post, goes out once, and its outcome is
// always known or honestly unknown.
package answer

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"

	"rapport/internal/access"
	"rapport/internal/activity"
	"rapport/internal/audit"
	"rapport/internal/channel"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/fault"
	"rapport/internal/network"
	"rapport/internal/outbox"
	"rapport/internal/post"
	"rapport/internal/topic"
)

// Input is what a person writes.
type Input struct {
	To      string            // id of the message that is answered; "" is the newest from outside
	Text    string            // at most what the channel takes
	Media   []string          // ids of pictures
	Options map[string]string // what the network offers beside the text
	// Key is the form's own id (a UUID): sent twice, it answers once.
	Key string
	// Done closes the conversation with the answer.
	Done bool
}

// Reply answers in a conversation and returns the message, which is not out
// yet: its delivery is due at once. Who may not speak there, a channel that
// must be connected again, and a text that does not fit are faults, and nothing
// is kept then. The same Key again returns the first answer.
func Reply(ctx context.Context, d *db.DB, who access.Who, brandID, conversationID string, in Input) (conversation.Message, error) {
	if uuid.Validate(in.Key) != nil || len(in.Key) != 36 {
		in.Key = db.NewID()
	}
	var m conversation.Message
	send := func(tx *db.Tx) (err error) {
		m, err = Within(ctx, tx, who, brandID, conversationID, in)
		return err
	}
	err := d.Tx(ctx, send, db.Durable)
	if db.IsDuplicate(err) {
		err = d.Tx(ctx, send, db.Durable) // the same form came in this moment
	}
	if db.IsDuplicate(err) {
		return m, fault.New(fault.Conflict, "This form belongs to something else. Load the conversation again and send the answer from there.")
	}
	if err != nil || !in.Done {
		return m, err
	}
	return m, done(ctx, d, who, brandID, conversationID)
}

// done closes the conversation. Somebody else's change in this very moment is
// left as it is: the answer is on its way either way.
func done(ctx context.Context, d *db.DB, who access.Who, brandID, id string) error {
	c, err := conversation.ByID(ctx, d, access.System(), brandID, id)
	if err != nil {
		return err
	}
	_, err = conversation.SetState(ctx, d, who, brandID, id, c.Revision, conversation.Standing{State: conversation.StateDone})
	if fault.Is(err, fault.Conflict) {
		return nil
	}
	return err
}

// Within is Reply in the caller's transaction, which a fault must end. It closes
// no conversation.
func Within(ctx context.Context, tx *db.Tx, who access.Who, brandID, conversationID string, in Input) (conversation.Message, error) {
	if uuid.Validate(in.Key) != nil || len(in.Key) != 36 {
		in.Key = db.NewID()
	}
	c, err := speaking(ctx, tx, who, brandID, conversationID)
	if err != nil {
		return conversation.Message{}, err
	}
	if before, ok, err := known(ctx, tx, who, c, in.Key); ok || err != nil {
		return before, err
	}
	to, err := answered(ctx, tx, c, in.To)
	if err != nil {
		return conversation.Message{}, err
	}
	on, err := channel.ByID(ctx, tx, access.System(), brandID, c.Channel)
	if err != nil {
		return conversation.Message{}, err
	}
	if err := readable(ctx, tx, on, to); err != nil {
		return conversation.Message{}, err
	}
	if in.Options, err = narrowed(on.Limits, in.Options, to); err != nil {
		return conversation.Message{}, err
	}
	ref := to.Ref
	as := post.Post{ID: in.Key, Brand: brandID, Conversation: c.ID, Answers: &ref}
	p, del, err := post.Reply(ctx, tx, who, as, post.Input{Body: post.Body{Parts: []post.Part{{Text: in.Text, Media: in.Media}}},
		Variants: []post.Variant{{Channel: c.Channel, Options: in.Options}}})
	if err != nil {
		return conversation.Message{}, atText(c.Channel, err)
	}
	m, err := conversation.Say(ctx, tx, conversation.Reply{Conversation: c, To: to, Account: who.Account, Post: p.ID, Delivery: del.ID,
		Text: p.Body.Parts[0].Text, Warning: in.Options[network.OptionWarning], Language: in.Options[network.OptionLanguage],
		Visibility: in.Options[network.OptionVisibility]})
	if err != nil {
		return m, err
	}
	return m, remember(ctx, tx, who, c, del)
}

// speaking reads a conversation in which the account may speak.
func speaking(ctx context.Context, q db.Queryer, who access.Who, brandID, id string) (conversation.Conversation, error) {
	if err := who.May(q.Now(), brandID, access.ConversationReply); err != nil {
		return conversation.Conversation{}, err
	}
	c, err := conversation.ByID(ctx, q, access.System(), brandID, id)
	if err != nil {
		return c, err
	}
	seen, err := conversation.SightOf(q.Now(), who, brandID).Sees(ctx, q, c)
	if err != nil {
		return c, err
	}
	if !seen {
		return conversation.Conversation{}, fault.New(fault.NotFound, "There is no such conversation.")
	}
	if c.Kind == conversation.KindWaiting {
		return c, fault.New(fault.Conflict, "Nobody else can read this yet. Decide first whether they may; then answer in the topic.")
	}
	return c, who.May(q.Now(), brandID, access.ConversationReply, c.Channel)
}

// known is the answer that the form made already.
func known(ctx context.Context, tx *db.Tx, who access.Who, c conversation.Conversation, key string) (conversation.Message, bool, error) {
	p, err := post.ByID(ctx, tx, access.System(), c.Brand, key)
	if fault.Is(err, fault.NotFound) {
		return conversation.Message{}, false, nil
	}
	if err != nil {
		return conversation.Message{}, false, err
	}
	if p.Kind != post.KindReply || p.Conversation != c.ID || p.Author != who.Account {
		return conversation.Message{}, false, fault.New(fault.Conflict, "This form belongs to something else. Load the conversation again and send the answer from there.")
	}
	ds, err := delivery.OfPost(ctx, tx, c.Brand, p.ID)
	if err != nil || len(ds) == 0 {
		return conversation.Message{}, true, err
	}
	all, err := conversation.OfDeliveries(ctx, tx, c.Brand, []string{ds[0].ID})
	return all[ds[0].ID], true, err
}

// answered is the message that the reply hangs below.
func answered(ctx context.Context, tx *db.Tx, c conversation.Conversation, id string) (conversation.Message, error) {
	if id == "" {
		m, err := conversation.LastIn(ctx, tx, c.Brand, c.ID)
		if fault.Is(err, fault.NotFound) {
			return m, fault.New(fault.Conflict, "There is nothing left here to answer: what was said is gone from the network.")
		}
		return m, err
	}
	m, err := conversation.MessageByID(ctx, tx, access.System(), c.Brand, id)
	switch {
	case err != nil:
		return m, err
	case m.Conversation != c.ID:
		return m, fault.New(fault.NotFound, "There is no such message.")
	case m.RemovedAt > 0:
		return m, fault.OnField("to", "This message is gone from the network. Answer another one.")
	case m.ErasedAt > 0:
		return m, fault.OnField("to", "Who wrote this was erased. Answer another message.")
	case m.Ref.ID == "":
		return m, fault.OnField("to", "This answer is not out yet. Answer another message, or wait for it.")
	}
	return m, nil
}

// readable returns nil unless the answer would stand in a topic of the community
// that nobody can read.
func readable(ctx context.Context, q db.Queryer, on channel.Channel, to conversation.Message) error {
	if on.Network != network.Community || to.Ref.Root == "" {
		return nil
	}
	t, err := topic.ByID(ctx, q, on.Brand, to.Ref.Root)
	if err != nil {
		return err
	}
	if t.State != topic.Live {
		return fault.New(fault.Conflict, "Nobody can read this topic at the moment, so nobody would read your answer. Restore the topic first.")
	}
	return nil
}

// widest orders the visibilities: an answer is never shown to more people than
// what it answers.
var widest = []string{network.Public, network.Unlisted, network.Followers, network.Direct}

// narrowed gives the reply the visibility of what it answers, unless a narrower
// one was chosen. Networks without the option keep theirs.
func narrowed(l network.Limits, options map[string]string, to conversation.Message) (map[string]string, error) {
	out := map[string]string{}
	maps.Copy(out, options)
	if _, has := l.Option(network.OptionVisibility); !has || to.Visibility == "" {
		return out, nil
	}
	chosen := out[network.OptionVisibility]
	if chosen == "" {
		out[network.OptionVisibility] = to.Visibility
		return out, nil
	}
	if slices.Index(widest, chosen) < slices.Index(widest, to.Visibility) {
		return out, fault.OnField("visibility", "What you answer was said to fewer people. Answer as widely as that at most.")
	}
	return out, nil
}

// atText puts what does not fit at the fields of the reply box.
func atText(channelID string, err error) error {
	all := fault.Fields(err)
	if len(all) == 0 {
		return err
	}
	for i, f := range all {
		switch {
		case strings.HasPrefix(f.Name, "options."+channelID+"."):
			all[i].Name = strings.TrimPrefix(f.Name, "options."+channelID+".")
		case f.Name != "media":
			all[i].Name = "text"
		}
	}
	return fault.OnFields(all)
}

func remember(ctx context.Context, tx *db.Tx, who access.Who, c conversation.Conversation, d delivery.Delivery) error {
	if err := activity.Record(ctx, tx, activity.Entry{Brand: c.Brand, Kind: "reply.written", Subject: c.ID, Actor: who.Account}); err != nil {
		return err
	}
	return audit.Record(ctx, tx, who, audit.Entry{Brand: c.Brand, Act: "conversation.answered", Subject: c.ID, Detail: map[string]string{"delivery": d.ID}})
}

// Listen makes conversations hear that their replies are out. It does nothing
// for one whose conversation is gone.
func Listen(r *outbox.Reader) {
	r.On("reply.published", func(ctx context.Context, tx *db.Tx, e outbox.Event) error {
		d, err := delivery.ByID(ctx, tx, e.Brand, e.Subject)
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("answer: %w", err)
		}
		var ref network.Ref
		url := d.RemoteURL
		if len(d.Parts) > 0 {
			ref = d.Parts[0].Ref
		}
		return conversation.Sent(ctx, tx, d.Brand, d.ID, ref, url, d.PublishedAt)
	})
}
