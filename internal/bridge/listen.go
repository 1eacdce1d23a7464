package bridge

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"rapport/internal/channel"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/member"
	"rapport/internal/network"
	"rapport/internal/outbox"
	"rapport/internal/person"
	"rapport/internal/space"
	"rapport/internal/topic"
)

// Listen takes into the inbox what happens in communities that are a channel,
// and notes on the person who writes in any that they were heard from.
func (c *Community) Listen(r *outbox.Reader) {
	r.On("topic.begun", heard)
	r.On("reply.added", heard)
	for _, end := range []string{"reply.published", "delivery.rejected", "delivery.missed"} {
		r.On(end, delivered)
	}
	for kind, do := range map[string]func(context.Context, *db.Tx, channel.Channel, topic.Reply, outbox.Event) error{
		"topic.begun": func(ctx context.Context, tx *db.Tx, on channel.Channel, r topic.Reply, e outbox.Event) error {
			a, err := appeared(e)
			if err != nil {
				return err
			}
			return c.begun(ctx, tx, on, r, a.Mentioned)
		},
		"reply.added": func(ctx context.Context, tx *db.Tx, on channel.Channel, r topic.Reply, e outbox.Event) error {
			a, err := appeared(e)
			if err != nil {
				return err
			}
			return c.replied(ctx, tx, on, r, a.Mentioned)
		},
		"reply.changed": func(ctx context.Context, tx *db.Tx, on channel.Channel, r topic.Reply, _ outbox.Event) error {
			return c.changed(ctx, tx, on, r)
		},
		"reply.withdrawn": func(ctx context.Context, tx *db.Tx, on channel.Channel, r topic.Reply, _ outbox.Event) error {
			return c.withdrawn(ctx, tx, on, r)
		},
		"reply.waiting": func(ctx context.Context, tx *db.Tx, on channel.Channel, r topic.Reply, _ outbox.Event) error {
			return c.toLook(ctx, tx, on, r, topic.ToApprove)
		},
		"reply.flagged": func(ctx context.Context, tx *db.Tx, on channel.Channel, r topic.Reply, _ outbox.Event) error {
			return c.toLook(ctx, tx, on, r, topic.Flagged)
		},
		"reply.decided": c.decided,
		"topic.solved":  c.solved,
		"topic.moved":   c.moved,
	} {
		r.On(kind, func(ctx context.Context, tx *db.Tx, e outbox.Event) error {
			on, err := channel.OwnOf(ctx, tx, e.Brand, Name)
			var r topic.Reply
			if err == nil && on.State != channel.StateRemoved {
				r, err = topic.ReplyByID(ctx, tx, e.Brand, e.Subject)
			}
			if fault.Is(err, fault.NotFound) || err == nil && r.ID == "" {
				return nil // no channel yet, or gone by now
			}
			if err != nil {
				return err
			}
			return do(ctx, tx, on, r, e)
		})
	}
}

// heard notes when a member was last heard from.
func heard(ctx context.Context, tx *db.Tx, e outbox.Event) error {
	r, err := topic.ReplyByID(ctx, tx, e.Brand, e.Subject)
	if err != nil {
		return unlessGone(err)
	}
	m, err := member.ByID(ctx, tx, e.Brand, r.Author)
	if err != nil {
		return unlessGone(err)
	}
	return person.Spoke(ctx, tx, e.Brand, m.Person, r.At)
}

