package commons

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"rapport/internal/access"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/markdown"
	"rapport/internal/notice"
	"rapport/internal/promote"
	"rapport/internal/space"
	"rapport/internal/topic"
)

// topicView is a page of a topic.
type topicView struct {
	*visit
	Topic   topic.Topic
	Space   space.Space
	Page    int64
	Mark    string // what the page is made of, for the stream
	Replies []topic.Shown
	Waiting []topic.Shown
	Answer  *topic.Shown // the accepted one, on the first page, where it stands on another
	topic.Own
	Promoted []promote.Promoted // by which posts, for the team
	Form     form
	Typed    bool // what stands in the form was sent with this request
}

// ofTopic is what a page of a topic is made of.
func (p *Pages) ofTopic(r *http.Request) []string {
	t, err := p.topicAt(r)
	if err != nil {
		return listed(r)
	}
	at(r).topic = t
	return []string{ofTopic(in(r).Brand.ID, t.ID), in(r).Brand.ID + " people"}
}

func (p *Pages) topicAt(r *http.Request) (topic.Topic, error) {
	n, err := strconv.ParseInt(r.PathValue("number"), 10, 64)
	if err != nil || n < 1 {
		return topic.Topic{}, errNoTopic
	}
	if t := at(r).topic; t.Number == n {
		return t, nil
	}
	return topic.ByNumber(r.Context(), p.DB, in(r).Brand.ID, n)
}

// topicIn is the topic of the address with its space, as the reader may see
// them.
func (p *Pages) topicIn(r *http.Request) (topic.Topic, space.Space, error) {
	t, err := p.topicAt(r)
	if err != nil {
		return t, space.Space{}, err
	}
	s := at(r).space(t.Space)
	if s.ID == "" {
		if s, err = space.ByID(r.Context(), p.DB, t.Brand, t.Space); err != nil {
			return t, s, err
		}
	}
	return t, s, topic.Readable(p.DB.Now(), at(r).Voice, s, t)
}

// topicShow shows a page of a topic.
func (p *Pages) topicShow(w http.ResponseWriter, r *http.Request) error {
	t, s, err := p.topicIn(r)
	if err != nil {
		return err
	}
	first := r.URL.Query().Get("page") == "1"
	if first || r.PathValue("slug") != t.Slug && t.Slug != "" {
		query := r.URL.RawQuery
		if first { // which the topic's address is by itself
			query = without(query, func(part string) bool {
				q, _ := url.ParseQuery(part)
				return q.Has("page")
			})
		}
		http.Redirect(w, r, withQuery(at(r).href(t.Path()), query), http.StatusMovedPermanently)
		return nil
	}
	return p.topicPage(w, r, t, s, form{})
}

func (p *Pages) topicPage(w http.ResponseWriter, r *http.Request, t topic.Topic, s space.Space, f form) error {
	tv, err := p.topicView(r, t, s)
	if err != nil {
		return err
	}
	if tv.mayReply() {
		if err := p.owes(r.Context(), tv.visit); err != nil {
			return err
		}
	}
	tv.Typed = f.Values.Has("text")
	if tv.Form = f; f.Status() == http.StatusOK && !f.Values.Has("text") {
		tv.Form = fill("text", tv.Draft.Text, "once", newOnce())
	}
	return write(r.Context(), w, f.Status(), frame(at(r).page(r, tv.head(r.Context())), topicBody(&tv)))
}

func (p *Pages) topicView(r *http.Request, t topic.Topic, s space.Space) (topicView, error) {
	v, ctx := at(r), r.Context()
	tv := topicView{visit: v, Topic: t, Space: s, Page: 1, Mark: p.shelf.mark(v.before, v.madeOf(t)...)}
	if page, err := strconv.ParseInt(r.URL.Query().Get("page"), 10, 64); err == nil {
		tv.Page = page
	}
	if tv.Page < 1 || tv.Page > t.Pages() {
		return tv, fault.New(fault.NotFound, "The topic has no such page.")
	}
	var err error
	if tv.Replies, err = topic.Replies(ctx, p.DB, v.Voice, t, tv.Page); err != nil {
		return tv, err
	}
	if err := p.withAnswer(r, &tv); err != nil || !v.In() {
		return tv, err
	}
	if tv.Own, err = topic.OwnOn(ctx, p.DB, v.Voice, t, tv.Replies); err != nil {
		return tv, err
	}
	if tv.Page == t.Pages() {
		if tv.Waiting, err = topic.WaitingIn(ctx, p.DB, v.Voice, t); err != nil {
			return tv, err
		}
	}
	if v.team() {
		if tv.Promoted, err = promote.Of(ctx, p.DB, v.Voice.Who, v.Brand.ID, t.ID); err != nil {
			return tv, err
		}
	}
	return tv, p.noteRead(r, &tv)
}

