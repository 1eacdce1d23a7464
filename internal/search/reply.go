package search

import (
	"context"
	"database/sql"
	"fmt"
	"unicode/utf8"

	"rapport/internal/db"
)

// leadLong is how long the beginning of a text is, in characters. An opening
// begins with its title.
const leadLong = 100

// leads are the letters by which the words of beginnings stand in the index
// once more, from what a ranked search gives first to what it gives last. With
// what a reply is in the letter, ranking need look at nothing but the words.
var leads = []struct {
	letter          string
	opening, solved bool
	points          int
}{{"q", true, true, 4}, {"o", true, false, 3}, {"s", false, true, 2}, {"l", false, false, 1}}

func (d Doc) leadLetter() string {
	for _, l := range leads {
		if l.opening == d.Opening && l.solved == d.Solved {
			return l.letter
		}
	}
	panic("search: a reply of no sort")
}

// ofReply are the words of the beginning, and what a reply can be asked for by.
func (d Doc) ofReply(words []word) []string {
	var out []string
	mark, end := tag(d.Brand)+d.side.letter(d.leadLetter()), leadEnd(d.Text)
	for _, w := range words {
		if w.end > end {
			break
		}
		out = append(out, mark+w.key)
	}
	out = append(out, attribute("space", d.Space))
	if d.Author != "" {
		out = append(out, attribute("author", d.Author))
	}
	if d.Solved {
		out = append(out, attribute("solved", d.Brand))
	}
	return out
}

// leadEnd is the byte at which the beginning of a text ends.
func leadEnd(text string) int {
	end := 0
	for range leadLong {
		_, size := utf8.DecodeRuneInString(text[end:])
		end += size
	}
	return end
}

// stands is what the text stands in.
func (d Doc) stands() string {
	if d.Kind == Reply {
		return d.Topic
	}
	return d.Conversation
}

// refileAtOnce is how many replies are read at a time.
const refileAtOnce = 200

// Refile says of all replies of a topic in which space they are now, and
// whether the topic is solved, in the caller's transaction. What is so already
// costs nothing; the others are put into the index anew, thousands a second.
func Refile(ctx context.Context, tx *db.Tx, brandID, topicID, spaceID string, solved bool) error {
	for topicID != "" {
		docs, err := misfiled(ctx, tx, brandID, topicID, spaceID, solved)
		if err == nil {
			err = Put(ctx, tx, docs...)
		}
		if err != nil {
			return fmt.Errorf("search: refile: %w", err)
		}
		if len(docs) < refileAtOnce {
			break
		}
	}
	return nil
}

// misfiled are some replies of the topic that say something else, as they
// should be.
func misfiled(ctx context.Context, tx *db.Tx, brandID, topicID, spaceID string, solved bool) ([]Doc, error) {
	docs, err := repliesOf(ctx, tx, `brand_id = $1 AND conversation_id = $2 AND conversation_id <> '' AND kind = $3 AND (space_id <> $4 OR solved <> $5)
		LIMIT $6`, brandID, topicID, Reply, spaceID, solved, refileAtOnce)
	for i := range docs {
		docs[i].Space, docs[i].Solved = spaceID, solved
	}
	return docs, err
}

// repliesOf are those that the index has, to be put in again.
func repliesOf(ctx context.Context, tx *db.Tx, where string, args ...any) ([]Doc, error) {
	rows, err := tx.QueryContext(ctx, `SELECT brand_id, subject, conversation_id, space_id, author_id, opening, solved, text FROM search_doc WHERE `+where, args...)
	return db.Collect(rows, err, func(r *sql.Rows) (Doc, error) {
		d := Doc{Kind: Reply}
		return d, r.Scan(&d.Brand, &d.ID, &d.Topic, &d.Space, &d.Author, &d.Opening, &d.Solved, &d.Text)
	})
}
