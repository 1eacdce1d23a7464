package api

import (
	"context"
	"net/http"

	"rapport/internal/access"
	"rapport/internal/network"
)

// Network is a network that channels can be connected on.
type Network struct {
	Name         string         `json:"name" doc:"As other requests call it." example:"demo"`
	Title        string         `json:"title"`
	Demo         bool           `json:"demo" doc:"Nothing leaves this machine."`
	Credentials  []NetworkField `json:"credentials" nullable:"false" doc:"What connecting a channel asks for."`
	RepeatSafety string         `json:"repeat_safety" doc:"What happens when a post arrives there twice."`
	AbsentWhen   string         `json:"absent_when,omitempty" doc:"When it is certain that something is not out. Missing: never."`
}

// NetworkField is one thing that connecting asks for.
type NetworkField struct {
	Name     string `json:"name"`
	Label    string `json:"label"`
	Help     string `json:"help,omitempty"`
	Secret   bool   `json:"secret"`
	Optional bool   `json:"optional"`
}

func networkView(n network.Network) Network {
	f := n.Facts()
	out := Network{Name: f.Name, Title: f.Title, Demo: f.Demo, Credentials: []NetworkField{}, RepeatSafety: f.RepeatSafety, AbsentWhen: f.AbsentWhen}
	for _, x := range f.Fields {
		out.Credentials = append(out.Credentials, NetworkField{x.Name, x.Label, x.Help, x.Secret, x.Optional})
	}
	return out
}

// TextCheck is what a text comes to on a network.
type TextCheck struct {
	Length   int               `json:"length" doc:"As the network counts."`
	Limit    int               `json:"limit" doc:"0: there is none."`
	Unit     network.Unit      `json:"unit" enum:"characters,graphemes,utf-16 units,bytes"`
	Problems []network.Problem `json:"problems" nullable:"false" doc:"Blocking ones stop a schedule; advice does not."`
}

type textQuery struct {
	Body struct {
		Network string `json:"network,omitempty" maxLength:"64" doc:"Name of the network. Not needed with channel." example:"demo"`
		Text    string `json:"text" maxLength:"20000"`
		Channel string `json:"channel,omitempty" maxLength:"64" doc:"Count by the limits of this channel."`
	}
}

func (a *handler) networkOperations() {
	add(a, op{id: "list-networks", method: http.MethodGet, path: "/networks", tag: "Channels", title: "List networks",
		about: "What this installation can connect. Any token may ask."}, a.listNetworks)
	add(a, op{id: "check-text", example: `{"network":"demo","text":"We open at nine."}`, method: http.MethodPost, path: "/text/check", tag: "Text", title: "Check a text",
		about: "Counts a text as a network counts it. Limits belong to accounts: name a channel, or a network that the brand has a channel on, whose first channel then counts.",
		scope: access.ChannelRead}, a.checkText)
}

func (a *handler) listNetworks(_ context.Context, _ caller, _ *struct{}) (*body[items[Network]], error) {
	return itemsOf("networks", "", a.Networks.All(), "", networkView), nil
}

func (a *handler) checkText(ctx context.Context, c caller, in *textQuery) (*body[TextCheck], error) {
	l, err := a.limitsFor(ctx, c, in.Body.Network, in.Body.Channel)
	if err != nil {
		return nil, err
	}
	out := TextCheck{Length: l.Length(in.Body.Text), Limit: l.Text, Unit: l.Counted(), Problems: worded(ctx, l.CheckText(0, in.Body.Text))}
	return &body[TextCheck]{out}, nil
}

// worded are the problems in the reader's language; never nil.
func worded(ctx context.Context, all []network.Problem) []network.Problem {
	out := make([]network.Problem, len(all))
	for i, p := range all {
		p.Text = p.Words().In(ctx)
		out[i] = p
	}
	return out
}
