package server

import (
	"fmt"
	"os"

	"rapport/internal/access"
	"rapport/internal/archive"
	"rapport/internal/blob"
	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/media"
)

type exportCommand struct {
	place
	Brand string `required:"" placeholder:"ADDRESS" help:"Brand to export, by its address in the studio."`
	File  string `arg:"" help:"File to write; it must not exist."`
}

func (cmd *exportCommand) Run(c *console) error {
	return c.archives(cmd.place, func(d *db.DB, a *archive.Archiver) error {
		b, err := brand.BySlug(c.ctx, d, access.System(), cmd.Brand)
		if err != nil {
			return err
		}
		f, err := os.OpenFile(cmd.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return fault.As(fault.Conflict, err, "%s cannot be made (%v). Choose another name.", cmd.File, cause(err))
		}
		m, err := a.ExportTo(c.ctx, b.ID, f)
		if err == nil {
			err = f.Sync()
		}
		if closed := f.Close(); err == nil {
			err = closed
		}
		if err != nil {
			os.Remove(cmd.File)
			return err
		}
		fmt.Fprintf(c.out, "Saved everything of %s as %s: %d files in it. Accesses to networks are not.\n", b.Name, cmd.File, len(m.Files))
		return nil
	})
}

type importCommand struct {
	place
	Owner string `required:"" placeholder:"E-MAIL" help:"Account that will own the brand. Make one with “rapport account create”."`
	File  string `arg:"" help:"Archive to bring in."`
}

func (cmd *importCommand) Run(c *console) error {
	return c.archives(cmd.place, func(_ *db.DB, a *archive.Archiver) error {
		i, err := a.ImportFile(c.ctx, cmd.Owner, cmd.File)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.out, "%s is here, with %d things. It is on hold: connect its channels again, look through what is planned, and release the hold in the studio.\n", i.Name, i.Most/2)
		return nil
	})
}

// archives opens the database and the files for one command. A server may be
// running on them.
func (c *console) archives(p place, do func(*db.DB, *archive.Archiver) error) error {
	p, err := p.absolute()
	if err != nil {
		return err
	}
	return c.with(p, func(d *db.DB) error {
		blobs, err := blob.OpenFolder(p.media())
		if err != nil {
			return err
		}
		defer blobs.Close()
		return do(d, &archive.Archiver{DB: d, Blobs: blobs, Library: &media.Library{DB: d, Blobs: blobs}, Program: version()})
	})
}
