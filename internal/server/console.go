package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/term"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/installation"
)

type accountCreateCommand struct {
	place
	Email string `arg:"" help:"E-mail address to sign in with."`
	Name  string `required:"" help:"Name that others see."`
	Brand string `placeholder:"ADDRESS" help:"Brand to give a part in, as in /studio/ADDRESS."`
	Role  string `default:"owner" help:"Role in that brand."`
}

// Run reads the password from the first line of stdin, so that it stands in
// no list of processes.
func (cmd *accountCreateCommand) Run(c *console) error {
	return c.with(cmd.place, func(d *db.DB) error {
		grant, err := cmd.grant(c.ctx, d)
		if err != nil {
			return err
		}
		password, err := c.askPassword()
		if err != nil {
			return err
		}
		n := account.New{Email: cmd.Email, Name: cmd.Name, Password: password}
		a, err := account.Create(c.ctx, d, access.System(), n, func(tx *db.Tx, a account.Account) error {
			if err := installation.CloseSetup(c.ctx, tx); err != nil || grant.Brand == "" {
				return err
			}
			return account.Put(c.ctx, tx, a.ID, grant)
		})
		if err != nil {
			return err
		}
		fmt.Fprintf(c.out, "%s can sign in now.\n", a.Email)
		return nil
	})
}

func (cmd *accountCreateCommand) grant(ctx context.Context, d *db.DB) (access.Grant, error) {
	if cmd.Brand == "" {
		return access.Grant{}, nil
	}
	b, err := brand.BySlug(ctx, d, access.System(), cmd.Brand)
	if err != nil {
		return access.Grant{}, err
	}
	g := access.Grant{Brand: b.ID, Role: access.Role(cmd.Role)}
	return g, account.CheckGrant(d.Now(), access.System(), g)
}

type accountListCommand struct {
	place
}

func (cmd *accountListCommand) Run(c *console) error {
	return c.with(cmd.place, func(d *db.DB) error {
		all, err := account.List(c.ctx, d, access.System())
		if err != nil {
			return err
		}
		t := newTable(c.out, "E-MAIL", "NAME", "SINCE")
		for _, a := range all {
			t.row(a.Email, a.Name, day(a.CreatedAt))
		}
		return t.Flush()
	})
}

type accountPasswordCommand struct {
	place
	Email string `arg:"" help:"Whose password to set."`
}

func (cmd *accountPasswordCommand) Run(c *console) error {
	return c.with(cmd.place, func(d *db.DB) error {
		a, err := account.ByEmail(c.ctx, d, cmd.Email)
		if err != nil {
			return err
		}
		password, err := c.askPassword()
		if err != nil {
			return err
		}
		p := account.Password{Account: a.ID, New: password}
		if err := account.SetPassword(c.ctx, d, access.System(), p); err != nil {
			return err
		}
		fmt.Fprintf(c.out, "The password of %s is set, and its sessions have ended.\n", a.Email)
		return nil
	})
}

type accountFactorOffCommand struct {
	place
	Email string `arg:"" help:"Whose second factor to switch off."`
}

// Run needs no key: the secret is deleted, not read.
func (cmd *accountFactorOffCommand) Run(c *console) error {
	return c.with(cmd.place, func(d *db.DB) error {
		a, err := account.ByEmail(c.ctx, d, cmd.Email)
		if err != nil {
			return err
		}
		if err := (&account.Factors{DB: d}).Off(c.ctx, access.System(), a.ID); err != nil {
			return err
		}
		fmt.Fprintf(c.out, "%s signs in with the password alone now. A brand that asks for a second factor opens again once a new one is set up.\n", a.Email)
		return nil
	})
}

type tokenCreateCommand struct {
	place
	Brand  string        `required:"" placeholder:"ADDRESS" help:"Brand it is for, as in /studio/ADDRESS."`
	Scopes []string      `required:"" placeholder:"SCOPE,…" help:"What it may do: posts:read, posts:write, posts:publish and so on."`
	Name   string        `default:"console" help:"What will use it."`
	As     string        `placeholder:"E-MAIL" help:"Account that answers for it; by default the brand's first owner."`
	Lasts  time.Duration `help:"How long it holds, such as 720h; by default until it is revoked."`
}

