package ingest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/i18n"
	"rapport/internal/network"
)

// trouble is a failure as a person reads it.
type trouble struct {
	text     string
	tone     string
	verdict  network.Verdict
	wait     time.Duration // the network asks for; 0 if it does not
	appWide  bool
	internal bool // ours, not the network's: it stands in the program's log
}

// explain puts a failure into words.
func explain(o opened, err error) trouble {
	var e *network.Error
	if !errors.As(err, &e) {
		if errors.Is(err, context.DeadlineExceeded) {
			return trouble{text: fmt.Sprintf("%s did not answer in time.", o.label()), tone: channel.ToneWarn}
		}
		return trouble{text: "Reading it failed here. Whoever runs this Rapport finds the reason in its log.", tone: channel.ToneBad, internal: true}
	}
	t := trouble{tone: channel.ToneWarn, verdict: e.Verdict, wait: e.RetryAfter, appWide: e.AppWide}
	switch {
	case e.Verdict == network.Unauthorized:
		t.text, t.tone = fmt.Sprintf("%s no longer accepts the sign-in.", o.label()), channel.ToneBad
	case e.Verdict == network.Throttled:
		t.text = fmt.Sprintf("%s asks to be read less often for now.", o.label())
	case e.Verdict == network.Refused:
		t.text, t.tone = with("%s refuses to be read.", "%s refuses to be read: %s", o.label(), e.Text), channel.ToneBad
	case e.Status >= 500:
		t.text = fmt.Sprintf("%s answered with an error (%d).", o.label(), e.Status)
	case e.Status >= 200:
		t.text, t.tone = with("%s answered something that could not be read.", "%s answered something that could not be read: %s", o.label(), e.Text), channel.ToneBad
	default:
		t.text = with("%s could not be reached.", "%s could not be reached: %s", o.label(), e.Text)
	}
	return t
}

// with repeats what the network said, if it said anything.
func with(alone, both, label, said string) string {
	if said = strings.TrimSpace(said); said == "" {
		return fmt.Sprintf(alone, label)
	}
	return fmt.Sprintf(both, label, said)
}

func (o opened) label() string {
	if o.network == nil {
		return i18n.Mark("The network")
	}
	return o.name()
}

func trimScheme(server string) string {
	_, host, found := strings.Cut(server, "://")
	if !found {
		return server
	}
	return host
}

// note keeps a failure with the feed and in the channel's log, and does what it
// asks for: waiting, or a person.
func (l *Listener) note(ctx context.Context, tx *db.Tx, f feed, o opened, t trouble) error {
	wait := l.Times.backoff(f.tries)
	switch t.verdict {
	case network.Throttled:
		wait = max(t.wait, time.Minute)
		if err := channel.Wait(ctx, tx, o.channel, tx.Now().Add(wait), t.appWide); err != nil {
			return err
		}
	case network.Unauthorized:
		if err := channel.Attention(ctx, tx, f.brand, f.channel, "The network no longer accepts the sign-in. Reconnect it."); err != nil {
			return err
		}
	case network.Refused:
		wait = max(wait, 10*time.Minute)
	}
	if err := channel.Log(ctx, tx, f.brand, f.channel, t.tone, t.text); err != nil {
		return err
	}
	if f.name == feedImport && f.tries >= importTries {
		if err := l.giveUp(ctx, tx, f, t.text); err != nil {
			return err
		}
	}
	return l.done(ctx, tx, f, wait, t.text)
}
