// Package post is a piece of social content: its parts, its variant for each
// channel, and the way from a draft to a schedule. What happens once it is
// scheduled is the delivery's matter.
package post

import (
	"cmp"
	"slices"
	"strings"

	"rapport/internal/db"
	"rapport/internal/network"
)

// The states of a post.
const (
	StateDraft    = "draft"
	StateInReview = "in_review"
	StateApproved = "approved" // the revision in Approved may be sent
)

// Part is one post of a thread, or the first comment.
type Part struct {
	Kind  network.PartKind `json:"kind,omitempty"` // "" is a post
	Text  string           `json:"text"`
	Media []string         `json:"media,omitempty"` // ids of pictures, in order
}

// Body is what is said, in order.
type Body struct {
	Parts []Part `json:"parts"`
}

// Variant is the post as one channel gets it.
type Variant struct {
	Channel string
	Body    *Body             // nil: as the post
	Options map[string]string // what the network offers beside the text
}

// Input is what a person may change of a post.
type Input struct {
	Body      Body
	Variants  []Variant
	PlannedAt db.Time // a draft's wished time; 0 is none. A scheduled post keeps its time
}

// The kinds of post.
const (
	KindPost  = "post"
	KindReply = "reply" // an answer in a conversation; it is in no list of posts
)

// Imported is the Origin of a post that another program published.
const Imported = "imported"

// Post is one row with its variants.
type Post struct {
	ID, Brand            string
	State                string
	Body                 Body
	Excerpt              string // first line of the first part, shortened
	Revision             int64  // grows with every change of what is sent
	Approved             int64  // the revision that was approved; 0 is none
	PlannedAt            db.Time
	Author               string // account id; "" for the program
	CreatedAt, UpdatedAt db.Time
	DeletedAt            db.Time
	Kind                 string       // KindPost where empty
	Origin               string       // "" was written here, or Imported
	Answers              *network.Ref // what a reply answers
	Conversation         string       // of a reply
	Variants             []Variant

	Editor      string  // account that wrote the revision; "" is the author
	SubmittedBy string  // account that asked for approval last
	SubmittedAt db.Time // 0: never
	SentBackAt  db.Time // 0 once it is submitted again
	Approval    string  // of the approved revision: ApprovalOpen, ApprovalGiven
	ApprovedBy  string  // account
	ApprovedAt  db.Time
	Rule        int64 // version of the brand's rule it was approved under
}

// Channels are the ids of the channels the post is for, in order.
func (p Post) Channels() []string { return channelsOf(p.Variants) }

// Input is the post as Save takes it.
func (p Post) Input() Input {
	return Input{Body: p.Body, Variants: p.Variants, PlannedAt: p.PlannedAt}
}

// ContentFor is what the channel gets: its variant's body, or the post's.
func (p Post) ContentFor(channelID string) Body {
	for _, v := range p.Variants {
		if v.Channel == channelID && v.Body != nil {
			return *v.Body
		}
	}
	return p.Body
}

// ItemsFor is what the channel gets as networks take it, with the pictures by
// id. A picture that is not among them is left out. The language is the
// variant's own where it has one.
func (p Post) ItemsFor(channelID, language string, pictures map[string]network.Media) []network.Item {
	var options map[string]string
	for _, v := range p.Variants {
		if v.Channel == channelID {
			options = v.Options
		}
	}
	language = cmp.Or(options[network.OptionLanguage], language)
	return p.ContentFor(channelID).items(language, options, pictures)
}

func (b Body) items(language string, options map[string]string, pictures map[string]network.Media) []network.Item {
	out := make([]network.Item, len(b.Parts))
	for i, part := range b.Parts {
		out[i] = network.Item{Kind: part.Kind, Text: part.Text, Language: language, Options: options}
		for _, id := range part.Media {
			if m, ok := pictures[id]; ok {
				out[i].Media = append(out[i].Media, m)
			}
		}
	}
	return out
}

// Media are the ids of all pictures of the post and its variants, each once.
func (in Input) Media() []string {
	var out []string
	for _, b := range in.bodies() {
		for _, part := range b.Parts {
			out = append(out, part.Media...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// bodies are the post's and those of the variants that have their own.
func (in Input) bodies() []Body {
	out := []Body{in.Body}
	for _, v := range in.Variants {
		if v.Body != nil {
			out = append(out, *v.Body)
		}
	}
	return out
}

func channelsOf(vs []Variant) []string {
	out := make([]string, len(vs))
	for i, v := range vs {
		out[i] = v.Channel
	}
	return out
}

const longestExcerpt = 140

// excerpt is the first line that says something, in the post or, where the
// post has only variants' texts, in them.
func (in Input) excerpt() string {
	for _, b := range in.bodies() {
		for _, part := range b.Parts {
			if line := firstLine(part.Text); line != "" {
				return line
			}
		}
	}
	return ""
}

func firstLine(text string) string {
	for line := range strings.Lines(text) {
		line = strings.Join(strings.Fields(line), " ")
		if r := []rune(line); len(r) > longestExcerpt {
			return strings.TrimSpace(string(r[:longestExcerpt-1])) + "…"
		}
		if line != "" {
			return line
		}
	}
	return ""
}

// search is every text in lower case, for the list's filter.
func (in Input) search() string {
	var b strings.Builder
	for _, body := range in.bodies() {
		for _, part := range body.Parts {
			b.WriteString(strings.ToLower(part.Text))
			b.WriteByte('\n')
		}
	}
	return b.String()
}
