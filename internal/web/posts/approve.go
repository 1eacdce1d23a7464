package posts

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"rapport/internal/access"
	"rapport/internal/brand"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/network"
	"rapport/internal/post"
	"rapport/internal/web/compose"
	"rapport/internal/web/entry"
	"rapport/internal/web/studio"
	"rapport/internal/web/ui"
)

// reviewView is where a post stands with those who approve.
type reviewView struct {
	Rule        post.Rule
	Asks        bool // one of its channels asks for approval
	Steps       []stepLine
	MayApprove  bool
	Why         string // why one who approves others' posts may not approve this one
	MayWithdraw bool
	MaySuggest  bool
	MayTime     bool // may schedule what is approved
	Open        bool // something of it is scheduled or out
	Passed      bool // its planned time is over
	Emptied     bool // its words were removed, and nobody has written it anew
	Submitted   stepLine
	Back        stepLine // that sent it back
	Approved    stepLine
	Since       []versionDiff // what changed since it was approved last
	Suggestions []suggestionView
}

// stepLine is a step of a review in words.
type stepLine struct {
	post.Step
	Words string
	Icon  string
	Tone  ui.Tone
	Name  string
}

// versionDiff is what changed in the texts of one version.
type versionDiff struct {
	Channel studio.ChannelRow // zero for the common one
	Parts   [][]diffPiece
}

type suggestionView struct {
	post.Suggestion
	Name    string
	Decided string // name of who decided
	Diff    []versionDiff
	Stale   bool
	Mine    bool
}

var stepWords = map[string]happening{
	"submitted": {"Submitted for approval", "eye", ui.Wait},
	"approved":  {"Approved", "check-check", ui.Good},
	"sent_back": {"Sent back", "undo-2", ui.Warn},
	"withdrawn": {"Withdrawn from review", "rotate-ccw", ui.Quiet},
	"edited":    {"Changed, so it must be approved again", "pencil", ui.Quiet},
	"suggested": {"Suggested another wording", "message-circle", ui.Info},
	"taken":     {"Took a suggestion", "check", ui.Info},
	"declined":  {"Declined a suggestion", "x", ui.Quiet},
	"recalled":  {"Taken off the plan to be approved first", "undo-2", ui.Warn},
	"emptied":   {"Its words were removed: who wrote what it promotes had it erased", "ban", ui.Warn},
	"passed":    {"Its time passed before it was approved", "clock-alert", ui.Warn},
}

// reviewView reads how a post stands with those who approve.
func (p *Pages) reviewView(r *http.Request, one post.Post, ds []delivery.Delivery) (reviewView, error) {
	v, ctx := studio.At(r), r.Context()
	var out reviewView
	var err error
	if out.Rule, err = post.RuleOf(ctx, p.DB, v.Who, v.Brand.ID); err != nil {
		return out, err
	}
	now, channels := p.DB.Now(), one.Channels()
	out.Asks = out.Rule.Asks(channels...)
	out.Passed = one.PlannedAt > 0 && one.PlannedAt <= now
	for _, d := range ds {
		out.Open = out.Open || d.State != delivery.Cancelled && d.State != delivery.Removed
	}
	denied := out.Rule.MayApprove(now, v.Who, one)
	approver := v.Who.May(now, v.Brand.ID, access.PostApprove, channels...) == nil
	out.MayApprove = denied == nil
	if denied != nil && approver {
		out.Why = fault.Say(ctx, denied)
	}
	writer := v.Who.May(now, v.Brand.ID, access.PostWrite, channels...) == nil
	out.MayWithdraw = writer && one.MayWithdraw(now, v.Who)
	out.MaySuggest = writer && !one.Own(v.Who.Account) && one.Origin == ""
	publisher := v.Who.May(now, v.Brand.ID, access.PostPublish, channels...) == nil
	given := one.State == post.StateApproved && one.Approval == post.ApprovalGiven
	out.MayTime = publisher && (given || !out.Asks || out.MayApprove) || given && v.Who.May(now, v.Brand.ID, access.PostSchedule, channels...) == nil
	if err := p.reviewSteps(r, one, &out); err != nil {
		return out, err
	}
	out.Suggestions, err = p.suggestionsOf(r, one)
	return out, err
}

