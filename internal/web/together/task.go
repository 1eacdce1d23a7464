package together

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/brand"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/post"
	"rapport/internal/task"
	"rapport/internal/web/entry"
	"rapport/internal/web/studio"
	"rapport/internal/web/ui"
)

// taskView is a task as it is shown.
type taskView struct {
	task.Task
	Slug      string
	Who       string // its assignee; "" nobody
	Left      bool   // the assignee has no part in the brand any more
	AboutHref string // what it is about; "" nothing
	About     string
	AboutIcon string
	Now       time.Time
	MayWrite  bool
	Back      string // where its acts lead back to
}

// state is the one word for where it stands.
func (t taskView) state() ui.State {
	switch {
	case t.DoneAt > 0:
		return ui.State{Word: "done", Icon: "circle-check", Tone: ui.Good, Means: "Somebody has done it."}
	case t.Overdue(db.At(t.Now)):
		return ui.State{Word: "overdue", Icon: "clock-alert", Tone: ui.Bad, Means: "Its time has passed and it is not done."}
	}
	return ui.State{Word: "to do", Icon: "circle", Tone: ui.Quiet, Means: "Nobody has done it yet."}
}

func (t taskView) path(parts ...string) string {
	return studio.Path(t.Slug, append([]string{"tasks", t.ID}, parts...)...)
}

