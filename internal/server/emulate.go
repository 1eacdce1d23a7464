package server

import (
	"time"

	bluesky "rapport/internal/network/bluesky/emulator"
	"rapport/internal/network/demo/emulator"
	mastodon "rapport/internal/network/mastodon/emulator"
)

type emulateDemoCommand struct {
	Addr              string        `default:"127.0.0.1:8090" placeholder:"HOST:PORT" help:"Address to listen on."`
	Journal           string        `placeholder:"FILE" help:"File to keep everything in; without it all is forgotten at the end."`
	AutoAccounts      bool          `default:"true" negatable:"" help:"Make an account when its token is first used."`
	IgnoreIdempotency bool          `help:"Publish a repeated request again, as some networks do."`
	Latency           time.Duration `help:"Wait before every answer."`
	MediaDelay        time.Duration `help:"How long a picture is processed."`
	PostsPerMinute    int           `help:"How often an account may post; 0 is no limit."`
}

func (cmd *emulateDemoCommand) Run(c *console) error {
	return emulator.Run(c.ctx, cmd.Addr, emulator.Options{
		AutoAccounts: cmd.AutoAccounts, IgnoreIdempotency: cmd.IgnoreIdempotency, Journal: cmd.Journal,
		Latency: cmd.Latency, MediaDelay: cmd.MediaDelay, PostsPerMinute: cmd.PostsPerMinute,
	}, c.out)
}

type emulateBlueskyCommand struct {
	Addr         string        `default:"127.0.0.1:8092" placeholder:"HOST:PORT" help:"Address to listen on."`
	Account      []string      `placeholder:"NAME" help:"An account that exists from the beginning; may be given several times."`
	AutoAccounts bool          `default:"true" negatable:"" help:"Make an account when somebody first signs in to it."`
	Latency      time.Duration `help:"Wait before every answer."`
	IndexDelay   time.Duration `default:"500ms" help:"How long until profiles, feeds and notifications know of a record."`
	NoLimits     bool          `help:"Lift the limits on requests and writes; the limit on sign-ins stays."`
}

func (cmd *emulateBlueskyCommand) Run(c *console) error {
	o := bluesky.Options{AutoAccounts: cmd.AutoAccounts, Latency: cmd.Latency, IndexDelay: cmd.IndexDelay, NoLimits: cmd.NoLimits}
	for _, name := range cmd.Account {
		o.Accounts = append(o.Accounts, bluesky.Account{Name: name})
	}
	return bluesky.Run(c.ctx, cmd.Addr, o, c.out)
}

type emulateMastodonCommand struct {
	Addr              string        `default:"127.0.0.1:8091" placeholder:"HOST:PORT" help:"Address to listen on."`
	Account           []string      `placeholder:"NAME" help:"An account that exists from the beginning; may be given several times."`
	AutoAccounts      bool          `default:"true" negatable:"" help:"Make an account when its token is first used."`
	IgnoreIdempotency bool          `help:"Publish a repeated request again and call the software GoToSocial."`
	Latency           time.Duration `help:"Wait before every answer."`
	MediaDelay        time.Duration `help:"How long an upload is processed."`
	TextLimit         int           `default:"500" help:"How many characters a post may have."`
	RateLimits        bool          `default:"true" negatable:"" help:"Answer 429 to more than 300 requests in five minutes, as Mastodon does."`
}

func (cmd *emulateMastodonCommand) Run(c *console) error {
	o := mastodon.Options{AutoAccounts: cmd.AutoAccounts, IgnoreIdempotency: cmd.IgnoreIdempotency, Latency: cmd.Latency,
		MediaDelay: cmd.MediaDelay, TextLimit: cmd.TextLimit, NoRateLimits: !cmd.RateLimits}
	for _, name := range cmd.Account {
		o.Accounts = append(o.Accounts, mastodon.Account{Name: name})
	}
	return mastodon.Run(c.ctx, cmd.Addr, o, c.out)
}
