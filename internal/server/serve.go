package server

import (
	"fmt"
	"log/slog"
	"net"

	"rapport/internal/config"
)

type serveCommand struct {
	config.Config
}

func (s *serveCommand) Run(c *console) error {
	set, err := read(s.Config, c.declared)
	if err != nil {
		return err
	}
	l, err := listen(set.addr)
	if err != nil {
		return err
	}
	set.listening(l.Addr().String())
	if err := set.acme.listen(); err != nil {
		l.Close()
		return err
	}
	a, err := open(c.ctx, set, slog.New(slog.NewTextHandler(c.err, &slog.HandlerOptions{Level: set.level})))
	if err != nil {
		l.Close()
		return err
	}
	defer a.close()
	code, err := a.offerSetup(c.ctx)
	if err != nil {
		l.Close()
		return err
	}
	fmt.Fprintf(c.out, "Rapport runs at %s\n", set.public)
	if code != "" {
		fmt.Fprintf(c.out, "\nSet it up there with this one-time code: %s\n\n", code)
	}
	return a.run(c.ctx, l)
}

// local is where a browser on this machine finds what listens at an address.
func local(at string) string {
	host, port, err := net.SplitHostPort(at)
	if err != nil {
		return at
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}