// unlessGone takes no failure from an event whose subject was removed since.
func unlessGone(err error) error {
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

func appeared(e outbox.Event) (a topic.Appeared, err error) { return a, e.Read(&a) }

func source(on channel.Channel) conversation.Source {
	return conversation.Source{Brand: on.Brand, Channel: on.ID, Network: on.Network}
}

// begun takes in a question of a member, and any topic that calls the team.
func (c *Community) begun(ctx context.Context, tx *db.Tx, on channel.Channel, r topic.Reply, mentioned []string) error {
	if r.Team || r.State != topic.Live {
		return nil
	}
	s, err := space.ByID(ctx, tx, on.Brand, r.Space)
	if err != nil {
		return err
	}
	kind := ""
	if s.Kind == space.Questions {
		kind = network.Question
	} else if called, err := team(ctx, tx, on.Brand, mentioned); err != nil || !called {
		return err
	}
	return c.take(ctx, tx, on, r, func(m *network.Message) { m.Kind = kind }, false)
}

// team reports whether one of the members is of the team.
func team(ctx context.Context, tx *db.Tx, brandID string, members []string) (bool, error) {
	all, err := member.ByIDs(ctx, tx, brandID, members[:min(len(members), 500)])
	if err != nil {
		return false, err
	}
	for _, m := range all {
		if m.Team {
			return true, nil
		}
	}
	return false, nil
}

// replied takes in what is said in a topic that the inbox holds, and what calls
// the team anywhere.
func (c *Community) replied(ctx context.Context, tx *db.Tx, on channel.Channel, r topic.Reply, mentioned []string) error {
	t, err := topic.ByID(ctx, tx, on.Brand, r.Topic)
	if err != nil {
		return err
	}
	parent, held, err := c.parent(ctx, tx, on, t, r)
	if err != nil {
		return err
	}
	called, err := team(ctx, tx, on.Brand, mentioned)
	if err == nil && !called && !r.Team && r.Answers > 1 {
		called, err = answersTeam(ctx, tx, r)
	}
	if err != nil || !held && (r.Team || !called) {
		return err
	}
	below := func(m *network.Message) { m.Parent = parent }
	if r.Team || called || r.Author == t.Author {
		return c.take(ctx, tx, on, r, below, false)
	}
	// Another member has answered: it is read along, and needs nobody.
	if err := c.take(ctx, tx, on, r, below, true); err != nil {
		return err
	}
	return c.turned(ctx, tx, on, t, r, "answered")
}

// turned closes what a topic's question began.
func (c *Community) turned(ctx context.Context, tx *db.Tx, on channel.Channel, t topic.Topic, r topic.Reply, what string) error {
	opening, err := topic.ReplyByNumber(ctx, tx, on.Brand, t.ID, 1)
	if err != nil {
		return err
	}
	return conversation.Turned(ctx, tx, source(on), conversation.Turn{Root: opening.ID, What: what, Detail: r.Author, At: r.At})
}

// parent is what a reply hangs below in the inbox: what it answers, or else the
// topic's opening; held is false where the inbox has neither.
func (c *Community) parent(ctx context.Context, tx *db.Tx, on channel.Channel, t topic.Topic, r topic.Reply) (id string, held bool, err error) {
	for _, number := range []int64{r.Answers, 1} {
		if number < 1 {
			continue
		}
		to, err := topic.ReplyByNumber(ctx, tx, on.Brand, t.ID, number)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return "", false, err
		}
		if held, err = conversation.Knows(ctx, tx, on.ID, to.ID); held || err != nil {
			return to.ID, held, err
		}
	}
	return "", false, nil
}

func answersTeam(ctx context.Context, tx *db.Tx, r topic.Reply) (bool, error) {
	to, err := topic.ReplyByNumber(ctx, tx, r.Brand, r.Topic, r.Answers)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return to.Team, err
}

