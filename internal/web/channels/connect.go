package channels

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"rapport/internal/access"
	"rapport/internal/brand"
	"rapport/internal/channel"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/network"
	"rapport/internal/web/entry"
	"rapport/internal/web/studio"
	"rapport/internal/web/ui"
)

// networkChoice is a network that may be connected, or why not.
type networkChoice struct {
	network.Facts
	Way string // how it is connected
	Why string // why this brand cannot; "" where it can
}

// connectChoose shows the networks to choose from; with one network only, its
// form at once.
func (p *Pages) connectChoose(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	if err := v.Who.May(p.DB.Now(), v.Brand.ID, access.ChannelWrite); err != nil {
		return err
	}
	choices := p.networkChoices(r.Context(), v)
	if len(choices) == 1 && choices[0].Why == "" {
		return p.connectForm(w, r, connectView{Facts: choices[0].Facts})
	}
	head := ui.Head{Title: i18n.T(r.Context(), "Connect a channel"), Back: studio.Path(v.Brand.Slug, "channels"), BackText: i18n.T(r.Context(), "Back to the channels")}
	return p.Show(w, r, studio.Page{Area: "channels", Head: head}, connectNetworks(v.Brand.Slug, choices))
}

// networkChoices lists the real networks before the demos.
func (p *Pages) networkChoices(ctx context.Context, v *studio.Visit) []networkChoice {
	var out []networkChoice
	for _, n := range p.Networks.All() {
		if _, can := n.(network.Connector); !can {
			continue
		}
		c := networkChoice{Facts: n.Facts(), Way: connectWay(ctx, n)}
		if v.Brand.Demo && !c.Demo {
			c.Why = i18n.T(ctx, "The demo brand takes only demo networks. Start your own brand to connect it.")
		}
		out = append(out, c)
	}
	slices.SortStableFunc(out, func(a, b networkChoice) int { return cmp.Compare(order(a), order(b)) })
	return out
}

func order(c networkChoice) int {
	switch {
	case c.Why != "":
		return 2
	case c.Demo:
		return 1
	}
	return 0
}

// connectWay says in a line what connecting takes.
func connectWay(ctx context.Context, n network.Network) string {
	if _, page := n.(network.Authorizer); page {
		return i18n.T(ctx, "You sign in at your own server; no password is typed here.")
	}
	if n.Facts().Demo {
		return i18n.T(ctx, "To try everything out. Nothing leaves this machine.")
	}
	var asks []string
	for _, f := range n.Facts().Fields {
		if !f.Optional {
			asks = append(asks, i18n.T(ctx, f.Label))
		}
	}
	return i18n.T(ctx, "It asks for: {{.Fields}}", "Fields", strings.Join(asks, ", "))
}

// connectShow shows what a network asks for.
func (p *Pages) connectShow(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	if err := v.Who.May(p.DB.Now(), v.Brand.ID, access.ChannelWrite); err != nil {
		return err
	}
	return p.connectNamed(w, r, r.PathValue("network"), r.URL.Query().Get("again"), entry.Form{})
}

func (p *Pages) connectNamed(w http.ResponseWriter, r *http.Request, name, again string, f entry.Form) error {
	n, err := p.Networks.Named(name)
	if err != nil {
		return err
	}
	if _, can := n.(network.Connector); !can {
		return fault.New(fault.NotFound, "%s cannot be connected here.", n.Facts().Title)
	}
	view := connectView{Facts: n.Facts(), Form: f}
	if again != "" {
		v := studio.At(r)
		c, err := channel.ByID(r.Context(), p.DB, v.Who, v.Brand.ID, again)
		if err != nil {
			return err
		}
		view.Again = &c
	}
	return p.connectForm(w, r, view)
}

// connectView is the form of a network.
type connectView struct {
	Slug   string
	Facts  network.Facts
	Form   entry.Form
	Again  *channel.Channel // to connect anew, if it is one
	SignIn bool             // there is a page to sign in at
	Closed string           // why that page cannot be used; "" where it can
}

