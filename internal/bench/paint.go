package main

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/community"
	"rapport/internal/db"
	"rapport/internal/member"
	"rapport/internal/space"
	"rapport/internal/topic"
)

// slower is by how much the browser's processor is slowed down.
const slower = 4

// paint takes what a topic of a community costs a visitor in a new browser, and
// how long it takes until the largest part of it is painted.
func paint(ctx context.Context, b *bench) error {
	if b.chromium == "" {
		return errors.New("-chromium names no browser")
	}
	w, err := b.newWorld(ctx, demoNetwork{}, 0)
	if err != nil {
		return err
	}
	defer w.close()
	at, err := w.conversed(ctx)
	if err != nil {
		return err
	}
	server, err := b.serve(ctx, w)
	if err != nil {
		return err
	}
	defer server.stop()
	const times = 5
	for _, size := range []struct {
		name          string
		width, height int64
	}{{"wide", 1440, 900}, {"phone", 390, 844}} {
		var painted []time.Duration
		var m *meter
		for range times {
			var took time.Duration
			if m, took, err = b.paints(ctx, server.address, at, size.width, size.height); err != nil {
				return err
			}
			painted = append(painted, took)
		}
		what := "topic of 20 posts, first view, " + size.name
		b.add(row{what + ", compressed, without pictures and the font", float64(m.bytes) / 1000, 60, "KB", ""})
		b.add(row{fmt.Sprintf("%s, requests (%d pictures and fonts beside)", what, m.pictures), float64(m.requests), 4, "", ""})
		b.add(row{fmt.Sprintf("%s, largest paint on a processor %d times slower, median of %d", what, slower, times), ms(quantile(painted, 0.5)), 1000, "ms", ""})
		b.add(row{"  the same, the slowest", ms(slices.Max(painted)), 0, "ms", ""})
	}
	return nil
}

// paints opens a page as a visitor and waits for its largest paint.
func (b *bench) paints(ctx context.Context, address, at string, width, height int64) (*meter, time.Duration, error) {
	m := &meter{beside: isPicture}
	server := httptest.NewServer(m.before(address, nil))
	defer server.Close()
	defer server.CloseClientConnections() // a live stream has no end
	ctx, stop, err := b.browser(ctx)
	if err != nil {
		return nil, 0, err
	}
	defer stop()
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, height)); err != nil {
		return nil, 0, err
	}
	if _, err := chromedp.Call(ctx, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: slower}); err != nil {
		return nil, 0, err
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(server.URL+at)); err != nil {
		return nil, 0, err
	}
	if err := m.quiet(ctx, time.Second); err != nil {
		return nil, 0, err
	}
	const largest = `new Promise(r => new PerformanceObserver(seen => r(seen.getEntries().at(-1).startTime)).observe({type: "largest-contentful-paint", buffered: true}))`
	took, err := chromedp.Run(ctx, chromedp.Evaluate[float64](largest, chromedp.EvalAwaitPromise))
	return m, time.Duration(took * float64(time.Millisecond)), err
}

// isPicture reports whether an address is that of a picture, of the sign of the
// tab or of the font.
func isPicture(at string) bool {
	return strings.Contains(at, "/p/") || strings.HasSuffix(at, "/logo") || path.Ext(at) == ".woff2" || strings.HasPrefix(path.Base(at), "mark.") || at == "/favicon.ico"
}

// conversed opens a community with a topic in which six people say twenty things, and
// returns its address.
func (w *world) conversed(ctx context.Context) (string, error) {
	who, err := account.As(ctx, w.db, w.owner)
	if err != nil {
		return "", err
	}
	if _, err := community.Show(ctx, w.db, who, w.brand.ID, true); err != nil {
		return "", err
	}
	var in space.Space
	for _, name := range []string{"Questions", "At home", "News", "Guides"} {
		if in, err = space.Create(ctx, w.db, who, w.brand.ID, space.Settings{Name: name, Kind: space.Questions}); err != nil {
			return "", err
		}
	}
	voices, err := w.voices(ctx)
	if err != nil {
		return "", err
	}
	said, err := topic.Begin(ctx, w.db, voices[0], topic.New{Space: in.ID, Title: "What does the water in your town do to your cup?", Text: words(0)})
	for i := 1; i < topic.PageSize && err == nil; i++ {
		_, err = topic.Say(ctx, w.db, voices[i%len(voices)], said.Topic.ID, words(i), 0, "")
	}
	return said.Topic.Path(), err
}

func (w *world) voices(ctx context.Context) (out []member.Voice, err error) {
	for _, name := range []string{"Mira Holm", "Jonas Weber", "Defne Yilmaz", "Emma Hart", "Rui Costa", "Aiko Sato"} {
		a, err := account.Create(ctx, w.db, access.System(), account.New{Email: strings.ToLower(strings.ReplaceAll(name, " ", ".")) + "@example.com", Name: name, Password: "a bench needs no secret"}, nil)
		if err != nil {
			return nil, err
		}
		err = w.db.Tx(ctx, func(tx *db.Tx) error {
			_, err := member.Create(ctx, tx, w.brand.ID, member.New{Account: a.ID, Name: name, State: member.Active, Trusted: true})
			return err
		})
		if err != nil {
			return nil, err
		}
		who, err := account.As(ctx, w.db, a)
		if err != nil {
			return nil, err
		}
		v, err := member.Of(ctx, w.db, who, w.brand.ID)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// words are those of a usual reply; no two are the same, as they pack too well.
func words(i int) string {
	all := strings.Fields("water taste cup hard soft filter town kettle morning grinder bitter sweet round thin paper pour bloom dose scale time degree ratio bean roast fresh bag week shop friend machine steam milk")
	var b strings.Builder
	for n := range 70 {
		b.WriteString(all[(i*i*7+n*n*3+i*n)%len(all)])
		switch {
		case n%35 == 34:
			b.WriteString(".\n\n")
		case n%11 == 10:
			b.WriteString(", and ")
		default:
			b.WriteByte(' ')
		}
	}
	if i%5 == 0 {
		b.WriteString("\n\n| water | dose |\n|---|--:|\n| 250 g | 15 g |\n| 300 g | 18 g |\n")
	}
	if i%6 == 1 {
		b.WriteString("\n\n```\nratio = water / coffee\n```\n")
	}
	return b.String()
}
