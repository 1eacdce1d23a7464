package commons

import (
	"context"
	"errors"
	"math"
	"net/http"
	"net/url"
	"strconv"

	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/live"
	"rapport/internal/space"
	"rapport/internal/topic"
	"rapport/internal/web/cookie"
	"rapport/internal/web/entry"
)

// listener is a reader of one page who is told what is new: of a topic, of a
// list of topics, and of their own notices. It carries numbers only; the page
// loads what it shows anew, as what its reader may see then.
type listener struct {
	*Pages
	request *http.Request
	*visit
	topic topic.Topic // zero where it is a list's or notices alone
	in    space.Space // of the topic, or of the list; zero where it is all spaces
	list  bool
}

// listen is the stream of a page: ?topic=number, ?space=name or ?list, and
// &at= with what the page was made of. Without any it is of notices alone.
func (p *Pages) listen(w http.ResponseWriter, r *http.Request) error {
	l := &listener{Pages: p, request: r, visit: at(r)}
	if err := l.find(r.URL.Query()); err != nil {
		return l.refuse(w, r, err)
	}
	err := p.hall.crowd.Stream(w, r, live.Reader{Key: p.address(r), Things: l.things(), Begin: l.begin, Read: l.read})
	if err != nil {
		return l.refuse(w, r, err)
	}
	return nil
}

// refuse answers plainly: nobody but a script reads it.
func (l *listener) refuse(w http.ResponseWriter, r *http.Request, err error) error {
	if fault.KindOf(err) == fault.Internal {
		return err
	}
	var f *fault.Error
	if errors.As(err, &f) && f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(f.RetryAfter.Seconds()))))
	}
	http.Error(w, fault.Say(r.Context(), err), entry.Status(fault.KindOf(err)))
	return nil
}

// find reads what the stream is of, as its reader may see it.
func (l *listener) find(q url.Values) (err error) {
	switch {
	case q.Has("topic"):
		n, err := strconv.ParseInt(q.Get("topic"), 10, 64)
		if err != nil || n < 1 {
			return errNoTopic
		}
		if l.topic, err = topic.ByNumber(l.request.Context(), l.DB, l.Brand.ID, n); err != nil {
			return err
		}
		if l.in = l.space(l.topic.Space); l.in.ID == "" {
			return errNoTopic
		}
		return topic.Readable(l.DB.Now(), l.Voice, l.in, l.topic)
	case q.Has("space"):
		l.list = true
		if l.in, err = space.BySlug(l.request.Context(), l.DB, l.Brand.ID, q.Get("space")); err == nil && l.in.Hidden && !l.inside() {
			err = space.Missing()
		}
		return err
	case q.Has("list"):
		l.list = true
		return nil
	case l.Voice.Member.ID == "":
		return fault.New(fault.NotFound, "There is nothing to wait for here.")
	}
	return nil
}

func (l *listener) things() []string {
	all := []string{ofAll, l.Brand.ID}
	if l.topic.ID != "" {
		all = append(all, ofTopic(l.Brand.ID, l.topic.ID))
	}
	if l.list {
		all = append(all, ofTopics(l.Brand.ID))
	}
	if l.Voice.Who.Account != "" {
		all = append(all, ofAccount(l.Voice.Who.Account))
	}
	if l.Voice.Member.ID != "" {
		all = append(all, ofMember(l.Brand.ID, l.Voice.Member.ID))
	}
	return all
}

// begin says whether something came between the page and the stream. Notices
// are looked at in any case by whoever comes back.
func (l *listener) begin() string {
	mark, changed := l.request.URL.Query().Get("at"), false
	switch {
	case l.topic.ID != "":
		changed = l.shelf.since(mark, l.madeOf(l.topic)...)
	case l.list:
		now, err := l.newest(l.request.Context())
		changed = err != nil || mark != now
	}
	if changed {
		return look
	}
	return ""
}

