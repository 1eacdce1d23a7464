package emulator

import (
	"context"
	"fmt"
	"io"
)

// Run is the network as a program of its own: it prints its address as the
// first line and answers until ctx ends.
func Run(ctx context.Context, addr string, o Options, stdout io.Writer) error {
	s, err := New(o)
	if err != nil {
		return err
	}
	l, err := Listen(addr)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "Bluesky emulator: http://%s\n", l.Addr())
	if o.AutoAccounts {
		fmt.Fprintln(stdout, "The handle NAME.test signs in with the app password bluesky-NAME.")
	}
	return s.Serve(ctx, l)
}
