// Package demoworld is what the demo shows: an invented coffee roastery with
// four channels on the demo network, a year of posts up to now and three weeks
// ahead, pictures, drafts, a few deliveries that need a person, and half a year
// of its community. It fills an installation once; from then on everything in it is ordinary data. It
// also makes large, plain brands for load tests.
package demoworld

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"rapport/internal/access"
	"rapport/internal/brand"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/demoworld/scene"
	"rapport/internal/installation"
	"rapport/internal/media"
	"rapport/internal/media/picture"
	"rapport/internal/network"
	"rapport/internal/network/demo"
	"rapport/internal/network/demo/emulator"
	"rapport/internal/tally"
)

// Brand is the demo brand as it is made.
var Brand = brand.New{Name: "Northwind Coffee", Color: "#1c6470", Zone: "Europe/Berlin", Language: "en", Demo: true}

// World is where the demo is put.
type World struct {
	DB       *db.DB
	Channels *channel.Channels
	Library  *media.Library
	Network  *emulator.Server // the demo network that Channels reaches
	Width    int              // of the pictures in pixels; 0 is 1000
	// Front is where the brand's community is found, without a slash at the end;
	// nil, or "": on a host of its own that does not exist.
	Front func(ctx context.Context, brandID string) string
}

// channels are the brand's accounts, by what the words call them.
var accounts = []struct {
	name  string
	limit int
	emulator.Account
}{
	{"main", 500, emulator.Account{Name: "northwind", Title: "Northwind Coffee", Followers: 8420,
		About: "Roastery at the harbour in Hamburg. Beans, cups, a drum roaster called Hilde."}},
	{"berlin", 500, emulator.Account{Name: "northwind_berlin", Title: "Northwind Berlin", Followers: 2310,
		About: "The bar by the canal. Filter, soup, records."}},
	{"learn", 500, emulator.Account{Name: "northwind_school", Title: "Northwind Brew School", Followers: 4075,
		About: "How to make a better cup at home. One change at a time."}},
	{"cafes", 300, emulator.Account{Name: "northwind_partners", Title: "Northwind for cafés", Followers: 640,
		About: "For the bars that brew our coffee: dates, recipes, deliveries."}},
}

// The marks of a world in the installation: when its year was written for,
// and that all of it is there.
const (
	markBegun = "demo.begun"
	markDone  = "demo.done"
)

// Fill gives the brand its channels, pictures and posts, seen from the
// database's time. It does so once: on a brand that was filled it changes
// nothing, and what a crash left half done it completes. who must be an owner
// of the brand.
func (w World) Fill(ctx context.Context, who access.Who, b brand.Brand) error {
	done, err := installation.Marked(ctx, w.DB, markDone)
	if err == nil && done == "" {
		err = w.fill(ctx, who, b)
	}
	if err != nil {
		return err
	}
	return w.prove(ctx, b)
}

func (w World) fill(ctx context.Context, who access.Who, b brand.Brand) error {
	now, err := w.begin(ctx)
	if err != nil {
		return err
	}
	connected, err := w.connect(ctx, who, b, now)
	if err != nil {
		return err
	}
	drawn, err := w.draw(ctx, who, b, now)
	if err != nil {
		return err
	}
	portrayed := w.portray(ctx, b)
	team, err := w.teamAccounts(ctx, b, now, connected)
	if err != nil {
		return err
	}
	if err := w.found(ctx, who, b); err != nil {
		return err
	}
	h := &history{brand: b, author: who.Account, team: team, now: now, channels: connected, pictures: drawn, front: w.front(ctx, b)}
	h.tell(year(now, b.Location()))
	if err := w.Network.Seed(h.past...); err != nil {
		return fmt.Errorf("demoworld: the demo network's past: %w", err)
	}
	h.measure(w.Network)
	said, err := w.listen(ctx, who, b, now, connected)
	if err != nil {
		return err
	}
	said.team = team
	if err := w.review(ctx, who, b, now, connected, team); err != nil {
		return err
	}
	if err := w.together(ctx, who, b, now, team); err != nil {
		return err
	}
	faces, err := portrayed()
	if err != nil {
		return err
	}
	err = w.DB.Tx(ctx, func(tx *db.Tx) error {
		if err := h.save(ctx, tx); err != nil {
			return err
		}
		if err := said.save(ctx, tx); err != nil {
			return err
		}
		// A transaction that is tried again writes its own.
		if err := newTown(b, who, now, team, faces, said.crossed, h.carried).save(ctx, tx); err != nil {
			return err
		}
		return installation.Mark(ctx, tx, markDone, stamp(now))
	})
	if err != nil {
		return err
	}
	return tally.Roll(ctx, w.DB, b)
}