// withAnswer lifts the accepted answer to the head of the topic.
func (p *Pages) withAnswer(r *http.Request, tv *topicView) error {
	if tv.Topic.Answer == "" || tv.Page != 1 {
		return nil
	}
	for i := range tv.Replies {
		if tv.Replies[i].ID == tv.Topic.Answer {
			tv.Answer = &tv.Replies[i]
			return nil
		}
	}
	a, err := topic.ShownByID(r.Context(), p.DB, tv.Voice, tv.Topic.Answer)
	if err == nil && a.State == topic.Live {
		tv.Answer = &a
	}
	return err
}

// noteRead keeps how far the reader has come. What they were told of the topic
// is read with it.
func (p *Pages) noteRead(r *http.Request, tv *topicView) error {
	if err := notice.ReadTopic(r.Context(), p.DB, tv.Voice, tv.Topic.ID); err != nil {
		return err
	}
	last := min(tv.Page*topic.PageSize, tv.Topic.LastNumber)
	return topic.Seen(r.Context(), p.DB, tv.Voice, tv.Topic, last, tv.Following.Seen)
}

// mayPromote reports whether the reader may make a post of what stands here:
// somebody of the team who writes posts, of what everybody may read.
func (tv *topicView) mayPromote() bool {
	return tv.In() && !tv.Space.Hidden && tv.Topic.State == topic.Live && !tv.closed() && tv.Voice.Who.May(tv.Now, tv.Brand.ID, access.PostWrite) == nil
}

// opening is the id of the topic's first reply, where it stands on this page.
func (tv *topicView) opening() string {
	if len(tv.Replies) > 0 && tv.Replies[0].Number == 1 && tv.Replies[0].State == topic.Live {
		return tv.Replies[0].ID
	}
	return ""
}

func (tv *topicView) path(page int64) string {
	if page <= 1 {
		return tv.Topic.Path()
	}
	return tv.Topic.Path() + "?page=" + strconv.FormatInt(page, 10)
}

// lastPath is the last page of a topic, with what was done.
func lastPath(t topic.Topic, done string) string {
	q := url.Values{"done": {done}}
	if t.Pages() > 1 {
		q.Set("page", strconv.FormatInt(t.Pages(), 10))
	}
	return t.Path() + "?" + q.Encode() + "#waiting"
}

func (tv *topicView) head(ctx context.Context) head {
	h := head{Title: topicTitle(ctx, tv.Topic), About: tv.excerpt(), Path: tv.path(tv.Page), Feed: tv.Topic.Path() + "/feed.atom", Kind: "article", Space: tv.Space.ID,
		NoIndex: tv.Space.Hidden || tv.Topic.State != topic.Live, Live: tv.topicLive(tv.Mark)}
	if tv.Page > 1 {
		h.Prev = tv.path(tv.Page - 1)
		h.Title = i18n.T(ctx, "{{.Title}} · page {{.Page}}", "Title", markdown.Excerpt(h.Title, titleMost-20), "Page", tv.Page)
		h.About = tv.firstWords()
	}
	if tv.Page < tv.Topic.Pages() {
		h.Next = tv.path(tv.Page + 1)
	}
	if !h.NoIndex && tv.Page == 1 {
		h.Data = tv.structured()
	}
	return h
}

// firstWords are the first that can be read on this page.
func (tv *topicView) firstWords() string {
	for _, r := range tv.Replies {
		if r.State == topic.Live {
			return markdown.Excerpt(ownWords(r.Reply), aboutMost)
		}
	}
	return tv.excerpt()
}

// excerpt is how the topic begins, where that can be read.
func (tv *topicView) excerpt() string {
	if tv.Topic.State != topic.Live {
		return ""
	}
	return tv.Topic.Excerpt
}

