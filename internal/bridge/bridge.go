// Package bridge joins the two halves. The brand's own community is a channel
// beside the others: what is planned for it passes the same calendar, approval,
// fence and hold, and questions, mentions of the team, flags and waiting posts
// come into the same inbox, where an answer is a reply in the topic. What was
// asked on a network becomes a topic, and its accepted answer goes back there.
package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/blob"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/member"
	"rapport/internal/network"
	"rapport/internal/space"
	"rapport/internal/topic"
)

// Name is what the community is called as a network.
const Name = network.Community

// Community is the brand's own community as a network of this program. It
// keeps nothing itself: it speaks to the nouns of the community.
type Community struct {
	DB       *db.DB
	Blobs    blob.Store
	Channels *channel.Channels
	// Address is where a path of a brand's community is found by other
	// machines; "" where the brand has none.
	Address func(ctx context.Context, brandID, path string) string
}

// The options of a post to the community.
const (
	OptionSpace = "space"
	OptionTitle = "title"
)

// Facts describe the community as a network.
func (*Community) Facts() network.Facts {
	return network.Facts{
		Name: Name, Title: "Community", Own: true,
		PrepareAhead: 30 * time.Minute,
		RepeatSafety: "A post carries its part's own mark, and the database takes each mark of an author once: a second arrival finds the first.",
		Untold: map[string]string{
			"shares": "In a community nobody passes posts on.", "quotes": "Quotes in a community are replies, which are counted.",
			"views": "Rapport does not count who reads a topic.", "following": "A community follows nobody.",
		},
	}
}

// The brand of a target, in Target.Details.
const detailBrand = "brand"

// What fits into a topic.
const (
	longestText = 30_000 // runes
	mostImages  = 8
	imageBytes  = 8 << 20
)

// limits are what a topic takes, with the spaces to choose from.
func limits(spaces []space.Space) network.Limits {
	in := network.Option{Name: OptionSpace, Label: "Space", Help: "Where the topic stands.", Place: true}
	for _, kind := range []space.Kind{space.Announcements, space.Discussion, space.Questions, space.Knowledge} {
		for _, s := range spaces {
			if s.Kind == kind && s.ClosedAt == 0 {
				in.Choices = append(in.Choices, network.OptionChoice{Value: s.ID, Label: s.Name})
			}
		}
	}
	l := network.Limits{Text: longestText, Images: mostImages, ImageBytes: imageBytes, AltText: 1000, Parts: 1, Options: []network.Option{
		{Name: OptionTitle, Label: "Title", Help: "What the topic is called. Without one it is the first line of the text.", Longest: topic.LongestTitle},
	}}
	if len(in.Choices) > 0 {
		l.Options = append([]network.Option{in}, l.Options...)
	}
	return l
}

// Abilities are the same for every community.
func (*Community) Abilities(network.Target) []network.Ability {
	can := func(name, label, why string) network.Ability {
		return network.Ability{Name: name, Label: label, Can: true, Why: why}
	}
	return []network.Ability{
		can("publish", "Publish posts", i18n.Mark("Each becomes a topic in a space, in the name of who wrote it.")),
		can("pictures", "Publish pictures", ""),
		can("alt_text", "Describe pictures", ""),
		{Name: "threads", Label: "Publish threads", Why: i18n.Mark("A topic is one text, as long as it needs to be.")},
		can("delete", "Delete posts", i18n.Mark("A topic that others have answered stays: what they wrote is theirs.")),
		can("inbox", "Hear comments and mentions", i18n.Mark("Unanswered questions, mentions of the team, flags and posts that wait for a look come into the inbox.")),
		can("stream", "Hear at once", ""),
		can("reply", "Answer comments", i18n.Mark("An answer is a reply in the topic, in your own name.")),
		can("numbers", "Count reactions and replies", ""),
		{Name: "views", Label: "Count views", Why: i18n.Mark("Rapport does not count who reads a topic.")},
		can("followers", "Count members", ""),
	}
}

// frozen is the request of a part, as Prepare made it.
type frozen struct {
	Brand   string `json:"brand"`
	Account string `json:"account"`
	Space   string `json:"space,omitempty"`
	Title   string `json:"title,omitempty"`
	Text    string `json:"text"`
	Topic   string `json:"topic,omitempty"`   // of a reply
	Answers string `json:"answers,omitempty"` // id of the reply that it answers
}

