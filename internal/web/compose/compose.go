package compose

import (
	"bytes"
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/a-h/templ"

	"rapport/internal/access"
	"rapport/internal/brand"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/media"
	"rapport/internal/network"
	"rapport/internal/post"
	"rapport/internal/web/entry"
	"rapport/internal/web/studio"
	"rapport/internal/web/together"
	"rapport/internal/web/ui"
)

// composeView is the composer as it is shown.
type composeView struct {
	sheet
	Slug       string
	Form       entry.Form
	Zone       string
	Spoken     string // the brand's language
	Self       string // what who writes is called
	Now        time.Time
	Rows       []composeChannel
	Media      map[string]media.Media
	Note       string // what a change of the clocks did to the time
	Approved   bool   // it is scheduled: changes count once they are saved
	MayPublish bool
	Gate       composeGate
	Theirs     *post.Post         // what somebody else saved meanwhile
	TheirsBy   string             // who did
	Talk       *together.TalkView // what the team says on it; nil for a new post
	Library    []media.Media
	Quick      []quickTime
}

// sheetFields are those that show what is wrong with them in their place.
var sheetFields = []string{"at", "channels"}

// composeChannel is a channel in the composer.
type composeChannel struct {
	channel.Channel
	Title  string
	Demo   bool
	Chosen bool
	Key    string // of the body it gets
	Check  post.ChannelCheck
}

// quickTime is a time one click away.
type quickTime struct{ Label, At string }

// Left is how much the fullest part may still grow; limited is false where
// the channel has no limit.
func (c composeChannel) Left() (left int, limited bool) {
	for i, p := range c.Check.Parts {
		if p.Limit > 0 && (!limited || p.Limit-p.Length < left) {
			left, limited = p.Limit-p.Length, true
		}
		_ = i
	}
	return left, limited
}

// composeNew is an empty composer. ?at= is a time by the brand's clock, and
// ?channel= chooses a channel.
func (p *Pages) composeNew(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	if err := v.Who.May(p.DB.Now(), v.Brand.ID, access.PostWrite); err != nil {
		return err
	}
	s := sheet{Tab: Common, Own: map[string]post.Body{}, At: r.URL.Query().Get("at"), Channels: r.URL.Query()["channel"]}
	s.set(Common, post.Body{})
	if at, _, err := brand.At(v.Brand, s.At); err == nil {
		s.At = studio.Wall(v.Brand, at)
	} else {
		s.At = ""
	}
	if len(s.Channels) == 0 {
		var err error
		if s.Channels, err = p.usualChannels(r); err != nil {
			return err
		}
	}
	return p.composePage(w, r, s, entry.Form{})
}

// usualChannels are the only one, or those of the last post.
func (p *Pages) usualChannels(r *http.Request) ([]string, error) {
	v, ctx := studio.At(r), r.Context()
	all, err := channel.List(ctx, p.DB, v.Who, v.Brand.ID)
	if err != nil {
		return nil, err
	}
	if len(all) == 1 {
		return []string{all[0].ID}, nil
	}
	last, _, err := post.List(ctx, p.DB, v.Who, v.Brand.ID, post.Filter{}, db.Page{Limit: 1})
	if err != nil || len(last) == 0 {
		return nil, err
	}
	return last[0].Channels(), nil
}

// composeEdit opens a post in the composer. What is out leads to its page.
func (p *Pages) composeEdit(w http.ResponseWriter, r *http.Request) error {
	v, ctx := studio.At(r), r.Context()
	if err := v.Who.May(p.DB.Now(), v.Brand.ID, access.PostWrite); err != nil {
		return err
	}
	one, err := post.ByID(ctx, p.DB, v.Who, v.Brand.ID, r.PathValue("post"))
	if err != nil {
		return err
	}
	ds, err := delivery.OfPost(ctx, p.DB, v.Brand.ID, one.ID)
	if err != nil {
		return err
	}
	if why := Closed(ctx, ds); why != "" {
		p.Note(w, r, why, "")
		return studio.See(w, r, studio.Path(v.Brand.Slug, "posts", one.ID))
	}
	return p.composePage(w, r, sheetOf(one, studio.Wall(v.Brand, cmp.Or(NextDue(ds), one.PlannedAt))), entry.Form{})
}

