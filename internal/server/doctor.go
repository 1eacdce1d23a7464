package server

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"rapport/internal/access"
	"rapport/internal/brand"
	"rapport/internal/channel"
	"rapport/internal/config"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/installation"
	"rapport/internal/mail"
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
	x.well("program", "rapport %s", version())
	if err := set.exists(); err != nil {
		x.ill("database", "%s", explain(err))
	} else if d, err := set.open(c.ctx); err != nil {
		x.ill("database", "%s", explain(err))
	} else {
		x.database(d)
		d.Close()
	}
	x.keys()
	x.disk()
	x.address()
	x.mail()
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

func (x *doctor) database(d *db.DB) {
	applied, known, err := d.SchemaVersion(x.ctx)
	switch {
	case err != nil:
		x.ill("database", "It cannot be read: %v.", err)
		return
	case applied != known:
		x.ill("schema", "%s", explain(schemaFault(applied, known)))
		return
	}
	x.well("database", "%s, schema %d", d.Dialect, applied)
	x.clock(d)
	x.running(d)
	x.brands(d)
	x.sessions(d)
	x.credentials(d)
}

// clock matters because leases are by the database's clock and due times by
// ours.
func (x *doctor) clock(d *db.DB) {
	var theirs db.Time
	if err := d.QueryRowContext(x.ctx, "SELECT "+d.NowSQL()).Scan(&theirs); err != nil {
		x.ill("clock", "The database does not tell the time: %v.", err)
		return
	}
	if off := time.Since(theirs.Time()).Abs(); off > 2*time.Second {
		x.ill("clock", "This machine and the database differ by %s. Set both by NTP.", off.Round(time.Second))
		return
	}
	x.well("clock", "%s, as the database has it", theirs.Time().Format("2006-01-02 15:04:05 UTC"))
}

func (x *doctor) running(d *db.DB) {
	beat, err := installation.LastBeat(x.ctx, d)
	if err != nil {
		x.ill("server", "The heartbeat cannot be read: %v.", err)
		return
	}
	ago, alive := installation.Alive(d.Now(), beat)
	switch {
	case beat == 0:
		x.well("server", "It has never run on this database.")
	case alive:
		x.well("server", "It gave a sign of life %s ago.", ago.Round(time.Second))
	default:
		x.well("server", "It is not running; it last did %s ago.", ago.Round(time.Second))
	}
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

func (x *doctor) keys() {
	info, err := os.Stat(x.keyFile())
	if err != nil {
		x.ill("keys", "There is no key file at %s. Put it back from where you keep its copy; only a new installation may start without.", x.keyFile())
		return
	}
	if info.Mode().Perm()&0o077 != 0 {
		x.ill("keys", "Others can read %s. Run “chmod 600” on it.", x.keyFile())
		return
	}
	if _, err := secret.Open(x.keyFile()); err != nil {
		x.ill("keys", "%s", explain(err))
		return
	}
	x.well("keys", "%s", x.keyFile())
}

func (x *doctor) disk() {
	free, err := freeSpace(x.Data)
	switch {
	case err != nil:
		x.ill("disk", "The data folder %s cannot be looked at (%v).", x.Data, cause(err))
	case free < minFree:
		x.ill("disk", "Only %d MB are free in %s. Make room.", free>>20, x.Data)
	default:
		x.well("disk", "%.1f GB free in %s", float64(free)/1e9, x.Data)
	}
}

// address asks the public address for /healthz, as a browser would reach it.
func (x *doctor) address() {
	if !x.declared {
		x.well("address", "No public address is set; Rapport answers on this machine and by IP address. Set --public-url for real use.")
		return
	}
	if x.public.Scheme != "https" {
		x.ill("address", "%s is not HTTPS: passwords travel readable. Put a proxy with a certificate in front.", x.public)
	}
	ctx, cancel := context.WithTimeout(x.ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, x.public.String()+"/healthz", nil)
	if err != nil {
		x.ill("address", "%s cannot be asked: %v.", x.public, err)
		return
	}
	// The operator's own address, which may well be an inner one: not for the
	// guarded client.
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		x.ill("address", "%s does not answer: %v.", x.public, netCause(err))
		return
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		x.ill("address", "%s answers with status %d. Is Rapport behind it?", x.public, resp.StatusCode)
		return
	}
	x.well("address", "%s answers", x.public)
}

// mail looks at the settings only; whether letters arrive is seen in the
// studio.
func (x *doctor) mail() {
	if x.smtp == "" {
		x.well("mail", "No mail server is set: letters are kept and shown to owners. Set --smtp-url to send them.")
		return
	}
	if _, err := mail.NewSMTP(mail.Server{URL: x.smtp, From: x.from}); err != nil {
		x.ill("mail", "%s", explain(err))
		return
	}
	x.well("mail", "Letters are sent from %s.", x.from)
}
