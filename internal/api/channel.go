package api

import (
	"context"
	"net/http"
	"time"

	"rapport/internal/access"
	"rapport/internal/channel"
	"rapport/internal/fault"
	"rapport/internal/network"
)

// Channel is one connected account. Its credential is never shown.
type Channel struct {
	ID          string         `json:"id"`
	Network     string         `json:"network" example:"demo"`
	Server      string         `json:"server,omitempty"`
	RemoteID    string         `json:"remote_id" doc:"The network's id of the account."`
	Handle      string         `json:"handle" example:"@north@demo.example"`
	Name        string         `json:"name"`
	AvatarURL   string         `json:"avatar_url,omitempty"`
	URL         string         `json:"url,omitempty"`
	State       string         `json:"state" enum:"connected,attention,removed" doc:"attention: a person must connect it again."`
	StateReason string         `json:"state_reason,omitempty"`
	StateAt     time.Time      `json:"state_at"`
	Limits      network.Limits `json:"limits" doc:"What the account may send; 0 means no limit, for images that none can be sent."`
	ExpiresAt   *time.Time     `json:"expires_at,omitempty" doc:"When the credential ends by itself."`
	ReadyAt     *time.Time     `json:"ready_at,omitempty" doc:"The network asked to send nothing before."`
	WorkedAt    *time.Time     `json:"worked_at,omitempty" doc:"Last seen working."`
	CreatedAt   time.Time      `json:"created_at"`
}

func channelView(c channel.Channel) Channel {
	return Channel{ID: c.ID, Network: c.Network, Server: c.Server, RemoteID: c.RemoteID, Handle: c.Handle, Name: c.Name,
		AvatarURL: c.AvatarURL, URL: c.URL, State: string(c.State), StateReason: c.StateReason, StateAt: c.StateAt.Time(),
		Limits: c.Limits, ExpiresAt: moment(c.ExpiresAt), ReadyAt: moment(c.ReadyAt), WorkedAt: moment(c.WorkedAt),
		CreatedAt: c.CreatedAt.Time()}
}

// Addressed is a request about one thing.
type Addressed struct {
	ID string `path:"id" maxLength:"64"`
}

type newChannel struct {
	Body struct {
		Network     string             `json:"network" minLength:"1" maxLength:"64" doc:"Name of the network." example:"demo"`
		Server      string             `json:"server,omitempty" maxLength:"300" doc:"Address of the server, where the network has many."`
		Credentials network.Credential `json:"credentials" doc:"What the network asks for; see GET /networks."`
	}
}

type newAccess struct {
	Addressed
	Body struct {
		Credentials network.Credential `json:"credentials" doc:"What the network asks for; see GET /networks."`
	}
}

type removal struct {
	Addressed
	Cancel bool `query:"cancel" doc:"Take back what is scheduled on the channel. Without it, scheduled deliveries are a conflict."`
}