// Closed says why a post cannot be edited any more; "" where it can.
func Closed(ctx context.Context, ds []delivery.Delivery) string {
	for _, d := range ds {
		switch {
		case d.State == delivery.Published || d.Out() > 0:
			return i18n.T(ctx, "This post is out and stays as it is. Duplicate it to say something else.")
		case d.State == delivery.Sending || d.State == delivery.Pending:
			return i18n.T(ctx, "This post is going out right now. Wait a moment and look again.")
		case d.State == delivery.Unknown:
			return i18n.T(ctx, "This post may be out on a channel. Say what became of it first.")
		}
	}
	return ""
}

// NextDue is when the first of what still waits is due; 0 where nothing does.
func NextDue(ds []delivery.Delivery) db.Time {
	var due db.Time
	for _, d := range ds {
		if d.State == delivery.Scheduled && (due == 0 || d.DueAt < due) {
			due = d.DueAt
		}
	}
	return due
}

// composeChange does what a button inside the composer says and shows it
// again. It keeps uploaded pictures but saves no post.
func (p *Pages) composeChange(w http.ResponseWriter, r *http.Request) error {
	s, f, err := p.takeSheet(r)
	if err != nil {
		return err
	}
	s.edit(f.Value("edit"))
	return p.composePage(w, r, s, f)
}

// takeSheet reads the form, keeps the files in the library and saves changed
// descriptions. What is wrong with a file stands in the form.
func (p *Pages) takeSheet(r *http.Request) (sheet, entry.Form, error) {
	v, ctx := studio.At(r), r.Context()
	s, f, err := readSheet(r)
	if err != nil {
		return s, f, err
	}
	for _, file := range s.files {
		m, err := p.library.Upload(ctx, v, file.File)
		if err != nil && !f.Refused(err, sheetFields...) {
			return s, f, err
		}
		if b := clone(s.body(file.Key)); err == nil && file.Part >= 0 && file.Part < len(b.Parts) {
			b.Parts[file.Part].Media = append(b.Parts[file.Part].Media, m.ID)
			s.set(file.Key, b)
		}
	}
	for _, alt := range s.alts {
		if alt.Was == alt.Is {
			continue
		}
		if _, err := p.Media.Describe(ctx, v.Who, v.Brand.ID, alt.ID, alt.Is); err != nil && !f.Refused(err, sheetFields...) {
			return s, f, err
		}
	}
	return s, f, nil
}

// composeDo is the composer's buttons that finish something.
func (p *Pages) composeDo(w http.ResponseWriter, r *http.Request) error {
	s, f, err := p.takeSheet(r)
	if err != nil {
		return err
	}
	if f.Text != "" || len(f.Errors) > 0 {
		return p.composePage(w, r, s, f)
	}
	to, err := p.finish(w, r, &s, f.Value("act"))
	if err != nil {
		if f.Refused(err, sheetFields...) {
			return p.composePage(w, r, s, f)
		}
		return err
	}
	return studio.See(w, r, to)
}

// finish saves the sheet and does what the act says. It answers where to go.
func (p *Pages) finish(w http.ResponseWriter, r *http.Request, s *sheet, act string) (string, error) {
	v, ctx := studio.At(r), r.Context()
	in, dst, err := s.input(v.Brand)
	if err != nil {
		return "", err
	}
	switch act {
	case "schedule":
		err = StillAhead(ctx, in.PlannedAt, p.DB.Now())
	case "copy":
		s.ID, s.New = "", ""
	case "overwrite":
		err = p.keepTheirs(r, s)
	}
	if err != nil {
		return "", err
	}
	if err := p.keep(r, s, in); err != nil {
		return "", err
	}
	page := studio.Path(v.Brand.Slug, "posts", s.ID)
	switch act {
	case "schedule":
		return page, p.scheduledOnce(w, r, s, in.PlannedAt, dst)
	case "now":
		return page, p.scheduledOnce(w, r, s, p.DB.Now(), "")
	case "update":
		return page, p.updated(w, r, s.ID, in.PlannedAt)
	case "submit":
		return page, p.submitted(w, r, s, in.PlannedAt)
	case "copy":
		p.Note(w, r, i18n.T(ctx, "Saved as a draft of its own."), "")
	case "overwrite":
		p.Note(w, r, i18n.T(ctx, "Yours is saved. The other version is kept as a draft."), "")
	default:
		if err := p.keptDraft(r, s.ID); err != nil {
			return "", err
		}
		p.Note(w, r, i18n.T(ctx, "Saved as a draft."), "")
	}
	return page + "/edit", nil
}

