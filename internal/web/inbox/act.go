package inbox

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"rapport/internal/answer"
	"rapport/internal/brand"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/publish"
	"rapport/internal/web/entry"
	"rapport/internal/web/studio"
	"rapport/internal/web/ui"
)

// talkAct is what a form about one conversation asks for.
type talkAct struct {
	ID       string
	Revision int64
	Form     entry.Form
}

// readTalk takes a form about a conversation, and the filter it was sent from.
func readTalk(r *http.Request) (talkAct, error) {
	f, err := studio.Read(r)
	if err != nil {
		return talkAct{}, err
	}
	a := talkAct{ID: r.PathValue("conversation"), Form: f}
	a.Revision, _ = strconv.ParseInt(f.Value("revision"), 10, 64) // a broken one asks for no care
	q, err := url.ParseQuery(f.Value("back"))
	if err != nil {
		q = url.Values{}
	}
	r.URL.RawQuery = filterOf(q).query(q.Get("after")) // the page that follows is the one the form stood on
	return a, nil
}

// talked answers an act: the conversation as it is now, with a word about what
// was done, or the form again with what is wrong. fields are those of the form
// that say it themselves.
func (p *Pages) talked(w http.ResponseWriter, r *http.Request, a talkAct, done ui.ToastArgs, err error, fields ...string) error {
	if err != nil {
		if !a.Form.Refused(err, fields...) {
			return err
		}
		return p.inboxThreadPage(w, r, a.ID, a.Form, nil)
	}
	if studio.FromHTMX(r) {
		var toast *ui.ToastArgs
		if done.Text != "" {
			toast = &done
		}
		return p.inboxThreadPage(w, r, a.ID, entry.Form{}, toast)
	}
	if done.Text != "" {
		p.Note(w, r, done.Text, done.Undo)
	}
	q := r.URL.Query()
	return studio.See(w, r, Address(studio.At(r).Brand.Slug, filterOf(q), a.ID, q.Get("after")))
}

// inboxState gives a conversation another state.
func (p *Pages) inboxState(w http.ResponseWriter, r *http.Request) error {
	v, ctx := studio.At(r), r.Context()
	a, err := readTalk(r)
	if err != nil {
		return err
	}
	to, note, err := standing(v.Brand, a.Form.Value("state"), a.Form.Value("until"))
	var change conversation.Change
	if err == nil {
		change, err = conversation.SetState(ctx, p.DB, v.Who, v.Brand.ID, a.ID, a.Revision, to)
	}
	return p.talked(w, r, a, ui.ToastArgs{Text: studio.Sentences(stateDone(ctx, to), note), Undo: undoURL(v.Brand.Slug, change)}, err, "-")
}

// standing reads a state, or a time by the brand's clock to put off until.
func standing(b brand.Brand, state, until string) (conversation.Standing, string, error) {
	if until == "" {
		return conversation.Standing{State: conversation.State(state)}, "", nil
	}
	at, note, err := brand.At(b, until)
	return conversation.Standing{State: conversation.StateSnoozed, Until: at}, note, err
}

// stateDone says what giving a state did.
func stateDone(ctx context.Context, to conversation.Standing) string {
	switch to.State {
	case conversation.StateSnoozed:
		return i18n.T(ctx, "Comes back {{.Time}}.", "Time", i18n.DateTime(ctx, to.Until.Time()))
	case conversation.StateDone:
		return i18n.T(ctx, "Done.")
	}
	return i18n.T(ctx, "It is open again.")
}

// undoMost is how many changes an undo carries in its address.
const undoMost = 200

// undoURL is the address that takes changes back; "" where nothing changed.
func undoURL(slug string, changes ...conversation.Change) string {
	var was []conversation.Was
	for _, c := range changes {
		if c.Before.ID != "" && c.After.Revision != c.Before.Revision {
			was = append(was, c.Was())
		}
	}
	raw, err := json.Marshal(was)
	if err != nil || len(was) == 0 || len(was) > undoMost {
		return ""
	}
	return studio.Path(slug, "inbox", "undo") + "?was=" + base64.RawURLEncoding.EncodeToString(raw)
}