// changed follows an edit of what the inbox holds.
func (c *Community) changed(ctx context.Context, tx *db.Tx, on channel.Channel, r topic.Reply) error {
	if r.State != topic.Live {
		return nil
	}
	// What it was flagged as says what it says now too: that is decided about.
	for _, id := range []string{r.ID, caseOf + r.ID} {
		held, err := conversation.Knows(ctx, tx, on.ID, id)
		if err == nil && held {
			err = c.take(ctx, tx, on, r, func(m *network.Message) {
				if m.Ref.ID != id {
					m.Kind, m.Ref.ID = network.Flagged, id
				}
			}, true)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// withdrawn forgets what its author took back.
func (c *Community) withdrawn(ctx context.Context, tx *db.Tx, on channel.Channel, r topic.Reply) error {
	if _, err := conversation.Gone(ctx, tx, source(on), []string{r.ID, waitOf + r.ID, caseOf + r.ID}); err != nil {
		return err
	}
	for _, root := range []string{r.ID, waitOf + r.ID, caseOf + r.ID} {
		if err := conversation.Turned(ctx, tx, source(on), conversation.Turn{Root: root, What: "withdrawn", At: tx.Now()}); err != nil {
			return err
		}
	}
	return nil
}

// toLook takes in what the team must decide about.
func (c *Community) toLook(ctx context.Context, tx *db.Tx, on channel.Channel, r topic.Reply, which topic.Queue) error {
	if which == topic.ToApprove {
		if r.State != topic.Waiting {
			return nil
		}
		if err := c.take(ctx, tx, on, r, func(m *network.Message) { m.Kind, m.Ref.ID = network.Waiting, waitOf+r.ID }, false); err != nil {
			return err
		}
		return conversation.Turned(ctx, tx, source(on), conversation.Turn{Root: waitOf + r.ID, What: "waits", At: tx.Now()})
	}
	flags, err := topic.Flags(ctx, tx, r.ID)
	if err != nil || len(flags) == 0 {
		return err
	}
	if err := c.take(ctx, tx, on, r, func(m *network.Message) {
		m.Kind, m.Ref.ID, m.SaidAt, m.At = network.Flagged, caseOf+r.ID, m.At, flags[0].At.Time()
	}, false); err != nil {
		return err
	}
	last := flags[len(flags)-1]
	return conversation.Turned(ctx, tx, source(on), conversation.Turn{Root: caseOf + r.ID, What: "flagged", Detail: last.ID, At: last.At})
}

// decided closes what the team has decided, and what can be read no more.
func (c *Community) decided(ctx context.Context, tx *db.Tx, on channel.Channel, r topic.Reply, e outbox.Event) error {
	var d topic.Decided
	if err := e.Read(&d); err != nil {
		return err
	}
	reasons, err := topic.Reasons(ctx, tx, on.Brand, []string{r.ID})
	if err != nil {
		return err
	}
	by, why := "", ""
	if last, ok := reasons[r.ID]; ok && last.ID == d.Decision {
		by, why = last.Account, cmp.Or(last.Rule, last.Reason)
	}
	for _, root := range []string{waitOf + r.ID, caseOf + r.ID} {
		if err := conversation.Turned(ctx, tx, source(on), conversation.Turn{Root: root, What: "decided", Account: by, Detail: string(d.Act), At: tx.Now()}); err != nil {
			return err
		}
	}
	switch {
	case d.Act == topic.Hide && r.State == topic.Hidden:
		return c.concealed(ctx, tx, on, r, by, why)
	case d.Act == topic.Restore && r.State == topic.Live:
		return c.revealed(ctx, tx, on, r, by)
	}
	return nil
}

// concealed closes what waits for an answer where nobody can read one any more.
// Of an opening that is all that the inbox holds of its topic.
func (c *Community) concealed(ctx context.Context, tx *db.Tx, on channel.Channel, r topic.Reply, by, why string) error {
	if _, err := conversation.Gone(ctx, tx, source(on), []string{r.ID}); err != nil {
		return err
	}
	roots, err := c.rootsOf(ctx, tx, on, r)
	for _, root := range roots {
		err = errors.Join(err, conversation.Hidden(ctx, tx, source(on), root, by, why))
	}
	return err
}

// revealed takes in again what concealed closed.
func (c *Community) revealed(ctx context.Context, tx *db.Tx, on channel.Channel, r topic.Reply, by string) error {
	held, err := conversation.Knows(ctx, tx, on.ID, r.ID)
	if err == nil && held {
		err = c.take(ctx, tx, on, r, nil, true)
	}
	if err != nil {
		return err
	}
	t, err := topic.ByID(ctx, tx, on.Brand, r.Topic)
	if err != nil || t.State != topic.Live {
		return err // it comes back with its topic
	}
	roots, err := c.rootsOf(ctx, tx, on, r)
	for _, root := range roots {
		err = errors.Join(err, conversation.Restored(ctx, tx, source(on), root, by))
	}
	return err
}

// rootsOf are what conversations began with: the reply, and with an opening all
// of its topic that can be read.
func (c *Community) rootsOf(ctx context.Context, tx *db.Tx, on channel.Channel, r topic.Reply) ([]string, error) {
	if r.Number != 1 {
		return []string{r.ID}, nil
	}
	rows, err := tx.QueryContext(ctx, `SELECT r.id FROM reply r JOIN conversation c ON c.channel_id = $2 AND c.root = r.id
		WHERE r.topic_id = $3 AND r.brand_id || '' = $1 AND (r.state = 'live' OR r.number = 1) ORDER BY r.number`, on.Brand, on.ID, r.Topic)
	all, err := db.Collect(rows, err, func(rows *sql.Rows) (id string, err error) { return id, rows.Scan(&id) })
	if err != nil {
		return nil, fmt.Errorf("bridge: of a topic: %w", err)
	}
	return all, nil
}

// solved closes a question whose asker accepted an answer.
func (c *Community) solved(ctx context.Context, tx *db.Tx, on channel.Channel, r topic.Reply, _ outbox.Event) error {
	t, err := topic.ByID(ctx, tx, on.Brand, r.Topic)
	if err != nil {
		return err
	}
	return errors.Join(c.accepted(ctx, tx, t, r.ID), c.turned(ctx, tx, on, t, r, "solved"))
}

// moved takes in what stands among questions now, and closes what does not any
// more, unless somebody of the team looks after it.
func (c *Community) moved(ctx context.Context, tx *db.Tx, on channel.Channel, r topic.Reply, _ outbox.Event) error {
	t, err := topic.ByID(ctx, tx, on.Brand, r.Topic)
	if err != nil {
		return err
	}
	s, err := space.ByID(ctx, tx, on.Brand, t.Space)
	if err != nil {
		return err
	}
	if s.Kind != space.Questions {
		return c.turned(ctx, tx, on, t, r, "moved")
	}
	if t.AnsweredAt > 0 {
		return nil
	}
	return c.begun(ctx, tx, on, r, nil)
}

// take takes a reply into the inbox. along says that it is read along with what
// is there: then nothing is reopened and nothing is counted as received.
func (c *Community) take(ctx context.Context, tx *db.Tx, on channel.Channel, r topic.Reply, set func(*network.Message), along bool) error {
	author, err := member.ByID(ctx, tx, on.Brand, r.Author)
	if err != nil || author.Gone() {
		return err
	}
	t, err := topic.ByID(ctx, tx, on.Brand, r.Topic)
	if err != nil {
		return err
	}
	m := network.Message{Ref: network.Ref{ID: r.ID, Root: r.Topic}, Own: r.Team, At: r.At.Time(), URL: c.url(ctx, on.Brand, t.PathOf(max(r.Number, 1))),
		Author: c.author(ctx, author)}
	m.Text, m.Media = c.Words(ctx, t, r)
	if r.EditedAt > 0 {
		m.EditedAt = r.EditedAt.Time()
	}
	if set != nil {
		set(&m)
	}
	if m.Kind == network.Flagged {
		m.Own = false // it stands there as what was complained of, whoever said it
	}
	if !m.Own {
		if err := person.Known(ctx, tx, on.Brand, Name, m.Author, author.Person); err != nil {
			return err
		}
	}
	_, err = conversation.Take(ctx, tx, source(on), []network.Message{m}, along)
	return err
}

// author is a member as the inbox shows them.
func (c *Community) author(ctx context.Context, m member.Member) network.Author {
	return network.Author{ID: m.ID, Handle: "@" + m.Handle, Name: m.Name, URL: c.url(ctx, m.Brand, "/u/"+m.Handle)}
}

// Words are what the inbox shows of a reply: its text, below the topic's title
// where it begins one, and its pictures beside it.
func (c *Community) Words(ctx context.Context, t topic.Topic, r topic.Reply) (string, []network.Attachment) {
	text, media := c.words(ctx, r)
	if r.Number == 1 || r.Number < 0 && t.State == topic.Waiting {
		text = t.Title + "\n\n" + text
	}
	return text, media
}

func (c *Community) words(ctx context.Context, r topic.Reply) (string, []network.Attachment) {
	var media []network.Attachment
	text := shownPicture.ReplaceAllStringFunc(r.Text, func(found string) string {
		part := shownPicture.FindStringSubmatch(found)
		media = append(media, network.Attachment{Kind: "image", URL: c.url(ctx, r.Brand, part[2]), Alt: part[1]})
		return ""
	})
	media = slices.DeleteFunc(media, func(a network.Attachment) bool { return a.URL == "" })
	return strings.TrimSpace(text), media
}
