package server

import (
	"fmt"
	"strings"

	"rapport/internal/account"
	"rapport/internal/certificate"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/rekey"
	"rapport/internal/secret"
	"rapport/internal/webhook"
)

type keyRotateCommand struct {
	place
}

// Run makes a new key and seals everything with it. The older keys stay in the
// file: backups made before need them.
func (cmd *keyRotateCommand) Run(c *console) error {
	p, err := cmd.place.absolute()
	if err != nil {
		return err
	}
	return c.with(p, func(d *db.DB) error {
		keys, err := secret.Open(p.keyFile())
		if err != nil {
			return err
		}
		id, err := keys.AddKey()
		if err != nil {
			return err
		}
		fmt.Fprintf(c.out, "The new key %s is in %s. Keep a fresh copy of the file.\n", id, p.keyFile())
		done, err := rekey.All(c.ctx, sealers(d, keys)...)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.out, "%d secrets are sealed with it.\n", done.Sealed)
		return done.Missing()
	})
}

// sealers are the packages that seal.
func sealers(d *db.DB, keys *secret.Keyring) []rekey.Part {
	return []rekey.Part{&channel.Channels{DB: d, Keys: keys}, &webhook.Webhooks{DB: d, Keys: keys}, certificate.Cache{DB: d, Keys: keys},
		&account.Factors{DB: d, Keys: keys}}
}

type keyListCommand struct {
	place
}

// Run tells how much each key still seals.
func (cmd *keyListCommand) Run(c *console) error {
	return cmd.with(c, func(d *db.DB, keys *secret.Keyring) error {
		all, err := rekey.Count(c.ctx, d, keys)
		if err != nil {
			return err
		}
		t := newTable(c.out, "KEY", "SECRETS", "")
		for _, u := range all {
			note := ""
			switch {
			case u.Newest:
				note = "seals"
			case !u.Known:
				note = "not in the file"
			case u.Texts == 0:
				note = "only needed for older backups"
			}
			t.row(u.Key, fmt.Sprint(u.Texts), note)
		}
		return t.Flush()
	})
}

type keyForgetCommand struct {
	place
}

// Run takes the keys out of the file that seal nothing any more.
func (cmd *keyForgetCommand) Run(c *console) error {
	return cmd.with(c, func(d *db.DB, keys *secret.Keyring) error {
		gone, err := rekey.Forget(c.ctx, d, keys)
		if err != nil {
			return err
		}
		if len(gone) == 0 {
			fmt.Fprintln(c.out, "Every key of the file is needed.")
			return nil
		}
		fmt.Fprintf(c.out, "Forgotten: %s. Backups from before open their secrets with a copy of the old key file only.\n", strings.Join(gone, ", "))
		return nil
	})
}

// with opens the database and the keys.
func (p place) with(c *console, do func(*db.DB, *secret.Keyring) error) error {
	p, err := p.absolute()
	if err != nil {
		return err
	}
	return c.with(p, func(d *db.DB) error {
		keys, err := secret.Open(p.keyFile())
		if err != nil {
			return err
		}
		return do(d, keys)
	})
}