// inboxUndo takes back what was done just now.
func (p *Pages) inboxUndo(w http.ResponseWriter, r *http.Request) error {
	v, ctx := studio.At(r), r.Context()
	raw, err := base64.RawURLEncoding.DecodeString(r.URL.Query().Get("was"))
	var was []conversation.Was
	if err != nil || json.Unmarshal(raw, &was) != nil {
		return fault.New(fault.Invalid, "This cannot be taken back any more. Change it by hand.")
	}
	n, err := conversation.Undo(ctx, p.DB, v.Who, v.Brand.ID, was)
	if err != nil {
		return err
	}
	text := i18n.T(ctx, "Taken back.")
	if n < len(was) {
		text = i18n.T(ctx, "{{.N}} of {{.All}} taken back; the others have changed since.", "N", n, "All", len(was))
	}
	if studio.FromHTMX(r) {
		return studio.Part(w, r, ui.AddToast(ui.ToastArgs{Text: text}))
	}
	p.Note(w, r, text, "")
	return studio.Back(w, r, studio.Path(v.Brand.Slug, "inbox"))
}

// inboxAssign gives a conversation to somebody of the team, or to nobody.
func (p *Pages) inboxAssign(w http.ResponseWriter, r *http.Request) error {
	v, ctx := studio.At(r), r.Context()
	a, err := readTalk(r)
	if err != nil {
		return err
	}
	to := a.Form.Value("assignee")
	change, err := conversation.Assign(ctx, p.DB, v.Who, v.Brand.ID, a.ID, a.Revision, to)
	text := i18n.T(ctx, "Nobody looks after it now.")
	if err == nil && to != "" {
		var names map[string]string
		if names, err = p.Names(ctx, to); err != nil {
			return err
		}
		text = i18n.T(ctx, "{{.Name}} looks after it now.", "Name", names[to])
	}
	return p.talked(w, r, a, ui.ToastArgs{Text: text, Undo: undoURL(v.Brand.Slug, change)}, err, "-")
}

// inboxLabels puts a label on a conversation or takes it off. A new name
// becomes a label first.
func (p *Pages) inboxLabels(w http.ResponseWriter, r *http.Request) error {
	v, ctx := studio.At(r), r.Context()
	a, err := readTalk(r)
	if err != nil {
		return err
	}
	add := a.Form.Value("add")
	switch name := a.Form.Value("name"); {
	case a.Form.Value("remove") != "":
		_, err = conversation.RemoveLabel(ctx, p.DB, v.Who, v.Brand.ID, []string{a.ID}, a.Form.Value("remove"))
	case add == "":
		var l conversation.Label
		if l, err = conversation.MakeLabel(ctx, p.DB, v.Who, v.Brand.ID, name, hueOf(name)); err != nil {
			break
		}
		add = l.ID
		fallthrough
	default:
		_, err = conversation.AddLabel(ctx, p.DB, v.Who, v.Brand.ID, []string{a.ID}, add)
	}
	return p.talked(w, r, a, ui.ToastArgs{}, err, "-")
}

// hueOf gives a new label a colour that its name decides.
func hueOf(name string) int {
	sum := 0
	for _, c := range strings.ToLower(name) {
		sum = (sum*31 + int(c)) % 360
	}
	return sum
}

// inboxAnswer speaks for the brand. The same form answers once, however often
// it is sent.
func (p *Pages) inboxAnswer(w http.ResponseWriter, r *http.Request) error {
	v, ctx := studio.At(r), r.Context()
	a, err := readTalk(r)
	if err != nil {
		return err
	}
	in := answer.Input{To: a.Form.Value("to"), Text: strings.ReplaceAll(a.Form.Raw("text"), "\r\n", "\n"), Key: a.Form.Value("new"), Done: a.Form.Value("act") == "close"}
	_, err = answer.Reply(ctx, p.DB, v.Who, v.Brand.ID, a.ID, in)
	done := i18n.T(ctx, "The answer is on its way.")
	if in.Done {
		done = i18n.T(ctx, "The answer is on its way, and the conversation is done.")
	}
	return p.talked(w, r, a, ui.ToastArgs{Text: done}, err, "text")
}

// inboxNote keeps a note for the team.
func (p *Pages) inboxNote(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	a, err := readTalk(r)
	if err != nil {
		return err
	}
	_, err = conversation.AddNote(r.Context(), p.DB, v.Who, v.Brand.ID, a.ID, a.Form.Raw("note"))
	return p.talked(w, r, a, ui.ToastArgs{}, err, "text")
}