func (p *Pages) reviewSteps(r *http.Request, one post.Post, out *reviewView) error {
	ctx, b := r.Context(), studio.At(r).Brand
	steps, err := post.Steps(ctx, p.DB, b.ID, one.ID)
	if err != nil {
		return err
	}
	ids := make([]string, len(steps))
	for i, s := range steps {
		ids[i] = s.By
	}
	names, err := p.Names(ctx, ids...)
	if err != nil {
		return err
	}
	var last post.Texts
	for _, s := range steps {
		w := stepWords[s.What]
		line := stepLine{Step: s, Words: i18n.T(ctx, w.text), Icon: w.icon, Tone: w.tone, Name: names[s.By]}
		out.Steps = append(out.Steps, line)
		switch s.What {
		case "submitted", "recalled", "taken":
			out.Submitted = line
		case "sent_back":
			out.Back = line
		case "emptied":
			out.Emptied = s.Revision == one.Revision
		case "approved":
			out.Approved, last = line, s.Content
		}
	}
	if last != nil && out.Approved.Revision != one.Revision {
		out.Since, err = p.diffs(r, last, one.Input().Texts())
	}
	return err
}

// diffs compares the texts of every version that is among both, or new.
func (p *Pages) diffs(r *http.Request, was, is post.Texts) ([]versionDiff, error) {
	known, err := channel.ByIDs(r.Context(), p.DB, studio.At(r).Brand.ID, is.Keys())
	if err != nil {
		return nil, err
	}
	var out []versionDiff
	for _, key := range is.Keys() {
		old, ok := was[key]
		if !ok {
			old = was[""]
		}
		d, differs := versionDiff{}, false
		if c, ok := known[key]; ok {
			d.Channel = p.RowOf(c)
		}
		for i := range max(len(old), len(is[key])) {
			a, b := textAt(old, i), textAt(is[key], i)
			differs = differs || a != b
			d.Parts = append(d.Parts, wordDiff(a, b))
		}
		if differs {
			out = append(out, d)
		}
	}
	return out, nil
}

func textAt(texts []string, i int) string {
	if i < len(texts) {
		return texts[i]
	}
	return ""
}

