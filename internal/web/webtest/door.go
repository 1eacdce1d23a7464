package webtest

import (
	"context"
	"net/url"
	"strings"

	"rapport/internal/network"
)

// Door is a network of many servers where one signs in at their own page. It
// believes every code and every token but "wrong"; the code is the account's
// name. The server nowhere.example does not answer.
type Door struct{ Paper }

// Facts describe it.
func (Door) Facts() network.Facts {
	return network.Facts{Name: "door", Title: "Door", RepeatSafety: "Nothing is sent.", Options: paperOptions,
		Fields:      []network.Field{{Name: "token", Label: "Access token", Secret: true}},
		ServerLabel: "Your server's address", ServerHelp: "The part after the second @ of your name."}
}

// Connect answers at once.
func (d Door) Connect(ctx context.Context, server string, c network.Credential) (network.Account, error) {
	if strings.Contains(server, "nowhere.example") {
		return network.Account{}, &network.Error{Verdict: network.NotSent}
	}
	a, err := d.Paper.Connect(ctx, base(server), c)
	a.Details = map[string]string{"software": "Doorkeeper", "version": "4.2"}
	return a, err
}

func base(server string) string {
	return "https://" + strings.TrimPrefix(server, "https://")
}

// Authorize leads to the server's page.
func (Door) Authorize(_ context.Context, server, redirect, state string, _ network.Credential) (network.Authorization, error) {
	if strings.Contains(server, "nowhere.example") {
		return network.Authorization{}, &network.Error{Verdict: network.NotSent}
	}
	to := base(server) + "/authorize?" + url.Values{"redirect_uri": {redirect}, "state": {state}}.Encode()
	return network.Authorization{Server: base(server), URL: to, App: network.Credential{"id": "1"}, Secret: network.Credential{"verifier": "2"}}, nil
}

// Complete takes the code for the account's name.
func (d Door) Complete(ctx context.Context, a network.Authorization, _, code string) (network.Account, error) {
	return d.Connect(ctx, a.Server, network.Credential{"token": code})
}

// Abilities are those of its token: "narrow" may only publish.
func (Door) Abilities(t network.Target) []network.Ability {
	reads := t.Credential["token"] != "narrow"
	return []network.Ability{
		{Name: "publish", Label: "Publish posts", Can: true},
		{Name: "inbox", Label: "Bring comments and mentions here", Can: reads, Why: why(reads, "The access does not include reading. Connect it again and allow reading.")},
		{Name: "views", Label: "Count views", Why: "Door does not count views."},
	}
}

func why(can bool, text string) string {
	if can {
		return ""
	}
	return text
}
