package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"rapport/internal/account"
	"rapport/internal/admit"
	"rapport/internal/answer"
	"rapport/internal/api"
	"rapport/internal/archive"
	"rapport/internal/brand"
	"rapport/internal/bridge"
	"rapport/internal/challenge"
	"rapport/internal/channel"
	"rapport/internal/comment"
	"rapport/internal/commons"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/deposit"
	"rapport/internal/dossier"
	"rapport/internal/fault"
	"rapport/internal/hook"
	"rapport/internal/ingest"
	"rapport/internal/installation"
	"rapport/internal/job"
	"rapport/internal/join"
	"rapport/internal/letter"
	"rapport/internal/link"
	"rapport/internal/live"
	"rapport/internal/mail"
	"rapport/internal/measure"
	"rapport/internal/media"
	"rapport/internal/member"
	"rapport/internal/merge"
	"rapport/internal/network/demo/emulator"
	"rapport/internal/notice"
	"rapport/internal/notify"
	"rapport/internal/outbound"
	"rapport/internal/outbox"
	"rapport/internal/post"
	"rapport/internal/promote"
	"rapport/internal/publish"
	"rapport/internal/rekey"
	"rapport/internal/search"
	"rapport/internal/server/edge"
	"rapport/internal/space"
	"rapport/internal/tally"
	"rapport/internal/tell"
	"rapport/internal/topic"
	"rapport/internal/web"
	"rapport/internal/webhook"
)