// taskViews tell tasks with the names of those they are given to and of what
// they are about.
func (p *Pages) taskViews(r *http.Request, all []task.Task, back string) ([]taskView, error) {
	v, ctx := studio.At(r), r.Context()
	team := map[string]account.Member{}
	if len(all) > 0 {
		members, err := account.Team(ctx, p.DB, v.Who, v.Brand.ID)
		if err != nil {
			return nil, err
		}
		for _, m := range members {
			team[m.ID] = m
		}
	}
	may := p.May(r, access.TaskWrite)
	out := make([]taskView, len(all))
	for i, t := range all {
		m, here := team[t.Assignee]
		out[i] = taskView{Task: t, Slug: v.Brand.Slug, Now: p.DB.Now().Time(), MayWrite: may, Back: back,
			Who: m.Name, Left: t.Assignee != "" && (!here || !m.Active(p.DB.Now()))}
		if err := p.taskAbout(r, &out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// taskAbout names what a task is about.
func (p *Pages) taskAbout(r *http.Request, t *taskView) error {
	v, ctx := studio.At(r), r.Context()
	switch t.Kind {
	case task.OnPost:
		one, err := post.ByID(ctx, p.DB, v.Who, v.Brand.ID, t.Subject)
		if fault.Is(err, fault.NotFound) {
			t.About, t.AboutIcon = i18n.T(ctx, "a post that was deleted"), "layers"
			return nil
		}
		t.About, t.AboutHref, t.AboutIcon = studio.Headline(ctx, one.Excerpt), studio.Path(v.Brand.Slug, "posts", t.Subject), "layers"
		return err
	case task.OnConversation:
		c, err := conversation.ByID(ctx, p.DB, v.Who, v.Brand.ID, t.Subject)
		if fault.Is(err, fault.NotFound) {
			t.About, t.AboutIcon = i18n.T(ctx, "a conversation that is gone"), "inbox"
			return nil
		}
		t.About, t.AboutIcon = cmp.Or(c.From.Name, c.From.Handle, i18n.T(ctx, "A conversation")), "inbox"
		t.AboutHref = studio.Path(v.Brand.Slug, "inbox", t.Subject)
		return err
	}
	return nil
}

// taskShows are the lists of tasks, the first one by itself.
var taskShows = []struct{ key, label string }{
	{"", "Mine"}, {"all", "Everybody's"}, {"overdue", "Overdue"}, {"done", "Done"},
}

// tasksView is the page of tasks.
type tasksView struct {
	Slug     string
	Show     string
	Assignee string
	Team     []ui.Option // to choose whose
	Rows     []taskView
	Next     string
	MayWrite bool
	Form     entry.Form
}

func (v tasksView) address(show, assignee, after string) string {
	q := url.Values{}
	for name, value := range map[string]string{"show": show, "assignee": assignee, "after": after} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if len(q) == 0 {
		return studio.Path(v.Slug, "tasks")
	}
	return studio.Path(v.Slug, "tasks") + "?" + q.Encode()
}

// taskList is what is to do: one's own by itself.
func (p *Pages) taskList(w http.ResponseWriter, r *http.Request) error {
	v, ctx, q := studio.At(r), r.Context(), r.URL.Query()
	view := tasksView{Slug: v.Brand.Slug, Show: q.Get("show"), Assignee: q.Get("assignee"), MayWrite: p.May(r, access.TaskWrite)}
	f := task.Filter{Assignee: view.Assignee, Overdue: view.Show == "overdue", Done: view.Show == "done"}
	if view.Show == "" {
		f.Assignee = v.Who.Account
	}
	if !slices.ContainsFunc(taskShows, func(s struct{ key, label string }) bool { return s.key == view.Show }) {
		return fault.OnField("show", "There is no such list of tasks.")
	}
	all, next, err := task.List(ctx, p.DB, v.Who, v.Brand.ID, f, studio.PageOf(r))
	if err != nil {
		return err
	}
	view.Next = next
	if view.Rows, err = p.taskViews(r, all, view.address(view.Show, view.Assignee, "")); err != nil {
		return err
	}
	if studio.FromHTMX(r) && q.Has("after") {
		return studio.Part(w, r, taskRows(view))
	}
	if view.Team, err = p.taskTeam(r, "", ""); err != nil {
		return err
	}
	head := ui.Head{Title: i18n.T(ctx, "Tasks"), Views: taskFilters(view)}
	if view.MayWrite {
		head.Actions = ui.Button(ui.ButtonArgs{Label: i18n.T(ctx, "New task"), Icon: "plus", Kind: ui.Primary, Key: "n", Href: studio.Path(view.Slug, "tasks", "new")})
	}
	return p.Show(w, r, studio.Page{Area: "tasks", Head: head, Flush: len(view.Rows) > 0}, taskPage(view))
}

// taskTeam are those whom a task about the subject can be given to.
func (p *Pages) taskTeam(r *http.Request, kind, subject string) ([]ui.Option, error) {
	v := studio.At(r)
	all, err := task.Candidates(r.Context(), p.DB, v.Who, v.Brand.ID, kind, subject)
	out := make([]ui.Option, len(all))
	for i, m := range all {
		out[i] = ui.Option{Value: m.ID, Label: m.Name}
		if m.ID == v.Who.Account {
			out[i].Label = i18n.T(r.Context(), "{{.Name}} (you)", "Name", m.Name)
		}
	}
	return out, err
}

// taskForm is a task that is being written.
type taskForm struct {
	taskView
	Form entry.Form
	Team []ui.Option
	Zone string
	New  bool
}

func (p *Pages) taskNew(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	return p.taskNewPage(w, r, entry.Fill("kind", q.Get("kind"), "subject", q.Get("subject"), "assignee", studio.At(r).Who.Account, "back", q.Get("back")))
}

func (p *Pages) taskNewPage(w http.ResponseWriter, r *http.Request, f entry.Form) error {
	v, ctx := studio.At(r), r.Context()
	if err := v.Who.May(p.DB.Now(), v.Brand.ID, access.TaskWrite); err != nil {
		return err
	}
	view := taskForm{Form: f, Zone: v.Brand.Zone, New: true}
	view.Slug, view.Kind, view.Subject, view.Now, view.MayWrite = v.Brand.Slug, f.Value("kind"), f.Value("subject"), p.DB.Now().Time(), true
	var err error
	if view.Team, err = p.taskTeam(r, view.Kind, view.Subject); err != nil {
		return err
	}
	if err := p.taskAbout(r, &view.taskView); err != nil {
		return err
	}
	head := ui.Head{Title: i18n.T(ctx, "New task"), Back: studio.Path(v.Brand.Slug, "tasks"), BackText: i18n.T(ctx, "Back to the tasks")}
	return p.Show(w, r, studio.Page{Area: "tasks", Head: head, Status: f.Status()}, taskEdit(view))
}

// taskInput reads a task from a form, with its time by the brand's clock.
func taskInput(b brand.Brand, f entry.Form) (task.Input, string, error) {
	in := task.Input{Title: f.Value("title"), Note: f.Raw("note"), Assignee: f.Value("assignee")}
	if f.Value("due") == "" {
		return in, "", nil
	}
	at, note, err := brand.At(b, f.Value("due"))
	in.DueAt = at
	return in, note, studio.Rename(err, "at", "due")
}

var taskFields = []string{"title", "note", "assignee", "due"}

func (p *Pages) taskCreate(w http.ResponseWriter, r *http.Request) error {
	v, ctx := studio.At(r), r.Context()
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	in, note, err := taskInput(v.Brand, f)
	if err == nil {
		_, err = task.Create(ctx, p.DB, v.Who, v.Brand.ID, f.Value("kind"), f.Value("subject"), in)
	}
	if err != nil {
		if f.Refused(err, taskFields...) {
			return p.taskNewPage(w, r, f)
		}
		return err
	}
	p.Note(w, r, studio.Sentences(i18n.T(ctx, "The task is noted."), note), "")
	return studio.See(w, r, p.taskBack(r, f))
}

// taskBack is where a form stood, if it says a page of the brand.
func (p *Pages) taskBack(r *http.Request, f entry.Form) string {
	here := studio.Path(studio.At(r).Brand.Slug)
	if to := f.Value("back"); strings.HasPrefix(to, here+"/") || to == here {
		return to
	}
	return here + "/tasks"
}

// taskShow is a task's page, where it is changed.
func (p *Pages) taskShow(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	t, err := task.ByID(r.Context(), p.DB, v.Who, v.Brand.ID, r.PathValue("task"))
	if err != nil {
		return err
	}
	due := ""
	if t.DueAt > 0 {
		due = studio.Wall(v.Brand, t.DueAt)
	}
	return p.taskEditPage(w, r, t, entry.Fill("title", t.Title, "note", t.Note, "assignee", t.Assignee, "due", due, "revision", strconv.FormatInt(t.Revision, 10)))
}

func (p *Pages) taskEditPage(w http.ResponseWriter, r *http.Request, t task.Task, f entry.Form) error {
	v, ctx := studio.At(r), r.Context()
	views, err := p.taskViews(r, []task.Task{t}, studio.Path(v.Brand.Slug, "tasks", t.ID))
	if err != nil {
		return err
	}
	view := taskForm{taskView: views[0], Form: f, Zone: v.Brand.Zone}
	if view.Team, err = p.taskTeam(r, t.Kind, t.Subject); err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if view.Left || t.Assignee != "" && !slices.ContainsFunc(view.Team, func(o ui.Option) bool { return o.Value == t.Assignee }) {
		view.Team = append(view.Team, ui.Option{Value: t.Assignee, Label: nobodyHere(ctx, view.taskView)})
	}
	head := ui.Head{Title: t.Title, Back: studio.Path(v.Brand.Slug, "tasks"), BackText: i18n.T(ctx, "Back to the tasks"), Actions: taskActions(view.taskView)}
	return p.Show(w, r, studio.Page{Area: "tasks", Head: head, Status: f.Status()}, taskEdit(view))
}

// nobodyHere says whose a task is that belongs to somebody who has left.
func nobodyHere(ctx context.Context, t taskView) string {
	if t.Who == "" {
		return i18n.T(ctx, "nobody here any more")
	}
	return i18n.T(ctx, "{{.Name}}, not here any more", "Name", t.Who)
}

func (p *Pages) taskSave(w http.ResponseWriter, r *http.Request) error {
	v, ctx, id := studio.At(r), r.Context(), r.PathValue("task")
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	revision, _ := strconv.ParseInt(f.Value("revision"), 10, 64)
	in, note, err := taskInput(v.Brand, f)
	if err == nil {
		_, err = task.Save(ctx, p.DB, v.Who, v.Brand.ID, id, revision, in)
	}
	if err != nil {
		t, gone := task.ByID(ctx, p.DB, v.Who, v.Brand.ID, id)
		if gone == nil && f.Refused(err, taskFields...) {
			f.Values.Set("revision", strconv.FormatInt(t.Revision, 10)) // what is newer was told; sending again says it counts
			return p.taskEditPage(w, r, t, f)
		}
		return err
	}
	p.Note(w, r, studio.Sentences(i18n.T(ctx, "Saved."), note), "")
	return studio.See(w, r, studio.Path(v.Brand.Slug, "tasks", id))
}

func (p *Pages) taskDone(w http.ResponseWriter, r *http.Request) error {
	return p.taskAct(w, r, func(v *studio.Visit, id string) (string, string, error) {
		t, err := task.Done(r.Context(), p.DB, v.Who, v.Brand.ID, id, true)
		return i18n.T(r.Context(), "Done: {{.Task}}", "Task", t.Title), studio.Path(v.Brand.Slug, "tasks", id, "reopen"), err
	})
}

func (p *Pages) taskReopen(w http.ResponseWriter, r *http.Request) error {
	return p.taskAct(w, r, func(v *studio.Visit, id string) (string, string, error) {
		t, err := task.Done(r.Context(), p.DB, v.Who, v.Brand.ID, id, false)
		return i18n.T(r.Context(), "To do again: {{.Task}}", "Task", t.Title), "", err
	})
}

func (p *Pages) taskDelete(w http.ResponseWriter, r *http.Request) error {
	return p.taskAct(w, r, func(v *studio.Visit, id string) (string, string, error) {
		err := task.Delete(r.Context(), p.DB, v.Who, v.Brand.ID, id)
		return i18n.T(r.Context(), "The task is deleted."), studio.Path(v.Brand.Slug, "tasks", id, "restore"), err
	})
}

func (p *Pages) taskRestore(w http.ResponseWriter, r *http.Request) error {
	return p.taskAct(w, r, func(v *studio.Visit, id string) (string, string, error) {
		_, err := task.Restore(r.Context(), p.DB, v.Who, v.Brand.ID, id)
		return i18n.T(r.Context(), "The task is back."), "", err
	})
}

func (p *Pages) taskAct(w http.ResponseWriter, r *http.Request, do func(v *studio.Visit, id string) (text, undo string, err error)) error {
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	text, undo, err := do(studio.At(r), r.PathValue("task"))
	if err != nil {
		return err
	}
	p.Note(w, r, text, undo)
	return studio.See(w, r, p.taskBack(r, f))
}

// TasksOnView are the tasks about one thing, beside it.
type TasksOnView struct {
	Slug, Kind, Subject, Back string
	Rows                      []taskView
	MayWrite                  bool
}

// TasksOn reads the tasks about a post or a conversation.
func (p *Pages) TasksOn(r *http.Request, kind, subject string) (TasksOnView, error) {
	v := studio.At(r)
	out := TasksOnView{Slug: v.Brand.Slug, Kind: kind, Subject: subject, MayWrite: p.May(r, access.TaskWrite)}
	out.Back = studio.Path(v.Brand.Slug, "posts", subject)
	if kind == task.OnConversation {
		out.Back = studio.Path(v.Brand.Slug, "inbox", subject)
	}
	all, err := task.Of(r.Context(), p.DB, v.Who, v.Brand.ID, subject)
	if err != nil {
		return out, err
	}
	out.Rows, err = p.taskViews(r, all, out.Back)
	return out, err
}

// newTask is where a task about the thing is written.
func (v TasksOnView) newTask() string {
	q := url.Values{"kind": {v.Kind}, "subject": {v.Subject}, "back": {v.Back}}
	return studio.Path(v.Slug, "tasks", "new") + "?" + q.Encode()
}

// taskChoices switch between the lists.
func taskChoices(ctx context.Context, v tasksView) []ui.Choice {
	out := make([]ui.Choice, len(taskShows))
	for i, s := range taskShows {
		assignee := v.Assignee
		if s.key == "" {
			assignee = ""
		}
		out[i] = ui.Choice{Label: i18n.T(ctx, s.label), Href: v.address(s.key, assignee, ""), Active: s.key == v.Show}
	}
	return out
}

// taskChips are the filter by assignee.
func taskChips(ctx context.Context, v tasksView) []ui.Chip {
	chip := ui.Chip{Name: i18n.T(ctx, "Assignee"), Menu: "assignee-menu"}
	if v.Assignee != "" {
		chip.Value, chip.Remove = i18n.T(ctx, "nobody here any more"), v.address(v.Show, "", "")
		for _, o := range v.Team {
			if o.Value == v.Assignee {
				chip.Value = o.Label
			}
		}
	}
	return []ui.Chip{chip}
}
