package server

import (
	"time"

	bluesky "rapport/internal/network/bluesky/emulator"
	"rapport/internal/network/demo/emulator"
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
	AutoAccounts bool          `default:"true" negatable:"" help:"Make an account when somebody first signs in to it."`
	Latency      time.Duration `help:"Wait before every answer."`
	IndexDelay   time.Duration `default:"500ms" help:"How long until profiles, feeds and notifications know of a record."`
	NoLimits     bool          `help:"Lift the limits on requests and writes; the limit on sign-ins stays."`
}

func (cmd *emulateBlueskyCommand) Run(c *console) error {
	return bluesky.Run(c.ctx, cmd.Addr, bluesky.Options{
		AutoAccounts: cmd.AutoAccounts, Latency: cmd.Latency, IndexDelay: cmd.IndexDelay, NoLimits: cmd.NoLimits,
	}, c.out)
}
