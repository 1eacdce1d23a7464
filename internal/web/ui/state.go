package ui

import (
	"context"
	"strings"

	"rapport/internal/i18n"
)

// State is how a state is shown, the same everywhere: one word, one icon, one
// tone, what it means and what happens next.
type State struct {
	Word   string
	Icon   string
	Tone   Tone
	Means  string
	Next   string
	Moving bool // something is under way right now
}

var deliveries = map[string]State{
	"scheduled": {"scheduled", "clock", Info, "It has a time and everything it needs.", "It goes out by itself at that time.", false},
	"claimed":   {"starting", "loader-circle", Wait, "Its time has come and the work has begun.", "Pictures and text are handed over next.", true},
	"preparing": {"preparing", "cloud-upload", Wait, "Pictures and videos are on their way to the network.", "The post itself is sent when they are there.", false},
	"sending":   {"sending", "loader-circle", Wait, "The post is being handed over at this moment.", "The network's answer decides what comes next.", true},
	"pending":   {"pending", "hourglass", Wait, "The network has accepted it and is still working on it.", "Rapport looks again until it is public.", false},
	"published": {"published", "circle-check", Good, "It is public on the network.", "", false},
	"removed":   {"removed", "trash-2", Quiet, "It was public and has been taken down.", "", false},
	"rejected":  {"rejected", "circle-x", Bad, "The network refused it and nothing is public.", "Read the reason, change the post and send it again.", false},
	"unknown":   {"unknown", "circle-help", Warn, "The answer was lost, so it may or may not be public.", "Look on the network, then say which it is.", false},
	"missed":    {"missed", "clock-alert", Warn, "Its time passed while it could not be sent.", "Send it now, give it a new time or drop it.", false},
	"cancelled": {"cancelled", "ban", Quiet, "It was taken off the plan before it went out.", "", false},
	"held":      {"held", "octagon-pause", Warn, "Everything of this brand is on hold.", "It waits until someone ends the hold.", false},
}

// DeliveryState is how a delivery's state is shown. A delivery that is
// scheduled behind a hold is shown as "held".
func DeliveryState(name string) State { return named(deliveries, name) }

var posts = map[string]State{
	"draft":     {"draft", "circle-dashed", Quiet, "Only the team sees it.", "Schedule it or ask for a review.", false},
	"in_review": {"in review", "eye", Wait, "Someone is to look at it before it may go out.", "It cannot go out until it is approved.", false},
	"sent_back": {"sent back", "undo-2", Warn, "Somebody who approves asks for a change.", "Change it and submit it again.", false},
	"approved":  {"approved", "check-check", Good, "It may go out.", "A change of the text asks for a new approval.", false},
}

// PostState is how a post's state is shown.
func PostState(name string) State { return named(posts, name) }

var channels = map[string]State{
	"connected":       {"connected", "circle-check", Good, "Rapport may post and read here.", "", false},
	"needs_attention": {"needs attention", "unplug", Bad, "The network no longer accepts our access.", "Connect it again; what is planned waits.", false},
	"unreachable":     {"not reachable", "unlink", Warn, "Its server has not answered several times in a row.", "Rapport goes on trying. Check it now, or look whether the server is up.", false},
	"removed":         {"removed", "trash-2", Quiet, "Rapport has no access any more.", "Its history is kept; connect the same account to go on.", false},
	"paused":          {"paused", "circle-pause", Quiet, "Nothing goes out here.", "Resume it when you are ready.", false},
}

// ChannelState is how a channel's state is shown.
func ChannelState(name string) State { return named(channels, name) }

var conversations = map[string]State{
	"new":     {"new", "circle-dot", Info, "Nobody of the team has opened it yet.", "It becomes open when somebody does.", false},
	"open":    {"open", "message-circle", Wait, "Somebody has opened it and it is not done.", "Answer it, snooze it or call it done.", false},
	"snoozed": {"snoozed", "alarm-clock", Quiet, "It is put off until a time.", "It comes back then, and at once when somebody writes.", false},
	"done":    {"done", "circle-check", Good, "Nothing more is to be done.", "It opens again by itself when somebody writes.", false},
	"quiet":   {"quiet", "circle-dashed", Quiet, "Only the brand has spoken so far.", "It becomes new when somebody answers.", false},
}

// ConversationState is how a conversation's state is shown.
func ConversationState(name string) State { return named(conversations, name) }

// ConversationStates lists the states of a conversation in the order of its
// life.
func ConversationStates() []string { return []string{"new", "open", "snoozed", "done", "quiet"} }

func named(states map[string]State, name string) State {
	if s, ok := states[name]; ok {
		return s
	}
	return State{Word: name, Icon: "circle", Tone: Quiet, Means: name}
}

// DeliveryStates lists every state a delivery can show, in the order of its
// life.
func DeliveryStates() []string {
	return []string{"scheduled", "held", "claimed", "preparing", "sending", "pending", "published",
		"removed", "rejected", "unknown", "missed", "cancelled"}
}

// PostStates lists the states of a post in the order of its life.
func PostStates() []string { return []string{"draft", "in_review", "sent_back", "approved"} }

// ChannelStates lists the states of a channel.
func ChannelStates() []string { return []string{"connected", "needs_attention", "paused"} }

// hint is the text of a state's tooltip in the reader's language.
func hint(ctx context.Context, s State) string {
	text := i18n.T(ctx, s.Means)
	if s.Next != "" {
		text += " " + i18n.T(ctx, s.Next)
	}
	return strings.TrimSpace(text)
}
