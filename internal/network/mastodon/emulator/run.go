package emulator

import (
	"context"
	"fmt"
	"io"
)

// Run is the server as a program of its own: it prints its address as the
// first line and answers until ctx ends. What it heard is then forgotten.
func Run(ctx context.Context, addr string, o Options, stdout io.Writer) error {
	s, err := New(o)
	if err != nil {
		return err
	}
	l, err := Listen(addr)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "Emulated Mastodon: http://%s\n", l.Addr())
	fmt.Fprintln(stdout, "The token mastodon-NAME signs in as NAME. Everything is in memory and forgotten at the end.")
	return s.Serve(ctx, l)
}
