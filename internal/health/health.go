// Package health looks at each part of an installation and says how it is and
// what to do: for the operator at the console and for owners in the studio. It
// mends nothing and tells nothing that is secret.
package health

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"

	"rapport/internal/blob"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/installation"
	"rapport/internal/job"
	"rapport/internal/mail"
	"rapport/internal/outbox"
	"rapport/internal/rekey"
	"rapport/internal/secret"
	"rapport/internal/webhook"
)

// Finding is how one part is.
type Finding struct {
	Part string // one word: database, disk, mail
	Ill  bool
	Text string // how it is, and what to do where it is ill
}

// Looker knows where to look. What is empty is passed over or said to be so.
type Looker struct {
	DB      *db.DB
	Data    string        // folder of the database and the media
	KeyFile string        // with the keys of sealed secrets
	Public  *url.URL      // nil where none was declared
	Mail    *mail.SMTP    // nil where mail is kept
	From    string        // sender of mail
	Media   *blob.S3      // nil where media lie in the data folder
	Version string        // of the program
	Paths   bool          // name files and folders: for the operator alone
	Fresh   time.Duration // how long a look is good for; 0: not at all
	mu      sync.Mutex    // of what follows
	last    map[string]look
}

// look is what was found, in one language.
type look struct {
	found []Finding
	at    time.Time
}

const (
	// MinFree is how much space must be left, in bytes.
	MinFree = 100 << 20
	// patience is how long one part may take to answer.
	patience = 5 * time.Second
	// behind is from when on work that waits is a trouble.
	behind = 5 * time.Minute
)

// looks are all parts, in the order in which they are told.
var looks = []func(*Looker, context.Context) Finding{
	(*Looker).Database, (*Looker).Clock, (*Looker).Running, (*Looker).Disk, (*Looker).Store, (*Looker).Keys, (*Looker).Post,
	(*Looker).Address, (*Looker).Jobs, (*Looker).News, (*Looker).Calls,
}

// Look looks at everything at once. Parts that are asked over the network have
// a few seconds.
func (l *Looker) Look(ctx context.Context) []Finding {
	l.mu.Lock()
	defer l.mu.Unlock()
	lang := i18n.Lang(ctx)
	if last, ok := l.last[lang]; ok && time.Since(last.at) < l.Fresh {
		return last.found
	}
	out := make([]Finding, len(looks))
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	var all sync.WaitGroup
	for i, look := range looks {
		all.Go(func() { out[i] = look(l, ctx) })
	}
	all.Wait()
	if ctx.Err() == nil {
		if l.last == nil {
			l.last = map[string]look{}
		}
		l.last[lang] = look{out, time.Now()}
	}
	return out
}

func well(ctx context.Context, part, text string, args ...any) Finding {
	return Finding{Part: part, Text: i18n.T(ctx, text, args...)}
}

func ill(ctx context.Context, part, text string, args ...any) Finding {
	return Finding{Part: part, Ill: true, Text: i18n.T(ctx, text, args...)}
}

// Database asks for its version and for that of the schema.
func (l *Looker) Database(ctx context.Context) Finding {
	applied, known, err := l.DB.SchemaVersion(ctx)
	if err != nil {
		return ill(ctx, "database", "It cannot be read: {{.Error}}.", "Error", err)
	}
	name, err := l.DB.ServerName(ctx)
	if err != nil {
		return ill(ctx, "database", "It cannot be read: {{.Error}}.", "Error", err)
	}
	if applied != known {
		return ill(ctx, "database", "{{.Database}}, schema {{.N}}; this program knows {{.Known}}. Run “rapport migrate”.", "Database", name, "N", applied, "Known", known)
	}
	return well(ctx, "database", "{{.Database}}, schema {{.N}}", "Database", name, "N", applied)
}

// Clock matters because leases are by the database's clock and due times by
// ours.
func (l *Looker) Clock(ctx context.Context) Finding {
	var theirs db.Time
	if err := l.DB.QueryRowContext(ctx, "SELECT "+l.DB.NowSQL()).Scan(&theirs); err != nil {
		return ill(ctx, "clock", "The database does not tell the time: {{.Error}}.", "Error", err)
	}
	if off := l.DB.Now().Sub(theirs).Abs(); off > 2*time.Second {
		return ill(ctx, "clock", "This machine and the database differ by {{.Span}}. Set both by NTP.", "Span", off.Round(time.Second))
	}
	return well(ctx, "clock", "{{.Time}}, as the database has it", "Time", theirs.Time().Format("2006-01-02 15:04:05 UTC"))
}

