package emulator

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// Run is the demo network as a program of its own: it prints its address as
// the first line, answers until ctx ends and closes its journal.
func Run(ctx context.Context, addr string, o Options, stdout io.Writer) error {
	s, err := New(o)
	if err != nil {
		return err
	}
	l, err := Listen(addr)
	if err != nil {
		return errors.Join(err, s.Close())
	}
	fmt.Fprintf(stdout, "Demo network: http://%s\n", l.Addr())
	if o.AutoAccounts {
		fmt.Fprintln(stdout, "The token demo-NAME signs in as NAME.")
	}
	err = s.Serve(ctx, l)
	return errors.Join(err, s.Close())
}