// StillAhead reports whether a time to go out at was chosen and has not passed;
// the fault is on the field "at".
func StillAhead(ctx context.Context, at, now db.Time) error {
	if at == 0 {
		return fault.OnField("at", "Choose the day and the time.")
	}
	if at <= now {
		return fault.OnField("at", "This time has passed. Choose a later one, or publish now.")
	}
	return nil
}

// keep saves the sheet as a new draft or over what it was opened from.
func (p *Pages) keep(r *http.Request, s *sheet, in post.Input) error {
	v, ctx := studio.At(r), r.Context()
	var one post.Post
	var err error
	if s.ID == "" {
		one, err = post.Once(ctx, p.DB, v.Who, v.Brand.ID, s.New, in)
	} else {
		one, err = post.Save(ctx, p.DB, v.Who, v.Brand.ID, s.ID, s.Revision, in)
	}
	if err == nil {
		s.ID, s.Revision = one.ID, one.Revision
	}
	return err
}

// keepTheirs puts what somebody else saved into a draft of its own, so that
// saving over it loses nothing.
func (p *Pages) keepTheirs(r *http.Request, s *sheet) error {
	v, ctx := studio.At(r), r.Context()
	now, err := post.ByID(ctx, p.DB, v.Who, v.Brand.ID, s.ID)
	if err != nil || now.Revision == s.Revision {
		return err
	}
	s.Revision = now.Revision
	_, err = post.Duplicate(ctx, p.DB, v.Who, v.Brand.ID, s.ID)
	return err
}

// scheduledOnce takes the second sending of one form for what the first did.
func (p *Pages) scheduledOnce(w http.ResponseWriter, r *http.Request, s *sheet, when db.Time, dst string) error {
	err := p.scheduled(w, r, s, when, dst)
	if s.ID != s.New || !fault.Is(err, fault.Conflict) {
		return err
	}
	v := studio.At(r)
	if now, again := post.ByID(r.Context(), p.DB, v.Who, v.Brand.ID, s.ID); again != nil || now.Revision != s.Revision {
		return err // it was changed elsewhere in between
	}
	p.Note(w, r, i18n.T(r.Context(), "It was sent twice and counts once."), "")
	return nil
}

func (p *Pages) scheduled(w http.ResponseWriter, r *http.Request, s *sheet, when db.Time, dst string) error {
	v, ctx := studio.At(r), r.Context()
	if _, err := post.Schedule(ctx, p.DB, v.Who, v.Brand.ID, s.ID, s.Revision, when); err != nil {
		return err
	}
	if when <= p.DB.Now() {
		p.Note(w, r, i18n.T(ctx, "It goes out now. Watch it here."), "")
		return nil
	}
	text := i18n.T(ctx, "Scheduled for {{.Time}}.", "Time", i18n.DateTime(ctx, when.Time()))
	if dst != "" {
		text += " " + dst
	}
	p.Note(w, r, text, studio.Path(v.Brand.Slug, "posts", s.ID, "unschedule"))
	return nil
}

// updated gives a post that stays scheduled its new time, where it changed.
func (p *Pages) updated(w http.ResponseWriter, r *http.Request, id string, when db.Time) error {
	v, ctx := studio.At(r), r.Context()
	ds, err := delivery.OfPost(ctx, p.DB, v.Brand.ID, id)
	if err != nil {
		return err
	}
	if due := NextDue(ds); due > 0 && when > 0 && studio.Wall(v.Brand, due) != studio.Wall(v.Brand, when) {
		if _, err := post.Move(ctx, p.DB, v.Who, v.Brand.ID, id, when); err != nil {
			return err
		}
	}
	p.Note(w, r, i18n.T(ctx, "Saved. It goes out like this."), "")
	return nil
}

// composePage shows the composer, or only the form where a script asks.
func (p *Pages) composePage(w http.ResponseWriter, r *http.Request, s sheet, f entry.Form) error {
	view, err := p.composeView(r, s, f)
	if err != nil {
		return err
	}
	if studio.FromHTMX(r) {
		return studio.Write(r.Context(), w, view.Form.Status(), composer(view))
	}
	title := i18n.T(r.Context(), "New post")
	head := ui.Head{Title: title, Back: studio.Path(view.Slug, "posts"), BackText: i18n.T(r.Context(), "Back to the posts")}
	if s.ID != "" {
		head.Title = i18n.T(r.Context(), "Edit post")
		head.Back, head.BackText = studio.Path(view.Slug, "posts", s.ID), i18n.T(r.Context(), "Back to the post")
	}
	if view.ID != "" {
		talk, err := p.composeTalk(r, view.ID)
		if err != nil {
			return err
		}
		view.Talk = talk
	}
	head.Actions = composeHead(view.Talk)
	keys := []ui.KeyLine{
		{Text: i18n.T(r.Context(), "Schedule"), Keys: []string{"⌘", "↵"}},
		{Text: i18n.T(r.Context(), "Save draft"), Keys: []string{"⌘", "S"}},
	}
	return p.Show(w, r, studio.Page{Area: "posts", Head: head, Fill: true, Flush: true, Keys: keys, Status: view.Form.Status()}, composePage(view))
}