// Prepare keeps the pictures and freezes the rest.
func (c *Community) Prepare(ctx context.Context, t network.Target, it network.Item, seed string, earlier network.Prepared) (network.Prepared, error) {
	p := network.Prepared{Handle: seed, Media: earlier.Media}
	f := frozen{Brand: t.Details[detailBrand], Account: it.Author, Space: it.Options[OptionSpace], Title: it.Options[OptionTitle], Text: it.Text}
	if it.Parent != nil {
		f.Topic, f.Answers = it.Parent.Root, ReplyOf(it.Parent.ID)
	} else if f.Title == "" {
		f.Title, f.Text = titled(it.Text)
	}
	if f.Space == "" && f.Topic == "" {
		if in, ok := t.Limits.Option(OptionSpace); ok && len(in.Choices) > 0 {
			f.Space = in.Choices[0].Value
		}
	}
	var v member.Voice
	err := c.DB.Tx(ctx, func(tx *db.Tx) (err error) {
		v, err = c.voice(ctx, tx, f.Brand, f.Account)
		return err
	})
	if err != nil {
		return p, asError(err, network.NotSent)
	}
	for i := len(p.Media); i < len(it.Media); i++ {
		id, err := c.picture(ctx, v, it.Media[i])
		if err != nil {
			return p, asError(err, network.NotSent)
		}
		p.Media = append(p.Media, id)
	}
	for i, id := range p.Media[:min(len(p.Media), len(it.Media))] {
		f.Text += "\n\n![" + inBrackets.Replace(it.Media[i].Alt) + "](" + topic.Picture{ID: id}.Address() + ")"
	}
	f.Text = strings.TrimSpace(f.Text)
	record, err := json.Marshal(f)
	if err != nil {
		return p, asError(err, network.NotSent)
	}
	p.Record = record
	return p, nil
}

var inBrackets = strings.NewReplacer("[", "(", "]", ")", "\n", " ", "\\", "/")

// titled takes the first line as the title where that is short enough, and
// keeps the text whole where it is not.
func titled(text string) (title, rest string) {
	text = strings.TrimSpace(text)
	first, rest, _ := strings.Cut(text, "\n")
	first = strings.TrimSpace(strings.TrimLeft(first, "# "))
	if r := []rune(first); len(r) > topic.LongestTitle {
		return strings.TrimSpace(string(r[:topic.LongestTitle-1])) + "…", text
	}
	if strings.TrimSpace(rest) == "" {
		return first, text
	}
	return first, strings.TrimSpace(rest)
}

func (c *Community) picture(ctx context.Context, v member.Voice, m network.Media) (string, error) {
	r, err := m.Open(ctx)
	if err != nil {
		return "", fmt.Errorf("bridge: picture: %w", err)
	}
	defer r.Close()
	p, err := topic.Upload(ctx, c.DB, c.Blobs, v, r)
	return p.ID, err
}

// Commit writes the topic or the reply in one transaction.
func (c *Community) Commit(ctx context.Context, _ network.Target, p network.Prepared) (network.Receipt, error) {
	f, err := thawed(p)
	if err != nil {
		return network.Receipt{}, err
	}
	var said topic.Said
	err = c.DB.Tx(ctx, func(tx *db.Tx) error {
		v, err := c.voice(ctx, tx, f.Brand, f.Account)
		if err != nil {
			return err
		}
		said, err = c.say(ctx, tx, v, f, p.Handle)
		return err
	}, db.Durable)
	if err != nil {
		return network.Receipt{}, asError(err, network.Unclear)
	}
	return c.receipt(ctx, said), nil
}

func thawed(p network.Prepared) (frozen, error) {
	var f frozen
	if err := json.Unmarshal(p.Record, &f); err != nil || p.Handle == "" {
		return f, &network.Error{Verdict: network.NotSent, Text: "This post was not prepared for the community.", Cause: err}
	}
	return f, nil
}

func (c *Community) say(ctx context.Context, tx *db.Tx, v member.Voice, f frozen, mark string) (topic.Said, error) {
	if f.Topic == "" {
		return topic.Add(ctx, tx, v, topic.New{Space: f.Space, Title: f.Title, Text: f.Text, Once: mark})
	}
	answers := int64(0)
	to, err := topic.ReplyByID(ctx, tx, f.Brand, f.Answers)
	switch {
	case err == nil && to.Topic == f.Topic:
		answers = to.Number
	case err != nil && !fault.Is(err, fault.NotFound):
		return topic.Said{}, err
	}
	return topic.Answer(ctx, tx, v, f.Topic, f.Text, answers, mark)
}

func (c *Community) receipt(ctx context.Context, s topic.Said) network.Receipt {
	return network.Receipt{Ref: network.Ref{ID: s.Reply.ID, Root: s.Topic.ID}, At: s.Reply.At.Time(), URL: c.url(ctx, s.Topic.Brand, s.Topic.PathOf(s.Reply.Number))}
}

// url is a path of the community as a browser opens it; "" where it has no
// address yet.
func (c *Community) url(ctx context.Context, brandID, path string) string {
	if c.Address == nil {
		return ""
	}
	return c.Address(ctx, brandID, path)
}

// Lookup finds what was written under the mark.
func (c *Community) Lookup(ctx context.Context, _ network.Target, p network.Prepared) (network.Finding, error) {
	f, err := thawed(p)
	if err != nil {
		return network.Finding{}, err
	}
	m, err := member.OfAccount(ctx, c.DB, f.Brand, f.Account)
	var said topic.Said
	if err == nil {
		said, err = topic.Before(ctx, c.DB, member.Voice{Who: access.System(), Member: m, Brand: f.Brand}, p.Handle)
	}
	if fault.Is(err, fault.NotFound) {
		return network.Finding{Presence: network.CannotTell, Why: "It is not in the community, but may be on its way there."}, nil
	}
	if err != nil {
		return network.Finding{}, asError(err, network.NotSent)
	}
	return network.Finding{Presence: network.Present, Receipt: c.receipt(ctx, said), Why: "It is in the community under its mark."}, nil
}