func (p *Pages) connectForm(w http.ResponseWriter, r *http.Request, view connectView) error {
	ctx := r.Context()
	view.Slug = studio.At(r).Brand.Slug
	if n, err := p.Networks.Named(view.Facts.Name); err == nil {
		_, view.SignIn = n.(network.Authorizer)
	}
	if _, err := p.redirectAddress(r, view.Facts.Name); view.SignIn && err != nil {
		view.SignIn, view.Closed = false, fault.Say(ctx, err)
	}
	head := ui.Head{Title: i18n.T(ctx, "Connect {{.Network}}", "Network", view.Facts.Title),
		Back: studio.Path(view.Slug, "channels"), BackText: i18n.T(ctx, "Back to the channels")}
	if view.Again != nil {
		head.Title = i18n.T(ctx, "Connect {{.Channel}} again", "Channel", view.Again.Handle)
		head.Back, head.BackText = studio.Path(view.Slug, "channels", view.Again.ID), i18n.T(ctx, "Back to the channel")
	}
	return p.Show(w, r, studio.Page{Area: "channels", Head: head, Status: view.Form.Status()}, connectPage(view))
}

// server is what stands in the field of the server.
func (v connectView) server() string {
	if v.Form.Values == nil && v.Again != nil {
		return v.Again.Server
	}
	return v.Form.Value("server")
}

// host is the name of the server where one was given.
func (v connectView) host() string { return hostOf(v.server()) }

// hostOf is the host in what people write for a server: an address, a name, or
// their whole handle.
func hostOf(typed string) string {
	s := strings.TrimSpace(typed)
	if _, rest, ok := strings.Cut(s, "://"); ok {
		s = rest
	}
	s, _, _ = strings.Cut(s, "/")
	return strings.ToLower(s[strings.LastIndexByte(s, '@')+1:])
}

// value is what stands in a field; a secret is asked for again.
func (v connectView) value(f network.Field) string {
	if v.Form.Values == nil && v.Again != nil && f.Name == "handle" {
		return strings.TrimPrefix(v.Again.Handle, "@")
	}
	return v.Form.Value(f.Name)
}

// byHand reports whether the fields of an access show although there is a page
// to sign in at.
func (v connectView) byHand() bool {
	if v.Form.Value("way") == byToken {
		return true
	}
	return slices.ContainsFunc(v.Facts.Fields, func(f network.Field) bool { return v.Form.Error(f.Name) != "" })
}

// folded reports whether the field of the server is folded away.
func (v connectView) folded() bool {
	return v.Facts.ServerOptional && v.server() == "" && v.Form.Error("server") == ""
}

// action is where the form goes.
func (v connectView) action() string {
	to := studio.Path(v.Slug, "connect", v.Facts.Name)
	if v.Again != nil {
		to += "?again=" + v.Again.ID
	}
	return to
}

// The two ways of the form.
const (
	byPage  = "page"
	byToken = "token"
)

// connectDo asks the network and keeps the account as a channel, or leads to
// the network's own page. A token that was typed counts, whatever button the
// enter key pressed.
func (p *Pages) connectDo(w http.ResponseWriter, r *http.Request) error {
	name, again := r.PathValue("network"), r.URL.Query().Get("again")
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	n, err := p.Networks.Named(name)
	if err != nil {
		return err
	}
	cred, fields, typed := network.Credential{}, []string{"server"}, false
	for _, field := range n.Facts().Fields {
		cred[field.Name] = f.Value(field.Name)
		typed = typed || field.Secret && cred[field.Name] != ""
		fields = append(fields, field.Name)
	}
	if f.Value("way") == byPage && !typed {
		err = p.connectGo(w, r, name, again, f.Value("server"))
	} else {
		f.Values.Set("way", byToken)
		err = p.connectByHand(w, r, name, again, f.Value("server"), cred)
	}
	if err != nil && f.Refused(err, fields...) {
		return p.connectNamed(w, r, name, again, f)
	}
	return err
}

