package conversation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/audit"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/outbox"
)

// BulkMost is how many conversations one act may change.
const BulkMost = 200

// longestSnooze is how far ahead a conversation may be put off.
const longestSnooze = 366 * 24 * time.Hour

// Standing is the state to give a conversation.
type Standing struct {
	State State
	Until db.Time // for StateSnoozed
	// Seen is Conversation.LastAt as the caller saw it: if somebody has written
	// since, the conversation is not put aside unread. 0 asks for no such care.
	Seen db.Time
}

// Open makes a new conversation an open one, because somebody who may handle it
// looks at it. Any other state, and a reader who may not, changes nothing.
func Open(ctx context.Context, d *db.DB, who access.Who, brandID, id string) (Conversation, error) {
	c, err := ByID(ctx, d, who, brandID, id)
	if err != nil || c.State != StateNew || who.May(d.Now(), brandID, access.ConversationWrite, c.Channel) != nil {
		return c, err
	}
	change, err := one(ctx, d, who, brandID, id, 0, func(_ context.Context, tx *db.Tx, c *Conversation) (string, string, error) {
		if c.State != StateNew {
			return "", "", nil // somebody was faster
		}
		return c.become(tx.Now(), Standing{State: StateOpen}), "", nil
	})
	return change.After, err
}

// SetState gives a conversation another state. revision is the one the caller
// saw, or 0 to change it whatever it was: a stored one that differs is
// fault.Conflict. Giving it the state it has changes nothing.
func SetState(ctx context.Context, d *db.DB, who access.Who, brandID, id string, revision int64, to Standing) (Change, error) {
	if err := to.check(d.Now()); err != nil {
		return Change{}, err
	}
	return one(ctx, d, who, brandID, id, revision, to.act)
}

// SetStates gives many conversations the same state, all or none, and returns
// what changed.
func SetStates(ctx context.Context, d *db.DB, who access.Who, brandID string, ids []string, to Standing) ([]Change, error) {
	if err := to.check(d.Now()); err != nil {
		return nil, err
	}
	return many(ctx, d, who, brandID, ids, to.act)
}

func (to Standing) check(now db.Time) error {
	switch {
	case !slices.Contains(States, to.State):
		return fault.OnField("state", "There is no such state of a conversation. Choose one of: new, open, snoozed, done.")
	case to.State == StateSnoozed && (to.Until <= now || to.Until > now.Add(longestSnooze)):
		return fault.OnField("until", "Choose a time that is still to come, within a year.")
	}
	return nil
}

func (to Standing) act(_ context.Context, tx *db.Tx, c *Conversation) (what, detail string, err error) {
	if c.State == to.State && (to.State != StateSnoozed || c.SnoozedUntil == to.Until) {
		return "", "", nil
	}
	if to.Seen > 0 && c.LastInAt > to.Seen && to.State != StateOpen {
		return "", "", fault.New(fault.Conflict, "Somebody wrote here since you looked. Read that first.")
	}
	if to.State == StateSnoozed {
		detail = strconv.FormatInt(int64(to.Until), 10)
	}
	return c.become(tx.Now(), to), detail, nil
}

// become changes the state and says what that is called.
func (c *Conversation) become(now db.Time, to Standing) (what string) {
	switch {
	case to.State == StateOpen && c.State == StateNew:
		what = "opened"
	case to.State == StateOpen && c.State == StateSnoozed:
		what = "woke"
	case to.State == StateOpen:
		what = "reopened"
	case to.State == StateNew:
		what = "put_back"
	default:
		what = string(to.State)
	}
	c.State, c.StateAt, c.SnoozedUntil = to.State, now, 0
	if to.State == StateSnoozed {
		c.SnoozedUntil = to.Until
	}
	return what
}

