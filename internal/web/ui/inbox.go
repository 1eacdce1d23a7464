package ui

import (
	"context"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/a-h/templ"

	"rapport/internal/i18n"
)

// Queue is a place of the inbox where conversations wait.
type Queue struct {
	Label  string
	Icon   string
	Glyph  string // a network's mark instead of an icon
	Hue    string // of a label: a dot in its colour instead of an icon
	Href   string
	Count  int
	Urgent bool // its count asks for someone
	Active bool
}

// Label is a word that the team put on a conversation.
type Label struct {
	Name string
	Hue  int // degrees
}

// hueClass is the nearest of the twelve hues that labels are shown in.
func (l Label) hueClass() string { return LabelHue(l.Hue) }

// LabelHue names the nearest of the twelve hues that labels are shown in.
func LabelHue(degrees int) string {
	degrees = ((degrees % 360) + 360) % 360
	return strconv.Itoa((degrees + 15) / 30 % 12)
}

// WaitingArgs describe how long somebody has been without an answer.
type WaitingArgs struct {
	Now, Since time.Time
	Who        string // who waits; "" where it does not matter
}

// The times after which waiting is shown in another hue.
const (
	waitLong    = time.Hour
	waitLonger  = 4 * time.Hour
	waitTooLong = 24 * time.Hour
)

func (w WaitingArgs) tone() string {
	switch d := w.Now.Sub(w.Since); {
	case d >= waitTooLong:
		return string(Bad)
	case d >= waitLonger:
		return string(Warn)
	case d >= waitLong:
		return string(Wait)
	}
	return string(Quiet)
}

// hint says what the clock counts.
func (w WaitingArgs) hint(ctx context.Context) string {
	since := i18n.DateTime(ctx, w.Since)
	if w.Who == "" {
		return i18n.T(ctx, "Since {{.Time}}: the first message after your last answer. The first public answer stops the clock.", "Time", since)
	}
	return i18n.T(ctx, "{{.Name}} wrote at {{.Time}}, the first message after your last answer. The first public answer stops the clock.", "Name", w.Who, "Time", since)
}

// Stretch says how long something has lasted, in its two largest units:
// "2 h 10 min".
func Stretch(ctx context.Context, d time.Duration) string {
	minutes := max(int(d.Minutes()), 0)
	days, hours, rest := minutes/(24*60), minutes/60%24, minutes%60
	switch {
	case days > 0 && hours > 0:
		return i18n.T(ctx, "{{.Days}} d {{.Hours}} h", "Days", days, "Hours", hours)
	case days > 0:
		return i18n.T(ctx, "{{.Days}} d", "Days", days)
	case hours > 0 && rest > 0:
		return i18n.T(ctx, "{{.Hours}} h {{.Minutes}} min", "Hours", hours, "Minutes", rest)
	case hours > 0:
		return i18n.T(ctx, "{{.N}} h", "N", hours)
	}
	return i18n.T(ctx, "{{.N}} min", "N", rest)
}

// ConversationArgs describe a line of the list of conversations.
type ConversationArgs struct {
	ID       string
	Href     string
	Name     string // who began it
	Network  string
	Channel  string // handle of the brand's account
	Kind     string // what it is, where that needs a word
	KindIcon string
	Excerpt  string
	State    State
	Fresh    bool // nobody has taken it up
	Now, At  time.Time
	Waiting  time.Time // since when somebody waits; zero for nobody
	Until    time.Time // where it is snoozed
	Assignee string    // name; "" for nobody
	Mine     bool
	Messages int
	Labels   []Label
	Open     bool // it is the one that shows beside the list
	Choose   bool // it can be chosen
	Chosen   bool
}

// Attached is a picture or film in a message. It lies with the network, and
// nothing of it is loaded until somebody follows the link.
type Attached struct {
	Kind string // image, video, audio, other
	Alt  string
	Href string
}

func (a Attached) icon() string {
	switch a.Kind {
	case "image":
		return "image"
	case "video":
		return "video"
	}
	return "file-text"
}

func (a Attached) label(ctx context.Context) string {
	if a.Alt != "" {
		return a.Alt
	}
	switch a.Kind {
	case "image":
		return i18n.T(ctx, "Picture without a description")
	case "video":
		return i18n.T(ctx, "Film without a description")
	case "audio":
		return i18n.T(ctx, "Sound without a description")
	}
	return i18n.T(ctx, "Attachment without a description")
}

// MessageArgs describe a message in a thread.
type MessageArgs struct {
	ID         string
	Depth      int    // 0 to 3; what lies deeper is shown at 3
	Answering  string // whom it answers, where its place does not show it
	Name       string
	Handle     string
	Href       string // of the author, in the studio or on the network
	Network    string
	Own        bool   // the brand wrote it
	By         string // who of the team wrote it
	Echo       string // says that it was written with another program
	Text       string
	Warning    string // the author's content warning
	Language   string
	Media      []Attached
	Link       string // where the message itself lives
	Visibility string // as network.Visibility
	Now, At    time.Time
	Edited     time.Time // zero if it never was
	Erased     bool      // its author was erased here, at the time of Removed
	Removed    time.Time // when it was seen to be gone; zero if it is there
	Gone       string    // says so, where it is not as on a network
	State      *State    // of an answer on its way
	Failure    string    // why an answer is not out, for a person
	Fresh      bool      // it came since the last answer
}

