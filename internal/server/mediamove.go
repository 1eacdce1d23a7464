package server

import (
	"fmt"

	"rapport/internal/blob"
	"rapport/internal/fault"
	"rapport/internal/secret"
)

type mediaMoveCommand struct {
	Data     string      `default:"rapport-data" placeholder:"DIR" help:"Data folder, whose media are meant."`
	MediaURL secret.Text `placeholder:"URL" help:"The bucket: s3://KEY:SECRET@host/bucket."`
	Back     bool        `help:"From the bucket into the folder."`
}

// Run copies and deletes nothing. It may run beside a server, and again: only
// what is missing or differs is copied.
func (cmd *mediaMoveCommand) Run(c *console) error {
	p, err := place{Data: cmd.Data}.absolute()
	if err != nil {
		return err
	}
	if cmd.MediaURL == "" {
		return fault.New(fault.Invalid, "Name the bucket in RAPPORT_MEDIA_URL or with --media-url.")
	}
	bucket, err := blob.OpenS3(cmd.MediaURL)
	if err != nil {
		return err
	}
	if err := bucket.Check(c.ctx); err != nil {
		return err
	}
	folder, err := blob.OpenFolder(p.media())
	if err != nil {
		return err
	}
	defer folder.Close()
	var from, to blob.Store = folder, bucket
	where, next := bucket.Name(), "Start Rapport with --media-url now; the folder "+p.media()+" is not read any more and can be deleted once all is well."
	if cmd.Back {
		from, to = bucket, folder
		where, next = p.media(), "Start Rapport without --media-url now; the bucket is not read any more."
	}
	done, err := blob.Copy(c.ctx, from, to, func(so blob.Copied) {
		if so.Files%100 == 0 {
			fmt.Fprintf(c.out, "%d files\n", so.Files)
		}
	})
	if err != nil {
		return fmt.Errorf("server: after %d files: %w", done.Files, err)
	}
	fmt.Fprintf(c.out, "%d files (%.1f MB) lie in %s with the same content; %d of them are new there.\n%s\n", done.Files, float64(done.Bytes)/1e6, where, done.Fresh, next)
	return nil
}
