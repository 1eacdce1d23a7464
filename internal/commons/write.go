package commons

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/markdown"
	"rapport/internal/media/picture"
	"rapport/internal/member"
	"rapport/internal/space"
	"rapport/internal/topic"
	"rapport/internal/web/entry"
)

// pictureMost is what an upload may send: a picture and the frame around it.
const pictureMost = picture.MaxBytes + 64<<10

// newView is the page where a topic is begun.
type newView struct {
	*visit
	Form form
	Kept db.Time       // when the draft was kept that it begins with; 0 none
	Into []space.Space // where the reader may begin topics
}

// topicNew shows the form that begins a topic, with what was begun before.
func (p *Pages) topicNew(w http.ResponseWriter, r *http.Request) error {
	d, err := topic.DraftOf(r.Context(), p.DB, at(r).Voice, "")
	if err != nil {
		return err
	}
	chosen := d.Space
	for _, s := range at(r).Spaces {
		if s.Slug == r.URL.Query().Get("space") {
			chosen = s.ID
		}
	}
	if d.Title == "" && d.Text == "" { // a link may name what it is to be about; what was begun comes first
		d.Title = r.URL.Query().Get("title")
	}
	return p.newForm(w, r, fill("space", chosen, "title", d.Title, "text", d.Text, "once", newOnce()), d.At)
}

func (p *Pages) newForm(w http.ResponseWriter, r *http.Request, f form, kept db.Time) error {
	v := newView{visit: at(r), Form: f, Kept: kept}
	if err := v.Voice.Speaks(v.Now); err != nil {
		return err
	}
	for _, s := range v.seen() {
		if s.ClosedAt == 0 && !s.Kind.TeamBegins() || v.moderates(s.ID) {
			v.Into = append(v.Into, s)
		}
	}
	if len(v.Into) == 0 {
		return fault.New(fault.Denied, "There is no space where you can begin a topic.")
	}
	if err := p.owes(r.Context(), v.visit); err != nil {
		return err
	}
	h := head{Title: i18n.T(r.Context(), "New topic"), NoIndex: true, Space: f.Value("space")}
	return write(r.Context(), w, f.Status(), frame(at(r).page(r, h), newBody(v)))
}

// topicBegin begins a topic.
func (p *Pages) topicBegin(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	var said topic.Said
	if err = p.agrees(r, f); err == nil {
		said, err = topic.Begin(r.Context(), p.DB, at(r).Voice, topic.New{Space: f.Value("space"), Title: f.Raw("title"), Text: f.Raw("text"), Once: f.Value("once")})
	}
	if err != nil {
		if f.Refused(err) {
			return p.newForm(w, r, f, 0)
		}
		return err
	}
	if err := topic.ForgetDraft(r.Context(), p.DB, at(r).Voice, ""); err != nil {
		return err
	}
	to := at(r).href(said.Topic.Path())
	if said.Waits() {
		to += "?done=waits"
	}
	return see(w, r, to)
}

// editView is the page where a reply is changed.
type editView struct {
	*visit
	Form  form
	Topic topic.Topic
	Reply topic.Shown
}

func (p *Pages) replyEdit(w http.ResponseWriter, r *http.Request) error {
	rep, err := topic.ReplyByID(r.Context(), p.DB, at(r).Brand.ID, r.PathValue("reply"))
	if err != nil {
		return err
	}
	t, err := topic.ByID(r.Context(), p.DB, rep.Brand, rep.Topic)
	if err != nil {
		return err
	}
	return p.editForm(w, r, fill("title", t.Title, "text", rep.Text, "revision", strconv.FormatInt(rep.Revision, 10)))
}

func (p *Pages) editForm(w http.ResponseWriter, r *http.Request, f form) error {
	t, _, err := p.topicIn(r)
	if err != nil {
		return err
	}
	rep, err := topic.ShownByID(r.Context(), p.DB, at(r).Voice, r.PathValue("reply"))
	if err != nil {
		return err
	}
	if rep.Topic != t.ID || rep.By.ID != at(r).Voice.Member.ID {
		return fault.New(fault.Denied, "Only who wrote this can change it.")
	}
	if err := p.owes(r.Context(), at(r)); err != nil {
		return err
	}
	h := head{Title: i18n.T(r.Context(), "Change"), NoIndex: true, Space: t.Space}
	return write(r.Context(), w, f.Status(), frame(at(r).page(r, h), editBody(editView{at(r), f, t, rep})))
}

// replyChange saves the reader's own words.
func (p *Pages) replyChange(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	revision, _ := strconv.ParseInt(f.Value("revision"), 10, 64)
	var said topic.Said
	if err = p.agrees(r, f); err == nil {
		said, err = topic.Change(r.Context(), p.DB, at(r).Voice, r.PathValue("reply"), topic.Edit{Revision: revision, Title: f.Raw("title"), Text: f.Raw("text")})
	}
	if err != nil {
		if f.Refused(err) {
			return p.editForm(w, r, f)
		}
		return err
	}
	if said.Waits() {
		return see(w, r, at(r).href(lastPath(said.Topic, "waits")))
	}
	return see(w, r, at(r).href(said.Topic.PathOf(said.Reply.Number)))
}

