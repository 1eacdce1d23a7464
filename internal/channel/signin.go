package channel

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"time"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/network"
	"rapport/internal/secret"
)

// SignInWithin is how long a person may take at the network's page.
const SignInWithin = 15 * time.Minute

// completeWithin bounds the calls that end a sign-in. They go on where the
// browser leaves: a code works once.
const completeWithin = time.Minute

// SignIn is a sign-in at a network's own page, for one brand, from one browser
// session.
type SignIn struct {
	Brand, Network string
	Server         string // as typed at first, then as the connector has it
	Again          string // id of the channel that is connected anew; "" for a new one
	Session        string // id of the browser session that may end it
	Redirect       string // where the network sends the browser back to
}

// Authorize prepares a sign-in and returns the address of the network's page.
// Only the same account in the same browser session may end it, once, within
// SignInWithin.
func (cs *Channels) Authorize(ctx context.Context, who access.Who, in SignIn) (string, error) {
	con, in, err := cs.authorizer(ctx, who, in)
	if err != nil {
		return "", err
	}
	state := secret.Token()
	a, err := con.Authorize(ctx, in.Server, in.Redirect, state, cs.app(ctx, in))
	if err != nil {
		return "", atField(con.Facts(), "server", err)
	}
	if to, err := url.Parse(a.URL); err != nil || to.Host == "" || to.Scheme != "https" && to.Scheme != "http" {
		return "", fault.OnField("server", "%s gave no page to sign in at. Use an access token instead.", con.Facts().Title)
	}
	in.Server = a.Server
	return a.URL, cs.DB.Tx(ctx, func(tx *db.Tx) error {
		if err := keepApp(ctx, tx, in, cs.sealApp(in, a.App)); err != nil {
			return err
		}
		return insertSignIn(ctx, tx, who, in, secret.Hash(state), cs.sealSignIn(who, in, secret.Hash(state), a))
	})
}

func (cs *Channels) authorizer(ctx context.Context, who access.Who, in SignIn) (network.Authorizer, SignIn, error) {
	if err := who.May(cs.DB.Now(), in.Brand, access.ChannelWrite, some(in.Again)...); err != nil {
		return nil, in, err
	}
	if in.Session == "" || who.Account == "" {
		return nil, in, fault.New(fault.Denied, "Sign in to the studio with a browser to connect like this.")
	}
	if in.Again != "" {
		c, _, err := byID(ctx, cs.DB, in.Brand, in.Again)
		if err != nil {
			return nil, in, err
		}
		in.Network, in.Server = c.Network, c.Server
	}
	con, err := cs.connector(ctx, in.Brand, in.Network)
	if err != nil {
		return nil, in, err
	}
	a, can := con.(network.Authorizer)
	if !can {
		return nil, in, fault.New(fault.Invalid, "%s has no page to sign in at.", con.Facts().Title)
	}
	in.Server, err = address(con.Facts(), in.Server)
	return a, in, err
}

func some(id string) []string {
	if id == "" {
		return nil
	}
	return []string{id}
}

const longestServer = 300

// address tidies what a person typed for a server: they often write their
// whole name, "@me@social.example".
func address(f network.Facts, typed string) (string, error) {
	s := strings.TrimSpace(typed)
	if f.ServerLabel == "" {
		return s, nil
	}
	if at := strings.LastIndexByte(s, '@'); at >= 0 && !strings.Contains(s, "/") {
		s = s[at+1:]
	}
	switch {
	case len(s) > longestServer || strings.ContainsAny(s, " \x00\r\n\t"):
		return "", fault.OnField("server", "This is no address. Write it like social.example.")
	case s == "" && !f.ServerOptional:
		return "", fault.OnField("server", "Fill in the address of the server, such as mastodon.social.")
	}
	return s, nil
}

// Return is what the network's redirect brings back.
type Return struct {
	Network, State string
	Code           string
	Error          string // the code of what went wrong there, by RFC 6749
}

var (
	errStartAgain = fault.New(fault.Conflict, "This sign-in is not known here any more: it was used already, began in another browser, or took longer than 15 minutes. Look whether the channel is in the list; if not, start again.")
	errSaidNo     = fault.New(fault.Conflict, "The access was not given, so nothing was changed. Start again if that was a slip.")
)

// Complete ends a sign-in and keeps its account as a channel. Whatever goes
// wrong changes nothing, a working channel least of all. The sign-in it belongs to is
// returned as far as it is known, so that the person can be led back.
func (cs *Channels) Complete(ctx context.Context, who access.Who, session string, back Return) (Channel, SignIn, error) {
	if back.State == "" || len(back.State) > 200 || len(back.Code) > longestSecret || session == "" {
		return Channel{}, SignIn{}, errStartAgain
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), completeWithin)
	defer stop()
	in, a, err := cs.takeSignIn(ctx, who, session, back)
	if err != nil {
		return Channel{}, in, err
	}
	con, in, err := cs.authorizer(ctx, who, in)
	if err != nil {
		return Channel{}, in, err
	}
	title := con.Facts().Title
	switch {
	case back.Error == "access_denied":
		return Channel{}, in, errSaidNo
	case back.Error != "" || back.Code == "":
		return Channel{}, in, fault.New(fault.Unavailable, "%s did not finish the sign-in. Nothing was changed; start again, or use an access token.", title)
	}
	got, err := con.Complete(ctx, a, in.Redirect, back.Code)
	if err != nil {
		return Channel{}, in, asFault(title, err)
	}
	c, err := cs.signedIn(ctx, who, in, con.Facts(), got)
	return c, in, err
}