// RepeatHarmless is always so: the mark is kept with the reply.
func (*Community) RepeatHarmless(network.Target, time.Duration) bool { return true }

// Remove takes back what its author wrote. A topic that others have answered
// stays.
func (c *Community) Remove(ctx context.Context, t network.Target, ref network.Ref) error {
	brandID := t.Details[detailBrand]
	r, err := topic.ReplyByID(ctx, c.DB, brandID, ref.ID)
	if fault.Is(err, fault.NotFound) || err == nil && (r.State == topic.Withdrawn || r.State == topic.Erased) {
		return nil
	}
	var m member.Member
	if err == nil {
		m, err = member.ByID(ctx, c.DB, brandID, r.Author)
	}
	if err == nil {
		_, err = topic.Withdraw(ctx, c.DB, member.Voice{Who: access.System(), Member: m, Brand: brandID}, r.ID)
	}
	if err != nil {
		return asError(err, network.Unclear)
	}
	return nil
}

// Measure counts reactions and, of a topic, its replies.
func (c *Community) Measure(ctx context.Context, t network.Target, refs []network.Ref) (map[string]network.Counters, error) {
	brandID, out := t.Details[detailBrand], map[string]network.Counters{}
	topics := make([]string, 0, len(refs))
	for _, ref := range refs {
		topics = append(topics, ref.Root)
	}
	about, err := topic.ByIDs(ctx, c.DB, brandID, topics)
	if err != nil {
		return nil, asError(err, network.NotSent)
	}
	for _, ref := range refs {
		r, err := topic.ReplyByID(ctx, c.DB, brandID, ref.ID)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return nil, asError(err, network.NotSent)
		}
		likes := r.Reactions.Total()
		n := network.Counters{At: c.DB.Now().Time(), Likes: &likes}
		if on, ok := about[ref.Root]; ok && r.Number == 1 {
			n.Comments = &on.Replies
		}
		out[ref.ID] = n
	}
	return out, nil
}

// MeasureAccount counts members and topics.
func (c *Community) MeasureAccount(ctx context.Context, t network.Target) (network.AccountCounters, error) {
	brandID := t.Details[detailBrand]
	all, err := member.Counts(ctx, c.DB, access.System(), brandID)
	if err != nil {
		return network.AccountCounters{}, asError(err, network.NotSent)
	}
	spaces, err := space.List(ctx, c.DB, brandID)
	if err != nil {
		return network.AccountCounters{}, asError(err, network.NotSent)
	}
	members, topics := int64(all[member.Active]), int64(0)
	for _, s := range spaces {
		topics += s.Topics
	}
	return network.AccountCounters{At: c.DB.Now().Time(), Followers: &members, Posts: &topics}, nil
}

// voice is somebody of the team as the community hears them. Who never wrote
// there becomes a member with their first words: what they say for the brand
// must not wait for them to fill in a form.
func (c *Community) voice(ctx context.Context, tx *db.Tx, brandID, accountID string) (member.Voice, error) {
	v := member.Voice{Who: access.System(), Brand: brandID}
	if accountID == "" || brandID == "" {
		return v, fault.New(fault.Invalid, "It is not known who of the team wrote this. Copy the post, and publish the copy.")
	}
	m, err := member.OfAccount(ctx, tx, brandID, accountID)
	if fault.Is(err, fault.NotFound) {
		var a account.Account
		if a, err = account.ByID(ctx, tx, accountID); err != nil {
			return v, err
		}
		m, err = member.Create(ctx, tx, brandID, member.New{Account: a.ID, Name: a.Name, State: member.Active, Team: true, Trusted: true})
	}
	v.Member = m
	if err != nil {
		return v, err
	}
	return v, v.Speaks(tx.Now())
}

// asError is what went wrong as the senders read it. What the nouns refuse was
// not written; of anything else only a second look can tell, unless nothing can
// have been written yet.
func asError(err error, otherwise network.Verdict) *network.Error {
	var e *network.Error
	if errors.As(err, &e) {
		return e
	}
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Denied, fault.NotFound, fault.Conflict:
		return &network.Error{Verdict: network.Refused, Text: fault.Text(err), Cause: err}
	case fault.Limited:
		return &network.Error{Verdict: network.Throttled, RetryAfter: time.Minute, Text: fault.Text(err), Cause: err}
	}
	return &network.Error{Verdict: otherwise, Text: "The community could not be written to.", Cause: err}
}

// What stands for a reply in the inbox where the team must decide about it.
const (
	caseOf = "case-"
	waitOf = "wait-"
)

// ReplyOf is the id of the reply that a message or the beginning of a
// conversation in the inbox stands for.
func ReplyOf(id string) string {
	return strings.TrimPrefix(strings.TrimPrefix(id, caseOf), waitOf)
}

var shownPicture = regexp.MustCompile(`!\[([^\]\n]*)\]\((/p/[a-z0-9]+)\)`)
