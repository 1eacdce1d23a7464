package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/admit"
	"rapport/internal/community"
	"rapport/internal/db"
	"rapport/internal/join"
	"rapport/internal/member"
	"rapport/internal/space"
	"rapport/internal/topic"
)

// How many read one topic live, and what is said in it meanwhile.
const (
	liveReaders = 500
	liveReplies = 100
	liveEvery   = 200 * time.Millisecond
	// A server keeps so many streams of one address; loopback has many.
	readersEach = 50
)

// hall is a served community with a topic that many read.
type hall struct {
	server *process
	path   string // of the topic, from "/"
	cookie http.Cookie
	said   sync.Map // when a reply was sent, by its number
}

// openHall makes a small community and serves it.
func (b *bench) openHall(ctx context.Context) (*hall, error) {
	dir, err := os.MkdirTemp(b.work, "data-")
	if err != nil {
		return nil, err
	}
	w := &world{dir: dir}
	if w.db, err = db.Open(ctx, db.Options{Path: filepath.Join(dir, "rapport.db"), MaxConns: 2}); err != nil {
		return nil, err
	}
	defer w.close()
	if _, err := w.db.Migrate(ctx); err != nil {
		return nil, err
	}
	h := &hall{}
	if err := h.fill(ctx, w); err != nil {
		return nil, err
	}
	h.server, err = b.serve(ctx, w)
	return h, err
}

// fill writes the topic, in the name of the brand's owner.
func (h *hall) fill(ctx context.Context, w *world) error {
	if err := w.people(ctx); err != nil {
		return err
	}
	who, err := account.As(ctx, w.db, w.owner)
	if err != nil {
		return err
	}
	if _, err := community.Show(ctx, w.db, who, w.brand.ID, true); err != nil {
		return err
	}
	if _, err := (&join.Join{DB: w.db, Door: &admit.Door{DB: w.db}}).Enter(ctx, who, w.brand, join.Form{Name: "Bench"}); err != nil {
		return err
	}
	talk, err := space.Create(ctx, w.db, access.System(), w.brand.ID, space.Settings{Name: "Talk", Kind: space.Discussion})
	if err != nil {
		return err
	}
	v, err := member.Of(ctx, w.db, who, w.brand.ID)
	if err != nil {
		return err
	}
	said, err := topic.Begin(ctx, w.db, v, topic.New{Space: talk.ID, Title: "What many read", Text: text(0)})
	if err != nil {
		return err
	}
	h.path = said.Topic.Path()
	_, token, err := account.Begin(ctx, w.db, w.owner, account.Meta{Address: "127.0.0.1", Agent: "bench"})
	h.cookie = http.Cookie{Name: "rapport", Value: token}
	return err
}

var streamOf = regexp.MustCompile(`data-live="([^"]+)"`)

// stream is the address of the topic's stream, as its page names it.
func (h *hall) stream() (string, error) {
	res, err := client.Get(h.server.address + h.path)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	page, err := io.ReadAll(res.Body)
	if err != nil {
		return "", err
	}
	m := streamOf.FindSubmatch(page)
	if m == nil {
		return "", errors.New("the topic names no stream")
	}
	return html.UnescapeString(string(m[1])), nil
}

// say replies as the page's form does.
func (h *hall) say(number int) error {
	form := url.Values{"text": {text(number)}, "once": {strconv.Itoa(number)}}
	req, err := http.NewRequest(http.MethodPost, h.server.address+h.path, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	req.AddCookie(&h.cookie)
	h.said.Store(number, time.Now())
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusSeeOther {
		return fmt.Errorf("a reply: %s", res.Status)
	}
	return nil
}

// reader is one open page.
type reader struct {
	hall  *hall
	conn  net.Conn
	heard map[int]time.Duration // how late, by the reply's number
	loads *atomic.Int64

	messages int // that came
}

// sit opens the stream from an address of its own.
func (h *hall) sit(ctx context.Context, n int, stream string, loads *atomic.Int64) (*reader, error) {
	from := net.IPv4(127, 0, 1, byte(1+n/readersEach))
	host := strings.TrimPrefix(h.server.address, "http://")
	conn, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: from}}).DialContext(ctx, "tcp", host)
	if err != nil {
		return nil, err
	}
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nAccept: text/event-stream\r\nAccept-Encoding: gzip\r\nUser-Agent: Mozilla/5.0 (bench)\r\n\r\n", stream, host); err != nil {
		return nil, err
	}
	r := &reader{hall: h, conn: conn, heard: map[int]time.Duration{}, loads: loads}
	lines := bufio.NewReaderSize(conn, 1024)
	status, err := lines.ReadString('\n')
	if err != nil || !strings.Contains(status, " 200 ") {
		return nil, fmt.Errorf("a stream: %q %w", status, err)
	}
	for line := status; !strings.HasPrefix(line, ": here"); {
		if line, err = lines.ReadString('\n'); err != nil {
			return nil, err
		}
	}
	go r.listen(lines)
	return r, nil
}