// signedIn keeps the account. A sign-in that was meant for one channel and
// opens another account changes nothing.
func (cs *Channels) signedIn(ctx context.Context, who access.Who, in SignIn, f network.Facts, a network.Account) (Channel, error) {
	if in.Again != "" {
		c, _, err := byID(ctx, cs.DB, in.Brand, in.Again)
		if err != nil {
			return c, err
		}
		if a.ID != c.RemoteID || a.Server != c.Server {
			return c, otherAccount(a, c)
		}
	}
	return cs.keep(ctx, who, found{in.Brand, f, a, connecting, nil})
}

func otherAccount(a network.Account, c Channel) error {
	return fault.New(fault.Conflict, "This opens another account, %s. Connect it as a channel of its own, or sign in as %s.", a.Handle, c.Handle)
}

// takeSignIn takes the sign-in away, so that it ends once, whatever comes of
// it.
func (cs *Channels) takeSignIn(ctx context.Context, who access.Who, session string, back Return) (in SignIn, a network.Authorization, err error) {
	var sealed string
	hash := secret.Hash(back.State)
	err = cs.DB.Tx(ctx, func(tx *db.Tx) error {
		in, sealed, err = takeSignIn(ctx, tx, who, session, back.Network, hash)
		return err
	})
	if err != nil {
		return in, a, err
	}
	plain, err := cs.Keys.Open(signInFor, signInPlace(who, in, hash), sealed)
	if err != nil {
		return in, a, errStartAgain
	}
	var kept sealedSignIn
	if err := json.Unmarshal(plain, &kept); err != nil {
		return in, a, errStartAgain
	}
	in.Redirect = kept.Redirect
	return in, kept.Authorization, nil
}

// sealedSignIn is what a sign-in needs again at its end.
type sealedSignIn struct {
	Authorization network.Authorization
	Redirect      string
}

const (
	signInFor = "network sign-in"
	appFor    = "network app"
)

func signInPlace(who access.Who, in SignIn, hash string) string {
	return strings.Join([]string{hash, in.Session, who.Account, in.Brand, in.Network, in.Server, in.Again}, "\x00")
}

func (cs *Channels) sealSignIn(who access.Who, in SignIn, hash string, a network.Authorization) string {
	return cs.Keys.Seal(signInFor, signInPlace(who, in, hash), encoded(sealedSignIn{a, in.Redirect}))
}

func appPlace(in SignIn) string {
	return strings.Join([]string{in.Network, in.Server, in.Redirect}, "\x00")
}

func (cs *Channels) sealApp(in SignIn, app network.Credential) string {
	return cs.Keys.Seal(appFor, appPlace(in), encoded(app))
}

// app is this program's registration at the server, nil where there is none
// that opens: the connector then registers anew.
func (cs *Channels) app(ctx context.Context, in SignIn) network.Credential {
	for _, server := range []string{in.Server, guess(in.Server)} {
		in.Server = server
		sealed, err := appOf(ctx, cs.DB, in)
		if err != nil || sealed == "" {
			continue
		}
		if app, err := cs.openApp(in, sealed); err == nil {
			return app
		}
	}
	return nil
}

func (cs *Channels) openApp(in SignIn, sealed string) (app network.Credential, err error) {
	plain, err := cs.Keys.Open(appFor, appPlace(in), sealed)
	if err == nil {
		err = json.Unmarshal(plain, &app)
	}
	return app, err
}

// guess is the address a connector most likely makes of what was typed. A
// wrong guess costs one more registration.
func guess(typed string) string {
	s := strings.TrimRight(strings.ToLower(typed), "/")
	if !strings.Contains(s, "://") {
		s = "https://" + s
	}
	return s
}

// atField lays what a network said while connecting at the field where it is
// mended: an address that does not answer at the server's, an access that is
// refused at the one of the access.
func atField(f network.Facts, access string, err error) error {
	out := asFault(f.Title, err)
	var said *fault.Error
	if !errors.As(out, &said) || len(said.Fields) > 0 {
		return out
	}
	field := access
	switch v := network.VerdictOf(err); {
	case v == network.Throttled:
		return out
	case v != network.Unauthorized && f.ServerLabel != "":
		field = "server"
	case v != network.Unauthorized:
		return out
	}
	if field != "" {
		said.Fields = []fault.Field{{Name: field, Text: said.Text, Phrase: said.Phrase}}
	}
	return out
}
