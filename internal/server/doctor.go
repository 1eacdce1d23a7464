package server

import (
	"context"
	"fmt"
	"io"

	"rapport/internal/access"
	"rapport/internal/brand"
	"rapport/internal/channel"
	"rapport/internal/config"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/health"
	"rapport/internal/secret"
)

type doctorCommand struct {
	config.Config
	Ask bool `help:"Ask each network once whether its accesses still work, and note what comes."`
}

// finding is one line of the doctor: what was looked at, how it is, and what
// to do where it is not well.
type finding struct {
	what string
	bad  bool
	text string
	more []string // lines below it
}

// doctor gathers findings.
type doctor struct {
	settings
	ctx      context.Context
	ask      bool
	findings []finding
}

func (x *doctor) well(what, format string, args ...any) {
	x.findings = append(x.findings, finding{what: what, text: fmt.Sprintf(format, args...)})
}

func (x *doctor) ill(what, format string, args ...any) {
	x.findings = append(x.findings, finding{what: what, bad: true, text: fmt.Sprintf(format, args...)})
}

// Run looks at everything even where something fails. It changes nothing; with
// Ask, what the networks answer is noted at their channels as a check in the
// studio notes it.
func (cmd *doctorCommand) Run(c *console) error {
	set, err := read(cmd.Config, c.declared)
	if err != nil {
		return err
	}
	x := &doctor{settings: set, ctx: c.ctx, ask: cmd.Ask}
	x.well("program", "rapport %s, %s", version(), health.Go())
	look, err := set.looker()
	if err != nil {
		x.ill("settings", "%s", explain(err))
		return x.report(c.out)
	}
	look.Paths = true
	if err := set.exists(); err != nil {
		x.ill("database", "%s", explain(err))
	} else if d, err := set.open(c.ctx); err != nil {
		x.ill("database", "%s", explain(err))
	} else {
		defer d.Close()
		x.database(d, look)
	}
	for _, part := range []func(context.Context) health.Finding{look.Keys, look.Disk, look.Store, look.Address, look.Post} {
		x.found(part(c.ctx))
	}
	return x.report(c.out)
}

func (x *doctor) report(w io.Writer) error {
	ill := 0
	for _, f := range x.findings {
		mark := "ok  "
		if f.bad {
			mark = "LOOK"
			ill++
		}
		fmt.Fprintf(w, "%s  %-11s %s\n", mark, f.what, f.text)
		for _, line := range f.more {
			fmt.Fprintf(w, "%18s%s\n", "", line)
		}
	}
	if ill > 0 {
		return fault.New(fault.Conflict, "%d of %d things need a look.", ill, len(x.findings))
	}
	return nil
}

// found takes over what was found out about a part.
func (x *doctor) found(f health.Finding) {
	x.findings = append(x.findings, finding{what: f.Part, bad: f.Ill, text: f.Text})
}

// database looks at what stands in it, where its schema can be read.
func (x *doctor) database(d *db.DB, look *health.Looker) {
	applied, known, err := d.SchemaVersion(x.ctx)
	if err == nil && applied != known {
		x.ill("schema", "%s", explain(schemaFault(applied, known)))
		return
	}
	look.DB = d
	if x.found(look.Database(x.ctx)); err != nil {
		look.DB = nil
		return
	}
	for _, part := range []func(context.Context) health.Finding{look.Clock, look.Running, look.Jobs, look.News, look.Calls} {
		x.found(part(x.ctx))
	}
	x.brands(d)
	x.sessions(d)
	x.credentials(d)
}

func (x *doctor) brands(d *db.DB) {
	all, err := brand.List(x.ctx, d, access.System())
	if err != nil {
		x.ill("brands", "They cannot be read: %v.", err)
		return
	}
	held := 0
	for _, b := range all {
		if b.Held {
			held++
			x.ill("hold", "%s is on hold and sends nothing. An owner can release it in the studio.", b.Name)
		}
		x.channels(d, b)
	}
	x.well("brands", "%d, of which %d are on hold", len(all), held)
}

func (x *doctor) sessions(d *db.DB) {
	var open, tokens int
	err := d.QueryRowContext(x.ctx, `SELECT (SELECT COUNT(*) FROM session WHERE expires_at > $1),
		(SELECT COUNT(*) FROM api_token WHERE revoked_at = 0 AND (expires_at = 0 OR expires_at > $2))`, d.Now(), d.Now()).Scan(&open, &tokens)
	if err != nil {
		x.ill("sessions", "They cannot be counted: %v.", err)
		return
	}
	x.well("sessions", "%d browsers are signed in, %d API tokens are valid", open, tokens)
}

// credentials tries the key file on what it seals. What is wrong with the file
// itself is told by keys.
func (x *doctor) credentials(d *db.DB) {
	keys, err := secret.Open(x.keyFile())
	if err != nil {
		return
	}
	n, err := (&channel.Channels{DB: d, Keys: keys}).Unopened(x.ctx)
	switch {
	case err != nil:
		x.ill("credentials", "They cannot be read: %v.", err)
	case n > 0:
		x.ill("credentials", "%s does not open those of %d channels. Put back the key file they were sealed with, or connect them again.", x.keyFile(), n)
	}
}
