// Rapport runs a brand's social media and its own community together.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"rapport/internal/server"
)

func main() {
	if os.Getenv("GOGC") == "" {
		// A page leaves behind more than the program holds. Collecting half as often
		// makes pages a few percent faster for some megabytes.
		debug.SetGCPercent(200)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)   // a second signal ends the process at once
	signal.Ignore(syscall.SIGPIPE) // who reads the log may go; the server stays
	if err := server.Run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr); err != nil {
		os.Exit(1)
	}
}
