// Package tell tells a community's members what concerns them: who answered,
// named or quoted them, what became of what they wrote, and what is new where
// they follow. It reads the outbox and decides who is meant; what they read of
// it, and where, is package notice's. The team's own notifications are package
// notify's.
package tell

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"

	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/job"
	"rapport/internal/letter"
	"rapport/internal/member"
	"rapport/internal/notice"
	"rapport/internal/outbox"
	"rapport/internal/secret"
	"rapport/internal/space"
	"rapport/internal/topic"
)

// Teller tells members.
type Teller struct {
	DB      *db.DB
	Letters *letter.Letters
	Keys    *secret.Keyring // signs the links that stop letters; nil leaves them out
	// Address is where a path of a brand's community is found by other
	// machines: "/t/x/1" may be https://community.example.com/t/x/1.
	Address func(ctx context.Context, brandID, path string) string
}

// Listen makes the teller a consumer of what members must know.
func (t *Teller) Listen(r *outbox.Reader) {
	for kind, f := range map[string]func(context.Context, *db.Tx, outbox.Event) error{
		"topic.begun": t.said, "reply.added": t.said, "reply.changed": t.changed, "reply.decided": t.decided,
		"reply.reacted": t.reacted, "topic.solved": t.solved, "member.decided": t.door, "member.unpictured": t.unpictured,
	} {
		r.On(kind, func(ctx context.Context, tx *db.Tx, e outbox.Event) error {
			err := f(ctx, tx, e)
			if err == nil || fault.Is(err, fault.NotFound) { // it is gone, and with it the news
				return nil
			}
			return fmt.Errorf("tell: %s: %w", e.Kind, err)
		})
	}
}

// saying is a reply that can be read, with where it stands.
type saying struct {
	topic.Reply
	in    topic.Topic
	space space.Space
}

// saying reads what an event is about. live is false where not everybody can
// read it any more.
func (t *Teller) saying(ctx context.Context, q db.Queryer, e outbox.Event) (s saying, live bool, err error) {
	if s.Reply, err = topic.ReplyByID(ctx, q, e.Brand, e.Subject); err != nil {
		return s, false, err
	}
	if s.in, err = topic.ByID(ctx, q, e.Brand, s.Topic); err != nil {
		return s, false, err
	}
	s.space, err = space.ByID(ctx, q, e.Brand, s.in.Space)
	return s, s.State == topic.Live && s.in.State == topic.Live, err
}

// news is what is told of the reply to members, with its number as the mark.
func (s saying) news(k notice.Kind, subject string) notice.News {
	return notice.News{Brand: s.Brand, Kind: k, Subject: subject, Topic: s.Topic, Reply: s.ID, Mark: s.Number}
}

// said tells of a reply, or of a topic with its opening, first those whom it
// concerns in person, each by the strongest reason, then those who follow.
func (t *Teller) said(ctx context.Context, tx *db.Tx, e outbox.Event) error {
	s, live, err := t.saying(ctx, tx, e)
	if err != nil || !live {
		return err
	}
	var data topic.Appeared
	if err := e.Read(&data); err != nil {
		return err
	}
	told := []string{s.Author}
	tell := func(n notice.News, members ...string) error {
		fresh := slices.DeleteFunc(slices.Clone(members), func(id string) bool { return id == "" || slices.Contains(told, id) })
		told = append(told, fresh...)
		return t.tell(ctx, tx, s.in, s.Number, n, fresh)
	}
	if err := tell(s.news(notice.Mentioned, s.ID), data.Mentioned...); err != nil {
		return err
	}
	if s.Number > 1 {
		if err := tell(s.news(notice.Answered, s.Topic), s.in.Author); err != nil {
			return err
		}
		if err := t.answered(ctx, tx, s, tell); err != nil {
			return err
		}
		for _, q := range t.quoted(ctx, tx, s) {
			if err := tell(s.news(notice.Quoted, s.ID), q); err != nil {
				return err
			}
		}
	}
	return t.toFollowers(ctx, tx, follow{Brand: s.Brand, Reply: s.ID, Told: told})
}

// few is how many of those who follow are told at once; a job tells the others.
const few = 20

func (t *Teller) toFollowers(ctx context.Context, tx *db.Tx, f follow) error {
	next, err := t.some(ctx, tx, f, few)
	if err != nil || next == "" {
		return err
	}
	f.After = next
	return job.Insert(ctx, tx, f, 0)
}

