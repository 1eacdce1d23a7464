package server

import (
	"fmt"

	"rapport/internal/account"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/secret"
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
		sealed, broken, err := (&channel.Channels{DB: d, Keys: keys}).Reseal(c.ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.out, "The credentials of %d channels are sealed with it.\n", sealed)
		factors, err := (&account.Factors{DB: d, Keys: keys}).Reseal(c.ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.out, "The second factors of %d accounts are sealed with it.\n", factors)
		if broken > 0 {
			return fault.New(fault.Conflict, "The credentials of %d channels open with no key of the file. Connect these channels again.", broken)
		}
		return nil
	})
}