// wire makes the parts know each other. What runs beside the pages becomes a
// service, in the order in which it may start.
func (a *app) wire(ctx context.Context) error {
	local, err := a.startDemoNetwork()
	if err != nil {
		return err
	}
	client := outbound.New(outbound.Options{Allow: append(a.allow, outbound.Rule{
		Prefix: netip.PrefixFrom(local.Addr(), local.Addr().BitLen()), Port: local.Port()})})
	a.closing = append(a.closing, client.Close)
	own := &bridge.Community{DB: a.db}
	a.networks = connectors(client, func() string { return "http://" + local.String() }, own)

	channels := &channel.Channels{DB: a.db, Networks: a.networks, Keys: a.keys}
	own.Channels = channels
	a.world.DB, a.world.Channels = a.db, channels
	blobs, err := a.files(ctx, a.log)
	if err != nil {
		return err
	}
	a.closing = append(a.closing, func() { blobs.Close() })
	own.Blobs = blobs
	library := &media.Library{DB: a.db, Blobs: blobs}
	a.world.Library = library
	a.hub = live.New(a.db)
	a.closing = append(a.closing, a.hub.Close)

	workers := job.NewWorkers()
	job.Handle(workers, func(ctx context.Context, _ sweep) error {
		return errors.Join(account.Sweep(ctx, a.db), api.Sweep(ctx, a.db), channel.Sweep(ctx, a.db), channel.SweepLog(ctx, a.db),
			conversation.Sweep(ctx, a.db), comment.Sweep(ctx, a.db), notify.Sweep(ctx, a.db), notice.Sweep(ctx, a.db), letter.Sweep(ctx, a.db), webhook.Sweep(ctx, a.db), challenge.Sweep(ctx, a.db))
	})
	workers.Every(time.Hour, sweep{})
	channels.Work(workers)
	rekey.Work(workers, sealers(a.db, a.keys)...)
	(&measure.Meter{DB: a.db, Channels: channels}).Work(workers)
	tally.Work(workers, a.db)
	search.Work(workers, a.db, space.Everywhere, post.Words)
	dossier.Work(workers, a.db)
	promote.Work(workers, a.db)
	own.Work(workers)
	merge.Work(workers, a.db)
	archives := &archive.Archiver{DB: a.db, Blobs: blobs, Library: library, Program: version()}
	archives.Work(workers)
	(&deposit.Keeper{DB: a.db, Blobs: blobs, Named: []deposit.Named{member.NamesFace, topic.NamesPicture, media.Names}}).Work(workers)
	post.Work(workers, a.db)
	hooks := a.webhooks(client)
	letters, err := a.writer(workers)
	if err != nil {
		return err
	}
	front := func(ctx context.Context, brandID string) string { return a.commons.Address(ctx, brandID) }
	a.world.Front = front
	address := func(ctx context.Context, brandID, path string) string { return front(ctx, brandID) + path }
	own.Address = address
	news := a.news(workers, letters, hooks, own, &tell.Teller{DB: a.db, Letters: letters, Keys: a.keys, Address: address})
	keeper := &bridge.Keeper{Community: own, Log: a.log}
	door := &admit.Door{DB: a.db, Letters: letters, BaseURL: a.public.String()}
	door.Work(workers)
	communities := &join.Join{DB: a.db, Door: door, Letters: letters, Keys: a.keys, Blobs: blobs, Address: address, Elsewhere: dossier.Elsewhere}
	communities.Work(workers)
	jobs, err := job.New(ctx, a.db, workers, job.Options{Log: a.log})
	if err != nil {
		return err
	}
	sender := publish.New(publish.Options{DB: a.db, Channels: channels, Media: library, Log: a.log,
		Node: a.in.Node, Alone: a.db.Dialect == db.SQLite, Withheld: withheld})
	ears := ingest.New(ingest.Options{DB: a.db, Channels: channels, Log: a.log, Node: a.in.Node})
	a.services = append(a.services, a.heartbeat(), service{"jobs", jobs.Start, jobs.Stop}, news, service{"webhooks", hooks.Start, hooks.Stop},
		service{"sending", sender.Start, sender.Stop}, service{"listening", ears.Start, ears.Stop},
		service{"communities", keeper.Start, keeper.Stop})
	look, err := a.looker()
	if err != nil {
		return err
	}
	look.DB = a.db
	promoter := &promote.Promoter{DB: a.db, Library: library, Blobs: blobs, Front: front}
	clicks := link.NewCounter(a.db, a.log)
	a.services = append(a.services, service{"links", clicks.Start, clicks.Stop})
	a.pages = web.New(web.Deps{DB: a.db, Promote: promoter, Health: look, Letters: letters, Channels: channels, Media: library, Archives: archives, Hooks: hooks,
		Desk: publish.Desk{DB: a.db, Channels: channels}, Networks: a.networks, Bridge: own, Admit: door, Hub: a.hub, Log: a.log, Site: web.Site{
			Version: version(), Mail: a.smtp != "", Dev: a.command == "demo", Public: a.known(), Rates: a.rates,
			Secure:  func(r *http.Request) bool { return edge.From(r.Context()).Secure },
			Address: func(r *http.Request) string { return edge.From(r.Context()).Address },
		}})
	a.commons = commons.New(commons.Deps{DB: a.db, Blobs: blobs, Join: communities, Claims: &merge.Claims{DB: a.db, Networks: a.networks}, Clicks: clicks, Log: a.log, Memory: a.pageMemory, Next: a.pages, Site: commons.Site{Public: a.known(), Listens: a.public,
		Secure:  func(r *http.Request) bool { return edge.From(r.Context()).Secure },
		Address: func(r *http.Request) string { return edge.From(r.Context()).Address }}})
	a.closing = append(a.closing, a.commons.Close)
	a.api = api.New(api.Deps{DB: a.db, Front: promoter.Front, Hooks: hooks, Networks: a.networks, Admit: door, Channels: channels, Media: library, Archives: archives,
		Desk: publish.Desk{DB: a.db, Channels: channels}, Log: a.log, Version: version(), Rates: a.rates,
		Address: func(r *http.Request) string { return edge.From(r.Context()).Address }})
	a.secure()
	a.checks = append(a.checks, check{"sending", sender.Ready}, check{"listening", ears.Ready}, check{"database", a.databaseReady}, check{"disk", a.diskReady})
	return nil
}

// writer has letters sent by the operator's mail server. Without one they are
// kept.
func (a *app) writer(w *job.Workers) (*letter.Letters, error) {
	letters := &letter.Letters{DB: a.db, Keys: a.keys}
	if a.smtp != "" {
		server, err := mail.NewSMTP(mail.Server{URL: a.smtp, From: a.from})
		if err != nil {
			return nil, err
		}
		letters.Send = byMail(server)
	}
	letters.Work(w)
	return letters, nil
}

// news carries what happened to those who must know it, in the studio, in the
// community and by letter.
// withheld asks both that may say that a post must not go out any more.
func withheld(ctx context.Context, q db.Queryer, brandID, postID string) (string, error) {
	why, err := bridge.Withheld(ctx, q, brandID, postID)
	if why != "" || err != nil {
		return why, err
	}
	return promote.Withheld(ctx, q, brandID, postID)
}