func (w World) front(ctx context.Context, b brand.Brand) string {
	if w.Front != nil {
		if at := w.Front(ctx, b.ID); at != "" {
			return at
		}
	}
	return "https://northwind.example"
}

// begin notes the time that the year is written for, so that a second try
// writes the same one.
func (w World) begin(ctx context.Context) (time.Time, error) {
	var now time.Time
	err := w.DB.Tx(ctx, func(tx *db.Tx) error {
		begun, err := installation.Marked(ctx, tx, markBegun)
		if err != nil {
			return err
		}
		if begun == "" {
			now = tx.Now().Time()
			return installation.Mark(ctx, tx, markBegun, stamp(now))
		}
		ms, err := strconv.ParseInt(begun, 10, 64)
		now = db.Time(ms).Time()
		return err
	})
	if err != nil {
		return now, fmt.Errorf("demoworld: begin: %w", err)
	}
	return now, nil
}

func stamp(t time.Time) string { return strconv.FormatInt(int64(db.At(t)), 10) }

// connect makes the accounts on the demo network and connects them.
func (w World) connect(ctx context.Context, who access.Who, b brand.Brand, now time.Time) (map[string]channel.Channel, error) {
	out := map[string]channel.Channel{}
	for _, a := range accounts {
		a.MadeAt, a.TextLimit = now.Add(-before), a.limit
		if err := w.Network.SetAccount(a.Account); err != nil {
			return nil, fmt.Errorf("demoworld: account: %w", err)
		}
		c, err := w.Channels.Connect(ctx, who, b.ID, "demo", demo.Builtin, network.Credential{"token": "demo-" + a.Name})
		if err != nil {
			return nil, fmt.Errorf("demoworld: connect: %w", err)
		}
		out[a.name] = c
	}
	return out, nil
}

const (
	pictureWidth = 1000
	thumbWidth   = 480
)

// drawn is a picture in the library, with its file for the demo network.
type drawn struct {
	media.Staged
	file []byte
}

// draw puts every picture into the library's store.
func (w World) draw(ctx context.Context, who access.Who, b brand.Brand, now time.Time) (map[string]drawn, error) {
	all, width := scene.All(), cmp.Or(w.Width, pictureWidth)
	staged := make([]drawn, len(all))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(2, runtime.GOMAXPROCS(0)))
	for i, p := range all {
		// A stride through the list mixes what is alike.
		added := now.Add(-before - time.Hour).Add(time.Duration(i*23%len(all)) * before / time.Duration(len(all)+2))
		m := media.Media{ID: db.NewID(), Brand: b.ID, Name: p.Name, Mime: "image/jpeg", Width: width, Height: width * 3 / 4,
			Alt: p.Alt, Color: p.Tone(), CreatedBy: who.Account, CreatedAt: db.At(added)}
		g.Go(func() (err error) {
			staged[i], err = w.drawOne(ctx, p, m)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, fmt.Errorf("demoworld: pictures: %w", err)
	}
	out := map[string]drawn{}
	for i, p := range all {
		out[p.Name] = staged[i]
	}
	return out, nil
}

func (w World) drawOne(ctx context.Context, p scene.Picture, m media.Media) (drawn, error) {
	full, err := p.JPEG(m.Width, 84)
	if err != nil {
		return drawn{}, err
	}
	thumb, err := p.JPEG(min(m.Width, thumbWidth), picture.PassingQuality)
	if err != nil {
		return drawn{}, err
	}
	s, err := w.Library.Stage(ctx, m, full, thumb)
	return drawn{s, full}, err
}
