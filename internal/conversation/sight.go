package conversation

import (
	"context"
	"fmt"

	"rapport/internal/access"
	"rapport/internal/db"
)

// Sight is what an account sees of that about which the team must decide:
// nothing, all of it, or what stands in some spaces.
type Sight struct {
	brand  string
	looks  bool     // it looks after the community
	spaces []string // in these; none are all
}

// SightOf is what the account sees in the brand now.
func SightOf(now db.Time, who access.Who, brandID string) Sight {
	return Sight{brand: brandID, looks: who.May(now, brandID, access.TopicModerate) == nil, spaces: who.Channels(now, brandID)}
}

// Whole reports whether all of it is seen.
func (s Sight) Whole() bool { return s.looks && len(s.spaces) == 0 }

// Where is the condition that a conversation c is seen, with its arguments
// added; "" where it always is. What must be decided stands for a reply, which
// is named by the beginning of the conversation, behind five characters that
// say which of both it is.
func (s Sight) Where(args *[]any) string {
	if s.Whole() {
		return ""
	}
	list := func(all []string) string {
		from := len(*args) + 1
		for _, one := range all {
			*args = append(*args, one)
		}
		return db.In(from, len(all))
	}
	text := `c.kind NOT IN (` + list(looked) + `)`
	if s.looks {
		text = `(` + text + ` OR EXISTS (SELECT 1 FROM reply seen WHERE seen.id = SUBSTR(c.root, 6) AND seen.brand_id = c.brand_id AND seen.space_id IN (` + list(s.spaces) + `)))`
	}
	return text
}

// Sees reports whether one conversation is seen, its channel aside.
func (s Sight) Sees(ctx context.Context, q db.Queryer, c Conversation) (bool, error) {
	if !c.ToLook() || s.Whole() {
		return true, nil
	}
	args := []any{s.brand, c.ID}
	where := s.Where(&args)
	var n int
	err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM conversation c WHERE c.brand_id = $1 AND c.id = $2 AND `+where, args...).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("conversation: sight: %w", err)
	}
	return n == 1, nil
}