// answered tells who wrote the reply that this one answers.
func (t *Teller) answered(ctx context.Context, tx *db.Tx, s saying, tell func(notice.News, ...string) error) error {
	if s.Answers <= 1 {
		return nil
	}
	to, err := topic.ReplyByNumber(ctx, tx, s.Brand, s.Topic, s.Answers)
	if err != nil {
		return nil // it is gone
	}
	n := s.news(notice.Answered, to.ID)
	n.Answers = s.Answers
	return tell(n, to.Author)
}

// A quote begins as markdown.Quote writes it.
var quote = regexp.MustCompile(`(?m)^> \[@[^\]\n]+\]\(#(\d{1,9})\):`)

// mostQuoted is how many quotes of one reply are told of.
const mostQuoted = 20

// quoted are the authors of what a reply quotes of its own topic.
func (t *Teller) quoted(ctx context.Context, q db.Queryer, s saying) []string {
	var out []string
	for _, m := range quote.FindAllStringSubmatch(s.Text, mostQuoted) {
		number, err := strconv.ParseInt(m[1], 10, 64)
		if err != nil {
			continue
		}
		r, err := topic.ReplyByNumber(ctx, q, s.Brand, s.Topic, number)
		if err == nil && r.State == topic.Live && !slices.Contains(out, r.Author) {
			out = append(out, r.Author)
		}
	}
	return out
}

// tell tells members of something in a topic, unless they mute it or have read
// the reply with that number (0: it is nothing to read), and writes the letters.
func (t *Teller) tell(ctx context.Context, tx *db.Tx, in topic.Topic, number int64, n notice.News, members []string) error {
	deaf, err := topic.Deaf(ctx, tx, in, number, members)
	if err != nil {
		return err
	}
	members = slices.DeleteFunc(slices.Clone(members), func(id string) bool { return deaf[id] })
	letters, err := notice.Tell(ctx, tx, n, members)
	if err != nil {
		return err
	}
	return t.write(ctx, tx, n.Brand, letters)
}

// changed tells those whom a reply names since it was changed: who was told
// before that it names them is not told again.
func (t *Teller) changed(ctx context.Context, tx *db.Tx, e outbox.Event) error {
	s, live, err := t.saying(ctx, tx, e)
	if err != nil || !live {
		return err
	}
	var data topic.Appeared
	if err := e.Read(&data); err != nil {
		return err
	}
	others := slices.DeleteFunc(data.Mentioned, func(id string) bool { return id == s.Author })
	return t.tell(ctx, tx, s.in, 0, s.news(notice.Mentioned, s.ID), others)
}

// decided tells the author of what the team decided. That something stays as it
// is is nothing to tell: nobody said that it was flagged. Whoever mutes the topic is told
// all the same, because it is about their own words.
func (t *Teller) decided(ctx context.Context, tx *db.Tx, e outbox.Event) error {
	var data topic.Decided
	if err := e.Read(&data); err != nil || data.Act == topic.Keep {
		return err
	}
	r, err := topic.ReplyByID(ctx, tx, e.Brand, e.Subject)
	if err != nil {
		return err
	}
	letters, err := notice.Tell(ctx, tx, notice.News{Brand: e.Brand, Kind: notice.Decided, Subject: r.ID, Topic: r.Topic, Reply: r.ID, Detail: data.Decision, Mark: int64(e.At)}, []string{r.Author})
	if err != nil {
		return err
	}
	return t.write(ctx, tx, e.Brand, letters)
}

// reacted tells the author that somebody reacted.
func (t *Teller) reacted(ctx context.Context, tx *db.Tx, e outbox.Event) error {
	s, live, err := t.saying(ctx, tx, e)
	if err != nil || !live {
		return err
	}
	n := s.news(notice.Reacted, s.ID)
	n.Mark = int64(e.At)
	return t.tell(ctx, tx, s.in, 0, n, []string{s.Author})
}

// solved tells whose answer was accepted, and who asked where somebody else
// accepted it.
func (t *Teller) solved(ctx context.Context, tx *db.Tx, e outbox.Event) error {
	s, live, err := t.saying(ctx, tx, e)
	if err != nil || !live || s.in.Answer != s.ID {
		return err
	}
	var data topic.Solved
	if err := e.Read(&data); err != nil {
		return err
	}
	for _, one := range []struct {
		kind   notice.Kind
		member string
	}{{notice.Accepted, s.Author}, {notice.Solved, s.in.Author}} {
		if one.member == data.Member || one.kind == notice.Solved && one.member == s.Author {
			continue
		}
		n := s.news(one.kind, s.ID)
		n.Detail, n.Mark = data.Member, int64(e.At)
		if err := t.tell(ctx, tx, s.in, 0, n, []string{one.member}); err != nil {
			return err
		}
	}
	return nil
}

