package commons

import (
	"errors"
	"net/http"
	"strconv"

	"rapport/internal/db"
	"rapport/internal/document"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/topic"
)

func pageOf(r *http.Request) db.Page { return db.Page{After: r.URL.Query().Get("after")} }

// backTo leads to the reply that something was done with.
func (p *Pages) backTo(w http.ResponseWriter, r *http.Request, replyID, done string) error {
	rep, err := topic.ReplyByID(r.Context(), p.DB, at(r).Brand.ID, replyID)
	if err != nil {
		return err
	}
	t, err := topic.ByID(r.Context(), p.DB, rep.Brand, rep.Topic)
	if err != nil {
		return err
	}
	if topic.Readable(p.DB.Now(), at(r).Voice, at(r).space(t.Space), t) != nil {
		return see(w, r, at(r).href("/"))
	}
	if rep.Number < 0 || done != "" {
		return see(w, r, at(r).href(lastPath(t, done)))
	}
	return see(w, r, at(r).href(t.PathOf(rep.Number)))
}

// replyPlace leads to where a reply stands.
func (p *Pages) replyPlace(w http.ResponseWriter, r *http.Request) error {
	return p.backTo(w, r, r.PathValue("reply"), "")
}

// do carries out what a small form asks and leads back to the reply.
func (p *Pages) do(w http.ResponseWriter, r *http.Request, act func(replyID string) error) error {
	id := r.PathValue("reply")
	err := act(id)
	if errors.Is(err, document.ErrDue) {
		return see(w, r, at(r).acceptPath(at(r).href("/r/"+id)))
	}
	if err != nil {
		return err
	}
	return p.backTo(w, r, id, "")
}

func (p *Pages) replyReact(w http.ResponseWriter, r *http.Request) error {
	return p.do(w, r, func(id string) error {
		return topic.React(r.Context(), p.DB, at(r).Voice, id, r.FormValue("feeling"), r.FormValue("give") == "true")
	})
}

func (p *Pages) replyBookmark(w http.ResponseWriter, r *http.Request) error {
	return p.do(w, r, func(id string) error {
		return topic.Bookmark(r.Context(), p.DB, at(r).Voice, id, r.FormValue("keep") == "true")
	})
}

func (p *Pages) replyAccept(w http.ResponseWriter, r *http.Request) error {
	return p.do(w, r, func(id string) error {
		_, err := topic.Accept(r.Context(), p.DB, at(r).Voice, id, r.FormValue("accept") == "true")
		return err
	})
}

func (p *Pages) replyWithdraw(w http.ResponseWriter, r *http.Request) error {
	return p.do(w, r, func(id string) error {
		_, err := topic.Withdraw(r.Context(), p.DB, at(r).Voice, id)
		return err
	})
}

func (p *Pages) replyReturn(w http.ResponseWriter, r *http.Request) error {
	return p.do(w, r, func(id string) error {
		_, err := topic.Return(r.Context(), p.DB, at(r).Voice, id)
		return err
	})
}

// aboutView is a form about one reply.
type aboutView struct {
	*visit
	Form  form
	Topic topic.Topic
	Reply topic.Shown
	Act   topic.Act
	Rules []string
}

func (p *Pages) about(r *http.Request, f form) (aboutView, error) {
	v := aboutView{visit: at(r), Form: f}
	var err error
	if v.Reply, err = topic.ShownByID(r.Context(), p.DB, v.Voice, r.PathValue("reply")); err != nil {
		return v, err
	}
	if v.Topic, err = topic.ByID(r.Context(), p.DB, v.Brand.ID, v.Reply.Topic); err != nil {
		return v, err
	}
	return v, topic.Readable(p.DB.Now(), v.Voice, v.space(v.Topic.Space), v.Topic)
}

// flagForm asks what is wrong with a reply.
func (p *Pages) flagForm(w http.ResponseWriter, r *http.Request) error {
	return p.flagPage(w, r, fill("reason", string(topic.Spam)))
}