// structured is the topic as schema.org has it: a question with its answer, or
// a posting in a discussion.
func (tv *topicView) structured() map[string]any {
	t := tv.Topic
	by := func(f topic.Face) map[string]any {
		return map[string]any{"@type": "Person", "name": f.Name, "url": tv.Public + "/u/" + f.Handle}
	}
	url := tv.Public + t.Path()
	d := map[string]any{"@context": "https://schema.org", "@type": "DiscussionForumPosting", "headline": t.Title, "url": url, "text": t.Excerpt,
		"datePublished": date(t.CreatedAt.Time()), "commentCount": t.Replies}
	if len(tv.Replies) > 0 && tv.Replies[0].Number == 1 && !tv.Replies[0].By.Gone {
		d["author"] = by(tv.Replies[0].By)
	} else {
		d["author"] = map[string]any{"@type": "Organization", "name": tv.Brand.Name}
	}
	if tv.Space.Kind != space.Questions {
		return d
	}
	q := map[string]any{"@type": "Question", "name": t.Title, "text": t.Excerpt, "answerCount": t.Replies, "datePublished": d["datePublished"], "author": d["author"]}
	answer := func(r topic.Shown) map[string]any {
		a := map[string]any{"@type": "Answer", "text": markdown.Excerpt(ownWords(r.Reply), 500), "url": tv.Public + t.PathOf(r.Number),
			"datePublished": date(r.At.Time()), "upvoteCount": r.Reactions.Total()}
		if !r.By.Gone {
			a["author"] = by(r.By)
		}
		return a
	}
	if tv.Answer != nil {
		q["acceptedAnswer"] = answer(*tv.Answer)
	} else if suggested := tv.suggested(); len(suggested) > 0 {
		var all []map[string]any
		for _, r := range suggested {
			all = append(all, answer(r))
		}
		q["suggestedAnswer"] = all
	}
	return map[string]any{"@context": "https://schema.org", "@type": "QAPage", "mainEntity": q}
}

// suggestedMost is how many answers search engines are told of while none is
// accepted.
const suggestedMost = 3

// suggested are answers to a question of which none is accepted yet: what
// others than who asked have said first.
func (tv *topicView) suggested() (out []topic.Shown) {
	for _, r := range tv.Replies {
		if r.State == topic.Live && r.Number > 1 && r.By.ID != tv.Topic.Author && len(out) < suggestedMost {
			out = append(out, r)
		}
	}
	return out
}

// replySay adds a reply.
func (p *Pages) replySay(w http.ResponseWriter, r *http.Request) error {
	t, s, err := p.topicIn(r)
	if err != nil {
		return err
	}
	f, err := readForm(r)
	if err != nil {
		return err
	}
	if n, err := strconv.ParseInt(f.Value("quote"), 10, 64); err == nil && f.Values.Has("quote") {
		return p.replyQuote(w, r, t, s, f, n)
	}
	answers, _ := strconv.ParseInt(f.Value("answers"), 10, 64)
	var said topic.Said
	if err = p.agrees(r, f); err == nil {
		said, err = topic.Say(r.Context(), p.DB, at(r).Voice, t.ID, f.Raw("text"), answers, f.Value("once"))
	}
	if err != nil {
		if f.Refused(err) {
			return p.topicPage(w, r, t, s, f)
		}
		return err
	}
	if err := topic.ForgetDraft(r.Context(), p.DB, at(r).Voice, t.ID); err != nil {
		return err
	}
	if said.Waits() {
		return see(w, r, at(r).href(lastPath(t, "waits")))
	}
	return see(w, r, at(r).href(said.Topic.PathOf(said.Reply.Number)))
}

// replyQuote puts a quote into what is being written, without scripts.
func (p *Pages) replyQuote(w http.ResponseWriter, r *http.Request, t topic.Topic, s space.Space, f form, number int64) error {
	rep, err := topic.ReplyByNumber(r.Context(), p.DB, t.Brand, t.ID, number)
	if err != nil || !topic.Shows(p.DB.Now(), at(r).Voice, rep) {
		return errNoTopic
	}
	by, err := topic.ShownByID(r.Context(), p.DB, at(r).Voice, rep.ID)
	if err != nil {
		return err
	}
	text := f.Raw("text")
	if text != "" {
		text += "\n\n"
	}
	return p.topicPage(w, r, t, s, fill("text", text+markdown.Quote(by.By.Handle, int(number), rep.Text), "once", f.Value("once"), "answers", strconv.FormatInt(number, 10)))
}

// topicFollow sets how the reader follows the topic.
func (p *Pages) topicFollow(w http.ResponseWriter, r *http.Request) error {
	t, _, err := p.topicIn(r)
	if err == nil {
		err = topic.Follow(r.Context(), p.DB, at(r).Voice, t.ID, topic.Level(r.FormValue("level")))
	}
	if err != nil {
		return err
	}
	return see(w, r, at(r).href(t.Path()))
}

// historyShow shows what a reply has said.
func (p *Pages) historyShow(w http.ResponseWriter, r *http.Request) error {
	said, all, err := topic.Versions(r.Context(), p.DB, at(r).Voice, r.PathValue("reply"))
	if err != nil {
		return err
	}
	h := head{Title: i18n.T(r.Context(), "What was changed"), NoIndex: true, Space: said.Topic.Space}
	return write(r.Context(), w, http.StatusOK, frame(at(r).page(r, h), historyBody(at(r), said, all)))
}