// Running tells of the last sign of life.
func (l *Looker) Running(ctx context.Context) Finding {
	beat, err := installation.LastBeat(ctx, l.DB)
	if err != nil {
		return ill(ctx, "server", "The heartbeat cannot be read: {{.Error}}.", "Error", err)
	}
	ago, alive := installation.Alive(l.DB.Now(), beat)
	switch {
	case beat == 0:
		return well(ctx, "server", "It has never run on this database.")
	case alive:
		return well(ctx, "server", "It gave a sign of life {{.Span}} ago.", "Span", ago.Round(time.Second))
	}
	return well(ctx, "server", "It is not running; it last did {{.Span}} ago.", "Span", ago.Round(time.Second))
}

// Disk looks at the space that is left.
func (l *Looker) Disk(ctx context.Context) Finding {
	free, err := FreeSpace(l.Data)
	where := ""
	if l.Paths {
		where = " " + i18n.T(ctx, "in {{.Folder}}", "Folder", l.Data)
	}
	switch {
	case err != nil:
		return ill(ctx, "disk", "The data folder cannot be looked at ({{.Error}}).", "Error", cause(err))
	case free < MinFree:
		return ill(ctx, "disk", "Only {{.N}} MB are free{{.Where}}. Make room.", "N", free>>20, "Where", where)
	}
	return well(ctx, "disk", "{{.N}} GB free{{.Where}}", "N", i18n.Decimal(ctx, float64(free)/1e9, 1), "Where", where)
}

// FreeSpace is what this user may still write, in bytes.
func FreeSpace(dir string) (int64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return int64(s.Bavail) * int64(s.Bsize), nil
}

func cause(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// Store asks the bucket for media, where there is one.
func (l *Looker) Store(ctx context.Context) Finding {
	if l.Media == nil {
		return well(ctx, "media", "They lie in the data folder.")
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := l.Media.Check(ctx); err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			return ill(ctx, "media", "The bucket {{.Name}} does not answer.", "Name", l.Media.Name())
		}
		return ill(ctx, "media", fault.Say(ctx, err))
	}
	return well(ctx, "media", "The bucket {{.Name}} takes and gives files.", "Name", l.Media.Name())
}

// Keys looks at the key file, and whether all that is sealed opens with it.
func (l *Looker) Keys(ctx context.Context) Finding {
	file := i18n.T(ctx, "The key file")
	if l.Paths {
		file = l.KeyFile
	}
	info, err := os.Stat(l.KeyFile)
	if err != nil {
		return ill(ctx, "keys", "{{.File}} is missing. Put it back from where you keep its copy; only a new installation may start without.", "File", file)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return ill(ctx, "keys", "{{.File}} can be read by others. Run “chmod 600” on it.", "File", file)
	}
	keys, err := secret.Open(l.KeyFile)
	if err != nil {
		return ill(ctx, "keys", fault.Say(ctx, err))
	}
	if l.DB == nil {
		return Finding{Part: "keys", Text: file}
	}
	all, err := rekey.Count(ctx, l.DB, keys)
	if err != nil {
		return ill(ctx, "keys", "What is sealed cannot be counted: {{.Error}}.", "Error", err)
	}
	texts, older, lost := 0, 0, 0
	for _, u := range all {
		texts += u.Texts
		switch {
		case !u.Known:
			lost += u.Texts
		case !u.Newest:
			older += u.Texts
		}
	}
	switch {
	case lost > 0:
		return ill(ctx, "keys", "{{.N}} of {{.All}} sealed secrets open with no key of the file. Put back the key file they were sealed with.", "N", lost, "All", texts)
	case older > 0:
		return well(ctx, "keys", "{{.File}} opens everything; {{.N}} of {{.All}} secrets are still sealed with an older key and are sealed anew within a day.", "File", file, "N", older, "All", texts)
	}
	return well(ctx, "keys", "{{.File}} opens all {{.All}} sealed secrets.", "File", file, "All", texts)
}

