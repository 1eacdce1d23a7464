package server

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/demoworld"
	"rapport/internal/fault"
	"rapport/internal/server/edge"
)

// demoEmail signs in to the demo.
const demoEmail = "demo@rapport.example"

type demoCommand struct {
	Addr     string `default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Address to listen on."`
	Data     string `placeholder:"DIR" help:"Folder that the demo lives in and goes on from; by default in your home folder."`
	Password string `placeholder:"PASSWORD" help:"Password of the demo account. Needed for an address that others can reach."`
}

func (cmd *demoCommand) Run(c *console) error {
	set, err := cmd.settings(c)
	if err != nil {
		return err
	}
	l, err := listen(set.addr)
	if err != nil {
		return err
	}
	set.listening(l.Addr().String())
	a, err := open(c.ctx, set, slog.New(slog.NewTextHandler(c.err, &slog.HandlerOptions{Level: set.level})))
	if err != nil {
		l.Close()
		return err
	}
	defer a.close()
	password, err := a.fillDemo(c.ctx, cmd.Password)
	if err != nil {
		l.Close()
		return err
	}
	welcome(c.out, set, password)
	return a.run(c.ctx, l)
}

func (cmd *demoCommand) settings(c *console) (settings, error) {
	host, _, err := net.SplitHostPort(cmd.Addr)
	if err != nil {
		return settings{}, fault.OnField("addr", "--addr: write it as host:port, such as 127.0.0.1:8080.")
	}
	if !edge.Loopback(host) && cmd.Password == "" {
		return settings{}, fault.OnField("password", "Others can reach %s. Choose a password for the demo with --password, or listen on 127.0.0.1.", cmd.Addr)
	}
	s := settings{place: place{Data: cmd.Data}, command: "demo", addr: cmd.Addr, level: slog.LevelWarn}
	if s.Data == "" {
		s.Data = demoFolder(c.getenv)
	}
	s.place, err = s.place.absolute()
	return s, err
}

// demoFolder follows the XDG rules.
func demoFolder(getenv func(string) string) string {
	if dir := getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "rapport-demo")
	}
	if home := getenv("HOME"); home != "" {
		return filepath.Join(home, ".local", "share", "rapport-demo")
	}
	return "rapport-demo"
}

// fillDemo makes what the demo starts from, once, and returns the password
// that signs in, "" where the operator chose it.
func (a *app) fillDemo(ctx context.Context, chosen string) (shown string, err error) {
	any, err := account.Any(ctx, a.db)
	if err != nil {
		return "", err
	}
	if !any {
		if shown, err = a.bornDemo(ctx, chosen); err != nil {
			return "", err
		}
		return shown, a.fillWorld(ctx)
	}
	if err := a.fillWorld(ctx); err != nil {
		return "", err
	}
	if chosen == "" {
		return a.keptPassword(), nil
	}
	me, err := account.ByEmail(ctx, a.db, demoEmail)
	if err != nil {
		return "", err
	}
	if err := a.keepPassword(""); err != nil {
		return "", err
	}
	return "", account.SetPassword(ctx, a.db, access.System(), account.Password{Account: me.ID, New: chosen})
}

func (a *app) bornDemo(ctx context.Context, chosen string) (shown string, err error) {
	password := chosen
	if password == "" {
		shown = strings.ToLower(rand.Text()[:12])
		password = shown
	}
	_, err = account.Create(ctx, a.db, access.System(), account.New{Email: demoEmail, Name: "Robin Demo", Password: password},
		func(tx *db.Tx, me account.Account) error {
			who := access.Who{Account: me.ID, Name: me.Name, Email: me.Email}
			_, err := brand.Start(ctx, tx, who, demoworld.Brand)
			return err
		})
	if err != nil {
		return "", err
	}
	return shown, a.keepPassword(shown)
}

// fillWorld puts the demo's year into its brand, once. An operator who has
// deleted the demo's account or brand gets neither back.
func (a *app) fillWorld(ctx context.Context) error {
	me, err := account.ByEmail(ctx, a.db, demoEmail)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	all, err := brand.List(ctx, a.db, access.System())
	if err != nil {
		return err
	}
	for _, b := range all {
		if b.Demo {
			who := access.Who{Account: me.ID, Name: me.Name, Email: me.Email, Grants: []access.Grant{{Brand: b.ID, Role: access.Owner}}}
			return a.world.Fill(ctx, who, b)
		}
	}
	return nil
}

// The demo's own password is kept beside its data, so that the next start can
// show it again: there is nothing else in this folder that it protects.
func (a *app) passwordFile() string { return filepath.Join(a.Data, "demo-password") }

func (a *app) keptPassword() string {
	b, err := os.ReadFile(a.passwordFile())
	if err != nil {
		return ""
	}
	return string(b)
}

// keepPassword forgets what was kept where password is "".
func (a *app) keepPassword(password string) error {
	if password == "" {
		return os.RemoveAll(a.passwordFile())
	}
	return os.WriteFile(a.passwordFile(), []byte(password), 0o600)
}

func welcome(out io.Writer, s settings, password string) {
	if password == "" {
		password = "as you chose it"
	}
	fmt.Fprintf(out, `Rapport's demo runs at %[1]s
  The community is in front; the team's studio is at %[1]s/studio.

  Sign in with  %[2]s
  Password      %[3]s

Five things to try
  Today     three deliveries need you; a post goes out in a few minutes
  Inbox     people ask, thank and complain; some answer back
  Compose   one post, a version for each channel, limits as you type
  Calendar  drag a card to another time
  Community three posts wait for a look, two replies were flagged

Nothing leaves this machine: the posts go to a demo network.
Everything is kept in %[4]s.
Stop with Ctrl-C; the same command goes on from there.
`, s.public, demoEmail, password, s.Data)
}
