package channels

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"rapport/internal/access"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/network"
	"rapport/internal/secret"
	"rapport/internal/web/studio"
	"rapport/internal/web/ui"
)

// channelRead is what is known of a channel beside its row.
type channelRead struct {
	Abilities []network.Ability
	Sealed    bool // the access cannot be opened with the keys there are
	Import    *channel.Import
	Heard     *channel.Feed // how the inbox is filled
	Log       logPage
}

// logPage is a part of the channel's log.
type logPage struct {
	Slug, Channel string
	Now           time.Time
	Lines         []channel.LogLine
	Next          string
}

func (l logPage) more() string {
	return studio.Path(l.Slug, "channels", l.Channel, "log") + "?after=" + l.Next
}

// since is when the channel came to be as it is.
func (v channelView) since() time.Time {
	if v.Unreachable() && v.Feed.ReadAt > 0 {
		return v.Feed.ReadAt.Time()
	}
	return v.StateAt.Time()
}

// importing reports whether the import is worth the head of the page: while it
// runs, where it failed, and for a day after.
func (v channelView) importing() bool {
	return v.Import != nil && (v.Import.State != channel.ImportDone || v.Now.Sub(v.Import.FinishedAt.Time()) < 24*time.Hour)
}

// able are the abilities that the channel has, or those it lacks.
func (v channelView) able(can bool) (out []network.Ability) {
	for _, a := range v.Abilities {
		if a.Can == can {
			out = append(out, a)
		}
	}
	return out
}

const logFirst = 6 // lines on the channel's own page

// channelReading is what the channel can do, what is brought over and how the
// inbox is filled.
func (p *Pages) channelReading(r *http.Request, view *channelView) (err error) {
	v, ctx := studio.At(r), r.Context()
	view.Abilities, err = p.Channels.Abilities(ctx, v.Who, v.Brand.ID, view.ID)
	if errors.Is(err, secret.ErrBroken) {
		view.Sealed, err = true, nil
	}
	if err != nil {
		return err
	}
	i, had, err := channel.ImportOf(ctx, p.DB, v.Who, v.Brand.ID, view.ID)
	if err != nil {
		return err
	}
	if had {
		view.Import = &i
	}
	all, err := channel.Feeds(ctx, p.DB, v.Who, v.Brand.ID, view.ID)
	if err != nil {
		return err
	}
	for _, f := range all {
		if f.Name == "hear" {
			view.Heard = &f
		}
		if f.Tries > view.Feed.Tries {
			view.Feed = f
		}
	}
	view.Log = logPage{Slug: view.Slug, Channel: view.ID, Now: view.Now}
	view.Log.Lines, view.Log.Next, err = channel.LogList(ctx, p.DB, v.Who, v.Brand.ID, view.ID, db.Page{Limit: logFirst})
	return err
}

// channelImport is the progress of an import by itself, for a page that is
// open while it runs.
func (p *Pages) channelImport(w http.ResponseWriter, r *http.Request) error {
	v, ctx := studio.At(r), r.Context()
	c, err := channel.ByID(ctx, p.DB, v.Who, v.Brand.ID, r.PathValue("channel"))
	if err != nil {
		return err
	}
	if !studio.FromHTMX(r) {
		return studio.See(w, r, studio.Path(v.Brand.Slug, "channels", c.ID))
	}
	view := channelView{ChannelRow: p.RowOf(c), Slug: v.Brand.Slug, May: p.May(r, access.ChannelWrite)}
	if err := p.channelReading(r, &view); err != nil {
		return err
	}
	return studio.Part(w, r, channelImport(view))
}

// channelImportAgain has a stopped import go on.
func (p *Pages) channelImportAgain(w http.ResponseWriter, r *http.Request) error {
	v, id := studio.At(r), r.PathValue("channel")
	err := channel.ImportAgain(r.Context(), p.DB, v.Who, v.Brand.ID, id)
	if err != nil && !fault.Is(err, fault.Conflict) {
		return err
	}
	return studio.See(w, r, studio.Path(v.Brand.Slug, "channels", id))
}