var lastOf = regexp.MustCompile(`"last":(\d+)`)

// listen notes what comes, and loads the page as its script does: soon, and
// once in three seconds.
func (r *reader) listen(lines *bufio.Reader) {
	var next time.Time
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		m := lastOf.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		number, _ := strconv.Atoi(m[1])
		r.note(number)
		if now := time.Now(); now.After(next) {
			wait := 150*time.Millisecond + rand.N(850*time.Millisecond)
			next = now.Add(wait + 3*time.Second)
			time.AfterFunc(wait, r.load)
		}
	}
}

var noting sync.Mutex

// note takes what was said last. Replies that come within a moment are told
// together: who hears of the last has heard of those before.
func (r *reader) note(number int) {
	noting.Lock()
	defer noting.Unlock()
	r.messages++
	for ; number > 0; number-- {
		sent, ok := r.hall.said.Load(number)
		if _, twice := r.heard[number]; twice || !ok {
			return
		}
		r.heard[number] = time.Since(sent.(time.Time))
	}
}

func (r *reader) load() {
	res, err := client.Get(r.hall.server.address + r.hall.path + "?page=2")
	if err != nil {
		return
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err == nil && res.StatusCode == http.StatusOK {
		r.loads.Add(1)
	}
}

// readers has many read one topic live while it is answered.
func readers(ctx context.Context, b *bench) error {
	h, err := b.openHall(ctx)
	if err != nil {
		return err
	}
	defer h.server.stop()
	for n := 2; n <= topic.PageSize+1; n++ { // so that the page that is loaded is there
		if err := h.say(n); err != nil {
			return err
		}
	}
	stream, err := h.stream()
	if err != nil {
		return err
	}
	alone, err := h.server.memory()
	if err != nil {
		return err
	}
	var loads atomic.Int64
	var all []*reader
	for n := range liveReaders {
		r, err := h.sit(ctx, n, stream, &loads)
		if err != nil {
			return fmt.Errorf("reader %d: %w", n, err)
		}
		defer r.conn.Close()
		all = append(all, r)
	}
	seated, err := h.server.memory()
	if err != nil {
		return err
	}
	began := topic.PageSize + 2
	if err := h.talk(ctx, began); err != nil {
		return err
	}
	missed, messages, late := count(all, began)
	most, err := h.server.peak()
	if err != nil {
		return err
	}
	rest, err := h.server.memory()
	if err != nil {
		return err
	}
	b.add(row{"500 readers live, memory at most", float64(most) / 1e6, 200, "MB", ""})
	b.add(row{"  the same at the end (alone before)", float64(rest) / 1e6, 0, fmt.Sprintf("MB (%.0f MB)", float64(alone)/1e6), ""})
	b.add(row{"  for one of them", float64(seated-alone) / liveReaders / 1e3, 0, "KB", ""})
	b.add(row{"  replies that a reader did not hear of, of 50,000", float64(missed), 0, "", ""})
	b.add(row{"  messages that told of them", float64(messages), 0, "", ""})
	b.add(row{"  a reply reaches all, 99 %", ms(quantile(late, 0.99)), 0, "ms", ""})
	b.add(row{"  pages loaded by them meanwhile", float64(loads.Load()), 0, "", ""})
	if missed > 0 {
		return fmt.Errorf("%d of %d changes were not heard", missed, liveReaders*liveReplies)
	}
	return nil
}

// talk replies at a steady pace and then gives the last word a second.
func (h *hall) talk(ctx context.Context, began int) error {
	pace := time.NewTicker(liveEvery)
	defer pace.Stop()
	for n := range liveReplies {
		if err := h.say(began + n); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-pace.C:
		}
	}
	time.Sleep(2 * time.Second)
	return nil
}

func count(all []*reader, began int) (missed, messages int, late []time.Duration) {
	noting.Lock()
	defer noting.Unlock()
	for _, r := range all {
		messages += r.messages
		for n := range liveReplies {
			if took, ok := r.heard[began+n]; ok {
				late = append(late, took)
			} else {
				missed++
			}
		}
	}
	return missed, messages, late
}