func (p *Pages) connectByHand(w http.ResponseWriter, r *http.Request, name, again, server string, cred network.Credential) (err error) {
	v := studio.At(r)
	var c channel.Channel
	if again != "" {
		c, err = p.Channels.Reconnect(r.Context(), v.Who, v.Brand.ID, again, cred)
	} else {
		c, err = p.Channels.Connect(r.Context(), v.Who, v.Brand.ID, name, server, cred)
	}
	if err != nil {
		return err
	}
	return p.connected(w, r, c)
}

func (p *Pages) connected(w http.ResponseWriter, r *http.Request, c channel.Channel) error {
	p.Note(w, r, i18n.T(r.Context(), "{{.Channel}} is connected.", "Channel", c.Handle), "")
	return studio.See(w, r, studio.Path(studio.At(r).Brand.Slug, "channels", c.ID))
}

// connectGo leads to the network's page. A redirect would be held back: what a
// form leads to must be of this origin, so a page of ours leads on.
func (p *Pages) connectGo(w http.ResponseWriter, r *http.Request, name, again, server string) error {
	v, ctx := studio.At(r), r.Context()
	redirect, err := p.redirectAddress(r, name)
	if err != nil {
		return err
	}
	to, err := p.Channels.Authorize(ctx, v.Who, channel.SignIn{Brand: v.Brand.ID, Network: name, Server: server, Again: again,
		Session: v.Session.ID, Redirect: redirect})
	if err != nil {
		return err
	}
	there := hostOf(to)
	w.Header().Set("Refresh", "0; url="+to)
	head := ui.Head{Title: i18n.T(ctx, "On to {{.Host}}", "Host", there), Back: studio.Path(v.Brand.Slug, "connect", name), BackText: i18n.T(ctx, "Back to the form")}
	return p.Show(w, r, studio.Page{Area: "channels", Head: head}, connectLeave(there, to))
}

func connectedPath(name string) string { return "/studio/connected/" + name }

// redirectAddress is where the network sends the browser back to: below the
// declared address, else where the browser is now if that is this machine.
// Anything else a stranger's name could pretend to be.
func (p *Pages) redirectAddress(r *http.Request, name string) (string, error) {
	if p.Site.Public != nil {
		return p.Site.Public.Scheme + "://" + p.Site.Public.Host + connectedPath(name), nil
	}
	if !onThisMachine(r.Host) {
		return "", fault.New(fault.Conflict, "To sign in at the network's own page, Rapport must know its own address. Whoever runs it can set it with --public-url.")
	}
	scheme := "http://"
	if p.Secure(r) {
		scheme = "https://"
	}
	return scheme + r.Host + connectedPath(name), nil
}

func onThisMachine(hostport string) bool {
	name := hostport
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		name = host
	}
	name = strings.ToLower(strings.Trim(name, "[]"))
	a, err := netip.ParseAddr(name)
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || err == nil && a.Unmap().IsLoopback()
}

// connectReturn is where a network sends the browser back to. What went wrong
// is said on the form that it began with; nothing of the address is shown.
func (p *Pages) connectReturn(w http.ResponseWriter, r *http.Request, name string) error {
	v, q := studio.At(r), r.URL.Query()
	c, in, err := p.Channels.Complete(r.Context(), v.Who, v.Session.ID, channel.Return{Network: name,
		State: q.Get("state"), Code: q.Get("code"), Error: q.Get("error")})
	if !p.inBrandOf(r, in) {
		if err != nil {
			return err
		}
		return studio.See(w, r, "/studio")
	}
	if err == nil {
		return p.connected(w, r, c)
	}
	f := entry.Fill("server", in.Server).For(r.Context())
	if f.Refused(err) {
		return p.connectNamed(w, r, name, in.Again, f)
	}
	return err
}

// inBrandOf makes the visit one of the sign-in's brand, else of the one that
// was open last.
func (p *Pages) inBrandOf(r *http.Request, in channel.SignIn) bool {
	v := studio.At(r)
	var err error
	if in.Brand != "" {
		v.Brand, err = brand.ByID(r.Context(), p.DB, v.Who, in.Brand)
		return err == nil
	}
	last, err := r.Cookie(studio.BrandCookie)
	if err != nil {
		return false
	}
	v.Brand, err = brand.BySlug(r.Context(), p.DB, v.Who, last.Value)
	return err == nil
}