// preview shows how a text will look.
func (p *Pages) preview(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r)
	if err != nil {
		return answerFault(w, r, err)
	}
	res, err := topic.Preview(r.Context(), p.DB, at(r).Voice, f.Raw("text"))
	if err != nil {
		return answerFault(w, r, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, err = io.WriteString(w, topic.Placed(markdown.Below(res, 1), at(r).Base))
	return err
}

// draftKeep keeps what is being written.
func (p *Pages) draftKeep(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r)
	if err != nil {
		return answerFault(w, r, err)
	}
	err = topic.KeepDraft(r.Context(), p.DB, at(r).Voice, topic.Draft{Topic: f.Value("topic"), Space: f.Value("space"), Title: f.Raw("title"), Text: f.Raw("text")})
	if err != nil {
		return answerFault(w, r, err)
	}
	return answerJSON(w, http.StatusOK, map[string]string{"saved": i18n.T(r.Context(), "Draft kept {{.Time}}", "Time", i18n.Clock(r.Context(), p.DB.Now().Time()))})
}

// pictureAdd takes a picture for a text and answers with the Markdown that
// shows it.
func (p *Pages) pictureAdd(w http.ResponseWriter, r *http.Request) error {
	file, err := upload(r)
	if err != nil {
		return answerFault(w, r, err)
	}
	pic, err := topic.Upload(r.Context(), p.DB, p.Blobs, at(r).Voice, file)
	if err != nil {
		return answerFault(w, r, err)
	}
	return answerJSON(w, http.StatusCreated, map[string]string{"markdown": "![](" + pic.Address() + ")"})
}

// upload is the one file of a request.
func upload(r *http.Request) (io.Reader, error) {
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, fault.As(fault.Invalid, err, "Send a picture.")
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, fault.New(fault.Invalid, "Send a picture.")
		}
		if err != nil {
			return nil, fault.As(fault.Invalid, err, "The picture did not arrive whole. Send it again.")
		}
		if part.FormName() == "picture" {
			return part, nil
		}
	}
}

// answerFault tells a script what is wrong.
func answerFault(w http.ResponseWriter, r *http.Request, err error) error {
	kind := fault.KindOf(err)
	if kind == fault.Internal {
		return err
	}
	text := fault.Say(r.Context(), err)
	if fields := fault.FieldsIn(r.Context(), err); len(fields) > 0 {
		text = fields[0].Text
	}
	return answerJSON(w, entry.Status(kind), map[string]string{"error": text})
}

func answerJSON(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the reader has gone; nobody is left to tell
	return nil
}

// faceShow sends a member's own picture.
func (p *Pages) faceShow(w http.ResponseWriter, r *http.Request) error {
	key, mime, err := member.FaceFile(r.Context(), p.DB, at(r).Brand.ID, r.PathValue("file"))
	if err != nil {
		return err
	}
	return p.sendFile(w, r, key, mime, "public, max-age=31536000, immutable")
}

// pictureShow sends a picture that a member added to who may read what it stands
// in. Browsers ask again after ten minutes: what it stands in may be hidden.
func (p *Pages) pictureShow(w http.ResponseWriter, r *http.Request) error {
	v := at(r).Voice
	v.Brand = at(r).Brand.ID
	pic, everybody, err := topic.PictureFor(r.Context(), p.DB, v, r.PathValue("picture"))
	if err != nil {
		return err
	}
	kept := "private, no-cache"
	if everybody {
		kept = "public, max-age=600"
	}
	return p.sendFile(w, r, pic.Blob, pic.Mime, kept)
}

func (p *Pages) sendFile(w http.ResponseWriter, r *http.Request, key, mime, kept string) error {
	body, info, err := p.Blobs.Open(r.Context(), key)
	if fault.Is(err, fault.NotFound) {
		return fault.New(fault.NotFound, "There is no such picture.")
	}
	if err != nil {
		return fmt.Errorf("commons: a picture: %w", err)
	}
	defer body.Close()
	h := w.Header()
	h.Set("Content-Type", mime)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", kept)
	h.Del("Vary")
	http.ServeContent(w, r, "", info.Modified, body)
	return nil
}

// bookmarkList shows what the reader kept.
func (p *Pages) bookmarkList(w http.ResponseWriter, r *http.Request) error {
	v := at(r)
	all, next, err := topic.Bookmarks(r.Context(), p.DB, v.Voice, v.Spaces, pageOf(r))
	if err != nil {
		return err
	}
	more := ""
	if next != "" {
		more = v.href("/bookmarks") + "?" + url.Values{"after": {next}}.Encode()
	}
	h := head{Title: i18n.T(r.Context(), "Bookmarks"), NoIndex: true, View: "bookmarks"}
	return write(r.Context(), w, http.StatusOK, frame(v.page(r, h), spokenBody(v, i18n.T(r.Context(), "Bookmarks"), all, more)))
}