// Post asks the mail server whether it lets us in.
func (l *Looker) Post(ctx context.Context) Finding {
	if l.Mail == nil {
		return well(ctx, "mail", "No mail server is set: letters are kept and shown to owners. Set --smtp-url to send them.")
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := l.Mail.Check(ctx); err != nil {
		return ill(ctx, "mail", fault.Say(ctx, err))
	}
	return well(ctx, "mail", "Letters are sent from {{.From}}.", "From", l.From)
}

// Address asks the public address for /healthz, as a browser would reach it.
func (l *Looker) Address(ctx context.Context) Finding {
	if l.Public == nil {
		return well(ctx, "address", "No public address is set; Rapport answers on this machine and by IP address. Set --public-url for real use.")
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, l.Public.String()+"/healthz", nil)
	if err != nil {
		return ill(ctx, "address", "{{.Address}} cannot be asked: {{.Error}}.", "Address", l.Public, "Error", err)
	}
	// The operator's own address, which may well be an inner one: not for the
	// guarded client.
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return ill(ctx, "address", "{{.Address}} does not answer: {{.Error}}.", "Address", l.Public, "Error", netCause(err))
	}
	resp.Body.Close()
	switch {
	case resp.StatusCode != http.StatusOK:
		return ill(ctx, "address", "{{.Address}} answers with status {{.Status}}. Is Rapport behind it?", "Address", l.Public, "Status", fmt.Sprint(resp.StatusCode))
	case l.Public.Scheme != "https":
		return ill(ctx, "address", "{{.Address}} is not HTTPS: passwords travel readable. Set --acme, or put a proxy with a certificate in front.", "Address", l.Public)
	}
	return l.certificate(ctx, resp)
}

// certificate tells how long the certificate of the public address holds.
func (l *Looker) certificate(ctx context.Context, resp *http.Response) Finding {
	if resp.TLS == nil || len(resp.TLS.PeerCertificates) == 0 {
		return well(ctx, "address", "{{.Address}} answers", "Address", l.Public)
	}
	ends := resp.TLS.PeerCertificates[0].NotAfter
	if left := time.Until(ends); left < 7*24*time.Hour {
		return ill(ctx, "address", "The certificate of {{.Address}} ends on {{.Date}} and was not renewed.", "Address", l.Public, "Date", i18n.Date(ctx, ends))
	}
	return well(ctx, "address", "{{.Address}} answers; its certificate holds until {{.Date}}.", "Address", l.Public, "Date", i18n.Date(ctx, ends))
}

func netCause(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// Jobs looks for background work that waits too long.
func (l *Looker) Jobs(ctx context.Context) Finding {
	n, oldest, err := job.Overdue(ctx, l.DB)
	return l.waiting(ctx, "jobs", n, oldest, err)
}

// News looks for events that nobody has told of yet.
func (l *Looker) News(ctx context.Context) Finding {
	n, oldest, err := outbox.Waiting(ctx, l.DB)
	return l.waiting(ctx, "news", n, oldest, err)
}

func (l *Looker) waiting(ctx context.Context, part string, n int, oldest db.Time, err error) Finding {
	switch ago := l.DB.Now().Sub(oldest); {
	case err != nil:
		return ill(ctx, part, "They cannot be counted: {{.Error}}.", "Error", err)
	case n == 0:
		return well(ctx, part, "Nothing waits.")
	case ago > behind:
		return ill(ctx, part, "{{.N}} wait, the oldest for {{.Span}}. Is a server running, and what does its log say?", "N", n, "Span", ago.Round(time.Second))
	default:
		return well(ctx, part, "{{.N}} wait, the oldest for {{.Span}}.", "N", n, "Span", ago.Round(time.Second))
	}
}

// Calls counts the webhooks that do not work.
func (l *Looker) Calls(ctx context.Context) Finding {
	all, failing, err := webhook.Troubled(ctx, l.DB)
	switch {
	case err != nil:
		return ill(ctx, "webhooks", "They cannot be counted: {{.Error}}.", "Error", err)
	case failing > 0:
		return ill(ctx, "webhooks", "{{.N}} of {{.All}} fail or are switched off. Their owners find out why under Settings, Webhooks.", "N", failing, "All", all)
	}
	return well(ctx, "webhooks", "{{.N}}, and none fails", "N", all)
}

// Go is what the program was built with, and for.
func Go() string { return runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH }
