package conversation

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/search"
)

// Turn is something that happened in the community itself to what a
// conversation began with.
type Turn struct {
	Root    string // what it began with
	What    string // answered, solved, decided, withdrawn; flagged, waits
	Account string // of the team, where somebody of it did it
	Detail  string // id of the member, or of the flag: whose words and name are not kept here
	At      db.Time
}

// Turned notes what happened, and draws the conclusion from it: what was
// answered by another member, solved, decided or moved from among the questions
// needs nobody of the team any more, and what was flagged again needs somebody.
// An answer of another member, or a move, closes nothing that somebody of the
// team looks after. Where there is no such
// conversation nothing happens.
func Turned(ctx context.Context, tx *db.Tx, src Source, t Turn) error {
	c, err := byRoot(ctx, tx, src, t.Root)
	if err != nil || c.ID == "" {
		return err
	}
	after, asks := c, t.What == "flagged" || t.What == "waits"
	switch open := c.State == StateNew || c.State == StateOpen || c.State == StateSnoozed; {
	case asks:
		if c.State == StateDone {
			after.become(tx.Now(), Standing{State: StateOpen})
		} else if t.What == "waits" {
			return nil
		}
	case !open:
		return nil
	case (t.What == "answered" || t.What == "moved") && c.Assignee != "":
	default:
		after.become(tx.Now(), Standing{State: StateDone})
	}
	if !asks && t.What != "moved" { // to move it answers nobody
		if err := answeredBy(ctx, tx, c.ID, t.At, t.Account); err != nil {
			return err
		}
	}
	return turn(ctx, tx, c, after, t.What, t.Account, t.Detail)
}

// Hidden closes what began with something that the team took from everybody's
// eyes: nobody can read an answer there. why is the rule or the reason. What it
// was is kept with the line that says so, for Restored.
func Hidden(ctx context.Context, tx *db.Tx, src Source, root, account, why string) error {
	c, err := byRoot(ctx, tx, src, root)
	if err != nil || c.ID == "" || c.State == StateQuiet {
		return err
	}
	was, err := hiddenAs(ctx, tx, c)
	if err != nil || was.State != "" {
		return err // it is heard again
	}
	after := c
	if c.State != StateDone {
		after.become(tx.Now(), Standing{State: StateDone})
	}
	return turn(ctx, tx, c, after, "hidden", account, fmt.Sprintf("%s %d\n%s", c.State, c.SnoozedUntil, why))
}

// Restored opens what Hidden closed as it was then, unless the team has done
// something else with it since.
func Restored(ctx context.Context, tx *db.Tx, src Source, root, account string) error {
	c, err := byRoot(ctx, tx, src, root)
	if err != nil || c.ID == "" {
		return err
	}
	was, err := hiddenAs(ctx, tx, c)
	if err != nil || was.State == "" {
		return err
	}
	after := c
	if was.State == StateSnoozed && was.Until <= tx.Now() {
		was = Standing{State: StateOpen}
	}
	if c.State == StateDone && was.State != StateDone {
		after.become(tx.Now(), was)
	}
	return turn(ctx, tx, c, after, "restored", account, "")
}

// hiddenAs is what a conversation was when it was hidden; zero where it is not,
// or somebody did something else with it since.
func hiddenAs(ctx context.Context, tx *db.Tx, c Conversation) (was Standing, err error) {
	var what, detail string
	err = tx.QueryRowContext(ctx, `SELECT what, detail FROM conversation_event WHERE conversation_id = $1
		AND what NOT IN ('assigned', 'labelled', 'unlabelled', 'joined') ORDER BY at DESC, id DESC LIMIT 1`, c.ID).Scan(&what, &detail)
	if errors.Is(err, sql.ErrNoRows) || err == nil && what != "hidden" {
		return was, nil
	}
	if err != nil {
		return was, fmt.Errorf("conversation: hidden: %w", err)
	}
	state, _, _ := strings.Cut(detail, "\n")
	state, until, _ := strings.Cut(state, " ")
	ms, err := strconv.ParseInt(until, 10, 64)
	return Standing{State: State(state), Until: db.Time(ms)}, err
}

// turn saves what became of a conversation, and tells of it.
func turn(ctx context.Context, tx *db.Tx, before, after Conversation, what, account, detail string) error {
	if err := keepClock(ctx, tx, before, &after); err != nil {
		return err
	}
	if err := save(ctx, tx, &after); err != nil {
		return err
	}
	return errors.Join(tell(ctx, tx, after, what, account, detail), announce(ctx, tx, after, what))
}

// byRoot is the conversation that began with something of the source's; without
// an id where there is none.
func byRoot(ctx context.Context, tx *db.Tx, src Source, root string) (Conversation, error) {
	c, err := scan(tx.QueryRowContext(ctx, `SELECT `+columns+` FROM conversation c WHERE c.brand_id || '' = $1 AND c.channel_id = $2 AND c.root = $3`, src.Brand, src.Channel, root))
	if errors.Is(err, sql.ErrNoRows) {
		return Conversation{}, nil
	}
	if err != nil {
		return c, fmt.Errorf("conversation: turned: %w", err)
	}
	return c, nil
}

// Tell notes in a conversation what was done with it elsewhere, for its story.
func Tell(ctx context.Context, tx *db.Tx, c Conversation, what, account, detail string) error {
	show(tx, c.Brand, c.ID)
	return tell(ctx, tx, c, what, account, detail)
}