// inboxDelivery decides about an answer that is not out.
func (p *Pages) inboxDelivery(w http.ResponseWriter, r *http.Request) error {
	v, ctx := studio.At(r), r.Context()
	a, err := readTalk(r)
	if err != nil {
		return err
	}
	if a.Form.Value("act") == "take_back" {
		err := p.Desk.TakeBack(ctx, v.Who, v.Brand.ID, a.Form.Value("delivery"))
		return p.talked(w, r, a, ui.ToastArgs{Text: i18n.T(ctx, "The answer was taken back. Nobody has seen it.")}, err, "-")
	}
	decision := publish.Decision{Choice: publish.Choice(a.Form.Value("choice"))}
	d, err := p.Desk.Resolve(ctx, v.Who, v.Brand.ID, a.Form.Value("delivery"), decision)
	return p.talked(w, r, a, ui.ToastArgs{Text: studio.Decided(ctx, decision, d)}, err, "-")
}

// inboxPresence says who else has the conversation open.
func (p *Pages) inboxPresence(w http.ResponseWriter, r *http.Request) error {
	v, ctx := studio.At(r), r.Context()
	here, err := conversation.Here(ctx, p.DB, v.Who, v.Brand.ID, r.PathValue("conversation"))
	if err != nil {
		return err
	}
	args, err := p.presence(ctx, here)
	if err != nil {
		return err
	}
	return studio.Part(w, r, ui.Presence(args))
}

// inboxHere notes that the visitor looks at a conversation, writes in it or has
// left it.
func (p *Pages) inboxHere(w http.ResponseWriter, r *http.Request) error {
	v, ctx, id := studio.At(r), r.Context(), r.PathValue("conversation")
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	if f.On("left") {
		err = conversation.Leave(ctx, p.DB, v.Who, v.Brand.ID, id)
	} else {
		err = conversation.View(ctx, p.DB, v.Who, v.Brand.ID, id, f.On("writing"))
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// inboxBulk does one thing to all chosen conversations, or to none.
func (p *Pages) inboxBulk(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	if u, err := url.Parse(f.Value("back")); err == nil {
		r.URL.RawQuery = u.RawQuery
	}
	changes, text, err := p.bulk(r, f.All("conversation"), f.Value("act"))
	if err != nil {
		if f.Refused(err) && !studio.FromHTMX(r) {
			return p.inboxPage(w, r, f)
		}
		return err
	}
	toast := ui.ToastArgs{Text: text, Undo: undoURL(v.Brand.Slug, changes...)}
	if studio.FromHTMX(r) {
		return studio.Part(w, r, ui.AddToast(toast))
	}
	if len(toast.Undo) > 2000 {
		toast.Undo = "" // it would not fit where it is kept for the next page
	}
	p.Note(w, r, toast.Text, toast.Undo)
	q := r.URL.Query()
	return studio.See(w, r, Address(v.Brand.Slug, filterOf(q), "", q.Get("after")))
}

// bulk runs an act such as "done", "snooze 2026-03-29T09:00" or "assign ID".
func (p *Pages) bulk(r *http.Request, ids []string, what string) (changes []conversation.Change, text string, err error) {
	v, ctx := studio.At(r), r.Context()
	act, rest, _ := strings.Cut(what, " ")
	if len(ids) == 0 {
		return nil, "", fault.New(fault.Invalid, "Choose at least one conversation.")
	}
	switch act {
	case "done":
		changes, err = conversation.SetStates(ctx, p.DB, v.Who, v.Brand.ID, ids, conversation.Standing{State: conversation.StateDone})
		return changes, i18n.N(ctx, len(changes), "{{.N}} conversation done.", "{{.N}} conversations done."), err
	case "snooze":
		var until db.Time
		if until, _, err = brand.At(v.Brand, rest); err != nil {
			return nil, "", err
		}
		changes, err = conversation.SetStates(ctx, p.DB, v.Who, v.Brand.ID, ids, conversation.Standing{State: conversation.StateSnoozed, Until: until})
		return changes, i18n.N(ctx, len(changes), "{{.N}} conversation comes back {{.Time}}.", "{{.N}} conversations come back {{.Time}}.", "Time", i18n.DateTime(ctx, until.Time())), err
	case "assign":
		changes, err = conversation.AssignAll(ctx, p.DB, v.Who, v.Brand.ID, ids, rest)
		return changes, i18n.N(ctx, len(changes), "{{.N}} conversation has somebody else.", "{{.N}} conversations have somebody else."), err
	case "label":
		changes, err = conversation.AddLabel(ctx, p.DB, v.Who, v.Brand.ID, ids, rest)
		return nil, i18n.N(ctx, len(changes), "{{.N}} conversation has the label.", "{{.N}} conversations have the label."), err
	}
	return nil, "", fault.New(fault.Invalid, "This cannot be done to several conversations. Choose one of the buttons.")
}