func (p *Pages) suggestionsOf(r *http.Request, one post.Post) ([]suggestionView, error) {
	v, ctx := studio.At(r), r.Context()
	all, err := post.Suggestions(ctx, p.DB, v.Who, v.Brand.ID, one.ID)
	if err != nil {
		return nil, err
	}
	var out []suggestionView
	for _, s := range all {
		names, err := p.Names(ctx, s.By, s.DecidedBy)
		if err != nil {
			return nil, err
		}
		one := suggestionView{Suggestion: s, Name: names[s.By], Decided: names[s.DecidedBy], Stale: s.Stale(one), Mine: s.By == v.Who.Account}
		if one.Diff, err = p.diffs(r, s.Was, s.Texts); err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

// open are the suggestions that nobody has decided about.
func (v reviewView) open() (out []suggestionView) {
	for _, s := range v.Suggestions {
		if s.State == post.SuggestionOpen {
			out = append(out, s)
		}
	}
	return out
}

// seenIn is what the form says its reader had before their eyes.
func seenIn(f entry.Form) post.Seen {
	var s post.Seen
	s.Revision, _ = strconv.ParseInt(f.Value("revision"), 10, 64) // a broken one differs from the stored one
	if at, err := strconv.ParseInt(f.Value("planned"), 10, 64); err == nil {
		planned := db.Time(at)
		s.PlannedAt = &planned
	}
	return s
}

// approveAct runs one step of a review and goes on to the post, or shows its
// page again with what was typed.
func (p *Pages) approveAct(w http.ResponseWriter, r *http.Request, do func(f entry.Form, id string) (string, error), fields ...string) error {
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	id := r.PathValue("post")
	text, err := do(f, id)
	if err != nil {
		if f.Refused(err, fields...) {
			return p.postPage(w, r, f)
		}
		return err
	}
	p.Note(w, r, text, "")
	return studio.See(w, r, studio.Path(studio.At(r).Brand.Slug, "posts", id))
}

// approveSubmit asks for approval of a draft.
func (p *Pages) approveSubmit(w http.ResponseWriter, r *http.Request) error {
	v, ctx := studio.At(r), r.Context()
	return p.approveAct(w, r, func(f entry.Form, id string) (string, error) {
		_, err := post.Submit(ctx, p.DB, v.Who, v.Brand.ID, id, seenIn(f).Revision, f.Value("note"))
		return i18n.T(ctx, "Submitted. Those who may approve it are told."), err
	}, "note", "at")
}

// approveGive approves a post as it was seen.
func (p *Pages) approveGive(w http.ResponseWriter, r *http.Request) error {
	v, ctx := studio.At(r), r.Context()
	return p.approveAct(w, r, func(f entry.Form, id string) (string, error) {
		due := seenIn(f).PlannedAt
		_, err := post.Approve(ctx, p.DB, v.Who, v.Brand.ID, id, seenIn(f))
		if due != nil && *due > p.DB.Now() {
			return i18n.T(ctx, "Approved. It goes out {{.Time}}.", "Time", i18n.DateTime(ctx, due.Time())), err
		}
		return i18n.T(ctx, "Approved. It only needs a time now."), err
	})
}

// approveSendBack gives a post back to its author.
func (p *Pages) approveSendBack(w http.ResponseWriter, r *http.Request) error {
	v, ctx := studio.At(r), r.Context()
	return p.approveAct(w, r, func(f entry.Form, id string) (string, error) {
		_, err := post.SendBack(ctx, p.DB, v.Who, v.Brand.ID, id, seenIn(f), f.Value("comment"))
		return i18n.T(ctx, "Sent back. Its author is told."), err
	}, "comment")
}

// approveWithdraw takes a post out of review.
func (p *Pages) approveWithdraw(w http.ResponseWriter, r *http.Request) error {
	v, ctx := studio.At(r), r.Context()
	return p.approveAct(w, r, func(f entry.Form, id string) (string, error) {
		_, err := post.Withdraw(ctx, p.DB, v.Who, v.Brand.ID, id)
		return i18n.T(ctx, "Withdrawn. It is a draft again."), err
	})
}

// approveSchedule gives an approved post its time.
func (p *Pages) approveSchedule(w http.ResponseWriter, r *http.Request) error {
	v, ctx := studio.At(r), r.Context()
	return p.approveAct(w, r, func(f entry.Form, id string) (string, error) {
		when, text := p.DB.Now(), i18n.T(ctx, "It goes out now. Watch it here.")
		if f.Value("act") != "now" {
			var err error
			if when, _, err = brand.At(v.Brand, f.Value("at")); err == nil {
				err = compose.StillAhead(ctx, when, p.DB.Now())
			}
			if err != nil {
				return "", err
			}
			text = i18n.T(ctx, "Scheduled for {{.Time}}.", "Time", i18n.DateTime(ctx, when.Time()))
		}
		_, err := post.Schedule(ctx, p.DB, v.Who, v.Brand.ID, id, seenIn(f).Revision, when)
		return text, err
	}, "at")
}

// suggestPageView is the page on which somebody words a post otherwise.
type suggestPageView struct {
	post.Post
	Slug     string
	Versions []suggestVersion
	Form     entry.Form
	Note     string
}

type suggestVersion struct {
	Key     string
	Channel studio.ChannelRow
	Parts   []suggestPart
}

type suggestPart struct {
	Name  string
	Label string
	Text  string
}

// suggestShow is the form in which one words somebody's post otherwise.
func (p *Pages) suggestShow(w http.ResponseWriter, r *http.Request) error {
	return p.suggestPage(w, r, entry.Form{})
}

func (p *Pages) suggestPage(w http.ResponseWriter, r *http.Request, f entry.Form) error {
	v, ctx := studio.At(r), r.Context()
	if err := v.Who.May(p.DB.Now(), v.Brand.ID, access.PostWrite); err != nil {
		return err
	}
	one, err := post.ByID(ctx, p.DB, v.Who, v.Brand.ID, r.PathValue("post"))
	if err != nil {
		return err
	}
	view := suggestPageView{Post: one, Slug: v.Brand.Slug, Form: f, Note: f.Value("note")}
	texts := one.Input().Texts()
	known, err := channel.ByIDs(ctx, p.DB, v.Brand.ID, texts.Keys())
	if err != nil {
		return err
	}
	for _, key := range texts.Keys() {
		version := suggestVersion{Key: key}
		if c, ok := known[key]; ok {
			version.Channel = p.RowOf(c)
		}
		for i, text := range texts[key] {
			part := suggestPart{Name: suggestName(key, i), Label: i18n.T(ctx, "Text"), Text: text}
			if len(texts[key]) > 1 {
				part.Label = i18n.T(ctx, "Part {{.I}} of {{.N}}", "I", i+1, "N", len(texts[key]))
			}
			if body := one.ContentFor(key); i < len(body.Parts) && body.Parts[i].Kind == network.PartComment {
				part.Label = i18n.T(ctx, "First comment")
			}
			if typed, ok := f.Values[part.Name]; ok {
				part.Text = typed[0]
			}
			version.Parts = append(version.Parts, part)
		}
		view.Versions = append(view.Versions, version)
	}
	head := ui.Head{Title: i18n.T(ctx, "Suggest an edit"), Back: studio.Path(v.Brand.Slug, "posts", one.ID), BackText: i18n.T(ctx, "Back to the post"),
		Sentence: i18n.T(ctx, "The author sees what you would change, and takes it or leaves it.")}
	return p.Show(w, r, studio.Page{Area: "posts", Head: head, Status: f.Status()}, suggestPage(view))
}

func suggestName(key string, i int) string {
	if key == "" {
		key = compose.Common
	}
	return fmt.Sprintf("text.%s.%d", key, i)
}

// suggestDo keeps the suggestion.
func (p *Pages) suggestDo(w http.ResponseWriter, r *http.Request) error {
	v, ctx, id := studio.At(r), r.Context(), r.PathValue("post")
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	one, err := post.ByID(ctx, p.DB, v.Who, v.Brand.ID, id)
	if err != nil {
		return err
	}
	texts := one.Input().Texts()
	for key, parts := range texts {
		for i := range parts {
			if typed, ok := f.Values[suggestName(key, i)]; ok {
				parts[i] = strings.ReplaceAll(typed[0], "\r\n", "\n")
			}
		}
	}
	if _, err := post.Suggest(ctx, p.DB, v.Who, v.Brand.ID, id, seenIn(f), texts, f.Value("note")); err != nil {
		if f.Refused(err, "note") {
			return p.suggestPage(w, r, f)
		}
		return err
	}
	p.Note(w, r, i18n.T(ctx, "Suggested. The author is told."), "")
	return studio.See(w, r, studio.Path(v.Brand.Slug, "posts", id))
}

// suggestDecide takes a suggestion, or leaves the post as it is.
func (p *Pages) suggestDecide(w http.ResponseWriter, r *http.Request) error {
	v, ctx, suggestion := studio.At(r), r.Context(), r.PathValue("suggestion")
	return p.approveAct(w, r, func(f entry.Form, id string) (string, error) {
		if f.Value("choice") == "take" {
			after, err := post.TakeSuggestion(ctx, p.DB, v.Who, v.Brand.ID, id, suggestion)
			if after.State == post.StateInReview {
				return i18n.T(ctx, "Taken. The post stays in review with the new words."), err
			}
			return i18n.T(ctx, "Taken. The post has the new words."), err
		}
		_, err := post.DeclineSuggestion(ctx, p.DB, v.Who, v.Brand.ID, id, suggestion)
		return i18n.T(ctx, "Declined. The post is as it was."), err
	})
}

// ReviewNeed is a post that waits for the reader: to be approved, or to be
// changed after it was sent back.
type ReviewNeed struct {
	post.Post
	Back     bool
	Name     string // who submitted it, or sent it back
	Text     string // what they said
	Channels []studio.ChannelRow
	Href     string
	Passed   bool
}

func (n ReviewNeed) state() ui.State {
	if n.Back {
		return ui.PostState("sent_back")
	}
	return ui.PostState(n.State)
}

// ReviewNeeds are the posts that wait for the reader's decision and those of
// their own that were sent back; at most so many of each.
func (p *Pages) ReviewNeeds(r *http.Request, limit int) ([]ReviewNeed, error) {
	v, ctx := studio.At(r), r.Context()
	waiting, err := post.Waiting(ctx, p.DB, v.Who, v.Brand.ID, limit)
	if err != nil {
		return nil, err
	}
	back, err := post.Returned(ctx, p.DB, v.Who, v.Brand.ID, limit)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, one := range append(waiting[:len(waiting):len(waiting)], back...) {
		ids = append(ids, one.Channels()...)
	}
	known, err := channel.ByIDs(ctx, p.DB, v.Brand.ID, studio.Distinct(ids))
	if err != nil {
		return nil, err
	}
	var out []ReviewNeed
	for i, one := range append(waiting[:len(waiting):len(waiting)], back...) {
		n := ReviewNeed{Post: one, Back: i >= len(waiting), Href: studio.Path(v.Brand.Slug, "posts", one.ID), Passed: one.PlannedAt > 0 && one.PlannedAt <= p.DB.Now()}
		for _, c := range one.Channels() {
			n.Channels = append(n.Channels, p.RowOf(known[c]))
		}
		if err := p.lastWord(r, &n); err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	return out, nil
}

// lastWord is what was said when the post came to the reader.
func (p *Pages) lastWord(r *http.Request, n *ReviewNeed) error {
	steps, err := post.Steps(r.Context(), p.DB, studio.At(r).Brand.ID, n.ID)
	if err != nil {
		return err
	}
	by := ""
	for _, s := range steps {
		if n.Back && s.What == "sent_back" || !n.Back && (s.What == "submitted" || s.What == "recalled" || s.What == "taken") {
			by, n.Text = s.By, s.Text
		}
	}
	names, err := p.Names(r.Context(), by)
	n.Name = names[by]
	return err
}

// approvalView is the page on which a brand says what must be approved.
type approvalView struct {
	Slug      string
	Form      entry.Form
	May       bool
	Channels  []studio.ChannelRow
	Approvers []approver
	Unchecked int
}

// approver is somebody who may approve, and where.
type approver struct {
	Name     string
	Role     string
	Channels []string // handles; none is everywhere
}

// approvalSettings shows what must be approved and who may do so.
func (p *Pages) approvalSettings(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	rule, err := post.RuleOf(r.Context(), p.DB, v.Who, v.Brand.ID)
	if err != nil {
		return err
	}
	f := entry.Fill("mode", rule.Mode, "own", strconv.FormatBool(rule.Own), "remind", strconv.Itoa(int(rule.Remind/time.Hour)))
	for _, c := range rule.Channels {
		f.Values.Add("channels", c)
	}
	return p.approvalPage(w, r, f)
}

func (p *Pages) approvalPage(w http.ResponseWriter, r *http.Request, f entry.Form) error {
	v, ctx := studio.At(r), r.Context()
	view := approvalView{Slug: v.Brand.Slug, Form: f, May: p.May(r, access.BrandWrite)}
	var err error
	if view.Unchecked, err = post.Unchecked(ctx, p.DB, v.Who, v.Brand.ID); err != nil {
		return err
	}
	handles := map[string]string{}
	if p.May(r, access.ChannelRead) {
		all, err := channel.List(ctx, p.DB, v.Who, v.Brand.ID)
		if err != nil {
			return err
		}
		for _, c := range all {
			view.Channels = append(view.Channels, p.RowOf(c))
			handles[c.ID] = c.Handle
		}
	}
	if view.Approvers, err = p.approvers(r, handles); err != nil {
		return err
	}
	return p.Settings(w, r, "approval", f.Status(), false, approvalPage(view))
}

// approvalSave changes what must be approved.
func (p *Pages) approvalSave(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	hours, err := strconv.Atoi(f.Value("remind"))
	if err != nil {
		hours = -1 // out of range: the rule says what fits
	}
	_, err = post.SetRule(r.Context(), p.DB, v.Who, v.Brand.ID, post.Rule{Mode: f.Value("mode"), Channels: f.All("channels"),
		Own: f.On("own"), Remind: time.Duration(min(hours, 1e4)) * time.Hour})
	if err != nil {
		if f.Refused(err, "mode", "channels", "remind") {
			return p.approvalPage(w, r, f)
		}
		return err
	}
	p.Note(w, r, i18n.T(r.Context(), "Saved."), "")
	return studio.See(w, r, studio.Path(v.Brand.Slug, "settings", "approval"))
}

// approvalRecall takes what nobody has approved off the plan.
func (p *Pages) approvalRecall(w http.ResponseWriter, r *http.Request) error {
	v, ctx := studio.At(r), r.Context()
	n, err := post.Recall(ctx, p.DB, v.Who, v.Brand.ID)
	if err != nil {
		return err
	}
	p.Note(w, r, i18n.N(ctx, n, "{{.N}} post is in review now.", "{{.N}} posts are in review now."), "")
	return studio.See(w, r, studio.Path(v.Brand.Slug, "settings", "approval"))
}