// Reopen opens a conversation again because something needs a person, and says
// what.
func Reopen(ctx context.Context, tx *db.Tx, brandID, id, what string) error {
	c, err := byID(ctx, tx, brandID, id)
	if err != nil {
		return err
	}
	after := c
	if c.State == StateDone || c.State == StateSnoozed {
		after.become(tx.Now(), Standing{State: StateOpen})
	}
	return turn(ctx, tx, c, after, what, "", "")
}

// Forget empties what somebody wrote under one identity, and tells their
// conversations anew without them and without what the team said and was told
// about them. That something was said stays.
func Forget(ctx context.Context, tx *db.Tx, brandID, personID, identityID string) error {
	rows, err := tx.QueryContext(ctx, `UPDATE message SET text = '', warning = '', media = '', url = '', ref = '', person_id = '', identity_id = '', erased_at = $4
		WHERE brand_id = $1 AND person_id = $2 AND person_id <> '' AND identity_id = $3 RETURNING id, conversation_id`, brandID, personID, identityID, tx.Now())
	var conversations []string
	ids, err := db.Collect(rows, err, func(r *sql.Rows) (id string, err error) {
		var in string
		err = r.Scan(&id, &in)
		conversations = append(conversations, in)
		return id, err
	})
	if err != nil {
		return fmt.Errorf("conversation: forget: %w", err)
	}
	slices.Sort(conversations)
	all, err := ByIDs(ctx, tx, brandID, slices.Compact(conversations))
	if err != nil {
		return err
	}
	for _, id := range sortedKeys(all) {
		if all[id].From.Person == personID {
			if err := DropNotes(ctx, tx, brandID, id); err != nil {
				return err
			}
		}
		if err := DropTold(ctx, tx, brandID, id); err != nil {
			return err
		}
		w := &work{Conversation: all[id], was: all[id]}
		if err := w.recount(ctx, tx); err != nil {
			return err
		}
		if err := w.save(ctx, tx); err != nil {
			return err
		}
		if err := Deserted(ctx, tx, brandID, id); err != nil {
			return err
		}
	}
	return search.Drop(ctx, tx, brandID, search.Message, ids...)
}

// DropNotes removes, in the caller's transaction, what the team said to itself
// about a conversation.
func DropNotes(ctx context.Context, tx *db.Tx, brandID, id string) error {
	rows, err := tx.QueryContext(ctx, `DELETE FROM note WHERE brand_id = $1 AND subject = $2 RETURNING id`, brandID, id)
	ids, err := db.Collect(rows, err, func(r *sql.Rows) (id string, err error) { return id, r.Scan(&id) })
	if err == nil {
		_, err = tx.ExecContext(ctx, `DELETE FROM note_mention WHERE brand_id || '' = $1 AND conversation_id = $2`, brandID, id)
	}
	if err != nil {
		return fmt.Errorf("conversation: drop notes: %w", err)
	}
	return search.Drop(ctx, tx, brandID, search.Note, ids...)
}

// DropTold removes, in the caller's transaction, what the team was told about a
// conversation: it names people and repeats their words.
func DropTold(ctx context.Context, tx *db.Tx, brandID, id string) error {
	for _, statement := range []string{
		`DELETE FROM digest_item WHERE brand_id = $1 AND (source IN (SELECT n.source FROM notification n WHERE n.brand_id = $1 AND n.subject = $2)
			OR href LIKE '%/inbox/' || $2 || '%')`, // some are told by a digest alone
		`DELETE FROM letter WHERE brand_id = $1 AND source IN (SELECT n.source FROM notification n WHERE n.brand_id = $1 AND n.subject = $2)`,
		`DELETE FROM notification WHERE brand_id = $1 AND subject = $2`,
	} {
		if _, err := tx.ExecContext(ctx, statement, brandID, id); err != nil {
			return fmt.Errorf("conversation: drop what was told: %w", err)
		}
	}
	return nil
}

// Deserted draws the conclusion from what was erased of a conversation: whose
// words are gone waits for nothing, and where nobody is left to be answered it
// is done.
func Deserted(ctx context.Context, tx *db.Tx, brandID, id string) error {
	c, err := byID(ctx, tx, brandID, id)
	if err != nil {
		return err
	}
	if c.State == StateQuiet || c.State == StateDone {
		return nil
	}
	if _, err = LastIn(ctx, tx, brandID, id); err == nil {
		after := c
		if err := wait(ctx, tx, &after); err != nil || after.WaitingSince == c.WaitingSince {
			return err
		}
		return save(ctx, tx, &after)
	}
	if !fault.Is(err, fault.NotFound) {
		return err
	}
	after := c
	after.become(tx.Now(), Standing{State: StateDone})
	return turn(ctx, tx, c, after, "erased", "", "")
}

// answeredBy marks the running period answered, unless it is.
func answeredBy(ctx context.Context, tx *db.Tx, id string, at db.Time, account string) error {
	_, err := tx.ExecContext(ctx, `UPDATE period SET answered_at = $2, answered_by = $3 WHERE conversation_id = $1 AND answered_at = 0 AND closed_at = 0 AND opened_at <= $2`, id, at, account)
	if err != nil {
		return fmt.Errorf("conversation: clock: %w", err)
	}
	return nil
}

// Knows reports whether something of a channel's is known here, by the
// network's id.
func Knows(ctx context.Context, q db.Queryer, channelID, remoteID string) (yes bool, err error) {
	err = q.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM message WHERE channel_id = $1 AND remote_id = $2 AND remote_id <> '')`, channelID, remoteID).Scan(&yes)
	if err != nil {
		return false, fmt.Errorf("conversation: knows: %w", err)
	}
	return yes, nil
}