func (m MessageArgs) depth() string { return strconv.Itoa(min(max(m.Depth, 0), 3)) }

func (m MessageArgs) kind() string {
	if m.Own {
		return "own"
	}
	return "theirs"
}

// failureTone is that of the state an answer is stuck in.
func (m MessageArgs) failureTone() string {
	if m.State == nil {
		return string(Bad)
	}
	return string(m.State.Tone)
}

// visibility is a message's reach as a word, an icon and a sentence.
type visibility struct{ Word, Icon, Means string }

var visibilities = map[string]visibility{
	"unlisted":  {"unlisted", "eye-off", "Public, but in no public timeline."},
	"followers": {"followers only", "users", "Only the author's followers and those it names can read it."},
	"direct":    {"direct", "mail", "Only those it names can read it."},
}

// reach returns how a visibility is shown; public is not, since most is.
func reach(name string) (visibility, bool) {
	v, ok := visibilities[name]
	return v, ok
}

// long is from how many runes on a message is folded, and folded how many show.
const (
	long   = 1600
	folded = 700
)

func isLong(text string) bool { return len(text) > long && utf8.RuneCountInString(text) > long }

// start is the beginning of a long text.
func start(text string) string {
	n := 0
	for i := range text {
		if n == folded {
			return text[:i] + "…"
		}
		n++
	}
	return text
}

// run is a stretch of text, or an address in it.
type run struct{ Text, Href string }

var address = regexp.MustCompile(`https?://[^\s<>"“”]+[^\s<>"“”.,;:!?)\]'’]`)

// linked splits a text at its addresses.
func linked(text string) []run {
	var out []run
	end := 0
	for _, at := range address.FindAllStringIndex(text, 200) {
		if at[0] > end {
			out = append(out, run{Text: text[end:at[0]]})
		}
		out = append(out, run{text[at[0]:at[1]], text[at[0]:at[1]]})
		end = at[1]
	}
	return append(out, run{Text: text[end:]})
}

// away are the attributes of a link that leaves for what somebody else wrote.
func away() templ.Attributes {
	return templ.Attributes{"target": "_blank", "rel": "noopener noreferrer nofollow ugc"}
}

// leaves are the attributes of a link that may leave.
func leaves(href string) templ.Attributes {
	if strings.HasPrefix(href, "/") {
		return nil
	}
	return away()
}

// NoteArgs describe what somebody of the team wrote for the team alone.
type NoteArgs struct {
	ID      string
	By      string
	Text    string
	Now, At time.Time
}

// HappenedArgs describe a line about what became of a conversation.
type HappenedArgs struct {
	Icon    string
	Text    string
	Now, At time.Time
}

// PresenceArgs name who else has a conversation or a post open.
type PresenceArgs struct {
	Looking []string
	Writing []string
	Edits   bool // those who write change a text that is shared, and answer nobody
}

// words says it in one line; "" where nobody else is there.
func (p PresenceArgs) words(ctx context.Context) string {
	switch {
	case len(p.Writing) == 1 && p.Edits:
		return i18n.T(ctx, "{{.Name}} is editing", "Name", p.Writing[0])
	case len(p.Writing) > 1 && p.Edits:
		return i18n.T(ctx, "{{.Name}} and {{.N}} more are editing", "Name", p.Writing[0], "N", len(p.Writing)-1)
	case len(p.Writing) == 1:
		return i18n.T(ctx, "{{.Name}} is writing an answer", "Name", p.Writing[0])
	case len(p.Writing) > 1:
		return i18n.T(ctx, "{{.Name}} and {{.N}} more are writing", "Name", p.Writing[0], "N", len(p.Writing)-1)
	case len(p.Looking) == 1:
		return i18n.T(ctx, "{{.Name}} is looking at this", "Name", p.Looking[0])
	case len(p.Looking) == 2:
		return i18n.T(ctx, "{{.Name}} and {{.Other}} are looking at this", "Name", p.Looking[0], "Other", p.Looking[1])
	case len(p.Looking) > 2:
		return i18n.T(ctx, "{{.Name}} and {{.N}} more are looking at this", "Name", p.Looking[0], "N", len(p.Looking)-1)
	}
	return ""
}

// PostedArgs describe the brand's own post that a thread stands below.
type PostedArgs struct {
	Title   string // "Your post on Mastodon"
	Text    string
	Href    string // its page here; "" where it is not known here
	Link    string // where it lives
	Picture templ.Component
	Now, At time.Time
}