func (p *Pages) composeView(r *http.Request, s sheet, f entry.Form) (composeView, error) {
	v, ctx := studio.At(r), r.Context()
	if _, ok := s.Own[s.Tab]; !ok {
		s.Tab = Common
	}
	view := composeView{sheet: s, Slug: v.Brand.Slug, Self: v.Who.Name, Form: f, Zone: v.Brand.Zone, Spoken: v.Brand.Language, Now: p.DB.Now().Time(), MayPublish: p.May(r, access.PostPublish)}
	view.Quick = quickTimes(ctx, v.Brand, p.DB.Now())
	var err error
	if err = p.composeStored(r, &view); err != nil {
		return view, err
	}
	if view.Media, err = media.ByIDs(ctx, p.DB, v.Brand.ID, s.pictures()); err != nil {
		return view, err
	}
	if s.Pick != "" {
		if view.Library, _, err = media.List(ctx, p.DB, v.Who, v.Brand.ID, media.Filter{Query: s.Find}, db.Page{}); err != nil {
			return view, err
		}
	}
	if err = p.composeRows(r, &view); err != nil {
		return view, err
	}
	return view, p.composeGate(r, &view)
}

// composeStored compares the sheet with what is stored by now.
func (p *Pages) composeStored(r *http.Request, view *composeView) error {
	if view.ID == "" {
		return nil
	}
	v := studio.At(r)
	stored, err := post.ByID(r.Context(), p.DB, v.Who, v.Brand.ID, view.ID)
	if err != nil {
		return err
	}
	view.Approved = stored.State == post.StateApproved
	if stored.Revision != view.Revision {
		view.Theirs = &stored
		view.Form.Text = ""
		view.Form.Refusal = http.StatusConflict
		names, err := p.Names(r.Context(), stored.Editor)
		view.TheirsBy = names[stored.Editor]
		return err
	}
	return nil
}

// composeRows are the channels, each with what it makes of the sheet.
func (p *Pages) composeRows(r *http.Request, view *composeView) error {
	v, ctx := studio.At(r), r.Context()
	all, err := channel.List(ctx, p.DB, v.Who, v.Brand.ID)
	if err != nil {
		return err
	}
	in, note, err := view.input(v.Brand)
	if err != nil && !view.Form.Refused(err, sheetFields...) {
		return err
	}
	view.Note = note
	in.Variants = slices.DeleteFunc(in.Variants, func(o post.Variant) bool {
		return !slices.ContainsFunc(all, func(c channel.Channel) bool { return c.ID == o.Channel })
	})
	checks, err := post.Check(ctx, p.DB, v.Who, v.Brand.ID, in)
	if err != nil && !view.Form.Refused(err, sheetFields...) {
		return err
	}
	for _, c := range all {
		row := composeChannel{Channel: c, Title: p.NetworkTitle(c.Network), Chosen: slices.Contains(view.Channels, c.ID), Key: view.keyFor(c.ID)}
		if n, err := p.Networks.Named(c.Network); err == nil {
			row.Demo = n.Facts().Demo
		}
		for _, check := range checks {
			if check.Channel == c.ID {
				row.Check = check
			}
		}
		view.Rows = append(view.Rows, row)
	}
	return nil
}

// chosen are the rows of the channels that the post goes to.
func (v composeView) chosen() []composeChannel {
	return slices.DeleteFunc(slices.Clone(v.Rows), func(c composeChannel) bool { return !c.Chosen })
}

// limitsOf are those of all channels that get a body, for its counter.
func (v composeView) limitsOf(key string) []counted {
	out := []counted{}
	for _, c := range v.chosen() {
		if c.Key == key && c.Limits.Text > 0 {
			out = append(out, c.counted())
		}
	}
	return out
}