// Run prints the token alone on its line, for scripts.
func (cmd *tokenCreateCommand) Run(c *console) error {
	return c.with(cmd.place, func(d *db.DB) error {
		b, who, err := asOwner(c.ctx, d, cmd.Brand, cmd.As)
		if err != nil {
			return err
		}
		n := account.NewToken{Name: cmd.Name}
		for _, s := range cmd.Scopes {
			n.Scopes = append(n.Scopes, access.Action(strings.TrimSpace(s)))
		}
		if cmd.Lasts > 0 {
			n.ExpiresAt = d.Now().Add(cmd.Lasts)
		}
		_, plain, err := account.TokenCreate(c.ctx, d, who, b.ID, n)
		if err != nil {
			return err
		}
		fmt.Fprintln(c.err, "Keep this token; it is not shown again.")
		fmt.Fprintln(c.out, plain)
		return nil
	})
}

// asOwner acts for an account of the brand, so that nothing made at the
// console goes beyond what somebody answers for.
func asOwner(ctx context.Context, d *db.DB, slug, email string) (brand.Brand, access.Who, error) {
	b, err := brand.BySlug(ctx, d, access.System(), slug)
	if err != nil {
		return brand.Brand{}, access.Who{}, err
	}
	var a account.Account
	if email != "" {
		a, err = account.ByEmail(ctx, d, email)
	} else {
		a, err = firstOwner(ctx, d, b)
	}
	if err != nil {
		return brand.Brand{}, access.Who{}, err
	}
	who, err := account.As(ctx, d, a)
	return b, who, err
}

func firstOwner(ctx context.Context, d *db.DB, b brand.Brand) (account.Account, error) {
	owners, err := account.Owners(ctx, d, b.ID)
	if err != nil {
		return account.Account{}, err
	}
	if len(owners) == 0 {
		return account.Account{}, fault.New(fault.Conflict, "%s has no owner. Make one with “rapport account create --brand %s”.", b.Name, b.Slug)
	}
	return owners[0], nil
}

type tokenListCommand struct {
	place
	Brand string `required:"" placeholder:"ADDRESS" help:"Brand whose tokens to list."`
}

func (cmd *tokenListCommand) Run(c *console) error {
	return c.with(cmd.place, func(d *db.DB) error {
		b, err := brand.BySlug(c.ctx, d, access.System(), cmd.Brand)
		if err != nil {
			return err
		}
		all, err := account.TokenList(c.ctx, d, access.System(), b.ID)
		if err != nil {
			return err
		}
		t := newTable(c.out, "ID", "NAME", "SCOPES", "MADE", "LAST USED", "STATE")
		for _, k := range all {
			t.row(k.ID, k.Name, scopes(k.Scopes), day(k.CreatedAt), day(k.UsedAt), tokenState(k, d.Now()))
		}
		return t.Flush()
	})
}

func scopes(all []access.Action) string {
	var out []string
	for _, a := range all {
		out = append(out, string(a))
	}
	return strings.Join(out, ",")
}

func tokenState(t account.Token, now db.Time) string {
	switch {
	case t.RevokedAt != 0:
		return "revoked " + day(t.RevokedAt)
	case t.ExpiresAt != 0 && !t.ExpiresAt.After(now):
		return "expired " + day(t.ExpiresAt)
	}
	return "valid"
}

type tokenRevokeCommand struct {
	place
	Brand string `required:"" placeholder:"ADDRESS" help:"Brand it is for."`
	ID    string `arg:"" help:"Id of the token, from the list."`
}

func (cmd *tokenRevokeCommand) Run(c *console) error {
	return c.with(cmd.place, func(d *db.DB) error {
		b, err := brand.BySlug(c.ctx, d, access.System(), cmd.Brand)
		if err != nil {
			return err
		}
		if err := account.TokenRevoke(c.ctx, d, access.System(), b.ID, cmd.ID); err != nil {
			return err
		}
		fmt.Fprintln(c.out, "The token is revoked.")
		return nil
	})
}

// with opens the installation's database for one command. A server may be
// running on it.
func (c *console) with(p place, do func(*db.DB) error) error {
	d, err := p.openReady(c.ctx)
	if err != nil {
		return err
	}
	return errors.Join(do(d), d.Close())
}

// askPassword reads one line: unseen from a terminal, else as it comes.
func (c *console) askPassword() (string, error) {
	if f, ok := c.in.(interface{ Fd() uintptr }); ok && term.IsTerminal(int(f.Fd())) {
		fmt.Fprint(c.err, "Password: ")
		b, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(c.err)
		return string(b), err
	}
	line, err := bufio.NewReader(c.in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("server: read the password: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}

// table prints columns.
type table struct{ *tabwriter.Writer }

func newTable(w io.Writer, head ...string) table {
	t := table{tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)}
	t.row(head...)
	return t
}

func (t table) row(cells ...string) { fmt.Fprintln(t.Writer, strings.Join(cells, "\t")) }

func day(t db.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Time().Format("2006-01-02 15:04")
}
