package server

import (
	"fmt"
	"log/slog"
	"net"
)

type serveCommand struct {
	serveFlags
}

func (s *serveCommand) Run(c *console) error {
	set, err := s.serveFlags.read()
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
	code, err := a.offerSetup(c.ctx)
	if err != nil {
		l.Close()
		return err
	}
	fmt.Fprintf(c.out, "Rapport runs at %s\n", address(set, l))
	if code != "" {
		fmt.Fprintf(c.out, "\nSet it up there with this one-time code: %s\n\n", code)
	}
	return a.run(c.ctx, l)
}

// address is where a browser finds the server.
func address(s settings, l net.Listener) string {
	if s.publicURL != nil {
		return s.publicURL.String()
	}
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return l.Addr().String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}