func (a *handler) channelOperations() {
	add(a, op{id: "list-channels", method: http.MethodGet, path: "/channels", tag: "Channels", title: "List channels",
		about: "All channels but the removed ones, oldest first, on one page.", scope: access.ChannelRead}, a.listChannels)
	add(a, op{id: "connect-channel", example: `{"network":"demo","credentials":{"token":"…"}}`, method: http.MethodPost, path: "/channels", tag: "Channels", title: "Connect a channel", status: http.StatusCreated,
		about: "The network is asked whose account it is. The same account again is the same channel with the new credential.",
		scope: access.ChannelWrite, errors: []int{http.StatusTooManyRequests}}, a.connectChannel)
	add(a, op{id: "channel", method: http.MethodGet, path: "/channels/{id}", tag: "Channels", title: "Read a channel", scope: access.ChannelRead}, a.channel)
	add(a, op{id: "reconnect-channel", example: `{"credentials":{"token":"…"}}`, method: http.MethodPost, path: "/channels/{id}/reconnect", tag: "Channels", title: "Reconnect a channel",
		about: "Gives the channel a new credential of the same account.",
		scope: access.ChannelWrite, errors: []int{http.StatusTooManyRequests}}, a.reconnectChannel)
	add(a, op{id: "check-channel", method: http.MethodPost, path: "/channels/{id}/check", tag: "Channels", title: "Check a channel",
		about: "Asks the network again, with the credential that is kept, and updates name, limits and state.",
		scope: access.ChannelWrite, errors: []int{http.StatusTooManyRequests}}, a.checkChannel)
	add(a, op{id: "import-channel", method: http.MethodPost, path: "/channels/{id}/import", tag: "Channels", title: "Go on bringing over a channel's history", status: http.StatusNoContent,
		about: "Where it stopped half-way. One that runs, is done or never was is a conflict.", scope: access.ChannelWrite}, a.importChannel)
	add(a, op{id: "remove-channel", method: http.MethodDelete, path: "/channels/{id}", tag: "Channels", title: "Remove a channel", status: http.StatusNoContent,
		about: "Forgets the credential and keeps the channel for the history.", scope: access.ChannelWrite}, a.removeChannel)
}

func (a *handler) listChannels(ctx context.Context, c caller, _ *struct{}) (*body[items[Channel]], error) {
	all, err := channel.List(ctx, a.DB, c.who, c.token.Brand)
	if err != nil {
		return nil, err
	}
	return itemsOf("channels", c.token.Brand, all, "", channelView), nil
}

func (a *handler) channel(ctx context.Context, c caller, in *Addressed) (*body[Channel], error) {
	got, err := channel.ByID(ctx, a.DB, c.who, c.token.Brand, in.ID)
	return answerOf(channelView(got), err)
}

func (a *handler) connectChannel(ctx context.Context, c caller, in *newChannel) (*body[Channel], error) {
	got, err := a.Channels.Connect(ctx, c.who, c.token.Brand, in.Body.Network, in.Body.Server, in.Body.Credentials)
	return answerOf(channelView(got), err)
}

func (a *handler) reconnectChannel(ctx context.Context, c caller, in *newAccess) (*body[Channel], error) {
	got, err := a.Channels.Reconnect(ctx, c.who, c.token.Brand, in.ID, in.Body.Credentials)
	return answerOf(channelView(got), err)
}

func (a *handler) checkChannel(ctx context.Context, c caller, in *Addressed) (*body[Channel], error) {
	got, err := a.Channels.Check(ctx, c.who, c.token.Brand, in.ID)
	return answerOf(channelView(got), err)
}

func (a *handler) importChannel(ctx context.Context, c caller, in *Addressed) (*struct{}, error) {
	return nil, channel.ImportAgain(ctx, a.DB, c.who, c.token.Brand, in.ID)
}

func (a *handler) removeChannel(ctx context.Context, c caller, in *removal) (*struct{}, error) {
	return nil, a.Channels.Remove(ctx, c.who, c.token.Brand, in.ID, in.Cancel)
}

// limitsFor finds the limits to count by: a channel's, or those of the first
// channel that the brand has on the network.
func (a *handler) limitsFor(ctx context.Context, c caller, networkName, channelID string) (network.Limits, error) {
	if channelID != "" {
		got, err := channel.ByID(ctx, a.DB, c.who, c.token.Brand, channelID)
		return got.Limits, err
	}
	n, err := a.Networks.Named(networkName)
	if err != nil {
		return network.Limits{}, err
	}
	all, err := channel.List(ctx, a.DB, c.who, c.token.Brand)
	if err != nil {
		return network.Limits{}, err
	}
	for _, got := range all {
		if got.Network == networkName {
			return got.Limits, nil
		}
	}
	return network.Limits{}, fault.OnField("network", "Limits belong to accounts. Connect a channel on %s first.", n.Facts().Title)
}