// Assign makes an account of the team look after a conversation; "" is nobody.
// Whoever cannot see the channel or handle conversations cannot be assigned.
func Assign(ctx context.Context, d *db.DB, who access.Who, brandID, id string, revision int64, accountID string) (Change, error) {
	team, err := handlers(ctx, d, who, brandID, accountID)
	if err != nil {
		return Change{}, err
	}
	return one(ctx, d, who, brandID, id, revision, assign(who, team, accountID))
}

// AssignAll makes an account look after many conversations, all or none.
func AssignAll(ctx context.Context, d *db.DB, who access.Who, brandID string, ids []string, accountID string) ([]Change, error) {
	team, err := handlers(ctx, d, who, brandID, accountID)
	if err != nil {
		return nil, err
	}
	return many(ctx, d, who, brandID, ids, assign(who, team, accountID))
}

// handlers returns the team, if it needs to be asked.
func handlers(ctx context.Context, d *db.DB, who access.Who, brandID, accountID string) ([]account.Member, error) {
	if accountID == "" {
		return nil, nil
	}
	return account.Team(ctx, d, who, brandID)
}

func assign(who access.Who, team []account.Member, accountID string) act {
	return func(ctx context.Context, tx *db.Tx, c *Conversation) (what, detail string, err error) {
		if c.Assignee == accountID {
			return "", "", nil
		}
		if accountID != "" && !can(tx.Now(), team, accountID, access.ConversationWrite, c.Channel) {
			return "", "", fault.OnField("assignee", "This account cannot handle the conversation. Choose somebody of the team who may answer on its channel.")
		}
		c.Assignee = accountID
		if accountID == "" || accountID == who.Account {
			return "assigned", accountID, nil
		}
		return "assigned", accountID, outbox.Add(ctx, tx, outbox.Event{Brand: c.Brand, Kind: "conversation.assigned", Subject: c.ID,
			Data: map[string]string{"account": accountID, "by": who.Account}})
	}
}

// can reports whether an account of the team may do this on the channel.
func can(now db.Time, team []account.Member, accountID string, a access.Action, channel string) bool {
	for _, m := range team {
		if m.ID == accountID && m.DisabledAt == 0 {
			return access.Who{Account: m.ID, Grants: []access.Grant{m.Grant}}.May(now, m.Grant.Brand, a, channel) == nil
		}
	}
	return false
}

// Undo takes changes back. What somebody has changed since stays as it is;
// done is how many were taken back.
func Undo(ctx context.Context, d *db.DB, who access.Who, brandID string, all []Was) (done int, err error) {
	ids, was := make([]string, len(all)), map[string]Was{}
	for i, w := range all {
		ids[i], was[w.ID] = w.ID, w
	}
	changes, err := many(ctx, d, who, brandID, ids, func(_ context.Context, tx *db.Tx, c *Conversation) (string, string, error) {
		w := was[c.ID]
		if c.Revision != w.Revision || !slices.Contains(States, w.State) {
			return "", "", nil
		}
		to := Standing{State: w.State, Until: w.Until}
		if to.State == StateSnoozed && to.Until <= tx.Now() {
			to = Standing{State: StateOpen}
		}
		what := "assigned"
		if c.State != to.State || c.SnoozedUntil != to.Until {
			what = c.become(tx.Now(), to)
		}
		detail := ""
		if c.Assignee = w.Assignee; what == "assigned" {
			detail = w.Assignee
		}
		return what, detail, nil
	})
	return len(changes), err
}

// act changes a conversation in a transaction and says what that is called.
// Without a word nothing was changed.
type act func(ctx context.Context, tx *db.Tx, c *Conversation) (what, detail string, err error)

func one(ctx context.Context, d *db.DB, who access.Who, brandID, id string, revision int64, do act) (Change, error) {
	var out Change
	err := d.Tx(ctx, func(tx *db.Tx) (err error) {
		c, err := may(ctx, tx, who, brandID, id, access.ConversationWrite)
		if err != nil {
			return err
		}
		if revision != 0 && revision != c.Revision {
			return changedSince()
		}
		out, err = apply(ctx, tx, who, c, do)
		return err
	})
	return out, err
}

