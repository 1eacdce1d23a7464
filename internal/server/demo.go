package server

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/brand"
	"rapport/internal/fault"
	"rapport/internal/secret"
	"rapport/internal/server/edge"
)

// The demo's sign-in. The password is no secret: without one of the
// operator's own the demo listens on this machine only.
const (
	demoEmail    = "demo@rapport.test"
	demoPassword = "rapport-demo"
)

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
	set.addr = l.Addr().String()
	a, err := open(c.ctx, set, slog.New(slog.NewTextHandler(c.err, &slog.HandlerOptions{Level: set.level})))
	if err != nil {
		l.Close()
		return err
	}
	defer a.close()
	if err := a.fillDemo(c.ctx, cmd.Password); err != nil {
		l.Close()
		return err
	}
	cmd.welcome(c.out, set, l)
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

// fillDemo makes what the demo starts from, once, and sets the password where
// the operator gave one.
func (a *app) fillDemo(ctx context.Context, password string) error {
	any, err := account.Any(ctx, a.db)
	if err != nil {
		return err
	}
	if !any {
		return a.bornDemo(ctx, password)
	}
	if password == "" {
		return nil
	}
	me, err := account.ByEmail(ctx, a.db, demoEmail)
	if err != nil {
		return err
	}
	return account.SetPassword(ctx, a.db, access.System(), account.Password{Account: me.ID, New: password})
}

func (a *app) bornDemo(ctx context.Context, password string) error {
	if password == "" {
		password = demoPassword
	}
	me, err := account.Create(ctx, a.db, access.System(), account.New{Email: demoEmail, Name: "Robin Demo", Password: password}, nil)
	if err != nil {
		return err
	}
	who, err := account.As(ctx, a.db, me)
	if err != nil {
		return err
	}
	_, err = brand.Create(ctx, a.db, who, brand.New{Name: "North Coast Coffee", Zone: "Europe/Berlin", Demo: true})
	return err
}

func (cmd *demoCommand) welcome(out io.Writer, s settings, l net.Listener) {
	shown := demoPassword
	if cmd.Password != "" {
		shown = secret.Text(cmd.Password).String()
	}
	fmt.Fprintf(out, `Rapport's demo runs at %s

  Sign in with  %s
  Password      %s

Nothing leaves this machine: the posts go to a demo network.
Everything is kept in %s.
Stop with Ctrl-C; the same command goes on from there.
`, address(s, l), demoEmail, shown, s.Data)
}