// takesComment reports whether a channel of the body allows a first comment
// and there is none yet.
func (v composeView) takesComment(key string) bool {
	parts := v.body(key).Parts
	if parts[len(parts)-1].Kind == network.PartComment {
		return false
	}
	return slices.ContainsFunc(v.chosen(), func(c composeChannel) bool { return c.Key == key && c.Limits.Comment })
}

// takesThread reports whether a channel of the body takes one part more.
func (v composeView) takesThread(key string) bool {
	n := len(v.body(key).Parts)
	rows := v.chosen()
	return n < post.MostParts && (len(rows) == 0 || slices.ContainsFunc(rows, func(c composeChannel) bool { return c.Key == key && c.Limits.Parts > n }))
}

// quickTimes are times that people often mean, by the brand's clock.
func quickTimes(ctx context.Context, b brand.Brand, now db.Time) []quickTime {
	t := now.Time().In(b.Location())
	// By the wall clock: some zones are half an hour off the world's hours.
	hour := time.Date(t.Year(), t.Month(), t.Day(), t.Hour()+2, 0, 0, 0, t.Location())
	tomorrow := time.Date(t.Year(), t.Month(), t.Day()+1, 9, 0, 0, 0, t.Location())
	monday := tomorrow.AddDate(0, 0, (int(time.Monday)-int(tomorrow.Weekday())+7)%7)
	out := []quickTime{
		{i18n.T(ctx, "Today {{.Clock}}", "Clock", i18n.Clock(ctx, hour)), studio.Wall(b, db.At(hour))},
		{i18n.T(ctx, "Tomorrow 09:00"), studio.Wall(b, db.At(tomorrow))},
		{i18n.T(ctx, "Monday 09:00"), studio.Wall(b, db.At(monday))},
	}
	if hour.Day() != t.Day() {
		out = out[1:]
	}
	if monday.Equal(tomorrow) {
		out = out[:len(out)-1]
	}
	return out
}

// composeSave is the autosave of a draft. A scheduled post is never saved
// while somebody is in the middle of a sentence: it is checked only.
func (p *Pages) composeSave(w http.ResponseWriter, r *http.Request) error {
	return p.answerScript(w, r, true)
}

// composeCheck tells what the channels make of the sheet and saves nothing.
func (p *Pages) composeCheck(w http.ResponseWriter, r *http.Request) error {
	return p.answerScript(w, r, false)
}

func (p *Pages) answerScript(w http.ResponseWriter, r *http.Request, save bool) error {
	s, f, err := p.takeSheet(r)
	if err != nil {
		return studio.TellScript(w, r, err)
	}
	view, err := p.composeView(r, s, f)
	if err != nil {
		return studio.TellScript(w, r, err)
	}
	if save && view.Gate.InReview {
		return studio.TellScript(w, r, fault.New(fault.Conflict, "This post is in review. What you change counts once you save it, and must be submitted again."))
	}
	if save && view.Approved {
		return studio.TellScript(w, r, fault.New(fault.Conflict, "This post was scheduled meanwhile. What you write counts once you save the changes."))
	}
	out := studio.Saved{Note: view.Note}
	if save && view.Theirs == nil && (s.ID != "" || !s.blank()) {
		if err := p.autosave(r, &view, &out); err != nil {
			return studio.TellScript(w, r, err)
		}
	}
	out.Checks, err = rendered(r.Context(), checks(view))
	if err == nil && view.Theirs != nil {
		out.Conflict, err = rendered(r.Context(), conflict(view))
	}
	if err != nil {
		return err
	}
	return studio.SendJSON(w, view.Form.Status(), out)
}

// autosave saves what is in the view. Somebody else's newer version is put
// beside it and is no error.
func (p *Pages) autosave(r *http.Request, view *composeView, out *studio.Saved) error {
	v, ctx := studio.At(r), r.Context()
	in, _, err := view.input(v.Brand)
	if err != nil {
		return err
	}
	if err := p.keep(r, &view.sheet, in); err != nil {
		if again := p.composeStored(r, view); again != nil || view.Theirs == nil {
			return err
		}
		return nil
	}
	out.ID, out.Revision = view.ID, view.Revision
	out.Href = studio.Path(v.Brand.Slug, "posts", view.ID, "edit")
	out.Text = i18n.T(ctx, "Saved {{.Clock}}", "Clock", i18n.Clock(ctx, p.DB.Now().Time()))
	return nil
}

func rendered(ctx context.Context, c templ.Component) (string, error) {
	var b bytes.Buffer
	err := c.Render(ctx, &b)
	return b.String(), err
}