func many(ctx context.Context, d *db.DB, who access.Who, brandID string, ids []string, do act) ([]Change, error) {
	if err := who.May(d.Now(), brandID, access.ConversationWrite); err != nil {
		return nil, err
	}
	if len(ids) > BulkMost {
		return nil, fault.OnField("ids", "Choose at most %d conversations at once.", BulkMost)
	}
	var out []Change
	err := d.Tx(ctx, func(tx *db.Tx) error {
		out = nil
		for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) {
			c, err := may(ctx, tx, who, brandID, id, access.ConversationWrite)
			if err != nil {
				return err
			}
			change, err := apply(ctx, tx, who, c, do)
			if err != nil {
				return err
			}
			if change.After.Revision != change.Before.Revision {
				out = append(out, change)
			}
		}
		return nil
	})
	return out, err
}

func apply(ctx context.Context, tx *db.Tx, who access.Who, c Conversation, do act) (Change, error) {
	out := Change{Before: c, After: c}
	what, detail, err := do(ctx, tx, &out.After)
	if err != nil || what == "" {
		return out, err
	}
	if err := keepClock(ctx, tx, c, &out.After); err != nil {
		return out, err
	}
	if err := save(ctx, tx, &out.After); err != nil {
		return out, err
	}
	if err := logged(ctx, tx, who, out.After, what); err != nil {
		return out, err
	}
	return out, errors.Join(tell(ctx, tx, out.After, what, who.Account, detail), announce(ctx, tx, out.After, what))
}

// announce tells other programs what was done.
func announce(ctx context.Context, tx *db.Tx, c Conversation, what string) error {
	return outbox.Add(ctx, tx, outbox.Event{Brand: c.Brand, Kind: "conversation.changed", Subject: c.ID, Data: map[string]string{"what": what}})
}

// logged writes down what somebody did. That a conversation was opened is no
// act.
func logged(ctx context.Context, tx *db.Tx, who access.Who, c Conversation, what string) error {
	e := audit.Entry{Brand: c.Brand, Act: "conversation.changed", Subject: c.ID, Detail: map[string]string{"state": string(c.State)}}
	switch what {
	case "opened":
		return nil
	case "assigned":
		e.Act, e.Detail = "conversation.assigned", map[string]string{"to": c.Assignee}
	case "labelled", "unlabelled":
		e.Act, e.Detail = "conversation."+what, nil
	}
	return audit.Record(ctx, tx, who, e)
}

// Wake opens what was put off until now, on all brands, and returns how many
// there were. It is safe to run on several nodes.
func Wake(ctx context.Context, d *db.DB) (n int, err error) {
	var due bool
	err = d.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM conversation WHERE state = 'snoozed' AND snoozed_until <= $1)`, d.Now()).Scan(&due)
	if err != nil || !due {
		return 0, err
	}
	err = d.Tx(ctx, func(tx *db.Tx) error {
		n = 0
		rows, err := tx.QueryContext(ctx, `SELECT `+columns+` FROM conversation c WHERE c.state = 'snoozed' AND c.snoozed_until <= $1
			ORDER BY c.snoozed_until LIMIT 500`, tx.Now())
		all, err := db.Collect(rows, err, scanRows)
		if err != nil {
			return fmt.Errorf("conversation: wake: %w", err)
		}
		for _, c := range all {
			what := c.become(tx.Now(), Standing{State: StateOpen})
			if err := save(ctx, tx, &c); err != nil {
				return err
			}
			if err := errors.Join(tell(ctx, tx, c, what, "", ""), announce(ctx, tx, c, what)); err != nil {
				return err
			}
			if err := outbox.Add(ctx, tx, outbox.Event{Brand: c.Brand, Kind: "conversation.woke", Subject: c.ID, Data: map[string]string{"account": c.Assignee}}); err != nil {
				return err
			}
			n++
		}
		return nil
	})
	return n, err
}
