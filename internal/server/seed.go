package server

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/demoworld"
	"rapport/internal/fault"
)

type seedCommand struct {
	place
	Brand    string `required:"" placeholder:"ADDRESS" help:"Brand to fill, as in /studio/ADDRESS; it is made where it is missing."`
	Owner    string `placeholder:"E-MAIL" help:"Account that owns a brand made here."`
	Posts    int    `default:"50000" help:"How many posts to add, over a year and two weeks ahead."`
	Channels int    `default:"20" help:"How many channels of the demo network the brand has at least."`
	Accounts int    `help:"How many accounts to add to its team; none of them can sign in."`
	Brands   int    `help:"How many brands its owners have besides."`
	Members  int    `help:"How many members to add to its community; none of them can sign in."`
	Topics   int    `help:"How many topics they begin, over three years."`
	Replies  int    `help:"How many replies those topics get."`
	Acts     int    `help:"How many lines to add to the log of what its team did."`
}

// Run needs the installation for itself, as serve does.
func (cmd *seedCommand) Run(c *console) error {
	if cmd.Posts < 0 || cmd.Channels < 1 || cmd.Channels > 500 {
		return fault.OnField("channels", "Choose 0 posts or more and 1 to 500 channels.")
	}
	if min(cmd.Accounts, cmd.Brands, cmd.Acts) < 0 || cmd.Accounts > 10_000 || cmd.Brands > 1000 {
		return fault.OnField("accounts", "Choose at most 10,000 accounts and 1,000 brands.")
	}
	if min(cmd.Members, cmd.Topics, cmd.Replies) < 0 || cmd.Members > 1_000_000 || cmd.Topics > 1_000_000 || cmd.Replies > 20_000_000 {
		return fault.OnField("members", "Choose at most 1,000,000 members, 1,000,000 topics and 20,000,000 replies.")
	}
	if cmd.Topics > 0 && cmd.Members < 2 || cmd.Replies > 0 && cmd.Topics == 0 {
		return fault.OnField("members", "Topics need at least two members, and replies need topics.")
	}
	p, err := cmd.place.absolute()
	if err != nil {
		return err
	}
	set := settings{place: p, command: "seed", addr: "127.0.0.1:0", level: slog.LevelWarn}
	set.listening(set.addr)
	a, err := open(c.ctx, set, slog.New(slog.NewTextHandler(c.err, &slog.HandlerOptions{Level: set.level})))
	if err != nil {
		return err
	}
	defer a.close()
	b, err := cmd.brand(c.ctx, a)
	if err != nil {
		return err
	}
	start := time.Now()
	err = a.world.Load(c.ctx, access.System(), b, demoworld.Load{Posts: cmd.Posts, Channels: cmd.Channels, Progress: func(n int) {
		fmt.Fprintf(c.err, "\r%d of %d posts", n, cmd.Posts)
	}})
	if err != nil {
		return err
	}
	if err := a.world.Crowd(c.ctx, b, demoworld.Crowd{Accounts: cmd.Accounts, Brands: cmd.Brands, Acts: cmd.Acts}); err != nil {
		return err
	}
	if cmd.Members > 0 {
		all := cmd.Topics + cmd.Replies
		err := a.world.Populate(c.ctx, access.System(), b, demoworld.Population{Members: cmd.Members, Topics: cmd.Topics, Replies: cmd.Replies, Progress: func(n int) {
			fmt.Fprintf(c.err, "\r%d of %d texts ", n, all)
		}})
		if err != nil {
			return err
		}
	}
	fmt.Fprintf(c.out, "\n%s has %d posts, %d members, %d topics and %d replies more, after %s.\n", b.Name, cmd.Posts, cmd.Members, cmd.Topics, cmd.Replies, time.Since(start).Round(time.Millisecond))
	return nil
}

func (cmd *seedCommand) brand(ctx context.Context, a *app) (brand.Brand, error) {
	b, err := brand.BySlug(ctx, a.db, access.System(), cmd.Brand)
	if !fault.Is(err, fault.NotFound) {
		return b, err
	}
	who := access.System()
	if cmd.Owner != "" {
		me, err := account.ByEmail(ctx, a.db, cmd.Owner)
		if err != nil {
			return b, err
		}
		who = access.Who{Account: me.ID, Name: me.Name, Email: me.Email}
	}
	err = a.db.Tx(ctx, func(tx *db.Tx) (err error) {
		b, err = brand.Start(ctx, tx, who, brand.New{Name: cmd.Brand, Zone: "Europe/Berlin"})
		return err
	})
	return b, err
}