// unpictured tells somebody that the team took their picture away. Each time is
// news of its own.
func (t *Teller) unpictured(ctx context.Context, tx *db.Tx, e outbox.Event) error {
	var data member.Unpictured
	if err := e.Read(&data); err != nil {
		return err
	}
	letters, err := notice.Tell(ctx, tx, notice.News{Brand: e.Brand, Kind: notice.Pictured, Subject: data.Line, Detail: data.Line, Mark: int64(e.At)}, []string{e.Subject})
	if err != nil {
		return err
	}
	return t.write(ctx, tx, e.Brand, letters)
}

// door tells somebody that they were let in, refused or suspended.
func (t *Teller) door(ctx context.Context, tx *db.Tx, e outbox.Event) error {
	m, err := member.ByID(ctx, tx, e.Brand, e.Subject)
	if err != nil || m.State == member.Left || m.State == member.Asking {
		return err
	}
	letters, err := notice.Tell(ctx, tx, notice.News{Brand: e.Brand, Kind: notice.Door, Subject: m.ID, Detail: string(m.State), Mark: int64(e.At)}, []string{m.ID})
	if err != nil {
		return err
	}
	return t.write(ctx, tx, e.Brand, letters)
}

// follow is the job that tells those who follow of a reply, or everybody of an
// announcement.
type follow struct {
	Brand string   `json:"brand"`
	Reply string   `json:"reply"`
	Told  []string `json:"told"`  // who knows already
	After string   `json:"after"` // member; those before are told
}

// Kind names the job.
func (follow) Kind() string { return "tell.follow" }

// chunk is how many are told in one transaction, so that nobody who writes
// waits for thousands.
const chunk = 100

// follow runs at least once: who was told before is passed over.
func (t *Teller) follow(ctx context.Context, f follow) error {
	for {
		var next string
		err := t.DB.Tx(ctx, func(tx *db.Tx) (err error) {
			next, err = t.some(ctx, tx, f, chunk)
			return err
		})
		if fault.Is(err, fault.NotFound) || err == nil && next == "" {
			return nil
		}
		if err != nil {
			return fmt.Errorf("tell: those who follow: %w", err)
		}
		f.After = next
	}
}

// some tells the next few; it returns after whom to go on.
func (t *Teller) some(ctx context.Context, tx *db.Tx, f follow, most int) (next string, err error) {
	s, live, err := t.saying(ctx, tx, outbox.Event{Brand: f.Brand, Subject: f.Reply})
	if err != nil || !live {
		return "", err
	}
	var ids []string
	n := s.news(notice.Replied, s.Topic)
	if s.Number == 1 {
		n.Kind = notice.Begun
	}
	if s.Number == 1 && s.space.Kind == space.Announcements {
		n.Kind = notice.Announced
		if ids, err = member.After(ctx, tx, f.Brand, f.After, most); err == nil && len(ids) == most {
			next = ids[most-1]
		}
	} else {
		ids, next, err = topic.WatchersAfter(ctx, tx, s.in, s.Number == 1, f.After, most)
	}
	if err != nil {
		return "", err
	}
	ids = slices.DeleteFunc(ids, func(id string) bool { return slices.Contains(f.Told, id) })
	return next, t.tell(ctx, tx, s.in, s.Number, n, ids)
}

// round and enrol are the jobs of the clock.
type (
	round struct{}
	enrol struct{}
)

// Kind names the job.
func (round) Kind() string { return "tell.round" }

// Kind names the job.
func (enrol) Kind() string { return "tell.enrol" }

// Work registers the jobs: those who follow are told, and digests are sent.
func (t *Teller) Work(w *job.Workers) {
	job.Handle(w, t.follow)
	job.Handle(w, func(ctx context.Context, _ round) error { return t.Digests(ctx) })
	w.Every(time.Minute, round{})
	job.Handle(w, func(ctx context.Context, _ enrol) error { return t.Enrol(ctx) })
	w.Every(time.Hour, enrol{})
}