// channelLog is all that went on between Rapport and the network.
func (p *Pages) channelLog(w http.ResponseWriter, r *http.Request) error {
	v, ctx := studio.At(r), r.Context()
	c, err := channel.ByID(ctx, p.DB, v.Who, v.Brand.ID, r.PathValue("channel"))
	if err != nil {
		return err
	}
	view := logPage{Slug: v.Brand.Slug, Channel: c.ID, Now: p.DB.Now().Time()}
	if view.Lines, view.Next, err = channel.LogList(ctx, p.DB, v.Who, v.Brand.ID, c.ID, studio.PageOf(r)); err != nil {
		return err
	}
	if studio.FromHTMX(r) && r.URL.Query().Has("after") {
		return studio.Part(w, r, channelLogRows(view))
	}
	head := ui.Head{Title: i18n.T(ctx, "Log of {{.Channel}}", "Channel", c.Handle), Back: studio.Path(view.Slug, "channels", c.ID), BackText: i18n.T(ctx, "Back to the channel")}
	return p.Show(w, r, studio.Page{Area: "channels", Head: head, Flush: len(view.Lines) > 0}, channelLogPage(view))
}

func logTone(l channel.LogLine) ui.Tone {
	switch l.Tone {
	case "bad":
		return ui.Bad
	case "warn":
		return ui.Warn
	}
	return ui.Quiet
}

func logIcon(l channel.LogLine) string {
	switch l.Tone {
	case "bad":
		return "circle-x"
	case "warn":
		return "triangle-alert"
	}
	return "info"
}

func importTitle(ctx context.Context, i channel.Import) string {
	switch i.State {
	case channel.ImportRunning:
		return i18n.T(ctx, "Bringing over what is there")
	case channel.ImportFailed:
		return i18n.T(ctx, "Not everything could be brought over")
	}
	return i18n.T(ctx, "Everything is here")
}

// importCounts says what came: "143 of 200 posts, 31 threads, 420 messages".
func importCounts(ctx context.Context, i channel.Import) string {
	if i.State == channel.ImportDone && i.Posts == 0 && i.Messages == 0 {
		return i18n.T(ctx, "Nothing was there that was not here already.")
	}
	posts := i18n.N(ctx, i.Posts, "{{.N}} post", "{{.N}} posts")
	if i.PostsMost > i.Posts && i.State != channel.ImportDone {
		posts = i18n.T(ctx, "{{.N}} of {{.Most}} posts", "N", i18n.Number(ctx, i.Posts), "Most", i18n.Number(ctx, i.PostsMost))
	}
	return strings.Join([]string{posts, i18n.N(ctx, i.Threads, "{{.N}} thread", "{{.N}} threads"), i18n.N(ctx, i.Messages, "{{.N}} message", "{{.N}} messages")}, ", ")
}

// limitsSaid are the channel's limits in whole sentences.
func limitsSaid(ctx context.Context, l network.Limits) []string {
	var out []string
	say := func(n int, text string) {
		if n > 0 {
			out = append(out, text)
		}
	}
	say(l.Text, i18n.N(ctx, l.Text, "A text has at most {{.N}} character.", "A text has at most {{.N}} characters."))
	say(l.URLLength, i18n.T(ctx, "A link counts as {{.N}} characters, however long it is.", "N", l.URLLength))
	if l.Images == 0 {
		out = append(out, i18n.T(ctx, "Pictures cannot be sent."))
	}
	say(l.Images, i18n.N(ctx, l.Images, "A post has at most {{.N}} picture.", "A post has at most {{.N}} pictures."))
	say(int(l.ImageBytes), i18n.T(ctx, "A picture has at most {{.N}} MB.", "N", megabytes(l.ImageBytes)))
	say(l.AltText, i18n.T(ctx, "A description of a picture has at most {{.N}} characters.", "N", i18n.Number(ctx, l.AltText)))
	say(l.Parts-1, i18n.T(ctx, "A thread has at most {{.N}} posts.", "N", l.Parts))
	if l.NeedsMedia {
		out = append(out, i18n.T(ctx, "A post always has a picture."))
	}
	return out
}

func megabytes(n int64) string {
	return strconv.FormatFloat(math.Round(float64(n)/1e5)/10, 'f', -1, 64)
}
