package notify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/job"
	"rapport/internal/task"
)

// round is the job that looks what has become due by the clock alone.
type round struct{}

// Kind names the job.
func (round) Kind() string { return "notify.round" }

// Work registers the job that tells of what is due: tasks, people who wait for
// long, digests.
func (n *Notifier) Work(w *job.Workers, d *db.DB) {
	job.Handle(w, func(ctx context.Context, _ round) error { return n.Round(ctx, d) })
	w.Every(time.Minute, round{})
}

// Round tells of what is due now, each thing once.
func (n *Notifier) Round(ctx context.Context, d *db.DB) error {
	return errors.Join(task.Due(ctx, d), conversation.TellWaiting(ctx, d), n.Digests(ctx, d))
}

// Keep is how long notifications are kept.
const Keep = 180 * 24 * time.Hour

// Sweep forgets old notifications.
func Sweep(ctx context.Context, d *db.DB) error {
	if _, err := d.ExecContext(ctx, `DELETE FROM notification WHERE created_at < $1`, d.Now().Add(-Keep)); err != nil {
		return fmt.Errorf("notify: sweep: %w", err)
	}
	return nil
}