func (p *Pages) flagPage(w http.ResponseWriter, r *http.Request, f form) error {
	v, err := p.about(r, f)
	if err == nil {
		err = v.Voice.Speaks(v.Now)
	}
	if err != nil {
		return err
	}
	h := head{Title: i18n.T(r.Context(), "Flag for the team"), NoIndex: true, Space: v.Topic.Space}
	return write(r.Context(), w, f.Status(), frame(v.page(r, h), flagBody(v)))
}

func (p *Pages) flagDo(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	err = topic.Complain(r.Context(), p.DB, at(r).Voice, r.PathValue("reply"), topic.Complaint(f.Value("reason")), f.Raw("note"))
	if err != nil {
		if f.Refused(err) {
			return p.flagPage(w, r, f)
		}
		return err
	}
	return p.backTo(w, r, r.PathValue("reply"), "flagged")
}

// decideForm asks who looks after the space for a decision and its reason.
func (p *Pages) decideForm(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	return p.decidePage(w, r, fill("act", q.Get("act"), "seen", q.Get("seen")))
}

func (p *Pages) decidePage(w http.ResponseWriter, r *http.Request, f form) error {
	v, err := p.about(r, f)
	if err != nil {
		return err
	}
	if !v.moderates(v.Topic.Space) {
		return errNotTheirs
	}
	v.Act = topic.Act(f.Value("act"))
	if actTitle(r.Context(), v.Act) == "" {
		return p.missing(w, r)
	}
	// Who comes from words that have changed since, or sends the form with something
	// else wrong in it, is told as well.
	if v.Form.Text == "" && v.Form.Value("seen") != "" && v.Form.Value("seen") != seenOf(v.Reply.Reply) {
		v.Form.Text = fault.Say(r.Context(), topic.Changed())
	}
	h := head{Title: actTitle(r.Context(), v.Act), NoIndex: true, Space: v.Topic.Space}
	return write(r.Context(), w, f.Status(), frame(v.page(r, h), decideBody(v)))
}

// seenOf is the revision of the words that a page shows of a reply.
func seenOf(r topic.Reply) string { return strconv.FormatInt(r.Revision, 10) }

// decidePath is where a reply is decided about whose words are shown here.
func (v *visit) decidePath(r topic.Reply, act topic.Act) string {
	return v.href("/r/" + r.ID + "/decide?act=" + string(act) + "&seen=" + seenOf(r))
}

// errNotTheirs is what a member hears who does the team's work.
var errNotTheirs = fault.New(fault.Denied, "You do not look after this space. Ask an owner of the brand.")

func (p *Pages) decideDo(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r)
	if err == nil && !at(r).moderates("") {
		err = errNotTheirs
	}
	if err != nil {
		return err
	}
	_, err = topic.Decide(r.Context(), p.DB, at(r).Voice.Who, at(r).Brand.ID, r.PathValue("reply"), topic.RevisionOf(f.Value("seen")), topic.Act(f.Value("act")), f.Value("rule"), f.Raw("reason"))
	if err != nil {
		if f.Refused(err) {
			return p.decidePage(w, r, f)
		}
		return err
	}
	return p.backTo(w, r, r.PathValue("reply"), "")
}

// topicManage closes, pins and moves a topic.
func (p *Pages) topicManage(w http.ResponseWriter, r *http.Request) error {
	t, _, err := p.topicIn(r)
	if err == nil && !at(r).moderates(t.Space) {
		err = errNotTheirs
	}
	if err != nil {
		return err
	}
	ctx, v := r.Context(), at(r).Voice
	switch r.FormValue("act") {
	case "close", "open":
		err = topic.Close(ctx, p.DB, v, t.ID, r.FormValue("act") == "close")
	case "pin", "unpin":
		err = topic.Pin(ctx, p.DB, v, t.ID, r.FormValue("act") == "pin")
	case "move":
		err = topic.Move(ctx, p.DB, v, t.ID, r.FormValue("space"))
	default:
		return p.missing(w, r)
	}
	if err != nil {
		return err
	}
	return see(w, r, at(r).href(t.Path()))
}
