package webtest

import (
	"context"
	"time"

	"rapport/internal/network"
)

// Paper is a network that lives in the process and believes every token but
// "wrong". The token is the account's name.
type Paper struct {
	Mentions bool // answers must name whom they are for
}

// Facts describe it.
func (p Paper) Facts() network.Facts {
	return network.Facts{Name: "paper", Title: "Paper", Demo: true, RepeatSafety: "Nothing is sent.", MentionReplies: p.Mentions,
		Fields: []network.Field{{Name: "token", Label: "Access token", Secret: true}}, Options: paperOptions}
}

// Connect answers at once.
func (Paper) Connect(_ context.Context, server string, c network.Credential) (network.Account, error) {
	if c["token"] == "wrong" {
		return network.Account{}, &network.Error{Verdict: network.Unauthorized, Text: "The token is not known."}
	}
	return network.Account{ID: c["token"], Server: server, Handle: "@" + c["token"] + "@paper.example", Name: c["token"],
		URL:    "https://paper.example/@" + c["token"],
		Limits: network.Limits{Text: 500, Unit: network.Graphemes, Images: 4, AltText: 1000, Parts: 25}}, nil
}

// Prepare keeps the seed as the handle.
func (Paper) Prepare(_ context.Context, _ network.Target, _ network.Item, seed string, _ network.Prepared) (network.Prepared, error) {
	return network.Prepared{Handle: seed}, nil
}

// Commit is out at once.
func (Paper) Commit(_ context.Context, _ network.Target, p network.Prepared) (network.Receipt, error) {
	return network.Receipt{Ref: network.Ref{ID: p.Handle}, URL: "https://paper.example/" + p.Handle, At: time.Now()}, nil
}

// Lookup cannot tell.
func (Paper) Lookup(context.Context, network.Target, network.Prepared) (network.Finding, error) {
	return network.Finding{Why: "Paper forgets."}, nil
}

// RepeatHarmless is false.
func (Paper) RepeatHarmless(network.Target, time.Duration) bool { return false }

// paperOptions are some of what networks offer beside a text.
var paperOptions = []network.Option{
	{Name: network.OptionWarning, Label: "Content warning", Help: "Stands in place of the text until a reader opens it.", Longest: 100, Counts: true},
	{Name: network.OptionVisibility, Label: "Who can see it", Choices: []network.OptionChoice{
		{Value: network.Public, Label: "Everyone"}, {Value: network.Unlisted, Label: "Everyone, but in no public timeline"}, {Value: network.Followers, Label: "Followers only"}}},
	{Name: network.OptionLanguage, Label: "Language"},
}