// madeOf is what the reader's page of a topic shows.
func (v *visit) madeOf(t topic.Topic) []string {
	all := []string{ofTopic(v.Brand.ID, t.ID)}
	if v.moderates(t.Space) {
		all = append(all, ofWaiting(v.Brand.ID, t.ID))
	}
	return all
}

// newest names the last word in a list.
func (l *listener) newest(ctx context.Context) (string, error) {
	all, _, err := topic.List(ctx, l.DB, l.Voice, l.Spaces, topic.Filter{View: topic.Latest, Space: l.in.ID}, db.Page{Limit: 1})
	return newestOf(all), err
}

func newestOf(all []topic.Line) string {
	if len(all) == 0 {
		return "0"
	}
	return strconv.FormatInt(int64(all[0].LastAt), 36)
}

// read says what the reader hears of news.
func (l *listener) read(ctx context.Context, n live.News) (text string, over bool) {
	switch about := n.About.(type) {
	case topicNews:
		return l.ofTopic(about)
	case noticeNews:
		if l.Voice.Member.ID != "" {
			return "event: notices\ndata: {}\n\n", false
		}
		return "", false
	case doorNews:
		return "", !l.again(ctx)
	}
	return look, false
}

func (l *listener) ofTopic(n topicNews) (string, bool) {
	now := l.DB.Now()
	seen := topic.Readable(now, l.Voice, n.space, n.topic) == nil
	if !l.list {
		l.topic, l.in = n.topic, n.space
	}
	switch {
	case n.waiting && !l.Voice.Moderates(now, n.space.ID):
		return "", false
	case !l.list:
		return n.text, !seen // the page is told once that it is gone
	case !seen || n.topic.State != topic.Live || l.in.ID != "" && l.in.ID != n.space.ID:
		return "", false
	}
	return n.text, false
}

// again asks anew what the reader may see. It reports whether the stream goes
// on; whoever is turned away comes back and is told why.
func (l *listener) again(ctx context.Context) bool {
	here, _, err := l.places.find(ctx, l.request.Host, l.Base+"/")
	if err != nil || here == nil || here.Brand.ID != l.Brand.ID {
		return false
	}
	r, err := l.enter(l.request.WithContext(context.WithValue(ctx, placeKey{}, here)), cookie.Session(l.request, l.secure(l.request)))
	if err != nil || at(r).In() != l.In() || at(r).Voice.Member.ID != l.Voice.Member.ID {
		return false
	}
	if l.visit = at(r); l.in.ID != "" {
		l.in = l.space(l.in.ID)
	}
	switch {
	case l.topic.ID != "":
		return l.in.ID != "" && topic.Readable(l.DB.Now(), l.Voice, l.in, l.topic) == nil
	case l.in.ID != "":
		return !l.in.Hidden || l.inside()
	}
	return true
}

// topicLive is the address of the stream of a topic's page.
func (tv *topicView) topicLive(mark string) string {
	return tv.href("/live?" + url.Values{"topic": {strconv.FormatInt(tv.Topic.Number, 10)}, "at": {mark}}.Encode())
}

// live is the address of the stream of a list; "" where it has none: only what
// is in the order of the last word can be told to have something new on top.
func (l *listView) live() string {
	if !l.First || l.Filter.View != topic.Latest && l.Space.ID == "" {
		return ""
	}
	q := url.Values{"list": {""}, "at": {newestOf(l.Lines)}}
	if l.Space.ID != "" {
		q = url.Values{"space": {l.Space.Slug}, "at": {newestOf(l.Lines)}}
	}
	return l.href("/live?" + q.Encode())
}

// noticeBell is the bell with how much the reader has not read.
func (p *Pages) noticeBell(w http.ResponseWriter, r *http.Request) error {
	v := at(r)
	if v.Voice.Member.ID == "" {
		return fault.New(fault.NotFound, "There is nothing to wait for here.")
	}
	return write(r.Context(), w, http.StatusOK, bell(v.page(r, head{})))
}