func (a *app) news(w *job.Workers, letters *letter.Letters, hooks *hook.Sender, own *bridge.Community, members *tell.Teller) service {
	reader := outbox.NewReader(a.db, a.log)
	answer.Listen(reader)
	own.Listen(reader)
	hooks.Listen(reader)
	notifier := &notify.Notifier{Letters: letters, Networks: a.networks, BaseURL: a.public.String(), Keys: a.keys}
	notifier.Listen(reader)
	notifier.Work(w, a.db)
	members.Listen(reader)
	members.Work(w)
	return service{"news", func(ctx context.Context) error {
		reader.Start(ctx)
		return nil
	}, func(context.Context) error {
		reader.Stop()
		return nil
	}}
}

// webhooks tells other programs what happened. Only addresses that the operator
// named are called without encryption.
func (a *app) webhooks(client *outbound.Client) *hook.Sender {
	return hook.New(hook.Options{Webhooks: &webhook.Webhooks{DB: a.db, Keys: a.keys, Allow: a.allow}, Client: client, Log: a.log})
}

// byMail hands letters to the mail server. The same letter always has the same
// Message-ID, so that one that is sent again is known for the same.
func byMail(server mail.Sender) func(context.Context, letter.Letter) error {
	return func(ctx context.Context, l letter.Letter) error {
		err := server.Send(ctx, mail.Message{From: l.From, To: l.Address, Subject: l.Subject, Text: l.Text, HTML: l.HTML, ID: l.ID, Headers: letterHeaders(l)})
		if fault.Is(err, fault.Invalid) {
			return letter.Final(err)
		}
		return err
	}
}

// letterHeaders say where the reader can do without such letters by one click
// (RFC 8058).
func letterHeaders(l letter.Letter) map[string]string {
	if l.Unsubscribe == "" {
		return nil
	}
	return map[string]string{"List-Unsubscribe": "<" + l.Unsubscribe + ">", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
}

// sweep forgets ended sessions, sign-ins that nobody ended and the API's old
// answers.
type sweep struct{}

func (sweep) Kind() string { return "account.sweep" }

func (a *app) heartbeat() service {
	var cancel context.CancelFunc
	done := make(chan struct{})
	return service{"heartbeat", func(ctx context.Context) error {
		ctx, cancel = context.WithCancel(ctx)
		go func() { defer close(done); a.in.Run(ctx, a.log) }()
		return nil
	}, func(ctx context.Context) error {
		cancel()
		<-done
		return nil
	}}
}

// startDemoNetwork runs the demo network inside this program, on a port of
// its own that only this machine reaches. It keeps the port of the last start
// where it can, so that links to it go on working.
func (a *app) startDemoNetwork() (netip.AddrPort, error) {
	l, err := emulator.Listen(beforePort(a.addr))
	if err != nil {
		l, err = emulator.Listen("127.0.0.1:0")
	}
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("server: the demo network: %w", err)
	}
	at, err := netip.ParseAddrPort(l.Addr().String())
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("server: the demo network: %w", err)
	}
	demoNetwork, err := emulator.New(emulator.Options{AutoAccounts: true, Journal: a.network(), PublicURL: "http://" + at.String()})
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("server: the demo network: %w", err)
	}
	a.world.Network = demoNetwork
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := demoNetwork.Serve(ctx, l); err != nil && ctx.Err() == nil {
			a.log.Error("the demo network ended", "error", err)
		}
	}()
	a.closing = append(a.closing, func() {
		cancel()
		<-done
		demoNetwork.Close()
	})
	return at, nil
}

// beforePort is loopback with the port before the server's own.
func beforePort(addr string) string {
	at, err := netip.ParseAddrPort(addr)
	if err != nil || at.Port() < 2 {
		return "127.0.0.1:0"
	}
	return netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), at.Port()-1).String()
}

// distrust holds every brand, because the database may not know what was
// sent, and has the networks asked about what is due.
func distrust(ctx context.Context, d *db.DB, v installation.Verdict) error {
	err := d.Tx(ctx, func(tx *db.Tx) error {
		return brand.HoldAll(ctx, tx, brand.ByRestore, v.Reason)
	})
	if err != nil {
		return err
	}
	_, err = publish.Doubt(ctx, d)
	return err
}

// routes joins the surfaces.
func (a *app) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", healthz)
	mux.HandleFunc("GET /readyz", a.readyz)
	mux.HandleFunc("GET /metrics", a.metricsPage)
	mux.Handle("/api", a.api)
	mux.Handle("/api/", a.api)
	mux.Handle("/", a.commons)
	return mux
}
